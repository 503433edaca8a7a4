"""Lambda's Runtime API, played by the tests, for what the emulator does not do: faults, and thousands of events.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

Owns the protocol, its faults and the function's process. Knows nothing of hooks.
"""

import http.server
import queue
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from .emulator import PATIENCE_SECONDS, function_environment

_NEXT = "/2018-06-01/runtime/invocation/next"

# What Lambda gives the function for one event, by template.yaml.
TIMEOUT_SECONDS = 10
MEMORY_MIB = 256

# Lambda's limit for an event of a synchronous call.
LARGEST_EVENT = 6 * 1024 * 1024


def hang_up(connection: socket.socket) -> None:
    """Ends the connection as a process does that ends."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Ends the connection as a machine does that is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class RuntimeApi:
    """One Runtime API for one process of the function at a time.

    `when_asked` and `when_answered`, where set, take the place of the next reply to a request for an event, and to an
    answer. Each counts once.
    """

    def __init__(self) -> None:
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[bytes] = queue.Queue()
        self.asked = threading.Event()
        self.when_asked: Callable[[socket.socket], None] | None = None
        self.when_answered: Callable[[socket.socket], None] | None = None
        self.keeps_connections = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        # A function that has been killed leaves its request for an event behind.
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def send(self, event: bytes) -> None:
        """Gives the event to whoever asks next."""
        self._events.put(event)

    def answer(self, within: float = PATIENCE_SECONDS) -> bytes:
        """The next answer that a function has given completely."""
        try:
            return self._answers.get(timeout=within)
        except queue.Empty:
            raise AssertionError(f"no answer within {within} seconds") from None

    def invoke(self, event: bytes, within: float = PATIENCE_SECONDS) -> bytes:
        """Sends the event and waits for its answer."""
        self.send(event)
        return self.answer(within)

    @property
    def has_answers(self) -> bool:
        """Whether there is an answer that nobody has waited for."""
        return not self._answers.empty()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            # One write for each reply.
            wbufsize = -1

            def do_GET(self) -> None:
                assert self.path == _NEXT, self.path
                api.asked.set()
                if fault := api.when_asked:
                    api.when_asked = None
                    return self._end_by(fault)
                event = api._events.get()
                if event is None:
                    return self._end_by(hang_up)
                self._reply(
                    200,
                    event,
                    {
                        "Content-Type": "application/json",
                        "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + TIMEOUT_SECONDS) * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": (
                            "arn:aws:lambda:eu-west-1:123456789012:function:ecs-guard:live"
                        ),
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if fault := api.when_answered:
                    api.when_answered = None
                    return self._end_by(fault)
                api._answers.put(body)
                self._reply(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

            def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                if not api.keeps_connections:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def _end_by(self, fault: Callable[[socket.socket], None]) -> None:
                self.close_connection = True
                fault(self.connection)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    # Whoever asked is gone; tests look at the process, which knows why.
                    pass

            def finish(self) -> None:
                try:
                    super().finish()
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                """Says nothing: a failing test shows what it needs itself."""

        return Handler


class Function:
    """One process of the function, as one environment of Lambda has it. Leaving the context ends it.

    `launcher` is put before the binary; `options` go to `subprocess.Popen`.
    """

    def __init__(
        self,
        task_root: Path,
        api: RuntimeApi,
        scratch: Path,
        environment: dict[str, str] | None = None,
        launcher: Sequence[str | Path] = (),
        **options: object,
    ) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._output = {name: scratch / name for name in ("stdout", "stderr")}
        with self._output["stdout"].open("wb") as stdout, self._output["stderr"].open("wb") as stderr:
            self.process = subprocess.Popen(
                [*launcher, task_root / "bootstrap"],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=task_root,
                env=function_environment(task_root) | {"AWS_LAMBDA_RUNTIME_API": api.address} | (environment or {}),
                **options,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Waits until the process has ended by itself; its exit code, or minus the signal's number."""
        return self.process.wait(PATIENCE_SECONDS)

    def output(self, name: str) -> str:
        """What the process has written to "stdout" or "stderr" so far."""
        return self._output[name].read_text(errors="backslashreplace")

    def memory_kib(self, kind: str) -> int:
        """What the kernel says of the process's memory: "VmRSS" now, "VmHWM" at most so far."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                return int(line.split()[1])
        raise AssertionError(f"no {kind} of a process that has ended:\n{self.output('stderr')}")
