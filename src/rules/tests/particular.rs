//! What particular rules say that no example shows: the words, and what their options change.
//!
//! Owns the rows of a user who set an option, or who reads what is wrong. Must not know how a rule comes to it.

use crate::document::yaml;
use crate::engine::evaluate;
use crate::finding::{Findings, Severity, Verdict};
use crate::policy::{self, Policy};

fn findings(properties: &str, rule: &str, policy: &Policy) -> Findings {
    let outcomes = evaluate(&yaml::read(properties).unwrap(), policy).outcomes;
    outcomes.into_iter().find(|outcome| outcome.rule.name == rule).unwrap().findings
}

fn verdict(properties: &str, rule: &str, policy: &Policy) -> Verdict {
    findings(properties, rule, policy).verdict
}

#[test]
fn only_the_log_options_that_are_wrong_are_to_be_set() {
    for (options, expected) in [
        ("", "Set `mode: non-blocking` and `max-buffer-size: 25m` in `LogConfiguration.Options`."),
        ("max-buffer-size: 25m", "Set `mode: non-blocking` in `LogConfiguration.Options`."),
        ("mode: non-blocking", "Set `max-buffer-size: 25m` in `LogConfiguration.Options`."),
    ] {
        let log = format!("LogConfiguration: {{LogDriver: awslogs, Options: {{{options}}}}}");
        let properties = format!("ContainerDefinitions: [{{{log}}}]");
        let findings = findings(&properties, "blocking-awslogs", &Policy::baseline());
        assert_eq!(findings.kept[0].remediation, expected);
    }
}

#[test]
fn an_image_without_a_tag_wants_what_the_policy_requires() {
    for (require, expected) in [
        ("digest", "Pin the image by its digest: `NAME:TAG@sha256:…`."),
        ("tag", "Write a tag other than `latest` behind the name, or a digest."),
    ] {
        let policy = format!("{{profile: pedantic, rules: {{mutable-image: {{require: {require}}}}}}}");
        let policy = policy::read(&policy).unwrap();
        let findings = findings("ContainerDefinitions: [{Image: nginx}]", "mutable-image", &policy);
        assert_eq!(findings.kept[0].remediation, expected);
    }
}

#[test]
fn a_variable_that_holds_a_secret_is_told_by_its_name() {
    let policy = policy::read("profile: restricted").unwrap();
    let variable = "{Name: DATABASE_URL, Value: '{{resolve:secretsmanager:db}}'}";
    let properties = format!("ContainerDefinitions: [{{Environment: [{variable}]}}]");
    let findings = findings(&properties, "plaintext-secret", &policy);
    let told = "`Environment` sets `DATABASE_URL` to a secret by a dynamic reference, which is replaced by its value";
    assert_eq!(findings.kept[0].message, told);
}

#[test]
fn how_a_path_of_the_machine_is_sensitive_is_told() {
    let policy = policy::read("profile: restricted").unwrap();
    for (path, told, severity) in [
        ("/", "", Severity::Critical),
        ("/run/docker.sock", "", Severity::Critical),
        ("/run", "", Severity::High),
        ("/etc/ssl", "", Severity::High),
        ("/var/lib", ", which holds `/var/lib/docker`", Severity::High),
    ] {
        let properties = format!("Volumes: [{{Name: data, Host: {{SourcePath: {path}}}}}]");
        let findings = findings(&properties, "sensitive-host-path", &policy);
        let message = format!("`SourcePath` of volume `data` is `{path}`{told}");
        assert_eq!((&*findings.kept[0].message, findings.kept[0].severity), (&*message, severity));
    }
}

#[test]
fn the_memory_of_a_task_is_an_amount() {
    let policy = policy::read("profile: restricted").unwrap();
    for (memory, expected) in [
        ("512", Verdict::Pass),
        ("'2GB'", Verdict::Pass),
        ("0.5 gb", Verdict::Pass),
        ("0", Verdict::Fail),
        ("0 GB", Verdict::Fail),
        ("2 PB", Verdict::Fail),
        ("GB", Verdict::Fail),
    ] {
        let properties = format!("{{Memory: {memory}, ContainerDefinitions: [{{Name: web}}]}}");
        assert_eq!(verdict(&properties, "unlimited-memory", &policy), expected, "{memory}");
    }
}

#[test]
fn roles_are_the_same_by_what_names_them() {
    let policy = policy::read("profile: pedantic").unwrap();
    let [yes, no, open] = [Verdict::Pass, Verdict::Fail, Verdict::Unknown];
    for (task_role, execution_role, expected) in [
        ("web", "web", no),
        ("web", "execution", yes),
        ("arn:aws:iam::111122223333:role/shop/web", "web", no),
        ("arn:aws:iam::111122223333:role/web", "shop/web", no),
        ("arn:aws:iam::111122223333:role/web", "execution", yes),
        ("arn:aws:iam::111122223333:role/web", "arn:aws:iam::444455556666:role/web", yes),
        ("!Ref Role", "web", open),
        ("!Join ['', [!Ref Path, /web]]", "web", open),
        ("!Join ['', [!Ref Path, /web]]", "execution", yes),
        ("!GetAtt Web.Arn", "!GetAtt [Execution, Arn]", yes),
        ("!GetAtt [Web, Arn]", "!GetAtt [Execution, Outputs.Role]", open),
        ("!GetAtt Web.Arn", "!GetAtt Execution.Outputs.Role", open),
        ("!GetAtt Web.Arn", "!ImportValue Execution.Arn", open),
        ("!If [HasRole, web, !Ref AWS::NoValue]", "[web]", open),
        ("!Sub '${Role}'", "[web]", no),
    ] {
        for [one, other] in [[task_role, execution_role], [execution_role, task_role]] {
            let properties = format!("{{TaskRoleArn: {one}, ExecutionRoleArn: {other}}}");
            assert_eq!(verdict(&properties, "shared-task-role", &policy), expected, "{properties}");
        }
    }
}

#[test]
fn of_what_is_no_capability_it_is_told_which_was_meant_and_not_where_to_ask_for_it() {
    let names = "`Capabilities.Add` names";
    for (name, message, may_be_allowed) in [
        (
            "NET_ADMINS",
            format!("{names} `NET_ADMINS`, an unknown capability, did you mean `NET_ADMIN`?"),
            false,
        ),
        (
            "cap_sys-ptrace",
            format!("{names} `cap_sys-ptrace`, an unknown capability, did you mean `SYS_PTRACE`?"),
            false,
        ),
        ("ALLL", format!("{names} `ALLL`, an unknown capability"), false),
        ("x", format!("{names} `x`, an unknown capability"), false),
        ("''", "`Capabilities.Add` has an empty text, which names no capability".into(), false),
        ("net_admin", format!("{names} `NET_ADMIN`"), true),
    ] {
        let properties =
            format!("ContainerDefinitions: [{{LinuxParameters: {{Capabilities: {{Add: [{name}]}}}}}}]");
        let findings = findings(&properties, "added-linux-capabilities", &Policy::baseline());
        assert_eq!(findings.kept[0].message, message);
        assert_eq!(findings.kept[0].remediation.contains("`allow`"), may_be_allowed, "{name}");
    }
}

#[test]
fn a_volume_is_told_by_its_name_if_it_has_one() {
    let policy = policy::read("profile: restricted").unwrap();
    for (name, told) in [("Name: data,", "of volume `data`"), ("", "of a volume")] {
        let properties = format!("Volumes: [{{{name} EFSVolumeConfiguration: {{}}}}]");
        let findings = findings(&properties, "unencrypted-efs-volume", &policy);
        let message = format!("`TransitEncryption` {told} is not set, which means `DISABLED`");
        assert_eq!(findings.kept[0].message, message);
    }
}

#[test]
fn what_the_policy_sets_for_a_rule_decides() {
    let log = |driver, size| {
        format!(
            "LogConfiguration: {{LogDriver: {driver}, Options: {{mode: non-blocking, max-buffer-size: {size}}}}}"
        )
    };
    let secret = |name| format!("Environment: [{{Name: {name}, Value: x}}]");
    let added = |name| format!("LinuxParameters: {{Capabilities: {{Add: [{name}]}}}}");
    let sysctl = |name| format!("SystemControls: [{{Namespace: {name}, Value: 1}}]");
    let [yes, no, not] = [Verdict::Pass, Verdict::Fail, Verdict::NotApplicable];
    for (rule, set, container, by_default, as_set) in [
        ("blocking-awslogs", "minimum-buffer-size: 1g", log("awslogs", "25m"), yes, no),
        ("blocking-awslogs", "minimum-buffer-size: 1m", log("awslogs", "2m"), no, yes),
        ("blocking-awslogs", "minimum-buffer-size: 10m", log("awslogs", "null"), no, yes),
        ("blocking-awslogs", "drivers: all", log("syslog", "1m"), not, no),
        ("blocking-awslogs", "drivers: [syslog]", log("syslog", "1m"), not, no),
        ("blocking-awslogs", "drivers: [syslog]", log("awslogs", "1m"), no, not),
        ("added-linux-capabilities", "allow: [SYS_PTRACE]", added("SYS_PTRACE"), no, yes),
        ("added-linux-capabilities", "allow: [SYS_PTRACE]", added("NET_ADMIN"), no, no),
        ("root-user", "allow-root-group: true", "User: '1000:0'".into(), no, yes),
        ("mutable-image", "require: tag", "Image: 'nginx:1'".into(), no, yes),
        ("mutable-image", "require: tag", "Image: 'nginx@sha512:0123'".into(), no, yes),
        ("mutable-image", "require: digest", "Image: 'nginx:1'".into(), no, no),
        ("plaintext-secret", "names: [pin]", secret("DB_PASSWORD"), no, yes),
        ("plaintext-secret", "names: [pin]", secret("CARD_PIN"), yes, no),
        ("plaintext-secret", "except: [DB_*]", secret("DB_PASSWORD"), no, yes),
        ("plaintext-secret", "except: [AWS_*]", secret("AWS_ACCESS_KEY_ID"), no, no),
        ("unsafe-sysctl", "allow: [kernel.msgmax]", sysctl("kernel.msgmax"), no, yes),
        ("unsafe-sysctl", "allow: [kernel.msgmax]", sysctl("net.ipv4.tcp_keepalive_time"), yes, no),
    ] {
        let properties = format!("ContainerDefinitions: [{{{container}}}]");
        for (options, expected) in [("", by_default), (set, as_set)] {
            let policy = policy::read(&format!("{{profile: pedantic, rules: {{{rule}: {{{options}}}}}}}"));
            assert_eq!(verdict(&properties, rule, &policy.unwrap()), expected, "{options}: {container}");
        }
    }
}
