"""Replies of the APIs that moto lacks, as they were recorded in public material and are kept in the wire's own format.

Owns the words of the replies. The tests hold them against the service model of botocore, which is AWS's own.
"""

from typing import Any
from xml.sax.saxutils import escape

from .command import ACCOUNT, REGION
from .server import NAMESPACE, Call, Reply, Server, error

ALIAS = "EcsGuard::TaskDefinition::Hook"
STACK_ALIAS = "EcsGuard::Stack::Hook"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ecs-guard:live"


def hook_arn(alias: str) -> str:
    """What CloudFormation calls a hook."""
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:type/hook/{alias.replace('::', '-')}"


def xml(value: Any) -> str:
    """A value as the query protocol writes it."""
    match value:
        case dict():
            return "".join(f"<{key}>{xml(item)}</{key}>" for key, item in value.items() if item is not None)
        case list():
            return "".join(f"<member>{xml(item)}</member>" for item in value)
        case bool():
            return str(value).lower()
    return escape(str(value))


def reply(action: str, result: dict[str, Any]) -> Reply:
    """The whole of a reply."""
    return Reply(
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{xml(result)}</{action}Result>'
        "<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
        f"</{action}Response>".encode()
    )


def described(alias: str = ALIAS) -> dict[str, Any]:
    """DescribeType of a Lambda Hook, which is a public type under an alias."""
    return {
        "Arn": hook_arn(alias),
        "Type": "HOOK",
        "TypeName": alias,
        "OriginalTypeName": "AWS::Hooks::LambdaHook",
        "PublicVersionNumber": "1.7.0",
        "DefaultVersionId": "00000003",
        "IsActivated": True,
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/ecs-guard-hook",
        "Visibility": "PUBLIC",
    }


def listed(number: int, status: str, stack: str = "orders-api", at: str = "2026-11-20T10:00:00.123Z") -> dict[str, Any]:
    """One item of ListHookResults."""
    return {
        "TypeArn": hook_arn(ALIAS),
        "HookResultId": f"59ef501c-0ac4-47c0-a193-{number:012}",
        "TypeName": ALIAS,
        "TypeVersionId": "00000008",
        "HookExecutionTarget": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/1a2345b6",
        "InvokedAt": at,
        "FailureMode": "WARN",
        "HookStatusReason": "`Task` is blocked by 1 rule.",
        "InvocationPoint": "PRE_PROVISION",
        "Status": status,
    }


def annotation(name: str, status: str = "FAILED", **more: str) -> dict[str, Any]:
    """One annotation of GetHookResult."""
    return {"AnnotationName": name, "Status": status, "StatusMessage": "why", **more}


def detailed(number: int, *annotations: dict[str, Any], target: str = "RESOURCE") -> dict[str, Any]:
    """GetHookResult. Live replies have more kinds of targets than the model, and longer ARNs."""
    return {
        "HookResultId": f"59ef501c-0ac4-47c0-a193-{number:012}",
        "InvocationPoint": "PRE_PROVISION",
        "FailureMode": "WARN",
        "TypeName": ALIAS,
        "OriginalTypeName": "AWS::Hooks::LambdaHook",
        "TypeArn": hook_arn(ALIAS) + "/00000001/aws-hooks/AWS-Hooks-LambdaHook/00000001.00000001",
        "Status": "HOOK_COMPLETE_FAILED",
        "InvokedAt": "2026-11-20T10:00:00.123Z",
        "Target": {
            "TargetType": target,
            "TargetTypeName": "AWS::ECS::TaskDefinition",
            "TargetId": "Task",
            "Action": "CREATE",
        },
        "Annotations": list(annotations),
    }


class Hooks:
    """An account with hooks in it, as far as a test says."""

    def __init__(self, server: Server) -> None:
        self.hooks = {ALIAS: described()}
        self.results: list[list[dict[str, Any]]] = [[]]
        self.details: dict[str, dict[str, Any]] = {}
        self.configurations: dict[str, str] = {}
        self.function: Reply | None = None
        self.artifact = b""
        server.answer = self.answer

    def answer(self, call: Call) -> Reply | None:
        """What the APIs say."""
        match call.action:
            case "DescribeType":
                found = self.hooks.get(call.parameters["TypeName"])
                return reply("DescribeType", found) if found else error("TypeNotFoundException", "no such type", 404)
            case "ListHookResults":
                page = int(call.parameters.get("NextToken", "0"))
                token = str(page + 1) if page + 1 < len(self.results) else None
                return reply("ListHookResults", {"HookResults": self.results[page], "NextToken": token})
            case "GetHookResult":
                found = self.details.get(call.parameters["HookResultId"])
                return reply("GetHookResult", found) if found else error("HookResultNotFoundException", "gone", 404)
            case "BatchDescribeTypeConfigurations":
                alias = call.parameters["TypeConfigurationIdentifiers.member.1.TypeName"]
                text = self.configurations.get(alias)
                if text is None:
                    return error("TypeConfigurationNotFoundException", "none", 404)
                details = {"Alias": "default", "Configuration": text, "TypeName": alias, "TypeArn": hook_arn(alias)}
                return reply("BatchDescribeTypeConfigurations", {"TypeConfigurations": [details]})
            case "GET /artifact.zip":
                return Reply(self.artifact, content_type="application/zip")
            case get if get.startswith("GET /2015-03-31/functions/"):
                missing = b'{"Type":"User","Message":"Function not found"}'
                return self.function or Reply(missing, 404, "application/json", "ResourceNotFoundException")
        return None
