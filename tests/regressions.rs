//! Inputs that once broke something, and everything else that is known, against what must hold of any input.
//!
//! Owns which files each entrance of `tests/invariants/` is given. What lies in `tests/regressions/ENTRANCE` was found by
//! `make fuzz`, or could have been.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

mod invariants;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use invariants::{ENTRANCES, hold};

/// Folders whose files are worth giving to every entrance, whatever they are.
const EVERYWHERE: &[&str] = &["events", "events/payloads", "tests/templates"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

/// A policy with an exception of every kind, one of them expired on the day that the invariants take for today.
const EXCEPTIONS: &str = "exceptions:
  - {rules: [root-user], reason: by account, account: '*1*', expires: 2026-11-25}
  - {rules: [writable-root-filesystem], reason: by stack, stack-name: 'a*', owner: platform}
  - {rules: [privileged-container], reason: by tag, stack-tags: {team: [cart, shop], stage: ''}}
  - {rules: [privileged-container], reason: over, stack-tags: {team: shop}, expires: 2026-11-24}
  - {rules: [blocking-awslogs], reason: by container, container: ['web*', '?pp'], image: '*', trust-author: true}
  - {rules: [added-linux-capabilities], reason: by name, logical-id: '*', family: '*', trust-author: true}
";

#[test]
fn every_event_holds_under_exceptions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (_, exception) = ENTRANCES.iter().find(|(name, _)| *name == "exception").unwrap();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // What is known of tags, and what day it is, depends on every byte: a comment makes another of each.
    for comment in 0..16 {
        for path in files(&root.join("events")) {
            println!("{comment} {}", path.display());
            let policy = format!("{EXCEPTIONS}# {comment}\0");
            hold(*exception, &[policy.as_bytes(), &fs::read(path).unwrap()].concat());
        }
    }
}

/// Both at once would be counted as one.
static ALONE: Mutex<()> = Mutex::new(());

fn hold_files(entrance: fn(&[u8]), paths: &[PathBuf]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for path in paths {
        println!("{}", path.display());
        hold(entrance, &fs::read(path).unwrap());
    }
}

#[test]
fn what_once_broke_something_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, entrance) in ENTRANCES {
        hold_files(*entrance, &files(&root.join("tests/regressions").join(name)));
    }
}

#[test]
fn what_is_known_holds_at_every_entrance() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known: Vec<PathBuf> = EVERYWHERE.iter().flat_map(|folder| files(&root.join(folder))).collect();
    assert!(known.len() > 100, "{} files", known.len());
    for (_, entrance) in ENTRANCES {
        hold_files(*entrance, &known);
    }
}
