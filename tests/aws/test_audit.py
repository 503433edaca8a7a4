"""What an audit says of an account, and of what it cannot see of it."""

import contextlib
import csv
import io
import itertools
import json
import os
import re
import shutil
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from .command import ACCOUNT, PATIENCE_SECONDS, REGION, EcsGuard
from .conftest import client
from .server import NAMESPACE, Call, Reply, Server, denied, denied_to_all, error, throttled

TEMPLATE = """
Parameters:
  User: {Type: String, Default: root}
  Secret: {Type: String, NoEcho: true, Default: SECRET-DEFAULT}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: api
      ContainerDefinitions:
        - Name: web
          Image: nginx
          Memory: 128
          User: !Ref User
          ReadonlyRootFilesystem: true
          Environment: [{Name: PASSWORD, Value: PLAIN-SECRET}, {Name: OTHER, Value: !Ref Secret}]
"""
NOTHING = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"


def deploy(server: Server, name: str, user: str = "root", region: str = REGION, **tags: str) -> None:
    """Deploys a stack whose container runs as a user."""
    client(server.endpoint, region=region).create_stack(
        StackName=name,
        TemplateBody=TEMPLATE,
        Parameters=[{"ParameterKey": "User", "ParameterValue": user}],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def path(name: str, region: str = REGION) -> str:
    return f"{ACCOUNT}/{region}/{name}"


def test_what_fail_would_block_is_told_by_rule_and_stack(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    deploy(server, "good", user="1000:1000")
    client(server.endpoint).create_stack(StackName="nothing", TemplateBody=NOTHING)
    ran = ecs_guard.audit()
    assert (ran.code, ran.err) == (1, "")
    assert "What FAIL would block: 1 task definition in 1 of 3 stacks\n" in ran.out
    assert "  by rule\n    root-user  1 task definition in 1 stack\n" in ran.out
    assert f"  by stack\n    {path('bad')}  1 task definition: root-user\n" in ran.out
    assert f"--> {path('bad')}:14:" in ran.out
    assert ran.out.endswith("1 failure, 0 warnings, 0 unknown in 2 task definitions of 3 stacks\n")
    # A stack without task definitions is not described: that costs calls in a large account.
    assert server.count("GetTemplate") == 3
    assert server.count("DescribeStacks") == 2


def test_only_what_the_printed_policy_allows_is_called(server: Server, ecs_guard: EcsGuard) -> None:
    policy = ecs_guard.run("audit", "--print-iam-policy")
    assert (policy.code, server.calls) == (0, [])
    allowed = {action for statement in policy.json()["Statement"] for action in statement["Action"]}
    deploy(server, "bad")
    server.calls.clear()
    ecs_guard.audit()
    assert {f"cloudformation:{call.action}" for call in server.calls} == allowed


def test_a_tag_excuses_the_stacks_that_carry_it_and_what_excuses_nothing_is_told(
    server: Server, ecs_guard: EcsGuard
) -> None:
    rule = "  - {rules: [root-user], reason: moves in spring, stack-tags: {team: legacy}}\n"
    idle = "  - {rules: [root-user], reason: nobody, stack-name: nobody-*}\n"
    ecs_guard.policy(f"exceptions:\n{rule}{idle}")
    deploy(server, "tagged", team="legacy")
    deploy(server, "tagged-otherwise", team="new")
    deploy(server, "untagged")
    ran = ecs_guard.audit()
    assert ran.code == 1
    assert f"{path('tagged')}  " not in ran.out
    assert f"{path('tagged-otherwise')}  1 task definition" in ran.out
    assert f"{path('untagged')}  1 task definition" in ran.out
    assert "excepted: 1 finding\n" in ran.out
    assert ran.err == "note: in the Regions looked at, the exception in line 3 of the policy matched nothing: nobody\n"

    # The next audit says what is new.
    deploy(server, "tagged-later", team="legacy")
    tally = ecs_guard.audit("--format", "json").json()["tally"]
    assert (tally["excepted"], tally["newlyExcepted"], tally["blockedStacks"]) == (2, 1, 2)
    tally = ecs_guard.audit("--format", "json").json()["tally"]
    assert (tally["excepted"], tally["newlyExcepted"]) == (2, 0)


def test_a_region_that_was_never_looked_at_is_nothing_to_compare_with(server: Server, ecs_guard: EcsGuard) -> None:
    def newly(*regions: str) -> int | None:
        options = [option for region in regions for option in ("--region", region)]
        return ecs_guard.audit("--format", "json", *options).json()["tally"]["newlyExcepted"]

    ecs_guard.policy(f"exceptions: [{{rules: [root-user], account: '{ACCOUNT}', reason: vendor}}]\n")
    assert newly("us-west-2") is None
    deploy(server, "bad")
    assert newly(REGION) is None
    # It has no stack, and another Region tells whose it is.
    assert newly(REGION, "us-west-2") is None
    deploy(server, "later", region="us-west-2")
    assert newly(REGION, "us-west-2") == 1
    assert newly("us-west-2") == 0


def test_an_exception_for_another_account_is_not_said_to_match_nothing(server: Server, ecs_guard: EcsGuard) -> None:
    def excuse(account: str) -> str:
        return f"  - {{rules: [root-user], reason: for {account}, account: '{account}', stack-name: legacy}}\n"

    ecs_guard.policy(f"exceptions:\n{excuse('111122223333')}{excuse(ACCOUNT)}{excuse('444455556666')}")
    deploy(server, "good", user="app")
    unmatched = f"the exception in line 3 of the policy matched nothing: for {ACCOUNT}\n"
    elsewhere = "note: 2 exceptions are for accounts of which nothing was seen\n"
    assert ecs_guard.audit().err == f"note: in the Regions looked at, {unmatched}{elsewhere}"
    deploy(server, "closed")
    server.answer = denied("GetTemplate", "closed")
    assert ecs_guard.audit().err.endswith(f"note: in what could be read, {unmatched}{elsewhere}")


def test_exceptions_that_authors_decide_are_listed(server: Server, ecs_guard: EcsGuard) -> None:
    ecs_guard.policy("exceptions: [{rules: [root-user], family: api, trust-author: true, reason: agreed}]\n")
    deploy(server, "bad")
    ran = ecs_guard.audit()
    assert (ran.code, ran.err) == (
        0,
        "note: the author of a template decides whether the exception in line 1 of the policy applies: agreed\n",
    )
    assert "excepted: 1 finding\n" in ran.out


def test_one_unreadable_stack_hides_no_other(server: Server, ecs_guard: EcsGuard) -> None:
    for name in ("bad", "closed", "good"):
        deploy(server, name)
    server.answer = denied("GetTemplate", "closed")
    ran = ecs_guard.audit("--format", "json", "--exit-zero")
    assert ran.code == 2
    assert f"error: {path('closed')}: these credentials may not call `cloudformation:GetTemplate`" in ran.err
    document = ran.json()
    assert [file["path"] for file in document["files"]] == [path("bad"), path("good")]
    assert [file["path"] for file in document["unreadable"]] == [path("closed")]
    # Once it may be read, it alone is asked for.
    server.answer = lambda _: None
    server.calls.clear()
    assert ecs_guard.audit().code == 1
    assert [stack.split("/")[1] for stack in server.about("GetTemplate")] == ["closed"]


@pytest.mark.parametrize("action", ["ListStacks", "GetTemplate", "DescribeStacks"])
def test_throttling_is_waited_for(server: Server, ecs_guard: EcsGuard, action: str) -> None:
    deploy(server, "bad")
    server.answer = throttled(action, 2)
    assert ecs_guard.audit().code == 1
    assert server.count(action) == 3


def test_throttling_without_end_is_told(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    server.answer = throttled("DescribeStacks", 1000)
    ran = ecs_guard.audit(variables={"AWS_MAX_ATTEMPTS": "2"})
    assert ran.code == 2
    assert "AWS takes no more calls of `DescribeStacks` at present" in ran.out
    assert server.count("DescribeStacks") == 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!doctype html><h1>Gateway</h1>", "text/html"),
        (b"<GetTemplateResponse><GetTemplateResult><TemplateBody>Resources: {", "text/xml"),
        (f'<GetTemplateResponse xmlns="{NAMESPACE}"><GetTemplateResult/></GetTemplateResponse>'.encode(), "text/xml"),
        (b"", "text/xml"),
    ],
    ids=["page", "half", "empty", "nothing"],
)
def test_a_reply_that_is_none_is_told(server: Server, ecs_guard: EcsGuard, body: bytes, content_type: str) -> None:
    deploy(server, "bad")
    server.answer = lambda call: Reply(body, 200, content_type) if call.action == "GetTemplate" else None
    ran = ecs_guard.audit()
    assert ran.code == 2
    (told,) = [line for line in ran.out.splitlines() if line.startswith(f"error: {path('bad')}: ")]
    assert "`GetTemplate`" in told and told.endswith(("is not understood", "has no template"))


def test_silence_is_waited_for_no_longer_than_it_is_worth(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    ended = threading.Event()

    def answer(call: Call) -> Reply | None:
        if call.action == "GetTemplate":
            ended.wait()
        return None

    server.answer = answer
    ran = ecs_guard.audit(variables={"AWS_MAX_ATTEMPTS": "1"})
    ended.set()
    assert ran.code == 2
    assert f"error: {path('bad')}: `GetTemplate` " in ran.out and "in time" in ran.out


def test_nobody_there_is_told_once(server: Server, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.audit(variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"})
    assert ran.code == 2
    assert f"error: unknown account/{REGION}: its stacks cannot be listed: `ListStacks` could not be called" in ran.out
    assert "nothing was judged" in ran.out


def test_a_stack_that_changes_while_it_is_read_is_read_again(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    changed = iter((True, False))

    def answer(call: Call) -> Reply | None:
        # Between its template and its parameters it is updated once.
        if call.action == "DescribeStacks" and next(changed):
            parameters = [{"ParameterKey": "User", "ParameterValue": "app"}]
            client(server.endpoint).update_stack(StackName="bad", TemplateBody=TEMPLATE, Parameters=parameters)
        return None

    server.answer = answer
    ran = ecs_guard.audit()
    assert (ran.code, server.count("GetTemplate")) == (0, 2)


def test_a_stack_that_never_stands_still_is_told(stub: Server, tmp_path: Path) -> None:
    ecs_guard = EcsGuard(tmp_path, stub.endpoint)
    pages = pages_of(summary("bad", "UPDATE_COMPLETE"))
    seconds = itertools.count()

    def answer(call: Call) -> Reply | None:
        match call.action:
            case "GetTemplate":
                return answering("GetTemplate", f"<TemplateBody>{escape(TEMPLATE)}</TemplateBody>")
            case "DescribeStacks":
                status = f"<CreationTime>2026-11-02T00:00:{next(seconds):02}Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus>"
                identity = f"<StackId>{call.parameters['StackName']}</StackId><StackName>bad</StackName>"
                return answering("DescribeStacks", f"<Stacks><member>{identity}{status}</member></Stacks>")
        return pages(call)

    stub.answer = answer
    ran = ecs_guard.audit()
    assert ran.code == 2
    assert f"error: {path('bad')}: it changes while it is read: audit again" in ran.out
    assert stub.count("DescribeStacks") == 3


@pytest.mark.parametrize(("unresolved", "code"), [("deny", 1), ("warn", 0)])
def test_a_reference_to_a_secret_counts_as_the_hook_counts_it(
    server: Server, ecs_guard: EcsGuard, unresolved: str, code: int
) -> None:
    ecs_guard.policy(f"unresolved: {{resource: {unresolved}}}\n")
    deploy(server, "secret", user="'{{resolve:ssm-secure:/user}}'")
    ran = ecs_guard.audit()
    assert ran.code == code
    assert ("the hook sees no secrets either" in ran.out) == bool(code)


def test_each_finding_that_is_newly_excused_counts(server: Server, ecs_guard: EcsGuard) -> None:
    logs = "LogConfiguration: {LogDriver: awslogs, Options: {mode: blocking, max-buffer-size: 1k}}"
    template = TEMPLATE.replace("User: !Ref User", f"User: app\n          {logs}")
    client(server.endpoint).create_stack(StackName="bad", TemplateBody=template)
    assert ecs_guard.audit("--format", "json").json()["summary"]["failures"] == 2
    ecs_guard.policy(f"exceptions: [{{rules: [blocking-awslogs], account: '{ACCOUNT}', reason: vendor}}]\n")
    tally = ecs_guard.audit("--format", "json").json()["tally"]
    assert (tally["excepted"], tally["newlyExcepted"]) == (2, 2)


def test_what_is_newly_excused_counts_beyond_what_is_shown(server: Server, ecs_guard: EcsGuard) -> None:
    variables = ", ".join(f"{{Name: PASSWORD_{number}, Value: very-secret-{number}}}" for number in range(100))
    template = TEMPLATE.replace("{Name: PASSWORD, Value: PLAIN-SECRET}", variables).replace("!Ref User", "app")
    client(server.endpoint).create_stack(StackName="bad", TemplateBody=template)
    rules = "rules: {plaintext-secret: {level: deny}}\n"
    ecs_guard.policy(rules)
    failures = ecs_guard.audit("--format", "json").json()["summary"]["failures"]
    assert failures >= 100
    ecs_guard.policy(f"{rules}exceptions: [{{rules: [plaintext-secret], account: '{ACCOUNT}', reason: moves}}]\n")
    tally = ecs_guard.audit("--format", "json").json()["tally"]
    assert (tally["excepted"], tally["newlyExcepted"]) == (failures, failures)
    tally = ecs_guard.audit("--format", "json").json()["tally"]
    assert (tally["excepted"], tally["newlyExcepted"]) == (failures, 0)


def test_what_an_older_version_kept_is_nothing_to_compare_with(server: Server, ecs_guard: EcsGuard) -> None:
    ecs_guard.policy(f"exceptions: [{{rules: [root-user], account: '{ACCOUNT}', reason: vendor}}]\n")
    deploy(server, "bad")
    ecs_guard.audit()
    (kept,) = ecs_guard.state.rglob("excepted.jsonl")
    kept.unlink()
    former = ecs_guard.state / "excepted.json"
    former.write_text(json.dumps({"places": [f"{ACCOUNT}/{REGION}"], "findings": []}))
    assert ecs_guard.audit("--format", "json").json()["tally"]["newlyExcepted"] is None
    assert not former.exists()


def test_what_is_half_written_is_fetched_again(server: Server, ecs_guard: EcsGuard) -> None:
    for name in ("a", "b", "c"):
        deploy(server, name)
    whole = ecs_guard.audit("--format", "json").json()["summary"]
    (half,) = ecs_guard.state.rglob("b-*.json")
    half.write_bytes(half.read_bytes()[:100])
    unfinished = half.with_name(".unfinished-b")
    unfinished.write_text("{")
    server.calls.clear()
    assert ecs_guard.audit("--format", "json").json()["summary"] == whole
    assert [stack.split("/")[1] for stack in server.about("GetTemplate")] == ["b"]
    assert not unfinished.exists()


def test_a_stack_that_has_changed_is_fetched_again_and_one_that_is_gone_is_forgotten(
    server: Server, ecs_guard: EcsGuard
) -> None:
    for name in ("changed", "gone", "same"):
        deploy(server, name)
    ecs_guard.audit()
    cloudformation = client(server.endpoint)
    cloudformation.update_stack(
        StackName="changed",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "User", "ParameterValue": "1000:1000"}],
    )
    cloudformation.delete_stack(StackName="gone")
    server.calls.clear()
    ran = ecs_guard.audit("--format", "json")
    assert [stack["path"] for stack in ran.json()["tally"]["stacks"]] == [path("same")]
    assert [stack.split("/")[1] for stack in server.about("GetTemplate")] == ["changed"]
    assert sorted(kept.name.split("-")[0] for kept in ecs_guard.state.rglob("*-*.json")) == ["changed", "same"]


DELETED = "note: 1 stack was deleted after it was listed, and is left out\n"


def test_a_stack_that_is_deleted_meanwhile_is_no_error(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    deploy(server, "good", user="1000:1000")

    def answer(call: Call) -> Reply | None:
        if call.action == "DescribeStacks" and "/bad/" in call.parameters["StackName"]:
            return error("ValidationError", "Stack with id bad does not exist")
        return None

    server.answer = answer
    ran = ecs_guard.audit("--format", "json")
    assert (ran.code, ran.err) == (0, DELETED)
    assert [file["path"] for file in ran.json()["files"]] == [path("good")]


def test_a_stack_that_is_deleted_meanwhile_and_still_told_of_is_left_out(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    deploy(server, "good", user="1000:1000")
    deletes = ["bad"]

    def answer(call: Call) -> Reply | None:
        if call.action == "DescribeStacks" and deletes and f"/{deletes[0]}/" in call.parameters["StackName"]:
            client(server.endpoint).delete_stack(StackName=deletes.pop())
        return None

    server.answer = answer
    ran = ecs_guard.audit("--format", "json")
    assert (ran.code, ran.err) == (0, DELETED)
    assert [file["path"] for file in ran.json()["files"]] == [path("good")]


@pytest.mark.parametrize("action", ["GetTemplate", "DescribeStacks"])
@pytest.mark.parametrize(
    "message", ["Role arn:aws:iam::1:role/x does not exist", "Template does not exist for stack bad", "Stack with id good does not exist"]
)
def test_words_about_something_else_that_does_not_exist_hide_no_stack(
    server: Server, ecs_guard: EcsGuard, action: str, message: str
) -> None:
    deploy(server, "bad")

    def answer(call: Call) -> Reply | None:
        return error("ValidationError", message) if call.action == action else None

    server.answer = answer
    ran = ecs_guard.audit()
    assert ran.code == 2
    assert f"error: {path('bad')}: `{action}` was answered with ValidationError\n" in ran.out


def test_regions_and_profiles_are_all_looked_at_and_no_stack_twice(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "here")
    deploy(server, "there", region="us-east-1")
    configuration = ecs_guard.directory / ".aws"
    configuration.mkdir()
    (configuration / "config").write_text("[profile one]\nregion = eu-central-1\n[profile two]\nregion = us-east-1\n")
    keys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = no-secret\n"
    (configuration / "credentials").write_text(f"[one]\n{keys}[two]\n{keys}")
    regions = ("--region", REGION, "--region", "us-east-1")
    of_regions = ecs_guard.audit("--format", "json", *regions).json()
    assert [file["path"] for file in of_regions["files"]] == [path("here"), path("there", "us-east-1")]
    without_keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_REGION": None}
    profiles = ("--aws-profile", "one", "--aws-profile", "two")
    ran = ecs_guard.audit("--format", "json", *profiles, variables=without_keys)
    assert ran.json()["files"] == of_regions["files"]
    ran = ecs_guard.audit("--format", "json", *profiles, *regions, variables=without_keys)
    assert ran.json()["files"] == of_regions["files"]


def test_files_are_in_the_order_of_their_paths_whatever_the_order_of_the_regions(
    server: Server, ecs_guard: EcsGuard
) -> None:
    # A hyphen comes before a letter, and a capital before both.
    names = ("b", "a", "B", "a-1", "a1")
    regions = ("us-east-1", "ap-south-1")
    for region, name in itertools.product(regions, names):
        deploy(server, name, region=region)
    options = [option for region in regions for option in ("--region", region)]
    document = ecs_guard.audit("--format", "json", *options).json()
    expected = sorted(path(name, region) for region, name in itertools.product(regions, names))
    assert [file["path"] for file in document["files"]] == expected
    assert [stack["path"] for stack in document["tally"]["stacks"]] == expected


def test_credentials_that_are_missing_are_told_once_and_nothing_is_asked(server: Server, ecs_guard: EcsGuard) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    ran = ecs_guard.audit(variables=nobody)
    assert (ran.code, ran.out, server.calls) == (2, "", [])
    assert ran.err.startswith("error: there are no credentials from the environment: ")
    ran = ecs_guard.audit("--aws-profile", "nobody", variables=nobody)
    assert ran.code == 2
    assert ran.err.startswith("error: there are no credentials from profile nobody: ")
    ran = ecs_guard.audit(variables={"AWS_REGION": ""})
    assert (ran.code, ran.err) == (2, "error: no Region comes from the environment: give one with --region\n")


def summary(name: str, status: str, created: str = "2026-11-01T00:00:00Z") -> str:
    """One stack of ListStacks."""
    arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"
    return (
        f"<member><StackId>{arn}</StackId><StackName>{name}</StackName><StackStatus>{status}</StackStatus>"
        f"<CreationTime>{created}</CreationTime><SomethingNew>1</SomethingNew></member>"
    )


# A page of no stack, after which it comes again.
ITSELF = "<!-- -->"


def pages_of(*pages: str) -> Callable[[Call], Reply | None]:
    """Lists stacks in pages, none with a task definition; a page that is empty is refused."""

    def answer(call: Call) -> Reply | None:
        if call.action == "ListStacks":
            page = int(call.parameters.get("NextToken", "0"))
            if not pages[page]:
                return error("AccessDenied", "no", 403)
            token = f"<NextToken>{page + 1}</NextToken>" if page + 1 < len(pages) else ""
            if pages[page] == ITSELF:
                token = f"<NextToken>{page}</NextToken>"
            content = f"<StackSummaries>{pages[page]}</StackSummaries>{token}"
        elif call.action == "GetTemplate":
            content = f"<TemplateBody>{NOTHING}</TemplateBody>"
        else:
            return None
        name = call.action
        return Reply(f'<{name}Response xmlns="{NAMESPACE}"><{name}Result>{content}</{name}Result></{name}Response>'.encode())

    return answer


def test_the_list_of_stacks_has_pages_and_leaves_out_what_cannot_be_deployed(stub: Server, tmp_path: Path) -> None:
    ended = ("DELETE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
    ended += ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    first = "".join(summary(f"ended-{number}", status) for number, status in enumerate(ended))
    going_on = ("UPDATE_ROLLBACK_COMPLETE", "SOME_NEW_STATUS", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED")
    second = "".join(summary(f"there-{number}", status) for number, status in enumerate(going_on))
    stub.answer = pages_of(first, second)
    ran = EcsGuard(tmp_path, stub.endpoint).audit("--format", "json")
    assert ran.json()["summary"]["files"] == 4
    assert sorted(stack.split("/")[1] for stack in stub.about("GetTemplate")) == [f"there-{number}" for number in range(4)]


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ((summary("there", "CREATE_COMPLETE"), ""), "these credentials may not call `cloudformation:ListStacks`"),
        (
            ("<member><StackStatus>CREATE_COMPLETE</StackStatus></member>" + summary("there", "CREATE_COMPLETE"),),
            "the answer to `ListStacks` has stacks that are not understood, 1 of them",
        ),
        (
            (summary("strange", "CREATE_COMPLETE", "yesterday") + summary("there", "CREATE_COMPLETE"),),
            "the answer to `ListStacks` has stacks that are not understood, 1 of them",
        ),
        (
            (summary("there", "CREATE_COMPLETE"), ITSELF),
            "the answer to `ListStacks` leads to itself",
        ),
        (
            (summary("there", "CREATE_COMPLETE"), *["<!-- nothing -->"] * 200),
            "the answers to `ListStacks` have no end",
        ),
    ],
    ids=["page", "stack", "time", "circle", "no-end"],
)
def test_what_could_be_listed_is_judged_although_the_rest_could_not(
    stub: Server, tmp_path: Path, pages: tuple[str, ...], reason: str
) -> None:
    stub.answer = pages_of(*pages)
    ran = EcsGuard(tmp_path, stub.endpoint).audit()
    assert ran.code == 2
    assert f"error: {ACCOUNT}/{REGION}: not all of its stacks can be listed: {reason}\n" in ran.out
    assert ran.out.endswith("in 1 stack; the stacks of 1 Region cannot all be listed\n")
    assert [stack.split("/")[1] for stack in stub.about("GetTemplate")] == ["there"]


def audit_until_shown(ecs_guard: EcsGuard, pattern: str, shown: threading.Event) -> int:
    """Audits with a terminal for standard error, and tells when that has shown something; answers the exit code."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    with ecs_guard.start("audit", "--state", ecs_guard.state, variables={"TERM": "xterm"}, stderr=theirs) as started:
        os.close(theirs)
        killer = threading.Timer(PATIENCE_SECONDS, started.kill)
        killer.start()
        text = ""
        try:
            while not re.search(pattern, text):
                text += os.read(ours, 1 << 16).decode(errors="replace")
        finally:
            shown.set()
        # Linux ends with an error what nobody writes to any more.
        with contextlib.suppress(OSError):
            while os.read(ours, 1 << 16):
                pass
        started.communicate()
        killer.cancel()
    os.close(ours)
    return started.returncode


def test_a_list_shows_how_far_it_is_before_its_end(stub: Server, tmp_path: Path) -> None:
    pages = pages_of(summary("one", "CREATE_COMPLETE"), summary("two", "CREATE_COMPLETE"))
    is_shown = threading.Event()

    def answer(call: Call) -> Reply | None:
        if call.action == "ListStacks" and "NextToken" in call.parameters:
            is_shown.wait()
        return pages(call)

    stub.answer = answer
    ecs_guard = EcsGuard(tmp_path, stub.endpoint)
    assert audit_until_shown(ecs_guard, r"listing \S+ 0/1 Regions, 1 stack\b", is_shown) == 0


def test_a_standstill_is_told_and_not_estimated(stub: Server, tmp_path: Path) -> None:
    pages = pages_of("".join(summary(f"stack-{number}", "CREATE_COMPLETE") for number in range(60)))
    is_shown = threading.Event()

    def answer(call: Call) -> Reply | None:
        if call.action == "GetTemplate" and stub.count("GetTemplate") > 40:
            is_shown.wait()
        return pages(call)

    stub.answer = answer
    ecs_guard = EcsGuard(tmp_path, stub.endpoint)
    assert audit_until_shown(ecs_guard, r"fetching \S+ \d+/60, nothing new for \d+s", is_shown) == 0


def answering(action: str, content: str) -> Reply:
    """The whole of a reply."""
    return Reply(f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{content}</{action}Result></{action}Response>'.encode())


def test_a_list_that_is_not_there_is_not_an_empty_one(stub: Server, tmp_path: Path) -> None:
    stub.answer = lambda call: answering("ListStacks", "<stackSummaries></stackSummaries>")
    ran = EcsGuard(tmp_path, stub.endpoint).audit()
    assert ran.code == 2
    assert "cannot be listed: an answer to `ListStacks` has no list\n" in ran.out


@pytest.mark.parametrize("body", ["", "[]", "null", "AWS::ECS::TaskDefinition", "&lt;html>AWS::ECS::TaskDefinition&lt;/html>"])
def test_what_is_no_template_is_no_stack_without_task_definitions(stub: Server, tmp_path: Path, body: str) -> None:
    listing = f"<StackSummaries>{summary('there', 'CREATE_COMPLETE')}</StackSummaries>"
    contents = {"ListStacks": listing, "GetTemplate": f"<TemplateBody>{body}</TemplateBody>"}
    stub.answer = lambda call: answering(call.action, contents[call.action])
    ran = EcsGuard(tmp_path, stub.endpoint).audit()
    assert ran.code == 2
    assert f"error: {path('there')}: what `GetTemplate` answered is no template\n" in ran.out


@pytest.mark.parametrize("command", ["audit", "results", "status"])
@pytest.mark.parametrize("region", ["", "eu west", "eu_west", "../x"])
def test_what_can_be_no_region_is_a_mistake_of_usage(ecs_guard: EcsGuard, command: str, region: str) -> None:
    ran = ecs_guard.run(command, "--region", region)
    assert ran.code == 2
    assert "can be no Region" in ran.err and "credentials" not in ran.err


def test_a_profile_without_credentials_hides_no_other(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    options, variables = ecs_guard.profiles("one")
    ran = ecs_guard.audit("--format", "json", *options, "--aws-profile", "nobody", variables=variables)
    assert ran.code == 2
    assert ran.err.startswith("error: there are no credentials from profile nobody: ") and "\ufffd" not in ran.err
    assert [file["path"] for file in ran.json()["files"]] == [path("bad")]


def test_what_one_profile_may_not_read_another_is_asked_for(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    options, variables = ecs_guard.profiles("one", "two")
    left = [1]

    def answer(call: Call) -> Reply | None:
        if call.action != "GetTemplate" or left[0] == 0:
            return None
        left[0] -= 1
        return error("AccessDenied", "no", 403)

    server.answer = answer
    ran = ecs_guard.audit("--format", "json", *options, variables=variables)
    assert (ran.code, ran.err) == (1, "")
    assert server.count("GetTemplate") == 2
    # Where none may, each is named.
    shutil.rmtree(ecs_guard.state)
    left[0] = 2
    ran = ecs_guard.audit(*options, variables=variables)
    assert ran.code == 2
    refusal = "these credentials may not call `cloudformation:GetTemplate`"
    assert f"error: {path('bad')}: with profile one, {refusal}; with profile two, {refusal}\n" in ran.out


def test_a_profile_that_may_not_list_is_named(server: Server, ecs_guard: EcsGuard) -> None:
    options, variables = ecs_guard.profiles("one")
    server.answer = denied_to_all("ListStacks")
    ran = ecs_guard.audit(*options, variables=variables)
    assert ran.code == 2
    assert f"error: unknown account/{REGION}: its stacks cannot be listed with profile one: " in ran.out
    assert ran.out.endswith("; the stacks of 1 Region cannot all be listed\n")


def test_a_region_that_has_become_empty_is_forgotten(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "last")
    ecs_guard.audit()
    assert len(list(ecs_guard.state.rglob("last-*.json"))) == 1
    # CloudFormation lists a stack for 90 days more.
    client(server.endpoint).delete_stack(StackName="last")
    assert ecs_guard.audit().code == 0
    assert list(ecs_guard.state.rglob("last-*.json")) == []


def test_a_region_whose_list_is_empty_is_told_by_the_account_of_the_credentials(
    server: Server, ecs_guard: EcsGuard
) -> None:
    deploy(server, "last")
    ecs_guard.audit()
    server.answer = lambda call: listing_of_none if call.action == "ListStacks" else None
    listing_of_none = Reply(
        f'<ListStacksResponse xmlns="{NAMESPACE}"><ListStacksResult><StackSummaries/></ListStacksResult>'
        "</ListStacksResponse>".encode()
    )
    ecs_guard.audit()
    assert len(list(ecs_guard.state.rglob("last-*.json"))) == 1
    ecs_guard.audit(variables={"AWS_ACCOUNT_ID": ACCOUNT})
    assert list(ecs_guard.state.rglob("last-*.json")) == []


def test_every_format_has_the_stack_and_none_a_secret(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    formats = ["json", "sarif", "junit", "github", "markdown", "csv"]
    options = [option for name in formats for option in ("--format", f"{name}={name}.out")]
    ran = ecs_guard.audit(*options)
    assert ran.code == 1
    texts = {name: (ecs_guard.directory / f"{name}.out").read_text() for name in formats} | {"text": ran.out}
    for name, text in texts.items():
        assert "bad" in text and "root-user" in text, name
        assert "SECRET" not in text, name
        assert "--fix" not in text and "--parameter" not in text, name
    (row,) = csv.DictReader(io.StringIO(texts["csv"]))
    assert (row["account"], row["region"], row["stack"], row["line"]) == (ACCOUNT, REGION, "bad", "14")
    assert (row["task definition"], row["container"], row["rule"], row["result"]) == ("Task", "web", "root-user", "failure")
    assert json.loads(texts["sarif"])["runs"][0]["results"][0]["ruleId"] == "root-user"


@pytest.mark.parametrize("name", ["absolute", "relative", "link", "linked-directory", "hard-link", "lock", "new"])
def test_what_is_kept_is_not_written_over_by_results_under_any_name(
    server: Server, ecs_guard: EcsGuard, name: str
) -> None:
    deploy(server, "bad")
    ecs_guard.audit()
    (kept,) = ecs_guard.state.rglob("bad-*.json")
    before = kept.read_bytes()
    within = ecs_guard.directory
    (within / "link").symlink_to(kept)
    (within / "linked-directory").symlink_to(kept.parent)
    (within / "hard-link").hardlink_to(kept)
    names = {
        "absolute": kept,
        "relative": kept.relative_to(within),
        "linked-directory": f"linked-directory/{kept.name}",
        "lock": "state/lock",
        "new": "state/results.json",
    }
    chosen = names.get(name, name)
    # However the state is named, too.
    for state in (ecs_guard.state, "./state", f"../{within.name}/state"):
        ran = ecs_guard.run("audit", "--state", state, "--format", f"json={chosen}")
        assert ran.code == 2
        assert ran.err == f"error: {chosen} is in the audit's state, so no results are written to it\n"
        assert "What FAIL would block: 1 task definition" in ran.out
    assert kept.read_bytes() == before
    assert not (ecs_guard.state / "results.json").exists()


def test_nobody_is_told_to_give_what_a_stack_was_deployed_with(server: Server, ecs_guard: EcsGuard) -> None:
    template = TEMPLATE.replace("User: {Type: String, Default: root}", "User: {Type: String, NoEcho: true}")
    client(server.endpoint).create_stack(
        StackName="hidden", TemplateBody=template, Parameters=[{"ParameterKey": "User", "ParameterValue": "0"}]
    )
    ran = ecs_guard.audit("--verbose")
    assert "1 unknown" in ran.out and "root-user" in ran.out
    assert "--parameter" not in ran.out + ran.err


def test_two_audits_do_not_share_a_state(server: Server, ecs_guard: EcsGuard) -> None:
    deploy(server, "bad")
    ended = threading.Event()
    server.answer = lambda call: (ended.wait() and None) if call.action == "GetTemplate" else None
    with ecs_guard.start("audit", "--state", ecs_guard.state) as first:
        while not server.count("GetTemplate"):
            assert first.poll() is None
        second = ecs_guard.audit()
        ended.set()
        first.communicate()
    assert first.returncode == 1
    assert second.code == 2
    assert second.err.startswith(f"error: another audit uses {ecs_guard.state}: ")
