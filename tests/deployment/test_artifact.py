"""What `sam build` makes on this machine, for this machine's architecture, and that it runs."""

import json
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.emulator import REPOSITORY, Emulator, host_architecture, wait_until

from .template import Stack
from .tools import sam_build

# From the ELF specification.
MACHINES = {"x86_64": 62, "arm64": 183}
PT_INTERP = 3

def section_sizes(elf: bytes) -> dict[str, int]:
    """The sections of a binary of 64 bits and how many bytes each has."""
    (table,) = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + index * size) for index in range(count)]
    strings = headers[names][4]
    return {elf[strings + header[0] : elf.index(b"\0", strings + header[0])].decode(): header[5] for header in headers}


OTHER_TYPE = {
    "clientRequestToken": "f8da6d11-b23f-48f4-814c-0fb6a667f50e",
    "awsAccountId": "123456789012",
    "stackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/web/1",
    "changeSetId": None,
    "hookTypeName": "EcsGuard::TaskDefinition::Hook",
    "hookTypeVersion": "00000001",
    "hookModel": {"LambdaFunction": "arn:aws:lambda:eu-west-1:123456789012:function:ecs-guard:live"},
    "actionInvocationPoint": "CREATE_PRE_PROVISION",
    "requestData": {
        "targetName": "AWS::SNS::Topic",
        "targetType": "AWS::SNS::Topic",
        "targetLogicalId": "Topic",
        "targetModel": {"resourceProperties": {"TopicName": "alarms"}, "previousResourceProperties": None},
    },
    "requestContext": {"invocation": 1, "callbackContext": None},
}


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that SAM would upload."""
    directory = tmp_path_factory.mktemp("sam") / "build"
    result = sam_build(directory, host_architecture())
    assert result.returncode == 0, result.stderr
    return directory / "HookFunction"


@pytest.fixture
def emulator(artifact: Path, tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(artifact, tmp_path / "emulator") as running:
        yield running


def test_it_is_the_binary_and_the_policy(artifact: Path) -> None:
    assert sorted(path.name for path in artifact.iterdir()) == ["bootstrap", "ecs-guard.yaml"]
    assert (artifact / "ecs-guard.yaml").read_bytes() == (REPOSITORY / "ecs-guard.yaml").read_bytes()


def test_lambda_may_execute_the_binary_and_read_the_policy(artifact: Path) -> None:
    """Lambda runs the function as another user than the one who built it."""
    assert (artifact / "bootstrap").stat().st_mode & stat.S_IXOTH
    assert (artifact / "bootstrap").stat().st_mode & stat.S_IROTH
    assert (artifact / "ecs-guard.yaml").stat().st_mode & stat.S_IROTH


def test_the_binary_needs_no_dynamic_linker(artifact: Path) -> None:
    elf = (artifact / "bootstrap").read_bytes()
    assert elf[:6] == b"\x7fELF\x02\x01", "64 bits, little-endian"
    assert struct.unpack_from("<H", elf, 18) == (MACHINES[host_architecture()],)
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    segments = [struct.unpack_from("<I", elf, table + index * size)[0] for index in range(count)]
    assert segments and PT_INTERP not in segments


def test_what_the_first_event_runs_lies_together(artifact: Path) -> None:
    """By names, which a new compiler or crate may write otherwise: then `make function-order` finds them anew."""
    elf = (artifact / "bootstrap").read_bytes()
    if b"Linker: LLD" not in elf:
        pytest.skip("only Rust's own linker is told")
    together = section_sizes(elf)[".text.first"]
    assert 512 * 1024 < together < 1024 * 1024, "run `make function-order`"


def test_it_answers_an_event(emulator: Emulator) -> None:
    answer = json.loads(emulator.invoke(json.dumps(OTHER_TYPE).encode()))
    assert answer["hookStatus"] == "SUCCESS", emulator.diagnosis()
    assert answer["clientRequestToken"] == OTHER_TYPE["clientRequestToken"]


def test_an_internal_error_reaches_the_alarm(emulator: Emulator) -> None:
    """Namespace, name and dimensions are written in two places, and CloudWatch says nothing if they differ."""
    answer = json.loads(emulator.invoke(b"no hook event"))
    assert answer["errorCode"] == "InternalFailure", emulator.diagnosis()
    alarm = Stack().properties("InternalErrorsAlarm")
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}
    wait_until(
        lambda: any(
            metric == (alarm["Namespace"], alarm["MetricName"], dimensions) and value > alarm["Threshold"]
            for metric, value in _metrics(emulator.stdout)
        ),
        lambda: f"no metric for {alarm}:\n{emulator.stdout}",
    )


def _metrics(log: str) -> Iterator[tuple[tuple[str, str, dict[str, str]], float]]:
    """What CloudWatch reads from the log, by the embedded metric format."""
    complete = log[: log.rfind("\n") + 1]
    for line in complete.splitlines():
        document: dict[str, Any] = json.loads(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimension_set in directive["Dimensions"]:
                dimensions = {name: document[name] for name in dimension_set}
                for metric in directive["Metrics"]:
                    yield (directive["Namespace"], metric["Name"], dimensions), document[metric["Name"]]
