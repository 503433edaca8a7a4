//! What `ecs-guard check` says in each format, to people and to the programs that read it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use anstream::adapter::strip_str;
use ecs_guard::check::{CheckedFile, Checking, Note, Totals, Unreadable, check, repair};
use ecs_guard::document::{LineIndex, Span, steers};
use ecs_guard::finding::Applicability;
use ecs_guard::output::{self, Ending, Fixing, Inputs, Run, Strictness, Unlisted, UnreadableFile};
use ecs_guard::policy::{self, Policy};
use ecs_guard::template::Given;
use quick_xml::events::Event;
use serde_json::Value;

fn checked<'a>(path: &'a str, text: &'a str, policy: &Policy) -> CheckedFile<'a> {
    check(path, text, &Given::default(), policy).unwrap()
}

fn run(policy: &Policy) -> Run<'_> {
    Run {
        policy,
        verbose: false,
        quiet: false,
        strictness: Strictness::default(),
        fixing: None,
        inputs: Inputs::Files,
        nested_stack: None,
    }
}

/// The output of a run, put together as `Format` says.
fn written(name: &str, files: &[CheckedFile<'_>], run: &Run<'_>) -> String {
    written_with(name, files, Vec::new(), run)
}

fn written_with(
    name: &str,
    files: &[CheckedFile<'_>],
    mut unreadable: Vec<UnreadableFile>,
    run: &Run<'_>,
) -> String {
    let format = output::format(name).unwrap();
    let mut totals = Totals { unreadable: unreadable.len(), ..Totals::default() };
    let mut text = format.begin(run);
    let mut is_first = true;
    for file in files {
        totals.add(Totals::of(file));
        if let Err(problem) = &file.judged {
            let position = Some(LineIndex::new(file.text).position(problem.span.start() as usize));
            unreadable.push(UnreadableFile { path: file.path.into(), position, problem: problem.clone() });
        }
        let part = output::of_file(&*format, file, run);
        if !part.is_empty() {
            text += if is_first { "" } else { format.separator() };
            is_first = false;
            text += &part;
        }
    }
    let unlisted = Unlisted::default();
    let told: Vec<_> = unreadable.iter().map(|file| format.unreadable(file, run)).collect();
    let end = format.end(&Ending { totals: &totals, unlisted: &unlisted, tally: None }, run);
    text += &end.before_unreadable;
    text += &told.join(format.separator());
    text += &end.after_unreadable;
    if name == "text" { strip_str(&text).to_string() } else { text }
}

fn span_of(text: &str, part: &str) -> Span {
    let start = u32::try_from(text.find(part).unwrap()).unwrap();
    Span::of(start, start + u32::try_from(part.len()).unwrap())
}

/// Every kind of finding: failures, a warning, an unknown; secrets stand beside them.
const TEMPLATE: &str = "\
Resources:
  Api:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: web
          Command: [sh, -c, s3cret]
          Environment: [{Name: PASSWORD, Value: s3cret}]
          Privileged: true
          User: !Ref UserId
          LinuxParameters: {Capabilities: {Add: [SYS_ADMIN, NET_ADMIN]}}
        - {Name: side, Environment: [{Name: PASSWORD, Value: s3cret}], User: root, Command: s3cret}
";

/// The policy under which `TEMPLATE` has every kind of finding.
fn mixed() -> Policy {
    policy::read("rules: {writable-root-filesystem: {level: warn}}").unwrap()
}

const MINIFIED: &str = r#"{"Resources":{"A":{"Type":"AWS::ECS::TaskDefinition","Properties":{"ContainerDefinitions":[{"Environment":[{"Name":"P","Value":"s3cret"}],"Command":["s3cret"],"Privileged":"true","Name":"w"},{"Command":["s3cret"]}]}}}}"#;

#[test]
fn every_name_has_a_format() {
    for name in output::FORMATS {
        assert!(output::format(name).is_some(), "{name}");
    }
    assert!(output::format("xml").is_none());
}

#[test]
fn nothing_that_stands_beside_a_value_is_shown() {
    let policy = mixed();
    for name in output::FORMATS {
        for text in [TEMPLATE, MINIFIED] {
            let told = written(name, &[checked("a.yaml", text, &policy)], &run(&policy));
            assert!(told.contains("privileged-container") && !told.contains("s3cret"), "{name}: {told}");
        }
    }
}

#[test]
fn names_of_others_steer_no_terminal_and_break_no_line() {
    let hostile = "x\\n\\e[31m\\x9B\\u202E`|<b>@everyone ::error::%0A,:](http://e.vil) ]]>\\0";
    let text = format!(
        "Resources: {{\"{hostile}\": {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: \"{hostile}\", User: \"{hostile}\", Privileged: true}}, {{User: root, Privileged: !Ref \"{hostile}\"}}]}}}}}}"
    );
    let policy = Policy::baseline();
    let path = "a\n\u{1b}[31m\u{9b},: `|<b>@x.yaml";
    for name in output::FORMATS {
        let mut file = checked(path, &text, &policy);
        file.notes.push(Note {
            span: span_of(&text, "Name"),
            message: "n\u{1b}".into(),
            help: None,
            is_unknown: false,
        });
        let problem = Unreadable { span: Span::NOWHERE, message: "m\u{1b}".into() };
        let unreadable = vec![UnreadableFile { path: path.into(), position: None, problem }];
        let plain = checked("a.yaml", TEMPLATE, &policy);
        let verbose = Run { verbose: true, ..run(&policy) };
        let told = written_with(name, &[file, plain], unreadable, &verbose);
        let steering: Vec<_> =
            told.chars().filter(|character| *character != '\n' && steers(*character)).collect();
        assert!(steering.is_empty(), "{name}: {told}");
        match *name {
            "json" | "sarif" => assert!(serde_json::from_str::<Value>(&told).is_ok(), "{told}"),
            "junit" => assert!(count_elements(&told, "testcase") > 0),
            "github" => assert!(
                told.lines()
                    .all(|line| ["::", "ecs-guard: ", "1 more "].iter().any(|start| line.starts_with(start))),
                "{told}"
            ),
            "markdown" => {
                for outside in told.lines().flat_map(|line| line.split('`').step_by(2)) {
                    assert!(!outside.contains("everyone") && !outside.contains("<b>"), "{told}");
                }
            }
            _ => {}
        }
    }
}

// text

#[test]
fn text_leads_from_what_is_wrong_to_what_to_write() {
    let policy = mixed();
    let told = written("text", &[checked("templates/api.yaml", TEMPLATE, &policy)], &run(&policy));
    for expected in [
        "\
error[privileged-container]: container `web` of `Api`: `Privileged` is true
 --> templates/api.yaml:9:23
  |
9 | Privileged: true
  |             ^^^^
  |
  = help: Set `Privileged: false` or remove it. Fixable with `--fix=unsafe`.

",
        // The property is missing: the mark is under the container's name.
        "\
warning[writable-root-filesystem]: container `side` of `Api`: `ReadonlyRootFilesystem` is not set, which means false
  --> templates/api.yaml:12:18
   |
12 | - {Name: side…
   |          ^^^^
",
        "\
note[root-user]: container `web` of `Api`: `User` is decided by `Ref`, which is not known yet
  --> templates/api.yaml:10:17
   |
10 | User: !Ref UserId
   |       ^^^^^^^^^^^
   |
   = help: Write the value of `User` itself.
",
        // Two findings that are mended alike: the first has no help of its own.
        "\
11 | LinuxParameters: {Capabilities: {Add: [SYS_ADMIN…
   |                                        ^^^^^^^^^

error[added-linux-capabilities]: container `web` of `Api`: `Capabilities.Add` names `NET_ADMIN`
  --> templates/api.yaml:11:61
   |
11 | … NET_ADMIN]}}
   |   ^^^^^^^^^
   |
   = help: Remove it from
",
        "12 | … User: root…\n   |         ^^^^\n",
        "
About the rules
  privileged-container (CRITICAL): A privileged container has the rights of root on the machine that runs it.
    more: `ecs-guard explain privileged-container`
",
        "\necs-guard: 4 failures, 2 warnings, 1 unknown in 1 task definition of 1 file\n",
    ] {
        assert!(told.contains(expected.trim_end_matches("from\n")), "{expected}\nis not in\n{told}");
    }
    assert_eq!(told.matches("or ask for it in the policy's `allow` list").count(), 1);
    assert_eq!(told.matches("ecs-guard explain root-user").count(), 1);
}

#[test]
fn text_names_the_case_and_counts_what_is_not_shown() {
    let policy = policy::read("documentation-url: https://wiki.example/ecs").unwrap();
    let mut file = checked("a.yaml", TEMPLATE, &policy);
    let report = &mut file.judged.as_mut().unwrap()[0].report;
    report.outcomes[0].findings.kept[0].case = Some("when `IsProduction` is true".into());
    report.outcomes[0].findings.further = 3;
    let told = written("text", &[file], &run(&policy));
    assert!(told.contains("= note: this holds when `IsProduction` is true"), "{told}");
    assert!(told.contains("3 more findings of privileged-container in task definition `Api`"), "{told}");
    assert!(told.contains("or https://wiki.example/ecs#root-user"), "{told}");
    assert!(told.contains("\necs-guard: 9 failures, "), "{told}");
}

#[test]
fn text_shows_more_with_verbose_and_only_failures_with_quiet() {
    let policy = mixed();
    let file = || {
        let mut file = checked("a.yaml", TEMPLATE, &policy);
        let message = "`Name` is written twice".to_owned();
        file.notes.push(Note {
            span: span_of(TEMPLATE, "Name"),
            message,
            help: Some("Write it once.".into()),
            is_unknown: false,
        });
        file
    };
    let usual = written("text", &[file()], &run(&policy));
    assert!(usual.contains("note: `Name` is written twice\n --> a.yaml:6:11\n"), "{usual}");
    assert!(usual.contains("= help: Write it once."));
    assert!(!usual.contains("skip["));
    let verbose = written("text", &[file()], &Run { verbose: true, ..run(&policy) });
    let skipped = "skip[blocking-awslogs]: task definition `Api`: no container logs with a driver the rule looks at (a.yaml:2:3)\n";
    assert!(verbose.contains(skipped), "{verbose}");
    let good = "Resources: {A: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Privileged: false, User: app, ReadonlyRootFilesystem: true}]}}}";
    let good = checked("b.yaml", good, &policy);
    let verbose = written("text", &[good], &Run { verbose: true, ..run(&policy) });
    assert!(verbose.contains("pass[privileged-container]: task definition `A` (b.yaml:1:13)\n"), "{verbose}");
    let quiet = written("text", &[file()], &Run { quiet: true, ..run(&policy) });
    assert!(quiet.contains("error[") && !quiet.contains("warning[") && !quiet.contains("note"), "{quiet}");
    let clean =
        checked("b.yaml", "Resources: {A: {Type: AWS::ECS::TaskDefinition, Properties: {}}}", &policy);
    assert_eq!(written("text", &[clean], &Run { quiet: true, ..run(&policy) }), "");
}

#[test]
fn text_says_so_when_nothing_was_judged() {
    let policy = Policy::baseline();
    for quiet in [false, true] {
        let run = Run { quiet, ..run(&policy) };
        let nothing = "ecs-guard: nothing was judged: no template and no task definition was found\n";
        assert_eq!(written("text", &[], &run), nothing);
        let empty = checked("a.yaml", "Resources: {}", &policy);
        let nothing = "ecs-guard: nothing was judged: no task definition in 1 file\n";
        assert_eq!(written("text", &[empty], &run), nothing);
    }
    let names =
        policy.rules.iter().map(|setting| format!("{}: {{level: off}}", setting.rule.metadata().name));
    let off = policy::read(&format!("rules: {{{}}}", names.collect::<Vec<_>>().join(", "))).unwrap();
    let told = written("text", &[checked("a.yaml", TEMPLATE, &off)], &run(&off));
    assert_eq!(told, "ecs-guard: nothing was judged: the policy turns every rule off\n");
}

#[test]
fn text_shows_the_line_that_cannot_be_read_and_goes_on() {
    let policy = Policy::baseline();
    let files =
        [checked("broken.yaml", "a: 1\nb: [x: 1}\n", &policy), checked("api.yaml", TEMPLATE, &policy)];
    let problem = Unreadable { span: Span::NOWHERE, message: "permission denied".into() };
    let closed = UnreadableFile { path: "closed.yaml".into(), position: None, problem };
    let told = written_with("text", &files, vec![closed], &run(&policy));
    assert!(told.starts_with("error: "), "{told}");
    assert!(told.contains("\n --> broken.yaml:2:4\n  |\n2 | b: [x: 1}\n  |    ^\n"), "{told}");
    assert!(told.contains("error[privileged-container]"));
    assert!(told.contains("\nerror: closed.yaml: permission denied\n"), "{told}");
    assert_eq!(told.matches("broken.yaml").count(), 1);
    assert!(told.ends_with("; 2 files cannot be read\n"), "{told}");
}

#[test]
fn many_findings_in_one_long_line_are_told_briefly() {
    let container =
        r#"{"Name":"é","Environment":[{"Name":"P","Value":"s3cret"}],"User":"root"},"#.repeat(400);
    let task = format!(
        r#""T":{{"Type":"AWS::ECS::TaskDefinition","Properties":{{"ContainerDefinitions":[{}]}}}},"#,
        container.trim_end_matches(',')
    );
    let text = format!(r#"{{"Resources":{{{}}}}}"#, task.repeat(3).trim_end_matches(','));
    let policy = Policy::baseline();
    let file = checked("minified.json", &text, &policy);
    let findings = Totals::of(&file).failures;
    assert!(findings >= 2400);
    let told = written("text", &[file], &run(&policy));
    assert!(told.len() < findings * 500, "{} bytes for {findings} findings", told.len());
    assert!(told.lines().all(|line| line.len() < 300));
    let last = text.rfind("\"root\"").unwrap();
    let column = text[..last].chars().count() + 1;
    let expected = format!("--> minified.json:1:{column}\n  |\n1 | … \"User\":\"root\"}}]}}}}}}}}\n");
    assert!(told.contains(&expected), "{expected} is not in {}", &told[told.len() - 2000..]);
}

// json

#[test]
fn json_says_everything_about_a_finding() {
    let policy = mixed();
    let mut file = checked("a.yaml", TEMPLATE, &policy);
    let report = &mut file.judged.as_mut().unwrap()[0].report;
    report.outcomes[0].findings.kept[0].case = Some("when `IsProduction` is true".into());
    report.outcomes[0].findings.further = 3;
    file.notes.push(Note {
        span: span_of(TEMPLATE, "Name"),
        message: "twice".into(),
        help: None,
        is_unknown: false,
    });
    let broken = checked("broken.yaml", "a: [1\n", &policy);
    let verbose = Run { verbose: true, ..run(&policy) };
    let document: Value = serde_json::from_str(&written("json", &[file, broken], &verbose)).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["tool"]["name"], "ecs-guard");
    let file = &document["files"][0];
    assert_eq!(file["path"], "a.yaml");
    assert_eq!(file["taskDefinitions"][0]["name"], "Api");
    let finding = serde_json::json!({
        "rule": "privileged-container",
        "level": "deny",
        "verdict": "fail",
        "severity": "CRITICAL",
        "taskDefinition": "Api",
        "container": { "ordinal": 1, "name": "web" },
        "property": "Privileged",
        "span": {
            "start": { "offset": TEMPLATE.find("true").unwrap(), "line": 9, "column": 23 },
            "end": { "offset": TEMPLATE.find("true").unwrap() + 4, "line": 9, "column": 27 },
        },
        "message": "`Privileged` is true",
        "remediation": "Set `Privileged: false` or remove it.",
        "case": "when `IsProduction` is true",
        "open": [],
        "fix": {
            "title": "set `Privileged` to `false`",
            "applicability": "unsafe",
            "edits": [{
                "span": {
                    "start": { "offset": TEMPLATE.find("true").unwrap(), "line": 9, "column": 23 },
                    "end": { "offset": TEMPLATE.find("true").unwrap() + 4, "line": 9, "column": 27 },
                },
                "text": "false",
            }],
            "obstacle": null,
        },
        "excepted": null,
    });
    assert_eq!(file["findings"][0], finding);
    let unknown = file["findings"].as_array().unwrap().iter().find(|finding| finding["verdict"] == "unknown");
    assert_eq!(unknown.unwrap()["open"], serde_json::json!(["UserId"]));
    let left_out = serde_json::json!([
        { "rule": "privileged-container", "taskDefinition": "Api", "findings": 3 }
    ]);
    assert_eq!(file["leftOut"], left_out);
    assert_eq!(file["passes"][0]["verdict"], "not-applicable");
    assert_eq!(file["notes"][0]["message"], "twice");
    assert_eq!(document["unreadable"][0]["path"], "broken.yaml");
    assert!(document["unreadable"][0]["position"]["line"].is_u64());
    let summary = serde_json::json!({
        "files": 1, "unreadable": 1, "taskDefinitions": 1, "failures": 7, "warnings": 2, "unknowns": 1,
        "excepted": 0, "passes": 0
    });
    assert_eq!(document["summary"], summary);
    let quiet = Run { quiet: true, ..run(&policy) };
    let quiet: Value =
        serde_json::from_str(&written("json", &[checked("a.yaml", TEMPLATE, &policy)], &quiet)).unwrap();
    assert_eq!(quiet["files"][0]["findings"].as_array().unwrap().len(), 4);
    assert_eq!(quiet["summary"]["warnings"], 2);
    assert!(quiet["files"][0].get("passes").is_none());
}

#[test]
fn edits_in_json_can_be_made_by_whoever_reads_them() {
    let policy = Policy::baseline();
    let findings = |text: &str| {
        let document = written("json", &[checked("a.yaml", text, &policy)], &run(&policy));
        let document: Value = serde_json::from_str(&document).unwrap();
        document["files"][0]["findings"].as_array().unwrap().clone()
    };
    for text in [TEMPLATE, MINIFIED] {
        let mut fixes = 0;
        for finding in findings(text) {
            let Some(edits) = finding["fix"]["edits"].as_array() else { continue };
            let mut edited = text.to_owned();
            for edit in edits.iter().rev() {
                let offset =
                    |end: &str| usize::try_from(edit["span"][end]["offset"].as_u64().unwrap()).unwrap();
                edited.replace_range(offset("start")..offset("end"), edit["text"].as_str().unwrap());
            }
            let identity = |finding: &Value| (finding["message"].clone(), finding["container"].clone());
            let left = findings(&edited);
            assert!(!left.iter().any(|other| identity(other) == identity(&finding)), "{finding}\n{edited}");
            fixes += 1;
        }
        assert!(fixes > 0, "{text}");
    }
}

#[test]
fn what_was_done_and_what_was_not_is_told() {
    let policy = Policy::baseline();
    let given = Given { assume_defaults: true, ..Given::default() };
    let text = "Parameters: {P: {Default: 'true'}}\nResources:\n  Api:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
                ContainerDefinitions:\n        - Name: web\n          User: '1'\n          Privileged: !Ref P\n";
    let checking = Checking { path: "a.yaml", given: &given, policy: &policy, excuse: &|_| {} };
    let repaired = repair(text, &checking, Applicability::Unsafe).unwrap();
    let mut file = check("a.yaml", &repaired.text, &given, &policy).unwrap();
    repaired.explain(&mut file);
    let fixing = Fixing { with_unsafe: true, is_preview: false };
    let fixed = Run { fixing: Some(fixing), ..run(&policy) };
    let told = written("text", std::slice::from_ref(&file), &fixed);
    for expected in [
        "fixed[writable-root-filesystem]: container `web` of `Api`: set `ReadonlyRootFilesystem` to `true` (a.yaml)\n\n",
        "  = note: not fixed, because `Privileged` comes from `Ref`\n",
        "\necs-guard: 1 fix made; 1 failure, ",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let document: Value = serde_json::from_str(&written("json", &[file], &fixed)).unwrap();
    let done = serde_json::json!([{
        "rule": "writable-root-filesystem",
        "taskDefinition": "Api",
        "container": { "ordinal": 1, "name": "web" },
        "title": "set `ReadonlyRootFilesystem` to `true`",
        "applicability": "unsafe",
    }]);
    assert_eq!(document["files"][0]["fixed"], done);
    assert_eq!(document["files"][0]["findings"][0]["fix"]["obstacle"], "`Privileged` comes from `Ref`");
    assert_eq!(document["summary"]["fixes"], 1);
}

#[test]
fn json_spans_cover_the_deciding_value() {
    let policy = mixed();
    for text in [TEMPLATE, MINIFIED] {
        let told = written("json", &[checked("a", text, &policy)], &run(&policy));
        let document: Value = serde_json::from_str(&told).unwrap();
        let mut covered = Vec::new();
        for finding in document["files"][0]["findings"].as_array().unwrap() {
            let at = |end: &str| usize::try_from(finding["span"][end]["offset"].as_u64().unwrap()).unwrap();
            covered.push(&text[at("start")..at("end")]);
        }
        let expected: &[&str] = if text == TEMPLATE {
            &["true", "web", "side", "!Ref UserId", "root", "SYS_ADMIN", "NET_ADMIN"]
        } else {
            let second = r#"{"Command":["s3cret"]}"#;
            &["\"true\"", "\"w\"", second, "\"w\"", second]
        };
        assert_eq!(covered, expected);
    }
}

// sarif

fn sarif(files: &[CheckedFile<'_>], run: &Run<'_>) -> Value {
    let told = written("sarif", files, run);
    let log: Value = serde_json::from_str(&told).unwrap();
    let mut schema: Value = serde_json::from_str(include_str!("schemas/sarif-2.1.0.json")).unwrap();
    // The pattern of a member that we do not write has a bracket too many for strict readers of patterns.
    for definition in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{definition}/properties/language")).unwrap();
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{told}");
    log
}

#[test]
fn sarif_is_what_the_schema_and_github_ask_for() {
    let policy = policy::read(
        "{documentation-url: 'https://wiki.example/ecs', rules: {writable-root-filesystem: {level: warn}}}",
    )
    .unwrap();
    let files = [checked("./a b/é.yaml", TEMPLATE, &policy), checked("broken.yaml", "a: [1\n", &policy)];
    let log = sarif(&files, &run(&policy));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), policy.rules.len());
    for rule in rules {
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'));
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## How to fix"));
        assert!(rule["helpUri"].as_str().unwrap().starts_with("https://wiki.example/ecs#"));
        let severity: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.1..=10.0).contains(&severity));
    }
    assert_eq!(rules[0]["defaultConfiguration"]["level"], "error");
    assert_eq!(rules[1]["defaultConfiguration"]["level"], "warning");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 7);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%A9.yaml");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
    }
    let fix = &results[0]["fixes"][0];
    let warning =
        "To fix: set `Privileged` to `false` (unsafe: the container may need what this takes away).";
    assert_eq!(fix["description"]["text"], warning);
    let replacement = serde_json::json!([{
        "deletedRegion": { "startLine": 9, "startColumn": 23, "endLine": 9, "endColumn": 27 },
        "insertedContent": { "text": "false" },
    }]);
    assert_eq!(fix["artifactChanges"][0]["replacements"], replacement);
    assert_eq!(fix["artifactChanges"][0]["artifactLocation"]["uri"], "a%20b/%C3%A9.yaml");
    let levels: Vec<_> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "warning", "warning", "note", "error", "error", "error"]);
    let message = results[0]["message"]["text"].as_str().unwrap();
    assert_eq!(
        message,
        "container `web` of `Api`: `Privileged` is true. Set `Privileged: false` or remove it."
    );
    assert_eq!(results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "Api/web");
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["region"],
        serde_json::json!({ "startLine": 9, "startColumn": 23, "endLine": 9, "endColumn": 27 })
    );
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let place = &invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "broken.yaml");
}

#[test]
fn sarif_of_nothing_is_a_successful_run_without_results() {
    let policy = Policy::baseline();
    let log = sarif(&[], &run(&policy));
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn fingerprints_stay_when_lines_move_and_tell_findings_apart() {
    let policy = Policy::baseline();
    let fingerprints = |text: &str| {
        let log = sarif(&[checked("a.yaml", text, &policy)], &run(&policy));
        let results = log["runs"][0]["results"].as_array().unwrap();
        let of = |result: &Value| result["partialFingerprints"]["ecsGuard/v1"].as_str().unwrap().to_owned();
        results.iter().map(of).collect::<Vec<_>>()
    };
    let before = fingerprints(TEMPLATE);
    let moved = TEMPLATE.replace("Resources:", "# A comment.\n\nResources:").replace("true", "'True'");
    assert_eq!(fingerprints(&moved), before);
    let mut distinct = before.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), before.len());
    assert_ne!(fingerprints(&TEMPLATE.replace("Api", "Web"))[0], before[0]);
}

// junit

fn count_elements(xml: &str, name: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut count = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
                count += usize::from(AsRef::<str>::as_ref(&tag.name()) == name);
            }
            Event::Eof => return count,
            _ => {}
        }
    }
}

#[test]
fn junit_has_a_test_for_each_task_definition_and_rule() {
    let policy = mixed();
    let good = "Resources: {A: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{User: app, ReadonlyRootFilesystem: true}]}}}";
    let files = || {
        [
            checked("a.yaml", TEMPLATE, &policy),
            checked("b.yaml", good, &policy),
            checked("c.yaml", "a: [1", &policy),
        ]
    };
    let xml = written("junit", &files(), &run(&policy));
    for (element, count) in [
        ("testsuites", 1),
        ("testsuite", 3),
        ("testcase", 11),
        ("failure", 3),
        ("skipped", 2),
        ("error", 1),
        ("system-out", 1),
    ] {
        assert_eq!(count_elements(&xml, element), count, "{element} in {xml}");
    }
    assert!(
        xml.contains("<testsuite name=\"a.yaml\" tests=\"5\" failures=\"3\" errors=\"0\" skipped=\"1\">"),
        "{xml}"
    );
    assert!(
        xml.contains("<testcase classname=\"Api\" name=\"privileged-container\" file=\"a.yaml\" line=\"9\">")
    );
    assert!(xml.contains("a.yaml:9:23: failure: container `web` of `Api`"), "{xml}");
    let quiet = written("junit", &files(), &Run { quiet: true, ..run(&policy) });
    assert_eq!((count_elements(&quiet, "testcase"), count_elements(&quiet, "failure")), (4, 3), "{quiet}");
}

// github

#[test]
fn github_annotates_lines_and_says_how_many_it_will_not_show() {
    let policy = mixed();
    let file = checked("a,b:c%.yaml", TEMPLATE, &policy);
    let told = written("github", &[file], &run(&policy));
    let first = "::error file=a%2Cb%3Ac%25.yaml,line=9,endLine=9,col=23,endColumn=26,title=privileged-container::container `web` of `Api`: `Privileged` is true. Set `Privileged: false` or remove it.%0AWhy: `ecs-guard explain privileged-container`\n";
    assert!(told.starts_with(first), "{told}");
    assert_eq!(told.matches("::warning file=").count(), 2);
    assert_eq!(told.matches("::notice file=").count(), 1);
    let summary = "ecs-guard: 4 failures, 2 warnings, 1 unknown in 1 task definition of 1 file\n";
    assert!(told.ends_with(summary), "{told}");
    let files: Vec<_> = (0..5).map(|_| checked("a.yaml", TEMPLATE, &policy)).collect();
    let told = written("github", &files, &run(&policy));
    assert_eq!(told.matches("::error ").count(), 20);
    assert!(told.contains("10 more of kind error"), "{told}");
    assert!(!told.contains("of kind warning") && !told.contains("of kind notice"), "{told}");
}

// markdown

#[test]
fn markdown_begins_with_the_result_and_lists_findings_by_file() {
    let policy =
        policy::read("{documentation-url: 'https://w.example', rules: {root-user: {level: warn}}}").unwrap();
    let files = [checked("b.yaml", TEMPLATE, &policy), checked("a.yaml", "a: [1", &policy)];
    let told = written("markdown", &files, &run(&policy));
    let beginning = "<!-- ecs-guard -->\n### ecs-guard failed\n\n5 failures, 1 warning, 1 unknown in 1 task definition of 1 file; 1 file cannot be read.\n\n**`a.yaml`**\n\n- **cannot be read**, line 1: ";
    assert!(told.starts_with(beginning), "{told}");
    let item = "\n**`b.yaml`**\n\n- **error** [`privileged-container`](https://w.example#privileged-container), line 9: container `web` of `Api`: `Privileged` is true. Set `Privileged: false` or remove it.\n";
    assert!(told.contains(item), "{told}");
    assert_eq!(told.matches("or ask for it in the policy's `allow` list").count(), 1);
}

#[test]
fn markdown_stays_within_a_comment_whatever_the_order_of_the_files() {
    let policy = Policy::baseline();
    let paths: Vec<_> = (0..400).map(|number| format!("templates/{number:03}.yaml")).collect();
    let files = || paths.iter().map(|path| checked(path, TEMPLATE, &policy));
    let told = written("markdown", &files().collect::<Vec<_>>(), &run(&policy));
    assert!(told.len() > 50_000 && told.len() <= 60_000, "{}", told.len());
    assert!(told.contains("000.yaml") && !told.contains("399.yaml"));
    let items = told.lines().filter(|line| line.starts_with("- ")).count();
    let more = format!("\nAnd {} more, which `ecs-guard check` lists.\n", 400 * 7 - items);
    assert!(told.ends_with(&more), "{more}");
    let backwards = written("markdown", &files().rev().collect::<Vec<_>>(), &run(&policy));
    assert_eq!(told, backwards);
}
