//! SARIF 2.1.0 for code scanning services
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
//!
//! Owns how findings become results that GitHub accepts
//! (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>):
//! each has a place, a rule with help, and a fingerprint that stays when lines move. Must not know how the findings came
//! about.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::json::serialized;
use super::told::{self, Page, Told};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile, rules};
use crate::check::{CheckedFile, JudgedTask, Note, Weight};
use crate::document::Span;
use crate::finding::{self, Applicability, Container, Edit, Proposal, Severity};
use crate::policy::{Level, Setting};
use crate::report::Outcome;

/// One log with one run; results before `invocations`, which are known last.
#[derive(Debug)]
pub(super) struct Sarif;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    information_uri: Option<&'static str>,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Properties {
    security_severity: &'static str,
    tags: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<[Fix<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<[Suppression; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message,
    artifact_changes: [ArtifactChange<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: ArtifactLocation<'a>,
    replacements: Vec<Replacement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Message,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: ArtifactLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation<'a> {
    uri: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    name: Cow<'a, str>,
    fully_qualified_name: Cow<'a, str>,
    kind: &'static str,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "ecsGuard/v1")]
    version_1: String,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
}

impl Format for Sarif {
    fn begin(&self, run: &Run<'_>) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let driver = Driver {
            name: "ecs-guard",
            version,
            semantic_version: version,
            information_uri: Some(env!("CARGO_PKG_REPOSITORY")).filter(|uri| !uri.is_empty()),
            rules: run.policy.rules.iter().map(|setting| descriptor(setting, run)).collect(),
        };
        format!(
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\
             \"tool\":{{\"driver\":{}}},\"columnKind\":\"unicodeCodePoints\",\"results\":[\n",
            serialized(&driver)
        )
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        Box::new(Results { path, page: Page::new(text), run, occurrences: Occurrences::default() })
    }

    fn separator(&self) -> &'static str {
        ",\n"
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        let region = file.position.map(|(start_line, start_column)| Region {
            start_line,
            start_column,
            end_line: None,
            end_column: None,
        });
        serialized(&Notification {
            level: "error",
            message: Message { text: told::cannot_be_read(file) },
            locations: [Location {
                physical_location: PhysicalLocation {
                    artifact_location: artifact_location(&file.path),
                    region,
                },
                logical_locations: None,
            }],
        })
    }

    fn end(&self, ending: &Ending<'_>, _run: &Run<'_>) -> End {
        let is_successful = ending.totals.unreadable == 0;
        End {
            before_unreadable: format!(
                "\n],\"invocations\":[{{\"executionSuccessful\":{is_successful},\"toolExecutionNotifications\":["
            ),
            after_unreadable: "]}]}]}\n".to_owned(),
        }
    }
}

/// The results of one file.
struct Results<'f> {
    path: &'f str,
    page: Page<'f>,
    run: &'f Run<'f>,
    occurrences: Occurrences,
}

impl FileWriter for Results<'_> {
    fn task(&mut self, task: &JudgedTask, out: &mut dyn Sections) {
        for told in told::findings_and_excused(task, self.run) {
            self.add(out, |Self { path, page, run, occurrences }| {
                serialized(&result(&told, path, page, run, occurrences))
            });
        }
        for (outcome, further) in told::left_out_and_excused(task, self.run) {
            self.add(out, |Self { path, page, run, occurrences }| {
                serialized(&left_out((task, outcome, further), path, page, run, occurrences))
            });
        }
    }

    fn end(mut self: Box<Self>, file: &CheckedFile<'_>, out: &mut dyn Sections) {
        for note in told::unseen(file).filter(|_| file.judged.is_ok()) {
            self.add(out, |Self { path, page, run, occurrences }| {
                serialized(&unseen(note, path, page, run, occurrences))
            });
        }
    }
}

impl Results<'_> {
    fn add(&mut self, out: &mut dyn Sections, result: impl FnOnce(&mut Self) -> String) {
        // Every result has a fingerprint.
        if !self.occurrences.once.is_empty() {
            out.add(0, Sarif.separator());
        }
        out.add(0, &result(self));
    }
}

/// What code scanning shows of a rule.
fn descriptor(setting: &Setting, run: &Run<'_>) -> Descriptor {
    let rule = setting.rule.metadata();
    let does = one_paragraph(rule.section("What it does"));
    let summary = does.split_once(". ").map_or(does.as_str(), |(summary, _)| summary);
    let references = rule.references.iter();
    let references = references.map(|reference| format!("{} {}", reference.framework.as_str(), reference.id));
    Descriptor {
        id: rule.name,
        short_description: Message { text: format!("{}.", summary.trim_end_matches('.')) },
        full_description: Message { text: format!("{does} {}", rule.why) },
        help: Help {
            text: one_paragraph(rule.section("How to fix")),
            markdown: rules::explanation(setting.rule),
        },
        help_uri: run.policy.documentation_link(rule.name),
        default_configuration: Configuration {
            level: match setting.level {
                Level::Deny => level(Weight::Failure),
                Level::Warn => level(Weight::Warning),
            },
        },
        properties: Properties {
            security_severity: security_severity(rule.severity),
            tags: std::iter::once("security".to_owned()).chain(references).collect(),
        },
    }
}

/// The lines of a Markdown section up to the first fence, as one paragraph.
fn one_paragraph(markdown: &str) -> String {
    let lines = markdown.lines().map(str::trim).take_while(|line| !line.starts_with("```"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn level(weight: Weight) -> &'static str {
    match weight {
        Weight::Failure => "error",
        Weight::Warning => "warning",
        Weight::Unknown | Weight::Excepted => "note",
    }
}

/// A number in the range that GitHub shows as the same word: above 9 critical, from 7 high, from 4 medium, else low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Informational => "0.5",
    }
}

fn result<'a>(
    told: &Told<'a>,
    path: &'a str,
    page: &Page<'_>,
    run: &Run<'_>,
    occurrences: &mut Occurrences,
) -> Finding<'a> {
    let rule = told.outcome.rule;
    Finding {
        rule_id: rule.name,
        rule_index: rule_index(rule.name, run),
        level: level(told.weight),
        // Viewers read `[…](…)` as a link, and nothing here is one.
        message: Message { text: told.sentences().replace("](", "] (") },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: artifact_location(path),
                region: Some(region(told.span(), page)),
            },
            logical_locations: Some([logical_location(told.task, told.finding.container.as_ref())]),
        }],
        partial_fingerprints: Fingerprints { version_1: fingerprint(told, path, run, occurrences) },
        fixes: told.finding.fix.as_ref().and_then(|found| Some([fix(found, path, page)?])),
        suppressions: told.excuse().map(accepted),
    }
}

/// How many more findings there are of a rule: they count, and code scanning shows results only. What they are about is not
/// known any more, so they stand at the task definition.
fn left_out<'a>(
    (task, outcome, further): (&'a JudgedTask, &Outcome, usize),
    path: &'a str,
    page: &Page<'_>,
    run: &Run<'_>,
    occurrences: &mut Occurrences,
) -> Finding<'a> {
    let rule = outcome.rule.name;
    let weight = Weight::of_further(outcome);
    let justification = (weight == Weight::Excepted)
        .then(|| "what was found of the rule is excepted by the policy".to_owned());
    Finding {
        rule_id: rule,
        rule_index: rule_index(rule, run),
        level: level(weight),
        message: Message { text: format!("{}.", told::further(task, outcome, further)).replace("](", "] (") },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: artifact_location(path),
                region: Some(region(task.span, page)),
            },
            logical_locations: Some([logical_location(task, None)]),
        }],
        // No property has a name with a space.
        partial_fingerprints: Fingerprints {
            version_1: numbered(&[rule, path, told::name(task), "", "more findings", ""], run, occurrences),
        },
        fixes: None,
        suppressions: justification.map(accepted),
    }
}

fn accepted(justification: String) -> [Suppression; 1] {
    [Suppression { kind: "external", status: "accepted", justification }]
}

/// Which of the tool's rules it is.
fn rule_index(name: &str, run: &Run<'_>) -> Option<usize> {
    run.policy.rules.iter().position(|setting| setting.rule.metadata().name == name)
}

/// What nobody could see: code scanning shows results only, and no notifications.
fn unseen<'a>(
    (note, message): (&Note, String),
    path: &'a str,
    page: &Page<'_>,
    run: &Run<'_>,
    occurrences: &mut Occurrences,
) -> Finding<'a> {
    const ID: &str = "unseen-resources";
    Finding {
        rule_id: ID,
        rule_index: None,
        level: level(Weight::Unknown),
        partial_fingerprints: Fingerprints { version_1: numbered(&[ID, path, &message], run, occurrences) },
        message: Message { text: message.replace("](", "] (") },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: artifact_location(path),
                region: Some(region(note.span, page)),
            },
            logical_locations: None,
        }],
        fixes: None,
        suppressions: None,
    }
}

fn region(span: Span, page: &Page<'_>) -> Region {
    let place = page.place(span);
    Region {
        start_line: place.line,
        start_column: place.column,
        end_line: Some(place.end_line),
        end_column: Some(place.end_column),
    }
}

/// What an editor offers to do. That it can be noticed must be said where it is offered.
fn fix<'a>(fix: &finding::Fix, path: &'a str, page: &Page<'_>) -> Option<Fix<'a>> {
    let Proposal { title, edits } = fix.proposal.as_ref()?;
    let replacement = |edit: &Edit| Replacement {
        deleted_region: region(edit.span, page),
        inserted_content: Message { text: edit.text.clone() },
    };
    let warning = match fix.applicability {
        Applicability::Safe => "",
        Applicability::Unsafe => " (unsafe: the container may need what this takes away)",
    };
    Some(Fix {
        description: Message { text: format!("To fix: {title}{warning}.").replace("](", "] (") },
        artifact_changes: [ArtifactChange {
            artifact_location: artifact_location(path),
            replacements: edits.as_ref().ok()?.iter().map(replacement).collect(),
        }],
    })
}

fn logical_location<'a>(task: &'a JudgedTask, container: Option<&'a Container>) -> LogicalLocation<'a> {
    let task = told::name(task);
    match container {
        Some(container) => {
            let name: Cow<'a, str> = match &container.name {
                Some(name) => name.into(),
                None => format!("#{}", container.ordinal).into(),
            };
            let fully_qualified_name = format!("{task}/{name}").into();
            LogicalLocation { name, fully_qualified_name, kind: "object" }
        }
        None => LogicalLocation { name: task.into(), fully_qualified_name: task.into(), kind: "resource" },
    }
}

/// What stays the same about a finding when lines move: of which rule it is, in which file, task definition, container,
/// property and case, and the how-manieth of these.
fn fingerprint(told: &Told<'_>, path: &str, run: &Run<'_>, occurrences: &mut Occurrences) -> String {
    let Told { task, outcome, finding, .. } = told;
    let container = match &finding.container {
        Some(container) => container.name.clone().unwrap_or_else(|| format!("#{}", container.ordinal)),
        None => String::new(),
    };
    let case = finding.case.as_deref().unwrap_or_default();
    let texts = [outcome.rule.name, path, told::name(task), &container, finding.property, case];
    numbered(&texts, run, occurrences)
}

/// How often each hash of a file was met. Most are met once, and there is one for each finding, so that is kept in the
/// least room.
#[derive(Debug, Default)]
struct Occurrences {
    once: HashSet<u64>,
    often: HashMap<u64, usize>,
}

impl Occurrences {
    /// The how-manieth of its kind the next one is.
    fn next(&mut self, hash: u64) -> usize {
        if self.once.insert(hash) {
            return 1;
        }
        let count = self.often.entry(hash).or_insert(1);
        *count += 1;
        *count
    }
}

/// A hash of texts and of the nested stack, if it is one, and the how-manieth with it.
fn numbered(texts: &[&str], run: &Run<'_>, occurrences: &mut Occurrences) -> String {
    let texts: Vec<_> = texts.iter().copied().chain(run.nested_stack).collect();
    let hash = fnv(&texts.join("\0"));
    format!("{hash:016x}:{}", occurrences.next(hash))
}

/// 64-bit FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the standard library does not promise that its own
/// hash is the same in its next version, and a fingerprint must be.
fn fnv(text: &str) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// What may stand in the path of a URI as it is (<https://www.rfc-editor.org/rfc/rfc3986#section-3.3>), but for `:`, which
/// would make a scheme of what is before it.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+')
    .remove(b'=')
    .remove(b',');

fn artifact_location(path: &str) -> ArtifactLocation<'_> {
    let path = path.trim_start_matches("./");
    let encoded = utf8_percent_encode(path, PATH);
    if path.starts_with('/') {
        return ArtifactLocation { uri: format!("file://{encoded}").into(), uri_base_id: None };
    }
    ArtifactLocation { uri: encoded.into(), uri_base_id: Some("%SRCROOT%") }
}

#[cfg(test)]
mod tests {
    use super::artifact_location;

    #[test]
    fn paths_become_uris() {
        for (path, uri, is_relative) in [
            ("a/b.yaml", "a/b.yaml", true),
            ("./a b#c?.yaml", "a%20b%23c%3F.yaml", true),
            ("c:é.yaml", "c%3A%C3%A9.yaml", true),
            ("../a%20.yaml", "../a%2520.yaml", true),
            ("/tmp/a.yaml", "file:///tmp/a.yaml", false),
        ] {
            let location = artifact_location(path);
            assert_eq!((location.uri.as_ref(), location.uri_base_id.is_some()), (uri, is_relative));
        }
    }
}
