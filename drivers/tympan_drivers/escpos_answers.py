"""Which questions by ``GS r`` a printer has answered. No input or output; time is a parameter.

The answers bear neither number nor mark, and come in the order of the questions. So they can be counted, as long as it is known how many
are owed from before: by an earlier job of which the printer has not printed all, by one before this machine was started anew, or for questions
that got lost on the way and will never be answered. *In step* is who knows that.

Step is found by questions that come in a number of their own, and are answered at once by just so many: who reads what it is sent as it comes
has nothing older left to read. Until then no answer confirms anything.
"""

from __future__ import annotations

OPENING = 5
"""So many questions are asked when the printer is opened. One such answer at once is enough …"""

END = 3
"""… and so many, when the end of a job is asked for. There …"""

END_ENOUGH = 2
"""… it takes so many, one after the other: in the midst of a job answers to older questions come, too, and may be just three."""

AT_ONCE_S = 0.7
"""An answer within this time has come at once: the same that ``DLE EOT`` may take."""


class AnswersInOrder:
    """The count of one opened printer."""

    def __init__(self) -> None:
        self._in_step = False
        self._before = 0  # answers that are owed to earlier jobs
        self._speaks = False  # anything was answered since step was last looked for
        self._asked_at: float | None = None  # when questions were asked that came in a number of their own
        self._expected = 0
        self._heard = 0  # of their answers, at once
        self._at_once = 0  # times in a row that all of these came

    def opened(self, now: float) -> int:
        """The printer was opened; returns how many questions are to be asked."""
        return self._ask(now, OPENING)

    def idle(self, now: float) -> int:
        """Nothing is printing; returns how many questions are to be asked.

        As when it was opened, where it was off line or printing then, and so has answered late.
        """
        return self._ask(now, OPENING) if self._speaks and not self._in_step and self._asked_at is None else 0

    def job_begins(self, unanswered: int) -> None:
        """What was asked until now is of no interest any more, and may be answered yet."""
        self._before += unanswered
        self._at_once = 0
        if self._expected == END:
            self._asked_at = None

    def job_ended(self, now: float) -> int:
        """The end of a job is asked for; returns how many questions that takes."""
        if self._asked_at is not None:
            self._at_once = 0
        return self._ask(now, END)

    def _ask(self, now: float, count: int) -> int:
        self._asked_at, self._expected, self._heard, self._speaks = now, count, 0, False
        return count

    def answered(self, count: int, at: float, waiting: int) -> int:
        """Answers came together.

        Args:
            count: How many.
            at: When.
            waiting: Questions of the job under way that are not answered.

        Returns:
            How many of these, from the oldest, are answered now.
        """
        self._speaks = True
        if self._asked_at is not None and at - self._asked_at <= AT_ONCE_S:
            self._heard += count
            if self._heard == count == self._expected and self._finds_step():
                return self._all_of_it(waiting)
        if not self._in_step:
            return 0
        old = min(self._before, count)
        self._before -= old
        return min(count - old, waiting)

    def passes(self, now: float, waiting: int) -> int:
        """Time passes: what could come at once has come. Returns as `answered` does."""
        if self._asked_at is None or now - self._asked_at <= AT_ONCE_S:
            return 0
        if self._heard == self._expected:
            return self._all_of_it(waiting) if self._finds_step() else 0
        self._asked_at, self._at_once = None, 0
        return 0

    def _finds_step(self) -> bool:
        """All answers came at once; whether that is enough."""
        self._asked_at = None
        self._at_once += 1
        if self._expected == END and self._at_once < END_ENOUGH:
            return False
        self._in_step, self._before = True, 0
        return True

    def _all_of_it(self, waiting: int) -> int:
        """What was asked before, and with, the questions that were answered at once."""
        return waiting if self._expected == END else 0
