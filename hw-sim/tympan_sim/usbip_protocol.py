"""USB/IP, the server's side of one connection: a simulated printer for the kernel of another machine.

Owns the messages and the transfers that wait. Sans-IO: bytes in, bytes out, time is a parameter; whoever owns the
socket calls `received` and `advance` and sends `outgoing`. The structures are those of the kernel's
Documentation/usb/usbip_protocol.rst (version 0x0111), what the client makes of them drivers/usb/usbip/vhci_rx.c:

* ``OP_REQ_DEVLIST`` lists the printer while it is plugged in; the connection ends with the answer.
* ``OP_REQ_IMPORT`` attaches it: from then on there are only ``CMD_SUBMIT`` and ``CMD_UNLINK``, and the end of the
  connection is the cable pulled out.
* A transfer that the printer has no room for waits, as a device that answers NAK lets it wait.
* An ``UNLINK`` that meets a transfer of which a part was taken answers the transfer itself, with -ECONNRESET and the
  length, and then says 0, "was given back before". ``RET_UNLINK`` has no length: a host controller tells its driver
  how much of a cancelled transfer the device took, and a driver that is not told would send it twice.

A client that breaks the protocol, or holds more than `HELD_BYTES_MAX`, is disconnected.
"""

from __future__ import annotations

import errno
import struct
from collections import deque
from dataclasses import dataclass

from tympan_sim.printer import PrinterGoneError
from tympan_sim.simulation import Simulation
from tympan_sim.usb_control import ControlPipe
from tympan_sim.usb_printer_class import CONFIGURATION, RequestError, UsbTraits, device_descriptor, fitting

VERSION = 0x0111
BUS_ID = "1-1"
BUS, DEVICE = 1, 2
SPEED_HIGH = 3
DIRECTION_IN = 1

HELD_BYTES_MAX = 20 * 1024 * 1024
"""Data of transfers that wait; Linux lets a program have 16 MiB in transfers (usbfs_memory_mb)."""

TRANSFERS_MAX = 4096
OUTGOING_BYTES_MAX = 1024 * 1024
"""Answers that wait for a client that does not read; until it does, nothing more is read from it."""

_OPERATION = struct.Struct(">HHI")
_DEVICE = struct.Struct(">256s32sIII")
_HEADER = struct.Struct(">IIIII")
_SUBMIT = struct.Struct(">IIiii8s")
_RET_SUBMIT = struct.Struct(">iiiii8x")
_UNLINK = struct.Struct(">I24x")
_RET_UNLINK = struct.Struct(">i24x")
_PDU_BYTES = _HEADER.size + _SUBMIT.size

_OP_REQ_DEVLIST, _OP_REP_DEVLIST = 0x8005, 0x0005
_OP_REQ_IMPORT, _OP_REP_IMPORT = 0x8003, 0x0003
_CMD_SUBMIT, _CMD_UNLINK, _RET_SUBMIT_CODE, _RET_UNLINK_CODE = 1, 2, 3, 4
_ST_OK, _ST_DEV_BUSY, _ST_NODEV = 0, 2, 4  # tools/usb/usbip/libsrc/usbip_common.h


class ProtocolError(Exception):
    """The client sent what is no USB/IP, or more than a printer can hold: the connection is to be closed."""


@dataclass(slots=True)
class _Transfer:
    """One ``CMD_SUBMIT`` that is not answered yet."""

    seqnum: int
    endpoint: int
    wanted: int
    setup: bytes
    data: bytes
    sent: int = 0


class ExportedPrinter:
    """The printer as all connections see it.

    Args:
        simulation: The printer.
        traits: Its behaviour on the bus.

    Attributes:
        importer: The connection that has it.
        last_byte: When it last took a byte.
    """

    def __init__(self, simulation: Simulation, traits: UsbTraits) -> None:
        self.simulation = simulation
        self.traits = fitting(traits, simulation.printer.model)
        self.importer: UsbIpConnection | None = None
        self.last_byte = 0.0

    def describe(self) -> bytes:
        """``struct usbip_usb_device``: path, bus id, numbers, then fields of the device descriptor."""
        descriptor = device_descriptor(self.simulation.printer.model, self.traits)
        vendor, product, release = struct.unpack_from("<HHH", descriptor, 8)
        path = f"/sys/devices/platform/tympan-sim/usb{BUS}/{BUS_ID}"
        place = _DEVICE.pack(path.encode(), BUS_ID.encode(), BUS, DEVICE, SPEED_HIGH)
        return place + struct.pack(">HHHBBBBBB", vendor, product, release, 0, 0, 0, CONFIGURATION, 1, 1)

    def describe_interface(self) -> bytes:
        """``struct usbip_usb_interface`` of the interface's first setting."""
        return bytes((7, 1, self.traits.protocols[0], 0))


class UsbIpConnection:
    """One client.

    Args:
        device: What is exported.

    Attributes:
        outgoing: Bytes to send; whoever sends them removes them.
        ended: Nothing follows `outgoing`: close when it is sent.
    """

    def __init__(self, device: ExportedPrinter) -> None:
        self.outgoing = bytearray()
        self.ended = False
        self._device = device
        self._incoming = bytearray()
        self._pipe: ControlPipe | None = None
        self._control: deque[_Transfer] = deque()
        self._out: deque[_Transfer] = deque()
        self._in: deque[_Transfer] = deque()
        self._held = 0

    @property
    def imported(self) -> bool:
        """The client has the printer."""
        return self._pipe is not None

    @property
    def writing(self) -> bool:
        """The client has bytes for the printer that the printer has not taken."""
        return bool(self._out)

    @property
    def reads(self) -> bool:
        """The client may send more: it takes our answers."""
        return not self.ended and len(self.outgoing) < OUTGOING_BYTES_MAX

    def received(self, data: bytes) -> None:
        """Take bytes of the client.

        Raises:
            ProtocolError: It is to be disconnected.
        """
        self._incoming += data
        while not self.ended and self._next_message():
            pass

    def closed(self) -> None:
        """The connection is gone, and with it whatever waited."""
        if self._device.importer is self:
            self._device.importer = None
        self.ended = True
        for queue in (self._control, self._out, self._in):
            queue.clear()

    def advance(self, now: float) -> None:
        """Carry out what can be carried out now."""
        if self._pipe is None or self.ended:
            return
        if not self._device.simulation.printer.stalled:
            while self._control:
                self._carry_out(self._pipe, self._control.popleft(), now)
        try:
            while self._out and self._write(self._pipe, self._out[0], now):
                self._out.popleft()
            while self._in and self._read(self._pipe, self._in[0], now):
                self._in.popleft()
        except PrinterGoneError:
            self.ended = True

    # --- messages ----------------------------------------------------------------------------------------------------

    def _next_message(self) -> bool:
        """Take one message if it is all there."""
        if self._pipe is not None:
            return self._next_command()
        if len(self._incoming) < _OPERATION.size:
            return False
        version, code, _ = _OPERATION.unpack_from(self._incoming)
        if version != VERSION:
            raise ProtocolError(f"version {version:#06x}")
        if code == _OP_REQ_DEVLIST:
            self._list_devices()
            return True
        if code != _OP_REQ_IMPORT:
            raise ProtocolError(f"operation {code:#06x}")
        if len(self._incoming) < _OPERATION.size + 32:
            return False
        bus_id = bytes(self._incoming[_OPERATION.size : _OPERATION.size + 32]).rstrip(b"\0")
        del self._incoming[: _OPERATION.size + 32]
        self._import(bus_id)
        return True

    def _list_devices(self) -> None:
        self.outgoing += _OPERATION.pack(VERSION, _OP_REP_DEVLIST, _ST_OK)
        if self._device.simulation.printer.connected:
            self.outgoing += (1).to_bytes(4, "big")
            self.outgoing += self._device.describe() + self._device.describe_interface()
        else:
            self.outgoing += bytes(4)
        self.ended = True

    def _import(self, bus_id: bytes) -> None:
        status = _ST_OK
        if bus_id != BUS_ID.encode() or not self._device.simulation.printer.connected:
            status = _ST_NODEV
        elif self._device.importer is not None:
            status = _ST_DEV_BUSY
        self.outgoing += _OPERATION.pack(VERSION, _OP_REP_IMPORT, status)
        if status != _ST_OK:
            self.ended = True
            return
        self.outgoing += self._device.describe()
        self._device.importer = self
        self._pipe = ControlPipe(self._device.simulation.printer, self._device.traits)

    def _next_command(self) -> bool:
        if len(self._incoming) < _PDU_BYTES:
            return False
        command, seqnum, device, direction, endpoint = _HEADER.unpack_from(self._incoming)
        if device != BUS << 16 | DEVICE:
            raise ProtocolError(f"device {device:#x}")
        if command == _CMD_UNLINK:
            (other,) = _UNLINK.unpack_from(self._incoming, _HEADER.size)
            del self._incoming[:_PDU_BYTES]
            self._unlink(seqnum, other)
            return True
        if command != _CMD_SUBMIT or direction > DIRECTION_IN or endpoint > 15:
            raise ProtocolError(f"command {command} to endpoint {endpoint}, direction {direction}")
        _, length, _, packets, _, setup = _SUBMIT.unpack_from(self._incoming, _HEADER.size)
        # Bulk and control transfers have no isochronous packets; clients say 0 or -1.
        if packets not in (0, -1):
            raise ProtocolError(f"{packets} isochronous packets to a printer")
        data_bytes = 0 if direction == DIRECTION_IN else length
        if self._held + data_bytes > HELD_BYTES_MAX:
            raise ProtocolError(f"{self._held} bytes wait, and {length} more came")
        if len(self._incoming) < _PDU_BYTES + data_bytes:
            return False
        data = bytes(self._incoming[_PDU_BYTES : _PDU_BYTES + data_bytes])
        del self._incoming[: _PDU_BYTES + data_bytes]
        address = endpoint | (0x80 if direction == DIRECTION_IN else 0)
        self._submit(_Transfer(seqnum, address, length, setup, data))
        return True

    def _submit(self, transfer: _Transfer) -> None:
        if len(self._control) + len(self._out) + len(self._in) >= TRANSFERS_MAX:
            raise ProtocolError(f"more than {TRANSFERS_MAX} transfers wait")
        self._held += len(transfer.data)
        if not transfer.endpoint & 0x0F:
            self._control.append(transfer)
        elif transfer.endpoint & 0x80:
            self._in.append(transfer)
        else:
            self._out.append(transfer)

    def _unlink(self, seqnum: int, other: int) -> None:
        status = 0
        for queue in (self._control, self._out, self._in):
            found = next((transfer for transfer in queue if transfer.seqnum == other), None)
            if found is None:
                continue
            queue.remove(found)
            if found.sent:
                self._complete(found, -errno.ECONNRESET, found.sent)
            else:
                self._held -= len(found.data)
                status = -errno.ECONNRESET
            break
        self.outgoing += _HEADER.pack(_RET_UNLINK_CODE, seqnum, 0, 0, 0) + _RET_UNLINK.pack(status)

    # --- transfers ---------------------------------------------------------------------------------------------------

    def _carry_out(self, pipe: ControlPipe, transfer: _Transfer, now: float) -> None:
        try:
            answer = pipe.request(transfer.setup, now)
        except RequestError:
            self._complete(transfer, -errno.EPIPE, 0)
            return
        if transfer.endpoint & 0x80:
            answer = answer[: transfer.wanted]
            self._complete(transfer, 0, len(answer), answer)
        else:
            self._complete(transfer, 0, len(transfer.data))

    def _write(self, pipe: ControlPipe, transfer: _Transfer, now: float) -> bool:
        """Give the printer what it takes; returns whether the transfer is answered."""
        simulation = self._device.simulation
        view = memoryview(transfer.data)
        while True:
            if transfer.endpoint not in pipe.endpoints or simulation.printer.halted:
                self._complete(transfer, -errno.EPIPE, transfer.sent)
                return True
            if transfer.sent == len(view):
                self._complete(transfer, 0, transfer.sent)
                return True
            taken = simulation.write(view[transfer.sent :], now)
            if not taken:
                return False
            transfer.sent += taken
            self._device.last_byte = now

    def _read(self, pipe: ControlPipe, transfer: _Transfer, now: float) -> bool:
        """Give the host what the printer said; returns whether the transfer is answered."""
        if transfer.endpoint not in pipe.endpoints:
            self._complete(transfer, -errno.EPIPE, 0)
            return True
        data = self._device.simulation.printer.read(now, transfer.wanted) if transfer.wanted else b""
        if transfer.wanted and not data:
            return False
        self._complete(transfer, 0, len(data), data)
        return True

    def _complete(self, transfer: _Transfer, status: int, length: int, data: bytes = b"") -> None:
        self._held -= len(transfer.data)
        self.outgoing += _HEADER.pack(_RET_SUBMIT_CODE, transfer.seqnum, 0, 0, 0)
        self.outgoing += _RET_SUBMIT.pack(status, length, 0, -1, 0) + data
