"""The system service and Set-Printer-Attributes as ipptool, CUPS' IPP tool, asks for them; it asks as PAPPL's tools do (PWG 5100.22)."""

from __future__ import annotations

import subprocess

import pytest
from ipp_client import print_bytes, wait_for_job
from processes import ADMIN, OPERATOR, RECEIPT_AND_LASER, SERVER, USERS, Tympan

HEAD = """
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR naturalLanguage attributes-natural-language en
"""

LOOK = (
    "{ NAME system OPERATION Get-System-Attributes" + HEAD + """
  ATTR uri system-uri $uri
  STATUS successful-ok
  EXPECT system-state OF-TYPE enum IN-GROUP system-attributes-tag COUNT 1
  EXPECT system-state-reasons OF-TYPE keyword IN-GROUP system-attributes-tag
  EXPECT system-configured-printers OF-TYPE collection IN-GROUP system-attributes-tag COUNT 2
  EXPECT system-uuid OF-TYPE uri IN-GROUP system-attributes-tag COUNT 1 WITH-VALUE "/^urn:uuid:/"
  EXPECT system-xri-supported OF-TYPE collection IN-GROUP system-attributes-tag
  EXPECT system-default-printer-id OF-TYPE integer IN-GROUP system-attributes-tag COUNT 1
  EXPECT operations-supported OF-TYPE enum IN-GROUP system-attributes-tag WITH-VALUE 0x004c
  EXPECT system-up-time OF-TYPE integer IN-GROUP system-attributes-tag WITH-VALUE >0
}
{ NAME printers OPERATION Get-Printers""" + HEAD + """
  ATTR uri system-uri $uri
  ATTR keyword which-printers accepting
  STATUS successful-ok
  EXPECT printer-id OF-TYPE integer IN-GROUP printer-attributes-tag COUNT 1
  EXPECT printer-xri-supported OF-TYPE collection IN-GROUP printer-attributes-tag
}
{ NAME by-number OPERATION Get-Printer-Attributes""" + HEAD + """
  ATTR uri system-uri $uri
  ATTR integer printer-id 2
  STATUS successful-ok
  EXPECT printer-name OF-TYPE name IN-GROUP printer-attributes-tag WITH-VALUE laser
}
"""
)  # fmt: skip

CREATE = (
    "{ NAME create OPERATION Create-Printer" + HEAD + """
  ATTR uri system-uri $uri
  ATTR keyword printer-service-type print
  ATTR uri smi55357-device-uri $device
  ATTR keyword smi55357-driver escpos
  GROUP printer-attributes-tag
  ATTR name printer-name label
  ATTR text printer-location Hall
  STATUS successful-ok
  EXPECT printer-id OF-TYPE integer IN-GROUP printer-attributes-tag COUNT 1 DEFINE-VALUE label
  EXPECT printer-state OF-TYPE enum IN-GROUP printer-attributes-tag COUNT 1 WITH-VALUE 3
  EXPECT printer-xri-supported OF-TYPE collection IN-GROUP printer-attributes-tag
  EXPECT system-state OF-TYPE enum IN-GROUP system-attributes-tag COUNT 1
}
{ NAME twice OPERATION Create-Printer""" + HEAD + """
  ATTR uri system-uri $uri
  ATTR keyword printer-service-type print
  ATTR uri smi55357-device-uri $device
  ATTR keyword smi55357-driver escpos
  GROUP printer-attributes-tag
  ATTR name printer-name label
  STATUS client-error-not-possible
}
{ NAME default OPERATION Set-System-Attributes""" + HEAD + """
  ATTR uri system-uri $uri
  GROUP system-attributes-tag
  ATTR integer system-default-printer-id $label
  ATTR name system-name Office
  STATUS successful-ok
}
{ NAME shown OPERATION Get-System-Attributes""" + HEAD + """
  ATTR uri system-uri $uri
  STATUS successful-ok
  EXPECT system-default-printer-id WITH-VALUE $label
  EXPECT system-name WITH-VALUE Office
  EXPECT system-configured-printers COUNT 3
}
"""
)  # fmt: skip

DELETE = (
    "{ NAME find OPERATION Get-Printer-Attributes" + HEAD + """
  ATTR uri system-uri $uri
  STATUS successful-ok
  EXPECT printer-name WITH-VALUE label
  EXPECT printer-id OF-TYPE integer DEFINE-VALUE label
}
{ NAME delete OPERATION Delete-Printer""" + HEAD + """
  ATTR uri system-uri $uri
  ATTR integer printer-id $label
  STATUS successful-ok
}
{ NAME gone OPERATION Delete-Printer""" + HEAD + """
  ATTR uri system-uri $uri
  ATTR integer printer-id $label
  STATUS client-error-not-found
}
"""
)  # fmt: skip

SET = (
    "{ NAME set OPERATION Set-Printer-Attributes" + HEAD + """
  ATTR uri printer-uri $uri
  GROUP printer-attributes-tag
  ATTR keyword sides-default two-sided-long-edge
  ATTR keyword media-ready na_letter_8.5x11in
  ATTR text printer-info "The laser"
  STATUS successful-ok
}
{ NAME shown OPERATION Get-Printer-Attributes""" + HEAD + """
  ATTR uri printer-uri $uri
  STATUS successful-ok
  EXPECT sides-default WITH-VALUE two-sided-long-edge
  EXPECT media-ready WITH-VALUE na_letter_8.5x11in
  EXPECT printer-info WITH-VALUE "The laser"
  EXPECT printer-settable-attributes-supported OF-TYPE keyword WITH-VALUE media-col-ready
}
{ NAME not-settable OPERATION Set-Printer-Attributes""" + HEAD + """
  ATTR uri printer-uri $uri
  GROUP printer-attributes-tag
  ATTR text printer-info "Another name"
  ATTR integer printer-up-time 1
  STATUS client-error-attributes-not-settable
}
{ NAME supported OPERATION Get-Printer-Supported-Values""" + HEAD + """
  ATTR uri printer-uri $uri
  STATUS successful-ok
  EXPECT sides-default OF-TYPE keyword WITH-VALUE one-sided
}
"""
)  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), SERVER + RECEIPT_AND_LASER + USERS) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture
def ipptool(tmp_path):
    """Run a test of ours; returns what it says and how many tests passed."""

    def run(test, uri, *words):
        path = tmp_path / "ours.test"
        path.write_text(test)
        command = ["ipptool", "-tv", *words, uri, str(path)]
        # Without -T: with it ipptool waits for ever over TLS.
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return done.stdout, done.stdout.count("[PASS]")

    return run


def system_uri(service, user=None):
    uri = service.operator_uri("receipt", user) if user else service.uri("receipt")
    return uri.partition("/ipp/")[0] + "/ipp/system"


def test_what_anybody_sees(service, ipptool):
    said, passed = ipptool(LOOK, system_uri(service))
    assert passed == 3, said


def test_a_printer_comes_prints_and_goes(service, ipptool):
    device = "sim://label?model=escpos-58mm&speed=max"
    said, passed = ipptool(CREATE, system_uri(service, ADMIN), "-d", f"device={device}")
    assert passed == 4, said
    job_id = print_bytes(service, "label", b"A label.\n", "text/plain")
    wait_for_job(service, "label", job_id)
    assert b"A label." in (service.state / "simulated" / "label" / f"{job_id}.bin").read_bytes()
    said, passed = ipptool(DELETE, system_uri(service, ADMIN))
    assert passed == 3, said


def test_an_operator_is_no_administrator(service, ipptool):
    device = f"device=file://{service.state}/never"
    for test, uri in (
        (CREATE, system_uri(service, OPERATOR)),
        (SET, service.operator_uri("laser", OPERATOR)),
    ):
        said, _ = ipptool(test, uri, "-d", device)
        assert "client-error-not-authorized" in said, said
    assert not (service.state / "never").exists()


def test_attributes_of_a_printer(service, ipptool):
    said, passed = ipptool(SET, service.operator_uri("laser", ADMIN))
    assert passed == 4, said
    assert service.stop() == 0
    service.start()
    said, _ = ipptool(SET.partition("}\n")[2], service.operator_uri("laser", ADMIN))
    assert said.count("[PASS]") == 3, said
