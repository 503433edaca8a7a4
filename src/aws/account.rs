//! The stacks of an account, as CloudFormation tells of them.
//!
//! Owns which stacks are deployed, and what is known of the deployment of one. Calls what reads, and nothing else. Must
//! not know what is judged.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{StackStatus, StackSummary, TemplateStage};
use serde::{Deserialize, Serialize};

use super::failure::reason;
use super::times::{Lenient, UNKNOWN};
use super::{parameters, stacks};
use crate::template::Given;

/// A stack that is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Its ARN, which no other stack ever has.
    pub id: String,
    /// Its status, which tells an update that is under way from one that is done.
    pub status: String,
    /// When it was created or last updated, in milliseconds since 1970.
    pub changed: i64,
}

impl Stack {
    fn of(summary: &StackSummary) -> Option<Self> {
        let changed = summary.last_updated_time().or(summary.creation_time())?;
        let id = summary.stack_id()?.to_owned();
        let status = summary.stack_status()?.as_str().to_owned();
        let changed = changed.to_millis().ok().filter(|changed| *changed != UNKNOWN)?;
        let stack = Self { id, status, changed };
        stack.parts().map(|_| ()).map(|()| stack)
    }

    /// Partition, Region, account, name and the last part of the ARN, if it is one and has nothing in it that a name
    /// of a file could not have.
    fn parts(&self) -> Option<[&str; 5]> {
        let mut parts = self.id.splitn(6, ':');
        let ("arn", partition, "cloudformation", region, account) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        let (name, unique) = parts.next()?.strip_prefix("stack/")?.split_once('/')?;
        let parts = [partition, region, account, name, unique];
        let is_plain = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        parts.iter().all(is_plain).then_some(parts)
    }

    fn part(&self, index: usize) -> &str {
        self.parts().and_then(|parts| parts.get(index).copied()).unwrap_or_default()
    }

    /// Its account's number.
    pub fn account(&self) -> &str {
        self.part(2)
    }

    /// Its Region.
    pub fn region(&self) -> &str {
        self.part(1)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.part(3)
    }

    /// What tells it from others of the same name, before or after it.
    pub fn unique(&self) -> &str {
        self.part(4)
    }

    /// Where it is: `ACCOUNT/REGION`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.account(), self.region())
    }

    /// What it is called in results: `ACCOUNT/REGION/NAME`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.place(), self.name())
    }

    /// Whether these are CloudFormation's words for a stack that is not there.
    fn is_said_to_be_gone(&self, message: &str) -> bool {
        let whose = message.strip_prefix("Stack ").and_then(|rest| rest.strip_suffix(" does not exist"));
        let whose = whose.map(|whose| whose.strip_prefix("with id ").unwrap_or(whose));
        whose.is_some_and(|whose| whose == self.id || whose == self.name())
    }

    /// What is known of its deployment before it is described
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>).
    pub fn pseudo_parameters(&self) -> BTreeMap<String, String> {
        let partition = self.part(0);
        let mut known = BTreeMap::from([
            ("AWS::AccountId", self.account()),
            ("AWS::Partition", partition),
            ("AWS::Region", self.region()),
            ("AWS::StackId", &self.id),
            ("AWS::StackName", self.name()),
        ]);
        // Of the other partitions it is not documented.
        let suffix = match partition {
            "aws" | "aws-us-gov" => Some("amazonaws.com"),
            "aws-cn" => Some("amazonaws.com.cn"),
            _ => None,
        };
        known.extend(suffix.map(|suffix| ("AWS::URLSuffix", suffix)));
        known.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// What a stack was deployed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Its parameters, those of AWS included.
    pub given: Given,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What a Region's list of stacks tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The account, if the list has any stack, were it one that was deleted.
    pub account: Option<String>,
    /// The stacks that a deployment can change, nested ones included, in the order of their names.
    pub stacks: Vec<Stack>,
    /// Why these are not all, each as a part of a sentence.
    pub problems: Vec<String>,
}

/// What no deployment can create or change any more, so that no hook is called for its resources: nothing was ever created;
/// or it is deleted or about to be; or its creation has failed and is or was undone, after which it can only be deleted, as
/// it can after a failed deletion. A creation that failed and was not undone (`CREATE_FAILED`) can go on
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>).
const ENDED: [StackStatus; 7] = [
    StackStatus::ReviewInProgress,
    StackStatus::DeleteInProgress,
    StackStatus::DeleteComplete,
    StackStatus::DeleteFailed,
    StackStatus::RollbackInProgress,
    StackStatus::RollbackComplete,
    StackStatus::RollbackFailed,
];

/// After how many pages in a row that list nothing there is no point in asking for another.
pub(super) const MOST_EMPTY_PAGES: usize = 100;

/// The stacks of an account in a Region, as far as they can be listed. `went_on` is told after each page how many of it there
/// are.
pub async fn list(client: &Client, went_on: impl Fn(usize)) -> Listed {
    let mut listed = Listed::default();
    let mut strange = 0;
    // Not by a filter, which would have to name every status that there will ever be.
    let mut tokens = BTreeSet::new();
    let mut token = None;
    let mut empty_pages = 0;
    loop {
        let call = client.list_stacks().set_next_token(token);
        let page = match call.customize().interceptor(Lenient).send().await {
            Ok(page) => page,
            Err(error) => {
                listed.problems.push(reason("cloudformation:ListStacks", &error));
                break;
            }
        };
        if page.stack_summaries.is_none() {
            listed.problems.push("an answer to `ListStacks` has no list".into());
            break;
        }
        empty_pages = if page.stack_summaries().is_empty() { empty_pages + 1 } else { 0 };
        let before = listed.stacks.len();
        for summary in page.stack_summaries() {
            let stack = Stack::of(summary);
            if let (None, Some(stack)) = (&listed.account, &stack) {
                listed.account = Some(stack.account().to_owned());
            }
            if summary.stack_status().is_some_and(|status| ENDED.contains(status)) {
                continue;
            }
            match stack {
                Some(stack) => listed.stacks.push(stack),
                None => strange += 1,
            }
        }
        went_on(listed.stacks.len() - before);
        token = page.next_token.filter(|token| !token.is_empty());
        match &token {
            Some(_) if empty_pages == MOST_EMPTY_PAGES => {
                listed.problems.push("the answers to `ListStacks` have no end".into());
                break;
            }
            Some(next) if tokens.insert(next.clone()) => {}
            Some(_) => {
                listed.problems.push("the answer to `ListStacks` leads to itself".into());
                break;
            }
            None => break,
        }
    }
    if strange > 0 {
        listed.problems.push(format!(
            "the answer to `ListStacks` has stacks that are not understood, {strange} of them"
        ));
    }
    listed.stacks.sort_by(|one, other| (one.name(), &one.id).cmp(&(other.name(), &other.id)));
    listed
}

/// A stack's template after its macros; `None` when there is no such stack any more.
///
/// # Errors
/// Why it cannot be had, as a part of a sentence.
pub async fn template(client: &Client, stack: &Stack) -> Result<Option<String>, String> {
    let call = client.get_template().stack_name(&stack.id).template_stage(TemplateStage::Processed);
    match call.send().await {
        Ok(answer) => match answer.template_body {
            // Every template has this section
            // (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>).
            Some(template) if template.contains("Resources") => Ok(Some(template)),
            Some(_) => Err("what `GetTemplate` answered is no template".into()),
            None => Err("the answer to `GetTemplate` has no template".into()),
        },
        Err(error) if is_gone(&error, stack) => Ok(None),
        Err(error) => Err(reason("cloudformation:GetTemplate", &error)),
    }
}

/// A stack's parameters and tags, and the stack as it is now; `None` when there is no such stack any more.
///
/// # Errors
/// Why they cannot be had, as a part of a sentence.
pub async fn describe(client: &Client, stack: &Stack) -> Result<Option<(Deployment, Stack)>, String> {
    let answer = match client.describe_stacks().stack_name(&stack.id).send().await {
        Ok(answer) => answer,
        Err(error) if is_gone(&error, stack) => return Ok(None),
        Err(error) => return Err(reason("cloudformation:DescribeStacks", &error)),
    };
    let described = match answer.stacks() {
        [only] if only.stack_id() == Some(&stack.id) => only,
        _ => return Err("the answer to `DescribeStacks` is not about this stack".into()),
    };
    // By its ARN a deleted stack can be had for 90 days more
    // (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html>).
    if described.stack_status() == Some(&StackStatus::DeleteComplete) {
        return Ok(None);
    }
    let parameters = stack.pseudo_parameters();
    let mut given = Given { parameters, assume_defaults: true, ..Given::default() };
    let topics = described.notification_arns();
    if !topics.is_empty() {
        given.parameters.insert("AWS::NotificationARNs".into(), topics.join(","));
    }
    parameters::add(described.parameters(), &mut given);
    let changed = described.last_updated_time().or(described.creation_time());
    let changed = changed.and_then(|changed| changed.to_millis().ok()).filter(|changed| *changed != UNKNOWN);
    let now = Stack {
        id: stack.id.clone(),
        status: described
            .stack_status()
            .map_or_else(|| stack.status.clone(), |status| status.as_str().to_owned()),
        changed: changed.unwrap_or(stack.changed),
    };
    Ok(Some((Deployment { given, tags: stacks::tags(described.tags()) }, now)))
}

/// Whether the stack was deleted since it was listed. There is no code for that alone, and the words can be about something
/// else that does not exist: a role, a template.
fn is_gone<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, stack: &Stack) -> bool {
    let Some(error) = error.as_service_error() else { return false };
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| stack.is_said_to_be_gone(message))
}

#[cfg(test)]
mod tests {
    use super::Stack;

    fn stack(id: &str) -> Stack {
        Stack { id: id.into(), status: "CREATE_COMPLETE".into(), changed: 0 }
    }

    #[test]
    fn only_words_about_the_stack_itself_say_that_it_is_gone() {
        let id = "arn:aws:cloudformation:eu-west-1:111122223333:stack/orders-api/1a2b-3c";
        let stack = stack(id);
        assert!(stack.is_said_to_be_gone(&format!("Stack with id {id} does not exist")));
        assert!(stack.is_said_to_be_gone("Stack with id orders-api does not exist"));
        for message in [
            "Role arn:aws:iam::111122223333:role/x does not exist",
            "Template does not exist for stack orders-api",
            "Stack with id other does not exist",
            "Stack does not exist",
        ] {
            assert!(!stack.is_said_to_be_gone(message), "{message}");
        }
    }

    #[test]
    fn a_stack_is_told_by_its_arn() {
        let stack = stack("arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/orders-api/1a2b-3c");
        assert_eq!(stack.path(), "111122223333/cn-north-1/orders-api");
        assert_eq!(stack.unique(), "1a2b-3c");
        assert_eq!(stack.pseudo_parameters()["AWS::URLSuffix"], "amazonaws.com.cn");
    }

    #[test]
    fn what_could_lead_out_of_a_directory_is_no_stack() {
        for id in [
            "",
            "orders-api",
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/../1",
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/../../b",
            "arn:aws:cloudformation:..:111122223333:stack/a/1",
            "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/",
            "arn:aws:ecs:eu-west-1:111122223333:stack/a/1",
        ] {
            assert_eq!(stack(id).parts(), None, "{id}");
        }
    }
}
