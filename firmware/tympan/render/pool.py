"""The service's side of rendering: starts the zygote, hands it jobs, and reads what its workers make."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tympan.errors import RenderError
from tympan.render.document import DocumentFeed
from tympan.render.frames import ENDING, HEADER, MAX_FRAME_BYTES, Frame, FrameKind, failed
from tympan.render.request import MAX_REQUEST_BYTES, RenderRequest, encode_request

PIPE_BYTES = 256 * 1024
"""What a worker may be ahead of the device."""

RESTART_PAUSE_S = 1.0
"""How long after the zygote died the next one is started, at the earliest."""

MAX_ENDINGS = 64
"""Endings of workers that are kept until somebody asks."""

_READ_BYTES = 128 * 1024
_ENDING_WAIT_S = 1.0
_SEND_WAIT_S = 30.0
_SEND_PAUSE_S = 0.02
_PID_BYTES = 4
_KINDS = frozenset(int(kind) for kind in FrameKind)

_ENDED_BY: dict[int, str] = {
    signal.SIGXCPU: "Rendering was given up after {seconds} seconds of work without a result.",
    # What PDFium does where there is no memory left.
    signal.SIGABRT: "Rendering was broken off: the document is damaged, or it needs too much memory.",
    signal.SIGKILL: "Rendering was ended by the system: the document probably needs too much memory.",
}
_CRASHED = "The document made the renderer crash."
_PARENT_LOST = "The renderer was ended before the document was ready; print it again."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What a worker may use.

    Attributes:
        memory_mib: Memory on top of what it starts with.
        stall_cpu_s: Processor time without giving any output.
        stall_wall_s: Time without giving any output, while the device waits for it and the document is complete.
        max_pages: Sides of a job, copies not counted.
    """

    memory_mib: int = 384
    stall_cpu_s: int = 120
    stall_wall_s: int = 600
    max_pages: int = 10_000


class _Endings:
    """How the workers of one zygote ended that did not end well: told by it, asked for by a job whose frames broke off."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._statuses: dict[int, tuple[int, float]] = {}
        self._is_lost = False

    def put(self, pid: int, status: int) -> None:
        with self._condition:
            self._statuses.pop(pid, None)
            self._statuses[pid] = status, time.monotonic()
            while len(self._statuses) > MAX_ENDINGS:
                del self._statuses[next(iter(self._statuses))]
            self._condition.notify_all()

    def lose(self) -> None:
        """The zygote is gone, and its workers with it."""
        with self._condition:
            self._is_lost = True
            self._condition.notify_all()

    @property
    def is_lost(self) -> bool:
        return self._is_lost

    def wait(self, pid: int, since: float, timeout_s: float) -> int | None:
        """How worker `pid` ended; one that ended before `since` was another with the same number."""

        def told() -> bool:
            return self._is_lost or self._statuses.get(pid, (0, -1.0))[1] >= since

        with self._condition:
            self._condition.wait_for(told, timeout_s)
            status, moment = self._statuses.get(pid, (0, -1.0))
            return status if moment >= since else None


class RenderPool:
    """Render workers for every printer; each job has a worker of its own.

    Args:
        limits: What a worker may use.
    """

    def __init__(self, limits: RenderLimits) -> None:
        self.limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._endings = _Endings()
        self._endings_fd = -1
        self._started_at = float("-inf")
        self._lock = asyncio.Lock()

    async def start_zygote(self) -> None:
        """Start the zygote where it does not run; returns when it was started, not when it is warm.

        A request that comes before it is warm waits in its socket.

        Raises:
            OSError: No process can be started.
        """
        async with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            if self._process is not None:
                _log.error("the render workers' parent ended with status %s", self._process.returncode)
                self._forget()
                self._process = None
                await asyncio.sleep(max(0.0, self._started_at + RESTART_PAUSE_S - time.monotonic()))
            self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_REQUEST_BYTES)
        endings_read, endings_write = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(  # noqa: S603 — our own program, no shell
                [
                    sys.executable,
                    "-P",  # nothing is imported from the folder the service was started in
                    "-m",
                    "tympan.render.zygote",
                    str(theirs.fileno()),
                    str(endings_write),
                    str(self.limits.memory_mib),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), endings_write),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            os.close(endings_read)
            raise
        finally:
            theirs.close()
            os.close(endings_write)
        self._started_at = time.monotonic()
        self._requests = ours
        self._endings = _Endings()
        self._endings_fd = endings_read
        asyncio.get_running_loop().add_reader(endings_read, self._hear, endings_read, self._endings)

    def _hear(self, fd: int, endings: _Endings) -> None:
        data = os.read(fd, 64 * ENDING.size)  # whole ones: they are written so
        if not data:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
            endings.lose()
            if fd == self._endings_fd:
                self._endings_fd = -1
            return
        for pid, status in ENDING.iter_unpack(data):
            endings.put(pid, status)

    def _forget(self) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None

    async def start(self, request: RenderRequest, documents: Sequence[DocumentFeed]) -> RenderJob:
        """Begin to render a job.

        Args:
            request: What to render.
            documents: As many as the request has, in order; they stay the caller's.

        Raises:
            RenderError: No worker can be had, or the request is too long.
        """
        data = encode_request(request)
        if len(data) > MAX_REQUEST_BYTES:
            raise RenderError("The job asks for too much at once.", reason="document-unprintable-error")
        try:
            await self.start_zygote()
            zygote = self._process
            try:
                return await self._send(data, documents)
            except (BrokenPipeError, ConnectionResetError):  # it is ending, and nobody has noticed yet
                await _end(zygote)
                await self.start_zygote()
                return await self._send(data, documents)
        except TimeoutError as error:
            raise RenderError("No render worker can be had: all of them are busy.") from error
        except OSError as error:
            raise RenderError(f"No render worker can be had: {error.strerror or error}.") from error

    async def _send(self, data: bytes, documents: Sequence[DocumentFeed]) -> RenderJob:
        requests, endings = self._requests, self._endings
        assert requests is not None
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # beyond the user's share of pipes: a smaller one does
                fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            fds = [write_fd]
            for document in documents:
                fds.append(document.fd)
                if document.progress_fd >= 0:
                    fds.append(document.progress_fd)
            async with asyncio.timeout(_SEND_WAIT_S):
                while not _sent(requests, data, fds):  # noqa: ASYNC110 — a full socket has no event for several that wait
                    await asyncio.sleep(_SEND_PAUSE_S)
        except BaseException:
            os.close(read_fd)
            raise
        finally:
            os.close(write_fd)
        return RenderJob(read_fd, endings, self.limits, documents)

    async def close(self) -> None:
        """End the zygote and every worker."""
        self._forget()
        process, self._process = self._process, None
        await _end(process)
        if self._endings_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._endings_fd)
            os.close(self._endings_fd)
            self._endings_fd = -1
        self._endings.lose()

    @property
    def zygote_pid(self) -> int:
        """Process id of the zygote, 0 where it does not run."""
        return self._process.pid if self._process is not None else 0


class RenderJob:
    """One job that a worker renders: a `FrameSource`."""

    def __init__(
        self, fd: int, endings: _Endings, limits: RenderLimits, documents: Sequence[DocumentFeed]
    ) -> None:
        self._fd = fd
        self._endings = endings
        self._limits = limits
        self._documents = documents
        self._buffer = bytearray()
        self._started_at = time.monotonic()
        self._pid = 0
        self._pidfd = -1
        self._quiet_s = 0.0
        self._lock = threading.Lock()
        self._is_read = False
        self._closed = threading.Event()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame, None where none came in time; ``FAILED`` where the worker is gone or hangs."""
        with self._lock:
            if self._closed.is_set():
                return failed("aborted-by-system", "The job was stopped.")
            self._is_read = True
        try:
            return self._next(timeout_s)
        finally:
            with self._lock:
                self._is_read = False
                if self._closed.is_set():
                    self._free()

    def _next(self, timeout_s: float) -> Frame | None:
        frame = self._parse()
        end = time.monotonic() + timeout_s
        while frame is None:
            began = time.monotonic()
            if not self._poll.poll(max(0.0, end - began) * 1000):
                return self._quiet(time.monotonic() - began)
            data = os.read(self._fd, _READ_BYTES)
            if not data:
                return self._broke_off()
            self._quiet_s = 0.0
            self._buffer += data
            frame = self._parse()
        return frame

    def _parse(self) -> Frame | None:
        buffer = self._buffer
        if not self._pid:
            if len(buffer) < _PID_BYTES:
                return None
            self._pid = int.from_bytes(buffer[:_PID_BYTES], "big")
            del buffer[:_PID_BYTES]
            self._hold()
        if len(buffer) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(buffer)
        if length > MAX_FRAME_BYTES or kind not in _KINDS:
            self._kill()
            return failed("aborted-by-system", "The render worker broke its protocol.")
        end = HEADER.size + length
        if len(buffer) < end:
            return None
        payload = bytes(memoryview(buffer)[HEADER.size : end])
        del buffer[:end]
        return Frame(FrameKind(kind), payload)

    def _hold(self) -> None:
        """Get hold of the worker's process, unless it has ended: its number may belong to another by now."""
        try:
            pidfd = os.pidfd_open(self._pid)
        except OSError:
            return
        hung_up = select.poll()
        hung_up.register(self._fd, 0)
        if hung_up.poll(0):  # nobody can write to the pipe any more
            os.close(pidfd)
            return
        with self._lock:
            self._pidfd = pidfd

    def _quiet(self, seconds: float) -> Frame | None:
        """Nothing came: a worker that is waited for too long hangs, unless it waits for the client itself."""
        if any(document.is_growing for document in self._documents):
            self._quiet_s = 0.0
            return None
        self._quiet_s += seconds
        if self._quiet_s < self._limits.stall_wall_s:
            return None
        self._kill()
        return failed(
            "document-unprintable-error",
            f"Rendering was given up: nothing came of it for {self._limits.stall_wall_s} seconds.",
        )

    def _broke_off(self) -> Frame:
        """The worker ended without its last word."""
        status = self._endings.wait(self._pid, self._started_at, _ENDING_WAIT_S) if self._pid else None
        if status is None and (not self._pid or self._endings.is_lost):
            return failed("aborted-by-system", _PARENT_LOST)
        number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
        problem = _ENDED_BY.get(number, _CRASHED).format(seconds=self._limits.stall_cpu_s)
        return failed("document-unprintable-error", problem)

    def _kill(self) -> None:
        with self._lock:
            if self._pidfd >= 0:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Stop the worker and let go of the pipe. May be called at any time, twice, from any thread."""
        self._kill()
        with self._lock:
            self._closed.set()
            if not self._is_read:  # else who reads frees it: the worker's end wakes it up
                self._free()

    def _free(self) -> None:
        pidfd, self._pidfd = self._pidfd, -1
        fd, self._fd = self._fd, -1
        for each in (pidfd, fd):
            if each >= 0:
                os.close(each)


async def _end(process: subprocess.Popen[bytes] | None) -> None:
    """Kill a process and wait until it has ended."""
    if process is not None:
        process.kill()
        await asyncio.get_running_loop().run_in_executor(None, process.wait)


def _sent(requests: socket.socket, data: bytes, fds: list[int]) -> bool:
    """Hand a request over; False where there is no room for it now."""
    try:
        socket.send_fds(requests, [data], fds)
    except BlockingIOError:
        return False
    return True
