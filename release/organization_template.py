"""template.yaml without its transform, for service-managed StackSets, which take none.

Owns what differs between the two: where the code comes from, and what makes a new release a new version. Everything
else is what SAM's own translator makes of template.yaml, so nothing is said twice.

    python -m release.organization_template --artifact ARTIFACT.zip --architecture arm64 > organization-template.json
"""

import argparse
import base64
import copy
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

Json = dict[str, Any]

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"

FUNCTION = "HookFunction"

# Lambda takes code from a bucket of its own Region only; so one value of a StackSet's parameter serves all Regions, and
# an account that joins the organisation later needs none of its own.
BUCKET = {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"}

# Where SAM puts the code while it translates; the parameters take its place.
_PLACEHOLDER = "s3://bucket/key"

_CODE_GROUP = {"Label": {"default": "Code"}, "Parameters": ["CodeBucketPrefix", "CodeKey", "CodeSha256"]}

_CODE_LABELS = {
    "CodeBucketPrefix": {"default": "Buckets that hold the code"},
    "CodeKey": {"default": "Key of the code"},
    "CodeSha256": {"default": "Hash of the code"},
}


def load() -> Json:
    """template.yaml with its tags in long form."""
    return yaml_parse(TEMPLATE.read_text())


def translate(template: Json | None = None, code: str = _PLACEHOLDER) -> Json:
    """Plain CloudFormation: what SAM's transform makes of the template once its code is uploaded."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = copy.deepcopy(template or load())
    template["Resources"][FUNCTION]["Properties"]["CodeUri"] = code

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    return transform(template, {}, NoManagedPolicies())


def organization_template(code_key: str, code_sha256: str, architecture: str) -> Json:
    """The template for a StackSet, with defaults that fit one artifact.

    `code_sha256` is the SHA-256 of the artifact in base64, as Lambda itself writes it.
    """
    template = translate()
    template["Parameters"] |= _code_parameters(code_key, code_sha256)
    # The artifact is for one architecture; another default would deploy it to a function that cannot run it.
    template["Parameters"]["Architecture"]["Default"] = architecture
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    interface["ParameterGroups"].append(_CODE_GROUP)
    interface["ParameterLabels"] |= _CODE_LABELS

    function = template["Resources"][FUNCTION]
    function["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": {"Ref": "CodeKey"}}
    # How SAM builds is no business of a template whose code is built.
    del function["Metadata"]

    # Another hash replaces the version, so a release needs no other template. Lambda publishes a version only if the
    # code has this hash: what lies in the bucket cannot be exchanged for something else on the way.
    (version,) = (each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Version")
    version["Properties"]["CodeSha256"] = {"Ref": "CodeSha256"}
    # As SAM's deployments do, which give each version a name of its own: the versions before stay, for a way back.
    version["UpdateReplacePolicy"] = version["DeletionPolicy"]
    return template


def _code_parameters(code_key: str, code_sha256: str) -> Json:
    return {
        "CodeBucketPrefix": {
            "Type": "String",
            # A bucket's name has at most 63 characters, and a Region's about 14 of them.
            "AllowedPattern": "^[a-z0-9][-a-z0-9]{1,42}[a-z0-9]$",
            "ConstraintDescription": "the beginning of a bucket's name: 3 to 44 lower-case letters, digits and hyphens",
            "Description": (
                "Beginning of the names of the buckets that hold the function's code: PREFIX-REGION, one in each "
                "Region, readable by this account."
            ),
        },
        "CodeKey": {
            "Type": "String",
            "Default": code_key,
            "AllowedPattern": "^.{1,1024}$",
            "ConstraintDescription": "the key of an object in Amazon S3",
            "Description": "Key of the zip file with the function's code. Give each release a key of its own.",
        },
        "CodeSha256": {
            "Type": "String",
            "Default": code_sha256,
            "AllowedPattern": "^[A-Za-z0-9+/]{43}=$",
            "ConstraintDescription": "a SHA-256 in base64, 44 characters",
            "Description": (
                "SHA-256 of that zip file in base64. Code with another hash is not published, and a new hash "
                "publishes a new version."
            ),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--artifact", type=Path, required=True)
    parser.add_argument("--architecture", choices=["arm64", "x86_64"], required=True)
    arguments = parser.parse_args()
    digest = hashlib.sha256(arguments.artifact.read_bytes())
    template = organization_template(
        # The hash in the key gives each release a key of its own, so a way back needs no upload.
        code_key=f"ecs-guard/{digest.hexdigest()}.zip",
        code_sha256=base64.b64encode(digest.digest()).decode(),
        architecture=arguments.architecture,
    )
    print(json.dumps(template, indent=2))


if __name__ == "__main__":
    main()
