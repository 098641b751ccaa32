"""``[discovery]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option

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
