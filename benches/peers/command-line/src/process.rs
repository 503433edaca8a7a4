//! One run of one command: its wall time, processor time and peak memory.
//!
//! Owns the clock and the process. Must not know what the command is.
//!
//! The kernel counts the memory of the process that a child was split from into the child's peak. So a small process
//! of its own stands between: this program again, called as `command-line once`.

use std::error::Error;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};
use wait4::Wait4;

/// The word that makes this program the process between.
pub const ONCE: &str = "once";

/// What one run took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// From before the start to after the end, ms; if the limit ended it, a little more than that.
    pub wall: f64,
    /// Processor time of the program and the processes it waited for, ms, that in the kernel included.
    pub processor: f64,
    /// The part of it outside of the kernel, ms; of short runs the kernel only guesses it.
    pub user: f64,
    /// Peak resident memory, MiB.
    pub memory: f64,
    /// Its exit code; none when a signal ended it, as the limit does.
    pub code: Option<i32>,
}

/// Runs a command in a directory, its standard output into a file.
pub fn run(
    command: &[String],
    directory: &Path,
    out: &Path,
    limit: Duration,
) -> Result<Sample, Box<dyn Error>> {
    let between = Command::new(std::env::current_exe()?)
        .current_dir(directory)
        .arg(ONCE)
        .arg(out)
        .arg(limit.as_secs().to_string())
        .args(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !between.status.success() {
        return Err(format!("{} cannot be measured", command.join(" ")).into());
    }
    Ok(serde_json::from_slice(&between.stdout)?)
}

/// What the process between does: `arguments` are the file for the output, the limit in seconds and the command.
pub fn once(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [out, limit, program, rest @ ..] = arguments else {
        return Err("usage: command-line once OUTPUT SECONDS PROGRAM ARGUMENTS…".into());
    };
    let limit = Timespec { tv_sec: limit.parse()?, tv_nsec: 0 };
    let mut command = Command::new(program);
    // A group of its own, so that the limit ends the processes it starts too.
    command.args(rest).process_group(0);
    command.stdin(Stdio::null()).stdout(File::create(out)?).stderr(Stdio::inherit());

    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    let pid = Pid::from_raw(child.id().cast_signed()).ok_or("a process without a number")?;
    let end = pidfd_open(pid, PidfdFlags::empty())?;
    if poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&limit))? == 0 {
        kill_process_group(pid, Signal::KILL)?;
    }
    let used = child.wait4()?;
    let wall = start.elapsed();

    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let sample = Sample {
        wall: milliseconds(wall),
        processor: milliseconds(used.rusage.utime + used.rusage.stime),
        user: milliseconds(used.rusage.utime),
        memory: used.rusage.maxrss as f64 / f64::from(1 << 20),
        code: used.status.code(),
    };
    serde_json::to_writer(std::io::stdout(), &sample)?;
    Ok(())
}
