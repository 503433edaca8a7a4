//! The SDK's way to the network: what it keeps of the SDK's settings, and where a proxy stands.
//!
//! Owns the settings. What becomes of a bad answer is tested where one matters.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::sync::{Arc, Barrier};
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::config::timeout::TimeoutConfig;
use aws_sdk_cloudformation::config::{BehaviorVersion, Config, Credentials, Region};
use ecs_guard::aws::failure;
use ecs_guard::aws::http::{self, Proxy};
use server::{Reply, Server};

mod server;

const EMPTY: &str = "<ListStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><ListStacksResult>\
                     <StackSummaries/></ListStacksResult></ListStacksResponse>";

fn client(endpoint: &str, proxy: Option<Proxy>, read: Duration) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().read_timeout(read).build())
        .http_client(http::client(proxy))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_proxy_is_asked_for_the_way() {
    let server = Server::always(Reply::Answer(200, EMPTY.into()));
    let proxy = Proxy::new(&server.endpoint).unwrap();
    let client = client("http://cloudformation.invalid", Some(proxy), PATIENCE);
    let _ = runtime().block_on(client.list_stacks().send());
    let requests = server.requests();
    assert!(requests.iter().any(|request| request.head.contains("cloudformation.invalid")), "{requests:?}");
}

#[test]
fn the_sdks_own_time_to_read_is_kept() {
    let server = Server::always(Reply::Silence);
    let client = client(&server.endpoint, None, Duration::from_millis(200));
    let error = runtime().block_on(client.list_stacks().send()).unwrap_err();
    let reason = failure::reason("cloudformation:ListStacks", &error);
    assert_eq!(reason, "`ListStacks` could not be called: no answer in time");
}

#[test]
fn requests_are_under_way_at_once_though_each_of_them_blocks() {
    const MANY: usize = 20;
    let all_are_here = Arc::new(Barrier::new(MANY));
    let server = Server::new(move |_, _| {
        all_are_here.wait();
        Reply::Answer(200, EMPTY.into())
    });
    let client = client(&server.endpoint, None, PATIENCE);
    let runtime = runtime();
    let asked: Vec<_> = (0..MANY).map(|_| runtime.spawn(client.list_stacks().send())).collect();
    for answer in asked {
        runtime.block_on(answer).unwrap().unwrap();
    }
}

#[test]
fn an_answer_without_end_is_given_up() {
    let server = Server::always(Reply::Answer(200, " ".repeat((16 << 20) + 1)));
    let client = client(&server.endpoint, None, PATIENCE);
    let error = runtime().block_on(client.list_stacks().send()).unwrap_err();
    let reason = failure::reason("cloudformation:ListStacks", &error);
    assert_eq!(reason, "`ListStacks` could not be called: the answer is too large");
}
