"""The test page is a PDF that other programs read, with everything on it and nothing cut off."""

from __future__ import annotations

import pypdfium2
import pytest

from tympan.own_pages.test_page import ACCENTS, PageFacts, page_document

FACTS = PageFacts(
    title="tympan",
    subtitle="Test page of (the) counter\\printer",
    facts=[
        ("Printer", "receipt"),
        ("Address", "ipp://a-machine-with-a-long-name.local:8631/ipp/print/receipt"),
    ],
    hints=["tympan print FILE"],
    width_hmm=8000,
    margin_hmm=400,
)


def rendered(facts: PageFacts, scale: float = 2.0):
    document = pypdfium2.PdfDocument(page_document(facts))
    try:
        assert len(document) == 1
        page = document[0]
        return (
            page.get_size(),
            page.get_textpage().get_text_bounded(),
            page.render(scale=scale).to_numpy()[:, :, 0].copy(),
        )
    finally:
        document.close()


def sized(width_hmm: int, length_hmm: int | None) -> PageFacts:
    return PageFacts(
        FACTS.title, FACTS.subtitle, FACTS.facts, FACTS.hints, width_hmm, length_hmm, FACTS.margin_hmm
    )


@pytest.mark.parametrize(
    ("width_hmm", "length_hmm"),
    [
        (5800, None),
        (8000, None),
        (21000, 29700),
        (21590, 27940),
        (14800, 21000),
        (10500, 14800),
        (10160, 15240),
    ],
)
def test_the_page_has_the_size_of_the_paper_and_all_fits(width_hmm, length_hmm):
    (width, height), text, pixels = rendered(sized(width_hmm, length_hmm))
    assert width == pytest.approx(width_hmm / 100 / 25.4 * 72, abs=0.01)
    if length_hmm is not None:
        assert height == pytest.approx(length_hmm / 100 / 25.4 * 72, abs=0.01)
    joined = "".join(text.split())
    for wanted in ("tympan", "Testpageof(the)counter\\printer", "".join(ACCENTS.split()), "tympanprintFILE"):
        assert wanted in joined
    assert "ipp://a-machine-with-a-long-name.local:8631/ipp/print/receipt" in joined
    edge = round(2 * FACTS.margin_hmm / 2540 * 72) - 1
    assert (pixels[:edge] == 255).all()
    assert (pixels[-edge:] == 255).all()
    assert (pixels[:, :edge] == 255).all()
    assert (pixels[:, -edge:] == 255).all()


def test_a_receipt_is_as_long_as_its_content():
    (_, short), *_ = rendered(sized(8000, None))
    (_, long), *_ = rendered(PageFacts("tympan", "", [("a", "b")] * 20, ["x"], 8000, None, 400))
    assert 150 < short < 600
    assert long > short + 100


def test_the_corners_are_marked():
    _, _, pixels = rendered(sized(8000, None))
    inset = round(2 * FACTS.margin_hmm / 2540 * 72) + 2
    for rows in (slice(inset - 3, inset + 4), slice(-inset - 4, -inset + 3)):
        for columns in (slice(inset - 3, inset + 24), slice(-inset - 24, -inset + 3)):
            assert (pixels[rows, columns] < 128).any()


def test_the_ramp_goes_from_white_to_black_in_eleven_steps():
    _, _, pixels = rendered(sized(21000, 29700))
    ramps = [
        row for row in pixels if len({*row.tolist()} & set(range(1, 255))) >= 9 and (row == 0).sum() > 40
    ]
    assert ramps
    steps: list[int] = []
    for value in ramps[len(ramps) // 2].tolist():
        if not steps or value != steps[-1]:
            steps.append(value)
    greys = [value for value in range(255, -1, -1) if (ramps[len(ramps) // 2] == value).sum() > 40]
    assert len(greys) == 11
    assert greys[0] == 255
    assert greys[-1] == 0


@pytest.mark.parametrize(
    ("width_hmm", "length_hmm"), [(21000, 29700), (14800, 21000), (8000, None), (5800, None)]
)
def test_the_title_stands_clear_of_what_is_below(width_hmm, length_hmm):
    facts = PageFacts("ypg", "HHH", [], [], width_hmm, length_hmm, 400)
    document = pypdfium2.PdfDocument(page_document(facts))
    text = document[0].get_textpage()
    boxes = [text.get_charbox(index) for index in range(text.count_chars())]
    document.close()
    bottoms, tops = [box[1] for box in boxes[:3]], [box[3] for box in boxes if box[3] - box[1] > 1][3:6]
    assert min(bottoms) - max(tops) > 2


def test_letters_that_no_base_font_has_are_replaced_and_break_nothing():
    _, text, _ = rendered(PageFacts("tympan", "日本 (", [], [], 8000))
    assert "?? (" in text
