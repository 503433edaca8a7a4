//! Reading a tree without forgetting a case.
//!
//! Owns [`View`], whose every lookup answers known, absent, unresolved or malformed. Must not know what the properties
//! mean, nor how duplicate keys are tried or a function is evaluated.
//!
//! The shapes CloudFormation accepts for a scalar are read here once, for all rules: booleans and numbers may
//! be strings (stack events and change sets carry them so), absent and `null` and `AWS::NoValue` are one.

use super::lookup::{BOOLEAN, ProblemKind, may_be_absent, split_at_reference};
use super::{Entry, Lookup, Name, Node, Partial, Problem, Reading, Text, Unresolved, Value};

/// A place in a tree: a value, or the reason there is none.
#[derive(Clone, Copy)]
pub struct View<'a> {
    name: Name,
    state: State<'a>,
    reading: &'a Reading<'a>,
}

#[derive(Debug, Clone, Copy)]
enum State<'a> {
    Present(&'a Node<'a>),
    Absent,
    Unresolved(Unresolved<'a>),
    Malformed(Problem<'a>),
}

impl<'a> View<'a> {
    /// Looks at `node`, which is called `property` in messages.
    #[must_use]
    pub fn new(property: &'static str, node: &'a Node<'a>, reading: &'a Reading<'a>) -> Self {
        Self::resolved(Name { property, is_item: false }, reading.resolve(node), reading)
    }

    fn resolved(name: Name, node: &'a Node<'a>, reading: &'a Reading<'a>) -> Self {
        let state = match &node.value {
            _ if node.is_absent() => State::Absent,
            Value::Intrinsic(_) => State::Unresolved(Unresolved { name, node }),
            _ => State::Present(node),
        };
        Self { name, state, reading }
    }

    /// What the place is called.
    pub fn name(self) -> Name {
        self.name
    }

    /// What stands there, if something does that is known.
    pub fn node(self) -> Option<&'a Node<'a>> {
        if let State::Present(node) = self.state { Some(node) } else { None }
    }

    /// How the tree is read.
    pub fn reading(self) -> &'a Reading<'a> {
        self.reading
    }

    /// The value of a map's key.
    ///
    /// A key in another casing is not the property, and its presence in place of the property is malformed.
    #[must_use]
    pub fn field(self, property: &'static str) -> Self {
        let name = Name { property, is_item: false };
        let state = match self.mapping() {
            Lookup::Known(entries, node) => return self.entry(entries, node, name),
            Lookup::Absent => State::Absent,
            Lookup::Unresolved(unresolved) => State::Unresolved(unresolved),
            Lookup::Malformed(problem) => State::Malformed(problem),
        };
        Self { name, state, reading: self.reading }
    }

    fn entry(self, entries: &'a [Entry<'a>], node: &'a Node<'a>, name: Name) -> Self {
        let (key, reading) = (name.property, self.reading);
        let mut found = None;
        let mut count = 0;
        let mut miscased: Option<(&Entry<'_>, &Node<'_>)> = None;
        let mut adds_keys = false;
        for entry in entries {
            let written: &str = &entry.key;
            if written == key {
                found = found.or(Some(&entry.value));
                count += 1;
            } else if written.eq_ignore_ascii_case(key) {
                let value = reading.resolve(&entry.value);
                // Of several, one that is certainly there.
                if !value.is_absent() && miscased.is_none_or(|(_, other)| may_be_absent(other)) {
                    miscased = Some((entry, value));
                }
            } else if written.starts_with("Fn::") {
                adds_keys = true;
            }
        }
        // A function among other keys adds properties nobody can see yet, this one perhaps: what is written is one
        // possibility, what the function says another.
        let available = count + usize::from(adds_keys);
        let chosen = if available > 1 {
            reading.pick(std::ptr::from_ref(entries).addr(), key, available, count > 1)
        } else {
            0
        };
        if adds_keys && chosen == count {
            return Self { name, state: State::Unresolved(Unresolved { name, node }), reading };
        }
        if chosen > 0 {
            found = entries.iter().filter(|entry| entry.key == key).map(|entry| &entry.value).nth(chosen);
        }
        let found = found.map(|value| reading.resolve(value)).filter(|value| !value.is_absent());
        let state = match (found, miscased) {
            (Some(value), _) => return Self::resolved(name, value, reading),
            // It may come to be `AWS::NoValue`, and then there is no such key.
            (None, Some((_, node))) if may_be_absent(node) => State::Unresolved(Unresolved { name, node }),
            (None, Some((entry, node))) => {
                State::Malformed(Problem { name, node, kind: ProblemKind::Miscased(entry) })
            }
            (None, None) => State::Absent,
        };
        Self { name, state, reading }
    }

    /// A key's text, or number in its original spelling, for those who only want to name or find something: where it is
    /// not certain in this reading already, there is none. Nothing is assumed for it.
    pub fn certain_text(self, property: &str) -> Option<(&'a str, &'a Node<'a>)> {
        let Lookup::Known(entries, _) = self.mapping() else { return None };
        let is_of_key = |key: &str| key == property || key.starts_with("Fn::");
        let mut of_key = entries.iter().filter(|entry| is_of_key(&entry.key));
        let (entry, None) = (of_key.next()?, of_key.next()) else { return None };
        let node = match self.reading.resolver {
            Some(resolver) => resolver.resolve_if_certain(&entry.value),
            None => &entry.value,
        };
        match &node.value {
            Value::String(text) | Value::Number(text) if split_at_reference(text).is_none() => {
                Some((text, node))
            }
            _ => None,
        }
    }

    /// What a key's text may come to, whatever is assumed for it: of a key that stands twice, what either value may; an open text
    /// where that is not limited. Nothing is assumed. `weight`: how often each is looked at.
    pub fn possible_texts(self, property: &'static str, weight: usize) -> Vec<Partial<'a>> {
        let entries = match self.mapping() {
            Lookup::Known(entries, _) => entries,
            Lookup::Unresolved(_) => return vec![Partial::open()],
            Lookup::Absent | Lookup::Malformed(_) => return Vec::new(),
        };
        let mut all = Vec::new();
        for entry in entries {
            if entry.key.starts_with("Fn::") {
                all.push(Partial::open());
            } else if entry.key == property {
                match (&entry.value.value, self.reading.resolver) {
                    (Value::Intrinsic(_), Some(resolver)) => {
                        all.extend(resolver.possible_texts(&entry.value, weight));
                    }
                    _ => all.extend(Partial::of(&entry.value)),
                }
            }
        }
        all
    }

    /// A key's text or number as far as it is known, with what functions decide decided for this reading; `None` where there
    /// is none. It is open where nobody can say which it is: of a key that stands twice, or that a function may add.
    pub fn decided_text(self, property: &'static str) -> Option<Partial<'a>> {
        let entries = match self.mapping() {
            Lookup::Known(entries, _) => entries,
            Lookup::Unresolved(_) => return Some(Partial::open()),
            Lookup::Absent | Lookup::Malformed(_) => return None,
        };
        let is_of_key = |key: &str| key == property || key.starts_with("Fn::");
        let mut of_key = entries.iter().filter(|entry| is_of_key(&entry.key));
        let entry = of_key.next()?;
        if of_key.next().is_some() || entry.key != property {
            return Some(Partial::open());
        }
        Partial::of(self.reading.resolve_aside(&entry.value))
    }

    /// The value of a key as it is written, to point at.
    pub fn written(self, property: &str) -> Option<&'a Node<'a>> {
        let Lookup::Known(entries, _) = self.mapping() else { return None };
        entries.iter().find(|entry| entry.key == property).map(|entry| &entry.value)
    }

    /// A boolean, or the string `true` or `false` in any casing.
    pub fn bool(self) -> Lookup<'a, bool> {
        self.scalar(BOOLEAN, |value| match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    /// A string, or a number in its original spelling.
    pub fn string(self) -> Lookup<'a, Text<'a>> {
        self.scalar("a string", |value| match value {
            Value::String(text) => Some(Text { text, is_number: false }),
            Value::Number(text) => Some(Text { text, is_number: true }),
            _ => None,
        })
    }

    /// A whole number that is not negative, or a string of its digits.
    pub fn integer(self) -> Lookup<'a, u64> {
        self.scalar("a whole number", |value| match value {
            Value::String(text) | Value::Number(text) => text.parse().ok(),
            _ => None,
        })
    }

    fn scalar<T>(
        self,
        expected: &'static str,
        read: impl FnOnce(&'a Value<'a>) -> Option<T>,
    ) -> Lookup<'a, T> {
        match self.present() {
            Lookup::Known((), node) if matches!(&node.value, Value::String(text) if split_at_reference(text).is_some()) => {
                Lookup::Unresolved(Unresolved { name: self.name, node })
            }
            lookup => lookup.map(|(), node| read(&node.value).ok_or(self.expected(expected, node))),
        }
    }

    /// A map's entries.
    pub fn mapping(self) -> Lookup<'a, &'a [Entry<'a>]> {
        self.present().map(|(), node| match &node.value {
            Value::Mapping(entries) => Ok(&**entries),
            _ => Err(self.expected("a map", node)),
        })
    }

    /// A list's items.
    pub fn list(self) -> Lookup<'a, Items<'a>> {
        self.present().map(|(), node| match &node.value {
            Value::Sequence(items) => {
                let property = self.name.property;
                Ok(Items { property, nodes: items.iter(), position: 0, reading: self.reading })
            }
            _ => Err(self.expected("a list", node)),
        })
    }

    fn present(self) -> Lookup<'a, ()> {
        match self.state {
            State::Present(node) => Lookup::Known((), node),
            State::Absent => Lookup::Absent,
            State::Unresolved(unresolved) => Lookup::Unresolved(unresolved),
            State::Malformed(problem) => Lookup::Malformed(problem),
        }
    }

    fn expected(self, expected: &'static str, node: &'a Node<'a>) -> Problem<'a> {
        Problem { name: self.name, node, kind: ProblemKind::Expected(expected) }
    }
}

/// The items of a list that are not `null` or `AWS::NoValue`.
#[derive(Clone)]
pub struct Items<'a> {
    property: &'static str,
    nodes: std::slice::Iter<'a, Node<'a>>,
    position: usize,
    reading: &'a Reading<'a>,
}

impl Items<'_> {
    /// The same list as if only the item at this place, from 1, were in it.
    #[must_use]
    pub fn only(self, position: usize) -> Self {
        let (skipped, nodes) = match self.nodes.as_slice().get(position.saturating_sub(1)) {
            Some(node) => (position.saturating_sub(1), std::slice::from_ref(node).iter()),
            None => (self.position, [].iter()),
        };
        Self { nodes, position: skipped, ..self }
    }

    /// Whether nothing is written in the list.
    pub fn is_empty(&self) -> bool {
        self.nodes.as_slice().is_empty()
    }

    /// The place of the item that came last, from 1, in the list as it is written.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        loop {
            let item = self.reading.resolve(self.nodes.next()?);
            self.position += 1;
            if !item.is_absent() {
                return Some(View::resolved(
                    Name { property: self.property, is_item: true },
                    item,
                    self.reading,
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::super::yaml;
    use super::{Lookup, Reading, View};

    /// What a lookup in `text` says: a known value, or the kind of answer with its words.
    fn read<T: std::fmt::Debug>(text: &str, look: impl Fn(View<'_>) -> Lookup<'_, T>) -> String {
        let node = yaml::read(text).unwrap();
        let reading = Reading::new(None);
        match look(View::new("Root", &node, &reading)) {
            Lookup::Known(value, _) => format!("{value:?}"),
            Lookup::Absent => "absent".into(),
            Lookup::Unresolved(unresolved) => format!("unresolved: {unresolved}"),
            Lookup::Malformed(problem) => format!("malformed: {problem}"),
        }
    }

    #[test]
    fn booleans_in_the_shapes_cloudformation_accepts() {
        for (text, expected) in [
            ("A: true", "true"),
            ("A: 'TRUE'", "true"),
            ("A: yes", "true"),
            ("A: \"fAlse\"", "false"),
            ("A: null", "absent"),
            ("A: !Ref AWS::NoValue", "absent"),
            ("A: {Ref: AWS::NoValue}", "absent"),
            ("B: true", "absent"),
            ("A: !Ref X", "unresolved: `A` is decided by `Ref`"),
            ("A: '{{resolve:ssm:/x}}'", "unresolved: `A` is a dynamic reference"),
            ("A: 'yes'", "malformed: `A` is not a boolean but a string"),
            ("A: 1", "malformed: `A` is not a boolean but a number"),
            ("A: ' true'", "malformed: `A` is not a boolean but a string"),
            ("A: [true]", "malformed: `A` is not a boolean but a list"),
            ("a: true", "malformed: unknown property `a`, did you mean `A`?"),
            ("{A: null, a: true}", "malformed: unknown property `a`, did you mean `A`?"),
            ("{A: false, a: true}", "false"),
            ("a: null", "absent"),
            ("a: !Ref X", "unresolved: `A` is decided by `Ref`"),
            ("a: !Sub '${X}'", "malformed: unknown property `a`, did you mean `A`?"),
            ("[]", "malformed: `Root` is not a map but a list"),
        ] {
            assert_eq!(read(text, |root| root.field("A").bool()), expected, "{text}");
        }
    }

    #[test]
    fn a_function_hides_what_is_below_and_beside_it() {
        let below = |text| read(text, |root| root.field("A").field("B").bool());
        assert_eq!(below("A: !If [C, {B: false}, {B: false}]"), "unresolved: `A` is decided by `Fn::If`");
        assert_eq!(below("!Foo {A: {B: false}}"), "unresolved: `Root` is decided by `!Foo`");
        let beside = below("A: {C: false, Fn::Transform: {Name: X}}");
        assert_eq!(beside, "unresolved: `B` is decided by a function that adds properties");
    }

    /// What is known of `A` as a text: known parts, `~` for a plain part, `?` for an open one.
    fn partial(text: &str) -> String {
        let node = yaml::read(text).unwrap();
        let reading = Reading::new(None);
        let Lookup::Unresolved(unresolved) = View::new("Root", &node, &reading).field("A").string() else {
            panic!("{text} is not unresolved");
        };
        let part = |part: &Part<'_>| match part {
            Part::Known(text) => text.clone().into_owned(),
            Part::Plain => "~".to_owned(),
            Part::Open => "?".to_owned(),
        };
        unresolved.partial().parts().iter().map(part).collect()
    }

    #[test]
    fn what_is_known_of_a_text_stays_visible() {
        for (text, expected) in [
            ("A: !Ref X", "?"),
            ("A: !Ref AWS::Region", "~"),
            ("A: 'a{{resolve:ssm:/x}}b'", "a?b"),
            ("A: '{{resolve:ssm:/x'", "?"),
            ("A: !Join ['', [a, !Ref X, b, 7]]", "a?b7"),
            ("A: !Join ['', [!Ref AWS::AccountId, .dkr.ecr., !Ref AWS::Region, /x]]", "~.dkr.ecr.~/x"),
            // A reference that begins in one piece and ends in another.
            ("A: !Join ['', ['a{{resolve:ssm:', !Ref X, ':0}}b']]", "a?b"),
            ("A: !Join [':', [a, !Ref X]]", "?"),
            ("A: !If [C, a, b]", "?"),
        ] {
            assert_eq!(partial(text), expected, "{text}");
        }
    }

    #[test]
    fn two_values_are_the_same_when_they_read_alike() {
        let is_same = |text: &str| {
            let node = yaml::read(text).unwrap();
            let reading = Reading::new(None);
            let root = View::new("Root", &node, &reading);
            match (root.field("A").string(), root.field("B").string()) {
                (Lookup::Unresolved(one), Lookup::Unresolved(other)) => one.is_same_as(&other),
                _ => panic!("{text} is not unresolved"),
            }
        };
        assert!(is_same("{A: !Ref X, B: {Ref: X}}"));
        assert!(is_same("{A: !GetAtt X.Arn, B: {Fn::GetAtt: [X, Arn]}}"));
        assert!(is_same("{A: '{{resolve:ssm:/x}}', B: '{{resolve:ssm:/x}}'}"));
        assert!(!is_same("{A: !Ref X, B: !Ref Y}"));
        assert!(!is_same("{A: !GetAtt X.Arn, B: !GetAtt Y.Arn}"));
        // Both are hidden by one function, which says nothing of either.
        assert!(!is_same("!Transform {Name: X}"));
    }

    #[test]
    fn null_items_are_removed() {
        let list = |text| read(text, |root| root.list().map(|items, _| Ok(items.count())));
        assert_eq!(list("[a, null, !Ref AWS::NoValue, ~, b]"), "2");
        assert_eq!(list("A"), "malformed: `Root` is not a list but a string");
    }

    #[test]
    fn every_combination_of_duplicates_is_seen_once() {
        let node = yaml::read("{A: 1, A: 2, B: {C: 3, C: 4}, B: {C: 5}}").unwrap();
        let reading = Reading::new(None);
        let mut seen = Vec::new();
        loop {
            let root = View::new("Root", &node, &reading);
            let text = |view: View<'_>| match view.string() {
                Lookup::Known(text, _) => text.text.to_owned(),
                other => panic!("{other:?}"),
            };
            // Reading a key twice in one pass gives the same value twice.
            assert_eq!(text(root.field("A")), text(root.field("A")));
            seen.push(text(root.field("A")) + &text(root.field("B").field("C")));
            if !reading.advance() {
                break;
            }
        }
        assert_eq!(seen, ["13", "14", "15", "23", "24", "25"]);
    }
}
