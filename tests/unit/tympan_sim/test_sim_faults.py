"""Faults of cable, back channel and power of a simulated printer, its script, its record, and what it counts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tympan_sim.control import execute
from tympan_sim.decoder import Sheet
from tympan_sim.faults import FAULTS
from tympan_sim.link_usb import SimulatedUsb, UsbPrinter
from tympan_sim.models import MODELS
from tympan_sim.printer import JobEnd, Printer, PrinterGoneError
from tympan_sim.simulation import Simulation, decoder_for

RECEIPT = replace(MODELS["escpos-80mm"], receive_buffer_bytes=4096)
LASER = MODELS["pcl-laser"]
PAGE_S = 3.0
LINE_S = 30 * 25.4 / 203 / 250
ASK = b"\x10\x04\x01"
READY = b"\x12"


def make(model=RECEIPT, speed: float = 1.0, seed: int = 0) -> Printer:
    return Printer(model, decoder_for(model), speed=speed, seed=seed)


def page(number: int) -> bytes:
    """A PCL page with as many bars at its head and at its foot, each two rows of the 600 dpi engine high."""
    bar = b"\x1b*b1W\xff"
    start = b"\x1b*t300R\x1b*p300Y\x1b*r0A" + bar * number + b"\x1b*rB"
    return start + b"\x1b*p3000Y\x1b*r0A" + bar * number + b"\x1b*rB\f"


def sheets(printer: Printer) -> list[Sheet]:
    return [effect for effect in printer.take_happened() if isinstance(effect, Sheet)]


def ink(sheet: Sheet) -> list[int]:
    """The rows that have ink."""
    return np.flatnonzero((np.asarray(sheet.image.convert("L")) < 128).any(axis=1)).tolist()


# --- the cable --------------------------------------------------------------------------------------------------------


def test_the_cable_loses_a_run_of_bytes_and_the_host_does_not_know():
    printer = make(speed=0)
    printer.fault_at_byte(4, "lost", 3)
    assert printer.write(b"AAAABBBCCC\n", 0.0) == 4
    assert printer.write(b"BBBCCC\n", 0.0) == 7
    assert (printer.received, printer.arrived) == (11, b"CCC\n")
    said = printer.describe(0.0)
    assert (said["lost"], said["faults"]) == (3, {})
    assert said["history"][0]["ended"] == 0.0, "it ended by itself"


def test_noise_changes_each_byte_of_a_run_the_same_way_each_time():
    arrived = []
    for _ in range(2):
        printer = make(speed=0, seed=5)
        printer.fault("noise", 4, 0.0)
        assert printer.write(b"ABCDEFG", 0.0) == 7
        arrived.append(printer.arrived)
    assert arrived[0] == arrived[1]
    assert all(got != sent for got, sent in zip(arrived[0][:4], b"ABCD", strict=True))
    assert arrived[0][4:] == b"EFG"


def test_real_time_requests_that_are_lost_are_not_answered():
    printer = make()
    printer.fault("lost", 3, 0.0)
    printer.write(ASK + ASK, 0.0)
    assert printer.read(0.0) == READY


def test_short_writes():
    printer = make()
    printer.fault("short-writes", 100, 0.0)
    assert printer.write(b"x" * 500, 0.0) == 100
    printer.fault("short-writes", 0, 1.0)
    assert printer.write(b"x" * 500, 1.0) == 500


def test_usb_says_no_to_the_rest_of_a_short_write_until_the_time_is_over():
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    device = UsbPrinter(make(speed=0), clock=lambda: now[0], sleep=sleep)
    bus = SimulatedUsb([device])
    device.printer.fault("short-writes", 100, 0.0)
    (stay,) = bus.enumerate_devices()
    handle = bus.open_device(stay)
    stay.driver_active = False
    bus.claim_interface(handle, 0)
    assert bus.bulk_write(handle, 1, 0, bytearray(b"x" * 500), 100) == 100
    assert now[0] == pytest.approx(0.1, abs=0.002)


def test_half_open_nothing_comes_through_and_the_printer_goes_on():
    printer = make()
    printer.write(b"\x1da\xff" + b"H\n" * 50 + ASK, 0.0)
    left = printer.paper_left_um
    printer.fault("half-open", 1, 0.0)
    assert printer.connected
    assert printer.write(ASK, 0.1) == 0
    printer.fault("cover", 1, 5.0)
    assert printer.read(5.0) == b""
    assert printer.paper_left_um < left
    printer.fault("half-open", 0, 6.0)
    assert printer.read(6.0) == b"", "what it said meanwhile is lost"


# --- the back channel -------------------------------------------------------------------------------------------------


def test_answers_come_late_and_in_order():
    printer = make()
    printer.fault("late", 2.0, 0.0)
    printer.write(ASK, 1.0)
    assert printer.next_time() == 3.0
    printer.fault("late", 0, 1.5)
    printer.write(b"\x10\x04\x04", 1.5)
    assert printer.read(2.9) == b""
    assert printer.read(3.0) == READY + b"\x12"


def test_answers_come_in_pieces():
    printer = make()
    printer.fault("short-reads", 3, 0.0)
    printer.write(b"\x1dIB", 0.0)  # _Generic NUL
    got = []
    moment = 0.0
    while len(b"".join(got)) < 9:
        got.append(printer.read(moment))
        moment += 0.005
    assert got == [b"_Ge", b"ner", b"ic\0"]


def test_silence():
    printer = make()
    printer.fault("silence", 1, 0.0)
    printer.write(ASK, 0.0)
    assert printer.read(1.0) == b""
    printer.fault("silence", 0, 2.0)
    printer.write(ASK, 2.0)
    assert printer.read(2.0) == READY


def test_wrong_answers_are_answers_to_other_questions():
    printer = make()
    printer.write(b"\x1dIB", 0.0)
    identity = printer.read(0.0)
    printer.fault("wrong", 1, 1.0)
    printer.write(ASK, 1.0)
    assert printer.read(1.0) == identity


def test_garbage_comes_unasked_and_spoils_answers():
    printer = make(seed=3)
    printer.fault("garbage", 2, 0.0)
    assert len(printer.read(0.0)) == 2
    printer.write(ASK * 3, 0.0)
    answer = printer.read(0.0)
    assert answer[0] != READY[0]
    assert answer[2:] == READY
    assert printer.describe(0.0)["faults"] == {"garbage": 2}


@pytest.mark.parametrize("model", ["mute-80mm", "pcl-laser-mute", "pcl-laser-plain"])
def test_models_that_say_nothing(model):
    printer = make(MODELS[model], speed=0)
    printer.write(b"\x1b%-12345X@PJL INFO ID\r\n@PJL USTATUS DEVICE=VERBOSE\r\n@PJL NONSENSE\r\n" + ASK, 0.0)
    printer.fault("cover", 1, 1.0)
    printer.fault("cover", 0, 2.0)
    assert printer.read(3.0) == b""


def test_a_one_way_printer_has_no_endpoint_to_answer_by():
    bus = SimulatedUsb([UsbPrinter(make(MODELS["mute-80mm"]))])
    (stay,) = bus.enumerate_devices()
    interface = bus.get_interface_descriptor(stay, 0, 0, 0)
    assert (interface.bInterfaceProtocol, interface.bNumEndpoints) == (1, 1)


def test_a_clone_does_not_confirm_and_prints_no_garbage_for_it():
    printer = make(MODELS["clone-80mm"], speed=0)
    printer.write(b"\x1d(H\x06\x00\x30\x30abcd" + ASK, 0.0)
    assert printer.read(0.0) == READY


# --- power ------------------------------------------------------------------------------------------------------------


def test_a_laser_that_loses_its_power_holds_a_torn_sheet_and_forgets_the_rest():
    printer = make(LASER)
    printer.write(page(1) + page(2) + page(3), 0.0)
    moment = 1.5 * PAGE_S  # the bar at the foot of the second sheet lies ahead
    printer.advance(moment)
    printer.fault("power-off", 1, moment)
    whole, torn = sheets(printer)
    assert (len(ink(whole)), whole.notes) == (4, ())
    assert len(ink(torn)) == 4, "only the bar at its head"
    assert torn.notes[-1].startswith("torn: printed to row")
    printer.fault("power-off", 0, 20.0)
    printer.end_job(1, 20.0)
    printer.advance(60.0)
    assert printer.take_happened() == [JobEnd(1)]


def test_a_page_that_is_only_in_memory_is_lost_with_the_power():
    printer = make(LASER)
    printer.write(page(1).removesuffix(b"\f"), 0.0)
    printer.fault("power-off", 1, 1.0)
    assert sheets(printer) == []


def test_of_three_copies_those_that_came_out_are_there():
    printer = make(LASER)
    printer.write(b"\x1b&l3X" + page(1), 0.0)
    moment = 2.2 * PAGE_S
    printer.advance(moment)
    printer.fault("power-off", 1, moment)
    whole, torn = sheets(printer)
    assert (whole.copies, torn.copies) == (2, 1)
    assert len(ink(whole)) == 4
    assert len(ink(torn)) == 2


# --- what it counts ---------------------------------------------------------------------------------------------------


def test_an_underrun_is_a_stop_in_the_middle_of_a_piece_for_want_of_bytes():
    printer = make()
    printer.write(b"H\n" * 10, 0.0)
    printer.write(b"H\n" * 10, 5 * LINE_S)
    assert printer.describe(0.0)["underruns"] == 0
    printer.advance(30 * LINE_S)
    printer.write(ASK, 31 * LINE_S)  # a question moves no paper
    assert printer.describe(0.0)["underruns"] == 0
    printer.write(b"H\n", 32 * LINE_S)
    printer.write(b"H\n", 40 * LINE_S)
    assert printer.describe(0.0)["underruns"] == 2


def test_no_underrun_between_pieces_nor_where_a_fault_held_it():
    printer = make()
    printer.write(b"H\n" * 10 + b"\x1dVA\0", 0.0)
    printer.advance(10.0)
    printer.write(b"H\n" * 10, 10.0)
    printer.fault("cover", 1, 10.0 + 3 * LINE_S)
    printer.fault("cover", 0, 20.0)
    printer.advance(30.0)
    assert printer.underruns == 0
    printer.end_job(1, 30.0)
    printer.write(b"H\n", 40.0)
    assert printer.underruns == 0


def test_it_is_idle_once_what_came_out_was_taken():
    printer = make(speed=0)
    printer.write(b"H\n\x1dVA\0", 0.0)
    assert not printer.describe(1.0)["idle"]
    assert len(sheets(printer)) == 1
    assert printer.describe(1.0)["idle"]


# --- scripts and the record -------------------------------------------------------------------------------------------


def test_a_fault_that_ends_by_itself():
    printer = make()
    printer.fault_at_byte(10, "unplug", lasts_s=2.0)
    printer.write(b"x" * 20, 1.0)
    with pytest.raises(PrinterGoneError):
        printer.write(b"x", 2.9)
    assert printer.next_time() == 3.0
    printer.advance(3.0)
    assert printer.write(b"x", 3.0) == 1


def test_a_fault_by_the_clock():
    printer = make()
    printer.fault_at_time(2.0, "cover", lasts_s=1.0)
    for moment, is_open in ((1.9, False), (2.0, True), (2.9, True), (3.0, False)):
        printer.advance(moment)
        assert printer.status()["cover_open"] is is_open


def test_the_record_says_what_was_when_and_when_paper_moved_again():
    printer = make()
    printer.write(b"H\n" * 100, 0.0)
    printer.fault("cover", 1, 10 * LINE_S)
    printer.fault("cover", 0, 5.0)
    printer.fault("cutter", 1, 5.0)
    printer.write(b"\x1dVA\0", 5.0)
    printer.advance(9.0)
    cover, cutter = printer.describe(9.0)["history"]
    assert (cover["fault"], cover["at_byte"], cover["felt"]) == ("cover", 200, 10 * LINE_S)
    assert (cover["ended"], cover["moved"]) == (5.0, 5.0)
    assert cutter["felt"] > cutter["began"], "it jams at the cut"
    assert cutter["ended"] is None


def test_orders_of_the_control_socket(tmp_path, request):
    simulation = Simulation(RECEIPT, tmp_path, speed=1.0)
    request.addfinalizer(lambda: simulation.close(99.0))
    printer = simulation.printer
    for order in ("cover on for 2", "in 1 lost 5", "at +100 unplug for 3", "late", "slow 0.5 for 9"):
        assert execute(simulation, order, 10.0) == "ok", order
    assert printer.describe(10.0)["faults"] == {"cover": 1.0, "late": 1.0, "slow": 0.5}
    printer.advance(12.5)
    assert printer.describe(12.5)["faults"] == {"late": 1.0, "slow": 0.5, "lost": 5.0}
    simulation.write(b"x" * 200, 13.0)
    assert not printer.connected
    printer.advance(16.0)
    assert printer.connected
    assert execute(simulation, "well", 16.0) == "ok"
    assert printer.describe(16.0)["faults"] == {}
    assert json.loads(execute(simulation, "faults", 16.0).removeprefix("ok ")).keys() == FAULTS.keys()


@pytest.mark.parametrize(
    "order",
    ["at", "at 5", "in", "in x cover", "cover on for", "cover on for 0", "cover for 2 3", "lost -1", "lost 1.5",
     "slow 0", "late nan", "at inf cover", "short-reads 1e99", "well well"],
)  # fmt: skip
def test_what_is_no_order_is_refused(tmp_path, order):
    assert execute(Simulation(RECEIPT, tmp_path), order, 0.0).startswith("error ")


@pytest.mark.parametrize("language", ["escpos-80mm", "pcl-laser"])
@pytest.mark.parametrize("name", FAULTS)
def test_after_every_fault_and_a_power_cycle_the_printer_prints(language, name):
    printer = make(MODELS[language], speed=0)
    content = b"H\n\x1dVA\0" if language.startswith("escpos") else page(1)
    printer.write(content * 2, 0.0)
    printer.fault(name, FAULTS[name].default, 1.0)
    try:
        printer.write(content * 2, 1.0)
        printer.read(1.0)
    except PrinterGoneError:
        pass
    printer.no_faults(2.0)
    printer.fault("power-off", 1, 3.0)
    printer.fault("power-off", 0, 4.0)
    printer.take_happened()
    assert printer.write(content, 5.0) == len(content)
    printer.end_job(1, 5.0)
    printer.advance(50.0)
    assert len(sheets(printer)) == 1
