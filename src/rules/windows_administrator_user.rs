//! The rule `windows-administrator-user`. Must not know other rules.

use crate::document::{Holds, Lookup, Partial, View};
use crate::finding::quote;
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `User: ContainerAdministrator`, in any casing and behind any authority (`User Manager\ContainerAdministrator`),
    /// where `RuntimePlatform.OperatingSystemFamily` declares Windows.
    /// Amazon ECS says that `User` is not supported for Windows containers, so none is required.
    ///
    /// ## Why is this bad?
    /// It can install services, stop others, and read all that is in the container or mounted into it.
    ///
    /// ## How to fix
    /// Use `ContainerUser`, which Windows images have, or a user that the image creates.
    ///
    /// Not applicable to task definitions that do not declare Windows; the rule `root-user` is about those.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web, User: containeradministrator}]
    /// ```
    /// ```yaml,fail
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web, User: 'User Manager\ContainerAdministrator'}]
    /// ```
    /// ```yaml,pass
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2025_FULL}
    /// ContainerDefinitions: [{Name: web, User: ContainerUser}]
    /// ```
    /// Security Hub's control accuses it:
    /// ```yaml,pass
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// RuntimePlatform: {OperatingSystemFamily: !Ref Family}
    /// ContainerDefinitions: [{Name: web, User: ContainerAdministrator}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web, User: ContainerAdministrator}]
    /// ```
    pub struct WindowsAdministratorUser {
        name: "windows-administrator-user",
        severity: Medium,
        profile: Restricted,
        platform: Windows,
        since: "0.1.0",
        why: "The administrator of a Windows container has every right in it, and more of the machine's kernel within reach.",
        remediation: "Set `User: ContainerUser`, or another user that is not an administrator.",
        options: [],
        references: [
            SecurityHub("ECS.21", "looser, because that one fails a missing user too, and definitions that declare no platform"),
            Config("ECS_TASK_DEFINITION_WINDOWS_USER_NON_ADMIN", "looser, because that one fails a missing user too"),
        ],
    }
}

impl Rule for WindowsAdministratorUser {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        const ADMINISTRATOR: &str = "ContainerAdministrator";
        match container.field("User").string() {
            Lookup::Known(user, node) if without_authority(user.text).eq_ignore_ascii_case(ADMINISTRATOR) => {
                context.fail("User", Some(node), format!("`User` is {}", quote(user.text)));
            }
            Lookup::Known(..) | Lookup::Absent => {}
            Lookup::Unresolved(unresolved) if is_another(&unresolved.partial(), ADMINISTRATOR) => {}
            Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}

/// The user's own name: Windows also knows him as `User Manager\ContainerAdministrator`.
fn without_authority(user: &str) -> &str {
    user.rsplit_once('\\').map_or(user, |(_, name)| name).trim()
}

fn is_another(user: &Partial<'_>, name: &str) -> bool {
    user.matches(name) == Holds::No && user.matches(&format!("*\\{name}")) == Holds::No
}
