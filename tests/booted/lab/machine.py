"""One virtual machine: QEMU, its console, and commands carried out in it.

Owns the process. Everything that waits has a limit; what the console said is in a file from the first line on.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab.report import Patience

STOP_TIMEOUT_S = 20.0

_COMMON = ("-accel", "tcg,thread=multi", "-display", "none", "-no-reboot")
_PC = ("-smp", "2", "-m", "768", "-nodefaults", "-serial", "stdio")
_BOARDS = {
    # NumPy's wheels need x86-64-v2.
    "amd64": ("qemu-system-x86_64", "-M", "q35", "-cpu", "Westmere", *_PC),
    "arm64": ("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", *_PC),
    # Both of its serial ports are the console: which of them the kernel takes depends on the device tree.
    "raspi3b": (
        "qemu-system-aarch64", "-M", "raspi3b",
        "-chardev", "stdio,id=console,mux=on", "-serial", "chardev:console", "-serial", "chardev:console", "-monitor", "none",
    ),
}  # fmt: skip
_CONSOLES = {
    "amd64": "console=ttyS0 disk=/dev/vda quiet loglevel=4",
    "arm64": "console=ttyAMA0 disk=/dev/vda quiet loglevel=4",
    "raspi3b": "console=ttyAMA0,115200 console=ttyS1,115200 disk=/dev/mmcblk0 loglevel=4 printk.devkmsg=on lab.smoke"
    # It has neither the devices that these wait for, nor anybody at their other end.
    " systemd.mask=lab-agent.service systemd.mask=lab-cable.service systemd.mask=lab-gpio.service"
    " systemd.mask=lab-network.service",
}


class MachineError(Exception):
    """The machine does not run or does not answer; the text says what was waited for."""


class CommandError(Exception):
    """A command in the guest failed; the text is what it said."""


@dataclass(slots=True)
class Machine:
    """A guest that boots from a disk.

    Attributes:
        board: ``amd64``, ``arm64`` or ``raspi3b``.
        kernel: Its image.
        first_stage: Its initial RAM disk.
        disk: What it boots from and writes to.
        folder: Where sockets and the console's text go.
        forwards: TCP ports of this machine's loopback, and the guest's that they lead to.
        serial_port: TCP port of this machine that the guest's USB serial adapter is wired to; 0: it has none.
        device_tree: Of a board that does not bring its own.
    """

    board: str
    kernel: Path
    first_stage: Path
    disk: Path
    folder: Path
    forwards: dict[int, int] = field(default_factory=dict)
    serial_port: int = 0
    device_tree: Path | None = None
    _process: subprocess.Popen[bytes] | None = None
    _agent: socket.socket | None = None
    _number: int = 0

    @property
    def console(self) -> Path:
        """What the guest said on its console, of all boots."""
        return self.folder / "console.log"

    @property
    def runs(self) -> bool:
        """The machine is on."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Switch it on; returns at once."""
        assert not self.runs
        self._socket.unlink(missing_ok=True)
        words = f"{_CONSOLES[self.board]} panic=-1 net.ifnames=0 systemd.show_status=0"
        command = [
            *_BOARDS[self.board],
            *_COMMON,
            "-kernel",
            self.kernel,
            "-initrd",
            self.first_stage,
            "-append",
            words,
        ]
        if self.device_tree is not None:
            command += ["-dtb", self.device_tree, "-drive", f"file={self.disk},if=sd,format=raw"]
        else:
            command += self._virtual_devices()
        with self.console.open("ab") as console:
            console.write(b"\n--- switched on ---\n")
            console.flush()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
            )

    def _virtual_devices(self) -> list[str]:
        """Disk, network, the agent's port and a USB controller, for boards without hardware of their own."""
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for here, there in self.forwards.items())
        devices = [
            "-drive", f"file={self.disk},if=none,id=disk,format=raw", "-device", "virtio-blk-pci,drive=disk",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=lab,path={self._socket},server=on,wait=off",
            "-device", "virtserialport,chardev=lab,name=lab",
            "-netdev", f"user,id=net{forwards}", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
            "-device", "qemu-xhci,id=xhci",
        ]  # fmt: skip
        if self.serial_port:
            wire = f"socket,id=tty,host=127.0.0.1,port={self.serial_port},reconnect=1"
            devices += ["-chardev", wire, "-device", "usb-serial,chardev=tty,bus=xhci.0"]
        return devices

    def cut_power(self) -> None:
        """Switch it off as a power cut does: nothing is told, nothing is written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
        self._forget_agent()

    def run(self, command: str, timeout_s: float = 60.0) -> str:
        """Carry out a shell command as root and return what it said.

        Raises:
            CommandError: It failed.
            MachineError: The guest did not answer in time.
        """
        timeout_s = Patience.of(timeout_s)
        deadline = time.monotonic() + timeout_s
        try:
            agent = self._connected(deadline)
            agent.settimeout(max(deadline - time.monotonic(), 0.1))
            self._number += 1
            agent.sendall(f"{self._number} {command}".encode() + b"\0")
            code, said = self._answer(agent, self._number)
        except OSError as problem:
            self._forget_agent()
            raise MachineError(f"no answer within {timeout_s:.0f} s to: {command}") from problem
        if code:
            raise CommandError(f"{command}: exit code {code}\n{said.strip()}")
        return said

    def _answer(self, agent: socket.socket, number: int) -> tuple[int, str]:
        """The answer to a command; those to commands that were given up are left out."""
        while True:
            head = b""
            while not head.endswith(b"\n"):
                head += self._bytes(agent, 1)
            answered, code, length = (int(word) for word in head.split())
            said = self._bytes(agent, length)
            if answered == number:
                return code, said.decode(errors="replace")

    @staticmethod
    def _bytes(agent: socket.socket, count: int) -> bytes:
        got = b""
        while len(got) < count:
            part = agent.recv(count - len(got))
            if not part:
                raise ConnectionError("the machine went off")
            got += part
        return got

    def wait_until_up(self, timeout_s: float) -> None:
        """Wait until commands can be carried out.

        Raises:
            MachineError: They cannot.
        """
        self.run("true", timeout_s)

    def _connected(self, deadline: float) -> socket.socket:
        while self._agent is None:
            if not self.runs:
                raise MachineError("the machine is off: " + self.console.read_text(errors="replace")[-500:])
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self._socket))
                self._agent = connection
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        return self._agent

    def _forget_agent(self) -> None:
        if self._agent is not None:
            with contextlib.suppress(OSError):
                self._agent.close()
            self._agent = None

    @property
    def _socket(self) -> Path:
        return self.folder / "agent"
