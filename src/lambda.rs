//! The Lambda function around the hook.
//!
//! Owns the runtime loop, the clock, the log line and the metrics of each event. Must not know what an event or an
//! answer means: [`Hook`] does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Once;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use lambda_runtime::tower::Layer;
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use serde::{Deserialize, Deserializer, Serialize};

#[cfg(feature = "aws")]
use crate::aws::stacks::{self, Access};
use crate::finding::Verdict;
#[cfg(feature = "aws")]
use crate::hook::ChangeSet;
use crate::hook::{Answer, ErrorCode, Hook, Outside, Record, Response, Status};
use crate::{payload, policy_file};

/// Serves events until the environment ends.
///
/// # Errors
/// The Runtime API cannot be reached, or takes no answers.
pub fn run() -> Result<(), Error> {
    log_panics_by_their_place();
    let variable = std::env::var_os(policy_file::VARIABLE);
    let path = policy_file::beside(std::env::current_exe().ok().as_deref(), variable);
    let policy = policy_file::load(&path, None).map_err(|error| error.to_string());
    if let Err(problem) = &policy {
        log_to_stdout();
        tracing::error!(%problem, "the policy is broken: every event is answered with InternalFailure");
    }
    let function =
        Function { hook: Hook::new(policy), body: RefCell::default(), answered: RefCell::default() };
    // One event at a time is all a Lambda environment ever has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(Rc::new(function)))
}

async fn serve(function: Rc<Function>) -> Result<(), Error> {
    let handler = {
        let function = Rc::clone(&function);
        service_fn(move |_: LambdaEvent<Unread>| {
            let response = function.answer();
            async move { Ok::<_, Error>(response) }
        })
    };
    Runtime::new(handler).layer(Around { function }).run().await
}

/// What the handler and the layer around it share. There is one event at a time, and one thread.
struct Function {
    hook: Hook,
    /// The body of the event that is being answered.
    body: RefCell<Bytes>,
    /// What is still to be logged of it.
    answered: RefCell<Option<(Record, Duration)>>,
}

impl Function {
    fn answer(&self) -> Response {
        let start = Instant::now();
        let Answer { response, record } = self.hook.respond(&self.body.take(), &World);
        self.answered.replace(Some((record, start.elapsed())));
        response
    }

    fn log(&self) {
        if let Some((record, duration)) = self.answered.take() {
            log_to_stdout();
            log(&record, duration);
            measure(&record, duration);
        }
    }
}

/// What the hook asks of the world around the function. Waits for it: there is nothing else to do meanwhile.
struct World;

impl Outside for World {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        payload::fetch(url).map_err(|error| error.to_string())
    }

    fn today(&self) -> Date {
        Offset::UTC.to_datetime(Timestamp::now()).date()
    }

    #[cfg(feature = "aws")]
    fn stack_tags(&self, stack: &str) -> Result<BTreeMap<String, String>, String> {
        stacks::stack_tags(&access()?, stack, stacks::BUDGET)
    }

    #[cfg(not(feature = "aws"))]
    fn stack_tags(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        Err("this function was built without AWS's SDK".to_owned())
    }

    #[cfg(feature = "aws")]
    fn change_set(&self, stack: &str, change_set: &str) -> Result<ChangeSet, String> {
        let (tags, parameters) = stacks::change_set(&access()?, stack, change_set, stacks::BUDGET)?;
        Ok(ChangeSet { tags, parameters })
    }
}

#[cfg(feature = "aws")]
fn access() -> Result<Access, String> {
    Access::of_function(|name| std::env::var(name).ok())
}

/// An event type that takes no part in parsing: the hook reads the bytes itself, because an event that does not
/// parse must be answered too, and the runtime calls no handler for one.
struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Takes each event's bytes aside before the runtime looks at them, and logs when the answer has been taken: whoever
/// deploys does not wait for the log.
struct Around {
    function: Rc<Function>,
}

impl<S> Layer<S> for Around {
    type Service = Surrounded<S>;

    fn layer(&self, inner: S) -> Surrounded<S> {
        Surrounded { inner, function: Rc::clone(&self.function) }
    }
}

struct Surrounded<S> {
    inner: S,
    function: Rc<Function>,
}

impl<S> Service<LambdaInvocation> for Surrounded<S>
where
    S: Service<LambdaInvocation>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        self.function.body.replace(std::mem::take(&mut invocation.body));
        let answered = self.inner.call(invocation);
        let function = Rc::clone(&self.function);
        Box::pin(async move {
            let result = answered.await;
            function.log();
            result
        })
    }
}

/// Sends one JSON object per line to where Lambda collects logs. The first event's answer does not wait for this.
fn log_to_stdout() {
    static ONCE: Once = Once::new();
    // Nothing below INFO, ever: the runtime's own TRACE lines hold whole events.
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_max_level(tracing::Level::INFO)
            // What cannot be written would be told to standard error, and a panic if that cannot be written either.
            .log_internal_errors(false)
            .init();
    });
}

/// Keeps panics from printing values: a panic's own message may quote the event.
fn log_panics_by_their_place() {
    std::panic::set_hook(Box::new(|panic| {
        log_to_stdout();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}

fn log(record: &Record, duration: Duration) {
    let mut verdicts = String::new();
    for (rule, verdict) in &record.verdicts {
        let _ = write!(verdicts, "{rule}={} ", verdict.as_str());
    }
    tracing::info!(
        token = record.token,
        account = record.account,
        stack_name = record.stack_name,
        logical_id = record.logical_id,
        target_name = record.target_name,
        invocation_point = record.invocation_point,
        invocation = record.invocation,
        verdicts = verdicts.trim_end(),
        status = match record.status {
            Status::Success => "SUCCESS",
            Status::Failed => "FAILED",
        },
        error_code = record.error_code.map(|code| match code {
            ErrorCode::NonCompliant => "NonCompliant",
            ErrorCode::InternalFailure => "InternalFailure",
        }),
        duration_microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        "answered",
    );
}

/// Writes the event's metrics as CloudWatch's embedded metric format: a line for all events, and one for each rule
/// that failed.
fn measure(record: &Record, duration: Duration) {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = u64::try_from(timestamp.as_millis()).unwrap_or(u64::MAX);
    let mut lines = Vec::with_capacity(512);
    let mut add = |line: &Metrics<'_>| {
        if serde_json::to_writer(&mut lines, line).is_ok() {
            lines.push(b'\n');
        }
    };
    add(&Metrics::of_event(timestamp, record, duration));
    for (rule, verdict) in &record.verdicts {
        if *verdict == Verdict::Fail {
            add(&Metrics::of_failure(timestamp, rule));
        }
    }
    // Metrics that cannot be written must not cost the answer.
    let _ = std::io::stdout().lock().write_all(&lines);
}

/// One line of the embedded metric format
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
#[derive(Debug, Serialize)]
struct Metrics<'a> {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    #[serde(flatten)]
    values: Values<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Metric],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "PascalCase")]
enum Values<'a> {
    Event { evaluations: u8, non_compliant: u8, internal_errors: u8, duration: f64 },
    Failure { rule: &'a str, failures: u8 },
}

impl<'a> Metrics<'a> {
    fn of_event(timestamp: u64, record: &Record, duration: Duration) -> Self {
        const METRICS: &[Metric] = &[
            Metric { name: "Evaluations", unit: "Count" },
            Metric { name: "NonCompliant", unit: "Count" },
            Metric { name: "InternalErrors", unit: "Count" },
            Metric { name: "Duration", unit: "Milliseconds" },
        ];
        let values = Values::Event {
            evaluations: u8::from(!record.verdicts.is_empty()),
            non_compliant: u8::from(record.error_code == Some(ErrorCode::NonCompliant)),
            internal_errors: u8::from(record.is_internal_error),
            duration: duration.as_secs_f64() * 1000.0,
        };
        Self::new(timestamp, &[&[]], METRICS, values)
    }

    fn of_failure(timestamp: u64, rule: &'a str) -> Self {
        const METRICS: &[Metric] = &[Metric { name: "Failures", unit: "Count" }];
        Self::new(timestamp, &[&["Rule"]], METRICS, Values::Failure { rule, failures: 1 })
    }

    fn new(
        timestamp: u64,
        dimensions: &'static [&'static [&'static str]],
        metrics: &'static [Metric],
        values: Values<'a>,
    ) -> Self {
        let directive = Directive { namespace: "EcsGuard", dimensions, metrics };
        Self { metadata: Metadata { timestamp, cloud_watch_metrics: [directive] }, values }
    }
}
