//! Reading the files that are checked.
//!
//! Owns how much of a file is read, and which files a template may name. Must not know what is in them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::files::Input;
use super::target::Identity;

/// How many bytes a file may have. CloudFormation takes a template of 1 MB
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>); lists of task definitions
/// and templates before they are packaged may be longer.
const MAXIMUM_BYTES: u64 = 64 << 20;

/// The bytes of a file.
pub(super) struct Content {
    /// All of them, or the first.
    pub(super) bytes: Vec<u8>,
    /// Whether there are more than are read of any file.
    pub(super) is_cut: bool,
    /// Which file they are from.
    pub(super) identity: Option<Identity>,
}

/// What to say of a file of which not all is read.
pub(super) fn too_large() -> String {
    format!("is larger than {} MiB, which no template is", MAXIMUM_BYTES >> 20)
}

/// Reads a file or standard input, of a device or a pipe without an end only as much as a file may have.
pub(super) fn read(input: &Input) -> io::Result<Content> {
    if input.is_standard_input() {
        read_bounded(io::stdin().lock(), 0, Identity::of_stream(&io::stdin()))
    } else {
        let file = File::open(&input.path)?;
        let metadata = file.metadata()?;
        read_bounded(file, metadata.len(), Identity::of_open(&input.path, &metadata))
    }
}

/// Reads what has about `length` bytes, as far as that is known.
fn read_bounded(source: impl Read, length: u64, identity: Option<Identity>) -> io::Result<Content> {
    // One more, so that the end is seen without asking for more room.
    let room = usize::try_from(length.min(MAXIMUM_BYTES) + 1).unwrap_or_default();
    let mut bytes = Vec::with_capacity(room);
    source.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() as u64 > MAXIMUM_BYTES;
    Ok(Content { bytes, is_cut, identity })
}

/// The directories out of which a template may name files. A template may come from a stranger, in a pull request for
/// example, and what is found in a file goes to logs that others read.
#[derive(Debug)]
pub(super) struct Tree(BTreeSet<PathBuf>);

impl Tree {
    /// Around each path that is checked, the Git repository; without one the current directory if the path is below it,
    /// or else the path's own directory.
    pub(super) fn around(given: &[PathBuf], inputs: &[Input]) -> Self {
        let current = Path::new(".").canonicalize().ok();
        let directories: BTreeSet<&Path> = given
            .iter()
            .map(PathBuf::as_path)
            .filter(|path| path.is_dir())
            .chain(inputs.iter().filter_map(|input| input.path.parent()))
            .collect();
        let around = |directory: &Path| {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            let directory = directory.canonicalize().ok()?;
            let repository = directory.ancestors().find(|above| above.join(".git").exists());
            // Everything is below the root of the file system.
            let current = current.as_deref().filter(|current| current.parent().is_some());
            let current = current.filter(|current| directory.starts_with(current));
            Some(repository.or(current).unwrap_or(&directory).to_owned())
        };
        Self(directories.into_iter().filter_map(around).collect())
    }

    /// Says why a template may not name a file; links count as what they lead to.
    pub(super) fn refuses(&self, path: &Path) -> Option<String> {
        let true_path = match path.canonicalize() {
            Ok(true_path) => true_path,
            Err(error) => return Some(format!("cannot be read: {error}")),
        };
        let inside = self.0.iter().find_map(|root| true_path.strip_prefix(root).ok());
        // Git keeps credentials there.
        let is_of_git = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(".git");
        if inside.is_none_or(|inside| inside.iter().any(is_of_git)) {
            return Some(
                "is not read, because a template names it and it lies outside the repository or directory that is \
                 checked; to check it, name it or its directory yourself"
                    .into(),
            );
        }
        (!true_path.is_file()).then(|| "is named by a template and is no regular file".into())
    }
}
