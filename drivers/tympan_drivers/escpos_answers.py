"""Which questions by ``GS r`` a printer has answered. No input or output; time is a parameter.

The answers bear neither number nor mark, and come in the order of the questions. So they can be counted, as long as it is known what is
owed from before: answers to another connection, when a printer is opened that still prints; answers that will never come, to questions
that the line lost. *In step* is who knows that.

Step is found by questions that come in a number of their own, and are answered at once by just so many: who reads what it is sent as it
comes has nothing older left to read. Until then no answer confirms anything.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

NOTHING = -1
"""Of a question whose answer confirms nothing by itself."""

PROBE = 5
"""So many questions are asked where nothing is printing. One such answer at once is enough, in parts or with those to what was asked next …"""

END = 3
"""… and so many, when the end of a job is asked for; the last of them is the job's. There …"""

END_ENOUGH = 2
"""… it takes so many answers of just so many in one run, one time after the other: answers to older questions come then, too."""

AT_ONCE_S = 0.7
"""An answer within this time has come at once: the same that ``DLE EOT`` may take."""


class AnswersInOrder:
    """The questions to one opened printer, and the count of its answers.

    Attributes:
        in_step: It is known which question is answered next.
    """

    def __init__(self) -> None:
        self.in_step = False
        self._asked: deque[int] = deque()
        self._probed_at: float | None = None
        self._probe_from = 0  # where its questions begin
        self._heard = 0  # answers since
        self._ended_at: float | None = (
            None  # when the end of a job was last asked for, until that is answered
        )
        self._ends = 0  # times in a row that it was answered at once

    # --- questions --------------------------------------------------------------------------------------------------

    def opened(self, now: float) -> int:
        """The printer was opened; returns how many questions are to be asked now."""
        return self._probe(now)

    def job_begins(self, now: float) -> int:
        """What was asked until now confirms nothing any more; returns how many questions are to be asked now."""
        self._ended_at, self._ends = None, 0
        if self._probed_at is not None or self.in_step:
            self._asked = deque([NOTHING] * len(self._asked))
            return 0
        self._asked.clear()  # it is one with what is owed from before
        return self._probe(now)

    def page_ended(self, number: int) -> int:
        """A page was sent; returns how many questions are to be asked now."""
        self._asked.append(number)
        return 1

    def job_ended(self, now: float, number: int) -> int:
        """All of a job was sent, under whatever number that is; returns how many questions are to be asked now."""
        if self._ended_at is not None:
            self._ends = 0
        self._ended_at = None if self._probed_at is not None else now
        self._asked += [*[NOTHING] * (END - 1), number]
        return END

    def _probe(self, now: float) -> int:
        self._probed_at, self._probe_from, self._heard = now, len(self._asked), 0
        self._asked += [NOTHING] * PROBE
        return PROBE

    # --- answers ----------------------------------------------------------------------------------------------------

    def answered(self, count: int, at: float) -> list[int]:
        """So many answers came, one right after the other; returns the numbers that were confirmed by that."""
        if self._probed_at is not None and 0 <= at - self._probed_at <= AT_ONCE_S:
            self._heard += count
            if PROBE <= self._heard <= len(self._asked) - self._probe_from:
                return self._finds_step(self._probe_from + self._heard)
        if self._ended_at is not None and at - self._ended_at >= 0:
            at_once = count == END and at - self._ended_at <= AT_ONCE_S
            self._ended_at, self._ends = None, self._ends + 1 if at_once else 0
            if self._ends >= END_ENOUGH:
                return self._finds_step(len(self._asked))
        return self._take(count) if self.in_step else []

    def passes(self, now: float) -> None:
        """Time passes: what could come at once has come."""
        if self._probed_at is not None and now - self._probed_at > AT_ONCE_S:
            self._probed_at = None

    def doubts(self) -> None:
        """What came lately may not have been answers."""
        self.in_step = False
        self._probed_at, self._ended_at, self._ends = None, None, 0

    def _finds_step(self, count: int) -> list[int]:
        self.in_step = True
        self._probed_at = self._ended_at = None
        return self._take(count)

    def _take(self, count: int) -> list[int]:
        count = min(count, len(self._asked))
        taken = [number for number in islice(self._asked, count) if number != NOTHING]
        self._asked = deque(islice(self._asked, count, None))
        return taken
