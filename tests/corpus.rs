//! Templates of others: those in `templates/` are read, and the public "policy as code" patterns are judged as their
//! authors meant them.
//!
//! The patterns are not part of this repository. Where `../shared/corpus` lies beside it, each of their task
//! definitions is wrapped as a hook event and must get the verdict that `MANIFEST.json` records; elsewhere that
//! test says that it had nothing to read. The same cases in our own words are the examples of the rules.
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
        Written::String(text) => text.as_ref().into(),
        Written::Sequence(items) => items.iter().map(resolved).collect(),
        Written::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.to_string(), resolved(&entry.value))).collect()
        }
        Written::Intrinsic(call) => json!({ call.function.as_ref(): resolved(&call.argument) }),
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
    let hook = Hook::new(Ok(Policy::baseline()));
    let nothing = || Err("nobody asks".to_owned());
    let outside = Prepared {
        body: nothing(),
        today: "2026-11-25".parse().unwrap(),
        stack_tags: Err("nobody asks".into()),
    };
    let mut compared = 0;
    for file in manifest["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        if !name.starts_with("container-patterns/") {
            continue;
        }
        let text = std::fs::read_to_string(corpus.join(name)).unwrap();
        let template = if Path::new(name).extension().is_some_and(|extension| extension == "json") {
            json::read(text.as_bytes()).unwrap()
        } else {
            yaml::read(&text).unwrap()
        };
        for check in file["checks"].as_array().unwrap() {
            let (policy, resource) = (check["policy"].as_str().unwrap(), check["resource"].as_str().unwrap());
            let (_, rule) = RULES.iter().find(|(pattern, _)| *pattern == policy).unwrap();
            let resource = template.get("Resources").and_then(|all| all.get(resource)).unwrap();
            let event = json!({
                "clientRequestToken": "t",
                "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/patterns/1",
                "actionInvocationPoint": "CREATE_PRE_PROVISION",
                "requestData": {
                    "targetName": resource.get("Type").map(resolved),
                    "targetLogicalId": "T",
                    "targetModel": {"resourceProperties": resource.get("Properties").map(resolved)},
                },
            });
            let response = hook.respond(event.to_string().as_bytes(), &outside).response;
            let annotation = response.annotations.iter().find(|one| one.annotation_name == *rule).unwrap();
            let expected = match check["expected"].as_str().unwrap() {
                "PASS" => AnnotationStatus::Passed,
                "FAIL" => AnnotationStatus::Failed,
                _ => AnnotationStatus::Skipped,
            };
            assert_eq!(
                annotation.status, expected,
                "{name} {}: {}",
                check["resource"], annotation.status_message
            );
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
                assert_eq!(key.trim_matches(['"', '\'']), entry.key);
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
            assert!(!is_one_line || written.trim_matches(['"', '\'']) == value, "{written}");
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
            (document.alias, duplicate_keys(&document.root)),
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
