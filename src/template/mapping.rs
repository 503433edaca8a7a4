//! `Fn::FindInMap`: which value of a mapping is meant.
//!
//! Owns the choice of keys, of which some may be open and of some nobody knows the text. Must not know the other functions.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-findinmap.html>

use super::condition::{Gap, gap, whole};
use super::function::Piece;
use super::name::describe;
use super::scenario::{Fact, Scenario};
use super::unknown::{Chosen, Domain};
use super::{Definition, has_macro};
use crate::document::{Entry, Node, Value, may_be_read_alike, may_be_read_as};

/// How many keys of a mapping are looked through in the time of one function, roughly.
const KEYS_OF_STEP: usize = 8;

impl Scenario<'_> {
    pub(super) fn find_in_map<'a>(&'a self, argument: &'a Node<'a>) -> Option<&'a Node<'a>> {
        let Value::Sequence(items) = &argument.value else { return None };
        let (map, first, second, default) = match &**items {
            [map, first, second] => (map, first, second, None),
            [map, first, second, Node { value: Value::Mapping(options), .. }] => match &**options {
                [Entry { key, value, .. }] if key == "DefaultValue" => (map, first, second, Some(value)),
                _ => return None,
            },
            _ => return None,
        };
        let pieces = self.pieces(map)?;
        let name = whole(&pieces)?;
        let Some(Definition::Once(Node { value: Value::Mapping(entries), .. })) =
            self.template.mappings.get(name)
        else {
            return None;
        };
        // What is open in the keys is asked about below.
        let left_open = self.left_open();
        let keys = (self.pieces(first), self.pieces(second));
        self.forget_left_open(left_open);
        let (first, second) = (keys.0?, keys.1?);
        if has_more_keys(&first, entries) {
            return None;
        }
        if first.iter().chain(&second).any(|piece| self.is_of_withheld(piece)) {
            return None;
        }
        self.work(entries.len() / KEYS_OF_STEP, None)?;
        let may_be_none = default.is_some() || self.is_doubtful();
        // Without a default, a first key that lacks the second is refused by CloudFormation.
        let may_be = |entry: &&Entry<'_>| match &entry.value.value {
            _ if whole(&first).is_some_and(|key| !entry.may_have_key(key)) => false,
            Value::Mapping(entries) => {
                may_be_none
                    || has_more_keys(&second, entries)
                    || whole(&second).is_none_or(|key| entries.iter().any(|entry| entry.may_have_key(key)))
            }
            _ => true,
        };
        let candidates: Vec<&Entry<'_>> = entries.iter().filter(may_be).collect();
        let found = match self.key(&first, &candidates, may_be_none)? {
            Chosen::Is(key) => {
                let entry = self.one_of(&candidates, &key)?;
                let Value::Mapping(entries) = &entry.value.value else { return None };
                if has_more_keys(&second, entries) {
                    return None;
                }
                self.work(entries.len() / KEYS_OF_STEP, None)?;
                let candidates: Vec<&Entry<'_>> = entries.iter().collect();
                match self.key(&second, &candidates, may_be_none)? {
                    Chosen::Is(key) => Some(&self.one_of(&candidates, &key)?.value),
                    Chosen::Other => None,
                }
            }
            Chosen::Other => None,
        };
        let value = self.value(found.or(default)?);
        // A mapping has no empty values, and no map is one.
        let is_value = matches!(
            value.value,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Sequence(_) | Value::Intrinsic(_)
        );
        is_value.then_some(value)
    }

    /// Whether a piece depends on what nobody may be told.
    fn is_of_withheld(&self, piece: &Piece<'_>) -> bool {
        match piece {
            Piece::Known(_) => false,
            Piece::Open(node) => node.references().into_iter().any(|name| self.is_withheld(name)),
        }
    }

    /// Whether something below a node is looked up in a mapping, and there is time to see where.
    pub(super) fn asks_for_keys(&self, node: &Node<'_>) -> bool {
        let asks = || {
            !self.template.mappings.is_empty() && has_call_of("Fn::FindInMap", node) && !self.is_doubtful()
        };
        *self.asks_for_keys.get_or_init(asks) && self.affords_reading()
    }

    /// Looks for keys that no mapping has, as far as what has been decided tells them: in all values that are read below a
    /// node.
    pub(super) fn look_for_keys<'a>(&'a self, node: &'a Node<'a>) {
        match &self.value(node).value {
            Value::Sequence(items) => items.iter().for_each(|item| self.look_for_keys(item)),
            Value::Mapping(entries) => entries.iter().for_each(|entry| self.look_for_keys(&entry.value)),
            _ => {}
        }
    }

    /// The entry of a key, each in turn where the key stands twice.
    fn one_of<'e, 'n>(&self, entries: &[&'e Entry<'n>], key: &str) -> Option<&'e Entry<'n>> {
        let of_key: Vec<_> = entries.iter().filter(|entry| entry.key == key).collect();
        if let [only] = of_key.as_slice() {
            return Some(only);
        }
        let taken = self.state.borrow_mut().search.decide(of_key.len())?;
        of_key.get(taken).map(|entry| **entry)
    }

    /// Which key a text is; another than all only where that is allowed.
    fn key(&self, pieces: &[Piece<'_>], entries: &[&Entry<'_>], or_none: bool) -> Option<Chosen> {
        if entries.iter().any(|entry| entry.has_ambiguous_key()) {
            return self.key_among_ambiguous(pieces, entries, or_none);
        }
        if let Some(text) = whole(pieces) {
            let is_key = entries.iter().any(|entry| entry.key == text);
            if !is_key && !or_none {
                self.exclude();
            }
            return if is_key { Some(Chosen::Is(text.to_owned())) } else { or_none.then_some(Chosen::Other) };
        }
        // Each key that the text may come to be, with what then stands in its gap.
        let mut keys: Vec<(&str, &str)> = Vec::new();
        let mut open = None;
        for key in entries.iter().map(|entry| &*entry.key) {
            match gap(pieces, key) {
                Gap::Impossible => {}
                Gap::One(node, text) => {
                    open = Some(node);
                    keys.push((key, text));
                }
                Gap::Several => keys.push((key, key)),
            }
        }
        keys.dedup();
        let candidates: Vec<&str> = keys.iter().map(|(_, text)| *text).collect();
        let name = match open {
            Some(node) => describe(node),
            None => description(pieces),
        };
        let chosen = if let Some(node) = open {
            let key = self.open(node);
            self.state.borrow_mut().search.among(&key, &candidates, or_none, || self.domain(node))
        } else {
            let terms = self.terms(pieces);
            let key = format!("the key {terms:?}");
            self.state.borrow_mut().search.equals_one_of(&terms, &candidates, or_none, &key)
        };
        let Some(chosen) = chosen else {
            if !self.state.borrow().search.is_closed() {
                // Nothing that it may be is a key.
                self.exclude();
            }
            return None;
        };
        let Chosen::Is(text) = chosen else {
            self.note(Fact::Value { name, value: None, is_allowed_value: false });
            return Some(Chosen::Other);
        };
        self.note(Fact::Value { name, value: Some(text.clone()), is_allowed_value: false });
        keys.iter().find(|(_, gap)| *gap == text).map(|(key, _)| Chosen::Is((*key).to_owned()))
    }

    /// The same where readers make different texts of some keys. Which key it is does not tell the text then.
    fn key_among_ambiguous(
        &self,
        pieces: &[Piece<'_>],
        entries: &[&Entry<'_>],
        or_none: bool,
    ) -> Option<Chosen> {
        let may_be_meant = |entry: &&&Entry<'_>| match pieces {
            [Piece::Open(Node { value: Value::Number(asked), .. })] => {
                if entry.has_ambiguous_key() {
                    may_be_read_alike(asked, &entry.key)
                } else {
                    may_be_read_as(asked, &entry.key)
                }
            }
            _ => match whole(pieces) {
                Some(text) => entry.may_have_key(text),
                None => entry.has_ambiguous_key() || !matches!(gap(pieces, &entry.key), Gap::Impossible),
            },
        };
        let meant: Vec<_> = entries.iter().filter(may_be_meant).collect();
        let mut keys: Vec<&str> = meant.iter().map(|entry| &*entry.key).collect();
        keys.dedup();
        let is_told = whole(pieces).is_some() && !meant.iter().any(|entry| entry.has_ambiguous_key());
        match keys.as_slice() {
            [] if is_told => return or_none.then_some(Chosen::Other),
            [only] if is_told || !or_none => return Some(Chosen::Is((*only).to_owned())),
            // A default in the place of a value, or the value: nobody knows.
            _ if or_none && whole(pieces).is_some() => return None,
            _ => {}
        }
        let question = format!("the key {:?} among {keys:?}", self.terms(pieces));
        let anything = Domain::anything;
        let chosen = self.state.borrow_mut().search.among(&question, &keys, or_none, anything)?;
        let value = if let Chosen::Is(key) = &chosen { Some(key.clone()) } else { None };
        self.note(Fact::Value { name: description(pieces), value, is_allowed_value: false });
        Some(chosen)
    }
}

/// Whether a function of this name stands somewhere below a node.
fn has_call_of(name: &str, node: &Node<'_>) -> bool {
    match &node.value {
        Value::Sequence(items) => items.iter().any(|item| has_call_of(name, item)),
        Value::Mapping(entries) => entries.iter().any(|entry| has_call_of(name, &entry.value)),
        Value::Intrinsic(call) => call.function == name || has_call_of(name, &call.argument),
        _ => false,
    }
}

/// Pieces as text, for people.
fn description(pieces: &[Piece<'_>]) -> String {
    pieces.iter().fold(String::new(), |text, piece| match piece {
        Piece::Known(known) => text + known,
        Piece::Open(node) => text + &describe(node),
    })
}

/// Whether a text may come to be a key that nobody can see yet, because a function adds some.
fn has_more_keys(text: &[Piece<'_>], entries: &[Entry<'_>]) -> bool {
    let is_seen = |key: &str| entries.iter().any(|entry| entry.key == key);
    // A macro may write even those anew that are seen.
    has_macro(entries)
        || entries.iter().any(|entry| entry.key.starts_with("Fn::")) && !whole(text).is_some_and(is_seen)
}
