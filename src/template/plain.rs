//! Plain ECS task definitions: the documents that `aws ecs register-task-definition` takes and
//! `describe-task-definition` gives, in the spelling of the Amazon ECS API.
//!
//! Owns the change of spelling to that of CloudFormation, so that one set of rules reads both. Must not know rules.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>

use crate::document::{Entry, Node, Span, Value};

/// Maps whose keys are the author's own, not names of properties.
const DICTIONARIES: &[&str] = &["options", "dockerLabels", "driverOpts", "labels"];

/// Names whose spelling in CloudFormation is more than a capital letter.
const IRREGULAR: &[(&str, &str)] = &[
    ("efsVolumeConfiguration", "EFSVolumeConfiguration"),
    ("fsxWindowsFileServerVolumeConfiguration", "FSxWindowsFileServerVolumeConfiguration"),
    ("s3filesVolumeConfiguration", "S3FilesVolumeConfiguration"),
    ("iam", "IAM"),
];

/// The plain task definitions of a document, which is one or a list of them: their properties as CloudFormation spells
/// them, each made when it is its turn. A property that the document spells as CloudFormation does is unknown to Amazon
/// ECS, and stays unknown here.
pub fn from_plain<'r, 'a>(root: &'r Node<'a>) -> impl Iterator<Item = Node<'a>> + use<'r, 'a> {
    let documents = match &root.value {
        Value::Sequence(items) => &**items,
        _ => std::slice::from_ref(root),
    };
    let of_document = |document: &'r Node<'a>| {
        let entries = if let Value::Mapping(entries) = &document.value { &**entries } else { &[] };
        let described =
            entries.iter().filter(|entry| entry.key == "taskDefinition").map(|entry| &entry.value);
        let whole = Some(document).filter(|_| !entries.is_empty());
        let is_one = |node: &&Node<'_>| node.get("containerDefinitions").is_some();
        whole.into_iter().chain(described).filter(is_one).map(respelled)
    };
    documents.iter().flat_map(of_document)
}

/// The key that stands at a place in a document, as it is written there.
pub fn written_key<'r>(node: &'r Node<'_>, place: Span) -> Option<&'r str> {
    let holds = |node: &&Node<'_>| {
        node.span.is_some_and(|span| span.start() <= place.start() && place.end() <= span.end())
    };
    match &node.value {
        Value::Mapping(entries) => {
            let written = entries.iter().find(|entry| entry.key_span == Some(place));
            written.map(|entry| &*entry.key).or_else(|| {
                let mut values = entries.iter().map(|entry| &entry.value).filter(holds);
                values.find_map(|value| written_key(value, place))
            })
        }
        Value::Sequence(items) => items.iter().filter(holds).find_map(|item| written_key(item, place)),
        _ => None,
    }
}

fn respelled<'a>(node: &Node<'a>) -> Node<'a> {
    let value = match &node.value {
        Value::Sequence(items) => Value::Sequence(items.iter().map(respelled).collect()),
        Value::Mapping(entries) => Value::Mapping(entries.iter().map(entry).collect()),
        other => other.clone(),
    };
    Node { value, span: node.span }
}

fn entry<'a>(entry: &Entry<'a>) -> Entry<'a> {
    let is_dictionary = DICTIONARIES.contains(&&*entry.key) && matches!(entry.value.value, Value::Mapping(_));
    let value = if is_dictionary { entry.value.clone() } else { respelled(&entry.value) };
    Entry { key: spelling(&entry.key).into(), key_span: entry.key_span, value }
}

/// How a plain task definition spells a name of CloudFormation, inside a property that it spells so itself.
pub fn plain_spelling(name: &str, parent: Option<&str>) -> String {
    if parent.is_some_and(|parent| DICTIONARIES.contains(&parent)) {
        return name.to_owned();
    }
    let irregular = IRREGULAR.iter().find(|(_, irregular)| *irregular == name);
    irregular.map_or_else(|| spelling(name), |(plain, _)| (*plain).to_owned())
}

fn spelling(key: &str) -> String {
    if let Some((_, irregular)) = IRREGULAR.iter().find(|(name, _)| *name == key) {
        return (*irregular).to_owned();
    }
    let mut characters = key.chars();
    match characters.next() {
        // Not a name of the API: in CloudFormation's spelling it would be one by mistake.
        Some(first) if first.is_uppercase() => first.to_lowercase().chain(characters).collect(),
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Names of properties as messages have them. A name that is missing here is told as CloudFormation spells it.
const NAMES: &[&str] = &[
    "Add",
    "Capabilities",
    "Command",
    "ContainerDefinitions",
    "Devices",
    "DockerSecurityOptions",
    "Drop",
    "EFSVolumeConfiguration",
    "EnableFaultInjection",
    "Environment",
    "Essential",
    "ExecutionRoleArn",
    "FirelensConfiguration",
    "HealthCheck",
    "HostPath",
    "Image",
    "Interactive",
    "IpcMode",
    "LinuxParameters",
    "LogConfiguration",
    "LogDriver",
    "Memory",
    "MemoryReservation",
    "Name",
    "Namespace",
    "NetworkMode",
    "OperatingSystemFamily",
    "Options",
    "PidMode",
    "Privileged",
    "PseudoTerminal",
    "ReadonlyRootFilesystem",
    "RequiresCompatibilities",
    "RuntimePlatform",
    "Secrets",
    "SourcePath",
    "SystemControls",
    "TaskRoleArn",
    "TransitEncryption",
    "User",
    "Value",
    "ValueFrom",
    "Volumes",
];

/// What comes before the key that a property is written by, in a message about it.
const UNKNOWN: &str = "unknown property `";

/// A message in the spelling of the Amazon ECS API: what stands between backticks and begins with a property's name. A key
/// that is none is told as it is `written`.
pub fn in_plain_words(message: &str, written: Option<&str>) -> String {
    if let Some(written) = written
        && let Some((before, after)) = message.split_once(UNKNOWN)
        && let Some((_, after)) = after.split_once('`')
    {
        return format!("{}{UNKNOWN}{written}`{}", names_in_plain_words(before), names_in_plain_words(after));
    }
    names_in_plain_words(message)
}

fn names_in_plain_words(message: &str) -> String {
    let mut words = String::with_capacity(message.len());
    let mut before = "";
    for (at, part) in message.split('`').enumerate() {
        if at > 0 {
            words.push('`');
        }
        let name_end = part.find([':', ' ']).unwrap_or(part.len());
        let (name, rest) = part.split_at(name_end);
        let is_name = |part: &str| NAMES.contains(&part);
        // What a property is, is a value, whatever it looks like.
        if at % 2 == 1 && !before.ends_with(" is ") && name.split('.').all(is_name) {
            words += &name.split('.').map(in_other_spelling).collect::<Vec<_>>().join(".");
            words += rest;
        } else {
            words += part;
        }
        before = part;
    }
    words
}

fn in_other_spelling(name: &str) -> String {
    match IRREGULAR.iter().find(|(_, irregular)| *irregular == name) {
        Some((plain, _)) => (*plain).to_owned(),
        None => spelling(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{from_plain, in_plain_words, plain_spelling, written_key};
    use crate::document::{Node, Span, Value, json};

    /// The keys of a tree, each behind those that it is below.
    fn keys(node: &Node<'_>) -> String {
        match &node.value {
            Value::Mapping(entries) => {
                let keys: Vec<_> =
                    entries.iter().map(|entry| format!("{}{}", entry.key, keys(&entry.value))).collect();
                format!("{{{}}}", keys.join(" "))
            }
            Value::Sequence(items) => format!("[{}]", items.iter().map(keys).collect::<Vec<_>>().join(" ")),
            _ => String::new(),
        }
    }

    #[test]
    fn documents_are_respelled_wherever_they_are() {
        for (text, expected) in [
            (r#"{"family": "a", "containerDefinitions": []}"#, "{Family ContainerDefinitions[]}"),
            (r#"{"taskDefinition": {"containerDefinitions": []}, "tags": []}"#, "{ContainerDefinitions[]}"),
            (
                r#"[{"containerDefinitions": []}, 1, {"taskDefinition": {"containerDefinitions": []}}]"#,
                "{ContainerDefinitions[]} {ContainerDefinitions[]}",
            ),
            (
                r#"{"containerDefinitions": [], "taskDefinition": {"containerDefinitions": []}}"#,
                "{ContainerDefinitions[] TaskDefinition{ContainerDefinitions[]}} {ContainerDefinitions[]}",
            ),
            (r#"{"ContainerDefinitions": []}"#, ""),
            (r#"{"family": "a"}"#, ""),
            ("{}", ""),
            ("[[]]", ""),
            (
                r#"{"containerDefinitions": [{"logConfiguration": {"options": {"mode": "x"}}, "User": "a"}]}"#,
                "{ContainerDefinitions[{LogConfiguration{Options{mode}} user}]}",
            ),
            (
                r#"{"containerDefinitions": [{"dockerLabels": {"a": "b"}, "options": [{"b": "c"}]}], "volumes": [{"efsVolumeConfiguration": {"authorizationConfig": {"iam": "ENABLED"}}}]}"#,
                "{ContainerDefinitions[{DockerLabels{a} Options[{B}]}] Volumes[{EFSVolumeConfiguration{AuthorizationConfig{IAM}}}]}",
            ),
        ] {
            let root = json::read(text.as_bytes()).unwrap();
            let found: Vec<_> = from_plain(&root).map(|node| keys(&node)).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_key_is_found_as_it_is_written() {
        let text = r#"{"containerDefinitions": [{"User": "a"}, {"\u0055SER": {}}], "VOLUMES": []}"#;
        let root = json::read(text.as_bytes()).unwrap();
        for (place, key) in [
            ("\"User\"", Some("User")),
            ("\"\\u0055SER\"", Some("USER")),
            ("\"VOLUMES\"", Some("VOLUMES")),
            ("\"a\"", None),
        ] {
            let start = text.find(place).unwrap();
            assert_eq!(written_key(&root, Span::new(start, start + place.len())), key, "{place}");
        }
    }

    #[test]
    fn names_in_the_spelling_of_the_api() {
        for (name, parent, expected) in [
            ("ReadonlyRootFilesystem", None, "readonlyRootFilesystem"),
            ("EFSVolumeConfiguration", None, "efsVolumeConfiguration"),
            ("IAM", Some("authorizationConfig"), "iam"),
            ("Mode", Some("options"), "Mode"),
            ("User", Some("containerDefinitions"), "user"),
            ("", None, ""),
        ] {
            assert_eq!(plain_spelling(name, parent), expected, "{name}");
        }
    }

    #[test]
    fn messages_in_the_spelling_of_the_api() {
        for (message, expected) in [
            ("`Privileged` is true", "`privileged` is true"),
            ("Set `Privileged: false` or remove it.", "Set `privileged: false` or remove it."),
            ("`Capabilities.Add` names `Add`", "`capabilities.add` names `add`"),
            ("Use `LinuxParameters.Other`", "Use `LinuxParameters.Other`"),
            ("`User` is `Name`, which is root", "`user` is `Name`, which is root"),
            ("User is `Image x`", "User is `Image x`"),
            ("set `Image x`", "set `image x`"),
            ("`EFSVolumeConfiguration`", "`efsVolumeConfiguration`"),
            ("the key `user` is there", "the key `user` is there"),
            ("no name", "no name"),
            ("", ""),
        ] {
            assert_eq!(in_plain_words(message, None), expected);
        }
        for (message, written, expected) in [
            (
                "unknown property `user`, did you mean `User`?",
                "User",
                "unknown property `User`, did you mean `user`?",
            ),
            (
                "`Image` is open, and `User` has an unknown property `uSER`, did you mean `User`?",
                "USER",
                "`image` is open, and `user` has an unknown property `USER`, did you mean `user`?",
            ),
            ("`Privileged` is true", "Privileged", "`privileged` is true"),
        ] {
            assert_eq!(in_plain_words(message, Some(written)), expected);
        }
    }
}
