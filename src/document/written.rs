//! A text of a document in as little memory as it can have.
//!
//! Owns how a text is held that is mostly borrowed. Must not know what the text says.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// A text as it is written, or one that was put together. Two words, where a [`Cow`] takes three: a document is made of
/// little else.
#[derive(Clone)]
pub struct Written<'a>(Held<'a>);

#[derive(Clone)]
enum Held<'a> {
    Borrowed(&'a str),
    // A text behind one pointer fits where the other kind keeps its length; a wide pointer would need a word more, for
    // which of both it is.
    Owned(Box<Box<str>>),
}

impl<'a> Written<'a> {
    /// The text where it is borrowed, for as long as the document's own text is there.
    pub fn as_borrowed(&self) -> Option<&'a str> {
        match self.0 {
            Held::Borrowed(text) => Some(text),
            Held::Owned(_) => None,
        }
    }
}

impl Deref for Written<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Held::Borrowed(text) => text,
            Held::Owned(text) => text,
        }
    }
}

impl<'a> From<&'a str> for Written<'a> {
    fn from(text: &'a str) -> Self {
        Self(Held::Borrowed(text))
    }
}

impl From<String> for Written<'_> {
    fn from(text: String) -> Self {
        Self(Held::Owned(Box::new(text.into_boxed_str())))
    }
}

impl<'a> From<Cow<'a, str>> for Written<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl PartialEq for Written<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Written<'_> {}

impl PartialEq<str> for Written<'_> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Written<'_> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl Hash for Written<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::{Entry, Node, Span};
    use super::Written;

    #[test]
    fn a_text_is_the_same_however_it_is_held() {
        let (borrowed, owned) = (Written::from("ü"), Written::from("ü".to_owned()));
        assert_eq!(borrowed, owned);
        assert_eq!(borrowed.as_borrowed(), Some("ü"));
        assert_eq!(owned.as_borrowed(), None);
        assert_eq!((borrowed.to_string(), format!("{owned:?}")), ("ü".into(), "\"ü\"".into()));
        assert_eq!(
            (Written::from(Cow::Borrowed("ü")), Written::from(Cow::Owned("ü".into()))),
            (borrowed, owned)
        );
    }

    /// What the memory of a run is promised by: docs/ci.md.
    #[test]
    fn what_a_document_is_made_of_is_small() {
        assert_eq!(size_of::<Written<'_>>(), 16);
        assert_eq!(size_of::<Option<Span>>(), 8);
        assert_eq!(size_of::<Node<'_>>(), 32);
        assert_eq!(size_of::<Entry<'_>>(), 56);
    }
}
