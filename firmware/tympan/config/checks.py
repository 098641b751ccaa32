"""What a value of the configuration must be, beyond its type: each check says what is wrong, None where nothing is."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from typing import NamedTuple


class Address(NamedTuple):
    """An address to listen on."""

    host: str
    port: int


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


def addresses_problem(addresses: tuple[str, ...]) -> str | None:
    """At least one address to listen on, each `HOST:PORT`."""
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


def host_name_problem(name: str) -> str | None:
    """A host name, RFC 1123 §2.1."""
    if len(name) <= 253 and _HOST_NAME.fullmatch(name):
        return None
    return f"{name!r} is no host name: letters, digits and hyphens, parts separated by dots"


def host_names_problem(names: tuple[str, ...]) -> str | None:
    """Host names; `*` is one too."""
    problems = [problem for name in names if name != "*" and (problem := host_name_problem(name))]
    return "; ".join(problems) or None


_KEYWORD = re.compile(r"[a-z][a-z0-9._-]{0,254}")


def keywords_problem(keywords: tuple[str, ...]) -> str | None:
    """At least one IPP keyword."""
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


def optional_printer_name_problem(name: str) -> str | None:
    """A printer's name, or none."""
    return printer_name_problem(name) if name else None


_URI_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:.+", re.ASCII)


def device_problem(device: str) -> str | None:
    """A device URI, as far as its form goes."""
    if _URI_SCHEME.fullmatch(device):
        return None
    return f"{device!r} is no device URI; it begins with a scheme, such as usb: or serial: (`tympan devices` lists what is there)"


def absolute_problem(path: str) -> str | None:
    """An absolute path."""
    return None if path.startswith("/") else f"{path!r} is no absolute path"


def geo_problem(uri: str) -> str | None:
    """Why `uri` is no geo URI; None where it is one, or empty."""
    if not uri or re.fullmatch(r"geo:-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?(,-?\d+(\.\d+)?)?(;.*)?", uri):
        return None
    return f"{uri!r} is no geo URI (RFC 5870), such as geo:48.2010,16.3695"


def text_problem(limit: int) -> Callable[[str], str | None]:
    """Text of at most `limit` octets in UTF-8: makes the check."""

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


def path_problem(path: str) -> str | None:
    """An absolute path, or none."""
    return absolute_problem(path) if path else None


def hosts_problem(hosts: tuple[str, ...]) -> str | None:
    """Host names, addresses and networks."""
    for host in hosts:
        try:
            ipaddress.ip_network(host)
        except ValueError:
            if "/" in host or host_name_problem(host) is not None:
                return f'{host!r} is no host name, address or network, such as "files.lan" or "10.1.0.0/16"'
    return None
