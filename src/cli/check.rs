//! `ecs-guard check`: templates and task definitions from files.
//!
//! Owns the order of a run and what it comes to: an exit code, whatever the formats are.

pub(super) mod excuses;
mod files;
mod fixing;
pub(super) mod judge;
mod nested;
pub(super) mod outputs;
mod parameters;
pub(super) mod progress;
mod reading;
pub(super) mod reporting;
pub(super) mod results;
pub(super) mod showing;
mod spool;
pub(super) mod target;
mod undeclared;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use self::excuses::{Excuses, Known, Stack};
use self::files::{Files, Input};
use self::fixing::{Delivery, Which, deliver};
use self::judge::{Judged, NotUtf8};
use self::nested::NestedStack;
use self::parameters::Parameters;
use self::progress::{Progress, Work};
use self::reading::Tree;
use self::reporting::Reporting;
use self::results::Results;
use self::showing::Showing;
use self::target::Source;
use self::undeclared::Undeclared;
use super::{Outcome, PolicySource, Streams, find_policy, raw_standard_output, standard_error, today};
use crate::check::{CheckedFile, Checking, JudgedTask, Repaired, Totals, check_each, repair};
use crate::output::{Format, Inputs, Run};
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

    #[command(flatten)]
    reporting: Reporting,

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

    /// Print what `--fix` would change as a unified diff and change nothing; what would be fixed, and why the rest could not be, goes to standard error
    #[arg(long, conflicts_with = "follow_nested")]
    diff: bool,

    /// How many files to check at once; as many as there are processors by default
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

impl Arguments {
    /// Whether all is checked that a policy may be meant for: the directory that it stands in.
    fn is_over_all_of(&self, policy: &Path) -> bool {
        let is_above = |directory: &Path| {
            let (Ok(directory), Ok(policy)) = (directory.canonicalize(), policy.canonicalize()) else {
                return false;
            };
            directory.is_dir() && policy.starts_with(directory)
        };
        if self.paths.is_empty() {
            is_above(Path::new("."))
        } else {
            self.paths.iter().any(|path| is_above(path))
        }
    }

    /// All that is given of a deployment, and one line for every file that gives nothing. Otherwise one for every mistake.
    fn given(&self) -> Result<(Given, Vec<String>), Vec<String>> {
        let (mut given, of_no_use) = self.parameters.given()?;
        self.stack.add_to(&mut given).map_err(|mistake| vec![mistake])?;
        Ok((given, of_no_use))
    }
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
    if let Some(mistake) = outputs::mistake(&arguments.reporting.formats, prints_texts) {
        return streams.fail([mistake]);
    }
    let (given, of_no_use) = match arguments.given() {
        Ok(given) => given,
        Err(mistakes) => return streams.fail(mistakes),
    };
    let Some((policy, policy_path)) = find_policy(source, streams)? else {
        return Ok(Outcome::Failed);
    };
    let tags = arguments.stack.tags();
    let known = Known::of(&given, &tags);
    let excuses = Excuses::new(&policy, today());
    let excuse = |task: &mut JudgedTask| excuses.apply(task, &known);
    let run = Run {
        policy: &policy,
        verbose: arguments.reporting.verbose,
        quiet: arguments.reporting.quiet,
        strictness: arguments.reporting.strictness(),
        fixing,
        inputs: Inputs::Files,
        nested_stack: None,
    };
    let files = files::find(&arguments.paths, arguments.no_ignore);
    let standard_output = mem::replace(&mut streams.out, Box::new(io::sink()));
    let (for_people, printed): (_, Box<dyn Write>) = if prints_texts {
        (("standard error", standard_error(streams.colour)), raw_standard_output())
    } else {
        (("standard output", standard_output), Box::new(io::sink()))
    };
    let mut opened = match outputs::open(&arguments.reporting.formats, |_| false, for_people) {
        Ok(opened) => opened,
        Err(mistake) => return streams.fail([mistake]),
    };
    let Files { mut inputs, missing, .. } = files;
    judge::quieten_panics();
    let set_aside = if arguments.follow_nested { nested::set_aside(&mut inputs, &given) } else { Vec::new() };
    let formats = mem::take(&mut opened.formats);
    let mut results = Results::begin(opened, &formats, &run, printed, &mut *streams.err);
    results.spare(policy_path.as_deref().and_then(|path| Source::at(path, "the policy")));
    for path in arguments.parameters.files() {
        results.spare(Source::at(path, "a file of parameters"));
    }
    for note in &of_no_use {
        results.say("note", note);
    }
    for (path, message) in missing {
        results.take(&path, Judged::unreadable(&path, message));
    }

    let undeclared = Undeclared::new(&given);
    let progress = Progress::new(Work::Checking, inputs.len() + set_aside.len(), !arguments.reporting.quiet);
    let asked = Asked { run: &run, formats: &formats, excuse: &excuse };
    let judge = |input: &Input| {
        let must_concern = input.is_named && !arguments.skip_unrecognized;
        let judged = judge::judge(input, must_concern, prints_texts && !arguments.diff, |path, text| {
            asked.judge(input, (path, text), &given, |file, showing| {
                undeclared.look_into(file);
                let nested = if arguments.follow_nested {
                    nested::of(&input.path, file, None)
                } else {
                    nested::note_unfollowed(file);
                    Vec::new()
                };
                Judged { nested, ..showing.end(file) }
            })
        });
        progress.as_ref().inspect(|progress| progress.advance());
        judged
    };
    let mut followed = BTreeSet::new();
    for mut inputs in [inputs, set_aside] {
        inputs.retain(|input| followed.is_empty() || !followed.contains(&nested::true_path(&input.path)));
        judge::each(&inputs, arguments.threads, Input::size, judge, |batch, judged| {
            Progress::beside(progress.as_ref(), || {
                for (input, judged) in batch.iter().zip(judged) {
                    results.take(&input.name(), judged);
                }
            });
        });
        let nested = mem::take(&mut results.nested);
        let tree = Tree::around(&arguments.paths, if nested.is_empty() { &[] } else { &inputs });
        followed.extend(nested::each(
            nested,
            &tree,
            |input, stack| asked.judge_nested(input, stack),
            |name, judged| Progress::beside(progress.as_ref(), || results.take(name, judged)),
        ));
    }
    drop(progress);

    let is_over_everything = policy_path.as_deref().is_some_and(|policy| arguments.is_over_all_of(policy));
    let so_far = if results.is_everything_read() { "" } else { ", in what could be read" };
    let unused = excuses.unused(&known, is_over_everything.then_some(so_far));
    say_what_was_of_no_use(&mut results, &undeclared, &unused);
    let is_complete = results.end();
    Ok(arguments.reporting.outcome(&results.totals, &run, is_complete))
}

/// What is asked of every file.
struct Asked<'r> {
    run: &'r Run<'r>,
    formats: &'r [Box<dyn Format>],
    excuse: &'r (dyn Fn(&mut JudgedTask) + Sync),
}

impl Asked<'_> {
    /// Judges a template as a nested stack.
    fn judge_nested(&self, input: &Input, stack: &NestedStack) -> Judged {
        let run = Run { nested_stack: Some(&stack.identity), ..*self.run };
        let excuse = |task: &mut JudgedTask| {
            (self.excuse)(task);
            stack.tell_case(task);
        };
        let asked = Asked { run: &run, excuse: &excuse, ..*self };
        judge::judge(input, true, false, |path, text| {
            asked.judge(input, (path, text), &stack.given, |file, showing| {
                // Nothing is shown of what a template calls one and is none: it may be anybody's secret.
                if file.judged.is_err() && !file.text.contains("Resources") {
                    return Judged::unreadable(path, "is named as a template and is none".into());
                }
                file.notes.insert(0, stack.note());
                let nested = nested::of(&input.path, file, Some(stack));
                Judged { nested, ..showing.end(file) }
            })
        })
    }

    /// Judges a text, after it is fixed where that is wanted. What could not be written is judged as it is. Each task
    /// definition is shown at once, the rest by `end`.
    fn judge(
        &self,
        input: &Input,
        (path, text): (&str, Result<&str, &NotUtf8>),
        given: &Given,
        end: impl FnOnce(&mut CheckedFile<'_>, Showing<'_>) -> Judged,
    ) -> Option<Judged> {
        let Self { run, excuse, .. } = *self;
        let text = match text {
            Ok(text) => text,
            Err(NotUtf8 { text, problem }) => {
                let mut file = CheckedFile { judged: Err(problem.clone()), ..CheckedFile::new(path, text) };
                return Some(end(&mut file, Showing::begin(self.formats, path, text, run)));
            }
        };
        let judge = |text: &str, repaired: Option<&Repaired>| {
            let mut showing = Showing::begin(self.formats, path, text, run);
            let mut number = 0;
            let mut file = check_each(path, text, given, run.policy, &mut |mut task| {
                excuse(&mut task);
                repaired.inspect(|repaired| repaired.explain_task(number, &mut task));
                number += 1;
                showing.task(&task);
            })?;
            repaired.inspect(|repaired| repaired.explain(&mut file));
            Some(end(&mut file, showing))
        };
        let Some(fixing) = run.fixing else { return judge(text, None) };
        let checking = Checking { path, given, policy: run.policy, excuse };
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
}

/// Says which parameters nothing was done with, and which exceptions.
fn say_what_was_of_no_use(results: &mut Results<'_>, undeclared: &Undeclared<'_>, exceptions: &[String]) {
    if results.totals == Totals::default() && !results.is_text_shown {
        results.say("note", "no file was found that mentions an ECS task definition");
    }
    if results.totals.files == 0 {
        return;
    }
    if let Some(warning) = undeclared.warning() {
        results.say("warning", &warning);
    }
    for unused in exceptions {
        results.say("note", unused);
    }
}
