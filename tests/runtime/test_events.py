"""Every event in events/ gets exactly the answer beside it, from one process, and leaks nothing."""

import json

import pytest

from .conftest import Run
from .emulator import Emulator
from .events import Case, canaries, canonical, cases, parse, presigned_urls

# Bodies that are no hook event, from nothing at all to what exhausts a careless parser.
UNREADABLE = {
    "empty": b"",
    "truncated": b'{"clientRequestToken": "a-token", "requestData": {"targetName": "AWS::ECS::Task',
    "invalid UTF-8": b'{"clientRequestToken": "\xff\xfe"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "not JSON": b"ContainerDefinitions: []",
    "null": b"null",
    "number": b"1",
    "string": b'"AWS::ECS::TaskDefinition"',
    "array": b"[{}]",
    "empty object": b"{}",
    "request data of another type": b'{"clientRequestToken": "a-token", "requestData": []}',
    "deeply nested": b'{"requestData": ' + b"[" * 200_000,
    "deeply nested, balanced": b"[" * 100_000 + b"]" * 100_000,
    "five megabytes of nothing": b'{"a": "' + b"x" * 5_000_000 + b'"}',
}


def test_there_are_events() -> None:
    assert cases()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answer(case: Case, run: Run) -> None:
    assert not case.missing, "an event and its expected answer come in pairs"
    assert canonical(parse(run.answers[case])) == canonical(case.expected)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answer_does_not_depend_on_what_came_before(case: Case, run: Run) -> None:
    assert run.again[case] == run.answers[case]


def test_one_process_answers_every_event(run: Run) -> None:
    assert run.starts == 1, run.stderr


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_event_is_an_internal_failure_and_the_next_event_is_answered(
    body: bytes, emulator: Emulator, run: Run
) -> None:
    answer = parse(emulator.invoke(body))
    assert (answer.get("hookStatus"), answer.get("errorCode")) == ("FAILED", "InternalFailure"), answer
    assert answer.get("message"), "an internal failure says what is wrong"

    case = next(case for case in cases() if case.expected.get("hookStatus") == "SUCCESS")
    assert canonical(parse(emulator.invoke(case.event))) == canonical(case.expected)
    assert emulator.starts == 1, emulator.stderr


def test_every_line_of_the_log_is_one_json_object(run: Run) -> None:
    lines = run.stdout.splitlines()
    assert lines, "the function logged nothing"
    for line in lines:
        assert isinstance(json.loads(line), dict), line


def test_events_hold_secrets_to_look_for() -> None:
    """Otherwise the next test would pass by looking for nothing."""
    assert any(canaries(case.event) for case in cases())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_log_holds_no_presigned_url_and_no_environment_value(case: Case, run: Run) -> None:
    for canary in canaries(case.event):
        # A log line is JSON, where a character may be escaped.
        for written in (canary, json.dumps(canary)[1:-1], json.dumps(canary, ensure_ascii=False)[1:-1]):
            assert written not in run.stdout
            assert written not in run.stderr


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answer_holds_no_presigned_url(case: Case, run: Run) -> None:
    answer = run.answers[case].decode()
    for url in presigned_urls(case.event):
        address, _, credential = url.partition("?")
        assert address not in answer
        assert not credential or credential not in answer
