//! `ecs-guard check` as a program: which files it reads, where it writes, and how it exits.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
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
    checked.says("error: d.yaml: is not UTF-8 at line 1, column 14: save it as UTF-8");
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
fn directories_are_searched_as_git_sees_them() {
    let scratch = Scratch::new("search");
    let bad = template(BAD);
    fs::create_dir(scratch.0.join(".git")).unwrap();
    scratch.write(".gitignore", "build/\n*.generated.yaml\n");
    for path in [
        "z.yml",
        "a/b.json.template",
        "a/b.TEMPLATE",
        "a/b.cform",
        "a-b/c.yaml",
        "ünï cödé.yaml",
        // Not these:
        "build/out.yaml",
        "x.generated.yaml",
        ".hidden.yaml",
        ".aws-sam/build/template.yaml",
        "private/ignored.yaml",
        "notes.md",
    ] {
        scratch.write(path, &bad);
    }
    scratch.write("private/.ignore", "ignored.yaml\n");
    // Neither of these is for us, and neither is a mistake.
    scratch.write("values.yaml", "{{ helm }}: [ \\\n \"\\u00e9");
    scratch.write("tsconfig.json", "{ // a comment\n}");
    scratch.write("empty.yaml", "");
    scratch.write("binary.json", b"\xff\xfe\x00\xff");
    let searched = ["a/b.TEMPLATE", "a/b.cform", "a/b.json.template", "a-b/c.yaml", "z.yml", "ünï cödé.yaml"];
    assert_eq!(scratch.failing(&[]), searched);
    assert_eq!(scratch.failing(&["."]), searched);
    assert_eq!(scratch.failing(&["./"]), searched);
    assert_eq!(scratch.failing(&["a"]), ["a/b.TEMPLATE", "a/b.cform", "a/b.json.template"]);
    assert_eq!(scratch.failing(&["--no-ignore"]).len(), searched.len() + 3);
    // What is given is read, whatever it is called and whoever ignores it.
    for given in [
        "build",
        "build/",
        ".aws-sam",
        ".hidden.yaml",
        "notes.md",
        "x.generated.yaml",
        "./private/ignored.yaml",
    ] {
        assert_eq!(scratch.failing(&[given]).len(), 1, "{given}");
    }
    let absolute = scratch.0.join("a-b").to_string_lossy().into_owned();
    assert_eq!(scratch.failing(&[&absolute]), [format!("{absolute}/c.yaml")]);
}

#[test]
fn what_one_clone_leaves_out_is_searched_and_a_link_is_told_by_its_file() {
    let scratch = Scratch::new("clone");
    fs::create_dir_all(scratch.0.join(".git/info")).unwrap();
    scratch.write(".git/info/exclude", "mine.yaml\n");
    scratch.write("mine.yaml", template(BAD));
    assert_eq!(scratch.failing(&[]), ["mine.yaml"]);
    // Whatever order the directory has.
    for link in ["z.yaml", "a.yaml", "linked/b.yaml"] {
        fs::create_dir_all(scratch.0.join("linked")).unwrap();
        symlink(scratch.0.join("mine.yaml"), scratch.0.join(link)).unwrap();
        assert_eq!(scratch.failing(&[]), ["mine.yaml"], "{link}");
    }
    assert_eq!(scratch.failing(&["linked"]), ["linked/b.yaml"]);
    assert_eq!(scratch.failing(&["z.yaml", "a.yaml"]), ["a.yaml"]);
}

#[test]
fn a_directory_that_git_ignores_is_searched_when_it_is_given() {
    for ignoring in ["cdk.out", "cdk.out/", "/cdk.out", "cdk.out/*", "cdk.out/**", "**/cdk.out/**", "*"] {
        let scratch = Scratch::new("cdk");
        fs::create_dir(scratch.0.join(".git")).unwrap();
        scratch.write(".gitignore", ignoring);
        scratch.write("infrastructure/cdk.out/Service.template.json", template(BAD));
        scratch.write("infrastructure/cdk.out/assembly-Stage/Service.template.json", template(BAD));
        scratch.write("infrastructure/cdk.out/manifest.json", "{}");
        if !ignoring.starts_with('/') && !ignoring.starts_with("cdk.out/*") {
            scratch.check(&["."]).says("nothing was judged");
        }
        let found = scratch.failing(&["infrastructure/cdk.out"]);
        let expected = ["Service.template.json", "assembly-Stage/Service.template.json"];
        assert_eq!(found, expected.map(|path| format!("infrastructure/cdk.out/{path}")), "{ignoring}");
        let mut inside = scratch.command(&[]);
        let inside = Checked::new(inside.current_dir(scratch.0.join("infrastructure/cdk.out")));
        assert_eq!(inside.code, Some(1), "{ignoring}");
    }
}

#[test]
fn patterns_that_the_shell_left_alone_are_expanded() {
    let scratch = Scratch::new("patterns");
    let bad = template(BAD);
    fs::create_dir(scratch.0.join(".git")).unwrap();
    scratch.write(".gitignore", "cdk.out/\n");
    for path in
        ["a/x.yaml", "a/b/y.yaml", "a/b/c/z.yml", "a/.hidden.yaml", "cdk.out/s.template.json", "[id].yaml"]
    {
        scratch.write(path, &bad);
    }
    scratch.write("a/values.yaml", "{{ helm }}: [");
    for (pattern, expected) in [
        ("a/*.yaml", &["a/x.yaml"][..]),
        ("./a/*.yaml", &["a/x.yaml"]),
        ("a/*/*.yaml", &["a/b/y.yaml"]),
        ("**/*.yaml", &["[id].yaml", "a/b/y.yaml", "a/x.yaml"]),
        ("a/**/*.{yaml,yml}", &["a/b/c/z.yml", "a/b/y.yaml", "a/x.yaml"]),
        ("a/.*.yaml", &["a/.hidden.yaml"]),
        ("cdk.out/*.template.json", &["cdk.out/s.template.json"]),
        ("a/b/[xy].yam?", &["a/b/y.yaml"]),
        // A file of that name is no pattern.
        ("[id].yaml", &["[id].yaml"]),
    ] {
        assert_eq!(scratch.failing(&[pattern]), expected, "{pattern}");
    }
    let absolute = format!("{}/a/*.yaml", scratch.0.display());
    assert_eq!(scratch.failing(&[&absolute]), [format!("{}/a/x.yaml", scratch.0.display())]);
    for (pattern, problem) in [
        ("a/*.json", "error: a/*.json: the pattern matches no file"),
        ("nowhere/*.yaml", "error: nowhere/*.yaml: the pattern matches no file"),
        ("a/[.yaml", "error: a/[.yaml: not a pattern: "),
    ] {
        let checked = scratch.check(&[pattern]);
        assert_eq!(checked.code, Some(2), "{pattern}");
        checked.says(problem);
    }
}

#[test]
fn a_file_that_is_reached_twice_is_checked_once() {
    let scratch = Scratch::new("twice");
    scratch.write("a/x.yaml", template(BAD));
    let absolute = scratch.0.join("a/x.yaml").to_string_lossy().into_owned();
    symlink(&absolute, scratch.0.join("link.yaml")).unwrap();
    symlink(scratch.0.join("a"), scratch.0.join("loop")).unwrap();
    symlink(&scratch.0, scratch.0.join("a/loop")).unwrap();
    symlink("nowhere", scratch.0.join("dangling.yaml")).unwrap();
    for paths in [
        &["a/x.yaml", "./a/x.yaml", "a/../a/x.yaml"][..],
        &["a", &absolute],
        &["a/*.yaml", ".", "a"],
        &["link.yaml", "a/x.yaml"],
        &["loop", "a"],
        &[],
    ] {
        assert_eq!(scratch.failing(paths).len(), 1, "{paths:?}");
    }
    // A link to a file elsewhere is followed.
    let elsewhere = Scratch::new("elsewhere");
    symlink(&absolute, elsewhere.0.join("link.yaml")).unwrap();
    assert_eq!(elsewhere.failing(&[]), ["link.yaml"]);
}

#[test]
fn nested_stacks_get_the_parameters_they_are_handed() {
    let scratch = Scratch::new("nested");
    let child = "Parameters: {User: {Type: String, Default: '1000'}}\n".to_owned()
        + &template("User: !Ref User, ReadonlyRootFilesystem: true");
    scratch.write("child.yaml", child);
    let sections = "Parameters: {Open: {Type: String}, Hidden: {Type: String, NoEcho: true}, \
        Name: {Type: String, AllowedValues: [child]}, Root: {Type: String, AllowedValues: [root, '0']}, \
        Either: {Type: String, AllowedValues: [root, '1']}, \
        Many: {Type: String, AllowedValues: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}}\n\
        Conditions: {Never: !Equals [a, b], May: !Equals [!Ref AWS::StackName, x], IsRoot: !Equals [!Ref Either, root]}";
    // What the only nested stack's template comes to: its user is root, may be anything, or is not.
    for (attributes, failures, unknowns) in [
        ("Properties: {TemplateURL: child.yaml}", 0, 0),
        ("Properties: {TemplateURL: ./child.yaml, Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Sub '${AWS::Region}:0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Open}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: !If [May, {User: '0'}, {User: '1'}]}", 1, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: !If [May, {User: '2'}, {Other: x}]}", 0, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: !Transform {Name: X}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: '1', User: '0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: '1'}, Parameters: {User: '0'}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {Other: x, Fn::Transform: {Name: X}}}", 0, 1),
        ("Properties: {TemplateURL: child.yaml}, Fn::Transform: {Name: X}", 0, 1),
        ("Condition: May, Properties: {TemplateURL: child.yaml, Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !Sub 'child.yaml', Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !Sub './${Name}.yaml', Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !If [May, child.yaml, child.yaml], Parameters: {User: '0'}}", 1, 0),
        ("Properties: {TemplateURL: !If [May, child.yaml, !Ref Open], Parameters: {User: '0'}}", 1, 1),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref AWS::NoValue}}", 0, 0),
        (
            "Properties: {TemplateURL: child.yaml, Parameters: {User: !If [May, '0', !Ref AWS::NoValue]}}",
            1,
            0,
        ),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Root}}", 2, 0),
        ("Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Many}}", 0, 1),
        ("Condition: IsRoot, Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Either}}", 1, 0),
    ] {
        let stack = format!("Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, {attributes}}}}}\n");
        scratch.write("parent.yaml", format!("{sections}\n{stack}"));
        let totals = scratch.check(&["parent.yaml", "--follow-nested"]).out;
        let totals = totals.lines().last().unwrap_or_default();
        let expected = format!(
            "ecs-guard: {failures} failure{}, 0 warnings, {unknowns} unknown",
            if failures == 1 { "" } else { "s" }
        );
        assert!(totals.starts_with(&expected), "{attributes}: {totals}");
    }
    let root = "Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Root}}";
    let stack = format!("Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, {root}}}}}\n");
    scratch.write("parent.yaml", format!("{sections}\n{stack}"));
    let checked = scratch.check(&["parent.yaml", "--follow-nested"]);
    checked.says("of parent.yaml, with the parameters it gets there for Root=root (allowed value)\n");
    checked.says("  = note: this holds for Root=root (allowed value)\n");
    let never = "Condition: Never, Properties: {TemplateURL: child.yaml}";
    scratch.write(
        "parent.yaml",
        format!("{sections}\nResources: {{Nested: {{Type: AWS::CloudFormation::Stack, {never}}}}}"),
    );
    scratch.check(&["parent.yaml", "--follow-nested"]).says("no task definition in 1 file");
    for location in ["https://bucket.s3.amazonaws.com/child.yaml", "!Ref Open"] {
        let stack = format!(
            "Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {location}}}}}}}\n"
        );
        scratch.write("parent.yaml", stack);
        let checked = scratch.check(&["parent.yaml", "--follow-nested"]);
        assert_eq!(checked.code, Some(0));
        checked.says("the template of the nested stack `Nested` is no file, so it is not checked");
    }
    scratch.write(
        "parent.yaml",
        "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: gone.yaml}}}",
    );
    let missing = scratch.check(&["parent.yaml", "--follow-nested"]);
    assert_eq!(missing.code, Some(2));
    missing.says("; it is the template of the nested stack `N` of parent.yaml");
    assert_eq!(scratch.check(&["parent.yaml"]).code, Some(0));
    // What is handed down and open, an option of this run does not settle.
    let handed = "Parameters: {Q: {Type: String}}\nResources: {Nested: {Type: AWS::CloudFormation::Stack, \
                  Properties: {TemplateURL: child.yaml, Parameters: {User: !Ref Q}}}}\n";
    scratch.write("parent.yaml", handed);
    let open = scratch.check(&["parent.yaml", "--follow-nested"]);
    assert!(!open.out.contains("--parameter User"), "{}", open.out);
}

/// A template with one nested stack.
fn parent(location: &str) -> String {
    format!(
        "Resources: {{Nested: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {location}}}}}}}\n"
    )
}

#[test]
fn a_template_names_only_files_of_the_tree_that_is_checked() {
    let outside = Scratch::new("outside");
    outside.write("secret.ini", "[token\nkey: hunter2: [\n");
    outside.write("template.yaml", template(BAD));
    outside.write("tree/secret.ini", "[token\nkey: hunter2: [\n");
    outside.write("tree/inside.yaml", template(BAD));
    outside.write("tree/.git/config", "[token\nkey: hunter2: [\n");
    outside.write("tree/sub/ok.yaml", template(GOOD));
    symlink(outside.0.join("template.yaml"), outside.0.join("tree/link.yaml")).unwrap();
    let absolute = outside.0.join("template.yaml").to_string_lossy().into_owned();
    let is_pipe = Command::new("mkfifo").arg(outside.0.join("tree/pipe")).status().unwrap();
    assert!(is_pipe.success());
    let elsewhere = "it lies outside the repository or directory that is checked";
    for (location, code, words) in [
        ("/dev/zero", 2, elsewhere),
        ("../../secret.ini", 2, elsewhere),
        ("../../template.yaml", 2, elsewhere),
        (&absolute, 2, elsewhere),
        ("../link.yaml", 2, elsewhere),
        ("../.git/config", 2, elsewhere),
        ("../pipe", 2, "is named by a template and is no regular file"),
        ("../secret.ini", 2, "is named as a template and is none"),
        ("../inside.yaml", 1, "checked as the nested stack"),
        ("ok.yaml", 0, "0 failures, 0 warnings, 0 unknown"),
    ] {
        outside.write("tree/sub/parent.yaml", parent(location));
        let directory = outside.0.join("tree/sub").to_string_lossy().into_owned();
        for path in ["tree/sub/parent.yaml", "tree/sub", &directory] {
            let checked = outside.check(&[path, "--follow-nested"]);
            let said = checked.all();
            assert_eq!(checked.code, Some(code), "{path}, {location}: {said}");
            assert!(said.contains(words), "{path}, {location}: {said}");
            assert!(!said.contains("hunter2"), "{path}, {location}: {said}");
        }
    }
    // Without a repository the current directory is the tree, and what somebody names on the command line is read.
    fs::remove_dir_all(outside.0.join("tree/.git")).unwrap();
    outside.write("tree/sub/parent.yaml", parent("../../template.yaml"));
    assert_eq!(outside.check(&["tree/sub/parent.yaml", "--follow-nested"]).code, Some(1));
    assert_eq!(outside.check(&["tree/link.yaml"]).code, Some(1));
}

#[test]
fn what_nobody_can_see_is_unknown_in_every_format() {
    let scratch = Scratch::new("unseen");
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://bucket/key}}";
    for text in [
        format!("Resources: {{{include}}}\n"),
        format!("Resources: {{A: {{{include}}}}}\n"),
        "Transform: Ours\nResources: {}\n".into(),
        "Transform: [AWS::Serverless-2016-10-31, Ours]\nResources: {}\n".into(),
        "{\"Transform\": [\"AWS::LanguageExtensions\", \"Ours\"], \"Resources\": {}}\n".into(),
        parent("https://bucket.s3.amazonaws.com/child.yaml"),
    ] {
        scratch.write("a.yaml", &text);
        for path in ["a.yaml", "."] {
            assert_eq!(scratch.check(&[path, "--follow-nested"]).code, Some(0), "{text}");
            for format in ["text", "json", "sarif", "junit", "github", "markdown", "csv"] {
                for quiet in [false, true] {
                    let mut arguments =
                        vec![path, "--follow-nested", "--fail-on=unknown", "--format", format];
                    arguments.extend(quiet.then_some("--quiet"));
                    let checked = scratch.check(&arguments);
                    assert_eq!(checked.code, Some(1), "{format}: {text}");
                    assert!(
                        checked.out.contains("not judged") || checked.out.contains("not checked"),
                        "{format}: {}",
                        checked.out
                    );
                }
            }
        }
    }
    // What AWS's own macros make is known, and does not concern us.
    for transform in ["AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions, 'AWS::Serverless-2016-10-31']"]
    {
        scratch.write("a.yaml", format!("Transform: {transform}\nResources: {{}}\n"));
        let checked = scratch.check(&[".", "--fail-on=unknown"]);
        assert_eq!(checked.code, Some(0));
        checked.says("no template and no task definition was found");
    }
}

#[test]
fn nested_stacks_beyond_the_limit_are_an_error() {
    let scratch = Scratch::new("many");
    scratch.write("child.yaml", "Resources: {}\n");
    let run = |count: usize| {
        let stack = |number: usize| {
            let parameters = format!("Parameters: {{P: '{number}'}}");
            format!(
                "  N{number}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: child.yaml, {parameters}}}}}\n"
            )
        };
        let text = "Resources:\n".to_owned() + &(0..count).map(stack).collect::<String>();
        scratch.write("parent.yaml", text);
        scratch.check(&["parent.yaml", "--follow-nested", "--quiet"])
    };
    assert_eq!(run(10_000).code, Some(0));
    let beyond = run(10_001);
    assert_eq!(beyond.code, Some(2));
    beyond
        .says("parent.yaml: more than 10000 nested stacks are to be checked in one run; `N10000` and those");
}

#[test]
fn what_has_no_end_is_read_up_to_a_limit() {
    let scratch = Scratch::new("endless");
    let checked = scratch.check(&["/dev/zero"]);
    assert_eq!(checked.code, Some(2));
    checked.says("/dev/zero: is larger than 64 MiB, which no template is");
    // A pipe that somebody names is read.
    let pipe = scratch.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = scratch.command(&["pipe"]).stdout(Stdio::piped()).spawn().unwrap();
    fs::write(&pipe, template(BAD)).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[test]
fn standard_input_is_a_file() {
    let scratch = Scratch::new("stdin");
    scratch.write("a.yaml", template(BAD));
    for (arguments, input, code) in [
        (&["-"][..], BAD, 1),
        (&["-", "-"], GOOD, 0),
        (&["a.yaml", "-"], GOOD, 1),
        (&["--skip-unrecognized", "-"], BAD, 1),
    ] {
        let mut child =
            scratch.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(template(input).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(out.contains("<stdin>:6"), input == BAD, "{out}");
    }
    // What should have been piped in was never written.
    let empty = scratch.check(&["-", "a.yaml"]);
    assert_eq!(empty.code, Some(2));
    empty.says("<stdin>: is empty, so nothing is judged");
    assert_eq!(scratch.check(&["-", "--skip-unrecognized"]).code, Some(0));
}

#[test]
fn what_holds_no_template_is_not_passed_over_silently_when_it_is_given() {
    let scratch = Scratch::new("unrecognized");
    scratch.write("values.yaml", "replicas: 3");
    scratch.write("broken.yaml", "{{ helm }}: [");
    let given = scratch.check(&["values.yaml"]);
    assert_eq!(given.code, Some(0));
    let note = "note: values.yaml holds neither a CloudFormation template nor an ECS task definition\n";
    given.says(note);
    assert_eq!(scratch.check(&["--quiet", "values.yaml"]).err, "");
    scratch.write("a\n\u{1b}[2Jb.yaml", "replicas: 3");
    scratch.check(&["a\n\u{1b}[2Jb.yaml"]).says("note: a\u{fffd}\u{fffd}[2Jb.yaml holds neither");
    assert_eq!(scratch.check(&["broken.yaml"]).code, Some(2));
    // As a pre-commit hook gives every file there is.
    let skipping = scratch.check(&["--skip-unrecognized", "values.yaml", "broken.yaml", "ecs-guard.yaml"]);
    assert_eq!((skipping.code, skipping.err.as_str()), (Some(0), ""));
    // A directory without anything to check may be the wrong one.
    let nothing = scratch.check(&["."]);
    assert_eq!(nothing.code, Some(0));
    nothing.says("nothing was judged");
}

#[test]
fn other_encodings_are_named() {
    let scratch = Scratch::new("encodings");
    let text = template(BAD);
    let utf16 = |mark: bool, little: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for content in [utf16(true, true), utf16(true, false), utf16(false, true), utf16(false, false)] {
        scratch.write("x.yaml", content);
        for paths in [&["x.yaml"][..], &["."]] {
            let checked = scratch.check(paths);
            assert_eq!(checked.code, Some(2));
            checked.says("error: x.yaml: is UTF-16: save it as UTF-8\n");
        }
    }
    let utf32 = |mark: bool, little: bool| -> Vec<u8> {
        let units = mark.then_some('\u{FEFF}').into_iter().chain(text.chars()).map(u32::from);
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    for content in [utf32(true, true), utf32(true, false), utf32(false, true), utf32(false, false)] {
        scratch.write("x.yaml", content);
        for paths in [&["x.yaml"][..], &["."]] {
            let checked = scratch.check(paths);
            assert_eq!(checked.code, Some(2));
            checked.says("error: x.yaml: is UTF-32: save it as UTF-8\n");
        }
    }
    scratch.write("x.yaml", [b"\xef\xbb\xbf", text.as_bytes()].concat());
    assert_eq!(scratch.check(&["."]).code, Some(1));
    // Not UTF-8, and not for us.
    scratch.write("x.yaml", b"caf\xe9: 1");
    assert_eq!(scratch.check(&["."]).code, Some(0));
    scratch.check(&["x.yaml"]).says("error: x.yaml: is not UTF-8 at line 1, column 4");
}

#[test]
fn results_go_where_they_are_sent() {
    let scratch = Scratch::new("outputs");
    scratch.write("a.yaml", template(BAD));
    scratch.write("b.yaml", template(BAD));
    let text = scratch.check(&[]);
    let both = scratch.check(&["--color=always", "--format=text=one.txt", "--format", "text=two.txt"]);
    assert_eq!(both.code, Some(1));
    assert!(both.out.contains("a.yaml"), "text goes to standard output when nothing else does");
    assert_eq!(scratch.read("one.txt"), text.out, "files have no colour");
    assert_eq!(scratch.read("two.txt"), text.out);
    assert_eq!(scratch.check(&["--format=text=-"]).out, text.out);
    for (arguments, problem) in [
        (&["--format=text", "--format=text=-"][..], "error: only one format can go to standard output"),
        (
            &["--format=text=x.txt", "--format=text=./x.txt"],
            "error: two formats cannot go to one file, `./x.txt`",
        ),
        (&["--format=text="], "there is no file name after `=`"),
        (&["--format=txt"], "there is no format `txt`; did you mean `text`?"),
        (&["--format=text=no/where.txt"], "error: no/where.txt cannot be written: No such file"),
        (&["--format=text=a.yaml"], "error: a.yaml is a file to check, so no results are written to it"),
    ] {
        let checked = scratch.check(arguments);
        assert_eq!(checked.code, Some(2), "{arguments:?}");
        checked.says(problem);
    }
    assert_eq!(scratch.read("a.yaml"), template(BAD));
    // One place that cannot be written does not take the others with it.
    let partly = scratch.check(&["--format=text=no/where.txt", "--format=text=one.txt", "--format=text"]);
    assert_eq!((partly.code, partly.out), (Some(2), text.out.clone()));
    assert_eq!(scratch.read("one.txt"), text.out);
    #[cfg(target_os = "linux")]
    {
        let full = scratch.check(&["--format=text=/dev/full"]);
        assert_eq!((full.code, full.out), (Some(2), text.out));
        assert_eq!(full.err, "error: /dev/full cannot be written: No space left on device (os error 28)\n");
    }
}

#[test]
fn no_results_are_written_to_what_was_read() {
    let scratch = Scratch::new("spared");
    scratch.write("a.yaml", template(BAD));
    scratch.write("bucket.yaml", "Resources: {Bucket: {Type: AWS::S3::Bucket}}\n");
    scratch.write("child.yaml", template(BAD));
    scratch.write("parent.yaml", parent("child.yaml"));
    scratch.write("parameters.json", "{\"Parameters\": {}}");
    fs::hard_link(scratch.0.join("child.yaml"), scratch.0.join("child.json")).unwrap();
    fs::hard_link(scratch.0.join("ecs-guard.yaml"), scratch.0.join("policy.json")).unwrap();
    symlink("a.yaml", scratch.0.join("link")).unwrap();
    let nested = ["parent.yaml", "--follow-nested"];
    for (arguments, target, problem) in [
        (&["a.yaml"][..], "a.yaml", "a.yaml is a file to check"),
        (&["a.yaml"], "link", "link is the same file as a.yaml, a file to check"),
        (&["a.yaml", "--fix"], "a.yaml", "a.yaml is a file to check"),
        (&["."], "bucket.yaml", "bucket.yaml is a file to check"),
        (&nested, "child.yaml", "child.yaml is a file to check"),
        (&nested, "child.json", "child.json is the same file as child.yaml, a file to check"),
        (&["a.yaml"], "policy.json", "ecs-guard.yaml, the policy"),
        (&["a.yaml", "--parameter-file=parameters.json"], "parameters.json", "is a file of parameters"),
    ] {
        let before = scratch.read(target);
        for format in ecs_guard::output::FORMATS {
            let format = format!("--format={format}={target}");
            let checked = scratch.check(&[arguments, &[format.as_str()]].concat());
            assert_eq!(checked.code, Some(2), "{arguments:?} {target}");
            checked.says(problem);
            checked.says("so no results are written to it");
            // All the same, everything is judged.
            assert!(checked.out.contains(" failure"), "{arguments:?} {target}: {}", checked.out);
            assert_eq!(scratch.read(target), before, "{arguments:?}");
        }
    }
    let mut piped = scratch.command(&["-", "--format=json=a.yaml"]);
    let piped = Checked::new(piped.stdin(fs::File::open(scratch.0.join("a.yaml")).unwrap()));
    assert_eq!(piped.code, Some(2));
    piped.says("a.yaml is the same file as <stdin>, a file to check");
    assert_eq!(scratch.read("a.yaml"), template(BAD));
    // A template that is not there is not made.
    scratch.write("parent.yaml", parent("gone.yaml"));
    assert_eq!(scratch.check(&[&nested[..], &["--format=json=gone.yaml"]].concat()).code, Some(2));
    assert!(!scratch.0.join("gone.yaml").exists());
}

#[test]
fn results_of_an_earlier_run_are_replaced() {
    let scratch = Scratch::new("again");
    scratch.write("a.yaml", template(BAD));
    scratch.write("report.json", "{\"older\": \"taskDefinition\"}".to_owned() + &" ".repeat(100_000));
    let mut last = None;
    for run in 0..3 {
        let checked = scratch.check(&[".", "--format=json=report.json", "--format=sarif=./report.sarif"]);
        assert_eq!((checked.code, checked.err.as_str()), (Some(1), ""), "{run}");
        let report = scratch.read("report.json");
        assert!(serde_json::from_str::<serde_json::Value>(&report).is_ok(), "{report}");
        assert_eq!(*last.get_or_insert_with(|| report.clone()), report);
    }
    // What was asked for by its name is not replaced.
    let named = scratch.check(&["a.yaml", "report.json", "--format=json=report.json"]);
    assert_eq!(named.code, Some(2));
    named.says("report.json is a file to check");
}

#[test]
fn each_format_has_a_place_of_its_own() {
    let scratch = Scratch::new("places");
    scratch.write("a.yaml", template(BAD));
    scratch.write("s/x", "");
    symlink("later", scratch.0.join("link")).unwrap();
    for [one, other] in [["s/../j", "j"], ["later", "link"], ["link", "s/../later"]] {
        let formats = [format!("--format=json={one}"), format!("--format=sarif={other}")];
        let checked = scratch.check(&[&formats[0], &formats[1]]);
        assert_eq!((checked.code, checked.out.as_str()), (Some(2), ""), "{one} {other}");
        checked.says("error: two formats cannot go to one file, ");
        checked.says("give each a file of its own");
        assert!(!scratch.0.join("j").exists() && !scratch.0.join("later").exists());
    }
    #[cfg(target_os = "linux")]
    {
        let json = scratch.check(&["--format=json"]).out;
        for name in ["/dev/stdout", "/proc/self/fd/1"] {
            let format = format!("--format=json={name}");
            assert_eq!(scratch.check(&[&format]).out, json);
            for other in ["text", "sarif=/dev/stdout"] {
                let checked = scratch.check(&[&format, "--format", other]);
                assert_eq!((checked.code, checked.out.as_str()), (Some(2), ""), "{name} {other}");
                checked.says("only one format can go to standard output; give the others a file");
            }
        }
        // Nothing is mixed up where nothing is kept.
        let mut silent =
            scratch.command(&["--format=text", "--format=json=/dev/null", "--format=csv=/dev/null"]);
        assert_eq!(silent.stdout(Stdio::null()).status().unwrap().code(), Some(1));
    }
}

#[test]
fn a_verdict_does_not_depend_on_standard_error() {
    let scratch = Scratch::new("errors");
    scratch.write("a.yaml", template(BAD));
    fs::remove_file(scratch.0.join("ecs-guard.yaml")).unwrap();
    let heard = scratch.check(&["."]);
    heard.says("no ecs-guard.yaml found");
    for redirection in ["2>/dev/full", "2>&-"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" check . {redirection}"), env!("CARGO_BIN_EXE_ecs-guard")]);
        let unheard = Checked::new(shell.current_dir(&scratch.0).env_remove("ECS_GUARD_POLICY"));
        assert_eq!((unheard.code, &unheard.out), (heard.code, &heard.out), "{redirection}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_is_gone_is_not_an_empty_one() {
    let scratch = Scratch::new("gone");
    for arguments in ["", ".", "'**/*.yaml'"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec \"$0\" check {arguments}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_ecs-guard")]);
        let checked = Checked::new(shell.current_dir(&scratch.0).env_remove("ECS_GUARD_POLICY"));
        assert_eq!(checked.code, Some(2), "{arguments}");
        checked.says("cannot be searched: it is not there any more");
    }
}

#[test]
fn a_reader_that_has_seen_enough_changes_no_verdict() {
    let scratch = Scratch::new("head");
    for index in 0..300 {
        scratch.write(&format!("{index}.yaml"), template(if index == 299 { BAD } else { WARNING }));
    }
    let mut child = scratch.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
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
}

#[test]
fn what_may_not_be_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("permissions");
    scratch.write("closed.yaml", template(BAD));
    scratch.write("inside/a.yaml", template(BAD));
    let set = |path: &str, mode| {
        fs::set_permissions(scratch.0.join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("closed.yaml", 0o000);
    set("inside", 0o000);
    // Root reads everything.
    if fs::read(scratch.0.join("closed.yaml")).is_err() {
        let checked = scratch.check(&[]);
        assert_eq!(checked.code, Some(2));
        checked.says("error: closed.yaml: cannot be read: Permission denied");
        checked.says("error: inside: cannot be searched: permission denied");
    }
    set("inside", 0o755);
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

#[test]
fn a_template_of_two_nested_stacks_has_results_that_can_be_told_apart() {
    let scratch = Scratch::new("fingerprints");
    let child = template("User: !Ref Who, ReadonlyRootFilesystem: true");
    scratch.write("child.template", format!("Parameters: {{Who: {{Type: String}}}}\n{child}"));
    let stack = |who: &str| {
        format!(
            "{{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: child.template, Parameters: {{Who: {who}}}}}}}"
        )
    };
    scratch.write("a.yaml", format!("Resources: {{A: {}, B: {}}}", stack("root"), stack("'0'")));
    let checked = scratch.check(&["a.yaml", "--follow-nested", "--format=sarif"]);
    let parts: Vec<_> = checked.out.split(r#""ecsGuard/v1":""#).skip(1).collect();
    let mut fingerprints: Vec<_> = parts.iter().filter_map(|part| part.split('"').next()).collect();
    assert_eq!(fingerprints.len(), 2, "{}", checked.all());
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 2, "{}", checked.out);
}
