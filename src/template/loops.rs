//! `Fn::ForEach`: repeated parts of a template, written out.
//!
//! Owns the expansion that the transform `AWS::LanguageExtensions` does before anything else. A loop over what is not
//! known yet is written out once, with its identifier left open. Must not know the other functions.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html>

use std::borrow::Cow;
use std::collections::HashSet;

use super::parameter::{Allowed, scalar};
use super::{Scenario, Template};
use crate::document::{Entry, Intrinsic, Node, Span, Value, is_plain_decimal};

/// The beginning of a loop's key; its name follows.
const LOOP: &str = "Fn::ForEach::";

/// What is open because of a loop.
const LOOP_FUNCTION: &str = "Fn::ForEach";

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
    expansion.node(root, Place::Root, &[], &mut left).map(Some)
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

/// One of the values that a loop runs over.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Item {
    text: String,
    /// Whether it was written as a number, whose text is only one spelling of it.
    is_number: bool,
}

/// What a loop runs over.
enum Collection {
    /// All of these.
    Known(Vec<Item>),
    /// Some of these: which, a parameter decides.
    Possible(Vec<Item>),
    /// Nobody can see it yet.
    Open,
}

/// How many lists one loop may run over until nothing is believed of them.
const MAXIMUM_LISTS: usize = 64;

/// Where an entry stands, which decides how it is left out of a deployment.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Resources,
    Conditions,
    Elsewhere,
}

struct Expansion<'s, 't> {
    template: &'s Template<'t>,
}

const TOO_MANY: &str = "its `Fn::ForEach` loops make more values than can be judged";

impl Expansion<'_, '_> {
    fn node<'a>(
        &self,
        node: &Node<'a>,
        place: Place,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Node<'a>, &'static str> {
        *left = left.checked_sub(1).ok_or(TOO_MANY)?;
        let value = match &node.value {
            Value::String(text) => put_in(text, bound, left, node.span)?,
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.node(item, Place::Elsewhere, bound, left));
                Value::Sequence(items.collect::<Result<_, _>>()?)
            }
            Value::Mapping(entries) => Value::Mapping(self.entries(entries, place, bound, left)?),
            Value::Intrinsic(call) if call.function.starts_with(LOOP) => {
                let mut written = Vec::new();
                self.entry((&call.function, node.span), &call.argument, place, bound, left, &mut written)?;
                Value::Mapping(written)
            }
            Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
                ("Ref", Value::String(name)) if let Some(value) = value_of(name, bound) => value.value(),
                _ => {
                    let argument = match self.numbers_of_text(call, bound, left)? {
                        Some(argument) => argument,
                        None => self.node(&call.argument, Place::Elsewhere, bound, left)?,
                    };
                    Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
                }
            },
            other => other.clone(),
        };
        Ok(Node { value, span: node.span })
    }

    /// The argument of `Fn::Sub` whose text names loops over numbers of which readers make different texts: they become
    /// variables of its own.
    fn numbers_of_text<'a>(
        &self,
        call: &Intrinsic<'a>,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Option<Node<'a>>, &'static str> {
        let (text, variables) = match &call.argument.value {
            _ if call.function != "Fn::Sub" => return Ok(None),
            Value::String(text) => (text, &[][..]),
            Value::Sequence(arguments) => match arguments.as_slice() {
                [Node { value: Value::String(text), .. }] => (text, &[][..]),
                [Node { value: Value::String(text), .. }, Node { value: Value::Mapping(variables), .. }] => {
                    (text, variables.as_slice())
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let text = replaced(text, bound, left, |value| !value.is_ambiguous())?;
        let (span, mut written) = (call.argument.span, Vec::new());
        for (identifier, value) in visible(bound).filter(|(_, value)| value.is_ambiguous()) {
            // Of letters and digits of a number nothing is known.
            if text.contains(&format!("&{{{identifier}}}"))
                || variables.iter().any(|one| one.key == identifier)
            {
                return Ok(None);
            }
            if text.contains(&format!("${{{identifier}}}")) {
                let value = Node { value: value.value(), span };
                written.push(Entry { key: identifier.to_owned().into(), key_span: None, value });
            }
        }
        if written.is_empty() {
            return Ok(None);
        }
        written.extend(self.entries(variables, Place::Elsewhere, bound, left)?);
        let value = |value| Node { value, span };
        Ok(Some(value(Value::Sequence(vec![value(Value::String(text)), value(Value::Mapping(written))]))))
    }

    fn entries<'a>(
        &self,
        entries: &[Entry<'a>],
        place: Place,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Vec<Entry<'a>>, &'static str> {
        let mut written = Vec::with_capacity(entries.len());
        for entry in entries {
            self.entry((&entry.key, entry.key_span), &entry.value, place, bound, left, &mut written)?;
        }
        Ok(written)
    }

    /// Writes out what one entry of a map stands for.
    fn entry<'a>(
        &self,
        (key, key_span): (&Cow<'a, str>, Option<Span>),
        value: &Node<'a>,
        place: Place,
        bound: &[Binding<'_>],
        left: &mut usize,
        written: &mut Vec<Entry<'a>>,
    ) -> Result<(), &'static str> {
        let parts = key.starts_with(LOOP).then(|| parts(value)).flatten();
        let Some((identifier, collection, body)) = parts else {
            let within = match (place, &**key) {
                (Place::Root, "Resources") => Place::Resources,
                (Place::Root, "Conditions") => Place::Conditions,
                _ => Place::Elsewhere,
            };
            let value = self.node(value, within, bound, left)?;
            // A key may be called by what is written: what it then is, nothing that is judged depends on.
            written.push(Entry { key: replaced(key, bound, left, |_| true)?, key_span, value });
            return Ok(());
        };
        let round = |value: Option<&Item>, left: &mut usize| {
            let mut bound = bound.to_vec();
            bound.push((identifier, value));
            let mut written = Vec::new();
            match &body.value {
                Value::Mapping(entries) => written = self.entries(entries, place, &bound, left)?,
                // A loop alone in a map reads as a function.
                Value::Intrinsic(call) => {
                    self.entry(
                        (&call.function, body.span),
                        &call.argument,
                        place,
                        &bound,
                        left,
                        &mut written,
                    )?;
                }
                _ => {}
            }
            Ok::<_, &'static str>(written)
        };
        let collection = self.node(collection, Place::Elsewhere, bound, left)?;
        match self.collection(&collection) {
            Collection::Known(values) => {
                for value in &values {
                    written.extend(round(Some(value), left)?);
                }
            }
            Collection::Possible(values) => {
                let cost = VALUES_OF_CONDITION + collection.detached_size() / BYTES_OF_VALUE;
                for value in &values {
                    for entry in round(Some(value), left)? {
                        *left = left.checked_sub(cost).ok_or(TOO_MANY)?;
                        written.push(only_if(entry, place, contains(&collection, value)));
                    }
                }
            }
            Collection::Open => {
                written.extend(round(None, left)?);
                // That more may come stays visible beside what is written out once.
                written.push(Entry { key: key.clone(), key_span, value: collection });
            }
        }
        Ok(())
    }

    fn collection(&self, collection: &Node<'_>) -> Collection {
        let scenario = Scenario::new(self.template, None);
        if let Some(items) = scenario.items_of_list(collection) {
            let item = |allowed: &Allowed<'_>| Item::from(allowed);
            return Collection::Possible(items.iter().map(item).collect());
        }
        let Some(mut all) = items(&scenario, collection) else { return Collection::Open };
        let mut seen: HashSet<Item> = HashSet::new();
        for _ in 0..MAXIMUM_LISTS {
            if !scenario.advance() {
                return if seen.is_empty() { Collection::Known(all) } else { Collection::Possible(all) };
            }
            let Some(more) = items(&scenario, collection) else { return Collection::Open };
            if seen.is_empty() {
                all.retain(|item| seen.insert(item.clone()));
            }
            all.extend(more.into_iter().filter(|item| seen.insert(item.clone())));
        }
        Collection::Open
    }
}

impl Item {
    /// As it was written.
    fn value<'a>(&self) -> Value<'a> {
        let text = self.text.clone().into();
        if self.is_number { Value::Number(text) } else { Value::String(text) }
    }

    /// Whether it is a number of which readers make different texts.
    fn is_ambiguous(&self) -> bool {
        self.is_number && !is_plain_decimal(&self.text)
    }
}

impl From<&Allowed<'_>> for Item {
    fn from(Allowed { text, is_number }: &Allowed<'_>) -> Self {
        Self { text: text.clone().into_owned(), is_number: *is_number }
    }
}

/// What a loop runs over in the present possibility; `None`: not known.
fn items<'a>(scenario: &'a Scenario<'_>, collection: &'a Node<'a>) -> Option<Vec<Item>> {
    let Value::Sequence(items) = &scenario.value(collection).value else { return None };
    let items = items.iter().map(|item| scenario.value(item)).filter(|item| !item.is_absent());
    items.map(|item| scalar(item).map(|item| Item::from(&item))).collect()
}

/// How many values a condition makes beside the collection, roughly.
const VALUES_OF_CONDITION: usize = 8;

/// The condition that a collection has a value.
fn contains<'a>(collection: &Node<'a>, value: &Item) -> Node<'a> {
    let value = Node { value: value.value(), span: collection.span };
    function("Fn::Contains", Value::Sequence(vec![collection.clone(), value]), collection.span)
}

fn function<'a>(name: &'static str, argument: Value<'a>, span: Option<Span>) -> Node<'a> {
    let argument = Node { value: argument, span };
    Node { value: Value::Intrinsic(Box::new(Intrinsic { function: name.into(), argument })), span }
}

/// An entry that is there only if a condition holds.
fn only_if<'a>(mut entry: Entry<'a>, place: Place, condition: Node<'a>) -> Entry<'a> {
    let span = entry.value.span;
    match (place, &mut entry.value.value) {
        (Place::Resources, Value::Mapping(attributes)) => {
            let mut is_conditional = false;
            for attribute in attributes.iter_mut().filter(|one| one.key.eq_ignore_ascii_case("Condition")) {
                is_conditional = true;
                let value = std::mem::replace(&mut attribute.value.value, Value::Null);
                let written = match value {
                    Value::String(_) => function("Condition", value, attribute.value.span),
                    value => Node { value, span: attribute.value.span },
                };
                let both = Value::Sequence(vec![condition.clone(), written]);
                attribute.value = function("Fn::And", both, span);
            }
            if !is_conditional {
                attributes.push(Entry {
                    key: "Condition".into(),
                    key_span: condition.span,
                    value: condition,
                });
            }
        }
        (Place::Elsewhere, _) if !entry.key.starts_with("Fn::") => {
            let value = std::mem::replace(&mut entry.value.value, Value::Null);
            let nothing = function("Ref", Value::String("AWS::NoValue".into()), span);
            let choice = Value::Sequence(vec![condition, Node { value, span }, nothing]);
            entry.value = function("Fn::If", choice, span);
        }
        // A condition that is not there is one that nothing refers to.
        _ => {}
    }
    entry
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

/// Identifiers that have a value, the innermost first, without those that are hidden.
fn visible<'b>(bound: &[Binding<'b>]) -> impl Iterator<Item = (&'b str, &'b Item)> {
    let is_visible = |at: usize, identifier: &str| {
        bound.get(at + 1..).is_some_and(|inner| inner.iter().all(|(other, _)| *other != identifier))
    };
    let all = bound.iter().enumerate().rev().filter(move |(at, (identifier, _))| is_visible(*at, identifier));
    all.filter_map(|(_, (identifier, value))| Some((*identifier, (*value)?)))
}

/// A text with the identifiers in it replaced. Beside a number of which readers make different texts it is put together by
/// a function, and such a number alone is itself.
fn put_in<'a>(
    text: &Cow<'a, str>,
    bound: &[Binding<'_>],
    left: &mut usize,
    span: Option<Span>,
) -> Result<Value<'a>, &'static str> {
    let text = replaced(text, bound, left, |value| !value.is_ambiguous())?;
    let mut pieces = vec![Node { value: Value::String(text), span }];
    for (identifier, value) in visible(bound).filter(|(_, value)| value.is_ambiguous()) {
        let number = Node { value: value.value(), span };
        // Of its letters and digits nothing is known.
        let letters = function(LOOP_FUNCTION, number.value.clone(), span);
        for (written, value) in
            [(format!("${{{identifier}}}"), number), (format!("&{{{identifier}}}"), letters)]
        {
            let mut split = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let Value::String(text) = &piece.value else {
                    split.push(piece);
                    continue;
                };
                for (at, part) in text.split(&written).enumerate() {
                    *left = left.checked_sub(1).ok_or(TOO_MANY)?;
                    if at > 0 {
                        split.push(value.clone());
                    }
                    if !part.is_empty() {
                        split.push(Node { value: Value::String(part.to_owned().into()), span });
                    }
                }
            }
            pieces = split;
        }
    }
    Ok(match pieces.len() {
        0 => Value::String(Cow::Borrowed("")),
        1 => pieces.remove(0).value,
        _ => {
            let delimiter = Node { value: Value::String(Cow::Borrowed("")), span };
            let pieces = Node { value: Value::Sequence(pieces), span };
            function("Fn::Join", Value::Sequence(vec![delimiter, pieces]), span).value
        }
    })
}

/// A text with the identifiers in it replaced: `${X}` by the value, `&{X}` by its letters and digits.
fn replaced<'a>(
    text: &Cow<'a, str>,
    bound: &[Binding<'_>],
    left: &mut usize,
    is_wanted: impl Fn(&Item) -> bool,
) -> Result<Cow<'a, str>, &'static str> {
    let mut result = text.clone();
    if bound.is_empty() || !(text.contains("${") || text.contains("&{")) {
        return Ok(result);
    }
    for (identifier, Item { text: value, .. }) in visible(bound).filter(|(_, value)| is_wanted(value)) {
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
