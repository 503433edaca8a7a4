//! `ecs-guard init`: the files to begin with.
//!
//! Owns which files these are, and that nothing of somebody else's is overwritten. Must not know what stands in them:
//! the policy is the one of this repository, the pipelines those of docs/ci.md.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Outcome, PolicySource, Streams};
use crate::output::policy_schema;
use crate::policy_file;
use crate::rule::Profile;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to write; the current directory if it is left out
    directory: Option<PathBuf>,

    /// What else to write, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    with: Vec<With>,

    /// Replace the policy that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// ecs-guard.schema.json, by which editors complete and explain the policy; renewed if it is there
    Schema,
    /// .pre-commit-config.yaml
    PreCommit,
    /// .github/workflows/ecs-guard.yaml
    Github,
    /// .gitlab-ci.yml
    Gitlab,
}

const POLICY: &str = include_str!("../../ecs-guard.yaml");
const SCHEMA_NAME: &str = "ecs-guard.schema.json";

/// How the first line of a policy names its schema, up to the file.
const NAMES_SCHEMA: &str = "# yaml-language-server: $schema=";

struct File {
    name: &'static str,
    text: Cow<'static, str>,
    may_replace: bool,
}

impl With {
    fn file(self) -> File {
        let (name, text) = match self {
            Self::Schema => (SCHEMA_NAME, policy_schema::text().into()),
            Self::PreCommit => (".pre-commit-config.yaml", include_str!("init/pre-commit.yaml").into()),
            Self::Github => (".github/workflows/ecs-guard.yaml", include_str!("init/github.yaml").into()),
            Self::Gitlab => (".gitlab-ci.yml", include_str!("init/gitlab.yaml").into()),
        };
        // Nobody writes into the schema, and others may have written into the rest more than we would.
        File { name, text, may_replace: self == Self::Schema }
    }
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    let directory = arguments.directory.as_deref().unwrap_or(Path::new(""));
    let has_schema = arguments.with.contains(&With::Schema);
    let text = policy_text(has_schema, source.profile.unwrap_or(Profile::Baseline));
    let policy = File { name: policy_file::FILE_NAME, text: text.into(), may_replace: arguments.force };
    let mut outcome = Outcome::Compliant;
    for file in std::iter::once(policy).chain(arguments.with.iter().map(|with| with.file())) {
        let path = directory.join(file.name);
        let shown = path.display();
        let is_policy = file.name == policy_file::FILE_NAME;
        match write(&path, &file) {
            Ok(true) => writeln!(streams.out, "wrote {shown}")?,
            // Whoever asks for more has a policy and is content with it.
            Ok(false) if is_policy && !arguments.with.is_empty() => {
                writeln!(streams.err, "note: {shown} is there already and stays as it is")?;
                if has_schema {
                    let first = format!("{NAMES_SCHEMA}{SCHEMA_NAME}");
                    writeln!(streams.err, "note: for editors, let its first line be `{first}`")?;
                }
            }
            Ok(false) => {
                outcome = Outcome::Failed;
                write!(streams.err, "error: {shown} is there already and stays as it is; ")?;
                if is_policy {
                    writeln!(streams.err, "`--force` replaces it")?;
                } else {
                    writeln!(streams.err, "add to it what is not in it:\n\n{}", file.text)?;
                }
            }
            Err(error) => {
                outcome = Outcome::Failed;
                writeln!(streams.err, "error: {shown} cannot be written: {error}")?;
            }
        }
    }
    if outcome == Outcome::Compliant {
        write_next_steps(arguments, streams)?;
    }
    Ok(outcome)
}

/// The policy of this repository with another profile, naming the schema where it will be.
fn policy_text(has_schema: bool, profile: Profile) -> String {
    let body = match POLICY.split_once('\n') {
        Some((first, body)) if first.starts_with(NAMES_SCHEMA) => body,
        _ => POLICY,
    };
    let line = |profile: Profile| format!("\nprofile: {}\n", profile.as_str());
    let body = body.replacen(&line(Profile::Baseline), &line(profile), 1);
    if has_schema { format!("{NAMES_SCHEMA}{SCHEMA_NAME}\n{body}") } else { body }
}

/// Whether the file was written; what is there stays, unless it may be replaced.
fn write(path: &Path, file: &File) -> io::Result<bool> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).create_new(!file.may_replace);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        opened => opened?.write_all(file.text.as_bytes()).map(|()| true),
    }
}

fn write_next_steps(arguments: &Arguments, streams: &mut Streams) -> io::Result<()> {
    match &arguments.directory {
        Some(directory) => writeln!(streams.out, "\nNext, in {}:", directory.display())?,
        None => writeln!(streams.out, "\nNext:")?,
    }
    if arguments.with.iter().any(|with| *with != With::Schema) {
        writeln!(
            streams.out,
            "- write where your copy of ecs-guard is, in place of https://git.example/ecs-guard"
        )?;
    }
    writeln!(
        streams.out,
        "- set the level of each rule; `ecs-guard explain RULE` says what it is about\n\
         - `ecs-guard policy check` says whether the policy is right\n\
         - `ecs-guard check` judges the templates by it"
    )
}
