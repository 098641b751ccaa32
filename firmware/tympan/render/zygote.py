"""The render workers' parent: loads what documents need once, and forks a worker for each job.

The service starts it with two inherited descriptors: a socket on which requests come, and a pipe on which it tells how
workers ended. It never looks at a document. A spare worker, with its rights taken away already, waits on the socket for
the next request, so that no job pays for a start-up; as soon as it takes one, the next spare is forked.

A worker serves one job and ends: no document meets what another left behind, and its memory goes back.
"""

from __future__ import annotations

import contextlib
import ctypes  # noqa: F401 — the worker needs it after the fork, when nothing is to be imported any more
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence

from tympan.errors import DocumentError, DriverError
from tympan.render import sandbox
from tympan.render.document import DocumentReader
from tympan.render.frames import ENDING, HEADER, FrameKind
from tympan.render.request import MAX_DOCUMENTS, MAX_REQUEST_BYTES, RenderRequest, decode_request

_SINGLE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

RESPAWN_PAUSE_S = 1.0
"""After a spare that died by itself, the next is forked so much later."""

_OUT_OF_MEMORY = "The document needs more memory than a job may take."
_UNREADABLE = "The document could not be rendered."


def main() -> None:
    """Run as ``python -m tympan.render.zygote REQUESTS ENDINGS MEMORY_MIB``."""
    requests_fd, endings_fd, memory_mib = (int(argument) for argument in sys.argv[1:4])
    for name in _SINGLE_THREAD:
        os.environ[name] = "1"
    sandbox.die_with_parent()
    sandbox.go_first_when_memory_is_short()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the service, which ends this one
    drivers = _load()
    requests = socket.socket(fileno=requests_fd)
    gc.collect()
    gc.freeze()
    taken_read, taken_write = os.pipe()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, _noticed)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    forked = 0
    while True:
        forked += 1
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (taken_read, wake_read, wake_write, endings_fd):
                os.close(fd)
            _work(requests, taken_write, memory_mib * 1024 * 1024, drivers, tell=forked == 1)
        if not _wait_until_taken(pid, requests, taken_read, wake_read, endings_fd):
            return


def _noticed(_number: int, _frame: object) -> None:
    """SIGCHLD: the wake-up descriptor says the rest."""


def _load() -> object:
    """Import what documents need, and render a first one, before the first fork."""
    from tympan.driver import registry  # noqa: PLC0415 — in the zygote only
    from tympan.render.warm_up import warm_up  # noqa: PLC0415

    loaded = registry.drivers()
    warm_up(loaded)
    return loaded


def _wait_until_taken(spare: int, requests: socket.socket, taken: int, wake: int, endings: int) -> bool:
    """Reap workers until the spare has taken a job, which it says by a byte in the `taken` pipe, or has died.

    Returns:
        False where the service is gone: killed before this process had asked to die with it, it leaves no other trace.
    """
    poll = select.poll()
    poll.register(taken, select.POLLIN)
    poll.register(wake, select.POLLIN)
    poll.register(requests, 0)  # only that the other end was closed: the requests are the spare's to read
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if requests.fileno() in ready:
            return False
        ended = set[int]()
        if wake in ready:
            os.read(wake, 4096)
            ended = _reap(endings)
        # It says so before it begins: one that has ended had a job if the byte is there now, however short the job was.
        if taken in ready or (spare in ended and _readable(taken)):
            os.read(taken, 1)
            return True
        if spare in ended:  # it died before it had a job, and so may the next
            time.sleep(RESPAWN_PAUSE_S)
            return True


def _readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _reap(endings: int) -> set[int]:
    ended: set[int] = set()
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        ended.add(pid)
        if status:
            with contextlib.suppress(OSError):
                os.write(endings, ENDING.pack(pid, status))


# --- the worker -------------------------------------------------------------------------------------------------------


def _work(
    requests: socket.socket, taken: int, memory_bytes: int, drivers: object, *, tell: bool = False
) -> None:
    """A worker's life: give up the rights, wait for a job, do it, end. Never returns.

    Args:
        requests: Where the job comes from.
        taken: Where to say that it came.
        memory_bytes: What it may take.
        drivers: The drivers by name.
        tell: Say on standard error which rights could not be taken away.
    """
    code = 0
    try:
        sandbox.die_with_parent()
        lacking = sandbox.enter(memory_bytes=memory_bytes)
        if lacking and tell:
            _complain(f"render workers have more rights than they need: {'; '.join(lacking)}\n")
        data, fds, _, _ = socket.recv_fds(requests, MAX_REQUEST_BYTES, 1 + 2 * MAX_DOCUMENTS)
        if not data:
            os._exit(0)  # the service is gone
        os.write(taken, b"t")
        requests.close()
        os.close(taken)
        _serve(decode_request(data), fds, drivers)
    except BrokenPipeError:
        pass  # nobody wants the rest: the job was canceled
    except BaseException:  # noqa: BLE001 — the last line of defence: the service says why the job failed
        code = 1
        _complain(traceback.format_exc())
    finally:
        os._exit(code)


def _serve(request: RenderRequest, fds: Sequence[int], drivers: object) -> None:
    output = fds[0]
    os.write(output, os.getpid().to_bytes(4, "big"))
    frames = _Frames(output, request.stall_cpu_s)
    try:
        from tympan.render.job import run_job  # noqa: PLC0415 — loaded before the fork

        assert isinstance(drivers, dict)
        rest = iter(fds[1:])
        documents = [
            DocumentReader(
                next(rest), None if spec.size < 0 else spec.size, next(rest) if spec.size < 0 else -1
            )
            for spec in request.documents
        ]
        run_job(drivers[request.driver], request, documents, frames.emit)
    except DocumentError as error:
        frames.fail(error.reason, error.problem)
    except DriverError as error:
        frames.fail("aborted-by-system", str(error))
    except MemoryError:
        frames.fail("document-unprintable-error", _OUT_OF_MEMORY)
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 — a document may make any library fail in any way
        frames.fail("document-format-error", _UNREADABLE)
        _complain(traceback.format_exc())
    else:
        frames.emit(FrameKind.END, b"")


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):  # where standard error is a file, there is a limit to what it takes
        sys.stderr.write(text)
        sys.stderr.flush()


class _Frames:
    """Writes frames, and moves the limit of processor time on with each."""

    def __init__(self, fd: int, stall_cpu_s: int) -> None:
        self._fd = fd
        self._stall_cpu_s = stall_cpu_s
        self._armed_until = 0
        self._arm()

    def _arm(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        until = int(usage.ru_utime + usage.ru_stime) + self._stall_cpu_s + 1
        if until != self._armed_until:
            self._armed_until = until
            resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))

    def emit(self, kind: FrameKind, payload: bytes) -> None:
        """Write one frame; waits until there is room."""
        self._arm()
        header = HEADER.pack(kind, len(payload))
        written = os.writev(self._fd, (header, payload))
        if written < len(header) + len(payload):
            rest = memoryview(header + payload)[written:]
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def fail(self, reason: str, problem: str) -> None:
        """The last frame of a job that cannot go on."""
        self.emit(FrameKind.FAILED, json.dumps({"reason": reason, "problem": problem}).encode())


if __name__ == "__main__":
    main()
