//! The SDK's way to the network: `ureq`, which downloads payloads already.
//!
//! Owns the conversion of requests and answers, and the time that is waited for each. Must not know what is asked.
//!
//! The calls block, each in a thread of tokio's own pool, so many may wait at once. One client keeps connections for
//! all requests with the same times; a client for each call keeps none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_cloudformation::config::http::{HttpRequest, HttpResponse};
use aws_sdk_cloudformation::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_sdk_cloudformation::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::http;

pub use ureq::Proxy;

use crate::https::{self, Problem};

/// How many bytes an answer may have: well above a template of 1 MB, the most that an API of CloudFormation gives, in
/// which XML can write a byte as six.
const MAXIMUM_BYTES: u64 = 16 << 20;

/// How long one request may take, whatever the SDK's own times say: a thread waits for it, and the SDK cannot stop it.
const LONGEST: Duration = Duration::from_mins(2);

/// How many connections are kept for later requests.
const KEPT_CONNECTIONS: usize = 64;

/// A client for any SDK of AWS, which reaches AWS through a proxy or directly. [`Proxy::try_from_env`] is the proxy
/// that a person's environment names. Its requests must be made in a tokio runtime.
pub fn client(proxy: Option<Proxy>) -> SharedHttpClient {
    SharedHttpClient::new(Client { proxy, connectors: Mutex::default() })
}

/// The times that a connector keeps: to connect, and to read.
type Times = (Option<Duration>, Option<Duration>);

#[derive(Debug)]
struct Client {
    proxy: Option<Proxy>,
    connectors: Mutex<HashMap<Times, SharedHttpConnector>>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let times = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = || SharedHttpConnector::new(Connector::new(times, self.proxy.clone()));
        connectors.entry(times).or_insert_with(connector).clone()
    }
}

#[derive(Debug)]
struct Connector {
    agent: Agent,
    /// Why there can be no TLS. An endpoint without it, which is a test's, can be asked all the same.
    without_tls: Option<Problem>,
}

impl Connector {
    fn new((connect, read): Times, proxy: Option<Proxy>) -> Self {
        let mut config = Agent::config_builder()
            .timeout_global(Some(LONGEST))
            .timeout_resolve(connect)
            .timeout_connect(connect)
            .timeout_recv_response(read)
            .timeout_per_read(read)
            .proxy(proxy)
            // What a redirect or a status means, the SDK knows.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .max_idle_connections(KEPT_CONNECTIONS)
            .max_idle_connections_per_host(KEPT_CONNECTIONS);
        let mut without_tls = None;
        match https::tls() {
            Ok(tls) => config = config.tls_config(tls),
            Err(problem) => without_tls = Some(problem),
        }
        Self { agent: config.build().new_agent(), without_tls }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let agent = self.agent.clone();
        let without_tls = self.without_tls.clone();
        HttpConnectorFuture::new(async move {
            let request = converted(&request)?;
            let needs_tls = request.uri().scheme_str() != Some("http");
            if let Some(problem) = without_tls.filter(|_| needs_tls) {
                return Err(connector_error(problem));
            }
            let asked = tokio::task::spawn_blocking(move || ask(&agent, request));
            let answered = asked.await.map_err(|error| ConnectorError::other(error.into(), None))?;
            let (parts, body) = answered.map_err(connector_error)?.into_parts();
            let status = StatusCode::try_from(parts.status.as_u16())
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut response = HttpResponse::new(status, body.into());
            *response.headers_mut() = Headers::try_from(parts.headers)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(response)
        })
    }
}

/// The SDK's request as `ureq` takes it. A body that is not in memory is none of CloudFormation's.
fn converted(request: &HttpRequest) -> Result<http::Request<Vec<u8>>, ConnectorError> {
    let body = request.body().bytes().ok_or_else(|| ConnectorError::user("the body is a stream".into()))?;
    let mut converted = http::Request::builder().method(request.method()).uri(request.uri());
    for (name, value) in request.headers() {
        converted = converted.header(name, value);
    }
    converted.body(body.to_vec()).map_err(|error| ConnectorError::user(error.into()))
}

fn ask(agent: &Agent, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Problem> {
    let (parts, mut body) = agent.run(request)?.into_parts();
    let body = body.with_config().limit(MAXIMUM_BYTES).read_to_vec()?;
    if !is_whole(&body) {
        return Err(Problem::Garbled);
    }
    Ok(http::Response::from_parts(parts, body))
}

/// Whether an answer in XML ends with the element that it begins with. The SDK's reader takes the end of the text for
/// the end of every element, and half a template for a template.
fn is_whole(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    if !body.starts_with(b"<") {
        return true;
    }
    let name = body.split(|byte| *byte == b'<').skip(1).find(|tag| !tag.starts_with(b"?"));
    let name = name.and_then(|tag| tag.split(|byte| !byte.is_ascii_alphanumeric()).next());
    let end = name.and_then(|name| body.strip_suffix(b">")?.trim_ascii_end().strip_suffix(name));
    end.is_some_and(|before| before.ends_with(b"</"))
}

/// What the SDK does about a problem: what may pass is tried again.
fn connector_error(problem: Problem) -> ConnectorError {
    match problem {
        Problem::TimedOut => ConnectorError::timeout(problem.into()),
        Problem::Unreachable(_) => ConnectorError::io(problem.into()),
        _ => ConnectorError::other(problem.into(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn half_an_answer_is_none_however_long_the_half() {
        let whole = "<?xml version='1.0'?>\n<GetTemplateResponse xmlns='urn'><TemplateBody>a: &lt;b></TemplateBody></GetTemplateResponse>\n";
        assert!(is_whole(whole.as_bytes()));
        let begin = whole.find('<').unwrap() + 1;
        for length in begin..whole.trim_end().len() {
            assert!(!is_whole(&whole.as_bytes()[..length]), "{length}");
        }
        for other in ["", "{\"a\":", "<a></a >"] {
            assert!(is_whole(other.as_bytes()), "{other}");
        }
    }
}
