"""Each profile's dialogue with its simulated printer, an independent implementation of the other side, through every fault.

One process, no sockets, no sleeps: time is a number. What the printer says is taken from what its mechanism did.
"""

from __future__ import annotations

import numpy as np
import pytest

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import POLL_S, TICK_S, JobConfirmed, PagesConfirmed, PartMissing
from tympan.driver.ticket import JobTicket
from tympan.model.device_condition import SOME_LEFT, DeviceCondition
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.pcl import PclDriver
from tympan_sim.models import MODELS, PROFILES
from tympan_sim.printer import JobEnd, Printer
from tympan_sim.simulation import decoder_for

DRIVERS = {"escpos": EscPosDriver(), "pcl": PclDriver()}
PROFILE_NAMES = {profile: name for name, driver in DRIVERS.items() for profile in driver.profiles()}
TALKING = [profile for profile in PROFILE_NAMES if profile not in {"zijiang", "generic-pcl5-300"}]
CONFIRMING = TALKING
RECEIPTS = [profile for profile in TALKING if PROFILE_NAMES[profile] == "escpos"]
PAGE_PRINTERS = [profile for profile in TALKING if PROFILE_NAMES[profile] == "pcl"]


class Desk:
    """A host with a dialogue and a printer, and a clock that both look at."""

    def __init__(self, profile, *, speed=1.0):
        self.driver = DRIVERS[PROFILE_NAMES[profile]]
        self.profile = profile
        self.dialogue = self.driver.dialogue(profile)
        model = MODELS[PROFILES[profile]]
        self.printer = Printer(model, decoder_for(model), speed=speed)
        self.now = 0.0
        self.polled = 0.0
        self.heard = []
        self.marks = []
        self.in_job = False
        self.encoder = None

    def write(self, data):
        """All of it, however long the printer takes."""
        data = memoryview(bytes(data))
        for _ in range(100_000):
            if not data:
                return
            data = data[self.printer.write(data, self.now) :]
            self.tick(0.02)
        pytest.fail("the printer does not take it")

    def tick(self, seconds):
        self.now += seconds
        said = self.printer.read(self.now)
        self.heard += self.dialogue.received(said, self.now)

    def wait(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.tick(TICK_S)
            if self.now >= self.polled + POLL_S:
                self.polled = self.now
                self.offer(self.dialogue.poll(self.now, in_job=self.in_job))

    def offer(self, data):
        """A question, where the printer takes it."""
        self.printer.write(data, self.now)

    def open(self):
        self.write(self.dialogue.opened(self.now))
        self.wait(0.5)

    def fault(self, name, value=1.0):
        self.printer.fault(name, value, self.now)

    def begin(self, job_id, **ticket):
        media = self.driver.capabilities(self.profile).media[0]
        self.encoder = self.driver.encoder(
            self.profile, JobTicket(job_id, media, job_name="Report", **ticket)
        )
        self.in_job = True
        self.write(self.dialogue.job_begins(job_id))
        self.write(self.encoder.begin_job())

    def page(self, number, rows=200, *, copies=1, back=False):
        page = self.encoder.page_format()
        pixels = np.zeros((rows, (page.width_px + 7) // 8), np.uint8)
        pixels[::4, :8] = 0xFF
        self.write(
            self.encoder.begin_page(copies, back=back) + self.encoder.band(pixels) + self.encoder.end_page()
        )
        self.write(self.dialogue.page_ended(number, copies))

    def end(self):
        self.write(self.encoder.end_job())
        self.write(self.dialogue.job_ended(self.now))
        self.in_job = False

    def condition(self):
        return next((each for each in reversed(self.heard) if isinstance(each, DeviceCondition)), None)

    def confirmed(self):
        return [each for each in self.heard if isinstance(each, (PagesConfirmed, JobConfirmed, PartMissing))]

    def sheets(self):
        return [
            each
            for each in self.printer.take_happened()
            if not isinstance(each, JobEnd) and hasattr(each, "image")
        ]


@pytest.mark.parametrize("profile", ["zijiang", "generic-pcl5-300"])
def test_a_silent_profile_says_nothing(profile):
    desk = Desk(profile)
    desk.open()
    desk.begin(1)
    desk.page(1)
    desk.end()
    desk.wait(8)
    assert desk.heard == []
    assert desk.dialogue.buffer_bytes >= 32_768


@pytest.mark.parametrize("profile", TALKING)
def test_it_says_that_it_is_well(profile):
    desk = Desk(profile)
    desk.open()
    assert (desk.condition().stopped, desk.condition().reasons) == (False, ())


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_questions_print_nothing(profile):
    desk = Desk(profile, speed=0)
    desk.open()
    desk.wait(8)
    desk.write(desk.dialogue.job_begins(1))
    desk.write(desk.dialogue.page_ended(1) + desk.dialogue.job_ended(desk.now))
    desk.wait(5)
    desk.write(desk.dialogue.closing())
    assert [sheet for sheet in desk.printer.tear_off(desk.now) if sheet.image.getextrema()[0] == 0] == []
    assert desk.sheets() == []


def test_who_it_is():
    said = {}
    for profile in TALKING:
        desk = Desk(profile)
        desk.open()
        desk.wait(10)
        identities = [each for each in desk.heard if isinstance(each, DeviceIdentity)]
        said[profile] = (identities[-1].make, identities[-1].model) if identities else None
    assert said == {
        "generic-80mm": None,
        "generic-58mm": None,
        "tm-m30": ("EPSON", "TM-m30"),
        "tm-t88": ("EPSON", "TM-T88V"),
        "tm-t88iii": ("EPSON", "TM-T88III"),
        "tm-u220": ("EPSON", "TM-U220"),
        **dict.fromkeys(PAGE_PRINTERS, ("", "Tympan Simulated PCL Laser")),
    }


RECEIPT_FAULTS = [
    ("paper-out", True, ("media-empty-error",)),
    ("paper-near-end", False, ("media-low-warning",)),
    ("cover", True, ("cover-open-error",)),
    ("offline", True, ("subunit-offline-error",)),
    ("overheat", True, ("subunit-over-temperature-error",)),
]
PAGE_FAULTS = [
    ("paper-out", True, ("media-empty-error",)),
    ("cover", True, ("cover-open-error",)),
    ("offline", True, ("subunit-offline-error",)),
]


@pytest.mark.parametrize(
    ("profile", "fault", "stopped", "reasons"),
    [(profile, *fault) for profile in RECEIPTS for fault in RECEIPT_FAULTS]
    + [(profile, *fault) for profile in PAGE_PRINTERS for fault in PAGE_FAULTS],
)
@pytest.mark.parametrize("in_job", [False, True])
def test_a_fault_is_told_in_two_seconds_and_so_is_its_end(profile, fault, stopped, reasons, in_job):
    desk = Desk(profile)
    desk.open()
    if in_job:
        desk.begin(1)
        desk.page(1)
    desk.wait(0.3)
    desk.fault(fault)
    desk.wait(2.0)
    condition = desk.condition()
    assert (condition.stopped, condition.reasons) == (stopped, reasons)
    assert condition.message.endswith((".", ")"))
    if fault == "paper-out" and profile in RECEIPTS:
        assert condition.tray_levels == {"main": 0}
    desk.fault(fault, 0)
    desk.wait(2.0)
    assert (desk.condition().stopped, desk.condition().reasons) == (False, ())
    if profile in RECEIPTS:
        assert desk.condition().tray_levels == {"main": SOME_LEFT}


@pytest.mark.parametrize("profile", [profile for profile in RECEIPTS if profile != "generic-58mm"])
def test_a_jammed_cutter_is_told_and_freed(profile):
    desk = Desk(profile)
    desk.open()
    desk.fault("cutter")
    desk.begin(1)
    desk.page(1)
    desk.end()
    desk.wait(6.0)
    assert (desk.condition().stopped, desk.condition().reasons) == (True, ("trimmer-jam-error",))
    assert not any(isinstance(each, JobConfirmed) for each in desk.heard)
    desk.fault("cutter", 0)
    desk.wait(4.0)
    assert (desk.condition().stopped, desk.condition().reasons) == (False, ())
    assert desk.confirmed()[-1] == JobConfirmed(1)
    assert len(desk.sheets()) == 1


@pytest.mark.parametrize("profile", CONFIRMING)
@pytest.mark.parametrize("speed", [0, 1.0])
def test_what_came_out_is_confirmed_in_order(profile, speed):
    desk = Desk(profile, speed=speed)
    desk.open()
    for job_id in (7, 8):
        desk.heard.clear()
        desk.begin(job_id)
        for number in (1, 2, 3):
            desk.page(number)
        desk.end()
        desk.wait(12.0)
        confirmed = desk.confirmed()
        assert confirmed[-1] == JobConfirmed(job_id)
        numbers = [each.number for each in confirmed[:-1]]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 3
        assert {type(each) for each in confirmed[:-1]} == {PagesConfirmed}


@pytest.mark.parametrize("profile", CONFIRMING)
def test_nothing_is_confirmed_that_is_still_inside(profile):
    """Without paper: the pages are in the printer, and not out."""
    desk = Desk(profile)
    desk.open()
    desk.fault("paper-out")
    desk.begin(1)
    desk.page(1, 60)
    desk.end()
    desk.wait(10.0)
    assert desk.confirmed() == []
    desk.fault("paper-out", 0)
    desk.wait(10.0)
    assert desk.confirmed() == [PagesConfirmed(1, 1), JobConfirmed(1)]


@pytest.mark.parametrize("profile", ["generic-pcl5e-duplex"])
def test_both_sides_are_counted(profile):
    desk = Desk(profile)
    desk.open()
    desk.begin(1, sides="two-sided-long-edge")
    desk.page(1)
    desk.page(2, back=True)
    desk.page(3)
    desk.end()
    desk.wait(12.0)
    # The third side's sheet counts one here: some printers count two. Its end confirms it in any case.
    assert desk.confirmed() in (
        [PagesConfirmed(1, 2), PagesConfirmed(1, 3), JobConfirmed(1)],
        [PagesConfirmed(1, 2), JobConfirmed(1)],
    )


@pytest.mark.parametrize("profile", PAGE_PRINTERS)
def test_a_job_given_up_is_not_confirmed_and_the_next_is(profile):
    desk = Desk(profile)
    desk.open()
    desk.begin(1)
    desk.page(1)
    desk.write(desk.driver.abandon(profile))
    desk.begin(1)
    desk.page(1)
    desk.end()
    desk.wait(12.0)
    assert desk.confirmed() == [PagesConfirmed(1, 1), JobConfirmed(1)]


@pytest.mark.parametrize("profile", CONFIRMING)
@pytest.mark.parametrize("has_jobs", [False, True])
def test_a_document_in_the_printer_s_language_is_confirmed(profile, has_jobs):
    desk = Desk(profile)
    desk.open()
    uel = b"\x1b%-12345X"
    if profile in RECEIPTS:
        document = b"\x1b@Coffee 2.40\nTea 1.90\n\n\n\n"
    else:
        document = b"\x1bE\x1b*p300x300Y\x1b*c600a60b0P\x0c\x1bE"
        if has_jobs:
            document = (
                uel + b'@PJL JOB NAME="inner"\r\n@PJL ENTER LANGUAGE=PCL\r\n' + document + uel + b"@PJL EOJ\r\n" + uel
            )  # fmt: skip
    desk.write(desk.dialogue.job_begins(5))
    desk.write(desk.driver.raw_prologue(profile) + document + desk.driver.raw_epilogue(profile))
    desk.write(desk.dialogue.job_ended(desk.now))
    desk.wait(12.0)
    assert desk.confirmed()[-1:] == [JobConfirmed(5)]


@pytest.mark.parametrize("profile", ["tm-t88", "tm-m30"])
def test_a_page_whose_bytes_got_lost_is_missed(profile):
    desk = Desk(profile)
    desk.open()
    desk.begin(1)
    desk.page(1)
    desk.dialogue.page_ended(2)  # what asks for it never arrives, and what stands before it neither
    desk.page(3)
    desk.end()
    desk.wait(10.0)
    assert desk.confirmed() == [PagesConfirmed(1, 1), PartMissing(1, 2)]


@pytest.mark.parametrize("profile", ["generic-80mm", "tm-u220"])
def test_answers_by_order_are_in_step_again_soon_after_bytes_got_lost(profile):
    desk = Desk(profile)
    desk.open()
    desk.begin(1)
    for number in range(2, 42):
        desk.dialogue.page_ended(number)  # none of these arrives
    desk.page(1)
    desk.dialogue.job_begins(1)
    for job_id, late_s in ((2, 6.0), (3, 2.0)):
        desk.begin(job_id)
        desk.page(1)
        desk.end()
        desk.wait(15.0)  # an impact printer takes long
        began = desk.now
        while JobConfirmed(job_id) not in desk.heard and desk.now < began + 10.0:
            desk.write(desk.dialogue.job_ended(desk.now))
            desk.wait(1.0)
        assert desk.now - began < late_s


REPLY_FAULTS = [("short-reads", 1), ("garbage", 1), ("wrong", 1), ("silence", 1), ("late", 1.5)]


@pytest.mark.parametrize("profile", TALKING)
@pytest.mark.parametrize(("fault", "value"), REPLY_FAULTS)
def test_whatever_happens_to_answers_nothing_is_confirmed_that_is_not_out(profile, fault, value):
    desk = Desk(profile)
    desk.open()
    desk.fault("paper-out")
    desk.wait(2.0)
    desk.fault(fault, value)
    desk.begin(1)
    desk.page(1, 60)
    desk.end()
    desk.wait(12.0)
    assert desk.confirmed() == []
    # The line is mended, then the paper: it is understood again soon.
    desk.fault(fault, 0)
    desk.wait(4.0)
    assert desk.condition().reasons == ("media-empty-error",)
    desk.fault("paper-out", 0)
    desk.wait(4.0)
    for _ in range(6):  # as the link does
        if JobConfirmed(1) not in desk.heard:
            desk.write(desk.dialogue.job_ended(desk.now))
            desk.wait(1.0)
    assert (desk.condition().stopped, desk.condition().reasons) == (False, ())
    assert JobConfirmed(1) in desk.heard


@pytest.mark.parametrize("profile", TALKING)
def test_bytes_the_cable_loses_or_changes_confirm_nothing_by_themselves(profile):
    """What asks for a confirmation may be lost itself: then there is none, and the job is asked for again."""
    desk = Desk(profile)
    desk.open()
    desk.begin(1)
    desk.page(1, 60)
    desk.fault("lost", 40)
    desk.end()
    desk.wait(10.0)
    assert JobConfirmed(1) not in desk.confirmed()


def test_a_status_is_told_through_a_full_buffer():
    """The printer stands still with a full buffer, in the middle of a command: nothing can be asked, and it tells."""
    desk = Desk("tm-t88")
    desk.open()
    desk.begin(1)
    desk.fault("paper-out")
    desk.offer(b"\x1dv0\x00\x40\x00\x00\x08" + bytes(64 * 2048))
    desk.tick(0.5)
    assert desk.printer.room() == 0
    assert desk.condition().reasons == ("media-empty-error",)


# --- the mark before documents in the printer's language ----------------------------------------------------------------


MARK = "Copy: may have been printed before"


def printed(profile, data):
    """What comes out of a fresh printer, and what it said it did not understand."""
    decoder = decoder_for(MODELS[PROFILES[profile]])()
    effects = [*decoder.feed(data), *decoder.finish()]
    unknown = [each for each in effects if getattr(each, "name", "") == "unknown"]
    return [each.image.convert("L") for each in effects if hasattr(each, "image")], unknown


def ink(image):
    return 255 * image.size[0] * image.size[1] - int(np.asarray(image, np.int64).sum())


TEXTS = [MARK, "Kopie: evtl. schon gedruckt \N{EN DASH} Ä", "コピー", "long " * 40, "line\none\x1b@"]


@pytest.mark.parametrize(
    ("profile", "text"),
    [(profile, text) for profile in PROFILE_NAMES if PROFILE_NAMES[profile] == "escpos" for text in TEXTS]
    + [("generic-pcl5e", text) for text in TEXTS]
    + [("generic-pcl5-300", MARK)],
)
def test_a_mark_comes_before_the_document_and_changes_nothing_of_it(profile, text):
    driver = DRIVERS[PROFILE_NAMES[profile]]
    if PROFILE_NAMES[profile] == "escpos":
        document = b"Coffee 2.40\nTea 1.90\n\x1dV\x42\x00"
    else:
        document = b"\x1b*p300x300Y\x1b*c600a60b0P\x0c"
    before, after = driver.raw_prologue(profile), driver.raw_epilogue(profile)
    plain, _ = printed(profile, before + document + after)
    marked, unknown = printed(profile, before + driver.raw_mark(profile, text) + document + after)
    assert unknown == []
    if PROFILE_NAMES[profile] == "escpos":
        assert len(plain) == len(marked) == 1
        added = marked[0].height - plain[0].height
        assert added > 0
        # The document's lines are at the end of the piece, dot for dot.
        lines = 24 if profile == "tm-u220" else 60
        assert (np.asarray(marked[0])[-lines:] == np.asarray(plain[0])[-lines:]).all()
        assert ink(marked[0]) > ink(plain[0])
    else:
        assert len(marked) == len(plain) + 1
        assert ink(marked[0]) > 0
        assert (np.asarray(marked[1]) == np.asarray(plain[0])).all()


def test_the_numbers_of_the_contract():
    """Two seconds from a fault to its reason, with a poll a second."""
    assert POLL_S <= 1.0
    assert TICK_S < POLL_S
