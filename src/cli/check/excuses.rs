//! The policy's exceptions, applied to what was found in files.
//!
//! Owns what is known of the stack that a file is for, and which exceptions were of use. Must not know what a file says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use crate::check::JudgedTask;
use crate::engine::{StackTags, Subject, excuse};
use crate::policy::{Exception, Field, Policy};
use crate::template::Given;

// The stack that the files are for, as far as the command line says. What explains it here must not explain the command.
#[derive(Debug, clap::Args)]
pub(super) struct Stack {
    /// The account that the templates are for, as exceptions and AWS::AccountId have it
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,

    /// The stack that the templates are for, as exceptions and AWS::StackName have it
    #[arg(long = "stack-name", value_name = "NAME")]
    name: Option<String>,

    /// A tag of that stack, for exceptions by tag; may be repeated
    #[arg(long = "stack-tag", value_name = "NAME=VALUE", value_parser = super::super::invoke::tag)]
    tags: Vec<(String, String)>,
}

/// An account's number
/// (<https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>).
fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has 12 digits".into())
    }
}

impl Stack {
    /// Adds what is known of the stack to the parameters; what contradicts them is a mistake.
    pub(super) fn add_to(&self, given: &mut Given) -> Result<(), String> {
        let options =
            [("--account", "AWS::AccountId", &self.account), ("--stack-name", "AWS::StackName", &self.name)];
        for (option, name, value) in options {
            let Some(value) = value else { continue };
            let known = given.parameters.insert(name.to_owned(), value.clone());
            if known.is_some_and(|known| known != *value) {
                return Err(format!(
                    "{option} says another value than the parameter {name}: give one of them"
                ));
            }
        }
        Ok(())
    }

    /// Its tags, as far as they are given.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        self.tags.iter().cloned().collect()
    }
}

/// What is known of the stack that a template is for.
pub(in crate::cli) struct Known<'a> {
    pub(in crate::cli) account: Option<&'a str>,
    pub(in crate::cli) stack_name: Option<&'a str>,
    pub(in crate::cli) stack_tags: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Known<'a> {
    /// What the command line says; `tags` are those of [`Stack::tags`].
    pub(super) fn of(given: &'a Given, tags: &'a BTreeMap<String, String>) -> Self {
        let parameter = |name: &str| given.parameters.get(name).map(String::as_str);
        Self {
            account: parameter("AWS::AccountId"),
            stack_name: parameter("AWS::StackName"),
            stack_tags: Some(tags).filter(|tags| !tags.is_empty()),
        }
    }

    /// Whether an exception can be told to apply or not.
    fn decides(&self, exception: &Exception) -> bool {
        exception.matchers.iter().all(|matcher| match matcher.field {
            Field::Account => self.account.is_some(),
            Field::StackName => self.stack_name.is_some(),
            Field::StackTag(_) => self.stack_tags.is_some(),
            Field::LogicalId | Field::Family | Field::Container | Field::Image => true,
        })
    }
}

/// The exceptions of a run.
pub(in crate::cli) struct Excuses<'a> {
    policy: &'a Policy,
    today: Date,
    has_matched: Vec<AtomicBool>,
}

impl<'a> Excuses<'a> {
    pub(in crate::cli) fn new(policy: &'a Policy, today: Date) -> Self {
        Self {
            policy,
            today,
            has_matched: policy.exceptions.iter().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Takes the weight from what is excused.
    pub(in crate::cli) fn apply(&self, task: &mut JudgedTask, known: &Known<'_>) {
        let subject = Subject {
            account: known.account,
            stack_name: known.stack_name,
            stack_tags: known.stack_tags.map_or(StackTags::Nowhere, StackTags::Known),
            logical_id: task.logical_id.as_deref(),
        };
        for position in excuse(&mut task.report, &subject, self.policy, self.today) {
            if let Some(has_matched) = self.has_matched.get(position) {
                has_matched.store(true, Ordering::Relaxed);
            }
        }
    }

    /// What to say of exceptions that matched nothing in these accounts, as far as was looked, and of those for others alone.
    pub(in crate::cli) fn unmatched_in(&self, accounts: &BTreeSet<&str>, looked: &str) -> Vec<String> {
        let is_for = |exception: &&Exception| {
            let mut of_account = exception.matchers.iter().filter(|matcher| matcher.field == Field::Account);
            of_account.all(|matcher| accounts.iter().any(|account| matcher.matches(account)))
        };
        let (here, elsewhere): (Vec<_>, Vec<_>) = self.without_match().partition(is_for);
        let says = |exception| format!("{looked}, {}", says_unmatched(exception));
        let mut said: Vec<_> = here.into_iter().map(says).collect();
        match elsewhere.len() {
            0 => {}
            1 => said.push("1 exception is for accounts of which nothing was seen".into()),
            count => said.push(format!("{count} exceptions are for accounts of which nothing was seen")),
        }
        said
    }

    /// What to say of exceptions that those decide who are blocked.
    pub(in crate::cli) fn trusting_authors(&self) -> Vec<String> {
        let trusting = self.policy.exceptions.iter().filter(|exception| exception.is_authors_own());
        let say = |Exception { line, reason, .. }: &Exception| {
            format!(
                "the author of a template decides whether the exception in line {line} of the policy applies: {reason}"
            )
        };
        trusting.map(say).collect()
    }

    fn without_match(&self) -> impl Iterator<Item = &Exception> {
        let all = self.policy.exceptions.iter().zip(&self.has_matched);
        all.filter(|(_, has_matched)| !has_matched.load(Ordering::Relaxed)).map(|(exception, _)| exception)
    }

    /// What to say of exceptions that could not be applied for want of what is `known`, and of those that a run over
    /// everything had no use for, with what is to be added to that; `None`: it was over less.
    pub(super) fn unused(&self, known: &Known<'_>, over_everything: Option<&str>) -> Vec<String> {
        let applicable = self.without_match().filter(|one| known.decides(one));
        let says = |(exception, addition): (_, &str)| says_unmatched(exception) + addition;
        let mut said: Vec<_> = applicable.zip(over_everything.into_iter().cycle()).map(says).collect();
        let not_applicable = self.policy.exceptions.iter().filter(|one| !known.decides(one)).count();
        if not_applicable > 0 {
            said.push(format!(
                "exceptions by account, stack name or stack tags that were not applied: {not_applicable}; say which stack it \
                 is with --account, --stack-name and --stack-tag"
            ));
        }
        said
    }
}

fn says_unmatched(exception: &Exception) -> String {
    let Exception { line, reason, .. } = exception;
    format!("the exception in line {line} of the policy matched nothing: {reason}")
}
