"""What a profile says of what a printer tells back: its table ``[status]``.

Every key says what the printer *answers*, as its maker documents it; a key that is missing says that it does not. Whether
this very device answers, the device link finds out.
"""

from __future__ import annotations

from dataclasses import dataclass

from tympan_drivers.profile_table import ProfileTable

COMPLETIONS = ("none", "gs_r", "gs_h")
BUFFER_BYTES_MAX = 1 << 30
PRINTS_WITHIN_MAX_S = 3600


@dataclass(frozen=True, slots=True)
class EscPosStatus:
    """What an ESC/POS printer tells back.

    Attributes:
        realtime: It answers ``DLE EOT``, also where it is off line.
        automatic: It tells unasked when its state changes (``GS a``).
        identify: It answers ``GS I`` 65 to 68 with text: a printer that does not would print the letter.
        completion: How it says that all before has been printed. ``gs_h``: by ``GS ( H``. ``gs_r``: it answers ``GS r`` only
            when it has got there, which is weaker: what it has read is not always what has come out. ``none``.
        buffer_bytes: The most it has taken and not printed.
        prints_within_s: How long it may take for that, where that is longer than half a minute; 0: it is not.
    """

    realtime: bool
    automatic: bool
    identify: bool
    completion: str
    buffer_bytes: int
    prints_within_s: int


def escpos_status(table: ProfileTable) -> EscPosStatus:
    """Read the table.

    Raises:
        tympan.errors.DriverError: A key is missing, or its value cannot be.
    """
    status = EscPosStatus(
        realtime=table.flag("realtime"),
        automatic=table.flag("automatic"),
        identify=table.flag("identify"),
        completion=table.choice("completion", COMPLETIONS, "none"),
        buffer_bytes=table.integer("buffer_bytes", 0, BUFFER_BYTES_MAX),
        prints_within_s=table.integer("prints_within_s", 0, PRINTS_WITHIN_MAX_S, 0),
    )
    table.finish()
    return status


@dataclass(frozen=True, slots=True)
class PclStatus:
    """What a page printer tells back.

    Attributes:
        readback: It answers ``@PJL INFO``, and tells by ``USTATUS`` how it is and when a job is out.
        pages: It also tells of each page (``USTATUS PAGE``).
        buffer_bytes: The most it has taken and not printed.
    """

    readback: bool
    pages: bool
    buffer_bytes: int


def pcl_status(table: ProfileTable) -> PclStatus:
    """Read the table.

    Raises:
        tympan.errors.DriverError: A key is missing, or its value cannot be.
    """
    status = PclStatus(
        readback=table.flag("readback"),
        pages=table.flag("pages"),
        buffer_bytes=table.integer("buffer_bytes", 0, BUFFER_BYTES_MAX),
    )
    table.finish()
    return status
