//! Whether a hook is as it should be, for people and for programs.
//!
//! Owns how its configuration is told. Must not know what is wrong with it.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::json::serialized;
use super::told::told_whose;
use crate::deployed::status::{Configuration, Function, Hook, Looked, Policy, Problem};
use crate::document::on_one_line;

/// What no look at the function tells; that its state is right says half of whether it can be called.
const NOT_LOOKED_AT: &str =
    "whether the hook's role may call it is not looked at; `ecs-guard results` shows that it was called";

/// What CloudFormation takes a hook for that says nothing of it
/// (<https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/hook-configuration-schema.html>).
const NO_OPERATIONS: &str = "not set, which is RESOURCE";

/// What was seen of one hook in one Region.
#[derive(Debug, Clone)]
pub struct OfHook {
    /// Its alias.
    pub alias: String,
    /// The Region.
    pub region: String,
    /// The profile that was asked with, if one was named.
    pub profile: Option<String>,
    /// The hook; `None`: it is not there.
    pub hook: Option<Hook>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What limits it.
    pub notes: Vec<String>,
    /// Whether all of it could be seen.
    pub is_all_seen: bool,
}

/// For people at a terminal.
pub fn text(hooks: &[OfHook]) -> String {
    let mut text = String::new();
    for (index, OfHook { alias, region, profile, hook, problems, notes, is_all_seen }) in
        hooks.iter().enumerate()
    {
        if index > 0 {
            text.push('\n');
        }
        let _ =
            writeln!(text, "{alias} in {region}{}", told_whose(profile.as_deref(), account(hook.as_ref())));
        for (name, value) in hook.iter().flat_map(lines) {
            let _ = writeln!(text, "  {name:10} {}", on_one_line(&value));
        }
        for note in notes {
            let _ = writeln!(text, "  note:      {}", on_one_line(note));
        }
        for Problem { what, remedy } in problems {
            let _ =
                writeln!(text, "  problem:   {}\n             {}", on_one_line(what), on_one_line(remedy));
        }
        if problems.is_empty() {
            let how_far = if *is_all_seen { "" } else { " in what could be seen" };
            let _ = writeln!(text, "  no problem{how_far}");
        }
    }
    text
}

fn account(hook: Option<&Hook>) -> Option<&str> {
    hook?.account.as_deref()
}

fn lines(hook: &Hook) -> Vec<(&'static str, String)> {
    let Hook { version, configuration, function, policy, .. } = hook;
    let mut lines = Vec::new();
    if let Some(version) = version {
        lines.push(("version:", version.clone()));
    }
    if let Some(configuration) = configuration {
        let Configuration { is_enabled, failure_mode, operations, target_filters, stack_filters, .. } =
            configuration;
        lines.push(("enabled:", if *is_enabled { "yes" } else { "no" }.into()));
        let mode = match failure_mode.as_deref() {
            Some("WARN") => "WARN: what fails is reported and goes on",
            Some("FAIL") => "FAIL: what fails is stopped",
            other => other.unwrap_or("not set"),
        };
        lines.push(("mode:", mode.into()));
        let operations = operations.join(", ");
        lines.push(("called for:", if operations.is_empty() { NO_OPERATIONS.into() } else { operations }));
        for (name, filters) in [("targets:", target_filters), ("stacks:", stack_filters)] {
            lines.extend(filters.as_ref().map(|filters| (name, filters.to_string())));
        }
        lines.extend(configuration.function.clone().map(|arn| ("function:", arn)));
    }
    if let Looked::Seen(Function { version, state, reserved_concurrency, .. }) = function {
        let version = version.as_deref().unwrap_or("unknown");
        let state = state.as_deref().unwrap_or("unknown");
        let reserved = reserved_concurrency.map(|calls| format!(", {calls} calls at once"));
        lines.push(("", format!("version {version}, state {state}{}", reserved.unwrap_or_default())));
        lines.push(("", NOT_LOOKED_AT.into()));
    }
    lines.push((
        "policy:",
        match policy {
            Policy::Same(hash) => format!("the one at hand, SHA-256 {hash}"),
            Policy::Different { deployed, .. } => format!("another than the one at hand, SHA-256 {deployed}"),
            Policy::Broken { deployed, .. } => format!("broken, SHA-256 {deployed}"),
            Policy::Absent => "none".into(),
            Policy::Unknown(reason) => format!("not compared: {reason}"),
        },
    ));
    lines
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    hooks: Vec<Seen<'a>>,
    errors: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen<'a> {
    alias: &'a str,
    region: &'a str,
    profile: Option<&'a str>,
    account: Option<&'a str>,
    is_present: bool,
    version: Option<&'a str>,
    is_enabled: Option<bool>,
    failure_mode: Option<&'a str>,
    operations: &'a [String],
    target_filters: Option<&'a Value>,
    stack_filters: Option<&'a Value>,
    function: Option<&'a str>,
    function_version: Option<&'a str>,
    function_state: Option<&'a str>,
    policy: Option<&'static str>,
    is_complete: bool,
    problems: Vec<Wrong<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Wrong<'a> {
    what: &'a str,
    remedy: &'a str,
}

/// For programs: one object, version 1, to which members may be added. `failures` say what could not be seen.
pub fn json(hooks: &[OfHook], failures: &[String]) -> String {
    serialized(&Document { version: 1, hooks: hooks.iter().map(seen).collect(), errors: failures }) + "\n"
}

fn seen(OfHook { alias, region, profile, hook, problems, notes, is_all_seen }: &OfHook) -> Seen<'_> {
    let hook = hook.as_ref();
    let configuration = hook.and_then(|hook| hook.configuration.as_ref());
    let function = hook.and_then(|hook| match &hook.function {
        Looked::Seen(function) => Some(function),
        Looked::Absent | Looked::Unknown => None,
    });
    Seen {
        alias,
        region,
        profile: profile.as_deref(),
        account: account(hook),
        is_present: hook.is_some(),
        version: hook.and_then(|hook| hook.version.as_deref()),
        is_enabled: configuration.map(|own| own.is_enabled),
        failure_mode: configuration.and_then(|own| own.failure_mode.as_deref()),
        operations: configuration.map_or(&[], |own| &own.operations),
        target_filters: configuration.and_then(|own| own.target_filters.as_ref()),
        stack_filters: configuration.and_then(|own| own.stack_filters.as_ref()),
        function: configuration.and_then(|own| own.function.as_deref()),
        function_version: function.and_then(|own| own.version.as_deref()),
        function_state: function.and_then(|own| own.state.as_deref()),
        policy: hook.map(|hook| match hook.policy {
            Policy::Same(_) => "same",
            Policy::Different { .. } => "different",
            Policy::Broken { .. } => "broken",
            Policy::Absent => "absent",
            Policy::Unknown(_) => "unknown",
        }),
        is_complete: *is_all_seen,
        notes,
        problems: problems.iter().map(|own| Wrong { what: &own.what, remedy: &own.remedy }).collect(),
    }
}
