//! What the function asks CloudFormation about one stack or change set, answered in time or not at all.
//!
//! Owns the calls, what of their answers is believed, and how long they may take. Must not know what depends on an
//! answer, nor where credentials come from.
//!
//! A client is built for each question and kept for none: most events have no question.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::thread;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::config::timeout::TimeoutConfig;
use aws_sdk_cloudformation::config::{
    BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::Tag;

use super::{failure, http, parameters};
use crate::https;
use crate::template::Given;

/// For tests only: the variable that names the server to ask in CloudFormation's place, as `http://127.0.0.1:PORT`. An
/// empty one counts as not set.
pub const TEST_ENDPOINT: &str = "ECS_GUARD_TEST_CLOUDFORMATION_ENDPOINT";

/// How long a question may take, second and third tries included. An event has at most one, after at most six seconds
/// for its payload; the function has ten for all of it (`template.yaml`).
pub const BUDGET: Duration = Duration::from_millis(2500);

/// How often a question is put. Other than a lost packet or too many calls at one time, nothing passes so quickly.
const TRIES: u32 = 3;

/// Who asks, and where.
#[derive(Debug, Clone)]
pub struct Access {
    /// The Region, such as `eu-west-1`.
    pub region: String,
    /// The credentials.
    pub credentials: Credentials,
    /// The tests' own server.
    pub test_endpoint: Option<String>,
}

impl Access {
    /// Who the function is, by the variables that Lambda sets
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).
    ///
    /// # Errors
    /// What is missing or wrong, as a part of a sentence.
    pub fn of_function(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let find = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |name: &str| find(name).ok_or_else(|| format!("the function's `{name}` is not set"));
        let region = required("AWS_REGION")?;
        let (id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(id, secret, find("AWS_SESSION_TOKEN"), None, "Lambda");
        let test_endpoint = match find(TEST_ENDPOINT) {
            None => None,
            Some(endpoint) => {
                let port = https::loopback_port(OsStr::new(&endpoint)).ok_or_else(|| {
                    format!("`{TEST_ENDPOINT}` is for tests and takes `http://127.0.0.1:PORT` only")
                })?;
                Some(format!("http://127.0.0.1:{port}"))
            }
        };
        Ok(Self { region, credentials, test_endpoint })
    }
}

/// The tags of the stack with this ARN.
///
/// # Errors
/// Why they cannot be had, as a part of a sentence.
pub fn stack_tags(
    access: &Access,
    stack: &str,
    within: Duration,
) -> Result<BTreeMap<String, String>, String> {
    let answer = waited_for(async {
        let client = client(access, within);
        client.describe_stacks().stack_name(stack).send().await
    })?;
    let answer = answer.map_err(|error| reason("DescribeStacks", &error))?;
    match answer.stacks() {
        [only] if only.stack_id() == Some(stack) => Ok(tags(only.tags())),
        _ => Err("the answer to `DescribeStacks` is not about this stack".into()),
    }
}

/// The tags that a stack would have from the change set with this ARN, and the values of its parameters.
///
/// # Errors
/// As [`stack_tags`].
pub fn change_set(
    access: &Access,
    stack: &str,
    change_set: &str,
    within: Duration,
) -> Result<(BTreeMap<String, String>, Given), String> {
    let answer = waited_for(async {
        let client = client(access, within);
        // Tags and parameters come with the first page of the changes, which are not wanted.
        client.describe_change_set().stack_name(stack).change_set_name(change_set).send().await
    })?;
    let answer = answer.map_err(|error| reason("DescribeChangeSet", &error))?;
    if answer.change_set_id() != Some(change_set) {
        return Err("the answer to `DescribeChangeSet` is not about this change set".into());
    }
    let mut given = Given::default();
    parameters::add(answer.parameters(), &mut given);
    Ok((tags(answer.tags()), given))
}

pub(super) fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

fn reason<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if failure::is_denied(error) {
        return format!(
            "the function may not call `cloudformation:{operation}`; it may when it is deployed with \
             `DescribeStacks=on`"
        );
    }
    failure::reason(&format!("cloudformation:{operation}"), error)
}

fn client(access: &Access, within: Duration) -> Client {
    // Each try has most of the time, for one that is slow must not end for the sake of another; to connect is quick.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(within / 3)
        .read_timeout(within)
        .operation_timeout(within)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(within / 25);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(access.region.clone()))
        .credentials_provider(access.credentials.clone())
        // The function's environment has no say in where its requests go.
        .http_client(http::client(None))
        .timeout_config(timeouts)
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let config = match &access.test_endpoint {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    };
    Client::from_conf(config.build())
}

/// Waits for an answer, in a thread with a runtime of its own: the caller may be inside another's.
fn waited_for<T: Send>(answer: impl Future<Output = T> + Send) -> Result<T, String> {
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        let answer = runtime.block_on(answer);
        // A thread may still be waiting for what nobody wants any more.
        runtime.shutdown_background();
        Some(answer)
    };
    let waited = thread::scope(|scope| scope.spawn(wait).join());
    waited.ok().flatten().ok_or_else(|| "the call failed inside ecs-guard".into())
}
