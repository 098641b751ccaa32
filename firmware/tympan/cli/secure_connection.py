"""HTTP over TLS to a printer, whose certificate nobody but itself has signed: trusted at first sight, and then held to its key.

A certificate that an authority of this machine's vouches for is taken as it is. Any other is taken the first time; its key is written
down, and a printer of the same name and port that comes with another key is refused: somebody may be in between.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
import ssl
from pathlib import Path

from tympan.errors import TympanError


class StrangerError(TympanError, ConnectionError):
    """A printer has another key than the last time."""


def known_keys_path() -> Path:
    """The file with the keys of printers, a line for each: ``HOST:PORT FINGERPRINT``."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tympan" / "known-printers"


class SecureConnection(http.client.HTTPConnection):
    """HTTP over TLS, to somebody who is who they were the last time."""

    def connect(self) -> None:
        """Connect, and see who is there.

        Raises:
            StrangerError: It is somebody else than the last time.
            OSError: Nobody, or nobody who speaks TLS.
        """
        context = ssl.create_default_context()
        with contextlib.suppress(ssl.SSLCertVerificationError):
            super().connect()
            self.sock = self._secured(context)
            return
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        super().connect()
        self.sock = self._secured(context)
        try:
            check_known(f"{self.host}:{self.port}", self.sock.getpeercert(binary_form=True) or b"")
        except BaseException:
            self.sock.close()
            raise

    def _secured(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        plain: socket.socket = self.sock
        try:
            return context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()  # and not `self.close`: a request may be under way, which a second attempt goes on with
            raise


def check_known(authority: str, certificate: bytes) -> None:
    """See that a printer has the key it had the last time; write it down where there was none.

    Args:
        authority: ``HOST:PORT``.
        certificate: Its certificate, DER.

    Raises:
        StrangerError: It has another.
    """
    fingerprint = hashlib.sha256(public_key_of(certificate)).hexdigest()
    path = known_keys_path()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for number, line in enumerate(lines, 1):
        known, _, known_fingerprint = line.partition(" ")
        if known == authority:
            if known_fingerprint == fingerprint:
                return
            raise StrangerError(
                f"{authority} has another key than the last time: somebody may be in between. If it was set up anew: "
                f"remove line {number} of {path}"
            )
    with contextlib.suppress(OSError):  # a home that cannot be written to knows nobody
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{authority} {fingerprint}\n")


def public_key_of(certificate: bytes) -> bytes:
    """``subjectPublicKeyInfo`` of a DER certificate, RFC 5280 §4.1: it stays when the certificate is renewed.

    Raises:
        StrangerError: It is no certificate.
    """
    try:
        start, _ = _inside(certificate, 0)  # Certificate
        position, _ = _inside(certificate, start)  # TBSCertificate
        if certificate[position] == 0xA0:  # version
            position = _behind(certificate, position)
        for _ in range(5):  # serialNumber, signature, issuer, validity, subject
            position = _behind(certificate, position)
        return certificate[position : _behind(certificate, position)]
    except IndexError:
        raise StrangerError("the printer shows no certificate") from None


def _inside(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of the DER element at `position` begins, and its length, X.690 §8.1.3."""
    length = data[position + 1]
    if length < 0x80:
        return position + 2, length
    octets = length & 0x7F
    return position + 2 + octets, int.from_bytes(data[position + 2 : position + 2 + octets], "big")


def _behind(data: bytes, position: int) -> int:
    start, length = _inside(data, position)
    return start + length
