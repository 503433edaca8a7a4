//! What holds of everything that is read as a policy file.

use ecs_guard::hook::{Hook, Prepared};
use ecs_guard::policy::{read, read_with};
use ecs_guard::rule::Profile;

use super::event::assert_well_formed;
use super::{assert_inside, assert_one_line};

/// An event with something for most rules to say.
const EVENT: &str = r#"{"clientRequestToken": "token", "awsAccountId": "111122223333",
    "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/1",
    "actionInvocationPoint": "CREATE_PRE_PROVISION", "requestData": {"targetName": "AWS::ECS::TaskDefinition",
    "targetLogicalId": "Task", "targetModel": {"resourceProperties": {"Family": "shop", "NetworkMode": "host",
    "ContainerDefinitions": [{"Name": "web", "Image": "nginx", "Privileged": true, "User": "root",
    "LogConfiguration": {"LogDriver": "awslogs"}, "LinuxParameters": {"Capabilities": {"Add": ["SYS_ADMIN"]}},
    "Environment": [{"Name": "PASSWORD", "Value": "canary"}]}, {"Ref": "Sidecar"}]}}}}"#;

/// Reads bytes as a policy file, and judges by it.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policy = match read(text) {
        Ok(policy) => policy,
        Err(problems) => {
            assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                assert_inside(problem.span, text);
                assert_one_line(&problem.message);
                assert!(problem.line >= 1 && problem.column >= 1);
            }
            assert!(problems.0.is_sorted_by_key(|problem| (problem.line, problem.column)));
            return assert_one_line(&problems.to_string());
        }
    };
    let _ = read_with(text, Some(Profile::Pedantic));
    let outside = Prepared {
        body: Err("nobody asks".into()),
        today: "2026-11-25".parse().expect("a day"),
        stack_tags: Ok([("team".to_owned(), "shop".to_owned())].into()),
    };
    let response = Hook::new(Ok(policy)).respond(EVENT.as_bytes(), &outside).response;
    assert_well_formed(&response);
    assert_eq!(response.client_request_token, "token");
    assert!(!serde_json::to_string(&response).expect("an answer is JSON").contains("canary"));
}
