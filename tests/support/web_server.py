"""A web server on loopback whose pages misbehave, for tests of documents by reference."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Page = Callable[[BaseHTTPRequestHandler], None]


def document(content: bytes, content_type: str = "text/plain", **headers: str) -> Page:
    """A page that gives `content`; ``_`` in the names of `headers` stands for a hyphen."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def redirection(target: str, status: int = 302) -> Page:
    """A page that sends elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def failure(status: int) -> Page:
    """A page that is an error."""
    return lambda request: request.send_error(status)


def endless(request: BaseHTTPRequestHandler) -> None:
    """A text that never ends; nobody says how long it is."""
    request.send_response(200)
    request.send_header("Content-Type", "text/plain")
    request.end_headers()
    with contextlib.suppress(OSError):
        while True:
            request.wfile.write(b"and so on\n" * 5000)


def cut_off(request: BaseHTTPRequestHandler) -> None:
    """Half of what it promises."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    request.wfile.write(b"half\n" * 1000)


def silent(request: BaseHTTPRequestHandler) -> None:
    """No answer at all, for ten seconds."""
    request.server.stopping.wait(10)  # type: ignore[attr-defined]


def standing_still(request: BaseHTTPRequestHandler) -> None:
    """It begins, and stands still."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    request.wfile.write(b"begun\n" * 1000)
    request.wfile.flush()
    request.server.stopping.wait(10)  # type: ignore[attr-defined]


def dripping(request: BaseHTTPRequestHandler) -> None:
    """It never stands still, and never gets anywhere."""
    request.send_response(200)
    request.send_header("Content-Type", "text/plain")
    request.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            request.wfile.write(b"x\n")
            request.wfile.flush()
            time.sleep(0.05)


def no_http(request: BaseHTTPRequestHandler) -> None:
    """What is not HTTP."""
    request.wfile.write(b"\x16\x03\x01 hello\r\n\r\n")
    request.close_connection = True


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that left are what these tests are about."""


class WebServer:
    """Pages by path, on 127.0.0.1.

    Attributes:
        pages: What is at each path; may be changed.
        asked: The paths that were asked for.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.pages.get(self.path, failure(404))(self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.stopping = threading.Event()  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def uri(self, path: str, host: str = "127.0.0.1") -> str:
        """The URI of a page."""
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop to listen."""
        self._server.stopping.set()  # type: ignore[attr-defined]
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextlib.contextmanager
def web_server() -> Iterator[WebServer]:
    """A server that is closed at the end."""
    server = WebServer()
    try:
        yield server
    finally:
        server.close()
