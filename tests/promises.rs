//! What docs/versioning.md promises of one version to the next.
//!
//! Owns what each release had: its policy file with every key, and its names of rules. Files below tests/promises/ of
//! versions that are released are not changed.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};

use ecs_guard::output::policy_schema;
use ecs_guard::policy;
use ecs_guard::rules;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first two numbers of this version, with which promises go before 1.0.0.
const SERIES: &str = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

fn policies() -> Vec<PathBuf> {
    let files = root().join("tests/promises").read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.collect()
}

#[test]
fn the_policies_of_every_release_are_still_read() {
    assert!(!policies().is_empty());
    for path in policies() {
        let read = policy::read(&fs::read_to_string(&path).unwrap());
        assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
    }
}

#[test]
fn the_policy_of_this_release_has_every_key_that_is_promised() {
    let newest = fs::read_to_string(root().join(format!("tests/promises/policy-{SERIES}.yaml"))).unwrap();
    let schema: Value = serde_json::from_str(&policy_schema::text()).unwrap();
    let mut keys = Vec::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.len() > 40, "only {} keys were found in the schema", keys.len());
    for key in keys {
        let written = format!("{key}:");
        let is_there =
            newest.split(|c: char| c.is_whitespace() || c == '{' || c == ',').any(|word| word == written);
        assert!(is_there, "tests/promises/policy-{SERIES}.yaml does not have `{key}`");
    }
}

/// The names in every `properties` of a schema that has a description, which conditions of the schema have not.
fn collect_keys(schema: &Value, keys: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                let described = properties.iter().filter(|(_, value)| value.get("description").is_some());
                keys.extend(described.map(|(key, _)| key.clone()));
            }
            members.values().for_each(|member| collect_keys(member, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

/// What the changelog tells of a version: what stands under its heading.
fn told_of<'a>(changelog: &'a str, version: &str) -> &'a str {
    let is_of_version = |section: &&str| section.split([',', '\n']).next() == Some(version);
    changelog.split("\n## ").find(is_of_version).unwrap_or_default()
}

#[test]
fn the_changelog_tells_of_this_version_and_of_every_rule_when_it_came() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(!told_of(&changelog, env!("CARGO_PKG_VERSION")).is_empty(), "CHANGELOG.md lacks this version");
    for rule in rules::ALL.iter().map(|rule| rule.metadata()) {
        let told = told_of(&changelog, rule.since);
        assert!(
            told.contains(&format!("`{}`", rule.name)),
            "CHANGELOG.md does not tell of `{}` under {}",
            rule.name,
            rule.since
        );
    }
}
