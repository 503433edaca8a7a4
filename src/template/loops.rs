//! `Fn::ForEach`: repeated parts of a template, written out.
//!
//! Owns the expansion that the transform `AWS::LanguageExtensions` does before anything else. A loop over what is not
//! known yet is written out once, with its identifier left open. Must not know the other functions.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html>

use std::collections::HashSet;

use super::parameter::{Allowed, scalar};
use super::{STACKS, Scenario, TASK_DEFINITION, Template};
use crate::document::{Entry, Intrinsic, Node, Span, Value, Written, is_plain_decimal};

/// The beginning of a loop's key; its name follows.
const LOOP: &str = "Fn::ForEach::";

/// How many values all loops of a template may make: a template that CloudFormation takes is 1 MB long and has 500 resources.
const MAXIMUM_VALUES: usize = 100_000;

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

/// An identifier and what it is in this round.
type Binding<'b> = (&'b str, Bound<'b>);

#[derive(Clone, Copy)]
enum Bound<'b> {
    Is(&'b Item),
    /// It may be anything; with the key of the loop, which tells it from others of its name.
    Open(&'b str),
}

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
            Value::String(text) => {
                let text = replaced(text, bound, left, is_certain)?;
                match cut(&text, bound, left)? {
                    Some(parts) => {
                        joined(parts.into_iter().map(|part| part.node(node.span)).collect(), node.span)
                    }
                    None => Value::String(text),
                }
            }
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.node(item, Place::Elsewhere, bound, left));
                Value::Sequence(items.collect::<Result<_, _>>()?)
            }
            Value::Mapping(entries) => Value::Mapping(self.entries(entries, place, bound, left)?.into()),
            Value::Intrinsic(call) if call.function.starts_with(LOOP) => {
                let mut written = Vec::new();
                self.entry((&call.function, node.span), &call.argument, place, bound, left, &mut written)?;
                Value::Mapping(written.into())
            }
            Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
                ("Ref", Value::String(name)) if let Some(value) = value_of(name, bound) => match value {
                    Bound::Is(item) => item.value(),
                    Bound::Open(of_loop) => {
                        CutPart::Open(open_name('$', name, of_loop)).node(node.span).value
                    }
                },
                // Names of parameters, resources and conditions: nothing is asked about the text.
                ("Ref" | "Fn::GetAtt" | "Condition", _) => {
                    let argument = self.name(&call.argument, bound, left)?;
                    Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
                }
                ("Fn::If", Value::Sequence(items)) if let [condition, values @ ..] = &**items => {
                    let mut written = vec![self.name(condition, bound, left)?];
                    for value in values {
                        written.push(self.node(value, Place::Elsewhere, bound, left)?);
                    }
                    let argument = Node { value: Value::Sequence(written.into()), span: call.argument.span };
                    Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
                }
                ("Fn::Sub", _) if let Some(text) = self.substitution(call, bound, left)? => text,
                _ => {
                    let argument = self.node(&call.argument, Place::Elsewhere, bound, left)?;
                    Value::Intrinsic(Box::new(Intrinsic { function: call.function.clone(), argument }))
                }
            },
            other => other.clone(),
        };
        Ok(Node { value, span: node.span })
    }

    /// A name, in which what is open stays as it is written: so it is in the name of what the same loop makes.
    fn name<'a>(
        &self,
        node: &Node<'a>,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Node<'a>, &'static str> {
        let value = match &node.value {
            Value::String(text) if !has_number(text, bound) => {
                Value::String(replaced(text, bound, left, is_certain)?)
            }
            Value::Sequence(items) => {
                let names = items.iter().map(|item| self.name(item, bound, left));
                Value::Sequence(names.collect::<Result<_, _>>()?)
            }
            _ => return self.node(node, Place::Elsewhere, bound, left),
        };
        Ok(Node { value, span: node.span })
    }

    /// `Fn::Sub` of a text in which an identifier is open: what stands between is substituted by itself.
    fn substitution<'a>(
        &self,
        call: &Intrinsic<'a>,
        bound: &[Binding<'_>],
        left: &mut usize,
    ) -> Result<Option<Value<'a>>, &'static str> {
        let (text, variables) = match &call.argument.value {
            Value::String(_) => (&call.argument, &[][..]),
            Value::Sequence(arguments) => match &**arguments {
                [text, variables @ ..] => (text, variables),
                [] => return Ok(None),
            },
            _ => return Ok(None),
        };
        let (Value::String(written), span) = (&text.value, text.span) else { return Ok(None) };
        let written = replaced(written, bound, left, is_certain)?;
        let Some(parts) = cut(&written, bound, left)? else { return Ok(None) };
        // An identifier in a name makes another name, and nobody knows which.
        let is_cut = |part: &CutPart| matches!(part, CutPart::Text(text) if text.rfind("${").is_some_and(|at| !text[at..].contains('}')));
        if parts.iter().any(is_cut) {
            let names = bound.iter().filter_map(|(_, value)| match value {
                Bound::Open(of_loop) => Some(*of_loop),
                Bound::Is(item) => Some(&*item.text).filter(|_| !is_certain(item)),
            });
            let name = names.fold(String::from(&*written), |name, of_loop| name + " of " + of_loop);
            return Ok(Some(CutPart::Open(name).node(span).value));
        }
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            if !matches!(&part, CutPart::Text(text) if text.contains("${")) {
                items.push(part.node(span));
                continue;
            }
            let mut arguments = vec![part.node(span)];
            for variable in variables {
                arguments.push(self.node(variable, Place::Elsewhere, bound, left)?);
            }
            items.push(function("Fn::Sub", Value::Sequence(arguments.into()), span));
        }
        Ok(Some(joined(items, span)))
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
        (key, key_span): (&Written<'a>, Option<Span>),
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
            let value = if key.eq_ignore_ascii_case("Condition") {
                self.name(value, bound, left)?
            } else {
                self.node(value, within, bound, left)?
            };
            // A key may be called by what is written: what it then is, nothing that is judged depends on.
            written.push(Entry { key: replaced(key, bound, left, |_| true)?, key_span, value });
            return Ok(());
        };
        let round = |value: Bound<'_>, left: &mut usize| {
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
                    written.extend(round(Bound::Is(value), left)?);
                }
            }
            Collection::Possible(values) => {
                let cost = VALUES_OF_CONDITION + collection.detached_size() / BYTES_OF_VALUE;
                for value in &values {
                    for entry in round(Bound::Is(value), left)? {
                        *left = left.checked_sub(cost).ok_or(TOO_MANY)?;
                        written.push(only_if(entry, place, contains(&collection, value)));
                    }
                }
            }
            Collection::Open => {
                let once = round(Bound::Open(key), left)?;
                let is_seen = place == Place::Resources && once.iter().all(is_of_no_concern);
                written.extend(once);
                // That more may come stays visible beside what is written out once.
                if !is_seen {
                    written.push(Entry { key: key.clone(), key_span, value: collection });
                }
            }
        }
        Ok(())
    }

    fn collection(&self, collection: &Node<'_>) -> Collection {
        let mut scenario = Scenario::new(self.template, None);
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

/// Whether an entry says that a loop makes more than the one that is written out: it is the loop's list then.
pub(super) fn is_left_of_loop(entry: &Entry<'_>) -> bool {
    entry.key.starts_with(LOOP) && matches!(entry.value.value, Value::Intrinsic(_))
}

/// Whether a resource is nothing that is judged, nor anything that may come to be that.
fn is_of_no_concern(resource: &Entry<'_>) -> bool {
    let Value::Mapping(attributes) = &resource.value.value else { return false };
    let types = attributes.iter().filter(|attribute| attribute.key.eq_ignore_ascii_case("Type"));
    let is_other = |name: &str| {
        let is_stack = STACKS.iter().any(|(stack, _)| name.eq_ignore_ascii_case(stack));
        name.starts_with("AWS::")
            && !name.eq_ignore_ascii_case(TASK_DEFINITION)
            && !is_stack
            && !name.ends_with("::MODULE")
    };
    let is_known =
        |of_type: &Entry<'_>| matches!(&of_type.value.value, Value::String(name) if is_other(name));
    !attributes.iter().any(|attribute| attribute.key.starts_with("Fn::"))
        && types.clone().next().is_some()
        && types.clone().all(is_known)
}

impl Item {
    /// As it was written.
    fn value<'a>(&self) -> Value<'a> {
        let text = self.text.clone().into();
        if self.is_number { Value::Number(text) } else { Value::String(text) }
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
    function("Fn::Contains", Value::Sequence([collection.clone(), value].into()), collection.span)
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
                let both = Value::Sequence([condition.clone(), written].into());
                attribute.value = function("Fn::And", both, span);
            }
            if !is_conditional {
                let mut all = std::mem::take(attributes).into_vec();
                all.push(Entry { key: "Condition".into(), key_span: condition.span, value: condition });
                *attributes = all.into();
            }
        }
        (Place::Elsewhere, _) if !entry.key.starts_with("Fn::") => {
            let value = std::mem::replace(&mut entry.value.value, Value::Null);
            let nothing = function("Ref", Value::String("AWS::NoValue".into()), span);
            let choice = Value::Sequence([condition, Node { value, span }, nothing].into());
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
    let [Node { value: Value::String(identifier), .. }, collection, body] = &**items else {
        return None;
    };
    // A function stays visible where it adds entries, but one whose name is no key of functions would be a key like others.
    let is_map = match &body.value {
        Value::Mapping(_) => true,
        Value::Intrinsic(call) => call.function.starts_with("Fn::"),
        _ => false,
    };
    is_map.then_some((&**identifier, collection, body))
}

fn value_of<'b>(name: &str, bound: &[Binding<'b>]) -> Option<Bound<'b>> {
    // The innermost loop's identifier hides an outer one's.
    bound.iter().rev().find(|(identifier, _)| *identifier == name).map(|(_, value)| *value)
}

/// Whether all readers make the same text of an item.
fn is_certain(item: &Item) -> bool {
    !item.is_number || is_plain_decimal(&item.text)
}

/// Whether a number of which readers make different texts is put into a text.
fn has_number(text: &str, bound: &[Binding<'_>]) -> bool {
    bound.iter().any(|(identifier, value)| {
        matches!(value, Bound::Is(item) if !is_certain(item))
            && ['$', '&'].iter().any(|sign| text.contains(&format!("{sign}{{{identifier}}}")))
    })
}

/// A part of a text in which identifiers are open.
enum CutPart {
    Text(String),
    /// An identifier, by a name that no parameter has.
    Open(String),
    /// A number of which readers make different texts, as it is written.
    Number(String),
}

impl CutPart {
    fn node<'a>(self, span: Option<Span>) -> Node<'a> {
        match self {
            Self::Text(text) => Node { value: Value::String(text.into()), span },
            Self::Open(name) => function("Ref", Value::String(name.into()), span),
            Self::Number(text) => Node { value: Value::Number(text.into()), span },
        }
    }
}

/// What an identifier that is open is called, as it is written after `$` or `&`.
fn open_name(sign: char, identifier: &str, of_loop: &str) -> String {
    format!("{sign}{{{identifier}}} of {of_loop}")
}

/// Cuts a text where an identifier is open, or a number of which readers make different texts; `None`: none is.
fn cut(text: &str, bound: &[Binding<'_>], left: &mut usize) -> Result<Option<Vec<CutPart>>, &'static str> {
    let mut parts = Vec::new();
    let (mut done, mut from) = (0, 0);
    while let Some(at) = text[from..].find(['$', '&']).map(|at| from + at) {
        from = at + 1;
        let identifier = text[from..].strip_prefix('{').and_then(|rest| Some(rest.split_once('}')?.0));
        let Some(identifier) = identifier else { continue };
        let sign = if text[at..].starts_with('$') { '$' } else { '&' };
        let part = match value_of(identifier, bound) {
            Some(Bound::Open(of_loop)) => CutPart::Open(open_name(sign, identifier, of_loop)),
            Some(Bound::Is(item)) if !is_certain(item) && sign == '$' => CutPart::Number(item.text.clone()),
            // Of its letters and digits nothing is known.
            Some(Bound::Is(item)) if !is_certain(item) => {
                CutPart::Open(open_name(sign, identifier, &item.text))
            }
            _ => continue,
        };
        let (CutPart::Text(length) | CutPart::Open(length) | CutPart::Number(length)) = &part;
        *left = left.checked_sub(2 + length.len() / BYTES_OF_VALUE).ok_or(TOO_MANY)?;
        if done < at {
            parts.push(CutPart::Text(text[done..at].to_owned()));
        }
        parts.push(part);
        done = from + identifier.len() + 2;
        from = done;
    }
    if parts.is_empty() {
        return Ok(None);
    }
    if done < text.len() {
        parts.push(CutPart::Text(text[done..].to_owned()));
    }
    Ok(Some(parts))
}

/// Parts of a text as one.
fn joined(mut parts: Vec<Node<'_>>, span: Option<Span>) -> Value<'_> {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only.value;
    }
    let delimiter = Node { value: Value::String("".into()), span };
    let parts = Node { value: Value::Sequence(parts.into()), span };
    function("Fn::Join", Value::Sequence([delimiter, parts].into()), span).value
}

/// A text with the identifiers in it replaced: `${X}` by the value, `&{X}` by its letters and digits.
fn replaced<'a>(
    text: &Written<'a>,
    bound: &[Binding<'_>],
    left: &mut usize,
    is_wanted: impl Fn(&Item) -> bool,
) -> Result<Written<'a>, &'static str> {
    let mut result = text.clone();
    if bound.is_empty() || !(text.contains("${") || text.contains("&{")) {
        return Ok(result);
    }
    for (at, (identifier, value)) in bound.iter().enumerate().rev() {
        let Bound::Is(item) = value else { continue };
        // The innermost loop's identifier hides an outer one's, also where that is left as it is written.
        let is_hidden = bound.iter().skip(at + 1).any(|(inner, _)| inner == identifier);
        if is_hidden || !is_wanted(item) {
            continue;
        }
        let value = &item.text;
        let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        for (written, value) in
            [(format!("${{{identifier}}}"), &**value), (format!("&{{{identifier}}}"), &*plain)]
        {
            let places = result.matches(&written).count();
            if places > 0 {
                // Few identifiers in a short text can stand for gigabytes.
                let length = result.len() + places * value.len();
                *left = left.checked_sub(length / BYTES_OF_VALUE).ok_or(TOO_MANY)?;
                result = result.replace(&written, value).into();
            }
        }
    }
    Ok(result)
}
