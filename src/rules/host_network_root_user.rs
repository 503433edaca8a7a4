//! The rule `host-network-root-user`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule, host_mode, user};

declare_rule! {
    /// ## What it does
    /// Forbids root in a container of a task with `NetworkMode: host`, unless the container is privileged. Root is read as
    /// the rule `root-user` reads it, in every spelling; the group does not count here.
    ///
    /// `Privileged: true` excuses it, as it does for AWS's own checks: whoever asks for everything has asked for this too.
    /// The rule `privileged-container` has its own opinion of that.
    ///
    /// ## Why is this bad?
    /// It can listen where other services are expected, and talk to what listens on the loopback address only.
    ///
    /// ## How to fix
    /// Use `NetworkMode: awsvpc`, or run as another user: `User: '1000:1000'`.
    ///
    /// Not applicable where the network mode is not `host`, and to Windows containers, which have neither.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: agent}]
    /// ```
    /// A check for the word `root`, or for `0` only, lets this pass:
    /// ```yaml,fail
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: agent, User: '00'}]
    /// ```
    /// ```yaml,pass
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: agent, User: '1000:0'}]
    /// ```
    /// Others ask for privileges and a user together, and fail both of these:
    /// ```yaml,pass
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: agent, User: ec2-user}]
    /// ```
    /// ```yaml,pass
    /// NetworkMode: host
    /// ContainerDefinitions: [{Name: agent, Privileged: true}]
    /// ```
    /// ```yaml,unknown
    /// NetworkMode: !Ref Mode
    /// ContainerDefinitions: [{Name: agent, User: root}]
    /// ```
    /// ```yaml,not-applicable
    /// NetworkMode: awsvpc
    /// ContainerDefinitions: [{Name: web, User: root}]
    /// ```
    pub struct HostNetworkRootUser {
        name: "host-network-root-user",
        severity: High,
        profile: Restricted,
        platform: Linux,
        since: "0.1.0",
        why: "Root in the host's network can take over the machine's addresses and ports, and listen to its traffic.",
        remediation: "Set `NetworkMode: awsvpc`, or a `User` that is not root.",
        options: [],
        references: [
            SecurityHub("ECS.1", "stricter, because it knows `root` only; retired in March 2026"),
            ControlTower("CT.ECS.PR.8", "stricter, because that one lets other spellings of 0 and an empty user pass"),
            CisComputeServices("3.1", "same; the rule `host-network-mode` forbids the mode itself"),
            Config("ECS_TASK_DEFINITION_USER_FOR_HOST_MODE_CHECK", "stricter, because it knows `root` only"),
            GuardRegistry("ECS_TASK_DEFINITION_USER_FOR_HOST_MODE_CHECK", "stricter, because of the spellings; looser, because `Privileged: 'true'` is read as true"),
            CdkNag("HIPAA.Security-ECSTaskDefinitionUserForHostMode", "the other way round, because it asks for privileges and a user that is not root, both"),
            Prowler("ecs_task_definitions_host_networking_mode_users", "stricter, because it does not take `0` for root"),
        ],
    }
}

impl Rule for HostNetworkRootUser {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        let mode = host_mode::judge(task_definition, "NetworkMode");
        context.each_container(task_definition, |container, context| {
            if let Judged::Compliant = mode {
                context.not_applicable("the network mode is not `host`");
            } else {
                context.take_together([user::judge(container, true), mode.clone(), privileges(container)]);
            }
        });
    }
}

/// Whether the container has not even asked for privileges.
fn privileges(container: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "Privileged";
    match container.field(PROPERTY).bool() {
        Lookup::Known(true, _) => Judged::Compliant,
        Lookup::Known(false, node) => Judged::violation(PROPERTY, Some(node), "`Privileged` is false"),
        Lookup::Absent => Judged::violation(PROPERTY, None, "`Privileged` is not set"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
