//! What a finding says of values that are given, or are the template's defaults.
//!
//! Owns the words that name them. What such a value does to a verdict, the other tests have.

use std::borrow::Cow;

use ecs_guard::check::check;
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

use super::{given, judged, template};

const READ_ONLY: &str = "writable-root-filesystem";

/// When each finding of a rule holds.
fn conditions(text: &str, given: &Given, rule: &str) -> Vec<Option<String>> {
    let (_, findings) = judged(text, given, rule);
    findings.iter().map(|finding| finding.condition().map(Cow::into_owned)).collect()
}

#[track_caller]
fn expect_one(text: &str, given: &Given, rule: &str, expected: Option<&str>) {
    assert_eq!(conditions(text, given, rule), [expected.map(str::to_owned)], "{text}");
}

const SECTIONS: &str = "
Parameters:
  Stage: {Type: String, Default: dev}
  ReadOnly: {Type: String, Default: 'false'}
  User: {Type: String, AllowedValues: [root, app]}
  Long: {Type: String}
  Tags: {Type: CommaDelimitedList, Default: 'a,b'}
Mappings: {Stages: {dev: {ro: 'false'}, prod: {ro: 'true'}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsOdd: !And [!Condition IsDev, {Condition: IsDev}, !Not [!Equals [!Sub '${User}-${Tags.x}', x]]]";

#[test]
fn a_finding_names_each_settled_value_it_depends_on() {
    let long = format!("root,{}", "x".repeat(9999));
    let given = given(&[("Stage", "dev"), ("ReadOnly", "false"), ("User", "root"), ("Long", &long)]);
    for (container, rule, expected) in [
        ("ReadonlyRootFilesystem: !Ref ReadOnly", READ_ONLY, Some("with ReadOnly=false (given)")),
        ("ReadonlyRootFilesystem: !Sub '${ReadOnly}'", READ_ONLY, Some("with ReadOnly=false (given)")),
        (
            "ReadonlyRootFilesystem: !FindInMap [Stages, !Ref Stage, ro]",
            READ_ONLY,
            Some("with Stage=dev (given)"),
        ),
        ("ReadonlyRootFilesystem: !If [IsDev, false, true]", READ_ONLY, Some("with Stage=dev (given)")),
        // The property is not there, and this is why.
        (
            "ReadonlyRootFilesystem: !If [IsDev, !Ref AWS::NoValue, true]",
            READ_ONLY,
            Some("with Stage=dev (given)"),
        ),
        (
            "ReadonlyRootFilesystem: !If [IsOdd, !Ref ReadOnly, true]",
            READ_ONLY,
            Some("with User=root (given), Stage=dev (given) and ReadOnly=false (given)"),
        ),
        // Neither the name nor another property decides.
        ("Name: !Ref User, ReadonlyRootFilesystem: false", READ_ONLY, None),
        ("User: !Ref User, ReadonlyRootFilesystem: false", READ_ONLY, None),
        ("User: !Sub '${User}:1000'", "root-user", Some("with User=root (given)")),
        (
            "User: !Select [0, !Split [',', !Ref Long]]",
            "root-user",
            Some("with Long=root,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxx (given)"),
        ),
    ] {
        expect_one(&template(SECTIONS, container), &given, rule, expected);
    }
}

#[test]
fn a_default_is_called_one() {
    let assumed = Given { assume_defaults: true, ..given(&[("Stage", "prod")]) };
    for (container, expected) in [
        ("ReadonlyRootFilesystem: !Ref ReadOnly", "with ReadOnly=false (default)"),
        (
            "ReadonlyRootFilesystem: !If [IsDev, true, !Ref ReadOnly]",
            "with Stage=prod (given) and ReadOnly=false (default)",
        ),
    ] {
        expect_one(&template(SECTIONS, container), &assumed, READ_ONLY, Some(expected));
    }
}

#[test]
fn what_is_settled_stands_beside_the_case() {
    let text =
        template(SECTIONS, "User: !Sub '${User}', ReadonlyRootFilesystem: !If [IsDev, !Ref ReadOnly, true]");
    let given = given(&[("ReadOnly", "false")]);
    expect_one(&text, &given, READ_ONLY, Some("when IsDev is true, with ReadOnly=false (given)"));
    expect_one(&text, &given, "root-user", Some("for User=root (allowed value)"));
}

#[test]
fn each_container_names_its_own() {
    let text = "
Parameters: {A: {Type: String}, B: {Type: String}, Os: {Type: String}, Mode: {Type: String}}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RuntimePlatform: {OperatingSystemFamily: !Ref Os}
      NetworkMode: !Ref Mode
      ContainerDefinitions:
        - {Name: a, Privileged: !Ref A, User: !Ref A}
        - {Name: b, Privileged: !Ref B, User: app}
        - {Name: c, Privileged: true, User: 'root'}";
    let given = given(&[("A", "true"), ("B", "TRUE"), ("Os", "LINUX"), ("Mode", "host")]);
    let of = |rule| conditions(text, &given, rule);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of("privileged-container"), [some("with A=true (given)"), some("with B=TRUE (given)"), None]);
    // That it is judged at all, the platform decides.
    assert_eq!(of("root-user"), [some("with Os=LINUX (given)")]);
    assert_eq!(of("host-network-mode"), [some("with Mode=host (given)")]);
}

#[test]
fn many_are_counted() {
    let names: Vec<_> = (0..7).map(|number| format!("P{number}")).collect();
    let parameters: Vec<_> = names.iter().map(|name| format!("{name}: {{Type: String}}")).collect();
    let text = template(
        &format!("Parameters: {{{}}}", parameters.join(", ")),
        &format!(
            "User: !Join ['', [ro, ot, {}]]",
            names.iter().map(|name| format!("!Ref {name}")).collect::<Vec<_>>().join(", ")
        ),
    );
    let empty: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let expected = "with P0= (given), P1= (given), P2= (given), P3= (given) and 3 more";
    expect_one(&text, &given(&empty), "root-user", Some(expected));
}

#[test]
fn what_may_be_a_secret_is_not_shown() {
    let sections = "
Parameters:
  Secret: {Type: String}
  Prefix: {Type: String}
  Hidden: {Type: String, NoEcho: true, AllowedValues: ['true', 'false']}";
    let variables = "[{Name: A, Value: !Ref Prefix}, {Name: !Sub '${Prefix}_PASSWORD', Value: !Ref Secret}]";
    let given = given(&[("Secret", "hunter2"), ("Prefix", "DB"), ("Hidden", "true")]);
    let text = template(sections, &format!("Environment: {variables}"));
    expect_one(&text, &given, "plaintext-secret", Some("with Prefix (given) and Secret (given)"));
    // The template itself tells what it may be.
    let text = template(sections, "Privileged: !Ref Hidden");
    expect_one(&text, &given, "privileged-container", Some("with Hidden=true (given)"));
}

const GIVEN_IN_VAIN: &str = "
Parameters:
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [/a, /b]}
  Hidden: {Type: String, NoEcho: true}
  Stage: {Type: String}";

#[test]
fn what_no_given_value_settles_says_so() {
    let given = given(&[("Stored", "/c"), ("Hidden", "app"), ("Stage", "app")]);
    for (name, expected) in [
        ("Stored", "`Stored` stands for what the Parameter Store holds, which is known at deployment."),
        ("Hidden", "`Hidden` has `NoEcho`, so that no value of it is looked at."),
    ] {
        let text = template(GIVEN_IN_VAIN, &format!("User: !Sub '${{Stage}}${{{name}}}'"));
        let (_, findings) = judged(&text, &given, "root-user");
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(finding.remediation, format!("Write the value of `User` itself. {expected}"), "{name}");
        assert_eq!(finding.condition(), None, "{name}");
    }
}

#[test]
fn a_value_that_the_template_does_not_allow_is_noted() {
    let sections = "
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Subnets: {Type: CommaDelimitedList, AllowedValues: [a, b]}
  Size: {Type: Number, AllowedValues: [0x10, 2]}
  Hidden: {Type: String, NoEcho: true, AllowedValues: [x, y]}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [/a, /b]}
  Twice: {Type: String, AllowedValues: [x]}
  Twice: {Type: String, AllowedValues: [y]}";
    let text = template(sections, "User: app");
    let notes = |parameters: &[(&str, &str)]| -> Vec<String> {
        let file = check("template.yaml", &text, &given(parameters), &Policy::of(Profile::Baseline)).unwrap();
        file.notes.into_iter().map(|note| note.message).filter(|note| !note.contains("twice")).collect()
    };
    let refused = |value: &str, name: &str| {
        format!("CloudFormation refuses {value} as the value of `{name}`: the template allows others only")
    };
    for (name, value, expected) in [
        ("Stage", "prod", None),
        ("Stage", "Prod", Some("`Prod`")),
        ("Stage", "", Some("``")),
        ("Subnets", "a, b", None),
        ("Subnets", "a,c", Some("`a,c`")),
        // Readers differ about `0x10`.
        ("Size", "16", None),
        ("Hidden", "hunter2", Some("what is given")),
        ("Stored", "/c", None),
        ("Twice", "x", None),
        ("AWS::Region", "eu-west-1", None),
    ] {
        let expected: Vec<_> = expected.map(|value| refused(value, name)).into_iter().collect();
        assert_eq!(notes(&[(name, value)]), expected, "{name}={value}");
    }
    let both = notes(&[("Subnets", "x"), ("Stage", "x")]);
    assert_eq!(both, [refused("`x`", "Stage"), refused("`x`", "Subnets")]);
}
