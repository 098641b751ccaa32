"""The verbs against a scripted service: what they ask, what they say, how they end."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from types import SimpleNamespace

import pypdfium2
import pytest

from tympan.cli import arguments
from tympan.cli.main import VERBS, main
from tympan.driver.contract import DiscoveredDevice
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode


def state(number: int, *reasons: str, message: str = "", done: int = 0) -> list[Attribute]:
    attributes = [
        Attribute.enum("job-state", number),
        Attribute.keyword("job-state-reasons", *(reasons or ("none",))),
        Attribute.integer("job-impressions", 2),
        Attribute.integer("job-impressions-completed", done),
    ]
    return [*attributes, Attribute.text("job-state-message", message)] if message else attributes


# --- usage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["print"],
        ["print", "x", "--copies", "two"],
        ["cancel"],
        ["cancel", "x"],
        ["cancel", "3", "--mine"],
        ["hold"],
        ["hold", "3", "--until", "christmas"],
        ["hold", "3", "--until", "2030-13-01"],
        ["release"],
        ["jobs", "--limit", "0"],
        ["jobs", "--all", "--completed"],
        ["serve", "--port", "70000"],
        ["serve", "--simulate", "--config", "x"],
        ["status", "--uri", "ftp://pi"],
        ["status", "--uri", "ipp://pi/ipp/print/laser", "-P", "receipt"],
        ["print", "/nowhere/at/all"],
        ["identify", "--action", "dance"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(words, capsys):
    assert main(words) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(("usage: tympan", "tympan "))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"usage: tympan {verb}" in capsys.readouterr().out


def test_the_program_starts_in_a_quarter_of_a_second_even_with_all_its_verbs():
    """What takes time is imports: none of the heavy ones may come along with a verb that does not need them."""
    program = (
        "import sys; from tympan.cli.main import VERBS, main\n"
        "for verb in VERBS: main([verb, '--help'])\n"
        "print(sorted({'numpy', 'PIL', 'aiohttp', 'asyncio', 'pypdfium2', 'msgspec', 'tympan.app'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# --- finding the service ------------------------------------------------------------------------------------------------


def test_a_service_on_this_machine_is_found(service, tympan, monkeypatch):
    monkeypatch.setattr(arguments, "LOCAL_PORTS", (1, service.port))
    assert tympan("status", uri=False).status == 0


def test_a_socket_that_a_service_left_behind_is_passed_over(service, tympan, monkeypatch, tmp_path):
    left = tmp_path / "tympan.sock"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(left))
    monkeypatch.setattr(arguments, "LOCAL_SOCKETS", (str(left),))
    monkeypatch.setattr(arguments, "LOCAL_PORTS", (service.port,))
    assert tympan("status", uri=False).status == 0


def test_something_else_on_the_port_is_not_taken_for_tympan(service, tympan, monkeypatch):
    monkeypatch.setattr(arguments, "LOCAL_PORTS", (service.port,))
    service.refuse(Operation.GET_PRINTER_ATTRIBUTES, StatusCode.CLIENT_ERROR_NOT_FOUND)
    done = tympan("status", uri=False)
    assert done.status == 1
    assert "something else answers" in done.err
    assert "tympan serve --simulate" in done.err


def test_the_environment_names_the_service(service, tympan, monkeypatch):
    monkeypatch.setenv("TYMPAN_URI", service.uri)
    assert tympan("status", uri=False).status == 0


def test_nobody_there(tympan):
    done = tympan("jobs", "--uri", "ipp://127.0.0.1:1", uri=False)
    assert done.status == 1
    assert done.err.startswith("tympan: 127.0.0.1:1 refuses the connection")
    assert done.out == ""


# --- status and jobs ----------------------------------------------------------------------------------------------------


def test_status(tympan):
    done = tympan("status")
    assert done.status == 0
    headings, row = done.out.splitlines()
    assert headings.split() == ["name", "state", "jobs", "info", "media", "uri"]
    for word in (
        "receipt",
        "idle",
        "2",
        "Counter receipts",
        "om_80x200mm_80x200mm",
        "ipp://pi.local/ipp/print/receipt",
    ):
        assert word in row


def test_status_as_json(tympan):
    (printer,) = json.loads(tympan("status", "--json").out)
    assert printer["printer-name"] == "receipt"
    assert printer["printer-state"] == 3
    assert printer["printer-is-accepting-jobs"] is True


def test_status_of_one_printer_asks_that_printer(service, tympan):
    assert tympan("status", "-P", "laser").status == 0
    (seen,) = service.seen
    assert seen.operation is Operation.GET_PRINTER_ATTRIBUTES
    assert seen.path == "/ipp/print/laser"


def test_status_without_a_system_service_shows_the_default_printer(service, tympan):
    service.refuse(Operation.GET_PRINTERS, StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED)
    assert "receipt" in tympan("status").out
    assert service.operations() == [Operation.GET_PRINTERS, Operation.GET_PRINTER_ATTRIBUTES]


def test_jobs(service, tympan):
    done = tympan("jobs")
    assert done.status == 0
    headings, row = done.out.splitlines()
    assert headings.split() == ["id", "printer", "state", "reasons", "name", "user", "size", "pages", "time"]
    assert row.split() == [
        "7",
        "receipt",
        "processing",
        "job-printing",
        "report.pdf",
        "ada",
        "1.5",
        "MiB",
        "1/3",
    ]
    assert service.of(Operation.GET_JOBS).operation_attribute("which-jobs").first == "not-completed"
    assert service.of(Operation.GET_JOBS).path == "/ipp/print/receipt"


@pytest.mark.parametrize(
    ("words", "which", "mine", "limit"),
    [
        (["--all"], "all", None, 100),
        (["--completed", "--limit", "5"], "completed", None, 5),
        (["--mine"], "not-completed", True, 100),
    ],
)
def test_which_jobs(service, tympan, words, which, mine, limit):
    assert tympan("jobs", *words).status == 0
    seen = service.of(Operation.GET_JOBS)
    assert seen.operation_attribute("which-jobs").first == which
    assert seen.operation_attribute("limit").first == limit
    assert (seen.operation_attribute("my-jobs") is not None) == bool(mine)


def test_jobs_as_json(tympan):
    (job,) = json.loads(tympan("jobs", "--json").out)
    assert job["job-id"] == 7
    assert job["job-originating-user-name"] == "ada"


def test_no_jobs(service, tympan):
    service.answers[Operation.GET_JOBS] = lambda _: []
    assert tympan("jobs").out == "no jobs\n"


# --- print --------------------------------------------------------------------------------------------------------------


def test_print_follows_the_job_to_its_end(service, tympan, tmp_path):
    file = tmp_path / "report.pdf"
    file.write_bytes(b"%PDF-1.4 " + bytes(100_000))
    service.job_states = [
        state(3),
        state(5, "job-printing", done=1),
        state(9, "job-completed-successfully", done=2),
    ]
    done = tympan("print", str(file))
    assert (done.status, done.out) == (0, "job 7: completed, 2 pages\n")
    assert done.err.splitlines() == ["job 7: pending, 0 of 2 pages", "job 7: processing, 1 of 2 pages"]
    assert service.operations()[:2] == [Operation.VALIDATE_JOB, Operation.PRINT_JOB]
    seen = service.of(Operation.PRINT_JOB)
    assert seen.document == file.read_bytes()
    assert seen.operation_attribute("job-name").first == "report.pdf"
    assert seen.operation_attribute("document-format").first == "application/octet-stream"
    assert seen.operation_attribute("ipp-attribute-fidelity") is None


def test_what_is_asked_for_is_insisted_on(service, tympan, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    assert (
        tympan(
            "print", str(file), "-o", "sides=one-sided", "-n", "3", "--name", "Notes", "-P", "laser"
        ).status
        == 0
    )
    for operation in (Operation.VALIDATE_JOB, Operation.PRINT_JOB):
        seen = service.of(operation)
        assert seen.path == "/ipp/print/laser"
        assert seen.operation_attribute("ipp-attribute-fidelity").first is True
        assert seen.operation_attribute("document-format").first == "text/plain"
        assert seen.operation_attribute("job-name").first == "Notes"
        assert seen.job_attribute("sides").first == "one-sided"
        assert seen.job_attribute("copies").first == 3


def test_print_from_standard_input(service, tympan, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\x1b@hello")))
    assert tympan("print", "-", "--format", "application/vnd.escpos").status == 0
    seen = service.of(Operation.PRINT_JOB)
    assert seen.document == b"\x1b@hello"
    assert seen.operation_attribute("document-format").first == "application/vnd.escpos"


def test_print_without_waiting(service, tympan, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF")
    service.job_states = [state(3)]
    done = tympan("print", str(file), "--no-wait")
    assert (done.status, done.out) == (0, "job 7 accepted\n")
    assert service.operations().count(Operation.GET_JOB_ATTRIBUTES) == 1


@pytest.mark.parametrize(
    ("final", "sentence"),
    [
        (
            state(8, "document-format-error", message="it is no PDF"),
            "job 7: aborted, 0 of 2 pages: it is no PDF\n",
        ),
        (state(7, "job-canceled-by-user", done=1), "job 7: canceled, 1 of 2 pages: job-canceled-by-user\n"),
    ],
)
def test_a_job_that_does_not_come_out_is_exit_status_1(service, tympan, tmp_path, final, sentence):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"no")
    service.job_states = [final]
    done = tympan("print", str(file))
    assert (done.status, done.out, done.err) == (1, "", sentence)


def test_print_as_json(service, tympan, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF")
    service.job_states = [state(5), state(9, done=2)]
    done = tympan("print", str(file), "--json")
    assert json.loads(done.out)["job-state"] == 9
    assert done.err == ""


def test_what_the_printer_lacks_is_told_with_what_it_has_and_nothing_is_sent(service, tympan, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF")
    service.refuse(
        Operation.VALIDATE_JOB,
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
        "",
        Attribute.keyword("sides", "two-sided-short-edge"),
        Attribute.unsupported("number-up"),
    )
    done = tympan("print", str(file), "-o", "sides=two-sided-short-edge", "-o", "number-up=2")
    assert done.status == 1
    assert "sides two-sided-short-edge is not supported; there is: one-sided, two-sided-long-edge" in done.err
    assert "the printer has no number-up" in done.err
    assert Operation.PRINT_JOB not in service.operations()


def test_print_with_a_password(service, tympan, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a")
    waits = [Attribute.enum("job-state", 4), Attribute.keyword("job-state-reasons", "job-password-wait")]
    service.job_states = [waits]
    done = tympan("print", str(file), "--password", "4711")
    assert (done.status, done.out) == (0, "job 7: pending-held: job-password-wait\n")
    for operation in (Operation.VALIDATE_JOB, Operation.PRINT_JOB):
        seen = service.of(operation)
        assert seen.operation_attribute("job-password").first == b"4711"
        assert seen.operation_attribute("job-password-encryption").first == "none"


def test_what_shall_wait_for_a_password_is_not_sent_to_a_printer_that_would_print_it(
    service, tympan, tmp_path
):
    file = tmp_path / "a.txt"
    file.write_text("a")
    lacks = (GroupTag.UNSUPPORTED, (Attribute.unsupported("job-password"),))
    service.answers[Operation.VALIDATE_JOB] = lambda _seen: [lacks]
    done = tympan("print", str(file), "--password", "4711")
    assert (done.status, done.out) == (1, "")
    assert "it would print at once" in done.err
    assert Operation.PRINT_JOB not in service.operations()


def test_a_format_it_does_not_take_is_told_with_those_it_takes(service, tympan, tmp_path):
    file = tmp_path / "a.doc"
    file.write_bytes(b"\xd0\xcf\x11\xe0")
    service.refuse(
        Operation.PRINT_JOB, StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED, "cannot be printed"
    )
    done = tympan("print", str(file))
    assert done.status == 1
    assert "cannot be printed (client-error-document-format-not-supported)" in done.err
    assert "there is: application/octet-stream, application/pdf" in done.err


# --- the others ---------------------------------------------------------------------------------------------------------


def test_test_page_is_a_pdf_for_the_printer(service, tympan):
    done = tympan("test-page")
    assert (done.status, done.out) == (0, "job 7: completed\n")
    seen = service.of(Operation.PRINT_JOB)
    assert seen.operation_attribute("document-format").first == "application/pdf"
    document = pypdfium2.PdfDocument(seen.document)
    text = "".join(document[0].get_textpage().get_text_bounded().split())
    document.close()
    assert "TestpageofCounterreceipts" in text
    assert "GenericESC/POS80mm" in text


def test_cancel(service, tympan):
    done = tympan("cancel", "7", "8")
    assert (done.status, done.out) == (0, "job 7 canceled\njob 8 canceled\n")
    canceled = [each for each in service.seen if each.operation is Operation.CANCEL_JOB]
    assert [each.operation_attribute("job-id").first for each in canceled] == [7, 8]


def test_cancel_what_is_not_there_or_over(service, tympan):
    service.refuse(Operation.CANCEL_JOB, StatusCode.CLIENT_ERROR_NOT_FOUND)
    done = tympan("cancel", "9")
    assert (done.status, done.err) == (1, "tympan: job 9: there is no such job\n")
    service.refuse(Operation.CANCEL_JOB, StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "the job is completed")
    done = tympan("cancel", "9")
    assert (done.status, done.err) == (1, "tympan: job 9: the job is completed (client-error-not-possible)\n")


def test_cancel_mine(service, tympan):
    assert tympan("cancel", "--mine").status == 0
    assert service.operations() == [Operation.GET_PRINTERS, Operation.CANCEL_MY_JOBS]


XRI = Attribute.collection(
    "printer-xri-supported", [Attribute.uri("xri-uri", "ipp://pi.local/ipp/print/label")]
)


def test_add(service, tympan):
    service.answers[Operation.CREATE_PRINTER] = lambda _seen: [
        (GroupTag.PRINTER, (Attribute.integer("printer-id", 7), XRI))
    ]
    words = ("add", "label", "usb://0456:0808/1", "--driver", "escpos", "--profile", "generic-58mm")
    done = tympan(*words, "--info", "Labels", "--location", "Hall", "--default")
    assert done.status == 0
    assert "ipp://pi.local/ipp/print/label" in done.out
    seen = service.of(Operation.CREATE_PRINTER)
    assert seen.path == "/ipp/system"
    assert seen.operation_attribute("system-uri").first.endswith("/ipp/system")
    assert seen.operation_attribute("printer-service-type").first == "print"
    assert seen.operation_attribute("smi55357-device-uri").first == "usb://0456:0808/1"
    assert seen.operation_attribute("smi55357-driver").first == "escpos.generic-58mm"
    assert seen.message.group(GroupTag.PRINTER).attributes == (
        Attribute.name_string("printer-name", "label"),
        Attribute.text("printer-info", "Labels"),
        Attribute.text("printer-location", "Hall"),
    )
    default = service.of(Operation.SET_SYSTEM_ATTRIBUTES).message.group(GroupTag.SYSTEM)
    assert default.integer("system-default-printer-id") == 7


@pytest.mark.parametrize(("found", "status"), [(0, 2), (1, 0), (2, 2)])
def test_add_finds_the_only_device(service, tympan, monkeypatch, found, status):
    devices = [DiscoveredDevice(f"usb://1:{count}", "a printer") for count in range(found)]
    monkeypatch.setattr("tympan.driver.registry.discover_devices", lambda: devices)
    service.answers[Operation.CREATE_PRINTER] = lambda _seen: [(GroupTag.PRINTER, (XRI,))]
    done = tympan("add", "label")
    assert done.status == status
    if status == 0:
        seen = service.of(Operation.CREATE_PRINTER)
        assert seen.operation_attribute("smi55357-device-uri").first == "usb://1:0"
        assert seen.operation_attribute("smi55357-driver").first == "auto"
    else:
        assert service.operations() == []
        assert all(each.device_uri in done.err for each in devices)


def test_add_that_is_refused(service, tympan):
    service.refuse(Operation.CREATE_PRINTER, StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "there is one already")
    done = tympan("add", "receipt", "usb://1:2")
    assert (done.status, done.out) == (1, "")
    assert "there is one already" in done.err


def test_remove(service, tympan):
    service.answers[Operation.GET_PRINTER_ATTRIBUTES] = lambda _seen: [
        (GroupTag.PRINTER, (Attribute.integer("printer-id", 7),))
    ]
    assert tympan("remove", "label").status == 0
    asked = service.of(Operation.GET_PRINTER_ATTRIBUTES)
    assert asked.operation_attribute("printer-uri").first.endswith("/ipp/print/label")
    seen = service.of(Operation.DELETE_PRINTER)
    assert (seen.path, seen.operation_attribute("printer-id").first) == ("/ipp/system", 7)
    service.refuse(Operation.DELETE_PRINTER, StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "it is configured")
    assert tympan("remove", "label").status == 1
