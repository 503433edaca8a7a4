//! The words for a call that failed.
//!
//! Owns what a failure means to a person. Must not know what the call was for; never repeats what AWS or the network
//! said beyond the code of an error, since that may hold anything.

use std::error::Error;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use crate::https::Problem;

/// Codes by which AWS says that credentials may not call.
const DENIED: [&str; 3] = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];

/// Codes by which AWS says that there were too many requests, as the SDK's own retries take them.
const THROTTLING: [&str; 5] = [
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];

/// Why a call of this action, such as `cloudformation:DescribeStacks`, brought nothing: a part of a sentence.
pub fn reason<E>(action: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (_, name) = action.split_once(':').unwrap_or_default();
    match error {
        SdkError::ServiceError(error) => match error.err().code() {
            Some(code) if DENIED.contains(&code) => format!("these credentials may not call `{action}`"),
            Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => {
                "the credentials have expired".into()
            }
            Some("InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch") => {
                "AWS does not accept the credentials".into()
            }
            Some(code) if THROTTLING.contains(&code) => {
                format!("AWS takes no more calls of `{name}` at present ({code})")
            }
            Some(code) if code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                format!("`{name}` was answered with {code}")
            }
            // What cannot be read comes as an error of the service's, too.
            _ if error.raw().status().is_success() => format!("the answer to `{name}` is not understood"),
            _ => format!("`{name}` was answered with status {}", error.raw().status().as_u16()),
        },
        SdkError::TimeoutError(_) => format!("`{name}` was not answered in time"),
        SdkError::DispatchFailure(failure) => {
            match failure.as_connector_error().and_then(|error| problem(error)) {
                Some(problem) => format!("`{name}` could not be called: {problem}"),
                None if failure.is_timeout() => format!("`{name}` was not answered in time"),
                None => format!("`{name}` could not be called"),
            }
        }
        SdkError::ConstructionFailure(_) => {
            format!("`{name}` could not be called: there are no credentials for it")
        }
        _ => format!("the answer to `{name}` is not understood"),
    }
}

/// Whether AWS says that these credentials may not call.
pub fn is_denied<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(error) => error.err().code().is_some_and(|code| DENIED.contains(&code)),
        _ => false,
    }
}

/// The problem at the bottom of an error.
fn problem<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Problem> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(problem) = error.downcast_ref() {
            return Some(problem);
        }
        next = error.source();
    }
    None
}
