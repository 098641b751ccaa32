"""Which questions by ``GS r`` a printer has answered. No input or output; time is a parameter.

The answers bear neither number nor mark, and come in the order of the questions. So they can be counted, as long as it is known what is
owed from before: answers to another connection, when a printer is opened that still prints; answers that will never come, to questions
that the line lost. *In step* is who knows that.

Step is found by questions that come in a number of their own: a run of just so many answers is theirs. Until then no answer confirms anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

NOTHING = -1
"""Of a question whose answer confirms nothing by itself."""

PROBES = (5, 6, 7, 8, 9)
"""So many questions are asked at a time where nothing is printing, each time another number: a printer may still answer those of an
earlier connection. Pages and jobs are never asked for by so many, and there is paper between them."""

END = 3
"""So many are asked for the end of a job; the last of them is the job's. Where some got lost before, a run of so many answers …"""

AT_ONCE_S = 0.7
"""… within this time, the same that ``DLE EOT`` may take …"""

END_ENOUGH = 2
"""… so often, one time after the other, shows that the printer has read all that it was sent: three of an older job may come just then."""

QUESTIONS_MAX = 10_000
"""Who has left so many unanswered answers none."""


class AnswersInOrder:
    """The questions to one opened printer, and the count of its answers.

    Args:
        probes: Where the numbers of `PROBES` come from.

    Attributes:
        in_step: It is known which question is answered next.
    """

    def __init__(self, probes: Iterator[int]) -> None:
        self.in_step = False
        self._probes = probes
        self._asked: deque[int] = deque()
        self._probe = 0  # how many questions the last probe was
        self._probe_end = 0  # how many were asked with its last
        self._ended_at: float | None = (
            None  # when the end of a job was last asked for, until anything is answered
        )
        self._ends = 0  # times in a row that it was answered at once

    # --- questions --------------------------------------------------------------------------------------------------

    def opened(self) -> int:
        """The printer was opened; returns how many questions are to be asked now."""
        self._probe = next(self._probes)
        self._asked += [NOTHING] * self._probe
        self._probe_end = len(self._asked)
        return self._probe

    def job_begins(self) -> int:
        """What was asked until now confirms nothing any more; returns how many questions are to be asked now."""
        self._ended_at, self._ends = None, 0
        if len(self._asked) > QUESTIONS_MAX:
            self.doubts()
        if self.in_step or self._probe:
            self._asked = deque([NOTHING] * len(self._asked))
            return 0
        self._asked.clear()  # it is one with what is owed from before
        return self.opened()

    def page_ended(self, number: int) -> int:
        """A page was sent; returns how many questions are to be asked now."""
        self._asked.append(number)
        return 1

    def job_ended(self, now: float, number: int) -> int:
        """All of a job was sent, under whatever number that is; returns how many questions are to be asked now."""
        if self._ended_at is not None:
            self._ends = 0
        self._ended_at = now
        self._asked += [*[NOTHING] * (END - 1), number]
        return END

    # --- answers ----------------------------------------------------------------------------------------------------

    def answered(self, count: int, at: float) -> list[int]:
        """So many answers came, one right after the other; returns the numbers that were confirmed by that."""
        if not self.in_step and count == self._probe:
            return self._finds_step(self._probe_end)
        if self._ended_at is not None and at >= self._ended_at:
            at_once = count == END and at - self._ended_at <= AT_ONCE_S
            self._ended_at, self._ends = None, self._ends + 1 if at_once else 0
            if self._ends >= END_ENOUGH:
                return self._finds_step(len(self._asked))
        if not self.in_step:
            return []
        too_many = count > len(self._asked)
        confirmed = self._take(count)
        if too_many:  # what was not asked is not answered: something before was none
            self.doubts()
        return confirmed

    def doubts(self) -> None:
        """What came lately may not have been answers."""
        self.in_step = False
        self._probe, self._ended_at, self._ends = 0, None, 0

    def _finds_step(self, count: int) -> list[int]:
        self.in_step, self._probe = True, 0
        return self._take(count)

    def _take(self, count: int) -> list[int]:
        taken = [self._asked.popleft() for _ in range(min(count, len(self._asked)))]
        return [number for number in taken if number != NOTHING]
