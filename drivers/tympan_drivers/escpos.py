"""The driver of receipt printers that speak ESC/POS.

Supported: pixels by ``GS v 0``, ``GS ( L``, ``GS 8 L`` and ``ESC *``, native text with code pages, feed, cut by page or by
job, resynchronisation after a broken job. Partial: colours (black only). Missing: page mode, downloaded images.

What the printer is, a profile says (`profile_escpos`); the encoder is loaded with the first job, in the process that
encodes, because it needs NumPy and the service does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tympan.driver.contract import Capabilities, DeviceIdentity, SupplySpec
from tympan.driver.dialogue import Dialogue, SilentDialogue
from tympan.driver.ticket import JobTicket
from tympan.language import escpos
from tympan_drivers.escpos_dialogue import AUTOMATIC_MASK, EscPosDialogue
from tympan_drivers.profile_escpos import EscPosProfile, escpos_profile
from tympan_drivers.profile_store import PROFILE_DIR, ProfileStore
from tympan_drivers.raw_mark import receipt_mark
from tympan_drivers.receipt_media import CUSTOM_HMM, MAIN_SOURCE, receipt_media

if TYPE_CHECKING:
    from tympan_drivers.escpos_encoder import EscPosEncoder

LANGUAGES = frozenset({"ESCPOS", "ESC/POS", "ESC-POS", "EPSON ESC/POS", "XPP", "POS"})
"""What ``CMD`` of a receipt printer's device id may say, upper case."""

EXTENSION = "escpos"

FINISHING_NONE, FINISHING_TRIM = 3, 11
FINISHING_TRIM_AFTER_PAGES, FINISHING_TRIM_AFTER_DOCUMENTS = 60, 61
FINISHING_TRIM_AFTER_COPIES, FINISHING_TRIM_AFTER_JOB = 62, 63
"""``finishings`` enum values, PWG 5100.1 §6.1: no cut, cut, cut after each page, document, copy, cut after the job."""

CUTTING_FINISHINGS = (
    FINISHING_TRIM,
    FINISHING_TRIM_AFTER_PAGES,
    FINISHING_TRIM_AFTER_DOCUMENTS,
    FINISHING_TRIM_AFTER_COPIES,
    FINISHING_TRIM_AFTER_JOB,
)

JOB_FINISHINGS = (FINISHING_TRIM_AFTER_JOB, FINISHING_NONE)
"""``job-finishings``: a receipt is cut off unless the job says otherwise.

It is not ``finishings-default``, because CUPS and what is made of it say ``finishings`` ``none`` in every job for which
nobody chose a cut (``*DefaultCutMedia: None`` is fixed in the PPD that CUPS 2.4 makes of any printer that trims).
"""

TAIL_UNITS = 24
"""Paper left below the last ink when the printer feeds to its cutter, in its vertical motion units: 1.5 to 3 mm, by model."""

CUT_COMMANDS: Mapping[str, bytes] = {
    "none": b"",
    "feed_partial": escpos.feed_and_cut(TAIL_UNITS, partial=True),
    "feed_full": escpos.feed_and_cut(TAIL_UNITS, partial=False),
    "partial": escpos.cut(partial=True),
    "full": escpos.cut(partial=False),
    "esc_i": escpos.cut_legacy(partial=False),
    "esc_m": escpos.cut_legacy(partial=True),
}
"""What each `cut` of a profile sends."""

OUTPUT_BIN = "top"
"""Where a receipt comes out. Not ``face-up``: CUPS reverses the pages of a printer whose ``output-bin-default`` that is."""

PARTIAL_CUTS = frozenset({"feed_partial", "partial", "esc_m"})
"""Cuts that leave a strip, so that nothing falls."""

SELF_FEEDING_CUTS = frozenset({"feed_partial", "feed_full"})
"""Cuts that feed what was printed past the cutter by themselves."""

SUPPLIES: Mapping[str, tuple[SupplySpec, ...]] = {
    "thermal": (SupplySpec("Thermal paper", "other", kind="media"),),
    "impact": (SupplySpec("Ribbon", "inkRibbon", "black", "#000000"),),
}
"""What each `marking` of a profile uses up: on thermal paper the paper itself is what becomes black."""

FEED_LINES = 4
"""What a feed moves the paper on by: lines of 1/6 inch after ``ESC @``, 17 mm."""

START_NULS = 16
"""Sent before ``ESC @``: more than any command without a length field waits for."""


class EscPosDriver:
    """ESC/POS receipt printers.

    Args:
        profile_dir: Where the profiles are.
    """

    name: ClassVar[str] = "escpos"

    def __init__(self, profile_dir: Path = PROFILE_DIR) -> None:
        self._store = ProfileStore[EscPosProfile](self.name, escpos_profile, profile_dir)

    def profiles(self) -> Mapping[str, str]:
        """Profile names and, for people, what they stand for."""
        return {name: head.info for name, head in self._store.heads().items()}

    def match(self, identity: DeviceIdentity) -> str | None:
        """The profile for a device; None where it is no receipt printer this driver knows."""
        return self._store.match(identity, LANGUAGES)

    def capabilities(self, profile: str) -> Capabilities:
        """What a printer of this profile can do.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
        """
        model = self._store.get(profile)
        media = receipt_media(model.paper_width_hmm, model.side_margin_hmm)
        cuts = model.cut != "none"
        return Capabilities(
            make_and_model=model.head.make_and_model,
            device_id=model.head.device_id,
            native_formats=("application/vnd.escpos",),
            extension=EXTENSION,
            resolutions_dpi=(model.dpi,),
            media=media,
            media_ready={MAIN_SOURCE: media[0].name},
            media_custom_hmm=CUSTOM_HMM,
            media_sources=(MAIN_SOURCE,),
            media_types=("continuous",),
            roll=True,
            finishings=(FINISHING_NONE, *CUTTING_FINISHINGS) if cuts else (FINISHING_NONE,),
            job_finishings=JOB_FINISHINGS if cuts else (),
            trimming_type=("partial" if model.cut in PARTIAL_CUTS else "full") if cuts else "",
            output_bins=(OUTPUT_BIN,),
            pages_per_minute=model.pages_per_minute,
            kind=("receipt",),
            supplies=SUPPLIES[model.marking],
        )

    def encoder(self, profile: str, ticket: JobTicket) -> EscPosEncoder:
        """An encoder for one job.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
            tympan.errors.DocumentError: The ticket asks for what the profile cannot do.
        """
        from tympan_drivers.escpos_encoder import EscPosEncoder  # noqa: PLC0415 — NumPy, only where jobs are encoded

        return EscPosEncoder(self._store.get(profile), ticket)

    def raw_prologue(self, profile: str) -> bytes:
        """What goes before a document that is ESC/POS already: end what a short command waits for, initialise.

        Nothing else is set, but that it tells of changes: the document was made for a printer just switched on.
        """
        return bytes(START_NULS) + initialize(self._store.get(profile))

    def raw_epilogue(self, profile: str) -> bytes:
        """Nothing: such documents feed and cut as their makers want."""
        self._store.get(profile)
        return b""

    def abandon(self, profile: str) -> bytes:
        """What makes the printer ready after a job that was stopped, even in the middle of a command.

        It ends the longest command an encoder sends with white pixels (outside a command NULs are ignored), takes back
        what was set, and separates what was printed from what comes next by a cut. On a slow serial line the white takes
        seconds; that is still less than a page of garbage.
        """
        model = self._store.get(profile)
        longest = model.row_bytes * (24 if model.raster == "esc_star" else model.raster_rows)
        return bytes(longest + START_NULS) + initialize(model) + cut_commands(model)

    def feed(self, profile: str) -> bytes:
        """Some lines, as the feed button of such a printer does."""
        self._store.get(profile)
        return escpos.feed_lines(FEED_LINES)

    def dialogue(self, profile: str) -> Dialogue:
        """What is said to a printer that was just opened, and understood of its answers.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
        """
        model = self._store.get(profile)
        status = model.status
        if not (status.realtime or status.automatic or status.identify or status.completion != "none"):
            return SilentDialogue(status.buffer_bytes)
        return EscPosDialogue(model)

    def raw_mark(self, profile: str, text: str) -> bytes:
        """A few lines that say `text`, and the printer initialised again behind them."""
        model = self._store.get(profile)
        return receipt_mark(model, text) + initialize(model)


def initialize(model: EscPosProfile) -> bytes:
    """``ESC @``, and that the printer tells of changes, which ``ESC @`` ends where the printer can."""
    return escpos.initialize() + (escpos.automatic_status(AUTOMATIC_MASK) if model.status.automatic else b"")


def cut_commands(model: EscPosProfile) -> bytes:
    """Feed what was printed past the cutter and cut it off; where nothing cuts, past the edge it is torn at."""
    feed = escpos.feed_lines(model.feed_lines) if model.feed_lines else b""
    return CUT_COMMANDS[model.cut] if model.cut in SELF_FEEDING_CUTS else feed + CUT_COMMANDS[model.cut]
