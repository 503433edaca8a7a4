"""The cases in events/, and what of an event must never reach a log.

Owns file names and the reading of JSON. Knows of an event's shape only where it holds what is secret:
the presigned URL of a payload and the values of environment variables.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .emulator import REPOSITORY

# Elsewhere only when the tests of this folder are themselves being worked on.
EVENTS = Path(os.environ.get("ECS_GUARD_EVENTS", REPOSITORY / "events"))

_EXPECTED = ".expected.json"

# A shorter string turns up in a log by chance.
_SHORTEST_CANARY = 4

# The keys whose values are secret; of the second, only within an environment.
PAYLOAD = "payload"
ENVIRONMENT = "Value"
_IN_UNREADABLE_TEXT = re.compile(rf'"({PAYLOAD}|{ENVIRONMENT})"\s*:\s*"((?:[^"\\]|\\.)*)')


def parse(text: bytes | str) -> Any:
    """Strict JSON: an object that names a key twice means different things to different readers."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError(f"duplicate key among {[key for key, _ in pairs]}")
        return found

    return json.loads(text, object_pairs_hook=unique)


def canonical(value: Any) -> str:
    """JSON equality: Python itself finds `true` equal to 1 and 1 equal to 1.0."""
    return json.dumps(value, sort_keys=True, indent=1)


@dataclass(frozen=True)
class Case:
    """An event and the answer that it must get."""

    name: str

    @property
    def missing(self) -> list[Path]:
        """Which of the two files is not there."""
        return [path for path in (self._event, self._expected) if not path.is_file()]

    @property
    def event(self) -> bytes:
        """The event as it lies in the file, which need not be JSON."""
        return self._event.read_bytes()

    @property
    def expected(self) -> Any:
        """The answer, parsed."""
        return parse(self._expected.read_bytes())

    @property
    def _event(self) -> Path:
        return EVENTS / f"{self.name}.json"

    @property
    def _expected(self) -> Path:
        return EVENTS / f"{self.name}{_EXPECTED}"


def cases() -> list[Case]:
    """Every event and every expected answer, also one without the other, which is a mistake to report."""
    names = {path.name.removesuffix(_EXPECTED).removesuffix(".json") for path in EVENTS.glob("*.json")}
    return [Case(name) for name in sorted(names)]


def presigned_urls(event: bytes) -> set[str]:
    """The payload URLs in `event`, whose query strings are credentials."""
    return _secrets(event, PAYLOAD)


def canaries(event: bytes) -> set[str]:
    """Strings of `event` that a log must not hold, and could only have from where they are secret."""
    return _secrets(event, PAYLOAD) | _secrets(event, ENVIRONMENT)


def _secrets(event: bytes, kind: str) -> set[str]:
    try:
        rest = json.loads(event)
    except (ValueError, RecursionError):
        text = event.decode(errors="replace")
        found = {match[2] for match in _IN_UNREADABLE_TEXT.finditer(text) if match[1] == kind}
        return {canary for canary in found if len(canary) >= _SHORTEST_CANARY and text.count(canary) == 1}
    found = {value for of_kind, value in list(_take_secrets(rest)) if of_kind == kind}
    elsewhere = json.dumps(rest, ensure_ascii=False)
    return {canary for canary in found if len(canary) >= _SHORTEST_CANARY and canary not in elsewhere}


def _take_secrets(node: Any) -> Iterator[tuple[str, str]]:
    """Yields the secrets under `node`, each with its kind, and blanks them there."""
    if isinstance(node, list):
        for item in node:
            yield from _take_secrets(item)
    elif isinstance(node, dict):
        environment = node.get("Environment")
        for holder, key in [(node, PAYLOAD)] + [
            (variable, ENVIRONMENT)
            for variable in (environment if isinstance(environment, list) else [])
            if isinstance(variable, dict)
        ]:
            if isinstance(holder.get(key), str):
                yield key, holder[key]
                holder[key] = ""
        for value in node.values():
            yield from _take_secrets(value)
