//! What a run writes, and what it comes to: the options of every command that judges files or stacks.
//!
//! Owns the options that say which findings fail a run. Must not know what is judged.

use clap::ValueEnum;

use super::outputs::{self, Destination};
use crate::check::Totals;
use crate::cli::Outcome;
use crate::output::{Run, Strictness};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Reporting {
    #[arg(long = "format", value_name = "NAME[=FILE]", help = outputs::help())]
    pub(in crate::cli) formats: Vec<Destination>,

    /// Let warnings or values that are not known yet fail too; may be repeated
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,

    /// Exit with 0 also when something fails; what cannot be read or written is an error still
    #[arg(long)]
    exit_zero: bool,

    /// Show only what makes the run fail
    #[arg(long, short, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,

    /// Show what passes too
    #[arg(long, short)]
    pub(in crate::cli) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Violations of rules at level warn
    Warn,
    /// Values that are not known yet
    Unknown,
}

impl Reporting {
    /// What fails beside failures.
    pub(in crate::cli) fn strictness(&self) -> Strictness {
        Strictness {
            warnings_fail: self.fail_on.contains(&FailOn::Warn),
            unknowns_fail: self.fail_on.contains(&FailOn::Unknown),
        }
    }

    /// What a run comes to that said all this, and was complete or not.
    pub(in crate::cli) fn outcome(&self, totals: &Totals, run: &Run<'_>, is_complete: bool) -> Outcome {
        match (is_complete, run.is_failed(totals) && !self.exit_zero) {
            (false, _) => Outcome::Failed,
            (true, true) => Outcome::NonCompliant,
            (true, false) => Outcome::Compliant,
        }
    }
}
