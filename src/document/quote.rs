//! Text that somebody else chose, made fit to be repeated.
//!
//! Owns what may stand in a message. Names and values reach logs, terminals and stack events, so nothing may break
//! a line, reorder text, hide, or be long. Must not know what is quoted.

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

fn printable(character: char) -> char {
    match character {
        '`' => '\'',
        ' '..='~' => character,
        _ if character.is_alphanumeric() => character,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quoted_text_is_short_printable_and_on_one_line() {
        assert_eq!(quote("api-é"), "`api-é`");
        assert_eq!(quote("a\nb`c\u{202e}d\u{1b}"), "`a\u{fffd}b'c\u{fffd}d\u{fffd}`");
        assert_eq!(quote(&"x".repeat(64)), format!("`{}`", "x".repeat(64)));
        let long = |end: &str| quote(&format!("{}{end}", "x".repeat(100)));
        assert_eq!(long("-one").chars().count(), 66);
        assert_ne!(long("-one"), long("-two"));
    }
}
