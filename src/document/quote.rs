//! Text that somebody else chose, made fit to be repeated.
//!
//! Owns what may stand in a message. Names and values reach logs, terminals and stack events, so nothing may break
//! a line, reorder text, hide, or be long. Must not know what is quoted.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Quotes text: short, on one line, printable. Of a long text, beginning and end are kept: names often differ only
/// at the end.
pub fn quote(text: &str) -> String {
    const LONGEST: usize = 64;
    const HEAD: usize = 38;
    const TAIL: usize = 25;
    let start = |skipped: usize| text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    let mut quoted = String::with_capacity(text.len().min(4 * LONGEST) + 2);
    quoted.push('`');
    if text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'`') {
        quoted.push_str(text);
    } else if start(LONGEST) == text.len() {
        quoted.extend(text.chars().map(printable));
    } else {
        let tail = text.char_indices().nth_back(TAIL - 1).map_or(0, |(at, _)| at);
        quoted.extend(text[..start(HEAD)].chars().map(printable));
        quoted.push('…');
        quoted.extend(text[tail..].chars().map(printable));
    }
    quoted.push('`');
    quoted
}

/// The same without quotation marks.
pub fn short(text: &str) -> String {
    let quoted = quote(text);
    quoted.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or_default().to_owned()
}

fn printable(character: char) -> char {
    match character {
        '`' => '\'',
        _ if steers(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// Text of any length on one line, with nothing in it that steers a terminal, hides, or reorders what stands around it:
/// for names of files, which are cut nowhere.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(steers) { Cow::Owned(text.replace(steers, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Characters that nothing is drawn for: Unicode's `Default_Ignorable_Code_Point`
/// (<https://www.unicode.org/Public/17.0.0/ucd/DerivedCoreProperties.txt>), those not assigned yet among them, and the empty
/// pattern of Braille.
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether a character is for control and not for reading: it hides, ends a line (Unicode's categories Cc, Zl, Zp), annotates
/// what stands around it, or is one of the two that no XML may hold.
pub fn steers(character: char) -> bool {
    // Nearly every character there is.
    if matches!(character, ' '..='~') {
        return false;
    }
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
        || INVISIBLE.iter().any(|range| range.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::{INVISIBLE, on_one_line, quote, steers};

    #[test]
    fn a_name_is_kept_but_for_what_steers() {
        assert_eq!(on_one_line("Übersicht – “alt”/`a`.yaml"), "Übersicht – “alt”/`a`.yaml");
        assert_eq!(on_one_line("a\n\u{1b}[31m\u{9b}b\u{202e}c"), "a\u{fffd}\u{fffd}[31m\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn what_hides_is_no_text() {
        for character in "\u{34f}\u{115f}\u{17b5}\u{180f}\u{2028}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{1bca0}\u{1d173}\u{e0041}\u{e01ef}".chars()
        {
            assert!(steers(character), "{character:?}");
        }
        for character in "aé\u{301}–字\u{3165}\u{2801}\u{fdff}\u{fe10}😀".chars() {
            assert!(!steers(character), "{character:?}");
        }
        assert!(INVISIBLE.is_sorted_by_key(|range| *range.start()));
    }

    #[test]
    fn quoted_text_is_short_printable_and_on_one_line() {
        assert_eq!(quote("api-é"), "`api-é`");
        assert_eq!(quote("wéb–😀 e\u{301}"), "`wéb–😀 e\u{301}`");
        assert_eq!(quote("a\nb`c\u{202e}d\u{1b}"), "`a\u{fffd}b'c\u{fffd}d\u{fffd}`");
        assert_eq!(quote(&"x".repeat(64)), format!("`{}`", "x".repeat(64)));
        let long = |end: &str| quote(&format!("{}{end}", "x".repeat(100)));
        assert_eq!(long("-one").chars().count(), 66);
        assert_ne!(long("-one"), long("-two"));
    }
}
