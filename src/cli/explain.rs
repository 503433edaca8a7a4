//! `ecs-guard explain`: one rule.

use std::io::{self, Write};

use super::{Outcome, Streams};
use crate::output;
use crate::policy::did_you_mean;
use crate::rules;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's name, as answers and `ecs-guard rules` give it
    rule: String,
}

pub(super) fn run(arguments: &Arguments, streams: &mut Streams) -> io::Result<Outcome> {
    if let Some(rule) = rules::ALL.iter().find(|rule| rule.metadata().name == arguments.rule) {
        write!(streams.out, "{}", output::rules::explanation(*rule))?;
        return Ok(Outcome::Compliant);
    }
    let names = rules::ALL.iter().map(|rule| rule.metadata().name);
    let help = did_you_mean(&arguments.rule, names).unwrap_or_else(|| "`ecs-guard rules` lists them".into());
    writeln!(streams.err, "error: there is no rule `{}`; {help}", arguments.rule)?;
    Ok(Outcome::Failed)
}
