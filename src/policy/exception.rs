//! Exceptions: what a policy excuses, for whom, why and until when.
//!
//! Owns what an exception may match, and whether it is sound. Must not know findings, nor what day it is.

use jiff::civil::Date;
use wildmatch::WildMatch;

use super::Policy;
use super::file::{Reader, did_you_mean, span_of};
use super::vocabulary::{ExceptionKey, exception_keys};
use crate::document::{Entry, Node, Value, on_one_line};
use crate::finding::quote;
use crate::rules;

/// What excuses findings of some rules.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The rules, by name; never empty.
    pub rules: Vec<&'static str>,
    /// What must hold, all of it; never empty.
    pub matchers: Vec<Matcher>,
    /// Why; never empty.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it counts, in UTC.
    pub expires: Option<Date>,
    /// Whether the author of a template alone decides whether it applies, and the policy says that this is meant.
    pub trusts_author: bool,
    /// Its line in the policy file, from 1.
    pub line: usize,
}

/// One thing that must hold.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// What is looked at.
    pub field: Field,
    /// Any of these, with `*` for any text and `?` for one character; case counts.
    pub patterns: Vec<WildMatch>,
    /// Whether each of them says something: one of wildcards alone takes whatever there is.
    pub is_limit: bool,
}

/// What an exception may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The account, 12 digits.
    Account,
    /// The stack's name.
    StackName,
    /// The value of a tag of the stack.
    StackTag(String),
    /// The logical id of the task definition.
    LogicalId,
    /// Its family.
    Family,
    /// The container's name.
    Container,
    /// The container's image.
    Image,
}

impl Field {
    /// The word for it in the policy file.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::StackName => "stack-name",
            Self::StackTag(_) => "stack-tags",
            Self::LogicalId => "logical-id",
            Self::Family => "family",
            Self::Container => "container",
            Self::Image => "image",
        }
    }

    /// Whether it can be taken out of the hands of a template's author. An account is; a stack's name and tags are as far as
    /// IAM limits who may choose them, which nobody here can see.
    pub fn is_beyond_author(&self) -> bool {
        matches!(self, Self::Account | Self::StackName | Self::StackTag(_))
    }
}

impl Exception {
    /// Whether nothing that might be beyond a template's author limits it.
    pub fn is_authors_own(&self) -> bool {
        !self.matchers.iter().any(|matcher| matcher.is_limit && matcher.field.is_beyond_author())
    }

    /// A rule of which it excuses the same findings as another.
    fn excuses_as_well(&self, other: &Self) -> Option<&'static str> {
        let is_among = |one: &Matcher, all: &[Matcher]| {
            all.iter().any(|other| one.field == other.field && one.patterns_are(other))
        };
        let are_alike = self.matchers.len() == other.matchers.len()
            && self.matchers.iter().all(|matcher| is_among(matcher, &other.matchers));
        self.rules.iter().find(|rule| are_alike && other.rules.contains(rule)).copied()
    }

    /// Whether it counted until a day before this one.
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }
}

impl Matcher {
    /// Whether its patterns are those of another, in any order.
    fn patterns_are(&self, other: &Self) -> bool {
        self.patterns.len() == other.patterns.len()
            && self.patterns.iter().all(|pattern| other.patterns.contains(pattern))
    }

    /// Whether any of the patterns is this text.
    pub fn matches(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(text))
    }
}

impl<'a> Reader<'a> {
    /// The exceptions of a policy whose rules are read.
    pub(super) fn exceptions(&mut self, node: &Node<'a>, policy: &Policy) -> Vec<Exception> {
        let items = match &node.value {
            Value::Null => return Vec::new(),
            Value::Sequence(items) => items,
            _ => {
                self.expected(node, "`exceptions`", "a list");
                return Vec::new();
            }
        };
        let mut exceptions: Vec<Exception> = Vec::new();
        for item in items {
            if let Some(exception) = self.exception(item, policy) {
                let both =
                    exceptions.iter().find_map(|other| Some((other, other.excuses_as_well(&exception)?)));
                if let Some((other, rule)) = both {
                    let line = other.line;
                    let message =
                        format!("an exception excuses `{rule}` for the same as the one in line {line}");
                    let help = "keep one of them: nobody could say which reason and which day count";
                    self.report(span_of(item), message, Some(help.into()));
                }
                exceptions.push(exception);
            }
        }
        exceptions
    }

    fn exception(&mut self, node: &Node<'a>, policy: &Policy) -> Option<Exception> {
        let span = span_of(node);
        let (line, _) = self.position(span);
        let mut exception = Exception {
            rules: Vec::new(),
            matchers: Vec::new(),
            reason: String::new(),
            owner: None,
            expires: None,
            trusts_author: false,
            line,
        };
        if !matches!(node.value, Value::Mapping(_)) {
            self.expected(node, "an exception", "a map");
            return None;
        }
        let keys = exception_keys();
        let entries = self.entries(node, "an exception", &keys);
        for (key, entry) in &entries {
            let value = &entry.value;
            match key {
                ExceptionKey::Rules => exception.rules = self.excepted_rules(value, policy),
                ExceptionKey::Field(field) => self.matcher(field.clone(), value, &mut exception),
                ExceptionKey::StackTags => match &value.value {
                    Value::Mapping(tags) if !tags.is_empty() => {
                        for (at, tag) in tags.iter().enumerate() {
                            let is_repeated = tags.iter().take(at).any(|other| other.key == tag.key);
                            let is_too_long = tag.key.chars().count() > LONGEST_TAG;
                            if tag.key.is_empty() || is_repeated || is_too_long {
                                let problem = match (is_repeated, is_too_long) {
                                    (true, _) => "is written twice",
                                    (_, true) => "has a longer name than any tag",
                                    _ => "has no name",
                                };
                                let message = format!("the tag {} {problem}", quote(&tag.key));
                                self.report(span_of(&tag.value), message, None);
                                continue;
                            }
                            self.matcher(Field::StackTag(tag.key.to_string()), &tag.value, &mut exception);
                        }
                    }
                    _ => self.expected(value, "`stack-tags`", "a map of tags and their values"),
                },
                ExceptionKey::Reason => exception.reason = self.sentence(entry).unwrap_or_default(),
                ExceptionKey::Owner => exception.owner = self.sentence(entry),
                ExceptionKey::Expires => exception.expires = self.date(value),
                ExceptionKey::TrustAuthor => match value.value {
                    Value::Bool(trusts_author) => exception.trusts_author = trusts_author,
                    _ => self.expected(value, "`trust-author`", "true or false"),
                },
            }
        }
        let has = |key: &ExceptionKey| entries.iter().any(|(other, _)| *other == key);
        let mut missing =
            |message: &str, help: &str| self.report(span, message.to_owned(), Some(help.to_owned()));
        if !has(&ExceptionKey::Rules) {
            missing("an exception names no `rules`", "write `rules: [RULE]`");
        }
        if !has(&ExceptionKey::Reason) {
            missing("an exception gives no `reason`", "say why, for whoever reads it in a year");
        }
        let has_matcher =
            entries.iter().any(|(key, _)| matches!(key, ExceptionKey::Field(_) | ExceptionKey::StackTags));
        if !has_matcher {
            missing(
                "an exception matches everything",
                "set `level: off` for the rule, or say what is excused",
            );
        } else if exception.is_authors_own() && !exception.trusts_author && !exception.matchers.is_empty() {
            missing(
                "only the author of a template decides whether this exception applies",
                "add `account`, `stack-name` or `stack-tags`, and of each more than wildcards, or write `trust-author: true` \
                 where that is meant",
            );
        }
        let of_container =
            exception.matchers.iter().find(|one| matches!(one.field, Field::Container | Field::Image));
        let about_tasks = rules::ALL.iter().filter(|rule| !rule.is_about_containers());
        for rule in about_tasks.map(|rule| rule.metadata().name) {
            if let Some(Matcher { field, .. }) = of_container
                && exception.rules.contains(&rule)
            {
                let message = format!(
                    "`{}` can match no finding of `{rule}`, which is not about containers",
                    field.as_str()
                );
                self.report(span, message, Some(format!("write an exception of its own for `{rule}`")));
            }
        }
        Some(exception)
    }

    fn excepted_rules(&mut self, node: &Node<'a>, policy: &Policy) -> Vec<&'static str> {
        let items = match &node.value {
            Value::Sequence(items) if !items.is_empty() => &**items,
            Value::String(_) => std::slice::from_ref(node),
            _ => {
                self.expected(node, "`rules`", "a list of rules");
                return Vec::new();
            }
        };
        let mut names: Vec<&'static str> = Vec::new();
        for item in items {
            let Value::String(written) = &item.value else {
                self.expected(item, "an item of `rules`", "the name of a rule");
                continue;
            };
            let all = || rules::ALL.iter().map(|rule| rule.metadata().name);
            let Some(name) = all().find(|name| **name == **written) else {
                let help = did_you_mean(written, all());
                self.report(span_of(item), format!("unknown rule {} in an exception", quote(written)), help);
                continue;
            };
            let is_on = policy.rules.iter().any(|setting| setting.rule.metadata().name == name);
            if names.contains(&name) {
                self.report(span_of(item), format!("`{name}` is written twice in an exception"), None);
            } else if is_on {
                names.push(name);
            } else if self.profile.is_none() {
                // Where another profile takes the place of the file's, that is no mistake of the file.
                let message = format!("the rule `{name}` is off, so there is nothing to excuse");
                self.report(span_of(item), message, Some("remove it here".into()));
            }
        }
        names
    }

    /// Reads what a field must be; what it can never be is reported. A text is held against a limit by what its wildcards
    /// leave.
    fn matcher(&mut self, field: Field, node: &Node<'a>, exception: &mut Exception) {
        let name = match &field {
            Field::StackTag(tag) => format!("the tag {}", quote(tag)),
            field => format!("`{}`", field.as_str()),
        };
        let items = match &node.value {
            Value::Sequence(items) if !items.is_empty() => &**items,
            Value::String(_) | Value::Number(_) => std::slice::from_ref(node),
            _ => return self.expected(node, &name, "a text with `*` and `?`, or a list of them"),
        };
        let mut patterns = Vec::with_capacity(items.len());
        let mut is_limit = true;
        for item in items {
            let (Value::String(text) | Value::Number(text)) = &item.value else {
                self.expected(item, &format!("an item of {name}"), "a text");
                continue;
            };
            let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let is_account = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'*' | b'?'))
                && if text.contains('*') {
                    text.len() - text.matches('*').count() <= 12
                } else {
                    text.len() == 12
                };
            let problem = match field {
                _ if text.is_empty() && !matches!(field, Field::StackTag(_)) => {
                    Some("is empty, which nothing is")
                }
                Field::Account if !is_account => Some("is no account: 12 digits, in quotes"),
                // What YAML reads as a number is not what it looks like: a leading zero is lost to other readers.
                Field::Account if matches!(item.value, Value::Number(_)) && is_digits => {
                    Some("is a number: put it in quotes")
                }
                Field::StackName if !is_stack_name(text) => {
                    Some("can be no stack's name: a letter, and then at most 127 letters, digits and `-`")
                }
                Field::Image
                    if text
                        .bytes()
                        .any(|byte| !byte.is_ascii_alphanumeric() && !b"-._/:@+*?".contains(&byte)) =>
                {
                    Some("can be no image: those are letters, digits and `-._/:@`")
                }
                Field::LogicalId
                    if text.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"*?".contains(&byte)) =>
                {
                    Some("can be no logical id: those are letters and digits")
                }
                Field::Family | Field::Container
                    if text.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"-_*?".contains(&byte)) =>
                {
                    Some("can be no such name: those are letters, digits, `-` and `_`")
                }
                _ if !fits(&field, text) => Some("is longer than any of its kind"),
                _ if patterns.iter().any(|pattern: &WildMatch| pattern.to_string() == **text) => {
                    Some("names one thing twice")
                }
                _ => None,
            };
            if let Some(problem) = problem {
                self.report(span_of(item), format!("{name} {problem}"), None);
            } else {
                is_limit &= text.is_empty() || text.contains(|character| !matches!(character, '*' | '?'));
                patterns.push(WildMatch::new(text));
            }
        }
        if !patterns.is_empty() {
            exception.matchers.push(Matcher { field, patterns, is_limit });
        }
    }

    fn sentence(&mut self, entry: &Entry<'a>) -> Option<String> {
        match &entry.value.value {
            Value::String(text) if text.contains(char::is_alphanumeric) => {
                Some(on_one_line(text.trim()).into_owned())
            }
            _ => {
                self.expected(&entry.value, &format!("`{}`", entry.key), "a text");
                None
            }
        }
    }

    fn date(&mut self, node: &Node<'a>) -> Option<Date> {
        let date = match &node.value {
            Value::String(text) if text.len() == "2027-03-31".len() => text.parse().ok(),
            _ => None,
        };
        if date.is_none() {
            self.expected(node, "`expires`", "a day such as 2027-03-31");
        }
        date
    }
}

/// How many characters the name of a tag of a stack has at most
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html>).
const LONGEST_TAG: usize = 128;

/// Whether there may be a text so long: the value of a tag (as above), a logical id
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>), a family or a container's name
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>).
fn fits(field: &Field, pattern: &str) -> bool {
    let longest = match field {
        Field::StackTag(_) => 256,
        Field::LogicalId | Field::Family | Field::Container => 255,
        Field::Account | Field::StackName | Field::Image => return true,
    };
    pattern.chars().filter(|character| *character != '*').count() <= longest
}

/// Whether a stack's name may match
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>).
fn is_stack_name(pattern: &str) -> bool {
    let is_wild = |byte: u8| matches!(byte, b'*' | b'?');
    let begins = pattern.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || is_wild(byte));
    begins
        && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || is_wild(byte))
        && pattern.bytes().filter(|byte| *byte != b'*').count() <= 128
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn problems(exception: &str) -> String {
        let text = format!("rules: {{root-user: {{level: off}}}}\nexceptions:\n- {exception}\n");
        match read(&text) {
            Ok(_) => String::new(),
            Err(problems) => problems.0.iter().map(|problem| problem.message.clone() + "\n").collect(),
        }
    }

    #[test]
    fn what_is_sound_is_read() {
        let text = "exceptions:\n- rules: [root-user, privileged-container]\n  account: ['111122223333', '4*']\n  \
                    stack-tags: {team: [a, b], stage: ''}\n  container: agent-*\n  reason: being rebuilt\n  \
                    owner: platform\n  expires: 2027-03-31\n";
        let policy = read(text).unwrap();
        let exception = &policy.exceptions[0];
        assert_eq!(exception.rules, ["root-user", "privileged-container"]);
        assert_eq!(exception.matchers.len(), 4);
        assert_eq!((exception.line, exception.reason.as_str()), (2, "being rebuilt"));
        assert!(!exception.is_expired("2027-03-31".parse().unwrap()));
        assert!(exception.is_expired("2027-04-01".parse().unwrap()));
        assert!(exception.matchers[3].matches("agent-1") && !exception.matchers[3].matches("agent"));
    }

    #[test]
    fn a_rule_about_the_task_has_no_container_to_excuse() {
        let policy = "profile: restricted\nexceptions:\n- {rules: [root-user, host-pid-mode], account: '1*', container: a, reason: x}";
        let problems = read(policy).unwrap_err().0;
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            ["`container` can match no finding of `host-pid-mode`, which is not about containers"]
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_is_contradictory_or_impossible_is_a_mistake() {
        for (exception, expected) in [
            (
                "{}",
                "an exception names no `rules`\nan exception gives no `reason`\nan exception matches everything\n",
            ),
            ("{rules: [privileged-container], account: '111122223333'}", "an exception gives no `reason`\n"),
            (
                "{rules: [privileged-container], account: '111122223333', reason: ' '}",
                "`reason` is not a text\n",
            ),
            (
                "{rules: [], account: '111122223333', reason: x}",
                "`rules` is empty, where a list of rules belongs\n",
            ),
            (
                "{rules: [privileged], account: '1*', reason: x}",
                "unknown rule `privileged` in an exception\n",
            ),
            (
                "{rules: [root-user], account: '1*', reason: x}",
                "the rule `root-user` is off, so there is nothing to excuse\n",
            ),
            ("{rules: privileged-container, reason: x}", "an exception matches everything\n"),
            (
                "{rules: privileged-container, family: web, reason: x}",
                "only the author of a template decides whether this exception applies\n",
            ),
            ("{rules: privileged-container, family: web, trust-author: true, reason: x}", ""),
            ("{rules: privileged-container, account: '*', trust-author: true, reason: x}", ""),
            ("{rules: privileged-container, stack-tags: {team: ''}, reason: x}", ""),
            ("{rules: privileged-container, account: '*', stack-name: a*, reason: x}", ""),
            (
                "{rules: privileged-container, account: '*', reason: x}",
                "only the author of a template decides whether this exception applies\n",
            ),
            (
                "{rules: privileged-container, stack-name: [shop, '?*'], reason: x}",
                "only the author of a template decides whether this exception applies\n",
            ),
            (
                "{rules: privileged-container, stack-tags: {team: '*'}, reason: x}",
                "only the author of a template decides whether this exception applies\n",
            ),
            ("{rules: privileged-container, family: web, stack-name: a*, reason: x}", ""),
            (
                "{rules: privileged-container, account: 1234, reason: x}",
                "`account` is no account: 12 digits, in quotes\n",
            ),
            (
                "{rules: privileged-container, account: 111122223333, reason: x}",
                "`account` is a number: put it in quotes\n",
            ),
            (
                "{rules: privileged-container, account: [], reason: x}",
                "`account` is empty, where a text with `*` and `?`, or a list of them belongs\n",
            ),
            (
                "{rules: privileged-container, stack-name: a/b, reason: x}",
                "`stack-name` can be no stack's name: a letter, and then at most 127 letters, digits and `-`\n",
            ),
            (
                "{rules: privileged-container, stack-name: 1-shop, reason: x}",
                "`stack-name` can be no stack's name: a letter, and then at most 127 letters, digits and `-`\n",
            ),
            (
                "{rules: privileged-container, account: '1?', reason: x}",
                "`account` is no account: 12 digits, in quotes\n",
            ),
            (
                "{rules: privileged-container, account: '1111222233334*', reason: x}",
                "`account` is no account: 12 digits, in quotes\n",
            ),
            (
                "{rules: privileged-container, account: '1*', logical-id: My-*, reason: x}",
                "`logical-id` can be no logical id: those are letters and digits\n",
            ),
            (
                "{rules: privileged-container, account: '1*', image: '{nginx,httpd}:*', reason: x}",
                "`image` can be no image: those are letters, digits and `-._/:@`\n",
            ),
            (
                "{rules: privileged-container, account: '1*', reason: \"\\u200b\\u200b\"}",
                "`reason` is not a text\n",
            ),
            (
                "{rules: privileged-container, account: '1*', image: 'a b*', reason: x}",
                "`image` can be no image: those are letters, digits and `-._/:@`\n",
            ),
            (
                "{rules: privileged-container, stack-tags: {team: a, team: b}, reason: x}",
                "the tag `team` is written twice\n",
            ),
            (
                "{rules: privileged-container, account: '1*', stack-tags: {'': a}, reason: x}",
                "the tag `` has no name\n",
            ),
            (
                "{rules: [privileged-container, host-pid-mode], account: '1*', container: a, reason: x}",
                "the rule `host-pid-mode` is off, so there is nothing to excuse\n",
            ),
            (
                "{rules: privileged-container, stack-tags: {}, reason: x}",
                "`stack-tags` is empty, where a map of tags and their values belongs\n",
            ),
            (
                "{rules: privileged-container, account: ['111122223333', '111122223333'], reason: x}",
                "`account` names one thing twice\n",
            ),
            (
                "{rules: privileged-container, account: '1*', expires: tomorrow, reason: x}",
                "`expires` is not a day such as 2027-03-31\n",
            ),
            (
                "{rules: privileged-container, account: '1*', expires: 2027-02-30, reason: x}",
                "`expires` is not a day such as 2027-03-31\n",
            ),
            (
                "{rules: privileged-container, account: '1*', accounts: x, reason: x}",
                "unknown key `accounts` in an exception\n",
            ),
            ("x", "an exception is not a map\n"),
        ] {
            assert_eq!(problems(exception), expected, "{exception}");
        }
    }

    #[test]
    fn what_is_longer_than_any_of_its_kind_is_a_mistake() {
        let sized = |matcher: &str, length: usize| {
            let text = "a".repeat(length);
            let exception = "{rules: privileged-container, reason: x, account: '1*', MATCHER}";
            problems(&exception.replace("MATCHER", &matcher.replace("TEXT", &text)))
        };
        for (matcher, longest, what) in [
            ("family: 'TEXT*'", 255, "`family` is longer than any of its kind"),
            ("container: TEXT", 255, "`container` is longer than any of its kind"),
            ("logical-id: TEXT", 255, "`logical-id` is longer than any of its kind"),
            ("stack-tags: {team: 'TEXT*'}", 256, "the tag `team` is longer than any of its kind"),
            ("stack-tags: {TEXT: x}", 128, "has a longer name than any tag"),
        ] {
            assert_eq!(sized(matcher, longest), "", "{matcher}");
            let found = sized(matcher, longest + 1);
            assert!(found.trim_end().ends_with(what), "{matcher}: {found}");
        }
    }

    #[test]
    fn two_exceptions_of_the_same_are_a_mistake() {
        let rules = "[privileged-container, writable-root-filesystem]";
        let first = format!("{{rules: {rules}, account: ['1*', '2*'], family: web, reason: x}}");
        for (second, rule) in [
            (format!("{{rules: {rules}, account: ['1*', '2*'], family: web, reason: y, expires: 2030-01-01}}"), Some("privileged-container")),
            (
                "{rules: [writable-root-filesystem, privileged-container], family: web, account: ['2*', '1*'], reason: x}"
                    .to_owned(),
                Some("privileged-container"),
            ),
            (format!("{{rules: {rules}, account: ['1*', '3*'], family: web, reason: x}}"), None),
            (format!("{{rules: {rules}, account: ['1*', '2*'], reason: x}}"), None),
            (format!("{{rules: {rules}, account: ['1*', '2*'], container: web, reason: x}}"), None),
            ("{rules: privileged-container, account: ['1*', '2*'], family: web, reason: x}".to_owned(), Some("privileged-container")),
            (
                "{rules: [privileged-container, blocking-awslogs], account: ['1*', '2*'], family: web, reason: x}"
                    .to_owned(),
                Some("privileged-container"),
            ),
        ] {
            let told = |rule| format!("an exception excuses `{rule}` for the same as the one in line 3\n");
            let expected = rule.map(told).unwrap_or_default();
            assert_eq!(problems(&format!("{first}\n- {second}")), expected, "{second}");
        }
    }
}
