//! A template's parameter: what its definition says of the values it may have.
//!
//! Owns the reading of definitions. Must not know what is given, nor where a parameter is used.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::limits::{Between, Limits, Pattern};
use crate::document::{Node, Span, Value, is_plain_decimal};

/// What a definition says.
#[derive(Debug, Default)]
pub(super) struct Parameter<'t> {
    /// Whether it holds several values.
    pub(super) is_list: bool,
    /// Why its value is nothing to look at, if it is not.
    pub(super) hidden: Option<Hidden>,
    /// Whether what is given is not what it comes to stand for, but a name in the Parameter Store.
    pub(super) is_looked_up: bool,
    /// The only values it may have; empty: any.
    pub(super) allowed: Vec<Allowed<'t>>,
    /// The only values that a list's items may have; empty: any.
    pub(super) allowed_items: Vec<Allowed<'t>>,
    /// Where the values stand that it may have.
    pub(super) allowed_span: Option<Span>,
    /// Its default; a list's items with commas between.
    pub(super) default: Option<Allowed<'t>>,
    /// What else is said of any value.
    pub(super) limits: Limits,
}

/// Why a value is nothing to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    /// The template says `NoEcho`.
    NotEchoed,
    /// It is defined twice.
    Repeated,
    /// A macro stands beside it, or in it.
    Rewritten,
}

/// A value as the template has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Allowed<'t> {
    /// Its text.
    pub(super) text: Cow<'t, str>,
    /// Whether it was written as a number.
    pub(super) is_number: bool,
}

impl Allowed<'_> {
    /// Whether it is a number of which readers make different texts.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.is_number && !is_plain_decimal(&self.text)
    }
}

impl<'t> Parameter<'t> {
    /// Reads a definition; one that cannot be read says nothing.
    pub(super) fn of(definition: &'t Node<'t>) -> Self {
        let Value::Mapping(entries) = &definition.value else { return Self::default() };
        let mut parameter = Self::default();
        // Of two defaults, none is certain.
        let mut has_default = false;
        let mut is_list_of_texts = false;
        let mut is_rewritten = false;
        let mut kinds = Vec::new();
        let mut limiting: HashMap<&str, Option<Allowed<'_>>> = HashMap::new();
        let mut seen = HashSet::new();
        for entry in entries {
            let text = scalar(&entry.value);
            match &*entry.key {
                "Type" => {
                    let kind = text.as_ref().map(|allowed| &*allowed.text).unwrap_or_default();
                    kinds.push(kind.to_owned());
                    let of_store = kind.strip_prefix("AWS::SSM::Parameter::Value<");
                    parameter.is_looked_up |= of_store.is_some();
                    let kind = of_store.unwrap_or(kind);
                    is_list_of_texts = kind == "CommaDelimitedList";
                    parameter.is_list |= kind.starts_with("List<") || kind.starts_with("CommaDelimitedList");
                }
                "NoEcho" => {
                    let is_set = text.is_some_and(|value| value.text.eq_ignore_ascii_case("true"));
                    parameter.hidden = parameter.hidden.or(is_set.then_some(Hidden::NotEchoed));
                }
                "Default" => {
                    parameter.default = text.filter(|_| !has_default);
                    has_default = true;
                }
                "MinLength" | "MaxLength" | "MinValue" | "MaxValue" | "AllowedPattern" => {
                    // Of two, none is certain.
                    limiting.entry(&entry.key).and_modify(|known| *known = None).or_insert(text);
                }
                "AllowedValues" => {
                    let Value::Sequence(items) = &entry.value.value else { continue };
                    parameter.allowed_span = entry.value.span;
                    for value in items {
                        let Some(value) = scalar(value) else {
                            // A value that cannot be read leaves the list without meaning.
                            parameter.allowed.clear();
                            break;
                        };
                        if seen.insert((value.text.clone(), value.is_ambiguous())) {
                            parameter.allowed.push(value);
                        }
                    }
                }
                "Fn::Transform" => is_rewritten = true,
                _ => {}
            }
        }
        if is_rewritten {
            parameter.forget(Hidden::Rewritten);
            return parameter;
        }
        if let [kind] = kinds.as_slice()
            && !parameter.is_list
            && !parameter.is_looked_up
        {
            // Of a name in the Parameter Store they would say nothing of the value.
            parameter.limits = limits(kind, |key| limiting.get(key).and_then(Option::as_ref));
            parameter.leave_out_what_is_refused();
        }
        if parameter.is_list || parameter.is_looked_up {
            // They are about its items, or about names in the store.
            let items = std::mem::take(&mut parameter.allowed);
            if is_list_of_texts && !parameter.is_secret() && !parameter.is_looked_up {
                parameter.allowed_items = items;
            }
        }
        parameter
    }

    /// Of the allowed values, CloudFormation takes none that the other limits exclude. Patterns are left to it: what they
    /// mean is not certain enough to prove anything. Where nothing would be left, nothing is.
    fn leave_out_what_is_refused(&mut self) {
        let limits = Limits { patterns: Vec::new(), ..self.limits.clone() };
        let may_be = |value: &Allowed<'_>| value.is_ambiguous() || limits.may_be(&value.text);
        if self.allowed.iter().any(may_be) {
            self.allowed.retain(may_be);
        }
    }

    /// Whether its value is nothing to show, or cannot be told.
    pub(super) fn is_secret(&self) -> bool {
        self.hidden.is_some()
    }

    /// Whether there are numbers among the allowed values of which readers make different texts.
    pub(super) fn has_ambiguous_values(&self) -> bool {
        self.allowed.iter().any(Allowed::is_ambiguous)
    }

    /// Whether the template itself tells what its value may be, so that there is nothing to hide of this one or, without
    /// one, of all that are allowed.
    pub(super) fn is_told(&self, value: Option<&str>) -> bool {
        !self.allowed.is_empty()
            && value.is_none_or(|value| self.allowed.iter().any(|told| told.text == value))
    }

    /// What of a value the template itself refuses, as far as that can be told: the value, or of a list the first such item.
    pub(super) fn refused<'v>(&self, value: &'v str) -> Option<&'v str> {
        let is_refused = |allowed: &[Allowed<'_>], value: &str| {
            // What is written as a number, readers may make other texts of.
            !allowed.is_empty() && !allowed.iter().any(|one| one.is_ambiguous() || one.text == value)
        };
        if is_refused(&self.allowed, value) {
            return Some(value);
        }
        value.split(',').map(str::trim).find(|item| is_refused(&self.allowed_items, item))
    }

    /// Forgets all that limits it, for nobody can tell what it is.
    pub(super) fn forget(&mut self, because: Hidden) {
        *self = Self { is_list: self.is_list, hidden: Some(because), ..Self::default() };
    }
}

/// What the definition of a parameter of this type says of any value.
fn limits<'v>(kind: &str, written: impl Fn(&str) -> Option<&'v Allowed<'v>>) -> Limits {
    let length = |key| {
        let value = written(key).filter(|value| !value.is_ambiguous())?;
        value.text.parse::<usize>().ok()
    };
    let bound = |key, open| {
        let value = written(key).filter(|value| !value.is_ambiguous());
        value
            .and_then(|value| value.text.trim().parse().ok())
            .filter(|bound: &f64| bound.is_finite())
            .unwrap_or(open)
    };
    // The name of something that is there.
    let is_name = kind.starts_with("AWS::");
    Limits {
        shortest: length("MinLength").unwrap_or(0).max(usize::from(is_name)),
        longest: length("MaxLength"),
        number: (kind == "Number").then(|| Between {
            least: bound("MinValue", f64::NEG_INFINITY),
            most: bound("MaxValue", f64::INFINITY),
        }),
        patterns: written("AllowedPattern").map(|pattern| Pattern::new(&pattern.text)).into_iter().collect(),
    }
}

/// The text that CloudFormation makes of a scalar.
pub(super) fn scalar<'t>(node: &'t Node<'t>) -> Option<Allowed<'t>> {
    let (text, is_number) = match &node.value {
        Value::String(text) => (Cow::Borrowed(&**text), false),
        Value::Number(text) => (Cow::Borrowed(&**text), true),
        Value::Bool(true) => ("true".into(), false),
        Value::Bool(false) => ("false".into(), false),
        _ => return None,
    };
    Some(Allowed { text, is_number })
}

#[cfg(test)]
mod tests {
    use super::{Allowed, Hidden, Parameter};
    use crate::document::yaml;

    fn texts(allowed: &[Allowed<'_>]) -> String {
        let text =
            |allowed: &Allowed<'_>| format!("{}{}", allowed.text, if allowed.is_number { "#" } else { "" });
        allowed.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    /// What a definition says, in words.
    fn said(definition: &str) -> String {
        let node = yaml::read(definition).unwrap();
        let parameter = Parameter::of(&node);
        let mut words = Vec::new();
        let mut add = |is_so: bool, word: String| words.extend(is_so.then_some(word));
        add(parameter.is_list, "list".into());
        add(parameter.is_secret(), "secret".into());
        add(parameter.is_looked_up, "looked-up".into());
        add(!parameter.allowed.is_empty(), format!("allowed {}", texts(&parameter.allowed)));
        add(!parameter.allowed_items.is_empty(), format!("items {}", texts(&parameter.allowed_items)));
        add(parameter.default.is_some(), format!("default {}", texts(parameter.default.as_slice())));
        add(parameter.allowed_span.is_some(), "at".into());
        words.join(", ")
    }

    #[test]
    fn a_definition_says_what_a_value_may_be() {
        for (definition, expected) in [
            ("{Type: String}", ""),
            ("x", ""),
            ("{}", ""),
            ("{Type: CommaDelimitedList}", "list"),
            ("{Type: List<Number>}", "list"),
            ("{Type: 'List<AWS::EC2::Subnet::Id>'}", "list"),
            ("{Type: 'AWS::EC2::Subnet::Id'}", ""),
            ("{Type: 'AWS::SSM::Parameter::Value<String>'}", "looked-up"),
            ("{Type: 'AWS::SSM::Parameter::Value<List<String>>'}", "list, looked-up"),
            ("{Type: 'AWS::SSM::Parameter::Value<CommaDelimitedList>'}", "list, looked-up"),
            ("{Type: 'AWS::SSM::Parameter::Name'}", ""),
            ("{Type: [List<Number>]}", ""),
            ("{NoEcho: true}", "secret"),
            ("{NoEcho: 'TRUE'}", "secret"),
            ("{NoEcho: false}", ""),
            ("{NoEcho: 'false', NoEcho: true}", "secret"),
            ("{NoEcho: true, NoEcho: false}", "secret"),
            ("{NoEcho: [true]}", ""),
            ("{Default: a}", "default a"),
            ("{Default: 7}", "default 7#"),
            ("{Default: true}", "default true"),
            ("{Default: false}", "default false"),
            ("{Default: [a]}", ""),
            ("{Default: a, Default: b}", ""),
            ("{Default: [a], Default: b}", ""),
            ("{AllowedValues: [a, 1, a, true, '1']}", "allowed a 1# true, at"),
            ("{AllowedValues: [0x1, '0x1', 0x1]}", "allowed 0x1# 0x1, at"),
            ("{AllowedValues: [a, [b], c]}", "at"),
            ("{AllowedValues: a}", ""),
            ("{AllowedValues: []}", "at"),
            ("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "list, items a b, at"),
            ("{Type: CommaDelimitedList, AllowedValues: [a, b], NoEcho: true}", "list, secret, at"),
            ("{Type: List<Number>, AllowedValues: [1, 2]}", "list, at"),
            ("{Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [/a, /b]}", "looked-up, at"),
            (
                "{Type: 'AWS::SSM::Parameter::Value<CommaDelimitedList>', AllowedValues: [/a]}",
                "list, looked-up, at",
            ),
        ] {
            assert_eq!(said(definition), expected, "{definition}");
        }
    }

    #[test]
    fn a_definition_limits_what_a_value_may_be() {
        for (definition, yes, no) in [
            ("{Type: String, MinLength: 2, MaxLength: 3}", &["ab", "abc"][..], &["a", "abcd"][..]),
            ("{Type: String, MinLength: '2'}", &["ab"], &["a"]),
            ("{Type: String, MinLength: 0x2}", &["a"], &[]),
            ("{Type: String, MinLength: 2, MinLength: 3}", &["a"], &[]),
            ("{Type: String, MaxLength: 1, MaxLength: 1}", &["ab"], &[]),
            ("{Type: String, AllowedPattern: '[a-c]+'}", &["abc"], &["abd", ""]),
            ("{Type: Number, MinValue: 1, MaxValue: ' 9 '}", &["1", "9"], &["0", "9.5", "app"]),
            ("{Type: Number, MinValue: 0x5}", &["1"], &["app"]),
            ("{Type: Number, MinValue: .inf}", &["1"], &["app"]),
            ("{Type: Number}", &["1", "-1e9"], &["app", ""]),
            ("{Type: String, MinValue: 5}", &["1", "app"], &[]),
            ("{Type: 'AWS::EC2::Image::Id'}", &["ami-1"], &[""]),
            ("{Type: 'AWS::EC2::Image::Id', MinLength: 9}", &["ami-12345"], &["ami-1"]),
            ("{Type: String}", &["", "app"], &[]),
            ("{MinLength: 5}", &["a"], &[]),
            ("{Type: String, Type: String, MinLength: 5}", &["a"], &[]),
            ("{Type: CommaDelimitedList, MinLength: 5}", &["a"], &[]),
            ("{Type: 'AWS::SSM::Parameter::Value<String>', MinLength: 5}", &["a"], &[]),
        ] {
            let node = yaml::read(definition).unwrap();
            let limits = Parameter::of(&node).limits;
            assert!(yes.iter().all(|text| limits.may_be(text)), "{definition} {limits:?}");
            assert!(!no.iter().any(|text| limits.may_be(text)), "{definition} {limits:?}");
        }
    }

    #[test]
    fn what_the_template_tells_is_no_secret() {
        let node = yaml::read("{Type: String, NoEcho: true, AllowedValues: [a, 0x1]}").unwrap();
        let mut parameter = Parameter::of(&node);
        assert!(parameter.is_secret() && parameter.has_ambiguous_values());
        assert!(parameter.is_told(None) && parameter.is_told(Some("a")) && !parameter.is_told(Some("b")));
        assert!(!Parameter::default().is_told(None) && !Parameter::default().is_told(Some("a")));
        assert!(!Parameter::default().has_ambiguous_values());
        parameter.is_list = true;
        parameter.forget(Hidden::Repeated);
        assert_eq!((parameter.is_list, parameter.hidden), (true, Some(Hidden::Repeated)));
        assert!(parameter.allowed.is_empty() && !parameter.is_told(None));
    }
}
