//! Other tools beside ours: what each says of the cases of the bypass suite.
//!
//! Owns how cfn-guard and Checkov are asked, and the table. Must not know what a case is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use super::{Case, Family, Kind, Truth};

/// What a tool does about a rule in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It reports a violation, or stops.
    Stops,
    /// It says that the answer is not known yet; only ours has a word for that.
    LeavesOpen,
    /// It says nothing against it.
    LetsPass,
    /// It gives up with an error, as a pipeline would notice.
    Errs,
    /// The case is nothing this tool can be given.
    NotAsked,
}

/// A column of the table.
struct Tool {
    name: String,
    /// An answer for every case, in their order.
    answers: Vec<Answer>,
}

/// Prints the table, and every case that a tool gets wrong. Ours gets none wrong.
pub(crate) fn print_table(families: &[(String, Family)]) {
    let cases: Vec<&Case> = families.iter().flat_map(|(_, family)| &family.case).collect();
    let mut tools =
        vec![Tool { name: "ecs-guard".into(), answers: cases.iter().map(|case| ours(case)).collect() }];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bypass");
    let files = write_files(&folder, &cases);
    match program("CFN_GUARD", "cfn-guard") {
        Some(guard) => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            for (name, rules) in [
                ("cfn-guard, public patterns", "tests/bypass/patterns.guard"),
                ("cfn-guard, our best rules", "benches/peers/guard/src/baseline.guard"),
            ] {
                let ask = |(case, file): (&&Case, &Option<PathBuf>)| {
                    file.as_ref().map_or(Answer::NotAsked, |file| {
                        ask_guard(&guard, &root.join(rules), file, &case.rule)
                    })
                };
                tools.push(Tool { name: name.into(), answers: cases.iter().zip(&files).map(ask).collect() });
            }
        }
        None => println!("cfn-guard is not there, so it is NOT asked"),
    }
    match program("CHECKOV", "checkov") {
        Some(checkov) => {
            let answers = cases.iter().zip(&files).map(|(case, file)| {
                file.as_ref().map_or(Answer::NotAsked, |file| ask_checkov(&checkov, file, &case.rule))
            });
            tools.push(Tool { name: "checkov".into(), answers: answers.collect() });
        }
        None => println!("checkov is not on the path, so it is NOT asked"),
    }
    for tool in &tools {
        println!("\n{}:", tool.name);
        for (case, answer) in cases.iter().zip(&tool.answers) {
            if let Some(mistake) = mistake(case.verdict, *answer) {
                println!("  {mistake}: {} ({})", case.name, case.rule);
            }
        }
    }
    println!("\n{} cases\n", cases.len());
    println!(
        "| tool | asked | caught | missed | passed what is open | falsely accused | left open | gave up |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for tool in &tools {
        print_row(tool, &cases);
    }
    let ours = tools.iter().take(1).flat_map(|tool| cases.iter().zip(&tool.answers));
    let wrong: Vec<_> = ours
        .filter(|(case, answer)| mistake(case.verdict, **answer).is_some())
        .map(|(case, _)| &case.name)
        .collect();
    assert!(wrong.is_empty(), "ecs-guard: {wrong:?}");
}

/// Whether an answer is wrong, in a word.
fn mistake(truth: Truth, answer: Answer) -> Option<&'static str> {
    match (truth, answer) {
        (Truth::Fail, Answer::LetsPass) => Some("missed"),
        (Truth::Unknown | Truth::Unreadable, Answer::LetsPass) => Some("passed what is open"),
        (Truth::Pass | Truth::NotApplicable | Truth::Nothing, Answer::Stops) => Some("falsely accused"),
        (Truth::Fail | Truth::Pass | Truth::NotApplicable | Truth::Nothing, Answer::LeavesOpen) => {
            Some("left open")
        }
        (Truth::Unreadable, _) => None,
        (_, Answer::Errs) => Some("gave up"),
        _ => None,
    }
}

fn print_row(tool: &Tool, cases: &[&Case]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut violations = 0;
    let mut asked = 0;
    for (case, answer) in cases.iter().zip(&tool.answers) {
        if *answer == Answer::NotAsked {
            continue;
        }
        asked += 1;
        if case.verdict == Truth::Fail {
            violations += 1;
            *counts.entry("caught").or_default() += usize::from(*answer == Answer::Stops);
        }
        if let Some(mistake) = mistake(case.verdict, *answer) {
            *counts.entry(mistake).or_default() += 1;
        }
    }
    let of = |what| counts.get(what).copied().unwrap_or_default();
    println!(
        "| {} | {asked} | {} of {violations} | {} | {} | {} | {} | {} |",
        tool.name,
        of("caught"),
        of("missed"),
        of("passed what is open"),
        of("falsely accused"),
        of("left open"),
        of("gave up"),
    );
}

/// What ours says.
fn ours(case: &Case) -> Answer {
    match case.judged().0 {
        Truth::Fail => Answer::Stops,
        Truth::Unknown => Answer::LeavesOpen,
        Truth::Unreadable => Answer::Errs,
        Truth::Pass | Truth::NotApplicable | Truth::Nothing => Answer::LetsPass,
    }
}

/// Every case as a template, where it can be one: others judge files, not events.
fn write_files(folder: &Path, cases: &[&Case]) -> Vec<Option<PathBuf>> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let write = |case: &&Case| {
        let text = match case.kind {
            Kind::Template | Kind::Stack => case.written(),
            Kind::Event if case.text.is_none() => format!(
                r#"{{"Resources": {{"Task": {{"Type": "AWS::ECS::TaskDefinition", "Properties": {}}}}}}}"#,
                case.written()
            ),
            Kind::Event | Kind::ChangeSet => return None,
        };
        // A stack that is blocked or not for what was there before is a question that no file asks.
        if case.previous.is_some() {
            return None;
        }
        let is_json = text.trim_start().starts_with('{');
        let file = folder.join(format!("{}.{}", case.name, if is_json { "json" } else { "yaml" }));
        fs::write(&file, case.encoding.of(&text)).unwrap();
        Some(file)
    };
    cases.iter().map(write).collect()
}

/// A program that the environment names, or that is on the path.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| {
        env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
    })
}

fn ask_guard(guard: &Path, rules: &Path, file: &Path, rule: &str) -> Answer {
    let output = Command::new("timeout")
        .arg("20")
        .arg(guard)
        .args(["validate", "--structured", "--output-format", "json", "--show-summary", "none", "--rules"])
        .arg(rules)
        .arg("--data")
        .arg(file)
        .output()
        .unwrap();
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else { return Answer::Errs };
    let failed = report.pointer("/0/not_compliant").and_then(Value::as_array);
    let Some(failed) = failed else { return Answer::Errs };
    let name = rule.replace('-', "_");
    let is_failed =
        failed.iter().any(|found| found.pointer("/Rule/name").and_then(Value::as_str) == Some(&name));
    if is_failed { Answer::Stops } else { Answer::LetsPass }
}

/// The checks of Checkov that a rule of ours names as the same are asked; it has none of them for CloudFormation.
fn ask_checkov(checkov: &Path, file: &Path, rule: &str) -> Answer {
    let rule = ecs_guard::rules::ALL.iter().find(|known| known.metadata().name == rule).unwrap();
    let output = Command::new("timeout")
        .args(["120"])
        .arg(checkov)
        .args(["--framework", "cloudformation", "--output", "json", "--quiet", "--file"])
        .arg(file)
        .output()
        .unwrap();
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else { return Answer::Errs };
    let failed = report.pointer("/results/failed_checks").and_then(Value::as_array);
    let is_of_rule = |found: &Value| {
        let id = found.get("check_id").and_then(Value::as_str);
        rule.metadata().references.iter().any(|reference| Some(reference.id) == id)
    };
    if failed.is_some_and(|failed| failed.iter().any(is_of_rule)) { Answer::Stops } else { Answer::LetsPass }
}
