//! How an answer reads: what is told, what is only counted, and what it says where nothing is wrong.
//!
//! Owns the words and their lengths. Must not know how a rule comes to what it found.

use serde_json::json;

use super::{answer, answer_to_body, event, good_container, message, with_containers, with_policy};
use crate::rules::ALL;

/// The text of a policy in which these rules deny, and no others are on.
fn only(rules: &[&str]) -> String {
    let level = |name: &str| if rules.contains(&name) { "deny" } else { "off" };
    let names = ALL.iter().map(|rule| rule.metadata().name);
    let settings: Vec<_> = names.map(|name| format!("{name}: {{level: {}}}", level(name))).collect();
    format!("rules: {{{}}}\n", settings.join(", "))
}

#[test]
fn rules_are_named_where_several_have_more_to_say_than_fits() {
    let rules = [
        "root-user",
        "added-linux-capabilities",
        "blocking-awslogs",
        "host-network-mode",
        "host-pid-mode",
        "host-ipc-mode",
        "plaintext-secret",
    ];
    let container = |index: usize| {
        json!({
            "Name": format!("container-{index}"), "User": format!("{index}:root"),
            "LinuxParameters": {"Capabilities": {"Add": ["ALL"]}}, "LogConfiguration": {"LogDriver": "awslogs"},
            "Environment": [{"Name": "DB_PASSWORD", "Value": "x"}],
        })
    };
    let mut event = with_containers((0..30).map(container).collect());
    let properties = &mut event["requestData"]["targetModel"]["resourceProperties"];
    for key in ["NetworkMode", "PidMode", "IpcMode"] {
        properties[key] = "host".into();
    }
    for (count, opening) in [
        (1, "1 rule."),
        (2, "2 rules (root-user, added-linux-capabilities)."),
        (
            6,
            "6 rules (root-user, added-linux-capabilities, blocking-awslogs, host-network-mode, host-pid-mode, \
             host-ipc-mode).",
        ),
        (
            7,
            "7 rules (root-user, added-linux-capabilities, blocking-awslogs, host-network-mode, host-pid-mode, \
             host-ipc-mode, …).",
        ),
    ] {
        let answer = answer(&with_policy(&only(&rules[..count])), &event);
        let told = message(&answer).strip_prefix("`Task` is blocked by ").unwrap();
        assert!(told.starts_with(&format!("{opening} [root-user] ")) && told.ends_with(" more."), "{told}");
    }
}

#[test]
fn as_much_is_told_as_leaves_room_for_a_count_of_a_million() {
    let hook = with_policy(&only(&["root-user"]));
    let others = (0..20).map(|index| json!({"Name": "web", "User": format!("{index}:root")}));
    let told_with = |length: usize| {
        // Of one name, no more than 64 characters are told.
        let names = [0, 60, 120].map(|before| "x".repeat(1 + length.saturating_sub(before).min(60)));
        let first = names.into_iter().map(|name| json!({"Name": name, "User": "root"}));
        let answer = answer(&hook, &with_containers(first.chain(others.clone()).collect()));
        message(&answer).rsplit_once(" And ").unwrap().0.len()
    };
    // At some length of the names, the last sentence that fits ends just where it must.
    let longest = (0..180).map(told_with).max();
    assert_eq!(longest, Some(900 - " And 1000000 more.".len()));
}

#[test]
fn what_fails_is_told_before_what_is_not_known() {
    let container = |name: &str, user: &str| json!({"Name": name, "User": user});
    let event =
        with_containers(json!([container("open", "{{resolve:ssm:/user}}"), container("bad", "root")]));
    let answer = answer(&with_policy(&only(&["root-user"])), &event);
    let first = "container `bad`: `User` is `root`, which is root. ";
    assert!(
        message(&answer).starts_with(&format!("`Task` is blocked by 1 rule. [root-user] {first}")),
        "{answer}"
    );
    assert!(answer["annotations"][0]["statusMessage"].as_str().unwrap().starts_with(first), "{answer}");
}

#[test]
fn what_fails_in_every_case_of_a_stack_is_told_before_what_fails_in_some() {
    let task = |privileged: &str| {
        format!(
            "{{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: web, Privileged: {privileged}}}]}}}}"
        )
    };
    let template = format!(
        "Parameters: {{P: {{Type: String}}}}\nConditions: {{C: !Equals [!Ref P, x]}}\nResources:\n  Maybe: {}\n  Surely: {}",
        task("!If [C, true, false]"),
        task("true")
    );
    let body = json!({"template": template}).to_string();
    let answer = answer_to_body(&only(&["privileged-container"]), "STACK", body.as_bytes());
    let told = answer["annotations"][0]["statusMessage"].as_str().unwrap();
    assert!(
        told.starts_with("container `web` of `Surely`: `Privileged` is true. container `web` of `Maybe`: "),
        "{told}"
    );
}

#[test]
fn what_is_found_in_no_container_names_none() {
    let mut event = event(&good_container());
    event["requestData"]["targetModel"]["resourceProperties"]["PidMode"] = "host".into();
    let answer = answer(&with_policy(&only(&["host-pid-mode"])), &event);
    let told = "`Task` is blocked by 1 rule. [host-pid-mode] `PidMode` is `host`. ";
    assert!(message(&answer).starts_with(told), "{answer}");
}

#[test]
fn containers_beyond_the_third_are_counted() {
    for (count, told) in [
        (1, "container `c0`: "),
        (3, "containers `c0`, `c1`, `c2`: "),
        (4, "containers `c0`, `c1`, `c2` and 1 more: "),
    ] {
        let containers = (0..count).map(|at| json!({"Name": format!("c{at}"), "Privileged": true})).collect();
        let answer = answer(&with_policy(&only(&["privileged-container"])), &with_containers(containers));
        assert!(message(&answer).contains(&format!(" {told}`Privileged` is true.")), "{answer}");
    }
}

#[test]
fn what_is_not_told_of_a_stack_is_counted() {
    let task = |(index, count): (usize, &usize)| {
        let containers: Vec<_> =
            (0..*count).map(|at| json!({"Name": format!("c{at}"), "Privileged": true})).collect();
        let properties = json!({"ContainerDefinitions": containers});
        (format!("Task{index}"), json!({"Type": "AWS::ECS::TaskDefinition", "Properties": properties}))
    };
    // A hundred are put into words; four hundred of one task definition are kept.
    for (counts, more) in [([60, 40].as_slice(), None), (&[80, 80], Some(60)), (&[500], Some(400))] {
        let tasks: serde_json::Map<_, _> = counts.iter().enumerate().map(task).collect();
        let body = json!({"template": json!({"Resources": tasks}).to_string()}).to_string();
        let answer = answer_to_body(&only(&["privileged-container"]), "STACK", body.as_bytes());
        let told = message(&answer);
        assert!(told.contains("`c2` of `Task0` and 97 more: `Privileged` is true. "), "{told}");
        let count = told.rsplit_once(" And ").and_then(|(_, rest)| rest.strip_suffix(" more."));
        assert_eq!(count.and_then(|count| count.parse().ok()), more, "{told}");
    }
}

#[test]
fn what_is_excused_in_one_of_a_stack_is_not_counted_beside_what_counts_in_another() {
    let task = |count: usize| {
        let names: Vec<_> = (0..count).map(|at| format!("CAP{at}")).collect();
        let container = json!({"Name": "web", "LinuxParameters": {"Capabilities": {"Add": names}}});
        json!({"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container]}})
    };
    let exception = "exceptions: [{rules: [added-linux-capabilities], reason: vendor, \
                     trust-author: true, logical-id: Vendor}]";
    let policy = format!("{}{exception}", only(&["added-linux-capabilities"]));
    // Of a rule's findings in one container 64 are kept.
    for (own, status, counted) in [(0, "SKIPPED", true), (1, "FAILED", false)] {
        let template = json!({"Resources": {"Vendor": task(100), "Own": task(own)}}).to_string();
        let answer = answer_to_body(&policy, "STACK", json!({"template": template}).to_string().as_bytes());
        let annotation = &answer["annotations"][0];
        assert_eq!(annotation["status"], status, "{answer}");
        let told = annotation["statusMessage"].as_str().unwrap();
        assert_eq!(told.contains("And 36 more."), counted, "{told}");
        assert!(!message(&answer).contains(" more."), "{answer}");
    }
}

#[test]
fn of_much_that_is_wrong_in_one_container_the_first_is_told_and_the_rest_counted() {
    let with = |count: usize| {
        let names: Vec<_> = (0..count).map(|at| format!("CAP{at}")).collect();
        let mut container = good_container();
        container["LinuxParameters"] = json!({"Capabilities": {"Add": names}});
        let told = answer(&with_policy(&only(&["added-linux-capabilities"])), &event(&container));
        message(&told).to_owned()
    };
    let one = "`Capabilities.Add` names `CAP0`, an unknown capability";
    assert!(with(1).contains(&format!("{one}. ")), "{}", with(1));
    let six = with(6);
    assert!(six.contains(one) && six.contains("`CAP5`") && !six.contains(" more"), "{six}");
    let seven = with(7);
    assert!(seven.contains("`CAP5`, an unknown capability, and 1 more. "), "{seven}");
    let hundred = with(100);
    assert!(hundred.contains(", and 58 more. ") && hundred.ends_with(" And 36 more."), "{hundred}");
}

#[test]
fn a_key_that_several_of_a_stack_write_twice_is_noted_once() {
    let task = "{Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: \
                [{Name: web, User: app, User: app, ReadonlyRootFilesystem: true}]}}";
    let body = json!({"template": format!("Resources: {{One: {task}, Other: {task}}}")}).to_string();
    let answer = answer_to_body("", "STACK", body.as_bytes());
    let told = "Each of 2 task definitions complies with 4 rules; 1 not applicable. Note: `User` is written twice in one place.";
    assert_eq!(answer["message"], told);
}

#[test]
fn what_is_excepted_is_not_said_to_be_nothing_to_judge() {
    let mut container = good_container();
    container["Privileged"] = true.into();
    let event = event(&container);
    let exception = "exceptions: [{rules: [privileged-container], reason: x, account: '111122223333'}]";
    for (rules, exceptions, told) in [
        (["blocking-awslogs"].as_slice(), "", "`Task` has nothing to judge: no rule applies."),
        (&["privileged-container"], exception, "`Task` complies with no rule; 1 excepted."),
        (
            &["privileged-container", "blocking-awslogs"],
            exception,
            "`Task` complies with no rule; 1 not applicable, 1 excepted.",
        ),
    ] {
        let answer = answer(&with_policy(&format!("{}{exceptions}", only(rules))), &event);
        assert_eq!((&answer["hookStatus"], &answer["message"]), (&json!("SUCCESS"), &json!(told)));
    }
}

#[test]
fn what_to_write_instead_is_told_once_and_leaves_room_for_the_link() {
    let options = [
        json!({}),
        json!({"mode": "blocking"}),
        json!({"max-buffer-size": "25m"}),
        json!({"mode": "non-blocking"}),
    ];
    let logging = |options| json!({"LogConfiguration": {"LogDriver": "awslogs", "Options": options}});
    let event = with_containers(options.into_iter().map(logging).collect());
    let both = "Set `mode: non-blocking` and `max-buffer-size: 25m` in `LogConfiguration.Options`.";
    let mode = "Set `mode: non-blocking` in `LogConfiguration.Options`.";
    let size = "Set `max-buffer-size: 25m` in `LogConfiguration.Options`.";
    let (short, long) =
        ("https://wiki.example".to_owned(), format!("https://wiki.example/{}", "x".repeat(179)));
    for (link, told) in
        [(short, format!("{both} {mode} {size}")), (long, format!("{both} {mode} And 1 more."))]
    {
        let policy = format!("{}documentation-url: {link}", only(&["blocking-awslogs"]));
        let answer = answer(&with_policy(&policy), &event);
        let told = format!("{told} See {link}#blocking-awslogs");
        assert_eq!(answer["annotations"][0]["remediationMessage"], told);
    }
}
