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

    /// Whether another excuses all that it does, for at least as long.
    pub fn is_needless_beside(&self, other: &Self) -> bool {
        let lasts = other.expires.is_none_or(|last| self.expires.is_some_and(|own| own <= last));
        let limits =
            |one: &Matcher| self.matchers.iter().any(|own| own.field == one.field && own.is_within(one));
        lasts && self.rules.iter().all(|rule| other.rules.contains(rule)) && other.matchers.iter().all(limits)
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

    /// Whether the other matches whatever this does, as far as that is plain to see.
    fn is_within(&self, other: &Self) -> bool {
        let is_text = |pattern: &WildMatch| !pattern.to_string().contains(['*', '?']);
        let is_covered = |pattern: &WildMatch| {
            other.patterns.contains(pattern) || is_text(pattern) && other.matches(&pattern.to_string())
        };
        self.patterns.iter().all(is_covered)
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
pub const LONGEST_TAG: usize = 128;

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
mod tests;
