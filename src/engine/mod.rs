//! The engine: a task definition and a policy become a report.
//!
//! Owns the order of judging: every combination of duplicate keys, every rule, the platform a rule is about,
//! and the join of what they say. Pure: no clock, environment, input, output or logging. Must not know who
//! asked, how the answer is shown, or any particular rule.

mod cases;
mod exceptions;

use std::cell::Cell;

use crate::document::{Node, Reading, Resolve, View};
use crate::finding::{Finding, Findings, Severity, Verdict, quote};
use crate::policy::{Policy, Setting};
use crate::report::{Outcome, Report};
use crate::rule::{Applies, Asked, Context, Focus};
use crate::template::{Scenario, TaskDefinition, Template};
use cases::Cases;

use exceptions::asked;
pub use exceptions::{StackTags, Subject, excuse, looks_at_tags};

/// How many combinations of duplicate keys outside containers are judged for one rule before they fail it; those
/// inside a container are tried container by container.
const MAXIMUM_COMBINATIONS: usize = 8;

/// Judges the properties of one `AWS::ECS::TaskDefinition` by every rule that `policy` does not turn off.
pub fn evaluate(properties: &Node<'_>, policy: &Policy) -> Report {
    let mut duplicate_keys = Vec::new();
    let outcome = |setting: &Setting| Outcome {
        rule: setting.rule.metadata(),
        level: setting.level,
        findings: {
            let asked = asked(policy, setting.rule.metadata().name);
            judge_all(properties, (setting, &asked), None, None, &mut duplicate_keys)
        },
    };
    let outcomes = policy.rules.iter().map(outcome).collect();
    Report { outcomes, duplicate_keys, has_too_many_cases: false }
}

/// Judges the `properties` of a template's task definition in every case that the template allows, by every rule that
/// `policy` does not turn off. A finding that holds in some of them names those.
pub fn evaluate_cases<'t>(
    template: &'t Template<'t>,
    task_definition: &TaskDefinition<'t>,
    properties: &'t Node<'t>,
    policy: &Policy,
) -> Report {
    let mut duplicate_keys = Vec::new();
    let mut has_too_many_cases = false;
    let mut outcome = |setting: &Setting| {
        let asked = asked(policy, setting.rule.metadata().name);
        let question = Question { template, task_definition, properties, setting, asked };
        let mut findings = match question.all_cases(None, &mut duplicate_keys) {
            (findings, false) => findings,
            // Containers do not decide of each other, so one by one they have fewer cases.
            (rest, true) => {
                let (findings, is_cut) = question.container_by_container(&mut duplicate_keys);
                has_too_many_cases |= is_cut;
                if is_cut { findings.join(rest) } else { findings }
            }
        };
        if findings.verdict == Verdict::NotApplicable {
            findings.not_applicable_because.get_or_insert("it is never created: its condition does not hold");
        }
        if let Some(name) = template.macros.first().copied().or(task_definition.function) {
            distrust(&mut findings, name, task_definition, setting.rule.metadata().severity);
        }
        Outcome { rule: setting.rule.metadata(), level: setting.level, findings }
    };
    let outcomes = policy.rules.iter().map(&mut outcome).collect();
    Report { outcomes, duplicate_keys, has_too_many_cases }
}

/// What one rule is asked of one task definition of a template.
struct Question<'q, 't> {
    template: &'t Template<'t>,
    task_definition: &'q TaskDefinition<'t>,
    properties: &'t Node<'t>,
    setting: &'q Setting,
    asked: Asked<'q>,
}

/// How many containers are looked at one by one; Amazon ECS takes ten.
const MAXIMUM_CONTAINERS: usize = 64;

impl<'t> Question<'_, 't> {
    /// What the rule says in all cases together, and whether there were too many to see each.
    fn all_cases(&self, focus: Option<&Focus>, duplicate_keys: &mut Vec<&'static str>) -> (Findings, bool) {
        let mut scenario = Scenario::new(self.template, Some(self.properties));
        if self.task_definition.function.is_some() {
            scenario.distrust();
        }
        let mut cases = Cases::default();
        // A template that refuses everything is judged as if it refused nothing: it is ours to be wrong about that.
        let mut refused = Cases::default();
        loop {
            let findings = self.case(&scenario, focus, duplicate_keys);
            match scenario.is_refused(findings.verdict == Verdict::Fail) {
                false => cases.add(&scenario.facts(), scenario.has_given_up(), findings),
                true if cases.is_empty() => refused.add(&scenario.facts(), scenario.has_given_up(), findings),
                true => {}
            }
            if !scenario.advance() {
                break;
            }
        }
        let cases = if cases.is_empty() { refused } else { cases };
        let of = self.asked.has_exceptions.then(|| focus.map_or(0, |focus| focus.position));
        (cases.join(of), scenario.has_given_up())
    }

    /// What the rule says in one case. It reads once more for each parameter of which it learns too late.
    fn case(
        &self,
        scenario: &Scenario<'t>,
        focus: Option<&Focus>,
        duplicate_keys: &mut Vec<&'static str>,
    ) -> Findings {
        let conditions = &self.task_definition.conditions;
        let may_hold = |condition| scenario.is_created(condition) != Some(false);
        let mut findings_with = |asked: &Asked<'_>| {
            if conditions.is_empty() || conditions.iter().copied().any(may_hold) {
                judge_all(self.properties, (self.setting, asked), Some(scenario), focus, duplicate_keys)
            } else {
                Findings::nothing()
            }
        };
        let nothing = Asked::default();
        let mut findings = findings_with(&nothing);
        while scenario.begins_again() {
            findings = findings_with(&nothing);
        }
        // What is open because there is no end of cases may be anything, and so is what an exception looks at.
        let is_asked = self.asked.is_any() && !scenario.has_given_up();
        if is_asked && findings.verdict >= Verdict::Unknown { findings_with(&self.asked) } else { findings }
    }

    /// The same, of one container after the other: what fails in all cases is then known of a container only.
    fn container_by_container(&self, duplicate_keys: &mut Vec<&'static str>) -> (Findings, bool) {
        let mut joined = Findings::nothing();
        for position in 1..=MAXIMUM_CONTAINERS {
            let focus = Focus { position, is_met: Cell::new(false) };
            let (findings, is_cut) = self.all_cases(Some(&focus), duplicate_keys);
            if is_cut {
                return (joined.join(findings), true);
            }
            if !focus.is_met.get() {
                return (joined.join(findings), false);
            }
            joined = joined.join(findings);
        }
        (joined, true)
    }
}

/// A macro may change what is written: a violation is there as long as it does not, and nothing else is known.
fn distrust(findings: &mut Findings, name: &str, task_definition: &TaskDefinition<'_>, severity: Severity) {
    findings.is_certain = false;
    if findings.verdict >= Verdict::Unknown {
        return;
    }
    findings.verdict = Verdict::Unknown;
    findings.not_applicable_because = None;
    let kind = if name.starts_with("Fn::") { "" } else { "the macro " };
    findings.kept.push(Finding {
        verdict: Verdict::Unknown,
        severity,
        container: None,
        identity: None,
        property: "Transform",
        span: task_definition.span,
        message: format!("{kind}{} may change the task definition", quote(name)).into(),
        remediation: "Check the template that the macro makes: `aws cloudformation get-template --template-stage Processed` \
                      shows it."
            .into(),
        case: None,
        holds_in: None,
        settled: Vec::new(),
        open: Vec::new(),
        is_secret_reference: false,
        is_function: false,
        fix: None,
        excused: None,
        undecided_excuse: None,
    });
}

/// What one rule says, joined over all combinations of duplicate keys.
fn judge_all(
    properties: &Node<'_>,
    (setting, asked): (&Setting, &Asked<'_>),
    resolver: Option<&dyn Resolve>,
    focus: Option<&Focus>,
    duplicate_keys: &mut Vec<&'static str>,
) -> Findings {
    let reading = Reading::new(resolver);
    let judge = || judge(View::new("Properties", properties, &reading), setting, asked, focus);
    let mut joined = judge();
    for combination in 1.. {
        for key in reading.duplicates().iter().chain(&joined.duplicate_keys) {
            if !duplicate_keys.contains(key) {
                duplicate_keys.push(key);
            }
        }
        let has_too_many = reading.has_too_many();
        if !has_too_many && !reading.advance() {
            break;
        }
        if has_too_many || combination == MAXIMUM_COMBINATIONS {
            let mut context = Context::new(setting.rule.metadata(), &setting.options, &reading);
            context.too_many_duplicates();
            joined = joined.join(context.finish(View::new("Properties", properties, &reading)));
            break;
        }
        joined = joined.join(judge());
    }
    joined
}

/// What one rule says when each duplicate key has the value chosen for this pass.
fn judge(task_definition: View<'_>, setting: &Setting, asked: &Asked<'_>, focus: Option<&Focus>) -> Findings {
    let (rule, options) = (setting.rule.metadata(), &setting.options);
    let mut context = Context::new(rule, options, task_definition.reading()).focused(focus);
    let applicability = Applies::of(task_definition, rule, options);
    if let Applies::Not(because) = applicability {
        context.not_applicable(because);
    } else {
        setting.rule.check_task_definition(task_definition, &mut context);
    }
    let mut findings = context.finish(task_definition);
    findings.is_elsewhere = matches!(applicability, Applies::Not(_));
    asked.identify(task_definition, &mut findings);
    match (findings.verdict, applicability) {
        // Elsewhere the rule would not apply, so what fails there is undecided, not wrong.
        (Verdict::Fail, Applies::Undecided(open, platform)) => {
            findings.verdict = Verdict::Unknown;
            for finding in &mut findings.kept {
                finding.verdict = Verdict::Unknown;
                finding.is_function |= open.is_function();
                finding.fix = None;
                finding.message = format!("{open}, and on {platform} {}", finding.message).into();
                let remediation =
                    format!("Write {} itself, or for {platform}: {}", open.name, finding.remediation);
                finding.remediation = remediation.into();
            }
        }
        (Verdict::Fail, Applies::Partly) => {
            for fix in findings.kept.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
                fix.obstacle = Some("the task may also run where the rule does not apply");
            }
        }
        (Verdict::Fail, Applies::Unreadable(problem, platform)) => {
            for finding in &mut findings.kept {
                finding.message = format!("{} (judged as {platform}: {problem})", finding.message).into();
            }
        }
        _ => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::document::yaml;
    use crate::finding::{Findings, Verdict};
    use crate::policy::{self, Policy};
    use crate::report::Report;

    use super::{StackTags, Subject, evaluate, excuse};

    fn report(properties: &str, policy: &Policy) -> Report {
        evaluate(&yaml::read(properties).unwrap(), policy)
    }

    fn findings(properties: &str, rule: &str, policy: &Policy) -> Findings {
        let outcomes = report(properties, policy).outcomes;
        outcomes.into_iter().find(|outcome| outcome.rule.name == rule).unwrap().findings
    }

    fn verdict(properties: &str, rule: &str, policy: &Policy) -> Verdict {
        findings(properties, rule, policy).verdict
    }

    fn default_verdict(properties: &str, rule: &str) -> Verdict {
        verdict(properties, rule, &Policy::baseline())
    }

    #[test]
    fn each_value_of_a_duplicate_key_is_judged_and_the_worst_counts() {
        for properties in [
            "{ContainerDefinitions: [{Name: a, Privileged: false, Privileged: true}]}",
            "{ContainerDefinitions: [{Name: a, Privileged: true, Privileged: false}]}",
            "{ContainerDefinitions: [{Privileged: true}], ContainerDefinitions: [{Privileged: false}]}",
            "{ContainerDefinitions: [{Privileged: false}], ContainerDefinitions: [{Privileged: true}]}",
        ] {
            assert_eq!(default_verdict(properties, "privileged-container"), Verdict::Fail, "{properties}");
        }
        let both_fine = "{ContainerDefinitions: [{Name: a, Privileged: false, Privileged: 'false'}]}";
        let report = report(both_fine, &Policy::baseline());
        assert_eq!(report.outcomes[0].findings.verdict, Verdict::Pass);
        assert_eq!(report.duplicate_keys, ["Privileged"]);
    }

    #[test]
    fn possibilities_are_joined_with_all_they_say() {
        let some = "{ContainerDefinitions: [], ContainerDefinitions: [{Name: a, Privileged: false, Privileged: false}]}";
        let report = report(some, &Policy::baseline());
        assert_eq!(report.outcomes[0].findings.verdict, Verdict::Pass);
        assert_eq!(report.outcomes[0].findings.not_applicable_because, None);
        assert_eq!(report.duplicate_keys, ["ContainerDefinitions", "Privileged"]);
    }

    #[test]
    fn a_flood_of_duplicate_keys_fails_in_bounded_time() {
        let keys = "Privileged: false, ".repeat(40);
        let properties = format!("ContainerDefinitions: [{{{keys} Name: a}}]");
        assert_eq!(default_verdict(&properties, "privileged-container"), Verdict::Fail);
    }

    #[test]
    fn tags_that_are_known_excuse() {
        let exception = "{rules: [privileged-container], reason: vendor, stack-tags: {team: shop}}";
        let policy = policy::read(&format!("exceptions: [{exception}]")).unwrap();
        let today = "2026-11-25".parse().unwrap();
        for (team, privileged, expected) in
            [("shop", true, Verdict::Excepted), ("cart", true, Verdict::Fail), ("shop", false, Verdict::Pass)]
        {
            let tags = BTreeMap::from([("team".to_owned(), team.to_owned())]);
            let subject = Subject { stack_tags: StackTags::Known(&tags), ..Subject::default() };
            let properties = format!("ContainerDefinitions: [{{Privileged: {privileged}}}]");
            let mut report = report(&properties, &policy);
            excuse(&mut report, &subject, &policy, today);
            assert_eq!(report.outcomes[0].findings.verdict, expected, "{team}");
        }
    }

    #[test]
    fn an_exception_that_needs_no_tags_goes_before_one_that_does() {
        let exception =
            |matcher: &str| format!("{{rules: [privileged-container], reason: vendor, {matcher}}}");
        let (by_tags, by_account) =
            (exception("stack-tags: {team: shop}"), exception("account: '111122223333'"));
        let policy = policy::read(&format!("exceptions: [{by_tags}, {by_account}]")).unwrap();
        let tags = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
        for (account, number) in [("111122223333", 2), ("444455556666", 1)] {
            let subject =
                Subject { account: Some(account), stack_tags: StackTags::Known(&tags), ..Subject::default() };
            let mut report = report("{ContainerDefinitions: [{Privileged: true}]}", &policy);
            excuse(&mut report, &subject, &policy, "2026-11-25".parse().unwrap());
            let excused = report.outcomes[0].findings.kept[0].excused.as_ref().unwrap();
            assert_eq!(excused.exception, number, "{account}");
        }
    }

    #[test]
    fn of_several_exceptions_the_one_that_lasts_longest_excuses_and_all_are_of_use() {
        let exception = |limits: &str| format!("{{rules: [privileged-container], reason: vendor, {limits}}}");
        let (soon, late, forever) = (
            exception("account: '1*', expires: 2026-12-01"),
            exception("stack-name: shop, expires: 2027-12-31"),
            exception("stack-name: 'sho*', container: a"),
        );
        let subject =
            Subject { account: Some("111122223333"), stack_name: Some("shop"), ..Subject::default() };
        for (exceptions, number, expires) in [
            (format!("{soon}, {late}"), 2, Some("2027-12-31")),
            (format!("{late}, {soon}"), 1, Some("2027-12-31")),
            (format!("{late}, {forever}, {soon}"), 2, None),
            // Of two that last as long, the first.
            (format!("{late}, {}", exception("account: '11*', expires: 2027-12-31")), 1, Some("2027-12-31")),
        ] {
            let policy = policy::read(&format!("exceptions: [{exceptions}]")).unwrap();
            let mut report = report("{ContainerDefinitions: [{Name: a, Privileged: true}]}", &policy);
            let matched = excuse(&mut report, &subject, &policy, "2026-11-25".parse().unwrap());
            assert_eq!(matched.len(), policy.exceptions.len(), "{exceptions}");
            let excused = report.outcomes[0].findings.kept[0].excused.as_ref().unwrap();
            assert_eq!((excused.exception, excused.expires.as_deref()), (number, expires), "{exceptions}");
        }
    }

    #[test]
    fn what_was_excused_says_since_when_it_counts_again() {
        let exception = "{rules: [privileged-container], reason: vendor, account: '1*', expires: 2026-11-24}";
        let policy = policy::read(&format!("exceptions: [{exception}]")).unwrap();
        let subject = Subject { account: Some("111122223333"), ..Subject::default() };
        let mut report = report("{ContainerDefinitions: [{Privileged: true}]}", &policy);
        excuse(&mut report, &subject, &policy, "2026-11-25".parse().unwrap());
        let message = &report.outcomes[0].findings.kept[0].message;
        assert!(message.ends_with("(excused until 2026-11-24, no longer: vendor)"), "{message}");
    }

    #[test]
    fn an_exception_that_fits_what_is_only_counted_has_matched() {
        let exception = |container: &str| {
            format!(
                "{{rules: [privileged-container], reason: vendor, account: '1*', container: {container}}}"
            )
        };
        let policy =
            format!("exceptions: [{}, {}, {}]", exception("c0"), exception("c429"), exception("other"));
        let policy = policy::read(&policy).unwrap();
        let subject = Subject { account: Some("111122223333"), ..Subject::default() };
        for (containers, expected) in [(400, &[0][..]), (430, &[0, 1]), (500, &[0, 1, 2])] {
            let all: Vec<_> =
                (0..containers).map(|number| format!("{{Name: c{number}, Privileged: true}}")).collect();
            let mut report = report(&format!("ContainerDefinitions: [{}]", all.join(", ")), &policy);
            let matched = excuse(&mut report, &subject, &policy, "2026-11-25".parse().unwrap());
            assert_eq!(matched, expected, "of what is beyond 64 containers nobody can tell: {containers}");
            assert_eq!(report.outcomes[0].findings.verdict, Verdict::Fail);
        }
    }

    #[test]
    fn so_many_values_of_a_key_outside_containers_are_judged_and_no_more() {
        let policy = policy::read("profile: pedantic").unwrap();
        for (count, expected) in [(8, Verdict::Pass), (9, Verdict::Fail)] {
            let properties = format!("{{{} Family: a}}", "NetworkMode: awsvpc, ".repeat(count));
            assert_eq!(verdict(&properties, "bridge-network-mode", &policy), expected, "{count}");
        }
    }

    #[test]
    fn harmless_duplicates_in_many_containers_pass() {
        let container = "{Name: a, Privileged: false, Privileged: false}, ".repeat(40);
        let properties = format!("ContainerDefinitions: [{container}]");
        assert_eq!(default_verdict(&properties, "privileged-container"), Verdict::Pass);
    }

    #[test]
    fn findings_beyond_a_bound_are_counted() {
        let devices: Vec<_> = (0..70).map(|device| format!("{{HostPath: /dev/{device}}}")).collect();
        let container = format!("{{LinuxParameters: {{Devices: [{}]}}}}, ", devices.join(", "));
        let policy = policy::read("profile: restricted").unwrap();
        for (containers, kept) in [(1, 64), (6, 6 * 64), (7, 400), (8, 400)] {
            let properties = format!("ContainerDefinitions: [{}]", container.repeat(containers));
            let findings = findings(&properties, "host-device", &policy);
            assert_eq!(
                (findings.kept.len(), findings.further),
                (kept, 70 * containers - kept),
                "{containers}"
            );
            assert_eq!(findings.further_about.len(), containers);
        }
        let beside = format!("ContainerDefinitions: [{container} {{LinuxParameters: {{Devices: [{{}}]}}}}]");
        assert_eq!(findings(&beside, "host-device", &policy).further_about.len(), 1);
    }

    #[test]
    fn of_what_is_wrong_only_together_the_first_is_told() {
        let policy = policy::read("profile: restricted").unwrap();
        let findings = findings("ContainerDefinitions: [{}]", "unlimited-memory", &policy);
        assert_eq!(findings.kept[0].message, "neither the container nor the task has a `Memory`");
    }

    #[test]
    fn what_is_certain_is_not_unknown() {
        let untrusting = policy::read("rules: {root-user: {trust-platform-family: false}}").unwrap();
        let open = "{RuntimePlatform: {OperatingSystemFamily: !Ref F}, RequiresCompatibilities: [EC2], ContainerDefinitions: [{}]}";
        assert_eq!(verdict(open, "root-user", &untrusting), Verdict::Fail);
        let beside = "{ContainerDefinitions: [{Privileged: true, Fn::Transform: {Name: X}}]}";
        assert_eq!(default_verdict(beside, "privileged-container"), Verdict::Fail);
        let perhaps = "{ContainerDefinitions: [{Privileged: false, Fn::Transform: {Name: X}}]}";
        assert_eq!(default_verdict(perhaps, "privileged-container"), Verdict::Unknown);
    }

    #[test]
    fn rules_for_linux_do_not_apply_to_declared_windows() {
        let windows = "{RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2025_CORE}, ContainerDefinitions: [{Privileged: true}]}";
        let not_for_windows = findings(windows, "root-user", &Policy::baseline());
        assert_eq!(not_for_windows.verdict, Verdict::NotApplicable);
        assert_eq!(not_for_windows.not_applicable_because, Some("the definition declares Windows"));
        assert_eq!(default_verdict(windows, "privileged-container"), Verdict::Fail);
        let linux = "{RuntimePlatform: {OperatingSystemFamily: LINUX}, ContainerDefinitions: [{}]}";
        assert_eq!(default_verdict(linux, "root-user"), Verdict::Fail);
        let malformed = "{RuntimePlatform: {OperatingSystemFamily: [WINDOWS_SERVER_2025_CORE]}, ContainerDefinitions: [{}]}";
        assert_eq!(default_verdict(malformed, "root-user"), Verdict::Fail);
    }

    #[test]
    fn what_is_judged_as_for_a_platform_says_so() {
        let malformed = "{RuntimePlatform: {OperatingSystemFamily: []}, ContainerDefinitions: [{User: '0'}]}";
        let findings = findings(malformed, "root-user", &Policy::baseline());
        let told = "`User` is `0`, which is root (judged as Linux: `OperatingSystemFamily` is not a string but a list)";
        assert_eq!(findings.kept[0].message, told);
    }

    #[test]
    fn where_the_task_may_also_run_on_fargate_nothing_is_mended_for_ec2_unseen() {
        let policy = policy::read("profile: pedantic").unwrap();
        let obstacle = |launch_types| {
            let properties =
                format!("{{RequiresCompatibilities: {launch_types}, ContainerDefinitions: [{{}}]}}");
            let findings = findings(&properties, "privilege-escalation", &policy);
            findings.kept[0].fix.as_ref().unwrap().obstacle
        };
        assert_eq!(obstacle("[EC2]"), None);
        assert_eq!(obstacle("[EC2, FARGATE]"), Some("the task may also run where the rule does not apply"));
    }

    #[test]
    fn an_unresolved_platform_makes_a_failure_unknown_and_leaves_a_pass() {
        let unknown = |user| format!("{{RuntimePlatform: !Ref P, ContainerDefinitions: [{{User: {user}}}]}}");
        assert_eq!(default_verdict(&unknown("root"), "root-user"), Verdict::Unknown);
        assert_eq!(default_verdict(&unknown("app"), "root-user"), Verdict::Pass);
    }

    #[test]
    fn an_untrusted_platform_counts_on_fargate_only() {
        let policy = policy::read("rules: {root-user: {trust-platform-family: false}}").unwrap();
        let windows = |launch_types| {
            format!(
                "{{RuntimePlatform: {{OperatingSystemFamily: WINDOWS_SERVER_2022_FULL}}, {launch_types} \
                 ContainerDefinitions: [{{}}]}}"
            )
        };
        for (launch_types, expected) in [
            ("", Verdict::Fail),
            ("RequiresCompatibilities: [EC2],", Verdict::Fail),
            ("RequiresCompatibilities: [EC2, FARGATE],", Verdict::NotApplicable),
            ("RequiresCompatibilities: !Ref L,", Verdict::Unknown),
            ("RequiresCompatibilities: [!Ref L],", Verdict::Unknown),
        ] {
            assert_eq!(verdict(&windows(launch_types), "root-user", &policy), expected, "{launch_types}");
        }
    }

    #[test]
    fn containers_in_every_odd_shape() {
        for (containers, expected) in [
            ("null", Verdict::NotApplicable),
            ("[]", Verdict::NotApplicable),
            ("[null, !Ref AWS::NoValue]", Verdict::NotApplicable),
            ("!Ref Containers", Verdict::Unknown),
            ("'[{}]'", Verdict::Fail),
            ("{Name: a}", Verdict::Fail),
            ("[a]", Verdict::Fail),
            ("[{}, [a]]", Verdict::Fail),
            ("[{}, !If [C, {Privileged: true}, {}]]", Verdict::Unknown),
            ("[{Privileged: true}, !Ref C]", Verdict::Fail),
            ("[{}]", Verdict::Pass),
        ] {
            let properties = format!("{{Family: a, ContainerDefinitions: {containers}}}");
            assert_eq!(default_verdict(&properties, "privileged-container"), expected, "{containers}");
        }
        let miscased = "{containerDefinitions: [{Privileged: false}]}";
        assert_eq!(default_verdict(miscased, "privileged-container"), Verdict::Fail);
    }
}
