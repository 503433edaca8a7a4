//! What a finding says, and where it points.
//!
//! Owns the words that a developer reads. Which verdict there is, the other tests have.

use ecs_guard::check::check;
use ecs_guard::finding::{Finding, Verdict};
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;

use super::{judged, template};

#[test]
fn a_mistake_that_only_shows_other_values_is_one_finding() {
    let sections = "Parameters:\n  U: {Type: String, AllowedValues: [root, app, '0']}\n  \
                    G: {Type: String, AllowedValues: [1, 2, 3, 4, 5]}\n  \
                    K: {Type: String, AllowedValues: [SYS_TIME, SYS_NICE]}\n  \
                    L: {Type: CommaDelimitedList, AllowedValues: [SYS_ADMIN, SYS_TIME]}\n\
                    Conditions: {C: !Equals [!Ref AWS::Region, x], D: !Equals [!Ref AWS::StackName, x]}";
    let found = |container: &str, rule: &str| -> Vec<String> {
        let (_, findings) = judged(&template(sections, container), &Given::default(), rule);
        let told = |finding: &Finding| format!("{}: {:?}", finding.message, finding.case.as_deref());
        findings.iter().map(told).collect()
    };
    assert_eq!(
        found("User: !Sub '${U}:${G}'", "root-user"),
        [
            "`User` is `root:1`, which is root (one of 5 such values): Some(\"for U=root (allowed value)\")",
            "`User` is `0:1`, which is root (one of 5 such values): Some(\"for U=0 (allowed value)\")",
        ]
    );
    assert_eq!(
        found("User: !Sub '0:${G}'", "root-user"),
        ["`User` is `0:1`, which is root (one of 5 such values): None"]
    );
    // One reason has several values, the other has one.
    assert_eq!(
        found("User: !Sub ['${V}', {V: !If [C, '0', !If [D, !Sub '0:${G}', app]]}]", "root-user"),
        [
            "`User` is `0`, which is root: Some(\"when C is true\")",
            "`User` is `0:1`, which is root (one of 5 such values): Some(\"when C is false and D is true\")",
        ]
    );
    // Each has a reason of its own.
    assert_eq!(found("User: !Ref U", "root-user").len(), 2);
    // Of two at one place in one case, none is another value of the other.
    let both = "LinuxParameters: {Capabilities: {Add: !Split [',', !Sub 'SYS_ADMIN,${K}']}}";
    assert_eq!(found(both, "added-linux-capabilities").len(), 3);
    // Each has something of its own to mend.
    let added = "LinuxParameters: {Capabilities: {Add: [!Select [0, !Ref L]]}}";
    assert_eq!(found(added, "added-linux-capabilities").len(), 2);
}

#[test]
fn an_open_parameter_is_unknown_and_says_what_would_settle_it() {
    let text = template("Parameters: {ReadOnly: {Type: String}}", "ReadonlyRootFilesystem: !Ref ReadOnly");
    let (verdict, findings) = judged(&text, &Given::default(), "writable-root-filesystem");
    assert_eq!(verdict, Verdict::Unknown);
    assert!(findings[0].remediation.contains("`--parameter ReadOnly=…`"), "{findings:?}");
}

#[test]
fn a_condition_that_is_not_there_is_named() {
    for (sections, is_noted) in [
        ("", true),
        ("Conditions: {Other: !Equals [a, b]}", true),
        ("Conditions: {Nope: !Equals [a, b]}", false),
        ("Conditions: {Nope: !Equals [a, b], Nope: !Equals [a, b]}", false),
        ("Conditions: {Fn::Transform: {Name: X}}", false),
        ("Transform: Mine", false),
    ] {
        let text = template(sections, "User: !If [Nope, root, app]");
        let file = check("t.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let notes = file.notes.iter().filter(|note| {
            note.message == "`Task` asks for a condition `Nope` that the template does not have; CloudFormation refuses that"
        });
        assert_eq!(notes.count(), usize::from(is_noted), "{sections} {:?}", file.notes);
    }
}

#[test]
fn a_condition_that_is_no_name_is_noted_where_it_stands() {
    for (sections, condition, is_noted) in [
        ("", "!Sub Is", true),
        ("", "!Ref AWS::Region", true),
        ("", "!Equals [a, a]", true),
        ("", "[Is]", true),
        ("", "Is", false),
        ("Transform: Mine\n", "!Sub Is", false),
    ] {
        let sections = format!("{sections}Conditions: {{Is: !Equals [a, a]}}");
        let text = template(&sections, &format!("User: !If [{condition}, app, app], Image: !If [Is, a, b]"));
        let file = check("t.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let message = "`Fn::If` takes a condition by its name, and this is none; CloudFormation refuses that";
        let places =
            file.notes.iter().filter(|note| note.message == message).map(|note| note.span.slice(&text));
        let places: Vec<_> = places.collect();
        assert_eq!(places, if is_noted { vec![condition] } else { Vec::new() });
    }
    let of_loop = "Transform: AWS::LanguageExtensions\nParameters: {L: {Type: CommaDelimitedList, AllowedValues: [Cpu, User]}}";
    let text = template(of_loop, "Fn::ForEach::K: [X, !Ref L, {'${X}': a}]");
    let file = check("t.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
    assert!(file.notes.is_empty(), "{:?}", file.notes);
}

#[test]
fn a_character_that_nobody_sees_is_named() {
    let text = template("", "Privileged: true\u{a0}");
    let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
    assert_eq!(verdict, Verdict::Fail);
    let message = "`Privileged` is not a boolean but a string with an invisible character in it, U+00A0";
    assert_eq!(findings[0].message, message);
}

#[test]
fn what_settles_a_value_is_said_as_far_as_something_does() {
    let help = |parameter: &str, user: &str| {
        let text = template(&format!("Parameters: {{X: {parameter}}}"), &format!("User: {user}"));
        judged(&text, &Given::default(), "root-user").1[0].remediation.clone().into_owned()
    };
    let itself = "Write the value of `User` itself.";
    for (parameter, user, settles) in [
        ("{Type: String}", "!Ref X", " Or say what it will be: `--parameter X=…`."),
        (
            "{Type: String, Default: a}",
            "!Ref X",
            " Or say what it will be: `--parameter X=…`, or `--assume-defaults`.",
        ),
        (
            "{Type: String}",
            "!Select [1, !Split ['/', !Sub '${ X }/1000']]",
            " Or say what it will be: `--parameter X=…`.",
        ),
        ("{Type: String}", "!Sub '{{resolve:ssm:/${AWS::StackName}/u}}'", ""),
        ("{Type: String}", "!Join ['', ['{{resolve:ssm:/', !Ref X, '}}']]", ""),
        ("{Type: String}", "!Select [1, !Split ['/', !Sub ['${X}/1', {X: !ImportValue u}]]]", ""),
        ("{Type: String}", "!GetAtt User.Name", ""),
    ] {
        assert_eq!(help(parameter, user), format!("{itself}{settles}"), "{user}");
    }
}

#[test]
fn of_what_a_macro_decides_it_is_said_where_to_see_it() {
    let transform = "{Name: X, Parameters: {P: !Ref P}}";
    let processed = "check the template that the macro makes: `aws cloudformation get-template --template-stage Processed` shows it.";
    for (container, at, help) in [
        (
            format!("Image: !Ref P, User: '1', Fn::Transform: {transform}"),
            "Fn::Transform",
            format!("Write the properties out that the function adds, or {processed}"),
        ),
        (
            "Image: !Ref P, User: '1', Fn::If: [C, {}, {}]".to_owned(),
            "Fn::If",
            "Write the properties out that the function adds.".to_owned(),
        ),
        (
            format!("User: {{Fn::Transform: {transform}}}"),
            "Fn::Transform",
            format!("Write the value of `User` itself, or {processed}"),
        ),
    ] {
        let text = template("Parameters: {P: {Type: String}}", &container);
        let (verdict, findings) = judged(&text, &Given::default(), "root-user");
        assert_eq!(verdict, Verdict::Unknown, "{container}");
        assert_eq!(findings[0].remediation, help, "{container}");
        let place = findings[0].span.unwrap().slice(&text);
        assert!(place.trim_start_matches('{').starts_with(at), "{container}: {place}");
    }
}

#[test]
fn names_do_not_break_a_line() {
    let sections =
        "Parameters: {\"A\\nB\": {Type: String}}\nConditions: {\"C\\nD\": !Equals [!ImportValue x, y]}";
    let text = template(sections, "Privileged: !If [\"C\\nD\", true, false], User: !Ref \"A\\nB\"");
    let case = judged(&text, &Given::default(), "privileged-container").1[0].case.clone().unwrap();
    let remediation = judged(&text, &Given::default(), "root-user").1[0].remediation.clone();
    assert!(case.contains("C\u{fffd}D") && !case.contains('\n'), "{case}");
    assert!(remediation.contains("A\u{fffd}B") && !remediation.contains('\n'), "{remediation}");
}

#[test]
fn what_is_missing_from_a_container_is_told_at_its_name_if_that_is_written_there() {
    let names = "Mappings: {Names: {Of: {Web: web}}}\n";
    let found = "!FindInMap [Names, Of, Web]";
    for (before, name, behind, told_at) in [
        ("", "web", "", "web".to_owned()),
        (names, found, "", format!("{{Name: {found}}}")),
        ("", found, names, format!("{{Name: {found}}}")),
    ] {
        let text = template(before, "").replace("{Name: web, }", &format!("{{Name: {name}}}")) + behind;
        let (_, findings) = judged(&text, &Given::default(), "writable-root-filesystem");
        let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
        let span = finding.span.unwrap();
        assert_eq!(text.get(span.start() as usize..span.end() as usize), Some(&*told_at), "{text}");
        assert_eq!(finding.container.as_ref().unwrap().name.as_deref(), Some("web"), "{text}");
    }
}

#[test]
fn a_container_is_called_what_its_name_certainly_is() {
    let sections = "
Parameters:
  One: {Type: CommaDelimitedList, AllowedValues: [web]}
  Several: {Type: CommaDelimitedList, AllowedValues: [web, app]}
  Number: {Type: String, AllowedValues: [0x10]}
  Numbers: {Type: String, AllowedValues: [2, 0x10]}
Conditions:
  IsText: !Equals [!Ref Number, text]
  IsSixteen: !Equals [!Ref Number, '16']
  MayBeSixteen: !Equals [!Ref Numbers, '16']";
    for (name, expected) in [
        ("!Select [0, !Ref One]", Some("web")),
        ("!Select [0, !Ref Several]", None),
        ("!If [IsText, web, app]", Some("app")),
        // Some readers make 16 of it.
        ("!If [IsSixteen, web, app]", None),
        ("!If [MayBeSixteen, web, app]", None),
    ] {
        let text = template(sections, "Privileged: true").replace("Name: web", &format!("Name: {name}"));
        let (_, findings) = judged(&text, &Given::default(), "privileged-container");
        let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
        assert_eq!(finding.container.as_ref().unwrap().name.as_deref(), expected, "{name}");
    }
}

#[test]
fn a_key_in_another_casing_is_marked_and_not_its_value() {
    for (container, key) in [("privileged: false", "privileged"), ("'PRIVILEGED': false", "'PRIVILEGED'")] {
        let text = template("", container);
        let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
        let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
        assert_eq!((verdict, finding.span.unwrap().slice(&text)), (Verdict::Fail, key));
    }
}

#[test]
fn a_value_that_decides_only_in_some_cases_is_named() {
    let sections = "Parameters: {S: {Type: String}, Q: {Type: String}}\n\
                    Conditions: {C: !And [!Equals [!Ref S, root], !Equals [!Ref Q, x]]}";
    let text = template(sections, "User: !If [C, app, !Ref S]");
    let (verdict, findings) = judged(&text, &Given::default(), "root-user");
    assert_eq!(verdict, Verdict::Fail);
    let certain: Vec<_> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).collect();
    let [root] = certain.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(root.case.as_deref(), Some("when C is false, for S=root"));
}

#[test]
fn an_open_name_of_a_variable_is_pointed_at() {
    let variables = "Environment: [{Name: !Sub 'SECRET${X}', Value: v}, {Name: ok, Value: !Ref X}]";
    let text = template("Parameters: {X: {Type: String}}", variables);
    let (_, findings) = judged(&text, &Given::default(), "plaintext-secret");
    let places: Vec<_> = findings.iter().map(|finding| finding.span.unwrap().slice(&text)).collect();
    assert_eq!(places, ["!Sub 'SECRET${X}'", "ok"], "{findings:#?}");
}

#[test]
fn no_value_of_the_environment_is_told_or_pointed_at() {
    for variable in [
        "{Name: DB_PASSWORD, Value: hunter2}",
        "{Name: A, Value: !Sub 'hunter2{{resolve:secretsmanager:x}}'}",
        "{Name: A, Value: !Sub 'hunter2${X}'}",
        "{Name: !Sub '${X}_PASSWORD', Value: hunter2}",
        "{Name: A, Value: [hunter2]}",
        "{Name: A, value: hunter2}",
        "!Foo [hunter2]",
        "[hunter2]",
        "hunter2",
    ] {
        let text = template("Parameters: {X: {Type: String}}", &format!("Environment: [{variable}]"));
        let (_, findings) = judged(&text, &Given::default(), "plaintext-secret");
        assert!(!findings.is_empty(), "{variable}");
        for finding in findings {
            let place = finding.span.unwrap().slice(&text);
            assert!(!place.contains("hunter2"), "{finding:?}");
            assert!(
                !format!("{}{}", finding.message, finding.remediation).contains("hunter2"),
                "{finding:?}"
            );
        }
    }
}
