//! What the YAML reader promises: the tree, the places, and the words for mistakes.

use super::super::{MAXIMUM_DEPTH, Span, Value};
use super::read;

#[test]
fn reads_what_the_json_reader_reads() {
    let text = r#"{"a": [1, -0.5e3, true, null, "x\u00e9\ud83d\ude00"], "b": {"Ref": "X"}, "b": {}}"#;
    let (yaml, json) = (read(text).unwrap(), crate::document::json::read(text.as_bytes()).unwrap());
    assert_eq!(yaml, json);
}

#[test]
fn spans_cover_what_was_written() {
    let text =
        "# wéb 🌍\r\nweb:\r\n  - Privileged: !Ref P\r\n    User: '0'   # why\r\n\r\nnext: {a: [b]}\r\n";
    let root = read(text).unwrap();
    let slice = |span: Option<Span>| span.unwrap().slice(text);
    let Value::Mapping(entries) = &root.value else { panic!("{root:?}") };
    assert_eq!(slice(entries[0].key_span), "web");
    assert_eq!(slice(entries[0].value.span), "- Privileged: !Ref P\r\n    User: '0'");
    let Value::Sequence(items) = &entries[0].value.value else { panic!("{root:?}") };
    assert_eq!(slice(items[0].get("Privileged").unwrap().span), "!Ref P");
    assert_eq!(slice(items[0].get("User").unwrap().span), "'0'");
    assert_eq!(slice(entries[1].value.span), "{a: [b]}");
}

#[test]
fn tags_become_functions() {
    let call = |text: &str| match read(text).unwrap().value {
        Value::Intrinsic(call) => format!("{} of {}", call.function, call.argument.kind()),
        other => format!("{other:?}"),
    };
    assert_eq!(call("!Ref X"), "Ref of a string");
    assert_eq!(call("!If [C, 1, 2]"), "Fn::If of a list");
    assert_eq!(call("Fn::Sub: x"), "Fn::Sub of a string");
    assert_eq!(call("!Transform {Name: X}"), "Fn::Transform of a map");
    assert_eq!(call("!Ref 1"), "Ref of a string");
    assert_eq!(call("!Secret x"), "!Secret of a string");
    assert_eq!(call("!!str 0"), "String(\"0\")");
    assert_eq!(call("! 0"), "String(\"0\")");
}

#[test]
fn errors_say_where() {
    for (text, offset) in
        [("a: [1", 3), ("a: 1\n b: 2", 7), ("a: *x", 3), ("[1]: 2", 0), ("---\na\n---\nb", 6)]
    {
        let error = read(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text:?}: {error}");
        assert!(!error.message.is_empty(), "{text:?}");
    }
    for hostile in
        ["[".repeat(MAXIMUM_DEPTH + 1), "? ".repeat(20_000), "- ".repeat(20_000), "{a: ".repeat(20_000)]
    {
        assert!(read(&hostile).is_err());
    }
    assert_eq!(read("").unwrap().value, Value::Null);
}
