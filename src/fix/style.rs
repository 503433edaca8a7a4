//! The look of what is written new.
//!
//! Owns quotes and how a value is written on one line. Must not know where it goes.

use super::page::Page;
use crate::document::{Node, Syntax, Value, yaml};

/// What quotes a scalar has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
}

impl Quote {
    /// The quotes of a scalar that is written.
    pub(super) fn of(written: &str) -> Self {
        match written.as_bytes().first() {
            Some(b'"') => Self::Double,
            Some(b'\'') => Self::Single,
            _ => Self::None,
        }
    }

    /// These quotes, or others where there are none.
    pub(super) fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }

    /// A text in these quotes, if it needs none.
    pub(super) fn around(self, text: &str) -> String {
        match self {
            Self::Double => serde_json::Value::from(text).to_string(),
            Self::None if is_plain(text) => text.to_owned(),
            Self::None | Self::Single => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// Whether a text without quotes is this text to every reader, inside brackets too.
fn is_plain(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(is_word)
        && yaml::read(text).is_ok_and(|node| node.value == Value::String(text.into()))
}

/// The look of what stands around.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// The quotes of keys.
    pub(super) key_quote: Quote,
    /// The quotes of texts.
    pub(super) text_quote: Quote,
    /// What stands between key and value, inside brackets.
    pub(super) colon: &'static str,
    /// What stands inside braces, next to each.
    pub(super) padding: &'static str,
}

impl Style {
    /// The look of the deepest of some values, one inside the other.
    pub(super) fn of(page: &Page<'_>, syntax: Syntax, chain: &[&Node<'_>]) -> Self {
        let maps = || {
            chain.iter().rev().filter_map(|node| match &node.value {
                Value::Mapping(entries) => Some((*node, entries.last()?)),
                _ => None,
            })
        };
        let last_key = maps().find_map(|(_, entry)| Some(entry.key_span?.slice(page.text)));
        let key_quote = last_key.map_or(Quote::None, Quote::of);
        let mut colon = ": ";
        let mut padding = "";
        if let Some((map, entry)) = maps().find(|(map, _)| page.is_flow(map))
            && let (Some(map), Some(key), Some(value)) = (map.span, entry.key_span, entry.value.span)
        {
            let found = page.between(key.end(), value.start());
            // Without quotes around the key, the colon would be a part of it.
            let is_tight =
                found.trim_matches(' ') == ":" && !found.ends_with(' ') && key_quote != Quote::None;
            // Of keys that are aligned, only the blank on the side counts.
            colon = match (found.starts_with(' '), is_tight) {
                (true, true) => " :",
                (true, false) => " : ",
                (false, true) => ":",
                (false, false) => ": ",
            };
            if page.between(value.end(), map.end().saturating_sub(1)) == " " {
                padding = " ";
            }
        }
        let (key_quote, text_quote) = match syntax {
            Syntax::Json => (Quote::Double, Quote::Double),
            Syntax::Yaml => (key_quote, text_quote(page, chain)),
        };
        Self { key_quote, text_quote, colon, padding }
    }

    pub(super) fn key(&self, key: &str) -> String {
        self.key_quote.around(key)
    }

    /// A key and its value, as they stand in braces.
    pub(super) fn entry(&self, key: &str, value: &Node<'_>) -> String {
        format!("{}{}{}", self.key(key), self.colon, self.flow(value))
    }

    /// A value on one line, collections in brackets.
    pub(super) fn flow(&self, value: &Node<'_>) -> String {
        let comma = if self.colon.ends_with(' ') { ", " } else { "," };
        match &value.value {
            Value::Bool(value) => value.to_string(),
            Value::String(text) => self.text_quote.around(text),
            Value::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(comma))
            }
            Value::Mapping(entries) => {
                let entries = entries.iter().map(|entry| self.entry(&entry.key, &entry.value));
                let padding = self.padding;
                format!("{{{padding}{}{padding}}}", entries.collect::<Vec<_>>().join(comma))
            }
            // Nothing else is written new.
            Value::Null | Value::Number(_) | Value::Intrinsic(_) => "null".to_owned(),
        }
    }
}

/// The quotes that every text beside a new one has; none if one does without.
fn text_quote(page: &Page<'_>, chain: &[&Node<'_>]) -> Quote {
    let Some(Node { value: Value::Mapping(entries), .. }) = chain.last() else { return Quote::None };
    let texts = entries.iter().filter(|entry| matches!(entry.value.value, Value::String(_)));
    let mut quotes = texts.filter_map(|entry| Some(Quote::of(entry.value.span?.slice(page.text))));
    let Some(first) = quotes.next() else { return Quote::None };
    if quotes.all(|quote| quote != Quote::None) { first } else { Quote::None }
}
