"""A tiny IPP service in a thread, scripted by the tests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from tympan.cli import arguments
from tympan.cli.main import main
from tympan.ipp import Attribute, GroupTag, Message, Operation, StatusCode, decode, encode

PRINTER = (
    Attribute.name_string("printer-name", "receipt"),
    Attribute.text("printer-info", "Counter receipts"),
    Attribute.text("printer-make-and-model", "Generic ESC/POS 80 mm"),
    Attribute.text("printer-firmware-name", "tympan"),
    Attribute.enum("printer-state", 3),
    Attribute.keyword("printer-state-reasons", "none"),
    Attribute.boolean("printer-is-accepting-jobs", True),
    Attribute.integer("queued-job-count", 2),
    Attribute.uri("printer-uri-supported", "ipp://pi.local/ipp/print/receipt"),
    Attribute.keyword("media-ready", "om_80x200mm_80x200mm"),
    Attribute.keyword("sides-supported", "one-sided", "two-sided-long-edge"),
    Attribute.mime("document-format-supported", "application/octet-stream", "application/pdf"),
)

JOB = (
    Attribute.integer("job-id", 7),
    Attribute.uri("job-printer-uri", "ipp://pi.local/ipp/print/receipt"),
    Attribute.name_string("job-name", "report.pdf"),
    Attribute.name_string("job-originating-user-name", "ada"),
    Attribute.enum("job-state", 5),
    Attribute.keyword("job-state-reasons", "job-printing"),
    Attribute.integer("job-k-octets", 1536),
    Attribute.integer("job-impressions", 3),
    Attribute.integer("job-impressions-completed", 1),
)


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    message: Message
    document: bytes
    chunked: bool

    @property
    def operation(self) -> Operation:
        return Operation(self.message.code)

    def operation_attribute(self, name: str) -> Attribute | None:
        return self.message.operation_attributes.get(name)

    def job_attribute(self, name: str) -> Attribute | None:
        return self.message.group(GroupTag.JOB).get(name)


@dataclass
class Service:
    """What the service answers, and what it saw.

    ``answers`` gives, for an operation, a status with groups, or a function of the request.
    """

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    answers: dict[Operation, object] = field(default_factory=dict)
    job_states: list[list[Attribute]] = field(default_factory=list)
    http_status: int = 200
    content_type: str = "application/ipp"
    raw: bytes | None = None
    close_after_answer: bool = False

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self.port}"

    def operations(self) -> list[Operation]:
        return [each.operation for each in self.seen]

    def of(self, operation: Operation) -> Seen:
        return next(each for each in self.seen if each.operation is operation)

    def refuse(
        self, operation: Operation, status: StatusCode, message: str = "", *unsupported: Attribute
    ) -> None:
        self.answers[operation] = (status, message, unsupported)

    def answer(self, seen: Seen) -> bytes:
        answer = self.answers.get(seen.operation)
        status, text, unsupported = (
            answer if isinstance(answer, tuple) else (StatusCode.SUCCESSFUL_OK, "", ())
        )
        groups: list[tuple[int, tuple[Attribute, ...]]] = [
            (
                GroupTag.OPERATION,
                (
                    Attribute.charset("attributes-charset", "utf-8"),
                    Attribute.language("attributes-natural-language", "en"),
                    *((Attribute.text("status-message", text),) if text else ()),
                ),
            )
        ]
        if unsupported:
            groups.append((GroupTag.UNSUPPORTED, unsupported))
        if status < 0x0400:
            groups += answer(seen) if isinstance(answer, Callable) else self._default(seen)
        return encode(Message.of((2, 0), status, seen.message.request_id, *groups))

    def _default(self, seen: Seen) -> list[tuple[int, tuple[Attribute, ...]]]:
        match seen.operation:
            case Operation.GET_PRINTERS:
                return [(GroupTag.PRINTER, PRINTER)]
            case Operation.GET_PRINTER_ATTRIBUTES:
                wanted = seen.operation_attribute("requested-attributes")
                names = set(wanted.strings()) if wanted is not None else {"all"}
                return [(GroupTag.PRINTER, tuple(a for a in PRINTER if a.name in names or "all" in names))]
            case Operation.GET_JOBS:
                return [(GroupTag.JOB, JOB)]
            case Operation.PRINT_JOB:
                return [(GroupTag.JOB, (Attribute.integer("job-id", 7), Attribute.enum("job-state", 3)))]
            case Operation.GET_JOB_ATTRIBUTES:
                state = self.job_states.pop(0) if len(self.job_states) > 1 else self.job_states[0]
                return [(GroupTag.JOB, (Attribute.integer("job-id", 7), *state))]
        return []


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def do_POST(self) -> None:
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = self._chunks() if chunked else self.rfile.read(int(self.headers["Content-Length"]))
        message, end = decode(body)
        self.service.seen.append(seen := Seen(self.path, message, body[end:], chunked))
        data = self.service.raw if self.service.raw is not None else self.service.answer(seen)
        self.send_response(self.service.http_status)
        self.send_header("Content-Type", self.service.content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = self.service.close_after_answer

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            assert self.rfile.read(2) == b"\r\n"
        assert self.rfile.readline() == b"\r\n"
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    """A running service."""
    made = Service(
        job_states=[[Attribute.enum("job-state", 9), Attribute.keyword("job-state-reasons", "none")]]
    )
    handler = type("Handler", (_Handler,), {"service": made})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def tympan(service, capsys):
    """Run a command against the service; gives its exit status and what it wrote."""

    def run(*words: str, uri: bool = True) -> SimpleNamespace:
        status = main([*words, *(["--uri", service.uri] if uri else [])])
        written = capsys.readouterr()
        return SimpleNamespace(status=status, out=written.out, err=written.err)

    return run


@pytest.fixture(autouse=True)
def _no_service_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TYMPAN_URI", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-state"))
    monkeypatch.setattr(arguments, "LOCAL_SOCKETS", ())
    monkeypatch.setattr(arguments, "TRIAL_SOCKET", str(tmp_path / "no-trial.sock"))
