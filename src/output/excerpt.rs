//! The part of a text that shows a finding.
//!
//! Owns what of a line may be seen, and that it is little however long the line is. Environment variables and commands
//! often stand beside a finding, so an excerpt is the key and the value that decide, and nothing next to them. Must
//! not know the finding.

use std::ops::Range;

use crate::document::{LineIndex, Span, steers};

/// How much is shown before the mark and after it, and how long a mark is, in bytes.
const WIDTH: usize = 80;

/// A piece of one line, and what is marked in it. Printable; `…` stands for what is not shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) mark: Range<usize>,
}

impl Excerpt {
    /// The value at `span` with the key before it.
    ///
    /// Of a value that is itself a map or a list, or that goes on in the next line, only the beginning is shown. In
    /// flow style, a value that is complete is followed by one of `,`, `}` and `]`: what is before the last of these
    /// is another value's.
    pub(super) fn of_value(text: &str, lines: &LineIndex<'_>, span: Span) -> Self {
        let Pieces { before, at, rest, is_begun } = Pieces::of(text, lines, span.start() as usize);
        let length = (span.end().saturating_sub(span.start()) as usize).max(1);
        let goes_on = length > at.len() + rest.len();
        let whole = piece(text, span.start() as usize, length.min(at.len() + rest.len()));
        let marked = beginning(whole, goes_on || length > WIDTH);
        let after = piece(text, span.start() as usize + marked.len(), WIDTH);
        let after = after.split(['\n', '\r']).next().unwrap_or_default();
        let is_punctuation = |c: char| matches!(c, ',' | '}' | ']' | ' ' | '\t');
        let is_end = !goes_on
            && marked.len() == whole.len()
            && after.len() < WIDTH
            && after.chars().all(is_punctuation);
        let own = before.rfind([',', '}', ']']).map_or(0, |at| at + 1);
        let own_text = before.get(own..).unwrap_or_default().trim_start();
        let hides_values =
            !is_begun || before.get(..own).is_some_and(|other| !other.chars().all(is_punctuation));
        Self::assemble(hides_values, own_text, marked, if is_end { after.trim_end() } else { "…" })
    }

    /// The line around a place that cannot be read.
    pub(super) fn of_line(text: &str, lines: &LineIndex<'_>, offset: usize) -> Self {
        let Pieces { before, at, rest, is_begun } = Pieces::of(text, lines, offset);
        let shown = piece(rest, 0, WIDTH);
        let mut after = shown.to_owned();
        if shown.len() < rest.len() {
            after.push('…');
        }
        Self::assemble(!is_begun, before.trim_start(), at, &after)
    }

    fn assemble(is_cut: bool, before: &str, marked: &str, after: &str) -> Self {
        let mut text = String::from(if is_cut { "… " } else { "" });
        text.extend(before.chars().map(shown));
        let start = text.len();
        text.extend(marked.chars().map(shown));
        if text.len() == start {
            // A mark needs something to stand under.
            text.push(' ');
        }
        let mark = start..text.len();
        text.extend(after.chars().map(shown));
        Self { text, mark }
    }
}

fn shown(character: char) -> char {
    match character {
        '\t' => ' ',
        // Nobody would see it.
        _ if !character.is_ascii() && character.is_whitespace() => char::REPLACEMENT_CHARACTER,
        _ if steers(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// A line around one of its characters.
struct Pieces<'a> {
    /// What stands before it, the nearest part of it.
    before: &'a str,
    /// The character; empty at the end of the line.
    at: &'a str,
    /// What stands after it, all of it.
    rest: &'a str,
    /// Whether `before` begins where the line begins.
    is_begun: bool,
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str, lines: &LineIndex<'_>, offset: usize) -> Self {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = lines.line(offset);
        let offset = offset.min(line.end);
        let from = text.ceil_char_boundary(offset.saturating_sub(WIDTH)).max(line.start).min(offset);
        let behind = text.ceil_char_boundary((offset + 1).min(text.len())).clamp(offset, line.end);
        let get = |range: Range<usize>| text.get(range).unwrap_or_default();
        Self {
            before: get(from..offset),
            at: get(offset..behind),
            rest: get(behind..line.end),
            is_begun: from == line.start,
        }
    }
}

/// At most `length` bytes of `text` from `start`, in whole characters.
fn piece(text: &str, start: usize, length: usize) -> &str {
    let end = start.saturating_add(length).min(text.len());
    text.get(start..text.floor_char_boundary(end)).unwrap_or_default()
}

/// What is marked of a value: a scalar and a call of a function as they are, and of everything else the part up to its
/// first value.
fn beginning(value: &str, is_long: bool) -> &str {
    let value = piece(value, 0, WIDTH);
    let separators: &[&str] =
        if is_long || value.starts_with(['{', '[']) { &[",", "\":", "':", ": "] } else { &[": "] };
    let ends = separators.iter().filter_map(|separator| value.find(separator)).filter(|at| *at > 0);
    let end =
        ends.map(|at| at + usize::from(value.get(at..).is_some_and(|rest| rest.starts_with(['"', '\'']))));
    value.get(..end.min().unwrap_or(value.len())).unwrap_or(value).trim_end_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, WIDTH};
    use crate::document::{LineIndex, Span};

    /// The excerpt for one part of a text, with the mark between `«` and `»`.
    fn excerpt(text: &str, part: &str) -> String {
        let start = text.find(part).unwrap();
        let span = Span::new(start, start + part.len());
        picture(Excerpt::of_value(text, &LineIndex::new(text), span))
    }

    fn picture(Excerpt { mut text, mark }: Excerpt) -> String {
        text.insert(mark.end, '»');
        text.insert(mark.start, '«');
        text
    }

    #[test]
    fn the_deciding_key_and_value_are_shown_and_nothing_beside_them() {
        let cases = [
            ("a:\n  - User: root\n    Image: x\n", "root", "- User: «root»"),
            ("  User: root # secret\n", "root", "User: «root»…"),
            ("\tUser:\troot\r\nb", "root", "User: «root»"),
            ("{\"User\": \"root\",\n", "\"root\"", "{\"User\": «\"root\"»,"),
            ("- {Command: [secret], User: root, X: secret}", "root", "… User: «root»…"),
            ("- {Value: secret, User: root}", "root", "… User: «root»}"),
            ("- Capabilities: {Add: [SYS_ADMIN]}", "SYS_ADMIN", "- Capabilities: {Add: [«SYS_ADMIN»]}"),
            ("[{Name: web, Command: secret}]", "{Name: web, Command: secret}", "[«{Name»…"),
            ("- Command: secret\n  Image: x", "Command: secret\n  Image: x", "- «Command»…"),
            ("- Command: secret", "Command: secret", "- «Command»…"),
            (
                "a: {\"Fn::If\": [\"C\", \"secret\"]}",
                "{\"Fn::If\": [\"C\", \"secret\"]}",
                "a: «{\"Fn::If\"»…",
            ),
            ("a: !If [C, root, app]", "!If [C, root, app]", "a: «!If [C, root, app]»"),
            ("é\u{1b}: \u{202e}x", "\u{202e}x", "é\u{fffd}: «\u{fffd}x»"),
            ("a: |\n  one\n  two\n", "|\n  one\n  two\n", "a: «|»…"),
        ];
        for (text, part, expected) in cases {
            let shown = excerpt(text, part);
            assert_eq!(shown, expected, "{text:?}");
            assert!(!shown.contains("secret"));
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let pad = "é".repeat(100_000);
        let shown = excerpt(&format!("{pad} User: root {pad}"), "root");
        assert!(shown.starts_with("… é") && shown.ends_with("é User: «root»…"), "{shown}");
        let line = format!("{pad}!{pad}");
        let shown = picture(Excerpt::of_line(&line, &LineIndex::new(&line), pad.len()));
        assert!(shown.contains("é«!»é") && shown.ends_with('…'), "{shown}");
        assert!(shown.len() < 3 * WIDTH);
        let value = "x".repeat(10 * WIDTH);
        assert!(excerpt(&format!("a: {value}"), &value).len() < 2 * WIDTH);
    }

    #[test]
    fn every_place_has_an_excerpt() {
        for text in ["", "a", "\n", "é: [\n]\r\n", "\u{feff}"] {
            let lines = LineIndex::new(text);
            for start in 0..text.len() + 2 {
                let excerpt = Excerpt::of_line(text, &lines, start);
                assert!(!excerpt.text[excerpt.mark].is_empty());
                for end in 0..text.len() + 2 {
                    let excerpt = Excerpt::of_value(text, &lines, Span::new(start, end));
                    assert!(!excerpt.text[excerpt.mark].is_empty());
                }
            }
        }
    }
}
