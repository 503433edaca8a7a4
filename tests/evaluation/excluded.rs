//! What a template's own words exclude: limits of parameters, the section `Rules`, what a Region decides.
//!
//! Owns templates that refuse the values that would violate, and those beside them that do not.

use ecs_guard::check::check;
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::{Deployment, Given, Template};

use super::{expect, template};

const ROOT: &str = "root-user";

/// A user that is root when a parameter of this definition is that text.
fn root_if(definition: &str, text: &str) -> String {
    let sections = format!("Parameters: {{P: {definition}}}\nConditions: {{Z: !Equals [!Ref P, {text}]}}");
    template(&sections, "User: !If [Z, root, app]")
}

#[test]
fn a_value_beyond_a_parameters_limits_accuses_nobody() {
    for (definition, impossible, possible) in [
        ("{Type: Number}", "''", "'0'"),
        ("{Type: Number}", "root", "'0x0'"),
        ("{Type: Number, MinValue: 5, MaxValue: 10}", "0", "5"),
        ("{Type: Number, MinValue: 5, MaxValue: 10}", "'10.5'", "10"),
        ("{Type: String, MaxLength: 3}", "long", "abc"),
        ("{Type: String, MinLength: '2'}", "a", "ab"),
        ("{Type: 'AWS::EC2::VPC::Id'}", "''", "vpc-1"),
        ("{Type: String, AllowedPattern: 'app|web'}", "application", "web"),
        // What is not understood excludes nothing.
        ("{Type: String, AllowedPattern: 'app|web', AllowedPattern: x}", "''", "a"),
        ("{Type: String, AllowedPattern: '(?<=x)'}", "''", "a"),
        ("{Type: 'AWS::SSM::Parameter::Value<String>', AllowedPattern: 'x', MaxLength: 1}", "yes!", "y"),
    ] {
        let is_excluded =
            !definition.contains("SSM") && !definition.contains("(?<") && !definition.contains("x}");
        let verdict = if is_excluded { Verdict::Pass } else { Verdict::Fail };
        let case: &[_] = if is_excluded { &[] } else { &[Some("when Z is true")] };
        expect(&root_if(definition, impossible), &[], ROOT, verdict, case);
        expect(&root_if(definition, possible), &[], ROOT, Verdict::Fail, &[Some("when Z is true")]);
    }
}

#[test]
fn a_text_is_not_put_together_of_what_a_part_of_it_may_not_be() {
    for (part, impossible, possible) in [
        // What nobody is shown is limited, too.
        ("!Ref P", "ab-x", "a-x"),
        ("0x10", "app-x", "16-x"),
    ] {
        for (text, is_possible) in [(impossible, false), (possible, true)] {
            let sections = format!(
                "Parameters: {{P: {{Type: String, NoEcho: true, MaxLength: 1}}, Q: {{Type: String}}}}\n\
                 Conditions: {{Z: !Equals [!Join ['-', [{part}, !Ref Q]], {text}]}}"
            );
            let verdict = if is_possible { Verdict::Fail } else { Verdict::Pass };
            let case: &[_] = if is_possible { &[Some("when Z is true")] } else { &[] };
            expect(&template(&sections, "User: !If [Z, root, app]"), &[], ROOT, verdict, case);
        }
    }
}

#[test]
fn what_is_given_counts_whatever_the_limits() {
    expect(&root_if("{Type: Number}", "zero"), &[("P", "zero")], ROOT, Verdict::Fail, &[None]);
}

/// A template in which rules tell which values of two parameters go together.
fn ruled(rules: &str) -> String {
    let sections = format!(
        "Parameters:\n  Stage: {{Type: String, AllowedValues: [prod, test]}}\n  \
         User: {{Type: String, AllowedValues: [app, root]}}\nRules:\n{rules}"
    );
    template(&sections, "User: !Ref User")
}

#[test]
fn rules_that_leave_nothing_else_excuse() {
    let app = "Assertions: [{Assert: !Equals [!Ref User, app]}]";
    for excusing in [
        format!("  A: {{{app}}}"),
        format!(
            "  A: {{RuleCondition: !Equals [!Ref Stage, prod], {app}}}\n  B: {{RuleCondition: !Equals [!Ref Stage, test], {app}}}"
        ),
        format!(
            "  A: {{Assertions: [{{Assert: !Equals [!Ref Stage, prod]}}]}}\n  B: {{RuleCondition: !Equals [!Ref Stage, prod], {app}}}"
        ),
        "  A: {Assertions: [{Assert: {'Fn::EachMemberIn': [[!Ref User], [app, web]]}}]}".to_owned(),
        "  A: {Assertions: [{Assert: {'Fn::EachMemberEquals': [[!Ref User, app], app]}}]}".to_owned(),
        "  A: {Assertions: [{Assert: {'Fn::Not': [{'Fn::EachMemberEquals': [[!Ref User], root]}]}}]}"
            .to_owned(),
    ] {
        expect(&ruled(&excusing), &[], ROOT, Verdict::Pass, &[]);
    }
    for leaving in [
        format!("  A: {{RuleCondition: !Equals [!Ref Stage, prod], {app}}}"),
        "  A: {Assertions: [{Assert: {'Fn::EachMemberIn': [[!Ref User], [app, root]]}}]}".to_owned(),
        "  A: {Assertions: [{Assert: {'Fn::EachMemberIn': [{'Fn::RefAll': 'AWS::EC2::VPC::Id'}, [app]]}}]}"
            .to_owned(),
        "  A: {Assertions: [{Assert: {'Fn::EachMemberEquals': [[!Ref Stage], prod]}}]}".to_owned(),
    ] {
        expect(&ruled(&leaving), &[], ROOT, Verdict::Fail, &[Some("for User=root (allowed value)")]);
    }
}

#[test]
fn rules_exclude_items_of_lists() {
    let ruled = |rule: &str, container: &str| {
        let sections = format!(
            "Parameters:\n  Stage: {{Type: String, AllowedValues: [prod, test]}}\n  \
             Users: {{Type: CommaDelimitedList, AllowedValues: [root, app, web]}}\nRules:\n  A: {{{rule}}}"
        );
        template(&sections, container)
    };
    let first = "User: !Select [0, !Ref Users]";
    let (no_root, known) = (
        "{'Fn::Not': [{'Fn::Contains': [!Ref Users, root]}]}",
        "{'Fn::EachMemberIn': [!Ref Users, [app, web]]}",
    );
    let is_app = "{'Fn::EachMemberEquals': [!Ref Users, app]}";
    for excluding in [no_root, known, is_app] {
        let always = ruled(&format!("Assertions: [{{Assert: {excluding}}}]"), first);
        expect(&always, &[], ROOT, Verdict::Pass, &[]);
        let sometimes =
            format!("RuleCondition: !Equals [!Ref Stage, prod], Assertions: [{{Assert: {excluding}}}]");
        let case = Some("for Users[0]=root (allowed value)");
        expect(&ruled(&sometimes, first), &[], ROOT, Verdict::Fail, &[case]);
        expect(&ruled(&sometimes, first), &[("Stage", "prod")], ROOT, Verdict::Pass, &[]);
        expect(&ruled(&sometimes, first), &[("Stage", "test")], ROOT, Verdict::Fail, &[case]);
    }
    for leaving in [
        "{'Fn::Not': [{'Fn::Contains': [!Ref Users, web]}]}",
        "{'Fn::Contains': [!Ref Users, app]}",
        "{'Fn::EachMemberIn': [!Ref Users, [app, root]]}",
        "{'Fn::Not': [{'Fn::EachMemberEquals': [!Ref Users, root]}]}",
    ] {
        let text = ruled(&format!("Assertions: [{{Assert: {leaving}}}]"), first);
        expect(&text, &[], ROOT, Verdict::Fail, &[Some("for Users[0]=root (allowed value)")]);
    }
    let looped = "Fn::ForEach::Task: [Name, !Ref Users, {'T${Name}': {Type: AWS::ECS::TaskDefinition, Properties: \
                  {ContainerDefinitions: [{Name: a, User: !Ref Name}]}}}]";
    for (rule, verdict) in [(no_root, Verdict::Pass), (known, Verdict::Pass), (is_app, Verdict::Pass)] {
        let sections = ruled(&format!("Assertions: [{{Assert: {rule}}}]"), "");
        let sections = sections.split("Resources:").next().unwrap().to_owned();
        let text = format!("Transform: AWS::LanguageExtensions\n{sections}Resources: {{{looped}}}");
        let file = check("loop.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let root = |task: &ecs_guard::check::JudgedTask| {
            let outcomes = task.report.outcomes.iter();
            outcomes.filter(|outcome| outcome.rule.name == ROOT).map(|outcome| outcome.findings.verdict).max()
        };
        let tasks = file.judged.unwrap();
        assert_eq!(tasks.len(), 3, "{text}");
        assert_eq!(tasks.iter().filter_map(root).max(), Some(verdict), "{text}");
    }
    // Of a list of one item all is known.
    let options = "Privileged: false, LinuxParameters: {Capabilities: {Add: !Ref Users}}";
    for (rule, cases) in [
        (no_root, &["for Users=app (allowed value)", "for Users=web (allowed value)"][..]),
        ("{'Fn::Contains': [!Ref Users, app]}", &["for Users=app (allowed value)"]),
        (
            "{'Fn::Not': [{'Fn::EachMemberIn': [!Ref Users, [app, root]]}]}",
            &["for Users=web (allowed value)"],
        ),
    ] {
        let text = ruled(&format!("Assertions: [{{Assert: {rule}}}]"), options);
        let cases: Vec<_> = cases.iter().chain(&["for any other Users"]).map(|case| Some(*case)).collect();
        expect(&text, &[], "added-linux-capabilities", Verdict::Fail, &cases);
    }
}

#[test]
fn a_template_that_refuses_everything_is_judged_as_if_it_refused_nothing() {
    let nothing = ruled("  A: {Assertions: [{Assert: !Equals [a, b]}]}");
    expect(&nothing, &[], ROOT, Verdict::Fail, &[Some("for User=root (allowed value)")]);
}

/// Each rule could be met in many ways; one is enough.
#[test]
fn rules_about_others_make_no_cases() {
    let names: Vec<String> = (0..12).map(|number| format!("P{number}")).collect();
    let parameters: Vec<_> = names.iter().map(|name| format!("  {name}: {{Type: String}}\n")).collect();
    let rules: Vec<_> = names
        .iter()
        .map(|name| format!("  {name}: {{Assertions: [{{Assert: !Not [!Equals [!Ref {name}, '']]}}]}}\n"))
        .collect();
    let sections = format!(
        "Parameters:\n  User: {{Type: String, AllowedValues: [app, root, web]}}\n{}Rules:\n{}",
        parameters.concat(),
        rules.concat()
    );
    let text = template(&sections, "User: !Ref User");
    expect(&text, &[], ROOT, Verdict::Fail, &[Some("for User=root (allowed value)")]);
}

#[test]
fn a_region_that_is_given_tells_its_partition_and_suffix() {
    for (compared, region, verdict) in [
        ("AWS::Partition, aws-cn", "us-east-1", Verdict::Pass),
        ("AWS::Partition, aws-cn", "cn-north-1", Verdict::Fail),
        ("AWS::URLSuffix, amazonaws.com.cn", "eu-west-1", Verdict::Pass),
        ("AWS::URLSuffix, amazonaws.com.cn", "cn-north-1", Verdict::Fail),
        ("AWS::Partition, aws-cn", "moon-1", Verdict::Fail),
    ] {
        let (name, text) = compared.split_once(", ").unwrap();
        let sections = format!("Conditions: {{Z: !Equals [!Ref '{name}', {text}]}}");
        let text = template(&sections, "User: !If [Z, root, app]");
        let case: &[_] = match (verdict, region) {
            (Verdict::Pass, _) => &[],
            (_, "moon-1") => &[Some("when Z is true")],
            _ => &[None],
        };
        expect(&text, &[("AWS::Region", region)], ROOT, verdict, case);
    }
    let sections = "Conditions: {Z: !Equals [!Ref 'AWS::Partition', aws-cn]}";
    let text = template(sections, "User: !If [Z, root, app]");
    let both = [("AWS::Region", "us-east-1"), ("AWS::Partition", "aws-cn")];
    expect(&text, &both, ROOT, Verdict::Fail, &[None]);
}

#[test]
fn each_item_of_a_limited_list_is_an_allowed_value() {
    let list =
        |values: &str| format!("Parameters: {{L: {{Type: CommaDelimitedList, AllowedValues: [{values}]}}}}");
    let user = "User: !Select [1, !Ref L]";
    let case = Some("for L[1]=root (allowed value)");
    expect(&template(&list("root, app"), user), &[], ROOT, Verdict::Fail, &[case]);
    expect(&template(&list("web, app"), user), &[], ROOT, Verdict::Pass, &[]);
    expect(&template(&list("root"), user), &[], ROOT, Verdict::Fail, &[None]);
    expect(&template(&list("root, app"), user), &[("L", "root,app")], ROOT, Verdict::Pass, &[]);
    expect(&template(&list("app, 0x0"), user), &[], ROOT, Verdict::Unknown, &[None]);

    let added = "LinuxParameters: {Capabilities: {Add: !Ref L}}";
    let rule = "added-linux-capabilities";
    let case = Some("for L=SYS_ADMIN (allowed value)");
    expect(&template(&list("SYS_ADMIN"), added), &[], rule, Verdict::Fail, &[case, Some("for any other L")]);
}

#[test]
fn a_dynamic_reference_is_open_however_it_is_written() {
    for written in
        ["'{{resolve:ssm:/a}}'", "!Sub '{{resolve:ssm:/a}}'", "!Join ['', ['{{resolve:', 'ssm:/a}}']]"]
    {
        let sections = format!("Conditions: {{Z: !Equals [{written}, x]}}");
        let text = template(&sections, "User: !If [Z, root, app]");
        expect(&text, &[], ROOT, Verdict::Fail, &[Some("when Z is true")]);
    }
    let sections = "Parameters: {P: {Type: String, AllowedValues: ['{{resolve:ssm:/a}}']}}\n\
                    Conditions: {Z: !Equals [!Ref P, x]}";
    let text = template(sections, "User: !If [Z, root, app]");
    expect(&text, &[], ROOT, Verdict::Fail, &[Some("when Z is true")]);
    expect(&text, &[("P", "{{resolve:ssm:/a}}")], ROOT, Verdict::Fail, &[Some("when Z is true")]);
}

#[test]
fn a_function_may_choose_what_a_nested_stack_is_handed() {
    let text = "Parameters: {E: {Type: String}}\nConditions: {C: !Equals [!Ref E, prod]}\nResources:\n  A:\n    \
                Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child.yaml\n      \
                Parameters: !If [C, {U: app}, !Ref 'AWS::NoValue']\n";
    let document = ecs_guard::check::read_document(text).unwrap();
    let given = Given::default();
    let template = Template::of(&document.root, &given).unwrap();
    let [stack] = template.nested_stacks.as_slice() else { panic!("one stack") };
    let deployments = template.deployments(stack);
    let handed = |deployment: &Deployment| {
        assert!(deployment.given.assume_defaults, "what is not handed down has its default");
        deployment.given.parameters.get("U").cloned()
    };
    let mut handed: Vec<_> = deployments.iter().map(handed).collect();
    handed.sort();
    assert_eq!(handed, [None, Some("app".to_owned())]);
}

/// A megabyte, as long as a template may be.
#[test]
fn as_many_allowed_values_as_fit_end_soon() {
    let values: Vec<String> = (0..150_000).map(|number| format!("v{number}")).collect();
    let rules: Vec<String> = (0..20_000).map(|number| format!("R{number}: {{Assertions: []}}")).collect();
    let sections = format!(
        "Parameters: {{U: {{Type: String, AllowedValues: [{}, root]}}}}\nRules: {{{}}}",
        values.join(", "),
        rules.join(", ")
    );
    let (verdict, _) = super::judged(&template(&sections, "User: !Ref U"), &Given::default(), ROOT);
    assert_ne!(verdict, Verdict::Pass);
}

#[test]
fn what_rules_refuse_is_the_same_whatever_else_is_in_the_template() {
    let task = |name: &str, privileged: &str| {
        format!(
            "  {name}: {{Type: AWS::ECS::TaskDefinition, Properties: \
             {{ContainerDefinitions: [{{Name: a, Privileged: {privileged}}}]}}}}\n"
        )
    };
    let tasks = [
        ("Always", "true", Verdict::Fail),
        ("Never", "false", Verdict::Pass),
        ("Refused", "!If [IsOther, true, false]", Verdict::Pass),
        ("Accepted", "!If [IsWeb, true, false]", Verdict::Fail),
    ];
    let sections = "Parameters: {P: {Type: String}, Q: {Type: String}}\n\
                    Rules: {R: {Assertions: [{Assert: !Contains [[app, web], !Ref P]}]}, \
                    Q: {RuleCondition: !Equals [!Ref Q, x], Assertions: [{Assert: !Equals [!Ref P, app]}]}}\n\
                    Conditions: {IsOther: !Equals [!Ref P, other], IsWeb: !Equals [!Ref P, web]}\nResources:\n";
    for start in 0..tasks.len() {
        for is_backwards in [false, true] {
            let mut order = tasks;
            order.rotate_left(start);
            if is_backwards {
                order.reverse();
            }
            let resources: String = order.iter().map(|(name, value, _)| task(name, value)).collect();
            let text = format!("{sections}{resources}");
            let file =
                check("template.yaml", &text, &Given::default(), &Policy::of(Profile::Baseline)).unwrap();
            for (judged, (name, _, expected)) in file.judged.unwrap().iter().zip(order) {
                let outcome =
                    &judged.report.outcomes.iter().find(|one| one.rule.name == "privileged-container");
                assert_eq!(outcome.unwrap().findings.verdict, expected, "{name}\n{text}");
            }
        }
    }
}

#[test]
fn a_section_that_stands_twice_refuses_nothing() {
    let rules = "Rules: {R: {Assertions: [{Assert: !Equals [!Ref P, app]}]}}";
    for (sections, verdict) in [
        (rules.to_owned(), Verdict::Pass),
        (format!("{rules}\n{rules}"), Verdict::Fail),
        (format!("{rules}\nRules: {{}}"), Verdict::Fail),
    ] {
        let text = template(
            &format!("Parameters: {{P: {{Type: String, AllowedValues: [app, root]}}}}\n{sections}"),
            "User: !Ref P",
        );
        let cases: &[_] = if verdict == Verdict::Fail { &[Some("for P=root (allowed value)")] } else { &[] };
        expect(&text, &[], ROOT, verdict, cases);
    }
}

#[test]
fn an_allowed_value_that_the_other_limits_exclude_accuses_nobody() {
    for (definition, verdict) in [
        ("{Type: Number, AllowedValues: [0, 1000], MinValue: 1}", Verdict::Pass),
        ("{Type: Number, AllowedValues: [0, 1000], MinValue: 0}", Verdict::Fail),
        ("{Type: String, AllowedValues: [root, application], MinLength: 5}", Verdict::Pass),
        ("{Type: String, AllowedValues: [root, app], MaxLength: 3}", Verdict::Pass),
        // What a pattern means is CloudFormation's to say; it proves nothing.
        ("{Type: String, AllowedValues: [root, app], AllowedPattern: 'a.*'}", Verdict::Fail),
        // None is left: then the limits are not what they seem.
        ("{Type: String, AllowedValues: [root], MinLength: 5}", Verdict::Fail),
        // Of two limits, and of the items of a list, none is certain.
        ("{Type: String, AllowedValues: [root, application], MinLength: 5, MinLength: 1}", Verdict::Fail),
    ] {
        let text = template(&format!("Parameters: {{P: {definition}}}"), "User: !Ref P");
        let (found, findings) = super::judged(&text, &Given::default(), ROOT);
        assert_eq!(found, verdict, "{definition}: {findings:#?}");
    }
}
