//! What is known of texts together: of two that are put together from open parts, whether they are equal.
//!
//! Owns the proof that several such statements cannot hold together. Where it finds none, they may hold: whoever asks
//! leaves out nothing that is possible. Must not know functions, nor which question is asked next.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::unknown::Domain;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// What it is.
    Text(String),
    /// Something open, by its name.
    Open(String),
}

/// Whether two texts are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) one: Vec<Term>,
    pub(super) other: Vec<Term>,
    pub(super) is_equal: bool,
}

impl Relation {
    /// Whether something open is a text.
    pub(super) fn is(key: &str, text: &str, is_equal: bool) -> Self {
        Self { one: vec![Term::Open(key.to_owned())], other: vec![Term::Text(text.to_owned())], is_equal }
    }

    /// Whether two open things are the same text.
    pub(super) fn same(one: &str, other: &str, is_equal: bool) -> Self {
        Self { one: vec![Term::Open(one.to_owned())], other: vec![Term::Open(other.to_owned())], is_equal }
    }

    /// Whether it is about these two texts.
    pub(super) fn is_about(&self, one: &[Term], other: &[Term]) -> bool {
        self.one == one && self.other == other || self.one == other && self.other == one
    }
}

/// A part of a text that is split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: Vec<Term>,
    pub(super) delimiter: String,
    pub(super) index: usize,
}

impl Part {
    /// What it is, as soon as so much of the text is known.
    fn value(&self, text: &VecDeque<Term>) -> Option<String> {
        let beginning = match text.front() {
            None => "",
            Some(Term::Text(known)) => known,
            Some(Term::Open(_)) => return None,
        };
        let mut parts = beginning.split(&*self.delimiter);
        let part = parts.nth(self.index)?;
        // What is open may go on with the last one.
        (text.len() <= 1 || parts.next().is_some()).then(|| part.to_owned())
    }

    /// What it begins with, as far as the text is known, while what is open goes on with it.
    fn beginning<'t>(&self, text: &'t VecDeque<Term>) -> &'t str {
        let Some(Term::Text(known)) = text.front() else { return "" };
        let Some(part) = known.split(&*self.delimiter).nth(self.index) else { return "" };
        // With what is open, the end may become a delimiter.
        let is_delimiter = |at: &usize| part.get(*at..).is_some_and(|end| self.delimiter.starts_with(end));
        part.get(..(0..part.len()).find(is_delimiter).unwrap_or(part.len())).unwrap_or(part)
    }
}

/// What is known of open things one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) domains: &'k HashMap<String, Domain>,
    pub(super) same: &'k HashMap<String, String>,
    pub(super) different: &'k HashMap<String, HashSet<String>>,
    /// Open things that are parts of texts, by their names.
    pub(super) parts: &'k BTreeMap<String, Part>,
}

/// What is asked about in place of something open.
pub(super) fn representative<'k>(same: &'k HashMap<String, String>, key: &'k str) -> &'k str {
    let mut found = key;
    while let Some(first) = same.get(found) {
        found = first;
    }
    found
}

/// How many relations are simplified for one proof at most. With [`BYTES_OF_STEP`] it also limits how much memory a proof
/// takes: whatever is copied is paid for before.
const LONGEST_PROOF: usize = 2_000;

/// How much is copied and compared in the time of one relation, roughly, in bytes.
const BYTES_OF_STEP: usize = 256;

/// Looks for a proof.
pub(super) struct Proof<'p> {
    known: Known<'p>,
    /// How much work may still be done, in relations simplified.
    left: &'p Cell<usize>,
    /// How much of that is for this proof.
    own: usize,
}

/// What open things are taken to be.
#[derive(Debug, Clone, Default)]
struct Assumed {
    texts: BTreeMap<String, String>,
    /// What is the same as another, whatever that is.
    same: BTreeMap<String, String>,
}

impl Assumed {
    fn count(&self) -> usize {
        self.texts.len() + self.same.len()
    }

    /// How much memory a copy takes, in bytes.
    fn size(&self) -> usize {
        let of_entry = |(key, value): (&String, &String)| 2 * size_of::<String>() + key.len() + value.len();
        self.texts.iter().chain(&self.same).map(of_entry).sum()
    }
}

/// A relation of which all that is known is put in, and what both sides share taken away.
enum Simplified {
    /// Both sides are one text.
    Same,
    /// They are not, whatever is open.
    Different,
    Depends(VecDeque<Term>, VecDeque<Term>),
}

impl<'p> Proof<'p> {
    /// Looks for a proof as long as `left` is more than nothing, and counts it down.
    pub(super) fn new(known: Known<'p>, left: &'p Cell<usize>) -> Self {
        Self { known, left, own: LONGEST_PROOF }
    }

    /// Whether no proof is found that relations exclude each other.
    pub(super) fn may_hold<'r>(mut self, relations: impl Iterator<Item = &'r Relation>) -> bool {
        let relations: Vec<_> = relations.collect();
        let terms = relations.iter().flat_map(|relation| relation.one.iter().chain(&relation.other));
        // The copy with which it begins.
        let size = self.size(terms, &Assumed::default());
        if !self.pay(0, size) {
            return true;
        }
        let relations = relations
            .into_iter()
            .map(|relation| {
                let copied = |terms: &[Term]| terms.iter().cloned().collect();
                (copied(&relation.one), copied(&relation.other), relation.is_equal)
            })
            .collect();
        self.search(relations, Assumed::default())
    }

    /// What relations make of open things that are not known yet.
    pub(super) fn consequences(mut self, relations: &[Relation]) -> BTreeMap<String, String> {
        let mut assumed = Assumed::default();
        loop {
            let before = assumed.count();
            for relation in relations.iter().filter(|relation| relation.is_equal) {
                let size = self.size(relation.one.iter().chain(&relation.other), &assumed);
                if !self.pay(1, size) {
                    return assumed.texts;
                }
                let copied = |terms: &[Term]| terms.iter().cloned().collect();
                let simplified = self.simplified(copied(&relation.one), copied(&relation.other), &assumed);
                if let Simplified::Depends(one, other) = simplified
                    && let Some((key, text)) = only(&one, &other)
                {
                    self.assume(key, text, &mut assumed);
                }
            }
            if !self.parts_agree(&mut assumed) || assumed.count() == before {
                return assumed.texts;
            }
        }
    }

    /// How much memory terms take when what is known is put in, in bytes.
    fn size<'r>(&self, terms: impl Iterator<Item = &'r Term>, assumed: &Assumed) -> usize {
        let of_term = |term: &Term| match term {
            Term::Text(text) => text.len(),
            Term::Open(key) => {
                let key = self.representative(key, assumed);
                self.text(key, assumed).map_or(key.len(), str::len)
            }
        };
        terms.map(|term| size_of::<Term>() + of_term(term)).sum()
    }

    /// Pays for steps and for what is copied in them, in bytes; `false` when there was too much.
    fn pay(&mut self, steps: usize, size: usize) -> bool {
        let steps = steps + size / BYTES_OF_STEP;
        let (Some(left), Some(own)) = (self.left.get().checked_sub(steps), self.own.checked_sub(steps))
        else {
            self.own = 0;
            return false;
        };
        self.left.set(left);
        self.own = own;
        true
    }

    /// Whether there is a way for all to hold, or none of them is seen to be impossible.
    fn search(
        &mut self,
        mut relations: Vec<(VecDeque<Term>, VecDeque<Term>, bool)>,
        mut assumed: Assumed,
    ) -> bool {
        loop {
            let before = assumed.count();
            let mut open = Vec::with_capacity(relations.len());
            for (one, other, is_equal) in relations {
                if !self.pay(1, self.size(one.iter().chain(&other), &assumed)) {
                    return true;
                }
                match self.simplified(one, other, &assumed) {
                    Simplified::Same if is_equal => {}
                    Simplified::Different if !is_equal => {}
                    Simplified::Same | Simplified::Different => return false,
                    Simplified::Depends(one, other) => {
                        let is_possible = if !is_equal {
                            open.push((one, other, is_equal));
                            true
                        } else if let Some((key, text)) = only(&one, &other) {
                            self.assume(key, text, &mut assumed)
                        } else if let (Some(key), Some(of_other)) = (key_of(&one), key_of(&other)) {
                            self.assume_same(key, of_other, &mut assumed)
                        } else {
                            open.push((one, other, is_equal));
                            true
                        };
                        if !is_possible {
                            return false;
                        }
                    }
                }
            }
            relations = open;
            if !self.parts_agree(&mut assumed) {
                return false;
            }
            if assumed.count() == before {
                break;
            }
        }
        // Where one side is a text, the open things of the other have only so many ways to fill it.
        let ways = relations.iter().filter(|(.., is_equal)| *is_equal).filter_map(|(one, other, _)| {
            match (text_of(one), text_of(other)) {
                (Some(text), _) => Some((text, other)),
                (_, Some(text)) => Some((text, one)),
                _ => None,
            }
        });
        let Some((text, terms)) = ways.min_by_key(|(_, terms)| terms.len()) else { return true };
        let (text, mut terms) = (text.to_owned(), terms.iter());
        let (Some(Term::Open(key)), next) = (terms.next(), terms.next()) else { return true };
        let key = key.clone();
        let next = if let Some(Term::Text(next)) = next { next.clone() } else { String::new() };
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for (beginning, rest) in ends.filter_map(|at| text.split_at_checked(at)) {
            if !self.pay(0, next.len()) {
                return true;
            }
            if rest.starts_with(&next) {
                if !self.pay(0, assumed.size() + beginning.len()) {
                    return true;
                }
                let mut assumed = assumed.clone();
                if self.assume(&key, beginning, &mut assumed) && self.search(relations.clone(), assumed) {
                    return true;
                }
            }
            if self.own == 0 {
                return true;
            }
        }
        false
    }

    /// Takes what is known of parts of texts to be so; `false` where it is not.
    fn parts_agree(&mut self, assumed: &mut Assumed) -> bool {
        // Those of which not enough is known.
        let mut open: Vec<(VecDeque<Term>, &Part, String)> = Vec::new();
        for (key, part) in self.known.parts {
            let key = self.representative(key, assumed).to_owned();
            let known = self.text(&key, assumed);
            let size = self.size(part.text.iter(), assumed) + known.map_or(0, str::len);
            if !self.pay(1, size) {
                return true;
            }
            let known = self.text(&key, assumed).map(str::to_owned);
            if known.as_ref().is_some_and(|known| known.contains(&*part.delimiter)) {
                return false;
            }
            let text = self.filled(part.text.iter().cloned(), assumed);
            let value = part.value(&text);
            let agrees = match (known, value) {
                (Some(known), Some(value)) => known == value,
                (None, Some(value)) => self.assume(&key, &value, assumed),
                (Some(known), None) if !known.starts_with(part.beginning(&text)) => false,
                (_, None) => {
                    let is_same = |(other, of_other, _): &&(VecDeque<Term>, &Part, String)| {
                        *other == text && of_other.delimiter == part.delimiter && of_other.index == part.index
                    };
                    let same = open.iter().find(is_same).map(|(.., same)| same.clone());
                    open.push((text, part, key.clone()));
                    // The same part of the same text is the same.
                    same.is_none_or(|same| self.agree(&same, &key, assumed))
                }
            };
            if !agrees {
                return false;
            }
        }
        true
    }

    /// Takes something open to be a text; `false` where it cannot be.
    fn assume(&self, key: &str, text: &str, assumed: &mut Assumed) -> bool {
        let all =
            assumed.same.keys().map(|key| &**key).filter(|same| self.representative(same, assumed) == key);
        let is_possible = all.chain([key]).all(|key| self.may_be(key, text, assumed));
        if is_possible {
            assumed.texts.insert(key.to_owned(), text.to_owned());
        }
        is_possible
    }

    /// Takes two open things to be the same text; `false` where they cannot be.
    fn assume_same(&self, one: &str, other: &str, assumed: &mut Assumed) -> bool {
        assumed.same.insert(other.to_owned(), one.to_owned());
        !self.known.different.get(one).is_some_and(|different| different.contains(other))
    }

    /// Takes two things that may be known to be the same text; `false` where they cannot be.
    fn agree(&self, one: &str, other: &str, assumed: &mut Assumed) -> bool {
        let one = self.representative(one, assumed).to_owned();
        let other = self.representative(other, assumed).to_owned();
        let text = |key: &str, assumed: &Assumed| self.text(key, assumed).map(str::to_owned);
        match (text(&one, assumed), text(&other, assumed)) {
            _ if one == other => true,
            (Some(one), Some(other)) => one == other,
            (Some(text), None) => self.assume(&other, &text, assumed),
            (None, Some(text)) => self.assume(&one, &text, assumed),
            (None, None) => self.assume_same(&one, &other, assumed),
        }
    }

    /// What stands for something open, of all that are the same.
    fn representative<'a>(&'a self, key: &'a str, assumed: &'a Assumed) -> &'a str {
        let mut found = representative(self.known.same, key);
        while let Some(first) = assumed.same.get(found) {
            found = first;
        }
        found
    }

    fn text<'a>(&'a self, key: &str, assumed: &'a Assumed) -> Option<&'a str> {
        match (assumed.texts.get(key), self.known.domains.get(key)) {
            (Some(text), _) | (None, Some(Domain::Known(text))) => Some(text),
            _ => None,
        }
    }

    /// Whether something open may be a text, of all that is known of it alone.
    fn may_be(&self, key: &str, text: &str, assumed: &Assumed) -> bool {
        let is_in_domain = self.known.domains.get(key).is_none_or(|domain| domain.may_be(text));
        let mut others = self.known.different.get(key).into_iter().flatten();
        is_in_domain
            && !others.any(|other| self.text(self.representative(other, assumed), assumed) == Some(text))
    }

    /// Puts in what is known.
    fn filled(&self, terms: impl Iterator<Item = Term>, assumed: &Assumed) -> VecDeque<Term> {
        let mut filled: VecDeque<Term> = VecDeque::new();
        for term in terms {
            let text: Cow<'_, str> = match term {
                Term::Text(text) => text.into(),
                Term::Open(key) => {
                    let key = self.representative(&key, assumed);
                    let Some(text) = self.text(key, assumed) else {
                        filled.push_back(Term::Open(key.to_owned()));
                        continue;
                    };
                    text.to_owned().into()
                }
            };
            match filled.back_mut() {
                _ if text.is_empty() => {}
                Some(Term::Text(before)) => before.push_str(&text),
                _ => filled.push_back(Term::Text(text.into_owned())),
            }
        }
        filled
    }

    fn simplified(&self, one: VecDeque<Term>, other: VecDeque<Term>, assumed: &Assumed) -> Simplified {
        let mut one = self.filled(one.into_iter(), assumed);
        let mut other = self.filled(other.into_iter(), assumed);
        let agree =
            cancel(&mut one, &mut other, VecDeque::pop_front, VecDeque::push_front, |long, short| {
                long.strip_prefix(short)
            }) && cancel(&mut one, &mut other, VecDeque::pop_back, VecDeque::push_back, |long, short| {
                long.strip_suffix(short)
            });
        if !agree {
            return Simplified::Different;
        }
        let is_empty = (one.is_empty(), other.is_empty());
        let has_text = |terms: &VecDeque<Term>| terms.iter().any(|term| matches!(term, Term::Text(_)));
        match is_empty {
            (true, true) => Simplified::Same,
            (true, false) if has_text(&other) => Simplified::Different,
            (false, true) if has_text(&one) => Simplified::Different,
            _ => Simplified::Depends(one, other),
        }
    }
}

/// Takes away what both sides share at one end; `false` where they differ there.
fn cancel(
    one: &mut VecDeque<Term>,
    other: &mut VecDeque<Term>,
    pop: impl Fn(&mut VecDeque<Term>) -> Option<Term>,
    push: impl Fn(&mut VecDeque<Term>, Term),
    strip: impl for<'t> Fn(&'t str, &str) -> Option<&'t str>,
) -> bool {
    while !one.is_empty() && !other.is_empty() {
        let (Some(first), Some(second)) = (pop(one), pop(other)) else { break };
        match (first, second) {
            (Term::Open(first), Term::Open(second)) if first == second => {}
            (Term::Text(first), Term::Text(second)) => {
                let (long, short, side) = if first.len() < second.len() {
                    (second, first, &mut *other)
                } else {
                    (first, second, &mut *one)
                };
                let Some(rest) = strip(&long, &short) else { return false };
                if !rest.is_empty() {
                    push(side, Term::Text(rest.to_owned()));
                }
            }
            (first, second) => {
                push(one, first);
                push(other, second);
                break;
            }
        }
    }
    true
}

/// The text that terms make, if all is known.
fn text_of(terms: &VecDeque<Term>) -> Option<&str> {
    match (terms.front(), terms.len()) {
        (None, _) => Some(""),
        (Some(Term::Text(text)), 1) => Some(text),
        _ => None,
    }
}

/// What the only open thing of two equal sides is.
fn only<'t>(one: &'t VecDeque<Term>, other: &'t VecDeque<Term>) -> Option<(&'t str, &'t str)> {
    match (text_of(one), text_of(other)) {
        (Some(text), _) => Some((key_of(other)?, text)),
        (_, Some(text)) => Some((key_of(one)?, text)),
        _ => None,
    }
}

/// The name of what is open, if that is all.
fn key_of(terms: &VecDeque<Term>) -> Option<&str> {
    match (terms.front(), terms.len()) {
        (Some(Term::Open(key)), 1) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
