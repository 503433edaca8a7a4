"""Running AWS's command lines as a user does.

Owns how a process is started. Knows nothing of what it does.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from runtime.emulator import REPOSITORY

from .template import REGION

# The tools of the virtual environment that runs the tests, whatever else is installed.
_TOOLS = Path(sys.executable).parent


def tool(
    name: str, *arguments: str | Path, environment: Mapping[str, str] | None = None, directory: Path = REPOSITORY
) -> subprocess.CompletedProcess[str]:
    """Runs `name`, in the root of the repository unless told otherwise."""
    found = _TOOLS / name
    return subprocess.run(
        [found if found.exists() else name, *arguments],
        cwd=directory,
        env=os.environ | {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def sam_build(
    directory: Path, architecture: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`sam build` of template.yaml into `directory`."""
    return tool(
        "sam",
        "build",
        "--build-dir",
        directory,
        "--parameter-overrides",
        f"Architecture={architecture}",
        environment=environment,
    )
