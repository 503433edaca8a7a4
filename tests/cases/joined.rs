//! Texts that are put together, and conditions and values that depend on them.
//!
//! Owns the part of the language of templates in which parameters that may be any text are compared.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::{
    CONDITIONS, Choice, Condition, Container, Expression, FREE, PARAMETERS, Template, combined, name_of,
    plain,
};

/// Texts that these are compared with, parts of them, and others.
const FREE_VALUES: &[&str] = &[
    "",
    "a",
    "b",
    "ab",
    "a-b",
    "b-a",
    "prod",
    "test",
    "root",
    "y",
    "z",
    "a-y",
    "a-z",
    "b-y",
    "b-z",
    "prod-y",
    "prod-z",
    "-a",
    "-b",
    "-prod",
    "b-a-b",
    "prod-a",
    "test-b",
    "prod-prod",
    "elsewhere",
];

/// The choices that differ in the first parameter and in those that may be any text.
pub(crate) fn free_choices() -> Vec<Choice> {
    let (_, stages) = PARAMETERS[0];
    let free = FREE_VALUES.iter().flat_map(|one| FREE_VALUES.iter().map(move |two| (*one, *two)));
    free.flat_map(|(one, two)| stages.iter().map(move |stage| vec![*stage, "true", "0", one, two])).collect()
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(&'static str),
    Parameter(usize),
    /// What stands before the first hyphen of a parameter.
    First(usize),
}

/// A text that is put together.
pub(crate) type Parts = Vec<Part>;

pub(crate) fn put_together(parts: &Parts, choice: &Choice) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text,
        Part::Parameter(at) => choice[*at],
        Part::First(at) => choice[*at].split('-').next().unwrap(),
    };
    parts.iter().map(part).collect()
}

/// The same as a function: a reference alone, and else `Fn::Sub`, or `Fn::Join` where it `is_joined`.
pub(crate) fn function(parts: &Parts, is_joined: bool) -> String {
    let single = |part: &Part| match part {
        Part::Text(text) => format!("'{text}'"),
        Part::Parameter(at) => format!("{{Ref: {}}}", name_of(*at)),
        Part::First(at) => {
            format!("{{'Fn::Select': [0, {{'Fn::Split': ['-', {{Ref: {}}}]}}]}}", name_of(*at))
        }
    };
    match parts.as_slice() {
        [only] => single(only),
        several if is_joined => {
            let items: Vec<String> = several.iter().map(single).collect();
            format!("{{'Fn::Join': ['', [{}]]}}", items.join(", "))
        }
        several => {
            let (mut text, mut variables) = (String::new(), String::new());
            for (at, part) in several.iter().enumerate() {
                match part {
                    Part::Text(known) => text += known,
                    Part::Parameter(at) => write!(text, "${{{}}}", name_of(*at)).unwrap(),
                    Part::First(_) => {
                        write!(text, "${{V{at}}}").unwrap();
                        write!(variables, "V{at}: {}, ", single(part)).unwrap();
                    }
                }
            }
            format!("{{'Fn::Sub': ['{text}', {{{variables}}}]}}")
        }
    }
}

/// A text that is put together of a limited or free parameter and others, and a text that it may be.
fn joined() -> impl Strategy<Value = (Parts, &'static str)> {
    use Part::{First, Parameter, Text};
    let free = || PARAMETERS.len()..PARAMETERS.len() + FREE.len();
    let of_any = || prop_oneof![Just(0), free()];
    let alone = prop::sample::select(vec!["a", "b", "a-b", "prod", ""]);
    let between = prop::sample::select(vec!["a-b", "b-a-b", "prod-a", "test-b", "-b", "a", "prod-prod"]);
    let first = prop::sample::select(vec!["a", "b", "prod"]);
    prop_oneof![
        3 => (of_any(), alone).prop_map(|(at, text)| (vec![Parameter(at)], text)),
        4 => (of_any(), of_any(), between)
            .prop_map(|(one, other, text)| (vec![Parameter(one), Text("-"), Parameter(other)], text)),
        1 => (free(), free()).prop_map(|(one, other)| (vec![Parameter(one), Parameter(other)], "ab")),
        1 => (free(), first).prop_map(|(at, text)| (vec![First(at)], text)),
        1 => (free(), of_any()).prop_map(|(one, other)| (vec![First(one), Text("-"), Parameter(other)], "a-b")),
    ]
}

/// A condition about texts that are put together.
fn joined_condition(before: usize) -> impl Strategy<Value = Condition> {
    use Part::{Parameter, Text};
    let of_any = || prop_oneof![Just(0), PARAMETERS.len()..PARAMETERS.len() + FREE.len()];
    let behind = |one, other| vec![Parameter(one), Text("-"), Parameter(other)];
    let leaf = prop_oneof![
        6 => (joined(), any::<bool>()).prop_map(|((parts, text), is_joined)| {
            Condition::Equal(parts, vec![Text(text)], is_joined)
        }),
        1 => (of_any(), of_any()).prop_map(|(one, other)| Condition::Same(one, other)),
        1 => (of_any(), of_any(), any::<bool>()).prop_map(move |(one, other, is_joined)| {
            Condition::Equal(behind(one, 0), behind(other, 0), is_joined)
        }),
        1 => (0..before.max(1)).prop_map(move |at| if before == 0 { Condition::Is(0, "prod") } else { Condition::Named(at) }),
    ];
    combined(leaf)
}

/// A value that depends on such conditions, or on a mapping's key that is put together.
fn joined_expression(texts: &'static [&'static str]) -> impl Strategy<Value = Expression> {
    let text = prop::sample::select(texts);
    let found =
        (joined(), joined(), [plain(), plain(), plain()]).prop_map(|((parts, key), (_, other), values)| {
            // Of two parameters side by side, a text can be cut anywhere.
            let is_side_by_side = !parts.iter().any(|part| matches!(part, Part::Text(_))) && parts.len() > 1;
            let other = if other == key || is_side_by_side { "elsewhere" } else { other };
            Expression::Found(parts, [(key, values[0]), (other, values[1])], values[2])
        });
    let leaf = prop_oneof![3 => text.prop_map(Expression::Text), 1 => found];
    leaf.prop_recursive(3, 8, 2, |inner| {
        (0..CONDITIONS, inner.clone(), inner).prop_map(|(condition, then, otherwise)| {
            Expression::If(condition, Box::new(then), Box::new(otherwise))
        })
    })
}

/// Templates that compare texts that are put together.
pub(crate) fn joined_template() -> impl Strategy<Value = Template> {
    let container = (
        prop::option::weighted(0.3, 0..CONDITIONS),
        joined_expression(&["true", "false"]),
        joined_expression(&["root", "'1000'"]),
    )
        .prop_map(|(only_if, privileged, user)| Container {
            identity: None,
            only_if,
            privileged,
            read_only: Expression::Text("true"),
            user,
            mode: Expression::Text("non-blocking"),
            add: Vec::new(),
        });
    (
        (joined_condition(0), joined_condition(1), joined_condition(2)),
        prop::option::weighted(0.2, 0..CONDITIONS),
        prop::collection::vec(container, 1..=2),
    )
        .prop_map(|((first, second, third), only_if, containers)| Template {
            conditions: vec![first, second, third],
            demand: None,
            only_if,
            containers,
        })
}
