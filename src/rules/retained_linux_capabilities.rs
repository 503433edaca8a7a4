//! The rule `retained-linux-capabilities`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::rule::capability::normalize;
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires `ALL` in `LinuxParameters.Capabilities.Drop`, on Fargate too. What a service needs it adds again, as far as the
    /// rule `added-linux-capabilities` allows that.
    ///
    /// ## Why is this bad?
    /// Docker leaves a container fourteen of them, among these the rights to forge network packets and to make device files.
    /// Most services need none.
    ///
    /// ## How to fix
    /// Set `LinuxParameters: {Capabilities: {Drop: [ALL]}}`. A server that listens on a port below 1024 as another user than root
    /// may need `NET_BIND_SERVICE` added.
    ///
    /// Not applicable to Windows containers, which do not have the property. An EC2 task that does not declare
    /// `RuntimePlatform.OperatingSystemFamily` cannot be told from Linux and is judged as Linux.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Drop: [NET_RAW, MKNOD]}}}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Drop: [all]}}}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Drop: !Ref Dropped}}}]
    /// ```
    /// ```yaml,not-applicable
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct RetainedLinuxCapabilities {
        name: "retained-linux-capabilities",
        severity: Low,
        profile: Pedantic,
        platform: Linux,
        since: "0.1.0",
        why: "Each capability that a container keeps without need is one more thing that whoever breaks in can do.",
        remediation: "Set `LinuxParameters.Capabilities.Drop` to `[ALL]`.",
        options: [],
        references: [],
    }
}

const PROPERTY: &str = "Drop";

impl Rule for RetainedLinuxCapabilities {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        const MISSING: &str = "`LinuxParameters.Capabilities.Drop` lacks `ALL`";
        let property = container.field("LinuxParameters").field("Capabilities").field(PROPERTY);
        let dropped = match property.list() {
            Lookup::Known(dropped, _) => dropped,
            Lookup::Absent => {
                context.fail(PROPERTY, None, MISSING);
                return;
            }
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        let mut drops_all_or_may = false;
        for capability in dropped {
            match capability.string() {
                Lookup::Known(name, _) => drops_all_or_may |= normalize(name.text) == "ALL",
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => {
                    drops_all_or_may = true;
                    context.unresolved(&unresolved);
                }
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
        if !drops_all_or_may {
            context.fail(PROPERTY, property.node(), MISSING);
        }
    }
}
