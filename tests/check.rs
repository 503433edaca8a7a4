//! `ecs-guard check` as a program: how it exits, and what it says of a run as a whole. Which files it reads, what it follows and
//! where it writes stand in modules below `tests/command/`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

#[path = "command/files.rs"]
mod files;
#[path = "command/nested_stacks.rs"]
mod nested_stacks;
#[path = "command/results.rs"]
mod results;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory of one test's own, outside any repository, with a policy, removed when the test has passed.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecs-guard-check-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let scratch = Self(path.canonicalize().unwrap());
        scratch.write("ecs-guard.yaml", "rules: {privileged-container: {level: warn}}");
        scratch
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-guard"));
        command.arg("check").args(arguments).current_dir(&self.0);
        command.env_remove("ECS_GUARD_POLICY").env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }

    fn check(&self, arguments: &[&str]) -> Checked {
        Checked::new(&mut self.command(arguments))
    }

    /// The names of the files in which something fails, in the order of the output.
    fn failing(&self, arguments: &[&str]) -> Vec<String> {
        let checked = self.check(arguments);
        assert_eq!(checked.err, "", "{arguments:?}");
        let mut names: Vec<_> = checked.names().collect();
        names.dedup();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}

/// How a run ended.
struct Checked {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Checked {
    fn new(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The file of each excerpt.
    fn names(&self) -> impl Iterator<Item = String> {
        let places = self.out.lines().filter_map(|line| line.trim_start().strip_prefix("--> "));
        places.map(|place| place.rsplitn(3, ':').last().unwrap().to_owned())
    }

    /// All that people see.
    fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    fn says(&self, words: &str) {
        let all = self.all();
        assert!(all.contains(words), "{words:?} is not in {all}");
    }
}

/// A template with one task definition of one container with these properties.
fn template(properties: &str) -> String {
    format!(
        "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
         ContainerDefinitions:\n        - {{Name: web, {properties}}}\n"
    )
}

/// A template with one nested stack.
fn parent(location: &str) -> String {
    format!(
        "Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {location}}}}}}}\n"
    )
}

const GOOD: &str = "User: '1000', ReadonlyRootFilesystem: true";
const BAD: &str = "User: '0', ReadonlyRootFilesystem: true";
const WARNING: &str = "User: '1000', ReadonlyRootFilesystem: true, Privileged: true";
const UNKNOWN: &str = "User: !Ref Somebody, ReadonlyRootFilesystem: true";

#[test]
fn exit_codes_do_not_depend_on_the_format() {
    let scratch = Scratch::new("codes");
    scratch.write("good.yaml", template(GOOD));
    scratch.write("bad.yaml", template(BAD));
    scratch.write("warning.yaml", template(WARNING));
    scratch.write("unknown.yaml", template(UNKNOWN));
    scratch.write("broken.yaml", template(BAD) + "  : [\n");
    for (arguments, code) in [
        ("good.yaml", 0),
        ("bad.yaml", 1),
        ("warning.yaml", 0),
        ("unknown.yaml", 0),
        ("broken.yaml", 2),
        ("missing.yaml", 2),
        ("good.yaml bad.yaml", 1),
        ("bad.yaml broken.yaml", 2),
        ("bad.yaml missing.yaml", 2),
        ("--exit-zero bad.yaml", 0),
        ("--exit-zero broken.yaml bad.yaml", 2),
        ("--exit-zero missing.yaml", 2),
        ("--exit-zero --fail-on warn warning.yaml", 0),
        ("--fail-on warn good.yaml", 0),
        ("--fail-on warn warning.yaml", 1),
        ("--fail-on warn unknown.yaml", 0),
        ("--fail-on unknown unknown.yaml", 1),
        ("--fail-on unknown warning.yaml", 0),
        ("--fail-on unknown,warn warning.yaml", 1),
        ("--fail-on unknown --fail-on warn unknown.yaml", 1),
        ("--fail-on deny good.yaml", 2),
        ("--quiet --verbose good.yaml", 2),
        ("--threads 0 good.yaml", 2),
        ("--policy missing.yaml good.yaml", 2),
        ("--parameter A good.yaml", 2),
        ("--parameter-file missing.json good.yaml", 2),
        ("--format nonsense good.yaml", 2),
    ] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        assert_eq!(scratch.check(&arguments).code, Some(code), "{arguments:?}");
        for format in ecs_guard::output::FORMATS {
            let format = format!("--format={format}");
            let arguments = [&[format.as_str()], arguments.as_slice()].concat();
            assert_eq!(scratch.check(&arguments).code, Some(code), "{arguments:?}");
        }
    }
}

#[test]
fn findings_are_printed_beside_what_cannot_be_read() {
    let scratch = Scratch::new("beside");
    scratch.write("a.yaml", template(BAD));
    scratch.write("b.yaml", template(BAD) + "  : [\n");
    scratch.write("c.json", "{\"Resources\": {\"AWS::ECS::TaskDefinition\"");
    scratch.write("d.yaml", b"Description: \xff AWS::ECS::TaskDefinition");
    scratch.write("e.yaml", template(BAD));
    let checked = scratch.check(&["missing.yaml", "."]);
    assert_eq!(checked.code, Some(2));
    assert!(checked.out.contains("a.yaml:6") && checked.out.contains("e.yaml:6"), "{}", checked.out);
    assert!(checked.out.contains("b.yaml:7") && checked.out.contains("c.json:1"), "{}", checked.out);
    checked.says("error: missing.yaml: cannot be read: No such file");
    assert!(checked.out.contains("d.yaml:1:14"), "{}", checked.out);
    // Once is enough.
    for format in ecs_guard::output::FORMATS {
        let out = scratch.check(&["--format", format, "missing.yaml"]).out;
        assert!(out.contains("No such file"), "{out}");
        assert!(!out.contains("cannot be read: cannot") && !out.contains("read**: cannot"), "{out}");
    }
    // Where no text is on standard output, people find every error on standard error.
    let format = ecs_guard::output::FORMATS.iter().find(|format| **format != "text");
    if let Some(format) = format {
        let checked = scratch.check(&["--format", format, "."]);
        assert!(
            checked.err.contains("error: b.yaml:7") && checked.err.contains("error: c.json:1"),
            "{}",
            checked.err
        );
    }
}

#[test]
fn many_files_come_in_the_order_of_their_paths_whatever_the_threads() {
    let scratch = Scratch::new("order");
    for index in 0..400 {
        let content = match index % 4 {
            0 => "replicas: 3".into(),
            1 => template(BAD) + "  : [\n",
            2 => template(GOOD),
            _ => template(BAD) + &"# long\n".repeat(index * 10),
        };
        scratch.write(&format!("{}/{index}.yaml", index % 7), content);
    }
    let alone = scratch.check(&["--threads=1"]);
    assert_eq!(alone.code, Some(2));
    let names: Vec<_> = alone.names().map(PathBuf::from).collect();
    assert!(names.len() >= 200 && names.is_sorted(), "{names:?}");
    for threads in ["2", "3", "16"] {
        let together = scratch.check(&["--threads", threads]);
        assert_eq!((together.code, &together.out, &together.err), (alone.code, &alone.out, &alone.err));
    }
}

#[test]
fn no_input_brings_it_down() {
    let scratch = Scratch::new("weird");
    let text = template("User: !Sub '${A}:é', Environment: [{Name: 日本, Value: \"\\u00e9\\U0001F30D\"}]");
    let bytes = text.as_bytes();
    for end in 0..bytes.len() {
        scratch.write(&format!("cut/{end}.yaml"), &bytes[..end]);
        let mut damaged = bytes.to_vec();
        damaged[end] = [0, 0xff, b'\t', b'{', b'"', b'*', b'&', b'%'][end % 8];
        scratch.write(&format!("damaged/{end}.json"), damaged);
    }
    scratch.write("deep.yaml", "AWS::ECS::TaskDefinition: ".to_owned() + &"[".repeat(100_000));
    scratch.write("deeper.json", "[\"AWS::ECS::TaskDefinition\",".repeat(10_000));
    scratch.write("flat.yaml", "- AWS::ECS::TaskDefinition\n".repeat(10_000));
    scratch.write("nul.yaml", "AWS::ECS::TaskDefinition: \0\0");
    fs::create_dir(scratch.0.join("directory.yaml")).unwrap();
    let checked = scratch.check(&[]);
    assert_eq!(checked.code, Some(2));
    let everything = checked.all();
    assert!(!everything.contains("mistake in ecs-guard"), "{everything}");
    assert!(everything.contains("deep.yaml:1:") && everything.contains("deeper.json:1:"));
}

#[test]
fn parameters_that_cannot_be_meant_are_named() {
    let scratch = Scratch::new("parameters");
    scratch.write("a.yaml", template(UNKNOWN) + "Parameters: {Somebody: {Type: String}}\n");
    scratch.write("p.json", "{\"Somebody\": \"x\", \"Nobody\": \"hunter2\"}");
    let checked =
        scratch.check(&["--parameter-file=p.json", "--parameter=Else=hunter2", "--parameter=AWS::Region=x"]);
    checked.says("warning: no template declares a parameter `Else`, `Nobody`\n");
    assert!(!checked.err.contains("hunter2"));
    // A name is its letters and their casing, and no part of another word.
    for (name, help) in [("somebody", " (did you mean `Somebody`?)"), ("User", ""), ("body", ""), ("a", "")] {
        let checked = scratch.check(&["--parameter", &format!("{name}=hunter2")]);
        assert_eq!(checked.err, format!("warning: no template declares a parameter `{name}`{help}\n"));
    }
    assert_eq!(scratch.check(&["--parameter=Somebody=1000"]).err, "");
    let wrong = scratch.check(&["--parameter", "hunter2", "--parameter", "AWS::Regin=hunter2"]);
    assert_eq!(
        wrong.err,
        "error: --parameter number 1 is not `Key=Value`\n\
         error: --parameter: there is no value to give to `AWS::Regin`; did you mean `AWS::Region`?\n"
    );
    scratch.write("p.json", "{\"Somebody\":\n  {\"x\": \"hunter2\"}}");
    let wrong = scratch.check(&["--parameter-file=p.json"]);
    assert_eq!(
        (wrong.code, wrong.err.as_str()),
        (Some(2), "error: p.json:2:3: the value of `Somebody` is a map, not text, a number or a boolean\n")
    );
    scratch.write(
        "samconfig.toml",
        "version = 0.1\n[prod.deploy.parameters]\nparameter_overrides = 'Somebody=x'\n",
    );
    let arguments = ["--parameter-file=samconfig.toml", "--config-env=prod"];
    assert_eq!(scratch.check(&arguments).err, "");
    assert_eq!(
        scratch.check(&arguments[..1]).err,
        "error: samconfig.toml:1:1: there is no environment `default` in it; --config-env takes `prod`\n"
    );
    scratch.check(&arguments[1..]).says("--parameter-file");
    scratch.write("samconfig.toml", "version = 0.1\n[default.deploy.parameters]\nstack_name = 'x'\n");
    scratch.write("none.json", "[]");
    let empty = scratch.check(&["--parameter-file=samconfig.toml", "--parameter-file=none.json"]);
    assert_eq!(
        (empty.code, empty.err.as_str()),
        (
            Some(0),
            "note: samconfig.toml gives no parameter a value\nnote: none.json gives no parameter a value\n"
        )
    );
    for (option, name) in
        [("--account=111122223333", "AWS::AccountId"), ("--stack-name=shop", "AWS::StackName")]
    {
        let same = format!("--parameter={name}={}", option.split_once('=').unwrap().1);
        assert_eq!(scratch.check(&[option, &same]).code, Some(0));
        let contradicting = scratch.check(&[option, &format!("--parameter={name}=hunter2")]);
        assert_eq!(contradicting.code, Some(2));
        contradicting.says(&format!("says another value than the parameter {name}: give one of them\n"));
        assert!(!contradicting.all().contains("hunter2"));
    }
}

#[test]
fn the_definition_for_pre_commit_names_what_the_command_has() {
    let definition =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml")).unwrap();
    let entry =
        definition.lines().find_map(|line| line.trim().strip_prefix("entry: ecs-guard check ")).unwrap();
    let scratch = Scratch::new("pre-commit");
    scratch.write("a.yaml", template(BAD));
    assert_eq!(scratch.check(&[entry, "a.yaml", "ecs-guard.yaml"]).code, Some(1));
}

#[test]
fn the_commands_in_the_documentation_are_understood() {
    let scratch = Scratch::new("documentation");
    scratch.write("template.yaml", template(UNKNOWN));
    scratch.write("cdk.out/a.template.json", template(UNKNOWN));
    scratch.write("production.json", "{\"Parameters\": {}}");
    scratch.write("samconfig.toml", "version = 0.1\n[production]\n");
    let documentation = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    let lines = documentation
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- ").trim_start_matches("run: "));
    let commands: Vec<_> = lines.filter_map(|line| line.strip_prefix("ecs-guard check")).collect();
    assert!(commands.len() > 4, "{commands:?}");
    for command in commands {
        // What follows is the shell's.
        let arguments: Vec<_> =
            command.split_whitespace().take_while(|word| !matches!(*word, ">" | "|" | "||")).collect();
        let checked = scratch.check(&arguments);
        assert_eq!(checked.code, Some(0), "{command}: {}", checked.err);
        assert!(!checked.err.contains("error"), "{command}: {}", checked.err);
    }
}

#[test]
fn what_makes_a_run_fail_is_shown_in_every_format_and_called_a_failure() {
    let scratch = Scratch::new("fail-on");
    scratch.write("warn.yaml", template(WARNING));
    scratch.write("unknown.yaml", template(UNKNOWN));
    for (file, fail_on, rule) in [
        ("warn.yaml", "--fail-on=warn", "privileged-container"),
        ("unknown.yaml", "--fail-on=unknown", "root-user"),
    ] {
        for format in ecs_guard::output::FORMATS {
            let failed = match *format {
                "markdown" => "### ecs-guard failed",
                "junit" => "<failure",
                _ => rule,
            };
            for quiet in [None, Some("--quiet")] {
                let mut arguments = vec![file, "--format", format, fail_on];
                arguments.extend(quiet);
                let checked = scratch.check(&arguments);
                assert_eq!(checked.code, Some(1), "{arguments:?}: {}", checked.all());
                for words in [rule, failed] {
                    assert!(checked.out.contains(words), "{arguments:?}: {}", checked.out);
                }
            }
            let passing = scratch.check(&[file, "--format", format]).out;
            assert!(failed == rule || !passing.contains(failed), "{format}: {passing}");
        }
        // What is not to fail is left out still.
        let quiet = scratch.check(&[file, "--quiet"]);
        assert_eq!((quiet.code, quiet.out.as_str()), (Some(0), ""));
    }
}
