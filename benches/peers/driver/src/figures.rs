//! What is measured of one start, and how many of them become one figure.
//!
//! Owns: the metrics and the medians. Must not know: processes, or how a table looks.

use measuring::median;

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Spawn to first `GET /next`, ms.
    Start,
    /// The first event after the start, the failing one, µs.
    First,
    /// Median and 99th percentile of the failing event, warm, µs.
    Warm,
    WarmTail,
    /// Median of the compliant event, warm, µs.
    WarmCompliant,
    /// Resident memory after all events, MiB.
    Resident,
}

impl Metric {
    pub const ALL: [Self; 6] =
        [Self::Start, Self::First, Self::Warm, Self::WarmTail, Self::WarmCompliant, Self::Resident];
}

/// One value per metric, in the order of [`Metric::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Figures(pub [f64; Metric::ALL.len()]);

impl Figures {
    pub fn get(&self, metric: Metric) -> f64 {
        self.0[metric as usize]
    }

    fn median_of(all: &[Self]) -> Self {
        Self(Metric::ALL.map(|metric| median(all.iter().map(|it| it.get(metric)).collect())))
    }
}

/// Everything measured of one function: a value per round, each the median of the round's starts.
#[derive(Debug, Default)]
pub struct Series {
    rounds: Vec<Figures>,
}

impl Series {
    pub fn add_round(&mut self, starts: &[Figures]) {
        self.rounds.push(Figures::median_of(starts));
    }

    /// The median over the rounds.
    pub fn figure(&self, metric: Metric) -> f64 {
        median(self.rounds.iter().map(|it| it.get(metric)).collect())
    }

    /// `self / other`, round by round, then the median: two functions of one round met the same machine, so a
    /// disturbance that lasts falls on both sides of the fraction.
    pub fn ratio(&self, other: &Self, metric: Metric) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        median(pairs.map(|(ours, theirs)| ours.get(metric) / theirs.get(metric)).collect())
    }
}
