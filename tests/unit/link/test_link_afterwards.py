"""What the device link remembers, says and keeps once something is over: nothing that is not so any more, nothing for ever."""

from __future__ import annotations

import asyncio

from tests.unit.link import test_link_dialogue as given
from tests.unit.link.test_link_dialogue import PAPER_OUT, WELL, Source, begin, end, ready, until

from tympan.errors import DeviceGoneError, DeviceNotFoundError
from tympan.link import Ending, device_link

device, driver, listener, link = given.device, given.driver, given.listener, given.link


async def test_a_device_that_talks_during_a_long_job_leaves_nothing_to_be_done_after_it(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", end=False))
    await until(lambda: b"one" in device.words)
    for _ in range(300):
        device.said.put(b"well;")
    await until(device.said.empty)
    assert link._queue.qsize() <= 1
    link.cancel()
    await end(printing)


async def test_a_shared_device_that_was_let_go_with_a_canceled_job_is_not_said_to_be_stopped(
    link, device, listener
):
    device.shared = True
    printing = begin(link, Source(b"one", end=False))
    await until(lambda: b"one" in device.words)
    device.takes = False
    device.said.put(b"empty;")
    await until(lambda: listener.now == PAPER_OUT)
    link.cancel()
    assert (await end(printing)).ending is Ending.CANCELED
    await until(lambda: listener.now == WELL)


async def test_a_shared_device_that_was_away_is_not_said_to_be_when_its_job_was_canceled(
    link, device, listener
):
    device.shared = True
    device.away = DeviceNotFoundError("not there", device_uri=device.uri)
    printing = begin(link, Source(b"one"))
    await until(lambda: listener.now.stopped)
    link.cancel()
    assert (await end(printing)).ending is Ending.CANCELED
    await until(lambda: not listener.now.stopped)


async def test_a_device_opened_anew_that_takes_nothing_is_said_to_be_stopped(link, device, listener):
    device.notices_power_off = False
    await ready(link, device)
    await until(lambda: listener.heard or device.words.count(b"?") > 1)
    device.takes = False
    device.gone = DeviceGoneError("the adapter was pulled out", device_uri=device.uri)
    await until(lambda: link._connection is None)
    device.gone = None
    await until(lambda: link._connection is not None)
    await until(lambda: listener.now.stopped)
    device.takes = True
    await until(lambda: listener.now == WELL)


async def test_a_device_that_was_off_before_the_first_byte_of_a_job_is_told_that_the_job_begins(link, device):
    device.notices_power_off = False
    device.answers |= {b"P": b"", b"J": b"done;"}
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 1)
    source = Source(end=False)
    printing = begin(link, source)
    await until(lambda: b"<job>" in device.words)
    del device.answers[b"?"]
    await until(lambda: link._connection.silent)
    device.answers[b"?"] = b"well;"
    await until(lambda: device.words.count(b"<hello>") == 2)
    source.frames += Source(b"one").frames
    assert (await end(printing)).ending is Ending.COMPLETED
    assert device.job == b"<hello> [1 <job> <hello> <job> one P1; J"


async def test_what_was_confirmed_right_before_the_device_went_away_is_confirmed(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"P2;" in device.words)

    def last_words(limit, timeout_s):
        _ = limit, timeout_s
        if device.gone is None:
            device.gone = DeviceGoneError("unplugged", device_uri=device.uri)
            return b"p1;p2;"
        raise device.gone

    device.read = last_words
    outcome = await end(printing)
    assert outcome.ending is Ending.INTERRUPTED
    assert outcome.progress.pages == 2


async def test_a_job_that_was_confirmed_is_complete_though_the_device_went_away_then(link, device):
    await ready(link, device)
    device.answers |= {b"P": b""}
    printing = begin(link, Source(b"one"))
    await until(lambda: b"J" in device.words)

    def last_words(limit, timeout_s):
        _ = limit, timeout_s
        if device.gone is None:
            device.gone = DeviceGoneError("unplugged", device_uri=device.uri)
            return b"done;"
        raise device.gone

    device.read = last_words
    outcome = await end(printing)
    assert outcome.ending is Ending.COMPLETED
    assert outcome.progress.pages == 1


async def test_a_device_that_breaks_off_whenever_it_is_opened_is_opened_more_and_more_seldom(
    link, device, monkeypatch
):
    monkeypatch.setattr(device_link, "REOPEN_MAX_S", 1000.0)
    device.gone = DeviceGoneError("broken", device_uri=device.uri)
    link.hold()
    await until(lambda: device.opened >= 4)
    await until(lambda: link._connection is None and link._pause_s >= 8 * device_link.REOPEN_MIN_S)


async def test_a_device_that_sends_nothing_all_the_time_costs_little(link, device):
    reads = 0

    def nothing(limit, timeout_s):
        nonlocal reads
        _ = limit, timeout_s
        reads += 1
        return b""

    device.read = nothing
    await ready(link, device)
    before = reads
    await asyncio.sleep(0.3)
    assert reads - before < 40
