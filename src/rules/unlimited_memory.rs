//! The rule `unlimited-memory`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::quote;
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires a limit of memory for every container that does not run on Fargate: `Memory` of the container, or `Memory`
    /// of the whole task. `MemoryReservation` is a wish, not a limit.
    ///
    /// ## Why is this bad?
    /// The kernel then ends a process of its own choice, which may belong to another service, or to the agent that runs them
    /// all.
    ///
    /// ## How to fix
    /// Set `Memory` of the container, in MiB, to what the service needs at its busiest.
    ///
    /// Not applicable on Fargate, where every task has a limit.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     MemoryReservation: 256
    /// ```
    /// ```yaml,fail
    /// RequiresCompatibilities: [FARGATE, EC2]
    /// ContainerDefinitions: [{Name: web, Memory: 0}]
    /// ```
    /// Checks that take numbers only accuse the first of these, and checks that look at containers only the second:
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, Memory: '512'}]
    /// ```
    /// ```yaml,pass
    /// Memory: 1 GB
    /// ContainerDefinitions: [{Name: web}, {Name: side}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Memory: !Ref Memory}]
    /// ```
    /// ```yaml,unknown
    /// RequiresCompatibilities: [!Ref LaunchType]
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,not-applicable
    /// RequiresCompatibilities: [FARGATE]
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct UnlimitedMemory {
        name: "unlimited-memory",
        severity: Medium,
        profile: Restricted,
        platform: Any,
        not_on: [Fargate],
        since: "0.1.0",
        why: "One container without a limit can take all memory of the machine, and other tasks with it.",
        remediation: "Set `Memory` of the container, in MiB.",
        options: [],
        references: [
            ControlTower("CT.ECS.PR.7", "looser, because that one wants a limit of each container, on Fargate too"),
            Config("ECS_TASK_DEFINITION_MEMORY_HARD_LIMIT", "looser, because that one wants a limit of each container, on Fargate too"),
        ],
    }
}

const PROPERTY: &str = "Memory";

impl Rule for UnlimitedMemory {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        let of_task = judge_task(task_definition.field(PROPERTY));
        context.each_container(task_definition, |container, context| {
            context.take_together([judge_container(container.field(PROPERTY)), of_task.clone()]);
        });
    }
}

fn judge_container(memory: View<'_>) -> Judged<'_> {
    match memory.integer() {
        Lookup::Known(0, node) => Judged::violation(PROPERTY, Some(node), "`Memory` is 0, which limits nothing"),
        Lookup::Known(..) => Judged::Compliant,
        Lookup::Absent => Judged::violation(PROPERTY, None, "neither the container nor the task has a `Memory`"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

fn judge_task(memory: View<'_>) -> Judged<'_> {
    match memory.string() {
        Lookup::Known(amount, _) if is_amount(amount.text) => Judged::Compliant,
        Lookup::Known(amount, node) => {
            let message = format!("`Memory` of the task is {}, which is no amount of memory", quote(amount.text));
            Judged::violation(PROPERTY, Some(node), message)
        }
        Lookup::Absent => Judged::violation(PROPERTY, None, "`Memory` of the task is not set"),
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

/// MiB, or a number with a unit such as `2 GB` or `0.5GB`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size>).
fn is_amount(text: &str) -> bool {
    let text = text.trim();
    let end = text.find(|character: char| !matches!(character, '0'..='9' | '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let is_unit = matches!(unit.trim_start().to_ascii_lowercase().as_str(), "" | "mb" | "mib" | "gb" | "gib");
    is_unit && number.parse::<f64>().is_ok_and(|number| number > 0.0)
}
