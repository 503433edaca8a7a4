//! What holds of every answer of the hook.

use ecs_guard::document::{Node, Value, json};
use ecs_guard::finding::Verdict;
use ecs_guard::hook::{Answer, Hook, Prepared, Response, Status};
use ecs_guard::policy::Policy;

use super::assert_one_line;
use super::tree::{choice, hide, places, to_json};

/// The longest message that a stack event shows whole, and the longest text of an annotation.
const LONGEST: (usize, usize) = (900, 400);

/// Answers an event; after a zero byte, the body behind its URL.
pub(crate) fn event(bytes: &[u8]) {
    let (event, body) = match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (&bytes[..end], Ok(bytes[end + 1..].to_vec())),
        None => (bytes, Err("There is none.".to_owned())),
    };
    let outside = Prepared {
        body,
        today: "2026-11-25".parse().expect("a day"),
        stack_tags: Err("nobody knows them".into()),
    };
    let hook = Hook::new(Ok(Policy::baseline()));
    let Answer { response, record } = hook.respond(event, &outside);
    assert_well_formed(&response);
    let is_blocked = response.hook_status == Status::Failed;
    assert!(is_blocked || !record.is_internal_error, "what is not judged is not let through");
    let Ok(root) = json::read(event) else {
        return assert!(is_blocked, "what cannot be read is not let through");
    };
    let Some(properties) = judged_properties(&root) else { return };
    if record.target_name != "AWS::ECS::TaskDefinition" || record.verdicts.is_empty() {
        return;
    }
    // The baseline denies both what is wrong and what is open, and nothing else.
    let is_denied =
        record.verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Fail | Verdict::Unknown));
    assert_eq!(is_blocked, is_denied, "{:?}", record.verdicts);
    assert_keeps_secrets(properties, event, &response);
    let count = places(properties);
    if count == 0 {
        return;
    }
    let mut masked = root.clone();
    if let Some(properties) = judged_properties_mut(&mut masked) {
        hide(properties, choice(bytes) % count);
    }
    let masked = to_json(&masked).expect("JSON is JSON");
    let answer = hook.respond(masked.as_bytes(), &outside);
    for ((rule, before), (_, after)) in record.verdicts.iter().zip(&answer.record.verdicts) {
        assert_never_flips(rule, *before, *after, &masked);
    }
}

/// Holds what a rule said against what it says with a value hidden.
pub(super) fn assert_never_flips(rule: &str, before: Verdict, after: Verdict, masked: &str) {
    let passes = |verdict| matches!(verdict, Verdict::Pass | Verdict::NotApplicable);
    assert!(!(before == Verdict::Fail && passes(after)), "{rule} passes with a value hidden: {masked}");
    assert!(!(passes(before) && after == Verdict::Fail), "{rule} fails with a value hidden: {masked}");
}

/// Holds an answer against what CloudFormation and its consoles take.
pub(super) fn assert_well_formed(response: &Response) {
    assert_eq!(response.hook_status == Status::Success, response.error_code.is_none());
    assert_one_line(&response.message);
    assert!(response.message.len() <= LONGEST.0, "{}", response.message);
    let mut names = Vec::new();
    for annotation in &response.annotations {
        names.push(annotation.annotation_name);
        for text in [Some(annotation.status_message.as_ref()), annotation.remediation_message.as_deref()] {
            let Some(text) = text else { continue };
            assert_one_line(text);
            assert!(text.len() <= LONGEST.1, "{text}");
        }
    }
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    let wire = serde_json::to_string(response).expect("an answer is JSON");
    assert!(json::read(wire.as_bytes()).is_ok(), "{wire}");
}

/// No value of the environment is in the answer, where it is marked and stands nowhere else.
pub(super) fn assert_keeps_secrets(properties: &Node<'_>, event: &[u8], response: &Response) {
    const MARK: &str = "canary";
    let is_once = event.windows(MARK.len()).filter(|window| *window == MARK.as_bytes()).count() == 1;
    let Some(Value::Sequence(containers)) = properties.get("ContainerDefinitions").map(|node| &node.value)
    else {
        return;
    };
    let variables = containers.iter().filter_map(|container| match &container.get("Environment")?.value {
        Value::Sequence(variables) => Some(variables),
        _ => None,
    });
    let is_marked = |variable: &Node<'_>| matches!(variable.get("Value").map(|node| &node.value), Some(Value::String(text)) if text.contains(MARK));
    if is_once && variables.flatten().any(is_marked) {
        let wire = serde_json::to_string(response).expect("an answer is JSON");
        assert!(!wire.contains(MARK), "{wire}");
    }
}

const WAY: [&str; 3] = ["requestData", "targetModel", "resourceProperties"];

pub(super) fn judged_properties<'n, 'a>(root: &'n Node<'a>) -> Option<&'n Node<'a>> {
    WAY.iter().try_fold(root, |node, key| node.get(key))
}

pub(super) fn judged_properties_mut<'n, 'a>(root: &'n mut Node<'a>) -> Option<&'n mut Node<'a>> {
    WAY.iter().try_fold(root, |node, key| match &mut node.value {
        Value::Mapping(entries) => {
            entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
        }
        _ => None,
    })
}
