//! Keys that stand twice in one map.
//!
//! Owns finding them anywhere in a tree. Must not know which of the values counts, nor what the keys mean.

use super::{Entry, Node, Span, Value};

/// Up to how many entries comparing each pair is quicker than sorting them.
const FEW: usize = 16;

/// The keys that already stood in the same map, each at its later place, in the order of the text. What aliases repeat
/// is told once.
pub fn duplicate_keys<'n>(root: &'n Node<'_>) -> Vec<(&'n str, Span)> {
    let mut found: Vec<(&str, Span)> = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Sequence(items) => open.extend(items.iter().filter(|item| holds_more(item))),
            Value::Intrinsic(call) => open.push(&call.argument),
            Value::Mapping(entries) => {
                let mut tell =
                    |entry: &'n Entry<'_>| found.extend(entry.key_span.map(|span| (&*entry.key, span)));
                if entries.len() <= FEW {
                    for (index, entry) in entries.iter().enumerate() {
                        if entries.iter().take(index).any(|earlier| earlier.key == entry.key) {
                            tell(entry);
                        }
                    }
                } else {
                    later_of_each(entries).into_iter().for_each(tell);
                }
                open.extend(entries.iter().map(|entry| &entry.value).filter(|value| holds_more(value)));
            }
            _ => {}
        }
    }
    found.sort_by_key(|(_, span)| (span.start, span.end()));
    found.dedup();
    found
}

fn holds_more(node: &Node<'_>) -> bool {
    matches!(node.value, Value::Sequence(_) | Value::Mapping(_) | Value::Intrinsic(_))
}

/// The entries of a large map whose keys have stood before. A place among them takes less memory than a key, and there may
/// be hundreds of thousands.
fn later_of_each<'n, 'a>(entries: &'n [Entry<'a>]) -> Vec<&'n Entry<'a>> {
    let mut order: Vec<u32> = (0_u32..).take(entries.len()).collect();
    let at = |index: u32| entries.get(index as usize);
    let key = |index: u32| at(index).map(|entry| &*entry.key);
    order.sort_unstable_by_key(|index| (key(*index), *index));
    let is_later = |pair: &[u32; 2]| key(pair[0]) == key(pair[1]);
    order.array_windows().filter(|pair| is_later(pair)).filter_map(|[_, later]| at(*later)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::{FEW, duplicate_keys};

    #[track_caller]
    fn found(text: &str) -> Vec<(String, u32)> {
        let document = yaml::read_template(text).unwrap();
        duplicate_keys(&document.root).into_iter().map(|(key, span)| (key.to_owned(), span.start)).collect()
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
    fn aliases_do_not_repeat_a_duplicate_and_what_is_merged_is_none() {
        assert_eq!(found("- &x {a: 1, a: 2}\n- *x\n- <<: *x\n  a: 3\n- <<: *x\n"), [("a".into(), 12)]);
    }
}
