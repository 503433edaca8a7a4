//! JUnit's XML, as build servers read it
//! (<https://github.com/testmoapp/junitxml> collects what they agree on).
//!
//! Owns what of checking is a test: each rule of each task definition. Must not know how the findings came about.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use super::told::{self, Page, Told};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile};
use crate::check::{CheckedFile, JudgedTask, Note, Weight};
use crate::document::on_one_line;
use crate::finding::Verdict;
use crate::report::Outcome;

type Xml = Writer<Vec<u8>>;

/// A suite for each file, a test for each task definition and rule.
#[derive(Debug)]
pub(super) struct Junit;

impl Format for Junit {
    fn begin(&self, _run: &Run<'_>) -> String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ecs-guard\">\n".into()
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        let mut suite = Suite {
            path: on_one_line(path),
            page: Page::new(text),
            run,
            xml: indented(),
            tests: 0,
            failures: 0,
            skipped: 0,
        };
        // Its attributes are known last, so it is written last; the tests need the depth that they have in it.
        let _ = suite.xml.write_event(Event::Start(BytesStart::new(SUITE)));
        suite.xml.get_mut().clear();
        Box::new(suite)
    }

    fn separator(&self) -> &'static str {
        "\n"
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        written(|xml| broken_suite(xml, file))
    }

    fn end(&self, ending: &Ending<'_>, _run: &Run<'_>) -> End {
        let before_unreadable = if ending.totals.unreadable > 0 { "\n" } else { "" };
        End {
            before_unreadable: before_unreadable.to_owned(),
            after_unreadable: "\n</testsuites>\n".to_owned(),
        }
    }
}

/// What a rule says of a task definition.
struct Test<'a> {
    task: &'a JudgedTask,
    outcome: &'a Outcome,
    findings: Vec<Told<'a>>,
    /// How many more there are, and what they weigh.
    further: Option<(usize, Weight)>,
    kind: Kind,
}

impl Test<'_> {
    /// The weight that decides.
    fn worst(&self) -> Option<Weight> {
        let further = self.further.map(|(_, weight)| weight);
        self.findings.iter().map(|told| told.weight).chain(further).max()
    }

    /// What decides.
    fn message(&self) -> Option<String> {
        let worst = self.worst()?;
        let told = self.findings.iter().find(|told| told.weight == worst);
        told.map(Told::found).or_else(|| self.told_further())
    }

    fn told_further(&self) -> Option<String> {
        Some(told::further(self.task, self.outcome, self.further?.0))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passed,
    Warned,
    Skipped,
    Failed,
}

fn tests<'a>(task: &'a JudgedTask, run: &Run<'_>) -> Vec<Test<'a>> {
    let mut tests: Vec<_> = task
        .report
        .outcomes
        .iter()
        .map(|outcome| Test { task, outcome, findings: Vec::new(), further: None, kind: Kind::Passed })
        .collect();
    // Findings come in the order of the outcomes.
    let mut findings = told::findings_and_excused(task, run).peekable();
    let mut left_out = told::left_out_and_excused(task, run).peekable();
    for test in &mut tests {
        let name = test.outcome.rule.name;
        while let Some(told) = findings.next_if(|told| told.outcome.rule.name == name) {
            test.findings.push(told);
        }
        let further = left_out.next_if(|(outcome, _)| outcome.rule.name == name);
        test.further = further.map(|(outcome, further)| (further, Weight::of_further(outcome)));
        test.kind = match test.worst() {
            Some(worst) if run.strictness.is_failing(worst) => Kind::Failed,
            Some(Weight::Unknown | Weight::Excepted) => Kind::Skipped,
            Some(_) => Kind::Warned,
            None if test.outcome.findings.verdict == Verdict::NotApplicable => Kind::Skipped,
            None => Kind::Passed,
        };
    }
    tests.retain(|test| !run.quiet || test.kind == Kind::Failed);
    tests
}

const SUITE: &str = "testsuite";

/// The suite of one file: the element's beginning is a section, the tests are another.
struct Suite<'f> {
    path: Cow<'f, str>,
    page: Page<'f>,
    run: &'f Run<'f>,
    xml: Xml,
    tests: usize,
    failures: usize,
    skipped: usize,
}

impl FileWriter for Suite<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        for test in tests(task, self.run) {
            self.count(test.kind);
            let Self { xml, path, page, .. } = self;
            let _ = test_case(xml, path, &test, page);
            self.hand_on(out);
        }
    }

    fn end(mut self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        let unknowns_fail = self.run.strictness.is_failing(Weight::Unknown);
        let (kind, word) = if unknowns_fail { (Kind::Failed, "failure") } else { (Kind::Skipped, "skipped") };
        for (note, message) in told::unseen(file).filter(|_| file.judged.is_ok()) {
            self.count(kind);
            let Self { xml, path, page, .. } = &mut *self;
            let _ = unseen_case(xml, path, word, (note, &message), page);
            self.hand_on(out);
        }
        if self.tests == 0 {
            return;
        }
        let _ = self.xml.write_event(Event::End(BytesEnd::new(SUITE)));
        self.hand_on(out);
        let start = BytesStart::new(SUITE).with_attributes([
            ("name", &*self.path),
            ("tests", &*self.tests.to_string()),
            ("failures", &*self.failures.to_string()),
            ("errors", "0"),
            ("skipped", &*self.skipped.to_string()),
        ]);
        out.add(0, &written(|xml| xml.write_event(Event::Start(start))));
    }
}

impl Suite<'_> {
    fn count(&mut self, kind: Kind) {
        self.tests += 1;
        self.failures += usize::from(kind == Kind::Failed);
        self.skipped += usize::from(kind == Kind::Skipped);
    }

    fn hand_on(&mut self, out: &mut dyn Sections) {
        out.add(1, std::str::from_utf8(self.xml.get_ref()).unwrap_or_default());
        self.xml.get_mut().clear();
    }
}

/// What nobody could see, as a test that was not run, or failed.
fn unseen_case(
    xml: &mut Xml,
    path: &str,
    word: &'static str,
    (note, message): (&Note, &str),
    page: &Page<'_>,
) -> io::Result<()> {
    xml.create_element("testcase")
        .with_attribute(("classname", path))
        .with_attribute(("name", "can be seen whole"))
        .with_attribute(("file", path))
        .with_attribute(("line", &*page.place(note.span).line.to_string()))
        .write_inner_content(|xml| {
            xml.create_element(word).with_attribute(("message", message)).write_empty()?;
            Ok(())
        })?;
    Ok(())
}

fn test_case(xml: &mut Xml, path: &str, test: &Test<'_>, page: &Page<'_>) -> io::Result<()> {
    let Test { task, outcome, findings, kind, further } = test;
    let rule = outcome.rule.name;
    let place = page.place(findings.first().map_or(task.span, Told::span));
    let element = xml
        .create_element("testcase")
        .with_attribute(("classname", &*on_one_line(told::name(task))))
        .with_attribute(("name", rule))
        .with_attribute(("file", path))
        .with_attribute(("line", &*place.line.to_string()));
    if *kind == Kind::Passed {
        element.write_empty()?;
        return Ok(());
    }
    let not_applicable =
        outcome.findings.not_applicable_because.map(|because| format!("not applicable: {because}"));
    let message = test.message().or(not_applicable).unwrap_or_default();
    let mut lines: Vec<_> = findings.iter().map(|told| line(path, told, page)).collect();
    if let (Some((_, weight)), Some(told)) = (further, test.told_further()) {
        let place = page.place(task.span);
        lines.push(format!("{path}:{}:{}: {}: {told}.", place.line, place.column, word(*weight)));
    }
    let lines = lines.join("\n");
    element.write_inner_content(|xml| {
        let lines = BytesText::new(&lines);
        match kind {
            Kind::Failed => {
                xml.create_element("failure")
                    .with_attribute(("type", rule))
                    .with_attribute(("message", &*message))
                    .write_text_content(lines)?;
            }
            Kind::Skipped => {
                xml.create_element("skipped")
                    .with_attribute(("message", &*message))
                    .write_text_content(lines)?;
            }
            Kind::Warned | Kind::Passed => {
                xml.create_element("system-out").write_text_content(lines)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn line(path: &str, told: &Told<'_>, page: &Page<'_>) -> String {
    let place = page.place(told.span());
    let word = match told.weight {
        // The sentences begin with it.
        Weight::Excepted => String::new(),
        weight => format!("{}: ", word(weight)),
    };
    format!("{path}:{}:{}: {word}{}", place.line, place.column, told.sentences())
}

fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::Failure => "failure",
        Weight::Warning => "warning",
        Weight::Unknown => "unknown",
        Weight::Excepted => "excepted",
    }
}

fn broken_suite(xml: &mut Xml, file: &UnreadableFile) -> io::Result<()> {
    let path = on_one_line(&file.path);
    xml.create_element("testsuite")
        .with_attribute(("name", &*path))
        .with_attribute(("tests", "1"))
        .with_attribute(("failures", "0"))
        .with_attribute(("errors", "1"))
        .with_attribute(("skipped", "0"))
        .write_inner_content(|xml| {
            xml.create_element("testcase")
                .with_attribute(("classname", &*path))
                .with_attribute(("name", "can be read"))
                .with_attribute(("file", &*path))
                .write_inner_content(|xml| {
                    xml.create_element("error")
                        .with_attribute(("type", "unreadable"))
                        .with_attribute(("message", &*told::cannot_be_read(file)))
                        .write_empty()?;
                    Ok(())
                })?;
            Ok(())
        })?;
    Ok(())
}

fn written(write: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut xml = indented();
    // Writing to memory does not fail, and what is written is text.
    let _ = write(&mut xml);
    String::from_utf8(xml.into_inner()).unwrap_or_default()
}

fn indented() -> Xml {
    Writer::new_with_indent(Vec::new(), b' ', 2)
}
