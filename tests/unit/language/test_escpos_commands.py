"""ESC/POS commands against the byte sequences of Epson's command reference, and their numbers at the edges."""

import pytest

from tympan.language import escpos


@pytest.mark.parametrize(
    ("made", "reference"),
    [
        (escpos.initialize(), "1B 40"),
        (escpos.line_spacing(0), "1B 33 00"),
        (escpos.line_spacing(255), "1B 33 FF"),
        (escpos.default_line_spacing(), "1B 32"),
        (escpos.feed(0), ""),
        (escpos.feed(1), "1B 4A 01"),
        (escpos.feed(255), "1B 4A FF"),
        (escpos.feed(256), "1B 4A FF 1B 4A 01"),
        (escpos.feed(510), "1B 4A FF 1B 4A FF"),
        (escpos.feed_lines(4), "1B 64 04"),
        (escpos.code_page(16), "1B 74 10"),
        (escpos.international_set(0), "1B 52 00"),
        (escpos.single_byte_characters(), "1C 2E"),
        (escpos.cut(partial=False), "1D 56 00"),
        (escpos.cut(partial=True), "1D 56 01"),
        (escpos.feed_and_cut(0, partial=False), "1D 56 41 00"),
        (escpos.feed_and_cut(3, partial=True), "1D 56 42 03"),
        (escpos.cut_legacy(partial=False), "1B 69"),
        (escpos.cut_legacy(partial=True), "1B 6D"),
        (escpos.open_drawer(0, 100, 200), "1B 70 00 32 64"),
        (escpos.open_drawer(1, 510, 510), "1B 70 01 FF FF"),
        (escpos.panel_buttons(enabled=False), "1B 63 35 01"),
        (escpos.panel_buttons(enabled=True), "1B 63 35 00"),
        (escpos.realtime_status(4), "10 04 04"),
        (escpos.automatic_status(0x0F), "1D 61 0F"),
        (escpos.transmit_status(1), "1D 72 01"),
        (escpos.printer_id(67), "1D 49 43"),
        (escpos.completion_request(b"A1b2"), "1D 28 48 06 00 30 30 41 31 62 32"),
        (escpos.recover(clear=False), "10 05 01"),
        (escpos.recover(clear=True), "10 05 02"),
        (escpos.raster(2, 3, bytes(range(6))), "1D 76 30 00 02 00 03 00 00 01 02 03 04 05"),
        (escpos.raster_head(72, 4095, 72 * 4095), "1D 76 30 00 48 00 FF 0F"),
        (escpos.raster_head(256, 1, 256), "1D 76 30 00 00 01 01 00"),
        # 576 dots by 24 rows: 1728 bytes and 10 of parameters are 06CAh.
        (escpos.graphics_head(576, 24, 1728), "1D 28 4C CA 06 30 70 30 01 01 31 40 02 18 00"),
        (escpos.graphics_head(576, 910, 65_520), "1D 28 4C FA FF 30 70 30 01 01 31 40 02 8E 03"),
        (escpos.PRINT_GRAPHICS, "1D 28 4C 02 00 30 32"),
        (escpos.graphics_head_long(576, 1000, 72_000), "1D 38 4C 4A 19 01 00 30 70 30 01 01 31 40 02 E8 03"),
        (escpos.graphics_head_long(9, 2, 4), "1D 38 4C 0E 00 00 00 30 70 30 01 01 31 09 00 02 00"),
        (escpos.columns_head(33, 576, 1728), "1B 2A 21 40 02"),
        (escpos.columns_head(0, 200, 200), "1B 2A 00 C8 00"),
        (escpos.columns_head(1, 1023, 1023), "1B 2A 01 FF 03"),
        (
            escpos.qr_code(b"HELLO", module_dots=3, correction="L"),
            (
                "1D 28 6B 04 00 31 41 32 00  1D 28 6B 03 00 31 43 03  1D 28 6B 03 00 31 45 30 "
                "1D 28 6B 08 00 31 50 30 48 45 4C 4C 4F  1D 28 6B 03 00 31 51 30"
            ),
        ),
    ],
)
def test_bytes_of_the_reference(made, reference):
    assert made == bytes.fromhex(reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda: escpos.line_spacing(256),
        lambda: escpos.line_spacing(-1),
        lambda: escpos.feed(-1),
        lambda: escpos.feed_lines(256),
        lambda: escpos.code_page(256),
        lambda: escpos.international_set(83),
        lambda: escpos.feed_and_cut(256, partial=True),
        lambda: escpos.open_drawer(2, 100, 100),
        lambda: escpos.open_drawer(0, 1, 100),
        lambda: escpos.open_drawer(0, 512, 100),
        lambda: escpos.realtime_status(0),
        lambda: escpos.realtime_status(5),
        lambda: escpos.transmit_status(3),
        lambda: escpos.printer_id(0),
        lambda: escpos.completion_request(b"abc"),
        lambda: escpos.completion_request(b"ab\x1f1"),
        lambda: escpos.raster(0, 1, b""),
        lambda: escpos.raster(1, 0, b""),
        lambda: escpos.raster_head(1, 4096, 4096),
        lambda: escpos.raster_head(65_536, 1, 65_536),
        lambda: escpos.raster(2, 3, bytes(5)),
        lambda: escpos.graphics_head(576, 911, 65_592),
        lambda: escpos.graphics_head(2048, 1, 256),
        lambda: escpos.graphics_head(0, 1, 0),
        lambda: escpos.graphics_head(8, 2, 1),
        lambda: escpos.graphics_head_long(8, 65_536, 65_536),
        lambda: escpos.columns_head(2, 8, 8),
        lambda: escpos.columns_head(33, 1024, 3072),
        lambda: escpos.columns_head(33, 8, 8),
        lambda: escpos.qr_code(b""),
        lambda: escpos.qr_code(bytes(7090)),
        lambda: escpos.qr_code(b"x", module_dots=17),
        lambda: escpos.qr_code(b"x", correction="X"),
    ],
)
def test_what_a_command_cannot_hold_is_refused(call):
    with pytest.raises(ValueError):  # noqa: PT011 — the messages are for people
        call()
