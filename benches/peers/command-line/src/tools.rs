//! The command lines that are compared: how each is called, and what it has to say before its time counts.
//!
//! Owns the arguments and the reading of every tool's output. Must not know the clock or the report.

use std::error::Error;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// What commands are pointed at, as the manifest of `templates` tells it.
#[derive(Debug, Deserialize)]
pub struct Input {
    pub path: String,
    pub files: usize,
    pub bytes: usize,
    /// The largest file, bytes.
    pub largest: usize,
    pub task_definitions: usize,
    /// Violations of the five rules, container by container.
    pub findings: usize,
    /// Rules violated, file by file.
    pub failing_rules: usize,
    /// What the one check of checkov's fails.
    pub open_volumes: usize,
}

/// Where the programs are.
#[derive(Debug, Default)]
pub struct Programs {
    pub ecs_guard: PathBuf,
    pub cfn_guard: PathBuf,
    /// The same five rules in Guard's language.
    pub rules: PathBuf,
    pub checkov: PathBuf,
    pub cfn_lint: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// With so many threads, text output.
    EcsGuard {
        threads: usize,
    },
    /// As it is called without options.
    CfnGuard,
    CfnGuardStructured,
    Checkov,
    CfnLint,
}

impl Tool {
    pub const TWO_THREADS: Self = Self::EcsGuard { threads: 2 };
    pub const ONE_THREAD: Self = Self::EcsGuard { threads: 1 };

    pub fn command(self, programs: &Programs, input: &Input) -> Vec<String> {
        let path = input.path.as_str();
        let is_directory = input.files > 1;
        let guard = |rest: &[&str]| {
            let rules = programs.rules.to_string_lossy();
            words(&programs.cfn_guard, &[&["validate", "--rules", &rules, "--data", path], rest].concat())
        };
        match self {
            Self::EcsGuard { threads } => {
                words(&programs.ecs_guard, &["check", "--threads", &threads.to_string(), path])
            }
            Self::CfnGuard => guard(&[]),
            Self::CfnGuardStructured => {
                guard(&["--structured", "--output-format", "json", "--show-summary", "none"])
            }
            Self::Checkov => {
                let kind = if is_directory { "--directory" } else { "--file" };
                let options =
                    ["--framework", "cloudformation", "--check", "CKV_AWS_97", "--compact", "--quiet"];
                words(&programs.checkov, &[&[kind, path, "--skip-download"], options.as_slice()].concat())
            }
            Self::CfnLint => {
                let pattern = if is_directory { format!("{path}/**/*.*") } else { path.to_owned() };
                words(&programs.cfn_lint, &["--format", "parseable", &pattern])
            }
        }
    }

    /// The exit code that this input deserves.
    pub fn exit_code(self, input: &Input) -> i32 {
        let (fails, code) = match self {
            Self::EcsGuard { .. } => (input.findings > 0, 1),
            Self::CfnGuard | Self::CfnGuardStructured => (input.findings > 0, 19),
            Self::Checkov => (input.open_volumes > 0, 1),
            // A warning: the parameter that nobody uses.
            Self::CfnLint => (true, 4),
        };
        if fails { code } else { 0 }
    }

    /// Whether a tool found in every file what is there to find. One that read nothing would be fast.
    pub fn verify(self, input: &Input, out: &str) -> Result<(), Box<dyn Error>> {
        let (what, found, expected) = match self {
            Self::EcsGuard { .. } => {
                let summary = out.lines().last().unwrap_or_default();
                let expected = format!(
                    "ecs-guard: {}, 0 warnings, 0 unknown in {} of {}",
                    counted(input.findings, "failure"),
                    counted(input.task_definitions, "task definition"),
                    counted(input.files, "file"),
                );
                ("summary", summary.to_owned(), expected)
            }
            Self::CfnGuard => {
                let is_failed = |line: &&str| line.starts_with("baseline.guard/") && line.ends_with(" FAIL");
                (
                    "failed rules",
                    out.lines().filter(is_failed).count().to_string(),
                    input.failing_rules.to_string(),
                )
            }
            Self::CfnGuardStructured => {
                let reports: Vec<Value> = serde_json::from_str(out)?;
                let failed = |report: &Value| report["not_compliant"].as_array().map_or(0, Vec::len);
                let failed: usize = reports.iter().map(failed).sum();
                let found = format!("{} files, {failed} failed rules", reports.len());
                ("result", found, format!("{} files, {} failed rules", input.files, input.failing_rules))
            }
            Self::Checkov => {
                let summary = out.lines().find(|line| line.starts_with("Passed checks:")).unwrap_or_default();
                let expected = format!(
                    "Passed checks: {}, Failed checks: {}, Skipped checks: 0",
                    input.task_definitions - input.open_volumes,
                    input.open_volumes
                );
                ("summary", summary.to_owned(), expected)
            }
            Self::CfnLint => {
                let found = out.lines().filter(|line| line.contains("W2001")).count();
                ("unused parameters", found.to_string(), input.files.to_string())
            }
        };
        if found == expected {
            Ok(())
        } else {
            Err(format!("{what}: {found:?} instead of {expected:?}").into())
        }
    }
}

fn words(program: &std::path::Path, arguments: &[&str]) -> Vec<String> {
    std::iter::once(program.to_string_lossy().into_owned())
        .chain(arguments.iter().map(ToString::to_string))
        .collect()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
