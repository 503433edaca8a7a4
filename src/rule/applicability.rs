//! Where a rule applies.
//!
//! Owns what a task may run on, Linux or Windows and which launch types, as far as it decides whether a rule has a subject.
//! Must not know any particular rule.

use super::{Metadata, OptionKind, Options, RuleOption};
use crate::document::{Holds, Lookup, Problem, Unresolved, View};

/// The platforms a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Every task definition.
    Any,
    /// Properties that Windows containers do not have.
    Linux,
    /// What only Windows containers have.
    Windows,
}

/// What Amazon ECS runs tasks on, where a rule must tell it apart
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchType {
    /// AWS's own machines.
    Fargate,
    /// The customer's machines outside AWS.
    External,
}

impl LaunchType {
    /// The word in `RequiresCompatibilities`.
    fn word(self) -> &'static str {
        match self {
            Self::Fargate => "FARGATE",
            Self::External => "EXTERNAL",
        }
    }

    /// Why a rule that is not about it does not apply, in words that follow "because".
    fn because(self) -> &'static str {
        match self {
            Self::Fargate => "the task runs on Fargate only",
            Self::External => "the task runs on external instances only",
        }
    }
}

/// Every rule for Linux has this option.
pub const TRUST_PLATFORM_FAMILY: RuleOption = RuleOption {
    name: "trust-platform-family",
    kind: OptionKind::Boolean { default: true },
    documentation: "Believe a `RuntimePlatform.OperatingSystemFamily` of `WINDOWS_SERVER_…` where \
        `RequiresCompatibilities` does not name `FARGATE`. Amazon ECS holds the author to it on Fargate only; with \
        `false`, a task that does not name Fargate is judged as Linux.",
};

/// Whether a rule applies to a task definition.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Applies<'a> {
    /// It does.
    Yes,
    /// It does, but the task may also run where it does not.
    Partly,
    /// It does not; in words that follow "because".
    Not(&'static str),
    /// That is decided later. What the rule says holds on the platform that is named.
    Undecided(Unresolved<'a>, &'static str),
    /// What cannot be right excuses nothing, so it applies, as if for the platform that is named.
    Unreadable(Problem<'a>, &'static str),
}

impl<'a> Applies<'a> {
    /// Whether `rule` applies to a task definition.
    pub(crate) fn of(task_definition: View<'a>, rule: &Metadata, options: &Options) -> Self {
        let of_platform = match rule.platform {
            Platform::Any => Self::Yes,
            Platform::Linux => Self::on_linux(task_definition, options),
            Platform::Windows => Self::on_windows(task_definition),
        };
        match (of_platform, Self::on_launch_types(task_definition, rule.not_on)) {
            (not @ Self::Not(_), _) | (_, not @ Self::Not(_)) => not,
            (open @ Self::Undecided(..), _) | (_, open @ Self::Undecided(..)) => open,
            (Self::Yes, other) => other,
            (unreadable, _) => unreadable,
        }
    }

    /// "A platform family is specified only for tasks using the Fargate launch type": elsewhere it is the author's word
    /// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>).
    fn on_linux(task_definition: View<'a>, options: &Options) -> Self {
        const LINUX: &str = "Linux";
        let declared = match declares_windows(task_definition) {
            Lookup::Known(true, _) => Self::Not("the definition declares Windows"),
            Lookup::Unresolved(unresolved) => Self::Undecided(unresolved, LINUX),
            Lookup::Malformed(problem) => return Self::Unreadable(problem, LINUX),
            Lookup::Known(false, _) | Lookup::Absent => return Self::Yes,
        };
        if options.is_on(&TRUST_PLATFORM_FAMILY) {
            return declared;
        }
        let launch_types = match task_definition.field("RequiresCompatibilities").list() {
            Lookup::Known(launch_types, _) => launch_types,
            Lookup::Unresolved(unresolved) => return Self::Undecided(unresolved, LINUX),
            Lookup::Absent | Lookup::Malformed(_) => return Self::Yes,
        };
        let mut applicability = Self::Yes;
        for launch_type in launch_types {
            match launch_type.string() {
                Lookup::Known(text, _) if text.text == LaunchType::Fargate.word() => return declared,
                Lookup::Unresolved(unresolved) => applicability = Self::Undecided(unresolved, LINUX),
                Lookup::Known(..) | Lookup::Absent | Lookup::Malformed(_) => {}
            }
        }
        applicability
    }

    fn on_windows(task_definition: View<'a>) -> Self {
        match declares_windows(task_definition) {
            Lookup::Known(true, _) => Self::Yes,
            Lookup::Known(false, _) | Lookup::Absent => Self::Not("the definition does not declare Windows"),
            Lookup::Unresolved(unresolved) => Self::Undecided(unresolved, "Windows"),
            Lookup::Malformed(problem) => Self::Unreadable(problem, "Windows"),
        }
    }

    /// A task may run on every launch type that is listed; where none is, on EC2 and on external instances.
    fn on_launch_types(task_definition: View<'a>, excepted: &[LaunchType]) -> Self {
        const OTHERS: &str = "EC2";
        if excepted.is_empty() {
            return Self::Yes;
        }
        let launch_types = match task_definition.field("RequiresCompatibilities").list() {
            Lookup::Known(launch_types, _) => launch_types,
            Lookup::Absent => return Self::Yes,
            Lookup::Unresolved(unresolved) => return Self::Undecided(unresolved, OTHERS),
            Lookup::Malformed(problem) => return Self::Unreadable(problem, OTHERS),
        };
        let mut of_others = None;
        let mut is_on_others_only = true;
        for launch_type in launch_types {
            match launch_type.string() {
                Lookup::Known(text, _) => match excepted.iter().find(|excepted| excepted.word() == text.text)
                {
                    Some(found) => of_others = of_others.or(Some(Self::Not(found.because()))),
                    None => is_on_others_only = false,
                },
                Lookup::Unresolved(unresolved) => {
                    let known = unresolved.partial();
                    if excepted.iter().all(|excepted| known.matches(excepted.word()) == Holds::No) {
                        is_on_others_only = false;
                    } else {
                        of_others = Some(Self::Undecided(unresolved, OTHERS));
                    }
                }
                Lookup::Malformed(problem) => of_others = Some(Self::Unreadable(problem, OTHERS)),
                Lookup::Absent => {}
            }
        }
        match of_others {
            None => Self::Yes,
            Some(of_others) if is_on_others_only => of_others,
            Some(_) => Self::Partly,
        }
    }
}

/// Whether the platform family is one of Windows.
fn declares_windows(task_definition: View<'_>) -> Lookup<'_, bool> {
    const WINDOWS: &str = "WINDOWS_SERVER_";
    match task_definition.field("RuntimePlatform").field("OperatingSystemFamily").string() {
        Lookup::Known(family, node) => Lookup::Known(family.text.starts_with(WINDOWS), node),
        Lookup::Absent => Lookup::Absent,
        Lookup::Unresolved(unresolved) => {
            let known = unresolved.partial();
            match known.matches("WINDOWS_SERVER_*") {
                Holds::No => Lookup::Known(false, unresolved.node),
                _ if known.beginning().starts_with(WINDOWS) => Lookup::Known(true, unresolved.node),
                _ => Lookup::Unresolved(unresolved),
            }
        }
        Lookup::Malformed(problem) => Lookup::Malformed(problem),
    }
}
