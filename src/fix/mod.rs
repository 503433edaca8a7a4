//! Fixes: a change of the task definition becomes edits of its text.
//!
//! Owns where a change goes in a template or a plain task definition, the text it puts there in the style of what stands
//! around it, and what is left alone because nobody can be sure of it. Everything that is not changed keeps its bytes.
//! Must not know rules, nor whether a fix is wanted.
//!
//! The tree with its spans is all that is asked about the text; between two spans there are only blanks, comments and
//! indicators.

mod block;
mod flow;
mod page;
mod place;
mod style;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{HashMap, HashSet};

use crate::document::{Document, Entry, Node, Span, Value, quote};
use crate::finding::{Change, Edit, Finding, Fix, Literal};
use page::Page;
use place::Place;
use style::{Quote, Style};
pub use tree::changed;

/// A text and the task definition in it that a fix is about.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s, 'a> {
    /// The text.
    pub text: &'s str,
    /// What it was read as.
    pub document: &'s Document<'a>,
    /// Where its resources are.
    pub resources: &'s Resources<'s>,
    /// The task definition.
    pub task: Task<'s>,
}

/// The resources of a document by their logical ids, each with its index in the section; `None`: written twice.
#[derive(Debug, Default)]
pub struct Resources<'s>(HashMap<&'s str, Option<usize>>);

impl<'s> Resources<'s> {
    /// Those of a document.
    pub fn of(document: &'s Document<'_>) -> Self {
        let mut places = HashMap::new();
        if let Some(Node { value: Value::Mapping(entries), .. }) = document.root.get("Resources") {
            for (index, entry) in entries.iter().enumerate() {
                places.entry(&*entry.key).and_modify(|known| *known = None).or_insert(Some(index));
            }
        }
        Self(places)
    }
}

/// Which task definition of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task<'s> {
    /// The resource of a template with this logical id.
    Resource(&'s str),
    /// The map here, in the spelling of the Amazon ECS API.
    Plain(Span),
}

impl<'s> Task<'s> {
    /// The resource of that name, unless it is a plain task definition.
    pub fn of(name: &'s str, plain: Option<Span>) -> Self {
        plain.map_or(Self::Resource(name), Self::Plain)
    }
}

/// What a fix comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// In the order of the text; none touches another.
    pub edits: Vec<Edit>,
    /// Where no other change may be made at the same time, at its ends neither.
    pub scope: Span,
    /// The same change in terms of the tree.
    change: tree::Change,
}

impl Plan {
    /// Edits that change nothing beyond them.
    fn new(edits: Vec<Edit>, way: Vec<usize>, what: tree::What) -> Self {
        let scope = match (edits.first(), edits.last()) {
            (Some(first), Some(last)) => Span::of(first.span.start(), last.span.end()),
            _ => Span::NOWHERE,
        };
        Self { edits, scope, change: tree::Change { way, what } }
    }

    /// The same where nothing else of a collection may change at the same time.
    fn within(self, collection: &Node<'_>) -> Result<Self, String> {
        let whole = collection.span.ok_or(UNCERTAIN)?;
        let scope = Span::of(self.scope.start().min(whole.start()), self.scope.end().max(whole.end()));
        Ok(Self { scope, ..self })
    }
}

/// What a fix does, in the spelling of the text and in words that follow "to".
pub fn title(task: Task<'_>, fix: &Fix) -> String {
    let keys = quote(&place::spelled(task, fix).join("."));
    match &fix.change {
        Change::Set(value) => format!("set {keys} to {}", quote(&value.to_string())),
        Change::Remove => format!("remove {keys}"),
        Change::RemoveItems(texts) => {
            const MAXIMUM_NAMED: usize = 3;
            let named: Vec<_> = texts.iter().take(MAXIMUM_NAMED).map(|text| quote(text)).collect();
            let further = match texts.len().saturating_sub(MAXIMUM_NAMED) {
                0 => String::new(),
                further => format!(" and {further} more"),
            };
            format!("remove {}{further} from {keys}", named.join(", "))
        }
        Change::Append(value) => format!("add {} to {keys}", quote(&value.to_string())),
        Change::Respell { from, to, .. } => {
            format!("write {} for {}", quote(&name_of(task, to)), quote(from))
        }
    }
}

/// The edits that make a fix, or why there are none, in words that follow "because".
///
/// # Errors
/// What a fix would change is not written where it is used: a function, an anchor or a loop stands for it; or it is
/// written in a way that leaves no certain place.
pub fn plan(source: &Source<'_, '_>, finding: &Finding, fix: &Fix) -> Result<Plan, String> {
    if let Some(obstacle) = fix.obstacle {
        return Err(obstacle.to_owned());
    }
    let page = Page::new(source.text);
    if let Change::Respell { place, from, to } = &fix.change {
        return respell(source, *place, from, to);
    }
    let place = Place::of(source, finding, fix)?;
    let style = Style::of(&page, source.document.syntax, &place.chain);
    match &fix.change {
        Change::Set(value) if place.missing.is_empty() => replace(&page, &style, &place, value),
        Change::Set(value) => create(&page, &style, &place, written(value)),
        Change::Append(item) => append(&page, &style, &place, written(item)),
        Change::Remove => remove(&page, &place),
        Change::RemoveItems(texts) => remove_items(&page, &place, texts),
        Change::Respell { .. } => Err(UNCERTAIN.to_owned()),
    }
}

/// Why nothing is done where a text is written in an unusual way.
const UNCERTAIN: &str = "there is no certain place for it in the text";

fn computed(value: Value<'static>) -> Node<'static> {
    Node { value, span: None }
}

fn written(value: &Literal) -> Node<'static> {
    computed(match value {
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Text(text) => Value::String(text.clone().into()),
    })
}

/// A name of CloudFormation in the spelling of the task definition, outside maps with keys of the author's.
fn name_of(task: Task<'_>, name: &str) -> String {
    match task {
        Task::Plain(_) if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
            crate::template::plain_spelling(name, None)
        }
        _ => name.to_owned(),
    }
}

/// Gives a value that is written another one, in the same quotes.
fn replace(page: &Page<'_>, style: &Style, place: &Place<'_, '_>, value: &Literal) -> Result<Plan, String> {
    let node = place.last();
    let quote = match &node.value {
        Value::Null => return put(page, style, place, written(value)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Quote::of(node.span.ok_or(UNCERTAIN)?.slice(page.text))
        }
        Value::Mapping(_) | Value::Sequence(_) | Value::Intrinsic(_) => return Err(place.is_a(node.kind())),
    };
    let value = match value {
        // Who writes booleans as texts goes on to do so.
        Literal::Bool(value) if quote != Quote::None => computed(Value::String(value.to_string().into())),
        value => written(value),
    };
    put(page, &Style { text_quote: quote.or(style.text_quote), ..style.clone() }, place, value)
}

/// Writes a value under a key that is missing, with the maps on the way to it.
fn create(
    page: &Page<'_>,
    style: &Style,
    place: &Place<'_, '_>,
    value: Node<'static>,
) -> Result<Plan, String> {
    let map = place.last();
    let entries = match &map.value {
        Value::Null => return put(page, style, place, nested(&place.missing, value)),
        Value::Mapping(entries) => entries,
        _ => return Err(place.is_a(map.kind())),
    };
    let (key, rest) = place.missing.split_first().ok_or(UNCERTAIN)?;
    let value = nested(rest, value);
    let (index, edits) = if page.is_flow(map) {
        (entries.len(), flow::insert_entry(page, style, map, entries, key, &value)?)
    } else {
        block::insert_entry(page, style, &place.chain, entries, key, &value)?
    };
    let what = tree::What::Entry { index, key: key.clone(), value };
    Ok(Plan::new(edits, place.way.clone(), what))
}

/// Puts a value in the place of what is written there, `null` or nothing perhaps.
fn put(page: &Page<'_>, style: &Style, place: &Place<'_, '_>, value: Node<'static>) -> Result<Plan, String> {
    let span = place.last().span.ok_or(UNCERTAIN)?;
    let is_behind_colon = span.start() == span.end() && page.before(span.start()).ends_with(':');
    let space = if is_behind_colon { " " } else { "" };
    let edit = Edit { span, text: format!("{space}{}", style.flow(&value)) };
    Ok(Plan::new(vec![edit], place.way.clone(), tree::What::Replace(value)))
}

/// A value inside maps with one key each.
fn nested(keys: &[String], value: Node<'static>) -> Node<'static> {
    keys.iter().rev().fold(value, |value, key| {
        computed(Value::Mapping([Entry { key: key.clone().into(), key_span: None, value }].into()))
    })
}

/// Adds an item to a list, which is made where there is none.
fn append(
    page: &Page<'_>,
    style: &Style,
    place: &Place<'_, '_>,
    item: Node<'static>,
) -> Result<Plan, String> {
    let list = place.last();
    let items = match &list.value {
        Value::Sequence(items) if place.missing.is_empty() => items,
        _ => return create(page, style, place, computed(Value::Sequence([item].into()))),
    };
    let edits = if page.is_flow(list) {
        flow::insert_item(page, style, list, items, &item)?
    } else {
        block::insert_item(page, style, items, &item)?
    };
    let what = tree::What::Item { index: items.len(), value: item };
    Ok(Plan::new(edits, place.way.clone(), what))
}

/// Takes away the last key of a place.
fn remove(page: &Page<'_>, place: &Place<'_, '_>) -> Result<Plan, String> {
    if !place.missing.is_empty() {
        return Err(format!("{} is not written in the task definition", place.name()));
    }
    remove_entry(page, place, place.chain.len().saturating_sub(1))
}

/// Takes an entry of a map away, by the place of its value in the chain.
fn remove_entry(page: &Page<'_>, place: &Place<'_, '_>, depth: usize) -> Result<Plan, String> {
    let parent = depth.checked_sub(1).and_then(|above| place.chain.get(above)).ok_or(UNCERTAIN)?;
    let (Value::Mapping(entries), Some(way)) = (&parent.value, place.way.get(..depth)) else {
        return Err(UNCERTAIN.to_owned());
    };
    let (index, way) = way.split_last().ok_or(UNCERTAIN)?;
    if entries.len() == 1 {
        let nothing = computed(Value::Mapping(Box::default()));
        let edit = block::emptied(page, parent)?;
        return Ok(Plan::new(vec![edit], way.to_vec(), tree::What::Replace(nothing)));
    }
    let edits = if page.is_flow(parent) {
        flow::remove(page, &flow::entries(entries)?, &[*index])?
    } else {
        block::remove_entry(page, entries, *index)?
    };
    Plan::new(edits, way.to_vec(), tree::What::Without(vec![*index])).within(parent)
}

/// Takes items of a list away, and the list with them when there are no others, and every map in which there is
/// nothing else.
fn remove_items(page: &Page<'_>, place: &Place<'_, '_>, texts: &[String]) -> Result<Plan, String> {
    let node = place.last();
    let Value::Sequence(items) = &node.value else {
        return Err(place.is_a(node.kind()));
    };
    let texts: HashSet<&str> = texts.iter().map(String::as_str).collect();
    let is_removed = |item: &Node<'_>| match &item.value {
        Value::String(text) | Value::Number(text) => texts.contains(&**text),
        _ => false,
    };
    let removed: Vec<usize> =
        items.iter().enumerate().filter(|(_, item)| is_removed(item)).map(|(index, _)| index).collect();
    if removed.is_empty() {
        return Err(format!("no item of {} is written so", place.name()));
    }
    if removed.len() < items.len() {
        let edits = if page.is_flow(node) {
            flow::remove(page, &flow::items(items)?, &removed)?
        } else {
            block::remove_items(page, items, &removed)?
        };
        return Plan::new(edits, place.way.clone(), tree::What::Without(removed)).within(node);
    }
    let is_all_of = |above: &usize| match place.chain.get(*above).map(|node| &node.value) {
        Some(Value::Mapping(entries)) => entries.len() == 1,
        _ => false,
    };
    let mut depth = place.chain.len() - 1;
    while depth - 1 > place.base && is_all_of(&(depth - 1)) {
        depth -= 1;
    }
    remove_entry(page, place, depth)
}

/// Gives a key its right name.
fn respell(source: &Source<'_, '_>, span: Span, from: &str, to: &str) -> Result<Plan, String> {
    let place = Place::of_key(source, span)?;
    let Value::Mapping(entries) = &place.last().value else { return Err(UNCERTAIN.to_owned()) };
    let to = match (source.task, place.parent) {
        (Task::Plain(_), parent) => crate::template::plain_spelling(to, parent),
        (Task::Resource(_), _) => to.to_owned(),
    };
    if entries.iter().any(|entry| *entry.key == to) {
        return Err(format!("{} is there as well", quote(&to)));
    }
    let index = entries.iter().position(|entry| entry.key_span == Some(span)).ok_or(UNCERTAIN)?;
    if !entries.get(index).is_some_and(|entry| entry.key.eq_ignore_ascii_case(from)) {
        return Err(UNCERTAIN.to_owned());
    }
    let text = Quote::of(span.slice(source.text)).around(&to);
    Ok(Plan::new(vec![Edit { span, text }], place.way, tree::What::Key { index, key: to }))
}

/// A text with edits made, none of which may touch another.
pub fn edited<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<_> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.span.start(), edit.span.end()));
    let mut edited = String::with_capacity(text.len() + 64 * edits.len());
    let mut kept_to = 0;
    for Edit { span, text: inserted } in edits {
        edited += text.get(kept_to..span.start() as usize).unwrap_or_default();
        edited += inserted;
        kept_to = span.end() as usize;
    }
    edited += text.get(kept_to..).unwrap_or_default();
    edited
}
