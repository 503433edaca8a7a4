//! Text for people at a terminal.
//!
//! Owns the look of a finding: what was found, an excerpt with a mark, what to write instead. Coloured; where colours do
//! not belong, the stream takes them out. Must not know how the findings came about.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use clap::builder::styling::{AnsiColor, Style};

use super::excerpt::Excerpt;
use super::tally;
use super::told::{self, Page, Told};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile};
use crate::check::{CheckedFile, JudgedTask, Note, Unreadable, Weight};
use crate::document::on_one_line;
use crate::finding::{Severity, Verdict, quote};
use crate::report::Outcome;

const ARROW: Style = AnsiColor::BrightBlue.on_default().bold();
const BAD: Style = AnsiColor::BrightRed.on_default().bold();
const DOUBTFUL: Style = AnsiColor::BrightYellow.on_default().bold();
const GOOD: Style = AnsiColor::BrightGreen.on_default().bold();
const NAME: Style = Style::new().bold();

/// Findings with excerpts, then the rules they are about, then a summary.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The rules to tell of at the end, each with the worst that was found.
    told: Mutex<BTreeMap<&'static str, Severity>>,
}

impl Format for Text {
    fn begin(&self, _run: &Run<'_>) -> String {
        String::new()
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        let shown = Shown { path: on_one_line(path), page: Page::new(text) };
        Box::new(Report { format: self, shown, run, told: BTreeMap::new() })
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        match file.position {
            // It was shown with its line.
            Some(_) => String::new(),
            None => format!("{BAD}error{BAD:#}{NAME}: {}{NAME:#}\n\n", told::cannot_be_read(file)),
        }
    }

    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> End {
        let Ending { totals, tally, .. } = *ending;
        let mut text = String::new();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.is_empty() {
            let _ = writeln!(text, "{NAME}About the rules{NAME:#}");
        }
        for rule in run.policy.rules.iter().map(|setting| setting.rule.metadata()) {
            let Some(worst) = told.get(rule.name) else { continue };
            let severity = style(*worst);
            let _ = writeln!(
                text,
                "  {NAME}{}{NAME:#} ({severity}{}{severity:#}): {}",
                rule.name,
                worst.as_str(),
                rule.why
            );
            let link = run.policy.documentation_link(rule.name);
            let link = link.map(|link| format!(", or {}", on_one_line(&link))).unwrap_or_default();
            let _ = writeln!(text, "    more: `ecs-guard explain {}`{link}", rule.name);
        }
        if !told.is_empty() {
            text.push('\n');
        }
        if let Some(tally) = tally {
            text += &tally::text(tally, totals);
        }
        let is_nothing = told::is_nothing_judged(totals, run);
        let is_bad = run.is_failed(totals) || totals.unreadable > 0;
        if is_bad || is_nothing || !run.quiet {
            let style = match (is_bad, is_nothing || totals.warnings + totals.unknowns > 0) {
                (true, _) => BAD,
                (_, true) => DOUBTFUL,
                _ => GOOD,
            };
            let summary = told::summary(ending, run);
            let _ = writeln!(text, "{style}ecs-guard{style:#}: {summary}");
        }
        End { before_unreadable: String::new(), after_unreadable: text }
    }
}

/// What people read of one file: what was fixed, then what was found.
struct Report<'f> {
    format: &'f Text,
    shown: Shown<'f>,
    run: &'f Run<'f>,
    told: BTreeMap<&'static str, Severity>,
}

impl FileWriter for Report<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        let Self { shown, run, told: rules, .. } = self;
        let is_preview = run.fixing.is_some_and(|fixing| fixing.is_preview);
        // Who asks what would be fixed is told that, and what would not be although it could.
        let is_shown = |told: &Told<'_>| !is_preview || told.not_fixed_because(run).is_some();
        let mut findings = told::findings(task, run).filter(is_shown).peekable();
        while let Some(told) = findings.next() {
            tell(rules, told.outcome.rule.name, told.finding.severity);
            let is_mended_below = findings.peek().is_some_and(|next| next.is_mended_like(&told));
            out.add(1, &shown.finding(&told, is_mended_below, run));
        }
        let mut text = String::new();
        for (outcome, further) in told::left_out(task, run) {
            let _ = writeln!(text, "{NAME}{}{NAME:#}\n", told::further(task, outcome, further));
        }
        if run.verbose && told::silent(task).next().is_some() {
            shown.silent(&mut text, task);
        }
        out.add(1, &text);
    }

    fn end(self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        let Self { format, shown, run, told } = *self;
        let mut text = String::new();
        for fixed in file.fixed.iter().filter(|_| !run.quiet) {
            let word = if run.fixing.is_some_and(|fixing| fixing.is_preview) { "to fix" } else { "fixed" };
            let (rule, done, path) = (fixed.rule, told::done(fixed), &shown.path);
            let _ = writeln!(text, "{GOOD}{word}[{rule}]{GOOD:#}: {done} ({path})");
        }
        if !text.is_empty() {
            text.push('\n');
        }
        out.add(0, &text);
        if let Err(problem) = &file.judged {
            out.add(1, &shown.unreadable(problem));
        }
        for note in told::notes(file, run) {
            out.add(1, &shown.note(note));
        }
        let mut rules = format.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, severity) in told {
            tell(&mut rules, rule, severity);
        }
    }
}

/// Remembers a rule to tell of.
fn tell(rules: &mut BTreeMap<&'static str, Severity>, rule: &'static str, severity: Severity) {
    rules.entry(rule).and_modify(|worst| *worst = severity.max(*worst)).or_insert(severity);
}

/// A file whose findings are shown.
struct Shown<'a> {
    path: Cow<'a, str>,
    page: Page<'a>,
}

impl Shown<'_> {
    fn finding(&self, told: &Told<'_>, is_mended_below: bool, run: &Run<'_>) -> String {
        let level = match told.weight {
            Weight::Failure => Level::ERROR,
            Weight::Warning => Level::WARNING,
            Weight::Unknown => Level::NOTE,
            Weight::Excepted => Level::INFO.with_name("excepted"),
        };
        let span = told.span();
        let place = self.page.place(span);
        let excerpt = Excerpt::of_value(self.page.text, self.page.lines(), span);
        let case = told.finding.condition().map(|case| format!("this holds {}", on_one_line(&case)));
        let mut group = level
            .primary_title(told.found())
            .id(told.outcome.rule.name)
            .element(snippet(&excerpt, place.line))
            .elements(case.map(|case| Level::NOTE.message(case)))
            .elements(told.excuse().map(|excuse| Level::NOTE.with_name("excepted").message(excuse)));
        if let Some(reason) = told.not_fixed_because(run) {
            group = group.element(Level::NOTE.message(format!("not fixed, because {}", on_one_line(reason))));
        }
        if !is_mended_below {
            let remediation = told.finding.remediation.as_ref();
            group = group.element(Level::HELP.message(match told.fixable(run) {
                Some(fixable) => format!("{remediation} {fixable}").into(),
                None => Cow::Borrowed(remediation),
            }));
        }
        self.render(group, (place.line, place.column))
    }

    /// What passes or does not apply.
    fn silent(&self, text: &mut String, task: &JudgedTask) {
        let name = quote(&task.name);
        let (line, column) = self.page.lines().position(task.span.start() as usize);
        for Outcome { rule, findings, .. } in told::silent(task) {
            let word = if findings.verdict == Verdict::Pass { "pass" } else { "skip" };
            let because = findings.not_applicable_because.map(|because| format!(": {because}"));
            let because = because.unwrap_or_default();
            let (rule, path) = (rule.name, &self.path);
            let _ = writeln!(
                text,
                "{GOOD}{word}[{rule}]{GOOD:#}: task definition {name}{because} ({path}:{line}:{column})"
            );
        }
        text.push('\n');
    }

    fn note(&self, note: &Note) -> String {
        let place = self.page.place(note.span);
        let excerpt = Excerpt::of_value(self.page.text, self.page.lines(), note.span);
        let group = Level::NOTE
            .primary_title(note.message.as_str())
            .element(snippet(&excerpt, place.line))
            .elements(note.help.as_deref().map(|help| Level::HELP.message(help)));
        self.render(group, (place.line, place.column))
    }

    fn unreadable(&self, problem: &Unreadable) -> String {
        let offset = problem.span.start() as usize;
        let position = self.page.lines().position(offset);
        let excerpt = Excerpt::of_line(self.page.text, self.page.lines(), offset);
        let title = on_one_line(&problem.message);
        let group = Level::ERROR.primary_title(title).element(snippet(&excerpt, position.0));
        self.render(group, position)
    }

    /// A report with its place below its title. The renderer would count columns in the excerpt, not in the line.
    fn render(&self, group: Group<'_>, (line, column): (usize, usize)) -> String {
        let rendered = Renderer::styled().render(&[group]);
        let (title, picture) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let width = line.to_string().len();
        format!(
            "{title}\n{:width$}{ARROW}-->{ARROW:#} {path}:{line}:{column}\n{picture}\n\n",
            "",
            path = self.path
        )
    }
}

fn snippet(excerpt: &Excerpt, line: usize) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let mark = AnnotationKind::Primary.span(excerpt.mark.clone());
    Snippet::source(excerpt.text.as_str()).line_start(line).annotation(mark)
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => DOUBTFUL,
        Severity::Low | Severity::Informational => NAME,
    }
}
