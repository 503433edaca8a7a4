"""A server on this machine that stands for AWS.

Owns what is asked of it and what goes wrong on the way. Behind it is moto, or replies that a test gives; it knows neither
hooks nor stacks.
"""

import io
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import WSGIRequestHandler, make_server

NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


@dataclass(frozen=True)
class Call:
    """One request: the action's name, what it is about, and the id of the key that signed it."""

    action: str
    parameters: dict[str, str]
    key: str = ""


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml"
    error_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def error(code: str, message: str, status: int = 400) -> Reply:
    """An error as CloudFormation words it."""
    return Reply(
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>'
        "</Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>".encode(),
        status,
    )


# What a test does with a call: answers it, or lets it pass to what is behind.
Answer = Callable[[Call], Reply | None]


@dataclass
class Server:
    """The server, what it was asked, and what a test does with that."""

    endpoint: str
    calls: list[Call] = field(default_factory=list)
    answer: Answer = lambda _: None

    def count(self, action: str) -> int:
        """How often it was asked for an action."""
        return Counter(call.action for call in self.calls)[action]

    def about(self, action: str) -> list[str]:
        """The stacks that an action was asked about, in order."""
        return stacks(self.calls, action)

    def signed_with(self, key: str) -> list[Call]:
        """What was asked with a key. What a program had sent is read even after it was killed."""
        return [call for call in self.calls if call.key == key]


def stacks(calls: list[Call], action: str) -> list[str]:
    """The stacks that an action is about, in the order of the calls."""
    return [call.parameters["StackName"] for call in calls if call.action == action]


class _Handler(WSGIRequestHandler):
    # Clients keep their connections, as with AWS.
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Says nothing: a failing test shows what it needs itself."""


Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def _call(environment: WSGIEnvironment, body: bytes) -> Call:
    path, method = environment["PATH_INFO"], environment["REQUEST_METHOD"]
    key = re.search(r"Credential=([^/]+)/", environment.get("HTTP_AUTHORIZATION", ""))
    form = environment["QUERY_STRING"] if method == "GET" else body.decode()
    parameters = {name: values[0] for name, values in parse_qs(form).items()}
    action = f"{method} {path}" if method != "POST" else parameters.get("Action", path)
    return Call(action, parameters, key[1] if key else "")


@contextmanager
def serve(behind: Application | None = None) -> Iterator[Server]:
    """Serves until the context ends."""
    server: Server

    def application(environment: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
        environment["wsgi.input"] = io.BytesIO(body)
        call = _call(environment, body)
        server.calls.append(call)
        reply = server.answer(call)
        if reply is None and behind is not None:
            try:
                return behind(environment, start_response)
            except Exception as failure:  # noqa: BLE001 - whatever moto stumbles over, the caller gets an answer
                reply = error("ValidationError", f"moto fails: {type(failure).__name__}")
        reply = reply or error("InvalidAction", f"the test has no reply to {call.action}")
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        # Where APIs that speak JSON have an error's code.
        headers += [("x-amzn-ErrorType", reply.error_type)] if reply.error_type else []
        start_response(f"{reply.status} status", [*headers, *reply.headers])
        return [reply.body]

    with_server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
    server = Server(f"http://127.0.0.1:{with_server.port}")
    threading.Thread(target=with_server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        with_server.shutdown()


def throttled(action: str, times: int) -> Answer:
    """Refuses the first calls of an action as CloudFormation does when there are too many."""
    left = [times]

    def answer(call: Call) -> Reply | None:
        if call.action != action or left[0] == 0:
            return None
        left[0] -= 1
        return error("Throttling", "Rate exceeded")

    return answer


def denied(action: str, stack: str) -> Answer:
    """Refuses an action on one stack."""

    def answer(call: Call) -> Reply | None:
        if call.action == action and f"/{stack}/" in call.parameters["StackName"]:
            return error("AccessDenied", "User: arn:aws:iam::1:user/somebody is not authorized", 403)
        return None

    return answer


def stuck_after(action: str, times: int, seconds: float) -> Answer:
    """Answers an action a few times, and then no more."""
    left = [times]

    def answer(call: Call) -> Reply | None:
        if call.action == action:
            left[0] -= 1
            if left[0] < 0:
                time.sleep(seconds)
        return None

    return answer


def denied_to_all(action: str) -> Answer:
    """Refuses an action, whatever it is about."""

    def answer(call: Call) -> Reply | None:
        return error("AccessDenied", "not authorized", 403) if call.action == action else None

    return answer
