//! Which user a container runs as.
//!
//! Owns the reading of `User`: what is root, in every spelling that some reader takes for it. Must not know what a rule
//! makes of it.

use super::Judged;
use crate::document::{Lookup, Part, Partial, Text, View, is_zero};
use crate::finding::quote;

const USER: &str = "User";

/// Whether a container runs as root, or, unless `allow_root_group`, in the group of root.
pub fn judge(container: View<'_>, allow_root_group: bool) -> Judged<'_> {
    match container.field(USER).string() {
        Lookup::Known(user, node) => match violation(user, allow_root_group) {
            Some(message) => Judged::violation(USER, Some(node), message),
            None => Judged::Compliant,
        },
        Lookup::Absent => {
            Judged::violation(USER, None, "`User` is not set, so the image decides, and most run as root")
        }
        Lookup::Unresolved(unresolved) => match Known::of(&unresolved.partial()).judge(allow_root_group) {
            Certainty::Violates(message) => Judged::violation(USER, Some(unresolved.node), message),
            Certainty::Complies => Judged::Compliant,
            Certainty::Open => Judged::Unresolved(unresolved),
        },
        Lookup::Malformed(problem) => Judged::Malformed(problem),
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
        None if user.text.is_empty() => {
            return Some("`User` is empty, which keeps the image's own user".into());
        }
        None if name.trim().is_empty() => {
            return Some(format!("`User` is {found}, which names no user and keeps the image's own"));
        }
        None => {}
    }
    if user.is_number && is_zero(user.text) {
        return Some(format!(
            "`User` is {found}, a number equal to 0, which is root; quote it if it is a name"
        ));
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
    fn of(user: &Partial<'_>) -> Self {
        let mut parts = Vec::new();
        let mut part = Some(String::new());
        for piece in user.parts() {
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
            Some(group) => {
                Certainty::Violates(format!("`User` has the group {}, which is root's", quote(group)))
            }
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
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.trim_start_matches('0').to_owned())
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
    use super::{Certainty, Known, Text, violation};
    use crate::document::partial;

    fn quoted(text: &str) -> Option<String> {
        violation(Text { text, is_number: false }, false)
    }

    fn unquoted(text: &str) -> Option<String> {
        violation(Text { text, is_number: true }, false)
    }

    #[test]
    fn every_spelling_of_root_fails() {
        for user in [
            "root",
            "0",
            "00",
            "000000000000000000000000",
            "+0",
            "-0",
            "0:0",
            "0:1000",
            "root:app",
            ":",
            ":0",
            ":1000",
            "",
            "Root",
            "ROOT",
            " root",
            "root ",
            " 0",
            "0\t",
            "\u{a0}0",
            "1000:0",
            "1000:root",
            "app:00",
            "app:+0",
            "app:Root",
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
            "nonroot",
            "rootless",
            "groot",
            "nonroot:nonroot",
            "root1",
            "1000",
            "1000:1000",
            "app",
            "app:",
            "010",
            "0x0",
            "0_0",
            "0b0",
            "app:rooted",
            "10",
            "-1",
            "1e0",
            "+",
            "-",
        ] {
            assert_eq!(quoted(user), None, "{user:?}");
        }
    }

    #[test]
    fn what_is_known_of_a_user_decides() {
        let told = |user: &str, allow_root_group| match Known::of(&partial(user)).judge(allow_root_group) {
            Certainty::Complies => "complies".to_owned(),
            Certainty::Open => "open".to_owned(),
            Certainty::Violates(message) => message,
        };
        for (user, by_default, with_root_group) in [
            ("?", "open", "open"),
            ("app?", "open", "open"),
            ("app:?", "open", "complies"),
            ("?:1000", "open", "open"),
            ("?:0", "`User` has the group `0`, which is root's", "open"),
            ("app:?:root", "`User` has the group `root`, which is root's", "complies"),
            ("0:?", "`User` begins with `0:`, which is root", "`User` begins with `0:`, which is root"),
            (":?", "`User` begins with `:`, which is root", "`User` begins with `:`, which is root"),
        ] {
            assert_eq!(told(user, false), by_default, "{user}");
            assert_eq!(told(user, true), with_root_group, "{user}");
        }
    }

    #[test]
    fn what_makes_it_root_is_told() {
        for (user, told) in [
            ("0", "`User` is `0`, which is root"),
            ("Root", "`User` is `Root`, a suspicious spelling of root"),
            ("", "`User` is empty, which keeps the image's own user"),
            (":1000", "`User` is `:1000`, which names no user and keeps the image's own"),
            ("1000:0", "`User` is `1000:0`, which is in the group of root"),
            ("1000:Root", "`User` is `1000:Root`, with a suspicious spelling of the group of root"),
        ] {
            assert_eq!(quoted(user).as_deref(), Some(told));
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
