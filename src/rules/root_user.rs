//! The rule `root-user`. Must not know other rules.

use crate::document::{Lookup, Part, Text, View, is_zero};
use crate::finding::quote;
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule};

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
        let (user, node) = match container.field("User").string() {
            Lookup::Known(user, node) => (user, node),
            Lookup::Absent => {
                context.fail("User", None, "`User` is not set, so the image decides, and most run as root");
                return;
            }
            Lookup::Unresolved(unresolved) => {
                let allow_root_group = context.options().is_on(&ALLOW_ROOT_GROUP);
                let known = unresolved.parts().map(|parts| Known::of(&parts).judge(allow_root_group));
                return match known {
                    Some(Certainty::Violates(message)) => {
                        context.fail("User", Some(unresolved.node), message);
                    }
                    Some(Certainty::Complies) => {}
                    Some(Certainty::Open) | None => context.unresolved(&unresolved),
                };
            }
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        if let Some(message) = violation(user, context.options().is_on(&ALLOW_ROOT_GROUP)) {
            context.fail("User", Some(node), message);
        }
    }
}

/// What is wrong with a user, if anything is.
fn violation(user: Text<'_>, allow_root_group: bool) -> Option<String> {
    let found = quote(user.text);
    let (name, group) = match user.text.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (user.text, None),
    };
    match root(name) {
        Some(Root::Plain) => return Some(format!("`User` is {found}, which is root")),
        Some(Root::Suspicious) => {
            return Some(format!("`User` is {found}, a suspicious spelling of root"));
        }
        None if user.text.is_empty() => return Some("`User` is empty, which keeps the image's own user".into()),
        None if name.trim().is_empty() => {
            return Some(format!("`User` is {found}, which names no user and keeps the image's own"));
        }
        None => {}
    }
    if user.is_number && is_zero(user.text) {
        return Some(format!("`User` is {found}, a number equal to 0, which is root; quote it if it is a name"));
    }
    // A third part is no part of the format; runtimes that ignore it take the second for the group.
    let mut groups = group.into_iter().chain(group.into_iter().flat_map(|group| group.split(':')));
    let root_group = groups.find_map(root).filter(|_| !allow_root_group)?;
    Some(match root_group {
        // Unquoted, this is 60000 for a YAML 1.1 parser and user and group for the others.
        _ if user.is_number => {
            format!("`User` is {found}, which YAML may read as a number or as the group of root; quote it")
        }
        Root::Plain => format!("`User` is {found}, which is in the group of root"),
        Root::Suspicious => format!("`User` is {found}, with a suspicious spelling of the group of root"),
    })
}

/// What is known of the parts between the colons of a user that is not known as a whole; an open part may hold colons.
struct Known(Vec<Option<String>>);

impl Known {
    fn of(pieces: &[Part<'_>]) -> Self {
        let mut parts = Vec::new();
        let mut part = Some(String::new());
        for piece in pieces {
            let Part::Known(text) = piece else {
                part = None;
                continue;
            };
            for (at, text) in text.split(':').enumerate() {
                if at > 0 {
                    parts.push(part.replace(String::new()));
                }
                if let Some(part) = &mut part {
                    part.push_str(text);
                }
            }
        }
        parts.push(part);
        Self(parts)
    }

    /// What can be said whatever the open parts are.
    fn judge(&self, allow_root_group: bool) -> Certainty {
        let Some((user, groups)) = self.0.split_first() else { return Certainty::Open };
        if let Some(user) = user.as_ref().filter(|user| user.trim().is_empty() || root(user).is_some()) {
            let found = quote(&format!("{user}:"));
            return Certainty::Violates(format!("`User` begins with {found}, which is root"));
        }
        if allow_root_group {
            return if user.is_some() { Certainty::Complies } else { Certainty::Open };
        }
        match groups.iter().flatten().find(|group| root(group).is_some()) {
            Some(group) => Certainty::Violates(format!("`User` has the group {}, which is root's", quote(group))),
            None => Certainty::Open,
        }
    }
}

/// What is known of a user that is not known as a whole.
enum Certainty {
    Complies,
    Violates(String),
    Open,
}

enum Root {
    Plain,
    Suspicious,
}

/// Whether one part of a user means root.
///
/// The runtime takes what Go's `strconv.Atoi` reads for a number, and names by letter:
/// <https://github.com/moby/sys/blob/main/user/user.go> (`GetExecUser`). Numbers beyond 31 bits were root to
/// containerd (CVE-2024-40635).
fn root(part: &str) -> Option<Root> {
    let digits = |part: &str| {
        let digits = part.strip_prefix(['+', '-']).unwrap_or(part);
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.trim_start_matches('0').to_owned())
    };
    let is_zero = |part: &str| digits(part).is_some_and(|digits| digits.is_empty());
    if part == "root" || is_zero(part) {
        return Some(Root::Plain);
    }
    let is_beyond = digits(part).is_some_and(|digits| digits.parse::<i32>().is_err());
    // What cannot be seen, or is no part of a name, cannot make another user of root.
    let visible: String = part.chars().filter(char::is_ascii_graphic).collect();
    (is_beyond || visible.eq_ignore_ascii_case("root") || is_zero(&visible)).then_some(Root::Suspicious)
}

#[cfg(test)]
mod tests {
    use super::{Text, violation};

    fn quoted(text: &str) -> Option<String> {
        violation(Text { text, is_number: false }, false)
    }

    fn unquoted(text: &str) -> Option<String> {
        violation(Text { text, is_number: true }, false)
    }

    #[test]
    fn every_spelling_of_root_fails() {
        for user in [
            "root", "0", "00", "000000000000000000000000", "+0", "-0", "0:0", "0:1000", "root:app", ":", ":0", ":1000", "",
            "Root", "ROOT", " root", "root ", " 0", "0\t", "\u{a0}0", "1000:0", "1000:root", "app:00", "app:+0", "app:Root",
            "app: 0",
            "1000:0:0",
            "app:root:x",
            "4294967296",
            "root\u{0}",
            "ro\u{200b}ot",
            " ",
            " :5",
        ] {
            assert!(quoted(user).is_some(), "{user:?}");
        }
    }

    #[test]
    fn other_users_pass() {
        for user in [
            "nonroot", "rootless", "groot", "nonroot:nonroot", "root1", "1000", "1000:1000", "app", "app:", "010", "0x0",
            "0_0", "0b0", "app:rooted", "10", "-1", "1e0",
        ] {
            assert_eq!(quoted(user), None, "{user:?}");
        }
    }

    #[test]
    fn unquoted_numbers_are_judged_as_every_parser_reads_them() {
        for user in ["0", "0x0", "0b0", "0_0", "0.0", "0e0", "-0", "00"] {
            assert!(unquoted(user).is_some(), "{user}");
        }
        assert!(unquoted("1000:0").is_some_and(|message| message.contains("quote it")));
        for user in ["1337", "010", "1001:50", "1e3"] {
            assert_eq!(unquoted(user), None, "{user}");
        }
    }

    #[test]
    fn the_root_group_can_be_allowed_but_root_cannot() {
        let allowing = |text| violation(Text { text, is_number: false }, true);
        assert_eq!(allowing("1001:0"), None);
        assert_eq!(allowing("app:root"), None);
        for user in ["0:0", ":0", "root:app", ""] {
            assert!(allowing(user).is_some(), "{user:?}");
        }
    }
}
