//! Measures Lambda functions side by side against a local Runtime API, and writes the table of
//! `docs/performance.md`. `make bench` builds everything it needs and calls it; see `bench.mk`.
//!
//! In reading order: [`runtime_api`] (one function, one server, the clock), [`figures`] (what is measured, medians),
//! [`report`] (table, targets). This module owns the order of the runs and whether an answer counts.
//!
//! Everything runs on the core this process is pinned to (`taskset -c 0`); the functions inherit it. Within a round
//! every function is started once before any is started again, and who goes first moves on by one each time, so no
//! function always runs in the warm or the cold shadow of another.

mod figures;
mod report;
mod runtime_api;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use figures::{Figures, Series};
use measuring::{count, median, quantile};
use runtime_api::{Function, Launch};
use serde_json::Value;

/// Events after the first that count for nothing: caches, branch predictors and allocators settle.
const WARM_UP: usize = 10;

/// One function of the comparison. Its id decides which targets it takes part in (see [`report`]).
pub struct Contender {
    pub id: String,
    pub launch: Launch,
    pub series: Series,
}

struct Events {
    failing: Vec<u8>,
    compliant: Vec<u8>,
}

/// How much is measured: `ROUNDS` × `STARTS` starts of every function, `EVENTS` warm events of each kind per start.
#[derive(PartialEq)]
pub struct Effort {
    pub rounds: usize,
    pub starts: usize,
    pub events: usize,
}

impl Effort {
    const DEFAULT: Self = Self { rounds: 5, starts: 20, events: 300 };

    fn from_environment() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            rounds: count("ROUNDS", Self::DEFAULT.rounds)?,
            starts: count("STARTS", Self::DEFAULT.starts)?,
            events: count("EVENTS", Self::DEFAULT.events)?,
        })
    }

    /// The command that measures as much again.
    pub fn command(&self) -> String {
        if *self == Self::DEFAULT {
            return "make bench".to_owned();
        }
        format!("make bench ROUNDS={} STARTS={} EVENTS={}", self.rounds, self.starts, self.events)
    }
}

#[derive(Default)]
struct Arguments {
    events: PathBuf,
    document: Option<PathBuf>,
    include: Option<PathBuf>,
    environment: Vec<(String, String)>,
    contenders: Vec<(String, String)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let effort = Effort::from_environment()?;
    let events = Events {
        failing: std::fs::read(arguments.events.join("failing.json"))?,
        compliant: std::fs::read(arguments.events.join("compliant.json"))?,
    };
    let mut contenders: Vec<Contender> = arguments
        .contenders
        .into_iter()
        .map(|(id, command)| Contender {
            id,
            launch: Launch {
                command: command.split_whitespace().map(str::to_owned).collect(),
                environment: arguments.environment.clone(),
            },
            series: Series::default(),
        })
        .collect();

    for contender in &contenders {
        check_answers(contender, &events).map_err(|error| format!("{}: {error}", contender.id))?;
    }
    for round in 0..effort.rounds {
        eprintln!("round {} of {}", round + 1, effort.rounds);
        let mut starts: Vec<Vec<Figures>> = contenders.iter().map(|_| Vec::new()).collect();
        for start in 0..effort.starts {
            for turn in 0..contenders.len() {
                let index = (turn + start + round) % contenders.len();
                let contender = &contenders[index];
                let figures = measure(&contender.launch, &events, effort.events)
                    .map_err(|error| format!("{}: {error}", contender.id))?;
                starts[index].push(figures);
            }
        }
        for (contender, starts) in contenders.iter_mut().zip(&starts) {
            contender.series.add_round(starts);
        }
    }

    let in_process = arguments.include.map(std::fs::read_to_string).transpose()?;
    let report = report::render(&contenders, &effort, events.failing.len(), in_process.as_deref())?;
    println!("{report}");
    if let Some(path) = arguments.document {
        measuring::write_into(&path, "bench", &report)?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// One start: the first event is the failing one, then come the warm ones of each kind.
fn measure(launch: &Launch, events: &Events, count: usize) -> std::io::Result<Figures> {
    let (mut function, start) = Function::start(launch)?;
    let (_, first) = function.invoke(&events.failing)?;
    let mut warm = |event: &[u8]| {
        for _ in 0..WARM_UP {
            function.invoke(event)?;
        }
        (0..count).map(|_| Ok(microseconds(function.invoke(event)?.1))).collect::<std::io::Result<Vec<f64>>>()
    };
    let failing = warm(&events.failing)?;
    let compliant = warm(&events.compliant)?;
    Ok(Figures([
        microseconds(start) / 1e3,
        microseconds(first),
        median(failing.clone()),
        quantile(failing, 0.99),
        median(compliant),
        function.resident_kib()? as f64 / 1024.0,
    ]))
}

/// A figure of a function that decides something else would be worthless: every function but the no-ops has to
/// fail the one event by all five rules, each in an annotation, and let the other one pass.
fn check_answers(contender: &Contender, events: &Events) -> Result<(), Box<dyn Error>> {
    const RULES: [&str; 5] = [
        "added-linux-capabilities",
        "blocking-awslogs",
        "privileged-container",
        "root-user",
        "writable-root-filesystem",
    ];
    let (mut function, _) = Function::start(&contender.launch)?;
    if contender.id.starts_with("no-op") {
        return Ok(());
    }
    let failing: Value = serde_json::from_slice(&function.invoke(&events.failing)?.0)?;
    let compliant: Value = serde_json::from_slice(&function.invoke(&events.compliant)?.0)?;
    let mut failed: Vec<&str> = failing["annotations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["status"] == "FAILED")
        .filter_map(|it| it["annotationName"].as_str())
        .collect();
    failed.sort_unstable();
    if failing["hookStatus"] != "FAILED" || failing["errorCode"] != "NonCompliant" || failed != RULES {
        return Err(format!("does not fail the failing event as it should: {failing}").into());
    }
    if compliant["hookStatus"] != "SUCCESS" {
        return Err(format!("does not pass the compliant event: {compliant}").into());
    }
    Ok(())
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--events" => parsed.events = value()?.into(),
            "--document" => parsed.document = Some(value()?.into()),
            "--include" => parsed.include = Some(value()?.into()),
            "--env" => parsed.environment.push(pair(&value()?)?),
            _ => parsed.contenders.push(pair(&word)?),
        }
    }
    if parsed.contenders.is_empty() {
        return Err("usage: driver --events DIR [--document FILE] [--include FILE] [--env NAME=VALUE]… \
                    ID=COMMAND…"
            .into());
    }
    Ok(parsed)
}

fn pair(word: &str) -> Result<(String, String), String> {
    let (left, right) = word.split_once('=').ok_or(format!("`{word}` is not NAME=VALUE"))?;
    Ok((left.to_owned(), right.to_owned()))
}
