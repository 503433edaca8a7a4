//! What a lookup may find.
//!
//! Owns the four answers, known, absent, unresolved and malformed, with the words for the last two. Must not know how
//! a tree is read, nor what the properties mean.

use std::borrow::Cow;
use std::fmt;

use super::{Entry, Node, Part, Partial, Span, Value, is_plain_decimal, quote, steers};

/// The function that calls a macro.
const TRANSFORM: &str = "Fn::Transform";

/// Which template to check where a macro decides, in words that follow "the template that".
const PROCESSED: &str =
    "the macro makes: `aws cloudformation get-template --template-stage Processed` shows it.";

/// What a lookup found.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<'a, T> {
    /// The value, and where it stands.
    Known(T, &'a Node<'a>),
    /// Nothing: not written, `null`, or `AWS::NoValue`.
    Absent,
    /// Something that is decided later.
    Unresolved(Unresolved<'a>),
    /// Something that cannot be what belongs there.
    Malformed(Problem<'a>),
}

impl<'a, T> Lookup<'a, T> {
    pub(super) fn map<U>(
        self,
        convert: impl FnOnce(T, &'a Node<'a>) -> Result<U, Problem<'a>>,
    ) -> Lookup<'a, U> {
        match self {
            Self::Known(value, node) => match convert(value, node) {
                Ok(value) => Lookup::Known(value, node),
                Err(problem) => Lookup::Malformed(problem),
            },
            Self::Absent => Lookup::Absent,
            Self::Unresolved(unresolved) => Lookup::Unresolved(unresolved),
            Self::Malformed(problem) => Lookup::Malformed(problem),
        }
    }
}

/// What a place is called: a property, or an item of the list that a property holds. Displays as "`User`".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The property.
    pub property: &'static str,
    pub(super) is_item: bool,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { property, is_item } = self;
        if *is_item { write!(f, "an item of `{property}`") } else { write!(f, "`{property}`") }
    }
}

/// A value that is decided later. Displays as "`Privileged` is decided by `Ref`".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unresolved<'a> {
    /// What is undecided.
    pub name: Name,
    /// The function, or the string with a dynamic reference, in its place.
    pub node: &'a Node<'a>,
}

impl<'a> Unresolved<'a> {
    /// What is known of it as a text: what stands around a dynamic reference, and the parts that a function puts together
    /// with nothing between them.
    pub fn partial(&self) -> Partial<'a> {
        partial_of(self.node)
    }

    /// Whether a function decides it, and not a reference in a text.
    pub fn is_function(&self) -> bool {
        !matches!(self.node.value, Value::String(_))
    }

    /// Whether one of the texts that are certainly part of it holds `text`, dynamic references included.
    pub fn mentions(&self, text: &str) -> bool {
        let holds = |node: &Node<'_>| matches!(&node.value, Value::String(written) if written.contains(text));
        self.pieces().map_or_else(|| holds(self.node), |pieces| pieces.iter().any(holds))
    }

    /// Whether both certainly come to the same: two functions, or texts with dynamic references, that read alike. One
    /// node that hides two properties does not make them equal.
    pub fn is_same_as(&self, other: &Self) -> bool {
        !std::ptr::eq(self.node, other.node) && reads_alike(self.only_piece(), other.only_piece())
    }

    /// What it stands for, where a function adds nothing: `!Sub '${Role}'` is `!Ref Role`.
    fn only_piece(&self) -> &'a Node<'a> {
        match self.pieces() {
            Some([only]) => only,
            _ => self.node,
        }
    }

    /// Whether it may come to be `AWS::NoValue`, so that there is nothing.
    pub fn may_be_absent(&self) -> bool {
        // A function among other keys adds properties, or does not.
        matches!(self.node.value, Value::Mapping(_)) || may_be_absent(self.node)
    }

    /// The nodes that a function puts together with nothing between them.
    fn pieces(&self) -> Option<&'a [Node<'a>]> {
        pieces_of(self.node)
    }

    /// The names that its open functions refer to: of parameters, of resources.
    pub fn references(&self) -> Vec<&'a str> {
        match &self.node.value {
            // What decides is the function's own doing, whatever it refers to, and what stands beside it decides nothing.
            Value::Mapping(_) => Vec::new(),
            Value::Intrinsic(call) if call.function == TRANSFORM => Vec::new(),
            _ => self.node.references(),
        }
    }

    /// Where the function stands that decides it, or the text.
    pub fn span(&self) -> Option<Span> {
        self.adding().map_or(self.node.span, |entry| entry.key_span)
    }

    /// What to write instead, or where to see what it comes to.
    pub fn remediation(&self) -> String {
        let name = self.name;
        let added_by = self.adding().map(|entry| &*entry.key);
        let is_macro = match &self.node.value {
            Value::Intrinsic(call) => call.function == TRANSFORM,
            _ => added_by == Some(TRANSFORM),
        };
        let written = match added_by {
            Some(_) => "Write the properties out that the function adds".to_owned(),
            None => format!("Write the value of {name} itself"),
        };
        if is_macro {
            format!("{written}, or check the template that {PROCESSED}")
        } else {
            format!("{written}.")
        }
    }

    /// The function among other keys that adds properties, if it is one.
    fn adding(&self) -> Option<&'a Entry<'a>> {
        let Value::Mapping(entries) = &self.node.value else { return None };
        entries.iter().find(|entry| entry.key.starts_with("Fn::"))
    }
}

/// What is known of a node as a text.
pub(super) fn partial_of<'a>(node: &'a Node<'a>) -> Partial<'a> {
    let mut partial = Partial::default();
    push_pieces(&mut partial, pieces_of(node).unwrap_or(std::slice::from_ref(node)));
    partial
}

/// The nodes that a function puts together with nothing between them.
pub(crate) fn pieces_of<'a>(node: &'a Node<'a>) -> Option<&'a [Node<'a>]> {
    let Value::Intrinsic(call) = &node.value else { return None };
    let ("Fn::Join" | "Fn::Sub", Value::Sequence(arguments)) = (&*call.function, &call.argument.value) else {
        return None;
    };
    match &**arguments {
        [Node { value: Value::String(delimiter), .. }, Node { value: Value::Sequence(items), .. }] => {
            delimiter.is_empty().then_some(items)
        }
        _ => None,
    }
}

/// Adds what is known of nodes that stand side by side. A dynamic reference may begin in one and end in another.
fn push_pieces<'a>(partial: &mut Partial<'a>, pieces: &'a [Node<'a>]) {
    let mut is_in_reference = false;
    for piece in pieces {
        let text: &'a str = match &piece.value {
            Value::String(text) => text,
            Value::Number(text) if is_plain_decimal(text) => text,
            _ if is_in_reference => continue,
            _ => {
                partial.push(if is_plain_pseudo_parameter(piece) { Part::Plain } else { Part::Open });
                continue;
            }
        };
        let mut rest = text;
        loop {
            if is_in_reference {
                let Some((_, after)) = rest.split_once("}}") else { break };
                rest = after;
                is_in_reference = false;
            }
            let Some((before, reference)) = split_at_reference(rest) else {
                partial.push(Part::Known(Cow::Borrowed(rest)));
                break;
            };
            partial.push(Part::Known(Cow::Borrowed(before)));
            partial.push(Part::Open);
            rest = reference;
            is_in_reference = true;
        }
    }
}

/// Whether this is a pseudo parameter whose values hold letters, digits, `-` and `.` only
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>).
fn is_plain_pseudo_parameter(node: &Node<'_>) -> bool {
    const PLAIN: &[&str] =
        &["AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"];
    let Value::Intrinsic(call) = &node.value else { return false };
    call.function == "Ref" && matches!(&call.argument.value, Value::String(name) if PLAIN.contains(&&**name))
}

/// Whether a function may come to be `AWS::NoValue`: a text that is put together or taken from elsewhere never does.
pub(super) fn may_be_absent(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Intrinsic(call) => {
            !matches!(&*call.function, "Fn::Join" | "Fn::Sub" | "Fn::GetAtt" | "Fn::ImportValue")
                && !is_plain_pseudo_parameter(node)
        }
        _ => false,
    }
}

/// Whether two nodes are written alike, wherever they stand. `Fn::GetAtt` takes a list or one text with a dot.
fn reads_alike(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.value, &other.value) {
        (Value::Sequence(one), Value::Sequence(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| reads_alike(one, other))
        }
        (Value::Mapping(one), Value::Mapping(other)) => {
            let is_alike = |(one, other): (&Entry<'_>, &Entry<'_>)| {
                one.key == other.key && reads_alike(&one.value, &other.value)
            };
            one.len() == other.len() && one.iter().zip(other).all(is_alike)
        }
        (Value::Intrinsic(one), Value::Intrinsic(other)) => {
            one.function == other.function
                && (reads_alike(&one.argument, &other.argument)
                    || one.function == "Fn::GetAtt"
                        && attribute(&one.argument)
                            .is_some_and(|name| Some(name) == attribute(&other.argument)))
        }
        (one, other) => one == other,
    }
}

/// What `Fn::GetAtt` asks for, as one text.
fn attribute(argument: &Node<'_>) -> Option<String> {
    match &argument.value {
        Value::String(name) => Some(String::from(&**name)),
        Value::Sequence(items) => {
            let name = |item: &Node<'_>| match &item.value {
                Value::String(name) => Some(String::from(&**name)),
                _ => None,
            };
            items.iter().map(name).collect::<Option<Vec<_>>>().map(|names| names.join("."))
        }
        _ => None,
    }
}

/// What CloudFormation replaces at deployment, secrets and secure strings even after the hook ran
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>), and what a change set
/// shows for a value that only its execution brings.
const REFERENCES: &[&str] = &["{{resolve:", "{{changeSet:"];

pub(super) fn split_at_reference(text: &str) -> Option<(&str, &str)> {
    // Every text is searched, and hardly any holds a brace: looking for one costs less than getting ready to look for a word.
    let begins = |rest: &str| REFERENCES.iter().any(|opening| rest.starts_with(opening));
    let mut braces = text.match_indices('{').filter_map(|(at, _)| text.split_at_checked(at));
    braces.find(|(_, rest)| begins(rest))
}

impl fmt::Display for Unresolved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match &self.node.value {
            Value::Intrinsic(call) => write!(f, "{name} is decided by {}", quote(&call.function)),
            Value::Mapping(_) => write!(f, "{name} is decided by a function that adds properties"),
            _ => write!(f, "{name} is a dynamic reference"),
        }
    }
}

/// Why a value cannot be what belongs in its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Problem<'a> {
    /// What was looked for.
    pub name: Name,
    /// The offending value.
    pub node: &'a Node<'a>,
    pub(super) kind: ProblemKind<'a>,
}

/// What belongs where one of two is meant.
pub(super) const BOOLEAN: &str = "a boolean";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ProblemKind<'a> {
    Expected(&'static str),
    Miscased(&'a Entry<'a>),
}

impl<'a> Problem<'a> {
    /// The entry whose key is in another casing than it must be, if that is the problem.
    pub fn miscased(&self) -> Option<&'a Entry<'a>> {
        match self.kind {
            ProblemKind::Miscased(entry) => Some(entry),
            ProblemKind::Expected(_) => None,
        }
    }

    /// Whether a boolean belongs there.
    pub fn is_of_boolean(&self) -> bool {
        matches!(self.kind, ProblemKind::Expected(BOOLEAN))
    }

    /// What to write instead.
    pub fn remediation(&self) -> String {
        match self.kind {
            ProblemKind::Expected(expected) => format!("Write {expected} there."),
            ProblemKind::Miscased(_) => format!("Write it {}: names are case-sensitive.", self.name),
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.kind {
            ProblemKind::Expected(expected) => {
                write!(f, "{name} is not {expected} but {}", self.node.kind())?;
                let invisible = |character: &char| {
                    !character.is_ascii() && character.is_whitespace() || steers(*character)
                };
                match &self.node.value {
                    // Nobody would see what is wrong.
                    Value::String(text) if let Some(character) = text.chars().find(invisible) => {
                        write!(f, " with an invisible character in it, U+{:04X}", u32::from(character))
                    }
                    _ => Ok(()),
                }
            }
            ProblemKind::Miscased(entry) => {
                write!(f, "unknown property `{}`, did you mean {name}?", entry.key)
            }
        }
    }
}
