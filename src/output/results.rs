//! What a hook said lately, for people and for programs.
//!
//! Owns the order: the rule that stopped most comes first. Must not know what counts as stopped.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::json::serialized;
use super::told::{counted, told_whose};
use crate::deployed::results::{Group, Summary, Target};
use crate::document::on_one_line;

/// How many targets of a rule are named to people.
const TARGETS: usize = 10;

/// How many characters of a reason are shown to people. It begins with what was found.
const REASON: usize = 300;

/// What one hook said in one Region.
#[derive(Debug, Clone)]
pub struct OfHook {
    /// Its alias.
    pub hook: String,
    /// The Region.
    pub region: String,
    /// The profile that was asked with, if one was named.
    pub profile: Option<String>,
    /// The account, if that is known.
    pub account: Option<String>,
    /// What it said.
    pub summary: Summary,
}

/// A day in UTC.
fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn by_count<T>(counts: &BTreeMap<String, T>, count: impl Fn(&T) -> usize) -> Vec<(&str, &T)> {
    let mut sorted: Vec<_> = counts.iter().map(|(name, of_name)| (name.as_str(), of_name)).collect();
    sorted.sort_by_key(|(_, of_name)| Reverse(count(of_name)));
    sorted
}

/// For people at a terminal.
pub fn text(hooks: &[OfHook]) -> String {
    let mut text = String::new();
    for (index, of_hook) in hooks.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        write_hook(&mut text, of_hook);
    }
    text
}

fn write_hook(text: &mut String, OfHook { hook, region, profile, account, summary }: &OfHook) {
    let whose = told_whose(profile.as_deref(), account.as_deref());
    let days = summary.span.map(|(first, last)| format!(", {} to {}", day(first), day(last)));
    let invocations = counted(summary.invocations, "invocation");
    let _ = writeln!(text, "{hook} in {region}{whose}: {invocations}{}", days.unwrap_or_default());
    if summary.invocations == 0 {
        return;
    }
    let others = summary.others.iter().map(|(word, count)| format!(", {count} {}", on_one_line(word)));
    let _ = writeln!(
        text,
        "  {} passed, {} failed, {} without an answer{}",
        summary.passed,
        summary.failed,
        summary.without_answer,
        others.collect::<String>()
    );
    for (mode, count) in &summary.stopped {
        let _ = match mode.as_str() {
            "FAIL" => writeln!(text, "  blocked in failure mode FAIL: {count}"),
            "WARN" => writeln!(text, "  let go on in failure mode WARN, which FAIL would block: {count}"),
            other => writeln!(text, "  not passed in failure mode {}: {count}", on_one_line(other)),
        };
    }
    groups(text, "by rule", &summary.rules);
    groups(text, "warned of there, which blocks nothing", &summary.warnings);
    if !summary.unanswered.is_empty() {
        text.push_str("  without an answer\n");
    }
    for (name, target) in by_count(&summary.unanswered, |target| target.invocations) {
        let _ = writeln!(text, "    {}", told(name, target));
    }
}

/// "orders-api/Task  2: why, the last time"
fn told(name: &str, Target { invocations, reason, .. }: &Target) -> String {
    let reason = reason.as_ref().map(|reason| format!(": {}", beginning(reason)));
    format!("{}  {invocations}{}", on_one_line(name), reason.unwrap_or_default())
}

/// The beginning of a text of several lines, on one.
fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", on_one_line(line.get(..end).unwrap_or_default())),
        None => on_one_line(&line).into_owned(),
    }
}

fn groups(text: &mut String, heading: &str, groups: &BTreeMap<String, Group>) {
    if !groups.is_empty() {
        let _ = writeln!(text, "  {heading}");
    }
    for (rule, group) in by_count(groups, |group| group.invocations) {
        let severity = group.severity.as_ref().map(|severity| format!(" ({})", on_one_line(severity)));
        let invocations = counted(group.invocations, "invocation");
        let _ = writeln!(text, "    {}{}: {invocations}", on_one_line(rule), severity.unwrap_or_default());
        targets(text, group);
    }
}

fn targets(text: &mut String, group: &Group) {
    let targets = by_count(&group.targets, |target| target.invocations);
    for (name, target) in targets.iter().take(TARGETS) {
        let _ = writeln!(text, "      {}", told(name, target));
    }
    if targets.len() > TARGETS {
        let _ = writeln!(text, "      and {}", counted(targets.len() - TARGETS, "more target"));
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    hooks: Vec<Hook<'a>>,
    errors: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hook<'a> {
    alias: &'a str,
    region: &'a str,
    profile: Option<&'a str>,
    account: Option<&'a str>,
    first_invoked_at: Option<String>,
    last_invoked_at: Option<String>,
    invocations: usize,
    passed: usize,
    failed: usize,
    without_answer: usize,
    others: &'a BTreeMap<String, usize>,
    stopped: &'a BTreeMap<String, usize>,
    rules: Vec<Rule<'a>>,
    warnings: Vec<Rule<'a>>,
    unanswered: Vec<Unanswered<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    severity: Option<&'a str>,
    invocations: usize,
    targets: BTreeMap<&'a str, usize>,
    reasons: BTreeMap<&'a str, Option<&'a str>>,
}

#[derive(Serialize)]
struct Unanswered<'a> {
    target: &'a str,
    invocations: usize,
    reason: Option<&'a str>,
}

fn of_rules(groups: &BTreeMap<String, Group>) -> Vec<Rule<'_>> {
    by_count(groups, |group| group.invocations)
        .into_iter()
        .map(|(name, group)| Rule {
            name,
            severity: group.severity.as_deref(),
            invocations: group.invocations,
            targets: of_targets(group, |target| target.invocations),
            reasons: of_targets(group, |target| target.reason.as_deref()),
        })
        .collect()
}

fn of_targets<'a, T>(group: &'a Group, of: impl Fn(&'a Target) -> T) -> BTreeMap<&'a str, T> {
    group.targets.iter().map(|(name, target)| (name.as_str(), of(target))).collect()
}

/// For programs: one object, version 1, to which members may be added. `problems` say what could not be read.
pub fn json(hooks: &[OfHook], problems: &[String]) -> String {
    let time = |seconds: i64| Timestamp::from_second(seconds).ok().map(|at| at.to_string());
    let hooks = hooks.iter().map(|OfHook { hook, region, profile, account, summary }| Hook {
        alias: hook,
        region,
        profile: profile.as_deref(),
        account: account.as_deref(),
        first_invoked_at: summary.span.and_then(|(first, _)| time(first)),
        last_invoked_at: summary.span.and_then(|(_, last)| time(last)),
        invocations: summary.invocations,
        passed: summary.passed,
        failed: summary.failed,
        without_answer: summary.without_answer,
        others: &summary.others,
        stopped: &summary.stopped,
        rules: of_rules(&summary.rules),
        warnings: of_rules(&summary.warnings),
        unanswered: by_count(&summary.unanswered, |unanswered| unanswered.invocations)
            .into_iter()
            .map(|(target, unanswered)| Unanswered {
                target,
                invocations: unanswered.invocations,
                reason: unanswered.reason.as_deref(),
            })
            .collect(),
    });
    serialized(&Document { version: 1, hooks: hooks.collect(), errors: problems }) + "\n"
}
