//! Whether task definitions may differ between two templates of one stack.
//!
//! Owns the comparison of what is written and of all that it refers to. Must not know rules.

use std::collections::HashMap;

use super::{Definition, TaskDefinition, Template};
use crate::document::{Node, Value};

/// How deep definitions may refer to each other before anything is believed of them.
const MAXIMUM_DEPTH: usize = 16;

/// Two templates of one stack, and what is known already of the definitions in them.
#[derive(Debug)]
pub struct Changes<'c, 't> {
    template: &'c Template<'t>,
    previous: &'c Template<'t>,
    /// Whether mappings (`true`) and conditions may differ, by name.
    known: HashMap<(bool, String), bool>,
    /// How many definitions refer to each other on the way to what is looked at.
    depth: usize,
}

impl<'c, 't> Changes<'c, 't> {
    /// What changes from the `previous` template to `template`.
    pub fn new(template: &'c Template<'t>, previous: &'c Template<'t>) -> Self {
        Self { template, previous, known: HashMap::new(), depth: 0 }
    }

    /// Whether a task definition may be deployed otherwise than the one of the same name in the template before: because
    /// it is written otherwise, because a mapping or condition it uses is, or because a parameter may have another value.
    pub fn may_reach(&mut self, task: &TaskDefinition<'_>, before: &TaskDefinition<'_>) -> bool {
        let differ = |new: &[&Node<'_>], old: &[&Node<'_>]| {
            new.len() != old.len() || new.iter().zip(old).any(|(new, old)| !new.is_like(old))
        };
        differ(&task.properties, &before.properties)
            || differ(&task.conditions, &before.conditions)
            || task.function.is_some()
            || before.function.is_some()
            || is_of_open_loop(task.logical_id)
            || !self.template.macros.is_empty()
            || !self.previous.macros.is_empty()
            || task.properties.iter().any(|properties| self.node(properties))
            || task.conditions.iter().any(|condition| self.condition(condition) || self.node(condition))
    }

    fn node(&mut self, node: &Node<'_>) -> bool {
        match &node.value {
            Value::Sequence(items) => items.iter().any(|item| self.node(item)),
            Value::Mapping(entries) => entries.iter().any(|entry| {
                // A function that adds keys, of which nobody can see what it added before.
                entry.key.starts_with("Fn::")
                    || entry.key == "Condition" && self.condition(&entry.value)
                    || self.node(&entry.value)
            }),
            Value::Intrinsic(call) => {
                let itself = match (&*call.function, &call.argument.value) {
                    ("Ref", Value::String(name)) => self.is_parameter(name),
                    ("Condition", _) => self.condition(&call.argument),
                    ("Fn::If", Value::Sequence(items)) => {
                        items.first().is_some_and(|condition| self.condition(condition))
                    }
                    ("Fn::FindInMap", Value::Sequence(items)) => {
                        match items.first().map(|item| &item.value) {
                            Some(Value::String(name)) => self.definition(true, name),
                            _ => true,
                        }
                    }
                    ("Fn::Sub", Value::String(text)) => self.text(text),
                    ("Fn::Sub", Value::Sequence(items)) => match items.first().map(|item| &item.value) {
                        Some(Value::String(text)) => self.text(text),
                        _ => false,
                    },
                    ("Fn::Transform", _) => true,
                    _ => false,
                };
                itself || self.node(&call.argument)
            }
            _ => false,
        }
    }

    fn is_parameter(&self, name: &str) -> bool {
        self.template.parameters.contains_key(name)
    }

    fn text(&self, text: &str) -> bool {
        let mut names = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
        names.any(|(name, _)| self.is_parameter(name.trim()))
    }

    fn condition(&mut self, node: &Node<'_>) -> bool {
        matches!(&node.value, Value::String(name) if self.definition(false, name))
    }

    /// Whether what a name stands for may differ, or anything that this refers to.
    fn definition(&mut self, is_mapping: bool, name: &str) -> bool {
        let key = (is_mapping, name.to_owned());
        if let Some(may_differ) = self.known.get(&key) {
            return *may_differ;
        }
        // Until that is known; one that refers to itself means nothing.
        self.known.insert(key.clone(), true);
        let find = |template: &Template<'t>| {
            let section = if is_mapping { &template.mappings } else { &template.conditions };
            section.get(name).copied()
        };
        let may_differ = match (find(self.template), find(self.previous)) {
            (Some(Definition::Once(one)), Some(Definition::Once(other)))
                if self.depth < MAXIMUM_DEPTH && one.is_like(other) =>
            {
                self.depth += 1;
                let may_differ = self.node(one);
                self.depth -= 1;
                may_differ
            }
            _ => true,
        };
        self.known.insert(key, may_differ);
        may_differ
    }
}

/// Whether a loop wrote a name while what it runs over was open: then other resources may come of it than before.
fn is_of_open_loop(logical_id: &str) -> bool {
    logical_id.contains("${") || logical_id.contains("&{")
}
