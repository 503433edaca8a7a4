//! The cases of the bypass suite that are too large to be kept as text, or that text would hide.
//!
//! Owns how they are made. Must not know what is true of them.

use std::fmt::Write as _;

/// A template with these containers, in flow style.
fn template(containers: &str) -> String {
    format!(
        "Resources: {{Task: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: {containers}}}}}}}"
    )
}

/// What a case's `generate` names.
#[expect(clippy::too_many_lines, reason = "a list is read from top to bottom")]
pub(crate) fn text(name: &str) -> String {
    match name {
        "last-of-many-containers" => {
            let good = "{Name: a, User: '1000'}, ".repeat(2000);
            template(&format!("[{good}{{Name: b, User: root}}]"))
        }
        "many-good-containers" => template(&format!("[{}]", "{Name: a, User: '1000'}, ".repeat(2000))),
        "last-of-many-resources" => {
            let mut text = String::from("Resources:\n");
            for number in 0..400 {
                let user = if number == 399 { "0" } else { "1000" };
                let _ = write!(
                    text,
                    "  Task{number}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
                     ContainerDefinitions: [{{Name: a, User: '{user}'}}]\n"
                );
            }
            text
        }
        "behind-a-megabyte" => {
            let padding = format!("Metadata: {{Padding: '{}'}}\n", "x".repeat(1_000_000));
            padding + &template("[{Name: a, Privileged: true}]")
        }
        "long-user" => template(&format!("[{{Name: a, User: '{}'}}]", "0".repeat(100_000))),
        "deep-conditions" => {
            let mut value = String::from("true");
            for _ in 0..40 {
                value = format!("!If [IsProd, {value}, false]");
            }
            let sections =
                "Parameters: {Stage: {Type: String}}\nConditions: {IsProd: !Equals [!Ref Stage, prod]}\n";
            sections.to_owned() + &template(&format!("[{{Name: a, Privileged: {value}}}]"))
        }
        "too-deep" => template(&format!("[{{Name: a, Privileged: {}true{}}}]", "[".repeat(500), "]".repeat(500))),
        "too-deep-json" => {
            let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
            format!(r#"{{"Resources": {{"Task": {{"Type": "AWS::ECS::TaskDefinition", "Properties": {open}{close}}}}}}}"#)
        }
        "alias-bomb" => {
            let mut text = String::from("A0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
            for level in 1..10 {
                let items = vec![format!("*a{}", level - 1); 10].join(", ");
                let _ = writeln!(text, "A{level}: &a{level} [{items}]");
            }
            text + &template("[{Name: a, Privileged: true}]")
        }
        "loop-bomb" => {
            let items = vec!["x"; 100].join(", ");
            let mut body = String::from("{'Task${A0}${A1}${A2}${A3}': {Type: AWS::ECS::TaskDefinition, Properties: {}}}");
            for level in 0..4 {
                body = format!("{{'Fn::ForEach::L{level}': [A{level}, [{items}], {body}]}}");
            }
            format!("Transform: AWS::LanguageExtensions\nResources: {body}\n")
        }
        // One of 4096 ways to choose twelve conditions makes the user root.
        "one-case-of-thousands" => {
            let (mut parameters, mut conditions, mut parts) = (String::new(), String::new(), String::new());
            for number in 0..12 {
                let _ = write!(parameters, "P{number}: {{Type: String}}, ");
                let _ = write!(conditions, "C{number}: !Equals [!Ref P{number}, x], ");
                let part = if number % 2 == 0 { "'', x" } else { "x, ''" };
                let _ = write!(parts, "!If [C{number}, {part}], ");
            }
            let user = format!("!Join ['', [ro, {parts}ot]]");
            format!("Parameters: {{{parameters}}}\nConditions: {{{conditions}}}\n")
                + &template(&format!("[{{Name: a, User: {user}}}]"))
        }
        "doubling-text" => {
            let mut value = String::from("0");
            for _ in 0..30 {
                value = format!("!Sub ['${{A}}${{A}}', {{A: {value}}}]");
            }
            template(&format!("[{{Name: a, User: {value}}}]"))
        }
        "hundreds-of-duplicates" => {
            let repeated = "Privileged: false, ".repeat(300);
            template(&format!("[{{Name: a, {repeated}Privileged: true}}]"))
        }
        "thousands-of-capabilities" => {
            let nothing = "!Ref AWS::NoValue, ".repeat(3000);
            template(&format!("[{{Name: a, LinuxParameters: {{Capabilities: {{Add: [{nothing}SYS_ADMIN]}}}}}}]"))
        }
        "large-event" => {
            let good = r#"{"Name": "a", "Privileged": "false"}, "#.repeat(2000);
            format!(r#"{{"ContainerDefinitions": [{good}{{"Name": "b", "Privileged": "true"}}]}}"#)
        }
        "huge-event" => {
            let values = "[],".repeat(200_000);
            format!(r#"{{"ContainerDefinitions": [{{"Name": "a"}}], "Padding": [{values}[]]}}"#)
        }
        "deep-event" => {
            let (open, close) = (r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
            format!(r#"{{"ContainerDefinitions": [{{"Name": "a", "Privileged": "true"}}], "Padding": {open}1{close}}}"#)
        }
        // Line breaks for YAML 1.1, which CloudFormation documents, and none for YAML 1.2.
        "next-line-in-a-comment" | "line-separator-in-a-comment" | "paragraph-separator-in-a-comment" => {
            let separator = match name {
                "next-line-in-a-comment" => '\u{85}',
                "line-separator-in-a-comment" => '\u{2028}',
                _ => '\u{2029}',
            };
            format!(
                "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
                 ContainerDefinitions:\n        - Name: a\n          # a comment{separator}          Privileged: true\n"
            )
        }
        "line-separator-in-a-plain-text" => {
            "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        \
             - Name: a\u{2028}          Privileged: true\n"
                .to_owned()
        }
        "line-separator-in-quotes" => {
            template("[{Name: a, Privileged: false}]") + "\nDescription: \"first\u{2028}second\"\n"
        }
        _ => panic!("nothing generates {name}"),
    }
}
