//! The rule `added-linux-capabilities`. Must not know other rules.

use crate::document::{Lookup, View, did_you_mean};
use crate::finding::{Change, Fix, quote};
use crate::rule::capability::{self, normalize};
use crate::rule::{Context, Metadata, OptionKind, Options, Rule, RuleOption, declare_rule};

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
        fix: Unsafe,
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
        let mut violations = Vec::new();
        for item in added {
            match item.string() {
                Lookup::Known(text, node) => {
                    if violation(text.text, context.options()).is_some() {
                        violations.push((text.text, node));
                    }
                }
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
        let change = Change::remove_items(violations.iter().map(|(text, _)| *text));
        for (text, node) in violations {
            let Some(violation) = violation(text, context.options()) else { continue };
            let keys = &["LinuxParameters", "Capabilities", "Add"];
            let fix = change.clone().map(|change| Fix::unsafely(keys, change));
            let finding = context.fail("Add", Some(node), violation.message);
            finding.fix = fix;
            if violation.is_unknown {
                // No policy can allow what there is not.
                finding.remediation = "Remove it from `LinuxParameters.Capabilities.Add`, or write the name of a capability.".into();
            }
        }
    }
}

/// What is wrong with adding a capability.
struct Violation {
    message: String,
    /// Whether there is no capability of that name.
    is_unknown: bool,
}

fn violation(text: &str, options: &Options) -> Option<Violation> {
    let name = normalize(text);
    if !capability::ALL.contains(&name.as_str()) {
        // Nobody is advised to add them all.
        let known = capability::ALL.iter().copied().filter(|known| *known != "ALL");
        let meant = did_you_mean(&name, known).map(|meant| format!(", {meant}")).unwrap_or_default();
        let message = if text.is_empty() {
            "`Capabilities.Add` has an empty text, which names no capability".to_owned()
        } else {
            format!("`Capabilities.Add` names {}, an unknown capability{meant}", quote(text))
        };
        return Some(Violation { message, is_unknown: true });
    }
    let is_allowed = options.holds(&ALLOW, &name) || options.holds(&ALLOW, "ALL");
    let message = || format!("`Capabilities.Add` names `{name}`");
    (!is_allowed).then(|| Violation { message: message(), is_unknown: false })
}
