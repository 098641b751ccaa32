"""A serial line as the kernel has it: its settings, the modem lines, and what has not gone out yet.

It owns the calls on an open port that are not reads and writes. What is made of them is the transport's.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import termios
from collections.abc import Mapping
from dataclasses import dataclass

# asm-generic/ioctls.h and linux/serial.h: whether the chip's shift register is empty.
_GET_LINE_STATUS, _TRANSMITTER_EMPTY = 0x5459, 0x01

_NO_SUCH_CALL = {errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP}

_PSEUDO_TERMINALS = range(136, 144)
"""Major numbers of pseudo terminals, Documentation/admin-guide/devices.txt."""

IGNORED_FLOWS: Mapping[str, frozenset[str]] = {"ch341-uart": frozenset({"rtscts", "xonxoff"})}
"""Flow control that one of the kernel's drivers takes and does not do, by the driver's name in sysfs.

A USB adapter's chip must stop by itself: usb-serial has no way to stop what was given to it (``serial_ops`` of usb-serial.c
knows no ``stop``, and what writes in generic.c does not look whether the terminal is stopped).

* ``ch341-uart``, CH340 and CH341: ``ch341_set_termios`` sets nothing for IXON, and nothing for CRTSCTS before Linux 6.14
  (35478bc369a6); bugzilla.kernel.org 197109. It stays here for all kernels: few of these chips were tried with it, and where
  the chip stops as well, nothing is lost.
"""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How bytes go over the line.

    Attributes:
        baud: Bits a second.
        bits: Data bits of a character, 7 or 8.
        parity: ``none``, ``even`` or ``odd``.
        stop: Stop bits, 1 or 2.
        flow: How the printer says that it cannot take more: ``none``, ``rtscts``, ``xonxoff``, ``dtrdsr``.
    """

    baud: int
    bits: int
    parity: str
    stop: int
    flow: str

    @property
    def bytes_per_s(self) -> float:
        """What the line carries: a start bit, the data, parity and stop bits for each."""
        return self.baud / (1 + self.bits + (self.parity != "none") + self.stop)

    def ignored_by(self, driver: str) -> bool:
        """Whether the kernel's driver takes this flow control and does not do it."""
        return self.flow in IGNORED_FLOWS.get(driver, ())

    def is_ours(self, driver: str) -> bool:
        """Whether this program does the handshake: DTR/DSR always, RTS/CTS where nobody else does it."""
        return self.flow == "dtrdsr" or (self.flow == "rtscts" and self.ignored_by(driver))


class SerialLine:
    """The lines and counters of an open port.

    All methods but `settle` raise `OSError` when the adapter has gone.

    Args:
        fd: The port; not owned.

    Attributes:
        has_chip: A chip with a buffer of its own is behind the port; a pseudo terminal has none.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.has_chip = os.major(os.fstat(fd).st_rdev) not in _PSEUDO_TERMINALS

    def settle(self, flow: str, parity: str) -> None:
        """What a printer's line needs beyond baud, bits and parity.

        * No XON or XOFF is ever put among the bytes that go out (IXOFF), whatever the flow control: they would be pixels.
        * XON and XOFF that come in are obeyed with ``xonxoff`` only (IXON), and then by the kernel, at once.
        * DTR stays as it is when the port is closed (no HUPCL): many printers reset, or drop what they have, when it falls.
        * Breaks, and bytes that came in broken, are not heard (IGNBRK, IGNPAR): a printer that is switched off sends such.
        * What came in before now, and went out again as an echo, is dropped.
        """
        mode = termios.tcgetattr(self._fd)
        mode[0] &= ~(
            termios.IXOFF | termios.IXANY | termios.IXON | termios.BRKINT | termios.PARMRK | termios.INPCK
        )
        mode[0] |= termios.IGNBRK | termios.IGNPAR
        if flow == "xonxoff":
            mode[0] |= termios.IXON
        if parity != "none":
            mode[0] |= termios.INPCK
        mode[2] &= ~termios.HUPCL
        termios.tcsetattr(self._fd, termios.TCSANOW, mode)
        termios.tcflush(self._fd, termios.TCIOFLUSH)
        if self.has_chip:
            # A pseudo terminal would keep this for as long as its other end is open, and lock out whoever comes next.
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._fd, termios.TIOCEXCL)

    def data_set_ready(self) -> bool:
        """DSR: the printer's DTR. True where the port has no such line."""
        return self._modem_line(termios.TIOCM_DSR)

    def clear_to_send(self) -> bool:
        """CTS: the printer's RTS. True where the port has no such line."""
        return self._modem_line(termios.TIOCM_CTS)

    def _modem_line(self, bit: int) -> bool:
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self._fd, termios.TIOCMGET, answer)
        except OSError as error:
            if error.errno in _NO_SUCH_CALL:
                return True
            raise
        return bool(answer[0] & bit)

    def queued(self) -> int:
        """Bytes that the kernel has and the chip has not."""
        answer = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.TIOCOUTQ, answer)
        return answer[0]

    def transmitter_empty(self) -> bool | None:
        """Whether the chip has sent what the kernel gave it; None where it cannot say."""
        if not self.has_chip:
            return True
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self._fd, _GET_LINE_STATUS, answer)
        except OSError:
            return None
        return bool(answer[0] & _TRANSMITTER_EMPTY)

    def drop_output(self) -> None:
        """Drop what the kernel has and the chip has not; USB adapters' drivers keep it all the same."""
        termios.tcflush(self._fd, termios.TCOFLUSH)
