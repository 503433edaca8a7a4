//! Which accounts and Regions of AWS a command asks.
//!
//! Owns the options that say so. Must not know what is asked there.

use std::collections::BTreeSet;
use std::io::{self, Write};

use futures_util::StreamExt;
use futures_util::stream;

use super::Streams;
use super::permissions::{self, Statement};
use crate::aws::session::{self, Patience, Session};
use crate::deployed::status::ALIASES;

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
    pub(super) fn sessions(
        &self,
        patience: Patience,
        streams: &mut Streams,
    ) -> io::Result<(Vec<Session>, bool)> {
        let once_each = |names: &[String]| {
            let mut known = BTreeSet::new();
            names.iter().filter(|name| known.insert(*name)).cloned().collect::<Vec<_>>()
        };
        let (profiles, regions) = (once_each(&self.profiles), once_each(&self.regions));
        let (sessions, problems) = session::block_on(session::sessions(&profiles, &regions, patience))?;
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

/// What came of looking at one hook.
pub(super) struct Looked<'h, T> {
    pub(super) session: &'h Session,
    pub(super) alias: &'h str,
    /// Whether it is a mistake when it is not there.
    pub(super) must_be_there: bool,
    pub(super) found: T,
}

/// How many hooks are looked at at once.
const AT_ONCE: usize = 8;

impl Hooks {
    /// Looks at every hook that is wanted in every session, several at once, and gives what came of each in their order.
    pub(super) fn look<'h, T>(
        &'h self,
        sessions: &'h [Session],
        look: impl AsyncFn(&'h Session, &'h str) -> T,
    ) -> io::Result<Vec<Looked<'h, T>>> {
        let wanted = self.wanted();
        let all = sessions.iter().flat_map(|session| wanted.iter().map(move |wanted| (session, *wanted)));
        let look = &look;
        let looked = stream::iter(all).map(|(session, (alias, must_be_there))| async move {
            Looked { session, alias, must_be_there, found: look(session, alias).await }
        });
        session::block_on(looked.buffered(AT_ONCE).collect())
    }

    /// Says that a hook is not there.
    pub(super) fn absent(&self, alias: &str, place: &str) -> String {
        let help = if self.aliases.is_empty() {
            "`ecs-guard status` says what to do"
        } else {
            "the name is the hook's alias, with two `::` in it as EcsGuard::TaskDefinition::Hook has"
        };
        format!("there is no hook {alias} in {place}: {help}")
    }

    /// The hooks by their aliases, and whether it is a mistake when one is not there.
    fn wanted(&self) -> Vec<(&str, bool)> {
        if self.aliases.is_empty() {
            return ALIASES.iter().enumerate().map(|(index, alias)| (*alias, index == 0)).collect();
        }
        self.aliases.iter().map(|alias| (alias.as_str(), true)).collect()
    }
}
