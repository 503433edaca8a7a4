//! `ecs-guard policy`: policy files.

use std::io::{self, Write};
use std::path::PathBuf;

use super::rules::write_table;
use super::{Outcome, PolicySource, Streams, find_policy, today};
use crate::output::policy_schema;
use crate::policy::vocabulary::{self, word_for};
use crate::policy::{Exception, Policy, Setting};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Check a policy file and show what it says
    ///
    /// Names every mistake with its place. A hook with a broken policy blocks everything, so check before deploying.
    Check {
        /// The policy file; without it, the one that the other commands would take
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of policy files, for editors
    ///
    /// Editors with a YAML language server complete and explain a policy whose first line is
    /// `# yaml-language-server: $schema=FILE`.
    Schema,
}

pub(super) fn run(command: Command, source: PolicySource, streams: &mut Streams) -> io::Result<Outcome> {
    match command {
        Command::Check { file } => check(file, source, streams),
        Command::Schema => {
            write!(streams.out, "{}", policy_schema::text())?;
            Ok(Outcome::Compliant)
        }
    }
}

fn check(file: Option<PathBuf>, source: PolicySource, streams: &mut Streams) -> io::Result<Outcome> {
    if file.is_some() && source.policy.is_some() {
        writeln!(streams.err, "error: the policy file is given twice, as FILE and as --policy")?;
        return Ok(Outcome::Failed);
    }
    let source = PolicySource { policy: file.or(source.policy), ..source };
    let Some((policy, path)) = find_policy(&source, streams)? else {
        return Ok(Outcome::Failed);
    };
    let path = path.map_or_else(|| "built-in".into(), |path| path.display().to_string());
    writeln!(streams.out, "{path}: no mistakes\n\nprofile: {}\n", policy.profile.as_str())?;
    write_table(&policy, streams)?;
    for Setting { rule, options, .. } in &policy.rules {
        for option in rule.metadata().options() {
            if let Some(value) = options.get(option) {
                writeln!(streams.out, "{}: {}: {}", rule.metadata().name, option.name, value.text())?;
            }
        }
    }
    let on_internal_error = word_for(vocabulary::ON_INTERNAL_ERROR, &policy.on_internal_error);
    let unresolved = policy.unresolved;
    writeln!(streams.out, "\non internal error: {on_internal_error}")?;
    writeln!(
        streams.out,
        "unresolved values: resource {}, stack {}",
        unresolved.resource.as_str(),
        unresolved.stack.as_str()
    )?;
    let stack_scope = word_for(vocabulary::STACK_SCOPES, &policy.stack_scope);
    writeln!(streams.out, "task definitions that block a stack: {stack_scope}")?;
    let parameters = word_for(vocabulary::CHANGE_SET_PARAMETERS, &policy.change_set_parameters);
    writeln!(streams.out, "parameters of change sets: {parameters}")?;
    write_exceptions(&policy, streams)?;
    writeln!(streams.out, "documentation: {}", policy.documentation_url.as_deref().unwrap_or("no links"))?;
    Ok(Outcome::Compliant)
}

/// Who is excused, until when, and who decides that.
fn write_exceptions(policy: &Policy, streams: &mut Streams) -> io::Result<()> {
    let today = today();
    for exception in &policy.exceptions {
        let Exception { rules, reason, owner, expires, line, .. } = exception;
        let until = match expires {
            Some(last) if exception.is_expired(today) => format!("expired, the last day was {last}"),
            Some(last) => format!("until {last}"),
            None => "for ever".to_owned(),
        };
        let owner = owner.as_ref().map(|owner| format!(", {owner}")).unwrap_or_default();
        let author = if exception.is_authors_own() {
            "; the author of a template decides whether it applies"
        } else {
            ""
        };
        let is_beside =
            |other: &&Exception| !std::ptr::eq(*other, exception) && exception.is_needless_beside(other);
        let needless = policy.exceptions.iter().find(is_beside).map_or_else(String::new, |other| {
            format!("; needless, for the exception in line {} excuses all of it", other.line)
        });
        let rules = rules.join(", ");
        writeln!(
            streams.out,
            "excepted in line {line}: {rules}, {until}{owner}: {reason}{author}{needless}"
        )?;
    }
    Ok(())
}
