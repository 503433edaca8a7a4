//! The rule `missing-health-check`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires a `HealthCheck` of every essential container; a container is essential unless it says `Essential: false`. One
    /// whose `Command` is missing, empty or begins with `NONE`, which is how Docker turns a check off, checks nothing.
    ///
    /// ## Why is this bad?
    /// A process that is there and answers nobody counts as healthy, keeps its traffic, and is never replaced. A check in the
    /// image does not help: Amazon ECS does not look at it.
    ///
    /// ## How to fix
    /// Add a command that fails when the service does not work:
    ///
    /// `HealthCheck: {Command: [CMD-SHELL, 'curl --fail http://localhost:8080/health']}`
    ///
    /// Not applicable to containers that are not essential.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, HealthCheck: {Command: [CMD, /healthy]}}]
    /// ```
    /// Other checkers see a check here:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, HealthCheck: {Command: [NONE]}}]
    /// ```
    /// A check that looks at every container accuses the second:
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - {Name: web, HealthCheck: {Command: [CMD, /healthy]}}
    ///   - {Name: setup, Essential: false}
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, HealthCheck: !If [HasCheck, {Command: [CMD, /healthy]}, !Ref AWS::NoValue]}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: setup, Essential: 'false'}]
    /// ```
    pub struct MissingHealthCheck {
        name: "missing-health-check",
        severity: Low,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "Without a check, a container that hangs stays in service until somebody notices.",
        remediation: "Add a `HealthCheck` with a `Command` that fails when the service does not work.",
        options: [],
        references: [
            Kics("d24389b4-b209-4ff0-8345-dc7a4569dcdd", "looser, because that one wants a check of containers too that are not essential; stricter, because a check that checks nothing is none"),
        ],
    }
}

impl Rule for MissingHealthCheck {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        match judge_essential(container) {
            Judged::Compliant => context.not_applicable("no container is essential"),
            essential => context.take_together([judge_check(container), essential]),
        }
    }
}

fn judge_check(container: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "HealthCheck";
    let check = container.field(PROPERTY);
    match check.mapping() {
        Lookup::Known(..) => judge_command(check),
        Lookup::Absent => Judged::violation(PROPERTY, None, "it is essential and has no `HealthCheck`"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

/// Whether a check has something to run. Docker reads the first word of the command: `CMD`, `CMD-SHELL` or `NONE`
/// (<https://docs.docker.com/reference/api/engine/>, `HealthConfig.Test`).
fn judge_command(check: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "Command";
    let command = check.field(PROPERTY);
    let words = match command.list() {
        Lookup::Known(words, _) => words,
        Lookup::Absent => return Judged::violation(PROPERTY, check.node(), "its `HealthCheck` has no `Command`"),
        Lookup::Unresolved(unresolved) => return Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => return Judged::Malformed(problem),
    };
    let first = words.into_iter().map(View::string).find(|word| !matches!(word, Lookup::Absent));
    match first.unwrap_or(Lookup::Absent) {
        Lookup::Known(word, node) if word.text.trim().eq_ignore_ascii_case("NONE") => {
            Judged::violation(PROPERTY, Some(node), "the `Command` of its `HealthCheck` is `NONE`, which turns it off")
        }
        Lookup::Known(..) => Judged::Compliant,
        Lookup::Absent => Judged::violation(PROPERTY, command.node(), "the `Command` of its `HealthCheck` is empty"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

/// Whether the container may stop without the task.
fn judge_essential(container: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "Essential";
    match container.field(PROPERTY).bool() {
        Lookup::Known(false, _) => Judged::Compliant,
        Lookup::Known(true, node) => Judged::violation(PROPERTY, Some(node), "`Essential` is true"),
        Lookup::Absent => Judged::violation(PROPERTY, None, "`Essential` is not set, which means true"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
