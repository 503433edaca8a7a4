//! The report: what was run, what it took, how that compares and grows, and whether the targets are met.
//!
//! Owns the words, the tables and the targets. Must not know how anything was measured.

use std::error::Error;
use std::fmt::Write as _;

use measuring::{circumstances, yes};

use crate::series::Series;
use crate::tools::{Input, Tool};
use crate::{Contest, Effort, LIMIT};

pub struct Results<'a> {
    pub inputs: &'a [Input],
    pub contests: &'a [Contest],
}

impl Results<'_> {
    fn input(&self, path: &str) -> Option<(usize, &Input)> {
        self.inputs.iter().enumerate().find(|(_, input)| input.path == path)
    }

    fn series(&self, tool: Tool, path: &str) -> Option<&Series> {
        let (index, _) = self.input(path)?;
        let contest = self.contests.iter().find(|it| it.input == index && it.tool == tool)?;
        (!contest.series.rounds.is_empty()).then_some(&contest.series)
    }
}

/// The templates that differ in length alone, the shortest first, by their number of task definitions.
const LENGTHS: [usize; 4] = [250, 500, 1000, 2000];

/// The templates that differ in their findings alone, by the share of their task definitions that fail.
const SHARES: [usize; 4] = [0, 25, 50, 100];

const FORMATS: [(&str, &str); 2] = [("json", "JSON"), ("yaml", "YAML")];

pub fn render(results: &Results<'_>, effort: &Effort) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    writeln!(text, "{}\n", circumstances())?;
    writeln!(
        text,
        "Whole processes, from before the start to after the end, output into a file. Medians of {} runs on one small \
         template and of {} on everything else, the slow ones fewer; of memory the highest. What is longer than {} s is \
         ended. Reproduce with `{}`.\n",
        effort.starts,
        effort.rounds,
        LIMIT.as_secs(),
        effort.command(),
    )?;
    comparison(&mut text, results)?;
    lengths(&mut text, results)?;
    findings(&mut text, results)?;
    targets(&mut text, results)?;
    Ok(text)
}

fn comparison(text: &mut String, results: &Results<'_>) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "| input | command | wall, ms | processor, ms | of it user, ms | peak memory, MiB | against ecs-guard \
         | against one thread of it |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (index, input) in results.inputs.iter().enumerate() {
        let contests: Vec<&Contest> =
            results.contests.iter().filter(|it| it.input == index && !it.series.rounds.is_empty()).collect();
        if contests.len() < 2 {
            continue;
        }
        for contest in contests {
            let series = &contest.series;
            let over = if series.is_over() { "> " } else { "" };
            let wall = if series.is_over() { LIMIT.as_secs_f64() * 1e3 } else { series.wall() };
            let times = |ours: Tool| match results.series(ours, &input.path) {
                Some(theirs) if contest.tool != ours && contest.tool != Tool::TWO_THREADS => {
                    format!("{over}{} ×", figure(series.times(theirs)))
                }
                _ => "–".to_owned(),
            };
            writeln!(
                text,
                "| {} | {} | {over}{} | {over}{} | {} | {over}{:.1} | {} | {} |",
                describe(input),
                name(contest.tool, input),
                figure(wall),
                figure(series.processor()),
                figure(series.user()),
                series.memory(),
                times(Tool::TWO_THREADS),
                times(Tool::ONE_THREAD),
            )?;
        }
    }
    text.push_str(
        "\nEach tool must have found in every file what is there to find, or its time does not count. ecs-guard and \
         cfn-guard judge the same five rules, cfn-guard in its own language (`benches/peers/guard`); checkov has only \
         one check about task definitions in CloudFormation (CKV_AWS_97) and runs no other; cfn-lint, which judges \
         something else, is there for scale.\n\n",
    );
    Ok(())
}

fn lengths(text: &mut String, results: &Results<'_>) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "How ecs-guard's time grows with the length of one template, which one thread judges:\n\n\
         | template | findings | wall, ms | ms per MB | against the shortest | peak memory, MiB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (extension, _) in FORMATS {
        for tasks in LENGTHS {
            let path = format!("tasks-{tasks}.{extension}");
            let (Some((_, input)), Some(series)) =
                (results.input(&path), results.series(Tool::TWO_THREADS, &path))
            else {
                continue;
            };
            writeln!(
                text,
                "| {} | {} | {} | {:.1} | {} | {:.1} |",
                describe(input),
                grouped(input.findings),
                figure(series.wall()),
                series.wall() / megabytes(input.bytes),
                growth(results, extension, tasks).map_or("–".to_owned(), |times| format!("{times:.2} ×")),
                series.memory(),
            )?;
        }
    }
    text.push('\n');
    Ok(())
}

/// The time per byte of a template against that of the shortest.
fn growth(results: &Results<'_>, extension: &str, tasks: usize) -> Option<f64> {
    let (path, shortest) =
        (format!("tasks-{tasks}.{extension}"), format!("tasks-{}.{extension}", LENGTHS[0]));
    let times =
        results.series(Tool::TWO_THREADS, &path)?.times(results.series(Tool::TWO_THREADS, &shortest)?);
    Some(times * results.input(&shortest)?.1.bytes as f64 / results.input(&path)?.1.bytes as f64)
}

fn findings(text: &mut String, results: &Results<'_>) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "How it grows with the number of findings, in templates of 1,000 task definitions of which a part breaks all \
         five rules in every container and the rest is compliant:\n\n\
         | template | findings | wall, ms | µs per finding, beyond the compliant template | peak memory, MiB |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
    );
    for (extension, format) in FORMATS {
        for share in SHARES {
            let path = failing(share, extension);
            let (Some((_, input)), Some(series)) =
                (results.input(&path), results.series(Tool::TWO_THREADS, &path))
            else {
                continue;
            };
            writeln!(
                text,
                "| {share} % fail, {format}, {:.1} MB | {} | {} | {} | {:.1} |",
                megabytes(input.bytes),
                grouped(input.findings),
                figure(series.wall()),
                per_finding(results, extension, share).map_or("–".to_owned(), |cost| format!("{cost:.1}")),
                series.memory(),
            )?;
        }
    }
    text.push('\n');
    Ok(())
}

fn failing(share: usize, extension: &str) -> String {
    format!("failing-{share}-percent.{extension}")
}

/// What a finding adds to the time of the compliant template, µs.
fn per_finding(results: &Results<'_>, extension: &str, share: usize) -> Option<f64> {
    let (path, compliant) = (failing(share, extension), failing(0, extension));
    let count = results.input(&path)?.1.findings;
    let failing = results.series(Tool::TWO_THREADS, &path)?;
    let compliant = results.series(Tool::TWO_THREADS, &compliant)?;
    let more = failing.combined([compliant, compliant], |failing, compliant, _| failing - compliant);
    (count > 0).then(|| more * 1e3 / count as f64)
}

/// What a finding costs when all fail against what it costs when a quarter does.
fn finding_growth(results: &Results<'_>, extension: &str) -> Option<f64> {
    let series = |share| results.series(Tool::TWO_THREADS, &failing(share, extension));
    let count = |share| Some(results.input(&failing(share, extension))?.1.findings as f64);
    let more = |all: f64, quarter: f64, none: f64| (all - none) / (quarter - none);
    Some(series(100)?.combined([series(25)?, series(0)?], more) * count(25)? / count(100)?)
}

fn targets(text: &mut String, results: &Results<'_>) -> Result<(), Box<dyn Error>> {
    text.push_str("| target | limit | measured | met |\n| --- | --- | ---: | --- |\n");
    let mut row = |what: &str, limit: &str, measured: String, met: bool| {
        writeln!(text, "| {what} | {limit} | {measured} | {} |", yes(met))
    };

    let faster = [
        ("small-1000", Tool::CfnGuard, 10.0),
        ("small-1000", Tool::CfnGuardStructured, 10.0),
        ("tasks-1000.json", Tool::CfnGuardStructured, 6.0),
        ("tasks-1000.yaml", Tool::CfnGuardStructured, 6.0),
        ("small.json", Tool::Checkov, 100.0),
        ("small.yaml", Tool::Checkov, 100.0),
        ("small-100", Tool::Checkov, 100.0),
        ("small-1000", Tool::Checkov, 100.0),
    ];
    for (path, tool, limit) in faster {
        let (Some((_, input)), Some(ours), Some(theirs)) =
            (results.input(path), results.series(Tool::TWO_THREADS, path), results.series(tool, path))
        else {
            continue;
        };
        let times = theirs.times(ours);
        let limit_text = format!("≥ {limit} × faster than {}", name(tool, input));
        let over = if theirs.is_over() { "> " } else { "" };
        row(&describe(input), &limit_text, format!("{over}{} ×", figure(times)), times >= limit)?;
    }

    for (extension, format) in FORMATS {
        if let Some(series) = results.series(Tool::TWO_THREADS, &format!("small.{extension}")) {
            let wall = series.wall();
            row(&format!("one small template, {format}"), "≤ 3 ms", format!("{wall:.2} ms"), wall <= 3.0)?;
        }
    }
    for (extension, format) in FORMATS {
        if let Some(times) = growth(results, extension, LENGTHS[LENGTHS.len() - 1]) {
            let what = format!("time per MB, the longest template against the shortest, {format}");
            row(&what, "≤ 1.3 ×", format!("{times:.2} ×"), times <= 1.3)?;
        }
    }
    for (extension, format) in FORMATS {
        if let Some(times) = finding_growth(results, extension) {
            let what = format!("time per finding, 10,000 against 2,500, {format}");
            row(&what, "≤ 1.3 ×", format!("{times:.2} ×"), times <= 1.3)?;
        }
    }

    let large = [
        "tasks-2000.json",
        "tasks-2000.yaml",
        "failing-100-percent.json",
        "dense.json",
        "dense.yaml",
        "large-8",
    ];
    for path in large {
        let (Some((_, input)), Some(series)) = (results.input(path), results.series(Tool::TWO_THREADS, path))
        else {
            continue;
        };
        let threads = input.files.min(2);
        let limit = 16.0 + 10.0 * threads as f64 * input.largest as f64 / f64::from(1 << 20);
        let limit_text =
            format!("≤ 16 MiB + 10 × {:.1} MB × {}", megabytes(input.largest), counted(threads, "thread"));
        let what = format!("peak memory, {}", describe(input));
        row(
            &what,
            &limit_text,
            format!("{:.1} MiB of {limit:.0}", series.memory()),
            series.memory() <= limit,
        )?;
    }
    let memory = |path| results.series(Tool::TWO_THREADS, path).map(Series::memory);
    if let (Some(few), Some(many)) = (memory("small-100"), memory("small-1000")) {
        let more = many - few;
        row(
            "peak memory, 1,000 templates against 100",
            "≤ 1 MiB more",
            format!("{more:+.2} MiB"),
            more <= 1.0,
        )?;
    }
    Ok(())
}

/// What stands in a table for an input.
fn describe(input: &Input) -> String {
    let format = FORMATS.iter().find(|(extension, _)| input.path.ends_with(&format!(".{extension}")));
    let format = format.map(|(_, name)| format!(", {name}")).unwrap_or_default();
    let count = match (input.files, input.task_definitions) {
        (1, 1) => "one small template".to_owned(),
        (1, tasks) if input.bytes / tasks < 1000 => {
            format!("{} tiny task definitions that all fail", grouped(tasks))
        }
        (1, tasks) => format!("{} task definitions in one template", grouped(tasks)),
        (files, tasks) if tasks / files > 100 => {
            format!("{files} templates with {} task definitions each", grouped(tasks / files))
        }
        (files, _) => format!("{} small templates", grouped(files)),
    };
    let size = match input.bytes {
        bytes @ ..100_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        bytes => format!("{:.1} MB", megabytes(bytes)),
    };
    format!("{count}{format}, {size}")
}

fn name(tool: Tool, input: &Input) -> &'static str {
    match tool {
        Tool::EcsGuard { .. } if input.files == 1 => "**ecs-guard** `check`",
        Tool::EcsGuard { threads: 1 } => "**ecs-guard** `check`, one thread",
        Tool::EcsGuard { .. } => "**ecs-guard** `check`, two threads",
        Tool::CfnGuard => "cfn-guard 3.2.1 `validate`",
        Tool::CfnGuardStructured => "cfn-guard 3.2.1 `validate --structured`, JSON",
        Tool::Checkov => "checkov 3.3.30, one check",
        Tool::CfnLint => "cfn-lint 1.58.0",
    }
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Three digits that mean something, no decimals from 100 on.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => grouped(value.round() as usize),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let start = digits.len() % 3;
    let mut parts: Vec<&str> = if start > 0 { vec![&digits[..start]] } else { Vec::new() };
    parts.extend((start..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    parts.join(",")
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
