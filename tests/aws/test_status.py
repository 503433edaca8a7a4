"""Whether the deployed hook is as it should be, as AWS tells of it."""

import hashlib
import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from .command import ACCOUNT, REGION, EcsGuard
from .conftest import client
from .replies import ALIAS, FUNCTION, STACK_ALIAS, Hooks, described, reply
from .server import Reply, Server, denied_to_all

POLICY = "profile: baseline\n"


def configuration(**changes: Any) -> str:
    """What template.yaml makes of the hook."""
    hook = {
        "HookInvocationStatus": "ENABLED",
        "TargetOperations": ["RESOURCE", "CLOUD_CONTROL"],
        "FailureMode": "WARN",
        "Properties": {"LambdaFunction": FUNCTION},
        "TargetFilters": {
            "TargetNames": ["AWS::ECS::TaskDefinition"],
            "Actions": ["CREATE", "UPDATE"],
            "InvocationPoints": ["PRE_PROVISION"],
        },
        "StackFilters": {"FilteringCriteria": "ALL", "StackNames": {"Exclude": ["ecs-guard"]}},
    }
    return json.dumps({"CloudFormationConfiguration": {"HookConfiguration": hook | changes}})


def artifact(policy: str, name: str = "ecs-guard.yaml") -> bytes:
    """What is deployed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bootstrap", b"\x7fELF" * 1000)
        archive.writestr(name, policy)
    return buffer.getvalue()


def function(endpoint: str, concurrency: int | None = None, **changes: Any) -> Reply:
    """GetFunction."""
    deployed = {
        "FunctionName": "ecs-guard",
        "FunctionArn": FUNCTION,
        "Version": "7",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Environment": {"Variables": {"SECRET": "PLAIN-SECRET"}},
        "CodeSize": 1000,
    }
    answer: dict[str, Any] = {
        "Configuration": deployed | changes,
        "Code": {"RepositoryType": "S3", "Location": f"{endpoint}/artifact.zip?X-Amz-Signature=KEY"},
    }
    if concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": concurrency}
    return Reply(json.dumps(answer).encode(), content_type="application/json")


@pytest.fixture
def hooks(stub: Server) -> Hooks:
    hooks = Hooks(stub)
    hooks.configurations = {ALIAS: configuration()}
    hooks.function = function(stub.endpoint)
    hooks.artifact = artifact(POLICY)
    return hooks


@pytest.fixture
def ecs_guard(stub: Server, tmp_path: Path) -> EcsGuard:
    command = EcsGuard(tmp_path, stub.endpoint)
    command.policy(POLICY)
    return command


def test_the_replies_are_what_aws_own_parser_takes(stub: Server, hooks: Hooks) -> None:
    cloudformation = client(stub.endpoint)
    asked = cloudformation.batch_describe_type_configurations(
        TypeConfigurationIdentifiers=[{"Type": "HOOK", "TypeName": ALIAS}]
    )
    assert json.loads(asked["TypeConfigurations"][0]["Configuration"])
    assert client(stub.endpoint, "lambda").get_function(FunctionName=FUNCTION)["Configuration"]["State"] == "Active"
    hooks.function = None
    with pytest.raises(client(stub.endpoint, "lambda").exceptions.ResourceNotFoundException):
        client(stub.endpoint, "lambda").get_function(FunctionName=FUNCTION)


def test_a_hook_as_it_is_deployed_has_no_problem(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("status")
    assert (ran.code, ran.err) == (0, "")
    digest = hashlib.sha256(POLICY.encode()).hexdigest()
    assert ran.out == (
        f"{ALIAS} in {REGION}\n"
        "  version:   1.7.0\n"
        "  enabled:   yes\n"
        "  mode:      WARN: what fails is reported and goes on\n"
        "  called for: RESOURCE, CLOUD_CONTROL\n"
        '  targets:   {"Actions":["CREATE","UPDATE"],"InvocationPoints":["PRE_PROVISION"],"TargetNames":["AWS::ECS::TaskDefinition"]}\n'
        '  stacks:    {"FilteringCriteria":"ALL","StackNames":{"Exclude":["ecs-guard"]}}\n'
        f"  function:  {FUNCTION}\n"
        "             version 7, state Active\n"
        "             whether the hook's role may call it is not looked at; `ecs-guard results` shows that it was called\n"
        f"  policy:    the one at hand, SHA-256 {digest}\n"
        "  no problem\n"
    )
    assert "SECRET" not in ran.out and "KEY" not in ran.out


# What brings a configuration back that somebody changed by hand: CloudFormation sees no change in it.
SET = f"aws cloudformation set-type-configuration --type HOOK --type-name {ALIAS} "
TOGGLE = "`HookStatus=DISABLED` and then with `HookStatus=ENABLED`"
AGAIN = "`make deploy`; where that finds nothing to change, with a comment more in the policy"
UNQUALIFIED = FUNCTION.removesuffix(":live")


def configured(**changes: Any) -> Callable[[Hooks, str], None]:
    return lambda hooks, _: hooks.configurations.update({ALIAS: configuration(**changes)})


def seen(concurrency: int | None = None, **changes: Any) -> Callable[[Hooks, str], None]:
    return lambda hooks, endpoint: setattr(hooks, "function", function(endpoint, concurrency, **changes))


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        (lambda hooks, _: hooks.hooks.clear(), f"there is no hook {ALIAS}", "`make deploy`"),
        (lambda hooks, _: hooks.configurations.clear(), "the hook has no configuration", TOGGLE),
        (configured(HookInvocationStatus="DISABLED"), "the hook is switched off", "`HookStatus=ENABLED`. Where it has that, "),
        (configured(HookInvocationStatus="DISABLED"), "the hook is switched off", SET),
        (configured(TargetOperations=["RESOURCE"]), "the hook is not called for Cloud Control API requests", SET),
        (configured(TargetOperations=[]), "the hook is not called for Cloud Control API requests", SET),
        (configured(TargetFilters={"Actions": ["CREATE"]}), "the hook's TargetFilters leave out the action UPDATE", SET),
        (configured(FailureMode="BLOCK"), "the hook's FailureMode is BLOCK", TOGGLE),
        (configured(FailureMode=None), "the hook's FailureMode is not set", TOGGLE),
        (configured(Properties={}), "the hook names no function to call", TOGGLE),
        (lambda hooks, _: setattr(hooks, "function", None), f"the hook's function {FUNCTION} is not there", "delete it, and deploy it again"),
        (
            seen(State="Inactive"),
            "the function's state is Inactive",
            f"`aws lambda invoke --function-name {FUNCTION} answer.json --region {REGION}`",
        ),
        (
            seen(State="Failed"),
            "the function's state is Failed",
            f"`aws lambda get-function-configuration --function-name {FUNCTION} --query StateReason --region {REGION}`",
        ),
        (seen(LastUpdateStatus="Failed"), "the function's last update is Failed", AGAIN),
        (seen(LastUpdateStatus="InProgress"), "the function's last update is InProgress", "Wait a minute"),
        (
            seen(concurrency=0),
            "the function's reserved concurrency is 0",
            f"`aws lambda delete-function-concurrency --function-name {UNQUALIFIED} --region {REGION}`",
        ),
        (
            configured(StackFilters={"FilteringCriteria": "ALL", "StackNames": {"Exclude": ["*"]}}),
            "the hook's StackFilters leave out every stack",
            "`ExcludedStackNames`",
        ),
        (lambda hooks, _: setattr(hooks, "artifact", artifact("profile: restricted\n")), "the deployed policy (SHA-256 ", AGAIN),
        (lambda hooks, _: setattr(hooks, "artifact", artifact(POLICY, "x/ecs-guard.yaml")), "there is no policy file", AGAIN),
        (lambda hooks, _: setattr(hooks, "artifact", artifact("profile: nonsense\n")), "the deployed policy is broken", "policy check"),
    ],
)
def test_a_problem_comes_with_its_remedy(
    stub: Server, hooks: Hooks, ecs_guard: EcsGuard, change: Callable[[Hooks, str], None], problem: str, remedy: str
) -> None:
    change(hooks, stub.endpoint)
    ran = ecs_guard.run("status")
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    (at,) = [index for index, line in enumerate(lines) if line.startswith("  problem:")]
    assert lines[at].startswith(f"  problem:   {problem}")
    assert remedy in lines[at + 1]
    for service, operation, options in commands(lines[at + 1]):
        assert required(service, operation) <= options <= known(service, operation) | {"--region", "--query"}
    (seen,) = ecs_guard.run("status", "--json").json()["hooks"]
    assert seen["alias"] == ALIAS and len(seen["problems"]) == 1


def commands(remedy: str) -> Iterator[tuple[str, str, set[str]]]:
    """The commands for AWS in a remedy, with their options."""
    for command in re.findall(r"`(aws [^`]*)`", remedy):
        _, service, operation, *rest = shlex.split(command)
        yield service, operation, {word for word in rest if word.startswith("--")}


def shape(service: str, operation: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    (name,) = [name for name in model.operation_names if xform_name(name, "-") == operation]
    return model.operation_model(name).input_shape


def known(service: str, operation: str) -> set[str]:
    return {f"--{xform_name(member, '-')}" for member in shape(service, operation).members}


def required(service: str, operation: str) -> set[str]:
    return {f"--{xform_name(member, '-')}" for member in shape(service, operation).required_members}


@pytest.mark.parametrize(
    "wrong",
    [
        {"HookInvocationStatus": "DISABLED"},
        {"TargetOperations": ["STACK"]},
        {"TargetFilters": {"Actions": ["DELETE"]}},
        {"TargetFilters": {"TargetNames": ["AWS::S3::*"]}, "HookInvocationStatus": "DISABLED", "FailureMode": "FAIL"},
    ],
)
def test_the_call_that_mends_a_configuration_mends_all_of_it_and_nothing_else(
    hooks: Hooks, ecs_guard: EcsGuard, wrong: dict[str, Any]
) -> None:
    hooks.configurations[ALIAS] = configuration(**wrong)
    ran = ecs_guard.run("status")
    assert ran.code == 1
    (command,) = re.findall(r"`(aws cloudformation set-type-configuration [^`]*)`", ran.out)
    assert ran.out.count("The call above mends this too.") == ran.out.count("  problem:") - 1
    words = shlex.split(command)
    assert words[-2:] == ["--region", REGION]
    set_to = words[words.index("--configuration") + 1]
    mode = {"FailureMode": wrong.get("FailureMode", "WARN")}
    assert json.loads(set_to) == json.loads(configuration(**mode))
    hooks.configurations[ALIAS] = set_to
    assert ecs_guard.run("status").code == 0


def test_an_operation_that_is_not_set_is_told(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.configurations[ALIAS] = configuration(TargetOperations=[])
    assert "  called for: not set, which is RESOURCE\n" in ecs_guard.run("status").out


def test_the_policy_that_the_environment_names_is_the_one_compared(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.artifact = artifact(POLICY, "other.yaml")
    named = {"Environment": {"Variables": {"ECS_GUARD_POLICY": "/var/task/other.yaml"}}}
    hooks.function = function(stub.endpoint, **named)
    assert ecs_guard.run("status").code == 0
    for same in ("./other.yaml", "other.yaml", "/var/task//other.yaml", "/var/task/../task/other.yaml"):
        named["Environment"]["Variables"]["ECS_GUARD_POLICY"] = same
        hooks.function = function(stub.endpoint, **named)
        assert ecs_guard.run("status").code == 0
    hooks.function = function(stub.endpoint, Environment={"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}})
    ran = ecs_guard.run("status")
    assert ran.code == 2
    assert "the function's variables, of which one names the policy, may not be seen" in ran.err
    assert "problem:" not in ran.out and "no problem in what could be seen\n" in ran.out
    named["Environment"]["Variables"]["ECS_GUARD_POLICY"] = "/opt/policy.yaml"
    hooks.function = function(stub.endpoint, **named)
    ran = ecs_guard.run("status")
    assert ran.code == 2
    assert "in a layer" in ran.err


@pytest.mark.parametrize("damaged", [b"", b"no zip file", artifact(POLICY)[:-30]])
def test_an_artifact_that_cannot_be_read_is_no_policy_that_differs(hooks: Hooks, ecs_guard: EcsGuard, damaged: bytes) -> None:
    hooks.artifact = damaged
    ran = ecs_guard.run("status")
    assert ran.code == 2
    assert ran.err.startswith(f"error: {ALIAS} in {REGION}: the deployed policy is not known: the function's artifact ")
    assert "problem:" not in ran.out


def test_a_hook_for_some_stacks_only_is_noted(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    filters = {"FilteringCriteria": "ALL", "StackNames": {"Include": ["shop-*"]}}
    hooks.configurations[ALIAS] = configuration(StackFilters=filters)
    ran = ecs_guard.run("status")
    assert (ran.code, ran.err) == (0, "")
    assert "  note:      only stacks called shop-* are judged.\n" in ran.out
    (seen,) = ecs_guard.run("status", "--json").json()["hooks"]
    assert seen["notes"] == ["only stacks called shop-* are judged."]


def test_a_deployed_policy_that_is_broken_needs_none_at_hand_to_be_one(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    (ecs_guard.directory / "ecs-guard.yaml").unlink()
    (ecs_guard.directory / ".git").mkdir()
    hooks.artifact = artifact("profile: nonsense\n")
    ran = ecs_guard.run("status")
    assert (ran.code, ran.err) == (1, "")
    assert "  problem:   the deployed policy is broken, so every task definition fails: " in ran.out


@pytest.mark.parametrize(
    "part",
    [
        {"Errors": [{"ErrorCode": "AccessDenied", "ErrorMessage": "no"}]},
        {"UnprocessedTypeConfigurations": [{"Type": "HOOK", "TypeName": ALIAS}]},
    ],
)
def test_a_configuration_that_may_not_be_seen_is_none_that_is_missing(
    stub: Server, hooks: Hooks, ecs_guard: EcsGuard, part: dict[str, Any]
) -> None:
    of_hooks = stub.answer
    action = "BatchDescribeTypeConfigurations"
    stub.answer = lambda call: reply(action, part) if call.action == action else of_hooks(call)
    ran = ecs_guard.run("status")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {ALIAS} in {REGION}: the hook's configuration ")


def test_without_a_policy_at_hand_there_is_nothing_to_compare(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    (ecs_guard.directory / "ecs-guard.yaml").unlink()
    (ecs_guard.directory / ".git").mkdir()
    ran = ecs_guard.run("status")
    assert (ran.code, ran.err) == (0, "")
    assert "policy:    not compared: there is no policy file here\n" in ran.out


@pytest.mark.parametrize("action", ["DescribeType", "BatchDescribeTypeConfigurations"])
def test_what_may_not_be_seen_is_told(stub: Server, hooks: Hooks, ecs_guard: EcsGuard, action: str) -> None:
    of_hooks = stub.answer
    stub.answer = lambda call: denied_to_all(action)(call) or of_hooks(call)
    ran = ecs_guard.run("status")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {ALIAS} in {REGION}: these credentials may not call `cloudformation:{action}`\n")


def test_a_function_that_may_not_be_seen_is_no_function_that_is_missing(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.function = Reply(b'{"Message":"no"}', 403, "application/json", "AccessDeniedException")
    ran = ecs_guard.run("status")
    assert ran.code == 2
    assert "the function is not known: these credentials may not call `lambda:GetFunction`" in ran.err
    assert "problem:" not in ran.out
    assert ran.out.endswith("not compared: the function could not be looked at\n  no problem in what could be seen\n")
    document = ecs_guard.run("status", "--json").json()
    assert not document["hooks"][0]["isComplete"]
    assert len(document["errors"]) == 1 and "lambda:GetFunction" in document["errors"][0]


def test_the_second_hook_is_looked_at_where_it_is(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.hooks[STACK_ALIAS] = described(STACK_ALIAS)
    filters = {"Actions": ["CREATE", "UPDATE"]}
    hooks.configurations[STACK_ALIAS] = configuration(TargetOperations=["STACK", "CHANGE_SET"], TargetFilters=filters)
    ran = ecs_guard.run("status", "--region", REGION, "--region", "us-east-1")
    assert ran.code == 0
    seen = [line for line in ran.out.splitlines() if " in " in line and not line.startswith(" ")]
    assert seen == [f"{alias} in {region}" for region in (REGION, "us-east-1") for alias in (ALIAS, STACK_ALIAS)]


@pytest.mark.parametrize(("alias", "operations"), [(ALIAS, ["STACK", "CHANGE_SET"]), (STACK_ALIAS, ["RESOURCE"])])
def test_a_hook_that_is_called_for_what_another_is_for_is_a_problem(
    hooks: Hooks, ecs_guard: EcsGuard, alias: str, operations: list[str]
) -> None:
    hooks.hooks[alias] = described(alias)
    hooks.configurations[alias] = configuration(TargetOperations=operations)
    ran = ecs_guard.run("status", "--hook", alias)
    assert ran.code == 1
    assert ran.out.count("  problem:   the hook is not called for ") == 2


def test_a_profile_of_rules_says_nothing_of_what_is_deployed(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("status", "--profile", "restricted")
    assert (ran.code, ran.out, stub.calls) == (2, "", [])
    assert "--profile says nothing here" in ran.err


def test_whose_hook_it_is_is_told(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    options, variables = ecs_guard.profiles("one", "two")
    ran = ecs_guard.run("status", *options, variables=variables)
    seen = [line for line in ran.out.splitlines() if not line.startswith(" ") and line]
    assert seen == [f"{ALIAS} in {REGION} with profile {name} (account {ACCOUNT})" for name in ("one", "two")]
    seen = ecs_guard.run("status", "--json", *options, variables=variables).json()["hooks"]
    assert [(hook["profile"], hook["account"]) for hook in seen] == [("one", ACCOUNT), ("two", ACCOUNT)]


def test_only_what_the_printed_policy_allows_is_called(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    statements = ecs_guard.run("status", "--print-iam-policy").json()["Statement"]
    assert stub.calls == []
    ecs_guard.run("status")
    called = {call.action for call in stub.calls} - {"GET /artifact.zip"}
    names = {f"cloudformation:{action}" if not action.startswith("GET") else "lambda:GetFunction" for action in called}
    assert names == {action for statement in statements for action in statement["Action"]}
