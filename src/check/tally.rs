//! Counts over many stacks: what a hook in failure mode FAIL would stop, by rule and by stack.
//!
//! Owns what counts as stopped. Must not know where the stacks are, nor how counts are shown.

use std::collections::BTreeMap;

use super::{CheckedFile, Weight};
use crate::finding::Verdict;
use crate::policy::Level;

/// What would be stopped, excused and left open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// What each rule alone would stop, by its name. Rules that have nothing to say are not in it.
    pub rules: BTreeMap<&'static str, OfRule>,
    /// The stacks that would be stopped, in the order in which they were added.
    pub stacks: Vec<BlockedStack>,
    /// Task definitions that would be stopped.
    pub blocked_task_definitions: usize,
    /// Findings that the policy excuses.
    pub excepted: usize,
    /// Of these, how many an earlier count did not have; `None`: there is none to compare with.
    pub newly_excepted: Option<usize>,
    /// Stacks in which something could not be decided.
    pub stacks_with_unknowns: usize,
    /// What could not be decided.
    pub unknowns: usize,
}

/// What one rule says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfRule {
    /// Stacks that it would stop.
    pub stacks: usize,
    /// Task definitions that it would stop.
    pub task_definitions: usize,
    /// Findings that the policy excuses.
    pub excepted: usize,
    /// What it could not decide.
    pub unknowns: usize,
}

/// A stack that would be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedStack {
    /// What the stack is called in results.
    pub name: String,
    /// Its task definitions that would be stopped.
    pub task_definitions: usize,
    /// The rules that would stop them, in the catalogue's order.
    pub rules: Vec<&'static str>,
}

impl Tally {
    /// Counts one stack.
    pub fn of(file: &CheckedFile<'_>) -> Self {
        let mut tally = Self::default();
        let Ok(tasks) = &file.judged else { return tally };
        tally.unknowns = file.notes.iter().filter(|note| note.is_unknown).count();
        let mut rules = Vec::new();
        for task in tasks {
            let mut is_blocked = false;
            for outcome in &task.report.outcomes {
                let findings = &outcome.findings;
                let is_failure = (findings.verdict, outcome.level) == (Verdict::Fail, Level::Deny);
                let weights = findings.kept.iter().map(|finding| Weight::of(outcome, finding));
                let count = |wanted| {
                    let further = if Weight::of_further(outcome) == wanted { findings.further } else { 0 };
                    weights.clone().filter(|weight| *weight == wanted).count() + further
                };
                let (excepted, unknowns) = (count(Weight::Excepted), count(Weight::Unknown));
                if !is_failure && excepted == 0 && unknowns == 0 {
                    continue;
                }
                let of_rule = tally.rules.entry(outcome.rule.name).or_default();
                of_rule.excepted += excepted;
                of_rule.unknowns += unknowns;
                tally.excepted += excepted;
                tally.unknowns += unknowns;
                if is_failure {
                    is_blocked = true;
                    of_rule.task_definitions += 1;
                    of_rule.stacks = 1;
                    if !rules.contains(&outcome.rule.name) {
                        rules.push(outcome.rule.name);
                    }
                }
            }
            tally.blocked_task_definitions += usize::from(is_blocked);
        }
        tally.stacks_with_unknowns = usize::from(tally.unknowns > 0);
        if tally.blocked_task_definitions > 0 {
            let (name, task_definitions) = (file.path.to_owned(), tally.blocked_task_definitions);
            tally.stacks.push(BlockedStack { name, task_definitions, rules });
        }
        tally
    }

    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        for (rule, counts) in other.rules {
            let sum = self.rules.entry(rule).or_default();
            sum.stacks += counts.stacks;
            sum.task_definitions += counts.task_definitions;
            sum.excepted += counts.excepted;
            sum.unknowns += counts.unknowns;
        }
        self.stacks.extend(other.stacks);
        self.blocked_task_definitions += other.blocked_task_definitions;
        self.excepted += other.excepted;
        self.stacks_with_unknowns += other.stacks_with_unknowns;
        self.unknowns += other.unknowns;
    }
}
