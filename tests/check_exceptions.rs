//! Exceptions in `ecs-guard check`: what it is told of the stack, and what it prints and answers then.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test runs the command and stops at what it does not expect"
)]

use std::path::PathBuf;
use std::process::Command;

/// A directory of its own with these files.
fn directory(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("exceptions-{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    for (name, text) in files {
        std::fs::write(directory.join(name), text).unwrap();
    }
    directory
}

fn check(directory: &PathBuf, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ecs-guard"))
        .current_dir(directory)
        .arg("check")
        .args(arguments)
        .args(["--policy", "policy.yaml"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[test]
fn an_account_that_is_none_is_refused() {
    let directory = directory("account", &[("policy.yaml", "profile: baseline\n")]);
    for account in ["1111", "1111222233334", "11112222333x", ""] {
        let (code, text) = check(&directory, &["--account", account]);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("an account has 12 digits"), "{text}");
    }
}

#[test]
fn check_applies_what_it_is_told_of_the_stack() {
    let template = "Resources:\n  Web:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: web\n      \
                    ContainerDefinitions: [{Name: web, Privileged: true, User: app, ReadonlyRootFilesystem: true}]\n";
    let policy = "exceptions:\n- {rules: [privileged-container], stack-tags: {team: shop}, reason: being rebuilt}\n\
                  - {rules: [root-user], account: '111122223333', family: nobody, reason: old}\n";
    let directory = directory("check", &[("web.yaml", template), ("policy.yaml", policy)]);
    let (code, text) = check(&directory, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("were not applied: 2"), "{text}");
    let (code, text) = check(&directory, &["--stack-tag", "team=shop", "--account", "111122223333"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("excepted: 1"), "{text}");
    assert!(text.contains("the exception in line 3 of the policy matched nothing: old"), "{text}");
    let (_, text) = check(
        &directory,
        &["web.yaml", "--stack-tag", "team=shop", "--account", "111122223333", "--verbose"],
    );
    assert!(text.contains("excepted[privileged-container]") && text.contains("being rebuilt"), "{text}");
    assert!(!text.contains("matched nothing"), "of one file nothing follows: {text}");
    let (_, sarif) =
        check(&directory, &["web.yaml", "--stack-tag", "team=shop", "--format", "sarif", "--quiet"]);
    assert!(!sarif.contains("suppressions"), "{sarif}");
    let (_, sarif) = check(&directory, &["web.yaml", "--stack-tag", "team=shop", "--format", "sarif"]);
    assert!(
        sarif.contains(
            r#""suppressions":[{"kind":"external","status":"accepted","justification":"being rebuilt"}]"#
        ),
        "{sarif}"
    );
}

/// 450 containers, of which the first 400 are excepted: more findings of a rule than are kept.
#[test]
fn findings_beyond_those_that_are_excepted_are_told_in_every_format() {
    let container =
        |number| format!("{{Name: c{number}, User: app, ReadonlyRootFilesystem: true, Privileged: true}}");
    let containers: Vec<_> = (0..450).map(container).collect();
    let template = format!(
        "Resources: {{A: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{}]}}}}}}",
        containers.join(", ")
    );
    let policy = "exceptions:\n- {rules: privileged-container, account: '111122223333', \
                  container: ['c?', 'c??', 'c1*', 'c2*', 'c3*'], reason: old}\n";
    let directory = directory("many", &[("a.yaml", &template), ("policy.yaml", policy)]);
    let shown = |format: &str, arguments: &[&str]| {
        let (code, text) = check(&directory, &[&["a.yaml", "--format", format], arguments].concat());
        assert_eq!(code, Some(1), "{format}: {text}");
        text
    };
    let account = ["--account", "111122223333"];
    for (format, words) in [
        ("text", "50 more findings of privileged-container in task definition `A`"),
        ("json", r#""leftOut":[{"rule":"privileged-container","taskDefinition":"A","findings":50}]"#),
        (
            "sarif",
            r#""level":"error","message":{"text":"50 more findings of privileged-container in task definition `A`."}"#,
        ),
        (
            "junit",
            r#"<failure type="privileged-container" message="50 more findings of privileged-container in task definition `A`">"#,
        ),
        (
            "github",
            "title=privileged-container::50 more findings of privileged-container in task definition `A`.",
        ),
        ("markdown", "50 more findings of `privileged-container` in `A`"),
        ("csv", "privileged-container,CRITICAL,failure,,50 more findings"),
    ] {
        for arguments in [[].as_slice(), &account, &[&account[..], &["--quiet"]].concat()] {
            let text = shown(format, arguments);
            // Without the exception, a test has a first finding to be named after.
            let words =
                if format == "junit" && arguments.is_empty() { "failure: 50 more findings" } else { words };
            assert!(text.contains(words), "{format} {arguments:?}: {text}");
        }
    }
    assert!(!shown("junit", &account).contains("excepted: Excepted"));
}

#[test]
fn what_fits_a_finding_that_is_only_counted_has_matched_something() {
    let containers: Vec<_> =
        (0..430).map(|number| format!("{{Name: c{number}, Privileged: true}}")).collect();
    let template = format!(
        "Resources: {{Web: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{}]}}}}}}",
        containers.join(", ")
    );
    let exception = |container: &str| {
        format!(
            "- {{rules: [privileged-container], account: '111122223333', container: {container}, reason: old}}\n"
        )
    };
    for (container, is_there) in [("c0", true), ("c429", true), ("c430", false)] {
        let policy = format!("exceptions:\n{}", exception(container));
        let directory = directory(
            &format!("counted-{container}"),
            &[("web.yaml", template.as_str()), ("policy.yaml", policy.as_str())],
        );
        let (code, text) = check(&directory, &[".", "--account", "111122223333"]);
        assert_eq!(code, Some(1), "{text}");
        assert_eq!(!text.contains("matched nothing"), is_there, "{container}: {text}");
    }
}
