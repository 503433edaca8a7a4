//! Getting stacks from AWS into the state, a bounded number at once.
//!
//! Owns which calls a stack needs. Must not know how results are judged.

use std::collections::BTreeMap;
use std::num::NonZero;

use aws_sdk_cloudformation::Client;
use futures_util::StreamExt;
use futures_util::stream;

use super::state::{Fetched, State};
use crate::aws::account::{self, Deployment, Stack};
use crate::aws::session::Session;
use crate::check::could_concern;
use crate::cli::check::progress::{Progress, Work};

/// The stacks of one Region, or why there are none to see.
pub(super) struct Listing {
    pub(super) region: String,
    pub(super) client: Client,
    pub(super) stacks: Result<Vec<Stack>, String>,
}

/// Lists the stacks of every session, one after the other.
pub(super) async fn list(sessions: &[Session]) -> Vec<Listing> {
    let mut listings = Vec::new();
    for session in sessions {
        let client = session.cloudformation();
        let stacks = account::list(&client).await;
        listings.push(Listing { region: session.region.clone(), client, stacks });
    }
    listings
}

/// A stack, and whom to ask about it.
pub(super) struct Wanted<'a> {
    pub(super) stack: &'a Stack,
    pub(super) client: &'a Client,
}

/// What could not be fetched and why, by the stack's ARN; and which stacks are gone.
#[derive(Debug, Default)]
pub(super) struct Missing {
    pub(super) problems: BTreeMap<String, String>,
    pub(super) gone: Vec<String>,
}

/// Fetches every stack that the state does not have, and keeps it there.
pub(super) async fn fetch(
    wanted: &[Wanted<'_>],
    state: &State,
    at_once: NonZero<usize>,
    shows_progress: bool,
) -> Missing {
    let wanted: Vec<_> = wanted.iter().filter(|wanted| state.read(wanted.stack).is_none()).collect();
    let progress = Progress::new(Work::Fetching, wanted.len(), shows_progress);
    let fetched = stream::iter(wanted).map(|wanted| async {
        let result = fetch_one(wanted, state).await;
        progress.as_ref().inspect(|progress| progress.advance());
        (wanted.stack, result)
    });
    let mut missing = Missing::default();
    let mut fetched = fetched.buffer_unordered(at_once.get());
    while let Some((stack, result)) = fetched.next().await {
        match result {
            Ok(true) => {}
            Ok(false) => missing.gone.push(stack.id.clone()),
            Err(problem) => {
                missing.problems.insert(stack.id.clone(), problem);
            }
        }
    }
    missing
}

/// Fetches one stack, and answers whether it is still there.
async fn fetch_one(wanted: &Wanted<'_>, state: &State) -> Result<bool, String> {
    let Wanted { stack, client } = wanted;
    let Some(template) = account::template(client, stack).await? else { return Ok(false) };
    let template: Option<(String, Deployment)> = if could_concern(&template) {
        let Some(deployment) = account::describe(client, stack).await? else { return Ok(false) };
        Some((template, deployment))
    } else {
        None
    };
    let kept = state.write(stack, Fetched { template });
    kept.map(|()| true).map_err(|error| format!("what was fetched cannot be kept: {error}"))
}
