//! What was judged so far: its totals, and the way of its texts to the outputs.
//!
//! Owns what standard error says of a run. Must not know how anything was judged.

use std::io::Write;

use super::judge::Judged;
use super::nested::NestedStack;
use super::outputs::{Opened, Outputs};
use super::target::Source;
use crate::check::{Tally, Totals};
use crate::document::on_one_line;
use crate::output::{Ending, Format, Run, Unlisted};

/// What was said so far, and where it goes.
pub(in crate::cli) struct Results<'a> {
    run: &'a Run<'a>,
    formats: &'a [Box<dyn Format>],
    outputs: Outputs,
    /// What could not be opened to write to, a line each.
    problems: Vec<String>,
    /// Whether people read the results on standard output.
    pub(in crate::cli) is_text_shown: bool,
    err: &'a mut dyn Write,
    /// The totals of what was taken.
    pub(in crate::cli) totals: Totals,
    /// What would be stopped, where that is counted.
    pub(in crate::cli) tally: Option<Tally>,
    unlisted: Unlisted,
    /// Templates of nested stacks that are to be checked.
    pub(super) nested: Vec<NestedStack>,
    /// Where fixed texts and differences go.
    printed: Box<dyn Write>,
    /// Whether something fixed could not be written.
    has_unwritten: bool,
}

impl<'a> Results<'a> {
    /// Begins every output. Fixed texts and differences go to `printed`, what is about the run to `err`.
    pub(in crate::cli) fn begin(
        opened: Opened,
        formats: &'a [Box<dyn Format>],
        run: &'a Run<'a>,
        printed: Box<dyn Write>,
        err: &'a mut dyn Write,
    ) -> Self {
        let mut results = Self {
            run,
            formats,
            outputs: opened.outputs,
            problems: Vec::new(),
            is_text_shown: opened.is_text_shown,
            err,
            totals: Totals::default(),
            tally: None,
            unlisted: Unlisted::default(),
            nested: Vec::new(),
            printed,
            has_unwritten: false,
        };
        results.outputs.write(formats.iter().map(|format| format.begin(run)));
        for problem in &opened.problems {
            results.say("error", problem);
        }
        results.problems = opened.problems;
        results
    }

    /// Keeps a file that was read from being written.
    pub(in crate::cli) fn spare(&mut self, read: Option<Source>) {
        if let Some(read) = read {
            self.outputs.spare(&read);
        }
    }

    /// Takes what came of the next file.
    pub(in crate::cli) fn take(&mut self, name: &str, judged: Judged) {
        self.spare(judged.source);
        self.totals.add(judged.totals);
        self.nested.extend(judged.nested);
        let printed = self.printed.write_all(&judged.printed).and_then(|()| self.printed.flush());
        self.outputs.write_file(self.formats, judged.texts);
        let printed = printed.err().map(|error| format!("cannot be printed: {error}"));
        for problem in [judged.unwritten, printed].into_iter().flatten() {
            self.has_unwritten = true;
            self.say("error", &format!("{name}: {problem}"));
        }
        if let Some(problem) = judged.problem {
            // The text has it too.
            if !self.is_text_shown {
                let position = problem.position.map(|(line, column)| format!(":{line}:{column}"));
                let position = position.unwrap_or_default();
                self.say("error", &format!("{name}{position}: {}", problem.problem.message));
            }
            self.unlisted.count(&problem.path, self.run.inputs);
            self.outputs.keep_unreadable(self.formats, &problem, self.run);
        }
        if judged.is_unrecognized {
            self.say(
                "note",
                &format!("{name} holds neither a CloudFormation template nor an ECS task definition"),
            );
        }
    }

    /// Writes what comes after the last file, and answers whether everything could be read and written.
    pub(in crate::cli) fn end(&mut self) -> bool {
        let ending = Ending { totals: &self.totals, unlisted: &self.unlisted, tally: self.tally.as_ref() };
        self.outputs.write_end(self.formats.iter().map(|format| format.end(&ending, self.run)));
        self.outputs.finish();
        let unwritten: Vec<_> = self.outputs.problems().collect();
        for problem in &unwritten {
            self.say("error", problem);
        }
        self.is_everything_read() && unwritten.is_empty() && self.problems.is_empty() && !self.has_unwritten
    }

    /// Whether everything so far could be read.
    pub(in crate::cli) fn is_everything_read(&self) -> bool {
        self.totals.unreadable == 0
    }

    /// Says something on standard error, after what was written before it. Notes are left out where only failures
    /// are wanted.
    pub(in crate::cli) fn say(&mut self, kind: &str, text: &str) {
        if kind == "note" && self.run.quiet {
            return;
        }
        self.outputs.flush();
        // Names of files are not ours: they must not move a terminal's cursor.
        let text = on_one_line(text);
        // There is nowhere left to say that this cannot be written.
        let _ = writeln!(self.err, "{kind}: {text}");
    }
}
