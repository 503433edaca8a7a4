//! The JSON Schema of the policy file, for editors and for whoever writes policies by program.
//!
//! Owns the words that explain the keys, and how the reader's tables and the catalogue are said in JSON Schema
//! (<https://json-schema.org/draft/2020-12>). Must not know how a policy is read.

use serde_json::{Map, Value, json};

use crate::policy::vocabulary::{self, ExceptionKey, Key, Operations, Word, word_for};
use crate::policy::{Field, LONGEST_TAG, Policy};
use crate::rule::{
    DOCKER_SIZE_LIMIT, DOCKER_SIZE_PATTERN, Metadata, OptionKind, Profile, RuleOption, parse_docker_size,
};
use crate::rules;

/// The schema's name. The number changes when a policy that was right no longer is.
const ID: &str = "urn:ecs-guard:policy:1";

/// The URLs that the reader takes, but for their length.
const URL_PATTERN: &str = "^https?://[!$-;=?-~]*$";

/// `docs/policy.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> Value {
    let keys = vocabulary::KEYS.iter().map(|(name, key)| (*name, of_key(*key)));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "ecs-guard policy",
        "description": "Which rules apply to ECS task definitions, how strictly, and with what options.",
        "type": MAP,
        "additionalProperties": false,
        "properties": properties(keys),
        "examples": [{"rules": {"root-user": {"level": "warn"}}}],
    })
}

fn of_key(key: Key) -> Value {
    let default = Policy::baseline();
    let holds = |profile: &Profile| format!("\n- `{}` holds {}", profile.as_str(), profile.description());
    let profiles: String = Profile::ALL.iter().map(holds).collect();
    let profiles = format!("The rules that are on. What `rules` says of a rule goes before it.\n{profiles}");
    match key {
        Key::Profile => word(&profiles, &vocabulary::profiles(), &Profile::Baseline),
        Key::OnInternalError => word(
            "What to answer when a task definition could not be judged: a bug, or a broken event. A broken policy \
             always denies.",
            vocabulary::ON_INTERNAL_ERROR,
            &default.on_internal_error,
        ),
        Key::Unresolved => map(
            "What to do about values that are not known when the hook is asked.",
            vocabulary::UNRESOLVED.iter().map(|(name, operations)| (*name, of_operations(*operations))),
        ),
        Key::StackScope => word(
            "Which task definitions of a stack block a STACK operation: `changed`, those that are new or may differ \
             from what is deployed, while the others are reported; or `all`.",
            vocabulary::STACK_SCOPES,
            &default.stack_scope,
        ),
        Key::ChangeSetParameters => word(
            "Where the hook has the values of a change set's parameters from in CHANGE_SET operations: `unknown`, from \
             nowhere, so that what depends on one is left to the RESOURCE operation; or `describe`, from CloudFormation's \
             `DescribeChangeSet`, which it calls where something depends on one and which the function must be allowed to \
             call.",
            vocabulary::CHANGE_SET_PARAMETERS,
            &default.change_set_parameters,
        ),
        Key::DocumentationUrl => json!({
            "description": "Where developers read about the rules; `#` and the rule's name are appended.",
            "type": "string",
            "pattern": URL_PATTERN,
            "maxLength": vocabulary::LONGEST_URL,
            "examples": ["https://wiki.example/ecs-guard"],
        }),
        Key::Rules => map(
            "Each rule's level, and its options.",
            rules::ALL.iter().map(|rule| (rule.metadata().name, of_rule(rule.metadata()))),
        ),
        Key::Exceptions => json!({
            "description": "Who is excused, why and until when.",
            "type": ["array", "null"],
            "items": exception(),
        }),
    }
}

fn of_operations(operations: Operations) -> Value {
    let default = Policy::baseline().unresolved;
    let (description, default) = match operations {
        Operations::Resource => (
            "In RESOURCE and CLOUD_CONTROL operations, where only references to secrets are still open.",
            default.resource,
        ),
        Operations::Stack => (
            "In STACK and CHANGE_SET operations, where whatever a parameter decides is open, and is judged later.",
            default.stack,
        ),
    };
    word(description, vocabulary::LEVELS, &default)
}

fn of_rule(rule: &Metadata) -> Value {
    let level = json!({
        "description": "What a violation does: `deny` blocks, `warn` reports, and with `off` the rule is left out. Without \
            it, the rule is as the profile has it.",
        "enum": words(vocabulary::RULE_LEVELS),
    });
    let description = format!(
        "{}\n\n{} {}\n\nSeverity {}, profile `{}`.",
        unwrapped(rule.section("What it does")),
        rule.why,
        unwrapped(rule.section("Why is this bad?")),
        rule.severity.as_str(),
        rule.profile.as_str(),
    );
    let options = rule.options().map(|option| (option.name, of_option(option)));
    let mut schema = map(&description, std::iter::once((vocabulary::LEVEL, level)).chain(options));
    if let (Some(option), Value::Object(schema)) = (rule.required_option(), &mut schema) {
        let off = word_for(vocabulary::RULE_LEVELS, &None);
        let is_off = json!({"properties": {vocabulary::LEVEL: {"const": off}}});
        let needs = json!({vocabulary::LEVEL: {"anyOf": [is_off, {"required": [option.name]}]}});
        schema.insert("dependentSchemas".into(), needs);
    }
    schema
}

fn of_option(option: &RuleOption) -> Value {
    let description = option.documentation;
    // An empty list would turn a rule off that looks only at what is listed.
    let least = usize::from(!option.kind.may_be_empty());
    match option.kind {
        OptionKind::Boolean { default } => {
            json!({"description": description, "type": "boolean", "default": default})
        }
        OptionKind::Size { default } => json!({
            "description": description,
            "type": ["string", "number"],
            "pattern": DOCKER_SIZE_PATTERN,
            "minimum": 0,
            "exclusiveMaximum": DOCKER_SIZE_LIMIT,
            "default": default,
            "examples": [default, parse_docker_size(default)],
        }),
        OptionKind::Choice { default, words } => {
            json!({"description": description, "enum": words, "default": default})
        }
        OptionKind::Texts { default, example, expected, .. } => {
            let (key, value) = if option.kind.is_required() {
                ("examples", json!([example]))
            } else {
                ("default", json!(default))
            };
            json!({
                "description": format!("{description} Each is {expected}."),
                "type": "array",
                "items": {"type": "string"},
                "minItems": least,
                key: value,
            })
        }
        OptionKind::Words { default, known, or_all, .. } => {
            let list = json!({"type": "array", "items": {"enum": known}, "minItems": least});
            let all = or_all.then(|| json!({"const": "all"}));
            let example = if or_all { json!("all") } else { json!([known.last()]) };
            json!({
                "description": description,
                "anyOf": all.into_iter().chain([list]).collect::<Vec<_>>(),
                "default": default,
                "examples": [example],
            })
        }
    }
}

fn exception() -> Value {
    let keys = vocabulary::exception_keys();
    // A value of wildcards alone limits nothing; an empty one is a tag's.
    let says = json!({"pattern": "[^*?]|^$", "items": {"pattern": "[^*?]|^$"}});
    let needs = |key: &str, value: Value| json!({"required": [key], "properties": {key: value}});
    let of_author = |key: &str| json!({"required": [key, "trust-author"], "properties": {"trust-author": {"const": true}}});
    let some_tag = json!({"not": {"additionalProperties": {"not": says}}});
    let limits = keys.iter().flat_map(|(name, key)| match key {
        ExceptionKey::Field(field) if field.is_beyond_author() => {
            vec![needs(name, says.clone()), of_author(name)]
        }
        ExceptionKey::StackTags => vec![needs(name, some_tag.clone()), of_author(name)],
        ExceptionKey::Field(_) => vec![of_author(name)],
        _ => Vec::new(),
    });
    let of_containers = rules::ALL.iter().filter(|rule| rule.is_about_containers());
    let of_containers: Vec<_> = of_containers.map(|rule| rule.metadata().name).collect();
    json!({
        "description": "All that limits it must match. One that no account, stack name or stack tag limits, or only by \
            wildcards, is the template author's own to take, and must say `trust-author: true`.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties(keys.iter().map(|(name, key)| (*name, of_exception_key(key)))),
        "required": ["rules", "reason"],
        "anyOf": limits.collect::<Vec<_>>(),
        "if": {"anyOf": [{"required": ["container"]}, {"required": ["image"]}]},
        "then": {"properties": {"rules": {"anyOf": [{"items": {"enum": of_containers}, "type": "array"}, {"enum": of_containers}]}}},
        "examples": [{
            "rules": ["root-user"],
            "stack-name": "legacy-*",
            "container": "agent",
            "reason": "the vendor's agent must run as root; ticket PLAT-17",
            "owner": "platform",
            "expires": "2027-03-31",
        }],
    })
}

fn of_exception_key(key: &ExceptionKey) -> Value {
    let text =
        |description: &str| json!({"description": description, "type": "string", "pattern": r"[\p{L}\p{N}]"});
    match key {
        ExceptionKey::Rules => {
            let names: Vec<_> = rules::ALL.iter().map(|rule| rule.metadata().name).collect();
            json!({
                "description": "The rules whose findings are excused.",
                "anyOf": [{"type": "array", "items": {"enum": names}, "minItems": 1, "uniqueItems": true}, {"enum": names}],
            })
        }
        ExceptionKey::Field(field) => of_field(field),
        ExceptionKey::StackTags => json!({
            "description": "Tags of the stack, each with the values it may have.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_TAG},
            "additionalProperties": of_field(&Field::StackTag(String::new())),
        }),
        ExceptionKey::Reason => text("Why, for whoever reads it in a year."),
        ExceptionKey::Owner => text("Who answers for it."),
        ExceptionKey::Expires => json!({
            "description": "The last day on which it counts, in UTC.",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "format": "date",
            "examples": ["2027-03-31"],
        }),
        ExceptionKey::TrustAuthor => json!({
            "description": "Says that the author of a template may decide alone whether the exception applies.",
            "type": "boolean",
            "default": false,
        }),
    }
}

/// Patterns, one or any of several, of the characters that such a value may have.
fn of_field(field: &Field) -> Value {
    let (description, one) = match field {
        Field::Account => (
            "The account.",
            json!({"type": "string", "anyOf": [
                {"pattern": "^[0-9?]{12}$"},
                {"allOf": [{"pattern": r"\*"}, {"pattern": r"^\**([0-9?]\**){0,12}$"}]},
            ]}),
        ),
        Field::StackName => (
            "The stack's name.",
            json!({
                "type": "string",
                "allOf": [{"pattern": "^[A-Za-z*?][0-9A-Za-z*?-]*$"}, {"pattern": r"^\**([^*]\**){0,128}$"}],
            }),
        ),
        Field::StackTag(_) => ("The tag's value.", json!({"type": ["string", "number"]})),
        Field::LogicalId => (
            "The logical id of the task definition.",
            json!({"type": ["string", "integer"], "pattern": "^[0-9A-Za-z*?]+$", "minimum": 0}),
        ),
        Field::Family => ("The family of the task definition.", of_name()),
        Field::Container => ("The container's name.", of_name()),
        Field::Image => (
            "The container's image.",
            json!({"type": ["string", "number"], "pattern": "^[0-9A-Za-z._/:@+*?-]+$"}),
        ),
    };
    json!({
        "description": format!("{description} `*` is any text and `?` one character; of a list, any may match."),
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1, "uniqueItems": true}],
    })
}

fn of_name() -> Value {
    json!({"type": ["string", "integer"], "pattern": "^[0-9A-Za-z_*?-]+$"})
}

/// What is commented out below a key leaves null behind.
const MAP: [&str; 2] = ["object", "null"];

fn map(description: &str, keys: impl Iterator<Item = (&'static str, Value)>) -> Value {
    json!({
        "description": description,
        "type": MAP,
        "additionalProperties": false,
        "properties": properties(keys),
    })
}

fn properties(keys: impl Iterator<Item = (&'static str, Value)>) -> Map<String, Value> {
    keys.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn word<T: PartialEq>(description: &str, known: &[Word<T>], default: &T) -> Value {
    json!({"description": description, "enum": words(known), "default": word_for(known, default)})
}

fn words<T>(known: &[Word<T>]) -> Vec<&'static str> {
    known.iter().map(|(word, _)| *word).collect()
}

/// Markdown with each paragraph and each item of a list on one line: editors show every line break.
fn unwrapped(markdown: &str) -> String {
    let mut text = String::new();
    let mut was_empty = true;
    for line in markdown.lines().map(str::trim) {
        let begins = was_empty || line.is_empty() || line.starts_with(['-', '|']);
        match (text.is_empty(), begins) {
            (true, _) => {}
            (false, true) => text.push('\n'),
            (false, false) => text.push(' '),
        }
        text += line;
        was_empty = line.is_empty();
    }
    text
}
