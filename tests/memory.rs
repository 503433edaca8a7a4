//! How much memory `ecs-guard check` takes of a template with much to say of it.
//!
//! Owns the promise that a whole run takes at most 16 MiB and ten times the file, whatever the format: the system refuses
//! the program more. `make bench-command-line` measures how much it is. On Linux, which counts every kind of memory that a
//! program can write to.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test writes the files it needs, and stops at what it does not expect"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use ecs_guard::output::FORMATS;

/// Task definitions, each with two findings of the baseline in a hundred bytes of text.
const TASKS: usize = 8_000;

fn json() -> String {
    let task = |number| {
        format!(
            "\"T{number}\":{{\"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{{\"ContainerDefinitions\":[{{\"Name\":\"a\",\"Image\":\"b\"}}]}}}}"
        )
    };
    format!("{{\"Resources\":{{{}}}}}", (0..TASKS).map(task).collect::<Vec<_>>().join(","))
}

fn yaml() -> String {
    let mut text = "Resources:\n".to_owned();
    for number in 0..TASKS {
        let _ = write!(
            text,
            "  T{number}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions: [{{Name: a, Image: b}}]\n"
        );
    }
    text
}

/// A list of task definitions as Amazon ECS has them.
fn plain() -> String {
    let task = |number| {
        format!("{{\"family\":\"t{number}\",\"containerDefinitions\":[{{\"name\":\"a\",\"image\":\"b\"}}]}}")
    };
    format!("[{}]", (0..TASKS).map(task).collect::<Vec<_>>().join(","))
}

/// `ecs-guard check` where the system refuses it more memory than a file of that length may take.
fn bounded(length: usize, arguments: &[&str]) -> Output {
    let kibibytes = (16 << 10) + 10 * length / 1024;
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -d {kibibytes} && exec \"$0\" \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_ecs-guard")).args(["--profile", "baseline", "check"]).args(arguments);
    command.env_remove("ECS_GUARD_POLICY").output().unwrap()
}

#[test]
fn thousands_of_findings_take_ten_times_the_file_in_every_format() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory");
    std::fs::create_dir_all(&directory).unwrap();
    for (name, text) in [("a.json", json()), ("a.yaml", yaml()), ("list.json", plain())] {
        let path = directory.join(name);
        std::fs::write(&path, &text).unwrap();
        // How a file is written and how its results are have nothing to do with each other.
        let formats = if name == "a.json" { FORMATS } else { &["text"] };
        for format in formats {
            let path = path.to_str().unwrap();
            let output = bounded(text.len(), &["--verbose", "--format", format, path]);
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name}, {format}: {err}");
            let out = String::from_utf8(output.stdout).unwrap();
            // A comment has as many of them as GitHub takes.
            let shown = if *format == "markdown" { 100 } else { TASKS };
            let found = out.matches("root-user").count();
            assert!(found >= shown, "{name}, {format}: {found} of {shown}");
        }
    }
}
