//! The volumes of a task definition.
//!
//! Owns the walk over `Volumes` and what a volume is called. Must not know what kinds of volumes there are.

use super::Context;
use crate::document::{Lookup, View};
use crate::finding::quote;

impl Context<'_> {
    /// Calls `check` for every volume; it answers whether the rule is about the volume. Where it is about none, the rule
    /// does not apply, in words that follow "because".
    pub fn each_volume(
        &mut self,
        task_definition: View<'_>,
        because: &'static str,
        check: impl Fn(View<'_>, &mut Context<'_>) -> bool,
    ) {
        let mut is_about_any = false;
        match task_definition.field("Volumes").list() {
            Lookup::Known(volumes, _) => {
                for volume in volumes {
                    match volume.mapping() {
                        Lookup::Known(..) | Lookup::Absent => is_about_any |= check(volume, self),
                        Lookup::Unresolved(unresolved) => self.unresolved(&unresolved),
                        Lookup::Malformed(problem) => self.malformed(&problem),
                    }
                }
            }
            Lookup::Absent => {}
            Lookup::Unresolved(unresolved) => self.unresolved(&unresolved),
            Lookup::Malformed(problem) => self.malformed(&problem),
        }
        if !is_about_any {
            self.not_applicable(because);
        }
    }
}

/// "of volume `data`", or "of a volume" where its name is not known.
pub fn of(volume: View<'_>) -> String {
    match volume.field("Name").string() {
        Lookup::Known(name, _) => format!("of volume {}", quote(name.text)),
        _ => "of a volume".to_owned(),
    }
}
