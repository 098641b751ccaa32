"""What the encoders send, read by the simulator's interpreters, which share no code with them: equal to the pixel.

Every profile, every size of paper, bands cut anywhere. The simulated printers have the limits and the bugs of the real
ones, and the laser clips at the logical page, as the manual has it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tympan.driver.contract import Part
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.pcl import PclDriver
from tympan_sim.decoder import Action, Sheet
from tympan_sim.escpos_decoder import EscPosDecoder
from tympan_sim.models import MODELS
from tympan_sim.pcl_decoder import PclDecoder

RECEIPT_PRINTERS = {
    "generic-80mm": "escpos-80mm",
    "generic-58mm": "escpos-58mm",
    "zijiang": "zj-5890",
    "tm-t88": "tm-t88v",
    "tm-t88iii": "tm-t88iii",
    "tm-m30": "tm-m30",
    "tm-u220": "tm-u220",
}

ESCPOS = EscPosDriver()
PCL = PclDriver()


def test_every_profile_is_tried():
    assert set(RECEIPT_PRINTERS) == set(ESCPOS.profiles())


# --- pictures -----------------------------------------------------------------------------------------------------------


def noise(random, height, width):
    return random.random((height, width)) < 0.5


def sparse(random, height, width):
    return random.random((height, width)) < 0.0005


def gaps(random, height, width):
    rows = np.repeat(random.random(height // 20 + 1) < 0.4, 20)[:height, None]
    return rows & (random.random((height, width)) < 0.2)


def blocks(random, height, width):
    coarse = random.random((height // 30 + 1, width // 40 + 1)) < 0.4
    return np.kron(coarse, np.ones((30, 40), bool))[:height, :width]


def full(random, height, width):  # noqa: ARG001 — all pictures are drawn alike
    return np.ones((height, width), bool)


def corners(random, height, width):  # noqa: ARG001
    picture = np.zeros((height, width), bool)
    picture[0, 0] = picture[0, -1] = picture[-1, 0] = picture[-1, -1] = True
    return picture


PICTURES = [noise, sparse, gaps, blocks, full, corners]


def bands(picture, random, *, longest=300):
    rows = np.packbits(picture, axis=1)
    at = 0
    while at < len(rows):
        height = int(random.integers(1, longest))
        yield np.ascontiguousarray(rows[at : at + height])
        at += height


# --- receipts -----------------------------------------------------------------------------------------------------------


def receipt_ticket(profile, **changes):
    return JobTicket(1, ESCPOS.capabilities(profile).media[0], **changes)


def print_receipt(profile, stream):
    decoder = EscPosDecoder(MODELS[RECEIPT_PRINTERS[profile]])
    effects = [*decoder.feed(stream), *decoder.finish()]
    assert {effect.name for effect in effects if isinstance(effect, Action)} <= {"initialize"}, (
        "nothing not understood"
    )
    return [effect for effect in effects if isinstance(effect, Sheet)]


def receipt_pixels(sheet, page):
    """The head's dots of a piece, at the encoder's resolution, from where printing began."""
    black = ~np.asarray(sheet.image.convert("1"))
    left, top = sheet.origin
    across = sheet.dpi[0] // page.resolution_dpi[0]
    assert sheet.dpi[0] == across * page.resolution_dpi[0]
    assert sheet.dpi[1] == page.resolution_dpi[1]
    head = black[top:, left : left + page.width_px * across]
    assert head.sum() == black.sum(), "nothing beside the head"
    return head.reshape(len(head), page.width_px, across).any(axis=2)


def as_printed(picture, page):
    """A page as the roll shows it: no white at the end, at the head as much as is kept."""
    inked = np.flatnonzero(picture.any(axis=1))
    if not len(inked):
        return picture[:0]
    return picture[max(0, int(inked[0]) - page.lead_max_px) : int(inked[-1]) + 1]


def check_piece(sheet, page, pictures):
    expected = np.concatenate([as_printed(picture, page) for picture in pictures])
    found = receipt_pixels(sheet, page)
    assert not sheet.notes
    assert np.array_equal(found[: len(expected)], expected)
    assert not found[len(expected) :].any()


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
def test_receipts_are_equal_to_the_pixel(profile, draw):
    random = np.random.default_rng(3)
    encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
    page = encoder.page_format()
    # Heights around multiples of what is sent at once and of what a clone gets wrong; white before, between and after.
    for height in (1, 7, 24, 47, 48, 96, 128, 129, 700):
        picture = draw(random, height, page.width_px)
        picture[0, 0] = True
        if height > 300:
            picture[100:260] = False
        picture = np.concatenate(
            [np.zeros((150, page.width_px), bool), picture, np.zeros((400, page.width_px), bool)]
        )
        encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
        stream = encoder.begin_job() + encoder.begin_page(1)
        stream += b"".join(encoder.band(rows) for rows in bands(picture, random))
        stream += encoder.end_page() + encoder.end_job()
        (sheet,) = print_receipt(profile, stream)
        check_piece(sheet, page, [picture])


@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
def test_pages_follow_each_other_or_are_cut(profile):
    random = np.random.default_rng(4)
    cutter = len(ESCPOS.capabilities(profile).finishings) > 1
    for finishings, pieces in ((), 1), ((63,), 1), ((11,), 1), ((3,), 1), ((60,), 3 if cutter else 1):
        encoder = ESCPOS.encoder(profile, receipt_ticket(profile, finishings=finishings))
        page = encoder.page_format()
        pictures = [blocks(random, 200, page.width_px) for _ in range(3)]
        for picture in pictures:
            picture[[0, -1], 5] = True
        pictures = [np.concatenate([picture, np.zeros((40, page.width_px), bool)]) for picture in pictures]
        stream = encoder.begin_job()
        for picture in pictures:
            stream += encoder.begin_page(1)
            stream += (
                b"".join(encoder.band(rows) for rows in bands(picture, random, longest=90))
                + encoder.end_page()
            )
        stream += encoder.end_job()
        sheets = print_receipt(profile, stream)
        assert len(sheets) == pieces
        assert [sheet.cut != "none" for sheet in sheets] == [cutter and finishings != (3,)] * pieces
        if pieces == 1:
            check_piece(sheets[0], page, pictures)
        else:
            for sheet, picture in zip(sheets, pictures, strict=True):
                check_piece(sheet, page, [picture])


@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
def test_a_blank_job_prints_and_cuts_nothing(profile):
    encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
    rows = np.zeros((500, (encoder.page_format().width_px + 7) // 8), np.uint8)
    stream = (
        encoder.begin_job()
        + encoder.begin_page(1)
        + encoder.band(rows)
        + encoder.end_page()
        + encoder.end_job()
    )
    assert print_receipt(profile, stream) == []


@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
def test_text_lines_stand_where_drawn_lines_would(profile):
    """Pixels before and after lines of native text keep their places: text advances by the height it says."""
    encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
    text, page = encoder.text_format(), encoder.page_format()
    if text is None:
        assert profile == "zijiang"
        return
    mark = np.zeros((24, page.width_px), bool)
    mark[[0, -1], 3] = True
    stream = encoder.begin_job() + encoder.begin_page(1) + encoder.band(np.packbits(mark, axis=1))
    for line in ("Total 12,50", "", "x" * text.columns, "   ", "Ende"):
        assert encoder.can_encode(line)
        stream += encoder.text_line(line)
    stream += encoder.band(np.packbits(mark, axis=1)) + encoder.end_page() + encoder.end_job()
    (sheet,) = print_receipt(profile, stream)
    found = receipt_pixels(sheet, page)
    below = 24 + 5 * text.cell_height_px
    assert np.array_equal(found[:24], mark)
    assert np.array_equal(found[below : below + 24], mark)
    inked = [found[24 + line * text.cell_height_px :][: text.cell_height_px].any() for line in range(5)]
    assert inked == [True, False, True, False, True]
    assert (
        found[24 : 24 + 3 * text.cell_height_px].any(axis=0).nonzero()[0].max()
        < text.columns * text.cell_width_px
    )


@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
def test_after_a_job_broken_anywhere_the_next_prints_as_if_nothing_had_been(profile):
    random = np.random.default_rng(5)
    encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
    page = encoder.page_format()
    picture = noise(random, 300, page.width_px)
    broken = encoder.begin_job() + encoder.begin_page(1)
    broken += b"".join(encoder.band(rows) for rows in bands(picture, random))
    mark = blocks(random, 60, page.width_px)
    mark[[0, -1], 0] = True
    for cut in (*random.integers(20, len(broken), 12), 17, 21, len(broken) - 1):
        encoder = ESCPOS.encoder(profile, receipt_ticket(profile))
        after = encoder.begin_job() + encoder.begin_page(1) + encoder.band(np.packbits(mark, axis=1))
        after += encoder.end_page() + encoder.end_job()
        decoder = EscPosDecoder(MODELS[RECEIPT_PRINTERS[profile]])
        effects = [*decoder.feed(broken[:cut]), *decoder.feed(ESCPOS.abandon(profile)), *decoder.finish()]
        # An escape that the break left alone goes with the first of the white bytes, and prints nothing.
        unknown = [
            effect.detail["bytes"]
            for effect in effects
            if isinstance(effect, Action) and effect.name == "unknown"
        ]
        assert set(unknown) <= {b"\x1b\0", b"\x1c\0", b"\x1d\0"}
        sheets = [effect for effect in [*decoder.feed(after), *decoder.finish()] if isinstance(effect, Sheet)]
        # Without a cutter the paper fed out to be torn off stands before it.
        found = receipt_pixels(sheets[-1], page)
        start = int(found.any(axis=1).argmax())
        assert np.array_equal(found[start : start + len(mark)], mark)
        assert found.sum() == mark.sum()
        assert start == 0 or sheets[-1].cut == "none"


# --- sheets -------------------------------------------------------------------------------------------------------------


def laser_ticket(profile, media=None, **changes):
    capabilities = PCL.capabilities(profile)
    return JobTicket(1, media or capabilities.media[0], **changes)


def print_sheets(profile, stream, dpi, media):
    decoder = PclDecoder(
        dpi=dpi,
        media=media,
        unprintable_um=4200,
        # HP's manual: pixels beside the logical page are lost. One profile is for printers that print them.
        clip_to_logical_page=profile != "generic-pcl5e-narrow-margins",
    )
    effects = [*decoder.feed(stream), *decoder.finish()]
    unknown = [effect for effect in effects if isinstance(effect, Action) and effect.name == "unknown"]
    assert not unknown
    return [effect for effect in effects if isinstance(effect, Sheet)]


def check_sheet(sheet, page, picture):
    black = ~np.asarray(sheet.image.convert("1"))
    window = black[page.top_px : page.top_px + page.height_px, page.left_px : page.left_px + page.width_px]
    assert not [note for note in sheet.notes if "dropped" in note or "clipped" in note], sheet.notes
    assert np.array_equal(window, picture)
    assert black.sum() == window.sum(), "nothing beside the window"


@pytest.mark.parametrize(
    ("profile", "name"),
    [(profile, spec.name) for profile in PCL.profiles() for spec in PCL.capabilities(profile).media],
)
def test_every_size_of_paper_is_printed_to_its_window_s_corners(profile, name):
    spec = next(spec for spec in PCL.capabilities(profile).media if spec.name == name)
    dpi = PCL.capabilities(profile).resolutions_dpi[-1][0]
    random = np.random.default_rng(1)
    encoder = PCL.encoder(profile, laser_ticket(profile, spec, resolution_dpi=(dpi, dpi)))
    page = encoder.page_format()
    picture = gaps(random, page.height_px, page.width_px) | corners(random, page.height_px, page.width_px)
    stream = encoder.begin_job() + encoder.begin_page(1)
    stream += (
        b"".join(encoder.band(rows) for rows in bands(picture, random))
        + encoder.end_page()
        + encoder.end_job()
    )
    # The tray holds something else: the size asked for is what counts.
    (sheet,) = print_sheets(
        profile, stream, dpi, "na_letter_8.5x11in" if "iso_a4" in name else "iso_a4_210x297mm"
    )
    assert sheet.media == name
    assert sheet.dpi == (dpi, dpi)
    assert sheet.image.size[0] - page.media_width_px in {0, 1}
    assert 0 <= sheet.image.size[1] - page.media_height_px <= 2
    check_sheet(sheet, page, picture)


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)
def test_a_page_of_600_dpi_is_equal_to_the_pixel(draw):
    random = np.random.default_rng(2)
    encoder = PCL.encoder("generic-pcl5e", laser_ticket("generic-pcl5e"))
    page = encoder.page_format()
    picture = draw(random, page.height_px, page.width_px)
    stream = encoder.begin_job() + encoder.begin_page(1)
    stream += (
        b"".join(encoder.band(rows) for rows in bands(picture, random))
        + encoder.end_page()
        + encoder.end_job()
    )
    (sheet,) = print_sheets("generic-pcl5e", stream, 600, "iso_a4_210x297mm")
    check_sheet(sheet, page, picture)


@pytest.mark.parametrize("sides", ["two-sided-long-edge", "two-sided-short-edge"])
@pytest.mark.parametrize(
    "profile", [name for name in PCL.profiles() if len(PCL.capabilities(name).sides) > 1]
)
def test_both_sides_and_copies(profile, sides):
    random = np.random.default_rng(8)
    encoder = PCL.encoder(profile, laser_ticket(profile, sides=sides, resolution_dpi=(300, 300)))
    page = encoder.page_format()
    pictures = [blocks(random, page.height_px, page.width_px) for _ in range(3)]
    stream = encoder.begin_job()
    for number, picture in enumerate(pictures):
        stream += encoder.begin_page(2, back=number % 2 == 1)
        stream += b"".join(encoder.band(rows) for rows in bands(picture, random)) + encoder.end_page()
    stream += encoder.end_job()
    sheets = print_sheets(profile, stream, 300, "iso_a4_210x297mm")
    assert [sheet.side for sheet in sheets][:3] == ["front", "back", "front"]
    assert [sheet.copies for sheet in sheets[:3]] == [2, 2, 2]
    for sheet, picture in zip(sheets, pictures, strict=False):
        # The back is shown as when the sheet is turned over along its long edge: bound at the short one it hangs down.
        if sheet.side == "back" and sides == "two-sided-short-edge":
            sheet = replace(sheet, image=sheet.image.rotate(180))  # noqa: PLW2901
            check_turned(sheet, page, picture)
        else:
            check_sheet(sheet, page, picture)


def check_turned(sheet, page, picture):
    """Turned by half, a sheet that is a dot wider than twice the window's distance may be off by that dot."""
    black = ~np.asarray(sheet.image)
    height, width = black.shape
    top, left = height - page.media_height_px + page.top_px, width - page.media_width_px + page.left_px
    places = [
        np.array_equal(black[y : y + page.height_px, x : x + page.width_px], picture)
        for y in range(page.top_px, top + 1)
        for x in range(page.left_px, left + 1)
    ]
    assert any(places)


@pytest.mark.parametrize("profile", ["generic-pcl5e", "generic-pcl5e-duplex", "generic-pcl5-300"])
def test_a_blank_page_comes_out_blank(profile):
    encoder = PCL.encoder(profile, laser_ticket(profile))
    page = encoder.page_format()
    rows = np.zeros((page.height_px, (page.width_px + 7) // 8), np.uint8)
    dot = rows.copy()
    dot[-1, 0] = 0x80
    stream = encoder.begin_job()
    for part in (rows, dot):
        stream += encoder.begin_page(1) + encoder.band(part) + encoder.end_page()
    stream += encoder.end_job()
    sheets = print_sheets(profile, stream, page.resolution_dpi[0], "iso_a4_210x297mm")
    assert [(~np.asarray(sheet.image.convert("1"))).sum() for sheet in sheets] == [0, 1]


@pytest.mark.parametrize("profile", list(PCL.profiles()))
def test_after_a_job_stopped_between_two_calls_the_next_prints_as_if_nothing_had_been(profile):
    random = np.random.default_rng(9)
    ticket = laser_ticket(profile, resolution_dpi=(300, 300))
    encoder = PCL.encoder(profile, ticket)
    page = encoder.page_format()
    picture = blocks(random, page.height_px, page.width_px)
    stopped = encoder.begin_job() + encoder.begin_page(5) + encoder.band(np.packbits(picture[:333], axis=1))
    encoder = PCL.encoder(profile, ticket)
    stream = stopped + PCL.abandon(profile) + encoder.begin_job() + encoder.begin_page(1)
    stream += (
        b"".join(encoder.band(rows) for rows in bands(picture, random))
        + encoder.end_page()
        + encoder.end_job()
    )
    sheets = print_sheets(profile, stream, 300, "iso_a4_210x297mm")
    assert len(sheets) == 2
    assert sheets[1].copies == 1
    check_sheet(sheets[1], page, picture)


# --- parts of jobs, and pages for other tickets -------------------------------------------------------------------------


@pytest.mark.parametrize("profile", RECEIPT_PRINTERS)
@pytest.mark.parametrize(
    ("finishings", "pieces"),
    [
        # Two copies of two documents of two pages each: where PWG 5100.1 §6.1 says that it is cut.
        ((3,), [8]),
        ((11,), [8]),
        ((63,), [8]),
        ((60,), [1] * 8),
        ((61,), [2] * 4),
        ((62,), [4] * 2),
        ((61, 62, 63), [2] * 4),
        ((60, 63), [1] * 8),
    ],
)
def test_where_the_roll_is_cut(profile, finishings, pieces):
    random = np.random.default_rng(6)
    cutter = len(ESCPOS.capabilities(profile).finishings) > 1
    encoder = ESCPOS.encoder(profile, receipt_ticket(profile, finishings=finishings))
    page = encoder.page_format()
    pictures = []
    stream = encoder.begin_job()
    for _copy in range(2):
        for _document in range(2):
            for _page in range(2):
                picture = blocks(random, 60, page.width_px)
                picture[[0, -1], 5] = True
                pictures.append(picture)
                stream += encoder.begin_page(1) + encoder.band(np.packbits(picture, axis=1))
                stream += encoder.end_page()
            stream += encoder.end_part(Part.DOCUMENT)
        stream += encoder.end_part(Part.COPY)
    stream += encoder.end_job()
    sheets = print_receipt(profile, stream)
    expected = pieces if cutter else [8]
    assert len(sheets) == len(expected)
    assert [sheet.cut != "none" for sheet in sheets] == [cutter and finishings != (3,)] * len(expected)
    for sheet, count in zip(sheets, expected, strict=True):
        check_piece(sheet, page, [pictures.pop(0) for _ in range(count)])


@pytest.mark.parametrize(("finishings", "pieces"), [((3,), 1), ((), 2), ((63,), 2), ((60,), 2), ((62,), 2)])
def test_the_job_sheet_of_a_receipt_is_cut_off_where_anything_is(finishings, pieces):
    encoder = ESCPOS.encoder("generic-80mm", receipt_ticket("generic-80mm", finishings=finishings))
    stream = encoder.begin_job() + encoder.begin_page(1) + encoder.text_line("Job 7") + encoder.end_page()
    stream += encoder.end_part(Part.JOB_SHEET)
    stream += encoder.begin_page(1) + encoder.text_line("Coffee") + encoder.end_page() + encoder.end_job()
    assert len(print_receipt("generic-80mm", stream)) == pieces


@pytest.mark.parametrize("profile", list(PCL.profiles()))
def test_pages_of_a_job_on_different_paper(profile):
    """Paper, and where the printer has them sides and resolution, change from page to page; each is right to the pixel."""
    random = np.random.default_rng(7)
    capabilities = PCL.capabilities(profile)
    dpi = capabilities.resolutions_dpi[0]
    tickets = [laser_ticket(profile, media, resolution_dpi=dpi) for media in capabilities.media[:3]]
    if len(capabilities.sides) > 1:
        tickets.append(
            laser_ticket(profile, capabilities.media[0], resolution_dpi=dpi, sides="two-sided-long-edge")
        )
        tickets.append(laser_ticket(profile, capabilities.media[1], resolution_dpi=dpi))
    tickets.append(laser_ticket(profile, capabilities.media[0], resolution_dpi=dpi))
    encoder = PCL.encoder(profile, tickets[0])
    stream = encoder.begin_job()
    pages = []
    for ticket in tickets:
        changed = encoder.change(ticket)
        assert bool(changed) == (ticket is not tickets[0])
        page = encoder.page_format()
        assert page == PCL.encoder(profile, ticket).page_format()
        picture = corners(random, page.height_px, page.width_px)
        pages.append((ticket, page, picture))
        stream += (
            changed + encoder.begin_page(1) + b"".join(encoder.band(rows) for rows in bands(picture, random))
        )
        stream += encoder.end_page()
    stream += encoder.end_job()
    sheets = print_sheets(profile, stream, dpi[0], "na_legal_8.5x14in")
    assert [sheet.media for sheet in sheets] == [ticket.media.name for ticket, _, _ in pages]
    assert [sheet.side for sheet in sheets] == ["front"] * len(sheets)
    for sheet, (_, page, picture) in zip(sheets, pages, strict=True):
        check_sheet(sheet, page, picture)


def test_quality_and_resolution_change_inside_one_job():
    """PJL variables are set between pages; the job stays one (HP's PJL reference: a job has any number of languages)."""
    profile = next(name for name in PCL.profiles() if len(PCL.capabilities(name).print_qualities) > 1)
    resolutions = PCL.capabilities(profile).resolutions_dpi
    first = laser_ticket(profile, resolution_dpi=resolutions[0])
    encoder = PCL.encoder(profile, first)
    encoder.begin_job()
    changed = encoder.change(replace(first, print_quality=3))
    assert changed.startswith(b"\x1b%-12345X@PJL SET ")
    assert b"@PJL SET ECONOMODE=ON\r\n" in changed
    assert b"@PJL JOB" not in changed
    assert b"@PJL EOJ" not in changed
    assert encoder.change(replace(first, print_quality=3, print_scaling="fill")) == b""
    if len(resolutions) > 1:
        assert f"RESOLUTION={resolutions[1][0]}".encode() in encoder.change(
            replace(first, resolution_dpi=resolutions[1])
        )


def test_a_change_that_the_printer_cannot_make_changes_nothing():
    profile = next(name for name in PCL.profiles() if len(PCL.capabilities(name).sides) == 1)
    ticket = laser_ticket(profile)
    encoder = PCL.encoder(profile, ticket)
    with pytest.raises(DocumentError):
        encoder.change(replace(ticket, sides="two-sided-long-edge"))
    assert encoder.change(ticket) == b""
