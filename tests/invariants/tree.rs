//! Trees that were read: their places, what they are in JSON, and what hides a value in them.
//!
//! Must not know what a task definition is.

use std::fmt::Write as _;

use ecs_guard::document::{Entry, Intrinsic, Node, Span, Value, json};

use super::assert_inside;

/// Holds the places in a tree against its text. `is_nested`: every value stands inside the one around it, as it does
/// unless an alias stands for it.
pub(super) fn assert_places(node: &Node<'_>, text: &str, is_nested: bool) {
    let span = node.span.expect("what was read has a place");
    assert_inside(span, text);
    let mut end_of_last = span.start();
    let mut child = |child: &Node<'_>| {
        assert_places(child, text, is_nested);
        let inner = child.span.unwrap_or(span);
        if is_nested {
            assert!(
                end_of_last <= inner.start() && inner.end() <= span.end(),
                "{inner:?} after {end_of_last} in {span:?}"
            );
        }
        end_of_last = inner.end();
    };
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(child),
        Value::Mapping(entries) => {
            for Entry { key_span, value, .. } in entries {
                let key_span = key_span.expect("a key that was read has a place");
                assert_inside(key_span, text);
                child(value);
                if is_nested {
                    let start = value.span.map_or(key_span.end(), Span::start);
                    assert!(
                        span.start() <= key_span.start() && key_span.end() <= start,
                        "{key_span:?} before {start}"
                    );
                }
            }
        }
        Value::Intrinsic(call) => assert_places(&call.argument, text, is_nested),
        _ => {}
    }
}

/// A tree in JSON, every letter that some reader takes for more than a letter as an escape; `None` where it holds
/// what JSON does not have: a number in another spelling, as a value or a key, and a tag that is no function.
pub(super) fn to_json(node: &Node<'_>) -> Option<String> {
    let mut out = String::new();
    write(node, &mut out)?;
    Some(out)
}

fn write(node: &Node<'_>, out: &mut String) -> Option<()> {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => write!(out, "{value}").ok()?,
        Value::Number(text) => {
            let is_of_json = matches!(json::read(text.as_bytes()), Ok(Node { value: Value::Number(_), .. }));
            out.push_str(is_of_json.then_some(text)?);
        }
        Value::String(text) => write_string(text, out),
        Value::Sequence(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Mapping(entries) => {
            out.push('{');
            for (at, entry) in entries.iter().enumerate() {
                if entry.has_ambiguous_key() {
                    return None;
                }
                out.push_str(if at > 0 { "," } else { "" });
                write_string(&entry.key, out);
                out.push(':');
                write(&entry.value, out)?;
            }
            out.push('}');
        }
        Value::Intrinsic(call) => {
            if call.function != "Ref" && !call.function.starts_with("Fn::") {
                return None;
            }
            out.push('{');
            write_string(&call.function, out);
            out.push(':');
            write(&call.argument, out)?;
            out.push('}');
        }
    }
    Some(())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            ' '..='~' => out.push(letter),
            _ if u32::from(letter) < 0xa0
                || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// How many values there are below one, functions taken whole.
pub(super) fn places(node: &Node<'_>) -> usize {
    match &node.value {
        Value::Sequence(items) => items.iter().map(|item| 1 + places(item)).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| 1 + places(&entry.value)).sum(),
        _ => 0,
    }
}

/// How long the longest key is, in bytes.
pub(super) fn longest_key(node: &Node<'_>) -> usize {
    let longest = match &node.value {
        Value::Sequence(items) => items.iter().map(longest_key).max(),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| entry.key.len().max(longest_key(&entry.value))).max()
        }
        Value::Intrinsic(call) => Some(longest_key(&call.argument)),
        _ => None,
    };
    longest.unwrap_or_default()
}

/// Puts a function that nobody can evaluate in the place of the value with this number below `node`.
pub(super) fn hide(node: &mut Node<'_>, mut place: usize) {
    hide_below(node, &mut place);
}

fn hide_below(node: &mut Node<'_>, left: &mut usize) -> bool {
    let mut visit = |child: &mut Node<'_>| {
        if *left == 0 {
            let argument = Node { value: Value::String("HiddenByTheTest".into()), span: None };
            child.value = Value::Intrinsic(Box::new(Intrinsic { function: "Ref".into(), argument }));
            return true;
        }
        *left -= 1;
        hide_below(child, left)
    };
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().any(visit),
        Value::Mapping(entries) => entries.iter_mut().any(|entry| visit(&mut entry.value)),
        _ => false,
    }
}

/// A number that depends on every byte, to choose by.
pub(super) fn choice(bytes: &[u8]) -> usize {
    let mixed =
        bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    mixed as usize
}
