//! The rule `added-linux-capabilities`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::quote;
use crate::rule::capability::{self, normalize};
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `LinuxParameters.Capabilities.Add`, except for the capabilities that the option `allow` lists. An
    /// empty list adds nothing and is fine; dropping capabilities always is.
    ///
    /// Names are compared as Docker compares them: in any casing, with or without `CAP_`. A name that is none of
    /// Linux's fails, whatever the policy allows. `ALL` is allowed only by listing `ALL`.
    ///
    /// ## Why is this bad?
    /// `SYS_ADMIN` or `SYS_MODULE` alone is enough to leave the container.
    ///
    /// ## How to fix
    /// Remove the entries. A service that needs one asks the platform team to list it under `allow` in the policy.
    ///
    /// Not applicable to Windows containers, which do not have the property. An EC2 task that does not declare
    /// `RuntimePlatform.OperatingSystemFamily` cannot be told from Linux and is judged as Linux.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LinuxParameters:
    ///       Capabilities:
    ///         Add: [SYS_ADMIN]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Add: [cap_sys_admin]}}}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {add: [SYS_ADMIN]}}}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Drop: [ALL]}}}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Add: []}}}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, LinuxParameters: {Capabilities: {Add: !Ref Capabilities}}}]
    /// ```
    /// ```yaml,not-applicable
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct AddedLinuxCapabilities {
        name: "added-linux-capabilities",
        severity: High,
        profile: Baseline,
        platform: Linux,
        since: "0.1.0",
        why: "Each capability hands the container a part of what root may do to the machine.",
        remediation: "Remove it from `LinuxParameters.Capabilities.Add`, or ask for it in the policy's `allow` list.",
        options: [ALLOW],
        references: [],
    }
}

const ALLOW: RuleOption = RuleOption {
    name: "allow",
    kind: OptionKind::Words { default: &[], known: capability::ALL, normalize, or_all: false },
    documentation: "Capabilities that containers may add. `ALL` allows every one.",
};

impl Rule for AddedLinuxCapabilities {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let added = container.field("LinuxParameters").field("Capabilities").field("Add");
        let added = match added.list() {
            Lookup::Known(added, _) => added,
            Lookup::Absent => return,
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        for item in added {
            match item.string() {
                Lookup::Known(text, node) => {
                    let name = normalize(text.text);
                    let is_allowed = |name: &str| context.options().holds(&ALLOW, name);
                    if !capability::ALL.contains(&name.as_str()) {
                        let found = quote(text.text);
                        context.fail("Add", Some(node), format!("`Capabilities.Add` names {found}, an unknown capability"));
                    } else if !is_allowed(&name) && !is_allowed("ALL") {
                        context.fail("Add", Some(node), format!("`Capabilities.Add` names `{name}`"));
                    }
                }
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
    }
}
