//! Several cases of one template become one result.
//!
//! Owns the join of what a rule says in each case, and the words for when a finding holds. Must not know how cases come
//! about.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZero;
use std::rc::Rc;

use crate::finding::{Finding, Findings, HoldsIn, Verdict, add_about};
use crate::template::Fact;

/// How many ways to come to a finding are named.
const MAXIMUM_WAYS: usize = 3;

/// Of how many facts the shortest reason is looked for.
const MAXIMUM_FACTS: usize = 32;

/// For how many reasons one mistake may be there whose values are not told one by one.
const MAXIMUM_MERGED: usize = 32;

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
                add_about(&mut findings.further_about, finding.about());
            }
        }
        // What one case counts beyond what it keeps, another counts again.
        self.further = self.further.max(std::mem::take(&mut findings.further));
        self.joined = Some(match self.joined.take() {
            Some(joined) => joined.join(findings),
            None => findings,
        });
    }

    /// The findings with the cases that have them. What is one mistake and only shows other values is one finding: those of
    /// one place that no case has two of, where fewer reasons than findings tell when they hold.
    fn together(&mut self) -> Vec<(Finding, Vec<usize>)> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        for (at, (finding, _)) in self.kept.iter().enumerate() {
            let group = *places.entry(place(finding)).or_insert(groups.len());
            match groups.get_mut(group) {
                Some(group) => group.push(at),
                None => groups.push(vec![at]),
            }
        }
        let mut kept: Vec<_> = std::mem::take(&mut self.kept).into_iter().map(Some).collect();
        let mut together = Vec::with_capacity(groups.len());
        for group in groups {
            let of_group: Vec<_> =
                group.iter().filter_map(|at| Some((*at, kept.get_mut(*at)?.take()?))).collect();
            together.extend(self.table.merge(of_group));
        }
        // In the order in which they were found.
        together.sort_by_key(|(at, _)| *at);
        together.into_iter().map(|(_, finding)| finding).collect()
    }

    /// What is true of all cases: the worst verdict, each finding once, and when it holds. `of`: what these cases are told
    /// by, where somebody may ask in which a finding holds.
    pub(super) fn join(mut self, of: Option<usize>) -> Findings {
        if let Some(only) = self.only {
            return only;
        }
        let together = self.together();
        let name = |(mut finding, holds_in): (Finding, Vec<usize>)| {
            finding.case = self.table.name(&holds_in);
            finding.holds_in = of.and_then(|of| self.table.holds_in(of, &holds_in)).map(Box::new);
            if let Some(fix) = finding.fix.as_mut().filter(|_| self.is_elsewhere_in_some) {
                fix.obstacle = Some("in other cases the task runs where the rule does not apply");
            }
            finding
        };
        let kept: Vec<Finding> = together.into_iter().map(name).collect();
        let joined = self.joined.unwrap_or_else(Findings::nothing);
        Findings { kept, further: self.further, is_certain: !self.is_uncertain, ..joined }
    }
}

/// The same for findings that say the same.
fn fingerprint(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.property, &finding.container, &finding.identity).hash(&mut hasher);
    (&finding.message, &finding.remediation).hash(&mut hasher);
    finding.span.map(|span| (span.start(), span.end())).hash(&mut hasher);
    hasher.finish()
}

/// The same for findings that may be one mistake.
fn place(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.property, &finding.container, &finding.identity).hash(&mut hasher);
    (&finding.remediation, &finding.open).hash(&mut hasher);
    let place = finding.span.map(|span| (span.start(), span.end()));
    (finding.verdict as u8, place).hash(&mut hasher);
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

/// A finding with the cases that have it, and its place among all.
type Placed = (usize, (Finding, Vec<usize>));

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

    /// Makes fewer of findings that may be one mistake.
    fn merge(&self, findings: Vec<Placed>) -> Vec<Placed> {
        let [(_, (first, _)), others @ ..] = findings.as_slice() else { return findings };
        if others.is_empty() || others.iter().any(|(_, (other, _))| other.fix != first.fix) {
            return findings;
        }
        let count = findings.iter().map(|(_, (_, holds_in))| holds_in.len()).sum();
        let mut all: Vec<usize> = Vec::with_capacity(count);
        all.extend(findings.iter().flat_map(|(_, (_, holds_in))| holds_in));
        all.sort_unstable();
        all.dedup();
        if all.len() < count {
            return findings;
        }
        let Some((ways, 0)) = self.ways(&all, MAXIMUM_MERGED) else { return findings };
        let has = |at: usize, way: &[Number]| {
            self.rows.get(at).is_some_and(|row| way.iter().all(|fact| row.cells.contains(&Some(*fact))))
        };
        let mut merged: Vec<(usize, Placed, usize)> = Vec::with_capacity(ways.len());
        for (at, (finding, holds_in)) in findings {
            let way = holds_in.first().and_then(|case| ways.iter().position(|way| has(*case, way)));
            let way = way.unwrap_or(ways.len());
            match merged.iter_mut().find(|(of, ..)| *of == way) {
                Some((_, (_, (known, cases)), count)) => {
                    known.settled.retain(|settled| finding.settled.contains(settled));
                    cases.extend(holds_in);
                    *count += 1;
                }
                None => merged.push((way, (at, (finding, holds_in)), 1)),
            }
        }
        let finish = |(_, (at, (mut finding, mut holds_in)), count): (_, Placed, _)| {
            holds_in.sort_unstable();
            if count > 1 {
                finding.message = format!("{} (one of {count} such values)", finding.message).into();
            }
            (at, (finding, holds_in))
        };
        merged.into_iter().map(finish).collect()
    }

    /// In which cases something holds; `None`: in all.
    fn holds_in(&self, of: usize, holds_in: &[usize]) -> Option<HoldsIn> {
        let count = self.rows.len();
        if holds_in.len() == count {
            return None;
        }
        let mut cases = vec![0_u64; count.div_ceil(64)].into_boxed_slice();
        for at in holds_in {
            if let Some(bits) = cases.get_mut(at / 64) {
                *bits |= 1 << (at % 64);
            }
        }
        Some(HoldsIn { of, count, cases })
    }

    /// In which cases something holds, in words; `None`: in all.
    fn name(&self, holds_in: &[usize]) -> Option<String> {
        if holds_in.len() == self.rows.len() {
            return None;
        }
        let Some((ways, others)) = self.ways(holds_in, MAXIMUM_WAYS) else { return Some(IN_SOME.to_owned()) };
        let words: Vec<String> =
            ways.iter().map(|way| self.words(way)).filter(|words| !words.is_empty()).collect();
        if words.is_empty() {
            return Some(IN_SOME.to_owned());
        }
        let others = if others > 0 { ", and in other cases" } else { "" };
        Some(words.join(", or ") + others)
    }

    /// Whether what was not looked at one by one has it too, which else may lack it.
    fn is_in_rest(&self, holds_in: &[usize]) -> bool {
        self.rows.iter().enumerate().all(|(at, row)| !row.is_rest || holds_in.binary_search(&at).is_ok())
    }

    /// The reasons for which something holds, up to so many, and for how many cases there are others; a reason without facts:
    /// it holds in all that was looked at. `None`: nobody can name them.
    fn ways(&self, holds_in: &[usize], at_most: usize) -> Option<(Vec<Vec<Number>>, usize)> {
        let without: Vec<&Row> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(at, row)| !row.is_rest && holds_in.binary_search(at).is_err())
            .map(|(_, row)| row)
            .collect();
        if without.is_empty() {
            return Some((vec![Vec::new()], 0));
        }
        let Columns { varying, partial, same } = self.columns();
        // What is the same in all that was looked at may differ in the rest, and so belongs to the reason.
        let pinned = if self.is_in_rest(holds_in) { &[][..] } else { &same };
        if varying.len() + pinned.len() > MAXIMUM_FACTS {
            return None;
        }
        let mut ways: Vec<Vec<Number>> = Vec::new();
        let mut others = 0;
        for row in holds_in.iter().filter_map(|at| self.rows.get(*at)) {
            if row.is_rest || ways.iter().any(|way| way.iter().all(|fact| row.cells.contains(&Some(*fact)))) {
                continue;
            }
            if ways.len() == at_most {
                others += 1;
                continue;
            }
            let pinned = pinned.iter().filter_map(|column| row.cells.get(*column).copied().flatten());
            ways.push(pinned.chain(shortest(row, &without, &varying, &partial)).collect());
        }
        Some((ways, others))
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
