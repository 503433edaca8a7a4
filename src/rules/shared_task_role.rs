//! The rule `shared-task-role`. Must not know other rules.

use crate::document::{Lookup, Node, Partial, Value, View};
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids one role for both `TaskRoleArn`, which the containers act with, and `ExecutionRoleArn`, which Amazon ECS acts with
    /// to start them. Roles are compared as text, or as references to the same thing.
    ///
    /// ## Why is this bad?
    /// What starts a task reads its secrets and pulls images from private repositories. The service itself should not, and the
    /// logs should tell the two apart.
    ///
    /// ## How to fix
    /// Make a role of its own for the service, with the rights that its code needs. A service that calls no API of AWS needs no
    /// `TaskRoleArn` at all.
    ///
    /// Not applicable where one of the two is missing.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// TaskRoleArn: !GetAtt Role.Arn
    /// ExecutionRoleArn: {'Fn::GetAtt': [Role, Arn]}
    /// ```
    /// A role may be given by its name alone:
    /// ```yaml,fail
    /// TaskRoleArn: arn:aws:iam::111122223333:role/web
    /// ExecutionRoleArn: web
    /// ```
    /// ```yaml,pass
    /// TaskRoleArn: !GetAtt TaskRole.Arn
    /// ExecutionRoleArn: !GetAtt ExecutionRole.Arn
    /// ```
    /// ```yaml,pass
    /// TaskRoleArn: !Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':role/web']]
    /// ExecutionRoleArn: !Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':role/execution']]
    /// ```
    /// Two parameters may have one value:
    /// ```yaml,unknown
    /// TaskRoleArn: !Ref TaskRole
    /// ExecutionRoleArn: !Ref ExecutionRole
    /// ```
    /// ```yaml,not-applicable
    /// ExecutionRoleArn: !GetAtt Role.Arn
    /// ```
    pub struct SharedTaskRole {
        name: "shared-task-role",
        severity: Medium,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "Containers that act with the execution role can read every secret and pull every image that it can.",
        remediation: "Give `TaskRoleArn` a role of its own, or remove it.",
        options: [],
        references: [
            Checkov("CKV_AWS_249", "same, but Checkov's reads Terraform only"),
        ],
    }
}

const PROPERTY: &str = "TaskRoleArn";
const SAME: &str = "`TaskRoleArn` and `ExecutionRoleArn` are the same role";

impl Rule for SharedTaskRole {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        let task_role = task_definition.field(PROPERTY).string();
        let execution_role = task_definition.field("ExecutionRoleArn").string();
        match (task_role, execution_role) {
            (Lookup::Absent, _) | (_, Lookup::Absent) => {
                context.not_applicable("the task does not have both a task role and an execution role");
            }
            (Lookup::Known(one, node), Lookup::Known(other, _)) => {
                if is_same(one.text, other.text) {
                    context.fail(PROPERTY, Some(node), SAME);
                }
            }
            (Lookup::Unresolved(one), Lookup::Unresolved(other)) => {
                if one.is_same_as(&other) {
                    context.fail(PROPERTY, Some(one.node), SAME);
                } else if !are_two_resources(one.node, other.node) && may_be_same(&one.partial(), &other.partial()) {
                    context.unresolved(&one);
                    context.unresolved(&other);
                }
            }
            (Lookup::Unresolved(open), Lookup::Known(role, _)) | (Lookup::Known(role, _), Lookup::Unresolved(open)) => {
                if may_be_same(&open.partial(), &Partial::known(role.text)) {
                    context.unresolved(&open);
                }
            }
            // Without one of them there is nothing to compare.
            (Lookup::Unresolved(open), Lookup::Malformed(_)) | (Lookup::Malformed(_), Lookup::Unresolved(open))
                if open.may_be_absent() =>
            {
                context.unresolved(&open);
            }
            (Lookup::Malformed(problem), _) | (_, Lookup::Malformed(problem)) => context.malformed(&problem),
        }
    }
}

/// Whether two texts name one role: by its ARN, or one of them by the role's name.
fn is_same(one: &str, other: &str) -> bool {
    let is_arn = |role: &str| role.starts_with("arn:");
    one == other || !(is_arn(one) && is_arn(other)) && last_step(one) == last_step(other)
}

fn last_step(role: &str) -> &str {
    role.rsplit_once('/').map_or(role, |(_, name)| name)
}

/// Whether two texts can come to name one role: no account has two of one name.
fn may_be_same(one: &Partial<'_>, other: &Partial<'_>) -> bool {
    let name = |role: &Partial<'_>| match role.whole() {
        Some(role) => Some(last_step(role).to_owned()),
        None => role.end().rsplit_once('/').map(|(_, name)| name.to_owned()),
    };
    match (name(one), name(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// Whether both are the ARN of a resource of this template, and not of the same.
fn are_two_resources(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (resource(one), resource(other)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    }
}

/// The resource whose ARN `Fn::GetAtt` asks for.
fn resource<'a>(node: &'a Node<'_>) -> Option<&'a str> {
    let Value::Intrinsic(call) = &node.value else { return None };
    let (resource, attribute) = match &call.argument.value {
        Value::String(name) => name.split_once('.')?,
        Value::Sequence(items) => match &**items {
            [Node { value: Value::String(resource), .. }, Node { value: Value::String(attribute), .. }] => {
                (&**resource, &**attribute)
            }
            _ => return None,
        },
        _ => return None,
    };
    (call.function == "Fn::GetAtt" && attribute == "Arn").then_some(resource)
}
