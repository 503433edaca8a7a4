//! What a parameter's definition says of any value, beside the list of those that are allowed.
//!
//! Owns whether a text may be the value. Where it cannot be told it may: what is said to be impossible accuses nobody.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::cell::OnceCell;
use std::rc::Rc;

use regex_lite::{Regex, RegexBuilder};

/// The longest pattern that is looked at, in bytes.
const LONGEST_PATTERN: usize = 1024;

/// What a value must be; by default it may be anything.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// `MinLength`, in characters.
    pub(super) shortest: usize,
    /// `MaxLength`, in characters.
    pub(super) longest: Option<usize>,
    /// Whether it is a number, and between which.
    pub(super) number: Option<Between>,
    /// `AllowedPattern`; several when one value has several limits.
    pub(super) patterns: Vec<Rc<Pattern>>,
}

/// `MinValue` and `MaxValue`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Between {
    pub(super) least: f64,
    pub(super) most: f64,
}

/// What a whole value looks like. It is read when somebody asks.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// `None`: it is not understood here.
    read: OnceCell<Option<Regex>>,
}

impl Limits {
    /// Texts of at least so many characters.
    #[cfg(test)]
    pub(super) fn from(shortest: usize) -> Self {
        Self { shortest, ..Self::default() }
    }

    /// Whether a text may be the value.
    pub(super) fn may_be(&self, text: &str) -> bool {
        // A character beyond the first 65,536 may count as one or, as in Java, as two.
        text.encode_utf16().count() >= self.shortest
            && self.longest.is_none_or(|longest| text.chars().count() <= longest)
            && self.number.is_none_or(|between| between.may_be(text))
            && self.patterns.iter().all(|pattern| pattern.may_be(text))
    }

    /// What meets both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.shortest = self.shortest.max(other.shortest);
        self.longest = self.longest.into_iter().chain(other.longest).min();
        self.number = match (self.number, other.number) {
            (Some(one), Some(other)) => {
                Some(Between { least: one.least.max(other.least), most: one.most.min(other.most) })
            }
            (one, other) => one.or(other),
        };
        self.patterns.extend(other.patterns);
        self
    }
}

impl Between {
    fn may_be(self, text: &str) -> bool {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            // Rounding keeps the order, so what is beyond a bound here is beyond it.
            return text.contains(|character: char| character.is_ascii_digit())
                && number >= self.least
                && number <= self.most;
        }
        // Another spelling of a number, for some reader.
        text.contains(|character: char| character.is_ascii_digit())
            && text.chars().all(|character| character.is_ascii_hexdigit() || "xXoO+-._, ".contains(character))
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Rc<Self> {
        Rc::new(Self { text: text.to_owned(), read: OnceCell::new() })
    }

    fn may_be(&self, text: &str) -> bool {
        let read = self.read.get_or_init(|| {
            // CloudFormation reads it as Java does. These mean something else there.
            let is_foreign = ["[[", "&&", "[:", "(?x", "(?U"].iter().any(|other| self.text.contains(other));
            if is_foreign || self.text.len() > LONGEST_PATTERN {
                return None;
            }
            RegexBuilder::new(&format!("^(?:{})$", self.text)).size_limit(1 << 18).build().ok()
        });
        read.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::{Between, Limits, Pattern};

    #[test]
    fn a_text_beyond_a_limit_is_impossible() {
        let number = |least, most| Limits { number: Some(Between { least, most }), ..Limits::default() };
        let any = number(f64::NEG_INFINITY, f64::INFINITY);
        let pattern = |text: &str| Limits { patterns: vec![Pattern::new(text)], ..Limits::default() };
        let longest = |longest| Limits { longest: Some(longest), ..Limits::default() };
        for (limits, text, may_be) in [
            (&Limits::default(), "", true),
            (&Limits::from(1), "", false),
            (&Limits::from(2), "\u{1f600}", true),
            (&longest(2), "abc", false),
            (&longest(1), "\u{1f600}", true),
            (&any, "root", false),
            (&any, "", false),
            (&any, "inf", false),
            (&any, " -1.5e3 ", true),
            (&any, "0x0", true),
            (&any, "1,000", true),
            (&any, "app1", false),
            (&number(5.0, f64::INFINITY), "0", false),
            (&number(5.0, f64::INFINITY), "5", true),
            (&number(f64::NEG_INFINITY, 5.0), "5.1", false),
            (&pattern("prod|test"), "prod", true),
            (&pattern("prod|test"), "production", false),
            (&pattern("^[a-z]+$"), "Prod", false),
            (&pattern("[a-z"), "0", true),
            (&pattern("(?=x)[a-z]+"), "0", true),
            (&pattern("[a-z&&[^b]]"), "0", true),
            // Understood here, and as something else in Java.
            (&pattern("(?U)a"), "b", true),
            (&pattern(&"a".repeat(1024)), "b", false),
            (&pattern(&"a".repeat(1025)), "b", true),
        ] {
            assert_eq!(limits.may_be(text), may_be, "{text:?} {limits:?}");
        }
    }

    #[test]
    fn what_has_two_definitions_meets_both() {
        let one =
            Limits { shortest: 2, longest: Some(9), patterns: vec![Pattern::new("[a-z]*")], number: None };
        let other = Limits { longest: Some(3), patterns: vec![Pattern::new(".*c")], ..Limits::default() };
        for limits in [one.clone().and(other.clone()), other.and(one)] {
            for (text, may_be) in
                [("abc", true), ("c", false), ("abbc", false), ("abb", false), ("a1c", false)]
            {
                assert_eq!(limits.may_be(text), may_be, "{text}");
            }
        }
        let between = |least, most| Limits { number: Some(Between { least, most }), ..Limits::default() };
        let both = between(1.0, 9.0).and(between(5.0, 20.0)).and(Limits::default());
        assert!(both.may_be("5") && both.may_be("9") && !both.may_be("4") && !both.may_be("10"));
    }
}
