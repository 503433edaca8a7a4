//! What holds of everything that is said of a file.

use std::collections::BTreeMap;

use ecs_guard::check::{CheckedFile, check, read_document};
use ecs_guard::document::{Document, Node, Value};
use ecs_guard::finding::{Edit, Verdict};
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

use super::event::assert_never_flips;
use super::tree::{choice, hide, places, to_json};
use super::{assert_inside, assert_one_line};

/// Checks a text by every rule, then in JSON, then with a value hidden.
pub(crate) fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policy = Policy::of(Profile::Pedantic);
    let Some(file) = check("template", text, &Given::default(), &policy) else { return };
    assert_sound(&file);
    let Ok(document) = read_document(text) else { return assert!(file.judged.is_err()) };
    if file.judged.is_err() {
        return;
    }
    if let Some(json) = to_json(&document.root) {
        let of_json =
            check("template", &json, &Given::default(), &policy).expect("a template is one in JSON");
        assert_eq!(verdicts(&file), verdicts(&of_json), "otherwise in JSON: {json}");
    }
    assert_masking(&file, document, choice(bytes), &policy);
}

/// Hides one value of a task definition that is a resource of a template.
fn assert_masking(file: &CheckedFile<'_>, document: Document<'_>, choice: usize, policy: &Policy) {
    let mut root = document.root;
    let Some(resources) = value_mut(&mut root, "Resources") else { return };
    let Value::Mapping(resources) = &mut resources.value else { return };
    let is_task = |node: &Node<'_>| matches!(node.get("Type").map(|node| &node.value), Some(Value::String(name)) if name == "AWS::ECS::TaskDefinition");
    let mut tasks: Vec<_> = resources.iter_mut().filter(|entry| is_task(&entry.value)).collect();
    let count = tasks.len().max(1);
    let Some(task) = tasks.get_mut(choice % count) else { return };
    let Some(properties) = value_mut(&mut task.value, "Properties") else { return };
    let count = places(properties);
    if count == 0 {
        return;
    }
    hide(properties, choice / 7 % count);
    let Some(masked) = to_json(&root) else { return };
    let given = Given::default();
    let Some(after) = check("template", &masked, &given, policy) else { return };
    if after.judged.is_err() {
        return;
    }
    let after = verdicts(&after);
    for (place, before) in verdicts(file) {
        if let Some(after) = after.get(&place) {
            assert_never_flips(place.1, before, *after, &masked);
        }
    }
}

fn value_mut<'n, 'a>(node: &'n mut Node<'a>, key: &str) -> Option<&'n mut Node<'a>> {
    let Value::Mapping(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

/// The worst that each rule says of the task definitions of each name.
fn verdicts(file: &CheckedFile<'_>) -> BTreeMap<(String, &'static str), Verdict> {
    let mut verdicts = BTreeMap::new();
    for task in file.judged.iter().flatten() {
        for outcome in &task.report.outcomes {
            let verdict =
                verdicts.entry((task.name.clone(), outcome.rule.name)).or_insert(Verdict::NotApplicable);
            *verdict = outcome.findings.verdict.max(*verdict);
        }
    }
    verdicts
}

/// Holds what is said of a file against what every output needs.
pub(super) fn assert_sound(file: &CheckedFile<'_>) {
    for note in &file.notes {
        assert_inside(note.span, file.text);
        assert_one_line(&note.message);
    }
    for nested in &file.nested {
        assert_inside(nested.span, file.text);
    }
    let tasks = match &file.judged {
        Ok(tasks) => tasks,
        Err(unreadable) => {
            assert_inside(unreadable.span, file.text);
            return assert_one_line(&unreadable.message);
        }
    };
    for task in tasks {
        assert_inside(task.span, file.text);
        for outcome in &task.report.outcomes {
            let findings = &outcome.findings;
            let worst = findings.kept.iter().map(|finding| finding.verdict).max();
            if matches!(findings.verdict, Verdict::Fail | Verdict::Unknown) {
                assert_eq!(worst, Some(findings.verdict), "{}: a verdict has its reason", outcome.rule.name);
            } else {
                assert_eq!(worst, None, "{}: what passes has no findings", outcome.rule.name);
            }
            for finding in &findings.kept {
                assert_inside(finding.span.expect("a finding has a place"), file.text);
                assert_one_line(&finding.message);
                assert_one_line(&finding.remediation);
                let proposal = finding.fix.as_ref().and_then(|fix| fix.proposal.as_ref());
                match proposal.map(|proposal| &proposal.edits) {
                    Some(Ok(edits)) => assert_edits(edits, file.text),
                    Some(Err(reason)) => assert_one_line(reason),
                    None => {}
                }
            }
        }
    }
}

fn assert_edits(edits: &[Edit], text: &str) {
    for edit in edits {
        assert_inside(edit.span, text);
    }
    assert!(edits.windows(2).all(|pair| pair[0].span.end() <= pair[1].span.start()), "{edits:?}");
}
