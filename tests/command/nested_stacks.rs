//! Nested stacks whose templates are files.
//!
//! Owns which of them are followed, and what their templates are told. What is wrong in them, the other tests have.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{BAD, GOOD, Scratch, parent, template};

#[test]
fn nested_stacks_get_the_parameters_they_are_handed() {
    let scratch = Scratch::new("nested");
    let child = "Parameters: {User: {Type: String, Default: '1000'}}\n".to_owned()
        + &template("User: !Ref User, ReadonlyRootFilesystem: true");
    scratch.write("child.yaml", child);
    let sections = "Parameters: {Open: {Type: String}, Hidden: {Type: String, NoEcho: true}, \
        Name: {Type: String, AllowedValues: [child]}, Root: {Type: String, AllowedValues: [root, '0']}, \
        Either: {Type: String, AllowedValues: [root, '1']}, \
        Many: {Type: String, AllowedValues: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}}\n\
        Conditions: {Never: !Equals [a, b], May: !Equals [!Ref AWS::StackName, x], IsRoot: !Equals [!Ref Either, root]}";
    // What the only nested stack's template comes to: its user is root, may be anything, or is not.
    for (attributes, failures, unknowns) in [
        ("Properties: {TemplateURL: child.yaml}", 0, 0),
        ("Properties: {TemplateURL: ./child.yaml, Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Sub '${AWS::Region}:0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Open}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: !If [May, {User: '0'}, {User: '1'}]}", 1, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: !If [May, {User: '2'}, {Other: x}]}", 0, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: !Transform {Name: X}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: '1', User: '0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: '1'}, Parameters: {User: '0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {Other: x, Fn::Transform: {Name: X}}}", 0, 1),
        // The macro may make something else of the resource, too.
        ("Properties: {TemplateURL: child.yaml}, Fn::Transform: {Name: X}", 0, 2),
        ("Condition: May, Properties: {TemplateURL: child.yaml, Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !Sub 'child.yaml', Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !Sub './${Name}.yaml', Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !If [May, child.yaml, child.yaml], Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !If [May, child.yaml, !Ref Open], Parameters: {User: '0'}}", 1, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref AWS::NoValue}}", 0, 0),
        (
            "Properties: {TemplateURL: child.yaml, Parameters: {User: !If [May, '0', !Ref AWS::NoValue]}}",
            1,
            0,
        ),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Root}}", 2, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Many}}", 0, 1),
        ("Condition: IsRoot, Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Either}}", 1, 0),
    ] {
        let stack = format!("Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, {attributes}}}}}\n");
        scratch.write("parent.yaml", format!("{sections}\n{stack}"));
        let totals = scratch.check(&["parent.yaml", "--follow-nested"]).out;
        let totals = totals.lines().last().unwrap_or_default();
        let expected = format!(
            "ecs-guard: {failures} failure{}, 0 warnings, {unknowns} unknown",
            if failures == 1 { "" } else { "s" }
        );
        assert!(totals.starts_with(&expected), "{attributes}: {totals}");
    }
    let root = "Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Root}}";
    let stack = format!("Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, {root}}}}}\n");
    scratch.write("parent.yaml", format!("{sections}\n{stack}"));
    let checked = scratch.check(&["parent.yaml", "--follow-nested"]);
    checked.says("of parent.yaml, with the parameters it gets there for Root=root (allowed value)\n");
    checked.says("  = note: this holds for Root=root (allowed value), with User (given)\n");
    let never = "Condition: Never, Properties: {TemplateURL: child.yaml}";
    scratch.write(
        "parent.yaml",
        format!("{sections}\nResources: {{Nested: {{Type: AWS::CloudFormation::Stack, {never}}}}}"),
    );
    scratch.check(&["parent.yaml", "--follow-nested"]).says("no task definition in 1 file");
    for location in ["https://bucket.s3.amazonaws.com/child.yaml", "!Ref Open"] {
        let stack = format!(
            "Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {location}}}}}}}\n"
        );
        scratch.write("parent.yaml", stack);
        let checked = scratch.check(&["parent.yaml", "--follow-nested"]);
        assert_eq!(checked.code, Some(0));
        checked.says("the template of the nested stack `Nested` is no file, so it is not checked");
    }
    scratch.write(
        "parent.yaml",
        "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: gone.yaml}}}",
    );
    scratch
        .check(&["parent.yaml"])
        .says("note: the nested stack `N` is not looked into\n --> parent.yaml:1:77\n");
    let missing = scratch.check(&["parent.yaml", "--follow-nested"]);
    assert_eq!(missing.code, Some(2));
    missing.says("; it is the template of the nested stack `N` of parent.yaml");
    assert_eq!(scratch.check(&["parent.yaml"]).code, Some(0));
}

#[test]
fn an_option_is_named_that_settles_what_a_nested_stack_is_handed() {
    let scratch = Scratch::new("settled");
    let parameters = "Parameters: {User: {Type: String}, Missing: {Type: String, Default: '1'}}\n";
    let stack = |file: &str, parameters: &str| {
        format!(
            "Resources: {{N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {file}, Parameters: {{{parameters}}}}}}}}}\n"
        )
    };
    scratch.write(
        "leaf.yaml",
        parameters.to_owned() + &template("User: !Ref User, ReadonlyRootFilesystem: true"),
    );
    scratch.write("middle.yaml", parameters.to_owned() + &stack("leaf.yaml", "User: !Ref User"));
    let itself = "Write the value of `User` itself.";
    let sections = "Parameters: {Q: {Type: String}, D: {Type: String, Default: '1'}, Secret: {Type: String, NoEcho: true}}\n";
    let in_vain = " `User` is handed down to the nested stack, from what no option settles.";
    for (handed, help, settled_by) in [
        ("User: !Ref Q", " Or say what it will be: `--parameter Q=…`.", "--parameter=Q=1"),
        ("User: !Sub '${Q}:${Q}'", " Or say what it will be: `--parameter Q=…`.", "--parameter=Q=1"),
        (
            "User: !Ref D",
            " Or say what it will be: `--parameter D=…`, or `--assume-defaults`.",
            "--assume-defaults",
        ),
        (
            "User: !Sub '${AWS::Region}'",
            " Or say what it will be: `--parameter AWS::Region=…`.",
            "--parameter=AWS::Region=eu-west-1",
        ),
        ("User: !Ref Secret", in_vain, ""),
        ("User: !GetAtt Other.Outputs.User", in_vain, ""),
    ] {
        for file in ["leaf.yaml", "middle.yaml"] {
            scratch.write("parent.yaml", sections.to_owned() + &stack(file, handed));
            let open = scratch.check(&["parent.yaml", "--follow-nested"]);
            open.says(&format!("= help: {itself}{help}\n"));
            if !settled_by.is_empty() {
                let settled = scratch.check(&["parent.yaml", "--follow-nested", settled_by]);
                settled.says("0 failures, 0 warnings, 0 unknown");
                assert!(!settled.all().contains("no template declares"), "{handed}: {}", settled.all());
            }
        }
    }
    // What the template above does not hand down, nobody can.
    scratch.write("parent.yaml", stack("leaf.yaml", "Other: '1'"));
    scratch.check(&["parent.yaml", "--follow-nested"]).says(&format!(
        "= help: {itself} `User` has no default and is not handed down to the nested stack: CloudFormation refuses that.\n"
    ));
    // Every stack has a name of its own.
    scratch.write("leaf.yaml", template("User: !Ref AWS::StackName, ReadonlyRootFilesystem: true"));
    scratch.check(&["parent.yaml", "--follow-nested"]).says(&format!("= help: {itself}\n"));
}

#[test]
fn the_case_of_a_template_is_told_of_the_stacks_below_its_own() {
    let scratch = Scratch::new("cases");
    let stacks = |sections: &str, stacks: &[(&str, &str, &str)]| {
        let stack = |(name, file, parameters): &(&str, &str, &str)| {
            format!(
                "  {name}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {file}, Parameters: {{{parameters}}}}}}}\n"
            )
        };
        format!("{sections}\nResources:\n{}", stacks.iter().map(stack).collect::<String>())
    };
    let user = "Parameters: {User: {Type: String}, Open: {Type: String, Default: x}}\n";
    scratch.write("leaf.yaml", user.to_owned() + &template("User: !Ref User, ReadonlyRootFilesystem: true"));
    let top = "Parameters: {Stage: {Type: String, AllowedValues: [dev, test, prod]}}\n\
               Conditions: {Dev: !Equals [!Ref Stage, dev]}";
    scratch.write("top.yaml", stacks(top, &[("Middle", "middle.yaml", "User: !If [Dev, root, app]")]));
    let told = |middle: &str| {
        scratch.write("middle.yaml", middle);
        let checked = scratch.check(&["top.yaml", "--follow-nested"]).out;
        let is_told = |line: &&str| line.contains("this holds") || line.contains("the nested stack `Leaf`");
        let lines: Vec<_> = checked.lines().filter(is_told).map(str::trim).collect();
        lines.join("\n")
    };
    let handed_on = stacks(user, &[("Leaf", "leaf.yaml", "User: !Ref User")]);
    let note = "note: checked as the nested stack `Leaf` of middle.yaml, with the parameters it gets there";
    assert_eq!(
        told(&handed_on),
        format!(
            "{note} when Dev is false\n= note: this holds when Dev is true, with User (given)\n{note} when Dev is true"
        )
    );
    // What is the same in every case is told of none.
    let same = stacks(user, &[("Leaf", "leaf.yaml", "User: root")]);
    assert_eq!(told(&same), format!("= note: this holds with User (given)\n{note}"));
    // And what is the same in some, of those.
    scratch.write("top.yaml", stacks(top, &[("Middle", "middle.yaml", "User: !Ref Stage")]));
    let is_dev = format!("{user}Conditions: {{IsDev: !Equals [!Ref User, dev]}}");
    let mixed = stacks(&is_dev, &[("Leaf", "leaf.yaml", "User: !If [IsDev, app, root]")]);
    let others = "for Stage=prod (allowed value), or for Stage=test (allowed value)";
    assert_eq!(
        told(&mixed),
        format!(
            "{note} for Stage=dev (allowed value)\n= note: this holds {others}, with User (given)\n{note} {others}"
        )
    );
    // A case of both.
    let own = "Parameters: {User: {Type: String}, B: {Type: String}}\nConditions: {B: !Equals [!Ref B, x]}";
    let both = stacks(own, &[("Leaf", "leaf.yaml", "User: !If [B, root, !Ref User]")]);
    scratch.write(
        "top.yaml",
        stacks(top, &[("Middle", "middle.yaml", "User: !If [Dev, '1', '2'], B: !GetAtt X.Outputs.Y")]),
    );
    let told = told(&both);
    assert!(told.contains(&format!("{note} when Dev is true, and there when B is false")), "{told}");
    assert!(
        told.contains("this holds when Dev is true, and there when B is true, or when Dev is false, and there when B is true"),
        "{told}"
    );
}

#[test]
fn a_template_names_only_files_of_the_tree_that_is_checked() {
    let outside = Scratch::new("outside");
    outside.write("secret.ini", "[token\nkey: hunter2: [\n");
    outside.write("template.yaml", template(BAD));
    outside.write("tree/secret.ini", "[token\nkey: hunter2: [\n");
    outside.write("tree/inside.yaml", template(BAD));
    outside.write("tree/.git/config", "[token\nkey: hunter2: [\n");
    outside.write("tree/sub/ok.yaml", template(GOOD));
    symlink(outside.0.join("template.yaml"), outside.0.join("tree/link.yaml")).unwrap();
    let absolute = outside.0.join("template.yaml").to_string_lossy().into_owned();
    let is_pipe = Command::new("mkfifo").arg(outside.0.join("tree/pipe")).status().unwrap();
    assert!(is_pipe.success());
    let elsewhere = "it lies outside the repository or directory that is checked";
    for (location, code, words) in [
        ("/dev/zero", 2, elsewhere),
        ("../../secret.ini", 2, elsewhere),
        ("../../template.yaml", 2, elsewhere),
        (&absolute, 2, elsewhere),
        ("../link.yaml", 2, elsewhere),
        ("../.git/config", 2, elsewhere),
        ("../pipe", 2, "is named by a template and is no regular file"),
        ("../secret.ini", 2, "is named as a template and is none"),
        ("../inside.yaml", 1, "checked as the nested stack"),
        ("ok.yaml", 0, "0 failures, 0 warnings, 0 unknown"),
    ] {
        outside.write("tree/sub/parent.yaml", parent(location));
        let directory = outside.0.join("tree/sub").to_string_lossy().into_owned();
        for path in ["tree/sub/parent.yaml", "tree/sub", &directory] {
            let checked = outside.check(&[path, "--follow-nested"]);
            let said = checked.all();
            assert_eq!(checked.code, Some(code), "{path}, {location}: {said}");
            assert!(said.contains(words), "{path}, {location}: {said}");
            assert!(!said.contains("hunter2"), "{path}, {location}: {said}");
        }
    }
    // Without a repository the current directory is the tree, and what somebody names on the command line is read.
    fs::remove_dir_all(outside.0.join("tree/.git")).unwrap();
    outside.write("tree/sub/parent.yaml", parent("../../template.yaml"));
    assert_eq!(outside.check(&["tree/sub/parent.yaml", "--follow-nested"]).code, Some(1));
    assert_eq!(outside.check(&["tree/link.yaml"]).code, Some(1));
}

#[test]
fn a_file_of_a_directory_that_is_followed_is_not_checked_without_its_parameters() {
    let scratch = Scratch::new("followed");
    let child = "Parameters: {User: {Type: String}}\n".to_owned()
        + &template("User: !Ref User, ReadonlyRootFilesystem: true");
    let stack = |parent: &str, file: &str, attributes: &str| {
        format!(
            "  {parent}: {{Type: AWS::CloudFormation::Stack, {attributes} Properties: {{TemplateURL: {file}, Parameters: {{User: '1000'}}}}}}\n"
        )
    };
    scratch.write("cdk.out/child.template.json", &child);
    scratch.write("cdk.out/a.yaml", format!("Resources:\n{}", stack("A", "child.template.json", "")));
    let totals =
        |arguments: &[&str]| scratch.check(arguments).out.lines().last().unwrap_or_default().to_owned();
    let settled = "ecs-guard: 0 failures, 0 warnings, 0 unknown in 1 task definition of 2 files";
    assert_eq!(totals(&["cdk.out", "--follow-nested"]), settled);
    // Asked for by name, it is meant by itself.
    let both = "ecs-guard: 0 failures, 0 warnings, 1 unknown in 2 task definitions of 3 files";
    assert_eq!(totals(&["cdk.out", "cdk.out/child.template.json", "--follow-nested"]), both);
    let alone = "ecs-guard: 0 failures, 0 warnings, 1 unknown in 1 task definition of 2 files";
    assert_eq!(totals(&["cdk.out"]), alone);
    // Where nothing is deployed from it, it is checked by itself.
    let never = format!(
        "Conditions: {{Never: !Equals [a, b]}}\nResources:\n{}",
        stack("A", "child.template.json", "Condition: Never,")
    );
    scratch.write("cdk.out/a.yaml", never);
    assert_eq!(totals(&["cdk.out", "--follow-nested"]), alone);
    // Of files that lead to each other, none is left out.
    for (file, other) in
        [("cdk.out/a.yaml", "child.template.json"), ("cdk.out/child.template.json", "a.yaml")]
    {
        scratch.write(
            file,
            child.replace("Resources:\n", &format!("Resources:\n{}", stack("Other", other, ""))),
        );
    }
    assert!(
        totals(&["cdk.out", "--follow-nested"])
            .starts_with("ecs-guard: 0 failures, 0 warnings, 2 unknown in 4 task")
    );
}

#[test]
fn what_nobody_can_see_is_unknown_in_every_format() {
    let scratch = Scratch::new("unseen");
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://bucket/key}}";
    for text in [
        format!("Resources: {{{include}}}\n"),
        format!("Resources: {{A: {{{include}}}}}\n"),
        "Transform: Ours\nResources: {}\n".into(),
        "Transform: [AWS::Serverless-2016-10-31, Ours]\nResources: {}\n".into(),
        "{\"Transform\": [\"AWS::LanguageExtensions\", \"Ours\"], \"Resources\": {}}\n".into(),
        parent("https://bucket.s3.amazonaws.com/child.yaml"),
    ] {
        scratch.write("a.yaml", &text);
        for path in ["a.yaml", "."] {
            assert_eq!(scratch.check(&[path, "--follow-nested"]).code, Some(0), "{text}");
            for format in ["text", "json", "sarif", "junit", "github", "markdown", "csv"] {
                for quiet in [false, true] {
                    let mut arguments =
                        vec![path, "--follow-nested", "--fail-on=unknown", "--format", format];
                    arguments.extend(quiet.then_some("--quiet"));
                    let checked = scratch.check(&arguments);
                    assert_eq!(checked.code, Some(1), "{format}: {text}");
                    assert!(
                        checked.out.contains("not judged") || checked.out.contains("not checked"),
                        "{format}: {}",
                        checked.out
                    );
                }
            }
        }
    }
    // What AWS's own macros make is known, and does not concern us.
    for transform in ["AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions, 'AWS::Serverless-2016-10-31']"]
    {
        scratch.write("a.yaml", format!("Transform: {transform}\nResources: {{}}\n"));
        let checked = scratch.check(&[".", "--fail-on=unknown"]);
        assert_eq!(checked.code, Some(0));
        checked.says("no template and no task definition was found");
    }
}

#[test]
fn nested_stacks_beyond_the_limit_are_an_error() {
    let scratch = Scratch::new("many");
    scratch.write("child.yaml", "Resources: {}\n");
    let run = |count: usize| {
        let stack = |number: usize| {
            let parameters = format!("Parameters: {{P: '{number}'}}");
            format!(
                "  N{number}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: child.yaml, {parameters}}}}}\n"
            )
        };
        let text = "Resources:\n".to_owned() + &(0..count).map(stack).collect::<String>();
        scratch.write("parent.yaml", text);
        scratch.check(&["parent.yaml", "--follow-nested", "--quiet"])
    };
    assert_eq!(run(10_000).code, Some(0));
    let beyond = run(10_001);
    assert_eq!(beyond.code, Some(2));
    beyond
        .says("parent.yaml: more than 10000 nested stacks are to be checked in one run; `N10000` and those");
}

#[test]
fn a_template_of_two_nested_stacks_has_results_that_can_be_told_apart() {
    let scratch = Scratch::new("fingerprints");
    let child = template("User: !Ref Who, ReadonlyRootFilesystem: true");
    scratch.write("child.template", format!("Parameters: {{Who: {{Type: String}}}}\n{child}"));
    let stack = |who: &str| {
        format!(
            "{{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: child.template, Parameters: {{Who: {who}}}}}}}"
        )
    };
    scratch.write("a.yaml", format!("Resources: {{A: {}, B: {}}}", stack("root"), stack("'0'")));
    let checked = scratch.check(&["a.yaml", "--follow-nested", "--format=sarif"]);
    let parts: Vec<_> = checked.out.split(r#""ecsGuard/v1":""#).skip(1).collect();
    let mut fingerprints: Vec<_> = parts.iter().filter_map(|part| part.split('"').next()).collect();
    assert_eq!(fingerprints.len(), 2, "{}", checked.all());
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 2, "{}", checked.out);
}
