"""template.yaml as CloudFormation would see it.

Owns the value of an intrinsic function for given parameters, and what refers to what. Knows
CloudFormation's language and nothing of what this template declares.
"""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

from release.organization_template import Json, translate

STACK_NAME = "ecs-guard"
ACCOUNT = "123456789012"
REGION = "eu-west-1"

# What `Ref` gives for a pseudo parameter.
_PSEUDO = {
    "AWS::StackName": STACK_NAME,
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
}

_NO_VALUE = object()


class Stack:
    """A stack with given parameters, of template.yaml unless told otherwise; the others have their defaults.

    A resource's `Ref` and attributes stay symbolic, as "<LogicalId>" and "<LogicalId.Attribute>".
    """

    def __init__(self, parameters: Mapping[str, str] | None = None, template: Json | None = None) -> None:
        self.template = template or translate()
        given = dict(parameters or {})
        self._parameters = {}
        for name, declared in self.template["Parameters"].items():
            value = str(given.pop(name, declared.get("Default")))
            is_list = declared["Type"] == "CommaDelimitedList"
            # CloudFormation makes a list of one empty string of an empty parameter.
            values = [each.strip() for each in value.split(",")] if is_list else [value]
            for each in values:
                if "AllowedValues" in declared:
                    assert each in map(str, declared["AllowedValues"]), (name, each)
                if "AllowedPattern" in declared:
                    assert re.fullmatch(declared["AllowedPattern"], each), (name, each)
            self._parameters[name] = values if is_list else value
        assert not given, f"no such parameters: {list(given)}"

    def existing(self, section: str) -> list[str]:
        """The logical ids in "Resources" or "Outputs" whose condition, if any, is true."""
        return [
            key
            for key, declared in self.template[section].items()
            if "Condition" not in declared or self.holds(declared["Condition"])
        ]

    def properties(self, logical_id: str) -> Json:
        """A resource's properties, with nothing left to resolve."""
        assert logical_id in self.existing("Resources"), f"not in this stack: {logical_id}"
        return self.resolve(self.template["Resources"][logical_id]["Properties"])

    def resolve(self, node: Any) -> Any:
        """The value of `node`; a member whose value is AWS::NoValue is not there."""
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function, argument:
            case "Ref", "AWS::NoValue":
                return _NO_VALUE
            case "Ref", name:
                return self._ref(name)
            case "Fn::GetAtt", [logical_id, attribute]:
                return f"<{logical_id}.{attribute}>"
            case "Fn::If", [condition, if_true, if_false]:
                return self.resolve(if_true if self.holds(condition) else if_false)
            case "Fn::Join", [delimiter, values]:
                return delimiter.join(self.resolve(values))
            case "Fn::Split", [delimiter, value]:
                return self.resolve(value).split(delimiter)
            case "Fn::Sub", [text, variables]:
                return self._substitute(text, self.resolve(variables))
            case "Fn::Sub", str(text):
                return self._substitute(text, {})
            case "Fn::Equals", [left, right]:
                return self.resolve(left) == self.resolve(right)
            case "Fn::Not", [condition]:
                return not self.resolve(condition)
        raise NotImplementedError(f"{function}: {argument}")

    def holds(self, condition: str) -> bool:
        """Whether a condition is true."""
        return self.resolve(self.template["Conditions"][condition])

    def _ref(self, name: str) -> Any:
        if name in self._parameters:
            return self._parameters[name]
        if name in _PSEUDO:
            return _PSEUDO[name]
        assert name in self.template["Resources"], f"Ref to nothing: {name}"
        return f"<{name}>"

    def _substitute(self, text: str, variables: Json) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda match: variables.get(match[1]) or self._ref(match[1]), text)


def of_type(template: Json, resource_type: str) -> list[str]:
    """The logical ids of all resources of a type."""
    return [key for key, resource in template["Resources"].items() if resource["Type"] == resource_type]


def references(template: Json, logical_id: str) -> set[str]:
    """The resources that `logical_id` refers to, and which CloudFormation therefore deletes after it."""
    text = json.dumps(template["Resources"][logical_id])
    found = set(re.findall(r'\{"Ref": "([^"]+)"\}', text))
    found |= set(re.findall(r'\{"Fn::GetAtt": \["([^"]+)"', text))
    for sub in re.findall(r'"Fn::Sub": \[?"((?:[^"\\]|\\.)*)"', text):
        found |= set(re.findall(r"\$\{([A-Za-z0-9]+)[.}]", sub))
    depends_on = template["Resources"][logical_id].get("DependsOn", [])
    found |= {depends_on} if isinstance(depends_on, str) else set(depends_on)
    return found & set(template["Resources"])


def outlives(template: Json, logical_id: str) -> set[str]:
    """Every resource that exists as long as `logical_id` does."""
    found: set[str] = set()
    to_visit = {logical_id}
    while to_visit:
        new = references(template, to_visit.pop()) - found
        found |= new
        to_visit |= new
    return found


def combinations(choices: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """Every way to choose one value for each parameter."""
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
