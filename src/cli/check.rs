//! `ecs-guard check`: templates and task definitions from files.
//!
//! Owns the order of a run and what it comes to: an exit code, whatever the formats are.

mod excuses;
mod files;
mod judge;
mod nested;
mod outputs;
mod parameters;
mod progress;

use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;

use self::excuses::{Excuses, Stack};
use self::files::{Files, Input};
use self::judge::Judged;
use self::nested::NestedStack;
use self::outputs::{Destination, Outputs};
use self::parameters::Parameters;
use self::progress::Progress;
use super::{Outcome, PolicySource, Streams, find_policy, today};
use crate::check::{Totals, check};
use crate::document::quote;
use crate::output::{Format, Run, UnreadableFile};
use crate::template::Given;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(super) struct Arguments {
    /// Files, directories and patterns; `-` is standard input; the current directory when there are none
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    parameters: Parameters,

    #[command(flatten)]
    stack: Stack,

    #[arg(long = "format", value_name = "NAME[=FILE]", help = outputs::help())]
    formats: Vec<Destination>,

    /// Let warnings or values that are not known yet fail too; may be repeated
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,

    /// Exit with 0 also when something fails; what cannot be read or written is an error still
    #[arg(long)]
    exit_zero: bool,

    /// Show failures only
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,

    /// Show what passes too
    #[arg(long, short)]
    verbose: bool,

    /// Look into files and directories too that .gitignore and .ignore leave out
    #[arg(long)]
    no_ignore: bool,

    /// Say nothing of given files that hold neither a template nor a task definition
    #[arg(long)]
    skip_unrecognized: bool,

    /// Check the templates of nested stacks too, where they are files
    #[arg(long)]
    follow_nested: bool,

    /// How many files to check at once; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Violations of rules at level warn
    Warn,
    /// Values that are not known yet
    Unknown,
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    if let Some(mistake) = outputs::mistake(&arguments.formats) {
        writeln!(streams.err, "error: {mistake}")?;
        return Ok(Outcome::Failed);
    }
    let given = match arguments.parameters.given() {
        Ok(mut given) => {
            arguments.stack.add_to(&mut given);
            given
        }
        Err(mistakes) => {
            for mistake in mistakes {
                writeln!(streams.err, "error: {mistake}")?;
            }
            return Ok(Outcome::Failed);
        }
    };
    let Some((policy, _)) = find_policy(source, streams)? else {
        return Ok(Outcome::Failed);
    };
    let excuses = Excuses::new(&arguments.stack, &given, &policy, today());
    let run = Run { policy: &policy, verbose: arguments.verbose, quiet: arguments.quiet };
    let files = files::find(&arguments.paths, arguments.no_ignore);
    let standard_output = mem::replace(&mut streams.out, Box::new(io::sink()));
    let opened = outputs::open(&arguments.formats, |path| files.contains(path), standard_output);
    let Files { inputs, missing, .. } = files;
    let formats = opened.formats;
    let mut results = Results {
        formats: &formats,
        outputs: opened.outputs,
        is_text_shown: opened.is_text_shown,
        is_quiet: arguments.quiet,
        err: &mut *streams.err,
        totals: Totals::default(),
        unreadable: Vec::new(),
        nested: Vec::new(),
    };
    results.outputs.write(formats.iter().map(|format| format.begin(&run)));
    for problem in &opened.problems {
        results.say("error", problem);
    }
    for (path, message) in missing {
        results.take(&path, Judged::unreadable(&path, message));
    }

    let undeclared = Undeclared::new(&given);
    let progress = Progress::new(inputs.len(), !arguments.quiet);
    judge::quieten_panics();
    let judge = |input: &Input| {
        let must_concern = input.is_named && !arguments.skip_unrecognized;
        let judged = judge::judge(input, must_concern, |path, text| {
            let mut file = check(path, text, &given, &policy)?;
            excuses.apply(&mut file);
            undeclared.look_into(text);
            let nested =
                if arguments.follow_nested { nested::of(&input.path, &mut file) } else { Vec::new() };
            let texts = formats.iter().map(|format| format.file(&file, &run)).collect();
            Some(Judged { nested, ..Judged::new(&file, texts) })
        });
        progress.as_ref().inspect(|progress| progress.advance());
        judged
    };
    judge::each(&inputs, arguments.threads, judge, |batch, judged| {
        Progress::beside(progress.as_ref(), || {
            for (input, judged) in batch.iter().zip(judged) {
                results.take(&input.name(), judged);
            }
        });
    });
    drop(progress);
    nested::each(mem::take(&mut results.nested), |stack| {
        let input = Input { path: stack.path.clone(), is_named: true };
        let mut below = Vec::new();
        let judged = judge::judge(&input, true, |path, text| {
            let mut file = check(path, text, &stack.given, &policy)?;
            excuses.apply(&mut file);
            file.notes.insert(0, stack.note());
            below = nested::of(&input.path, &mut file);
            Some(Judged::new(&file, formats.iter().map(|format| format.file(&file, &run)).collect()))
        });
        results.take(&input.name(), judged);
        below
    });

    let is_over_everything = arguments.paths.iter().all(|path| path.is_dir());
    results.say_what_was_of_no_use(&undeclared, &excuses, is_over_everything);
    let Results { totals, unreadable, .. } = &results;
    let ends: Vec<_> = formats.iter().map(|format| format.end(totals, unreadable, &run)).collect();
    results.outputs.write(ends.into_iter());
    results.outputs.flush();
    let unwritten: Vec<_> = results.outputs.problems().collect();
    for problem in &unwritten {
        results.say("error", problem);
    }
    let is_complete = results.unreadable.is_empty() && opened.problems.is_empty() && unwritten.is_empty();
    Ok(arguments.outcome(&results.totals, is_complete))
}

impl Arguments {
    /// What a run comes to that said all this, and was complete or not.
    fn outcome(&self, totals: &Totals, is_complete: bool) -> Outcome {
        let fails = totals.failures > 0
            || totals.warnings > 0 && self.fail_on.contains(&FailOn::Warn)
            || totals.unknowns > 0 && self.fail_on.contains(&FailOn::Unknown);
        match (is_complete, fails && !self.exit_zero) {
            (false, _) => Outcome::Failed,
            (true, true) => Outcome::NonCompliant,
            (true, false) => Outcome::Compliant,
        }
    }
}

/// What was said so far, and where it goes.
struct Results<'a> {
    formats: &'a [Box<dyn Format>],
    outputs: Outputs,
    is_text_shown: bool,
    is_quiet: bool,
    err: &'a mut dyn Write,
    totals: Totals,
    unreadable: Vec<UnreadableFile>,
    /// Templates of nested stacks that are to be checked.
    nested: Vec<NestedStack>,
}

impl Results<'_> {
    /// Takes what came of the next file.
    fn take(&mut self, name: &str, judged: Judged) {
        self.totals.add(judged.totals);
        self.nested.extend(judged.nested);
        self.outputs.write_file(self.formats, &judged.texts);
        if let Some(problem) = judged.problem {
            // The text has it too.
            if !self.is_text_shown {
                let position = problem.position.map(|(line, column)| format!(":{line}:{column}"));
                let position = position.unwrap_or_default();
                self.say("error", &format!("{name}{position}: {}", problem.problem.message));
            }
            self.unreadable.push(problem);
        }
        if judged.is_unrecognized {
            self.say(
                "note",
                &format!("{name} holds neither a CloudFormation template nor an ECS task definition"),
            );
        }
    }

    /// Says which parameters and exceptions nothing was done with.
    fn say_what_was_of_no_use(
        &mut self,
        undeclared: &Undeclared<'_>,
        excuses: &Excuses<'_>,
        is_over_everything: bool,
    ) {
        if self.totals == Totals::default() && !self.is_text_shown {
            self.say("note", "no file was found that mentions an ECS task definition");
        }
        if self.totals.files == 0 {
            return;
        }
        if let Some(warning) = undeclared.warning() {
            self.say("warning", &warning);
        }
        for unused in excuses.unused(is_over_everything) {
            self.say("note", &unused);
        }
    }

    /// Says something on standard error, after what was written before it. Notes are left out where only failures
    /// are wanted.
    fn say(&mut self, kind: &str, text: &str) {
        if kind == "note" && self.is_quiet {
            return;
        }
        self.outputs.flush();
        // Names of files are not ours: they must not move a terminal's cursor.
        let text = text.replace(char::is_control, "\u{fffd}");
        // There is nowhere left to say that this cannot be written.
        let _ = writeln!(self.err, "{kind}: {text}");
    }
}

/// The parameters that are given and that no text has mentioned yet.
struct Undeclared<'a>(Vec<(&'a str, AtomicBool)>);

impl<'a> Undeclared<'a> {
    fn new(given: &'a Given) -> Self {
        let names = given.parameters.keys().filter(|name| !name.starts_with("AWS::"));
        Self(names.map(|name| (name.as_str(), AtomicBool::new(false))).collect())
    }

    fn look_into(&self, text: &str) {
        for (name, is_mentioned) in &self.0 {
            if !is_mentioned.load(Ordering::Relaxed) && text.contains(name) {
                is_mentioned.store(true, Ordering::Relaxed);
            }
        }
    }

    fn warning(&self) -> Option<String> {
        let unmentioned = self.0.iter().filter(|(_, is_mentioned)| !is_mentioned.load(Ordering::Relaxed));
        let names: Vec<_> = unmentioned.map(|(name, _)| quote(name)).collect();
        (!names.is_empty()).then(|| format!("no template declares a parameter {}", names.join(", ")))
    }
}
