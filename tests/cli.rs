//! What the command prints and how it exits, and every console block of the README.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ecs_guard::output;
use ecs_guard::rules;

fn ecs_guard(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-guard"));
    command.args(arguments).env_remove("ECS_GUARD_POLICY").env_remove("NO_COLOR");
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn console_blocks_hold() {
    trycmd::TestCases::new()
        .case("tests/cli/*.trycmd")
        .case("README.md")
        .case("docs/rollout.md")
        .env("NO_COLOR", "1");
}

#[test]
fn every_rule_is_explained_in_the_words_of_the_reference() {
    let reference =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    assert_eq!(reference, output::rules::reference(), "docs/rules.md is stale: run `make docs`");
    for rule in rules::ALL {
        let name = rule.metadata().name;
        let explained = run(&mut ecs_guard(&["explain", name]));
        assert!(explained.status.success());
        for line in text(&explained.stdout).lines().map(|line| line.trim_start_matches('#').trim_start()) {
            assert!(reference.contains(line), "{name}: {line}");
        }
    }
}

#[test]
fn events_are_read_from_standard_input() {
    let event = std::fs::read("events/resource-create-noncompliant.json").unwrap();
    let mut child =
        ecs_guard(&["invoke", "--json", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&event).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("{\"hookStatus\":\"FAILED\",\"errorCode\":\"NonCompliant\""));
}

#[test]
fn the_policy_is_looked_for_where_the_documentation_says() {
    let scratch = tempfile();
    let inner = scratch.join("repository/service");
    std::fs::create_dir_all(&inner).unwrap();
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/cloud-control-create-null-stack.json");
    let invoke = |extra: &[&str], variable: Option<&Path>| {
        let mut command = ecs_guard(&["invoke", event.to_str().unwrap()]);
        command.args(extra).current_dir(&inner);
        if let Some(path) = variable {
            command.env("ECS_GUARD_POLICY", path);
        }
        run(&mut command)
    };
    // Nothing up to the repository's root: the baseline, said on standard error.
    std::fs::write(scratch.join("ecs-guard.yaml"), "rules: {root-user: {level: warn}}").unwrap();
    std::fs::create_dir(scratch.join("repository/.git")).unwrap();
    let baseline = invoke(&[], None);
    assert_eq!(baseline.status.code(), Some(1));
    assert!(text(&baseline.stderr).contains("built-in profile baseline"), "{}", text(&baseline.stderr));
    // A file at the repository's root.
    std::fs::write(scratch.join("repository/ecs-guard.yaml"), "rules: {root-user: {level: off}}").unwrap();
    let above = invoke(&[], None);
    assert_eq!(above.status.code(), Some(0));
    assert!(above.stderr.is_empty());
    // The variable wins over it, and the option over the variable; an empty variable is not set.
    let warning = scratch.join("ecs-guard.yaml");
    assert!(text(&invoke(&[], Some(&warning)).stdout).contains("warning: "));
    let missing = scratch.join("missing.yaml");
    assert_eq!(invoke(&[], Some(&missing)).status.code(), Some(2));
    assert_eq!(invoke(&["--policy", warning.to_str().unwrap()], Some(&missing)).status.code(), Some(0));
    assert_eq!(invoke(&[], Some(Path::new(""))).status.code(), Some(0));
    std::fs::remove_dir_all(scratch).unwrap();
}

/// A directory of this test's own, outside any repository.
fn tempfile() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("ecs-guard-cli-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let escapes = |command: &mut Command| text(&run(command).stdout).contains('\u{1b}');
    let event = "events/resource-create-noncompliant.json";
    assert!(!escapes(&mut ecs_guard(&["invoke", event])));
    assert!(escapes(&mut ecs_guard(&["invoke", "--color", "always", event])));
    assert!(!escapes(ecs_guard(&["invoke", event]).env("NO_COLOR", "1")));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = ecs_guard(&["rules", "--format", "markdown"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn a_verdict_does_not_depend_on_how_much_of_it_is_read() {
    let events = ["events/resource-create-noncompliant.json"; 50];
    let mut child = ecs_guard(&["invoke"]).args(events).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&mut ecs_guard(&["completions", shell]));
        assert!(output.status.success() && text(&output.stdout).contains("invoke"), "{shell}");
    }
}

/// What the command makes of a text on standard input: its exit code, standard output and standard error.
fn piped(arguments: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let streams = || Stdio::piped();
    let mut command = ecs_guard(arguments);
    let mut child = command.stdin(streams()).stdout(streams()).stderr(streams()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.stdout, text(&output.stderr).to_owned())
}

#[test]
fn standard_input_is_handed_on_with_its_fixes() {
    let task = |mode: &str| {
        let log = format!("\"LogConfiguration\": {{\"LogDriver\": \"awslogs\"{mode}}}");
        format!(
            "Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{User: '1', ReadonlyRootFilesystem: true, {log}}}]}}}}}} # \u{e9}\r\n"
        )
    };
    let (code, printed, told) = piped(&["check", "--fix", "-"], task("").as_bytes());
    let options = ", \"Options\": {\"mode\": \"non-blocking\", \"max-buffer-size\": \"25m\"}";
    assert_eq!((code, text(&printed)), (Some(0), task(options).as_str()), "{told}");
    assert!(told.contains("ecs-guard: 2 fixes made; 0 failures"), "{told}");
    // What is no task definition, or no text, comes out as it went in.
    let (code, printed, _) = piped(&["check", "--fix", "-"], b"a: 1\n");
    assert_eq!((code, printed.as_slice()), (Some(0), b"a: 1\n".as_slice()));
    let (code, printed, _) = piped(&["check", "--fix", "-"], b"Resources: \xff\x00");
    assert_eq!((code, printed.as_slice()), (Some(2), b"Resources: \xff\x00".as_slice()));
    // A difference is of nothing but changes.
    let (code, printed, _) = piped(&["check", "--diff", "-"], b"a: 1\n");
    assert_eq!((code, printed.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn what_is_printed_is_not_mixed_with_results() {
    let service = "tests/cli/fix.in/service.yaml";
    let output = run(&mut ecs_guard(&["check", "--diff", "--format", "json", service]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("give the format a file"), "{}", text(&output.stderr));
    let output = run(&mut ecs_guard(&["check", "--diff", service]));
    assert!(text(&output.stdout).starts_with("--- a/tests/cli/fix.in/service.yaml\n"));
    assert!(text(&output.stdout).lines().all(|line| line.starts_with(['-', '+', '@', ' '])));
    assert!(text(&output.stderr).contains("to fix[blocking-awslogs]"));
}
