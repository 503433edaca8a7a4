"""What the function is made of is what the documentation explains, and what the bill of materials says."""

import re
from typing import Any

import pytest

from release.bill_of_materials import built, linked, settle
from runtime.emulator import REPOSITORY

ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"
SECTION = re.compile(r"^## What is in the function\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)

# Every platform that the function is built for.
TARGETS = [f"{cpu}-unknown-linux-musl" for cpu in ("aarch64", "x86_64")]


def explained() -> list[str]:
    """The crates in the table of the section, in its second column."""
    section = SECTION.search(ARCHITECTURE.read_text())
    assert section, "docs/architecture.md does not say what is in the function"
    rows = [row.split("|")[2] for row in section[1].splitlines() if row.startswith("| ") and "---" not in row]
    return [crate for row in rows for crate in re.findall(r"`([^`]+)`", row)]


def test_no_crate_is_explained_twice() -> None:
    assert len(set(explained())) == len(explained())


@pytest.mark.parametrize("target", TARGETS)
def test_every_crate_in_the_function_is_explained_and_no_other(target: str) -> None:
    names = {name for name, _ in linked("lambda", target)}
    assert names - set(explained()) == set(), "not explained in docs/architecture.md"
    assert set(explained()) - names == set(), "explained in docs/architecture.md, but not in the function"


@pytest.mark.parametrize("target", TARGETS)
def test_the_function_links_no_cryptography_in_c(target: str) -> None:
    """It would need a C toolchain for each platform; docs/architecture.md says why there is none."""
    names = {name for name, _ in built("lambda", target)}
    assert not names & {"ring", "aws-lc-rs", "aws-lc-sys", "openssl-sys", "cc", "cmake"}


def component(name: str) -> dict[str, Any]:
    return {"name": name, "version": "1.0.0", "bom-ref": f"registry#{name}@1.0.0", "scope": "required"}


BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"name": "bootstrap", "bom-ref": "ecs-guard@0.1.0"}},
    "components": [component(name) for name in ("linked", "macro", "only-in-tests")],
    "dependencies": [
        {"ref": "ecs-guard@0.1.0", "dependsOn": ["registry#linked@1.0.0", "registry#only-in-tests@1.0.0"]},
        {"ref": "registry#linked@1.0.0", "dependsOn": ["registry#macro@1.0.0"]},
        {"ref": "registry#macro@1.0.0"},
        {"ref": "registry#only-in-tests@1.0.0"},
    ],
}
IN_PROGRAM = {("linked", "1.0.0")}
IN_BUILD = IN_PROGRAM | {("macro", "1.0.0")}


def test_a_bill_lists_what_takes_part_and_says_what_is_not_in_the_program() -> None:
    bill = settle(BILL, IN_PROGRAM, IN_BUILD)
    assert {each["name"]: each["scope"] for each in bill["components"]} == {"linked": "required", "macro": "excluded"}


def test_a_bill_refers_to_nothing_that_it_does_not_list() -> None:
    bill = settle(BILL, IN_PROGRAM, IN_BUILD)
    known = {each["bom-ref"] for each in bill["components"]} | {"ecs-guard@0.1.0"}
    for entry in bill["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= known


def test_a_bill_that_lacks_a_crate_is_none() -> None:
    with pytest.raises(SystemExit, match="missing"):
        settle(BILL, IN_PROGRAM, IN_BUILD | {("missing", "2.0.0")})


def test_another_version_of_a_crate_is_another_crate() -> None:
    with pytest.raises(SystemExit, match="2.0.0"):
        settle(BILL, {("linked", "2.0.0")}, {("linked", "2.0.0")})
