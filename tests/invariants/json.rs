//! What holds of everything that the JSON reader is given.

use ecs_guard::document::json::read;
use ecs_guard::document::yaml;

use super::assert_one_line;
use super::tree::{assert_places, longest_key, to_json};

/// How long a key may be in YAML, in characters of its text, escapes as they are written
/// (<https://yaml.org/spec/1.1/#id904245>); by the text that is meant, a sixth is safe.
const LONGEST_KEY_OF_YAML: usize = 1024 / 6;

/// Reads bytes as JSON, beside `serde_json`, and the same tree as YAML.
pub(crate) fn json(bytes: &[u8]) {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let other = serde_json::from_slice::<serde_json::Value>(text);
    let root = match read(bytes) {
        Ok(root) => root,
        Err(error) => {
            assert!(error.offset <= bytes.len());
            assert_one_line(error.message);
            return assert!(
                other.is_err() || std::str::from_utf8(bytes).is_err(),
                "{error}, but not for serde_json"
            );
        }
    };
    let text = std::str::from_utf8(bytes).expect("what was read is UTF-8");
    if let Err(error) = other {
        assert!(error.to_string().contains("number out of range"), "{error}, but only for serde_json");
    }
    assert_places(&root, text, true);
    let canonical = to_json(&root).expect("JSON is JSON");
    assert!(read(canonical.as_bytes()).is_ok_and(|again| again.is_like(&root)), "{canonical}");
    // YAML has no longer keys, and there a function is a level of its own.
    if longest_key(&root) > LONGEST_KEY_OF_YAML {
        return;
    }
    match yaml::read(&canonical) {
        Err(error) if error.message.contains("nested too deeply") => {}
        again => {
            assert!(again.is_ok_and(|again| again.is_like(&root)), "otherwise in YAML: {canonical}");
        }
    }
}
