//! `ecs-guard results`: what the deployed hook said lately.
//!
//! Owns how many details are asked for at once. Must not know how they are counted or shown.

use std::io::{self, Write};

use aws_sdk_cloudformation::Client;
use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use super::account::Hooks;
use super::{Outcome, Streams, permissions};
use crate::aws::hooks::{self as api, Said};
use crate::aws::session;
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
    let (sessions, are_all) = hooks.account.sessions(streams)?;
    if sessions.is_empty() {
        return Ok(Outcome::Failed);
    }
    let since = Timestamp::now().as_second() - i64::from(arguments.days) * 24 * 60 * 60;
    let mut shown = Vec::new();
    let mut problems = Vec::new();
    for session in &sessions {
        for (alias, must_be_there) in hooks.wanted() {
            let place = session.place();
            let client = session.cloudformation();
            match session::block_on(look_back(&client, alias, since))? {
                Ok(Some(found)) => {
                    let of_hook = OfHook {
                        hook: alias.into(),
                        region: session.region.clone(),
                        profile: session.profile.clone(),
                        account: found.account,
                        summary: counted(found.invocations),
                    };
                    shown.push(of_hook);
                    problems.extend(
                        found.problems.into_iter().map(|problem| format!("{alias} in {place}: {problem}")),
                    );
                }
                Ok(None) if must_be_there => {
                    problems.push(format!(
                        "there is no hook {alias} in {place}: `ecs-guard status` says what to do"
                    ));
                }
                Ok(None) => {}
                Err(problem) => problems.push(format!("{alias} in {place}: {problem}")),
            }
        }
    }
    if hooks.json {
        write!(streams.out, "{}", output::json(&shown))?;
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
    let said = api::results(client, &hook, since).await?;
    let detailed = stream::iter(said).map(|Said { mut invocation, id }| async {
        let needs_details = matches!(invocation.ending, Ending::Failed | Ending::WithoutAnswer);
        let problem = match id.filter(|_| needs_details) {
            Some(id) => api::details(client, &id, &mut invocation).await.err(),
            None => None,
        };
        (invocation, problem)
    });
    let detailed: Vec<_> = detailed.buffered(AT_ONCE).collect().await;
    let (invocations, problems): (Vec<_>, Vec<_>) = detailed.into_iter().unzip();
    let mut problems: Vec<_> = problems.into_iter().flatten().collect();
    let without_details = problems.len();
    problems.dedup();
    for problem in &mut problems {
        *problem = format!("of {without_details} of its results the rules are not known: {problem}");
    }
    Ok(Some(Found { account: hook.account().map(str::to_owned), invocations, problems }))
}

fn counted(invocations: Vec<Invocation>) -> Summary {
    let mut summary = Summary::default();
    for invocation in invocations {
        summary.add(invocation);
    }
    summary
}
