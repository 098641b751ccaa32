"""A printer as IPP sees it: names, capabilities, state, and the jobs it has (RFC 8011 §5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tympan.driver.contract import Capabilities, Driver
from tympan.driver.ticket import MediaSpec
from tympan.ipp import Attribute
from tympan.ipp.enums import JobState, PrinterState
from tympan.model.device_condition import DeviceCondition
from tympan.model.job import Job
from tympan.model.printer_control import PrinterControl
from tympan.model.printer_counters import PrinterCounters
from tympan.service.answer import EncodedAttributes, decoded
from tympan.service.clock import Clock, date_time
from tympan.service.condition import condition_attributes
from tympan.service.description import IDENTIFY_DISPLAY, NATURAL_LANGUAGE, PrinterIdentity
from tympan.service.dns_sd_name import dns_sd_name
from tympan.service.ended_jobs import EndedJobs
from tympan.service.print_order import PrintOrder
from tympan.service.reach import Reach
from tympan.service.resources import resource_attributes
from tympan.service.template import Template
from tympan.service.xri import xri

_BY_IPP = Reach()


class Printer:
    """One printer.

    Attributes:
        identity: Its names.
        driver: What knows its family.
        profile: The driver's profile for it.
        capabilities: What it can do.
        template: The job template attributes it obeys.
        encoded: Its attributes that do not change, encoded.
        copy_mark: What its pages say on top that may have been printed before.
        is_default: It is the one at ``/ipp/print``.
        printer_id: ``printer-id``, PWG 5100.22 §7.1.
        jobs: Every job it knows by id.
        active: Those of `jobs` that are not finished, in the order they will print.
        ended: Those of `jobs` that are finished, in the order they ended, until history is full.
        current: The job that is printing, or None.
        identify_actions: ``identify-actions-supported``: how it makes itself known.
        control: What operators have told it; after a change of it comes `control_changed`.
        counters: What it has printed in its life.
        generation: Counts up whenever something of the printer's answer changes but the time.
        on_change: Called after its state may have changed.
    """

    def __init__(
        self,
        identity: PrinterIdentity,
        *,
        driver: Driver,
        profile: str,
        capabilities: Capabilities,
        template: Template,
        encoded: EncodedAttributes,
        clock: Clock,
        is_default: bool = False,
        reach: Reach = _BY_IPP,
        copy_mark: str = "",
    ) -> None:
        self.identity = identity
        self.driver = driver
        self.profile = profile
        self.capabilities = capabilities
        self.template = template
        self.encoded = encoded
        self.copy_mark = copy_mark
        self.is_default = is_default
        self._reach = reach
        self.printer_id = 0
        self.jobs: dict[int, Job] = {}
        self.active = PrintOrder()
        self.ended = EndedJobs()
        self.current: Job | None = None
        self.identify_actions: tuple[str, ...] = (IDENTIFY_DISPLAY,)
        self.control = PrinterControl()
        self.counters = PrinterCounters()
        self.generation = 0
        self.on_change: Callable[[Printer], None] = _nobody_listens
        self._clock = clock
        self._current_media: MediaSpec | None = None
        self._device = self._condition = DeviceCondition()
        self._sensed: tuple[str, ...] = ()
        self._notice = ""
        self._encoded_for: tuple[object, ...] = ()
        self._encoded_condition: tuple[object, ...] = ()
        self._encoded_resources: tuple[object, ...] = ()
        self._announcement = ""
        self._dns_sd_name = dns_sd_name(identity.info or identity.name)
        self._up_since = clock.up_time()
        self._up_since_date = clock.date()
        self._config_changed = (self._up_since, self._up_since_date)
        self._config_changes = 0
        self._state = PrinterState.IDLE
        self._state_changed = (self._up_since, self._up_since_date)

    @property
    def name(self) -> str:
        """``printer-name``."""
        return self.identity.name

    @property
    def dns_sd_name(self) -> str:
        """``printer-dns-sd-name``: the service instance it is announced as, at most 63 octets."""
        return self._dns_sd_name

    def announced_as(self, dns_sd_name: str) -> None:
        """It is announced under another name from now on, because somebody else has the one it had."""
        self._dns_sd_name = dns_sd_name
        self._update()

    @property
    def state(self) -> PrinterState:
        """``printer-state``."""
        return self._state

    @property
    def reasons(self) -> tuple[str, ...]:
        """``printer-state-reasons``; ``none`` where there is nothing to say."""
        reasons = (*self._condition.reasons, *self.control.reasons())
        if self._moving_to_paused:
            reasons = tuple("moving-to-paused" if reason == "paused" else reason for reason in reasons)
        if self._current_media is not None and self.template.media.needs_loading(self._current_media):
            reasons = (*reasons, "media-needed")
        return reasons or ("none",)

    @property
    def message(self) -> str:
        """``printer-state-message``."""
        return self._announcement or self._condition.message or self.control.sentence or self._notice

    @property
    def condition(self) -> DeviceCondition:
        """How its device is, with what sensors beside it say."""
        return self._condition

    def device_reports(self, condition: DeviceCondition) -> None:
        """Its device is like this now."""
        self._device = condition
        self._combine()

    def sensor_reports(self, reasons: tuple[str, ...]) -> None:
        """A sensor beside the device says this now, as ``printer-state-reasons``."""
        self._sensed = reasons
        self._combine()

    def _combine(self) -> None:
        condition = self._device.sensed(self._sensed)
        if condition != self._condition:
            self._condition = condition
            self._update()

    @property
    def state_changed(self) -> tuple[int, int]:
        """When its state changed: ``printer-state-change-time``, and Unix time."""
        return self._state_changed

    def device_stopped(self, reasons: tuple[str, ...], message: str) -> None:
        """The device cannot go on now, for these ``printer-state-reasons``."""
        self.device_reports(replace(self._device, stopped=True, reasons=reasons, message=message))

    def device_running(self) -> None:
        """The device is well."""
        self.device_reports(replace(self._device, stopped=False, reasons=(), message=""))

    def configured(self) -> None:
        """Its names or its choices are other ones now: ``printer-config-change-time``."""
        self._config_changed = (self._clock.up_time(), self._clock.date())
        self._config_changes += 1
        self._update()

    def control_changed(self) -> None:
        """Operators have told it something else."""
        self._update()

    def next_job(self) -> Job | None:
        """The job that prints next; None where none may."""
        if not self.control.prints:
            return None
        return next((job for job in self.active.in_order() if job.state == JobState.PENDING), None)

    def announce(self, message: str) -> None:
        """Show `message` as the printer's message; empty takes it away (Identify-Printer's ``display``)."""
        self._announcement = message
        self.generation += 1

    def notice(self, sentence: str) -> None:
        """Say `sentence` as its message while there is nothing more important; empty takes it away."""
        self._notice = sentence
        self.generation += 1

    def add(self, job: Job) -> None:
        """Take a job in."""
        self.jobs[job.job_id] = job
        if job.is_terminal:
            self.ended.add(job)
        else:
            self.active.add(job)
        self.generation += 1

    def forget(self, job: Job) -> None:
        """Know a job no more."""
        self.jobs.pop(job.job_id, None)
        self.ended.remove(job)
        self.active.remove(job.job_id)
        self.generation += 1

    def reopened(self, job: Job) -> None:
        """A finished `job` is to print once more."""
        self.ended.remove(job)
        self.active.add(job)
        self.generation += 1

    def begins(self, job: Job, media: MediaSpec) -> None:
        """`job` is printing now, on `media`."""
        self.current, self._current_media = job, media
        self._update()

    def ends(self) -> None:
        """The current job does not print any more."""
        self.current = self._current_media = None
        self._update()

    def finished(self, job: Job) -> None:
        """`job` has reached its end: history is in the order of completion (RFC 8011 §4.2.6.2)."""
        self.active.remove(job.job_id)
        self.ended.add(job)
        self.generation += 1

    @property
    def _moving_to_paused(self) -> bool:
        """It shall be paused, and the job that prints has not stopped yet."""
        return self.control.paused and self.current is not None and self.current.state == JobState.PROCESSING

    def _update(self) -> None:
        self.generation += 1
        control = self.control
        at_rest = control.deactivated or control.shut_down
        if (
            self._condition.stopped
            or (control.paused and not self._moving_to_paused)
            or (at_rest and self.current is None)
        ):
            state = PrinterState.STOPPED
        else:
            state = PrinterState.PROCESSING if self.current is not None else PrinterState.IDLE
        if state != self._state:
            self._state = state
            self._state_changed = (self._clock.up_time(), self._clock.date())
        self.on_change(self)

    def answer(
        self, uri: str, requested: tuple[str, ...], language: str = NATURAL_LANGUAGE
    ) -> tuple[bytes, tuple[str, ...]]:
        """Its attributes that are asked for, encoded, and the names there are none of.

        Args:
            uri: Its URI as the client reaches it, ``ipp://HOST:PORT/ipp/print/NAME``.
            requested: Values of ``requested-attributes``; empty: all.
            language: The natural language of the request, for ``printer-strings-uri``.
        """
        encoded = self.encoded
        now = (uri, language, self.generation, self.is_default, self.printer_id)
        if self._encoded_for != now:
            encoded.set(self._state_attributes(uri))
            self._encode_condition()
            self._encode_resources(uri, language)
            self._encoded_for = now
        encoded.set(
            (
                Attribute.integer("printer-up-time", self._clock.up_time()),
                date_time("printer-current-time", self._clock.date()),
            )
        )
        return encoded.select(requested)

    def _encode_condition(self) -> None:
        """What follows of the device's condition changes less often than the printer's state."""
        now = (self.template.media, self._condition, self.reasons)
        if self._encoded_condition != now:
            self.encoded.set_part("condition", condition_attributes(self.capabilities, *now))
            self._encoded_condition = now

    def _encode_resources(self, uri: str, language: str) -> None:
        now = ("http" + uri.partition("/ipp/")[0].removeprefix("ipp"), language)
        if self._encoded_resources != now:
            self.encoded.set(resource_attributes(now[0], self.capabilities.kind, language))
            self._encoded_resources = now

    def attributes(self, uri: str, requested: Sequence[str]) -> dict[str, Attribute]:
        """The same by name, taken from what is answered; what it has not is left out."""
        data, _ = self.answer(uri, tuple(requested))
        return {attribute.name: attribute for attribute in decoded(data)}

    def _state_attributes(self, uri: str) -> list[Attribute]:
        """The attributes that change when `generation` does.

        Args:
            uri: The printer's URI as the client reaches it, ``ipp://HOST:PORT/ipp/print/NAME``.
        """
        ways = self._reach.attributes(uri, is_default=self.is_default)
        return [
            *ways,
            xri("printer-xri-supported", *ways),
            Attribute.integer("printer-id", self.printer_id or 1),
            Attribute.name_string("printer-dns-sd-name", self.dns_sd_name),
            Attribute.enum("printer-state", self.state),
            Attribute.keyword("printer-state-reasons", *self.reasons),
            Attribute.text("printer-state-message", self.message),
            Attribute.integer("printer-state-change-time", self._state_changed[0]),
            date_time("printer-state-change-date-time", self._state_changed[1]),
            Attribute.integer("printer-config-changes", self._config_changes),
            Attribute.integer("printer-config-change-time", self._config_changed[0]),
            date_time("printer-config-change-date-time", self._config_changed[1]),
            Attribute.boolean("printer-is-accepting-jobs", self.control.takes_jobs),
            Attribute.integer("queued-job-count", len(self.active)),
            *self.counters.attributes(),
            Attribute.text("printer-message-from-operator", self.control.message),
            *(
                (
                    Attribute.integer("printer-message-time", self.control.message_at),
                    date_time("printer-message-date-time", self.control.message_date),
                )
                if self.control.message_at
                else (
                    Attribute.no_value("printer-message-time"),
                    Attribute.no_value("printer-message-date-time"),
                )
            ),
        ]


def _nobody_listens(_printer: Printer) -> None:
    """What a printer calls that nobody has asked to be told."""
