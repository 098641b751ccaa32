"""``printer-dns-sd-name``: what a printer is called where it is announced (RFC 6763 §4.1.1, PWG 5100.13 §5.6.7)."""

from __future__ import annotations

import unicodedata

MAX_DNS_SD_NAME_OCTETS = 63
"""The longest service instance name, RFC 6763 §4.1.1."""


def dns_sd_name(text: str) -> str:
    """The service instance name made of what people call a printer.

    Composed as Net-Unicode wants it (RFC 5198), without control characters, and without dots: they are allowed, but many
    a client takes what follows one for a domain.
    """
    composed = unicodedata.normalize("NFC", text.replace(".", " "))
    printable = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character for character in composed
    )
    return cut(" ".join(printable.split()), MAX_DNS_SD_NAME_OCTETS) or "Printer"


def cut(text: str, octets: int) -> str:
    """The longest beginning of `text` that fits into so many octets of UTF-8 and ends where a character does.

    A letter keeps its accents, a flag or a face its modifiers.
    """
    short = text.encode()[:octets].decode(errors="ignore")
    while short and len(short) < len(text) and _goes_on(short[-1], text[len(short)]):
        short = short[:-1]
    return short.strip()


def _goes_on(last: str, following: str) -> bool:
    """Whether what follows belongs to the character before."""
    return (
        unicodedata.category(following).startswith("M")
        or "\N{ZERO WIDTH JOINER}" in {last, following}
        or "\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}" <= following <= "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}"
    )
