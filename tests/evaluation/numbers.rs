//! Numbers in templates, of which readers make different texts.
//!
//! Owns where that leaves a value open, and where it does not.

use ecs_guard::document::yaml;
use ecs_guard::finding::Verdict;
use ecs_guard::template::{Deployment, Given, Template};

use super::{expect, given, judged, template};

#[test]
fn a_number_that_readers_write_otherwise_equals_nothing_for_certain() {
    let rule = "privileged-container";
    for (number, account, verdict) in [
        ("123456789012", "123456789012", Verdict::Fail),
        ("123456789012", "123456789013", Verdict::Pass),
        ("012345670123", "012345670123", Verdict::Fail),
        ("012345670123", "1402433619", Verdict::Fail),
        ("'012345670123'", "1402433619", Verdict::Pass),
        ("1.50", "1.5", Verdict::Fail),
    ] {
        let sections = format!("Conditions: {{Is: !Equals [!Ref AWS::AccountId, {number}]}}");
        let text = template(&sections, "Privileged: !If [Is, true, false]");
        assert_eq!(
            judged(&text, &given(&[("AWS::AccountId", account)]), rule).0,
            verdict,
            "{number} {account}"
        );
    }
}

#[test]
fn a_list_of_one_number_that_is_a_default() {
    let defaults = Given { assume_defaults: true, ..Given::default() };
    for kind in ["CommaDelimitedList", "List<Number>"] {
        let list = |default| format!("Parameters: {{L: {{Type: {kind}, Default: {default}}}}}");
        for (default, expected) in [("0x0", Verdict::Fail), ("'0x0'", Verdict::Pass), ("5", Verdict::Pass)] {
            let text = template(&list(default), "User: !Select [0, !Ref L]");
            assert_eq!(judged(&text, &defaults, "root-user").0, expected, "{kind} {default}");
        }
        for (default, expected) in [("010", Verdict::Fail), ("'010'", Verdict::Pass), ("8,9", Verdict::Fail)]
        {
            let conditions = "\nConditions: {Is: !Equals [!Select [0, !Ref L], '8']}";
            let text = template(&(list(default) + conditions), "Privileged: !If [Is, true, false]");
            assert_eq!(judged(&text, &defaults, "privileged-container").0, expected, "{kind} {default}");
        }
    }
}

#[test]
fn numbers_that_are_handed_down_stay_numbers() {
    let text = "Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a.yaml, \
                Parameters: {One: 0x0, List: [0x0], Texts: ['0x0', b], Plain: [5, b], Mixed: [0x0, b]}}}}";
    let (root, given) = (yaml::read(text).unwrap(), Given::default());
    let template = Template::of(&root, &given).unwrap();
    let deployments = template.deployments(template.nested_stacks.first().unwrap());
    let [Deployment { given, .. }] = deployments.as_slice() else { panic!("{deployments:?}") };
    let known = |name: &str| given.parameters.get(name).map(String::as_str);
    assert_eq!(["One", "List", "Texts", "Plain"].map(known), ["0x0", "0x0", "0x0,b", "5,b"].map(Some));
    assert_eq!(given.numbers, ["One", "List"].map(str::to_owned).into());
    // Beside others its spelling would be all that is left of it.
    assert_eq!(given.open, ["Mixed".to_owned()].into());
}

#[test]
fn a_secret_number_is_no_text() {
    let defaults = Given { assume_defaults: true, ..Given::default() };
    for (default, expected) in [("0x0", Verdict::Fail), ("'0x0'", Verdict::Pass)] {
        let sections = format!(
            "Parameters: {{P: {{Type: String, NoEcho: true, Default: {default}}}}}\n\
             Conditions: {{Is: !Equals [!Ref P, '0']}}"
        );
        let text = template(&sections, "Privileged: !If [Is, true, false]");
        assert_eq!(judged(&text, &defaults, "privileged-container").0, expected, "{default}");
    }
}

#[test]
fn a_value_and_its_quoted_twin_are_two_cases() {
    let text =
        template("Parameters: {P: {Type: String, AllowedValues: ['0x0', 0x0, '5', 5]}}", "User: !Ref P");
    let case = "for P=0x0 without quotes (allowed value)";
    expect(&text, &[], "root-user", Verdict::Fail, &[Some(case)]);
}

#[test]
fn a_number_is_a_number_wherever_a_parameter_has_it_from() {
    let defaults = Given { assume_defaults: true, ..Given::default() };
    for (default, expected) in
        [("0x0", Verdict::Fail), ("0.0", Verdict::Fail), ("'0x0'", Verdict::Pass), ("5", Verdict::Pass)]
    {
        let text = template(
            &format!("Parameters: {{User: {{Type: String, Default: {default}}}}}"),
            "User: !Ref User",
        );
        assert_eq!(judged(&text, &defaults, "root-user").0, expected, "{default}");
    }
    let text = template("Parameters: {User: {Type: String}}", "User: !Ref User");
    let as_text = given(&[("User", "0x0")]);
    assert_eq!(judged(&text, &as_text, "root-user").0, Verdict::Pass);
    let as_number = Given { numbers: ["User".to_owned()].into(), ..as_text };
    assert_eq!(judged(&text, &as_number, "root-user").0, Verdict::Fail);
}
