//! The event CloudFormation sends.
//!
//! Owns the shape of a hook request and everything about it that AWS's own texts leave open: keys whose casing
//! differs from page to page, values that are absent, null or empty. Must not know the policy or the rules.

use super::Record;
use crate::document::{Entry, Node, Value};
use crate::engine::Subject;
use crate::finding::quote;
use crate::template::{Given, TASK_DEFINITION};

const MISSING: &str = "The event has no properties to judge: `requestData.targetModel.resourceProperties`";

/// What an event about a whole stack, or a change set, has for the name of a type.
const STACK: &str = "STACK";
const CHANGE_SET: &str = "CHANGE_SET";

/// An event that could be parsed, whatever it is. Absent and null are one.
#[derive(Debug)]
pub(super) struct Event<'n, 'e> {
    root: &'n Node<'e>,
    token: Option<&'n Node<'e>>,
    account: Option<&'n Node<'e>>,
    stack_id: Option<&'n Node<'e>>,
    change_set_id: Option<&'n Node<'e>>,
    invocation_point: Option<&'n Node<'e>>,
    invocation: Option<&'n Node<'e>>,
    request_data: Option<&'n Node<'e>>,
    target_name: Option<&'n Node<'e>>,
    target_type: Option<&'n Node<'e>>,
    target_model: Option<&'n Node<'e>>,
    logical_id: Option<&'n Node<'e>>,
    properties: Option<&'n Node<'e>>,
    payload: Option<&'n Node<'e>>,
    /// A key that stands twice; which value is meant, nobody can say.
    repeated: Option<&'static str>,
}

/// What an event asks for.
#[derive(Debug)]
pub(super) enum Request<'n, 'e> {
    /// Nothing this hook judges, and why.
    Skip(&'static str),
    /// A task definition, and what to call it.
    Judge { subject: String, properties: &'n Node<'e> },
    /// A stack or a change set, whose body is behind a URL.
    Fetch { is_change_set: bool, url: &'n str },
}

impl<'n, 'e> Event<'n, 'e> {
    pub(super) fn of(root: &'n Node<'e>) -> Self {
        let mut repeated = None;
        let mut get = |map: Option<&'n Node<'e>>, key| lookup(map?, key, &mut repeated);
        let invocation_point = get(Some(root), "actionInvocationPoint");
        let request_data = get(Some(root), "requestData");
        let target_model = get(request_data, "targetModel");
        let target_name = get(request_data, "targetName");
        let target_type = get(request_data, "targetType");
        let properties = get(target_model, "resourceProperties");
        let payload = get(request_data, "payload");
        // These decide which exceptions apply.
        let account = get(Some(root), "awsAccountId");
        let stack_id = get(Some(root), "stackId");
        let change_set_id = get(Some(root), "changeSetId");
        let logical_id = get(request_data, "targetLogicalId");
        // Nothing is decided by the others, so for them any of two values will do.
        let find = |map: Option<&'n Node<'e>>, key| lookup(map?, key, &mut None);
        Self {
            root,
            token: find(Some(root), "clientRequestToken"),
            account,
            stack_id,
            change_set_id,
            invocation_point,
            invocation: find(find(Some(root), "requestContext"), "invocation"),
            request_data,
            target_name,
            target_type,
            target_model,
            logical_id,
            properties,
            payload,
            repeated,
        }
    }

    /// What may be logged of it.
    pub(super) fn record(&self) -> Record {
        Record {
            token: text(self.token).into(),
            account: text(self.account).into(),
            stack_name: stack_name(text(self.stack_id)).into(),
            logical_id: text(self.logical_id).into(),
            target_name: text(self.target_name).into(),
            invocation_point: text(self.invocation_point).into(),
            invocation: text(self.invocation).parse().unwrap_or(1),
            ..Record::default()
        }
    }

    /// The ARN of the stack; empty for Cloud Control.
    pub(super) fn stack(&self) -> &'n str {
        text(self.stack_id)
    }

    /// The ARN of the change set that an event is about; empty where it is not said. Its target is the change set, so that
    /// says it where `changeSetId`, which may be missing, does not.
    pub(super) fn change_set(&self) -> &'n str {
        let target = text(self.logical_id);
        match text(self.change_set_id) {
            "" if target.starts_with("arn:") && target.contains(":changeSet/") => target,
            change_set => change_set,
        }
    }

    /// The logical id; Cloud Control makes one up, which is nobody's.
    pub(super) fn logical_id(&self) -> Option<&'n str> {
        Some(text(self.logical_id)).filter(|id| !id.is_empty() && !self.stack().is_empty())
    }

    /// Whose operation it is, as far as the event tells.
    pub(super) fn whose(&self) -> Subject<'n> {
        Subject {
            account: Some(text(self.account)).filter(|account| !account.is_empty()),
            stack_name: Some(stack_name(self.stack())).filter(|name| !name.is_empty()),
            ..Subject::default()
        }
    }

    /// What is known of the deployment: the account, the region and the stack.
    pub(super) fn given(&self) -> Given {
        let mut given = Given::default();
        let arn = text(self.stack_id);
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                given.parameters.insert(name.to_owned(), value.to_owned());
            }
        };
        if let [_, partition, "cloudformation", region, account, _] =
            arn.splitn(6, ':').collect::<Vec<_>>().as_slice()
        {
            add("AWS::Partition", partition);
            add("AWS::Region", region);
            add("AWS::AccountId", account);
            add("AWS::StackName", stack_name(arn));
        }
        given
    }

    /// What it asks for, or why that cannot be told; the reason holds nothing of the event.
    pub(super) fn request(&self) -> Result<Request<'n, 'e>, String> {
        let is_repeated = |key: &str| self.repeated == Some(key);
        if text(self.invocation_point) == "DELETE_PRE_PROVISION" && !is_repeated("actionInvocationPoint") {
            return Ok(Request::Skip("Nothing to judge: deleting is always allowed."));
        }
        if let Some(key) = self.repeated {
            return Err(format!("The event holds `{key}` twice, so what it asks for is not certain."));
        }
        let target_name = match self.target_name.map(|node| &node.value) {
            Some(Value::String(name)) if !name.is_empty() => name,
            _ => return Err(self.not_a_hook_request()),
        };
        if !target_name.eq_ignore_ascii_case(TASK_DEFINITION) {
            let is_change_set = target_name.eq_ignore_ascii_case(CHANGE_SET);
            if !is_change_set && !target_name.eq_ignore_ascii_case(STACK) {
                return self.another(target_name);
            }
            self.check_that_types_agree(target_name)?;
            return match self.payload.map(|node| &node.value) {
                Some(Value::String(url)) if !url.is_empty() => Ok(Request::Fetch { is_change_set, url }),
                _ => Err("The event has no template to judge: `requestData.payload` is missing.".into()),
            };
        }
        if let Some(model) = self.target_model.filter(|model| !matches!(model.value, Value::Mapping(_))) {
            return Err(format!(
                "The event has no properties to judge: `targetModel` is not a map but {}.",
                model.kind()
            ));
        }
        let properties = self.properties.ok_or_else(|| format!("{MISSING} is missing."))?;
        match &properties.value {
            Value::Mapping(entries) if entries.iter().all(is_empty_list_of_containers) => {
                Err(format!("{MISSING} is empty."))
            }
            Value::Mapping(_) | Value::Intrinsic(_) => {
                Ok(Request::Judge { subject: self.subject(properties), properties })
            }
            _ => Err(format!("{MISSING} is not a map but {}.", properties.kind())),
        }
    }

    /// Nothing to judge, if the event is about another type beyond doubt.
    fn another(&self, target_name: &str) -> Result<Request<'n, 'e>, String> {
        self.check_that_types_agree(target_name)?;
        if !is_name_of_a_type(target_name) {
            return Err(
                "The event is about no type of resource: `requestData.targetName` is not the name of one."
                    .into(),
            );
        }
        Ok(Request::Skip("Nothing to judge: this hook is about AWS::ECS::TaskDefinition only."))
    }

    /// `targetType` is the name once more, for Cloud Control `RESOURCE`; AWS's pages differ, so what it says counts only
    /// where it names what this hook judges, as something else than the name does.
    fn check_that_types_agree(&self, target_name: &str) -> Result<(), String> {
        let is_judged = |name: &str| {
            [TASK_DEFINITION, STACK, CHANGE_SET].iter().any(|judged| name.eq_ignore_ascii_case(judged))
        };
        let agrees = match self.target_type.map(|node| &node.value) {
            None => true,
            Some(Value::String(name)) => name.eq_ignore_ascii_case(target_name) || !is_judged(name),
            Some(_) => false,
        };
        agrees.then_some(()).ok_or_else(|| {
            "The event contradicts itself: `requestData.targetName` and `targetType` do not name the same type.".into()
        })
    }

    /// What people call the resource: its logical id, or its family where Cloud Control made the id up.
    fn subject(&self, properties: &Node<'e>) -> String {
        let logical_id = text(self.logical_id);
        let is_in_stack = !text(self.stack_id).is_empty();
        let family = text(properties.get("Family"));
        match () {
            () if is_in_stack && !logical_id.is_empty() => quote(logical_id),
            () if !family.is_empty() => quote(family),
            () => "The task definition".into(),
        }
    }

    fn not_a_hook_request(&self) -> String {
        let is_map = |node: &Node<'_>| matches!(node.value, Value::Mapping(_) | Value::Intrinsic(_));
        let missing = match (self.request_data, self.target_name) {
            _ if !is_map(self.root) => format!("it is not a map but {}", self.root.kind()),
            (None, _) => "`requestData` is missing".to_owned(),
            (Some(data), _) if !is_map(data) => format!("`requestData` is not a map but {}", data.kind()),
            (_, Some(Node { value: Value::String(_), .. })) => "`requestData.targetName` is empty".to_owned(),
            (_, Some(name)) => format!("`requestData.targetName` is not a name but {}", name.kind()),
            (_, None) => "`requestData.targetName` is missing".to_owned(),
        };
        let guess = OTHER_EVENTS.iter().find(|(key, _)| self.root.get(key).is_some());
        let guess =
            guess.map(|(_, kind)| format!(" It looks like {kind}, which this function does not serve."));
        format!("The event is not a CloudFormation hook request: {missing}.{}", guess.unwrap_or_default())
    }
}

/// Events of other services that a function can be wired to by mistake, by a key that only they have.
const OTHER_EVENTS: &[(&str, &str)] = &[
    ("lifecycleStage", "an Amazon ECS deployment lifecycle hook"),
    ("targetServiceRevisionArn", "an Amazon ECS deployment lifecycle hook"),
    ("executionDetails", "an Amazon ECS deployment lifecycle hook"),
    ("httpMethod", "an Amazon API Gateway request"),
    ("routeKey", "an Amazon API Gateway or function URL request"),
    ("Records", "a batch of records from a queue, topic or bucket"),
    ("detail-type", "an Amazon EventBridge event"),
    ("ResponseURL", "a CloudFormation custom resource request"),
];

/// A document that holds nothing but no containers holds nothing.
fn is_empty_list_of_containers(entry: &Entry<'_>) -> bool {
    let is_empty = matches!(&entry.value.value, Value::Sequence(items) if items.is_empty());
    entry.key == "ContainerDefinitions" && (is_empty || entry.value.is_absent())
}

/// `AWS::SNS::Topic`, `Custom::My-Thing`, `Org::Team::Thing::MODULE`; not a text that only resembles one.
fn is_name_of_a_type(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@'))
    };
    name.contains("::") && name.split("::").all(is_part)
}

/// The value of a key in any casing, the exact one first.
pub(super) fn lookup<'n, 'e>(
    map: &'n Node<'e>,
    key: &'static str,
    repeated: &mut Option<&'static str>,
) -> Option<&'n Node<'e>> {
    let Value::Mapping(entries) = &map.value else {
        return None;
    };
    let mut exact: Option<&Entry<'e>> = None;
    let mut other: Option<&Entry<'e>> = None;
    for entry in entries.iter().filter(|entry| entry.key.eq_ignore_ascii_case(key)) {
        let found = if entry.key == key { &mut exact } else { &mut other };
        if found.replace(entry).is_some() {
            // The first is told; what decides first is looked up first.
            repeated.get_or_insert(key);
        }
    }
    let is_there = |value: &&Node<'_>| !matches!(value.value, Value::Null);
    exact.into_iter().chain(other).map(|entry| &entry.value).find(is_there)
}

/// A string or a number as text; empty for anything else.
fn text<'n>(node: Option<&'n Node<'_>>) -> &'n str {
    match node.map(|node| &node.value) {
        Some(Value::String(text) | Value::Number(text)) => text,
        _ => "",
    }
}

/// `orders` of `arn:aws:cloudformation:…:stack/orders/…`.
fn stack_name(arn: &str) -> &str {
    arn.split_once(":stack/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default()
}
