//! Templates with more cases, findings or work than are looked at one by one.
//!
//! Owns what is said then: nothing is called a pass, and everything ends.

use ecs_guard::check::{JudgedTask, check};
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

use super::{PRODUCTION, expect, given, judged, template};

/// A template of 128 cases, in each of which something is asked that is always true: `Odd6` asks for all parameters. Only the
/// last case fails.
fn with_a_last_case(always: &str) -> String {
    let parameters: Vec<_> = (0..7).map(|number| format!("P{number}: {{Type: String}}")).collect();
    let is_x = |number| format!("Is{number}: !Equals [!Ref P{number}, x], ");
    let odd = |number| {
        let (before, this) = (format!("!Condition Odd{}", number - 1), format!("!Condition Is{number}"));
        format!("Odd{number}: !Or [!And [{before}, !Not [{this}]], !And [!Not [{before}], {this}]], ")
    };
    let none: Vec<_> = (0..7).map(|number| format!("!Not [!Condition Is{number}]")).collect();
    let conditions: String = (0..7).map(is_x).chain((1..7).map(odd)).collect();
    format!(
        "Parameters: {{{}}}\nConditions: {{{conditions} Odd0: !Condition Is0, None: !And [{}], Always: {always}}}\n\
         Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: a, \
         Privileged: !If [Always, !If [Odd6, !If [None, true, false], !If [None, true, false]], false]}}]}}}}}}",
        parameters.join(", "),
        none.join(", "),
    )
}

#[test]
fn no_room_for_computed_values_loses_no_case() {
    // To see what is always true takes memory in each case.
    for parts in [10, 1_000, 2_700, 20_000] {
        let text =
            with_a_last_case(&format!("!Equals [!Select [0, !Split ['-', 'x{}']], x]", "-a".repeat(parts)));
        let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
        assert!(matches!(verdict, Verdict::Fail | Verdict::Unknown), "{parts}: {verdict:?} {findings:#?}");
    }
}

/// Each condition asks twice for the next: there are more ways through them than can be gone.
#[test]
fn a_condition_is_not_evaluated_once_for_each_way_to_it() {
    let ways = 60;
    let chain = each(ways, |at| format!("C{at}: !And [!Condition C{}, !Condition C{}], ", at + 1, at + 1));
    let sections = |more: &str| {
        format!(
            "Parameters: {{P: {{Type: String}}}}\nMappings: {{M: {{a: {{k: app}}}}}}\n{more}\
             Conditions: {{{chain} C{ways}: !Equals [!Ref P, x]}}"
        )
    };
    // What no rule reads, and what looks for keys that no mapping has, or for what `Rules` demand.
    let container = "Privileged: true, Cpu: !If [C0, 1, 2], Memory: !FindInMap [M, a, k]";
    for rules in ["", "Rules: {R: {Assertions: [{Assert: !Condition C0}]}}\n"] {
        let text = template(&sections(rules), container);
        expect(&text, &[], "privileged-container", Verdict::Fail, &[None]);
    }
}

#[test]
fn what_takes_too_long_to_make_in_each_case_is_left_open() {
    let text = with_a_last_case("!Not [!Equals [!Join ['', [!Ref Long, y]], x]]")
        .replace("Parameters: {", "Parameters: {Long: {Type: String}, ");
    for (length, expected) in [(10, Verdict::Fail), (1_000_000, Verdict::Unknown)] {
        let long = given(&[("Long", &"a".repeat(length))]);
        let (verdict, findings) = judged(&text, &long, "privileged-container");
        assert_eq!(verdict, expected, "{length}: {findings:#?}");
    }
}

#[test]
fn what_takes_too_long_to_read_in_each_case_is_left_open() {
    for (length, expected) in [(10, Verdict::Fail), (400_000, Verdict::Unknown)] {
        let always = format!("!Equals [!Select [0, [x, '{}']], x]", "a".repeat(length));
        let (verdict, findings) =
            judged(&with_a_last_case(&always), &Given::default(), "privileged-container");
        assert_eq!(verdict, expected, "{length}: {findings:#?}");
    }
}

#[test]
fn allowed_values_are_tried_in_many_task_definitions_and_not_in_any_number() {
    let tasks = |count: usize, values: usize| {
        let values = each(values, |at| format!("u{at}, "));
        let tasks = each(count, |at| {
            format!(
                "  T{at}: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{User: !Ref U}}]}}}}\n"
            )
        });
        format!("Parameters: {{U: {{Type: String, AllowedValues: [{values}]}}}}\nResources:\n{tasks}")
    };
    let verdicts = |text: &str| {
        let file = check("template.yaml", text, &Given::default(), &Policy::baseline()).unwrap();
        let of_task = |task: JudgedTask| {
            let outcome = task.report.outcomes.iter().find(|outcome| outcome.rule.name == "root-user");
            outcome.unwrap().findings.verdict
        };
        file.judged.unwrap().into_iter().map(of_task).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&tasks(10, 200)), [Verdict::Pass; 10]);
    let many = verdicts(&tasks(40, 510));
    assert_eq!((many.first(), many.last()), (Some(&Verdict::Pass), Some(&Verdict::Unknown)));
}

/// Texts that differ by a number, one after the other.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().concat()
}

/// A task definition of many containers, each of which depends on parameters of its own.
fn with_many_cases(containers: usize) -> String {
    let parameters = each(containers, |at| {
        format!(
            "  P{at}: {{Type: String, AllowedValues: [true, false]}}\n  \
             Q{at}: {{Type: String, AllowedValues: [root, '1', '2']}}\n"
        )
    });
    let list = each(containers, |at| {
        format!(
            "        - !If [C{at}, {{Name: c{at}, Privileged: !Ref P{at}, User: !Ref Q{at}}}, !Ref AWS::NoValue]\n"
        )
    });
    let conditions: String = each(containers, |at| format!("  C{at}: !Equals [!Ref Q{at}, '1']\n"));
    format!(
        "Parameters:\n{parameters}Conditions:\n{conditions}Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    \
         Properties:\n      ContainerDefinitions:\n{list}"
    )
}

#[test]
fn containers_do_not_multiply_each_others_cases() {
    let text = with_many_cases(10);
    let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
    assert_eq!((verdict, findings.len()), (Verdict::Fail, 10));
    assert_eq!(
        findings[0].case.as_deref(),
        Some("when C0 is true, for P0=true (allowed value)"),
        "the first container is tried in all its cases"
    );
    assert_eq!(judged(&text, &Given::default(), "root-user").0, Verdict::Pass);
}

#[test]
fn too_many_cases_are_left_open_and_said_to_be() {
    let items: String = each(20, |at| format!("!If [C{at}, ALLOWED, ALLOWED], "));
    let conditions: String = each(20, |at| format!("C{at}: !Equals [!Ref AWS::Region, '{at}'], "));
    let free: String = each(20, |at| format!("C{at}: !Equals [!ImportValue '{at}', x], "));
    let text = |conditions: &str| {
        template(
            &format!("Conditions: {{{conditions}}}"),
            &format!("LinuxParameters: {{Capabilities: {{Add: [{items}]}}}}"),
        )
    };
    // Of one region there are as many cases as regions are named.
    let policy = ecs_guard::policy::read("rules: {added-linux-capabilities: {allow: [SYS_PTRACE]}}").unwrap();
    let checked = |text: &str| {
        let file = check("t.yaml", text, &Given::default(), &policy).unwrap();
        let is_noted = file.notes.iter().any(|note| note.message.contains("more cases than"));
        let outcomes = &file.judged.as_ref().unwrap()[0].report.outcomes;
        let outcome =
            outcomes.iter().find(|outcome| outcome.rule.name == "added-linux-capabilities").unwrap();
        (outcome.findings.verdict, is_noted)
    };
    let harmless = |conditions: &str| text(conditions).replace("ALLOWED", "SYS_PTRACE");
    assert_eq!(checked(&harmless(&conditions)), (Verdict::Pass, false));
    assert_eq!(checked(&harmless(&free)), (Verdict::Unknown, true));
    assert_eq!(checked(&text(&free)), (Verdict::Fail, true));
}

#[test]
fn what_was_cut_off_is_not_called_always() {
    // Whether a number of conditions is odd takes more cases than are told apart.
    let parameters = each(10, |at| format!("P{at}: {{Type: String}}, "));
    let odd = each(10, |at| {
        let before = if at == 0 { "C0".to_owned() } else { format!("X{}", at - 1) };
        format!(
            "C{at}: !Equals [!Ref P{at}, x], X{at}: !Or [!And [!Condition {before}, !Not [!Condition C{at}]], \
             !And [!Not [!Condition {before}], !Condition C{at}]], "
        )
    });
    let sections = format!(
        "Parameters: {{A: {{Type: String}}, {parameters}}}\nConditions: {{A: !Equals [!Ref A, x], {odd}}}"
    );
    let text = template(&sections, "Privileged: !If [A, !If [X9, true, true], false]");
    let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
    assert_eq!(verdict, Verdict::Fail);
    assert!(findings.iter().all(|finding| finding.case.is_some()), "{findings:#?}");
    // What is certain is so whatever was cut off of something else.
    let beside = "Environment: [{Name: DB_PASSWORD, Value: x}, {Name: A, Value: !If [X9, a, b]}]";
    let (_, findings) = judged(&template(&sections, beside), &Given::default(), "plaintext-secret");
    assert_eq!((findings[0].verdict, findings[0].case.as_deref()), (Verdict::Fail, None));
    let text = template(&sections, "Privileged: true, User: !If [A, !If [X9, a, b], c]");
    expect(&text, &[], "privileged-container", Verdict::Fail, &[None]);
}

#[test]
fn what_holds_in_more_cases_than_are_named_says_so() {
    // Each condition is asked where those before it do not hold; `Same` where the first holds, so it always does.
    let chain = |count: usize| {
        let parameters = each(count, |at| format!("P{at}: {{Type: String}}, "));
        let conditions = each(count, |at| format!("C{at}: !Equals [!Ref P{at}, x], "));
        let sections = format!(
            "Parameters: {{{parameters}}}\nConditions: {{{conditions} Same: !Equals [!Ref P0, x]}}\n\
             Mappings: {{All: {{yes: {{Is: true}}, no: {{Is: false}}}}}}"
        );
        let rest = (1..count).rev().fold("no".to_owned(), |rest, at| format!("!If [C{at}, yes, {rest}]"));
        let key = format!("!If [C0, !If [Same, yes, no], {rest}]");
        template(&sections, &format!("Privileged: !FindInMap [All, {key}, Is]"))
    };
    for (count, case) in [
        (2, "when C0 is true, or when C1 is true"),
        (3, "when C0 is true, or when C1 is true, or when C2 is true"),
        (32, "when C0 is true, or when C1 is true, or when C2 is true, and in other cases"),
        (33, "in some cases"),
        (34, "in some cases"),
    ] {
        expect(&chain(count), &[], "privileged-container", Verdict::Fail, &[Some(case)]);
    }
    let sections = "Parameters: {P: {Type: String}, Q: {Type: String}}\n\
                    Conditions: {A: !Equals [!Ref P, x], B: !Equals [!Ref Q, x]}";
    let either = template(sections, "Privileged: !If [A, !If [B, true, 'true'], false]");
    let each = [Some("when A is true and B is true"), Some("when A is true and B is false")];
    expect(&either, &[], "privileged-container", Verdict::Fail, &each);
}

#[test]
fn findings_of_all_cases_beyond_the_bound_are_counted() {
    let containers = |name: &str| {
        let devices = each(60, |at| format!("{{HostPath: /dev/{name}{at}}}, "));
        each(4, |at| format!("{{Name: {name}{at}, LinuxParameters: {{Devices: [{devices}]}}}}, "))
    };
    let text = format!(
        "{PRODUCTION}\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: \
         !If [IsProd, [{}], [{}]]}}}}}}",
        containers("a"),
        containers("b")
    );
    let file = check("template.yaml", &text, &Given::default(), &Policy::of(Profile::Restricted)).unwrap();
    let outcomes = &file.judged.as_ref().unwrap()[0].report.outcomes;
    let outcome = outcomes.iter().find(|outcome| outcome.rule.name == "host-device").unwrap();
    assert_eq!((outcome.findings.kept.len(), outcome.findings.further), (400, 80));
}

#[test]
fn hostile_templates_end() {
    let chain: String = each(5000, |at| format!("  C{at}: !Not [{{Condition: C{}}}]\n", at + 1));
    let circle = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}";
    let mut doubling = "x".to_owned();
    for at in 0..40 {
        doubling = format!("{{'Fn::Sub': ['${{V{at}}}${{V{at}}}${{V{at}}}', {{V{at}: {doubling}}}]}}");
    }
    let many: String = each(3000, |at| {
        format!(
            "  T{at}:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {{ContainerDefinitions: [{{Name: a, User: !Ref A, Privileged: !If [C, !Ref B, false]}}]}}\n"
        )
    });
    let sections = "Parameters: {A: {Type: String, AllowedValues: [a, b, c, d, e, f]}, B: {Type: String, AllowedValues: [true, false]}}\nConditions: {C: !Equals [!Ref A, a]}\n";
    let long = format!(
        "Resources: {{Fn::ForEach::Long: [X, [{}], {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{Family: '{}'}}}}}}]}}",
        "x".repeat(100_000),
        "${X}".repeat(20_000)
    );
    let file = check("t.yaml", &long, &Given::default(), &Policy::baseline()).unwrap();
    assert!(file.judged.unwrap_err().message.contains("`Fn::ForEach`"));
    let keys: String = each(10_000, |at| format!("r{at}: {{v: u{at}}}, "));
    let mapped: String = each(50, |at| {
        format!(
            "  T{at}: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{User: !FindInMap [M, !Ref A, v]}}]}}}}\n"
        )
    });
    for text in [
        format!("Mappings: {{M: {{{keys}}}}}\nResources:\n{mapped}"),
        template(&format!("Conditions:\n{chain}"), "Privileged: !If [C0, true, false]"),
        template(circle, "Privileged: !If [A, true, false]"),
        template("", &format!("User: {doubling}")),
        format!("{sections}Resources:\n{many}"),
        with_many_cases(60),
    ] {
        let file = check("t.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        assert!(file.judged.is_ok(), "{:?}", file.judged);
    }
}

#[test]
fn what_is_the_same_in_all_cases_that_were_tried_is_a_part_of_the_reason() {
    for count in [9, 10, 12, 60] {
        let all = |what: &dyn Fn(usize) -> String| (0..count).map(what).collect::<Vec<_>>().join(", ");
        let text = template(
            &format!(
                "Parameters: {{{}}}\nConditions: {{{}}}",
                all(&|number| format!("B{number}: {{Type: String, AllowedValues: ['true', 'false']}}")),
                all(&|number| format!("C{number}: !Equals [!Ref B{number}, 'true']")),
            ),
            &format!("User: !Join ['', [{}]]", all(&|number| format!("!If [C{number}, '0', '1']"))),
        );
        let (verdict, findings) = judged(&text, &Given::default(), "root-user");
        assert_eq!(verdict, Verdict::Fail);
        // Some cases that were not tried are like the named one but for what all that were tried have in common.
        let case = findings[0].case.as_deref().unwrap();
        if count == 60 {
            // Nobody reads so many.
            assert_eq!(case, "in some cases");
            continue;
        }
        assert!((0..count).all(|number| case.contains(&format!("C{number} is true"))), "{count}: {case}");
    }
}
