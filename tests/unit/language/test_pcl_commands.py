"""PCL and PJL against the sequences of HP's references, and their numbers at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.language import pcl, pjl
from tympan.language.pcl_paper import PAPERS
from tympan.model import media


@pytest.mark.parametrize(
    ("made", "reference"),
    [
        (pcl.RESET, b"\x1bE"),
        (pcl.page_size(26), b"\x1b&l26A"),
        (pcl.paper_source(7), b"\x1b&l7H"),
        (pcl.media_type(4), b"\x1b&l4M"),
        (pcl.sides("one-sided"), b"\x1b&l0S"),
        (pcl.sides("two-sided-long-edge"), b"\x1b&l1S"),
        (pcl.sides("two-sided-short-edge"), b"\x1b&l2S"),
        (pcl.page_side(1), b"\x1b&a1G"),
        (pcl.copies(999), b"\x1b&l999X"),
        (pcl.portrait(), b"\x1b&l0O"),
        (pcl.whole_page(), b"\x1b&l0E\x1b&l0L"),
        (pcl.left_registration(-1704), b"\x1b&l-170.4U"),
        (pcl.left_registration(-1800), b"\x1b&l-180U"),
        (pcl.left_registration(1704), b"\x1b&l170.4U"),
        (pcl.left_registration(-5), b"\x1b&l-0.5U"),
        (pcl.unit_of_measure(600), b"\x1b&u600D"),
        (pcl.resolution(300), b"\x1b*t300R"),
        (pcl.along_the_rows(), b"\x1b*r0F"),
        (pcl.cursor(0, 32767), b"\x1b*p0x32767Y"),
        (pcl.raster_width(4676), b"\x1b*r4676S"),
        (pcl.start_raster(), b"\x1b*r1A"),
        (pcl.compression(3), b"\x1b*b3M"),
        (pcl.skip_rows(0), b""),
        (pcl.skip_rows(32767), b"\x1b*b32767Y"),
        (pcl.skip_rows(32768), b"\x1b*b32767Y\x1b*b1Y"),
        (pcl.end_raster(), b"\x1b*rC"),
        (pcl.end_raster("rB"), b"\x1b*rB"),
        (pjl.UEL, b"\x1b%-12345X"),
        (
            pjl.begin_job("Hi", (("RESOLUTION", "600"),)),
            b'\x1b%-12345X@PJL JOB NAME="Hi"\r\n@PJL SET RESOLUTION=600\r\n@PJL ENTER LANGUAGE=PCL\r\n',
        ),
        (pjl.begin_job(""), b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n"),
        (pjl.end_job(), b"\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X"),
    ],
)
def test_bytes_of_the_reference(made, reference):
    assert made == reference


@pytest.mark.parametrize(
    "call",
    [
        lambda: pcl.page_size(0),
        lambda: pcl.paper_source(70),
        lambda: pcl.media_type(-1),
        lambda: pcl.sides("both"),
        lambda: pcl.page_side(3),
        lambda: pcl.copies(0),
        lambda: pcl.copies(32768),
        lambda: pcl.left_registration(32768),
        lambda: pcl.unit_of_measure(95),
        lambda: pcl.resolution(1201),
        lambda: pcl.cursor(-1, 0),
        lambda: pcl.cursor(0, 32768),
        lambda: pcl.raster_width(0),
        lambda: pcl.skip_rows(-1),
        lambda: pcl.end_raster("rD"),
        lambda: pjl.begin_job("x", (("A B", "1"),)),
        lambda: pjl.begin_job("x", (("A", "1\r\n@PJL X"),)),
        lambda: pjl.begin_job("x", language=""),
    ],
)
def test_what_a_command_cannot_hold_is_refused(call):
    with pytest.raises(ValueError):  # noqa: PT011 — the messages are for people
        call()


@given(st.text())
def test_no_name_breaks_out_of_its_string(name):
    job = pjl.begin_job(name)
    lines = job.split(b"\r\n")
    assert len(lines) == 3
    assert lines[1:] == [b"@PJL ENTER LANGUAGE=PCL", b""]
    head = lines[0].removeprefix(b"\x1b%-12345X@PJL JOB")
    if name:
        text = head.removeprefix(b" NAME=")
        assert text[:1] == text[-1:] == b'"'
        assert len(text) <= 82
        assert all(0x20 <= byte <= 0x7E and byte != 0x22 for byte in text[1:-1])


def test_names_stay_readable():
    assert pjl.string('"Quarterly" r\u00e9port\n2') == b"\"'Quarterly' r?port 2\""


# HP PCL 5 Technical Reference, table 2-1 and 5-2: code, logical page width and offset at 300 dpi, physical page at 300 dpi.
MANUAL = [
    ("na_executive_7.25x10.5in", 1, 2025, 75, 2175, 3150),
    ("na_letter_8.5x11in", 2, 2400, 75, 2550, 3300),
    ("na_legal_8.5x14in", 3, 2400, 75, 2550, 4200),
    ("na_ledger_11x17in", 6, 3150, 75, 3300, 5100),
    ("iso_a4_210x297mm", 26, 2338, 71, 2480, 3507),
    ("iso_a3_297x420mm", 27, 3365, 71, 3507, 4960),
    ("na_monarch_3.875x7.5in", 80, 1012, 75, 1162, 2250),
    ("na_number-10_4.125x9.5in", 81, 1087, 75, 1237, 2850),
    ("iso_dl_110x220mm", 90, 1157, 71, 1299, 2598),
    ("iso_c5_162x229mm", 91, 1771, 71, 1913, 2704),
    ("iso_b5_176x250mm", 100, 1936, 71, 2078, 2952),
]


@pytest.mark.parametrize(("name", "code", "logical_width", "offset", "width", "length"), MANUAL)
def test_paper_is_as_in_the_manual(name, code, logical_width, offset, width, length):
    paper = PAPERS[name]
    assert (paper.code, paper.logical_offset) == (code, offset)
    assert paper.dots(300) == (width, length)
    assert paper.dots(600) == (2 * width, 2 * length)
    assert width - 2 * offset == logical_width


def test_paper_is_as_large_as_its_name_says():
    for name, paper in PAPERS.items():
        size = media.find_size(name)
        assert size is not None
        assert (paper.name, paper.width_hmm, paper.length_hmm) == (name, size.width_hmm, size.length_hmm)
    assert len({paper.code for paper in PAPERS.values()}) == len(PAPERS)
