//! Fixing one file: what its findings ask for is done, as far as it can be proven right.
//!
//! Owns the rounds of fixing and their proof: an edited text must be read as the tree that the change means, and the
//! finding must be gone. Pure. Must not know how a change becomes an edit, nor where the text goes.

use std::collections::{HashMap, HashSet};

use super::{CheckedFile, JudgedTask, check, check_document, read_document};
use crate::document::Document;
use crate::finding::{Applicability, Container, Finding, Verdict};
use crate::fix::{self, Plan, Source, Task};
use crate::policy::Policy;
use crate::template::{Given, from_plain};

/// How often a file is judged again. Fixes that touch each other wait for the next round; there are never more of them
/// in one place than a container has findings of a rule.
const MAXIMUM_ROUNDS: usize = 80;

/// A text with fixes.
#[derive(Debug, Default)]
pub struct Repaired {
    /// The text, every byte outside the fixes as it was.
    pub text: String,
    /// What was done, container by container.
    pub fixed: Vec<Fixed>,
    /// Findings that were tried to be fixed in vain, and why.
    given_up: HashMap<Identity, &'static str>,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The rule that wanted it.
    pub rule: &'static str,
    /// The task definition's name.
    pub task: String,
    /// The container, unless the whole task definition is meant.
    pub container: Option<Container>,
    /// What it does, in words that follow "to".
    pub title: String,
    /// Whether it can be noticed.
    pub applicability: Applicability,
}

/// What tells a finding from others, whatever the lines.
type Identity = (String, &'static str, Option<usize>, &'static str, String);

fn identity(task: &JudgedTask, rule: &'static str, finding: &Finding) -> Identity {
    let container = finding.container.as_ref().map(|container| container.ordinal);
    (task.name.clone(), rule, container, finding.property, finding.message.clone().into_owned())
}

/// Makes the fixes that a file's findings ask for and that are as `wanted`, until nothing more can be done. `None`: it is
/// neither a template nor a task definition, or cannot be read.
pub fn repair(
    path: &str,
    text: &str,
    given: &Given,
    policy: &Policy,
    wanted: Applicability,
) -> Option<Repaired> {
    let mut repaired = Repaired { text: text.to_owned(), ..Repaired::default() };
    for _ in 0..MAXIMUM_ROUNDS {
        let document = read_document(&repaired.text).ok()?;
        let round = Round { path, text: &repaired.text, document: &document, given, policy };
        let steps = round.steps(wanted, &repaired.given_up)?;
        if steps.is_empty() {
            break;
        }
        let done = match round.after(&steps) {
            Ok(text) => Some((text, steps)),
            Err(_) => round.one_by_one(steps, &mut repaired.given_up),
        };
        if let Some((text, steps)) = done {
            repaired.fixed.extend(steps.into_iter().map(|step| step.fixed));
            repaired.text = text;
        }
    }
    let ordinal = |fixed: &Fixed| fixed.container.as_ref().map(|container| container.ordinal);
    repaired.fixed.sort_by_cached_key(|fixed| (fixed.task.clone(), ordinal(fixed)));
    Some(repaired)
}

/// Checks a text that was repaired, before or after that, and says what was done and why not everything.
pub fn check_repaired<'a>(
    path: &'a str,
    text: &'a str,
    repaired: &Repaired,
    given: &Given,
    policy: &Policy,
) -> Option<CheckedFile<'a>> {
    let mut file = check(path, text, given, policy)?;
    file.fixed.clone_from(&repaired.fixed);
    for task in file.judged.iter_mut().flatten() {
        let mut reasons = Vec::new();
        for (number, outcome) in task.report.outcomes.iter().enumerate() {
            for (place, finding) in outcome.findings.kept.iter().enumerate() {
                if let Some(reason) = repaired.given_up.get(&identity(task, outcome.rule.name, finding)) {
                    reasons.push((number, place, *reason));
                }
            }
        }
        for (number, place, reason) in reasons {
            let outcome = task.report.outcomes.get_mut(number);
            let finding = outcome.and_then(|outcome| outcome.findings.kept.get_mut(place));
            let fix = finding.and_then(|finding| finding.fix.as_mut());
            if let Some(proposal) = fix.and_then(|fix| fix.proposal.as_mut()) {
                proposal.edits = Err(reason.to_owned());
            }
        }
    }
    Some(file)
}

/// One fix to make.
struct Step {
    plan: Plan,
    fixed: Fixed,
    /// The findings that it settles.
    settles: Vec<Identity>,
}

/// A text that fixes are made in.
struct Round<'r, 'a> {
    path: &'r str,
    text: &'a str,
    document: &'r Document<'a>,
    given: &'r Given,
    policy: &'r Policy,
}

impl Round<'_, '_> {
    /// The fixes to make at the same time, as many as can be.
    fn steps(&self, wanted: Applicability, given_up: &HashMap<Identity, &'static str>) -> Option<Vec<Step>> {
        let file = check_document(self.path, self.text, self.document, self.given, self.policy)?;
        let is_plain = from_plain(&self.document.root).is_some();
        let mut steps = Vec::new();
        for task in file.judged.as_ref().ok()? {
            let of_task = if is_plain { Task::Plain } else { Task::Resource(&task.name) };
            let source = Source { text: self.text, document: self.document, task: of_task };
            for outcome in &task.report.outcomes {
                for finding in &outcome.findings.kept {
                    let identity = identity(task, outcome.rule.name, finding);
                    let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= wanted) else {
                        continue;
                    };
                    if finding.verdict != Verdict::Fail || given_up.contains_key(&identity) {
                        continue;
                    }
                    let Ok(plan) = fix::plan(&source, finding, fix) else { continue };
                    let fixed = Fixed {
                        rule: outcome.rule.name,
                        task: task.name.clone(),
                        container: finding.container.clone(),
                        title: fix::title(of_task, fix),
                        applicability: fix.applicability,
                    };
                    steps.push(Step { plan, fixed, settles: vec![identity] });
                }
            }
        }
        // Whoever ends first leaves the most room for the others.
        steps.sort_by_key(|step| (step.plan.scope.end, step.plan.scope.start));
        let mut chosen: Vec<Step> = Vec::new();
        for step in steps {
            match chosen.last_mut() {
                Some(last) if last.plan == step.plan => last.settles.extend(step.settles),
                Some(last) if last.plan.scope.end >= step.plan.scope.start => {}
                _ => chosen.push(step),
            }
        }
        Some(chosen)
    }

    /// The text after some fixes, if it is what it should be; else why not, in words that follow "because".
    fn after(&self, steps: &[Step]) -> Result<String, &'static str> {
        const MISREAD: &str = "the text would not be read as it should";
        let plans: Vec<&Plan> = steps.iter().map(|step| &step.plan).collect();
        let text = fix::edited(self.text, plans.iter().flat_map(|plan| &plan.edits));
        let expected = fix::changed(&self.document.root, &plans).ok_or(MISREAD)?;
        let document = read_document(&text).map_err(|_| MISREAD)?;
        if document.syntax != self.document.syntax || !document.root.is_like(&expected) {
            return Err(MISREAD);
        }
        let file = check_document(self.path, &text, &document, self.given, self.policy).ok_or(MISREAD)?;
        let mut remaining = HashSet::new();
        for task in file.judged.as_ref().map_err(|_| MISREAD)? {
            for outcome in &task.report.outcomes {
                let findings = outcome.findings.kept.iter();
                remaining.extend(findings.map(|finding| identity(task, outcome.rule.name, finding)));
            }
        }
        if steps.iter().flat_map(|step| &step.settles).any(|settled| remaining.contains(settled)) {
            return Err("the finding would still be there");
        }
        Ok(text)
    }

    /// Finds out which of several fixes go wrong, and gives those up. The text after the first that does not, if it is
    /// not known to be one of them.
    fn one_by_one(
        &self,
        steps: Vec<Step>,
        given_up: &mut HashMap<Identity, &'static str>,
    ) -> Option<(String, Vec<Step>)> {
        let mut done = None;
        for step in steps {
            let steps = vec![step];
            match self.after(&steps) {
                Ok(text) => done = done.or(Some((text, steps))),
                Err(reason) => {
                    let settles = steps.into_iter().flat_map(|step| step.settles);
                    given_up.extend(settles.map(|settled| (settled, reason)));
                }
            }
        }
        done
    }
}
