//! Nested stacks whose templates are files.
//!
//! Owns the way from a template to those of its nested stacks: where the files are, and that each is checked once with
//! the same parameters, and none without end. Must not know how a template is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::files::Input;
use super::judge::{self, Judged};
use super::reading::{self, Content, Tree};
use crate::check::{CheckedFile, JudgedTask, Note, nested_templates};
use crate::document::{Span, quote};
use crate::template::Given;

/// How many nested stacks are checked in one run.
const MAXIMUM_STACKS: usize = 10_000;

/// In how many cases a nested stack comes to the same and each is told.
const MAXIMUM_CASES: usize = 4;

/// A nested stack whose template is a file.
#[derive(Debug)]
pub(super) struct NestedStack {
    /// The file.
    pub(super) path: PathBuf,
    /// What its template may know of its deployment.
    pub(super) given: Given,
    /// What tells it from all others: the logical ids and cases that lead to it.
    pub(super) identity: String,
    logical_id: String,
    parent: String,
    cases: Cases,
}

/// The cases of the templates above in which a nested stack is what it is, in words.
#[derive(Debug, Default)]
struct Cases {
    /// Empty: always.
    words: Vec<String>,
    /// How many there are in all, where that is known.
    all: Option<usize>,
}

impl Cases {
    /// The case of a stack that is one of so many possibilities in a template that has cases itself.
    fn below(above: &Self, own: String, possibilities: usize) -> Self {
        match (above.words.is_empty(), own.is_empty()) {
            (_, true) => Self { words: above.words.clone(), all: above.all },
            (true, false) => Self { words: vec![own], all: Some(possibilities) },
            (false, false) => Self { words: vec![format!("{above}, and there {own}")], all: None },
        }
    }

    /// Adds those in which the same stack comes to the same.
    fn join(&mut self, other: Self) {
        if self.words.is_empty() || other.words.is_empty() {
            self.words.clear();
            return;
        }
        for case in other.words {
            if !self.words.contains(&case) {
                self.words.push(case);
            }
        }
        self.all = self.all.filter(|_| self.all == other.all);
        if self.all == Some(self.words.len()) {
            self.words.clear();
        }
    }
}

impl fmt::Display for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = self.words.iter().take(MAXIMUM_CASES).map(String::as_str).collect();
        f.write_str(&told.join(", or "))?;
        match self.words.len().checked_sub(MAXIMUM_CASES) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, ", or in {more} more cases"),
        }
    }
}

impl NestedStack {
    /// Says as what its template is checked.
    pub(super) fn note(&self) -> Note {
        let case = if self.cases.words.is_empty() { "" } else { " " };
        let message = format!(
            "checked as {}, with the parameters it gets there{case}{}",
            self.description(),
            self.cases
        );
        Note { span: Span::NOWHERE, message, help: None, is_unknown: false }
    }

    /// Says of what is found in which cases of the templates above it is so.
    pub(super) fn tell_case(&self, task: &mut JudgedTask) {
        if self.cases.words.is_empty() {
            return;
        }
        for finding in task.report.outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings.kept) {
            let case = match finding.case.take() {
                Some(own) => format!("{}, and there {own}", self.cases),
                None => self.cases.to_string(),
            };
            finding.case = Some(case);
        }
    }

    fn description(&self) -> String {
        format!("the nested stack {} of {}", quote(&self.logical_id), self.parent)
    }
}

/// Takes those files out of `inputs` that were not asked for by name and are the templates of nested stacks of others: as
/// those they are checked with the parameters they get. What is taken out may still be followed by nobody.
pub(super) fn set_aside(inputs: &mut Vec<Input>, given: &Given) -> Vec<Input> {
    let targets = |input: &Input| -> Vec<PathBuf> {
        let Ok(Content { bytes, is_cut: false, .. }) = reading::read(input) else { return Vec::new() };
        let Ok(text) = String::from_utf8(bytes) else { return Vec::new() };
        if !["CloudFormation::Stack", "Serverless::Application"].iter().any(|word| text.contains(word)) {
            return Vec::new();
        }
        let directory = input.path.parent().unwrap_or(Path::new(""));
        let find = || nested_templates(&text, given);
        let locations = judge::guarded(find).unwrap_or_default();
        let path = |location: &String| file_of(location).map(|file| true_path(&directory.join(file)));
        locations.iter().filter_map(path).collect()
    };
    if inputs.iter().all(|input| input.is_named) {
        return Vec::new();
    }
    let of_files = inputs.iter().filter(|input| !input.is_standard_input());
    let targets: BTreeSet<PathBuf> = of_files.flat_map(targets).collect();
    let is_target = |input: &mut Input| !input.is_named && targets.contains(&true_path(&input.path));
    inputs.extract_if(.., is_target).collect()
}

/// The path that a template names, if it is no URL of something else.
fn file_of(location: &str) -> Option<&str> {
    Some(location.strip_prefix("file://").unwrap_or(location)).filter(|location| !location.contains("://"))
}

/// A path without links in it, if there is such a file.
pub(super) fn true_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Notes that nested stacks are not followed.
pub(super) fn note_unfollowed(file: &mut CheckedFile<'_>) {
    let Some(first) = file.nested.first() else { return };
    let mut others: Vec<_> = file.nested.iter().map(|nested| &nested.logical_id).collect();
    others.dedup();
    let and_others = match others.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let stack = quote(&first.logical_id);
    let message = format!("the nested stack {stack}{and_others} is not looked into");
    let help = "`--follow-nested` checks the templates of nested stacks that are files, with the parameters they get.";
    file.notes.push(Note { span: first.span, message, help: Some(help.into()), is_unknown: false });
}

/// The nested stacks of a file, which may be one itself; those whose templates are elsewhere are noted.
pub(super) fn of(path: &Path, file: &mut CheckedFile<'_>, parent: Option<&NestedStack>) -> Vec<NestedStack> {
    let way = parent.map_or(file.path, |parent| &parent.identity);
    let always = Cases::default();
    let above = parent.map_or(&always, |parent| &parent.cases);
    let mut possibilities: BTreeMap<String, usize> = BTreeMap::new();
    for nested in &file.nested {
        *possibilities.entry(nested.logical_id.clone()).or_default() += 1;
    }
    let mut stacks = Vec::new();
    for nested in std::mem::take(&mut file.nested) {
        let Some(location) = nested.location.as_deref().and_then(file_of) else {
            let message = format!(
                "the template of the nested stack {} is no file, so it is not checked",
                quote(&nested.logical_id)
            );
            let note = Note { span: nested.span, message, help: None, is_unknown: true };
            // One is enough for all possibilities of a stack.
            if file.notes.last() != Some(&note) {
                file.notes.push(note);
            }
            continue;
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        let possibilities = possibilities.get(&nested.logical_id).copied().unwrap_or_default();
        stacks.push(NestedStack {
            path: tidied(&directory.join(location)),
            given: nested.given,
            identity: [way, &nested.logical_id, &nested.case].join("\0"),
            cases: Cases::below(above, nested.case, possibilities),
            logical_id: nested.logical_id,
            parent: file.path.to_owned(),
        });
    }
    stacks
}

/// Checks nested stacks and those below them that are found, and takes what came of each. Gives the true paths of the files
/// that were checked.
pub(super) fn each(
    stacks: Vec<NestedStack>,
    tree: &Tree,
    check: impl Fn(&Input, &NestedStack) -> Judged,
    mut take: impl FnMut(&str, Judged),
) -> BTreeSet<PathBuf> {
    let mut checked = BTreeSet::new();
    // By what tells one from another, the place among those that wait or have been checked.
    let mut known: BTreeMap<(PathBuf, Given), usize> = BTreeMap::new();
    let mut waiting: Vec<Option<NestedStack>> = Vec::new();
    let mut found = stacks;
    let mut left_out = None;
    for next in 0.. {
        for stack in found {
            let key = (stack.path.clone(), stack.given.clone());
            if let Some(at) = known.get(&key) {
                if let Some(Some(same)) = waiting.get_mut(*at)
                    && (&same.logical_id, &same.parent) == (&stack.logical_id, &stack.parent)
                {
                    same.cases.join(stack.cases);
                }
                continue;
            }
            if known.len() == MAXIMUM_STACKS {
                left_out.get_or_insert(stack);
                break;
            }
            known.insert(key, waiting.len());
            waiting.push(Some(stack));
        }
        let Some(stack) = waiting.get_mut(next).and_then(Option::take) else { break };
        let input = Input { path: stack.path.clone(), is_named: true };
        let name = input.name();
        let mut judged = if let Some(reason) = tree.refuses(&input.path) {
            Judged::unreadable(&name, reason)
        } else {
            checked.insert(true_path(&input.path));
            check(&input, &stack)
        };
        if let Some(unread) = judged.problem.as_mut().filter(|unread| unread.position.is_none()) {
            unread.problem.message =
                format!("{}; it is the template of {}", unread.problem.message, stack.description());
        }
        found = std::mem::take(&mut judged.nested);
        take(&name, judged);
    }
    if let Some(NestedStack { logical_id, parent, .. }) = left_out {
        let message = format!(
            "more than {MAXIMUM_STACKS} nested stacks are to be checked in one run; {} and those after it are not \
             checked, so check fewer files at once",
            quote(&logical_id)
        );
        take(&parent, Judged::unreadable(&parent, message));
    }
    checked
}

/// A path without `.` in it, and without the directories that `..` leaves again.
fn tidied(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            part => tidied.push(part),
        }
    }
    tidied
}
