"""What a document is, from its first bytes.

Owns the table of signatures. It is used by the service process too, so it imports nothing but the standard library and
never reads more than it is given.
"""

from __future__ import annotations

SNIFF_BYTES = 4096
"""As many first bytes as `sniff` makes use of."""

PDF_HEADER_WINDOW = 1024
"""A PDF's header may stand anywhere in the first so many bytes (ISO 32000-1 annex H.3.4.1)."""

UEL = b"\x1b%-12345X"
"""Universal exit language: what opens and closes a PJL job."""

PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"RaS2", "image/pwg-raster"),  # PWG 5102.4 §4.1: the synchronisation word, as it stands on the wire
    (b"2SaR", "image/pwg-raster"),  # the same word from a little-endian writer
    (b"UNIRAST\0", "image/urf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%!", "application/postscript"),
    (b"\x04%!", "application/postscript"),  # after the end-of-file character that Windows drivers send first
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x1bE", "application/vnd.hp-pcl"),
    (b"\x1b&", "application/vnd.hp-pcl"),
    (b"\x1b*", "application/vnd.hp-pcl"),
    (b"\x1b(s", "application/vnd.hp-pcl"),
    (b"\x1b@", "application/vnd.escpos"),
    (b"\x1d", "application/vnd.escpos"),
    (b"\x10\x04", "application/vnd.escpos"),
    (b"\x10\x14", "application/vnd.escpos"),
    (b"\x1c.", "application/vnd.escpos"),
    (b"\x1c&", "application/vnd.escpos"),
    (b"\xef\xbb\xbf", "text/plain"),  # byte order marks
    (b"\xff\xfe", "text/plain"),
    (b"\xfe\xff", "text/plain"),
)
"""Signatures at the first byte; the first that matches is taken."""

ESCPOS_AFTER_ESC = frozenset(b"!-3Ja2MtRdGEpi=cr{VSLT")
"""Second bytes of ESC sequences that open a receipt, where PCL's parametrised ones did not match before."""

PJL_LANGUAGES: tuple[tuple[bytes, str], ...] = (
    (b"POSTSCRIPT", "application/postscript"),
    (b"PDF", "application/pdf"),
    (b"PCLXL", "application/vnd.hp-pclxl"),
    (b"PCL", "application/vnd.hp-pcl"),
)

TEXT_CONTROLS = frozenset(b"\b\t\n\v\f\r\x1a")
"""Control characters that plain text may have (0x1A: the end of file of DOS)."""


def sniff(first_bytes: bytes) -> str | None:
    """Say the MIME type of a document.

    Args:
        first_bytes: The beginning of the document: `SNIFF_BYTES`, or all of a shorter one.

    Returns:
        The MIME type, None where nothing fits.
    """
    head = first_bytes[:SNIFF_BYTES]
    if head.lstrip(b"\0").startswith(UEL):
        return _pjl_language(head)
    for prefix, mime_type in PREFIXES:
        if head.startswith(prefix):
            return mime_type
    if b"%PDF-" in head[:PDF_HEADER_WINDOW]:
        return "application/pdf"
    if _is_receipt(head):
        return "application/vnd.escpos"
    return "text/plain" if _is_text(head) else None


def _is_receipt(head: bytes) -> bool:
    """Whether it opens with a command of ESC/POS, or with text that has the usual ones further on."""
    if head[:1] == b"\x1b" and head[1:2] and head[1] in ESCPOS_AFTER_ESC:
        return True
    return b"\x1b@" in head or b"\x1dV" in head


def _pjl_language(head: bytes) -> str:
    """The language that a PJL header enters; PCL where it does not say, as printers take it."""
    upper = head.upper()
    at = upper.find(b"ENTER LANGUAGE")
    if at >= 0:
        name = upper[at + len(b"ENTER LANGUAGE") :].lstrip(b" \t=")
        for language, mime_type in PJL_LANGUAGES:
            if name.startswith(language):
                return mime_type
    return "application/vnd.hp-pcl"


def _is_text(head: bytes) -> bool:
    """Whether the bytes are text: no control characters but those of text; UTF-8, or what could be Latin-1."""
    seen = set(head)
    if not seen or any((byte < 0x20 and byte not in TEXT_CONTROLS) or byte == 0x7F for byte in seen):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return True  # a character cut in two by the end of what we were given
        # Latin-1 text has few bytes above 0x7F, and none from 0x80 to 0x9F but Windows' quotes and dashes.
        high = sum(byte >= 0x80 for byte in head)
        return high * 3 <= len(head)
    return True
