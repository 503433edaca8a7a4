//! `Fn::ForEach`: repeated parts of a template, written out.
//!
//! Owns the expansion that the transform `AWS::LanguageExtensions` does before anything else. A loop over what is not
//! known yet is written out once, with its identifier left open. Must not know the other functions.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html>

use std::borrow::Cow;

use super::parameter::{Allowed, scalar};
use super::{Scenario, Template};
use crate::document::{Entry, Intrinsic, Node, Span, Value};

/// The beginning of a loop's key; its name follows.
const LOOP: &str = "Fn::ForEach::";

/// How many values all loops of a template may make.
const MAXIMUM_VALUES: usize = 200_000;

/// How much text counts as a value, in bytes.
const BYTES_OF_VALUE: usize = 64;

/// Writes out the loops of a document, if it has any: `Resources`, `Conditions`, and maps within them. The error is for
/// people.
///
/// # Errors
/// Loops that make more values than can be judged.
pub fn expand_loops<'a>(root: &Node<'a>, template: &Template<'_>) -> Result<Option<Node<'a>>, &'static str> {
    if !has_loop(root) {
        return Ok(None);
    }
    let mut left = MAXIMUM_VALUES;
    let expansion = Expansion { template };
    expansion.node(root, &[], &mut left).map(Some)
}

fn has_loop(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Sequence(items) => items.iter().any(has_loop),
        Value::Mapping(entries) => {
            entries.iter().any(|entry| entry.key.starts_with(LOOP) || has_loop(&entry.value))
        }
        Value::Intrinsic(call) => call.function.starts_with(LOOP) || has_loop(&call.argument),
        _ => false,
    }
}

/// An identifier and its value in this round; `None`: open.
type Binding<'b> = (&'b str, Option<&'b Item>);

/// What a loop runs over.
struct Item {
    text: String,
    /// Whether it was written as a number, whose text is only one spelling of it.
    is_number: bool,
}

struct Expansion<'s, 't> {
    template: &'s Template<'t>,
}

const TOO_MANY: &str = "its `Fn::ForEach` loops make more values than can be judged";

impl Expansion<'_, '_> {
    fn node<'a>(
        &self,
        node: &Node<'a>,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Node<'a>, &'static str> {
        *left = left.checked_sub(1).ok_or(TOO_MANY)?;
        let value = match &node.value {
            Value::String(text) => Value::String(replaced(text, bound, left)?),
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.node(item, bound, left));
                Value::Sequence(items.collect::<Result<_, _>>()?)
            }
            Value::Mapping(entries) => Value::Mapping(self.entries(entries, bound, left)?),
            Value::Intrinsic(call) if call.function.starts_with(LOOP) => {
                let mut written = Vec::new();
                self.entry((&call.function, node.span), &call.argument, bound, left, &mut written)?;
                Value::Mapping(written)
            }
            Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
                ("Ref", Value::String(name)) if let Some(value) = value_of(name, bound) => {
                    let text = value.text.clone().into();
                    if value.is_number { Value::Number(text) } else { Value::String(text) }
                }
                _ => {
                    let argument = self.node(&call.argument, bound, left)?;
                    Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
                }
            },
            other => other.clone(),
        };
        Ok(Node { value, span: node.span })
    }

    fn entries<'a>(
        &self,
        entries: &[Entry<'a>],
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Vec<Entry<'a>>, &'static str> {
        let mut written = Vec::with_capacity(entries.len());
        for entry in entries {
            self.entry((&entry.key, entry.key_span), &entry.value, bound, left, &mut written)?;
        }
        Ok(written)
    }

    /// Writes out what one entry of a map stands for.
    fn entry<'a>(
        &self,
        (key, key_span): (&Cow<'a, str>, Option<Span>),
        value: &Node<'a>,
        bound: &[Binding<'_>],
        left: &mut usize,
        written: &mut Vec<Entry<'a>>,
    ) -> Result<(), &'static str> {
        let parts = key.starts_with(LOOP).then(|| parts(value)).flatten();
        let Some((identifier, collection, body)) = parts else {
            let value = self.node(value, bound, left)?;
            written.push(Entry { key: replaced(key, bound, left)?, key_span, value });
            return Ok(());
        };
        let round = |value: Option<&Item>, left: &mut usize| {
            let mut bound = bound.to_vec();
            bound.push((identifier, value));
            let mut written = Vec::new();
            match &body.value {
                Value::Mapping(entries) => written = self.entries(entries, &bound, left)?,
                // A loop alone in a map reads as a function.
                Value::Intrinsic(call) => {
                    self.entry((&call.function, body.span), &call.argument, &bound, left, &mut written)?;
                }
                _ => {}
            }
            Ok::<_, &'static str>(written)
        };
        let Some(values) = self.collection(collection, bound, left)? else {
            written.extend(round(None, left)?);
            // That more may come stays visible beside what is written out once.
            let rest = Node { value: Value::Null, span: value.span };
            written.push(Entry { key: key.clone(), key_span, value: rest });
            return Ok(());
        };
        for value in &values {
            written.extend(round(Some(value), left)?);
        }
        Ok(())
    }

    /// What a loop runs over; `None`: not known yet.
    fn collection(
        &self,
        collection: &Node<'_>,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Option<Vec<Item>>, &'static str> {
        let collection = self.node(collection, bound, left)?;
        let scenario = Scenario::new(self.template, None);
        let Value::Sequence(items) = &scenario.value(&collection).value else { return Ok(None) };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let item = scenario.value(item);
            match scalar(item) {
                Some(Allowed { text, is_number }) => values.push(Item { text: text.into_owned(), is_number }),
                None if item.is_absent() => {}
                None => return Ok(None),
            }
        }
        // What depends on a choice is not known.
        Ok((!scenario.is_one_of_several()).then_some(values))
    }
}

/// Its identifier, what it runs over, and the map that it repeats.
fn parts<'n, 'a>(value: &'n Node<'a>) -> Option<(&'n str, &'n Node<'a>, &'n Node<'a>)> {
    let Value::Sequence(items) = &value.value else { return None };
    let [Node { value: Value::String(identifier), .. }, collection, body] = items.as_slice() else {
        return None;
    };
    let is_map = matches!(body.value, Value::Mapping(_) | Value::Intrinsic(_));
    is_map.then_some((&**identifier, collection, body))
}

fn value_of<'b>(name: &str, bound: &[Binding<'b>]) -> Option<&'b Item> {
    // The innermost loop's identifier hides an outer one's.
    bound.iter().rev().find(|(identifier, _)| *identifier == name)?.1
}

/// A text with the identifiers in it replaced: `${X}` by the value, `&{X}` by its letters and digits.
fn replaced<'a>(
    text: &Cow<'a, str>,
    bound: &[Binding<'_>],
    left: &mut usize,
) -> Result<Cow<'a, str>, &'static str> {
    let mut result = text.clone();
    if bound.is_empty() || !(text.contains("${") || text.contains("&{")) {
        return Ok(result);
    }
    for (identifier, value) in bound.iter().rev() {
        let Some(Item { text: value, .. }) = value else { continue };
        let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        for (written, value) in
            [(format!("${{{identifier}}}"), &**value), (format!("&{{{identifier}}}"), &*plain)]
        {
            let places = result.matches(&written).count();
            if places > 0 {
                // Few identifiers in a short text can stand for gigabytes.
                let length = result.len() + places * value.len();
                *left = left.checked_sub(length / BYTES_OF_VALUE).ok_or(TOO_MANY)?;
                result = Cow::Owned(result.replace(&written, value));
            }
        }
    }
    Ok(result)
}
