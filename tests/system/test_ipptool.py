"""CUPS' conformance suites, run by ipptool against the real service, on both printers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

SUITES = Path("/usr/share/cups/ipptool")

POSTSCRIPT = (
    b"%!PS-Adobe-3.0\n/Helvetica findfont 20 scalefont setfont 72 700 moveto (A test.) show showpage\n"
)

TESTS = {"ipp-1.1.test": 66, "ipp-2.0.test": 67}
"""How many tests each suite of CUPS 2.4 has."""

SKIPPED = re.compile(
    r"Print-URI|Send-URI|RFC 8011 section 4\.2\.2|RFC 8011 section 4\.3\.2"  # documents that the printer fetches
    r"|PostScript|Standard Sheet|job-hold-until|Release-Job"  # not offered
    r"|2-Up|Draft Quality|(Normal|High) Quality"  # once more with attributes of media that are not offered
)
"""Tests of what no printer here offers."""

SKIPPED_ON = {"receipt": re.compile("Duplex"), "laser": re.compile("on 4x6")}
"""What a roll, and a tray of A4, cannot be asked for."""

SKIPPED_WHEN_FAST = re.compile(r"Get-Jobs Operation|Get-Job-Attributes Until Job Complete")
"""Left out by ipptool where the job was printed before it looked."""

SKIPPED_TWIN = "RFC 8011 section 4.2.4: Create-Job Operation"
"""The Create-Job before Send-URI; the one before Send-Document has the same name."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The suites with the documents beside them that they print: ipptool looks for them there."""
    folder = tmp_path_factory.mktemp("ipptool")
    for path in SUITES.glob("*.test"):
        shutil.copy(path, folder)
    for name, size in (("a4", A4), ("letter", LETTER)):
        canvas = Canvas(str(folder / f"document-{name}.pdf"), pagesize=size)
        for number in range(1, 5):
            canvas.drawString(72, 700, f"Page {number}, {name}")
            canvas.showPage()
        canvas.save()
        (folder / f"document-{name}.ps").write_bytes(POSTSCRIPT)
    Image.new("RGB", (400, 300), (200, 60, 60)).save(folder / "color.jpg")
    Image.new("L", (400, 300), 128).save(folder / "gray.jpg")
    return folder


def run_suite(service, folder, suite, version, printer):
    """Run a suite; returns its tests with what became of each, and all that was said."""
    done = subprocess.run(
        ["ipptool", "-tI", "-T", "60", "-V", version, "-f", "document-a4.pdf", service.uri(printer), suite],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(
        r"^    (\S.*?) +\[(PASS|FAIL|SKIP)\]", done.stdout, re.MULTILINE
    ), done.stdout + done.stderr


@pytest.mark.parametrize("printer", ["receipt", "laser"])
@pytest.mark.parametrize(("suite", "version"), [("ipp-1.1.test", "1.1"), ("ipp-2.0.test", "2.0")])
def test_suite_has_no_failure(service, folder, suite, version, printer):
    results, said = run_suite(service, folder, suite, version, printer)
    assert not [name for name, result in results if result == "FAIL"], said
    assert len(results) >= TESTS[suite], said
    skipped = [name for name, result in results if result == "SKIP"]
    unexpected = [
        name
        for name in skipped
        if not (SKIPPED.search(name) or SKIPPED_ON[printer].search(name) or SKIPPED_WHEN_FAST.search(name))
    ]
    assert unexpected in ([], [SKIPPED_TWIN])
    print(f"{suite} on {printer}: {len(results) - len(skipped)} passed, 0 failed, {len(skipped)} skipped")
