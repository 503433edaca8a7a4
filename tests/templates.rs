//! What `check` says of templates: functions, conditions, parameters, mappings, loops.
//!
//! Owns the cases a user would write down. Must not know how they are evaluated.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

#[path = "evaluation/conditions.rs"]
mod conditions;
#[path = "evaluation/documents.rs"]
mod documents;
#[path = "evaluation/excluded.rs"]
mod excluded;
#[path = "evaluation/functions.rs"]
mod functions;
#[path = "evaluation/loops.rs"]
mod loops;
#[path = "evaluation/many_cases.rs"]
mod many_cases;
#[path = "evaluation/mappings.rs"]
mod mappings;
#[path = "evaluation/numbers.rs"]
mod numbers;
#[path = "evaluation/sections.rs"]
mod sections;
#[path = "evaluation/settled.rs"]
mod settled;
#[path = "evaluation/told.rs"]
mod told;

use ecs_guard::check::{CheckedFile, JudgedTask, check, check_deployed, could_concern};
use ecs_guard::finding::{Finding, Verdict};
use ecs_guard::policy::{self, Policy};
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

fn given(parameters: &[(&str, &str)]) -> Given {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Given { parameters: parameters.collect(), ..Given::default() }
}

/// The verdict and the findings of one rule on the only task definition.
fn judged(text: &str, given: &Given, rule: &str) -> (Verdict, Vec<Finding>) {
    let file = check("template.yaml", text, given, &Policy::of(Profile::Pedantic)).expect("a template");
    let tasks = file.judged.unwrap_or_else(|unreadable| panic!("{unreadable:?} in {text}"));
    let [task] = tasks.as_slice() else { panic!("{} task definitions", tasks.len()) };
    let outcome = task.report.outcomes.iter().find(|outcome| outcome.rule.name == rule).unwrap();
    (outcome.findings.verdict, outcome.findings.kept.clone())
}

/// A template whose only container has these properties.
fn template(sections: &str, container: &str) -> String {
    format!(
        "{sections}\nResources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
         ContainerDefinitions:\n        - {{Name: web, {container}}}\n"
    )
}

const PRODUCTION: &str =
    "Parameters: {Stage: {Type: String}}\nConditions: {IsProd: !Equals [!Ref Stage, prod]}";

#[track_caller]
fn expect(text: &str, parameters: &[(&str, &str)], rule: &str, verdict: Verdict, cases: &[Option<&str>]) {
    let (found, findings) = judged(text, &given(parameters), rule);
    assert_eq!(found, verdict, "{findings:#?}\n{text}");
    let found: Vec<_> = findings.iter().map(|finding| finding.case.as_deref()).collect();
    assert_eq!(found, cases, "{findings:#?}\n{text}");
}

#[test]
fn a_boolean_that_a_condition_decides() {
    let text = template(PRODUCTION, "ReadonlyRootFilesystem: !If [IsProd, 'true', 'false']");
    let rule = "writable-root-filesystem";
    expect(&text, &[], rule, Verdict::Fail, &[Some("when IsProd is false")]);
    expect(&text, &[("Stage", "prod")], rule, Verdict::Pass, &[]);
    expect(&text, &[("Stage", "test")], rule, Verdict::Fail, &[None]);
}

#[test]
fn an_allowed_value_that_violates() {
    let sections = "Parameters: {ReadOnly: {Type: String, AllowedValues: [true, false], Default: true}}";
    let text = template(sections, "ReadonlyRootFilesystem: !Ref ReadOnly");
    let rule = "writable-root-filesystem";
    expect(&text, &[], rule, Verdict::Fail, &[Some("for ReadOnly=false (allowed value)")]);
    expect(&text, &[("ReadOnly", "true")], rule, Verdict::Pass, &[]);
    let assumed = Given { assume_defaults: true, ..Given::default() };
    assert_eq!(judged(&text, &assumed, rule).0, Verdict::Pass);
    let twice = text.replace("Default: true", "Default: false, Default: true");
    assert_eq!(judged(&twice, &assumed, rule).0, Verdict::Fail);
}

#[test]
fn of_what_is_deployed_a_secret_stays_open_for_the_hook_too() {
    for (user, unresolved, verdict) in [
        ("'{{resolve:ssm-secure:/user}}'", "deny", Verdict::Fail),
        ("'{{resolve:secretsmanager:user}}'", "deny", Verdict::Fail),
        ("!Sub 'a-{{resolve:secretsmanager:user}}'", "deny", Verdict::Fail),
        ("!Ref P", "deny", Verdict::Fail),
        ("'{{resolve:ssm-secure:/user}}'", "warn", Verdict::Unknown),
        ("'{{resolve:ssm:/user}}'", "deny", Verdict::Unknown),
        ("!GetAtt User.Name", "deny", Verdict::Unknown),
        ("app", "deny", Verdict::Pass),
    ] {
        let text = template("Parameters: {P: {Type: String}}", &format!("User: {user}"));
        let policy = policy::read(&format!("unresolved: {{resource: {unresolved}}}")).unwrap();
        let given = given(&[("P", "{{resolve:ssm-secure:/user}}")]);
        let says = |file: Option<CheckedFile<'_>>| {
            let tasks = file.unwrap().judged.unwrap();
            let outcome =
                tasks[0].report.outcomes.iter().find(|outcome| outcome.rule.name == "root-user").unwrap();
            let is_told = outcome
                .findings
                .kept
                .iter()
                .any(|finding| finding.message.contains("the hook sees no secrets"));
            (outcome.findings.verdict, is_told)
        };
        assert_eq!(
            says(check_deployed("t.yaml", &text, &given, &policy)),
            (verdict, verdict == Verdict::Fail),
            "{user}"
        );
        // Before it is deployed nobody knows what it will be.
        let before = if verdict == Verdict::Pass { verdict } else { Verdict::Unknown };
        assert_eq!(says(check("t.yaml", &text, &given, &policy)), (before, false), "{user}");
    }
    // What fails whatever the secret is, says nothing of it.
    let text = template("", "User: 'root:{{resolve:ssm-secure:/group}}'");
    let file = check_deployed("t.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
    let tasks = file.judged.unwrap();
    let findings = tasks[0].report.outcomes.iter().flat_map(|outcome| &outcome.findings.kept);
    let of_user: Vec<_> = findings.filter(|finding| finding.property == "User").collect();
    assert!(of_user.len() == 1 && !of_user[0].message.contains("secrets"), "{of_user:?}");
}

#[test]
fn a_whole_container_inside_a_condition() {
    let containers = |sections: &str, list: &str| {
        format!(
            "{sections}\nResources: {{Task: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: {list}}}}}}}"
        )
    };
    let list =
        "[{Name: web, Privileged: false}, !If [IsProd, {Name: agent, Privileged: true}, !Ref AWS::NoValue]]";
    let text = containers(PRODUCTION, list);
    let rule = "privileged-container";
    expect(&text, &[], rule, Verdict::Fail, &[Some("when IsProd is true")]);
    expect(&text, &[("Stage", "test")], rule, Verdict::Pass, &[]);
    expect(&containers(PRODUCTION, "!Ref Containers"), &[], rule, Verdict::Unknown, &[None]);
    let all = "!If [IsProd, [{Name: a, Privileged: true}], [{Name: a, Privileged: 'TRUE'}]]";
    let each = [Some("when IsProd is true"), Some("when IsProd is false")];
    expect(&containers(PRODUCTION, all), &[], rule, Verdict::Fail, &each);
}

#[test]
fn a_map_that_may_be_absent() {
    let text = template(
        PRODUCTION,
        "LinuxParameters: !If [IsProd, {Capabilities: {Add: [SYS_ADMIN]}}, !Ref AWS::NoValue]",
    );
    let rule = "added-linux-capabilities";
    expect(&text, &[], rule, Verdict::Fail, &[Some("when IsProd is true")]);
    expect(&text, &[("Stage", "test")], rule, Verdict::Pass, &[]);
}

#[test]
fn a_user_of_which_half_is_known() {
    let sections = "Parameters: {U: {Type: String}, G: {Type: String}}";
    let text = template(sections, "User: !Sub '${U}:${G}'");
    let rule = "root-user";
    expect(&text, &[("U", "root")], rule, Verdict::Fail, &[None]);
    expect(&text, &[("U", "1000")], rule, Verdict::Unknown, &[None]);
    expect(&text, &[("G", "0")], rule, Verdict::Fail, &[None]);
    expect(&text, &[("G", "1000")], rule, Verdict::Unknown, &[None]);
    expect(&text, &[("U", "1000"), ("G", "1000")], rule, Verdict::Pass, &[]);
    expect(&text, &[], rule, Verdict::Unknown, &[None]);
}

#[test]
fn a_value_from_a_mapping() {
    let log = |mode: &str| {
        format!("LogConfiguration: {{LogDriver: awslogs, Options: {{mode: {mode}, max-buffer-size: 25m}}}}")
    };
    let rule = "blocking-awslogs";
    let by_region = |other: &str| {
        let sections = format!(
            "Mappings: {{Logs: {{eu-west-1: {{Mode: non-blocking}}, us-east-1: {{Mode: {other}}}}}}}"
        );
        template(&sections, &log("!FindInMap [Logs, !Ref AWS::Region, Mode]"))
    };
    expect(&by_region("non-blocking"), &[], rule, Verdict::Pass, &[]);
    expect(&by_region("blocking"), &[], rule, Verdict::Fail, &[Some("for AWS::Region=us-east-1")]);
    expect(&by_region("blocking"), &[("AWS::Region", "eu-west-1")], rule, Verdict::Pass, &[]);
    let (verdict, findings) = judged(&by_region("blocking"), &given(&[("AWS::Region", "elsewhere")]), rule);
    assert_eq!(verdict, Verdict::Unknown);
    assert!(!findings[0].remediation.contains("--parameter"), "it is given: {findings:?}");
    let fixed = template("Mappings: {Logs: {All: {Mode: blocking}}}", &log("!FindInMap [Logs, All, Mode]"));
    expect(&fixed, &[], rule, Verdict::Fail, &[None]);
    let default = template(
        "Mappings: {Logs: {a: {Mode: non-blocking}}}",
        &log("!FindInMap [Logs, !Ref AWS::Region, Mode, {DefaultValue: blocking}]"),
    );
    expect(&default, &[], rule, Verdict::Fail, &[Some("for any other AWS::Region")]);
}

#[test]
fn a_mapping_that_a_macro_writes() {
    let rule = "writable-root-filesystem";
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://bucket/key'}}";
    for (mappings, arguments, verdict) in [
        (format!("M: {{a: {{v: true}}, {include}}}"), "!Ref AWS::Region, v", Verdict::Unknown),
        (format!("M: {{a: {{v: true}}, {include}}}"), "b, v, {DefaultValue: true}", Verdict::Unknown),
        (format!("M: {{a: {{v: true}}, {include}}}"), "a, v", Verdict::Unknown),
        (format!("M: {{a: {{v: true}}, b: {{{include}}}}}"), "a, v", Verdict::Pass),
        (format!("M: {{a: {{v: true}}, b: {{{include}}}}}"), "!Ref AWS::Region, v", Verdict::Unknown),
        (
            format!("M: {{a: {{v: true}}, b: {{w: true, {include}}}}}"),
            "!Ref AWS::Region, v",
            Verdict::Unknown,
        ),
        (format!("M: {{a: {{v: true, {include}}}}}"), "a, !Ref AWS::Region", Verdict::Unknown),
        (format!("M: {{a: {{v: true, {include}}}}}"), "a, v", Verdict::Unknown),
    ] {
        let read_only = format!("ReadonlyRootFilesystem: !FindInMap [M, {arguments}]");
        let text = template(&format!("Mappings: {{{mappings}}}"), &read_only);
        assert_eq!(judged(&text, &Given::default(), rule).0, verdict, "{text}");
    }
}

#[test]
fn two_properties_under_one_condition() {
    let log = "LogConfiguration: {LogDriver: !If [IsProd, awslogs, fluentd], \
               Options: {mode: !If [IsProd, non-blocking, blocking], max-buffer-size: 25m}}";
    expect(&template(PRODUCTION, log), &[], "blocking-awslogs", Verdict::Pass, &[]);
}

#[test]
fn a_condition_that_can_never_hold() {
    let never =
        "Conditions: {Never: !And [!Equals [!Ref AWS::Region, a], !Not [!Equals [!Ref AWS::Region, a]]]}";
    let rule = "privileged-container";
    expect(&template(never, "Privileged: !If [Never, true, false]"), &[], rule, Verdict::Pass, &[]);
    let literal = "Conditions: {Never: !Equals [a, b]}";
    expect(&template(literal, "Privileged: !If [Never, true, false]"), &[], rule, Verdict::Pass, &[]);
    let resource = format!(
        "{literal}\nResources: {{Task: {{Type: AWS::ECS::TaskDefinition, Condition: Never, Properties: \
         {{ContainerDefinitions: [{{Name: a, Privileged: true}}]}}}}}}"
    );
    expect(&resource, &[], rule, Verdict::NotApplicable, &[]);
    let file = check("template.yaml", &resource, &Given::default(), &Policy::baseline()).unwrap();
    for outcome in &file.judged.unwrap()[0].report.outcomes {
        let because = outcome.findings.not_applicable_because;
        assert_eq!(because, Some("it is never created: its condition does not hold"));
    }
}

#[test]
fn questions_are_told_from_each_other_by_their_names() {
    // A parameter that is called like what stands in the condition says nothing of it.
    for (name, condition) in [("1e3", "!Equals [1e3, '1000']"), ("'null'", "!Or [null, !Equals [a, b]]")] {
        let sections = format!(
            "Parameters: {{{name}: {{Type: String, AllowedValues: [a]}}}}\n\
             Conditions: {{Is: !Equals [!Ref {name}, a], Is2: {condition}}}"
        );
        let text = template(&sections, "Privileged: !If [Is, !If [Is2, true, false], false]");
        assert_eq!(judged(&text, &given(&[]), "privileged-container").0, Verdict::Fail, "{name}");
    }
}

#[test]
fn functions_on_texts() {
    for (user, verdict) in [
        ("!Join ['', [ro, ot]]", Verdict::Fail),
        ("!Join [':', ['1000', '0']]", Verdict::Fail),
        ("!Select [1, ['1000', root]]", Verdict::Fail),
        ("!Select [0, !Split [':', '1000:root']]", Verdict::Pass),
        ("!Select [2, ['1000', root]]", Verdict::Unknown),
        ("!Select [0, !Split ['/', !Sub '1000/${AWS::Region}']]", Verdict::Pass),
        ("!Select [0, !Split ['/', !Sub 'root/${AWS::Region}']]", Verdict::Fail),
        ("!Sub ['${A}t', {A: roo}]", Verdict::Fail),
        ("!Sub '${!A}'", Verdict::Pass),
        ("!Sub '0:${AWS::Region}'", Verdict::Fail),
        ("!Sub '${Other.Arn}'", Verdict::Unknown),
        ("!Join ['', ['1000', ':${AWS::Region}']]", Verdict::Pass),
        ("!Base64 x", Verdict::Pass),
        ("!GetAtt Other.User", Verdict::Unknown),
        ("!ImportValue x", Verdict::Unknown),
        ("!Unknown x", Verdict::Unknown),
        ("'{{resolve:ssm:/user}}'", Verdict::Unknown),
        ("!Sub 'root:{{resolve:ssm:/group}}'", Verdict::Fail),
    ] {
        let (found, findings) =
            judged(&template("", &format!("User: {user}")), &Given::default(), "root-user");
        assert_eq!(found, verdict, "{user}: {findings:?}");
    }
}

#[test]
fn what_hides_a_value_stays_unknown() {
    let rule = "writable-root-filesystem";
    let read_only = "ReadonlyRootFilesystem: !Ref P";
    for definition in [
        "{Type: String, NoEcho: true, Default: 'true'}",
        "{Type: 'AWS::SSM::Parameter::Value<String>', Default: 'true'}",
    ] {
        let text = template(&format!("Parameters: {{P: {definition}}}"), read_only);
        let given = Given { assume_defaults: true, ..given(&[("P", "true")]) };
        assert_eq!(judged(&text, &given, rule).0, Verdict::Unknown, "{definition}");
    }
}

#[test]
fn what_stands_beside_the_properties_counts() {
    let resource = |attributes: &str| {
        format!(
            "Conditions: {{Never: !Equals [a, b], Always: !Equals [a, a]}}\nResources: {{Task: {{Type: AWS::ECS::TaskDefinition, {attributes}}}}}"
        )
    };
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://bucket/key'}}";
    let harmless = "Properties: {ContainerDefinitions: [{Name: a, Privileged: false}]}";
    let bad = "Properties: {ContainerDefinitions: [{Name: a, Privileged: true}]}";
    for (attributes, verdict) in [
        (format!("{harmless}, {include}"), Verdict::Unknown),
        (include.to_owned(), Verdict::Unknown),
        ("Fn::ForEach::P: [K, !Ref Keys, {'${K}': {}}]".to_owned(), Verdict::Unknown),
        (format!("{bad}, {include}"), Verdict::Fail),
        (format!("Condition: Never, Condition: Always, {bad}"), Verdict::Fail),
        (format!("Condition: Never, Condition: Never, {bad}"), Verdict::NotApplicable),
        (bad.replace("Properties", "properties"), Verdict::Fail),
    ] {
        let (found, findings) = judged(&resource(&attributes), &Given::default(), "privileged-container");
        assert_eq!(found, verdict, "{attributes}: {findings:#?}");
    }
    for hidden in [format!("{{{include}, {bad}}}"), format!("{{Type: !Ref Kind, {bad}}}")] {
        let text = format!("Resources: {{Task: {hidden}}}");
        let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        assert!(file.notes[0].message.contains("adds resources"), "{hidden}");
    }
}

#[test]
fn what_brings_resources_that_are_not_in_the_template_is_told() {
    let good = "Task: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: []}}";
    for (brings, message) in [
        ("Svc: {Type: 'Acme::ECS::Service::MODULE'}", "a module adds resources here that are not judged"),
        ("Svc: {Type: Acme::Web::MODULE, Properties: {Cpu: 256}}", "a module adds resources here"),
    ] {
        for text in [format!("Resources: {{{brings}}}"), format!("Resources: {{{good}, {brings}}}")] {
            assert!(could_concern(&text), "{text}");
            let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
            let [note] = &file.notes[..] else { panic!("{text}: {:?}", file.notes) };
            assert!(note.is_unknown && note.message.contains(message), "{text}: {}", note.message);
        }
    }
    let stack_set = |property| {
        format!("Resources: {{Svc: {{Type: AWS::CloudFormation::StackSet, Properties: {{{property}}}}}}}")
    };
    let text = stack_set("TemplateBody: '{}'");
    let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
    let [note] = &file.notes[..] else { panic!("{:?}", file.notes) };
    assert!(could_concern(&text) && note.is_unknown && file.nested.is_empty(), "{}", note.message);
    let text = stack_set("TemplateURL: x.yaml");
    let file = check("template.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
    assert_eq!(file.nested[0].location.as_deref(), Some("x.yaml"));
}

#[test]
fn a_rule_says_on_which_machines_it_does_not_apply() {
    for (rule, types, because) in [
        ("privilege-escalation", "[FARGATE]", "the task runs on Fargate only"),
        ("unlimited-memory", "[FARGATE]", "the task runs on Fargate only"),
        ("bridge-network-mode", "[EXTERNAL]", "the task runs on external instances only"),
    ] {
        let text = format!(
            "Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{RequiresCompatibilities: {types}, \
             ContainerDefinitions: [{{Name: a}}]}}}}}}"
        );
        let policy = Policy::of(Profile::Pedantic);
        let judged = check("template.yaml", &text, &Given::default(), &policy).unwrap().judged.unwrap();
        let outcome = judged[0].report.outcomes.iter().find(|outcome| outcome.rule.name == rule).unwrap();
        assert_eq!(outcome.findings.verdict, Verdict::NotApplicable, "{rule}");
        assert_eq!(outcome.findings.not_applicable_because, Some(because), "{rule}");
    }
}

#[test]
fn the_beginning_of_a_platform_family_tells_windows() {
    for (family, verdict) in [
        ("WINDOWS_SERVER_${V}_CORE", Verdict::NotApplicable),
        ("LINUX${V}", Verdict::Fail),
        ("WINDOWS${V}", Verdict::Unknown),
        ("${V}", Verdict::Unknown),
    ] {
        let text = format!(
            "Parameters: {{V: {{Type: String}}}}\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{RuntimePlatform: \
             {{OperatingSystemFamily: !Sub '{family}'}}, ContainerDefinitions: [{{Name: a}}]}}}}}}"
        );
        let (found, findings) = judged(&text, &Given::default(), "writable-root-filesystem");
        assert_eq!(found, verdict, "{family}: {findings:#?}");
    }
}

#[test]
fn the_beginning_of_a_mode_tells_that_it_is_not_the_hosts() {
    for (mode, verdict) in [
        ("ta${V}", Verdict::Pass),
        ("host", Verdict::Fail),
        ("h${V}", Verdict::Unknown),
        ("${V}", Verdict::Unknown),
    ] {
        let text = format!(
            "Parameters: {{V: {{Type: String}}}}\nResources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{PidMode: !Sub \
             '{mode}', ContainerDefinitions: [{{Name: a}}]}}}}}}"
        );
        let (found, findings) = judged(&text, &Given::default(), "host-pid-mode");
        assert_eq!(found, verdict, "{mode}: {findings:#?}");
    }
}

/// What `privileged-container` says.
fn verdict_of(task: &JudgedTask) -> Verdict {
    let mut outcomes = task.report.outcomes.iter();
    outcomes.find(|outcome| outcome.rule.name == "privileged-container").unwrap().findings.verdict
}

#[test]
fn where_the_rule_does_not_apply_in_other_cases_nothing_is_mended_unseen() {
    let obstacle = |otherwise: &str| {
        let text = of_properties(&format!(
            "RequiresCompatibilities: !If [IsProd, [EC2], [{otherwise}]], ContainerDefinitions: [{{Name: a}}]"
        ));
        let (_, findings) =
            judged(&format!("{PRODUCTION}\n{text}"), &Given::default(), "privilege-escalation");
        findings[0].fix.as_ref().unwrap().obstacle
    };
    assert_eq!(obstacle("EXTERNAL"), None);
    let elsewhere = Some("in other cases the task runs where the rule does not apply");
    assert_eq!(obstacle("FARGATE"), elsewhere);
}

/// A template whose task definition has these properties.
fn of_properties(properties: &str) -> String {
    format!("Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties: {{{properties}}}\n")
}

#[test]
fn what_is_known_of_a_text_decides() {
    let image =
        |image: &str| template("Parameters: {Tag: {Type: String}}", &format!("Image: !Sub '{image}'"));
    let value = |value: &str| {
        template("Parameters: {X: {Type: String}}", &format!("Environment: [{{Name: A, Value: {value}}}]"))
    };
    let path =
        |path: &str| of_properties(&format!("Volumes: [{{Name: v, Host: {{SourcePath: !Sub '{path}'}}}}]"));
    let roles =
        |one: &str, other: &str| of_properties(&format!("TaskRoleArn: {one}, ExecutionRoleArn: {other}"));
    let windows = |user: &str| {
        let platform = "RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2025_CORE}";
        of_properties(&format!("{platform}, ContainerDefinitions: [{{User: !Sub '{user}'}}]"))
    };
    let encryption = |word: &str| {
        let efs = format!("EFSVolumeConfiguration: {{TransitEncryption: !Sub '{word}'}}");
        of_properties(&format!("Volumes: [{{Name: v, {efs}}}]"))
    };
    let ecr = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/web";
    let secret = "'postgres://app:{{resolve:secretsmanager:${X}:SecretString:password}}@db'";
    let arn = "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/";
    for (rule, text, verdict) in [
        ("mutable-image", image(&format!("{ecr}@sha256:0123")), Verdict::Pass),
        ("mutable-image", image(&format!("{ecr}:latest")), Verdict::Fail),
        ("mutable-image", image(&format!("{ecr}:v1-${{Tag}}")), Verdict::Unknown),
        ("plaintext-secret", value(&format!("!Sub {secret}")), Verdict::Fail),
        ("plaintext-secret", value("!Join ['', ['{{resolve:ssm-secure:', !Ref X, '}}']]"), Verdict::Fail),
        ("plaintext-secret", value("!Sub 'https://${AWS::Region}.example'"), Verdict::Pass),
        ("plaintext-secret", value("!Sub 'https://${X}.example'"), Verdict::Unknown),
        ("sensitive-host-path", path("/var/run/${AWS::StackName}.sock"), Verdict::Fail),
        ("sensitive-host-path", path("/data/${AWS::StackName}"), Verdict::Pass),
        ("shared-task-role", roles("!GetAtt A.Arn", "!GetAtt B.Arn"), Verdict::Pass),
        ("shared-task-role", roles("!GetAtt A.Arn", "!GetAtt A.Arn"), Verdict::Fail),
        ("shared-task-role", roles(&format!("{arn}web'"), &format!("{arn}execution'")), Verdict::Pass),
        ("shared-task-role", roles(&format!("{arn}web'"), &format!("{arn}web'")), Verdict::Fail),
        ("bridge-network-mode", of_properties("NetworkMode: !Sub 'bridge${AWS::Region}'"), Verdict::Fail),
        ("windows-administrator-user", windows("web-${AWS::StackName}"), Verdict::Pass),
        ("windows-administrator-user", windows("${X}Administrator"), Verdict::Unknown),
        ("windows-administrator-user", windows("${X}\\ContainerAdministrator"), Verdict::Unknown),
        ("unencrypted-efs-volume", encryption("DIS${AWS::Region}"), Verdict::Fail),
        ("unencrypted-efs-volume", encryption("E${AWS::Region}"), Verdict::Unknown),
    ] {
        let (found, findings) = judged(&text, &Given::default(), rule);
        assert_eq!(found, verdict, "{findings:#?}\n{text}");
    }
}
