//! ecs-guard judges ECS task definitions before they are deployed.
//!
//! The modules, in reading order; data flows down the list and never up:
//!
//! 1. [`document`]: text or event bytes become one [`document::Node`] tree, read through
//!    [`document::View`].
//! 2. [`finding`]: what a verdict and a finding are.
//! 3. [`rule`]: what a rule is, and the macros that declare one.
//! 4. [`rules`]: the rules, one file each, and the harness that tests them all.
//! 5. [`policy`]: the policy file, validated: which rules apply, how strictly, with what options.
//! 6. [`report`]: what all rules of a policy said of one task definition.
//! 7. [`engine`]: a task definition and a policy become a report.
//! 8. [`fix`]: the change that a finding asks for becomes edits of the text.
//! 9. [`check`]: one file, judged and fixed.
//! 10. [`hook`]: the CloudFormation hook protocol: event bytes in, answer out.
//! 11. [`deployed`]: what a deployed hook said, and what is wrong with one.
//! 12. [`output`]: text that people read.
//! 13. [`policy_file`], [`https`], [`payload`], [`aws`], [`cli`] and [`lambda`]: the file system, the network and the
//!     two programs; all input and output is here.

#[cfg(feature = "aws")]
pub mod aws;
pub mod check;
#[cfg(feature = "cli")]
#[expect(clippy::disallowed_methods, reason = "a program: it reads files, the environment and the streams")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod deployed;
pub mod document;
pub mod engine;
pub mod finding;
pub mod fix;
pub mod hook;
#[cfg(feature = "https")]
pub mod https;
#[cfg(feature = "function")]
#[expect(clippy::disallowed_methods, reason = "a program: it reads the environment and the clock, and logs")]
pub mod lambda;
pub mod output;
#[cfg(feature = "function")]
#[expect(
    clippy::disallowed_methods,
    reason = "downloads for the function: it needs the clock and a test's variable"
)]
pub mod payload;
pub mod policy;
#[expect(clippy::disallowed_methods, reason = "reads the policy file for the programs")]
pub mod policy_file;
pub mod report;
pub mod rule;
pub mod rules;
pub mod template;
