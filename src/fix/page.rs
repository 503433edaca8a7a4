//! The lines of a text.
//!
//! Owns the questions about what stands around an offset: blanks, comments, line breaks. Must not know the tree.

use crate::document::{Node, Value};

/// A text to be edited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
}

const BREAKS: [char; 2] = ['\n', '\r'];
const BLANKS: [char; 2] = [' ', '\t'];
const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text }
    }

    /// What stands before an offset.
    pub(super) fn before(&self, offset: u32) -> &'t str {
        self.text.get(..offset as usize).unwrap_or_default()
    }

    /// What stands from an offset on.
    pub(super) fn after(&self, offset: u32) -> &'t str {
        self.text.get(offset as usize..).unwrap_or_default()
    }

    /// What stands between two offsets.
    pub(super) fn between(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// What stands before an offset on its line.
    pub(super) fn line_before(&self, offset: u32) -> &'t str {
        let before = self.before(offset);
        let line = before.rsplit(BREAKS).next().unwrap_or_default();
        // At the beginning of the text only.
        line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
    }

    /// What stands after an offset on its line.
    pub(super) fn line_after(&self, offset: u32) -> &'t str {
        self.after(offset).split(BREAKS).next().unwrap_or_default()
    }

    /// Where the line of an offset ends, its break not included.
    pub(super) fn line_end(&self, offset: u32) -> u32 {
        offset + length(self.line_after(offset))
    }

    /// The line break at an offset; empty at the end of the text.
    pub(super) fn break_at(&self, offset: u32) -> &'static str {
        match self.after(offset) {
            after if after.starts_with("\r\n") => "\r\n",
            after if after.starts_with('\n') => "\n",
            after if after.starts_with('\r') => "\r",
            _ => "",
        }
    }

    /// The line break to use near an offset: that of its line, else that of the text's first.
    pub(super) fn break_near(&self, offset: u32) -> &'static str {
        let own = self.break_at(self.line_end(offset));
        let first = || self.break_at(self.line_end(0));
        [own, first()].into_iter().find(|found| !found.is_empty()).unwrap_or("\n")
    }

    /// What follows an offset on its line, if that is nothing but blanks and a comment: the comment with the blanks
    /// before it, or the blanks.
    pub(super) fn comment_after(&self, offset: u32) -> Option<&'t str> {
        let rest = self.after(offset);
        let trimmed = rest.trim_start_matches(BLANKS);
        let is_end = trimmed.is_empty() || trimmed.starts_with(BREAKS);
        let is_comment = trimmed.starts_with('#') && trimmed.len() < rest.len();
        // A line may be as long as the text, so it is not looked for before it is known to be wanted.
        (is_end || is_comment).then(|| self.line_after(offset))
    }

    /// Whether a collection is written in brackets.
    pub(super) fn is_flow(&self, node: &Node<'_>) -> bool {
        let opening = match node.value {
            Value::Mapping(_) => '{',
            _ => '[',
        };
        node.span.is_some_and(|span| span.slice(self.text).starts_with(opening))
    }
}

/// The length of a part of a text; no text is longer than 4 GiB.
pub(super) fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
