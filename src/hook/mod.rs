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
mod stack;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use response::{Annotation, AnnotationStatus, ErrorCode, Response, Status};

use crate::document::json;
use crate::engine::evaluate;
use crate::finding::Verdict;
use crate::policy::{OnInternalError, Policy, Setting};
use event::{Event, Request};

/// How many values an event may hold. A task definition is at most 64 KiB long
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>), and an event holds two; the
/// largest event that Lambda takes, 6 MB, could fill the function's memory with empty lists.
const MAXIMUM_VALUES: usize = 50_000;

/// A hook with the policy it applies to every event.
#[derive(Debug)]
pub struct Hook {
    policy: Result<Policy, String>,
}

/// How the body behind a URL is had.
pub type Fetch<'f> = &'f dyn Fn(&str) -> Result<Vec<u8>, String>;

/// An answer, and what may be logged of how it came about.
#[derive(Debug)]
pub struct Answer {
    /// What CloudFormation gets.
    pub response: Response,
    /// What the log gets.
    pub record: Record,
}

/// What may be logged of an event and its answer: identifiers and verdicts, nothing of the payload's values.
#[derive(Debug, Default)]
pub struct Record {
    /// `clientRequestToken`.
    pub token: String,
    /// `awsAccountId`.
    pub account: String,
    /// The name in the stack's ARN; empty for Cloud Control.
    pub stack_name: String,
    /// `requestData.targetLogicalId`.
    pub logical_id: String,
    /// `requestData.targetName`.
    pub target_name: String,
    /// `actionInvocationPoint`.
    pub invocation_point: String,
    /// `requestContext.invocation`: 1, or more when CloudFormation asks again; 0 when the event cannot be read.
    pub invocation: u32,
    /// Each rule with its verdict; empty when nothing was judged.
    pub verdicts: Vec<(&'static str, Verdict)>,
    /// Whether the operation may go on.
    pub status: Status,
    /// Why not.
    pub error_code: Option<ErrorCode>,
    /// Whether the event could not be judged, which a policy may let pass.
    pub is_internal_error: bool,
}

impl Hook {
    /// A hook with a policy, or with the reason why there is none: then every event is answered with that reason.
    pub fn new(policy: Result<Policy, String>) -> Self {
        Self { policy }
    }

    /// Answers one event. `fetch` gets the body behind the URL that an event about a stack or a change set holds, and
    /// is called for no other event; its error is for people, in whole sentences, and must not
    /// hold the URL, which is a secret.
    pub fn respond(&self, bytes: &[u8], fetch: Fetch<'_>) -> Answer {
        // A panic is a bug in a rule or in the engine. It must not take the answer, nor the next event, with it;
        // nothing here outlives the call, so there is no broken state to see.
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(bytes, fetch)));
        answer.unwrap_or_else(|_| {
            let record = catch_unwind(|| Self::identified(bytes)).unwrap_or_default();
            let message =
                "ecs-guard itself failed while judging; this is a bug in ecs-guard, not in the definition.";
            self.internal_error(record, message)
        })
    }

    fn identified(bytes: &[u8]) -> Record {
        json::read_bounded(bytes, MAXIMUM_VALUES).map(|root| Event::of(&root).record()).unwrap_or_default()
    }

    fn answer(&self, bytes: &[u8], fetch: Fetch<'_>) -> Answer {
        let root = match json::read_bounded(bytes, MAXIMUM_VALUES) {
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
        let Ok(policy) = &self.policy else { return self.internal_error(record, "") };
        match event.request() {
            Ok(Request::Skip(message)) => {
                let response = Response::success(&record.token, message, Vec::new());
                Answer::new(response, record)
            }
            Ok(Request::Judge { subject, properties }) => {
                let report = evaluate(properties, policy);
                record.verdicts = report
                    .outcomes
                    .iter()
                    .map(|outcome| (outcome.rule.name, outcome.findings.verdict))
                    .collect();
                let response = message::answer(&record.token, &subject, &report, policy);
                Answer::new(response, record)
            }
            Ok(Request::Fetch { is_change_set, url }) => {
                let judge = if is_change_set { stack::judge_change_set } else { stack::judge_stack };
                let given = event.given();
                let what = if is_change_set { "change set" } else { "stack" };
                let judged = fetch(url).and_then(|body| {
                    judge(&body, &given, policy)
                        .map_err(|problem| format!("The {what} cannot be judged: {problem}."))
                });
                let judged = match judged {
                    Ok(judged) => judged,
                    Err(message) => return self.internal_error(record, &message),
                };
                let verdict_of = |setting: &Setting| {
                    let name = setting.rule.metadata().name;
                    let outcomes = judged.tasks.iter().flat_map(|task| &task.judged.report.outcomes);
                    let of_rule = outcomes.filter(|outcome| outcome.rule.name == name);
                    of_rule.map(|outcome| outcome.findings.verdict).max().map(|verdict| (name, verdict))
                };
                record.verdicts = policy.rules.iter().filter_map(verdict_of).collect();
                let response = message::answer_of_stack(&record.token, &judged, policy);
                Answer::new(response, record)
            }
            Err(message) => self.internal_error(record, &message),
        }
    }

    /// What to answer when an event cannot be judged: the policy decides whether that blocks. A broken policy cannot
    /// allow anything, and is the reason to give.
    fn internal_error(&self, record: Record, message: &str) -> Answer {
        let token = &record.token;
        let response = match &self.policy {
            Ok(Policy { on_internal_error: OnInternalError::Deny, .. }) => {
                Response::internal_failure(token, message::fit(message))
            }
            Ok(Policy { on_internal_error: OnInternalError::Allow, .. }) => {
                let message =
                    format!("warning: NOT JUDGED, let pass by `on-internal-error: allow`. {message}");
                Response::success(token, message::fit(&message), Vec::new())
            }
            Err(problem) => {
                let message = format!("The policy of this hook is broken, so nothing can pass: {problem}");
                Response::internal_failure(token, message::fit(&message))
            }
        };
        Answer::new(response, Record { is_internal_error: true, ..record })
    }
}

impl Answer {
    fn new(response: Response, record: Record) -> Self {
        let (status, error_code) = (response.hook_status, response.error_code);
        Self { response, record: Record { status, error_code, ..record } }
    }
}

#[cfg(test)]
mod tests;
