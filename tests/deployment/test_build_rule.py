"""How the artifact's target is chosen and what is asked of cargo, on machines of every kind.

Nothing is compiled: cargo, rustc, rustup and uname are stand-ins that play the machine.
"""

import subprocess
from pathlib import Path

import pytest

from runtime.emulator import REPOSITORY

from .tools import sam_build, tool

STAND_INS = {
    "uname": 'echo "$MACHINE_CPU"',
    "rustc": """
case "$*" in
  -vV) echo "rustc 1.95.0"; echo "host: $MACHINE_CPU-unknown-linux-gnu" ;;
  "--print target-libdir --target "*) echo "$MACHINE/std/$4" ;;
  *) exit 64 ;;
esac""",
    "rustup": """
echo "$*" >> "$MACHINE/rustup"
[ -n "$MACHINE_IS_ONLINE" ] || { echo "error: could not download" >&2; exit 1; }
mkdir -p "$MACHINE/std/$3" && touch "$MACHINE/std/$3/libstd-0.rlib" """,
    "cargo": """
echo "$*" > "$MACHINE/cargo"
env > "$MACHINE/environment"
while [ $# -gt 0 ]; do
  case "$1" in --target) target=$2 ;; --target-dir) directory=$2 ;; esac
  shift
done
mkdir -p "$directory/$target/release" && echo "for $target" > "$directory/$target/release/bootstrap" """,
}


class Machine:
    """A machine with a Rust toolchain and the standard libraries named."""

    def __init__(self, directory: Path, *, cpu: str = "x86_64", is_online: bool = False, std: tuple[str, ...] = ()):
        self._directory = directory
        self._environment = {
            "PATH": f"{directory}/bin:/usr/bin:/bin",
            "MACHINE": str(directory),
            "MACHINE_CPU": cpu,
            "MACHINE_IS_ONLINE": "yes" if is_online else "",
            "CARGO_TARGET_DIR": str(directory / "target"),
            "RUSTFLAGS": "-D warnings",
            "MAKEFLAGS": "",
        }
        (directory / "bin").mkdir()
        for name, script in STAND_INS.items():
            path = directory / "bin" / name
            path.write_text(f"#!/bin/sh{script}\n" if script.startswith("\n") else f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        for target in std:
            (directory / "std" / target).mkdir(parents=True)
            (directory / "std" / target / "libstd-0.rlib").touch()

    @property
    def artifacts(self) -> Path:
        return self._directory / "artifacts"

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return tool("make", *arguments, environment=self._environment | environment)

    def build(self, architecture: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs what SAM runs."""
        makefile = f"{REPOSITORY}/deployment/{architecture}/Makefile"
        return self.make(
            "--makefile", makefile, "build-HookFunction", *arguments, ARTIFACTS_DIR=str(self.artifacts), **environment
        )

    def sam_build(self, architecture: str) -> subprocess.CompletedProcess[str]:
        return sam_build(self.artifacts, architecture, self._environment)

    def wrote(self, name: str) -> str:
        path = self._directory / name
        return path.read_text() if path.exists() else ""

    @property
    def rust_flags(self) -> list[str]:
        """What cargo would give to rustc."""
        return self.cargo_environment["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")

    @property
    def cargo_environment(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.wrote("environment").splitlines() if "=" in line)


ARCHITECTURES = [("arm64", "aarch64"), ("x86_64", "x86_64")]


@pytest.mark.parametrize(("architecture", "cpu"), ARCHITECTURES)
def test_sam_builds_for_the_architecture_of_the_template(architecture: str, cpu: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    result = machine.sam_build(architecture)
    assert result.returncode == 0, result.stderr
    target = f"{cpu}-unknown-linux-"
    assert (machine.artifacts / "HookFunction" / "bootstrap").read_text().startswith(f"for {target}")


@pytest.mark.parametrize(("architecture", "cpu"), ARCHITECTURES)
def test_the_environment_cannot_contradict_the_template(architecture: str, cpu: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    other = {"arm64": "x86_64", "x86_64": "arm64"}[architecture]
    result = machine.build(architecture, f"ARCHITECTURE={other}", ARCHITECTURE=other)
    assert result.returncode == 0, result.stderr
    assert (machine.artifacts / "bootstrap").read_text().startswith(f"for {cpu}-")


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_sam_copies_no_more_than_a_makefile_before_it_builds(architecture: str) -> None:
    """SAM copies this directory, not the repository with its gigabytes of target/."""
    assert [path.name for path in (REPOSITORY / "deployment" / architecture).iterdir()] == ["Makefile"]


@pytest.mark.parametrize(("architecture", "cpu"), ARCHITECTURES)
def test_a_target_that_is_installed_is_used(architecture: str, cpu: str, tmp_path: Path) -> None:
    target = f"{cpu}-unknown-linux-musl"
    machine = Machine(tmp_path, std=(target,))
    result = machine.build(architecture, "LAMBDA_LIBC=musl")
    assert result.returncode == 0, result.stderr
    assert (machine.artifacts / "bootstrap").read_text() == f"for {target}\n"
    assert machine.wrote("rustup") == "", "nothing to download"


def test_a_target_that_can_be_downloaded_is_downloaded(tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    result = machine.build("arm64", "LAMBDA_LIBC=musl")
    assert result.returncode == 0, result.stderr
    assert machine.wrote("rustup") == "target add aarch64-unknown-linux-musl\n"
    assert (machine.artifacts / "bootstrap").read_text() == "for aarch64-unknown-linux-musl\n"


@pytest.mark.parametrize(("architecture", "cpu"), ARCHITECTURES)
def test_a_machine_without_the_target_still_builds_for_itself(architecture: str, cpu: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, cpu=cpu)
    result = machine.build(architecture, "LAMBDA_LIBC=musl")
    assert result.returncode == 0, result.stderr
    assert f"building for {cpu}-unknown-linux-gnu instead" in result.stderr
    assert (machine.artifacts / "bootstrap").read_text() == f"for {cpu}-unknown-linux-gnu\n"
    assert "-Ctarget-feature=+crt-static" in machine.rust_flags


def test_a_machine_without_the_target_says_how_to_build_for_another(tmp_path: Path) -> None:
    machine = Machine(tmp_path, cpu="x86_64")
    result = machine.build("arm64", "LAMBDA_LIBC=musl")
    assert result.returncode != 0
    assert "rustup target add aarch64-unknown-linux-musl" in result.stderr
    assert "sam build --parameter-overrides Architecture=x86_64" in result.stderr
    assert machine.wrote("cargo") == "", "nothing is compiled in vain"
    assert not machine.artifacts.exists()


def test_an_architecture_that_lambda_does_not_have_is_refused(tmp_path: Path) -> None:
    result = Machine(tmp_path, is_online=True).make("lambda-target", "ARCHITECTURE=riscv64")
    assert result.returncode != 0
    assert "ARCHITECTURE must be arm64 or x86_64" in result.stderr


def test_the_binary_holds_the_function_alone_from_locked_dependencies(tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    assert machine.build("arm64").returncode == 0
    arguments = machine.wrote("cargo")
    assert arguments.startswith("build --release --locked --no-default-features --features lambda --bin bootstrap ")


def test_flags_of_the_environment_are_kept(tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    assert machine.build("arm64").returncode == 0
    assert machine.rust_flags[:3] == ["-D", "warnings", "-Ctarget-feature=+crt-static"]


def test_only_rusts_own_linker_is_asked_for_what_others_may_not_know(tmp_path: Path) -> None:
    machine = Machine(tmp_path, is_online=True)
    assert machine.build("arm64", "LAMBDA_LIBC=musl").returncode == 0
    assert "-Clink-arg=--pack-dyn-relocs=relr" in machine.rust_flags
    assert "-Clink-arg=-Tdeployment/function-order.ld" in machine.rust_flags
    linker = {"CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER": "aarch64-linux-musl-gcc"}
    assert machine.build("arm64", "LAMBDA_LIBC=musl", **linker).returncode == 0
    assert not [flag for flag in machine.rust_flags if flag.startswith("-Clink-arg")]


def test_no_flag_is_empty_where_the_environment_has_none(tmp_path: Path) -> None:
    """rustc would take an empty one for the name of a file."""
    machine = Machine(tmp_path, is_online=True)
    assert machine.build("arm64", RUSTFLAGS="").returncode == 0
    assert machine.rust_flags[0] == "-Ctarget-feature=+crt-static"
    assert "" not in machine.rust_flags


def test_no_path_of_the_machine_reaches_the_binary(tmp_path: Path) -> None:
    """Not even one with a space, which would end a flag."""
    machine = Machine(tmp_path, is_online=True)
    cargo_home = tmp_path / "cargo home"
    assert machine.build("arm64", CARGO_HOME=str(cargo_home)).returncode == 0
    paths = [REPOSITORY, tmp_path / "target", cargo_home]
    option = "--remap-path-prefix="
    hidden = [flag.removeprefix(option).rsplit("=", 1)[0] for flag in machine.rust_flags if flag.startswith(option)]
    assert hidden == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("libc", "architecture", "variable", "linker"),
    [
        ("musl", "arm64", "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld"),
        ("musl", "x86_64", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld"),
        ("gnu", "arm64", "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc"),
        ("gnu", "x86_64", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "cc"),
    ],
)
def test_the_linker_fits_the_c_library(libc: str, architecture: str, variable: str, linker: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, cpu="x86_64", is_online=True)
    assert machine.build(architecture, f"LAMBDA_LIBC={libc}").returncode == 0
    assert machine.cargo_environment[variable] == linker


def test_a_linker_of_the_users_choice_is_used(tmp_path: Path) -> None:
    variable = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER"
    machine = Machine(tmp_path, is_online=True)
    assert machine.build("arm64", "LAMBDA_LIBC=musl", **{variable: "my-linker"}).returncode == 0
    assert machine.cargo_environment[variable] == "my-linker"


def test_without_sam_the_rule_asks_where_to_put_the_artifact(tmp_path: Path) -> None:
    result = Machine(tmp_path, is_online=True).make("build-HookFunction")
    assert result.returncode != 0
    assert "ARTIFACTS_DIR" in result.stderr
