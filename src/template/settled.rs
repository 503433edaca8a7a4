//! What somebody has settled: parameters that are given, or have their defaults.
//!
//! Owns which of them a rule meets in one possibility, so that what it finds can name them. Must not know how a value is
//! evaluated.

use std::collections::HashSet;

use super::Definition;
use super::scenario::Scenario;
use crate::document::{Node, Settled, Value};

/// Something that a rule met and whose value is not in its place, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Met<'t> {
    /// A parameter, or a pseudo parameter.
    Parameter(&'t str),
    /// A condition, and so all that it refers to.
    Condition(&'t str),
}

/// How many are remembered of one possibility: a finding names a few of them.
const MOST_MET: usize = 4096;

impl<'t> Scenario<'t> {
    /// Notes what a rule meets; what a condition meets stands behind the condition.
    pub(super) fn meet(&self, met: Met<'t>) {
        let state = self.state.borrow();
        let is_own = !state.conditions.is_busy() && !state.search.is_frozen();
        let mut all = self.met.borrow_mut();
        if is_own && all.len() < MOST_MET {
            all.push(met);
        }
    }

    /// A name as the template, or what is given, has it.
    pub(super) fn settled_name(&self, name: &str) -> Option<&'t str> {
        let of_template = self.template.parameters.get_key_value(name).map(|(name, _)| *name);
        of_template
            .or_else(|| self.template.given.parameters.get_key_value(name).map(|(name, _)| name.as_str()))
    }

    /// What is settled of what was met, each once.
    pub(super) fn settled_of(&self, met: &[Met<'t>]) -> Vec<Settled> {
        let mut names = Names::default();
        for met in met {
            names.add(*met);
            // One condition may refer to the next, and so on: a stack has an end.
            while let Some(condition) = names.conditions.pop() {
                if let Some(Definition::Once(node)) = self.template.conditions.get(condition) {
                    names.add_all(node);
                }
            }
        }
        names.parameters.into_iter().filter_map(|name| self.settled(name)).collect()
    }

    /// What a parameter is settled to be, if it is.
    fn settled(&self, name: &str) -> Option<Settled> {
        let parameter = self.template.parameters.get(name);
        let value = self.fixed(name, parameter)?;
        let is_secret = parameter.is_some_and(|known| known.is_secret() && !known.is_told(Some(value)));
        let given = self.template.given;
        let is_default = !given.parameters.contains_key(name)
            && !given.looked_up.contains_key(name)
            && parameter.is_some();
        Some(Settled { name: name.to_owned(), value: (!is_secret).then(|| value.to_owned()), is_default })
    }
}

/// What was met, and of it the parameters in order.
#[derive(Default)]
struct Names<'t> {
    seen: HashSet<Met<'t>>,
    parameters: Vec<&'t str>,
    /// Conditions whose expressions have not been looked at.
    conditions: Vec<&'t str>,
}

impl<'t> Names<'t> {
    fn add(&mut self, met: Met<'t>) {
        if self.seen.len() < MOST_MET && self.seen.insert(met) {
            match met {
                Met::Parameter(name) => self.parameters.push(name),
                Met::Condition(name) => self.conditions.push(name),
            }
        }
    }

    /// Adds what an expression refers to.
    fn add_all(&mut self, node: &'t Node<'t>) {
        match &node.value {
            Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
                ("Ref", Value::String(name)) => self.add(Met::Parameter(name)),
                ("Condition", Value::String(name)) => self.add(Met::Condition(name)),
                ("Fn::Sub", Value::String(text)) => self.add_variables(text),
                ("Fn::Sub", Value::Sequence(arguments)) => {
                    if let Some(Node { value: Value::String(text), .. }) = arguments.first() {
                        self.add_variables(text);
                    }
                    self.add_all(&call.argument);
                }
                _ => self.add_all(&call.argument),
            },
            // The long form of a reference to a condition is a map like any other.
            Value::Mapping(entries) => {
                for entry in entries {
                    match &entry.value.value {
                        Value::String(name) if entry.key == "Condition" => self.add(Met::Condition(name)),
                        _ => self.add_all(&entry.value),
                    }
                }
            }
            Value::Sequence(items) => items.iter().for_each(|item| self.add_all(item)),
            _ => {}
        }
    }

    fn add_variables(&mut self, text: &'t str) {
        for variable in text.split("${").skip(1) {
            if let Some((name, _)) = variable.split_once('}') {
                self.add(Met::Parameter(name.trim()));
            }
        }
    }
}
