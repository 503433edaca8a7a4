//! What is open, and what one possibility takes it to be.
//!
//! Owns the bookkeeping of a search through possibilities: a question about something open is a decision, its answer
//! holds until the next possibility, and later questions get answers that agree with it. Must not know functions.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::limits::Limits;
use super::relation::{Known, Part, Proof, Relation, Term, representative};
use crate::document::{may_be_read_alike, may_be_read_as};

/// What something open may still be.
#[derive(Debug, Clone)]
pub(super) enum Domain {
    /// Exactly this.
    Known(String),
    /// One of these, at least two.
    OneOf(Vec<String>),
    /// Any text within limits but these.
    AnyBut(HashSet<String>, Limits),
    /// What some reader makes of an unquoted number of this spelling, but not these.
    Number(String, HashSet<String>),
}

impl Domain {
    /// What some reader makes of an unquoted number.
    pub(super) fn number(spelling: &str) -> Self {
        Self::Number(spelling.to_owned(), HashSet::new())
    }

    /// Any text.
    pub(super) fn anything() -> Self {
        Self::AnyBut(HashSet::new(), Limits::default())
    }

    /// What is in both, or more.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::AnyBut(mut excluded, limits), Self::AnyBut(more, other_limits)) => {
                excluded.extend(more);
                Self::AnyBut(excluded, limits.and(other_limits))
            }
            (Self::Number(spelling, mut excluded), Self::AnyBut(more, _) | Self::Number(_, more))
            | (Self::AnyBut(more, _), Self::Number(spelling, mut excluded)) => {
                excluded.extend(more);
                Self::Number(spelling, excluded)
            }
            (one, _) => one,
        }
    }

    /// Whether a text is not excluded.
    pub(super) fn may_be(&self, text: &str) -> bool {
        match self {
            Self::Known(known) => known == text,
            Self::OneOf(values) => values.iter().any(|value| value == text),
            Self::AnyBut(excluded, limits) => !excluded.contains(text) && limits.may_be(text),
            Self::Number(spelling, excluded) => may_be_read_as(spelling, text) && !excluded.contains(text),
        }
    }
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

/// How many comparisons of texts that are put together are held against each other in one possibility; further ones are
/// questions of their own.
const MAXIMUM_RELATIONS: usize = 128;

/// How much work is spent on that in one possibility, in comparisons simplified. What is found later is held against
/// nothing. It must be the same in each possibility: they ask the same questions up to the first new one.
const WORK_ON_RELATIONS: usize = 20_000;

/// How much text a comparison may have to be held against others, in bytes.
const LONGEST_RELATION: usize = 1024;

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
    /// What was answered about texts that are put together.
    relations: Vec<Relation>,
    /// Open things that are parts of texts.
    parts: BTreeMap<String, Part>,
    /// How much of [`WORK_ON_RELATIONS`] is spent.
    related: usize,
    /// What of that nobody was told yet.
    uncharged: usize,
    possibilities: usize,
    steps: usize,
    has_given_up: bool,
    is_exhausted: bool,
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

    /// How much work was done for it since this was asked last.
    pub(super) fn take_uncharged(&mut self) -> usize {
        std::mem::take(&mut self.uncharged)
    }

    /// Decides nothing more: there was too much work, so that what is asked is no longer what was asked before.
    pub(super) fn exhaust(&mut self) {
        self.is_exhausted = true;
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

    /// How many decisions the present possibility has taken.
    pub(super) fn decided(&self) -> usize {
        self.next
    }

    /// Takes the other answers of later decisions as seen.
    pub(super) fn forget_beyond(&mut self, decided: usize) {
        self.decisions.truncate(decided);
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
        self.relations.clear();
        self.parts.clear();
        self.related = 0;
        self.possibilities += 1;
        while let Some(last) = self.decisions.last_mut() {
            if last.taken + 1 < last.available || self.is_exhausted {
                last.taken += 1;
                if self.is_exhausted
                    || self.possibilities >= MAXIMUM_POSSIBILITIES
                    || !afford(std::mem::take(&mut self.steps))
                {
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

    /// Whether nothing is decided any more.
    pub(super) fn is_closed(&self) -> bool {
        self.has_given_up || self.is_exhausted || self.is_frozen
    }

    /// One of so many answers; `None` when nothing is decided any more.
    pub(super) fn decide(&mut self, available: usize) -> Option<usize> {
        if self.is_closed() {
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

    /// One of so many answers, each of which claims something of texts.
    fn pick(&mut self, available: usize, claims: impl Fn(usize) -> Vec<Relation>) -> Option<usize> {
        if self.relations.is_empty() && self.parts.is_empty() {
            return self.decide(available);
        }
        self.possible(available, claims)
    }

    /// The same; those are left out that cannot be right beside what was answered before.
    fn possible(&mut self, available: usize, claims: impl Fn(usize) -> Vec<Relation>) -> Option<usize> {
        if self.is_closed() {
            return None;
        }
        let possible: Vec<usize> = (0..available).filter(|answer| self.may_hold(&claims(*answer))).collect();
        if possible.is_empty() {
            // What was answered before excludes itself, and nobody saw it.
            return self.decide(available);
        }
        let taken = self.decide(possible.len())?;
        possible.get(taken).copied()
    }

    fn known(&self) -> Known<'_> {
        Known { domains: &self.open, same: &self.same, different: &self.different, parts: &self.parts }
    }

    /// Whether claims are not seen to be impossible beside what was answered before.
    fn may_hold(&mut self, claims: &[Relation]) -> bool {
        let left = Cell::new(WORK_ON_RELATIONS.saturating_sub(self.related));
        let proof = Proof::new(self.known(), &left);
        let may_hold = proof.may_hold(claims.iter().chain(&self.relations));
        self.pay_for_relations(left.get());
        may_hold
    }

    fn pay_for_relations(&mut self, left: usize) {
        let related = WORK_ON_RELATIONS - left;
        self.steps += related - self.related;
        self.uncharged += related - self.related;
        self.related = related;
    }

    /// Takes over what answers say of other open things.
    fn conclude(&mut self) {
        if self.relations.is_empty() && self.parts.is_empty() {
            return;
        }
        let left = Cell::new(WORK_ON_RELATIONS.saturating_sub(self.related));
        let found = Proof::new(self.known(), &left).consequences(&self.relations);
        self.pay_for_relations(left.get());
        for (key, text) in found {
            self.settle(&key, &text);
        }
    }

    /// Notes that something open is a part of a text.
    pub(super) fn define(&mut self, key: String, part: Part) {
        let is_too_much = self.parts.len() >= MAXIMUM_RELATIONS || length(&part.text) > LONGEST_RELATION;
        if !self.is_closed() && (!is_too_much || self.parts.contains_key(&key)) {
            self.parts.insert(key, part);
        }
    }

    /// Makes something open known by its name.
    pub(super) fn meet(&mut self, key: &str, initial: impl FnOnce() -> Domain) {
        self.domain(key, initial);
    }

    /// Whether two texts that are put together are equal; `None` when nothing is decided any more. What is open in them has
    /// been met. `name` stands for the question where there are too many.
    pub(super) fn are_equal(&mut self, one: &[Term], other: &[Term], name: &str) -> Option<bool> {
        if let Some(known) = self.relations.iter().find(|relation| relation.is_about(one, other)) {
            return Some(known.is_equal);
        }
        if !self.has_room(one, other, 1) {
            return self.is(name, "true", || Domain::OneOf(vec!["true".into(), "false".into()]));
        }
        let claims =
            |answer| vec![Relation { one: one.to_vec(), other: other.to_vec(), is_equal: answer == 0 }];
        self.relate(2, claims).map(|answer| answer == 0)
    }

    /// Whether so many comparisons of two texts can be held against others.
    fn has_room(&self, one: &[Term], other: &[Term], count: usize) -> bool {
        self.relations.len() + count <= MAXIMUM_RELATIONS && length(one) + length(other) <= LONGEST_RELATION
    }

    /// Which of some texts a text that is put together is; another than all only where that may be. `name` stands for it
    /// where there are too many.
    pub(super) fn equals_one_of(
        &mut self,
        terms: &[Term],
        candidates: &[&str],
        or_none: bool,
        name: &str,
    ) -> Option<Chosen> {
        let longest = candidates.iter().map(|text| text.len()).max().unwrap_or(0);
        if !self.has_room(terms, &[], candidates.len()) || longest > LONGEST_RELATION {
            return self.among(name, candidates, or_none, Domain::anything);
        }
        let claim = |text: &str, is_equal| Relation {
            one: terms.to_vec(),
            other: vec![Term::Text(text.to_owned())],
            is_equal,
        };
        let claims = |answer: usize| match candidates.get(answer) {
            Some(text) => vec![claim(text, true)],
            None => candidates.iter().map(|text| claim(text, false)).collect(),
        };
        let taken = self.relate(candidates.len() + usize::from(or_none), claims)?;
        Some(candidates.get(taken).map_or(Chosen::Other, |text| Chosen::Is((*text).to_owned())))
    }

    /// Takes one of so many answers, and remembers what it claims.
    fn relate(&mut self, available: usize, claims: impl Fn(usize) -> Vec<Relation>) -> Option<usize> {
        let taken = self.possible(available, &claims)?;
        for claim in claims(taken) {
            if !self.relations.contains(&claim) {
                self.relations.push(claim);
            }
        }
        self.conclude();
        Some(taken)
    }

    fn domain(&mut self, key: &str, initial: impl FnOnce() -> Domain) -> &mut Domain {
        let key = representative(&self.same, key).to_owned();
        self.open.entry(key).or_insert_with(initial)
    }

    fn settle(&mut self, key: &str, text: &str) {
        let key = representative(&self.same, key).to_owned();
        if let Some(domain) = self.open.get_mut(&key) {
            *domain = Domain::Known(text.to_owned());
        }
        for other in self.different.get(&key).cloned().unwrap_or_default() {
            self.exclude(&other, text);
        }
    }

    fn exclude(&mut self, key: &str, text: &str) {
        let key = representative(&self.same, key).to_owned();
        let Some(domain) = self.open.get_mut(&key) else { return };
        let last = match domain {
            Domain::Known(_) => return,
            Domain::AnyBut(excluded, _) | Domain::Number(_, excluded) => {
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
            open => open.may_be(text),
        };
        if !may_be {
            return Some(false);
        }
        let is = self.pick(2, |answer| vec![Relation::is(key, text, answer == 0)])? == 0;
        if is {
            self.settle(key, text);
        } else {
            self.exclude(key, text);
        }
        self.conclude();
        Some(is)
    }

    /// Whether it was found to be one text.
    pub(super) fn is_known(&self, key: &str) -> bool {
        matches!(self.open.get(representative(&self.same, key)), Some(Domain::Known(_)))
    }

    /// Its text, if it has a known one or is one of few.
    pub(super) fn value(&mut self, key: &str, initial: impl FnOnce() -> Domain) -> Option<String> {
        let values = match self.domain(key, initial) {
            Domain::Known(known) => return Some(known.clone()),
            Domain::AnyBut(..) | Domain::Number(..) => return None,
            Domain::OneOf(values) => values.clone(),
        };
        let claims = |answer: usize| values.get(answer).map(|text| Relation::is(key, text, true));
        let taken = self.pick(values.len(), |answer| claims(answer).into_iter().collect())?;
        let value = values.get(taken)?.clone();
        self.settle(key, &value);
        self.conclude();
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
                let value = self.value(key, Domain::anything)?;
                return Some(if candidates.contains(&&*value) { Chosen::Is(value) } else { Chosen::Other });
            }
            open @ (Domain::AnyBut(..) | Domain::Number(..)) => candidates
                .iter()
                .filter(|value| open.may_be(value))
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
        let claims = |answer: usize| match may_be.get(answer) {
            Some(text) => vec![Relation::is(key, text, true)],
            None => candidates.iter().map(|text| Relation::is(key, text, false)).collect(),
        };
        // What it must be one of, it cannot be where what was answered before excludes each of them.
        let answers = may_be.len() + usize::from(or_none);
        if !or_none && !self.parts.is_empty() && !(0..answers).any(|answer| self.may_hold(&claims(answer))) {
            return None;
        }
        let taken = self.pick(answers, claims)?;
        let Some(value) = may_be.into_iter().nth(taken) else {
            for value in candidates {
                self.exclude(key, value);
            }
            self.conclude();
            return Some(Chosen::Other);
        };
        self.settle(key, &value);
        self.conclude();
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
            (representative(&self.same, one).to_owned(), representative(&self.same, other).to_owned())
        };
        if one == other {
            return Some(true);
        }
        let nothing = Domain::anything;
        // A set of what it is not may be large, and is not needed here.
        if let (Some(Domain::Number(number, _)), Some(Domain::Number(other_number, _))) =
            (self.open.get(&one), self.open.get(&other))
            && !may_be_read_alike(number, other_number)
        {
            return Some(false);
        }
        let is_limited = |domain: &&Domain| !matches!(domain, Domain::AnyBut(..) | Domain::Number(..));
        let limited = |domain: Option<&Domain>| domain.filter(is_limited).cloned();
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
        if self.pick(2, |answer| vec![Relation::same(&one, &other, answer == 0)])? == 1 {
            self.different.entry(one.clone()).or_default().insert(other.clone());
            self.different.entry(other).or_default().insert(one);
            return Some(false);
        }
        if let Some(of_other) = self.open.remove(&other)
            && let Some(of_one) = self.open.remove(&one)
        {
            self.open.insert(one.clone(), of_one.and(of_other));
        }
        for third in self.different.remove(&other).unwrap_or_default() {
            if let Some(others) = self.different.get_mut(&third) {
                others.remove(&other);
                others.insert(one.clone());
            }
            self.different.entry(one.clone()).or_default().insert(third);
        }
        self.same.insert(other, one);
        self.conclude();
        Some(true)
    }
}

/// How much text there is in terms, in bytes, the names of what is open included.
fn length(terms: &[Term]) -> usize {
    terms.iter().map(|(Term::Text(text) | Term::Open(text))| text.len()).sum()
}

#[cfg(test)]
mod tests;
