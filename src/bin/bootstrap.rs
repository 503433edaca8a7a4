//! The Lambda function's entry point. Must not know anything but how to start.
#![expect(clippy::disallowed_methods, reason = "a program: it reads the environment")]
#![expect(clippy::print_stderr, reason = "there is no log yet when it cannot start")]

use std::process::ExitCode;

// musl's own allocator is slow; glibc's is not (`make bench` compares).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        eprintln!("bootstrap is started by AWS Lambda. To try an event here: ecs-guard invoke EVENT.json");
        return ExitCode::from(2);
    }
    match ecs_guard::lambda::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the Lambda Runtime API is gone: {error}");
            ExitCode::FAILURE
        }
    }
}
