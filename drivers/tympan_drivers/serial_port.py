"""The transport of ``serial:///dev/ttyUSB0?baud=38400&flow=rtscts``: a printer on a serial line.

Supported: baud rates the system knows, 7 or 8 bits, parity, one or two stop bits; flow control by RTS/CTS and XON/XOFF, which
the kernel does, and by DTR/DSR, which is done here: no byte is given to the kernel while DSR is off. The back channel.
``/dev/serial/by-id/…`` names an adapter wherever it is plugged.

pyserial opens and sets the line, and finds ports. Bytes go through the descriptor, since pyserial's time-outs lose how much
was sent.
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceBusyError, DeviceError, DeviceGoneError
from tympan_drivers.descriptor import Descriptor, device_error

if TYPE_CHECKING:
    from serial import Serial

BAUD_DEFAULT = 9600
BAUD_MAX = 4_000_000

FLOWS = ("none", "rtscts", "xonxoff", "dtrdsr")
PARITIES = {"none": "N", "even": "E", "odd": "O"}

DSR_CHUNK_BYTES = 64
"""With DTR/DSR, at most so many bytes are under way when the printer takes its line away: printers stop with that much room left."""

DSR_POLL_S = 0.002

# asm-generic/ioctls.h and linux/serial.h: whether the chip's shift register is empty.
_GET_LINE_STATUS, _TRANSMITTER_EMPTY = 0x5459, 0x01

BY_ID = Path("/dev/serial/by-id")


class SerialTransport:
    """A serial port."""

    open_timeout_s = 2.0
    back_channel = True
    shared = False

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """The ports of adapters and boards; those of the mainboard that nothing is known of are left out."""
        from serial.tools.list_ports import comports  # noqa: PLC0415 — only when it is asked for

        names = {}
        with contextlib.suppress(OSError):
            names = {link.resolve(): link for link in sorted(BY_ID.iterdir())}
        found = []
        for port in sorted(comports(), key=lambda port: str(port.device)):
            if port.description in {None, "", "n/a"} and port.vid is None:
                continue
            path = names.get(Path(port.device).resolve(), Path(port.device))
            identity = DeviceIdentity(
                make=port.manufacturer or "", model=port.product or "", serial_number=port.serial_number or ""
            )
            found.append(DiscoveredDevice(f"serial://{path}", str(port.description or port.name), identity))
        return found

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        parts = parse_device_uri(uri, ("baud", "bits", "parity", "stop", "flow"))
        if parts.host not in {"", "localhost"} or parts.port is not None:
            raise ConfigError(f"{uri}: a serial port is on this machine: write serial:///dev/ttyUSB0")
        if not parts.path.startswith("/") or parts.path.endswith("/"):
            raise ConfigError(f"{uri}: the path of a port is needed: serial:///dev/ttyUSB0")
        self.uri = uri
        self._path = parts.path
        self._baud = parts.number("baud", BAUD_DEFAULT, 50, BAUD_MAX)
        self._bits = parts.number("bits", 8, 7, 8)
        self._stop = parts.number("stop", 1, 1, 2)
        self._parity = PARITIES[parts.choice("parity", tuple(PARITIES), "none")]
        self._flow = parts.choice("flow", FLOWS, "none")
        self._port: Serial | None = None
        self._descriptor: Descriptor | None = None
        self._left = 0

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
        self._left = 0
        try:
            port = serial.Serial(
                self._path,
                baudrate=self._baud,
                bytesize=self._bits,
                parity=self._parity,
                stopbits=self._stop,
                rtscts=self._flow == "rtscts",
                xonxoff=self._flow == "xonxoff",
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except ValueError as error:
            raise DeviceError(f"the port cannot be set so: {error}", device_uri=self.uri) from error
        except serial.SerialException as error:
            raise self._open_error(error) from error
        except OSError as error:
            raise device_error(error, self.uri) from error
        self._port = port
        self._descriptor = Descriptor(os.dup(port.fileno()), self.uri, eio_is_gone=True)
        with contextlib.suppress(OSError):
            port.dtr = True
        return DeviceIdentity()

    def _open_error(self, error: OSError) -> DeviceError:
        if error.errno in {errno.EAGAIN, errno.EWOULDBLOCK}:  # the lock that `exclusive` takes
            return DeviceBusyError("another program uses the port", device_uri=self.uri)
        if error.errno is None:
            return DeviceError(str(error), device_uri=self.uri)
        return device_error(OSError(error.errno, os.strerror(error.errno)), self.uri)

    def begin_job(self, job_id: int, extension: str) -> None:
        """A line does not name jobs."""

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Give the line what it takes; 0 where the printer holds it back in time.

        Raises:
            DeviceGoneError: The adapter was unplugged.
            DeviceError: Anything else.
        """
        descriptor = self._open_descriptor()
        if self._flow != "dtrdsr":
            written = descriptor.write(data, timeout_s)
            self._left += written  # an upper bound until the next look
            return written
        # The kernel does not know this handshake: it gets a little at a time, and the next when that has gone out.
        deadline = time.monotonic() + min(timeout_s, MAX_WRITE_TIMEOUT_S)
        while not self._data_set_ready() or self._unsent() > DSR_CHUNK_BYTES // 2:
            if time.monotonic() >= deadline:
                return 0
            time.sleep(DSR_POLL_S)
        return descriptor.write(memoryview(data)[:DSR_CHUNK_BYTES], max(0.0, deadline - time.monotonic()))

    def _data_set_ready(self) -> bool:
        assert self._port is not None
        try:
            return bool(self._port.dsr)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOTTY}:  # the port has no such line
                return True
            raise self._gone(error) from error

    def _unsent(self) -> int:
        """Bytes that the kernel has and the line has not."""
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self._open_descriptor().fd, termios.TIOCOUTQ, answer)
        except OSError as error:
            raise self._gone(error) from error
        return answer[0]

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says; empty where it says nothing in time.

        Raises:
            DeviceGoneError: The adapter was unplugged.
        """
        return self._open_descriptor().read(limit, timeout_s)

    def end_job(self, timeout_s: float) -> bool:
        """Whether the last byte has gone out on the line.

        Raises:
            DeviceGoneError: The adapter was unplugged before.
        """
        deadline = time.monotonic() + min(timeout_s, MAX_WRITE_TIMEOUT_S)
        while self._unsent() or not self._transmitter_empty():
            if time.monotonic() >= deadline:
                return False
            time.sleep(DSR_POLL_S)
        return True

    def _transmitter_empty(self) -> bool:
        """Whether the chip has sent what the kernel gave it; closing would drop it. True where it cannot tell."""
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self._open_descriptor().fd, _GET_LINE_STATUS, answer)
        except OSError:
            return True
        return bool(answer[0] & _TRANSMITTER_EMPTY)

    def unsent(self) -> int:
        """What the kernel has and the line has not; after the adapter went away, as it was at the last look."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._left = self._unsent()
        return self._left

    def port_status(self) -> PortStatus | None:
        """A line has no status bits of a printer."""
        return None

    def soft_reset(self) -> None:
        """Drop what the kernel still has; the printer's own buffer cannot be reached."""
        if self._descriptor is not None:
            with contextlib.suppress(termios.error):
                termios.tcflush(self._descriptor.fd, termios.TCOFLUSH)

    def close(self) -> None:
        """Let go of the port, dropping what the printer does not take: closing would wait for it."""
        self.unsent()
        port, self._port = self._port, None
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(termios.error):
                termios.tcflush(descriptor.fd, termios.TCOFLUSH)
            descriptor.close()
        if port is not None:
            # An adapter's driver may wait half a minute for a printer that takes nothing: not here.
            closing = threading.Thread(target=_close_port, args=(port,), name="serial-close", daemon=True)
            closing.start()
            closing.join(MAX_WRITE_TIMEOUT_S)

    def _open_descriptor(self) -> Descriptor:
        if self._descriptor is None:
            raise DeviceGoneError("it is not open", device_uri=self.uri)
        return self._descriptor

    def _gone(self, error: OSError) -> DeviceGoneError:
        return DeviceGoneError(error.strerror or str(error), device_uri=self.uri)


def _close_port(port: Serial) -> None:
    with contextlib.suppress(OSError):
        port.close()
