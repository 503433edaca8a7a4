"""The bodies behind the URLs of stack and change set events, served as Amazon S3 would.

Owns the server. Knows of a URL that the last part of its path names a file in events/payloads/.
"""

from contextlib import AbstractContextManager

from .events import EVENTS
from .server import Handler, serving

PAYLOADS = EVENTS / "payloads"


class _Payloads(Handler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        path = PAYLOADS / f"{name}.json"
        if path.is_file():
            self.answer(200, path.read_bytes())
        else:
            self.answer(404, b"")


def serve() -> AbstractContextManager[str]:
    """Serves until the context ends; yields the server's address."""
    return serving(_Payloads)
