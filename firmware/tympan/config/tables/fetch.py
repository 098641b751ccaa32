"""``[fetch]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.checks import hosts_problem
from tympan.config.option import option


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
        problem=hosts_problem,
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
