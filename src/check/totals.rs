//! What findings come to: how much each weighs under the policy, and totals over files.
//!
//! Owns the weights and the sums. Must not know how totals are shown, nor what they mean for an exit code.

use super::{CheckedFile, JudgedTask};
use crate::finding::{Finding, Verdict};
use crate::policy::Level;
use crate::report::Outcome;

/// What a finding comes to under the policy, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Excused by the policy.
    Excepted,
    /// Not decided yet.
    Unknown,
    /// A violation of a rule at level warn.
    Warning,
    /// A violation of a rule at level deny.
    Failure,
}

impl Weight {
    /// What a finding of `outcome` weighs.
    pub fn of(outcome: &Outcome, finding: &Finding) -> Self {
        match (finding.verdict, outcome.level) {
            _ if finding.excused.is_some() => Self::Excepted,
            (Verdict::Fail, Level::Deny) => Self::Failure,
            (Verdict::Fail, Level::Warn) => Self::Warning,
            _ => Self::Unknown,
        }
    }

    /// What those findings of `outcome` weigh that were counted and not kept.
    pub fn of_further(outcome: &Outcome) -> Self {
        match (outcome.findings.verdict, outcome.level) {
            _ if outcome.findings.is_further_excused => Self::Excepted,
            (Verdict::Fail, Level::Deny) => Self::Failure,
            (Verdict::Fail, Level::Warn) => Self::Warning,
            (Verdict::Excepted, _) => Self::Excepted,
            _ => Self::Unknown,
        }
    }
}

/// Totals over files, for summary lines and exit codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files with a template or a task definition.
    pub files: usize,
    /// Files that could not be read.
    pub unreadable: usize,
    /// Task definitions.
    pub task_definitions: usize,
    /// Findings of each weight, those that were not kept included.
    pub failures: usize,
    /// Likewise.
    pub warnings: usize,
    /// Likewise, and notes of what nobody can see.
    pub unknowns: usize,
    /// Findings that the policy excuses; they are none of the others.
    pub excepted: usize,
    /// Rules passed, counted for each task definition.
    pub passes: usize,
    /// Changes that were made before.
    pub fixes: usize,
}

impl Totals {
    /// The totals of one file, without what was taken from it.
    pub fn of(file: &CheckedFile<'_>) -> Self {
        let Ok(tasks) = &file.judged else {
            return Self { unreadable: 1, ..Self::default() };
        };
        let unknowns = file.notes.iter().filter(|note| note.is_unknown).count();
        let mut totals = Self { files: 1, unknowns, fixes: file.fixed.len(), ..Self::default() };
        for task in tasks {
            totals.add(Self::of_task(task));
        }
        totals
    }

    /// The share of one task definition.
    pub fn of_task(task: &JudgedTask) -> Self {
        let mut totals = Self { task_definitions: 1, ..Self::default() };
        for outcome in &task.report.outcomes {
            totals.passes += usize::from(outcome.findings.verdict == Verdict::Pass);
            for finding in &outcome.findings.kept {
                *totals.of_weight(Weight::of(outcome, finding)) += 1;
            }
            *totals.of_weight(Weight::of_further(outcome)) += outcome.findings.further;
        }
        totals
    }

    fn of_weight(&mut self, weight: Weight) -> &mut usize {
        match weight {
            Weight::Failure => &mut self.failures,
            Weight::Warning => &mut self.warnings,
            Weight::Unknown => &mut self.unknowns,
            Weight::Excepted => &mut self.excepted,
        }
    }

    /// Adds other totals.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.unreadable += other.unreadable;
        self.task_definitions += other.task_definitions;
        self.failures += other.failures;
        self.warnings += other.warnings;
        self.unknowns += other.unknowns;
        self.excepted += other.excepted;
        self.passes += other.passes;
        self.fixes += other.fixes;
    }
}
