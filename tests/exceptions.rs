//! Exceptions, from the policy's text to the hook's answer.
//!
//! Owns what a platform team promises itself of an exception: whom it excuses, until when, and what stays visible.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::cell::Cell;
use std::collections::BTreeMap;

use ecs_guard::hook::{Hook, Outside};
use ecs_guard::policy;
use jiff::civil::Date;
use serde_json::{Value, json};

/// A world with one stack, whose tags can or cannot be had; counts how often they are asked for.
struct World {
    today: &'static str,
    tags: Result<&'static [(&'static str, &'static str)], &'static str>,
    body: Value,
    asked: Cell<usize>,
}

impl World {
    fn new(tags: Result<&'static [(&'static str, &'static str)], &'static str>) -> Self {
        Self { today: "2027-03-31", tags, body: json!(null), asked: Cell::new(0) }
    }
}

impl Outside for World {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.body.to_string().into_bytes())
    }

    fn today(&self) -> Date {
        self.today.parse().unwrap()
    }

    fn stack_tags(&self, stack: &str) -> Result<BTreeMap<String, String>, String> {
        // Before anything here can fail, which the hook would take for an answer.
        self.asked.set(self.asked.get() + 1);
        assert!(stack.starts_with("arn:aws:cloudformation:"), "{stack}");
        let owned = |tags: &[(&str, &str)]| {
            tags.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        self.tags.map(owned).map_err(str::to_owned)
    }
}

const STACK: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop-legacy/5d9e4c10";

fn event(stack: &str, containers: &Value) -> Value {
    json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": stack,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {
            "targetName": "AWS::ECS::TaskDefinition", "targetLogicalId": "Web",
            "targetModel": {"resourceProperties": {"Family": "web", "ContainerDefinitions": containers}},
        },
    })
}

fn privileged(name: &str, image: &str) -> Value {
    json!({"Name": name, "Image": image, "Privileged": true, "User": "app", "ReadonlyRootFilesystem": true})
}

/// The answer to an event under a policy whose only exception, for `privileged-container`, is this.
fn answer(exception: &str, event: &Value, world: &World) -> Value {
    let text = format!("exceptions: [{{rules: [privileged-container], reason: being rebuilt, {exception}}}]");
    let hook = Hook::new(Ok(policy::read(&text).map_err(|problems| format!("{text}: {problems}")).unwrap()));
    let answer = hook.respond(event.to_string().as_bytes(), world);
    serde_json::to_value(answer.response).unwrap()
}

fn is_excused(exception: &str) -> bool {
    let event = event(STACK, &json!([privileged("web", "registry.example/web:1")]));
    let answer = answer(exception, &event, &World::new(Ok(&[("team", "shop"), ("stage", "")])));
    answer["hookStatus"] == "SUCCESS"
}

#[test]
fn all_matchers_must_hold_and_any_of_a_list() {
    for (exception, expected) in [
        ("account: '111122223333'", true),
        ("account: ['999999999999', '1111*']", true),
        ("account: '999999999999'", false),
        ("stack-name: shop-*", true),
        ("stack-name: shop", false),
        ("stack-name: SHOP-*", false),
        ("stack-tags: {team: shop}", true),
        ("stack-tags: {team: [shop, cart], stage: ''}", true),
        ("stack-tags: {team: shop, stage: test}", false),
        ("stack-tags: {Team: shop}", false),
        ("stack-tags: {owner: '*'}, trust-author: true", false),
        ("logical-id: Web, trust-author: true", true),
        (
            "logical-id: W?b, family: w*, container: web, image: 'registry.example/*', trust-author: true",
            true,
        ),
        ("family: other, account: '111122223333'", false),
        ("container: other, account: '111122223333'", false),
        ("image: 'registry.example/web', account: '111122223333'", false),
    ] {
        assert_eq!(is_excused(exception), expected, "{exception}");
    }
}

#[test]
fn what_is_excused_stays_visible() {
    let event = event(STACK, &json!([privileged("web", "x")]));
    let answer =
        answer("account: '111122223333', owner: platform, expires: 2027-03-31", &event, &World::new(Ok(&[])));
    assert_eq!(answer["hookStatus"], "SUCCESS");
    assert!(answer["message"].as_str().unwrap().contains("1 excepted"), "{answer}");
    let annotations = answer["annotations"].as_array().unwrap();
    let annotation = annotations.iter().find(|one| one["annotationName"] == "privileged-container").unwrap();
    assert_eq!(annotation["status"], "SKIPPED");
    let text = annotation["statusMessage"].as_str().unwrap();
    assert!(
        text.contains("being rebuilt") && text.contains("2027-03-31") && text.contains("platform"),
        "{text}"
    );
}

#[test]
fn one_container_is_excused_and_not_the_other() {
    let containers = json!([privileged("agent", "x"), privileged("web", "x")]);
    let answer =
        answer("account: '111122223333', container: agent", &event(STACK, &containers), &World::new(Ok(&[])));
    assert_eq!(answer["hookStatus"], "FAILED");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("container `web`") && !message.contains("`agent`"), "{message}");
    // The other stays visible, as far as there is room.
    let annotations = answer["annotations"].as_array().unwrap();
    let annotation = annotations.iter().find(|one| one["annotationName"] == "privileged-container").unwrap();
    let text = annotation["statusMessage"].as_str().unwrap();
    assert!(
        text.contains("`web`") && text.contains("Excepted: container `agent` (being rebuilt)."),
        "{text}"
    );
    // Of two values of a repeated key, one is not enough.
    let twice = r#"[{"Name": "agent", "Name": "web", "Privileged": true}]"#;
    let text = event(STACK, &json!("CONTAINERS")).to_string().replace("\"CONTAINERS\"", twice);
    let policy = "exceptions: [{rules: [privileged-container, writable-root-filesystem, root-user], reason: x, account: '111122223333', container: agent}]";
    let hook = Hook::new(Ok(policy::read(policy).unwrap()));
    let response = hook.respond(text.as_bytes(), &World::new(Ok(&[]))).response;
    assert_eq!(serde_json::to_value(&response).unwrap()["hookStatus"], "FAILED");
}

#[test]
fn each_exception_is_told_once_with_all_that_it_excuses_beside_what_counts() {
    let exception = |reason: &str, containers: &str| {
        format!(
            "{{rules: [privileged-container], reason: {reason}, account: '111122223333', container: {containers}}}"
        )
    };
    let policy =
        format!("exceptions: [{}, {}]", exception("vendor", "[agent, proxy]"), exception("legacy", "old"));
    let hook = Hook::new(Ok(policy::read(&policy).unwrap()));
    let containers = ["web", "agent", "old", "proxy"].map(|name| privileged(name, "x"));
    let event = event(STACK, &json!(containers)).to_string();
    let answer = hook.respond(event.as_bytes(), &World::new(Ok(&[]))).response;
    let told = "container `web`: `Privileged` is true. Excepted: containers `agent`, `proxy` (vendor). \
                Excepted: container `old` (legacy).";
    assert!(
        answer.annotations[0].status_message.starts_with(told),
        "{}",
        answer.annotations[0].status_message
    );
}

#[test]
fn an_exception_excuses_all_that_is_found_in_its_container() {
    let added = |containers: &Value, exception: &str| {
        let policy =
            format!("exceptions: [{{rules: [added-linux-capabilities], reason: vendor, {exception}}}]");
        let hook = Hook::new(Ok(policy::read(&policy).unwrap()));
        let event = event(STACK, containers).to_string();
        let world = World::new(Ok(&[("team", "shop")]));
        serde_json::to_value(hook.respond(event.as_bytes(), &world).response).unwrap()
    };
    // More than one container's findings that are kept.
    let container = |name: &str, count: usize| {
        let names: Vec<_> = (0..count).map(|at| format!("CAP{at}")).collect();
        let capabilities = json!({"Capabilities": {"Add": names}});
        json!({"Name": name, "User": "app", "ReadonlyRootFilesystem": true, "LinuxParameters": capabilities})
    };
    let exception = "account: '111122223333', container: agent";
    let answer = added(&json!([container("agent", 100)]), exception);
    assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
    let status = |answer: &Value| {
        let annotations = answer["annotations"].as_array().unwrap().clone();
        let of_rule = annotations.iter().find(|one| one["annotationName"] == "added-linux-capabilities");
        of_rule.unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&answer), "SKIPPED", "{answer}");
    assert!(
        answer["annotations"][0]["statusMessage"].as_str().unwrap().ends_with(" And 36 more."),
        "{answer}"
    );
    // Of another container, one is enough, and what is excused is not counted beside it.
    let answer = added(&json!([container("agent", 100), container("web", 1)]), exception);
    assert_eq!((&answer["hookStatus"], status(&answer)), (&json!("FAILED"), "FAILED".to_owned()), "{answer}");
    assert!(!answer["message"].as_str().unwrap().contains(" more."), "{answer}");
    let answer = added(&json!([container("agent", 100), container("web", 100)]), exception);
    assert_eq!(answer["hookStatus"], "FAILED", "{answer}");
    // Also where tags decide, and more is only counted than is kept.
    let answer = added(&json!([container("agent", 200)]), "stack-tags: {team: shop}, container: agent");
    assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
    // Also where none of that container's is kept.
    let mut containers = vec![container("agent", 100); 8];
    containers.push(container("web", 1));
    let answer = added(&json!(containers), exception);
    assert_eq!(answer["hookStatus"], "FAILED", "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("What was found beyond what is listed is not excused."), "{message}");
    let complies = |one: &&Value| one["status"] == "FAILED" && one["statusMessage"] == "Complies.";
    assert_eq!(answer["annotations"].as_array().unwrap().iter().find(complies), None);
}

#[test]
fn an_exception_counts_until_the_end_of_its_last_day() {
    let event = event(STACK, &json!([privileged("web", "x")]));
    let on = |today| {
        let world = World { today, ..World::new(Ok(&[])) };
        answer("account: '111122223333', expires: 2027-03-31", &event, &world)
    };
    assert_eq!(on("2027-03-31")["hookStatus"], "SUCCESS");
    let after = on("2027-04-01");
    assert_eq!(after["hookStatus"], "FAILED");
    assert!(after["message"].as_str().unwrap().contains("excused until 2027-03-31, no longer"), "{after}");
    // Nobody asks for the tags that one wants which does not count any more.
    let world = World { today: "2027-04-01", ..World::new(Ok(&[("team", "shop")])) };
    let after = answer("stack-tags: {team: shop}, expires: 2027-03-31", &event, &world);
    let told = "excused until 2027-03-31 for stacks with certain tags, no longer";
    assert!(after["message"].as_str().unwrap().contains(told), "{after}");
    assert_eq!(world.asked.get(), 0);
}

#[test]
fn a_request_without_a_stack_matches_no_stack() {
    let event = event("", &json!([privileged("web", "x")]));
    let world = World::new(Ok(&[("team", "shop")]));
    for exception in [
        "stack-name: '*', trust-author: true",
        "stack-tags: {team: '*'}, trust-author: true",
        "logical-id: '*', account: '111122223333'",
    ] {
        assert_eq!(answer(exception, &event, &world)["hookStatus"], "FAILED", "{exception}");
    }
    assert_eq!(answer("family: web, account: '111122223333'", &event, &world)["hookStatus"], "SUCCESS");
    assert_eq!(world.asked.get(), 0);
}

#[test]
fn a_family_that_is_empty_or_known_only_later_matches_nothing() {
    for (family, expected) in
        [("web-1", "SUCCESS"), ("", "FAILED"), ("web-{{resolve:ssm:/stage}}", "FAILED"), ("{{x}}", "FAILED")]
    {
        let mut event = event(STACK, &json!([privileged("web", "x")]));
        event["requestData"]["targetModel"]["resourceProperties"]["Family"] = family.into();
        let answer = answer("family: '*', account: '111122223333'", &event, &World::new(Ok(&[])));
        assert_eq!(answer["hookStatus"], expected, "{family}: {answer}");
    }
}

#[test]
fn tags_are_asked_for_once_and_only_where_they_can_change_the_verdict() {
    let bad = event(STACK, &json!([privileged("web", "x"), privileged("other", "x")]));
    let good = event(STACK, &json!([{"Name": "web", "User": "app", "ReadonlyRootFilesystem": true}]));
    for (exception, event, asked) in [
        ("stack-tags: {team: shop}", &bad, 1),
        ("stack-tags: {team: shop}", &good, 0),
        // The other container blocks in any case; whoever reads of both wants to know of which.
        ("stack-tags: {team: shop}, container: web", &bad, 1),
        ("stack-tags: {team: shop}, account: '999999999999'", &bad, 0),
        ("account: '111122223333'", &bad, 0),
    ] {
        let world = World::new(Ok(&[("team", "shop")]));
        answer(exception, event, &world);
        assert_eq!(world.asked.get(), asked, "{exception}");
    }
    let world = World::new(Err("CloudFormation did not answer in time"));
    let answer = answer("stack-tags: {team: shop}", &bad, &world);
    assert_eq!(answer["hookStatus"], "FAILED");
    assert!(answer["message"].as_str().unwrap().contains("did not answer in time"), "{answer}");
    assert_eq!(world.asked.get(), 1);
}

#[test]
fn tags_are_not_asked_for_where_nothing_would_block() {
    let exception =
        "exceptions: [{rules: [privileged-container, root-user], reason: x, stack-tags: {team: shop}}]";
    let asked = |policy: &str, event: &Value, body: &Value| {
        let world = World { body: body.clone(), ..World::new(Ok(&[("team", "shop")])) };
        let hook = Hook::new(Ok(policy::read(&format!("{policy}\n{exception}")).unwrap()));
        let response = hook.respond(event.to_string().as_bytes(), &world).response;
        (world.asked.get(), serde_json::to_value(response).unwrap())
    };
    let bad = event(STACK, &json!([privileged("web", "x")]));
    let (times, answer) = asked("rules: {privileged-container: {level: warn}}", &bad, &json!(null));
    assert_eq!((times, &answer["hookStatus"]), (0, &json!("SUCCESS")), "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("not asked whether the stack's tags excuse it"), "{message}");
    let secret =
        json!([{"Name": "a", "User": "{{resolve:secretsmanager:x}}", "ReadonlyRootFilesystem": true}]);
    let open = event(STACK, &secret);
    assert_eq!(asked("unresolved: {resource: warn}", &open, &json!(null)).0, 0);
    assert_eq!(asked("unresolved: {resource: deny}", &open, &json!(null)).0, 1);
    // What is asked for one rule is known for the other.
    let both = event(
        STACK,
        &json!([{"Name": "a", "Privileged": true, "User": "0", "ReadonlyRootFilesystem": true}]),
    );
    let (times, answer) = asked("rules: {privileged-container: {level: warn}}", &both, &json!(null));
    assert_eq!(times, 1);
    assert!(answer["message"].as_str().unwrap().contains("2 excepted"), "{answer}");
    let template = |user: &str| {
        format!(
            "Parameters: {{U: {{Type: String}}}}\nResources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    \
                 Properties: {{ContainerDefinitions: [{{Name: a, User: {user}, ReadonlyRootFilesystem: true}}]}}\n"
        )
    };
    let stack = json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": STACK,
        "actionInvocationPoint": "UPDATE_PRE_PROVISION",
        "requestData": {"targetName": "STACK", "payload": "https://x.s3.amazonaws.com/x"},
    });
    let root = template("0");
    assert_eq!(asked("", &stack, &json!({"template": root, "previousTemplate": root})).0, 0, "unchanged");
    assert_eq!(asked("", &stack, &json!({"template": root})).0, 1);
    assert_eq!(asked("", &stack, &json!({"template": template("!Ref U")})).0, 0, "unknown");
    // What is only reported is not worth a call, whatever else blocks.
    let beside = json!([
        {"Name": "a", "User": "{{resolve:secretsmanager:x}}", "ReadonlyRootFilesystem": true},
        {"Name": "b", "User": "app", "ReadonlyRootFilesystem": false},
    ]);
    let (times, answer) = asked("unresolved: {resource: warn}", &event(STACK, &beside), &json!(null));
    assert_eq!((times, &answer["hookStatus"]), (0, &json!("FAILED")), "{answer}");
}

#[test]
fn why_tags_cannot_be_had_is_said_once_and_before_what_is_found() {
    let all = "[privileged-container, writable-root-filesystem, root-user, added-linux-capabilities, blocking-awslogs]";
    for rules in [all, "[blocking-awslogs]"] {
        let policy = format!("exceptions: [{{rules: {rules}, reason: x, stack-tags: {{team: shop}}}}]");
        let hook = Hook::new(Ok(policy::read(&policy).unwrap()));
        let container = json!({
            "Name": "web", "Privileged": true, "LinuxParameters": {"Capabilities": {"Add": ["SYS_ADMIN"]}},
            "LogConfiguration": {"LogDriver": "awslogs"},
        });
        let world = World::new(Err("nobody answers"));
        let event = event(STACK, &json!([container])).to_string();
        let answer = hook.respond(event.as_bytes(), &world).response;
        let told = "blocked by 5 rules. An exception by stack tags was not applied: nobody answers";
        let message = answer.message.replace(
            " (privileged-container, writable-root-filesystem, root-user, \
            added-linux-capabilities, blocking-awslogs)",
            "",
        );
        assert!(message.contains(told), "{message}");
        assert_eq!(message.matches("nobody answers").count(), 1, "{message}");
    }
}

#[test]
fn a_long_reason_leaves_room_for_what_is_wrong() {
    let reason = "because of the vendor ".repeat(60);
    let exception = format!("account: '111122223333', expires: 2026-01-01, owner: {}", reason.trim());
    let policy = format!(
        "exceptions: [{{rules: [privileged-container], reason: {}, account: '111122223333', expires: 2026-01-01}}]",
        reason.trim()
    );
    let hook = Hook::new(Ok(policy::read(&policy).unwrap()));
    let event = event(STACK, &json!([privileged("web", "x")]));
    let told = hook.respond(event.to_string().as_bytes(), &World::new(Ok(&[]))).response.message;
    assert!(
        told.contains("container `web`: `Privileged` is true (excused until 2026-01-01, no longer: because"),
        "{told}"
    );
    assert!(told.contains("Set `Privileged: false` or remove it."), "{told}");
    let told = answer(&exception, &event, &World::new(Ok(&[])));
    assert!(told["message"].as_str().unwrap().contains("no longer: being rebuilt)"), "{told}");
}

#[test]
fn what_an_event_says_twice_excuses_nothing() {
    let exception = "account: '999999999999'";
    for (key, other) in [
        ("awsAccountId", "999999999999"),
        ("stackId", "arn:aws:cloudformation:eu-central-1:999999999999:stack/other/1"),
        ("targetLogicalId", "Other"),
    ] {
        let text = event(STACK, &json!([privileged("web", "x")])).to_string();
        let text = text.replacen(&format!("\"{key}\":"), &format!("\"{key}\":\"{other}\",\"{key}\":"), 1);
        let policy = format!("exceptions: [{{rules: [privileged-container], reason: x, {exception}}}]");
        let hook = Hook::new(Ok(policy::read(&policy).unwrap()));
        let answer =
            serde_json::to_value(hook.respond(text.as_bytes(), &World::new(Ok(&[]))).response).unwrap();
        assert_eq!(answer["errorCode"], "InternalFailure", "{key}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(&format!("holds `{key}` twice")), "{answer}");
    }
}

/// An event about a stack that is created.
fn stack_event() -> Value {
    json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": STACK,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {"targetName": "STACK", "payload": "https://x.s3.amazonaws.com/x"},
    })
}

/// The answer to the creation of a stack of this template.
fn answer_to_template(hook: &Hook, template: &str) -> Value {
    let world = World { body: json!({"template": template}), ..World::new(Ok(&[])) };
    serde_json::to_value(hook.respond(stack_event().to_string().as_bytes(), &world).response).unwrap()
}

/// The answer to an event about a stack of this one task definition, in which parameters are open.
fn stack_answer(policy: &str, exception: &str, logical_id: &str, properties: &str) -> Value {
    let text = format!(
        "{policy}\nexceptions: [{{rules: [root-user], reason: x, account: '111122223333', {exception}}}]"
    );
    let hook = Hook::new(Ok(policy::read(&text).map_err(|problems| format!("{text}: {problems}")).unwrap()));
    let template = format!(
        "Transform: AWS::LanguageExtensions\nParameters: {{P: {{Type: String}}, Q: {{Type: String, AllowedValues: [x, y]}}, Names: {{Type: CommaDelimitedList}}}}\n\
         Resources:\n  {logical_id}: {{Type: AWS::ECS::TaskDefinition, Properties: {{{properties}}}}}\n"
    );
    let template = if logical_id.contains('$') {
        let (head, resource) = template.split_once("Resources:\n").unwrap();
        format!("{head}Resources:\n  'Fn::ForEach::All': [Legacy, !Ref Names, {{{}}}]\n", resource.trim())
    } else {
        template
    };
    answer_to_template(&hook, &template)
}

#[test]
fn what_an_exception_looks_at_and_is_open_leaves_a_warning_before_the_deployment() {
    let container = |more: &str| format!("{{{more}, User: root, ReadonlyRootFilesystem: true}}");
    for (exception, task, containers, may_be) in [
        ("image: 'nginx*'", "", &["Name: a, Image: !Ref P"][..], true),
        ("image: 'nginx*'", "", &["Name: a, Image: !Sub 'nginx:${P}'"], true),
        ("image: 'nginx*'", "", &["Name: a, Image: !Sub 'httpd:${P}'"], false),
        ("image: nginx", "", &["Name: a, Image: !Sub 'nginx:${P}'"], false),
        ("container: a", "", &["Name: !Ref P"], true),
        ("container: a", "", &["Image: x"], false),
        ("family: shop", "Family: !Sub 's${P}', ", &["Name: a"], true),
        ("family: shop", "Family: !Sub 't${P}', ", &["Name: a"], false),
        // What its parts leave open cannot come to that.
        ("image: 'public.ecr.aws/vendor/agent:7'", "", &["Name: a, Image: !Sub '${P}/evil:1'"], false),
        ("image: '*/vendor/agent'", "", &["Name: a, Image: !Sub '${P}/evil:1'"], false),
        ("image: vendor", "", &["Name: a, Image: !Ref Q"], false),
        ("image: 'vendor/*'", "", &["Name: a, Image: !Sub '${Q}/${Q}:${P}'"], false),
        // Nobody can say which value of a key that stands twice it is.
        ("family: vendor", "Family: f, Family: g, ", &["Name: a"], false),
        ("family: f", "Family: f, Family: g, ", &["Name: a"], true),
        ("image: 'nginx*'", "", &["Name: a, Image: !Ref P", "Name: b, Image: httpd"], false),
    ] {
        let containers: Vec<_> = containers.iter().map(|more| container(more)).collect();
        let properties = format!("{task}ContainerDefinitions: [{}]", containers.join(", "));
        let answer = stack_answer("", exception, "Web", &properties);
        let expected = if may_be { "SUCCESS" } else { "FAILED" };
        assert_eq!(answer["hookStatus"], expected, "{exception} {properties}: {answer}");
        let told = answer["message"].as_str().unwrap().contains("an exception may excuse it once");
        assert_eq!(told, may_be || properties.contains("Name: b"), "{answer}");
        let answer = stack_answer("unresolved: {stack: deny}", exception, "Web", &properties);
        assert_eq!(answer["hookStatus"], "FAILED", "{exception} {properties}: {answer}");
    }
}

#[test]
fn a_resource_whose_name_a_loop_leaves_open_has_no_logical_id() {
    let properties = "ContainerDefinitions: [{Name: a, User: root, ReadonlyRootFilesystem: true}]";
    for (logical_id, expected) in [("WebLegacy", "SUCCESS"), ("'Web${Legacy}'", "FAILED")] {
        let answer = stack_answer("", "logical-id: '*Legacy*'", logical_id, properties);
        assert_eq!(answer["hookStatus"], expected, "{logical_id}: {answer}");
    }
}

#[test]
fn exceptions_count_in_stacks_and_change_sets_too() {
    let template = "Resources:\n  Web:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: !Sub '${AWS::StackName}-web'\n      \
                    ContainerDefinitions: [{Name: web, Image: !Sub '${AWS::AccountId}.ecr/web', Privileged: true, User: app, ReadonlyRootFilesystem: true}]\n";
    let event = json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": STACK,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {"targetName": "STACK", "payload": "https://x.s3.amazonaws.com/x"},
    });
    let world = World { body: json!({"template": template}), ..World::new(Ok(&[])) };
    for (exception, expected) in [
        ("stack-name: shop-*, logical-id: Web", "SUCCESS"),
        ("stack-name: shop-*, family: shop-legacy-web", "SUCCESS"),
        ("stack-name: shop-*, image: '111122223333.ecr/*'", "SUCCESS"),
        ("stack-name: shop-*, image: '999999999999.ecr/*'", "FAILED"),
        ("stack-name: shop-*, logical-id: Worker", "FAILED"),
    ] {
        let answer = answer(exception, &event, &world);
        assert_eq!(answer["hookStatus"], expected, "{exception}: {answer}");
    }
}

#[test]
fn one_container_of_a_stack_is_excused_and_not_the_other() {
    let properties = json!({"ContainerDefinitions": [privileged("agent", "x"), privileged("web", "x")]});
    let task = json!({"Type": "AWS::ECS::TaskDefinition", "Properties": properties});
    let template = json!({"Resources": {"Web": task}}).to_string();
    let event = json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": STACK,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {"targetName": "STACK", "payload": "https://x.s3.amazonaws.com/x"},
    });
    let world = World { body: json!({"template": template}), ..World::new(Ok(&[])) };
    let answer = answer("account: '111122223333', container: agent", &event, &world);
    assert_eq!(answer["hookStatus"], "FAILED", "{answer}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("container `web` of `Web`") && !message.contains("`agent`"), "{message}");
}

#[test]
fn what_is_excused_in_one_case_of_a_stack_does_not_block_it() {
    let template = "Parameters: {Env: {Type: String}}\nConditions: {Prod: !Equals [!Ref Env, prod]}\nResources:\n  Web:\n    \
                    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n      - Fn::If:\n        - Prod\n        \
                    - {Name: web, Privileged: true, User: app, ReadonlyRootFilesystem: true}\n        \
                    - {Name: agent, Privileged: true, User: app, ReadonlyRootFilesystem: true}\n";
    let properties = json!({"ContainerDefinitions": [{"Fn::If":
        ["Prod", privileged("web", "x"), privileged("agent", "x")]}]});
    let change = json!({"logicalResourceId": "Web", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
        "afterContext": json!({"Properties": properties}).to_string()});
    for (target, body) in [
        ("STACK", json!({"template": template})),
        ("CHANGE_SET", json!({"template": template, "changedResources": [change]})),
    ] {
        let event = json!({
            "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": STACK,
            "changeSetId": "arn:aws:cloudformation:eu-central-1:111122223333:changeSet/shop/1",
            "actionInvocationPoint": "CREATE_PRE_PROVISION",
            "requestData": {"targetName": target, "payload": "https://x.s3.amazonaws.com/x"},
        });
        let world = World { body, ..World::new(Ok(&[("team", "shop")])) };
        let half = answer("account: '111122223333', container: web", &event, &world);
        assert_eq!(half["hookStatus"], "SUCCESS", "{target}: {half}");
        let message = half["message"].as_str().unwrap();
        assert!(message.starts_with("warning") && message.contains("when Prod is false"), "{message}");
        let whole = answer("account: '111122223333', container: [web, agent]", &event, &world);
        assert!(whole["message"].as_str().unwrap().contains("1 excepted"), "{target}: {whole}");
        let by_tags = answer("stack-tags: {team: shop}", &event, &world);
        assert!(by_tags["message"].as_str().unwrap().contains("1 excepted"), "{target}: {by_tags}");
        let none = answer("account: '111122223333', container: other", &event, &world);
        assert_eq!(none["hookStatus"], "FAILED", "{target}: {none}");
    }
}

#[test]
fn an_exception_that_cannot_match_changes_nothing_however_many_values_there_are() {
    let values = |letter: char| (0..30).map(|at| format!("{letter}{at:02}")).collect::<Vec<_>>().join(", ");
    let parameters = ['A', 'B', 'C'].map(|name| {
        format!("{name}: {{Type: String, AllowedValues: [{}]}}", values(name.to_ascii_lowercase()))
    });
    let task = |name: &str, user: &str| {
        format!(
            "  {name}: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: a, User: {user}, \
             Image: !Sub '${{A}}/${{B}}:${{C}}', ReadonlyRootFilesystem: true}}]}}}}\n"
        )
    };
    let others: String = (0..40).map(|at| task(&format!("T{at}"), "!If [Q, root, app]")).collect();
    let policy = "exceptions: [{rules: [root-user], reason: x, account: '111122223333', image: 'vendor/*'}]";
    let hook = Hook::new(Ok(policy::read(policy).unwrap()));
    for tasks in [task("Bad", "root") + &others, others.clone() + &task("Bad", "root")] {
        let template = format!(
            "Parameters: {{{}, P: {{Type: String}}}}\nConditions: {{Q: !Equals [!Ref P, q]}}\nResources:\n{tasks}",
            parameters.join(", ")
        );
        let answer = answer_to_template(&hook, &template);
        assert_eq!(answer["hookStatus"], "FAILED", "{answer}");
        assert!(answer["message"].as_str().unwrap().starts_with("`Bad` is blocked"), "{answer}");
    }
}

#[test]
fn what_is_only_counted_of_a_container_is_excused_where_that_container_is() {
    let names: Vec<_> = (0..100).map(|at| format!("CAP{at}")).collect();
    let template = |name: &str| {
        format!(
            "Parameters: {{P: {{Type: String}}}}\nConditions: {{C: !Equals [!Ref P, x]}}\nResources:\n  \
             T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: {name}, User: app, \
             ReadonlyRootFilesystem: true, LinuxParameters: {{Capabilities: {{Add: [{}]}}}}}}]}}}}\n",
            names.join(", ")
        )
    };
    let policy = "exceptions: [{rules: [added-linux-capabilities], reason: x, account: '111122223333', container: vendor}]";
    let hook = Hook::new(Ok(policy::read(policy).unwrap()));
    for (name, expected) in [
        ("vendor", "SUCCESS"),
        ("other", "FAILED"),
        ("!If [C, vendor, other]", "SUCCESS"),
        ("!If [C, more, other]", "FAILED"),
    ] {
        assert_eq!(answer_to_template(&hook, &template(name))["hookStatus"], expected, "{name}");
    }
}

#[test]
fn what_an_exception_looks_at_tells_rules_nothing_and_each_other_all() {
    let sections = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, prod]}\n\
                    Mappings: {M: {prod: {Image: 'httpd:1'}, test: {Image: 'httpd:2'}}}\n";
    let by_image = "reason: x, account: '111122223333', image: 'nginx:*'";
    let policy = format!("exceptions: [{{rules: [privileged-container, root-user], {by_image}}}]");
    let by_image = Hook::new(Ok(policy::read(&policy).unwrap()));
    let nobody = Hook::new(Ok(policy::read("").unwrap()));
    let container =
        |name: &str, more: &str| format!("{{Name: {name}, ReadonlyRootFilesystem: true, {more}}}");
    let ordered = |hook: &Hook, one: &str, other: &str| {
        [(one, other), (other, one)].map(|(first, second)| {
            let containers = [container("a", first), container("b", second)].join(", ");
            let template = format!(
                "{sections}Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{containers}]}}}}}}\n"
            );
            let answer = answer_to_template(hook, &template);
            let message = answer["message"].as_str().unwrap();
            (answer["hookStatus"].clone(), message.contains("is not a boolean"))
        })
    };
    // Neither asks whether `P` is `prod`, which would be no boolean; the exception does.
    let open = "Privileged: !Ref P, User: app";
    let asked = "Privileged: !Ref P, User: app, Image: !If [C, 'httpd:1', 'nginx:1']";
    for hook in [&by_image, &nobody] {
        assert_eq!(ordered(hook, asked, open), [("SUCCESS".into(), false), ("SUCCESS".into(), false)]);
    }
    // The mapping's keys tell what the other image may be, wherever it stands.
    let found = "User: root, Image: !FindInMap [M, !Ref P, Image]";
    let told = "User: root, Image: !Ref P";
    assert_eq!(ordered(&by_image, found, told), [("FAILED".into(), false), ("FAILED".into(), false)]);
}
