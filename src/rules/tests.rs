//! The harness: one set of properties that every rule must have.
//!
//! A rule gets all of this by being in the list: its examples hold, in YAML and in JSON; what hides, removes,
//! doubles, respells or breaks a value never makes a violation pass or a compliant definition fail. It must not
//! name a rule.

mod fixes;
mod particular;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use super::ALL;
use crate::document::{Entry, Intrinsic, Node, Value, json, yaml};
use crate::engine::evaluate;
use crate::finding::{Findings, Verdict};
use crate::policy::{Level, Policy, Setting};
use crate::rule::{Framework, Metadata, Options, Rule};

/// An example from a rule's documentation.
struct Example {
    rule: &'static dyn Rule,
    text: &'static str,
    expected: Verdict,
}

fn examples_of(rule: &'static dyn Rule) -> Vec<Example> {
    let blocks = rule.metadata().documentation.split("```").skip(1).step_by(2);
    let example = |block: &'static str| {
        let (info, text) = block.split_once('\n').unwrap();
        let expected = match info.strip_prefix("yaml,") {
            Some("fail") => Verdict::Fail,
            Some("pass") => Verdict::Pass,
            Some("unknown") => Verdict::Unknown,
            Some("not-applicable") => Verdict::NotApplicable,
            _ => panic!("{}: an example's fence says {info:?}", rule.metadata().name),
        };
        Example { rule, text, expected }
    };
    blocks.map(example).collect()
}

fn examples() -> impl Iterator<Item = Example> {
    ALL.iter().flat_map(|rule| examples_of(*rule))
}

fn judged(rule: &'static dyn Rule, properties: &Node<'_>) -> Findings {
    let mut policy = Policy::baseline();
    policy.rules = vec![Setting { rule, level: Level::Deny, options: Options::of_examples(rule.metadata()) }];
    evaluate(properties, &policy).outcomes.remove(0).findings
}

fn verdict(rule: &'static dyn Rule, properties: &Node<'_>) -> Verdict {
    judged(rule, properties).verdict
}

/// Whether a verdict lets a definition through.
fn lets_through(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::NotApplicable)
}

fn computed(value: Value<'_>) -> Node<'_> {
    Node { value, span: None }
}

fn reference(name: &'static str) -> Node<'static> {
    let argument = computed(Value::String(name.into()));
    computed(Value::Intrinsic(Box::new(Intrinsic { function: "Ref".into(), argument })))
}

/// Calls `visit` with each node below the root, so that it can be changed in place and back.
fn each_place<'a>(root: &Node<'a>, mut visit: impl FnMut(&mut dyn FnMut(Node<'a>) -> Node<'a>, &Node<'a>)) {
    for place in 0..places(root) {
        let original = at(root, place).clone();
        let mut replaced = |node: Node<'a>| {
            let mut root = root.clone();
            *at_mut(&mut root, &mut place.clone()).unwrap() = node;
            root
        };
        visit(&mut replaced, &original);
    }
}

fn children<'n, 'a>(node: &'n Node<'a>) -> Vec<&'n Node<'a>> {
    match &node.value {
        Value::Sequence(items) => items.iter().collect(),
        Value::Mapping(entries) => entries.iter().map(|entry| &entry.value).collect(),
        _ => Vec::new(),
    }
}

fn children_mut<'n, 'a>(node: &'n mut Node<'a>) -> Vec<&'n mut Node<'a>> {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().collect(),
        Value::Mapping(entries) => entries.iter_mut().map(|entry| &mut entry.value).collect(),
        _ => Vec::new(),
    }
}

/// How many nodes are below this one.
fn places(node: &Node<'_>) -> usize {
    children(node).into_iter().map(|child| 1 + places(child)).sum()
}

/// The node with this number below the root, in preorder from 0.
fn at<'n, 'a>(root: &'n Node<'a>, place: usize) -> &'n Node<'a> {
    let mut left = place;
    for child in children(root) {
        if left == 0 {
            return child;
        }
        left -= 1;
        if left < places(child) {
            return at(child, left);
        }
        left -= places(child);
    }
    panic!("no place {place}")
}

fn at_mut<'n, 'a>(root: &'n mut Node<'a>, left: &mut usize) -> Option<&'n mut Node<'a>> {
    for child in children_mut(root) {
        if *left == 0 {
            return Some(child);
        }
        *left -= 1;
        if let Some(found) = at_mut(child, left) {
            return Some(found);
        }
    }
    None
}

/// Each entry of each map below and at the root, changed by `change` in a copy of the whole.
fn each_entry<'a>(
    root: &Node<'a>,
    change: &dyn Fn(&mut Vec<Entry<'a>>, usize),
    visit: &mut dyn FnMut(&Node<'a>, &str),
) {
    fn walk<'a>(
        root: &Node<'a>,
        path: &mut Vec<usize>,
        change: &dyn Fn(&mut Vec<Entry<'a>>, usize),
        visit: &mut dyn FnMut(&Node<'a>, &str),
    ) {
        let node = path.iter().fold(root, |node, step| children(node)[*step]);
        if let Value::Mapping(entries) = &node.value {
            for (index, entry) in entries.iter().enumerate() {
                let mut changed = root.clone();
                let target = path.iter().fold(&mut changed, |node, step| children_mut(node).remove(*step));
                let Value::Mapping(entries) = &mut target.value else { unreachable!() };
                let mut all = std::mem::take(entries).into_vec();
                change(&mut all, index);
                *entries = all.into();
                visit(&changed, &entry.key);
            }
        }
        for step in 0..children(node).len() {
            path.push(step);
            walk(root, path, change, visit);
            path.pop();
        }
    }
    walk(root, &mut Vec::new(), change, visit);
}

/// Writes a tree as JSON; a number that JSON cannot spell becomes one it can.
fn to_json(node: &Node<'_>) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let entry = |key: &str, value: &Node<'_>| format!("{}: {}", quoted(key), to_json(value));
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) if serde_json::from_str::<f64>(text).is_ok() => text.to_string(),
        Value::Number(_) => "0".into(),
        Value::String(text) => quoted(text),
        Value::Sequence(items) => format!("[{}]", items.iter().map(to_json).collect::<Vec<_>>().join(", ")),
        Value::Mapping(entries) => {
            let entries: Vec<_> = entries.iter().map(|each| entry(&each.key, &each.value)).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Intrinsic(call) => format!("{{{}}}", entry(&call.function, &call.argument)),
    }
}

/// The same tree with every boolean and number as a string, as stack events and change sets carry them.
fn stringified<'a>(node: &Node<'a>) -> Node<'a> {
    let mut copy = node.clone();
    match &mut copy.value {
        Value::Bool(value) => copy.value = Value::String(value.to_string().into()),
        Value::Number(text) => copy.value = Value::String(text.clone()),
        _ => children_mut(&mut copy).into_iter().for_each(|child| *child = stringified(child)),
    }
    copy
}

/// What all properties have in common: no change of the kind turns what fails into what is let through, or what
/// is let through into what fails.
fn assert_never_flips(before: Verdict, after: Verdict, what: &str) {
    let flips =
        before == Verdict::Fail && lets_through(after) || lets_through(before) && after == Verdict::Fail;
    assert!(!flips, "{before:?} became {after:?} by {what}");
}

fn assert_masking_never_flips(rule: &'static dyn Rule, root: &Node<'_>) {
    let before = verdict(rule, root);
    each_place(root, |replace, original| {
        let masked = replace(reference("Masked"));
        assert_never_flips(
            before,
            verdict(rule, &masked),
            &format!("hiding {original:?} in {}", to_json(root)),
        );
        if children(original).is_empty() {
            let dynamic = replace(computed(Value::String("{{resolve:ssm:/masked}}".into())));
            let after = verdict(rule, &dynamic);
            assert!(before != Verdict::Fail || !lets_through(after), "a dynamic reference for {original:?}");
        }
        if let Value::Mapping(entries) = &original.value {
            let mut entries = entries.to_vec();
            let value = computed(Value::Mapping(Box::default()));
            entries.push(Entry { key: "Fn::Transform".into(), key_span: None, value });
            let merged = replace(computed(Value::Mapping(entries.into())));
            assert_never_flips(before, verdict(rule, &merged), "a transform that merges keys");
        }
    });
}

fn assert_absent_forms_agree(rule: &'static dyn Rule, root: &Node<'_>) {
    let mut removed = Vec::new();
    each_entry(root, &|entries, index| drop(entries.remove(index)), &mut |changed, _| {
        removed.push(verdict(rule, changed));
    });
    for absent in [computed(Value::Null), reference("AWS::NoValue")] {
        let mut next = removed.iter();
        each_entry(root, &|entries, index| entries[index].value = absent.clone(), &mut |changed, key| {
            assert_eq!(Some(&verdict(rule, changed)), next.next(), "{key} in {}", to_json(changed));
        });
    }
}

fn assert_duplicates_count_worst(rule: &'static dyn Rule, root: &Node<'_>) {
    let others =
        [computed(Value::Null), computed(Value::Bool(true)), computed(Value::Bool(false)), reference("X")];
    for other in others {
        let mut worst = Vec::new();
        each_entry(root, &|entries, index| entries[index].value = other.clone(), &mut |changed, _| {
            worst.push(verdict(rule, changed).max(verdict(rule, root)));
        });
        for first in [true, false] {
            let mut next = worst.iter();
            let double = |entries: &mut Vec<Entry<'_>>, index: usize| {
                let twin = Entry { value: other.clone(), ..entries[index].clone() };
                entries.insert(if first { index } else { entries.len() }, twin);
            };
            each_entry(root, &double, &mut |changed, key| {
                assert_eq!(Some(&verdict(rule, changed)), next.next(), "{key} twice in {}", to_json(changed));
            });
        }
    }
}

#[test]
fn rules_say_whether_their_findings_are_about_containers() {
    for Example { rule, text, .. } in examples() {
        for finding in judged(rule, &yaml::read(text).unwrap()).kept {
            assert_eq!(finding.container.is_some(), rule.is_about_containers(), "{}", rule.metadata().name);
        }
    }
}

#[test]
fn examples_hold_in_every_format() {
    for Example { rule, text, expected } in examples() {
        let from_yaml = yaml::read(text).unwrap();
        assert_eq!(verdict(rule, &from_yaml), expected, "{text}");
        let json = to_json(&from_yaml);
        assert_eq!(verdict(rule, &json::read(json.as_bytes()).unwrap()), expected, "{json}");
        assert_eq!(verdict(rule, &yaml::read(&json).unwrap()), expected, "{json}");
    }
}

#[test]
fn every_rule_shows_each_verdict_it_can_give() {
    for rule in ALL {
        let name = rule.metadata().name;
        let shown: Vec<_> = examples_of(*rule).iter().map(|example| example.expected).collect();
        for wanted in [Verdict::Fail, Verdict::Pass, Verdict::Unknown] {
            assert!(shown.contains(&wanted), "{name} has no example of {wanted:?}");
        }
        for Example { text, .. } in examples() {
            let given = verdict(*rule, &yaml::read(text).unwrap());
            assert!(shown.contains(&given), "{name} says {given:?} of this, and has no such example: {text}");
        }
    }
}

#[test]
fn booleans_and_numbers_may_be_strings() {
    for Example { rule, text, .. } in examples() {
        let json = to_json(&yaml::read(text).unwrap());
        let typed = json::read(json.as_bytes()).unwrap();
        assert_eq!(verdict(rule, &stringified(&typed)), verdict(rule, &typed), "{json}");
    }
}

#[test]
fn hiding_a_value_never_flips_a_verdict() {
    for Example { rule, text, .. } in examples() {
        assert_masking_never_flips(rule, &yaml::read(text).unwrap());
    }
}

#[test]
fn a_wrong_type_never_passes() {
    for Example { rule, text, .. } in examples() {
        let root = yaml::read(text).unwrap();
        let before = verdict(rule, &root);
        each_place(&root, |replace, original| {
            // What the rule reads is what it does not know the answer without.
            let is_read = before != Verdict::Unknown
                && verdict(rule, &replace(reference("Masked"))) == Verdict::Unknown;
            if matches!(original.value, Value::Intrinsic(_)) {
                return;
            }
            let wrong = if children(original).is_empty()
                && !matches!(original.value, Value::Sequence(_) | Value::Mapping(_))
            {
                [Value::Sequence([original.clone()].into()), yaml::read("{Unexpected: 1}").unwrap().value]
            } else {
                [Value::String("unexpected".into()), Value::Number("7".into())]
            };
            for wrong in wrong {
                let after = verdict(rule, &replace(computed(wrong.clone())));
                let shown = format!("{wrong:?} for {original:?} in {}", to_json(&root));
                assert!(!(is_read && lets_through(after)), "{after:?} with {shown}");
                assert!(!(before == Verdict::Fail && lets_through(after)), "{after:?} with {shown}");
            }
        });
    }
}

#[test]
fn another_casing_of_a_key_that_is_read_fails() {
    for Example { rule, text, .. } in examples() {
        let root = yaml::read(text).unwrap();
        let before = verdict(rule, &root);
        let mut is_read = Vec::new();
        each_entry(&root, &|entries, index| entries[index].value = reference("Masked"), &mut |changed, _| {
            is_read.push(before != Verdict::Unknown && verdict(rule, changed) == Verdict::Unknown);
        });
        let mut next = is_read.iter();
        let recase = |entries: &mut Vec<Entry<'_>>, index: usize| {
            let key = &entries[index].key;
            let upper = key.to_uppercase();
            entries[index].key = if *upper == **key { key.to_lowercase() } else { upper }.into();
        };
        each_entry(&root, &recase, &mut |changed, key| {
            if *next.next().unwrap() {
                assert_eq!(verdict(rule, changed), Verdict::Fail, "{key} in {}", to_json(changed));
            }
        });
    }
}

#[test]
fn absent_null_and_no_value_are_one() {
    for Example { rule, text, .. } in examples() {
        assert_absent_forms_agree(rule, &yaml::read(text).unwrap());
    }
}

#[test]
fn the_worst_of_duplicate_keys_counts() {
    for Example { rule, text, .. } in examples() {
        assert_duplicates_count_worst(rule, &yaml::read(text).unwrap());
    }
}

#[test]
fn findings_are_written_for_a_person() {
    for Example { rule, text, expected } in examples() {
        let findings = judged(rule, &yaml::read(text).unwrap()).kept;
        assert_eq!(findings.is_empty(), lets_through(expected), "{text}");
        for finding in findings {
            let (message, remediation) = (&finding.message, &finding.remediation);
            assert!(!message.is_empty() && message.len() <= 160 && !message.ends_with('.'), "{message}");
            assert!(remediation.ends_with('.') && remediation.len() <= 160, "{remediation}");
            assert!(!message.contains('\n') && !remediation.contains('\n'), "{message} {remediation}");
            // What is missing from the task definition itself is told at the task definition's name.
            assert!(finding.span.is_some() || finding.container.is_none(), "{message} has no place");
        }
    }
}

#[test]
fn the_catalogue_is_consistent() {
    let mut names: Vec<_> = ALL.iter().map(|rule| rule.metadata().name).collect();
    for rule in ALL {
        let Metadata { name, remediation, documentation, .. } = rule.metadata();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        let file = format!("{}/src/rules/{}.rs", env!("CARGO_MANIFEST_DIR"), name.replace('-', "_"));
        assert!(std::fs::exists(&file).unwrap(), "{name} is not in {file}");
        for heading in ["What it does", "Why is this bad?", "How to fix", "Examples"] {
            let section = rule.metadata().section(heading);
            assert!(!section.is_empty(), "{name} does not say {heading:?}");
            assert!(documentation.contains(&format!(" ## {heading}\n {section}\n")), "{name}: {section}");
        }
        let why = rule.metadata().why;
        assert!(why.ends_with('.') && why.len() <= 200 && !why.contains('\n'), "{name}: {why}");
        assert!(remediation.ends_with('.') && remediation.len() <= 120, "{name}: {remediation}");
        let mut options: Vec<_> = rule.metadata().options().map(|option| option.name).collect();
        options.push("level");
        let count = options.len();
        options.sort_unstable();
        options.dedup();
        assert_eq!(options.len(), count, "{name} has two options of one name");
    }
    let catalogues = Framework::ALL.iter().map(|framework| framework.as_str());
    assert!(
        catalogues.clone().collect::<BTreeSet<_>>().len() == Framework::ALL.len(),
        "two catalogues have one name"
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ALL.len(), "two rules have one name");
}

/// A change to a document: at the numbered place, put the value of that number.
type Change = (Index, Index);

/// Every example as a document, with its rule.
static DOCUMENTS: LazyLock<Vec<(&'static dyn Rule, Node<'static>)>> =
    LazyLock::new(|| examples().map(|example| (example.rule, yaml::read(example.text).unwrap())).collect());

/// Every value of every example, and odd ones.
static VALUES: LazyLock<Vec<Node<'static>>> = LazyLock::new(|| {
    let mut values: Vec<Node<'static>> = Vec::new();
    for (_, root) in &*DOCUMENTS {
        values.extend((0..places(root)).map(|place| at(root, place).clone()));
    }
    let odd = "[null, !Ref X, !Ref AWS::NoValue, '', '0', 0, ' root', true, 'false', [], {}, '{{resolve:ssm:/x}}', 1e9]";
    values.extend(children(&yaml::read(odd).unwrap()).into_iter().cloned());
    values
});

/// An example with some of its values replaced.
fn mutated(example: &Node<'static>, changes: &[Change]) -> Node<'static> {
    let mut root = example.clone();
    for (place, value) in changes {
        if places(&root) == 0 {
            break;
        }
        let mut place = place.index(places(&root));
        *at_mut(&mut root, &mut place).unwrap() = value.get(&VALUES).clone();
    }
    root
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_examples_keep_every_property(
        example: Index,
        other: Index,
        changes in prop::collection::vec(any::<Change>(), 1..6),
    ) {
        let (own, document) = example.get(&DOCUMENTS);
        let root = mutated(document, &changes);
        let json = to_json(&root);
        for rule in [*own, *other.get(ALL)] {
            let from_json = json::read(json.as_bytes()).unwrap();
            prop_assert_eq!(verdict(rule, &yaml::read(&json).unwrap()), verdict(rule, &from_json), "{}", json);
            // A boolean in another's place fails, and as a string may be right: that is all that may differ.
            if lets_through(verdict(rule, &from_json)) {
                prop_assert!(lets_through(verdict(rule, &stringified(&from_json))), "{}", json);
            }
            assert_masking_never_flips(rule, &root);
            assert_absent_forms_agree(rule, &root);
        }
    }
}
