//! Times in an answer that are none, replaced before the SDK reads the answer, which it would refuse as a whole.
//!
//! Owns which text is a time. Must not know what the answer is to.

use aws_sdk_cloudformation::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudformation::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;

/// What stands in the place of a time that is none, since 1970: no stack and no hook is so old.
pub(super) const UNKNOWN: i64 = 0;
const UNKNOWN_TEXT: &str = "1970-01-01T00:00:00Z";

/// The elements that are times: of an invocation of a hook, and of a stack.
const ELEMENTS: [&str; 4] = ["InvokedAt", "CreationTime", "LastUpdatedTime", "DeletionTime"];

/// Puts [`UNKNOWN`] in the place of what stands for a time and is none.
#[derive(Debug)]
pub(super) struct Lenient;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Lenient {
    fn name(&self) -> &'static str {
        "Lenient"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let text = response.body().bytes().and_then(|body| std::str::from_utf8(body).ok());
        if let Some(text) = text.and_then(without_strange_times) {
            *response.body_mut() = text.into_bytes().into();
        }
        Ok(())
    }
}

/// The text with [`UNKNOWN`] for each time that cannot be read; `None`: it has none.
fn without_strange_times(text: &str) -> Option<String> {
    let mut changed: Option<String> = None;
    for element in ELEMENTS {
        let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
        let mut rest = changed.as_deref().unwrap_or(text);
        let mut kept = String::new();
        let mut is_strange = false;
        while let Some((before, behind)) = rest.split_once(&begin) {
            let Some((time, after)) = behind.split_once(&end) else { break };
            let is_time = DateTime::from_str(time.trim(), DateTimeFormat::DateTimeWithOffset).is_ok();
            is_strange |= !is_time;
            kept.extend([before, &begin, if is_time { time } else { UNKNOWN_TEXT }, &end]);
            rest = after;
        }
        if is_strange {
            kept.push_str(rest);
            changed = Some(kept);
        }
    }
    changed
}
