//! Keys that stand twice in one map.
//!
//! Owns finding them anywhere in a tree. Must not know which of the values counts, nor what the keys mean.

use std::collections::HashSet;

use super::{Node, Span, Value};

/// Up to how many entries comparing each pair is quicker than a set.
const FEW: usize = 16;

/// The keys that already stood in the same map, each at its later place, in the order of the text. What aliases repeat
/// is told once.
pub fn duplicate_keys<'n>(root: &'n Node<'_>) -> Vec<(&'n str, Span)> {
    let mut found: Vec<(&str, Span)> = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Sequence(items) => open.extend(items),
            Value::Intrinsic(call) => open.push(&call.argument),
            Value::Mapping(entries) => {
                let mut seen = HashSet::new();
                for (index, entry) in entries.iter().enumerate() {
                    let is_duplicate = if entries.len() <= FEW {
                        entries.iter().take(index).any(|earlier| earlier.key == entry.key)
                    } else {
                        !seen.insert(&*entry.key)
                    };
                    if is_duplicate && let Some(span) = entry.key_span {
                        found.push((&entry.key, span));
                    }
                    open.push(&entry.value);
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|(_, span)| (span.start, span.end));
    found.dedup();
    found
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
