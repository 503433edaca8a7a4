//! The rule `unconfined-security-options`. Must not know other rules.

use crate::document::{Holds, Lookup, View};
use crate::finding::{Change, Fix, quote};
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids the entries of `DockerSecurityOptions` that switch the kernel's protection off: `apparmor:unconfined`,
    /// `seccomp:unconfined` and `label:disable`, in any casing, with `:` or with `=`.
    ///
    /// ## Why is this bad?
    /// Docker's own profiles forbid what attacks on the kernel begin with, and no usual service notices them.
    ///
    /// ## How to fix
    /// Remove the entry. A service that needs a call that the usual profile forbids gets a profile of its own, loaded on the
    /// machine: `apparmor:my-service`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     DockerSecurityOptions: ['seccomp:unconfined']
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: [no-new-privileges, label=disable]}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: [no-new-privileges, 'apparmor:my-service']}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: [!Join ['', ['apparmor:', !Ref Profile]]]}]
    /// ```
    /// ```yaml,not-applicable
    /// Family: empty
    /// ```
    pub struct UnconfinedSecurityOptions {
        name: "unconfined-security-options",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "Without AppArmor, seccomp or SELinux, a container can make every call that the kernel has, flawed ones too.",
        remediation: "Remove the entry from `DockerSecurityOptions`.",
        fix: Unsafe,
        options: [],
        references: [],
    }
}

/// Docker splits at the first `=` or `:`
/// (<https://github.com/moby/moby/blob/master/daemon/daemon_unix.go>, `parseSecurityOpt`).
const UNCONFINED: &[&str] = &[
    "apparmor:unconfined",
    "apparmor=unconfined",
    "seccomp:unconfined",
    "seccomp=unconfined",
    "label:disable",
    "label=disable",
];

impl Rule for UnconfinedSecurityOptions {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let options = match container.field("DockerSecurityOptions").list() {
            Lookup::Known(options, _) => options,
            Lookup::Absent => return,
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        let mut violations = Vec::new();
        for option in options {
            match option.string() {
                Lookup::Known(option, node) => {
                    let is_it = |unconfined: &&str| option.text.trim().eq_ignore_ascii_case(unconfined);
                    if UNCONFINED.iter().any(is_it) {
                        violations.push((option.text, node));
                    }
                }
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => {
                    let known = unresolved.partial();
                    if UNCONFINED.iter().any(|unconfined| known.matches(unconfined) != Holds::No) {
                        context.unresolved(&unresolved);
                    }
                }
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
        let change = Change::remove_items(violations.iter().map(|(text, _)| *text));
        for (text, node) in violations {
            let message = format!("`DockerSecurityOptions` has {}", quote(text));
            let fix = change.clone().map(|change| Fix::unsafely(&["DockerSecurityOptions"], change));
            context.fail("DockerSecurityOptions", Some(node), message).fix = fix;
        }
    }
}
