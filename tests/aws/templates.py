"""Templates as moto can deploy them, many times over.

Owns what is deployed: the templates in `stacks/`, which are the project's own and stay as they are, and those of the corpus,
each reduced to its task definitions, with the parameters, mappings and conditions that they use. What only a deployment would
tell, attributes and exports included, becomes the name of an inert resource. Knows nothing of how they are judged.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

from .command import REPOSITORY

CORPUS = REPOSITORY.parent / "shared" / "corpus"
OWN = Path(__file__).parent / "stacks"

OF_STORE = "AWS::SSM::Parameter::Value<"
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
# Something that moto deploys and whose name only the deployment tells.
INERT = {"Type": "AWS::SNS::Topic"}


@dataclass(frozen=True)
class Deployable:
    """A template that can be deployed, and values for its parameters."""

    source: str
    text: str
    parameters: dict[str, dict[str, Any]]

    def values(self, turn: int) -> dict[str, str]:
        """Values that the parameters may have; each turn has others where there is a choice."""
        return {name: _value(name, definition, turn) for name, definition in self.parameters.items()}

    @property
    def hidden(self) -> set[str]:
        """The parameters whose values nobody may see."""
        return {name for name, definition in self.parameters.items() if _is_true(definition.get("NoEcho"))}

    @property
    def looked_up(self) -> list[str]:
        """The parameters whose values are names in the Parameter Store."""
        return [name for name, definition in self.parameters.items() if definition["Type"].startswith(OF_STORE)]

    def with_values_of_store(self) -> str:
        """As text of the same length, with those parameters as such that are given what the store holds."""
        of_store = re.escape(OF_STORE) + r"([^<>]*|List<[^<>]*>)>(\"?)"
        return re.sub(of_store, lambda found: f"{found[1]}{found[2]}".ljust(len(found[0])), self.text)


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _value(name: str, definition: dict[str, Any], turn: int) -> str:
    choices = definition.get("AllowedValues") or ([definition["Default"]] if "Default" in definition else [])
    if not choices and definition["Type"] == "Number":
        choices = [definition.get("MinValue", 1)]
    value = choices[turn % len(choices)] if choices else f"{name.lower()}-{turn}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_attributes(node: Any) -> Any:
    """A part of a template in which the names of resources stand for their attributes, and for what others export."""
    match node:
        case {"Fn::GetAtt": [str(name), *_]}:
            return {"Ref": name}
        case {"Fn::GetAtt": str(name)}:
            return {"Ref": name.partition(".")[0]}
        case {"Fn::ImportValue": _}:
            return {"Ref": "Imported"}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": re.sub(r"\$\{([A-Za-z0-9]+)\.[A-Za-z0-9.]+\}", r"${\1}", text)}
        case dict():
            return {key: _without_attributes(value) for key, value in node.items()}
        case list():
            return [_without_attributes(item) for item in node]
    return node


def _references(node: Any) -> Iterator[str]:
    """What a part of a template refers to, by name."""
    match node:
        case {"Ref": str(name), **rest} if not rest:
            yield name
        case {"Condition": str(name), **rest} if not rest:
            yield name
        case {"Fn::FindInMap": [str(name), *_]} | {"Fn::If": [str(name), *_]}:
            yield name
    match node:
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            yield from re.findall(r"\$\{([A-Za-z0-9:]+)\}", text)
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _references(below)


def _reduced(source: str, whole: dict[str, Any]) -> Deployable | None:
    whole = _without_attributes(whole)
    sections = {name: dict(whole.get(name) or {}) for name in ("Parameters", "Mappings", "Conditions", "Resources")}
    sections["Resources"].setdefault("Imported", INERT)
    tasks = {
        name: {key: resource[key] for key in ("Type", "Condition", "Properties") if key in resource}
        for name, resource in sections["Resources"].items()
        if isinstance(resource, dict) and resource.get("Type") == TASK_DEFINITION
    }
    if not tasks:
        return None
    kept: dict[str, dict[str, Any]] = {"Parameters": {}, "Mappings": {}, "Conditions": {}, "Resources": dict(tasks)}
    wanted = [name for task in tasks.values() for name in [*_references(task), task.get("Condition", "")]]
    while wanted:
        name = wanted.pop()
        if name in kept["Resources"]:
            continue
        if name in sections["Resources"]:
            kept["Resources"][name] = dict(INERT)
        for section in ("Parameters", "Mappings", "Conditions"):
            if name in sections[section] and name not in kept[section]:
                kept[section][name] = sections[section][name]
                wanted += _references(sections[section][name])
    # As text, in which the order is that of the source.
    text = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", **kept}, indent=1)
    return Deployable(source, text, kept["Parameters"])


def _templates(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if path.suffix in (".json", ".yaml", ".yml", ".template") and path.is_file():
            yield path


def own() -> list[Deployable]:
    """The project's own, each of which shows something else."""
    paths = list(_templates(OWN))
    return [Deployable(path.name, path.read_text(), yaml_parse(path.read_text()).get("Parameters", {})) for path in paths]


def corpus() -> list[Deployable]:
    """Those of the corpus that can be reduced."""
    found = []
    for path in _templates(CORPUS):
        try:
            whole = yaml_parse(path.read_text())
        except Exception:  # noqa: BLE001 - what is no YAML is no template, whatever is wrong with it
            continue
        if isinstance(whole, dict) and isinstance(whole.get("Resources"), dict):
            template = _reduced(path.name, whole)
            if template is not None:
                found.append(template)
    return found
