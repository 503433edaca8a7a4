//! What exceptions look at, of what a rule's findings are about.
//!
//! Owns what is kept of a family, a container's name and its image: as much as an exception may match. What decides them is
//! decided for the reading, so a finding of one case has what is so in that case. Must not know the exceptions.

use wildmatch::WildMatch;

use crate::document::{Partial, View};
use crate::finding::{Called, Identity};

/// The longest text that is kept, in bytes: of images, which have the longest, Amazon ECS takes no longer ones from its own
/// registry.
const LONGEST: usize = 1024;

/// The patterns that the exceptions of one rule have for each.
#[derive(Debug, Default)]
pub(crate) struct Asked<'p> {
    pub(crate) families: Vec<&'p WildMatch>,
    pub(crate) containers: Vec<&'p WildMatch>,
    pub(crate) images: Vec<&'p WildMatch>,
    /// Whether there is any exception of the rule, whatever it looks at.
    pub(crate) has_exceptions: bool,
}

impl Asked<'_> {
    /// Whether any exception looks at any of them.
    pub(super) fn is_any(&self) -> bool {
        [&self.families, &self.containers, &self.images].into_iter().any(|patterns| !patterns.is_empty())
    }

    /// What is looked at of a container; `None`: nothing that matches.
    pub(super) fn of_container(&self, container: View<'_>) -> Option<Box<Identity>> {
        let called = |property, patterns: &[_]| called(container, property, patterns);
        let identity = Identity {
            family: Called::Otherwise,
            container: called("Name", &self.containers),
            image: called("Image", &self.images),
        };
        (identity != Identity::default()).then(|| Box::new(identity))
    }

    pub(super) fn family_of(&self, task_definition: View<'_>) -> Called {
        called(task_definition, "Family", &self.families)
    }
}

fn called(of: View<'_>, property: &'static str, patterns: &[&WildMatch]) -> Called {
    if patterns.is_empty() {
        return Called::Otherwise;
    }
    let Some(text) = of.decided_text(property) else { return Called::Otherwise };
    match text.whole() {
        // Braces are not of any such text: something is still to be put there.
        Some(text) if text.is_empty() || text.len() > LONGEST || text.contains("{{") => Called::Otherwise,
        Some(text) if patterns.iter().any(|pattern| pattern.matches(text)) => Called::Known(text.to_owned()),
        Some(_) => Called::Otherwise,
        None => open(&text, patterns),
    }
}

fn open(text: &Partial<'_>, patterns: &[&WildMatch]) -> Called {
    let beginning = text.beginning();
    if patterns.iter().any(|pattern| may_match(pattern, beginning)) {
        Called::Open(beginning.chars().take(LONGEST).collect())
    } else {
        Called::Otherwise
    }
}

/// Whether a pattern may match a text that begins so.
pub(crate) fn may_match(pattern: &WildMatch, beginning: &str) -> bool {
    let pattern = pattern.to_string();
    let known = pattern.split(['*', '?']).next().unwrap_or_default();
    known.len() == pattern.len() && known.starts_with(beginning)
        || known.len() < pattern.len() && (known.starts_with(beginning) || beginning.starts_with(known))
}
