//! The words of an answer.
//!
//! Owns how a report reads in a stack event, in a deployment tool and in an annotation, and the lengths these
//! places have. Must not know the event or how the report came about.

use std::borrow::Cow;
use std::fmt::Write;

use super::response::{Annotation, AnnotationStatus, Response};
use crate::finding::{Container, Finding, Outcome, Report, Verdict};
use crate::policy::{Level, Policy};

/// A stack event shows 1,024 characters of a hook's message, its own prefix included
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>).
const LONGEST_MESSAGE: usize = 900;

/// The AWS CDK prints 400 characters of each of an annotation's texts.
const LONGEST_ANNOTATION: usize = 400;

/// How many containers with one and the same finding are named.
const NAMED_CONTAINERS: usize = 3;

/// The answer to an event whose task definition was judged.
pub(super) fn answer(token: &str, subject: &str, report: &Report, policy: &Policy) -> Response {
    let denies_unknown = policy.unresolved.resource == Level::Deny;
    let is_reported = |outcome: &&Outcome| outcome.verdict >= Verdict::Unknown;
    let blocks = |outcome: &&Outcome| {
        outcome.level == Level::Deny
            && (outcome.verdict == Verdict::Fail || outcome.verdict == Verdict::Unknown && denies_unknown)
    };
    let annotations = annotations(report, policy, denies_unknown);
    let blocking: Vec<_> = report.outcomes.iter().filter(blocks).collect();
    if !blocking.is_empty() {
        let opening = format!("{subject} is blocked by {}.", counted(blocking.len(), "rule"));
        return Response::non_compliant(token, told(&opening, &blocking, report), annotations);
    }
    let reported: Vec<_> = report.outcomes.iter().filter(is_reported).collect();
    let opening = if !reported.is_empty() {
        format!("warning: {subject} is let through, but not by {}.", counted(reported.len(), "rule"))
    } else if report.outcomes.is_empty() {
        format!("warning: {subject} was not judged: the policy turns every rule off.")
    } else {
        let not_applicable =
            report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::NotApplicable).count();
        let passed = report.outcomes.len() - not_applicable;
        match (passed, not_applicable) {
            (0, _) => format!("{subject} has nothing to judge: no rule applies."),
            (_, 0) => format!("{subject} complies with {}.", counted(passed, "rule")),
            _ => format!(
                "{subject} complies with {}; {not_applicable} not applicable.",
                counted(passed, "rule")
            ),
        }
    };
    Response::success(token, told(&opening, &reported, report), annotations)
}

/// The message: the decisive sentence, then what was found and what to write instead, as much as fits.
fn told(opening: &str, outcomes: &[&Outcome], report: &Report) -> String {
    let mut sentences = Vec::new();
    for outcome in outcomes {
        for (place, group) in groups(&outcome.findings).iter().enumerate() {
            sentences
                .push((place, format!("[{}] {} {}", outcome.rule.name, group.found(), group.remediation)));
        }
    }
    // Every rule has its first say before any has its second, in case not all fits.
    sentences.sort_by_key(|(place, _)| *place);
    let mut sentences: Vec<_> = sentences.into_iter().map(|(_, sentence)| sentence).collect();
    if !report.duplicate_keys.is_empty() {
        let keys: Vec<_> = report.duplicate_keys.iter().map(|key| format!("`{key}`")).collect();
        sentences.push(format!(
            "Note: {} is written twice in one place; every value was judged.",
            keys.join(", ")
        ));
    }
    fitted(opening, &sentences, LONGEST_MESSAGE)
}

fn annotations(report: &Report, policy: &Policy, denies_unknown: bool) -> Vec<Annotation> {
    let mut annotations: Vec<_> =
        report.outcomes.iter().map(|outcome| annotation(outcome, policy, denies_unknown)).collect();
    annotations.sort_by_key(|annotation| annotation.status);
    annotations
}

fn annotation(outcome: &Outcome, policy: &Policy, denies_unknown: bool) -> Annotation {
    let annotation_name = outcome.rule.name;
    let status = match outcome.verdict {
        Verdict::Fail => AnnotationStatus::Failed,
        Verdict::Unknown if denies_unknown => AnnotationStatus::Failed,
        Verdict::Unknown | Verdict::NotApplicable => AnnotationStatus::Skipped,
        Verdict::Pass => AnnotationStatus::Passed,
    };
    if outcome.findings.is_empty() {
        let status_message = match outcome.not_applicable_because {
            Some(because) => Cow::Owned(format!("Not applicable because {because}.")),
            None => Cow::Borrowed("Complies."),
        };
        let (remediation_message, remediation_link, severity_level) = (None, None, None);
        return Annotation {
            annotation_name,
            status,
            status_message,
            remediation_message,
            remediation_link,
            severity_level,
        };
    }
    let told = groups(&outcome.findings);
    let found: Vec<_> = told.iter().map(Group::found).collect();
    let why = if outcome.verdict == Verdict::Unknown { "Not known yet.".into() } else { outcome.rule.why() };
    let link = policy.documentation_link(annotation_name);
    let mut remediations: Vec<&str> = Vec::new();
    for group in &told {
        if !remediations.contains(&group.remediation) {
            remediations.push(group.remediation);
        }
    }
    let see = link.as_ref().map(|link| format!(" See {link}")).unwrap_or_default();
    let (first, others) =
        remediations.split_first().map_or(("", &[][..]), |(first, others)| (*first, others));
    let others: Vec<_> = others.iter().map(|other| (*other).to_owned()).collect();
    let remediation = fitted(first, &others, LONGEST_ANNOTATION - see.len()) + &see;
    Annotation {
        annotation_name,
        status,
        status_message: status_text(&found, &why).into(),
        remediation_message: Some(remediation),
        remediation_link: link,
        severity_level: Some(outcome.rule.severity.as_str()),
    }
}

/// What was found, and why that is bad where there is room for it.
fn status_text(found: &[String], why: &str) -> String {
    let (first, others) =
        found.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    let mut text = fitted(first, others, LONGEST_ANNOTATION);
    if text.len() + 1 + why.len() <= LONGEST_ANNOTATION {
        let _ = write!(text, " {why}");
    }
    text
}

/// Findings of one rule that are said in one sentence: all that calls for one remediation in one container, and
/// then all containers of which the same is to be said.
struct Group<'a> {
    containers: Vec<&'a Container>,
    messages: Vec<&'a str>,
    remediation: &'a str,
}

fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    // Failures first: what is merely undecided next to them can wait.
    let ordered = [Verdict::Fail, Verdict::Unknown].into_iter();
    let ordered =
        ordered.flat_map(|verdict| findings.iter().filter(move |finding| finding.verdict == verdict));
    let mut of_one_container: Vec<Group<'_>> = Vec::new();
    for finding in ordered {
        let containers: Vec<_> = finding.container.iter().collect();
        let (message, remediation) = (finding.message.as_str(), finding.remediation.as_ref());
        let same =
            |group: &&mut Group<'_>| group.containers == containers && group.remediation == remediation;
        match of_one_container.iter_mut().find(same) {
            Some(group) => group.messages.push(message),
            None => of_one_container.push(Group { containers, messages: vec![message], remediation }),
        }
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for group in of_one_container {
        let same = |other: &&mut Group<'_>| {
            other.messages == group.messages && other.remediation == group.remediation
        };
        match groups.iter_mut().find(same) {
            Some(other) => other.containers.extend(group.containers),
            None => groups.push(group),
        }
    }
    groups
}

impl Group<'_> {
    /// "container `api`: `Privileged` is true."
    fn found(&self) -> String {
        let message = self.messages.join(", and ");
        let message = if message.ends_with('?') { message } else { message + "." };
        let (named, rest) = self.containers.split_at(self.containers.len().min(NAMED_CONTAINERS));
        let listed = named.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (named.len(), rest.len()) {
            (0, _) => message,
            (1, _) => format!("container {listed}: {message}"),
            (_, 0) => format!("containers {listed}: {message}"),
            (_, more) => format!("containers {listed} and {more} more: {message}"),
        }
    }
}

/// One line of at most `longest` bytes: an opening and the sentences that fit, whole, with a count of the others.
fn fitted(opening: &str, sentences: &[String], longest: usize) -> String {
    const ROOM_FOR_COUNT: usize = " And 100000 more.".len();
    let mut line = cut(opening, longest - ROOM_FOR_COUNT);
    let mut left_out = 0;
    for (index, sentence) in sentences.iter().enumerate() {
        let is_last_of_all = left_out == 0 && index + 1 == sentences.len();
        let room = if is_last_of_all { longest } else { longest - ROOM_FOR_COUNT };
        if line.len() + 1 + sentence.len() > room {
            left_out += 1;
        } else {
            let _ = write!(line, " {sentence}");
        }
    }
    if left_out > 0 {
        let _ = write!(line, " And {left_out} more.");
    }
    line
}

/// A message of our own that may be too long, on one line.
pub(super) fn fit(message: &str) -> String {
    fitted(&message.replace(['\n', '\r'], " "), &[], LONGEST_MESSAGE)
}

fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(longest - '…'.len_utf8());
    format!("{}…", &text[..end])
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
