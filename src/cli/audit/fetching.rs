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

/// How many sessions are listed at once; each has limits of its own.
const LISTED_AT_ONCE: usize = 8;

/// Lists the stacks of every session, in the order of the sessions.
pub(super) async fn list(sessions: &[Session], shows_progress: bool) -> Vec<Listing> {
    let progress = Progress::new(Work::Listing, sessions.len(), shows_progress);
    let listings = stream::iter(sessions).map(|session| async {
        let client = session.cloudformation();
        let went_on = |stacks| _ = progress.as_ref().inspect(|progress| progress.list(stacks));
        let mut listed = account::list(&client, went_on).await;
        listed.account = listed.account.or_else(|| session.account.clone());
        let asker = Asker { client, profile: session.profile.clone() };
        progress.as_ref().inspect(|progress| progress.advance());
        Listing { region: session.region.clone(), asker, listed }
    });
    let mut listings: Vec<_> = listings.buffered(LISTED_AT_ONCE).collect().await;
    name_accounts(&mut listings);
    listings
}

/// Names the account of a Region without stacks where another Region tells it: a profile's credentials are one account's.
fn name_accounts(listings: &mut [Listing]) {
    let known: BTreeMap<_, _> = listings
        .iter()
        .filter_map(|listing| Some((listing.asker.profile.clone(), listing.listed.account.clone()?)))
        .collect();
    for Listing { asker, listed, .. } in listings {
        listed.account = listed.account.take().or_else(|| known.get(&asker.profile).cloned());
    }
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

/// How often a stack is fetched that changes meanwhile.
const MOST_TRIES: usize = 3;

async fn fetch_with(client: &Client, stack: &Stack, state: &State) -> Result<bool, String> {
    let mut seen = stack.clone();
    for _ in 0..MOST_TRIES {
        let Some(template) = account::template(client, stack).await? else { return Ok(false) };
        let template: Option<(String, Deployment)> = if could_concern(&template) {
            let Some((deployment, now)) = account::describe(client, stack).await? else { return Ok(false) };
            if now != seen {
                // The template may be of the stack before, and the parameters of the one after.
                seen = now;
                continue;
            }
            Some((template, deployment))
        } else {
            None
        };
        let kept = state.write(stack, Fetched { template });
        return kept.map(|()| true).map_err(|error| format!("what was fetched cannot be kept: {error}"));
    }
    Err("it changes while it is read: audit again".into())
}
