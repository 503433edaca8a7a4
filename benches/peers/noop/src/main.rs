//! The least a Rust function on Lambda can do with an event: parse it into a [`Value`] and answer with it.
//!
//! One current-thread runtime and nothing else, like ecs-guard's own `bootstrap`, and the allocator that has, so that
//! the two differ in their work only.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(lambda_runtime::run(
        service_fn(|event: LambdaEvent<Value>| async move { Ok::<_, Error>(event.payload) }),
    ))
}
