"""``[server]``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tympan.config.checks import (
    Address,
    absolute_problem,
    addresses_problem,
    geo_problem,
    host_name,
    host_name_problem,
    host_names_problem,
    parse_address,
    text_problem,
)
from tympan.config.option import option

IPP_PORT = 631
"""The port of IPP, RFC 8010 §4."""

SIMULATION_PORT = 8631
"""Where ``tympan serve --simulate`` listens: above 1023, so that no right is needed."""


@dataclass(frozen=True)
class ServerSettings:
    """``[server]``: where the service listens, what it keeps where, and what it says of its place."""

    listen: tuple[str, ...] = option(
        "Addresses to listen on, `HOST:PORT`; `[::]` stands for every address, IPv4 as well. Port 0 takes a free one.",
        default=(f"[::]:{IPP_PORT}",),
        problem=addresses_problem,
    )
    state_dir: str = option(
        "Directory for jobs, documents and what must survive a restart.",
        default="/var/lib/tympan",
        problem=absolute_problem,
    )
    socket: str = option(
        "Path of the Unix socket over which the commands on this machine reach the service with the rights of who types them; "
        "a relative path is in `state_dir`, an empty one makes none.",
        default="tympan.sock",
    )
    durability: str = option(
        "`full`: a job is on the disk before its client hears that it was accepted, and survives a power cut. `relaxed`: it survives "
        "a crash of the service, but not always a power cut; spares SD cards.",
        default="full",
        choices=("full", "relaxed"),
    )
    name: str = option(
        "Host name in the URIs that clients are given.",
        default_factory=host_name,
        problem=host_name_problem,
        default_note="the machine's name and `.local`",
    )
    host_names: tuple[str, ...] = option(
        "More names by which clients reach this machine: requests to other names are refused, and the certificate is for these too. "
        "`*` takes any name.",
        default=(),
        problem=host_names_problem,
    )
    auto_printers: str = option(
        "Whether a USB printer that is plugged in becomes a printer by itself, with the driver and profile for what it says it is: "
        "`unless-configured` where there are no `[[printers]]`, `always`, `never`.",
        default="unless-configured",
        choices=("unless-configured", "always", "never"),
    )
    location: str = option(
        "`printer-location` of printers that give none.", default="", problem=text_problem(127)
    )
    geo_location: str = option("`printer-geo-location`, a geo URI.", default="", problem=geo_problem)
    organization: str = option("`printer-organization`.", default="", problem=text_problem(127))
    organizational_unit: str = option("`printer-organizational-unit`.", default="", problem=text_problem(127))

    @property
    def addresses(self) -> tuple[Address, ...]:
        """`listen`, taken apart."""
        return tuple(parse_address(text) for text in self.listen)

    @property
    def socket_path(self) -> Path | None:
        """`socket`, absolute; None where there is to be none."""
        return Path(self.state_dir) / self.socket if self.socket else None
