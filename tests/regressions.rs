//! Inputs that once broke something, and everything else that is known, against what must hold of any input.
//!
//! Owns which files each entrance of `tests/invariants/` is given, and a little damage to them. What lies in
//! `tests/regressions/ENTRANCE` was found by `make fuzz`, or could have been.
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

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use invariants::{ENTRANCES, hold};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

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

/// One change of a text. What is removed or repeated is a stretch of at most 64 bytes.
#[derive(Debug, Clone)]
enum Damage {
    Remove(Index, usize),
    Repeat(Index, usize),
    Write(Index, u8),
    /// A word of the entrance's dictionary.
    Insert(Index, Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let place = any::<Index>;
        prop_oneof![
            (place(), 1..64_usize).prop_map(|(at, length)| Self::Remove(at, length)),
            (place(), 1..64_usize).prop_map(|(at, length)| Self::Repeat(at, length)),
            (place(), any::<u8>()).prop_map(|(at, byte)| Self::Write(at, byte)),
            (place(), place()).prop_map(|(at, word)| Self::Insert(at, word)),
        ]
    }

    fn apply(&self, text: &mut Vec<u8>, words: &[Vec<u8>]) {
        let stretch = |at: &Index, length: usize| {
            let start = at.index(text.len() + 1);
            start..text.len().min(start + length)
        };
        match self {
            Self::Remove(at, length) => drop(text.drain(stretch(at, *length))),
            Self::Repeat(at, length) => text.extend_from_within(stretch(at, *length)),
            Self::Write(at, byte) => {
                let place = stretch(at, 1);
                text.splice(place, [*byte]);
            }
            Self::Insert(at, word) => {
                let start = stretch(at, 0);
                text.splice(start, word.get(words).iter().copied());
            }
        }
    }
}

/// Shows itself as a literal, to be kept below `tests/regressions/`.
struct Damaged(Vec<u8>);

impl fmt::Debug for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The words of a dictionary for libFuzzer: each in quotes on a line of its own, bytes as `\x22`.
fn words(entrance: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/dictionaries/{entrance}.dict"));
    let word = |line: &str| {
        let mut parts = line.strip_prefix('"')?.strip_suffix('"')?.split("\\x");
        let mut word = parts.next()?.as_bytes().to_vec();
        for part in parts {
            word.push(u8::from_str_radix(&part[..2], 16).unwrap());
            word.extend_from_slice(&part.as_bytes()[2..]);
        }
        Some(word)
    };
    fs::read_to_string(path).unwrap().lines().filter_map(word).collect()
}

/// What `make fuzz` does for minutes, here for a moment: with another seed each time, and what breaks is made small.
#[test]
fn what_is_known_holds_with_a_little_damage() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, entrance) in ENTRANCES {
        let folders = EVERYWHERE.iter().map(|folder| root.join(folder));
        let folders = folders.chain([root.join("tests/regressions").join(name)]);
        let texts = folders.flat_map(|folder| files(&folder)).map(|path| fs::read(path).unwrap());
        let texts: Vec<_> = texts.filter(|text| text.len() < 4 << 10).collect();
        let words = words(name);
        let damaged =
            (any::<Index>(), prop::collection::vec(Damage::any(), 1..6)).prop_map(|(text, damages)| {
                let mut text = text.get(&texts).clone();
                for damage in &damages {
                    damage.apply(&mut text, &words);
                }
                Damaged(text)
            });
        let config = ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() };
        let tried = TestRunner::new(config).run(&damaged, |Damaged(text)| {
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            hold(*entrance, &text);
            Ok(())
        });
        if let Err(problem) = tried {
            panic!("{name}: {problem}");
        }
    }
}
