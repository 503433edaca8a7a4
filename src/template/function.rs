//! Functions: what they stand for in the present possibility.
//!
//! Owns every function that gives a value. What cannot be told stays a function; of a text that is known in part, the
//! known part stays visible. Must not know conditions from within.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::borrow::Cow;

use base64::Engine as _;

use super::condition::whole;
use super::name::identity_of_reference;
use super::parameter::{Allowed, Parameter, scalar};
use super::scenario::{Fact, Scenario};
use super::unknown::Domain;
use crate::document::{Entry, Intrinsic, Node, Span, Value, is_plain_decimal};

/// How long a text may become, in bytes. No property that a rule reads takes more; functions inside functions can make
/// texts that double and double again. What stays open counts as much as a copy of it takes.
const LONGEST_TEXT: usize = 64 * 1024;

fn is_call_of(function: &str, node: &Node<'_>) -> bool {
    matches!(&node.value, Value::Intrinsic(call) if call.function == function)
}

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
        if self.is_withheld(name) || parameter.is_some_and(|known| known.is_secret() && !known.is_told(fixed))
        {
            return None;
        }
        if &**name == "AWS::NoValue" {
            return None;
        }
        if fixed.is_none() && parameter.is_some_and(|parameter| parameter.is_looked_up) {
            return None;
        }
        if fixed.is_some() {
            self.meet_parameter(name);
        }
        if parameter.is_some_and(|parameter| parameter.is_list) {
            return self.keep(list(fixed?, self.is_number(name, parameter), span), span);
        }
        if parameter.is_none() && !name.starts_with("AWS::") {
            return None;
        }
        let (text, is_number) = if let Some(fixed) = fixed {
            (fixed.to_owned(), self.is_number(name, parameter))
        } else if let Some(parameter) = parameter.filter(|parameter| parameter.has_ambiguous_values()) {
            let allowed = self.one_of_allowed(name, parameter)?;
            (allowed.text.clone().into_owned(), allowed.is_number)
        } else {
            let key = identity_of_reference(name);
            let found = self.state.borrow_mut().search.value(&key, || self.domain_of_reference(name));
            let Some(text) = found else {
                self.leave_open(name);
                return None;
            };
            let allowed =
                parameter.and_then(|parameter| parameter.allowed.iter().find(|allowed| allowed.text == text));
            self.note(Fact::Value {
                name: String::from(&**name),
                value: Some(text.clone()),
                is_allowed_value: allowed.is_some(),
            });
            (text, allowed.is_some_and(|allowed| allowed.is_number))
        };
        let value = if is_number { Value::Number(text.into()) } else { Value::String(text.into()) };
        self.keep(value, span)
    }

    /// One of a parameter's allowed values, told from the others by its place: some are numbers of which nobody knows the
    /// text.
    fn one_of_allowed<'p, 't>(&self, name: &str, parameter: &'p Parameter<'t>) -> Option<&'p Allowed<'t>> {
        let places: Vec<String> = (0..parameter.allowed.len()).map(|place| place.to_string()).collect();
        let key = format!("the place of {name:?}");
        let place = self.state.borrow_mut().search.value(&key, || match places.as_slice() {
            [only] => Domain::Known(only.clone()),
            _ => Domain::OneOf(places),
        })?;
        let allowed = parameter.allowed.get(place.parse::<usize>().ok()?)?;
        let has_twin = parameter.allowed.iter().filter(|other| other.text == allowed.text).count() > 1;
        let how = if has_twin && allowed.is_number { " without quotes" } else { "" };
        self.note(Fact::Value {
            name: name.to_owned(),
            value: Some(format!("{}{how}", allowed.text)),
            is_allowed_value: true,
        });
        Some(allowed)
    }

    fn choose<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(items) = &argument.value else { return None };
        let [condition, then, otherwise] = &**items else { return None };
        let is_true = match self.is_in_loop(condition) {
            Some(is_true) => is_true,
            None => self.asked(condition)?,
        };
        Some(self.value(if is_true { then } else { otherwise }))
    }

    /// Whether the condition of a choice holds.
    fn asked<'a>(&'a self, condition: &'a Node<'a>) -> Option<bool> {
        let is_true = if let Value::String(name) = &condition.value {
            self.condition(name)?
        } else {
            // What a loop makes has a list of its own for a condition.
            if !is_call_of("Fn::Contains", condition) {
                self.template.note_nameless_condition(condition);
            }
            self.holds(condition)?
        };
        self.meet_condition(condition, is_true);
        self.note(Fact::of(condition, is_true));
        Some(is_true)
    }

    fn select<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(arguments) = &argument.value else { return None };
        let [index, list] = &**arguments else { return None };
        let pieces = self.pieces(index)?;
        let index: usize = whole(&pieces)?.trim().parse().ok()?;
        if let Some(part) = self.part_of_beginning(list, index) {
            return self.keep(Value::String(part.into()), list.span);
        }
        let list = self.value(list);
        let Value::Sequence(items) = &list.value else { return self.item_at(list, index) };
        let item = self.value(items.get(index)?);
        // A list to select from has no empty places; where one is, the count is not certain.
        let mut before = items.iter().take(index);
        (!item.is_absent() && !before.any(|item| self.value(item).is_absent())).then_some(item)
    }

    fn split<'a>(&'a self, argument: &'a Node<'a>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let Value::Sequence(arguments) = &argument.value else { return None };
        let [delimiter, text] = &**arguments else { return None };
        let (delimiter, text) = (self.pieces(delimiter)?, self.pieces(text)?);
        let (delimiter, text) = (whole(&delimiter)?, whole(&text)?);
        if delimiter.is_empty() {
            return None;
        }
        let items =
            text.split(delimiter).map(|part| Node { value: Value::String(part.to_owned().into()), span });
        self.keep(Value::Sequence(items.collect()), span)
    }

    /// A part of a text that is split, where the text is known up to the end of that part and not as a whole.
    fn part_of_beginning<'a>(&'a self, list: &'a Node<'a>, index: usize) -> Option<String> {
        let Value::Intrinsic(call) = &list.value else { return None };
        let ("Fn::Split", Value::Sequence(arguments)) = (&*call.function, &call.argument.value) else {
            return None;
        };
        let [delimiter, text] = &**arguments else { return None };
        let (delimiter, text) = (self.pieces(delimiter)?, self.pieces(text)?);
        let (delimiter, [Piece::Known(beginning), _, ..]) = (whole(&delimiter)?, text.as_slice()) else {
            return None;
        };
        if delimiter.is_empty() {
            return None;
        }
        let mut parts = beginning.split(delimiter);
        let part = parts.nth(index)?;
        parts.next().is_some().then(|| part.to_owned())
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
            Value::Number(text) if is_plain_decimal(text) => json.push_str(text),
            Value::String(text) => json.push_str(&serde_json::to_string(&**text).ok()?),
            Value::Sequence(items) => {
                json.push('[');
                let values = items.iter().map(|item| self.value(item));
                for (at, value) in values.filter(|value| !value.is_no_value()).enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    self.write_json(value, json)?;
                }
                json.push(']');
            }
            Value::Mapping(entries) if !entries.iter().any(Entry::has_ambiguous_key) => {
                json.push('{');
                let values = entries.iter().map(|entry| (&entry.key, self.value(&entry.value)));
                for (at, (key, value)) in values.filter(|(_, value)| !value.is_no_value()).enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    json.push_str(&serde_json::to_string(&**key).ok()?);
                    json.push(':');
                    self.write_json(value, json)?;
                }
                json.push('}');
            }
            Value::Number(_) | Value::Mapping(_) | Value::Intrinsic(_) => return None,
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
        // To be read like the number itself, whatever its text is.
        if let [Piece::Open(number @ Node { value: Value::Number(_), .. })] = pieces.as_slice() {
            return Some(number);
        }
        let of_piece = |piece: Piece<'_>| match piece {
            Piece::Known(text) => Node { value: Value::String(text.into_owned().into()), span },
            Piece::Open(node) => node.detached(),
        };
        let items = Node { value: Value::Sequence(pieces.into_iter().map(of_piece).collect()), span };
        let delimiter = Node { value: Value::String("".into()), span };
        let argument = Node { value: Value::Sequence([delimiter, items].into()), span };
        let call = Intrinsic { function: String::from(&*call.function).into(), argument };
        self.keep(Value::Intrinsic(Box::new(call)), span)
    }

    /// The pieces of whatever can stand where a text belongs; `None` for a list, a map, or what is too long.
    pub(super) fn pieces<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        match &node.value {
            Value::Intrinsic(call) => match &*call.function {
                "Fn::Sub" | "Fn::Join" => Some(stays_open(node, self.pieces_of_call(node))),
                _ => match self.value(node) {
                    same if std::ptr::eq(same, node) => Some(vec![Piece::Open(node)]),
                    value => self.pieces(value),
                },
            },
            Value::String(text) if is_dynamic(text) => Some(vec![Piece::Open(node)]),
            Value::Number(text) if !is_plain_decimal(text) => Some(vec![Piece::Open(node)]),
            _ => scalar(node).map(|scalar| vec![Piece::Known(scalar.text)]),
        }
    }

    /// The pieces of a text in which parameters that may still have several values are open.
    pub(super) fn undecided_pieces<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        let Value::Intrinsic(call) = &node.value else { return self.pieces(node) };
        let items = match (&*call.function, &call.argument.value) {
            ("Ref", Value::String(name)) => {
                let parameter = self.template.parameters.get(&**name);
                let has_dynamic =
                    |known: &Parameter<'_>| known.allowed.iter().any(|value| is_dynamic(&value.text));
                let is_told = |known: &Parameter<'_>| {
                    known.is_list || known.has_ambiguous_values() || has_dynamic(known)
                };
                let is_open = self.fixed(name, parameter).is_none() && !parameter.is_some_and(is_told);
                return if is_open { Some(vec![Piece::Open(node)]) } else { self.pieces(node) };
            }
            ("Fn::Join", Value::Sequence(arguments)) => match &**arguments {
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
        Some(stays_open(node, Some(pieces.merged)))
    }

    fn pieces_of_call<'a>(&'a self, node: &'a Node<'a>) -> Option<Vec<Piece<'a>>> {
        let Value::Intrinsic(call) = &node.value else { return None };
        self.work(1, node.span)?;
        let pieces = match (&*call.function, &call.argument.value) {
            ("Fn::Sub", Value::String(text)) => self.substitute(text, &[], node.span)?,
            ("Fn::Sub", Value::Sequence(arguments)) => match &**arguments {
                [Node { value: Value::String(text), .. }] => self.substitute(text, &[], node.span)?,
                [Node { value: Value::String(text), .. }, Node { value: Value::Mapping(variables), .. }] => {
                    self.substitute(text, variables, node.span)?
                }
                // What such a text was made into, because not all of it is known.
                [Node { value: Value::String(nothing), .. }, Node { value: Value::Sequence(items), .. }]
                    if nothing.is_empty() =>
                {
                    let mut pieces = Pieces::default();
                    for item in items {
                        pieces.extend(self.pieces(item)?)?;
                    }
                    // Of one that somebody wrote CloudFormation makes nothing.
                    if whole(&pieces.merged).is_some() {
                        return None;
                    }
                    pieces.merged
                }
                // A map of one function's name reads as that function.
                _ => return None,
            },
            ("Fn::Join", Value::Sequence(arguments)) => {
                let [delimiter, list] = &**arguments else { return None };
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
                let call = Intrinsic { function: function.into(), argument };
                self.pieces(self.keep(Value::Intrinsic(Box::new(call)), span)?)?
            };
            pieces.extend(value)?;
        }
        pieces.push(Piece::Known(rest.into()))?;
        Some(pieces.merged)
    }
}

/// The pieces that a function comes to, or the function itself: where it cannot be told, and where they make a dynamic
/// reference.
fn stays_open<'a>(node: &'a Node<'a>, pieces: Option<Vec<Piece<'a>>>) -> Vec<Piece<'a>> {
    let is_reference = |piece: &Piece<'_>| match piece {
        Piece::Known(text) => is_dynamic(text),
        // It ends in another piece.
        Piece::Open(Node { value: Value::String(text), .. }) => {
            text.rsplit_once("{{resolve:").is_some_and(|(_, rest)| !rest.contains("}}"))
        }
        Piece::Open(_) => false,
    };
    let pieces = pieces.filter(|pieces| !pieces.iter().any(is_reference));
    pieces.unwrap_or_else(|| vec![Piece::Open(node)])
}

/// Whether a text has a dynamic reference in it, which stands for something else
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>).
fn is_dynamic(text: &str) -> bool {
    text.contains("{{resolve:")
}

/// Whether this is a function that gives a text.
fn is_text(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::Intrinsic(call) if matches!(&*call.function, "Fn::Sub" | "Fn::Join"))
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
fn list(text: &str, is_number: bool, span: Option<Span>) -> Value<'static> {
    if is_number {
        return Value::Sequence([Node { value: Value::Number(text.to_owned().into()), span }].into());
    }
    let item = |text: &str| Node { value: Value::String(text.trim().to_owned().into()), span };
    Value::Sequence(text.split(',').map(item).collect())
}
