//! Where a change belongs in the tree.
//!
//! Owns the way from the document to a value, key by key, and every reason not to take it. Must not know the text.

use super::{Source, Task, UNCERTAIN};
use crate::document::{Entry, Node, Span, Value, quote};
use crate::finding::{Finding, Fix};
use crate::template::plain_spelling;

/// The list that a finding's container is in.
const CONTAINERS: &str = "ContainerDefinitions";

/// A way into a document, as far as there is one.
#[derive(Debug)]
pub(super) struct Place<'n, 'a> {
    /// The values on the way, the document first, the deepest that is written last.
    pub(super) chain: Vec<&'n Node<'a>>,
    /// The index of each but the first in the one before it.
    pub(super) way: Vec<usize>,
    /// The keys that are not written.
    pub(super) missing: Vec<String>,
    /// Which value of the chain the keys of the fix begin in.
    pub(super) base: usize,
    /// The last key on the way.
    pub(super) parent: Option<&'n str>,
}

/// The keys of a fix in the spelling of the text.
pub(super) fn spelled(task: Task<'_>, fix: &Fix) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(fix.keys.len());
    for key in fix.keys {
        let key = match task {
            Task::Plain(_) => plain_spelling(key, keys.last().map(String::as_str)),
            Task::Resource(_) => (*key).to_owned(),
        };
        keys.push(key);
    }
    keys
}

impl<'n, 'a> Place<'n, 'a> {
    /// The place of a fix.
    pub(super) fn of(source: &Source<'n, 'a>, finding: &Finding, fix: &Fix) -> Result<Self, String> {
        let mut place = Self::of_task(source)?;
        let container = finding.container.as_ref().map(|container| (CONTAINERS, container.ordinal));
        for (list, position) in container.into_iter().chain(fix.item) {
            let list = match source.task {
                Task::Plain(_) => plain_spelling(list, None),
                Task::Resource(_) => list.to_owned(),
            };
            place.enter(&list)?;
            place.enter_item(position)?;
        }
        place.base = place.way.len();
        for key in spelled(source.task, fix) {
            if place.missing.is_empty() && !matches!(place.last().value, Value::Null) {
                place.enter(&key)?;
            } else {
                place.missing.push(key);
            }
        }
        if matches!(place.last().value, Value::Intrinsic(_)) {
            return Err(place.comes_from_function());
        }
        place.assert_unshared(source)?;
        Ok(place)
    }

    /// The place of the map that the key at `span` is in.
    pub(super) fn of_key(source: &Source<'n, 'a>, span: Span) -> Result<Self, String> {
        let mut place = Self::of_task(source)?;
        loop {
            place.assert_is_written_out()?;
            let node = place.last();
            match &node.value {
                Value::Intrinsic(_) => return Err(place.comes_from_function()),
                Value::Mapping(entries) if entries.iter().any(|entry| entry.key_span == Some(span)) => {
                    place.assert_unshared(source)?;
                    return Ok(place);
                }
                _ => place.enter_what_holds(span)?,
            }
        }
    }

    /// The place of a task definition's properties.
    fn of_task(source: &Source<'n, 'a>) -> Result<Self, String> {
        let chain = vec![&source.document.root];
        let mut place = Self { chain, way: Vec::new(), missing: Vec::new(), base: 0, parent: None };
        match source.task {
            Task::Resource(logical_id) => {
                place.enter_section("Resources")?;
                place.enter_resource(source, logical_id)?;
                place.enter("Properties")?;
            }
            Task::Plain(span) => {
                while place.last().span != Some(span) {
                    place.enter_what_holds(span)?;
                }
            }
        }
        if place.missing.is_empty() { Ok(place) } else { Err(UNCERTAIN.to_owned()) }
    }

    /// Goes one step to the key or value at `span`.
    fn enter_what_holds(&mut self, span: Span) -> Result<(), String> {
        let holds = |node: &Node<'_>| {
            node.span.is_some_and(|place| place.start() <= span.start() && span.end() <= place.end())
        };
        let (index, node, key) = match &self.last().value {
            Value::Mapping(entries) => {
                let mut entries = entries.iter().enumerate();
                let (index, entry) = entries.find(|(_, entry)| holds(&entry.value)).ok_or(UNCERTAIN)?;
                (index, &entry.value, Some(&*entry.key))
            }
            Value::Sequence(items) => {
                let mut items = items.iter().enumerate();
                let (index, item) = items.find(|(_, item)| holds(item)).ok_or(UNCERTAIN)?;
                (index, item, None)
            }
            _ => return Err(UNCERTAIN.to_owned()),
        };
        self.push(index, node, key);
        Ok(())
    }

    /// The deepest value that is written.
    pub(super) fn last(&self) -> &'n Node<'a> {
        // There is always the document.
        self.chain.last().copied().unwrap_or(NOTHING)
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match (self.missing.last(), self.parent) {
            (Some(key), _) => quote(key),
            (None, Some(key)) => quote(key),
            (None, None) => "the document".to_owned(),
        }
    }

    /// Says that it is something else than what is to be changed.
    pub(super) fn is_a(&self, kind: &str) -> String {
        let name = self.parent.map_or("the document".to_owned(), quote);
        format!("{name} is {kind}")
    }

    /// Says that it is a function, which stays as it is.
    pub(super) fn comes_from_function(&self) -> String {
        match &self.last().value {
            Value::Intrinsic(call) => format!("{} comes from {}", self.name(), quote(&call.function)),
            _ => UNCERTAIN.to_owned(),
        }
    }

    /// Goes into the value of a key, which may be missing.
    fn enter(&mut self, key: &str) -> Result<(), String> {
        self.assert_is_written_out()?;
        self.enter_section(key)
    }

    /// Goes into a resource. A template has many, and each is asked for by many fixes.
    fn enter_resource(&mut self, source: &Source<'n, 'a>, logical_id: &str) -> Result<(), String> {
        if let (Value::Mapping(entries), Some(Some(index))) =
            (&self.last().value, source.resources.0.get(logical_id))
            && let Some(entry) = entries.get(*index)
        {
            self.push(*index, &entry.value, Some(&entry.key));
            return Ok(());
        }
        self.enter_section(logical_id)
    }

    /// The same where functions beside the key do not matter.
    fn enter_section(&mut self, key: &str) -> Result<(), String> {
        let node = self.last();
        let entries = match &node.value {
            Value::Mapping(entries) => entries,
            Value::Intrinsic(_) => return Err(self.comes_from_function()),
            _ => return Err(self.is_a(node.kind())),
        };
        let mut found = entries.iter().enumerate().filter(|(_, entry)| entry.key == key);
        match (found.next(), found.next()) {
            (Some((index, entry)), None) => self.push(index, &entry.value, Some(&entry.key)),
            (Some(_), Some(_)) => return Err(format!("{} is written twice", quote(key))),
            (None, _) if self.way.len() < 2 && entries.iter().any(adds_entries) => {
                return Err("a loop or a function writes the task definition".to_owned());
            }
            (None, _) => self.missing.push(key.to_owned()),
        }
        Ok(())
    }

    fn enter_item(&mut self, position: usize) -> Result<(), String> {
        let node = self.last();
        let items = match &node.value {
            Value::Sequence(items) => items,
            Value::Intrinsic(_) => return Err(self.comes_from_function()),
            _ => return Err(self.is_a(node.kind())),
        };
        let index = position.checked_sub(1).ok_or(UNCERTAIN)?;
        let item = items.get(index).ok_or(UNCERTAIN)?;
        if let Value::Intrinsic(call) = &item.value {
            return Err(format!("an item of {} comes from {}", self.name(), quote(&call.function)));
        }
        self.push(index, item, self.parent);
        Ok(())
    }

    fn push(&mut self, index: usize, node: &'n Node<'a>, key: Option<&'n str>) {
        self.chain.push(node);
        self.way.push(index);
        self.parent = key;
    }

    /// What a function adds to a map may be what is looked for.
    fn assert_is_written_out(&self) -> Result<(), String> {
        match &self.last().value {
            Value::Mapping(entries) if entries.iter().any(adds_entries) => {
                Err(format!("a function adds to {}", self.name()))
            }
            _ => Ok(()),
        }
    }

    fn assert_unshared(&self, source: &Source<'_, '_>) -> Result<(), String> {
        let span = self.last().span.ok_or(UNCERTAIN)?;
        if source.document.is_unshared(span) {
            return Ok(());
        }
        Err("an anchor, an alias or a merge key stands for it".to_owned())
    }
}

/// Stands for no document at all.
const NOTHING: &Node<'static> = &Node { value: Value::Null, span: None };

/// Whether an entry is a loop, or another function that adds entries beside it.
fn adds_entries(entry: &Entry<'_>) -> bool {
    entry.key.starts_with("Fn::")
}
