//! Whether task definitions may differ between two templates of one stack.
//!
//! Owns the comparison of what is written and of all that it refers to. Must not know rules.

use std::collections::HashMap;

use super::{Definition, TaskDefinition, Template};
use crate::document::{Entry, Node, Value, is_plain_decimal};

/// How deep definitions may refer to each other before anything is believed of them.
const MAXIMUM_DEPTH: usize = 16;

/// Two templates of one stack, and what is known already of the definitions in them.
#[derive(Debug)]
pub struct Changes<'c, 't> {
    template: &'c Template<'t>,
    previous: &'c Template<'t>,
    /// Whether mappings (`true`) and conditions may differ, by name.
    known: HashMap<(bool, String), bool>,
    /// How many definitions refer to each other on the way to what is looked at.
    depth: usize,
}

impl<'c, 't> Changes<'c, 't> {
    /// What changes from the `previous` template to `template`.
    pub fn new(template: &'c Template<'t>, previous: &'c Template<'t>) -> Self {
        Self { template, previous, known: HashMap::new(), depth: 0 }
    }

    /// Whether a task definition may be deployed otherwise than the one of the same name in the template before: because
    /// it says something else, because a mapping or condition it uses is, or because a parameter may have another value.
    pub fn may_reach(&mut self, task: &TaskDefinition<'_>, before: &TaskDefinition<'_>) -> bool {
        let differ = |new: &[&Node<'_>], old: &[&Node<'_>]| {
            new.len() != old.len() || new.iter().zip(old).any(|(new, old)| !mean_the_same(new, old))
        };
        differ(&task.properties, &before.properties)
            || differ(&task.conditions, &before.conditions)
            || task.function.is_some()
            || before.function.is_some()
            || is_of_open_loop(task.logical_id)
            || !self.template.macros.is_empty()
            || !self.previous.macros.is_empty()
            || task.properties.iter().any(|properties| self.node(properties))
            || task.conditions.iter().any(|condition| self.condition(condition) || self.node(condition))
    }

    fn node(&mut self, node: &Node<'_>) -> bool {
        match &node.value {
            Value::Sequence(items) => items.iter().any(|item| self.node(item)),
            Value::Mapping(entries) => entries.iter().any(|entry| {
                // A function that adds keys, of which nobody can see what it added before.
                entry.key.starts_with("Fn::")
                    || entry.key == "Condition" && self.condition(&entry.value)
                    || self.node(&entry.value)
            }),
            Value::Intrinsic(call) => {
                let itself = match (&*call.function, &call.argument.value) {
                    ("Ref", Value::String(name)) => self.is_parameter(name),
                    ("Condition", _) => self.condition(&call.argument),
                    ("Fn::If", Value::Sequence(items)) => {
                        items.first().is_some_and(|condition| self.condition(condition))
                    }
                    ("Fn::FindInMap", Value::Sequence(items)) => {
                        match items.first().map(|item| &item.value) {
                            Some(Value::String(name)) => self.definition(true, name),
                            _ => true,
                        }
                    }
                    ("Fn::Sub", Value::String(text)) => self.text(text),
                    ("Fn::Sub", Value::Sequence(items)) => match items.first().map(|item| &item.value) {
                        Some(Value::String(text)) => self.text(text),
                        _ => false,
                    },
                    ("Fn::Transform", _) => true,
                    _ => false,
                };
                itself || self.node(&call.argument)
            }
            _ => false,
        }
    }

    fn is_parameter(&self, name: &str) -> bool {
        self.template.parameters.contains_key(name)
    }

    fn text(&self, text: &str) -> bool {
        let mut names = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
        names.any(|(name, _)| self.is_parameter(name.trim()))
    }

    fn condition(&mut self, node: &Node<'_>) -> bool {
        matches!(&node.value, Value::String(name) if self.definition(false, name))
    }

    /// Whether what a name stands for may differ, or anything that this refers to.
    fn definition(&mut self, is_mapping: bool, name: &str) -> bool {
        let key = (is_mapping, name.to_owned());
        if let Some(may_differ) = self.known.get(&key) {
            return *may_differ;
        }
        // Until that is known; one that refers to itself means nothing.
        self.known.insert(key.clone(), true);
        let find = |template: &Template<'t>| {
            let section = if is_mapping { &template.mappings } else { &template.conditions };
            section.get(name).copied()
        };
        let may_differ = match (find(self.template), find(self.previous)) {
            (Some(Definition::Once(one)), Some(Definition::Once(other)))
                if self.depth < MAXIMUM_DEPTH && one.is_like(other) =>
            {
                self.depth += 1;
                let may_differ = self.node(one);
                self.depth -= 1;
                may_differ
            }
            _ => true,
        };
        self.known.insert(key, may_differ);
        may_differ
    }
}

/// Whether two values come to the same for CloudFormation, though they may be written in another order or in another way:
/// what is absent may as well not be written, and a number is the text of its digits. A boolean is no text, for a rule may
/// tell them apart. What a function is given counts by its place, so all of that has to be written alike, but for what
/// `Fn::If` chooses from.
fn mean_the_same(one: &Node<'_>, other: &Node<'_>) -> bool {
    if let (Some(text), Some(of_other)) = (plain_text(one), plain_text(other)) {
        return text == of_other;
    }
    match (&one.value, &other.value) {
        (Value::Sequence(items), Value::Sequence(others)) => {
            let (items, others) = (present(items), present(others));
            items.len() == others.len()
                && items.iter().zip(others).all(|(one, other)| mean_the_same(one, other))
        }
        (Value::Mapping(entries), Value::Mapping(others)) => {
            let (Some(entries), Some(others)) = (by_key(entries), by_key(others)) else {
                return one.is_like(other);
            };
            let is_same = |((key, one), (of_other, other)): ((&str, &Node<'_>), (&str, &Node<'_>))| {
                key == of_other && mean_the_same(one, other)
            };
            entries.len() == others.len() && entries.into_iter().zip(others).all(is_same)
        }
        (Value::Intrinsic(call), Value::Intrinsic(of_other)) => {
            match (choice(&call.argument), choice(&of_other.argument)) {
                (Some([condition, values @ ..]), Some([other_condition, others @ ..]))
                    if call.function == "Fn::If" && of_other.function == "Fn::If" =>
                {
                    condition.is_like(other_condition)
                        && values.iter().zip(others).all(|(one, other)| mean_the_same(one, other))
                }
                _ => one.is_like(other),
            }
        }
        _ => one.is_like(other),
    }
}

/// The items of a list that are there.
fn present<'n, 't>(items: &'n [Node<'t>]) -> Vec<&'n Node<'t>> {
    items.iter().filter(|item| !item.is_no_value()).collect()
}

/// A condition, and the two values that it chooses from.
fn choice<'n, 't>(argument: &'n Node<'t>) -> Option<&'n [Node<'t>; 3]> {
    match &argument.value {
        Value::Sequence(items) => items.as_array(),
        _ => None,
    }
}

/// What a map has in it, by its keys; `None` where one stands twice, so that nobody can tell which is meant.
fn by_key<'n, 't>(entries: &'n [Entry<'t>]) -> Option<Vec<(&'n str, &'n Node<'t>)>> {
    let mut all: Vec<_> = entries.iter().map(|entry| (&*entry.key, &entry.value)).collect();
    all.sort_by_key(|(key, _)| *key);
    let is_twice = all.array_windows().any(|[(one, _), (other, _)]| one == other);
    all.retain(|(_, value)| !value.is_absent());
    (!is_twice).then_some(all)
}

/// The text that something certainly is.
fn plain_text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.value {
        Value::String(text) => Some(text),
        Value::Number(text) if is_plain_decimal(text) => Some(text),
        Value::Intrinsic(call) => match (&*call.function, &call.argument.value) {
            ("Fn::Sub", Value::String(text)) if !text.contains("${") => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a loop wrote a name while what it runs over was open: then other resources may come of it than before.
fn is_of_open_loop(logical_id: &str) -> bool {
    logical_id.contains("${") || logical_id.contains("&{")
}

#[cfg(test)]
mod tests {
    use super::{Changes, MAXIMUM_DEPTH};
    use crate::document::yaml;
    use crate::template::{Given, Template};

    /// Whether the task definition of a template may be another than that of the template before.
    #[track_caller]
    fn may_reach(before: &str, after: &str) -> bool {
        let given = Given::default();
        let (before, after) = (yaml::read_template(before).unwrap(), yaml::read_template(after).unwrap());
        let before = Template::of(&before.root, &given).unwrap();
        let after = Template::of(&after.root, &given).unwrap();
        Changes::new(&after, &before).may_reach(&after.task_definitions[0], &before.task_definitions[0])
    }

    fn task(name: &str, beside: &str, properties: &str) -> String {
        format!("{{\"{name}\": {{Type: AWS::ECS::TaskDefinition, {beside} Properties: {properties}}}}}")
    }

    /// With everything that a value may refer to; `{N}` stands for what the templates differ in.
    fn template(task: &str, number: usize) -> String {
        "Transform: []\n\
         Parameters: {P: {Type: String}}\n\
         Mappings: {M: {a: {b: '{N}'}}, Same: {a: {b: 1}}, Open: {a: {b: !Ref P}}}\n\
         Conditions:\n  \
           C: !Equals ['{N}', x]\n  \
           Of: !Not [!Condition C]\n  \
           Is: !Equals [x, x]\n  \
           Asks: !Equals [!Ref P, x]\n  \
           Loop: !Not [!Condition Loop]\n"
            .replace("{N}", &number.to_string())
            + &format!("Resources: {}\n", task.replace("{N}", &number.to_string()))
    }

    #[test]
    fn what_reaches_a_task_definition_is_followed_to_its_end() {
        let containers = |user: &str| format!("{{ContainerDefinitions: [{{Name: a, User: {user}}}]}}");
        for (user, expected) in [
            ("app", false),
            ("'{N}'", true),
            ("!Ref AWS::Region", false),
            ("!Ref P", true),
            ("!If [Is, a, b]", false),
            ("!If [C, a, b]", true),
            ("!If [Of, a, b]", true),
            ("!If [Asks, a, b]", true),
            ("!If [Loop, a, b]", true),
            ("!If [Missing, a, b]", true),
            ("!If [Is, !Ref P, b]", true),
            ("!FindInMap [Same, a, b]", false),
            ("!FindInMap [M, a, b]", true),
            ("!FindInMap [Open, a, b]", true),
            ("!FindInMap [!Ref AWS::Region, a, b]", true),
            ("!Sub '${AWS::Region}x'", false),
            ("!Sub 'P'", false),
            ("!Sub '${P}'", true),
            ("!Sub '${ P }'", true),
            ("!Sub ['${x}', {x: a}]", false),
            ("!Sub ['${P}', {x: a}]", true),
            ("!Sub ['${x}', {x: !Ref P}]", true),
            ("!GetAtt Bucket.Arn", false),
            ("!Transform {Name: AWS::Include}", true),
            ("!Join ['', [a, !Ref P]]", true),
            ("{Condition: Is}", false),
            ("{Condition: C}", true),
            ("{Condition: !Ref AWS::Region, Fn::Transform: {Name: X}}", true),
            ("{a: {Condition: C, b: c}, d: e}", true),
            ("{a: C}", false),
        ] {
            let task = task("T", "", &containers(user));
            assert_eq!(may_reach(&template(&task, 0), &template(&task, 1)), expected, "{user}");
        }
    }

    #[test]
    fn what_means_the_same_is_no_change() {
        for (before, after, expected) in [
            ("{User: root, Image: x}", "{Image: x, User: root}", false),
            ("{User: root}", "{User: root, Cpu: !Ref AWS::NoValue}", false),
            ("{User: root, Command: null}", "{User: root}", false),
            ("{User: root, Command: []}", "{User: root}", true),
            ("{User: root}", "{User: !Sub root}", false),
            ("{User: !Sub 'a${AWS::Region}'}", "{User: 'a${AWS::Region}'}", true),
            ("{Cpu: 256}", "{Cpu: '256'}", false),
            ("{Cpu: 0256}", "{Cpu: '0256'}", true),
            ("{Cpu: 0x10}", "{Cpu: '0x10'}", true),
            ("{Privileged: true}", "{Privileged: 'true'}", true),
            ("{Privileged: yes}", "{Privileged: true}", false),
            ("{Command: [a, b]}", "{Command: [b, a]}", true),
            ("{Command: [a]}", "{Command: [a, !Ref AWS::NoValue]}", false),
            ("{Command: [a]}", "{Command: [a, null]}", true),
            ("{User: !If [Is, !Ref AWS::NoValue, app]}", "{User: !If [Is, app, !Ref AWS::NoValue]}", true),
            ("{User: !If [Is, root, app]}", "{User: !If [Is, app, root]}", true),
            ("{User: !If [Is, {a: 1, b: 2}, app]}", "{User: !If [Is, {b: '2', a: 1}, app]}", false),
            ("{User: !If [Is, a]}", "{User: !If [Is, b]}", true),
            ("{User: !If [Is, a, b]}", "{User: !If [Same, a, b]}", true),
            (
                "{User: !Select [1, [!Ref AWS::NoValue, app, root]]}",
                "{User: !Select [1, [app, root, !Ref AWS::NoValue]]}",
                true,
            ),
            ("{User: !FindInMap [Same, 1, b]}", "{User: !FindInMap [Same, '1', b]}", true),
            ("{User: !If [Same, a, b]}", "{User: !FindInMap [Same, a, b]}", true),
            ("{User: !Join ['', [1, a]]}", "{User: !Join ['', ['1', a]]}", true),
            // Of a key that stands twice the order may decide.
            ("{User: root, User: app}", "{User: app, User: root}", true),
            ("{User: app}", "{User: app, User: null}", true),
        ] {
            let of = |container: &str| task("T", "", &format!("{{ContainerDefinitions: [{container}]}}"));
            assert_eq!(
                may_reach(&template(&of(before), 0), &template(&of(after), 0)),
                expected,
                "{before} {after}"
            );
        }
    }

    #[test]
    fn what_decides_whether_there_is_one_counts_as_what_it_is() {
        let of = |beside: &str| task("T", beside, "{Family: a}");
        let same = template(&of(""), 0);
        assert!(!may_reach(&same, &same));
        for (before, after) in [
            ("Condition: Is,", "Condition: Is, Condition: Is,"),
            ("Condition: Is,", "Condition: Asks,"),
            ("Condition: C,", "Condition: C,"),
            ("Condition: Asks,", "Condition: Asks,"),
            ("Condition: !Ref P,", "Condition: !Ref P,"),
            ("", "Properties: {Family: a},"),
            ("", "Fn::Transform: {Name: X},"),
            ("Fn::Transform: {Name: X},", ""),
        ] {
            assert!(may_reach(&template(&of(before), 0), &template(&of(after), 1)), "{before} and {after}");
        }
        assert!(!may_reach(&template(&of("Condition: Is,"), 0), &template(&of("Condition: Is,"), 1)));
        let of_macro = same.replace("Transform: []", "Transform: Mine");
        assert!(may_reach(&of_macro, &same) && may_reach(&same, &of_macro));
        for name in ["T${X}", "T&{X}"] {
            let of_loop = template(&task(name, "", "{Family: a}"), 0);
            assert!(may_reach(&of_loop, &of_loop), "{name}");
        }
    }

    #[test]
    fn definitions_that_refer_to_each_other_deeper_than_is_followed_are_not_believed() {
        // Beside a long way stands a second one, as long: the first does not count for it.
        let chain = |length: usize| {
            let mut conditions = vec!["Conditions: {A0: !Equals [x, x], B0: !Equals [x, x]".to_owned()];
            for way in ["A", "B"] {
                let next = |at: usize| format!("{way}{at}: !Not [!Condition {way}{}]", at - 1);
                conditions.extend((1..length).map(next));
            }
            let conditions = conditions.join(", ") + "}\n";
            let last = length - 1;
            let task = task("T", "", &format!("{{Family: !If [A{last}, a, !If [B{last}, a, b]]}}"));
            format!("{conditions}Resources: {task}\n")
        };
        let (deepest, too_deep) = (chain(MAXIMUM_DEPTH), chain(MAXIMUM_DEPTH + 1));
        assert!(!may_reach(&deepest, &deepest));
        assert!(may_reach(&too_deep, &too_deep));
    }
}
