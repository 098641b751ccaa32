"""The device link against a transport that fails in every way: what reaches the device, and what is said of the job."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import threading
import time

import pytest

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import SilentDialogue
from tympan.errors import DeviceBusyError, DeviceError, DeviceGoneError, DeviceNotFoundError
from tympan.link import DeviceLink, Ending, RawSource, attempt, connection, device_link
from tympan.render.document import DocumentFeed
from tympan.render.frames import Frame, FrameKind

ABANDON = b"<abandon>"


class Transport:
    """A device in memory; `script` has what the next writes do: a number taken at most, or an error."""

    uri = "test://device"
    open_timeout_s = 1.0
    back_channel = False
    shared = True
    closes_after_job = False
    notices_power_off = True

    def __init__(self):
        self.received = bytearray()
        self.script = []
        self.opening = []
        self.opened = self.closed = self.resets = 0
        self.is_open = False
        self.end_calls = 0
        self.blocked = threading.Event()
        self.takes = True
        self.finishes_after = 1

    def open(self):
        if self.opening:
            problem = self.opening.pop(0)
            if isinstance(problem, threading.Event):
                problem.wait(10)
            elif problem is not None:
                raise problem
        self.opened += 1
        self.is_open = True
        return DeviceIdentity()

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

    def unsent(self):
        return 0

    def port_status(self):
        return None

    def soft_reset(self):
        self.resets += 1

    def close(self):
        if self.is_open:
            self.closed += 1
        self.is_open = False


class Driver:
    name = "test"

    def abandon(self, profile):
        assert profile == "profile"
        return ABANDON

    def dialogue(self, profile):
        assert profile == "profile"
        return SilentDialogue()


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
        self.answers = []
        self.reasons = ()

    def device_reports(self, condition):
        self.reasons = condition.reasons or self.reasons
        self.heard.append(condition.message.rpartition(": ")[2] if condition.stopped else "running")

    def device_answers(self, answers):
        self.answers.append(answers)


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
    monkeypatch.setattr(attempt, "CANCEL_GRACE_S", 0.2)
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
    assert listener.heard == ["away", "taken", "away", "running"]


async def test_a_device_that_can_be_held_is_opened_before_there_is_a_job(link, transport, listener):
    transport.shared = False
    transport.opening = [DeviceNotFoundError("away"), DeviceNotFoundError("away"), None]
    link.hold()
    await until(lambda: transport.opened)
    await until(lambda: listener.heard == ["away", "running"])
    assert listener.reasons == ("connecting-to-device",)


async def test_a_device_that_others_want_is_not_held(link, transport):
    link.hold()
    await send(link, Source(data(b"x"), END))
    assert (transport.opened, transport.closed) == (1, 0)


@pytest.mark.parametrize("with_job", [False, True])
async def test_a_device_that_appears_is_opened_at_once(link, transport, listener, monkeypatch, with_job):
    monkeypatch.setattr(device_link, "REOPEN_MAX_S", 1000.0)
    link._pause_s = 1000.0
    transport.shared = False
    transport.opening = [DeviceNotFoundError("away"), None]
    if with_job:
        printing = asyncio.create_task(link.print(1, "bin", Source(data(b"x"), END), lambda _: None))
    else:
        link.hold()
    await until(lambda: listener.heard)
    link.device_appeared()
    await until(lambda: listener.heard[-1] == "running")
    if with_job:
        assert (await printing).ending is Ending.COMPLETED


@pytest.mark.parametrize("with_job", [False, True])
async def test_what_its_own_opening_brings_about_hurries_nobody(
    link, transport, listener, monkeypatch, with_job
):
    """Taking a device from usblp and giving it back is told as a node that goes and comes."""
    monkeypatch.setattr(device_link, "REOPEN_MIN_S", 0.2)
    monkeypatch.setattr(device_link, "REOPEN_MAX_S", 0.2)
    transport.shared = False
    tries = []
    opening = transport.open

    def open_and_tell():
        tries.append(time.monotonic())
        link.device_appeared()
        return opening()

    monkeypatch.setattr(transport, "open", open_and_tell)
    transport.opening = [DeviceBusyError("taken"), DeviceError("it does not let itself be set up"), None]
    link._pause_s = 0.2
    if with_job:
        outcome, _ = await send(link, Source(data(b"x"), END))
        assert outcome.ending is Ending.COMPLETED
    else:
        link.hold()
        await until(lambda: listener.heard and listener.heard[-1] == "running")
    assert [later - earlier >= 0.2 for earlier, later in itertools.pairwise(tries)] == [True, True]


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


async def test_a_job_is_canceled_at_once_though_the_device_takes_nothing(link, transport, monkeypatch):
    monkeypatch.setattr(attempt, "CANCEL_GRACE_S", 30.0)  # not for a device that does not move
    transport.takes = False
    source = Source(data(b"x" * 1000), END)
    printing = asyncio.create_task(link.print(1, "bin", source, lambda _: None))
    await asyncio.to_thread(transport.blocked.wait, 5)
    began = time.monotonic()
    link.cancel()
    outcome = await asyncio.wait_for(printing, 5)
    assert outcome.ending is Ending.CANCELED
    assert time.monotonic() - began < 0.2
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


async def test_a_job_is_canceled_while_the_device_is_being_reached(link, transport):
    """A network printer that is gone takes seconds to be given up."""
    reached = threading.Event()
    transport.opening = [reached]
    source = Source(data(b"x"), END)
    printing = asyncio.create_task(link.print(1, "bin", source, lambda _: None))
    await asyncio.sleep(0.05)
    link.cancel()
    outcome = await asyncio.wait_for(printing, 1)
    assert outcome.ending is Ending.CANCELED
    reached.set()
    assert (await link.print(2, "bin", Source(data(b"y"), END), lambda _: None)).ending is Ending.COMPLETED
    assert transport.received == b"y"
    assert source.closed


async def test_a_transport_that_fails_in_an_unknown_way_ends_the_job_and_not_the_thread(
    link, transport, caplog
):
    transport.script = [ValueError("a bug")]
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "aborted-by-system")
    assert "a bug" in caplog.text
    outcome, _ = await send(link, Source(data(b"next"), END))
    assert outcome.ending is Ending.COMPLETED


async def test_a_device_that_moves_slowly_takes_the_last_bytes_of_a_canceled_job(link, transport):
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"some")), lambda _: None))
    await until(lambda: transport.received == b"some")
    transport.script = [2, 1, 1]
    transport.finishes_after = 3
    link.cancel()
    await asyncio.wait_for(printing, 1)
    assert transport.received == b"some" + ABANDON
    assert not transport.closed
    await send(link, Source(data(b"next"), END))
    assert transport.received == b"some" + ABANDON + b"next"


async def test_bytes_that_bring_the_device_back_may_break_off_too(link, transport):
    """A job that goes on after a restart is cut off in its first bytes, and another one comes next."""
    transport.script = [3, DeviceGoneError("unplugged")]
    outcome, _ = await send(link, Source(data(b"again"), END), resumed=True)
    assert outcome.ending is Ending.INTERRUPTED
    assert transport.received == ABANDON[:3]
    await send(link, Source(data(b"another"), END))
    assert transport.received == ABANDON[:3] + ABANDON + b"another"


@pytest.mark.parametrize("place", ["open", "begin_job", "write", "end_job"])
async def test_nothing_a_transport_raises_ends_the_thread(link, transport, caplog, place):
    class UnknownError(Exception):
        pass

    def fail(*_arguments):
        raise UnknownError(place)

    right = getattr(transport, place)
    right_close = transport.close
    setattr(transport, place, fail)
    transport.close = fail
    outcome, _ = await send(link, Source(data(b"x"), END))
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "aborted-by-system")
    assert place in caplog.text
    setattr(transport, place, right)
    transport.close = right_close
    outcome, _ = await send(link, Source(data(b"next"), END))
    assert outcome.ending is Ending.COMPLETED
    assert transport.received.endswith(b"next")


async def test_a_canceled_job_is_canceled_though_the_device_fails_at_that(link, transport, caplog):
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"some")), lambda _: None))
    await until(lambda: transport.received == b"some")
    transport.script = [ValueError("a bug")]
    link.cancel()
    assert (await asyncio.wait_for(printing, 1)).ending is Ending.CANCELED
    assert "a bug" in caplog.text
    await send(link, Source(data(b"next"), END))
    assert transport.received == b"some" + ABANDON + b"next"


async def test_a_document_that_cannot_be_read_is_not_the_devices_fault(link, transport, listener):
    """An error of the SD card would otherwise be taken for a printer that is away, and tried for ever."""

    class Unreadable(Source):
        def next_frame(self, timeout_s):
            frame = super().next_frame(timeout_s)
            if frame is None:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return frame

    outcome, _ = await send(link, Unreadable(data(b"half")))
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "aborted-by-system")
    assert "document" in outcome.problem
    assert transport.received == b"half" + ABANDON
    assert not listener.heard


@pytest.mark.parametrize(
    "frame",
    [
        Frame(FrameKind.PAGES, b'{"impressions": 1e99}'),
        Frame(FrameKind.PAGES, b'{"impressions": -1}'),
        Frame(FrameKind.PAGE_END, b'{"number": 2147483648, "back": false, "copies": 1}'),
        Frame(FrameKind.PAGE_END, b'{"number": 1, "back": false}'),
        Frame(FrameKind.PAGE_END, b"[" * 100_000),
        Frame(FrameKind.NOTE, b"\xff"),
        Frame(FrameKind.FAILED, b'{"reason": "Not a keyword", "problem": "x"}'),
        Frame(FrameKind.FAILED, b'{"reason": "none\\n", "problem": "x"}'),
        Frame(FrameKind.FAILED, b"{}"),
    ],
)
async def test_a_worker_that_was_taken_over_is_not_believed(link, transport, frame):
    outcome, _ = await send(link, Source(data(b"half"), frame, END))
    assert (outcome.ending, outcome.reason) == (Ending.ABORTED, "aborted-by-system")
    assert "protocol" in outcome.problem
    assert outcome.progress.pages == outcome.progress.total == 0
    assert transport.received == b"half" + ABANDON


async def test_what_a_worker_says_fits_the_attribute_that_shows_it(link):
    problem = json.dumps({"reason": "document-format-error", "problem": "\N{PRINTER}\n" * 5000}).encode()
    outcome, _ = await send(link, Source(Frame(FrameKind.FAILED, problem)))
    assert 500 < len(outcome.problem.encode()) <= 1023  # RFC 8011 §5.3.9
    assert "\n" not in outcome.problem


async def test_a_link_that_was_closed_takes_no_job(transport, listener):
    link = DeviceLink(transport, Driver(), "profile", listener)
    await link.close()
    source = Source(data(b"x"), END)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(link.print(1, "bin", source, lambda _: None), 1)
    assert source.closed


async def test_a_task_that_is_ended_stops_its_job(link, transport):
    source = Source(data(b"some"))
    printing = asyncio.create_task(link.print(1, "bin", source, lambda _: None))
    await until(lambda: transport.received == b"some")
    printing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await printing
    await until(lambda: source.closed)
    assert transport.received == b"some" + ABANDON


async def test_a_device_that_takes_nothing_for_long_is_said_to_be_stopped(
    link, transport, listener, monkeypatch
):
    monkeypatch.setattr(connection, "STALLED_S", 0.05)
    transport.takes = False
    printing = asyncio.create_task(link.print(1, "bin", Source(data(b"x"), END), lambda _: None))
    await until(lambda: listener.heard)
    assert listener.reasons == ("other-error",)
    transport.takes = True
    outcome = await asyncio.wait_for(printing, 5)
    assert outcome.ending is Ending.COMPLETED
    assert listener.heard == ["The printer does not take data.", "running"]


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


async def test_a_raw_document_that_has_not_begun_to_arrive_can_be_canceled(link, transport, tmp_path):
    path = tmp_path / "growing"
    path.touch()
    feed = DocumentFeed.growing(os.open(path, os.O_RDONLY), "application/vnd.escpos")
    source = _closing(RawSource([feed.reader()], b"", b">"))
    printing = asyncio.create_task(send(link, source))
    await until(lambda: transport.opened)
    link.cancel()
    outcome, _ = await asyncio.wait_for(printing, 1)
    assert outcome.ending is Ending.CANCELED
    assert transport.received == b""
    feed.close()


def test_a_raw_document_is_closed_while_it_is_waited_for(tmp_path):
    path = tmp_path / "growing"
    path.touch()
    feed = DocumentFeed.growing(os.open(path, os.O_RDONLY), "application/vnd.escpos")
    source = RawSource([feed.reader()], b"", b"")
    found = []
    thread = threading.Thread(target=lambda: found.append(source.next_frame(0.1)))
    thread.start()
    source.close()
    thread.join(5)
    source.close()
    assert found[0] is None or found[0].kind == FrameKind.FAILED
    assert source.next_frame(0.1).kind == FrameKind.FAILED
    feed.close()


def test_a_raw_document_whose_file_cannot_be_read(tmp_path):
    feed = DocumentFeed(os.open(tmp_path, os.O_RDONLY), 10)  # a folder
    source = RawSource([feed.reader()], b"", b"")
    frame = source.next_frame(0.1)
    assert frame.kind == FrameKind.FAILED
    assert json.loads(frame.payload)["reason"] == "aborted-by-system"
    source.close()


def _closing(source):
    """Notice that a source is closed."""
    source.closed = 0
    close = source.close

    def noticed():
        source.closed += 1
        close()

    source.close = noticed
    return source


async def test_a_device_is_let_go_and_opened_anew_on_wish(link, transport):
    link.let_go()  # was never open: nothing happens
    await send(link, Source(data(b"x"), END))
    assert (transport.opened, transport.closed) == (1, 0)
    link.let_go()
    await until(lambda: transport.closed == 1)
    link.reopen(forgets=True)
    await until(lambda: transport.opened == 2)
    transport.opening = [DeviceNotFoundError("gone")]
    link.reopen(forgets=True)
    await until(lambda: not transport.opening)
    outcome, _ = await send(link, Source(data(b"x"), END))  # and the next job opens it all the same
    assert outcome.ending is Ending.COMPLETED
    assert transport.opened == 3


@pytest.mark.parametrize("resumed", [True, False])
async def test_a_job_that_broke_off_waits_for_its_device_and_a_new_one_does_not(
    link, transport, monkeypatch, resumed
):
    """Somebody may have just switched it on."""
    monkeypatch.setattr(device_link, "REOPEN_MAX_S", 1000.0)
    link._pause_s = 1000.0
    transport.shared = False
    transport.opening = [DeviceNotFoundError("away"), DeviceNotFoundError("away")]
    link.hold()
    await until(lambda: len(transport.opening) == 1)
    printing = asyncio.create_task(
        link.print(1, "bin", Source(data(b"x"), END), lambda _: None, resumed=resumed)
    )
    if resumed:
        await asyncio.sleep(0.2)
        assert len(transport.opening) == 1
    else:
        await until(lambda: not transport.opening)
    link.cancel()
    await printing
