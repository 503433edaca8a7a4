//! `ecs-guard rules`: the catalogue.

use std::io::{self, Write};

use clap::ValueEnum;

use super::{Outcome, PolicySource, Streams, find_policy};
use crate::output;
use crate::policy::Policy;
use crate::rules;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A table of the rules under the policy, or the whole reference in Markdown
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Markdown,
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    match arguments.format {
        Format::Markdown => write!(streams.out, "{}", output::rules::reference())?,
        Format::Table => {
            let Some((policy, _)) = find_policy(source, streams)? else {
                return Ok(Outcome::Failed);
            };
            write_table(&policy, streams)?;
        }
    }
    Ok(Outcome::Compliant)
}

/// Every rule with its severity, the first profile that holds it, and the level a policy gives it.
pub(super) fn write_table(policy: &Policy, streams: &mut Streams) -> io::Result<()> {
    let width = rules::ALL.iter().map(|rule| rule.metadata().name.len()).max().unwrap_or_default();
    writeln!(streams.out, "{:width$}  {:8}  {:10}  {:6}  LEVEL", "RULE", "SEVERITY", "PROFILE", "FIX")?;
    for rule in rules::ALL.iter().map(|rule| rule.metadata()) {
        let setting = policy.rules.iter().find(|setting| setting.rule.metadata().name == rule.name);
        let level = setting.map_or("off", |setting| setting.level.as_str());
        let profile = if rule.required_option().is_some() { "none" } else { rule.profile.as_str() };
        let (severity, fix) = (rule.severity.as_str(), output::rules::fix(rule));
        writeln!(streams.out, "{:width$}  {severity:8}  {profile:10}  {fix:6}  {level}", rule.name)?;
    }
    Ok(())
}
