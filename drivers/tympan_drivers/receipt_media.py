"""The paper a receipt printer offers, seen from its roll.

A roll has one width and no length. Clients want pages: so there are receipts of the roll's width, whose length is only
what a client lays out for (blank ends are not printed), and the sheets that phones and office programs know, which are
scaled down to the roll. Names are PWG 5101.1 self-describing names.
"""

from __future__ import annotations

from tympan.driver.ticket import MediaSpec

RECEIPTS = (("receipt", 29700), ("receipt-short", 10000), ("receipt-long", 100_000))
"""Label of the size name and length in hundredths of a millimetre; the first is the default."""

SHEETS = (
    ("iso_a4_210x297mm", 21000, 29700),
    ("na_letter_8.5x11in", 21590, 27940),
    ("iso_a5_148x210mm", 14800, 21000),
    ("iso_a6_105x148mm", 10500, 14800),
    ("na_legal_8.5x14in", 21590, 35560),
    ("na_index-4x6_4x6in", 10160, 15240),
    ("na_5x7_5x7in", 12700, 17780),
)
"""Sheets that clients offer when they know no roll: name, width, length."""

CUSTOM_HMM = ((2540, 1000), (21590, 500_000))
"""Smallest and largest (width, length) of a page that is printed on the roll."""

MAIN_SOURCE = "main"


def receipt_media(paper_width_hmm: int, side_margin_hmm: int) -> tuple[MediaSpec, ...]:
    """Every size a roll of this width is offered as; the default first.

    The margins of a receipt are what the head does not reach. Those of a sheet are the same: whatever is wider than the
    head is scaled to it as a whole, so nothing of a sheet is out of reach, but no client shall take it for borderless.

    Args:
        paper_width_hmm: Width of the roll.
        side_margin_hmm: What the head does not reach on either side.
    """
    width = f"{paper_width_hmm / 100:g}"
    sizes = [(f"om_{label}_{width}x{length // 100}mm", paper_width_hmm, length) for label, length in RECEIPTS]
    return tuple(
        MediaSpec(
            name=name,
            width_hmm=width_hmm,
            length_hmm=length_hmm,
            left_margin_hmm=side_margin_hmm,
            right_margin_hmm=side_margin_hmm,
            source=MAIN_SOURCE,
            type="continuous",
            roll=True,
        )
        for name, width_hmm, length_hmm in (*sizes, *SHEETS)
    )
