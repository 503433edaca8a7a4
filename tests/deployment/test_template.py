"""What template.yaml promises to whoever deploys it."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from release.organization_template import TEMPLATE, load, translate

from .stack_filters import judges
from .template import ACCOUNT, REGION, STACK_NAME, Stack, combinations, of_type, outlives, references
from .tools import tool

ALIAS = "HookFunctionAliaslive"
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"

# The hook for task definitions, and the one for templates, which has to be asked for.
HOOKS = ["Hook", "HookForStacks"]
WITH_BOTH = {"StackHook": "on"}

# Each kind of value that someone may give for a filter, empty first.
FILTERS = {
    "IncludedStackNames": ["", "*", "web", "web, api", STACK_NAME, f"{STACK_NAME}*,web"],
    "ExcludedStackNames": ["", "web", "sandbox-*, web"],
    "ExcludedStackRoles": ["", SERVICE_ROLE, f"arn:aws:iam::*:role/sandbox-*,{SERVICE_ROLE}"],
}


class TestLint:
    def test_cfn_lint_finds_nothing(self) -> None:
        result = tool("cfn-lint", TEMPLATE)
        assert result.returncode == 0, result.stdout + result.stderr

    def test_sam_validate_finds_nothing(self) -> None:
        result = tool("sam", "validate", "--lint", "--template", TEMPLATE)
        assert result.returncode == 0, result.stdout + result.stderr

    @pytest.mark.parametrize("hook_id", HOOKS)
    @pytest.mark.parametrize(
        "parameters",
        [{name: values[which] for name, values in FILTERS.items()} for which in (0, -1)],
        ids=["no filters", "all filters"],
    )
    def test_what_a_hook_becomes_fits_its_schema(
        self, parameters: dict[str, str], hook_id: str, tmp_path: Path
    ) -> None:
        """The linter does not look through conditions and lists of parameters; here is nothing to look through."""
        properties = Stack(parameters | WITH_BOTH).properties(hook_id)
        properties["ExecutionRole"] = SERVICE_ROLE
        properties["LambdaFunction"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ecs-guard:live"
        hook = {"Type": "AWS::CloudFormation::LambdaHook", "Properties": properties}
        resolved = tmp_path / "hook.json"
        resolved.write_text(json.dumps({"Resources": {"Hook": hook}}))
        result = tool("cfn-lint", resolved)
        assert result.returncode == 0, result.stdout + result.stderr


class TestDefaults:
    def test_a_failed_evaluation_warns_until_someone_decides_otherwise(self) -> None:
        assert Stack().properties("Hook")["FailureMode"] == "WARN"
        assert Stack({"FailureMode": "FAIL"}).properties("Hook")["FailureMode"] == "FAIL"

    @pytest.mark.parametrize("hook", HOOKS)
    def test_a_hook_is_enabled_and_can_be_switched_off(self, hook: str) -> None:
        assert Stack(WITH_BOTH).properties(hook)["HookStatus"] == "ENABLED"
        assert Stack(WITH_BOTH | {"HookStatus": "DISABLED"}).properties(hook)["HookStatus"] == "DISABLED"

    def test_templates_are_judged_only_where_someone_asks_for_it(self) -> None:
        without, with_both = Stack(), Stack(WITH_BOTH)
        assert of_type(without.template, "AWS::CloudFormation::LambdaHook") == HOOKS
        for section, more in {
            "Resources": {"HookForStacks", "HookForStacksExecutionRole"},
            "Outputs": {"StackHookArn"},
        }.items():
            assert set(with_both.existing(section)) - set(without.existing(section)) == more
            assert set(without.existing(section)) - set(with_both.existing(section)) == set()
        for logical_id in without.existing("Resources"):
            if "Properties" in without.template["Resources"][logical_id]:
                assert with_both.properties(logical_id) == without.properties(logical_id)

    @pytest.mark.parametrize("value", ["", "On", "true", "yes"])
    def test_the_second_hook_is_asked_for_in_one_word(self, value: str) -> None:
        with pytest.raises(AssertionError):
            Stack({"StackHook": value})

    def test_the_failure_modes_of_the_hooks_are_two_decisions(self) -> None:
        first_blocks = Stack(WITH_BOTH | {"FailureMode": "FAIL"})
        assert [first_blocks.properties(hook)["FailureMode"] for hook in HOOKS] == ["FAIL", "WARN"]
        second_blocks = Stack(WITH_BOTH | {"StackHookFailureMode": "FAIL"})
        assert [second_blocks.properties(hook)["FailureMode"] for hook in HOOKS] == ["WARN", "FAIL"]

    def test_the_function_is_arm64_and_can_be_x86_64(self) -> None:
        assert Stack().properties("HookFunction")["Architectures"] == ["arm64"]
        assert Stack({"Architecture": "x86_64"}).properties("HookFunction")["Architectures"] == ["x86_64"]

    def test_every_parameter_has_a_default_a_description_and_a_place_in_the_console(self) -> None:
        template = load()
        interface = template["Metadata"]["AWS::CloudFormation::Interface"]
        shown = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        assert sorted(shown) == sorted(template["Parameters"])
        assert sorted(interface["ParameterLabels"]) == sorted(template["Parameters"])
        for name, parameter in template["Parameters"].items():
            assert "Default" in parameter and parameter["Description"], name
            assert "AllowedValues" in parameter or "AllowedPattern" in parameter, name

    @pytest.mark.parametrize("parameter", ["HookAlias", "StackHookAlias"])
    @pytest.mark.parametrize("alias", ["AwsGuard::Task::Hook", "awsx::Task::Hook", "Ecs::Guard", "Ecs-Guard::Task::Hook"])
    def test_a_hook_name_that_cloudformation_refuses_is_refused_before(self, alias: str, parameter: str) -> None:
        with pytest.raises(AssertionError):
            Stack({parameter: alias})

    def test_the_hooks_have_names_of_their_own(self) -> None:
        """CloudFormation refuses two hooks of one name."""
        stack = Stack(WITH_BOTH | {"StackHookAlias": "Platform::Ecs::Templates"})
        aliases = [stack.properties(hook)["Alias"] for hook in HOOKS]
        assert aliases == ["EcsGuard::TaskDefinition::Hook", "Platform::Ecs::Templates"]
        assert Stack(WITH_BOTH).properties("HookForStacks")["Alias"] == "EcsGuard::Stack::Hook"


class TestTargets:
    def test_the_hook_judges_task_definitions_that_are_created_or_updated(self) -> None:
        hook = Stack().properties("Hook")
        assert sorted(hook["TargetOperations"]) == ["CLOUD_CONTROL", "RESOURCE"]
        assert hook["TargetFilters"] == {
            "TargetNames": ["AWS::ECS::TaskDefinition"],
            "Actions": ["CREATE", "UPDATE"],
            "InvocationPoints": ["PRE_PROVISION"],
        }

    def test_the_second_hook_judges_stacks_and_change_sets_that_are_created_or_updated(self) -> None:
        hook = Stack(WITH_BOTH).properties("HookForStacks")
        assert sorted(hook["TargetOperations"]) == ["CHANGE_SET", "STACK"]
        assert hook["TargetFilters"] == {"Actions": ["CREATE", "UPDATE"], "InvocationPoints": ["PRE_PROVISION"]}

    def test_no_operation_is_judged_by_both(self) -> None:
        stack = Stack(WITH_BOTH)
        operations = [operation for hook in HOOKS for operation in stack.properties(hook)["TargetOperations"]]
        assert len(set(operations)) == len(operations)


class TestStackFilters:
    @pytest.mark.parametrize("parameters", combinations(FILTERS), ids=str)
    def test_a_stack_is_judged_by_both_hooks_or_by_neither(self, parameters: dict[str, str]) -> None:
        stack = Stack(parameters | WITH_BOTH)
        first, second = (stack.properties(hook)["StackFilters"] for hook in HOOKS)
        assert first == second

    @pytest.mark.parametrize("parameters", combinations(FILTERS), ids=str)
    def test_the_hook_never_judges_its_own_stack(self, parameters: dict[str, str]) -> None:
        filters = Stack(parameters).properties("Hook")["StackFilters"]
        for role in (None, SERVICE_ROLE, f"arn:aws:iam::{ACCOUNT}:role/other"):
            assert not judges(filters, STACK_NAME, role)

    @pytest.mark.parametrize("parameters", combinations(FILTERS), ids=str)
    def test_a_list_that_is_empty_is_not_sent(self, parameters: dict[str, str]) -> None:
        filters = Stack(parameters).properties("Hook")["StackFilters"]
        lists = [each for key in ("StackNames", "StackRoles") if key in filters for each in filters[key].values()]
        assert lists
        for each in lists:
            assert each and "" not in each and len(set(each)) == len(each)

    @pytest.mark.parametrize(
        ("parameters", "judged", "spared"),
        [
            ({}, [("web", None), ("web", SERVICE_ROLE)], []),
            ({"IncludedStackNames": "web,team-*"}, [("web", None), ("team-a", None)], [("api", None)]),
            ({"ExcludedStackNames": "web,team-*"}, [("api", None)], [("web", None), ("team-a", None)]),
            (
                {"IncludedStackNames": "team-*", "ExcludedStackNames": "team-b"},
                [("team-a", None)],
                [("team-b", None), ("web", None)],
            ),
            (
                {"ExcludedStackRoles": SERVICE_ROLE},
                [("web", None), ("web", f"{SERVICE_ROLE}-other")],
                [("web", SERVICE_ROLE)],
            ),
            (
                {"IncludedStackNames": "web", "ExcludedStackRoles": SERVICE_ROLE},
                [("web", None)],
                [("web", SERVICE_ROLE), ("api", None), ("api", SERVICE_ROLE)],
            ),
        ],
        ids=str,
    )
    def test_filters_mean_what_their_descriptions_say(
        self,
        parameters: dict[str, str],
        judged: list[tuple[str, str | None]],
        spared: list[tuple[str, str | None]],
    ) -> None:
        filters = Stack(parameters).properties("Hook")["StackFilters"]
        assert all(judges(filters, *operation) for operation in judged)
        assert not any(judges(filters, *operation) for operation in spared)

    @pytest.mark.parametrize("name", ["*", "?", "*-web", "web,*"])
    def test_no_exclusion_of_every_stack(self, name: str) -> None:
        with pytest.raises(AssertionError):
            Stack({"ExcludedStackNames": name})

    @pytest.mark.parametrize("role", ["*", f"arn:aws:iam::{ACCOUNT}:role/*", f"{SERVICE_ROLE},arn:*:iam::*:role/*"])
    def test_no_exclusion_of_every_role(self, role: str) -> None:
        with pytest.raises(AssertionError):
            Stack({"ExcludedStackRoles": role})


class TestPermissions:
    @pytest.mark.parametrize(("hook", "parameter"), zip(HOOKS, ["HookAlias", "StackHookAlias"], strict=True))
    def test_only_our_hook_may_use_its_execution_role(self, hook: str, parameter: str) -> None:
        stack = Stack(WITH_BOTH | {parameter: "Platform::Ecs::Guard"})
        assert stack.properties(hook)["ExecutionRole"] == f"<{hook}ExecutionRole.Arn>"
        role = stack.properties(f"{hook}ExecutionRole")
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:type/hook/Platform-Ecs-Guard"
        assert role["AssumeRolePolicyDocument"] == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "hooks.cloudformation.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                        "ArnLike": {"aws:SourceArn": [arn, f"{arn}/*"]},
                    },
                }
            ],
        }

    @pytest.mark.parametrize("hook", HOOKS)
    def test_an_execution_role_may_call_the_alias_and_nothing_else(self, hook: str) -> None:
        stack = Stack(WITH_BOTH)
        assert stack.properties(hook)["LambdaFunction"] == f"<{ALIAS}>"
        assert self._statements(stack, f"{hook}ExecutionRole") == [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"<{ALIAS}>"}
        ]

    def test_the_function_may_write_its_own_log_and_nothing_else(self) -> None:
        stack = Stack()
        assert stack.properties("HookFunction")["Role"] == "<HookFunctionRole.Arn>"
        assert stack.properties("HookFunction")["LoggingConfig"]["LogGroup"] == "<HookFunctionLogGroup>"
        assert self._statements(stack, "HookFunctionRole") == [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": "<HookFunctionLogGroup.Arn>",
            }
        ]

    def test_the_function_may_ask_about_stacks_where_someone_asks_for_it(self) -> None:
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}"
        without = Stack({"DescribeStacks": "off"})
        with_it = Stack({"DescribeStacks": "on"})
        assert self._statements(without, "HookFunctionRole") == self._statements(Stack(), "HookFunctionRole")
        assert self._statements(with_it, "HookFunctionRole") == [
            *self._statements(without, "HookFunctionRole"),
            {"Effect": "Allow", "Action": "cloudformation:DescribeStacks", "Resource": f"{arn}:stack/*"},
            {
                "Effect": "Allow",
                "Action": "cloudformation:DescribeChangeSet",
                "Resource": [f"{arn}:stack/*", f"{arn}:changeSet/*"],
            },
        ]
        for logical_id in set(with_it.existing("Resources")) - {"HookFunctionRole"}:
            if "Properties" in with_it.template["Resources"][logical_id]:
                assert with_it.properties(logical_id) == without.properties(logical_id)

    def test_only_lambda_may_use_the_functions_role(self) -> None:
        (statement,) = Stack().properties("HookFunctionRole")["AssumeRolePolicyDocument"]["Statement"]
        assert statement == {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

    def test_nothing_else_grants_anything(self) -> None:
        template = translate()
        assert sorted(of_type(template, "AWS::IAM::Role")) == [
            "HookExecutionRole",
            "HookForStacksExecutionRole",
            "HookFunctionRole",
        ]
        for resource_type in {resource["Type"] for resource in template["Resources"].values()}:
            assert not resource_type.startswith("AWS::IAM::") or resource_type == "AWS::IAM::Role"
            assert resource_type not in {"AWS::Lambda::Permission", "AWS::Lambda::Url"}

    @staticmethod
    def _statements(stack: Stack, role: str) -> list[dict[str, Any]]:
        properties = stack.properties(role)
        assert "ManagedPolicyArns" not in properties
        return [
            statement for policy in properties["Policies"] for statement in policy["PolicyDocument"]["Statement"]
        ]


class TestReleases:
    """The hook calls an alias, so a release reaches it only as a published version."""

    @pytest.mark.parametrize(
        "change",
        [
            {"MemorySize": 512},
            {"Timeout": 9},
            {"Environment": {"Variables": {"ECS_GUARD_POLICY": "other.yaml"}}},
            {"Architectures": ["x86_64"]},
            {"Runtime": "provided.al2"},
        ],
        ids=str,
    )
    def test_a_change_of_any_property_publishes_a_version(self, change: dict[str, Any]) -> None:
        changed = copy.deepcopy(load())
        changed["Resources"]["HookFunction"]["Properties"].update(change)
        assert self._version(translate(changed)) != self._version(translate())

    def test_a_new_artifact_publishes_a_version(self) -> None:
        assert self._version(translate(code="s3://bucket/two")) != self._version(translate())

    def test_the_same_deployment_again_publishes_nothing(self) -> None:
        assert self._version(translate()) == self._version(translate())

    def test_the_alias_points_at_the_version(self) -> None:
        template = translate()
        assert template["Resources"][ALIAS]["Properties"]["FunctionVersion"] == {
            "Fn::GetAtt": [self._version(template), "Version"]
        }

    def test_no_parameter_changes_the_function_but_the_one_that_changes_its_artifact(self) -> None:
        """SAM does not look into parameters when it decides whether to publish."""
        function = json.dumps(translate()["Resources"]["HookFunction"]["Properties"])
        parameters = set(re.findall(r'\{"Ref": "([^"]+)"\}', function)) & set(load()["Parameters"])
        assert parameters == {"Architecture"}

    @staticmethod
    def _version(template: dict[str, Any]) -> str:
        (version,) = of_type(template, "AWS::Lambda::Version")
        return version


class TestDeletion:
    """While a hook exists, deployments depend on all that it needs; it has to go first."""

    @pytest.mark.parametrize("hook", HOOKS)
    def test_what_a_hook_needs_outlives_it(self, hook: str) -> None:
        template = translate()
        versions = set(of_type(template, "AWS::Lambda::Version"))
        assert outlives(template, hook) == {
            ALIAS,
            *versions,
            f"{hook}ExecutionRole",
            "HookFunction",
            "HookFunctionRole",
            "HookFunctionLogGroup",
        }

    def test_what_the_function_needs_outlives_it(self) -> None:
        assert outlives(translate(), "HookFunction") == {"HookFunctionRole", "HookFunctionLogGroup"}

    def test_nothing_waits_for_a_hook(self) -> None:
        template = translate()
        assert not [each for each in template["Resources"] if references(template, each) & set(HOOKS)]


class TestFunction:
    def test_the_function_ends_before_cloudformation_gives_up_on_it(self) -> None:
        function = Stack().properties("HookFunction")
        assert function["Timeout"] == 10
        assert function["MemorySize"] == 256
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")

    def test_metrics_lines_pass_the_log_level(self) -> None:
        """Lambda takes a line without a level for INFO."""
        logging = Stack().properties("HookFunction")["LoggingConfig"]
        assert logging["LogFormat"] == "JSON"
        assert logging["ApplicationLogLevel"] in {"TRACE", "DEBUG", "INFO"}

    def test_logs_are_kept_as_long_as_asked(self) -> None:
        assert Stack().properties("HookFunctionLogGroup") == {
            "LogGroupName": f"/aws/lambda/{STACK_NAME}",
            "RetentionInDays": "90",
        }
        assert Stack({"LogRetentionDays": "365"}).properties("HookFunctionLogGroup")["RetentionInDays"] == "365"


class TestAlarms:
    CALLS_THROUGH_THE_ALIAS = [
        {"Name": "FunctionName", "Value": "<HookFunction>"},
        {"Name": "Resource", "Value": "<HookFunction>:live"},
    ]

    def test_there_is_one_for_each_way_to_go_wrong(self) -> None:
        stack = Stack()
        alarms = [stack.properties(each) for each in of_type(stack.template, "AWS::CloudWatch::Alarm")]
        watched = {
            (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], json.dumps(alarm.get("Dimensions")))
            for alarm in alarms
        }
        alias = json.dumps(self.CALLS_THROUGH_THE_ALIAS)
        assert watched == {
            ("AWS/Lambda", "Errors", "Sum", alias),
            ("AWS/Lambda", "Throttles", "Sum", alias),
            ("AWS/Lambda", "Duration", "Maximum", alias),
            ("EcsGuard", "InternalErrors", "Sum", "null"),
        }

    def test_the_first_one_is_enough_and_silence_is_not_an_alarm(self) -> None:
        stack = Stack()
        for logical_id in of_type(stack.template, "AWS::CloudWatch::Alarm"):
            alarm = stack.properties(logical_id)
            assert alarm["TreatMissingData"] == "notBreaching"
            assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
            assert alarm["EvaluationPeriods"] == 1
            assert alarm["Threshold"] == (3000 if alarm["MetricName"] == "Duration" else 0)

    def test_slow_is_reported_well_before_the_timeout(self) -> None:
        stack = Stack()
        timeout = stack.properties("HookFunction")["Timeout"] * 1000
        assert stack.properties("FunctionDurationAlarm")["Threshold"] <= timeout / 2

    def test_alarms_notify_the_topic_if_there_is_one(self) -> None:
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
        with_topic, without = Stack({"AlarmTopicArn": topic}), Stack()
        for logical_id in of_type(without.template, "AWS::CloudWatch::Alarm"):
            assert with_topic.properties(logical_id)["AlarmActions"] == [topic]
            assert "AlarmActions" not in without.properties(logical_id)


class TestOutputs:
    def test_they_name_what_an_operator_looks_for(self) -> None:
        stack = Stack(WITH_BOTH)
        outputs = stack.template["Outputs"]
        values = {name: stack.resolve(outputs[name]["Value"]) for name in stack.existing("Outputs")}
        assert values == {
            "HookArn": "<Hook.HookArn>",
            "StackHookArn": "<HookForStacks.HookArn>",
            "FunctionAliasArn": f"<{ALIAS}>",
            "LogGroupName": "<HookFunctionLogGroup>",
        }
