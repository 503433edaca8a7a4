"""The IAM policies that the commands print: of actions that there are, each on what it takes and on no more."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest

from .command import ACCOUNT, REGION, EcsGuard

# cfn-lint has the list of all services' actions, by their names in small letters, and of what resources each takes.
LISTED = json.loads((Path(cfnlint.data.AdditionalSpecs.__file__).parent / "Policies.json").read_text())
ARNS = {
    "stack": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/orders-api/1a23",
    "function": f"arn:aws-cn:lambda:{REGION}:{ACCOUNT}:function:ecs-guard:live",
}


def problems(statement: dict[str, Any]) -> list[str]:
    """What is wrong with one statement that allows actions on one resource."""
    found = []
    for action in statement["Action"]:
        service, name = action.lower().split(":")
        known = LISTED[service]["Actions"].get(name)
        if known is None:
            found.append(f"there is no {action}")
        elif not known.get("Resources"):
            found += [f"{action} takes only *"] if statement["Resource"] != "*" else []
        elif not any(fnmatchcase(ARNS[kind], statement["Resource"]) for kind in known["Resources"]):
            found.append(f"{action} takes {known['Resources']}")
        elif statement["Resource"] == "*":
            found.append(f"{action} is allowed on more than {known['Resources']}")
    return found


@pytest.mark.parametrize("command", ["audit", "results", "status"])
def test_what_a_command_needs_can_be_granted_as_it_is_printed(tmp_path: Path, command: str) -> None:
    policy = EcsGuard(tmp_path, "http://127.0.0.1:1").run(command, "--print-iam-policy").json()
    assert policy["Version"] == "2012-10-17"
    assert [problems(statement) for statement in policy["Statement"]] == [[] for _ in policy["Statement"]]
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        assert all(action.split(":")[1].startswith(("BatchDescribe", "Describe", "Get", "List")) for action in statement["Action"])


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudformation:ListStacks", "arn:*:cloudformation:*:*:stack/*"),
        ("cloudformation:GetTemplate", "*"),
        ("cloudformation:GetTemplate", "arn:*:lambda:*:*:function:*"),
        ("cloudformation:NoSuchAction", "*"),
    ],
)
def test_what_could_not_be_granted_so_would_be_found(action: str, resource: str) -> None:
    assert problems({"Action": [action], "Resource": resource})
