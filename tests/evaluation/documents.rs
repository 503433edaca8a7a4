//! What a document is: a template, a plain task definition, both, or an answer that holds one.
//!
//! Owns the shapes that are recognised. What is in a template, the other tests have.

use ecs_guard::check::{check, could_concern};
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;

use super::{judged, verdict_of};

#[test]
fn json_with_comments_is_said_to_be_no_json() {
    for text in [
        "{\n  // the task\n  \"Resources\": {\"T\": {\"Type\": \"AWS::ECS::TaskDefinition\"}}\n}\n",
        "{\"Resources\": {\"T\": {/* why */ \"Type\": \"AWS::ECS::TaskDefinition\"}}}",
        "{\"Resources\": {\"T\": {\"Type\": \"AWS::ECS::TaskDefinition\" // why\n}}}",
    ] {
        let unreadable = ecs_guard::check::read_document(text).unwrap_err();
        assert_eq!(unreadable.message, "a comment, which JSON does not have", "{text}");
        assert!(text[unreadable.span.start() as usize..].starts_with('/'), "{text}");
    }
    for text in [
        "// why\n{\"Resources\": {\"T\": {\"Type\": \"AWS::ECS::TaskDefinition\"}}}",
        " /* why */ {\"family\": \"a\", \"containerDefinitions\": []}",
    ] {
        let unreadable = ecs_guard::check::read_document(text).unwrap_err();
        assert_eq!(unreadable.message, "a comment, which neither JSON nor YAML has", "{text}");
        assert!(text[unreadable.span.start() as usize..].starts_with('/'), "{text}");
    }
    let other = "//server/x:\n  a: 1\n";
    assert!(check("other.yaml", other, &Given::default(), &Policy::baseline()).is_none());
}

#[test]
fn what_get_template_answers_is_a_template() {
    let body = r#"{"Resources": {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "a", "Privileged": true}]}}}}"#;
    let (verdict, findings) = judged(
        &format!(r#"{{"TemplateBody": {body}, "StagesAvailable": []}}"#),
        &Given::default(),
        "privileged-container",
    );
    assert_eq!((verdict, findings.len()), (Verdict::Fail, 1));
    let as_text =
        format!(r#"{{"TemplateBody": {}, "StagesAvailable": []}}"#, serde_json::to_string(body).unwrap());
    let file = check("t.json", &as_text, &Given::default(), &Policy::baseline()).unwrap();
    assert_eq!(file.notes[0].message, "the template that this text holds is not judged");
    assert!(file.notes[0].is_unknown);
    let reversed = format!(r#"{{"StagesAvailable": [], "TemplateBody": {body}}}"#);
    assert_eq!(judged(&reversed, &Given::default(), "privileged-container").0, Verdict::Fail);
    // Beside something else it is no answer.
    let plain = r#""family": "a", "containerDefinitions": [{"name": "a", "privileged": true}]"#;
    for other in [r#"{"TemplateBody": {"Resources": {}}, "#, r#"{"TemplateBody": "Resources: {}", "#] {
        let (verdict, _) = judged(&format!("{other}{plain}}}"), &Given::default(), "privileged-container");
        assert_eq!(verdict, Verdict::Fail, "{other}");
    }
    for none in [r#"{"TemplateBody": {}}"#, r#"{"TemplateBody": "text"}"#, r#"{"TemplateBody": 1}"#] {
        assert!(check("t.json", none, &Given::default(), &Policy::baseline()).is_none(), "{none}");
    }
}

#[test]
fn a_document_that_claims_to_be_both_is_judged_as_both() {
    let plain = "family: x\ncontainerDefinitions: [{name: a, privileged: true}]\n";
    let resources = "Resources: {T: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: b, Privileged: true}]}}}\n";
    for (text, expected) in [
        (format!("{plain}Resources: {{}}\n"), 1),
        (format!("{plain}Transform: AWS::Serverless-2016-10-31\n"), 1),
        (format!("{plain}{resources}"), 2),
    ] {
        let file = check("x.yaml", &text, &Given::default(), &Policy::baseline()).unwrap();
        let judged = file.judged.unwrap();
        let failed = judged.iter().filter(|task| verdict_of(task) == Verdict::Fail).count();
        assert_eq!((judged.len(), failed), (expected, expected), "{text}");
    }
}

#[test]
fn a_macro_is_seen_behind_comments() {
    for transform in [
        "Transform:\n- AWS::LanguageExtensions\n# ours\n- Acme\n",
        "Transform:\n- AWS::Serverless-2016-10-31 # SAM\n- Acme\n",
        "Transform: # all\n- AWS::LanguageExtensions # one\r\n  # two\r\n- Acme\r\n",
        "Transform: # ours\n  Acme\n",
    ] {
        assert!(could_concern(&format!("{transform}Resources: {{}}\n")), "{transform}");
    }
    let others = "Transform: AWS::Serverless-2016-10-31 # SAM\n# - Acme\nResources: {}\n";
    assert!(!could_concern(others), "a comment is no macro");
}

#[test]
fn plain_task_definitions_are_recognised_by_shape() {
    for text in [
        r#"{"family": "web", "containerDefinitions": [{"name": "a", "privileged": true}]}"#,
        r#"{"taskDefinition": {"family": "web", "containerDefinitions": [{"name": "a", "privileged": true}]}}"#,
    ] {
        let (verdict, findings) = judged(text, &Given::default(), "privileged-container");
        assert_eq!(verdict, Verdict::Fail);
        assert_eq!(findings[0].span.unwrap().slice(text), "true");
    }
    let bad = r#"{"family": "bad", "containerDefinitions": [{"name": "a", "privileged": true}]}"#;
    let good = r#"{"family": "good", "containerDefinitions": [{"name": "a"}]}"#;
    for text in [
        format!("[{good}, {{\"taskDefinition\": {bad}, \"tags\": []}}]"),
        format!(r#"{{"taskDefinition": {good}, "taskDefinition": {bad}}}"#),
        format!(r#"{{"taskDefinition": {bad}, "containerDefinitions": []}}"#),
    ] {
        let file = check("list.json", &text, &Given::default(), &Policy::baseline()).unwrap();
        let verdicts: Vec<_> = file.judged.unwrap().iter().map(verdict_of).collect();
        assert_eq!((verdicts.len(), verdicts[1]), (2, Verdict::Fail), "{text}");
    }
    for (property, rule) in [
        (r#""privileged": {"Ref": "P"}"#, "privileged-container"),
        (r#""readonlyRootFilesystem": {"Fn::If": ["C", true, true]}"#, "writable-root-filesystem"),
        (r#""user": {"Fn::Sub": "app"}"#, "root-user"),
        (r#""linuxParameters": {"Fn::If": ["C", {}, {}]}"#, "added-linux-capabilities"),
        (r#""logConfiguration": {"Ref": "L"}"#, "blocking-awslogs"),
    ] {
        let function =
            format!(r#"{{"family": "web", "containerDefinitions": [{{"name": "a", {property}}}]}}"#);
        let (verdict, findings) = judged(&function, &Given::default(), rule);
        assert_eq!(verdict, Verdict::Fail, "to Amazon ECS a function is a map: {findings:?}");
    }
    for containers in [r#"{"Ref": "C"}"#, r#"[{"Fn::If": ["C", {"name": "a"}, {"name": "b"}]}]"#] {
        let text = format!(r#"{{"family": "web", "containerDefinitions": {containers}}}"#);
        let (verdict, findings) = judged(&text, &Given::default(), "privileged-container");
        assert_eq!(verdict, Verdict::Fail, "{findings:?}");
        assert!(findings[0].message.ends_with("a function, which Amazon ECS does not have"), "{findings:?}");
    }
    let elsewhere = r#"{"family": "web", "runtimePlatform": {"operatingSystemFamily": {"Ref": "System"}}, "containerDefinitions": [{"name": "a"}]}"#;
    let (verdict, findings) = judged(elsewhere, &Given::default(), "writable-root-filesystem");
    assert_eq!(verdict, Verdict::Fail, "{findings:?}");
    assert!(findings[0].message.ends_with("; Amazon ECS has no functions"), "{findings:?}");
    let open = r#"{"family": "web", "containerDefinitions": [{"name": "a", "user": "{{resolve:ssm:/u}}"}]}"#;
    assert_eq!(judged(open, &Given::default(), "root-user").0, Verdict::Unknown);
    let twice = r#"{"family": "web", "containerDefinitions": [{"name": "a", "privileged": false, "privileged": false}]}"#;
    let file = check("twice.json", twice, &Given::default(), &Policy::baseline()).unwrap();
    let help = file.notes[0].help.as_deref();
    assert_eq!(help, Some("Keep one: which of them Amazon ECS takes is not promised."));
    let incomplete = r#"{"family": "web", "containerDefinitions": [{"name": "a", "logConfiguration": {"logDriver": "awslogs"}}]}"#;
    for rule in ["writable-root-filesystem", "root-user", "blocking-awslogs"] {
        let (_, findings) = judged(incomplete, &Given::default(), rule);
        let words = format!("{} {}", findings[0].message, findings[0].remediation);
        assert!(!words.contains("`R") && !words.contains("`U") && !words.contains("`L"), "{words}");
    }
}

#[test]
fn a_key_of_a_plain_task_definition_is_told_as_it_is_written() {
    for (rule, container, beside, written, meant) in [
        (
            "writable-root-filesystem",
            r#""ReadonlyRootFilesystem": true"#,
            "",
            "ReadonlyRootFilesystem",
            "readonlyRootFilesystem",
        ),
        (
            "writable-root-filesystem",
            r#""readOnlyRootFilesystem": true"#,
            "",
            "readOnlyRootFilesystem",
            "readonlyRootFilesystem",
        ),
        ("added-linux-capabilities", r#""LinuxParameters": {}"#, "", "LinuxParameters", "linuxParameters"),
        ("host-network-mode", "", r#", "networkmode": "host""#, "networkmode", "networkMode"),
        ("sensitive-host-path", "", r#", "VOLUMES": []"#, "VOLUMES", "volumes"),
        (
            "blocking-awslogs",
            r#""logConfiguration": {"logDriver": "awslogs", "options": {"Mode": "non-blocking"}}"#,
            "",
            "Mode",
            "mode",
        ),
    ] {
        let comma = if container.is_empty() { "" } else { ", " };
        let text = format!(
            r#"{{"family": "web", "containerDefinitions": [{{"name": "a"{comma}{container}}}]{beside}}}"#
        );
        let policy = Policy::of(Profile::Pedantic);
        let file = check("task.json", &text, &Given::default(), &policy).unwrap();
        let tasks = file.judged.unwrap();
        let outcome = tasks[0].report.outcomes.iter().find(|outcome| outcome.rule.name == rule).unwrap();
        let finding = &outcome.findings.kept[0];
        let message = format!("unknown property `{written}`, did you mean `{meant}`?");
        assert_eq!(finding.message, message);
        let proposal = finding.fix.as_ref().and_then(|fix| fix.proposal.as_ref()).unwrap();
        assert_eq!(proposal.title, format!("write `{meant}` for `{written}`"));
        assert!(proposal.edits.is_ok(), "{written}: {:?}", proposal.edits);
    }
}
