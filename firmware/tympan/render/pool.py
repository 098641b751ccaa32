"""The service's side of rendering: starts the zygote, hands it jobs, and reads what its workers make."""

from __future__ import annotations

import asyncio
import contextlib
import json
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
from tympan.render.frames import ENDING, HEADER, MAX_FRAME_BYTES, Frame, FrameKind
from tympan.render.request import MAX_REQUEST_BYTES, RenderRequest, encode_request

PIPE_BYTES = 256 * 1024
"""What a worker may be ahead of the device."""

RESTART_PAUSE_S = 1.0
"""How long after the zygote died the next one is started, at the earliest."""

_READ_BYTES = 128 * 1024
_ENDING_WAIT_S = 1.0

_ENDED_BY: dict[int, str] = {
    signal.SIGXCPU: "Rendering was given up after {seconds} seconds of work without a result.",
    signal.SIGKILL: "Rendering was ended by the system: the document probably needs too much memory.",
}
_CRASHED = "The document made the renderer crash."

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
    """How workers ended that did not end well: told by the zygote, asked for by a job whose frames broke off."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._statuses: dict[int, int] = {}

    def put(self, pid: int, status: int) -> None:
        with self._condition:
            self._statuses[pid] = status
            while len(self._statuses) > 64:
                del self._statuses[next(iter(self._statuses))]
            self._condition.notify_all()

    def wait(self, pid: int, timeout_s: float) -> int | None:
        with self._condition:
            self._condition.wait_for(lambda: pid in self._statuses, timeout_s)
            return self._statuses.pop(pid, None)


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
                await asyncio.sleep(max(0.0, self._started_at + RESTART_PAUSE_S - time.monotonic()))
            self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_REQUEST_BYTES)
        endings_read, endings_write = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(  # noqa: S603 — our own program, no shell
                [
                    sys.executable,
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
        self._endings_fd = endings_read
        asyncio.get_running_loop().add_reader(endings_read, self._hear, endings_read)

    def _hear(self, fd: int) -> None:
        data = os.read(fd, 64 * ENDING.size)  # whole ones: they are written so
        if not data:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
            if fd == self._endings_fd:
                self._endings_fd = -1
            return
        for pid, status in ENDING.iter_unpack(data):
            self._endings.put(pid, status)

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
            return await self._send(data, documents)
        except OSError as error:
            raise RenderError(f"No render worker can be had: {error.strerror or error}.") from error

    async def _send(self, data: bytes, documents: Sequence[DocumentFeed]) -> RenderJob:
        assert self._requests is not None
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                _set_pipe_size(write_fd)
            fds = [write_fd]
            for document in documents:
                fds.append(document.fd)
                if document.progress_fd >= 0:
                    fds.append(document.progress_fd)
            socket.send_fds(self._requests, [data], fds)
        except BaseException:
            os.close(read_fd)
            raise
        finally:
            os.close(write_fd)
        return RenderJob(read_fd, self._endings, self.limits, documents)

    async def close(self) -> None:
        """End the zygote and every worker."""
        self._forget()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await asyncio.get_running_loop().run_in_executor(None, process.wait)
        if self._endings_fd >= 0:
            asyncio.get_running_loop().remove_reader(self._endings_fd)
            os.close(self._endings_fd)
            self._endings_fd = -1

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
        self._pid = 0
        self._pidfd = -1
        self._quiet_s = 0.0
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame, None where none came in time; ``FAILED`` where the worker is gone or hangs."""
        frame = self._parse()
        end = time.monotonic() + timeout_s
        while frame is None:
            began = time.monotonic()
            if self._fd < 0:
                return _failed("aborted-by-system", "The job was stopped.")
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
            if len(buffer) < 4:
                return None
            self._pid = int.from_bytes(buffer[:4], "big")
            del buffer[:4]
            with contextlib.suppress(OSError), self._lock:
                self._pidfd = os.pidfd_open(self._pid)
        if len(buffer) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(buffer)
        if length > MAX_FRAME_BYTES or kind not in FrameKind.__members__.values():
            self._kill()
            return _failed("aborted-by-system", "The render worker broke its protocol.")
        end = HEADER.size + length
        if len(buffer) < end:
            return None
        payload = bytes(memoryview(buffer)[HEADER.size : end])
        del buffer[:end]
        return Frame(FrameKind(kind), payload)

    def _quiet(self, seconds: float) -> Frame | None:
        """Nothing came: a worker that is waited for too long hangs, unless it waits for the client itself."""
        if any(document.is_growing for document in self._documents):
            self._quiet_s = 0.0
            return None
        self._quiet_s += seconds
        if self._quiet_s < self._limits.stall_wall_s:
            return None
        self._kill()
        return _failed(
            "document-unprintable-error",
            f"Rendering was given up: nothing came of it for {self._limits.stall_wall_s} seconds.",
        )

    def _broke_off(self) -> Frame:
        """The worker ended without its last word."""
        status = self._endings.wait(self._pid, _ENDING_WAIT_S) if self._pid else None
        number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
        problem = _ENDED_BY.get(number, _CRASHED).format(seconds=self._limits.stall_cpu_s)
        return _failed("document-unprintable-error", problem)

    def _kill(self) -> None:
        with self._lock:
            if self._pidfd >= 0:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Stop the worker and let go of the pipe. May be called at any time, twice, from any thread."""
        self._kill()
        with self._lock:
            pidfd, self._pidfd = self._pidfd, -1
            fd, self._fd = self._fd, -1
        for each in (pidfd, fd):
            if each >= 0:
                os.close(each)


def _failed(reason: str, problem: str) -> Frame:
    return Frame(FrameKind.FAILED, json.dumps({"reason": reason, "problem": problem}).encode())


def _set_pipe_size(fd: int) -> None:
    import fcntl  # noqa: PLC0415

    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
