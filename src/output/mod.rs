//! Text that people read, one file per kind.
//!
//! Owns how answers, rules and mistakes look; each function returns or writes text and decides nothing. Must not
//! know where the text goes.

#[cfg(feature = "cli")]
pub mod answer;
#[cfg(feature = "cli")]
pub mod policy_error;
pub mod rules;
