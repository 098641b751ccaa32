"""The command ``tympan-sim``: a simulated printer by itself, and the client of its control socket.

Owns the command line. What it simulates is loaded only when it is to run.
"""

# ruff: noqa: T201 — a command talks to who called it
from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tympan_sim.control import ControlError, ControlSocket, execute, send
from tympan_sim.faults import FAULTS
from tympan_sim.models import MODELS, PrinterModel, adapted
from tympan_sim.transport import speed_factor

if TYPE_CHECKING:
    from tympan_sim.loop import Link

DEFAULT_MODELS = {"escpos": "escpos-80mm", "pcl": "pcl-laser"}
USB_PROTOCOLS = {"1": (1,), "2": (2,), "1,2": (1, 2)}
DEFAULT_GAP_S = {"pty": 1.0, "tcp": 0.0, "usbip": 1.0}

_EPILOG = """\
DIR gets JOBID.bin (the bytes, to the last one), JOBID-PAGE.png (what came out, one a sheet side or cut piece) and
JOBID.json (drawer, buzzer, commands not understood). Raw links have no jobs: on TCP a job is a connection; on a
terminal and on USB it ends when no byte has come for a second; --idle-gap changes that (0: never).

--usbip: in the machine that is to have the printer, after modprobe vhci_hcd:
  usbip --tcp-port PORT attach -r ADDRESS -b 1-1

Faults, through the socket of --control, or from the start by --fault and --script:
  tympan-sim control SOCKET paper-out on           and off; tympan-sim faults lists them all
  tympan-sim control SOCKET slow 0.1               a tenth of the speed; slow off
  tympan-sim control SOCKET cover on for 5         closed again after 5 seconds
  tympan-sim control SOCKET at +5000 unplug for 2  5000 bytes from now, for 2 seconds
  tympan-sim control SOCKET in 1.5 lost 200        in 1.5 seconds the cable loses 200 bytes
  tympan-sim control SOCKET well                   no fault any more, and none to come
  tympan-sim control SOCKET status                 sensors, faults, underruns, what waits: as JSON
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tympan-sim",
        description="A simulated printer: it decodes what a real one would get and shows each page as a picture.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="escpos|pcl|control|models|faults"
    )
    for language, what in (
        ("escpos", "a receipt printer that speaks ESC/POS"),
        ("pcl", "a laser that speaks PCL 5"),
    ):
        _printer_arguments(
            commands.add_parser(
                language,
                help=what,
                description=f"Simulate {what}.",
                epilog=_EPILOG,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            ),
            language,
        )
    control = commands.add_parser("control", help="send one command to a simulated printer's control socket")
    control.add_argument("socket", type=Path, help="the path that --control made")
    control.add_argument("words", nargs="+", metavar="COMMAND", help="such as: paper-out on")
    commands.add_parser("models", help="list the models")
    commands.add_parser("faults", help="list the faults")
    return parser


def _printer_arguments(parser: argparse.ArgumentParser, language: str) -> None:
    models = [name for name, model in MODELS.items() if model.language == language]
    parser.add_argument(
        "--model", choices=models, default=DEFAULT_MODELS[language], help="default: %(default)s"
    )
    if language == "escpos":
        parser.add_argument("--width-dots", type=int, metavar="N", help="dots the head can mark, 8 to 2400")
    parser.add_argument("--dpi", type=int, metavar="N", help="dots an inch both ways, 75 to 1200")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="real|max|N", help="default: real, as fast as the model"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", type=Path, metavar="PATH", help="a serial port with this name")
    where.add_argument("--tcp", type=_port, metavar="PORT", help="a network port; 0 takes a free one")
    where.add_argument(
        "--usbip",
        type=_port,
        metavar="PORT",
        help="a USB printer for another kernel, over USB/IP; 0 takes a free port",
    )
    parser.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS", help="for --tcp and --usbip; default: %(default)s"
    )
    parser.add_argument(
        "--usb-protocol",
        choices=tuple(USB_PROTOCOLS),
        default="2",
        help="of the USB interface: 1 one way, 2 both ways, 1,2 as two alternate settings; default: %(default)s",
    )
    parser.add_argument(
        "--usb-serial", default="SIM0001", metavar="TEXT", help="serial number on USB; default: %(default)s"
    )
    parser.add_argument(
        "--baud",
        type=_baud,
        default=0,
        metavar="N",
        help="for --pty: the line's speed towards the printer, ten bits a byte; default: as fast as a terminal is",
    )
    parser.add_argument("--idle-gap", type=_gap, metavar="SECONDS", help="a pause of this length ends a job")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where pictures and bytes go")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="make a control socket with this name")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="COMMAND",
        help='carry it out at the start, such as "at 5000 paper-out for 10"; may be given several times',
    )
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="a file of such commands, one a line; # begins a comment"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what noise and garbage are made of; default: 0"
    )


def _speed(word: str) -> float:
    try:
        return speed_factor(word)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _port(word: str) -> int:
    if not word.isdigit() or int(word) > 65_535:
        raise argparse.ArgumentTypeError(f"not a port: {word}")
    return int(word)


def _baud(word: str) -> int:
    if not (word.isascii() and word.isdigit() and 50 <= int(word) <= 4_000_000):
        raise argparse.ArgumentTypeError(f"not a baud rate from 50 to 4000000: {word}")
    return int(word)


def _gap(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"not a number of seconds from 0 to 3600: {word}")
    return seconds


def _link(arguments: argparse.Namespace) -> tuple[Link, str]:
    from tympan_sim.link_usbip import UsbIpLink  # noqa: PLC0415 — loads the simulation
    from tympan_sim.links import PtyLink, TcpLink  # noqa: PLC0415 — as above
    from tympan_sim.usb_printer_class import UsbTraits  # noqa: PLC0415 — as above

    kind = next(name for name in DEFAULT_GAP_S if getattr(arguments, name) is not None)
    gap_s = DEFAULT_GAP_S[kind] if arguments.idle_gap is None else arguments.idle_gap
    if kind == "pty":
        return PtyLink(arguments.pty, idle_gap_s=gap_s, baud=arguments.baud), str(arguments.pty)
    if kind == "tcp":
        tcp = TcpLink(arguments.tcp, arguments.bind, idle_gap_s=gap_s)
        return tcp, f"port {tcp.port} of {arguments.bind}"
    traits = UsbTraits(serial=arguments.usb_serial, protocols=USB_PROTOCOLS[arguments.usb_protocol])
    usbip = UsbIpLink(arguments.usbip, arguments.bind, traits=traits, idle_gap_s=gap_s)
    return usbip, f"port {usbip.port} of {arguments.bind} for USB/IP"


def _simulate(arguments: argparse.Namespace, model: PrinterModel) -> int:
    from tympan_sim.loop import SimulationLoop  # noqa: PLC0415 — loads the simulation
    from tympan_sim.simulation import Simulation  # noqa: PLC0415 — loads the simulation

    control = None
    try:
        orders = [*arguments.fault, *(_orders(arguments.script) if arguments.script else ())]
        simulation = Simulation(model, arguments.out, speed=arguments.speed, seed=arguments.seed)
        for order in orders:
            answer = execute(simulation, order, time.monotonic())
            if not answer.startswith("ok"):
                print(f"tympan-sim: {order}: {answer.removeprefix('error ')}", file=sys.stderr)
                return 2
        control = ControlSocket(arguments.control) if arguments.control else None
        link, where = _link(arguments)
    except OSError as problem:
        if control is not None:
            control.close()
        print(f"tympan-sim: {problem}", file=sys.stderr)
        return 1
    loop = SimulationLoop(simulation, link, control)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: loop.stop())
    print(f"{model.name} listens on {where}; pictures go to {arguments.out}", flush=True)
    loop.run()
    return 0


def _orders(path: Path) -> list[str]:
    """The commands of a script.

    Raises:
        OSError: It cannot be read.
    """
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def _list_faults() -> int:
    takes = {
        "switch": "on, off",
        "factor": "above 0, to 1",
        "bytes": "N bytes",
        "limit": "N bytes",
        "seconds": "N s",
    }
    for name, kind in FAULTS.items():
        print(f"{name:15} {takes[kind.value]:13} {kind.what}")
    return 0


def _list_models() -> int:
    for model in MODELS.values():
        width = (
            f"{model.escpos.print_width_dots} dots, " if model.language == "escpos" else f"{model.media}, "
        )
        print(f"{model.name:15} {model.language:7} {model.make} {model.model}: {width}{model.dpi[0]} dpi")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tympan-sim``; returns its exit code: 0 done, 1 failed, 2 used wrongly."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command == "models":
        return _list_models()
    if arguments.command == "faults":
        return _list_faults()
    if arguments.command == "control":
        try:
            answer = send(arguments.socket, " ".join(arguments.words))
        except ControlError as problem:
            print(f"tympan-sim: {problem}", file=sys.stderr)
            return 1
        if answer:
            print(answer)
        return 0
    try:
        model = adapted(
            MODELS[arguments.model], width_dots=getattr(arguments, "width_dots", None), dpi=arguments.dpi
        )
    except ValueError as problem:
        parser.error(str(problem))
    if arguments.baud and arguments.pty is None:
        parser.error("--baud is a serial line's speed: it goes with --pty")
    return _simulate(arguments, model)
