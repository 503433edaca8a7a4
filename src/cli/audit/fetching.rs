//! Getting stacks from AWS into the state, a bounded number at once.
//!
//! Owns which calls a stack needs. Must not know how results are judged.

use std::collections::BTreeMap;
use std::num::NonZero;

use aws_sdk_cloudformation::Client;
use futures_util::StreamExt;
use futures_util::stream;

use super::state::{Fetched, State};
use crate::aws::account::{self, Deployment, Listed, Stack};
use crate::aws::session::Session;
use crate::check::could_concern;
use crate::cli::check::progress::{Progress, Work};

/// Who asks, and by which profile.
pub(super) struct Asker {
    client: Client,
    profile: Option<String>,
}

impl Asker {
    /// The profile, as the end of a part of a sentence; nothing where none is named.
    pub(super) fn whose(&self) -> String {
        self.profile.as_ref().map(|profile| format!(" with profile {profile}")).unwrap_or_default()
    }
}

/// The stacks of one Region, as far as they can be seen.
pub(super) struct Listing {
    pub(super) region: String,
    pub(super) asker: Asker,
    pub(super) listed: Listed,
}

impl Listing {
    /// `ACCOUNT/REGION`, where the account is known.
    pub(super) fn place(&self) -> Option<String> {
        Some(format!("{}/{}", self.listed.account.as_deref()?, self.region))
    }
}

/// Lists the stacks of every session, one after the other.
pub(super) async fn list(sessions: &[Session]) -> Vec<Listing> {
    let mut listings = Vec::new();
    for session in sessions {
        let client = session.cloudformation();
        let mut listed = account::list(&client).await;
        listed.account = listed.account.or_else(|| session.account.clone());
        let asker = Asker { client, profile: session.profile.clone() };
        listings.push(Listing { region: session.region.clone(), asker, listed });
    }
    listings
}

/// A stack, and who may ask about it, one after the other.
pub(super) struct Wanted<'a> {
    pub(super) stack: &'a Stack,
    pub(super) askers: Vec<&'a Asker>,
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

/// Fetches one stack with the first who may, and answers whether it is still there.
async fn fetch_one(wanted: &Wanted<'_>, state: &State) -> Result<bool, String> {
    let mut problems = Vec::new();
    for asker in &wanted.askers {
        match fetch_with(&asker.client, wanted.stack, state).await {
            Ok(is_there) => return Ok(is_there),
            Err(problem) => problems.push(match &asker.profile {
                None => problem,
                Some(profile) => format!("with profile {profile}, {problem}"),
            }),
        }
    }
    Err(problems.join("; "))
}

async fn fetch_with(client: &Client, stack: &Stack, state: &State) -> Result<bool, String> {
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
