//! Options of rules.
//!
//! Owns what kinds of options there are, their defaults and their checked values. Must not know the policy
//! file's syntax or any rule's options.

use super::{Metadata, docker_size_text, parse_docker_size};

/// An option a rule offers, declared beside the rule.
#[derive(Debug, Clone, Copy)]
pub struct RuleOption {
    /// Kebab-case key in the policy file.
    pub name: &'static str,
    /// What it holds, and its default.
    pub kind: OptionKind,
    /// What it does, in Markdown.
    pub documentation: &'static str,
}

/// What an option holds.
#[derive(Debug, Clone, Copy)]
pub enum OptionKind {
    /// `true` or `false`.
    Boolean {
        /// When the policy file does not say.
        default: bool,
    },
    /// A size as Docker writes it, such as `25m`.
    Size {
        /// When the policy file does not say.
        default: &'static str,
    },
    /// A list of words.
    Words {
        /// When the policy file does not say.
        default: &'static [&'static str],
        /// The words there are, in the spelling that is compared; `normalize` is applied first.
        known: &'static [&'static str],
        /// Brings a word into the spelling of `known`.
        normalize: fn(&str) -> String,
        /// Whether the single word `all` may stand in place of the list.
        or_all: bool,
    },
    /// One of a few words.
    Choice {
        /// When the policy file does not say.
        default: &'static str,
        /// The words there are.
        words: &'static [&'static str],
    },
    /// A list of texts of the author's own: names, paths, patterns.
    Texts {
        /// When the policy file does not say. An option without a default must be set: its rule is off until it is.
        default: &'static [&'static str],
        /// Values for it that the rule's examples are judged with, where there is no default.
        example: &'static [&'static str],
        /// What an item is, in words that follow "is not".
        expected: &'static str,
        /// Brings an item into the spelling that is compared; `None` when it cannot be one.
        normalize: fn(&str) -> Option<String>,
        /// Whether the list may be empty.
        may_be_empty: bool,
    },
}

/// A checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// Of a [`OptionKind::Boolean`].
    Boolean(bool),
    /// Bytes, of a [`OptionKind::Size`].
    Size(u64),
    /// Of a [`OptionKind::Words`] or [`OptionKind::Texts`], normalized.
    Words(Vec<String>),
    /// Of a [`OptionKind::Choice`].
    Choice(&'static str),
    /// `all`, in place of the words.
    All,
}

impl OptionValue {
    /// The value as the policy file would write it.
    pub fn text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Size(bytes) => docker_size_text(*bytes),
            Self::Words(words) => listed(words.iter().map(String::as_str)),
            Self::Choice(word) => (*word).to_owned(),
            Self::All => "all".into(),
        }
    }
}

/// The options a policy sets for one rule; the others have their defaults.
#[derive(Debug, Clone, Default)]
pub struct Options(Vec<(&'static str, OptionValue)>);

impl Options {
    /// Sets an option to a value of its kind.
    pub fn set(&mut self, option: &RuleOption, value: OptionValue) {
        self.0.push((option.name, value));
    }

    /// The value the policy sets, if it sets one.
    pub fn get(&self, option: &RuleOption) -> Option<&OptionValue> {
        self.0.iter().find(|(name, _)| *name == option.name).map(|(_, value)| value)
    }

    /// The value of a boolean option.
    pub fn is_on(&self, option: &RuleOption) -> bool {
        match (self.get(option), option.kind) {
            (Some(OptionValue::Boolean(value)), _) => *value,
            (_, OptionKind::Boolean { default }) => default,
            _ => false,
        }
    }

    /// The value of a size option, in bytes.
    pub fn size(&self, option: &RuleOption) -> u64 {
        match (self.get(option), option.kind) {
            (Some(OptionValue::Size(value)), _) => *value,
            (_, OptionKind::Size { default }) => parse_docker_size(default).unwrap_or(u64::MAX),
            _ => u64::MAX,
        }
    }

    /// Whether a list option holds `word`, which is in the spelling the option's words have.
    pub fn holds(&self, option: &RuleOption, word: &str) -> bool {
        match (self.get(option), option.kind) {
            (Some(OptionValue::All), _) => true,
            (Some(OptionValue::Words(words)), _) => words.iter().any(|allowed| allowed == word),
            (_, OptionKind::Words { default, .. }) => default.contains(&word),
            _ => false,
        }
    }

    /// The texts of a list option.
    pub fn texts(&self, option: &RuleOption) -> impl Iterator<Item = &str> {
        let (set, default): (&[String], &[&str]) = match (self.get(option), option.kind) {
            (Some(OptionValue::Words(texts)), _) => (texts, &[]),
            (_, OptionKind::Texts { default, .. }) => (&[], default),
            _ => (&[], &[]),
        };
        set.iter().map(String::as_str).chain(default.iter().copied())
    }

    /// Whether a choice is this word.
    pub fn is(&self, option: &RuleOption, word: &str) -> bool {
        match (self.get(option), option.kind) {
            (Some(OptionValue::Choice(chosen)), _) => *chosen == word,
            (_, OptionKind::Choice { default, .. }) => default == word,
            _ => false,
        }
    }

    /// What a rule's examples are judged with: its defaults, and an example for what has none.
    pub fn of_examples(rule: &Metadata) -> Self {
        let mut options = Self::default();
        if let Some(option) = rule.required_option()
            && let OptionKind::Texts { example, .. } = option.kind
        {
            let texts = example.iter().map(|text| (*text).to_owned());
            options.set(option, OptionValue::Words(texts.collect()));
        }
        options
    }
}

/// A list as the policy file would write it. What YAML would read as an alias or a flag is quoted.
fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let item = |text: &str| {
        let is_plain = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
        if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
    };
    format!("[{}]", texts.map(item).collect::<Vec<_>>().join(", "))
}

impl OptionKind {
    /// The default as the policy file would write it.
    pub fn default_text(&self) -> String {
        match self {
            Self::Boolean { default } => default.to_string(),
            Self::Size { default } | Self::Choice { default, .. } => (*default).to_owned(),
            Self::Words { default, .. } | Self::Texts { default, .. } => listed(default.iter().copied()),
        }
    }

    /// Whether an empty list still leaves the rule something to do.
    pub fn may_be_empty(&self) -> bool {
        match self {
            Self::Words { default, .. } => default.is_empty(),
            Self::Texts { may_be_empty, .. } => *may_be_empty,
            Self::Boolean { .. } | Self::Size { .. } | Self::Choice { .. } => false,
        }
    }

    /// Whether a policy must set it for the rule to have something to say.
    pub fn is_required(&self) -> bool {
        matches!(self, Self::Texts { default: [], may_be_empty: false, .. })
    }

    /// What belongs in the policy file, in words that follow "is not".
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Boolean { .. } => "true or false",
            Self::Size { .. } => "a size such as `25m`",
            Self::Words { or_all: true, .. } => "a list of words, or `all`",
            Self::Words { or_all: false, .. } => "a list of words",
            Self::Choice { .. } => "one of its words",
            Self::Texts { .. } => "a list of texts",
        }
    }
}
