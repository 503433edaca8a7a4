//! What the fuzz targets begin with: the cases of the bypass suite, the project's templates, events and policy, and the
//! examples of the rules.
//!
//! Owns which entrance each is for. Must not know what an entrance does with it.

use std::fs;
use std::path::Path;

use ecs_guard::rules;

use super::{Family, Kind};

/// Longer ones say nothing new, and slow every round.
const LONGEST: usize = 32 << 10;

/// Writes a folder for each entrance.
pub(crate) fn write(families: &[(String, Family)], folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    let mut count = 0;
    let mut seed = |entrances: &[&str], bytes: &[u8]| {
        if bytes.len() > LONGEST {
            return;
        }
        count += 1;
        for entrance in entrances {
            let folder = folder.join(entrance);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{count:04}")), bytes).unwrap();
        }
    };
    for case in families.iter().flat_map(|(_, family)| &family.case) {
        if case.kind == Kind::Template {
            seed(&["yaml", "template", "fix"], &case.encoding.of(&case.written()));
            continue;
        }
        let (event, body) = case.event();
        seed(&["json"], &event);
        seed(&["event"], &[event.as_slice(), &[0], &body].concat());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (below, entrances) in [
        ("tests/templates", ["yaml", "template", "fix"].as_slice()),
        ("events", &["json", "event"]),
        ("tests/regressions/yaml", &["yaml", "template"]),
        ("tests/regressions/fix", &["yaml", "template", "fix"]),
        ("tests/regressions/template", &["yaml", "template", "fix"]),
        ("tests/regressions/json", &["json"]),
        ("tests/regressions/event", &["event"]),
        ("tests/regressions/policy", &["yaml", "policy"]),
        ("tests/regressions/exception", &["exception"]),
    ] {
        for entry in root.join(below).read_dir().into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.to_string_lossy().ends_with(".expected.json") {
                seed(entrances, &fs::read(path).unwrap());
            }
        }
    }
    seed(&["yaml", "policy"], &fs::read(root.join("ecs-guard.yaml")).unwrap());
    for rule in rules::ALL {
        let metadata = rule.metadata();
        for example in metadata.documentation.split("```yaml,").skip(1) {
            let (Some((_, rest)), name) = (example.split_once('\n'), metadata.name) else { continue };
            let text = rest.split("```").next().unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            let indented = lines.join("\n      ");
            let template = format!(
                "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      {indented}\n"
            );
            seed(&["yaml", "template", "fix"], template.as_bytes());
            seed(&["policy"], format!("rules:\n  {name}: {{level: warn}}\n").as_bytes());
        }
        for option in metadata.options() {
            for value in ["true", "[NET_ADMIN]", "25m", "all", "[\"*\"]"] {
                seed(
                    &["policy"],
                    format!("rules:\n  {}:\n    {}: {value}\n", metadata.name, option.name).as_bytes(),
                );
            }
        }
    }
    let event = |container: &str| {
        format!(
            r#"{{"clientRequestToken": "token", "awsAccountId": "111122223333",
            "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/1",
            "actionInvocationPoint": "CREATE_PRE_PROVISION", "requestData": {{"targetName": "AWS::ECS::TaskDefinition",
            "targetLogicalId": "Task", "targetModel": {{"resourceProperties": {{"Family": "a",
            "ContainerDefinitions": [{container}, {{"Name": "agent", "Image": "agent:1", "User": "root"}}]}}}}}}}}"#
        )
    };
    let containers = [
        r#"{"Name": "web", "Image": "a/x:1", "Privileged": true, "Environment": [{"Name": "A", "Value": "canary"}]}"#,
        r#"{"Name": {"Ref": "Name"}, "Image": {"Ref": "Image"}, "User": {"Ref": "User"}, "Privileged": "true"}"#,
    ];
    for exception in [
        "{rules: [root-user], reason: it is old, stack-name: shop, owner: team, expires: 2027-03-31}",
        "{rules: [root-user, privileged-container], reason: why, account: ['111122223333'], container: 'web*', image: '*/x:?'}",
        "{rules: privileged-container, reason: why, stack-tags: {team: shop, stage: ''}, family: a, logical-id: [Task]}",
        "{rules: [root-user], reason: old, stack-tags: {team: shop}, expires: 2026-11-24}",
        "{rules: [writable-root-filesystem], reason: why, image: ['agent:?', 'a/*'], trust-author: true}",
    ] {
        let policy = format!("exceptions:\n  - {exception}\n");
        seed(&["policy"], policy.as_bytes());
        for container in containers {
            seed(&["exception"], format!("{policy}\0{}", event(container)).as_bytes());
        }
    }
}
