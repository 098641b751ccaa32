"""Whether a device answers: when it is asked, and when it is taken for switched off. No input or output; time is a parameter."""

from __future__ import annotations

from tympan.driver.dialogue import POLL_S

POLL_MAX_S = 60.0
"""A device that has never answered is asked this seldom at last: the pause doubles from `POLL_S`."""

FRUITLESS_MAX = 2
"""How often jobs are sent again, one time after the other, to a device that says that it has lost a part, or has confirmed other jobs and
does not confirm this one, and confirms nothing meanwhile."""


class DeviceKnowledge:
    """What one device has shown of itself since the service runs, over all its connections.

    Args:
        answered: It did so before.

    Attributes:
        answered: It has said something that could be understood.
        confirmed: It has confirmed a page or a job, or shown that it can.
        refuses: It does not confirm, though its profile says that it would.
        fruitless: How often a job had to be sent again, one time after the other, since it did not confirm.
        port_well: Its port status bits have said that all is well: they can be believed when they say otherwise.
    """

    def __init__(self, *, answered: bool = False) -> None:
        self.answered = answered
        self.confirmed = False
        self.refuses = False
        self.fruitless = 0
        self.port_well = False

    def is_sent_again(self) -> bool:
        """Whether a job that the device has not confirmed is to be sent again; who has had it too often in vain does not confirm."""
        if self.fruitless == FRUITLESS_MAX:
            self.refuses = True
            return False
        self.fruitless += 1
        return True

    def can_confirm(self) -> None:
        """It has just answered what asks for confirmations."""
        self.answered = self.confirmed = True

    def has_confirmed_late(self) -> None:
        """It has confirmed a job that nobody waits for any more."""
        self.refuses = False

    def has_confirmed(self) -> None:
        """It has just confirmed a page or a job."""
        self.answered = self.confirmed = True
        self.refuses = False
        self.fruitless = 0


class Answering:
    """The questions to one opened device, and its answers.

    Args:
        knowledge: What is known of the device.
        within_s: In which time an answer is to come, or the device is taken for switched off; 0: in no time.
        now: When it was opened; it is asked something then.

    Attributes:
        has_spoken: It has said anything since it was opened.
        spoke_at: When it did last; when it was opened, where it has not.
    """

    def __init__(self, knowledge: DeviceKnowledge, within_s: float, now: float) -> None:
        self._knowledge = knowledge
        self._within_s = within_s
        self._pause_s = POLL_S
        self._empty_pause_s = POLL_S
        self._due = now + POLL_S
        self._asked = False
        self._reached_at: float | None = None
        self.has_spoken = False
        self.spoke_at = now

    @property
    def due(self) -> float:
        """When it is to be asked again."""
        return self._due

    @property
    def on_the_way(self) -> bool:
        """A question was written that may not have left this machine: see `reached`."""
        return self._asked and self._reached_at is None

    def ask_soon(self, now: float) -> None:
        """It is to be asked now, unless nobody expects an answer."""
        if self._knowledge.answered:
            self._due = min(self._due, now)

    def asked(self, now: float) -> None:
        """A question was written."""
        if self._knowledge.answered:
            self._pause_s = POLL_S
        self._due = now + self._pause_s
        if not self._knowledge.answered:
            self._pause_s = min(2 * self._pause_s, POLL_MAX_S)
        self._asked = True

    def not_now(self, now: float, *, in_job: bool) -> None:
        """There was nothing to ask: so there is not soon between jobs, of a device that has never answered."""
        if in_job or self._knowledge.answered:
            self._due = now + POLL_S
            return
        self._due = now + self._empty_pause_s
        self._empty_pause_s = min(2 * self._empty_pause_s, POLL_MAX_S)

    def reached(self, now: float) -> None:
        """What was written has left this machine: the time for an answer runs."""
        if self.on_the_way:
            self._reached_at = now

    def spoke(self, now: float, *, understood: bool) -> None:
        """The device said something."""
        self.spoke_at = now
        self.has_spoken = True
        self._asked, self._reached_at = False, None
        if understood:
            if not self._knowledge.answered:
                self._due = min(self._due, now + POLL_S)
            self._knowledge.answered = True

    @property
    def is_promised(self) -> bool:
        """It answers in a known time, and has shown that it does."""
        return self._within_s > 0 and self._knowledge.answered

    @property
    def is_expected(self) -> bool:
        """It has said nothing since it was opened, and will if it is switched on."""
        return self.is_promised and not self.has_spoken

    def silent(self, now: float) -> bool:
        """It does not answer a question that has reached it, though it has shown that it answers."""
        return self.is_promised and self._reached_at is not None and now - self._reached_at > self._within_s

    def silent_from(self) -> float | None:
        """When it will be `silent`, if it says nothing; None: not before it is asked again."""
        if not self.is_promised or self._reached_at is None:
            return None
        return self._reached_at + self._within_s
