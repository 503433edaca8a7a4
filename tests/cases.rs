//! Templates whose values depend on parameters, against brute force.
//!
//! Owns a small language of templates that is written out in two ways: with CloudFormation's functions, and with every
//! value put in for one choice of parameters. What is said of the first must be what the second says for all choices.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test stops at what it does not expect")]
#![allow(clippy::indexing_slicing, reason = "positions come from the generator")]

use std::fmt::Write as _;

use ecs_guard::check::check;
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;
use proptest::prelude::*;

/// The parameters of every generated template, with their allowed values.
const PARAMETERS: &[(&str, &[&str])] =
    &[("Stage", &["prod", "test", "root"]), ("Flag", &["true", "false"]), ("Group", &["0", "1000", "prod"])];

/// The value of each parameter, by position.
type Choice = Vec<&'static str>;

fn choices() -> Vec<Choice> {
    PARAMETERS.iter().fold(vec![Vec::new()], |choices, (_, values)| {
        let longer = |choice: &Choice| values.iter().map(|value| [choice.as_slice(), &[value]].concat()).collect::<Vec<_>>();
        choices.iter().flat_map(longer).collect()
    })
}

#[derive(Debug, Clone)]
enum Condition {
    Is(usize, &'static str),
    Same(usize, usize),
    /// Two parameters joined by a colon are this text.
    Joined(usize, usize, &'static str),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// The condition with this number, of those before.
    Named(usize),
}

impl Condition {
    fn written(&self) -> String {
        let several = |conditions: &[Self]| conditions.iter().map(Self::written).collect::<Vec<_>>().join(", ");
        let name = |at: &usize| PARAMETERS[*at].0;
        match self {
            Self::Is(parameter, value) => format!("{{'Fn::Equals': [{{Ref: {}}}, '{value}']}}", name(parameter)),
            Self::Same(one, other) => {
                format!("{{'Fn::Equals': [{{Ref: {}}}, {{'Fn::Sub': '${{{}}}'}}]}}", name(one), name(other))
            }
            Self::Joined(one, other, text) => format!(
                "{{'Fn::Equals': ['{text}', {{'Fn::Join': [':', [{{Ref: {}}}, {{Ref: {}}}]]}}]}}",
                name(one),
                name(other)
            ),
            Self::Not(condition) => format!("{{'Fn::Not': [{}]}}", condition.written()),
            Self::All(conditions) => format!("{{'Fn::And': [{}]}}", several(conditions)),
            Self::Any(conditions) => format!("{{'Fn::Or': [{}]}}", several(conditions)),
            Self::Named(at) => format!("{{Condition: C{at}}}"),
        }
    }

    fn holds(&self, choice: &Choice, conditions: &[Self]) -> bool {
        let all = |wanted| move |condition: &Self| condition.holds(choice, conditions) == wanted;
        match self {
            Self::Is(parameter, value) => choice[*parameter] == *value,
            Self::Same(one, other) => choice[*one] == choice[*other],
            Self::Joined(one, other, text) => format!("{}:{}", choice[*one], choice[*other]) == *text,
            Self::Not(condition) => !condition.holds(choice, conditions),
            Self::All(several) => several.iter().all(all(true)),
            Self::Any(several) => several.iter().any(all(true)),
            Self::Named(at) => conditions[*at].holds(choice, conditions),
        }
    }
}

#[derive(Debug, Clone)]
enum Expression {
    /// A value in flow style.
    Text(&'static str),
    Absent,
    Parameter(usize),
    /// A text with a parameter in it.
    Around(&'static str, usize, &'static str),
    Selected(usize, usize),
    /// From the mapping `Map`, which has a key for every value of the parameter.
    Mapped(usize, [&'static str; 3]),
    If(usize, Box<Expression>, Box<Expression>),
}

struct Written<'w> {
    conditions: &'w [Condition],
    /// The values of parameters; `None`: with functions.
    choice: Option<&'w Choice>,
    mappings: String,
}

impl Written<'_> {
    fn expression(&mut self, expression: &Expression) -> Option<String> {
        let value = |at: &usize| self.choice.map(|choice| choice[*at]);
        let name = |at: &usize| PARAMETERS[*at].0;
        Some(match expression {
            Expression::Text(text) => (*text).to_owned(),
            Expression::Absent => return self.choice.is_none().then(|| "{Ref: 'AWS::NoValue'}".into()),
            Expression::Parameter(at) => match value(at) {
                Some(value) => format!("'{value}'"),
                None => format!("!Ref {}", name(at)),
            },
            Expression::Around(before, at, after) => match value(at) {
                Some(value) => format!("'{before}{value}{after}'"),
                None => format!("!Sub '{before}${{{}}}{after}'", name(at)),
            },
            Expression::Selected(index, at) => match value(at) {
                Some(value) => format!("'{}'", [value, "0"][*index]),
                None => format!("!Select [{index}, !Split [':', !Join [':', [!Ref {}, '0']]]]", name(at)),
            },
            Expression::Mapped(at, values) => {
                let (_, keys) = PARAMETERS[*at];
                if let Some(value) = value(at) {
                    let place = keys.iter().position(|key| *key == value).unwrap();
                    return Some(format!("'{}'", values[place]));
                }
                let map = format!("M{}", self.mappings.len());
                write!(self.mappings, "{map}: {{").unwrap();
                for (key, value) in keys.iter().zip(values) {
                    write!(self.mappings, "'{key}': {{K: '{value}'}}, ").unwrap();
                }
                self.mappings += "}, ";
                format!("!FindInMap [{map}, !Ref {}, K]", name(at))
            }
            Expression::If(condition, then, otherwise) => {
                if let Some(choice) = self.choice {
                    let holds = self.conditions[*condition].holds(choice, self.conditions);
                    return self.expression(if holds { then } else { otherwise });
                }
                let (then, otherwise) = (self.expression(then), self.expression(otherwise));
                format!("{{'Fn::If': [C{condition}, {}, {}]}}", then.unwrap(), otherwise.unwrap())
            }
        })
    }

    fn container(&mut self, container: &Container) -> String {
        let mut text = "{Name: a".to_owned();
        let Container { privileged, read_only, user, mode, add, .. } = container;
        for (key, expression) in [("Privileged", privileged), ("ReadonlyRootFilesystem", read_only), ("User", user)] {
            if let Some(value) = self.expression(expression) {
                write!(text, ", {key}: {value}").unwrap();
            }
        }
        let mode = self.expression(mode).map(|mode| format!("mode: {mode}, ")).unwrap_or_default();
        write!(text, ", LogConfiguration: {{LogDriver: awslogs, Options: {{{mode}max-buffer-size: 25m}}}}").unwrap();
        let items: Vec<String> = add.iter().filter_map(|item| self.expression(item)).collect();
        write!(text, ", LinuxParameters: {{Capabilities: {{Add: [{}]}}}}}}", items.join(", ")).unwrap();
        text
    }

    fn template(&mut self, template: &Template) -> String {
        let mut containers = Vec::new();
        for container in &template.containers {
            let text = self.container(container);
            match (container.only_if, self.choice) {
                (None, _) => containers.push(text),
                (Some(condition), Some(choice)) => {
                    if self.conditions[condition].holds(choice, self.conditions) {
                        containers.push(text);
                    }
                }
                (Some(condition), None) => {
                    containers.push(format!("{{'Fn::If': [C{condition}, {text}, {{Ref: 'AWS::NoValue'}}]}}"));
                }
            }
        }
        let is_created = match (template.only_if, self.choice) {
            (Some(condition), Some(choice)) => self.conditions[condition].holds(choice, self.conditions),
            _ => true,
        };
        let condition = match (template.only_if, self.choice) {
            (Some(condition), None) => format!("Condition: C{condition}, "),
            _ => String::new(),
        };
        let mut text = String::new();
        if self.choice.is_none() {
            text += "Parameters:\n";
            for (name, values) in PARAMETERS {
                let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
                writeln!(text, "  {name}: {{Type: String, AllowedValues: [{}]}}", values.join(", ")).unwrap();
            }
            text += "Conditions:\n";
            for (at, condition) in self.conditions.iter().enumerate() {
                writeln!(text, "  C{at}: {}", condition.written()).unwrap();
            }
            writeln!(text, "Mappings: {{{}}}", self.mappings).unwrap();
        }
        if !is_created {
            return text + "Resources: {}\n";
        }
        text + &format!(
            "Resources: {{T: {{Type: 'AWS::ECS::TaskDefinition', {condition}Properties: {{ContainerDefinitions: [{}]}}}}}}\n",
            containers.join(", ")
        )
    }
}

#[derive(Debug, Clone)]
struct Container {
    only_if: Option<usize>,
    privileged: Expression,
    read_only: Expression,
    user: Expression,
    mode: Expression,
    add: Vec<Expression>,
}

#[derive(Debug, Clone)]
struct Template {
    conditions: Vec<Condition>,
    only_if: Option<usize>,
    containers: Vec<Container>,
}

const CONDITIONS: usize = 3;

fn condition(before: usize) -> impl Strategy<Value = Condition> {
    let parameter = 0..PARAMETERS.len();
    let value = prop::sample::select(vec!["prod", "test", "true", "0", "elsewhere"]);
    let joined = prop::sample::select(vec!["prod:0", "true:1000", "prod", "test:prod"]);
    let leaf = prop_oneof![
        4 => (parameter.clone(), value).prop_map(|(at, value)| Condition::Is(at, value)),
        1 => (parameter.clone(), parameter.clone()).prop_map(|(one, other)| Condition::Same(one, other)),
        1 => (parameter.clone(), parameter, joined).prop_map(|(one, other, text)| Condition::Joined(one, other, text)),
        1 => (0..before.max(1)).prop_map(move |at| if before == 0 { Condition::Is(0, "prod") } else { Condition::Named(at) }),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|condition| Condition::Not(Box::new(condition))),
            prop::collection::vec(inner.clone(), 2..=3).prop_map(Condition::All),
            prop::collection::vec(inner, 2..=3).prop_map(Condition::Any),
        ]
    })
}

fn expression(texts: &'static [&'static str]) -> impl Strategy<Value = Expression> {
    let parameter = 0..PARAMETERS.len();
    let text = prop::sample::select(texts);
    let leaf = prop_oneof![
        4 => text.clone().prop_map(Expression::Text),
        1 => Just(Expression::Absent),
        1 => parameter.clone().prop_map(Expression::Parameter),
        1 => parameter.clone().prop_map(|at| Expression::Around("", at, "")),
        1 => parameter.clone().prop_map(|at| Expression::Around("1000:", at, "")),
        1 => (0_usize..2, parameter.clone()).prop_map(|(index, at)| Expression::Selected(index, at)),
        1 => (parameter, [plain(), plain(), plain()]).prop_map(|(at, values)| Expression::Mapped(at, values)),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (0..CONDITIONS, inner.clone(), inner).prop_map(|(condition, then, otherwise)| {
            Expression::If(condition, Box::new(then), Box::new(otherwise))
        })
    })
}

fn plain() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["true", "false", "root", "1000", "non-blocking"])
}

fn container() -> impl Strategy<Value = Container> {
    (
        prop::option::weighted(0.3, 0..CONDITIONS),
        expression(&["true", "false", "'false'"]),
        expression(&["true", "false", "'TRUE'"]),
        expression(&["root", "'1000'", "app"]),
        expression(&["non-blocking", "blocking"]),
        prop::collection::vec(expression(&["SYS_ADMIN"]), 0..=1),
    )
        .prop_map(|(only_if, privileged, read_only, user, mode, add)| Container {
            only_if,
            privileged,
            read_only,
            user,
            mode,
            add,
        })
}

fn template() -> impl Strategy<Value = Template> {
    (
        (condition(0), condition(1), condition(2)),
        prop::option::weighted(0.2, 0..CONDITIONS),
        prop::collection::vec(container(), 1..=2),
    )
        .prop_map(|((first, second, third), only_if, containers)| Template {
            conditions: vec![first, second, third],
            only_if,
            containers,
        })
}

/// The verdict of each rule and whether a violation is certain; nothing where no task definition is created.
fn verdicts(text: &str, given: &Given) -> Vec<(&'static str, Verdict, bool)> {
    let file = check("template.yaml", text, given, &Policy::baseline()).expect("a template");
    let tasks = file.judged.unwrap_or_else(|unreadable| panic!("{unreadable:?}\n{text}"));
    let outcomes = tasks.into_iter().flat_map(|task| task.report.outcomes);
    outcomes.map(|outcome| (outcome.rule.name, outcome.findings.verdict, outcome.findings.is_certain)).collect()
}

fn written(template: &Template, choice: Option<&Choice>) -> String {
    Written { conditions: &template.conditions, choice, mappings: String::new() }.template(template)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_of_a_template_is_what_is_said_of_all_its_cases(template in template()) {
        let with_functions = written(&template, None);
        let joined = verdicts(&with_functions, &Given::default());
        let mut of_cases = Vec::new();
        for choice in choices() {
            let literal = written(&template, Some(&choice));
            let of_literal = verdicts(&literal, &Given::default());
            let given = PARAMETERS.iter().zip(&choice).map(|((name, _), value)| ((*name).into(), (*value).into()));
            let given = Given { parameters: given.collect(), ..Given::default() };
            let of_given = verdicts(&with_functions, &given);
            for (rule, verdict, _) in &of_given {
                let literal = of_literal.iter().find(|(name, ..)| name == rule);
                let expected = literal.map_or(Verdict::NotApplicable, |(_, verdict, _)| *verdict);
                prop_assert_eq!(*verdict, expected, "{} for {:?}\n{}", rule, choice, with_functions);
            }
            of_cases.push(of_literal);
        }
        for (rule, verdict, is_certain) in joined {
            let of_rule: Vec<Verdict> = of_cases
                .iter()
                .map(|case| case.iter().find(|(name, ..)| *name == rule).map_or(Verdict::NotApplicable, |(_, verdict, _)| *verdict))
                .collect();
            prop_assert_eq!(Some(verdict), of_rule.iter().copied().max(), "{}\n{}", rule, with_functions);
            if verdict == Verdict::Fail {
                let fails_always = of_rule.iter().all(|verdict| *verdict == Verdict::Fail);
                prop_assert_eq!(is_certain, fails_always, "{}\n{}", rule, with_functions);
            }
        }
    }
}
