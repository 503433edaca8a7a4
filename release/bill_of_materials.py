"""A CycloneDX bill of materials that says of a program what is in it, and what only took part in its build.

cargo-cyclonedx lists what Cargo's metadata has, in which the features that tests turn on count for the programs too:
crates that no program links. Owns the difference: what `cargo tree` says for one program on one platform decides.
Knows nothing of why a crate is wanted.

    python -m release.bill_of_materials --features lambda --target TRIPLE < cargo-cyclonedx.json > bom.json
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

# Name and version.
Crate = tuple[str, str]


def crates(features: str, target: str, edges: str) -> set[Crate]:
    """The crates that `cargo tree` reaches by these edges from a program with these features, without itself."""
    result = subprocess.run(
        ["cargo", "tree", "--locked", "--no-default-features", "--features", features, "--target", target]
        + ["--edges", edges, "--prefix", "none", "--format", "{p}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    # "memchr v2.8.3", with " (*)" or " (proc-macro)" behind it.
    found = {(line.split()[0], line.split()[1].removeprefix("v")) for line in result.stdout.splitlines() if line}
    return {crate for crate in found if crate[0] != "ecs-guard"}


def linked(features: str, target: str) -> set[Crate]:
    """What is in the program."""
    return crates(features, target, "normal,no-proc-macro")


def built(features: str, target: str) -> set[Crate]:
    """What is in the program or runs on the machine that builds it: procedural macros and build scripts."""
    return crates(features, target, "normal,build")


def settle(bill: dict[str, Any], in_program: set[Crate], in_build: set[Crate]) -> dict[str, Any]:
    """Leaves in the bill what takes part, and marks what is not in the program, by CycloneDX's scope `excluded`.

    Fails where the bill lacks a crate: then it would be no bill.
    """
    kept = []
    for component in bill["components"]:
        crate = (component["name"], component["version"])
        if crate in in_build:
            kept.append(component | {"scope": "required" if crate in in_program else "excluded"})
    listed = {(component["name"], component["version"]) for component in kept}
    if missing := in_build - listed:
        raise SystemExit(f"the bill of materials lacks {sorted(missing)}")
    references = {component["bom-ref"] for component in kept} | {bill["metadata"]["component"]["bom-ref"]}
    dependencies = [
        entry | {"dependsOn": [each for each in entry.get("dependsOn", []) if each in references]}
        for entry in bill["dependencies"]
        if entry["ref"] in references
    ]
    return bill | {"components": kept, "dependencies": dependencies}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", required=True)
    parser.add_argument("--target", required=True)
    arguments = parser.parse_args()
    # The folder of the build is nobody's business, and another one in every build.
    text = sys.stdin.read().replace(f"path+file://{REPOSITORY}#", "")
    scope = (arguments.features, arguments.target)
    print(json.dumps(settle(json.loads(text), linked(*scope), built(*scope)), indent=2))


if __name__ == "__main__":
    main()
