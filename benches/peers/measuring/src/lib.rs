//! What the two benchmarks share.
//!
//! Owns medians, how much is measured, what the machine is, and the place of a report in its document. Must not know
//! what is measured or how a table looks.

use std::error::Error;
use std::path::Path;
use std::process::Command;

/// The value below which `share` of the values lie (nearest rank); 0 of nothing.
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// How often to do something: what the environment says, or `default`.
///
/// # Errors
/// The variable is set to something else than a number above 0.
pub fn count(variable: &str, default: usize) -> Result<usize, Box<dyn Error>> {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{variable} is `{text}`, not a number above 0").into()),
        },
        _ => Ok(default),
    }
}

/// What a table says of a target.
pub fn yes(met: bool) -> &'static str {
    if met { "yes" } else { "**no**" }
}

/// Date, machine, compiler and commit; what cannot be found out is left out.
pub fn circumstances() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|it| it.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cores = std::fs::read_to_string("/proc/cpuinfo")
        .map(|text| text.lines().filter(|it| it.starts_with("processor")).count())
        .unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let facts = [
        output("date", &["-u", "+%F"]),
        cpu.map(|cpu| format!("{cpu}, {cores} cores")),
        output("uname", &["-srm"]),
        output("rustc", &["--version"]),
        output("git", &["rev-parse", "--short", "HEAD"]).map(|commit| {
            let changed = output("git", &["status", "--porcelain", "--", "src", "Cargo.lock", "benches"]);
            format!("commit {commit}{}", if changed.is_some() { " with changes" } else { "" })
        }),
        load.split(' ').next().map(|load| format!("load {load}")),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What a program prints, unless it fails or prints nothing.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|it| it.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Replaces what stands in `path` between the markers of a make target; a file without them gets them at its end.
pub fn write_into(path: &Path, target: &str, report: &str) -> std::io::Result<()> {
    let begin = format!("<!-- measured: begin (written by `make {target}`) -->");
    let end = "<!-- measured: end -->";
    let before = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "# Performance\n\n".to_owned(),
        read => read?,
    };
    let section = format!("{begin}\n{}\n{end}", report.trim_end());
    let after =
        match before.split_once(&begin).and_then(|(above, rest)| Some((above, rest.split_once(end)?.1))) {
            Some((above, below)) => format!("{above}{section}{below}"),
            None => format!("{}\n\n{section}\n", before.trim_end()),
        };
    std::fs::write(path, after)
}
