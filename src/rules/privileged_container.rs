//! The rule `privileged-container`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::{Change, Fix};
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `Privileged: true` in a container definition. `false` and no value at all are fine.
    ///
    /// ## Why is this bad?
    /// Whoever takes it over can load kernel modules, read every disk and reach every other container there.
    ///
    /// ## How to fix
    /// Remove the line. If the service needs one right of the many, add that capability under
    /// `LinuxParameters.Capabilities.Add` and have the platform team allow it.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Privileged: true
    /// ```
    /// A string is read as CloudFormation reads it, in any casing:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Privileged: 'TRUE'}]
    /// ```
    /// A key in another casing is not the property:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, privileged: false}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Privileged: 'false'}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Privileged: !Ref IsPrivileged}]
    /// ```
    /// ```yaml,not-applicable
    /// Family: empty
    /// ```
    pub struct PrivilegedContainer {
        name: "privileged-container",
        severity: Critical,
        profile: Baseline,
        platform: Any,
        since: "0.1.0",
        why: "A privileged container has the rights of root on the machine that runs it.",
        remediation: "Set `Privileged: false` or remove it.",
        fix: Unsafe,
        options: [],
        references: [
            SecurityHub("ECS.4", "same"),
            ControlTower("CT.ECS.PR.11", "same"),
            CisComputeServices("3.4", "same"),
            Config("ECS_CONTAINERS_NONPRIVILEGED", "same"),
            Checkov("CKV_AWS_334", "stricter, because Checkov's reads Terraform only, and a key that does not exist"),
            Prowler("ecs_task_definitions_no_privileged_containers", "same"),
        ],
    }
}

impl Rule for PrivilegedContainer {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        match container.field("Privileged").bool() {
            Lookup::Known(true, node) => {
                context.fail("Privileged", Some(node), "`Privileged` is true").fix =
                    Some(Fix::unsafely(&["Privileged"], Change::set(false)));
            }
            Lookup::Known(false, _) | Lookup::Absent => {}
            Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}
