//! Which possibilities there are, and that answers in one of them agree with each other.

use std::collections::HashSet;

use super::super::limits::Limits;
use super::super::relation::{Part, Term};
use super::{
    Chosen, Domain, LONGEST_RELATION, MAXIMUM_POSSIBILITIES, MAXIMUM_RELATIONS, Search, WORK_ON_RELATIONS,
};

/// What is answered in each possibility.
fn all(ask: impl Fn(&mut Search) -> String) -> Vec<String> {
    let mut search = Search::default();
    let mut answers = vec![ask(&mut search)];
    while search.advance(|_| true) {
        answers.push(ask(&mut search));
    }
    assert!(!search.has_given_up());
    answers
}

fn one_of(values: &[&str]) -> Domain {
    Domain::OneOf(values.iter().map(|value| (*value).to_owned()).collect())
}

fn words<T: std::fmt::Debug>(answers: &[T]) -> String {
    answers.iter().map(|answer| format!("{answer:?}")).collect::<Vec<_>>().join(" ").replace('"', "")
}

fn chosen(chosen: Option<Chosen>) -> String {
    match chosen {
        Some(Chosen::Is(text)) => text,
        Some(Chosen::Other) => "other".to_owned(),
        None => "undecided".to_owned(),
    }
}

#[test]
fn a_value_is_each_of_those_it_may_be() {
    let value = |domain: fn() -> Domain| {
        all(|search| words(&[search.value("k", domain), search.value("k", Domain::anything)]))
    };
    assert_eq!(value(|| one_of(&["a", "b"])), ["Some(a) Some(a)", "Some(b) Some(b)"]);
    assert_eq!(value(|| Domain::Known("a".into())), ["Some(a) Some(a)"]);
    assert_eq!(value(Domain::anything), ["None None"]);
    assert_eq!(value(|| Domain::number("0x1")), ["None None"]);
}

#[test]
fn what_it_is_not_it_is_not_later() {
    let ask = |domain: fn() -> Domain, texts: &'static [&'static str]| {
        all(|search| {
            words(&texts.iter().map(|text| search.is("k", text, domain).unwrap()).collect::<Vec<_>>())
        })
    };
    assert_eq!(
        ask(Domain::anything, &["a", "b", "a"]),
        ["true false true", "false true false", "false false false"]
    );
    assert_eq!(ask(|| one_of(&["a", "b"]), &["a", "b"]), ["true false", "false true"]);
    assert_eq!(
        ask(|| one_of(&["a", "b", "c"]), &["x", "c", "a"]),
        ["false true false", "false false true", "false false false"]
    );
    assert_eq!(ask(|| Domain::Known("a".into()), &["b", "a"]), ["false true"]);
    assert_eq!(
        ask(|| Domain::AnyBut(HashSet::from(["a".into()]), Limits::default()), &["a", "b"]),
        ["false true", "false false"]
    );
    assert_eq!(ask(|| Domain::AnyBut(HashSet::new(), Limits::from(2)), &["a"]), ["false"]);
    assert_eq!(
        ask(|| Domain::number("0x10"), &["app", "16", "0x10"]),
        ["false true false", "false false true", "false false false"]
    );
    // The last that is left is known.
    let last = all(|search| {
        let not_a = search.is("k", "a", || one_of(&["a", "b", "c"]));
        words(&[not_a.map(|is| is.to_string()), search.value("k", Domain::anything)])
    });
    assert_eq!(last, ["Some(true) Some(a)", "Some(false) Some(b)", "Some(false) Some(c)"]);
}

#[test]
fn it_is_one_of_several_texts_or_none() {
    let ask = |domain: fn() -> Domain, or_none| {
        all(|search| {
            let one = chosen(search.among("k", &["a", "b"], or_none, domain));
            let later = search.is("k", "a", Domain::anything).unwrap();
            format!("{one} {later}")
        })
    };
    assert_eq!(ask(Domain::anything, true), ["a true", "b false", "other false"]);
    assert_eq!(ask(Domain::anything, false), ["a true", "b false"]);
    assert_eq!(ask(|| one_of(&["b", "c", "d"]), true), ["b false", "other false", "other false"]);
    assert_eq!(ask(|| one_of(&["b", "c", "a"]), false), ["b false", "a true"]);
    assert_eq!(ask(|| one_of(&["a", "b"]), false), ["a true", "b false"]);
    assert_eq!(ask(|| Domain::Known("b".into()), true), ["b false"]);
    assert_eq!(ask(|| Domain::Known("c".into()), true), ["other false"]);
    assert_eq!(ask(|| Domain::AnyBut(HashSet::from(["a".into()]), Limits::default()), false), ["b false"]);
    let none = all(|search| chosen(search.among("k", &["a"], false, || Domain::Known("c".into()))));
    assert_eq!(none, ["undecided"]);
    assert_eq!(all(|search| chosen(search.among("k", &["a"], false, || one_of(&["b", "c"])))), ["undecided"]);
}

#[test]
fn two_are_the_same_or_not_and_stay_so() {
    let ask = |one: fn() -> Domain, other: fn() -> Domain| {
        all(|search| {
            let same = search.are_same(("k", one), ("l", other)).unwrap();
            let again = search.are_same(("l", Domain::anything), ("k", Domain::anything)).unwrap();
            assert_eq!(same, again);
            let (k, l) = (
                search.is("k", "a", Domain::anything).unwrap(),
                search.is("l", "a", Domain::anything).unwrap(),
            );
            format!("{same} {k} {l}")
        })
    };
    let both = ["true true true", "true false false"];
    let apart = ["false true false", "false false true", "false false false"];
    assert_eq!(ask(Domain::anything, Domain::anything), [&both[..], &apart[..]].concat());
    assert_eq!(ask(|| Domain::Known("a".into()), Domain::anything), ["true true true", "false true false"]);
    assert_eq!(ask(Domain::anything, || Domain::Known("a".into())), ["true true true", "false false true"]);
    assert_eq!(ask(|| Domain::Known("a".into()), || Domain::Known("b".into())), ["false true false"]);
    let limited =
        ["true true true", "false true false", "true false false", "false false true", "false false false"];
    assert_eq!(ask(|| one_of(&["a", "b"]), Domain::anything), limited);
    let swapped =
        ["true true true", "false false true", "true false false", "false true false", "false false false"];
    assert_eq!(ask(Domain::anything, || one_of(&["a", "b"])), swapped);
    assert_eq!(
        ask(|| one_of(&["a", "b"]), || one_of(&["b", "c"])),
        ["false true false", "true false false", "false false false"]
    );
    assert_eq!(ask(|| Domain::number("0x1"), || Domain::number("0x2")), ["false false false"]);
    // `1` and `0x1` are one number for some reader.
    assert!(ask(|| Domain::number("0x1"), || Domain::number("1")).contains(&"true false false".to_owned()));
    let itself = all(|search| words(&[search.are_same(("k", Domain::anything), ("k", Domain::anything))]));
    assert_eq!(itself, ["Some(true)"]);
}

#[test]
fn what_is_the_same_as_a_third_is_so_too() {
    let any = Domain::anything;
    let answers = all(|search| {
        let same = |search: &mut Search, one, other| search.are_same((one, any), (other, any)).unwrap();
        let apart = same(search, "a", "c");
        words(&[apart, same(search, "a", "b"), same(search, "b", "c")])
    });
    assert_eq!(
        answers,
        ["true true true", "true false false", "false true false", "false false true", "false false false"]
    );
    // What is said of one of them before holds of all.
    let answers = all(|search| {
        let before = search.is("b", "x", any).unwrap();
        let same = search.are_same(("a", any), ("b", any)).unwrap();
        words(&[before, same, search.is("a", "x", any).unwrap()])
    });
    assert_eq!(
        answers,
        ["true true true", "true false false", "false true false", "false false true", "false false false"]
    );
    // What one is settled to be, what is different from it is not.
    let answers = all(|search| {
        let same = search.are_same(("a", any), ("b", || one_of(&["x", "y"]))).unwrap();
        words(&[same, search.is("a", "x", any).unwrap(), search.is("b", "x", any).unwrap()])
    });
    assert_eq!(answers.iter().filter(|answer| **answer == "true true true").count(), 1);
    assert!(
        !answers.contains(&"true false true".to_owned()) && !answers.contains(&"false true true".to_owned())
    );
}

#[test]
fn what_is_in_two_domains() {
    let any_but =
        |text: &str, shortest| Domain::AnyBut(HashSet::from([text.to_owned()]), Limits::from(shortest));
    let number = || match Domain::number("0x10") {
        Domain::Number(spelling, _) => Domain::Number(spelling, HashSet::from(["16".to_owned()])),
        other => other,
    };
    for (one, other, yes, no) in [
        (any_but("a", 0), any_but("b", 0), &["c", ""][..], &["a", "b"][..]),
        (any_but("a", 2), any_but("b", 3), &["ccc"], &["cc", ""]),
        (number(), any_but("0x10", 0), &[], &["0x10", "16", "app"]),
        (number(), any_but("x", 0), &["0x10"], &["16", "x"]),
        (number(), Domain::Number("0x10".into(), HashSet::from(["0x10".to_owned()])), &[], &["0x10", "16"]),
        (Domain::Known("a".into()), any_but("b", 0), &["a"], &["c"]),
        (one_of(&["a", "b"]), any_but("c", 0), &["a", "b"], &["c"]),
    ] {
        let both = one.clone().and(other.clone());
        assert!(yes.iter().all(|text| both.may_be(text)), "{both:?}");
        assert!(!no.iter().any(|text| both.may_be(text)), "{both:?}");
        if matches!(one, Domain::AnyBut(..) | Domain::Number(..)) {
            let both = other.and(one);
            assert!(
                yes.iter().all(|text| both.may_be(text)) && !no.iter().any(|text| both.may_be(text)),
                "{both:?}"
            );
        }
    }
}

#[test]
fn so_many_possibilities_are_taken_in_turn() {
    for (count, is_cut) in [(MAXIMUM_POSSIBILITIES, false), (MAXIMUM_POSSIBILITIES + 1, true)] {
        let mut search = Search::default();
        let mut taken = vec![search.decide(count)];
        while search.advance(|_| true) {
            taken.push(search.decide(count));
        }
        assert_eq!(search.has_given_up(), is_cut, "{count}");
        // The last one stands for all that were not taken.
        let last = if is_cut { None } else { Some(MAXIMUM_POSSIBILITIES - 1) };
        assert_eq!((taken.len(), taken.last()), (MAXIMUM_POSSIBILITIES + usize::from(is_cut), Some(&last)));
        assert!(!search.advance(|_| true));
    }
}

#[test]
fn work_is_paid_for_before_the_next_possibility() {
    let mut search = Search::default();
    search.decide(3);
    search.steps(7);
    search.steps(4);
    assert!(search.advance(|steps| steps == 11) && !search.has_given_up());
    assert_eq!(search.decide(3), Some(1));
    assert!(search.advance(|steps| steps != 0), "there is a last one, in which nothing is decided");
    assert!(search.has_given_up() && search.is_closed());
    assert_eq!((search.decide(3), search.advance(|_| true)), (None, false));
}

#[test]
fn nothing_is_decided_that_must_not_be() {
    let mut search = Search::default();
    assert_eq!((search.decide(0), search.decide(1), search.decided()), (None, Some(0), 0));
    search.freeze(true);
    assert!(search.is_frozen() && search.is_closed());
    assert_eq!((search.decide(2), search.is("k", "a", Domain::anything)), (None, None));
    search.freeze(false);
    assert_eq!((search.decide(2), search.decide(2), search.decided()), (Some(0), Some(0), 2));
    search.forget_beyond(1);
    assert!(search.advance(|_| true));
    assert_eq!((search.decide(2), search.decided()), (Some(1), 1));
    assert!(!search.advance(|_| true));

    let mut search = Search::default();
    search.decide(2);
    search.exhaust();
    assert!(search.is_closed() && !search.is_frozen());
    assert!(search.advance(|_| true) && search.has_given_up());
}

/// A text in which capital letters are open.
fn terms(search: &mut Search, text: &str) -> Vec<Term> {
    let mut term = |letter: char| {
        if letter.is_ascii_uppercase() {
            search.meet(&letter.to_string(), Domain::anything);
            Term::Open(letter.into())
        } else {
            Term::Text(letter.into())
        }
    };
    text.chars().map(&mut term).collect()
}

fn are_equal(search: &mut Search, one: &str, other: &str) -> bool {
    let (one_terms, other_terms) = (terms(search, one), terms(search, other));
    search.are_equal(&one_terms, &other_terms, &format!("{one} = {other}")).unwrap()
}

#[test]
fn texts_that_are_put_together_agree_with_each_other() {
    let ask = |questions: &'static [(&'static str, &'static str)]| {
        all(|search| {
            words(&questions.iter().map(|(one, other)| are_equal(search, one, other)).collect::<Vec<_>>())
        })
    };
    assert_eq!(
        ask(&[("A-B", "x-y"), ("x-y", "A-B"), ("A-B", "x-y")]),
        ["true true true", "false false false"]
    );
    assert_eq!(ask(&[("A-B", "x-y"), ("A", "x")]), ["true true", "false true", "false false"]);
    assert_eq!(ask(&[("A", "x"), ("A-B", "y-z")]), ["true false", "false true", "false false"]);
    assert_eq!(ask(&[("Ax", "xA"), ("A", "y")]), ["true false", "false true", "false false"]);
    // What follows is known by its name, too.
    let known = all(|search| {
        let equal = are_equal(search, "aB", "ax");
        format!("{equal} {}", search.is("B", "x", Domain::anything).unwrap())
    });
    assert_eq!(known, ["true true", "false false"]);
}

#[test]
fn what_follows_from_texts_that_are_put_together_is_a_value() {
    let value = |search: &mut Search| search.value("B", Domain::anything).unwrap_or("open".to_owned());
    let compared = all(|search| format!("{} {}", are_equal(search, "aB", "ax"), value(search)));
    assert_eq!(compared, ["true x", "false open"]);
    // As soon as one part is known, so is the other.
    let of_another = all(|search| {
        let are_equal = are_equal(search, "A-B", "x-y");
        let is = search.is("A", "x", Domain::anything).unwrap();
        format!("{are_equal} {is} {}", value(search))
    });
    assert_eq!(of_another, ["true true y", "false true open", "false false open"]);
    let of_a_part = all(|search| {
        let text = terms(search, "E");
        search.meet("B", Domain::anything);
        search.define("B".into(), Part { text, delimiter: "-".into(), index: 0 });
        format!("{} {}", search.is("E", "x-y", Domain::anything).unwrap(), value(search))
    });
    assert_eq!(of_a_part, ["true x", "false open"]);
}

#[test]
fn a_text_is_put_together_only_of_what_its_parts_may_be() {
    for (shortest, expected) in [(1, &["true", "false"][..]), (2, &["false"])] {
        let answers = all(|search| {
            search.meet("A", || Domain::AnyBut(HashSet::new(), Limits::from(shortest)));
            are_equal(search, "A-B", "x-y").to_string()
        });
        assert_eq!(answers, expected, "{shortest}");
    }
}

#[test]
fn a_text_that_is_put_together_is_one_of_several_or_none() {
    let ask = |or_none| {
        all(|search| {
            let side = terms(search, "A-B");
            let one = chosen(search.equals_one_of(&side, &["x-y", "z-y", "q"], or_none, "name"));
            format!("{one} {}", search.is("A", "x", Domain::anything).unwrap())
        })
    };
    assert_eq!(ask(true), ["x-y true", "z-y false", "other true", "other false"]);
    assert_eq!(ask(false), ["x-y true", "z-y false"]);
}

#[test]
fn beyond_what_is_held_against_each_other_questions_stand_alone() {
    // Both answers, although only one can be right.
    for (length, answers) in [(LONGEST_RELATION - 2, 1), (LONGEST_RELATION - 1, 2)] {
        let long = "x".repeat(length);
        let found = all(|search| {
            search.meet("A", || Domain::Known("y".into()));
            let is_equal = search.are_equal(
                &[Term::Open("A".into()), Term::Text("z".into())],
                &[Term::Text(long.clone())],
                "name",
            );
            words(&[is_equal])
        });
        assert_eq!(found.len(), answers, "{length}");
        let found = all(|search| {
            search.meet("A", || Domain::Known("y".into()));
            let side = [Term::Open("A".into()), Term::Text("z".into())];
            chosen(search.equals_one_of(&side, &[&long, "q"], true, "name"))
        });
        let expected: &[&str] = if length > LONGEST_RELATION { &[&long, "q", "other"] } else { &["other"] };
        assert_eq!(found, expected, "{length}");
    }
    for (length, is_held) in [(LONGEST_RELATION, true), (LONGEST_RELATION + 1, false)] {
        let long = "x".repeat(length);
        let found = all(|search| {
            search.meet("A", || Domain::Known("y".into()));
            chosen(search.equals_one_of(&[Term::Open("A".into())], &[&long, "q"], true, "name"))
        });
        let expected: &[&str] = if is_held { &["other"] } else { &[&long, "q", "other"] };
        assert_eq!(found, expected, "{length}");
        let found = all(|search| {
            search.meet("A", || Domain::Known("y".into()));
            let side = [Term::Open("A".into()), Term::Text("x".repeat(length - 1))];
            chosen(search.equals_one_of(&side, &["q"], true, "name"))
        });
        let expected: &[&str] = if is_held { &["other"] } else { &["q", "other"] };
        assert_eq!(found, expected, "{length}");
    }
}

#[test]
fn so_many_comparisons_are_held_against_each_other() {
    let texts: Vec<String> = (0..=MAXIMUM_RELATIONS).map(|number| number.to_string()).collect();
    for (before, count, is_held) in [
        ("", MAXIMUM_RELATIONS, true),
        ("", MAXIMUM_RELATIONS + 1, false),
        ("a", MAXIMUM_RELATIONS - 1, true),
        ("a", MAXIMUM_RELATIONS, false),
    ] {
        let found = all(|search| {
            for letter in before.chars() {
                are_equal(search, "a", &letter.to_string());
            }
            search.meet("A", || Domain::Known("y".into()));
            let candidates: Vec<&str> = texts.iter().take(count).map(String::as_str).collect();
            let side = [Term::Open("A".into()), Term::Text("z".into())];
            chosen(search.equals_one_of(&side, &candidates, true, "name"))
        });
        assert_eq!(found.len(), if is_held { 1 } else { count + 1 }, "{before} {count}");
        assert_eq!(found.last().map(String::as_str), Some("other"), "{before} {count}");
    }
}

#[test]
fn a_part_of_a_text_is_known_with_the_text() {
    let answers = all(|search| {
        let text = terms(search, "E");
        search.meet("P", Domain::anything);
        search.define("P".into(), Part { text, delimiter: "-".into(), index: 0 });
        let of_text = search.is("E", "x-y", Domain::anything).unwrap();
        words(&[of_text, search.is("P", "x", Domain::anything).unwrap()])
    });
    assert_eq!(answers, ["true true", "false true", "false false"]);
}

#[test]
fn a_part_of_a_text_that_is_too_long_is_known_by_itself_alone() {
    for (length, is_held) in [(LONGEST_RELATION, true), (LONGEST_RELATION + 1, false)] {
        let answers = all(|search| {
            let mut text = terms(search, "E");
            text.push(Term::Text("z".repeat(length - 1)));
            search.meet("P", Domain::anything);
            search.define("P".into(), Part { text, delimiter: "-".into(), index: 0 });
            let of_text = search.is("E", "x-y", Domain::anything).unwrap();
            words(&[of_text, search.is("P", "x", Domain::anything).unwrap()])
        });
        assert_eq!(answers.contains(&"true false".to_owned()), !is_held, "{length}");
        assert_eq!(answers.len(), if is_held { 3 } else { 4 }, "{length}");
    }
}

#[test]
fn work_on_comparisons_is_told_once_and_has_an_end() {
    let mut search = Search::default();
    assert!(are_equal(&mut search, "A-B", "x-y"));
    let first = search.take_uncharged();
    assert!(first > 0 && first < WORK_ON_RELATIONS, "{first}");
    assert_eq!(search.take_uncharged(), 0);
    assert!(are_equal(&mut search, "B-C", "y-z"));
    let second = search.take_uncharged();
    assert!(second > 0);
    assert!(search.advance(|steps| steps == first + second) && !search.has_given_up());
}
