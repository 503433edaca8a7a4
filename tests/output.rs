//! What `ecs-guard check` says in each format.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

use ecs_guard::check::{CheckedFile, Totals, check};
use ecs_guard::document::LineIndex;
use ecs_guard::output::{self, Format, Run, UnreadableFile};
use ecs_guard::policy::{self, Policy};
use ecs_guard::template::Given;

fn checked<'a>(path: &'a str, text: &'a str, policy: &Policy) -> CheckedFile<'a> {
    check(path, text, &Given::default(), policy).unwrap()
}

/// The output of a run, put together as `Format` says.
fn written(name: &str, files: &[CheckedFile<'_>], run: &Run<'_>) -> String {
    let format = output::format(name).unwrap();
    let mut totals = Totals::default();
    let mut unreadable = Vec::new();
    let mut text = format.begin(run);
    let mut is_first = true;
    for file in files {
        totals.add(Totals::of(file));
        if let Err(problem) = &file.judged {
            let position = Some(LineIndex::new(file.text).position(problem.span.start as usize));
            unreadable.push(UnreadableFile { path: file.path.into(), position, problem: problem.clone() });
        }
        let part = format.file(file, run);
        if !part.is_empty() {
            text += if is_first { "" } else { format.separator() };
            is_first = false;
            text += &part;
        }
    }
    text + &format.end(&totals, &unreadable, run)
}

const TEMPLATE: &str = "\
Resources:
  Api:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: web
          Environment: [{Name: PASSWORD, Value: hunter2}]
          Privileged: true
          User: !Ref UserId
          ReadonlyRootFilesystem: true
          LinuxParameters: {Capabilities: {Add: [SYS_ADMIN, NET_ADMIN]}}
";

#[test]
fn look() {
    let policy = policy::read("rules: {writable-root-filesystem: {level: warn}}").unwrap();
    let file = checked("templates/api.yaml", TEMPLATE, &policy);
    let other = "Resources: {B: {Properties: {ContainerDefinitions: [{User: root}]}}}";
    let other = checked("b.yaml", other, &policy);
    let broken = checked("c.yaml", "a: [1\nb: c: d\n", &policy);
    let run = Run { policy: &policy, verbose: true, quiet: false };
    println!("{}", written(&std::env::var("F").unwrap(), &[file, other, broken], &run));
}
