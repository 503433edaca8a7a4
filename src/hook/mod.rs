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

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::Date;

pub use response::{Annotation, AnnotationStatus, ErrorCode, Response, Status, WARNING_ONLY};

use crate::check::JudgedTask;
use crate::document::json;
use crate::engine::{StackTags, Subject, evaluate, excuse, looks_at_tags};
use crate::finding::{Finding, UndecidedExcuse, Verdict};
use crate::policy::{ChangeSetParameters, Level, OnInternalError, Policy, Setting};
use crate::report::{Outcome, Report};
use crate::template::Given;
use event::{Event, Request};
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
                let described = Described::new(&event, false, outside);
                let mut without_tags = None;
                if !policy.exceptions.is_empty() {
                    let today = outside.today();
                    let denies_unknown = policy.unresolved.resource == Level::Deny;
                    let blocks = |outcome: &Outcome| {
                        message::blocks(outcome.level, outcome.findings.verdict, denies_unknown)
                    };
                    let excuse_with = |report: &mut Report, stack_tags: StackTags<'_>| {
                        let logical_id = event.logical_id();
                        excuse(report, &Subject { logical_id, stack_tags, ..event.whose() }, policy, today);
                    };
                    let tags = described.tags_if_worth_it(policy, today, |tags| {
                        let mut trial = report.clone();
                        excuse_with(&mut trial, tags);
                        trial.outcomes.iter().any(blocks)
                    });
                    excuse_with(&mut report, tags);
                    without_tags = why_missing(tags, [&report]);
                }
                record.verdicts = report
                    .outcomes
                    .iter()
                    .map(|outcome| (outcome.rule.name, outcome.findings.verdict))
                    .collect();
                let response =
                    message::answer(&record.token, &subject, &report, without_tags.as_deref(), policy);
                Answer::new(response, record)
            }
            Ok(Request::Fetch { is_change_set, url }) => {
                let judge = if is_change_set { stack::judge_change_set } else { stack::judge_stack };
                let what = if is_change_set { "change set" } else { "stack" };
                let described = Described::new(&event, is_change_set, outside);
                let asks_parameters =
                    is_change_set && policy.change_set_parameters == ChangeSetParameters::Describe;
                let today = OnceCell::new();
                let today = || *today.get_or_init(|| outside.today());
                let excuse_with = |task: &JudgedTask, report: &mut Report, stack_tags: StackTags<'_>| {
                    if !policy.exceptions.is_empty() {
                        let logical_id = task.logical_id.as_deref();
                        excuse(report, &Subject { logical_id, stack_tags, ..event.whose() }, policy, today());
                    }
                };
                let judge = |body: &[u8]| {
                    let judged = judge(body, &event.given(), policy)?;
                    let without_asking = |task: &stack::Task, report: &mut Report| {
                        excuse_with(&task.judged, report, described.unasked());
                    };
                    if asks_parameters && judged.waits_for_parameters(without_asking) {
                        return match described.change_set() {
                            Ok(change_set) => {
                                let mut given = event.given();
                                given.extend(change_set.parameters.clone());
                                judge(body, &given, policy)
                            }
                            Err(reason) => {
                                Ok(Judged { without_parameters: Some(reason.to_owned()), ..judged })
                            }
                        };
                    }
                    Ok(judged)
                };
                let judged = outside.fetch(url).and_then(|body| {
                    judge(&body).map_err(|problem: String| format!("The {what} cannot be judged: {problem}."))
                });
                let mut judged = match judged {
                    Ok(judged) => judged,
                    Err(message) => return self.internal_error(record, &message),
                };
                if !policy.exceptions.is_empty() {
                    let denies_unknown = policy.unresolved.stack == Level::Deny;
                    let blocks = |outcome: &Outcome| {
                        message::blocks(outcome.level, stack::softened(&outcome.findings), denies_unknown)
                    };
                    let tags = described.tags_if_worth_it(policy, today(), |tags| {
                        judged.tasks.iter().filter(|task| task.is_in_scope).any(|task| {
                            let mut trial = task.judged.report.clone();
                            excuse_with(&task.judged, &mut trial, tags);
                            trial.outcomes.iter().any(blocks)
                        })
                    });
                    for task in &mut judged.tasks {
                        let mut report = mem::take(&mut task.judged.report);
                        excuse_with(&task.judged, &mut report, tags);
                        task.judged.report = report;
                    }
                    let reports = judged.tasks.iter().map(|task| &task.judged.report);
                    judged.without_tags = why_missing(tags, reports);
                }
                for task in &mut judged.tasks {
                    stack::soften(&mut task.judged.report);
                }
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

/// What CloudFormation says of the stack or the change set that an event is about, asked for at most once.
struct Described<'a> {
    stack: &'a str,
    /// The change set, for an event about one. In its execution, the stack itself has what it brings.
    change_set: Option<&'a str>,
    outside: &'a dyn Outside,
    answer: OnceCell<Result<ChangeSet, String>>,
}

impl<'a> Described<'a> {
    fn new(event: &Event<'a, '_>, is_change_set: bool, outside: &'a dyn Outside) -> Self {
        let change_set = is_change_set.then(|| event.change_set());
        Self { stack: event.stack(), change_set, outside, answer: OnceCell::new() }
    }

    fn change_set(&self) -> Result<&ChangeSet, &str> {
        let answer = self.answer.get_or_init(|| match self.change_set {
            None => {
                let tags = self.outside.stack_tags(self.stack)?;
                Ok(ChangeSet { tags, ..ChangeSet::default() })
            }
            Some("") => Err("the event names no change set".into()),
            Some(change_set) => self.outside.change_set(self.stack, change_set),
        });
        answer.as_ref().map_err(String::as_str)
    }

    /// The stack's tags as far as they are known without asking.
    fn unasked(&self) -> StackTags<'_> {
        match () {
            () if self.stack.is_empty() => StackTags::Nowhere,
            () if self.answer.get().is_some() => self.tags(),
            () => StackTags::Unasked,
        }
    }

    fn tags(&self) -> StackTags<'_> {
        match self.change_set() {
            Ok(change_set) => StackTags::Known(&change_set.tags),
            Err(reason) => StackTags::Missing(reason),
        }
    }

    /// The stack's tags, asked for where nothing else decides: something `blocks` without them, and nothing does with those
    /// that excuse most.
    fn tags_if_worth_it(
        &self,
        policy: &Policy,
        today: Date,
        blocks: impl Fn(StackTags<'_>) -> bool,
    ) -> StackTags<'_> {
        match self.unasked() {
            StackTags::Unasked
                if looks_at_tags(policy, today)
                    && blocks(StackTags::Unasked)
                    && !blocks(StackTags::Supposed) =>
            {
                self.tags()
            }
            known => known,
        }
    }
}

/// Why a stack's tags cannot be had, where an exception looks at them.
fn why_missing<'r>(tags: StackTags<'_>, reports: impl IntoIterator<Item = &'r Report>) -> Option<String> {
    let StackTags::Missing(reason) = tags else { return None };
    let outcomes = reports.into_iter().flat_map(|report| &report.outcomes);
    let mut findings = outcomes.flat_map(|outcome| &outcome.findings.kept);
    let is_looked_at = |finding: &Finding| finding.undecided_excuse == Some(UndecidedExcuse::WithoutTags);
    findings.any(is_looked_at).then(|| reason.to_owned())
}

impl Answer {
    fn new(response: Response, record: Record) -> Self {
        let (status, error_code) = (response.hook_status, response.error_code);
        Self { response, record: Record { status, error_code, ..record } }
    }
}

#[cfg(test)]
mod tests;
