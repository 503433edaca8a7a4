"""What is given to an organisation: the template for StackSets, and the policy that keeps it in place."""

import base64
import copy
import hashlib
import json
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from release.organization_template import organization_template, translate
from runtime.emulator import REPOSITORY, host_architecture

from .template import ACCOUNT, REGION, Stack, of_type, outlives
from .tools import tool

CODE = {"code_key": "ecs-guard/one.zip", "code_sha256": base64.b64encode(b"1" * 32).decode(), "architecture": "arm64"}
BUCKET = {"CodeBucketPrefix": "code"}
OTHER_HASH = base64.b64encode(b"2" * 32).decode()

POLICY = json.loads((REPOSITORY / "release" / "service-control-policy.json").read_text())


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return organization_template(**CODE)


def only(template: dict[str, Any], resource_type: str) -> dict[str, Any]:
    (logical_id,) = of_type(template, resource_type)
    return template["Resources"][logical_id]


class TestTemplate:
    def test_cfn_lint_finds_nothing(self, template: dict[str, Any], tmp_path: Path) -> None:
        path = tmp_path / "template.json"
        path.write_text(json.dumps(template))
        result = tool("cfn-lint", path)
        assert result.returncode == 0, result.stdout + result.stderr

    def test_it_has_nothing_that_a_service_managed_stack_set_refuses(self, template: dict[str, Any]) -> None:
        """The default execution role provisions neither nested stacks nor transforms and macros."""
        assert "Transform" not in template
        text = json.dumps(template)
        assert "Fn::Transform" not in text
        assert "AWS::CloudFormation::Stack" not in text and "AWS::CloudFormation::Macro" not in text
        assert "AWS::Serverless" not in text

    def test_it_is_short_enough_to_be_sent_in_a_request(self, template: dict[str, Any]) -> None:
        assert len(json.dumps(template, indent=2)) <= 51_200

    def test_it_is_what_sam_makes_of_the_template_but_for_the_code(self, template: dict[str, Any]) -> None:
        expected = copy.deepcopy(translate())
        function, version = (only(expected, f"AWS::Lambda::{kind}") for kind in ("Function", "Version"))
        function["Properties"]["Code"] = {
            "S3Bucket": {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"},
            "S3Key": {"Ref": "CodeKey"},
        }
        del function["Metadata"]
        version["Properties"]["CodeSha256"] = {"Ref": "CodeSha256"}
        version["UpdateReplacePolicy"] = "Retain"
        assert template["Resources"] == expected["Resources"]
        assert template["Conditions"] == expected["Conditions"]
        assert template["Outputs"] == expected["Outputs"]
        more = set(template["Parameters"]) - set(expected["Parameters"])
        assert more == {"CodeBucketPrefix", "CodeKey", "CodeSha256"}
        for name, parameter in expected["Parameters"].items():
            assert template["Parameters"][name] == parameter

    def test_its_architecture_is_that_of_the_artifact(self) -> None:
        template = organization_template(**CODE | {"architecture": "x86_64"})
        stack = Stack(BUCKET, template)
        assert stack.properties("HookFunction")["Architectures"] == ["x86_64"]

    def test_only_the_buckets_have_to_be_given_and_each_region_has_its_own(self, template: dict[str, Any]) -> None:
        without = [name for name, parameter in template["Parameters"].items() if "Default" not in parameter]
        assert without == list(BUCKET)
        code = Stack(BUCKET, template).properties("HookFunction")["Code"]
        assert code == {"S3Bucket": f"code-{REGION}", "S3Key": CODE["code_key"]}

    def test_every_parameter_has_a_place_in_the_console(self, template: dict[str, Any]) -> None:
        interface = template["Metadata"]["AWS::CloudFormation::Interface"]
        shown = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        assert sorted(shown) == sorted(template["Parameters"]) == sorted(interface["ParameterLabels"])

    @pytest.mark.parametrize("digest", ["", "sha256", "0" * 64, OTHER_HASH[:-1]])
    def test_a_hash_that_lambda_does_not_write_is_refused(self, template: dict[str, Any], digest: str) -> None:
        with pytest.raises(AssertionError):
            Stack(BUCKET | {"CodeSha256": digest}, template)

    def test_another_hash_publishes_another_version_of_that_hash(self, template: dict[str, Any]) -> None:
        (version,) = of_type(template, "AWS::Lambda::Version")
        one, two = (
            Stack(BUCKET | {"CodeSha256": digest}, template).properties(version)
            for digest in (CODE["code_sha256"], OTHER_HASH)
        )
        assert (one["CodeSha256"], two["CodeSha256"]) == (CODE["code_sha256"], OTHER_HASH)
        # CloudFormation replaces a version of which this property changes; what it replaces stays.
        assert template["Resources"][version]["UpdateReplacePolicy"] == "Retain"
        assert version in outlives(template, "Hook")

    def test_the_hook_never_judges_its_own_stack(self, template: dict[str, Any]) -> None:
        stack = Stack(BUCKET, template)
        assert stack.properties("Hook")["StackFilters"]["StackNames"]["Exclude"] == ["ecs-guard"]


def test_the_command_writes_template_and_zip_file_of_one_build(tmp_path: Path) -> None:
    artifact = tmp_path / "function.zip"
    files = [tmp_path / "bootstrap", tmp_path / "ecs-guard.yaml"]
    for path in files:
        path.write_text(path.name)
    files[0].chmod(0o755)
    module = ("-m", "release.archive", "zip", artifact, *files)
    assert tool("python", *module).returncode == 0
    result = tool(
        "python", "-m", "release.organization_template", "--artifact", artifact, "--architecture", host_architecture()
    )
    assert result.returncode == 0, result.stderr
    parameters = json.loads(result.stdout)["Parameters"]
    digest = hashlib.sha256(artifact.read_bytes())
    assert parameters["CodeSha256"]["Default"] == base64.b64encode(digest.digest()).decode()
    assert digest.hexdigest() in parameters["CodeKey"]["Default"]
    with zipfile.ZipFile(artifact) as archive:
        assert {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()} == {
            "bootstrap": 0o755,
            "ecs-guard.yaml": 0o644,
        }


def denies(action: str, resource: str, principal: str) -> bool:
    """Whether the service control policy stops a call, by what IAM documents of the elements it uses."""
    for statement in POLICY["Statement"]:
        actions, resources = (
            [value] if isinstance(value := statement[key], str) else value for key in ("Action", "Resource")
        )
        spared = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
        if (
            any(fnmatchcase(action.lower(), each.lower()) for each in actions)
            and any(fnmatchcase(resource, each) for each in resources)
            and not any(fnmatchcase(principal, each) for each in spared)
        ):
            return True
    return False


STACK = "StackSet-ecs-guard-0f5e3c1a"
HOOK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:type/hook/EcsGuard-TaskDefinition-Hook"
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
WAYS_TO_DISABLE = {
    "cloudformation:SetTypeConfiguration": HOOK,
    "cloudformation:DeactivateType": HOOK,
    "cloudformation:UpdateStack": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "cloudformation:DeleteStack": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    # What moves resources to another stack takes them from this one.
    "cloudformation:CreateStackRefactor": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "cloudformation:ExecuteStackRefactor": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "cloudformation:CreateChangeSet": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "lambda:UpdateFunctionCode": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1",
    "lambda:UpdateFunctionConfiguration": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1",
    "lambda:UpdateAlias": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1",
    "lambda:DeleteFunction": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1",
    "lambda:PutFunctionConcurrency": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1",
    "iam:DeleteRolePolicy": f"{ROLES}/{STACK}-HookExecutionRole-1",
    "iam:UpdateAssumeRolePolicy": f"{ROLES}/{STACK}-HookExecutionRole-1",
    # Who could make a role of a spared name would be spared.
    "iam:CreateRole": f"{ROLES}/ecs-guard-break-glass",
}


class TestServiceControlPolicy:
    def test_it_is_one_that_organizations_takes(self) -> None:
        """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
        assert len(json.dumps(POLICY, separators=(",", ":"))) <= 5_120
        assert set(POLICY) == {"Version", "Statement"}
        for statement in POLICY["Statement"]:
            assert set(statement) == {"Sid", "Effect", "Action", "Resource", "Condition"}
            assert statement["Effect"] == "Deny"

    def test_cfn_lint_knows_every_action_and_its_resources(self, tmp_path: Path) -> None:
        """It has the list of all services' actions, and of what resources each takes."""
        path = tmp_path / "policy.json"
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": POLICY}}
        path.write_text(json.dumps({"Resources": {"Policy": policy}}))
        result = tool("cfn-lint", "--include-checks", "I", "--", path)
        assert result.returncode == 0, result.stdout + result.stderr

    @pytest.mark.parametrize("principal", [f"{ROLES}/admin", f"arn:aws:iam::{ACCOUNT}:root", f"{ROLES}/cdk-exec"])
    @pytest.mark.parametrize("action", WAYS_TO_DISABLE)
    def test_nobody_in_the_account_disables_the_hook(self, action: str, principal: str) -> None:
        assert denies(action, WAYS_TO_DISABLE[action], principal)

    @pytest.mark.parametrize("role", ["stacksets-exec-0a1b2c", "ecs-guard-break-glass"])
    @pytest.mark.parametrize("action", WAYS_TO_DISABLE)
    def test_the_stack_set_and_the_break_glass_may(self, action: str, role: str) -> None:
        assert not denies(action, WAYS_TO_DISABLE[action], f"{ROLES}/{role}")

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("cloudformation:UpdateStack", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/web/1"),
            ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:web"),
            ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-HookFunction-1"),
            ("iam:CreateRole", f"{ROLES}/web"),
            ("cloudformation:ListHookResults", HOOK),
        ],
    )
    def test_what_is_not_the_hooks_is_left_alone(self, action: str, resource: str) -> None:
        assert not denies(action, resource, f"{ROLES}/admin")
