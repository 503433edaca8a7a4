//! Texts of which not all is known.
//!
//! Owns what can be said of a text whatever its open parts come to be. Must not know what a text is for, nor how a
//! function is evaluated.

use std::borrow::Cow;
use std::ops::Not;

use super::lookup::{partial_of, split_at_reference};
use super::{Node, Value};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// What is certain.
    Known(Cow<'a, str>),
    /// What is decided later and holds letters, digits, `-` and `.` only: a Region, an account, a stack's name.
    Plain,
    /// What is decided later, the empty text perhaps.
    Open,
}

/// What is known of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partial<'a>(Vec<Part<'a>>);

/// Whether something holds of a text, whatever its open parts come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// In every case.
    Yes,
    /// In no case.
    No,
    /// That depends on what is open.
    Perhaps,
}

impl Holds {
    /// Whether one of two things holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Perhaps,
        }
    }

    /// Whether both of two things hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        !(!self).or(!other)
    }
}

impl Not for Holds {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Perhaps => Self::Perhaps,
        }
    }
}

impl<'a> Partial<'a> {
    /// A text of which all is known.
    pub fn known(text: &'a str) -> Self {
        let mut partial = Self::default();
        partial.push(Part::Known(Cow::Borrowed(text)));
        partial
    }

    /// A text of which all is known.
    pub fn owned(text: String) -> Self {
        let mut partial = Self::default();
        partial.push(Part::Known(Cow::Owned(text)));
        partial
    }

    /// A text of which nothing is known.
    pub fn open() -> Self {
        Self(vec![Part::Open])
    }

    /// What is known of a node as a text, functions in it being open; `None`: it is none.
    pub fn of(node: &'a Node<'a>) -> Option<Self> {
        match &node.value {
            Value::String(text) | Value::Number(text) if split_at_reference(text).is_none() => {
                Some(Self::known(text))
            }
            Value::String(_) | Value::Number(_) | Value::Intrinsic(_) if !node.is_absent() => {
                Some(partial_of(node))
            }
            _ => None,
        }
    }

    /// Adds another behind it.
    pub fn append(&mut self, other: Self) {
        for part in other.0 {
            self.push(part);
        }
    }

    /// Adds a piece at the end.
    pub fn push(&mut self, part: Part<'a>) {
        match (self.0.last_mut(), part) {
            (_, Part::Known(text)) if text.is_empty() => {}
            (Some(Part::Known(before)), Part::Known(text)) => before.to_mut().push_str(&text),
            (Some(Part::Open), Part::Open) => {}
            (_, part) => self.0.push(part),
        }
    }

    /// The pieces, no two known ones side by side.
    pub fn parts(&self) -> &[Part<'a>] {
        &self.0
    }

    /// The text, if all of it is known.
    pub fn whole(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Known(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether all that is decided later is plain.
    pub fn is_plain(&self) -> bool {
        !self.0.contains(&Part::Open)
    }

    /// What it certainly begins with.
    pub fn beginning(&self) -> &str {
        if let Some(Part::Known(text)) = self.0.first() { text } else { "" }
    }

    /// What it certainly ends with.
    pub fn end(&self) -> &str {
        if let Some(Part::Known(text)) = self.0.last() { text } else { "" }
    }

    /// Whether two texts can be one: their beginnings and their ends agree.
    pub fn may_equal(&self, other: &Self) -> bool {
        match (self.whole(), other.whole()) {
            (Some(one), Some(other)) => one == other,
            (Some(text), None) => other.matches(text) != Holds::No,
            (None, Some(text)) => self.matches(text) != Holds::No,
            (None, None) => {
                let begins = |one: &Self, other: &Self| one.beginning().starts_with(other.beginning());
                let ends = |one: &Self, other: &Self| one.end().ends_with(other.end());
                (begins(self, other) || begins(other, self)) && (ends(self, other) || ends(other, self))
            }
        }
    }

    /// Whether it is what `pattern` says, where `*` stands for any text, and letters are compared in any casing.
    pub fn matches(&self, pattern: &str) -> Holds {
        if !self.is_accepted(pattern, true) {
            Holds::No
        } else if self.whole().is_some() || self.is_accepted(pattern, false) {
            Holds::Yes
        } else {
            Holds::Perhaps
        }
    }

    /// Whether it may be what a glob says, where `*` stands for any text and `?` for one character; case counts.
    pub fn may_be_like(&self, glob: &str) -> bool {
        // Of a character that is several bytes, a `?` takes all.
        let is_ascii = self.0.iter().all(|part| !matches!(part, Part::Known(text) if !text.is_ascii()));
        !is_ascii && glob.contains('?')
            || self.is_taken(glob, true, &|symbol, byte| symbol == b'?' || symbol == byte)
    }

    /// Whether the pattern takes the text: with one filling of the open parts at least, or, where these are not
    /// `benevolent`, with every one, so that only a `*` can take them.
    fn is_accepted(&self, pattern: &str, benevolent: bool) -> bool {
        self.is_taken(pattern, benevolent, &|symbol, byte| symbol.eq_ignore_ascii_case(&byte))
    }

    /// The same, where `takes` says whether a byte of the pattern takes one of the text.
    fn is_taken(&self, pattern: &str, benevolent: bool, takes_byte: &dyn Fn(u8, u8) -> bool) -> bool {
        let pattern = pattern.as_bytes();
        let mut reached = vec![false; pattern.len() + 1];
        let mut next = reached.clone();
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        pass_stars(pattern, &mut reached);
        let mut consume = |reached: &mut Vec<bool>, takes: &dyn Fn(u8) -> bool, is_repeated: bool| {
            next.fill(false);
            for (at, symbol) in pattern.iter().enumerate() {
                let is_reached = |at: usize, within: &[bool]| within.get(at).copied().unwrap_or_default();
                if !(is_reached(at, reached) || is_repeated && is_reached(at, &next)) {
                    continue;
                }
                for (to, is_taken) in [(at, *symbol == b'*'), (at + 1, takes(*symbol))] {
                    if let Some(place) = next.get_mut(to).filter(|_| is_taken) {
                        *place = true;
                    }
                }
            }
            if is_repeated {
                // It may be empty too.
                next.iter_mut().zip(&*reached).for_each(|(next, before)| *next |= *before);
            }
            pass_stars(pattern, &mut next);
            std::mem::swap(reached, &mut next);
        };
        for part in &self.0 {
            match part {
                Part::Known(text) => text.bytes().for_each(|byte| {
                    consume(&mut reached, &|symbol| takes_byte(symbol, byte), false);
                }),
                Part::Open if benevolent => consume(&mut reached, &|_| true, true),
                Part::Plain if benevolent => {
                    consume(&mut reached, &|symbol| is_plain(symbol) || takes_byte(symbol, b'a'), true);
                }
                Part::Open | Part::Plain => consume(&mut reached, &|_| false, false),
            }
        }
        reached.last().copied().unwrap_or_default()
    }
}

/// A star may also stand for nothing.
fn pass_stars(pattern: &[u8], reached: &mut [bool]) {
    for (at, _) in pattern.iter().enumerate().filter(|(_, symbol)| **symbol == b'*') {
        if reached.get(at).copied().unwrap_or_default()
            && let Some(behind) = reached.get_mut(at + 1)
        {
            *behind = true;
        }
    }
}

fn is_plain(symbol: u8) -> bool {
    symbol.is_ascii_alphanumeric() || matches!(symbol, b'-' | b'.' | b'*')
}

/// For tests: a text in which `?` is open and `~` is plain.
#[cfg(test)]
pub(crate) fn partial(text: &str) -> Partial<'_> {
    let mut partial = Partial::default();
    for piece in text.split_inclusive(['?', '~']) {
        let known = piece.trim_end_matches(['?', '~']);
        partial.push(Part::Known(known.into()));
        match piece.get(known.len()..) {
            Some("?") => partial.push(Part::Open),
            Some("~") => partial.push(Part::Plain),
            _ => {}
        }
    }
    partial
}

#[cfg(test)]
mod tests {
    use super::{Holds, partial};

    #[test]
    fn a_known_text_matches_or_does_not() {
        for (text, pattern) in [
            ("", ""),
            ("", "*"),
            ("host", "HOST"),
            ("DB_ARN", "*_ARN"),
            ("a.b.c", "a.*.c"),
            ("aXbXc", "*x*x*"),
            ("é", "é"),
            ("aab", "*ab"),
        ] {
            assert_eq!(partial(text).matches(pattern), Holds::Yes, "{text} {pattern}");
        }
        for (text, pattern) in
            [("", "a"), ("a", ""), ("host", "hos"), ("hos", "host"), ("a.b", "a.*.b"), ("ba", "*ab")]
        {
            assert_eq!(partial(text).matches(pattern), Holds::No, "{text} {pattern}");
        }
    }

    #[test]
    fn a_partly_known_text_matches_always_never_or_perhaps() {
        for (text, pattern, expected) in [
            ("?", "host", Holds::Perhaps),
            ("?", "*", Holds::Yes),
            ("h?t", "host", Holds::Perhaps),
            ("h?x", "host", Holds::No),
            ("host?", "host", Holds::Perhaps),
            ("hosts?", "host", Holds::No),
            ("?_ARN", "*_ARN", Holds::Yes),
            ("~.dkr.ecr.~.amazonaws.com", "*.dkr.ecr.*.amazonaws.com", Holds::Yes),
            ("~.dkr.ecr.~.amazonaws.com", "1.dkr.ecr.eu.amazonaws.com", Holds::Perhaps),
            ("~", "a/b", Holds::No),
            ("~", "a-1.b", Holds::Perhaps),
            ("~", "a/*", Holds::No),
            ("?", "a/*", Holds::Perhaps),
            ("a?b?c", "abc", Holds::Perhaps),
            ("a?b?c", "acb", Holds::No),
        ] {
            assert_eq!(partial(text).matches(pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn a_glob_takes_letters_as_they_are_and_a_question_mark_one_of_them() {
        for (text, glob, expected) in [
            ("nginx", "nginx", true),
            ("nginx", "Nginx", false),
            ("nginx", "ngin?", true),
            ("nginx", "nginx?", false),
            ("ngin?", "nginx?", true),
            ("ngin?", "httpd", false),
            ("?/evil:1", "*/vendor/agent", false),
            ("?/evil:1", "*/evil:?", true),
            ("~/a", "?/a", true),
            ("~/a", "b/c/a", false),
            ("~/a", "*/a", true),
            ("é", "?", true),
            ("é", "a*", false),
            ("é", "é", true),
        ] {
            assert_eq!(partial(text).may_be_like(glob), expected, "{text} {glob}");
        }
    }

    #[test]
    fn two_texts_that_differ_where_they_are_known_are_two() {
        for (one, other, expected) in [
            ("role/a", "role/a", true),
            ("role/a", "role/b", false),
            ("x?role/a", "x?role/b", false),
            ("x?role/a", "x?/a", true),
            ("x?", "y?", false),
            ("?role/a", "x/role/a", true),
            ("?role/a", "x/role/b", false),
        ] {
            assert_eq!(partial(one).may_equal(&partial(other)), expected, "{one} {other}");
            assert_eq!(partial(other).may_equal(&partial(one)), expected, "{other} {one}");
        }
    }
}
