"""`ecs-guard` as a person runs it, with AWS on this machine.

Owns its environment, in which nothing of the person's own is left that names an account.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = Path(os.environ.get("ECS_GUARD", REPOSITORY / "target" / "debug" / "ecs-guard"))
REGION = "eu-central-1"
ACCOUNT = "123456789012"

# Longer than anything takes on a busy machine, short enough that a hang ends as a failure.
PATIENCE_SECONDS = 120


def environment(endpoint: str, home: Path) -> dict[str, str]:
    """What the command is started with."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ECS_GUARD", "XDG_"))}
    return own | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(home),
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
    }


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class EcsGuard:
    """The command in a directory of a test's own."""

    directory: Path
    endpoint: str

    def policy(self, text: str) -> None:
        """Writes the policy."""
        (self.directory / "ecs-guard.yaml").write_text(text)

    @property
    def state(self) -> Path:
        """Where audits keep their state."""
        return self.directory / "state"

    def start(
        self,
        *arguments: str | Path,
        variables: Mapping[str, str | None] | None = None,
        stderr: int = subprocess.PIPE,
    ) -> "subprocess.Popen[str]":
        """Starts it; a variable that is None is not set."""
        given = environment(self.endpoint, self.directory) | (variables or {})
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.directory,
            env={name: value for name, value in given.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def run(self, *arguments: str | Path, variables: Mapping[str, str | None] | None = None) -> Ran:
        """Runs it to its end."""
        with self.start(*arguments, variables=variables) as process:
            try:
                out, err = process.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Ran(process.returncode, out, err)

    def profiles(self, *names: str) -> tuple[list[str], dict[str, str | None]]:
        """Profiles with credentials: the options that name them, and variables that leave no others."""
        configuration = self.directory / ".aws"
        configuration.mkdir(exist_ok=True)
        (configuration / "config").write_text("".join(f"[profile {name}]\nregion = {REGION}\n" for name in names))
        keys = "aws_access_key_id = {}\naws_secret_access_key = no-secret\n"
        credentials = "".join(f"[{name}]\n{keys.format(f'AKID-{name}')}" for name in names)
        (configuration / "credentials").write_text(credentials)
        options = [option for name in names for option in ("--aws-profile", name)]
        return options, {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_REGION": None}

    def audit(self, *arguments: str | Path, variables: Mapping[str, str | None] | None = None) -> Ran:
        """`ecs-guard audit` with its state in the test's directory."""
        return self.run("audit", "--state", self.state, *arguments, variables=variables)
