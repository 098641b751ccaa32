"""The device link and a device that answers: what is said to it where, and what follows of what it says.

The device in memory speaks a language of words: ``?`` asks how it is, ``P3;`` whether page 3 has come out, ``J`` whether all of the job has. It
answers what `answers` has for a word.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import queue
import re
import time

import pytest

from tympan.driver.contract import DeviceIdentity, PortStatus
from tympan.driver.dialogue import Confirms, JobConfirmed, PagesConfirmed, PartMissing, SilentDialogue
from tympan.errors import DeviceGoneError, DeviceNotFoundError
from tympan.link import DeviceLink, Ending, Wish, attempt, connection, device_link
from tympan.link import completion as rules
from tympan.model.device_condition import DeviceCondition
from tympan.render.frames import Frame, FrameKind

PAPER_OUT = DeviceCondition(stopped=True, reasons=("media-empty-error",), message="Out of paper.")
WELL = DeviceCondition()
WORDS = re.compile(rb"<[a-z]+>|\?|P\d+;|J|[a-z ]+")


class Device:
    """A transport to a device in memory."""

    uri = "test://device"
    open_timeout_s = 1.0
    back_channel = True
    shared = False
    closes_after_job = False
    notices_power_off = True

    def __init__(self):
        self.words = []
        self.answers = {b"?": b"well;"}
        self.said = queue.SimpleQueue()
        self.away = None
        self.gone = None
        self.takes = True
        self.resets = 0
        self.opened = 0
        self.port = None

    def open(self):
        if self.away is not None:
            raise self.away
        self.opened += 1
        return DeviceIdentity(device_id="MFG:Test;")

    def begin_job(self, job_id, _extension):
        self.words.append(f"[{job_id}".encode())

    def write(self, data, timeout_s):
        if self.gone is not None:
            raise self.gone
        if not self.takes:
            time.sleep(min(timeout_s, 0.01))
            return 0
        for word in WORDS.findall(bytes(data)):
            self.words.append(word)
            if word in self.answers:
                self.said.put(self.answers[word])
            elif word.startswith(b"P") and b"P" in self.answers:
                self.said.put(b"p" + word[1:])
        return len(data)

    def read(self, _limit, timeout_s):
        if self.gone is not None:
            raise self.gone
        try:
            return self.said.get(timeout=min(timeout_s, 0.02))
        except queue.Empty:
            return b""

    def end_job(self, _timeout_s):
        return True

    def unsent(self):
        return 0

    def port_status(self):
        return self.port

    def soft_reset(self):
        self.resets += 1

    def close(self):
        pass

    @property
    def job(self):
        """What it was sent, without questions how it is."""
        return b" ".join(word for word in self.words if word != b"?")


class Dialogue(SilentDialogue):
    """Speaks the device's words."""

    confirms_pages = confirms_jobs = True
    answers_within_s = 0.1

    def __init__(self, buffer_bytes=0):
        super().__init__(buffer_bytes)
        self.job_id = 0
        self.heard = bytearray()
        self.last = False

    def opened(self, _now):
        return b"<hello>?"

    def job_begins(self, job_id):
        self.job_id = job_id
        return b"<job>"

    def page_ended(self, number, copies=1):
        _ = copies
        return b"P%d;" % number

    def job_ended(self, _now):
        return b"J"

    def poll(self, _now, *, in_job):
        _ = in_job
        return b"?"

    @property
    def busy(self):
        return self.works

    works = False

    def closing(self):
        return b"<bye>"

    def received(self, data, now):
        self.heard += data
        *whole, rest = self.heard.split(b";")
        self.heard = bytearray(rest)
        self.last = self.last or b"last" in whole
        if self.last and now > time.monotonic():
            return [JobConfirmed(self.job_id)]
        return [self._meaning(bytes(word)) for word in whole if word != b"last"]

    def _meaning(self, word):
        if word.startswith(b"p"):
            return PagesConfirmed(self.job_id, int(word[1:]))
        if word.startswith(b"missing"):
            return PartMissing(self.job_id, int(word[7:]))
        return {
            b"well": WELL,
            b"empty": PAPER_OUT,
            b"done": JobConfirmed(self.job_id),
            b"can": Confirms(),
            b"me": DeviceIdentity(model="Model 7", firmware="2.0"),
        }[word]


class Unhurried(Dialogue):
    """Of a device that answers behind the pages before the question."""

    answers_within_s = 0.0


class Driver:
    name = "test"

    def __init__(self):
        self.buffer_bytes = 0
        self.dialogues = Dialogue

    def abandon(self, _profile):
        return b"<abandon>"

    def dialogue(self, _profile):
        return self.dialogues(self.buffer_bytes)


class Source:
    """Pages of a word each; a page called ``None`` has no end."""

    def __init__(self, *pages, first=1, end=True, duplex=False):
        self.frames = []
        for number, word in enumerate(pages, first):
            back = duplex and number % 2 == 0
            mark = json.dumps({"number": number, "back": back, "copies": 1}).encode()
            self.frames += [Frame(FrameKind.PAGE_BEGIN, mark), Frame(FrameKind.DATA, word or b"half")]
            if word is None:
                break
            self.frames.append(Frame(FrameKind.PAGE_END, mark))
        if end:
            self.frames.append(Frame(FrameKind.END))

    def next_frame(self, timeout_s):
        if self.frames:
            return self.frames.pop(0)
        time.sleep(min(timeout_s, 0.01))
        return None

    def close(self):
        pass


class Listener:
    def __init__(self):
        self.heard = []
        self.answers = []

    def device_reports(self, condition):
        self.heard.append(condition)

    def device_answers(self, answers):
        self.answers.append(answers)

    @property
    def now(self):
        return self.heard[-1] if self.heard else WELL


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
async def link(device, driver, listener, monkeypatch):
    monkeypatch.setattr(device_link, "REOPEN_MIN_S", 0.02)
    monkeypatch.setattr("tympan.link.answering.POLL_S", 0.05)
    monkeypatch.setattr(connection, "STEP_S", 0.02)
    monkeypatch.setattr(connection, "PROMPT_STALLED_S", 0.1)
    made = DeviceLink(device, driver, "profile", listener)
    yield made
    await made.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(rules, "ASK_S", 0.05)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 — what it waits for happens on the link's thread
            await asyncio.sleep(0.002)


async def ready(link, device):
    link.hold()
    await until(lambda: b"?" in device.words)


def begin(link, source, heard=None, **more):
    said = [] if heard is None else heard
    return asyncio.create_task(link.print(1, "bin", source, said.append, **more))


async def end(printing):
    return await asyncio.wait_for(printing, 10)


# --- what is said where -----------------------------------------------------------------------------------------------


async def test_questions_stand_before_between_and_after_never_in_a_page(link, device):
    device.answers |= {b"P": b"", b"J": b"done;"}
    await ready(link, device)
    outcome = await end(begin(link, Source(b"one", b"two")))
    assert outcome.ending is Ending.COMPLETED
    assert device.job == b"<hello> [1 <job> one P1; two P2; J"
    await link.close()
    assert device.words[-1] == b"<bye>"


async def test_a_document_in_the_printers_language_is_not_interrupted(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", end=False), raw=True)
    await until(lambda: b"one" in device.words)
    begun = len(device.words)
    await asyncio.sleep(0.3)
    assert device.words[begun:] in ([], [b"P1;"])
    link.cancel()
    await end(printing)


async def test_a_page_that_is_long_in_coming_is_no_reason_not_to_ask(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", end=False))
    await until(lambda: b"one" in device.words)
    asked = device.words.count(b"?")
    await until(lambda: device.words.count(b"?") > asked + 2)
    link.cancel()
    await end(printing)


async def test_who_has_no_back_channel_is_asked_nothing(link, device):
    device.back_channel = False
    link.hold()
    outcome = await end(begin(link, Source(b"one")))
    assert outcome.ending is Ending.COMPLETED
    assert device.words == [b"[1", b"one"]


# --- how it is --------------------------------------------------------------------------------------------------------


async def test_what_it_says_is_told_while_nothing_prints(link, device, listener):
    await ready(link, device)
    device.answers[b"?"] = b"empty;"
    await until(lambda: listener.now == PAPER_OUT)
    device.answers[b"?"] = b"well;"
    await until(lambda: listener.now == WELL)


async def test_what_it_says_unasked_while_it_takes_nothing(link, device, listener):
    await ready(link, device)
    printing = begin(link, Source(b"one"))
    device.takes = False
    device.said.put(b"empty;")
    await until(lambda: listener.now == PAPER_OUT)
    device.answers |= {b"J": b"p1;done;"}
    device.takes = True
    device.said.put(b"well;")
    assert (await end(printing)).ending is Ending.COMPLETED


async def test_a_device_that_is_unplugged_while_nothing_prints_is_said_to_be_away_and_found_again(
    link, device, listener
):
    await ready(link, device)
    device.away = DeviceNotFoundError("no such device")
    device.gone = DeviceGoneError("unplugged")
    await until(lambda: listener.now.stopped)
    assert listener.now.reasons == ("connecting-to-device",)
    device.away = device.gone = None
    await until(lambda: listener.now == WELL)


async def test_one_that_takes_and_says_nothing_is_told_soon(link, device, listener):
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 2)
    device.takes = False
    await until(lambda: listener.now.stopped)
    assert listener.now.message == "The printer does not take data."
    device.takes = True
    await until(lambda: listener.now == WELL)


async def test_port_bits_tell_where_the_dialogue_says_nothing(link, device, driver, listener, monkeypatch):
    monkeypatch.setattr("tympan.link.back_channel.PORT_STATUS_S", 0.02)
    driver.dialogues = SilentDialogue
    device.port = PortStatus(paper_empty=False, selected=True, error=False)
    link.hold()
    await until(lambda: device.opened)
    device.port = PortStatus(paper_empty=True, selected=False, error=True)
    await until(lambda: listener.now.reasons == ("media-empty-error",))
    printing = begin(link, Source(b"one"))
    await until(lambda: b"one" in device.words)
    await asyncio.sleep(0.1)
    assert not printing.done()  # it took the last byte, and reports a fault
    device.port = PortStatus(paper_empty=False, selected=True, error=False)
    assert (await end(printing)).ending is Ending.COMPLETED


async def test_port_bits_tell_why_one_takes_nothing_that_cannot_be_asked_now(
    link, device, listener, monkeypatch
):
    """A receipt printer whose memory is full of what waits for paper does not hear the question."""
    monkeypatch.setattr("tympan.link.back_channel.PORT_STATUS_S", 0.02)
    monkeypatch.setattr(connection, "PROMPT_STALLED_S", 0.1)
    device.port = PortStatus(paper_empty=False, selected=True, error=False)
    await ready(link, device)
    await until(lambda: listener.now == WELL)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"two" in device.words)
    device.takes = False
    device.port = PortStatus(paper_empty=True, selected=False, error=True)
    await until(lambda: listener.now.reasons == ("media-empty-error",))
    device.port = PortStatus(paper_empty=False, selected=True, error=False)
    device.takes = True
    await until(lambda: listener.now == WELL)
    link.cancel()
    await end(printing)


async def test_who_it_says_it_is(link, device):
    await ready(link, device)
    device.said.put(b"me;")
    await until(lambda: link.identity is not None and link.identity.model)
    assert link.identity == DeviceIdentity(device_id="MFG:Test;", model="Model 7", firmware="2.0")


async def test_what_the_port_said_before_is_not_why_it_takes_nothing_now(link, device, listener, monkeypatch):
    """Paper was put in, and then the printer hung: its port does not answer any more."""
    monkeypatch.setattr("tympan.link.back_channel.PORT_STATUS_S", 0.05)
    device.port = PortStatus(paper_empty=False, selected=True, error=False)
    await ready(link, device)
    await until(lambda: link._knowledge.port_well)
    device.port = PortStatus(paper_empty=True, selected=False, error=True)
    await until(lambda: link._connection._port.stopped)
    device.port = None
    await asyncio.sleep(0.1)  # its last word may be on the way
    device.answers.clear()
    device.takes = False
    await until(lambda: listener.now.stopped)
    assert listener.now.reasons == ("other-error",)


async def test_a_transport_of_an_earlier_contract_and_a_dialogue_with_a_bug_do_not_end_the_thread(
    link, device, listener, caplog
):
    @dataclasses.dataclass
    class EarlierIdentity:
        device_id: str = "MFG:Test;"
        make: str = "Test"

    device.open = EarlierIdentity
    await ready(link, device)
    device.said.put(b"me;")
    await until(lambda: link.identity is not None and link.identity.firmware == "2.0")
    assert link.identity.make == "Test"
    device.said.put(b"what is this;")  # this dialogue does not know
    await until(lambda: any(each.stopped for each in listener.heard))
    assert "KeyError" in caplog.text
    await until(lambda: listener.now == WELL)
    device.answers |= {b"P": b"", b"J": b"done;"}
    assert (await end(begin(link, Source(b"one")))).ending is Ending.COMPLETED


# --- when a job is complete -------------------------------------------------------------------------------------------


async def test_a_job_is_complete_when_it_printed(link, device):
    device.answers[b"?"] = b"well;"
    await ready(link, device)
    heard = []
    printing = begin(link, Source(b"one", b"two"), heard)
    await until(lambda: b"J" in device.words)
    await asyncio.sleep(0.02)
    assert not printing.done()
    assert {progress.pages for progress in heard} == {0}
    device.said.put(b"p1;")
    await until(lambda: heard[-1].pages == 1)
    assert (heard[-1].impressions, heard[-1].sheets, heard[-1].sent_to) == (1, 1, 2)
    device.said.put(b"p2;done;")
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages) == (Ending.COMPLETED, 2)


async def test_paper_out_is_waited_for_and_nothing_is_sent_again(link, device, listener):
    await ready(link, device)
    device.answers[b"?"] = b"empty;"
    printing = begin(link, Source(b"one"))
    await until(lambda: listener.now == PAPER_OUT)
    await asyncio.sleep(0.5)
    assert not printing.done()
    assert device.job == b"<hello> [1 <job> one P1; J"
    device.answers[b"?"] = b"well;"
    device.said.put(b"well;p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED


@pytest.mark.usefixtures("impatient")
async def test_a_confirmation_that_got_lost_is_asked_for_again(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one"))
    await until(lambda: device.words.count(b"J") >= 2)
    device.said.put(b"p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("shows", [False, True])
async def test_who_has_shown_that_it_confirms_is_waited_for_longer(link, device, monkeypatch, shows):
    monkeypatch.setattr(rules, "ASKS_UNPROVED", 2)
    device.answers |= {b"<hello>": b"well;can;" if shows else b"well;", b"?": b"well;"}
    await ready(link, device)
    printing = begin(link, Source(b"one"))
    if shows:
        await until(lambda: device.words.count(b"J") >= 6)
        device.said.put(b"p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED
    assert (device.words.count(b"J") == 3) == (not shows)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("proved", [False, True])
async def test_who_prints_slowly_is_waited_for_longer(link, device, driver, monkeypatch, proved):
    monkeypatch.setattr(rules, "ASKS", 2)
    monkeypatch.setattr(rules, "ASKS_UNPROVED", 2)

    class Slow(Dialogue):
        def prints_within_s(self, document_bytes):
            return 10.0 if document_bytes == len(b"one") else 0.0

    driver.dialogues = Slow
    device.answers |= {b"<hello>": b"well;can;" if proved else b"well;", b"?": b"well;"}
    await ready(link, device)
    printing = begin(link, Source(b"one"), raw=True)
    await until(lambda: device.words.count(b"J") >= 6)
    device.said.put(b"p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED


@pytest.mark.usefixtures("impatient")
async def test_who_confirms_too_late_is_believed_the_next_time(link, device, monkeypatch):
    monkeypatch.setattr(rules, "ASKS_UNPROVED", 2)
    device.answers[b"?"] = b"well;"
    await ready(link, device)
    assert (await end(begin(link, Source(b"one")))).ending is Ending.COMPLETED
    device.said.put(b"p1;done;")
    await asyncio.sleep(0.3)
    printing = begin(link, Source(b"one"))
    asked = device.words.count(b"J")
    await until(lambda: device.words.count(b"J") >= asked + 2)
    assert not printing.done()
    device.said.put(b"p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED


@pytest.mark.usefixtures("impatient")
async def test_who_says_that_it_works_is_not_asked_again(link, device, driver):
    device.answers[b"?"] = b"well;"

    class Busy(Dialogue):
        works = True

    driver.dialogues = Busy
    await ready(link, device)
    printing = begin(link, Source(b"one"))
    await until(lambda: b"J" in device.words)
    await asyncio.sleep(1.0)
    assert device.words.count(b"J") == 1
    device.said.put(b"p1;done;")
    assert (await end(printing)).ending is Ending.COMPLETED


async def test_a_part_that_is_missing_is_sent_again(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", b"three"))
    await until(lambda: b"J" in device.words)
    device.said.put(b"p1;missing2;")
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages, outcome.progress.sent_to) == (Ending.INTERRUPTED, 1, 3)
    device.words.clear()
    device.answers |= {b"P": b"", b"J": b"done;"}
    outcome = await end(begin(link, Source(b"two", b"three", first=2), resumed=True))
    assert (outcome.ending, outcome.progress.pages) == (Ending.COMPLETED, 3)
    again = device.job.replace(b"[1 ", b"")  # the device is open again before the job begins, or after
    assert again == b"<abandon> <hello> <job> two P2; three P3; J"


async def test_a_printer_that_misses_a_part_whenever_it_is_asked_does_not_print_for_ever(link, device):
    """Its paper would end before the job does."""
    device.answers |= {b"J": b"missing1;"}
    await ready(link, device)
    endings = [(await end(begin(link, Source(b"one"), resumed=turn > 0))).ending for turn in range(3)]
    assert endings == [Ending.INTERRUPTED, Ending.INTERRUPTED, Ending.COMPLETED]
    assert device.words.count(b"one") == 3
    device.answers |= {b"J": b"done;"}
    await end(begin(link, Source(b"one")))
    device.answers |= {b"J": b"missing1;"}
    assert (await end(begin(link, Source(b"one")))).ending is Ending.INTERRUPTED, "it confirms again"


async def test_what_it_said_last_counts(link, device):
    """A dialogue may have to wait for the end of an answer that bears none."""
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two"))
    await until(lambda: b"J" in device.words)
    device.said.put(b"p2;last;")
    await until(device.said.empty)
    await asyncio.sleep(0.1)
    device.gone = DeviceGoneError("unplugged")
    assert (await end(printing)).ending is Ending.COMPLETED


async def test_one_that_never_answers_is_not_waited_for_and_asked_seldom(link, device, monkeypatch):
    monkeypatch.setattr(rules, "PROVE_S", 0.05)
    device.answers.clear()
    link.hold()
    for _ in range(2):
        assert (await end(begin(link, Source(b"one")))).ending is Ending.COMPLETED
    assert device.words.count(b"?") < 6


@pytest.mark.usefixtures("impatient")
async def test_one_that_answers_and_does_not_confirm_is_asked_a_few_times_once(link, device):
    await ready(link, device)
    assert (await end(begin(link, Source(b"one")))).ending is Ending.COMPLETED
    assert device.words.count(b"J") == 1 + rules.ASKS_UNPROVED
    assert (await end(begin(link, Source(b"one")))).ending is Ending.COMPLETED
    assert device.words.count(b"J") == 2 + rules.ASKS_UNPROVED


# --- recovery ---------------------------------------------------------------------------------------------------------


async def test_it_goes_on_from_the_first_page_that_was_not_confirmed(link, device):
    await ready(link, device)
    heard = []
    printing = begin(link, Source(b"one", b"two", b"three", end=False), heard)
    await until(lambda: b"P3;" in device.words)
    device.said.put(b"p2;")
    await until(lambda: heard[-1].pages == 2)
    device.gone = DeviceGoneError("unplugged")
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages, outcome.progress.sent_to) == (Ending.INTERRUPTED, 2, 3)


async def test_where_it_does_not_confirm_what_its_buffer_holds_is_not_confirmed(link, device, driver):
    device.answers.clear()
    driver.buffer_bytes = 5
    link.hold()
    printing = begin(link, Source(b"one", b"two", b"three", end=False))
    await until(lambda: b"P3;" in device.words)
    device.gone = DeviceGoneError("unplugged")
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages) == (Ending.INTERRUPTED, 2)


async def test_a_line_that_does_not_tell_of_power_is_watched_by_the_answers(link, device, listener):
    device.notices_power_off = False
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 1)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"P2;" in device.words)
    device.answers.clear()  # switched off; the line takes what it is given
    await until(lambda: listener.now.stopped)
    assert listener.now.reasons == ("connecting-to-device",)
    assert "switched on" in listener.now.message
    assert not printing.done()
    device.answers[b"?"] = b"well;"  # and on
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages) == (Ending.INTERRUPTED, 0)
    await until(lambda: listener.now == WELL)
    device.answers |= {b"P": b"", b"J": b"done;"}
    device.words.clear()
    assert (await end(begin(link, Source(b"one", b"two"), resumed=True))).ending is Ending.COMPLETED
    assert device.job.endswith(b"[1 <job> one P1; two P2; J")


@pytest.mark.parametrize("says", [b"", b"well;"])
async def test_a_line_that_took_nothing_and_said_nothing_may_have_been_off(link, device, monkeypatch, says):
    """Also where it is heard before it is seen that it takes data again."""
    monkeypatch.setattr(connection, "OFF_S", 0.2)
    device.notices_power_off = False
    device.answers |= {b"P": b"", b"J": b"done;"}
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"two" in device.words)
    device.takes = False
    await asyncio.sleep(0.6)
    if says:
        device.said.put(says)
        await asyncio.sleep(0.1)
    device.takes = True
    outcome = await end(printing)
    assert outcome.ending is Ending.INTERRUPTED
    assert "may have been switched off" in outcome.problem


async def test_a_connection_that_tells_of_power_took_nothing_because_the_buffer_was_full(
    link, device, monkeypatch
):
    monkeypatch.setattr(connection, "OFF_S", 0.2)
    device.answers |= {b"P": b"", b"J": b"done;"}
    await ready(link, device)
    source = Source(b"one", b"two")
    last = source.frames.pop()
    printing = begin(link, source)
    await until(lambda: b"two" in device.words)
    device.takes = False
    await asyncio.sleep(0.6)
    device.takes = True
    source.frames.append(last)
    assert (await end(printing)).ending is Ending.COMPLETED
    assert device.words.count(b"one") == 1


async def test_a_line_that_took_nothing_and_said_why_was_not_off(link, device, monkeypatch):
    monkeypatch.setattr(connection, "OFF_S", 0.2)
    device.notices_power_off = False
    device.answers |= {b"P": b"", b"J": b"done;"}
    await ready(link, device)
    source = Source(b"one", b"two")
    last = source.frames.pop()
    printing = begin(link, source)
    await until(lambda: b"two" in device.words)
    device.takes = False
    device.said.put(b"empty;")
    await asyncio.sleep(0.4)
    device.takes = True
    device.said.put(b"well;")
    source.frames.append(last)
    assert (await end(printing)).ending is Ending.COMPLETED
    assert device.words.count(b"one") == 1


async def test_a_job_waits_for_a_line_that_is_silent(link, device, listener):
    device.notices_power_off = False
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 1)
    device.answers.clear()
    await until(lambda: listener.now.stopped)
    printing = begin(link, Source(b"one"))
    await asyncio.sleep(0.2)
    assert b"one" not in device.words
    device.answers |= {b"?": b"well;", b"P": b"", b"J": b"done;"}
    assert (await end(printing)).ending is Ending.COMPLETED


@pytest.mark.parametrize("answers", [True, False])
async def test_a_job_waits_for_a_line_that_has_been_silent_since_the_start(
    device, driver, listener, link, answers
):
    """It answered in an earlier run of the service: so it is off, and who switches it on wants the job."""
    del link  # for its times
    device.notices_power_off = False
    spoken, device.answers = device.answers, {}
    made = DeviceLink(device, driver, "profile", listener, answers=answers)
    made.hold()
    printing = begin(made, Source(b"one"))
    await asyncio.sleep(0.4)
    assert (b"one" in device.words) is not answers
    assert listener.now.stopped is answers
    device.answers = spoken | {b"P": b"", b"J": b"done;"}
    assert (await end(printing)).ending is Ending.COMPLETED
    assert listener.answers == ([] if answers else [True])
    await made.close()


async def test_whether_a_line_answers_is_told_and_seen_anew_when_the_printer_is_restarted(
    device, driver, listener, link
):
    del link
    device.notices_power_off = False
    made = DeviceLink(device, driver, "profile", listener)
    await ready(made, device)
    await until(lambda: listener.answers == [True])
    device.answers.clear()  # a cable without a way back
    await until(lambda: listener.now.stopped)
    made.reopen(forgets=False)  # as when a printer is started up that was shut down: it is still that one
    await until(lambda: device.opened == 2)
    printing = begin(made, Source(b"one"))
    await asyncio.sleep(0.3)
    assert (b"one" in device.words, listener.answers) == (False, [True])
    made.cancel()
    await end(printing)
    made.reopen(forgets=True)
    await until(lambda: listener.answers == [True, False])
    assert (await end(begin(made, Source(b"one")))).ending is Ending.COMPLETED
    await made.close()


async def test_of_a_connection_that_tells_of_power_it_need_not_be_known(link, device, listener):
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 1)
    assert listener.answers == []


# --- a wish to stop ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["paper out", "takes nothing", "silent", "away", "no confirmation"])
async def test_a_job_is_canceled_at_once_whatever_the_device_does(link, device, listener, trouble):
    device.notices_power_off = trouble != "silent"
    await ready(link, device)
    await until(lambda: device.words.count(b"?") > 1)
    if trouble == "away":
        device.away, device.gone = DeviceNotFoundError("away"), DeviceGoneError("unplugged")
    elif trouble == "takes nothing":
        device.takes = False
    elif trouble == "silent":
        device.answers.clear()
    elif trouble == "paper out":
        device.answers[b"?"] = b"empty;"
    if trouble != "no confirmation":
        await until(lambda: listener.now.stopped)
    printing = begin(link, Source(b"one"))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    link.cancel(Wish.DISCARD)
    outcome = await end(printing)
    assert outcome.ending is Ending.CANCELED
    assert time.monotonic() - began < 2.0


async def test_what_waits_for_paper_of_a_canceled_job_is_taken_from_the_device(link, device, listener):
    await ready(link, device)
    device.answers[b"?"] = b"empty;"
    printing = begin(link, Source(b"one"))
    await until(lambda: listener.now.stopped and b"J" in device.words)
    link.cancel(Wish.DISCARD)
    await end(printing)
    assert device.resets == 1
    assert device.words[-1] != b"J"
    assert b"<abandon>" in device.words


async def test_of_a_job_that_is_paused_nothing_is_taken_from_the_device(link, device):
    device.answers[b"P"] = b""
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"P2;" in device.words)
    link.cancel()
    outcome = await end(printing)
    assert (outcome.ending, outcome.progress.pages, device.resets) == (Ending.CANCELED, 2, 0)


async def test_a_job_that_goes_on_later_waits_while_its_pages_come_out(link, device, driver, monkeypatch):
    driver.dialogues = Unhurried
    monkeypatch.setattr(attempt, "LAST_PAGES_S", 0.05)
    monkeypatch.setattr(attempt, "NEXT_PAGE_S", 1.0)
    device.answers |= {b"P%d;" % page: b"" for page in (1, 2, 3)}
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", b"three", end=False))
    await until(lambda: b"P3;" in device.words)
    link.cancel(Wish.SETTLE)
    for page in (1, 2, 3):  # all of them take longer than one may
        await asyncio.sleep(0.4)
        assert not printing.done()
        device.said.put(b"p%d;" % page)
    assert (await end(printing)).progress.pages == 3


@pytest.mark.parametrize("for_ever", [False, True])
async def test_a_job_that_goes_on_later_waits_while_the_device_says_that_it_works(
    link, device, driver, monkeypatch, for_ever
):
    class Busy(Dialogue):
        works = True

    driver.dialogues = Busy
    monkeypatch.setattr(attempt, "NEXT_PAGE_S", 0.1)
    device.answers |= {b"P1;": b"", b"?": b"well;"}
    await ready(link, device)
    printing = begin(link, Source(b"one", end=False))
    await until(lambda: b"P1;" in device.words)
    link.cancel(Wish.SETTLE)
    await asyncio.sleep(0.6)
    assert not printing.done(), "a sheet with many copies"
    if for_ever:
        monkeypatch.setattr(attempt, "COPIES_S", 0.7)  # somebody else's pages
    else:
        Busy.works = False
    assert (await end(printing)).progress.pages == 0


@pytest.mark.parametrize("wish", [Wish.SETTLE, Wish.STOP])
async def test_a_device_whose_memory_is_full_may_print_a_page_first(link, device, driver, wish):
    driver.dialogues = Unhurried
    device.answers |= {b"P1;": b"", b"P2;": b""}
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"P2;" in device.words)
    device.takes = False
    link.cancel(wish)
    await asyncio.sleep(0.4)
    assert printing.done() == (wish is Wish.STOP)
    device.takes = True
    device.said.put(b"p1;")
    device.said.put(b"p2;")
    assert (await end(printing)).progress.pages == (2 if wish is Wish.SETTLE else 0)
    await until(lambda: device.opened == (1 if wish is Wish.SETTLE else 2))


@pytest.mark.parametrize("end_of_it", ["no page", "paper out", "canceled", "closed"])
async def test_a_job_that_goes_on_later_does_not_wait_for_ever(link, device, driver, monkeypatch, end_of_it):
    driver.dialogues = Unhurried
    monkeypatch.setattr(attempt, "NEXT_PAGE_S", 0.5 if end_of_it == "no page" else 60.0)
    device.answers[b"P1;"], device.answers[b"P2;"] = b"p1;", b""
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two", end=False))
    await until(lambda: b"P2;" in device.words)
    link.cancel(Wish.SETTLE)
    await asyncio.sleep(0.1)
    assert not printing.done()
    began = time.monotonic()
    if end_of_it == "paper out":
        device.answers[b"?"] = b"empty;"
        device.said.put(b"empty;")
    elif end_of_it == "canceled":
        link.cancel(Wish.DISCARD)
        link.cancel(Wish.SETTLE)
    elif end_of_it == "closed":
        await link.close()
    assert (await end(printing)).progress.pages == 1
    assert time.monotonic() - began < 2.5


async def test_a_front_whose_back_is_on_its_way_is_not_waited_for(link, device):
    await ready(link, device)
    printing = begin(link, Source(b"one", None, end=False, duplex=True))
    await until(lambda: b"half" in device.words)
    link.cancel(Wish.SETTLE)
    began = time.monotonic()
    assert (await end(printing)).progress.pages == 0
    assert time.monotonic() - began < 2.5


async def test_a_job_of_which_all_was_sent_comes_to_its_end_though_it_may_go_on_later(link, device, driver):
    driver.dialogues = Unhurried
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two"))
    await until(lambda: b"J" in device.words)
    link.cancel(Wish.SETTLE)
    await asyncio.sleep(0.3)
    assert not printing.done()
    device.said.put(b"done;")
    assert (await end(printing)).ending is Ending.COMPLETED
    assert b"<abandon>" not in device.words


async def test_it_does_not_where_the_device_has_stopped(link, device, listener):
    await ready(link, device)
    printing = begin(link, Source(b"one", b"two"))
    await until(lambda: b"J" in device.words)
    device.answers[b"?"] = b"empty;"
    await until(lambda: listener.now.stopped)
    link.cancel(Wish.SETTLE)
    assert (await end(printing)).ending is Ending.CANCELED


# --- is all well? -----------------------------------------------------------------------------------------------------


async def test_a_call_that_does_not_come_back_is_seen(link, device):
    await ready(link, device)
    assert link.stuck_s(time.monotonic()) == 0.0
    held = queue.SimpleQueue()
    right = device.write
    device.write = lambda *_: held.get(timeout=10)
    await until(lambda: link.stuck_s(time.monotonic()) > 0.05)
    device.write = right
    held.put(0)
    await until(lambda: link.stuck_s(time.monotonic()) == 0.0)
