//! Templates: where the task definitions are, and what their values may come to be.
//!
//! Owns the sections of a CloudFormation template and the evaluation of its functions. Must not know rules or
//! policies, nor where a template comes from.
//!
//! A template says much of its values before anything is deployed: [`Scenario`] evaluates functions while a rule
//! reads, and wherever the answer depends on something open that the template limits (a condition, a parameter with
//! `AllowedValues`, a mapping), it takes every possibility in turn.

mod assertion;
mod changes;
mod condition;
mod function;
mod limits;
mod loops;
mod mapping;
mod name;
mod parameter;
mod plain;
mod possible;
mod pseudo;
mod relation;
mod scenario;
mod settled;
mod unknown;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub use changes::Changes;
pub use loops::expand_loops;
use loops::is_left_of_loop;
pub use plain::{from_plain, in_plain_words, plain_spelling, written_key};
pub use scenario::{Fact, Scenario};

use crate::document::{Entry, Node, Reading, Resolve, Span, Value, View, is_plain_decimal};
use assertion::{Acceptance, Assertion};
use parameter::{Hidden, Parameter};
use settled::SettledConditions;

/// What is known of a deployment beside the template.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// Values of parameters and of pseudo parameters such as `AWS::Region`, as text; a list's items with commas between.
    pub parameters: BTreeMap<String, String>,
    /// Which of these were written as numbers: `0x0` is one spelling of zero then, and as a text it is a name.
    pub numbers: BTreeSet<String>,
    /// Whether a parameter that is not given has its default.
    pub assume_defaults: bool,
    /// Parameters that are given something nobody knows yet, so that not even the default holds.
    pub open: BTreeSet<String>,
    /// What the Parameter Store holds for parameters that are given a name in it.
    pub looked_up: BTreeMap<String, String>,
    /// Of a nested stack, which gets its parameters from the template above only: what settles each of `open`, which may be
    /// nothing. `None`: it is no nested stack.
    pub from_above: Option<BTreeMap<String, BTreeSet<Candidate>>>,
}

/// A parameter that may be given a value in this run, and has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its name, in the template at the top.
    pub name: String,
    /// Whether it would have its default, were that assumed.
    pub could_have_default: bool,
}

impl Given {
    /// Adds what somebody else knows, who has the last word.
    pub fn extend(&mut self, other: Self) {
        let Self { parameters, numbers, assume_defaults, open, looked_up, from_above } = other;
        for name in open.iter().chain(parameters.keys()) {
            self.parameters.remove(name);
            self.numbers.remove(name);
        }
        self.numbers.extend(numbers);
        self.open.retain(|name| !parameters.contains_key(name));
        self.parameters.extend(parameters);
        self.open.extend(open);
        self.looked_up.extend(looked_up);
        self.assume_defaults |= assume_defaults;
        self.from_above = from_above.or(self.from_above.take());
    }
}

/// How much work is spent on one template beyond the first possibility of each task definition, in functions evaluated:
/// well below a second, so that no template keeps a deployment waiting.
const BUDGET: usize = 500_000;

/// How much work is spent on one template in all, in functions evaluated. Templates that people write take a small part of
/// it; a function inside a function inside a function can take any number, and what is left then stays open.
const MOST_WORK: usize = 1_000_000;

/// How many possibilities of one nested stack are told apart.
const MAXIMUM_DEPLOYMENTS: usize = 16;

/// How many conditions without a name are remembered.
const MAXIMUM_NAMELESS: usize = 20;

/// The resource type that rules are about.
pub const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";

/// The sections of a template, indexed by name. A name that is defined twice means nothing certain.
#[derive(Debug)]
pub struct Template<'t> {
    parameters: HashMap<&'t str, Parameter<'t>>,
    conditions: HashMap<&'t str, Definition<'t>>,
    mappings: HashMap<&'t str, Definition<'t>>,
    assertions: Vec<Assertion<'t>>,
    given: &'t Given,
    /// Its task definitions in the order of the text.
    pub task_definitions: Vec<TaskDefinition<'t>>,
    /// Its nested stacks in the order of the text.
    pub nested_stacks: Vec<NestedStack<'t>>,
    /// Macros that may change anything, by their names; those of AWS itself leave task definitions alone.
    pub macros: Vec<&'t str>,
    /// Where the first of them is named.
    pub macro_span: Option<Span>,
    /// How much work may still be spent on further possibilities, in functions evaluated.
    budget: Cell<usize>,
    /// What is left of [`MOST_WORK`].
    work_left: Cell<usize>,
    settled_conditions: SettledConditions,
    /// What is known of the section `Rules` where nothing else is decided.
    acceptance: Cell<Acceptance>,
    /// Whether there may be conditions that nobody can see yet.
    has_hidden_conditions: bool,
    /// Conditions that were asked for and are not there.
    missing_conditions: RefCell<BTreeSet<String>>,
    /// Where something else was asked for than a condition by its name.
    nameless_conditions: RefCell<Vec<Span>>,
    /// Places in `Resources` where something adds resources that nobody can see yet.
    pub hidden_resources: Vec<HiddenResources<'t>>,
}

/// Resources that nobody can see yet.
#[derive(Debug, Clone)]
pub struct HiddenResources<'t> {
    /// What adds them: a function, a loop or a module.
    pub by: &'static str,
    /// Whether one of them is looked at, with all open that tells it from the others.
    pub is_one_seen: bool,
    /// Where it stands.
    pub span: Option<Span>,
    /// What it depends on, by name: parameters, resources.
    pub open: Vec<&'t str>,
}

/// What a name of a section stands for.
#[derive(Debug, Clone, Copy)]
enum Definition<'t> {
    Once(&'t Node<'t>),
    Repeated,
}

/// The types of resources that are stacks of their own, and the property that says where the template is.
const STACKS: [(&str, &str); 3] = [
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::CloudFormation::StackSet", "TemplateURL"),
    ("AWS::Serverless::Application", "Location"),
];

/// A resource of type `AWS::ECS::TaskDefinition`.
#[derive(Debug, Clone)]
pub struct TaskDefinition<'t> {
    /// Its logical id.
    pub logical_id: &'t str,
    /// Where that stands.
    pub span: Option<Span>,
    /// Its properties: none when it has none, several when the key is repeated.
    pub properties: Vec<&'t Node<'t>>,
    /// The condition under which it is created; several when the key is repeated.
    pub conditions: Vec<&'t Node<'t>>,
    /// A function beside its properties, which may add some.
    pub function: Option<&'t str>,
}

/// A stack inside the stack.
#[derive(Debug, Clone)]
pub struct NestedStack<'t> {
    /// Its logical id.
    pub logical_id: &'t str,
    /// Where its template is.
    pub location: Option<&'t Node<'t>>,
    /// Where that is written, or else its logical id.
    pub span: Option<Span>,
    /// What says which parameters are handed down.
    pub parameters: HandedDown<'t>,
    /// The condition under which it is created; several when the key is repeated.
    pub conditions: Vec<&'t Node<'t>>,
    /// Whether its template is a text in this one, as that of a stack set may be.
    pub is_inline: bool,
}

/// What says which parameters a nested stack gets.
#[derive(Debug, Clone, Copy)]
pub enum HandedDown<'t> {
    /// It gets none.
    Nothing,
    /// A map, or a function that stands for one.
    By(&'t Node<'t>),
    /// Nobody can see yet.
    Hidden,
}

/// What a nested stack may come to be.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Where its template is; `None`: nobody can see yet.
    pub location: Option<String>,
    /// What that may know of its deployment.
    pub given: Given,
    /// What tells it from the stack's other possibilities; empty if there are none.
    pub facts: Vec<Fact>,
}

impl<'t> Template<'t> {
    /// Whether a document is a template: a map with a map of `Resources`, or with a function or macro that may add it.
    pub fn is_one(root: &Node<'_>) -> bool {
        match &root.value {
            Value::Mapping(sections) => sections.iter().any(|section| match &*section.key {
                "Resources" => matches!(section.value.value, Value::Mapping(_) | Value::Intrinsic(_)),
                key => key == "Transform" || key == "Fn::Transform",
            }),
            Value::Intrinsic(call) => call.function == "Fn::Transform",
            _ => false,
        }
    }

    /// Indexes a document, if it is a template.
    pub fn of(root: &'t Node<'t>, given: &'t Given) -> Option<Self> {
        if !Self::is_one(root) {
            return None;
        }
        let sections = match &root.value {
            Value::Mapping(sections) => &**sections,
            _ => &[],
        };
        let mut template = Self {
            parameters: HashMap::new(),
            conditions: HashMap::new(),
            mappings: HashMap::new(),
            assertions: Vec::new(),
            given,
            task_definitions: Vec::new(),
            nested_stacks: Vec::new(),
            macros: Vec::new(),
            macro_span: None,
            budget: Cell::new(BUDGET),
            work_left: Cell::new(MOST_WORK),
            settled_conditions: SettledConditions::default(),
            acceptance: Cell::default(),
            has_hidden_conditions: false,
            missing_conditions: RefCell::default(),
            nameless_conditions: RefCell::default(),
            hidden_resources: Vec::new(),
        };
        if sections.is_empty() {
            template.may_change("Fn::Transform", root.span);
        }
        let is_once = |key: &str| sections.iter().filter(|section| section.key == key).count() == 1;
        for section in sections {
            if section.key == "Conditions" {
                let is_plain = |entry: &Entry<'_>| !entry.key.starts_with("Fn::");
                let is_seen =
                    matches!(&section.value.value, Value::Mapping(entries) if entries.iter().all(is_plain));
                template.has_hidden_conditions |= !is_seen;
            }
            match (&*section.key, &section.value.value) {
                ("Resources", Value::Mapping(entries)) => {
                    for entry in entries {
                        template.resource(entry);
                    }
                }
                ("Resources", Value::Intrinsic(_)) => {
                    template.hide(&section.value, section.value.span);
                }
                // Whatever stands beside a macro, it may replace.
                ("Conditions" | "Mappings" | "Rules", Value::Mapping(entries)) if has_macro(entries) => {}
                ("Parameters", Value::Mapping(entries)) => {
                    let is_rewritten = has_macro(entries);
                    for entry in entries {
                        let mut parameter = Parameter::of(&entry.value);
                        if is_rewritten {
                            parameter.forget(Hidden::Rewritten);
                        }
                        let known = template.parameters.entry(&entry.key);
                        let forget = |known: &mut Parameter<'_>| known.forget(Hidden::Repeated);
                        known.and_modify(forget).or_insert(parameter);
                    }
                }
                ("Conditions", Value::Mapping(entries)) => define(&mut template.conditions, entries),
                ("Mappings", Value::Mapping(entries)) => define(&mut template.mappings, entries),
                ("Rules", Value::Mapping(entries)) if is_once("Rules") => {
                    template.assertions = assertion::read(entries);
                }
                ("Transform", _) => template.transform(&section.value),
                ("Fn::Transform", _) => template.may_change("Fn::Transform", section.key_span),
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

    /// Conditions that were asked for until now and are not there, so that CloudFormation refuses the template.
    pub fn take_missing_conditions(&self) -> BTreeSet<String> {
        let missing = self.missing_conditions.take();
        let may_be_there = self.has_hidden_conditions || !self.macros.is_empty();
        if may_be_there { BTreeSet::new() } else { missing }
    }

    /// Where `Fn::If` was asked until now for something that is no name of a condition, so that CloudFormation refuses the
    /// template.
    pub fn take_nameless_conditions(&self) -> Vec<Span> {
        let nameless = self.nameless_conditions.take();
        if self.macros.is_empty() { nameless } else { Vec::new() }
    }

    fn note_nameless_condition(&self, condition: &Node<'_>) {
        let mut nameless = self.nameless_conditions.borrow_mut();
        if let Some(span) = condition.span
            && nameless.len() < MAXIMUM_NAMELESS
            && !nameless.contains(&span)
        {
            nameless.push(span);
        }
    }

    /// The parameters whose values are not known and may become known.
    pub fn open_parameters(&self) -> impl Iterator<Item = &'t str> {
        let Given { parameters, looked_up, .. } = self.given;
        let open = self.parameters.iter().filter(move |(name, parameter)| {
            let known = if parameter.is_looked_up { looked_up } else { parameters };
            !parameter.is_secret() && !known.contains_key(**name)
        });
        open.map(|(name, _)| *name)
    }

    /// The parameters whose values may be given and are not, and would settle what depends on a name: it is one itself or, in a
    /// nested stack, gets its value from such.
    pub fn candidates(&self, name: &str) -> Vec<Candidate> {
        if self.given.parameters.contains_key(name) {
            return Vec::new();
        }
        let parameter = self.parameters.get(name);
        if parameter.is_some_and(|parameter| parameter.is_secret() || parameter.is_looked_up) {
            return Vec::new();
        }
        let can_be_given = match &self.given.from_above {
            // What is handed down, only whoever hands it down can settle.
            Some(above) if parameter.is_some() => {
                return above.get(name).into_iter().flatten().cloned().collect();
            }
            Some(_) => pseudo::OF_NESTED_STACKS.contains(&name),
            None if parameter.is_some() => !self.given.open.contains(name),
            None => name.starts_with("AWS::") && name != "AWS::NoValue",
        };
        let has_default = parameter.is_some_and(|parameter| parameter.default.is_some());
        let could_have_default = has_default && !self.given.assume_defaults;
        can_be_given.then(|| Candidate { name: name.to_owned(), could_have_default }).into_iter().collect()
    }

    /// Why nothing that is given for a parameter settles what depends on it, in words.
    pub fn why_open(&self, name: &str) -> Option<&'static str> {
        let parameter = self.parameters.get(name)?;
        if parameter.is_looked_up {
            return Some("stands for what the Parameter Store holds, which is known at deployment");
        }
        match parameter.hidden {
            Some(Hidden::NotEchoed) => {
                return Some("has `NoEcho`, so that what is given for it decides conditions only");
            }
            Some(Hidden::Repeated) => return Some("is defined twice, so that nobody can tell what it is"),
            Some(Hidden::Rewritten) => return Some("stands beside a macro, which may write it anew"),
            None => {}
        }
        let Given { parameters, open, assume_defaults, from_above, .. } = self.given;
        let settled_by = from_above.as_ref()?.get(name);
        if open.contains(name) {
            let is_in_vain = settled_by.is_none_or(BTreeSet::is_empty);
            return is_in_vain.then_some("is handed down to the nested stack, from what no option settles");
        }
        let is_missing = *assume_defaults && !parameters.contains_key(name) && parameter.default.is_none();
        is_missing.then_some(
            "has no default and is not handed down to the nested stack: CloudFormation refuses that",
        )
    }

    /// Parameters that are given a value that the template does not allow, where it says what it allows; the value, or of a
    /// list the first such item, unless that may be a secret; and where it says so.
    pub fn refused(&self) -> Vec<(&'t str, Option<&'t str>, Option<Span>)> {
        let given = &self.given.parameters;
        let refused = |(name, parameter): (&&'t str, &Parameter<'t>)| {
            let value = parameter.refused(given.get(*name)?)?;
            let shown = (!parameter.is_secret()).then_some(value);
            Some((*name, shown, parameter.allowed_span))
        };
        let mut refused: Vec<_> = self.parameters.iter().filter_map(refused).collect();
        refused.sort_unstable_by_key(|(name, ..)| *name);
        refused
    }

    /// What a nested stack may come to be: one for each template and each set of parameters, none if it is never
    /// created. Where there are too many, one that leaves open what is not certain.
    pub fn deployments(&self, stack: &NestedStack<'t>) -> Vec<Deployment> {
        let mut scenario = Scenario::new(self, None);
        let mut found = BTreeMap::new();
        loop {
            let may_hold = |condition: &&'t Node<'t>| scenario.is_created(condition) != Some(false);
            if stack.conditions.is_empty() || stack.conditions.iter().any(may_hold) {
                let deployment = self.deployment(stack, |node| scenario.resolve(node));
                found.entry(deployment).or_insert_with(|| scenario.facts().to_vec());
            }
            if found.len() > MAXIMUM_DEPLOYMENTS {
                let certain = Scenario::new(self, None);
                let (location, given) = self.deployment(stack, |node| certain.resolve_if_certain(node));
                return vec![Deployment { location, given, facts: Vec::new() }];
            }
            if !scenario.advance() {
                break;
            }
        }
        let is_only = found.len() == 1;
        let deployment = |((location, given), facts)| Deployment {
            location,
            given,
            facts: if is_only { Vec::new() } else { facts },
        };
        found.into_iter().map(deployment).collect()
    }

    /// Where a nested stack's template is, and what it may know of its deployment. A parameter that is not handed down has
    /// its default.
    fn deployment<'a>(
        &self,
        stack: &'a NestedStack<'t>,
        value: impl Fn(&'a Node<'a>) -> &'a Node<'a>,
    ) -> (Option<String>, Given) {
        let text = |node: &'a Node<'a>| parameter::scalar(node).map(|scalar| scalar.text.into_owned());
        let location = stack.location.and_then(|node| text(value(node)));
        let handed_down = match stack.parameters {
            HandedDown::Nothing => Some(&[][..]),
            HandedDown::By(node) => match value(node) {
                node if node.is_no_value() => Some(&[][..]),
                node => entries_of_certain(node),
            },
            HandedDown::Hidden => None,
        };
        let mut given = Given { assume_defaults: handed_down.is_some(), ..Given::default() };
        let mut from_above = BTreeMap::new();
        for name in pseudo::OF_NESTED_STACKS {
            if let Some(value) = self.given.parameters.get(*name) {
                given.parameters.insert((*name).to_owned(), value.clone());
            }
        }
        for Entry { key, value: written, .. } in handed_down.unwrap_or_default() {
            let node = value(written);
            if node.is_no_value() {
                continue;
            }
            let name = String::from(&**key);
            let items: Vec<_> = match &node.value {
                Value::Sequence(items) => {
                    items.iter().map(&value).filter(|item| !item.is_no_value()).collect()
                }
                _ => vec![node],
            };
            let is_ambiguous =
                |item: &&Node<'_>| matches!(&item.value, Value::Number(text) if !is_plain_decimal(text));
            let known = if let [only] = items.as_slice() {
                if matches!(only.value, Value::Number(_)) {
                    given.numbers.insert(name.clone());
                }
                text(only)
            } else if items.iter().any(is_ambiguous) {
                None
            } else {
                items.into_iter().map(text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
            };
            if let Some(known) = known {
                given.parameters.insert(name, known);
            } else {
                let candidates = node.references().into_iter().flat_map(|name| self.candidates(name));
                from_above.insert(name.clone(), candidates.collect());
                given.open.insert(name);
            }
        }
        given.from_above = Some(from_above);
        (location, given)
    }

    /// The text of a property that no open value decides.
    pub fn certain_text(&self, properties: &Node<'t>, property: &str) -> Option<String> {
        let scenario = Scenario::new(self, None);
        let reading = Reading::new(Some(&scenario));
        let (text, _) = View::new("Properties", properties, &reading).certain_text(property)?;
        Some(text.to_owned())
    }

    /// The names of its parameters.
    pub fn parameter_names(&self) -> impl Iterator<Item = &'t str> {
        self.parameters.keys().copied()
    }

    fn hide(&mut self, node: &'t Node<'t>, span: Option<Span>) {
        // Of a whole resource, what it refers to does not say why nobody can see it.
        let open = if matches!(node.value, Value::Mapping(_)) { Vec::new() } else { node.references() };
        self.hidden_resources.push(HiddenResources { by: "a function", is_one_seen: false, span, open });
    }

    fn resource(&mut self, entry: &'t Entry<'t>) {
        if is_left_of_loop(entry) {
            let (span, open) = (entry.key_span, entry.value.references());
            self.hidden_resources.push(HiddenResources { by: "a loop", is_one_seen: true, span, open });
            return;
        }
        let Value::Mapping(attributes) = &entry.value.value else {
            if matches!(entry.value.value, Value::Intrinsic(_)) || entry.key.starts_with("Fn::") {
                self.hide(&entry.value, entry.key_span);
            }
            return;
        };
        if entry.key.starts_with("Fn::") {
            self.hide(&entry.value, entry.key_span);
            return;
        }
        // In another casing CloudFormation takes neither a type nor properties; what stands there is judged all the same.
        let all = |key: &'static str| {
            let of_key = attributes.iter().filter(move |attribute| attribute.key.eq_ignore_ascii_case(key));
            of_key.map(|attribute| &attribute.value)
        };
        let function = attributes.iter().map(|attribute| &*attribute.key).find(|key| key.starts_with("Fn::"));
        let is_open = |node: &Node<'_>| matches!(node.value, Value::Intrinsic(_));
        let is_task_definition = |node: &Node<'_>| matches!(&node.value, Value::String(text) if text.eq_ignore_ascii_case(TASK_DEFINITION));
        if all("Type").any(is_open) || function.is_some() && all("Type").next().is_none() {
            // What it will be, nobody can see yet.
            self.hide(&entry.value, entry.key_span);
        } else if has_macro(attributes) && !all("Type").any(is_task_definition) {
            // A macro gets the whole resource, its type among the rest, and gives back what it likes.
            self.hide(&entry.value, entry.key_span);
        }
        // CloudFormation puts the resources of its fragment in its place
        // (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/modules.html>).
        let is_module =
            |node: &Node<'_>| matches!(&node.value, Value::String(name) if name.ends_with("::MODULE"));
        if all("Type").any(is_module) {
            let span = entry.key_span;
            let open = Vec::new();
            self.hidden_resources.push(HiddenResources { by: "a module", is_one_seen: false, span, open });
        }
        let is_of_type = |name: &str| {
            all("Type")
                .any(|node| matches!(&node.value, Value::String(text) if text.eq_ignore_ascii_case(name)))
        };
        if is_of_type(TASK_DEFINITION) {
            self.task_definitions.push(TaskDefinition {
                logical_id: &entry.key,
                span: entry.key_span,
                properties: all("Properties").collect(),
                conditions: all("Condition").collect(),
                function,
            });
        } else if let Some((_, key)) = STACKS.iter().find(|(name, _)| is_of_type(name)) {
            let properties = entry.value.get("Properties");
            // The AWS CDK writes a URL that only its deployment knows, and the file's name beside it.
            let asset = entry.value.get("Metadata").and_then(|metadata| metadata.get("aws:asset:path"));
            let written = properties.and_then(|properties| properties.get(key));
            let location = asset.filter(|asset| matches!(asset.value, Value::String(_))).or(written);
            let is_certain = entries_of_certain(&entry.value).is_some();
            let parameters = match properties {
                Some(properties) if is_certain && entries_of_certain(properties).is_some() => {
                    properties.get("Parameters").map_or(HandedDown::Nothing, HandedDown::By)
                }
                _ => HandedDown::Hidden,
            };
            self.nested_stacks.push(NestedStack {
                logical_id: &entry.key,
                location,
                span: location.map_or(entry.key_span, |node| node.span),
                parameters,
                conditions: all("Condition").collect(),
                is_inline: properties.is_some_and(|properties| properties.get("TemplateBody").is_some()),
            });
        }
    }

    fn transform(&mut self, node: &'t Node<'t>) {
        match &node.value {
            Value::String(name) if name.starts_with("AWS::") && name != "AWS::Include" => {}
            Value::String(name) => self.may_change(name, node.span),
            Value::Sequence(items) => items.iter().for_each(|item| self.transform(item)),
            Value::Mapping(_) => match node.get("Name") {
                Some(name) => self.transform(name),
                None => self.may_change("Transform", node.span),
            },
            _ => self.may_change("Transform", node.span),
        }
    }

    /// Adds a macro that may change anything.
    fn may_change(&mut self, name: &'t str, span: Option<Span>) {
        self.macro_span = self.macro_span.or(span);
        self.macros.push(name);
    }
}

/// The entries of a map that has each key once, and no function that adds more.
fn entries_of_certain<'n, 't>(map: &'n Node<'t>) -> Option<&'n [Entry<'t>]> {
    let Value::Mapping(entries) = &map.value else { return None };
    let mut keys = HashSet::new();
    entries.iter().all(|entry| !entry.key.starts_with("Fn::") && keys.insert(&*entry.key)).then_some(entries)
}

/// Whether a macro stands among the entries of a map; it gets the others, and gives back what takes their place
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html>).
fn has_macro(entries: &[Entry<'_>]) -> bool {
    entries.iter().any(|entry| entry.key == "Fn::Transform")
}

fn define<'t>(section: &mut HashMap<&'t str, Definition<'t>>, entries: &'t [Entry<'t>]) {
    for entry in entries {
        let definition = section.entry(&entry.key);
        definition
            .and_modify(|known| *known = Definition::Repeated)
            .or_insert(Definition::Once(&entry.value));
    }
}
