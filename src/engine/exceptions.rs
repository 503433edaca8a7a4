//! Exceptions, applied to what the rules said.
//!
//! Owns which finding an exception covers. Pure: what day it is comes from outside. Must not know the policy's syntax.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::finding::{Container, Excuse, Finding, Verdict};
use crate::policy::{Exception, Field, Matcher, Policy};
use crate::report::{Outcome, Report};

/// Whose task definition was judged, as far as that is known. What is not known matches nothing.
#[derive(Clone, Default)]
pub struct Subject<'a> {
    /// The account.
    pub account: Option<&'a str>,
    /// The stack's name.
    pub stack_name: Option<&'a str>,
    /// The stack's tags; nothing where there is no stack.
    pub stack_tags: Option<&'a dyn StackTags>,
    /// The logical id.
    pub logical_id: Option<&'a str>,
    /// The family, if that is a string that is known.
    pub family: Option<&'a str>,
}

/// The tags of a stack, which may cost a call: they are asked for only where the verdict depends on nothing else.
pub trait StackTags {
    /// The tags, or why they cannot be had, as a part of a sentence; `None` where having them would cost a call and
    /// `may_ask` does not allow one. Asked again, it answers the same.
    fn tags(&self, may_ask: bool) -> Option<Result<&BTreeMap<String, String>, &str>>;
}

impl StackTags for BTreeMap<String, String> {
    fn tags(&self, _: bool) -> Option<Result<&BTreeMap<String, String>, &str>> {
        Some(Ok(self))
    }
}

/// Takes the weight from findings that the policy excuses, and answers which of its exceptions matched something, by
/// position. An exception that no longer counts leaves its finding as it is, and says so. Tags that cost a call are
/// asked for only where an outcome `blocks` without them.
pub fn excuse(
    report: &mut Report,
    subject: &Subject<'_>,
    policy: &Policy,
    today: Date,
    blocks: impl Fn(&Outcome) -> bool,
) -> Vec<usize> {
    let mut matched = Vec::new();
    if policy.exceptions.is_empty() {
        return matched;
    }
    let mut apply = |outcome: &mut Outcome, pass: &Pass<'_>| {
        let of_rule = |(_, exception): &(usize, &Exception)| exception.rules.contains(&outcome.rule.name);
        let mut of_rule: Vec<_> = policy.exceptions.iter().enumerate().filter(of_rule).collect();
        // Where another exception excuses, the tags need not be known.
        of_rule.sort_by_key(|(_, exception)| (exception.is_expired(today), needs_tags(exception)));
        if !of_rule.is_empty() && outcome.findings.verdict >= Verdict::Unknown {
            excuse_outcome(outcome, &of_rule, pass, &mut matched);
        }
    };
    let first = Pass { subject, today, may_ask: false, is_last: false };
    for outcome in &mut report.outcomes {
        apply(outcome, &first);
    }
    let (blocking, others): (Vec<_>, Vec<_>) =
        report.outcomes.iter_mut().partition(|outcome| blocks(outcome));
    for outcome in blocking {
        apply(outcome, &Pass { may_ask: true, is_last: true, ..first });
    }
    for outcome in others {
        apply(outcome, &Pass { is_last: true, ..first });
    }
    matched.sort_unstable();
    matched.dedup();
    matched
}

/// One of the times that exceptions are held against findings.
#[derive(Clone, Copy)]
struct Pass<'a> {
    subject: &'a Subject<'a>,
    today: Date,
    /// Whether tags may cost a call.
    may_ask: bool,
    /// Whether to say what was not applied, and why.
    is_last: bool,
}

fn excuse_outcome(
    outcome: &mut Outcome,
    exceptions: &[(usize, &Exception)],
    pass: &Pass<'_>,
    matched: &mut Vec<usize>,
) {
    let findings = &mut outcome.findings;
    for finding in findings.kept.iter_mut().filter(|finding| finding.excused.is_none()) {
        excuse_finding(finding, exceptions, pass, matched);
    }
    // What was counted and not kept is excused where all that it is about is.
    let covered = |about: &Option<Container>| {
        exceptions.iter().any(|(_, exception)| {
            !exception.is_expired(pass.today) && covers(exception, about.as_ref(), pass) == Found::Matching
        })
    };
    if findings.further > 0 {
        // Of what nobody can name, nobody can say that an exception is not about it.
        let matching = exceptions.iter().filter(|(_, exception)| {
            let mut about = findings.further_about.iter();
            about.any(|one| one.is_none() || covers(exception, one.as_ref(), pass) == Found::Matching)
        });
        matched.extend(matching.map(|(position, _)| *position));
        if findings.further_about.is_empty() || !findings.further_about.iter().all(covered) {
            return;
        }
        findings.is_further_excused = true;
    }
    let counting = findings.kept.iter().filter(|finding| finding.excused.is_none());
    findings.verdict = counting.clone().map(|finding| finding.verdict).max().unwrap_or(Verdict::Excepted);
    findings.is_certain &= counting.clone().count() == findings.kept.len()
        || counting.clone().any(|finding| finding.verdict == Verdict::Fail && finding.case.is_none());
}

fn excuse_finding(
    finding: &mut Finding,
    exceptions: &[(usize, &Exception)],
    pass: &Pass<'_>,
    matched: &mut Vec<usize>,
) {
    let mut expired: Option<(&Exception, &str)> = None;
    let mut without_tags: Option<&str> = None;
    let mut is_unasked = false;
    // The one that lasts longest excuses; the others are of use too, when that one is gone.
    let mut excusing: Option<(usize, &Exception)> = None;
    for (position, exception) in exceptions {
        match covers(exception, finding.container.as_ref(), pass) {
            Found::Other => {}
            Found::Unknown(reason) => without_tags = Some(reason),
            Found::NotAsked if !exception.is_expired(pass.today) => is_unasked = true,
            Found::NotAsked => expired = expired.or(Some((exception, " for stacks with certain tags"))),
            Found::Matching if exception.is_expired(pass.today) => {
                matched.push(*position);
                expired = expired.or(Some((exception, "")));
            }
            Found::Matching => {
                matched.push(*position);
                if excusing.is_none_or(|(_, known)| lasts_longer(exception, known)) {
                    excusing = Some((*position, exception));
                }
            }
        }
    }
    if let Some((position, exception)) = excusing {
        // What is allowed is not mended.
        finding.fix = None;
        finding.excused = Some(Excuse {
            reason: exception.reason.clone(),
            owner: exception.owner.clone(),
            expires: exception.expires.map(|date| date.to_string()),
            exception: position + 1,
        });
        return;
    }
    if !pass.is_last {
        return;
    }
    if is_unasked {
        finding.message =
            format!("{} (not asked whether the stack's tags excuse it)", finding.message).into();
    } else if let Some(reason) = without_tags {
        finding.message =
            format!("{} (an exception by stack tags was not applied: {reason})", finding.message).into();
    } else if let Some((Exception { expires: Some(last), reason, .. }, whom)) = expired {
        finding.message =
            format!("{} (excused until {last}{whom}, no longer: {reason})", finding.message).into();
    }
}

fn lasts_longer(one: &Exception, other: &Exception) -> bool {
    match (one.expires, other.expires) {
        (Some(one), Some(other)) => one > other,
        (one, other) => one.is_none() && other.is_some(),
    }
}

fn is_about_tags(matcher: &Matcher) -> bool {
    matches!(matcher.field, Field::StackTag(_))
}

fn needs_tags(exception: &Exception) -> bool {
    exception.matchers.iter().any(is_about_tags)
}

/// Whether all that an exception wants holds. The stack's tags are looked at last, because they may cost a call, which
/// one that has expired is not worth.
fn covers<'a>(exception: &Exception, container: Option<&Container>, pass: &Pass<'a>) -> Found<'a> {
    let may_ask = pass.may_ask && !exception.is_expired(pass.today);
    let (last, first): (Vec<_>, Vec<_>) =
        exception.matchers.iter().partition(|matcher| is_about_tags(matcher));
    for matcher in first.into_iter().chain(last) {
        match found(matcher, pass.subject, container, may_ask) {
            Found::Matching => {}
            other => return other,
        }
    }
    Found::Matching
}

/// What a matcher says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found<'a> {
    Matching,
    Other,
    Unknown(&'a str),
    NotAsked,
}

fn found<'a>(
    matcher: &Matcher,
    subject: &Subject<'a>,
    container: Option<&Container>,
    may_ask: bool,
) -> Found<'a> {
    let text = match &matcher.field {
        Field::Account => subject.account,
        Field::StackName => subject.stack_name,
        Field::StackTag(name) => {
            let Some(tags) = subject.stack_tags else { return Found::Other };
            match tags.tags(may_ask) {
                Some(Ok(tags)) => tags.get(name).map(String::as_str),
                Some(Err(reason)) => return Found::Unknown(reason),
                None => return Found::NotAsked,
            }
        }
        Field::LogicalId => subject.logical_id,
        Field::Family => subject.family,
        Field::Container => container.and_then(|container| container.name.as_deref()),
        Field::Image => container.and_then(|container| container.image.as_deref()),
    };
    match text {
        Some(text) if matcher.matches(text) => Found::Matching,
        _ => Found::Other,
    }
}
