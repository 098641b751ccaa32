"""Buffer, speed, paper, sensors and faults of a simulated printer, in its own time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tympan_sim.decoder import Action, Sheet
from tympan_sim.models import MODELS, PrinterModel
from tympan_sim.printer import FAULTS, JobEnd, Printer, PrinterGoneError
from tympan_sim.simulation import decoder_for

RECEIPT = replace(MODELS["escpos-80mm"], receive_buffer_bytes=4096)
LINE = b"H\n"  # 30 rows of 203 dpi: 3.75 mm
LINE_S = 30 * 25.4 / 203 / 250


def make(model: PrinterModel = RECEIPT, speed: float = 1.0) -> Printer:
    return Printer(model, decoder_for(model), speed=speed)


def sheets(printer: Printer) -> list[Sheet]:
    return [effect for effect in printer.take_happened() if isinstance(effect, Sheet)]


def write_all(
    printer: Printer, data: bytes, now: float, *, step: float = 0.01, limit: float = 1000.0
) -> float:
    """Write as a host does that waits where nothing was taken; returns the time when the last byte was in."""
    offset = 0
    while offset < len(data):
        taken = printer.write(data[offset:], now)
        offset += taken
        if not taken:
            now += step
            assert now < limit, "stuck"
    return now


def run_until_idle(printer: Printer, now: float) -> float:
    while not printer.idle(now):
        due = printer.next_time()
        assert due is not None, "blocked"
        now = max(due, now)
        printer.advance(now)
    return now


def test_printing_takes_the_time_the_paper_takes():
    printer = make()
    printer.write(LINE * 100 + b"\x1dVA\x00", 100.0)
    end = run_until_idle(printer, 100.0)
    cut_feed = 96 * 25.4 / 203 / 250
    assert end - 100.0 == pytest.approx(100 * LINE_S + cut_feed + RECEIPT.cut_time_s, abs=0.002)


@pytest.mark.parametrize(("speed", "factor"), [(2.0, 0.5), (10.0, 0.1), (0.0, 0.0)])
def test_speed_factor(speed, factor):
    printer = make(speed=speed)
    printer.write(LINE * 100, 0.0)
    assert run_until_idle(printer, 0.0) == pytest.approx(100 * LINE_S * factor, abs=0.002)


def test_time_does_not_pass_for_a_printer_that_stood_still():
    printer = make()
    printer.write(LINE, 0.0)
    run_until_idle(printer, 0.0)
    printer.write(LINE * 10, 50.0)
    assert run_until_idle(printer, 50.0) - 50.0 == pytest.approx(10 * LINE_S, abs=0.002)


def test_how_often_it_is_looked_at_changes_nothing():
    fine, coarse = make(), make()
    for printer in (fine, coarse):
        printer.write(LINE * 200, 0.0)
    for step in range(10_000):
        fine.advance(step * 0.0003)
    coarse.advance(3.0)
    fine.advance(3.0)
    assert fine.paper_left_um == coarse.paper_left_um
    for printer in (fine, coarse):
        printer.advance(200 * LINE_S + 0.01)
        assert printer.idle(200 * LINE_S + 0.01)


def test_the_buffer_takes_what_it_has_and_no_more():
    printer = make()
    printer.fault("offline", 1, 0.0)
    assert printer.write(LINE * 4000, 0.0) == 4096
    assert printer.write(LINE, 1.0) == 0
    printer.fault("offline", 0, 2.0)
    assert 0 < printer.write(LINE * 4000, 2.5) < 500, "room comes as paper moves"


def test_a_long_job_is_taken_at_the_paper_s_pace():
    printer = make()
    end = write_all(printer, LINE * 5000, 0.0)
    assert end == pytest.approx((5000 - 2048) * LINE_S, rel=0.02)


def test_paper_runs_out_where_it_ends_and_the_rest_waits():
    model = replace(RECEIPT, paper_mm=100.0, near_end_mm=40.0)
    printer = make(model)
    printer.write(LINE * 40, 0.0)
    printer.advance(LINE_S * 20)
    assert printer.status()["paper_near_end"]
    assert not printer.status()["paper_out"]
    printer.advance(10.0)
    assert printer.status()["paper_out"]
    assert printer.status()["offline"]
    assert printer.next_time() is None
    printer.end_job(1, 10.0)
    printer.advance(1000.0)
    assert printer.take_happened() == []
    printer.fault("paper-out", 0, 2000.0)
    run_until_idle(printer, 2000.0)
    happened = printer.take_happened()
    assert happened[-1] == JobEnd(1)
    assert happened[0].image.height == 96 + 40 * 30, "no line is lost and none comes twice"


@pytest.mark.parametrize("fault", ["paper-out", "cover", "offline", "overheat"])
def test_a_fault_stops_it_between_two_lines_and_its_end_lets_it_go_on(fault):
    printer = make()
    printer.write(LINE * 200, 0.0)
    printer.advance(100 * LINE_S)
    left = printer.paper_left_um
    printer.fault(fault, 1, 100 * LINE_S)
    printer.advance(1e4)
    if fault != "paper-out":
        assert printer.paper_left_um == left
    printer.end_job(7, 1e4)
    assert printer.take_happened() == []
    printer.fault(fault, 0, 1e4)
    end = run_until_idle(printer, 1e4)
    assert end - 1e4 == pytest.approx(100 * LINE_S, abs=0.03)
    sheet, job_end = printer.take_happened()
    assert sheet.image.height == 96 + 200 * 30
    assert job_end == JobEnd(7)


def test_status_requests_are_answered_with_the_paper_out():
    printer = make()
    printer.fault("paper-out", 1, 0.0)
    printer.write(LINE * 10 + b"\x1dr\x01\x10\x04\x04", 0.0)
    assert printer.read(5.0) == b"\x7e", "DLE EOT answers, GS r never does"


def test_automatic_status_goes_out_by_itself():
    printer = make()
    printer.write(b"\x1da\x0f", 0.0)
    assert printer.read(0.0) == b"\x10\x00\x00\x0f"
    printer.fault("cover", 1, 1.0)
    assert printer.read(1.0) == b"\x38\x00\x00\x0f"
    printer.fault("cover", 0, 2.0)
    assert printer.read(2.0) == b"\x10\x00\x00\x0f"


def test_completion_comes_when_the_paper_has_moved():
    printer = make()
    printer.write(LINE * 100 + b"\x1d(H\x06\x00\x30\x30job1", 0.0)
    assert printer.read(99 * LINE_S) == b""
    assert printer.read(101 * LINE_S) == b"\x37\x22job1\x00"


def test_a_jammed_cutter_keeps_the_piece_until_it_is_freed():
    printer = make()
    printer.fault("cutter", 1, 0.0)
    printer.write(LINE * 5 + b"\x1dVA\0" + LINE, 0.0)
    printer.advance(10.0)
    assert printer.status()["cutter_error"]
    assert sheets(printer) == []
    printer.write(b"\x10\x05\x01", 11.0)
    assert printer.status()["cutter_error"], "DLE ENQ does not help while it is stuck"
    printer.fault("cutter", 0, 12.0)
    assert len(sheets(printer)) == 1
    run_until_idle(printer, 12.0)
    assert not printer.status()["cutter_error"]


def test_the_drawer_opens_and_is_closed_again():
    printer = make()
    printer.write(b"\x1bp\x00\x19\x19", 0.0)
    assert printer.status()["drawer_high"]
    assert [e.name for e in printer.take_happened() if isinstance(e, Action)] == ["drawer"]
    printer.advance(printer.next_time() or 0.0)
    assert not printer.status()["drawer_high"]


def test_power_off_loses_buffer_and_modes_but_not_what_was_printed():
    printer = make()
    printer.write(b"\x1d!\x11" + LINE * 200, 0.0)
    printer.advance(50 * LINE_S)
    printer.fault("power-off", 1, 50 * LINE_S)
    assert not printer.connected
    with pytest.raises(PrinterGoneError):
        printer.write(b"x", 60.0)
    with pytest.raises(PrinterGoneError):
        printer.read(60.0)
    printer.fault("power-off", 0, 70.0)
    printed = sheets(printer)
    assert len(printed) == 1
    assert printed[0].image.height < 96 + 200 * 48
    printer.write(LINE, 71.0)
    printer.end_job(1, 71.0)
    run_until_idle(printer, 71.0)
    assert sheets(printer)[0].image.height == 96 + 30, "the double size is forgotten"


def test_unplugged_it_prints_what_it_has():
    printer = make()
    printer.write(LINE * 50, 0.0)
    printer.fault("unplug", 1, 0.0)
    with pytest.raises(ConnectionError):
        printer.write(b"x", 0.1)
    left = printer.paper_left_um
    printer.advance(10.0)
    assert printer.paper_left_um < left
    printer.fault("unplug", 0, 10.0)
    assert printer.write(b"x", 10.0) == 1


def test_stalled_it_neither_takes_nor_gives():
    printer = make()
    printer.write(b"\x10\x04\x01", 0.0)
    printer.fault("stall", 1, 0.0)
    assert printer.write(LINE, 0.0) == 0
    assert printer.read(0.0) == b""
    printer.fault("stall", 0, 1.0)
    assert printer.read(1.0) == b"\x12"


def test_slow():
    printer = make()
    printer.fault("slow", 0.1, 0.0)
    printer.write(LINE * 10, 0.0)
    assert run_until_idle(printer, 0.0) == pytest.approx(100 * LINE_S, abs=0.01)


def test_a_scripted_fault_comes_at_its_byte():
    printer = make()
    printer.fault_at_byte(100, "unplug")
    printer.fault_at_byte(50, "slow", 0.5)
    assert printer.write(b"x" * 80, 0.0) == 50
    assert printer.describe(0.0)["faults"] == {"slow": 0.5}
    assert printer.write(b"x" * 80, 0.0) == 50
    assert printer.received == 100
    with pytest.raises(PrinterGoneError):
        printer.write(b"x", 0.0)


def test_soft_reset_empties_the_buffer_and_keeps_the_paper():
    printer = make()
    printer.fault("cover", 1, 0.0)
    printer.write(LINE * 100, 0.0)
    printer.soft_reset(1.0)
    assert printer.describe(1.0)["buffered"] == 0
    printer.fault("cover", 0, 2.0)
    printer.write(LINE, 2.0)
    printer.end_job(3, 2.0)
    run_until_idle(printer, 2.0)
    assert [sheet.image.height for sheet in sheets(printer)] == [96 + 30]


def test_an_unfinished_raster_swallows_the_next_job_unless_the_buffer_is_reset():
    broken = b"\x1dv0\0\x48\0\x64\0" + b"\xff" * 72 * 10
    printer = make(speed=0)
    printer.write(broken, 0.0)
    printer.end_job(1, 0.0)
    printer.take_happened()
    printer.write(LINE, 1.0)
    printer.end_job(2, 1.0)
    assert sheets(printer) == []
    printer.soft_reset(2.0)
    printer.write(LINE, 3.0)
    printer.end_job(3, 3.0)
    assert len(sheets(printer)) == 1


@pytest.mark.parametrize(("name", "value"), [("fire", 1.0), ("slow", 0.0), ("cover", 2.0), ("cover", -1.0)])
def test_wrong_faults_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        make().fault(name, value, 0.0)


def test_every_fault_can_come_and_go_at_any_moment():
    for fault in FAULTS:
        for lines in (0, 1, 7):
            printer = make()
            printer.write(LINE * lines, 0.0)
            printer.advance(LINE_S * lines / 2)
            printer.fault(fault, 1.0 if fault != "slow" else 0.5, LINE_S * lines / 2)
            printer.fault(fault, 0.0 if fault != "slow" else 1.0, 5.0)
            assert printer.write(LINE, 6.0) == 2
            printer.end_job(1, 6.0)
            run_until_idle(printer, 6.0)
            assert printer.take_happened()[-1] == JobEnd(1)


def test_replies_nobody_reads_are_bounded():
    printer = make(speed=0)
    for _ in range(3000):
        printer.write(b"\x10\x04\x01" * 10, 0.0)
    assert len(printer.read(0.0, 1 << 20)) == 4096
