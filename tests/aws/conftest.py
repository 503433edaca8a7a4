"""An account in moto, and the command beside it."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.cloudformation.models import Stack
from moto.moto_api._internal import moto_api_backend
from moto.server import DomainDispatcherApplication, create_backend_app

from .command import COMMAND, REGION, EcsGuard
from .server import Server, serve


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """The command is there."""
    assert COMMAND.is_file(), f"{COMMAND} is missing: `make test-aws` builds it"


def _parameters(stack: Stack) -> list[dict[str, str]]:
    """A stack's parameters as AWS tells of them: lists as they were given, what `NoEcho` hides as asterisks, and of the
    Parameter Store the name and what it held. moto tells what they came to.
    (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html>)
    """
    resources, told = stack.resource_map, []
    for key, definition in resources._template.get("Parameters", {}).items():
        given = resources.input_parameters.get(key, definition.get("Default"))
        is_hidden = str(definition.get("NoEcho")).lower() == "true"
        parameter = {"ParameterKey": key, "ParameterValue": "****" if is_hidden else given}
        if definition["Type"].startswith("AWS::SSM::Parameter::Value<"):
            parameter["ResolvedValue"] = resources.resolved_parameters[key]
        told.append(parameter)
    return told


@pytest.fixture(scope="session", autouse=True)
def parameters_as_aws_tells_them() -> Iterator[None]:
    """moto with its answers about parameters set right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stack, "parameter_list", property(_parameters))
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    """An account that is empty."""
    # moto keeps accounts in the process.
    moto_api_backend.reset()
    with serve(DomainDispatcherApplication(create_backend_app)) as running:
        yield running
    moto_api_backend.reset()


@pytest.fixture
def stub() -> Iterator[Server]:
    """A server with nothing behind it but what the test answers."""
    with serve() as running:
        yield running


def client(endpoint: str, service: str = "cloudformation", region: str = REGION) -> "boto3.client":
    """What fills the account."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="not-a-secret",
    )


@pytest.fixture
def ecs_guard(server: Server, tmp_path: Path) -> EcsGuard:
    """The command, for the account."""
    command = EcsGuard(tmp_path, server.endpoint)
    command.policy("profile: baseline\n")
    return command
