//! Templates of others: those in `templates/` are read, and the public "policy as code" patterns are judged as their
//! authors meant them.
//!
//! The patterns are not part of this repository; what they show is here in our own words. Where `../shared/corpus` lies
//! beside it, each of their task definitions is wrapped as a hook event and must get the verdict that `MANIFEST.json`
//! records; elsewhere that test says that it had nothing to read.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::path::Path;

use ecs_guard::document::{Node, Value as Written, duplicate_keys, json, yaml};
use ecs_guard::hook::{AnnotationStatus, Hook, Prepared};
use ecs_guard::policy::Policy;
use serde_json::{Value, json};

/// The rule that asks what a pattern asks.
const RULES: &[(&str, &str)] = &[
    ("read-only-root-filesystem", "writable-root-filesystem"),
    ("no-privileged", "privileged-container"),
    ("no-added-capabilities", "added-linux-capabilities"),
    ("non-root-user", "root-user"),
    ("non-blocking-logs", "blocking-awslogs"),
];

/// What CloudFormation would send for a template without parameters.
fn resolved(node: &Node<'_>) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Bool(value) => (*value).into(),
        Written::Number(text) => serde_json::from_str(text).unwrap(),
        Written::String(text) => (**text).into(),
        Written::Sequence(items) => items.iter().map(resolved).collect(),
        Written::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), resolved(&entry.value))).collect()
        }
        Written::Intrinsic(call) => json!({ &*call.function: resolved(&call.argument) }),
    }
}

/// What the hook says of a task definition's properties, by one rule.
fn answered(rule: &str, properties: &Value) -> (AnnotationStatus, String) {
    let event = json!({
        "clientRequestToken": "t",
        "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/patterns/1",
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {
            "targetName": "AWS::ECS::TaskDefinition",
            "targetLogicalId": "T",
            "targetModel": {"resourceProperties": properties},
        },
    });
    let outside = Prepared {
        body: Err("nobody asks".into()),
        today: "2026-11-25".parse().unwrap(),
        stack_tags: Err("nobody asks".into()),
    };
    let hook = Hook::new(Ok(Policy::baseline()));
    let response = hook.respond(event.to_string().as_bytes(), &outside).response;
    let annotation = response.annotations.into_iter().find(|one| one.annotation_name == rule).unwrap();
    (annotation.status, annotation.status_message.into_owned())
}

/// What the patterns and their tests show, in our own words: the rule, the verdict of the pattern's author, and what
/// decides in the properties of the containers. No verdict of ours differs.
const PATTERNS: &[(&str, &str, &[&str])] = &[
    ("writable-root-filesystem", "PASS", &["{ReadonlyRootFilesystem: true}"]),
    ("writable-root-filesystem", "FAIL", &["{}", "{ReadonlyRootFilesystem: false}"]),
    ("privileged-container", "PASS", &["{}", "{Privileged: false}"]),
    ("privileged-container", "FAIL", &["{Privileged: true}"]),
    (
        "added-linux-capabilities",
        "PASS",
        &["{}", "{LinuxParameters: {Capabilities: {Drop: [NET_RAW, MKNOD]}}}"],
    ),
    ("added-linux-capabilities", "FAIL", &["{LinuxParameters: {Capabilities: {Add: [NET_ADMIN]}}}"]),
    ("root-user", "PASS", &["{User: '1001'}", "{User: 1001:1001}", "{User: app}", "{User: 'app:app'}"]),
    // The pattern's own rule lets the second pass, which its author calls root.
    ("root-user", "FAIL", &["{}", "{User: '0'}", "{User: root}", "{User: 'www:root'}"]),
    ("blocking-awslogs", "PASS", &["GOOD", "OTHER}, {LogConfiguration: GOOD"]),
    ("blocking-awslogs", "SKIP", &["OTHER"]),
    (
        "blocking-awslogs",
        "FAIL",
        &[
            "UNSET",
            "BLOCKING",
            "UNSET}, {LogConfiguration: UNSET",
            "GOOD}, {LogConfiguration: UNSET",
            "OTHER}, {LogConfiguration: UNSET",
        ],
    ),
];

/// Abbreviations in the patterns about logs.
const LOGS: &[(&str, &str)] = &[
    ("GOOD", "{LogDriver: awslogs, Options: {awslogs-group: g, mode: non-blocking, max-buffer-size: 25m}}"),
    ("UNSET", "{LogDriver: awslogs, Options: {awslogs-group: g}}"),
    ("BLOCKING", "{LogDriver: awslogs, Options: {awslogs-group: g, mode: blocking}}"),
    ("OTHER", "{LogDriver: awsfirelens}"),
];

fn status(expected: &str) -> AnnotationStatus {
    match expected {
        "PASS" => AnnotationStatus::Passed,
        "FAIL" => AnnotationStatus::Failed,
        _ => AnnotationStatus::Skipped,
    }
}

#[test]
fn what_the_patterns_show_is_judged_as_their_authors_meant_it() {
    for (rule, expected, containers) in PATTERNS {
        for container in *containers {
            let written =
                LOGS.iter().fold((*container).to_owned(), |text, (word, logs)| text.replace(word, logs));
            let logs = *rule == "blocking-awslogs";
            let written = if logs { format!("{{LogConfiguration: {written}}}") } else { written };
            let text = format!("ContainerDefinitions: [{written}]");
            let (found, message) = answered(rule, &resolved(&yaml::read(&text).unwrap()));
            assert_eq!(found, status(expected), "{rule} of {text}: {message}");
        }
    }
}

#[test]
fn the_patterns_get_the_verdicts_their_authors_intended() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(manifest) = std::fs::read_to_string(corpus.join("MANIFEST.json")) else {
        println!("{} is not there: nothing was compared", corpus.display());
        return;
    };
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let mut compared = 0;
    for file in manifest["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let text = std::fs::read_to_string(corpus.join(name)).unwrap();
        let comparable = file["checks"].as_array().into_iter().flatten();
        for check in comparable.filter(|check| check["comparable"] == true) {
            let template = if Path::new(name).extension().is_some_and(|extension| extension == "json") {
                json::read(text.as_bytes()).unwrap()
            } else {
                yaml::read(&text).unwrap()
            };
            let (policy, resource) = (check["policy"].as_str().unwrap(), check["resource"].as_str().unwrap());
            let (_, rule) = RULES.iter().find(|(pattern, _)| *pattern == policy).expect(policy);
            let resource = template.get("Resources").and_then(|all| all.get(resource)).unwrap();
            let properties = resource.get("Properties").map(resolved).unwrap();
            let (found, message) = answered(rule, &properties);
            let expected = status(check["expected"].as_str().unwrap());
            assert_eq!(found, expected, "{name} {}: {message}", check["resource"]);
            compared += 1;
        }
    }
    assert!(compared >= 25, "only {compared} verdicts in the manifest");
    println!("{compared} verdicts agree");
}

/// Checks that plain keys and texts stand where the tree says.
fn places_hold(node: &Node<'_>, text: &str) {
    match &node.value {
        Written::Sequence(items) => items.iter().for_each(|item| places_hold(item, text)),
        Written::Mapping(entries) => {
            for entry in entries {
                let key = entry.key_span.unwrap().slice(text);
                assert_eq!(key.trim_matches(['"', '\'']), &*entry.key);
                places_hold(&entry.value, text);
            }
        }
        Written::Intrinsic(call) => {
            assert!(node.span.unwrap().slice(text).contains(call.function.trim_start_matches("Fn::")));
            places_hold(&call.argument, text);
        }
        Written::String(value) => {
            let written = node.span.unwrap().slice(text);
            // Over several lines, a text is not what is written.
            let is_one_line = !written.contains('\n') && !written.contains('\\');
            assert!(!is_one_line || *written.trim_matches(['"', '\'']) == **value, "{written}");
        }
        Written::Null | Written::Bool(_) | Written::Number(_) => {}
    }
}

#[test]
fn templates_as_people_write_them_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let document =
            yaml::read_template(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            (document.alias, duplicate_keys(&document.root, usize::MAX)),
            (None, Vec::new()),
            "{}",
            path.display()
        );
        places_hold(&document.root, &text);
        let Written::Mapping(resources) = &document.root.get("Resources").unwrap().value else {
            panic!("{} has no resources", path.display())
        };
        let is_task = |resource: &Node<'_>| {
            resource.get("Type").is_some_and(
                |kind| matches!(&kind.value, Written::String(name) if name == "AWS::ECS::TaskDefinition"),
            )
        };
        assert!(resources.iter().any(|entry| is_task(&entry.value)), "{}", path.display());
        count += 1;
    }
    assert!(count >= 10, "only {count} templates");
}
