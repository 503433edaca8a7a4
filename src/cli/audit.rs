//! `ecs-guard audit`: the stacks that are deployed, judged as `ecs-guard check` judges their templates.
//!
//! Owns the order of an audit: list, fetch into the state, judge from there. Must not know how a template is judged, nor
//! how AWS is asked.

mod excepted;
mod fetching;
mod state;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use self::excepted::{Comparison, Excused};
use self::fetching::{Listing, Missing, Wanted};
use self::state::{Fetched, State};
use super::account::Account;
use super::check::excuses::{Excuses, Known};
use super::check::judge::{self, Judged};
use super::check::outputs;
use super::check::progress::{Progress, Work};
use super::check::reporting::Reporting;
use super::check::results::Results;
use super::check::showing::Showing;
use super::check::target::Source;
use super::{Outcome, PolicySource, Streams, find_policy, permissions, today};
use crate::aws::account::Stack;
use crate::aws::session::{self, Patience};
use crate::check::{Tally, check_deployed};
use crate::output::{Format, Inputs, Run};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    account: Account,

    #[command(flatten)]
    reporting: Reporting,

    /// Where to keep what is fetched, so that an interrupted audit goes on and a later one fetches only what has changed;
    /// $XDG_STATE_HOME/ecs-guard/audit or ~/.local/state/ecs-guard/audit by default
    ///
    /// Holds templates, and values of parameters as AWS shows them: only its owner may read it.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// How many stacks to fetch at once
    #[arg(long, value_name = "N", default_value = "16")]
    concurrency: NonZero<usize>,
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    if arguments.account.prints_policy(permissions::AUDIT, streams)? {
        return Ok(Outcome::Compliant);
    }
    if let Some(mistake) = outputs::mistake(&arguments.reporting.formats, false) {
        return streams.fail([mistake]);
    }
    let obstacles = outputs::obstacles(&arguments.reporting.formats);
    if !obstacles.is_empty() {
        return streams.fail(obstacles);
    }
    let Some((policy, policy_path)) = find_policy(source, streams)? else {
        return Ok(Outcome::Failed);
    };
    let directory = arguments.state.clone().or_else(state::default_directory);
    let Some(directory) = directory else {
        writeln!(
            streams.err,
            "error: there is no home directory to keep the state in: name one with --state"
        )?;
        return Ok(Outcome::Failed);
    };
    let state = match State::open(&directory) {
        Ok(state) => state,
        Err(problem) => return streams.fail([problem]),
    };
    let (sessions, are_all) = arguments.account.sessions(Patience::Long, streams)?;
    if sessions.is_empty() {
        return Ok(Outcome::Failed);
    }
    let quiet = arguments.reporting.quiet;
    let (listings, missing) = session::block_on(async {
        let listings = fetching::list(&sessions, !quiet).await;
        let wanted = wanted(&listings);
        let missing = fetching::fetch(&wanted, &state, arguments.concurrency, !quiet).await;
        (listings, missing)
    })?;

    let run = Run {
        policy: &policy,
        verbose: arguments.reporting.verbose,
        quiet,
        strictness: arguments.reporting.strictness(),
        fixing: None,
        inputs: Inputs::Stacks,
        nested_stack: None,
    };
    let standard_output = mem::replace(&mut streams.out, Box::new(io::sink()));
    let is_of_state = |path: &Path| state.holds(path);
    let for_people = ("standard output", standard_output);
    let mut opened = match outputs::open(&arguments.reporting.formats, is_of_state, for_people) {
        Ok(opened) => opened,
        Err(mistake) => return streams.fail([mistake]),
    };
    let formats = mem::take(&mut opened.formats);
    let mut results = Results::begin(opened, &formats, &run, Box::new(io::sink()), &mut *streams.err);
    results.tally = Some(Tally::default());
    results.spare(policy_path.as_deref().and_then(|path| Source::at(path, "the policy")));
    for listing in &listings {
        let place = listing.place().unwrap_or_else(|| format!("unknown account/{}", listing.region));
        for problem in &listing.listed.problems {
            let what = if listing.listed.stacks.is_empty() { "its stacks" } else { "not all of its stacks" };
            let verb = if listing.listed.stacks.is_empty() { "cannot" } else { "can" };
            let whose = listing.asker.whose();
            let problem = format!("{what} {verb} be listed{whose}: {problem}");
            results.take(&place, Judged::unreadable(&place, problem));
        }
    }
    let excuses = Excuses::new(&policy, today());
    let judging =
        Judging { state: &state, excuses: &excuses, formats: &formats, run: &run, missing: &missing };
    let wanted = wanted(&listings);
    let stacks: Vec<_> =
        wanted.iter().map(|wanted| wanted.stack).filter(|stack| !judging.is_gone(stack)).collect();
    let mut comparison = Comparison::new(&state);
    judging.judge_all(&stacks, &mut results, &mut comparison);
    match missing.gone.len() {
        0 => {}
        1 => results.say("note", "1 stack was deleted after it was listed, and is left out"),
        count => results
            .say("note", &format!("{count} stacks were deleted after they were listed, and are left out")),
    }

    let is_everything = are_all && results.is_everything_read();
    let accounts = listings.iter().filter_map(|listing| listing.listed.account.as_deref()).collect();
    // An account may have stacks in Regions that nobody named.
    let looked = if is_everything { "in the Regions looked at" } else { "in what could be read" };
    for unmatched in excuses.unmatched_in(&accounts, looked) {
        results.say("note", &unmatched);
    }
    for trusting in excuses.trusting_authors() {
        results.say("note", &trusting);
    }
    if is_everything {
        let (newly_excepted, kept) = comparison.end(places(&listings).into_keys().collect());
        results.tally.get_or_insert_default().newly_excepted = newly_excepted;
        for problem in kept.into_iter().chain(forget(&state, &listings)) {
            results.say("warning", &format!("the state cannot be kept for the next audit: {problem}"));
        }
    }
    let is_complete = results.end();
    Ok(arguments.reporting.outcome(&results.totals, &run, are_all && is_complete))
}

/// Every stack that was listed, once, in the order of the paths, with all who listed it.
fn wanted(listings: &[Listing]) -> Vec<Wanted<'_>> {
    let mut all: Vec<Wanted<'_>> = Vec::new();
    let mut known = BTreeMap::new();
    for Listing { asker, listed, .. } in listings {
        for stack in &listed.stacks {
            let index = *known.entry(&stack.id).or_insert(all.len());
            match all.get_mut(index) {
                Some(wanted) => wanted.askers.push(asker),
                None => all.push(Wanted { stack, askers: vec![asker] }),
            }
        }
    }
    all.sort_by_cached_key(|wanted| (wanted.stack.path(), wanted.stack.id.as_str()));
    all
}

/// What it takes to judge a stack.
struct Judging<'a> {
    state: &'a State,
    excuses: &'a Excuses<'a>,
    formats: &'a [Box<dyn Format>],
    run: &'a Run<'a>,
    missing: &'a Missing,
}

/// What came of one stack.
#[derive(Default)]
struct OfStack {
    judged: Judged,
    tally: Tally,
    excused: Excused,
}

impl Judging<'_> {
    fn is_gone(&self, stack: &Stack) -> bool {
        self.missing.gone.contains(&stack.id)
    }

    /// Judges every stack.
    fn judge_all(&self, stacks: &[&Stack], results: &mut Results<'_>, comparison: &mut Comparison<'_>) {
        let progress = Progress::new(Work::Checking, stacks.len(), !self.run.quiet);
        judge::quieten_panics();
        let judge = |stack: &&Stack| {
            let judged = self.judge(stack);
            progress.as_ref().inspect(|progress| progress.advance());
            judged
        };
        judge::each(
            stacks,
            None,
            |stack| self.state.size(stack),
            judge,
            |batch, judged| {
                Progress::beside(progress.as_ref(), || {
                    for (stack, of_stack) in batch.iter().zip(judged) {
                        results.take(&stack.path(), of_stack.judged);
                        results.tally.get_or_insert_default().add(of_stack.tally);
                        comparison.take(stack, of_stack.excused);
                    }
                });
            },
        );
    }

    fn judge(&self, stack: &Stack) -> OfStack {
        let path = stack.path();
        let unreadable =
            |message: String| OfStack { judged: Judged::unreadable(&path, message), ..OfStack::default() };
        if let Some(problem) = self.missing.problems.get(&stack.id) {
            return unreadable(problem.clone());
        }
        let Some(Fetched { template }) = self.state.read(stack) else {
            return unreadable("what was fetched of it is not in the state any more: audit again".into());
        };
        let Some((text, deployment)) = template else {
            return OfStack { judged: Judged::without_task_definitions(), ..OfStack::default() };
        };
        let known = Known {
            account: Some(stack.account()),
            stack_name: Some(stack.name()),
            stack_tags: Some(&deployment.tags),
        };
        let mut tally = Tally::default();
        let mut excused = Excused::default();
        let judged = judge::judge_text(&path, &text, true, |path, text| {
            let mut file = check_deployed(path, text, &deployment.given, self.run.policy)?;
            let mut showing = Showing::begin(self.formats, path, text, self.run);
            for task in file.judged.iter_mut().flatten() {
                self.excuses.apply(task, &known);
                showing.task(task);
            }
            tally = Tally::of(&file);
            excused = Excused::of(&file);
            // They were shown and are counted.
            if let Ok(tasks) = &mut file.judged {
                tasks.clear();
            }
            Some(showing.end(&file))
        });
        OfStack { judged, tally, excused }
    }
}

/// The accounts and Regions that were listed, each with its stacks, which may be none.
fn places(listings: &[Listing]) -> BTreeMap<String, Vec<&Stack>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for listing in listings {
        if let Some(place) = listing.place() {
            places.entry(place).or_default().extend(&listing.listed.stacks);
        }
    }
    places
}

/// Forgets the stacks that are not there any more.
fn forget(state: &State, listings: &[Listing]) -> Vec<io::Error> {
    places(listings)
        .into_iter()
        .filter_map(|(place, stacks)| state.forget_others(&place, &stacks).err())
        .collect()
}
