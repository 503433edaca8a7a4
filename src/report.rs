//! The report: what a whole policy says of one task definition.
//!
//! Owns the outcomes of all rules, side by side. Must not know how they came about, nor how they are shown.

use crate::finding::Findings;
use crate::policy::Level;
use crate::rule::Metadata;

/// What one rule said of one task definition.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Metadata,
    /// How strictly the policy applies it.
    pub level: Level,
    /// What it said.
    pub findings: Findings,
}

/// What every rule of a policy said of one task definition.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One for each rule that is not off, in the catalogue's order.
    pub outcomes: Vec<Outcome>,
    /// Keys that stood twice in a map that a rule reads; every value was judged.
    pub duplicate_keys: Vec<&'static str>,
    /// Whether the template allows more cases than were judged one by one; for the rest, what is open was left open.
    pub has_too_many_cases: bool,
}
