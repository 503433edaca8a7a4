//! The invariants of `docs/architecture.md` that code can check.
//!
//! Owns the direction of dependencies between modules, the module docs, and the lists in the documentation that
//! must match the manifest.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules of this crate it may use. A module may always use itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("document", &[]),
    ("finding", &["document"]),
    ("rule", &["document", "finding"]),
    ("rules", &["document", "finding", "rule"]),
    ("policy", &["document", "finding", "rule", "rules"]),
    ("report", &["finding", "policy", "rule"]),
    ("engine", &["document", "finding", "policy", "report", "rule", "template"]),
    ("template", &["document"]),
    ("fix", &["document", "finding", "template"]),
    ("check", &["document", "engine", "finding", "fix", "policy", "report", "template"]),
    ("hook", &["check", "document", "engine", "finding", "policy", "report", "rule", "template"]),
    (
        "output",
        &[
            "check",
            "deployed",
            "document",
            "engine",
            "finding",
            "hook",
            "policy",
            "policy_file",
            "report",
            "rule",
            "rules",
        ],
    ),
    ("policy_file", &["policy", "rule"]),
    ("https", &[]),
    ("payload", &["document", "https"]),
    ("deployed", &["template"]),
    ("aws", &["deployed", "document", "hook", "https", "policy_file", "template"]),
    (
        "cli",
        &[
            "aws",
            "check",
            "deployed",
            "document",
            "engine",
            "hook",
            "output",
            "policy",
            "policy_file",
            "rule",
            "rules",
            "template",
        ],
    ),
    ("lambda", &["aws", "finding", "hook", "payload", "policy_file"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The program part of a file: what stands before its tests.
fn program(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let source = root().join("src");
    for path in rust_files(&source) {
        let relative = path.strip_prefix(&source).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let is_test = relative.ends_with("tests.rs") || relative.iter().any(|part| part == "tests");
        if matches!(module, "bin" | "lib") || is_test {
            continue;
        }
        let (_, allowed) = MAY_USE.iter().find(|(name, _)| *name == module).expect(module);
        for used in program(&path).split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let is_own_macro = used.is_empty();
            assert!(
                is_own_macro || used == module || allowed.contains(&used.as_str()),
                "{} uses crate::{used}, which {module} may not",
                relative.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for folder in ["src", "tests", "benches", "fuzz"] {
        for path in rust_files(&root().join(folder)) {
            if path.components().any(|part| part.as_os_str() == "target") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//! "), "{} does not open with a module doc", path.display());
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let architecture = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut in_dependencies = false;
    let mut count = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies]");
        } else if in_dependencies && let Some((name, _)) = line.split_once(" = ") {
            assert!(
                architecture.contains(&format!("| `{name}` |")),
                "docs/architecture.md gives no reason for {name}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "only {count} dependencies were found");
}

#[test]
fn the_binaries_are_thin() {
    for (binary, lines) in [("bootstrap", 40), ("ecs-guard", 20)] {
        let text = fs::read_to_string(root().join(format!("src/bin/{binary}.rs"))).unwrap();
        assert!(text.lines().count() <= lines, "src/bin/{binary}.rs has more than {lines} lines");
    }
}
