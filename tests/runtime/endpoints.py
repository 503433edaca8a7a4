"""Endpoints of AWS that are unwell: what accepts a connection and then does anything but answer.

Owns the ways to be unwell, each of which is one function of a connection. Knows of a request only that it has an end.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .runtime_api import hang_up, reset

# Longer than the function may take for an event: whoever waits this long has waited for ever.
_FOR_EVER_SECONDS = 60

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


def _hang(_: socket.socket) -> None:
    time.sleep(_FOR_EVER_SECONDS)


def _drip(connection: socket.socket) -> None:
    """A byte now and then, so that no single read takes long."""
    for byte in _HEAD + b" " * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


def _hang_in_the_body(connection: socket.socket) -> None:
    connection.sendall(_HEAD + b'{"template": "')
    time.sleep(_FOR_EVER_SECONDS)


def _end_in_the_body(connection: socket.socket) -> None:
    connection.sendall(_HEAD + b'{"template": "')
    hang_up(connection)


def _garbage(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)) * 64)
    hang_up(connection)


def _headers_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Header: value\r\n" * 1000)


def _body_without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def _redirect_to_itself(connection: socket.socket) -> None:
    host, port = connection.getsockname()
    connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: http://{host}:{port}/\r\nContent-Length: 0\r\n\r\n".encode())
    hang_up(connection)


def _status(status: int) -> Callable[[socket.socket], None]:
    def reply(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        hang_up(connection)

    return reply


def _body(body: bytes) -> Callable[[socket.socket], None]:
    def reply(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        hang_up(connection)

    return reply


UNWELL: dict[str, Callable[[socket.socket], None]] = {
    "hangs": _hang,
    "drips": _drip,
    "hangs in the body": _hang_in_the_body,
    "ends in the body": _end_in_the_body,
    "ends at once": hang_up,
    "resets": reset,
    "is no HTTP": _garbage,
    "has headers without end": _headers_without_end,
    "has a body without end": _body_without_end,
    "redirects to itself": _redirect_to_itself,
    "is throttled": _status(429),
    "is broken": _status(500),
    "is slow to start": _status(503),
    "denies": _status(403),
    "has nothing to say": _body(b""),
    "is no JSON": _body(b"<Error><Code>InternalError</Code></Error>"),
    "is JSON of another shape": _body(b"[1, 2, 3]"),
    "has no template": _body(b"{}"),
    "has bytes for a template": _body(b'{"template": "\xff\xfe"}'),
}


@contextmanager
def serve(unwell: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serves until the context ends; yields the address, as `http://127.0.0.1:PORT`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

        def treat(connection: socket.socket) -> None:
            # Whoever asked may go whenever it likes.
            with suppress(OSError), connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    received = connection.recv(65536)
                    if not received:
                        return
                    request += received
                unwell(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        # A thread that waits in accept does not see that the socket is closed.
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def refuse() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
