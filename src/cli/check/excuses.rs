//! The policy's exceptions, applied to what was found in files.
//!
//! Owns what is known of the stack that a file is for, and which exceptions were of use. Must not know what a file says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use crate::check::CheckedFile;
use crate::engine::{StackTags, Subject, excuse};
use crate::policy::{Exception, Field, Policy};
use crate::template::Given;

/// The stack that the files are for, as far as the command line says.
#[derive(Debug, clap::Args)]
pub(super) struct Stack {
    /// The account that the templates are for, as exceptions and AWS::AccountId have it
    #[arg(long, value_name = "ID")]
    account: Option<String>,

    /// The stack that the templates are for, as exceptions and AWS::StackName have it
    #[arg(long = "stack-name", value_name = "NAME")]
    name: Option<String>,

    /// A tag of that stack, for exceptions by tag; may be repeated
    #[arg(long = "stack-tag", value_name = "NAME=VALUE", value_parser = super::super::invoke::tag)]
    tags: Vec<(String, String)>,
}

impl Stack {
    /// Adds what is known of the stack to the parameters.
    pub(super) fn add_to(&self, given: &mut Given) {
        for (name, value) in [("AWS::AccountId", &self.account), ("AWS::StackName", &self.name)] {
            if let Some(value) = value {
                given.parameters.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// The exceptions of a run.
pub(super) struct Excuses<'a> {
    policy: &'a Policy,
    account: Option<&'a str>,
    stack_name: Option<&'a str>,
    stack_tags: Option<BTreeMap<String, String>>,
    today: Date,
    has_matched: Vec<AtomicBool>,
}

impl<'a> Excuses<'a> {
    pub(super) fn new(stack: &Stack, given: &'a Given, policy: &'a Policy, today: Date) -> Self {
        let known = |name: &str| given.parameters.get(name).map(String::as_str);
        let tags: BTreeMap<_, _> = stack.tags.iter().cloned().collect();
        Self {
            policy,
            account: known("AWS::AccountId"),
            stack_name: known("AWS::StackName"),
            stack_tags: Some(tags).filter(|tags| !tags.is_empty()),
            today,
            has_matched: policy.exceptions.iter().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Takes the weight from what is excused.
    pub(super) fn apply(&self, file: &mut CheckedFile<'_>) {
        let Ok(tasks) = &mut file.judged else { return };
        for task in tasks {
            let subject = Subject {
                account: self.account,
                stack_name: self.stack_name,
                stack_tags: self.stack_tags.as_ref().map(|tags| tags as &dyn StackTags),
                logical_id: task.logical_id.as_deref(),
                family: task.family.as_deref(),
            };
            for position in excuse(&mut task.report, &subject, self.policy, self.today) {
                if let Some(has_matched) = self.has_matched.get(position) {
                    has_matched.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// What to say of exceptions that a run over everything had no use for, and of those it could not apply.
    pub(super) fn unused(&self, is_over_everything: bool) -> Vec<String> {
        let is_applicable = |exception: &Exception| {
            exception.matchers.iter().all(|matcher| match matcher.field {
                Field::Account => self.account.is_some(),
                Field::StackName => self.stack_name.is_some(),
                Field::StackTag(_) => self.stack_tags.is_some(),
                Field::LogicalId | Field::Family | Field::Container | Field::Image => true,
            })
        };
        let mut said = Vec::new();
        let mut not_applicable = 0;
        for (exception, has_matched) in self.policy.exceptions.iter().zip(&self.has_matched) {
            if !is_applicable(exception) {
                not_applicable += 1;
            } else if is_over_everything && !has_matched.load(Ordering::Relaxed) {
                said.push(format!(
                    "the exception in line {} of the policy matched nothing: {}",
                    exception.line, exception.reason
                ));
            }
        }
        if not_applicable > 0 {
            said.push(format!(
                "exceptions by account, stack name or stack tags that were not applied: {not_applicable}; say which stack it \
                 is with --account, --stack-name and --stack-tag"
            ));
        }
        said
    }
}
