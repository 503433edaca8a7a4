//! The rule `interactive-container`. Must not know other rules.

use crate::document::View;
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `Interactive: true` and `PseudoTerminal: true`, which keep a container's standard input open and give it a
    /// terminal, as `docker run -i -t` does.
    ///
    /// ## Why is this bad?
    /// It is what is left of a debugging session, or keeps a shell waiting where a service should run. A terminal also changes
    /// the logs: colours, and the two streams as one.
    ///
    /// ## How to fix
    /// Remove both lines. To look into a running container use ECS Exec, which needs neither.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Interactive: true
    ///     PseudoTerminal: 'true'
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Interactive: false}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, PseudoTerminal: !Ref HasTerminal}]
    /// ```
    /// ```yaml,not-applicable
    /// Family: empty
    /// ```
    pub struct InteractiveContainer {
        name: "interactive-container",
        severity: Low,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "A service that waits for somebody at a terminal is no service, and a shell that waits is an invitation.",
        remediation: "Remove `Interactive` and `PseudoTerminal`.",
        options: [],
        references: [],
    }
}

impl Rule for InteractiveContainer {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        context.take(Judged::must_not_be_true(container.field("Interactive")));
        context.take(Judged::must_not_be_true(container.field("PseudoTerminal")));
    }
}
