"""What the test page of a command says of the printer it is for."""

from __future__ import annotations

import pypdfium2
import pytest

from tympan.cli.client import IppClient
from tympan.cli.sample import sample_page
from tympan.ipp import Attribute, Collection, GroupTag, Operation


@pytest.mark.parametrize(
    ("name", "size", "kind", "words"),
    [
        ("iso_a4_210x297mm", (21000, 29700), "document", "A4"),
        ("na_letter_8.5x11in", (21590, 27940), "document", "Letter"),
        ("om_receipt_80x297mm", (8000, 29700), "receipt", "80 mm roll"),
        ("om_own_100x150.5mm", (10000, 15050), "document", "100 x 150.5 mm"),
    ],
)
def test_paper_is_called_what_people_call_it(service, name, size, kind, words):
    width, length = size
    dimensions = Collection(
        (Attribute.integer("x-dimension", width), Attribute.integer("y-dimension", length))
    )
    printer = (
        Attribute.keyword("media-default", name),
        Attribute.collection(
            "media-col-default", Collection((Attribute.collection("media-size", dimensions),))
        ),
        Attribute.keyword("printer-kind", kind),
    )
    service.answers[Operation.GET_PRINTER_ATTRIBUTES] = lambda _seen: [(GroupTag.PRINTER, printer)]
    with IppClient(service.uri) as client:
        document = pypdfium2.PdfDocument(sample_page(client))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert words in text
    assert name not in text
