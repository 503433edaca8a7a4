//! A hook function that leaves the judging to `cfn-guard`: the same five rules, written in Guard's language and
//! evaluated by its published library in the process, and the same answer built from what it reports.
//!
//! Owns: the mapping of the event to the template Guard wants, and of Guard's report to the hook's answer. It is
//! written as one would write it for production: typed, the rules compiled in, nothing read but the rule statuses.

use cfn_guard::{ValidateInput, run_checks};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const RULES: &str = include_str!("baseline.guard");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    client_request_token: String,
    request_data: RequestData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestData {
    target_name: String,
    target_logical_id: String,
    target_model: TargetModel,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetModel {
    resource_properties: Box<RawValue>,
}

/// The part of Guard's verbose report that is read: the rules, one level below the file. Deeper levels tell how
/// each clause was decided.
#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    children: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    container: Container<'a>,
}

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, rename = "RuleCheck")]
    rule: RuleCheck<'a>,
}

#[derive(Deserialize)]
struct RuleCheck<'a> {
    name: &'a str,
    status: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    hook_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    message: String,
    client_request_token: String,
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_name: String,
    status: &'static str,
    status_message: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    remediation_message: &'static str,
    severity_level: &'static str,
}

fn main() -> Result<(), Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(lambda_runtime::run(
        service_fn(|event: LambdaEvent<Event>| async move { judge(event.payload) }),
    ))
}

fn judge(event: Event) -> Result<Answer, Error> {
    let data = event.request_data;
    let template = format!(
        r#"{{"Resources":{{"{}":{{"Type":"{}","Properties":{}}}}}}}"#,
        data.target_logical_id, data.target_name, data.target_model.resource_properties
    );
    // Verbose, because the short form of 3.2.1 loses all but the tail of a report past 8 KiB.
    let report = run_checks(
        ValidateInput { content: &template, file_name: "event" },
        ValidateInput { content: RULES, file_name: "baseline.guard" },
        true,
    )?;
    let report: Report<'_> = serde_json::from_str(&report)?;

    let annotations: Vec<Annotation> =
        report.children.iter().map(|it| annotation(&it.container.rule)).collect();
    let failed: Vec<&str> =
        annotations.iter().filter(|it| it.failure.is_some()).map(|it| it.annotation_name.as_str()).collect();
    Ok(if failed.is_empty() {
        Answer {
            hook_status: "SUCCESS",
            error_code: None,
            message: format!("{} complies", data.target_logical_id),
            client_request_token: event.client_request_token,
            annotations,
        }
    } else {
        Answer {
            hook_status: "FAILED",
            error_code: Some("NonCompliant"),
            message: format!(
                "{} fails {} rules: {}",
                data.target_logical_id,
                failed.len(),
                failed.join(", ")
            ),
            client_request_token: event.client_request_token,
            annotations,
        }
    })
}

fn annotation(rule: &RuleCheck<'_>) -> Annotation {
    let annotation_name = rule.name.replace('_', "-");
    let (status, status_message) = match rule.status {
        "PASS" => ("PASSED", "complies"),
        "SKIP" => ("SKIPPED", "does not apply"),
        _ => ("FAILED", "does not comply"),
    };
    let failure = (status == "FAILED").then(|| {
        let (remediation_message, severity_level) = match rule.name {
            "writable_root_filesystem" => ("Set `ReadonlyRootFilesystem` to true.", "HIGH"),
            "privileged_container" => ("Remove `Privileged` or set it to false.", "CRITICAL"),
            "added_linux_capabilities" => {
                ("Remove the entries of `LinuxParameters.Capabilities.Add`.", "HIGH")
            }
            "root_user" => ("Set `User` to a user and group other than root.", "HIGH"),
            _ => ("Set `mode` to `non-blocking` and `max-buffer-size` to at least `25m`.", "MEDIUM"),
        };
        Failure { remediation_message, severity_level }
    });
    Annotation { annotation_name, status, status_message, failure }
}
