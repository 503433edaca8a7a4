//! Namespaces shared with the machine.
//!
//! Owns how the words of `NetworkMode`, `PidMode` and `IpcMode` are read. Must not know which of them a rule asks for.

use super::Judged;
use crate::document::{Holds, Lookup, View};
use crate::finding::quote;

/// Whether a property of the task definition shares the machine's own namespace: the word `host`, in any casing.
pub fn judge<'a>(task_definition: View<'a>, property: &'static str) -> Judged<'a> {
    match task_definition.field(property).string() {
        Lookup::Known(mode, node) if mode.text.trim().eq_ignore_ascii_case("host") => {
            Judged::violation(property, Some(node), format!("`{property}` is {}", quote(mode.text)))
        }
        Lookup::Known(..) | Lookup::Absent => Judged::Compliant,
        Lookup::Unresolved(unresolved) if unresolved.partial().matches("host") == Holds::No => {
            Judged::Compliant
        }
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
