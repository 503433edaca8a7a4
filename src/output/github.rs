//! Annotations of a GitHub Actions run
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).
//!
//! Owns the runner's commands, their escaping, and that a step shows ten of each kind. Must not know how the findings
//! came about.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::told::{self, Page, Place};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile};
use crate::check::{CheckedFile, JudgedTask, Weight};
use crate::document::{Span, on_one_line};

/// A command on each line, then a summary for the log.
#[derive(Debug, Default)]
pub(super) struct GitHub {
    /// How many commands of each kind were written.
    counts: [AtomicUsize; 3],
}

/// How many annotations of one kind the page of a run shows for a step
/// (<https://github.com/orgs/community/discussions/26680>).
const SHOWN: usize = 10;

#[derive(Clone, Copy)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    fn of(weight: Weight) -> Self {
        match weight {
            Weight::Failure => Self::Error,
            Weight::Warning => Self::Warning,
            Weight::Unknown | Weight::Excepted => Self::Notice,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl Format for GitHub {
    fn begin(&self, _run: &Run<'_>) -> String {
        String::new()
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        Box::new(Commands { format: self, path, page: Page::new(text), run, counts: [0; 3] })
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        let place =
            file.position.map(|(line, column)| Place { line, column, end_line: line, end_column: column });
        let message = told::why_unreadable(file);
        self.count(Kind::Error, 1);
        command(Kind::Error, &located(&file.path, place), "cannot be read", &message)
    }

    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> End {
        let mut text = format!("ecs-guard: {}\n", told::summary(ending, run));
        for (kind, count) in Kind::ALL.iter().zip(&self.counts) {
            let count = count.load(Ordering::Relaxed);
            if count > SHOWN {
                let (kind, more) = (kind.as_str(), count - SHOWN);
                let _ = writeln!(
                    text,
                    "{more} more of kind {kind} stand in this log only: GitHub shows {SHOWN} of a kind for each step"
                );
            }
        }
        End { before_unreadable: String::new(), after_unreadable: text }
    }
}

impl GitHub {
    fn count(&self, kind: Kind, commands: usize) {
        if let Some(count) = self.counts.get(kind as usize) {
            count.fetch_add(commands, Ordering::Relaxed);
        }
    }
}

/// The commands of one file.
struct Commands<'f> {
    format: &'f GitHub,
    path: &'f str,
    page: Page<'f>,
    run: &'f Run<'f>,
    counts: [usize; 3],
}

impl FileWriter for Commands<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        for told in told::findings(task, self.run) {
            let rule = told.outcome.rule.name;
            let link = self.run.policy.documentation_link(rule);
            let link = link.map(|link| format!(", or {link}")).unwrap_or_default();
            let message = format!("{}\nWhy: `ecs-guard explain {rule}`{link}", told.sentences());
            self.add(Kind::of(told.weight), told.span(), rule, &message, out);
        }
        for (outcome, further) in told::left_out(task, self.run) {
            let message = format!("{}.", told::further(task, outcome, further));
            let kind = Kind::of(Weight::of_further(outcome));
            self.add(kind, task.span, outcome.rule.name, &message, out);
        }
    }

    fn end(mut self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        for note in told::notes(file, self.run).filter(|_| file.judged.is_ok()) {
            let help = note.help.as_deref().map(|help| format!(" {help}")).unwrap_or_default();
            let message = format!("{}.{help}", on_one_line(&note.message));
            self.add(Kind::Notice, note.span, "ecs-guard", &message, out);
        }
        for (kind, count) in Kind::ALL.into_iter().zip(self.counts) {
            self.format.count(kind, count);
        }
    }
}

impl Commands<'_> {
    fn add(&mut self, kind: Kind, span: Span, title: &str, message: &str, out: &mut dyn Sections) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
        out.add(0, &command(kind, &located(self.path, Some(self.page.place(span))), title, message));
    }
}

fn command(kind: Kind, place: &str, title: &str, message: &str) -> String {
    let word = kind.as_str();
    format!("::{word} {place},title={}::{}\n", property(title), data(message))
}

/// The properties that say where. Columns belong to annotations of one line only.
fn located(path: &str, place: Option<Place>) -> String {
    let mut located = format!("file={}", property(&on_one_line(path)));
    if let Some(Place { line, column, end_line, end_column }) = place {
        let _ = write!(located, ",line={line},endLine={end_line},col={column}");
        if line == end_line {
            let _ = write!(located, ",endColumn={}", end_column.saturating_sub(1).max(column));
        }
    }
    located
}

/// Escapes as the runner unescapes
/// (<https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
