"""What users and operators do to jobs: hold, release, move in the order, suspend, print again, change, purge.

It owns the rules of RFC 8011 §4.3, RFC 3998 §4, RFC 3380 §4.2 and PWG 5100.7 §5 about jobs' states. The store, the queues and
the documents are the service's; who may ask, and how it is answered, is the endpoint's matter. What returns has been kept
durably.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tympan.errors import TympanError
from tympan.ipp import Attribute
from tympan.ipp.enums import JobState
from tympan.model.hold_periods import INDEFINITE
from tympan.model.job import Job
from tympan.service.holding import STOPPING, WAITING, settle
from tympan.service.job_attributes import encoded_template, template_of
from tympan.service.job_password import PasswordGate
from tympan.service.printer import Printer
from tympan.service.scheduling import SCHEDULING, set_hold, set_scheduling

if TYPE_CHECKING:
    from tympan.service.service import Service

SUSPENDED = "job-suspended"

CANCELED_BY_OPERATOR = "job-canceled-by-operator"

_HOLD_ATTRIBUTES = ("job-hold-until", "job-hold-until-time")


class NotPossibleError(TympanError):
    """The state that a job is in, or a printer, does not allow what is asked: ``client-error-not-possible``.

    Attributes:
        problem: A sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class JobControl:
    """Changes the jobs of a service.

    Args:
        service: The service.

    Attributes:
        passwords: Compares passwords that are typed with those that jobs wait for.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.passwords = PasswordGate()

    # --- jobs come and come back ------------------------------------------------------------------------------------

    def prepare(self, printer: Printer, job: Job) -> None:
        """Give a new job what its template, the printer's defaults and what operators told the printer say about when it prints."""
        set_scheduling(job, printer.template, template_of(job), self._service.clock.date())
        job.held_on_create = printer.control.holding_new_jobs

    def take_up(self, job: Job) -> None:
        """Give an unfinished job of an earlier run the state it goes on with; what printed goes on from the page not confirmed."""
        if job.suspended:
            job.state, job.reasons = JobState.PROCESSING_STOPPED, (SUSPENDED,)
            return
        job.state, job.reasons = JobState.PENDING, ()
        settle(job)

    # --- hold and release -------------------------------------------------------------------------------------------

    async def hold(
        self, printer: Printer, job: Job, wishes: Mapping[str, Attribute], *, indefinitely: bool
    ) -> None:
        """Hold-Job, RFC 8011 §4.3.5.

        Args:
            printer: The job's printer.
            job: The job.
            wishes: ``job-hold-until`` or ``job-hold-until-time`` of the request, where it is supported.
            indefinitely: Nothing that is supported is asked for: hold until it is released.

        Raises:
            NotPossibleError: It prints already, or has ended.
        """
        if job.state not in WAITING:
            raise NotPossibleError(f"job {job.job_id} is {_word(job)} already")
        wishes = (
            {"job-hold-until": Attribute.keyword("job-hold-until", INDEFINITE)} if indefinitely else wishes
        )
        changed_template(job, {name: wishes.get(name) for name in _HOLD_ATTRIBUTES})
        set_hold(job, printer.template, template_of(job), self._service.clock.date())
        await self._settled(printer, job)

    async def release(self, printer: Printer, job: Job) -> None:
        """Release-Job, RFC 8011 §4.3.6: nothing but a password, and documents that are missing, holds it any more.

        Raises:
            NotPossibleError: It has ended.
        """
        if job.is_terminal:
            raise NotPossibleError(f"job {job.job_id} is {_word(job)} already")
        if job.state not in WAITING:
            return
        self._unhold(job)
        await self._settled(printer, job)

    def _unhold(self, job: Job) -> None:
        changed_template(job, dict.fromkeys(_HOLD_ATTRIBUTES))
        job.hold_until, job.hold_until_date, job.held_on_create = "", 0, False
        job.awaits_review = False

    def let_go(self, printer: Printer, job: Job) -> None:
        """What `job` waited for has begun: that does not hold it any more, also when the period ends before it prints."""
        job.hold_until, job.hold_until_date = "", 0
        settle(job)
        self._service.jobs.job_changed(printer, job)
        self._service.jobs.wake(printer)

    async def release_with_password(
        self, printer: Printer, password: str, jobs: Iterable[Job] | None = None
    ) -> list[Job]:
        """Somebody typed `password` at the printer: release the jobs that wait for it, PWG 5100.11 §5.

        Args:
            printer: The printer.
            password: As it was typed.
            jobs: Only these; None: any job of the printer.

        Returns:
            The jobs that were released; none where the password is not right.

        Raises:
            NotPossibleError: Wrong ones were tried too often; later again.
        """
        if not self.passwords.is_open(printer.name):
            raise NotPossibleError("wrong passwords were tried too often; try again later")
        candidates = list(printer.active.in_order()) if jobs is None else list(jobs)
        waiting = [job for job in candidates if job.waits_for_password]
        if not waiting:
            return []
        matching = await self.passwords.matching(waiting, password)
        self.passwords.count(printer.name, right=bool(matching))
        for job in matching:
            job.password_given = True
            await self._settled(printer, job)
        return matching

    async def _settled(self, printer: Printer, job: Job) -> None:
        """Give `job` the state its holds make, keep that, and print it where it may."""
        settle(job)
        self._service.jobs.job_changed(printer, job)
        await self._service.jobs.save_jobs(job)
        if job.state == JobState.PENDING:
            self._service.jobs.wake(printer)

    # --- the order --------------------------------------------------------------------------------------------------

    async def promote(self, printer: Printer, job: Job) -> None:
        """Promote-Job, RFC 3998 §4.4.1: `job` prints next.

        Raises:
            NotPossibleError: It is not pending.
        """
        _check_pending(job)
        await self._moved(printer, printer.active.put_first(job))

    async def schedule_after(self, printer: Printer, job: Job, predecessor: Job) -> None:
        """Schedule-Job-After, RFC 3998 §4.4.2: `job` prints right after `predecessor`.

        Raises:
            NotPossibleError: It is not pending, or the predecessor neither waits nor prints.
        """
        _check_pending(job)
        if predecessor is job:
            raise NotPossibleError("a job cannot print after itself")
        if predecessor.is_terminal or predecessor.state == JobState.PENDING_HELD:
            raise NotPossibleError(f"job {predecessor.job_id} is {_word(predecessor)}")
        if printer.current is predecessor:
            changed = printer.active.put_first(job)
        else:
            changed = printer.active.put_after(job, predecessor)
        await self._moved(printer, changed)

    async def _moved(self, printer: Printer, jobs: list[Job]) -> None:
        for job in jobs:
            self._service.jobs.job_changed(printer, job)
        await self._service.jobs.save_jobs(*jobs)

    # --- suspend and resume -----------------------------------------------------------------------------------------

    async def suspend(self, printer: Printer, job: Job) -> None:
        """Suspend-Current-Job, RFC 3998 §4.3.1: `job` stops where it is and the next one prints.

        Raises:
            NotPossibleError: It does not print.
        """
        if (
            job.state not in {JobState.PROCESSING, JobState.PROCESSING_STOPPED}
            or job.suspended
            or is_stopping(job)
        ):
            raise NotPossibleError(f"job {job.job_id} does not print now")
        if job.incoming:
            raise NotPossibleError(f"a document of job {job.job_id} is still arriving")
        clock = self._service.clock
        job.suspended = True
        job.move(JobState.PROCESSING_STOPPED, now=clock.up_time(), date=clock.date(), reasons=(SUSPENDED,))
        self._service.jobs.job_changed(printer, job)
        self._service.jobs.break_off(printer, job)
        await self._service.jobs.save_jobs(job)

    async def resume(self, printer: Printer, job: Job) -> None:
        """Resume-Job, RFC 3998 §4.3.2: `job` waits for its turn, and goes on from the first page that was not confirmed.

        Raises:
            NotPossibleError: It is not suspended, or has been canceled.
        """
        if not job.suspended or is_stopping(job):
            raise NotPossibleError(f"job {job.job_id} is not suspended")
        clock = self._service.clock
        job.suspended = False
        job.move(JobState.PENDING, now=clock.up_time(), date=clock.date())
        await self._settled(printer, job)

    # --- once more --------------------------------------------------------------------------------------------------

    async def restart(
        self, printer: Printer, job: Job, wishes: Mapping[str, Attribute], *, indefinitely: bool = False
    ) -> None:
        """Restart-Job, RFC 8011 §4.3.7: the same job prints once more, from its beginning.

        Args:
            printer: The job's printer.
            job: The job.
            wishes: ``job-hold-until`` or ``job-hold-until-time`` of the request, where it is supported.
            indefinitely: What is asked for is not supported: hold until it is released.

        Raises:
            NotPossibleError: It has not ended, or its documents are gone.
            SpoolError: There are too many jobs.
        """
        self._check_retained(job)
        self._service.jobs.check_room()
        self._service.jobs.retention.let_go(job)
        if indefinitely:
            wishes = {"job-hold-until": Attribute.keyword("job-hold-until", INDEFINITE)}
        changed_template(job, {name: wishes.get(name) for name in _HOLD_ATTRIBUTES})
        job.state, job.reasons, job.message = JobState.PENDING, (), ""
        job.processing_at = job.completed_at = job.processing_date = job.completed_date = 0
        job.impressions_completed = job.media_sheets_completed = job.pages_confirmed = job.bytes_written = 0
        job.password_given = job.proofed = job.awaits_review = job.begun = False
        job.held_on_create = printer.control.holding_new_jobs
        job.processing_s, job.document_printing, job.proof_impressions = 0.0, 0, 0
        for document in job.printable:
            document.processing_at = document.completed_at = 0
            document.processing_date = document.completed_date = 0
        job.place = printer.active.place_of_arrival(job, self._service.jobs.last_job_id)
        set_hold(job, printer.template, template_of(job), self._service.clock.date())
        self._service.jobs.reopen(printer, job)
        await self._settled(printer, job)

    async def reprint(
        self,
        printer: Printer,
        job: Job,
        *,
        name: str,
        user: str,
        user_proved: bool,
        language: str,
        template: bytes,
    ) -> Job:
        """Reprocess-Job and Resubmit-Job (RFC 3998 §4.1, PWG 5100.7 §5.3): a new job with the documents of a finished one.

        Raises:
            NotPossibleError: It has not ended, or its documents are gone.
            SpoolError: There is no room.
        """
        self._check_retained(job)
        self._service.jobs.check_room()
        copy = self._service.jobs.new_job(
            printer, name=name, user=user, user_proved=user_proved, language=language, template=template
        )
        copy.password, copy.password_encryption = job.password, job.password_encryption
        await self._service.jobs.adopt_documents(printer, job, copy)
        return copy

    @staticmethod
    def _check_retained(job: Job) -> None:
        if not job.is_terminal:
            raise NotPossibleError(f"job {job.job_id} is {_word(job)}: it has not ended")
        if not job.retained:
            raise NotPossibleError(f"the documents of job {job.job_id} are not there any more")

    # --- changes ----------------------------------------------------------------------------------------------------

    async def change(
        self,
        printer: Printer,
        job: Job,
        changes: Mapping[str, Attribute | None],
        name: str | None,
        message: str | None,
    ) -> None:
        """Set-Job-Attributes, RFC 3380 §4.2: all of it, durably.

        Args:
            printer: The job's printer.
            job: The job, which has not ended.
            changes: Job template attributes that are supported; None takes one away.
            name: The new ``job-name``; None: as it was.
            message: The new ``job-message-from-operator``; None: as it was.
        """
        if name is not None:
            job.name = name
        if message is not None:
            job.operator_message = message
        changed_template(job, changes)
        attributes = template_of(job)
        if job.state in WAITING and any(each in changes for each in _HOLD_ATTRIBUTES):
            set_hold(job, printer.template, attributes, self._service.clock.date())
        if "job-priority" in changes:
            priority = printer.template.value("job-priority", attributes)
            if isinstance(priority, int):
                job.priority, job.place = priority, None
                printer.active.moved(job)
        if "job-cancel-after" in changes:
            limit = printer.template.value("job-cancel-after", attributes)
            job.cancel_after_s = limit if isinstance(limit, int) else 0
        await self._settled(printer, job)

    async def tell(self, printer: Printer, job: Job, message: str) -> None:
        """``job-message-from-operator`` of an operation, RFC 3998 §6."""
        job.operator_message = message
        self._service.jobs.job_changed(printer, job)
        await self._service.jobs.save_jobs(job)

    async def purge(self, printer: Printer) -> None:
        """Purge-Jobs, RFC 8011 §4.2.9: every job is forgotten, finished or not."""
        for job in list(printer.jobs.values()):
            self._service.jobs.forget(printer, job)
        await self._service.jobs.save_jobs()


def changed_template(job: Job, changes: Mapping[str, Attribute | None]) -> None:
    """Replace job template attributes of `job`; None takes one away."""
    attributes = template_of(job)
    before = dict(attributes)
    for name, attribute in changes.items():
        if attribute is None:
            attributes.pop(name, None)
        else:
            attributes[name] = attribute
    if attributes != before:
        job.template = encoded_template(list(attributes.values()))


def settable_while_printing() -> frozenset[str]:
    """The job template attributes that still make a difference to a job that prints."""
    return frozenset(name for name in SCHEDULING if name.startswith(("job-retain", "job-cancel")))


def is_stopping(job: Job) -> bool:
    """Whether `job` prints and has been canceled."""
    return STOPPING in job.reasons


def _check_pending(job: Job) -> None:
    if job.state != JobState.PENDING:
        raise NotPossibleError(f"job {job.job_id} is {_word(job)}, not pending")


def _word(job: Job) -> str:
    return job.state.keyword
