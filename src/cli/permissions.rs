//! What the commands may do in an account: the IAM policies that they need.
//!
//! Owns the list of calls that are made, which only read. Must not know when they are made.
//!
//! Which actions take which resources:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html> and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
//! `tests/aws/test_permissions.py` holds them against cfn-lint's list of all actions.

use serde::Serialize;

/// Actions that are allowed on the same resource.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: &'static [&'static str],
    resource: &'static str,
}

const fn allow(sid: &'static str, action: &'static [&'static str], resource: &'static str) -> Statement {
    Statement { sid, effect: "Allow", action, resource }
}

/// For `ecs-guard audit`.
pub(super) const AUDIT: &[Statement] = &[
    allow("ListStacks", &["cloudformation:ListStacks"], "*"),
    allow(
        "ReadStacks",
        &["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
        "arn:*:cloudformation:*:*:stack/*",
    ),
];

/// For `ecs-guard results`. To list what one hook said takes another right than to list what was said of one target
/// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/grant-iam-permissions-for-hooks.html>).
pub(super) const RESULTS: &[Statement] = &[allow(
    "ReadHookResults",
    &["cloudformation:DescribeType", "cloudformation:GetHookResult", "cloudformation:ListAllHookResults"],
    "*",
)];

/// For `ecs-guard status`.
pub(super) const STATUS: &[Statement] = &[
    allow(
        "ReadHooks",
        &["cloudformation:BatchDescribeTypeConfigurations", "cloudformation:DescribeType"],
        "*",
    ),
    allow("ReadFunction", &["lambda:GetFunction"], "arn:*:lambda:*:*:function:*"),
];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: &'static [Statement],
}

/// The policy document, in JSON.
pub(super) fn policy(statement: &'static [Statement]) -> String {
    let policy = Policy { version: "2012-10-17", statement };
    // Nothing in it fails to serialize.
    serde_json::to_string_pretty(&policy).unwrap_or_default() + "\n"
}
