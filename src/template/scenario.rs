//! One possibility of a template: what its functions stand for.
//!
//! Owns [`Scenario`], by which rules read a template as if it were deployed, and the facts that tell one possibility
//! from another. Must not know rules.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use typed_arena::Arena;

use super::name::{describe, identity, identity_of_reference};
use super::parameter::{Allowed, Parameter};
use super::pseudo;
use super::settled::Log;
use super::unknown::{Chosen, Domain, Search};
use super::{Template, condition, has_macro};
use crate::document::{Node, Partial, Resolve, Settled, Span, Trace, Value, is_plain_decimal, short};

/// Evaluates functions while one rule reads one task definition, one possibility after the other.
pub struct Scenario<'t> {
    pub(super) template: &'t Template<'t>,
    /// Values that were computed in the present possibility.
    computed: OnceCell<Arena<Node<'static>>>,
    /// How much memory more of them may take, in bytes.
    room: Cell<usize>,
    pub(super) state: RefCell<State>,
    /// How long the text is that is read in each possibility, in bytes.
    size: usize,
    /// Whether something in it is looked up in a mapping.
    pub(super) asks_for_keys: OnceCell<bool>,
    /// What is read in each possibility.
    pub(super) properties: Option<&'t Node<'t>>,
    /// Whether not all that is read may come to count.
    is_doubtful: OnceCell<bool>,
    /// Functions of the present possibility that stand for something settled.
    pub(super) log: Log<'t>,
}

/// How much memory computed values may take in one possibility, in bytes. A function is short, and what it makes is not; where
/// this is not enough, what is left stays open. Amazon ECS takes a task definition of 64 KiB.
const ROOM: usize = 4 << 20;

/// How much text is read in the time of one function, roughly.
const BYTES_OF_STEP: usize = 64;

/// How many allowed values are copied in the time of one function, roughly.
const VALUES_OF_STEP: usize = 8;

/// What belongs to the present possibility.
#[derive(Default)]
pub(super) struct State {
    pub(super) search: Search,
    pub(super) conditions: condition::Evaluated,
    facts: Vec<Fact>,
    /// The same facts, to find one.
    noted: HashSet<Fact>,
    /// What was decided of the items of lists, by the lists' identities.
    items: HashMap<String, Items>,
    /// Parameters that a rule was told nothing of, by name.
    left_open: Vec<String>,
    /// Whether a function has no value here, so that CloudFormation refuses the template.
    is_impossible: bool,
}

/// What is decided of a list's items.
#[derive(Debug, Default)]
struct Items {
    some: BTreeSet<String>,
    /// Whether it has no others.
    are_all: bool,
}

/// What tells one possibility from another. Displays as "IsProduction is true" or "ReadOnly=false (allowed value)".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// A named condition was asked for.
    Condition {
        /// Its name.
        name: String,
        /// What it is.
        is_true: bool,
    },
    /// It was asked for whether a list has an item.
    Item {
        /// The list's parameter, or the function as text.
        list: String,
        /// The item.
        item: String,
        /// Whether the list has it.
        is_in: bool,
    },
    /// A value was asked for, or a key of a mapping.
    Value {
        /// The parameter, or the function as text.
        name: String,
        /// What it is; `None`: none of a mapping's keys.
        value: Option<String>,
        /// Whether it is one of the parameter's `AllowedValues`.
        is_allowed_value: bool,
    },
}

impl Fact {
    /// Facts in words: "when `IsProduction` is true, for `User=root` (allowed value)". Empty where there are none.
    pub fn words<'f>(facts: impl Iterator<Item = &'f Fact> + Clone) -> String {
        let is_value = |fact: &&Fact| matches!(fact, Fact::Value { .. });
        let mut words = String::new();
        for (at, fact) in facts.clone().filter(|fact| !is_value(fact)).enumerate() {
            words += if at == 0 { "when " } else { " and " };
            words += &fact.to_string();
        }
        for (at, fact) in facts.filter(is_value).enumerate() {
            words += match (at, words.is_empty()) {
                (0, true) => "for ",
                (0, false) => ", for ",
                _ => " and ",
            };
            words += &fact.to_string();
        }
        words
    }

    /// That a condition holds, or does not.
    pub(super) fn of(condition: &Node<'_>, is_true: bool) -> Self {
        if let Value::Intrinsic(call) = &condition.value
            && let ("Fn::Contains", Value::Sequence(items)) = (&*call.function, &call.argument.value)
            && let [list, item] = &**items
        {
            return Self::Item { list: describe(list), item: describe(item), is_in: is_true };
        }
        Self::Condition { name: describe(condition), is_true }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Condition { name, .. } | Self::Item { list: name, .. } | Self::Value { name, .. }) = self;
        // Each finding has its own copy.
        let name = short(name);
        match self {
            Self::Condition { is_true, .. } => write!(f, "{name} is {is_true}"),
            Self::Item { item, is_in, .. } => {
                let contains = if *is_in { "contains" } else { "does not contain" };
                write!(f, "{name} {contains} {}", short(item))
            }
            Self::Value { value: Some(value), is_allowed_value, .. } => {
                let kind = if *is_allowed_value { " (allowed value)" } else { "" };
                write!(f, "{name}={}{kind}", short(value))
            }
            Self::Value { value: None, .. } => write!(f, "any other {name}"),
        }
    }
}

impl<'t> Scenario<'t> {
    /// The first possibility of a task definition's properties, or of nothing that is read as a whole.
    pub fn new(template: &'t Template<'t>, properties: Option<&'t Node<'t>>) -> Self {
        let span = properties.and_then(|properties| properties.span);
        let size = span.map_or(0, |span| span.end().saturating_sub(span.start()) as usize);
        let (computed, room) = (OnceCell::new(), Cell::new(ROOM));
        let (asks_for_keys, is_doubtful) = (OnceCell::new(), OnceCell::new());
        let state = RefCell::default();
        Self {
            template,
            computed,
            room,
            state,
            size,
            asks_for_keys,
            is_doubtful,
            properties,
            log: Log::default(),
        }
    }

    /// Moves to the next possibility; `false` when all have been seen.
    pub fn advance(&mut self) -> bool {
        self.computed.take();
        self.room.set(ROOM);
        let state = self.state.get_mut();
        state.conditions.clear();
        state.facts.clear();
        state.noted.clear();
        state.items.clear();
        state.left_open.clear();
        state.is_impossible = false;
        self.log.clear();
        state.search.advance(|steps| self.template.afford(steps + self.size / BYTES_OF_STEP))
    }

    /// Keeps new decisions from being made, or allows them again.
    pub(super) fn freeze(&self, is_frozen: bool) {
        let mut state = self.state.borrow_mut();
        state.search.freeze(is_frozen);
        state.conditions.thaw();
    }

    /// Looks at what is certain already. That must decide nothing, nor which possibilities there are.
    pub(super) fn only_looking<R>(&self, look: impl FnOnce() -> R) -> R {
        let was_impossible = self.is_impossible();
        self.freeze(true);
        let seen = look();
        self.freeze(false);
        self.state.borrow_mut().is_impossible = was_impossible;
        seen
    }

    /// Whether a rule was told nothing of a parameter, and only then was asked whether a condition holds that says what the
    /// parameter is: then it must read once more, where there is time. What has been decided in this possibility stays so.
    pub fn begins_again(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let State { search, left_open, facts, noted, .. } = &mut *state;
        let is_too_late = |parameter: &String| search.is_known(&identity_of_reference(parameter));
        if search.is_closed() || !left_open.iter().any(is_too_late) || !self.affords_reading() {
            return false;
        }
        left_open.clear();
        facts.clear();
        noted.clear();
        self.log.clear();
        true
    }

    /// Of how many parameters a rule was told nothing.
    pub(super) fn left_open(&self) -> usize {
        self.state.borrow().left_open.len()
    }

    /// Forgets those beyond so many, for it was no rule that was told nothing.
    pub(super) fn forget_left_open(&self, beyond: usize) {
        self.state.borrow_mut().left_open.truncate(beyond);
    }

    pub(super) fn leave_open(&self, parameter: &str) {
        let mut state = self.state.borrow_mut();
        let is_own = !state.conditions.is_busy() && !state.search.is_closed();
        if is_own && !state.left_open.iter().any(|known| known == parameter) {
            state.left_open.push(parameter.to_owned());
        }
    }

    /// Says that CloudFormation refuses the template in this possibility.
    pub(super) fn exclude(&self) {
        let is_certain = !self.is_doubtful();
        self.state.borrow_mut().is_impossible |= is_certain;
    }

    pub(super) fn is_impossible(&self) -> bool {
        self.state.borrow().is_impossible
    }

    /// Whether there were too many possibilities to see them all, so that this last one leaves open what is open.
    pub fn has_given_up(&self) -> bool {
        self.state.borrow().search.has_given_up()
    }

    /// What has been asked for in this possibility and could be otherwise.
    pub fn facts(&self) -> Ref<'_, [Fact]> {
        Ref::map(self.state.borrow(), |state| state.facts.as_slice())
    }

    /// Whether a resource's `Condition` holds; `None` when that is not decided any more.
    pub fn is_created(&self, condition: &'t Node<'t>) -> Option<bool> {
        let call = if let Value::Intrinsic(call) = &condition.value { Some(&**call) } else { None };
        let is_true = match call.map(|call| (&*call.function, &call.argument.value)) {
            None if let Value::String(name) = &condition.value => self.condition(name)?,
            // What a loop makes of its own condition and of the resource's.
            Some(("Fn::And", Value::Sequence(items))) => {
                let mut are_true = items.iter().map(|item| self.is_created(item));
                return are_true.find(|is_true| *is_true != Some(true)).unwrap_or(Some(true));
            }
            Some(("Condition", Value::String(_))) => return self.is_created(&call?.argument),
            Some(("Fn::Contains", _)) if let Some(is_in) = self.is_in_loop(condition) => {
                // What decides whether there is a resource is no part of its values.
                self.log.drop_met();
                return Some(is_in);
            }
            _ => self.holds(condition)?,
        };
        self.note(Fact::of(condition, is_true));
        Some(is_true)
    }

    pub(super) fn note(&self, fact: Fact) {
        let mut state = self.state.borrow_mut();
        let is_own = !state.conditions.is_busy() && !state.search.is_frozen();
        if is_own && state.noted.insert(fact.clone()) {
            state.facts.push(fact);
        }
    }

    /// Counts work, the text that is read for it included; `None` when there was too much, and nothing more is evaluated.
    pub(super) fn work(&self, steps: usize, read: Option<Span>) -> Option<()> {
        let length = read.map_or(0, |span| span.end().saturating_sub(span.start()) as usize);
        let steps = steps + length / BYTES_OF_STEP;
        let search = &mut self.state.borrow_mut().search;
        search.steps(steps);
        let left = self.template.work_left.get().checked_sub(steps + search.take_uncharged());
        self.template.work_left.set(left.unwrap_or(0));
        if left.is_none() {
            search.exhaust();
        }
        left.map(|_| ())
    }

    /// Pays for reading all of the text once more, if there is something left to pay with.
    pub(super) fn affords_reading(&self) -> bool {
        self.template.afford(self.size / BYTES_OF_STEP)
    }

    /// Whether not all that is read may come to count, so that nothing in it is certain to be refused: a macro may write it
    /// anew, and of a key that stands twice nobody can say which value is taken.
    pub(super) fn is_doubtful(&self) -> bool {
        let is_in_doubt = || !self.template.macros.is_empty() || self.properties.is_some_and(has_doubt_below);
        *self.is_doubtful.get_or_init(is_in_doubt)
    }

    /// Takes all that is read for something that may be rewritten.
    pub fn distrust(&self) {
        let _ = self.is_doubtful.set(true);
    }

    /// Keeps a value that no text holds, unless there is no room for it; `span` is where it was computed.
    pub(super) fn keep<'a>(&'a self, value: Value<'static>, span: Option<Span>) -> Option<&'a Node<'a>> {
        let node = Node { value, span };
        let size = node.detached_size();
        self.work(size / BYTES_OF_STEP, None)?;
        let Some(left) = self.room.get().checked_sub(size) else {
            // What could be told before is open from here on, so that other questions are asked.
            self.state.borrow_mut().search.exhaust();
            return None;
        };
        self.room.set(left);
        Some(self.computed.get_or_init(|| Arena::with_capacity(4)).alloc(node))
    }

    /// What something open may be, before anything is asked of it.
    pub(super) fn domain(&self, node: &Node<'_>) -> Domain {
        match &node.value {
            Value::Number(number) => Domain::number(number),
            Value::Intrinsic(call) if call.function == "Ref" => match &call.argument.value {
                Value::String(name) => self.domain_of_reference(name),
                _ => Domain::anything(),
            },
            _ => Domain::anything(),
        }
    }

    /// What a parameter or a pseudo parameter may be, before anything is asked of it.
    pub(super) fn domain_of_reference(&self, name: &str) -> Domain {
        let parameter = self.template.parameters.get(name);
        if let Some(fixed) = self.fixed(name, parameter) {
            let is_ambiguous = self.is_number(name, parameter) && !is_plain_decimal(fixed);
            return if is_ambiguous { Domain::number(fixed) } else { Domain::Known(fixed.to_owned()) };
        }
        match parameter {
            Some(parameter) if parameter.has_ambiguous_values() => Domain::anything(),
            Some(parameter) => match parameter.allowed.as_slice() {
                [] => Domain::AnyBut(HashSet::new(), parameter.limits.clone()),
                [only] => Domain::Known(only.text.clone().into_owned()),
                several => {
                    let left = self.template.work_left.get().saturating_sub(several.len() / VALUES_OF_STEP);
                    self.template.work_left.set(left);
                    Domain::OneOf(several.iter().map(|value| value.text.clone().into_owned()).collect())
                }
            },
            None => Domain::anything(),
        }
    }

    /// The value that is given for a parameter, or the default where that is assumed.
    pub(super) fn fixed(&self, name: &str, parameter: Option<&'t Parameter<'t>>) -> Option<&'t str> {
        let given = self.template.given;
        if parameter.is_some_and(|parameter| parameter.is_looked_up) {
            // What is given is a name in the Parameter Store, not the value.
            return given.looked_up.get(name).map(String::as_str);
        }
        let value = given.parameters.get(name).map(String::as_str);
        let value = value.or_else(|| pseudo::of_region(name, given.parameters.get("AWS::Region")?));
        let has_default = given.assume_defaults && !given.open.contains(name);
        value.or_else(|| parameter.filter(|_| has_default)?.default.as_ref().map(|default| &*default.text))
    }

    /// Whether a parameter has a value that nobody may be told. It decides conditions, which are told by their names; anything
    /// else would show it: a message quotes what a value is, and which key of a mapping was found says what was asked for.
    pub(super) fn is_withheld(&self, name: &str) -> bool {
        let parameter = self.template.parameters.get(name);
        parameter.is_some_and(Parameter::is_secret)
            && self.fixed(name, parameter).is_some()
            && !self.state.borrow().conditions.is_busy()
    }

    /// What the items of a list may be, where a node refers to a parameter that limits them and is not known.
    pub(super) fn items_of_list(&self, node: &Node<'_>) -> Option<&'t [Allowed<'t>]> {
        let Value::Intrinsic(call) = &node.value else { return None };
        let ("Ref", Value::String(name)) = (&*call.function, &call.argument.value) else { return None };
        let parameter = self.template.parameters.get(&**name)?;
        let is_open = self.fixed(name, Some(parameter)).is_none() && !parameter.allowed_items.is_empty();
        is_open.then_some(parameter.allowed_items.as_slice())
    }

    /// The item at a place, from 0, of a list whose items a parameter limits.
    pub(super) fn item_at<'a>(&'a self, list: &'a Node<'a>, place: usize) -> Option<&'a Node<'a>> {
        let texts = texts_of(self.items_of_list(list)?)?;
        let key = format!("item {place} of {}", identity(list));
        let text = self.state.borrow_mut().search.value(&key, || match texts.as_slice() {
            [only] => Domain::Known(only.clone()),
            _ => Domain::OneOf(texts),
        })?;
        self.state.borrow_mut().items.entry(identity(list)).or_default().some.insert(text.clone());
        let name = format!("{}[{place}]", describe(list));
        self.note(Fact::Value { name, value: Some(text.clone()), is_allowed_value: true });
        self.keep(Value::String(text.into()), list.span)
    }

    /// A list of one item, where a parameter limits the items: each of those is allowed by itself. All other lists are one
    /// possibility more, of which nothing is known.
    fn list_of_one<'a>(&'a self, list: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let texts = texts_of(self.items_of_list(list)?)?;
        let candidates: Vec<&str> = texts.iter().map(String::as_str).collect();
        let key = format!("all of {}", identity(list));
        let chosen = self.state.borrow_mut().search.among(&key, &candidates, true, Domain::anything)?;
        let only = if let Chosen::Is(text) = chosen { Some(text) } else { None };
        self.note(Fact::Value {
            name: describe(list),
            value: only.clone(),
            is_allowed_value: only.is_some(),
        });
        let only = only?;
        let decided = Items { some: [only.clone()].into(), are_all: true };
        self.state.borrow_mut().items.insert(identity(list), decided);
        let item = Node { value: Value::String(only.into()), span: list.span };
        self.keep(Value::Sequence([item].into()), list.span)
    }

    /// Remembers that a list that a parameter limits has an item.
    pub(super) fn decide_item<'a>(&'a self, list: &'a Node<'a>, item: &'a Node<'a>) {
        if self.items_of_list(list).is_some()
            && let Value::String(text) = &self.value(item).value
        {
            let text = text.to_string();
            self.state.borrow_mut().items.entry(identity(list)).or_default().some.insert(text);
        }
    }

    /// What is decided of the items of a list that a parameter limits, and whether it has no others.
    pub(super) fn decided_items<'a>(&'a self, list: &'a Node<'a>) -> Option<(&'a [Node<'a>], bool)> {
        self.items_of_list(list)?;
        let (items, are_all) = {
            let state = self.state.borrow();
            let decided = state.items.get(&identity(list))?;
            let node = |text: &String| Node { value: Value::String(text.clone().into()), span: list.span };
            (decided.some.iter().map(node).collect(), decided.are_all)
        };
        let Value::Sequence(items) = &self.keep(Value::Sequence(items), list.span)?.value else {
            return None;
        };
        Some((items, are_all))
    }

    /// Whether the value that [`Self::fixed`] finds was written as a number, whose text is only one spelling of it.
    pub(super) fn is_number(&self, name: &str, parameter: Option<&'t Parameter<'t>>) -> bool {
        let given = self.template.given;
        if parameter.is_some_and(|parameter| parameter.is_looked_up) {
            return false;
        }
        if given.parameters.contains_key(name) {
            return given.numbers.contains(name);
        }
        parameter.and_then(|parameter| parameter.default.as_ref()).is_some_and(|default| default.is_number)
    }
}

/// Whether a macro stands somewhere below a node, or a key twice in one map.
fn has_doubt_below(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Sequence(items) => items.iter().any(has_doubt_below),
        Value::Mapping(entries) => {
            let mut keys = HashSet::with_capacity(entries.len());
            let is_once_each = entries.iter().all(|entry| keys.insert(&*entry.key));
            !is_once_each || has_macro(entries) || entries.iter().any(|entry| has_doubt_below(&entry.value))
        }
        Value::Intrinsic(call) => call.function == "Fn::Transform" || has_doubt_below(&call.argument),
        _ => false,
    }
}

/// Allowed values as texts, unless there is a number among them of which readers make different ones.
fn texts_of(allowed: &[Allowed<'_>]) -> Option<Vec<String>> {
    allowed.iter().map(|value| (!value.is_ambiguous()).then(|| value.text.clone().into_owned())).collect()
}

impl Resolve for Scenario<'_> {
    fn resolve<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a> {
        let value = self.value(node);
        let value = self.list_of_one(value).unwrap_or(value);
        self.log.end(value);
        value
    }

    fn resolve_if_certain<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a> {
        self.only_looking(|| self.value(node))
    }

    fn resolve_aside<'a>(&'a self, node: &'a Node<'a>) -> &'a Node<'a> {
        let was_impossible = self.is_impossible();
        let value = self.resolve(node);
        self.state.borrow_mut().is_impossible = was_impossible;
        value
    }

    fn possible_texts<'a>(&'a self, node: &'a Node<'a>, weight: usize) -> Vec<Partial<'a>> {
        self.possible(node, weight)
    }

    fn settled(&self) -> usize {
        self.log.len()
    }

    fn settled_at(&self, place: Trace, within: Trace, from: usize) -> Vec<Settled> {
        self.settled_at(place, within, from)
    }

    fn forget_settled(&self, from: usize) {
        self.log.forget(from);
    }
}

impl fmt::Debug for Scenario<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("facts", &self.facts()).finish_non_exhaustive()
    }
}
