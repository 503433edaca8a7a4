//! The rule `host-ipc-mode`. Must not know other rules.

use crate::document::View;
use crate::finding::{Change, Fix};
use crate::rule::{Context, Metadata, Rule, declare_rule, host_mode};

declare_rule! {
    /// ## What it does
    /// Forbids `IpcMode: host`. `task`, `none`, and no value at all, are fine.
    ///
    /// ## Why is this bad?
    /// Databases and browsers keep data in shared memory; whoever shares it can read it, change it, and fill it.
    ///
    /// ## How to fix
    /// Remove the line. Containers that share memory with each other take `IpcMode: task`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// IpcMode: host
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// IpcMode: task
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// IpcMode: !Ref Mode
    /// ```
    pub struct HostIpcMode {
        name: "host-ipc-mode",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "A container in the host's IPC namespace shares memory and semaphores with every process of the machine.",
        remediation: "Remove `IpcMode`, or set it to `task` or `none`.",
        fix: Unsafe,
        options: [],
        references: [],
    }
}

impl Rule for HostIpcMode {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        if let Some(finding) = context.take(host_mode::judge(task_definition, "IpcMode")) {
            finding.fix = Some(Fix::unsafely(&["IpcMode"], Change::Remove));
        }
    }
}
