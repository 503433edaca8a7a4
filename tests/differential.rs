//! Two judges: ecs-guard, and cfn-guard with rules of its own that ask the same, on the same generated documents.
//!
//! Owns how both are asked and compared. Where they differ, one is wrong, or the difference is a line of
//! `tests/guard/blind_spots.rs`. The documents and the table are in `tests/guard/`.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads the files it is about, and stops at what it does not expect"
)]

#[path = "guard/blind_spots.rs"]
mod blind_spots;
#[path = "guard/definitions.rs"]
mod definitions;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use ecs_guard::check::check;
use ecs_guard::finding::Verdict;
use ecs_guard::policy::Policy;
use ecs_guard::template::Given;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use blind_spots::{BLIND_SPOTS, BlindSpot};

/// What a judge says of each rule, by ecs-guard's name for it.
type Verdicts = BTreeMap<String, Verdict>;

/// How many documents one process judges.
const BATCH: usize = 500;

/// How many differences are made small and shown.
const SHOWN: usize = 5;

/// The template that both judges read.
fn template(properties: &Value) -> String {
    json!({"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}}).to_string()
}

fn ours(properties: &Value) -> Verdicts {
    let text = template(properties);
    let file = check("template.json", &text, &Given::default(), &Policy::baseline()).unwrap();
    let tasks = file.judged.unwrap();
    let [task] = tasks.as_slice() else { panic!("{} task definitions in {text}", tasks.len()) };
    let verdict =
        |outcome: &ecs_guard::report::Outcome| (outcome.rule.name.to_owned(), outcome.findings.verdict);
    task.report.outcomes.iter().map(verdict).collect()
}

/// The same properties with one container at a time, or as they are where there are no containers.
fn alone(properties: &Value) -> Vec<Value> {
    let with = |container: &Value| {
        let mut properties = properties.clone();
        properties["ContainerDefinitions"] = json!([container]);
        properties
    };
    match properties.get("ContainerDefinitions").and_then(Value::as_array) {
        Some(containers) if !containers.is_empty() => containers.iter().map(with).collect(),
        _ => vec![properties.clone()],
    }
}

/// What the other judge must say: what ours says of each container, but for what is known.
fn expected(properties: &Value) -> Verdicts {
    let mut joined = Verdicts::new();
    for properties in alone(properties) {
        for (rule, verdict) in ours(&properties) {
            let known = known(&rule, verdict, &properties).map_or(verdict, |spot| spot.guard);
            let joined = joined.entry(rule).or_insert(known);
            *joined = known.max(*joined);
        }
    }
    joined
}

/// The lines of the table that a document is about, one for each time.
fn blind_spots_of(properties: &Value) -> Vec<&'static BlindSpot> {
    let of_container = |properties: Value| {
        let spot = |(rule, verdict): (String, Verdict)| known(&rule, verdict, &properties);
        ours(&properties).into_iter().filter_map(spot).collect::<Vec<_>>()
    };
    alone(properties).into_iter().flat_map(of_container).collect()
}

fn known(rule: &str, verdict: Verdict, properties: &Value) -> Option<&'static BlindSpot> {
    let container = properties.pointer("/ContainerDefinitions/0")?;
    BLIND_SPOTS.iter().find(|spot| spot.rule == rule && spot.ours == verdict && (spot.explains)(container))
}

/// The program cfn-guard, and a folder for what it is to judge.
struct Guard {
    program: PathBuf,
    folder: PathBuf,
}

impl Guard {
    fn new(name: &str) -> Self {
        let program =
            env::var_os("CFN_GUARD").expect("CFN_GUARD names the program; `make differential` sets it");
        Self { program: program.into(), folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join(name) }
    }

    fn batch(&self, documents: &[Value]) -> Vec<Verdicts> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder).unwrap();
        for (number, properties) in documents.iter().enumerate() {
            fs::write(self.folder.join(format!("{number}.json")), template(properties)).unwrap();
        }
        let output = Command::new(&self.program)
            .args([
                "validate",
                "--structured",
                "--output-format",
                "json",
                "--show-summary",
                "none",
                "--rules",
            ])
            .arg(rules())
            .arg("--data")
            .arg(&self.folder)
            .output()
            .unwrap();
        let reports: Vec<Value> = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let mut verdicts = vec![Verdicts::new(); documents.len()];
        for report in reports {
            let file = Path::new(report["name"].as_str().unwrap());
            let number: usize = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            verdicts[number].extend(of_report(&report));
        }
        verdicts
    }
}

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guard/baseline.guard")
}

fn of_report(report: &Value) -> Vec<(String, Verdict)> {
    let of = |list: &str, name: fn(&Value) -> &Value, verdict| {
        let names = report[list].as_array().unwrap().iter().map(name);
        names.map(|name| (name.as_str().unwrap().replace('_', "-"), verdict)).collect::<Vec<_>>()
    };
    let mut verdicts = of("compliant", |rule| rule, Verdict::Pass);
    verdicts.extend(of("not_applicable", |rule| rule, Verdict::NotApplicable));
    verdicts.extend(of("not_compliant", |found| &found["Rule"]["name"], Verdict::Fail));
    verdicts
}

/// A number that the environment gives.
fn given(variable: &str) -> Option<u64> {
    env::var(variable).ok().filter(|text| !text.is_empty()).map(|text| text.parse().expect(variable))
}

/// In what the judges differ on a document, which is made as small as it can be before.
fn differences(mut tree: impl ValueTree<Value = Value>, guard: &Guard) -> Vec<String> {
    let asked = |properties: &Value| guard.batch(std::slice::from_ref(properties)).remove(0);
    let differs = |properties: &Value| asked(properties) != expected(properties);
    let mut smallest = tree.current();
    let mut goes_on = tree.simplify();
    while goes_on {
        let properties = tree.current();
        goes_on = if differs(&properties) {
            smallest = properties;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    let found = asked(&smallest);
    let differs = expected(&smallest).into_iter().filter(|(rule, verdict)| found.get(rule) != Some(verdict));
    let told = differs.map(|(rule, verdict)| {
        format!("{rule}: {verdict:?} is expected, cfn-guard says {:?}: {smallest}", found.get(&rule))
    });
    told.collect()
}

/// `make differential`.
#[test]
#[ignore = "it asks cfn-guard: `make differential`"]
fn cfn_guard_says_the_same() {
    let guard = Guard::new("differential");
    let seed = given("DIFFERENTIAL_SEED").unwrap_or_else(|| RandomState::new().hash_one(()) >> 1);
    let cases = given("DIFFERENTIAL_CASES").map_or(5000, |cases| usize::try_from(cases).unwrap());
    println!(
        "differential: {cases} documents, seed {seed} (again: make differential DIFFERENTIAL_SEED={seed})"
    );
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = definitions::properties();
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut different = Vec::new();
    let mut left = cases;
    while left > 0 {
        let trees: Vec<_> = (0..left.min(BATCH)).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
        left -= trees.len();
        let documents: Vec<Value> = trees.iter().map(ValueTree::current).collect();
        for (tree, verdicts) in trees.into_iter().zip(guard.batch(&documents)) {
            let properties = tree.current();
            for spot in blind_spots_of(&properties) {
                *met.entry(spot.name).or_default() += 1;
            }
            if verdicts != expected(&properties) {
                different.push(tree);
            }
            for (rule, verdict) in verdicts {
                *counts.entry((rule, verdict.as_str())).or_default() += 1;
            }
        }
    }
    for ((rule, verdict), count) in &counts {
        println!("  {rule}: {count} {verdict}");
    }
    for spot in BLIND_SPOTS {
        println!("  blind spot, met {} times: {}", met.get(spot.name).unwrap_or(&0), spot.name);
    }
    // A comparison in which one answer never comes compares nothing.
    assert_eq!(counts.len(), 5 * 3, "each rule fails, passes and does not apply somewhere");
    let count = different.len();
    let shown: BTreeSet<String> =
        different.into_iter().take(SHOWN).flat_map(|tree| differences(tree, &guard)).collect();
    let shown: Vec<_> = shown.into_iter().collect();
    assert_eq!(count, 0, "documents on which the judges differ, of which some:\n{}", shown.join("\n"));
}

#[test]
#[ignore = "it asks cfn-guard: `make differential`"]
fn blind_spots_are_still_blind() {
    let guard = Guard::new("blind-spots");
    let shown: Vec<Value> = BLIND_SPOTS.iter().map(properties).collect();
    for (spot, verdicts) in BLIND_SPOTS.iter().zip(guard.batch(&shown)) {
        assert_eq!(verdicts[spot.rule], spot.guard, "{}: Guard says otherwise by now", spot.name);
    }
}

#[test]
fn ours_sees_what_guard_does_not() {
    for spot in BLIND_SPOTS {
        let properties = properties(spot);
        assert_eq!(ours(&properties)[spot.rule], spot.ours, "{}", spot.name);
        assert_ne!(spot.ours, spot.guard, "{}", spot.name);
        assert!(spot.why.ends_with('.'), "{}: why is a sentence", spot.name);
        assert!((spot.explains)(&properties["ContainerDefinitions"][0]), "{}", spot.name);
    }
}

/// The properties of the task definition that shows a blind spot.
fn properties(spot: &BlindSpot) -> Value {
    let container: Value = serde_json::from_str(spot.shown_by).unwrap();
    json!({"ContainerDefinitions": [container]})
}
