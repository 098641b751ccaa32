"""TLS as openssl, curl and CUPS' clients do it: on the port of plain IPP, by HTTP Upgrade, with passwords."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
import time

import ipp_bytes
import pytest
from ipp_client import printed
from processes import ADMIN, OPERATOR, PASSWORD, RECEIPT_AND_LASER, SERVER, USERS, Tympan

CONFIG = SERVER + RECEIPT_AND_LASER + USERS

PAUSE = """
{ OPERATION Pause-Printer GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en
  ATTR uri printer-uri $uri STATUS successful-ok }
{ OPERATION Resume-Printer GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en
  ATTR uri printer-uri $uri STATUS successful-ok }
"""

PAUSE_PRINTER = 0x10

# uvloop where it is, and asyncio's own loop where it is not: both have to do all of this.
LOOPS = ("uvloop", "asyncio")


@pytest.fixture(scope="module", params=LOOPS)
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tympan")
    environment = {}
    if request.param == "asyncio":
        (folder / "uvloop.py").write_text("raise ImportError('there is no wheel for this machine')\n")
        environment["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    else:
        pytest.importorskip("uvloop")
    with Tympan(folder, CONFIG, environment) as running:
        yield running
    log = running.log.read_text()
    assert "Traceback" not in log, log[-4000:]
    assert PASSWORD not in log


@pytest.fixture(autouse=True)
def _certificate_is_there(service):
    end = time.monotonic() + 30
    while not (service.state / "tls.pem").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def run(*words, stdin=b"", timeout_s=60):
    return subprocess.run(words, input=stdin, capture_output=True, timeout=timeout_s, check=False)


def s_client(service, *words):
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{service.port}", *words)
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def certificate_of(service):
    found = re.search(r"-----BEGIN.*END CERTIFICATE-----", s_client(service), re.DOTALL)
    assert found
    return found.group()


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connection(service, *, secure):
    if secure:
        return http.client.HTTPSConnection("127.0.0.1", service.port, timeout=20, context=client_context())
    return http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def ask(service, operation, *attributes, secure=True, headers=None):
    """HTTP status, headers and body of the answer to one IPP request."""
    made = connection(service, secure=secure)
    with contextlib.closing(made):
        body = ipp_bytes.request(operation, "ipp://localhost/ipp/print/receipt", *attributes)
        made.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp", **(headers or {})})
        response = made.getresponse()
        return response.status, response.headers, response.read()


# --- the port -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_on_the_port_of_plain_ipp(service, version):
    said = s_client(service, version)
    assert "Cipher is (NONE)" not in said
    assert re.search(r"New, TLSv1\.[23], Cipher is", said)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_not_spoken(service, version):
    assert "Cipher is (NONE)" in s_client(service, version, "-cipher", "ALL:@SECLEVEL=0")


def test_curl_and_a_plain_page_on_the_same_port(service):
    for scheme in ("http", "https"):
        done = run("curl", "-sSk", f"{scheme}://127.0.0.1:{service.port}/")
        assert b"<title>tympan" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", os.uname().nodename])
def test_the_certificate_is_for_the_names_and_addresses(service, name):
    pem = service.folder / "certificate.pem"
    pem.write_text(certificate_of(service) + "\n")
    kind = "-verify_ip" if ":" in name or name[0].isdigit() else "-verify_hostname"
    done = run("openssl", "verify", "-CAfile", pem, kind, name, pem)
    assert done.returncode == 0, done.stderr


def test_the_certificate_is_the_same_after_a_restart(tmp_path):
    service = Tympan(tmp_path, SERVER + RECEIPT_AND_LASER)
    with service:
        first = certificate_of(service)
    with service:
        assert certificate_of(service) == first
    assert "PRIVATE KEY" not in first


def test_a_client_of_the_first_moment_gets_its_handshake(tmp_path):
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER) as service:  # its certificate is being made now
        assert certificate_of(service)


def test_ipptool_over_ipps(service):
    done = run("ipptool", "-t", f"ipps://localhost:{service.port}/ipp/print", "get-printer-attributes.test")
    assert b"[PASS]" in done.stdout, done.stdout


@pytest.mark.parametrize("limit", [(), ("-T", "5")], ids=["patient", "with a time limit"])
def test_clients_of_cups_take_no_ticket_for_a_failed_answer(service, limit):
    uri = f"ipps://localhost:{service.port}/ipp/print"
    done = run("timeout", "20", "ipptool", "-t", *limit, uri, "get-jobs.test")
    assert b"[PASS]" in done.stdout, done.stdout


def test_ipptool_upgrades_a_plain_connection(service):
    done = run(
        "ipptool", "-E", "-tv", f"ipp://localhost:{service.port}/ipp/print", "get-printer-attributes.test"
    )
    assert b"[PASS]" in done.stdout, done.stdout
    assert f"printer-uri-supported (1setOf uri) = ipps://localhost:{service.port}/".encode() in done.stdout


def test_the_uris_are_parallel_to_what_they_ask_for(service):
    answer = ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, secure=False)[2]
    uris = ipp_bytes.strings_of(answer, "printer-uri-supported")
    security = ipp_bytes.strings_of(answer, "uri-security-supported")
    assert [uri.partition(":")[0] for uri in uris] == ["ipp", "ipp", "ipps", "ipps"]
    assert security == ["none", "none", "tls", "tls"]
    assert ipp_bytes.strings_of(answer, "uri-authentication-supported") == ["requesting-user-name"] * 4


def test_a_document_over_tls_prints(service):
    body = ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        "ipps://localhost/ipp/print/receipt",
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
        document=b"Coffee   2.40\n" * 5000,
    )
    made = connection(service, secure=True)
    with contextlib.closing(made):
        made.request(
            "POST",
            "/ipp/print",
            iter([body[:100], body[100:]]),
            {"Content-Type": "application/ipp"},
            encode_chunked=True,
        )
        answer = made.getresponse().read()
    assert len(printed(service, "receipt", ipp_bytes.integer_of(answer, "job-id"))) >= 1
    (uri,) = ipp_bytes.strings_of(answer, "job-uri")
    assert uri.startswith(f"ipps://127.0.0.1:{service.port}/ipp/print/receipt/")


# --- HTTP Upgrade, RFC 2817 ---------------------------------------------------------------------------------------------


def head_of(plain):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = plain.recv(1)
        assert piece, data
        data += piece
    return data.decode()


@pytest.mark.parametrize("method", ["OPTIONS *", "GET /", "POST /ipp/print"])
def test_any_request_can_go_over_to_tls(service, method):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as plain:
        plain.sendall(
            f"{method} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2,TLS/1.1\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        head = head_of(plain)
        assert head.startswith("HTTP/1.1 101 ")
        assert "upgrade: tls/1.2" in head.lower()
        with client_context().wrap_socket(plain) as secured:
            response = http.client.HTTPResponse(secured)
            response.begin()
            assert response.status in {200, 405}
            response.read()
            secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and the connection goes on
            again = http.client.HTTPResponse(secured)
            again.begin()
            assert b"tympan" in again.read()


def test_another_protocol_than_tls_is_not_gone_over_to(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert head_of(plain).startswith("HTTP/1.1 200 ")


def test_who_upgrades_and_then_speaks_no_tls_is_let_go(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as plain:
        plain.sendall(
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"
        )
        head_of(plain)
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while data := plain.recv(4096):
                assert b"HTTP/1.1" not in data


# --- passwords ----------------------------------------------------------------------------------------------------------


def test_an_operators_request_in_the_clear_asks_for_tls(service):
    status, headers, _ = ask(service, PAUSE_PRINTER, secure=False)
    assert status == 426
    assert "TLS/1.2" in headers["Upgrade"]
    assert headers["Connection"] == "Upgrade"


def test_over_tls_it_asks_for_a_password(service):
    status, headers, _ = ask(service, PAUSE_PRINTER)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith('Basic realm="tympan"')


def test_a_password_in_the_clear_is_not_taken(service):
    status, headers, _ = ask(
        service, ipp_bytes.GET_PRINTER_ATTRIBUTES, secure=False, headers=basic(ADMIN, PASSWORD)
    )
    assert (status, headers["Connection"]) == (426, "Upgrade")


@pytest.mark.parametrize("arguments", [(), ("-E",)], ids=["ipps", "-E"])
@pytest.mark.parametrize("user", [ADMIN, OPERATOR])
def test_ipptool_as_an_operator(service, tmp_path, arguments, user):
    test = tmp_path / "pause.test"
    test.write_text(PAUSE)
    uri = service.operator_uri("receipt", user)
    if arguments:
        uri = uri.replace("ipps:", "ipp:", 1)
    done = run("ipptool", "-t", *arguments, uri, test)
    assert done.stdout.count(b"[PASS]") == 2, done.stdout


def test_the_proved_name_is_the_one_that_prints(service):
    status, _, body = ask(
        service,
        ipp_bytes.CREATE_JOB,
        ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", "mallory"),
        headers=basic(OPERATOR, PASSWORD),
    )
    assert status == 200
    job = ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", ipp_bytes.integer_of(body, "job-id"))
    mine = ask(service, ipp_bytes.GET_JOB_ATTRIBUTES, job, headers=basic(OPERATOR, PASSWORD))[2]
    assert ipp_bytes.strings_of(mine, "job-originating-user-name") == [OPERATOR]
    claimed = ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", OPERATOR)
    assert ask(service, ipp_bytes.CANCEL_JOB, job, claimed)[0] == 401  # the name alone is not enough
    assert (
        ipp_bytes.status_of(ask(service, ipp_bytes.CANCEL_JOB, job, headers=basic(OPERATOR, PASSWORD))[2])
        == 0
    )


def test_wrong_passwords_are_refused_and_then_slowed_down(tmp_path):
    limits = "\n[limits]\nmax_wrong_passwords_per_address = 4\n"
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER + USERS + limits) as service:
        users = (OPERATOR, "nobody", OPERATOR, ADMIN, OPERATOR, "nobody")
        statuses = [ask(service, PAUSE_PRINTER, headers=basic(user, "wrong"))[0] for user in users]
        assert statuses == [401, 401, 401, 401, 429, 429]
        status, headers, _ = ask(service, PAUSE_PRINTER, headers=basic(ADMIN, PASSWORD))
        assert status == 429  # or an attacker would see that this one is right
        assert 1 <= int(headers["Retry-After"]) <= 300
        assert ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES)[0] == 200  # who needs no password goes on


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWRtaW4=", "Bearer x", "Basic /////w=="])
def test_what_is_no_password_gets_the_question_again(service, header):
    assert ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, headers={"Authorization": header})[0] == 401


def test_checking_passwords_holds_nobody_up(tmp_path):
    slow = hashlib.scrypt(b"x", salt=b"salt for tests S", n=1 << 17, r=8, p=1, maxmem=1 << 28, dklen=32)
    text = base64.b64encode(slow).decode().rstrip("=")
    user = (
        f'\n[[users]]\nname = "slow"\npassword_hash = "$scrypt$ln=16,r=8,p=1$c2FsdCBmb3IgdGVzdHMgUw${text}"\n'
    )
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER + user) as service:
        certificate_of(service)
        attempts = []
        for _ in range(4):
            made = connection(service, secure=True)
            body = ipp_bytes.request(PAUSE_PRINTER, "ipp://localhost/ipp/print/receipt")
            made.request(
                "POST", "/ipp/print", body, {"Content-Type": "application/ipp", **basic("slow", "no")}
            )
            attempts.append(made)
        began = time.monotonic()
        assert ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, secure=False)[0] == 200
        waited = time.monotonic() - began
        for made in attempts:
            assert made.getresponse().status == 401
            made.close()
        assert waited < (time.monotonic() - began) / 2


# --- what the configuration demands -------------------------------------------------------------------------------------


def test_tls_required(tmp_path):
    config = SERVER + RECEIPT_AND_LASER + '\n[tls]\nmode = "required"\n'
    with Tympan(tmp_path, config) as service:
        certificate_of(service)
        for operation in (ipp_bytes.GET_PRINTER_ATTRIBUTES, ipp_bytes.GET_JOBS):
            assert ask(service, operation, secure=False)[0] == 426
        answer = ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES)[2]
        uris = ipp_bytes.strings_of(answer, "printer-uri-supported")
        assert {uri.partition(":")[0] for uri in uris} == {"ipps"}
        assert ipp_bytes.strings_of(answer, "uri-security-supported") == ["tls"] * len(uris)
        # CUPS' clients go over to TLS by themselves.
        done = run("ipptool", "-t", service.uri(), "get-printer-attributes.test")
        assert b"[PASS]" in done.stdout, done.stdout


def test_only_users_print(tmp_path):
    config = SERVER + RECEIPT_AND_LASER + USERS + '\n[access]\nprint = "users"\n'
    with Tympan(tmp_path, config) as service:
        certificate_of(service)
        assert ask(service, ipp_bytes.VALIDATE_JOB, secure=False)[0] == 426
        assert ask(service, ipp_bytes.VALIDATE_JOB)[0] == 401
        status, _, body = ask(service, ipp_bytes.VALIDATE_JOB, headers=basic(OPERATOR, PASSWORD))
        assert (status, ipp_bytes.status_of(body)) == (200, 0)
        answer = ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, secure=False)[2]  # looking is free
        assert set(ipp_bytes.strings_of(answer, "uri-authentication-supported")) == {"basic"}
        assert set(ipp_bytes.strings_of(answer, "uri-security-supported")) == {"tls"}


def test_without_tls_there_is_none(tmp_path):
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER + '\n[tls]\nmode = "off"\n') as service:
        assert "Cipher is (NONE)" in s_client(service)
        answer = ask(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, secure=False)[2]
        assert set(ipp_bytes.strings_of(answer, "uri-security-supported")) == {"none"}
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as plain:
            plain.sendall(
                b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n"
            )
            assert head_of(plain).startswith("HTTP/1.1 200 ")
        assert not (service.state / "tls.pem").exists()


def test_without_users_nobody_is_asked_for_a_password(tmp_path):
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER) as service:
        certificate_of(service)
        for secure in (False, True):
            status, _, body = ask(service, PAUSE_PRINTER, secure=secure)
            assert (status, ipp_bytes.status_of(body)) == (200, 0x0403)


# --- the verbs from another machine -----------------------------------------------------------------------------------


def tympan(*words, home, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", *words],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, text=True,
        env={**os.environ, "XDG_STATE_HOME": str(home), **environment},
    )  # fmt: skip


def test_the_verbs_as_an_operator_over_tls(service, tmp_path):
    uri = f"ipps://{OPERATOR}@localhost:{service.port}"
    for verb in ("pause", "resume"):
        done = tympan(verb, "-P", "laser", "--uri", uri, home=tmp_path, TYMPAN_PASSWORD=PASSWORD)
        assert done.returncode == 0, done.stderr
    refused = tympan("pause", "-P", "laser", "--uri", uri, home=tmp_path)
    assert refused.returncode == 1
    assert "password" in refused.stderr
    plain = tympan("pause", "-P", "laser", "--uri", f"ipp://localhost:{service.port}", home=tmp_path)
    assert plain.returncode == 1
    assert "ipps://" in plain.stderr


def test_a_printer_with_another_key_than_the_last_time_is_refused(service, tmp_path):
    uri = f"ipps://localhost:{service.port}"
    assert tympan("status", "--uri", uri, home=tmp_path).returncode == 0
    known = tmp_path / "tympan" / "known-printers"
    (line,) = known.read_text().splitlines()
    pem = service.folder / "certificate.pem"
    pem.write_text(certificate_of(service) + "\n")
    key = run("openssl", "x509", "-in", pem, "-noout", "-pubkey").stdout
    der = run("openssl", "pkey", "-pubin", "-outform", "DER", stdin=key).stdout
    assert line == f"localhost:{service.port} {hashlib.sha256(der).hexdigest()}"
    assert tympan("status", "--uri", uri, home=tmp_path).returncode == 0
    known.write_text(f"localhost:{service.port} {'0' * 64}\n")
    done = tympan("status", "--uri", uri, home=tmp_path)
    assert done.returncode == 1
    assert "another key" in done.stderr
    assert str(known) in done.stderr


def test_a_certificate_that_an_authority_vouches_for_needs_no_memory(service, tmp_path):
    pem = service.folder / "authority.pem"
    pem.write_text(certificate_of(service) + "\n")
    done = tympan(
        "status", "--uri", f"ipps://localhost:{service.port}", home=tmp_path, SSL_CERT_FILE=str(pem)
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "tympan").exists()
