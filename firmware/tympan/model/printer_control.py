"""What operators have told a printer: whether it takes jobs and whether it prints them (RFC 3998, RFC 8011 §5.4.11).

It has no clock and no input or output: the spool keeps a printer's control by encoding this very record.
"""

from __future__ import annotations

import msgspec

from tympan.model.record import RecordCodec


class PrinterControl(msgspec.Struct, kw_only=True):
    """The wishes of operators; they survive a restart.

    Attributes:
        accepting: Takes new jobs (Enable-Printer, Disable-Printer): ``printer-is-accepting-jobs``.
        paused: Prints nothing new, and stops what prints as soon as it can (Pause-Printer, Resume-Printer).
        pausing: Pauses when the current job has ended (Pause-Printer-After-Current-Job).
        holding_new_jobs: New jobs are held (Hold-New-Jobs, Release-Held-New-Jobs).
        deactivated: Answers questions only (Deactivate-Printer, Activate-Printer).
        shut_down: As deactivated, and its device is let go (Shutdown-Printer, Startup-Printer).
        message: ``printer-message-from-operator``.
        message_at: ``printer-message-time``, in ``printer-up-time``; 0: there was none yet.
        message_date: The same as Unix time.
    """

    accepting: bool = True
    paused: bool = False
    pausing: bool = False
    holding_new_jobs: bool = False
    deactivated: bool = False
    shut_down: bool = False
    message: str = ""
    message_at: int = 0
    message_date: int = 0

    @property
    def takes_jobs(self) -> bool:
        """Whether new jobs are accepted."""
        return self.accepting and not self.deactivated and not self.shut_down

    @property
    def prints(self) -> bool:
        """Whether the next job may begin."""
        return not (self.paused or self.pausing or self.deactivated or self.shut_down)

    @property
    def sentence(self) -> str:
        """``printer-state-message``: what to tell people; empty where nothing is out of the ordinary."""
        told = (
            (self.shut_down, "The printer is shut down."),
            (self.deactivated, "The printer is deactivated."),
            (self.paused, "The printer is paused."),
            (self.pausing, "The printer pauses after this job."),
            (not self.accepting, "The printer accepts no jobs."),
            (self.holding_new_jobs, "New jobs are held."),
        )
        return next((sentence for holds, sentence in told if holds), "")

    def reasons(self) -> tuple[str, ...]:
        """The ``printer-state-reasons`` that come of it, RFC 8011 §5.4.12 and RFC 3998 §9.1."""
        told = (
            ("paused", self.paused),
            ("moving-to-paused", self.pausing),
            ("hold-new-jobs", self.holding_new_jobs),
            ("deactivated", self.deactivated),
            ("shutdown", self.shut_down),
        )
        return tuple(reason for reason, holds in told if holds)


_codec = RecordCodec(PrinterControl, "what operators told a printer")
encode_control, decode_control = _codec.encode, _codec.decode
