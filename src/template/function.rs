//! Functions: what they stand for in the present possibility.
//!
//! Owns every function that gives a value. What cannot be told stays a function; of a text that is known in part, the
//! known part stays visible. Must not know conditions from within.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::borrow::Cow;

use base64::Engine as _;

use super::Definition;
use super::condition::{Gap, gap, whole};
use super::name::describe;
use super::parameter::scalar;
use super::scenario::{Fact, Scenario};
use super::unknown::Chosen;
use crate::document::{Entry, Intrinsic, Node, Span, Value};

/// How long a text may become, in bytes. No property that a rule reads takes more; functions inside functions can make
/// texts that double and double again. What stays open counts as much as a copy of it takes.
const LONGEST_TEXT: usize = 64 * 1024;

/// How many keys of a mapping are looked through in the time of one function, roughly.
const KEYS_OF_STEP: usize = 8;

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece<'a> {
    /// What it is.
    Known(Cow<'a, str>),
    /// A function that stays open.
    Open(&'a Node<'a>),
}

impl Scenario<'_> {
    /// What a node stands for: itself, unless it is a function that can be evaluated.
    pub(super) fn value<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a> {
        let Value::Intrinsic(call) = &node.value else { return node };
        if self.work(1, node.span).is_none() {
            return node;
        }
        let (argument, span) = (&call.argument, node.span);
        let value = match &*call.function {
            "Ref" => self.reference(argument, span),
            "Fn::If" => self.choose(argument),
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::Sub" | "Fn::Join" => self.text(node, span),
            "Fn::Select" => self.select(argument),
            "Fn::Split" => self.split(argument, span),
            "Fn::Base64" => self.base64(argument, span),
            "Fn::Length" => self.length(argument, span),
            "Fn::ToJsonString" => self.to_json(argument, span),
            _ => None,
        };
        value.unwrap_or(node)
    }

    fn reference<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let Value::String(name) = &argument.value else { return None };
        let parameter = self.template.parameters.get(&**name);
        let fixed = self.fixed(name, parameter);
        if parameter.is_some_and(|parameter| parameter.is_secret && !parameter.is_told(fixed)) {
            return None;
        }
        if &**name == "AWS::NoValue" {
            return None;
        }
        if fixed.is_none() && parameter.is_some_and(|parameter| parameter.is_looked_up) {
            return None;
        }
        if parameter.is_some_and(|parameter| parameter.is_list) {
            return self.keep(list(fixed?, span), span);
        }
        if parameter.is_none() && !name.starts_with("AWS::") {
            return None;
        }
        let text = self.state.borrow_mut().search.value(name, || self.domain(name))?;
        let allowed =
            parameter.and_then(|parameter| parameter.allowed.iter().find(|allowed| allowed.text == text));
        if fixed.is_none() {
            let is_allowed_value = allowed.is_some();
            self.note(Fact::Value {
                name: name.clone().into_owned(),
                value: Some(text.clone()),
                is_allowed_value,
            });
        }
        let is_number = match fixed {
            Some(_) => self.is_number(name, parameter),
            None => allowed.is_some_and(|allowed| allowed.is_number),
        };
        let value = if is_number { Value::Number(text.into()) } else { Value::String(text.into()) };
        self.keep(value, span)
    }

    fn choose<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(items) = &argument.value else { return None };
        let [condition, then, otherwise] = items.as_slice() else { return None };
        let is_true = match &condition.value {
            Value::String(name) => self.condition(name)?,
            _ => self.holds(condition)?,
        };
        self.note(Fact::of(condition, is_true));
        Some(self.value(if is_true { then } else { otherwise }))
    }

    fn find_in_map<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(items) = &argument.value else { return None };
        let (map, first, second, default) = match items.as_slice() {
            [map, first, second] => (map, first, second, None),
            [map, first, second, options] => (map, first, second, options.get("DefaultValue")),
            _ => return None,
        };
        let pieces = self.pieces(map)?;
        let name = whole(&pieces)?;
        let Some(Definition::Once(Node { value: Value::Mapping(entries), .. })) =
            self.template.mappings.get(name)
        else {
            return None;
        };
        let (first, second) = (self.pieces(first)?, self.pieces(second)?);
        if has_more_keys(&first, entries) {
            return None;
        }
        self.work(entries.len() / KEYS_OF_STEP, None)?;
        // Without a default, a first key that lacks the second is refused by CloudFormation.
        let may_be = |entry: &&Entry<'_>| match &entry.value.value {
            _ if whole(&first).is_some_and(|key| entry.key != key) => false,
            Value::Mapping(entries) => {
                default.is_some()
                    || has_more_keys(&second, entries)
                    || whole(&second).is_none_or(|key| entries.iter().any(|entry| entry.key == key))
            }
            _ => true,
        };
        let candidates: Vec<&Entry<'_>> = entries.iter().filter(may_be).collect();
        let found = match self.key(&first, &candidates, default.is_some())? {
            Chosen::Is(key) => {
                let entry = self.one_of(&candidates, &key)?;
                let Value::Mapping(entries) = &entry.value.value else { return None };
                if has_more_keys(&second, entries) {
                    return None;
                }
                self.work(entries.len() / KEYS_OF_STEP, None)?;
                let candidates: Vec<&Entry<'_>> = entries.iter().collect();
                match self.key(&second, &candidates, default.is_some())? {
                    Chosen::Is(key) => Some(&self.one_of(&candidates, &key)?.value),
                    Chosen::Other => None,
                }
            }
            Chosen::Other => None,
        };
        let value = self.value(found.or(default)?);
        // A mapping has no empty values, and no map is one.
        let is_value = matches!(
            value.value,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Sequence(_) | Value::Intrinsic(_)
        );
        is_value.then_some(value)
    }

    /// The entry of a key, each in turn where the key stands twice.
    fn one_of<'e, 'n>(&self, entries: &[&'e Entry<'n>], key: &str) -> Option<&'e Entry<'n>> {
        let of_key: Vec<_> = entries.iter().filter(|entry| entry.key == key).collect();
        let taken = self.state.borrow_mut().search.decide(of_key.len())?;
        of_key.get(taken).map(|entry| **entry)
    }

    /// Which key a text is; another than all only where that is allowed.
    fn key(&self, pieces: &[Piece<'_>], entries: &[&Entry<'_>], or_none: bool) -> Option<Chosen> {
        if let Some(text) = whole(pieces) {
            let is_key = entries.iter().any(|entry| entry.key == text);
            return if is_key { Some(Chosen::Is(text.to_owned())) } else { or_none.then_some(Chosen::Other) };
        }
        // Each key that the text may come to be, with what then stands in its gap.
        let mut keys: Vec<(&str, &str)> = Vec::new();
        let mut open = None;
        for key in entries.iter().map(|entry| &*entry.key) {
            match gap(pieces, key) {
                Gap::Impossible => {}
                Gap::One(node, text) => {
                    open = Some(node);
                    keys.push((key, text));
                }
                Gap::Several => keys.push((key, key)),
            }
        }
        keys.dedup();
        let candidates: Vec<&str> = keys.iter().map(|(_, text)| *text).collect();
        let name = match open {
            Some(node) => describe(node),
            None => pieces.iter().fold(String::new(), |text, piece| match piece {
                Piece::Known(known) => text + known,
                Piece::Open(node) => text + &describe(node),
            }),
        };
        let chosen = if let Some(node) = open {
            let key = self.open(node);
            self.state.borrow_mut().search.among(&key, &candidates, or_none, || self.domain(&key))?
        } else {
            let terms = self.terms(pieces);
            let key = format!("the key {terms:?}");
            self.state.borrow_mut().search.equals_one_of(&terms, &candidates, or_none, &key)?
        };
        let Chosen::Is(text) = chosen else {
            self.note(Fact::Value { name, value: None, is_allowed_value: false });
            return Some(Chosen::Other);
        };
        self.note(Fact::Value { name, value: Some(text.clone()), is_allowed_value: false });
        keys.iter().find(|(_, gap)| *gap == text).map(|(key, _)| Chosen::Is((*key).to_owned()))
    }

    fn select<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(arguments) = &argument.value else { return None };
        let [index, list] = arguments.as_slice() else { return None };
        let pieces = self.pieces(index)?;
        let index: usize = whole(&pieces)?.trim().parse().ok()?;
        let Value::Sequence(items) = &self.value(list).value else { return None };
        let item = self.value(items.get(index)?);
        // A list to select from has no empty places; where one is, the count is not certain.
        let mut before = items.iter().take(index);
        (!item.is_absent() && !before.any(|item| self.value(item).is_absent())).then_some(item)
    }

    fn split<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let Value::Sequence(arguments) = &argument.value else { return None };
        let [delimiter, text] = arguments.as_slice() else { return None };
        let (delimiter, text) = (self.pieces(delimiter)?, self.pieces(text)?);
        let (delimiter, text) = (whole(&delimiter)?, whole(&text)?);
        if delimiter.is_empty() {
            return None;
        }
        let items =
            text.split(delimiter).map(|part| Node { value: Value::String(part.to_owned().into()), span });
        self.keep(Value::Sequence(items.collect()), span)
    }

    fn base64<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let pieces = self.pieces(argument)?;
        let encoded = base64::engine::general_purpose::STANDARD.encode(whole(&pieces)?);
        if encoded.len() > LONGEST_TEXT {
            return None;
        }
        self.keep(Value::String(encoded.into()), span)
    }

    fn length<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let Value::Sequence(items) = &self.value(argument).value else { return None };
        let count = items.iter().filter(|item| !self.value(item).is_absent()).count();
        self.keep(Value::Number(count.to_string().into()), span)
    }

    fn to_json<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let mut json = String::new();
        self.write_json(self.value(argument), &mut json)?;
        self.keep(Value::String(json.into()), span)
    }

    /// Writes what has been evaluated.
    fn write_json<'a>(&'a self, value: &'a Node<'a>, json: &mut String) -> Option<()> {
        match &value.value {
            Value::Null => json.push_str("null"),
            Value::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            Value::Number(text) => json.push_str(text),
            Value::String(text) => json.push_str(&serde_json::to_string(text).ok()?),
            Value::Sequence(items) => {
                json.push('[');
                let values = items.iter().map(|item| self.value(item));
                for (at, value) in values.filter(|value| !value.is_no_value()).enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    self.write_json(value, json)?;
                }
                json.push(']');
            }
            Value::Mapping(entries) => {
                json.push('{');
                let values = entries.iter().map(|entry| (&entry.key, self.value(&entry.value)));
                for (at, (key, value)) in values.filter(|(_, value)| !value.is_no_value()).enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    json.push_str(&serde_json::to_string(key).ok()?);
                    json.push(':');
                    self.write_json(value, json)?;
                }
                json.push('}');
            }
            Value::Intrinsic(_) => return None,
        }
        (json.len() <= LONGEST_TEXT).then_some(())
    }

    /// A text: a string when all is known, else the function with an empty delimiter and the list of its pieces.
    fn text<'a>(&'a self, node: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let Value::Intrinsic(call) = &node.value else { return None };
        let pieces = self.pieces_of_call(node)?;
        if let Some(text) = whole(&pieces) {
            return self.keep(Value::String(text.to_owned().into()), span);
        }
        let of_piece = |piece: Piece<'_>| match piece {
            Piece::Known(text) => Node { value: Value::String(text.into_owned().into()), span },
            Piece::Open(node) => node.detached(),
        };
        let items = Node { value: Value::Sequence(pieces.into_iter().map(of_piece).collect()), span };
        let delimiter = Node { value: Value::String(Cow::Borrowed("")), span };
        let argument = Node { value: Value::Sequence(vec![delimiter, items]), span };
        let call = Intrinsic { function: call.function.clone().into_owned().into(), argument };
        self.keep(Value::Intrinsic(Box::new(call)), span)
    }

    /// The pieces of whatever can stand where a text belongs; `None` for a list, a map, or what is too long.
    pub(super) fn pieces<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        match &node.value {
            Value::Intrinsic(call) => match &*call.function {
                "Fn::Sub" | "Fn::Join" => {
                    Some(self.pieces_of_call(node).unwrap_or_else(|| vec![Piece::Open(node)]))
                }
                _ => match self.value(node) {
                    same if std::ptr::eq(same, node) => Some(vec![Piece::Open(node)]),
                    value => self.pieces(value),
                },
            },
            Value::String(text) if text.contains("{{resolve:") => Some(vec![Piece::Open(node)]),
            Value::Number(text) if !is_plain(text) => Some(vec![Piece::Open(node)]),
            _ => scalar(node).map(|scalar| vec![Piece::Known(scalar.text)]),
        }
    }

    /// The pieces of a text in which parameters that may still have several values are open.
    pub(super) fn undecided_pieces<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        let Value::Intrinsic(call) = &node.value else { return self.pieces(node) };
        let items = match (&*call.function, &call.argument.value) {
            ("Ref", Value::String(name)) => {
                let parameter = self.template.parameters.get(&**name);
                let is_open =
                    self.fixed(name, parameter).is_none() && !parameter.is_some_and(|known| known.is_list);
                return if is_open { Some(vec![Piece::Open(node)]) } else { self.pieces(node) };
            }
            ("Fn::Join", Value::Sequence(arguments)) => match arguments.as_slice() {
                [
                    Node { value: Value::String(delimiter), .. },
                    Node { value: Value::Sequence(items), .. },
                ] => (delimiter, items),
                _ => return self.pieces(node),
            },
            _ => return self.pieces(node),
        };
        let (delimiter, items) = items;
        let mut pieces = Pieces::default();
        for (at, item) in items.iter().enumerate() {
            // What may come to be absent is no piece then.
            let stays = match &item.value {
                Value::Intrinsic(call) => matches!(&*call.function, "Ref" | "Fn::Join" | "Fn::Sub"),
                _ => true,
            };
            if item.is_absent() || !stays {
                return self.pieces(node);
            }
            if at > 0 {
                pieces.push(Piece::Known(Cow::Borrowed(&**delimiter)))?;
            }
            pieces.extend(self.undecided_pieces(item)?)?;
        }
        Some(pieces.merged)
    }

    fn pieces_of_call<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        let Value::Intrinsic(call) = &node.value else { return None };
        self.work(1, node.span)?;
        let pieces = match (&*call.function, &call.argument.value) {
            ("Fn::Sub", Value::String(text)) => self.substitute(text, &[], node.span)?,
            ("Fn::Sub", Value::Sequence(arguments)) => match arguments.as_slice() {
                [Node { value: Value::String(text), .. }] => self.substitute(text, &[], node.span)?,
                [Node { value: Value::String(text), .. }, Node { value: Value::Mapping(variables), .. }] => {
                    self.substitute(text, variables, node.span)?
                }
                // A map of one function's name reads as that function.
                _ => return None,
            },
            ("Fn::Join", Value::Sequence(arguments)) => {
                let [delimiter, list] = arguments.as_slice() else { return None };
                let delimiter = self.pieces(delimiter)?;
                let delimiter = whole(&delimiter)?;
                let Value::Sequence(items) = &self.value(list).value else { return None };
                let mut pieces = Pieces::default();
                // A text is there in any case, and is not to be put together twice.
                let is_present = |item: &&Node<'_>| is_text(item) || !self.value(item).is_absent();
                for (at, item) in items.iter().filter(is_present).enumerate() {
                    if at > 0 {
                        pieces.push(Piece::Known(delimiter.to_owned().into()))?;
                    }
                    pieces.extend(self.pieces(item)?)?;
                }
                pieces.merged
            }
            _ => return None,
        };
        Some(pieces)
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html>
    fn substitute<'a>(
        &'a self,
        text: &'a str,
        variables: &'a [Entry<'a>],
        span: Option<Span>,
    ) -> Option<Vec<Piece<'a>>> {
        let mut values: Vec<Option<Vec<Piece<'a>>>> = vec![None; variables.len()];
        let mut pieces = Pieces::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            pieces.push(Piece::Known(before.into()))?;
            let Some((name, after)) = after.split_once('}') else {
                pieces.push(Piece::Known(Cow::Borrowed("${")))?;
                rest = after;
                continue;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                pieces.push(Piece::Known(format!("${{{literal}}}").into()))?;
                continue;
            }
            let name = name.trim();
            let mut of_name = variables.iter().enumerate().filter(|(_, variable)| variable.key == name);
            let found = of_name.next().map(|(at, _)| at);
            if of_name.next().is_some() {
                return None;
            }
            let variable = found.and_then(|at| variables.get(at).zip(values.get_mut(at)));
            let value = if let Some((variable, known)) = variable {
                match known {
                    Some(pieces) => pieces.clone(),
                    None => known.insert(self.pieces(&variable.value)?).clone(),
                }
            } else {
                let function = if name.contains('.') { "Fn::GetAtt" } else { "Ref" };
                let argument = Node { value: Value::String(name.to_owned().into()), span };
                let call = Intrinsic { function: Cow::Borrowed(function), argument };
                self.pieces(self.keep(Value::Intrinsic(Box::new(call)), span)?)?
            };
            pieces.extend(value)?;
        }
        pieces.push(Piece::Known(rest.into()))?;
        Some(pieces.merged)
    }
}

/// Whether this is a function that gives a text.
fn is_text(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::Intrinsic(call) if matches!(&*call.function, "Fn::Sub" | "Fn::Join"))
}

/// Whether every reader of YAML and JSON makes the same text of a number again: of `010` and `1.50` some make 8 and 1.5.
fn is_plain(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits == "0"
        || !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text may come to be a key that nobody can see yet, because a function adds some.
fn has_more_keys(text: &[Piece<'_>], entries: &[Entry<'_>]) -> bool {
    let is_seen = |key: &str| entries.iter().any(|entry| entry.key == key);
    entries.iter().any(|entry| entry.key.starts_with("Fn::")) && !whole(text).is_some_and(is_seen)
}

/// A text that grows: neighbouring known pieces made one, empty ones left out. Each step answers `None` when it would become
/// too long.
#[derive(Default)]
struct Pieces<'a> {
    merged: Vec<Piece<'a>>,
    length: usize,
}

impl<'a> Pieces<'a> {
    fn push(&mut self, piece: Piece<'a>) -> Option<()> {
        self.length += match &piece {
            Piece::Known(text) => text.len(),
            Piece::Open(node) => node.detached_size(),
        };
        if self.length > LONGEST_TEXT {
            return None;
        }
        match (self.merged.last_mut(), piece) {
            (_, Piece::Known(text)) if text.is_empty() => {}
            (Some(Piece::Known(before)), Piece::Known(text)) => before.to_mut().push_str(&text),
            (_, piece) => self.merged.push(piece),
        }
        Some(())
    }

    fn extend(&mut self, pieces: Vec<Piece<'a>>) -> Option<()> {
        pieces.into_iter().try_for_each(|piece| self.push(piece))
    }
}

/// The items of a list that is given as one text
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).
fn list(text: &str, span: Option<Span>) -> Value<'static> {
    let item = |text: &str| Node { value: Value::String(text.trim().to_owned().into()), span };
    Value::Sequence(text.split(',').map(item).collect())
}
