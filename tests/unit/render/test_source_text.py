import io
import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from rendering import RECEIPT_FONT, ROLL, MemoryDocument, a4, ink_box, receipt, render

from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.layout import impressions
from tympan.render.sources import open_source
from tympan.render.sources.bidirectional import joined, visual_order
from tympan.render.sources.text_lines import FORM_FEED, READ_BYTES, cells, lines, wrapped
from tympan.render.sources.text_pen import TextPen

MONO = "DejaVuSansMono.ttf"


def split(data, piece=0):
    return list(lines(MemoryDocument(data, piece)))


def words(text, columns):
    return ["".join(cell.text for cell in part) for part in wrapped(cells(text), columns)]


def receipt_lines(text, can_encode=str.isascii):
    data = text if isinstance(text, bytes) else text.encode()
    return render("text/plain", data, receipt(), text=RECEIPT_FONT, can_encode=can_encode)


class TestDecoding:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ("Größe ж 日本".encode(), ["Größe ж 日本"]),
            (b"\xef\xbb\xbfGr\xc3\xb6\xc3\x9fe", ["Größe"]),
            ("Größe ж".encode("utf-16"), ["Größe ж"]),
            (b"\xfe\xff" + "Größe".encode("utf-16-be"), ["Größe"]),
            ("Größe 5 €".encode("cp1252"), ["Größe 5 €"]),
            (b"a" * 5000 + b"\xff\xfe" + b"b", ["a" * 5000 + "\ufffd\ufffdb"]),
            (b"one\r\ntwo\rthree\nfour\vfive\xe2\x80\xa8six", ["one", "two", "three", "four", "five", "six"]),
            (b"a\n\n\nb\n", ["a", "", "", "b"]),
            (b"a\fb\f", ["a", FORM_FEED, "b", FORM_FEED]),
            (b"a\n\fb", ["a", FORM_FEED, "b"]),
            (b"", []),
            (b"\n", [""]),
        ],
    )
    @pytest.mark.parametrize("piece", [0, 1, 3])
    def test_lines(self, data, expected, piece):
        assert split(data, piece) == expected

    def test_a_line_end_on_the_border_of_a_read(self):
        for length in range(READ_BYTES - 3, READ_BYTES + 3):
            assert split(b"x" * 4096 + b"y" * (length - 4096) + b"\r\nz") == [
                "x" * 4096 + "y" * (length - 4096),
                "z",
            ] or (
                "".join(split(b"x" * 4096 + b"y" * (length - 4096) + b"\r\nz"))
                == "x" * 4096 + "y" * (length - 4096) + "z"
            )
            assert split(b"ab\r\n" * (length // 4)) == ["ab"] * (length // 4)

    def test_a_document_without_line_ends_is_broken_up(self):
        found = split(b"x" * 1_000_000)
        assert max(map(len, found)) <= 64 << 10
        assert sum(map(len, found)) == 1_000_000


class TestCells:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("a\tb", "a       b"),
            ("12345678\tb", "12345678        b"),
            ("日\tb", "日      b"),
            ("abc\b\bX", "aXc"),
            ("trailing   ", "trailing"),
            ("a\x00\x1b\x7fb\u200e", "ab"),
            ("e\u0301x", "e\u0301x"),
            ("\u0301x", "x"),
            ("\b\bx", "x"),
        ],
    )
    def test_text(self, line, expected):
        found = cells(line)
        if "X" in line:
            assert [cell.text for cell in found] == ["a", "b", "c"]
            assert found[1].over == "X"
        else:
            assert "".join(cell.text for cell in found) == expected

    def test_wide_characters_take_two_columns(self):
        assert [cell.columns for cell in cells("a日ｶ\uff21é")] == [1, 2, 1, 2, 1]

    def test_bold_and_underlined_by_backspace(self):
        assert [(cell.text, cell.over) for cell in cells("N\bN_\bxx\b_")] == [
            ("N", ""),
            ("_", "x"),
            ("x", "_"),
        ]

    def test_marks_without_end_are_dropped(self):
        assert len(cells("a" + "\u0301" * 1000)[0].text) < 20


class TestWrapping:
    @pytest.mark.parametrize(
        ("text", "columns", "expected"),
        [
            ("", 10, [""]),
            ("0123456789", 10, ["0123456789"]),
            ("01234567890", 10, ["0123456789", "0"]),
            ("one two three", 10, ["one two", "three"]),
            ("0123456789 next", 10, ["0123456789", "next"]),
            ("a bcdefghijklmnop", 10, ["a bcdefghi", "jklmnop"]),
            ("one two     three", 10, ["one two", "three"]),
            ("    indented line that is long", 12, ["    indented", "line that is", "long"]),
            ("日本語日本語", 5, ["日本", "語日", "本語"]),
        ],
    )
    def test_lines_are_broken(self, text, columns, expected):
        assert [line.rstrip() for line in words(text, columns)] == expected

    def test_nothing_is_lost(self):
        rng = np.random.default_rng(1)
        for _ in range(200):
            text = "".join(rng.choice(list("ab 日é"), 80)).strip()
            columns = int(rng.integers(2, 20))
            found = words(text, columns)
            assert "".join(found).replace(" ", "") == text.replace(" ", "")
            widths = [
                sum(2 if unicodedata.east_asian_width(one) == "W" else 1 for one in line) for line in found
            ]
            assert max(widths) <= columns


class TestRightToLeft:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("abc", "abc"),
            ("אבג", "גבא"),
            ("abc אבג def", "abc גבא def"),
            ("אבג abc", "abc גבא"),
            ("אב 12 גד", "דג 12 בא"),
            ("price: אב 12", "price: 12 בא"),
            ("אב (גד)", ")דג( בא"),
            ("abc אב גד, ef", "abc דג בא, ef"),
        ],
    )
    def test_order(self, text, expected):
        """Orders worked out by hand after UAX #9; brackets are mirrored when they are drawn."""
        assert "".join(text[index] for index, _ in visual_order(list(text))) == expected

    def test_letters_join(self):
        # Unicode's own names of the forms, for "محمد": initial, medial, medial, final.
        names = [unicodedata.name(one) for one in joined(list("محمد"))]
        assert [name.rsplit(" ", 2)[-2] for name in names] == ["INITIAL", "MEDIAL", "MEDIAL", "FINAL"]
        # Alef joins to nothing after it.
        assert [unicodedata.name(one).rsplit(" ", 2)[-2] for one in joined(list("باب"))] == [
            "INITIAL",
            "FINAL",
            "ISOLATED",
        ]

    def test_lam_and_alef_are_one(self):
        assert joined(list("لا")) == ["\ufefb", ""]
        assert joined(list("بلا"))[1:] == ["\ufefc", ""]

    def test_marks_stay_with_their_letters(self):
        assert joined(["ب\u064e", "ب"])[0].endswith("\u064e")


class TestReceipt:
    def test_what_the_printer_has_is_sent_as_text(self):
        out = receipt_lines("Total  4.80\n\nThank you\n")
        assert out.lines == [["Total  4.80", "", "Thank you"]]
        assert len(out.pages[0]) == 0

    def test_a_line_with_anything_else_is_drawn_in_the_same_grid(self):
        out = receipt_lines("ab\nжж\ncd\n")
        assert out.lines == [["ab", "cd"]]
        assert len(out.pages[0]) == RECEIPT_FONT.cell_height_px
        left, _, right, _ = ink_box(out.pages[0])
        assert left >= 0
        assert right <= 2 * RECEIPT_FONT.cell_width_px

    @pytest.mark.parametrize("text", ["日本", "שלום", "a\bX"])
    def test_what_the_font_cannot_do_is_drawn_whatever_the_code_page_has(self, text):
        assert receipt_lines(text, lambda _: True).lines == [[]]

    def test_right_to_left_lines_end_at_the_right_margin(self):
        assert ink_box(receipt_lines("שלום").pages[0])[2] > 576 - 14

    def test_wide_characters_keep_the_columns(self):
        """What follows four wide characters stands where it stands after eight narrow ones."""
        wide, narrow = receipt_lines("日本日本X").pages[0], receipt_lines("жжжжжжжжX").pages[0]
        x = slice(8 * 12, 9 * 12)
        np.testing.assert_array_equal(wide[:, x][: len(narrow)], narrow[:, x][: len(wide)])

    def test_long_lines_are_wrapped_at_the_printers_columns(self):
        assert [len(line) for line in receipt_lines("x" * 100).lines[0]] == [48, 48, 4]

    def test_a_form_feed_ends_a_piece(self):
        assert receipt_lines("a\fb\n\f").lines == [["a"], ["b"]]

    def test_a_piece_that_is_passed_over(self):
        ticket = JobTicket(1, ROLL)
        source = open_source(
            "text/plain", MemoryDocument(b"a\nb\fc\n"), ticket, receipt(), RECEIPT_FONT, str.isascii
        )
        assert [
            list(side.bands()) for side in impressions(source, ticket, receipt()) if side.number == 2
        ] == [["c"]]

    def test_lines_come_as_the_document_arrives(self):
        document = MemoryDocument(b"line\n" * 100_000, piece=8192)
        ticket = JobTicket(1, ROLL)
        source = open_source("text/plain", document, ticket, receipt(), RECEIPT_FONT, str.isascii)
        assert next(next(impressions(source, ticket, receipt())).bands()) == "line"
        assert document.furthest < 40_000

    def test_nothing_to_print(self):
        with pytest.raises(DocumentError):
            receipt_lines(b"\xef\xbb\xbf")

    def test_a_turned_receipt_is_drawn(self):
        out = render("text/plain", b"Hello", receipt(), text=RECEIPT_FONT, orientation_requested=4)
        assert out.lines == [[]]
        assert out.pages[0].any()


class TestSheets:
    def test_margins_and_size(self):
        dpi = 600
        page = a4(dpi)
        out = render("text/plain", ("H" * 400 + "\n" + "H\n" * 200).encode(), page)
        left, top, _, bottom = ink_box(out.pages[0])
        margin = 15 / 25.4 * dpi
        assert abs(left + page.left_px - margin) < dpi * 0.02
        assert margin - 10 < top + page.top_px < margin + dpi * 0.06
        assert bottom + page.top_px < page.media_height_px - margin
        # Ten point: a capital of DejaVu Sans Mono is 0.729 em high (its OS/2 table), and lines are 12 points apart.
        column = out.pages[0][:, left : left + 5]
        starts = np.flatnonzero(np.diff(column.any(axis=1).astype(int)) == 1)
        assert np.abs(np.diff(starts) - dpi * 12 / 72).max() <= 1
        ends = np.flatnonzero(np.diff(column.any(axis=1).astype(int)) == -1)
        assert abs(ends[1] - starts[1] - 0.729 * 10 / 72 * dpi) <= 3

    def test_pages_are_filled_and_ended(self):
        per_page = int((297 - 30) / 25.4 * 72 / 12)
        assert len(render("text/plain", b"x\n" * per_page, a4(300)).pages) == 1
        assert len(render("text/plain", b"x\n" * (per_page + 1), a4(300)).pages) == 2
        assert len(render("text/plain", b"x\n" * per_page + b"\fy", a4(300)).pages) == 2
        assert len(render("text/plain", b"a\f\fb", a4(100)).pages) == 3

    @pytest.mark.parametrize("orientation", [4, 5, 6])
    def test_turned_text_is_laid_out_for_the_turned_page(self, orientation):
        out = render("text/plain", ("x" * 1000).encode(), a4(150), orientation_requested=orientation).pages[0]
        upright = np.rot90(out, {4: -1, 5: 1, 6: 2}[orientation])
        left, top, right, bottom = ink_box(upright)
        rows = int((np.diff(upright.any(axis=1).astype(int)) == 1).sum())
        columns = 122 if orientation != 6 else 84
        assert abs(rows - -(-1000 // columns)) <= 1
        assert top < 200
        assert left < 150
        assert right > upright.shape[1] - 150
        assert bottom < upright.shape[0] / 2

    def test_margins_of_a_turned_page_are_those_of_its_paper(self):
        page = a4(150)
        page = type(page)((150, 150), 1000, 1500, 1240, 1754, left_px=200, top_px=150)
        out = render("text/plain", ("H" * 3000).encode(), page, orientation_requested=4).pages[0]
        # Where the paper's left edge is, the text has its top: 200 pixels that cannot be printed on.
        assert 0 <= ink_box(out)[0] < 25

    def test_fit_does_not_shrink_text(self):
        for scaling in ("auto", "fit", "fill", "none"):
            np.testing.assert_array_equal(
                render("text/plain", b"Hello", a4(100), print_scaling=scaling).pages[0],
                render("text/plain", b"Hello", a4(100)).pages[0],
            )

    def test_two_pages_on_a_side(self):
        out = render("text/plain", b"first\fsecond", a4(300), number_up=2)
        assert len(out.pages) == 1
        sheet = np.rot90(out.pages[0], -1)
        half = sheet.shape[1] // 2
        assert sheet[:, :half].any()
        assert sheet[:, half:].any()

    def test_letters_are_those_of_the_font(self):
        """Against Pillow drawing the same word by itself."""
        out = render("text/plain", b"Quick", a4(600)).pages[0]
        left, top, right, bottom = ink_box(out)
        try:
            font = ImageFont.truetype(MONO, 83, layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            pytest.skip("DejaVu Sans Mono is not installed")
        image = Image.new("1", (600, 200))
        ImageDraw.Draw(image).text((50, 50), "Quick", fill=1, font=font)
        expected = np.asarray(image)
        x0, y0, x1, y1 = ink_box(expected)
        np.testing.assert_array_equal(out[top:bottom, left:right], expected[y0:y1, x0:x1])


def test_the_sample_has_all_its_scripts(request):
    """Every line of the sample leaves ink, and different lines different ink."""
    sample = (request.config.rootpath / "tests/data/documents/sample.txt").read_bytes()
    pen = TextPen(12, 30)
    seen = set()
    for line in split(sample):
        for part in wrapped(cells(line), 48):
            rows = pen.line(part, 48, 0, 576)
            assert rows.shape == (30, 72)
            assert rows.any()
            seen.add(rows.tobytes())
    assert len(seen) >= 14


def test_fuzzed_text_never_fails():
    rng = np.random.default_rng(11)
    for _ in range(150):
        data = rng.integers(0, 256, rng.integers(1, 400), np.uint8).tobytes()
        try:
            render("text/plain", data, receipt(), text=RECEIPT_FONT)
            render("text/plain", data, a4(72))
        except DocumentError:
            assert not io.BytesIO(data).read().strip(b"\f\xff\xfe\x00")
