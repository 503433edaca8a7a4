//! The policy's exceptions in an event.
//!
//! Owns whose operation an event is to them, what CloudFormation is asked for their sake, and when that is worth a call. Must
//! not know how anything was judged, nor how the answer reads.

use std::cell::OnceCell;

use jiff::civil::Date;

use super::event::Event;
use super::message::blocks;
use super::{ChangeSet, Outside};
use crate::engine::{StackTags, Subject, excuse, looks_at_tags};
use crate::finding::{Finding, Findings, Verdict};
use crate::policy::Policy;
use crate::report::{Outcome, Report};

/// The exceptions of a policy, and what they look at.
pub(super) struct Excusing<'a> {
    policy: &'a Policy,
    whose: Subject<'a>,
    /// The stack's ARN; empty for Cloud Control.
    stack: &'a str,
    /// The change set, for an event about one. In its execution, the stack itself has what it brings.
    change_set: Option<&'a str>,
    outside: &'a dyn Outside,
    today: OnceCell<Date>,
    /// What CloudFormation says of the stack or the change set, asked for at most once.
    answer: OnceCell<Result<ChangeSet, String>>,
}

impl<'a> Excusing<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        event: &Event<'a, '_>,
        is_change_set: bool,
        outside: &'a dyn Outside,
    ) -> Self {
        Self {
            policy,
            whose: event.whose(),
            stack: event.stack(),
            change_set: is_change_set.then(|| event.change_set()),
            outside,
            today: OnceCell::new(),
            answer: OnceCell::new(),
        }
    }

    fn today(&self) -> Date {
        *self.today.get_or_init(|| self.outside.today())
    }

    /// Applies the exceptions to what was said of the task definition with this logical id.
    pub(super) fn apply(&self, report: &mut Report, logical_id: Option<&str>, stack_tags: StackTags<'_>) {
        if !self.policy.exceptions.is_empty() {
            let subject = Subject { stack_tags, logical_id, ..self.whose };
            excuse(report, &subject, self.policy, self.today());
        }
    }

    /// What CloudFormation says, with a call if there was none.
    pub(super) fn change_set(&self) -> Result<&ChangeSet, &str> {
        let answer = self.answer.get_or_init(|| match self.change_set {
            None => {
                let tags = self.outside.stack_tags(self.stack)?;
                Ok(ChangeSet { tags, ..ChangeSet::default() })
            }
            Some("") => Err("the event names no change set".into()),
            Some(change_set) => self.outside.change_set(self.stack, change_set),
        });
        answer.as_ref().map_err(String::as_str)
    }

    /// The stack's tags, as far as they are known without a call.
    pub(super) fn known_tags(&self) -> StackTags<'_> {
        match () {
            () if self.stack.is_empty() => StackTags::Nowhere,
            () if self.answer.get().is_some() => self.asked_tags(),
            () => StackTags::Unasked,
        }
    }

    fn asked_tags(&self) -> StackTags<'_> {
        match self.change_set() {
            Ok(change_set) => StackTags::Known(&change_set.tags),
            Err(reason) => StackTags::Missing(reason),
        }
    }

    /// The stack's tags, asked for where they may take something from what blocks. `weight`: how much of a rule does so.
    pub(super) fn tags(
        &self,
        reports: &[(Option<&str>, &Report)],
        weight: impl Fn(&Outcome) -> usize,
    ) -> StackTags<'_> {
        let weight_with = |tags: StackTags<'_>| -> usize {
            let of_report = |(logical_id, report): &(Option<&str>, &Report)| -> usize {
                let mut trial = (*report).clone();
                self.apply(&mut trial, *logical_id, tags);
                trial.outcomes.iter().map(&weight).sum()
            };
            reports.iter().map(of_report).sum()
        };
        match self.known_tags() {
            StackTags::Unasked
                if looks_at_tags(self.policy, || self.today())
                    && weight_with(StackTags::Supposed) < weight_with(StackTags::Unasked) =>
            {
                self.asked_tags()
            }
            known => known,
        }
    }
}

/// What stops an operation.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    pub(super) denies_unknown: bool,
}

impl Blocks {
    /// How many findings of a rule stop it, where its verdict does.
    pub(super) fn weight(self, outcome: &Outcome, verdict: Verdict) -> usize {
        if !blocks(outcome.level, verdict, self.denies_unknown) {
            return 0;
        }
        let Findings { kept, further, is_further_excused, .. } = &outcome.findings;
        let counts = |finding: &&Finding| {
            finding.excused.is_none() && blocks(outcome.level, finding.verdict, self.denies_unknown)
        };
        kept.iter().filter(counts).count() + if *is_further_excused { 0 } else { *further }
    }
}
