"""What becomes of a stack's parameters when SAM deploys it as the documentation says.

Owns a stack that knows nothing but its parameters. SAM is the real one.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws.server import NAMESPACE, Call, Reply, Server, error, serve
from release.organization_template import TEMPLATE, load
from runtime.emulator import REPOSITORY

from .template import ACCOUNT, REGION, STACK_NAME
from .tools import tool

DEFAULTS = {name: str(declared["Default"]) for name, declared in load()["Parameters"].items()}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"

# The stack that SAM keeps its bucket in; a deployment that finds it makes none.
SAM_STACK = "aws-sam-cli-managed-default"
SAM_STACK_DETAILS = (
    "<Tags><member><Key>ManagedStackSource</Key><Value>AwsSamCli</Value></member></Tags>"
    "<Outputs><member><OutputKey>SourceBucket</OutputKey><OutputValue>bucket</OutputValue></member></Outputs>"
)


class DeployedStack:
    """What CloudFormation would know of the parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] | None = None

    def answer(self, call: Call) -> Reply | None:
        """As CloudFormation and S3, until a change set is made, with which SAM has told all that it tells."""
        name = call.parameters.get("StackName")
        if call.action.startswith(("PUT ", "HEAD ", "GET ")):
            return Reply(b"")
        if call.action == "DescribeStacks" and name == SAM_STACK:
            return self._described(SAM_STACK, SAM_STACK_DETAILS)
        if call.action == "DescribeStacks" and self.parameters is not None:
            return self._described(STACK_NAME)
        if call.action == "DescribeStacks":
            return error("ValidationError", f"Stack with id {name} does not exist")
        if call.action == "GetTemplateSummary":
            keys = "".join(f"<member><ParameterKey>{key}</ParameterKey></member>" for key in self.parameters or {})
            return _reply(call.action, f"<Parameters>{keys}</Parameters>")
        if call.action == "CreateChangeSet":
            self.parameters = DEFAULTS | dict(self._sent(call.parameters))
            return error("ValidationError", "enough")
        return None

    def _described(self, name: str, details: str = "") -> Reply:
        identifier = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"
        return _reply(
            "DescribeStacks",
            f"<Stacks><member><StackId>{identifier}</StackId><StackName>{name}</StackName>{details}"
            "<CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus></member></Stacks>",
        )

    def _sent(self, parameters: dict[str, str]) -> Iterator[tuple[str, str]]:
        for path, key in parameters.items():
            if not path.endswith(".ParameterKey"):
                continue
            of_key = path.removesuffix("ParameterKey")
            if parameters.get(f"{of_key}UsePreviousValue") == "true":
                assert self.parameters is not None
                yield key, self.parameters[key]
            else:
                # An empty value is left out of what was parsed.
                yield key, parameters.get(f"{of_key}ParameterValue", "")


def _reply(action: str, content: str) -> Reply:
    return Reply(f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{content}</{action}Result></{action}Response>'.encode())


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture
def stack(server: Server) -> DeployedStack:
    stack = DeployedStack()
    server.answer = stack.answer
    return stack


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What SAM reads of the repository. Without a build it deploys what the template's CodeUri names: the folder."""
    for file in (TEMPLATE, REPOSITORY / "samconfig.toml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def deploy(server: Server, checkout: Path, *arguments: str) -> None:
    environment = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "SAM_CLI_TELEMETRY": "0",
    }
    ran = tool("sam", "deploy", *arguments, environment=environment, directory=checkout)
    assert "enough" in ran.stderr, ran.stdout + ran.stderr


def test_a_parameter_that_was_set_once_stays(server: Server, stack: DeployedStack, checkout: Path) -> None:
    written = (checkout / "samconfig.toml").read_text()
    deploy(server, checkout)
    assert stack.parameters == DEFAULTS
    deploy(server, checkout, "--parameter-overrides", f"AlarmTopicArn={TOPIC}")
    deploy(server, checkout, "--parameter-overrides", "FailureMode=FAIL")
    deploy(server, checkout, "--parameter-overrides", "StackHook=on")
    # The break-glass goes past SAM.
    assert stack.parameters
    stack.parameters["HookStatus"] = "DISABLED"
    deploy(server, checkout)
    assert stack.parameters == DEFAULTS | {
        "AlarmTopicArn": TOPIC,
        "FailureMode": "FAIL",
        "StackHook": "on",
        "HookStatus": "DISABLED",
    }
    assert (checkout / "samconfig.toml").read_text() == written


def test_what_a_guided_deployment_wrote_down_is_deployed(server: Server, stack: DeployedStack, checkout: Path) -> None:
    with (checkout / "samconfig.toml").open("a") as file:
        file.write('parameter_overrides = "FailureMode=\\"FAIL\\" StackHook=\\"on\\""\n')
    deploy(server, checkout)
    assert stack.parameters == DEFAULTS | {"FailureMode": "FAIL", "StackHook": "on"}


@pytest.mark.parametrize(
    ("given", "overrides"), [([], ""), (["ARCHITECTURE=x86_64"], "--parameter-overrides Architecture=x86_64")]
)
def test_make_deploy_gives_no_parameter_but_an_architecture_that_it_was_given(given: list[str], overrides: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ARCHITECTURE"}
    ran = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--assume-old=.venv", "deploy", *given],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [line.strip() for line in ran.stdout.splitlines()]
    assert commands == [f".venv/bin/sam {step} {overrides}".strip() for step in ("build", "deploy")]
