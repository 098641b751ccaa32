"""The real service in its own process, with two simulated printers that print as fast as they can."""

from __future__ import annotations

import pytest
from processes import Cupsd, Tympan

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "receipt"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
default = true

[[printers]]
name = "laser"
device = "sim://laser?speed=max"
driver = "pcl"
profile = "generic-pcl5e-duplex"
"""


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
