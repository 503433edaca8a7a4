//! The section `Rules`: parameter values that the template itself refuses.
//!
//! Owns the reading of the section and whether the present possibility is refused. Must not know what refusing one means
//! for a verdict.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>

use std::collections::HashMap;

use super::scenario::Scenario;
use crate::document::{Entry, Node, Value};

/// What one entry of the section demands.
#[derive(Debug)]
pub(super) struct Assertion<'t> {
    /// When it counts; `None`: always.
    condition: Option<&'t Node<'t>>,
    /// What must hold then, each of them.
    demands: Vec<&'t Node<'t>>,
}

/// Reads the section. An entry in which something is written twice or cannot be read demands nothing.
pub(super) fn read<'t>(section: &'t [Entry<'t>]) -> Vec<Assertion<'t>> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for entry in section {
        *times.entry(&entry.key).or_default() += 1;
    }
    let is_unique = |entry: &&Entry<'_>| times.get(&*entry.key) == Some(&1);
    section.iter().filter(is_unique).filter_map(|entry| Assertion::of(&entry.value)).collect()
}

impl<'t> Assertion<'t> {
    fn of(definition: &'t Node<'t>) -> Option<Self> {
        let Value::Mapping(entries) = &definition.value else { return None };
        let mut assertion = Self { condition: None, demands: Vec::new() };
        let mut keys = Vec::new();
        for Entry { key, value, .. } in entries {
            if keys.contains(&&**key) {
                return None;
            }
            keys.push(&**key);
            match (&**key, &value.value) {
                ("RuleCondition", _) => assertion.condition = Some(value),
                ("Assertions", Value::Sequence(items)) => {
                    let demand = |item: &'t Node<'t>| match &item.value {
                        Value::Mapping(entries) if !super::has_macro(entries) => {
                            let mut demands = entries.iter().filter(|entry| entry.key == "Assert");
                            demands.next().filter(|_| demands.next().is_none()).map(|entry| &entry.value)
                        }
                        _ => None,
                    };
                    assertion.demands = items.iter().filter_map(demand).collect();
                }
                _ => return None,
            }
        }
        Some(assertion)
    }
}

/// What is known of whether a template accepts what has been decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Acceptance {
    #[default]
    Unknown,
    /// Nothing that is certain refuses it.
    Possible,
    /// There are values with which it is accepted.
    Certain,
}

impl Scenario<'_> {
    /// Whether CloudFormation refuses what has been decided in this possibility: for what the template's rules demand, or for a
    /// function in a task definition's properties that has no value. Where somebody `is_accused`, it is decided
    /// whether it can be otherwise: perhaps nothing that agrees with this is accepted. Else that would only make more
    /// possibilities.
    pub fn is_refused(&self, is_accused: bool) -> bool {
        if let Some(properties) = self.properties
            && is_accused
            && self.asks_for_keys(properties)
        {
            self.freeze(true);
            self.look_for_keys(properties);
            self.freeze(false);
        }
        if self.is_impossible() {
            return true;
        }
        if self.template.assertions.is_empty() {
            return false;
        }
        let decided = self.state.borrow().search.decided();
        let known = self.template.acceptance.get();
        let is_enough = if is_accused { Acceptance::Certain } else { Acceptance::Possible };
        if decided == 0 && known >= is_enough {
            return false;
        }
        self.freeze(true);
        let is_refused = self.is_refused_now();
        self.freeze(false);
        if is_refused {
            return true;
        }
        if is_accused {
            if self.is_refused_now() {
                return true;
            }
            // One that is accepted is enough: what else may be accepted is accused of the same.
            self.state.borrow_mut().search.forget_beyond(decided);
        }
        // Of thousands of task definitions hardly any depends on what the rules are about. What is accepted with more
        // decided is accepted with less.
        if !self.state.borrow().search.is_closed() {
            self.template.acceptance.set(known.max(is_enough));
        }
        false
    }

    fn is_refused_now(&self) -> bool {
        self.template.assertions.iter().any(|assertion| {
            let counts = assertion.condition.is_none_or(|condition| self.holds(condition) == Some(true));
            counts && assertion.demands.iter().any(|demand| self.holds(demand) == Some(false))
        })
    }
}
