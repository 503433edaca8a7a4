//! The rule `plaintext-secret`. Must not know other rules.

use crate::document::{Holds, Lookup, Node, Part, Partial, View};
use crate::finding::quote;
use crate::rule::{Context, Judged, Metadata, OptionKind, Rule, RuleOption, declare_rule};

declare_rule! {
    /// ## What it does
    /// Forbids secrets in `Environment`, told by two signs:
    ///
    /// - The variable's name. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and
    ///   `ECS_ENGINE_AUTH_DATA` always; others if they hold one of the words of the option `names`, as a whole word between
    ///   underscores and in any casing: `DB_PASSWORD` and `PASSWORD` do, `PASSWORDLESS` does not. Names that the option
    ///   `except` describes, such as `DB_PASSWORD_FILE`, say where a secret is, not what it is.
    /// - The variable's value, if it holds a dynamic reference to a secret, `{{resolve:secretsmanager:…}}` or
    ///   `{{resolve:ssm-secure:…}}`. CloudFormation puts the secret itself in its place, and there it stays.
    ///
    /// Values are looked at for these references only, and are never repeated in messages.
    ///
    /// ## Why is this bad?
    /// It is also in every revision of the task definition, in the console, and in the environment of each process in the
    /// container.
    ///
    /// ## How to fix
    /// Keep the secret in AWS Secrets Manager or in the Parameter Store, and name it under `Secrets`, where Amazon ECS
    /// fetches it when the task starts:
    ///
    /// `Secrets: [{Name: DB_PASSWORD, ValueFrom: !Ref DatabaseSecret}]`
    ///
    /// Not applicable to containers without `Environment`.
    ///
    /// ## Examples
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Environment:
    ///       - {Name: AWS_SECRET_ACCESS_KEY, Value: example}
    /// ```
    /// ```yaml,fail
    /// ContainerDefinitions: [{Name: web, Environment: [{Name: db_password, Value: !Ref Password}]}]
    /// ```
    /// The reference is resolved before the task definition is registered. Other checkers look at the name only:
    /// ```yaml,fail
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Environment:
    ///       - {Name: DATABASE_URL, Value: 'postgres://app:{{resolve:secretsmanager:db:SecretString:password}}@db/app'}
    /// ```
    /// Checkers that look for parts of words accuse these:
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Environment:
    ///       - {Name: PASSWORDLESS, Value: 'true'}
    ///       - {Name: TOKENIZER, Value: words}
    ///       - {Name: DB_PASSWORD_FILE, Value: /run/secrets/db}
    /// ```
    /// ```yaml,pass
    /// ContainerDefinitions:
    ///   - Name: web
    ///     Secrets: [{Name: DB_PASSWORD, ValueFrom: !Ref Secret}]
    ///     Environment: [{Name: STAGE, Value: production}]
    /// ```
    /// A parameter's value may be such a reference, and what the Parameter Store holds is not known before deployment; the hook
    /// is asked when it is in its place:
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Environment: [{Name: STAGE, Value: !Ref Stage}]}]
    /// ```
    /// ```yaml,unknown
    /// ContainerDefinitions: [{Name: web, Environment: [{Name: STAGE, Value: '{{resolve:ssm:/stage}}'}]}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web, Environment: []}]
    /// ```
    /// ```yaml,not-applicable
    /// ContainerDefinitions: [{Name: web, Secrets: [{Name: DB_PASSWORD, ValueFrom: !Ref Secret}]}]
    /// ```
    pub struct PlaintextSecret {
        name: "plaintext-secret",
        severity: High,
        profile: Restricted,
        platform: Any,
        since: "0.1.0",
        why: "Whoever may describe a task definition reads what is in its environment, and that is far more people than may read the secret.",
        remediation: "Move it to `Secrets`, with a `ValueFrom` that names it in Secrets Manager or the Parameter Store.",
        options: [NAMES, EXCEPT],
        references: [
            SecurityHub("ECS.8", "stricter, because that one knows three names"),
            ControlTower("CT.ECS.PR.12", "stricter, because that one knows three names"),
            CisComputeServices("3.6", "same"),
            Config("ECS_NO_ENVIRONMENT_SECRETS", "stricter, because that one knows three names"),
            Trivy("AVD-AWS-0036", "looser, because that one looks for the words inside others too, and guesses from values; stricter, because it does not know dynamic references"),
            CdkNag("AwsSolutions-ECS2", "looser, because that one fails every variable"),
            Prowler("ecs_task_definitions_no_environment_secrets", "looser, because that one guesses from values; stricter, because names count"),
        ],
    }
}

const NAMES: RuleOption = RuleOption {
    name: "names",
    kind: OptionKind::Texts {
        default: &["password", "passwd", "secret", "token", "api_key", "private_key"],
        example: &[],
        expected: "words of letters and digits with `_` between them",
        normalize: words,
        may_be_empty: true,
    },
    documentation: "Words that make a variable's name the name of a secret. Several words with `_` between them must stand side by \
        side.",
};

const EXCEPT: RuleOption = RuleOption {
    name: "except",
    kind: OptionKind::Texts {
        default: &[
            "*_ARN", "*_ENDPOINT", "*_FILE", "*_ID", "*_LENGTH", "*_NAME", "*_PATH", "*_TTL", "*_TYPE", "*_URI", "*_URL",
        ],
        example: &[],
        expected: "the name of a variable, with `*` for any text",
        normalize: pattern,
        may_be_empty: true,
    },
    documentation: "Names that are no secret's although they hold such a word; `*` stands for any text.",
};

/// Names that are secrets whatever the policy says: what AWS's programs read keys from.
const ALWAYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"];

/// Dynamic references that CloudFormation replaces by a secret
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>).
const REFERENCES: &[&str] = &["{{resolve:secretsmanager", "{{resolve:ssm-secure"];

/// Words as a name is compared with them.
fn words(text: &str) -> Option<String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split('_').all(is_word).then(|| text.to_ascii_lowercase())
}

fn pattern(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Rule for PlaintextSecret {
    fn metadata(&self) -> &'static Metadata {
        Self::METADATA
    }

    fn check_container(&self, container: View<'_>, context: &mut Context<'_>) {
        let variables = match container.field("Environment").list() {
            Lookup::Known(variables, _) if !variables.is_empty() => variables,
            Lookup::Known(..) | Lookup::Absent => {
                return context.not_applicable("no container has environment variables");
            }
            Lookup::Unresolved(unresolved) => return context.take_at(None, Judged::Unresolved(unresolved)),
            Lookup::Malformed(problem) => return context.take_at(None, Judged::Malformed(problem)),
        };
        for variable in variables {
            // A name can be shown; what else stands there may be the secret.
            let name = variable.field("Name");
            match variable.mapping() {
                Lookup::Known(..) | Lookup::Absent => {
                    let place = match name.string() {
                        Lookup::Unresolved(unresolved) => Some(unresolved.node),
                        _ => name.node(),
                    };
                    let judged = judge_name(name, context);
                    context.take_at(place, judged);
                    context.take_at(place, judge_value(variable));
                }
                Lookup::Unresolved(unresolved) => context.take_at(None, Judged::Unresolved(unresolved)),
                Lookup::Malformed(problem) => context.take_at(None, Judged::Malformed(problem)),
            }
        }
    }
}

fn judge_name<'a>(name: View<'a>, context: &Context<'_>) -> Judged<'a> {
    let violation = |node: &'a Node<'a>, found: String| {
        Judged::violation("Name", Some(node), format!("`Environment` sets {found}, by its name a secret"))
    };
    match name.string() {
        Lookup::Known(name, node) if is_secret(&Partial::known(name.text), context) == Holds::Yes => {
            violation(node, quote(name.text))
        }
        Lookup::Known(..) | Lookup::Absent => Judged::Compliant,
        Lookup::Unresolved(unresolved) => match is_secret(&unresolved.partial(), context) {
            Holds::Yes => violation(unresolved.node, "a variable".to_owned()),
            Holds::No => Judged::Compliant,
            Holds::Perhaps => Judged::Unresolved(unresolved),
        },
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}

/// Whether a variable's name is that of a secret.
fn is_secret(name: &Partial<'_>, context: &Context<'_>) -> Holds {
    let options = context.options();
    let is_known = |name: &str| ALWAYS.iter().any(|always| always.eq_ignore_ascii_case(name));
    let always = match name.whole() {
        Some(name) if is_known(name) => Holds::Yes,
        // Most names hold no such word, and that is soon seen.
        Some(name) if !options.texts(&NAMES).any(|word| is_part(word, name)) => return Holds::No,
        Some(_) => Holds::No,
        None => ALWAYS.iter().map(|always| name.matches(always)).fold(Holds::No, Holds::or),
    };
    let mut between = Partial::known("_");
    name.parts().iter().for_each(|part| between.push(part.clone()));
    between.push(Part::Known("_".into()));
    let words = options.texts(&NAMES).map(|word| between.matches(&format!("*_{word}_*"))).fold(Holds::No, Holds::or);
    let excepted = options.texts(&EXCEPT).map(|pattern| name.matches(pattern)).fold(Holds::No, Holds::or);
    always.or(words.and(!excepted))
}

fn is_part(word: &str, name: &str) -> bool {
    name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn judge_value(variable: View<'_>) -> Judged<'_> {
    match variable.field("Value").string() {
        Lookup::Known(..) | Lookup::Absent => Judged::Compliant,
        Lookup::Unresolved(unresolved) if REFERENCES.iter().any(|reference| unresolved.mentions(reference)) => {
            let found = match variable.field("Name").string() {
                Lookup::Known(name, _) => quote(name.text),
                _ => "a variable".to_owned(),
            };
            let message = format!("`Environment` sets {found} to a secret by a dynamic reference, which is replaced by its value");
            Judged::violation("Value", Some(unresolved.node), message)
        }
        // No reference can be in a Region, an account and the like.
        Lookup::Unresolved(unresolved) if unresolved.partial().is_plain() => Judged::Compliant,
        Lookup::Unresolved(unresolved) => Judged::Unresolved(unresolved),
        Lookup::Malformed(problem) => Judged::Malformed(problem),
    }
}
