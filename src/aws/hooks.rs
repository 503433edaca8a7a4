//! Hooks, as CloudFormation tells of them: what they are, and what they said.
//!
//! Owns the reading of answers that say more, or other things, than the SDK's model of them: words that are new are kept
//! as they are, and what is missing is no error. Calls what reads, and nothing else. Must not know what follows.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::operation::list_hook_results::ListHookResultsError;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{
    Annotation, AnnotationStatus, HookResultSummary, HookStatus, RegistryType, ThirdPartyType,
    TypeConfigurationIdentifier,
};

use super::account::MOST_EMPTY_PAGES;
use super::failure::{self, reason};
use super::times::{Lenient, UNKNOWN};
use crate::deployed::results::{Ending, Invocation, Violated};
use crate::document::on_one_line;
use crate::hook::WARNING_ONLY;

/// A hook in one account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookType {
    /// Its ARN, without a version.
    pub arn: String,
    /// Its version.
    pub version: Option<String>,
}

/// The hook of an alias; `None`: there is none.
///
/// # Errors
/// Why that cannot be told, as a part of a sentence.
pub async fn describe(client: &Client, alias: &str) -> Result<Option<HookType>, String> {
    let call = client.describe_type().r#type(RegistryType::Hook).type_name(alias);
    match call.send().await {
        Ok(answer) => {
            let arn = answer.arn().ok_or("the answer to `DescribeType` has no ARN")?.to_owned();
            let version = answer.public_version_number.or(answer.default_version_id);
            Ok(Some(HookType { arn, version }))
        }
        Err(error) => match error.as_service_error().and_then(|error| error.code()) {
            Some("TypeNotFoundException") => Ok(None),
            _ => Err(reason("cloudformation:DescribeType", &error)),
        },
    }
}

impl HookType {
    /// The account that it is in.
    pub fn account(&self) -> Option<&str> {
        self.arn.split(':').nth(4).filter(|account| !account.is_empty())
    }
}

/// The configuration of a hook, in JSON; `None`: it has none.
///
/// # Errors
/// Why it cannot be had, as a part of a sentence.
pub async fn configuration(client: &Client, alias: &str) -> Result<Option<String>, String> {
    let identifier =
        TypeConfigurationIdentifier::builder().r#type(ThirdPartyType::Hook).type_name(alias).build();
    let call = client.batch_describe_type_configurations().type_configuration_identifiers(identifier);
    match call.send().await {
        Ok(answer) => {
            let found = answer.type_configurations().iter().find_map(|details| details.configuration.clone());
            // The call as a whole succeeds where its parts fail.
            let failed = answer.errors().first().map(|error| error.error_code().unwrap_or("an error"));
            match failed {
                _ if found.is_some() => Ok(found),
                Some("TypeConfigurationNotFoundException") => Ok(None),
                Some(code) => Err(format!(
                    "the hook's configuration may not be seen: `BatchDescribeTypeConfigurations` was answered with {}",
                    on_one_line(code)
                )),
                None if !answer.unprocessed_type_configurations().is_empty() => {
                    Err("the hook's configuration was not looked up by `BatchDescribeTypeConfigurations`"
                        .into())
                }
                None => Ok(None),
            }
        }
        Err(error) => match error.as_service_error().and_then(|error| error.code()) {
            Some("TypeConfigurationNotFoundException") => Ok(None),
            _ => Err(reason("cloudformation:BatchDescribeTypeConfigurations", &error)),
        },
    }
}

/// What a hook said, and where more is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The invocation, as far as the list tells.
    pub invocation: Invocation,
    /// What to ask [`details`] by.
    pub id: Option<String>,
}

/// The invocations of a hook since a time in seconds since 1970, as far back as CloudFormation keeps them, and why these are
/// not all, as a part of a sentence.
pub async fn results(client: &Client, hook: &HookType, since: i64) -> (Vec<Said>, Option<String>) {
    let mut said = Vec::new();
    let problem = listed_into(&mut said, client, hook, since).await.err();
    (said, problem)
}

async fn listed_into(
    said: &mut Vec<Said>,
    client: &Client,
    hook: &HookType,
    since: i64,
) -> Result<(), String> {
    let mut tokens = BTreeSet::new();
    let mut token = None;
    let mut empty_pages = 0;
    loop {
        let call = client.list_hook_results().type_arn(&hook.arn).set_next_token(token);
        let page = match call.customize().interceptor(Lenient).send().await {
            Ok(page) => page,
            Err(error) => match error.as_service_error().and_then(|error| error.code()) {
                // There is none.
                Some("HookResultNotFoundException") => break,
                _ => return Err(reason(listing(&error), &error)),
            },
        };
        empty_pages = if page.hook_results().is_empty() { empty_pages + 1 } else { 0 };
        let recent = page.hook_results().iter().map(listed);
        said.extend(recent.filter(|one| one.invocation.invoked_at.is_none_or(|at| at >= since)));
        token = page.next_token.filter(|token| !token.is_empty());
        match &token {
            Some(_) if empty_pages == MOST_EMPTY_PAGES => {
                return Err("the answers to `ListHookResults` have no end".into());
            }
            Some(next) if tokens.insert(next.clone()) => {}
            Some(_) => return Err("the answer to `ListHookResults` leads to itself".into()),
            None => break,
        }
    }
    Ok(())
}

/// The action that a refusal is about: to list the results of a hook takes the right to list them all
/// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/grant-iam-permissions-for-hooks.html>).
fn listing(error: &SdkError<ListHookResultsError, HttpResponse>) -> &'static str {
    if failure::is_denied(error) {
        "cloudformation:ListAllHookResults"
    } else {
        "cloudformation:ListHookResults"
    }
}

fn listed(summary: &HookResultSummary) -> Said {
    let stack = summary.hook_execution_target().or(summary.target_id()).unwrap_or("unknown target");
    let invocation = Invocation {
        invoked_at: summary.invoked_at().map(DateTime::secs).filter(|at| *at != UNKNOWN),
        ending: ending(summary.status()),
        failure_mode: summary.failure_mode().map(|mode| mode.as_str().to_owned()),
        target: short(stack).to_owned(),
        reason: summary.hook_status_reason().map(str::to_owned),
        violated: None,
    };
    Said { invocation, id: summary.hook_result_id().map(str::to_owned) }
}

fn ending(status: Option<&HookStatus>) -> Ending {
    // AWS's own pages have words of the protocol in other casings.
    let word = status.map(|status| status.as_str().to_ascii_uppercase());
    match word.as_deref() {
        Some("HOOK_COMPLETE_SUCCEEDED") => Ending::Passed,
        Some("HOOK_COMPLETE_FAILED") => Ending::Failed,
        Some("HOOK_FAILED") => Ending::WithoutAnswer,
        Some("HOOK_IN_PROGRESS") => Ending::Running,
        other => Ending::Other(other.unwrap_or("unknown").to_owned()),
    }
}

/// The name in the ARN of a stack or a change set; anything else as it is.
fn short(target: &str) -> &str {
    let resource = target.splitn(6, ':').nth(5).unwrap_or(target);
    match resource.split_once('/') {
        Some(("stack" | "changeSet", rest)) => rest.split('/').next().unwrap_or(rest),
        _ => target,
    }
}

/// Adds what CloudFormation keeps beyond the list: the resource, and the rules that were violated, with the reasons.
///
/// # Errors
/// Why that cannot be had, as a part of a sentence.
pub async fn details(client: &Client, id: &str, invocation: &mut Invocation) -> Result<(), String> {
    let answer = client.get_hook_result().hook_result_id(id).customize().interceptor(Lenient).send().await;
    let answer = answer.map_err(|error| reason("cloudformation:GetHookResult", &error))?;
    let target = answer.target();
    let is_resource =
        target.and_then(|target| target.target_type()).is_some_and(|kind| kind.as_str() == "RESOURCE");
    if let Some(id) = target.and_then(|target| target.target_id()).filter(|_| is_resource) {
        invocation.target = format!("{}/{id}", invocation.target);
    }
    // Whatever word says that a rule was violated, or none: these two say that it was not.
    let is_violated = |one: &&Annotation| {
        let word = one.status().map(AnnotationStatus::as_str).unwrap_or_default();
        !["PASSED", "SKIPPED"].iter().any(|other| word.eq_ignore_ascii_case(other))
    };
    let failed = answer.annotations().iter().filter(is_violated);
    let violated = failed.filter_map(|annotation| {
        Some(Violated {
            rule: annotation.annotation_name()?.to_owned(),
            severity: annotation.severity_level().map(|level| level.as_str().to_owned()),
            is_warning: annotation.status_message().is_some_and(|message| message.starts_with(WARNING_ONLY)),
            message: annotation.status_message().map(str::to_owned),
        })
    });
    invocation.violated = Some(violated.collect());
    invocation.reason = answer.hook_status_reason().map(str::to_owned).or(invocation.reason.take());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_target_is_called_by_its_name() {
        for (target, expected) in [
            ("arn:aws:cloudformation:us-west-2:123456789012:stack/orders-api/1a23", "orders-api"),
            ("arn:aws:cloudformation:us-west-2:123456789012:changeSet/next/1a23", "next"),
            ("0d2b6e6e-8f0e-4c93-bf8d-0a4e3a9d6c11", "0d2b6e6e-8f0e-4c93-bf8d-0a4e3a9d6c11"),
            ("a/b:c", "a/b:c"),
        ] {
            assert_eq!(short(target), expected);
        }
    }
}
