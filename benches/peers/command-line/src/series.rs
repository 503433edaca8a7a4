//! What many runs of one command come to.
//!
//! Owns the medians and the ratios. Must not know commands.

use measuring::median;

use crate::LIMIT;
use crate::process::Sample;

/// Everything measured of one command on one input, a sample per round.
#[derive(Debug, Default)]
pub struct Series {
    pub rounds: Vec<Sample>,
}

impl Sample {
    /// Whether the limit ended it.
    pub fn is_over(&self, limit: std::time::Duration) -> bool {
        self.code.is_none() && self.wall >= limit.as_secs_f64() * 1e3
    }
}

impl Series {
    /// Wall time, ms.
    pub fn wall(&self) -> f64 {
        self.median(|sample| sample.wall)
    }

    /// Processor time, ms.
    pub fn processor(&self) -> f64 {
        self.median(|sample| sample.processor)
    }

    /// The part of it outside of the kernel, ms: the mean, because the kernel counts it in ticks longer than a short run.
    pub fn user(&self) -> f64 {
        let all = self.rounds.iter().map(|sample| sample.user);
        all.sum::<f64>() / self.rounds.len().max(1) as f64
    }

    /// Peak resident memory, MiB: the highest of all, for a limit is a limit every time.
    pub fn memory(&self) -> f64 {
        self.rounds.iter().map(|sample| sample.memory).fold(0.0, f64::max)
    }

    /// Whether it did not end in time; the figures are then lower bounds.
    pub fn is_over(&self) -> bool {
        self.rounds.iter().any(|sample| sample.is_over(LIMIT))
    }

    /// How many times longer than `other` it takes, round by round, then the median: two commands of one round met
    /// the same machine.
    pub fn times(&self, other: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(ours, theirs)| ours.wall / theirs.wall).collect())
    }

    /// The median over the rounds of what `of` makes of the wall times, ms, of this and two other commands.
    pub fn combined(&self, others: [&Self; 2], of: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let [first, second] = others;
        let rounds = self.rounds.iter().zip(&first.rounds).zip(&second.rounds);
        median(rounds.map(|((one, two), three)| of(one.wall, two.wall, three.wall)).collect())
    }

    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect())
    }
}
