//! As whom AWS is asked, and where: profiles and Regions of the person who runs the command.
//!
//! Owns a session for each, and the SDK's retries. Must not know what is asked, nor where credentials come from.

use std::io;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_cloudformation::config::retry::{RetryPartition, TokenBucket};

use super::{credentials, http};

/// How long somebody waits for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as it takes: CloudFormation refuses what comes too fast, and a long audit must not end with that.
    Long,
    /// A person waits, and few calls are made.
    Short,
}

impl Patience {
    /// How often one call is tried, with longer and longer waits between, up to 20 seconds.
    fn attempts(self) -> u32 {
        match self {
            Self::Long => 10,
            Self::Short => 4,
        }
    }

    /// How long one call may take, with all tries and waits.
    fn of_call(self) -> Duration {
        match self {
            Self::Long => Duration::from_mins(10),
            Self::Short => Duration::from_mins(1),
        }
    }
}

/// How long to wait for a connection, and then for an answer, the largest of which is a template of 1 MB.
const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(20);

/// The SDK's configuration for one profile and one Region.
#[derive(Debug, Clone)]
pub struct Session {
    /// The Region's name.
    pub region: String,
    /// The profile's name; `None`: what the environment has.
    pub profile: Option<String>,
    /// The account's number, if the credentials tell it.
    pub account: Option<String>,
    config: SdkConfig,
}

impl Session {
    /// Where this is, as a part of a sentence: `eu-west-1`, or `eu-west-1 with profile one`.
    pub fn place(&self) -> String {
        match &self.profile {
            None => self.region.clone(),
            Some(profile) => format!("{} with profile {profile}", self.region),
        }
    }

    /// A client of CloudFormation.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        // How many retries there may be at all is bounded by those of each call. The SDK's own bound is made for a server
        // that would rather fail than wait.
        let patient = RetryPartition::custom("ecs-guard").token_bucket(TokenBucket::unlimited()).build();
        let config =
            aws_sdk_cloudformation::config::Builder::from(&self.config).retry_partition(patient).build();
        aws_sdk_cloudformation::Client::from_conf(config)
    }

    /// A client of Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }
}

/// Does what awaits AWS's answers.
///
/// # Errors
/// The operating system refuses what an event loop needs.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

/// A session for every Region with every profile, in their order; without Regions, the one that the profile or the
/// environment names, and without profiles, what the environment has.
/// Also one line for each profile that has no credentials or no Region, and so no session.
pub async fn sessions(
    profiles: &[String],
    regions: &[String],
    patience: Patience,
) -> (Vec<Session>, Vec<String>) {
    let client = http::client(http::Proxy::try_from_env());
    let profiles: Vec<_> = if profiles.is_empty() { vec![None] } else { profiles.iter().map(Some).collect() };
    let (mut sessions, mut problems) = (Vec::new(), Vec::new());
    for profile in profiles {
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).no_credentials();
        let mut loader = loader.http_client(client.clone());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let times = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ);
        let times = times.operation_timeout(patience.of_call()).build();
        let config = loader.timeout_config(times).load().await;
        let config = with_retries(&config, patience);
        let whose =
            profile.map_or_else(|| "the environment".to_owned(), |profile| format!("profile {profile}"));
        let own = config.region().map(ToString::to_string).filter(|region| !region.is_empty());
        // Where a role is assumed when the profile does not say.
        let first = own.as_ref().or(regions.first()).cloned().map(Region::new);
        let profile_name = profile.map(String::as_str);
        let source = credentials::source(profile_name, &config, client.clone(), first).await;
        let credentials = match source.provide_credentials().await {
            Ok(credentials) => credentials,
            Err(error) => {
                let problem = credentials::problem(profile_name, &error);
                problems.push(format!("there are no credentials from {whose}: {problem}"));
                continue;
            }
        };
        let account = credentials.account_id().map(|account| account.as_str().to_owned());
        let regions: Vec<_> = if regions.is_empty() { own.into_iter().collect() } else { regions.to_vec() };
        if regions.is_empty() {
            problems.push(format!("no Region comes from {whose}: give one with --region"));
        }
        sessions.extend(regions.into_iter().map(|region| {
            let asked = credentials::Asked::new(source.clone(), credentials.clone());
            let config = config
                .to_builder()
                .region(Region::new(region.clone()))
                .credentials_provider(SharedCredentialsProvider::new(asked))
                .identity_cache(IdentityCache::lazy().build())
                .build();
            Session { region, profile: profile.cloned(), account: account.clone(), config }
        }));
    }
    (sessions, problems)
}

/// Retries for as long as AWS may refuse a call that comes too fast, unless a person's own settings are other than the SDK's default.
fn with_retries(config: &SdkConfig, patience: Patience) -> SdkConfig {
    let is_default = config.retry_config().is_none_or(|own| *own == RetryConfig::standard());
    if !is_default {
        return config.clone();
    }
    config.to_builder().retry_config(RetryConfig::standard().with_max_attempts(patience.attempts())).build()
}
