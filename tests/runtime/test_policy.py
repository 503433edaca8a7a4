"""The function finds its policy where the documentation says, and a broken one never ends it.

Owns the policies that are laid beside the function; what a policy may say is tested in Rust.
"""

import json
from pathlib import Path

import pytest

from .emulator import REPOSITORY, Emulator

FAILING = (REPOSITORY / "events" / "resource-create-noncompliant.json").read_bytes()
DELETE = (REPOSITORY / "events" / "resource-delete.json").read_bytes()

ALL_OFF = "rules: {%s}" % ", ".join(
    f"{rule}: {{level: off}}"
    for rule in (
        "privileged-container",
        "writable-root-filesystem",
        "root-user",
        "added-linux-capabilities",
        "blocking-awslogs",
    )
)


def policy_file(task: Path, kind: str) -> None:
    path = task / "ecs-guard.yaml"
    match kind:
        case "unknown rule":
            path.write_text("on-internal-error: allow\nrules: {root-usr: {level: off}}\n")
        case "not YAML":
            path.write_text("rules: {root-user: ")
        case "not UTF-8":
            path.write_bytes(b"# \xff\n")
        case "a directory":
            path.mkdir()
        case "missing":
            pass


@pytest.mark.parametrize("kind", ["unknown rule", "not YAML", "not UTF-8", "a directory", "missing"])
def test_a_broken_policy_denies_every_event_readably(task: Path, tmp_path: Path, kind: str) -> None:
    policy_file(task, kind)
    with Emulator(task, tmp_path / "scratch") as function:
        answers = [json.loads(function.invoke(event)) for event in (FAILING, DELETE, b"", FAILING)]
    for answer in answers:
        assert (answer["hookStatus"], answer["errorCode"]) == ("FAILED", "InternalFailure")
        assert "ecs-guard.yaml" in answer["message"], answer["message"]
    assert answers[0]["clientRequestToken"] == json.loads(FAILING)["clientRequestToken"]
    assert function.starts == 1
    if kind == "unknown rule":
        assert "line 2, column 9: unknown rule `root-usr`" in answers[0]["message"]


def test_the_variable_names_another_policy(task: Path, tmp_path: Path) -> None:
    (task / "ecs-guard.yaml").write_text("")
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(ALL_OFF)
    with Emulator(task, tmp_path / "beside") as function:
        assert json.loads(function.invoke(FAILING))["hookStatus"] == "FAILED"
    with Emulator(task, tmp_path / "named", {"ECS_GUARD_POLICY": str(elsewhere)}) as function:
        assert json.loads(function.invoke(FAILING))["hookStatus"] == "SUCCESS"
    with Emulator(task, tmp_path / "empty", {"ECS_GUARD_POLICY": ""}) as function:
        assert json.loads(function.invoke(FAILING))["hookStatus"] == "FAILED"
