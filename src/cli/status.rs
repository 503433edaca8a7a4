//! `ecs-guard status`: whether the deployed hook is as it should be.
//!
//! Owns the order in which it is looked at, and the comparison of policies. Must not know what is wrong with a hook.

use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::account::{Hooks, Looked};
use super::{Outcome, PolicySource, Streams, permissions, policy_path};
use crate::aws::session::{Patience, Session};
use crate::aws::{function, hooks as api};
use crate::deployed::status::{self, Configuration, Hook, Place, Policy, absent, notes, problems};
use crate::document::on_one_line;
use crate::output::status::{self as output, OfHook};
use crate::policy::read_with;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    hooks: Hooks,
}

pub(super) fn run(
    arguments: &Arguments,
    source: &PolicySource,
    streams: &mut Streams,
) -> io::Result<Outcome> {
    let hooks = &arguments.hooks;
    if hooks.account.prints_policy(permissions::STATUS, streams)? {
        return Ok(Outcome::Compliant);
    }
    let local = match policy_path(source).map(|path| (std::fs::read(&path), path)) {
        None => None,
        Some((Ok(policy), _)) => Some(policy),
        Some((Err(error), path)) => {
            writeln!(streams.err, "error: {} cannot be read: {error}", path.display())?;
            return Ok(Outcome::Failed);
        }
    };
    if source.profile.is_some() {
        let mistake =
            "--profile says nothing here: the deployed policy is compared with a file, which --policy names";
        return streams.fail([mistake.to_owned()]);
    }
    let (sessions, are_all) = hooks.account.sessions(Patience::Short, streams)?;
    if sessions.is_empty() {
        return Ok(Outcome::Failed);
    }
    let mut seen = Vec::new();
    let mut failures = Vec::new();
    let looked =
        hooks.look(&sessions, async |session, alias| look(session, alias, local.as_deref()).await)?;
    for Looked { session, alias, must_be_there, found } in looked {
        let told = |problem: &String| format!("{alias} in {}: {problem}", session.place());
        match found {
            Ok((None, _)) if !must_be_there => {}
            Ok((hook, open)) => {
                failures.extend(open.iter().map(told));
                let (region, profile) = (session.region.clone(), session.profile.clone());
                let place = Place { alias, region: &region, profile: profile.as_deref() };
                let problems =
                    hook.as_ref().map_or_else(|| vec![absent(alias)], |hook| problems(hook, place));
                let notes = hook.as_ref().map(notes).unwrap_or_default();
                let is_all_seen = open.is_empty();
                seen.push(OfHook {
                    alias: alias.into(),
                    region,
                    profile,
                    hook,
                    problems,
                    notes,
                    is_all_seen,
                });
            }
            Err(problem) => failures.push(told(&problem)),
        }
    }
    let text = if hooks.json { output::json(&seen, &failures) } else { output::text(&seen) };
    write!(streams.out, "{text}")?;
    streams.out.flush()?;
    for failure in &failures {
        writeln!(streams.err, "error: {}", on_one_line(failure))?;
    }
    let has_problems = seen.iter().any(|of_hook| !of_hook.problems.is_empty());
    Ok(match (are_all && failures.is_empty(), has_problems) {
        (false, _) => Outcome::Failed,
        (true, true) => Outcome::NonCompliant,
        (true, false) => Outcome::Compliant,
    })
}

/// Looks at a hook, and answers also what could not be seen of it.
///
/// # Errors
/// Why nothing of it could be seen.
async fn look(
    session: &Session,
    alias: &str,
    local: Option<&[u8]>,
) -> Result<(Option<Hook>, Vec<String>), String> {
    let client = session.cloudformation();
    let Some(found) = api::describe(&client, alias).await? else { return Ok((None, Vec::new())) };
    let written = api::configuration(&client, alias).await?;
    let configuration = written.as_deref().and_then(Configuration::read);
    let mut open = Vec::new();
    let mut looked = status::Looked::Unknown;
    let mut policy = Policy::Unknown("there is no function to look into".into());
    if let Some(arn) = configuration.as_ref().and_then(|configuration| configuration.function.as_deref()) {
        match function::get(&session.lambda(), arn).await {
            Ok(Some(deployed)) => {
                looked = status::Looked::Seen(deployed.function.clone());
                match function::policy(deployed).await {
                    Ok(Some(deployed)) => policy = compared(&deployed, local),
                    Ok(None) => policy = Policy::Absent,
                    Err(reason) => {
                        open.push(format!("the deployed policy is not known: {reason}"));
                        policy = Policy::Unknown(reason);
                    }
                }
            }
            Ok(None) => looked = status::Looked::Absent,
            Err(reason) => {
                open.push(format!("the function is not known: {reason}"));
                policy = Policy::Unknown("the function could not be looked at".into());
            }
        }
    }
    let account = found.account().map(str::to_owned);
    Ok((Some(Hook { account, version: found.version, configuration, function: looked, policy }), open))
}

/// Compares the policy that is deployed with the one at hand. One that the function cannot read is no policy.
fn compared(deployed: &[u8], local: Option<&[u8]>) -> Policy {
    let problem = match std::str::from_utf8(deployed) {
        Err(_) => Some("it is not UTF-8".to_owned()),
        Ok(text) => {
            read_with(text, None).err().map(|problems| on_one_line(&problems.to_string()).into_owned())
        }
    };
    match (problem, local) {
        (Some(problem), _) => Policy::Broken { deployed: hash(deployed), problem },
        (None, None) => Policy::Unknown("there is no policy file here".into()),
        (None, Some(local)) if local == deployed => Policy::Same(hash(deployed)),
        (None, Some(local)) => Policy::Different { deployed: hash(deployed), local: hash(local) },
    }
}

/// The SHA-256 of a file, as other tools print it.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
