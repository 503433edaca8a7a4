//! Whether a condition holds, as far as a template tells.
//!
//! Owns conditions by how they are written. What a condition does to a value, the other tests have.

use ecs_guard::finding::Verdict;
use ecs_guard::template::Given;

use super::{expect, judged, template};

const RULE: &str = "privileged-container";

/// Whether `C` holds; `None` where it may and may not.
#[track_caller]
pub(super) fn holds(sections: &str) -> Option<bool> {
    let verdict = |choice: &str| judged(&template(sections, choice), &Given::default(), RULE).0;
    match (verdict("Privileged: !If [C, true, false]"), verdict("Privileged: !If [C, false, true]")) {
        (Verdict::Fail, Verdict::Pass) => Some(true),
        (Verdict::Pass, Verdict::Fail) => Some(false),
        (Verdict::Fail, Verdict::Fail) => None,
        others => panic!("{others:?}: {sections}"),
    }
}

#[test]
fn an_expression_holds_as_it_is_written() {
    let (yes, no, open) = (Some(true), Some(false), None);
    for (expression, expected) in [
        ("!Equals [x, x]", yes),
        ("!Equals [x, y]", no),
        ("!Equals ['', '']", yes),
        ("!Equals ['', !Join ['', []]]", yes),
        ("!Equals [!Join ['', ['', '']], x]", no),
        ("!Equals [!Ref P, x]", open),
        ("!Equals [!Sub '${P}x', 'ay']", no),
        ("!Equals [!Sub 'b${P}', 'ay']", no),
        ("!Equals [!Sub 'a${P}', 'ay']", open),
        ("!Equals [!Select [1, !Split [':', !Sub 'a:-${P}']], x]", no),
        ("!Equals [!Select [1, !Split [':', !Sub 'a:-${P}']], '-x']", open),
        ("!Equals [!Select [2, !Split [':', !Sub 'a:-${P}']], x]", open),
        ("!Equals [!Ref P, !Ref P]", yes),
        ("!Not [!Equals [x, x]]", no),
        ("!Not [{Condition: Wrong}]", yes),
        ("{Condition: Right}", yes),
        ("{Condition: Wrong}", no),
        ("!Condition Wrong", no),
        ("{Condition: Missing}", open),
        ("{Condition: C}", open),
        ("{Condition: Right, Other: x}", open),
        ("true", yes),
        ("false", no),
        ("'false'", open),
        ("!And [!Condition Right, !Condition Right]", yes),
        ("!And [!Condition Right, !Condition Wrong]", no),
        ("!And [!Condition Wrong, !Condition Open]", no),
        ("!And [!Condition Right, !Condition Open]", open),
        ("!And []", open),
        ("!Or [!Condition Wrong, !Condition Wrong]", no),
        ("!Or [!Condition Wrong, !Condition Right]", yes),
        ("!Or [!Condition Right, !Condition Right]", yes),
        ("!Or [!Condition Open, !Condition Right]", yes),
        ("!Or [!Condition Wrong, !Condition Open]", open),
        ("!Or []", open),
        ("!Not []", open),
        ("!Equals [x]", open),
        ("!Equals [!Ref P, [x]]", open),
    ] {
        let sections = format!(
            "Parameters: {{P: {{Type: String}}}}\nConditions: {{Right: !Equals [x, x], Wrong: !Equals [x, y], \
             Open: !Equals [!Ref P, x], C: {expression}}}"
        );
        assert_eq!(holds(&sections), expected, "{expression}");
    }
}

#[test]
fn what_a_condition_asks_on_its_way_is_not_told_beside_it() {
    let sections = "Parameters: {P: {Type: String}}\nConditions: {D: !Equals [!Ref P, d], \
                    C: !Equals [!If [D, x, y], x]}";
    let text = template(sections, "Privileged: !If [C, true, false]");
    expect(&text, &[], RULE, Verdict::Fail, &[Some("when C is true")]);
}

/// Conditions that refer to each other so often, each the opposite of the one before, behind one that is written.
fn chain(length: usize, first: &str) -> String {
    let next = |at: usize| format!("C{at}: !Not [!Condition C{}]", at - 1);
    let others: Vec<_> = (1..length).map(next).collect();
    format!("Conditions: {{C0: {first}, {}, C: !Condition C{}}}", others.join(", "), length - 1)
}

#[test]
fn a_value_is_what_a_condition_tells_of_it_wherever_that_is_asked() {
    let sections = "Parameters: {Debug: {Type: String}}\nConditions: {IsDebug: !Equals [!Ref Debug, 'true']}";
    let (container, sidecar) =
        ("{Name: a, Privileged: !Ref Debug}", "!If [IsDebug, {Name: b}, !Ref AWS::NoValue]");
    for (one, other) in [(container, sidecar), (sidecar, container)] {
        let text = format!(
            "{sections}\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{one}, {other}]}}}}}}\n"
        );
        let cases = [Some("when IsDebug is true"), Some("when IsDebug is false")];
        expect(&text, &[], "privileged-container", Verdict::Fail, &cases);
        expect(&text, &[("Debug", "false")], "privileged-container", Verdict::Pass, &[]);
    }
}

#[test]
fn what_is_deeper_than_is_followed_is_open_and_nothing_else_is() {
    // A reference and what it is the opposite of are two levels, and so are the first and the last alone.
    assert_eq!(holds(&chain(100, "!Equals [x, x]")), Some(false));
    assert_eq!(holds(&chain(101, "!Equals [x, x]")), None);
    // Hundreds that are too deep, and then one that is not.
    let deep = vec!["!Equals [x, x]"; 300].join(", ");
    let sections = chain(100, &format!("!And [{deep}]")).replace(
        "C: !Condition C99",
        "Last: !Not [!Equals [x, x]], C: !And [!Or [!Condition C99, !Not [!Condition C99]], !Condition Last]",
    );
    assert_eq!(holds(&sections), Some(false));
}

#[test]
fn behind_what_is_too_deep_conditions_are_told_as_ever() {
    let sections = chain(101, "!Equals [x, x]")
        .replace("Conditions: {", "Conditions: {D: !Equals [!Ref AWS::StackName, x], ");
    let text = template(&sections, "Privileged: !If [C, !If [D, true, false], false]");
    expect(&text, &[], RULE, Verdict::Fail, &[Some("when C is true and D is true")]);
}

#[test]
fn what_only_names_a_container_decides_nothing_of_the_next() {
    let text = "
Conditions: {C: !Equals [!Ref AWS::StackName, x]}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: !If [C, a, b], Privileged: true}
        - {Name: web, Privileged: !If [C, true, false]}";
    expect(text, &[], RULE, Verdict::Fail, &[None, Some("when C is true")]);
}

#[test]
fn what_conditions_leave_of_a_parameter_is_its_value() {
    // Together they are `root`, and the second is nothing.
    let sections = "Parameters: {P: {Type: String}, Q: {Type: String}}\n\
                    Conditions: {Joined: !Equals [!Sub '${P}${Q}', root], Alone: !Equals [!Ref Q, '']}";
    for (value, verdict, cases) in [
        ("!Ref P", Verdict::Fail, &[Some("when Joined is true and Alone is true")][..]),
        ("!Sub 'web-${P}'", Verdict::Pass, &[]),
    ] {
        let text = template(sections, &format!("User: !If [Joined, !If [Alone, {value}, app], app]"));
        expect(&text, &[], "root-user", verdict, cases);
    }
}

#[test]
fn what_is_imported_under_the_name_of_a_parameter_is_another_value() {
    let sections = "Parameters: {Stage: {Type: String, AllowedValues: [dev, prod]}}\nConditions: ";
    assert_eq!(holds(&format!("{sections} {{C: !Equals [!Ref Stage, x]}}")), Some(false));
    assert_eq!(holds(&format!("{sections} {{C: !Equals [!ImportValue Stage, x]}}")), None);
}
