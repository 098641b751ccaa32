"""The Unix socket of a running service: curl, the verbs, and users of the machine with other rights."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import ipp_bytes
import pytest
from ipp_client import ask
from processes import RECEIPT_AND_LASER, SERVER, Tympan

CONFIG = SERVER + RECEIPT_AND_LASER + '\n[access]\noperator_group = "nogroup"\n'

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(scope="module")
def service():
    folder = Path(tempfile.mkdtemp(prefix="tympan-"))  # others have to reach the socket in it
    folder.chmod(0o755)
    with Tympan(folder, CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]
    assert not running.socket.exists()
    shutil.rmtree(folder)


def get_printer(*more):
    return ipp_bytes.request(ipp_bytes.GET_PRINTER_ATTRIBUTES, "ipp://localhost/ipp/print/receipt", *more)


def print_job(user):
    return ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        "ipp://localhost/ipp/print/receipt",
        ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", user),
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
        document=b"Coffee   2.40\n",
    )


def owner_of(service, job_id):
    answer = ask(
        service,
        ipp_bytes.request(
            ipp_bytes.GET_JOB_ATTRIBUTES,
            "ipp://localhost/ipp/print/receipt",
            ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", job_id),
        ),
        local=True,
    )
    return ipp_bytes.strings_of(answer, "job-originating-user-name")


def curl(path, body, **more):
    return subprocess.run(
        ["curl", "-s", "-S", "--unix-socket", path, "-H", "Content-Type: application/ipp",
         "--data-binary", "@-", "http://localhost/ipp/print"],
        input=body, capture_output=True, timeout=30, check=False, **more,
    )  # fmt: skip


def test_only_the_service_and_the_group_may_connect(service):
    assert stat.S_IMODE(service.socket.lstat().st_mode) == 0o660
    assert service.socket.group() == "nogroup"


def test_curl_is_answered_with_uris_that_hold_for_everybody(service):
    answer = curl(service.socket, get_printer()).stdout
    assert ipp_bytes.status_of(answer) == 0
    for uri in ipp_bytes.strings_of(answer, "printer-uri-supported"):
        assert f":{service.port}/ipp/print" in uri
        assert "localhost" not in uri


def test_the_kernel_knows_better_who_prints_than_the_request(service):
    answer = ask(service, print_job("mallory"), local=True)
    assert ipp_bytes.status_of(answer) == 0
    assert owner_of(service, ipp_bytes.integer_of(answer, "job-id")) == [ME]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_prints_as_who_they_are(service):
    folder = service.state.stat().st_mode
    service.state.chmod(0o755)
    try:
        answer = curl(
            service.socket, print_job("root"), user="nobody", group="nogroup", extra_groups=[]
        ).stdout
    finally:
        service.state.chmod(folder)
    assert owner_of(service, ipp_bytes.integer_of(answer, "job-id")) == ["nobody"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_outside_the_group_is_not_let_in(service):
    refused = curl(service.socket, get_printer(), user="nobody", group="daemon", extra_groups=[])
    assert refused.returncode != 0
    assert refused.stdout == b""


def tympan(*words, folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", *words],
        capture_output=True, timeout=60, check=False, cwd=folder, env={**os.environ, "TYMPAN_URI": "", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("form", ["{}", "ipp+unix://{}"])
def test_the_verbs_take_its_path_as_uri(service, form, tmp_path):
    done = tympan("status", "--json", "--uri", form.format(service.socket), folder=tmp_path)
    assert {printer["printer-name"] for printer in json.loads(done.stdout)} == {"receipt", "laser"}


def test_the_verbs_find_the_service_of_make_run_by_themselves(service):
    done = tympan("status", "--json", folder=service.folder)  # its state is in `state` beside us
    printers = json.loads(done.stdout)
    assert f":{service.port}/" in printers[0]["printer-uri-supported"][0]


def test_the_verbs_find_a_simulation_by_themselves(service, tmp_path):
    (tmp_path / "tympan-simulation").symlink_to(service.state)
    done = tympan("status", "--json", folder=tmp_path, XDG_STATE_HOME=str(tmp_path))
    assert f":{service.port}/" in json.loads(done.stdout)[0]["printer-uri-supported"][0]


def test_a_restart_after_a_kill_takes_the_socket_over(tmp_path):
    service = Tympan(tmp_path, SERVER + RECEIPT_AND_LASER)
    service.start()
    service.kill()
    assert service.socket.exists()
    with service:
        assert ipp_bytes.status_of(ask(service, get_printer(), local=True)) == 0
