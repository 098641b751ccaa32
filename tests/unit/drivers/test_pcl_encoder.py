"""The laser encoder's streams, byte by byte; that they print right, tests/contract shows with the simulator."""

import re

import numpy as np
import pytest

from tympan.driver.ticket import JobTicket, MediaSpec
from tympan.errors import DocumentError
from tympan_drivers.pcl import PclDriver

DRIVER = PclDriver()


def encoder_of(
    profile="generic-pcl5e", name="iso_a4_210x297mm", source="main", media_type="stationery", **changes
):
    return DRIVER.encoder(
        profile, JobTicket(1, MediaSpec(name, 0, 0, source=source, type=media_type), **changes)
    )


def rows_of(encoder, height, *inked):
    rows = np.zeros((height, (encoder.page_format().width_px + 7) // 8), np.uint8)
    for row in inked:
        rows[row, 0] = 0x80
    return rows


def test_the_window_of_a4():
    page = encoder_of().page_format()
    # At 300 dpi the logical page is 2338 dots from 71 on (HP's table 2-1), and a sixth of an inch is lost at both ends.
    assert (page.width_px, page.left_px, page.media_width_px) == (2 * 2338, 2 * 71, 2 * 2480)
    assert (page.height_px, page.top_px, page.media_height_px) == (2 * 3507 - 200, 100, 2 * 3507)
    assert page.repeats_pages
    assert not page.trim_tail


def test_a_job_from_end_to_end():
    encoder = encoder_of("generic-pcl5e-duplex", job_name="Report", sides="two-sided-long-edge")
    name = encoder.begin_job().split(b'"')[1]
    assert re.fullmatch(rb"Report \[[0-9a-f]{8}\]", name), "what people called it, and what no other job has"
    assert encoder.begin_job() == (
        b'\x1b%-12345X@PJL JOB NAME="' + name + b'"\r\n'
        b"@PJL SET RESOLUTION=600\r\n@PJL SET ECONOMODE=OFF\r\n@PJL ENTER LANGUAGE=PCL\r\n"
        b"\x1bE\x1b&l1S\x1b&l1H\x1b&l26A\x1b&l0O\x1b&l0E\x1b&l0L\x1b&u600D\x1b*t600R\x1b*r0F"
    )
    assert encoder.begin_page(1) == b"\x1b&l1X"
    # The raster begins with its first ink, 49 rows down and 100 below the edge; one row, then white that is not sent.
    assert encoder.band(rows_of(encoder, 30)) == b""
    assert encoder.band(rows_of(encoder, 30, 19)) == b"\x1b*p0x149Y\x1b*r4676S\x1b*r1A\x1b*b3m2W\x00\x80"
    assert encoder.band(rows_of(encoder, 500)) == b""
    assert encoder.end_page() == b"\x1b*rC\x0c"
    # The back: copies are as they were; a blank side is only ejected.
    assert encoder.begin_page(1, back=True) == b""
    assert encoder.band(rows_of(encoder, 6814)) == b""
    assert encoder.end_page() == b"\x0c"
    assert encoder.end_job() == b'\x1bE\x1b%-12345X@PJL EOJ NAME="' + name + b'"\r\n\x1b%-12345X'


def test_an_old_laserjet():
    encoder = encoder_of("generic-pcl5-300", "na_letter_8.5x11in", source="auto", job_name="x")
    # No PJL, no unit of measure, no automatic tray; 75 dots of Letter are not in the window.
    assert encoder.begin_job() == b"\x1bE\x1b&l2A\x1b&l0O\x1b&l0E\x1b&l0L\x1b*t300R\x1b*r0F"
    assert encoder.page_format().width_px == 2400
    encoder.begin_page(1)
    assert encoder.band(rows_of(encoder, 1, 0)) == b"\x1b*p0x50Y\x1b*r2400S\x1b*r1A\x1b*b3m2W\x00\x80"
    assert encoder.end_page() == b"\x1b*rB\x0c"
    assert encoder.end_job() == b"\x1bE"


def test_sides_that_are_not_in_turn_are_named():
    encoder = encoder_of("generic-pcl5e-duplex", sides="two-sided-short-edge")
    encoder.begin_job()
    begins = []
    for back in (False, True, False, False, True, True):
        begins.append(encoder.begin_page(1, back=back))
        encoder.end_page()
    # A front where a back was due, and a back where a front was due.
    assert begins == [b"\x1b&l1X", b"", b"", b"\x1b&a1G", b"", b"\x1b&a2G"]


def test_copies_are_named_when_they_change():
    encoder = encoder_of()
    begins = [encoder.begin_page(copies) for copies in (3, 3, 1)]
    assert begins == [b"\x1b&l3X", b"", b"\x1b&l1X"]


def test_draft_saves_toner_and_resolution_is_set():
    head = encoder_of("laserjet-4", print_quality=3, resolution_dpi=(300, 300)).begin_job()
    assert b"@PJL SET RESOLUTION=300\r\n@PJL SET ECONOMODE=ON\r\n" in head
    assert b"\x1b&u300D\x1b*t300R" in head


def test_narrow_margins_move_the_logical_page_and_the_back_the_other_way():
    encoder = encoder_of("generic-pcl5e-narrow-margins")
    assert encoder.begin_page(1) == b"\x1b&l1X\x1b&l-170.4U"
    assert encoder.band(rows_of(encoder, 1, 0)).startswith(b"\x1b*p100x100Y\x1b*r4760S")
    letter = encoder_of("generic-pcl5e-narrow-margins", "na_letter_8.5x11in")
    assert letter.begin_page(1) == b"\x1b&l1X\x1b&l-180U"


def test_what_is_below_the_page_is_left_out():
    encoder = encoder_of(resolution_dpi=(300, 300))
    height = encoder.page_format().height_px
    encoder.begin_page(1)
    assert encoder.band(rows_of(encoder, height - 1)) == b""
    assert encoder.band(rows_of(encoder, 2, 0, 1)).endswith(b"\x1b*r1A\x1b*b3m2W\x00\x80")
    assert encoder.band(rows_of(encoder, 5, 0)) == b""
    encoder.end_page()
    encoder.begin_page(1)
    assert encoder.band(rows_of(encoder, 1, 0)) != b""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "iso_a3_297x420mm"}, "does not take paper"),
        ({"name": "custom_100x100mm_100x100mm"}, "does not take paper"),
        ({"source": "tray-9"}, "no tray"),
        ({"sides": "two-sided-long-edge"}, "does not print 'two-sided-long-edge'"),
        ({"resolution_dpi": (1200, 1200)}, "1200 by 1200"),
        ({"resolution_dpi": (600, 300)}, "600 by 300"),
    ],
)
def test_what_the_printer_cannot_do_is_refused(changes, problem):
    with pytest.raises(DocumentError, match=problem) as caught:
        encoder_of(**changes)
    assert caught.value.reason == "document-unprintable-error"


def test_there_is_no_native_text():
    encoder = encoder_of()
    assert encoder.text_format() is None
    assert not encoder.can_encode("a")
    with pytest.raises(DocumentError):
        encoder.text_line("a")


def test_around_jobs():
    uel = b"\x1b%-12345X"
    prologue = DRIVER.raw_prologue("generic-pcl5e")
    assert re.fullmatch(
        rb'\x1b%-12345X@PJL JOB NAME="\[[0-9a-f]{8}\]"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE', prologue
    )
    assert DRIVER.raw_prologue("generic-pcl5e") != prologue, "no two jobs have the same name"
    assert DRIVER.raw_epilogue("generic-pcl5e") == b"\x1bE" + uel + b'@PJL EOJ NAME="tympan: end"\r\n' + uel
    rest_of_a_row = bytes(2048)  # NUL is ignored outside a command
    assert (
        DRIVER.abandon("generic-pcl5e")
        == rest_of_a_row + b"\x1bE" + uel + b'@PJL EOJ NAME="tympan: abandoned"\r\n' + uel
    )
    assert DRIVER.raw_prologue("generic-pcl5-300") == DRIVER.raw_epilogue("generic-pcl5-300") == b"\x1bE"
    assert DRIVER.abandon("generic-pcl5-300") == rest_of_a_row + b"\x1bE"
