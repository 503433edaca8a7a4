//! What every format tells of a file.
//!
//! Owns which findings are shown, in what order, where they are, and the sentences that formats share. Must not know
//! any format.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt::Write;

use super::{Ending, Inputs, Run, UnreadableFile};
use crate::check::{CheckedFile, Fixed, JudgedTask, Note, Totals, Weight};
use crate::document::{LineIndex, Span, on_one_line};
use crate::finding::{Applicability, Container, Finding, Verdict, quote};
use crate::report::Outcome;

/// A finding and what it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) task: &'a JudgedTask,
    pub(super) outcome: &'a Outcome,
    pub(super) finding: &'a Finding,
    pub(super) weight: Weight,
}

/// The findings of one task definition that the run shows, rule by rule; those that are excused are passes of a kind.
pub(super) fn findings<'a>(task: &'a JudgedTask, run: &Run<'_>) -> impl Iterator<Item = Told<'a>> + use<'a> {
    let is_verbose = run.verbose;
    findings_and_excused(task, run).filter(move |told| is_verbose || told.weight != Weight::Excepted)
}

/// The same with all that are excused.
pub(super) fn findings_and_excused<'a>(
    task: &'a JudgedTask,
    run: &Run<'_>,
) -> impl Iterator<Item = Told<'a>> + use<'a> {
    let told = move |outcome: &'a Outcome| {
        let told = move |finding| Told { task, outcome, finding, weight: Weight::of(outcome, finding) };
        outcome.findings.kept.iter().map(told)
    };
    let is_shown = shown(run);
    let is_shown = move |told: &Told<'_>| is_shown(told.weight);
    task.report.outcomes.iter().flat_map(told).filter(is_shown)
}

/// The rules of which not every finding was kept, with the number of the others; without those that are excused, as
/// [`findings`] is.
pub(super) fn left_out<'a>(
    task: &'a JudgedTask,
    run: &Run<'_>,
) -> impl Iterator<Item = (&'a Outcome, usize)> + use<'a> {
    let is_verbose = run.verbose;
    left_out_and_excused(task, run)
        .filter(move |(outcome, _)| is_verbose || Weight::of_further(outcome) != Weight::Excepted)
}

/// The same with those that are excused.
pub(super) fn left_out_and_excused<'a>(
    task: &'a JudgedTask,
    run: &Run<'_>,
) -> impl Iterator<Item = (&'a Outcome, usize)> + use<'a> {
    let is_shown = shown(run);
    let outcomes = task.report.outcomes.iter().filter(move |outcome| is_shown(Weight::of_further(outcome)));
    outcomes.map(|outcome| (outcome, outcome.findings.further)).filter(|(_, further)| *further > 0)
}

/// "50 more findings of root-user in task definition `Api`".
pub(super) fn further(task: &JudgedTask, outcome: &Outcome, further: usize) -> String {
    let (findings, rule, name) = (counted(further, "more finding"), outcome.rule.name, quote(&task.name));
    format!("{findings} of {rule} in task definition {name}")
}

/// Whether findings of a weight are shown: all, or only those that make the run fail.
fn shown(run: &Run<'_>) -> impl Fn(Weight) -> bool + use<> {
    let (is_quiet, strictness) = (run.quiet, run.strictness);
    move |weight| !is_quiet || strictness.is_failing(weight)
}

/// The notes that the run shows. What nobody could see is no pass, so it is never left out.
pub(super) fn notes<'a>(
    file: &'a CheckedFile<'_>,
    run: &Run<'_>,
) -> impl Iterator<Item = &'a Note> + use<'a> {
    let is_quiet = run.quiet;
    file.notes.iter().filter(move |note| !is_quiet || note.is_unknown)
}

/// The notes of a file that count as unknown, each with its sentences: what nobody could see, and what to do.
pub(super) fn unseen<'a>(file: &'a CheckedFile<'_>) -> impl Iterator<Item = (&'a Note, String)> + use<'a> {
    file.notes.iter().filter(|note| note.is_unknown).map(|note| {
        let help = note.help.as_deref().map(|help| format!(" {help}")).unwrap_or_default();
        (note, format!("{}.{help}", on_one_line(&note.message)))
    })
}

impl Told<'_> {
    /// "container `web` of `Api`", or "task definition `Api`".
    pub(super) fn subject(&self) -> String {
        subject(&self.task.name, self.finding.container.as_ref())
    }

    /// What was found where; no full stop.
    pub(super) fn found(&self) -> String {
        format!("{}: {}", self.subject(), on_one_line(&self.finding.message))
    }

    /// The same with the case in which it holds, as a sentence.
    pub(super) fn found_in_case(&self) -> String {
        let mut sentence = self.found();
        if let Some(condition) = self.finding.condition() {
            let _ = write!(sentence, ", {}", on_one_line(&condition));
        }
        if !sentence.ends_with('?') {
            sentence.push('.');
        }
        sentence
    }

    /// What the command could do about it, as a sentence.
    pub(super) fn fixable(&self, run: &Run<'_>) -> Option<&'static str> {
        let fix = self.finding.fix.as_ref()?;
        let is_offered = fix.proposal.as_ref()?.edits.is_ok();
        let was_wanted =
            run.fixing.is_some_and(|fixing| !fixing.is_preview && fix.applicability <= fixing.wanted());
        let is_file = run.inputs == Inputs::Files;
        (is_file && is_offered && !was_wanted).then_some(match fix.applicability {
            Applicability::Safe => "Fixable with `--fix`.",
            Applicability::Unsafe => "Fixable with `--fix=unsafe`.",
        })
    }

    /// Why the command did nothing about it although that was wanted, in words that follow "because".
    pub(super) fn not_fixed_because(&self, run: &Run<'_>) -> Option<&str> {
        let fix = self.finding.fix.as_ref()?;
        run.fixing.filter(|fixing| fix.applicability <= fixing.wanted())?;
        fix.proposal.as_ref()?.edits.as_ref().err().map(String::as_str)
    }

    /// Everything in sentences: what was found, in which case, and what to write instead.
    pub(super) fn sentences(&self) -> String {
        let excuse = self.excuse().map(|excuse| format!("Excepted: {excuse}. ")).unwrap_or_default();
        format!("{excuse}{} {}", self.found_in_case(), on_one_line(&self.finding.remediation))
    }

    /// Why it is excused, until when, and who answers for that.
    pub(super) fn excuse(&self) -> Option<String> {
        let excuse = self.finding.excused.as_ref()?;
        let last = excuse.expires.as_ref().map(|last| format!(", until {last}")).unwrap_or_default();
        let owner = excuse.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default();
        Some(format!("{}{last}{owner}", excuse.reason))
    }

    /// Whether what to do is the same for both.
    pub(super) fn is_mended_like(&self, other: &Self) -> bool {
        self.outcome.rule.name == other.outcome.rule.name
            && self.finding.container == other.finding.container
            && self.finding.remediation == other.finding.remediation
    }

    /// Where it is: its own place, else that of the task definition's name.
    pub(super) fn span(&self) -> Span {
        self.finding.span.unwrap_or(self.task.span)
    }
}

/// "container `web` of `Api`: set `mode` to `non-blocking`".
pub(super) fn done(fixed: &Fixed) -> String {
    let Fixed { task, container, title, .. } = fixed;
    on_one_line(&format!("{}: {title}", subject(task, container.as_ref()))).into_owned()
}

/// "container `web` of `Api`", or "task definition `Api`".
fn subject(task: &str, container: Option<&Container>) -> String {
    let task = quote(task);
    match container {
        Some(container) => format!("container {container} of {task}"),
        None => format!("task definition {task}"),
    }
}

/// The beginning of a task definition's name, which is repeated with every finding. CloudFormation takes 255 characters, all of one byte
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
pub(super) fn name(task: &JudgedTask) -> &str {
    const LONGEST: usize = 255;
    task.name.get(..task.name.floor_char_boundary(LONGEST)).unwrap_or(&task.name)
}

/// Rules that have nothing to say of a task definition because they pass, or do not apply.
pub(super) fn silent(task: &JudgedTask) -> impl Iterator<Item = &Outcome> {
    task.report.outcomes.iter().filter(|outcome| outcome.findings.verdict < Verdict::Excepted)
}

/// A span in lines and columns, from 1, columns in characters; the end is behind the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

/// A text in which places are looked up; its lines are counted once, and only if there is a place to look up.
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    lines: OnceCell<LineIndex<'a>>,
}

impl<'a> Page<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, lines: OnceCell::new() }
    }

    pub(super) fn lines(&self) -> &LineIndex<'a> {
        self.lines.get_or_init(|| LineIndex::new(self.text))
    }

    pub(super) fn place(&self, span: Span) -> Place {
        let (line, column) = self.lines().position(span.start() as usize);
        let (end_line, end_column) = self.lines().position(span.end().max(span.start()) as usize);
        Place { line, column, end_line, end_column }
    }
}

/// "templates/api.yaml:3:7: …", for a file that cannot be read.
pub(super) fn cannot_be_read(file: &UnreadableFile) -> String {
    let path = on_one_line(&file.path);
    let message = on_one_line(&file.problem.message);
    match file.position {
        Some((line, column)) => format!("{path}:{line}:{column}: {message}"),
        None => format!("{path}: {message}"),
    }
}

/// What is wrong with such a file, behind words that say that it cannot be read.
pub(super) fn why_unreadable(file: &UnreadableFile) -> Cow<'_, str> {
    let message = &file.problem.message;
    on_one_line(message.strip_prefix("cannot be read: ").unwrap_or(message))
}

/// How a run ended, in one sentence without its full stop.
pub(super) fn summary(ending: &Ending<'_>, run: &Run<'_>) -> String {
    let Ending { totals, unlisted, .. } = *ending;
    let (unreadable, noun) = (totals.unreadable - unlisted.lists, run.inputs.noun());
    let mut summary = if totals.files == 0 && totals.unreadable == 0 {
        match run.inputs {
            Inputs::Files => "nothing was judged: no template and no task definition was found".to_owned(),
            Inputs::Stacks => "nothing was judged: there is no stack".to_owned(),
        }
    } else if totals.task_definitions == 0 {
        let unknown = match totals.unknowns {
            0 => String::new(),
            unknowns => format!(", {unknowns} unknown"),
        };
        format!("nothing was judged: no task definition in {}{unknown}", counted(totals.files, noun))
    } else if run.policy.rules.is_empty() {
        "nothing was judged: the policy turns every rule off".to_owned()
    } else {
        format!(
            "{}, {}, {} unknown in {} of {}",
            counted(totals.failures, "failure"),
            counted(totals.warnings, "warning"),
            totals.unknowns,
            counted(totals.task_definitions, "task definition"),
            counted(totals.files, noun),
        )
    };
    if totals.excepted > 0 {
        let _ = write!(summary, "; excepted: {}", totals.excepted);
    }
    if let Some(fixing) = run.fixing {
        let noun = if totals.fixes == 1 { "fix" } else { "fixes" };
        let verb = if fixing.is_preview { "to make" } else { "made" };
        summary = format!("{} {noun} {verb}; {summary}", totals.fixes);
    }
    if unreadable > 0 {
        let _ = write!(summary, "; {} cannot be read", counted(unreadable, noun));
    }
    if unlisted.lists > 0 {
        let regions = counted(unlisted.regions.len(), "Region");
        let _ = write!(summary, "; the stacks of {regions} cannot all be listed");
    }
    summary
}

/// Whether a run judged nothing at all, which must not look like success.
pub(super) fn is_nothing_judged(totals: &Totals, run: &Run<'_>) -> bool {
    totals.task_definitions == 0 || run.policy.rules.is_empty()
}

/// "1 file", "2 files".
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// With which profile and in which account something was asked, behind the Region; empty where no profile is named.
pub(super) fn told_whose(profile: Option<&str>, account: Option<&str>) -> String {
    let Some(profile) = profile else { return String::new() };
    let account = account.map(|account| format!(" (account {account})")).unwrap_or_default();
    on_one_line(&format!(" with profile {profile}{account}")).into_owned()
}
