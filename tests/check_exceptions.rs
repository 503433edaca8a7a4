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
