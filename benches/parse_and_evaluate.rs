//! How long the work of one event takes inside the process, next to what `serde_json` takes to parse the same bytes
//! into a [`serde_json::Value`] and nothing else.
//!
//! Owns the loop and the table it prints (Markdown, put into `docs/performance.md` by `make bench`). Times of a busy
//! machine drift, so nothing is measured for long at a stretch: every sample runs each subject for about a
//! millisecond, one after the other, and a ratio is taken within the sample before the median over all of them.
//!
//! `cargo bench --bench parse_and_evaluate`; `SAMPLES=1000` for more of them.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, and how many samples are wanted"
)]

use std::hint::black_box;
use std::time::Instant;

use ecs_guard::document::{Node, json};
use ecs_guard::engine::evaluate;
use ecs_guard::hook::{Hook, Prepared};
use ecs_guard::policy::{self, Policy};

/// Runs of one subject in one sample.
const RUNS: u32 = 100;

/// Not more than this many times what `serde_json::Value` takes to parse: the rules of the profile `baseline`, and all.
const LIMITS: [f64; 2] = [1.05, 4.0];

/// A policy that turns every rule on.
const ALL_RULES: &str = "{profile: pedantic, rules: {untrusted-registry: {registries: [docker.io, public.ecr.aws, \
                         '*.dkr.ecr.*.amazonaws.com']}}}";

struct Subject<'a> {
    name: &'static str,
    run: Box<dyn Fn() + 'a>,
    /// One value per sample, in microseconds.
    times: Vec<f64>,
}

impl<'a> Subject<'a> {
    fn new(name: &'static str, run: impl Fn() + 'a) -> Self {
        Self { name, run: Box::new(run), times: Vec::new() }
    }

    fn sample(&mut self) {
        let before = Instant::now();
        for _ in 0..RUNS {
            (self.run)();
        }
        self.times.push(before.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let samples: usize = std::env::var("SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    println!("In the process, µs per event, medians of {samples} interleaved samples of {RUNS} runs:\n");
    println!("| event | work | µs | against `serde_json::Value` |");
    println!("| --- | --- | ---: | ---: |");
    let mut verdicts = [Vec::new(), Vec::new()];
    for (name, event) in [
        ("failing", include_bytes!("events/failing.json").as_slice()),
        ("compliant", include_bytes!("events/compliant.json").as_slice()),
    ] {
        for ((ratio, limit), verdicts) in
            measure(name, event, samples)?.into_iter().zip(LIMITS).zip(&mut verdicts)
        {
            let is_met = if ratio <= limit { "met" } else { "**not met**" };
            verdicts.push(format!("{name} {ratio:.2} × ({is_met})"));
        }
    }
    let [of_five, of_all] = verdicts.map(|verdicts| verdicts.join(", "));
    let [limit, limit_of_all] = LIMITS;
    println!("\nTarget: parse and evaluate in ≤ {limit} × `serde_json::Value`. {of_five}.");
    println!("With all rules on, ≤ {limit_of_all} ×. {of_all}.");
    Ok(())
}

/// Prints the rows of one event; gives the ratios the targets are about.
fn measure(name: &str, event: &[u8], samples: usize) -> Result<[f64; 2], Box<dyn std::error::Error>> {
    let policy = Policy::baseline();
    let all_rules = policy::read(ALL_RULES)?;
    let hook = Hook::new(Ok(Policy::baseline()));
    let outside = Prepared {
        body: Err("there is none".into()),
        today: "2026-11-25".parse()?,
        stack_tags: Err("there are none".into()),
    };
    // What cannot be read or judged would be very fast.
    properties(&json::read(event)?).ok_or("no resourceProperties in the event")?;

    let mut subjects = [
        Subject::new("`serde_json` parses into a `Value`", || {
            _ = black_box(serde_json::from_slice::<serde_json::Value>(black_box(event)));
        }),
        Subject::new("ecs-guard parses", || _ = black_box(json::read(black_box(event)))),
        Subject::new("ecs-guard parses and evaluates the five rules", || {
            if let Ok(root) = json::read(black_box(event)) {
                black_box(properties(&root).map(|properties| evaluate(properties, &policy)));
            }
        }),
        Subject::new("ecs-guard parses and evaluates all rules", || {
            if let Ok(root) = json::read(black_box(event)) {
                black_box(properties(&root).map(|properties| evaluate(properties, &all_rules)));
            }
        }),
        Subject::new("ecs-guard answers: bytes to bytes", || {
            let answer = hook.respond(black_box(event), &outside);
            _ = black_box(serde_json::to_vec(&answer.response));
        }),
    ];
    for _ in 0..samples {
        for subject in &mut subjects {
            subject.sample();
        }
    }
    let [reference, _, five, all, _] = &subjects;
    let ratios = [ratio(five, reference), ratio(all, reference)];
    for subject in &subjects {
        println!(
            "| {name} | {} | {:.2} | {:.2} × |",
            subject.name,
            median(subject.times.clone()),
            ratio(subject, reference)
        );
    }
    Ok(ratios)
}

fn properties<'n, 'e>(root: &'n Node<'e>) -> Option<&'n Node<'e>> {
    root.get("requestData")?.get("targetModel")?.get("resourceProperties")
}

fn ratio(subject: &Subject<'_>, reference: &Subject<'_>) -> f64 {
    median(subject.times.iter().zip(&reference.times).map(|(one, other)| one / other).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
