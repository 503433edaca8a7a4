//! `ecs-guard results`: what the deployed hook said lately.
//!
//! Owns how many details are asked for at once. Must not know how they are counted or shown.

use std::io::{self, Write};

use aws_sdk_cloudformation::Client;
use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use super::account::{Hooks, Looked};
use super::{Outcome, Streams, permissions};
use crate::aws::hooks::{self as api, Said};
use crate::aws::session::Patience;
use crate::deployed::results::{Ending, Invocation, RUNNING, Summary};
use crate::document::on_one_line;
use crate::output::results::{self as output, OfHook};

/// How many details are asked for at once.
const AT_ONCE: usize = 8;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    hooks: Hooks,

    /// How far to look back; CloudFormation's console keeps 90 days
    #[arg(long, value_name = "DAYS", default_value = "30")]
    days: u16,
}

pub(super) fn run(arguments: &Arguments, streams: &mut Streams) -> io::Result<Outcome> {
    let hooks = &arguments.hooks;
    if hooks.account.prints_policy(permissions::RESULTS, streams)? {
        return Ok(Outcome::Compliant);
    }
    let (sessions, are_all) = hooks.account.sessions(Patience::Short, streams)?;
    if sessions.is_empty() {
        return Ok(Outcome::Failed);
    }
    let since = Timestamp::now().as_second() - i64::from(arguments.days) * 24 * 60 * 60;
    let (mut shown, mut problems) = (Vec::new(), Vec::new());
    let looked = hooks
        .look(&sessions, async |session, alias| look_back(&session.cloudformation(), alias, since).await)?;
    for Looked { session, alias, must_be_there, found } in looked {
        let place = session.place();
        match found {
            Ok(Some(found)) => {
                shown.push(OfHook {
                    hook: alias.into(),
                    region: session.region.clone(),
                    profile: session.profile.clone(),
                    account: found.account,
                    summary: counted(found.invocations),
                });
                let told = |problem| format!("{alias} in {place}: {problem}");
                problems.extend(found.problems.into_iter().map(told));
            }
            Ok(None) if must_be_there => problems.push(hooks.absent(alias, &place)),
            Ok(None) => {}
            Err(problem) => problems.push(format!("{alias} in {place}: {problem}")),
        }
    }
    if hooks.json {
        write!(streams.out, "{}", output::json(&shown, &problems))?;
    } else {
        write!(streams.out, "{}", output::text(&shown))?;
    }
    streams.out.flush()?;
    for problem in &problems {
        writeln!(streams.err, "error: {}", on_one_line(problem))?;
    }
    // An ending that nobody knows is no evidence that something passed.
    let has_more =
        |summary: &Summary| !summary.stopped.is_empty() || summary.others.keys().any(|word| word != RUNNING);
    let has_stopped = shown.iter().any(|of_hook| has_more(&of_hook.summary));
    Ok(match (are_all && problems.is_empty(), has_stopped) {
        (false, _) => Outcome::Failed,
        (true, true) => Outcome::NonCompliant,
        (true, false) => Outcome::Compliant,
    })
}

/// What a hook said, and what could not be read of that.
struct Found {
    account: Option<String>,
    invocations: Vec<Invocation>,
    problems: Vec<String>,
}

async fn look_back(client: &Client, alias: &str, since: i64) -> Result<Option<Found>, String> {
    let Some(hook) = api::describe(client, alias).await? else { return Ok(None) };
    let (said, incomplete) = api::results(client, &hook, since).await;
    let incomplete = match incomplete {
        Some(problem) if said.is_empty() => return Err(problem),
        problem => problem.map(|problem| format!("not all of its results could be listed: {problem}")),
    };
    let detailed = stream::iter(said).map(|Said { mut invocation, id }| async {
        let problem = match (&invocation.ending, id) {
            (Ending::Failed | Ending::WithoutAnswer, Some(id)) => {
                api::details(client, &id, &mut invocation).await.err()
            }
            _ => None,
        };
        (invocation, problem)
    });
    let detailed: Vec<_> = detailed.buffered(AT_ONCE).collect().await;
    let (invocations, problems): (Vec<_>, Vec<_>) = detailed.into_iter().unzip();
    let mut problems: Vec<_> = problems.into_iter().flatten().collect();
    let without_details = problems.len();
    problems.sort_unstable();
    problems.dedup();
    for problem in &mut problems {
        *problem = format!("of {without_details} of its results the rules are not known: {problem}");
    }
    problems.extend(incomplete);
    Ok(Some(Found { account: hook.account().map(str::to_owned), invocations, problems }))
}

fn counted(invocations: Vec<Invocation>) -> Summary {
    let mut summary = Summary::default();
    for invocation in invocations {
        summary.add(invocation);
    }
    summary
}
