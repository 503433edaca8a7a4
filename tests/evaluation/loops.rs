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
