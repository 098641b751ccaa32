"""The transport of ``serial:///dev/ttyUSB0?baud=38400&flow=rtscts``: a printer on a serial line.

Supported: baud rates the adapter can make, 7 or 8 bits, parity, one or two stop bits; flow control by RTS/CTS and XON/XOFF, which
the kernel or the adapter's chip does, and by DTR/DSR, which is done here (`tympan_drivers.line_pace` has the numbers), as is RTS/CTS
with adapters that do not do it (CH340). The back channel. Adapters that vanish and come back, also under another number;
``/dev/serial/by-id/…`` names one wherever it is plugged. A pseudo terminal, which has neither speed nor counters, keeps the speed
that the URI names; where it names none, it takes what it takes.

Missing: RTS/CTS and XON/XOFF cannot tell what an adapter's own buffer still holds while the printer holds the line, where the
adapter does not say so itself. XON/XOFF with adapters that do not do it: the log and ``tympan check`` say so.

XON/XOFF is the kernel's although status replies are binary: the statuses that ESC/POS defines have fixed bits, so that none is
0x11 or 0x13 (TM-T88III technical manual; Citizen's command reference §5.3, "Identification of Send Status"), and the kernel stops
within a character, which a program on a busy machine does not.

pyserial opens the port and sets baud, bits and parity. Bytes go through the descriptor, since pyserial's time-outs lose how much
was sent.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import termios
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    Capabilities,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceBusyError, DeviceError, DeviceGoneError
from tympan_drivers.descriptor import Descriptor, device_error
from tympan_drivers.line_pace import ADAPTER_BYTES, ROOM_BYTES, ROOM_MAX_BYTES, ROOM_MIN_BYTES, LinePace
from tympan_drivers.serial_cautions import serial_cautions, xonxoff_caution
from tympan_drivers.serial_devices import driver_of, serial_devices
from tympan_drivers.serial_line import LineSettings, SerialLine
from tympan_drivers.usb_node import NodeFollower

if TYPE_CHECKING:
    from serial import Serial

BAUD_DEFAULT = 9600
BAUD_MAX = 4_000_000

FLOWS = ("none", "rtscts", "xonxoff", "dtrdsr")
FLOWS_WITH_ROOM = {"rtscts", "dtrdsr"}
PARITIES = {"none": "N", "even": "E", "odd": "O"}

END_POLL_S = 0.002

BUSY_POLL_S = 0.003
"""How often DSR or CTS is looked at while the printer takes nothing: an adapter is asked over USB each time."""

CHIP_PATIENCE_S = 0.3
"""How long a chip is believed that it is not empty when by the line's speed it must be: some never say so, whatever they are."""

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class SerialTransport:
    """A serial port."""

    open_timeout_s = 2.0
    back_channel = True
    shared = False
    closes_after_job = False
    notices_power_off = False

    line: Callable[[int], SerialLine] = SerialLine
    """What is asked how an open port is; tests put a printer's lines in its place."""

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """USB adapters under the names that stay theirs, and UARTs that are really there."""
        return serial_devices()

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        parts = parse_device_uri(uri, ("baud", "bits", "parity", "stop", "flow", "room"))
        if parts.host not in {"", "localhost"} or parts.port is not None:
            raise ConfigError(f"{uri}: a serial port is on this machine: write serial:///dev/ttyUSB0")
        if not parts.path.startswith("/") or parts.path.endswith("/"):
            raise ConfigError(f"{uri}: the path of a port is needed: serial:///dev/ttyUSB0")
        self.uri = uri
        self._path = parts.path
        self._settings = LineSettings(
            baud=parts.number("baud", BAUD_DEFAULT, 50, BAUD_MAX),
            bits=parts.number("bits", 8, 7, 8),
            parity=parts.choice("parity", tuple(PARITIES), "none"),
            stop=parts.number("stop", 1, 1, 2),
            flow=parts.choice("flow", FLOWS, "none"),
        )
        self._room = parts.number("room", ROOM_BYTES, ROOM_MIN_BYTES, ROOM_MAX_BYTES)
        if "room" in parts.options and self._settings.flow not in FLOWS_WITH_ROOM:
            raise ConfigError(
                f"{uri}: room= is for flow=dtrdsr and flow=rtscts; with other flow control it means nothing"
            )
        self._node = NodeFollower(parts.path, "tty", uri)
        self._port: Serial | None = None
        self._descriptor: Descriptor | None = None
        self._line: SerialLine | None = None
        self._closing: threading.Thread | None = None
        self._driver = ""
        self._has_warned = False
        self._has_speed = "baud" in parts.options
        self._clock_only = False
        self._all_out_at: float | None = None
        self._pace = self._new_pace(ADAPTER_BYTES)

    def cautions(self, capabilities: Capabilities | None) -> Sequence[str]:
        """What who configured the line so should know."""
        return serial_cautions(self._path, self._settings, self._room, capabilities)

    def open(self) -> DeviceIdentity:
        """Open the port for ourselves and set it.

        Raises:
            DeviceNotFoundError: It is not there: the adapter is unplugged.
            DeviceBusyError: Another program has it.
            DevicePermissionError: We are not in its group, usually ``dialout``.
            DeviceError: It is no serial port, or does not know the baud rate.
        """
        import serial  # noqa: PLC0415 — only where there is a serial printer

        self.close()
        self._pace = self._new_pace(ADAPTER_BYTES)
        self._all_out_at = None
        if self._closing is not None and self._closing.is_alive():
            raise DeviceBusyError(
                "the port has not yet let go of what the printer did not take", device_uri=self.uri
            )
        path = self._node.path()
        settings = self._settings
        try:
            port = serial.Serial(
                path,
                baudrate=settings.baud,
                bytesize=settings.bits,
                parity=PARITIES[settings.parity],
                stopbits=settings.stop,
                rtscts=settings.flow == "rtscts",
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except ValueError as error:
            raise DeviceError(f"the port cannot be set so: {error}", device_uri=self.uri) from error
        except serial.SerialException as error:
            raise self._open_error(error) from error
        except (OSError, termios.error) as error:
            raise self._open_error(OSError(*error.args)) from error
        self._port = port  # pyserial has raised DTR and RTS: we are there, and always ready to hear
        self._descriptor = Descriptor(os.dup(port.fileno()), self.uri, eio_is_gone=True)
        self._line = type(self).line(self._descriptor.fd)
        try:
            self._line.settle(settings.flow, settings.parity)
        except (OSError, termios.error) as error:
            self.close()
            raise self._open_error(OSError(*error.args)) from error
        self._driver = driver_of(path)
        self._warn()
        self._clock_only = not self._line.has_chip and self._has_speed
        self._pace = self._new_pace(ADAPTER_BYTES if self._line.has_chip else 0)
        self._node.opened(path)
        return DeviceIdentity()

    def _warn(self) -> None:
        """Say once what this adapter does not do."""
        ignored = xonxoff_caution(self._settings, self._driver)
        if ignored and not self._has_warned:
            _log.warning("%s: %s", self.uri, ignored)
            self._has_warned = True

    def _new_pace(self, adapter_bytes: int) -> LinePace:
        room = self._room if self._settings.is_ours(self._driver) else None
        pace = LinePace(self._settings.bytes_per_s, room, adapter_bytes, counted=not self._clock_only)
        pace.look(time.monotonic(), 0)
        return pace

    def _open_error(self, error: OSError) -> DeviceError:
        if error.errno in {errno.EAGAIN, errno.EWOULDBLOCK}:  # the lock that `exclusive` takes
            return DeviceBusyError("another program uses the port", device_uri=self.uri)
        if error.errno is None:
            return DeviceError(str(error), device_uri=self.uri)
        if error.errno == errno.EIO:  # unplugged under our hands
            return device_error(OSError(errno.ENXIO, os.strerror(errno.ENXIO)), self.uri)
        return device_error(OSError(error.errno, os.strerror(error.errno)), self.uri)

    def begin_job(self, job_id: int, extension: str) -> None:
        """A line does not name jobs."""

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Give the line what it takes; 0 where the printer holds it back in time.

        What is counted may still be under way: `unsent` says how much.

        Raises:
            DeviceGoneError: The adapter was unplugged.
            DeviceError: Anything else.
        """
        descriptor, line = self._opened()
        deadline = time.monotonic() + min(max(timeout_s, 0.0), MAX_WRITE_TIMEOUT_S)
        view, written = memoryview(data), 0
        while view:
            try:
                taken = self._write_some(descriptor, line, view, deadline)
            except DeviceError:
                if written:  # told; the next call says what is the matter
                    break
                raise
            written += taken
            view = view[taken:]
            if time.monotonic() >= deadline:
                break
        return written

    def _write_some(self, descriptor: Descriptor, line: SerialLine, view: memoryview, deadline: float) -> int:
        """Give the port as much as it may have now; where that is nothing, wait a little."""
        clear = self._look(line)
        ready = clear and (self._settings.flow != "dtrdsr" or self._ask(line.data_set_ready))
        room = self._pace.room() if ready else 0
        rest_s = deadline - time.monotonic()
        pause_s = min(self._pace.pause_s if ready else BUSY_POLL_S, max(rest_s, 0.0))
        if not room:
            time.sleep(pause_s)
            return 0
        taken = descriptor.write(view[:room], pause_s)
        self._pace.given(taken, time.monotonic())
        return taken

    def _look(self, line: SerialLine) -> bool:
        """Find out what is under way; returns whether CTS is on, True where it does not matter."""
        clear = self._settings.flow != "rtscts" or self._ask(line.clear_to_send)
        # A chip that does not know CTS sends on all the same. Rather too much counts as under way than too little.
        self._pace.look(time.monotonic(), self._ask(line.queued), moving=clear)
        return clear

    def _ask(self, question: Callable[[], _T]) -> _T:
        try:
            return question()
        except OSError as error:
            raise self._gone(error) from error

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says; empty where it says nothing in time.

        Raises:
            DeviceGoneError: The adapter was unplugged.
        """
        return self._opened()[0].read(limit, timeout_s)

    def end_job(self, timeout_s: float) -> bool:
        """Whether the last byte has gone out on the line.

        Where the chip does not say that it is empty, it is given the time that it needs.

        Raises:
            DeviceGoneError: The adapter was unplugged before.
        """
        _, line = self._opened()
        deadline = time.monotonic() + min(timeout_s, MAX_WRITE_TIMEOUT_S)
        while not self._all_sent(line):
            if time.monotonic() >= deadline:
                return False
            time.sleep(END_POLL_S)
        return True

    def _all_sent(self, line: SerialLine) -> bool:
        self._look(line)
        if self._ask(line.queued):
            self._all_out_at = None
            return False
        empty = None if self._clock_only else line.transmitter_empty()
        if empty:
            self._pace.emptied()
            return True
        if self._pace.under_way:
            self._all_out_at = None
            return False
        now = time.monotonic()
        if self._all_out_at is None:
            self._all_out_at = now
        # Nothing of it can be in the chip by now. Some, and QEMU's, never say that they are empty.
        return empty is None or now - self._all_out_at >= CHIP_PATIENCE_S

    def unsent(self) -> int:
        """What the kernel and the chip have and the line has not; after the adapter went away, as it was at the last look."""
        if self._line is not None:
            with contextlib.suppress(DeviceError):
                self._look(self._line)
        return self._pace.under_way

    def port_status(self) -> PortStatus | None:
        """A line has no status bits of a printer."""
        return None

    def soft_reset(self) -> None:
        """Drop what the kernel still has; the printer's own buffer cannot be reached."""
        if self._line is not None:
            with contextlib.suppress(OSError, termios.error):
                self._line.drop_output()

    def close(self) -> None:
        """Let go of the port, dropping what the printer does not take: closing would wait for it."""
        self.unsent()
        port, self._port = self._port, None
        descriptor, self._descriptor = self._descriptor, None
        line, self._line = self._line, None
        if descriptor is not None:
            if line is not None:
                with contextlib.suppress(OSError, termios.error):
                    line.drop_output()
            descriptor.close()
        if port is not None:
            # An adapter's driver may wait half a minute for a printer that takes nothing: not here.
            self._closing = threading.Thread(
                target=_close_port, args=(port,), name="serial-close", daemon=True
            )
            self._closing.start()
            self._closing.join(MAX_WRITE_TIMEOUT_S)

    def _opened(self) -> tuple[Descriptor, SerialLine]:
        if self._descriptor is None or self._line is None:
            raise DeviceGoneError("it is not open", device_uri=self.uri)
        return self._descriptor, self._line

    def _gone(self, error: OSError) -> DeviceGoneError:
        return DeviceGoneError(error.strerror or str(error), device_uri=self.uri)


def _close_port(port: Serial) -> None:
    with contextlib.suppress(OSError):
        port.close()
