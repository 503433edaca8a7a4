//! Reading a tree without forgetting a case.
//!
//! Owns [`View`], whose every lookup answers known, absent, unresolved or malformed, and [`Reading`], by which
//! duplicate keys are all tried and functions are evaluated. Must not know what the properties mean, nor how a
//! function is evaluated.
//!
//! The shapes CloudFormation accepts for a scalar are read here once, for all rules: booleans and numbers may
//! be strings (stack events and change sets carry them so), absent and `null` and `AWS::NoValue` are one.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use super::{Entry, Node, Part, Partial, Text, Value, quote};

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
    fn map<U>(self, convert: impl FnOnce(T, &'a Node<'a>) -> Result<U, Problem<'a>>) -> Lookup<'a, U> {
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
    is_item: bool,
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
        let mut partial = Partial::default();
        match self.pieces() {
            Some(pieces) => push_pieces(&mut partial, pieces),
            None => push_pieces(&mut partial, std::slice::from_ref(self.node)),
        }
        partial
    }

    /// Whether one of the texts that are certainly part of it holds `text`, dynamic references included.
    pub fn mentions(&self, text: &str) -> bool {
        let holds = |node: &Node<'_>| matches!(&node.value, Value::String(written) if written.contains(text));
        self.pieces().map_or_else(|| holds(self.node), |pieces| pieces.iter().any(holds))
    }

    /// Whether both certainly come to the same: two functions, or texts with dynamic references, that read alike. One
    /// node that hides two properties does not make them equal.
    pub fn is_same_as(&self, other: &Self) -> bool {
        !std::ptr::eq(self.node, other.node) && reads_alike(self.node, other.node)
    }

    /// Whether it may come to be `AWS::NoValue`, so that there is nothing.
    pub fn may_be_absent(&self) -> bool {
        // A function among other keys adds properties, or does not.
        matches!(self.node.value, Value::Mapping(_)) || may_be_absent(self.node)
    }

    /// The nodes that a function puts together with nothing between them.
    fn pieces(&self) -> Option<&'a [Node<'a>]> {
        let Value::Intrinsic(call) = &self.node.value else { return None };
        let ("Fn::Join" | "Fn::Sub", Value::Sequence(arguments)) = (&*call.function, &call.argument.value)
        else {
            return None;
        };
        match arguments.as_slice() {
            [Node { value: Value::String(delimiter), .. }, Node { value: Value::Sequence(items), .. }] => {
                delimiter.is_empty().then_some(items)
            }
            _ => None,
        }
    }

    /// The names that its open functions refer to: of parameters, of resources.
    pub fn references(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        collect_references(self.node, &mut names);
        names
    }
}

/// Adds what is known of nodes that stand side by side. A dynamic reference may begin in one and end in another.
fn push_pieces<'a>(partial: &mut Partial<'a>, pieces: &'a [Node<'a>]) {
    let mut is_in_reference = false;
    for piece in pieces {
        let text: &'a str = match &piece.value {
            Value::String(text) | Value::Number(text) => text,
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
fn may_be_absent(node: &Node<'_>) -> bool {
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
        Value::String(name) => Some(name.clone().into_owned()),
        Value::Sequence(items) => {
            let name = |item: &Node<'_>| match &item.value {
                Value::String(name) => Some(name.clone().into_owned()),
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

fn split_at_reference(text: &str) -> Option<(&str, &str)> {
    let at = REFERENCES.iter().filter_map(|opening| text.find(opening)).min()?;
    text.split_at_checked(at)
}

fn collect_references<'a>(node: &'a Node<'a>, names: &mut Vec<&'a str>) {
    match &node.value {
        Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
            ("Ref", Value::String(name)) if !names.contains(&&**name) => names.push(name),
            ("Ref", _) => {}
            _ => collect_references(&call.argument, names),
        },
        Value::Sequence(items) => items.iter().for_each(|item| collect_references(item, names)),
        Value::Mapping(entries) => entries.iter().for_each(|entry| collect_references(&entry.value, names)),
        _ => {}
    }
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
    kind: ProblemKind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ProblemKind<'a> {
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
            ProblemKind::Expected(expected) => write!(f, "{name} is not {expected} but {}", self.node.kind()),
            ProblemKind::Miscased(entry) => {
                write!(f, "unknown property `{}`, did you mean {name}?", entry.key)
            }
        }
    }
}

/// Evaluates functions while a tree is read.
pub trait Resolve {
    /// What a function stands for: the value, `AWS::NoValue`, or a function where it is open. Asked again for the same
    /// node in the same reading, it answers the same.
    fn resolve<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// The same, of what is certain in this reading already: nothing is assumed for it, and what would have to be is open.
    fn resolve_if_certain<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;
}

/// How a tree is read: which of the values under a duplicate key is looked at, and what functions stand for.
///
/// Nobody promises whether CloudFormation takes the first or the last of two equal keys, so every value is
/// judged: the first pass takes the first values and records where there was more than one; each call of
/// [`Reading::advance`] moves on to another combination.
pub struct Reading<'a> {
    choices: RefCell<Vec<Choice>>,
    /// Where the choices of the innermost scope begin.
    scope: Cell<usize>,
    resolver: Option<&'a dyn Resolve>,
}

/// How many duplicate keys one pass may meet; each at least doubles the number of combinations.
const MAXIMUM_CHOICES: usize = 16;

#[derive(Debug)]
struct Choice {
    /// Identifies the mapping: the address of its entries.
    mapping: usize,
    key: &'static str,
    taken: usize,
    available: usize,
    is_duplicate: bool,
}

impl<'a> Reading<'a> {
    /// A first pass; without a resolver, every function is unresolved.
    pub fn new(resolver: Option<&'a dyn Resolve>) -> Self {
        Self { choices: RefCell::default(), scope: Cell::new(0), resolver }
    }

    fn pick(&self, mapping: usize, key: &'static str, available: usize, is_duplicate: bool) -> usize {
        let mut choices = self.choices.borrow_mut();
        if let Some(made) = choices.iter().find(|choice| choice.mapping == mapping && choice.key == key) {
            return made.taken;
        }
        // One more than the limit is kept, to know that there were more.
        if choices.len() - self.scope.get() <= MAXIMUM_CHOICES {
            choices.push(Choice { mapping, key, taken: 0, available, is_duplicate });
        }
        0
    }

    fn resolve(&self, node: &'a Node<'a>) -> &'a Node<'a> {
        match (&node.value, self.resolver) {
            (Value::Intrinsic(_), Some(resolver)) => resolver.resolve(node),
            _ => node,
        }
    }

    /// Begins a scope whose duplicates are tried apart from those outside; answers what [`Reading::leave`] wants.
    pub fn enter(&self) -> usize {
        self.scope.replace(self.choices.borrow().len())
    }

    /// Ends the innermost scope and forgets its choices.
    pub fn leave(&self, outer: usize) {
        self.choices.borrow_mut().truncate(self.scope.replace(outer));
    }

    /// Whether a pass met more duplicate keys in this scope than can be tried.
    pub fn has_too_many(&self) -> bool {
        self.choices.borrow().len() - self.scope.get() > MAXIMUM_CHOICES
    }

    /// Moves to the next combination of this scope; `false` when all have been seen.
    pub fn advance(&self) -> bool {
        let mut choices = self.choices.borrow_mut();
        while choices.len() > self.scope.get()
            && let Some(last) = choices.last_mut()
        {
            if last.taken + 1 < last.available {
                last.taken += 1;
                return true;
            }
            choices.pop();
        }
        false
    }

    /// The duplicate keys that the pass which just ended met in this scope.
    pub fn duplicates(&self) -> Vec<&'static str> {
        let choices = self.choices.borrow();
        let of_scope = choices.iter().skip(self.scope.get());
        of_scope.filter(|choice| choice.is_duplicate).map(|choice| choice.key).collect()
    }
}

/// A place in a tree: a value, or the reason there is none.
#[derive(Clone, Copy)]
pub struct View<'a> {
    name: Name,
    state: State<'a>,
    reading: &'a Reading<'a>,
}

#[derive(Debug, Clone, Copy)]
enum State<'a> {
    Present(&'a Node<'a>),
    Absent,
    Unresolved(Unresolved<'a>),
    Malformed(Problem<'a>),
}

impl<'a> View<'a> {
    /// Looks at `node`, which is called `property` in messages.
    #[must_use]
    pub fn new(property: &'static str, node: &'a Node<'a>, reading: &'a Reading<'a>) -> Self {
        Self::resolved(Name { property, is_item: false }, reading.resolve(node), reading)
    }

    fn resolved(name: Name, node: &'a Node<'a>, reading: &'a Reading<'a>) -> Self {
        let state = match &node.value {
            _ if node.is_absent() => State::Absent,
            Value::Intrinsic(_) => State::Unresolved(Unresolved { name, node }),
            _ => State::Present(node),
        };
        Self { name, state, reading }
    }

    /// What the place is called.
    pub fn name(self) -> Name {
        self.name
    }

    /// What stands there, if something does that is known.
    pub fn node(self) -> Option<&'a Node<'a>> {
        if let State::Present(node) = self.state { Some(node) } else { None }
    }

    /// How the tree is read.
    pub fn reading(self) -> &'a Reading<'a> {
        self.reading
    }

    /// The value of a map's key.
    ///
    /// A key in another casing is not the property, and its presence in place of the property is malformed.
    #[must_use]
    pub fn field(self, property: &'static str) -> Self {
        let name = Name { property, is_item: false };
        let state = match self.mapping() {
            Lookup::Known(entries, node) => return self.entry(entries, node, name),
            Lookup::Absent => State::Absent,
            Lookup::Unresolved(unresolved) => State::Unresolved(unresolved),
            Lookup::Malformed(problem) => State::Malformed(problem),
        };
        Self { name, state, reading: self.reading }
    }

    fn entry(self, entries: &'a [Entry<'a>], node: &'a Node<'a>, name: Name) -> Self {
        let (key, reading) = (name.property, self.reading);
        let mut found = None;
        let mut count = 0;
        let mut miscased: Option<(&Entry<'_>, &Node<'_>)> = None;
        let mut adds_keys = false;
        for entry in entries {
            if entry.key == key {
                found = found.or(Some(&entry.value));
                count += 1;
            } else if entry.key.eq_ignore_ascii_case(key) {
                let value = reading.resolve(&entry.value);
                // Of several, one that is certainly there.
                if !value.is_absent() && miscased.is_none_or(|(_, other)| may_be_absent(other)) {
                    miscased = Some((entry, value));
                }
            } else if entry.key.starts_with("Fn::") {
                adds_keys = true;
            }
        }
        // A function among other keys adds properties nobody can see yet, this one perhaps: what is written is one
        // possibility, what the function says another.
        let available = count + usize::from(adds_keys);
        let chosen = if available > 1 {
            reading.pick(std::ptr::from_ref(entries).addr(), key, available, count > 1)
        } else {
            0
        };
        if adds_keys && chosen == count {
            return Self { name, state: State::Unresolved(Unresolved { name, node }), reading };
        }
        if chosen > 0 {
            found = entries.iter().filter(|entry| entry.key == key).map(|entry| &entry.value).nth(chosen);
        }
        let found = found.map(|value| reading.resolve(value)).filter(|value| !value.is_absent());
        let state = match (found, miscased) {
            (Some(value), _) => return Self::resolved(name, value, reading),
            // It may come to be `AWS::NoValue`, and then there is no such key.
            (None, Some((_, node))) if may_be_absent(node) => State::Unresolved(Unresolved { name, node }),
            (None, Some((entry, node))) => {
                State::Malformed(Problem { name, node, kind: ProblemKind::Miscased(entry) })
            }
            (None, None) => State::Absent,
        };
        Self { name, state, reading }
    }

    /// A key's text, or number in its original spelling, for those who only want to name or find something: where it is
    /// not certain in this reading already, there is none. Nothing is assumed for it.
    pub fn certain_text(self, property: &str) -> Option<(&'a str, &'a Node<'a>)> {
        let Lookup::Known(entries, _) = self.mapping() else { return None };
        let mut of_key =
            entries.iter().filter(|entry| entry.key == property || entry.key.starts_with("Fn::"));
        let (entry, None) = (of_key.next()?, of_key.next()) else { return None };
        let node = match self.reading.resolver {
            Some(resolver) => resolver.resolve_if_certain(&entry.value),
            None => &entry.value,
        };
        match &node.value {
            Value::String(text) | Value::Number(text) if split_at_reference(text).is_none() => {
                Some((text, node))
            }
            _ => None,
        }
    }

    /// The value of a key as it is written, to point at.
    pub fn written(self, property: &str) -> Option<&'a Node<'a>> {
        let Lookup::Known(entries, _) = self.mapping() else { return None };
        entries.iter().find(|entry| entry.key == property).map(|entry| &entry.value)
    }

    /// A boolean, or the string `true` or `false` in any casing.
    pub fn bool(self) -> Lookup<'a, bool> {
        self.scalar("a boolean", |value| match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    /// A string, or a number in its original spelling.
    pub fn string(self) -> Lookup<'a, Text<'a>> {
        self.scalar("a string", |value| match value {
            Value::String(text) => Some(Text { text, is_number: false }),
            Value::Number(text) => Some(Text { text, is_number: true }),
            _ => None,
        })
    }

    /// A whole number that is not negative, or a string of its digits.
    pub fn integer(self) -> Lookup<'a, u64> {
        self.scalar("a whole number", |value| match value {
            Value::String(text) | Value::Number(text) => text.parse().ok(),
            _ => None,
        })
    }

    fn scalar<T>(
        self,
        expected: &'static str,
        read: impl FnOnce(&'a Value<'a>) -> Option<T>,
    ) -> Lookup<'a, T> {
        match self.present() {
            Lookup::Known((), node) if matches!(&node.value, Value::String(text) if split_at_reference(text).is_some()) => {
                Lookup::Unresolved(Unresolved { name: self.name, node })
            }
            lookup => lookup.map(|(), node| read(&node.value).ok_or(self.expected(expected, node))),
        }
    }

    /// A map's entries.
    pub fn mapping(self) -> Lookup<'a, &'a [Entry<'a>]> {
        self.present().map(|(), node| match &node.value {
            Value::Mapping(entries) => Ok(entries.as_slice()),
            _ => Err(self.expected("a map", node)),
        })
    }

    /// A list's items.
    pub fn list(self) -> Lookup<'a, Items<'a>> {
        self.present().map(|(), node| match &node.value {
            Value::Sequence(items) => {
                let property = self.name.property;
                Ok(Items { property, nodes: items.iter(), position: 0, reading: self.reading })
            }
            _ => Err(self.expected("a list", node)),
        })
    }

    fn present(self) -> Lookup<'a, ()> {
        match self.state {
            State::Present(node) => Lookup::Known((), node),
            State::Absent => Lookup::Absent,
            State::Unresolved(unresolved) => Lookup::Unresolved(unresolved),
            State::Malformed(problem) => Lookup::Malformed(problem),
        }
    }

    fn expected(self, expected: &'static str, node: &'a Node<'a>) -> Problem<'a> {
        Problem { name: self.name, node, kind: ProblemKind::Expected(expected) }
    }
}

/// The items of a list that are not `null` or `AWS::NoValue`.
#[derive(Clone)]
pub struct Items<'a> {
    property: &'static str,
    nodes: std::slice::Iter<'a, Node<'a>>,
    position: usize,
    reading: &'a Reading<'a>,
}

impl Items<'_> {
    /// The same list as if only the item at this place, from 1, were in it.
    #[must_use]
    pub fn only(self, position: usize) -> Self {
        let (skipped, nodes) = match self.nodes.as_slice().get(position.saturating_sub(1)) {
            Some(node) => (position.saturating_sub(1), std::slice::from_ref(node).iter()),
            None => (self.position, [].iter()),
        };
        Self { nodes, position: skipped, ..self }
    }

    /// Whether nothing is written in the list.
    pub fn is_empty(&self) -> bool {
        self.nodes.as_slice().is_empty()
    }

    /// The place of the item that came last, from 1, in the list as it is written.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        loop {
            let item = self.reading.resolve(self.nodes.next()?);
            self.position += 1;
            if !item.is_absent() {
                return Some(View::resolved(
                    Name { property: self.property, is_item: true },
                    item,
                    self.reading,
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::{Lookup, Part, Reading, View};

    /// What a lookup in `text` says: a known value, or the kind of answer with its words.
    fn read<T: std::fmt::Debug>(text: &str, look: impl Fn(View<'_>) -> Lookup<'_, T>) -> String {
        let node = yaml::read(text).unwrap();
        let reading = Reading::new(None);
        match look(View::new("Root", &node, &reading)) {
            Lookup::Known(value, _) => format!("{value:?}"),
            Lookup::Absent => "absent".into(),
            Lookup::Unresolved(unresolved) => format!("unresolved: {unresolved}"),
            Lookup::Malformed(problem) => format!("malformed: {problem}"),
        }
    }

    #[test]
    fn booleans_in_the_shapes_cloudformation_accepts() {
        for (text, expected) in [
            ("A: true", "true"),
            ("A: 'TRUE'", "true"),
            ("A: yes", "true"),
            ("A: \"fAlse\"", "false"),
            ("A: null", "absent"),
            ("A: !Ref AWS::NoValue", "absent"),
            ("A: {Ref: AWS::NoValue}", "absent"),
            ("B: true", "absent"),
            ("A: !Ref X", "unresolved: `A` is decided by `Ref`"),
            ("A: '{{resolve:ssm:/x}}'", "unresolved: `A` is a dynamic reference"),
            ("A: 'yes'", "malformed: `A` is not a boolean but a string"),
            ("A: 1", "malformed: `A` is not a boolean but a number"),
            ("A: ' true'", "malformed: `A` is not a boolean but a string"),
            ("A: [true]", "malformed: `A` is not a boolean but a list"),
            ("a: true", "malformed: unknown property `a`, did you mean `A`?"),
            ("{A: null, a: true}", "malformed: unknown property `a`, did you mean `A`?"),
            ("{A: false, a: true}", "false"),
            ("a: null", "absent"),
            ("a: !Ref X", "unresolved: `A` is decided by `Ref`"),
            ("a: !Sub '${X}'", "malformed: unknown property `a`, did you mean `A`?"),
            ("[]", "malformed: `Root` is not a map but a list"),
        ] {
            assert_eq!(read(text, |root| root.field("A").bool()), expected, "{text}");
        }
    }

    #[test]
    fn a_function_hides_what_is_below_and_beside_it() {
        let below = |text| read(text, |root| root.field("A").field("B").bool());
        assert_eq!(below("A: !If [C, {B: false}, {B: false}]"), "unresolved: `A` is decided by `Fn::If`");
        assert_eq!(below("!Foo {A: {B: false}}"), "unresolved: `Root` is decided by `!Foo`");
        let beside = below("A: {C: false, Fn::Transform: {Name: X}}");
        assert_eq!(beside, "unresolved: `B` is decided by a function that adds properties");
    }

    /// What is known of `A` as a text: known parts, `~` for a plain part, `?` for an open one.
    fn partial(text: &str) -> String {
        let node = yaml::read(text).unwrap();
        let reading = Reading::new(None);
        let Lookup::Unresolved(unresolved) = View::new("Root", &node, &reading).field("A").string() else {
            panic!("{text} is not unresolved");
        };
        let part = |part: &Part<'_>| match part {
            Part::Known(text) => text.clone().into_owned(),
            Part::Plain => "~".to_owned(),
            Part::Open => "?".to_owned(),
        };
        unresolved.partial().parts().iter().map(part).collect()
    }

    #[test]
    fn what_is_known_of_a_text_stays_visible() {
        for (text, expected) in [
            ("A: !Ref X", "?"),
            ("A: !Ref AWS::Region", "~"),
            ("A: 'a{{resolve:ssm:/x}}b'", "a?b"),
            ("A: '{{resolve:ssm:/x'", "?"),
            ("A: !Join ['', [a, !Ref X, b, 7]]", "a?b7"),
            ("A: !Join ['', [!Ref AWS::AccountId, .dkr.ecr., !Ref AWS::Region, /x]]", "~.dkr.ecr.~/x"),
            // A reference that begins in one piece and ends in another.
            ("A: !Join ['', ['a{{resolve:ssm:', !Ref X, ':0}}b']]", "a?b"),
            ("A: !Join [':', [a, !Ref X]]", "?"),
            ("A: !If [C, a, b]", "?"),
        ] {
            assert_eq!(partial(text), expected, "{text}");
        }
    }

    #[test]
    fn two_values_are_the_same_when_they_read_alike() {
        let is_same = |text: &str| {
            let node = yaml::read(text).unwrap();
            let reading = Reading::new(None);
            let root = View::new("Root", &node, &reading);
            match (root.field("A").string(), root.field("B").string()) {
                (Lookup::Unresolved(one), Lookup::Unresolved(other)) => one.is_same_as(&other),
                _ => panic!("{text} is not unresolved"),
            }
        };
        assert!(is_same("{A: !Ref X, B: {Ref: X}}"));
        assert!(is_same("{A: !GetAtt X.Arn, B: {Fn::GetAtt: [X, Arn]}}"));
        assert!(is_same("{A: '{{resolve:ssm:/x}}', B: '{{resolve:ssm:/x}}'}"));
        assert!(!is_same("{A: !Ref X, B: !Ref Y}"));
        assert!(!is_same("{A: !GetAtt X.Arn, B: !GetAtt Y.Arn}"));
        // Both are hidden by one function, which says nothing of either.
        assert!(!is_same("!Transform {Name: X}"));
    }

    #[test]
    fn null_items_are_removed() {
        let list = |text| read(text, |root| root.list().map(|items, _| Ok(items.count())));
        assert_eq!(list("[a, null, !Ref AWS::NoValue, ~, b]"), "2");
        assert_eq!(list("A"), "malformed: `Root` is not a list but a string");
    }

    #[test]
    fn every_combination_of_duplicates_is_seen_once() {
        let node = yaml::read("{A: 1, A: 2, B: {C: 3, C: 4}, B: {C: 5}}").unwrap();
        let reading = Reading::new(None);
        let mut seen = Vec::new();
        loop {
            let root = View::new("Root", &node, &reading);
            let text = |view: View<'_>| match view.string() {
                Lookup::Known(text, _) => text.text.to_owned(),
                other => panic!("{other:?}"),
            };
            // Reading a key twice in one pass gives the same value twice.
            assert_eq!(text(root.field("A")), text(root.field("A")));
            seen.push(text(root.field("A")) + &text(root.field("B").field("C")));
            if !reading.advance() {
                break;
            }
        }
        assert_eq!(seen, ["13", "14", "15", "23", "24", "25"]);
    }
}
