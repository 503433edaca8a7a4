//! Markdown for a comment on a pull request.
//!
//! Owns that a comment stays within GitHub's 65,536 characters, and that nothing in a name becomes markup, a link or a
//! mention. Must not know how the findings came about.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use super::tally;
use super::told::{self, Page, Told, counted};
use super::{End, Ending, FileWriter, Format, Run, Sections, UnreadableFile};
use crate::check::{CheckedFile, JudgedTask, Weight};
use crate::document::on_one_line;
use crate::finding::{Verdict, quote};

/// How many bytes a comment may have.
const ROOM: usize = 60_000;

/// How many of them are for the line that counts what does not fit.
const ENDING: usize = 80;

/// A summary, then a list of findings for each file, as many as fit.
///
/// The summary comes first and is known last, so everything is written at the end. Kept until then are the first files
/// by their paths, as many as can be shown.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The items of each file.
    files: BTreeMap<String, Vec<String>>,
    /// How many bytes they have.
    size: usize,
    /// How many items were dropped.
    dropped: usize,
    /// The path and the item of each file that cannot be read, which come first.
    unreadable: Vec<(String, String)>,
    /// How many bytes those have.
    unreadable_size: usize,
}

/// The items of one file, as many as can be shown.
#[derive(Debug, Default)]
struct Items {
    kept: Vec<String>,
    /// How many bytes they have.
    size: usize,
    dropped: usize,
}

impl Items {
    fn add(&mut self, item: String) {
        if self.size < ROOM {
            self.size += item.len();
            self.kept.push(item);
        } else {
            self.dropped += 1;
        }
    }
}

impl Kept {
    /// Keeps a file's items, and drops the last files while those before them fill the room.
    fn add(&mut self, path: &str, items: Items) {
        self.files.entry(path.to_owned()).or_default().extend(items.kept);
        self.size += items.size;
        self.dropped += items.dropped;
        while let Some(last) = self.files.last_entry() {
            let without = self.size - last.get().iter().map(String::len).sum::<usize>();
            if without < ROOM {
                break;
            }
            self.dropped += last.get().len();
            self.size = without;
            last.remove();
        }
    }
}

impl Format for Markdown {
    fn begin(&self, _run: &Run<'_>) -> String {
        String::new()
    }

    fn file<'f>(&'f self, path: &'f str, text: &'f str, run: &'f Run<'f>) -> Box<dyn FileWriter + 'f> {
        Box::new(List { format: self, path, page: Page::new(text), run, items: Items::default() })
    }

    fn separator(&self) -> &'static str {
        ""
    }

    fn unreadable(&self, file: &UnreadableFile, _run: &Run<'_>) -> String {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.unreadable_size < ROOM {
            let line = file.position.map(|(line, _)| format!(", line {line}")).unwrap_or_default();
            let item = format!("- **cannot be read**{line}: {}\n", prose(&told::why_unreadable(file)));
            kept.unreadable_size += item.len();
            kept.unreadable.push((file.path.clone(), item));
        } else {
            kept.dropped += 1;
        }
        String::new()
    }

    fn end(&self, ending: &Ending<'_>, run: &Run<'_>) -> End {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Ending { totals, tally, .. } = *ending;
        let is_bad = run.is_failed(totals) || totals.unreadable > 0;
        let word = match (is_bad, told::is_nothing_judged(totals, run)) {
            (true, _) => "failed",
            (_, true) => "judged nothing",
            _ => "passed",
        };
        let mut text = format!(
            "<!-- ecs-guard -->\n### ecs-guard {word}\n\n{}.\n",
            first_upper(&told::summary(ending, run))
        );
        if let Some(tally) = tally {
            text += &tally::markdown(tally, totals);
        }
        let mut room = ROOM.saturating_sub(text.len() + ENDING);
        let mut left_out = kept.dropped;
        let unreadable = kept.unreadable.iter().map(|(path, item)| (path, std::slice::from_ref(item)));
        let files = kept.files.iter().map(|(path, items)| (path, items.as_slice()));
        for (path, items) in unreadable.chain(files) {
            let mut heading = format!("\n**{}**\n\n", code(path));
            for item in items {
                if heading.len() + item.len() > room {
                    room = 0;
                    left_out += 1;
                    continue;
                }
                room -= heading.len() + item.len();
                text += &std::mem::take(&mut heading);
                text += item;
            }
        }
        if left_out > 0 {
            let _ =
                write!(text, "\nAnd {left_out} more, which `ecs-guard {}` lists.\n", run.inputs.command());
        }
        End { before_unreadable: text, after_unreadable: String::new() }
    }
}

/// The list of one file.
struct List<'f> {
    format: &'f Markdown,
    path: &'f str,
    page: Page<'f>,
    run: &'f Run<'f>,
    items: Items,
}

impl FileWriter for List<'_> {
    fn task(&mut self, task: &JudgedTask, _out: &mut dyn Sections) {
        let Self { page, run, items, .. } = self;
        let mut findings = told::findings(task, run).peekable();
        while let Some(told) = findings.next() {
            let is_mended_below = findings.peek().is_some_and(|next| next.is_mended_like(&told));
            items.add(item(&told, page, run, is_mended_below));
        }
        for (outcome, further) in told::left_out(task, run) {
            let (rule, task) = (outcome.rule.name, quote(&task.name));
            items.add(format!("- {} of `{rule}` in {task}\n", counted(further, "more finding")));
        }
        if run.verbose {
            for outcome in told::silent(task) {
                let is_pass = outcome.findings.verdict == Verdict::Pass;
                let word = if is_pass { "pass" } else { "not applicable" };
                let (rule, task) = (outcome.rule.name, quote(&task.name));
                items.add(format!("- {word} `{rule}`: task definition {task}\n"));
            }
        }
    }

    fn end(mut self: Box<Self>, file: &CheckedFile<'_>, _out: &mut dyn Sections) {
        for note in told::notes(file, self.run).filter(|_| file.judged.is_ok()) {
            let line = self.page.place(note.span).line;
            let help = note.help.as_deref().unwrap_or_default();
            let word = if note.is_unknown { "unknown" } else { "note" };
            self.items.add(format!("- {word}, line {line}: {}. {}\n", prose(&note.message), prose(help)));
        }
        if !self.items.kept.is_empty() {
            self.format.kept.lock().unwrap_or_else(PoisonError::into_inner).add(self.path, self.items);
        }
    }
}

fn item(told: &Told<'_>, page: &Page<'_>, run: &Run<'_>, is_mended_below: bool) -> String {
    let word = match told.weight {
        Weight::Failure => "**error**",
        Weight::Warning => "**warning**",
        Weight::Unknown => "unknown",
        Weight::Excepted => "excepted",
    };
    let rule = told.outcome.rule.name;
    let rule = match run.policy.documentation_link(rule) {
        Some(link) if link.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>\\".contains(&byte)) => {
            format!("[`{rule}`]({link})")
        }
        _ => format!("`{rule}`"),
    };
    let line = page.place(told.span()).line;
    let sentences = if is_mended_below { told.found_in_case() } else { told.sentences() };
    format!("- {word} {rule}, line {line}: {}\n", prose(&sentences))
}

/// Text of somebody else's as code, in which nothing is markup.
fn code(text: &str) -> String {
    format!("`{}`", on_one_line(text).replace('`', "'"))
}

/// A sentence of ours that quotes names in backticks: what is between these is left, what could be markup, a link, a
/// mention or a reference outside them is not.
fn prose(sentence: &str) -> String {
    let sentence = on_one_line(sentence);
    let is_balanced = sentence.matches('`').count().is_multiple_of(2);
    let mut prose = String::with_capacity(sentence.len() + 16);
    let mut is_code = false;
    for character in sentence.chars() {
        match character {
            '`' if is_balanced => {
                is_code = !is_code;
                prose.push('`');
            }
            _ if is_code => prose.push(character),
            '<' => prose.push_str("&lt;"),
            '>' => prose.push_str("&gt;"),
            '&' => prose.push_str("&amp;"),
            // GitHub looks for mentions and issues in what is shown, so a backslash does not keep it from them.
            '@' | '#' => {
                prose.push(character);
                prose.push_str("<!-- -->");
            }
            '`' | '*' | '_' | '[' | ']' | '\\' | '|' | '~' => prose.extend(['\\', character]),
            _ => prose.push(character),
        }
    }
    prose
}

fn first_upper(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
