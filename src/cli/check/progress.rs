//! How far a long run has come.
//!
//! Owns the bar on a terminal's standard error and when there is one. Must not know what is counted.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes long.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Work {
    /// Judging, at a speed that nobody needs an estimate of.
    Checking,
    /// Asking AWS which stacks there are, in each Region.
    Listing,
    /// Asking AWS, at the speed that it allows.
    Fetching,
}

/// A bar that shows itself when a run of many files takes long.
pub(in crate::cli) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// No bar unless there are several files to see go by on a terminal.
    pub(in crate::cli) fn new(work: Work, files: usize, is_wanted: bool) -> Option<Self> {
        const MANY: usize = 50;
        // How many pages of stacks a Region has, nobody knows.
        let many = if matches!(work, Work::Listing) { 1 } else { MANY };
        if !is_wanted || files < many || !stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::hidden());
        // The time left is that of the stacks still to be fetched at the speed of the last ones, which falls as soon as
        // AWS slows down.
        let template = match work {
            Work::Checking => "checking {wide_bar} {pos}/{len}",
            Work::Listing => "listing {wide_bar} {pos}/{len} Regions",
            Work::Fetching => "fetching {wide_bar} {pos}/{len}, {per_sec}, about {eta} left",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Some(Self { bar, started: Instant::now() })
    }

    /// One file more is done.
    pub(in crate::cli) fn advance(&self) {
        const LONG: Duration = Duration::from_millis(500);
        self.bar.inc(1);
        if self.bar.is_hidden() && self.started.elapsed() > LONG {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Writes something to a terminal that the bar may be on.
    pub(in crate::cli) fn beside(progress: Option<&Self>, write: impl FnOnce()) {
        match progress {
            Some(progress) => progress.bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
