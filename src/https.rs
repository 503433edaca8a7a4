//! HTTPS as both adapters speak it: `ureq`, TLS by `rustls` and `graviola`.
//!
//! Owns the settings of TLS and what can go wrong between here and a server. Must not know what is asked for, nor whom.

use std::ffi::OsStr;
use std::fmt;
use std::io;

use ureq::Timeout;
use ureq::tls::TlsConfig;

/// Why there is no answer, or none that can be used. Displays as a part of a sentence, and without addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The processor lacks instructions that the TLS library takes for granted.
    Processor,
    /// No connection, or it ended early, for this reason.
    Unreachable(String),
    /// The other side could not prove who it is.
    Untrusted,
    /// The time is over.
    TimedOut,
    /// The answer is a refusal or an error, by its status in HTTP.
    Refused(u16),
    /// What came back is not HTTP.
    Garbled,
    /// The answer is larger than it may be.
    TooLarge,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor => write!(f, "this processor is too old for TLS as it is built in here"),
            Self::Unreachable(reason) => write!(f, "{reason}"),
            Self::Untrusted => write!(f, "what answered has no certificate that proves who it is"),
            Self::TimedOut => write!(f, "no answer in time"),
            Self::Refused(status) => write!(f, "the answer has status {status}"),
            Self::Garbled => write!(f, "the answer is not understood"),
            Self::TooLarge => write!(f, "the answer is too large"),
        }
    }
}

impl std::error::Error for Problem {}

impl From<ureq::Error> for Problem {
    fn from(error: ureq::Error) -> Self {
        // ureq's own words may hold the address; the operating system's do not.
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                Self::Unreachable("no connection in time".into())
            }
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => Self::Untrusted,
            // How rustls reports a handshake that fails.
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Self::Untrusted,
            ureq::Error::Io(error) => Self::Unreachable(error.to_string()),
            ureq::Error::HostNotFound => Self::Unreachable("its name has no address".into()),
            ureq::Error::ConnectionFailed => Self::Unreachable("no connection".into()),
            ureq::Error::BodyExceedsLimit(_) => Self::TooLarge,
            ureq::Error::StatusCode(status) => Self::Refused(status),
            _ => Self::Garbled,
        }
    }
}

/// The settings of TLS: this cryptography, and Mozilla's certificate authorities.
///
/// # Errors
/// [`Problem::Processor`], where the cryptography would panic.
pub fn tls() -> Result<TlsConfig, Problem> {
    if !processor_has_what_graviola_needs() {
        return Err(Problem::Processor);
    }
    let provider = rustls_graviola::default_provider().into();
    Ok(TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build())
}

/// The port of a test's own server, given as `http://127.0.0.1:PORT`. It must be on this machine: whoever may set a
/// variable cannot have requests sent elsewhere.
pub fn loopback_port(endpoint: &OsStr) -> Option<u16> {
    endpoint.to_str()?.strip_prefix("http://127.0.0.1:")?.parse().ok()
}

/// Graviola panics without these (<https://docs.rs/graviola/latest/graviola/#limitations>).
#[cfg(target_arch = "x86_64")]
fn processor_has_what_graviola_needs() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("aes")
        && has!("pclmulqdq")
        && has!("bmi1")
        && has!("bmi2")
        && has!("adx")
        && has!("avx")
        && has!("avx2")
}

/// Graviola panics without these (<https://docs.rs/graviola/latest/graviola/#limitations>).
#[cfg(target_arch = "aarch64")]
fn processor_has_what_graviola_needs() -> bool {
    use std::arch::is_aarch64_feature_detected as has;
    has!("neon") && has!("aes") && has!("pmull") && has!("sha2")
}
