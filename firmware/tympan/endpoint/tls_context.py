"""TLS: the certificate in use, from the configuration or self-made, and kept up to date while the service runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tympan.config import TlsSettings
from tympan.endpoint import certificate
from tympan.errors import ConfigError

FILE_NAME: Final = "tls.pem"
"""The self-made certificate with its key, in the state directory."""

LOOK_S: Final = 60.0
"""How often names, addresses, ends and files are looked at."""

_log = logging.getLogger(__name__)


class TlsContext:
    """What TLS connections begin with.

    Args:
        settings: ``[tls]``.
        state_dir: Where the self-made certificate is kept.
        names: Gives the names and addresses that the certificate has to have, the most important one first.
        now: Gives Unix time.
    """

    def __init__(
        self,
        settings: TlsSettings,
        state_dir: Path,
        names: Callable[[], tuple[str, ...]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.offered = settings.mode != "off"
        self._own = not settings.certificate
        self._path = state_dir / FILE_NAME if self._own else Path(settings.certificate)
        self._key = settings.key or None
        self._names = names
        self._now = now
        self._context: ssl.SSLContext | None = None
        self._loaded: tuple[tuple[int, int], ...] = ()
        self._settled = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the certificate; where one has to be made first, that goes on behind, and connections wait for it.

        Raises:
            ConfigError: The certificate of the configuration cannot be used.
        """
        if not self.offered:
            return
        if not self._own:
            try:
                self._load()
            except (OSError, ValueError) as error:
                raise ConfigError(_sentence(self._path, error), key="tls.certificate") from error
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Look no more."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def get(self) -> ssl.SSLContext | None:
        """The context for a connection that begins now; None where there is no TLS. Waits while one is being made."""
        if self._context is None and self.offered:
            await self._settled.wait()
        return self._context

    async def _keep(self) -> None:
        while True:
            try:
                await self._look()
            except (OSError, ValueError) as error:
                _log.error("TLS: %s", _sentence(self._path, error))
            self._settled.set()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        """See whether the certificate is still the right one, and load it where it has changed."""
        if self._own:
            names = await asyncio.to_thread(self._names)
            if not await asyncio.to_thread(self._is_good, names):
                await self._make(names)
        if self._context is None or self._loaded != self._stamps():
            self._load()

    def _is_good(self, names: tuple[str, ...]) -> bool:
        try:
            facts = certificate.facts_of(self._path.read_bytes())
            if facts is None or not facts.serves(names, self._now()):
                return False
            if self._context is None:
                _context(self._path, None)
        except (OSError, ValueError):  # there is none, or it is damaged
            return False
        return True

    async def _make(self, names: tuple[str, ...]) -> None:
        """Make a new certificate, in a process of its own.

        Raises:
            OSError: It could not be made.
        """
        _log.info("TLS: making a certificate for %s", ", ".join(names))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing is imported from the folder the service was started in
            "-m",
            certificate.__name__,
            str(self._path),
            *names,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode:
            problem = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise OSError(process.returncode, problem or "the process that makes it failed")

    def _load(self) -> None:
        stamps = self._stamps()
        self._context = _context(self._path, self._key)
        self._loaded = stamps

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        paths = [self._path] if self._key is None else [self._path, Path(self._key)]
        return tuple((status.st_ino, status.st_mtime_ns) for path in paths for status in [path.stat()])


def _context(certificate_path: Path, key: str | None) -> ssl.SSLContext:
    """A server's context: TLS 1.2 and up, RFC 8010 §8.1, RFC 9325."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0  # CUPS' clients with a time limit take a ticket of TLS 1.3 for an answer that failed, and begin anew for ever
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_IGNORE_UNEXPECTED_EOF
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate_path, key)
    return context


def _sentence(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{path} has no certificate with its key that can be used: {error.reason or error}"
    return f"{path}: {getattr(error, 'strerror', None) or error}"
