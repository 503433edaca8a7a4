//! What a function may come to as a text, whatever is assumed.
//!
//! Owns the union of both branches of a condition and of a parameter's allowed values, and how large it may become. Decides
//! nothing in the scenario. Must not know what the texts are for.

use super::scenario::Scenario;
use super::unknown::Domain;
use crate::document::{Node, Partial, Value, pieces_of};

/// How many texts one function may come to before it is open.
const MAXIMUM_TEXTS: usize = 512;

/// How many texts may be put together of those that its parts may be; beyond, the parts behind are open.
const MAXIMUM_JOINED: usize = 64;

/// How deep functions are looked into.
const MAXIMUM_DEPTH: usize = 16;

impl Scenario<'_> {
    pub(super) fn possible<'a>(&'a self, node: &'a Node<'a>, weight: usize) -> Vec<Partial<'a>> {
        self.freeze(true);
        let texts = self.possible_within(node, MAXIMUM_DEPTH);
        self.freeze(false);
        match texts {
            Some(texts) if self.work(texts.len().saturating_mul(weight) / 8, None).is_some() => texts,
            _ => vec![Partial::open()],
        }
    }

    /// `None`: anything.
    fn possible_within<'a>(&'a self, node: &'a Node<'a>, depth: usize) -> Option<Vec<Partial<'a>>> {
        let depth = depth.checked_sub(1)?;
        let node = self.value(node);
        if node.is_absent() {
            return Some(Vec::new());
        }
        let Value::Intrinsic(call) = &node.value else {
            return Some(Partial::of(node).into_iter().collect());
        };
        let texts = match (&*call.function, &call.argument.value) {
            ("Fn::If", Value::Sequence(arguments)) => {
                let [_, then, otherwise] = &**arguments else { return None };
                let mut texts = self.possible_within(then, depth)?;
                texts.extend(self.possible_within(otherwise, depth)?);
                texts
            }
            ("Ref", Value::String(name)) => match self.domain_of_reference(name) {
                Domain::Known(text) => vec![Partial::owned(text)],
                Domain::OneOf(texts) => texts.into_iter().map(Partial::owned).collect(),
                Domain::AnyBut(..) | Domain::Number(..) => vec![Partial::of(node)?],
            },
            _ => match pieces_of(node) {
                Some(pieces) => self.possible_joined(pieces, depth),
                None => vec![Partial::of(node)?],
            },
        };
        (texts.len() <= MAXIMUM_TEXTS).then_some(texts)
    }

    fn possible_joined<'a>(&'a self, pieces: &'a [Node<'a>], depth: usize) -> Vec<Partial<'a>> {
        let mut joined = vec![Partial::default()];
        for piece in pieces {
            let of_piece = self.possible_within(piece, depth).unwrap_or_else(|| vec![Partial::open()]);
            if joined.len() * of_piece.len() > MAXIMUM_JOINED {
                joined.iter_mut().for_each(|text| text.append(Partial::open()));
                continue;
            }
            let with = |text: &Partial<'a>| {
                let append = |more: &Partial<'a>| {
                    let mut text = text.clone();
                    text.append(more.clone());
                    text
                };
                of_piece.iter().map(append).collect::<Vec<_>>()
            };
            joined = joined.iter().flat_map(with).collect();
        }
        joined
    }
}
