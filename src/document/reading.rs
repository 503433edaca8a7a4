//! How a tree is read.
//!
//! Owns the trying of all values of a duplicate key, and the trait by which functions are evaluated. Must not know what
//! a lookup is for, nor how a function is evaluated.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::{Node, Partial, Span, Value};

/// Evaluates functions while a tree is read.
pub trait Resolve {
    /// What a function stands for: the value, `AWS::NoValue`, or a function where it is open. Asked again for the same
    /// node in the same reading, it answers the same.
    fn resolve<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// The same, of what is certain in this reading already: nothing is assumed for it, and what would have to be is open.
    fn resolve_if_certain<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// The same as [`Resolve::resolve`], for something that no rule asks: that it cannot be excludes no case.
    fn resolve_aside<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// What a function may come to as a text, whatever is assumed; nothing where it comes to none, and an open text where that is
    /// not limited. Nothing is assumed for it. `weight`: how often each is looked at.
    fn possible_texts<'a>(&'a self, node: &'a Node<'a>, weight: usize) -> Vec<Partial<'a>>;

    /// How many functions so far stood for something that is settled outside the text.
    fn settled(&self) -> usize;

    /// What is settled outside the text and decides what stands at a place, the nearest first. Nowhere: what is missing in
    /// something else, and was looked for by the functions from the given one on.
    fn settled_at(&self, place: Trace, within: Trace, from: usize) -> Vec<Settled>;

    /// Forgets the functions from this one on.
    fn forget_settled(&self, from: usize);
}

/// A node that is told from others later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    address: usize,
    span: Option<Span>,
}

impl Trace {
    /// None at all.
    pub const NOWHERE: Self = Self { address: 0, span: None };

    /// That of a node, which is not to move until it is asked about.
    pub fn of(node: &Node<'_>) -> Self {
        Self { address: std::ptr::from_ref(node).addr(), span: node.span }
    }

    /// Whether another node is this one or inside it, as far as their places in the text tell.
    pub fn holds(self, other: Self) -> bool {
        let is_around =
            |outer: Span, inner: Span| outer.start() <= inner.start() && inner.end() <= outer.end();
        self != Self::NOWHERE
            && (self.address == other.address
                || self.span.zip(other.span).is_some_and(|(outer, inner)| is_around(outer, inner)))
    }

    /// Whether another is the same node.
    pub fn is_same(self, other: Self) -> bool {
        self.address != 0 && self.address == other.address
    }
}

/// How much of what is settled is named of one place; one more tells that there is more.
pub const MAXIMUM_SETTLED: usize = 4;

/// What is open in a template and is not here: a parameter whose value somebody has given, or whose default is wanted, or a
/// condition that depends on one. Displays as "ReadOnly=false (given)" or "IsProduction is true".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// A parameter.
    Parameter {
        /// Its name.
        name: String,
        /// Its value, unless nobody should see it.
        value: Option<String>,
        /// Whether it is the default.
        is_default: bool,
    },
    /// A condition, in words.
    Condition(String),
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, value, is_default } => {
                let kind = if *is_default { "default" } else { "given" };
                let value = value.as_ref().map(|value| format!("={value}")).unwrap_or_default();
                write!(f, "{name}{value} ({kind})")
            }
            Self::Condition(words) => f.write_str(words),
        }
    }
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
    pub(super) resolver: Option<&'a dyn Resolve>,
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

    pub(super) fn pick(
        &self,
        mapping: usize,
        key: &'static str,
        available: usize,
        is_duplicate: bool,
    ) -> usize {
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

    /// Whether functions are evaluated.
    pub fn has_resolver(&self) -> bool {
        self.resolver.is_some()
    }

    /// How many functions so far stood for something that is settled outside the text.
    pub fn settled(&self) -> usize {
        self.resolver.map_or(0, Resolve::settled)
    }

    /// What is settled outside the text and decides what stands at a place; see [`Resolve::settled_at`].
    pub fn settled_at(&self, place: Trace, within: Trace, from: usize) -> Vec<Settled> {
        self.resolver.map(|resolver| resolver.settled_at(place, within, from)).unwrap_or_default()
    }

    /// Forgets the functions from this one on.
    pub fn forget_settled(&self, from: usize) {
        if let Some(resolver) = self.resolver {
            resolver.forget_settled(from);
        }
    }

    pub(super) fn resolve(&self, node: &'a Node<'a>) -> &'a Node<'a> {
        match (&node.value, self.resolver) {
            (Value::Intrinsic(_), Some(resolver)) => resolver.resolve(node),
            _ => node,
        }
    }

    pub(super) fn resolve_aside(&self, node: &'a Node<'a>) -> &'a Node<'a> {
        match (&node.value, self.resolver) {
            (Value::Intrinsic(_), Some(resolver)) => resolver.resolve_aside(node),
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
