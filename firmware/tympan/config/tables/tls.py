"""``[tls]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.checks import path_problem
from tympan.config.option import option


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
        problem=path_problem,
        default_note="one that the service makes and signs itself",
    )
    key: str = option(
        "The key of `certificate`, a PEM file without a password.",
        default="",
        problem=path_problem,
        default_note="in the file of the certificate",
    )
