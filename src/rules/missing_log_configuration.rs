//! The rule `missing-log-configuration`. Must not know other rules.

use crate::document::{Lookup, Part, View};
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires a `LogConfiguration` with a `LogDriver` of every container. The container that routes the others' logs, which
    /// has a `FirelensConfiguration`, is exempt: it cannot route its own.
    ///
    /// Which driver it is does not matter here; the rule `blocking-awslogs` asks how it writes.
    ///
    /// ## Why is this bad?
    /// When it matters most, after a crash or a break-in, there is nothing to read.
    ///
    /// ## How to fix
    /// Add this to the container, with a log group that exists:
    ///
    /// `LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: /ecs/web, awslogs-region: !Ref AWS::Region,
    /// awslogs-stream-prefix: web, mode: non-blocking, max-buffer-size: 25m}}`
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: ' '}}]
    /// ```
    /// One container without it is enough:
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: awslogs}}, {Name: side}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: splunk}}]
    /// ```
    /// Checks that know no log router accuse the second container:
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - {Name: web, LogConfiguration: {LogDriver: awsfirelens}}
    ///   - {Name: router, FirelensConfiguration: {Type: fluentbit}}
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, LogConfiguration: !Ref Logs}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: router, FirelensConfiguration: {Type: fluentbit}}]
    /// ```
    pub struct MissingLogConfiguration {
        name: "missing-log-configuration",
        severity: Medium,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "What a container without logs did, and why it stopped, nobody will know.",
        remediation: "Add a `LogConfiguration` with a `LogDriver`, for example `awslogs`.",
        options: [],
        references: [
            SecurityHub("ECS.9", "looser, because a log router is exempt"),
            ControlTower("CT.ECS.PR.5", "looser, because a log router is exempt"),
            CisComputeServices("3.7", "looser, because a log router is exempt"),
            Config("ECS_TASK_DEFINITION_LOG_CONFIGURATION", "looser, because a log router is exempt"),
            CdkNag("AwsSolutions-ECS7", "looser, because a log router is exempt"),
            Prowler("ecs_task_definitions_logging_enabled", "looser, because a log router is exempt"),
        ],
    }
}

impl Rule for MissingLogConfiguration {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let driver = judge_driver(container);
        if let Judged::Compliant = driver {
            return;
        }
        match judge_router(container) {
            Judged::Compliant => context.not_applicable("the only container without logs routes those of others"),
            router => context.take_together([driver, router]),
        }
    }
}

fn judge_driver(container: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "LogDriver";
    match container.field("LogConfiguration").field(PROPERTY).string() {
        Lookup::Known(driver, node) if driver.text.trim().is_empty() => {
            Judged::violation(PROPERTY, Some(node), "`LogDriver` is empty")
        }
        Lookup::Known(..) => Judged::Compliant,
        Lookup::Absent => Judged::violation(PROPERTY, None, "it has no `LogConfiguration` with a `LogDriver`"),
        Lookup::Unresolved(unresolved) => {
            let known = unresolved.partial();
            if known.parts().iter().any(|part| matches!(part, Part::Known(text) if !text.trim().is_empty())) {
                Judged::Compliant
            } else {
                Judged::Unresolved(unresolved)
            }
        }
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

/// Whether the container routes the logs of others.
fn judge_router(container: View<'_>) -> Judged<'_> {
    const PROPERTY: &str = "FirelensConfiguration";
    match container.field(PROPERTY).mapping() {
        Lookup::Known(..) => Judged::Compliant,
        Lookup::Absent => Judged::violation(PROPERTY, None, "`FirelensConfiguration` is not set"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
