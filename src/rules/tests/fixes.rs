//! The harness for fixes: what every rule that offers one gets tested.
//!
//! In every style of writing, a fixed text is read, settles what was fixed, changes no other value and loses no comment;
//! fixing it again changes nothing. It must not name a rule.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::{ALL, Change, Example, examples, mutated};
use crate::check::{CheckedFile, Checking, Repaired, check, read_document, repair};
use crate::document::{Node, Value, yaml};
use crate::finding::{Applicability, Change as Wanted, Finding, Fix, Verdict};
use crate::policy::{Level, Policy, Setting};
use crate::rule::{Metadata, Options, Rule};
use crate::template::{Given, TASK_DEFINITION};

/// How a tree is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    form: Form,
    /// By how much a level is deeper than the one above it.
    unit: usize,
    /// Whether a list is indented no more than its key.
    is_list_flush: bool,
    quote: &'static str,
    line_break: &'static str,
    has_comments: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Block,
    Flow,
    PrettyJson,
    MinifiedJson,
}

const STYLES: &[Style] = &[
    Style {
        form: Form::Block,
        unit: 2,
        is_list_flush: true,
        quote: "",
        line_break: "\n",
        has_comments: false,
    },
    Style {
        form: Form::Block,
        unit: 4,
        is_list_flush: false,
        quote: "",
        line_break: "\r\n",
        has_comments: true,
    },
    Style {
        form: Form::Block,
        unit: 3,
        is_list_flush: true,
        quote: "'",
        line_break: "\n",
        has_comments: true,
    },
    Style {
        form: Form::Flow,
        unit: 2,
        is_list_flush: true,
        quote: "",
        line_break: "\n",
        has_comments: false,
    },
    Style {
        form: Form::Flow,
        unit: 2,
        is_list_flush: true,
        quote: "\"",
        line_break: "\n",
        has_comments: true,
    },
    Style {
        form: Form::PrettyJson,
        unit: 2,
        is_list_flush: true,
        quote: "\"",
        line_break: "\n",
        has_comments: false,
    },
    Style {
        form: Form::PrettyJson,
        unit: 4,
        is_list_flush: true,
        quote: "\"",
        line_break: "\r\n",
        has_comments: false,
    },
    Style {
        form: Form::MinifiedJson,
        unit: 0,
        is_list_flush: true,
        quote: "\"",
        line_break: "\n",
        has_comments: false,
    },
];

/// Writes a tree in a style; every comment has a number of its own.
struct Writer {
    style: Style,
    text: String,
    comments: usize,
}

impl Writer {
    fn write(style: Style, node: &Node<'_>) -> String {
        let mut writer = Self { style, text: String::new(), comments: 0 };
        match style.form {
            Form::Block => {
                writer.block(node, 0);
                writer.break_line(0);
            }
            _ => writer.text = writer.inline(node, 0),
        }
        writer.text
    }

    /// Ends a line and begins the next.
    fn break_line(&mut self, indentation: usize) {
        if self.style.has_comments {
            self.comments += 1;
            self.text.extend(["  # é ", &self.comments.to_string()]);
        }
        self.text += self.style.line_break;
        self.text += &" ".repeat(indentation);
    }

    fn block(&mut self, node: &Node<'_>, indentation: usize) {
        match &node.value {
            Value::Mapping(entries) if !entries.is_empty() => {
                for (number, entry) in entries.iter().enumerate() {
                    if number > 0 {
                        self.break_line(indentation);
                    }
                    self.text.extend([self.key(&entry.key).as_str(), ":"]);
                    let is_list = matches!(&entry.value.value, Value::Sequence(items) if !items.is_empty());
                    let is_map = matches!(&entry.value.value, Value::Mapping(entries) if !entries.is_empty());
                    if is_list || is_map {
                        let unit = if is_list && self.style.is_list_flush { 0 } else { self.style.unit };
                        self.break_line(indentation + unit);
                        self.block(&entry.value, indentation + unit);
                    } else if !matches!(entry.value.value, Value::Null) {
                        self.text.push(' ');
                        self.block(&entry.value, indentation);
                    }
                }
            }
            Value::Sequence(items) if !items.is_empty() => {
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        self.break_line(indentation);
                    }
                    self.text += "- ";
                    self.block(item, indentation + 2);
                }
            }
            _ => self.text += &self.inline(node, 0),
        }
    }

    fn key(&self, key: &str) -> String {
        match self.style.quote {
            "" if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:".contains(&byte)) => key.into(),
            "'" => format!("'{}'", key.replace('\'', "''")),
            _ => serde_json::to_string(key).unwrap(),
        }
    }

    /// In brackets.
    fn inline(&self, node: &Node<'_>, indentation: usize) -> String {
        let pretty = self.style.form == Form::PrettyJson;
        let minified = self.style.form == Form::MinifiedJson;
        let inner = indentation + self.style.unit;
        let colon = if minified { ":" } else { ": " };
        let collection = |open: char, close: char, children: Vec<String>| {
            let line = |indentation| format!("{}{}", self.style.line_break, " ".repeat(indentation));
            match children.is_empty() {
                true => format!("{open}{close}"),
                false if pretty => {
                    format!(
                        "{open}{}{}{}{close}",
                        line(inner),
                        children.join(&format!(",{}", line(inner))),
                        line(indentation)
                    )
                }
                false => format!("{open}{}{close}", children.join(if minified { "," } else { ", " })),
            }
        };
        let entry =
            |key: &str, value: &Node<'_>| format!("{}{colon}{}", self.key(key), self.inline(value, inner));
        match &node.value {
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            Value::Number(text) if serde_json::from_str::<f64>(text).is_ok() => text.to_string(),
            Value::Number(_) => "0".into(),
            Value::String(text) => match self.style.quote {
                "'" => format!("'{}'", text.replace('\'', "''")),
                _ => serde_json::to_string(&**text).unwrap(),
            },
            Value::Sequence(items) => {
                collection('[', ']', items.iter().map(|item| self.inline(item, inner)).collect())
            }
            Value::Mapping(entries) => {
                collection('{', '}', entries.iter().map(|each| entry(&each.key, &each.value)).collect())
            }
            Value::Intrinsic(call) => collection('{', '}', vec![entry(&call.function, &call.argument)]),
        }
    }
}

/// A template of one task definition.
fn template<'a>(properties: &Node<'a>) -> Node<'a> {
    let map = |entries: Vec<(&'static str, Node<'a>)>| {
        let entry = |(key, value): (&'static str, _)| super::Entry { key: key.into(), key_span: None, value };
        super::computed(Value::Mapping(entries.into_iter().map(entry).collect()))
    };
    let kind = super::computed(Value::String(TASK_DEFINITION.into()));
    let resource = map(vec![("Type", kind), ("Properties", properties.clone())]);
    map(vec![("Resources", map(vec![("Task", resource)]))])
}

fn policy(rule: &'static dyn Rule) -> Policy {
    let mut policy = Policy::baseline();
    policy.rules = vec![Setting { rule, level: Level::Deny, options: Options::default() }];
    policy
}

fn repaired(text: &str, given: &Given, policy: &Policy, wanted: Applicability) -> Option<Repaired> {
    repair(text, &Checking { path: "x", given, policy, excuse: &|_| {} }, wanted)
}

fn findings<'f>(file: &'f CheckedFile<'_>) -> impl Iterator<Item = &'f Finding> {
    let outcomes = file.judged.iter().flatten().flat_map(|task| &task.report.outcomes);
    outcomes.flat_map(|outcome| &outcome.findings.kept)
}

/// The ways to what fixes change, key by key; an item of a list by its number.
fn ways(file: &CheckedFile<'_>) -> HashSet<Vec<String>> {
    let way = |finding: &Finding, fix: &Fix| {
        let mut way: Vec<String> = vec!["Resources".into(), "Task".into(), "Properties".into()];
        let container =
            finding.container.as_ref().map(|container| ("ContainerDefinitions", container.ordinal));
        for (list, position) in container.into_iter().chain(fix.item) {
            way.extend([list.to_owned(), (position - 1).to_string()]);
        }
        way.extend(fix.keys.iter().map(|key| (*key).to_owned()));
        way
    };
    // A fix without keys spells one right, which is looked at apart.
    let of_finding =
        |finding: &Finding| Some(way(finding, finding.fix.as_ref().filter(|fix| !fix.keys.is_empty())?));
    findings(file).filter_map(of_finding).collect()
}

/// A tree without what may be changed, and without the maps that are only there for it.
fn without<'a>(
    node: &Node<'a>,
    ways: &HashSet<Vec<String>>,
    respelled: &[String],
    way: &mut Vec<String>,
) -> Option<Node<'a>> {
    let is_changed = |way: &[String]| {
        ways.iter().any(|changed| {
            changed.len() == way.len()
                && changed.iter().zip(way).all(|(one, other)| one.eq_ignore_ascii_case(other))
        })
    };
    let leads_to_change = |way: &[String]| {
        ways.iter().any(|changed| {
            changed.len() > way.len()
                && changed.iter().zip(way).all(|(one, other)| one.eq_ignore_ascii_case(other))
        })
    };
    if is_changed(way) && !way.is_empty() {
        return None;
    }
    let value = match &node.value {
        Value::Null if leads_to_change(way) => return None,
        Value::Mapping(entries) => {
            let mut kept = Vec::new();
            for entry in entries {
                way.push(entry.key.to_string());
                if let Some(value) = without(&entry.value, ways, respelled, way) {
                    let is_respelled = respelled.iter().any(|key| key.eq_ignore_ascii_case(&entry.key));
                    let key =
                        if is_respelled { entry.key.to_ascii_lowercase().into() } else { entry.key.clone() };
                    kept.push(super::Entry { key, key_span: None, value });
                }
                way.pop();
            }
            if kept.is_empty() && leads_to_change(way) {
                return None;
            }
            Value::Mapping(kept.into())
        }
        Value::Sequence(items) => {
            let mut kept = Vec::new();
            for (number, item) in items.iter().enumerate() {
                way.push(number.to_string());
                kept.push(without(item, ways, respelled, way).unwrap_or(super::computed(Value::Null)));
                way.pop();
            }
            Value::Sequence(kept.into())
        }
        other => other.clone(),
    };
    Some(super::computed(value))
}

/// Fixes a text and holds what comes of it against everything that is promised. Answers whether it was changed, and
/// which findings with a fix were left.
fn fix_and_verify(rule: &'static dyn Rule, text: &str, wanted: Applicability) -> (bool, Vec<String>) {
    let (given, policy) = (Given::default(), policy(rule));
    let Some(before) = check("x", text, &given, &policy) else { return (false, Vec::new()) };
    if before.judged.is_err() {
        return (false, Vec::new());
    }
    let done = repaired(text, &given, &policy, wanted).unwrap();
    let fixed = done.text.as_str();
    assert_eq!(fixed != text, !done.fixed.is_empty(), "{text}");

    let again = repaired(fixed, &given, &policy, wanted).unwrap();
    assert_eq!(again.text, fixed, "fixing again changes something");

    let mut after = check("x", fixed, &given, &policy).unwrap();
    done.explain(&mut after);
    let mut left = Vec::new();
    for finding in findings(&after).filter(|finding| finding.verdict == Verdict::Fail) {
        if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.applicability <= wanted) {
            match &fix.proposal.as_ref().unwrap().edits {
                Ok(edits) => panic!("{} could be fixed by {edits:?} in {fixed}", finding.message),
                Err(reason) => left.push(reason.clone()),
            }
        }
    }

    let (old, new) = (read_document(text).unwrap(), read_document(fixed).unwrap());
    assert_eq!(old.syntax, new.syntax);
    // A key that is spelled right can bring up what is to be fixed below it.
    let mut changed = HashSet::new();
    let mut respelled = Vec::new();
    let mut seen = text.to_owned();
    loop {
        let round = check("x", &seen, &given, &policy).unwrap();
        changed.extend(ways(&round));
        for finding in findings(&round) {
            if let Some(Fix { change: Wanted::Respell { to, .. }, .. }) = &finding.fix {
                respelled.push((*to).to_owned());
            }
        }
        let only_spelled = repaired(&seen, &given, &policy, Applicability::Safe).unwrap().text;
        if only_spelled == seen {
            break;
        }
        seen = only_spelled;
    }
    let untouched =
        |root: &Node<'_>| without(root, &changed, &respelled, &mut Vec::new()).unwrap().detached();
    let (old, new) = (untouched(&old.root), untouched(&new.root));
    assert!(old.is_like(&new), "something else is changed:\n{text}\n{fixed}\n{old:?}\n{new:?}");

    let comments = |text: &str| -> Vec<String> {
        let numbered = text
            .lines()
            .filter_map(|line| line.split_once("# é ").map(|(_, number)| number.trim().to_owned()));
        let mut numbers: Vec<_> = numbered.collect();
        numbers.sort();
        numbers
    };
    assert_eq!(comments(fixed), comments(text), "a comment is lost:\n{text}\n{fixed}");
    let breaks = |text: &str| (text.matches("\r\n").count() > 0, text.replace("\r\n", "").contains('\n'));
    if text.contains('\n') {
        assert_eq!(breaks(fixed), breaks(text), "line breaks are mixed:\n{fixed:?}");
    }
    (fixed != text, left)
}

#[test]
fn examples_are_fixed_in_every_style() {
    for Example { rule, text, expected } in examples() {
        let properties = yaml::read(text).unwrap();
        let Metadata { fix, name, .. } = rule.metadata();
        for style in STYLES {
            let written = Writer::write(*style, &template(&properties));
            let (is_changed, left) = fix_and_verify(rule, &written, Applicability::Unsafe);
            assert!(
                expected != Verdict::Fail || left.is_empty(),
                "{name}: {left:?} in {style:?}:\n{written}"
            );
            assert!(!is_changed || expected == Verdict::Fail, "{name} in {style:?}:\n{written}");
            let checked = check("x", &written, &Given::default(), &policy(rule)).unwrap();
            for finding in findings(&checked) {
                let is_spelling =
                    finding.fix.as_ref().is_some_and(|fix| matches!(fix.change, Wanted::Respell { .. }));
                let applicability =
                    finding.fix.as_ref().filter(|_| !is_spelling).map(|fix| fix.applicability);
                assert!(applicability <= *fix, "{name} fixes what it says it does not");
            }
        }
    }
}

#[test]
fn a_rule_that_declares_a_fix_shows_one() {
    for rule in ALL {
        let Metadata { fix, name, .. } = rule.metadata();
        let fixes = super::examples_of(*rule).iter().any(|example| {
            let written = Writer::write(STYLES[0], &template(&yaml::read(example.text).unwrap()));
            let checked = check("x", &written, &Given::default(), &policy(*rule)).unwrap();
            findings(&checked).any(|finding| {
                let is_own = |fix: &Fix| !matches!(fix.change, Wanted::Respell { .. });
                finding.fix.as_ref().is_some_and(is_own)
            })
        });
        assert_eq!(fixes, fix.is_some(), "{name}");
    }
}

#[test]
fn what_passes_stays() {
    for Example { rule, text, expected } in examples() {
        if expected == Verdict::Fail {
            continue;
        }
        let written = Writer::write(STYLES[1], &template(&yaml::read(text).unwrap()));
        for rule in ALL.iter().filter(|other| other.metadata().name == rule.metadata().name) {
            let done = repaired(&written, &Given::default(), &policy(*rule), Applicability::Unsafe).unwrap();
            assert_eq!(done.text, written);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mixtures_of_examples_are_fixed_and_nothing_else(
        example: Index,
        changes in prop::collection::vec(any::<Change>(), 0..4),
        style: Index,
        is_unsafe: bool,
    ) {
        let (_, document) = example.get(&super::DOCUMENTS);
        let mut root = mutated(document, &changes);
        if let Value::Mapping(entries) = &mut root.value {
            let named = super::computed(Value::String("ü # no comment: 'it' is".into()));
            let family = super::Entry { key: "Family".into(), key_span: None, value: named };
            *entries = std::iter::once(family).chain(std::mem::take(entries)).collect();
        }
        let written = Writer::write(*style.get(STYLES), &template(&root));
        let wanted = if is_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        for rule in ALL {
            let (_, left) = fix_and_verify(*rule, &written, wanted);
            // The proof of each step is a net that nothing should fall into.
            prop_assert!(!left.iter().any(|reason| reason.contains("would")), "{:?}\n{}", left, written);
        }
    }
}
