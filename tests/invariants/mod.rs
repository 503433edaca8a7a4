//! What must hold of any input, however it came about.
//!
//! Owns one function for each entrance that hostile text has. The fuzz targets below `fuzz/` call them with what they
//! invent, `tests/regressions.rs` with what is known. Must not know where the bytes come from. What bounds time and
//! memory is measured by whoever calls.

mod event;
mod fix;
mod json;
mod policy;
mod template;
mod tree;
mod yaml;

pub use event::event;
pub use fix::fix;
pub use json::json;
pub use policy::policy;
pub use template::template;
pub use yaml::yaml;

/// An entrance: its name, and what holds behind it.
pub type Entrance = (&'static str, fn(&[u8]));

/// Every entrance.
pub const ENTRANCES: &[Entrance] = &[
    ("yaml", yaml),
    ("json", json),
    ("event", event),
    ("template", template),
    ("policy", policy),
    ("fix", fix),
];

/// Holds a text against what every text for people must be: something, on one line.
fn assert_one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}

/// Holds a place against the text that it must be in.
fn assert_inside(span: ecs_guard::document::Span, text: &str) {
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(start <= end && text.get(start..end).is_some(), "{span:?} in {} bytes", text.len());
}
