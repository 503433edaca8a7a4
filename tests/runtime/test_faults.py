"""The deployed binary answers within its time, or ends, whatever happens around it.

Owns the faults of the world: of the Runtime API, of the endpoints it asks, of the machine. What an event may hold is
in events/ and in test_events.py.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .conftest import BOOTSTRAP
from .emulator import REPOSITORY, task_root, wait_until
from .endpoints import UNWELL, refuse, serve
from .events import Case, canonical, cases, parse
from .runtime_api import LARGEST_EVENT, MEMORY_MIB, TIMEOUT_SECONDS, Function, RuntimeApi, hang_up, reset
from .test_stacks import BY_TAG, CREDENTIALS, RULES, CloudFormation

FAILING = Case("resource-create-noncompliant")
STACK = Case("stack-create")
DELETION = Case("resource-delete")

# A process that only answers resource events asks nobody; these wait for a download.
DOWNLOADS = "ECS_GUARD_TEST_PAYLOAD_ENDPOINT"
DESCRIBES = "ECS_GUARD_TEST_CLOUDFORMATION_ENDPOINT"
ENDPOINTS = [*UNWELL, "refuses"]


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as running:
        yield running


def answers(api: RuntimeApi, case: Case) -> bool:
    """Whether the function gives the answer that stands beside the event, within the time it has."""
    return canonical(parse(api.invoke(case.event, TIMEOUT_SECONDS))) == canonical(case.expected)


def is_internal_failure(answer: Any) -> bool:
    return (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "InternalFailure") and bool(answer["message"])


class TestRuntimeApi:
    def test_it_may_close_each_connection_after_use(self, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        api.keeps_connections = False
        with Function(function, api, tmp_path) as process:
            assert all(answers(api, FAILING) for _ in range(20))
            assert process.process.poll() is None

    @staticmethod
    def _ends_in_the_event(connection: socket.socket) -> None:
        event = FAILING.event
        head = (
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 99999999999999\r\n"
            f"Lambda-Runtime-Invoked-Function-Arn: arn\r\nContent-Length: {len(event)}\r\n\r\n"
        )
        connection.sendall(head.encode() + event[: len(event) // 2])
        hang_up(connection)

    @staticmethod
    def _is_no_http(connection: socket.socket) -> None:
        connection.sendall(b"\x00\xff" * 1000)
        hang_up(connection)

    @staticmethod
    def _is_broken(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        hang_up(connection)

    FAULTS = [hang_up, reset, _ends_in_the_event, _is_no_http, _is_broken]

    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
    def test_a_request_for_an_event_that_fails_ends_the_process_and_the_next_one_answers(
        self, fault: Callable[[socket.socket], None], api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        """Lambda starts a process that has ended anew; one that hangs would be waited for."""
        api.when_asked = fault
        with Function(function, api, tmp_path / "one") as process:
            assert process.end() > 0, "a failure, and no signal"
            assert "panic" in process.output("stdout") or "Runtime API" in process.output("stderr")
        assert not api.has_answers, "what is no event has no answer"
        with Function(function, api, tmp_path / "two"):
            assert answers(api, FAILING)

    @pytest.mark.parametrize(
        "fault", [hang_up, reset, _is_no_http, _is_broken], ids=lambda fault: fault.__name__.strip("_")
    )
    def test_an_answer_that_is_not_taken_ends_nothing_but_this_event(
        self, fault: Callable[[socket.socket], None], api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        api.when_answered = fault
        with Function(function, api, tmp_path / "one") as process:
            api.send(FAILING.event)
            wait_until(lambda: api.when_answered is None, lambda: "nothing was answered")
            api.send(FAILING.event)
            # It goes on with the next event, or has ended so that Lambda starts another: it does not hang.
            try:
                answer = api.answer(2)
            except AssertionError:
                assert process.end() > 0
                with Function(function, api, tmp_path / "two"):
                    answer = api.invoke(FAILING.event, TIMEOUT_SECONDS)
        assert canonical(parse(answer)) == canonical(FAILING.expected)


@pytest.fixture(scope="module")
def outcomes(function: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[bytes], bool]]:
    """For every way to be unwell: the answers to an event that needs a download and to one that needs a stack's tags, and
    whether the next event was answered. All at once: most wait."""
    policy = tmp_path_factory.mktemp("policy") / "by-tag.yaml"
    policy.write_text(BY_TAG)

    def outcome(name: str) -> tuple[list[bytes], bool]:
        endpoint = refuse() if name == "refuses" else serve(UNWELL[name])
        with RuntimeApi() as api, endpoint as address:
            environment = {DOWNLOADS: address, DESCRIBES: address, "ECS_GUARD_POLICY": str(policy)} | CREDENTIALS
            with Function(function, api, tmp_path_factory.mktemp("unwell"), environment) as process:
                given = [api.invoke(case.event, TIMEOUT_SECONDS) for case in (STACK, FAILING)]
                # A deletion asks nobody.
                goes_on = answers(api, DELETION) and process.process.poll() is None
                assert process.memory_kib("VmHWM") < MEMORY_MIB * 1024
        return given, goes_on

    with ThreadPoolExecutor(len(ENDPOINTS)) as pool:
        return dict(zip(ENDPOINTS, pool.map(outcome, ENDPOINTS), strict=True))


class TestEndpoints:
    """What an event, or the policy, makes the function ask: Amazon S3 for a template, CloudFormation for a stack's tags."""

    @pytest.mark.parametrize("name", ENDPOINTS)
    def test_the_answers_come_in_time_and_the_next_event_is_answered(
        self, name: str, outcomes: dict[str, tuple[list[bytes], bool]]
    ) -> None:
        (download, tags), goes_on = outcomes[name]
        assert is_internal_failure(parse(download)), download
        # An exception whose tags cannot be had excuses nothing.
        answer = parse(tags)
        assert (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "NonCompliant"), tags
        assert goes_on

    @pytest.mark.parametrize("name", ENDPOINTS)
    def test_the_answers_tell_nobody_a_secret(self, name: str, outcomes: dict[str, tuple[list[bytes], bool]]) -> None:
        answers, _ = outcomes[name]
        assert not any(b"canary" in answer for answer in answers)


class TestEvents:
    def test_the_largest_event_that_lambda_takes_is_judged(
        self, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        """Its violations are found behind six megabytes of a text that no rule is about."""
        event = json.loads(FAILING.event)
        container = event["requestData"]["targetModel"]["resourceProperties"]["ContainerDefinitions"][0]
        container["Command"] = [""]
        container["Command"] = ["x" * (LARGEST_EVENT - len(json.dumps(event)))]
        body = json.dumps(event).encode()
        assert len(body) == LARGEST_EVENT
        with Function(function, api, tmp_path) as process:
            answer = parse(api.invoke(body, TIMEOUT_SECONDS))
            assert (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "NonCompliant")
            assert canonical(answer) == canonical(FAILING.expected)
            assert answers(api, FAILING)
            assert process.memory_kib("VmHWM") < MEMORY_MIB * 1024

    HOSTILE = {
        "a value per byte": b"[" + b"0," * (LARGEST_EVENT // 2 - 2) + b"0]",
        "empty lists": b"[" + b"[]," * (LARGEST_EVENT // 3 - 2) + b"[]]",
        "one key again and again": b"{" + b'"a":0,' * (LARGEST_EVENT // 6 - 2) + b'"a":0}',
        "one list in another": b"[" * (LARGEST_EVENT // 2) + b"]" * (LARGEST_EVENT // 2),
        "escapes": b'{"a": "' + b"\\u0000" * (LARGEST_EVENT // 6 - 4) + b'"}',
        "a long number": b'{"requestData": ' + b"1" * (LARGEST_EVENT - 20) + b"}",
        "white space": b" " * LARGEST_EVENT,
        "zeros": bytes(LARGEST_EVENT),
    }

    @pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
    def test_a_largest_event_that_is_hostile_costs_neither_time_nor_memory(
        self, body: bytes, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        with Function(function, api, tmp_path) as process:
            assert is_internal_failure(parse(api.invoke(body, TIMEOUT_SECONDS)))
            assert answers(api, FAILING)
            assert process.memory_kib("VmHWM") < MEMORY_MIB * 1024

    def test_instances_side_by_side_know_nothing_of_each_other(self, function: Path, tmp_path: Path) -> None:
        """Lambda starts one environment for each event that comes while the others are busy."""
        every = [case for case in cases() if case.name.startswith(("resource", "cloud-control"))]

        def instance(number: int) -> bool:
            order = every[number:] + every[:number]
            with RuntimeApi() as api, Function(function, api, tmp_path / str(number)):
                return all(answers(api, case) for case in order)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(instance, range(8)))


class TestEnd:
    def test_sigterm_during_an_event_ends_the_process_without_half_an_answer(
        self, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        """Lambda ends an environment so; the event is another environment's then."""
        is_waiting = threading.Event()

        def hang(connection: socket.socket) -> None:
            is_waiting.set()
            UNWELL["hangs"](connection)

        with serve(hang) as address:
            with Function(function, api, tmp_path / "one", {DOWNLOADS: address}) as process:
                api.send(STACK.event)
                assert is_waiting.wait(TIMEOUT_SECONDS)
                process.process.send_signal(signal.SIGTERM)
                assert process.end() == -signal.SIGTERM
        assert not api.has_answers
        with Function(function, api, tmp_path / "two"):
            assert answers(api, FAILING)

    def test_sigterm_between_events_ends_the_process(self, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        with Function(function, api, tmp_path) as process:
            assert answers(api, FAILING)
            process.process.send_signal(signal.SIGTERM)
            assert process.end() == -signal.SIGTERM


# In a mount namespace of its own: everything read-only, which is checked before the function starts.
_READ_ONLY = """
set -eu
for point in $(cut -d' ' -f2 /proc/self/mounts | sort -u); do
    mount -o remount,bind,ro "$point" 2>/dev/null || true
done
for directory in / /tmp /var/tmp /dev/shm "$PWD" "${TMPDIR:-/tmp}"; do
    [ ! -d "$directory" ] || ! touch "$directory/written" 2>/dev/null || { echo "$directory is writable" >&2; exit 97; }
done
exec "$0"
"""


def unshare(*arguments: str) -> list[str]:
    """The words before a command that give it namespaces of its own; skips where nobody may have any."""
    command = ["unshare", "--user", "--map-root-user", *arguments]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode != 0:
        pytest.skip("this machine allows no namespaces: what needs one is NOT tested here")
    return command


class TestMachine:
    def test_no_file_system_has_to_be_writable(self, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        launcher = [*unshare("--mount"), "sh", "-c", _READ_ONLY]
        with Function(function, api, tmp_path, launcher=launcher) as process:
            assert answers(api, FAILING), process.output("stderr")
            assert process.process.poll() is None

    def test_standard_output_may_be_full(self, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        """Logs and metrics that cannot be written must not cost an answer."""
        launcher = ["sh", "-c", 'exec "$0" > /dev/full 2> /dev/full']
        with Function(function, api, tmp_path, launcher=launcher) as process:
            assert all(answers(api, FAILING) for _ in range(3))
            assert process.process.poll() is None

    def test_standard_streams_may_be_closed(self, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        launcher = ["sh", "-c", 'exec "$0" <&- >&- 2>&-']
        with Function(function, api, tmp_path, launcher=launcher) as process:
            assert all(answers(api, FAILING) for _ in range(3))
            assert process.process.poll() is None

    @pytest.mark.parametrize("seconds", [10**9, 10**6])
    def test_the_time_since_the_start_of_the_machine_does_not_matter(
        self, seconds: int, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        """A frozen environment wakes up long after it fell asleep; what has a timeout still has it."""
        clocks = ("--time", "--monotonic", str(seconds), "--boottime", str(seconds))
        launcher = unshare(*clocks, "--fork", "--kill-child")
        with serve(UNWELL["hangs"]) as address:
            with Function(function, api, tmp_path, {DOWNLOADS: address}, launcher=launcher):
                assert is_internal_failure(parse(api.invoke(STACK.event, TIMEOUT_SECONDS)))
                assert answers(api, FAILING)

    @pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "<+14>-14", "<-12>12", "no such zone"])
    @pytest.mark.parametrize(("days", "counts"), [(-1, True), (0, False), (1, False)])
    def test_an_exception_ends_with_its_day_in_utc_wherever_the_function_is(
        self, days: int, counts: bool, zone: str, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy.yaml"
        for _ in range(2):
            today = datetime.now(UTC).date()
            policy.write_text(
                "exceptions:\n"
                f"  - {{rules: {RULES}, account: '*', trust-author: true, reason: a test, expires: {today + timedelta(days=days)}}}\n"
            )
            environment = {"ECS_GUARD_POLICY": str(policy), "TZ": zone}
            with Function(function, api, tmp_path / "function", environment):
                answer = parse(api.invoke(FAILING.event, TIMEOUT_SECONDS))
            if datetime.now(UTC).date() == today:
                break
        assert (answer["hookStatus"] == "FAILED") is counts, answer["message"]


def with_a_wrong_clock(seconds: int) -> list[str | Path]:
    """The words before a command whose wall clock is wrong; skips where nobody may trace a program."""
    command = [sys.executable, Path(__file__).with_name("wrong_clock.py"), str(seconds)]
    if subprocess.run([*command, shutil.which("true")], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("this machine lets no program be traced: a wrong wall clock is NOT tested here")
    return command


class TestClock:
    """A wall clock that is wrong by seconds, where Lambda's own, which names the deadline, is right."""

    BEFORE_1970 = -2_000_000_000
    CLOCKS = [-3600, 3600, 10**9, 10**11, BEFORE_1970]

    @pytest.mark.parametrize("seconds", CLOCKS)
    def test_events_are_answered_in_time(self, seconds: int, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        with serve(UNWELL["hangs"]) as address:
            with Function(
                function, api, tmp_path, {DOWNLOADS: address}, launcher=with_a_wrong_clock(seconds)
            ) as process:
                assert is_internal_failure(parse(api.invoke(STACK.event, TIMEOUT_SECONDS)))
                assert answers(api, FAILING)
                lines = process.output("stdout").splitlines()
        # Or else nothing was shown: the metrics say what the function takes for the time.
        times = [json.loads(line)["_aws"]["Timestamp"] / 1000 for line in lines if line.startswith('{"_aws"')]
        assert times, lines
        assert all(abs(shown - max(0, time.time() + seconds)) < 60 for shown in times), times

    @pytest.mark.parametrize("seconds", CLOCKS)
    def test_cloudformation_is_asked(self, seconds: int, api: RuntimeApi, function: Path, tmp_path: Path) -> None:
        """What is signed with a wrong time may be refused, which the tests of endpoints are about; it is asked all the same."""
        policy = tmp_path / "policy.yaml"
        policy.write_text(BY_TAG)
        cloudformation = CloudFormation("shop")
        with cloudformation.serve() as environment:
            environment |= {"ECS_GUARD_POLICY": str(policy)}
            with Function(
                function, api, tmp_path / "function", environment, launcher=with_a_wrong_clock(seconds)
            ):
                answer = parse(api.invoke(FAILING.event, TIMEOUT_SECONDS))
        assert answer["hookStatus"] == "SUCCESS", answer["message"]
        assert cloudformation.asked == ["DescribeStacks"]

    @pytest.mark.parametrize(("days", "counts"), [(-3, False), (0, False), (3, True)])
    def test_an_exception_ends_by_the_functions_own_clock(
        self, days: int, counts: bool, api: RuntimeApi, function: Path, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy.yaml"
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        policy.write_text(
            f"exceptions: [{{rules: {RULES}, account: '*', trust-author: true, reason: a test, expires: {tomorrow}}}]\n"
        )
        environment = {"ECS_GUARD_POLICY": str(policy)}
        launcher = with_a_wrong_clock(days * 24 * 3600)
        with Function(function, api, tmp_path / "function", environment, launcher=launcher):
            answer = parse(api.invoke(FAILING.event, TIMEOUT_SECONDS))
        assert (answer["hookStatus"] == "FAILED") is counts, answer["message"]


class TestPolicy:
    """What the emulator cannot do for test_policy.py: another user, and a file that goes away."""

    @pytest.fixture
    def task(self) -> Iterator[Path]:
        # Not below tmp_path, where no other user may look.
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o755)
            yield task_root(Path(directory, "task"), BOOTSTRAP, REPOSITORY / "ecs-guard.yaml")

    def test_one_that_the_functions_user_may_not_read_denies(
        self, task: Path, api: RuntimeApi, tmp_path: Path
    ) -> None:
        (task / "ecs-guard.yaml").chmod(0)
        # Root reads everything, so here it is nobody who runs the function; as in Lambda, where another user does.
        options = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        with Function(task, api, tmp_path / "function", **options):
            for _ in range(2):
                answer = parse(api.invoke(FAILING.event, TIMEOUT_SECONDS))
                assert is_internal_failure(answer)
                assert "ecs-guard.yaml cannot be read: Permission denied" in answer["message"]

    def test_one_that_points_nowhere_denies(self, task: Path, api: RuntimeApi, tmp_path: Path) -> None:
        (task / "ecs-guard.yaml").unlink()
        (task / "ecs-guard.yaml").symlink_to("nowhere.yaml")
        with Function(task, api, tmp_path / "function"):
            assert is_internal_failure(parse(api.invoke(FAILING.event, TIMEOUT_SECONDS)))

    @pytest.mark.parametrize("becomes", ["nothing", "a directory", "another policy"])
    def test_what_becomes_of_it_while_the_function_runs_does_not_matter(
        self, becomes: str, task: Path, api: RuntimeApi, tmp_path: Path
    ) -> None:
        """It is part of the artifact: another policy is another version of the function."""
        policy = task / "ecs-guard.yaml"
        with Function(task, api, tmp_path / "function"):
            assert answers(api, FAILING)
            policy.unlink()
            if becomes == "a directory":
                policy.mkdir()
            elif becomes == "another policy":
                policy.write_text("rules: {root-user: {level: off}}\n")
            assert answers(api, FAILING)
