//! Conditions: whether they hold in the present possibility.
//!
//! Owns `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Contains` and references to conditions. What cannot be told is a question
//! of its own, asked once: the same text has the same answer.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html>

use std::collections::HashMap;

use super::Definition;
use super::function::Piece;
use super::name::identity;
use super::scenario::Scenario;
use super::unknown::Domain;
use crate::document::{Node, Value};

/// How deep expressions may be, those of the conditions they refer to included: a stack has an end.
const MAXIMUM_DEPTH: usize = 200;

/// How many items of a list are compared in the time of one function, roughly.
const ITEMS_OF_STEP: usize = 8;

/// The conditions that were evaluated in one possibility.
#[derive(Debug, Default)]
pub(super) struct Evaluated {
    results: HashMap<String, Option<bool>>,
    /// What came of them while nothing may be decided: that may be otherwise later.
    frozen: HashMap<String, Option<bool>>,
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

    /// Forgets what was not told because nothing may be decided.
    pub(super) fn thaw(&mut self) {
        self.frozen.clear();
    }

    pub(super) fn clear(&mut self) {
        self.results.clear();
        self.frozen.clear();
        self.begun.clear();
        self.depth = 0;
    }
}

impl Scenario<'_> {
    /// Whether a named condition holds; `None` when nothing is decided any more.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        let definition = {
            let evaluated = &self.state.borrow().conditions;
            if let Some(result) = evaluated.results.get(name).or_else(|| evaluated.frozen.get(name)) {
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
            Some(Definition::Repeated) | None => {
                if !self.template.conditions.contains_key(name) {
                    self.template.missing_conditions.borrow_mut().insert(name.to_owned());
                }
                self.either(&format!("the condition {name}"))
            }
        };
        let mut state = self.state.borrow_mut();
        // What may not be decided now may be later.
        let is_frozen = state.search.is_frozen();
        let Evaluated { results, frozen, .. } = &mut state.conditions;
        let known = if is_frozen { frozen } else { results };
        known.insert(name.to_owned(), result);
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
            state.search.steps(1);
            state.conditions.depth += 1;
            if state.conditions.depth > MAXIMUM_DEPTH {
                state.conditions.depth -= 1;
                drop(state);
                // Not by its span: what a loop writes has the span of what it repeats.
                return self.either(&format!("the expression at {:p}", std::ptr::from_ref(node)));
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
            Value::Mapping(entries) => match &**entries {
                [only] => (&*only.key, &only.value),
                _ => return self.either(&identity(node)),
            },
            Value::Bool(value) => return Some(*value),
            _ => return self.either(&identity(node)),
        };
        match (function, &argument.value) {
            ("Condition", Value::String(name)) => self.condition(name),
            ("Fn::Not", Value::Sequence(items)) if let [item] = &**items => {
                self.holds(item).map(|holds| !holds)
            }
            ("Fn::And", Value::Sequence(items)) if !items.is_empty() => each(items, |item| self.holds(item)),
            ("Fn::Or", Value::Sequence(items)) if !items.is_empty() => {
                each(items, |item| self.holds(item).map(|holds| !holds)).map(|none| !none)
            }
            ("Fn::Equals", Value::Sequence(items)) if let [one, other] = &**items => {
                match self.are_equal(one, other) {
                    Compared::Told(is_equal) => Some(is_equal),
                    Compared::Undecided => None,
                    Compared::Apart => self.either(&identity(node)),
                }
            }
            // In the section `Rules`, and the first in what a loop makes; CloudFormation refuses them elsewhere.
            ("Fn::Contains", Value::Sequence(items)) if let [among, one] = &**items => {
                let is_in = self.items(among).and_then(|(others, are_all)| {
                    self.is_among(one, others).filter(|is_in| *is_in || are_all)
                });
                is_in.or_else(|| {
                    let is_in = self.either(&identity(node))?;
                    if is_in {
                        self.decide_item(among, one);
                    }
                    Some(is_in)
                })
            }
            ("Fn::EachMemberIn", Value::Sequence(items)) if let [members, among] = &**items => {
                let others = match &self.value(among).value {
                    Value::Sequence(others) => self.each_is_among(members, others),
                    _ => None,
                };
                others.or_else(|| self.either(&identity(node)))
            }
            ("Fn::EachMemberEquals", Value::Sequence(items)) if let [members, one] = &**items => self
                .each_is_among(members, std::slice::from_ref(one))
                .or_else(|| self.either(&identity(node))),
            _ => self.either(&identity(node)),
        }
    }

    /// Whether a loop has a value, where what its list depends on tells: that is noted then, as of any function, and tells a
    /// person more than the list's text.
    pub(super) fn is_in_loop<'a>(&'a self, condition: &'a Node<'a>) -> Option<bool> {
        let Value::Intrinsic(call) = &condition.value else { return None };
        let ("Fn::Contains", Value::Sequence(arguments)) = (&*call.function, &call.argument.value) else {
            return None;
        };
        let [list, one] = &**arguments else { return None };
        if self.items_of_list(list).is_some() {
            return None;
        }
        let left_open = self.left_open();
        let is_in = match &self.value(list).value {
            Value::Sequence(items) => self.is_one_of(one, items),
            _ => None,
        };
        self.forget_left_open(left_open);
        is_in
    }

    /// Whether a text is one of several that are functions perhaps; `None` where they cannot be compared.
    fn is_one_of<'a>(&'a self, one: &'a Node<'a>, others: &'a [Node<'a>]) -> Option<bool> {
        self.work(others.len() / ITEMS_OF_STEP, None)?;
        let others = others.iter().map(|other| self.value(other));
        for other in others.filter(|other| !other.is_absent()) {
            match self.are_equal(one, other) {
                Compared::Told(true) => return Some(true),
                Compared::Told(false) => {}
                Compared::Undecided | Compared::Apart => return None,
            }
        }
        Some(false)
    }

    /// The items of a list, as far as they are known, and whether it has no others.
    fn items<'a>(&'a self, list: &'a Node<'a>) -> Option<(&'a [Node<'a>], bool)> {
        let list = self.value(list);
        match &list.value {
            Value::Sequence(items) => Some((items, true)),
            _ => self.decided_items(list),
        }
    }

    /// Whether all items of a list are among others; `None` also when that cannot be told.
    fn each_is_among<'a>(&'a self, members: &'a Node<'a>, others: &'a [Node<'a>]) -> Option<bool> {
        let (members, are_all) = self.items(members)?;
        each(members, |member| self.is_among(member, others)).filter(|each_is| !each_is || are_all)
    }

    /// Whether a text is one of several; `None` also when they cannot be compared.
    fn is_among<'a>(&'a self, one: &'a Node<'a>, others: &'a [Node<'a>]) -> Option<bool> {
        if matches!(one.value, Value::String(_)) && others.iter().any(|other| other.value == one.value) {
            return Some(true);
        }
        self.work(others.len() / ITEMS_OF_STEP, None)?;
        let mut is_among = Some(false);
        for other in others {
            match self.are_equal(one, other) {
                Compared::Told(true) => return Some(true),
                Compared::Told(false) => {}
                Compared::Undecided | Compared::Apart => is_among = None,
            }
        }
        is_among
    }

    /// Whether two texts are equal.
    ///
    /// Parameters are not given values for it, as long as it can be told with a question about a single one: fewer
    /// answers make fewer cases.
    fn are_equal<'a>(&'a self, one: &'a Node<'a>, other: &'a Node<'a>) -> Compared {
        if let (Some(one), Some(other)) = (self.undecided_pieces(one), self.undecided_pieces(other)) {
            let compared = self.compare(&one, &other);
            if !matches!(compared, Compared::Apart) {
                return compared;
            }
        }
        let (Some(first), Some(second)) = (self.pieces(one), self.pieces(other)) else {
            return Compared::Apart;
        };
        match self.compare(&first, &second) {
            Compared::Apart => {
                let (first, second) = (self.terms(&first), self.terms(&second));
                let name = format!("{} = {}", identity(one), identity(other));
                let are_equal = self.state.borrow_mut().search.are_equal(&first, &second, &name);
                are_equal.map_or(Compared::Undecided, Compared::Told)
            }
            compared => compared,
        }
    }

    fn compare<'a>(&'a self, one: &[Piece<'a>], other: &[Piece<'a>]) -> Compared {
        match (whole(one), whole(other)) {
            (Some(one), Some(other)) => return Compared::Told(one == other),
            (Some(text), None) => return self.matches(other, text),
            (None, Some(text)) => return self.matches(one, text),
            (None, None) => {}
        }
        if one == other {
            return Compared::Told(true);
        }
        match (one, other) {
            ([Piece::Open(one)], [Piece::Open(other)]) => {
                let (key, other_key) = (self.open(one), self.open(other));
                let mut state = self.state.borrow_mut();
                let one = (&*key, || self.domain(one));
                let same = state.search.are_same(one, (&*other_key, || self.domain(other)));
                same.map_or(Compared::Undecided, Compared::Told)
            }
            _ => Compared::Apart,
        }
    }

    /// Whether pieces of which not all is known come to be a text.
    fn matches<'a>(&'a self, pieces: &[Piece<'a>], text: &str) -> Compared {
        match gap(pieces, text) {
            Gap::Impossible => Compared::Told(false),
            Gap::Several => Compared::Apart,
            Gap::One(node, text) => {
                let key = self.open(node);
                let is_equal = self.state.borrow_mut().search.is(&key, text, || self.domain(node));
                is_equal.map_or(Compared::Undecided, Compared::Told)
            }
        }
    }
}

/// Whether every item is as it should be; `None` also when that cannot be told.
fn each<'a>(items: &'a [Node<'a>], is_right: impl Fn(&'a Node<'a>) -> Option<bool>) -> Option<bool> {
    let mut all = Some(true);
    for item in items {
        match is_right(item) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

/// What a comparison of two texts comes to.
enum Compared {
    /// Whether they are equal.
    Told(bool),
    /// It could be told, but nothing is decided any more.
    Undecided,
    /// They cannot be compared: not piece by piece, or they are no texts.
    Apart,
}

/// What stands between the known pieces of a text.
pub(super) enum Gap<'a, 'text> {
    /// The pieces cannot come to be the text.
    Impossible,
    /// This, in the place of that function.
    One(&'a Node<'a>, &'text str),
    /// There are several places.
    Several,
}

/// The text that pieces make, if all is known.
pub(super) fn whole<'p>(pieces: &'p [Piece<'_>]) -> Option<&'p str> {
    match pieces {
        [] => Some(""),
        [Piece::Known(text)] => Some(text),
        _ => None,
    }
}

/// What stands in the gaps if pieces come to be `text`.
pub(super) fn gap<'a, 'text>(mut pieces: &[Piece<'a>], text: &'text str) -> Gap<'a, 'text> {
    let mut rest = text;
    while let [Piece::Known(known), more @ ..] = pieces {
        let Some(after) = rest.strip_prefix(&**known) else { return Gap::Impossible };
        (rest, pieces) = (after, more);
    }
    while let [more @ .., Piece::Known(known)] = pieces {
        let Some(before) = rest.strip_suffix(&**known) else { return Gap::Impossible };
        (rest, pieces) = (before, more);
    }
    match pieces {
        [Piece::Open(node)] => Gap::One(node, rest),
        _ => Gap::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::{Gap, Piece, gap, whole};
    use crate::document::{Node, Value};

    #[test]
    fn what_stands_between_known_pieces() {
        let open = Node { value: Value::Null, span: None };
        let known = |text: &'static str| Piece::Known(text.into());
        let gap_in = |pieces: &[Piece<'_>], text: &str| match gap(pieces, text) {
            Gap::Impossible => "impossible".to_owned(),
            Gap::One(_, text) => format!("={text}"),
            Gap::Several => "several".to_owned(),
        };
        let between = [known("a"), Piece::Open(&open), known("c")];
        for (pieces, text, expected) in [
            (&between[..], "abc", "=b"),
            (&between, "ac", "="),
            (&between, "ab", "impossible"),
            (&between, "bc", "impossible"),
            (&between, "a", "impossible"),
            (&between[1..2], "abc", "=abc"),
            (&between[..2], "abc", "=bc"),
            (&between[1..], "abc", "=ab"),
            (&[Piece::Open(&open), Piece::Open(&open)], "abc", "several"),
        ] {
            assert_eq!(gap_in(pieces, text), expected, "{pieces:?} {text}");
        }
        let wholes =
            [(&[][..], Some("")), (&between[..1], Some("a")), (&between[1..2], None), (&between, None)];
        for (pieces, expected) in wholes {
            assert_eq!(whole(pieces), expected, "{pieces:?}");
        }
    }
}
