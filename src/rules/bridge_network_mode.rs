//! The rule `bridge-network-mode`. Must not know other rules.

use crate::document::{Holds, Lookup, View};
use crate::finding::quote;
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires `NetworkMode: awsvpc`. No value fails as well: Amazon ECS takes it for `bridge`, or for Windows' `default`.
    ///
    /// ## Why is this bad?
    /// Its tasks share the machine's address, so a rule that lets one of them reach a database lets all of them, and flow logs
    /// cannot say which it was.
    ///
    /// ## How to fix
    /// Set `NetworkMode: awsvpc`. The service then needs a `NetworkConfiguration` with subnets and security groups, and load
    /// balancers target groups of the type `ip`.
    ///
    /// Not applicable to tasks for external instances only, which have no VPC.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,fail
    /// NetworkMode: bridge
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// NetworkMode: awsvpc
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// A check that compares what is written accuses this without knowing:
    /// ```yaml,unknown
    /// NetworkMode: !Ref Mode
    /// ```
    /// ```yaml,not-applicable
    /// RequiresCompatibilities: [EXTERNAL]
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct BridgeNetworkMode {
        name: "bridge-network-mode",
        severity: Low,
        profile: Pedantic,
        platform: Any,
        not_on: [External],
        since: "0.1.0",
        why: "Without `awsvpc`, a task has no network interface, and so no security group, of its own.",
        remediation: "Set `NetworkMode: awsvpc`.",
        options: [],
        references: [
            ControlTower("CT.ECS.PR.4", "same"),
            Config("ECS_AWSVPC_NETWORKING_ENABLED", "looser, because tasks for external instances only are exempt"),
            Kics("027a4b7a-8a59-4938-a04f-ed532512cf45", "looser, because tasks for external instances only are exempt, and a function is not taken for a wrong mode"),
        ],
    }
}

impl Rule for BridgeNetworkMode {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        const PROPERTY: &str = "NetworkMode";
        const WANTED: &str = "awsvpc";
        match task_definition.field(PROPERTY).string() {
            Lookup::Known(mode, _) if mode.text == WANTED => {}
            Lookup::Known(mode, node) => {
                context.fail(PROPERTY, Some(node), format!("`NetworkMode` is {}, not `awsvpc`", quote(mode.text)));
            }
            Lookup::Absent => {
                context.fail(PROPERTY, None, "`NetworkMode` is not set, which means `bridge`");
            }
            Lookup::Unresolved(unresolved) if unresolved.partial().matches(WANTED) == Holds::No => {
                context.fail(PROPERTY, Some(unresolved.node), "`NetworkMode` cannot come to be `awsvpc`");
            }
            Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}
