//! What a hook in failure mode FAIL would stop, in the words of each format.
//!
//! Owns the order in which rules and stacks are told: the worst first. Must not know what counts as stopped.

use std::cmp::Reverse;
use std::fmt::Write;

use serde::Serialize;

use super::told::counted;
use crate::check::{BlockedStack, OfRule, Tally, Totals};
use crate::document::on_one_line;

/// The rules that would stop something.
fn blocking_rules(tally: &Tally) -> Vec<(&'static str, OfRule)> {
    let mut rules: Vec<_> = tally.rules.iter().map(|(rule, counts)| (*rule, *counts)).collect();
    rules.retain(|(_, counts)| counts.task_definitions > 0);
    rules.sort_by_key(|(rule, counts)| (Reverse(counts.task_definitions), *rule));
    rules
}

/// The stacks that would be stopped.
fn blocked_stacks(tally: &Tally) -> Vec<&BlockedStack> {
    let mut stacks: Vec<_> = tally.stacks.iter().collect();
    stacks.sort_by_key(|stack| Reverse(stack.task_definitions));
    stacks
}

/// "3 task definitions in 2 of 40 stacks"
fn blocked(tally: &Tally, totals: &Totals) -> String {
    format!(
        "{} in {} of {}",
        counted(tally.blocked_task_definitions, "task definition"),
        tally.stacks.len(),
        counted(totals.files, "stack")
    )
}

/// "4 findings, 1 of them new since the last audit"
fn excepted(tally: &Tally) -> String {
    let newly = match tally.newly_excepted {
        Some(newly) if tally.excepted > 0 => format!(", {newly} of them new since the last audit"),
        _ => String::new(),
    };
    format!("{}{newly}", counted(tally.excepted, "finding"))
}

/// "2 findings in 1 stack"
fn unknown(tally: &Tally) -> String {
    format!("{} in {}", counted(tally.unknowns, "finding"), counted(tally.stacks_with_unknowns, "stack"))
}

/// "2 task definitions in 1 stack"
fn of_rule(counts: &OfRule) -> String {
    format!("{} in {}", counted(counts.task_definitions, "task definition"), counted(counts.stacks, "stack"))
}

/// For people at a terminal.
pub(super) fn text(tally: &Tally, totals: &Totals) -> String {
    let mut text = format!("What FAIL would block: {}\n", blocked(tally, totals));
    let rules = blocking_rules(tally);
    if !rules.is_empty() {
        text += "  by rule\n";
        let width = rules.iter().map(|(rule, _)| rule.len()).max().unwrap_or_default();
        for (rule, counts) in &rules {
            let _ = writeln!(text, "    {rule:width$}  {}", of_rule(counts));
        }
        text += "  by stack\n";
        for stack in blocked_stacks(tally) {
            let (name, rules) = (on_one_line(&stack.name), stack.rules.join(", "));
            let _ =
                writeln!(text, "    {name}  {}: {rules}", counted(stack.task_definitions, "task definition"));
        }
    }
    let _ = writeln!(text, "  excepted: {}", excepted(tally));
    let _ = writeln!(text, "  unknown: {}\n", unknown(tally));
    text
}

/// For a comment. Of the stacks, only as many as leave room for what was found in them.
pub(super) fn markdown(tally: &Tally, totals: &Totals) -> String {
    const STACKS: usize = 100;
    let mut text = format!("\n**What FAIL would block: {}**\n\n", blocked(tally, totals));
    for (rule, counts) in blocking_rules(tally) {
        let _ = writeln!(text, "- `{rule}`: {}", of_rule(&counts));
    }
    let stacks = blocked_stacks(tally);
    for stack in stacks.iter().take(STACKS) {
        let (name, count) = (on_one_line(&stack.name), counted(stack.task_definitions, "task definition"));
        let _ = writeln!(text, "- `{}`: {count}", name.replace('`', "'"));
    }
    if let Some(more) = stacks.len().checked_sub(STACKS).filter(|more| *more > 0) {
        let _ = writeln!(text, "- and {}", counted(more, "more stack"));
    }
    let _ = write!(text, "- excepted: {}\n- unknown: {}\n", excepted(tally), unknown(tally));
    text
}

/// The member `tally` of a JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfTally<'a> {
    blocked_stacks: usize,
    blocked_task_definitions: usize,
    excepted: usize,
    newly_excepted: Option<usize>,
    unknowns: usize,
    stacks_with_unknowns: usize,
    rules: Vec<Rule>,
    stacks: Vec<Stack<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: &'static str,
    blocked_stacks: usize,
    blocked_task_definitions: usize,
    excepted: usize,
    unknowns: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stack<'a> {
    path: &'a str,
    blocked_task_definitions: usize,
    rules: &'a [&'static str],
}

impl<'a> Stack<'a> {
    fn of(stack: &'a BlockedStack) -> Self {
        Self { path: &stack.name, blocked_task_definitions: stack.task_definitions, rules: &stack.rules }
    }
}

/// For programs.
pub(super) fn of(tally: &Tally) -> OfTally<'_> {
    let rule = |(rule, counts): (&&'static str, &OfRule)| Rule {
        name: rule,
        blocked_stacks: counts.stacks,
        blocked_task_definitions: counts.task_definitions,
        excepted: counts.excepted,
        unknowns: counts.unknowns,
    };
    OfTally {
        blocked_stacks: tally.stacks.len(),
        blocked_task_definitions: tally.blocked_task_definitions,
        excepted: tally.excepted,
        newly_excepted: tally.newly_excepted,
        unknowns: tally.unknowns,
        stacks_with_unknowns: tally.stacks_with_unknowns,
        rules: tally.rules.iter().map(rule).collect(),
        stacks: tally.stacks.iter().map(Stack::of).collect(),
    }
}
