"""A plain IPP client for system tests: what goes over the wire is made byte by byte in `ipp_bytes`."""

from __future__ import annotations

import http.client
import socket
import time
from pathlib import Path

import ipp_bytes
from processes import Tympan

COMPLETED, FINAL_STATES = 9, (7, 8, 9)
"""``job-state``, RFC 8011 §5.3.7: canceled, aborted, completed."""


def printed(service: Tympan, printer: str, job_id: int, timeout_s: float = 30.0) -> list[Path]:
    """The pictures of what a job printed, once the service says that it is completed."""
    folder = service.state / "simulated" / printer
    wait_for_job(service, printer, job_id, timeout_s)
    return sorted(folder.glob(f"{job_id}-*.png"), key=lambda path: int(path.stem.rpartition("-")[2]))


def ended(
    service: Tympan, printer: str, job_id: int, timeout_s: float = 60.0
) -> tuple[int, list[str], str, bytes]:
    """Wait for a job's end; returns its state, reasons, message, and all its attributes as an IPP answer."""
    end = time.monotonic() + timeout_s
    while True:
        answer = ask(
            service,
            ipp_bytes.request(
                ipp_bytes.GET_JOB_ATTRIBUTES,
                service.uri(printer),
                ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", job_id),
            ),
        )
        state = ipp_bytes.integer_of(answer, "job-state")
        if state in FINAL_STATES:
            message = " ".join(ipp_bytes.strings_of(answer, "job-state-message"))
            return state, ipp_bytes.strings_of(answer, "job-state-reasons"), message, answer
        assert time.monotonic() < end, (
            f"job {job_id} is in state {state} after {timeout_s} s\n{service.log.read_text()[-3000:]}"
        )
        time.sleep(0.02)


def wait_for_job(service: Tympan, printer: str, job_id: int, timeout_s: float = 30.0) -> bytes:
    """Wait until a job is completed; returns its attributes as an IPP answer."""
    state, _, message, answer = ended(service, printer, job_id, timeout_s)
    assert state == COMPLETED, (
        f"job {job_id} ended in state {state}: {message}\n{service.log.read_text()[-3000:]}"
    )
    return answer


def jobs(service: Tympan, printer: str, which: str = "all", *operation_attributes: bytes) -> dict[int, str]:
    """Get-Jobs: the ids in the order they were told, and the names.

    Without further attributes it is an administrator who asks, and sees every name; those of others are empty to users.
    """
    answer = ask(
        service,
        ipp_bytes.request(
            ipp_bytes.GET_JOBS,
            service.uri(printer),
            ipp_bytes.attribute(ipp_bytes.KEYWORD, "which-jobs", which),
            ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "job-id", "job-name"),
            *operation_attributes,
        ),
        local=not operation_attributes,
    )
    assert ipp_bytes.status_of(answer) == 0, ipp_bytes.strings_of(answer, "status-message")
    found: dict[int, str] = {}
    for _, name, _, octets in ipp_bytes.values_of(answer):
        if name == "job-id":
            found[int.from_bytes(octets, "big")] = ""
        elif name == "job-name":
            found[next(reversed(found))] = octets.decode()
    return found


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def ask(service: Tympan, body: bytes, path: str = "/ipp/print", *, local: bool = False) -> bytes:
    """POST one IPP message by a plain HTTP client; `local`: over the Unix socket, as administrator."""
    connection = (
        _LocalConnection(service.socket)
        if local
        else http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    )
    try:
        connection.request("POST", path, body, {"Content-Type": "application/ipp"})
        response = connection.getresponse()
        data = response.read()
        assert response.status == 200, data
        return data
    finally:
        connection.close()


def print_bytes(
    service: Tympan, printer: str, document: bytes, document_format: str, *job_attributes: bytes
) -> int:
    """Print-Job by hand; returns the job's id."""
    answer = ask(
        service,
        ipp_bytes.request(
            ipp_bytes.PRINT_JOB,
            service.uri(printer),
            ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", "tester"),
            ipp_bytes.attribute(ipp_bytes.MIME, "document-format", document_format),
            job_attributes=b"".join(job_attributes),
            document=document,
        ),
    )
    assert ipp_bytes.status_of(answer) < 0x100, (
        hex(ipp_bytes.status_of(answer)),
        ipp_bytes.values_of(answer),
    )
    job_id = ipp_bytes.integer_of(answer, "job-id")
    assert job_id is not None
    return job_id
