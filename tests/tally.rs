//! What would be blocked, counted over stacks, and how formats tell it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use ecs_guard::check::{CheckedFile, Tally, Totals, check};
use ecs_guard::engine::{Subject, excuse};
use ecs_guard::output::{self, Ending, Inputs, Run, Strictness, Unlisted};
use ecs_guard::policy::{self, Policy};
use ecs_guard::template::Given;
use serde_json::Value;

/// A template whose task definitions, `A`, `B` and so on, have each one container with these keys.
fn template(tasks: &[&str]) -> String {
    let task = |(index, keys): (usize, &&str)| {
        let name = char::from(b'A' + u8::try_from(index).unwrap());
        format!(
            "  {name}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: {name}\n      ContainerDefinitions:\n        - {{Name: '=web', User: 1000:1000, ReadonlyRootFilesystem: true, {keys}}}\n"
        )
    };
    "Parameters: {P: {Type: String}}\nResources:\n".to_owned()
        + &tasks.iter().enumerate().map(task).collect::<String>()
}

fn checked<'a>(path: &'a str, text: &'a str, policy: &Policy) -> CheckedFile<'a> {
    let mut file = check(path, text, &Given::default(), policy).unwrap();
    for task in file.judged.as_mut().unwrap() {
        let subject = Subject { logical_id: task.logical_id.as_deref(), ..Subject::default() };
        excuse(&mut task.report, &subject, policy, "2026-11-29".parse().unwrap());
    }
    file
}

fn policy() -> Policy {
    policy::read(
        "rules: {added-linux-capabilities: {level: warn}}\n\
         exceptions: [{rules: [privileged-container], logical-id: C, reason: agreed, trust-author: true}]",
    )
    .unwrap()
}

const BAD: &str = "Privileged: true";
const OPEN: &str = "Privileged: !Ref P";
const WARNED: &str = "LinuxParameters: {Capabilities: {Add: [SYS_ADMIN]}}";
const GOOD: &str = "Privileged: false";

#[test]
fn what_is_denied_blocks_and_what_is_warned_of_open_or_excused_does_not() {
    let policy = policy();
    for (tasks, blocked, excepted, unknowns) in [
        (&[GOOD][..], 0, 0, 0),
        (&[BAD], 1, 0, 0),
        (&[OPEN], 0, 0, 1),
        (&[WARNED], 0, 0, 0),
        (&[GOOD, GOOD, BAD], 0, 1, 0),
        (&[BAD, BAD, BAD, BAD, OPEN], 3, 1, 1),
    ] {
        let text = template(tasks);
        let tally = Tally::of(&checked("1/r/s", &text, &policy));
        let counts = (tally.blocked_task_definitions, tally.excepted, tally.unknowns);
        assert_eq!(counts, (blocked, excepted, unknowns), "{tasks:?}");
        assert_eq!(tally.stacks.len(), usize::from(blocked > 0));
        assert_eq!(tally.stacks_with_unknowns, unknowns);
        let of_rule = tally.rules.get("privileged-container").copied().unwrap_or_default();
        assert_eq!((of_rule.task_definitions, of_rule.excepted, of_rule.unknowns), counts);
        assert_eq!(of_rule.stacks, tally.stacks.len());
    }
}

/// Three stacks: two blocked, the second more than the first; the last only excused.
fn stacks() -> [String; 3] {
    [template(&[BAD]), template(&[BAD, "Privileged: true, User: root"]), template(&[GOOD, GOOD, BAD])]
}

fn told(name: &str) -> String {
    let policy = policy();
    let run = Run {
        policy: &policy,
        verbose: true,
        quiet: false,
        strictness: Strictness::default(),
        fixing: None,
        inputs: Inputs::Stacks,
        nested_stack: None,
    };
    let format = output::format(name).unwrap();
    let (mut totals, mut tally) = (Totals::default(), Tally::default());
    let mut text = format.begin(&run);
    for (index, template) in stacks().iter().enumerate() {
        let path = format!("111122223333/eu-west-1/=stack-{index}");
        let file = checked(&path, template, &policy);
        totals.add(Totals::of(&file));
        tally.add(Tally::of(&file));
        text += if index > 0 { format.separator() } else { "" };
        text += &output::of_file(&*format, &file, &run);
    }
    tally.newly_excepted = Some(1);
    let unlisted = Unlisted::default();
    let end = format.end(&Ending { totals: &totals, unlisted: &unlisted, tally: Some(&tally) }, &run);
    text += &end.before_unreadable;
    text += &end.after_unreadable;
    text
}

#[test]
fn people_read_the_worst_first() {
    let expected = "What FAIL would block: 3 task definitions in 2 of 3 stacks
  by rule
    privileged-container  3 task definitions in 2 stacks
    root-user             1 task definition in 1 stack
  by stack
    111122223333/eu-west-1/=stack-1  2 task definitions: privileged-container, root-user
    111122223333/eu-west-1/=stack-0  1 task definition: privileged-container
  excepted: 1 finding, 1 of them new since the last audit
  unknown: 0 findings in 0 stacks
";
    let text = anstream::adapter::strip_str(&told("text")).to_string();
    assert!(text.contains(expected), "{text}");
    assert!(
        text.ends_with("4 failures, 0 warnings, 0 unknown in 6 task definitions of 3 stacks; excepted: 1\n"),
        "{text}"
    );
    let markdown = told("markdown");
    assert!(
        markdown.contains("**What FAIL would block: 3 task definitions in 2 of 3 stacks**"),
        "{markdown}"
    );
    assert!(markdown.contains("- `root-user`: 1 task definition in 1 stack\n"), "{markdown}");
}

#[test]
fn programs_read_the_same() {
    let document: Value = serde_json::from_str(&told("json")).unwrap();
    let tally = &document["tally"];
    assert_eq!(tally["blockedStacks"], 2);
    assert_eq!(tally["blockedTaskDefinitions"], 3);
    assert_eq!((&tally["excepted"], &tally["newlyExcepted"]), (&1.into(), &1.into()));
    assert_eq!(tally["rules"][0]["name"], "privileged-container");
    assert_eq!(tally["stacks"][1]["rules"][1], "root-user");
}

#[test]
fn a_spreadsheet_has_a_row_for_each_finding_and_computes_none() {
    let text = told("csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heading = reader.headers().unwrap().clone();
    assert_eq!(heading.iter().take(4).collect::<Vec<_>>(), ["account", "region", "stack", "line"]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str| heading.iter().position(|heading| heading == name).unwrap();
    let results: Vec<_> = rows.iter().map(|row| &row[column("result")]).collect();
    assert_eq!(results, ["failure", "failure", "failure", "failure", "excepted"]);
    assert_eq!(&rows[4][column("exception")], "agreed");
    for row in &rows {
        assert_eq!((&row[column("account")], &row[column("region")]), ("111122223333", "eu-west-1"));
        assert!(row[column("stack")].starts_with("'=stack-"), "{row:?}");
        assert_eq!(&row[column("container")], "'=web");
    }
}
