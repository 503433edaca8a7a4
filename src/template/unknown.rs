//! What is open, and what one possibility takes it to be.
//!
//! Owns the bookkeeping of a search through possibilities: a question about something open is a decision, its answer
//! holds until the next possibility, and later questions get answers that agree with it. Must not know functions.

use std::collections::{HashMap, HashSet};

/// What something open may still be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Domain {
    /// Exactly this.
    Known(String),
    /// One of these, at least two.
    OneOf(Vec<String>),
    /// Any text but these, with at least so many characters.
    AnyBut(HashSet<String>, usize),
}

/// Which of some texts something open is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    /// This one.
    Is(String),
    /// None of them.
    Other,
}

/// How many possibilities of one rule and one task definition are taken in turn.
const MAXIMUM_POSSIBILITIES: usize = 512;

/// The search. Each possibility replays the decisions of the one before it up to the last that has another answer left:
/// whoever asks must ask in the same order while the answers are the same.
#[derive(Debug, Default)]
pub(super) struct Search {
    decisions: Vec<Decision>,
    /// The decision that is replayed next.
    next: usize,
    open: HashMap<String, Domain>,
    /// What is the same text as another, whatever that is: the first is asked about in place of the second.
    same: HashMap<String, String>,
    /// What is another text than these.
    different: HashMap<String, HashSet<String>>,
    possibilities: usize,
    steps: usize,
    has_given_up: bool,
    is_frozen: bool,
}

#[derive(Debug)]
struct Decision {
    taken: usize,
    available: usize,
}

impl Search {
    /// Counts work.
    pub(super) fn steps(&mut self, steps: usize) {
        self.steps += steps;
    }

    /// Whether there were more possibilities than are taken in turn, so that what is open was left open.
    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Keeps new decisions from being made, or allows them again.
    pub(super) fn freeze(&mut self, is_frozen: bool) {
        self.is_frozen = is_frozen;
    }

    /// Whether new decisions are kept from being made.
    pub(super) fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Moves to the next possibility; `false` when all have been taken. `afford` says whether work can be paid for: how
    /// many functions the last possibility evaluated.
    pub(super) fn advance(&mut self, afford: impl FnOnce(usize) -> bool) -> bool {
        if self.has_given_up {
            return false;
        }
        self.next = 0;
        self.open.clear();
        self.same.clear();
        self.different.clear();
        self.possibilities += 1;
        while let Some(last) = self.decisions.last_mut() {
            if last.taken + 1 < last.available {
                last.taken += 1;
                if self.possibilities >= MAXIMUM_POSSIBILITIES || !afford(std::mem::take(&mut self.steps)) {
                    // What was not tried is covered by leaving everything open.
                    self.decisions.clear();
                    self.has_given_up = true;
                }
                return true;
            }
            self.decisions.pop();
        }
        false
    }

    /// One of so many answers; `None` when nothing is decided any more.
    pub(super) fn decide(&mut self, available: usize) -> Option<usize> {
        if self.has_given_up || self.is_frozen {
            return None;
        }
        if available <= 1 {
            return (available == 1).then_some(0);
        }
        if self.next == self.decisions.len() {
            self.decisions.push(Decision { taken: 0, available });
        }
        let taken = self.decisions.get(self.next)?.taken;
        self.next += 1;
        Some(taken)
    }

    /// What is asked about in its place.
    fn representative(&mut self, key: &str) -> String {
        let mut found = key;
        while let Some(first) = self.same.get(found) {
            found = first;
        }
        let found = found.to_owned();
        if let Some(first) = self.same.get_mut(key) {
            first.clone_from(&found);
        }
        found
    }

    fn domain(&mut self, key: &str, initial: impl FnOnce() -> Domain) -> &mut Domain {
        let key = self.representative(key);
        self.open.entry(key).or_insert_with(initial)
    }

    fn settle(&mut self, key: &str, text: &str) {
        let key = self.representative(key);
        if let Some(domain) = self.open.get_mut(&key) {
            *domain = Domain::Known(text.to_owned());
        }
        for other in self.different.get(&key).cloned().unwrap_or_default() {
            self.exclude(&other, text);
        }
    }

    fn exclude(&mut self, key: &str, text: &str) {
        let key = self.representative(key);
        let Some(domain) = self.open.get_mut(&key) else { return };
        let last = match domain {
            Domain::Known(_) => return,
            Domain::AnyBut(excluded, _) => {
                excluded.insert(text.to_owned());
                return;
            }
            Domain::OneOf(values) => {
                values.retain(|value| value != text);
                match values.as_slice() {
                    [last] => last.clone(),
                    _ => return,
                }
            }
        };
        self.settle(&key, &last);
    }

    /// Whether it is this text.
    pub(super) fn is(&mut self, key: &str, text: &str, initial: impl FnOnce() -> Domain) -> Option<bool> {
        let may_be = match self.domain(key, initial) {
            Domain::Known(known) => return Some(known == text),
            Domain::OneOf(values) => values.iter().any(|value| value == text),
            Domain::AnyBut(excluded, minimum) => text.chars().count() >= *minimum && !excluded.contains(text),
        };
        if !may_be {
            return Some(false);
        }
        let is = self.decide(2)? == 0;
        if is {
            self.settle(key, text);
        } else {
            self.exclude(key, text);
        }
        Some(is)
    }

    /// Its text, if it has a known one or is one of few.
    pub(super) fn value(&mut self, key: &str, initial: impl FnOnce() -> Domain) -> Option<String> {
        let values = match self.domain(key, initial) {
            Domain::Known(known) => return Some(known.clone()),
            Domain::AnyBut(..) => return None,
            Domain::OneOf(values) => values.clone(),
        };
        let taken = self.decide(values.len())?;
        let value = values.get(taken)?.clone();
        self.settle(key, &value);
        Some(value)
    }

    /// Which of some texts it is; another than all only where that may be.
    pub(super) fn among(
        &mut self,
        key: &str,
        candidates: &[&str],
        or_none: bool,
        initial: impl FnOnce() -> Domain,
    ) -> Option<Chosen> {
        let may_be: Vec<String> = match self.domain(key, initial) {
            Domain::Known(known) => {
                let known = known.clone();
                return if candidates.contains(&&*known) {
                    Some(Chosen::Is(known))
                } else {
                    or_none.then_some(Chosen::Other)
                };
            }
            Domain::OneOf(values) => {
                let is_other = values.iter().any(|value| !candidates.contains(&&**value));
                if is_other && !or_none {
                    // The others are refused by CloudFormation, so none of them is deployed.
                    let possible =
                        values.iter().filter(|value| candidates.contains(&&***value)).cloned().collect();
                    return self.first_of(key, possible, false, candidates);
                }
                let value = self.value(key, || Domain::AnyBut(HashSet::new(), 0))?;
                return Some(if candidates.contains(&&*value) { Chosen::Is(value) } else { Chosen::Other });
            }
            Domain::AnyBut(excluded, minimum) => candidates
                .iter()
                .filter(|value| value.chars().count() >= *minimum && !excluded.contains(**value))
                .map(|value| (*value).to_owned())
                .collect(),
        };
        self.first_of(key, may_be, or_none, candidates)
    }

    fn first_of(
        &mut self,
        key: &str,
        may_be: Vec<String>,
        or_none: bool,
        candidates: &[&str],
    ) -> Option<Chosen> {
        let taken = self.decide(may_be.len() + usize::from(or_none))?;
        let Some(value) = may_be.into_iter().nth(taken) else {
            for value in candidates {
                self.exclude(key, value);
            }
            return Some(Chosen::Other);
        };
        self.settle(key, &value);
        Some(Chosen::Is(value))
    }

    /// Whether two are the same text.
    pub(super) fn are_same(
        &mut self,
        (one, initial_one): (&str, impl FnOnce() -> Domain),
        (other, initial_other): (&str, impl FnOnce() -> Domain),
    ) -> Option<bool> {
        let (one, other) = {
            self.domain(one, initial_one);
            self.domain(other, initial_other);
            (self.representative(one), self.representative(other))
        };
        if one == other {
            return Some(true);
        }
        let nothing = || Domain::AnyBut(HashSet::new(), 0);
        // A set of what it is not may be large, and is not needed here.
        let limited =
            |domain: Option<&Domain>| domain.filter(|domain| !matches!(domain, Domain::AnyBut(..))).cloned();
        match (limited(self.open.get(&one)), limited(self.open.get(&other))) {
            (Some(Domain::Known(text)), _) => self.is(&other, &text, nothing),
            (_, Some(Domain::Known(text))) => self.is(&one, &text, nothing),
            (Some(_), _) => {
                let text = self.value(&one, nothing)?;
                self.is(&other, &text, nothing)
            }
            (_, Some(_)) => {
                let text = self.value(&other, nothing)?;
                self.is(&one, &text, nothing)
            }
            (None, None) => self.are_merged(one, other),
        }
    }

    /// Whether two that may be any text are the same. If so, the first is asked about in place of the second.
    fn are_merged(&mut self, one: String, other: String) -> Option<bool> {
        if self.different.get(&one).is_some_and(|others| others.contains(&other)) {
            return Some(false);
        }
        if self.decide(2)? == 1 {
            self.different.entry(one.clone()).or_default().insert(other.clone());
            self.different.entry(other).or_default().insert(one);
            return Some(false);
        }
        if let Some(Domain::AnyBut(more, other_minimum)) = self.open.remove(&other)
            && let Some(Domain::AnyBut(excluded, minimum)) = self.open.get_mut(&one)
        {
            excluded.extend(more);
            *minimum = other_minimum.max(*minimum);
        }
        for third in self.different.remove(&other).unwrap_or_default() {
            if let Some(others) = self.different.get_mut(&third) {
                others.remove(&other);
                others.insert(one.clone());
            }
            self.different.entry(one.clone()).or_default().insert(third);
        }
        self.same.insert(other, one);
        Some(true)
    }
}
