//! The answer CloudFormation gets.
//!
//! Owns the wire format: field names, words, and what is left out. Must not know how the texts come about.

use std::borrow::Cow;

use serde::Serialize;

/// A hook's answer, as it is written to the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Whether the operation may go on.
    pub hook_status: Status,
    /// Why not; absent on success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// For the person who deploys; one line.
    pub message: String,
    /// The token of the event, or nothing when the event had none.
    pub client_request_token: String,
    /// One per rule, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// The words of `hookStatus`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The operation may go on.
    Success,
    /// The operation is blocked, or in WARN mode warned about.
    #[default]
    Failed,
}

/// The words of `errorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ErrorCode {
    /// The definition was judged, and violates the policy.
    NonCompliant,
    /// The definition could not be judged.
    InternalFailure,
}

/// What one rule said. Texts are left out rather than empty: the API wants at least one character
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Annotation.html>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// The rule's name.
    pub annotation_name: &'static str,
    /// What the rule said.
    pub status: AnnotationStatus,
    /// Why.
    pub status_message: Cow<'static, str>,
    /// What to write instead, with the link, because some tools print nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation_message: Option<String>,
    /// The rule's documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation_link: Option<String>,
    /// How bad a violation is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity_level: Option<&'static str>,
}

/// How the `statusMessage` of an annotation with status `FAILED` begins that blocks nothing in any mode of the hook: its rule
/// is at level `warn`, or what it is about is unchanged. What CloudFormation keeps of an annotation tells the two apart by
/// nothing else.
pub const WARNING_ONLY: &str = "Warning only: ";

/// The words of an annotation's `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AnnotationStatus {
    /// Violated, or undecided where the policy denies that.
    Failed,
    /// Not applicable, or undecided.
    Skipped,
    /// Complied with.
    Passed,
}

impl Response {
    pub(super) fn success(token: &str, message: impl Into<String>, annotations: Vec<Annotation>) -> Self {
        Self::new(Status::Success, None, token, message.into(), annotations)
    }

    pub(super) fn non_compliant(token: &str, message: String, annotations: Vec<Annotation>) -> Self {
        Self::new(Status::Failed, Some(ErrorCode::NonCompliant), token, message, annotations)
    }

    pub(super) fn internal_failure(token: &str, message: String) -> Self {
        Self::new(Status::Failed, Some(ErrorCode::InternalFailure), token, message, Vec::new())
    }

    fn new(
        hook_status: Status,
        error_code: Option<ErrorCode>,
        token: &str,
        message: String,
        annotations: Vec<Annotation>,
    ) -> Self {
        Self { hook_status, error_code, message, client_request_token: token.to_owned(), annotations }
    }
}
