//! Exceptions, applied to what the rules said.
//!
//! Owns which finding an exception covers. Pure: what day it is comes from outside. Must not know the policy's syntax.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::finding::{About, Called, Excuse, Finding, Findings, Identity, UndecidedExcuse, Verdict};
use crate::policy::{Exception, Field, Matcher, Policy};
use crate::report::Report;
use crate::rule::Asked;

/// Whose task definition was judged, as far as that is known. What is not known matches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The account.
    pub account: Option<&'a str>,
    /// The stack's name.
    pub stack_name: Option<&'a str>,
    /// The stack's tags.
    pub stack_tags: StackTags<'a>,
    /// The logical id.
    pub logical_id: Option<&'a str>,
}

/// What is known of the tags of a stack, which may cost a call.
#[derive(Debug, Clone, Copy, Default)]
pub enum StackTags<'a> {
    /// There is no stack, or nobody says which.
    #[default]
    Nowhere,
    /// Nobody was asked.
    Unasked,
    /// They are taken for what excuses most, to see whether it is worth asking.
    Supposed,
    /// These.
    Known(&'a BTreeMap<String, String>),
    /// Why they cannot be had, as a part of a sentence.
    Missing(&'a str),
}

/// What the exceptions of a policy look at where a rule found something.
pub(super) fn asked<'p>(policy: &'p Policy, rule: &str) -> Asked<'p> {
    let mut asked = Asked::default();
    for exception in policy.exceptions.iter().filter(|exception| exception.rules.contains(&rule)) {
        asked.has_exceptions = true;
        for matcher in &exception.matchers {
            let patterns = match matcher.field {
                Field::Family => &mut asked.families,
                Field::Container => &mut asked.containers,
                Field::Image => &mut asked.images,
                Field::Account | Field::StackName | Field::StackTag(_) | Field::LogicalId => continue,
            };
            patterns.extend(&matcher.patterns);
        }
    }
    asked
}

impl<'a> StackTags<'a> {
    /// Why the tags cannot be had, where an exception looks at them.
    pub fn why_missing<'r>(self, reports: impl IntoIterator<Item = &'r Report>) -> Option<&'a str> {
        let Self::Missing(reason) = self else { return None };
        let outcomes = reports.into_iter().flat_map(|report| &report.outcomes);
        let mut findings = outcomes.flat_map(|outcome| &outcome.findings.kept);
        let looks_at_them =
            |finding: &Finding| finding.undecided_excuse == Some(UndecidedExcuse::WithoutTags);
        findings.any(looks_at_them).then_some(reason)
    }
}

/// Whether the tags of a stack could excuse anything.
pub fn looks_at_tags(policy: &Policy, today: impl Fn() -> Date) -> bool {
    policy.exceptions.iter().any(|exception| needs_tags(exception) && !exception.is_expired(today()))
}

/// Takes the weight from findings that the policy excuses, and answers which of its exceptions matched something, or may when
/// more is known, by position. An exception that no longer counts leaves its finding as it is, and says so.
pub fn excuse(report: &mut Report, subject: &Subject<'_>, policy: &Policy, today: Date) -> Vec<usize> {
    let mut matched = Vec::new();
    if policy.exceptions.is_empty() {
        return matched;
    }
    for outcome in &mut report.outcomes {
        if outcome.findings.verdict < Verdict::Unknown {
            continue;
        }
        let of_rule = |(_, exception): &(usize, &Exception)| exception.rules.contains(&outcome.rule.name);
        let mut of_rule: Vec<_> = policy.exceptions.iter().enumerate().filter(of_rule).collect();
        // Where another exception excuses, the tags need not be known.
        of_rule.sort_by_key(|(_, exception)| (exception.is_expired(today), needs_tags(exception)));
        if !of_rule.is_empty() {
            excuse_findings(&mut outcome.findings, &of_rule, (subject, today), &mut matched);
        }
    }
    matched.sort_unstable();
    matched.dedup();
    matched
}

fn excuse_findings(
    findings: &mut Findings,
    exceptions: &[(usize, &Exception)],
    (subject, today): (&Subject<'_>, Date),
    matched: &mut Vec<usize>,
) {
    for finding in &mut findings.kept {
        excuse_finding(finding, exceptions, (subject, today), matched);
    }
    // What was counted and not kept is excused where all that it is about is.
    let found = |exception, about: &About| covers(exception, about.identity.as_deref(), subject);
    let covered = |about: &Option<About>| {
        let about = about.as_ref();
        about.is_some_and(|about| {
            exceptions.iter().any(|(_, exception)| {
                !exception.is_expired(today) && found(exception, about) == Found::Matching
            })
        })
    };
    if findings.further > 0 {
        // Of what nobody can name, nobody can say that an exception is not about it.
        let matching = exceptions.iter().filter(|(_, exception)| {
            let mut about = findings.further_about.iter();
            about.any(|one| one.as_ref().is_none_or(|about| found(exception, about) == Found::Matching))
        });
        matched.extend(matching.map(|(position, _)| *position));
        if findings.further_about.is_empty() || !findings.further_about.iter().all(covered) {
            // Of a container of which some are kept, those tell in which cases it has any.
            let is_kept = |about: &&Option<About>| {
                about.as_ref().is_some_and(|about| {
                    findings.kept.iter().any(|finding| {
                        finding.container.as_ref() == Some(&about.container)
                            && finding.identity == about.identity
                    })
                })
            };
            let mut left = findings.further_about.iter().filter(|about| !covered(about));
            findings.is_certain &= !left.all(|about| is_kept(&about)) || remains_certain(&findings.kept);
            return;
        }
        findings.is_further_excused = true;
    }
    let counting = findings.kept.iter().filter(|finding| finding.excused.is_none());
    findings.verdict = counting.map(|finding| finding.verdict).max().unwrap_or(Verdict::Excepted);
    findings.is_certain &= remains_certain(&findings.kept);
}

/// Whether a violation that no exception takes away, nor may, is there in every case, if one was.
fn remains_certain(findings: &[Finding]) -> bool {
    let may_go = |finding: &Finding| {
        finding.excused.is_some() || finding.undecided_excuse == Some(UndecidedExcuse::Open)
    };
    if !findings.iter().any(may_go) {
        return true;
    }
    // The cases of each that were looked at together, as far as a violation is there.
    let mut covered: Vec<(usize, usize, Vec<u64>)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Fail && !may_go(finding)) {
        let Some(holds_in) = &finding.holds_in else { return true };
        let at = covered.iter().position(|(of, ..)| *of == holds_in.of).unwrap_or_else(|| {
            covered.push((holds_in.of, holds_in.count, vec![0; holds_in.cases.len()]));
            covered.len() - 1
        });
        if let Some((_, _, bits)) = covered.get_mut(at) {
            bits.iter_mut().zip(&holds_in.cases).for_each(|(bits, more)| *bits |= more);
        }
    }
    let count_of = |bits: &[u64]| bits.iter().map(|bits| bits.count_ones() as usize).sum::<usize>();
    covered.iter().any(|(_, count, bits)| count_of(bits) == *count)
}

fn excuse_finding(
    finding: &mut Finding,
    exceptions: &[(usize, &Exception)],
    (subject, today): (&Subject<'_>, Date),
    matched: &mut Vec<usize>,
) {
    let mut expired: Option<(&Exception, &str)> = None;
    let mut is_without_tags = false;
    let mut is_unasked = false;
    let mut is_open = false;
    // The one that lasts longest excuses; the others are of use too, when that one is gone.
    let mut excusing: Option<(usize, &Exception)> = None;
    for (position, exception) in exceptions {
        match (covers(exception, finding.identity.as_deref(), subject), exception.is_expired(today)) {
            (Found::Other, _) => {}
            (Found::WithoutTags, false) => is_without_tags = true,
            (Found::NotAsked, false) => is_unasked = true,
            (Found::WithoutTags | Found::NotAsked, true) => {
                expired = expired.or(Some((exception, " for stacks with certain tags")));
            }
            (Found::Open, is_expired) => {
                matched.push(*position);
                is_open |= !is_expired;
            }
            (Found::Matching, true) => {
                matched.push(*position);
                expired = expired.or(Some((exception, "")));
            }
            (Found::Matching, false) => {
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
    let remark = if is_open {
        finding.undecided_excuse = Some(UndecidedExcuse::Open);
        "an exception may excuse it once what it looks at is known".to_owned()
    } else if is_unasked {
        "not asked whether the stack's tags excuse it".to_owned()
    } else if is_without_tags {
        finding.undecided_excuse = Some(UndecidedExcuse::WithoutTags);
        "an exception by stack tags was not applied".to_owned()
    } else if let Some((Exception { expires: Some(last), reason, .. }, whom)) = expired {
        format!("excused until {last}{whom}, no longer: {}", shortened(reason))
    } else {
        return;
    };
    finding.message = format!("{} ({remark})", finding.message).into();
}

/// How much of a reason is told beside what is wrong, in characters.
const LONGEST_REASON: usize = 120;

fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or(reason)),
        None => reason.to_owned(),
    }
}

fn lasts_longer(one: &Exception, other: &Exception) -> bool {
    match (one.expires, other.expires) {
        (Some(one), Some(other)) => one > other,
        (one, other) => one.is_none() && other.is_some(),
    }
}

fn needs_tags(exception: &Exception) -> bool {
    exception.matchers.iter().any(|matcher| matches!(matcher.field, Field::StackTag(_)))
}

/// Whether all that an exception wants holds, of what a finding is about.
fn covers(exception: &Exception, identity: Option<&Identity>, subject: &Subject<'_>) -> Found {
    let found = exception.matchers.iter().map(|matcher| found(matcher, subject, identity));
    found.max().unwrap_or(Found::Other)
}

/// What a matcher says of a finding; several say the last of these that one of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Matching,
    /// That depends on what is not known yet.
    Open,
    /// That depends on tags which cannot be had.
    WithoutTags,
    NotAsked,
    Other,
}

fn found(matcher: &Matcher, subject: &Subject<'_>, identity: Option<&Identity>) -> Found {
    let called = |called: Option<&Called>| match called {
        Some(Called::Known(text)) => matching(matcher, Some(text)),
        Some(Called::Open(patterns))
            if matcher.patterns.iter().any(|pattern| patterns.contains(&pattern.to_string())) =>
        {
            Found::Open
        }
        _ => Found::Other,
    };
    match &matcher.field {
        Field::Account => matching(matcher, subject.account),
        Field::StackName => matching(matcher, subject.stack_name),
        Field::StackTag(name) => match subject.stack_tags {
            StackTags::Nowhere => Found::Other,
            StackTags::Unasked => Found::NotAsked,
            StackTags::Supposed => Found::Matching,
            StackTags::Known(tags) => matching(matcher, tags.get(name).map(String::as_str)),
            StackTags::Missing(_) => Found::WithoutTags,
        },
        Field::LogicalId => matching(matcher, subject.logical_id.filter(|id| is_logical_id(id))),
        Field::Family => called(identity.map(|identity| &identity.family)),
        Field::Container => called(identity.map(|identity| &identity.container)),
        Field::Image => called(identity.map(|identity| &identity.image)),
    }
}

/// Whether it is one, and not what a loop calls a resource whose name is not known
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>).
fn is_logical_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn matching(matcher: &Matcher, text: Option<&str>) -> Found {
    if text.is_some_and(|text| matcher.matches(text)) { Found::Matching } else { Found::Other }
}
