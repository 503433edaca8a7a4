//! A hook's answer as people meet it.
//!
//! Owns the look: the words of a stack event, then the violated rules as the AWS CDK lists them. Must not know how
//! the answer came about.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};

use crate::hook::{Annotation, AnnotationStatus, ErrorCode, Response, Status};

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const NAME: Style = Style::new().bold();

/// Writes an answer under a heading such as the event's file name.
///
/// # Errors
/// Whatever `out` answers.
pub fn write(out: &mut dyn Write, heading: &str, response: &Response) -> io::Result<()> {
    let (style, status, verb) = match response.hook_status {
        Status::Success => (GOOD, "SUCCESS", "succeeded"),
        Status::Failed => (BAD, "FAILED", "failed"),
    };
    let code = match response.error_code {
        Some(ErrorCode::NonCompliant) => " (NonCompliant)",
        Some(ErrorCode::InternalFailure) => " (InternalFailure)",
        None => "",
    };
    writeln!(out, "{heading}: {style}{status}{style:#}{code}")?;
    writeln!(out, "  Hook {verb} with message: {}", response.message)?;
    let failed = |annotation: &&Annotation| annotation.status == AnnotationStatus::Failed;
    if response.annotations.iter().any(|annotation| failed(&annotation)) {
        writeln!(out, "\n  NonCompliant Rules:")?;
    }
    for annotation in response.annotations.iter().filter(failed) {
        let severity = annotation.severity_level.map(|level| format!(" {level}")).unwrap_or_default();
        writeln!(out, "\n  {NAME}[{}]{NAME:#}{severity}", annotation.annotation_name)?;
        writeln!(out, "  • {}", annotation.status_message)?;
        if let Some(remediation) = &annotation.remediation_message {
            writeln!(out, "  Remediation: {remediation}")?;
        }
    }
    Ok(())
}
