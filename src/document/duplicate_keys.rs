//! Keys that stand twice in one map.
//!
//! Owns finding them anywhere in a tree. Must not know which of the values counts, nor what the keys mean.

use std::collections::BTreeMap;

use super::{Entry, Node, Span, Value};

/// Up to how many entries comparing each pair is quicker than sorting them.
const FEW: usize = 16;

/// The first so many keys that already stood in the same map, each at its later place, in the order of the text. What
/// aliases repeat is told once.
pub fn duplicate_keys<'n>(root: &'n Node<'_>, at_most: usize) -> Vec<(&'n str, Span)> {
    let mut found = BTreeMap::new();
    let mut tell = |entry: &'n Entry<'_>| {
        let Some(span) = entry.key_span else { return };
        found.insert((span.start(), span.end()), (&*entry.key, span));
        if found.len() > at_most {
            found.pop_last();
        }
    };
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Sequence(items) => open.extend(items.iter().filter(|item| holds_more(item))),
            Value::Intrinsic(call) => open.push(&call.argument),
            Value::Mapping(entries) => {
                for_each_later(entries, &mut tell);
                open.extend(entries.iter().map(|entry| &entry.value).filter(|value| holds_more(value)));
            }
            _ => {}
        }
    }
    found.into_values().collect()
}

fn holds_more(node: &Node<'_>) -> bool {
    matches!(node.value, Value::Sequence(_) | Value::Mapping(_) | Value::Intrinsic(_))
}

/// Each entry of a map whose key has stood before.
fn for_each_later<'n, 'a>(entries: &'n [Entry<'a>], mut tell: impl FnMut(&'n Entry<'a>)) {
    if entries.len() <= FEW {
        for (index, entry) in entries.iter().enumerate() {
            if entries.iter().take(index).any(|earlier| earlier.key == entry.key) {
                tell(entry);
            }
        }
        return;
    }
    // A place takes a quarter of what a key takes, and there may be hundreds of thousands.
    let mut order: Vec<u32> = (0..).take(entries.len()).collect();
    let key = |index: u32| entries.get(index as usize).map(|entry| &*entry.key);
    order.sort_unstable_by_key(|index| (key(*index), *index));
    for [earlier, later] in order.array_windows() {
        if key(*earlier) == key(*later) {
            entries.get(*later as usize).into_iter().for_each(&mut tell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::{FEW, duplicate_keys};

    #[track_caller]
    fn found(text: &str) -> Vec<(String, u32)> {
        let document = yaml::read_template(text).unwrap();
        duplicate_keys(&document.root, usize::MAX)
            .into_iter()
            .map(|(key, span)| (key.to_owned(), span.start))
            .collect()
    }

    #[test]
    fn duplicates_are_found_at_every_level_in_the_order_of_the_text() {
        assert_eq!(
            found("a: {b: 1, c: 2, b: 3, b: 4}\nd: !If [C, {e: 1, \"e\": 2}, {a: 1}]\na: 1\n"),
            [("b".into(), 16), ("b".into(), 22), ("e".into(), 46), ("a".into(), 63)]
        );
        assert_eq!(found("a: {a: 1}\nb: {a: 1}\n"), []);
    }

    #[test]
    fn a_large_map_is_searched_like_a_small_one() {
        let lines: Vec<_> = (0..FEW * 2).map(|number| format!("k{number}: 1\n")).collect();
        let keys = lines.concat();
        assert_eq!(found(&keys), []);
        let start = u32::try_from(keys.len()).unwrap();
        assert_eq!(found(&format!("{keys}k3: 1\n")), [("k3".into(), start)]);
    }

    #[test]
    fn no_more_are_told_than_are_asked_for_and_of_those_the_first() {
        let document = yaml::read_template("b: {a: 1, a: 2}\nc: {d: 1, d: 2}\nb: 1\n").unwrap();
        let keys = |at_most| {
            duplicate_keys(&document.root, at_most).into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(keys(2), ["a", "d"]);
        assert_eq!(keys(3), ["a", "d", "b"]);
    }

    #[test]
    fn aliases_do_not_repeat_a_duplicate_and_what_is_merged_is_none() {
        assert_eq!(found("- &x {a: 1, a: 2}\n- *x\n- <<: *x\n  a: 3\n- <<: *x\n"), [("a".into(), 12)]);
    }
}
