//! Named selections of rules.
//!
//! Owns which rules a profile holds. Must not know any particular rule, nor how strictly a policy applies one.

use super::{Framework, Metadata};

/// A named selection of rules. The first three hold each other; the others hold what a catalogue asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// What no service needs; the default.
    Baseline,
    /// And what few services need.
    Restricted,
    /// And what good practice asks for.
    Pedantic,
    /// The rules that a control of AWS Security Hub asks for.
    SecurityHub,
    /// The rules that a proactive control of AWS Control Tower asks for.
    ControlTower,
    /// The rules that the CIS AWS Compute Services Benchmark asks for.
    Cis,
}

impl Profile {
    /// Every profile.
    pub const ALL: &[Self] =
        &[Self::Baseline, Self::Restricted, Self::Pedantic, Self::SecurityHub, Self::ControlTower, Self::Cis];

    /// The word for it in the policy file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
            Self::Pedantic => "pedantic",
            Self::SecurityHub => "security-hub",
            Self::ControlTower => "control-tower",
            Self::Cis => "cis",
        }
    }

    /// The profile of this word.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.as_str() == name)
    }

    /// What it holds, in words that follow "holds".
    pub fn description(self) -> &'static str {
        match self {
            Self::Baseline => "what no service needs",
            Self::Restricted => "`baseline`, and what few services need",
            Self::Pedantic => "`restricted`, and what good practice asks for",
            Self::SecurityHub => "what AWS Security Hub's controls ask for",
            Self::ControlTower => "what AWS Control Tower's proactive controls ask for",
            Self::Cis => "what the CIS AWS Compute Services Benchmark asks for",
        }
    }

    /// Whether it holds a rule. A rule that needs an option is in no profile: it is on once the option is set.
    pub fn holds(self, rule: &Metadata) -> bool {
        let of = |framework| rule.references.iter().any(|reference| reference.framework == framework);
        let is_held = match self {
            Self::Baseline | Self::Restricted | Self::Pedantic => rule.profile <= self,
            Self::SecurityHub => of(Framework::SecurityHub),
            Self::ControlTower => of(Framework::ControlTower),
            Self::Cis => of(Framework::CisComputeServices),
        };
        is_held && rule.required_option().is_none()
    }
}
