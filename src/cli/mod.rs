//! The command `ecs-guard`.
//!
//! Owns arguments, exit codes and the streams. Must not judge anything: each subcommand asks the library and
//! hands the answer to [`crate::output`].

mod account;
mod audit;
mod check;
mod explain;
mod init;
mod invoke;
mod permissions;
mod policy;
mod results;
mod rules;
mod status;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::output::policy_error;
use crate::policy::Policy;
use crate::policy_file;
use crate::rule::Profile;

const EXAMPLES: &str = "\
Examples:
  ecs-guard check                   Are the templates in this directory right?
  ecs-guard invoke event.json       What would the hook answer to this event?
  ecs-guard explain root-user       Why is this bad, and what to write instead?
  ecs-guard policy check            Is the policy file right, and what does it say?
  ecs-guard init                    How do I begin?

The policy is taken from --policy, else from $ECS_GUARD_POLICY, else from ecs-guard.yaml in this
directory or one above it, up to the root of the repository; without any, the baseline rules deny.

Exit codes: 0 compliant, 1 not compliant, 2 usage error, broken policy, or something that cannot be judged.";

/// Judges ECS task definitions as the ecs-guard hook does, before they are deployed.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    source: PolicySource,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", display_order = 102)]
    color: Colour,
}

/// Where the policy comes from.
#[derive(Debug, clap::Args)]
struct PolicySource {
    // The order keeps what every command has behind a command's own options.
    /// The policy file
    #[arg(long, global = true, value_name = "FILE", display_order = 100)]
    policy: Option<PathBuf>,

    /// The profile, in place of the one that the policy file names
    #[arg(long, global = true, value_name = "NAME", value_parser = profile_by_name(), display_order = 101)]
    profile: Option<Profile>,
}

fn profile_by_name() -> impl TypedValueParser<Value = Profile> {
    let names = PossibleValuesParser::new(Profile::ALL.iter().map(|profile| profile.as_str()));
    names.try_map(|name| Profile::by_name(&name).ok_or("no such profile"))
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

// Of eleven subcommands ten are not asked for, and what they take need not be put together.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Check templates and task definitions in files, before they are deployed
    ///
    /// Searches directories for CloudFormation templates and ECS task definitions in YAML and JSON, told by what they
    /// hold; .gitignore and .ignore are respected, and a directory that is named is looked into although they ignore it.
    /// Exits with 0 when nothing fails, 1 when something does, and 2 on a usage error, a broken policy, or when a file
    /// could not be read or written; what was found is printed also then.
    Check(check::Arguments),
    /// Judge the stacks that are deployed: what would the hook block?
    ///
    /// Reads the account's stacks, judges their task definitions with the values of their parameters, and reports what a
    /// hook in failure mode FAIL would block, by rule and by stack. Changes nothing in the account. Exits as `check` does.
    Audit(audit::Arguments),
    /// Show what the deployed hook said lately, by rule and target
    ///
    /// Exits with 0 when nothing failed, 1 when something did, and 2 when results could not be read.
    Results(results::Arguments),
    /// Say whether the deployed hook is as it should be, and what to do if not
    ///
    /// Looks at the hook, its function and the function's policy. Exits with 0 when nothing is wrong, 1 when something is,
    /// and 2 when that could not be told.
    Status(status::Arguments),
    /// Answer hook events from files, as the Lambda function would
    ///
    /// Prints the message that CloudFormation shows, and the violated rules that the AWS CDK prints. Exits with 0 when every event is answered with SUCCESS,
    /// 1 when one is NonCompliant, 2 when one could not be judged; the worst counts.
    Invoke(invoke::Arguments),
    /// List the rules, with the level the policy gives them
    Rules(rules::Arguments),
    /// Explain a rule: what it does, why, how to fix it, its options
    Explain(explain::Arguments),
    /// Work with policy files
    #[command(subcommand)]
    Policy(policy::Command),
    /// Write a commented policy to begin with, and what a pipeline needs
    ///
    /// What is there already stays as it is. Exits with 2 when a file that is asked for could not be written; the others
    /// are written all the same.
    Init(init::Arguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How a command ended, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Compliant,
    NonCompliant,
    Failed,
}

/// Where commands write, colours taken out where they do not belong.
struct Streams {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    colour: anstream::ColorChoice,
}

impl Streams {
    /// Says what is wrong, an error each, and ends with that.
    fn fail(&mut self, mistakes: impl IntoIterator<Item = String>) -> io::Result<Outcome> {
        for mistake in mistakes {
            writeln!(self.err, "error: {mistake}")?;
        }
        Ok(Outcome::Failed)
    }
}

/// Standard error, colours taken out where they do not belong.
fn standard_error(colour: anstream::ColorChoice) -> Box<dyn Write> {
    Box::new(UntilClosed::new(anstream::AutoStream::new(io::stderr(), colour)))
}

/// Standard output with every byte as it is.
fn raw_standard_output() -> Box<dyn Write> {
    Box::new(UntilClosed::new(BufWriter::new(io::stdout())))
}

/// A stream that goes on when its reader has read enough, as `head` does: the verdict must not depend on how much of
/// it somebody read.
struct UntilClosed<W> {
    stream: W,
    is_closed: bool,
}

impl<W> UntilClosed<W> {
    fn new(stream: W) -> Self {
        Self { stream, is_closed: false }
    }

    fn unless_closed<T>(&mut self, otherwise: T, act: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.is_closed {
            return Ok(otherwise);
        }
        match act(&mut self.stream) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

/// A stream that says nothing of what cannot be written. What is about a run must not stop it.
struct AsFarAsPossible<W>(W);

impl<W: Write> Write for AsFarAsPossible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Does what the command line asks for.
pub fn run(arguments: Arguments) -> ExitCode {
    let choice = match arguments.color {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    };
    let out: Box<dyn Write> = match &arguments.command {
        // Long texts are not written line by line; `check` itself flushes before it writes elsewhere.
        Command::Check(_) | Command::Audit(_) => Box::new(BufWriter::new(io::stdout())),
        _ => Box::new(io::stdout()),
    };
    let choice_for_out = match choice {
        anstream::ColorChoice::Auto => anstream::AutoStream::choice(&io::stdout()),
        chosen => chosen,
    };
    let mut streams = Streams {
        out: Box::new(UntilClosed::new(anstream::AutoStream::new(out, choice_for_out))),
        err: Box::new(AsFarAsPossible(standard_error(choice))),
        colour: choice,
    };
    let source = arguments.source;
    let ended = match arguments.command {
        Command::Check(arguments) => check::run(&arguments, &source, &mut streams),
        Command::Audit(arguments) => audit::run(&arguments, &source, &mut streams),
        Command::Results(arguments) => results::run(&arguments, &mut streams),
        Command::Status(arguments) => status::run(&arguments, &source, &mut streams),
        Command::Invoke(arguments) => invoke::run(&arguments, &source, &mut streams),
        Command::Rules(arguments) => rules::run(&arguments, &source, &mut streams),
        Command::Explain(arguments) => explain::run(&arguments, &mut streams),
        Command::Policy(command) => policy::run(command, source, &mut streams),
        Command::Init(arguments) => init::run(&arguments, &source, &mut streams),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "ecs-guard", &mut streams.out);
            Ok(Outcome::Compliant)
        }
    };
    match ended.and_then(|outcome| streams.out.flush().map(|()| outcome)) {
        Ok(Outcome::Compliant) => ExitCode::SUCCESS,
        Ok(Outcome::NonCompliant) => ExitCode::from(1),
        Ok(Outcome::Failed) => ExitCode::from(2),
        Err(error) => {
            // Nothing is left to do if this cannot be written either.
            let _ = writeln!(streams.err, "error: cannot write: {error}");
            ExitCode::from(2)
        }
    }
}

/// The day in UTC, by this machine's clock.
fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}

/// Where the policy in force is, if it is in a file.
fn policy_path(source: &PolicySource) -> Option<PathBuf> {
    let directory = std::env::current_dir().unwrap_or_else(|_| Path::new(".").to_owned());
    policy_file::above(&directory, source.policy.clone(), std::env::var_os(policy_file::VARIABLE))
}

/// The policy in force, with its file; a broken one is shown and yields nothing.
fn find_policy(
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Option<(Policy, Option<PathBuf>)>> {
    let Some(path) = policy_path(source) else {
        let policy = Policy::of(source.profile.unwrap_or(Profile::Baseline));
        let (file, profile) = (policy_file::FILE_NAME, policy.profile.as_str());
        writeln!(streams.err, "note: no {file} found, so the built-in profile {profile} applies")?;
        return Ok(Some((policy, None)));
    };
    Ok(match policy_file::load(&path, source.profile) {
        Ok(policy) => Some((policy, Some(path))),
        Err(error) => {
            write!(streams.err, "{}", policy_error::render(&error))?;
            None
        }
    })
}
