//! Templates of others are fixed: those in `templates/`, and all of `../shared/corpus` where it lies beside the
//! repository.
//!
//! What is fixed does not depend on line breaks, a byte order mark or the format, settles what it is for, loses no comment,
//! and is the same when it is fixed again.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::path::{Path, PathBuf};

use ecs_guard::check::{Checking, JudgedTask, Repaired, check, read_document, repair};
use ecs_guard::document::{Node, Syntax, Value as Written};
use ecs_guard::engine::{Subject, excuse};
use ecs_guard::finding::{Applicability, Verdict};
use ecs_guard::policy::{self, Policy};
use ecs_guard::template::Given;
use serde_json::{Value, json};

/// Every file below a directory that is YAML or JSON by its name.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = directory.read_dir() else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_text = |path: &PathBuf| {
        path.extension()
            .is_some_and(|name| ["yaml", "yml", "json", "template"].iter().any(|known| name == *known))
    };
    paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(is_text)
        .collect()
}

/// The files of this repository and of the corpus that can be read and are ours.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files(&root.join("tests/templates"));
    paths.extend(files(&root.join("tests/cli/templates")));
    let corpus = files(&root.join("../shared/corpus"));
    if corpus.is_empty() {
        println!("../shared/corpus is not there: only this repository's templates are fixed");
    }
    paths.extend(corpus);
    let policy = Policy::baseline();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        let name = path.display().to_string();
        let is_ours = check(&name, &text, &Given::default(), &policy)?.judged.is_ok();
        is_ours.then_some((name, text))
    };
    paths.into_iter().filter_map(read).collect()
}

fn given() -> Given {
    Given { assume_defaults: true, ..Given::default() }
}

fn repaired(text: &str, wanted: Applicability) -> Repaired {
    let (given, policy) = (given(), Policy::baseline());
    repair(text, &Checking { path: "x", given: &given, policy: &policy, excuse: &|_| {} }, wanted).unwrap()
}

fn fixed(text: &str) -> (String, usize) {
    let repaired = repaired(text, Applicability::Unsafe);
    (repaired.text, repaired.fixed.len())
}

#[test]
fn templates_are_fixed_as_far_as_they_say_themselves_what_they_are() {
    let mut fixes = 0;
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    let texts = texts();
    for (name, text) in &texts {
        for wanted in [Applicability::Safe, Applicability::Unsafe] {
            let done = repaired(text, wanted);
            if wanted == Applicability::Unsafe {
                assert_eq!(fixed(&done.text).0, done.text, "{name}");
            }
            let mut file = check(name, &done.text, &given(), &Policy::baseline()).unwrap();
            done.explain(&mut file);
            let tasks = file.judged.unwrap();
            for finding in
                tasks.iter().flat_map(|task| &task.report.outcomes).flat_map(|outcome| &outcome.findings.kept)
            {
                let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= wanted) else {
                    continue;
                };
                assert_eq!(finding.verdict, Verdict::Fail);
                match &fix.proposal.as_ref().unwrap().edits {
                    Ok(edits) => panic!("{name}: {} is left, with {edits:?}", finding.message),
                    Err(reason) => {
                        assert!(
                            !reason.contains("would") && !reason.contains("certain place"),
                            "{name}: {reason}"
                        );
                        let kind = reason.split('`').step_by(2).collect::<Vec<_>>().join("…");
                        *reasons.entry(kind).or_default() += 1;
                    }
                }
            }
            fixes += done.fixed.len();
        }
    }
    println!("{fixes} fixes in {} files; left: {reasons:?}", texts.len());
    assert!(fixes > 20);
}

#[test]
fn comments_and_unchanged_lines_stay() {
    for (name, text) in texts() {
        if read_document(&text).unwrap().syntax == Syntax::Json {
            continue;
        }
        let (fixed, count) = fixed(&text);
        let comments = |text: &str| {
            let comment = |line: &str| {
                let trimmed = line.trim_start();
                let after_blank = line.split_once(" #").map(|(_, comment)| format!("#{}", comment.trim()));
                if trimmed.starts_with('#') { Some(trimmed.trim().to_owned()) } else { after_blank }
            };
            let mut comments: Vec<_> = text.lines().filter_map(comment).collect();
            comments.sort();
            comments
        };
        assert_eq!(comments(&fixed), comments(&text), "{name}");
        let mut left: Vec<&str> = fixed.split_inclusive('\n').collect();
        let mut gone = 0;
        for line in text.split_inclusive('\n') {
            match left.iter().position(|other| *other == line) {
                Some(at) => drop(left.remove(at)),
                None => gone += 1,
            }
        }
        assert!(gone <= 4 * count, "{name}: {gone} lines are gone for {count} fixes");
    }
}

#[test]
fn line_breaks_and_the_byte_order_mark_stay() {
    for (name, text) in texts() {
        let (expected, _) = fixed(&text);
        let otherwise = |text: &str| {
            let windows = text.trim_end().replace("\r\n", "\n").replace('\n', "\r\n");
            format!("\u{feff}{}", windows.trim_start_matches('\u{feff}'))
        };
        let fixed = fixed(&otherwise(&text)).0;
        assert_eq!(fixed.trim_end(), otherwise(&expected), "{name}");
    }
}

/// A tree as JSON.
fn to_json(node: &Node<'_>) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Bool(value) => (*value).into(),
        Written::Number(text) => serde_json::from_str(text).unwrap_or((**text).into()),
        Written::String(text) => (**text).into(),
        Written::Sequence(items) => items.iter().map(to_json).collect(),
        Written::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value))).collect()
        }
        Written::Intrinsic(call) => json!({ &*call.function: to_json(&call.argument) }),
    }
}

#[test]
fn json_is_fixed_as_yaml_is() {
    for (name, text) in texts() {
        let document = read_document(&text).unwrap();
        // What an anchor stands for is left alone in YAML, and is written out in JSON.
        if document.alias.is_some() {
            continue;
        }
        let json = to_json(&document.root);
        let (expected, _) = fixed(&text);
        let expected = to_json(&read_document(&expected).unwrap().root);
        let styles: [fn(&Value) -> String; 2] =
            [Value::to_string, |json| serde_json::to_string_pretty(json).unwrap()];
        for write in styles {
            let (fixed, _) = fixed(&write(&json));
            let read: Value = serde_json::from_str(&fixed).unwrap();
            assert_eq!(read, expected, "{name}");
            // Blanks are where the writer would have put them, whatever the order of the keys.
            assert_eq!(fixed.len(), write(&read).len(), "{name}: {fixed}");
        }
    }
}

#[test]
fn what_applies_in_some_cases_only_is_left_alone() {
    let text = |decided: &str, container: &str| {
        format!(
            "Parameters: {{P: {{Type: String, AllowedValues: [a, b]}}}}\nConditions: {{C: !Equals [!Ref P, a]}}\nResources:\n  T:\n    \
             Type: AWS::ECS::TaskDefinition\n    Properties:\n      {decided}\n      ContainerDefinitions: [{container}]\n"
        )
    };
    let policy = policy::read("profile: pedantic").unwrap();
    let given = Given::default();
    let checking = Checking { path: "x", given: &given, policy: &policy, excuse: &|_| {} };
    let container =
        "{Name: a, User: '1', ReadonlyRootFilesystem: true, LinuxParameters: {Capabilities: {Drop: [ALL]}}}";
    for (decided, is_fixed) in [
        ("RequiresCompatibilities: [EC2]", true),
        ("RequiresCompatibilities: [EC2, EXTERNAL]", true),
        ("RequiresCompatibilities: [EC2, FARGATE]", false),
        ("RequiresCompatibilities: [FARGATE, EC2]", false),
        ("RequiresCompatibilities: [EC2, !Ref Other]", false),
        ("RequiresCompatibilities: [!If [C, EC2, FARGATE]]", false),
        ("RuntimePlatform: {OperatingSystemFamily: !If [C, LINUX, WINDOWS_SERVER_2022_CORE]}", false),
    ] {
        let repaired = repair(&text(decided, container), &checking, Applicability::Unsafe).unwrap();
        assert_eq!(repaired.text.contains("no-new-privileges"), is_fixed, "{}", repaired.text);
    }
}

#[test]
fn what_is_excepted_is_not_fixed() {
    let policy = "exceptions: [{rules: [privileged-container, blocking-awslogs], container: agent, account: '123456789012', reason: x}]";
    let policy = policy::read(policy).unwrap();
    let container = |name: &str| {
        format!(
            "{{Name: {name}, User: '1', ReadonlyRootFilesystem: true, Privileged: true, LogConfiguration: {{LogDriver: awslogs}}}}"
        )
    };
    let text = format!(
        "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - {}\n        - {}\n",
        container("agent"),
        container("web")
    );
    let given = Given::default();
    let excuse_task = |task: &mut JudgedTask| {
        let (account, logical_id) = (Some("123456789012"), None);
        let subject = Subject { account, logical_id, ..Subject::default() };
        excuse(&mut task.report, &subject, &policy, "2026-11-29".parse().unwrap());
    };
    let checking = Checking { path: "x", given: &given, policy: &policy, excuse: &excuse_task };
    for wanted in [Applicability::Safe, Applicability::Unsafe] {
        let repaired = repair(&text, &checking, wanted).unwrap();
        assert!(repaired.text.contains(&container("agent")), "{}", repaired.text);
        assert!(!repaired.text.contains(&container("web")), "{}", repaired.text);
    }
}

#[test]
fn a_list_that_nobody_wrote_by_mistake_is_left_alone() {
    for (count, is_fixed) in [(64, true), (65, false)] {
        let added: Vec<_> = (0..count).map(|number| format!("CAP{number}")).collect();
        let container = format!(
            "Name: web, User: '1', ReadonlyRootFilesystem: true, LinuxParameters: {{Capabilities: {{Add: [{}]}}}}",
            added.join(", ")
        );
        let text = format!(
            "Resources: {{Task: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{{container}}}]}}}}}}"
        );
        assert_eq!(fixed(&text).0 != text, is_fixed, "{count}");
    }
}
