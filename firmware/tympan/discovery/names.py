"""Names: of service instances, and of this host on the local network (RFC 6763 §4.1.1, RFC 6762 §9 and App. D)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tympan.service.description import PrinterIdentity
from tympan.service.dns_sd_name import MAX_DNS_SD_NAME_OCTETS, cut, dns_sd_name

MAX_LABEL_OCTETS = 63

LOCAL = ".local"

MAX_VARIANTS = 1000
"""How many names are tried before the last is taken."""

_NO_HOST_CHARACTERS = re.compile(r"[^A-Za-z0-9-]+")


def instance_name(identity: PrinterIdentity, host: str) -> str:
    """What a printer is announced as, where nobody else has the name.

    A printer that has no other name than that in its URI is told from the like of other hosts: ``receipt @ shop``.

    Args:
        identity: The printer's names.
        host: This host, such as ``shop.local``.
    """
    if identity.info and identity.info != identity.name:
        return dns_sd_name(identity.info)
    return dns_sd_name(f"{identity.name} @ {host.partition('.')[0]}")


def instance_names(name: str) -> Iterator[str]:
    """`name`, then the names to try where it is taken: ``name (2)``, ``name (3)`` …, none longer than may be."""
    yield name
    for number in range(2, MAX_VARIANTS + 1):
        suffix = f" ({number})"
        yield cut(name, MAX_DNS_SD_NAME_OCTETS - len(suffix)) + suffix


def host_name(configured: str) -> str:
    """This host's name on the local network, ``NAME.local``, from the name in the configuration."""
    label = "" if configured.startswith("[") else configured.partition(".")[0]
    if label == "localhost" or configured.replace(".", "").isdigit():
        label = ""
    label = _NO_HOST_CHARACTERS.sub("-", label).strip("-")[:MAX_LABEL_OCTETS].strip("-")
    return f"{label or 'tympan'}{LOCAL}"


def host_names(name: str) -> Iterator[str]:
    """``NAME.local``, then what to try where another host has it: ``NAME-2.local`` and so on."""
    yield name
    label = name.removesuffix(LOCAL)
    for number in range(2, MAX_VARIANTS + 1):
        suffix = f"-{number}"
        yield f"{label[: MAX_LABEL_OCTETS - len(suffix)]}{suffix}{LOCAL}"
