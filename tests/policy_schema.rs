//! The JSON Schema of the policy file says what the reader says.
//!
//! Owns policies that are generated from the catalogue, right and with mistakes, and the list of what JSON Schema cannot
//! say.
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use ecs_guard::output::policy_schema;
use ecs_guard::policy;
use ecs_guard::rule::{OptionKind, Profile, Rule, RuleOption};
use ecs_guard::rules;
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

fn schema() -> Value {
    serde_json::from_str(&policy_schema::text()).unwrap()
}

thread_local! {
    static VALIDATOR: Validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap();
}

fn is_valid(policy: &Value) -> bool {
    VALIDATOR.with(|validator| validator.is_valid(policy))
}

/// The policy with what is listed in each option as the rule compares it, which a schema cannot know: words in the one
/// spelling that the schema offers, and null for a text that is none.
fn respelled(mut policy: Value) -> Value {
    for rule in rules::ALL.iter().map(|rule| rule.metadata()) {
        for option in rule.options() {
            let compared = |text: &str| match option.kind {
                OptionKind::Words { normalize, .. } => Some(normalize(text)),
                OptionKind::Texts { normalize, .. } => normalize(text),
                _ => Some(text.to_owned()),
            };
            let list = policy.pointer_mut(&format!("/rules/{}/{}", rule.name, option.name));
            for item in list.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(text) = item.as_str() {
                    *item = compared(text).into();
                }
            }
        }
    }
    policy
}

/// A policy that only one of the two takes, in words.
fn disagreement(policy: &Value) -> Option<String> {
    let mut mistakes = policy::read(&policy.to_string()).err().map(|problems| problems.0).unwrap_or_default();
    // Whether a rule is on is said elsewhere in the policy.
    mistakes.retain(|problem| !problem.message.ends_with("is off, so there is nothing to excuse"));
    match (is_valid(&respelled(policy.clone())), mistakes.first()) {
        (true, Some(mistake)) => Some(format!("valid, but not read: {}: {policy}", mistake.message)),
        (false, None) => Some(format!("read, but not valid: {policy}")),
        _ => None,
    }
}

/// Some of these keys, each with a value of its strategy.
fn map(keys: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    let values: Vec<_> = values.into_iter().map(prop::option::of).collect();
    let entries = move |values: Vec<Option<Value>>| {
        names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect()
    };
    prop_oneof![1 => Just(Value::Null), 9 => values.prop_map(entries).prop_map(Value::Object)].boxed()
}

fn word(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    select(words).prop_map(Value::from).boxed()
}

fn option(option: &RuleOption) -> BoxedStrategy<Value> {
    match option.kind {
        OptionKind::Boolean { .. } => any::<bool>().prop_map(Value::from).boxed(),
        OptionKind::Size { .. } => {
            prop_oneof![Just(json!("1.5 MiB")), Just(json!("25m")), any::<u32>().prop_map(Value::from)]
                .boxed()
        }
        OptionKind::Choice { words, .. } => word(words),
        OptionKind::Texts { default, example, .. } => {
            let texts = [default, example].concat();
            let count = usize::from(!option.kind.may_be_empty())..=texts.len();
            subsequence(texts, count).prop_map(Value::from).boxed()
        }
        OptionKind::Words { known, or_all, .. } => {
            let list = subsequence(known, usize::from(!option.kind.may_be_empty())..=known.len());
            let list = list.prop_map(Value::from).boxed();
            if or_all { prop_oneof![1 => Just(json!("all")), 3 => list].boxed() } else { list }
        }
    }
}

fn rule_about_containers() -> impl Strategy<Value = &'static str> {
    let rules = rules::ALL.iter().filter(|rule| rule.is_about_containers());
    select(rules.map(|rule| rule.metadata().name).collect::<Vec<_>>())
}

/// An exception that is sound, because it is limited to accounts.
fn exception() -> impl Strategy<Value = Value> {
    let texts = |texts: &'static [&'static str]| {
        let list = subsequence(texts, 1..=texts.len()).prop_map(Value::from);
        prop_oneof![word(texts), list].boxed()
    };
    let names = || texts(&["web", "web-*", "a_?"]);
    let limits = map(vec![
        ("stack-name", texts(&["legacy-*", "shop"])),
        ("stack-tags", Just(json!({"team": ["a", "b*"], "stage": ""})).boxed()),
        ("logical-id", prop_oneof![texts(&["Api", "*Task", "a?"]), Just(json!(7))].boxed()),
        ("family", names()),
        ("container", prop_oneof![names(), Just(json!(-1))].boxed()),
        ("image", texts(&["*/agent:*", "agent"])),
        ("owner", word(&["platform"])),
        ("expires", word(&["2027-03-31", "2028-02-29"])),
        ("trust-author", any::<bool>().prop_map(Value::from).boxed()),
    ]);
    let accounts = texts(&["111122223333", "0*", "0???????????"]);
    (rule_about_containers(), any::<bool>(), accounts, limits).prop_map(
        |(rule, is_list, accounts, limits)| {
            let mut exception = json!({"rules": rule, "reason": "ticket", "account": accounts});
            if is_list {
                exception["rules"] = json!([rule]);
            }
            if let (Value::Object(all), Value::Object(limits)) = (&mut exception, limits) {
                all.extend(limits);
            }
            exception
        },
    )
}

/// Exceptions that are sound together, because they are about different rules.
fn exceptions() -> impl Strategy<Value = Value> {
    prop::collection::vec(exception(), 0..3).prop_map(|mut exceptions| {
        let rule = |exception: &Value| match &exception["rules"] {
            Value::Array(rules) => rules[0].clone(),
            rule => rule.clone(),
        };
        exceptions.dedup_by_key(|exception| rule(exception));
        exceptions.into()
    })
}

fn right_policy() -> BoxedStrategy<Value> {
    let of_rule = |rule: &&'static dyn Rule| {
        let options = rule.metadata().options().map(|declared| (declared.name, option(declared)));
        let level = ("level", word(&["deny", "warn", "off"]));
        let keys: Vec<_> = std::iter::once(level).chain(options).collect();
        let Some(required) = rule.metadata().required_option() else {
            return (rule.metadata().name, map(keys));
        };
        let with_required = (map(keys), option(required)).prop_map(|(mut setting, value)| {
            if let Value::Object(setting) = &mut setting {
                setting.insert(required.name.into(), value);
            }
            setting
        });
        (rule.metadata().name, with_required.boxed())
    };
    let levels = || word(&["deny", "warn"]);
    map(vec![
        ("profile", select(Profile::ALL).prop_map(|profile| profile.as_str().into()).boxed()),
        ("on-internal-error", word(&["deny", "allow"])),
        ("unresolved", map(vec![("resource", levels()), ("stack", levels())])),
        ("stack-scope", word(&["changed", "all"])),
        ("change-set-parameters", word(&["unknown", "describe"])),
        ("documentation-url", word(&["https://wiki.example/ecs", "http://wiki/?a=b&c=%20"])),
        ("rules", map(rules::ALL.iter().map(of_rule).collect())),
        ("exceptions", exceptions().boxed()),
    ])
}

/// Values that belong nowhere, and words that belong elsewhere.
fn odd() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(2.5),
        json!(10_000_000_000_000_000_000_u64),
        json!(""),
        json!("deny"),
        json!("Deny"),
        json!("off"),
        json!("all"),
        json!("true"),
        json!("25m"),
        json!("25x"),
        json!([]),
        json!(["all"]),
        json!(["Awslogs", "AWSFIRELENS"]),
        json!(["cap_chown", "Kill"]),
        json!(["/a/../b/", "a b", "*", "https://x", ""]),
        json!(["awslogs", 7]),
        json!({}),
        json!({"level": "off"}),
        json!({"team": 7}),
    ])
}

#[derive(Debug, Clone)]
enum Mistake {
    Remove,
    Replace(Value),
    Add(&'static str, Value),
}

fn mistake() -> impl Strategy<Value = Mistake> {
    let keys =
        &["profile", "profil", "level", "rules", "stack", "root-user", "allow", "drivers", "$schema", ""];
    prop_oneof![
        Just(Mistake::Remove),
        odd().prop_map(Mistake::Replace),
        (select(&keys[..]), odd()).prop_map(|(key, value)| Mistake::Add(key, value)),
    ]
}

fn pointers(value: &Value, pointer: &str, all: &mut Vec<String>) {
    all.push(pointer.to_owned());
    if let Value::Object(entries) = value {
        entries.iter().for_each(|(key, value)| pointers(value, &format!("{pointer}/{key}"), all));
    }
    if let Value::Array(items) = value {
        items.iter().enumerate().for_each(|(at, item)| pointers(item, &format!("{pointer}/{at}"), all));
    }
}

/// Makes a mistake somewhere.
fn make(policy: &mut Value, place: Index, mistake: Mistake) {
    let mut all = Vec::new();
    pointers(policy, "", &mut all);
    let pointer = &all[place.index(all.len())];
    let value = policy.pointer_mut(pointer).unwrap();
    match mistake {
        Mistake::Remove => {
            let (above, key) = pointer.rsplit_once('/').unwrap_or_default();
            if let Some(Value::Object(entries)) = policy.pointer_mut(above) {
                entries.remove(key);
            }
        }
        Mistake::Replace(odd) => *value = odd,
        Mistake::Add(key, odd) => match value {
            Value::Object(entries) => drop(entries.insert(key.into(), odd)),
            Value::Array(items) => items.push(odd),
            other => *other = Value::Object(Map::from_iter([(key.into(), odd)])),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_right_policy_is_valid_and_is_read(policy in right_policy()) {
        prop_assert!(is_valid(&policy), "{}", policy);
        prop_assert_eq!(disagreement(&policy), None);
    }

    #[test]
    fn a_mistake_is_one_to_both(
        mut policy in right_policy(),
        mistakes in prop::collection::vec((any::<Index>(), mistake()), 1..4),
    ) {
        for (place, mistake) in mistakes {
            make(&mut policy, place, mistake);
        }
        prop_assert_eq!(disagreement(&policy), None);
    }

    #[test]
    fn sizes_have_one_grammar(size in "[-+]?[0-9. ]{0,2}([eE][-+]?[01]?)? ?[ bkmtgpixBKMTGPIX]{0,3}") {
        let size = json!({"rules": {"blocking-awslogs": {"minimum-buffer-size": size}}});
        prop_assert_eq!(disagreement(&size), None);
    }

    #[test]
    fn numbers_are_sizes_when_they_are_bytes(size in any::<f64>()) {
        let size = json!({"rules": {"blocking-awslogs": {"minimum-buffer-size": size}}});
        prop_assert_eq!(disagreement(&size), None);
    }

    #[test]
    fn what_limits_an_exception_has_one_grammar(
        key in select(&["account", "stack-name", "logical-id", "family", "container", "image", "expires", "owner"][..]),
        text in prop_oneof!["[a-z0-9*?/: _-]{0,3}", "[0-9*?]{11,13}", "2[0-9]{3}-[01][0-9]-[0-3][0-9]", "[0-9TWZ+-]{10}"],
    ) {
        let mut exception = json!({"rules": "root-user", "reason": "ticket", "trust-author": true, "image": "*"});
        exception[key] = text.into();
        prop_assert_eq!(disagreement(&json!({"exceptions": [exception]})), None);
    }

    #[test]
    fn links_have_one_grammar(link in "(http|https|ftp)(://|:/)[ -~]{0,3}[a-z]{0,1}[é\t\n]?", length in 180..210_usize) {
        let long = json!({"documentation-url": format!("{link:/<length$}")});
        prop_assert_eq!(disagreement(&long), None);
        prop_assert_eq!(disagreement(&json!({"documentation-url": link})), None);
    }
}

/// What JSON Schema cannot say: a policy, the value that editors see of it, and why the two are not judged alike.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "{profile: baseline, profile: baseline}",
        r#"{"profile": "baseline"}"#,
        "a key that is written twice is one key to a schema",
    ),
    (
        "rules: {root-user: &same {}, privileged-container: *same}",
        r#"{"rules": {"root-user": {}, "privileged-container": {}}}"#,
        "an alias, which a policy does not have, is what it stands for to a schema",
    ),
    (
        "rules: {root-user: {level: off}}",
        r#"{"rules": {"root-user": {"level": false}}}"#,
        "programs that read YAML 1.1 take the word for a boolean; editors read YAML 1.2",
    ),
    (
        "rules: {blocking-awslogs: {minimum-buffer-size: 0x10}}",
        r#"{"rules": {"blocking-awslogs": {"minimum-buffer-size": 16}}}"#,
        "the reader sees how a number is spelled, a schema what it is",
    ),
    (
        "rules: {blocking-awslogs: {minimum-buffer-size: 9e18b}}",
        r#"{"rules": {"blocking-awslogs": {"minimum-buffer-size": "9e18b"}}}"#,
        "how large a number is that stands in a string",
    ),
    (
        "rules: {added-linux-capabilities: {allow: [cap_chown]}}",
        r#"{"rules": {"added-linux-capabilities": {"allow": ["cap_chown"]}}}"#,
        "other spellings of a word are brought into one by the rule; a schema offers that one",
    ),
    (
        "rules: {sensitive-host-path: {paths: [etc]}}",
        r#"{"rules": {"sensitive-host-path": {"paths": ["etc"]}}}"#,
        "only the rule knows what a text of the author's own must look like",
    ),
    (
        "{rules: {root-user: {level: off}}, exceptions: [{rules: root-user, account: '1*', reason: ticket}]}",
        r#"{"rules": {"root-user": {"level": "off"}}, "exceptions": [{"rules": "root-user", "account": "1*", "reason": "ticket"}]}"#,
        "whether a rule is on, so that there is something to excuse, is said elsewhere in the policy",
    ),
    (
        "exceptions: [{rules: root-user, stack-tags: {Ref: team}, reason: ticket}]",
        r#"{"exceptions": [{"rules": "root-user", "stack-tags": {"Ref": "team"}, "reason": "ticket"}]}"#,
        "a map that is a function in a template, where a map of any keys belongs",
    ),
    (
        "exceptions: [{rules: root-user, logical-id: 1.0, trust-author: true, reason: ticket}]",
        r#"{"exceptions": [{"rules": "root-user", "logical-id": 1.0, "trust-author": true, "reason": "ticket"}]}"#,
        "the reader sees how a number is spelled, a schema what it is",
    ),
    (
        "exceptions: [{rules: root-user, account: '1*', container: [7, '7'], reason: ticket}]",
        r#"{"exceptions": [{"rules": "root-user", "account": "1*", "container": [7, "7"], "reason": "ticket"}]}"#,
        "a number and the text of the same spelling are one name to a glob, and two values to a schema",
    ),
    (
        "exceptions: [{rules: root-user, account: '1*', reason: a}, {rules: root-user, account: '1*', reason: b}]",
        r#"{"exceptions": [{"rules": "root-user", "account": "1*", "reason": "a"}, {"rules": "root-user", "account": "1*", "reason": "b"}]}"#,
        "whether another exception excuses the same already",
    ),
];

#[test]
fn what_a_schema_cannot_say_is_known() {
    for (text, value, reason) in EXCEPTIONS {
        let value: Value = serde_json::from_str(value).unwrap();
        assert_ne!(policy::read(text).is_ok(), is_valid(&value), "no longer an exception: {reason}");
    }
}

#[test]
fn the_schema_is_one_and_is_fresh() {
    assert!(jsonschema::meta::is_valid(&schema()));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.schema.json");
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(written, policy_schema::text(), "docs/policy.schema.json is stale: run `make docs`");
}

/// A policy with a value in some place.
type Write<'a> = &'a dyn Fn(Value) -> Value;

/// Calls `act` for every key the schema knows, with a way to write a value there and its schema.
fn each_key(schema: &Value, write: Write<'_>, act: &mut dyn FnMut(Write<'_>, &Value)) {
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let write = |value| write(json!({key: value}));
        act(&write, schema);
        each_key(schema, &write, act);
    }
}

#[test]
fn every_key_is_explained_and_its_default_and_examples_may_be_written() {
    let schema = schema();
    let mut assert_holds = |write: Write<'_>, schema: &Value| {
        assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{schema}");
        for value in
            schema.get("default").into_iter().chain(schema["examples"].as_array().into_iter().flatten())
        {
            let policy = write(value.clone());
            assert!(is_valid(&policy), "{policy}");
            assert_eq!(disagreement(&policy), None);
        }
    };
    assert_holds(&|policy| policy, &schema);
    each_key(&schema, &|policy| policy, &mut assert_holds);
    let exception = &schema["properties"]["exceptions"]["items"];
    assert_holds(&|exception| json!({"exceptions": [exception]}), exception);
    let with = |more: Value| {
        let mut exception = json!({"rules": "root-user", "reason": "ticket", "account": "1*"});
        exception.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"exceptions": [exception]})
    };
    each_key(exception, &with, &mut assert_holds);
    for rule in rules::ALL.iter().map(|rule| rule.metadata()) {
        for option in rule.options() {
            let path = format!("/properties/rules/properties/{}/properties/{}", rule.name, option.name);
            let has = |key: &str| schema.pointer(&path).is_some_and(|said| said.get(key).is_some());
            assert!(has("default") || option.kind.is_required() && has("examples"), "{path}");
        }
    }
}
