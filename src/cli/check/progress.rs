//! How far a long run has come.
//!
//! Owns the bar on a terminal's standard error and when there is one. Must not know what is counted.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{
    HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, style::ProgressTracker,
};

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

/// After how long a run is long.
const LONG: Duration = Duration::from_millis(500);

/// How often a bar is drawn, whether or not anything was done meanwhile: what is said of the speed must not stand still.
const TICK: Duration = Duration::from_millis(250);

/// The speed is that of so long.
const WINDOW: Duration = Duration::from_secs(10);

/// Or of so long, where that is less: AWS has become slower, or only what it refused before is left. Without anything done
/// for so long there is no speed to make an estimate of.
const MOMENT: Duration = Duration::from_secs(3);

/// A bar that shows itself when a run of many files takes long.
pub(in crate::cli) struct Progress {
    bar: ProgressBar,
    /// When something was last done.
    last: Arc<Mutex<Instant>>,
    /// How many stacks were listed.
    listed: Arc<AtomicU64>,
    /// What shows the bar once the run is long, and ends when the first is dropped.
    showing: Option<(Sender<()>, JoinHandle<()>)>,
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
        let template = match work {
            Work::Checking => "checking {wide_bar} {pos}/{len}",
            Work::Listing => "listing {wide_bar} {pos}/{len} Regions, {listed}{silence}",
            Work::Fetching => "fetching {wide_bar} {pos}/{len}, {left}",
        };
        let last = Arc::new(Mutex::new(Instant::now()));
        let listed = Arc::new(AtomicU64::new(0));
        if let Ok(style) = ProgressStyle::with_template(template) {
            let estimate = Estimate::new(Arc::clone(&last));
            let (last, so_far) = (Arc::clone(&last), Arc::clone(&listed));
            bar.set_style(
                style
                    .with_key("listed", move |_: &ProgressState, out: &mut dyn Write| {
                        let _ = match so_far.load(Ordering::Relaxed) {
                            1 => write!(out, "1 stack"),
                            count => write!(out, "{count} stacks"),
                        };
                    })
                    .with_key("silence", move |_: &ProgressState, out: &mut dyn Write| {
                        if let Some(seconds) = silence(&last) {
                            let _ = write!(out, ", nothing new for {seconds}s");
                        }
                    })
                    .with_key("left", estimate),
            );
        }
        let showing = show_later(bar.clone());
        Some(Self { bar, last, listed, showing })
    }

    /// One file more is done.
    pub(in crate::cli) fn advance(&self) {
        self.went_on();
        self.bar.inc(1);
    }

    /// More stacks are listed, or at least a page more.
    pub(in crate::cli) fn list(&self, stacks: usize) {
        self.went_on();
        self.listed.fetch_add(stacks as u64, Ordering::Relaxed);
    }

    fn went_on(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Writes something to a terminal that the bar may be on.
    pub(in crate::cli) fn beside(progress: Option<&Self>, write: impl FnOnce()) {
        match progress {
            Some(progress) => progress.bar.suspend(write),
            None => write(),
        }
    }
}

/// How long the rest takes at the speed of the last seconds, which falls while nothing is done.
#[derive(Clone)]
struct Estimate {
    /// How much was done when, over the window, the oldest first.
    samples: VecDeque<(Instant, u64)>,
    /// When something was last done.
    last: Arc<Mutex<Instant>>,
}

impl Estimate {
    fn new(last: Arc<Mutex<Instant>>) -> Self {
        Self { samples: VecDeque::from([(Instant::now(), 0)]), last }
    }

    fn add(&mut self, now: Instant, done: u64) {
        // The oldest is at the window's beginning, or before it.
        while self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.samples.pop_front();
        }
        if self.samples.back().is_none_or(|(at, _)| now.duration_since(*at) >= TICK / 2) {
            self.samples.push_back((now, done));
        }
    }

    /// How much is done in a second; `None`: nothing.
    fn speed(&self, now: Instant, done: u64) -> Option<f64> {
        let is_before = |(at, _): &&(Instant, u64)| now.duration_since(*at) >= MOMENT;
        let oldest = self.samples.front()?;
        let moment = self.samples.iter().rev().find(is_before).unwrap_or(oldest);
        let since = |(at, before): &(Instant, u64)| {
            let (done, seconds) = (done.saturating_sub(*before), now.duration_since(*at).as_secs_f64());
            #[expect(clippy::cast_precision_loss, reason = "so many stacks nobody has")]
            (done > 0 && seconds > 0.0).then(|| done as f64 / seconds)
        };
        Some(since(oldest)?.min(since(moment)?))
    }
}

impl ProgressTracker for Estimate {
    fn clone_box(&self) -> Box<dyn ProgressTracker> {
        Box::new(self.clone())
    }

    fn tick(&mut self, state: &ProgressState, now: Instant) {
        self.add(now, state.pos());
    }

    fn reset(&mut self, _: &ProgressState, now: Instant) {
        self.samples = VecDeque::from([(now, 0)]);
    }

    fn write(&self, state: &ProgressState, out: &mut dyn Write) {
        if let Some(seconds) = silence(&self.last) {
            let _ = write!(out, "nothing new for {seconds}s");
            return;
        }
        let Some(speed) = self.speed(Instant::now(), state.pos()) else { return };
        #[expect(clippy::cast_precision_loss, reason = "so many stacks nobody has")]
        let seconds = state.len().unwrap_or_default().saturating_sub(state.pos()) as f64 / speed;
        let left = Duration::try_from_secs_f64(seconds.max(1.0)).unwrap_or(Duration::MAX);
        let decimals = usize::from(speed < 10.0);
        let _ = write!(out, "{speed:.decimals$}/s, about {:#} left", HumanDuration(left));
    }
}

/// For how many seconds nothing was done, where that is long.
fn silence(last: &Mutex<Instant>) -> Option<u64> {
    let since = last.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
    (since >= MOMENT).then_some(since.as_secs())
}

/// Shows a bar when that has become worth it, and has it drawn from then on.
/// `None`: there is no thread to be had for it.
fn show_later(bar: ProgressBar) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = mpsc::channel();
    let shower = thread::Builder::new().spawn(move || {
        if stopped.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    });
    Some((stop, shower.ok()?))
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, shower)) = self.showing.take() {
            drop(stop);
            let _ = shower.join();
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_that_of_the_last_seconds_and_falls_while_nothing_is_done() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut estimate = Estimate::new(Arc::new(Mutex::new(start)));
        estimate.samples = VecDeque::from([(start, 0)]);
        assert_eq!(estimate.speed(at(1), 0), None);
        for second in 1..=30 {
            estimate.add(at(second), second * 300);
        }
        assert_eq!(estimate.speed(at(30), 9000), Some(300.0));
        // It is told at once when it falls, and later when it rises.
        for second in 31..=36 {
            estimate.add(at(second), 9000 + (second - 30) * 30);
        }
        assert_eq!(estimate.speed(at(36), 9180), Some(30.0));
        for second in 37..=40 {
            estimate.add(at(second), 9180 + (second - 36) * 270);
        }
        assert_eq!(estimate.speed(at(40), 10_260), Some(126.0));
        for second in 41..=43 {
            estimate.add(at(second), 10_260);
        }
        assert_eq!(estimate.speed(at(43), 10_260), None);
        assert!(estimate.samples.len() <= 12);
    }
}
