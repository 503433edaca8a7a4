//! Stacks and change sets: the body behind an event's payload becomes judged task definitions.
//!
//! Owns the shapes of the two bodies, what a change set's context is in terms of its template, and which task
//! definitions count as changed. Must not know how the body is fetched, nor how the answer reads.
//!
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html>

use std::borrow::Cow;
use std::collections::HashMap;

use super::MAXIMUM_VALUES;
use super::event::lookup;
use crate::check::{JudgedTask, judge, read_document};
use crate::document::{Document, Entry, Intrinsic, LineIndex, Node, Span, Value, json};
use crate::engine::evaluate_cases;
use crate::finding::{Finding, Findings, UndecidedExcuse, Verdict, quote};
use crate::policy::{Policy, StackScope};
use crate::report::Report;
use crate::template::{Changes, Given, TASK_DEFINITION, TaskDefinition, Template, expand_loops};

/// How long a template may be, in bytes. CloudFormation takes 1 MB
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
const LONGEST_TEMPLATE: usize = 1536 * 1024;

/// What an operation on a stack, or on a change set, comes to.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Its task definitions; those of a change set are the ones it creates or updates.
    pub(super) tasks: Vec<Task>,
    /// What hides a part of it, in words that follow "because".
    pub(super) hidden: Option<String>,
    /// The parameters of its template whose values are not known and may become known.
    pub(super) open_parameters: Vec<String>,
    /// Why those values cannot be had, in words that follow "because".
    pub(super) without_parameters: Option<String>,
    /// Why the stack's tags cannot be had, where an exception looks at them, as a part of a sentence.
    pub(super) without_tags: Option<String>,
}

/// One task definition. A violation that is there in some cases only is unknown: the values of this deployment decide.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) judged: JudgedTask,
    /// Whether it can block the operation.
    pub(super) is_in_scope: bool,
}

/// Judges the body of a `STACK` event. The error is for people, and holds nothing of the body.
pub(super) fn judge_stack(body: &[u8], given: &Given, policy: &Policy) -> Result<Judged, String> {
    let body = read_body(body)?;
    let new = text(&body, "template")?.ok_or("the payload holds no template")?;
    let previous = text(&body, "previousTemplate").ok().flatten();
    with_template(&new, given, |template| {
        let mut judged = Judged { hidden: hidden(template), ..Judged::default() };
        let mut add = |task: &TaskDefinition<'_>, is_in_scope: bool| {
            let of_task = judge(template, task, policy).into_iter().map(with_cases);
            judged.tasks.extend(of_task.map(|judged| Task { judged, is_in_scope }));
        };
        let compared = match previous {
            Some(previous) if policy.stack_scope == StackScope::Changed => {
                with_template(&previous, given, |previous| compare(template, previous)).ok()
            }
            _ => None,
        };
        for (at, task) in template.task_definitions.iter().enumerate() {
            let is_unchanged = compared.as_ref().is_some_and(|unchanged| unchanged.get(at) == Some(&true));
            add(task, !is_unchanged);
        }
        judged
    })
}

impl Judged {
    /// Whether any verdict waits for the value of a parameter. `excuse` applies the exceptions, as far as they can be without
    /// asking anybody.
    pub(super) fn waits_for_parameters(&self, excuse: impl Fn(&Task, &mut Report)) -> bool {
        let waits = |finding: &Finding| {
            finding.excused.is_none()
                && (finding.case.is_some()
                    || finding.undecided_excuse == Some(UndecidedExcuse::Open)
                    || finding.open.iter().any(|name| self.open_parameters.contains(name)))
        };
        !self.open_parameters.is_empty()
            && self.tasks.iter().any(|task| {
                let mut report = task.judged.report.clone();
                excuse(task, &mut report);
                let findings = report.outcomes.iter().map(|outcome| &outcome.findings);
                let mut open = findings.filter(|findings| softened(findings) == Verdict::Unknown);
                let is_cut = report.has_too_many_cases;
                open.any(|findings| is_cut || findings.further > 0 || findings.kept.iter().any(waits))
            })
    }
}

/// Which task definitions are those of the template before.
fn compare(template: &Template<'_>, previous: &Template<'_>) -> Vec<bool> {
    let mut of_name: HashMap<&str, Option<&TaskDefinition<'_>>> = HashMap::new();
    for task in &previous.task_definitions {
        of_name.entry(task.logical_id).and_modify(|known| *known = None).or_insert(Some(task));
    }
    let mut changes = Changes::new(template, previous);
    let is_unchanged = |task: &TaskDefinition<'_>| match of_name.get(task.logical_id) {
        Some(Some(before)) => !changes.may_reach(task, before),
        _ => false,
    };
    template.task_definitions.iter().map(is_unchanged).collect()
}

/// Judges the body of a `CHANGE_SET` event. The error is for people, and holds nothing of the body.
pub(super) fn judge_change_set(body: &[u8], given: &Given, policy: &Policy) -> Result<Judged, String> {
    let body = read_body(body)?;
    let mut repeated = None;
    let changes = lookup(&body, "changedResources", &mut repeated);
    if let Some(key) = repeated {
        return Err(format!("the payload holds `{key}` twice"));
    }
    let Some(changes) = changes else {
        return Err("the payload holds no `changedResources`".into());
    };
    let Value::Sequence(changes) = &changes.value else {
        return Err(format!("`changedResources` is not a list but {}", changes.kind()));
    };
    let template = text(&body, "template")?;
    let empty = Node { value: Value::Mapping([resources()].into()), span: None };
    let empty = Template::of(&empty, given).ok_or("the payload holds no template")?;
    let judge_changes = |template: &Template<'_>| {
        // The context is what macros made of the template, and all that they made; the template is what was submitted.
        let template = if template.macros.is_empty() { template } else { &empty };
        let tasks = changes.iter().filter_map(|change| judge_change(change, template, policy).transpose());
        let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
        let open_parameters = template.open_parameters().map(str::to_owned).collect();
        Ok(Judged { tasks, open_parameters, ..Judged::default() })
    };
    match template {
        Some(template) => with_template(&template, given, judge_changes)?,
        None => judge_changes(&empty),
    }
}

fn resources() -> Entry<'static> {
    let value = Node { value: Value::Mapping(Box::default()), span: None };
    Entry { key: "Resources".into(), key_span: None, value }
}

fn word<'n>(node: Option<&'n Node<'_>>) -> &'n str {
    match node.map(|node| &node.value) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn judge_change(change: &Node<'_>, template: &Template<'_>, policy: &Policy) -> Result<Option<Task>, String> {
    let mut repeated = None;
    let mut get = |key| lookup(change, key, &mut repeated);
    let (kind, action, name) =
        (word(get("resourceType")), word(get("action")), word(get("logicalResourceId")));
    let (context, properties) = (get("afterContext"), get("resourceProperties"));
    if let Some(key) = repeated {
        return Err(format!("an item of `changedResources` holds `{key}` twice"));
    }
    if kind.is_empty() {
        return Err("an item of `changedResources` names no `resourceType`".into());
    }
    if !kind.eq_ignore_ascii_case(TASK_DEFINITION) || action.eq_ignore_ascii_case("DELETE") {
        return Ok(None);
    }
    let context = context.or(properties);
    let context = context.ok_or_else(|| format!("the change of {} holds no `afterContext`", quote(name)))?;
    let unreadable = |problem: &str| format!("the `afterContext` of {} {problem}", quote(name));
    let parsed;
    let context = match &context.value {
        Value::String(text) => {
            parsed = json::read_bounded(text.as_bytes(), MAXIMUM_VALUES)
                .map_err(|error| unreadable(&format!("is not readable as JSON: {error}")))?;
            &parsed
        }
        _ => context,
    };
    if !matches!(context.value, Value::Mapping(_)) {
        return Err(unreadable(&format!("is not a map but {}", context.kind())));
    }
    let properties = lookup(context, "Properties", &mut repeated);
    if repeated.is_some() {
        return Err(unreadable("holds `Properties` twice"));
    }
    let is_bare = lookup(context, "ContainerDefinitions", &mut None).is_some();
    let Some(properties) = properties.or_else(|| is_bare.then_some(context)) else {
        return Err(unreadable("holds no properties"));
    };
    if matches!(&properties.value, Value::Mapping(entries) if entries.is_empty()) {
        return Err(unreadable("holds no properties"));
    }
    let of_template = template.task_definitions.iter().find(|task| task.logical_id == name);
    let written = of_template.and_then(|task| match task.properties.as_slice() {
        [only] => Some(*only),
        _ => None,
    });
    let properties = filled_in(properties, written);
    let task = TaskDefinition {
        logical_id: name,
        span: None,
        properties: vec![&properties],
        conditions: Vec::new(),
        function: None,
    };
    let report = evaluate_cases(template, &task, &properties, policy);
    let judged = JudgedTask {
        name: name.to_owned(),
        logical_id: Some(name.to_owned()),
        span: Span::NOWHERE,
        plain: None,
        report,
    };
    Ok(Some(Task { judged: with_cases(judged), is_in_scope: true }))
}

/// A context in which what only the execution brings is what the template has in its place.
fn filled_in<'n>(context: &Node<'n>, template: Option<&Node<'n>>) -> Node<'n> {
    let value = match (&context.value, template.map(|node| &node.value)) {
        (Value::String(text), Some(_)) if text.contains("{{changeSet:") => {
            return template.cloned().unwrap_or_else(|| context.clone());
        }
        // It may come to be a list or a map, so it is a function and not a text.
        (Value::String(text), None) if let Some(name) = placeholder(text) => {
            let argument = Node { value: Value::Null, span: None };
            Value::Intrinsic(Box::new(Intrinsic { function: name.to_owned().into(), argument }))
        }
        (Value::Mapping(entries), template) => {
            let of_template = |key: &str| match template {
                Some(Value::Mapping(entries)) => {
                    let mut of_key = entries.iter().filter(|entry| entry.key == key);
                    of_key.next().filter(|_| of_key.next().is_none()).map(|entry| &entry.value)
                }
                _ => None,
            };
            let filled = |entry: &Entry<'n>| {
                let value = filled_in(&entry.value, of_template(&entry.key));
                Entry { key: entry.key.clone(), key_span: entry.key_span, value }
            };
            Value::Mapping(entries.iter().map(filled).collect())
        }
        (Value::Sequence(items), template) => {
            // An item that a condition takes away moves the others; then no place is certain.
            let of_template = match template {
                Some(Value::Sequence(written)) if written.len() == items.len() => Some(written),
                _ => None,
            };
            let filled = |(at, item): (usize, &Node<'n>)| {
                let written = of_template.and_then(|written| written.get(at));
                filled_in(item, written.filter(|written| may_be_one(item, written)))
            };
            Value::Sequence(items.iter().enumerate().map(filled).collect())
        }
        (other, _) => other.clone(),
    };
    Node { value, span: None }
}

/// Whether an item of a context can be that of the template: they are not called otherwise.
fn may_be_one(item: &Node<'_>, written: &Node<'_>) -> bool {
    match (item.get("Name").map(|name| &name.value), written.get("Name").map(|name| &name.value)) {
        (Some(Value::String(name)), Some(Value::String(other))) => {
            name == other || placeholder(name).is_some()
        }
        _ => true,
    }
}

/// The name in what stands for a value that only the execution brings, `{{changeSet:KNOWN_AFTER_APPLY}}`.
fn placeholder(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (name.starts_with("changeSet:") && !name.contains("{{")).then_some(name)
}

fn read_body(body: &[u8]) -> Result<Node<'_>, String> {
    let root = json::read_bounded(body, MAXIMUM_VALUES)
        .map_err(|error| format!("the payload is not readable as JSON: {error}"))?;
    match root.value {
        Value::Mapping(_) => Ok(root),
        _ => Err(format!("the payload is not a map but {}", root.kind())),
    }
}

/// A text of the body; an empty one is none.
fn text<'n>(body: &'n Node<'_>, key: &'static str) -> Result<Option<Cow<'n, str>>, String> {
    let mut repeated = None;
    let found = lookup(body, key, &mut repeated);
    if repeated.is_some() {
        return Err(format!("the payload holds `{key}` twice"));
    }
    match found.map(|node| &node.value) {
        None => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() > LONGEST_TEMPLATE => {
            Err(format!("`{key}` is longer than a template can be"))
        }
        Some(Value::String(text)) => Ok(Some(Cow::Borrowed(text))),
        Some(_) => Err(format!("`{key}` is not a text")),
    }
}

fn with_template<R>(text: &str, given: &Given, use_it: impl FnOnce(&Template<'_>) -> R) -> Result<R, String> {
    let Document { root, .. } = read_document(text).map_err(|problem| {
        let (line, column) = LineIndex::new(text).position(problem.span.start() as usize);
        format!("the template cannot be read at line {line}, column {column}: {}", problem.message)
    })?;
    let template = Template::of(&root, given).ok_or("the template has no map of `Resources`")?;
    match expand_loops(&root, &template) {
        Ok(None) => Ok(use_it(&template)),
        Ok(Some(expanded)) => {
            let template = Template::of(&expanded, given).ok_or("the template has no map of `Resources`")?;
            Ok(use_it(&template))
        }
        Err(problem) => Err(format!("the template cannot be judged: {problem}")),
    }
}

fn hidden(template: &Template<'_>) -> Option<String> {
    let adds = match template.hidden_resources.first() {
        Some(hidden) => format!("{} adds", hidden.by),
        None if !template.macros.is_empty() => "a macro may add".to_owned(),
        None => return None,
    };
    Some(format!("{adds} resources that cannot be seen yet"))
}

/// Findings that say when they hold.
fn with_cases(mut judged: JudgedTask) -> JudgedTask {
    let findings = judged.report.outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings.kept);
    for finding in findings {
        if let Some(case) = &finding.case {
            finding.message = format!("{} {case}", finding.message).into();
        }
    }
    judged
}

/// The verdict before a deployment whose values may decide: what fails in some cases and not in others is not certain to
/// be deployed.
pub(super) fn softened(findings: &Findings) -> Verdict {
    let is_uncertain = findings.verdict == Verdict::Fail && !findings.is_certain;
    if is_uncertain { Verdict::Unknown } else { findings.verdict }
}

/// Makes what is not certain unknown. Comes after the exceptions, which may excuse some cases and leave others.
pub(super) fn soften(report: &mut Report) {
    for findings in report.outcomes.iter_mut().map(|outcome| &mut outcome.findings) {
        findings.verdict = softened(findings);
        if findings.verdict == Verdict::Unknown {
            for finding in &mut findings.kept {
                finding.verdict = Verdict::Unknown;
            }
        }
    }
}
