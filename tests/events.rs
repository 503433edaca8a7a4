//! Every event in `events/` gets the answer that stands beside it.
//!
//! Owns the table and its completeness. The same events go through the real Lambda runtime in `tests/runtime`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ecs_guard::hook::{Hook, Prepared};
use ecs_guard::policy_file;
use serde_json::Value;

const EXPECTED: &str = ".expected.json";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in `events/` whose names end in [`EXPECTED`], or all others, without that ending.
fn cases(expected: bool) -> BTreeSet<String> {
    let names = root()
        .join("events")
        .read_dir()
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap());
    let chosen = names.filter(|name| name.ends_with(EXPECTED) == expected);
    chosen.map(|name| name.trim_end_matches(EXPECTED).trim_end_matches(".json").to_owned()).collect()
}

fn file(case: &str, ending: &str) -> PathBuf {
    root().join("events").join(format!("{case}{ending}"))
}

/// The body behind an event's URL: the file in `events/payloads/` with the name of its path.
fn outside(event: &[u8]) -> Prepared {
    let event: Value = serde_json::from_slice(event).unwrap_or_default();
    let url = event.pointer("/requestData/payload").and_then(Value::as_str).unwrap_or("/none?");
    let (path, _) = url.split_once('?').unwrap();
    let name = path.rsplit('/').next().unwrap();
    let body = std::fs::read(root().join("events/payloads").join(format!("{name}.json"))).map_err(|_| {
        "Amazon S3 refused the presigned URL of the payload with status 404. Such a URL expires: start the operation \
         again."
            .to_owned()
    });
    let stack_tags = Err("this version does not ask CloudFormation for them".into());
    Prepared { body, today: "2026-11-25".parse().unwrap(), stack_tags }
}

#[test]
fn every_event_has_an_answer_and_every_answer_an_event() {
    assert_eq!(cases(false), cases(true));
    assert!(cases(false).len() >= 25);
}

#[test]
fn every_event_gets_its_answer() {
    let policy = policy_file::load(&root().join("ecs-guard.yaml"), None).unwrap();
    let hook = Hook::new(Ok(policy));
    for case in cases(false) {
        let event = std::fs::read(file(&case, ".json")).unwrap();
        let expected: Value = serde_json::from_slice(&std::fs::read(file(&case, EXPECTED)).unwrap()).unwrap();
        let answer = serde_json::to_value(hook.respond(&event, &outside(&event)).response).unwrap();
        assert_eq!(answer, expected, "{case}");
    }
}

#[test]
fn scalars_may_be_strings_and_optional_keys_may_be_anything() {
    let answer = |case: &str| std::fs::read_to_string(file(case, EXPECTED)).unwrap();
    let compliant = answer("resource-create-compliant");
    for same in [
        "resource-create-compliant-string-scalars",
        "resource-create-absent-optionals",
        "resource-create-empty-optionals",
        "resource-create-from-change-set",
        "resource-create-unknown-fields",
        "resource-reinvocation",
        "resource-update-tags-only",
    ] {
        assert_eq!(answer(same), compliant, "{same}");
    }
    assert_eq!(answer("resource-create-noncompliant-string-scalars"), answer("resource-create-noncompliant"));
}
