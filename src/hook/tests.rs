//! What every answer must be, whatever the event and whatever the policy.

mod event;
mod message;

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Answer, ChangeSet, Hook, Outside, Prepared, WARNING_ONLY};
use crate::document::View;
use crate::finding::Verdict;
use crate::policy::{Level, Policy, Setting, read};
use crate::rule::{Context, Metadata, Options, Rule};
use crate::rules::privileged_container::PrivilegedContainer;
use crate::template::Given;

fn baseline() -> Hook {
    Hook::new(Ok(Policy::baseline()))
}

fn with_policy(text: &str) -> Hook {
    Hook::new(Ok(read(text).unwrap()))
}

fn event(container: &Value) -> Value {
    json!({
        "clientRequestToken": "token-1",
        "awsAccountId": "111122223333",
        "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/5d9e4c10",
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {
            "targetName": "AWS::ECS::TaskDefinition",
            "targetLogicalId": "Task",
            "targetModel": {"resourceProperties": {"Family": "shop", "ContainerDefinitions": [container]}},
        },
    })
}

fn good_container() -> Value {
    json!({"Name": "web", "User": "app", "ReadonlyRootFilesystem": true})
}

/// The answer as CloudFormation would read it, after checking what holds for all answers.
fn answer_to(hook: &Hook, bytes: &[u8]) -> Value {
    answer_with(hook, bytes, &outside(Err("There is none.".into())))
}

fn outside(body: Result<Vec<u8>, String>) -> Prepared {
    Prepared { body, today: "2026-11-25".parse().unwrap(), stack_tags: Err("nobody knows them".into()) }
}

fn answer_with(hook: &Hook, bytes: &[u8], outside: &dyn Outside) -> Value {
    let Answer { response, .. } = hook.respond(bytes, outside);
    let wire: Value = serde_json::from_str(&serde_json::to_string(&response).unwrap()).unwrap();
    let status = wire["hookStatus"].as_str().unwrap();
    match wire.get("errorCode") {
        None => assert_eq!(status, "SUCCESS"),
        Some(code) => {
            assert_eq!(status, "FAILED");
            assert!(code == "NonCompliant" || code == "InternalFailure", "{code}");
        }
    }
    assert!(wire["clientRequestToken"].is_string());
    let message = wire["message"].as_str().unwrap();
    assert!(!message.is_empty() && message.len() <= 900 && !message.contains(['\n', '\r']), "{message}");
    for annotation in wire["annotations"].as_array().into_iter().flatten() {
        for (key, text) in annotation.as_object().unwrap() {
            let text = text.as_str().unwrap();
            assert!(!text.is_empty() && text.len() <= 400 && !text.contains(['\n', '\r']), "{key}: {text}");
        }
    }
    wire
}

fn answer(hook: &Hook, event: &Value) -> Value {
    answer_to(hook, event.to_string().as_bytes())
}

fn message(answer: &Value) -> &str {
    answer["message"].as_str().unwrap()
}

/// A rule with a bug.
struct Panics;

impl Rule for Panics {
    fn metadata(&self) -> &'static Metadata {
        PrivilegedContainer::METADATA
    }

    fn check_container(&self, _: View<'_>, _: &mut Context<'_>) {
        panic!("canary");
    }
}

fn buggy(policy: &str) -> Hook {
    let mut policy = read(policy).unwrap();
    policy.rules.push(Setting { rule: &Panics, level: Level::Deny, options: Options::default() });
    Hook::new(Ok(policy))
}

#[test]
fn a_panic_in_a_rule_is_answered_with_the_token_and_the_next_event_as_well() {
    let hook = buggy("");
    for _ in 0..2 {
        let answer = answer(&hook, &event(&good_container()));
        assert_eq!(answer["errorCode"], "InternalFailure");
        assert_eq!(answer["clientRequestToken"], "token-1");
        assert!(!message(&answer).contains("canary"));
    }
}

#[test]
fn internal_errors_pass_only_where_the_policy_says_so_and_loudly() {
    let hook = buggy("on-internal-error: allow");
    for event in
        [event(&good_container()).to_string(), "{\"clientRequestToken\": \"t\"}".into(), "nonsense".into()]
    {
        let answer = answer_to(&hook, event.as_bytes());
        assert_eq!(answer["hookStatus"], "SUCCESS");
        assert!(message(&answer).starts_with("warning: NOT JUDGED"), "{answer}");
        assert!(
            hook.respond(event.as_bytes(), &outside(Err("There is none.".into()))).record.is_internal_error
        );
    }
}

#[test]
fn a_broken_policy_denies_every_event_and_says_where_it_is_broken() {
    let problem = read("rules: {root-usr: {}}").unwrap_err().to_string();
    let hook = Hook::new(Err(format!("ecs-guard.yaml, {problem}")));
    let mut delete = event(&good_container());
    delete["actionInvocationPoint"] = "DELETE_PRE_PROVISION".into();
    for event in [event(&good_container()), delete, json!({}), json!([])] {
        let answer = answer(&hook, &event);
        assert_eq!(answer["errorCode"], "InternalFailure", "{event}");
        if event["clientRequestToken"].is_string() {
            assert!(message(&answer).contains("line 1, column 9: unknown rule `root-usr`"), "{answer}");
            assert_eq!(answer["clientRequestToken"], "token-1");
        }
    }
}

#[test]
fn a_warning_never_blocks_and_blocking_ones_are_told_alone() {
    let hook = with_policy("rules: {root-user: {level: warn}}");
    let mut container = good_container();
    container["User"] = "root".into();
    let warned = answer(&hook, &event(&container));
    assert_eq!(warned["hookStatus"], "SUCCESS");
    assert!(message(&warned).starts_with("warning: `Task` "), "{warned}");
    assert!(message(&warned).contains("`User` is `root`"));
    assert_eq!(warned["annotations"][0]["annotationName"], "root-user");
    assert_eq!(warned["annotations"][0]["status"], "FAILED");
    // Where only the annotation is kept, it says that it would not block.
    let is_marked = |answer: &Value, rule: &str| {
        let annotations = answer["annotations"].as_array().unwrap();
        let of_rule = annotations.iter().find(|annotation| annotation["annotationName"] == rule);
        of_rule.unwrap()["statusMessage"].as_str().unwrap().starts_with(WARNING_ONLY)
    };
    assert!(is_marked(&warned, "root-user"), "{warned}");
    container["Privileged"] = true.into();
    let blocked = answer(&hook, &event(&container));
    assert!(is_marked(&blocked, "root-user") && !is_marked(&blocked, "privileged-container"), "{blocked}");
    assert_eq!(blocked["errorCode"], "NonCompliant");
    assert!(
        message(&blocked).contains("`Privileged` is true") && !message(&blocked).contains("`User`"),
        "{blocked}"
    );
}

#[test]
fn unknown_values_block_unless_the_policy_only_warns_about_them() {
    let mut container = good_container();
    container["User"] = "{{resolve:ssm:/user}}".into();
    let event = event(&container);
    let denied = answer(&baseline(), &event);
    assert_eq!(denied["errorCode"], "NonCompliant");
    assert_eq!(denied["annotations"][0]["status"], "FAILED");
    let warned = answer(&with_policy("unresolved: {resource: warn}"), &event);
    assert_eq!(warned["hookStatus"], "SUCCESS");
    assert!(message(&warned).starts_with("warning: "), "{warned}");
    let annotations = warned["annotations"].as_array().unwrap();
    let annotation =
        annotations.iter().find(|annotation| annotation["annotationName"] == "root-user").unwrap();
    assert_eq!(annotation["status"], "SKIPPED");
    assert!(annotation["statusMessage"].as_str().unwrap().contains("dynamic reference"));
    let only_warned = answer(&with_policy("rules: {root-user: {level: warn}}"), &event);
    assert_eq!(only_warned["hookStatus"], "SUCCESS");
}

#[test]
fn links_stand_in_the_annotation_and_in_its_text_and_are_never_invented() {
    let mut container = good_container();
    container["User"] = "root".into();
    let event = event(&container);
    let linked = answer(&with_policy("documentation-url: https://wiki.example/ecs"), &event);
    let annotation = &linked["annotations"][0];
    assert_eq!(annotation["remediationLink"], "https://wiki.example/ecs#root-user");
    assert!(
        annotation["remediationMessage"]
            .as_str()
            .unwrap()
            .ends_with(" See https://wiki.example/ecs#root-user")
    );
    if env!("CARGO_PKG_REPOSITORY").is_empty() {
        assert_eq!(answer(&baseline(), &event)["annotations"][0].get("remediationLink"), None);
    }
    // The longest URL a policy may have still leaves room for the remediation.
    let long = format!("documentation-url: https://wiki.example/{}", "x".repeat(179));
    let text = answer(&with_policy(&long), &event)["annotations"][0]["remediationMessage"].to_string();
    assert!(text.contains("Set `User`") && text.contains("#root-user"), "{text}");
}

#[test]
fn a_policy_without_rules_says_that_nothing_was_judged() {
    let off = "{level: off}";
    let rules =
        crate::rules::ALL.iter().map(|rule| format!("{}: {off}", rule.metadata().name)).collect::<Vec<_>>();
    let hook = with_policy(&format!("rules: {{{}}}", rules.join(", ")));
    let answer = answer(&hook, &event(&json!({"Privileged": true})));
    assert_eq!(answer["hookStatus"], "SUCCESS");
    assert!(message(&answer).starts_with("warning: ") && message(&answer).contains("not judged"), "{answer}");
}

fn with_containers(containers: Value) -> Value {
    let mut event = event(&json!({}));
    event["requestData"]["targetModel"]["resourceProperties"]["ContainerDefinitions"] = containers;
    event
}

#[test]
fn a_flood_of_findings_stays_short_and_counts_the_rest() {
    let container = |index: usize| json!({"Name": format!("container-{index}"), "User": format!("{index}:root"), "Privileged": true});
    let answer_for = |count| answer(&baseline(), &with_containers((0..count).map(container).collect()));
    let told = answer_for(300);
    let told = message(&told);
    assert!(
        told.contains("container-0`, `container-1`, `container-2` and 297 more: `Privileged` is true"),
        "{told}"
    );
    assert!(told.ends_with(" more."), "{told}");
    // Beyond what is kept, findings are still counted.
    let told = answer_for(10_000);
    let count = message(&told).rsplit_once(" And ").and_then(|(_, rest)| rest.strip_suffix(" more."));
    assert!(count.and_then(|count| count.parse::<usize>().ok()) > Some(25_000), "{told}");
}

#[test]
fn a_flood_of_values_or_of_duplicate_keys_is_answered() {
    let filled = |text: &str| event(&json!("filler")).to_string().replace("\"filler\"", text);
    let duplicates =
        format!("{{{}\"User\": \"app\"}}", "\"User\": \"app\", \"Privileged\": false, ".repeat(20_000));
    assert_eq!(answer_to(&baseline(), filled(&duplicates).as_bytes())["errorCode"], "NonCompliant");
    let many_with_duplicates = vec!["{\"User\": \"app\", \"User\": \"app\"}"; 10_000].join(", ");
    assert_eq!(answer_to(&baseline(), filled(&many_with_duplicates).as_bytes())["errorCode"], "NonCompliant");
    let junk = format!(
        "{{{} {} \"LinuxParameters\": {{\"Capabilities\": {{\"Add\": [{}]}}}}}}",
        "\"a\": 0, ".repeat(10_000),
        "\"Name\": \"web\", ".repeat(64),
        vec!["\"NONE\""; 10_000].join(", ")
    );
    assert_eq!(answer_to(&baseline(), filled(&junk).as_bytes())["errorCode"], "NonCompliant");
    let many_values = vec!["[]"; 2_000_000].join(",");
    let answer = answer_to(&baseline(), filled(&many_values).as_bytes());
    assert_eq!(answer["errorCode"], "InternalFailure");
    assert!(message(&answer).contains("too many keys and values"), "{answer}");
}

#[test]
fn every_rule_fits_into_an_answer() {
    let hook =
        with_policy("{profile: pedantic, rules: {untrusted-registry: {registries: [public.ecr.aws]}}}");
    let long = "/x".repeat(500);
    let container = json!({
        "Name": format!("web{long}"), "Image": format!("registry.example{long}"), "Privileged": true, "Interactive": true,
        "PseudoTerminal": "true", "User": "0",
        "LinuxParameters": {"Devices": [{"HostPath": long}], "Capabilities": {"Add": ["ALL", long], "Drop": [long]}},
        "DockerSecurityOptions": ["seccomp:unconfined", "label:disable"], "SystemControls": [{"Namespace": long}],
        "Environment": [{"Name": format!("DB_PASSWORD_{long}"), "Value": "hunter2"}],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"mode": long, "max-buffer-size": long}},
    });
    let mut event = event(&container);
    let properties = &mut event["requestData"]["targetModel"]["resourceProperties"];
    properties["NetworkMode"] = "host".into();
    properties["PidMode"] = "host".into();
    properties["IpcMode"] = "host".into();
    properties["EnableFaultInjection"] = true.into();
    properties["TaskRoleArn"] = long.clone().into();
    properties["ExecutionRoleArn"] = long.clone().into();
    properties["Volumes"] = json!([
        {"Name": long, "Host": {"SourcePath": format!("/etc{long}")}},
        {"Name": long, "EFSVolumeConfiguration": {"TransitEncryption": long}},
    ]);
    let answer = answer_to(&hook, event.to_string().as_bytes());
    let annotations = answer["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), crate::rules::ALL.len());
    let failed = annotations.iter().filter(|annotation| annotation["status"] == "FAILED").count();
    assert!(failed >= 23, "{answer:#}");
    assert!(!answer.to_string().contains("hunter2"));
}

#[test]
fn how_bad_the_worst_finding_is_decides_what_an_annotation_says() {
    let hook = with_policy("rules: {mutable-image: {level: deny}}");
    for (image, severity) in [("nginx:1.29", "LOW"), ("nginx", "MEDIUM")] {
        let answer = answer(&hook, &event(&json!({"Name": "web", "Image": image})));
        let annotations = answer["annotations"].as_array().unwrap();
        let of_rule = annotations.iter().find(|annotation| annotation["annotationName"] == "mutable-image");
        assert_eq!(of_rule.unwrap()["severityLevel"], severity, "{answer}");
    }
}

#[test]
fn hostile_bytes_are_answered_at_once_and_never_echoed() {
    let deep_maps = "{\"secret\":".repeat(600_000);
    for bytes in [
        b"".as_slice(),
        b"secret",
        b"\"secret\"",
        b"{\"secret\": ",
        b"[\"secret\"]",
        b"\xff\xfesecret",
        b"{\"requestData\": \"secret\"}",
        b"{\"requestData\": {\"targetName\": {\"secret\": 1}}}",
        "[".repeat(6_000_000).as_bytes(),
        deep_maps.as_bytes(),
    ] {
        let answer = answer_to(&baseline(), bytes);
        assert_eq!(answer["errorCode"], "InternalFailure");
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
}

#[test]
fn secrets_of_a_definition_are_never_repeated() {
    let container = json!({
        "Name": "web", "User": ["canary"], "Privileged": {"canary": "canary"}, "Command": ["canary"],
        "EntryPoint": ["canary"], "Environment": [{"Name": "A", "Value": "canary"}], "DockerLabels": {"a": "canary"},
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "canary", "mode": ["canary"]}},
    });
    let answer = answer(&baseline(), &event(&container));
    assert_eq!(answer["errorCode"], "NonCompliant");
    assert!(!answer.to_string().contains("canary"), "{answer}");
}

/// An outside that is broken.
struct Panicking;

impl Outside for Panicking {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        panic!("canary")
    }

    fn today(&self) -> jiff::civil::Date {
        panic!("canary")
    }

    fn stack_tags(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        panic!("canary")
    }
}

fn stack_event(target: &str) -> Value {
    json!({
        "clientRequestToken": "token-1",
        "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/5d9e4c10",
        "actionInvocationPoint": "UPDATE_PRE_PROVISION",
        "requestData": {"targetName": target, "payload": "https://canary.s3.amazonaws.com/canary?canary"},
    })
}

fn answer_to_body(policy: &str, target: &str, body: &[u8]) -> Value {
    let outside = outside(Ok(body.to_vec()));
    answer_with(&with_policy(policy), stack_event(target).to_string().as_bytes(), &outside)
}

const TASK: &str = "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: shop\n      \
                    ContainerDefinitions: [{Name: web, User: app, ReadonlyRootFilesystem: true, Privileged: PRIVILEGED}]\n";

fn template(privileged: &str) -> String {
    format!(
        "Parameters: {{P: {{Type: String}}, Q: {{Type: String, AllowedValues: [true, false]}}}}\n\
         Conditions: {{C: !Equals [!Ref P, x]}}\n{}",
        TASK.replace("PRIVILEGED", privileged)
    )
}

#[test]
fn what_blocks_a_stack_and_what_is_only_reported() {
    let cases = [
        ("", "true", None, "FAILED"),
        ("", "false", None, "SUCCESS"),
        // Known only later: the resource's own event decides, unless the policy does not wait.
        ("", "!Ref P", None, "SUCCESS"),
        ("", "!Ref Q", None, "SUCCESS"),
        ("", "!If [C, true, 'true']", None, "FAILED"),
        ("unresolved: {stack: deny}", "!Ref P", None, "FAILED"),
        ("unresolved: {stack: deny}", "!Ref Q", None, "FAILED"),
        ("unresolved: {stack: deny}", "false", None, "SUCCESS"),
        // Deployed already, so nothing that this operation brings.
        ("", "true", Some("true"), "SUCCESS"),
        ("", "true", Some("false"), "FAILED"),
        ("", "true", Some("!Ref P"), "FAILED"),
        ("stack-scope: all", "true", Some("true"), "FAILED"),
        ("rules: {privileged-container: {level: warn}}", "true", None, "SUCCESS"),
        ("on-internal-error: allow", "true", None, "FAILED"),
    ];
    for (policy, new, previous, expected) in cases {
        let body = json!({"template": template(new), "previousTemplate": previous.map(template)});
        let answer = answer_to_body(policy, "STACK", body.to_string().as_bytes());
        assert_eq!(answer["hookStatus"], expected, "{policy} {new} {previous:?}: {answer}");
        let is_well = message(&answer).starts_with("`Task` complies");
        assert_eq!(is_well, new == "false", "{answer}");
        if !is_well {
            let annotation = &answer["annotations"][0];
            assert!(message(&answer).contains("container `web` of `Task`"), "{answer}");
            assert!(
                annotation["statusMessage"].as_str().unwrap().contains("container `web` of `Task`"),
                "{answer}"
            );
        }
    }
}

#[test]
fn what_nobody_can_see_is_denied_with_what_is_open() {
    let macro_only = "Transform: MyMacro\nResources: {Topic: {Type: AWS::SNS::Topic}}".to_owned();
    let included =
        "Resources: {'Fn::Transform': {Name: AWS::Include, Parameters: {Location: s3://b/k}}}".to_owned();
    let beside = format!("{}  'Fn::Transform': {{Name: AWS::Include}}\n", template("false"));
    for (text, is_seen) in
        [(macro_only, false), (included, false), (beside, false), (template("false"), true)]
    {
        let body = json!({"template": text}).to_string();
        let waits = answer_to_body("", "STACK", body.as_bytes());
        assert_eq!(waits["hookStatus"], "SUCCESS", "{waits}");
        let denies = answer_to_body("unresolved: {stack: deny}", "STACK", body.as_bytes());
        assert_eq!(denies["hookStatus"], if is_seen { "SUCCESS" } else { "FAILED" }, "{text}: {denies}");
        assert_eq!(message(&denies).contains("`unresolved.stack`"), !is_seen, "{denies}");
    }
}

#[test]
fn a_parameter_or_a_condition_may_have_changed_what_is_deployed() {
    let with = |sections: &str, family: &str| {
        format!(
            "{sections}\n{}",
            TASK.replace("PRIVILEGED", "true").replace("Family: shop", &format!("Family: {family}"))
        )
    };
    let parameter = "Parameters: {P: {Type: String}}";
    let condition = |value: &str| format!("Conditions: {{C: !Equals [a, {value}]}}");
    let mapping = |value: &str| format!("Mappings: {{M: {{a: {{b: {value}}}}}}}");
    let choice = "!If [C, x, y]";
    let with_function =
        with("", "shop, Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}");
    let of_loop = "Parameters: {Names: {Type: CommaDelimitedList}}\nResources: {Fn::ForEach::T: [N, !Ref Names, {'T${N}': \
                   {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Privileged: true}]}}}]}"
        .to_owned();
    let found = "!FindInMap [M, a, b]";
    for (new, previous, expected) in [
        (with(parameter, "shop"), with(parameter, "shop"), "SUCCESS"),
        (with(parameter, "!Ref P"), with(parameter, "!Ref P"), "FAILED"),
        (with(parameter, "!Sub 'x-${P}'"), with(parameter, "!Sub 'x-${P}'"), "FAILED"),
        (with("", "!Ref AWS::StackName"), with("", "!Ref AWS::StackName"), "SUCCESS"),
        (with(&condition("a"), choice), with(&condition("a"), choice), "SUCCESS"),
        (with(&condition("a"), choice), with(&condition("b"), choice), "FAILED"),
        (with(&mapping("a"), found), with(&mapping("a"), found), "SUCCESS"),
        (with(&mapping("a"), found), with(&mapping("b"), found), "FAILED"),
        (with("", "shop"), "Resources: {}".to_owned(), "FAILED"),
        (with_function.clone(), with_function, "FAILED"),
        (of_loop.clone(), of_loop, "FAILED"),
        (with("", "shop"), "not a template".to_owned(), "FAILED"),
    ] {
        let body = json!({"Template": new, "PreviousTemplate": previous});
        let answer = answer_to_body("", "STACK", body.to_string().as_bytes());
        assert_eq!(answer["hookStatus"], expected, "{new}\n{previous}\n{answer}");
    }
}

#[test]
fn a_resource_that_is_written_twice_is_told_once() {
    let task = "Task: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, Privileged: true}]}}";
    let body = json!({"template": format!("Resources: {{{task}, {task}}}")}).to_string();
    let answer = answer_to_body("", "STACK", body.as_bytes());
    assert!(message(&answer).starts_with("`Task` is blocked by 3 rules."), "{answer}");
    assert_eq!(message(&answer).matches("`Privileged` is true").count(), 1, "{answer}");
}

#[test]
fn macros_hide_a_stack_and_show_in_a_change_set() {
    let made_by_macro = "Transform: [Macro]";
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://bucket/key'}}";
    for template in
        [made_by_macro.to_owned(), include.to_owned(), format!("{made_by_macro}\n{}", template("true"))]
    {
        let answer = answer_to_body("", "STACK", json!({"template": template}).to_string().as_bytes());
        assert_eq!(answer["hookStatus"], "SUCCESS", "{template}: {answer}");
        assert!(message(&answer).starts_with("warning: "), "{template}: {answer}");

        for (privileged, expected) in [("true", "FAILED"), ("false", "SUCCESS")] {
            let context = json!({"Properties": {"ContainerDefinitions": [
                {"Privileged": privileged, "ReadonlyRootFilesystem": "true", "User": "app"},
            ]}});
            let context = context.to_string();
            let change = json!({
                "logicalResourceId": "Task", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
                "afterContext": context,
            });
            let body = json!({"template": template, "changedResources": [change]}).to_string();
            let answer = answer_to_body("", "CHANGE_SET", body.as_bytes());
            assert_eq!(answer["hookStatus"], expected, "{template}: {answer}");
            assert!(!message(&answer).starts_with("warning: "), "{template}: {answer}");
        }
    }
}

/// An outside that knows a change set's parameters, and counts how often it is asked for them.
struct Describing {
    body: Value,
    privileged: Result<&'static str, &'static str>,
    asked: Cell<usize>,
}

impl Outside for Describing {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.body.to_string().into_bytes())
    }

    fn today(&self) -> jiff::civil::Date {
        "2026-11-25".parse().unwrap()
    }

    fn stack_tags(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        panic!("a change set says more")
    }

    fn change_set(&self, _: &str, change_set: &str) -> Result<ChangeSet, String> {
        assert!(change_set.ends_with(":changeSet/shop/1"), "{change_set}");
        self.asked.set(self.asked.get() + 1);
        let parameters = BTreeMap::from([("P".to_owned(), self.privileged?.to_owned())]);
        let tags = [("team".to_owned(), "shop".to_owned())].into();
        Ok(ChangeSet { parameters: Given { parameters, ..Given::default() }, tags })
    }
}

#[test]
fn parameters_of_a_change_set_are_asked_for_once_and_only_where_they_may_decide() {
    let open = "{{changeSet:KNOWN_AFTER_APPLY}}";
    let describe = "change-set-parameters: describe";
    let without_parameters = TASK.replace("PRIVILEGED", "!ImportValue X");
    let hidden = format!(
        "Parameters: {{P: {{Type: String, NoEcho: true}}}}\n{}",
        TASK.replace("PRIVILEGED", "!Ref P")
    );
    let one_more = template("false").replace("[{Name", "[{Name: gone, Privileged: false}, {Name");
    for (policy, template, context, privileged, asked, status, told) in [
        (describe, template("!Ref P"), open, Ok("true"), 1, "FAILED", "`Privileged` is true"),
        (describe, template("!Ref P"), open, Ok("false"), 1, "SUCCESS", "`Task` complies"),
        (
            describe,
            template("!Ref P"),
            open,
            Err("nobody knows"),
            1,
            "SUCCESS",
            "not known, because nobody knows.",
        ),
        (describe, template("!Ref P"), "false", Ok("true"), 0, "SUCCESS", "`Task` complies"),
        (describe, template("!Ref P"), "true", Ok("false"), 0, "FAILED", "`Privileged` is true"),
        (describe, without_parameters, open, Ok("true"), 0, "SUCCESS", "is not known yet"),
        // CloudFormation shows nobody what it is.
        (describe, hidden, open, Ok("****"), 0, "SUCCESS", "is not known yet"),
        // Which of the two it is in the template, nobody knows.
        ("", one_more, open, Ok("true"), 0, "SUCCESS", "is not known yet"),
        ("", template("!Ref P"), open, Ok("true"), 0, "SUCCESS", "is not known yet"),
        // What is open because of something else no parameter settles.
        (describe, template("!ImportValue X"), open, Ok("true"), 0, "SUCCESS", "is not known yet"),
    ] {
        let container =
            json!({"Name": "web", "Privileged": context, "ReadonlyRootFilesystem": "true", "User": "app"});
        let properties = json!({"Family": "shop", "ContainerDefinitions": [container]});
        let change = json!({
            "logicalResourceId": "Task", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
            "afterContext": json!({"Properties": properties}).to_string(),
        });
        let body = json!({"template": template, "changedResources": [change]});
        let outside = Describing { body, privileged, asked: Cell::new(0) };
        let mut event = stack_event("CHANGE_SET");
        event["changeSetId"] = "arn:aws:cloudformation:eu-central-1:111122223333:changeSet/shop/1".into();
        let answer = answer_with(&with_policy(policy), event.to_string().as_bytes(), &outside);
        assert_eq!((outside.asked.get(), &answer["hookStatus"]), (asked, &json!(status)), "{answer}");
        assert!(message(&answer).contains(told), "{answer}");
    }
}

#[test]
fn parameters_of_a_change_set_are_asked_for_where_what_the_exceptions_leave_depends_on_them() {
    let open = "{{changeSet:KNOWN_AFTER_APPLY}}";
    let other = ", {\"Name\": \"other\", \"Privileged\": true, \"ReadonlyRootFilesystem\": \"true\", \"User\": \"app\"}";
    let in_template = ", {Name: other, Privileged: true}";
    for (matcher, image, privileged, others, value, asked, status, told) in [
        // What is excused waits for nothing; what is left does.
        ("container: web", "x", open, ("", ""), "true", 0, "SUCCESS", "1 excepted"),
        ("container: other", "x", open, (other, in_template), "true", 1, "FAILED", "container `web`"),
        ("container: other", "x", open, (other, in_template), "false", 1, "SUCCESS", "1 excepted"),
        // What an exception looks at may depend on one.
        ("image: nginx", open, "true", ("", ""), "nginx", 1, "SUCCESS", "1 excepted"),
        ("image: nginx", open, "true", ("", ""), "httpd", 1, "FAILED", "`Privileged` is true"),
        (
            "stack-tags: {team: shop}, image: nginx",
            open,
            "true",
            ("", ""),
            "nginx",
            1,
            "SUCCESS",
            "1 excepted",
        ),
        (
            "stack-tags: {team: shop}, image: nginx",
            open,
            "true",
            ("", ""),
            "httpd",
            1,
            "FAILED",
            "`Privileged` is true",
        ),
        (
            "stack-tags: {team: cart}, image: nginx",
            open,
            "true",
            ("", ""),
            "nginx",
            1,
            "FAILED",
            "`Privileged` is true",
        ),
        // The answer has the tags, too; for them alone it is not asked where nothing blocks.
        ("stack-tags: {team: shop}", "x", open, ("", ""), "true", 1, "SUCCESS", "1 excepted"),
        ("stack-tags: {team: cart}", "x", open, ("", ""), "true", 1, "SUCCESS", "let through"),
        ("stack-tags: {team: shop}", "x", "true", ("", ""), "true", 0, "SUCCESS", "(not asked whether"),
    ] {
        let is_of_tags = matcher.starts_with("stack-tags") && !matcher.contains("image");
        let level = if is_of_tags { "rules: {privileged-container: {level: warn}}\n" } else { "" };
        let policy = format!(
            "{level}change-set-parameters: describe\n\
             exceptions: [{{rules: [privileged-container], reason: x, {matcher}, trust-author: true}}]"
        );
        let (of_image, of_privileged) = match (image == open, privileged == open) {
            (true, _) => ("!Ref P", privileged),
            (false, true) => (image, "!Ref P"),
            (false, false) => (image, privileged),
        };
        let template = template(of_privileged)
            .replace("Name: web", &format!("Name: web, Image: {of_image}"))
            .replace("}]\n", &format!("}}{}]\n", others.1));
        let context = format!(
            "{{\"Properties\": {{\"Family\": \"shop\", \"ContainerDefinitions\": [{{\"Name\": \"web\", \"Image\": \"{image}\", \
             \"Privileged\": \"{privileged}\", \"ReadonlyRootFilesystem\": \"true\", \"User\": \"app\"}}{}]}}}}",
            others.0
        );
        let change = json!({
            "logicalResourceId": "Task", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
            "afterContext": context,
        });
        let body = json!({"template": template, "changedResources": [change]});
        let outside = Describing { body, privileged: Ok(value), asked: Cell::new(0) };
        let mut event = stack_event("CHANGE_SET");
        event["changeSetId"] = "arn:aws:cloudformation:eu-central-1:111122223333:changeSet/shop/1".into();
        let answer = answer_with(&with_policy(&policy), event.to_string().as_bytes(), &outside);
        assert_eq!((outside.asked.get(), &answer["hookStatus"]), (asked, &json!(status)), "{answer}");
        assert!(message(&answer).contains(told), "{answer}");
    }
}

#[test]
fn an_exception_ends_by_the_day_that_is_given() {
    for (last, status) in [("2026-11-25", "SUCCESS"), ("2026-11-24", "FAILED")] {
        let exception =
            format!("rules: [privileged-container], reason: x, stack-name: shop, expires: {last}");
        let body = json!({"template": template("true")}).to_string();
        let answer = answer_to_body(&format!("exceptions: [{{{exception}}}]"), "STACK", body.as_bytes());
        assert_eq!(answer["hookStatus"], status, "{answer}");
    }
}

#[test]
fn an_exception_by_tags_counts_where_they_are_told_beforehand() {
    let hook =
        with_policy("exceptions: [{rules: [privileged-container], reason: x, stack-tags: {team: shop}}]");
    let body = json!({"template": template("true")}).to_string().into_bytes();
    let tagged = |team: &str| Ok(BTreeMap::from([("team".to_owned(), team.to_owned())]));
    for (stack_tags, told) in [
        (tagged("shop"), "`Task` complies"),
        (tagged("cart"), "`Privileged` is true. Set"),
        (Err("nobody knows them".to_owned()), "was not applied: nobody knows them"),
    ] {
        let outside = Prepared { stack_tags, ..outside(Ok(body.clone())) };
        let answer = answer_with(&hook, stack_event("STACK").to_string().as_bytes(), &outside);
        assert!(message(&answer).contains(told), "{answer}");
    }
}

#[test]
fn the_log_gets_the_verdict_of_each_rule_on_a_stack() {
    let body = json!({"template": template("true")}).to_string().into_bytes();
    let Answer { record, .. } =
        baseline().respond(stack_event("STACK").to_string().as_bytes(), &outside(Ok(body)));
    let of = |rule| record.verdicts.iter().find(|(name, _)| *name == rule).map(|(_, verdict)| *verdict);
    assert_eq!(of("privileged-container"), Some(Verdict::Fail));
    assert_eq!(of("root-user"), Some(Verdict::Pass));
    assert_eq!(record.verdicts.len(), 5);
}

#[test]
fn what_only_the_execution_brings_is_open_whatever_belongs_there() {
    let secret = |value: &str| json!([{"Name": "A", "Value": value}]);
    let open = "{{changeSet:KNOWN_AFTER_APPLY}}";
    for (key, value, status) in [
        ("LinuxParameters", json!(open), "SUCCESS"),
        ("Environment", secret(open), "SUCCESS"),
        ("Environment", secret("{{resolve:secretsmanager:db}}"), "FAILED"),
    ] {
        let mut container = json!({"Name": "web", "ReadonlyRootFilesystem": "true", "User": "app"});
        container[key] = value;
        let properties = json!({"ContainerDefinitions": [container]});
        let change = json!({
            "logicalResourceId": "Task", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
            "afterContext": json!({"Properties": properties}).to_string(),
        });
        let body = json!({"template": " ", "changedResources": [change]}).to_string();
        let answer =
            answer_to_body("rules: {plaintext-secret: {level: deny}}", "CHANGE_SET", body.as_bytes());
        assert_eq!(answer["hookStatus"], status, "{answer}");
    }
}

#[test]
fn a_body_that_cannot_be_had_or_read_is_an_internal_error() {
    let task = |context: Value| json!({"resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE", "afterContext": context});
    for (target, body) in [
        ("STACK", json!({})),
        ("STACK", json!([])),
        ("STACK", json!({"template": ""})),
        ("STACK", json!({"template": ["canary"]})),
        ("STACK", json!({"template": "canary"})),
        ("STACK", json!({"template": "Resources: [canary"})),
        ("STACK", json!({"template": "x".repeat(3 << 20)})),
        ("CHANGE_SET", json!({"template": template("true")})),
        ("CHANGE_SET", json!({"changedResources": "canary"})),
        ("CHANGE_SET", json!({"changedResources": [{"action": "CREATE"}]})),
        ("CHANGE_SET", json!({"changedResources": [task(Value::Null)]})),
        ("CHANGE_SET", json!({"changedResources": [task("canary {".into())]})),
        ("CHANGE_SET", json!({"changedResources": [task("[]".into())]})),
        ("CHANGE_SET", json!({"changedResources": [task("{}".into())]})),
        ("CHANGE_SET", json!({"changedResources": [task(r#"{"Properties": {}}"#.into())]})),
        (
            "CHANGE_SET",
            json!({"changedResources": [task(r#"{"Canary": {"Properties": {"Family": "x"}}}"#.into())]}),
        ),
    ] {
        let answer = answer_to_body("", target, body.to_string().as_bytes());
        assert_eq!(answer["errorCode"], "InternalFailure", "{body}");
        assert!(!message(&answer).contains("canary"), "{answer}");
    }
    let long = format!("{}# {}", template("false"), "x".repeat(2 << 20));
    let answer = answer_to_body("", "STACK", json!({"template": long}).to_string().as_bytes());
    assert!(message(&answer).contains("longer than a template can be"), "{answer}");
    let refused = outside(Err("Amazon S3 refused.".to_owned()));
    let bytes = stack_event("STACK").to_string();
    assert_eq!(answer_with(&baseline(), bytes.as_bytes(), &refused)["message"], "Amazon S3 refused.");
    let answer = answer_with(&baseline(), bytes.as_bytes(), &Panicking);
    assert_eq!(answer["errorCode"], "InternalFailure");
    assert!(!answer.to_string().contains("canary"), "{answer}");
}

#[test]
fn hundreds_of_task_definitions_get_an_answer_that_fits() {
    let container = format!("{{Name: '{}', Privileged: true}}", "é".repeat(300));
    let task =
        format!("{{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{container}]}}}}");
    let tasks: Vec<_> = (0..600).map(|at| format!("  {}{at}: {task}", "T".repeat(200))).collect();
    let tasks = tasks.join("\n");
    let body = json!({"template": format!("Resources:\n{tasks}")});
    let answer = answer_to_body("", "STACK", body.to_string().as_bytes());
    assert_eq!(answer["errorCode"], "NonCompliant");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(&answer_to(&baseline(), &bytes)["errorCode"], "InternalFailure");
    }

    #[test]
    fn a_cut_event_never_passes(at in any::<prop::sample::Index>()) {
        let event = event(&good_container()).to_string();
        let answer = answer_to(&baseline(), &event.as_bytes()[..at.index(event.len())]);
        prop_assert_eq!(&answer["errorCode"], "InternalFailure");
    }

    #[test]
    fn a_damaged_event_is_answered(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut event = event(&good_container()).to_string().into_bytes();
        let at = at.index(event.len());
        event[at] = byte;
        answer_to(&baseline(), &event);
    }

    #[test]
    fn any_body_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), is_change_set: bool) {
        let target = if is_change_set { "CHANGE_SET" } else { "STACK" };
        prop_assert_eq!(&answer_to_body("", target, &bytes)["errorCode"], "InternalFailure");
    }

    #[test]
    fn a_damaged_template_is_answered(at in any::<prop::sample::Index>(), text in "[\\PC\n]{0,3}") {
        let mut damaged = template("true");
        damaged.insert_str(damaged.floor_char_boundary(at.index(damaged.len())), &text);
        answer_to_body("", "STACK", json!({"template": damaged}).to_string().as_bytes());
    }
}
