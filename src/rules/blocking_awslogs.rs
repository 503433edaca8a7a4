//! The rule `blocking-awslogs`. Must not know other rules.

use crate::document::{Lookup, View};
use crate::finding::{Change, Fix, quote};
use crate::rule::{Context, Judged, Metadata, OptionKind, Rule, RuleOption, declare_rule, docker_size_text, parse_docker_size};

declare_rule! {
    /// ## What it does
    /// Requires containers that log with `awslogs` to do so without blocking: `mode` must be `non-blocking`, and
    /// `max-buffer-size` at least the option `minimum-buffer-size`. A buffer size that is not set is Docker's 10m.
    ///
    /// A missing `mode` fails as not explicit: Amazon ECS has taken it for `non-blocking` since 25 June 2025, but an
    /// account setting (`defaultLogDriverMode`) brings blocking back. Sizes are read as Docker reads them, `25m`,
    /// `25M` and `26214400` alike. An option under `SecretOptions` replaces the one under `Options` when the task
    /// starts, with a value that nobody sees before.
    ///
    /// ## Why is this bad?
    /// Writing a log line then waits, and so does whoever writes it.
    ///
    /// ## How to fix
    /// Set `mode: non-blocking` and `max-buffer-size: 25m` under `LogConfiguration.Options`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LogConfiguration:
    ///       LogDriver: awslogs
    ///       Options: {mode: blocking, max-buffer-size: 25m}
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: awslogs}}]
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LogConfiguration: {LogDriver: awslogs, Options: {mode: non-blocking, max-buffer-size: 4m}}
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LogConfiguration: {LogDriver: awslogs, Options: {mode: non-blocking, max-buffer-size: 1g}}
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: !Ref Driver}}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LogConfiguration:
    ///       LogDriver: awslogs
    ///       Options: {mode: non-blocking, max-buffer-size: 25m}
    ///       SecretOptions: [{Name: mode, ValueFrom: /shop/mode}]
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - Name: web
    ///     LogConfiguration:
    ///       LogDriver: awslogs
    ///       Options: {mode: non-blocking, max-buffer-size: 25m}
    ///       SecretOptions: [{Name: awslogs-group, ValueFrom: /shop/group}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web, LogConfiguration: {LogDriver: splunk}}, {Name: side}]
    /// ```
    pub struct BlockingAwslogs {
        name: "blocking-awslogs",
        severity: Medium,
        profile: Baseline,
        platform: Any,
        since: "0.1.0",
        why: "Blocking mode stops the container while CloudWatch Logs is slow or unreachable; too small a buffer loses lines under a burst.",
        remediation: "Set `mode: non-blocking` and `max-buffer-size: 25m` in `LogConfiguration.Options`.",
        fix: Safe,
        options: [MINIMUM_BUFFER_SIZE, DRIVERS],
        references: [
            Prowler("ecs_task_definitions_logging_block_mode", "stricter, because the buffer's size counts too; looser, because only `awslogs` is looked at by default"),
        ],
    }
}

const MINIMUM_BUFFER_SIZE: RuleOption = RuleOption {
    name: "minimum-buffer-size",
    kind: OptionKind::Size { default: "25m" },
    documentation: "The smallest `max-buffer-size` that is accepted.",
};

const DRIVERS: RuleOption = RuleOption {
    name: "drivers",
    kind: OptionKind::Words {
        default: &["awslogs"],
        known: &["awsfirelens", "awslogs", "fluentd", "gelf", "journald", "json-file", "logentries", "splunk", "syslog"],
        normalize,
        or_all: true,
    },
    documentation: "The log drivers the rule looks at, or `all`: the mode applies to every driver that ECS supports.",
};

/// Drivers are written in lower case; another casing is judged as what it is meant for.
fn normalize(driver: &str) -> String {
    driver.trim().to_ascii_lowercase()
}

impl Rule for BlockingAwslogs {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let configuration = container.field("LogConfiguration");
        match configuration.field("LogDriver").string() {
            Lookup::Known(driver, _) if context.options().holds(&DRIVERS, &normalize(driver.text)) => {}
            Lookup::Known(..) | Lookup::Absent => {
                return context.not_applicable("no container logs with a driver the rule looks at");
            }
            Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
            Lookup::Malformed(problem) => return context.malformed(&problem),
        }
        let minimum = context.options().size(&MINIMUM_BUFFER_SIZE);
        let options = configuration.field("Options");
        let found = [judge_mode(options.field(MODE)), judge_buffer_size(options.field(BUFFER_SIZE), minimum)];
        let size = docker_size_text(minimum.max(parse_docker_size("25m").unwrap_or(minimum)));
        let remediation = match &found {
            [Judged::Violation(_), Judged::Violation(_)] => format!("`mode: non-blocking` and `max-buffer-size: {size}`"),
            [Judged::Violation(_), _] => "`mode: non-blocking`".into(),
            _ => format!("`max-buffer-size: {size}`"),
        };
        for found in found {
            if let Some(finding) = context.take(found) {
                finding.remediation = format!("Set {remediation} in `LogConfiguration.Options`.").into();
                finding.fix = Some(match finding.property {
                    MODE => Fix::safely(&["LogConfiguration", "Options", MODE], Change::set_text("non-blocking")),
                    _ => Fix::safely(&["LogConfiguration", "Options", BUFFER_SIZE], Change::set_text(size.clone())),
                });
            }
        }
        judge_secret_options(configuration.field("SecretOptions"), context);
    }
}

/// Options that come from a secret: the agent writes them over the others when a task starts
/// (<https://github.com/aws/amazon-ecs-agent/blob/master/agent/api/task/task.go>, `populateContainerSecrets`).
fn judge_secret_options(secrets: View<'_>, context: &mut Context<'_>) {
    let secrets = match secrets.list() {
        Lookup::Known(secrets, _) => secrets,
        Lookup::Absent => return,
        Lookup::Unresolved(unresolved) => return context.unresolved(&unresolved),
        Lookup::Malformed(problem) => return context.malformed(&problem),
    };
    for secret in secrets {
        match secret.field("Name").string() {
            Lookup::Known(name, node) if matches!(name.text, MODE | BUFFER_SIZE) => {
                let message = format!("`{}` comes from a secret, whose value replaces what is written", name.text);
                context.undecided("SecretOptions", node, message).remediation =
                    format!("Remove `{}` from `LogConfiguration.SecretOptions`.", name.text).into();
            }
            Lookup::Known(..) | Lookup::Absent => {}
            Lookup::Unresolved(unresolved) => context.unresolved(&unresolved),
            Lookup::Malformed(problem) => context.malformed(&problem),
        }
    }
}

const MODE: &str = "mode";
const BUFFER_SIZE: &str = "max-buffer-size";

/// What Docker takes when `max-buffer-size` is not set
/// (<https://docs.docker.com/engine/logging/configure/#configure-the-delivery-mode-of-log-messages-from-container-to-log-driver>).
const DEFAULT_BUFFER_SIZE: u64 = 10 * 1024 * 1024;

fn judge_mode(mode: View<'_>) -> Judged<'_> {
    match mode.string() {
        Lookup::Known(mode, _) if mode.text == "non-blocking" => Judged::Compliant,
        Lookup::Known(mode, node) => {
            Judged::violation(MODE, Some(node), format!("`mode` is {}, not `non-blocking`", quote(mode.text)))
        }
        Lookup::Absent => {
            let message = "`mode` is not set, so an account setting may make it blocking";
            Judged::violation(MODE, None, message)
        }
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

fn judge_buffer_size(size: View<'_>, minimum: u64) -> Judged<'_> {
    let (bytes, node, found) = match size.string() {
        Lookup::Known(size, node) => (parse_docker_size(size.text), Some(node), quote(size.text)),
        Lookup::Absent => (Some(DEFAULT_BUFFER_SIZE), None, "not set, which means 10m".into()),
        Lookup::Unresolved(unresolved) => return Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => return Judged::Malformed(problem),
    };
    match bytes {
        Some(bytes) if bytes >= minimum => Judged::Compliant,
        Some(_) => {
            let message = format!("`max-buffer-size` is {found}, below {}", docker_size_text(minimum));
            Judged::violation(BUFFER_SIZE, node, message)
        }
        None => {
            let message = format!("`max-buffer-size` is {found}, which is not a size that Docker reads");
            Judged::violation(BUFFER_SIZE, node, message)
        }
    }
}
