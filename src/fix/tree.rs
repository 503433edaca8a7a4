//! A fix in terms of the tree.
//!
//! Owns what a document must be read as when its text is edited, by which every edit is checked. Must not know the text.

use super::Plan;
use crate::document::{Entry, Node, Value};

/// A change of one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The way to the place, by indices.
    pub(super) way: Vec<usize>,
    pub(super) what: What,
}

/// What changes there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// The value is another one.
    Replace(Node<'static>),
    /// The map has one more entry.
    Entry { index: usize, key: String, value: Node<'static> },
    /// The list has one more item.
    Item { index: usize, value: Node<'static> },
    /// The collection is without these children, in ascending order.
    Without(Vec<usize>),
    /// A key has another name.
    Key { index: usize, key: String },
}

/// What a document is when plans are carried out that are apart from each other. `None`: it has no such places.
pub fn changed<'a>(root: &Node<'a>, plans: &[&Plan]) -> Option<Node<'a>> {
    let mut changed = root.clone();
    let mut plans = plans.to_vec();
    // From the end, so that the ways to what comes before stay right.
    plans.sort_by_key(|plan| std::cmp::Reverse((plan.scope.start(), plan.scope.end())));
    for Plan { change: Change { way, what }, .. } in plans {
        let place = way.iter().try_fold(&mut changed, |node, index| child(node, *index))?;
        apply(place, what)?;
    }
    Some(changed)
}

fn child<'n, 'a>(node: &'n mut Node<'a>, index: usize) -> Option<&'n mut Node<'a>> {
    match &mut node.value {
        Value::Sequence(items) => items.get_mut(index),
        Value::Mapping(entries) => entries.get_mut(index).map(|entry| &mut entry.value),
        _ => None,
    }
}

fn apply(place: &mut Node<'_>, what: &What) -> Option<()> {
    match (what, &mut place.value) {
        (What::Replace(node), _) => place.value = node.value.clone(),
        (What::Entry { index, key, value }, Value::Mapping(entries)) if *index <= entries.len() => {
            let entry = Entry { key: key.clone().into(), key_span: None, value: value.clone() };
            edit(entries, |entries| entries.insert(*index, entry));
        }
        (What::Item { index, value }, Value::Sequence(items)) if *index <= items.len() => {
            edit(items, |items| items.insert(*index, value.clone()));
        }
        (What::Without(removed), Value::Sequence(items)) => retain(items, removed),
        (What::Without(removed), Value::Mapping(entries)) => retain(entries, removed),
        (What::Key { index, key }, Value::Mapping(entries)) => {
            entries.get_mut(*index)?.key = key.clone().into();
        }
        _ => return None,
    }
    Some(())
}

fn retain<T>(children: &mut Box<[T]>, removed: &[usize]) {
    let mut index = 0;
    let is_kept = |_: &T| {
        index += 1;
        removed.binary_search(&(index - 1)).is_err()
    };
    edit(children, |children| children.retain(is_kept));
}

fn edit<T>(children: &mut Box<[T]>, change: impl FnOnce(&mut Vec<T>)) {
    let mut all = std::mem::take(children).into_vec();
    change(&mut all);
    *children = all.into();
}
