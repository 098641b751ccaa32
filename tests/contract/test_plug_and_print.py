"""From the bus to the paper: a whole service, its queues and links, on a simulated USB bus that real pyusb sees."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
from desk import BASE, CHARSET, LANGUAGE, NoPool, pieces
from devices import UsbBusPrinter

from tympan.config import ServerSettings, Settings
from tympan.endpoint import dispatch
from tympan.ipp import Attribute, GroupTag, Message, Operation, decode, encode
from tympan.ipp.enums import JobState
from tympan.service import service as service_module
from tympan.service.access import EVERYBODY
from tympan.service.service import Service
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import SimulatedUsb

LINES = b"".join(b"%05d of a receipt that is long enough\n" % number for number in range(500))


@pytest.fixture
def bus(monkeypatch):
    """Put printers on the bus; gives their far ends."""
    monkeypatch.setattr(service_module, "RenderPool", NoPool)

    def plugged(*traits):
        printers = [UsbBusPrinter(None, **each) for each in traits]
        monkeypatch.setattr(UsbTransport, "backend", SimulatedUsb([printer.device for printer in printers]))
        return printers

    plugged()
    return plugged


@contextlib.asynccontextmanager
async def running(tmp_path):
    settings = Settings(server=ServerSettings(state_dir=str(tmp_path / "state"), durability="relaxed"))
    service = Service(settings, dispatch.operations_supported())
    await service.start()
    try:
        yield service
    finally:
        await service.close()


async def until(condition, timeout_s=60.0):
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 — what is waited for is the state of threads and jobs
            await asyncio.sleep(0.005)


async def print_raw(service, name, data):
    head = (CHARSET, LANGUAGE, Attribute.uri("printer-uri", f"{BASE}/ipp/print/{name}"))
    request = Message.of(
        (2, 0),
        Operation.PRINT_JOB,
        1,
        (GroupTag.OPERATION, (*head, Attribute.mime("document-format", "application/vnd.escpos"))),
    )
    message, _ = decode(encode(request))
    answered = await dispatch.answer(service, message, pieces(data), BASE, EVERYBODY)
    answer, _ = decode(answered)
    assert answer.code < 0x0100, answer
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    return next(printer.jobs[job_id] for printer in service.printers.values() if job_id in printer.jobs)


async def test_service_first_then_the_printer_then_a_job(bus, tmp_path):
    async with running(tmp_path) as service:
        service.devices_changed()
        await asyncio.sleep(0.05)
        assert service.printers == {}
        (printer,) = bus({})
        service.devices_changed()
        await until(lambda: service.printers)
        assert service.device_uris == {"epson-tm-t88v": "usb://04b8:0202/SIM0001"}
        job = await print_raw(service, "epson-tm-t88v", LINES)
        await until(lambda: job.is_terminal)
        assert job.state is JobState.COMPLETED
        received = printer.received()
        assert all(line in received for line in LINES.splitlines())


async def test_printer_first_then_the_service(bus, tmp_path):
    bus({})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: service.printers)
        assert service.printers["epson-tm-t88v"].profile == "tm-t88"


async def test_one_that_says_nothing_at_all_yet_is_not_made_under_another_name(bus, tmp_path, monkeypatch):
    """On a slow bus a printer that was just plugged in may not answer in time."""
    async with running(tmp_path) as service:
        (printer,) = bus({"device_id_stalls": True, "serial": ""})
        true = printer.device.printer.model
        monkeypatch.setattr(
            printer.device.printer, "model", replace(true, make="", model="", usb_ids=(0x0416, 0x5011))
        )
        service.devices_changed()
        await until(lambda: service.found._task is not None and service.found._task.done())
        assert service.printers == {}


async def test_one_that_does_not_say_what_it_speaks_is_known_by_its_number(bus, tmp_path, monkeypatch):
    """Many clones have no device id that could be read."""
    async with running(tmp_path) as service:
        (printer,) = bus({"device_id_stalls": True})
        clone = replace(
            printer.device.printer.model, make="", model="USB Printing Support", usb_ids=(0x0416, 0x5011)
        )
        monkeypatch.setattr(printer.device.printer, "model", clone)
        service.devices_changed()
        await until(lambda: service.printers)
        ((name, made),) = service.printers.items()
        assert (made.driver.name, made.profile) == ("escpos", "generic-80mm")
        job = await print_raw(service, name, LINES)
        await until(lambda: job.is_terminal)
        assert job.state is JobState.COMPLETED


@pytest.mark.parametrize(("serial", "device"), [("SIM0001", "/SIM0001"), ("", "?port=1-4.2")])
async def test_pulled_out_in_mid_job_and_plugged_in_elsewhere(bus, tmp_path, serial, device):
    (printer,) = bus({"serial": serial, "ports": (1, 2)})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: service.printers)
        found = service.printers["epson-tm-t88v"]
        printer.device.printer.fault_at_byte(8_000, "unplug")
        job = await print_raw(service, "epson-tm-t88v", LINES)
        await until(lambda: job.state is JobState.PROCESSING_STOPPED)
        service.devices_changed()
        await asyncio.sleep(0.05)
        assert service.printers == {"epson-tm-t88v": found}, "it stays"
        assert found.reasons == ("connecting-to-device",)
        printer.device.traits.ports = (4, 2)
        printer.come_back()
        service.devices_changed()
        await until(lambda: job.is_terminal)
        assert job.state is JobState.COMPLETED
        assert found.reasons == ("none",)
        assert service.printers == {"epson-tm-t88v": found}
        assert service.device_uris["epson-tm-t88v"] == f"usb://04b8:0202{device}"
        received = printer.received()  # with the questions of the dialogue between the lines
        assert all(line in received for line in LINES.splitlines())


@pytest.mark.parametrize("serial", ["", "0123456789ABCDEF"])
async def test_two_equal_ones_each_get_their_own_jobs(bus, tmp_path, serial):
    printers = bus({"serial": serial, "ports": (1, 2)}, {"serial": serial, "ports": (1, 3)})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: len(service.printers) == 2)
        for name, far in zip(("epson-tm-t88v", "epson-tm-t88v-2"), printers, strict=True):
            job = await print_raw(service, name, b"for %s\n" % name.encode())
            await until(lambda: job.is_terminal)  # noqa: B023 — awaited in this round
            assert b"for %s\n" % name.encode() in far.received()
        for far in printers:
            far.leave()
        service.devices_changed()
        first, second = [
            await print_raw(service, name, b"again %s\n" % name.encode())
            for name in ("epson-tm-t88v", "epson-tm-t88v-2")
        ]
        await until(lambda: {first.state, second.state} == {JobState.PROCESSING_STOPPED})
        printers[1].come_back()
        service.devices_changed()
        await until(lambda: second.is_terminal)
        assert b"again epson-tm-t88v-2\n" in printers[1].received()
        assert first.state is JobState.PROCESSING_STOPPED, "the other is still away"
        service.jobs.cancel(service.printers["epson-tm-t88v"], first)
        await until(lambda: first.is_terminal)


async def test_one_that_we_may_not_open_yet(bus, tmp_path):
    """The kernel tells of a device before udev has given it to the group lp."""
    (printer,) = bus({"forbidden": True})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: service.found._task is not None and service.found._task.done())
        assert service.printers == {}
        printer.device.traits.forbidden = False
        service.devices_changed()
        await until(lambda: service.printers)


async def test_looking_takes_the_printer_from_nobody(bus, tmp_path):
    """A printer that another program prints on is one already; its queue waits until it is let go."""
    (printer,) = bus({"claimed_elsewhere": True})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: service.printers)
        found = service.printers["epson-tm-t88v"]
        await until(lambda: found.reasons == ("connecting-to-device",))
        assert "in use by another program" in found.message
        printer.device.traits.claimed_elsewhere = False
        await until(lambda: found.reasons == ("none",))


async def test_one_that_is_pulled_out_while_nothing_prints_is_missed_and_found_again(bus, tmp_path):
    (printer,) = bus({})
    async with running(tmp_path) as service:
        service.devices_changed()
        await until(lambda: service.printers)
        found = service.printers["epson-tm-t88v"]
        await until(printer.received)  # it is open
        for _ in range(2):
            printer.leave()
            service.devices_changed()
            await until(lambda: found.reasons == ("connecting-to-device",))
            printer.come_back()
            service.devices_changed()
            await until(lambda: found.reasons == ("none",))
