"""What a printer has printed in its life is counted once, and survives restarts."""

from __future__ import annotations

from desk import LASER, RECEIPT, open_desk

from tympan.ipp import Attribute, GroupTag, Operation
from tympan.ipp.enums import JobState

NAMES = ("printer-impressions-completed", "printer-media-sheets-completed")


def counted(desk, uri):
    answer = desk.ask(
        Operation.GET_PRINTER_ATTRIBUTES, uri, Attribute.keyword("requested-attributes", *NAMES)
    )
    return tuple(answer.group(GroupTag.PRINTER).integer(name) for name in NAMES)


def ends(desk, uri, impressions, sheets, state=JobState.COMPLETED):
    job = desk.job(desk.printed(uri))
    printer = desk.service.printers[job.printer]
    job.move(JobState.PROCESSING, now=1, date=1)
    job.impressions_completed, job.media_sheets_completed = impressions, sheets
    job.move(state, now=2, date=2)

    async def end():
        desk.service.jobs.job_ended(printer, job)

    desk.runner.run(end())


def test_jobs_are_counted_over_restarts(tmp_path):
    with open_desk(tmp_path) as desk:
        assert counted(desk, LASER) == (0, 0)
        ends(desk, LASER, 5, 3)
        ends(desk, LASER, 1, 1, JobState.ABORTED)
        ends(desk, RECEIPT, 2, 2)
        assert (counted(desk, LASER), counted(desk, RECEIPT)) == ((6, 4), (2, 2))
    with open_desk(tmp_path) as desk:
        assert (counted(desk, LASER), counted(desk, RECEIPT)) == ((6, 4), (2, 2))
        ends(desk, LASER, 4, 2)
        assert counted(desk, LASER) == (10, 6)


def test_a_record_that_cannot_be_read_begins_anew(tmp_path, caplog):
    from tympan.service.counters import RECORD
    from tympan.spool.store import SaveRecord

    with open_desk(tmp_path) as desk:
        ends(desk, LASER, 5, 3)

        async def spoil():
            desk.service.store.post(SaveRecord(RECORD, "laser", b"\xff"))

        desk.runner.run(spoil())
    with open_desk(tmp_path) as desk:
        assert counted(desk, LASER) == (0, 0)
    assert "forgotten" in caplog.text
