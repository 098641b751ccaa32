"""The real service in its own process, with two simulated printers that print as fast as they can."""

from __future__ import annotations

import pytest
from ipp_client import print_bytes, printed
from processes import RECEIPT_AND_LASER, SERVER, Cupsd, Tympan

CONFIG = SERVER + RECEIPT_AND_LASER

PRINTERS = ("receipt", "laser")


def pytest_collection_modifyitems(items):
    for item in items:
        if "/system/" in str(item.path):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def cupsd():
    with Cupsd() as running:
        yield running


@pytest.fixture
def still_prints(service):
    """After the test the same process goes on, and both printers print."""
    pid = service.pid
    yield
    assert service.process.poll() is None, service.log.read_text()[-4000:]
    assert service.pid == pid
    jobs = [(printer, print_bytes(service, printer, b"All is well.\n", "text/plain")) for printer in PRINTERS]
    for printer, job_id in jobs:
        assert len(printed(service, printer, job_id)) == 1
