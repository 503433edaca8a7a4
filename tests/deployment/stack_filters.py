"""Which stacks a hook judges, by the documented meaning of StackFilters.

https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hooks-stack-level-filtering.html

Owns CloudFormation's rule, so that a test can ask what users ask ("is this stack judged?") instead of
what the template says. One thing is not documented and assumed here: an operation without a service
role is in no list of roles.
"""

from fnmatch import fnmatchcase
from typing import Any


def judges(filters: dict[str, Any], stack: str, role: str | None = None) -> bool:
    """Whether the hook is called for an operation on `stack` with the service role `role`."""
    matches = [
        _matches(filters[key], value)
        for key, value in (("StackNames", stack), ("StackRoles", role))
        if key in filters
    ]
    return {"ALL": all, "ANY": any}[filters["FilteringCriteria"]](matches)


def _matches(lists: dict[str, list[str]], value: str | None) -> bool:
    """Include minus Exclude; without Include, everything minus Exclude."""
    is_included = "Include" not in lists or _is_in(lists["Include"], value)
    return is_included and not _is_in(lists.get("Exclude", []), value)


def _is_in(patterns: list[str], value: str | None) -> bool:
    return value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)
