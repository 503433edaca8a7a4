//! The policy: which rules apply, how strictly, and with what options.
//!
//! Owns the validated [`Policy`] and, in `file` and `vocabulary`, the syntax it is written in. Must not know where the
//! file comes from, and not what any rule does.

mod exception;
mod file;
pub(crate) mod vocabulary;

use std::fmt;

pub use exception::{Exception, Field, LONGEST_TAG, Matcher};
#[cfg(feature = "cli")]
pub(crate) use file::did_you_mean;
pub use file::{Problem, Problems, read, read_with};

use crate::rule::{Options, Profile, Rule};
use crate::rules;

/// A policy that has been checked; nothing in it can be wrong any more.
#[derive(Clone)]
pub struct Policy {
    /// The profile it is made of.
    pub profile: Profile,
    /// The rules that are not off, in the catalogue's order.
    pub rules: Vec<Setting>,
    /// What to answer when a task definition could not be judged.
    pub on_internal_error: OnInternalError,
    /// What to do about a value that is not known yet.
    pub unresolved: WhenUnresolved,
    /// Which task definitions of a stack block its operation.
    pub stack_scope: StackScope,
    /// Where the values of a change set's parameters come from.
    pub change_set_parameters: ChangeSetParameters,
    /// What is excused, in the order of the file.
    pub exceptions: Vec<Exception>,
    /// Where the rules are documented: a rule's name after `#` is appended.
    pub documentation_url: Option<String>,
}

/// A rule as the policy applies it.
#[derive(Clone)]
pub struct Setting {
    /// The rule.
    pub rule: &'static dyn Rule,
    /// How strictly.
    pub level: Level,
    /// With what options.
    pub options: Options,
}

/// How strictly a rule is applied. A rule that is off has no level: it is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A violation is reported.
    Warn,
    /// A violation blocks.
    Deny,
}

impl Level {
    /// The word for it in the policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// What to answer when a task definition could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInternalError {
    /// Block: nothing passes unseen.
    Deny,
    /// Let pass, with a loud message and a metric.
    Allow,
}

/// What to do about values that are not known yet, by the kind of hook operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhenUnresolved {
    /// In resource and Cloud Control operations, where CloudFormation has resolved what it can.
    pub resource: Level,
    /// In stack and change set operations, where the resource operation is still to come.
    pub stack: Level,
}

/// Which task definitions of a stack block its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackScope {
    /// Those that are new or may differ from what is deployed; the others are reported only.
    Changed,
    /// All of them.
    All,
}

/// Where the values of a change set's parameters come from: the event does not hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeSetParameters {
    /// From nowhere: what depends on one is unknown.
    Unknown,
    /// From CloudFormation, which is asked where something depends on one.
    Describe,
}

impl Policy {
    /// The policy of an empty file: the baseline profile at level deny, everything else closed by default.
    pub fn baseline() -> Self {
        Self::of(Profile::Baseline)
    }

    /// The same with another profile.
    pub fn of(profile: Profile) -> Self {
        let chosen = rules::ALL.iter().filter(|rule| profile.holds(rule.metadata()));
        let setting = |rule: &&'static dyn Rule| Setting {
            rule: *rule,
            level: Level::Deny,
            options: Options::default(),
        };
        Self {
            profile,
            rules: chosen.map(setting).collect(),
            on_internal_error: OnInternalError::Deny,
            unresolved: WhenUnresolved { resource: Level::Deny, stack: Level::Warn },
            stack_scope: StackScope::Changed,
            change_set_parameters: ChangeSetParameters::Unknown,
            exceptions: Vec::new(),
            documentation_url: None,
        }
    }

    /// Where a rule is documented: below the policy's URL, else in the repository this version was built from;
    /// nowhere when neither is known.
    pub fn documentation_link(&self, rule: &str) -> Option<String> {
        match &self.documentation_url {
            Some(base) => Some(format!("{base}#{rule}")),
            None => repository_link(env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"), rule),
        }
    }
}

fn repository_link(repository: &str, version: &str, rule: &str) -> Option<String> {
    (!repository.is_empty()).then(|| format!("{repository}/blob/v{version}/docs/rules.md#{rule}"))
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules =
            self.rules.iter().map(|setting| (setting.rule.metadata().name, setting.level, &setting.options));
        f.debug_struct("Policy")
            .field("profile", &self.profile)
            .field("rules", &rules.collect::<Vec<_>>())
            .field("on_internal_error", &self.on_internal_error)
            .field("unresolved", &self.unresolved)
            .field("stack_scope", &self.stack_scope)
            .field("change_set_parameters", &self.change_set_parameters)
            .field("exceptions", &self.exceptions)
            .field("documentation_url", &self.documentation_url)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Level, Policy, read, read_with, repository_link};
    use crate::rule::{Framework, Profile};

    fn names(policy: &Policy) -> Vec<&'static str> {
        policy.rules.iter().map(|setting| setting.rule.metadata().name).collect()
    }

    fn names_in(text: &str) -> Vec<&'static str> {
        names(&read(text).unwrap())
    }

    #[test]
    fn profiles_hold_each_other_or_what_a_catalogue_asks_for() {
        let held = |profile| names(&Policy::of(profile));
        let [baseline, restricted, pedantic] =
            [Profile::Baseline, Profile::Restricted, Profile::Pedantic].map(held);
        assert_eq!(restricted[..baseline.len()], baseline);
        assert_eq!(pedantic[..restricted.len()], restricted);
        assert!(baseline.len() < restricted.len() && restricted.len() < pedantic.len());
        for (profile, framework) in [
            (Profile::SecurityHub, Framework::SecurityHub),
            (Profile::ControlTower, Framework::ControlTower),
            (Profile::Cis, Framework::CisComputeServices),
        ] {
            let policy = Policy::of(profile);
            assert!(policy.rules.len() > 5, "{profile:?}");
            for setting in &policy.rules {
                let references = setting.rule.metadata().references;
                assert!(references.iter().any(|reference| reference.framework == framework));
            }
        }
    }

    #[test]
    fn each_profile_has_words_of_its_own() {
        for profile in Profile::ALL {
            assert_eq!(Profile::by_name(profile.as_str()), Some(*profile));
        }
        let descriptions: BTreeSet<_> = Profile::ALL.iter().map(|profile| profile.description()).collect();
        assert_eq!(descriptions.len(), Profile::ALL.len());
    }

    #[test]
    fn what_the_policy_says_of_a_rule_goes_before_its_profile() {
        let all = names_in("profile: restricted");
        assert_eq!(names_in("profile: restricted\nrules: {}"), all);
        assert!(
            !names_in("{profile: restricted, rules: {host-pid-mode: {level: off}}}")
                .contains(&"host-pid-mode")
        );
        let named = read("rules: {host-pid-mode: {level: warn}}").unwrap();
        let setting = named.rules.last().unwrap();
        assert_eq!((setting.rule.metadata().name, setting.level), ("host-pid-mode", Level::Warn));
        // Options alone do not bring a rule in.
        let only_options = "rules: {mutable-image: {require: tag}}";
        assert_eq!(names_in(only_options), names(&Policy::baseline()));
        assert!(names_in(&format!("{only_options}\nprofile: pedantic")).contains(&"mutable-image"));
        // Another profile takes the place of the file's, and leaves what is said of a rule.
        let text = "{profile: pedantic, rules: {host-pid-mode: {level: warn}, root-user: {level: off}}}";
        let policy = read_with(text, Some(Profile::Baseline)).unwrap();
        assert_eq!(policy.profile, Profile::Baseline);
        assert!(names(&policy).contains(&"host-pid-mode") && !names(&policy).contains(&"root-user"));
        assert_eq!(policy.rules.len(), 5);
        let excused = "{profile: restricted, exceptions: [{rules: host-pid-mode, account: '111122223333', reason: it watches}]}";
        assert!(read_with(excused, Some(Profile::Baseline)).is_ok());
    }

    #[test]
    fn a_rule_that_needs_an_option_is_on_when_it_has_it() {
        for profile in Profile::ALL {
            assert!(!names(&Policy::of(*profile)).contains(&"untrusted-registry"));
        }
        let policy = read("rules: {untrusted-registry: {registries: [public.ecr.aws]}}").unwrap();
        assert_eq!(policy.rules.last().map(|setting| setting.level), Some(Level::Deny));
        assert_eq!(names(&policy).last(), Some(&"untrusted-registry"));
        assert!(!names_in("rules: {untrusted-registry: {level: off}}").contains(&"untrusted-registry"));
        assert!(read("rules: {untrusted-registry: {level: warn}}").is_err());
    }

    #[test]
    fn links_come_from_the_policy_else_from_the_repository_else_not_at_all() {
        let mut policy = Policy::baseline();
        policy.documentation_url = Some("https://wiki.example/ecs".into());
        assert_eq!(
            policy.documentation_link("root-user").as_deref(),
            Some("https://wiki.example/ecs#root-user")
        );
        assert_eq!(
            repository_link("https://git.example/ecs-guard", "1.2.3", "root-user").as_deref(),
            Some("https://git.example/ecs-guard/blob/v1.2.3/docs/rules.md#root-user")
        );
        assert_eq!(repository_link("", "1.2.3", "root-user"), None);
    }
}
