//! Checking many files at once.
//!
//! Owns what becomes of a file that is not text or that ends in a panic, and the spreading over threads;
//! results come in the order of the files, and only a bounded number waits. Must not know where results go.

use std::cell::{Cell, RefCell};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::ThreadPoolBuilder;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::files::Input;
use super::nested::NestedStack;
use super::reading::{self, Content};
use super::spool::Spool;
use super::target::{Source, TO_CHECK};
use crate::check::{CheckedFile, Totals, Unreadable, could_concern};
use crate::document::{LineIndex, Span};
use crate::output::UnreadableFile;

/// What came of one file.
#[derive(Debug, Default)]
pub(in crate::cli) struct Judged {
    /// Its results, one text for each format.
    pub(super) texts: Vec<Spool>,
    /// Its share of the totals.
    pub(in crate::cli) totals: Totals,
    /// Why it could not be judged.
    pub(in crate::cli) problem: Option<UnreadableFile>,
    /// Whether it should have been something to judge and is neither a template nor a task definition.
    pub(super) is_unrecognized: bool,
    /// The file, as far as that can be told.
    pub(super) source: Option<Source>,
    /// The templates of its nested stacks.
    pub(super) nested: Vec<NestedStack>,
    /// What goes to standard output as it is: a fixed text, or what would be fixed.
    pub(super) printed: Vec<u8>,
    /// Why its fixes could not be written.
    pub(super) unwritten: Option<String>,
}

impl Judged {
    /// What came of checking a file, with its results for each format.
    pub(super) fn new(file: &CheckedFile<'_>, texts: Vec<Spool>) -> Self {
        let problem = file.judged.as_ref().err().map(|problem| {
            let position = LineIndex::new(file.text).position(problem.span.start() as usize);
            UnreadableFile { path: file.path.into(), position: Some(position), problem: problem.clone() }
        });
        Self { texts, totals: Totals::of(file), problem, ..Self::default() }
    }

    /// A template without anything to judge.
    pub(in crate::cli) fn without_task_definitions() -> Self {
        Self { totals: Totals { files: 1, ..Totals::default() }, ..Self::default() }
    }

    /// A file that could not be judged, for a reason that no excerpt of its text can show.
    pub(in crate::cli) fn unreadable(name: &str, message: String) -> Self {
        let problem = Unreadable { span: Span::NOWHERE, message };
        let totals = Totals { unreadable: 1, ..Totals::default() };
        let problem = Some(UnreadableFile { path: name.into(), position: None, problem });
        Self { totals, problem, ..Self::default() }
    }
}

/// Judges one file: `check` is asked about its name and text, when it could concern us or `must_concern`. Where
/// standard input `is_handed_on`, it is printed also when nobody can judge it: what comes behind it in a pipe must not
/// find nothing.
pub(super) fn judge(
    input: &Input,
    must_concern: bool,
    is_handed_on: bool,
    check: impl FnOnce(&str, Result<&str, &NotUtf8>) -> Option<Judged>,
) -> Judged {
    let Content { bytes, is_cut, identity } = match reading::read(input) {
        Ok(content) => content,
        Err(error) => return Judged::unreadable(&input.name(), format!("cannot be read: {error}")),
    };
    let judged = judge_content(input, must_concern, is_handed_on, bytes, is_cut, check);
    let is_input = input.is_named || judged.problem.is_some() || judged.totals.files > 0;
    let source = identity.map(|identity| Source::new(identity, input.name(), is_input.then_some(TO_CHECK)));
    Judged { source, ..judged }
}

/// Judges what was read of one file, as [`judge`] does.
fn judge_content(
    input: &Input,
    must_concern: bool,
    is_handed_on: bool,
    bytes: Vec<u8>,
    is_cut: bool,
    check: impl FnOnce(&str, Result<&str, &NotUtf8>) -> Option<Judged>,
) -> Judged {
    if is_cut {
        return if must_concern || mentions_us(&String::from_utf8_lossy(&bytes)) {
            Judged::unreadable(&input.name(), reading::too_large())
        } else {
            Judged::default()
        };
    }
    // What should have been piped in was not written: that whoever writes it failed must not read as success.
    if must_concern && input.is_standard_input() && bytes.trim_ascii().is_empty() {
        return Judged::unreadable(&input.name(), "is empty, so nothing is judged".to_owned());
    }
    let original = (is_handed_on && input.is_standard_input()).then(|| bytes.clone());
    let name = input.name();
    let judged = match decode(bytes) {
        Ok(text) => judge_text(&name, &text, must_concern, |name, text| check(name, Ok(text))),
        Err(not_utf8) if must_concern || mentions_us(&not_utf8.text) => {
            check(&name, Err(&not_utf8)).unwrap_or_default()
        }
        Err(_) => Judged::default(),
    };
    match original.filter(|_| judged.printed.is_empty()) {
        Some(original) => Judged { printed: original, ..judged },
        None => judged,
    }
}

/// Judges the text of one file by its name, as [`judge`] does.
pub(in crate::cli) fn judge_text(
    name: &str,
    text: &str,
    must_concern: bool,
    check: impl FnOnce(&str, &str) -> Option<Judged>,
) -> Judged {
    if !must_concern && !could_concern(text) {
        return Judged::default();
    }
    match guarded(|| check(name, text)) {
        // What cannot be read and has none of our words is something else: a Helm chart, a configuration with comments.
        Ok(Some(judged)) if judged.problem.is_some() && !must_concern && !mentions_us(text) => {
            Judged::default()
        }
        Ok(Some(judged)) => judged,
        Ok(None) => Judged { is_unrecognized: must_concern, ..Judged::default() },
        Err(place) => {
            let message =
                format!("cannot be judged because of a mistake in ecs-guard, at {place}: please report it");
            Judged::unreadable(name, message)
        }
    }
}

/// Whether a text has the words of a task definition, in any casing; [`could_concern`] allows for more than that.
fn mentions_us(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["taskdefinition", "containerdefinitions"].iter().any(|word| text.contains(word))
}

/// A file in another encoding.
#[derive(Debug)]
pub(super) struct NotUtf8 {
    /// What can be read of it.
    pub(super) text: String,
    /// What is wrong, and from where on.
    pub(super) problem: Unreadable,
}

impl NotUtf8 {
    fn new(text: String, offset: usize, encoding: &str) -> Self {
        let span = Span::new(offset, offset);
        Self {
            text,
            problem: Unreadable { span, message: format!("this is {encoding}: save the file as UTF-8") },
        }
    }
}

fn decode(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    let is_mark = |character: &char| *character == '\u{feff}';
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks().0.iter().map(|pair| unit(*pair));
        let text = char::decode_utf16(units).map(Result::unwrap_or_default).skip_while(is_mark).collect();
        Err(NotUtf8::new(text, 0, "UTF-16"))
    };
    let utf32 = |unit: fn([u8; 4]) -> u32| {
        let units = bytes.as_chunks().0.iter().map(|four| unit(*four));
        let text = units.map(|unit| char::from_u32(unit).unwrap_or_default()).skip_while(is_mark).collect();
        Err(NotUtf8::new(text, 0, "UTF-32"))
    };
    match *bytes.as_slice() {
        // The same in four bytes as below in two, and before it because UTF-16 begins likewise.
        [0xFF, 0xFE, 0, 0, ..] => return utf32(u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, ..] => return utf32(u32::from_be_bytes),
        [first, 0, 0, 0, ..] if first.is_ascii_graphic() => return utf32(u32::from_le_bytes),
        [0, 0, 0, fourth, ..] if fourth.is_ascii_graphic() => return utf32(u32::from_be_bytes),
        // A byte order mark, or an ASCII character in two bytes.
        [0xFF, 0xFE, ..] => return utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => return utf16(u16::from_be_bytes),
        [first, 0, ..] if first.is_ascii_graphic() => return utf16(u16::from_le_bytes),
        [0, second, ..] if second.is_ascii_graphic() => return utf16(u16::from_be_bytes),
        _ => {}
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        NotUtf8::new(text, error.utf8_error().valid_up_to(), "not UTF-8")
    })
}

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the message of a panic in a guarded function off the terminal, for it may repeat a value of the file.
pub(in crate::cli) fn quieten_panics() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if IS_GUARDED.get() {
            PLACE.set(panic.location().map(ToString::to_string).unwrap_or_default());
        } else {
            otherwise(panic);
        }
    }));
}

/// Does something, or says where in ecs-guard it panicked.
pub(super) fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    IS_GUARDED.set(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    IS_GUARDED.set(false);
    done.map_err(|_| PLACE.take())
}

/// Judges every file, on several threads when there are several files, each of a size in bytes, and takes the results of one batch after the
/// other, in the files' order.
pub(in crate::cli) fn each<I: Sync, T: Send>(
    inputs: &[I],
    threads: Option<NonZero<usize>>,
    size: impl Fn(&I) -> u64,
    judge: impl Fn(&I) -> T + Sync,
    mut take: impl FnMut(&[I], Vec<T>),
) {
    let threads = match threads {
        Some(threads) => threads.get(),
        None if inputs.len() > 1 => std::thread::available_parallelism().map_or(1, NonZero::get),
        None => 1,
    };
    let threads = threads.min(inputs.len());
    // A reader's depth of nesting is bounded for a main thread's stack.
    let builder = ThreadPoolBuilder::new().num_threads(threads).stack_size(8 << 20);
    let pool = (threads > 1).then(|| builder.build().ok()).flatten();
    let mut rest = inputs;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(batch_length(rest, threads, &size));
        let results = match &pool {
            Some(pool) => pool.install(|| batch.par_iter().with_max_len(1).map(&judge).collect()),
            None => batch.iter().map(&judge).collect(),
        };
        take(batch, results);
        rest = later;
    }
}

/// How many files are judged before their results are taken: enough to keep every thread busy, and few enough that
/// the results of large files do not pile up.
fn batch_length<I>(inputs: &[I], threads: usize, size: impl Fn(&I) -> u64) -> usize {
    const FILES: usize = 64;
    const BYTES: u64 = 4 << 20;
    let mut bytes = 0;
    let is_full = |(index, input): (usize, &I)| {
        let full = index >= threads && bytes > BYTES;
        bytes += size(input);
        full
    };
    let most = inputs.len().min(FILES * threads);
    inputs.iter().take(most).enumerate().map(is_full).position(|is_full| is_full).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{Input, Judged, NotUtf8, each, judge, quieten_panics};

    fn input(path: impl Into<PathBuf>) -> Input {
        Input { path: path.into(), is_named: true }
    }

    #[test]
    fn a_panic_is_a_problem_of_one_file_and_repeats_nothing() {
        quieten_panics();
        let here = input(file!());
        let judged = judge(&here, true, false, |_, text| panic!("{text:?}"));
        let problem = judged.problem.unwrap();
        assert_eq!(judged.totals.unreadable, 1);
        let words = format!("cannot be judged because of a mistake in ecs-guard, at {}:", file!());
        assert!(problem.problem.message.starts_with(&words), "{}", problem.problem.message);
        assert!(problem.problem.message.len() < 200, "{}", problem.problem.message);
        // The next file is judged as if nothing had happened.
        assert!(judge(&here, true, false, |_, _| Some(Judged::default())).problem.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_passed_over_only_where_it_has_none_of_our_words() {
        let path = std::env::temp_dir().join(format!("ecs-guard-judge-{}.yaml", std::process::id()));
        let is_reported = |text: &str, must_concern| {
            std::fs::write(&path, text).unwrap();
            let broken =
                |name: &str, _: Result<&str, &NotUtf8>| Some(Judged::unreadable(name, String::new()));
            judge(&input(&path), must_concern, false, broken).problem.is_some()
        };
        assert!(is_reported("AWS::ECS::TaskDefinition: [", false));
        assert!(is_reported("{containerDefinitions", false));
        assert!(!is_reported("{{ helm }}: \"\\u00e9\" [", false));
        assert!(is_reported("{{ helm }}: \"\\u00e9\" [", true));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn results_come_in_order_whichever_is_ready_first() {
        let inputs: Vec<_> = (0..300).map(|number| input(number.to_string())).collect();
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            let judge = |input: &Input| {
                let number: u64 = input.name().parse().unwrap();
                std::thread::sleep(Duration::from_micros(number * 7919 % 100));
                number
            };
            each(
                &inputs,
                NonZero::new(threads),
                |_| 0,
                judge,
                |batch, numbers| {
                    assert_eq!(batch.len(), numbers.len());
                    taken.extend(numbers);
                },
            );
            assert!(taken.iter().copied().eq(0..300), "{threads} threads: {taken:?}");
        }
    }
}
