//! Other tools beside ours: what each says of the cases of the bypass suite.
//!
//! Owns how cfn-guard and Checkov are asked, and the table. Must not know what a case is about.

use super::Family;

pub(crate) fn print_table(_families: &[(String, Family)]) {}
