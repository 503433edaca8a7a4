//! The document model: one tree for every input.
//!
//! Owns the types that hook events, templates and policy files are read into, and the two readers.
//! Must not know what a task definition, a rule or a hook is.

mod collected;
mod duplicate_keys;
pub mod json;
mod line_index;
mod lookup;
mod near;
mod partial;
mod quote;
mod reading;
mod scalar;
mod view;
mod written;
pub mod yaml;

use std::fmt;
use std::num::NonZeroU32;

pub use duplicate_keys::duplicate_keys;
pub use line_index::LineIndex;
pub(crate) use lookup::pieces_of;
pub use lookup::{Lookup, Name, Problem, Unresolved};
pub use near::did_you_mean;
#[cfg(test)]
pub(crate) use partial::partial;
pub use partial::{Holds, Part, Partial};
pub use quote::{on_one_line, quote, short, steers};
pub use reading::{MAXIMUM_SETTLED, Reading, Resolve, Settled, Trace};
pub use scalar::{Text, is_plain_decimal, is_zero, may_be_read_alike, may_be_read_as};
pub use view::{Items, View};
pub use written::Written;

/// How many levels of nesting either reader accepts.
///
/// The same as `serde_json`'s limit, so that no event the Lambda runtime's own tools accept is refused, and
/// small enough that a recursive descent cannot exhaust a thread's stack.
pub const MAXIMUM_DEPTH: usize = 127;

/// How many keys and values a template of so many bytes may hold.
///
/// A value takes sixteen times the memory of the two bytes that it can be written in, and a run is promised to take no more
/// than ten times its file. Where templates are long, a key or a value has ten bytes or more on average.
pub const fn maximum_values(length: usize) -> usize {
    250_000 + length / 5
}

/// Where a key or a value stands in its text: byte offsets, half-open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    // One more than the end: never zero, so that no place at all takes no more memory than one.
    after: NonZeroU32,
}

impl Span {
    /// The beginning of a text, for what stands nowhere in it.
    pub const NOWHERE: Self = Self::of(0, 0);

    /// From one offset to before another.
    pub const fn of(start: u32, end: u32) -> Self {
        // Both readers refuse texts of 4 GiB and more, so nothing is cut here.
        Self { start, after: NonZeroU32::MIN.saturating_add(end) }
    }

    pub(crate) fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self::of(narrow(start), narrow(end))
    }

    /// Offset of the first byte.
    pub const fn start(self) -> u32 {
        self.start
    }

    /// Offset after the last byte.
    pub const fn end(self) -> u32 {
        self.after.get() - 1
    }

    /// The part of `text` this span covers; empty when the span belongs to another text.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start() as usize..self.end() as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start(), self.end())
    }
}

/// A value with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// What was written.
    pub value: Value<'a>,
    /// Where it was written; `None` for a value that was computed, not written.
    pub span: Option<Span>,
}

/// A value, borrowed from the text wherever the text holds it unescaped.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean; in YAML also `yes`, `no`, `on` and `off`, as YAML 1.1 has them.
    Bool(bool),
    /// An unquoted number in its original spelling.
    Number(Written<'a>),
    /// A string: quoted, or unquoted and not a number, boolean or null.
    String(Written<'a>),
    /// A list.
    Sequence(Box<[Node<'a>]>),
    /// A map in the order written, duplicate keys included.
    Mapping(Box<[Entry<'a>]>),
    /// A CloudFormation intrinsic function, or a tag nobody knows: a value that is not fixed yet.
    Intrinsic(Box<Intrinsic<'a>>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// The key's text.
    pub key: Written<'a>,
    /// Where the key stands.
    pub key_span: Option<Span>,
    /// The value.
    pub value: Node<'a>,
}

/// An unresolved function call such as `!Ref Name` or `{"Fn::Sub": "…"}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Intrinsic<'a> {
    /// The long name (`Ref`, `Fn::Sub`); an unknown YAML tag keeps its own spelling (`!Custom`).
    pub function: Written<'a>,
    /// What it is applied to.
    pub argument: Node<'a>,
}

/// A document with its aliases expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'a> {
    /// The document.
    ///
    /// A value that an alias stands for has the alias's span, and what is inside it the spans of the anchored text;
    /// entries that a merge key adds come after those that are written.
    pub root: Node<'a>,
    /// The grammar it was read by.
    pub syntax: Syntax,
    /// The first anchor, alias or merge key, by their order in the text. CloudFormation supports neither aliases nor
    /// merge keys (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>).
    pub alias: Option<Span>,
    /// Where the text stands for more than one value, or for one that is written elsewhere: the anchored values that an
    /// alias repeats, aliases, and maps with a merge key. In the order of the text, none inside another.
    pub shared: Vec<Span>,
}

/// The grammar of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "proper names")]
pub enum Syntax {
    Json,
    Yaml,
}

impl Document<'_> {
    /// Whether a value is written once, where its span says, and for nothing else.
    pub fn is_unshared(&self, span: Span) -> bool {
        let after = self.shared.partition_point(|shared| shared.start() <= span.start());
        let before = after.checked_sub(1).and_then(|last| self.shared.get(last));
        before.is_none_or(|shared| span.end() > shared.end())
    }
}

impl<'a> Node<'a> {
    /// A mapping, or the function call that a mapping with one such key stands for.
    ///
    /// Both template formats write `{"Ref": "X"}` and `{"Fn::Sub": "…"}` for a call
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>).
    fn mapping(entries: Box<[Entry<'a>]>, span: Span) -> Self {
        let value = match Box::<[Entry<'a>; 1]>::try_from(entries) {
            Ok(only) if only.iter().all(|only| is_function_name(&only.key)) => {
                let [Entry { key, value, .. }] = *only;
                Value::Intrinsic(Box::new(Intrinsic { function: key, argument: value }))
            }
            Ok(only) => Value::Mapping(only),
            Err(entries) => Value::Mapping(entries),
        };
        Self { value, span: Some(span) }
    }

    /// Whether this is `Ref: AWS::NoValue`, which removes the property or list item it stands for.
    pub fn is_no_value(&self) -> bool {
        match &self.value {
            Value::Intrinsic(call) => {
                call.function == "Ref"
                    && matches!(&call.argument.value, Value::String(name) if name == "AWS::NoValue")
            }
            _ => false,
        }
    }

    /// Whether this counts as not written: `null` or `AWS::NoValue`.
    pub fn is_absent(&self) -> bool {
        matches!(self.value, Value::Null) || self.is_no_value()
    }

    /// The first value under exactly this key, if this is a mapping.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        let Value::Mapping(entries) = &self.value else {
            return None;
        };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Whether two values are written alike, wherever they stand.
    pub fn is_like(&self, other: &Node<'_>) -> bool {
        match (&self.value, &other.value) {
            (Value::Sequence(items), Value::Sequence(others)) => {
                items.len() == others.len() && items.iter().zip(others).all(|(one, other)| one.is_like(other))
            }
            (Value::Mapping(entries), Value::Mapping(others)) => {
                let mut pairs = entries.iter().zip(others);
                entries.len() == others.len()
                    && pairs.all(|(one, other)| one.key == other.key && one.value.is_like(&other.value))
            }
            (Value::Intrinsic(one), Value::Intrinsic(other)) => {
                one.function == other.function && one.argument.is_like(&other.argument)
            }
            (one, other) => one == other,
        }
    }

    /// A copy that holds all its texts itself.
    pub fn detached(&self) -> Node<'static> {
        let text = |text: &Written<'_>| Written::from(text.to_string());
        let value = match &self.value {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Number(number) => Value::Number(text(number)),
            Value::String(string) => Value::String(text(string)),
            Value::Sequence(items) => Value::Sequence(items.iter().map(Node::detached).collect()),
            Value::Mapping(entries) => Value::Mapping(entries.iter().map(Entry::detached).collect()),
            Value::Intrinsic(call) => Value::Intrinsic(Box::new(Intrinsic {
                function: text(&call.function),
                argument: call.argument.detached(),
            })),
        };
        Node { value, span: self.span }
    }

    /// Whether this, or one of the texts in it that a function may put together, holds another.
    pub fn has_text_with(&self, text: &str) -> bool {
        match &self.value {
            Value::String(written) => written.contains(text),
            Value::Sequence(items) => items.iter().any(|item| item.has_text_with(text)),
            Value::Intrinsic(call) => call.argument.has_text_with(text),
            _ => false,
        }
    }

    /// The names that its functions refer to: of parameters, of resources.
    pub fn references(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect_references(self, &mut names);
        names
    }

    /// About how much memory such a copy takes, in bytes.
    pub fn detached_size(&self) -> usize {
        let below = match &self.value {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(text) | Value::String(text) => text.len(),
            Value::Sequence(items) => items.iter().map(Node::detached_size).sum(),
            Value::Mapping(entries) => {
                let of_key = |entry: &Entry<'_>| entry.key.len() + size_of::<Entry<'_>>() - size_of::<Self>();
                entries.iter().map(|entry| of_key(entry) + entry.value.detached_size()).sum()
            }
            Value::Intrinsic(call) => call.function.len() + call.argument.detached_size(),
        };
        size_of::<Self>() + below
    }

    /// What kind of value this is, in words that follow "is": "a map".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Intrinsic(_) => "a function",
        }
    }
}

impl Entry<'_> {
    /// Whether some reader makes this text of the key: of one that is written without quotes, as a number, a boolean or
    /// nothing, it may be another than what is written.
    pub fn may_have_key(&self, text: &str) -> bool {
        if self.key == text {
            return true;
        }
        match self.unquoted_key() {
            Some(Value::Number(number)) => !is_plain_decimal(&number) && may_be_read_as(&number, text),
            Some(Value::Bool(is_true)) => text == if is_true { "true" } else { "false" },
            Some(Value::Null) => matches!(text, "" | "null"),
            _ => false,
        }
    }

    /// Whether readers differ about the text of the key.
    pub fn has_ambiguous_key(&self) -> bool {
        match self.unquoted_key() {
            Some(Value::Number(number)) => !is_plain_decimal(&number),
            Some(Value::Bool(_)) => !matches!(&*self.key, "true" | "false"),
            Some(Value::Null) => true,
            _ => false,
        }
    }

    /// What the key is to whoever does not take every key for a text, if it is written without quotes.
    fn unquoted_key(&self) -> Option<Value<'_>> {
        // Quotes are part of the place.
        let is_written = |span: Span| span.end().saturating_sub(span.start()) as usize == self.key.len();
        self.key_span.is_some_and(is_written).then(|| scalar::plain(&self.key))
    }

    /// A copy that holds all its texts itself.
    pub fn detached(&self) -> Entry<'static> {
        let key = self.key.to_string().into();
        Entry { key, key_span: self.key_span, value: self.value.detached() }
    }
}

/// Whether a key names a CloudFormation function when it stands alone in a map.
fn is_function_name(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

/// Adds what a text for `Fn::Sub` names that is no variable of its own.
fn collect_substituted<'a>(text: &'a str, variables: &[Entry<'_>], names: &mut Vec<&'a str>) {
    for part in text.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        let name = name.trim();
        let is_other =
            name.starts_with('!') || name.contains('.') || variables.iter().any(|own| own.key == name);
        if !is_other && !names.contains(&name) {
            names.push(name);
        }
    }
}

fn collect_references<'a>(node: &'a Node<'a>, names: &mut Vec<&'a str>) {
    match &node.value {
        Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
            ("Ref", Value::String(name)) if !names.contains(&&**name) => names.push(name),
            ("Ref", _) => {}
            // What is put together is a reference of its own, whatever its name comes to be.
            ("Fn::Sub" | "Fn::Join", _) if call.argument.has_text_with("{{resolve:") => {}
            ("Fn::Sub", Value::String(text)) => collect_substituted(text, &[], names),
            ("Fn::Sub", Value::Sequence(items)) => {
                if let [Node { value: Value::String(text), .. }, variables] = &**items {
                    let own = if let Value::Mapping(entries) = &variables.value { &**entries } else { &[] };
                    collect_substituted(text, own, names);
                }
                collect_references(&call.argument, names);
            }
            _ => collect_references(&call.argument, names),
        },
        Value::Sequence(items) => items.iter().for_each(|item| collect_references(item, names)),
        Value::Mapping(entries) => entries.iter().for_each(|entry| collect_references(&entry.value, names)),
        _ => {}
    }
}
