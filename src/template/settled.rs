//! What somebody has settled: parameters that are given or have their defaults, and conditions that depend on them.
//!
//! Owns which functions of one possibility stand for something settled, so that a finding can name what decides the value
//! that it is about. Must not know how a value is evaluated.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use super::Definition;
use super::parameter::Parameter;
use super::scenario::{Fact, Scenario};
use crate::document::{MAXIMUM_SETTLED, Node, Settled, Trace, Value, short};

/// Functions that stood for something settled, the first one first.
#[derive(Default)]
pub(super) struct Log<'t> {
    functions: RefCell<Vec<Function<'t>>>,
    /// What the function met that is being evaluated.
    met: RefCell<Vec<Met<'t>>>,
    /// How much is remembered.
    size: Cell<usize>,
}

/// A function, and what it came to stand for.
struct Function<'t> {
    value: Trace,
    shape: Shape,
    met: Vec<Met<'t>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Something may be inside.
    Collection,
    /// What it belongs to lacks something.
    Absent,
    Text,
}

/// What a function met.
#[derive(Clone, PartialEq, Eq)]
enum Met<'t> {
    /// A parameter, or a pseudo parameter, by its name.
    Parameter(&'t str),
    /// A condition that is asked for by its name.
    Condition(&'t str, bool),
    /// One that is written in its place.
    Expression(Fact),
}

/// How much is remembered of what one rule meets in one container, and outside of all.
const MOST_MET: usize = 4096;

/// Through how many conditions one is followed to a parameter.
const MOST_CONDITIONS: usize = 256;

impl<'t> Log<'t> {
    pub(super) fn clear(&self) {
        self.functions.borrow_mut().clear();
        self.size.set(0);
    }

    pub(super) fn len(&self) -> usize {
        self.functions.borrow().len()
    }

    pub(super) fn forget(&self, from: usize) {
        let mut functions = self.functions.borrow_mut();
        let forgotten: usize = functions.iter().skip(from).map(|function| function.met.len()).sum();
        functions.truncate(from);
        self.size.set(self.size.get() - forgotten);
    }

    fn meet(&self, met: Met<'t>) {
        let mut all = self.met.borrow_mut();
        if self.size.get() + all.len() < MOST_MET && !all.contains(&met) {
            all.push(met);
        }
    }

    /// Forgets what was met and belongs to no function.
    pub(super) fn drop_met(&self) {
        self.met.borrow_mut().clear();
    }

    /// Takes note of what a function came to, if it met anything.
    pub(super) fn end(&self, value: &Node<'_>) {
        let mut met = self.met.borrow_mut();
        if met.is_empty() {
            return;
        }
        let shape = match value.value {
            Value::Sequence(_) | Value::Mapping(_) => Shape::Collection,
            _ if value.is_absent() => Shape::Absent,
            _ => Shape::Text,
        };
        self.size.set(self.size.get() + met.len());
        self.functions.borrow_mut().push(Function {
            value: Trace::of(value),
            shape,
            met: std::mem::take(&mut met),
        });
    }
}

impl Scenario<'_> {
    /// Whether what is met by a rule itself may be settled.
    fn is_noted(&self) -> bool {
        let given = self.template.given;
        let is_any = given.assume_defaults || !given.parameters.is_empty() || !given.looked_up.is_empty();
        is_any && {
            let state = self.state.borrow();
            !state.conditions.is_busy() && !state.search.is_frozen()
        }
    }

    /// Notes a parameter whose value is settled.
    pub(super) fn meet_parameter(&self, name: &str) {
        if self.is_noted() {
            let of_template = self.template.parameters.get_key_value(name).map(|(name, _)| *name);
            let of_given =
                || self.template.given.parameters.get_key_value(name).map(|(name, _)| name.as_str());
            // What follows from the Region is settled with it.
            let region =
                || self.template.given.parameters.contains_key("AWS::Region").then_some("AWS::Region");
            if let Some(name) = of_template.or_else(of_given).or_else(region) {
                self.log.meet(Met::Parameter(name));
            }
        }
    }

    /// Notes a condition, by its name or as it is written.
    pub(super) fn meet_condition(&self, condition: &Node<'_>, is_true: bool) {
        if !self.is_noted() {
            return;
        }
        match &condition.value {
            Value::String(name) => {
                if let Some((name, _)) = self.template.conditions.get_key_value(&**name) {
                    self.log.meet(Met::Condition(name, is_true));
                }
            }
            _ if self.depends_on_settled(condition) => {
                self.log.meet(Met::Expression(Fact::of(condition, is_true)));
            }
            _ => {}
        }
    }

    pub(super) fn settled_at(&self, place: Trace, within: Trace, from: usize) -> Vec<Settled> {
        let mut found: Vec<Settled> = Vec::new();
        for (at, function) in self.log.functions.borrow().iter().enumerate().rev() {
            let decides = match function.shape {
                Shape::Text => function.value.is_same(place),
                Shape::Absent => place == Trace::NOWHERE && at >= from,
                Shape::Collection if place == Trace::NOWHERE => at >= from || function.value.holds(within),
                Shape::Collection => function.value.holds(place),
            };
            for met in function.met.iter().filter(|_| decides) {
                // One more than are named tells that there are more.
                if found.len() > MAXIMUM_SETTLED {
                    return found;
                }
                if let Some(settled) = self.settled(met).filter(|settled| !found.contains(settled)) {
                    found.push(settled);
                }
            }
        }
        found
    }

    fn settled(&self, met: &Met<'_>) -> Option<Settled> {
        let name = match met {
            Met::Parameter(name) => *name,
            Met::Condition(name, is_true) => {
                let is_settled = self.is_settled_condition(name);
                return is_settled.then(|| Settled::Condition(format!("{} is {is_true}", short(name))));
            }
            Met::Expression(fact) => return Some(Settled::Condition(fact.to_string())),
        };
        let parameter = self.template.parameters.get(name);
        let value = self.fixed(name, parameter)?;
        let given = self.template.given;
        let is_default = parameter.is_some()
            && !given.parameters.contains_key(name)
            && !given.looked_up.contains_key(name);
        // What nobody but the giver knows may be a secret, and what a finding needs of it, its message tells.
        let is_boolean = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
        let is_told = is_boolean || parameter.is_none_or(|parameter| parameter.is_told(Some(value)));
        let is_shown = is_told && !parameter.is_some_and(Parameter::is_secret);
        Some(Settled::Parameter { name: short(name), value: is_shown.then(|| short(value)), is_default })
    }

    fn is_settled_condition(&self, name: &str) -> bool {
        if let Some(known) = self.template.settled_conditions.borrow().get(name) {
            return *known;
        }
        let definition = match self.template.conditions.get(name) {
            Some(Definition::Once(node)) => Some(*node),
            _ => None,
        };
        let is_settled = definition.is_some_and(|node| self.depends_on_settled(node));
        self.template.settled_conditions.borrow_mut().insert(name.to_owned(), is_settled);
        is_settled
    }

    /// Whether an expression refers to something settled, itself or through conditions.
    fn depends_on_settled(&self, expression: &Node<'_>) -> bool {
        let is_settled = |name: &str| self.fixed(name, self.template.parameters.get(name)).is_some();
        let mut seen = HashSet::new();
        let mut conditions = Vec::new();
        if refers_to_settled(expression, &is_settled, &mut conditions) {
            return true;
        }
        // One condition may refer to the next, and so on: a stack has an end.
        while let Some(name) = conditions.pop() {
            if seen.len() == MOST_CONDITIONS {
                return false;
            }
            if let Some((name, Definition::Once(node))) = self.template.conditions.get_key_value(&*name)
                && seen.insert(*name)
                && refers_to_settled(node, &is_settled, &mut conditions)
            {
                return true;
            }
        }
        false
    }
}

/// Whether an expression itself refers to something settled; adds the conditions that it refers to.
fn refers_to_settled(
    node: &Node<'_>,
    is_settled: &impl Fn(&str) -> bool,
    conditions: &mut Vec<String>,
) -> bool {
    match &node.value {
        Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
            ("Ref", Value::String(name)) => is_settled(name),
            ("Condition", Value::String(name)) => {
                conditions.push(String::from(&**name));
                false
            }
            ("Fn::If", Value::Sequence(items)) => {
                if let Some(Node { value: Value::String(name), .. }) = items.first() {
                    conditions.push(String::from(&**name));
                }
                refers_to_settled(&call.argument, is_settled, conditions)
            }
            ("Fn::Sub", Value::String(text)) => variables(text).any(is_settled),
            ("Fn::Sub", Value::Sequence(arguments)) => {
                let text = match arguments.first() {
                    Some(Node { value: Value::String(text), .. }) => text,
                    _ => "",
                };
                variables(text).any(is_settled) || refers_to_settled(&call.argument, is_settled, conditions)
            }
            _ => refers_to_settled(&call.argument, is_settled, conditions),
        },
        // The long form of a reference to a condition is a map like any other.
        Value::Mapping(entries) => entries.iter().any(|entry| match &entry.value.value {
            Value::String(name) if entry.key == "Condition" => {
                conditions.push(String::from(&**name));
                false
            }
            _ => refers_to_settled(&entry.value, is_settled, conditions),
        }),
        Value::Sequence(items) => items.iter().any(|item| refers_to_settled(item, is_settled, conditions)),
        _ => false,
    }
}

/// The variables of a text that `Fn::Sub` substitutes.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|variable| Some(variable.split_once('}')?.0.trim()))
}

/// Which conditions depend on something settled, as far as that was asked.
pub(super) type SettledConditions = RefCell<HashMap<String, bool>>;
