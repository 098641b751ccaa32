"""Paper names. The dimensions are those printed in PWG 5101.1 and, for North American sizes, 25.4 mm to the inch by hand."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.model import media

# Name, width and length in hundredths of a millimetre: by hand, not by the code.
KNOWN = [
    ("iso_a3_297x420mm", 29700, 42000),
    ("iso_a4_210x297mm", 21000, 29700),
    ("iso_a5_148x210mm", 14800, 21000),
    ("iso_a6_105x148mm", 10500, 14800),
    ("iso_b5_176x250mm", 17600, 25000),
    ("jis_b5_182x257mm", 18200, 25700),
    ("iso_c5_162x229mm", 16200, 22900),
    ("iso_dl_110x220mm", 11000, 22000),
    ("na_letter_8.5x11in", 21590, 27940),
    ("na_legal_8.5x14in", 21590, 35560),
    ("na_ledger_11x17in", 27940, 43180),
    ("na_executive_7.25x10.5in", 18415, 26670),
    ("na_monarch_3.875x7.5in", 9843, 19050),  # 98.425 mm
    ("na_number-10_4.125x9.5in", 10478, 24130),  # 104.775 mm
    ("na_invoice_5.5x8.5in", 13970, 21590),
    ("na_index-4x6_4x6in", 10160, 15240),
    ("na_5x7_5x7in", 12700, 17780),
    ("na_quarto_8.5x10.83in", 21590, 27508),  # 275.082 mm
]


@pytest.mark.parametrize(("name", "width", "length"), KNOWN)
def test_standard_sizes_have_their_dimensions(name, width, length):
    size = media.find_size(name)
    assert size is not None
    assert (size.name, size.width_hmm, size.length_hmm) == (name, width, length)
    assert size in media.standard_sizes()


@pytest.mark.parametrize(
    ("name", "width", "length"),
    [
        ("custom_receipt_80x200mm", 8000, 20000),
        ("custom_80x200mm", 8000, 20000),
        ("roll_max_80x3276mm", 8000, 327600),
        ("roll_current_57.5x0.01mm", 5750, 1),
        ("om_receipt-80mm_80x297mm", 8000, 29700),
        ("oe_label_2.25x1.25in", 5715, 3175),
        ("custom_min_3x5in", 7620, 12700),
        ("custom_a_b_10x20mm", 1000, 2000),
        ("na_odd_0.001x1in", 3, 2540),  # 0.0254 mm rounds to 3 hundredths
    ],
)
def test_any_self_describing_name_can_be_read(name, width, length):
    assert media.parse_size_name(name) == media.MediaSize(name, width, length)


@pytest.mark.parametrize(
    "name",
    [
        "", "A4", "_", "__", "iso_a4", "iso_a4_", "iso_a4_210x297", "iso_a4_210x297cm", "iso_a4_210mm", "iso_a4_210xmm",
        "iso_a4_x297mm", "iso_a4_-210x297mm", "iso_a4_210x297x3mm", "iso_a4_2e2x297mm", "iso_a4_210.x297mm", "iso_a4_.5x297mm",
        "iso_a4_0x297mm", "iso_letter_8.5x11in", "na_letter_216x279mm", "bogus_a4_210x297mm", "custom_A4_210x297mm",
        "custom_a b_210x297mm", "custom_a_\u0662\u0661x297mm", "custom_a_21474836.48x1mm", "custom_a_9999999999999x1mm",
        "custom_" + "a" * 255 + "_1x1mm", "custom_a_nanxinfmm",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(name):
    assert media.parse_size_name(name) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text):
    size = media.parse_size_name(text)
    assert size is None or size.width_hmm > 0


def test_legacy_names_and_aliases():
    for name in ("na-letter", "Letter", "LETTER", "letter"):
        size = media.find_size(name)
        assert size is not None
        assert size.name == "na_letter_8.5x11in"
    assert (
        media.find_size("iso-designated") == media.find_size("EnvDL") == media.find_size("iso_dl_110x220mm")
    )
    assert media.find_size("b5") == media.find_size("jis_b5_182x257mm")
    assert media.find_size("foolscap-of-my-own") is None


def test_names_are_unique():
    sizes = media.standard_sizes()
    assert len({size.name for size in sizes}) == len(sizes)
    assert len({(size.width_hmm, size.length_hmm) for size in sizes}) == len(sizes)
    for names in ([size.legacy_name for size in sizes], [size.alias.lower() for size in sizes]):
        given_names = [name for name in names if name]
        assert len(set(given_names)) == len(given_names)


@pytest.mark.parametrize(
    ("arguments", "keywords", "name"),
    [
        ((8000, 20000), {}, "custom_80x200mm_80x200mm"),
        ((8005, 20010), {"label": "mine"}, "custom_mine_80.05x200.1mm"),
        ((8000, 327600), {"size_class": "roll", "label": "max"}, "roll_max_80x3276mm"),
        ((21590, 27940), {"size_class": "na", "label": "letter", "unit": "in"}, "na_letter_8.5x11in"),
        ((10, 2540), {"unit": "in"}, "custom_0.0039x1in_0.0039x1in"),
    ],
)
def test_names_are_formatted(arguments, keywords, name):
    assert media.format_size_name(*arguments, **keywords) == name


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((0, 100), {}),
        ((100, -1), {}),
        ((100, 2**31), {}),
        ((100, 100), {"unit": "cm"}),
        ((100, 100), {"size_class": "iso", "unit": "in"}),
        ((100, 100), {"size_class": "a_b"}),
        ((100, 100), {"label": "With Space"}),
        ((100, 100), {"label": "a_b"}),
    ],
)
def test_names_that_cannot_be_are_not_made(arguments, keywords):
    with pytest.raises(ValueError):  # noqa: PT011 — the function has one way to fail
        media.format_size_name(*arguments, **keywords)


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_millimetres_survive_a_round_trip_exactly(width, length):
    size = media.parse_size_name(media.format_size_name(width, length))
    assert size is not None
    assert (size.width_hmm, size.length_hmm) == (width, length)


@given(st.integers(1, 10_000_000), st.integers(1, 10_000_000))
def test_inches_survive_a_round_trip_exactly(width, length):
    size = media.parse_size_name(media.format_size_name(width, length, unit="in"))
    assert size is not None
    assert (size.width_hmm, size.length_hmm) == (width, length)


def test_the_nearest_size_within_the_tolerance():
    a4 = media.find_size("iso_a4_210x297mm")
    assert media.nearest_size(21000, 29700) == a4
    assert media.nearest_size(20990, 29704) == a4  # 595 by 842 points
    assert media.nearest_size(21050, 29650) == a4
    assert media.nearest_size(21051, 29700) is None
    assert media.nearest_size(29700, 21000) is None  # turned is another size
    assert media.nearest_size(10000, 14900, tolerance_hmm=100) == media.find_size("jpn_hagaki_100x148mm")
    assert (
        media.nearest_size(
            9900, 14800, [media.MediaSize("a", 9850, 14800), media.MediaSize("b", 9910, 14800)]
        ).name
        == "b"
    )
    assert media.nearest_size(1, 1, []) is None


def test_importing_it_loads_nothing_heavy():
    code = "import sys, tympan.model.media; print([name for name in ('numpy', 'decimal', 'asyncio') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
