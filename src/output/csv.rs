//! Comma-separated values for spreadsheets, a row for each finding.
//!
//! Owns the columns that docs/formats.md promises, and that no cell becomes a formula. Must not know how the findings
//! came about.

use super::told::{self, Page, Told};
use super::{End, Ending, FileWriter, Format, Inputs, Run, Sections, UnreadableFile};
use crate::check::{CheckedFile, JudgedTask, Weight};
use crate::document::on_one_line;

/// A heading, then a row for each finding and for each file that cannot be read. Of a stack, account, Region and name have
/// columns of their own.
#[derive(Debug)]
pub(super) struct Csv;

/// The columns that say what a file is.
fn place_columns(inputs: Inputs) -> &'static [&'static str] {
    match inputs {
        Inputs::Files => &["file"],
        Inputs::Stacks => &["account", "region", "stack"],
    }
}

/// The columns behind those.
const COLUMNS: [&str; 11] = [
    "line",
    "task definition",
    "container",
    "rule",
    "severity",
    "result",
    "property",
    "message",
    "case",
    "remediation",
    "exception",
];

impl Format for Csv {
    fn begin(&self, run: &Run<'_>) -> String {
        row(place_columns(run.inputs).iter().chain(&COLUMNS).copied())
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        Box::new(Rows { path, page: Page::new(text), run })
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn unreadable(&self, file: &UnreadableFile, run: &Run<'_>) -> String {
        let line = file.position.map(|(line, _)| line.to_string()).unwrap_or_default();
        let message = format!("cannot be read: {}", told::why_unreadable(file));
        let cells = [&*line, "", "", "", "", "error", "", &message, "", "", ""];
        row(place(&file.path, run).into_iter().chain(cells))
    }

    fn end(&self, _ending: &Ending<'_>, _run: &Run<'_>) -> End {
        End { before_unreadable: String::new(), after_unreadable: String::new() }
    }
}

/// The rows of one file.
struct Rows<'f> {
    path: &'f str,
    page: Page<'f>,
    run: &'f Run<'f>,
}

impl FileWriter for Rows<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        let Self { path, page, run } = self;
        for told in told::findings_and_excused(task, run) {
            out.add(0, &finding(&told, path, page, run));
        }
        for (outcome, further) in told::left_out_and_excused(task, run) {
            let (rule, findings) = (outcome.rule.name, told::counted(further, "more finding"));
            let severity = outcome.rule.severity.as_str();
            let result = result(Weight::of_further(outcome));
            let cells = ["", told::name(task), "", rule, severity, result, "", &findings, "", "", ""];
            out.add(0, &row(place(path, run).into_iter().chain(cells)));
        }
    }

    fn end(self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        let Self { path, page, run } = *self;
        for (note, message) in told::unseen(file).filter(|_| file.judged.is_ok()) {
            let line = page.place(note.span).line.to_string();
            let cells = [&*line, "", "", "", "", result(Weight::Unknown), "", &message, "", "", ""];
            out.add(0, &row(place(path, run).into_iter().chain(cells)));
        }
    }
}

fn finding(told: &Told<'_>, path: &str, page: &Page<'_>, run: &Run<'_>) -> String {
    let line = page.place(told.span()).line.to_string();
    let container = told.finding.container.as_ref();
    let container = container.map(|container| match &container.name {
        Some(name) => name.clone(),
        None => format!("number {}", container.ordinal),
    });
    let excuse = told.excuse().unwrap_or_default();
    let cells = [
        &line,
        told::name(told.task),
        container.as_deref().unwrap_or_default(),
        told.outcome.rule.name,
        told.finding.severity.as_str(),
        result(told.weight),
        told.finding.property,
        &told.finding.message,
        &told.finding.condition().unwrap_or_default(),
        &told.finding.remediation,
        &excuse,
    ];
    row(place(path, run).into_iter().chain(cells))
}

fn result(weight: Weight) -> &'static str {
    match weight {
        Weight::Failure => "failure",
        Weight::Warning => "warning",
        Weight::Unknown => "unknown",
        Weight::Excepted => "excepted",
    }
}

/// The cells that say what a file is, as many as there are columns for it.
fn place<'a>(path: &'a str, run: &Run<'_>) -> Vec<&'a str> {
    let columns = place_columns(run.inputs).len();
    let mut cells: Vec<_> = path.splitn(columns, '/').collect();
    // What could not be listed is a Region without a stack.
    cells.resize(columns, "");
    cells
}

/// A line of cells, each on one line. A spreadsheet would compute a cell that begins like a formula, and names are not
/// ours (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells = cells.map(|cell| {
        let cell = on_one_line(cell);
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}").into() } else { cell }
    });
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Memory takes every row.
    let _ = writer.write_record(cells.map(|cell| cell.into_owned().into_bytes()));
    writer.into_inner().ok().and_then(|row| String::from_utf8(row).ok()).unwrap_or_default()
}
