//! What holds of every exception: a policy and a resource event together.
//!
//! Whether an exception covers a finding is asked here a second time, in another way: without order, and with globs matched
//! letter by letter.

use std::collections::BTreeMap;

use ecs_guard::document::{Node, Value, json};
use ecs_guard::engine::{StackTags, Subject, evaluate, excuse};
use ecs_guard::finding::{About, Called, Finding, Verdict};
use ecs_guard::hook::{Hook, Prepared, Status};
use ecs_guard::policy::{Exception, Field, Level, Policy, read};
use ecs_guard::report::{Outcome, Report};

use super::assert_one_line;
use super::event::{assert_keeps_secrets, assert_well_formed, judged_properties, judged_properties_mut};
use super::tree::{choice, hide, places, to_json};

/// What is known of a stack's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    NoStack,
    AtHand,
    Unasked,
    Unanswered,
}

struct Tags {
    knowledge: Knowledge,
    known: BTreeMap<String, String>,
}

impl Tags {
    fn as_known(&self) -> StackTags<'_> {
        match self.knowledge {
            Knowledge::NoStack => StackTags::Nowhere,
            Knowledge::AtHand => StackTags::Known(&self.known),
            Knowledge::Unasked => StackTags::Unasked,
            Knowledge::Unanswered => StackTags::Missing("nobody answers"),
        }
    }
}

/// Applies the exceptions of the policy before a zero byte to the event after it.
pub(crate) fn exception(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return };
    let (Ok(text), event) = (std::str::from_utf8(&bytes[..end]), &bytes[end + 1..]) else { return };
    let (Ok(policy), Ok(root)) = (read(text), json::read(event)) else { return };
    let Some(properties) = judged_properties(&root) else { return };
    let choice = choice(bytes);
    let knowledge = [Knowledge::NoStack, Knowledge::AtHand, Knowledge::Unasked, Knowledge::Unanswered];
    let tags = Tags {
        knowledge: knowledge[choice % knowledge.len()],
        known: [("team", "shop"), ("stage", "")].map(|(key, value)| (key.into(), value.into())).into(),
    };
    // The last day of some exception, or the day after it, tells most.
    let last_days: Vec<_> = policy.exceptions.iter().filter_map(|exception| exception.expires).collect();
    let last_day = last_days.get(choice / 7 % last_days.len().max(1)).copied();
    let is_over = choice / 5 % 2 == 1;
    let today = last_day
        .and_then(|day| if is_over { day.tomorrow().ok() } else { Some(day) })
        .unwrap_or_else(|| "2026-11-25".parse().expect("a day"));

    let judge = |root: &Node<'_>, properties: &Node<'_>| {
        let before = evaluate(properties, &policy);
        let mut after = before.clone();
        let subject = subject(root, &tags);
        let matched = excuse(&mut after, &subject, &policy, today);
        assert!(matched.is_sorted() && matched.iter().all(|position| *position < policy.exceptions.len()));
        assert_eq!(before.outcomes.len(), after.outcomes.len());
        for (before, after) in before.outcomes.iter().zip(&after.outcomes) {
            let covers = |exception: &Exception, about: Option<&About>| {
                exception.rules.contains(&after.rule.name)
                    && exception.expires.is_none_or(|last| today <= last)
                    && is_meant(exception, &subject, &tags, family(properties).as_deref(), about)
            };
            assert_excused(before, after, &policy, covers);
        }
        after
    };
    let report = judge(&root, properties);
    assert_masking(&root, choice / 11, &report, judge);

    let is_denied = |name: &str, verdict: Verdict| {
        let setting = policy.rules.iter().find(|setting| setting.rule.metadata().name == name);
        setting.expect("a rule that is not off").level == Level::Deny
            && (verdict == Verdict::Fail
                || verdict == Verdict::Unknown && policy.unresolved.resource == Level::Deny)
    };
    let outside = Prepared {
        body: Err("nobody asks".into()),
        today,
        stack_tags: match tags.knowledge {
            Knowledge::Unanswered => Err("nobody answers".into()),
            _ => Ok(tags.known.clone()),
        },
    };
    let hook = Hook::new(read(text).map_err(|problems| problems.to_string()));
    let answer = hook.respond(event, &outside);
    assert_well_formed(&answer.response);
    let record = &answer.record;
    if record.target_name == "AWS::ECS::TaskDefinition" && !record.verdicts.is_empty() {
        let is_blocked = answer.response.hook_status == Status::Failed;
        let is_denied = record.verdicts.iter().any(|(name, verdict)| is_denied(name, *verdict));
        assert_eq!(is_blocked, is_denied, "{:?}", record.verdicts);
        assert_keeps_secrets(properties, bytes, &answer.response);
    }
}

fn text<'n>(node: &'n Node<'_>, way: &[&str]) -> Option<&'n str> {
    match &way.iter().try_fold(node, |node, key| node.get(key))?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The family, if it is certain.
fn family(properties: &Node<'_>) -> Option<String> {
    let Value::Mapping(entries) = &properties.value else { return None };
    let is_of_key = |key: &str| key == "Family" || key.starts_with("Fn::");
    let mut of_key = entries.iter().filter(|entry| is_of_key(&entry.key));
    let (entry, None) = (of_key.next()?, of_key.next()) else { return None };
    match &entry.value.value {
        Value::String(text) | Value::Number(text) if entry.key == "Family" => {
            Some(text.to_string()).filter(|text| !text.contains("{{"))
        }
        _ => None,
    }
}

fn subject<'n>(root: &'n Node<'_>, tags: &'n Tags) -> Subject<'n> {
    Subject {
        account: text(root, &["awsAccountId"]),
        stack_name: text(root, &["stackId"]).and_then(|arn| arn.split('/').nth(1)),
        stack_tags: tags.as_known(),
        logical_id: text(root, &["requestData", "targetLogicalId"]),
    }
}

/// Whether everything that an exception wants is so.
fn is_meant(
    exception: &Exception,
    subject: &Subject<'_>,
    tags: &Tags,
    family: Option<&str>,
    about: Option<&About>,
) -> bool {
    exception.matchers.iter().all(|matcher| {
        let text = match &matcher.field {
            Field::Account => subject.account,
            Field::StackName => subject.stack_name,
            Field::StackTag(name) => match tags.knowledge {
                Knowledge::NoStack | Knowledge::Unanswered | Knowledge::Unasked => None,
                Knowledge::AtHand => tags.known.get(name).map(String::as_str),
            },
            Field::LogicalId => subject.logical_id.filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric())),
            Field::Family => family.filter(|family| !family.is_empty()),
            Field::Container => about.and_then(|about| about.container.name.as_deref()),
            Field::Image => match about.and_then(|about| about.identity.as_ref()).map(|about| &about.image) {
                Some(Called::Known(image)) => Some(&**image),
                _ => None,
            },
        };
        text.is_some_and(|text| matcher.patterns.iter().any(|pattern| is_like(&pattern.pattern(), text)))
    })
}

/// Whether a glob takes a text, by what it takes of ever longer beginnings of it.
fn is_like(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for letter in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = match letter {
                '*' => ends[..=end].contains(&true),
                '?' => end > 0 && ends[end - 1],
                _ => end > 0 && ends[end - 1] && text[end - 1] == letter,
            };
        }
        ends = next;
    }
    ends[text.len()]
}

/// Holds what a rule said against what is left of it.
fn assert_excused(
    before: &Outcome,
    after: &Outcome,
    policy: &Policy,
    covers: impl Fn(&Exception, Option<&About>) -> bool,
) {
    let (was, is) = (&before.findings, &after.findings);
    let rule = before.rule.name;
    if was.verdict < Verdict::Unknown {
        let excused = is.kept.iter().filter(|finding| finding.excused.is_some()).count();
        assert_eq!((was.verdict, 0), (is.verdict, excused), "{rule}: there is nothing to excuse");
        return;
    }
    assert_eq!(was.kept.len(), is.kept.len(), "{rule}: what is excused stays visible");
    for (was, is) in was.kept.iter().zip(&is.kept) {
        let about = is.clone().about();
        let about = about.as_ref();
        if let Some(excuse) = &is.excused {
            let exception = &policy.exceptions[excuse.exception - 1];
            assert!(covers(exception, about), "{rule}: {exception:?} excuses {is:?}");
            assert_eq!(excuse.reason, exception.reason);
            assert_one_line(&excuse.reason);
            assert!(is.fix.is_none(), "{rule}: what is allowed is not mended");
        } else {
            let missed = policy.exceptions.iter().find(|exception| covers(exception, about));
            assert!(missed.is_none(), "{rule}: {missed:?} does not excuse {is:?}");
        }
        assert!(is.message.starts_with(was.message.as_ref()), "{rule}: {}", is.message);
        assert_one_line(&is.message);
        let bare = |finding: &Finding| Finding {
            message: "".into(),
            fix: None,
            excused: None,
            undecided_excuse: None,
            ..finding.clone()
        };
        assert_eq!(bare(was), bare(is), "{rule}: an exception changes nothing else");
    }
    assert_eq!(was.further, is.further);
    if is.is_further_excused {
        let is_covered = |about: &Option<About>| {
            policy.exceptions.iter().any(|exception| covers(exception, about.as_ref()))
        };
        assert!(is.further_about.iter().all(is_covered), "{rule}: {:?}", is.further_about);
    }
    let counting = is.kept.iter().filter(|finding| finding.excused.is_none());
    let worst = counting.map(|finding| finding.verdict).max().unwrap_or(Verdict::Excepted);
    let expected = if was.further > 0 && !is.is_further_excused { was.verdict } else { worst };
    assert_eq!(is.verdict, expected, "{rule}: the worst that is not excused");
}

/// Hides one value: what was wrong, and not excused, neither passes nor is excused then.
fn assert_masking(
    root: &Node<'_>,
    choice: usize,
    report: &Report,
    judge: impl Fn(&Node<'_>, &Node<'_>) -> Report,
) {
    let mut masked = root.clone();
    let Some(properties) = judged_properties_mut(&mut masked) else { return };
    let count = places(properties);
    if count == 0 {
        return;
    }
    hide(properties, choice % count);
    let Some(properties) = judged_properties(&masked) else { return };
    let after = judge(&masked, properties);
    for (before, after) in report.outcomes.iter().zip(&after.outcomes) {
        // Where there were more findings than are kept, it is not known of each what it was about.
        if before.findings.verdict == Verdict::Fail && before.findings.further == 0 {
            let is = after.findings.verdict;
            assert!(
                is >= Verdict::Unknown,
                "{} is {} with a value hidden: {}",
                before.rule.name,
                is.as_str(),
                to_json(&masked).unwrap_or_default()
            );
        }
    }
}
