"""What is said to an ESC/POS printer, and what its answers mean.

How it is: asked for by ``DLE EOT`` (answered at once, in or out of a job, on line or off) and told unasked by automatic status
back, which ``ESC @`` switches off and every prologue of this driver switches on again. Who it is: ``GS I``, one question at
a time, because the printer's reply buffer is small. What has come out: ``GS ( H`` behind each page, or the weaker ``GS r``
(`tympan_drivers.escpos_answers`); once in the beginning, too, to see whether this printer answers it at all.

Answers to ``DLE EOT`` bear no number. They are taken for a round of four only where four came to a round that was asked, and
believed at once only where they fit together (`realtime_is_plausible`); otherwise when the next round says the same.
"""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import Confirms, Heard, JobConfirmed, PagesConfirmed, PartMissing
from tympan.language import escpos
from tympan.language.escpos_status import (
    PROCESS_ID_ALPHABET,
    AutomaticStatus,
    PrinterText,
    ProcessId,
    QueuedStatus,
    RealtimeStatus,
    ReplyParser,
    Sensors,
    automatic_sensors,
    realtime_is_plausible,
    realtime_sensors,
)
from tympan_drivers.escpos_answers import PROBES, AnswersInOrder
from tympan_drivers.escpos_condition import condition_of
from tympan_drivers.profile_escpos import EscPosProfile

AUTOMATIC_MASK = 0x0E
"""Of ``GS a``: on line or not, errors, paper. Not the drawer: whether it is open is nobody's fault."""

RECOVER_EVERY_S = 2.0
"""The most often that the printer is told to go on after an error that a person may have mended."""

ANSWERS_WITHIN_S = 0.7
"""``DLE EOT`` is answered as it is received, before what waits in the buffer, off line as well as on. Less than the link's pause
between two questions, so that no answer is missed without a word."""

ROUND_S = 1.0
"""A round of ``DLE EOT`` whose answers broke off so long ago is not going to be complete."""

TOGETHER_S = 0.25
"""The four answers of a round come within this time, as they are asked for at once."""

ROUNDS_MAX = 3
"""Rounds that may be unanswered before the first of them is forgotten."""

RUN_S = 0.03
"""Answers to ``GS r`` closer together than this are one run: see `EscPosDialogue._take_run`."""

ON_LINE_PAPER = frozenset({0x00, 0x03})
"""Answers to ``GS r 1`` of a printer that is on line: there is paper, the near-end sensor sees it or does not."""

IDENTITY_QUESTIONS = (
    (67, "model"),
    (66, "make"),
    (65, "firmware"),
    (68, "serial_number"),
)
"""``n`` of ``GS I`` and the field of the identity it answers, in the order they are asked."""

ALL_OF_IT = 0
"""In place of a page's number: the whole job."""

TEXT_BYTES_PER_S = 300
"""So slowly prints a receipt printer of 60 mm/s what its buffer holds, where that is half-full lines of text."""

REALTIME_QUESTIONS = b"".join(escpos.realtime_status(number) for number in (1, 2, 3, 4))


def process_ids() -> Iterator[bytes]:
    """Process ids without end, of which none comes again before all others have.

    They begin anywhere, so that what a printer still answers to an earlier run of the service is unlikely to be one that
    is waited for.
    """
    base = len(PROCESS_ID_ALPHABET)
    for number in itertools.count(secrets.randbelow(base**4)):
        yield bytes(PROCESS_ID_ALPHABET[number // base**place % base] for place in range(4))


_PROCESS_IDS = process_ids()
_PROBES = itertools.cycle(PROBES)
"""Those of all dialogues: a printer that was opened anew may answer what the dialogue before has asked."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A ``GS ( H`` that was sent behind a page or a job, to be answered when that has come out.

    Attributes:
        number: The page's number, or `ALL_OF_IT`.
        process_id: What it is answered by.
    """

    number: int
    process_id: bytes


class EscPosDialogue:
    """The dialogue with one ESC/POS printer; see :class:`tympan.driver.dialogue.Dialogue`.

    Args:
        model: The printer.
        ids: Where process ids come from.
        probes: Where the numbers of `tympan_drivers.escpos_answers.PROBES` come from.
    """

    busy = False  # it does not say

    def __init__(
        self, model: EscPosProfile, ids: Iterator[bytes] = _PROCESS_IDS, probes: Iterator[int] = _PROBES
    ) -> None:
        status = model.status
        self._model = model
        self._status = status
        self._ids = ids
        self.confirms_pages = self.confirms_jobs = status.completion != "none"
        self.buffer_bytes = status.buffer_bytes
        self.answers_within_s = ANSWERS_WITHIN_S if status.realtime else 0.0
        self._parser = ReplyParser()
        # How it is.
        self._sensors: Sensors | None = None
        self._rounds = 0  # asked and not answered yet
        self._round: list[int] = []
        self._round_began = self._round_at = 0.0
        self._doubted: tuple[int, ...] = ()
        self._draining = False
        self._drained = 0
        self._recovered_at: float | None = None
        # Who it is.
        self._texts: dict[str, str] = {}
        self._questions = deque(IDENTITY_QUESTIONS if status.identify else ())
        self._asked: str | None = None
        # What has come out.
        self._job_id = 0
        self._is_broken = False
        self._first_id = b""
        self._tokens: deque[_Token] = deque()
        self._answers = AnswersInOrder(probes) if status.completion == "gs_r" else None
        self._run: list[int] = []
        self._run_at = 0.0
        self._round_until: float | None = None  # when DLE EOT will have been answered, if it is
        # Runs of answers to GS r, and when they came: before that, and may be none; of a printer that is said to be off line.
        self._held: list[tuple[int, float]] = []
        self._too_early: list[tuple[int, float]] = []

    # --- what is said -------------------------------------------------------------------------------------------------

    def opened(self, now: float) -> bytes:
        """Ask for all that can be known, and to be told of changes."""
        return self._automatic() + self._ask_how(now) + self._ask_whether() + self._ask_who()

    def prints_within_s(self, document_bytes: int) -> float:
        """As long as the profile says; for text of a document's own as long as the buffer may hold it."""
        return max(
            float(self._status.prints_within_s), min(document_bytes, self.buffer_bytes) / TEXT_BYTES_PER_S
        )

    def job_begins(self, job_id: int) -> bytes:
        """What was asked of earlier jobs, and attempts at this one, is no confirmation any more."""
        self._tokens.clear()
        self._is_broken = False
        self._job_id = job_id
        return b"" if self._answers is None else escpos.transmit_status(1) * self._answers.job_begins()

    def page_ended(self, number: int, copies: int = 1) -> bytes:  # noqa: ARG002 — one page is one piece of roll
        """Ask to be told when all until here has come out."""
        if self._answers is not None:
            return escpos.transmit_status(1) * self._answers.page_ended(number)
        return self._ask_for(number)

    def job_ended(self, now: float) -> bytes:
        """Likewise for the whole job; and to be told of changes, should the job have forbidden it."""
        if self._answers is not None:
            question = escpos.transmit_status(1) * self._answers.job_ended(now, ALL_OF_IT)
        else:
            question = self._ask_for(ALL_OF_IT)
        return self._automatic() + question

    def poll(self, now: float, *, in_job: bool) -> bytes:
        """Ask how it is; tell it to go on after an error; outside a job also ask who it is."""
        who = b"" if in_job else self._ask_who()
        return self._recover(now) + self._ask_how(now) + who

    def closing(self) -> bytes:
        """Not to be told any more: who opens it next may not expect it."""
        return escpos.automatic_status(0) if self._status.automatic else b""

    def _automatic(self) -> bytes:
        return escpos.automatic_status(AUTOMATIC_MASK) if self._status.automatic else b""

    def _ask_how(self, now: float) -> bytes:
        if not self._status.realtime:
            return b""
        if self._round:
            if now - self._round_at < ROUND_S:
                return b""  # the rest of the answers is on its way
            # An answer got lost, and more may be under way that nobody could number: wait until none comes any more.
            self._round.clear()
            self._rounds, self._drained, self._draining = 0, 0, True
            self._doubt()
            return b""
        if self._draining and self._drained:
            self._drained = 0
            return b""
        self._draining = False
        self._round_missed()
        self._round_until = now + ANSWERS_WITHIN_S
        self._rounds = min(self._rounds + 1, ROUNDS_MAX)
        return REALTIME_QUESTIONS

    def _ask_who(self) -> bytes:
        if self._asked is not None or not self._questions:
            return b""
        number, self._asked = self._questions.popleft()
        return escpos.printer_id(number)

    def _recover(self, now: float) -> bytes:
        """``DLE ENQ 1``, where a person has closed the printer again and it still reports an error.

        Epson: it is to be sent once the cause is gone, and retries from the line in which the error happened. Whether the
        cause is gone nobody says, so it is tried while the printer is closed and has paper.
        """
        sensors = self._sensors
        if sensors is None or not (sensors.cutter_error or sensors.recoverable_error):
            self._recovered_at = None
            return b""
        recent = self._recovered_at is not None and now - self._recovered_at < RECOVER_EVERY_S
        if recent or sensors.cover_open or sensors.paper_end or not self._status.realtime:
            return b""
        self._recovered_at = now
        return escpos.recover(clear=False)

    def _ask_whether(self) -> bytes:
        """See whether it answers what asks for confirmations, and what it owes."""
        if self._answers is not None:
            return escpos.transmit_status(1) * self._answers.opened()
        if self._status.completion == "none":
            return b""
        self._first_id = next(self._ids)
        return escpos.completion_request(self._first_id)

    def _ask_for(self, number: int) -> bytes:
        if self._status.completion == "none":
            return b""
        token = _Token(number, next(self._ids))
        self._tokens.append(token)
        return escpos.completion_request(token.process_id)

    # --- what is heard ------------------------------------------------------------------------------------------------

    def received(self, data: bytes, now: float) -> Sequence[Heard]:
        """What the printer said."""
        heard: list[Heard] = []
        if now - self._run_at > RUN_S:
            heard += self._take_run()
        if self._round_until is not None and now > self._round_until + RUN_S:
            self._round_missed()
        for reply in self._parser.feed(data):
            if isinstance(reply, QueuedStatus):
                if self._round:
                    self._doubt()  # in the midst of answers that belong together: one of them is not what it seems
                self._run.append(reply.value)
                self._run_at = now
                continue
            heard += self._take_run()
            if isinstance(reply, RealtimeStatus):
                heard += self._heard_realtime(reply.value, now)
            elif isinstance(reply, AutomaticStatus):
                heard += self._heard_state(automatic_sensors(reply.data))
            elif isinstance(reply, PrinterText):
                heard += self._heard_text(reply.text)
            else:
                heard += self._heard_process_id(reply)
        return heard

    def _heard_realtime(self, value: int, now: float) -> list[Heard]:
        self._drained += 1
        if not self._rounds:
            return []
        if not self._round:
            self._round_began = now
        self._round.append(value)
        self._round_at = now
        if len(self._round) < 4:
            return []
        if now - self._round_began > TOGETHER_S:
            self._doubt()
        answers = (self._round[0], self._round[1], self._round[2], self._round[3])
        self._round.clear()
        self._rounds -= 1
        if not realtime_is_plausible(*answers) and answers != self._doubted:
            self._doubted = answers
            self._doubt()
            return []
        self._doubted = ()
        self._round_until = None
        held, self._held = self._held, []
        return [*self._heard_state(realtime_sensors(*answers)), *self._answered(held)]

    def _heard_state(self, sensors: Sensors) -> list[Heard]:
        self._sensors = sensors
        answers, self._too_early = self._too_early, []
        condition = condition_of(sensors, consumes_paper=self._model.marking == "thermal")
        return [condition] if sensors.offline else [condition, *self._answered(answers)]

    def _heard_text(self, text: str) -> list[Heard]:
        if self._asked is None:
            return []
        self._texts[self._asked] = text
        self._asked = None
        say = self._texts.get
        return [
            DeviceIdentity(
                make=say("make", ""),
                model=say("model", ""),
                serial_number=say("serial_number", ""),
                firmware=say("firmware", ""),
            )
        ]

    @property
    def _is_offline(self) -> bool:
        return self._sensors is not None and self._sensors.offline

    # --- what has come out --------------------------------------------------------------------------------------------

    def _heard_process_id(self, reply: ProcessId) -> list[Heard]:
        if reply.process_id == self._first_id:
            return [Confirms()]
        if not any(token.process_id == reply.process_id for token in self._tokens):
            return []  # of an earlier job, or garbled
        missing = 0
        while (token := self._tokens.popleft()).process_id != reply.process_id:
            missing = missing or token.number
        if self._is_broken:
            return []  # something before it is missing, and known to be
        if missing:
            self._is_broken = True
            return [PartMissing(self._job_id, missing)]
        return [self._confirmed(token.number)]

    def _confirmed(self, number: int) -> Heard:
        return JobConfirmed(self._job_id) if number == ALL_OF_IT else PagesConfirmed(self._job_id, number)

    def _take_run(self) -> list[Heard]:
        """Answers to ``GS r``.

        They bear neither number nor mark. The last three bytes of an automatic status look the same; where its first byte
        got lost on the line they would be taken for answers. But answers that come in one run are all the same, as the
        printer is well where it answers at all, and those three bytes are not. And ``DLE EOT`` is answered first: where its
        answers are missing or make no sense, these may be none either.
        """
        run, self._run = self._run, []
        if self._answers is None or len(set(run)) != 1 or run[0] not in ON_LINE_PAPER:
            return []
        if self._is_offline:
            # It does not answer GS r then: either it is well again and has not said so yet, or this is noise.
            self._too_early.append((len(run), self._run_at))
        elif self._round_until is not None:
            self._held.append((len(run), self._run_at))
        else:
            return self._answered([(len(run), self._run_at)])
        return []

    def _answered(self, runs: Sequence[tuple[int, float]]) -> list[Heard]:
        """So many ``GS r`` were answered, at these times."""
        if not runs or self._answers is None:
            return []
        knew = self._answers.in_step
        confirmed = [
            self._confirmed(number) for count, at in runs for number in self._answers.answered(count, at)
        ]
        return confirmed if knew or not self._answers.in_step else [Confirms(), *confirmed]

    def _round_missed(self) -> None:
        """A round of ``DLE EOT`` that was asked for was not answered: nor need what came in its place be answers."""
        if self._round_until is not None and (self._run or self._held):
            self._run.clear()
            self._doubt()
        self._round_until = None

    def _doubt(self) -> None:
        self._round_until, self._held = None, []
        if self._answers is not None:
            self._answers.doubts()
