//! How a tree is read.
//!
//! Owns the trying of all values of a duplicate key, and the trait by which functions are evaluated. Must not know what
//! a lookup is for, nor how a function is evaluated.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::{Node, Value, on_one_line, short};

/// Evaluates functions while a tree is read.
pub trait Resolve {
    /// What a function stands for: the value, `AWS::NoValue`, or a function where it is open. Asked again for the same
    /// node in the same reading, it answers the same.
    fn resolve<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// The same, of what is certain in this reading already: nothing is assumed for it, and what would have to be is open.
    fn resolve_if_certain<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a>;

    /// How often something was met so far that is not in the text: what has been met since is asked for by it.
    fn met(&self) -> usize;

    /// What was met that is not in the text, but for what was met before the first of these and after the last.
    fn met_between(&self, from: usize, to: usize) -> Vec<Settled>;
}

/// A parameter that is not open, because somebody has given its value, or wants its default. Displays as
/// "ReadOnly=false (given)".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Its name.
    pub name: String,
    /// Its value, unless that may be a secret.
    pub value: Option<String>,
    /// Whether it is the default.
    pub is_default: bool,
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_default { "default" } else { "given" };
        match &self.value {
            Some(value) => write!(f, "{}={} ({kind})", on_one_line(&self.name), short(value)),
            None => write!(f, "{} ({kind})", on_one_line(&self.name)),
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

    /// How often something was met so far that is not in the text; see [`Reading::met_between`].
    pub fn met(&self) -> usize {
        self.resolver.map_or(0, Resolve::met)
    }

    /// What was met that is not in the text, from one [`Reading::met`] to another.
    pub fn met_between(&self, from: usize, to: usize) -> Vec<Settled> {
        self.resolver.map(|resolver| resolver.met_between(from, to)).unwrap_or_default()
    }

    pub(super) fn resolve(&self, node: &'a Node<'a>) -> &'a Node<'a> {
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
