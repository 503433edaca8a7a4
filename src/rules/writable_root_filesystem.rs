//! The rule `writable-root-filesystem`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::{Change, Fix};
use crate::rule::{Context, Metadata, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Requires `ReadonlyRootFilesystem: true` in every container definition. No value counts as `false`, which is
    /// what Amazon ECS takes it for.
    ///
    /// ## Why is this bad?
    /// What a service writes on purpose belongs on a volume, where it can be seen.
    ///
    /// ## How to fix
    /// Set `ReadonlyRootFilesystem: true` and mount a volume at each path the service writes to, `/tmp` for example.
    /// ECS Exec needs a writable root filesystem: a container that must keep it needs an exception.
    ///
    /// Not applicable to Windows containers, which do not have the property. An EC2 task that does not declare
    /// `RuntimePlatform.OperatingSystemFamily` cannot be told from Linux and is judged as Linux.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     ReadonlyRootFilesystem: false
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, ReadOnlyRootFilesystem: true}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, ReadonlyRootFilesystem: true}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, ReadonlyRootFilesystem: 'true'}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, ReadonlyRootFilesystem: !Ref IsReadOnly}]
    /// ```
    /// ```yaml,not-applicable
    /// RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct WritableRootFilesystem {
        name: "writable-root-filesystem",
        severity: High,
        profile: Baseline,
        platform: Linux,
        since: "0.1.0",
        why: "Whoever breaks into a container with a writable root filesystem can change its programs and leave tools behind.",
        remediation: "Set `ReadonlyRootFilesystem: true` and mount a volume where the container writes.",
        fix: Unsafe,
        options: [],
        references: [
            SecurityHub("ECS.5", "same"),
            ControlTower("CT.ECS.PR.6", "same, and reads strings as CloudFormation does"),
            CisComputeServices("3.5", "same"),
            Config("ECS_CONTAINERS_READONLY_ACCESS", "stricter, because its page speaks of `false` only, not of a missing value"),
            Checkov("CKV_AWS_336", "same, but Checkov's reads Terraform only"),
            Prowler("ecs_task_definitions_containers_readonly_access", "same"),
        ],
    }
}

impl Rule for WritableRootFilesystem {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        const PROPERTY: &str = "ReadonlyRootFilesystem";
        // The container may write to it.
        const FIX: Fix = Fix::unsafely(&[PROPERTY], Change::set(true));
        match container.field(PROPERTY).bool() {
            Lookup::Known(true, _) => {}
            Lookup::Known(false, node) => {
                context.fail(PROPERTY, Some(node), "`ReadonlyRootFilesystem` is false").fix = Some(FIX);
            }
            Lookup::Absent => {
                let message = "`ReadonlyRootFilesystem` is not set, which means false";
                context.fail(PROPERTY, None, message).fix = Some(FIX);
            }
            Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}
