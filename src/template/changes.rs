//! Whether a task definition may differ between two templates of one stack.
//!
//! Owns the comparison of what is written and of all that it refers to. Must not know rules.

use std::collections::HashSet;

use super::{Definition, TaskDefinition, Template};
use crate::document::{Node, Value};

/// How deep definitions may refer to each other before anything is believed of them.
const MAXIMUM_DEPTH: usize = 16;

/// Whether a task definition may be deployed otherwise than the one of the same name in the template before: because it
/// is written otherwise, because a mapping or condition it uses is, or because a parameter may have another value.
pub fn may_differ<'t>(
    (template, task): (&Template<'t>, &TaskDefinition<'t>),
    (previous_template, previous): (&Template<'t>, &TaskDefinition<'t>),
) -> bool {
    let differ = |new: &[&Node<'_>], old: &[&Node<'_>]| {
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| !new.is_like(old))
    };
    if differ(&task.properties, &previous.properties)
        || differ(&task.conditions, &previous.conditions)
        || task.function.is_some()
        || previous.function.is_some()
        || is_of_open_loop(task.logical_id)
        || !template.macros.is_empty()
        || !previous_template.macros.is_empty()
    {
        return true;
    }
    let mut walk =
        Walk { template, previous: previous_template, seen: HashSet::new(), depth: 0, may_differ: false };
    task.properties.iter().for_each(|properties| walk.node(properties));
    task.conditions.iter().for_each(|condition| walk.condition(condition));
    walk.may_differ
}

/// Whether a loop wrote a name while what it runs over was open: then other resources may come of it than before.
fn is_of_open_loop(logical_id: &str) -> bool {
    logical_id.contains("${") || logical_id.contains("&{")
}

/// A walk through all that a task definition refers to.
struct Walk<'w, 't> {
    template: &'w Template<'t>,
    previous: &'w Template<'t>,
    /// Mappings (`true`) and conditions by name.
    seen: HashSet<(bool, String)>,
    /// How many definitions refer to each other on the way here.
    depth: usize,
    may_differ: bool,
}

impl<'t> Walk<'_, 't> {
    fn node(&mut self, node: &Node<'_>) {
        match &node.value {
            Value::Sequence(items) => items.iter().for_each(|item| self.node(item)),
            Value::Mapping(entries) => {
                for entry in entries {
                    if entry.key == "Condition" {
                        self.condition(&entry.value);
                    }
                    // A function that adds keys, of which nobody can see what it added before.
                    self.may_differ |= entry.key.starts_with("Fn::");
                    self.node(&entry.value);
                }
            }
            Value::Intrinsic(call) => {
                match (&*call.function, &call.argument.value) {
                    ("Ref", Value::String(name)) => self.name(name),
                    ("Condition", _) => self.condition(&call.argument),
                    ("Fn::If", Value::Sequence(items)) => {
                        if let Some(condition) = items.first() {
                            self.condition(condition);
                        }
                    }
                    ("Fn::FindInMap", Value::Sequence(items)) => {
                        match items.first().map(|item| &item.value) {
                            Some(Value::String(name)) => {
                                self.definition(true, name);
                            }
                            _ => self.may_differ = true,
                        }
                    }
                    ("Fn::Sub", Value::String(text)) => self.text(text),
                    ("Fn::Sub", Value::Sequence(items)) => {
                        if let Some(Node { value: Value::String(text), .. }) = items.first() {
                            self.text(text);
                        }
                    }
                    ("Fn::Transform", _) => self.may_differ = true,
                    _ => {}
                }
                self.node(&call.argument);
            }
            _ => {}
        }
    }

    fn name(&mut self, name: &str) {
        self.may_differ |= self.template.parameters.contains_key(name);
    }

    fn text(&mut self, text: &str) {
        for part in text.split("${").skip(1) {
            if let Some((name, _)) = part.split_once('}') {
                self.name(name.trim());
            }
        }
    }

    fn condition(&mut self, node: &Node<'_>) {
        if let Value::String(name) = &node.value {
            self.definition(false, name);
        }
    }

    /// What a name stands for in both templates, and all that this refers to.
    fn definition(&mut self, is_mapping: bool, name: &str) {
        if self.may_differ || !self.seen.insert((is_mapping, name.to_owned())) {
            return;
        }
        let find = |template: &Template<'t>| {
            let section = if is_mapping { &template.mappings } else { &template.conditions };
            section.get(name).copied()
        };
        match (find(self.template), find(self.previous)) {
            (Some(Definition::Once(one)), Some(Definition::Once(other)))
                if self.depth < MAXIMUM_DEPTH && one.is_like(other) =>
            {
                self.depth += 1;
                self.node(one);
                self.depth -= 1;
            }
            _ => self.may_differ = true,
        }
    }
}
