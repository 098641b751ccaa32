"""Arguments that several verbs share, and how they become a client."""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path

from tympan.cli.client import IppClient, RequestFailedError, UnreachableError
from tympan.cli.errors import UsageError
from tympan.errors import TympanError
from tympan.ipp import Attribute, GroupTag, Operation

URI_VARIABLE = "TYMPAN_URI"

LOCAL_PORTS = (631, 8631)
"""Where a service on this machine is looked for: the port of IPP, then the simulation's."""

LOCAL_SOCKETS = ("/run/tympan/tympan.sock", "/var/lib/tympan/tympan.sock")
"""Where the Unix socket of an installed service is: there a command has the rights of who types it."""

TRIAL_SOCKET = "state/tympan.sock"
"""The socket of ``make run``, in the directory that it is typed in."""

PROBE_TIMEOUT_S = 5


class NoServiceError(TympanError):
    """Nothing that is tympan answers on this machine."""


def add_uri(parser: argparse.ArgumentParser) -> None:
    """``--uri``."""
    parser.add_argument(
        "--uri",
        default=os.environ.get(URI_VARIABLE, ""),
        help="the service or printer, ipp://HOST[:PORT][/ipp/print/NAME], or ipps://NAME@HOST as somebody who has a password, or the path of a service's Unix socket; "
        f"default: {URI_VARIABLE}, or this machine",
    )


def add_printer(parser: argparse.ArgumentParser) -> None:
    """``-P``."""
    parser.add_argument(
        "-P", "--printer", metavar="NAME", default="", help="the printer; default: the default printer"
    )


def add_named_printer(parser: argparse.ArgumentParser) -> None:
    """``PRINTER`` or ``-P``: for verbs that are about a printer and nothing else."""
    parser.add_argument(
        "printer", metavar="PRINTER", nargs="?", default="", help="the printer; default: the default printer"
    )
    parser.add_argument("-P", "--printer", dest="also_printer", metavar="NAME", default="", help="the same")


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="write JSON, with the names of IPP")


def service_client(options: argparse.Namespace) -> IppClient:
    """A client of the service that the options name; of the default printer where they name no printer.

    Raises:
        UsageError: The URI is none.
        NoServiceError: No URI is given and no tympan answers on this machine.
    """
    uri = options.uri or local_uri()
    try:
        return IppClient(uri)
    except ValueError as error:
        raise UsageError(str(error)) from error


def printer_client(options: argparse.Namespace) -> IppClient:
    """A client of the printer that the options name.

    Raises:
        UsageError: The URI is none, or names a printer and ``-P`` another.
        NoServiceError: No URI is given and no tympan answers on this machine.
    """
    client = service_client(options)
    if not options.printer:
        return client
    if client.names_printer:
        raise UsageError("--uri names a printer already; leave -P or the path of the URI away")
    return client.for_printer(options.printer)


def named_printer_client(options: argparse.Namespace) -> IppClient:
    """A client of the printer that the arguments of `add_named_printer` name.

    Raises:
        UsageError: The URI is none, or two printers are named.
        NoServiceError: No URI is given and no tympan answers on this machine.
    """
    if options.printer and options.also_printer:
        raise UsageError("name one printer: as PRINTER or with -P")
    options.printer = options.printer or options.also_printer
    return printer_client(options)


def _usable_sockets() -> list[str]:
    """The Unix sockets on which a service of this machine may listen for us."""
    trial, simulation = Path(TRIAL_SOCKET).absolute(), default_simulation_dir() / "tympan.sock"
    found = [Path(path) for path in LOCAL_SOCKETS]
    found += [path for path in (trial, simulation) if _is_ours(path)]
    return [str(path) for path in found if os.access(path, os.W_OK)]


def _is_ours(path: Path) -> bool:
    """A socket that we or root made: in a directory like the present one anybody may have put one."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid in {0, os.geteuid()}


def default_simulation_dir() -> Path:
    """Where a simulation keeps its state when nobody says."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tympan-simulation"


def _is_tympan(uri: str) -> bool:
    """Whether a tympan answers there.

    Raises:
        UnreachableError: Nobody does.
    """
    with IppClient(uri, timeout_s=PROBE_TIMEOUT_S) as client:
        try:
            answer = client.call(
                Operation.GET_PRINTER_ATTRIBUTES,
                Attribute.keyword("requested-attributes", "printer-firmware-name"),
            )
        except RequestFailedError:
            return False
    return answer.group(GroupTag.PRINTER).string("printer-firmware-name") == "tympan"


def local_uri() -> str:
    """Where a service of this machine is found when nobody says.

    Raises:
        NoServiceError: Nowhere.
    """
    for path in _usable_sockets():
        try:
            with IppClient(path, timeout_s=PROBE_TIMEOUT_S) as client:
                client.open()
        except UnreachableError:  # a service that is gone left it
            continue
        return path
    others = []
    for port in LOCAL_PORTS:
        uri = f"ipp://localhost:{port}"
        try:
            if _is_tympan(uri):
                return uri
        except UnreachableError:
            continue
        others.append(port)
    found = f" (at port {others[0]} something else answers)" if others else ""
    raise NoServiceError(
        f"no tympan answers on this machine at port {' or '.join(map(str, LOCAL_PORTS))}{found}. Is the service running? "
        "`systemctl status tympan` tells, `tympan serve --simulate` starts one to try out; "
        "for a service elsewhere: --uri ipp://HOST:PORT"
    )


def way_in(uri: str) -> str:
    """How one who was refused at `uri` (empty: what was found here) might be let do it; empty where they have said who they are."""
    sockets = _usable_sockets()
    if not uri and sockets:
        return ""
    client = IppClient(uri or "localhost")
    if client.says_who:
        return ""
    if client.is_local and sockets:
        return f"on the machine itself leave --uri away: the command then asks through {sockets[0]}, and who types it is known"
    return f"with a password: --uri ipps://NAME@{client.authority if uri else 'HOST:PORT'}"
