//! What `ecs-guard init` writes, and what it leaves alone.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ecs_guard::policy;

/// A directory of one test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecs-guard-init-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Runs the command here: its exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-guard"));
        command.args(arguments).current_dir(&self.0).env_remove("ECS_GUARD_POLICY");
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn of_repository(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

const PIPELINES: &[(&str, &str, &str)] = &[
    ("github", ".github/workflows/ecs-guard.yaml", "GitHub Actions"),
    ("gitlab", ".gitlab-ci.yml", "GitLab"),
    ("pre-commit", ".pre-commit-config.yaml", "pre-commit"),
];

#[test]
fn the_policy_is_the_one_of_this_repository_and_is_right() {
    let scratch = Scratch::new("policy");
    let (code, out, err) = scratch.run(&["init"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("wrote ecs-guard.yaml\n\nNext:\n- set the level"), "{out}");
    let repository = of_repository("ecs-guard.yaml");
    let (first, rest) = repository.split_once('\n').unwrap();
    assert_eq!(first, "# yaml-language-server: $schema=docs/policy.schema.json");
    assert_eq!(scratch.read("ecs-guard.yaml"), rest);
    assert_eq!(scratch.run(&["policy", "check"]).0, Some(0));
}

#[test]
fn the_policy_begins_with_the_profile_that_is_asked_for() {
    let scratch = Scratch::new("profile");
    assert_eq!(scratch.run(&["init", "--profile", "pedantic"]).0, Some(0));
    let expected = of_repository("ecs-guard.yaml").replacen("profile: baseline", "profile: pedantic", 1);
    assert!(expected.ends_with(&scratch.read("ecs-guard.yaml")));
    assert!(policy::read(&expected).unwrap().rules.len() > 20, "{expected}");
}

#[test]
fn the_schema_is_written_where_the_policy_says() {
    let scratch = Scratch::new("schema");
    let (code, out, _) = scratch.run(&["init", "services/api", "--with", "schema"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("Next, in services/api:\n"), "{out}");
    let policy = scratch.read("services/api/ecs-guard.yaml");
    assert!(
        policy.starts_with("# yaml-language-server: $schema=ecs-guard.schema.json\n# The policy"),
        "{policy}"
    );
    assert_eq!(scratch.read("services/api/ecs-guard.schema.json"), of_repository("docs/policy.schema.json"));
}

#[test]
fn pipelines_are_those_of_the_documentation_for_this_version() {
    let scratch = Scratch::new("pipelines");
    let (code, out, _) = scratch.run(&["init", "--with", "github,gitlab,pre-commit"]);
    assert_eq!(code, Some(0));
    assert!(
        out.contains("- write where your copy of ecs-guard is, in place of https://git.example"),
        "{out}"
    );
    let documentation = of_repository("docs/ci.md");
    for (_, path, heading) in PIPELINES {
        let written = scratch.read(path);
        let shown = documentation.split(&format!("\n## {heading}\n\n```yaml\n")).nth(1).unwrap();
        assert_eq!(written, shown[..shown.find("```").unwrap()], "{path} and docs/ci.md differ");
        assert!(written.contains(concat!("v", env!("CARGO_PKG_VERSION"))), "{written}");
        assert!(out.contains(&format!("wrote {path}\n")), "{out}");
    }
}

#[test]
fn what_is_there_stays_and_is_named() {
    let scratch = Scratch::new("there");
    fs::write(scratch.0.join("ecs-guard.yaml"), "mine").unwrap();
    for (_, path, _) in PIPELINES {
        fs::create_dir_all(scratch.0.join(path).parent().unwrap()).unwrap();
        fs::write(scratch.0.join(path), "mine").unwrap();
    }
    let (code, out, err) = scratch.run(&["init"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(err, "error: ecs-guard.yaml is there already and stays as it is; `--force` replaces it\n");
    for (with, path, _) in PIPELINES {
        let (code, _, err) = scratch.run(&["init", "--force", "--with", with]);
        assert_eq!(code, Some(2));
        assert!(
            err.starts_with(&format!("error: {path} is there already")) && err.contains("git.example"),
            "{err}"
        );
        assert_eq!(scratch.read(path), "mine");
    }
    assert!(scratch.read("ecs-guard.yaml").contains("profile: baseline"));
}

#[test]
fn a_pipeline_can_be_added_to_a_policy_that_is_there() {
    let scratch = Scratch::new("later");
    fs::write(scratch.0.join("ecs-guard.yaml"), "mine").unwrap();
    let (code, out, err) = scratch.run(&["init", "--with", "schema,gitlab"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("wrote ecs-guard.schema.json\nwrote .gitlab-ci.yml\n"), "{out}");
    assert!(
        err.contains("let its first line be `# yaml-language-server: $schema=ecs-guard.schema.json`"),
        "{err}"
    );
    assert_eq!(scratch.read("ecs-guard.yaml"), "mine");
    // A schema is renewed for another version.
    fs::write(scratch.0.join("ecs-guard.schema.json"), "old").unwrap();
    assert_eq!(scratch.run(&["init", "--with", "schema"]).0, Some(0));
    assert_eq!(scratch.read("ecs-guard.schema.json"), of_repository("docs/policy.schema.json"));
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let scratch = Scratch::new("file");
    fs::write(scratch.0.join("file"), "").unwrap();
    let (code, out, err) = scratch.run(&["init", "file"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.starts_with("error: file/ecs-guard.yaml cannot be written: "), "{err}");
}

#[test]
fn the_policy_says_what_an_empty_one_means_and_names_every_option() {
    let text = of_repository("ecs-guard.yaml");
    let policy = policy::read(&text).unwrap();
    assert_eq!(format!("{policy:?}"), format!("{:?}", policy::read("").unwrap()));
    for rule in policy.rules.iter().map(|setting| setting.rule.metadata()) {
        let section = text.split(&format!("\n  {}:\n", rule.name)).nth(1).unwrap();
        let lines: Vec<_> = section.lines().take_while(|line| line.starts_with("    ")).collect();
        for option in rule.options() {
            let key = format!("{}: ", option.name);
            assert!(lines.iter().any(|line| line.contains(&key)), "{} does not show {key}", rule.name);
        }
    }
}
