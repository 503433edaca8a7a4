//! The rule `unsafe-sysctl`. Must not know other rules.

use crate::document::{Holds, Lookup, Part, Partial, View};
use crate::finding::quote;
use crate::rule::{Context, Judged, Metadata, OptionKind, Rule, RuleOption, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids `SystemControls` for kernel parameters other than those of the option `allow`. The default is what
    /// Kubernetes calls safe: each container has its own, and setting it hurts nobody else.
    ///
    /// ## Why is this bad?
    /// Memory and queues of the network are shared even where the parameter is not, so one task's settings can starve
    /// another's.
    ///
    /// ## How to fix
    /// Remove the entry, or ask the platform team to allow the parameter in the policy; busy servers often want
    /// `net.core.somaxconn`, for example.
    ///
    /// Not applicable to containers without `SystemControls`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     SystemControls: [{Namespace: kernel.msgmax, Value: '65536'}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, SystemControls: [{Namespace: net/core/somaxconn, Value: '1024'}]}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions: [{Name: web, SystemControls: [{Namespace: net.ipv4.tcp_keepalive_time, Value: '60'}]}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, SystemControls: [{Namespace: !Ref Parameter, Value: '1'}]}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, SystemControls: [{Namespace: !Sub 'net/ipv4/${Parameter}', Value: '1'}]}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web, SystemControls: []}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web}]
    /// ```
    pub struct UnsafeSysctl {
        name: "unsafe-sysctl",
        severity: Medium,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "Kernel parameters beyond the safe ones reach past the container, to other tasks or to the machine.",
        remediation: "Remove the entry from `SystemControls`, or ask for it in the policy's `allow` list.",
        options: [ALLOW],
        references: [],
    }
}

const ALLOW: RuleOption = RuleOption {
    name: "allow",
    kind: OptionKind::Texts {
        // <https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline>
        default: &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_local_reserved_ports",
            "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.ping_group_range",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_syncookies",
        ],
        example: &[],
        expected: "the name of a kernel parameter, with `*` for any text",
        normalize: pattern,
        may_be_empty: true,
    },
    documentation: "Kernel parameters that containers may set; `*` stands for any text. It takes the place of the default.",
};

fn pattern(text: &str) -> Option<String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*' | b'/');
    (!text.is_empty() && text.bytes().all(is_name)).then(|| normalize(text))
}

/// The kernel takes both, and the second is the name of the parameter's file.
fn normalize(name: &str) -> String {
    name.trim().replace('/', ".")
}

/// The same of a name of which not all is known.
fn normalized(name: &Partial<'_>) -> Partial<'static> {
    let mut normalized = Partial::default();
    for part in name.parts() {
        normalized.push(match part {
            Part::Known(text) => Part::Known(text.replace('/', ".").into()),
            Part::Plain => Part::Plain,
            Part::Open => Part::Open,
        });
    }
    normalized
}

impl Rule for UnsafeSysctl {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let controls = match container.field("SystemControls").list() {
            Lookup::Known(controls, _) if !controls.is_empty() => controls,
            Lookup::Known(..) | Lookup::Absent => return context.not_applicable("no container sets kernel parameters"),
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        };
        for control in controls {
            let judged = judge(control.field("Namespace"), context);
            context.take(judged);
        }
    }
}

fn judge<'a>(name: View<'a>, context: &Context<'_>) -> Judged<'a> {
    const PROPERTY: &str = "Namespace";
    let is_allowed = |name: &Partial<'_>| {
        let patterns = context.options().texts(&ALLOW);
        patterns.map(|pattern| name.matches(pattern)).fold(Holds::No, Holds::or)
    };
    match name.string() {
        Lookup::Known(name, node) => match is_allowed(&Partial::known(&normalize(name.text))) {
            Holds::Yes => Judged::Compliant,
            _ => Judged::violation(PROPERTY, Some(node), format!("`SystemControls` sets {}", quote(name.text))),
        },
        Lookup::Absent => Judged::Compliant,
        Lookup::Unresolved(unresolved) => match is_allowed(&normalized(&unresolved.partial())) {
            Holds::Yes => Judged::Compliant,
            Holds::No => {
                let message = "`SystemControls` sets a parameter that the policy does not allow";
                Judged::violation(PROPERTY, Some(unresolved.node), message)
            }
            Holds::Perhaps => Judged::Unresolved(unresolved),
        },
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
