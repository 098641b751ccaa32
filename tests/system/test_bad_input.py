"""What bad input gets, over a real socket: the status of RFC 8011, or an aborted job with a reason a person understands.

Whatever is sent: nothing of it is printed, the same process goes on, and the next job prints.
"""

from __future__ import annotations

import gzip
import http.client
import re
import struct
import zlib

import ipp_bytes
import numpy as np
import pdf_samples
import pytest
import raster_samples
import samples
from ipp_bytes import BOOLEAN, CHARSET, ENUM, INTEGER, KEYWORD, LANGUAGE, MIME, NAME, URI, attribute
from ipp_client import ask, ended, jobs, print_bytes, printed
from processes import RECEIPT_AND_LASER, SERVER, Tympan

CONFIG = (
    SERVER
    + """
[limits]
max_document_bytes = 50_000_000
"""
    + RECEIPT_AND_LASER
)

# RFC 8011 Appendix B.1
OK, IGNORED = 0x0000, 0x0001
BAD_REQUEST, NOT_POSSIBLE, NOT_FOUND, TOO_LARGE, TOO_LONG = 0x0400, 0x0404, 0x0406, 0x0408, 0x0409
FORMAT, VALUES, URI_SCHEME, CHARSET_STATUS = 0x040A, 0x040B, 0x040C, 0x040D
COMPRESSION, COMPRESSION_ERROR, ACCESS = 0x040F, 0x0410, 0x0412
OPERATION, VERSION = 0x0501, 0x0503

ABORTED = 8
"""``job-state``, RFC 8011 §5.3.7."""

PRINTERS = ("receipt", "laser")
TEXT = b"All is well.\n"
MIB = 1 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(autouse=True)
def same_process(service):
    """After each test the same process goes on."""
    pid = service.pid
    yield
    assert service.process.poll() is None, service.log.read_text()[-4000:]
    assert service.pid == pid


def job_ids(service):
    return {job_id for printer in PRINTERS for job_id in jobs(service, printer)}


def pictures(service, printer, job_id):
    return list((service.state / "simulated" / printer).glob(f"{job_id}-*.png"))


# --- messages -----------------------------------------------------------------------------------------------------------


def message(operation, *groups, version=(2, 0), request_id=77):
    """A message of these octets behind its header."""
    return bytes(version) + struct.pack(">HI", operation, request_id) + b"".join(groups)


def begin(uri, *rest):
    """The operation attributes that every request has, and more."""
    return b"".join(
        (
            b"\x01",
            attribute(CHARSET, "attributes-charset", "utf-8"),
            attribute(LANGUAGE, "attributes-natural-language", "en"),
            attribute(URI, "printer-uri", uri),
            *rest,
        )
    )


def raw_attribute(tag, name_length, name, value_length, value):
    """An attribute whose lengths may lie."""
    return struct.pack(">BH", tag, name_length) + name + struct.pack(">H", value_length) + value


CHARSET_UTF_8 = attribute(CHARSET, "attributes-charset", "utf-8")
ENGLISH = attribute(LANGUAGE, "attributes-natural-language", "en")
PRINT, VALIDATE, GET = ipp_bytes.PRINT_JOB, ipp_bytes.VALIDATE_JOB, ipp_bytes.GET_PRINTER_ATTRIBUTES

MALFORMED = {
    "nothing": lambda _: b"",
    "a header cut short": lambda _: b"\x02\x00\x00\x0b\x00",
    "no groups": lambda _: message(GET, b"\x03"),
    "a reserved delimiter": lambda uri: message(GET, b"\x00", begin(uri), b"\x03"),
    "an attribute before the first group": lambda _: message(GET, CHARSET_UTF_8, b"\x03"),
    "a value without an attribute": lambda _: message(
        GET, b"\x01", raw_attribute(0x44, 0, b"", 1, b"x"), b"\x03"
    ),
    "job attributes first": lambda uri: message(GET, b"\x02", begin(uri), b"\x03"),
    "a name longer than the message": lambda uri: message(
        GET, begin(uri), raw_attribute(0x44, 0x7FFF, b"job-name", 1, b"x"), b"\x03"
    ),
    "a value longer than the message": lambda uri: message(
        GET, begin(uri), raw_attribute(0x42, 8, b"job-name", 0x7FFF, b"x"), b"\x03"
    ),
    "a negative length": lambda uri: message(
        GET, begin(uri), raw_attribute(0x42, 8, b"job-name", 0xFFFF, b"x"), b"\x03"
    ),
    "a collection that is not closed": lambda uri: message(
        PRINT, begin(uri), b"\x02", raw_attribute(0x34, 9, b"media-col", 0, b""), b"\x03"
    ),
    "a member outside a collection": lambda uri: message(
        PRINT, begin(uri), b"\x02", raw_attribute(0x4A, 3, b"abc", 1, b"x"), b"\x03"
    ),
    "no end": lambda uri: message(GET, begin(uri)),
}


@pytest.mark.parametrize("make", MALFORMED.values(), ids=MALFORMED)
def test_malformed_messages_are_bad_requests(service, make):
    before = job_ids(service)
    answer = ask(service, make(service.uri()))
    assert ipp_bytes.status_of(answer) == BAD_REQUEST
    assert job_ids(service) == before


@pytest.mark.usefixtures("still_prints")
def test_a_message_cut_at_any_octet_is_a_bad_request(service):
    whole = ipp_bytes.request(
        PRINT,
        service.uri("receipt"),
        attribute(NAME, "job-name", "cut"),
        attribute(MIME, "document-format", "text/plain"),
        job_attributes=attribute(INTEGER, "copies", 1),
        request_id=4711,
    )
    before = job_ids(service)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    for length in range(len(whole)):
        connection.request("POST", "/ipp/print", whole[:length], {"Content-Type": "application/ipp"})
        answer = connection.getresponse().read()
        assert ipp_bytes.status_of(answer) == BAD_REQUEST, length
        assert struct.unpack_from(">i", answer, 4)[0] == (4711 if length >= 8 else 0)
    connection.close()
    assert job_ids(service) == before


@pytest.mark.usefixtures("still_prints")
def test_deep_and_endless_messages_are_too_large(service):
    nested = b"".join(
        [
            raw_attribute(0x34, 9, b"media-col", 0, b""),
            (raw_attribute(0x4A, 0, b"", 1, b"x") + raw_attribute(0x34, 0, b"", 0, b"")) * 2000,
        ]
    )
    many = b"".join(raw_attribute(0x21, 0, b"", 4, b"\0\0\0\1") for _ in range(20_000))
    long = attribute(NAME, "job-name", "x") + attribute(0x30, "blob", b"y" * 30_000) * 60
    for rest in (b"\x02" + nested, attribute(INTEGER, "copies", 1) + many, long):
        answer = ask(service, message(PRINT, begin(service.uri()), rest, b"\x03"))
        assert ipp_bytes.status_of(answer) == TOO_LARGE


JUDGED = {
    "version 0.0": (lambda u: message(GET, begin(u), b"\x03", version=(0, 0)), VERSION),
    "version 3.0": (lambda u: message(GET, begin(u), b"\x03", version=(3, 0)), VERSION),
    "version 255.255": (lambda u: message(GET, begin(u), b"\x03", version=(255, 255)), VERSION),
    "request-id 0": (lambda u: message(GET, begin(u), b"\x03", request_id=0), BAD_REQUEST),
    "request-id below 0": (lambda u: message(GET, begin(u), b"\x03", request_id=0xFFFFFFFF), BAD_REQUEST),
    "no operation attributes": (lambda _: message(GET, b"\x01\x03"), BAD_REQUEST),
    "no language": (
        lambda u: message(GET, b"\x01", CHARSET_UTF_8, attribute(URI, "printer-uri", u), b"\x03"),
        BAD_REQUEST,
    ),
    "no charset": (
        lambda u: message(GET, b"\x01", ENGLISH, attribute(URI, "printer-uri", u), b"\x03"),
        BAD_REQUEST,
    ),
    "language before charset": (
        lambda u: message(GET, b"\x01", ENGLISH, CHARSET_UTF_8, attribute(URI, "printer-uri", u), b"\x03"),
        BAD_REQUEST,
    ),
    "printer-uri before charset": (
        lambda u: message(GET, b"\x01", attribute(URI, "printer-uri", u), CHARSET_UTF_8, ENGLISH, b"\x03"),
        BAD_REQUEST,
    ),
    "charset as a keyword": (
        lambda u: message(
            GET,
            b"\x01",
            attribute(KEYWORD, "attributes-charset", "utf-8"),
            ENGLISH,
            attribute(URI, "printer-uri", u),
            b"\x03",
        ),
        BAD_REQUEST,
    ),
    "an unknown charset": (
        lambda u: message(
            GET,
            b"\x01",
            attribute(CHARSET, "attributes-charset", "ebcdic-us"),
            ENGLISH,
            attribute(URI, "printer-uri", u),
            b"\x03",
        ),
        CHARSET_STATUS,
    ),
    "no printer-uri": (lambda _: message(GET, b"\x01", CHARSET_UTF_8, ENGLISH, b"\x03"), BAD_REQUEST),
    "printer-uri as a name": (
        lambda u: message(GET, b"\x01", CHARSET_UTF_8, ENGLISH, attribute(NAME, "printer-uri", u), b"\x03"),
        BAD_REQUEST,
    ),
    "a printer that is not there": (lambda u: message(GET, begin(f"{u}/nobody"), b"\x03"), NOT_FOUND),
    "a URI that is none": (lambda _: message(GET, begin("ipp://[::1/ipp/print"), b"\x03"), NOT_FOUND),
    "an attribute twice": (
        lambda u: message(
            PRINT, begin(u, attribute(NAME, "job-name", "a"), attribute(NAME, "job-name", "b")), b"\x03"
        ),
        BAD_REQUEST,
    ),
    "job-name as an integer": (
        lambda u: message(PRINT, begin(u, attribute(INTEGER, "job-name", 5)), b"\x03", TEXT),
        BAD_REQUEST,
    ),
    "job-name of 1,000 octets": (
        lambda u: message(PRINT, begin(u, attribute(NAME, "job-name", "x" * 1000)), b"\x03", TEXT),
        TOO_LONG,
    ),
    "an integer of 3 octets": (
        lambda u: message(
            PRINT, begin(u, raw_attribute(0x21, 12, b"job-k-octets", 3, b"abc")), b"\x03", TEXT
        ),
        BAD_REQUEST,
    ),
    "an unknown operation": (lambda u: message(0x3FFF, begin(u), b"\x03"), OPERATION),
    "operation 0": (lambda u: message(0, begin(u), b"\x03"), OPERATION),
    "Print-URI from this machine": (
        lambda u: message(0x03, begin(u, attribute(URI, "document-uri", "http://localhost/")), b"\x03"),
        ACCESS,
    ),
    "Print-URI by FTP": (
        lambda u: message(0x03, begin(u, attribute(URI, "document-uri", "ftp://localhost/a.pdf")), b"\x03"),
        URI_SCHEME,
    ),
    "an unknown document-format": (
        lambda u: message(
            PRINT, begin(u, attribute(MIME, "document-format", "application/msword")), b"\x03", TEXT
        ),
        FORMAT,
    ),
    "data of no known format": (
        lambda u: message(PRINT, begin(u), b"\x03", b"\x00\x01\x02\xff" * 100),
        FORMAT,
    ),
    "no document": (
        lambda u: message(PRINT, begin(u, attribute(MIME, "document-format", "application/pdf")), b"\x03"),
        BAD_REQUEST,
    ),
    "an unknown compression": (
        lambda u: message(PRINT, begin(u, attribute(KEYWORD, "compression", "compress")), b"\x03", TEXT),
        COMPRESSION,
    ),
    "copies that cannot be, with fidelity": (
        lambda u: message(
            PRINT,
            begin(u, attribute(BOOLEAN, "ipp-attribute-fidelity", True)),
            b"\x02",
            attribute(INTEGER, "copies", 100_000),
            b"\x03",
            TEXT,
        ),
        VALUES,
    ),
    "sides as an enum, with fidelity": (
        lambda u: message(
            VALIDATE,
            begin(u, attribute(BOOLEAN, "ipp-attribute-fidelity", True)),
            b"\x02",
            attribute(ENUM, "sides", 3),
            b"\x03",
        ),
        VALUES,
    ),
    "which-jobs that are not known": (
        lambda u: message(ipp_bytes.GET_JOBS, begin(u, attribute(KEYWORD, "which-jobs", "fine")), b"\x03"),
        VALUES,
    ),
    "a job that is not there": (
        lambda u: message(
            ipp_bytes.GET_JOB_ATTRIBUTES, begin(u, attribute(INTEGER, "job-id", 999_999_999)), b"\x03"
        ),
        NOT_FOUND,
    ),
    "job-id as a keyword": (
        lambda u: message(ipp_bytes.CANCEL_JOB, begin(u, attribute(KEYWORD, "job-id", "1")), b"\x03"),
        BAD_REQUEST,
    ),
    "no job-id": (lambda u: message(ipp_bytes.CANCEL_JOB, begin(u), b"\x03"), BAD_REQUEST),
}


@pytest.mark.parametrize(("make", "status"), JUDGED.values(), ids=JUDGED)
def test_requests_get_the_status_of_the_standard(service, make, status):
    before = job_ids(service)
    request = make(service.uri("laser"))
    answer = ask(service, request)
    assert ipp_bytes.status_of(answer) == status, ipp_bytes.strings_of(answer, "status-message")
    assert answer[4:8] == request[4:8]  # the request-id comes back
    assert answer[0] in (1, 2)
    assert ipp_bytes.strings_of(answer, "status-message")
    assert job_ids(service) == before


@pytest.mark.usefixtures("still_prints")
def test_what_is_not_supported_comes_back_and_the_job_prints_without_fidelity(service):
    answer = ask(
        service,
        message(
            PRINT,
            begin(service.uri("laser")),
            b"\x02",
            attribute(INTEGER, "copies", 100_000),
            attribute(KEYWORD, "sides", "three-sided"),
            b"\x03",
            TEXT,
        ),
    )
    assert ipp_bytes.status_of(answer) == IGNORED
    unsupported = {
        name for group, name, _, _ in ipp_bytes.values_of(answer) if group == ipp_bytes.UNSUPPORTED
    }
    assert unsupported == {"copies", "sides"}
    assert len(printed(service, "laser", ipp_bytes.integer_of(answer, "job-id"))) == 1


@pytest.mark.usefixtures("still_prints")
def test_a_completed_job_cannot_be_canceled(service):
    job_id = print_bytes(service, "receipt", TEXT, "text/plain")
    printed(service, "receipt", job_id)
    request = message(
        ipp_bytes.CANCEL_JOB,
        begin(
            service.uri("receipt"),
            attribute(INTEGER, "job-id", job_id),
            attribute(NAME, "requesting-user-name", "tester"),
        ),
        b"\x03",
    )
    assert ipp_bytes.status_of(ask(service, request)) == NOT_POSSIBLE


# --- compression --------------------------------------------------------------------------------------------------------

SOUND = gzip.compress(b"A line of text.\n" * 5000)
COMPRESSED = {
    "a bomb": ("gzip", gzip.compress(bytes(200 * MIB), 9)),
    "a bomb of deflate": ("deflate", zlib.compress(bytes(200 * MIB), 9)),
    "cut off": ("gzip", SOUND[: len(SOUND) // 2]),
    "no gzip": ("gzip", b"This is no gzip data at all, only text."),
    "damaged in the middle": ("gzip", SOUND[:100] + bytes(40) + SOUND[140:]),
    "no deflate": ("deflate", b"\xff" * 500),
}


@pytest.mark.usefixtures("still_prints")
@pytest.mark.parametrize(("compression", "data"), COMPRESSED.values(), ids=COMPRESSED)
def test_bad_compression_is_refused_and_nothing_printed(service, compression, data):
    before = set((service.state / "simulated").glob("*/*.png"))
    answer = ask(
        service,
        ipp_bytes.request(
            PRINT,
            service.uri("laser"),
            attribute(KEYWORD, "compression", compression),
            attribute(MIME, "document-format", "text/plain"),
            document=data,
        ),
    )
    assert ipp_bytes.status_of(answer) == COMPRESSION_ERROR, ipp_bytes.strings_of(answer, "status-message")
    assert set((service.state / "simulated").glob("*/*.png")) == before
    assert not list((service.state / "spool").iterdir())


@pytest.mark.usefixtures("still_prints")
def test_a_document_that_is_too_long_is_refused(service):
    answer = ask(
        service,
        ipp_bytes.request(
            PRINT,
            service.uri("laser"),
            attribute(MIME, "document-format", "application/pdf"),
            document=b"%PDF-1.4\n" + bytes(51_000_000),
        ),
    )
    assert ipp_bytes.status_of(answer) == TOO_LARGE
    assert not list((service.state / "spool").iterdir())


# --- documents ----------------------------------------------------------------------------------------------------------


def huge_png():
    """Its header says 60,000 by 60,000 dots; its data would be a few rows of them."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    rows = zlib.compress(bytes(240_001) * 3)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def huge_jpeg():
    """A small picture whose frame header says 60,000 by 60,000."""
    data = bytearray(samples.jpeg(samples.chart(64, 64)))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, 60_000, 60_000)
    return bytes(data)


GREY = np.full((300, 200), 200, np.uint8)


def pwg(**lies):
    rows = raster_samples.encoded(GREY, 1)
    return b"RaS2" + raster_samples.pwg_header(200, 300, (300, 300), raster_samples.SGRAY, 8, **lies) + rows


def header_at(offset, value):
    """A PWG raster one of whose header's numbers lies."""
    data = bytearray(pwg())
    struct.pack_into(">I", data, 4 + offset, value)
    return bytes(data)


PDF, PNG, JPEG, PWG, URF = (
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/pwg-raster",
    "image/urf",
)
DOCUMENTS = {
    "a PDF with a password": (PDF, samples.pdf(password="secret"), "password|encrypted"),
    "a broken PDF": (PDF, samples.broken_pdf(), "damaged|read"),
    "text that says PDF": (PDF, b"%PDF-1.7\nthis is all\n", "damaged|read"),
    "a PDF without pages": (PDF, samples.pdf_without_pages(), "no pages"),
    "a PDF that counts a million pages": (
        PDF,
        pdf_samples.pages([b"0 0 9 9 re f"], count=1_000_000),
        "pages|damaged|read",
    ),
    "a page of ten kilometres": (PDF, samples.pdf_of_ten_kilometres(), r"measures|long|large"),
    "a PNG of 60,000 x 60,000": (PNG, huge_png(), "60000|large|damaged|ends early"),
    "a JPEG of 60,000 x 60,000": (JPEG, huge_jpeg(), "60000|large|damaged|ends early"),
    "half a PNG": (PNG, samples.png(samples.chart(200, 200))[:60], "damaged|ends early|read"),
    "text that says JPEG": (JPEG, b"\xff\xd8\xff\xe0 hello", "damaged|ends early|read"),
    "raster whose rows have more octets": (PWG, pwg(bytes_per_line=9999), "contradicts|damaged"),
    "raster of no width": (PWG, header_at(372, 0), "cannot be printed|contradicts|damaged|pixels"),
    "raster of no height": (PWG, header_at(376, 0), "cannot be printed|contradicts|damaged|pixels"),
    "raster of 4,294,967,295 columns": (PWG, header_at(372, 0xFFFFFFFF), "contradicts|pixels|damaged"),
    "raster of 4,294,967,295 rows": (PWG, header_at(376, 0xFFFFFFFF), "pixels|contradicts|damaged"),
    "raster of 0 dpi": (PWG, header_at(276, 0), "dpi|damaged|contradicts"),
    "raster of an unknown colour space": (PWG, header_at(400, 99), "colour|damaged"),
    "raster of 7 bits": (PWG, header_at(388, 7), "bits|contradicts|damaged"),
    "raster that is no raster": (PWG, b"RaS2" + bytes(5000), "damaged|not known"),
    "raster without pages": (PWG, b"RaS2", "no pages|empty"),
    "Apple raster without pages": (URF, b"UNIRAST\0\0\0\0\1", "no pages|ends|damaged"),
}


@pytest.mark.usefixtures("still_prints")
@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize(("document_format", "data", "said"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_that_cannot_be_printed_abort_their_job(service, printer, document_format, data, said):
    job_id = print_bytes(service, printer, data, document_format)
    state, reasons, told, _ = ended(service, printer, job_id)
    assert state == ABORTED, (state, told)
    assert re.search(said, told), told
    assert told[0].isupper()
    assert told.endswith(".")
    assert {"document-format-error", "document-unprintable-error", "document-password-error"} & set(reasons)
    assert not pictures(service, printer, job_id)


CUT = {
    "raster with fewer rows than its header says": (PWG, pwg(height=3000)),
    "raster cut off in a row": (PWG, pwg()[:-300]),
    "Apple raster cut off": (URF, raster_samples.urf([samples.chart(200, 300)], 200, 300)[:-500]),
    "a JPEG cut off": (JPEG, samples.jpeg(samples.chart(600, 600))[:-9000]),
    "a PNG cut off": (PNG, samples.png(samples.chart(600, 600))[:-9000]),
}


@pytest.mark.usefixtures("still_prints")
@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize(("document_format", "data"), CUT.values(), ids=CUT)
def test_documents_that_end_early_say_so(service, printer, document_format, data):
    """What stands in front of the end may be on the paper already; the job says that it is not all."""
    job_id = print_bytes(service, printer, data, document_format)
    state, reasons, told, _ = ended(service, printer, job_id)
    assert state == ABORTED
    assert re.search("ends|damaged", told), told
    assert "document-format-error" in reasons


@pytest.mark.usefixtures("still_prints")
def test_noise_of_every_kind(service):
    """Messages with octets exchanged, left out and put in: each gets an IPP answer."""
    noise = np.random.default_rng(8011)
    whole = ipp_bytes.request(
        VALIDATE,
        service.uri("receipt"),
        attribute(NAME, "requesting-user-name", "noise"),
        attribute(MIME, "document-format", "text/plain"),
        job_attributes=attribute(INTEGER, "copies", 2) + attribute(KEYWORD, "sides", "one-sided"),
    )
    before = job_ids(service)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    for _ in range(400):
        spoiled = bytearray(whole)
        for at in noise.integers(0, len(whole), 3):
            spoiled[at] = noise.integers(0, 256)
        spoiled[2:4] = whole[2:4]  # the operation: no other one, that would print or cancel
        connection.request("POST", "/ipp/print", bytes(spoiled), {"Content-Type": "application/ipp"})
        response = connection.getresponse()
        answer = response.read()
        assert response.status == http.HTTPStatus.OK
        status = ipp_bytes.status_of(answer)
        assert status in {OK, IGNORED} or 0x0400 <= status < 0x0500 or status == VERSION, hex(status)
    connection.close()
    assert job_ids(service) == before
