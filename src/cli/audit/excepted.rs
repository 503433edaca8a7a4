//! What an audit excuses, compared with what the last one over the same places did.
//!
//! Owns how findings are told apart from one audit to the next. Of each place there is a file with a line for each stack that
//! has something excused, in the order of the stacks' names; it is read along with the stacks, so that what is held is of
//! one stack, however many there are. Must not know where the files are.
//!
//! A finding has no name that stays: its place moves, and a rule finds the same thing in a container several times. So they
//! are counted, by task definition, rule and container.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::mem;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempPath};

use super::state::State;
use crate::aws::account::Stack;
use crate::check::{CheckedFile, Weight};

/// With a file of another version nothing is compared.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Heading {
    version: u32,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    stack: String,
    excused: Excused,
}

/// What is excused of a stack.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Excused {
    /// By task definition and rule.
    task_definitions: BTreeMap<String, BTreeMap<String, OfRule>>,
}

/// What is excused of a rule in a task definition.
#[derive(Debug, Default, Serialize, Deserialize)]
struct OfRule {
    /// How many of the findings that are kept, by container; without a name: about the whole task definition.
    containers: BTreeMap<String, usize>,
    /// How many of those that are counted and not kept, of which nobody knows any more what they are about.
    further: usize,
}

impl Excused {
    /// What is excused in a file.
    pub(super) fn of(file: &CheckedFile<'_>) -> Self {
        let mut excused = Self::default();
        for task in file.judged.iter().flatten() {
            for outcome in &task.report.outcomes {
                let mut of_rule = OfRule::default();
                for finding in outcome.findings.kept.iter().filter(|finding| finding.excused.is_some()) {
                    let container = finding.container.as_ref();
                    let name =
                        container.map(|it| it.name.clone().unwrap_or_else(|| format!("#{}", it.ordinal)));
                    *of_rule.containers.entry(name.unwrap_or_default()).or_default() += 1;
                }
                if Weight::of_further(outcome) == Weight::Excepted {
                    of_rule.further = outcome.findings.further;
                }
                if of_rule.total() > 0 {
                    excused.add(&task.name, outcome.rule.name, of_rule);
                }
            }
        }
        excused
    }

    fn add(&mut self, task: &str, rule: &str, of_rule: OfRule) {
        let rules = self.task_definitions.entry(task.to_owned()).or_default();
        rules.entry(rule.to_owned()).or_default().join(of_rule);
    }

    fn is_empty(&self) -> bool {
        self.task_definitions.is_empty()
    }

    /// How many of these another does not have.
    fn new_since(&self, last: &Self) -> usize {
        let none = OfRule::default();
        let last = |task: &str, rule: &str| last.task_definitions.get(task).and_then(|rules| rules.get(rule));
        let rules = self.task_definitions.iter().flat_map(|(task, rules)| {
            rules.iter().map(move |(rule, of_rule)| (task.as_str(), rule.as_str(), of_rule))
        });
        rules.map(|(task, rule, of_rule)| of_rule.new_since(last(task, rule).unwrap_or(&none))).sum()
    }
}

impl OfRule {
    fn total(&self) -> usize {
        self.containers.values().sum::<usize>() + self.further
    }

    fn join(&mut self, other: Self) {
        self.further += other.further;
        for (container, count) in other.containers {
            *self.containers.entry(container).or_default() += count;
        }
    }

    fn new_since(&self, last: &Self) -> usize {
        if self.further > 0 || last.further > 0 {
            // Which are kept is not which are new.
            return self.total().saturating_sub(last.total());
        }
        let before = |container| last.containers.get(container).copied().unwrap_or_default();
        self.containers.iter().map(|(container, count)| count.saturating_sub(before(container))).sum()
    }
}

/// The comparison of a whole audit, which is told of each stack in the order of the paths.
pub(super) struct Comparison<'a> {
    state: &'a State,
    current: Option<Current>,
    /// What is written of places that are done.
    written: Vec<(String, TempPath)>,
    done: BTreeSet<String>,
    newly: usize,
    /// Whether there was something to compare each place with.
    is_complete: bool,
    /// Why what is excused cannot be kept.
    problem: Option<io::Error>,
}

/// The place, `ACCOUNT/REGION`, that the stacks are of at present.
struct Current {
    place: String,
    /// `None`: there is nothing to compare with.
    last: Option<Last>,
    /// `None`: it cannot be written.
    next: Option<BufWriter<NamedTempFile>>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            state,
            current: None,
            written: Vec::new(),
            done: BTreeSet::new(),
            newly: 0,
            is_complete: true,
            problem: None,
        }
    }

    /// Takes what is excused of the next stack.
    pub(super) fn take(&mut self, stack: &Stack, excused: Excused) {
        if self.current.as_ref().is_none_or(|current| current.place != stack.place()) {
            self.go_on_to(stack.place());
        }
        let Some(current) = &mut self.current else { return };
        if excused.is_empty() {
            return;
        }
        if let Some(last) = &mut current.last {
            self.newly += excused.new_since(&last.of(stack.name()));
        }
        let line = Line { stack: stack.name().to_owned(), excused };
        current.write(&line, &mut self.problem);
    }

    /// Ends the comparison of places that were all looked at, also where they have no stack; keeps what is excused for the
    /// next time; and answers how many findings are newly excused. `None`: there is nothing to compare with.
    pub(super) fn end(mut self, places: BTreeSet<String>) -> (Option<usize>, Option<io::Error>) {
        let is_any = !places.is_empty();
        for place in places {
            let is_current = self.current.as_ref().is_some_and(|current| current.place == place);
            if !is_current && !self.done.contains(&place) {
                self.go_on_to(place);
            }
        }
        self.finish_current();
        for (place, path) in self.written {
            let kept = self.state.keep_excepted(&place, path);
            self.problem = self.problem.or(kept.err());
        }
        ((is_any && self.is_complete).then_some(self.newly), self.problem)
    }

    fn go_on_to(&mut self, place: String) {
        self.finish_current();
        let last = self.state.last_excepted(&place).and_then(Last::begin);
        self.is_complete &= last.is_some();
        let next = self.state.next_excepted(&place).map(BufWriter::new);
        let next = next.map_err(|error| self.problem.get_or_insert(error)).ok();
        let mut current = Current { place, last, next };
        current.write(&Heading { version: VERSION }, &mut self.problem);
        self.current = Some(current);
    }

    fn finish_current(&mut self) {
        let Some(Current { place, last, next }) = self.current.take() else { return };
        // Half a file says nothing of the other half.
        self.is_complete &= last.is_none_or(|last| !last.is_broken);
        if let Some(next) = next {
            match next.into_inner() {
                Ok(file) => self.written.push((place.clone(), file.into_temp_path())),
                Err(error) => {
                    self.problem.get_or_insert(error.into_error());
                }
            }
        }
        self.done.insert(place);
    }
}

impl Current {
    /// Writes a line, or nothing more where that fails.
    fn write(&mut self, line: &impl Serialize, problem: &mut Option<io::Error>) {
        let Some(next) = &mut self.next else { return };
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            next.write_all(&line)
        });
        if let Err(error) = written {
            problem.get_or_insert(error);
            self.next = None;
        }
    }
}

/// What was excused of a place, read as far as it is asked for.
struct Last {
    lines: Box<dyn BufRead>,
    /// The next line, where it has been read.
    ahead: Option<Line>,
    is_broken: bool,
}

impl Last {
    /// Begins to read; `None`: it is of another version.
    fn begin(file: impl io::Read + 'static) -> Option<Self> {
        let mut last = Self { lines: Box::new(BufReader::new(file)), ahead: None, is_broken: false };
        let heading: Heading = last.line()?;
        if heading.version != VERSION {
            return None;
        }
        last.ahead = last.line();
        Some(last)
    }

    /// What was excused of a stack, which must come after those that were asked about before.
    fn of(&mut self, stack: &str) -> Excused {
        while self.ahead.as_ref().is_some_and(|line| line.stack.as_str() < stack) {
            self.ahead = self.line();
        }
        match &mut self.ahead {
            Some(line) if line.stack == stack => mem::take(&mut line.excused),
            _ => Excused::default(),
        }
    }

    fn line<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut text = String::new();
        let read = self.lines.read_line(&mut text).map_err(drop);
        let line = match read {
            Ok(0) => return None,
            Ok(_) => serde_json::from_str(&text).ok(),
            Err(()) => None,
        };
        self.is_broken |= line.is_none();
        line
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn excused(containers: &[(&str, usize)], further: usize) -> Excused {
        let containers = containers.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let rules = BTreeMap::from([("root-user".to_owned(), OfRule { containers, further })]);
        Excused { task_definitions: BTreeMap::from([("Task".to_owned(), rules)]) }
    }

    fn stack(region: &str, name: &str) -> Stack {
        let id = format!("arn:aws:cloudformation:{region}:111122223333:stack/{name}/1a2b");
        Stack { id, status: "UPDATE_COMPLETE".into(), changed: 5 }
    }

    const PLACE: &str = "111122223333/eu-west-1";

    fn compare(state: &State, excused: &[(&str, usize)], places: &[&str]) -> Option<usize> {
        let mut comparison = Comparison::new(state);
        for (name, count) in excused {
            comparison.take(&stack("eu-west-1", name), self::excused(&[("web", *count)], 0));
        }
        let (newly, problem) = comparison.end(places.iter().map(|place| (*place).to_owned()).collect());
        assert!(problem.is_none(), "{problem:?}");
        newly
    }

    fn state() -> (TempDir, State) {
        let directory = TempDir::new().unwrap();
        let state = State::open(&directory.path().join("state")).unwrap();
        (directory, state)
    }

    #[test]
    fn what_is_new_is_told_stack_by_stack() {
        let (_directory, state) = state();
        assert_eq!(compare(&state, &[("b", 1), ("d", 2)], &[PLACE]), None);
        assert_eq!(compare(&state, &[("b", 1), ("d", 2)], &[PLACE]), Some(0));
        assert_eq!(compare(&state, &[("a", 1), ("b", 3), ("c", 1), ("d", 1), ("e", 1)], &[PLACE]), Some(5));
        assert_eq!(compare(&state, &[], &[PLACE]), Some(0));
        assert_eq!(compare(&state, &[("b", 1)], &[PLACE]), Some(1));
    }

    #[test]
    fn a_place_that_was_not_looked_at_is_nothing_to_compare_with_and_what_was_seen_of_others_stays() {
        let (_directory, state) = state();
        let other = "111122223333/eu-west-2";
        assert_eq!(compare(&state, &[("a", 1)], &[PLACE]), None);
        assert_eq!(compare(&state, &[], &[other]), None);
        assert_eq!(compare(&state, &[], &[]), None);
        assert_eq!(compare(&state, &[("a", 2)], &[PLACE, other]), Some(1));
    }

    #[test]
    fn an_audit_that_does_not_end_changes_nothing() {
        let (directory, state) = state();
        compare(&state, &[("a", 1)], &[PLACE]);
        let mut comparison = Comparison::new(&state);
        comparison.take(&stack("eu-west-1", "a"), excused(&[("web", 9)], 0));
        drop(comparison);
        assert_eq!(directory.path().join("state").join(PLACE).read_dir().unwrap().count(), 1);
        assert_eq!(compare(&state, &[("a", 2)], &[PLACE]), Some(1));
    }

    #[test]
    fn a_file_of_another_version_or_half_of_one_is_nothing_to_compare_with() {
        let (directory, state) = state();
        compare(&state, &[("a", 1), ("b", 1)], &[PLACE]);
        let path = directory.path().join("state").join(PLACE).join("excepted.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        for text in [
            String::new(),
            "{\"findings\":[]}".into(),
            whole.replacen("\"version\":1", "\"version\":2", 1),
            whole[..whole.len() - 5].to_owned(),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(compare(&state, &[("a", 1), ("b", 1)], &[PLACE]), None, "{text}");
            assert_eq!(compare(&state, &[("a", 1), ("b", 1)], &[PLACE]), Some(0));
        }
    }

    #[test]
    fn where_not_all_are_kept_a_rule_counts_as_a_whole() {
        let full = || excused(&[("a", 64)], 36);
        assert_eq!(full().new_since(&Excused::default()), 100);
        assert_eq!(full().new_since(&full()), 0);
        assert_eq!(full().new_since(&excused(&[("a", 50)], 0)), 50);
        // One was mended, so that others are kept.
        assert_eq!(excused(&[("a", 30), ("b", 34)], 6).new_since(&full()), 0);
        assert_eq!(excused(&[("a", 30), ("b", 34)], 0).new_since(&full()), 0);
        assert_eq!(excused(&[("b", 3)], 0).new_since(&excused(&[("a", 5)], 0)), 3);
    }
}
