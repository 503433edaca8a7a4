//! The JSON reader: bytes of a hook event or a template become a [`Node`] tree.
//!
//! Owns the JSON grammar (RFC 8259) and nothing else. It exists beside `serde_json` because the rules need
//! what a value tree forgets: the place of every key and value, every duplicate key, and each number as it
//! was written; the tests hold it against `serde_json` on what is and is not JSON.

use std::fmt;

use super::collected::{push, take_above};
use super::{Entry, MAXIMUM_DEPTH, Node, Span, Value, Written};

/// Why bytes are not a JSON document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Byte offset of the first byte that cannot belong to a document.
    pub offset: usize,
    /// What is wrong there. Never holds anything of the input.
    pub message: &'static str,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for Error {}

/// Reads one JSON document; a byte order mark before it is skipped.
///
/// # Errors
/// Bytes that are not UTF-8, not one JSON document, nested deeper than [`MAXIMUM_DEPTH`], or 4 GiB and more.
pub fn read(bytes: &[u8]) -> Result<Node<'_>, Error> {
    read_bounded(bytes, usize::MAX)
}

/// Reads one JSON document of at most so many keys and values, which bounds the memory that the tree takes.
///
/// # Errors
/// As [`read`], and more keys and values than `maximum_values`.
pub fn read_bounded(bytes: &[u8], maximum_values: usize) -> Result<Node<'_>, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error { offset: error.valid_up_to(), message: "not UTF-8" })?;
    if u32::try_from(text.len()).is_err() {
        return Err(Error { offset: 0, message: "larger than 4 GiB" });
    }
    let offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (entries, items) = (Vec::with_capacity(64), Vec::with_capacity(16));
    let mut reader =
        Reader { text, bytes: text.as_bytes(), offset, depth: 0, left: maximum_values, entries, items };
    reader.skip_whitespace();
    let node = reader.value()?;
    reader.skip_whitespace();
    if reader.offset < text.len() {
        return Err(reader.error("more text after the end of the document"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    offset: usize,
    depth: usize,
    /// How many keys and values may still come.
    left: usize,
    /// The entries of all open maps, the innermost last: each map then gets a list of exactly its size, at once.
    entries: Vec<Entry<'a>>,
    /// The items of all open lists, likewise.
    items: Vec<Node<'a>>,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Node<'a>, Error> {
        let start = self.offset;
        self.count()?;
        let value = match self.peek() {
            Some(b'{') => return self.nested(Self::object),
            Some(b'[') => return self.nested(Self::array),
            Some(b'"') => Value::String(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) => return Err(self.error("expected a value")),
            None => return Err(self.error("the text ends where a value is expected")),
        };
        Ok(Node { value, span: Some(Span::new(start, self.offset)) })
    }

    fn count(&mut self) -> Result<(), Error> {
        self.left = self.left.checked_sub(1).ok_or_else(|| self.error("too many keys and values"))?;
        Ok(())
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Node<'a>, Error>) -> Result<Node<'a>, Error> {
        if self.depth == MAXIMUM_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn object(&mut self) -> Result<Node<'a>, Error> {
        let start = self.offset;
        let outer = self.entries.len();
        let mut more = self.open(b'}');
        while more {
            let key_start = self.offset;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            self.count()?;
            let key = self.string()?;
            let key_span = Some(Span::new(key_start, self.offset));
            self.skip_whitespace();
            if self.peek() != Some(b':') {
                return Err(self.error("expected `:` after a key"));
            }
            self.offset += 1;
            self.skip_whitespace();
            let value = self.value()?;
            push(&mut self.entries, Entry { key, key_span, value });
            more = self.continues(b'}', "expected `,` or `}`")?;
        }
        Ok(Node::mapping(take_above(&mut self.entries, outer), Span::new(start, self.offset)))
    }

    fn array(&mut self) -> Result<Node<'a>, Error> {
        let start = self.offset;
        let outer = self.items.len();
        let mut more = self.open(b']');
        while more {
            let item = self.value()?;
            push(&mut self.items, item);
            more = self.continues(b']', "expected `,` or `]`")?;
        }
        let value = Value::Sequence(take_above(&mut self.items, outer));
        Ok(Node { value, span: Some(Span::new(start, self.offset)) })
    }

    /// Steps over an opening bracket; answers whether anything stands before the closing one.
    fn open(&mut self, close: u8) -> bool {
        self.offset += 1;
        self.skip_whitespace();
        let empty = self.peek() == Some(close);
        if empty {
            self.offset += 1;
        }
        !empty
    }

    /// Steps over a comma or the closing bracket; answers whether another item follows.
    fn continues(&mut self, close: u8, expected: &'static str) -> Result<bool, Error> {
        self.skip_whitespace();
        match self.peek() {
            Some(b',') => {
                self.offset += 1;
                self.skip_whitespace();
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.offset += 1;
                Ok(false)
            }
            _ => Err(self.error(expected)),
        }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Error> {
        if self.rest().starts_with(word.as_bytes()) {
            self.offset += word.len();
            Ok(value)
        } else {
            Err(self.error("expected a value"))
        }
    }

    fn number(&mut self) -> Result<Written<'a>, Error> {
        let start = self.offset;
        self.step_over(b'-');
        // A leading zero stands alone: `01` is two tokens, and so an error at the `1`.
        if !self.step_over(b'0') && self.digits() == 0 {
            return Err(self.error("expected a digit"));
        }
        if self.step_over(b'.') && self.digits() == 0 {
            return Err(self.error("expected a digit"));
        }
        if self.step_over(b'e') || self.step_over(b'E') {
            if !self.step_over(b'+') {
                self.step_over(b'-');
            }
            if self.digits() == 0 {
                return Err(self.error("expected a digit"));
            }
        }
        Ok(self.slice(start, self.offset).into())
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.offset += count;
        count
    }

    fn step_over(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.offset += usize::from(there);
        there
    }

    /// Reads a string, its quotes included; borrowed unless it holds an escape.
    fn string(&mut self) -> Result<Written<'a>, Error> {
        self.offset += 1;
        let start = self.offset;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            let text = self.slice(start, self.offset);
            self.offset += 1;
            return Ok(text.into());
        }
        let mut text = String::from(self.slice(start, self.offset));
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error("control character in a string")),
                None => return Err(self.error("the text ends inside a string")),
            }
            let start = self.offset;
            self.skip_plain();
            text.push_str(self.slice(start, self.offset));
        }
    }

    /// Steps to the next quote, backslash or control character, or to the end.
    fn skip_plain(&mut self) {
        let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let rest = self.rest();
        self.offset += rest.iter().position(stop).unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<char, Error> {
        self.offset += 1;
        let unescaped = match self.peek() {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(self.error("unknown escape in a string")),
            None => return Err(self.error("the text ends inside a string")),
        };
        self.offset += 1;
        Ok(unescaped)
    }

    /// `uXXXX`, or the two that make a surrogate pair; half a pair names no character.
    fn unicode_escape(&mut self) -> Result<char, Error> {
        const HALF: &str = "half a surrogate pair in a string";
        let first = self.code_unit()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error(HALF));
        }
        if first >= 0xdc00 || !self.rest().starts_with(b"\\u") {
            return Err(self.error(HALF));
        }
        self.offset += 1;
        let second = self.code_unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.error(HALF));
        }
        let character = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(character).ok_or_else(|| self.error(HALF))
    }

    fn code_unit(&mut self) -> Result<u32, Error> {
        let digits = self.bytes.get(self.offset + 1..self.offset + 5);
        let unit = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.offset += 5;
        Ok(unit)
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn error(&self, message: &'static str) -> Error {
        Error { offset: self.offset, message }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Oracle;

    use super::super::{Node, Span, Value};
    use super::{Error, read};

    /// The tree as `serde_json` would have it: last duplicate wins, numbers by value.
    fn simplified(node: &Node<'_>) -> Oracle {
        match &node.value {
            Value::Null => Oracle::Null,
            Value::Bool(value) => Oracle::Bool(*value),
            Value::Number(spelling) => serde_json::from_str(spelling).unwrap(),
            Value::String(text) => Oracle::String(text.to_string()),
            Value::Sequence(items) => items.iter().map(simplified).collect(),
            Value::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.to_string(), simplified(&entry.value))).collect()
            }
            Value::Intrinsic(call) => {
                [(call.function.to_string(), simplified(&call.argument))].into_iter().collect()
            }
        }
    }

    fn agrees_with_serde_json(bytes: &[u8]) {
        let oracle = serde_json::from_slice::<Oracle>(bytes);
        match (read(bytes), oracle) {
            (Ok(node), Ok(value)) => assert_eq!(simplified(&node), value),
            (Err(_), Err(_)) => {}
            // serde_json refuses a number that overflows a double; the grammar does not.
            (Ok(_), Err(error)) if error.to_string().contains("number out of range") => {}
            (ours, theirs) => {
                panic!("{:?}: {:?} / {:?}", String::from_utf8_lossy(bytes), ours.err(), theirs.err())
            }
        }
    }

    #[test]
    fn keeps_duplicates_spelling_and_places() {
        let text = r#" {"a": 1.0e0, "a": "x\u00e9"} "#;
        let node = read(text.as_bytes()).unwrap();
        let Value::Mapping(entries) = &node.value else { panic!("not a map") };
        assert_eq!(entries[0].value.value, Value::Number("1.0e0".into()));
        assert_eq!(entries[1].value.value, Value::String("xé".into()));
        assert_eq!(entries[1].key_span.unwrap().slice(text), "\"a\"");
        assert_eq!(entries[1].value.span.unwrap().slice(text), "\"x\\u00e9\"");
        assert_eq!(node.span.unwrap(), Span::new(1, text.len() - 1));
    }

    #[test]
    fn a_lone_function_key_is_a_call_and_others_are_not() {
        let node =
            read(br#"{"a": {"Ref": "X"}, "b": {"Fn::Sub": "x", "c": 1}, "d": {"Reference": 1}}"#).unwrap();
        assert!(matches!(node.get("a").unwrap().value, Value::Intrinsic(_)));
        assert!(matches!(node.get("b").unwrap().value, Value::Mapping(_)));
        assert!(matches!(node.get("d").unwrap().value, Value::Mapping(_)));
    }

    #[test]
    fn errors_say_where_and_never_echo() {
        let fails = |text: &str, offset, message| {
            assert_eq!(read(text.as_bytes()), Err(Error { offset, message }), "{text}");
        };
        fails("", 0, "the text ends where a value is expected");
        fails("{\"secret\": tru", 11, "expected a value");
        fails("{\"secret\"", 9, "expected `:` after a key");
        fails("[1 2]", 3, "expected `,` or `]`");
        fails("{'a': 1}", 1, "expected a key in double quotes");
        fails("[01]", 2, "expected `,` or `]`");
        fails("[] []", 3, "more text after the end of the document");
        assert_eq!(read(b"[\"\xff\"]"), Err(Error { offset: 2, message: "not UTF-8" }));
        assert_eq!(read("[".repeat(6_000_000).as_bytes()).unwrap_err().message, "nested too deeply");
        assert_eq!(read("{\"a\":".repeat(1_000_000).as_bytes()).unwrap_err().message, "nested too deeply");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(read("\u{feff}[]".as_bytes()).unwrap().value, Value::Sequence(Box::default()));
    }

    #[test]
    fn agrees_with_serde_json_on_hand_picked_texts() {
        let texts = [
            "0",
            "-0",
            "-",
            "1.",
            ".1",
            "1e",
            "1e+",
            "1E-2",
            "00",
            "+1",
            "NaN",
            "tru",
            "nullx",
            "\"\\x\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83dx\"",
            "\"\\ud83d\\u0041\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"a\tb\"",
            "\"\u{7f}\"",
            "[1,]",
            "{\"a\":1,}",
            "{,}",
            "[,1]",
            "\u{a0}1",
            "[]x",
            "\"",
            "\"\\",
            "1e999",
            "123456789012345678901234567890",
            "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
            "[[[]]]",
            "{\"\":{}}",
        ];
        for text in texts {
            agrees_with_serde_json(text.as_bytes());
        }
        for depth in [127, 128, 129] {
            agrees_with_serde_json(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        }
    }

    fn any_json() -> impl Strategy<Value = Oracle> {
        let leaf = prop_oneof![
            Just(Oracle::Null),
            any::<bool>().prop_map(Oracle::Bool),
            any::<i64>().prop_map(Oracle::from),
            any::<f64>().prop_map(Oracle::from),
            ".*".prop_map(Oracle::String),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Oracle::Array),
                prop::collection::vec((".{0,4}", inner), 0..6)
                    .prop_map(|entries| Oracle::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_documents(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            agrees_with_serde_json(text.unwrap().as_bytes());
        }

        #[test]
        fn agrees_with_serde_json_on_damaged_documents(
            value in any_json(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
        ) {
            let mut bytes = serde_json::to_vec(&value).unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            agrees_with_serde_json(&bytes);
        }

        #[test]
        fn agrees_with_serde_json_on_noise(text in "[\\[\\]{}:,\"\\\\ueE0-9+. tfn-]{0,24}") {
            agrees_with_serde_json(text.as_bytes());
        }
    }
}
