//! The rule `unencrypted-efs-volume`. Must not know other rules.

use crate::document::{Holds, Lookup, View};
use crate::finding::{Change, Fix, quote};
use crate::rule::{Context, Judged, Metadata, Rule, declare_rule, volume};

declare_rule! {
    /// ## What it does
    /// Requires `TransitEncryption: ENABLED` of every volume with an `EFSVolumeConfiguration`. No value counts as
    /// `DISABLED`, which is what Amazon ECS takes it for. Volumes of other kinds are not looked at.
    ///
    /// ## Why is this bad?
    /// Encryption at rest, which the file system has, does not help: the data is decrypted before it is sent.
    ///
    /// ## How to fix
    /// Set `TransitEncryption: ENABLED` in `EFSVolumeConfiguration`. The file system needs no change.
    ///
    /// Not applicable to a task definition without such a volume.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// Volumes:
    ///   - Name: data
    ///     EFSVolumeConfiguration: {FilesystemId: fs-1}
    /// ```
    /// A check that stops at the first volume lets this pass:
    /// ```yaml,fail
    /// Volumes:
    ///   - {Name: data, EFSVolumeConfiguration: {FilesystemId: fs-1, TransitEncryption: ENABLED}}
    ///   - {Name: logs, EFSVolumeConfiguration: {FilesystemId: fs-2, TransitEncryption: DISABLED}}
    /// ```
    /// A check that takes every volume for one of EFS accuses the second volume:
    /// ```yaml,pass
    /// Volumes:
    ///   - {Name: data, EFSVolumeConfiguration: {FilesystemId: fs-1, TransitEncryption: ENABLED}}
    ///   - {Name: scratch}
    /// ```
    /// ```yaml,unknown
    /// Volumes: [{Name: data, EFSVolumeConfiguration: {FilesystemId: fs-1, TransitEncryption: !Ref Encryption}}]
    /// ```
    /// ```yaml,not-applicable
    /// Volumes: [{Name: scratch}, {Name: socket, Host: {SourcePath: /data}}]
    /// ```
    pub struct UnencryptedEfsVolume {
        name: "unencrypted-efs-volume",
        severity: Medium,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "Files of an EFS volume without encryption in transit cross the network as they are.",
        remediation: "Set `TransitEncryption: ENABLED` in `EFSVolumeConfiguration`.",
        fix: Unsafe,
        options: [],
        references: [
            SecurityHub("ECS.18", "same"),
            Config("ECS_TASK_DEFINITION_EFS_ENCRYPTION_ENABLED", "same"),
            Checkov("CKV_AWS_97", "stricter, because that one looks at the first volume of EFS only"),
            Kics("c1282e03-b285-4637-aee7-eefe3a7bb658", "stricter, because that one reads keys that CloudFormation does not have"),
            Trivy("AVD-AWS-0035", "looser, because that one takes every volume for one of EFS"),
        ],
    }
}

impl Rule for UnencryptedEfsVolume {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        context.each_volume(task_definition, "there is no volume of EFS", |(position, volume), context| {
            let configuration = volume.field("EFSVolumeConfiguration");
            match configuration.mapping() {
                Lookup::Known(..) => {
                    if let Some(finding) = context.take(judge(configuration, volume)) {
                        let keys = &["EFSVolumeConfiguration", "TransitEncryption"];
                        let fix = Fix::unsafely(keys, Change::set_text("ENABLED"));
                        finding.fix = Some(fix.within("Volumes", position));
                    }
                }
                Lookup::Absent => return false,
                Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
                Lookup::Malformed(problem) => context.malformed(&problem),
            }
            true
        });
    }
}

fn judge<'a>(configuration: View<'a>, volume: View<'a>) -> Judged<'a> {
    const PROPERTY: &str = "TransitEncryption";
    const ENABLED: &str = "ENABLED";
    let of = || volume::of(volume);
    match configuration.field(PROPERTY).string() {
        Lookup::Known(word, _) if word.text == ENABLED => Judged::Compliant,
        Lookup::Known(word, node) => {
            let message = format!("`TransitEncryption` {} is {}, not `ENABLED`", of(), quote(word.text));
            Judged::violation(PROPERTY, Some(node), message)
        }
        Lookup::Absent => {
            let message = format!("`TransitEncryption` {} is not set, which means `DISABLED`", of());
            Judged::violation(PROPERTY, configuration.node(), message)
        }
        Lookup::Unresolved(unresolved) if unresolved.partial().matches(ENABLED) == Holds::No => {
            let message = format!("`TransitEncryption` {} cannot come to be `ENABLED`", of());
            Judged::violation(PROPERTY, Some(unresolved.node), message)
        }
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
