"""A simulated printer with its output: the physics, the interpreter and the files, joined.

Owns the order of jobs: bytes of the next job may be on their way while sheets of the one before come out. Sans-IO but
for the files it writes; every link (pty, TCP, USB, the service's own) drives one of these.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from tympan_sim.decoder import Action, Decoder, Sheet
from tympan_sim.models import PrinterModel
from tympan_sim.output import HISTORY_JOBS, JobFiles, OutputDirectory
from tympan_sim.printer import JobEnd, Printer


def decoder_for(model: PrinterModel) -> Callable[[], Decoder]:
    """Return what makes an interpreter of a model's language."""
    if model.language == "escpos":
        from tympan_sim.escpos_decoder import EscPosDecoder  # noqa: PLC0415 — each language loads its own only

        return lambda: EscPosDecoder(model)
    from tympan_sim.pcl_decoder import PclDecoder  # noqa: PLC0415 — as above

    return lambda: PclDecoder(dpi=model.dpi[0], media=model.media, pjl_status=model.pjl_status)


class Simulation:
    """A printer and the directory its jobs go to.

    Args:
        model: Which printer.
        directory: Where its output goes.
        speed: As of :class:`~tympan_sim.printer.Printer`.
        history: Jobs kept in the directory.
        seed: Of what noise and garbage are made of.
    """

    def __init__(
        self,
        model: PrinterModel,
        directory: Path,
        *,
        speed: float = 1.0,
        history: int = HISTORY_JOBS,
        seed: int = 0,
    ) -> None:
        self.printer = Printer(model, decoder_for(model), speed=speed, seed=seed)
        self._output = OutputDirectory(directory, history=history)
        self._receiving: JobFiles | None = None
        self._printing: deque[JobFiles] = deque()

    @property
    def in_job(self) -> bool:
        """A job is being received."""
        return self._receiving is not None

    def begin_job(self, job_id: int | None, now: float) -> None:
        """A job's bytes follow; one that had no end gets it here.

        Args:
            job_id: Its number; None for the next free one.
            now: The time.
        """
        self.end_job(now)
        # A job may be sent again while its first attempt still waits for paper: both are the same files.
        again = next((files for files in self._printing if files.job_id == job_id), None)
        self._receiving = again or self._output.begin(
            self._output.next_job_id() if job_id is None else job_id
        )
        self._printing.append(self._receiving)

    def write(self, data: bytes | memoryview, now: float) -> int:
        """Offer bytes; returns how many the printer took. Outside a job they begin one.

        Raises:
            tympan_sim.printer.PrinterGoneError: The printer is not there.
        """
        if self._receiving is None:
            self.begin_job(None, now)
        assert self._receiving is not None
        taken = self.printer.write(data, now)
        self._receiving.data(self.printer.arrived)
        return taken

    def end_job(self, now: float) -> None:
        """The job's last byte was written; nothing where there is no job."""
        if self._receiving is not None:
            job_id = self._receiving.job_id
            self._receiving = None
            self.printer.end_job(job_id, now)

    def advance(self, now: float) -> list[int]:
        """Let time pass and write what came out; returns the jobs whose last sheet is in the directory."""
        self.printer.advance(now)
        finished: list[int] = []
        for happened in self.printer.take_happened():
            files = self._printing[0] if self._printing else None
            if isinstance(happened, JobEnd):
                if files is not None and files.job_id == happened.job_id:
                    self._printing.popleft()
                    if files not in self._printing:
                        files.end()
                    finished.append(happened.job_id)
            elif files is None:
                continue
            elif isinstance(happened, Sheet):
                files.sheet(happened)
            elif isinstance(happened, Action):
                files.action(happened)
        return finished

    def close(self, now: float) -> None:
        """The printer's host is gone: what it took comes out at once; jobs without an end stay open for later."""
        self.printer.speed = 0
        self.advance(now)
        for sheet in self.printer.tear_off(now):
            if self._printing:
                self._printing[0].sheet(sheet)
        for files in self._printing:
            files.abandon()
        self._printing.clear()
