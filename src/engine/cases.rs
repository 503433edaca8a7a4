//! Several cases of one template become one result.
//!
//! Owns the join of what a rule says in each case, and the words for when a finding holds. Must not know how cases come
//! about.

use std::collections::HashMap;

use crate::finding::{Finding, Findings, Verdict, add_about};
use crate::template::Fact;

/// What one rule says in one case.
#[derive(Debug)]
pub(super) struct Case {
    /// What makes the case.
    pub(super) facts: Vec<Fact>,
    /// Whether it stands for all that were not looked at one by one.
    pub(super) is_rest: bool,
    /// What the rule says.
    pub(super) findings: Findings,
}

/// How many ways to come to a finding are named.
const MAXIMUM_WAYS: usize = 3;

/// Of how many facts the shortest reason is looked for.
const MAXIMUM_FACTS: usize = 32;

/// What is said where the ways cannot be named.
const IN_SOME: &str = "in some cases";

/// How many findings are kept.
const MAXIMUM_FINDINGS: usize = 400;

/// What is true of all cases: the worst verdict, each finding once, and when it holds.
pub(super) fn join(mut cases: Vec<Case>) -> Findings {
    if cases.len() == 1
        && let Some(only) = cases.pop()
    {
        return only.findings;
    }
    let is_certain = cases.iter().all(|case| case.findings.verdict == Verdict::Fail);
    let is_elsewhere_in_some = cases.iter().any(|case| case.findings.is_elsewhere);
    let table = Table::of(&cases);
    let mut joined: Option<Findings> = None;
    // What one case counts beyond what it keeps, another counts again.
    let mut further = 0;
    let mut kept: Vec<(Finding, Vec<usize>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, case) in cases.into_iter().enumerate() {
        let mut findings = case.findings;
        for finding in std::mem::take(&mut findings.kept) {
            let key = identity(&finding);
            let count = kept.len();
            if let Some((_, holds_in)) = places.get(&key).and_then(|place| kept.get_mut(*place)) {
                if holds_in.last() != Some(&at) {
                    holds_in.push(at);
                }
            } else if count < MAXIMUM_FINDINGS {
                places.insert(key, count);
                kept.push((finding, vec![at]));
            } else {
                findings.further += 1;
                add_about(&mut findings.further_about, finding.container);
            }
        }
        further = further.max(std::mem::take(&mut findings.further));
        joined = Some(match joined {
            Some(joined) => joined.join(findings),
            None => findings,
        });
    }
    let name = |(mut finding, holds_in): (Finding, Vec<usize>)| {
        finding.case = table.name(&holds_in);
        if let Some(fix) = finding.fix.as_mut().filter(|_| is_elsewhere_in_some) {
            fix.obstacle = Some("in other cases the task runs where the rule does not apply");
        }
        finding
    };
    let kept: Vec<Finding> = kept.into_iter().map(name).collect();
    Findings { kept, further, is_certain, ..joined.unwrap_or_else(Findings::nothing) }
}

/// What makes two findings one.
fn identity(finding: &Finding) -> String {
    let container = finding.container.as_ref();
    format!(
        "{}\0{}\0{:?}\0{}\0{}",
        finding.verdict.as_str(),
        finding.property,
        container.map(|container| (container.ordinal, &container.name, &container.image)),
        finding.message,
        finding.remediation
    )
}

/// The facts of all cases, by number: a row is a case, a column what the fact is about.
struct Table {
    facts: Vec<Fact>,
    columns: usize,
    rows: Vec<Row>,
}

struct Row {
    /// Number of the fact in each column, where the case asked.
    cells: Vec<Option<usize>>,
    is_rest: bool,
}

impl Table {
    fn of(cases: &[Case]) -> Self {
        let mut facts: Vec<Fact> = Vec::new();
        let mut numbers: HashMap<&Fact, usize> = HashMap::new();
        let mut subjects: HashMap<(u8, &str, &str), usize> = HashMap::new();
        let mut rows = Vec::with_capacity(cases.len());
        for case in cases {
            let mut cells: Vec<Option<usize>> = Vec::new();
            for fact in &case.facts {
                let number = *numbers.entry(fact).or_insert_with(|| {
                    facts.push(fact.clone());
                    facts.len() - 1
                });
                let subject = match fact {
                    Fact::Condition { name, .. } => (0, name.as_str(), ""),
                    Fact::Item { list, item, .. } => (1, list.as_str(), item.as_str()),
                    Fact::Value { name, .. } => (2, name.as_str(), ""),
                };
                let next = subjects.len();
                let column = *subjects.entry(subject).or_insert(next);
                if cells.len() <= column {
                    cells.resize(column + 1, None);
                }
                if let Some(cell) = cells.get_mut(column) {
                    *cell = Some(number);
                }
            }
            rows.push(Row { cells, is_rest: case.is_rest });
        }
        let columns = subjects.len();
        Self { facts, columns, rows }
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
        let Columns { varying, partial } = self.columns();
        if varying.len() > MAXIMUM_FACTS {
            return Some(IN_SOME.to_owned());
        }
        let mut ways: Vec<Vec<usize>> = Vec::new();
        let mut others = 0;
        for row in holds_in.iter().filter_map(|at| self.rows.get(*at)) {
            if row.is_rest || ways.iter().any(|way| way.iter().all(|fact| row.cells.contains(&Some(*fact)))) {
                continue;
            }
            if ways.len() == MAXIMUM_WAYS {
                others += 1;
                continue;
            }
            ways.push(shortest(row, &without, &varying, &partial));
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
        let mut columns = Columns { varying: Vec::new(), partial: Vec::new() };
        for column in 0..self.columns {
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
            }
        }
        columns
    }

    fn words(&self, way: &[usize]) -> String {
        let facts = || way.iter().filter_map(|fact| self.facts.get(*fact));
        let conditions = facts().filter(|fact| !matches!(fact, Fact::Value { .. }));
        let values = facts().filter(|fact| matches!(fact, Fact::Value { .. }));
        let mut words = String::new();
        for (at, fact) in conditions.enumerate() {
            words += if at == 0 { "when " } else { " and " };
            words += &fact.to_string();
        }
        for (at, fact) in values.enumerate() {
            words += match (at, words.is_empty()) {
                (0, true) => "for ",
                (0, false) => ", for ",
                _ => " and ",
            };
            words += &fact.to_string();
        }
        words
    }
}

/// Columns by how they tell cases apart.
struct Columns {
    /// Not all cases that asked have the same fact.
    varying: Vec<usize>,
    /// All cases that asked have, and some did not ask, or got no answer.
    partial: Vec<usize>,
}

/// The fewest facts of a case, found by leaving out one after the other, that none of the other cases shares.
fn shortest(row: &Row, without: &[&Row], varying: &[usize], partial: &[usize]) -> Vec<usize> {
    let facts = |columns: &[usize]| -> Vec<(usize, usize)> {
        columns.iter().filter_map(|column| Some((*column, (*row.cells.get(*column)?)?))).collect()
    };
    let of_other = |other: &Row, column: usize| other.cells.get(column).copied().flatten();
    // A case that did not ask may have the same fact.
    let may_share = |other: &Row, way: &[(usize, usize)]| {
        way.iter().all(|(column, fact)| of_other(other, *column).is_none_or(|of_other| of_other == *fact))
    };
    let mut way = facts(varying);
    // Cases of which nothing else tells this one differ from it in what they have no answer to.
    let (alike, told): (Vec<&Row>, Vec<&Row>) = without.iter().partition(|other| may_share(other, &way));
    if !alike.is_empty() {
        way.extend(facts(partial).into_iter().take(MAXIMUM_FACTS));
    }
    let is_shared = |way: &[(usize, usize)]| {
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
