//! How many instructions the hot paths take, by valgrind's callgrind, against the numbers in `instructions.txt`.
//!
//! Owns the subjects, the counting and the comparison. Times of a busy machine drift and counts do not: where one is above
//! what is recorded by more than [`TOLERANCE`], something costs more than it did. Without valgrind nothing is counted, and
//! another valgrind or another C library counts otherwise, so nothing is compared; either is said.
//!
//! `make instructions`; `make instructions-record` after a change that is meant.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "it reads and writes the recorded numbers, and what it is asked for"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use ecs_guard::check::check;
use ecs_guard::document::{Node, json, yaml};
use ecs_guard::engine::evaluate;
use ecs_guard::hook::{Hook, Prepared};
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

/// How much above the recorded number a count may be. Hash maps are seeded, and the system's memory functions are chosen by
/// the processor.
const TOLERANCE: f64 = 0.03;

/// A subject is run so often, and twice as often; the difference has nothing of the start in it.
const RUNS: u64 = 50;

/// What begins the line that says what the record was made with.
const TOOLS: &str = "# With ";

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
const FAILING: &[u8] = include_bytes!("events/failing.json");
const COMPLIANT: &[u8] = include_bytes!("events/compliant.json");
const SMALL: &str = include_str!("../tests/templates/conditions.yaml");
const LARGE: &str = include_str!("../tests/templates/host-volumes.yaml");

static BASELINE: LazyLock<Policy> = LazyLock::new(Policy::baseline);
static PEDANTIC: LazyLock<Policy> = LazyLock::new(|| Policy::of(Profile::Pedantic));
static HOOK: LazyLock<Hook> = LazyLock::new(|| Hook::new(Ok(Policy::baseline())));

type Subject = (&'static str, fn());

const SUBJECTS: &[Subject] = &[
    ("parse-and-evaluate-failing-event", || parse_and_evaluate(FAILING)),
    ("parse-and-evaluate-compliant-event", || parse_and_evaluate(COMPLIANT)),
    ("answer-failing-event", || answer(FAILING)),
    ("answer-compliant-event", || answer(COMPLIANT)),
    ("read-yaml", || _ = black_box(yaml::read_template(black_box(LARGE)))),
    ("check-small-template", || {
        _ = black_box(check("template.yaml", black_box(SMALL), &Given::default(), &PEDANTIC));
    }),
];

fn parse_and_evaluate(event: &[u8]) {
    let way = ["requestData", "targetModel", "resourceProperties"];
    let root = json::read(black_box(event));
    let properties =
        root.as_ref().ok().and_then(|root| way.iter().try_fold(root, |node: &Node<'_>, key| node.get(key)));
    black_box(properties.map(|properties| evaluate(properties, &BASELINE)));
}

fn answer(event: &[u8]) {
    let outside = Prepared {
        body: Err(String::new()),
        today: "2026-11-25".parse().unwrap_or_default(),
        stack_tags: Err(String::new()),
    };
    let answer = HOOK.respond(black_box(event), &outside);
    _ = black_box(serde_json::to_vec(&answer.response));
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, subject, runs] = arguments.as_slice()
        && command == "run"
    {
        let (_, run) = SUBJECTS.iter().find(|(name, _)| name == subject).ok_or("no such subject")?;
        (0..runs.parse()?).for_each(|_| run());
        return Ok(());
    }
    let Some(tools) = tools() else {
        println!("instructions: valgrind is not there, so they are NOT counted");
        return Ok(());
    };
    let mut counts = BTreeMap::new();
    for (subject, _) in SUBJECTS {
        counts.insert(*subject, (counted(subject, 2 * RUNS)? - counted(subject, RUNS)?) / RUNS);
    }
    if arguments.iter().any(|argument| argument == "record") {
        return record(&counts, &tools);
    }
    compare(&counts, &tools)
}

/// What a count depends on beside the code, in one line. `None`: there is no valgrind.
fn tools() -> Option<String> {
    let version = |command: &str, arguments: &[&str]| {
        let output = Command::new(command).args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
    };
    let valgrind = version("valgrind", &["--version"])?;
    let library = version("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|| "another C library".into());
    Some(format!("{valgrind}, {library}, {}", env::consts::ARCH))
}

/// How many instructions the whole program takes with so many runs of a subject.
fn counted(subject: &str, runs: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["run", subject, &runs.to_string()])
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let count = told.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim());
    Ok(count.ok_or_else(|| format!("valgrind did not count:\n{told}"))?.parse()?)
}

fn record(counts: &BTreeMap<&str, u64>, tools: &str) -> Result<(), Box<dyn Error>> {
    let mut text =
        format!("# Instructions of one run, written by `make instructions-record`.\n{TOOLS}{tools}\n");
    for (subject, count) in counts {
        writeln!(text, "{subject} {count}")?;
    }
    Ok(fs::write(RECORDED, text)?)
}

#[expect(clippy::cast_precision_loss, reason = "a share, for people")]
fn compare(counts: &BTreeMap<&str, u64>, tools: &str) -> Result<(), Box<dyn Error>> {
    let recorded = fs::read_to_string(RECORDED)?;
    let recorded_by = recorded.lines().find_map(|line| line.strip_prefix(TOOLS)).unwrap_or_default();
    let lines = recorded.lines().filter(|line| !line.starts_with('#'));
    let recorded: BTreeMap<&str, u64> = lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, count)| Ok((name, count.parse()?)))
        .collect::<Result<_, Box<dyn Error>>>()?;
    println!("| work | instructions | against the record |\n| --- | ---: | ---: |");
    let mut above = Vec::new();
    for (subject, count) in counts {
        let before = *recorded.get(subject).ok_or_else(|| format!("{subject} has no recorded number"))?;
        let share = *count as f64 / before as f64 - 1.0;
        println!("| {subject} | {count} | {:+.1} % |", share * 100.0);
        if share > TOLERANCE {
            above.push(*subject);
        }
    }
    if recorded_by != tools {
        println!("instructions: not compared, for the record is by {recorded_by}, and this is {tools}");
        return Ok(());
    }
    if above.is_empty() {
        return Ok(());
    }
    let above = above.join(", ");
    Err(format!(
        "{above}: more than {:.0} % above what is recorded; where that is meant, `make instructions-record`",
        TOLERANCE * 100.0
    )
    .into())
}
