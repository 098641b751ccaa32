"""A document in the spool as a renderer reads it, also while it is still arriving.

`DocumentFeed` is the service's end: it holds the file descriptor and says when there is more of it. `DocumentReader` is the
reader's end, in the worker process or the device link's thread. The document is a file that only grows, so what stands in
it is there; between the two goes, for a document that is still arriving only, a pipe with at most one word that there is
more, and the last word. It never fills, so that the feed never waits, whatever the reader does.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import struct
import termios
from pathlib import Path

from tympan.errors import DocumentError

_NEWS = struct.Struct("!cQ")
_MORE, _COMPLETE, _BROKEN = b"A", b"C", b"B"

BROKEN_OFF = "The document did not arrive whole."


class DocumentFeed:
    """One document, as the service hands it to whoever reads it.

    Attributes:
        fd: Its bytes; owned by the feed until `close`.
        size: Its length, None while it is still arriving.
        progress_fd: Where news of a document still arriving can be read; -1 for a complete one.
        document_format: MIME type, where the feed has to say it.
    """

    def __init__(self, fd: int, size: int | None, document_format: str = "") -> None:
        self.fd = fd
        self.size = size
        self.document_format = document_format
        self.progress_fd = -1
        self._news_fd = -1
        self._told = 0
        if size is None:
            self.progress_fd, self._news_fd = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._news_fd, False)

    @classmethod
    def of_bytes(cls, content: bytes) -> DocumentFeed:
        """A small document that is in memory."""
        fd = os.memfd_create("document", os.MFD_CLOEXEC)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        return cls(fd, len(content))

    @classmethod
    def of_file(cls, path: Path) -> DocumentFeed:
        """A complete document that is a file.

        Raises:
            OSError: It cannot be opened.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return cls(fd, os.fstat(fd).st_size)

    @classmethod
    def growing(cls, fd: int, document_format: str) -> DocumentFeed:
        """A file that is still being written; takes `fd` over."""
        return cls(fd, None, document_format)

    @property
    def is_growing(self) -> bool:
        """It is not known yet whether it will be complete."""
        return self._news_fd >= 0

    def advance(self, available: int) -> None:
        """The first `available` bytes are in the file."""
        if self._news_fd < 0 or available <= self._told:
            return
        self._told = available
        if not self._unheard():  # else the reader looks at the file after the word that waits for it
            self._tell(_MORE, available)

    def complete(self, size: int) -> None:
        """All `size` bytes are there."""
        self._tell(_COMPLETE, size)
        self._end_news()

    def broken(self) -> None:
        """The rest will never come."""
        self._tell(_BROKEN, 0)
        self._end_news()

    def _tell(self, kind: bytes, number: int) -> None:
        if self._news_fd >= 0:
            with contextlib.suppress(BrokenPipeError):  # the reader left
                os.write(self._news_fd, _NEWS.pack(kind, number))

    def _unheard(self) -> int:
        """How many bytes of messages the reader has not taken yet."""
        answer = array.array("i", [0])
        fcntl.ioctl(self._news_fd, termios.FIONREAD, answer)
        return answer[0]

    def _end_news(self) -> None:
        if self._news_fd >= 0:
            os.close(self._news_fd)
            self._news_fd = -1

    def reader(self) -> DocumentReader:
        """A reader in this process; it takes the descriptors over, and `close` of the feed leaves them alone."""
        reader = DocumentReader(self.fd, self.size, self.progress_fd)
        self.fd = self.progress_fd = -1
        return reader

    def let_go(self) -> None:
        """Another process reads the document now: close the reader's side here; news can still be told."""
        for fd in (self.fd, self.progress_fd):
            if fd >= 0:
                os.close(fd)
        self.fd = self.progress_fd = -1

    def close(self) -> None:
        """Let go of the document. May be called twice."""
        self.let_go()
        self._end_news()


class DocumentReader:
    """Reads a document that may still be arriving: blocks for bytes that are not there yet.

    Args:
        fd: Its bytes; owned from now on.
        size: Its length, or None where it is still arriving.
        progress_fd: Where the feed's news come from; -1 for a complete document.
    """

    def __init__(self, fd: int, size: int | None, progress_fd: int = -1) -> None:
        self._fd = fd
        self._size = size
        self._available = size or 0
        self._progress_fd = progress_fd
        self._position = 0
        self._broken = False

    @property
    def size(self) -> int | None:
        """The document's length; None while it is still arriving."""
        return self._size

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, position: int) -> None:
        """Go to `position`, from 0; what is not there yet is waited for by the next read."""
        if position < 0:
            raise ValueError("a document begins at 0")
        self._position = position

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until something can be read at the present position, or its end is known; whether that is so now.

        Raises:
            DocumentError: ``job-data-insufficient``: the document did not arrive whole.
        """
        while self._size is None and self._available <= self._position:
            if self._broken:
                raise DocumentError(BROKEN_OFF, reason="job-data-insufficient")
            if timeout_s is not None and not self._has_news(timeout_s):
                return False
            self._hear()
        return True

    def _has_news(self, timeout_s: float) -> bool:
        poll = select.poll()  # select(2) knows no descriptor above 1023
        poll.register(self._progress_fd, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def _hear(self) -> None:
        news = os.read(self._progress_fd, _NEWS.size)
        kind, size = _NEWS.unpack(news) if len(news) == _NEWS.size else (_BROKEN, 0)
        if kind == _COMPLETE:
            self._available = self._size = size
            return
        self._available = os.fstat(
            self._fd
        ).st_size  # after the word was taken: a later word follows what comes later
        self._broken = kind == _BROKEN

    def read(self, count: int) -> bytes:
        """Up to `count` bytes, at least one unless the document ends here; then none.

        Raises:
            DocumentError: ``job-data-insufficient``: the document did not arrive whole.
        """
        data = self.peek(count)
        self._position += len(data)
        return data

    def peek(self, count: int) -> bytes:
        """What `read` would give, without going on."""
        self.wait()
        room = max(0, self._available - self._position)
        return os.pread(self._fd, min(count, room), self._position) if room else b""

    def readinto(self, buffer: memoryview | bytearray) -> int:
        """Read into `buffer`; returns how many bytes, 0 at the end."""
        self.wait()
        view = memoryview(buffer)[: max(0, self._available - self._position)]
        count = os.preadv(self._fd, [view], self._position) if view else 0
        self._position += count
        return count

    def close(self) -> None:
        """Let go of the document. May be called twice."""
        for fd in (self._fd, self._progress_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._progress_fd = -1
