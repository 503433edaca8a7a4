//! The command's entry point. Must not know anything but how to start.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ecs_guard::cli::run(ecs_guard::cli::Arguments::parse())
}
