//! The rule `host-device`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::quote;
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `LinuxParameters.Devices`. An empty list gives nothing and is fine.
    ///
    /// ## Why is this bad?
    /// A disk's device is all that is on the disk, of every task and of the machine itself, below the permissions of any
    /// file.
    ///
    /// ## How to fix
    /// Remove the entries. A service that needs a graphics processor or an accelerator asks for it with
    /// `ResourceRequirements`; one that needs `/dev/fuse` or the like needs an exception.
    ///
    /// Amazon ECS takes no devices on Fargate and none for Windows containers; there, the rule fails what is invalid anyway.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LinuxParameters:
    ///       Devices: [{HostPath: /dev/xvda}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {devices: [{HostPath: /dev/xvda}]}}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Devices: []}}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Devices: !If [HasDisk, [{HostPath: /dev/xvda}], []]}}]
    /// ```
    /// ```yaml,not-applicable
    /// Family: empty
    /// ```
    pub struct HostDevice {
        name: "host-device",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "A device of the machine in a container goes around the file system, and around every permission in it.",
        remediation: "Remove `LinuxParameters.Devices`.",
        options: [],
        references: [],
    }
}

impl Rule for HostDevice {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let devices = match container.field("LinuxParameters").field("Devices").list() {
            Lookup::Known(devices, _) => devices,
            Lookup::Absent => return,
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        for device in devices {
            match device.mapping() {
                Lookup::Known(_, node) => {
                    let path = match device.field("HostPath").string() {
                        Lookup::Known(path, _) => quote(path.text),
                        _ => "a device".to_owned(),
                    };
                    context.fail("Devices", Some(node), format!("`LinuxParameters.Devices` gives it {path}"));
                }
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
    }
}
