//! Checking one file: its text and a policy become what there is to say of it.
//!
//! Owns how a file is recognised and read, and the result that every output format shows. Pure. Must not know where
//! the text comes from, nor how the result is shown.

use crate::document::{Entry, Span, Value, yaml};
use crate::engine::evaluate;
use crate::finding::{Finding, Verdict};
use crate::policy::{Level, Policy};
use crate::report::{Outcome, Report};
use crate::template::Given;

/// What there is to say of one file.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    /// Its name for people and machines: relative where it was given so, with `/` between its parts.
    pub path: &'a str,
    /// Its text; spans point into it.
    pub text: &'a str,
    /// Its task definitions, in the order of the text; or why it cannot be read.
    pub judged: Result<Vec<JudgedTask>, Unreadable>,
    /// What is not about a rule: duplicate keys, aliases, macros.
    pub notes: Vec<Note>,
}

/// Why a file cannot be read as what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The place; empty at the character in question.
    pub span: Span,
    /// What is wrong there; no full stop.
    pub message: String,
}

/// Something worth knowing that no rule is about, and that changes no verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What; no full stop.
    pub message: String,
    /// What to do, in a sentence.
    pub help: Option<String>,
}

/// One task definition and what the policy says of it.
#[derive(Debug)]
pub struct JudgedTask {
    /// Its logical id in a template; its family in a plain task definition.
    pub name: String,
    /// Where its name stands: the key in a template.
    pub span: Span,
    /// What every rule says. Findings of `Verdict::Fail` and `Verdict::Unknown` always have a span.
    pub report: Report,
}

/// What a finding comes to under the policy, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
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
            (Verdict::Fail, Level::Deny) => Self::Failure,
            (Verdict::Fail, Level::Warn) => Self::Warning,
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
    /// Likewise.
    pub unknowns: usize,
    /// Rules passed, counted for each task definition.
    pub passes: usize,
}

impl Totals {
    /// The totals of one file.
    pub fn of(file: &CheckedFile<'_>) -> Self {
        let Ok(tasks) = &file.judged else {
            return Self { unreadable: 1, ..Self::default() };
        };
        let mut totals = Self { files: 1, task_definitions: tasks.len(), ..Self::default() };
        for outcome in tasks.iter().flat_map(|task| &task.report.outcomes) {
            totals.passes += usize::from(outcome.findings.verdict == Verdict::Pass);
            for finding in &outcome.findings.kept {
                match Weight::of(outcome, finding) {
                    Weight::Failure => totals.failures += 1,
                    Weight::Warning => totals.warnings += 1,
                    Weight::Unknown => totals.unknowns += 1,
                }
            }
            match (outcome.findings.verdict, outcome.level) {
                (Verdict::Fail, Level::Deny) => totals.failures += outcome.findings.further,
                (Verdict::Fail, Level::Warn) => totals.warnings += outcome.findings.further,
                _ => totals.unknowns += outcome.findings.further,
            }
        }
        totals
    }

    /// Adds another file's totals.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.unreadable += other.unreadable;
        self.task_definitions += other.task_definitions;
        self.failures += other.failures;
        self.warnings += other.warnings;
        self.unknowns += other.unknowns;
        self.passes += other.passes;
    }
}

/// Whether a text could hold a task definition. Cheap, and never wrongly `false`: what is no JSON or YAML, or holds a
/// word that may be spelled otherwise, could.
pub fn could_concern(text: &str) -> bool {
    text.contains("AWS::ECS::TaskDefinition") || text.contains("containerDefinitions")
}

/// Checks one file. `None`: it can be read and is neither a template nor a task definition.
pub fn check<'a>(path: &'a str, text: &'a str, given: &Given, policy: &Policy) -> Option<CheckedFile<'a>> {
    let _ = given;
    let root = match yaml::read(text) {
        Ok(root) => root,
        Err(error) => {
            let span = Span::new(error.offset, error.offset);
            let judged = Err(Unreadable { span, message: error.message });
            return Some(CheckedFile { path, text, judged, notes: Vec::new() });
        }
    };
    let Value::Mapping(resources) = &root.get("Resources")?.value else { return None };
    let judge = |entry: &Entry<'_>| {
        let properties = entry.value.get("Properties")?;
        let report = evaluate(properties, policy);
        Some(JudgedTask { name: entry.key.clone().into_owned(), span: entry.key_span?, report })
    };
    let judged = Ok(resources.iter().filter_map(judge).collect());
    Some(CheckedFile { path, text, judged, notes: Vec::new() })
}
