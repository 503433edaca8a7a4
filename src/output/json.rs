//! JSON for programs, version 1.
//!
//! Owns the schema that docs/formats.md promises: members may be added to it; one that is renamed, removed or read
//! otherwise makes the next version. Must not know how the findings came about.

use std::borrow::Cow;
use std::mem;

use serde::Serialize;

use super::tally;
use super::told::{self, Page, Told};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile};
use crate::check::{self, CheckedFile, JudgedTask, Note, Totals};
use crate::document::{Span, steers};
use crate::finding;

/// One document, a file on each line.
#[derive(Debug)]
pub(super) struct Json;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fixed<'a> {
    rule: &'static str,
    task_definition: &'a str,
    container: Option<Container<'a>>,
    title: &'a str,
    applicability: &'static str,
}

#[derive(Serialize)]
struct TaskDefinition<'a> {
    name: &'a str,
    span: Range,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule: &'static str,
    level: &'static str,
    verdict: &'static str,
    severity: &'static str,
    task_definition: &'a str,
    container: Option<Container<'a>>,
    property: &'static str,
    span: Range,
    message: &'a str,
    remediation: &'a str,
    case: Option<Cow<'a, str>>,
    open: &'a [String],
    fix: Option<Fix<'a>>,
    excepted: Option<Excuse<'a>>,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    applicability: &'static str,
    edits: Vec<Edit<'a>>,
    obstacle: Option<&'a str>,
}

#[derive(Serialize)]
struct Edit<'a> {
    span: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Excuse<'a> {
    reason: &'a str,
    owner: Option<&'a str>,
    expires: Option<&'a str>,
}

#[derive(Serialize)]
struct Container<'a> {
    ordinal: usize,
    name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pass<'a> {
    rule: &'static str,
    verdict: &'static str,
    task_definition: &'a str,
    because: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOut<'a> {
    rule: &'static str,
    task_definition: &'a str,
    findings: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoteObject<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unknown: bool,
    message: &'a str,
    help: Option<&'a str>,
    span: Range,
}

#[derive(Serialize)]
struct Unreadable<'a> {
    path: &'a str,
    message: &'a str,
    position: Option<Position>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<usize>,
    files: usize,
    unreadable: usize,
    task_definitions: usize,
    failures: usize,
    warnings: usize,
    unknowns: usize,
    excepted: usize,
    passes: usize,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    offset: u32,
    line: usize,
    column: usize,
}

impl Format for Json {
    fn begin(&self, _run: &Run<'_>) -> String {
        let version = env!("CARGO_PKG_VERSION");
        format!("{{\"version\":1,\"tool\":{{\"name\":\"ecs-guard\",\"version\":\"{version}\"}},\"files\":[\n")
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        let path = format!("{{\"path\":{},", serialized(&path));
        Box::new(File {
            page: Page::new(text),
            run,
            task_definitions: List::new(0, path + "\"taskDefinitions\":["),
            findings: List::new(1, ",\"findings\":["),
            passes: List::new(2, ",\"passes\":["),
            left_out: List::new(3, ",\"leftOut\":["),
            notes: List::new(4, ",\"notes\":["),
        })
    }

    fn separator(&self) -> &'static str {
        ",\n"
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        let position =
            file.position.map(|(line, column)| Position { offset: file.problem.span.start(), line, column });
        serialized(&Unreadable { path: &file.path, message: &file.problem.message, position })
    }

    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> End {
        let Totals {
            files,
            unreadable,
            task_definitions,
            failures,
            warnings,
            unknowns,
            excepted,
            passes,
            ..
        } = *ending.totals;
        let summary = Summary {
            fixes: run.fixing.map(|_| ending.totals.fixes),
            files,
            unreadable,
            task_definitions,
            failures,
            warnings,
            unknowns,
            excepted,
            passes,
        };
        let tally = ending.tally.map(|tally| format!(",\"tally\":{}", serialized(&tally::of(tally))));
        let tally = tally.unwrap_or_default();
        End {
            before_unreadable: "\n],\"unreadable\":[".to_owned(),
            after_unreadable: format!("],\"summary\":{}{tally}}}\n", serialized(&summary)),
        }
    }
}

/// A file's object; each of its lists is a section of its own.
struct File<'f> {
    page: Page<'f>,
    run: &'f Run<'f>,
    task_definitions: List,
    findings: List,
    passes: List,
    left_out: List,
    notes: List,
}

impl FileWriter for File<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        let name = told::name(task);
        self.task_definitions.add(&TaskDefinition { name, span: range(task.span, &self.page) }, out);
        for told in told::findings_and_excused(task, self.run) {
            self.findings.add(&finding(told, &self.page), out);
        }
        for pass in passes(task).filter(|_| self.run.verbose) {
            self.passes.add(&pass, out);
        }
        for (outcome, findings) in told::left_out_and_excused(task, self.run) {
            self.left_out.add(&LeftOut { rule: outcome.rule.name, task_definition: name, findings }, out);
        }
    }

    fn end(mut self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        if file.judged.is_err() {
            return;
        }
        for note in told::notes(file, self.run) {
            let span = range(note.span, &self.page);
            let Note { is_unknown, message, help, .. } = note;
            let note = NoteObject { is_unknown: *is_unknown, message, help: help.as_deref(), span };
            self.notes.add(&note, out);
        }
        self.task_definitions.end(out);
        self.findings.end(out);
        if self.run.verbose {
            self.passes.end(out);
        }
        self.left_out.end(out);
        let section = self.notes.end(out);
        if self.run.fixing.is_some() {
            let fixed: Vec<_> = file.fixed.iter().map(fixed).collect();
            out.add(section, &format!(",\"fixed\":{}", serialized(&fixed)));
        }
        out.add(section, "}");
    }
}

/// A list in a section of its own.
struct List {
    section: usize,
    /// What stands before its next item: its beginning, or a comma.
    before: Cow<'static, str>,
}

impl List {
    fn new(section: usize, beginning: impl Into<Cow<'static, str>>) -> Self {
        Self { section, before: beginning.into() }
    }

    fn add(&mut self, item: &impl Serialize, out: &mut dyn Sections) {
        out.add(self.section, &mem::replace(&mut self.before, ",".into()));
        out.add(self.section, &serialized(item));
    }

    /// Ends the list, and answers its section.
    fn end(self, out: &mut dyn Sections) -> usize {
        if self.before != "," {
            out.add(self.section, &self.before);
        }
        out.add(self.section, "]");
        self.section
    }
}

fn finding<'a>(told: Told<'a>, page: &Page<'_>) -> Finding<'a> {
    let Told { task, outcome, finding, .. } = told;
    Finding {
        rule: outcome.rule.name,
        level: outcome.level.as_str(),
        verdict: finding.verdict.as_str(),
        severity: finding.severity.as_str(),
        task_definition: told::name(task),
        container: finding.container.as_ref().map(container),
        property: finding.property,
        span: range(told.span(), page),
        message: &finding.message,
        remediation: &finding.remediation,
        case: finding.condition(),
        open: &finding.open,
        fix: finding.fix.as_ref().and_then(|found| fix(found, page)),
        excepted: finding.excused.as_ref().map(|excuse| Excuse {
            reason: &excuse.reason,
            owner: excuse.owner.as_deref(),
            expires: excuse.expires.as_deref(),
        }),
    }
}

fn container(container: &finding::Container) -> Container<'_> {
    Container { ordinal: container.ordinal, name: container.name.as_deref() }
}

fn fix<'a>(fix: &'a finding::Fix, page: &Page<'_>) -> Option<Fix<'a>> {
    let proposal = fix.proposal.as_ref()?;
    let edit = |edit: &'a finding::Edit| Edit { span: range(edit.span, page), text: &edit.text };
    Some(Fix {
        title: &proposal.title,
        applicability: fix.applicability.as_str(),
        edits: proposal.edits.iter().flatten().map(edit).collect(),
        obstacle: proposal.edits.as_ref().err().map(String::as_str),
    })
}

fn fixed(fixed: &check::Fixed) -> Fixed<'_> {
    Fixed {
        rule: fixed.rule,
        task_definition: &fixed.task,
        container: fixed.container.as_ref().map(container),
        title: &fixed.title,
        applicability: fixed.applicability.as_str(),
    }
}

fn passes(task: &JudgedTask) -> impl Iterator<Item = Pass<'_>> {
    told::silent(task).map(|outcome| Pass {
        rule: outcome.rule.name,
        verdict: outcome.findings.verdict.as_str(),
        task_definition: told::name(task),
        because: outcome.findings.not_applicable_because,
    })
}

fn range(span: Span, page: &Page<'_>) -> Range {
    let place = page.place(span);
    Range {
        start: Position { offset: span.start(), line: place.line, column: place.column },
        end: Position { offset: span.end(), line: place.end_line, column: place.end_column },
    }
}

/// A value as JSON on one line. Characters that steer a terminal stand in strings only, and are escaped there: names
/// are for people's screens too.
pub(super) fn serialized(value: &impl Serialize) -> String {
    // None of the types here fails to serialize: their keys are strings.
    let text = serde_json::to_string(value).unwrap_or_default();
    if !text.chars().any(steers) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if steers(character) {
            let mut units = [0; 2];
            escaped.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(character);
        }
    }
    escaped
}
