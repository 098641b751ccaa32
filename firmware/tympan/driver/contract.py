"""The contract between the firmware and what knows hardware.

Two contracts, kept apart:

* A *transport* is a byte pipe to a device with a back channel: open, identify, write, read, close. It knows nothing of
  printer languages. It is found through the entry point group ``tympan.transports``; the entry point's name is the
  device URI's scheme.
* A *driver* knows a family of printers: its capabilities as data, the encoder that turns pixels and text into its
  language, what to send before, after and instead of the rest of a job. It never does input or output. It is found
  through ``tympan.drivers``; profiles are its data files.

Both are structural protocols, so that a plug-in needs no base class. This module has no code that does anything.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from tympan.driver.ticket import JobTicket, MediaSpec

if TYPE_CHECKING:  # the service process reads capabilities and must not load NumPy for them
    from numpy.typing import NDArray

    from tympan.driver.dialogue import Dialogue  # which stands on this module

MAX_WRITE_TIMEOUT_S = 0.2
"""The longest a transport call may block: what makes every write cancellable within 200 ms."""


# --- devices and transports -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What a device says it is; empty where it does not say.

    Attributes:
        device_id: The IEEE 1284 device id as the device gave it, ``MFG:…;MDL:…;CMD:…;``.
        make: Manufacturer.
        model: Model.
        serial_number: Serial number, or another thing that stays the same over re-plugging.
        commands: Languages of ``CMD``, upper case, such as ``("PCL", "PJL")``.
        firmware: Version of the device's own firmware.
    """

    device_id: str = ""
    make: str = ""
    model: str = ""
    serial_number: str = ""
    commands: tuple[str, ...] = ()
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class DiscoveredDevice:
    """A device that a transport found: what ``tympan devices`` lists.

    Attributes:
        device_uri: The URI to configure; stable over re-plugging where the hardware allows.
        info: A line for people.
        identity: What the device says it is.
        also: Other URIs that mean it, alone or among others, as far as they are known.
        problem: Why it cannot be used now, and what to do; empty: it can, as far as that is known.
        settles: It may have another URI soon, by which it is known: it has not said all of itself yet.
    """

    device_uri: str
    info: str
    identity: DeviceIdentity = field(default_factory=DeviceIdentity)
    also: tuple[str, ...] = ()
    problem: str = ""
    settles: bool = False


@dataclass(frozen=True, slots=True)
class PortStatus:
    """The three bits every printer port has (USB printer class §4.2.2)."""

    paper_empty: bool
    selected: bool
    error: bool


@dataclass(frozen=True, slots=True)
class TransportContext:
    """What a transport may need to know besides its URI.

    Attributes:
        printer_name: The printer it serves.
        state_dir: The service's state directory.
        profile: What the configuration takes the device for; empty: nobody said, as where the device is asked.
    """

    printer_name: str
    state_dir: Path
    profile: str = ""


class Transport(Protocol):
    """A byte pipe to one device.

    All methods block, but none longer than its ``timeout_s`` (at most `MAX_WRITE_TIMEOUT_S`), except `open`, which
    may take as long as `open_timeout_s` says. They are called from one thread of the device link; `read` and
    `port_status` may be called from a second one at the same time as `write`.

    Every failure is a :class:`tympan.errors.DeviceError` or another `OSError`. After a
    :class:`~tympan.errors.DeviceGoneError` the transport is closed with `close` and opened again later.
    """

    uri: str
    open_timeout_s: float
    back_channel: bool
    """`read` can give something: known once it is open. Where False the link never reads."""
    shared: bool
    """Other programs want the device too, or it serves one connection at a time: it is let go when nothing prints. Where
    False the link holds it as long as the service runs, and sees how it is also when nothing prints."""
    closes_after_job: bool
    """The device takes the end of the connection for the end of the job, or has to be reset then: the link closes it after each."""
    notices_power_off: bool
    """A device that is switched off and on again ends the connection: a call raises. Where False (a serial line), what was on its
    way and in the device can be lost without a word, and the link goes by whether the device answers."""

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """List the devices of this kind that are there now; empty where that cannot be known.

        A transport whose class says ``finds_printers = True`` lists printers and nothing else, opens none of them, and its URIs are all
        that is needed to print: such printers may appear by themselves. Others, such as a serial line, cannot know.
        """
        ...

    def __init__(self, uri: str, context: TransportContext) -> None:
        """Take the device URI apart; opens nothing.

        Raises:
            tympan.errors.ConfigError: The URI has a mistake; ``problem`` names the part.
        """
        ...

    def open(self) -> DeviceIdentity:
        """Open the device and say what it is.

        Raises:
            tympan.errors.DeviceNotFoundError: It is not there now.
            tympan.errors.DeviceBusyError: Somebody else has it.
            tympan.errors.DevicePermissionError: We may not.
            tympan.errors.DeviceError: Anything else.
        """
        ...

    def begin_job(self, job_id: int, extension: str) -> None:
        """A job's bytes follow. `extension` is the language's file name extension without a dot."""
        ...

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Give bytes to the device; returns how many it took, 0 where it took none in time (it is busy).

        Raises:
            tympan.errors.DeviceGoneError: The device went away; nothing more of `data` than counted before was taken.
            tympan.errors.DeviceError: It failed otherwise.
        """
        ...

    def read(self, limit: int, timeout_s: float) -> bytes:
        """Take up to `limit` bytes off the back channel; empty where none came in time or there is no back channel."""
        ...

    def end_job(self, timeout_s: float) -> bool:
        """The job's last byte was written: whether all of it has arrived.

        Returns:
            True once everything has left for the device, or was printed, where the transport knows; False: not yet, call again.
        """
        ...

    def unsent(self) -> int:
        """How many of the bytes that `write` counted have not left this machine: the device cannot have printed them.

        Known as far as the kernel tells; what an adapter or a printer has in its own buffers is not counted where it cannot be
        known. After the device went away: how many it was when that was last known, until it is opened again. Never raises.
        """
        ...

    def port_status(self) -> PortStatus | None:
        """The port's status bits, None where the port has none."""
        ...

    def soft_reset(self) -> None:
        """Empty the device's input buffer where the port can (USB SOFT_RESET); otherwise nothing."""
        ...

    def close(self) -> None:
        """Let go of the device. Never raises, never blocks longer than `MAX_WRITE_TIMEOUT_S`; may be called twice."""
        ...


@runtime_checkable
class Cautious(Protocol):
    """What a transport may have besides: it warns of how it is configured."""

    def cautions(self, capabilities: Capabilities | None) -> Sequence[str]:
        """What who configured it so should know though it is no mistake: that it is slow, that bytes may get lost.

        Args:
            capabilities: The printer's; None where they are only known once the device is there.

        Returns:
            Sentences without an end, for ``tympan check``.
        """
        ...


# --- drivers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SupplySpec:
    """Something a printer uses up, as the Printer MIB knows it (RFC 3805, prtMarkerSuppliesTable).

    Attributes:
        name: What people call it, in English, such as ``Black toner``.
        type: ``PrtMarkerSuppliesTypeTC``: ``toner``, ``inkRibbon``, ``other`` …
        colorant: ``black``, ``cyan`` …; ``none`` where it has no colour of its own.
        color: sRGB of the colorant, ``#000000``; ``none``.
        kind: ``toner`` of ``toner-low``: how ``printer-state-reasons`` begin that are about it; empty: ``marker-supply``.
    """

    name: str
    type: str
    colorant: str = "none"
    color: str = "none"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a printer can do, as data: the source of its IPP attributes. What is not obeyed is not named here.

    Attributes:
        make_and_model: ``printer-make-and-model``.
        device_id: ``printer-device-id`` to give where the device has none, IEEE 1284 syntax.
        native_formats: MIME types the printer takes as they are, the main one first.
        extension: File name extension of the language.
        resolutions_dpi: ``printer-resolution-supported``; the first is the default.
        media: Every size offered, each with its margins and default source; the first is the default.
        media_ready: Names of `media` that are loaded, by source, when the configuration says nothing else.
        media_custom_hmm: Smallest and largest (width, length) of custom sizes, None where only `media` can be had.
        media_sources: ``media-source-supported``; the first is the default.
        media_types: ``media-type-supported``; the first is the default.
        roll: Prints on a roll: length follows content, blank tails are trimmed.
        sides: ``sides-supported``; the first is the default.
        color: ``color-supported``.
        print_color_modes: ``print-color-mode-supported``; the first is the default.
        print_qualities: ``print-quality-supported``, values 3, 4, 5.
        copies_max: Upper end of ``copies-supported``.
        finishings: ``finishings-supported`` as enum values, PWG 5100.1; always with 3 (none).
        finishings_default: ``finishings-default``.
        job_finishings: ``job-finishings-supported``: what is done to the job as a whole; the first is the default.
            Empty: nothing is.
        trimming_type: How it cuts, ``trimming-type`` of PWG 5100.1: ``full`` or ``partial``; empty: it does not.
        output_bins: ``output-bin-supported``; the first is the default.
        pages_per_minute: ``pages-per-minute``.
        kind: ``printer-kind`` keyword, PWG 5100.13: ``receipt``, ``document``, ``label`` …
        supplies: What it uses up.
    """

    make_and_model: str
    device_id: str
    native_formats: tuple[str, ...]
    extension: str
    resolutions_dpi: tuple[tuple[int, int], ...]
    media: tuple[MediaSpec, ...]
    media_ready: Mapping[str, str]
    media_custom_hmm: tuple[tuple[int, int], tuple[int, int]] | None = None
    media_sources: tuple[str, ...] = ("main",)
    media_types: tuple[str, ...] = ("stationery",)
    roll: bool = False
    sides: tuple[str, ...] = ("one-sided",)
    color: bool = False
    print_color_modes: tuple[str, ...] = ("monochrome",)
    print_qualities: tuple[int, ...] = (4,)
    copies_max: int = 999
    finishings: tuple[int, ...] = (3,)
    finishings_default: tuple[int, ...] = (3,)
    job_finishings: tuple[int, ...] = ()
    trimming_type: str = ""
    output_bins: tuple[str, ...] = ("face-down",)
    pages_per_minute: int = 1
    kind: tuple[str, ...] = ("document",)
    supplies: tuple[SupplySpec, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFormat:
    """The pixels an encoder takes for one side of a sheet, or one piece of roll.

    The raster covers the printable area. Where the layout puts the document's page, it places it on the medium and
    gives the encoder what falls into this window.

    Attributes:
        resolution_dpi: Dots per inch across and along the feed.
        width_px: Width of the raster.
        height_px: Height of the raster; None on a roll: as many rows as the content has.
        media_width_px: Width of the whole medium at this resolution.
        media_height_px: Length of the whole medium; on a roll the length the client laid out for.
        left_px: Where the raster begins, from the medium's left edge.
        top_px: Where the raster begins, from the medium's top edge.
        dot_gain: How much larger a printed dot is than its pixel, 0 (none) to 1: the halftone makes up for it.
        trim_tail: Blank rows at the end are not printed (roll paper).
        lead_max_px: Blank rows at the head of a page beyond so many are not printed (roll paper); None: all are.
        repeats_pages: The printer prints a page several times by itself: ``begin_page`` takes any number of copies.
            Where False it takes 1, and each copy is encoded.
    """

    resolution_dpi: tuple[int, int]
    width_px: int
    height_px: int | None
    media_width_px: int
    media_height_px: int
    left_px: int = 0
    top_px: int = 0
    dot_gain: float = 0.0
    trim_tail: bool = False
    lead_max_px: int | None = None
    repeats_pages: bool = True


@dataclass(frozen=True, slots=True)
class TextFormat:
    """The printer's own fixed-pitch font, for ``text/plain`` as native text.

    Attributes:
        columns: Characters in a line.
        cell_width_px: Width of a character cell in dots of the `PageFormat`.
        cell_height_px: Line advance in dots.
    """

    columns: int
    cell_width_px: int
    cell_height_px: int


class Part(enum.Enum):
    """What can be complete before the job is."""

    JOB_SHEET = "job-sheet"
    """The sheet before the job."""
    DOCUMENT = "document"
    """A document, once."""
    COPY = "copy"
    """A copy of all documents, or of one where each is copied by itself."""


class Encoder(Protocol):
    """Turns one job's pixels, and text where the printer has a font, into the printer's language.

    It runs in the render worker, for one job, and is called in this order: ``begin_job``, then for each page
    ``begin_page``, any number of ``band`` and ``text_line``, ``end_page``; between pages ``change`` and ``end_part``; last
    ``end_job``. Each call returns the
    bytes to send. They end where a command ends, so that a job can be stopped between any two calls.
    """

    extension: str

    def page_format(self) -> PageFormat:
        """The raster it takes, from the ticket it was made with; the same for every page."""
        ...

    def text_format(self) -> TextFormat | None:
        """Its own font, or None: text is drawn as pixels."""
        ...

    def can_encode(self, text: str) -> bool:
        """Whether the printer's own font and code pages have every character of `text`."""
        ...

    def begin_job(self) -> bytes:
        """What opens the job: resynchronise, initialise, the job wrapper."""
        ...

    def begin_page(self, copies: int, *, back: bool = False) -> bytes:
        """A page (side) starts; `back`: on the back of the sheet before.

        Args:
            copies: How often it is printed, one after the other; above 1 only where `PageFormat.repeats_pages`.
            back: It goes on the back of the sheet that the page before began.
        """
        ...

    def band(self, rows: NDArray[Any]) -> bytes:
        """The next rows of the page.

        Args:
            rows: ``uint8``, C-contiguous, shape (height, (width_px + 7) // 8), most significant bit left, 1 is black;
                bits beyond `PageFormat.width_px` are 0. Any height from 1.
        """
        ...

    def text_line(self, text: str) -> bytes:
        """One line in the printer's own font, at most `TextFormat.columns` characters for which `can_encode` is true.

        Only where `text_format` is not None. It advances by ``cell_height_px``, as a drawn line would.
        """
        ...

    def end_page(self) -> bytes:
        """The page is complete: form feed, or the cut where each page is cut."""
        ...

    def change(self, ticket: JobTicket) -> bytes:
        """The pages from here on are for another ticket of the same job: other paper, sides, quality, resolution.

        Only between pages. `page_format` is the new ticket's from now on; what is the same costs no bytes.

        Raises:
            tympan.errors.DocumentError: The ticket asks for what the profile cannot do.
        """
        ...

    def end_part(self, part: Part) -> bytes:
        """A part of the job is complete: the cut where each such part is cut. Only between pages."""
        ...

    def end_job(self) -> bytes:
        """What closes the job: the cut, the job wrapper's end."""
        ...


class Driver(Protocol):
    """A family of printers: data and pure functions.

    Attributes:
        name: The entry point's name, such as ``escpos``.
    """

    name: ClassVar[str]

    def profiles(self) -> Mapping[str, str]:
        """Profile names and, for people, what they stand for; the first is for a device of which nobody named one."""
        ...

    def match(self, identity: DeviceIdentity) -> str | None:
        """The profile for a device, from its identity; None where this driver does not know it (``driver = "auto"``)."""
        ...

    def capabilities(self, profile: str) -> Capabilities:
        """What a printer of this profile can do.

        Raises:
            tympan.errors.DriverError: There is no such profile.
        """
        ...

    def encoder(self, profile: str, ticket: JobTicket) -> Encoder:
        """An encoder for one job.

        Raises:
            tympan.errors.DriverError: There is no such profile.
            tympan.errors.DocumentError: The ticket asks for what the profile cannot do.
        """
        ...

    def raw_prologue(self, profile: str) -> bytes:
        """What goes before a document that is already in the printer's language: makes a sane start after leftovers."""
        ...

    def raw_epilogue(self, profile: str) -> bytes:
        """What goes after such a document; often nothing."""
        ...

    def abandon(self, profile: str) -> bytes:
        """What to send after a job was stopped between two commands, so that the next one starts clean."""
        ...

    def feed(self, profile: str) -> bytes:
        """A document in the printer's language that moves the paper on by a few lines; empty where there is no such thing."""
        ...

    def dialogue(self, profile: str) -> Dialogue:
        """What is said to a device that was just opened, and understood of its answers; a fresh one each time.

        Raises:
            tympan.errors.DriverError: There is no such profile.
        """
        ...

    def raw_mark(self, profile: str, text: str) -> bytes:
        """A line or a sheet in the printer's language that says `text`, to go before a document that is in it already.

        For documents that may come out a second time (`JobTicket.mark`). Empty where there is no way.
        """
        ...
