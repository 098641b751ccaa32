"""A link over USB/IP: the simulated printer as a USB printer of another kernel, such as a virtual machine's.

Owns the sockets. In the machine that is to have the printer::

    modprobe vhci_hcd
    usbip --tcp-port PORT attach -r ADDRESS -b 1-1

Unplugging closes the connection, which the other kernel takes for the cable pulled out; to plug it in again the
other machine attaches again, which is refused until then.
"""

from __future__ import annotations

import contextlib
import socket

from tympan_sim.loop import SimulationLoop
from tympan_sim.usb_printer_class import UsbTraits
from tympan_sim.usbip_protocol import ExportedPrinter, ProtocolError, UsbIpConnection

CHUNK_BYTES = 262_144
CLIENTS_MAX = 8


class UsbIpLink:
    """A port for USB/IP clients; one of them at a time has the printer.

    Args:
        port: Port; 0 takes a free one, see `port` afterwards.
        bind: Address to listen on.
        traits: How the printer behaves on the bus.
        idle_gap_s: Seconds without a byte that end a job.

    Raises:
        OSError: The address is taken or not ours.
    """

    def __init__(
        self,
        port: int,
        bind: str = "127.0.0.1",
        *,
        traits: UsbTraits | None = None,
        idle_gap_s: float = 1.0,
    ) -> None:
        self._traits = traits or UsbTraits()
        self._gap_s = idle_gap_s
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        self._listener = socket.create_server((bind, port), family=family, backlog=CLIENTS_MAX)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._loop: SimulationLoop | None = None
        self._device: ExportedPrinter | None = None
        self._clients: dict[socket.socket, UsbIpConnection] = {}

    @property
    def _running(self) -> SimulationLoop:
        assert self._loop is not None, "the link is attached before it is used"
        return self._loop

    @property
    def _exported(self) -> ExportedPrinter:
        assert self._device is not None, "the link is attached before it is used"
        return self._device

    def attach(self, loop: SimulationLoop) -> None:
        """Register with the loop."""
        self._loop = loop
        self._device = ExportedPrinter(loop.simulation, self._traits)
        loop.watch(self._listener, self._accept)

    def after(self, now: float, finished: list[int]) -> float | None:
        """Move transfers both ways."""
        del finished
        connected = self._running.simulation.printer.connected
        for client, connection in list(self._clients.items()):
            if connection.imported and not connected:
                self._close(client)
                continue
            connection.advance(now)
            self._send(client, connection)
            if connection.ended and not connection.outgoing:
                self._close(client)
            else:
                self._wait(client, connection)
        return self._gap_end(now)

    def detach(self) -> None:
        """Close the port and the connections."""
        for client in list(self._clients):
            self._close(client)
        self._listener.close()

    def _gap_end(self, now: float) -> float | None:
        """End the job after the gap; returns when that will be."""
        simulation, device = self._running.simulation, self._exported
        importer = device.importer
        if not self._gap_s or not simulation.in_job or (importer is not None and importer.writing):
            return None
        due = device.last_byte + self._gap_s
        if now >= due:
            simulation.end_job(now)
            return now
        return due

    def _wait(self, client: socket.socket, connection: UsbIpConnection) -> None:
        if connection.reads:
            self._running.watch(
                client, lambda: self._readable(client, connection), write=bool(connection.outgoing)
            )
        else:
            # The next step sends what can be sent.
            self._running.watch(client, lambda: None, read=False, write=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if len(self._clients) >= CLIENTS_MAX:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._clients[client] = UsbIpConnection(self._exported)
            self._wait(client, self._clients[client])

    def _readable(self, client: socket.socket, connection: UsbIpConnection) -> None:
        try:
            data = client.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(client)
            return
        try:
            connection.received(data)
        except ProtocolError:
            self._close(client)

    def _send(self, client: socket.socket, connection: UsbIpConnection) -> None:
        if connection.outgoing:
            try:
                del connection.outgoing[: client.send(connection.outgoing)]
            except BlockingIOError:
                pass
            except OSError:
                connection.outgoing.clear()
                connection.ended = True

    def _close(self, client: socket.socket) -> None:
        self._clients.pop(client).closed()
        self._running.watch(client, None)
        client.close()
