//! The sections of a template: what is one, which resources it has, what hides some, and what nested stacks may come to be.
//!
//! Owns what is found in a template. What a finding says, the other tests have.

use ecs_guard::check::{Nested, check};
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;

use super::{given, judged, verdict_of};

const TASK: &str =
    "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, Privileged: true}]}";

/// The task definitions of a template with the worst that is said of `privileged-container`, and its notes.
fn found(text: &str) -> (String, Vec<String>) {
    let file = check("template.yaml", text, &Given::default(), &Policy::baseline()).expect("a template");
    let tasks: Vec<_> = file
        .judged
        .unwrap()
        .iter()
        .map(|task| format!("{} {}", task.name, verdict_of(task).as_str()))
        .collect();
    let notes =
        file.notes.into_iter().map(|note| note.message).filter(|note| !note.contains("twice in one map"));
    (tasks.join(", "), notes.collect())
}

#[track_caller]
fn expect_found(text: &str, tasks: &str, notes: &[&str]) {
    assert_eq!(
        found(text),
        (tasks.to_owned(), notes.iter().map(|note| (*note).to_owned()).collect()),
        "{text}"
    );
}

#[test]
fn what_is_a_template() {
    for (text, is_one) in [
        ("Resources: {}", true),
        ("Resources: !Transform {Name: X}", true),
        ("Resources: []", false),
        ("Resources: text", false),
        ("resources: {}", false),
        ("Transform: X", true),
        ("Fn::Transform: {Name: X}", true),
        ("{Fn::Transform: {Name: X}, Outputs: {}}", true),
        ("!Transform {Name: X}", true),
        ("!Sub X", false),
        ("[]", false),
        ("Parameters: {}", false),
    ] {
        let file = check("template.yaml", text, &Given::default(), &Policy::baseline());
        assert_eq!(file.is_some(), is_one, "{text}");
    }
}

#[test]
fn resources_of_the_type_are_found_however_it_is_written() {
    for (resource, expected) in [
        (TASK, "T fail"),
        (&TASK.replace("AWS::ECS::T", "aws::ecs::t"), "T fail"),
        (&TASK.replace("Type", "TYPE"), "T fail"),
        (&TASK.replace("Properties", "properties"), "T fail"),
        (&TASK.replace("Type: AWS::ECS::TaskDefinition", "Type: AWS::ECS::Service"), ""),
        (&TASK.replace("Type: AWS::ECS::TaskDefinition, ", ""), ""),
        (&format!("Type: X, {TASK}"), "T fail"),
        (&format!("{TASK}, Properties: {{}}"), "T fail, T not-applicable"),
        ("Type: AWS::ECS::TaskDefinition", "T not-applicable"),
        (&format!("{TASK}, Fn::Transform: {{Name: X}}"), "T fail"),
        ("Type: AWS::ECS::TaskDefinition, Fn::Transform: {Name: X}", "T unknown"),
        (
            "Type: AWS::ECS::TaskDefinition, Fn::Transform: {Name: X}, Properties: {ContainerDefinitions: [{Name: a}]}",
            "T unknown",
        ),
    ] {
        expect_found(&format!("Resources: {{T: {{{resource}}}}}"), expected, &[]);
    }
}

#[test]
fn what_hides_resources_is_noted() {
    let function = &["a function adds resources here that are not judged"][..];
    let module = &["a module adds resources here that are not judged"][..];
    for (resources, tasks, notes) in [
        (format!("{{T: {{{TASK}}}}}"), "T fail", &[][..]),
        ("!Transform {Name: X}".to_owned(), "", function),
        (format!("{{T: {{{TASK}}}, Fn::Transform: {{Name: X}}}}"), "T fail", function),
        (format!("{{T: {{{TASK}}}, U: !Transform {{Name: X}}}}"), "T fail", function),
        (format!("{{T: {{{TASK}}}, U: text}}"), "T fail", &[]),
        ("{U: {Type: !Ref Kind}}".to_owned(), "", function),
        ("{U: {Fn::Transform: {Name: X}, Properties: {}}}".to_owned(), "", function),
        ("{U: {Type: X, Fn::Transform: {Name: X}}}".to_owned(), "", function),
        ("{U: {Type: 'My::Own::Kind::MODULE'}}".to_owned(), "", module),
        ("{U: {Type: 'My::Own::Kind::MODULES'}}".to_owned(), "", &[]),
    ] {
        expect_found(&format!("Resources: {resources}"), tasks, notes);
    }
}

#[test]
fn a_loop_over_what_is_open_hides_what_could_be_a_task_definition() {
    let loops = &["a loop adds resources here, of which one is looked at, with its value open"][..];
    let function = "a function adds resources here that are not judged";
    let module = "a module adds resources here that are not judged";
    for (resource, notes) in [
        ("Type: AWS::S3::Bucket", &[][..]),
        ("Type: AWS::S3::Bucket, type: AWS::S3::Bucket", &[]),
        ("Type: AWS::ECS::TaskDefinition", loops),
        ("Type: aws::ecs::taskdefinition", loops),
        ("Type: AWS::S3::Bucket, type: AWS::ECS::TaskDefinition", loops),
        ("Type: AWS::CloudFormation::Stack", loops),
        ("Type: aws::serverless::application", loops),
        ("Type: AWS::Own::MODULE", &[module, loops[0]]),
        ("Type: Custom::Anything", loops),
        ("Type: !Sub 'AWS::${I}::X'", &[function, loops[0]]),
        ("Properties: {}", loops),
        ("Type: AWS::S3::Bucket, Fn::Transform: {Name: X}", &[function, loops[0]]),
    ] {
        let text = format!(
            "Transform: AWS::LanguageExtensions\nParameters: {{L: {{Type: CommaDelimitedList}}}}\n\
             Resources: {{Fn::ForEach::All: [I, !Ref L, {{'R${{I}}': {{{resource}}}}}]}}"
        );
        let found = found(&text).1;
        assert_eq!(found, notes, "{text}");
    }
    // Beside a bucket, a loop may make something else.
    let both = "Parameters: {L: {Type: CommaDelimitedList}}\nResources: {Fn::ForEach::All: [I, !Ref L, \
                {'A${I}': {Type: AWS::S3::Bucket}, 'B${I}': {Type: AWS::ECS::TaskDefinition}}]}";
    assert_eq!(found(both).1, loops);
    // What makes no resources hides as it did.
    let conditions = "Parameters: {L: {Type: CommaDelimitedList}}\nConditions: {Fn::ForEach::All: [I, !Ref L, \
                      {'C${I}': !Equals [a, b]}]}\nResources: {T: {Type: AWS::ECS::TaskDefinition, Properties: \
                      {ContainerDefinitions: [{Name: a, Privileged: !If [CX, true, false]}]}}}";
    assert_eq!(found(conditions), ("T fail".to_owned(), Vec::new()));
    let whole = "Resources: {Fn::ForEach::All: !Ref X}";
    assert_eq!(found(whole).1, loops);
}

#[test]
fn macros_may_change_anything_and_those_of_aws_do_not() {
    let resources = format!("Resources: {{T: {{{TASK}}}}}");
    for (transform, is_trusted) in [
        ("AWS::LanguageExtensions", true),
        ("AWS::Serverless-2016-10-31", true),
        ("AWS::Include", false),
        ("Own", false),
        ("[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", true),
        ("[AWS::LanguageExtensions, Own]", false),
        ("{Name: AWS::LanguageExtensions}", true),
        ("{Name: AWS::Include, Parameters: {}}", false),
        ("{Parameters: {}}", false),
        ("[{Name: Own}]", false),
        ("!Ref X", false),
        ("null", false),
    ] {
        let fine = resources.replace("Privileged: true", "Privileged: false");
        let expected = if is_trusted { "T pass" } else { "T unknown" };
        assert_eq!(found(&format!("Transform: {transform}\n{fine}")).0, expected, "{transform}");
        // A violation is there as long as nothing changes it.
        assert_eq!(found(&format!("Transform: {transform}\n{resources}")).0, "T fail", "{transform}");
    }
    expect_found(
        "Transform: Own\nResources: {}",
        "",
        &["a macro, `Own`, may add task definitions that are not judged"],
    );
    expect_found("Transform: AWS::LanguageExtensions\nResources: {}", "", &[]);
    expect_found("Transform: Own", "", &["a macro, `Own`, may add task definitions that are not judged"]);
    let of_all = "a macro, `Fn::Transform`, may add task definitions that are not judged";
    expect_found("Fn::Transform: {Name: X}", "", &[of_all]);
    expect_found("{Fn::Transform: {Name: X}, Resources: {}}", "", &[of_all]);
}

#[test]
fn a_macro_is_pointed_at_where_it_is_named() {
    for (transform, place) in [
        ("Transform: Own", "Own"),
        ("Transform: [AWS::LanguageExtensions, Own, Other]", "Own"),
        ("Transform: {Name: Own, Parameters: {}}", "Own"),
        ("Transform: !Ref X", "!Ref X"),
        ("Fn::Transform: {Name: Own}", "Fn::Transform"),
    ] {
        let text = format!("Resources: {{B: {{Type: AWS::S3::Bucket}}}}\n{transform}\n");
        let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let [note] = file.notes.as_slice() else { panic!("{transform}: {:?}", file.notes) };
        assert_eq!(note.span.slice(&text), place, "{transform}");
    }
}

#[test]
fn names_that_are_defined_twice_mean_nothing_certain() {
    let privileged = |sections: &str| {
        let text = format!(
            "{sections}\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: \
             [{{Name: a, Privileged: !If [C, !FindInMap [M, k, v], !Ref P]}}]}}}}}}"
        );
        judged(&text, &given(&[("P", "false")]), "privileged-container").0
    };
    let sections = |parameters: &str, mappings: &str, conditions: &str| {
        privileged(&format!(
            "Parameters: {{{parameters}}}\nMappings: {{{mappings}}}\nConditions: {{{conditions}}}"
        ))
    };
    let (once, map) = ("P: {Type: String}", "M: {k: {v: 'false'}}");
    let (yes, no) = ("C: !Equals [a, a]", "C: !Equals [a, b]");
    assert_eq!(sections(once, map, yes), Verdict::Pass);
    assert_eq!(sections(once, map, no), Verdict::Pass);
    assert_eq!(sections(once, &format!("{map}, {map}"), yes), Verdict::Unknown);
    assert_eq!(sections(once, &format!("{map}, {map}"), no), Verdict::Pass);
    assert_eq!(sections(&format!("{once}, {once}"), map, no), Verdict::Unknown);
    assert_eq!(sections(&format!("{once}, {once}"), map, yes), Verdict::Pass);
    assert_eq!(sections(once, "M: {k: {v: 'true'}}", &format!("{no}, {no}")), Verdict::Fail);
}

/// What the nested stacks of a template may come to be: where each is, what it is given, and when.
fn nested(sections: &str, resource: &str, known: &Given) -> Vec<String> {
    let text = format!("{sections}\nResources: {{N: {{{resource}}}}}");
    let file = check("template.yaml", &text, known, &Policy::baseline()).unwrap();
    let word = |nested: &Nested| {
        let Given { parameters, numbers, assume_defaults, open, .. } = &nested.given;
        let number = |name: &String| if numbers.contains(name) { "#" } else { "" };
        let known = parameters.iter().map(|(name, value)| format!(" {name}={value}{}", number(name)));
        let open = open.iter().map(|name| format!(" {name}?"));
        format!(
            "{}{}{}{}",
            nested.location.as_deref().unwrap_or("?"),
            known.chain(open).collect::<String>(),
            if *assume_defaults { "" } else { " hidden" },
            if nested.case.is_empty() { String::new() } else { format!(" ({})", nested.case) },
        )
    };
    file.nested.iter().map(word).collect()
}

const SECTIONS: &str = "
Parameters: {Open: {Type: String}, Either: {Type: String, AllowedValues: [a, b]}, Secret: {Type: String, NoEcho: true},
  Many: {Type: String, AllowedValues: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]},
  Most: {Type: String, AllowedValues: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]}}
Conditions: {Never: !Equals [a, b], May: !Equals [!Ref Open, x]}";

#[test]
fn a_nested_stack_has_a_place_and_what_is_handed_down() {
    let stack = |parameters: &str| {
        format!(
            "Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: ./a.yaml, Parameters: {parameters}}}"
        )
    };
    let open = Given::default();
    for (parameters, expected) in [
        ("{A: x}", &["./a.yaml A=x"][..]),
        ("{A: 7, B: true}", &["./a.yaml A=7# B=true"]),
        ("{A: [x, y]}", &["./a.yaml A=x,y"]),
        ("{A: [7]}", &["./a.yaml A=7#"]),
        ("{A: [x, 0x10]}", &["./a.yaml A?"]),
        ("{A: [0x10]}", &["./a.yaml A=0x10#"]),
        ("{A: [x, 16]}", &["./a.yaml A=x,16"]),
        ("{A: [x, !Ref AWS::NoValue]}", &["./a.yaml A=x"]),
        ("{A: {B: x}}", &["./a.yaml A?"]),
        ("{A: !Ref AWS::NoValue}", &["./a.yaml"]),
        ("{A: !Ref Open}", &["./a.yaml A?"]),
        ("{A: !Ref Secret}", &["./a.yaml A?"]),
        ("{A: [x, !Ref Open]}", &["./a.yaml A?"]),
        (
            "{A: !Ref Either}",
            &["./a.yaml A=a (for Either=a (allowed value))", "./a.yaml A=b (for Either=b (allowed value))"],
        ),
        ("{A: !If [May, x, y]}", &["./a.yaml A=x (when May is true)", "./a.yaml A=y (when May is false)"]),
        ("{A: !If [May, x, x]}", &["./a.yaml A=x"]),
        (
            "!If [May, {A: x}, !Ref AWS::NoValue]",
            &["./a.yaml (when May is false)", "./a.yaml A=x (when May is true)"],
        ),
        ("!Ref AWS::NoValue", &["./a.yaml"]),
        ("!Transform {Name: X}", &["./a.yaml hidden"]),
        ("{A: x, A: y}", &["./a.yaml hidden"]),
        ("{A: x, Fn::Transform: {Name: X}}", &["./a.yaml hidden"]),
        ("x", &["./a.yaml hidden"]),
        // One more than are told apart.
        ("{A: !Ref Many, B: x}", &["./a.yaml B=x A?"]),
    ] {
        assert_eq!(nested(SECTIONS, &stack(parameters), &open), expected, "{parameters}");
    }
    assert_eq!(nested(SECTIONS, &stack("{A: !Ref Most}"), &open).len(), 16);
    let region = given(&[("AWS::Region", "eu-west-1"), ("AWS::StackName", "x"), ("Open", "y")]);
    assert_eq!(nested(SECTIONS, &stack("{A: !Ref Open}"), &region), ["./a.yaml A=y AWS::Region=eu-west-1"]);
}

#[test]
fn a_nested_stack_is_where_its_type_says() {
    let open = Given::default();
    for (resource, expected) in [
        ("Type: AWS::CloudFormation::Stack", &["? hidden"][..]),
        ("Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a}", &["a"]),
        ("Type: aws::cloudformation::stack, Properties: {TemplateURL: a}", &["a"]),
        ("Type: AWS::CloudFormation::Stack, Properties: {Location: a}", &["?"]),
        ("Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: a}", &["a"]),
        ("Type: AWS::Serverless::Application, Properties: {Location: a}", &["a"]),
        ("Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: a}}", &["?"]),
        ("Type: AWS::Serverless::Function, Properties: {Location: a}", &[]),
        ("Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Ref Open}", &["?"]),
        (
            "Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !If [May, a, b]}",
            &["a (when May is true)", "b (when May is false)"],
        ),
        (
            "Type: AWS::CloudFormation::Stack, Metadata: {aws:asset:path: c}, Properties: {TemplateURL: !Ref Open}",
            &["c"],
        ),
        (
            "Type: AWS::CloudFormation::Stack, Metadata: {aws:asset:path: [c]}, Properties: {TemplateURL: a}",
            &["a"],
        ),
        (
            "Type: AWS::CloudFormation::Stack, Fn::Transform: {Name: X}, Properties: {TemplateURL: a}",
            &["a hidden"],
        ),
        (
            "Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a, Fn::Transform: {Name: X}}",
            &["a hidden"],
        ),
        ("Type: AWS::CloudFormation::Stack, Condition: Never, Properties: {TemplateURL: a}", &[]),
        ("Type: AWS::CloudFormation::Stack, Condition: May, Properties: {TemplateURL: a}", &["a"]),
        (
            "Type: AWS::CloudFormation::Stack, Condition: Never, Condition: May, Properties: {TemplateURL: a}",
            &["a hidden"],
        ),
        ("Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: a, TemplateBody: '{}'}", &[]),
    ] {
        assert_eq!(nested(SECTIONS, resource, &open), expected, "{resource}");
    }
}

#[test]
fn what_somebody_else_knows_has_the_last_word() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut known = Given {
        numbers: names(&["A", "B"]),
        open: names(&["C", "D"]),
        ..given(&[("A", "1"), ("B", "2"), ("E", "3")])
    };
    known.looked_up.insert("S".into(), "old".into());
    let mut other =
        Given { numbers: names(&["E"]), open: names(&["B"]), ..given(&[("A", "x"), ("C", "y"), ("E", "4")]) };
    other.looked_up.insert("S".into(), "new".into());
    known.extend(other);
    let mut expected = Given {
        numbers: names(&["E"]),
        open: names(&["B", "D"]),
        ..given(&[("A", "x"), ("C", "y"), ("E", "4")])
    };
    expected.looked_up.insert("S".into(), "new".into());
    assert_eq!(known, expected);
    known.extend(Given { assume_defaults: true, ..Given::default() });
    assert_eq!(known, Given { assume_defaults: true, ..expected.clone() });
    known.extend(Given::default());
    assert_eq!(known, Given { assume_defaults: true, ..expected });
}

#[test]
fn a_template_tells_which_parameters_it_has() {
    let names = |sections: &str| {
        let text = format!("{sections}\nResources: {{}}");
        let mut names =
            check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap().parameters;
        names.sort();
        names
    };
    assert_eq!(names("Parameters: {B: {Type: String}, A: x}"), ["A", "B"]);
    assert!(names("Parameters: []").is_empty() && names("Mappings: {A: {}}").is_empty());
}
