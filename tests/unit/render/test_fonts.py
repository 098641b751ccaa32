import struct
from array import array

import numpy as np
import pytest

from tympan.render import fonts
from tympan.render.character_map import covered
from tympan.render.sources.text_lines import cells
from tympan.render.sources.text_pen import TextPen

LATIN = "AZaz09éßÅçñøŒ€"


@pytest.fixture
def unloaded():
    fonts.load.cache_clear()
    yield
    fonts.load.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_a_system_without_fonts_still_has_letters(monkeypatch):
    monkeypatch.setattr(fonts, "FONT_DIRECTORIES", ())
    monkeypatch.setattr(fonts, "_carried", lambda: None)
    pen = TextPen(12, 24)
    with_marks, without = (pen.line(cells(text), 48, 0, 576) for text in ("Größe façade Å", "Große facade A"))
    assert without.any()
    # The sharp s is in neither; all others are there without their marks.
    np.testing.assert_array_equal(with_marks, without)


@pytest.mark.usefixtures("unloaded")
def test_the_font_of_python_barcode_is_found(monkeypatch):
    pytest.importorskip("barcode")
    monkeypatch.setattr(fonts, "FONT_DIRECTORIES", ())
    found = fonts.load()
    assert found.main.name == "DejaVuSansMono.ttf"
    assert all(found.main.has(character) for character in LATIN + "ΑΩЖяب")
    assert found.main.at(20).getlength("i") == found.main.at(20).getlength("W")


def test_what_the_main_font_lacks_is_asked_of_the_others():
    found = fonts.load()
    for character in "日本語":
        font = found.font_for(character)
        if font is not found.main:
            assert font.has(character)
    assert found.font_for("A") is found.main
    assert found.font_for("\U0010fffd") is found.main


@pytest.mark.usefixtures("unloaded")
def test_files_that_are_no_fonts_are_passed_over(monkeypatch, tmp_path):
    (tmp_path / "DejaVuSansMono.ttf").write_bytes(b"not a font at all")
    (tmp_path / "NotoSansMono-Regular.ttf").write_bytes(b"")
    monkeypatch.setattr(fonts, "FONT_DIRECTORIES", (str(tmp_path),))
    assert fonts.load().main.has("é")


def font_with(subtable, encoding):
    """A file with nothing but a character map."""
    cmap = struct.pack("!HHHHI", 0, 1, 3, encoding, 12) + subtable
    return (
        struct.pack("!IHHHH", 0x00010000, 1, 16, 0, 0)
        + struct.pack("!4sIII", b"cmap", 0, 28, len(cmap))
        + cmap
    )


def test_groups_of_all_of_unicode():
    groups = struct.pack("!HHIII", 12, 0, 16 + 24, 0, 2) + struct.pack("!6I", 65, 67, 1, 0x1F600, 0x1F601, 9)
    assert covered(font_with(groups, 10)) == array("I", [65, 66, 67, 0x1F600, 0x1F601])


def test_segments_of_the_basic_plane():
    # Three segments: A to C by offset, a to b by a list that has no glyph for b, and the one that closes.
    ends, starts, deltas, ranges = (67, 98, 0xFFFF), (65, 97, 0xFFFF), (10, 0, 1), (0, 4, 0)
    words = (*ends, 0, *starts, *deltas, *ranges, 7, 0)
    table = struct.pack("!7H", 4, 14 + 2 * len(words), 0, 6, 4, 1, 2) + struct.pack(f"!{len(words)}H", *words)
    assert covered(font_with(table, 1)) == array("I", [65, 66, 67, 97])


@pytest.mark.parametrize("length", [0, 4, 12, 27, 28, 35, 40, 50])
def test_a_damaged_font_is_a_value_error(length):
    groups = struct.pack("!HHIII", 12, 0, 16 + 12, 0, 1) + struct.pack("!3I", 65, 67, 1)
    with pytest.raises(ValueError, match="font"):
        covered(font_with(groups, 10)[:length])


def test_a_group_beyond_unicode_is_a_value_error():
    groups = struct.pack("!HHIII", 12, 0, 16 + 12, 0, 1) + struct.pack("!3I", 0, 0xFFFFFFFF, 1)
    with pytest.raises(ValueError, match="damaged"):
        covered(font_with(groups, 10))
