//! Files that results are written to.
//!
//! Owns that such a file stays as it is until all is judged, and which file is which, whatever its name. Must not know what
//! is written.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::check::read_document;
use crate::template::Template;

/// What tells a file from others, however it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Identity {
    #[cfg(unix)]
    device_and_inode: (u64, u64),
    #[cfg(not(unix))]
    true_path: PathBuf,
}

impl Identity {
    /// The file at a path; `None` where there is none.
    pub(in crate::cli) fn of(path: &Path) -> Option<Self> {
        Self::of_open(path, &path.metadata().ok()?)
    }

    /// A file that is open, by its path and what the system says of it.
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "where there are no inodes, not every file has a true path")]
    pub(super) fn of_open(_: &Path, metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self { device_and_inode: (metadata.dev(), metadata.ino()) })
    }

    /// A file that is open, by its path and what the system says of it.
    #[cfg(not(unix))]
    pub(super) fn of_open(path: &Path, _: &Metadata) -> Option<Self> {
        path.canonicalize().ok().map(|true_path| Self { true_path })
    }

    /// What a standard stream leads to, unless it is a device in which nothing can be mixed up, such as `/dev/null`.
    #[cfg(unix)]
    pub(super) fn of_stream(stream: &(impl std::os::fd::AsFd + IsTerminal)) -> Option<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
        let metadata = file.metadata().ok()?;
        if is_sink(&metadata) && !stream.is_terminal() {
            return None;
        }
        Self::of_open(Path::new(""), &metadata)
    }

    /// What a standard stream leads to, which cannot be told here.
    #[cfg(not(unix))]
    pub(super) fn of_stream(_: &impl IsTerminal) -> Option<Self> {
        None
    }
}

#[cfg(unix)]
fn is_sink(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_sink(_: &Metadata) -> bool {
    false
}

/// A file that was read.
#[derive(Debug)]
pub(in crate::cli) struct Source {
    pub(super) identity: Identity,
    /// What messages call it.
    name: String,
    /// What it was read as; `None`: it was found by searching, and holds nothing to judge.
    role: Option<&'static str>,
}

impl Source {
    /// A file that is open, and what it was read as.
    pub(super) fn new(identity: Identity, name: String, role: Option<&'static str>) -> Self {
        Self { identity, name, role }
    }

    /// A file that was read just now.
    pub(in crate::cli) fn at(path: &Path, role: &'static str) -> Option<Self> {
        Some(Self::new(Identity::of(path)?, path.to_string_lossy().into_owned(), Some(role)))
    }

    /// Says why no results are written to a place that is this file. What holds neither a template nor a task definition
    /// and merely lies about, such as an earlier run's results, may be written.
    pub(super) fn refuses(&self, target: &Target, place: &str) -> Option<String> {
        let role = match self.role {
            Some(role) => role,
            None if is_template(&target.path) => TO_CHECK,
            None => return None,
        };
        let which =
            if place == self.name { String::new() } else { format!("the same file as {}, ", self.name) };
        Some(format!("{place} is {which}{role}, so no results are written to it"))
    }
}

/// What files are that are judged.
pub(super) const TO_CHECK: &str = "a file to check";

/// Whether a file is a template, or means to be one, also without anything to judge.
fn is_template(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    read_document(&text)
        .map_or_else(|_| text.contains("Resources"), |document| Template::is_one(&document.root))
}

/// A file to write results to. A regular file is written by `finish`, and until then as it was.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    file: File,
    identity: Option<Identity>,
    /// What is not written yet; `None` where the file is no regular file, which has no content to lose.
    waiting: Option<Waiting>,
    /// Whether there was no such file, so that none must stay if nothing is written.
    is_new: bool,
}

impl Target {
    /// Opens a file and leaves what is in it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let is_new = path.metadata().is_err();
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let metadata = file.metadata()?;
        let identity =
            (!is_sink(&metadata) || file.is_terminal()).then(|| Identity::of_open(path, &metadata)).flatten();
        let waiting = metadata.is_file().then(Waiting::new);
        Ok(Self { path: path.to_owned(), file, identity, waiting, is_new })
    }

    /// Which file it is; `None` for a device in which nothing can be mixed up.
    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Puts what was written in place of what is in the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else { return self.file.flush() };
        self.is_new = false;
        self.file.set_len(0)?;
        waiting.write_to(&mut self.file)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.waiting {
            Some(waiting) => {
                waiting.add(bytes);
                Ok(bytes.len())
            }
            None => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.is_new && self.waiting.is_some() {
            // A link stays, and so does a file that somebody else has put there.
            let is_ours = |path: &PathBuf| Identity::of(path) == self.identity;
            let _ = self.path.canonicalize().ok().filter(is_ours).map(std::fs::remove_file);
        }
    }
}

/// Bytes that wait in a file without a name, and in memory where there is none or no room in it.
#[derive(Debug)]
struct Waiting {
    file: Option<File>,
    /// How many bytes of the file count: what was written in vain does not.
    length: u64,
    rest: Vec<u8>,
}

impl Waiting {
    fn new() -> Self {
        Self { file: tempfile::tempfile().ok(), length: 0, rest: Vec::new() }
    }

    fn add(&mut self, bytes: &[u8]) {
        let into_file = self.file.as_mut().filter(|_| self.rest.is_empty());
        if into_file.is_some_and(|file| file.write_all(bytes).is_ok()) {
            self.length += bytes.len() as u64;
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }

    fn write_to(self, out: &mut File) -> io::Result<()> {
        if let Some(mut file) = self.file {
            file.rewind()?;
            io::copy(&mut BufReader::new(file).take(self.length), out)?;
        }
        out.write_all(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::{Target, Waiting};

    #[test]
    fn a_file_is_written_at_the_end_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (directory.path().join("old"), directory.path().join("new"));
        fs::write(&old, "much longer than what is written").unwrap();
        for path in [&old, &new] {
            let before = fs::read(path).ok();
            let mut target = Target::open(path).unwrap();
            target.write_all(b"half").unwrap();
            target.flush().unwrap();
            assert!(before.as_ref().is_none_or(|before| fs::read(path).unwrap() == *before));
            drop(target);
            assert_eq!(fs::read(path).ok(), before);
            let mut target = Target::open(path).unwrap();
            target.write_all(b"all").unwrap();
            target.finish().unwrap();
            drop(target);
            assert_eq!(fs::read(path).unwrap(), b"all");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_temporary_file_has_no_room_for_waits_in_memory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let full = fs::File::options().read(true).write(true).open("/dev/full").unwrap();
        for file in [None, Some(full)] {
            let mut target = Target::open(&path).unwrap();
            target.waiting = Some(Waiting { file, ..Waiting::new() });
            target.write_all(b"one ").unwrap();
            target.write_all(b"two").unwrap();
            target.finish().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"one two");
        }
    }
}
