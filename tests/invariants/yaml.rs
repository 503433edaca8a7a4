//! What holds of everything that the YAML reader is given.

use ecs_guard::document::yaml::{self, read, read_template};

use super::tree::{assert_places, to_json};
use super::{assert_inside, assert_one_line};

/// Reads bytes as YAML, strictly and with aliases.
pub(crate) fn yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let strict = read(text);
    let document = match read_template(text) {
        Ok(document) => document,
        Err(error) => {
            assert!(strict.is_err(), "an alias is the only thing that only the strict reader refuses");
            return assert_error(&error, text);
        }
    };
    assert_places(&document.root, text, document.alias.is_none());
    for span in document.alias.iter().chain(&document.shared) {
        assert_inside(*span, text);
    }
    match strict {
        Ok(root) => assert_eq!(root, document.root, "without aliases there is one reading"),
        Err(error) => {
            assert!(document.alias.is_some(), "{error}, and there is no alias");
            assert_error(&error, text);
        }
    }
    if let Some(json) = to_json(&document.root) {
        let again =
            ecs_guard::document::json::read(json.as_bytes()).expect("what was written as JSON is JSON");
        assert!(document.root.is_like(&again), "otherwise in JSON: {json}");
    }
}

fn assert_error(error: &yaml::Error, text: &str) {
    assert!(text.is_char_boundary(error.offset), "{error}");
    assert_one_line(&error.message);
}
