"""Where the system has no fonts, as in a fresh container, a receipt still shows its accents."""

from __future__ import annotations

import numpy as np
import pytest

from tympan_sim import escpos_font, pcl_text
from tympan_sim.escpos_decoder import EscPosDecoder
from tympan_sim.models import MODELS


@pytest.fixture
def no_system_fonts(monkeypatch):
    monkeypatch.setattr(escpos_font, "_FONT_FILES", ())
    monkeypatch.setattr(escpos_font, "_FALLBACK_FILES", ())
    monkeypatch.setattr(pcl_text, "_FONT_FILES", dict.fromkeys(pcl_text._FONT_FILES, ()))

    def forget():
        for module in (escpos_font, pcl_text):
            for each in vars(module).values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()

    forget()
    yield
    forget()


def printed(text):
    decoder = EscPosDecoder(MODELS["escpos-80mm"])
    stream = b"\x1b@\x1bt\x13" + text.encode("cp858") + b"\n\x1dVB\x00"
    effects = [*decoder.feed(stream), *decoder.finish()]
    sheet = next(effect for effect in effects if type(effect).__name__ == "Sheet")
    return ~np.asarray(sheet.image.convert("1"))


@pytest.mark.usefixtures("no_system_fonts")
def test_letters_with_accents_are_told_apart():
    pictures = [printed(letter) for letter in "uüßéèñ"]
    inked = [picture.sum() for picture in pictures]
    assert all(inked)
    for index, one in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert not np.array_equal(one, other)


@pytest.mark.usefixtures("no_system_fonts")
def test_the_laser_s_font_has_accents_too():
    font = pcl_text._font(40, False, False)
    assert "DejaVu" in font.getname()[0]
