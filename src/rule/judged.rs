//! What a property comes to.
//!
//! Owns [`Judged`], by which a reading that several rules share tells what it found, and how several of them make one
//! answer. Must not know any particular property.

use std::borrow::Cow;

use super::Context;
use crate::document::{Lookup, Node, Problem, Unresolved, View};
use crate::finding::Finding;

/// What a property comes to for a rule.
#[derive(Debug, Clone)]
pub enum Judged<'a> {
    /// It is as it should be.
    Compliant,
    /// It is not.
    Violation(Violation<'a>),
    /// It is decided later.
    Unresolved(Unresolved<'a>),
    /// It cannot be what belongs there, which is as bad as a violation.
    Malformed(Problem<'a>),
}

/// What is wrong, and where.
#[derive(Debug, Clone)]
pub struct Violation<'a> {
    property: &'static str,
    node: Option<&'a Node<'a>>,
    message: Cow<'static, str>,
}

impl<'a> Judged<'a> {
    /// A violation, found in `node` or, where that is missing, in the container or the task definition.
    pub fn violation(
        property: &'static str,
        node: Option<&'a Node<'a>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Violation(Violation { property, node, message: message.into() })
    }

    /// A boolean that must not be true.
    pub fn must_not_be_true(view: View<'a>) -> Self {
        let name = view.name();
        match view.bool() {
            Lookup::Known(true, node) => {
                Self::violation(name.property, Some(node), format!("{name} is true"))
            }
            Lookup::Known(false, _) | Lookup::Absent => Self::Compliant,
            Lookup::Unresolved(unresolved) => Self::Unresolved(unresolved),
            Lookup::Malformed(problem) => Self::Malformed(problem),
        }
    }
}

impl Context<'_> {
    /// Reports what a property comes to; gives the finding of a violation.
    pub fn take(&mut self, judged: Judged<'_>) -> Option<&mut Finding> {
        match judged {
            Judged::Compliant => {}
            Judged::Violation(Violation { property, node, message }) => {
                return Some(self.fail(property, node, message));
            }
            Judged::Unresolved(unresolved) => self.unresolved(&unresolved),
            Judged::Malformed(problem) => self.malformed(&problem),
        }
        None
    }

    /// Reports what a property comes to at another place, or that of the container: formats show what stands at a finding's
    /// place, and the property itself may hold a secret.
    pub fn take_at(&mut self, place: Option<&Node<'_>>, judged: Judged<'_>) {
        let before = self.findings.len();
        self.take(judged);
        for finding in self.findings.iter_mut().skip(before) {
            finding.span = place.and_then(|place| place.span);
        }
    }

    /// Reports what several properties come to that are wrong only together: one that is as it should be excuses all. The
    /// first tells what is wrong.
    pub fn take_together<const COUNT: usize>(&mut self, judged: [Judged<'_>; COUNT]) {
        if judged.iter().any(|one| matches!(one, Judged::Compliant)) {
            return;
        }
        let weight = |one: &Judged<'_>| match one {
            Judged::Compliant => 0,
            Judged::Violation(_) => 1,
            Judged::Malformed(_) => 2,
            Judged::Unresolved(_) => 3,
        };
        let decisive = judged
            .into_iter()
            .reduce(|first, other| if weight(&other) > weight(&first) { other } else { first });
        if let Some(decisive) = decisive {
            self.take(decisive);
        }
    }
}
