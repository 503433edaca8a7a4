//! The rule `host-network-mode`. Must not know other rules.

use crate::document::View;
use crate::rule::{Context, Metadata, Rule, declare_rule, host_mode};

declare_rule! {
    /// ## What it does
    /// Forbids `NetworkMode: host`. Every other mode is fine here, and so is none, which means `bridge`; the rule
    /// `bridge-network-mode` asks for `awsvpc`.
    ///
    /// ## Why is this bad?
    /// Services that trust the loopback address trust the container too, security groups cannot tell the two apart, and
    /// two tasks that want one port do not fit on one machine.
    ///
    /// ## How to fix
    /// Use `NetworkMode: awsvpc`, which gives the task an address and security groups of its own. A daemon that watches
    /// the machine's network needs an exception.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// The service takes no other casing; it is judged as what it is meant for:
    /// ```yaml,fail
    /// NetworkMode: Host
    /// ```
    /// ```yaml,pass
    /// NetworkMode: awsvpc
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// NetworkMode: !Ref Mode
    /// ```
    pub struct HostNetworkMode {
        name: "host-network-mode",
        severity: Medium,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "A container in the host's network sees the traffic and reaches the ports of the machine and of every task on it.",
        remediation: "Set `NetworkMode: awsvpc`.",
        options: [],
        references: [
            SecurityHub("ECS.17", "same"),
            Config("ECS_TASK_DEFINITION_NETWORK_MODE_NOT_HOST", "same"),
            Prowler("ecs_task_definitions_host_networking_mode_users", "stricter, because that one accepts the mode with a user or with privileges"),
        ],
    }
}

impl Rule for HostNetworkMode {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        context.take(host_mode::judge(task_definition, "NetworkMode"));
    }
}
