//! The words of the policy file.
//!
//! Owns its keys and the words that may stand behind them: the reader and the JSON Schema take both from here, and rules
//! with their options from the catalogue. Must not know how a policy is read or shown.

use super::{ChangeSetParameters, Field, Level, OnInternalError, StackScope};
use crate::rule::Profile;

/// A word of the policy file with what it means.
pub(crate) type Word<T> = (&'static str, T);

/// What a key of the policy file sets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    Profile,
    OnInternalError,
    Unresolved,
    StackScope,
    ChangeSetParameters,
    DocumentationUrl,
    Rules,
    Exceptions,
}

/// The keys of the policy file.
pub(crate) const KEYS: &[Word<Key>] = &[
    ("profile", Key::Profile),
    ("on-internal-error", Key::OnInternalError),
    ("unresolved", Key::Unresolved),
    ("stack-scope", Key::StackScope),
    ("change-set-parameters", Key::ChangeSetParameters),
    ("documentation-url", Key::DocumentationUrl),
    ("rules", Key::Rules),
    ("exceptions", Key::Exceptions),
];

/// The operations whose open values a key below `unresolved` is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operations {
    Resource,
    Stack,
}

/// The keys below `unresolved`.
pub(crate) const UNRESOLVED: &[Word<Operations>] =
    &[("resource", Operations::Resource), ("stack", Operations::Stack)];

/// The key below a rule that is no option of its own.
pub(crate) const LEVEL: &str = "level";

/// The levels of a rule; a rule that is off has none.
pub(crate) const RULE_LEVELS: &[Word<Option<Level>>] =
    &[(Level::Deny.as_str(), Some(Level::Deny)), (Level::Warn.as_str(), Some(Level::Warn)), ("off", None)];

/// What to do about values that are not known.
pub(crate) const LEVELS: &[Word<Level>] =
    &[(Level::Deny.as_str(), Level::Deny), (Level::Warn.as_str(), Level::Warn)];

pub(crate) const ON_INTERNAL_ERROR: &[Word<OnInternalError>] =
    &[("deny", OnInternalError::Deny), ("allow", OnInternalError::Allow)];

pub(crate) const STACK_SCOPES: &[Word<StackScope>] =
    &[("changed", StackScope::Changed), ("all", StackScope::All)];

pub(crate) const CHANGE_SET_PARAMETERS: &[Word<ChangeSetParameters>] =
    &[("unknown", ChangeSetParameters::Unknown), ("describe", ChangeSetParameters::Describe)];

/// The profiles there are.
pub(crate) fn profiles() -> Vec<Word<Profile>> {
    Profile::ALL.iter().map(|profile| (profile.as_str(), *profile)).collect()
}

/// What a key of an exception sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExceptionKey {
    Rules,
    Field(Field),
    /// Each key below it is a [`Field::StackTag`].
    StackTags,
    Reason,
    Owner,
    Expires,
    TrustAuthor,
}

/// The keys of an exception.
pub(crate) fn exception_keys() -> Vec<Word<ExceptionKey>> {
    use Field::{Account, Container, Family, Image, LogicalId, StackName};
    let field = |field: Field| (field.as_str(), ExceptionKey::Field(field));
    vec![
        ("rules", ExceptionKey::Rules),
        field(Account),
        field(StackName),
        (Field::StackTag(String::new()).as_str(), ExceptionKey::StackTags),
        field(LogicalId),
        field(Family),
        field(Container),
        field(Image),
        ("reason", ExceptionKey::Reason),
        ("owner", ExceptionKey::Owner),
        ("expires", ExceptionKey::Expires),
        ("trust-author", ExceptionKey::TrustAuthor),
    ]
}

/// The longest URL, in characters: with the rule's name behind it, a link must leave room for the remediation before it.
pub(crate) const LONGEST_URL: usize = 200;

/// The word for a meaning; empty for a meaning that has none.
#[cfg(feature = "cli")]
pub(crate) fn word_for<T: PartialEq>(words: &[Word<T>], meaning: &T) -> &'static str {
    words.iter().find(|(_, other)| other == meaning).map_or("", |(word, _)| *word)
}
