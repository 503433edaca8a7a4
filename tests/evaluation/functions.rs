//! What functions stand for, value by value.
//!
//! Owns values. What is decided by whether they are equal, the tests of conditions have.

use ecs_guard::finding::Verdict;

use super::conditions::holds;
use super::{expect, template};

/// Whether a function equals a text; `None` where nobody can tell.
#[track_caller]
fn equals(function: &str, text: &str) -> Option<bool> {
    holds(&format!(
        "Parameters: {{P: {{Type: String}}, L: {{Type: CommaDelimitedList}}}}\n\
         Conditions: {{Open: !Equals [!Ref P, x], C: !Equals [{function}, '{text}']}}"
    ))
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn a_list_has_as_many_items_as_are_there() {
    for (list, count, expected) in [
        ("[a, b]", "2", YES),
        ("[a, b]", "3", NO),
        ("[]", "0", YES),
        ("[a, !Ref AWS::NoValue, b]", "2", YES),
        ("{'Fn::Split': [',', 'a,b,c']}", "3", YES),
        ("{Ref: L}", "1", None),
        ("a", "1", None),
    ] {
        assert_eq!(equals(&format!("!Length {list}"), count), expected, "{list}");
    }
}

#[test]
fn what_is_known_of_a_text_stays_known_where_it_is_selected() {
    for (function, text, expected) in [
        ("!Select [0, !Split ['/', !Sub '1000/${P}']]", "1000", YES),
        ("!Select [0, !Split ['/', !Sub '1000/${P}']]", "100", NO),
        ("!Select [1, !Split ['/', !Sub 'a/b/${P}']]", "b", YES),
        ("!Select [1, !Split ['//', !Join ['//', [a, b, !Ref P]]]]", "b", YES),
        // The open part may go on with it, or begin with the delimiter.
        ("!Select [1, !Split ['/', !Sub 'a/b${P}']]", "b", None),
        ("!Select [1, !Split ['/', !Sub 'a/${P}']]", "b", None),
        ("!Select [2, !Split ['/', !Sub 'a/b/${P}']]", "c", None),
        ("!Select [0, !Split ['/', !Sub '${P}/b']]", "b", None),
        ("!Select [0, !Split ['', !Sub 'a/${P}']]", "a", None),
        ("!Select [0, !Split [!Ref P, !Sub 'a/${P}']]", "a", None),
        ("!Select [1, [x, !Sub '${P}-svc']]", "web", NO),
        ("!Select [1, [x, !Sub '${P}-svc']]", "web-svc", None),
        ("!Select [1, [x, !Sub ['${V}${P}', {V: we}]]]", "bew", NO),
        ("!Join ['', [!Select [0, [!Sub 'we${P}']], b]]", "web", None),
        ("!Join ['', [!Select [0, [!Sub 'we${P}']], b]]", "wet", NO),
        ("!Sub ['', [a]]", "a", None),
    ] {
        assert_eq!(equals(function, text), expected, "{function} {text}");
    }
}

#[test]
fn a_value_becomes_json() {
    for (value, json, expected) in [
        ("{a: [x, 1, true, null], b: {}}", r#"{"a":["x",1,true,null],"b":{}}"#, YES),
        ("{a: [x, 1, true, null], b: {}}", r#"{"a":["x",1,true,null]}"#, NO),
        ("[false]", "[false]", YES),
        ("[]", "[]", YES),
        (r#"{"a\"b": "c\\d"}"#, r#"{"a\"b":"c\\d"}"#, YES),
        ("[a, !Ref AWS::NoValue, b]", r#"["a","b"]"#, YES),
        ("[!Ref AWS::NoValue, b, c]", r#"["b","c"]"#, YES),
        ("{a: !Ref AWS::NoValue, b: x, c: y}", r#"{"b":"x","c":"y"}"#, YES),
        ("{a: !Join ['-', [x, y]]}", r#"{"a":"x-y"}"#, YES),
        // Readers make different texts of these.
        ("[0x10]", "[16]", None),
        ("{0x10: a}", r#"{"0x10":"a"}"#, None),
        ("{'0x10': a}", r#"{"0x10":"a"}"#, YES),
        ("[!Ref P]", r#"["x"]"#, None),
    ] {
        assert_eq!(equals(&format!("!ToJsonString {value}"), json), expected, "{value}");
    }
}

#[test]
fn a_text_may_be_so_long_and_no_longer() {
    const LONGEST: usize = 64 * 1024;
    for (length, expected) in [(LONGEST - 3, YES), (LONGEST, YES), (LONGEST + 3, None)] {
        let text = "x".repeat(length);
        let (one, other) = text.split_at(length / 2);
        assert_eq!(equals(&format!("!Join ['', [{one}, {other}]]"), &text), expected, "{length}");
        let (one, other) = text.split_at(length - 1);
        assert_eq!(equals(&format!("!Join ['', ['', {one}, '', {other}, '']]"), &text), expected, "{length}");
        let json = format!("!ToJsonString [{}]", &text[4..]);
        assert_eq!(equals(&json, &format!(r#"["{}"]"#, &text[4..])), expected, "{length}");
    }
    // Four characters for three bytes.
    for (length, expected) in [(LONGEST / 4 * 3, YES), (LONGEST / 4 * 3 + 3, None)] {
        let encoded = "eHh4".repeat(length / 3);
        assert_eq!(equals(&format!("!Base64 {}", "x".repeat(length)), &encoded), expected, "{length}");
    }
}

#[test]
fn what_is_put_together_is_compared_without_asking_for_more() {
    for (function, text, expected) in [
        ("!Sub ['${A}-b', {A: a}]", "a-b", YES),
        ("!Sub ['a-b']", "a-b", YES),
        ("!Sub ['a-${P}']", "b-x", NO),
        ("!Sub [!Ref P, {A: a}]", "a-b", None),
        ("!Sub ['${A}', {A: a, A: b}]", "a", None),
        ("!Sub '${!P}'", "${P}", YES),
        ("!Sub '${ P }'", "x", None),
        ("!Sub 'a${b'", "a${b", YES),
        ("!Join ['-', [a, !Ref AWS::NoValue, b]]", "a-b", YES),
        ("!Join ['-', [!If [Open, a, !Ref AWS::NoValue], b]]", "b", None),
        ("!Join ['-', [!If [Open, a, !Ref AWS::NoValue], b]]", "c", NO),
        ("!Join ['-', [a, [b]]]", "a-b", None),
        ("!Join ['-', !Split [',', 'a,b']]", "a-b", YES),
        ("!Join [!Ref P, [a, b]]", "a-b", None),
        ("!Split [',', 'a,b']", "a", None),
        ("!Select [1, [a, b]]", "b", YES),
        ("!Select ['1', [a, b]]", "b", YES),
        ("!Select [2, [a, b]]", "b", None),
        ("!Select [1, [a, !Ref AWS::NoValue, b]]", "b", None),
        ("!Select [2, [a, !Ref AWS::NoValue, b]]", "b", None),
        ("!Select [0, [a, !Ref AWS::NoValue, b]]", "a", YES),
        ("!Select [1, !Split ['-', 'a-b']]", "b", YES),
        ("!Select [0, !Split ['', 'a-b']]", "a", None),
    ] {
        assert_eq!(equals(function, text), expected, "{function} = {text}");
    }
}

#[test]
fn an_allowed_value_is_what_it_was_written_as() {
    let sections = "Parameters: {P: {Type: String, AllowedValues: [1, 'true', yea]}}";
    let text = template(sections, "ReadonlyRootFilesystem: !Ref P");
    let cases = [Some("for P=1 (allowed value)"), Some("for P=yea (allowed value)")];
    expect(&text, &[], "writable-root-filesystem", Verdict::Fail, &cases);
}

#[test]
fn numbers_that_readers_make_different_texts_of_are_told_from_texts() {
    for (allowed, expected) in [
        ("[0x0, app]", &["for P=0x0 (allowed value)"][..]),
        ("['0x0', app]", &[]),
        ("[0x0, '0x0', app]", &["for P=0x0 without quotes (allowed value)"]),
        ("[0x0, '0x0', 0x1]", &["for P=0x0 without quotes (allowed value)"]),
    ] {
        let text = template(
            &format!("Parameters: {{P: {{Type: String, AllowedValues: {allowed}}}}}"),
            "User: !Ref P",
        );
        let verdict = if expected.is_empty() { Verdict::Pass } else { Verdict::Fail };
        let cases: Vec<_> = expected.iter().copied().map(Some).collect();
        expect(&text, &[], "root-user", verdict, &cases);
    }
}

#[test]
fn a_comparison_does_not_try_each_allowed_value() {
    let values: Vec<_> = (0..20).map(|value| format!("v{value}")).collect();
    for compared in ["!Ref P", "!Join ['', [!Ref P]]", "!Join ['', [v, !Join ['', [!Ref P]]]]"] {
        let each = |make: &dyn Fn(usize) -> String| (0..8).map(make).collect::<Vec<_>>().join(", ");
        let sections = format!(
            "Parameters: {{{}}}\nConditions: {{{}}}",
            each(&|at| format!("P{at}: {{Type: String, AllowedValues: [{}]}}", values.join(", "))),
            each(&|at| format!("C{at}: !Equals [{}, v7]", compared.replace('P', &format!("P{at}")))),
        );
        let user = each(&|at| format!("!If [C{at}, a, b]"));
        let text = template(&sections, &format!("User: !Join ['', [{user}]]"));
        expect(&text, &[], "root-user", Verdict::Pass, &[]);
    }
}
