//! Templates whose values depend on parameters, against brute force.
//!
//! Owns a small language of templates that is written out in two ways: with CloudFormation's functions, and with every
//! value put in for one choice of parameters. What is said of the first must be what the second says for all choices.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]
#![allow(clippy::indexing_slicing, reason = "positions come from the generator")]

#[path = "cases/joined.rs"]
mod joined;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ecs_guard::check::{check, read_document};
use ecs_guard::document::{Node, Value};
use ecs_guard::engine::{Subject, excuse};
use ecs_guard::finding::Verdict;
use ecs_guard::hook::{Answer, Hook, Prepared, Status};
use ecs_guard::policy::{Policy, read};
use ecs_guard::rule::Profile;
use ecs_guard::template::Given;
use joined::{Parts, free_choices, function, joined_template, put_together};
use proptest::prelude::*;
use serde_json::json;

/// The parameters of every generated template, with their allowed values.
const PARAMETERS: &[(&str, &[&str])] =
    &[("Stage", &["prod", "test", "root"]), ("Flag", &["true", "false"]), ("Group", &["0", "1000", "prod"])];

/// Parameters that may be any text, behind the others.
const FREE: &[&str] = &["One", "Two"];

/// The name of a parameter.
fn name_of(parameter: usize) -> &'static str {
    PARAMETERS.get(parameter).map_or_else(|| FREE[parameter - PARAMETERS.len()], |(name, _)| name)
}

/// The value of each parameter, by position.
type Choice = Vec<&'static str>;

fn choices() -> Vec<Choice> {
    PARAMETERS.iter().fold(vec![Vec::new()], |choices, (_, values)| {
        let longer = |choice: &Choice| {
            values.iter().map(|value| [choice.as_slice(), &[value]].concat()).collect::<Vec<_>>()
        };
        choices.iter().flat_map(longer).collect()
    })
}

#[derive(Debug, Clone)]
enum Condition {
    Is(usize, &'static str),
    Same(usize, usize),
    /// Two parameters joined by a colon are this text.
    Joined(usize, usize, &'static str),
    /// Two texts that are put together are equal; written with `Fn::Join` or with `Fn::Sub`.
    Equal(Parts, Parts, bool),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// The condition with this number, of those before.
    Named(usize),
}

impl Condition {
    fn written(&self) -> String {
        let several =
            |conditions: &[Self]| conditions.iter().map(Self::written).collect::<Vec<_>>().join(", ");
        let name = |at: &usize| name_of(*at);
        match self {
            Self::Is(parameter, value) => {
                format!("{{'Fn::Equals': [{{Ref: {}}}, '{value}']}}", name(parameter))
            }
            Self::Same(one, other) => {
                format!("{{'Fn::Equals': [{{Ref: {}}}, {{'Fn::Sub': '${{{}}}'}}]}}", name(one), name(other))
            }
            Self::Joined(one, other, text) => format!(
                "{{'Fn::Equals': ['{text}', {{'Fn::Join': [':', [{{Ref: {}}}, {{Ref: {}}}]]}}]}}",
                name(one),
                name(other)
            ),
            Self::Equal(one, other, is_joined) => {
                format!("{{'Fn::Equals': [{}, {}]}}", function(one, *is_joined), function(other, !*is_joined))
            }
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
            Self::Equal(one, other, _) => put_together(one, choice) == put_together(other, choice),
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
    /// From a mapping that has these keys, by a text that is put together; else the text behind them.
    Found(Parts, [(&'static str, &'static str); 2], &'static str),
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
        let name = |at: &usize| name_of(*at);
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
            Expression::Found(parts, entries, default) => {
                if let Some(choice) = self.choice {
                    let text = put_together(parts, choice);
                    let found = entries.iter().find(|(key, _)| *key == text);
                    return Some(format!("'{}'", found.map_or(*default, |(_, value)| *value)));
                }
                let map = format!("M{}", self.mappings.len());
                let [(first, of_first), (second, of_second)] = entries;
                write!(
                    self.mappings,
                    "{map}: {{'{first}': {{K: '{of_first}'}}, '{second}': {{K: '{of_second}'}}}}, "
                )
                .unwrap();
                format!(
                    "{{'Fn::FindInMap': [{map}, {}, K, {{DefaultValue: '{default}'}}]}}",
                    function(parts, self.mappings.len().is_multiple_of(2))
                )
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
        let mut text = match &container.identity {
            None => "{Name: a".to_owned(),
            Some((name, image)) => {
                let [name, image] = [name, image].map(|expression| self.expression(expression));
                let name = name.map(|name| format!("Name: {name}, ")).unwrap_or_default();
                let image = image.map(|image| format!("Image: {image}, ")).unwrap_or_default();
                format!("{{{name}{image}Cpu: 1")
            }
        };
        let Container { privileged, read_only, user, mode, add, .. } = container;
        for (key, expression) in
            [("Privileged", privileged), ("ReadonlyRootFilesystem", read_only), ("User", user)]
        {
            if let Some(value) = self.expression(expression) {
                write!(text, ", {key}: {value}").unwrap();
            }
        }
        let mode = self.expression(mode).map(|mode| format!("mode: {mode}, ")).unwrap_or_default();
        write!(text, ", LogConfiguration: {{LogDriver: awslogs, Options: {{{mode}max-buffer-size: 25m}}}}")
            .unwrap();
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
            for name in FREE {
                writeln!(text, "  {name}: {{Type: String}}").unwrap();
            }
            text += "Conditions:\n";
            for (at, condition) in self.conditions.iter().enumerate() {
                writeln!(text, "  C{at}: {}", condition.written()).unwrap();
            }
            writeln!(text, "Mappings: {{{}}}", self.mappings).unwrap();
            if let Some(demand) = &template.demand {
                writeln!(text, "Rules: {{Demand: {{Assertions: [{{Assert: {}}}]}}}}", demand.written())
                    .unwrap();
            }
        }
        if !is_created {
            return text + "Resources: {}\n";
        }
        text + &format!(
            "Resources: {{T: {{Type: 'AWS::ECS::TaskDefinition', {condition}Properties: {{Family: shop, ContainerDefinitions: [{}]}}}}}}\n",
            containers.join(", ")
        )
    }
}

#[derive(Debug, Clone)]
struct Container {
    only_if: Option<usize>,
    /// Its name and its image.
    identity: Option<(Expression, Expression)>,
    privileged: Expression,
    read_only: Expression,
    user: Expression,
    mode: Expression,
    add: Vec<Expression>,
}

#[derive(Debug, Clone)]
struct Template {
    conditions: Vec<Condition>,
    /// What the template demands of its parameters. It speaks of one parameter and of nothing else, so it is decided
    /// wherever that parameter is.
    demand: Option<Condition>,
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
    combined(leaf)
}

/// Conditions that are made of others.
fn combined(leaf: impl Strategy<Value = Condition> + 'static) -> impl Strategy<Value = Condition> {
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
        expression(&["true", "false", "'false'", "yes", "1", "[a]", "null"]),
        expression(&["true", "false", "'TRUE'", "off", "{a: b}", "~"]),
        expression(&["root", "'1000'", "app", "0x0", "'0x0'", "1000:0", "[root]"]),
        expression(&["non-blocking", "blocking", "1", "null"]),
        prop::collection::vec(expression(&["SYS_ADMIN", "null", "1", "{a: b}"]), 0..=1),
    )
        .prop_map(|(only_if, privileged, read_only, user, mode, add)| Container {
            only_if,
            identity: None,
            privileged,
            read_only,
            user,
            mode,
            add,
        })
}

impl Template {
    /// The choices that the template does not refuse; all, if it refuses all.
    fn possible_choices(&self) -> Vec<Choice> {
        let is_possible =
            |choice: &Choice| self.demand.as_ref().is_none_or(|demand| demand.holds(choice, &[]));
        let possible: Vec<Choice> = choices().into_iter().filter(is_possible).collect();
        if possible.is_empty() { choices() } else { possible }
    }
}

/// What a template may demand: that a parameter is a value, or is not.
fn demand() -> impl Strategy<Value = Condition> {
    let values = |at: usize| (Just(at), prop::sample::select(PARAMETERS[at].1), any::<bool>());
    (0..PARAMETERS.len()).prop_flat_map(values).prop_map(|(at, value, is_it)| {
        let is = Condition::Is(at, value);
        if is_it { is } else { Condition::Not(Box::new(is)) }
    })
}

fn template() -> impl Strategy<Value = Template> {
    (
        (condition(0), condition(1), condition(2)),
        prop::option::weighted(0.3, demand()),
        prop::option::weighted(0.2, 0..CONDITIONS),
        prop::collection::vec(container(), 1..=2),
    )
        .prop_map(|((first, second, third), demand, only_if, containers)| Template {
            conditions: vec![first, second, third],
            demand,
            only_if,
            containers,
        })
}

/// A template of containers whose names and images differ from case to case.
fn template_of_many() -> impl Strategy<Value = Template> {
    let identity = (expression(&["a", "b"]), expression(&["nginx:1", "httpd:2", "x/nginx:2"]));
    let identities = prop::collection::vec(identity, 2);
    (template(), identities).prop_map(|(mut template, identities)| {
        for (container, identity) in template.containers.iter_mut().zip(identities) {
            container.identity = Some(identity);
        }
        template
    })
}

const TODAY: &str = "2026-11-25";
const ACCOUNT: &str = "111122223333";

/// A policy without exceptions, and some with.
fn policies() -> impl Strategy<Value = Policy> {
    let matchers = ["container: a", "image: 'nginx:*'", "{container: b, image: '*nginx:*'}", "family: 'sh*'"];
    let some = prop::collection::vec((prop::sample::select(matchers.to_vec()), any::<bool>()), 1..=2);
    some.prop_map(|exceptions| {
        let mut text = "profile: pedantic\nexceptions:\n".to_owned();
        for (at, (matcher, is_wide)) in exceptions.iter().enumerate() {
            let matcher = matcher.trim_matches(['{', '}']);
            let rules =
                if *is_wide { "[root-user, privileged-container, blocking-awslogs]" } else { "root-user" };
            let until = format!("2027-01-{:02}", at + 1);
            writeln!(
                text,
                "  - {{rules: {rules}, account: '1{}*', {matcher}, reason: x, expires: {until}}}",
                "1".repeat(at)
            )
            .unwrap();
        }
        read(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    })
}

/// The verdict of each rule and whether a violation is certain; nothing where no task definition is created.
fn verdicts(text: &str, given: &Given, policy: &Policy) -> Vec<(&'static str, Verdict, bool)> {
    let file = check("template.yaml", text, given, policy).expect("a template");
    let mut tasks = file.judged.unwrap_or_else(|unreadable| panic!("{unreadable:?}\n{text}"));
    for task in &mut tasks {
        let subject = Subject { account: Some(ACCOUNT), ..Subject::default() };
        excuse(&mut task.report, &subject, policy, TODAY.parse().unwrap());
    }
    let outcomes = tasks.into_iter().flat_map(|task| task.report.outcomes);
    outcomes
        .map(|outcome| (outcome.rule.name, outcome.findings.verdict, outcome.findings.is_certain))
        .collect()
}

fn written(template: &Template, choice: Option<&Choice>) -> String {
    Written { conditions: &template.conditions, choice, mappings: String::new() }.template(template)
}

/// What the hook says of an event: the verdict of each rule, and whether the operation is blocked.
fn answered(
    mut event: serde_json::Value,
    payload: &serde_json::Value,
    policy: &Policy,
) -> (Vec<(&'static str, Verdict)>, bool) {
    event["awsAccountId"] = json!(ACCOUNT);
    let hook = Hook::new(Ok(policy.clone()));
    let outside = Prepared {
        body: Ok(payload.to_string().into_bytes()),
        today: TODAY.parse().unwrap(),
        stack_tags: Err("nobody asks".into()),
    };
    let Answer { response, record } = hook.respond(event.to_string().as_bytes(), &outside);
    assert!(!record.is_internal_error, "{}\n{payload}", response.message);
    (record.verdicts, response.hook_status == Status::Failed)
}

fn stack_answer(
    template: &str,
    previous: Option<&str>,
    policy: &Policy,
) -> (Vec<(&'static str, Verdict)>, bool) {
    let event = json!({
        "clientRequestToken": "token", "actionInvocationPoint": "UPDATE_PRE_PROVISION",
        "requestData": {"targetName": "STACK", "payload": "https://x.s3.amazonaws.com/x"},
    });
    answered(event, &json!({"template": template, "previousTemplate": previous}), policy)
}

fn resource_answer(properties: &serde_json::Value) -> (Vec<(&'static str, Verdict)>, bool) {
    let event = json!({
        "clientRequestToken": "token", "actionInvocationPoint": "CREATE_PRE_PROVISION",
        "requestData": {
            "targetName": "AWS::ECS::TaskDefinition", "targetModel": {"resourceProperties": properties},
        },
    });
    answered(event, &json!(null), &Policy::of(Profile::Pedantic))
}

/// What a document without functions is in JSON; unquoted numbers that JSON does not know stay what they mean.
fn in_json(node: &Node<'_>) -> serde_json::Value {
    match &node.value {
        Value::Null => json!(null),
        Value::Bool(value) => json!(value),
        Value::Number(text) => match serde_json::from_str(text) {
            Ok(number) => number,
            Err(_) if text.contains(':') => json!(**text),
            Err(_) => json!(0),
        },
        Value::String(text) => json!(**text),
        Value::Sequence(items) => items.iter().map(in_json).collect(),
        Value::Mapping(entries) => serde_json::Value::Object(
            entries.iter().map(|entry| (entry.key.to_string(), in_json(&entry.value))).collect(),
        ),
        Value::Intrinsic(_) => panic!("a function in a literal document"),
    }
}

/// Holds what is said of a template against what is said of its cases.
fn judge_cases(template: &Template, choices: &[Choice], policy: &Policy) -> Result<(), TestCaseError> {
    let with_functions = written(template, None);
    let joined = verdicts(&with_functions, &Given::default(), policy);
    let mut of_cases = BTreeMap::new();
    for choice in choices {
        let literal = written(template, Some(choice));
        if of_cases.contains_key(&literal) {
            continue;
        }
        let of_literal = verdicts(&literal, &Given::default(), policy);
        let value = |(at, value): (usize, &&'static str)| (name_of(at).to_owned(), (*value).to_owned());
        let given = Given { parameters: choice.iter().enumerate().map(value).collect(), ..Given::default() };
        for (rule, verdict, _) in &verdicts(&with_functions, &given, policy) {
            let expected = of_rule(&of_literal, rule);
            prop_assert_eq!(*verdict, expected, "{} for {:?}\n{}", rule, choice, with_functions);
        }
        of_cases.insert(literal, of_literal);
    }
    for (rule, verdict, is_certain) in joined {
        let of_cases: Vec<Verdict> = of_cases.values().map(|case| of_rule(case, rule)).collect();
        prop_assert_eq!(Some(verdict), of_cases.iter().copied().max(), "{}\n{}", rule, with_functions);
        if verdict == Verdict::Fail {
            let fails_always = of_cases.iter().all(|verdict| *verdict == Verdict::Fail);
            prop_assert_eq!(is_certain, fails_always, "{}\n{}", rule, with_functions);
        }
    }
    Ok(())
}

/// What a rule says, of what all say.
fn of_rule(verdicts: &[(&'static str, Verdict, bool)], rule: &str) -> Verdict {
    let found = verdicts.iter().find(|(name, ..)| *name == rule);
    found.map_or(Verdict::NotApplicable, |(_, verdict, _)| *verdict)
}

/// Holds what the hook says of a stack against what is said of its template's cases.
fn judge_stack(template: &Template, choices: &[Choice], policy: &Policy) -> Result<(), TestCaseError> {
    let with_functions = written(template, None);
    let (verdicts_of_stack, is_blocked) = stack_answer(&with_functions, None, policy);
    let literals: BTreeSet<_> = choices.iter().map(|choice| written(template, Some(choice))).collect();
    let of_cases: Vec<_> =
        literals.iter().map(|literal| verdicts(literal, &Given::default(), policy)).collect();
    let mut fails = false;
    for (rule, verdict) in verdicts_of_stack {
        let of_case = |case: &Vec<(&'static str, Verdict, bool)>| of_rule(case, rule);
        let worst = of_cases.iter().map(of_case).max().unwrap();
        let is_everywhere = of_cases.iter().all(|case| of_case(case) == Verdict::Fail);
        let expected = if worst == Verdict::Fail && !is_everywhere { Verdict::Unknown } else { worst };
        prop_assert_eq!(verdict, expected, "{}\n{}", rule, with_functions);
        fails |= verdict == Verdict::Fail;
    }
    prop_assert_eq!(is_blocked, fails, "{}", with_functions);
    // Of the same template again, a parameter may have another value; without one, nothing is new.
    prop_assert_eq!(stack_answer(&with_functions, Some(&with_functions), policy).1 && !fails, false);
    let literal = written(template, Some(&choices[0]));
    prop_assert!(!stack_answer(&literal, Some(&literal), policy).1, "{}", literal);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_of_a_template_is_what_is_said_of_all_its_cases(template in template()) {
        judge_cases(&template, &template.possible_choices(), &Policy::of(Profile::Pedantic))?;
    }

    /// Of open parameters, conditions tell what they are, and those may be asked for before the values or after them.
    #[test]
    fn the_order_of_containers_decides_nothing(template in template(), are_open in any::<[bool; 3]>()) {
        let policy = Policy::of(Profile::Pedantic);
        let open = |template: &Template| {
            let text = written(template, None);
            let lines = text.lines().map(|line| {
                let is_of = |((name, _), is_open): (&(&str, _), &bool)| *is_open && line.starts_with(&format!("  {name}:"));
                let is_open = PARAMETERS.iter().zip(&are_open).any(is_of);
                let limited = line.split_once(", AllowedValues").filter(|_| is_open);
                limited.map_or_else(|| line.to_owned(), |(before, _)| format!("{before}}}"))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let mut reversed = template.clone();
        reversed.containers.reverse();
        let (text, reversed) = (open(&template), open(&reversed));
        prop_assert_eq!(verdicts(&text, &Given::default(), &policy), verdicts(&reversed, &Given::default(), &policy), "{}\n{}", text, reversed);
    }

    #[test]
    fn the_order_of_containers_decides_nothing_of_exceptions(template in template_of_many(), policy in policies()) {
        let mut reversed = template.clone();
        reversed.containers.reverse();
        let (text, reversed) = (written(&template, None), written(&reversed, None));
        prop_assert_eq!(verdicts(&text, &Given::default(), &policy), verdicts(&reversed, &Given::default(), &policy), "{}\n{}", text, reversed);
    }

    #[test]
    fn an_event_about_the_stack_fails_what_fails_in_all_cases(template in template()) {
        judge_stack(&template, &template.possible_choices(), &Policy::of(Profile::Pedantic))?;
    }

    #[test]
    fn an_exception_excuses_in_each_case_what_it_excuses_in_that_case(template in template_of_many(), policy in policies()) {
        judge_cases(&template, &template.possible_choices(), &policy)?;
        judge_stack(&template, &template.possible_choices(), &policy)?;
    }

    #[test]
    fn literal_templates_get_the_same_verdicts_everywhere(template in template(), choice in 0..18_usize) {
        let policy = &Policy::of(Profile::Pedantic);
        let yaml = written(&template, Some(&choices()[choice]));
        let root = read_document(&yaml).unwrap();
        let json = in_json(&root.root);
        let of_check: Vec<_> =
            verdicts(&yaml, &Given::default(), policy).into_iter().map(|(rule, verdict, _)| (rule, verdict)).collect();
        let of_json: Vec<_> = verdicts(&json.to_string(), &Given::default(), policy)
            .into_iter()
            .map(|(rule, verdict, _)| (rule, verdict))
            .collect();
        prop_assert_eq!(&of_check, &of_json, "{}", yaml);
        prop_assert_eq!(&of_check, &stack_answer(&yaml, None, policy).0, "{}", yaml);
        prop_assert_eq!(&of_check, &stack_answer(&json.to_string(), Some(""), policy).0, "{}", yaml);
        if let Some(properties) = json.pointer("/Resources/T/Properties") {
            prop_assert_eq!(&of_check, &resource_answer(properties).0, "{}", yaml);
        }
    }
}

proptest! {
    // Each of these stands for some thousand choices.
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_of_joined_texts_is_what_is_said_of_all_their_cases(template in joined_template()) {
        judge_cases(&template, &free_choices(), &Policy::of(Profile::Pedantic))?;
    }

    #[test]
    fn an_event_about_joined_texts_fails_what_fails_in_all_cases(template in joined_template()) {
        judge_stack(&template, &free_choices(), &Policy::of(Profile::Pedantic))?;
    }
}
