"""What the deployed binary asks CloudFormation, with Lambda's own credentials, and what becomes of the answer.

Owns a server that plays CloudFormation. Every way an answer can fail is tested in Rust; here is what needs the function's
environment, its log and its process.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from .conftest import Run
from .emulator import Emulator
from .events import EVENTS
from .server import Handler, serving

FAILING = EVENTS / "resource-create-noncompliant.json"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-key",
    "AWS_SESSION_TOKEN": "canary-session-token",
}

RULES = "[privileged-container, writable-root-filesystem, root-user, added-linux-capabilities, blocking-awslogs]"
BY_TAG = f"exceptions: [{{rules: {RULES}, stack-tags: {{team: shop}}, reason: being rebuilt}}]\n"
BY_ACCOUNT = f"exceptions: [{{rules: {RULES}, account: '999999999999', reason: being rebuilt}}]\n"

_STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
<member><StackId>{id}</StackId><StackName>shop</StackName><StackStatus>CREATE_IN_PROGRESS</StackStatus>
<CreationTime>2027-01-01T00:00:00Z</CreationTime><Tags><member><Key>team</Key><Value>{team}</Value></member></Tags></member>
</Stacks></DescribeStacksResult></DescribeStacksResponse>"""

_DENIED = b"""<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>canary-message</Message></Error></ErrorResponse>"""


class CloudFormation:
    """What was asked, and what is answered: the tag `team` of every stack, a refusal, or nothing at all."""

    def __init__(self, team: str | None) -> None:
        self.asked: list[str] = []
        self.team = team
        self.over = threading.Event()

    @contextmanager
    def serve(self) -> Iterator[dict[str, str]]:
        """Serves until the context ends; yields the environment of a function that asks here."""
        owner = self

        class Answering(Handler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                owner.asked.append(form["Action"][0])
                assert "Credential=AKIAEXAMPLE/" in self.headers["Authorization"]
                assert self.headers["X-Amz-Security-Token"] == CREDENTIALS["AWS_SESSION_TOKEN"]
                if owner.team is None:
                    self.answer(403, _DENIED)
                elif owner.team == "silent":
                    owner.over.wait()
                else:
                    self.answer(200, _STACK.format(id=form["StackName"][0], team=owner.team).encode())

        with serving(Answering) as endpoint:
            yield CREDENTIALS | {"ECS_GUARD_TEST_CLOUDFORMATION_ENDPOINT": endpoint}
        self.over.set()


def answers(task: Path, policy: str, cloudformation: CloudFormation, count: int = 1) -> list[dict[str, str]]:
    """What a function with this policy answers to a failing event, sent so many times."""
    (task / "ecs-guard.yaml").write_text(policy)
    with (
        cloudformation.serve() as environment,
        Emulator(task, task.parent / f"scratch-{len(list(task.parent.iterdir()))}", environment) as function,
    ):
        answers = [json.loads(function.invoke(FAILING.read_bytes())) for _ in range(count)]
    assert function.starts == 1, function.diagnosis()
    for text in (json.dumps(answers), function.stdout, function.stderr):
        assert "canary" not in text
    return answers


def test_a_tag_excuses_the_stack_that_carries_it(task: Path) -> None:
    for team, status in [("shop", "SUCCESS"), ("other", "FAILED")]:
        cloudformation = CloudFormation(team)
        (answer,) = answers(task, BY_TAG, cloudformation)
        assert answer["hookStatus"] == status, answer
        assert cloudformation.asked == ["DescribeStacks"]


def test_each_event_is_one_question_of_its_own(task: Path) -> None:
    cloudformation = CloudFormation("shop")
    answers(task, BY_TAG, cloudformation, count=3)
    assert cloudformation.asked == ["DescribeStacks"] * 3


def test_a_function_that_may_not_ask_says_how_it_might(task: Path) -> None:
    cloudformation = CloudFormation(None)
    (answer,) = answers(task, BY_TAG, cloudformation)
    assert (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "NonCompliant")
    assert "deployed with `DescribeStacks=on`" in answer["message"]
    assert cloudformation.asked == ["DescribeStacks"]


def test_a_service_that_hangs_costs_the_exception_and_not_the_answer(task: Path) -> None:
    cloudformation = CloudFormation("silent")
    (answer,) = answers(task, BY_TAG, cloudformation)
    assert (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "NonCompliant")
    assert "`DescribeStacks` was not answered in time" in answer["message"]


@pytest.mark.parametrize("policy", ["", BY_ACCOUNT, "change-set-parameters: describe\n"])
def test_without_an_exception_by_tag_nobody_is_asked(task: Path, policy: str) -> None:
    cloudformation = CloudFormation("shop")
    (answer,) = answers(task, policy, cloudformation)
    assert answer["hookStatus"] == "FAILED"
    assert cloudformation.asked == []


def test_the_policy_that_is_deployed_asks_nobody(run: Run) -> None:
    """Its events, sent by another test, have no CloudFormation to ask: an answer that wanted one would say so."""
    texts = [*run.answers.values(), *run.again.values()]
    assert texts
    assert not [text for text in texts if b"DescribeStacks" in text or b"DescribeChangeSet" in text]
