"""An audit of many stacks says of each what `ecs-guard check` says of its template, however often it is interrupted."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .command import ACCOUNT, REGION, EcsGuard
from .conftest import client
from .server import Server, stacks, stuck_after
from .templates import CORPUS, OWN, Deployable, corpus, own

# What the Parameter Store holds under every name that is not AWS's own.
STORED = "registry.example/image:1"

Deployed = dict[str, tuple[Deployable, dict[str, str]]]


def deploy(server: Server, templates: list[Deployable], stacks: int) -> Deployed:
    """Fills the account, in turns, with every template that moto deploys, and prints the list."""
    cloudformation = client(server.endpoint)
    for name in {template.values(0)[name] for template in templates for name in template.looked_up}:
        if not name.startswith("/aws/"):
            client(server.endpoint, "ssm").put_parameter(Name=name, Value=STORED, Type="String")
    refused: set[str] = set()
    deployed: Deployed = {}
    for number in range(stacks * 2):
        turn, index = divmod(number, len(templates))
        template = templates[index]
        if len(deployed) == stacks or template.source in refused:
            continue
        name, values = f"stack-{number:03}", template.values(turn)
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        try:
            cloudformation.create_stack(StackName=name, TemplateBody=template.text, Parameters=parameters)
            deployed[name] = (template, values)
        except ClientError as error:
            refused.add(template.source)
            print(f"left out: {template.source}: {error.response['Error']['Message']}")
            # moto lists what it could not create.
            cloudformation.delete_stack(StackName=name)
    for source, count in Counter(template.source for template, _ in deployed.values()).items():
        print(f"deployed {count} times: {source}")
    return deployed


def checked(ecs_guard: EcsGuard, stack_id: str, template: Deployable, values: dict[str, str]) -> Any:
    """What `ecs-guard check` says of a template with the same parameters."""
    name = stack_id.split("/")[1]
    path, parameters = ecs_guard.directory / f"{name}.json", ecs_guard.directory / f"{name}.parameters"
    path.write_text(template.with_values_of_store())
    known_values = values | dict.fromkeys(template.looked_up, STORED)
    parameters.write_text(json.dumps({key: value for key, value in known_values.items() if key not in template.hidden}))
    known = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::StackId": stack_id,
        "AWS::StackName": name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    options = [option for key, value in known.items() for option in ("--parameter", f"{key}={value}")]
    ran = ecs_guard.run("check", path, "--format", "json", "--parameter-file", parameters, *options)
    assert ran.code in (0, 1), ran
    return ran.json()


def without_places(document: Any) -> dict[str, Any]:
    """The files of a document by their stack's name."""
    return {Path(file.pop("path")).stem: file for file in document["files"]}


def test_the_templates_of_this_project_are_many_and_differ(server: Server, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("check", OWN, "--profile", "pedantic", "--format", "json")
    said: dict[str, list[tuple[str, str]]] = {file["path"]: [] for file in ran.json()["files"]}
    for file in ran.json()["files"]:
        said[file["path"]] += [(finding["rule"], finding["verdict"]) for finding in file["findings"]]
    assert len(said) == len(own()) >= 20
    assert len({str(sorted(findings)) for findings in said.values()}) == len(said), said
    assert {path.suffix for path in OWN.iterdir()} >= {".json", ".yaml"}


def test_an_audit_of_own_templates_says_what_check_says(server: Server, ecs_guard: EcsGuard) -> None:
    templates = own()
    deployed = deploy(server, templates, 2 * len(templates))
    assert len(deployed) == 2 * len(templates), "moto deploys each of them, twice"
    summary = assert_resumed_and_like_check(server, ecs_guard, deployed)
    assert summary["unknowns"] > 0, "what NoEcho hides is among them"


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"{CORPUS} is not there: two hundred stacks are NOT audited here")
def test_an_audit_of_the_corpus_says_what_check_says(server: Server, ecs_guard: EcsGuard) -> None:
    deployed = deploy(server, corpus(), 200)
    assert len(deployed) == 200, "the account is too small"
    assert_resumed_and_like_check(server, ecs_guard, deployed)


def assert_resumed_and_like_check(server: Server, ecs_guard: EcsGuard, deployed: Deployed) -> dict[str, int]:
    """Interrupts an audit, resumes it, and holds it against `check`; answers the totals."""
    ids = {stack["StackName"]: stack["StackId"] for stack in _stacks(server)}
    half = len(deployed) // 2

    # Half of the templates come, then nothing; the command is killed as by the operating system.
    server.answer = stuck_after("GetTemplate", half, 3600)
    with ecs_guard.start("audit", "--state", ecs_guard.state, "--concurrency", "4") as process:
        while _kept(ecs_guard) < half - 4:
            assert process.poll() is None, process.communicate()
        process.kill()
        process.wait()
    before = {path.stem for path in ecs_guard.state.rglob("stack-*.json")}
    assert 0 < len(before) <= half

    # The rest comes, and nothing twice.
    server.answer = lambda _: None
    ran = ecs_guard.audit("--format", "json", variables={"AWS_ACCESS_KEY_ID": "AKIDRESUMED"})
    assert ran.code == 1, ran.err
    asked = stacks(server.signed_with("AKIDRESUMED"), "GetTemplate")
    assert sorted(map(_file, asked)) == sorted({_file(stack_id) for stack_id in ids.values()} - before)
    assert set(stacks(server.signed_with("AKIDRESUMED"), "DescribeStacks")) == set(asked)

    # Each task definition's verdict is that of check, and so are the totals.
    audit = ran.json()
    expected: Counter[str] = Counter()
    by_stack = without_places(audit)
    assert set(by_stack) == set(deployed)
    for name, (template, values) in deployed.items():
        document = checked(ecs_guard, ids[name], template, values)
        expected.update(document["summary"])
        (file,) = without_places(document).values()
        assert by_stack[name] == file, template.source
    assert audit["summary"] == dict(expected)
    assert audit["summary"]["failures"] > 0 and audit["summary"]["passes"] > 0
    assert audit["tally"]["blockedStacks"] == sum(
        any(finding["verdict"] == "fail" and finding["level"] == "deny" for finding in file["findings"])
        for file in by_stack.values()
    )

    # Once more: only the list is asked for.
    again = ecs_guard.audit("--format", "json", variables={"AWS_ACCESS_KEY_ID": "AKIDONCEMORE"}).json()
    assert (again["files"], again["summary"]) == (ran.json()["files"], audit["summary"])
    assert {call.action for call in server.signed_with("AKIDONCEMORE")} == {"ListStacks"}
    return dict(expected)


def _stacks(server: Server) -> list[dict[str, Any]]:
    return [
        stack
        for page in client(server.endpoint).get_paginator("list_stacks").paginate()
        for stack in page["StackSummaries"]
        if stack["StackStatus"] == "CREATE_COMPLETE"
    ]


def _file(stack_id: str) -> str:
    return stack_id.split("/", 1)[1].replace("/", "-")


def _kept(ecs_guard: EcsGuard) -> int:
    return sum(1 for _ in ecs_guard.state.rglob("stack-*.json"))
