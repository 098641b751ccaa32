"""What printer-icons and printer-strings-uri point to is there, and nothing else is."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pytest
from desk import BASE, LASER, RECEIPT, open_desk
from PIL import Image

from tympan.ipp import Attribute, GroupTag, Operation
from tympan.service.strings import LANGUAGES
from tympan.web.files import static_file


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


def asked(desk, uri, language="en"):
    head = (
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", language),
    )
    return desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri, head=head).group(GroupTag.PRINTER)


@pytest.mark.parametrize("uri", [RECEIPT, LASER])
def test_icons_in_three_sizes(desk, uri):
    sizes = []
    for icon in asked(desk, uri).strings("printer-icons"):
        assert icon.startswith(f"http{BASE.removeprefix('ipp')}/")
        file = static_file(urlsplit(icon).path)
        assert file.media_type == "image/png"
        image = Image.open(io.BytesIO(file.data))
        assert image.format == "PNG"
        assert image.mode == "RGBA"
        assert image.getchannel("A").getextrema() == (0, 255)
        sizes.append(image.size)
    assert sizes == [(48, 48), (128, 128), (512, 512)]


def test_a_receipt_printer_looks_like_one(desk):
    assert asked(desk, RECEIPT).strings("printer-icons") != asked(desk, LASER).strings("printer-icons")


@pytest.mark.parametrize(
    ("language", "file"), [(each, each) for each in LANGUAGES] + [("de-CH", "de"), ("fi", "en")]
)
def test_the_catalogue_follows_the_language_of_the_request(desk, language, file):
    group = asked(desk, RECEIPT, language)
    assert group.string("printer-strings-uri").endswith(f"/strings/{file}.strings")
    assert group.strings("printer-strings-languages-supported") == LANGUAGES
    served = static_file(urlsplit(group.string("printer-strings-uri")).path)
    assert (served.media_type, served.charset) == ("text/strings", "utf-8")
    assert '"sides.one-sided" = ' in served.data.decode("utf-8")


@pytest.mark.parametrize("path", ["/icons/", "/icons/receipt-49.png", "/icons/../pages.py", "/strings/xx.strings", "/strings/en", "/"])  # fmt: skip
def test_nothing_else_is_a_file(path):
    assert static_file(path) is None
