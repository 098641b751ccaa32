"""Where a simulated printer puts what it got and what it made.

Owns the files of a directory: ``JOBID.bin``, the bytes of the job to the last one; ``JOBID-PAGE.png``, one a sheet
side or cut piece, from 1; ``JOBID.json``, what else happened (drawer, buzzer, commands not understood). A file is
there whole or not at all, and ``JOBID.bin`` comes last: who sees it sees the pictures too. The number of jobs kept is
bounded. Files of other names are left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from PIL.PngImagePlugin import PngInfo

from tympan_sim.decoder import Action, Sheet

HISTORY_JOBS = 500
"""Jobs kept when nothing else is asked for."""

SHEETS_MAX = 10_000
"""Pictures of one job; what comes after is counted and not drawn."""

ACTIONS_MAX = 1_000
"""Actions noted of one job."""

_PNG_COMPRESSION = 1
_NAME = re.compile(r"(\d{1,18})(?:\.bin|\.json|-\d+\.png)")
_UNFINISHED = re.compile(r"\.(\d{1,18})\.bin\.part")


class JobFiles:
    """The files of one job while it is received and printed.

    Attributes:
        job_id: The job.
        pages: Pictures there are.
    """

    def __init__(self, directory: Path, job_id: int, *, pages: int = 0) -> None:
        self.job_id = job_id
        self.pages = pages
        self._directory = directory
        self._part = directory / f".{job_id}.bin.part"
        self._stream: BinaryIO | None = self._part.open("ab")
        self._actions: list[dict[str, object]] = []
        self._sheets: list[dict[str, object]] = []

    def data(self, data: bytes | memoryview) -> None:
        """Add bytes that the printer took."""
        if self._stream is not None:
            self._stream.write(data)

    def sheet(self, sheet: Sheet) -> None:
        """Write the picture of a sheet, once for each copy that came out."""
        first: Path | None = None
        for _ in range(min(sheet.copies, SHEETS_MAX - self.pages)):
            self.pages += 1
            path = self._directory / f"{self.job_id}-{self.pages}.png"
            temporary = self._directory / f".{path.name}.part"
            temporary.unlink(missing_ok=True)
            if first is None:
                _save(sheet, temporary)
                first = path
            else:
                _same(first, temporary)
            temporary.replace(path)
            self._sheets.append(
                {
                    "page": self.pages,
                    "side": sheet.side,
                    "media": sheet.media,
                    "source": sheet.source,
                    "cut": sheet.cut,
                    "origin": list(sheet.origin),
                    "notes": list(sheet.notes),
                }
            )

    def action(self, action: Action) -> None:
        """Note what else the printer did."""
        if len(self._actions) < ACTIONS_MAX:
            self._actions.append(
                {"name": action.name, **{key: _plain(value) for key, value in action.detail.items()}}
            )

    def end(self) -> None:
        """All is printed: the job's files get their names."""
        if self._stream is None:
            return
        self._stream.close()
        self._stream = None
        note = self._directory / f".{self.job_id}.json.part"
        note.write_text(
            json.dumps({"sheets": self._sheets, "actions": self._actions}, ensure_ascii=False) + "\n"
        )
        note.replace(self._directory / f"{self.job_id}.json")
        self._part.replace(self._directory / f"{self.job_id}.bin")

    def abandon(self) -> None:
        """Close without an end: the job may be taken up again under its number."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _save(sheet: Sheet, path: Path) -> None:
    information = PngInfo()
    for key in ("side", "media", "source", "cut"):
        if text := getattr(sheet, key):
            information.add_text(key, str(text))
    information.add_text("origin", f"{sheet.origin[0]},{sheet.origin[1]}")
    for note in sheet.notes:
        information.add_itxt("note", note)
    sheet.image.save(path, "PNG", pnginfo=information, dpi=sheet.dpi, compress_level=_PNG_COMPRESSION)


def _same(source: Path, target: Path) -> None:
    """Another name for the same picture; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex(" ")
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


class OutputDirectory:
    """A directory with the last jobs.

    Args:
        directory: Made where it is not there.
        history: Jobs kept.
    """

    def __init__(self, directory: Path, *, history: int = HISTORY_JOBS) -> None:
        self._directory = directory
        self._history = max(history, 1)
        directory.mkdir(parents=True, exist_ok=True)
        times: dict[int, float] = {}
        self._unfinished: set[int] = set()
        for entry in os.scandir(directory):
            if found := _NAME.fullmatch(entry.name):
                job_id = int(found[1])
                times[job_id] = max(times.get(job_id, 0.0), entry.stat().st_mtime)
            elif found := _UNFINISHED.fullmatch(entry.name):
                self._unfinished.add(int(found[1]))
        self._kept = sorted(times, key=lambda job_id: times[job_id])
        self._begun: set[int] = set()

    def next_job_id(self) -> int:
        """A number no job here has."""
        return max((*self._kept, *self._unfinished, *self._begun, 0)) + 1

    def begin(self, job_id: int) -> JobFiles:
        """Open the files of a job.

        A job that was not finished, by this printer or one before it in this directory, is taken up: its pictures are
        counted on, because they did come out. One of an earlier life with the same number is replaced.
        """
        for stale in self._unfinished - {job_id}:
            with contextlib.suppress(OSError):
                (self._directory / f".{stale}.bin.part").replace(self._directory / f"{stale}.bin")
        taken_up = job_id in self._unfinished
        self._unfinished.clear()
        if job_id in self._begun:
            with contextlib.suppress(FileNotFoundError):
                (self._directory / f"{job_id}.bin").replace(self._directory / f".{job_id}.bin.part")
            taken_up = True
        pages = len(list(self._pictures(job_id))) if taken_up else 0
        if not taken_up:
            self._remove(job_id)
        self._begun.add(job_id)
        if job_id in self._kept:
            self._kept.remove(job_id)
        self._kept.append(job_id)
        while len(self._kept) > self._history:
            oldest = self._kept.pop(0)
            self._begun.discard(oldest)
            self._remove(oldest)
        return JobFiles(self._directory, job_id, pages=pages)

    def _pictures(self, job_id: int) -> Iterable[Path]:
        return self._directory.glob(f"{job_id}-*.png")

    def _remove(self, job_id: int) -> None:
        for path in (
            *self._pictures(job_id),
            *(self._directory / f"{job_id}{end}" for end in (".bin", ".json")),
        ):
            with contextlib.suppress(OSError):
                path.unlink()
