//! The hook adapter: bytes of an event in, an answer out.
//!
//! Owns the order of work of a CloudFormation Lambda Hook and the promise that every event is answered: whatever
//! the bytes and whatever goes wrong, [`Hook::respond`] returns a well-formed answer. Pure like the engine below
//! it; who calls it, logs and measures is the business of the programs.
//!
//! The contract is AWS's: <https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html>.

mod event;
mod excusing;
mod message;
mod response;
mod stack;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::Date;

pub use response::{Annotation, AnnotationStatus, ErrorCode, Response, Status, WARNING_ONLY};

use crate::check::JudgedTask;
use crate::document::json;
use crate::engine::{StackTags, evaluate};
use crate::finding::Verdict;
use crate::policy::{ChangeSetParameters, Level, OnInternalError, Policy, Setting};
use crate::report::{Outcome, Report};
use crate::template::Given;
use event::{Event, Request};
use excusing::{Blocks, Excusing};
use stack::Judged;

/// How many keys and values an event may hold. A task definition is at most 64 KiB long
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>), and an event holds two; the
/// largest event that Lambda takes, 6 MB, could fill the function's memory with empty lists.
const MAXIMUM_VALUES: usize = 100_000;

/// A hook with the policy it applies to every event.
#[derive(Debug)]
pub struct Hook {
    policy: Result<Policy, String>,
}

/// What an answer may depend on beside the event and the policy. Each is asked for only when the answer does.
pub trait Outside {
    /// The body behind the URL that an event about a stack or a change set holds.
    ///
    /// # Errors
    /// Why it cannot be had, for people, in whole sentences, and without the URL, which is a secret.
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;

    /// The day in UTC.
    fn today(&self) -> Date;

    /// The tags of the stack with this ARN.
    ///
    /// # Errors
    /// Why they cannot be had, for people, as a part of a sentence.
    fn stack_tags(&self, stack: &str) -> Result<BTreeMap<String, String>, String>;

    /// What the change set with this ARN, of the stack with that, would bring beside its template. Without an answer of
    /// its own it knows the stack's tags and no parameters.
    ///
    /// # Errors
    /// As [`Outside::stack_tags`].
    fn change_set(&self, stack: &str, _change_set: &str) -> Result<ChangeSet, String> {
        Ok(ChangeSet { tags: self.stack_tags(stack)?, parameters: Given::default() })
    }
}

/// What a change set would bring beside its template.
#[derive(Debug, Clone, Default)]
pub struct ChangeSet {
    /// The tags that its stack would have.
    pub tags: BTreeMap<String, String>,
    /// The values of its parameters.
    pub parameters: Given,
}

/// An [`Outside`] of which all is known beforehand.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The body behind any URL.
    pub body: Result<Vec<u8>, String>,
    /// The day.
    pub today: Date,
    /// The tags of any stack.
    pub stack_tags: Result<BTreeMap<String, String>, String>,
}

impl Outside for Prepared {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        self.body.clone()
    }

    fn today(&self) -> Date {
        self.today
    }

    fn stack_tags(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        self.stack_tags.clone()
    }
}

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

    /// Answers one event.
    pub fn respond(&self, bytes: &[u8], outside: &dyn Outside) -> Answer {
        // A panic is a bug in a rule or in the engine. It must not take the answer, nor the next event, with it;
        // nothing here outlives the call, so there is no broken state to see.
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(bytes, outside)));
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

    fn answer(&self, bytes: &[u8], outside: &dyn Outside) -> Answer {
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
                let mut report = evaluate(properties, policy);
                let excusing = Excusing::new(policy, &event, false, outside);
                let blocks = Blocks { denies_unknown: policy.unresolved.resource == Level::Deny };
                let logical_id = event.logical_id();
                let tags = excusing.tags(&[(logical_id, &report)], |outcome| {
                    blocks.weight(outcome, outcome.findings.verdict)
                });
                excusing.apply(&mut report, logical_id, tags);
                let without_tags = tags.why_missing([&report]);
                let verdict_of = |outcome: &Outcome| (outcome.rule.name, outcome.findings.verdict);
                record.verdicts = report.outcomes.iter().map(verdict_of).collect();
                let response = message::answer(&record.token, &subject, &report, without_tags, policy);
                Answer::new(response, record)
            }
            Ok(Request::Fetch { is_change_set, url }) => {
                let excusing = Excusing::new(policy, &event, is_change_set, outside);
                let judged = outside.fetch(url).and_then(|body| {
                    let judged = if is_change_set {
                        judge_change_set(&body, &event, &excusing, policy)
                    } else {
                        stack::judge_stack(&body, &event.given(), policy)
                    };
                    let what = if is_change_set { "change set" } else { "stack" };
                    judged.map_err(|problem| format!("The {what} cannot be judged: {problem}."))
                });
                let mut judged = match judged {
                    Ok(judged) => judged,
                    Err(message) => return self.internal_error(record, &message),
                };
                excuse_all(&mut judged, &excusing, policy);
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

/// Judges the body of a change set, once more with the values of its parameters where something depends on them.
fn judge_change_set(
    body: &[u8],
    event: &Event<'_, '_>,
    excusing: &Excusing<'_>,
    policy: &Policy,
) -> Result<Judged, String> {
    let judged = stack::judge_change_set(body, &event.given(), policy)?;
    let waits = |tags: StackTags<'_>| {
        judged.waits_for_parameters(|task: &stack::Task, report: &mut Report| {
            excusing.apply(report, task.judged.logical_id.as_deref(), tags);
        })
    };
    // The answer tells the tags as well, and what they excuse may hang on a parameter besides.
    let waits = || waits(StackTags::Unasked) || waits(StackTags::Supposed);
    if policy.change_set_parameters != ChangeSetParameters::Describe || !waits() {
        return Ok(judged);
    }
    match excusing.change_set() {
        Ok(change_set) => {
            let mut given = event.given();
            given.extend(change_set.parameters.clone());
            stack::judge_change_set(body, &given, policy)
        }
        Err(reason) => Ok(Judged { without_parameters: Some(reason.to_owned()), ..judged }),
    }
}

/// Applies the exceptions to all task definitions, and makes what is not certain unknown.
fn excuse_all(judged: &mut Judged, excusing: &Excusing<'_>, policy: &Policy) {
    let blocks = Blocks { denies_unknown: policy.unresolved.stack == Level::Deny };
    let in_scope = judged.tasks.iter().filter(|task| task.is_in_scope);
    let reports: Vec<_> =
        in_scope.map(|task| (task.judged.logical_id.as_deref(), &task.judged.report)).collect();
    let tags = excusing.tags(&reports, |outcome| blocks.weight(outcome, stack::softened(&outcome.findings)));
    for JudgedTask { logical_id, report, .. } in judged.tasks.iter_mut().map(|task| &mut task.judged) {
        excusing.apply(report, logical_id.as_deref(), tags);
    }
    let reports = judged.tasks.iter().map(|task| &task.judged.report);
    judged.without_tags = tags.why_missing(reports).map(str::to_owned);
    for task in &mut judged.tasks {
        stack::soften(&mut task.judged.report);
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
