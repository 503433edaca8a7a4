//! What is fixed about a rule.
//!
//! Owns what describes a rule to people: documentation, policy, help and reports derive from it. Must not know any particular
//! rule, nor how one judges.

use super::{LaunchType, Platform, Profile, RuleOption, TRUST_PLATFORM_FAMILY};
use crate::finding::{Applicability, Severity};

/// What is fixed about a rule. Everything that describes the rule to people derives from here.
#[derive(Debug)]
pub struct Metadata {
    /// Kebab-case, names the bad thing; the rule's id everywhere.
    pub name: &'static str,
    /// How bad a violation is.
    pub severity: Severity,
    /// The smallest profile that holds the rule.
    pub profile: Profile,
    /// Which platforms the rule is about.
    pub platform: Platform,
    /// Where it has no subject: it does not apply to a task that can run there only.
    pub not_on: &'static [LaunchType],
    /// The version that brought the rule.
    pub since: &'static str,
    /// Why a violation is bad, in one sentence; the documentation's section on it goes on from there.
    pub why: &'static str,
    /// What to write instead, where a finding has nothing more exact; whole sentences.
    pub remediation: &'static str,
    /// The kind of change that mends a violation, where there is one; that a key in another casing is spelled right goes
    /// without saying.
    pub fix: Option<Applicability>,
    /// Its own options; [`Metadata::options`] has those of its platform too.
    pub own_options: &'static [RuleOption],
    /// Checks of the same kind elsewhere.
    pub references: &'static [Reference],
    /// The doc comment: Markdown with the sections `What it does`, `Why is this bad?`, `Examples`.
    pub documentation: &'static str,
}

impl Metadata {
    /// All options the policy file may set for this rule.
    pub fn options(&self) -> impl Iterator<Item = &'static RuleOption> + use<> {
        let of_platform: &'static [RuleOption] = match self.platform {
            Platform::Any | Platform::Windows => &[],
            Platform::Linux => std::slice::from_ref(&TRUST_PLATFORM_FAMILY),
        };
        self.own_options.iter().chain(of_platform)
    }

    /// The option without which the rule has nothing to say: it is off until the policy sets it.
    pub fn required_option(&self) -> Option<&'static RuleOption> {
        self.own_options.iter().find(|option| option.kind.is_required())
    }

    /// The text under one `##` heading of the documentation, trimmed; empty when there is none.
    pub fn section(&self, heading: &str) -> &'static str {
        let sections = self.documentation.trim_start_matches(" ## ").split("\n ## ");
        let mut texts = sections.filter_map(|section| section.strip_prefix(heading)?.strip_prefix('\n'));
        texts.next().unwrap_or_default().trim()
    }
}

/// A check of the same kind in another catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Whose catalogue.
    pub framework: Framework,
    /// The check's id there.
    pub id: &'static str,
    /// How this rule compares: "same", or "stricter" or "looser" with the reason.
    pub relation: &'static str,
}

/// Catalogues of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "proper names")]
pub enum Framework {
    SecurityHub,
    ControlTower,
    CisComputeServices,
    Config,
    GuardRegistry,
    Checkov,
    Kics,
    Trivy,
    CdkNag,
    Prowler,
}

impl Framework {
    /// Every catalogue, those that have a profile first.
    pub const ALL: &[Self] = &[
        Self::SecurityHub,
        Self::ControlTower,
        Self::CisComputeServices,
        Self::Config,
        Self::GuardRegistry,
        Self::Checkov,
        Self::Kics,
        Self::Trivy,
        Self::CdkNag,
        Self::Prowler,
    ];

    /// The name people know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityHub => "AWS Security Hub",
            Self::ControlTower => "AWS Control Tower",
            Self::CisComputeServices => "CIS AWS Compute Services",
            Self::Config => "AWS Config",
            Self::GuardRegistry => "AWS Guard Rules Registry",
            Self::Checkov => "Checkov",
            Self::Kics => "KICS",
            Self::Trivy => "Trivy",
            Self::CdkNag => "cdk-nag",
            Self::Prowler => "Prowler",
        }
    }
}
