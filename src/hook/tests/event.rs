//! What is read of an event: whose operation it is, and whether it holds something to judge.
//!
//! Owns what is particular to some events. Must not know how a task definition is judged.

use std::cell::Cell;

use serde_json::{Value, json};

use super::{
    Answer, Describing, Hook, answer, answer_with, baseline, buggy, event, good_container, message, outside,
    stack_event, template, with_policy,
};

#[test]
fn the_log_names_the_operation_whatever_comes_of_it() {
    let mut asked_again = event(&good_container());
    asked_again["requestContext"] = json!({"invocation": 2});
    for (hook, event, invocation) in [
        (baseline(), &asked_again, 2),
        (baseline(), &event(&good_container()), 1),
        (buggy(""), &asked_again, 2),
        (Hook::new(Err("it is broken".into())), &asked_again, 2),
    ] {
        let nothing = outside(Err("There is none.".into()));
        let Answer { record, .. } = hook.respond(event.to_string().as_bytes(), &nothing);
        assert_eq!((record.token.as_str(), record.account.as_str()), ("token-1", "111122223333"));
        assert_eq!((record.stack_name.as_str(), record.logical_id.as_str()), ("shop", "Task"));
        assert_eq!(record.target_name, "AWS::ECS::TaskDefinition");
        assert_eq!(
            (record.invocation_point.as_str(), record.invocation),
            ("CREATE_PRE_PROVISION", invocation)
        );
    }
}

#[test]
fn a_change_set_is_known_by_its_id_or_as_the_target_of_the_event() {
    let of = |kind: &str| format!("arn:aws:cloudformation:eu-central-1:111122223333:{kind}/shop/1");
    let container = json!({
        "Name": "web", "User": "app", "ReadonlyRootFilesystem": "true", "Privileged": "{{changeSet:KNOWN_AFTER_APPLY}}",
    });
    let context = json!({"Properties": {"Family": "shop", "ContainerDefinitions": [container]}});
    let change = json!({
        "logicalResourceId": "Task", "resourceType": "AWS::ECS::TaskDefinition", "action": "CREATE",
        "afterContext": context.to_string(),
    });
    let body = json!({"template": template("!Ref P"), "changedResources": [change]});
    let hook = with_policy("change-set-parameters: describe");
    for (id, target, is_known) in [
        (json!(of("changeSet")), "shop".to_owned(), true),
        (json!(of("changeSet")), of("changeSet").replace("shop", "other"), true),
        (Value::Null, of("changeSet"), true),
        (json!(""), of("changeSet"), true),
        (json!(""), of("stack"), false),
        (json!(""), "shop:changeSet/shop/1".to_owned(), false),
        (json!(""), "shop".to_owned(), false),
    ] {
        let mut event = stack_event("CHANGE_SET");
        event["changeSetId"] = id;
        event["requestData"]["targetLogicalId"] = target.into();
        let outside = Describing { body: body.clone(), privileged: Ok("true"), asked: Cell::new(0) };
        let answer = answer_with(&hook, event.to_string().as_bytes(), &outside);
        assert_eq!(outside.asked.get(), usize::from(is_known), "{event}");
        let told = if is_known { "`Privileged` is true" } else { "because the event names no change set." };
        assert!(message(&answer).contains(told), "{event}: {answer}");
    }
}

#[test]
fn an_event_with_nothing_to_judge_where_it_belongs_never_passes_and_says_what_is_missing() {
    let (task, stack) = (event(&good_container()), stack_event("STACK"));
    let properties = "/requestData/targetModel/resourceProperties";
    let are_empty = "`requestData.targetModel.resourceProperties` is empty.";
    for (event, place, value, told) in [
        (&task, "/requestData", json!("canary"), "request: `requestData` is not a map but a string."),
        (&task, "/requestData/targetName", json!(""), "request: `requestData.targetName` is empty."),
        (&task, properties, json!({"ContainerDefinitions": []}), are_empty),
        (&task, properties, json!({"ContainerDefinitions": null}), are_empty),
        (&stack, "/requestData/payload", json!(""), "`requestData.payload` is missing."),
    ] {
        let mut event = event.clone();
        *event.pointer_mut(place).unwrap() = value;
        // Were anything fetched, it would comply.
        let body = json!({"template": template("false")}).to_string().into_bytes();
        let answer = answer_with(&baseline(), event.to_string().as_bytes(), &outside(Ok(body)));
        assert_eq!(answer["errorCode"], "InternalFailure", "{event}");
        assert!(message(&answer).ends_with(told), "{answer}");
    }
}

#[test]
fn a_key_in_its_own_casing_counts_before_one_in_another() {
    let (task, topic) = ("AWS::ECS::TaskDefinition", "AWS::SNS::Topic");
    for (names, told) in [
        ([("targetName", task), ("TargetName", topic)], "`Task` is blocked by "),
        ([("targetName", topic), ("TargetName", task)], "Nothing to judge: "),
        ([("TARGETNAME", topic), ("TargetName", task)], "The event holds `targetName` twice"),
    ] {
        let mut event = event(&json!({"Privileged": true}));
        let data = event["requestData"].as_object_mut().unwrap();
        data.remove("targetName");
        data.remove("targetType");
        data.extend(names.map(|(key, name)| (key.to_owned(), name.into())));
        let answer = answer(&baseline(), &event);
        assert!(message(&answer).starts_with(told), "{answer}");
    }
}

#[test]
fn only_an_event_that_is_beyond_doubt_about_another_type_is_passed_over() {
    let (task, service) = (json!("AWS::ECS::TaskDefinition"), json!("AWS::ECS::Service"));
    let contradicts = "The event contradicts itself: ";
    for (name, kind, told) in [
        (service.clone(), service.clone(), "Nothing to judge: "),
        (service.clone(), json!(null), "Nothing to judge: "),
        (service.clone(), json!("RESOURCE"), "Nothing to judge: "),
        (json!("Custom::My-Thing_2@x"), json!("AWS::CloudFormation::CustomResource"), "Nothing to judge: "),
        (json!("Org::Team::Thing::MODULE"), json!("org::team::thing::module"), "Nothing to judge: "),
        (json!("A9S::ECS::TaskDefinition"), task.clone(), contradicts),
        (service.clone(), json!("aws::ecs::taskdefinition"), contradicts),
        (service.clone(), json!("STACK"), contradicts),
        (service.clone(), json!("CHANGE_SET"), contradicts),
        (service.clone(), json!({"canary": 1}), contradicts),
        (json!("STACK"), task.clone(), contradicts),
        (json!("STACK"), json!("CHANGE_SET"), contradicts),
        (json!("AWS::ECS::TaskDefinition "), json!("RESOURCE"), "The event is about no type of resource: "),
        (json!("AWS::ECS::TaskDefin\u{456}tion"), json!(null), "The event is about no type of resource: "),
        (json!("AWS::::TaskDefinition"), json!(null), "The event is about no type of resource: "),
        (json!("TaskDefinition"), json!(null), "The event is about no type of resource: "),
        (task.clone(), json!("RESOURCE"), "`Task` is blocked by "),
        (task.clone(), service, "`Task` is blocked by "),
    ] {
        let mut event = event(&json!({"Privileged": true}));
        event["requestData"]["targetName"] = name;
        event["requestData"]["targetType"] = kind;
        event["requestData"]["payload"] = "https://x.s3.amazonaws.com/x".into();
        let answer = answer(&baseline(), &event);
        assert!(message(&answer).starts_with(told), "{event}: {answer}");
        assert_eq!(answer["hookStatus"] == "SUCCESS", told.starts_with("Nothing"), "{event}: {answer}");
        assert!(!message(&answer).contains("canary"), "{answer}");
    }
}
