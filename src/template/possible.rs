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

/// How many texts are looked at for the work of one step.
const TEXTS_OF_STEP: usize = 8;

/// How deep functions are looked into.
const MAXIMUM_DEPTH: usize = 16;

impl Scenario<'_> {
    pub(super) fn possible<'a>(&'a self, node: &'a Node<'a>, weight: usize) -> Vec<Partial<'a>> {
        match self.only_looking(|| self.possible_within(node, MAXIMUM_DEPTH)) {
            Some(texts) if self.work(texts.len().saturating_mul(weight) / TEXTS_OF_STEP, None).is_some() => {
                texts
            }
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
                for text in &mut joined {
                    text.append(Partial::open());
                }
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

#[cfg(test)]
mod tests {
    use super::{MAXIMUM_JOINED, MAXIMUM_TEXTS};
    use crate::document::{Part, Partial, Reading, View, yaml};
    use crate::template::{Given, Template, scenario::Scenario};

    fn shown(text: &Partial<'_>) -> String {
        let part = |part: &Part<'_>| match part {
            Part::Known(text) => text.to_string(),
            Part::Plain => "~".to_owned(),
            Part::Open => "?".to_owned(),
        };
        text.parts().iter().map(part).collect()
    }

    /// What the family of a task definition may come to.
    fn family(written: &str) -> Vec<String> {
        let values = |count: usize| (0..count).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", ");
        let text = format!(
            "Parameters: {{Free: {{Type: String}}, Stage: {{Type: String, AllowedValues: [dev, prod]}}, \
             Many: {{Type: String, AllowedValues: [{}]}}, Most: {{Type: String, AllowedValues: [{}]}}, \
             Some: {{Type: String, AllowedValues: [{}]}}}}\n\
             Conditions: {{C: !Equals [!Ref Free, x]}}\n\
             Resources: {{T: {{Type: AWS::ECS::TaskDefinition, Properties: {{Family: {written}}}}}}}",
            values(MAXIMUM_TEXTS + 1),
            values(MAXIMUM_TEXTS),
            values(MAXIMUM_JOINED / 2),
        );
        let root = yaml::read(&text).unwrap();
        let given = Given::default();
        let template = Template::of(&root, &given).unwrap();
        let properties = template.task_definitions[0].properties[0];
        let scenario = Scenario::new(&template, Some(properties));
        let reading = Reading::new(Some(&scenario));
        let texts = View::new("Properties", properties, &reading).possible_texts("Family", 1);
        assert!(scenario.facts().is_empty(), "nothing is assumed");
        texts.iter().map(shown).collect()
    }

    #[test]
    fn a_text_may_come_to_all_that_its_functions_may() {
        for (written, expected) in [
            ("shop", &["shop"][..]),
            ("!Ref Free", &["?"]),
            ("!Ref Stage", &["dev", "prod"]),
            ("!Ref AWS::NoValue", &[]),
            ("!Sub 'a-${Stage}'", &["a-dev", "a-prod"]),
            ("!Sub '${Stage}-${Free}'", &["dev-?", "prod-?"]),
            ("!Sub '${AWS::Region}-x'", &["~-x"]),
            ("!Join ['', [!Ref Stage, x]]", &["devx", "prodx"]),
            ("!If [C, a, !If [C, !Ref AWS::NoValue, !Ref Stage]]", &["a", "dev", "prod"]),
            ("!If [C, a, !GetAtt X.Y]", &["a", "?"]),
            ("'a{{resolve:ssm:/x}}'", &["a?"]),
            ("[a]", &[]),
        ] {
            assert_eq!(family(written), expected, "{written}");
        }
    }

    #[test]
    fn what_may_come_to_too_much_is_open() {
        assert_eq!(family("!Ref Most").len(), MAXIMUM_TEXTS);
        assert_eq!(family("!Ref Many"), ["?"]);
        assert_eq!(family("!If [C, a, !Ref Most]"), ["?"]);
        assert_eq!(family("!Sub '${Some}-${Stage}'").len(), MAXIMUM_JOINED);
        // What is in front is told first.
        let joined = family("!Sub '${Some}-${Stage}-${Stage}'");
        assert_eq!((joined.len(), joined[0].as_str()), (MAXIMUM_JOINED, "v0-dev-?"));
        let deep = |depth: usize| (0..depth).fold("x".to_owned(), |inner, _| format!("!If [C, a, {inner}]"));
        assert_eq!(family(&deep(15)).len(), 16);
        assert_eq!(family(&deep(16)), ["?"]);
    }
}
