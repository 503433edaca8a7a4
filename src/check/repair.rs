//! Fixing one file: what its findings ask for is done, as far as it can be proven right.
//!
//! Owns the rounds of fixing and their proof: an edited text must be read as the tree that the change means, and the
//! finding must be gone. Pure. Must not know how a change becomes an edit, nor where the text goes.

use std::collections::{HashMap, HashSet};

use super::{CheckedFile, JudgedTask, Parameters, check_document, read_document};
use crate::document::Document;
use crate::finding::{Applicability, Container, Finding, Verdict};
use crate::fix::{self, Plan, Resources, Source, Task};
use crate::policy::Policy;
use crate::template::Given;

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

/// What tells a finding from others, whatever the lines: the number of its task definition, its container's, its rule, its
/// property, its message.
type Identity = (usize, Option<usize>, &'static str, &'static str, String);

fn identity(task: usize, rule: &'static str, finding: &Finding) -> Identity {
    let container = finding.container.as_ref().map(|container| container.ordinal);
    (task, container, rule, finding.property, finding.message.clone().into_owned())
}

/// By what a text is judged.
pub struct Checking<'c> {
    /// Its name.
    pub path: &'c str,
    /// What is known of its deployment.
    pub given: &'c Given,
    /// The policy.
    pub policy: &'c Policy,
    /// Takes the weight from what is excused, and so is not to be fixed.
    pub excuse: &'c dyn Fn(&mut JudgedTask),
}

impl Checking<'_> {
    /// Judges a document and looks at each task definition with its number. `None`: there is nothing to be fixed in it.
    fn look(
        &self,
        text: &str,
        document: &Document<'_>,
        look: &mut dyn FnMut(usize, &JudgedTask),
    ) -> Option<()> {
        let mut number = 0;
        let deployment = (self.given, Parameters::Open);
        let file = check_document(self.path, text, document, deployment, self.policy, &mut |mut task| {
            (self.excuse)(&mut task);
            look(number, &task);
            number += 1;
        })?;
        file.judged.is_ok().then_some(())
    }
}

/// Makes the fixes that the findings in a text ask for and that are as `wanted`, until nothing more can be done. `None`:
/// it is neither a template nor a task definition, or cannot be read.
pub fn repair(text: &str, checking: &Checking<'_>, wanted: Applicability) -> Option<Repaired> {
    let mut repaired = Repaired { text: text.to_owned(), ..Repaired::default() };
    let mut done_of = Vec::new();
    for _ in 0..MAXIMUM_ROUNDS {
        let document = read_document(&repaired.text).ok()?;
        let round = Round { text: &repaired.text, document: &document, checking };
        let mut steps = round.steps(wanted, &repaired.given_up)?;
        if steps.is_empty() {
            break;
        }
        let done = loop {
            match round.after(&steps) {
                Ok(text) => break Some(text),
                Err(reason) if steps.len() == 1 => {
                    let settled = steps.drain(..).flat_map(|step| step.settles);
                    repaired.given_up.extend(settled.map(|settled| (settled, reason)));
                    break None;
                }
                // One of them goes wrong; the others are done in this round or a later one.
                Err(_) => steps.truncate(steps.len() / 2),
            }
        };
        done_of.extend(steps.into_iter().map(|step| (step.task, step.fixed)));
        repaired.text = done.unwrap_or(repaired.text);
    }
    let ordinal = |fixed: &Fixed| fixed.container.as_ref().map(|container| container.ordinal);
    done_of.sort_by_key(|(task, fixed)| (*task, ordinal(fixed)));
    repaired.fixed = done_of.into_iter().map(|(_, fixed)| fixed).collect();
    Some(repaired)
}

impl Repaired {
    /// Adds to what was found what was done, and why not everything. The file is the text before that or after.
    pub fn explain(&self, file: &mut CheckedFile<'_>) {
        file.fixed.clone_from(&self.fixed);
        for (number, task) in file.judged.iter_mut().flatten().enumerate() {
            self.explain_task(number, task);
        }
    }

    /// Adds why not everything was done to the task definition that is at a place in the text, from 0.
    pub fn explain_task(&self, number: usize, task: &mut JudgedTask) {
        for outcome in &mut task.report.outcomes {
            for finding in &mut outcome.findings.kept {
                let reason = self.given_up.get(&identity(number, outcome.rule.name, finding));
                let fix = finding.fix.as_mut().and_then(|fix| fix.proposal.as_mut());
                if let (Some(reason), Some(proposal)) = (reason, fix) {
                    proposal.edits = Err((*reason).to_owned());
                }
            }
        }
    }
}

/// One fix to make.
struct Step {
    /// The number of the task definition.
    task: usize,
    plan: Plan,
    fixed: Fixed,
    /// The findings that it settles.
    settles: Vec<Identity>,
}

/// A text that fixes are made in.
struct Round<'r, 'a> {
    text: &'a str,
    document: &'r Document<'a>,
    checking: &'a Checking<'a>,
}

impl Round<'_, '_> {
    /// The fixes to make at the same time, as many as can be.
    fn steps(&self, wanted: Applicability, given_up: &HashMap<Identity, &'static str>) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let resources = Resources::of(self.document);
        self.checking.look(self.text, self.document, &mut |number, task| {
            let of_task = Task::of(&task.name, task.plain);
            let source =
                Source { text: self.text, document: self.document, resources: &resources, task: of_task };
            for outcome in &task.report.outcomes {
                for finding in &outcome.findings.kept {
                    let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= wanted) else {
                        continue;
                    };
                    let identity = identity(number, outcome.rule.name, finding);
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
                    steps.push(Step { task: number, plan, fixed, settles: vec![identity] });
                }
            }
        })?;
        // Whoever ends first leaves the most room for the others.
        steps.sort_by_key(|step| (step.plan.scope.end(), step.plan.scope.start()));
        let mut chosen: Vec<Step> = Vec::new();
        for step in steps {
            match chosen.last_mut() {
                Some(last) if last.plan == step.plan => last.settles.extend(step.settles),
                Some(last) if last.plan.scope.end() >= step.plan.scope.start() => {}
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
        let settled: HashSet<&Identity> = steps.iter().flat_map(|step| &step.settles).collect();
        let mut remains = false;
        let look = &mut |number, task: &JudgedTask| {
            for outcome in &task.report.outcomes {
                let mut findings = outcome.findings.kept.iter();
                remains |= findings.any(|one| settled.contains(&identity(number, outcome.rule.name, one)));
            }
        };
        self.checking.look(&text, &document, look).ok_or(MISREAD)?;
        if remains {
            return Err("the finding would still be there");
        }
        Ok(text)
    }
}
