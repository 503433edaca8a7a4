//! Checking one file: its text and a policy become what there is to say of it.
//!
//! Owns how a file is recognised, read and fixed, and the result that every output format shows. Pure. Must not know
//! where the text comes from, nor how the result is shown.

mod recognition;
mod repair;
mod tally;
mod totals;

pub use recognition::could_concern;
pub use repair::{Checking, Fixed, Repaired, repair};
pub use tally::{BlockedStack, OfRule, Tally};
pub use totals::{Totals, Weight};

use std::cell::OnceCell;
use std::sync::LazyLock;

use crate::document::{
    Document, Entry, Node, Span, Syntax, Value, duplicate_keys, json, maximum_values, on_one_line, yaml,
};
use crate::engine::{evaluate, evaluate_cases};
use crate::finding::{Change, Finding, Fix, NOT_KNOWN_YET, Proposal, Verdict, quote};
use crate::fix::{self, Resources, Source, Task};
use crate::policy::{Level, Policy};
use crate::report::{Outcome, Report};
use crate::template::{
    Candidate, Deployment, Fact, Given, TaskDefinition, Template, expand_loops, from_plain, in_plain_words,
    written_key,
};

/// What there is to say of one file.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    /// Its name for people and machines: relative where it was given so, with `/` between its parts.
    pub path: &'a str,
    /// Its text; spans point into it.
    pub text: &'a str,
    /// Its task definitions, in the order of the text, without those that somebody took one by one; or why it cannot be
    /// read.
    pub judged: Result<Vec<JudgedTask>, Unreadable>,
    /// What is not about a rule: duplicate keys, aliases, macros.
    pub notes: Vec<Note>,
    /// The templates of nested stacks, in the order of the text.
    pub nested: Vec<Nested>,
    /// What was changed before it was judged.
    pub fixed: Vec<Fixed>,
    /// The names of its parameters, in no order.
    pub parameters: Vec<String>,
}

impl<'a> CheckedFile<'a> {
    /// A file of which there is nothing to say yet.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self {
            path,
            text,
            judged: Ok(Vec::new()),
            notes: Vec::new(),
            nested: Vec::new(),
            fixed: Vec::new(),
            parameters: Vec::new(),
        }
    }
}

/// The template of a nested stack, as far as the template above it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    /// The logical id of the stack.
    pub logical_id: String,
    /// Where it is: a path beside the template, or a URL; `None`: only its deployment tells.
    pub location: Option<String>,
    /// Where that is written.
    pub span: Span,
    /// What it may know of its deployment.
    pub given: Given,
    /// When it is so, in words; empty: always.
    pub case: String,
}

/// Why a file cannot be read as what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The place; empty at the character in question.
    pub span: Span,
    /// What is wrong there; no full stop.
    pub message: String,
}

/// Something worth knowing that no rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What; no full stop.
    pub message: String,
    /// What to do, in a sentence.
    pub help: Option<String>,
    /// Whether task definitions may be behind it that nobody can see here. Then it counts as an unknown.
    pub is_unknown: bool,
}

/// One task definition and what the policy says of it.
#[derive(Debug)]
pub struct JudgedTask {
    /// Its logical id in a template; its family in a plain task definition.
    pub name: String,
    /// Its logical id, in a template.
    pub logical_id: Option<String>,
    /// Where its name stands: the key in a template.
    pub span: Span,
    /// Where the whole of it stands, if it is a plain task definition.
    pub plain: Option<Span>,
    /// What every rule says. Findings of `Verdict::Fail` and `Verdict::Unknown` always have a span.
    pub report: Report,
}

/// Checks one file. `None`: it can be read and is neither a template nor a task definition.
pub fn check<'a>(path: &'a str, text: &'a str, given: &Given, policy: &Policy) -> Option<CheckedFile<'a>> {
    gathered(|take| check_each(path, text, given, policy, take))
}

/// Checks one file as [`check`] does, and hands on each task definition as soon as it is judged. Of a template that has
/// tens of thousands, what is said of all together takes far more memory than the template. Only of a file that can be read
/// is anything handed on.
pub fn check_each<'a>(
    path: &'a str,
    text: &'a str,
    given: &Given,
    policy: &Policy,
    take: &mut dyn FnMut(JudgedTask),
) -> Option<CheckedFile<'a>> {
    check_as(path, text, (given, Parameters::Open), policy, take)
}

/// Checks the template of a stack that is deployed, as [`check`] does a file. Nobody can say any more what its parameters
/// will be, so no finding asks for that.
pub fn check_deployed<'a>(
    path: &'a str,
    text: &'a str,
    given: &Given,
    policy: &Policy,
) -> Option<CheckedFile<'a>> {
    gathered(|take| check_as(path, text, (given, Parameters::Settled), policy, take))
}

/// What a check comes to, with all that it hands on.
fn gathered<'a>(
    check: impl FnOnce(&mut dyn FnMut(JudgedTask)) -> Option<CheckedFile<'a>>,
) -> Option<CheckedFile<'a>> {
    let mut tasks = Vec::new();
    let mut file = check(&mut |task| tasks.push(task))?;
    if let Ok(judged) = &mut file.judged {
        *judged = tasks;
    }
    Some(file)
}

/// Whether somebody can still say what parameters will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameters {
    Open,
    Settled,
}

fn check_as<'a>(
    path: &'a str,
    text: &'a str,
    deployment: (&Given, Parameters),
    policy: &Policy,
    take: &mut dyn FnMut(JudgedTask),
) -> Option<CheckedFile<'a>> {
    match read_document(text) {
        Ok(document) => check_document(path, text, &document, deployment, policy, take),
        Err(unreadable) => Some(CheckedFile { judged: Err(unreadable), ..CheckedFile::new(path, text) }),
    }
}

/// Checks a document that was read from `text`.
fn check_document<'a>(
    path: &'a str,
    text: &'a str,
    document: &Document<'a>,
    (given, parameters): (&Given, Parameters),
    policy: &Policy,
    take: &mut dyn FnMut(JudgedTask),
) -> Option<CheckedFile<'a>> {
    let root = &document.root;
    let root = body_of_answer(root).unwrap_or(root);
    let mut plain = from_plain(root).peekable();
    let is_plain = plain.peek().is_some();
    if !is_plain && !Template::is_one(root) {
        return note_text_of_template(path, text, root);
    }
    let mut file = CheckedFile::new(path, text);
    let resources = OnceCell::new();
    let mut take = |mut task: JudgedTask| {
        propose(&mut task, text, document, &resources);
        take(task);
    };
    note_oddities(root, document.alias, is_plain, &mut file.notes);
    // A document that claims to be both is judged as both.
    plain.for_each(|properties| take(judge_plain(root, &properties, policy)));
    if !Template::is_one(root) {
        return Some(file);
    }
    let template = Template::of(root, given)?;
    file.parameters = template.parameter_names().map(str::to_owned).collect();
    match expand_loops(root, &template) {
        Ok(None) => describe(&template, policy, parameters, &mut file, &mut take),
        Ok(Some(expanded)) => {
            describe(&Template::of(&expanded, given)?, policy, parameters, &mut file, &mut take);
        }
        Err(message) => {
            file.judged = Err(Unreadable { span: Span::NOWHERE, message: message.into() });
        }
    }
    Some(file)
}

/// The template in what `aws cloudformation get-template` answers.
fn body_of_answer<'n, 'a>(root: &'n Node<'a>) -> Option<&'n Node<'a>> {
    let Value::Mapping(entries) = &root.value else { return None };
    let (bodies, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key == "TemplateBody");
    let [Entry { value, .. }] = bodies.as_slice() else { return None };
    let is_answer = others.iter().all(|other| other.key == "StagesAvailable");
    (is_answer && Template::is_one(value)).then_some(value)
}

/// Where the templates of a template's nested stacks are, as far as it tells: paths beside it, or URLs.
pub fn nested_templates(text: &str, given: &Given) -> Vec<String> {
    let Ok(document) = read_document(text) else { return Vec::new() };
    let locations = |root: &Node<'_>| {
        let Some(template) = Template::of(root, given) else { return Vec::new() };
        let deployments = template.nested_stacks.iter().flat_map(|stack| template.deployments(stack));
        deployments.filter_map(|deployment| deployment.location).collect()
    };
    let Some(template) = Template::of(&document.root, given) else { return Vec::new() };
    match expand_loops(&document.root, &template) {
        Ok(Some(expanded)) => locations(&expanded),
        Ok(None) => locations(&document.root),
        Err(_) => Vec::new(),
    }
}

/// A document that holds a template as a text, as `aws cloudformation get-template` answers.
fn note_text_of_template<'a>(path: &'a str, text: &'a str, root: &Node<'_>) -> Option<CheckedFile<'a>> {
    let body = root.get("TemplateBody")?;
    let Value::String(template) = &body.value else { return None };
    let note = Note {
        span: body.span.unwrap_or(Span::NOWHERE),
        message: "the template that this text holds is not judged".into(),
        help: Some("Write it to a file of its own: `aws cloudformation get-template --query TemplateBody --output text`.".into()),
        is_unknown: true,
    };
    let is_one = template.contains("Resources");
    is_one.then(|| CheckedFile { notes: vec![note], ..CheckedFile::new(path, text) })
}

/// Says of each finding that has a fix what the fix comes to in the text.
fn propose<'d>(
    task: &mut JudgedTask,
    text: &str,
    document: &'d Document<'_>,
    resources: &OnceCell<Resources<'d>>,
) {
    let JudgedTask { name, plain, report, .. } = task;
    for finding in report.outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings.kept) {
        if let Some(mut fix) = finding.fix.take() {
            let resources = resources.get_or_init(|| Resources::of(document));
            let source = Source { text, document, resources, task: Task::of(name, *plain) };
            let edits = fix::plan(&source, finding, &fix).map(|plan| plan.edits);
            fix.proposal = Some(Proposal { title: fix::title(source.task, &fix), edits });
            finding.fix = Some(fix);
        }
    }
}

/// How many keys that are written twice are noted.
const MAXIMUM_DUPLICATES: usize = 20;

/// Notes what CloudFormation takes otherwise than it looks, or not at all; of a plain task definition, what Amazon ECS does.
fn note_oddities(root: &Node<'_>, alias: Option<Span>, is_plain: bool, notes: &mut Vec<Note>) {
    if let Some(span) = alias.filter(|_| !is_plain) {
        notes.push(Note {
            span,
            message: "CloudFormation rejects anchors, aliases and merge keys".into(),
            help: Some(
                "Write the value out, unless `aws cloudformation package` or the like does that first."
                    .into(),
            ),
            is_unknown: false,
        });
    }
    let reader = if is_plain { "Amazon ECS" } else { "CloudFormation" };
    for (key, span) in duplicate_keys(root, MAXIMUM_DUPLICATES) {
        notes.push(Note {
            span,
            message: format!("the key {} is written twice in one map; all its values are judged", quote(key)),
            help: Some(format!("Keep one: which of them {reader} takes is not promised.")),
            is_unknown: false,
        });
    }
}

/// Reads a template or a task definition, in JSON or YAML.
///
/// One parser reads the document; only what begins like JSON and is none is tried as YAML, of which such texts are a
/// part.
///
/// # Errors
/// A text that is neither.
pub fn read_document(text: &str) -> Result<Document<'_>, Unreadable> {
    let unreadable = |offset: usize, message: String| Unreadable { span: Span::new(offset, offset), message };
    let begin = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    // YAML would take all of it for one text.
    let mentions_us = || ["\"Resources\"", "\"containerDefinitions\""].iter().any(|key| begin.contains(key));
    if starts_comment(begin, 0) && mentions_us() {
        return Err(unreadable(
            text.len() - begin.len(),
            "a comment, which neither JSON nor YAML has".to_owned(),
        ));
    }
    let of_json = if begin.starts_with('{') {
        match json::read_bounded(text.as_bytes(), maximum_values(text.len())) {
            Ok(root) => return Ok(Document { root, syntax: Syntax::Json, alias: None, shared: Vec::new() }),
            // YAML would take the comment, and the key after it, for one key of another name.
            Err(error) if starts_comment(text, error.offset) => {
                return Err(unreadable(error.offset, "a comment, which JSON does not have".to_owned()));
            }
            Err(error) => Some(unreadable(error.offset, error.message.to_owned())),
        }
    } else {
        None
    };
    let is_meant_as_json = begin.trim_start_matches('{').trim_start().starts_with('"');
    yaml::read_template(text).map_err(|error| {
        let of_yaml = unreadable(error.offset, error.message);
        of_json.filter(|_| is_meant_as_json).unwrap_or(of_yaml)
    })
}

/// Whether a comment as JavaScript has them begins at an offset.
fn starts_comment(text: &str, offset: usize) -> bool {
    text.get(offset..).is_some_and(|rest| rest.starts_with("//") || rest.starts_with("/*"))
}

/// The properties of a task definition that has none.
static NOTHING: LazyLock<Node<'static>> =
    LazyLock::new(|| Node { value: Value::Mapping(Box::default()), span: None });

/// Judges a task definition of a template in every case that the template allows.
pub fn judge<'t>(
    template: &'t Template<'t>,
    task_definition: &TaskDefinition<'t>,
    policy: &Policy,
) -> Vec<JudgedTask> {
    let name = task_definition.logical_id;
    let span = task_definition.span.unwrap_or(Span::NOWHERE);
    let judged = |mut report: Report| {
        for outcome in &mut report.outcomes {
            // A template may have tens of thousands of them, and a list's first item makes room for four.
            outcome.findings.kept.shrink_to_fit();
            for finding in &mut outcome.findings.kept {
                finding.span.get_or_insert(span);
            }
        }
        JudgedTask { name: name.to_owned(), logical_id: Some(name.to_owned()), span, plain: None, report }
    };
    let properties = match task_definition.properties.as_slice() {
        [] => &[&*NOTHING],
        written => written,
    };
    properties
        .iter()
        .map(|properties| judged(evaluate_cases(template, task_definition, properties, policy)))
        .collect()
}

/// What to do about a function or macro that nobody can evaluate here.
const SEE_PROCESSED: &str = "Check the template that it makes: `aws cloudformation get-template --template-stage Processed` shows it.";

fn describe<'t>(
    template: &'t Template<'t>,
    policy: &Policy,
    parameters: Parameters,
    file: &mut CheckedFile<'_>,
    take: &mut dyn FnMut(JudgedTask),
) {
    let are_open = parameters == Parameters::Open;
    for (name, value, span) in template.refused() {
        let value = value.map_or_else(|| "what is given".to_owned(), quote);
        file.notes.push(Note {
            span: span.unwrap_or(Span::NOWHERE),
            message: format!(
                "CloudFormation refuses {value} for {}: its `AllowedValues` do not have it",
                quote(name)
            ),
            help: None,
            is_unknown: false,
        });
    }
    for task_definition in &template.task_definitions {
        for mut judged in judge(template, task_definition, policy) {
            if judged.report.has_too_many_cases {
                let message = format!(
                    "{} has more cases than are judged one by one, so some of its values are left open",
                    quote(task_definition.logical_id)
                );
                let help = are_open.then(|| "Fix some of its parameters with `--parameter`.".into());
                file.notes.push(Note { span: judged.span, message, help, is_unknown: false });
            }
            for finding in judged.report.outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings.kept) {
                settle(finding, template, are_open);
            }
            if !are_open && policy.unresolved.resource == Level::Deny {
                judged.report.outcomes.iter_mut().for_each(block_secret_references);
            }
            for name in template.take_missing_conditions() {
                file.notes.push(Note {
                    span: judged.span,
                    message: format!(
                        "{} asks for a condition {} that the template does not have; CloudFormation refuses that",
                        quote(task_definition.logical_id),
                        quote(&name)
                    ),
                    help: None,
                    is_unknown: false,
                });
            }
            take(judged);
        }
    }
    for span in template.take_nameless_conditions() {
        file.notes.push(Note {
            span,
            message: "`Fn::If` takes a condition by its name, and this is none; CloudFormation refuses that"
                .into(),
            help: Some("Write the name of a condition, and what it is under `Conditions`.".into()),
            is_unknown: false,
        });
    }
    if let Some(name) = template.macros.first().filter(|_| template.task_definitions.is_empty()) {
        file.notes.push(Note {
            span: template.macro_span.unwrap_or(Span::NOWHERE),
            message: format!("a macro, {}, may add task definitions that are not judged", quote(name)),
            help: are_open.then(|| SEE_PROCESSED.into()),
            is_unknown: true,
        });
    }
    // Of what is deployed, the template after its macros is the one that was read.
    let see_processed = || are_open.then(|| SEE_PROCESSED.to_owned());
    for hidden in &template.hidden_resources {
        let options = Some(options(&candidates(&hidden.open, template)));
        let options = options.filter(|options| are_open && !options.is_empty());
        file.notes.push(Note {
            span: hidden.span.unwrap_or(Span::NOWHERE),
            message: if hidden.is_one_seen {
                format!("{} adds resources here, of which one is looked at, with its value open", hidden.by)
            } else {
                format!("{} adds resources here that are not judged", hidden.by)
            },
            help: options.map(|options| format!("Say what it depends on: {options}.")).or_else(see_processed),
            is_unknown: true,
        });
    }
    for stack in &template.nested_stacks {
        if stack.is_inline {
            file.notes.push(Note {
                span: stack.span.unwrap_or(Span::NOWHERE),
                message: format!(
                    "the template that `{}` has in itself is not judged",
                    on_one_line(stack.logical_id)
                ),
                help: Some("Check it as a file of its own.".into()),
                is_unknown: true,
            });
            continue;
        }
        for Deployment { location, given, facts } in template.deployments(stack) {
            file.nested.push(Nested {
                logical_id: stack.logical_id.to_owned(),
                location,
                span: stack.span.unwrap_or(Span::NOWHERE),
                given,
                case: Fact::words(facts.iter()),
            });
        }
    }
}

/// Of what is deployed all is known that the hook will ever see. A reference to a secret it sees as it is written, and a policy
/// that blocks what is unknown blocks that.
fn block_secret_references(outcome: &mut Outcome) {
    let findings = &mut outcome.findings;
    let is_open = |finding: &&mut Finding| finding.verdict == Verdict::Unknown && finding.is_secret_reference;
    for finding in findings.kept.iter_mut().filter(is_open) {
        finding.verdict = Verdict::Fail;
        finding.message = format!(
            "{}; the hook sees no secrets either, and the policy blocks what is unknown",
            finding.message
        )
        .into();
        findings.verdict = findings.verdict.max(Verdict::Fail);
    }
}

/// Of how many parameters it is told why nothing that is given settles them.
const MAXIMUM_IN_VAIN: usize = 3;

/// Adds what would settle a finding that depends on parameters, while somebody can, and why nothing does.
fn settle(finding: &mut Finding, template: &Template<'_>, are_open: bool) {
    if finding.verdict != Verdict::Unknown {
        return;
    }
    let candidates = candidates(&finding.open, template);
    if are_open && !candidates.is_empty() {
        let has_default = candidates.iter().any(|candidate| candidate.could_have_default);
        let or_default = if has_default { ", or `--assume-defaults`" } else { "" };
        let options = options(&candidates);
        let remediation = format!("{} Or say what it will be: {options}{or_default}.", finding.remediation);
        finding.remediation = remediation.into();
    }
    let in_vain = finding.open.iter().filter_map(|name| Some((name, template.why_open(name)?)));
    for (name, why) in in_vain.take(MAXIMUM_IN_VAIN) {
        finding.remediation = format!("{} {} {why}.", finding.remediation, quote(name)).into();
    }
}

/// What may be given and would settle what depends on some names, each once.
fn candidates(names: &[impl AsRef<str>], template: &Template<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for candidate in names.iter().flat_map(|name| template.candidates(name.as_ref())) {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

/// The options that give parameters.
fn options(candidates: &[Candidate]) -> String {
    let option = |candidate: &Candidate| format!("`--parameter {}=…`", on_one_line(&candidate.name));
    candidates.iter().map(option).collect::<Vec<_>>().join(" ")
}

/// Amazon ECS has no functions: what is undecided because of one is wrong in a plain task definition.
fn refuse_functions(outcome: &mut Outcome) {
    let findings = &mut outcome.findings;
    for finding in findings.kept.iter_mut().filter(|finding| finding.is_function) {
        let message = match finding.message.strip_suffix(NOT_KNOWN_YET) {
            Some(function) => format!("{function}, a function, which Amazon ECS does not have"),
            None => format!("{}; Amazon ECS has no functions", finding.message),
        };
        finding.message = message.into();
        finding.verdict = Verdict::Fail;
        findings.verdict = Verdict::Fail;
    }
}

/// A plain task definition of a document, told in the spelling of the file.
fn judge_plain(root: &Node<'_>, properties: &Node<'_>, policy: &Policy) -> JudgedTask {
    let mut report = evaluate(properties, policy);
    report.outcomes.iter_mut().for_each(refuse_functions);
    let family = properties.get("Family");
    let span = family.and_then(|node| node.span).unwrap_or(Span::NOWHERE);
    for finding in report.outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings.kept) {
        let written = finding.span.and_then(|place| written_key(root, place));
        finding.span.get_or_insert(span);
        finding.message = in_plain_words(&finding.message, written).into();
        finding.remediation = in_plain_words(&finding.remediation, None).into();
        if let Some(Fix { change: Change::Respell { from, .. }, .. }) = &mut finding.fix
            && let Some(written) = written
        {
            written.clone_into(from);
        }
    }
    let name = match family.map(|node| &node.value) {
        Some(Value::String(name)) => String::from(&**name),
        _ => "task definition".to_owned(),
    };
    JudgedTask { name, logical_id: None, span, plain: properties.span, report }
}
