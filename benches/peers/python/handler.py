"""A hook function in Python: the same five rules and the same answer, for the comparison in docs/performance.md.

Written as one would write it for production: no framework, patterns compiled once, one pass over the containers.
"""

import re

ROOT = re.compile(r"\s*(root|[+-]?0+)?\s*", re.IGNORECASE)
BUFFER_SIZE = re.compile(r"(\d+)\s*([kmgtp]?)b?", re.IGNORECASE)
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
MINIMUM_BUFFER_SIZE = 25 << 20


def boolean(value):
    """The value as CloudFormation reads it; None for what is not a boolean."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def writable_root_filesystem(container):
    if boolean(container.get("ReadonlyRootFilesystem", False)) is not True:
        return "the root filesystem is writable"
    return None


def privileged_container(container):
    if boolean(container.get("Privileged", False)) is not False:
        return "the container runs privileged"
    return None


def added_linux_capabilities(container):
    parameters = container.get("LinuxParameters") or {}
    added = (parameters.get("Capabilities") or {}).get("Add")
    if added:
        return "adds the Linux capabilities " + ", ".join(map(str, added))
    return None


def root_user(container):
    user, separator, group = str(container.get("User", "")).partition(":")
    if ROOT.fullmatch(user):
        return "the user is root, or none is set"
    if separator and group and ROOT.fullmatch(group):
        return "the group is root"
    return None


def blocking_awslogs(container):
    configuration = container.get("LogConfiguration") or {}
    if configuration.get("LogDriver") != "awslogs":
        return None
    options = configuration.get("Options") or {}
    if options.get("mode") != "non-blocking":
        return "log delivery may block the container"
    size = BUFFER_SIZE.fullmatch(str(options.get("max-buffer-size", "10m")))
    if not size or int(size[1]) * UNITS[size[2].lower()] < MINIMUM_BUFFER_SIZE:
        return "the log buffer is smaller than 25m"
    return None


# Name, check, whether it knows Windows containers, severity, remediation.
RULES = (
    ("writable-root-filesystem", writable_root_filesystem, False, "HIGH", "Set `ReadonlyRootFilesystem` to true."),
    ("privileged-container", privileged_container, True, "CRITICAL", "Remove `Privileged` or set it to false."),
    (
        "added-linux-capabilities",
        added_linux_capabilities,
        False,
        "HIGH",
        "Remove the entries of `LinuxParameters.Capabilities.Add`.",
    ),
    ("root-user", root_user, False, "HIGH", "Set `User` to a user and group other than root."),
    (
        "blocking-awslogs",
        blocking_awslogs,
        True,
        "MEDIUM",
        "Set `mode` to `non-blocking` and `max-buffer-size` to at least `25m`.",
    ),
)


def handle(event, _context):
    request = event["requestData"]
    answer = {"hookStatus": "SUCCESS", "clientRequestToken": event.get("clientRequestToken", "")}
    if request["targetName"] != "AWS::ECS::TaskDefinition":
        return {**answer, "message": "not a task definition"}

    properties = request["targetModel"]["resourceProperties"]
    containers = properties.get("ContainerDefinitions") or []
    family = (properties.get("RuntimePlatform") or {}).get("OperatingSystemFamily", "LINUX")
    windows = family.startswith("WINDOWS_SERVER_")

    annotations = []
    failed = []
    for name, check, knows_windows, severity, remediation in RULES:
        if not containers or (windows and not knows_windows):
            annotations.append({"annotationName": name, "status": "SKIPPED", "statusMessage": "does not apply"})
            continue
        findings = [
            f"container `{container.get('Name')}`: {finding}" for container in containers if (finding := check(container))
        ]
        if not findings:
            annotations.append({"annotationName": name, "status": "PASSED", "statusMessage": "complies"})
            continue
        failed.append(name)
        annotations.append(
            {
                "annotationName": name,
                "status": "FAILED",
                "statusMessage": "; ".join(findings),
                "remediationMessage": remediation,
                "severityLevel": severity,
            }
        )

    answer["annotations"] = annotations
    logical_id = request["targetLogicalId"]
    if failed:
        answer |= {
            "hookStatus": "FAILED",
            "errorCode": "NonCompliant",
            "message": f"{logical_id} fails {len(failed)} rules: {', '.join(failed)}",
        }
    else:
        answer["message"] = f"{logical_id} complies"
    return answer
