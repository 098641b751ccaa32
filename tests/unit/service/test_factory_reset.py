"""What a factory reset forgets and what it keeps, over the restart that it makes."""

from __future__ import annotations

import asyncio

import pytest
from desk import ADMINISTRATOR, LASER, OPERATOR, RECEIPT, NoPool, StillQueue, open_desk, settings

from tympan.config import PrinterSettings
from tympan.endpoint import dispatch
from tympan.ipp import Attribute, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service import service as service_module
from tympan.service.job_control import NotPossibleError
from tympan.service.service import Service
from tympan.spool.store import ForgetAll, SaveContent, SaveJob, SaveRecord, SetMeta, Store


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


async def started_anew(folder):
    """The service after a restart, closed again; what a test wants to know is read from it before."""
    service = Service(settings(folder), dispatch.operations_supported())
    await service.start()
    try:
        return service, dict(service.printers)
    finally:
        await service.close()


def test_everything_that_was_made_is_gone_and_the_rest_is_not(tmp_path, monkeypatch):
    restarts = []
    with open_desk(tmp_path) as desk:
        service = desk.service
        service.on_restart = lambda: restarts.append(1)
        before = service.printers["receipt"]
        identity, number, system_uuid = before.identity.uuid, before.printer_id, service.system.uuid
        job_id = desk.printed(document=b"x" * 100_000)
        made = PrinterSettings(name="extra", device=f"file://{tmp_path}/x/", driver="escpos")
        desk.runner.run(service.add_printer(made))
        desk.requester = ADMINISTRATOR
        desk.ask(
            Operation.SET_PRINTER_ATTRIBUTES,
            RECEIPT,
            more=((4, (Attribute.text("printer-location", "Behind the bar"),)),),
        )
        assert before.identity.location == "Behind the bar"
        waiting = desk.job(desk.printed())
        desk.requester = OPERATOR
        desk.ask(Operation.DISABLE_PRINTER, RECEIPT)
        before.counters.impressions = 41
        done = desk.job(job_id)
        done.move(JobState.PROCESSING, now=1, date=1)
        desk.service.jobs.end(before, done, JobState.COMPLETED, (), "")
        desk.runner.run(service.factory_reset.begin())
        assert restarts == [1]
        assert waiting.state == JobState.CANCELED
        assert waiting.reasons == ("job-canceled-at-device",)
        answer = desk.ask(Operation.PRINT_JOB, LASER, document=b"y")
        assert answer.code == StatusCode.SERVER_ERROR_NOT_ACCEPTING_JOBS, "it would be forgotten"
    with monkeypatch.context() as patch:
        patch.setattr(service_module, "RenderPool", NoPool)
        patch.setattr(service_module, "PrintQueue", StillQueue)
        service, printers = asyncio.run(started_anew(tmp_path))
        after = printers["receipt"]
        assert sorted(printers) == ["laser", "receipt"]
        assert not after.jobs
        assert after.identity.location == ""
        assert after.control.accepting
        assert after.identity.uuid == identity
        assert after.printer_id == number
        assert service.system.uuid == system_uuid
        assert after.counters.impressions == 41
        assert service.jobs.last_job_id >= waiting.job_id
        assert not [path for path in (tmp_path / "state" / "spool").rglob("*") if path.is_file()]
        service, _ = asyncio.run(started_anew(tmp_path))
        assert service.jobs.last_job_id >= waiting.job_id


def test_where_nobody_can_start_it_anew_nothing_is_forgotten(desk):
    job = desk.job(desk.printed())
    with pytest.raises(NotPossibleError):
        desk.runner.run(desk.service.factory_reset.begin())
    assert job.state == JobState.PENDING
    assert desk.service.store.meta("factory-reset") is None


async def test_the_store_forgets_all_but_some_kinds(tmp_path):
    store = Store(tmp_path / "db", "relaxed")
    store.open()
    await store.commit(
        SaveJob(1, b"job"),
        SaveContent(1, 1, b"content"),
        SaveRecord("kept", "a", b"1"),
        SaveRecord("other", "a", b"2"),
        SetMeta("name", b"value"),
    )
    await store.commit(ForgetAll(("kept", "kept-too")))
    assert list(store.jobs()) == []
    assert store.records("kept") == [("a", b"1")]
    assert store.records("other") == []
    assert store.meta("name") == b"value"
    store.close()
