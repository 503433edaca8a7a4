//! Several cases of one template become one result.
//!
//! Owns the join of what a rule says in each case, and the words for when a finding holds. Must not know how cases come
//! about.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZero;
use std::rc::Rc;

use crate::finding::{Finding, Findings, Verdict, add_about};
use crate::template::Fact;

/// How many ways to come to a finding are named.
const MAXIMUM_WAYS: usize = 3;

/// Of how many facts the shortest reason is looked for.
const MAXIMUM_FACTS: usize = 32;

/// What is said where the ways cannot be named.
const IN_SOME: &str = "in some cases";

/// How many findings are kept.
const MAXIMUM_FINDINGS: usize = 400;

/// What one rule says in the cases so far. What several say alike is held once: there are hundreds of cases, and what a
/// few kilobytes of template say in them would take megabytes.
#[derive(Debug, Default)]
pub(super) struct Cases {
    table: Table,
    /// What is said in the first case, as long as it is the only one: then nothing has to be told apart.
    only: Option<Findings>,
    /// What is said in all, but for the findings.
    joined: Option<Findings>,
    /// Each finding once, with the cases that have it.
    kept: Vec<(Finding, Vec<usize>)>,
    /// Which of them have the same [`fingerprint`].
    places: HashMap<u64, Vec<usize>>,
    /// How many findings a case has at most beyond those.
    further: usize,
    is_uncertain: bool,
    is_elsewhere_in_some: bool,
}

impl Cases {
    pub(super) fn is_empty(&self) -> bool {
        self.table.rows.is_empty()
    }

    /// Adds what the rule says where these facts make the case. `is_rest`: it stands for all that were not looked at one
    /// by one.
    pub(super) fn add(&mut self, facts: &[Fact], is_rest: bool, findings: Findings) {
        let at = self.table.add(facts, is_rest);
        if at == 0 {
            self.only = Some(findings);
            return;
        }
        if let Some(first) = self.only.take() {
            self.merge(0, first);
        }
        self.merge(at, findings);
    }

    fn merge(&mut self, at: usize, mut findings: Findings) {
        self.is_uncertain |= findings.verdict != Verdict::Fail;
        self.is_elsewhere_in_some |= findings.is_elsewhere;
        for finding in std::mem::take(&mut findings.kept) {
            let same = self.places.entry(fingerprint(&finding)).or_default();
            let is_known = |place: &&usize| {
                self.kept.get(**place).is_some_and(|(known, _)| known.says_the_same(&finding))
            };
            let known = same.iter().find(is_known).and_then(|place| self.kept.get_mut(*place));
            if let Some((known, holds_in)) = known {
                // What does not decide in one of the cases does not decide.
                known.settled.retain(|settled| finding.settled.contains(settled));
                if holds_in.last() != Some(&at) {
                    holds_in.push(at);
                }
            } else if self.kept.len() < MAXIMUM_FINDINGS {
                same.push(self.kept.len());
                self.kept.push((finding, vec![at]));
            } else {
                findings.further += 1;
                add_about(&mut findings.further_about, finding.container);
            }
        }
        // What one case counts beyond what it keeps, another counts again.
        self.further = self.further.max(std::mem::take(&mut findings.further));
        self.joined = Some(match self.joined.take() {
            Some(joined) => joined.join(findings),
            None => findings,
        });
    }

    /// What is true of all cases: the worst verdict, each finding once, and when it holds.
    pub(super) fn join(self) -> Findings {
        if let Some(only) = self.only {
            return only;
        }
        let name = |(mut finding, holds_in): (Finding, Vec<usize>)| {
            finding.case = self.table.name(&holds_in);
            if let Some(fix) = finding.fix.as_mut().filter(|_| self.is_elsewhere_in_some) {
                fix.obstacle = Some("in other cases the task runs where the rule does not apply");
            }
            finding
        };
        let kept: Vec<Finding> = self.kept.into_iter().map(name).collect();
        let joined = self.joined.unwrap_or_else(Findings::nothing);
        Findings { kept, further: self.further, is_certain: !self.is_uncertain, ..joined }
    }
}

/// The same for findings that say the same.
fn fingerprint(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.property, &finding.container, &finding.message, &finding.remediation).hash(&mut hasher);
    hasher.finish()
}

/// The facts of all cases, by number: a row is a case, a column what the fact is about.
#[derive(Debug, Default)]
struct Table {
    facts: Vec<Rc<Fact>>,
    /// The number of each fact, and its column.
    numbers: HashMap<Rc<Fact>, (Number, usize)>,
    /// The column of what a fact is about.
    subjects: HashMap<(u8, String, String), usize>,
    rows: Vec<Row>,
}

/// A fact by its place in the table, from 1.
type Number = NonZero<u32>;

#[derive(Debug)]
struct Row {
    /// The fact in each column, where the case asked.
    cells: Vec<Option<Number>>,
    is_rest: bool,
}

impl Table {
    /// Adds a case, and gives its place.
    fn add(&mut self, facts: &[Fact], is_rest: bool) -> usize {
        let mut cells: Vec<Option<Number>> = Vec::with_capacity(self.subjects.len());
        for fact in facts {
            let (number, column) = match self.numbers.get(fact) {
                Some(known) => *known,
                None => self.add_fact(fact),
            };
            if cells.len() <= column {
                cells.resize(column + 1, None);
            }
            if let Some(cell) = cells.get_mut(column) {
                *cell = Some(number);
            }
        }
        self.rows.push(Row { cells, is_rest });
        self.rows.len() - 1
    }

    fn add_fact(&mut self, fact: &Fact) -> (Number, usize) {
        let subject = match fact {
            Fact::Condition { name, .. } => (0, name.clone(), String::new()),
            Fact::Item { list, item, .. } => (1, list.clone(), item.clone()),
            Fact::Value { name, .. } => (2, name.clone(), String::new()),
        };
        let next = self.subjects.len();
        let column = *self.subjects.entry(subject).or_insert(next);
        let fact = Rc::new(fact.clone());
        self.facts.push(Rc::clone(&fact));
        // No text that is read is long enough for more.
        let number = u32::try_from(self.facts.len()).ok().and_then(Number::new).unwrap_or(Number::MAX);
        self.numbers.insert(fact, (number, column));
        (number, column)
    }

    fn fact(&self, number: Number) -> Option<&Fact> {
        self.facts.get(number.get() as usize - 1).map(|fact| &**fact)
    }

    /// In which cases something holds, in words; `None`: in all.
    fn name(&self, holds_in: &[usize]) -> Option<String> {
        let without: Vec<&Row> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(at, row)| !row.is_rest && holds_in.binary_search(at).is_err())
            .map(|(_, row)| row)
            .collect();
        // What was not looked at one by one has it too, or may lack it.
        let is_in_rest =
            self.rows.iter().enumerate().all(|(at, row)| !row.is_rest || holds_in.binary_search(&at).is_ok());
        if without.is_empty() {
            return (!is_in_rest).then(|| IN_SOME.to_owned());
        }
        let Columns { varying, partial, same } = self.columns();
        // What is the same in all that was looked at may differ in the rest, and so belongs to the reason.
        let pinned = if is_in_rest { &[][..] } else { &same };
        if varying.len() + pinned.len() > MAXIMUM_FACTS {
            return Some(IN_SOME.to_owned());
        }
        let mut ways: Vec<Vec<Number>> = Vec::new();
        let mut others = 0;
        for row in holds_in.iter().filter_map(|at| self.rows.get(*at)) {
            if row.is_rest || ways.iter().any(|way| way.iter().all(|fact| row.cells.contains(&Some(*fact)))) {
                continue;
            }
            if ways.len() == MAXIMUM_WAYS {
                others += 1;
                continue;
            }
            let pinned = pinned.iter().filter_map(|column| row.cells.get(*column).copied().flatten());
            ways.push(pinned.chain(shortest(row, &without, &varying, &partial)).collect());
        }
        let words: Vec<String> =
            ways.iter().map(|way| self.words(way)).filter(|words| !words.is_empty()).collect();
        if words.is_empty() {
            return Some(IN_SOME.to_owned());
        }
        let others = if others > 0 { ", and in other cases" } else { "" };
        Some(words.join(", or ") + others)
    }

    /// The columns that tell cases apart.
    fn columns(&self) -> Columns {
        let mut columns = Columns { varying: Vec::new(), partial: Vec::new(), same: Vec::new() };
        for column in 0..self.subjects.len() {
            let mut cells = self
                .rows
                .iter()
                .filter(|row| !row.is_rest)
                .map(|row| row.cells.get(column).copied().flatten());
            let is_partial = cells.clone().any(|fact| fact.is_none());
            let first = cells.clone().find(Option::is_some).flatten();
            if cells.any(|fact| fact.is_some() && fact != first) {
                columns.varying.push(column);
            } else if is_partial {
                columns.partial.push(column);
            } else {
                columns.same.push(column);
            }
        }
        columns
    }

    fn words(&self, way: &[Number]) -> String {
        Fact::words(way.iter().filter_map(|number| self.fact(*number)))
    }
}

/// Columns by how they tell cases apart.
struct Columns {
    /// Not all cases that asked have the same fact.
    varying: Vec<usize>,
    /// All cases that asked have, and some did not ask, or got no answer.
    partial: Vec<usize>,
    /// All cases have the same fact.
    same: Vec<usize>,
}

/// The fewest facts of a case, found by leaving out one after the other, that none of the other cases shares.
fn shortest(row: &Row, without: &[&Row], varying: &[usize], partial: &[usize]) -> Vec<Number> {
    let facts = |columns: &[usize]| -> Vec<(usize, Number)> {
        columns.iter().filter_map(|column| Some((*column, (*row.cells.get(*column)?)?))).collect()
    };
    let of_other = |other: &Row, column: usize| other.cells.get(column).copied().flatten();
    // A case that did not ask may have the same fact.
    let may_share = |other: &Row, way: &[(usize, Number)]| {
        way.iter().all(|(column, fact)| of_other(other, *column).is_none_or(|of_other| of_other == *fact))
    };
    let mut way = facts(varying);
    // Cases of which nothing else tells this one differ from it in what they have no answer to.
    let (alike, told): (Vec<&Row>, Vec<&Row>) = without.iter().partition(|other| may_share(other, &way));
    if !alike.is_empty() {
        way.extend(facts(partial).into_iter().take(MAXIMUM_FACTS));
    }
    let is_shared = |way: &[(usize, Number)]| {
        told.iter().any(|other| may_share(other, way))
            || alike
                .iter()
                .any(|other| way.iter().all(|(column, fact)| of_other(other, *column) == Some(*fact)))
    };
    for at in (0..way.len()).rev() {
        let removed = way.remove(at);
        if is_shared(&way) {
            way.insert(at, removed);
        }
    }
    way.into_iter().map(|(_, fact)| fact).collect()
}
