"""CUPS' conformance suites, run by ipptool against the real service."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

SUITES = Path("/usr/share/cups/ipptool")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The suites with documents beside them: ipptool looks for FILE there."""
    folder = tmp_path_factory.mktemp("ipptool")
    for path in SUITES.iterdir():
        shutil.copy(path, folder)
    for name in ("document-a4.pdf", "document-letter.pdf", "onepage-a4.pdf", "onepage-letter.pdf"):
        canvas = Canvas(str(folder / name), pagesize=A4)
        canvas.drawString(72, 700, name)
        canvas.save()
    for name, mode in (("color.jpg", "RGB"), ("gray.jpg", "L")):
        Image.new(mode, (400, 300), 128 if mode == "L" else (200, 60, 60)).save(folder / name)
    (folder / "testfile.txt").write_text("A test.\n")
    return folder


def run_suite(service, folder, suite, printer, *options):
    done = subprocess.run(
        ["ipptool", "-tI", "-T", "60", *options, "-f", "document-a4.pdf", service.uri(printer), suite],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    summary = re.search(r"(\d+) tests, (\d+) passed, (\d+) failed, (\d+) skipped", done.stdout)
    assert summary, done.stdout[-2000:] + done.stderr
    return done, tuple(int(number) for number in summary.groups())


@pytest.mark.parametrize("printer", ["receipt", "laser"])
@pytest.mark.parametrize(("suite", "version"), [("ipp-1.1.test", "1.1"), ("ipp-2.0.test", "2.0")])
def test_suite_has_no_failure(service, folder, suite, version, printer):
    done, (total, passed, failed, skipped) = run_suite(service, folder, suite, printer, "-V", version)
    print(f"{suite} {printer}: {total} tests, {passed} passed, {failed} failed, {skipped} skipped")
    failures = "\n".join(block for block in re.split(r"\n(?=    \S)", done.stdout) if "[FAIL]" in block)
    assert failed == 0, failures
    assert passed >= 30
