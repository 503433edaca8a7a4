//! The rule `privilege-escalation`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::{Change, Fix, Literal};
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires `no-new-privileges` among the `DockerSecurityOptions` of every container that runs on EC2 or on external
    /// instances.
    ///
    /// ## Why is this bad?
    /// A user that is not root is worth little while a forgotten `setuid` program in the image makes root of it.
    ///
    /// ## How to fix
    /// Set `DockerSecurityOptions: [no-new-privileges]`. Programs such as `sudo` and `ping` may stop working in the container.
    /// Fargate refuses such options, so a task that is to run there too needs a definition of its own.
    ///
    /// Not applicable on Fargate, which takes no such options, and to Windows containers. An EC2 task that does not declare
    /// `RuntimePlatform.OperatingSystemFamily` cannot be told from Linux and is judged as Linux.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: ['no-new-privileges:false']}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: [no-new-privileges]}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: ['no-new-privileges:true']}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, DockerSecurityOptions: !Ref Options}]
    /// ```
    /// ```yaml,not-applicable
    /// RequiresCompatibilities: [FARGATE]
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct PrivilegeEscalation {
        name: "privilege-escalation",
        severity: Medium,
        profile: Pedantic,
        platform: Linux,
        not_on: [Fargate],
        since: "0.1.0",
        why: "Without `no-new-privileges`, a program in the container can gain rights that the container was not started with.",
        remediation: "Add `no-new-privileges` to `DockerSecurityOptions`.",
        fix: Unsafe,
        options: [],
        references: [],
    }
}

const PROPERTY: &str = "DockerSecurityOptions";

impl Rule for PrivilegeEscalation {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        const MISSING: &str = "`DockerSecurityOptions` lacks `no-new-privileges`";
        let options = match container.field(PROPERTY).list() {
            Lookup::Known(options, _) => options,
            Lookup::Absent => {
                context.fail(PROPERTY, None, MISSING).fix = Some(fix());
                return;
            }
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        let mut is_open = false;
        let mut is_set = false;
        for option in options {
            match option.string() {
                // Of several, Docker takes the last.
                Lookup::Known(option, _) => is_set = no_new_privileges(option.text).unwrap_or(is_set),
                Lookup::Absent => {}
                Lookup::Unresolved(unresolved) => {
                    is_open = true;
                    context.unresolved(&unresolved);
                }
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
        }
        if !is_set && !is_open {
            context.fail(PROPERTY, container.field(PROPERTY).node(), MISSING).fix = Some(fix());
        }
    }
}

/// Of several entries Docker takes the last, so one more decides.
fn fix() -> Fix {
    Fix::unsafely(&[PROPERTY], Change::Append(Literal::Text("no-new-privileges".into())))
}

/// What an entry sets `no-new-privileges` to, if it is about that
/// (<https://github.com/moby/moby/blob/master/daemon/daemon_unix.go>, `parseSecurityOpt`).
fn no_new_privileges(option: &str) -> Option<bool> {
    match option.trim().strip_prefix("no-new-privileges")? {
        "" => Some(true),
        value => Some(matches!(value.strip_prefix([':', '='])?, "1" | "t" | "T" | "TRUE" | "true" | "True")),
    }
}
