//! The rule `sensitive-host-path`. Must not know other rules.

use crate::document::{Holds, Lookup, Partial, View};
use crate::finding::{Severity, quote};
use crate::rule::{Context, Metadata, OptionKind, Rule, RuleOption, declare_rule, host_path, volume};

declare_rule! {
    /// ## What it does
    /// Forbids volumes whose `Host.SourcePath` is one of the option `paths`, inside one, or around one: who mounts `/var/lib`
    /// has `/var/lib/docker`. Paths are compared in their shortest spelling: `/data/../etc` is `/etc`. Everything is inside
    /// `/`, so as one of the `paths` it stands for itself only.
    ///
    /// The socket of Docker or containerd, and `/`, are CRITICAL; the others are HIGH.
    ///
    /// ## Why is this bad?
    /// The socket of the container runtime is the worst of them: whoever can write to it starts a privileged container of
    /// their own. A read-only mount does not help against that.
    ///
    /// ## How to fix
    /// Give the container what it needs in another way: a volume of its own, an EFS volume, the task metadata endpoint. An
    /// agent that must see the machine needs an exception, or another list of `paths` in the policy.
    ///
    /// Not applicable to a task definition without a volume that names a path of the machine.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// Volumes:
    ///   - Name: docker
    ///     Host: {SourcePath: /var/run/docker.sock}
    /// ```
    /// ```yaml,fail
    /// Volumes: [{Name: machine, Host: {SourcePath: /}}]
    /// ```
    /// ```yaml,fail
    /// Volumes: [{Name: settings, Host: {SourcePath: '/data/..//etc/ssl/'}}]
    /// ```
    /// ```yaml,fail
    /// Volumes: [{Name: state, Host: {SourcePath: /var/lib}}]
    /// ```
    /// What is inside is known before the rest is:
    /// ```yaml,fail
    /// Volumes: [{Name: logs, Host: {SourcePath: !Join ['', [/etc/, !Ref Service]]}}]
    /// ```
    /// ```yaml,pass
    /// Volumes: [{Name: data, Host: {SourcePath: /data/etc}}, {Name: scratch}]
    /// ```
    /// ```yaml,unknown
    /// Volumes: [{Name: data, Host: {SourcePath: !Ref Path}}]
    /// ```
    /// ```yaml,not-applicable
    /// Volumes: [{Name: scratch}, {Name: more, Host: {}}]
    /// ```
    pub struct SensitiveHostPath {
        name: "sensitive-host-path",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "With the machine's own files or sockets in it, a container can read its secrets, change its settings, or rule it.",
        remediation: "Remove the volume, or mount a directory that holds the service's own data only.",
        options: [PATHS],
        references: [],
    }
}

const PATHS: RuleOption = RuleOption {
    name: "paths",
    kind: OptionKind::Texts {
        default: &[
            "/", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/run/containerd/containerd.sock", "/run/docker.sock",
            "/sys", "/var/lib/docker", "/var/lib/ecs", "/var/run", "/var/run/containerd/containerd.sock",
            "/var/run/docker.sock",
        ],
        example: &[],
        expected: "a path that begins with `/`",
        normalize: host_path::normalize,
        may_be_empty: false,
    },
    documentation: "Paths of the machine that no volume may be, be inside, or hold.",
};

/// Whoever has these has the machine.
const WORST: &[&str] = &[
    "/",
    "/run/containerd/containerd.sock",
    "/run/docker.sock",
    "/var/run/containerd/containerd.sock",
    "/var/run/docker.sock",
];

impl Rule for SensitiveHostPath {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn is_about_containers(&self) -> bool {
        false
    }

    fn check_task_definition(&self, task_definition: View<'_>, context: &mut Context<'_>) {
        context.each_volume(task_definition, "no volume names a path of the machine", |(_, volume), context| {
            let (path, open, node) = match volume.field("Host").field("SourcePath").string() {
                Lookup::Known(path, node) => (Partial::known(path.text), None, node),
                Lookup::Absent => return false,
                Lookup::Unresolved(unresolved) => (unresolved.partial(), Some(unresolved), unresolved.node),
                Lookup::Malformed(problem) => {
                    context.malformed(&problem);
                    return true;
                }
            };
            let is_inside = |directory: &str| host_path::may_be_inside(&path, directory);
            let may_hold = |held: &&str| host_path::may_hold(&path, held);
            let paths = || context.options().texts(&PATHS);
            let inside = paths().map(is_inside).fold(Holds::No, Holds::or);
            let around = paths().map(|held| may_hold(&held)).fold(Holds::No, Holds::or);
            let held = paths().find(|held| inside != Holds::Yes && may_hold(held) == Holds::Yes);
            match (inside.or(around), open) {
                (Holds::Yes, _) => {
                    let of = volume::of(volume);
                    let message = match (path.whole(), held) {
                        (Some(path), Some(held)) => format!("`SourcePath` {of} is {}, which holds {}", quote(path), quote(held)),
                        (Some(path), None) => format!("`SourcePath` {of} is {}", quote(path)),
                        (None, _) => format!("`SourcePath` {of} begins with {}", quote(path.beginning())),
                    };
                    let finding = context.fail("SourcePath", Some(node), message);
                    if WORST.iter().any(|worst| is_inside(worst) == Holds::Yes) {
                        finding.severity = Severity::Critical;
                    }
                }
                (Holds::Perhaps, Some(unresolved)) => context.unresolved(&unresolved),
                (Holds::No | Holds::Perhaps, _) => {}
            }
            true
        });
    }
}
