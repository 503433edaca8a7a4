//! What CloudFormation says of a stack decides an exception, and of a change set what a parameter is: the real SDK, over
//! HTTP, against a server of the tests' own.
//!
//! Owns that server and the answers it gives. Knows of the function only what it asks and how it then judges.
#![cfg(feature = "lambda")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test has a server and a clock, and stops at what it does not expect"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use ecs_guard::aws::stacks::{self, Access, BUDGET, TEST_ENDPOINT};
use ecs_guard::hook::{ChangeSet, Hook, Outside};
use ecs_guard::policy;
use jiff::civil::Date;
use serde_json::{Value, json};
use server::{Reply, Request, Server};

mod server;

const SHOP: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/5d9e4c10";
const CHANGE_SET: &str = "arn:aws:cloudformation:eu-west-1:111122223333:changeSet/release/1a2345b6";

/// Parts of the credentials, of which an answer must say nothing.
const CANARIES: [&str; 2] = ["canary-secret", "canary-token"];

/// What was asked, by the names of the operations.
fn operations(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| parameter(&request.form, "Action")).collect()
}

/// A parameter of a form.
fn parameter(form: &str, name: &str) -> String {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next().unwrap_or_default();
    value.replace("%3A", ":").replace("%2F", "/")
}

fn answer(operation: &str, result: &str) -> Reply {
    let body = format!(
        "<{operation}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><{operation}Result>{result}\
         </{operation}Result></{operation}Response>"
    );
    Reply::Answer(200, body)
}

fn tags(tags: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in tags {
        write!(text, "<member><Key>{name}</Key><Value>{value}</Value></member>").unwrap();
    }
    format!("<Tags>{text}</Tags>")
}

fn stack(id: &str, of: &[(&str, &str)]) -> Reply {
    let result = format!(
        "<Stacks><member><StackId>{id}</StackId><StackName>a</StackName><StackStatus>CREATE_IN_PROGRESS</StackStatus>\
         <CreationTime>2027-01-01T00:00:00Z</CreationTime>{}</member></Stacks>",
        tags(of)
    );
    answer("DescribeStacks", &result)
}

/// A change set with the tag `team=shop` and these parameters: name, value, and what the Parameter Store holds.
fn change_set(parameters: &[(&str, &str, Option<&str>)]) -> Reply {
    let mut text = String::new();
    for (name, value, resolved) in parameters {
        let resolved =
            resolved.map(|value| format!("<ResolvedValue>{value}</ResolvedValue>")).unwrap_or_default();
        write!(
            text,
            "<member><ParameterKey>{name}</ParameterKey><ParameterValue>{value}</ParameterValue>{resolved}</member>"
        )
        .unwrap();
    }
    let result = format!(
        "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{SHOP}</StackId><Parameters>{text}</Parameters>{}",
        tags(&[("team", "shop")])
    );
    answer("DescribeChangeSet", &result)
}

fn error(status: u16, code: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>canary-token</Message></Error></ErrorResponse>"
    );
    Reply::Answer(status, body)
}

/// The world as the function has it, but for the payload, and for the address of CloudFormation.
struct World {
    endpoint: String,
    within: Duration,
    body: Value,
}

impl World {
    fn at(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), within: BUDGET, body: json!(null) }
    }

    fn access(&self) -> Result<Access, String> {
        Access::of_function(|name| {
            let value = match name {
                "AWS_REGION" => "eu-west-1",
                "AWS_ACCESS_KEY_ID" => "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY" => CANARIES[0],
                "AWS_SESSION_TOKEN" => CANARIES[1],
                TEST_ENDPOINT => &self.endpoint,
                _ => return None,
            };
            Some(value.to_owned())
        })
    }
}

impl Outside for World {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.body.to_string().into_bytes())
    }

    fn today(&self) -> Date {
        "2027-03-31".parse().unwrap()
    }

    fn stack_tags(&self, stack: &str) -> Result<BTreeMap<String, String>, String> {
        stacks::stack_tags(&self.access()?, stack, self.within)
    }

    fn change_set(&self, stack: &str, change_set: &str) -> Result<ChangeSet, String> {
        let (tags, parameters) = stacks::change_set(&self.access()?, stack, change_set, self.within)?;
        Ok(ChangeSet { tags, parameters })
    }
}

fn respond(policy: &str, event: &Value, world: &World) -> Value {
    let hook =
        Hook::new(Ok(policy::read(policy).map_err(|problems| format!("{policy}: {problems}")).unwrap()));
    let response = hook.respond(event.to_string().as_bytes(), world).response;
    let text = serde_json::to_string(&response).unwrap();
    for canary in CANARIES {
        assert!(!text.contains(canary), "{text}");
    }
    assert!(!text.contains("127.0.0.1"), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The event of a privileged container in a stack; without one it is Cloud Control's.
fn event(stack: &str) -> Value {
    let container = json!({"Name": "web", "Privileged": true, "User": "app", "ReadonlyRootFilesystem": true});
    json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": stack,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {
            "targetName": "AWS::ECS::TaskDefinition", "targetLogicalId": "Web",
            "targetModel": {"resourceProperties": {"Family": "web", "ContainerDefinitions": [container]}},
        },
    })
}

fn excusing(matchers: &str) -> String {
    format!("exceptions: [{{rules: [privileged-container], reason: being rebuilt, {matchers}}}]")
}

fn by_tag() -> String {
    excusing("stack-tags: {team: shop}")
}

#[test]
fn an_exception_by_tag_excuses_the_stacks_that_carry_it_and_no_other() {
    let server = Server::new(|request, _| {
        let id = parameter(&request.form, "StackName");
        match id.split('/').nth(1).unwrap() {
            "carries" => stack(&id, &[("stage", "test"), ("team", "shop")]),
            "other-value" => stack(&id, &[("team", "shopping")]),
            "other-case" => stack(&id, &[("Team", "shop")]),
            "swapped" => stack(&id, &[("shop", "team")]),
            "none" => stack(&id, &[]),
            // An answer about another stack says nothing of this one.
            "mistaken" => stack(SHOP, &[("team", "shop")]),
            name => panic!("{name}"),
        }
    });
    for (name, expected) in [
        ("carries", "SUCCESS"),
        ("other-value", "FAILED"),
        ("other-case", "FAILED"),
        ("swapped", "FAILED"),
        ("none", "FAILED"),
        ("mistaken", "FAILED"),
    ] {
        let event = event(&SHOP.replace("/shop/", &format!("/{name}/")));
        let answer = respond(&by_tag(), &event, &World::at(&server.endpoint));
        assert_eq!(answer["hookStatus"], expected, "{name}: {answer}");
    }
}

#[test]
fn requests_are_signed_with_the_functions_credentials() {
    let server = Server::always(stack(SHOP, &[]));
    respond(&by_tag(), &event(SHOP), &World::at(&server.endpoint));
    let requests = server.requests();
    let [Request { head, form }] = requests.as_slice() else { panic!("{requests:?}") };
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
    assert!(head.contains("credential=akiaexample/"), "{head}");
    assert!(head.contains("/eu-west-1/cloudformation/aws4_request"), "{head}");
    assert!(head.contains("x-amz-security-token: canary-token\r\n"), "{head}");
    assert!(!format!("{head}{form}").contains("canary-secret"));
    assert_eq!(parameter(form, "StackName"), SHOP);
}

#[test]
fn without_an_answer_the_finding_blocks_and_says_why() {
    let Reply::Answer(_, carrying) = stack(SHOP, &[("team", "shop")]) else { unreachable!() };
    for (reply, words) in [
        (Reply::Silence, "`DescribeStacks` was not answered in time"),
        (Reply::End, "`DescribeStacks` could not be called"),
        (
            Reply::Raw(b"garbage\r\n\r\n"),
            "`DescribeStacks` could not be called: the answer is not understood",
        ),
        (Reply::Answer(200, "garbage".into()), "the answer to `DescribeStacks` is not understood"),
        (Reply::Answer(200, String::new()), "the answer to `DescribeStacks` is not understood"),
        (Reply::Cut(carrying), "`DescribeStacks` could not be called"),
        (answer("DescribeStacks", "<Stacks/>"), "is not about this stack"),
        (Reply::Answer(500, "canary-token".into()), "`DescribeStacks` was answered with status 500"),
        (error(400, "Throttling"), "AWS takes no more calls of `DescribeStacks` at present (Throttling)"),
        (error(400, "ValidationError"), "`DescribeStacks` was answered with ValidationError"),
        (error(400, "<b>canary-token</b>"), "`DescribeStacks` was answered with status 400"),
        (
            error(403, "AccessDenied"),
            "the function may not call `cloudformation:DescribeStacks`; it may when it is deployed with `DescribeStacks=on`",
        ),
        (error(403, "ExpiredToken"), "the credentials have expired"),
        (Reply::Answer(301, String::new()), "status 301"),
    ] {
        let server = Server::always(reply);
        let start = Instant::now();
        let answer = respond(&by_tag(), &event(SHOP), &World::at(&server.endpoint));
        assert!(start.elapsed() < BUDGET * 2, "{words} takes {:?}", start.elapsed());
        assert_eq!((&answer["hookStatus"], &answer["errorCode"]), (&json!("FAILED"), &json!("NonCompliant")));
        let message = answer["message"].as_str().unwrap();
        let expected = "An exception by stack tags was not applied: ";
        assert!(message.contains(expected) && message.contains(words), "{words}: {message}");
        let of_finding = "`Privileged` is true (an exception by stack tags was not applied)";
        assert!(message.contains(of_finding), "{words}: {message}");
        assert!(operations(&server).len() <= 3, "{words}");
    }
}

#[test]
fn where_nothing_listens_the_finding_blocks_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let world = World::at(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let answer = respond(&by_tag(), &event(SHOP), &world);
    assert_eq!(answer["hookStatus"], "FAILED");
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("`DescribeStacks` could not be called: "), "{message}");
}

#[test]
fn what_passes_in_a_moment_is_asked_again() {
    for first in [error(400, "Throttling"), Reply::End, Reply::Answer(503, String::new())] {
        let server = Server::new(move |_, before| match before {
            0 => first.clone(),
            _ => stack(SHOP, &[("team", "shop")]),
        });
        let answer = respond(&by_tag(), &event(SHOP), &World::at(&server.endpoint));
        assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
        assert_eq!(operations(&server), ["DescribeStacks", "DescribeStacks"]);
    }
}

#[test]
fn nothing_is_asked_where_the_answer_changes_nothing() {
    let tags = "stack-tags: {team: shop}";
    let mut good = event(SHOP);
    good["requestData"]["targetModel"]["resourceProperties"]["ContainerDefinitions"][0]["Privileged"] =
        json!(false);
    let both = format!(
        "exceptions: [{{rules: [privileged-container], reason: a, {tags}}}, {{rules: [privileged-container], reason: b, \
         account: '111122223333'}}]"
    );
    for (policy, event, status) in [
        (String::new(), event(SHOP), "FAILED"),
        (excusing("account: '111122223333'"), event(SHOP), "SUCCESS"),
        (excusing("stack-name: other"), event(SHOP), "FAILED"),
        (excusing(&format!("{tags}, account: '999999999999'")), event(SHOP), "FAILED"),
        (excusing(&format!("{tags}, container: other")), event(SHOP), "FAILED"),
        (excusing(&format!("{tags}, expires: 2027-03-30")), event(SHOP), "FAILED"),
        (format!("exceptions: [{{rules: [root-user], reason: a, {tags}}}]"), event(SHOP), "FAILED"),
        (by_tag(), good, "SUCCESS"),
        (by_tag(), event(""), "FAILED"),
        (both, event(SHOP), "SUCCESS"),
    ] {
        let server = Server::always(stack(SHOP, &[("team", "shop")]));
        let answer = respond(&policy, &event, &World::at(&server.endpoint));
        assert_eq!(answer["hookStatus"], status, "{policy}: {answer}");
        assert!(operations(&server).is_empty(), "{policy}: {:?}", operations(&server));
    }
}

#[test]
fn one_that_has_expired_is_named_without_a_question() {
    let server = Server::always(error(500, "InternalFailure"));
    let policy = excusing("stack-tags: {team: shop}, expires: 2027-03-30");
    let answer = respond(&policy, &event(SHOP), &World::at(&server.endpoint));
    let message = answer["message"].as_str().unwrap();
    let words = "excused until 2027-03-30 for stacks with certain tags, no longer: being rebuilt";
    assert!(message.contains(words), "{message}");
}

/// A template with three task definitions that are privileged as the parameter `P` says.
const TEMPLATE: &str = "Parameters:\n  P: {Type: PTYPE}\nResources:\n  A: &a\n    Type: AWS::ECS::TaskDefinition\n    \
                        Properties:\n      Family: a\n      ContainerDefinitions:\n        - {Name: a, User: app, \
                        ReadonlyRootFilesystem: true, Privileged: !Ref P}\n  B: *a\n  C: *a\n";

fn stack_event(target: &str) -> Value {
    json!({
        "clientRequestToken": "token", "awsAccountId": "111122223333", "stackId": SHOP, "changeSetId": CHANGE_SET,
        "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {"targetName": target, "payload": "https://x.s3.amazonaws.com/x"},
    })
}

/// The body of a change set that creates the template's task definitions, whose contexts leave the parameter open.
fn body_of_change_set(kind: &str) -> Value {
    let properties = json!({"Family": "a", "ContainerDefinitions": [
        {"Name": "a", "User": "app", "ReadonlyRootFilesystem": "true", "Privileged": "{{changeSet:KNOWN_AFTER_APPLY}}"},
    ]});
    let change = |name: &str| {
        json!({
            "logicalResourceId": name, "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
            "afterContext": json!({"Properties": properties}).to_string(),
        })
    };
    let changes = ["A", "B", "C"].map(change);
    json!({"template": TEMPLATE.replace("PTYPE", kind), "changedResources": changes})
}

#[test]
fn an_event_with_many_task_definitions_is_one_question() {
    let server = Server::always(stack(SHOP, &[("team", "shop")]));
    let template = TEMPLATE.replace("!Ref P", "true").replace("PTYPE", "String");
    let world = World { body: json!({"template": template}), ..World::at(&server.endpoint) };
    let answer = respond(&by_tag(), &stack_event("STACK"), &world);
    assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
    assert_eq!(operations(&server), ["DescribeStacks"]);

    let server = Server::always(error(403, "AccessDenied"));
    let world = World { body: json!({"template": template}), ..World::at(&server.endpoint) };
    assert_eq!(respond(&by_tag(), &stack_event("STACK"), &world)["hookStatus"], "FAILED");
    assert_eq!(operations(&server), ["DescribeStacks"], "nor is it asked again when there is no answer");
}

#[test]
fn the_parameters_of_a_change_set_decide_where_the_policy_asks_for_them() {
    let store = "AWS::SSM::Parameter::Value<String>";
    let deny = "unresolved: {stack: deny}";
    let describe = "change-set-parameters: describe";
    for (policy, kind, (value, resolved), status, asked) in [
        // Without a word in the policy, nothing is asked and nothing is known.
        (deny.to_owned(), "String", ("false", None), "FAILED", 0),
        (String::new(), "String", ("true", None), "SUCCESS", 0),
        (format!("{deny}\n{describe}"), "String", ("false", None), "SUCCESS", 1),
        (format!("{deny}\n{describe}"), "String", ("true", None), "FAILED", 1),
        (describe.to_owned(), "String", ("true", None), "FAILED", 1),
        (describe.to_owned(), "String", ("false", None), "SUCCESS", 1),
        // What stands for a secret is no value, and a name in the Parameter Store is not what it holds.
        (format!("{deny}\n{describe}"), "String", ("****", None), "FAILED", 1),
        (describe.to_owned(), "String", ("****", None), "SUCCESS", 1),
        (format!("{deny}\n{describe}"), "String, NoEcho: true", ("****", None), "FAILED", 0),
        (format!("{deny}\n{describe}"), store, ("false", None), "FAILED", 1),
        (format!("{deny}\n{describe}"), store, ("/name", Some("false")), "SUCCESS", 1),
        (describe.to_owned(), store, ("/name", Some("true")), "FAILED", 1),
        (format!("{deny}\n{describe}"), store, ("/name", Some("****")), "FAILED", 1),
    ] {
        let server = Server::always(change_set(&[("P", value, resolved)]));
        let world = World { body: body_of_change_set(kind), ..World::at(&server.endpoint) };
        let answer = respond(&policy, &stack_event("CHANGE_SET"), &world);
        assert_eq!(answer["hookStatus"], status, "{policy} {kind} {value} {resolved:?}: {answer}");
        let operations = operations(&server);
        assert_eq!(operations.len(), asked, "{policy} {kind}: {operations:?}");
        assert!(operations.iter().all(|operation| operation == "DescribeChangeSet"), "{operations:?}");
        if policy.contains("describe") && (value == "false" && kind == "String") {
            assert!(!answer.to_string().contains("UNKNOWN"), "{answer}");
        }
    }
}

#[test]
fn a_stacks_parameters_are_asked_by_nobody() {
    let server = Server::always(stack(SHOP, &[]));
    let body = json!({"template": TEMPLATE.replace("PTYPE", "String")});
    let world = World { body, ..World::at(&server.endpoint) };
    let policy = "{change-set-parameters: describe, unresolved: {stack: deny}}";
    assert_eq!(respond(policy, &stack_event("STACK"), &world)["hookStatus"], "FAILED");
    assert!(operations(&server).is_empty());
}

#[test]
fn without_parameters_a_change_set_says_why() {
    for (reply, words) in [
        (Reply::Silence, "`DescribeChangeSet` was not answered in time"),
        (error(403, "AccessDenied"), "the function may not call `cloudformation:DescribeChangeSet`"),
        (answer("DescribeChangeSet", ""), "the answer to `DescribeChangeSet` is not about this change set"),
    ] {
        let server = Server::always(reply);
        let world =
            World { body: body_of_change_set("String"), within: BUDGET / 4, ..World::at(&server.endpoint) };
        for (level, status) in [("deny", "FAILED"), ("warn", "SUCCESS")] {
            let policy = format!("{{change-set-parameters: describe, unresolved: {{stack: {level}}}}}");
            let answer = respond(&policy, &stack_event("CHANGE_SET"), &world);
            assert_eq!(answer["hookStatus"], status, "{words}: {answer}");
            let message = answer["message"].as_str().unwrap();
            let expected = format!("The values of parameters are not known, because {words}");
            assert!(message.contains(&expected), "{message}");
        }
    }
}

#[test]
fn a_change_sets_own_tags_count_and_come_with_its_parameters() {
    let server = Server::always(change_set(&[("P", "true", None)]));
    let world = World { body: body_of_change_set("String"), ..World::at(&server.endpoint) };
    let policy = format!("{}\nchange-set-parameters: describe", by_tag());
    let answer = respond(&policy, &stack_event("CHANGE_SET"), &world);
    assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("1 excepted"), "{answer}");
    assert_eq!(operations(&server), ["DescribeChangeSet"]);
    let requests = server.requests();
    assert_eq!(parameter(&requests[0].form, "ChangeSetName"), CHANGE_SET);
}

#[test]
fn an_event_whose_target_is_the_change_set_need_not_say_it_twice() {
    for id in [None, Some(Value::Null), Some(json!(""))] {
        let server = Server::always(change_set(&[]));
        let world = World { body: body_of_change_set("String"), ..World::at(&server.endpoint) };
        let mut event = stack_event("CHANGE_SET");
        event["requestData"]["targetLogicalId"] = CHANGE_SET.into();
        let said = event.as_object_mut().unwrap().remove("changeSetId");
        assert_eq!(said, Some(CHANGE_SET.into()));
        if let Some(id) = id {
            event["changeSetId"] = id;
        }
        // Which the parameter decides, blocks.
        let policy = format!("{}\nunresolved: {{stack: deny}}", by_tag());
        let answer = respond(&policy, &event, &world);
        assert_eq!(answer["hookStatus"], "SUCCESS", "{answer}");
        assert_eq!(parameter(&server.requests()[0].form, "ChangeSetName"), CHANGE_SET);
    }
}

#[test]
fn who_the_function_is_comes_from_lambda() {
    let lambda = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let access = |without: &str, endpoint: &str| {
        Access::of_function(|name| match lambda.iter().find(|(known, _)| *known == name) {
            _ if name == without => Some(String::new()),
            Some((_, value)) => Some((*value).to_owned()),
            None => (name == TEST_ENDPOINT).then(|| endpoint.to_owned()),
        })
    };
    assert_eq!(access("", "").unwrap().region, "eu-west-1");
    for (name, _) in lambda {
        assert_eq!(access(name, "").unwrap_err(), format!("the function's `{name}` is not set"));
    }
    for elsewhere in ["http://example.com", "http://127.0.0.1.example.com:80", "https://127.0.0.1:80", "x"] {
        let problem = access("", elsewhere).unwrap_err();
        assert_eq!(problem, format!("`{TEST_ENDPOINT}` is for tests and takes `http://127.0.0.1:PORT` only"));
    }
}
