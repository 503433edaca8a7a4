//! Which files are checked.
//!
//! Owns the way from the command line's paths to a list of files: directories, ignore files, patterns, and the one
//! time that a file is taken which is reached twice. Must not know what is in a file.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use ignore::{DirEntry, WalkBuilder};

/// What templates and task definitions end in; the rest of a directory is not opened.
const EXTENSIONS: &[&str] = &["cfn", "cform", "jsn", "json", "template", "yaml", "yml"];

/// What makes a path a pattern, when no file has that name.
const WILD: [char; 4] = ['*', '?', '[', '{'];

/// One file to check.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Input {
    /// Its path as given or found, without `./` before it.
    pub(super) path: PathBuf,
    /// Whether it was asked for by name, and not found in a directory or by a pattern.
    pub(super) is_named: bool,
}

impl Input {
    pub(super) fn is_standard_input(&self) -> bool {
        self.is_named && self.path == Path::new("-")
    }

    /// How many bytes there are to read; 0 where that cannot be told.
    pub(super) fn size(&self) -> u64 {
        self.path.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Its name for people and machines, with `/` between its parts on every system.
    pub(super) fn name(&self) -> String {
        if self.is_standard_input() {
            return "<stdin>".into();
        }
        let name = self.path.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { name.into_owned() } else { name.replace('\\', "/") }
    }
}

/// The files to check and what could not be looked into.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// In the order of their paths, each once.
    pub(super) inputs: Vec<Input>,
    /// Paths that lead to no file, and why.
    pub(super) missing: Vec<(String, String)>,
    /// Each file's one true path, with its place in `inputs` before they were sorted.
    known: HashMap<PathBuf, usize>,
}

/// Finds the files that the paths name. Without paths, the current directory is searched.
pub(super) fn find(paths: &[PathBuf], no_ignore: bool) -> Files {
    let mut files = Files::default();
    let current_directory = [PathBuf::from(".")];
    for path in if paths.is_empty() { &current_directory } else { paths } {
        if path == Path::new("-") {
            files.add(path, path.clone(), true);
        } else if path.is_dir() {
            files.search(path, no_ignore);
        } else if let Err(error) = path.symlink_metadata() {
            match path.to_str().filter(|pattern| pattern.contains(WILD)) {
                Some(pattern) => files.expand(pattern),
                None => files.report(path, format!("cannot be read: {error}")),
            }
        } else {
            // What has no true path, such as a pipe, cannot be reached twice either.
            files.add(path, path.canonicalize().unwrap_or_else(|_| path.clone()), true);
        }
    }
    files.inputs.sort_unstable();
    files
}

impl Files {
    fn add(&mut self, path: &Path, true_path: PathBuf, is_named: bool) {
        let index = *self.known.entry(true_path).or_insert(self.inputs.len());
        let bare = path.strip_prefix(".").unwrap_or(path);
        // A file named `-` keeps the dot that tells it from standard input.
        let path = if bare == Path::new("-") { path } else { bare };
        let Some(known) = self.inputs.get_mut(index) else {
            self.inputs.push(Input { path: path.to_owned(), is_named });
            return;
        };
        known.is_named |= is_named;
        // Whatever order a directory has: the file itself before links to it, then the first by its name.
        let rank = |path: &Path| (path.is_symlink(), path.to_owned());
        if known.path != path && rank(path) < rank(&known.path) {
            path.clone_into(&mut known.path);
        }
    }

    fn report(&mut self, path: &Path, problem: impl Into<String>) {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.missing.push((path.to_string_lossy().into_owned(), problem.into()));
    }

    fn search(&mut self, directory: &Path, no_ignore: bool) {
        let mut walk = WalkBuilder::new(directory);
        // What one machine or person ignores, everywhere or in one clone, must not change a verdict.
        walk.git_global(false).git_exclude(false);
        if no_ignore {
            walk.ignore(false).git_ignore(false).parents(false);
        }
        let is_candidate = |entry: &DirEntry| {
            let extension = entry.path().extension().and_then(OsStr::to_str);
            extension
                .is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
        };
        let problems = self.missing.len();
        let found = self.walk(&walk, directory, is_candidate);
        // Whoever names a directory means it, also when what stands above it ignores it, as CDK's `cdk.out` is.
        if !found && !no_ignore && self.missing.len() == problems {
            self.walk(walk.parents(false), directory, is_candidate);
        }
    }

    /// Adds what a pattern matches, as a shell would that knows `**`: ignore files do not count, hidden files only
    /// when the pattern names the dot.
    fn expand(&mut self, pattern: &str) {
        let pattern = pattern.trim_start_matches("./");
        let glob = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => return self.report(Path::new(pattern), format!("not a pattern: {}", error.kind())),
        };
        let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(WILD);
        let fixed: PathBuf = Path::new(pattern).components().take_while(is_plain).collect();
        let searched: Vec<_> = Path::new(pattern).components().skip_while(is_plain).collect();
        let directory = if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed };
        let mut walk = WalkBuilder::new(directory);
        let names_hidden = searched.iter().any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        walk.standard_filters(false).hidden(!names_hidden);
        if !pattern.contains("**") && !pattern.contains('{') {
            walk.max_depth(Some(searched.len()));
        }
        let is_match =
            |entry: &DirEntry| glob.is_match(entry.path().strip_prefix(".").unwrap_or(entry.path()));
        if !directory.is_dir() || !self.walk(&walk, directory, is_match) {
            self.report(Path::new(pattern), "the pattern matches no file");
        }
    }

    /// Adds the files of a directory that are wanted, and says whether there were any or it is gone.
    fn walk(&mut self, walk: &WalkBuilder, directory: &Path, is_wanted: impl Fn(&DirEntry) -> bool) -> bool {
        let true_directory = match directory.canonicalize() {
            // A process may stay in a directory that is deleted, and finds nothing there.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.report(directory, "cannot be searched: it is not there any more");
                return true;
            }
            found => found.unwrap_or_else(|_| directory.to_owned()),
        };
        let mut found = false;
        for entry in walk.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let kind = error.io_error().map(|error| error.kind().to_string());
                    let problem =
                        format!("cannot be searched: {}", kind.unwrap_or_else(|| error.to_string()));
                    self.report(path_of(&error).unwrap_or(directory), problem);
                    continue;
                }
            };
            let path = entry.path();
            let is_link = entry.path_is_symlink();
            // Links to files are followed and links to directories are not, so that every search ends.
            let is_file =
                if is_link { path.is_file() } else { entry.file_type().is_some_and(|kind| kind.is_file()) };
            if !is_file || !is_wanted(&entry) {
                continue;
            }
            let true_path = match path.strip_prefix(directory) {
                Ok(inside) if !is_link => true_directory.join(inside),
                _ => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            };
            self.add(path, true_path, false);
            found = true;
        }
        found
    }
}

/// The path that an error of the walk is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}
