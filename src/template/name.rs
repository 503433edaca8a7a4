//! How what is open is called: for people, and by names that tell one from another.
//!
//! Owns the two names of a function. Must not know what a function stands for.

use std::fmt::Write as _;

use super::condition::whole;
use super::function::Piece;
use super::relation::{Part, Term};
use super::scenario::Scenario;
use crate::document::{Node, Value};

impl Scenario<'_> {
    /// Pieces by the names of what is open.
    pub(super) fn terms<'a>(&'a self, pieces: &[Piece<'a>]) -> Vec<Term> {
        let term = |piece: &Piece<'a>| match piece {
            Piece::Known(text) => Term::Text(text.clone().into_owned()),
            Piece::Open(node) => {
                let key = self.open(node);
                self.state.borrow_mut().search.meet(&key, || self.domain(node));
                Term::Open(key)
            }
        };
        pieces.iter().map(term).collect()
    }

    /// The name by which something open is told from others. Where it is a part of a text, that is noted.
    pub(super) fn open<'a>(&'a self, node: &'a Node<'a>) -> String {
        let key = identity(node);
        if let Some(part) = self.part(node) {
            let mut state = self.state.borrow_mut();
            state.search.meet(&key, || self.domain(node));
            state.search.define(key.clone(), part);
        }
        key
    }

    /// Which part of which text a node is.
    fn part<'a>(&'a self, node: &'a Node<'a>) -> Option<Part> {
        let [index, list] = arguments(node, "Fn::Select")? else { return None };
        let [delimiter, text] = arguments(list, "Fn::Split")? else { return None };
        let (index, delimiter) = (self.pieces(index)?, self.pieces(delimiter)?);
        let (index, delimiter) = (whole(&index)?.trim().parse().ok()?, whole(&delimiter)?);
        if delimiter.is_empty() {
            return None;
        }
        let text = self.terms(&self.pieces(text)?);
        Some(Part { text, delimiter: delimiter.to_owned(), index })
    }
}

/// The arguments of a function of this name.
fn arguments<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n [Node<'a>]> {
    let Value::Intrinsic(call) = &node.value else { return None };
    let Value::Sequence(arguments) = &call.argument.value else { return None };
    (call.function == name).then_some(arguments)
}

/// A function as text, for people; a reference is its name.
pub(super) fn describe(node: &Node<'_>) -> String {
    let mut text = String::new();
    write_description(node, false, &mut text);
    text
}

/// A function as text, by which two that are the same are known to be, and nothing else: every word that is not written
/// by a reader of this is in quotes.
pub(super) fn identity(node: &Node<'_>) -> String {
    let mut text = String::new();
    write_description(node, true, &mut text);
    text
}

/// The same of a reference to this.
pub(super) fn identity_of_reference(name: &str) -> String {
    format!("{:?}({name:?})", "Ref")
}

fn write_description(node: &Node<'_>, is_quoted: bool, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        // Writing to a string cannot fail.
        Value::String(value) if is_quoted => drop(write!(text, "{value:?}")),
        Value::Number(value) | Value::String(value) => text.push_str(value),
        Value::Sequence(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                write_description(item, is_quoted, text);
            }
            text.push(']');
        }
        Value::Mapping(entries) => {
            text.push('{');
            for (at, entry) in entries.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                if is_quoted {
                    let _ = write!(text, "{:?}: ", entry.key);
                } else {
                    let _ = write!(text, "{}: ", entry.key);
                }
                write_description(&entry.value, is_quoted, text);
            }
            text.push('}');
        }
        Value::Intrinsic(call) if is_quoted => {
            let _ = write!(text, "{:?}(", call.function);
            write_description(&call.argument, is_quoted, text);
            text.push(')');
        }
        Value::Intrinsic(call) if call.function == "Ref" => match &call.argument.value {
            Value::String(name) => text.push_str(name),
            _ => write_description(&call.argument, is_quoted, text),
        },
        Value::Intrinsic(call) => {
            text.push_str(call.function.strip_prefix("Fn::").unwrap_or(&call.function));
            text.push('(');
            write_description(&call.argument, is_quoted, text);
            text.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{arguments, describe, identity, identity_of_reference};
    use crate::document::yaml;

    #[test]
    fn a_function_has_a_name_for_people_and_one_that_tells_it_from_all_others() {
        for (text, words, name) in [
            ("!Ref P", "P", r#""Ref"("P")"#),
            ("!Ref [P]", "[P]", r#""Ref"(["P"])"#),
            ("!GetAtt R.Arn", "GetAtt(R.Arn)", r#""Fn::GetAtt"("R.Arn")"#),
            ("!Equals [!Ref P, a, 1]", "Equals([P, a, 1])", r#""Fn::Equals"(["Ref"("P"), "a", 1])"#),
            ("!Condition C", "Condition(C)", r#""Condition"("C")"#),
            (
                "!Sub ['${A}', {A: true, B: null}]",
                "Sub([${A}, {A: true, B: null}])",
                r#""Fn::Sub"(["${A}", {"A": true, "B": null}])"#,
            ),
            ("[]", "[]", "[]"),
            ("{}", "{}", "{}"),
            ("[false]", "[false]", "[false]"),
        ] {
            let node = yaml::read(text).unwrap();
            assert_eq!((describe(&node), identity(&node)), (words.to_owned(), name.to_owned()), "{text}");
        }
        // What a person may take for the same.
        for (one, other) in
            [("!Ref 'a, b'", "!Ref [a, b]"), ("'1'", "1"), ("{'a: b': c}", "{a: 'b: c'}"), ("'true'", "true")]
        {
            let name = |text| identity(&yaml::read(text).unwrap());
            assert_ne!(name(one), name(other));
        }
        assert_eq!(identity_of_reference("P"), identity(&yaml::read("!Ref P").unwrap()));
    }

    #[test]
    fn only_a_list_of_arguments_of_that_function() {
        let count = |text: &str, name| arguments(&yaml::read(text).unwrap(), name).map(<[_]>::len);
        assert_eq!(count("!Split [a, b]", "Fn::Split"), Some(2));
        assert_eq!(count("!Split [a, b]", "Fn::Select"), None);
        assert_eq!(count("!Split a", "Fn::Split"), None);
        assert_eq!(count("[a, b]", "Fn::Split"), None);
    }
}
