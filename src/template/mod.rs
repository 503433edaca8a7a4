//! Templates: where the task definitions are, and what their values may come to be.
//!
//! Owns the sections of a CloudFormation template and the evaluation of its functions. Must not know rules or
//! policies, nor where a template comes from.

use std::collections::BTreeMap;

/// What is known of a deployment beside the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Values of parameters and of pseudo parameters such as `AWS::Region`, as text; a list's items with commas between.
    pub parameters: BTreeMap<String, String>,
    /// Whether a parameter that is not given has its default.
    pub assume_defaults: bool,
}
