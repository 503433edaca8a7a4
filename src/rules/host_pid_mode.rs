//! The rule `host-pid-mode`. Must not know other rules.

use crate::document::View;
use crate::finding::{Change, Fix};
use crate::rule::{Context, Metadata, Rule, declare_rule, host_mode};

declare_rule! {
    /// ## What it does
    /// Forbids `PidMode: host`. `task`, and no value at all, are fine.
    ///
    /// ## Why is this bad?
    /// The environment of another process, with the secrets in it, is a file away, and root in the container can end any
    /// of them.
    ///
    /// ## How to fix
    /// Remove the line. Containers that must see each other's processes take `PidMode: task`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// PidMode: host
    /// ContainerDefinitions: [{Name: agent}]
    /// ```
    /// A guard rule that compares with `host` alone lets this pass:
    /// ```yaml,fail
    /// PidMode: Host
    /// ```
    /// An empty value is none, though Control Tower's check fails it:
    /// ```yaml,pass
    /// PidMode: ''
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// PidMode: task
    /// ```
    /// ```yaml,unknown
    /// PidMode: !If [IsDebug, host, task]
    /// ```
    pub struct HostPidMode {
        name: "host-pid-mode",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "A container among the host's processes sees every process of the machine, and of every task on it.",
        remediation: "Remove `PidMode`, or set it to `task`.",
        fix: Unsafe,
        options: [],
        references: [
            SecurityHub("ECS.3", "same"),
            ControlTower("CT.ECS.PR.10", "looser, because that one fails an empty value too; stricter, because it lets `Host` pass"),
            CisComputeServices("3.3", "same"),
            Config("ECS_TASK_DEFINITION_PID_MODE_CHECK", "same"),
            Checkov("CKV_AWS_335", "stricter, because Checkov's reads Terraform only, and the key in the wrong place"),
            Prowler("ecs_task_definitions_host_namespace_not_shared", "same"),
        ],
    }
}

impl Rule for HostPidMode {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        if let Some(finding) = context.take(host_mode::judge(task_definition, "PidMode")) {
            finding.fix = Some(Fix::unsafely(&["PidMode"], Change::Remove));
        }
    }
}
