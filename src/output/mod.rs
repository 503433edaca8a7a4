//! Text that people read, one file per kind.
//!
//! Owns how answers, rules and mistakes look; each function returns or writes text and decides nothing. Must not
//! know where the text goes.

#[cfg(feature = "cli")]
pub mod answer;
#[cfg(feature = "cli")]
pub mod policy_error;
pub mod rules;

use crate::check::{CheckedFile, Totals, Unreadable};
use crate::policy::Policy;

/// A format for the results of `ecs-guard check`.
///
/// The text of a run is `begin`, then `file` of every file in the order of their paths with `separator` between those
/// that are not empty, then `end`. `file` is called in parallel; nothing is kept of a file that has been written, so
/// memory does not grow with the number of files.
pub trait Format: Sync {
    /// What comes before the first file.
    fn begin(&self, run: &Run<'_>) -> String;
    /// One file; empty when there is nothing to say of it.
    fn file(&self, file: &CheckedFile<'_>, run: &Run<'_>) -> String;
    /// What stands between two files.
    fn separator(&self) -> &'static str;
    /// What comes after the last file.
    fn end(&self, totals: &Totals, unreadable: &[UnreadableFile], run: &Run<'_>) -> String;
}

/// What a format may know of the run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// Whether passes are shown too.
    pub verbose: bool,
    /// Whether only what fails is shown.
    pub quiet: bool,
}

/// A file that could not be read, for formats that list those at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// Its path.
    pub path: String,
    /// The place from 1, where the file's text could be had.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub problem: Unreadable,
}

/// The names of all formats. A stand-in until the formats are merged.
pub const FORMATS: &[&str] = &["text", "json", "sarif", "junit", "github", "markdown"];

/// The format of a name. A stand-in until the formats are merged.
pub fn format(name: &str) -> Option<Box<dyn Format>> {
    FORMATS.contains(&name).then(|| Box::new(StandIn) as Box<dyn Format>)
}

struct StandIn;

use std::fmt::Write;

impl Format for StandIn {
    fn begin(&self, _: &Run<'_>) -> String {
        String::new()
    }

    fn file(&self, file: &CheckedFile<'_>, _: &Run<'_>) -> String {
        let lines = crate::document::LineIndex::new(file.text);
        let place = |span: crate::document::Span| {
            let (line, column) = lines.position(span.start as usize);
            format!("{}:{line}:{column}", file.path)
        };
        let mut text = String::new();
        match &file.judged {
            Err(problem) => text = format!("error: {}\n --> {}\n", problem.message, place(problem.span)),
            Ok(tasks) => {
                for task in tasks {
                    for outcome in &task.report.outcomes {
                        for finding in &outcome.findings.kept {
                            let place = place(finding.span.unwrap_or(task.span));
                            let _ = writeln!(
                                text,
                                "{}[{}] {}: {}\n  --> {place}",
                                finding.verdict.as_str(),
                                outcome.rule.name,
                                task.name,
                                finding.message
                            );
                        }
                    }
                }
            }
        }
        text
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn end(&self, totals: &Totals, unreadable: &[UnreadableFile], _: &Run<'_>) -> String {
        let mut text = String::new();
        for file in unreadable.iter().filter(|file| file.position.is_none()) {
            let _ = writeln!(text, "error: {}: {}", file.path, file.problem.message);
        }
        if totals.files + unreadable.len() == 0 {
            return "ecs-guard: nothing was judged\n".into();
        }
        text + &format!(
            "ecs-guard: {} files, {} unreadable, {} task definitions: {} failures, {} warnings, {} unknowns\n",
            totals.files,
            totals.unreadable,
            totals.task_definitions,
            totals.failures,
            totals.warnings,
            totals.unknowns
        )
    }
}
