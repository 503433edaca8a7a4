//! What must hold of any input, however it came about.
//!
//! Owns one function for each entrance that hostile text has, and how much memory a text may take. The fuzz targets below
//! `fuzz/` try what they invent, `tests/regressions.rs` what is known. Must not know where the bytes come from. How long
//! one may take is libFuzzer's `-timeout`, in `fuzz.mk`.

mod event;
mod exception;
mod fix;
mod json;
mod policy;
mod template;
mod tree;
mod yaml;

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What any text may take, in bytes: copies that aliases and loops ask for, and what functions compute. A function has 256
/// MiB in all.
const BASE: usize = 64 << 20;

/// What each byte of a text may take beside that. The most is taken by a list of nothing but commas.
const FOR_EACH_BYTE: usize = 1024;

/// Tries one text, alone in the process. Panics if something does not hold, or if it took too much memory.
pub(crate) fn hold(entrance: fn(&[u8]), bytes: &[u8]) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    entrance(bytes);
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    let limit = BASE + FOR_EACH_BYTE * bytes.len();
    assert!(
        taken <= limit,
        "{taken} bytes of memory for {} bytes of text, and {limit} are allowed",
        bytes.len()
    );
}

/// An entrance: its name, and what holds behind it.
pub(crate) type Entrance = (&'static str, fn(&[u8]));

/// Every entrance.
pub(crate) const ENTRANCES: &[Entrance] = &[
    ("yaml", yaml::yaml),
    ("json", json::json),
    ("event", event::event),
    ("template", template::template),
    ("policy", policy::policy),
    ("exception", exception::exception),
    ("fix", fix::fix),
];

/// Holds a text against what every text for people must be: something, on one line.
fn assert_one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}

/// Holds a place against the text that it must be in.
fn assert_inside(span: ecs_guard::document::Span, text: &str) {
    let (start, end) = (span.start() as usize, span.end() as usize);
    assert!(start <= end && text.get(start..end).is_some(), "{span:?} in {} bytes", text.len());
}
