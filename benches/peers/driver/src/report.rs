//! The report: what was measured, on what, how it compares, and whether the targets are met.
//!
//! Owns: the words, the tables, the targets and the place in `docs/performance.md`. Must not know how anything was
//! measured.

use std::error::Error;
use std::fmt::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use measuring::{circumstances, yes};

use crate::figures::Metric;
use crate::{Contender, Effort};

/// The contender that the targets are about.
const OURS: &str = "ecs-guard";

/// What stands in the table's first column for an id.
const NAMES: [(&str, &str); 7] = [
    (OURS, "**ecs-guard** `bootstrap`"),
    ("without-sdk", "ecs-guard built without AWS's SDK (feature `function`), which these events do not need"),
    ("before", "ecs-guard at the revision that it was compared with (`BENCH_BEFORE`), built in the same way"),
    (
        "no-op",
        "no-op in Rust: the event as `serde_json::Value`, echoed; target, flags and allocator of `bootstrap`",
    ),
    ("no-op-dynamic", "the same no-op as `cargo build --release` leaves it: dynamic, the system's allocator"),
    ("cfn-guard", "the same five rules in Guard's language, `cfn-guard` 3.2.1 in the function"),
    ("python", "the same five rules in Python under `awslambdaric`"),
];

/// One promise: a figure of ours against the same figure of another contender.
struct Target {
    what: &'static str,
    metric: Metric,
    against: &'static str,
    limit: Limit,
}

enum Limit {
    /// At most so many times the other's figure.
    AtMost(f64),
    /// At most so much more than the other's figure, in the metric's unit.
    Above(f64, &'static str),
    /// The other's figure is at least so many times ours.
    FasterBy(f64),
}

const TARGETS: [Target; 12] = [
    target("start", Metric::Start, "before", Limit::AtMost(1.05)),
    target("first event", Metric::First, "before", Limit::AtMost(1.05)),
    target("warm round trip", Metric::Warm, "before", Limit::AtMost(1.05)),
    target("warm round trip", Metric::Warm, "no-op", Limit::AtMost(1.0)),
    target("warm round trip", Metric::Warm, "no-op-dynamic", Limit::AtMost(1.0)),
    target("start", Metric::Start, "no-op", Limit::AtMost(1.05)),
    target("start", Metric::Start, "no-op-dynamic", Limit::AtMost(1.05)),
    target("first event", Metric::First, "no-op", Limit::AtMost(1.2)),
    target("first event", Metric::First, "no-op-dynamic", Limit::AtMost(1.2)),
    target("memory", Metric::Resident, "no-op", Limit::Above(2.0, "MiB")),
    target("warm round trip", Metric::Warm, "cfn-guard", Limit::FasterBy(25.0)),
    target("warm round trip", Metric::Warm, "python", Limit::FasterBy(3.0)),
];

const fn target(what: &'static str, metric: Metric, against: &'static str, limit: Limit) -> Target {
    Target { what, metric, against, limit }
}

const ZIP_LIMIT_MB: f64 = 2.5;

/// The whole section: machine, table, ratios, targets, and `in_process` as it came from the in-process benchmark.
pub fn render(
    contenders: &[Contender],
    effort: &Effort,
    event_bytes: usize,
    in_process: Option<&str>,
) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    writeln!(text, "{}\n", circumstances())?;
    writeln!(
        text,
        "Medians of {} rounds of {} starts of each function, {} warm events of each kind per start, one core for both \
         sides, an event of {event_bytes} bytes. Reproduce with `{}`.\n",
        effort.rounds,
        effort.starts,
        effort.events,
        effort.command(),
    )?;
    table(&mut text, contenders)?;
    if let Some(ours) = find(contenders, OURS) {
        ratios(&mut text, ours, contenders)?;
        targets(&mut text, ours, contenders)?;
    }
    if let Some(in_process) = in_process {
        write!(text, "\n{}\n", in_process.trim_end())?;
    }
    Ok(text)
}

fn find<'c>(contenders: &'c [Contender], id: &str) -> Option<&'c Contender> {
    contenders.iter().find(|it| it.id == id)
}

fn name(contender: &Contender) -> &str {
    NAMES.iter().find(|(id, _)| *id == contender.id).map_or(contender.id.as_str(), |(_, name)| name)
}

fn table(text: &mut String, contenders: &[Contender]) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "| function | start to first `GET /next`, ms | first event, µs | warm, µs | warm p99, µs \
         | warm, compliant event, µs | resident after, MiB | binary, MB | zip, MB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for contender in contenders {
        write!(text, "| {} |", name(contender))?;
        for metric in Metric::ALL {
            let decimals = if matches!(metric, Metric::Start | Metric::Resident) { 2 } else { 0 };
            write!(text, " {:.decimals$} |", contender.series.figure(metric))?;
        }
        match sizes(contender)? {
            Some((binary, zip)) => writeln!(text, " {binary:.2} | {zip:.2} |")?,
            None => text.push_str(" – | – |\n"),
        }
    }
    text.push_str(
        "\nThe failing event breaks all five rules and is answered with five annotations; it is also the first event. \
         A round trip ends with the last byte of the answer. p99 is the median over the starts of each start's 99th \
         percentile.\n\n",
    );
    Ok(())
}

fn ratios(text: &mut String, ours: &Contender, contenders: &[Contender]) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "ecs-guard's figure divided by the other's, round by round (below 1 is better):\n\n\
         | against | start | first event | warm | warm p99 | warm, compliant | memory |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for other in contenders.iter().filter(|it| it.id != ours.id) {
        write!(text, "| {} |", other.id)?;
        for metric in Metric::ALL {
            write!(text, " {:.3} |", ours.series.ratio(&other.series, metric))?;
        }
        text.push('\n');
    }
    text.push('\n');
    Ok(())
}

fn targets(text: &mut String, ours: &Contender, contenders: &[Contender]) -> Result<(), Box<dyn Error>> {
    text.push_str("| target | limit | measured | met |\n| --- | --- | ---: | --- |\n");
    for target in &TARGETS {
        let Some(other) = find(contenders, target.against) else {
            continue;
        };
        let ratio = ours.series.ratio(&other.series, target.metric);
        let (limit, measured, met) = match target.limit {
            Limit::AtMost(limit) => {
                (format!("≤ {limit} × {}", target.against), format!("{ratio:.2} ×"), ratio <= limit)
            }
            Limit::Above(limit, unit) => {
                let more = ours.series.figure(target.metric) - other.series.figure(target.metric);
                (
                    format!("≤ {} + {limit} {unit}", target.against),
                    format!("{more:+.2} {unit}"),
                    more <= limit,
                )
            }
            Limit::FasterBy(limit) => (
                format!("≥ {limit} × faster than {}", target.against),
                format!("{:.1} ×", ratio.recip()),
                ratio.recip() >= limit,
            ),
        };
        writeln!(text, "| {} | {limit} | {measured} | {} |", target.what, yes(met))?;
    }
    if let Some((_, zip)) = sizes(ours)? {
        writeln!(
            text,
            "| package | ≤ {ZIP_LIMIT_MB} MB zipped | {zip:.2} MB | {} |",
            yes(zip <= ZIP_LIMIT_MB)
        )?;
    }
    Ok(())
}

/// Megabytes of the program and of the zip it makes alone; none for a command, which is more than its first word.
fn sizes(contender: &Contender) -> std::io::Result<Option<(f64, f64)>> {
    let [program] = contender.launch.command.as_slice() else {
        return Ok(None);
    };
    let binary = std::fs::read(program)?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut zip, &binary)?;
    // One local header, one directory entry, the end of the directory, and the name `bootstrap` twice.
    let frame = 30 + 46 + 22 + 2 * "bootstrap".len();
    Ok(Some((binary.len() as f64 / 1e6, (zip.finish()?.len() + frame) as f64 / 1e6)))
}
