//! `ecs-guard check`: templates and task definitions from files.
//!
//! Owns the order of a run and what it comes to: an exit code, whatever the formats are.

mod excuses;
mod files;
mod fixing;
mod judge;
mod nested;
mod outputs;
mod parameters;
mod progress;

use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;

use self::excuses::{Excuses, Stack};
use self::files::{Files, Input};
use self::fixing::{Delivery, Which, deliver};
use self::judge::Judged;
use self::nested::NestedStack;
use self::outputs::{Destination, Outputs};
use self::parameters::Parameters;
use self::progress::Progress;
use super::{Outcome, PolicySource, Streams, find_policy, raw_standard_output, standard_error, today};
use crate::check::{CheckedFile, Checking, Repaired, Totals, check, repair};
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

    /// Fix what can be fixed, in the files themselves: what no correct workload can notice, or with `unsafe` also what takes
    /// a right away from a container. Then show what remains. Standard input is printed with its fixes
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    fix: Option<Which>,

    /// Print what `--fix` would change as a unified diff and change nothing; what is found goes to standard error
    #[arg(long, conflicts_with = "follow_nested")]
    diff: bool,

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
    let fixing = Which::of(arguments.fix, arguments.diff);
    let names_standard_input = arguments.paths.iter().any(|path| path == Path::new("-"));
    // Then texts come from standard output, and what people read from standard error.
    let prints_texts = fixing.is_some_and(|fixing| fixing.is_preview || names_standard_input);
    if let Some(mistake) = outputs::mistake(&arguments.formats, prints_texts) {
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
    let run = Run { policy: &policy, verbose: arguments.verbose, quiet: arguments.quiet, fixing };
    let files = files::find(&arguments.paths, arguments.no_ignore);
    let standard_output = mem::replace(&mut streams.out, Box::new(io::sink()));
    let (for_people, printed) = if prints_texts {
        (("standard error", standard_error(streams.colour)), raw_standard_output())
    } else {
        (("standard output", standard_output), Box::new(io::sink()) as Box<dyn Write>)
    };
    let opened = outputs::open(&arguments.formats, |path| files.contains(path), for_people);
    let Files { inputs, missing, .. } = files;
    let formats = opened.formats;
    let mut results = Results {
        formats: &formats,
        outputs: opened.outputs,
        is_text_shown: opened.is_text_shown,
        is_quiet: arguments.quiet,
        printed,
        err: &mut *streams.err,
        totals: Totals::default(),
        unreadable: Vec::new(),
        nested: Vec::new(),
        has_unwritten: false,
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
        let judged = judge::judge(input, must_concern, prints_texts && !arguments.diff, |path, text| {
            undeclared.look_into(text);
            judge_text(input, (path, text), &given, &excuses, &run, |file| {
                let nested = if arguments.follow_nested { nested::of(&input.path, file) } else { Vec::new() };
                let texts = formats.iter().map(|format| format.file(file, &run)).collect();
                Judged { nested, ..Judged::new(file, texts) }
            })
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
        let judged = judge::judge(&input, true, false, |path, text| {
            judge_text(&input, (path, text), &stack.given, &excuses, &run, |file| {
                file.notes.insert(0, stack.note());
                below = nested::of(&input.path, file);
                Judged::new(file, formats.iter().map(|format| format.file(file, &run)).collect())
            })
        });
        results.take(&input.name(), judged);
        below
    });

    let is_over_everything = arguments.paths.iter().all(|path| path.is_dir());
    results.say_what_was_of_no_use(&undeclared, &excuses, is_over_everything);
    let is_complete = results.end(&run) && opened.problems.is_empty();
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

/// Judges a text, after it is fixed where that is wanted. What could not be written is judged as it is.
fn judge_text(
    input: &Input,
    (path, text): (&str, &str),
    given: &Given,
    excuses: &Excuses<'_>,
    run: &Run<'_>,
    show: impl FnOnce(&mut CheckedFile<'_>) -> Judged,
) -> Option<Judged> {
    let judge = |text: &str, repaired: Option<&Repaired>| {
        let mut file = check(path, text, given, run.policy)?;
        excuses.apply(&mut file);
        if let Some(repaired) = repaired {
            repaired.explain(&mut file);
        }
        Some(show(&mut file))
    };
    let Some(fixing) = run.fixing else { return judge(text, None) };
    let checking = Checking { path, given, policy: run.policy, excuse: &|file| excuses.apply(file) };
    let Some(repaired) = repair(text, &checking, fixing.wanted()) else { return judge(text, None) };
    match deliver(input, text, &repaired, fixing) {
        Delivery::Failed(problem) => Some(Judged { unwritten: Some(problem), ..judge(text, None)? }),
        Delivery::Done => judge(&repaired.text, Some(&repaired)),
        Delivery::Print(printed) => {
            // Nothing is changed by a preview, so what is found is found in what is there.
            let judged = if fixing.is_preview { text } else { &repaired.text };
            Some(Judged { printed, ..judge(judged, Some(&repaired))? })
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
    /// Where fixed texts and differences go.
    printed: Box<dyn Write>,
    /// Whether something fixed could not be written.
    has_unwritten: bool,
}

impl Results<'_> {
    /// Takes what came of the next file.
    fn take(&mut self, name: &str, judged: Judged) {
        self.totals.add(judged.totals);
        self.nested.extend(judged.nested);
        let printed = self.printed.write_all(&judged.printed).and_then(|()| self.printed.flush());
        self.outputs.write_file(self.formats, &judged.texts);
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
            self.unreadable.push(problem);
        }
        if judged.is_unrecognized {
            self.say(
                "note",
                &format!("{name} holds neither a CloudFormation template nor an ECS task definition"),
            );
        }
    }

    /// Writes what comes after the last file, and answers whether everything could be read and written.
    fn end(&mut self, run: &Run<'_>) -> bool {
        let ends = self.formats.iter().map(|format| format.end(&self.totals, &self.unreadable, run));
        self.outputs.write(ends.collect::<Vec<_>>().into_iter());
        self.outputs.flush();
        let unwritten: Vec<_> = self.outputs.problems().collect();
        for problem in &unwritten {
            self.say("error", problem);
        }
        self.unreadable.is_empty() && unwritten.is_empty() && !self.has_unwritten
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
