//! How much memory `ecs-guard check` takes of a template with much to say of it.
//!
//! Owns the promise that a whole run takes at most 16 MiB and ten times the largest file, whatever the formats and however
//! many the files, and few open files: the system refuses the program more. `make bench-command-line` measures how much it is. On Linux, which counts every kind of memory that a
//! program can write to.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test writes the files it needs, and stops at what it does not expect"
)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use ecs_guard::output::FORMATS;

/// Task definitions, each with two findings of the baseline in a hundred bytes of text.
const TASKS: usize = 5_000;

fn json(tasks: usize) -> String {
    let task = |number| {
        format!(
            "\"T{number}\":{{\"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{{\"ContainerDefinitions\":[{{\"Name\":\"a\",\"Image\":\"b\"}}]}}}}"
        )
    };
    format!("{{\"Resources\":{{{}}}}}", (0..tasks).map(task).collect::<Vec<_>>().join(","))
}

fn yaml() -> String {
    let mut text = "Resources:\n".to_owned();
    for number in 0..TASKS {
        let _ = write!(
            text,
            "  T{number}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions: [{{Name: a, Image: b}}]\n"
        );
    }
    text
}

/// A list of task definitions as Amazon ECS has them.
fn plain() -> String {
    let task = |number| {
        format!("{{\"family\":\"t{number}\",\"containerDefinitions\":[{{\"name\":\"a\",\"image\":\"b\"}}]}}")
    };
    format!("[{}]", (0..TASKS).map(task).collect::<Vec<_>>().join(","))
}

/// Texts in which a parameter stands hundreds of times; what it is, a long literal says only after them.
fn repeated(is_split: bool) -> String {
    let mut conditions = String::new();
    let mut all = Vec::new();
    for number in 0..20 {
        let references = vec!["!Ref P"; 400 - number].join(",");
        let compared = if is_split {
            format!("!Select [0, !Split ['-{number}', !Join ['', [{references},!Ref A]]]], x")
        } else {
            format!("!Join ['', [{references},!Ref A]], !Join ['', [!Ref B, y]]")
        };
        let _ = writeln!(conditions, "  C{number}: !Equals [{compared}]");
        all.push(format!("!Condition C{number}"));
    }
    format!(
        "Parameters: {{P: {{Type: String}}, A: {{Type: String}}, B: {{Type: String}}}}\nConditions:\n{conditions}  \
         D: !Equals [!Ref P, {}]\n  E: !Equals [!Ref A, q]\n  \
         All: !And [{}, !Condition D, !Not [!Condition E]]\nResources:\n  T:\n    \
         Type: AWS::ECS::TaskDefinition\n    Properties:\n      \
         ContainerDefinitions: [{{Name: a, User: app, Privileged: !If [All, true, false]}}]\n",
        "z".repeat(60_000),
        all.join(",")
    )
}

/// Containers that are each one of two, by a parameter of their own: more cases than are looked at, and many findings in each.
fn choices(containers: usize) -> String {
    let mut text = "Parameters:\n".to_owned();
    for number in 0..containers {
        let _ = writeln!(text, "  P{number}: {{Type: String}}");
    }
    text += "Conditions:\n";
    for number in 0..containers {
        let _ = writeln!(text, "  C{number}: !Equals [!Ref P{number}, x]");
    }
    text += "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n";
    for number in 0..containers {
        let _ = writeln!(
            text,
            "        - !If [C{number}, {{Name: a{number}, Image: b, Privileged: true}}, {{Name: b{number}, Image: b}}]"
        );
    }
    text
}

/// Containers that each make a text of their own of a parameter with more values than are looked at.
fn allowed(values: usize, containers: usize) -> String {
    let values: Vec<_> = (0..values).map(|number| format!("\"v{number}\"")).collect();
    let container = |number| {
        format!(
            "{{\"Name\":\"c{number}\",\"Image\":{{\"Fn::Sub\":\"${{P}}\"}},\"User\":{{\"Fn::Sub\":\"${{P}}:x\"}}}}"
        )
    };
    let containers: Vec<_> = (0..containers).map(container).collect();
    format!(
        "{{\"Parameters\":{{\"P\":{{\"Type\":\"String\",\"AllowedValues\":[{},\"root\"]}}}},\"Resources\":{{\"T\":{{\
         \"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{{\"ContainerDefinitions\":[{}]}}}}}}}}",
        values.join(","),
        containers.join(",")
    )
}

/// A condition with a long name, by which every finding is told.
fn long_condition() -> String {
    let container = |number| format!("{{\"Name\":\"c{number}\",\"Privileged\":true}}");
    let containers: Vec<_> = (0..400).map(container).collect();
    format!(
        "{{\"Resources\":{{\"T\":{{\"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{{\
         \"ContainerDefinitions\":{{\"Fn::If\":[\"{}\",[{}],[]]}}}}}}}}}}",
        "C".repeat(40_000),
        containers.join(",")
    )
}

/// Hundreds of thousands of values in three bytes each.
fn punctuation(before: &str, after: &str) -> String {
    format!("{before}{}{after}", vec!["{}"; 300_000].join(","))
}

/// As many keys and values as a text may hold, in as few bytes: one kind of each.
fn shortest() -> [(&'static str, String); 5] {
    let list = |item: &str, count: usize| vec![item; count].join(",");
    let task = "\"T\":{\"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{\"ContainerDefinitions\":[{\"Name\":\"a\",";
    let json = |inside: String| format!("{{\"Resources\":{{{task}{inside}}}]}}}}}}}}");
    [
        ("digits.json", json(format!("\"Command\":[{}]", list("0", 400_000)))),
        ("lists.json", json(format!("\"Command\":[{}]", list("[0]", 200_000)))),
        ("repeated-keys.json", json(format!("\"DockerLabels\":{{{}}}", list("\"0\":0", 300_000)))),
        ("letters.yaml", format!("Metadata: [{}]\nResources: {{{task}}}]}}}}}}\n", list("a", 400_000))),
        (
            "keys.yaml",
            format!(
                "Metadata:\n{}Resources: {{{task}}}]}}}}}}\n",
                (0..250_000).map(|key| format!(" {key:x}:\n")).collect::<Vec<_>>().concat()
            ),
        ),
    ]
}

/// `ecs-guard check` where the system refuses it more memory than a file of that length may take, and more open files than
/// its standard streams, two for each format, one to read, one for what waits and a few.
fn bounded(length: usize, arguments: impl Iterator<Item = String>) -> Output {
    let kibibytes = (16 << 10) + 10 * length / 1024;
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n 24 && ulimit -d {kibibytes} && exec \"$0\" \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_ecs-guard")).args(["--profile", "baseline", "check"]).args(arguments);
    command.env_remove("ECS_GUARD_POLICY").output().unwrap()
}

/// The same for one text, in a file of that name.
fn bounded_text(name: &str, text: &str) -> Output {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    bounded(text.len(), std::iter::once(path.display().to_string()))
}

#[test]
fn thousands_of_findings_take_ten_times_the_file_in_all_formats_at_once() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory");
    std::fs::create_dir_all(&directory).unwrap();
    for (name, text) in [("a.json", json(TASKS)), ("a.yaml", yaml()), ("list.json", plain())] {
        let path = directory.join(name);
        std::fs::write(&path, &text).unwrap();
        // How a file is written and how its results are have nothing to do with each other.
        let formats = if name == "a.json" { FORMATS } else { &["text"] };
        let destination = |format: &&str| directory.join(format!("{name}.{format}"));
        let options =
            formats.iter().map(|format| format!("--format={format}={}", destination(format).display()));
        let output = bounded(text.len(), options.chain([path.display().to_string()]));
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        for format in formats {
            let shown = std::fs::read_to_string(destination(format)).unwrap();
            // A comment has as many of them as GitHub takes.
            let expected = if *format == "markdown" { 100 } else { TASKS };
            let found = shown.matches("root-user").count();
            assert!(found >= expected, "{name}, {format}: {found} of {expected}");
        }
    }
}

#[test]
fn many_dense_files_take_no_more_than_one_of_them() {
    const FILES: usize = 64;
    const TASKS: usize = 60;
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory-many");
    let templates = directory.join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    let text = json(TASKS);
    for number in 0..FILES {
        std::fs::write(templates.join(format!("{number:03}.json")), &text).unwrap();
    }
    let destination = |format: &&str| directory.join(format!("all.{format}"));
    let options = FORMATS.iter().map(|format| format!("--format={format}={}", destination(format).display()));
    // A thread has a stack of its own, which the system counts as a whole.
    let options = options.chain(["--threads=1".into(), templates.display().to_string()]);
    let output = bounded(text.len(), options);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    for format in FORMATS {
        let shown = std::fs::read_to_string(destination(format)).unwrap();
        let expected = if *format == "markdown" { 100 } else { FILES * TASKS };
        let found = shown.matches("root-user").count();
        assert!(found >= expected, "{format}: {found} of {expected}");
    }
}

#[test]
fn tens_of_thousands_of_files_that_cannot_be_read_take_no_more_than_one_of_them() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory/unreadable");
    std::fs::create_dir_all(&directory).unwrap();
    let text = "Resources: {T: {Type: AWS::ECS::TaskDefinition";
    let files = 32_000;
    for number in 0..files {
        std::fs::write(directory.join(format!("{number}.yaml")), text).unwrap();
    }
    let results = directory.with_file_name("results");
    std::fs::create_dir_all(&results).unwrap();
    let destination = |format: &str| results.join(format!("of.{format}"));
    let options = FORMATS.iter().map(|format| format!("--format={format}={}", destination(format).display()));
    let output = bounded(text.len(), options.chain([directory.display().to_string()]));
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    for format in FORMATS.iter().filter(|format| **format != "markdown") {
        let shown = std::fs::read_to_string(destination(format)).unwrap();
        assert!(shown.matches(".yaml").count() >= files, "{format}");
    }
}

#[test]
fn a_long_text_put_in_hundreds_of_times_takes_no_more() {
    for (name, is_split) in [("joined.yaml", false), ("split.yaml", true)] {
        let output = bounded_text(name, &repeated(is_split));
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        // Whatever is too much to be proved impossible is judged.
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("[privileged-container]"), "{name}: {shown}");
    }
}

#[test]
fn a_few_kilobytes_that_multiply_take_no_more_than_others() {
    let task = "\"T\":{\"Type\":\"AWS::ECS::TaskDefinition\",\"Properties\":{\"ContainerDefinitions\":[";
    for (name, text) in [
        ("choices.yaml", choices(80)),
        ("allowed.json", allowed(1_000, 1_000)),
        ("long-condition.json", long_condition()),
        ("punctuation.json", punctuation(&format!("{{\"Resources\":{{{task}"), "]}}}}")),
        ("punctuation.yaml", punctuation(&format!("Resources: {{{task}"), "]}}}")),
    ] {
        let output = bounded_text(name, &text);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("[root-user]"), "{name}: {shown}");
    }
}

#[test]
fn the_shortest_values_take_no_more_than_others() {
    for (name, text) in shortest() {
        let output = bounded_text(name, &text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}, {} bytes: {said}", text.len());
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains("[root-user]"), "{name}: {shown}");
    }
}

#[test]
fn a_text_of_more_values_than_templates_have_is_an_error() {
    for (name, text) in [
        ("too-many.json", format!("{{\"Resources\":[{}]}}", vec!["0"; 600_000].join(","))),
        ("too-many.yaml", format!("Resources: [{}]", vec!["a"; 600_000].join(","))),
    ] {
        let output = bounded_text(name, &text);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("keys and values") && said.contains(name), "{name}: {said}");
    }
}
