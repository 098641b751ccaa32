"""The driver of page printers that speak PCL 5: most monochrome lasers since the LaserJet III.

Supported: 300, 600 and 1200 dpi, one bit; compression modes 0, 2 and 3; trays, duplex, copies; PJL job wrapper, resolution and
toner saving. Partial: media types (by number, where the profile has them). Missing: colour, PCL XL, custom sizes (PCL 5 has
no common way to ask for them).

What the printer is, a profile says (`profile_pcl`); the encoder is loaded with the first job, in the process that encodes,
because it needs NumPy and the service does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tympan.driver.contract import Capabilities, DeviceIdentity, SupplySpec
from tympan.driver.dialogue import Dialogue, SilentDialogue
from tympan.driver.ticket import JobTicket, MediaSpec
from tympan.language import pcl, pjl
from tympan.language.pcl_paper import PclPaper
from tympan_drivers.pcl_dialogue import PclDialogue
from tympan_drivers.pcl_job_name import ABANDONED, RAW_END, job_name
from tympan_drivers.profile_pcl import PclProfile, pcl_profile
from tympan_drivers.profile_store import PROFILE_DIR, ProfileStore
from tympan_drivers.raw_mark import sheet_mark

if TYPE_CHECKING:
    from tympan_drivers.pcl_encoder import PclEncoder

LANGUAGES = frozenset(
    {
        "PCL",
        "PCL5",
        "PCL5E",
        "PCL5C",
        "PCL5EMUL",
        "PCL4",
        "PCL3",
        "HP PCL5E",
        "HP-PCL5E",
        "HP ENHANCED PCL5",
        "PCL 5E",
    }
)
"""What ``CMD`` of such a printer's device id may say, upper case. PCLXL alone is another language."""

EXTENSION = "pcl"
COPIES_MAX = 999
DRAFT, NORMAL = 3, 4

BLACK_TONER = SupplySpec("Black toner", "toner", "black", "#000000", kind="toner")


ROW_BYTES_MAX = 2048
"""More than a row of pixels takes that an encoder sends, or a document is likely to have: A3 at 1200 dpi has 1754."""


class PclDriver:
    """PCL 5 page printers.

    Args:
        profile_dir: Where the profiles are.
    """

    name: ClassVar[str] = "pcl"

    def __init__(self, profile_dir: Path = PROFILE_DIR) -> None:
        self._store = ProfileStore[PclProfile](self.name, pcl_profile, profile_dir)

    def profiles(self) -> Mapping[str, str]:
        """Profile names and, for people, what they stand for."""
        return {name: head.info for name, head in self._store.heads().items()}

    def match(self, identity: DeviceIdentity) -> str | None:
        """The profile for a device; None where it is no PCL printer this driver knows.

        What a page printer says it speaks counts more than its name: of two LaserJets of nearly the same name one may take PCL and the
        other the pixels of its own driver only (ACL, ZJS, PCLm).
        """
        if identity.commands and LANGUAGES.isdisjoint(identity.commands):
            return None
        return self._store.match(identity, LANGUAGES)

    def capabilities(self, profile: str) -> Capabilities:
        """What a printer of this profile can do.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
        """
        model = self._store.get(profile)
        sources = tuple(model.sources)
        types = tuple(model.types) or ("stationery",)
        media = tuple(_spec(model, paper, sources[0], types[0]) for paper in model.papers)
        return Capabilities(
            make_and_model=model.head.make_and_model,
            device_id=model.head.device_id,
            native_formats=("application/vnd.hp-pcl",),
            extension=EXTENSION,
            resolutions_dpi=tuple((dpi, dpi) for dpi in model.resolutions),
            media=media,
            media_ready={_loaded(sources): media[0].name},
            media_sources=sources,
            media_types=types,
            sides=("one-sided", "two-sided-long-edge", "two-sided-short-edge")
            if model.duplex
            else ("one-sided",),
            print_qualities=(DRAFT, NORMAL) if model.economode else (NORMAL,),
            copies_max=COPIES_MAX,
            pages_per_minute=model.pages_per_minute,
            supplies=(BLACK_TONER,),
        )

    def encoder(self, profile: str, ticket: JobTicket) -> PclEncoder:
        """An encoder for one job.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
            tympan.errors.DocumentError: The ticket asks for what the profile cannot do.
        """
        from tympan_drivers.pcl_encoder import PclEncoder  # noqa: PLC0415 — NumPy, only where jobs are encoded

        return PclEncoder(self._store.get(profile), ticket)

    def raw_prologue(self, profile: str) -> bytes:
        """What goes before a document that is PCL already: end whatever was under way, start from the defaults.

        With PJL it is a job, so that the printer tells when all of it has come out; one that is within is counted in.
        """
        return (pjl.begin_job(job_name("")) if self._store.get(profile).pjl else b"") + pcl.RESET

    def raw_epilogue(self, profile: str) -> bytes:
        """What goes after such a document: print a page left open, leave the language, end the job."""
        return pcl.RESET + (pjl.end_job(RAW_END) if self._store.get(profile).pjl else b"")

    def abandon(self, profile: str) -> bytes:
        """What makes the printer ready after a job that was stopped, even in the middle of a command.

        The rest of a row that broke off is white: outside a command NULs are ignored. What ends the job must not be taken for it, or
        the next one is a job within this one. PCL cannot take back a page that was begun: it comes out as far as it got.
        """
        return (
            bytes(ROW_BYTES_MAX)
            + pcl.RESET
            + (pjl.end_job(ABANDONED) if self._store.get(profile).pjl else b"")
        )

    def feed(self, profile: str) -> bytes:
        """Nothing: a form feed would throw out a blank sheet."""
        self._store.get(profile)
        return b""

    def dialogue(self, profile: str) -> Dialogue:
        """What is said to a printer that was just opened, and understood of its answers.

        Raises:
            tympan.errors.DriverError: There is no such profile, or it has a mistake.
        """
        model = self._store.get(profile)
        return PclDialogue(model) if model.status.readback else SilentDialogue(model.status.buffer_bytes)

    def raw_mark(self, profile: str, text: str) -> bytes:
        """A sheet that says `text`, and the printer reset again behind it."""
        self._store.get(profile)
        return sheet_mark(text)


def _loaded(sources: tuple[str, ...]) -> str:
    """The tray that holds the default size: a real one, not the printer's choice."""
    return next((source for source in sources if source not in {"auto", "manual"}), sources[0])


def _spec(model: PclProfile, paper: PclPaper, source: str, media_type: str) -> MediaSpec:
    side, end = model.margins_hmm(paper)
    return MediaSpec(
        name=paper.name,
        width_hmm=paper.width_hmm,
        length_hmm=paper.length_hmm,
        left_margin_hmm=side,
        right_margin_hmm=side,
        top_margin_hmm=end,
        bottom_margin_hmm=end,
        source=source,
        type=media_type,
    )
