"""What a printer has printed in its life: ``printer-impressions-completed`` and its like, PWG 5100.22 §7.3.

What was sent in a printer's own language is counted as far as jobs know it. The spool keeps the counters by encoding this
very record.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tympan.ipp import Attribute
from tympan.model.job import Job
from tympan.model.record import RecordCodec

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


_codec = RecordCodec(PrinterCounters, "a printer's counters")
encode_counters, decode_counters = _codec.encode, _codec.decode
