//! The policy file's syntax.
//!
//! Owns the step from YAML (or JSON, which is YAML) to a [`Policy`], and the words for everything that can be
//! wrong with it, all problems at once. Must not know where the text comes from.

use std::cell::OnceCell;
use std::fmt;

use super::vocabulary::{self, Key, Operations, Word};
use super::{Level, Policy, Setting};
pub(crate) use crate::document::did_you_mean;
use crate::document::{Entry, LineIndex, Node, Span, Value, yaml};
use crate::finding::quote;
use crate::rule::{Metadata, OptionKind, OptionValue, Options, Profile, RuleOption, parse_docker_size};
use crate::rules;

/// Something wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key or value that is wrong.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead, when that is known.
    pub help: Option<String>,
}

/// Everything wrong with a policy file, in the order of the file; never empty. Displays as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            write!(f, "line {}, column {}: {}", first.line, first.column, first.message)?;
            if let Some(help) = &first.help {
                write!(f, "; {help}")?;
            }
        }
        match self.0.len() {
            0 | 1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for Problems {}

/// Reads a policy. An empty text is the baseline.
///
/// # Errors
/// Text that is not YAML, unknown keys, rules and words, and values of the wrong type.
pub fn read(text: &str) -> Result<Policy, Problems> {
    read_with(text, None)
}

/// Reads a policy as if it named this profile.
///
/// # Errors
/// As [`read`].
pub fn read_with(text: &str, profile: Option<Profile>) -> Result<Policy, Problems> {
    let mut reader = Reader { text, lines: OnceCell::new(), profile, problems: Vec::new() };
    let policy = match yaml::read(text) {
        Ok(root) => reader.policy(&root),
        Err(error) => {
            reader.report(
                Span::new(error.offset, error.offset),
                format!("cannot be read: {}", error.message),
                None,
            );
            Policy::baseline()
        }
    };
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(policy);
    }
    problems.sort_by_key(|problem| problem.span.start());
    Err(Problems(problems))
}

pub(super) struct Reader<'a> {
    text: &'a str,
    /// Made when a place is told: a policy that is right, and excuses nobody, tells none.
    lines: OnceCell<LineIndex<'a>>,
    /// Takes the place of the one that the file names.
    pub(super) profile: Option<Profile>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn policy(&mut self, root: &Node<'a>) -> Policy {
        let entries = self.entries(root, "the policy", vocabulary::KEYS);
        let named = entries.iter().find(|(key, _)| matches!(key, Key::Profile));
        let named = named.and_then(|(_, entry)| self.word(entry, &vocabulary::profiles()));
        let mut policy = Policy::of(self.profile.or(named).unwrap_or(Profile::Baseline));
        let mut exceptions = None;
        for (key, entry) in entries {
            match key {
                Key::Profile => {}
                Key::OnInternalError => {
                    policy.on_internal_error =
                        self.word(entry, vocabulary::ON_INTERNAL_ERROR).unwrap_or(policy.on_internal_error);
                }
                Key::Unresolved => {
                    for (operations, entry) in
                        self.entries(&entry.value, "`unresolved`", vocabulary::UNRESOLVED)
                    {
                        let level = match operations {
                            Operations::Resource => &mut policy.unresolved.resource,
                            Operations::Stack => &mut policy.unresolved.stack,
                        };
                        *level = self.word(entry, vocabulary::LEVELS).unwrap_or(*level);
                    }
                }
                Key::StackScope => {
                    policy.stack_scope =
                        self.word(entry, vocabulary::STACK_SCOPES).unwrap_or(policy.stack_scope);
                }
                Key::ChangeSetParameters => {
                    policy.change_set_parameters = self
                        .word(entry, vocabulary::CHANGE_SET_PARAMETERS)
                        .unwrap_or(policy.change_set_parameters);
                }
                Key::DocumentationUrl => policy.documentation_url = self.url(entry),
                Key::Rules => self.rules(&entry.value, &mut policy),
                Key::Exceptions => exceptions = Some(&entry.value),
            }
        }
        // Which rules are on decides which exceptions make sense.
        if let Some(exceptions) = exceptions {
            policy.exceptions = self.exceptions(exceptions, &policy);
        }
        policy
    }

    fn rules(&mut self, node: &Node<'a>, policy: &mut Policy) {
        let names: Vec<_> = rules::ALL.iter().map(|rule| (rule.metadata().name, *rule)).collect();
        for (rule, entry) in self.entries(node, "`rules`", &names) {
            let mistakes = self.problems.len();
            let (level, options) = self.setting(&entry.value, rule.metadata());
            let in_profile =
                policy.rules.iter().position(|setting| *entry.key == *setting.rule.metadata().name);
            if let Some(at) = in_profile {
                policy.rules.remove(at);
            }
            let required = rule.metadata().required_option();
            let is_missing = required.is_some_and(|option| options.get(option).is_none());
            if is_missing && self.problems.len() > mistakes {
                continue;
            }
            // Named with options only, a rule stays as the profile has it.
            let is_on = in_profile.is_some() || required.is_some() && !is_missing;
            let Some(level) = level.unwrap_or(is_on.then_some(Level::Deny)) else { continue };
            match required.filter(|_| is_missing) {
                Some(option) => {
                    let span = entry.key_span.unwrap_or_else(|| span_of(&entry.value));
                    let help = "set it, or write `level: off`".to_owned();
                    let message = format!("the rule `{}` needs `{}`", entry.key, option.name);
                    self.report(span, message, Some(help));
                }
                None => policy.rules.push(Setting { rule: *rule, level, options }),
            }
        }
        let place =
            |setting: &Setting| names.iter().position(|(name, _)| *name == setting.rule.metadata().name);
        policy.rules.sort_by_key(place);
    }

    /// A rule's level where one is written, which is `None` when it is off, and its options.
    #[expect(clippy::option_option, reason = "not written, off, and a level are three things")]
    fn setting(&mut self, node: &Node<'a>, rule: &Metadata) -> (Option<Option<Level>>, Options) {
        let (mut level, mut options) = (None, Options::default());
        let owner = format!("the rule `{}`", rule.name);
        let of_rule = rule.options().map(|option| (option.name, Some(option)));
        let keys: Vec<_> = std::iter::once((vocabulary::LEVEL, None)).chain(of_rule).collect();
        for (option, entry) in self.entries(node, &owner, &keys) {
            match option {
                None => level = self.word(entry, vocabulary::RULE_LEVELS).or(level),
                Some(option) => {
                    if let Some(value) = self.option(entry, option) {
                        options.set(option, value);
                    }
                }
            }
        }
        (level, options)
    }

    fn option(&mut self, entry: &Entry<'a>, option: &RuleOption) -> Option<OptionValue> {
        let value = match (option.kind, &entry.value.value) {
            (OptionKind::Boolean { .. }, Value::Bool(value)) => Some(OptionValue::Boolean(*value)),
            (OptionKind::Size { .. }, Value::String(text) | Value::Number(text)) => {
                parse_docker_size(text).map(OptionValue::Size)
            }
            (OptionKind::Words { or_all: true, .. }, Value::String(word)) if word == "all" => {
                Some(OptionValue::All)
            }
            (OptionKind::Words { .. } | OptionKind::Texts { .. }, Value::Sequence(items))
                if items.is_empty() && !option.kind.may_be_empty() =>
            {
                let message = format!("`{}` is an empty list, which would turn the rule off", option.name);
                self.report(span_of(&entry.value), message, Some("write `level: off`".into()));
                return None;
            }
            (OptionKind::Words { known, normalize, .. }, Value::Sequence(items)) => {
                let words =
                    items.iter().filter_map(|item| self.listed_word(item, option.name, known, normalize));
                return Some(OptionValue::Words(words.collect()));
            }
            (OptionKind::Choice { words, .. }, _) => {
                let words: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
                return self.word(entry, &words).map(OptionValue::Choice);
            }
            (OptionKind::Texts { expected, normalize, .. }, Value::Sequence(items)) => {
                let texts =
                    items.iter().filter_map(|item| self.listed_text(item, option.name, expected, normalize));
                return Some(OptionValue::Words(texts.collect()));
            }
            _ => None,
        };
        if value.is_none() {
            let help = match (option.kind, &entry.value.value) {
                (OptionKind::Boolean { .. }, Value::String(text))
                    if matches!(text.as_ref(), "true" | "false") =>
                {
                    Some("remove the quotes".into())
                }
                _ => None,
            };
            let message = format!("`{}` is not {}", option.name, option.kind.expected());
            self.report(span_of(&entry.value), message, help);
        }
        value
    }

    fn listed_word(
        &mut self,
        item: &Node<'a>,
        owner: &str,
        known: &[&str],
        normalize: fn(&str) -> String,
    ) -> Option<String> {
        let Value::String(text) = &item.value else {
            self.expected(item, &format!("an item of `{owner}`"), "a word");
            return None;
        };
        let word = normalize(text);
        if known.contains(&word.as_str()) {
            return Some(word);
        }
        let help = did_you_mean(&word, known.iter().copied());
        self.report(span_of(item), format!("unknown word {} in `{owner}`", quote(text)), help);
        None
    }

    fn listed_text(
        &mut self,
        item: &Node<'a>,
        owner: &str,
        expected: &str,
        normalize: fn(&str) -> Option<String>,
    ) -> Option<String> {
        let text = match &item.value {
            Value::String(text) => normalize(text),
            _ => None,
        };
        if text.is_none() {
            self.expected(item, &format!("an item of `{owner}`"), expected);
        }
        text
    }

    /// The entries of a map whose keys are known and written once, with what the keys mean; the others are reported.
    pub(super) fn entries<'n, 'k, K>(
        &mut self,
        node: &'n Node<'a>,
        owner: &str,
        keys: &'k [Word<K>],
    ) -> Vec<(&'k K, &'n Entry<'a>)> {
        // What is commented out below a key leaves null behind.
        if matches!(node.value, Value::Null) {
            return Vec::new();
        }
        let Value::Mapping(entries) = &node.value else {
            self.expected(node, owner, "a map");
            return Vec::new();
        };
        let known = || keys.iter().map(|(key, _)| *key);
        let mut accepted: Vec<(&K, &Entry<'a>)> = Vec::new();
        for entry in entries {
            let span = entry.key_span.unwrap_or_else(|| span_of(&entry.value));
            let key = entry.key.as_ref();
            let Some((_, meaning)) = keys.iter().find(|(known, _)| *known == key) else {
                let help =
                    did_you_mean(key, known()).unwrap_or_else(|| format!("known here: {}", listed(known())));
                let what = if owner == "`rules`" { "unknown rule" } else { "unknown key" };
                self.report(span, format!("{what} {} in {owner}", quote(key)), Some(help));
                continue;
            };
            if accepted.iter().any(|(_, other)| other.key == entry.key) {
                self.report(span, format!("{} is written twice in {owner}", quote(key)), None);
            } else {
                accepted.push((meaning, entry));
            }
        }
        accepted
    }

    /// One of a few words. Taken as written, so that `off` is the word and not YAML's `false`.
    fn word<T: Copy>(&mut self, entry: &Entry<'a>, words: &[Word<T>]) -> Option<T> {
        let written = match &entry.value.value {
            Value::String(text) => text.as_ref(),
            Value::Bool(_) => span_of(&entry.value).slice(self.text),
            _ => "",
        };
        let found = words.iter().find(|(word, _)| *word == written);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            let help = did_you_mean(written, known.clone()).filter(|_| !written.is_empty());
            let message = format!("`{}` is not one of {}", entry.key, listed(known));
            self.report(span_of(&entry.value), message, help);
        }
        found.map(|(_, meaning)| *meaning)
    }

    fn url(&mut self, entry: &Entry<'a>) -> Option<String> {
        match &entry.value.value {
            Value::String(url)
                if (url.starts_with("https://") || url.starts_with("http://"))
                    && url.len() <= vocabulary::LONGEST_URL
                    && url.bytes().all(|byte| {
                        byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'<' | b'>')
                    }) =>
            {
                Some(url.to_string())
            }
            _ => {
                let expected = "an http(s) URL of at most 200 characters, without `#`";
                self.expected(&entry.value, "`documentation-url`", expected);
                None
            }
        }
    }

    pub(super) fn expected(&mut self, node: &Node<'a>, owner: &str, expected: &str) {
        let message = match &node.value {
            Value::String(_) | Value::Number(_) => format!("{owner} is not {expected}"),
            Value::Sequence(items) if items.is_empty() && expected.contains("list") => {
                format!("{owner} is empty, where {expected} belongs")
            }
            Value::Mapping(entries) if entries.is_empty() && expected.contains("map") => {
                format!("{owner} is empty, where {expected} belongs")
            }
            _ => format!("{owner} is not {expected} but {}", node.kind()),
        };
        self.report(span_of(node), message, None);
    }

    pub(super) fn report(&mut self, span: Span, message: String, help: Option<String>) {
        let (line, column) = self.position(span);
        self.problems.push(Problem { span, line, column, message, help });
    }

    /// The line and the column where it begins.
    pub(super) fn position(&self, span: Span) -> (usize, usize) {
        self.lines.get_or_init(|| LineIndex::new(self.text)).position(span.start() as usize)
    }
}

pub(super) fn span_of(node: &Node<'_>) -> Span {
    node.span.unwrap_or(Span::new(0, 0))
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Level, OnInternalError, Setting, WhenUnresolved};
    use super::read;
    use crate::rule::RuleOption;
    use crate::rules::ALL;

    /// What is wrong with a policy: `line:column message; help`, one line each.
    fn problems(text: &str) -> String {
        let problems = read(text).expect_err(text).0;
        let line = |problem: &super::Problem| {
            let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", problem.line, problem.column, problem.message)
        };
        problems.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_empty_file_is_the_baseline_closed_by_default() {
        for text in ["", "# nothing\n", "{}", "rules:\n  root-user:\n    # level: warn\n", "rules:\n"] {
            let policy = read(text).unwrap();
            assert_eq!(policy.rules.len(), 5);
            assert!(policy.rules.iter().all(|setting| setting.level == Level::Deny));
            assert_eq!(policy.on_internal_error, OnInternalError::Deny);
            assert_eq!(policy.unresolved, WhenUnresolved { resource: Level::Deny, stack: Level::Warn });
        }
    }

    #[test]
    fn everything_that_can_be_said_is_understood() {
        let policy = read(
            "profile: baseline\non-internal-error: allow\nunresolved: {resource: warn, stack: deny}\n\
             documentation-url: https://wiki.example/ecs\nrules:\n  root-user: {level: warn, allow-root-group: true}\n  \
             privileged-container:\n    level: off\n  blocking-awslogs: {minimum-buffer-size: 1g, drivers: all}\n  \
             added-linux-capabilities: {allow: [cap_net_admin]}\n",
        )
        .unwrap();
        let names: Vec<_> = policy.rules.iter().map(|setting| setting.rule.metadata().name).collect();
        assert_eq!(
            names,
            ["writable-root-filesystem", "root-user", "added-linux-capabilities", "blocking-awslogs"]
        );
        assert_eq!(policy.rules[1].level, Level::Warn);
        assert_eq!(policy.on_internal_error, OnInternalError::Allow);
        assert_eq!(policy.unresolved, WhenUnresolved { resource: Level::Warn, stack: Level::Deny });
        assert_eq!(policy.documentation_url.as_deref(), Some("https://wiki.example/ecs"));
    }

    #[test]
    fn options_are_told_as_they_are_written() {
        let told = |rule: &str, written: &str| {
            let policy = read(&format!("rules: {{{rule}: {{level: warn, {written}}}}}")).unwrap();
            let mut settings = policy.rules.iter();
            let Setting { rule, options, .. } =
                settings.find(|setting| setting.rule.metadata().name == rule).unwrap();
            let mut told =
                rule.metadata().options().filter_map(|option| Some((option.name, options.get(option)?)));
            told.next().map(|(name, value)| format!("{name}: {}", value.text())).unwrap()
        };
        for (rule, written) in [
            ("root-user", "allow-root-group: true"),
            ("blocking-awslogs", "minimum-buffer-size: 1g"),
            ("blocking-awslogs", "drivers: all"),
            ("mutable-image", "require: tag"),
            ("added-linux-capabilities", "allow: [SYS_PTRACE, NET_ADMIN]"),
            ("untrusted-registry", "registries: [public.ecr.aws, '*.example']"),
        ] {
            assert_eq!(told(rule, written), written, "{rule}");
        }
        for rule in ALL {
            for RuleOption { name, kind, .. } in
                rule.metadata().options().filter(|option| !option.kind.is_required())
            {
                let default = format!("{name}: {}", kind.default_text());
                assert_eq!(told(rule.metadata().name, &default), default);
            }
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_the_nearest_word() {
        for (text, expected) in [
            ("rules:\n  root-usr: {}", "2:3 unknown rule `root-usr` in `rules`; did you mean `root-user`?"),
            (
                "rules:\n  root-user: {levle: warn}",
                "2:15 unknown key `levle` in the rule `root-user`; did you mean `level`?",
            ),
            (
                "rules:\n  root-user:\n    level: denny",
                "3:12 `level` is not one of `deny`, `warn`, `off`; did you mean `deny`?",
            ),
            ("rules: {root-user: {level: no}}", "1:28 `level` is not one of `deny`, `warn`, `off`"),
            ("rules: {root-user: warn}", "1:20 the rule `root-user` is not a map"),
            ("rules: {root-user: {allow-root-group: 1}}", "1:39 `allow-root-group` is not true or false"),
            (
                "rules: {root-user: {allow-root-group: 'true'}}",
                "1:39 `allow-root-group` is not true or false; remove the quotes",
            ),
            (
                "rules: {blocking-awslogs: {drivers: []}}",
                "1:37 `drivers` is an empty list, which would turn the rule off; write `level: off`",
            ),
            ("\u{feff}profil: x", "1:1 unknown key `profil` in the policy; did you mean `profile`?"),
            ("rules: [root-user]", "1:8 `rules` is not a map but a list"),
            (
                "rules: {added-linux-capabilities: {allow: [SYS_PTRAC]}}",
                "1:44 unknown word `SYS_PTRAC` in `allow`; did you mean `SYS_PTRACE`?",
            ),
            ("rules: {added-linux-capabilities: {allow: SYS_PTRACE}}", "1:43 `allow` is not a list of words"),
            (
                "rules: {blocking-awslogs: {minimum-buffer-size: 25x}}",
                "1:49 `minimum-buffer-size` is not a size such as `25m`",
            ),
            (
                "rules: {blocking-awslogs: {drivers: awslogs}}",
                "1:37 `drivers` is not a list of words, or `all`",
            ),
            (
                "profile: basline",
                "1:10 `profile` is not one of `baseline`, `restricted`, `pedantic`, `security-hub`, `control-tower`, \
                 `cis`; did you mean `baseline`?",
            ),
            (
                "rules: {untrusted-registry: {level: deny}}",
                "1:9 the rule `untrusted-registry` needs `registries`; set it, or write `level: off`",
            ),
            (
                "rules: {untrusted-registry: {registries: []}}",
                "1:42 `registries` is an empty list, which would turn the rule off; write `level: off`",
            ),
            (
                "rules: {untrusted-registry: {registries: ['https://x']}}",
                "1:43 an item of `registries` is not a registry's host, perhaps with `/` and a repository, without scheme \
                 and tag",
            ),
            (
                "rules: {mutable-image: {require: tags}}",
                "1:34 `require` is not one of `digest`, `tag`; did you mean `tag`?",
            ),
            (
                "rules: {sensitive-host-path: {paths: [etc]}}",
                "1:39 an item of `paths` is not a path that begins with `/`",
            ),
            (
                "rules: {plaintext-secret: {names: [api-key]}}",
                "1:36 an item of `names` is not words of letters and digits with `_` between them",
            ),
            (
                "rules: {unsafe-sysctl: {allow: ['kernel msgmax']}}",
                "1:33 an item of `allow` is not the name of a kernel parameter, with `*` for any text",
            ),
            ("unresolved: {resource: allow}", "1:24 `resource` is not one of `deny`, `warn`"),
            (
                "on_internal_error: deny",
                "1:1 unknown key `on_internal_error` in the policy; did you mean `on-internal-error`?",
            ),
            ("profile: baseline\nprofile: baseline", "2:1 `profile` is written twice in the policy"),
            ("[]", "1:1 the policy is not a map but a list"),
            (
                "documentation-url: wiki",
                "1:20 `documentation-url` is not an http(s) URL of at most 200 characters, without `#`",
            ),
            ("rules: {root-user: {level: !Ref X}}", "1:28 `level` is not one of `deny`, `warn`, `off`"),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
        assert!(
            problems("rules:\n  root-user: {").starts_with("2:14 cannot be read: "),
            "{}",
            problems("rules:\n  root-user: {")
        );
    }

    #[test]
    fn all_mistakes_are_named_at_once_in_the_order_of_the_file() {
        let text = "profil: baseline\nrules:\n  root-usr: {}\n  root-user: {level: x}\n";
        assert_eq!(problems(text).lines().count(), 3);
        let shown = read(text).unwrap_err().to_string();
        assert_eq!(
            shown,
            "line 1, column 1: unknown key `profil` in the policy; did you mean `profile`? (and 2 more)"
        );
    }
}
