//! Which accounts and Regions of AWS a command asks.
//!
//! Owns the options that say so. Must not know what is asked there.

use std::io::{self, Write};

use super::Streams;
use super::permissions::{self, Statement};
use crate::aws::session::{self, Session};

#[derive(Debug, clap::Args)]
pub(super) struct Account {
    /// A Region to look at; may be repeated; the one of the profile or the environment when there is none
    #[arg(long = "region", value_name = "NAME", value_parser = region)]
    regions: Vec<String>,

    /// A profile of AWS's configuration to look with; may be repeated; what the environment has when there is none
    #[arg(long = "aws-profile", value_name = "NAME")]
    profiles: Vec<String>,

    /// Print the IAM policy that this needs, which allows to read only, and ask AWS nothing
    #[arg(long)]
    print_iam_policy: bool,
}

impl Account {
    /// Prints the IAM policy with these statements, if that is all that is wanted.
    pub(super) fn prints_policy(
        &self,
        statements: &'static [Statement],
        streams: &mut Streams,
    ) -> io::Result<bool> {
        if self.print_iam_policy {
            write!(streams.out, "{}", permissions::policy(statements))?;
        }
        Ok(self.print_iam_policy)
    }

    /// A session for each profile and Region that there can be one for, and whether these are all; what is wrong with the
    /// others is said.
    pub(super) fn sessions(&self, streams: &mut Streams) -> io::Result<(Vec<Session>, bool)> {
        let (sessions, problems) = session::block_on(session::sessions(&self.profiles, &self.regions))?;
        for problem in &problems {
            writeln!(streams.err, "error: {problem}")?;
        }
        Ok((sessions, problems.is_empty()))
    }
}

/// The name of a Region, as far as its shape tells.
fn region(written: &str) -> Result<String, String> {
    let is_name = !written.is_empty()
        && written.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_name
        .then(|| written.to_owned())
        .ok_or_else(|| "that can be no Region; one is called `eu-west-1`, for example".into())
}

/// The aliases that `template.yaml` gives its hooks; the second is deployed only where it is wanted.
const ALIASES: [&str; 2] = ["EcsGuard::TaskDefinition::Hook", "EcsGuard::Stack::Hook"];

// Which hooks a command looks at, where, and how it tells of them. What explains it here must not explain the command.
#[derive(Debug, clap::Args)]
pub(super) struct Hooks {
    #[command(flatten)]
    pub(super) account: Account,

    /// The alias of a hook; may be repeated; those of template.yaml when there is none
    #[arg(long = "hook", value_name = "ALIAS")]
    aliases: Vec<String>,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Hooks {
    /// The hooks by their aliases, and whether it is a mistake when one is not there.
    pub(super) fn wanted(&self) -> Vec<(&str, bool)> {
        if self.aliases.is_empty() {
            return ALIASES.iter().enumerate().map(|(index, alias)| (*alias, index == 0)).collect();
        }
        self.aliases.iter().map(|alias| (alias.as_str(), true)).collect()
    }
}
