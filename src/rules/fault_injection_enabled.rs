//! The rule `fault-injection-enabled`. Must not know other rules.

use crate::document::View;
use crate::finding::{Change, Fix};
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `EnableFaultInjection: true`. `false`, and no value at all, are fine.
    ///
    /// ## Why is this bad?
    /// It is meant for experiments. Where nobody plans one, it is one more way to take a service down.
    ///
    /// ## How to fix
    /// Remove the line, or keep it in the task definition that experiments use and give that an exception.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// EnableFaultInjection: true
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,pass
    /// EnableFaultInjection: 'false'
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,unknown
    /// EnableFaultInjection: !Ref IsExperiment
    /// ```
    pub struct FaultInjectionEnabled {
        name: "fault-injection-enabled",
        severity: Low,
        profile: Pedantic,
        platform: Any,
        since: "0.1.0",
        why: "With fault injection on, containers of the task can ask for delays, losses and blackholes in its network.",
        remediation: "Remove `EnableFaultInjection`.",
        fix: Unsafe,
        options: [],
        references: [],
    }
}

impl Rule for FaultInjectionEnabled {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        let judged = Judged::must_not_be_true(task_definition.field("EnableFaultInjection"));
        if let Some(finding) = context.take(judged) {
            finding.fix = Some(Fix::unsafely(&["EnableFaultInjection"], Change::Remove));
        }
    }
}
