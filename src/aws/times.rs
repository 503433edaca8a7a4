//! Times in an answer that are none, left out before the SDK reads the answer, which it would refuse as a whole.
//!
//! Owns which text is a time. Must not know what the answer is to.

use aws_sdk_cloudformation::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudformation::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;

const BEGIN: &str = "<InvokedAt>";
const END: &str = "</InvokedAt>";

/// Leaves out what stands for the time of an invocation and is no time.
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

/// The text without times that cannot be read; `None`: it has none.
fn without_strange_times(text: &str) -> Option<String> {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, behind)) = rest.split_once(BEGIN) {
        let Some((time, after)) = behind.split_once(END) else { break };
        kept.push_str(before);
        if DateTime::from_str(time.trim(), DateTimeFormat::DateTimeWithOffset).is_ok() {
            kept.extend([BEGIN, time, END]);
        }
        rest = after;
    }
    kept.push_str(rest);
    (kept.len() < text.len()).then_some(kept)
}
