//! Conditions: whether they hold in the present possibility.
//!
//! Owns `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not` and references to conditions. What cannot be told is a question
//! of its own, asked once: the same text has the same answer.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html>

use super::Definition;
use super::function::{Piece, describe};
use super::scenario::Scenario;
use super::unknown::Domain;
use crate::document::{Node, Value};

/// How deep expressions may be, those of the conditions they refer to included: a stack has an end.
const MAXIMUM_DEPTH: usize = 200;

/// The conditions that were evaluated in one possibility.
#[derive(Debug, Default)]
pub(super) struct Evaluated {
    results: Vec<(String, Option<bool>)>,
    /// Those whose evaluation has begun, the innermost last.
    begun: Vec<String>,
    /// How many expressions are being evaluated inside each other.
    depth: usize,
}

impl Evaluated {
    /// Whether a condition is being evaluated, so that what is looked at is not the rule's own business.
    pub(super) fn is_busy(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn clear(&mut self) {
        self.results.clear();
        self.begun.clear();
        self.depth = 0;
    }
}

impl Scenario<'_> {
    /// Whether a named condition holds; `None` when nothing is decided any more.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        let definition = {
            let evaluated = &self.state.borrow().conditions;
            if let Some((_, result)) = evaluated.results.iter().find(|(known, _)| known == name) {
                return *result;
            }
            // One that refers to itself means nothing.
            let is_allowed = !evaluated.begun.iter().any(|begun| begun == name);
            self.template.conditions.get(name).filter(|_| is_allowed)
        };
        let result = match definition {
            Some(Definition::Once(node)) => {
                self.state.borrow_mut().conditions.begun.push(name.to_owned());
                let result = self.holds(node);
                self.state.borrow_mut().conditions.begun.pop();
                result
            }
            Some(Definition::Repeated) | None => self.either(&format!("the condition {name}")),
        };
        self.state.borrow_mut().conditions.results.push((name.to_owned(), result));
        result
    }

    /// Something that may be true or false, by its text.
    fn either(&self, text: &str) -> Option<bool> {
        let both = || Domain::OneOf(vec!["true".into(), "false".into()]);
        self.state.borrow_mut().search.is(text, "true", both)
    }

    /// Whether an expression holds.
    pub(super) fn holds<'a>(&'a self, node: &'a Node<'a>) -> Option<bool> {
        {
            let mut state = self.state.borrow_mut();
            state.search.step();
            state.conditions.depth += 1;
            if state.conditions.depth > MAXIMUM_DEPTH {
                state.conditions.depth -= 1;
                drop(state);
                return self.either(&format!("the expression at {:?}", node.span));
            }
        }
        let holds = self.expression(node);
        self.state.borrow_mut().conditions.depth -= 1;
        holds
    }

    fn expression<'a>(&'a self, node: &'a Node<'a>) -> Option<bool> {
        let (function, argument) = match &node.value {
            Value::Intrinsic(call) => (&*call.function, &call.argument),
            // The long form of a reference is a map like any other.
            Value::Mapping(entries) => match entries.as_slice() {
                [only] => (&*only.key, &only.value),
                _ => return self.either(&describe(node)),
            },
            Value::Bool(value) => return Some(*value),
            _ => return self.either(&describe(node)),
        };
        match (function, &argument.value) {
            ("Condition", Value::String(name)) => self.condition(name),
            ("Fn::Not", Value::Sequence(items)) if let [item] = items.as_slice() => {
                self.holds(item).map(|holds| !holds)
            }
            ("Fn::And", Value::Sequence(items)) if !items.is_empty() => self.all(items, true),
            ("Fn::Or", Value::Sequence(items)) if !items.is_empty() => {
                self.all(items, false).map(|none| !none)
            }
            ("Fn::Equals", Value::Sequence(items)) if let [one, other] = items.as_slice() => {
                self.are_equal(one, other).unwrap_or_else(|| self.either(&describe(node)))
            }
            _ => self.either(&describe(node)),
        }
    }

    /// Whether every item is as wanted.
    fn all<'a>(&'a self, items: &'a [Node<'a>], wanted: bool) -> Option<bool> {
        let mut all = Some(true);
        for item in items {
            match self.holds(item) {
                Some(holds) if holds == wanted => {}
                Some(_) => return Some(false),
                None => all = None,
            }
        }
        all
    }

    /// Whether two texts are equal. `None`: they cannot be compared piece by piece.
    ///
    /// Parameters are not given values for it, as long as it can be told with a question about a single one: fewer
    /// answers make fewer cases.
    fn are_equal<'a>(&'a self, one: &'a Node<'a>, other: &'a Node<'a>) -> Option<Option<bool>> {
        let undecided = (self.undecided_pieces(one)?, self.undecided_pieces(other)?);
        self.compare(&undecided.0, &undecided.1).or_else(|| {
            let decided = (self.pieces(one)?, self.pieces(other)?);
            self.compare(&decided.0, &decided.1)
        })
    }

    fn compare<'a>(&'a self, one: &[Piece<'a>], other: &[Piece<'a>]) -> Option<Option<bool>> {
        match (whole(one), whole(other)) {
            (Some(one), Some(other)) => return Some(Some(one == other)),
            (Some(text), None) => return self.matches(other, text),
            (None, Some(text)) => return self.matches(one, text),
            (None, None) => {}
        }
        if one == other {
            return Some(Some(true));
        }
        match (one, other) {
            ([Piece::Open(one)], [Piece::Open(other)]) => {
                let (one, other) = (describe(one), describe(other));
                let mut state = self.state.borrow_mut();
                Some(state.search.are_same((&one, || self.domain(&one)), (&other, || self.domain(&other))))
            }
            _ => None,
        }
    }

    /// Whether pieces of which not all is known come to be a text.
    fn matches<'a>(&'a self, pieces: &[Piece<'a>], text: &str) -> Option<Option<bool>> {
        let Some(open) = gap(pieces, text) else { return Some(Some(false)) };
        match open {
            Some((node, text)) => {
                let key = describe(node);
                Some(self.state.borrow_mut().search.is(&key, text, || self.domain(&key)))
            }
            None => None,
        }
    }
}

/// The text that pieces make, if all is known.
pub(super) fn whole<'p>(pieces: &'p [Piece<'_>]) -> Option<&'p str> {
    match pieces {
        [] => Some(""),
        [Piece::Known(text)] => Some(text),
        _ => None,
    }
}

/// What stands in the only gap if pieces come to be `text`. `None`: they cannot. `Some(None)`: there are several gaps.
pub(super) fn gap<'a, 'text>(
    pieces: &[Piece<'a>],
    text: &'text str,
) -> Option<Option<(&'a Node<'a>, &'text str)>> {
    let mut rest = text;
    let mut pieces = pieces;
    while let [Piece::Known(known), more @ ..] = pieces {
        (rest, pieces) = (rest.strip_prefix(&**known)?, more);
    }
    while let [more @ .., Piece::Known(known)] = pieces {
        (rest, pieces) = (rest.strip_suffix(&**known)?, more);
    }
    match pieces {
        [Piece::Open(node)] => Some(Some((node, rest))),
        _ => Some(None),
    }
}
