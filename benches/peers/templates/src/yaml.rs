//! A document as YAML, as people write templates: block style, plain scalars where they may be, short functions.
//!
//! Owns the spelling. Must not know what the document says.

use serde_json::Value;

/// The functions with their short forms; the others are written out.
const SHORT: [(&str, &str); 5] = [
    ("Ref", "!Ref"),
    ("Fn::Sub", "!Sub"),
    ("Fn::GetAtt", "!GetAtt"),
    ("Fn::If", "!If"),
    ("Fn::Equals", "!Equals"),
];

pub fn text(document: &Value) -> String {
    let mut text = String::new();
    block(&mut text, document, 0);
    text.trim_start_matches('\n').to_owned() + "\n"
}

/// A value behind `key:`, which is on the line already.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if function(value).is_none() && !map.is_empty() => {
            for (key, value) in map {
                line(text, depth);
                text.push_str(key);
                text.push(':');
                block(text, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                line(text, depth);
                text.push('-');
                let mut inner = String::new();
                block(&mut inner, item, depth + 1);
                // The first key of an item stands behind its dash.
                match inner.strip_prefix('\n') {
                    Some(entries) => {
                        text.push(' ');
                        text.push_str(entries.trim_start());
                    }
                    None => text.push_str(&inner),
                }
            }
        }
        _ => {
            text.push(' ');
            text.push_str(&flow(value));
        }
    }
}

fn line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A value that takes no line of its own.
fn flow(value: &Value) -> String {
    if let Some((tag, argument)) = function(value) {
        return match argument {
            Value::Array(parts) if tag == "!GetAtt" => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                format!("{tag} {}", parts.join("."))
            }
            argument => format!("{tag} {}", flow(argument)),
        };
    }
    match value {
        Value::String(word) if is_plain(word) => word.clone(),
        Value::String(word) => format!("'{}'", word.replace('\'', "''")),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn function(value: &Value) -> Option<(&'static str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    SHORT.iter().find(|(long, _)| long == name).map(|(_, short)| (*short, argument))
}

/// Whether a word means itself without quotes.
fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-: ".contains(c))
        && !word.contains(": ")
        && !word.ends_with(':')
        && !matches!(word, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n")
}
