//! What the YAML reader promises: the tree, the places, and the words for mistakes.

use std::borrow::Cow;

use proptest::prelude::*;
use serde::Serialize;

use super::super::{Entry, Intrinsic, MAXIMUM_DEPTH, Node, Span, Value, json, scalar};
use super::{FUNCTIONS, MAXIMUM_COPIES, read, read_template};

/// Every key and value in the order of the tree, as it is written.
fn written(text: &str) -> Vec<String> {
    fn walk(node: &Node<'_>, text: &str, lines: &mut Vec<String>) {
        lines.push(node.span.unwrap().slice(text).to_owned());
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|item| walk(item, text, lines)),
            Value::Mapping(entries) => {
                for entry in entries {
                    lines.push(format!("{}:", entry.key_span.unwrap().slice(text)));
                    walk(&entry.value, text, lines);
                }
            }
            Value::Intrinsic(call) => walk(&call.argument, text, lines),
            _ => {}
        }
    }
    let mut lines = Vec::new();
    walk(&read_template(text).unwrap().root, text, &mut lines);
    lines
}

/// The tree without its places, as JSON would write it.
fn shown(node: &Node<'_>) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(entries) => {
            let entry = |entry: &Entry<'_>| format!("{}: {}", entry.key, shown(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Intrinsic(call) => format!("{}({})", call.function, shown(&call.argument)),
    }
}

#[track_caller]
fn tree(text: &str) -> String {
    shown(&read_template(text).unwrap_or_else(|error| panic!("{text:?}: {error}")).root)
}

#[test]
fn what_ends_a_line_for_some_readers_only_is_refused_outside_quotes() {
    for separator in ['\u{85}', '\u{2028}', '\u{2029}'] {
        for outside in ["# b{}c: 1\na: 1", "a: b{}c", "a: |\n  b{}c: 1", "a: 'b{}'\n# {}", "{}"] {
            let text = outside.replace("{}", &separator.to_string());
            let error = read(&text).unwrap_err();
            assert!(error.message.contains("invisible"), "{error} in {text:?}");
            assert!(text[error.offset..].starts_with(separator), "{error} in {text:?}");
        }
        for inside in ["a: \"b{}c\"", "'{}': {b: '{}'} # c", "a: \"x\n  {}\""] {
            assert!(read(&inside.replace("{}", &separator.to_string())).is_ok(), "{inside}");
        }
    }
}

#[test]
fn json_reads_as_the_json_reader_reads_it() {
    let text =
        r#"{"a": [1, -0.5e3, true, null, "x\u00e9\ud83d\ude00"], "b": {"Ref": "X"}, "b": {}, "<<": 1}"#;
    assert_eq!(read(text).unwrap(), json::read(text.as_bytes()).unwrap());
}

#[test]
fn places_in_block_and_flow_style() {
    let text =
        "# wéb 🌍\r\nweb:\r\n  - Privileged: !Ref P\r\n    User: '0'   # why\r\n\r\nnext: {a: [b]}\r\n";
    assert_eq!(
        written(text),
        [
            "web:\r\n  - Privileged: !Ref P\r\n    User: '0'   # why\r\n\r\nnext: {a: [b]}",
            "web:",
            "- Privileged: !Ref P\r\n    User: '0'",
            "Privileged: !Ref P\r\n    User: '0'",
            "Privileged:",
            "!Ref P",
            "P",
            "User:",
            "'0'",
            "next:",
            "{a: [b]}",
            "a:",
            "[b]",
            "b",
        ]
    );
    assert_eq!(written("\u{feff}\"ü\" :\tx\rb: y\r"), ["\"ü\" :\tx\rb: y", "\"ü\":", "x", "b:", "y"]);
    assert_eq!(
        written("[a: 1, {b, c: }, \"d\":2]"),
        [
            "[a: 1, {b, c: }, \"d\":2]",
            "a: 1",
            "a:",
            "1",
            "{b, c: }",
            "b:",
            "",
            "c:",
            "",
            "\"d\":2",
            "\"d\":",
            "2"
        ]
    );
}

#[test]
fn a_list_begins_at_its_first_dash() {
    assert_eq!(
        written("a:\n- b\n-  # c\n- d\n"),
        ["a:\n- b\n-  # c\n- d", "a:", "- b\n-  # c\n- d", "b", "", "d"]
    );
    assert_eq!(
        written("a: !If # - x\n- - b\n"),
        ["a: !If # - x\n- - b", "a:", "!If # - x\n- - b", "- - b", "- b", "b"]
    );
}

#[test]
fn nothing_stands_right_behind_its_colon_or_dash() {
    let places = |text: &str| {
        let root = read(text).unwrap();
        let nodes: Vec<&Node<'_>> = match &root.value {
            Value::Sequence(items) => items.iter().collect(),
            Value::Mapping(entries) => entries.iter().map(|entry| &entry.value).collect(),
            _ => vec![&root],
        };
        nodes.iter().map(|node| (node.span.unwrap().start, node.span.unwrap().end())).collect::<Vec<_>>()
    };
    assert_eq!(places("a:\nb:  # c\nd : \n? e\n"), [(2, 2), (5, 5), (14, 14), (19, 19)]);
    assert_eq!(places("-  # c\n-\n- \n"), [(1, 1), (8, 8), (10, 10)]);
    assert_eq!(places("{a: , b: 1}"), [(3, 3), (9, 10)]);
    assert_eq!(places("# c\n"), [(0, 0)]);
}

#[test]
fn a_block_scalar_stands_from_its_indicator_to_its_last_line() {
    assert_eq!(
        written("a: |\n  x\n   y \n\n\n# c\nb: >-  # d | e\n  z\nc: !Sub\n  # e | f\n  |2+\n   g\n\n"),
        [
            "a: |\n  x\n   y \n\n\n# c\nb: >-  # d | e\n  z\nc: !Sub\n  # e | f\n  |2+\n   g",
            "a:",
            "|\n  x\n   y ",
            "b:",
            ">-  # d | e\n  z",
            "c:",
            "!Sub\n  # e | f\n  |2+\n   g",
            "|2+\n   g",
        ]
    );
    assert_eq!(
        written("- |\n\n- |-  # c\n\n  \n- |\n é\n- |"),
        ["- |\n\n- |-  # c\n\n  \n- |\n é\n- |", "|", "|-", "|\n é", "|"]
    );
    assert_eq!(tree("a: |\n  x\n   y \n\n\nb: >-\n  x\n  y\n\n  z\nc: |2+\n   g\n\n"), {
        r#"{a: "x\n y \n", b: "x y\nz", c: " g\n\n"}"#
    });
}

#[test]
fn text_goes_on_over_lines() {
    let text = "a: x\n  y\n\n  z # c\nb: 'x\n\n  y'\nc: \"x \\\n  y\\t\"\n";
    assert_eq!(tree(text), r#"{a: "x y\nz", b: "x\ny", c: "x y\t"}"#);
    assert_eq!(written(text)[1..], ["a:", "x\n  y\n\n  z", "b:", "'x\n\n  y'", "c:", "\"x \\\n  y\\t\""]);
}

#[test]
fn short_forms_are_their_functions() {
    for function in FUNCTIONS {
        let short = function.strip_prefix("Fn::").unwrap_or(function);
        assert_eq!(tree(&format!("a: !{short} b.c")), format!("{{a: {function}(\"b.c\")}}"));
    }
    assert_eq!(tree("!If [C, 1, !Ref AWS::NoValue]"), r#"Fn::If(["C", 1, Ref("AWS::NoValue")])"#);
    assert_eq!(tree("!Base64\n  Fn::Sub: x"), r#"Fn::Base64(Fn::Sub("x"))"#);
    assert_eq!(tree("Fn::Base64: !Sub x"), r#"Fn::Base64(Fn::Sub("x"))"#);
    assert_eq!(tree("!Transform {Name: X}"), r#"Fn::Transform({Name: "X"})"#);
    assert_eq!(tree("!Ref 1"), r#"Ref("1")"#);
}

#[test]
fn unknown_tags_are_functions_by_their_own_spelling() {
    assert_eq!(tree("[!Secret x, !Fn::Sub y, !ref z, !!Ref q, !<!Ref> r]"), {
        r#"[!Secret("x"), !Fn::Sub("y"), !ref("z"), !!Ref("q"), !<!Ref>("r")]"#
    });
    assert_eq!(tree("!!binary aGk="), r#"!!binary("aGk=")"#);
    assert_eq!(tree("!!set {a, b}"), "!!set({a: null, b: null})");
}

#[test]
fn tags_of_yaml_itself_say_what_a_value_is() {
    assert_eq!(tree("[!!str 0, ! 0, !!str , !!int '1', !!float 1.5, !!bool \"yes\", !!null '']"), {
        r#"["0", "0", "", 1, 1.5, true, null]"#
    });
    assert_eq!(tree("!!map {a: !!seq [b]}"), r#"{a: ["b"]}"#);
}

#[test]
fn keys_are_their_text() {
    assert_eq!(
        tree("{yes: 1, ~: 2, 0x1: 3, \"\": 4, 'a b': 5, a b: 6}"),
        "{yes: 1, ~: 2, 0x1: 3, : 4, a b: 5, a b: 6}"
    );
    assert_eq!(tree("? a\n  b\n: 1\n? |\n  c\n: 2\n"), "{a b: 1, c\n: 2}");
}

#[test]
fn aliases_are_expanded() {
    assert_eq!(tree("a: &x [1, !Ref R]\nb: *x\nc: {d: *x}\n"), {
        r#"{a: [1, Ref("R")], b: [1, Ref("R")], c: {d: [1, Ref("R")]}}"#
    });
    assert_eq!(tree("- &x !Ref a\n- *x\n- !Sub &y b\n- *y\n- &x c\n- *x\n"), {
        r#"[Ref("a"), Ref("a"), Fn::Sub("b"), Fn::Sub("b"), "c", "c"]"#
    });
    assert_eq!(tree("&k yes: &n\nb: [*k, *n]\n"), r#"{yes: null, b: ["yes", null]}"#);
    assert_eq!(tree("a: &x {b: &y 1, c: *y}\nd: *x\n"), "{a: {b: 1, c: 1}, d: {b: 1, c: 1}}");
}

#[test]
fn merge_keys_add_what_is_not_written() {
    let maps = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\n";
    let merged = |text: &str| {
        let shown = tree(&format!("{maps}z: {text}\n"));
        shown.split_once("z: ").unwrap().1.trim_end_matches('}').to_owned() + "}"
    };
    assert_eq!(merged("{<<: *x}"), "{a: 1, b: 1}");
    assert_eq!(merged("{<<: *x, b: 3}"), "{b: 3, a: 1}");
    assert_eq!(merged("{b: 3, <<: *x, b: 4}"), "{b: 3, b: 4, a: 1}");
    assert_eq!(merged("{<<: [*x, *y]}"), "{a: 1, b: 1, c: 2}");
    assert_eq!(merged("{<<: [*y, *x, {a: 4, d: 4}]}"), "{b: 2, c: 2, a: 1, d: 4}");
    assert_eq!(merged("{<<: {<<: *x, b: 5}}"), "{b: 5, a: 1}");
    assert_eq!(merged("{<<: [], a: 1}"), "{a: 1}");
    assert_eq!(tree("{\"<<\": 1, '<<': 2}"), "{<<: 1, <<: 2}");
}

#[test]
fn an_alias_stands_where_it_is_used_and_its_content_where_it_is_written() {
    let text = "a: &x [1]\nb: *x\nc:\n  <<: {d: *x}\n";
    assert_eq!(written(text)[1..], ["a:", "[1]", "1", "b:", "*x", "1", "c:", "<<: {d: *x}", "d:", "*x", "1"]);
}

#[test]
fn the_first_use_of_an_alias_is_told() {
    for (text, first) in [
        ("a: &x 1\nb: *x", Some("&x")),
        ("a: {<<: {}}", Some("<<")),
        ("- b\n- &c [&d e]", Some("&c")),
        ("a: '*x'\n\"<<\": 1 # &y", None),
    ] {
        let document = read_template(text).unwrap();
        assert_eq!(document.alias.map(|span| span.slice(text)), first, "{text}");
    }
}

#[test]
fn what_stands_for_more_than_one_value_is_told() {
    for (text, shared) in [
        ("a: &x [1, 2]\nb: *x\nc: *x", &["[1, 2]", "*x", "*x"] as &[_]),
        ("a: &x 1\nb: 2", &[]),
        ("a: &x {b: &y 1, c: *y}\nd: *x", &["{b: &y 1, c: *y}", "*x"]),
        ("a: &x\n  b: 1\nc:\n  <<: *x\n  d: 2\ne: 3", &["b: 1", "<<: *x\n  d: 2"]),
        ("a: {b: {<<: {c: 1}}}", &["{<<: {c: 1}}"]),
    ] {
        let document = read_template(text).unwrap();
        let found: Vec<_> = document.shared.iter().map(|span| span.slice(text)).collect();
        assert_eq!(found, shared, "{text}");
        assert!(document.shared.iter().all(|span| !document.is_unshared(*span)), "{text}");
        assert!(document.is_unshared(document.root.span.unwrap()), "{text}");
    }
}

/// Checks that a text fails where its `‸` stands, with these words.
#[track_caller]
fn fails(marked: &str, message: &str) {
    let text = marked.replacen('‸', "", 1);
    let error = read_template(&text).expect_err(marked);
    assert_eq!((error.offset, error.message.as_str()), (marked.find('‸').unwrap(), message), "{marked}");
}

#[test]
fn a_policy_has_no_aliases() {
    for (text, offset) in [("a: &x 1", 3), ("- [a]\n- &x [*x]", 8), ("a: {<<: {}}", 4)] {
        let error = read(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text}");
        assert_eq!(error.message, "anchors, aliases and merge keys are not supported: write the value out");
    }
}

#[test]
fn what_cannot_be_a_tree_is_said() {
    let complex = "a key must be a plain word or a string, not a list or a map";
    fails("? ‸[a]\n: b", complex);
    fails("‸{a: b}: c", complex);
    fails("? ‸!If [a]\n: b", complex);
    fails("? \n  ‸- a\n", complex);
    fails("a: {‸!Ref b: c}", "a key cannot have a tag");
    fails("‸!!str a: b", "a key cannot have a tag");
    fails("{‸: x}", "a key is missing here");
    fails("a: &x [‸*x]", "an alias cannot stand inside its own anchor");
    fails("a: &x {b: [‸*x]}", "an alias cannot stand inside its own anchor");
    fails("x: &a b\n‸*a : c", "an alias cannot be a key: write the key out");
    fails("a: {<<:‸ }", "`<<` can merge only a map or a list of maps");
    fails("x: &a 1\ny: {<<: ‸*a}", "`<<` can merge only a map or a list of maps");
    fails("x: &a [[]]\ny: {<<: ‸*a}", "`<<` can merge only a map or a list of maps");
    fails("y: {<<: [{}, ‸!Ref a]}", "`<<` can merge only a map or a list of maps");
    fails("{<<: {}, ‸<<: {}}", "`<<` stands twice in one map: give one `<<` a list");
    fails("a: ‸!!int x", "the value is not what its tag `!!int` says");
    fails("a: ‸!!map [b]", "the value is not what its tag `!!map` says");
    fails("a: 1\n‸---\nb: 2\n", "a second document begins here, where only one is expected");
    fails("---\n‸---\nb: 2\n", "a second document begins here, where only one is expected");
    fails("a: 1\n...\n‸b: 2\n", "a second document begins here, where only one is expected");
}

#[test]
fn common_mistakes_are_explained_where_they_are() {
    let tab = "a tab in the indentation: indent with spaces";
    fails("a:\n‸\tb: 1\n", tab);
    fails("a: 1\n‸\tb: 2\n", tab);
    fails("a:\n  - b\n  ‸\t- c\n", tab);
    fails("a: |\n‸\tb\n", tab);
    fails(
        "a:\n  b:1\n  c‸: 2\n",
        "no key can stand here: check its indentation, and that each `:` above has a space after it",
    );
    fails("\"a\"‸:1\n", "a space is missing after this `:`");
    fails("a: b‸: c", "a value that has a `:` and a space in it must be in quotes");
    fails("a:\n   b: 1\n  ‸c: 2\n", "this belongs to nothing above it: check its indentation");
    fails("  a: 1\n‸b: 2\n", "this belongs to nothing above it: check its indentation");
    fails("a: 1\n‸b\nc: 2\n", "a `:` is missing after this key; text that continues a line is indented more");
    fails("a: ‸- b", "a list cannot begin on the line of its key: begin it on the next line");
    fails("a: ‸[b", "this `[` is never closed");
    fails("a: ‸[b}", "this `[` is closed by a `}`");
    fails("a: [b]‸]", "this bracket closes nothing");
    fails(
        "{\"a\": 1\n \"b\"‸: 2}",
        "expected `,` or a closing bracket before this: one of them is missing here or above",
    );
    fails("a: ‸\"b\nc: d\n", "this quote is never closed");
    fails(
        "a: 'it'‸s'",
        "text after a closing quote: is a `:` or `,` missing, or a quote inside the text not doubled?",
    );
    fails("a: ‸\"\\d\"", "no such escape in double quotes: write a backslash as two, or use single quotes");
    fails("a: ‸@b", "a value cannot begin with this character: put it in quotes");
    fails("a: ‸*", "a value cannot begin with this character: put it in quotes");
    fails("a: ‸%b%", "a value cannot begin with this character: put it in quotes");
    fails("‸%a%: b", "a line that begins with `%` is an instruction to the parser: put it in quotes");
    fails("a: \"b‸\u{7f}\"", "a control character: write it as an escape in double quotes");
    fails("a: 1 ‸# b\n  c\n", "text cannot go on after a comment: put it in quotes");
    fails("a: ‸|b\n", "text cannot begin on the line of `|` or `>`: begin it on the next line");
    fails("a: [\n‸- b]", "inside brackets, list items are separated by `,` and have no `-`");
    fails("a: ‸!Fn!Sub b", "no such tag: a short form has only one `!`");
    fails("a: !Sub ‸*b", "an alias or an anchor cannot stand here");
    fails("a: ‸*b", "no such anchor above; text that begins with `*` must be in quotes");
    fails(
        "a: !Base64 ‸!Sub b",
        "a short form cannot follow another: write one of them out, as in `Fn::Base64: !Sub`",
    );
    let placeholder = "a placeholder of another language is not YAML: render the file first";
    fails("a: ‸{{ b }}", placeholder);
    fails("a: ‸{{ b }}-c", placeholder);
    fails("‸{{ b }}: c", placeholder);
    fails("a: 1\n‸{% if b %}\nc: d\n", placeholder);
    let reference = "a dynamic reference must be in quotes: without them its braces begin a map";
    fails("a: ‸{{resolve:ssm:b}}\n", reference);
    fails("a: ‸{{resolve:ssm:b}}-c\n", reference);
}

#[test]
fn hostile_texts_end_in_one_error() {
    let laughs = |line: fn(usize) -> String| (0..60).map(line).collect::<Vec<_>>().concat();
    for text in [
        laughs(|level| {
            format!(
                "a{level}: &a{level} [{}]\n",
                if level == 0 { "x,y".into() } else { format!("*a{0},*a{0}", level - 1) }
            )
        }),
        laughs(|level| match level {
            0 => "a0: &a0 {k: v}\n".into(),
            _ => format!("a{level}: &a{level}\n  <<: *a{0}\n  k{level}: *a{0}\n", level - 1),
        }),
        format!("a: {}{}{}", "&a [".repeat(100), "x,".repeat(5_000), "]".repeat(100)),
        format!("a: &a \"{}\\n\"\nb: [{}]", "x".repeat(1_000_000), "*a,".repeat(100)),
        format!("- &a x\n{}", "- *a\n".repeat(MAXIMUM_COPIES)),
    ] {
        let message = read_template(&text).unwrap_err().message;
        assert_eq!(message, "anchors and aliases stand for more than 100,000 values: write them out");
    }
    for unit in ["[", "{a: ", "- ", "? ", "- ? ", "[a: ", "!If ["] {
        let text = unit.repeat(100_000);
        assert!(read_template(&text).is_err(), "{unit}");
    }
    assert!(read_template(&"---\n".repeat(100_000)).is_err());
}

#[test]
fn as_deep_as_the_json_reader_and_no_deeper() {
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    for (open, inner, close, levels) in [
        ("[", "", "]", 1),
        ("{\"a\": ", "1", "}", 1),
        ("!If [", "", "]", 2),
        ("!Foo {a: ", "!Foo b", "}", 2),
        ("{\"Fn::If\": [", "", "]}", 2),
    ] {
        let most = MAXIMUM_DEPTH / levels;
        assert!(read_template(&nested(open, inner, close, most)).is_ok(), "{open}");
        let error = read_template(&nested(open, inner, close, most + 1)).unwrap_err();
        assert_eq!(error.message, "nested too deeply", "{open}");
    }
    let alias =
        |levels: usize| format!("- &x {}\n- {}", nested("[", "", "]", 60), nested("[", "*x", "]", levels));
    assert!(read_template(&alias(MAXIMUM_DEPTH - 61)).is_ok());
    let deeper = alias(MAXIMUM_DEPTH - 60);
    let error = read_template(&deeper).unwrap_err();
    assert_eq!((error.offset, error.message.as_str()), (deeper.find('*').unwrap(), "nested too deeply"));
}

/// A tree to be written.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Bool(&'static str),
    Number(&'static str),
    String(String),
    Sequence(Vec<Tree>),
    Mapping(Vec<(String, Tree)>),
    Call(&'static str, Box<Tree>),
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let text = || {
        prop_oneof![
            "[a-zé🌍][a-z0-9 _/-]{0,12}[a-z]",
            "([a-zé#:\\[{*&!%@'\"\\\\ -]{0,6}\n{0,2}){1,3}",
            "[ -~é\u{85}\u{feff}]{0,8}",
            Just("yes".to_owned()),
            Just("0".to_owned()),
        ]
    };
    let leaf = prop_oneof![
        Just(Tree::Null),
        prop::sample::select(vec!["true", "False", "yes", "OFF"]).prop_map(Tree::Bool),
        prop::sample::select(vec!["0", "-1.5", "0x1F", "1_000", "1e3", "010", ".inf"]).prop_map(Tree::Number),
        text().prop_map(Tree::String),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        let function = prop::sample::select(vec!["Ref", "Fn::Sub", "Fn::If", "Fn::GetAtt", "Fn::Transform"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::Sequence),
            prop::collection::vec((text(), inner.clone()), 0..5).prop_map(Tree::Mapping),
            (function, inner).prop_map(|(function, argument)| Tree::Call(function, Box::new(argument))),
        ]
    })
}

/// What a value stands behind: what may begin on the same line, and where on the next.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    Dash,
    TagAfterDash,
    /// Also with a tag.
    Key,
}

/// Writes a tree as YAML in one of its many styles, and says what must be read, places included.
struct Writer {
    text: String,
    picks: Vec<u8>,
    line_break: &'static str,
    /// Whether a blank line would belong to the block scalar before it.
    keeps_blank_lines: bool,
}

impl Writer {
    fn document(tree: &Tree, picks: Vec<u8>) -> (String, Node<'static>) {
        let mut writer = Self { text: String::new(), picks, line_break: "", keeps_blank_lines: false };
        writer.line_break = ["\n", "\r\n", "\r"][writer.pick(3)];
        if writer.pick(3) == 1 {
            writer.text.push('\u{feff}');
        }
        if writer.pick(3) == 1 {
            writer.push("---");
            writer.end_line();
        }
        let node = match tree {
            Tree::Sequence(items) if !items.is_empty() && writer.pick(3) > 0 => {
                writer.block_list(items, 0, false)
            }
            Tree::Mapping(entries) if !entries.is_empty() && writer.pick(3) > 0 => {
                writer.block_map(entries, 0, false)
            }
            _ => {
                let node = writer.flow(tree, 1);
                writer.end_line();
                node
            }
        };
        (writer.text, node)
    }

    /// One of `count` ways, by the next random number.
    fn pick(&mut self, count: usize) -> usize {
        usize::from(self.picks.pop().unwrap_or_default()) % count
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn node(&self, start: usize, value: Value<'static>) -> Node<'static> {
        Node { value, span: Some(Span::new(start, self.text.len())) }
    }

    fn end_line(&mut self) {
        match self.pick(6) {
            0 => self.push("  # cömment: [\"| > -"),
            1 => self.push(" "),
            _ => {}
        }
        self.push(self.line_break);
    }

    fn begin_line(&mut self, indent: usize) {
        match self.pick(8) {
            0 => {
                let column = self.pick(indent + 1);
                self.push(&" ".repeat(column));
                self.push("# - cömment: |");
                self.push(self.line_break);
            }
            1 if !self.keeps_blank_lines => self.push(self.line_break),
            _ => {}
        }
        self.keeps_blank_lines = false;
        self.push(&" ".repeat(indent));
    }

    fn block_list(&mut self, items: &[Tree], indent: usize, mut begun: bool) -> Node<'static> {
        let mut nodes = Vec::new();
        let mut start = None;
        for item in items {
            if !std::mem::take(&mut begun) {
                self.begin_line(indent);
            }
            start.get_or_insert(self.text.len());
            self.push("-");
            nodes.push(self.block_value(item, indent, Behind::Dash));
        }
        let end = nodes.last().and_then(|node| node.span).unwrap().end() as usize;
        Node { value: Value::Sequence(nodes.into()), span: Some(Span::new(start.unwrap(), end)) }
    }

    fn block_map(&mut self, entries: &[(String, Tree)], indent: usize, mut begun: bool) -> Node<'static> {
        let mut written = Vec::new();
        for (key, value) in entries {
            if !std::mem::take(&mut begun) {
                self.begin_line(indent);
            }
            let (key, key_span) = self.key(key);
            self.push(":");
            written.push(Entry {
                key: key.into(),
                key_span: Some(key_span),
                value: self.block_value(value, indent, Behind::Key),
            });
        }
        let start = written.first().and_then(|entry| entry.key_span).unwrap().start as usize;
        let end = written.last().and_then(|entry| entry.value.span).unwrap().end() as usize;
        Node::mapping(written.into(), Span::new(start, end))
    }

    /// What stands behind a dash or a key's colon, up to and with the end of its last line.
    fn block_value(&mut self, tree: &Tree, indent: usize, behind: Behind) -> Node<'static> {
        let deeper = indent + 1 + self.pick(3);
        match tree {
            Tree::Null if self.pick(2) == 0 => {
                let node = self.node(self.text.len(), Value::Null);
                self.end_line();
                node
            }
            Tree::String(text) if self.pick(2) == 0 && is_for_blocks(text) => {
                self.push(" ");
                self.block_scalar(text, deeper)
            }
            Tree::Sequence(items) if !items.is_empty() && self.pick(3) > 0 => {
                if behind == Behind::Dash && self.pick(2) == 0 {
                    self.push(" ");
                    return self.block_list(items, indent + 2, true);
                }
                self.end_line();
                let deeper = if behind == Behind::Key && self.pick(2) == 0 { indent } else { deeper };
                self.block_list(items, deeper, false)
            }
            Tree::Mapping(entries) if !entries.is_empty() && self.pick(3) > 0 => {
                if behind == Behind::Dash && self.pick(2) == 0 {
                    self.push(" ");
                    return self.block_map(entries, indent + 2, true);
                }
                self.end_line();
                self.block_map(entries, deeper, false)
            }
            Tree::Call(function, argument) if self.pick(3) > 0 => {
                let is_short = match **argument {
                    Tree::String(_) => self.pick(2) == 0,
                    Tree::Sequence(ref items) => self.pick(2) == 0 && !items.is_empty(),
                    Tree::Mapping(ref entries) => self.pick(2) == 0 && !entries.is_empty(),
                    _ => false,
                };
                if !is_short {
                    let entry = [((*function).to_owned(), (**argument).clone())];
                    return self.block_value(&Tree::Mapping(entry.into()), indent, behind);
                }
                self.push(" ");
                let start = self.text.len();
                self.push(&format!("!{}", function.trim_start_matches("Fn::")));
                let behind = if behind == Behind::Dash { Behind::TagAfterDash } else { behind };
                let argument = self.block_value(argument, indent, behind);
                Node {
                    span: Some(Span::new(start, argument.span.unwrap().end() as usize)),
                    value: call(function, argument),
                }
            }
            _ => {
                self.push(" ");
                let node = self.flow(tree, deeper);
                self.end_line();
                node
            }
        }
    }

    fn flow(&mut self, tree: &Tree, indent: usize) -> Node<'static> {
        let start = self.text.len();
        match tree {
            Tree::Null => {
                let word = ["~", "null"][self.pick(2)];
                self.push(word);
                self.node(start, Value::Null)
            }
            Tree::Bool(word) => {
                self.push(word);
                self.node(start, Value::Bool(matches!(*word, "true" | "yes")))
            }
            Tree::Number(word) => {
                self.push(word);
                self.node(start, Value::Number((*word).into()))
            }
            Tree::String(text) => {
                self.scalar(text, Some(indent), is_plain(text));
                self.node(start, Value::String(text.clone().into()))
            }
            Tree::Sequence(items) => {
                self.push("[");
                let mut nodes = Vec::new();
                for item in items {
                    self.gap(indent);
                    nodes.push(self.flow(item, indent));
                    self.gap(indent);
                    if nodes.len() < items.len() || self.pick(2) == 0 {
                        self.push(",");
                    }
                }
                self.gap(indent);
                self.push("]");
                self.node(start, Value::Sequence(nodes.into()))
            }
            Tree::Mapping(entries) => {
                self.push("{");
                let mut written = Vec::new();
                for (key, value) in entries {
                    self.gap(indent);
                    let (key, key_span) = self.key(key);
                    self.push(":");
                    self.gap(indent);
                    self.push(" ");
                    written.push(Entry {
                        key: key.into(),
                        key_span: Some(key_span),
                        value: self.flow(value, indent),
                    });
                    self.gap(indent);
                    if written.len() < entries.len() || self.pick(2) == 0 {
                        self.push(",");
                    }
                }
                self.gap(indent);
                self.push("}");
                Node::mapping(written.into(), Span::new(start, self.text.len()))
            }
            Tree::Call(function, argument) => {
                let is_short = matches!(**argument, Tree::String(_) | Tree::Sequence(_) | Tree::Mapping(_));
                // A map with a function's name for its only key is a call, whatever is written around it.
                if is_short && self.pick(3) > 0 {
                    self.push(&format!("!{} ", function.trim_start_matches("Fn::")));
                    let argument = self.flow(argument, indent);
                    return self.node(start, call(function, argument));
                }
                let entry = [((*function).to_owned(), (**argument).clone())];
                self.flow(&Tree::Mapping(entry.into()), indent)
            }
        }
    }

    fn gap(&mut self, indent: usize) {
        match self.pick(8) {
            0 => {
                self.end_line();
                self.push(&" ".repeat(indent));
            }
            1 => self.push(" \t"),
            _ => {}
        }
    }

    fn key(&mut self, key: &str) -> (Cow<'static, str>, Span) {
        let start = self.text.len();
        let is_word = key == "Ref" || key.starts_with("Fn::") || is_plain(key);
        self.scalar(key, None, is_word);
        (key.to_owned().into(), Span::new(start, self.text.len()))
    }

    /// Plain or in quotes; over two lines where there is an indentation for the second.
    fn scalar(&mut self, text: &str, indent: Option<usize>, may_be_plain: bool) {
        let style = self.pick(3);
        let fold = self.pick(3) == 0;
        let folded = |text: &str| match (indent, text.split_once(' ')) {
            (Some(indent), Some((before, after)))
                if fold
                    && before.ends_with(char::is_alphanumeric)
                    && after.starts_with(char::is_alphanumeric) =>
            {
                format!("{before}{}{}{after}", self.line_break, " ".repeat(indent))
            }
            _ => text.to_owned(),
        };
        let written = match style {
            0 if may_be_plain => folded(text),
            1 if !text.contains('\n') => format!("'{}'", folded(&text.replace('\'', "''"))),
            _ => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("\"{}\"", folded(&escaped))
            }
        };
        self.push(&written);
    }

    fn block_scalar(&mut self, text: &str, indent: usize) -> Node<'static> {
        let start = self.text.len();
        let body = text.trim_end_matches('\n');
        let trailing = text.len() - body.len();
        let is_folded = self.pick(2) == 0 && !body.starts_with('\n');
        self.push(if is_folded { ">" } else { "|" });
        self.push(["-", "", "+"][trailing.min(2)]);
        self.end_line();
        let mut after_text = false;
        for line in body.split('\n') {
            if !line.is_empty() {
                // Where folded lines meet, one break more than the text has.
                if is_folded && after_text {
                    self.push(self.line_break);
                }
                self.push(&" ".repeat(indent));
                self.push(line);
                after_text = true;
            }
            self.push(self.line_break);
        }
        self.keeps_blank_lines = trailing > 1;
        let end = self.text.len() - self.line_break.len();
        for _ in 1..trailing {
            self.push(self.line_break);
        }
        Node { value: Value::String(text.to_owned().into()), span: Some(Span::new(start, end)) }
    }
}

fn call(function: &'static str, argument: Node<'static>) -> Value<'static> {
    Value::Intrinsic(Box::new(Intrinsic { function: function.into(), argument }))
}

/// Whether a text can stand without quotes anywhere.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.ends_with(char::is_alphanumeric)
        && text.chars().all(|char| char.is_alphanumeric() || matches!(char, ' ' | '_' | '/' | '-'))
        && !text.contains("  ")
        && matches!(scalar::plain(text), Value::String(_))
}

/// Whether a text can stand in a block scalar without an indentation indicator.
fn is_for_blocks(text: &str) -> bool {
    let holds = |line: &str| {
        !line.starts_with([' ', '\t', '\u{feff}']) && line.trim_end() == line && !line.contains('\u{85}')
    };
    !text.trim_matches('\n').is_empty() && text.split('\n').all(holds)
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value as Json;
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        // YAML has no control characters, JSON has some.
        r"[^\x7f-\x84\x86-\x9f\u{fffe}\u{ffff}]*".prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let key = prop_oneof![
            r"[^\x7f-\x84\x86-\x9f\u{fffe}\u{ffff}]{0,4}",
            Just("Ref".to_owned()),
            Just("Fn::Sub".to_owned()),
            Just("<<".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Checks that every place is one in the text, inside its parent's, and behind the one before.
fn places_are_sound(node: &Node<'_>, text: &str, from: u32, to: u32) -> u32 {
    let inside = |span: Option<Span>, from: u32, to: u32| {
        let span = span.unwrap();
        assert!(text.get(span.start as usize..span.end() as usize).is_some(), "{span:?} in {text:?}");
        assert!(from <= span.start && span.end() <= to, "{span:?} is not in {from}..{to} of {text:?}");
        span
    };
    let span = inside(node.span, from, to);
    let mut from = span.start;
    match &node.value {
        Value::Sequence(items) => {
            for item in items {
                from = places_are_sound(item, text, from, span.end());
            }
        }
        Value::Mapping(entries) => {
            for entry in entries {
                from = inside(entry.key_span, from, span.end()).end();
                from = places_are_sound(&entry.value, text, from, span.end());
            }
        }
        Value::Intrinsic(call) => {
            places_are_sound(&call.argument, text, from, span.end());
        }
        _ => {}
    }
    span.end()
}

fn every_span(node: &Node<'_>, text: &str) {
    let is_place = |span: Span| text.get(span.start as usize..span.end() as usize).is_some();
    assert!(is_place(node.span.unwrap()), "{node:?} of {text:?}");
    match &node.value {
        Value::Sequence(items) => items.iter().for_each(|item| every_span(item, text)),
        Value::Mapping(entries) => {
            for entry in entries {
                assert!(is_place(entry.key_span.unwrap()), "{entry:?} of {text:?}");
                every_span(&entry.value, text);
            }
        }
        Value::Intrinsic(call) => every_span(&call.argument, text),
        _ => {}
    }
}

fn is_sound(text: &str) {
    let strict = read(text);
    match read_template(text) {
        Ok(document) => {
            every_span(&document.root, text);
            if document.alias.is_none() {
                places_are_sound(&document.root, text, 0, u32::try_from(text.len()).unwrap());
                assert_eq!(strict.as_ref(), Ok(&document.root));
            } else {
                assert!(strict.is_err());
            }
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{error} in {text:?}");
            assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{error} in {text:?}");
            assert!(strict.is_err());
        }
    }
}

proptest! {
    #[test]
    fn a_tree_is_read_as_it_was_written_in_any_style(
        tree in any_tree(), picks in prop::collection::vec(any::<u8>(), 0..400)
    ) {
        let (text, expected) = Writer::document(&tree, picks);
        prop_assert_eq!(read_template(&text).map(|document| document.root), Ok(expected), "{}", text);
    }

    #[test]
    fn a_damaged_document_is_read_or_refused_soundly(
        tree in any_tree(),
        picks in prop::collection::vec(any::<u8>(), 0..400),
        at in any::<prop::sample::Index>(),
        put in "[-?:,\\[\\]{}#&*!|>'\"%@` \t\r\na<é]{0,3}",
        cut in 0..3_usize,
    ) {
        let (text, _) = Writer::document(&tree, picks);
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        let end = characters.len().min(at + cut);
        characters.splice(at..end, put.chars());
        is_sound(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn noise_is_read_or_refused_soundly(
        text in "(\u{feff})?([-?:,\\[\\]{}#&*!|>'\"%@` \t\r\na-cé~0<]|: |- |\n  |&a |\\*a|<<: |!!str |!Ref |\\.\\.\\.|---|\u{85}|\u{feff}){0,24}"
    ) {
        is_sound(&text);
    }

    #[test]
    fn any_json_is_read_as_the_json_reader_reads_it(value in any_json(), style in 0..3_usize) {
        let text = match style {
            0 => serde_json::to_string(&value).unwrap(),
            1 => serde_json::to_string_pretty(&value).unwrap(),
            _ => {
                let mut bytes = Vec::new();
                let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
                value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter)).unwrap();
                String::from_utf8(bytes).unwrap().replace('\n', "\r\n")
            }
        };
        let read = read_template(&text).map(|document| document.root);
        prop_assert_eq!(read, Ok(json::read(text.as_bytes()).unwrap()), "{}", text);
    }
}

#[test]
fn a_key_without_quotes_may_be_another_text_only_where_readers_differ() {
    let other = |key: &str, text: &str| {
        let text_of_map = format!("{key}: 0\n");
        let document = read(&text_of_map).unwrap();
        let Value::Mapping(entries) = &document.value else { panic!("{key}") };
        let entry = &entries[0];
        assert!(entry.may_have_key(&entry.key), "{key}");
        assert!(entry.has_ambiguous_key() || !entry.may_have_key(text), "{key} as {text}");
        entry.may_have_key(text)
    };
    for (key, text) in [
        ("010", "8"),
        ("0x10", "16"),
        ("1.0", "1"),
        ("1_000", "1000"),
        ("yes", "true"),
        ("On", "true"),
        ("no", "false"),
        ("~", "null"),
        ("Null", ""),
    ] {
        assert!(other(key, text), "{key} as {text}");
        assert!(!other(&format!("'{key}'"), text), "'{key}' as {text}");
    }
    // These everyone reads alike.
    for (key, text) in
        [("1", "1.0"), ("1", "01"), ("123456789012", "1.23456789012e11"), ("true", "yes"), ("web", "Web")]
    {
        assert!(!other(key, text), "{key} as {text}");
    }
}
