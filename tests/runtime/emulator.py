"""AWS's Runtime Interface Emulator with the function in it.

Owns processes, ports and files. Knows nothing of hooks: it carries bytes to the function and back, and
keeps what the function wrote to its standard output and error apart from what the emulator says.

The emulator comes with aws-sam-cli. It hands the function any body unchanged, JSON or not, which Lambda
itself would not; and it answers with status 200 whether the function answered or failed.
"""

import http.client
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]

# Longer than anything takes on a busy machine, short enough that a hang ends as a failure.
PATIENCE_SECONDS = 30

_RIE_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}

# What Lambda puts between itself and the function here is a shell that counts the starts and gives the
# function's output files of its own; after `exec` the process is the function.
_LAUNCHER = """#!/bin/sh
echo started >> '{scratch}/starts'
exec '{task_root}/bootstrap' >> '{scratch}/stdout' 2>> '{scratch}/stderr'
"""


def host_architecture() -> str:
    """This machine's architecture in Lambda's words."""
    try:
        return _RIE_ARCHITECTURES[platform.machine()]
    except KeyError:
        raise RuntimeError(f"Lambda has no architecture for {platform.machine()}") from None


def emulator_binary() -> Path:
    """The emulator in the installed aws-sam-cli."""
    samcli = importlib.util.find_spec("samcli")
    assert samcli is not None and samcli.origin is not None, "aws-sam-cli is missing: run `make .venv`"
    return Path(samcli.origin).parent / "local" / "rapid" / f"aws-lambda-rie-{host_architecture()}"


def task_root(directory: Path, bootstrap: Path, policy: Path) -> Path:
    """Lays out `directory` as /var/task is in Lambda: the binary and, beside it, the policy."""
    directory.mkdir(parents=True)
    shutil.copy(bootstrap, directory / "bootstrap")
    shutil.copy(policy, directory / "ecs-guard.yaml")
    return directory


def function_environment(task_root: Path) -> dict[str, str]:
    """The variables that Lambda sets and that a runtime may read."""
    return {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(task_root),
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "ecs-guard",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
    }


def wait_until(condition: Callable[[], bool], failure: Callable[[], str]) -> None:
    """Polls until `condition` holds; after `PATIENCE_SECONDS`, fails with what `failure` says."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, failure()
        time.sleep(0.01)


class Emulator:
    """One running emulator. Leaving the context ends the function, after which its output is complete."""

    def __init__(self, task_root: Path, scratch: Path, environment: dict[str, str] | None = None) -> None:
        self._task_root = task_root
        self._environment = environment or {}
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._port = self._runtime_port = 0
        scratch.mkdir(parents=True)
        for name in ("starts", "stdout", "stderr", "emulator"):
            (scratch / name).touch()
        launcher = scratch / "launcher"
        launcher.write_text(_LAUNCHER.format(scratch=scratch, task_root=task_root))
        launcher.chmod(0o755)

    def __enter__(self) -> Self:
        # The emulator takes ports, not sockets, so someone else may take a free port in between.
        for _ in range(5):
            self._start()
            if self._is_up():
                return self
        raise AssertionError(f"the emulator does not start:\n{self._read('emulator')}")

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self._port, self._runtime_port = _free_ports(2)
        with (self._scratch / "emulator").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    emulator_binary(),
                    "--runtime-interface-emulator-address",
                    f"127.0.0.1:{self._port}",
                    "--runtime-api-address",
                    f"127.0.0.1:{self._runtime_port}",
                    "--log-level",
                    "error",
                    self._scratch / "launcher",
                    "bootstrap",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._task_root,
                env=function_environment(self._task_root) | self._environment,
                start_new_session=True,
            )

    def _is_up(self) -> bool:
        assert self._process is not None
        process = self._process
        wait_until(
            # Both: on a busy machine a function may start before its Runtime API does.
            lambda: process.poll() is not None or (_is_listening(self._port) and _is_listening(self._runtime_port)),
            lambda: f"the emulator does not listen:\n{self._read('emulator')}",
        )
        return process.poll() is None

    def stop(self) -> None:
        """Ends the emulator, and with it the function."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def invoke(self, event: bytes) -> bytes:
        """Sends `event` as it is and returns the bytes of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", event)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"no answer: {error!r}\n{self.diagnosis()}") from error
        finally:
            connection.close()

    @property
    def starts(self) -> int:
        """How often the function's process was started; more than once means that it died."""
        return len(self._read("starts").splitlines())

    @property
    def stdout(self) -> str:
        """What the function has written to standard output so far."""
        return self._read("stdout")

    @property
    def stderr(self) -> str:
        """What the function has written to standard error so far."""
        return self._read("stderr")

    def diagnosis(self) -> str:
        """For the message of an assertion that fails."""
        return f"function's stderr:\n{self.stderr}\nemulator:\n{self._read('emulator')}"

    def _read(self, name: str) -> str:
        return (self._scratch / name).read_text(errors="backslashreplace")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
