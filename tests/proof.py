"""`make proof`: every kind of evidence, each in a limited time, and one table.

Owns the list of what is run and how long it took. What each means stands in docs/reliability.md; what each does, in the
Makefile and in what it includes. A step that fails does not keep the others from running, and fails the whole. What a step
leaves out on this machine it says itself, as something that is or are NOT done; that is told again below the table.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "target/proof"

# What is shown, and the targets that show it.
STEPS = [
    ("the tests of the engine, the hook and the command", ["test-rust"]),
    ("each program without the other", ["check-alone"]),
    ("a second judge, on generated task definitions", ["differential"]),
    ("attempts to get past it, beside other tools", ["bypass"]),
    ("invented texts at every entrance", ["fuzz"]),
    ("mutants of what changed since the record, and a sample", ["mutants-proof"]),
    ("the score of all mutants that were run", ["mutants-score"]),
    ("instructions of the hot paths", ["instructions"]),
    ("faults of the deployed function", ["test-runtime"]),
    ("faults of AWS's APIs", ["test-aws"]),
    ("the deployment's templates", ["test-deployment"]),
    ("licences, sources, duplicates, advisories", ["deny"]),
    ("bills of materials; two builds, one hash", ["sbom", "reproducible"]),
]

_LEFT_OUT = re.compile(r"\b(?:is|are) NOT\b")


def left_out(log):
    """What the step said that it leaves out, each once."""
    return dict.fromkeys(line.strip() for line in log.splitlines() if _LEFT_OUT.search(line) and "pytest.skip" not in line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fuzz-seconds", type=int, required=True, help="for each entrance")
    given = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    rows = []
    gaps = []
    # So that pytest says why it skips a test.
    environment = os.environ | {"PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} -rs"}
    for shown, targets in STEPS:
        log = LOGS / f"{targets[0]}.log"
        print(f"proof: {shown} (make {' '.join(targets)}; {log.relative_to(ROOT)})", flush=True)
        start = time.monotonic()
        with log.open("w") as file:
            command = ["make", "--no-print-directory", *targets, f"FUZZ_SECONDS={given.fuzz_seconds}"]
            ran = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False
            )
        said = log.read_text(errors="replace")
        if ran.returncode:
            print("".join(said.splitlines(keepends=True)[-20:]), flush=True)
        gaps += [f"{targets[0]}: {gap}" for gap in left_out(said)]
        held = "**no**" if ran.returncode else "yes, in part" if left_out(said) else "yes"
        rows.append((shown, f"make {' '.join(targets)}", time.monotonic() - start, held))
    print("\n| what was tried | by | seconds | held |\n| --- | --- | ---: | --- |")
    for shown, by, seconds, held in rows:
        print(f"| {shown} | `{by}` | {seconds:.0f} | {held} |")
    if gaps:
        print("\nleft out here:\n" + "\n".join(f"* {gap}" for gap in gaps))
    broken = [by for _, by, _, held in rows if held == "**no**"]
    if broken:
        sys.exit(f"\nnot held: {', '.join(broken)}")


if __name__ == "__main__":
    main()
