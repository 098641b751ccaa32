"""The device link against a transport that fails in every way: what reaches the device, and what is said of the job."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time

import pytest

from tympan.errors import DeviceBusyError, DeviceGoneError, DeviceNotFoundError
from tympan.link import DeviceLink, Ending, RawSource, device_link
from tympan.render.document import DocumentFeed
from tympan.render.frames import Frame, FrameKind

ABANDON = b"<abandon>"


class Transport:
    """A device in memory; `script` has what the next writes do: a number taken at most, or an error."""

    uri = "test://device"
    open_timeout_s = 1.0

    def __init__(self):
        self.received = bytearray()
        self.script = []
        self.opening = []
        self.opened = self.closed = 0
        self.end_calls = 0
        self.blocked = threading.Event()
        self.takes = True
        self.finishes_after = 1

    def open(self):
        if self.opening:
            problem = self.opening.pop(0)
            if problem is not None:
                raise problem
        self.opened += 1

    def begin_job(self, _job_id, _extension):
        self.end_calls = 0

    def write(self, data, timeout_s):
        assert 0 < timeout_s <= 0.2
        step = self.script.pop(0) if self.script else len(data)
        if isinstance(step, Exception):
            raise step
        if not self.takes:
            self.blocked.set()
            time.sleep(0.01)
            return 0
        self.received += data[:step]
        return min(step, len(data))

    def end_job(self, timeout_s):
        assert 0 < timeout_s <= 0.2
        self.end_calls += 1
        return self.end_calls >= self.finishes_after

    def close(self):
        self.closed += 1


class Driver:
    name = "test"

    def abandon(self, profile):
        assert profile == "profile"
        return ABANDON


class Source:
    """Frames in memory."""

    def __init__(self, *frames):
        self.frames = list(frames)
        self.closed = 0

    def next_frame(self, _timeout_s):
        return self.frames.pop(0) if self.frames else None

    def close(self):
        self.closed += 1


class Listener:
    def __init__(self):
        self.heard = []

    def device_stopped(self, reasons, _message):
        self.heard.append(reasons[0])

    def device_running(self):
        self.heard.append("running")


def data(content):
    return Frame(FrameKind.DATA, content)


def page(kind, number, *, back=False, copies=1):
    return Frame(kind, json.dumps({"number": number, "back": back, "copies": copies}).encode())


END = Frame(FrameKind.END)
FAILED = Frame(
    FrameKind.FAILED, json.dumps({"reason": "document-format-error", "problem": "It is broken."}).encode()
)


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
async def link(transport, listener, monkeypatch):
    monkeypatch.setattr(device_link, "REOPEN_MIN_S", 0.01)
    monkeypatch.setattr(device_link, "REOPEN_MAX_S", 0.02)
    monkeypatch.setattr(device_link, "CANCEL_GRACE_S", 0.2)
    made = DeviceLink(transport, Driver(), "profile", listener)
    yield made
    await made.close()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 — what it waits for happens on the link's thread
            await asyncio.sleep(0.002)


async def send(link, source, **options):
    heard = []
    outcome = await asyncio.wait_for(link.print(1, "bin", source, heard.append, **options), 10)
    assert source.closed
    return outcome, heard


async def test_a_job_arrives_whole_and_is_counted(link, transport):
    source = Source(
        Frame(FrameKind.PAGES, b'{"impressions": 3}'),
        page(FrameKind.PAGE_BEGIN, 1),
        data(b"front"),
        page(FrameKind.PAGE_END, 1),
        page(FrameKind.PAGE_BEGIN, 2, back=True),
        data(b"back"),
        page(FrameKind.PAGE_END, 2, back=True),
        data(b"third"),
        page(FrameKind.PAGE_END, 3, copies=4),
        END,
    )
    transport.script = [2, 1, 0, 0, 2]
    outcome, heard = await send(link, source)
    assert outcome.ending is Ending.COMPLETED
    assert transport.received == b"frontbackthird"
    progress = outcome.progress
    assert (
        progress.bytes_written,
        progress.pages,
        progress.impressions,
        progress.sheets,
        progress.total,
    ) == (14, 3, 6, 5, 3)
    assert [each.pages for each in heard if each.pages] == [1, 2, 3]


async def test_it_is_complete_only_when_the_device_has_it(link, transport):
    transport.finishes_after = 4
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert outcome.ending is Ending.COMPLETED
    assert transport.end_calls == 4


async def test_the_device_stays_open_between_jobs(link, transport):
    for _ in range(3):
        await send(link, Source(data(b"x"), END))
    assert (transport.opened, transport.closed) == (1, 0)
    assert transport.received == b"xxx"


async def test_a_job_that_fails_after_bytes_went_out_leaves_a_clean_device(link, transport):
    outcome, _ = await send(link, Source(data(b"half a page"), FAILED))
    assert (outcome.ending, outcome.reason, outcome.problem) == (
        Ending.ABORTED,
        "document-format-error",
        "It is broken.",
    )
    assert transport.received == b"half a page" + ABANDON
    await send(link, Source(data(b"next"), END))
    assert transport.received == b"half a page" + ABANDON + b"next"


async def test_a_job_that_fails_before_sends_nothing(link, transport):
    outcome, _ = await send(link, Source(FAILED))
    assert outcome.ending is Ending.ABORTED
    assert transport.received == b""


async def test_a_device_that_is_away_is_waited_for(link, transport, listener):
    transport.opening = [
        DeviceNotFoundError("away"),
        DeviceBusyError("taken"),
        DeviceNotFoundError("away"),
        None,
    ]
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert outcome.ending is Ending.COMPLETED
    assert listener.heard == ["connecting-to-device", "running"]


async def test_a_device_that_goes_away_in_mid_job_interrupts_it_and_is_resynchronised(
    link, transport, listener
):
    transport.script = [3, DeviceGoneError("unplugged")]
    outcome, _ = await send(link, Source(data(b"first page"), END))
    assert outcome.ending is Ending.INTERRUPTED
    assert outcome.progress.bytes_written == 3
    assert transport.closed
    transport.opening = [DeviceNotFoundError("still away"), None]
    outcome, _ = await send(link, Source(data(b"first page"), END))
    assert outcome.ending is Ending.COMPLETED
    assert transport.received == b"fir" + ABANDON + b"first page"
    assert listener.heard[-1] == "running"
    assert outcome.progress.bytes_written == len(b"first page")


async def test_so_it_is_after_a_restart_of_the_service(link, transport):
    await send(link, Source(data(b"again"), END), resumed=True)
    assert transport.received == ABANDON + b"again"


async def test_a_device_that_goes_away_at_the_end_interrupts_too(link, transport):
    def gone(_timeout_s):
        raise DeviceGoneError("switched off")

    transport.end_job = gone
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert outcome.ending is Ending.INTERRUPTED


async def test_a_job_is_canceled_at_once_though_the_device_takes_nothing(link, transport):
    transport.takes = False
    source = Source(data(b"x" * 1000), END)
    printing = asyncio.create_task(link.print(1, "bin", source, lambda _: None))
    await asyncio.to_thread(transport.blocked.wait, 5)
    began = time.monotonic()
    link.cancel()
    outcome = await asyncio.wait_for(printing, 5)
    assert outcome.ending is Ending.CANCELED
    assert time.monotonic() - began < 0.2 + device_link.CANCEL_GRACE_S + 0.3
    assert transport.closed, "a device that does not move is not kept"
    transport.takes = True
    await send(link, Source(data(b"next"), END))
    assert transport.received == ABANDON + b"next"


async def test_a_job_is_canceled_at_once_though_nothing_comes(link, transport):
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"some")), lambda _: None))
    await until(lambda: transport.received == b"some")
    link.cancel()
    outcome = await asyncio.wait_for(printing, 1)
    assert outcome.ending is Ending.CANCELED
    assert transport.received == b"some" + ABANDON


async def test_a_job_is_canceled_while_the_device_is_away(link, transport):
    transport.opening = [DeviceNotFoundError("away")] * 1000
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"x"), END), lambda _: None))
    await asyncio.sleep(0.03)
    link.cancel()
    outcome = await asyncio.wait_for(printing, 1)
    assert outcome.ending is Ending.CANCELED
    assert transport.received == b""


async def test_a_transport_that_fails_in_an_unknown_way_ends_the_job_and_not_the_thread(
    link, transport, caplog
):
    transport.script = [ValueError("a bug")]
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "aborted-by-system")
    assert "a bug" in caplog.text
    outcome, _ = await send(link, Source(data(b"next"), END))
    assert outcome.ending is Ending.COMPLETED


async def test_a_device_that_takes_nothing_for_long_is_said_to_be_stopped(
    link, transport, listener, monkeypatch
):
    monkeypatch.setattr(device_link, "STALLED_S", 0.05)
    transport.takes = False
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"x"), END), lambda _: None))
    await until(lambda: listener.heard)
    assert listener.heard == ["other-error"]
    transport.takes = True
    outcome = await asyncio.wait_for(printing, 5)
    assert outcome.ending is Ending.COMPLETED
    assert listener.heard == ["other-error", "running"]


async def test_an_idle_device_is_let_go(link, transport, monkeypatch):
    monkeypatch.setattr(device_link, "IDLE_CLOSE_S", 0.05)
    await send(link, Source(data(b"x"), END))
    await until(lambda: transport.closed)
    await send(link, Source(data(b"y"), END))
    assert transport.opened == 2
    assert transport.received == b"xy"


async def test_close_ends_the_job_and_the_thread(transport, listener):
    link = DeviceLink(transport, Driver(), "profile", listener)
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"some")), lambda _: None))
    await until(lambda: transport.received == b"some")
    await asyncio.wait_for(link.close(), 3)
    assert (await asyncio.wait_for(printing, 1)).ending is Ending.CANCELED
    assert transport.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tympan-link")]


# --- documents in the printer's language ------------------------------------------------------------------------------


async def test_raw_documents_between_their_prologues(link, transport):
    readers = [DocumentFeed.of_bytes(content).reader() for content in (b"A" * 100_000, b"B")]
    outcome, _ = await send(link, _closing(RawSource(readers, b"<", b">")))
    assert outcome.ending is Ending.COMPLETED
    assert transport.received == b"<" + b"A" * 100_000 + b"><B>"


async def test_a_raw_document_that_breaks_off(link, transport, tmp_path):
    path = tmp_path / "growing"
    path.write_bytes(b"the beginning")
    feed = DocumentFeed.growing(os.open(path, os.O_RDONLY), "application/vnd.escpos")
    source = _closing(RawSource([feed.reader()], b"<", b">"))
    printing = asyncio.create_task(send(link, source))
    feed.advance(13)
    await until(lambda: b"the beginning" in transport.received)
    feed.broken()
    outcome, _ = await printing
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "job-data-insufficient")
    assert transport.received == b"<the beginning" + ABANDON


def _closing(source):
    """Notice that a source is closed."""
    source.closed = 0
    close = source.close

    def noticed():
        source.closed += 1
        close()

    source.close = noticed
    return source
