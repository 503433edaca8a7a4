//! What a hook said lately, by rule and by target: the evidence for letting it block.
//!
//! Owns what counts as stopped. Must not know how invocations are got.

use std::collections::BTreeMap;

/// One invocation of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// When, in seconds since 1970.
    pub invoked_at: Option<i64>,
    /// How it ended.
    pub ending: Ending,
    /// Whether the hook was to stop what fails: `FAIL` or `WARN`, or a word that is new.
    pub failure_mode: Option<String>,
    /// What was judged: the stack's name, or what else is known, and the resource in it.
    pub target: String,
    /// The hook's message.
    pub reason: Option<String>,
    /// The rules that were violated; `None`: they could not be had.
    pub violated: Option<Vec<Violated>>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Answered with success.
    Passed,
    /// Answered with a failure.
    Failed,
    /// Not answered: an error, a timeout.
    WithoutAnswer,
    /// Not ended.
    Running,
    /// In a way that AWS did not have when this was written.
    Other(String),
}

/// A rule that was violated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violated {
    /// Its name.
    pub rule: String,
    /// How bad that is, in the hook protocol's words.
    pub severity: Option<String>,
    /// Whether the rule is at level `warn`, so that it stops nothing.
    pub is_warning: bool,
    /// What the hook says of it.
    pub message: Option<String>,
}

/// What stands in a rule's place where a failure names none.
pub const NO_RULE: &str = "no rule named";

/// What stands in a rule's place where nobody could see which it is.
pub const NOT_SEEN: &str = "rules that could not be seen";

/// What stands for those that have not ended among the endings that are no answer.
pub const RUNNING: &str = "running";

/// Invocations, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// All of them.
    pub invocations: usize,
    /// Those answered with success.
    pub passed: usize,
    /// Those answered with a failure.
    pub failed: usize,
    /// Those not answered.
    pub without_answer: usize,
    /// Those of any other ending, by its word; those that have not ended are `running`.
    pub others: BTreeMap<String, usize>,
    /// Those that were stopped, or would have been in failure mode FAIL, by failure mode.
    pub stopped: BTreeMap<String, usize>,
    /// The first and the last, in seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// What failed, by rule.
    pub rules: BTreeMap<String, Group>,
    /// What rules at level `warn` found in what failed, which is not why it did.
    pub warnings: BTreeMap<String, Group>,
    /// What was not answered, by target.
    pub unanswered: BTreeMap<String, Target>,
}

/// What one rule stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// How bad its violation is.
    pub severity: Option<String>,
    /// How often.
    pub invocations: usize,
    /// The targets.
    pub targets: BTreeMap<String, Target>,
}

/// What was stopped, or got no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// How often.
    pub invocations: usize,
    /// Why, the last time that a reason was given.
    pub reason: Option<String>,
    /// When that was, in seconds since 1970.
    reason_at: Option<i64>,
}

impl Target {
    fn add(&mut self, at: Option<i64>, reason: Option<String>) {
        self.invocations += 1;
        if reason.is_some() && (self.reason.is_none() || at > self.reason_at) {
            (self.reason, self.reason_at) = (reason, at);
        }
    }
}

impl Summary {
    /// Counts one invocation more.
    pub fn add(&mut self, invocation: Invocation) {
        let Invocation { invoked_at, ending, failure_mode, target, reason, violated } = invocation;
        self.invocations += 1;
        if let Some(at) = invoked_at {
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
        }
        match ending {
            Ending::Passed => {
                self.passed += 1;
                return;
            }
            Ending::Running => {
                *self.others.entry(RUNNING.into()).or_default() += 1;
                return;
            }
            Ending::Other(word) => {
                *self.others.entry(word).or_default() += 1;
                return;
            }
            Ending::Failed => {
                self.failed += 1;
                let in_its_place = if violated.is_some() { NO_RULE } else { NOT_SEEN };
                let violated = violated.unwrap_or_default();
                let is_named = violated.iter().any(|own| !own.is_warning);
                let unnamed = Violated {
                    rule: in_its_place.into(),
                    severity: None,
                    is_warning: false,
                    message: reason,
                };
                let unnamed = (!is_named).then_some(unnamed);
                for own in once_each(violated).into_iter().chain(unnamed) {
                    let Violated { rule, severity, is_warning, message } = own;
                    let groups = if is_warning { &mut self.warnings } else { &mut self.rules };
                    let group = groups.entry(rule).or_default();
                    group.severity = severity.or(group.severity.take());
                    group.invocations += 1;
                    group.targets.entry(target.clone()).or_default().add(invoked_at, message);
                }
            }
            Ending::WithoutAnswer => {
                self.without_answer += 1;
                self.unanswered.entry(target).or_default().add(invoked_at, reason);
            }
        }
        *self.stopped.entry(failure_mode.unwrap_or_else(|| "unknown".into())).or_default() += 1;
    }
}

/// Each rule once, however often one invocation names it; what stops counts before what does not.
fn once_each(violated: Vec<Violated>) -> Vec<Violated> {
    let mut rules: Vec<Violated> = Vec::with_capacity(violated.len());
    for own in violated {
        match rules.iter_mut().find(|known| known.rule == own.rule) {
            None => rules.push(own),
            Some(known) => {
                let (first, second) = match (known.is_warning, own.is_warning) {
                    (true, false) => (own.message, known.message.take()),
                    _ => (known.message.take(), own.message),
                };
                known.message = first.or(second);
                known.is_warning &= own.is_warning;
                known.severity = known.severity.take().or(own.severity);
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(ending: Ending, target: &str, rules: &[&str]) -> Invocation {
        let violated = |rule: &&str| Violated {
            rule: (*rule).into(),
            severity: Some("HIGH".into()),
            is_warning: false,
            message: Some(format!("of {rule}")),
        };
        Invocation {
            invoked_at: Some(7),
            ending,
            failure_mode: Some("WARN".into()),
            target: target.into(),
            reason: Some("why".into()),
            violated: Some(rules.iter().map(violated).collect()),
        }
    }

    fn targets(group: &Group) -> Vec<(&str, usize, Option<&str>)> {
        group
            .targets
            .iter()
            .map(|(name, target)| (name.as_str(), target.invocations, target.reason.as_deref()))
            .collect()
    }

    #[test]
    fn the_reason_is_the_latest_that_was_given_in_whatever_order_they_come() {
        let mut summary = Summary::default();
        for (at, why) in [
            (Some(5), Some("old")),
            (Some(9), Some("new")),
            (Some(7), Some("older")),
            (None, Some("?")),
            (Some(10), None),
        ] {
            let mut failed = invocation(Ending::Failed, "a/Task", &["root-user"]);
            failed.invoked_at = at;
            failed.violated.as_mut().unwrap()[0].message = why.map(str::to_owned);
            summary.add(failed);
        }
        assert_eq!(targets(&summary.rules["root-user"]), [("a/Task", 5, Some("new"))]);
    }

    #[test]
    fn a_rule_counts_once_in_an_invocation_and_what_only_warns_stops_nothing() {
        let mut summary = Summary::default();
        let mut failed = invocation(Ending::Failed, "a/Task", &["root-user", "root-user", "host-device"]);
        failed.violated.as_mut().unwrap()[2].is_warning = true;
        summary.add(failed.clone());
        failed.violated.as_mut().unwrap().drain(..2);
        summary.add(failed);
        assert_eq!(summary.rules["root-user"].invocations, 1);
        assert_eq!(targets(&summary.rules["root-user"]), [("a/Task", 1, Some("of root-user"))]);
        assert_eq!(summary.warnings["host-device"].invocations, 2);
        // Something else made the second fail.
        assert_eq!(summary.rules.keys().collect::<Vec<_>>(), [NO_RULE, "root-user"]);
    }

    #[test]
    fn failures_are_counted_by_rule_and_target_and_what_got_no_answer_is_none_of_a_rule() {
        let mut summary = Summary::default();
        summary.add(invocation(Ending::Failed, "a/Task", &["root-user", "privileged-container"]));
        summary
            .add(Invocation { invoked_at: Some(9), ..invocation(Ending::Failed, "a/Task", &["root-user"]) });
        summary.add(invocation(Ending::Failed, "b/Task", &[]));
        summary.add(Invocation { violated: None, ..invocation(Ending::Failed, "d/Task", &[]) });
        summary.add(invocation(Ending::Passed, "c/Task", &["root-user"]));
        summary.add(invocation(Ending::WithoutAnswer, "c/Task", &[]));
        summary.add(invocation(Ending::Running, "c/Task", &[]));
        summary
            .add(Invocation { invoked_at: None, ..invocation(Ending::Other("HOOK_NEW".into()), "c", &[]) });
        assert_eq!(
            (summary.invocations, summary.passed, summary.failed, summary.without_answer),
            (8, 1, 4, 1)
        );
        assert_eq!(summary.others, BTreeMap::from([("HOOK_NEW".into(), 1), ("running".into(), 1)]));
        assert_eq!(summary.stopped, BTreeMap::from([("WARN".into(), 5)]));
        assert_eq!(summary.span, Some((7, 9)));
        assert_eq!(targets(&summary.rules["root-user"]), [("a/Task", 2, Some("of root-user"))]);
        assert_eq!(summary.rules["privileged-container"].invocations, 1);
        // Where no rule has a message, the invocation has.
        assert_eq!(targets(&summary.rules[NO_RULE]), [("b/Task", 1, Some("why"))]);
        assert_eq!(targets(&summary.rules[NOT_SEEN]), [("d/Task", 1, Some("why"))]);
        assert_eq!(summary.unanswered["c/Task"].reason.as_deref(), Some("why"));
    }
}
