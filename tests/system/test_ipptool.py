"""CUPS' conformance suites, run by ipptool against the real service, on both printers."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cups_raster
import ipp_bytes
import pytest
import web_server as web
from ipp_client import ask, jobs, printed
from ipptool_folder import DOCUMENTS, TYPES, make_folder
from processes import RECEIPT_AND_LASER, SERVER, Tympan

from tympan.ipp import Operation
from tympan_sim import control

PRINTERS = ("receipt", "laser")

LASER_DPI = (300, 600)
"""What the suites have raster samples of and the laser takes; of the receipt printer's 203 dpi they have none."""

SKIPPED = {
    r"PostScript|document-\w+\.ps": "application/postscript is not offered",
    r"Standard Sheet|2-Up": "the same once more with PostScript",
    r"High Quality": "print-quality 5 is not offered",
}
"""Tests that may be left out on any printer, by their names, and why."""

SKIPPED_ON: Mapping[str, Mapping[str, str]] = {
    "receipt": {
        "Duplex": "one side only",
        "Draft Quality": "print-quality 3 is not offered",
        r"Print \S+ @ \d+dpi": "raster of another resolution than 203 dpi",
    },
    "laser": {
        "on 4x6": "no tray takes 4x6",
        r"Print \S+ @ (150|180|360|720)dpi": "raster of another resolution than 300 and 600 dpi",
        r"Print \S+ @ (300|600)dpi, (cmyk|srgb)": "raster in colour",
    },
}

SKIPPED_WHEN_FAST = re.compile(r"Get-Jobs Operation|Get-Job-Attributes Until Job Complete")
"""Left out by ipptool where the job was printed before it looked."""

RASTER_JOB = re.compile(r"(document|onepage|color\.jpg|gray\.jpg)-(a4|letter|4x6)")
"""What ipp-everywhere.test calls its raster documents."""


@dataclass(frozen=True)
class Suite:
    """A file for ipptool.

    Attributes:
        file: Its name.
        tests: How many tests it has in CUPS 2.4, at least.
        version: IPP version of the requests.
        skipped: Further tests that may be left out, and why.
    """

    file: str
    tests: int
    version: str = "2.0"
    skipped: Mapping[str, str] = field(default_factory=dict)


CONFORMANCE: Sequence[Suite] = (
    Suite("ipp-1.1.test", 66, version="1.1"),
    Suite("ipp-2.0.test", 67),
    Suite("ipp-2.1.test", 68, version="2.1"),
    Suite("ipp-2.2.test", 69, version="2.2"),
    Suite("ipp-everywhere.test", 499),
)

SMALL: Sequence[Suite] = (
    Suite("get-printer-attributes-suite.test", 7),
    Suite("get-printer-attributes.test", 1),
    Suite("get-printer-description-attributes.test", 1),
    Suite("get-job-template-attributes.test", 1),
    Suite("create-job.test", 2),
    Suite("print-job.test", 1),
    Suite("print-job-and-wait.test", 2),
    Suite("print-job-deflate.test", 1),
    Suite("print-job-hold.test", 2),
    Suite("print-job-password.test", 1),
    Suite("print-job-gzip.test", 1),
    Suite("print-job-letter.test", 1),
    Suite("print-job-manual.test", 1),
    Suite("print-job-media-col.test", 1),
    Suite("validate-job.test", 1),
    Suite("get-jobs.test", 1),
    Suite("get-completed-jobs.test", 1),
    Suite("identify-printer.test", 1),
    Suite("identify-printer-display.test", 1),
    Suite("identify-printer-multiple.test", 1),
    Suite(
        "create-printer-subscription.test",
        2,
        skipped={"Create a push": "a recipient is not given: pull only"},
    ),
    Suite("get-subscriptions.test", 1),
)

NOT_RUN = {
    "print-job-media-needed.test": "a person has to take paper out; test_cups_client and the unit tests have media-needed",
    "fax-job.test": "no fax",
    "create-job-format.test create-job-sheets.test create-job-timeout.test set-attrs-hold.test": "print ../data/testprint.ps, PostScript",
    "get-devices.test get-ppd*.test get-printers*.test cups-create-local-printer.test": "CUPS' own operations",
}
"""Small tests that are left out, and why."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The suites with the documents beside them that they print."""
    if not cups_raster.available:
        pytest.skip("libcups is not installed")
    return make_folder(tmp_path_factory.mktemp("ipptool"), LASER_DPI)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The service as in the other tests, but that it fetches documents from this machine."""
    config = f'{SERVER}\n[fetch]\nallow_hosts = ["localhost"]\n{RECEIPT_AND_LASER}'
    with Tympan(tmp_path_factory.mktemp("tympan"), config) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def document_uri(folder):
    """What Print-URI and Send-URI of the suites fetch."""
    with web.web_server() as server:
        server.pages["/document-a4.pdf"] = web.document(
            (folder / "document-a4.pdf").read_bytes(), "application/pdf"
        )
        yield server.uri("/document-a4.pdf", "localhost")


def paper_in(service, printer: str) -> None:
    """A new roll, or a full tray, where it is out: all suites together print more than the 250 sheets of one."""
    socket = service.state / "simulated" / printer / "control.sock"
    if socket.exists():  # the printer is there from its first job on
        control.send(socket, "paper-out off")


@contextlib.contextmanager
def person_at(service, printer: str):
    """Somebody who puts paper in whenever it is out."""
    gone = threading.Event()

    def look_after() -> None:
        while not gone.wait(1.0):
            paper_in(service, printer)

    person = threading.Thread(target=look_after)
    person.start()
    try:
        yield
    finally:
        gone.set()
        person.join()


def run_suite(service, folder, document_uri, suite: Suite, printer: str) -> list[tuple[str, str]]:
    """Run a suite, in which nothing fails; returns its tests with what became of each."""
    paper_in(service, printer)
    canceled = ask(service, ipp_bytes.request(Operation.CANCEL_JOBS, service.uri(printer)), local=True)
    assert (
        ipp_bytes.status_of(canceled) == 0
    )  # the suites follow the first job in the list, whoever left it there
    done = subprocess.run(
        ["ipptool", "-tI", "-T", "60", "-V", suite.version, "-f", "document-a4.pdf",
         "-d", f"document-uri={document_uri}", service.uri(printer), suite.file],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    results = re.findall(r"^    (\S.*?) +\[(PASS|FAIL|SKIP)\]", done.stdout, re.MULTILINE)
    assert not [name for name, result in results if result == "FAIL"], said
    assert done.returncode == 0, said
    assert len(results) >= suite.tests, said
    return results


def unexpected_skips(results: list[tuple[str, str]], suite: Suite, printer: str) -> list[str]:
    """Tests that were left out without a reason."""
    reasons = [re.compile(each) for each in (*SKIPPED, *SKIPPED_ON[printer], *suite.skipped)]
    return [
        name
        for name, result in results
        if result == "SKIP"
        and not SKIPPED_WHEN_FAST.search(name)
        and not any(reason.search(name) for reason in reasons)
    ]


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("suite", SMALL, ids=lambda suite: suite.file)
def test_single_operations(service, folder, document_uri, suite, printer):
    results = run_suite(service, folder, document_uri, suite, printer)
    assert unexpected_skips(results, suite, printer) == []


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("suite", CONFORMANCE, ids=lambda suite: suite.file)
@pytest.mark.timeout(600)
def test_conformance(service, folder, document_uri, suite, printer):
    before = jobs(service, printer)
    results = run_suite(service, folder, document_uri, suite, printer)
    assert unexpected_skips(results, suite, printer) == []
    passed = sum(result == "PASS" for _, result in results)
    print(f"{suite.file} on {printer}: {passed} passed, 0 failed, {len(results) - passed} skipped")
    if suite.file == "ipp-everywhere.test":
        sent = {job_id: name for job_id, name in jobs(service, printer).items() if job_id not in before}
        all_samples_are_printed(service, printer, sent)


def all_samples_are_printed(service, printer: str, sent: Mapping[int, str]) -> None:
    """Of each raster document, plain, deflated and gzipped, every page came out."""
    samples = {job_id: name.rpartition("-")[0] for job_id, name in sent.items() if RASTER_JOB.fullmatch(name)}
    kinds = len(LASER_DPI) * len(TYPES) * 3 if printer == "laser" else 0
    assert len(samples) == kinds * 6  # two sizes of document and onepage, two photos
    pages = 0
    with person_at(service, printer):
        for job_id in samples:
            pages += len(printed(service, printer, job_id, timeout_s=480))
    assert pages == kinds * 6 + kinds // 2 * 2 * (DOCUMENTS["document"] - 1)
