//! Templates: where the task definitions are, and what their values may come to be.
//!
//! Owns the sections of a CloudFormation template and the evaluation of its functions. Must not know rules or
//! policies, nor where a template comes from.
//!
//! A template says much of its values before anything is deployed: [`Scenario`] evaluates functions while a rule
//! reads, and wherever the answer depends on something open that the template limits (a condition, a parameter with
//! `AllowedValues`, a mapping), it takes every possibility in turn.

mod changes;
mod condition;
mod function;
mod loops;
mod parameter;
mod plain;
mod scenario;
mod unknown;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use changes::may_differ;
pub use loops::expand_loops;
pub use plain::{from_plain, in_plain_words, plain_spelling};
pub use scenario::{Fact, Scenario};

use crate::document::{Entry, Node, Span, Value};
use parameter::Parameter;

/// What is known of a deployment beside the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Values of parameters and of pseudo parameters such as `AWS::Region`, as text; a list's items with commas between.
    pub parameters: BTreeMap<String, String>,
    /// Whether a parameter that is not given has its default.
    pub assume_defaults: bool,
    /// Parameters that are given something nobody knows yet, so that not even the default holds.
    pub open: BTreeSet<String>,
}

/// How much work is spent on one template beyond the first possibility of each task definition, in functions evaluated:
/// well below a second, so that no template keeps a deployment waiting.
const BUDGET: usize = 500_000;

/// The resource type that rules are about.
pub const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";

/// The sections of a template, indexed by name. A name that is defined twice means nothing certain.
#[derive(Debug)]
pub struct Template<'t> {
    parameters: HashMap<&'t str, Parameter<'t>>,
    conditions: HashMap<&'t str, Definition<'t>>,
    mappings: HashMap<&'t str, Definition<'t>>,
    given: &'t Given,
    /// Its task definitions in the order of the text.
    pub task_definitions: Vec<TaskDefinition<'t>>,
    /// Its nested stacks in the order of the text.
    pub nested_stacks: Vec<NestedStack<'t>>,
    /// Macros that may change anything, by their names; those of AWS itself leave task definitions alone.
    pub macros: Vec<&'t str>,
    /// How much work may still be spent on further possibilities, in functions evaluated.
    budget: Cell<usize>,
    /// Places in `Resources` where a function adds resources that nobody can see yet.
    pub hidden_resources: Vec<Option<Span>>,
}

/// What a name of a section stands for.
#[derive(Debug, Clone, Copy)]
enum Definition<'t> {
    Once(&'t Node<'t>),
    Repeated,
}

/// A resource of type `AWS::ECS::TaskDefinition`.
#[derive(Debug, Clone)]
pub struct TaskDefinition<'t> {
    /// Its logical id.
    pub logical_id: &'t str,
    /// Where that stands.
    pub span: Option<Span>,
    /// Its properties: none when it has none, several when the key is repeated.
    pub properties: Vec<&'t Node<'t>>,
    /// The condition under which it is created.
    pub condition: Option<&'t Node<'t>>,
}

/// A stack inside the stack.
#[derive(Debug, Clone)]
pub struct NestedStack<'t> {
    /// Its logical id.
    pub logical_id: &'t str,
    /// Where its template is, as far as that is a text.
    pub location: Option<(&'t str, Option<Span>)>,
    /// The parameters handed down.
    pub parameters: &'t [Entry<'t>],
}

impl<'t> Template<'t> {
    /// Whether a document is a template: a map with a map of `Resources`, or with a function in its place.
    pub fn is_one(root: &Node<'_>) -> bool {
        let Value::Mapping(sections) = &root.value else { return false };
        sections.iter().any(|section| {
            section.key == "Resources"
                && matches!(section.value.value, Value::Mapping(_) | Value::Intrinsic(_))
        })
    }

    /// Indexes a document, if it is a template: a map with a map of `Resources`.
    pub fn of(root: &'t Node<'t>, given: &'t Given) -> Option<Self> {
        let Value::Mapping(sections) = &root.value else { return None };
        if !Self::is_one(root) {
            return None;
        }
        let mut template = Self {
            parameters: HashMap::new(),
            conditions: HashMap::new(),
            mappings: HashMap::new(),
            given,
            task_definitions: Vec::new(),
            nested_stacks: Vec::new(),
            macros: Vec::new(),
            budget: Cell::new(BUDGET),
            hidden_resources: Vec::new(),
        };
        for section in sections {
            match (&*section.key, &section.value.value) {
                ("Resources", Value::Mapping(entries)) => {
                    for entry in entries {
                        template.resource(entry);
                    }
                }
                ("Resources", Value::Intrinsic(_)) => {
                    template.hidden_resources.push(section.value.span);
                }
                ("Parameters", Value::Mapping(entries)) => {
                    for entry in entries {
                        let parameter = Parameter::of(&entry.value);
                        let known = template.parameters.entry(&entry.key);
                        known.and_modify(Parameter::forget).or_insert(parameter);
                    }
                }
                ("Conditions", Value::Mapping(entries)) => define(&mut template.conditions, entries),
                ("Mappings", Value::Mapping(entries)) => define(&mut template.mappings, entries),
                ("Transform", value) => template.transform(value),
                ("Fn::Transform", Value::Mapping(_)) => template.macros.push("Fn::Transform"),
                _ => {}
            }
        }
        Some(template)
    }

    /// Pays for work, if there is something left to pay with.
    fn afford(&self, steps: usize) -> bool {
        let left = self.budget.get().checked_sub(steps + 1);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether a name is a parameter whose value may be given, and so would settle what depends on it.
    pub fn can_be_given(&self, name: &str) -> bool {
        match self.parameters.get(name) {
            Some(parameter) => !parameter.is_hidden,
            None => name.starts_with("AWS::") && name != "AWS::NoValue",
        }
    }

    /// What a nested stack's template may know of its deployment. A parameter that is not handed down has its default.
    pub fn handed_down(&self, stack: &NestedStack<'t>) -> Given {
        let mut given = Given { assume_defaults: true, ..Given::default() };
        for name in ["AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix"] {
            if let Some(value) = self.given.parameters.get(name) {
                given.parameters.insert(name.to_owned(), value.clone());
            }
        }
        for entry in stack.parameters {
            let scenario = Scenario::new(self, None);
            let node = scenario.value(&entry.value);
            let text = |node: &Node<'_>| {
                parameter::scalar(scenario.value(node)).map(|scalar| scalar.text.into_owned())
            };
            let value = match &node.value {
                Value::Sequence(items) => {
                    items.iter().map(text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
                }
                _ => text(node),
            };
            match value.filter(|_| scenario.facts().is_empty()) {
                Some(value) => given.parameters.insert(entry.key.clone().into_owned(), value).map(drop),
                None => given.open.insert(entry.key.clone().into_owned()).then_some(()),
            };
        }
        given
    }

    /// The names of its parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &'t str> {
        self.parameters.keys().copied()
    }

    fn resource(&mut self, entry: &'t Entry<'t>) {
        let Value::Mapping(attributes) = &entry.value.value else {
            if matches!(entry.value.value, Value::Intrinsic(_)) || entry.key.starts_with("Fn::") {
                self.hidden_resources.push(entry.key_span);
            }
            return;
        };
        if entry.key.starts_with("Fn::") {
            self.hidden_resources.push(entry.key_span);
            return;
        }
        let all = |key: &'static str| {
            attributes.iter().filter(move |attribute| attribute.key == key).map(|attribute| &attribute.value)
        };
        let is_of_type = |name: &str| {
            all("Type")
                .any(|node| matches!(&node.value, Value::String(text) if text.eq_ignore_ascii_case(name)))
        };
        if is_of_type(TASK_DEFINITION) {
            self.task_definitions.push(TaskDefinition {
                logical_id: &entry.key,
                span: entry.key_span,
                properties: all("Properties").collect(),
                condition: all("Condition").next(),
            });
        } else if let Some(key) =
            [("AWS::CloudFormation::Stack", "TemplateURL"), ("AWS::Serverless::Application", "Location")]
                .iter()
                .find_map(|(name, key)| is_of_type(name).then_some(*key))
        {
            let properties = entry.value.get("Properties");
            let location =
                properties.and_then(|properties| properties.get(key)).and_then(|node| match &node.value {
                    Value::String(text) => Some((&**text, node.span)),
                    _ => None,
                });
            // The AWS CDK writes a URL that only its deployment knows, and the file's name beside it.
            let asset = entry.value.get("Metadata").and_then(|metadata| metadata.get("aws:asset:path"));
            let asset = asset.and_then(|node| match &node.value {
                Value::String(text) => Some((&**text, node.span)),
                _ => None,
            });
            let location = asset.or(location);
            let parameters = match properties.and_then(|properties| properties.get("Parameters")) {
                Some(Node { value: Value::Mapping(entries), .. }) => entries.as_slice(),
                _ => &[],
            };
            self.nested_stacks.push(NestedStack { logical_id: &entry.key, location, parameters });
        }
    }

    fn transform(&mut self, value: &'t Value<'t>) {
        match value {
            Value::String(name) if name.starts_with("AWS::") && name != "AWS::Include" => {}
            Value::String(name) => self.macros.push(name),
            Value::Sequence(items) => items.iter().for_each(|item| self.transform(&item.value)),
            Value::Mapping(_) => match value_of(value, "Name") {
                Some(name) => self.transform(name),
                None => self.macros.push("Transform"),
            },
            _ => self.macros.push("Transform"),
        }
    }
}

fn value_of<'t>(map: &'t Value<'t>, key: &str) -> Option<&'t Value<'t>> {
    let Value::Mapping(entries) = map else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value.value)
}

fn define<'t>(section: &mut HashMap<&'t str, Definition<'t>>, entries: &'t [Entry<'t>]) {
    for entry in entries {
        let definition = section.entry(&entry.key);
        definition
            .and_modify(|known| *known = Definition::Repeated)
            .or_insert(Definition::Once(&entry.value));
    }
}
