"""What the deployed hook said, as AWS keeps it."""

from pathlib import Path

import pytest

from .command import ACCOUNT, REGION, EcsGuard
from .conftest import client
from .replies import ALIAS, STACK_ALIAS, Hooks, annotation, detailed, hook_arn, listed, reply
from .server import Call, Reply, Server, denied_to_all, error, throttled

DAYS = ("--days", "3650")


@pytest.fixture
def hooks(stub: Server) -> Hooks:
    hooks = Hooks(stub)
    hooks.results = [
        [listed(1, "HOOK_COMPLETE_FAILED"), listed(2, "HOOK_COMPLETE_SUCCEEDED", at="2026-11-02T00:00:00Z")],
        [listed(3, "HOOK_COMPLETE_FAILED"), listed(4, "HOOK_FAILED", "billing"), listed(5, "HOOK_NEW_WORD")],
    ]
    privileged = annotation("privileged-container", SeverityLevel="CRITICAL", RemediationMessage="Remove it.")
    passed = [annotation("blocking-awslogs", "PASSED"), annotation("host-device", "SKIPPED")]
    of = {
        1: detailed(1, privileged, annotation("root-user", SeverityLevel="HIGH"), *passed),
        3: detailed(3, annotation("root-user", SeverityLevel="HIGH")),
        4: detailed(4),
    }
    hooks.details = {details["HookResultId"]: details for details in of.values()}
    return hooks


@pytest.fixture
def ecs_guard(stub: Server, tmp_path: Path) -> EcsGuard:
    return EcsGuard(tmp_path, stub.endpoint)


def test_the_replies_are_what_aws_own_parser_takes(stub: Server, hooks: Hooks) -> None:
    cloudformation = client(stub.endpoint)
    results = cloudformation.list_hook_results(TypeArn=hook_arn(ALIAS))
    assert [result["Status"] for result in results["HookResults"]] == ["HOOK_COMPLETE_FAILED", "HOOK_COMPLETE_SUCCEEDED"]
    details = cloudformation.get_hook_result(HookResultId=results["HookResults"][0]["HookResultId"])
    assert [one["Status"] for one in details["Annotations"]] == ["FAILED", "FAILED", "PASSED", "SKIPPED"]
    assert details["Target"]["TargetId"] == "Task"
    assert cloudformation.describe_type(Type="HOOK", TypeName=ALIAS)["Arn"] == hook_arn(ALIAS)


def test_results_are_grouped_by_rule_and_target(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("results", *DAYS)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        f"{ALIAS} in {REGION}: 5 invocations, 2026-11-02 to 2026-11-20\n"
        "  1 passed, 2 failed, 1 without an answer, 1 HOOK_NEW_WORD\n"
        "  let go on in failure mode WARN, which FAIL would block: 3\n"
        "  by rule\n"
        "    root-user (HIGH): 2 invocations\n"
        "      orders-api/Task  2: why\n"
        "    privileged-container (CRITICAL): 1 invocation\n"
        "      orders-api/Task  1: why\n"
        "  without an answer\n"
        "    billing/Task  1: `Task` is blocked by 1 rule.\n"
    )
    # What passed has no details to ask for.
    assert stub.count("GetHookResult") == 3
    assert [call.parameters["TypeArn"] for call in stub.calls if call.action == "ListHookResults"] == [hook_arn(ALIAS)] * 2


def test_programs_get_the_same(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("results", "--json", *DAYS)
    (hook,) = ran.json()["hooks"]
    assert (hook["alias"], hook["region"], hook["invocations"], hook["stopped"]) == (ALIAS, REGION, 5, {"WARN": 3})
    assert hook["rules"][0] == {
        "name": "root-user",
        "severity": "HIGH",
        "invocations": 2,
        "targets": {"orders-api/Task": 2},
        "reasons": {"orders-api/Task": "why"},
    }


def test_the_latest_reason_is_shown_on_one_line_and_whole_to_programs(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    times = ("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z", "2026-11-18T10:00:00Z")
    hooks.results = [[listed(number, "HOOK_COMPLETE_FAILED", at=at) for number, at in enumerate(times)]]
    latest = "Container `web` runs as root.\n\x1b[31m\u202e" + "Set `User`. " * 100
    reasons = ("old", latest.replace("\x1b", "\x9b"), "older")
    details = [detailed(number, annotation("root-user", StatusMessage=reason)) for number, reason in enumerate(reasons)]
    hooks.details = {one["HookResultId"]: one for one in details}
    (line,) = [line for line in ecs_guard.run("results", *DAYS).out.splitlines() if "orders-api/Task" in line]
    assert line.startswith("      orders-api/Task  3: Container `web` runs as root. \ufffd[31m\ufffdSet `User`. Set ")
    assert line.endswith("…") and len(line) < 400
    (hook,) = ecs_guard.run("results", "--json", *DAYS).json()["hooks"]
    assert hook["rules"][0]["reasons"] == {"orders-api/Task": reasons[1]}


def test_a_failure_that_names_no_rule_gives_the_reason_of_the_hook(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    why = "ecs-guard failed: the policy is broken"
    hooks.results = [[{**listed(1, "HOOK_COMPLETE_FAILED"), "HookStatusReason": why}, listed(2, "HOOK_COMPLETE_FAILED", "billing")]]
    ours = detailed(1)
    hooks.details = {ours["HookResultId"]: ours}
    ran = ecs_guard.run("results", *DAYS)
    assert f"    no rule named: 1 invocation\n      orders-api/Task  1: {why}\n" in ran.out
    assert "    rules that could not be seen: 1 invocation\n      billing  1: `Task` is blocked by 1 rule.\n" in ran.out


def test_a_rule_that_only_warns_is_not_what_fail_would_block(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.results = [[listed(1, "HOOK_COMPLETE_FAILED")]]
    root_user = annotation("root-user", SeverityLevel="HIGH")
    device = annotation("host-device", SeverityLevel="LOW", StatusMessage="Warning only: `web` has /dev/fuse.")
    details = detailed(1, root_user, root_user, device)
    hooks.details = {details["HookResultId"]: details}
    ran = ecs_guard.run("results", *DAYS)
    assert ran.out.endswith(
        "  let go on in failure mode WARN, which FAIL would block: 1\n"
        "  by rule\n"
        "    root-user (HIGH): 1 invocation\n"
        "      orders-api/Task  1: why\n"
        "  warned of there, which blocks nothing\n"
        "    host-device (LOW): 1 invocation\n"
        "      orders-api/Task  1: Warning only: `web` has /dev/fuse.\n"
    )
    (hook,) = ecs_guard.run("results", "--json", *DAYS).json()["hooks"]
    assert [rule["name"] for rule in hook["rules"]] == ["root-user"]
    assert [rule["name"] for rule in hook["warnings"]] == ["host-device"]


def test_whose_results_they_are_is_told(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    options, variables = ecs_guard.profiles("one", "two")
    ran = ecs_guard.run("results", *DAYS, *options, variables=variables)
    for name in ("one", "two"):
        assert f"{ALIAS} in {REGION} with profile {name} (account {ACCOUNT}): 5 invocations" in ran.out
    seen = ecs_guard.run("results", "--json", *DAYS, *options, variables=variables).json()["hooks"]
    assert [(hook["profile"], hook["account"]) for hook in seen] == [("one", ACCOUNT), ("two", ACCOUNT)]
    hooks.hooks = {}
    ran = ecs_guard.run("results", *options, variables=variables)
    assert f"there is no hook {ALIAS} in {REGION} with profile two: " in ran.err


def test_only_what_is_recent_counts(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.results = [[listed(1, "HOOK_COMPLETE_FAILED", at="2020-01-01T00:00:00Z")]]
    ran = ecs_guard.run("results")
    assert (ran.code, ran.out) == (0, f"{ALIAS} in {REGION}: 0 invocations\n")


def test_only_what_the_printed_policy_allows_is_called(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    statements = ecs_guard.run("results", "--print-iam-policy").json()["Statement"]
    assert stub.calls == []
    ecs_guard.run("results", *DAYS)
    # Results of one hook are listed by the right to list them all.
    called = {f"cloudformation:{call.action}".replace("ListHook", "ListAllHook") for call in stub.calls}
    assert called == {action for statement in statements for action in statement["Action"]}


def test_what_the_model_does_not_know_is_read_all_the_same(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    new = {**listed(1, "HOOK_COMPLETE_FAILED"), "InvocationPoint": "POST", "FailureMode": "ASK", "New": {"A": 1}}
    hooks.results = [[new, {"Status": "HOOK_COMPLETE_FAILED"}]]
    details = detailed(1, annotation("a-rule", SeverityLevel="APOCALYPTIC"), {"Status": "FAILED"}, target="CHANGE_SET")
    hooks.details = {details["HookResultId"]: details}
    ran = ecs_guard.run("results", *DAYS)
    assert (ran.code, ran.err) == (1, "")
    assert "not passed in failure mode ASK: 1\n" in ran.out
    assert "    a-rule (APOCALYPTIC): 1 invocation\n      orders-api  1: why\n" in ran.out
    assert "    rules that could not be seen: 1 invocation\n      unknown target  1\n" in ran.out


@pytest.mark.parametrize("status", ["FAILED", "failed", "FAILURE", "SOMETHING_NEW", None])
def test_whatever_word_says_that_a_rule_was_violated_names_the_rule(hooks: Hooks, ecs_guard: EcsGuard, status: str | None) -> None:
    hooks.results = [[listed(1, "hook_complete_failed")]]
    passed = [annotation("host-device", "PASSED"), annotation("host-pid-mode", "skipped")]
    details = detailed(1, {**annotation("root-user"), "Status": status}, *passed)
    hooks.details = {details["HookResultId"]: details}
    (hook,) = ecs_guard.run("results", "--json", *DAYS).json()["hooks"]
    assert [rule["name"] for rule in hook["rules"]] == ["root-user"]


@pytest.mark.parametrize(("ending", "code"), [("HOOK_IN_PROGRESS", 0), ("HOOK_SOMETHING_NEW", 1), (None, 1)])
def test_an_ending_that_is_not_understood_is_no_evidence(hooks: Hooks, ecs_guard: EcsGuard, ending: str | None, code: int) -> None:
    hooks.results = [[listed(1, "HOOK_COMPLETE_SUCCEEDED"), {**listed(2, ""), "Status": ending}]]
    assert ecs_guard.run("results", *DAYS).code == code


def test_pages_without_end_are_told(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.results = [[]] * 200
    ran = ecs_guard.run("results")
    assert ran.code == 2
    assert ran.err.endswith("the answers to `ListHookResults` have no end\n")
    assert stub.count("ListHookResults") == 100


def test_a_time_that_is_none_hides_nothing(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.results[1][0]["InvokedAt"] = "yesterday"
    hooks.details[hooks.results[1][0]["HookResultId"]]["InvokedAt"] = ""
    ran = ecs_guard.run("results", *DAYS)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(f"{ALIAS} in {REGION}: 5 invocations, 2026-11-02 to 2026-11-20\n")
    assert "    root-user (HIGH): 2 invocations\n" in ran.out


def test_details_that_are_gone_are_told_and_the_rest_is_shown(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.details = {}
    ran = ecs_guard.run("results", *DAYS)
    assert ran.code == 2
    assert "2 failed" in ran.out and "    rules that could not be seen: 2 invocations" in ran.out
    assert ran.err == (
        f"error: {ALIAS} in {REGION}: of 3 of its results the rules are not known: "
        "`GetHookResult` was answered with HookResultNotFoundException\n"
    )


def test_a_hook_that_is_not_there_is_told(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.hooks = {}
    ran = ecs_guard.run("results")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: there is no hook {ALIAS} in {REGION}: `ecs-guard status` says what to do\n"


def test_the_second_hook_is_shown_where_it_is(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    hooks.hooks[STACK_ALIAS] = {"Arn": hook_arn(STACK_ALIAS), "TypeName": STACK_ALIAS}
    ran = ecs_guard.run("results", *DAYS)
    assert f"\n\n{STACK_ALIAS} in {REGION}: 5 invocations" in ran.out


def test_throttling_is_waited_for_and_refusal_is_told(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    of_hooks = stub.answer
    throttle = throttled("GetHookResult", 2)
    stub.answer = lambda call: throttle(call) or of_hooks(call)
    assert ecs_guard.run("results", *DAYS).code == 1
    assert stub.count("GetHookResult") == 5
    stub.answer = lambda call: denied_to_all("ListHookResults")(call) or of_hooks(call)
    ran = ecs_guard.run("results", *DAYS)
    assert (ran.code, ran.out) == (2, "")
    assert "these credentials may not call `cloudformation:ListAllHookResults`" in ran.err


def test_pages_that_were_read_are_shown_though_a_later_one_was_refused(
    stub: Server, hooks: Hooks, ecs_guard: EcsGuard
) -> None:
    of_hooks = stub.answer
    refused = denied_to_all("ListHookResults")
    stub.answer = lambda call: ("NextToken" in call.parameters and refused(call)) or of_hooks(call)
    ran = ecs_guard.run("results", *DAYS)
    assert ran.code == 2
    assert ran.out.startswith(f"{ALIAS} in {REGION}: 2 invocations, ")
    assert "not all of its results could be listed: these credentials may not call" in ran.err
    document = ecs_guard.run("results", "--json", *DAYS).json()
    assert document["hooks"][0]["failed"] == 1
    assert len(document["errors"]) == 1 and "not all of its results" in document["errors"][0]


def test_a_service_that_fails_is_given_up_soon(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    of_hooks = stub.answer
    broken = error("InternalFailure", "no", 500)
    stub.answer = lambda call: broken if call.action == "ListHookResults" else of_hooks(call)
    ran = ecs_guard.run("results", *DAYS)
    assert (ran.code, ran.out) == (2, "")
    assert "`ListHookResults` was answered with InternalFailure" in ran.err
    assert stub.count("ListHookResults") == 4


def test_a_hook_of_another_name_that_is_not_there_is_told(hooks: Hooks, ecs_guard: EcsGuard) -> None:
    ran = ecs_guard.run("results", "--hook", "nope", "--region", REGION, "--region", REGION)
    assert ran.code == 2
    # A Region that is named twice is looked at once.
    assert ran.err == (
        f"error: there is no hook nope in {REGION}: "
        "the name is the hook's alias, with two `::` in it as EcsGuard::TaskDefinition::Hook has\n"
    )


@pytest.mark.parametrize("body", [b"<html>", b"<ListHookResultsResponse><ListHookResultsResult><HookResults>", b"{}"])
def test_a_reply_that_is_none_is_told(stub: Server, hooks: Hooks, ecs_guard: EcsGuard, body: bytes) -> None:
    of_hooks = stub.answer
    stub.answer = lambda call: Reply(body) if call.action == "ListHookResults" else of_hooks(call)
    ran = ecs_guard.run("results")
    assert (ran.code, ran.out) == (2, "")
    assert "`ListHookResults`" in ran.err and "is not understood" in ran.err


def test_pages_that_lead_to_themselves_end(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    of_hooks = stub.answer

    def answer(call: Call) -> Reply | None:
        if call.action == "ListHookResults":
            return reply(call.action, {"HookResults": [], "NextToken": "again"})
        return of_hooks(call)

    stub.answer = answer
    ran = ecs_guard.run("results")
    assert ran.code == 2
    assert "the answer to `ListHookResults` leads to itself" in ran.err


def test_no_results_are_no_error(stub: Server, hooks: Hooks, ecs_guard: EcsGuard) -> None:
    of_hooks = stub.answer
    none = error("HookResultNotFoundException", "none", 404)
    stub.answer = lambda call: none if call.action == "ListHookResults" else of_hooks(call)
    ran = ecs_guard.run("results")
    assert (ran.code, ran.out, ran.err) == (0, f"{ALIAS} in {REGION}: 0 invocations\n", "")
