"""Mutation testing: is each line that decides a verdict held by a test?

Owns which shards of the mutants have been run, for which sources, and what came of them: `record.json`. What is mutated
and which tests run stand in `.cargo/mutants.toml`; survivors that are no gap, with their reasons, in `survivors.toml`.

    mutants.py run --shards 4      the next shards that have not been run for these sources
    mutants.py report              the table, for docs/reliability.md; fails when the score is too low
    mutants.py proof               what changed since the record, and a sample; fails when the record is stale
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/mutants"
RECORD = HERE / "record.json"
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"

# How many parts all mutants are divided into: one takes some minutes on one core.
SHARDS = 200
# Below this, in percent of the mutants that compile, a gate is not worth its name.
LEAST_SCORE = 95.0


def config():
    return tomllib.loads((ROOT / ".cargo/mutants.toml").read_text())


def sources():
    """The files that are mutated, in order."""
    settings = config()
    found = {path for glob in settings["examine_globs"] for path in ROOT.glob(glob)}
    excluded = {path for glob in settings["exclude_globs"] for path in ROOT.glob(glob)}
    return sorted(found - excluded)


def fingerprint():
    digest = hashlib.sha256()
    for path in sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read_record():
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def reasons():
    listed = tomllib.loads((HERE / "survivors.toml").read_text())
    return {entry["mutant"]: entry["because"] for entry in listed.get("survivor", [])}


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def copy_tree():
    """A copy of the repository, so that nothing here is ever mutated; what is built in it is kept."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    wanted = {TREE / name for name in names if (ROOT / name).is_file()}
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        if path not in wanted and "mutants.out" not in path.parts:
            path.unlink()
    for path in wanted:
        original = ROOT / path.relative_to(TREE)
        if not path.exists() or path.read_bytes() != original.read_bytes():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, path)


def show_rules():
    """Tells cargo-mutants of the rules' files. It follows `mod` and expands no macros, and a macro makes these modules."""
    rules = [path.stem for path in sources() if path.parent.name == "rules" and path.stem != "mod"]
    with (TREE / "src/rules/mod.rs").open("a") as file:
        file.writelines(f"#[cfg(any())]\nmod {rule};\n" for rule in rules)


def mutate(*arguments):
    """Runs cargo-mutants; gives each mutant's name and what became of it."""
    copy_tree()
    show_rules()
    output = WORK / "output"
    shutil.rmtree(output, ignore_errors=True)
    command = [os.environ["CARGO_MUTANTS"], "mutants", "--in-place", "--no-shuffle", "--baseline", "skip", "--colors", "never"]
    command += ["--timeout", "300", "--output", str(output), *arguments]
    # Nobody debugs these builds.
    environment = os.environ | {"CARGO_TARGET_DIR": str(WORK / "target"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    ran = subprocess.run(command, cwd=TREE, env=environment, check=False)
    # 2 and 3: mutants survived, or took too long. 4: the tests fail without any.
    if ran.returncode not in (0, 2, 3):
        sys.exit(f"cargo-mutants failed with {ran.returncode}")
    outcomes = output / "mutants.out/outcomes.json"
    if not outcomes.exists():
        return {}
    outcomes = json.loads(outcomes.read_text())["outcomes"]
    return {
        outcome["scenario"]["Mutant"]["name"]: outcome["summary"]
        for outcome in outcomes
        if isinstance(outcome["scenario"], dict)
    }


def name_without_place(name):
    """A mutant's name as `survivors.toml` has it: lines move, what is mutated stays."""
    path, _, _, words = name.split(":", 3)
    return f"{path}: {words.strip()}"


def run(shards):
    record = read_record()
    current = fingerprint()
    if record.get("sources") != current or record.get("of") != SHARDS:
        record = {"sources": current, "of": SHARDS, "shards": {}}
    left = [shard for shard in range(SHARDS) if str(shard) not in record["shards"]]
    # Spread, so that a part of all shards says something of all files.
    random.Random(current).shuffle(left)
    for shard in left[:shards]:
        found = mutate("--shard", f"{shard}/{SHARDS}", "--sharding", "round-robin")
        summaries = list(found.values())
        record["shards"][str(shard)] = {
            "caught": summaries.count("CaughtMutant"),
            "unviable": summaries.count("Unviable"),
            "timeout": sorted(name_without_place(name) for name in found if found[name] == "Timeout"),
            "missed": sorted(name_without_place(name) for name in found if found[name] == "MissedMutant"),
        }
        record |= {"date": date.today().isoformat(), "commit": git("rev-parse", "--short", "HEAD").strip()}
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def report():
    record = read_record()
    if not record:
        sys.exit("no record: `make mutants` makes one")
    shards = record["shards"].values()
    caught = sum(shard["caught"] for shard in shards)
    slow = [name for shard in shards for name in shard["timeout"]]
    missed = [name for shard in shards for name in shard["missed"]]
    known = reasons()
    gaps = [name for name in missed if name not in known]
    # A mutant that makes a test run for ever was noticed.
    noticed = caught + len(slow)
    viable = noticed + len(gaps)
    score = 100 * noticed / viable if viable else 0.0
    print(f"sources {record['sources']}, commit {record['commit']}, {record['date']}")
    print(f"shards run: {len(record['shards'])} of {record['of']} ({', '.join(sorted(record['shards'], key=int))})")
    print("| noticed | of it too slow | survived | survived, with a reason | did not compile | score |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    unviable = sum(shard["unviable"] for shard in shards)
    print(f"| {noticed} | {len(slow)} | {len(gaps)} | {len(missed) - len(gaps)} | {unviable} | {score:.1f} % |")
    for name in gaps:
        print(f"survived: {name}")
    if score < LEAST_SCORE:
        sys.exit(f"the score is below {LEAST_SCORE} %")


def proof():
    record = read_record()
    if not record:
        sys.exit("no record: `make mutants` makes one")
    known = reasons()
    current = fingerprint()
    found = {}
    changes = git("diff", record["commit"], "--", *(str(path) for path in sources()))
    if changes:
        WORK.mkdir(parents=True, exist_ok=True)
        (WORK / "changes.diff").write_text(changes)
        found |= mutate("--in-diff", str(WORK / "changes.diff"))
    parts = SHARDS * 4
    part = random.Random(current + date.today().isoformat()).randrange(parts)
    print(f"mutants: part {part} of {parts}, chosen by the sources and the day")
    found |= mutate("--shard", f"{part}/{parts}", "--sharding", "round-robin")
    gaps = [name for name, summary in found.items() if summary == "MissedMutant" and name_without_place(name) not in known]
    print(f"mutants: {len(found)} run, {len(gaps)} survived without a reason")
    if gaps:
        sys.exit("\n".join(f"survived: {name}" for name in gaps))
    if record["sources"] != current:
        sys.exit(f"the record is stale: it is of {record['sources']}, these sources are {current}; run `make mutants`")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run").add_argument("--shards", type=int, default=1)
    commands.add_parser("report")
    commands.add_parser("proof")
    given = parser.parse_args()
    match given.command:
        case "run":
            run(given.shards)
        case "report":
            report()
        case "proof":
            proof()


if __name__ == "__main__":
    main()
