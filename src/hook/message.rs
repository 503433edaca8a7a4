//! The words of an answer.
//!
//! Owns how a report reads in a stack event, in a deployment tool and in an annotation, and the lengths these
//! places have. Must not know the event or how the report came about.

use std::borrow::Cow;
use std::fmt::Write;

use super::response::{Annotation, AnnotationStatus, Response, WARNING_ONLY};
use super::stack::{Judged, Task};
use crate::finding::{Container, Excuse, Finding, Findings, Verdict, quote};
use crate::policy::{Level, Policy};
use crate::report::{Outcome, Report};

/// A stack event shows 1,024 characters of a hook's message, its own prefix included
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html>).
const LONGEST_MESSAGE: usize = 900;

/// The AWS CDK prints 400 characters of each of an annotation's texts.
const LONGEST_ANNOTATION: usize = 400;

/// How many containers with one and the same finding are named.
const NAMED_CONTAINERS: usize = 3;

/// How many rules are named when not all that they say fits.
const NAMED_RULES: usize = 6;

/// Whether a rule with this verdict stops what is judged.
pub(super) fn blocks(level: Level, verdict: Verdict, denies_unknown: bool) -> bool {
    level == Level::Deny && (verdict == Verdict::Fail || verdict == Verdict::Unknown && denies_unknown)
}

/// The answer to an event whose task definition was judged.
pub(super) fn answer(
    token: &str,
    subject: &str,
    report: &Report,
    without_tags: Option<&str>,
    policy: &Policy,
) -> Response {
    let denies_unknown = policy.unresolved.resource == Level::Deny;
    let told: Vec<_> = report.outcomes.iter().map(Told::of).collect();
    let is_blocking =
        |told: &&Told<'_>| blocks(told.outcome.level, told.outcome.findings.verdict, denies_unknown);
    let mut annotations: Vec<_> =
        told.iter().map(|told| annotation(told, policy, denies_unknown, is_blocking(&told))).collect();
    annotations.sort_by_key(|annotation| annotation.status);
    let without_tags = without_tags.map(not_applied).unwrap_or_default();
    let blocking: Vec<_> = told.iter().filter(is_blocking).collect();
    if !blocking.is_empty() {
        let opening = format!("{subject} is blocked by {}.{without_tags}", counted(blocking.len(), "rule"));
        return Response::non_compliant(
            token,
            message(&opening, &blocking, &report.duplicate_keys),
            annotations,
        );
    }
    let reported: Vec<_> =
        told.iter().filter(|told| told.outcome.findings.verdict >= Verdict::Unknown).collect();
    let opening = if reported.is_empty() {
        all_well(subject, report)
    } else {
        format!(
            "warning: {subject} is let through, but not by {}.{without_tags}",
            counted(reported.len(), "rule")
        )
    };
    Response::success(token, message(&opening, &reported, &report.duplicate_keys), annotations)
}

/// Said once, and first: each finding that it is about says no more than that.
fn not_applied(reason: &str) -> String {
    format!(" An exception by stack tags was not applied: {reason}.")
}

/// Why what nobody can see blocks.
const DENIES_HIDDEN: &str = "The policy denies what cannot be seen yet (`unresolved.stack`): write the resources into the \
    template itself.";

/// The answer to an event about a stack or a change set.
pub(super) fn answer_of_stack(token: &str, judged: &Judged, policy: &Policy) -> Response {
    let Judged { tasks, hidden, without_parameters, without_tags, .. } = judged;
    let mut because =
        hidden.as_ref().map(|because| format!(" Not all was seen, because {because}.")).unwrap_or_default();
    if let Some(reason) = without_parameters {
        let _ = write!(because, " The values of parameters are not known, because {reason}.");
    }
    if let Some(reason) = without_tags {
        because += &not_applied(reason);
    }
    let denies_unknown = policy.unresolved.stack == Level::Deny;
    if tasks.is_empty() {
        return match hidden {
            Some(because) if denies_unknown => {
                let message = format!("No task definition was judged, because {because}. {DENIES_HIDDEN}");
                Response::non_compliant(token, message, Vec::new())
            }
            Some(because) => {
                let message = format!("warning: no task definition was judged, because {because}.");
                Response::success(token, message, Vec::new())
            }
            None => {
                let message = "Nothing to judge: no task definition is created or updated.".to_owned();
                Response::success(token, message, Vec::new())
            }
        };
    }
    let blocks = |task: &Task, outcome: &Outcome| {
        task.is_in_scope && blocks(outcome.level, outcome.findings.verdict, denies_unknown)
    };
    let is_reported = |task: &Task, outcome: &Outcome| {
        outcome.findings.verdict >= Verdict::Unknown && !blocks(task, outcome)
    };
    let blocking = merged(tasks, blocks);
    let reported = merged(tasks, is_reported);
    let mut duplicate_keys: Vec<&str> = Vec::new();
    for key in tasks.iter().flat_map(|task| &task.judged.report.duplicate_keys) {
        if !duplicate_keys.contains(key) {
            duplicate_keys.push(key);
        }
    }
    let all = merged(tasks, |_, _| true);
    let is_blocked_by = |outcome: &Outcome| blocking.iter().any(|other| other.rule.name == outcome.rule.name);
    let mut annotations: Vec<_> = all
        .iter()
        .map(|outcome| annotation(&Told::of(outcome), policy, denies_unknown, is_blocked_by(outcome)))
        .collect();
    annotations.sort_by_key(|annotation| annotation.status);
    let named = |chosen: &dyn Fn(&Task, &Outcome) -> bool| {
        let is_chosen =
            |task: &&Task| task.judged.report.outcomes.iter().any(|outcome| chosen(task, outcome));
        subjects(tasks.iter().filter(is_chosen))
    };
    let told: Vec<_> = if blocking.is_empty() { &reported } else { &blocking }.iter().map(Told::of).collect();
    let told: Vec<_> = told.iter().collect();
    if !blocking.is_empty() {
        let opening = format!("{} blocked by {}.{because}", named(&blocks), counted(blocking.len(), "rule"));
        return Response::non_compliant(token, message(&opening, &told, &duplicate_keys), annotations);
    }
    if denies_unknown && let Some(because) = hidden {
        let opening = format!("Not all was seen, because {because}. {DENIES_HIDDEN}");
        return Response::non_compliant(token, message(&opening, &told, &duplicate_keys), annotations);
    }
    let opening = if reported.is_empty() {
        let report = Report { outcomes: all, duplicate_keys: Vec::new(), has_too_many_cases: false };
        let opening = match tasks.as_slice() {
            [only] => all_well(&quote(&only.judged.name), &report),
            several => all_well(&format!("Each of {}", counted(several.len(), "task definition")), &report),
        };
        if because.is_empty() { opening } else { format!("warning: {opening}{because}") }
    } else {
        let is_open = reported.iter().any(|outcome| outcome.findings.verdict == Verdict::Unknown);
        let again = if is_open { " What is open is judged once its value is known." } else { "" };
        format!(
            "warning: {} let through, but not by {}.{again}{because}",
            named(&is_reported),
            counted(reported.len(), "rule")
        )
    };
    Response::success(token, message(&opening, &told, &duplicate_keys), annotations)
}

/// How many findings of one rule are put into words.
const TOLD_FINDINGS: usize = 100;

/// What each rule says of all task definitions together: the chosen outcomes, each finding with its task definition's
/// name.
fn merged(tasks: &[Task], is_chosen: impl Fn(&Task, &Outcome) -> bool) -> Vec<Outcome> {
    // Each with how many of its findings are neither kept nor count.
    let mut merged: Vec<(Outcome, usize)> = Vec::new();
    for task in tasks {
        let name = &task.judged.name;
        for outcome in task.judged.report.outcomes.iter().filter(|outcome| is_chosen(task, outcome)) {
            let is_of_rule = |(other, _): &(Outcome, usize)| other.rule.name == outcome.rule.name;
            let at = merged.iter().position(is_of_rule).unwrap_or(merged.len());
            if at == merged.len() {
                let findings = Findings::nothing();
                merged.push((Outcome { rule: outcome.rule, level: outcome.level, findings }, 0));
            }
            let Some((all, excused)) = merged.get_mut(at) else { continue };
            let (of_all, of_task) = (&mut all.findings, &outcome.findings);
            of_all.verdict = of_all.verdict.max(of_task.verdict);
            of_all.not_applicable_because = of_all.not_applicable_because.or(of_task.not_applicable_because);
            *if of_task.is_further_excused { excused } else { &mut of_all.further } += of_task.further;
            // What is excused must not take the room of what counts.
            for is_excused in [false, true] {
                let is_such = |finding: &&Finding| finding.excused.is_some() == is_excused;
                let room = TOLD_FINDINGS.saturating_sub(of_all.kept.iter().filter(is_such).count());
                let such = of_task.kept.iter().filter(is_such);
                of_all.further += if is_excused { 0 } else { such.clone().count().saturating_sub(room) };
                of_all.kept.extend(such.take(room).map(|finding| of(name, task, finding)));
            }
        }
    }
    let finished = |(mut outcome, excused): (Outcome, usize)| {
        let findings = &mut outcome.findings;
        if findings.verdict == Verdict::Excepted {
            findings.further += excused;
        }
        if findings.verdict != Verdict::NotApplicable {
            findings.not_applicable_because = None;
        }
        outcome
    };
    merged.into_iter().map(finished).collect()
}

/// A finding that says whose it is.
fn of(name: &str, task: &Task, finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    match &mut finding.container {
        Some(container) => container.task_definition = Some(name.to_owned()),
        None => finding.message = format!("{}: {}", quote(name), finding.message).into(),
    }
    if !task.is_in_scope {
        finding.message = format!("{} (unchanged, so not blocking)", finding.message).into();
    }
    finding
}

/// "`Web` is", "`Web` and `Worker` are", "`Web` and 4 more are".
fn subjects<'t>(tasks: impl Iterator<Item = &'t Task>) -> String {
    let mut names: Vec<_> = tasks.map(|task| quote(&task.judged.name)).collect();
    names.dedup();
    match names.as_slice() {
        [] => "Nothing is".to_owned(),
        [only] => format!("{only} is"),
        [one, other] => format!("{one} and {other} are"),
        [first, others @ ..] => format!("{first} and {} more are", others.len()),
    }
}

fn all_well(subject: &str, report: &Report) -> String {
    let count = |is_meant: fn(Verdict) -> bool| {
        report.outcomes.iter().filter(|outcome| is_meant(outcome.findings.verdict)).count()
    };
    let passed = count(|verdict| verdict == Verdict::Pass);
    let mut others = Vec::new();
    for (number, words) in [
        (count(|verdict| verdict == Verdict::NotApplicable), "not applicable"),
        (count(|verdict| verdict == Verdict::Excepted), "excepted"),
    ] {
        if number > 0 {
            others.push(format!("{number} {words}"));
        }
    }
    match (passed, others.as_slice()) {
        (0, []) => format!("warning: {subject} was not judged: the policy turns every rule off."),
        (0, [only]) if only.ends_with("applicable") => {
            format!("{subject} has nothing to judge: no rule applies.")
        }
        (0, others) => format!("{subject} complies with no rule; {}.", others.join(", ")),
        (_, []) => format!("{subject} complies with {}.", counted(passed, "rule")),
        (_, others) => format!("{subject} complies with {}; {}.", counted(passed, "rule"), others.join(", ")),
    }
}

/// What a rule found, put into sentences, each with what to write instead.
struct Told<'a> {
    outcome: &'a Outcome,
    sentences: Vec<(String, &'a str)>,
}

impl<'a> Told<'a> {
    /// What counts; where nothing does, what is excused.
    fn of(outcome: &'a Outcome) -> Self {
        let is_excepted = outcome.findings.verdict == Verdict::Excepted;
        let kept = outcome.findings.kept.iter();
        let told: Vec<&Finding> = kept.filter(|finding| is_excepted || finding.excused.is_none()).collect();
        let is_reported = outcome.findings.verdict >= Verdict::Unknown;
        let sentences = match told.as_slice() {
            // All that is kept is excused, and what is not kept counts.
            [] if is_reported => vec![(
                "What was found beyond what is listed is not excused.".to_owned(),
                outcome.rule.remediation,
            )],
            [Finding { container: Some(container), message, remediation, .. }] => {
                vec![(found(&[container], &[message]), remediation.as_ref())]
            }
            told => groups(told)
                .iter()
                .map(|group| (found(&group.containers, &group.messages), group.remediation))
                .collect(),
        };
        Self { outcome, sentences }
    }
}

/// The message: the decisive sentence, then what was found and what to write instead, as much as fits. When not all
/// fits, the decisive sentence names the rules.
fn message(opening: &str, told: &[&Told<'_>], duplicate_keys: &[&str]) -> String {
    let all = line(opening, told, duplicate_keys);
    if all.left_out == 0 || told.len() < 2 {
        return all.finish();
    }
    let names =
        told.iter().take(NAMED_RULES).map(|told| told.outcome.rule.name).collect::<Vec<_>>().join(", ");
    let others = if told.len() > NAMED_RULES { ", …" } else { "" };
    line(&format!("{} ({names}{others}).", opening.trim_end_matches('.')), told, duplicate_keys).finish()
}

fn line(opening: &str, told: &[&Told<'_>], duplicate_keys: &[&str]) -> Line {
    let mut line = Line::new(opening, LONGEST_MESSAGE);
    if !duplicate_keys.is_empty() {
        let keys = duplicate_keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        line.add(&["Note: ", &keys, " is written twice in one place."]);
    }
    // Every rule has its first say before any has its second, in case not all fits.
    let rounds = told.iter().map(|told| told.sentences.len()).max().unwrap_or_default();
    for round in 0..rounds {
        for Told { outcome, sentences } in told {
            if let Some((found, remediation)) = sentences.get(round) {
                line.add(&["[", outcome.rule.name, "] ", found, " ", remediation]);
            }
        }
    }
    line.left_out += told.iter().map(|told| further(told.outcome)).sum::<usize>();
    line
}

/// How many findings that are not kept belong to what is told.
fn further(outcome: &Outcome) -> usize {
    let Findings { further, is_further_excused, verdict, .. } = outcome.findings;
    if is_further_excused && verdict != Verdict::Excepted { 0 } else { further }
}

fn annotation(told: &Told<'_>, policy: &Policy, denies_unknown: bool, is_blocking: bool) -> Annotation {
    let Told { outcome, sentences } = told;
    let annotation_name = outcome.rule.name;
    let status = match outcome.findings.verdict {
        Verdict::Fail => AnnotationStatus::Failed,
        Verdict::Unknown if denies_unknown => AnnotationStatus::Failed,
        Verdict::Unknown | Verdict::Excepted | Verdict::NotApplicable => AnnotationStatus::Skipped,
        Verdict::Pass => AnnotationStatus::Passed,
    };
    let Some(((found, remediation), others)) = sentences.split_first() else {
        let status_message = match outcome.findings.not_applicable_because {
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
    };
    let severities = outcome.findings.kept.iter().map(|finding| finding.severity);
    let worst = severities.max().unwrap_or(outcome.rule.severity);
    let excuse = outcome.findings.kept.iter().find_map(|finding| finding.excused.as_ref());
    let excuse = excuse.filter(|_| outcome.findings.verdict == Verdict::Excepted);
    let opening = match excuse {
        Some(excuse) => {
            Cow::Owned(format!("Excepted{}: {}. Otherwise {found}", until(excuse), excuse.reason))
        }
        None if status == AnnotationStatus::Failed && !is_blocking => {
            Cow::Owned(format!("{WARNING_ONLY}{found}"))
        }
        None => Cow::Borrowed(found.as_str()),
    };
    let mut status_message = Line::new(&opening, LONGEST_ANNOTATION);
    let remediation_link = policy.documentation_link(annotation_name);
    let see = remediation_link.as_ref().map(|link| format!(" See {link}")).unwrap_or_default();
    let mut remediation_message = Line::new(remediation, LONGEST_ANNOTATION - see.len());
    let mut seen = vec![*remediation];
    for (found, remediation) in others {
        status_message.add(&[found]);
        if !seen.contains(remediation) {
            seen.push(remediation);
            remediation_message.add(&[remediation]);
        }
    }
    status_message.left_out += further(outcome);
    if outcome.findings.verdict >= Verdict::Unknown {
        for group in excused(&outcome.findings.kept) {
            if !status_message.add_if_it_fits(&[&group]) {
                status_message.add(&["Others are excepted."]);
                break;
            }
        }
    }
    if status_message.left_out == 0 && outcome.findings.verdict == Verdict::Fail {
        status_message.add_if_it_fits(&[outcome.rule.why]);
    }
    Annotation {
        annotation_name,
        status,
        status_message: status_message.finish().into(),
        remediation_message: Some(remediation_message.finish() + &see),
        remediation_link,
        severity_level: Some(worst.as_str()),
    }
}

/// What is excused beside what counts: "Excepted until 2027-03-31: container `agent` (being rebuilt)." for each exception.
fn excused(findings: &[Finding]) -> Vec<String> {
    let mut groups: Vec<(&Excuse, Vec<&Container>)> = Vec::new();
    for finding in findings {
        let Some(excuse) = &finding.excused else { continue };
        let at = groups.iter().position(|(other, _)| other.exception == excuse.exception);
        let at = at.unwrap_or_else(|| {
            groups.push((excuse, Vec::new()));
            groups.len() - 1
        });
        let Some((_, containers)) = groups.get_mut(at) else { continue };
        containers
            .extend(finding.container.iter().filter(|one| !containers.contains(one)).collect::<Vec<_>>());
    }
    let say = |(excuse, containers): &(&Excuse, Vec<&Container>)| {
        let whom = if containers.is_empty() { "the task definition".to_owned() } else { named(containers) };
        format!("Excepted{}: {whom} ({}).", until(excuse), excuse.reason)
    };
    groups.iter().map(say).collect()
}

/// " until 2027-03-31 (owner)", as far as that is said.
fn until(excuse: &Excuse) -> String {
    let last = excuse.expires.as_ref().map(|last| format!(" until {last}")).unwrap_or_default();
    let owner = excuse.owner.as_ref().map(|owner| format!(" (ask {owner})")).unwrap_or_default();
    last + &owner
}

/// Findings of one rule that are said in one sentence: all that calls for one remediation in one container, and
/// then all containers of which the same is to be said.
struct Group<'a> {
    containers: Vec<&'a Container>,
    messages: Vec<&'a str>,
    remediation: &'a str,
}

fn groups<'a>(findings: &[&'a Finding]) -> Vec<Group<'a>> {
    // Failures first: what is merely undecided next to them can wait.
    let ordered = [Verdict::Fail, Verdict::Unknown].into_iter();
    let ordered = ordered
        .flat_map(|verdict| findings.iter().copied().filter(move |finding| finding.verdict == verdict));
    let mut of_one_container: Vec<Group<'_>> = Vec::new();
    for finding in ordered {
        let containers: Vec<_> = finding.container.iter().collect();
        let (message, remediation) = (finding.message.as_ref(), finding.remediation.as_ref());
        let same =
            |group: &&mut Group<'_>| group.containers == containers && group.remediation == remediation;
        match of_one_container.iter_mut().find(same) {
            Some(group) if group.messages.contains(&message) => {}
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

/// How long a sentence may become before what else is found in the same containers is only counted, in bytes. With what to
/// write instead it must fit into a message, which otherwise would tell nothing.
const LONGEST_FOUND: usize = 400;

/// "container `api`: `Privileged` is true."
fn found(containers: &[&Container], messages: &[&str]) -> String {
    let mut sentence = named(containers);
    for (index, message) in messages.iter().enumerate() {
        let before = match (index, containers.len()) {
            (0, 0) => "",
            (0, _) => ": ",
            _ => ", and ",
        };
        if index > 0 && sentence.len() + before.len() + message.len() > LONGEST_FOUND {
            let _ = write!(sentence, ", and {} more", messages.len() - index);
            break;
        }
        sentence.extend([before, message]);
    }
    if !sentence.ends_with('?') {
        sentence.push('.');
    }
    sentence
}

/// "containers `api`, `web`, `agent` and 2 more".
fn named(containers: &[&Container]) -> String {
    const USUAL: usize = 200;
    let mut sentence = String::with_capacity(USUAL);
    for (index, container) in containers.iter().take(NAMED_CONTAINERS).enumerate() {
        let before = match (index, containers.len()) {
            (0, 1) => "container ",
            (0, _) => "containers ",
            _ => ", ",
        };
        let _ = write!(sentence, "{before}{container}");
    }
    if containers.len() > NAMED_CONTAINERS {
        let _ = write!(sentence, " and {} more", containers.len() - NAMED_CONTAINERS);
    }
    sentence
}

/// One line of bounded length: an opening and the sentences that fit, whole, with a count of the others.
struct Line {
    text: String,
    longest: usize,
    left_out: usize,
}

impl Line {
    const ROOM_FOR_COUNT: usize = " And 1000000 more.".len();

    fn new(opening: &str, longest: usize) -> Self {
        let mut text = String::with_capacity(longest);
        let room = longest - Self::ROOM_FOR_COUNT;
        if opening.len() <= room {
            text.push_str(opening);
        } else {
            text.push_str(&opening[..opening.floor_char_boundary(room - '…'.len_utf8())]);
            text.push('…');
        }
        Self { text, longest, left_out: 0 }
    }

    /// Adds a sentence made of parts, or counts it.
    fn add(&mut self, parts: &[&str]) {
        self.left_out += usize::from(!self.add_if_it_fits(parts));
    }

    fn add_if_it_fits(&mut self, parts: &[&str]) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let fits = self.text.len() + 1 + length <= self.longest - Self::ROOM_FOR_COUNT;
        if fits {
            self.text.push(' ');
            self.text.extend(parts.iter().copied());
        }
        fits
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let _ = write!(self.text, " And {} more.", self.left_out);
        }
        self.text
    }
}

/// A message of our own that may be too long, on one line.
pub(super) fn fit(message: &str) -> String {
    Line::new(&message.replace(['\n', '\r'], " "), LONGEST_MESSAGE).finish()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
