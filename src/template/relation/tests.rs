//! What is proved impossible, and that nothing true is.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::super::limits::Limits;
use super::{Known, Part, Proof, Relation, Term};
use crate::template::unknown::Domain;

/// A text in which capital letters are open.
fn terms(text: &str) -> Vec<Term> {
    let term = |letter: char| {
        if letter.is_ascii_uppercase() { Term::Open(letter.into()) } else { Term::Text(letter.into()) }
    };
    text.chars().map(term).collect()
}

fn relation((one, other, is_equal): &(&str, &str, bool)) -> Relation {
    Relation { one: terms(one), other: terms(other), is_equal: *is_equal }
}

/// What is known beside the relations.
#[derive(Default)]
struct Facts {
    domains: HashMap<String, Domain>,
    same: HashMap<String, String>,
    different: HashMap<String, HashSet<String>>,
    parts: BTreeMap<String, Part>,
}

impl Facts {
    fn allow(&self, relations: &[Relation], work: usize) -> bool {
        let Self { domains, same, different, parts } = self;
        let left = Cell::new(work);
        Proof::new(Known { domains, same, different, parts }, &left).may_hold(relations.iter())
    }
}

/// The parts before the first hyphen of what is open as `E` and as `F`.
fn with_parts() -> Facts {
    let part = |text| Part { text: terms(text), delimiter: "-".into(), index: 0 };
    let parts = BTreeMap::from([("P".to_owned(), part("E")), ("Q".to_owned(), part("F"))]);
    Facts { parts, ..Facts::default() }
}

#[test]
fn what_excludes_itself_is_seen() {
    for relations in [
        &[("A-B", "x-y", true), ("A", "z", true)][..],
        &[("A", "x", true), ("B", "y", true), ("A-B", "x-y", false)],
        &[("A-B", "x-y-z", true), ("A", "x", false), ("B", "z", false)],
        &[("A", "B", true), ("B", "x", true), ("A", "y", true)],
        &[("AxC", "BxC", true), ("A", "B", false)],
        &[("A", "x", true), ("A-B", "y-B", true)],
        &[("AB", "", true), ("B", "", false)],
        &[("A", "éa", true), ("A", "Bé", true)],
        &[("P", "x", true), ("E", "y-x", true)],
        &[("P", "x-y", true)],
        &[("P", "x", true), ("Q", "y", true), ("E", "F", true)],
    ] {
        let relations: Vec<_> = relations.iter().map(relation).collect();
        assert!(!with_parts().allow(&relations, 1000), "{relations:?}");
        assert!(with_parts().allow(&relations, 0), "nothing is proven without work: {relations:?}");
    }
}

#[test]
fn what_is_known_of_open_things_counts() {
    let domains = |domain| HashMap::from([("A".to_owned(), domain)]);
    let relations = [relation(&("A-B", "x-y", true))];
    for (domain, may_hold) in [
        (Domain::Known("x".into()), true),
        (Domain::Known("y".into()), false),
        (Domain::OneOf(vec!["x".into(), "z".into()]), true),
        (Domain::OneOf(vec!["y".into(), "z".into()]), false),
        (Domain::AnyBut(HashSet::from(["y".into()]), Limits::from(1)), true),
        (Domain::AnyBut(HashSet::from(["x".into()]), Limits::default()), false),
        (Domain::AnyBut(HashSet::new(), Limits::from(2)), false),
    ] {
        let facts = Facts { domains: domains(domain.clone()), ..Facts::default() };
        assert_eq!(facts.allow(&relations, 1000), may_hold, "{domain:?}");
    }
    let same = HashMap::from([("B".to_owned(), "A".to_owned())]);
    assert!(!Facts { same, ..Facts::default() }.allow(&relations, 1000));
    let different = HashMap::from([("A".to_owned(), HashSet::from(["C".to_owned()]))]);
    let facts = Facts {
        different,
        domains: HashMap::from([("C".into(), Domain::Known("x".into()))]),
        ..Facts::default()
    };
    assert!(!facts.allow(&relations, 1000));
}

fn text() -> impl Strategy<Value = String> {
    "[ab-]{0,3}"
}

/// Open things, texts, and both in a row.
fn side() -> impl Strategy<Value = String> {
    "[ABCPQab-]{0,4}"
}

proptest! {
    /// Whatever is true of some texts may hold: no case is lost that somebody can deploy.
    #[test]
    fn what_is_true_is_never_excluded(
        texts in [text(), text(), text()],
        sides in prop::collection::vec((side(), side()), 1..=6),
        excluded in text(),
        work in prop_oneof![Just(1000_usize), 0..50_usize],
    ) {
        let [a, b, c] = &texts;
        let part = |text: &str| text.split('-').next().unwrap_or_default().to_owned();
        let (of_a, of_b) = (part(a), part(b));
        let filled = |side: &str| {
            side.replace('A', a).replace('B', b).replace('C', c).replace('P', &of_a).replace('Q', &of_b)
        };
        let relations: Vec<Relation> = sides
            .iter()
            .map(|(one, other)| relation(&(one, other, filled(one) == filled(other))))
            // Few random texts are equal, so each also is what it is.
            .chain(sides.iter().map(|(one, _)| relation(&(one, &filled(one), true))))
            .collect();
        let part = |text| Part { text: terms(text), delimiter: "-".into(), index: 0 };
        let parts = BTreeMap::from([("P".to_owned(), part("A")), ("Q".to_owned(), part("B"))]);
        let mut facts = Facts { parts, ..Facts::default() };
        for (key, text) in [("A", a), ("B", b), ("C", c)] {
            if excluded != *text {
                let domain = Domain::AnyBut(HashSet::from([excluded.clone()]), Limits::from(text.len()));
                facts.domains.insert(key.to_owned(), domain);
            }
        }
        if a != b {
            facts.different.insert("A".to_owned(), HashSet::from(["B".to_owned()]));
            facts.different.insert("B".to_owned(), HashSet::from(["A".to_owned()]));
        }
        for count in 1..=relations.len() {
            prop_assert!(facts.allow(&relations[..count], work), "{relations:?}");
        }
    }
}
