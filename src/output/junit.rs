//! JUnit's XML, as build servers read it
//! (<https://github.com/testmoapp/junitxml> collects what they agree on).
//!
//! Owns what of checking is a test: each rule of each task definition. Must not know how the findings came about.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::told::{self, Page, Told};
use super::{Ending, Format, Run, UnreadableFile};
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

    fn file(&self, file: &CheckedFile<'_>, run: &Run<'_>) -> String {
        let Ok(tasks) = &file.judged else { return String::new() };
        let page = Page::new(file.text);
        let tests: Vec<_> = tasks.iter().flat_map(|task| tests(task, run)).collect();
        let unseen: Vec<_> = told::unseen(file).collect();
        if tests.is_empty() && unseen.is_empty() {
            return String::new();
        }
        written(|xml| suite(xml, file.path, (&tests, &unseen), &page))
    }

    fn separator(&self) -> &'static str {
        "\n"
    }

    fn end(&self, ending: &Ending<'_>, _run: &Run<'_>) -> String {
        let suites =
            ending.unreadable.iter().map(|file| format!("\n{}", written(|xml| broken_suite(xml, file))));
        suites.collect::<String>() + "\n</testsuites>\n"
    }
}

/// What a rule says of a task definition.
struct Test<'a> {
    task: &'a JudgedTask,
    outcome: &'a Outcome,
    findings: Vec<Told<'a>>,
    kind: Kind,
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
        .map(|outcome| Test { task, outcome, findings: Vec::new(), kind: Kind::Passed })
        .collect();
    // Findings come in the order of the outcomes.
    let mut findings = told::findings_and_excused(task, run).peekable();
    for test in &mut tests {
        while let Some(told) = findings.next_if(|told| told.outcome.rule.name == test.outcome.rule.name) {
            test.findings.push(told);
        }
        let worst = test.findings.iter().map(|told| told.weight).max();
        test.kind = match worst {
            Some(Weight::Failure) => Kind::Failed,
            Some(Weight::Warning) => Kind::Warned,
            Some(Weight::Unknown | Weight::Excepted) => Kind::Skipped,
            None if test.outcome.findings.verdict == Verdict::NotApplicable => Kind::Skipped,
            None => Kind::Passed,
        };
    }
    tests.retain(|test| !run.quiet || test.kind == Kind::Failed);
    tests
}

fn suite(
    xml: &mut Xml,
    path: &str,
    (tests, unseen): (&[Test<'_>], &[(&Note, String)]),
    page: &Page<'_>,
) -> io::Result<()> {
    let path = on_one_line(path);
    let count = |kind| tests.iter().filter(|test| test.kind == kind).count();
    xml.create_element("testsuite")
        .with_attribute(("name", &*path))
        .with_attribute(("tests", &*(tests.len() + unseen.len()).to_string()))
        .with_attribute(("failures", &*count(Kind::Failed).to_string()))
        .with_attribute(("errors", "0"))
        .with_attribute(("skipped", &*(count(Kind::Skipped) + unseen.len()).to_string()))
        .write_inner_content(|xml| {
            tests.iter().try_for_each(|test| test_case(xml, &path, test, page))?;
            unseen.iter().try_for_each(|(note, message)| unseen_case(xml, &path, (note, message), page))
        })?;
    Ok(())
}

/// What nobody could see, as a test that was not run.
fn unseen_case(xml: &mut Xml, path: &str, (note, message): (&Note, &str), page: &Page<'_>) -> io::Result<()> {
    xml.create_element("testcase")
        .with_attribute(("classname", path))
        .with_attribute(("name", "can be seen whole"))
        .with_attribute(("file", path))
        .with_attribute(("line", &*page.place(note.span).line.to_string()))
        .write_inner_content(|xml| {
            xml.create_element("skipped").with_attribute(("message", message)).write_empty()?;
            Ok(())
        })?;
    Ok(())
}

fn test_case(xml: &mut Xml, path: &str, test: &Test<'_>, page: &Page<'_>) -> io::Result<()> {
    let Test { task, outcome, findings, kind } = test;
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
    let message = findings.first().map(Told::found).or(not_applicable).unwrap_or_default();
    let lines = findings.iter().map(|told| line(path, told, page)).collect::<Vec<_>>().join("\n");
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
    let word = match told.weight {
        Weight::Failure => "failure",
        Weight::Warning => "warning",
        Weight::Unknown => "unknown",
        Weight::Excepted => "excepted",
    };
    let place = page.place(told.span());
    format!("{path}:{}:{}: {word}: {}", place.line, place.column, told.sentences())
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
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail, and what is written is text.
    let _ = write(&mut xml);
    String::from_utf8(xml.into_inner()).unwrap_or_default()
}
