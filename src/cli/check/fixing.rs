//! Fixing files: what was repaired is written back, shown as a difference, or handed on.
//!
//! Owns how a file is replaced, in one step and never half, and what a difference looks like. Must not know how a text
//! is repaired.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use similar::TextDiff;

use super::files::Input;
use crate::check::Repaired;
use crate::document::{on_one_line, steers};
use crate::output::Fixing;

/// Which fixes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Which {
    /// What no correct workload can notice
    Safe,
    /// Also what takes a right away from a container
    Unsafe,
}

impl Which {
    /// What a run with these options does with fixes.
    pub(super) fn of(which: Option<Self>, is_preview: bool) -> Option<Fixing> {
        let with_unsafe = which == Some(Self::Unsafe);
        (which.is_some() || is_preview).then_some(Fixing { with_unsafe, is_preview })
    }
}

/// What to do with a text that was repaired.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Nothing: it is in its place.
    Done,
    /// Put this on standard output.
    Print(Vec<u8>),
    /// Say that it could not be written, and why.
    Failed(String),
}

/// Brings a repaired text to where it belongs.
pub(super) fn deliver(input: &Input, text: &str, repaired: &Repaired, fixing: Fixing) -> Delivery {
    if fixing.is_preview {
        let mut difference = difference(&input.name(), text, &repaired.text);
        if std::io::stdout().is_terminal() {
            // A file that steers the terminal is not ours either.
            let steers_away = |c: char| steers(c) && !matches!(c, '\n' | '\r' | '\t');
            difference = difference.replace(steers_away, "\u{fffd}");
        }
        return Delivery::Print(difference.into_bytes());
    }
    if input.is_standard_input() {
        return Delivery::Print(repaired.text.clone().into_bytes());
    }
    if text == repaired.text {
        return Delivery::Done;
    }
    match replace(&input.path, text, &repaired.text) {
        Ok(()) => Delivery::Done,
        Err(problem) => Delivery::Failed(problem),
    }
}

/// Writes a file that must still be as it was read. It is never there half written, and keeps its permissions; a link
/// stays a link.
fn replace(path: &Path, before: &str, after: &str) -> Result<(), String> {
    let explain = |error: std::io::Error| format!("cannot be written: {error}");
    let path = path.canonicalize().map_err(explain)?;
    let metadata = fs::metadata(&path).map_err(explain)?;
    if !metadata.is_file() {
        return Err("cannot be written: it is no regular file".to_owned());
    }
    if metadata.permissions().readonly() {
        return Err("cannot be written: it is read-only".to_owned());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".ecs-guard-").tempfile_in(directory).map_err(explain)?;
    file.write_all(after.as_bytes()).map_err(explain)?;
    file.as_file().set_permissions(metadata.permissions()).map_err(explain)?;
    file.as_file().sync_all().map_err(explain)?;
    if fs::read(&path).map_err(explain)? != before.as_bytes() {
        return Err("is not written: it has changed since it was read".to_owned());
    }
    file.persist(&path).map_err(|error| explain(error.error))?;
    Ok(())
}

/// A unified difference that `git apply` and `patch -p1` take; nothing where nothing changes.
fn difference(name: &str, before: &str, after: &str) -> String {
    // A path from the root has no directory to be taken off.
    let (old, new) = if name.starts_with('/') { ("", "") } else { ("a/", "b/") };
    let name = on_one_line(name);
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&format!("{old}{name}"), &format!("{new}{name}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{difference, replace};

    #[test]
    fn a_difference_has_the_lines_around() {
        let lines = |changed: &str| format!("1\n2\n3\n4\n{changed}5\r\n6\n7\n8\n9\n10");
        assert_eq!(
            difference("x.yaml", &lines(""), &lines("a\n")),
            "--- a/x.yaml\n+++ b/x.yaml\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+a\n 5\r\n 6\n 7\n"
        );
        assert_eq!(
            difference("/tmp/x", "1", "1\n2"),
            "--- /tmp/x\n+++ /tmp/x\n@@ -1 +1,2 @@\n-1\n\\ No newline at end of file\n+1\n+2\n\\ No newline at end of file\n"
        );
        assert_eq!(difference("x", "1", "1"), "");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_with_its_permissions_and_through_links() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        replace(&link, "before", "after").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_others_have_changed_or_protected_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "changed").unwrap();
        let refused = |expected: &str| {
            assert_eq!(replace(&file, "before", "after"), Err(expected.to_owned()));
            assert_eq!(fs::read_to_string(&file).unwrap(), "changed");
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        };
        refused("is not written: it has changed since it was read");
        let mut permissions = fs::metadata(&file).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&file, permissions).unwrap();
        refused("cannot be written: it is read-only");
    }
}
