"""Mutation testing: is each line that decides a verdict held by a test?

Owns which tests must notice, which shards of the mutants have been run, for which sources, and what came of them:
`record.json`. What is mutated stands in `.cargo/mutants.toml`; survivors that are no gap, with their reasons, in
`survivors.toml`.

The record begins with all mutants of some sources. A shard is a source file; later runs go on with the next ones. Sources
that change are not run from the beginning: the mutants in their changed lines are run and added to the record as a change,
which carries it to the new sources.

    mutants.py run --shards 4      what changed, what had survived, then the next files that have not been run
    mutants.py report              the table, for docs/reliability.md; fails when the score is too low, or a file was not run
    mutants.py proof               what changed since the record, and a sample; fails when the record is stale
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/mutants"
RECORD = HERE / "record.json"
WORK = ROOT / "target/mutants"


def skipping(tests):
    return ["--", *(f"--skip={test}" for test in tests)]


# Below this, in percent of the mutants that compile, a gate is not worth its name.
LEAST_SCORE = 95.0
# A record is carried over this share of all mutants, in changes, before it must begin anew.
MOST_CHANGED = 0.25
# One mutant's tests. They take seconds; a mutant may make them take for ever.
TIMEOUT = "180"
# The tests that must notice, the quickest first: what they miss, the next ones get. Left out are fixes, which are about code
# that is not mutated, and what is only about time; last come reading documents, and what takes longer than all others.
NEVER = ["mixtures_of_examples_are_fixed", "hostile_t", "as_many_allowed_values"]
LATER = ["document::", "examples_are_fixed", "mutated_examples_keep_every_property", "a_flood_of"]
PASSES = [
    (["--lib"], skipping(NEVER + LATER)),
    ([f"--test={test}" for test in ("bypass", "events", "exceptions", "templates")], skipping(NEVER)),
    (["--lib", "--test=cases"], skipping(NEVER)),
]
# How many mutants `proof` runs beside those in changed lines.
SAMPLE = 8
SUMMARIES = ("caught", "unviable", "timeout", "missed")


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


def reasons():
    listed = tomllib.loads((HERE / "survivors.toml").read_text())
    return {entry["mutant"]: entry["because"] for entry in listed.get("survivor", [])}


def git(*arguments):
    ran = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"git {' '.join(arguments[:2])}: {ran.stderr.strip()}")
    return ran.stdout


class Record:
    """What was run. `parts` are the shards of the first sources, then the changes."""

    def __init__(self):
        self.held = json.loads(RECORD.read_text()) if RECORD.exists() else {}

    def __bool__(self):
        return bool(self.held)

    def begin(self):
        self.held = self.now() | {"shards": {}, "changes": []}

    @staticmethod
    def now():
        commit = git("rev-parse", "--short", "HEAD").strip()
        return {"sources": fingerprint(), "commit": commit, "date": date.today().isoformat()}

    @property
    def latest(self):
        """What the sources were when the record was carried to them."""
        return self.held["changes"][-1] if self.held["changes"] else self.held

    @property
    def parts(self):
        return [*self.held["shards"].values(), *self.held["changes"]]

    def changed(self):
        """How many mutants the changes were of."""
        counted = [change[summary] for change in self.held["changes"] for summary in SUMMARIES]
        return sum(map(size, counted))

    def count(self, summary):
        return sum(size(part[summary]) for part in self.parts)

    def gaps(self):
        known = reasons()
        return sorted({name for part in self.parts for name in part["missed"] if name not in known})

    def left(self):
        """The shards that were not run. They may be of later sources than the others: a file stays what it is."""
        names = [str(path.relative_to(ROOT)) for path in sources()]
        return [name for name in names if name not in self.held["shards"]]

    def needless(self):
        """The reasons of what did not survive."""
        missed = {name for part in self.parts for name in part["missed"]}
        return sorted(set(reasons()) - missed)

    def add_shard(self, name, found):
        self.held["shards"][name] = outcome(found)
        self.write()

    def add_change(self, found):
        self.held["changes"].append(self.now() | outcome(found))
        self.write()

    def caught_now(self, names):
        """Survivors that a newer test notices."""
        for part in self.parts:
            noticed = [name for name in part["missed"] if name in names]
            part["missed"] = [name for name in part["missed"] if name not in names]
            part["caught"] += len(noticed)
        self.write()

    def write(self):
        RECORD.write_text(json.dumps(self.held, indent=1, sort_keys=True) + "\n")


def size(count_or_names):
    return count_or_names if isinstance(count_or_names, int) else len(count_or_names)


def outcome(found):
    summaries = list(found.values())
    return {
        "caught": summaries.count("CaughtMutant"),
        "unviable": summaries.count("Unviable"),
        "timeout": sorted(name_without_place(name) for name in found if found[name] == "Timeout"),
        "missed": sorted(name_without_place(name) for name in found if found[name] == "MissedMutant"),
    }


def name_without_place(name):
    """A mutant's name as `survivors.toml` has it: lines move, what is mutated stays."""
    path, _, _, words = name.split(":", 3)
    return f"{path}: {words.strip()}"


class Workplace:
    """A copy of the repository, so that nothing here is ever mutated, and what is built in it, which is kept."""

    def __init__(self, number):
        self.number = number
        self.tree = WORK / f"{number}/tree"
        self.copy_tree()
        self.show_rules()

    def copy_tree(self):
        names = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        wanted = {self.tree / name for name in names if (ROOT / name).is_file()}
        for path in [path for path in self.tree.rglob("*") if path.is_file()]:
            if path not in wanted:
                path.unlink()
        for path in wanted:
            original = ROOT / path.relative_to(self.tree)
            if not path.exists() or path.read_bytes() != original.read_bytes():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, path)

    def show_rules(self):
        """Tells cargo-mutants of the rules' files. It follows `mod` and expands no macros, and a macro makes these modules."""
        rules = [path.stem for path in sources() if path.parent.name == "rules" and path.stem != "mod"]
        with (self.tree / "src/rules/mod.rs").open("a") as file:
            file.writelines(f"#[cfg(any())]\nmod {rule};\n" for rule in rules)

    @property
    def environment(self):
        # Nobody debugs these builds.
        built_in = str(WORK / f"{self.number}/target")
        return os.environ | {"CARGO_TARGET_DIR": built_in, "CARGO_PROFILE_DEV_DEBUG": "0"}

    def cargo_mutants(self, *arguments, output=True):
        command = [os.environ["CARGO_MUTANTS"], "mutants", "--colors", "never", *arguments]
        return subprocess.run(
            command, cwd=self.tree, env=self.environment, check=False, capture_output=output, text=True
        )

    def mutate(self, names):
        """Runs the mutants of these names; gives each mutant's name and what became of it."""
        found = {}
        quick, whole, thorough = PASSES
        # What is tried on whole templates first where it is about them: hardly any test of the library itself is.
        is_of_templates = all(name.startswith("src/template/") for name in names)
        for built, run in [whole, quick, thorough] if is_of_templates else PASSES:
            missed = [name for name in names if found.get(name, "MissedMutant") == "MissedMutant"]
            if missed:
                found |= self.mutate_once(missed, built, run)
        return found

    def mutate_once(self, names, built, run):
        output = WORK / f"{self.number}/output"
        shutil.rmtree(output, ignore_errors=True)
        chosen = f"^({'|'.join(re.escape(name) for name in names)})$"
        flags = ["--in-place", "--no-shuffle", "--baseline", "skip", "--timeout", TIMEOUT, "--output", str(output)]
        arguments = [f"--cargo-arg={argument}" for argument in built]
        arguments += [f"--cargo-test-arg={argument}" for argument in run]
        config_file = self.config_for(sorted({name.split(":")[0] for name in names}))
        ran = self.cargo_mutants("--config", config_file, *flags, "--re", chosen, *arguments, output=False)
        # 2 and 3: mutants survived, or took too long.
        if ran.returncode not in (0, 2, 3):
            raise RuntimeError(f"cargo-mutants failed with {ran.returncode}")
        outcomes = json.loads((output / "mutants.out/outcomes.json").read_text())["outcomes"]
        return {
            outcome["scenario"]["Mutant"]["name"]: outcome["summary"]
            for outcome in outcomes
            if isinstance(outcome["scenario"], dict) and outcome["scenario"]["Mutant"]["name"] in names
        }

    def config_for(self, paths):
        """Our settings, for some files only: deleted fields are not filtered by --re, so there would be those of all."""
        text = (self.tree / ".cargo/mutants.toml").read_text()
        globs = f"examine_globs = {json.dumps(paths)}\n"
        path = WORK / f"{self.number}/config.toml"
        path.write_text(re.sub(r"^examine_globs = .*\n", globs, text, flags=re.MULTILINE))
        return str(path)

    def names(self, *arguments):
        listed = self.cargo_mutants("--list", *arguments)
        if listed.returncode:
            raise RuntimeError(f"cargo-mutants failed: {listed.stderr.strip()}")
        return [line for line in listed.stdout.splitlines() if line]

    def check_tests(self):
        """What notices a mutant must hold without one."""
        for built, run in PASSES:
            command = ["cargo", "test", "--quiet", *config()["additional_cargo_args"], *built, *run]
            ran = subprocess.run(command, cwd=self.tree, env=self.environment, check=False, stdout=subprocess.DEVNULL)
            if ran.returncode:
                sys.exit("the tests fail without any mutant")


class Everybody:
    """Workplaces side by side."""

    def __init__(self, jobs):
        WORK.mkdir(parents=True, exist_ok=True)
        self.places = [Workplace(number) for number in range(jobs)]
        self.places[0].check_tests()

    def changed_since(self, commit):
        """The names of the mutants in lines that were changed since."""
        changes = git("diff", commit, "--", *(str(path) for path in sources()))
        if not changes:
            return []
        path = WORK / "changes.diff"
        path.write_text(changes)
        return self.places[0].names("--in-diff", str(path))

    def each(self, works, done):
        """Hands `works`, names with a label, to whoever is free; `done` is told of each in turn."""
        lock, works = Lock(), iter(works)

        def go_on(place):
            while True:
                with lock:
                    label, names = next(works, (None, None))
                if names is None:
                    return
                found = place.mutate(names)
                with lock:
                    done(label, found)

        with ThreadPoolExecutor(len(self.places)) as pool:
            for finished in [pool.submit(go_on, place) for place in self.places]:
                finished.result()

    def mutate(self, names):
        """Runs the mutants of these names, divided among all."""
        found = {}
        parts = [names[start :: len(self.places)] for start in range(len(self.places))]
        self.each([(None, part) for part in parts if part], lambda _, part: found.update(part))
        return found


def run(shards, chosen, jobs):
    record = Record()
    if git("status", "--porcelain", "--", *(str(path) for path in sources())):
        sys.exit("commit the sources first: the record names the commit that they are of")
    everybody = Everybody(jobs)
    names = everybody.places[0].names()
    if not record:
        record.begin()
    elif record.latest["sources"] != fingerprint():
        changed = everybody.changed_since(record.latest["commit"])
        # The others are run with their files.
        changed = [name for name in changed if name.split(":")[0] in record.held["shards"]]
        if record.changed() + len(changed) <= MOST_CHANGED * len(names):
            record.add_change(everybody.mutate(changed))
        else:
            record.begin()
    survivors = set(record.gaps())
    again = everybody.mutate([name for name in names if name_without_place(name) in survivors])
    record.caught_now(survivors - {name_without_place(name) for name in again if again[name] == "MissedMutant"})
    left = [shard for shard in record.left() if fnmatch(shard, chosen)][:shards]
    works = [(shard, [name for name in names if name.split(":")[0] == shard]) for shard in left]
    everybody.each(works, record.add_shard)


def report():
    record = Record()
    if not record:
        sys.exit("no record: `make mutants` makes one")
    slow, gaps = record.count("timeout"), record.gaps()
    # A mutant that makes a test run for ever was noticed.
    noticed = record.count("caught") + slow
    viable = noticed + len(gaps)
    score = 100 * noticed / viable if viable else 0.0
    left = record.left()
    print(f"sources {record.held['sources']}, commit {record.held['commit']}, {record.held['date']}")
    print(f"files run: {len(record.held['shards'])} of {len(record.held['shards']) + len(left)}")
    if left:
        print(f"left: {', '.join(left)}")
    for change in record.held["changes"]:
        print(f"carried to sources {change['sources']}, commit {change['commit']}, {change['date']}")
    print("| noticed | of it too slow | survived | survived, with a reason | did not compile | score | reasons or not |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    excused = record.count("missed") - len(gaps)
    of_all = 100 * noticed / (viable + excused) if viable + excused else 0.0
    counts = f"{noticed} | {slow} | {len(gaps)} | {excused} | {record.count('unviable')}"
    print(f"| {counts} | {score:.1f} % | {of_all:.1f} % |")
    for name in gaps:
        print(f"survived: {name}")
    for name in record.needless():
        print(f"a reason that nothing needs: {name}")
    if score < LEAST_SCORE:
        sys.exit(f"the score is below {LEAST_SCORE} %")
    if left or record.needless():
        sys.exit("run `make mutants` for the files that are left, and take out the reasons that nothing needs")


def proof(jobs):
    record = Record()
    if not record:
        sys.exit("no record: `make mutants` makes one")
    everybody = Everybody(jobs)
    names = everybody.places[0].names()
    changed = []
    if record.latest["sources"] != fingerprint():
        changed = everybody.changed_since(record.latest["commit"])
    part = random.Random(fingerprint() + date.today().isoformat()).sample(names, min(SAMPLE, len(names)))
    print(f"mutants: {len(changed)} in lines changed since the record, and {len(part)} chosen by the sources and the day")
    known = reasons()
    found = everybody.mutate(sorted({*changed, *part}))
    gaps = [name for name in found if found[name] == "MissedMutant" and name_without_place(name) not in known]
    print(f"mutants: {len(found)} run, {len(gaps)} survived without a reason")
    if gaps:
        sys.exit("\n".join(f"survived: {name}" for name in gaps))
    if left := record.left():
        sys.exit(f"the record is stale: no mutant was run of {', '.join(left)}; run `make mutants`")
    if record.changed() + len(changed) > MOST_CHANGED * len(names):
        sys.exit(f"the record is stale: more than {MOST_CHANGED:.0%} of the mutants changed since; run `make mutants`")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "report", "proof"):
        command = commands.add_parser(name)
        command.add_argument("--jobs", type=int, default=os.cpu_count())
        command.add_argument("--shards", type=int, default=1)
        command.add_argument("--files", default="*", help="a pattern: of which files")
    given = parser.parse_args()
    match given.command:
        case "run":
            run(given.shards, given.files, given.jobs)
        case "report":
            report()
        case "proof":
            proof(given.jobs)


if __name__ == "__main__":
    main()
