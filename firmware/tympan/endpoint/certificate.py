"""The certificate that the service makes for itself, and the one file it is kept in.

A client that trusts on first use wants the same certificate tomorrow, and the name it connected to in it. So it is made
once, kept with its key in one file (``tls.pem``: never the one without the other), and made anew only before it ends or
when the machine has a name or an address that it lacks; the key stays even then.

`cryptography` is large: it is loaded in a process of its own (``python -m tympan.endpoint.certificate``), once in years.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import GeneralName

DAY_S: Final = 86_400

VALID_S: Final = 3650 * DAY_S
"""Ten years: longer than a client remembers, and no certificate that is trusted on first use gets better by ending."""

RENEWED_BEFORE_S: Final = 30 * DAY_S
"""How long before its end it is made anew."""

NOT_BEFORE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A Raspberry Pi has no clock of its own: until it has asked the network it believes that it is 1970."""

EARLIEST_NOW: Final = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
"""No clock that says less is right: this program is younger. A certificate made then ends as if it were made now."""

MAX_COMMON_NAME: Final = 64
"""``ub-common-name``, RFC 5280 Appendix A.1."""

_HEAD = re.compile(rb"\A# tympan names: (?P<names>[^\r\n]*)\n# tympan not-after: (?P<end>\d{1,12})\n")


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands at the head of the file, so that nobody has to parse the certificate.

    Attributes:
        names: The host names and addresses it is for.
        not_after: When it ends, Unix time.
    """

    names: frozenset[str]
    not_after: int

    def serves(self, names: Collection[str], now: float) -> bool:
        """Whether it is for all these names, and long enough."""
        return self.names >= set(names) and now < self.not_after - RENEWED_BEFORE_S


def facts_of(pem: bytes) -> Facts | None:
    """The facts at the head of the file; None where it is none of ours."""
    found = _HEAD.match(pem)
    if found is None:
        return None
    return Facts(frozenset(found["names"].decode("ascii", "replace").split()), int(found["end"]))


def self_signed(names: Sequence[str], now: float, old: bytes = b"") -> bytes:
    """A self-signed certificate with its key, as PEM with the facts at its head.

    Args:
        names: Host names and addresses; the first is what people see.
        now: Unix time.
        old: The file it replaces, whose key it keeps.
    """
    from cryptography import x509  # noqa: PLC0415 — 100 ms and 10 MB that the service itself never pays
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = _key_of(old) or ec.generate_private_key(ec.SECP256R1())
    end = int(max(now, EARLIEST_NOW)) + VALID_S
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:MAX_COMMON_NAME])])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
         "crl_sign", "encipher_only", "decipher_only"),
        False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_BEFORE + timedelta(seconds=end))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    head = f"# tympan names: {' '.join(names)}\n# tympan not-after: {end}\n"
    return (
        head.encode("ascii")
        + certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _general_name(name: str) -> GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_of(pem: bytes) -> EllipticCurvePrivateKey | None:
    """The key of an earlier file; None where there is none that can be used."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    found = re.search(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", pem, re.DOTALL)
    if found is None:
        return None
    try:
        key = load_pem_private_key(found.group(), None)
    except (ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def write(path: Path, data: bytes) -> None:
    """Put the file in place, whole or not at all, for its owner's eyes only.

    Raises:
        OSError: It cannot be written.
    """
    import tempfile  # noqa: PLC0415 — only the process that makes one needs it

    fd, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def main(arguments: Sequence[str]) -> int:
    """Make the file ``PATH`` for the names that follow; what stands there already gives its key."""
    path = Path(arguments[0])
    try:
        old = path.read_bytes()
    except OSError:
        old = b""
    try:
        write(path, self_signed(arguments[1:], time.time(), old))
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201 — a program of its own
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
