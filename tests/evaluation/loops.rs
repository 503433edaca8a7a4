//! `Fn::ForEach`: what a loop writes is judged as if it had been written.
//!
//! Owns loops over lists that are known, limited or open, and loops within loops.

use ecs_guard::check::{JudgedTask, check};
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;

use super::{judged, verdict_of};

#[test]
fn loops_are_written_out() {
    let text = "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Tasks:\n    - Name\n    - [web, api]\n    \
                - Task${Name}:\n        Type: AWS::ECS::TaskDefinition\n        Properties:\n          \
                ContainerDefinitions: [{Name: !Ref Name, User: !Sub '${Name}', Privileged: true}]\n";
    let file = check("template.yaml", text, &Given::default(), &Policy::baseline()).unwrap();
    let tasks = file.judged.unwrap();
    let names: Vec<_> = tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["Taskweb", "Taskapi"]);
    for task in &tasks {
        let privileged =
            task.report.outcomes.iter().find(|outcome| outcome.rule.name == "privileged-container");
        assert_eq!(privileged.unwrap().findings.verdict, Verdict::Fail);
        let root = task.report.outcomes.iter().find(|outcome| outcome.rule.name == "root-user");
        assert_eq!(root.unwrap().findings.verdict, Verdict::Pass);
    }
}

/// A task's name, what is said of it, and when that holds.
type UsersOfTask = (String, Verdict, Option<String>);

/// What `root-user` says of the tasks of a loop over the parameter `Users`, and what the notes advise.
fn users_of_loop(parameter: &str, given: &Given) -> (Vec<UsersOfTask>, Vec<String>) {
    let text = format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{Users: {parameter}}}\nResources:\n  Fn::ForEach::Tasks:\n    - User\n    \
         - !Ref Users\n    - Task${{User}}:\n        Type: AWS::ECS::TaskDefinition\n        Properties: \
         {{ContainerDefinitions: [{{Name: a, User: !Ref User}}]}}\n"
    );
    let file = check("template.yaml", &text, given, &Policy::baseline()).unwrap();
    let task = |task: JudgedTask| {
        let outcomes = task.report.outcomes.into_iter();
        let found =
            outcomes.filter(|outcome| outcome.rule.name == "root-user").map(|outcome| outcome.findings);
        let findings = found.last().unwrap();
        let case = findings.kept.iter().find_map(|finding| finding.case.clone());
        (task.name, findings.verdict, case)
    };
    let notes = file.notes.iter().filter_map(|note| note.help.clone()).collect();
    (file.judged.unwrap().into_iter().map(task).collect(), notes)
}

#[test]
fn loops_over_lists_are_judged_by_what_is_known_of_the_list() {
    let open = Given::default();
    let defaults = Given { assume_defaults: true, ..Given::default() };
    let given =
        Given { parameters: [("Users".to_owned(), "app,root".to_owned())].into(), ..Given::default() };
    let task = |name: &str, verdict, case: Option<&str>| (name.to_owned(), verdict, case.map(str::to_owned));
    let limited = "{Type: CommaDelimitedList, AllowedValues: [app, root], Default: app}";
    let free = "{Type: CommaDelimitedList, Default: app}";
    for (parameter, given, expected) in [
        (
            limited,
            &open,
            vec![
                task("Taskapp", Verdict::Pass, None),
                task("Taskroot", Verdict::Fail, Some("when Users contains root")),
            ],
        ),
        (limited, &defaults, vec![task("Taskapp", Verdict::Pass, None)]),
        (limited, &given, vec![task("Taskapp", Verdict::Pass, None), task("Taskroot", Verdict::Fail, None)]),
        (free, &open, vec![task("Task${User}", Verdict::Unknown, None)]),
        (free, &defaults, vec![task("Taskapp", Verdict::Pass, None)]),
    ] {
        let (found, notes) = users_of_loop(parameter, given);
        assert_eq!(found, expected, "{parameter} {given:?}");
        let is_open = parameter == free && *given == open;
        let settles = notes.iter().any(|note| note.contains("`--parameter Users=…`"));
        assert_eq!(settles, is_open, "{notes:?}");
    }
}

#[test]
fn what_a_loop_writes_is_told_apart_however_deep() {
    let not_the_one_before = |number| format!("'C{number}${{X}}': !Not [!Condition 'C{}${{X}}']", number - 1);
    let chain = (1..=121).map(not_the_one_before).collect::<Vec<_>>().join(", ");
    let text = format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{P: {{Type: String}}}}\nConditions:\n  Fn::ForEach::L: [X, [a, b], \
         {{{chain}, 'C0${{X}}': !Equals [!Ref P, '${{X}}']}}]\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: \
         {{ContainerDefinitions: [{{Name: a, Privileged: !If [C120a, !If [C120b, false, true], false]}}]}}}}}}"
    );
    let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
    assert!(matches!(verdict, Verdict::Fail | Verdict::Unknown), "{verdict:?} {findings:#?}");
}

#[test]
fn loops_within_loops_are_written_out() {
    let text = "Resources:\n  Fn::ForEach::Stages:\n    - Stage\n    - [dev, prod]\n    - Fn::ForEach::Tasks:\n        - Name\n        \
                - !FindInMap [Names, !Ref Stage, All]\n        - Task${Stage}${Name}:\n            \
                Type: AWS::ECS::TaskDefinition\n            Properties:\n              \
                ContainerDefinitions: [{Name: a, Privileged: !If ['Is${Stage}', true, false]}]\n\
                Conditions: {Isdev: !Equals [a, b], Isprod: !Equals [a, a]}\n\
                Mappings: {Names: {dev: {All: [web]}, prod: {All: [web, api]}}}\n";
    let file = check("template.yaml", text, &Given::default(), &Policy::baseline()).unwrap();
    let verdicts: Vec<_> =
        file.judged.unwrap().iter().map(|task| (task.name.clone(), verdict_of(task))).collect();
    let expected =
        [("Taskdevweb", Verdict::Pass), ("Taskprodweb", Verdict::Fail), ("Taskprodapi", Verdict::Fail)];
    assert_eq!(verdicts, expected.map(|(name, verdict)| (name.to_owned(), verdict)));
    assert!(file.notes.is_empty(), "{:?}", file.notes);
}

/// A template with a loop over `List` in its conditions and one in its resources, whose tasks have one container each.
fn looped(list: &str, conditions: &str, properties: &str) -> String {
    format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{P: {{Type: String}}, List: {list}, Other: {OPEN}}}\n\
         Conditions: {{Fn::ForEach::Conditions: [X, !Ref List, {{{conditions}}}]}}\n\
         Resources: {{Fn::ForEach::Tasks: [X, !Ref List, {{'T${{X}}': {{Type: AWS::ECS::TaskDefinition, \
         Properties: {{{properties}}}}}}}]}}"
    )
}

const OPEN: &str = "{Type: CommaDelimitedList}";
const LIMITED: &str = "{Type: CommaDelimitedList, AllowedValues: [Privileged, Interactive]}";

#[track_caller]
fn expect_open(conditions: &str, properties: &str, rule: &str, verdict: Verdict) {
    let text = looped(OPEN, conditions, properties);
    let (found, findings) = judged(&text, &Given::default(), rule);
    assert_eq!(found, verdict, "{findings:#?}\n{text}");
}

#[test]
fn what_refers_to_what_the_same_loop_makes_finds_it() {
    let conditions = "'Is${X}': !Equals [!Ref P, '${X}'], 'Not${X}': !Not [!Condition 'Is${X}'], \
        'Never${X}': !And [{Condition: 'Is${X}'}, {Condition: 'Not${X}'}]";
    for (privileged, verdict) in [
        ("!If ['Is${X}', !If ['Not${X}', true, false], false]", Verdict::Pass),
        ("!If ['Is${X}', false, !If ['Not${X}', false, true]]", Verdict::Pass),
        ("!If ['Never${X}', true, false]", Verdict::Pass),
        ("!If ['Is${X}', true, false]", Verdict::Fail),
    ] {
        let properties = format!("ContainerDefinitions: [{{Name: a, Privileged: {privileged}}}]");
        expect_open(conditions, &properties, "privileged-container", verdict);
    }
    for (one, other, verdict) in [
        ("!GetAtt 'R${X}.Arn'", "!GetAtt ['R${X}', Arn]", Verdict::Fail),
        ("!GetAtt ['R${X}', Arn]", "{Fn::GetAtt: ['R${X}', Arn]}", Verdict::Fail),
        ("!Ref 'R${X}'", "!Ref 'R${X}'", Verdict::Fail),
    ] {
        let properties =
            format!("TaskRoleArn: {one}, ExecutionRoleArn: {other}, ContainerDefinitions: [{{Name: a}}]");
        expect_open(conditions, &properties, "shared-task-role", verdict);
    }
}

#[test]
fn beside_an_open_identifier_the_rest_of_a_text_is_known() {
    for (user, verdict) in [
        ("!Sub ['${A}:${X}', {A: root}]", Verdict::Fail),
        ("!Sub ['${A}${X}', {A: app}]", Verdict::Unknown),
        ("!Sub ['${A}:${B${X}}', {A: root}]", Verdict::Unknown),
        ("!Sub 'root:${X}'", Verdict::Fail),
        ("!Sub 'root${X}'", Verdict::Unknown),
        ("'root:${X}'", Verdict::Fail),
        ("'app${X}'", Verdict::Unknown),
        ("!Sub '${X}'", Verdict::Unknown),
    ] {
        let properties = format!("ContainerDefinitions: [{{Name: a, User: {user}}}]");
        expect_open("'C${X}': !Equals [a, a]", &properties, "root-user", verdict);
    }
}

#[test]
fn two_open_identifiers_are_not_the_same() {
    let privileged = |condition: &str| {
        format!(
            "Transform: AWS::LanguageExtensions\nParameters: {{L: {OPEN}, M: {OPEN}}}\n\
             Conditions: {{Fn::ForEach::A: [X, !Ref L, {{Fn::ForEach::B: [Y, !Ref M, {{'C${{X}}${{Y}}': {condition}}}]}}]}}\n\
             Resources: {{Fn::ForEach::A: [X, !Ref L, {{Fn::ForEach::B: [Y, !Ref M, {{'T${{X}}${{Y}}': \
             {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: \
             [{{Name: a, Privileged: !If ['C${{X}}${{Y}}', false, true]}}]}}}}}}]}}]}}"
        )
    };
    for (condition, verdict) in [
        ("!Equals ['${X}', '${Y}']", Verdict::Fail),
        ("!Equals ['${X}', '${X}']", Verdict::Pass),
        ("!Equals ['${X}', '&{X}']", Verdict::Fail),
        ("!Equals ['${X}-a', '${X}-b']", Verdict::Fail),
        ("!Equals ['a-${X}', 'b-${X}']", Verdict::Fail),
        ("!Equals ['a-${X}-b', 'a-${X}-b']", Verdict::Pass),
    ] {
        let (found, findings) = judged(&privileged(condition), &Given::default(), "privileged-container");
        assert_eq!(found, verdict, "{condition} {findings:#?}");
    }
}

#[test]
fn what_a_limited_loop_makes_is_there_when_the_list_has_the_item() {
    let text = looped(
        LIMITED,
        "'Is${X}': !Equals [a, b]",
        "ContainerDefinitions: [{Name: a, Privileged: !If ['Is${X}', true, false]}]",
    );
    let tasks =
        check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap().judged.unwrap();
    let of_rule = |task: &JudgedTask| {
        let mut outcomes = task.report.outcomes.iter();
        outcomes.find(|outcome| outcome.rule.name == "privileged-container").unwrap().findings.verdict
    };
    let found: Vec<_> = tasks.iter().map(|task| (task.name.as_str(), of_rule(task))).collect();
    assert_eq!(found, [("TPrivileged", Verdict::Pass), ("TInteractive", Verdict::Pass)]);

    let text = format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{List: {LIMITED}}}\nResources: {{T: \
         {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: a, \
         Fn::ForEach::Keys: [X, !Ref List, {{'${{X}}': true}}]}}]}}}}}}"
    );
    for (rule, key) in [("privileged-container", "Privileged"), ("interactive-container", "Interactive")] {
        let (verdict, findings) = judged(&text, &Given::default(), rule);
        let cases: Vec<_> = findings.iter().map(|finding| finding.case.as_deref()).collect();
        let expected = format!("when List contains {key}");
        assert_eq!((verdict, &*cases), (Verdict::Fail, &[Some(&*expected)][..]), "{rule}");
    }
}

#[test]
fn the_condition_of_a_loop_and_that_of_a_resource_are_told_by_themselves() {
    for (condition, expected) in [
        ("Condition: Is, ", "when List contains Privileged and Is is true"),
        ("Condition: 'Is', Condition: Is, ", "when List contains Privileged and Is is true"),
        ("", "when List contains Privileged"),
    ] {
        let text = format!(
            "Transform: AWS::LanguageExtensions\nParameters: {{List: {LIMITED}, P: {{Type: String}}}}\n\
             Conditions: {{Is: !Equals [!Ref P, x]}}\n\
             Resources: {{Fn::ForEach::T: [X, !Ref List, {{'T${{X}}': {{{condition}Type: AWS::ECS::TaskDefinition, \
             Properties: {{ContainerDefinitions: [{{Name: a, Privileged: true}}]}}}}}}]}}"
        );
        let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let tasks = file.judged.unwrap();
        let outcomes = &tasks[0].report.outcomes;
        let found = outcomes.iter().find(|outcome| outcome.rule.name == "privileged-container").unwrap();
        assert_eq!(found.findings.kept[0].case.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_decides_the_list_of_a_loop_is_told_and_not_the_list() {
    let sections = "Parameters: {S: {Type: String, AllowedValues: [dev, prod]}, P: {Type: String}, \
                    Open: {Type: CommaDelimitedList}}\n\
                    Conditions: {Dev: !Equals [!Ref S, dev], Is: !Equals [!Ref P, x]}\n\
                    Mappings: {M: {dev: {L: [Cpu, Privileged]}, prod: {L: [Cpu]}}}";
    let is_dev = [("S".to_owned(), "dev".to_owned())];
    let open = Given::default();
    let dev = Given { parameters: is_dev.into(), ..Given::default() };
    for (list, given, of_resource, of_key) in [
        ("!If [Dev, [Cpu, Privileged], [Cpu]]", &open, "when Dev is true", "when Dev is true"),
        ("[Cpu, !If [Dev, Privileged, Image]]", &open, "when Dev is true", "when Dev is true"),
        ("[Cpu, !If [Dev, Privileged, !Ref AWS::NoValue]]", &open, "when Dev is true", "when Dev is true"),
        ("[Privileged, !If [Dev, Cpu, Image]]", &open, "", ""),
        ("!FindInMap [M, !Ref S, L]", &open, "for S=dev (allowed value)", "for S=dev (allowed value)"),
        (
            "!If [Dev, !If [Is, [Cpu, Privileged], [Cpu]], [Cpu]]",
            &dev,
            "when Is is true",
            "when Is is true and Dev is true",
        ),
        // Of what nobody can list, the text is all there is.
        ("!If [Dev, [Cpu, Privileged], !Ref Open]", &open, "open", "open"),
    ] {
        let of_resources = format!(
            "Resources: {{Fn::ForEach::T: [X, {list}, {{'T${{X}}': {{Type: AWS::ECS::TaskDefinition, \
             Properties: {{ContainerDefinitions: [{{Name: a, '${{X}}': true}}]}}}}}}]}}"
        );
        let of_keys = format!(
            "Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: a, \
             Fn::ForEach::Keys: [X, {list}, {{'${{X}}': true}}]}}]}}}}}}"
        );
        for (resources, expected) in [(of_resources, of_resource), (of_keys, of_key)] {
            let text = format!("Transform: AWS::LanguageExtensions\n{sections}\n{resources}");
            let file = check("template.yaml", &text, given, &Policy::baseline()).unwrap();
            let outcomes = file.judged.unwrap().into_iter().flat_map(|task| task.report.outcomes);
            let found = outcomes.filter(|outcome| outcome.rule.name == "privileged-container");
            let failed =
                found.flat_map(|outcome| outcome.findings.kept).find(|one| one.verdict == Verdict::Fail);
            let case =
                failed.map_or_else(|| "open".into(), |one| one.condition().unwrap_or_default().into_owned());
            assert_eq!(case, expected, "{text}");
        }
    }
}
