"""The settings, as frozen types: every key of the configuration with its default, its range and what it means.

A key is described here and nowhere else; docs/configuration.md is checked against this file. Units stand in the names.
Nothing here reads files.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from tympan.config.option import option
from tympan.config.password_hash import problem_of_hash

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

IPP_PORT = 631
"""The port of IPP, RFC 8010 §4."""

SIMULATION_PORT = 8631
"""Where ``tympan serve --simulate`` listens: above 1023, so that no right is needed."""

MAX_PRINTERS = 64
MAX_USERS = 1000


class Address(NamedTuple):
    """An address to listen on."""

    host: str
    port: int


class Place(NamedTuple):
    """Where a key was set."""

    path: str
    line: int


def parse_address(text: str) -> Address:
    """Take ``HOST:PORT`` apart; IPv6 addresses stand in brackets, ``[::]:631``. The host is given without them.

    Raises:
        ValueError: It is no address; the message says why.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(
            f'{text!r} is no address: it takes HOST:PORT, such as "[::]:631" or "127.0.0.1:8631"'
        )
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError(f"{text!r}: {port!r} is no port: 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f'{text!r}: an IPv6 address stands in brackets, such as "[::1]:631"')
    return Address(host, int(port))


def _addresses_problem(addresses: tuple[str, ...]) -> str | None:
    if not addresses:
        return "there must be at least one address"
    parsed, problems = [], []
    for address in addresses:
        try:
            parsed.append(parse_address(address))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        return "; ".join(problems)
    return "an address is given twice" if len(set(parsed)) < len(parsed) else None


_HOST_NAME = re.compile(
    r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?|\[[0-9a-fA-F:.]+\]"
)


def _host_name_problem(name: str) -> str | None:
    if len(name) <= 253 and _HOST_NAME.fullmatch(name):
        return None
    return f"{name!r} is no host name: letters, digits and hyphens, parts separated by dots"


def _host_names_problem(names: tuple[str, ...]) -> str | None:
    problems = [problem for name in names if name != "*" and (problem := _host_name_problem(name))]
    return "; ".join(problems) or None


_KEYWORD = re.compile(r"[a-z][a-z0-9._-]{0,254}")


def _keywords_problem(keywords: tuple[str, ...]) -> str | None:
    if not keywords:
        return 'it takes at least one keyword; "none" stands for nothing'
    wrong = next((keyword for keyword in keywords if not _KEYWORD.fullmatch(keyword)), None)
    if wrong is not None:
        return f"{wrong!r} is no keyword of IPP"
    alone = {"none", "all"} & set(keywords)
    return f"{alone.pop()!r} stands alone" if alone and len(keywords) > 1 else None


_PRINTER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def printer_name_problem(name: str) -> str | None:
    """Why a printer cannot be called `name`; None where it can."""
    if _PRINTER_NAME.fullmatch(name):
        return None
    return (
        f"{name!r} cannot be in a URI as it is: 1 to 63 of a to z, 0 to 9, '-' and '_', beginning with a letter or a digit "
        "(the name that people see is 'info')"
    )


_URI_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:.+", re.ASCII)


def _device_problem(device: str) -> str | None:
    if _URI_SCHEME.fullmatch(device):
        return None
    return f"{device!r} is no device URI; it begins with a scheme, such as usb: or serial: (`tympan devices` lists what is there)"


def _absolute_problem(path: str) -> str | None:
    return None if path.startswith("/") else f"{path!r} is no absolute path"


def geo_problem(uri: str) -> str | None:
    """Why `uri` is no geo URI; None where it is one, or empty."""
    if not uri or re.fullmatch(r"geo:-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?(,-?\d+(\.\d+)?)?(;.*)?", uri):
        return None
    return f"{uri!r} is no geo URI (RFC 5870), such as geo:48.2010,16.3695"


def _text_problem(limit: int) -> Callable[[str], str | None]:
    def problem(text: str) -> str | None:
        length = len(text.encode())
        if length > limit:
            return f"{length} bytes are too long: at most {limit}"
        return (
            "control characters are not allowed" if any(ord(character) < 32 for character in text) else None
        )

    return problem


def host_name() -> str:
    """This machine's name on the local network: ``NAME.local`` where it has no domain."""
    node = os.uname().nodename or "localhost"
    return node if "." in node or node == "localhost" else f"{node}.local"


@dataclass(frozen=True)
class ServerSettings:
    """``[server]``: where the service listens, what it keeps where, and what it says of its place."""

    listen: tuple[str, ...] = option(
        "Addresses to listen on, `HOST:PORT`; `[::]` stands for every address, IPv4 as well. Port 0 takes a free one.",
        default=(f"[::]:{IPP_PORT}",),
        problem=_addresses_problem,
    )
    state_dir: str = option(
        "Directory for jobs, documents and what must survive a restart.",
        default="/var/lib/tympan",
        problem=_absolute_problem,
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
        problem=_host_name_problem,
        default_note="the machine's name and `.local`",
    )
    host_names: tuple[str, ...] = option(
        "More names by which clients reach this machine: requests to other names are refused, and the certificate is for these too. "
        "`*` takes any name.",
        default=(),
        problem=_host_names_problem,
    )
    location: str = option(
        "`printer-location` of printers that give none.", default="", problem=_text_problem(127)
    )
    geo_location: str = option("`printer-geo-location`, a geo URI.", default="", problem=geo_problem)
    organization: str = option("`printer-organization`.", default="", problem=_text_problem(127))
    organizational_unit: str = option(
        "`printer-organizational-unit`.", default="", problem=_text_problem(127)
    )

    @property
    def addresses(self) -> tuple[Address, ...]:
        """`listen`, taken apart."""
        return tuple(parse_address(text) for text in self.listen)

    @property
    def socket_path(self) -> Path | None:
        """`socket`, absolute; None where there is to be none."""
        return Path(self.state_dir) / self.socket if self.socket else None


@dataclass(frozen=True)
class AccessSettings:
    """``[access]``: who may do what."""

    print: str = option(
        "Who may print: `everybody` in the network, or only `users` who have proved who they are.",
        default="everybody",
        choices=("everybody", "users"),
    )
    job_privacy_attributes: tuple[str, ...] = option(
        "What of a job others do not see: names of job attributes, `job-description`, `job-template`, `all`, `none`; `default` is the "
        "names of the job, its documents and its user.",
        default=("default",),
        problem=_keywords_problem,
    )
    job_privacy_scope: str = option(
        "Who does see it: `default`, the job's owner and operators; `owner`, nobody else; `none`, nobody at all; `all`, everybody.",
        default="default",
        choices=("default", "owner", "none", "all"),
    )
    operator_group: str = option(
        "Group of this machine's users whose members are operators when they come over the Unix socket. Root and the service's "
        "own user are administrators there.",
        default="",
    )


def _path_problem(path: str) -> str | None:
    return _absolute_problem(path) if path else None


@dataclass(frozen=True)
class TlsSettings:
    """``[tls]``: encrypted connections, ``ipps:`` and ``https:``, on the same ports as plain ones."""

    mode: str = option(
        "`optional`: who wants encryption gets it. `required`: plain connections are only good for going over to TLS. "
        "`off`: there is none, and so no passwords.",
        default="optional",
        choices=("optional", "required", "off"),
    )
    certificate: str = option(
        "Certificate of your own, a PEM file, with the certificates between it and its root behind it; it is read again when it changes.",
        default="",
        problem=_path_problem,
        default_note="one that the service makes and signs itself",
    )
    key: str = option(
        "The key of `certificate`, a PEM file without a password.",
        default="",
        problem=_path_problem,
        default_note="in the file of the certificate",
    )


@dataclass(frozen=True)
class LimitSettings:
    """``[limits]``: what the service accepts, keeps and waits for. The defaults suit a Raspberry Pi with 512 MB."""

    max_connections: int = option(
        "Connections open at the same time; one more takes the place of the one that has been idle longest, or is refused.",
        default=512,
        minimum=1,
        maximum=65536,
    )
    max_connections_per_address: int = option(
        "Connections that one address (of IPv6 one /64) may have open at the same time.",
        default=100,
        minimum=1,
        maximum=65536,
    )
    max_request_header_bytes: int = option(
        "Longest HTTP request line, and longest header field.",
        default=8 * KIB,
        minimum=1 * KIB,
        maximum=64 * KIB,
    )
    max_ipp_bytes: int = option(
        "Longest IPP message of a request, without the document behind it.",
        default=1 * MIB,
        minimum=4 * KIB,
        maximum=16 * MIB,
    )
    max_attributes: int = option(
        "Most attributes and values in an IPP message.", default=10_000, minimum=100, maximum=1_000_000
    )
    max_document_bytes: int = option(
        "Longest document, as it is after decompression.",
        default=1 * GIB,
        minimum=64 * KIB,
        maximum=1024 * GIB,
    )
    max_decompression_ratio: int = option(
        "How many times longer a gzip or deflate document may become.",
        default=200,
        minimum=2,
        maximum=100_000,
    )
    max_documents_per_job: int = option("Most documents in a job.", default=100, minimum=1, maximum=10_000)
    max_copies: int = option("Most copies of a job.", default=999, minimum=1, maximum=100_000)
    max_jobs: int = option(
        "Most jobs waiting and printing, all printers together; one more is refused with `server-error-busy`.",
        default=20_000,
        minimum=1,
        maximum=1_000_000,
    )
    history_jobs: int = option(
        "Finished jobs to remember; the oldest go first.",
        default=500,
        minimum=0,
        maximum=1_000_000,
    )
    retain_s: int = option(
        "How long the documents of finished jobs are kept for printing them again, where a job does not say itself "
        "(`job-retain-until`). They go sooner when the spool needs the room.",
        default=300,
        minimum=0,
        maximum=31_536_000,
    )
    spool_bytes: int = option(
        "Disk space for documents of waiting jobs, all together.",
        default=2 * GIB,
        minimum=1 * MIB,
        maximum=1024 * GIB,
    )
    spool_reserve_bytes: int = option(
        "Disk space to leave free; below it new documents are refused.",
        default=64 * MIB,
        minimum=0,
        maximum=1024 * GIB,
    )
    request_header_timeout_s: int = option(
        "Time for a TLS handshake, a request's HTTP header and its IPP message to arrive.",
        default=30,
        minimum=1,
        maximum=3600,
    )
    request_body_idle_timeout_s: int = option(
        "Time an upload may stand still before it counts as broken off.",
        default=90,
        minimum=1,
        maximum=86_400,
    )
    min_upload_bytes_per_s: int = option(
        "An upload that is slower for longer than `request_body_idle_timeout_s` counts as broken off; time in which we make it wait "
        "does not count.",
        default=64,
        minimum=0,
        maximum=1 * GIB,
    )
    keepalive_timeout_s: int = option(
        "Time an idle connection is kept.", default=60, minimum=1, maximum=86_400
    )
    multiple_operation_timeout_s: int = option(
        "`multiple-operation-time-out`: time a job waits for its next document, RFC 8011 §5.4.31.",
        default=120,
        minimum=15,
        maximum=86_400,
    )
    max_wrong_passwords_per_address: int = option(
        "Wrong passwords that may come from one address (of IPv6 one /64) in a window of time; then none is tried for a while.",
        default=10,
        minimum=1,
        maximum=100_000,
    )
    max_wrong_passwords_per_user: int = option(
        "Wrong passwords that may come for one user from anywhere in a window of time.",
        default=50,
        minimum=1,
        maximum=100_000,
    )
    wrong_password_window_s: int = option("That window of time.", default=300, minimum=1, maximum=86_400)
    shutdown_timeout_s: int = option(
        "Time that running answers and uploads get when the service is told to stop.",
        default=5,
        minimum=0,
        maximum=600,
    )


@dataclass(frozen=True)
class RenderSettings:
    """``[render]``: how documents become pixels, and what a worker that does it may use."""

    memory_mib: int = option(
        "Memory of a render worker; one that wants more is ended and its job aborted.",
        default=384,
        minimum=96,
        maximum=65536,
    )
    stall_cpu_s: int = option(
        "Processor time a worker may use without giving any output.", default=120, minimum=1, maximum=86_400
    )
    stall_wall_s: int = option(
        "Time a worker may take without giving any output, not counting what it waits for a document or a printer.",
        default=600,
        minimum=1,
        maximum=86_400,
    )
    max_pages: int = option(
        "Most pages of a document; what comes after is an error.",
        default=10_000,
        minimum=1,
        maximum=1_000_000,
    )


VIRTUAL_INTERFACES = (
    "br-*", "cali*", "cni*", "docker*", "dummy*", "flannel*", "ifb*", "lxc*", "podman*", "tailscale*", "tap*", "tun*",
    "utun*", "vboxnet*", "veth*", "virbr*", "vmnet*", "wg*", "zt*",
)  # fmt: skip
"""Interfaces behind which nobody sits who prints: containers, virtual machines, tunnels."""


@dataclass(frozen=True)
class DiscoverySettings:
    """``[discovery]``: whether and where printers are announced, so that they are found without an address."""

    enabled: bool = option(
        "Announce the printers on the local network (DNS-SD, also called Bonjour, AirPrint or mDNS).",
        default=True,
    )
    interfaces: tuple[str, ...] = option(
        'Network interfaces to announce on, such as `["eth0", "wlan*"]`; `*` and `?` stand for any letters. '
        "Empty: all but those of `ignore`.",
        default=(),
    )
    ignore: tuple[str, ...] = option(
        "Network interfaces to leave out, where `interfaces` names none.",
        default=VIRTUAL_INTERFACES,
        default_note="those of containers, virtual machines and tunnels: "
        + ", ".join(f"`{name}`" for name in VIRTUAL_INTERFACES),
    )


@dataclass(frozen=True)
class NotificationSettings:
    """``[notifications]``: subscriptions to events, and the events that are kept for those who fetch them (RFC 3995, RFC 3996)."""

    max_subscriptions: int = option(
        "Most subscriptions, all together; one more is refused with `client-error-too-many-subscriptions`.",
        default=1000,
        minimum=1,
        maximum=100_000,
    )
    max_subscriptions_per_printer: int = option(
        "Most subscriptions to one printer, and to the system; those to single jobs are not counted.",
        default=250,
        minimum=1,
        maximum=100_000,
    )
    max_subscriptions_per_job: int = option(
        "Most subscriptions to one job.", default=10, minimum=1, maximum=10_000
    )
    max_events: int = option(
        "Most events kept for a subscription; the oldest go first, and their numbers are missing.",
        default=100,
        minimum=2,
        maximum=100_000,
    )
    event_life_s: int = option(
        "`ippget-event-life`: time an event can be fetched, RFC 3996 §8.1.",
        default=60,
        minimum=15,
        maximum=86_400,
    )
    lease_s: int = option(
        "`notify-lease-duration-default`: time after which a subscription ends that nobody renewed.",
        default=86_400,
        minimum=1,
        maximum=67_108_863,
    )
    max_lease_s: int = option(
        "The longest lease. 0: as long as anybody likes, and 0, which never ends, may be asked for too.",
        default=604_800,
        minimum=0,
        maximum=67_108_863,
    )
    max_waiting: int = option(
        "Most clients that may hold a connection open to wait for an event; one more is told to come again.",
        default=100,
        minimum=0,
        maximum=65536,
    )


def _hosts_problem(hosts: tuple[str, ...]) -> str | None:
    for host in hosts:
        try:
            ipaddress.ip_network(host)
        except ValueError:
            if "/" in host or _host_name_problem(host) is not None:
                return f'{host!r} is no host name, address or network, such as "files.lan" or "10.1.0.0/16"'
    return None


@dataclass(frozen=True)
class FetchSettings:
    """``[fetch]``: documents that the printer fetches itself (Print-URI, Send-URI), by http and https."""

    allow_private: bool = option(
        "Fetch from every address. Otherwise private, loopback, link-local and multicast addresses are refused, so that nobody "
        "reads by the printer what it alone can reach.",
        default=False,
    )
    allow_hosts: tuple[str, ...] = option(
        'Hosts to fetch from although their addresses are private: names, addresses, networks, such as `["files.lan", "10.1.0.0/16"]`.',
        default=(),
        problem=_hosts_problem,
    )
    connect_timeout_s: int = option(
        "Time for the connection and for the first byte of the answer.", default=10, minimum=1, maximum=600
    )
    idle_timeout_s: int = option(
        "Time a document may stand still on its way.", default=30, minimum=1, maximum=86_400
    )
    total_timeout_s: int = option("Time a document may take in all.", default=600, minimum=1, maximum=86_400)
    max_fetches: int = option(
        "Documents that are fetched at the same time.", default=8, minimum=1, maximum=1000
    )


@dataclass(frozen=True)
class LogSettings:
    """``[log]``: what the service says on standard error (in the journal, when systemd runs it)."""

    level: str = option(
        "Least important messages to write.", default="info", choices=("debug", "info", "warning", "error")
    )


@dataclass(frozen=True)
class PrinterSettings:
    """``[[printers]]``: one printer."""

    name: str = option("Its name in the URI, `/ipp/print/NAME`.", problem=printer_name_problem)
    device: str = option("Device URI; `tympan devices` lists what is connected.", problem=_device_problem)
    driver: str = option("The driver, or `auto`: from the IEEE 1284 device id.", default="auto")
    profile: str = option(
        "The driver's profile for this model.", default="", default_note="the driver's own choice"
    )
    info: str = option(
        "`printer-info`: the name that people see.",
        default="",
        problem=_text_problem(127),
        default_note="the name",
    )
    location: str = option(
        "`printer-location`.", default="", problem=_text_problem(127), default_note="`server.location`"
    )
    default: bool = option(
        "The printer at `/ipp/print`. One printer at most.", default=False, default_note="the first printer"
    )
    media_ready: Mapping[str, str] = option(
        'What is loaded: source to media size name, such as `{ main = "iso_a4_210x297mm" }`; behind the name may stand what else '
        "it is, as members of `media-col`: `media-type=labels media-color=blue media-weight-metric=160`.",
        default_factory=dict,
        default_note="what the profile says",
    )
    defaults: Mapping[str, object] = option(
        'What a job gets that asks for nothing else: IPP names to values, such as `{ sides = "two-sided-long-edge" }`.',
        default_factory=dict,
        default_note="what the profile says",
    )


def user_name_problem(name: str) -> str | None:
    """What is wrong with the name of a user; None where nothing is."""
    if not name or len(name.encode()) > 255:
        return "a name has 1 to 255 bytes"
    if ":" in name or any(ord(character) < 32 for character in name):
        return "':' and control characters cannot be in the name of a user"  # RFC 7617 §2
    return None


@dataclass(frozen=True)
class UserSettings:
    """``[[users]]``: somebody who can prove who they are, by a password over TLS."""

    name: str = option("The name to log in with; jobs are printed under it.", problem=user_name_problem)
    password_hash: str = option("Hash of the password: `tympan passwd` makes it.", problem=problem_of_hash)
    role: str = option(
        "What they may do besides printing: see docs/security.md.",
        default="user",
        choices=("user", "operator", "administrator"),
    )


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured, checked.

    Attributes:
        server: ``[server]``.
        access: ``[access]``.
        tls: ``[tls]``.
        limits: ``[limits]``.
        render: ``[render]``.
        discovery: ``[discovery]``.
        notifications: ``[notifications]``.
        fetch: ``[fetch]``.
        log: ``[log]``.
        users: ``[[users]]``.
        printers: ``[[printers]]``, in the order they stand in.
        places: Where each key was set, by its dotted name (``limits.max_jobs``, ``printers.NAME.device``); for messages.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    render: RenderSettings = field(default_factory=RenderSettings)
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    log: LogSettings = field(default_factory=LogSettings)
    users: tuple[UserSettings, ...] = ()
    printers: tuple[PrinterSettings, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def default_printer(self) -> PrinterSettings | None:
        """The printer at ``/ipp/print``: the one that says so, or the first."""
        return next(
            (printer for printer in self.printers if printer.default),
            self.printers[0] if self.printers else None,
        )

    def place(self, key: str) -> Place:
        """Where `key` was set, or the nearest table around it; an empty place where no file set it."""
        while key:
            if key in self.places:
                return self.places[key]
            key = key.rpartition(".")[0]
        return Place("", 0)

    def listening_on(self, *listen: str) -> Settings:
        """The same settings with other addresses: what ``--listen`` and ``--port`` do."""
        return replace(self, server=replace(self.server, listen=listen))

    def keeping_state_in(self, state_dir: str) -> Settings:
        """The same settings with another state directory: what ``--state-dir`` does."""
        return replace(self, server=replace(self.server, state_dir=state_dir))
