"""The function that is tested, and one run of it through every event."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .emulator import REPOSITORY, Emulator, task_root
from .events import Case, cases
from .payloads import serve

BOOTSTRAP = Path(os.environ.get("ECS_GUARD_BOOTSTRAP", REPOSITORY / "target" / "release" / "bootstrap"))


@pytest.fixture(scope="session")
def function(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The binary with the policy that is deployed, laid out as in Lambda."""
    assert BOOTSTRAP.is_file(), f"{BOOTSTRAP} is missing: `make test-runtime` builds it"
    return task_root(tmp_path_factory.mktemp("lambda") / "task", BOOTSTRAP, REPOSITORY / "ecs-guard.yaml")


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """The binary alone: each test lays its own policy beside it, or none."""
    directory = tmp_path / "task"
    directory.mkdir()
    shutil.copy(BOOTSTRAP, directory / "bootstrap")
    return directory


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """What lets the function find payloads here instead of in Amazon S3."""
    with serve() as endpoint:
        yield {"ECS_GUARD_TEST_PAYLOAD_ENDPOINT": endpoint}


@pytest.fixture
def emulator(function: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Emulator]:
    """A fresh process of the function."""
    with Emulator(function, tmp_path / "emulator", environment) as running:
        yield running


# Without a repr, which in the report of a failure would bury the answer among a hundred others.
@dataclass(frozen=True, repr=False)
class Run:
    """What one process answered and wrote. `again` is the second time, in the opposite order."""

    answers: dict[Case, bytes]
    again: dict[Case, bytes]
    starts: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def run(function: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Sends every event twice to one process."""
    every = [case for case in cases() if not case.missing]
    with Emulator(function, tmp_path_factory.mktemp("run") / "emulator", environment) as emulator:
        answers = {case: emulator.invoke(case.event) for case in every}
        again = {case: emulator.invoke(case.event) for case in reversed(every)}
    return Run(answers, again, emulator.starts, emulator.stdout, emulator.stderr)
