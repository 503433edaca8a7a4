//! Parameter values: from the command line and from the files that deployment tools read them from.
//!
//! Owns the shapes of those files, told apart by what is in them, and the words for what is wrong with one; a value
//! is never repeated, for it may be a secret. Must not know what a template does with a value.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::{Entry, LineIndex, Node, Span, Value, is_plain_decimal, json, quote, yaml};
use crate::policy::did_you_mean;
use crate::template::Given;

#[derive(Debug, clap::Args)]
pub(super) struct Parameters {
    /// A value for a template parameter, or for a pseudo parameter such as AWS::Region; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE")]
    given: Vec<String>,

    /// A file of parameter values; may be repeated, and the last value counts
    ///
    /// Understands the files of `aws cloudformation create-stack --parameters` and `deploy --parameter-overrides`,
    /// CodePipeline template configurations, samconfig.toml and samconfig.yaml, and plain maps in JSON or YAML.
    #[arg(long = "parameter-file", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The environment to read from a samconfig file
    #[arg(long, value_name = "NAME", default_value = "default", requires = "files")]
    config_env: String,

    /// Take a parameter that is not given to have its default; without this its value is open
    #[arg(long)]
    assume_defaults: bool,
}

/// The pseudo parameters that have a value to give
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>).
const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

impl Parameters {
    /// All that is given: what stands later wins, and what stands on the command line wins over files; and one line for
    /// every file that gives nothing. Otherwise one line for every mistake.
    pub(super) fn given(&self) -> Result<(Given, Vec<String>), Vec<String>> {
        let mut given = Given { assume_defaults: self.assume_defaults, ..Given::default() };
        let mut notes = Vec::new();
        let mut mistakes = Vec::new();
        for path in &self.files {
            match self.read(path) {
                Ok(parameters) => {
                    if parameters.is_empty() {
                        notes.push(format!("{} gives no parameter a value", path.display()));
                    }
                    for Parameter { name, value, is_number } in parameters {
                        if is_number {
                            given.numbers.insert(name.clone());
                        } else {
                            given.numbers.remove(&name);
                        }
                        give(&mut given, name, value);
                    }
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for (index, parameter) in self.given.iter().enumerate() {
            match parameter.split_once('=').map(|(name, value)| (known_name(name), value)) {
                Some((Ok(name), value)) => {
                    given.numbers.remove(&name);
                    give(&mut given, name, Some(value.to_owned()));
                }
                Some((Err(mistake), _)) => mistakes.push(format!("--parameter: {mistake}")),
                None => mistakes.push(format!("--parameter number {} is not `Key=Value`", index + 1)),
            }
        }
        if mistakes.is_empty() { Ok((given, notes)) } else { Err(mistakes) }
    }

    /// The files.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn read(&self, path: &Path) -> Result<Vec<Parameter>, String> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        read(path, &text, &self.config_env).map_err(|problem| {
            let (line, column) = LineIndex::new(&text).position(problem.offset);
            format!("{shown}:{line}:{column}: {}", problem.message)
        })
    }
}

/// Gives a parameter a value, or leaves it open: what it had before need not be its default.
fn give(given: &mut Given, name: String, value: Option<String>) {
    if let Some(value) = value {
        given.open.remove(&name);
        given.parameters.insert(name, value);
    } else {
        given.parameters.remove(&name);
        given.open.insert(name);
    }
}

/// A parameter and its value; `None` leaves it open.
#[derive(Debug, PartialEq)]
struct Parameter {
    name: String,
    value: Option<String>,
    /// Whether it was written as a number, whose text is only one spelling of it.
    is_number: bool,
}

impl Parameter {
    fn text(name: String, value: &str) -> Self {
        Self { name, value: Some(value.to_owned()), is_number: false }
    }

    fn of_node(name: String, value: Option<(String, &Node<'_>)>) -> Self {
        let Some((value, node)) = value else { return Self { name, value: None, is_number: false } };
        let items = if let Value::Sequence(items) = &node.value { items } else { std::slice::from_ref(node) };
        let is_number = |item: &Node<'_>| matches!(item.value, Value::Number(_));
        let is_ambiguous =
            |item: &Node<'_>| matches!(&item.value, Value::Number(text) if !is_plain_decimal(text));
        match items {
            [only] => Self { name, value: Some(value), is_number: is_number(only) },
            // Of a number among others its spelling would be all that is left.
            _ if items.iter().any(is_ambiguous) => Self { name, value: None, is_number: false },
            _ => Self { name, value: Some(value), is_number: false },
        }
    }
}

/// What is wrong with a file, and where.
#[derive(Debug)]
struct Problem {
    offset: usize,
    message: String,
}

impl Problem {
    fn at(node: &Node<'_>, message: impl Into<String>) -> Self {
        let offset = node.span.map_or(0, |span| span.start() as usize);
        Self { offset, message: message.into() }
    }
}

fn known_name(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("a parameter has no name".into());
    }
    if name.starts_with("AWS::") && !PSEUDO_PARAMETERS.contains(&name) {
        let help = did_you_mean(name, PSEUDO_PARAMETERS.iter().copied());
        let help = help.unwrap_or_else(|| format!("there are {}", PSEUDO_PARAMETERS.join(", ")));
        return Err(format!("there is no value to give to {}; {help}", quote(name)));
    }
    Ok(name.to_owned())
}

/// The parameters in a file. Only the format is told by the file's name; the shape is told by what it holds.
fn read(path: &Path, text: &str, environment: &str) -> Result<Vec<Parameter>, Problem> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let root = match extension {
        Some("toml") => toml(text)?,
        Some("json") => json::read(text.as_bytes())
            .map_err(|error| Problem { offset: error.offset, message: error.message.to_owned() })?,
        _ => yaml::read(text).map_err(|error| Problem { offset: error.offset, message: error.message })?,
    };
    let file = File { text, environment };
    match &root.value {
        Value::Sequence(items) => items.iter().map(|item| file.item(item)).collect(),
        Value::Mapping(entries) => {
            let below = ["Parameters", "parameters"].iter().find_map(|key| match &root.get(key)?.value {
                Value::Mapping(entries) => Some(file.map(entries)),
                // What `aws cloudformation create-stack --cli-input-json` takes.
                Value::Sequence(items) if items.iter().all(|item| item.get("ParameterKey").is_some()) => {
                    Some(items.iter().map(|item| file.item(item)).collect())
                }
                _ => None,
            });
            let has_sections = entries.iter().any(|entry| matches!(entry.value.value, Value::Mapping(_)));
            match below {
                Some(parameters) => parameters,
                // Every samconfig file has a version, which SAM wants; with sections, TOML is nothing else anyway.
                None if has_sections && (root.get("version").is_some() || extension == Some("toml")) => {
                    file.samconfig(&root, entries)
                }
                None => file.map(entries),
            }
        }
        _ => Err(Problem::at(
            &root,
            format!("expected a map or a list of parameters, but this is {}", root.kind()),
        )),
    }
}

struct File<'a> {
    text: &'a str,
    environment: &'a str,
}

impl File<'_> {
    /// `{"Key": "Value"}`
    fn map(&self, entries: &[Entry<'_>]) -> Result<Vec<Parameter>, Problem> {
        let parameter = |entry: &Entry<'_>| {
            let name = known_name(&entry.key).map_err(|message| Problem::at(&entry.value, message))?;
            let value = self.value(&entry.key, &entry.value)?;
            Ok(Parameter::of_node(name, Some((value, &entry.value))))
        };
        entries.iter().map(parameter).collect()
    }

    /// `{"ParameterKey": "Key", "ParameterValue": "Value"}` or `"Key=Value"`
    fn item(&self, item: &Node<'_>) -> Result<Parameter, Problem> {
        if let Value::String(pair) = &item.value {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Problem::at(item, "expected `Key=Value`"));
            };
            let name = known_name(name).map_err(|message| Problem::at(item, message))?;
            return Ok(Parameter::text(name, value));
        }
        let Some(Node { value: Value::String(key), .. }) = item.get("ParameterKey") else {
            return Err(Problem::at(item, "expected a map with `ParameterKey`, or `Key=Value`"));
        };
        let name = known_name(key).map_err(|message| Problem::at(item, message))?;
        let keeps_previous = item.get("UsePreviousValue").is_some_and(|flag| flag.value == Value::Bool(true));
        let value = match item.get("ParameterValue") {
            Some(value) => Some((self.value(key, value)?, value)),
            None if keeps_previous => None,
            None => {
                let message =
                    format!("{} has neither `ParameterValue` nor `UsePreviousValue: true`", quote(key));
                return Err(Problem::at(item, message));
            }
        };
        Ok(Parameter::of_node(name, value))
    }

    /// A file of the SAM CLI: what `deploy` says hides what `global` says
    /// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html>).
    fn samconfig(&self, root: &Node<'_>, entries: &[Entry<'_>]) -> Result<Vec<Parameter>, Problem> {
        let Some(environment) = root.get(self.environment) else {
            let names = entries.iter().map(|entry| &*entry.key).filter(|name| *name != "version");
            let help = did_you_mean(self.environment, names.clone()).unwrap_or_else(|| {
                format!("--config-env takes {}", names.map(quote).collect::<Vec<_>>().join(", "))
            });
            let message = format!("there is no environment {} in it; {help}", quote(self.environment));
            return Err(Problem { offset: 0, message });
        };
        let overrides = ["deploy", "global"]
            .iter()
            .find_map(|command| environment.get(command)?.get("parameters")?.get("parameter_overrides"));
        match overrides.map(|node| (node, &node.value)) {
            None => Ok(Vec::new()),
            Some((_, Value::Mapping(entries))) => self.map(entries),
            Some((node, Value::String(words))) => pairs(words).map_err(|message| Problem::at(node, message)),
            Some((_, Value::Sequence(items))) => {
                let mut parameters = Vec::new();
                for item in items {
                    let Value::String(words) = &item.value else {
                        return Err(Problem::at(item, "expected `Key=Value`"));
                    };
                    parameters.extend(pairs(words).map_err(|message| Problem::at(item, message))?);
                }
                Ok(parameters)
            }
            Some((node, _)) => Err(Problem::at(node, "expected a string, a list or a map of parameters")),
        }
    }

    /// A value as CloudFormation takes it: text, a list's items with commas between.
    fn value(&self, name: &str, node: &Node<'_>) -> Result<String, Problem> {
        if let Value::Sequence(items) = &node.value {
            let items: Result<Vec<_>, _> = items.iter().map(|item| self.scalar(name, item)).collect();
            return Ok(items?.join(","));
        }
        self.scalar(name, node)
    }

    fn scalar(&self, name: &str, node: &Node<'_>) -> Result<String, Problem> {
        Ok(match &node.value {
            Value::String(text) | Value::Number(text) => text.to_string(),
            // In the words of the file: `yes` is no other text for a template than `yes`.
            Value::Bool(_) => node.span.map(|span| span.slice(self.text)).unwrap_or_default().to_owned(),
            _ => {
                let name = quote(name);
                let message =
                    format!("the value of {name} is {}, not text, a number or a boolean", node.kind());
                return Err(Problem::at(node, message));
            }
        })
    }
}

/// The parameters in a line as `sam deploy --parameter-overrides` takes it: `Key=Value` or
/// `ParameterKey=Key,ParameterValue=Value`, a value with spaces in quotes.
fn pairs(line: &str) -> Result<Vec<Parameter>, String> {
    let mut parameters = Vec::new();
    for word in words(line)? {
        let written = word.strip_prefix("ParameterKey=");
        let pair = match written {
            Some(pair) => pair.split_once(",ParameterValue="),
            None => word.split_once('='),
        };
        let Some((name, value)) = pair else {
            return Err(
                "expected `Key=Value` pairs with spaces between; a value with spaces stands in quotes".into(),
            );
        };
        parameters.push(Parameter::text(known_name(name)?, value));
    }
    Ok(parameters)
}

fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted_by = None;
    let mut is_word = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                // SAM takes the backslash away before these three only.
                let escaped = characters.next_if(|next| matches!(next, ' ' | '"' | '\''));
                word.push(escaped.unwrap_or(character));
            }
            _ if quoted_by == Some(character) => quoted_by = None,
            '"' | '\'' if quoted_by.is_none() && (word.is_empty() || word.ends_with('=')) => {
                quoted_by = Some(character);
            }
            _ if character.is_whitespace() && quoted_by.is_none() => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
                continue;
            }
            _ => word.push(character),
        }
        is_word = true;
    }
    if quoted_by.is_some() {
        return Err("a quote is not closed".into());
    }
    if is_word {
        words.push(word);
    }
    Ok(words)
}

/// TOML as the same tree as every other input.
fn toml(text: &str) -> Result<Node<'_>, Problem> {
    let table = DeTable::parse(text).map_err(|error| Problem {
        offset: error.span().map_or(0, |span| span.start),
        message: error.message().to_owned(),
    })?;
    let span = table.span();
    Ok(toml_value(DeValue::Table(table.into_inner()), Span::new(span.start, span.end), text))
}

fn toml_value<'a>(value: DeValue<'a>, span: Span, text: &'a str) -> Node<'a> {
    let nested = |value: Spanned<DeValue<'a>>| {
        let span = Span::new(value.span().start, value.span().end);
        toml_value(value.into_inner(), span, text)
    };
    let value = match value {
        DeValue::String(text) => Value::String(text.into()),
        DeValue::Boolean(value) => Value::Bool(value),
        // As SAM's own reader writes it: a date as it stands, a number without `_` and in base ten.
        DeValue::Datetime(_) => Value::String(span.slice(text).into()),
        DeValue::Float(number) => Value::Number(number.as_str().to_owned().into()),
        DeValue::Integer(number) => {
            let in_base_ten = i128::from_str_radix(number.as_str(), number.radix());
            Value::Number(in_base_ten.map_or_else(|_| number.to_string(), |number| number.to_string()).into())
        }
        DeValue::Array(items) => {
            // SAM makes one text of them itself.
            let text = |item| match nested(item) {
                Node { value: Value::Number(text), span } => Node { value: Value::String(text), span },
                item => item,
            };
            Value::Sequence(items.into_iter().map(text).collect())
        }
        DeValue::Table(table) => {
            let entry = |(key, value): (Spanned<Cow<'a, str>>, _)| {
                let key_span = Some(Span::new(key.span().start, key.span().end));
                Entry { key: key.into_inner().into(), key_span, value: nested(value) }
            };
            Value::Mapping(table.into_iter().map(entry).collect())
        }
    };
    Node { value, span: Some(span) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Parameters, read};

    /// What a file of this name gives: `Key=Value`, `Key open`, or the place and the words of what is wrong.
    fn given(name: &str, text: &str) -> String {
        in_environment("default", name, text)
    }

    fn in_environment(environment: &str, name: &str, text: &str) -> String {
        match read(Path::new(name), text, environment) {
            Ok(parameters) => {
                let words = parameters.iter().map(|parameter| match &parameter.value {
                    Some(value) => format!("{}={value}", parameter.name),
                    None => format!("{} open", parameter.name),
                });
                words.collect::<Vec<_>>().join("; ")
            }
            Err(problem) => format!("at {}: {}", problem.offset, problem.message),
        }
    }

    #[test]
    fn numbers_are_told_from_texts() {
        let text = "A: 0x0\nB: '0x0'\nC: [0x0]\nD: [0, a]\nE: [0x0, a]\n";
        let parameters = read(Path::new("values.yaml"), text, "default").unwrap();
        assert_eq!(
            parameters.iter().map(|parameter| parameter.is_number).collect::<Vec<_>>(),
            [true, false, true, false, false]
        );
        assert_eq!(given("values.yaml", text), "A=0x0; B=0x0; C=0x0; D=0,a; E open");
    }

    #[test]
    fn files_of_every_tool_are_understood() {
        let aws_cli = r#"[{"ParameterKey": "A", "ParameterValue": "1=2"},
            {"ParameterKey": "B", "UsePreviousValue": true}, {"ParameterKey": "C", "ParameterValue": ["x", "y"]}]"#;
        assert_eq!(given("create-stack.json", aws_cli), "A=1=2; B open; C=x,y");
        let whole = r#"{"StackName": "s", "Parameters": [{"ParameterKey": "A", "ParameterValue": "x"}]}"#;
        assert_eq!(given("cli-input.json", whole), "A=x");
        let code_pipeline = r#"{"Parameters": {"A": "x", "B": 010e0, "C": true, "D": ["x", 1, false], "E": []},
            "Tags": {"A": "no"}, "StackPolicy": {"Statement": []}}"#;
        let code_pipeline = code_pipeline.replace("010e0", "1e0");
        assert_eq!(given("configuration.json", &code_pipeline), "A=x; B=1e0; C=true; D=x,1,false; E=");
        let git_sync = "template-file-path: t.yaml\nparameters:\n  A: x\ntags:\n  B: y\n";
        assert_eq!(given("deployment-file.yaml", git_sync), "A=x");
        assert_eq!(
            given("flat.json", "\u{feff}{\r\n\t\"A\": \"x\", \"AWS::Region\": \"eu-west-1\"}"),
            "A=x; AWS::Region=eu-west-1"
        );
        assert_eq!(
            given("flat.yaml", "A: 0123\nB: yes\nC: 'a: b'\nD: [1, x]\n"),
            "A=0123; B=yes; C=a: b; D=1,x"
        );
        assert_eq!(given("named-parameters.yml", "Parameters: x\nversion: 1"), "Parameters=x; version=1");
        assert_eq!(given("deploy.json", r#"["A=x", "B=y z=1", "C="]"#), "A=x; B=y z=1; C=");
        assert_eq!(given("none.json", "{}"), "");
        assert_eq!(given("/dev/fd/63", r#"{"A": "x"}"#), "A=x");
    }

    #[test]
    fn sam_configurations_are_understood() {
        let with = |overrides: &str| {
            given(
                "samconfig.toml",
                &format!("version = 0.1\n[default.deploy.parameters]\nregion = \"x\"\n{overrides}"),
            )
        };
        let without_version = "[default.deploy.parameters]\nparameter_overrides = \"A=B\"";
        assert_eq!(given("samconfig.toml", without_version), "A=B");
        assert_eq!(
            with(r#"parameter_overrides = "A=B C=\"d e\" F='g h' I=j\\ k L=m'n O=""#),
            "A=B; C=d e; F=g h; I=j k; L=m'n; O="
        );
        assert_eq!(
            with(
                r#"parameter_overrides = "ParameterKey=A,ParameterValue=x ParameterKey=B,ParameterValue='y,z =1'""#
            ),
            "A=x; B=y,z =1"
        );
        assert_eq!(with("parameter_overrides = \"\"\"\n  A=1\n  B=C:\\\\dir\n\"\"\""), "A=1; B=C:\\dir");
        assert_eq!(with("parameter_overrides = [\"A=x\", 'B=\"y z\"']"), "A=x; B=y z");
        assert_eq!(
            with("parameter_overrides = {A = 'x', B = 1_000, C = true, D = [0x10, 1.50], E = 2026-01-01}"),
            "A=x; B=1000; C=true; D=16,1.50; E=2026-01-01"
        );
        assert_eq!(with(""), "");
        assert_eq!(
            with("parameter_overrides = 1"),
            "at 77: expected a string, a list or a map of parameters"
        );
        assert_eq!(
            with("parameter_overrides = 'A=x b'"),
            "at 77: expected `Key=Value` pairs with spaces between; a value with spaces stands in quotes"
        );
        assert_eq!(with("parameter_overrides = 'A=\"x'"), "at 77: a quote is not closed");
    }

    #[test]
    fn a_sam_environment_is_chosen_and_deploy_hides_global() {
        let text = "version: 0.1\ndefault:\n  global:\n    parameters:\n      parameter_overrides: A=global B=global\n\
                    prod:\n  global:\n    parameters:\n      parameter_overrides: A=global B=global\n\
                    \x20 deploy:\n    parameters:\n      parameter_overrides:\n        A: deploy\n";
        assert_eq!(given("samconfig.yaml", text), "A=global; B=global");
        assert_eq!(in_environment("prod", "samconfig.yaml", text), "A=deploy");
        assert_eq!(
            in_environment("prd", "samconfig.yaml", text),
            "at 0: there is no environment `prd` in it; did you mean `prod`?"
        );
        assert_eq!(
            in_environment("x", "samconfig.yaml", text),
            "at 0: there is no environment `x` in it; --config-env takes `default`, `prod`"
        );
    }

    #[test]
    fn mistakes_have_a_place_and_repeat_no_value() {
        for (name, text, expected) in [
            ("p.json", "", "at 0: the text ends where a value is expected"),
            ("p.json", "{\"A\": hunter2}", "at 6: expected a value"),
            ("p.yaml", "A: [hunter2", "at 3: "),
            ("p.toml", "A = hunter2", "at 4: "),
            ("p.yaml", "", "at 0: expected a map or a list of parameters, but this is null"),
            ("p.yaml", "hunter2", "at 0: expected a map or a list of parameters, but this is a string"),
            ("p.yaml", "A: null", "at 3: the value of `A` is null, not text, a number or a boolean"),
            ("p.yaml", "A: {B: hunter2}", "at 3: the value of `A` is a map, not text, a number or a boolean"),
            ("p.yaml", "A: [[x]]", "at 4: the value of `A` is a list, not text, a number or a boolean"),
            ("p.yaml", "A: !Ref B", "at 3: the value of `A` is a function, not text, a number or a boolean"),
            ("p.json", r#"["hunter2"]"#, "at 1: expected `Key=Value`"),
            ("p.json", "[1]", "at 1: expected a map with `ParameterKey`, or `Key=Value`"),
            (
                "p.json",
                r#"[{"ParameterKey": "A", "UsePreviousValue": false}]"#,
                "at 1: `A` has neither `ParameterValue` nor `UsePreviousValue: true`",
            ),
            (
                "p.yaml",
                "AWS::Regoin: x",
                "at 13: there is no value to give to `AWS::Regoin`; did you mean `AWS::Region`?",
            ),
            ("p.json", r#"["=hunter2"]"#, "at 1: a parameter has no name"),
        ] {
            let problem = given(name, text);
            assert!(problem.starts_with(expected), "{text:?}: {problem}");
            assert!(problem.len() > 10 && !problem.contains("hunter2"), "{text:?}: {problem}");
        }
    }

    fn arguments(files: &[&Path], parameters: &[&str]) -> Parameters {
        Parameters {
            given: parameters.iter().map(ToString::to_string).collect(),
            files: files.iter().map(|path| (*path).to_owned()).collect(),
            config_env: "default".into(),
            assume_defaults: true,
        }
    }

    #[test]
    fn later_wins_and_the_command_line_wins_over_files() {
        let directory = std::env::temp_dir().join(format!("ecs-guard-parameters-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (first, second) = (directory.join("first.yaml"), directory.join("second.json"));
        std::fs::write(&first, "{A: first, B: first, C: first, D: first}").unwrap();
        let text = r#"[{"ParameterKey": "B", "ParameterValue": "second"}, {"ParameterKey": "C", "UsePreviousValue": true},
            {"ParameterKey": "D", "ParameterValue": "second"}]"#;
        std::fs::write(&second, text).unwrap();
        let given =
            arguments(&[&first, &second], &["D=x", "D=y=z", "AWS::Region=eu-west-1"]).given().unwrap().0;
        let parameters: Vec<_> =
            given.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(parameters, ["A=first", "AWS::Region=eu-west-1", "B=second", "D=y=z"]);
        assert!(given.assume_defaults);
        // The value before need not be the default.
        assert_eq!(given.open.into_iter().collect::<Vec<_>>(), ["C"]);
        let command_line_wins = arguments(&[&second], &["C=x"]).given().unwrap().0;
        assert!(command_line_wins.open.is_empty() && command_line_wins.parameters.contains_key("C"));

        std::fs::write(&first, "A: x\nB: !Ref hunter2\n").unwrap();
        let missing = directory.join("missing.json");
        let mistakes = arguments(&[&first, &missing], &["hunter2", "=hunter2"]).given().unwrap_err();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        assert!(mistakes[0].contains("first.yaml:2:4: the value of `B`"), "{mistakes:?}");
        assert!(mistakes[1].contains("missing.json cannot be read"), "{mistakes:?}");
        assert_eq!(
            mistakes[2..],
            ["--parameter number 1 is not `Key=Value`", "--parameter: a parameter has no name"]
        );
        assert!(!mistakes.concat().contains("hunter2"), "{mistakes:?}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
