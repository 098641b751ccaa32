"""What a printer has printed in its life: ``printer-impressions-completed`` and its like, PWG 5100.22 §7.3.

What was sent in a printer's own language is counted as far as jobs know it. The spool keeps the counters by encoding this
very record.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tympan.ipp import Attribute
from tympan.model.job import Job

_MAX: Final = 2**31 - 1


class PrinterCounters(msgspec.Struct, kw_only=True):
    """What has been printed.

    Attributes:
        impressions: Sides.
        media_sheets: Sheets, or pages on a roll.
    """

    impressions: int = 0
    media_sheets: int = 0

    def count(self, job: Job) -> None:
        """Add a job that has ended."""
        self.impressions += job.impressions_completed
        self.media_sheets += job.media_sheets_completed

    def attributes(self) -> list[Attribute]:
        """As printer attributes."""
        return [
            Attribute.integer("printer-impressions-completed", min(self.impressions, _MAX)),
            Attribute.integer("printer-media-sheets-completed", min(self.media_sheets, _MAX)),
        ]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(PrinterCounters)


def encode_counters(counters: PrinterCounters) -> bytes:
    """The record as the spool keeps it."""
    return _encoder.encode(counters)


def decode_counters(record: bytes) -> PrinterCounters:
    """A record from the spool.

    Raises:
        ValueError: It is not one of ours.
    """
    try:
        return _decoder.decode(record)
    except msgspec.MsgspecError as error:
        raise ValueError(f"a printer's counters cannot be read: {error}") from error
