"""The whole panel on mock pins with the clock in hand: what the service does shows on the pins, what is pressed happens to the service."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pypdfium2
import pytest
from desk import LASER, OPERATOR, RECEIPT, open_desk, unsupported

from tympan.config import PanelSettings
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.model.device_condition import DeviceCondition
from tympan.panel import board as board_module
from tympan.panel.board import Panel
from tympan.panel.gpio import PanelError

WIRED = PanelSettings(
    ready_led=17, error_led=27, button=22, release_button=23, feed_button=24, buzzer=18, paper_near_end=25
)


class Front:
    """A panel at a desk, in front of which somebody stands with a watch."""

    def __init__(self, desk, panel_settings=WIRED):
        self.desk = desk
        self.now = 1000.0
        settings = replace(desk.service.system.settings, panel=panel_settings, simulated=True)
        self.panel = desk.runner.run(self._made(settings))
        self.receipt, self.laser = (desk.service.printers[name] for name in ("receipt", "laser"))

    async def _made(self, settings):
        panel = Panel(self.desk.service, settings, clock=lambda: self.now)
        self.carried_out = asyncio.Event()
        carry_out = panel._actions.carry_out

        async def counted(order):
            try:
                return await carry_out(order)
            finally:
                self.carried_out.set()

        panel._actions.carry_out = counted
        await panel.open()
        await panel.attach()
        return panel

    def pin(self, number):
        return self.panel.wires._factory.pin(number)

    def lit(self, *pins):
        return [bool(self.pin(pin).state) for pin in pins]

    def run(self):
        """Let the loop do what is to be done now."""

        async def turns():
            for _ in range(30):
                await asyncio.sleep(0)
            self.panel.turn()

        self.desk.runner.run(turns())

    def settle(self):
        """The same, with what the store and its threads have to say."""

        async def settled():
            await self.desk.service.store.commit()
            await asyncio.sleep(0.001)

        for _ in range(5):
            self.desk.runner.run(settled())
            self.run()

    def wait(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 0.05, end)
            self.run()

    def press(self, pin=22):
        self.pin(pin).drive_low()
        self.run()

    def release(self, pin=22):
        self.pin(pin).drive_high()
        self.run()

    def tap(self, pin=22, times=1):
        for _ in range(times):
            self.press(pin)
            self.wait(0.1)
            self.release(pin)
            self.wait(0.1)
        self.settle()

    def hold(self, seconds, pin=22):
        self.press(pin)
        self.wait(seconds)
        self.release(pin)
        self.settle()

    def blinks(self, pin, seconds):
        """How often a light goes on."""
        count, before = 0, self.lit(pin)[0]
        end = self.now + seconds
        while self.now < end:
            self.wait(0.05)
            now = self.lit(pin)[0]
            count += now and not before
            before = now
        return count

    def prints(self, job_id, printer=None):
        """Its queue begins to print a job."""
        printer = printer or self.receipt
        job = printer.jobs[job_id]
        job.move(JobState.PROCESSING, now=1, date=1, reasons=("job-printing",))
        printer.begins(job, printer.template.media.default)
        self.run()
        return job


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


@pytest.fixture
def front(desk):
    made = Front(desk)
    yield made
    desk.runner.run(made.panel.close())


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_ready(front):
    assert front.lit(17, 27, 18) == [True, False, False]
    assert front.blinks(17, 5) == 0


def test_printing_and_paper_out_and_in_again(front):
    front.prints(front.desk.printed())
    assert front.blinks(17, 8) == 4
    front.receipt.device_reports(DeviceCondition(stopped=True, reasons=("cover-open-error",)))
    front.run()
    assert front.blinks(17, 4) in {15, 16, 17}
    assert front.blinks(27, 9) == 8  # two blinks in 2.25 s
    front.receipt.device_reports(DeviceCondition())
    front.run()
    front.wait(2)
    assert not front.lit(27)[0]
    assert front.blinks(17, 8) == 4


def test_the_other_printer_is_seen_too_unless_the_panel_is_about_one(front):
    front.laser.device_reports(DeviceCondition(stopped=True, reasons=("media-empty-error",)))
    front.run()
    assert front.blinks(27, 3.5) == 2
    only = Front(front.desk, PanelSettings(ready_led=17, error_led=27, printer="receipt"))
    only.run()
    assert only.lit(17, 27) == [True, False]
    front.desk.runner.run(only.panel.close())


def test_a_service_without_printers_is_ready(front):
    front.desk.service.printers.clear()
    front.desk.service.events.emit("printer-deleted")
    front.run()
    assert front.lit(17, 27) == [True, False]
    front.desk.service.printers |= {"receipt": front.receipt, "laser": front.laser}


def test_paper_that_runs_low(front):
    assert front.receipt.reasons == ("none",)
    front.press(25)
    assert front.receipt.reasons == ("media-low-warning",)
    assert front.blinks(27, 3.5) == 2
    assert front.lit(17) == [True]
    front.receipt.device_reports(DeviceCondition(stopped=True, reasons=("media-empty-error",)))
    assert front.receipt.reasons == ("media-empty-error",)
    front.receipt.device_stopped(("cover-open",), "")
    assert front.receipt.reasons == ("cover-open", "media-low-warning")
    front.receipt.device_running()
    front.release(25)
    assert front.receipt.reasons == ("none",)
    assert front.laser.reasons == ("none",)


def test_paper_that_runs_low_is_the_first_printers_also_where_that_comes_later(front):
    printers = front.desk.service.printers
    printers.clear()
    front.press(25)
    printers |= {"laser": front.laser}
    front.desk.service.events.emit("printer-created", front.laser)
    front.run()
    assert front.laser.reasons == ("media-low-warning",)
    printers |= {"receipt": front.receipt}  # the default printer
    front.desk.service.events.emit("printer-created", front.receipt)
    front.run()
    assert front.receipt.reasons == ("media-low-warning",)
    assert front.laser.reasons == ("none",)
    front.release(25)
    assert front.receipt.reasons == ("none",)


def test_lights_go_out_at_the_end(desk):
    front = Front(desk)
    pins = [front.pin(number) for number in (17, 27, 18)]
    front.press(25)
    desk.runner.run(front.panel.close())
    assert [states.states[-1].state for states in pins if states.states] == [False] * len(pins)


# --- what is pressed --------------------------------------------------------------------------------------------------


def test_a_tap_cancels_what_prints_at_once(front):
    job = front.prints(front.desk.printed())
    front.tap()
    assert job.reasons[-2:] == ("processing-to-stop-point", "job-canceled-at-device")
    assert front.desk.service._queues["receipt"].canceled == [job]


def test_the_job_that_was_canceled_says_where(front):
    job = front.desk.job(front.desk.printed())
    front.desk.service.jobs.cancel(front.receipt, job, "job-canceled-at-device")
    assert job.state == JobState.CANCELED
    assert job.reasons == ("job-canceled-at-device",)
    assert job.message == "The job was canceled at the printer."


def test_a_tap_leaves_a_job_that_waits_for_paper_and_two_do_not(front):
    job = front.prints(front.desk.printed())
    front.receipt.device_reports(DeviceCondition(stopped=True, reasons=("media-empty-error",)))
    front.run()
    front.tap()
    front.wait(1)
    assert not front.desk.service._queues["receipt"].canceled
    front.tap(times=2)
    assert front.desk.service._queues["receipt"].canceled == [job]


def test_of_two_that_print_the_default_ones_job_goes_first(front):
    first = front.prints(front.desk.printed())
    second = front.prints(front.desk.printed(LASER), front.laser)
    front.tap()
    front.wait(1)
    assert front.desk.service._queues["receipt"].canceled == [first]
    front.tap()
    assert front.desk.service._queues["laser"].canceled == [second]


def test_a_tap_resumes(front):
    front.desk.runner.run(front.desk.service.controls.pause(front.receipt))
    front.run()
    assert front.blinks(17, 10) == 5
    front.tap()
    assert not front.receipt.control.paused


def test_who_took_a_printer_out_of_service_puts_it_back(front):
    front.desk.runner.run(front.desk.service.controls.deactivate(front.receipt))
    front.tap()
    assert front.receipt.control.paused
    assert front.receipt.control.deactivated


def test_a_tap_releases_what_is_held_for_somebody_to_release_it(front):
    indefinite = Attribute.keyword("job-hold-until", "indefinite")
    held = front.desk.job(front.desk.printed(job=(indefinite,)))
    later = front.desk.job(front.desk.printed(LASER, job=(Attribute.keyword("job-hold-until", "weekend"),)))
    password = front.desk.job(front.desk.printed(RECEIPT, *pin("1234"), job=(indefinite,)))
    before = later.state
    front.tap()
    assert held.state == JobState.PENDING
    assert later.state == before
    assert password.state == JobState.PENDING_HELD


def test_a_tap_feeds_paper_where_there_is_nothing_else_to_do(front):
    front.tap()
    (job,) = front.receipt.jobs.values()
    assert (job.name, job.user, job.documents[0].format) == ("Paper feed", "tympan", "application/vnd.escpos")
    assert front.desk.service.store.read_content(job.job_id, 1) == b"\x1bd\x04"


def test_a_laser_printer_has_nothing_to_feed(desk):
    front = Front(desk, PanelSettings(ready_led=17, error_led=27, button=22, printer="laser"))
    front.tap()
    assert not front.laser.jobs
    assert front.lit(27) == [True], "refused"
    desk.runner.run(front.panel.close())


def test_holding_prints_the_configuration_page(front):
    front.hold(3.2)
    (job,) = front.receipt.jobs.values()
    assert job.name == "Configuration"
    data = front.desk.service.store.read_content(job.job_id, 1)
    document = pypdfium2.PdfDocument(data)
    text = "".join(document[0].get_textpage().get_text_bounded().split())
    document.close()
    assert "receipt" in text
    assert "ipp://" in text


def test_a_printer_that_takes_no_jobs_says_no(front):
    front.desk.runner.run(front.desk.service.controls.disable(front.receipt))
    front.hold(3.2)
    assert not front.receipt.jobs
    assert front.lit(27) == [True]


# --- PINs -------------------------------------------------------------------------------------------------------------


def pin(digits):
    return (
        Attribute.octets("job-password", digits.encode()),
        Attribute.keyword("job-password-encryption", "none"),
    )


def tap_pin(front, digits):
    for digit in digits:
        front.tap(23, int(digit) or 10)
        front.wait(1.3)
    front.carried_out.clear()
    front.wait(4)
    # the comparison has a thread of its own
    front.desk.runner.run(asyncio.wait_for(front.carried_out.wait(), 10))
    front.settle()


def test_a_pin_by_taps(front):
    job = front.desk.job(front.desk.printed(RECEIPT, *pin("203")))
    other = front.desk.job(front.desk.printed(RECEIPT, *pin("99")))
    assert job.state == JobState.PENDING_HELD
    tap_pin(front, "203")
    assert job.state == JobState.PENDING
    assert other.state == JobState.PENDING_HELD


def test_wrong_pins_are_not_tried_for_ever(front):
    job = front.desk.job(front.desk.printed(RECEIPT, *pin("3")))
    for _ in range(5):
        tap_pin(front, "1")
    tap_pin(front, "3")
    assert job.state == JobState.PENDING_HELD
    assert not front.desk.service.job_control.passwords.is_open("receipt")


# --- Identify-Printer -------------------------------------------------------------------------------------------------


def identify_supported(desk, uri=RECEIPT):
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri)
    group = answer.group(GroupTag.PRINTER)
    return group.strings("identify-actions-supported"), group.strings("identify-actions-default")


def test_what_is_there_is_offered_and_done(desk):
    assert identify_supported(desk) == (("display",), ("display",))
    front = Front(desk)
    assert identify_supported(desk) == (("display", "flash", "sound"), ("display", "flash"))
    answer = desk.ask(Operation.IDENTIFY_PRINTER, RECEIPT, Attribute.keyword("identify-actions", "sound"))
    assert answer.code == StatusCode.SUCCESSFUL_OK
    assert front.blinks(18, 9.9) == 9  # the first has begun
    assert front.lit(17, 27) == [True, False]
    desk.ask(Operation.IDENTIFY_PRINTER, RECEIPT)
    assert front.blinks(17, 8) in {31, 32, 33}
    assert front.lit(18) == [False]
    assert front.receipt.message == "This is receipt."
    desk.runner.run(front.panel.close())


def test_a_printer_that_the_panel_is_not_about_has_no_light(desk):
    front = Front(desk, replace(WIRED, printer="receipt"))
    assert identify_supported(desk, LASER)[0] == ("display",)
    answer = desk.ask(Operation.IDENTIFY_PRINTER, LASER, Attribute.keyword("identify-actions", "flash"))
    assert unsupported(answer)["identify-actions"].strings() == ("flash",)
    assert front.blinks(17, 3) == 0
    desk.runner.run(front.panel.close())


def test_a_panel_without_a_buzzer_does_not_say_it_could_sound(desk):
    front = Front(desk, PanelSettings(ready_led=17))
    assert identify_supported(desk)[0] == ("display", "flash")
    desk.runner.run(front.panel.close())
    front = Front(desk, PanelSettings(buzzer=18))
    assert identify_supported(desk)[0] == ("display", "sound")
    desk.runner.run(front.panel.close())


# --- the factory reset ------------------------------------------------------------------------------------------------


def test_a_factory_reset_has_to_be_meant(front):
    restarts = []
    front.desk.service.on_restart = lambda: restarts.append(1)
    job = front.desk.job(front.desk.printed())
    front.hold(10.5)
    front.wait(6)
    assert not restarts
    front.hold(10.5)
    front.tap()
    assert restarts == [1]
    assert job.state == JobState.CANCELED
    assert front.desk.service.store.meta("factory-reset") == b"1"
    assert front.lit(17, 27) == [True, True]


# --- where there is no panel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", ["lgpio is missing: install it", "this machine has no GPIO"])
def test_what_is_missing_is_said_and_the_service_runs(desk, monkeypatch, caplog, problem):
    monkeypatch.setattr(board_module.gpio, "missing", lambda _settings: problem)
    settings = replace(desk.service.system.settings, panel=WIRED)

    async def made():
        panel = Panel(desk.service, settings)
        await panel.open()
        await panel.attach()
        return panel

    panel = desk.runner.run(made())
    assert f"there is no panel: {problem}" in caplog.text
    group = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT).group(GroupTag.PRINTER)
    assert group.string("printer-state-message") == f"The panel does not work: {problem}."
    assert identify_supported(desk)[0] == ("display",)
    assert desk.printed()
    desk.runner.run(panel.close())


def test_a_chip_that_goes_away_takes_the_lights_and_nothing_else(front, caplog):
    def broken(_outputs):
        raise PanelError("panel.ready_led cannot be switched: gone")

    front.panel.wires.write = broken
    front.prints(front.desk.printed())
    front.wait(1)
    assert front.panel.wires is None
    assert "cannot be switched: gone" in caplog.text
    assert identify_supported(front.desk)[0] == ("display",)
    front.desk.requester = OPERATOR
    assert front.desk.ask(Operation.PAUSE_PRINTER, RECEIPT).code == StatusCode.SUCCESSFUL_OK
