//! Downloading what a STACK or CHANGE_SET event only points at.
//!
//! Owns which addresses may be asked, how long and how much is waited for, and the words for a download that fails.
//! Must not know what is in the payload. The address is as good as a key to it: nothing of one is logged, returned or
//! repeated, but the host where that is what is wrong.
//!
//! Nothing here is built before it is needed: an event about a resource pays nothing for it.

use std::ffi::OsStr;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Uri;

use crate::document::quote;
use crate::https::{self, Problem};

/// For tests only: the variable that names the server to ask in Amazon S3's place, as `http://127.0.0.1:PORT`. An
/// empty one counts as not set.
pub const TEST_ENDPOINT: &str = "ECS_GUARD_TEST_PAYLOAD_ENDPOINT";

/// How long a download may take, the second try included. The function has ten seconds for an event
/// (`template.yaml`), and judging needs some.
const BUDGET: Duration = Duration::from_secs(6);

/// How many bytes a payload may have. It holds two templates of at most 1 MB
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>), as JSON strings, in
/// which a character can take six bytes; a change set's holds one, and the properties that change.
const MAXIMUM_BYTES: u64 = 8 << 20;

/// The domain of each partition of AWS, from botocore's `partitions.json`.
const DOMAINS: [&str; 7] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// Why there is no payload. Displays as sentences for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The address is no URL, or has another scheme.
    NotHttps,
    /// The address has a user, a password or a port.
    NotPlain,
    /// The address leads to this host.
    NotS3(String),
    /// [`TEST_ENDPOINT`] has a value that is not honoured.
    TestEndpoint,
    /// The processor lacks instructions that the TLS library takes for granted.
    Processor,
    /// No connection, or it ended early, for this reason.
    Unreachable(String),
    /// The other side could not prove to be Amazon S3.
    Untrusted,
    /// The time is over.
    TimedOut,
    /// What came back is not HTTP as Amazon S3 speaks it.
    Garbled,
    /// Amazon S3 says with this status that the URL is not good, or no longer.
    Refused(u16),
    /// Amazon S3 has no payload for us, and this status.
    Failed(u16),
    /// The payload is too large to be one.
    TooLarge,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const IN_A_VPC: &str =
            "A function in a VPC needs a way to Amazon S3, for example a gateway endpoint.";
        match self {
            Self::NotHttps => write!(f, "The address of the payload is not an https URL."),
            Self::NotPlain => {
                write!(
                    f,
                    "The address of the payload has a user or a port; no presigned URL of Amazon S3 does."
                )
            }
            Self::NotS3(host) => {
                write!(f, "The address of the payload leads to {}, which is not Amazon S3.", quote(host))
            }
            Self::TestEndpoint => write!(
                f,
                "`{TEST_ENDPOINT}` is for tests and takes `http://127.0.0.1:PORT` only. Remove it from the function's \
                 environment."
            ),
            Self::Processor => write!(
                f,
                "The payload cannot be downloaded on this processor, which is too old for the function's TLS. Deploy \
                 the function for the other architecture."
            ),
            Self::Unreachable(reason) => {
                write!(f, "The payload could not be downloaded from Amazon S3: {reason}. {IN_A_VPC}")
            }
            Self::Untrusted => write!(
                f,
                "The payload was not downloaded: what answered for Amazon S3 has no certificate that proves it."
            ),
            Self::TimedOut => {
                write!(f, "The payload could not be downloaded from Amazon S3 in time. {IN_A_VPC}")
            }
            Self::Garbled => {
                write!(f, "The payload could not be downloaded: the answer of Amazon S3 is not understood.")
            }
            Self::Refused(status) => write!(
                f,
                "Amazon S3 refused the presigned URL of the payload with status {status}. Such a URL expires: start \
                 the operation again."
            ),
            Self::Failed(status) => write!(
                f,
                "Amazon S3 answered the request for the payload with status {status}. Start the operation again later."
            ),
            Self::TooLarge => write!(
                f,
                "The payload is larger than {} MiB, which two templates cannot be.",
                MAXIMUM_BYTES >> 20
            ),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Whether the next moment may bring another outcome.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Failed(status) => *status >= 500,
            _ => false,
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Processor => Self::Processor,
            Problem::Unreachable(reason) => Self::Unreachable(reason),
            Problem::Untrusted => Self::Untrusted,
            Problem::TimedOut => Self::TimedOut,
            Problem::Refused(status) => Self::Failed(status),
            Problem::Garbled => Self::Garbled,
            Problem::TooLarge => Self::TooLarge,
        }
    }
}

impl From<ureq::Error> for Error {
    fn from(error: ureq::Error) -> Self {
        Problem::from(error).into()
    }
}

/// Downloads the payload that a presigned URL of Amazon S3 points at, within about six seconds and 8 MiB.
///
/// # Errors
/// A URL that cannot be one of Amazon S3's, and everything that can go wrong on the way.
pub fn fetch(url: &str) -> Result<Vec<u8>, Error> {
    let endpoint = std::env::var_os(TEST_ENDPOINT).filter(|endpoint| !endpoint.is_empty());
    fetch_within(BUDGET, url, endpoint.as_deref())
}

/// [`fetch`] within a time, with the value of [`TEST_ENDPOINT`].
///
/// # Errors
/// As [`fetch`].
pub fn fetch_within(budget: Duration, url: &str, endpoint: Option<&OsStr>) -> Result<Vec<u8>, Error> {
    let start = Instant::now();
    let mut uri = s3_uri(url)?;
    if let Some(endpoint) = endpoint {
        uri = at_test_endpoint(uri, endpoint)?;
    }
    match attempt(&uri, budget, budget) {
        Err(error) if error.may_pass() => {
            thread::sleep(budget / 60);
            match budget.saturating_sub(start.elapsed()) {
                Duration::ZERO => Err(error),
                left => attempt(&uri, budget, left),
            }
        }
        result => result,
    }
}

fn attempt(uri: &Uri, budget: Duration, left: Duration) -> Result<Vec<u8>, Error> {
    let mut config = Agent::config_builder()
        .timeout_global(Some(left))
        // A lost packet at the start must leave time for the second try.
        .timeout_resolve(Some(budget / 3))
        .timeout_connect(Some(budget / 3))
        // Where a redirect leads has not been checked.
        .max_redirects(0)
        // A presigned URL is nobody's business but S3's.
        .proxy(None)
        .http_status_as_error(false);
    if uri.scheme_str() == Some("https") {
        config = config.https_only(true).tls_config(https::tls()?);
    }
    let mut response = config.build().new_agent().get(uri).call()?;
    match response.status().as_u16() {
        200 => {}
        status @ 400..500 => return Err(Error::Refused(status)),
        status => return Err(Error::Failed(status)),
    }
    let body = response.body_mut();
    if body.content_length().is_some_and(|length| length > MAXIMUM_BYTES) {
        return Err(Error::TooLarge);
    }
    Ok(body.with_config().limit(MAXIMUM_BYTES).read_to_vec()?)
}

/// Whether an address is one that [`fetch`] would ask: an https URL of Amazon S3, without a user and a port.
///
/// Amazon S3's are the names by which a bucket or the service is reached in its own Region: virtual-hosted and
/// path-style, global, regional, with a dash (`s3-eu-west-1`), dual-stack and FIPS, in every partition. Not its other
/// names, which no presigned URL for a payload needs: websites, which serve strangers and redirect; access points and
/// Object Lambda, behind which somebody else's rules and code may stand; Transfer Acceleration, Outposts, Express One
/// Zone and interface endpoints.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), Error> {
    s3_uri(url).map(drop)
}

/// The address, read by the same code that will take host and port from it: there is no second reading to disagree.
fn s3_uri(url: &str) -> Result<Uri, Error> {
    let uri: Uri = url.parse().map_err(|_| Error::NotHttps)?;
    let (Some("https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(Error::NotHttps);
    };
    let host = authority.host();
    if !is_s3(&host.to_ascii_lowercase()) {
        return Err(Error::NotS3(host.to_owned()));
    }
    let authority = authority.as_str();
    let is_plain = authority.strip_suffix(":443").unwrap_or(authority) == host;
    if is_plain { Ok(uri) } else { Err(Error::NotPlain) }
}

/// Whether a host in lower case is Amazon S3's, by the names listed at
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>.
fn is_s3(host: &str) -> bool {
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let before_domain = |domain: &&str| host.strip_suffix(domain)?.strip_suffix('.');
    let Some(name) = DOMAINS.iter().find_map(before_domain) else { return false };
    let labels: Vec<&str> = name.split('.').collect();
    if !labels.iter().all(is_label) {
        return false;
    }
    // Whatever stands before these is the name of a bucket, which may have dots.
    match labels.as_slice() {
        [.., "s3" | "s3-external-1"] => true,
        [.., "s3" | "s3-fips", region] | [.., "s3" | "s3-fips", "dualstack", region] if is_region(region) => {
            true
        }
        [.., last] => last.strip_prefix("s3-").is_some_and(is_region),
        [] => false,
    }
}

/// Whether a label has the form of a Region's name: `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let [area, between @ .., number] = parts.as_slice() else { return false };
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    // An area is short, unlike the `website` and `control` in other names of S3's.
    area.len() <= 4
        && is_word(area)
        && (1..=2).contains(&between.len())
        && between.iter().all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The same path and query at the tests' own server.
fn at_test_endpoint(uri: Uri, endpoint: &OsStr) -> Result<Uri, Error> {
    let port = https::loopback_port(endpoint).ok_or(Error::TestEndpoint)?;
    let path_and_query = uri.into_parts().path_and_query.ok_or(Error::NotHttps)?;
    let builder = Uri::builder().scheme("http").authority(format!("127.0.0.1:{port}"));
    builder.path_and_query(path_and_query).build().map_err(|_| Error::TestEndpoint)
}
