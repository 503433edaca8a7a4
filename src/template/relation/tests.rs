//! What is proved impossible, and that nothing true is.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::super::limits::Limits;
use super::{Assumed, Known, Part, Proof, Relation, Term};
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
    fn with<R>(&self, work: usize, look: impl FnOnce(Proof<'_>) -> R) -> (R, usize) {
        let Self { domains, same, different, parts } = self;
        let left = Cell::new(work);
        let found = look(Proof::new(Known { domains, same, different, parts }, &left));
        (found, work - left.get())
    }

    /// What relations make of open things, and the work that it takes.
    fn consequences(&self, relations: &[(&str, &str, bool)], work: usize) -> (String, usize) {
        let relations: Vec<_> = relations.iter().map(relation).collect();
        let (found, work) = self.with(work, |proof| proof.consequences(&relations));
        let words: Vec<_> = found.iter().map(|(key, text)| format!("{key}={text}")).collect();
        (words.join(" "), work)
    }

    fn allow(&self, relations: &[Relation], work: usize) -> bool {
        self.with(work, |proof| proof.may_hold(relations.iter())).0
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

#[test]
fn what_relations_make_of_open_things_is_known() {
    for (relations, expected) in [
        (&[("A", "x", true)][..], "A=x"),
        (&[("x", "A", true)], "A=x"),
        (&[("aAc", "abc", true)], "A=b"),
        (&[("abc", "aAc", true)], "A=b"),
        (&[("A", "", true)], "A="),
        (&[("", "A", true)], "A="),
        // One after the other, in whichever order they stand.
        (&[("A-B", "x-y", true), ("A", "x", true)], "A=x B=y"),
        (&[("A", "B", true), ("B", "x", true)], "A=x B=x"),
        (&[("A", "x", false)], ""),
        (&[("A-B", "x-y", true)], ""),
        (&[("A", "B", true)], ""),
        (&[], ""),
        // What the part before the first hyphen is, as soon as the text goes on behind it.
        (&[("E", "x-y", true)], "E=x-y P=x"),
        (&[("E", "x", true)], "E=x P=x"),
        (&[("E", "", true)], "E= P="),
        (&[("E", "x-y", true), ("AP", "ax", true)], "A=a E=x-y P=x"),
    ] {
        assert_eq!(with_parts().consequences(relations, 1000).0, expected, "{relations:?}");
        assert_eq!(with_parts().consequences(relations, 0).0, "", "nothing is known without work");
    }
    let nothing_more = with_parts().consequences(&[("P", "y", true), ("E", "x-y", true)], 1000).0;
    assert_eq!(nothing_more, "E=x-y P=y", "what excludes itself ends it");
}

#[test]
fn a_part_begins_as_its_text_does() {
    let part = |text, delimiter: &str, index| Part { text: terms(text), delimiter: delimiter.into(), index };
    for (of, value, may_hold) in [
        (part("x-yE", "-", 1), "yz", true),
        (part("x-yE", "-", 1), "y", true),
        (part("x-yE", "-", 1), "z", false),
        (part("x-yE", "-", 1), "", false),
        (part("x-yE", "-", 2), "z", true),
        (part("x-yE", "-", 0), "x", true),
        (part("x-yE", "-", 0), "xz", false),
        (part("x-E", "-", 1), "z", true),
        (part("Ex-y", "-", 1), "z", true),
        // What is open may go on with a delimiter that has begun.
        (part("xyE", "yz", 0), "x", true),
        (part("xyE", "yz", 0), "xy", true),
        (part("xyE", "yz", 0), "y", false),
        (part("xyyE", "yyz", 0), "x", true),
        (part("éE", "-", 0), "è", false),
    ] {
        let facts = Facts { parts: BTreeMap::from([("P".to_owned(), of.clone())]), ..Facts::default() };
        assert_eq!(facts.allow(&[relation(&("P", value, true))], 1000), may_hold, "{of:?} is {value}");
    }
}

#[test]
fn the_same_part_of_the_same_text_is_the_same() {
    let part = |text, delimiter: &str, index| Part { text: terms(text), delimiter: delimiter.into(), index };
    for (q, may_hold) in [
        (part("E", "-", 1), false),
        (part("E", "-", 0), true),
        (part("F", "-", 1), true),
        (part("E", ":", 1), true),
    ] {
        let parts = BTreeMap::from([("P".to_owned(), part("E", "-", 1)), ("Q".to_owned(), q.clone())]);
        let facts = Facts { parts, ..Facts::default() };
        let of = |relations: &[(&str, &str, bool)]| -> Vec<_> { relations.iter().map(relation).collect() };
        assert_eq!(facts.allow(&of(&[("P", "x", true), ("Q", "y", true)]), 1000), may_hold, "{q:?}");
        assert!(facts.allow(&of(&[("P", "x", true), ("Q", "x", true)]), 1000), "{q:?}");
        assert!(facts.allow(&of(&[("P", "Q", true)]), 1000), "{q:?}");
        assert_eq!(facts.allow(&of(&[("P", "x", true), ("Q", "P", false)]), 1000), may_hold, "{q:?}");
        assert_eq!(facts.allow(&of(&[("Q", "x", true), ("Q", "P", false)]), 1000), may_hold, "{q:?}");
    }
}

#[test]
fn a_text_on_either_side_has_only_so_many_ways_to_be_filled() {
    let domains = HashMap::from([("A".to_owned(), Domain::OneOf(vec!["y".into(), "z".into()]))]);
    let facts = Facts { domains, ..Facts::default() };
    for (one, other) in [("AB", "xy"), ("xy", "AB")] {
        assert!(!facts.allow(&[relation(&(one, other, true))], 1000), "{one} {other}");
    }
    for (one, other) in [("AB", "yx"), ("yx", "AB")] {
        assert!(facts.allow(&[relation(&(one, other, true))], 1000), "{one} {other}");
    }
}

#[test]
fn what_is_the_same_as_another_is_no_text_that_the_other_is_not() {
    let domains = HashMap::from([("B".to_owned(), Domain::OneOf(vec!["y".into(), "z".into()]))]);
    let facts = Facts { domains, ..Facts::default() };
    for (text, may_hold) in [("y", true), ("x", false)] {
        let relations = [relation(&("A", "B", true)), relation(&("A", text, true))];
        assert_eq!(facts.allow(&relations, 1000), may_hold, "{text}");
        // Another that is not the same as them has nothing to do with it.
        let relations = [relation(&("C", "B", true)), relation(&("A", text, true))];
        assert!(facts.allow(&relations, 1000), "{text}");
    }
}

#[test]
fn a_relation_is_about_two_texts_in_either_order() {
    let known = relation(&("Ax", "B", true));
    for (one, other, is_about) in [
        ("Ax", "B", true),
        ("B", "Ax", true),
        ("Ax", "C", false),
        ("C", "B", false),
        ("B", "C", false),
        ("C", "Ax", false),
        ("Ax", "Ax", false),
        ("B", "B", false),
    ] {
        assert_eq!(known.is_about(&terms(one), &terms(other)), is_about, "{one} {other}");
    }
}

#[test]
fn what_is_copied_is_paid_for() {
    let long = "x".repeat(100 * super::BYTES_OF_STEP);
    let known = HashMap::from([("A".to_owned(), Domain::Known(long.clone()))]);
    let facts = Facts { domains: known, ..Facts::default() };
    let is = [Relation::is("B", &long, true)];
    for (relations, least) in
        [(&[relation(&("A", "B", true))][..], 100), (&is, 100), (&[relation(&("C", "B", true))], 0)]
    {
        let (_, paid) = facts.with(1000, |proof| proof.consequences(relations));
        // Once more to see that nothing comes of it any more.
        assert!((least..=3 * least + 3).contains(&paid), "{paid} {least}");
        let (_, paid) = facts.with(10, |proof| proof.consequences(relations));
        assert_eq!(paid == 0, least > 10, "nothing is begun that cannot be paid");
    }
    let mut assumed = Assumed::default();
    assert_eq!((assumed.count(), assumed.size()), (0, 0));
    assumed.texts.insert("ab".into(), "cde".into());
    assumed.same.insert("f".into(), "g".into());
    assert_eq!((assumed.count(), assumed.size()), (2, 4 * size_of::<String>() + 7));
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
        let part = |text: &str, delimiter| text.split(delimiter).next().unwrap_or_default().to_owned();
        let (of_a, of_b) = (part(a, "-"), part(&format!("ab{b}"), "ba"));
        let filled = |side: &str| {
            side.replace('A', a).replace('B', b).replace('C', c).replace('P', &of_a).replace('Q', &of_b)
        };
        let relations: Vec<Relation> = sides
            .iter()
            .map(|(one, other)| relation(&(one, other, filled(one) == filled(other))))
            // Few random texts are equal, so each also is what it is.
            .chain(sides.iter().map(|(one, _)| relation(&(one, &filled(one), true))))
            .collect();
        let part = |text, delimiter: &str| Part { text: terms(text), delimiter: delimiter.into(), index: 0 };
        let parts = BTreeMap::from([("P".to_owned(), part("A", "-")), ("Q".to_owned(), part("abB", "ba"))]);
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
