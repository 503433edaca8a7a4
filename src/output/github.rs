//! Annotations of a GitHub Actions run
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).
//!
//! Owns the runner's commands, their escaping, and that a step shows ten of each kind. Must not know how the findings
//! came about.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::told::{self, Page, Place};
use super::{Ending, Format, Run};
use crate::check::{CheckedFile, Weight};
use crate::document::on_one_line;

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

    fn file(&self, file: &CheckedFile<'_>, run: &Run<'_>) -> String {
        let Ok(tasks) = &file.judged else { return String::new() };
        let page = Page::new(file.text);
        let mut commands = String::new();
        for told in tasks.iter().flat_map(|task| told::findings(task, run)) {
            let kind = match told.weight {
                Weight::Failure => Kind::Error,
                Weight::Warning => Kind::Warning,
                Weight::Unknown | Weight::Excepted => Kind::Notice,
            };
            let rule = told.outcome.rule.name;
            let link =
                run.policy.documentation_link(rule).map(|link| format!(", or {link}")).unwrap_or_default();
            let message = format!("{}\nWhy: `ecs-guard explain {rule}`{link}", told.sentences());
            let place = page.place(told.span());
            commands += &self.command(kind, &located(file.path, Some(place)), rule, &message);
        }
        for note in told::notes(file, run) {
            let help = note.help.as_deref().map(|help| format!(" {help}")).unwrap_or_default();
            let message = on_one_line(&note.message);
            let place = page.place(note.span);
            commands += &self.command(
                Kind::Notice,
                &located(file.path, Some(place)),
                "ecs-guard",
                &format!("{message}.{help}"),
            );
        }
        commands
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> String {
        let mut text = String::new();
        for file in ending.unreadable {
            let place = file.position.map(|(line, column)| Place {
                line,
                column,
                end_line: line,
                end_column: column,
            });
            let message = on_one_line(&file.problem.message);
            text += &self.command(Kind::Error, &located(&file.path, place), "cannot be read", &message);
        }
        let _ = writeln!(text, "ecs-guard: {}", told::summary(ending, run));
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
        text
    }
}

impl GitHub {
    fn command(&self, kind: Kind, place: &str, title: &str, message: &str) -> String {
        if let Some(count) = self.counts.get(kind as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let word = kind.as_str();
        format!("::{word} {place},title={}::{}\n", property(title), data(message))
    }
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
