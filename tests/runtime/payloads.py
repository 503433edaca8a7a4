"""The bodies behind the URLs of stack and change set events, served as Amazon S3 would.

Owns the server. Knows of a URL that the last part of its path names a file in events/payloads/.
"""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .events import EVENTS

PAYLOADS = EVENTS / "payloads"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        path = PAYLOADS / f"{name}.json"
        body = path.read_bytes() if path.is_file() else b""
        self.send_response(200 if path.is_file() else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: a failing test shows what it needs itself."""


@contextmanager
def serve() -> Iterator[str]:
    """Serves until the context ends; yields the server's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
