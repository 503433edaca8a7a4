//! What people and their tools read, one file per kind.
//!
//! Owns how answers, rules, mistakes and the results of checking look; each function returns or writes text and decides
//! nothing. Must not know where the text goes.

#[cfg(feature = "cli")]
pub mod answer;
#[cfg(feature = "cli")]
mod csv;
#[cfg(feature = "cli")]
mod excerpt;
#[cfg(feature = "cli")]
mod github;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
mod junit;
#[cfg(feature = "cli")]
mod markdown;
#[cfg(feature = "cli")]
pub mod policy_error;
#[cfg(feature = "cli")]
pub mod policy_schema;
#[cfg(feature = "cli")]
pub mod results;
pub mod rules;
#[cfg(feature = "cli")]
mod sarif;
#[cfg(feature = "cli")]
pub mod status;
#[cfg(feature = "cli")]
mod tally;
#[cfg(feature = "cli")]
mod text;
#[cfg(feature = "cli")]
mod told;

use std::collections::BTreeSet;

use crate::check::{CheckedFile, JudgedTask, Tally, Totals, Unreadable, Weight};
use crate::finding::Applicability;
use crate::policy::Policy;

/// A format for the results of `ecs-guard check`, and of `ecs-guard audit`, whose files are the templates of stacks.
///
/// The text of a run is `begin`, then what is written of every file in the order of their paths with `separator` between
/// those that are not empty, then the beginning of `end`, what is said of every file that cannot be read, again with
/// `separator`, and the rest of `end`. Files are written in parallel; nothing is kept of a file that has been written, so
/// memory does not grow with the number of files.
pub trait Format: Sync {
    /// What comes before the first file.
    fn begin(&self, run: &Run<'_>) -> String;
    /// Begins one file, by its path and its text.
    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f>;
    /// What stands between two files, and between two that cannot be read.
    fn separator(&self) -> &'static str;
    /// What is said after the last file of one that cannot be read; nothing where that was said in its place. Asked of
    /// each before the end is.
    fn unreadable(&self, file: &UnreadableFile, run: &Run<'_>) -> String;
    /// What comes after the last file.
    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> End;
}

/// Writes the results of one file. It keeps next to nothing of a task definition that has been written, so memory does not
/// grow with their number; and a format knows nothing of a file that is never ended.
pub trait FileWriter {
    /// Writes what there is to say of the next task definition, which may be nothing.
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections);
    /// Writes what else there is to say of the file.
    fn end(self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections);
}

/// Takes the text of one file's results. Sections grow side by side and stand one after the other in the end.
pub trait Sections {
    /// Adds to a section, which are numbered from 0.
    fn add(&mut self, section: usize, text: &str);
}

impl Sections for Vec<String> {
    fn add(&mut self, section: usize, text: &str) {
        if self.len() <= section {
            self.resize_with(section + 1, String::new);
        }
        if let Some(section) = self.get_mut(section) {
            section.push_str(text);
        }
    }
}

/// The results of a file with all its task definitions.
pub fn of_file(format: &dyn Format, file: &CheckedFile<'_>, run: &Run<'_>) -> String {
    let mut sections = Vec::new();
    let mut writer = format.file(file.path, file.text, run);
    for task in file.judged.iter().flatten() {
        writer.task(task, &mut sections);
    }
    writer.end(file, &mut sections);
    sections.concat()
}

/// What comes after the last file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Before the files that cannot be read.
    pub before_unreadable: String,
    /// After them.
    pub after_unreadable: String,
}

/// What is known when every file was shown.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The totals.
    pub totals: &'a Totals,
    /// The Regions, `ACCOUNT/REGION` each, whose stacks could not all be listed; they are among what is unreadable.
    pub unlisted: &'a Unlisted,
    /// What would be stopped, where deployed stacks were judged.
    pub tally: Option<&'a Tally>,
}

/// The names of the formats.
#[cfg(feature = "cli")]
pub const FORMATS: &[&str] = &["text", "json", "sarif", "junit", "github", "markdown", "csv"];

/// The format of that name, for one run. A format may remember what it has shown, so every run needs its own.
#[cfg(feature = "cli")]
pub fn format(name: &str) -> Option<Box<dyn Format>> {
    Some(match name {
        "text" => Box::new(text::Text::default()),
        "json" => Box::new(json::Json),
        "sarif" => Box::new(sarif::Sarif),
        "junit" => Box::new(junit::Junit),
        "github" => Box::new(github::GitHub::default()),
        "markdown" => Box::new(markdown::Markdown::default()),
        "csv" => Box::new(csv::Csv),
        _ => return None,
    })
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
    /// What fails beside failures.
    pub strictness: Strictness,
    /// What was done about findings before they are shown.
    pub fixing: Option<Fixing>,
    /// What is judged.
    pub inputs: Inputs,
    /// What tells the nested stack that a file is judged as from others with the same template.
    pub nested_stack: Option<&'a str>,
}

impl Run<'_> {
    /// Whether what was found makes the run fail.
    pub fn is_failed(&self, totals: &Totals) -> bool {
        let counts = [
            (Weight::Failure, totals.failures),
            (Weight::Warning, totals.warnings),
            (Weight::Unknown, totals.unknowns),
        ];
        counts.into_iter().any(|(weight, count)| count > 0 && self.strictness.is_failing(weight))
    }
}

/// What makes a run fail beside violations of rules at level deny.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strictness {
    /// Whether violations of rules at level warn do.
    pub warnings_fail: bool,
    /// Whether values that are not known yet do.
    pub unknowns_fail: bool,
}

impl Strictness {
    /// Whether a finding of that weight makes a run fail.
    pub fn is_failing(self, weight: Weight) -> bool {
        match weight {
            Weight::Failure => true,
            Weight::Warning => self.warnings_fail,
            Weight::Unknown => self.unknowns_fail,
            Weight::Excepted => false,
        }
    }
}

/// What is judged, in people's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// Files on this machine.
    Files,
    /// Stacks of an account; each is shown as a file with the path `ACCOUNT/REGION/NAME`.
    Stacks,
}

impl Inputs {
    /// Whether they are stacks.
    pub fn is_stacks(self) -> bool {
        matches!(self, Self::Stacks)
    }

    /// One of them.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Files => "file",
            Self::Stacks => "stack",
        }
    }

    /// The command that judges them.
    pub fn command(self) -> &'static str {
        match self {
            Self::Files => "check",
            Self::Stacks => "audit",
        }
    }
}

/// What is done about findings that have a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixing {
    /// Whether those are made too that take a right away from a container.
    pub with_unsafe: bool,
    /// Whether files stay as they are, and what would be done is only told.
    pub is_preview: bool,
}

impl Fixing {
    /// The boldest fixes that are made.
    pub fn wanted(self) -> Applicability {
        if self.with_unsafe { Applicability::Unsafe } else { Applicability::Safe }
    }
}

/// Regions whose stacks could not all be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// How many lists of stacks could not be had; a Region has several.
    pub lists: usize,
    /// Their Regions, `ACCOUNT/REGION` each.
    pub regions: BTreeSet<String>,
}

impl Unlisted {
    /// Counts what cannot be read, if it is no stack but a Region whose stacks are not known.
    pub fn count(&mut self, path: &str, inputs: Inputs) {
        if inputs.is_stacks() && path.matches('/').count() < 2 {
            self.lists += 1;
            self.regions.insert(path.to_owned());
        }
    }
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
