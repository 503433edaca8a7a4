//! What an audit has fetched, kept in a directory so that an interrupted one goes on where it was.
//!
//! Owns the files in that directory: one for each stack, written in one step, readable by their owner only, and of no
//! use once the stack has changed. Must not know how anything is fetched or judged.
//!
//! A template and a parameter's value can be anybody's secret. A template that cannot hold a task definition is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile, TempPath};

use crate::aws::account::{Deployment, Stack};
use crate::cli::check::target::Identity;
use crate::template::Given;

/// Files of another version are fetched again.
const VERSION: u32 = 1;

/// What the name of a file begins with before it has its own.
const UNFINISHED: &str = ".unfinished-";

/// What the last audit of a place that came to its end excused there.
const EXCEPTED: &str = "excepted.jsonl";

/// What earlier versions kept of all places together. It says nothing of what was excused since.
const FORMER_EXCEPTED: &str = "excepted.json";

/// The directory, for this process alone.
#[derive(Debug)]
pub(super) struct State {
    directory: PathBuf,
    _lock: File,
}

/// What was fetched of a stack.
#[derive(Debug, PartialEq)]
pub(super) struct Fetched {
    /// The template and what it was deployed with; `None`: it cannot hold a task definition.
    pub(super) template: Option<(String, Deployment)>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    stack: Stack,
    template: Option<WrittenTemplate>,
}

#[derive(Serialize, Deserialize)]
struct WrittenTemplate {
    text: String,
    parameters: BTreeMap<String, String>,
    looked_up: BTreeMap<String, String>,
    open: BTreeSet<String>,
    tags: BTreeMap<String, String>,
}

/// Where state is when nobody says where: below `$XDG_STATE_HOME`, else `~/.local/state`
/// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
pub(super) fn default_directory() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(base.join("ecs-guard/audit"))
}

impl State {
    /// Opens the directory, which is made if it is not there, and clears away what was never finished.
    pub(super) fn open(directory: &Path) -> Result<Self, String> {
        let shown = directory.display();
        let cannot = |error: io::Error| format!("{shown} cannot hold the state of the audit: {error}");
        make(directory).map_err(cannot)?;
        if is_open_to_others(directory).map_err(cannot)? {
            return Err(format!(
                "others may look into {shown}, which must not be where templates are kept: close it with `chmod 700`, or name \
                 another directory with --state"
            ));
        }
        let mut options = File::options();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.open(directory.join("lock")).map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "another audit uses {shown}: wait for its end, or name another directory with --state"
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        remove_unfinished(directory, 2).map_err(cannot)?;
        let _ = fs::remove_file(directory.join(FORMER_EXCEPTED));
        Ok(Self { directory: directory.to_owned(), _lock: lock })
    }

    /// Whether a path leads into the directory, by whatever name or link, or will where there is nothing yet.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let Ok(directory) = self.directory.canonicalize() else { return false };
        let parent = || {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new(".")).canonicalize()
        };
        path.canonicalize().or_else(|_| parent()).is_ok_and(|path| path.starts_with(&directory))
            || has_other_names(path) && Identity::of(path).is_some_and(|file| is_in(&file, &directory))
    }

    fn place(&self, stack: &Stack) -> PathBuf {
        self.directory.join(stack.place())
    }

    fn path(&self, stack: &Stack) -> PathBuf {
        self.place(stack).join(format!("{}-{}.json", stack.name(), stack.unique()))
    }

    /// How many bytes are kept of a stack.
    pub(super) fn size(&self, stack: &Stack) -> u64 {
        self.path(stack).metadata().map_or(0, |metadata| metadata.len())
    }

    /// What was fetched of a stack as it is now. What cannot be read was not fetched.
    pub(super) fn read(&self, stack: &Stack) -> Option<Fetched> {
        let written: Written = read(&self.path(stack))?;
        if written.version != VERSION || written.stack != *stack {
            return None;
        }
        let template = written.template.map(|WrittenTemplate { text, parameters, looked_up, open, tags }| {
            let given = Given { parameters, looked_up, open, assume_defaults: true, ..Given::default() };
            (text, Deployment { given, tags })
        });
        Some(Fetched { template })
    }

    /// Keeps what was fetched of a stack.
    pub(super) fn write(&self, stack: &Stack, fetched: Fetched) -> io::Result<()> {
        let template = fetched.template.map(|(text, Deployment { given, tags })| {
            let Given { parameters, looked_up, open, .. } = given;
            WrittenTemplate { text, parameters, looked_up, open, tags }
        });
        make(&self.place(stack))?;
        write(&self.path(stack), &Written { version: VERSION, stack: stack.clone(), template })
    }

    /// Forgets stacks of one place, `ACCOUNT/REGION`, that are not among those it has now.
    pub(super) fn forget_others(&self, place: &str, stacks: &[&Stack]) -> io::Result<()> {
        let kept: BTreeSet<_> = stacks.iter().map(|stack| self.path(stack)).collect();
        let directory = self.directory.join(place);
        if !directory.exists() {
            return Ok(());
        }
        for entry in directory.read_dir()? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") && !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// What the last audit that came to its end excused in a place, `ACCOUNT/REGION`; `None`: there was none.
    pub(super) fn last_excepted(&self, place: &str) -> Option<File> {
        File::open(self.directory.join(place).join(EXCEPTED)).ok()
    }

    /// A file for what this audit excuses there, which is nothing until it is kept.
    pub(super) fn next_excepted(&self, place: &str) -> io::Result<NamedTempFile> {
        let directory = self.directory.join(place);
        make(&directory)?;
        unfinished_in(&directory)
    }

    /// Keeps it, in place of what was excused before.
    pub(super) fn keep_excepted(&self, place: &str, next: TempPath) -> io::Result<()> {
        next.persist(self.directory.join(place).join(EXCEPTED))?;
        Ok(())
    }
}

/// Whether a file has hard links, so that its path says not all of it.
fn has_other_names(path: &Path) -> bool {
    #[cfg(unix)]
    let has_others = path.metadata().is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) > 1);
    // Elsewhere that is not told.
    #[cfg(not(unix))]
    let has_others = path.exists();
    has_others
}

/// Whether a file is among those of a directory, at any depth.
fn is_in(file: &Identity, directory: &Path) -> bool {
    let Ok(entries) = directory.read_dir() else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory { is_in(file, &path) } else { Identity::of(&path).as_ref() == Some(file) }
    })
}

/// Makes a directory that nobody else may look into.
fn make(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whether anybody but the owner may do anything with a directory. Somebody made it so, who may need it: it is not changed.
fn is_open_to_others(directory: &Path) -> io::Result<bool> {
    let permissions = directory.metadata()?.permissions();
    #[cfg(unix)]
    let is_open = std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o077 != 0;
    // Elsewhere, a person's own directories are theirs alone.
    #[cfg(not(unix))]
    let is_open = false;
    Ok(is_open)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a file that only its owner may read, in one step.
fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = unfinished_in(directory)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.persist(path)?;
    Ok(())
}

/// A file that only its owner may read, and that is gone unless it is finished.
fn unfinished_in(directory: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(UNFINISHED).tempfile_in(directory)
}

/// Removes what an audit that was killed has left, down to the directories of Regions.
fn remove_unfinished(directory: &Path, depth: usize) -> io::Result<()> {
    for entry in directory.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                remove_unfinished(&entry.path(), depth - 1)?;
            }
        } else if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn stack() -> Stack {
        let id = "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders-api/1a2b".into();
        Stack { id, status: "UPDATE_COMPLETE".into(), changed: 5 }
    }

    fn fetched() -> Fetched {
        let mut deployment = Deployment::default();
        deployment.given.assume_defaults = true;
        deployment.given.parameters.insert("Mode".into(), "blocking".into());
        deployment.given.looked_up.insert("Image".into(), "nginx".into());
        deployment.given.open.insert("Secret".into());
        deployment.tags.insert("team".into(), "orders".into());
        Fetched { template: Some(("Resources: {}".into(), deployment)) }
    }

    #[test]
    fn what_was_fetched_is_there_until_the_stack_changes() {
        let directory = TempDir::new().unwrap();
        let state = State::open(&directory.path().join("state")).unwrap();
        assert_eq!(state.read(&stack()), None);
        state.write(&stack(), fetched()).unwrap();
        drop(state);
        let state = State::open(&directory.path().join("state")).unwrap();
        assert_eq!(state.read(&stack()), Some(fetched()));
        assert_eq!(state.read(&Stack { changed: 6, ..stack() }), None);
        assert_eq!(state.read(&Stack { status: "UPDATE_IN_PROGRESS".into(), ..stack() }), None);
        state.forget_others("111122223333/eu-west-1", &[&stack()]).unwrap();
        assert_eq!(state.read(&stack()), Some(fetched()));
        state.forget_others("111122223333/eu-west-1", &[]).unwrap();
        assert_eq!(state.read(&stack()), None);
    }

    #[test]
    fn half_a_file_is_no_file_however_long_the_half() {
        let directory = TempDir::new().unwrap();
        let state = State::open(&directory.path().join("state")).unwrap();
        state.write(&stack(), fetched()).unwrap();
        let path = state.path(&stack());
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(state.read(&stack()), None, "{length}");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(state.read(&stack()), Some(fetched()));
    }

    #[test]
    fn what_was_never_finished_is_cleared_away() {
        let directory = TempDir::new().unwrap();
        let state = State::open(&directory.path().join("state")).unwrap();
        state.write(&stack(), fetched()).unwrap();
        let unfinished = state.place(&stack()).join(format!("{UNFINISHED}x"));
        fs::write(&unfinished, "a secret").unwrap();
        drop(state);
        let state = State::open(&directory.path().join("state")).unwrap();
        assert!(!unfinished.exists());
        assert_eq!(state.read(&stack()), Some(fetched()));
    }

    #[test]
    fn a_directory_that_is_open_to_others_is_refused_and_stays_as_it_is() {
        let directory = TempDir::new().unwrap();
        for mode in [0o755, 0o710, 0o701] {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
            let problem = State::open(directory.path()).unwrap_err();
            assert!(
                problem.starts_with("others may look into ") && problem.contains("chmod 700"),
                "{problem}"
            );
            assert_eq!(directory.path().read_dir().unwrap().count(), 0);
            assert_eq!(directory.path().metadata().unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn nobody_else_reads_it_and_no_other_audit_writes_it() {
        let directory = TempDir::new().unwrap();
        let below = directory.path().join("state");
        let state = State::open(&below).unwrap();
        state.write(&stack(), fetched()).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&below), mode(&state.path(&stack()))), (0o700, 0o600));
        assert_eq!((mode(&state.place(&stack())), mode(&below.join("lock"))), (0o700, 0o600));
        let problem = State::open(&below).unwrap_err();
        assert!(problem.contains("another audit uses"), "{problem}");
    }
}
