//! The rule `root-user`. Must not know other rules.

use crate::document::View;
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule, user};

declare_rule! {
    /// ## What it does
    /// Requires a `User` that is not root, by name or by number. No `User` fails as well: the image then decides,
    /// and most images decide for root.
    ///
    /// The part before the first `:` is the user, the rest the group. Root is the name `root` and every spelling
    /// that the container runtime reads as number 0 (`0`, `00`, `+0`), and an empty user part, which keeps the
    /// image's own user. Names that merely contain the word, such as `nonroot`, are other users. Spellings that
    /// look meant for root (`Root`, ` 0`) fail too, and so do unquoted numbers that only some YAML parsers read as
    /// something else: quote them.
    ///
    /// ## Why is this bad?
    /// Membership in group 0 opens the files that images leave writable for it.
    ///
    /// ## How to fix
    /// Create a user in the image and name it by number, for example `User: '1000:1000'`.
    ///
    /// Not applicable to Windows containers, which do not have the property. An EC2 task that does not declare
    /// `RuntimePlatform.OperatingSystemFamily` cannot be told from Linux and is judged as Linux.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     User: root
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// Of the next five, each passes with one checker or another:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, User: '0:0'}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, User: '00'}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, User: ':1000'}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, User: 0x0}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, User: 'bin:root'}]
    /// ```
    /// Some checkers accuse the first two of these:
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, User: nonroot}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, User: 1337}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, User: '1000:1000'}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, User: !Ref UserId}]
    /// ```
    /// ```yaml,not-applicable
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web, User: ContainerUser}]
    /// ```
    pub struct RootUser {
        name: "root-user",
        severity: High,
        profile: Baseline,
        platform: Linux,
        since: "0.1.0",
        why: "Root in a container is root in the kernel's eyes: one flaw in the runtime, or one careless mount, and it is root on the machine.",
        remediation: "Set `User` to a user that is not root, for example `User: '1000:1000'`.",
        options: [ALLOW_ROOT_GROUP],
        references: [
            SecurityHub("ECS.20", "stricter, because that one knows only `root` and `0`, and does not look at the group"),
            Config("ECS_TASK_DEFINITION_LINUX_USER_NON_ROOT", "stricter, as with ECS.20, which it decides"),
            Config("ECS_TASK_DEFINITION_NONROOT_USER", "stricter, because that one knows `root` only"),
            ControlTower("CT.ECS.PR.3", "stricter, because that one lets other spellings of 0, an empty user and the group of root pass"),
        ],
    }
}

const ALLOW_ROOT_GROUP: RuleOption = RuleOption {
    name: "allow-root-group",
    kind: OptionKind::Boolean { default: false },
    documentation: "Accept group 0 for a user that is not root, as images made for OpenShift have it (`1001:0`).",
};

impl Rule for RootUser {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        context.take(user::judge(container, context.options().is_on(&ALLOW_ROOT_GROUP)));
    }
}
