//! The bypass suite: ways to slip something past a checker, or to be falsely accused by one.
//!
//! Owns how a case of `tests/bypass/*.toml` becomes a file or an event, and the table of `make bypass`, which puts other
//! tools beside ours. The cases tell what is true; they must not know what any tool says of them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

#[path = "bypass/generated.rs"]
mod generated;
#[path = "bypass/peers.rs"]
mod peers;
#[path = "bypass/seeds.rs"]
mod seeds;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use ecs_guard::check::check;
use ecs_guard::finding::Verdict;
use ecs_guard::hook::{Hook, Prepared, Status};
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;
use serde::Deserialize;
use serde_json::json;

/// One file: cases of a kind, and what they have in common.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    about: String,
    case: Vec<Case>,
}

/// One attempt. What is judged is `text`, or what `generate` makes, or a whole around `container` or `properties`.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    kind: Kind,
    rule: String,
    /// What is true of the rule, by the semantics of CloudFormation, Amazon ECS and the container runtime.
    verdict: Truth,
    /// Whether the hook must stop it; every case that is not a template says so.
    blocked: Option<bool>,
    why: String,
    /// A template, or a whole event.
    text: Option<String>,
    /// What stands beside the name in the only container of a template, or of an event in JSON.
    container: Option<String>,
    /// What stands above `Resources` in that template.
    sections: Option<String>,
    /// The properties of an event's task definition.
    properties: Option<String>,
    /// The name of a function of `generated`.
    generate: Option<String>,
    /// The template that was deployed before, for a stack.
    previous: Option<String>,
    /// The changed resources of a change set.
    changes: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    encoding: Encoding,
}

#[derive(Deserialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Template,
    Event,
    Stack,
    ChangeSet,
}

#[derive(Deserialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Truth {
    Fail,
    #[default]
    Pass,
    Unknown,
    NotApplicable,
    /// There is no task definition.
    Nothing,
    /// It cannot be read, and nobody may believe that it was.
    Unreadable,
}

#[derive(Deserialize, Debug, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Encoding {
    #[default]
    Utf8,
    ByteOrderMark,
    CarriageReturnLineFeed,
    CarriageReturn,
    Utf16,
    Latin1,
}

impl Encoding {
    fn of(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.into(),
            Self::ByteOrderMark => format!("\u{feff}{text}").into(),
            Self::CarriageReturnLineFeed => text.replace('\n', "\r\n").into(),
            Self::CarriageReturn => text.replace('\n', "\r").into(),
            Self::Utf16 => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Latin1 => text.chars().map(|character| u8::try_from(character).unwrap()).collect(),
        }
    }
}

impl Case {
    /// The text that is judged: a template, or properties in JSON, or a whole event.
    fn written(&self) -> String {
        match (&self.text, &self.container, &self.properties, &self.generate) {
            (Some(text), None, None, None) => text.clone(),
            (None, Some(container), None, None) if self.kind == Kind::Event => {
                format!(r#"{{"ContainerDefinitions": [{{"Name": "web", {container}}}]}}"#)
            }
            (None, Some(container), None, None) => format!(
                "{}\nResources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
                 ContainerDefinitions:\n        - {{Name: web, {container}}}\n",
                self.sections.as_deref().unwrap_or_default()
            ),
            (None, None, Some(properties), None) => properties.clone(),
            (None, None, None, Some(name)) => generated::text(name),
            _ => panic!("{}: exactly one of text, container, properties and generate", self.name),
        }
    }

    /// The event and the body behind its URL.
    fn event(&self) -> (Vec<u8>, Vec<u8>) {
        let (target, data) = match self.kind {
            Kind::Template => panic!("a template is no event"),
            Kind::Event if self.text.is_some() => return (self.encoding.of(&self.written()), Vec::new()),
            Kind::Event => {
                let properties = self.written();
                let model = format!(
                    r#""targetLogicalId": "Task", "targetModel": {{"resourceProperties": {properties}}}"#
                );
                ("AWS::ECS::TaskDefinition", model)
            }
            Kind::Stack => ("STACK", r#""payload": "https://bucket.s3.amazonaws.com/body?x""#.to_owned()),
            Kind::ChangeSet => {
                ("CHANGE_SET", r#""payload": "https://bucket.s3.amazonaws.com/body?x""#.to_owned())
            }
        };
        let event = format!(
            r#"{{"clientRequestToken": "3f0d1c52-8a77-4f57-9b1e-6c2f0b7de901", "awsAccountId": "111122223333",
            "stackId": "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/5d9e4c10-b0a1-11ef-9a3e-0a58a9feac02",
            "actionInvocationPoint": "CREATE_PRE_PROVISION", "requestContext": {{"invocation": 1}},
            "requestData": {{"targetName": "{target}", "targetType": "{target}", {data}}}}}"#
        );
        let body = match (self.kind, &self.changes) {
            (Kind::Stack, _) => {
                json!({"template": self.written(), "previousTemplate": self.previous}).to_string()
            }
            (Kind::ChangeSet, Some(changes)) => {
                format!(r#"{{"template": {}, "changedResources": {changes}}}"#, json!(self.written()))
            }
            _ => String::new(),
        };
        (self.encoding.of(&event), body.into())
    }

    /// What ours says of the rule, and whether it stops the operation.
    fn judged(&self) -> (Truth, Option<bool>) {
        let mut policy = Policy::baseline();
        policy.rules.retain(|setting| setting.rule.metadata().name == self.rule);
        assert_eq!(policy.rules.len(), 1, "{}: there is no rule {}", self.name, self.rule);
        if self.kind == Kind::Template {
            return (self.checked(&policy), None);
        }
        let (event, body) = self.event();
        let outside = Prepared {
            body: Ok(body),
            today: "2026-11-25".parse().unwrap(),
            stack_tags: Err("nobody asks for them here".into()),
        };
        let answer = Hook::new(Ok(policy)).respond(&event, &outside);
        let is_blocked = answer.response.hook_status != Status::Success;
        let found = match answer.record.verdicts.as_slice() {
            _ if answer.record.is_internal_error => Truth::Unreadable,
            [(_, verdict)] => Truth::of(*verdict),
            _ => Truth::Nothing,
        };
        (found, Some(is_blocked))
    }

    fn checked(&self, policy: &Policy) -> Truth {
        let Ok(text) = String::from_utf8(self.encoding.of(&self.written())) else { return Truth::Unreadable };
        let given = Given { parameters: self.parameters.clone(), ..Given::default() };
        let Some(file) = check("template.yaml", &text, &given, policy) else { return Truth::Nothing };
        let Ok(tasks) = file.judged else { return Truth::Unreadable };
        let outcomes = tasks.iter().flat_map(|task| &task.report.outcomes);
        let worst = outcomes.map(|outcome| outcome.findings.verdict).max();
        worst.map_or(Truth::Nothing, Truth::of)
    }
}

impl Truth {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fail => Self::Fail,
            Verdict::Unknown => Self::Unknown,
            Verdict::Pass => Self::Pass,
            Verdict::NotApplicable => Self::NotApplicable,
            Verdict::Excepted => panic!("the baseline excuses nothing"),
        }
    }
}

/// Every case, by family.
fn families() -> Vec<(String, Family)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bypass");
    let paths: BTreeSet<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    let of_cases = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let family = toml::from_str(&fs::read_to_string(path).unwrap());
        (name.clone(), family.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    of_cases.map(read).collect()
}

#[test]
fn every_case_is_judged_as_it_is() {
    let mut wrong = Vec::new();
    for (family, Family { case: cases, .. }) in families() {
        for case in cases {
            let (found, is_blocked) = case.judged();
            if found != case.verdict || is_blocked != case.blocked {
                wrong.push(format!(
                    "{family}: {}: {found:?}, blocked {is_blocked:?}, and it is {:?}, blocked {:?}: {}",
                    case.name, case.verdict, case.blocked, case.why
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_suite_is_whole() {
    let families = families();
    let mut names = BTreeSet::new();
    let mut by_truth = BTreeMap::new();
    for (family, Family { about, case: cases }) in &families {
        assert!(about.ends_with('.'), "{family} does not say what it is about");
        for case in cases {
            assert!(case.why.ends_with('.'), "{}: why is a sentence", case.name);
            assert!(names.insert(&case.name), "{} is there twice", case.name);
            *by_truth.entry(format!("{:?}", case.verdict)).or_insert(0) += 1;
        }
    }
    assert!(names.len() >= 150, "{} cases", names.len());
    // A checker that says the same of everything would be right too often otherwise.
    assert!(by_truth["Fail"] >= 50 && by_truth["Pass"] >= 40 && by_truth["Unknown"] >= 20, "{by_truth:?}");
}

/// `make fuzz`: every attempt, and the project's own files, as something to begin with.
#[test]
#[ignore = "it writes the seeds of the fuzz targets"]
fn seeds() {
    seeds::write(&families(), Path::new(&env::var_os("FUZZ_SEEDS").expect("FUZZ_SEEDS names the folder")));
}

/// `make bypass`: what every tool that is there says, as a table.
#[test]
#[ignore = "it asks other tools"]
fn table() {
    peers::print_table(&families());
}
