"""The pages tympan prints about itself: the test page, and the welcome of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from tympan import __version__
from tympan.cli.client import IppClient
from tympan.cli.output import shown
from tympan.cli.printers import attributes_of_printer
from tympan.ipp import AttributeGroup, Collection
from tympan.model.media import find_size
from tympan.own_pages.test_page import PageFacts, page_document

ASKED = (
    "printer-name",
    "printer-info",
    "printer-make-and-model",
    "printer-location",
    "printer-kind",
    "printer-resolution-default",
    "printer-uri-supported",
    "printer-more-info",
    "media-col-default",
    "media-default",
)

ROLL_KINDS = frozenset({"receipt"})
"""``printer-kind`` of printers whose paper is as long as its content."""

DEFAULT_SIZE_HMM = (21_000, 29_700)


def sample_page(
    client: IppClient, *, title: str = "tympan", subtitle: str = "", hints: Sequence[str] = ()
) -> bytes:
    """A PDF for the paper that the client's printer has loaded.

    Raises:
        UnreachableError: No answer.
        RequestFailedError: There is no such printer.
    """
    printer = attributes_of_printer(client, *ASKED)
    width, length, margin = _paper(printer)
    return page_document(
        PageFacts(
            title=title,
            subtitle=subtitle or f"Test page of {printer.string('printer-info') or client.printer_name}",
            facts=_facts(printer),
            hints=hints,
            width_hmm=width,
            length_hmm=length,
            margin_hmm=margin,
        )
    )


def _facts(printer: AttributeGroup) -> list[tuple[str, str]]:
    uri = (printer.strings("printer-uri-supported") or ("",))[0]
    more = printer.string("printer-more-info") or ""
    pairs = (
        ("Printer", printer.string("printer-name") or ""),
        ("Model", printer.string("printer-make-and-model") or ""),
        ("Location", printer.string("printer-location") or ""),
        ("Address", uri),
        ("Status page", more if urlsplit(more).scheme in {"http", "https"} else ""),
        ("Paper", _paper_words(printer)),
        ("Resolution", shown(printer.get("printer-resolution-default"))),
        ("Version", f"tympan {__version__}"),
    )
    return [(name, value) for name, value in pairs if value]


def _paper_words(printer: AttributeGroup) -> str:
    """The default paper as people call it: ``A4``, ``80 mm roll``, ``100 x 150 mm``."""
    width, length, _ = _paper(printer)
    if length is None:
        return f"{width / 100:g} mm roll"
    size = find_size(printer.string("media-default") or "")
    return (size.alias if size is not None else "") or f"{width / 100:g} x {length / 100:g} mm"


def _paper(printer: AttributeGroup) -> tuple[int, int | None, int]:
    """Width, length (None on a roll) and widest margin of the default paper, hundredths of a millimetre."""
    default = printer.collection("media-col-default")
    width, length = DEFAULT_SIZE_HMM
    margin = 0
    if default is not None:
        size = default.get("media-size")
        if size is not None and isinstance(size.first, Collection):
            width = _integer(size.first, "x-dimension") or width
            length = _integer(size.first, "y-dimension") or length
        margin = max(_integer(default, f"media-{side}-margin") for side in ("left", "right", "top", "bottom"))
    on_roll = bool(ROLL_KINDS & set(printer.strings("printer-kind")))
    return width, None if on_roll else length, margin


def _integer(collection: Collection, name: str) -> int:
    member = collection.get(name)
    integers = member.integers() if member is not None else ()
    return integers[0] if integers else 0
