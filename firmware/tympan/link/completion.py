"""When a job is complete: the rules, without input or output; time is a parameter.

After the last byte was written:

=================  ==================================  ==============================================================
the profile says   this device                         the job is
=================  ==================================  ==============================================================
it confirms jobs   has confirmed this one              complete, whatever happens to the device from then on
it confirms jobs   says that it is stopped             waited for, without end
it confirms jobs   does not answer (it has before)     waited for, without end: see `tympan.link.connection` for what follows
it confirms jobs   says that it is busy                waited for, as long as it says so: 2 minutes after its last word as below
it confirms jobs   has shown that it confirms          asked for every second while nothing happens; after 30 s, or the longer time that
                                                       the profile says it may print, sent again from the first page that was not
                                                       confirmed, at most twice in a row
it confirms jobs   answers, and has never shown that   asked for every second; after 8 s, or that time, it is one that does not confirm
it confirms jobs   has never answered                  waited for until `PROVE_S` after the device was opened, then as below
it does not, or    is well                             complete, when the device took the last byte
this device        answers questions                   complete, when it has answered one after that byte, and is well
does not           says that it is stopped             waited for, without end
=================  ==================================  ==============================================================

A device that takes nothing has not taken the last byte. Sent again is what `Verdict.AGAIN` says: the link breaks the attempt off as if the
cable had been drawn.
"""

from __future__ import annotations

import enum

from tympan.link.answering import DeviceKnowledge

PROVE_S = 1.0
"""How long after it was opened a device may take to show for the first time that it answers."""

ASK_S = 1.0
"""After this time without news a device is asked again whether it has printed the job."""

ASKS = 29
"""How often one is asked that has shown that it confirms, and more often where its memory takes longer to be printed …"""

ASKS_UNPROVED = 7
"""… and one that has not."""

BUSY_S = 120.0
"""How long the word of a device that it works is believed: a page may take so long, and some answer nothing meanwhile."""

WORD_S = 1.0
"""How long a device that answers, and does not confirm, may take to say that it is well after the last byte."""


class Verdict(enum.Enum):
    """What is to be done now."""

    WAIT = "wait"
    ASK = "ask"
    """Send `Dialogue.job_ended` again."""
    DELIVER = "deliver"
    """See that the device has taken the last byte (`Transport.end_job`)."""
    AGAIN = "again"
    """It has lost something: break off, and go on from the first page that was not confirmed."""
    COMPLETE = "complete"


class Completion:
    """The end of one attempt at a job.

    Args:
        claimed: The dialogue confirms jobs.
        knowledge: What is known of the device.
        opened_at: When it was opened.
        now: When the last byte was written.
        prints_within_s: `tympan.driver.dialogue.Dialogue.prints_within_s`.
    """

    def __init__(
        self,
        *,
        claimed: bool,
        knowledge: DeviceKnowledge,
        opened_at: float,
        now: float,
        prints_within_s: float = 0.0,
    ) -> None:
        self._claimed = claimed
        self._knowledge = knowledge
        self._opened_at = opened_at
        self._since = now
        self._quiet_since = now
        self._asks = 0
        self._asks_more = round(prints_within_s / ASK_S) - 1
        self.confirmed = False
        self.delivered = False

    def news(self, now: float) -> None:
        """Something happened: the device moves."""
        self._quiet_since = now
        self._asks = 0

    def verdict(self, now: float, *, well: bool, spoke_at: float, busy: bool = False) -> Verdict:
        """What is to be done now.

        Args:
            now: The time.
            busy: The device says that it works.
            well: The device reports no fault, and answers if it ever does.
            spoke_at: When it said anything last.
        """
        if not self.confirmed:
            if not well:
                self._quiet_since = now
                return Verdict.WAIT if self._awaited(now) or self.delivered else Verdict.DELIVER
            if busy and now - spoke_at < BUSY_S:
                self.news(now)
            if self._awaited(now):
                return self._await(now)
        if not self.delivered:
            return Verdict.DELIVER
        if self.confirmed or not self._knowledge.answered:
            return Verdict.COMPLETE
        return Verdict.COMPLETE if spoke_at > self._since or now - self._since > WORD_S else Verdict.WAIT

    def _awaited(self, now: float) -> bool:
        """Whether the device is to confirm the job yet."""
        if not self._claimed or self._knowledge.refuses:
            return False
        return self._knowledge.answered or now - self._opened_at < PROVE_S

    def _await(self, now: float) -> Verdict:
        if not self._knowledge.answered or now - self._quiet_since < ASK_S:
            return Verdict.WAIT
        if self._asks < max(ASKS if self._knowledge.confirmed else ASKS_UNPROVED, self._asks_more):
            self._asks += 1
            self._quiet_since = now
            return Verdict.ASK
        if self._knowledge.confirmed and self._knowledge.is_sent_again():
            return Verdict.AGAIN
        self._knowledge.refuses = True
        return Verdict.DELIVER if not self.delivered else Verdict.WAIT
