//! Finding and reading the policy file.
//!
//! Owns where each program looks for its policy, and the words for a file that is not there. Must not know what
//! stands in one.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::policy::{Policy, Problems, read_with};
use crate::rule::Profile;

/// The variable that names the policy file for both programs.
pub const VARIABLE: &str = "ECS_GUARD_POLICY";

/// The name looked for when nothing names a file.
pub const FILE_NAME: &str = "ecs-guard.yaml";

/// Why there is no policy. Displays as one line.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file can be read, but not understood; with its text, for a picture of the place.
    Wrong(PathBuf, String, Problems),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Wrong(path, _, problems) => write!(f, "{}, {problems}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

/// Reads the policy in a file, as if it named `profile` where one is given.
///
/// # Errors
/// A file that is not there, not readable, not UTF-8 or not a policy.
pub fn load(path: &Path, profile: Option<Profile>) -> Result<Policy, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Unreadable(path.to_owned(), error))?;
    read_with(&text, profile).map_err(|problems| Error::Wrong(path.to_owned(), text, problems))
}

/// Where the Lambda function's policy is: named by the variable, else beside the binary.
pub fn beside(binary: Option<&Path>, variable: Option<OsString>) -> PathBuf {
    named(variable).unwrap_or_else(|| binary.and_then(Path::parent).unwrap_or(Path::new(".")).join(FILE_NAME))
}

/// Where the command's policy is: named by the option, else by the variable, else in the working directory or a
/// directory above it up to the repository's root; `None` when there is none.
pub fn above(directory: &Path, option: Option<PathBuf>, variable: Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = option.or_else(|| named(variable)) {
        return Some(path);
    }
    for directory in directory.ancestors() {
        let candidate = directory.join(FILE_NAME);
        // A directory of that name, or a link to nothing, is a mistake to report rather than a file to pass by.
        if candidate.symlink_metadata().is_ok() {
            return Some(candidate);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

/// An empty variable is how templates and shells say "not set".
fn named(variable: Option<OsString>) -> Option<PathBuf> {
    variable.filter(|value| !value.is_empty()).map(PathBuf::from)
}
