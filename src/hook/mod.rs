//! The hook adapter: bytes of an event in, an answer out.
//!
//! Owns the order of work of a CloudFormation Lambda Hook and the promise that every event is answered: whatever
//! the bytes and whatever goes wrong, [`Hook::respond`] returns a well-formed answer. Pure like the engine below
//! it; who calls it, logs and measures is the business of the programs.
//!
//! The contract is AWS's: <https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html>.

mod event;
mod message;
mod response;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use response::{Annotation, AnnotationStatus, ErrorCode, Response, Status};

use crate::document::json;
use crate::engine::evaluate;
use crate::finding::Verdict;
use crate::policy::{OnInternalError, Policy};
use event::{Event, Request};

/// A hook with the policy it applies to every event.
#[derive(Debug)]
pub struct Hook {
    policy: Result<Policy, String>,
}

/// An answer, and what may be logged of how it came about.
#[derive(Debug)]
pub struct Answer<'e> {
    /// What CloudFormation gets.
    pub response: Response,
    /// What the log gets.
    pub record: Record<'e>,
}

/// What may be logged of an event and its answer: identifiers and verdicts, nothing of the payload's values.
#[derive(Debug, Default)]
pub struct Record<'e> {
    /// `clientRequestToken`.
    pub token: Cow<'e, str>,
    /// `awsAccountId`.
    pub account: Cow<'e, str>,
    /// The name in the stack's ARN; empty for Cloud Control.
    pub stack_name: Cow<'e, str>,
    /// `requestData.targetLogicalId`.
    pub logical_id: Cow<'e, str>,
    /// `requestData.targetName`.
    pub target_name: Cow<'e, str>,
    /// `actionInvocationPoint`.
    pub invocation_point: Cow<'e, str>,
    /// `requestContext.invocation`: 1, or more when CloudFormation asks again.
    pub invocation: u32,
    /// Each rule with its verdict; empty when nothing was judged.
    pub verdicts: Vec<(&'static str, Verdict)>,
}

impl Hook {
    /// A hook with a policy, or with the reason why there is none: then every event is answered with that reason.
    pub fn new(policy: Result<Policy, String>) -> Self {
        Self { policy }
    }

    /// Answers one event.
    pub fn respond<'e>(&self, bytes: &'e [u8]) -> Answer<'e> {
        // A panic is a bug in a rule or in the engine. It must not take the answer, nor the next event, with it;
        // nothing here outlives the call, so there is no broken state to see.
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(bytes)));
        answer.unwrap_or_else(|_| {
            let record = catch_unwind(|| Self::identified(bytes)).unwrap_or_default();
            let message =
                "ecs-guard itself failed while judging; this is a bug in ecs-guard, not in the definition.";
            self.internal_error(record, message)
        })
    }

    fn identified(bytes: &[u8]) -> Record<'_> {
        json::read(bytes).map(|root| Event::of(&root).record()).unwrap_or_default()
    }

    fn answer<'e>(&self, bytes: &'e [u8]) -> Answer<'e> {
        let root = match json::read(bytes) {
            Ok(root) => root,
            Err(_) if bytes.is_empty() => {
                return self.internal_error(Record::default(), "The event is empty.");
            }
            Err(error) => {
                let message = format!("The event is not readable as JSON: {error}.");
                return self.internal_error(Record::default(), &message);
            }
        };
        let event = Event::of(&root);
        let mut record = event.record();
        let policy = match &self.policy {
            Ok(policy) => policy,
            Err(problem) => {
                let message = format!("The policy of this hook is broken, so nothing can pass: {problem}");
                let response = Response::internal_failure(record.token.as_ref(), message::fit(&message));
                return Answer { response, record };
            }
        };
        let response = match event.request() {
            Ok(Request::Skip(message)) => Response::success(record.token.as_ref(), message, Vec::new()),
            Ok(Request::Judge { subject, properties }) => {
                let report = evaluate(properties, policy);
                record.verdicts =
                    report.outcomes.iter().map(|outcome| (outcome.rule.name, outcome.verdict)).collect();
                message::answer(record.token.as_ref(), &subject, &report, policy)
            }
            Err(message) => return self.internal_error(record, &message),
        };
        Answer { response, record }
    }

    /// What to answer when an event cannot be judged: the policy decides whether that blocks. A broken policy cannot
    /// allow anything.
    fn internal_error<'e>(&self, record: Record<'e>, message: &str) -> Answer<'e> {
        let token = record.token.as_ref();
        let response = match &self.policy {
            Ok(Policy { on_internal_error: OnInternalError::Allow, .. }) => {
                let message =
                    format!("warning: NOT JUDGED, let pass by `on-internal-error: allow`. {message}");
                let mut response = Response::success(token, message::fit(&message), Vec::new());
                response.is_internal_error = true;
                response
            }
            _ => Response::internal_failure(token, message::fit(message)),
        };
        Answer { response, record }
    }
}

#[cfg(test)]
mod tests;
