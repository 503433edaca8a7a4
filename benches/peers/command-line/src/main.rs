//! Measures whole command lines side by side, and writes their tables of `docs/performance.md`.
//! `make bench-command-line` builds everything it needs and calls it; see `bench.mk`.
//!
//! In reading order: [`tools`] (the commands, and whether one did its work), [`process`] (one run and its clock),
//! [`series`] (what many runs come to), [`report`] (tables, targets). This module owns what is run on what, and in
//! which order.
//!
//! Within a round every command is run once on every input before any is run again, and who goes first moves on by one
//! each time. Every run is held against what the generator of the inputs knows is in them, also those whose time is
//! not needed: only work that was done counts.

mod process;
mod report;
mod series;
mod tools;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use series::Series;
use tools::{Input, Programs, Tool};

/// What takes longer is not waited for.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Nothing is learned from starting a program often that takes minutes.
const ROUNDS_OF_THE_SLOW: usize = 3;

/// How much is measured: `STARTS` rounds of the commands on one small template, `ROUNDS` of those on everything else.
#[derive(PartialEq)]
pub struct Effort {
    pub starts: usize,
    pub rounds: usize,
}

impl Effort {
    const DEFAULT: Self = Self { starts: 200, rounds: 7 };

    /// The command that measures as much again.
    pub fn command(&self) -> String {
        if *self == Self::DEFAULT {
            return "make bench-command-line".to_owned();
        }
        format!("make bench-command-line STARTS={} ROUNDS={}", self.starts, self.rounds)
    }
}

/// One command on one input.
pub struct Contest {
    pub input: usize,
    pub tool: Tool,
    /// After so many rounds it does not take part any more.
    most_rounds: usize,
    pub series: Series,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = words.as_slice()
        && first == process::ONCE
    {
        return process::once(rest);
    }
    let Arguments { inputs: directory, document, programs } = arguments(&words)?;
    let effort = Effort {
        starts: measuring::count("STARTS", Effort::DEFAULT.starts)?,
        rounds: measuring::count("ROUNDS", Effort::DEFAULT.rounds)?,
    };
    let inputs: Vec<Input> = serde_json::from_slice(&std::fs::read(directory.join("manifest.json"))?)?;

    let (mut small, mut rest): (Vec<Contest>, Vec<Contest>) =
        contests(&inputs).partition(|contest| is_small(&inputs[contest.input]));
    measure(&mut small, effort.starts, &inputs, &programs, &directory)?;
    measure(&mut rest, effort.rounds, &inputs, &programs, &directory)?;

    let contests: Vec<Contest> = small.into_iter().chain(rest).collect();
    let report = report::render(&report::Results { inputs: &inputs, contests: &contests }, &effort)?;
    println!("{report}");
    if let Some(path) = document {
        measuring::write_into(&path, "bench-command-line", &report)?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// Whether an input is one small template, of which the start of the program is most.
pub fn is_small(input: &Input) -> bool {
    input.bytes < 20_000
}

/// Who is run on what.
fn contests(inputs: &[Input]) -> impl Iterator<Item = Contest> {
    let of = |(index, input): (usize, &Input)| {
        let name = input.path.as_str();
        let slow = if input.files > 100 { 1 } else { ROUNDS_OF_THE_SLOW };
        let always = usize::MAX;
        let mut tools = vec![(Tool::TWO_THREADS, always)];
        if input.files > 1 {
            tools.push((Tool::ONE_THREAD, always));
        }
        if name.starts_with("small") {
            tools.extend([(Tool::CfnGuard, always), (Tool::CfnGuardStructured, always)]);
            tools.extend([(Tool::Checkov, slow), (Tool::CfnLint, slow)]);
        }
        if name.starts_with("tasks-1000.") {
            tools.extend([(Tool::CfnGuard, 1), (Tool::CfnGuardStructured, always)]);
        }
        tools.into_iter().map(move |(tool, most_rounds)| Contest {
            input: index,
            tool,
            most_rounds,
            series: Series::default(),
        })
    };
    inputs.iter().enumerate().flat_map(of)
}

fn measure(
    contests: &mut [Contest],
    rounds: usize,
    inputs: &[Input],
    programs: &Programs,
    directory: &Path,
) -> Result<(), Box<dyn Error>> {
    let count = contests.len();
    for round in 0..rounds {
        if rounds < 20 || round % 20 == 0 {
            eprintln!("round {} of {rounds}", round + 1);
        }
        for turn in 0..count {
            let contest = &mut contests[(turn + round) % count];
            if round >= contest.most_rounds {
                continue;
            }
            let input = &inputs[contest.input];
            let sample = run(contest.tool, input, programs, directory)
                .map_err(|error| format!("{:?} on {}: {error}", contest.tool, input.path))?;
            contest.series.rounds.push(sample);
        }
    }
    Ok(())
}

/// One run, and whether it did its work.
fn run(
    tool: Tool,
    input: &Input,
    programs: &Programs,
    directory: &Path,
) -> Result<process::Sample, Box<dyn Error>> {
    // Outside of the directory, so that no command finds it there.
    let out = directory.with_extension("out");
    let sample = process::run(&tool.command(programs, input), directory, &out, LIMIT)?;
    match sample.code {
        None if sample.is_over(LIMIT) => return Ok(sample),
        code if code == Some(tool.exit_code(input)) => {}
        code => return Err(format!("ended with {code:?}").into()),
    }
    tool.verify(input, &String::from_utf8_lossy(&std::fs::read(&out)?))?;
    Ok(sample)
}

#[derive(Default)]
struct Arguments {
    inputs: PathBuf,
    document: Option<PathBuf>,
    programs: Programs,
}

fn arguments(words: &[String]) -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments::default();
    for pair in words.chunks(2) {
        let [option, value] = pair else {
            return Err(format!("{} needs a value", pair.concat()).into());
        };
        // Commands are run in another directory. A program of a virtual environment is a link that must stay one.
        let path = std::path::absolute(value)?;
        match option.as_str() {
            "--inputs" => parsed.inputs = path,
            "--document" => parsed.document = Some(path),
            "--ecs-guard" => parsed.programs.ecs_guard = path,
            "--cfn-guard" => parsed.programs.cfn_guard = path,
            "--rules" => parsed.programs.rules = path,
            "--checkov" => parsed.programs.checkov = path,
            "--cfn-lint" => parsed.programs.cfn_lint = path,
            _ => return Err(format!("there is no option {option}").into()),
        }
    }
    Ok(parsed)
}
