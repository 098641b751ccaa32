"""What is said to a page printer in PJL, and what its answers mean.

PJL is heard between jobs only, so that is when it is asked; during a job the printer tells by itself what it was asked to tell
(``USTATUS``). Pages are counted from the job's beginning, jobs are known by their names. HP's *PJL Technical Reference Manual*,
chapters 5 and 7: the count starts anew with each JOB and EOJ command, but pages that were read before and come out later still have
their old numbers; and a job's START may come before the END of the job before it. So pages are counted for a job only once
every job before it has ended.

A page's number counts sides, both of a sheet that is turned. Whether it counts the copies a printer makes by itself differs from
maker to maker; here it is taken to, so that a page with copies may be confirmed later than it came out, and never earlier.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import Heard, JobConfirmed, PagesConfirmed, PartMissing
from tympan.language.pjl_status import (
    USTATUS,
    PjlEcho,
    PjlId,
    PjlJob,
    PjlPage,
    PjlParser,
    PjlStatus,
    enquiry,
)
from tympan.model.device_condition import DeviceCondition
from tympan_drivers.pcl_job_name import ABANDONED, ASKED, token_of
from tympan_drivers.pjl_codes import OFFLINE, READY, WORKING, Meaning, meaning_of
from tympan_drivers.profile_pcl import PclProfile

_ECHOES = itertools.count(1)
"""Of all dialogues: a printer that was opened anew may answer what the dialogue before has asked."""


IDLE_ASK_S = 30.0
"""How seldom a printer is asked that has nothing to do and is well: of changes it tells by itself, and being asked may keep it awake."""

IDLE_MAX = 3
"""So often a printer may say that it has nothing to do, before it is taken for granted that a job's end will not be told."""


@dataclass(slots=True)
class _Job:
    """A job that was sent and has not ended.

    Attributes:
        job_id: Its number.
        echo: What marks its beginning in the stream of answers.
        echoed: That has been heard: what comes from here on can be of it.
        token: What its name is known by; empty: the printer has not told its beginning yet.
        pages: Page number and how many sides there must be for it to be out, in order.
        copies: Sides so far that are further copies.
        first: Number of the first page.
        count: The printer's own.
        ended: All of it was sent.
        asks: How often it was asked whether it is out.
        idle: How often the printer has said since then that it has nothing to do.
    """

    job_id: int
    echo: str
    echoed: bool = False
    token: str = ""
    pages: deque[tuple[int, int]] = field(default_factory=deque)
    first: int = 0
    copies: int = 0
    count: int = 0
    ended: bool = False
    asks: int = 0
    idle: int = 0

    @property
    def question(self) -> str:
        """The name of the empty job by which is asked whether this one is out."""
        return f"{ASKED}{self.echo}"

    @property
    def asked_for(self) -> tuple[str, str]:
        """That empty job."""
        return f'JOB NAME="{self.question}"', f'EOJ NAME="{self.question}"'

    def page_ended(self, number: int, copies: int) -> None:
        """Another side was sent."""
        self.first = self.first or number
        self.copies += copies - 1
        needed = number - self.first + 1 + self.copies
        if copies > 1 and self.pages and self.pages[-1][0] == number - 1 and number % 2 == 0:
            # Front and back of a sheet that comes several times: the front is not out before the last of them is.
            self.pages[-1] = (number - 1, needed)
        self.pages.append((number, needed))

    def news(self) -> int:
        """Number of the last page that is out with all before it; 0 where that is no news."""
        number = 0
        while self.pages and self.pages[0][1] <= self.count:
            number, _ = self.pages.popleft()
        return number


class PclDialogue:
    """The dialogue with one page printer; see :class:`tympan.driver.dialogue.Dialogue`.

    Args:
        model: The printer.
    """

    answers_within_s = 0.0  # PJL waits its turn behind the pages before it

    def __init__(self, model: PclProfile) -> None:
        status = model.status
        self._told = {name: value for name, value in USTATUS.items() if name != "PAGE" or status.pages}
        self.confirms_pages = status.pages
        self.confirms_jobs = True
        self.buffer_bytes = status.buffer_bytes
        self._parser = PjlParser()
        self._echo = ""
        self._echoes = False
        self._answers = False  # it has said what comes behind the first echo
        self._jobs: deque[_Job] = deque()
        self._ends = False  # it has told of the end of a job of ours
        self._begun: _Job | None = None
        self._current: _Job | None = None
        self._lasting: dict[str, Meaning] = {}
        self._well: bool | None = None  # None: it has not said
        self._asked_at = 0.0
        self.busy = False

    # --- what is said -------------------------------------------------------------------------------------------------

    def opened(self, now: float) -> bytes:
        """Ask who it is and how it is, and to be told of changes.

        Up to the echo the answers are to somebody else's questions.
        """
        self._asked_at = now
        self._echo = _next_echo()
        return enquiry("USTATUSOFF", f"ECHO {self._echo}", *self._tell(), "INFO ID", "INFO STATUS")

    def prints_within_s(self, document_bytes: int) -> float:  # noqa: ARG002 — the contract's
        """It says that it is busy."""
        return 0.0

    def job_begins(self, job_id: int) -> bytes:
        """Mark where the job begins in the stream of answers; it may have been switched off and on since it was opened."""
        job = _Job(job_id, _next_echo())
        self._jobs.append(job)
        self._current = job
        return enquiry(*self._tell(), f"ECHO {job.echo}")

    def page_ended(self, number: int, copies: int = 1) -> bytes:
        """Nothing: the printer counts by itself."""
        if self._current is not None:
            self._current.page_ended(number, copies)
        return b""

    def job_ended(self, now: float) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing behind pages: the job's last command is EOJ, and the printer tells when all before it is out.

        Asked again it is by an empty job: the printer tells of its EOJ, too, when all before that is out (chapter 7, "JOB
        variable"). So it is at once behind documents that were PCL already: each has an EOJ, and none knows that it is the last.
        """
        job = self._current
        if job is None:
            return b""
        job.ended, again = True, job.ended
        if not again and job.first:
            return b""
        job.asks += again
        return enquiry(*job.asked_for)

    def poll(self, now: float, *, in_job: bool) -> bytes:
        """Ask how it is, between jobs: seldom, where it is well and has printed everything, and may want to sleep.

        One that stands still is asked for its job, too, once: whoever mends it may switch it off for that.
        """
        rests = self._well and not self._jobs and now - self._asked_at < IDLE_ASK_S
        if in_job or rests:
            return b""
        self._asked_at = now
        job = self._current
        if job is None or job not in self._jobs or not job.ended or job.asks or self._well is not False:
            return enquiry("INFO STATUS")
        job.asks += 1
        return enquiry(*job.asked_for, "INFO STATUS")

    def closing(self) -> bytes:
        """Not to be told any more."""
        return enquiry("USTATUSOFF")

    def _tell(self) -> list[str]:
        return [f"USTATUS {name}={value}" for name, value in self._told.items()]

    # --- what is heard ------------------------------------------------------------------------------------------------

    def received(self, data: bytes, now: float) -> Sequence[Heard]:  # noqa: ARG002 — the contract's
        """What the printer said."""
        heard: list[Heard] = []
        for message in self._parser.feed(data):
            if isinstance(message, PjlStatus):
                heard += [self._condition(message), *self._forgotten(message)]
            elif isinstance(message, PjlId):
                self._answers = True
                heard.append(DeviceIdentity(model=message.text))
            elif isinstance(message, PjlEcho):
                self._heard_echo(message.words)
            elif isinstance(message, PjlJob):
                heard += [*self._pages_out(), *self._heard_job(message)]
            else:
                self._heard_page(message)
        return [*heard, *self._pages_out()]

    def _condition(self, status: PjlStatus) -> DeviceCondition:
        codes = {each.code: meaning_of(each.code) for each in status.codes}
        self.busy = not WORKING.isdisjoint(codes)
        if READY in codes:
            self._lasting.clear()
        self._lasting |= {meaning.reason: meaning for meaning in codes.values() if meaning.lasts}
        found = [meaning for meaning in codes.values() if meaning.reason and not meaning.lasts]
        if status.online is False and not any(meaning.stops for meaning in found):
            found.append(OFFLINE)
        found.sort(key=lambda meaning: not meaning.stops)
        stopped = any(meaning.stops for meaning in found)
        self._well = not stopped
        shown = next((each.display for each in status.codes if meaning_of(each.code) in found), "")
        found += [meaning for meaning in self._lasting.values() if meaning not in found]
        message = found[0].message if found else ""
        return DeviceCondition(
            stopped=stopped,
            reasons=tuple(dict.fromkeys(meaning.reason for meaning in found)),
            message=f"{message} ({shown})" if message and shown else message,
        )

    # --- what has come out --------------------------------------------------------------------------------------------

    def _heard_echo(self, words: str) -> None:
        if words == self._echo:
            self._echoes = True
        for job in self._jobs:
            if job.echo == words:
                self._begun = job
                job.echoed = True

    def _has_begun(self, job: _Job) -> bool:
        """Whether what is heard can be of this job: a printer that was opened anew still tells of those before it."""
        return job.echoed or (not self._echoes and (self._answers or job.token != ""))

    def _heard_job(self, message: PjlJob) -> list[Heard]:
        token = token_of(message.name)
        if message.event == "START":
            begun = self._begun if self._echoes else self._current
            if token and begun is not None and not begun.token:
                begun.token = token
            return []
        if self._current is not None and message.name == self._current.question:
            job = self._current if self._current in self._jobs else None
        elif message.name == ABANDONED:
            job = self._jobs[0] if self._jobs and self._has_begun(self._jobs[0]) else None
        else:
            job = next((each for each in self._jobs if token and each.token == token), None)
        if job is None:
            return []  # somebody else's, of a document that has jobs of its own, or under a name that the printer has changed
        self._ends = True
        while self._jobs.popleft() is not job:
            pass
        complete = message.event == "END" and message.name != ABANDONED and message.result in {"", "OK"}
        return [JobConfirmed(job.job_id)] if complete and job is self._current else []

    def _forgotten(self, status: PjlStatus) -> list[Heard]:
        """It is well, has nothing to do, and does not tell of the end of what it was asked: it has lost that, and what it was to tell.

        So is a printer that was switched off and on behind a line that does not tell of it.
        """
        job = self._current
        if job is None or job not in self._jobs or not job.asks or not self._ends:
            return []
        if not self._well or READY not in {each.code for each in status.codes}:
            return []
        job.idle += 1
        return [PartMissing(job.job_id, job.pages[0][0] if job.pages else 1)] if job.idle == IDLE_MAX else []

    def _heard_page(self, message: PjlPage) -> None:
        job = self._jobs[0] if self._jobs else None
        if (
            job is not None and job is self._current and self._has_begun(job)
        ):  # otherwise it is a page of a job before
            job.count = max(job.count, message.number)

    def _pages_out(self) -> list[Heard]:
        """Pages that have come out; the printer may have counted one before its last byte was known to be written."""
        job = self._jobs[0] if self._jobs else None
        number = job.news() if job is not None else 0
        return [PagesConfirmed(job.job_id, number)] if job is not None and number else []


def _next_echo() -> str:
    return f"tympan {next(_ECHOES)}"
