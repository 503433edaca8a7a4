//! What a finding says of values that are given, or are the template's defaults.
//!
//! Owns the words that name them. What such a value does to a verdict, the other tests have.

use std::borrow::Cow;

use ecs_guard::check::check;
use ecs_guard::finding::Verdict;
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
    let mut found = conditions(text, given, rule);
    found.dedup();
    assert_eq!(found, [expected.map(str::to_owned)], "{text}");
}

const SECTIONS: &str = "
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  ReadOnly: {Type: String, Default: 'false'}
  User: {Type: String, AllowedValues: [root, app]}
  Free: {Type: String}
  Users: {Type: CommaDelimitedList, Default: 'root,app'}
  Open: {Type: String}
Mappings: {Stages: {dev: {ro: 'false'}, prod: {ro: 'true'}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsOdd: !And [!Condition IsDev, {Condition: IsDev}, !Not [!Equals [!Sub '${User}-${Stage}', x]]]
  IsSubstituted: !Equals [!Sub ['${A}', {A: !Ref Stage}], dev]
  IsChosen: !Equals [!If [IsDev, a, b], a]
  ByCondition: !Not [!Condition Other]
  ByLongForm: !Not [{Condition: Other}]
  Other: !Not [!Equals [!Ref Stage, dev]]
  BySubstitution: !Equals [!Sub '${Stage}', dev]
  ByVariables: !Equals [!Sub ['${Stage}${A}', {A: '-'}], dev-]
  ByAnother: !Equals [!Sub ['${A}', {A: dev}], dev]
  ByNamesake: !Equals [!Sub ['${A}', {A: IsDev}], IsDev]
  IsOpen: !Equals [!Ref Open, x]
  Always: !Equals [x, x]";

#[test]
fn a_finding_names_what_is_settled_and_decides_its_value() {
    let given = given(&[
        ("Stage", "dev"),
        ("ReadOnly", "false"),
        ("User", "root"),
        ("Free", "root"),
        ("Users", "root,app"),
    ]);
    for (container, rule, expected) in [
        ("ReadonlyRootFilesystem: !Ref ReadOnly", READ_ONLY, Some("with ReadOnly=false (given)")),
        ("ReadonlyRootFilesystem: !Sub '${ReadOnly}'", READ_ONLY, Some("with ReadOnly=false (given)")),
        (
            "ReadonlyRootFilesystem: !FindInMap [Stages, !Ref Stage, ro]",
            READ_ONLY,
            Some("with Stage=dev (given)"),
        ),
        ("ReadonlyRootFilesystem: !If [IsDev, false, true]", READ_ONLY, Some("when IsDev is true")),
        ("ReadonlyRootFilesystem: !If [IsOdd, false, true]", READ_ONLY, Some("when IsOdd is true")),
        (
            "ReadonlyRootFilesystem: !If [IsSubstituted, false, true]",
            READ_ONLY,
            Some("when IsSubstituted is true"),
        ),
        ("ReadonlyRootFilesystem: !If [IsChosen, false, true]", READ_ONLY, Some("when IsChosen is true")),
        (
            "ReadonlyRootFilesystem: !If [ByCondition, false, true]",
            READ_ONLY,
            Some("when ByCondition is true"),
        ),
        ("ReadonlyRootFilesystem: !If [ByLongForm, false, true]", READ_ONLY, Some("when ByLongForm is true")),
        (
            "ReadonlyRootFilesystem: !If [BySubstitution, false, true]",
            READ_ONLY,
            Some("when BySubstitution is true"),
        ),
        (
            "ReadonlyRootFilesystem: !If [ByVariables, false, true]",
            READ_ONLY,
            Some("when ByVariables is true"),
        ),
        ("ReadonlyRootFilesystem: !If [ByAnother, false, true]", READ_ONLY, None),
        // A text that is spelled like a condition.
        ("ReadonlyRootFilesystem: !If [ByNamesake, false, true]", READ_ONLY, None),
        ("ReadonlyRootFilesystem: !If [Always, false, true]", READ_ONLY, None),
        ("ReadonlyRootFilesystem: !If [!Equals [x, x], false, true]", READ_ONLY, None),
        (
            "ReadonlyRootFilesystem: !If [!Equals [!Ref Stage, dev], false, true]",
            READ_ONLY,
            Some("when Equals([Stage, dev]) is true"),
        ),
        // The property is not there, and this is why.
        (
            "ReadonlyRootFilesystem: !If [IsDev, !Ref AWS::NoValue, true]",
            READ_ONLY,
            Some("when IsDev is true"),
        ),
        (
            "ReadonlyRootFilesystem: !If [IsOdd, !Ref ReadOnly, true]",
            READ_ONLY,
            Some("when IsOdd is true, with ReadOnly=false (given)"),
        ),
        // What it is, the message tells.
        ("User: !Ref Free", "root-user", Some("with Free (given)")),
        ("User: !Sub '${User}:1000'", "root-user", Some("with User=root (given)")),
        ("User: !Select [0, !Ref Users]", "root-user", Some("with Users (given)")),
        (
            "LinuxParameters: !If [IsDev, {Capabilities: {Add: [SYS_ADMIN]}}, {}]",
            "added-linux-capabilities",
            Some("when IsDev is true"),
        ),
        (
            "LogConfiguration: !If [IsDev, {LogDriver: awslogs}, {}]",
            "blocking-awslogs",
            Some("when IsDev is true"),
        ),
        // Neither what stands beside it nor what is left out there decides.
        (
            "Environment: [!If [IsDev, {Name: A, Value: x}, !Ref AWS::NoValue], {Name: PASSWORD, Value: x}]",
            "plaintext-secret",
            None,
        ),
        (
            "Environment: [!If [IsDev, !Ref AWS::NoValue, {Name: A, Value: x}], {Name: PASSWORD, Value: x}]",
            "plaintext-secret",
            None,
        ),
        // Neither the name nor another property decides.
        ("Name: !Ref User, ReadonlyRootFilesystem: false", READ_ONLY, None),
        ("User: !Ref User, ReadonlyRootFilesystem: false", READ_ONLY, None),
        (
            "ReadonlyRootFilesystem: !If [IsOpen, !Ref ReadOnly, true]",
            READ_ONLY,
            Some("when IsOpen is true, with ReadOnly=false (given)"),
        ),
    ] {
        expect_one(&template(SECTIONS, container), &given, rule, expected);
    }
    let both = template(SECTIONS, "ReadonlyRootFilesystem: !If [IsOpen, !Ref ReadOnly, false]");
    let each = ["when IsOpen is true, with ReadOnly=false (given)", "when IsOpen is false"];
    assert_eq!(conditions(&both, &given, READ_ONLY), each.map(|case| Some(case.to_owned())));
}

#[test]
fn a_default_is_called_one() {
    let assumed = Given { assume_defaults: true, ..given(&[("Stage", "prod")]) };
    for (container, expected) in [
        ("ReadonlyRootFilesystem: !Ref ReadOnly", "with ReadOnly=false (default)"),
        (
            "ReadonlyRootFilesystem: !If [IsDev, true, !Ref ReadOnly]",
            "when IsDev is false, with ReadOnly=false (default)",
        ),
    ] {
        expect_one(&template(SECTIONS, container), &assumed, READ_ONLY, Some(expected));
    }
}

#[test]
fn what_the_parameter_store_holds_is_named_where_nothing_else_is_given() {
    let sections = "Parameters: {Stored: {Type: 'AWS::SSM::Parameter::Value<String>'}}";
    let looked_up = [("Stored".to_owned(), "root".to_owned())].into();
    let stored = Given { looked_up, ..Given::default() };
    expect_one(&template(sections, "User: !Ref Stored"), &stored, "root-user", Some("with Stored (given)"));
}

#[test]
fn what_follows_from_the_region_is_settled_with_it() {
    let given = given(&[("AWS::Region", "cn-north-1")]);
    for container in
        ["User: !Select [1, !Split ['ws-', !Sub 'aws-${AWS::Partition}']]", "User: !Ref AWS::Partition"]
    {
        let text = template("", container).replace(
            "[1, !Split ['ws-', !Sub 'aws-${AWS::Partition}']]",
            "[0, !Split ['-', !Sub 'root-${AWS::Partition}']]",
        );
        let expected: &[_] = if container.contains("Select") {
            &[Some("with AWS::Region=cn-north-1 (given)".to_owned())]
        } else {
            &[]
        };
        assert_eq!(conditions(&text, &given, "root-user"), expected, "{text}");
    }
}

/// A template of these task-level properties.
fn task(properties: &str) -> String {
    format!(
        "Parameters: {{A: {{Type: String}}, B: {{Type: String}}, Os: {{Type: String}}, Mode: {{Type: String}}, Stage: {{Type: String}}}}\n\
         Conditions: {{IsDev: !Equals [!Ref Stage, dev]}}\n\
         Resources: {{Task: {{Type: AWS::ECS::TaskDefinition, Properties: {{{properties}}}}}}}"
    )
}

#[test]
fn each_finding_names_its_own() {
    let text = task(
        "RuntimePlatform: {OperatingSystemFamily: !Ref Os}, NetworkMode: !Ref Mode, \
         Volumes: [{Name: v1, Host: {SourcePath: !Ref A}}, {Name: v2, Host: {SourcePath: /etc}}, \
           {Name: v3, Host: {SourcePath: !Sub '/${B}'}}], \
         ContainerDefinitions: [{Name: a, Privileged: !Ref A, User: !Ref A}, {Name: b, Privileged: !Ref B, User: app}, \
           {Name: c, Privileged: true, User: root, Privileged: !Ref B}, \
           {Name: d, LinuxParameters: {Capabilities: {Add: [!Ref A, SYS_ADMIN]}}, User: app}]",
    );
    let given = given(&[("A", "true"), ("B", "TRUE"), ("Os", "LINUX"), ("Mode", "host"), ("Stage", "dev")]);
    let of = |rule| conditions(&text, &given, rule);
    let some = |text: &str| Some(text.to_owned());
    let with_b = || some("with B=TRUE (given)");
    assert_eq!(of("privileged-container"), [some("with A=true (given)"), with_b(), None, with_b()]);
    assert_eq!(of("root-user"), [None]);
    assert_eq!(of("host-network-mode"), [some("with Mode (given)")]);
    assert_eq!(of("added-linux-capabilities"), [some("with A=true (given)"), None]);
    let paths = given_paths(&text);
    assert_eq!(paths, [None]);
}

/// What is said of the volumes, where `A` is no path.
fn given_paths(text: &str) -> Vec<Option<String>> {
    conditions(text, &given(&[("A", "/data"), ("B", "srv")]), "sensitive-host-path")
}

#[test]
fn of_a_key_that_stands_twice_each_value_names_its_own() {
    let text = task(
        "ContainerDefinitions: [{Name: a, User: app}, {Name: b, User: !Ref A, User: '0:0', User: !Ref B}, {Name: c, User: !Ref B}]",
    );
    let found = conditions(&text, &given(&[("A", "root"), ("B", "0")]), "root-user");
    let with = |name: &str| Some(format!("with {name} (given)"));
    assert_eq!(found, [with("A"), None, with("B"), with("B")]);
    let one_after_the_other = task("ContainerDefinitions: [{User: '0:0', User: !Ref A, User: app}]");
    assert_eq!(conditions(&one_after_the_other, &given(&[("A", "root")]), "root-user"), [None, with("A")]);
}

#[test]
fn what_decides_in_one_case_is_not_named_in_the_next() {
    // Both are computed, the second perhaps in the place of the first.
    let text = task("NetworkMode: !If [!Equals [!Ref Os, x], !Ref Mode, !Join ['', [ho, st]]]");
    let found = conditions(&text, &given(&[("Mode", "host")]), "host-network-mode");
    assert!(found[0].as_ref().unwrap().ends_with("is true, with Mode (given)"), "{found:?}");
    assert!(found[1].as_ref().unwrap().ends_with("is false"), "{found:?}");
}

#[test]
fn what_puts_a_container_there_is_named() {
    let container = "{Name: a, Privileged: true}";
    let dev = given(&[("Stage", "dev"), ("A", "x")]);
    for (list, expected) in [
        (format!("[{container}]"), None),
        (format!("[!If [IsDev, {container}, !Ref AWS::NoValue]]"), Some("when IsDev is true")),
        (format!("!If [IsDev, [{container}], []]"), Some("when IsDev is true")),
        ("[!Ref A]".to_owned(), Some("with A (given)")),
        (format!("[!If [IsDev, {{Name: b}}, !Ref AWS::NoValue], {container}]"), None),
    ] {
        expect_one(
            &task(&format!("ContainerDefinitions: {list}")),
            &dev,
            "privileged-container",
            expected.map(str::to_owned).as_deref(),
        );
    }
    let text = task(&format!("ContainerDefinitions: !If [IsDev, [{container}], []]"))
        .replace("Type: AWS::ECS", "Condition: IsDev, Type: AWS::ECS");
    expect_one(&text, &dev, "privileged-container", Some("when IsDev is true"));
}

#[test]
fn what_leaves_another_container_out_is_not_named() {
    let dev = given(&[("Stage", "dev")]);
    for (list, expected) in [
        ("[!If [IsDev, {Name: a}, !Ref AWS::NoValue]]", Some("when IsDev is true")),
        ("[!If [IsDev, !Ref AWS::NoValue, {Name: b}], {Name: a}]", None),
        ("[{Name: a}, !If [IsDev, !Ref AWS::NoValue, {Name: b}]]", None),
    ] {
        expect_one(&task(&format!("ContainerDefinitions: {list}")), &dev, READ_ONLY, expected);
    }
}

#[test]
fn a_condition_is_named_once_however_deep_it_is() {
    // Deeper than two hundred, a condition is open, and both are possible.
    for length in [90, 110, 300] {
        let chain = |at: usize| format!("C{at}: !Or [!Condition C{}, !Condition C{}]", at - 1, at - 1);
        let chain: Vec<_> = (1..=length).map(chain).collect();
        let sections = format!(
            "Parameters: {{P: {{Type: String}}}}\nConditions: {{C0: !Equals [!Ref P, x], {}}}",
            chain.join(", ")
        );
        let text = template(&sections, &format!("Privileged: !If [C{length}, true, false]"));
        let expected = format!("when C{length} is true");
        expect_one(&text, &given(&[("P", "x")]), "privileged-container", Some(&expected));
    }
}

#[test]
fn of_many_some_are_named() {
    for count in [4, 5] {
        let all = |make: &dyn Fn(usize) -> String| (0..count).map(make).collect::<Vec<_>>().join(", ");
        let sections =
            format!("Parameters: {{{}}}", all(&|at| format!("P{at}: {{Type: String, AllowedValues: ['']}}")));
        let text =
            template(&sections, &format!("User: !Join ['', [root, {}]]", all(&|at| format!("!Ref P{at}"))));
        let names: Vec<_> = (0..count).map(|at| format!("P{at}")).collect();
        let empty: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        let more = if count > 4 { " and more" } else { "" };
        let expected = format!("with P0= (given) and P1= (given) and P2= (given) and P3= (given){more}");
        expect_one(&text, &given(&empty), "root-user", Some(&expected));
    }
}

#[test]
fn what_may_be_a_secret_is_not_shown() {
    let sections = "
Parameters:
  Secret: {Type: String, Default: hunter2}
  Prefix: {Type: String}
Conditions: {HasSecret: !Not [!Equals [!Ref Secret, '']]}";
    let given = given(&[("Secret", "hunter2"), ("Prefix", "DB")]);
    for (container, rule, expected) in [
        (
            "Environment: [{Name: A, Value: !Ref Prefix}, {Name: !Sub '${Prefix}_PASSWORD', Value: !Ref Secret}]",
            "plaintext-secret",
            Some("with Prefix (given)"),
        ),
        ("Environment: !Ref Secret", "plaintext-secret", Some("with Secret (given)")),
        ("Privileged: !If [HasSecret, true, false]", "privileged-container", Some("when HasSecret is true")),
    ] {
        expect_one(&template(sections, container), &given, rule, expected);
    }
    let assumed = Given { assume_defaults: true, ..Given::default() };
    expect_one(
        &template(sections, "Environment: !Ref Secret"),
        &assumed,
        "plaintext-secret",
        Some("with Secret (default)"),
    );
}

/// What `NoEcho` hides is not told by what comes of it either.
#[test]
fn what_is_not_echoed_decides_conditions_only() {
    let sections = |rest: &str| {
        format!(
            "
Parameters: {{Hidden: {{Type: String, NoEcho: true, Default: hunter2{rest}}}}}
Mappings: {{Of: {{hunter2: {{User: root}}, other: {{User: app}}}}}}
Conditions:
  Is: !Equals [!Ref Hidden, hunter2]
  IsRoot: !Equals [!FindInMap [Of, !Ref Hidden, User], root]"
        )
    };
    let assumed = Given { assume_defaults: true, ..Given::default() };
    for given in [given(&[("Hidden", "hunter2")]), assumed] {
        for rest in ["", ", AllowedValues: [hunter2, other]"] {
            for (user, verdict, condition) in [
                ("!Ref Hidden", Verdict::Unknown, None),
                ("!Sub '${Hidden}:1'", Verdict::Unknown, None),
                ("!Sub ['${It}', {It: !Ref Hidden}]", Verdict::Unknown, None),
                ("!Join ['', [!Ref Hidden]]", Verdict::Unknown, None),
                ("!Select [0, !Split [',', !Ref Hidden]]", Verdict::Unknown, None),
                ("!FindInMap [Of, !Ref Hidden, User]", Verdict::Unknown, None),
                ("!FindInMap [Of, !Select [0, !Split [',', !Ref Hidden]], User]", Verdict::Unknown, None),
                ("!If [Is, root, app]", Verdict::Fail, Some("when Is is true")),
                ("!If [IsRoot, root, app]", Verdict::Fail, Some("when IsRoot is true")),
            ] {
                let text = template(&sections(rest), &format!("User: {user}"));
                let (found, findings) = judged(&text, &given, "root-user");
                let [finding] = findings.as_slice() else { panic!("{user}: {findings:?}") };
                assert_eq!((found, finding.condition().as_deref()), (verdict, condition), "{user}");
                assert!(!format!("{finding:?}").contains("hunter2"), "{user}: {finding:?}");
                assert_eq!(
                    verdict == Verdict::Unknown,
                    finding.remediation.contains("`Hidden` has `NoEcho`"),
                    "{user}"
                );
            }
        }
    }
}

const GIVEN_IN_VAIN: &str = "
Parameters:
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [/a, /b]}
  Hidden: {Type: String, NoEcho: true}
  Twice: {Type: String}
  Twice: {Type: String, Default: app}
  Stage: {Type: String}";

#[test]
fn what_no_given_value_settles_says_so() {
    let given = given(&[("Stored", "/c"), ("Hidden", "app"), ("Stage", "app"), ("Twice", "app")]);
    for (name, expected) in [
        ("Stored", "`Stored` stands for what the Parameter Store holds, which is known at deployment."),
        ("Hidden", "`Hidden` has `NoEcho`, so that what is given for it decides conditions only."),
        ("Twice", "`Twice` is defined twice, so that nobody can tell what it is."),
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
        format!("CloudFormation refuses {value} for `{name}`: its `AllowedValues` do not have it")
    };
    for (name, value, expected) in [
        ("Stage", "prod", None),
        ("Stage", "Prod", Some("`Prod`")),
        ("Stage", "", Some("``")),
        ("Subnets", "a, b", None),
        ("Subnets", "a, c", Some("`c`")),
        // Readers differ about `0x10`.
        ("Size", "16", None),
        ("Hidden", "hunter2", Some("what is given")),
        ("Hidden", "x", None),
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

#[test]
fn what_may_be_given_is_advised_and_nothing_else_is() {
    for (name, is_advised) in [
        ("Stage", true),
        ("AWS::Region", true),
        ("AWS::StackName", true),
        ("AWS::NoValue", false),
        ("Hidden", false),
        ("Stored", false),
        ("Twice", false),
        ("Resource", false),
    ] {
        let text = template(GIVEN_IN_VAIN, &format!("User: !Sub '${{{name}}}:app'"));
        let (_, findings) = judged(&text, &Given::default(), "root-user");
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        let advice = format!("Or say what it will be: `--parameter {name}=…`.");
        assert_eq!(finding.remediation.contains(&advice), is_advised, "{}", finding.remediation);
        assert_eq!(finding.remediation.contains("--parameter"), is_advised, "{}", finding.remediation);
    }
}

#[test]
fn what_one_container_meets_leaves_room_for_the_next() {
    let many = vec!["!Ref A"; 5000].join(", ");
    let each: Vec<_> = (0..5000).map(|number| format!("!Sub '${{A}}{number}'")).collect();
    for first in [many, each.join(", ")] {
        let added = |items: &str| format!("{{LinuxParameters: {{Capabilities: {{Add: [{items}]}}}}}}");
        let text = task(&format!("ContainerDefinitions: [{}, {}]", added(&first), added("!Ref B")));
        let found = conditions(&text, &given(&[("A", "X"), ("B", "Y")]), "added-linux-capabilities");
        assert_eq!(found.first(), Some(&Some("with A (given)".to_owned())));
        assert_eq!(found.last(), Some(&Some("with B (given)".to_owned())));
    }
}
