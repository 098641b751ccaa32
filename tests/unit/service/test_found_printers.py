"""Printers that appear by themselves: a whole service without sockets, and devices that a test plugs in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace

import pytest
from desk import NoPool, StillQueue

from tympan.config import PrinterSettings, ServerSettings, Settings
from tympan.driver import registry
from tympan.driver.contract import DeviceIdentity, DiscoveredDevice
from tympan.driver.device_id import parse_device_id
from tympan.endpoint.dispatch import operations_supported
from tympan.errors import ConfigError, DeviceNotFoundError, DevicePermissionError
from tympan.ipp import Attribute
from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.subscription import Subscription
from tympan.service import service as service_module
from tympan.service.found_printers import make_and_model, slug
from tympan.service.printer_registry import PrinterExistsError
from tympan.service.service import Service
from tympan.spool.documents import INLINE_BYTES

TM = b"MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;"
LASER = b"MFG:Hewlett-Packard;CMD:PJL,MLC,PCL,PCL5E;MDL:HP LaserJet 4050 Series ;CLS:PRINTER;"
HOST_BASED = b"MFG:Hewlett-Packard;MDL:HP LaserJet 1020;CMD:ACL;CLS:PRINTER;"


def device(uri, device_id, serial="", *, also=(), problem=""):
    identity = replace(parse_device_id(device_id), serial_number=serial)
    return DiscoveredDevice(uri, f"{identity.make} {identity.model}".strip(), identity, also, problem)


RECEIPT = device("usb://04b8:0202/J4QF01", TM, "J4QF01", also=("usb://04b8:0202", "usb://EPSON/TM-T88V"))
LASERJET = device("usb://03f0:1234/LJ1", LASER, "LJ1")


class Bus:
    """What is plugged in; also the transport ``usb:`` of it."""

    finds_printers = True
    shared = False
    back_channel = False
    open_timeout_s = 1.0
    devices: list[DiscoveredDevice]
    error: OSError | None = None
    opened = 0

    def __init__(self, uri, context):
        del context
        if "mistake" in uri:
            raise ConfigError("a mistake")
        self.uri = uri

    @classmethod
    def discover(cls):
        if cls.error is not None:
            raise cls.error
        return tuple(cls.devices)

    def open(self):
        Bus.opened += 1
        if self.error is not None:
            raise self.error
        for each in self.devices:
            if registry.names(each, self.uri):
                return each.identity
        raise DeviceNotFoundError("it is not plugged in", device_uri=self.uri)

    def close(self):
        pass


@pytest.fixture
def bus(monkeypatch):
    load = registry._load
    monkeypatch.setattr(Bus, "devices", [], raising=False)
    monkeypatch.setattr(Bus, "error", None)
    monkeypatch.setattr(Bus, "opened", 0)
    monkeypatch.setattr(
        registry, "_load", lambda group, name, what: Bus if name == "usb" else load(group, name, what)
    )
    monkeypatch.setattr(service_module, "RenderPool", NoPool)
    monkeypatch.setattr(service_module, "PrintQueue", StillQueue)
    return Bus


@pytest.fixture
def run(tmp_path, bus):
    """Run a service for a while: ``with run() as (service, do)``."""

    @contextlib.contextmanager
    def running(mode="unless-configured", *printers):
        settings = Settings(
            server=ServerSettings(
                state_dir=str(tmp_path / "state"), durability="relaxed", auto_printers=mode
            ),
            printers=printers,
        )
        with asyncio.Runner() as runner:
            service = Service(settings, operations_supported())
            runner.run(service.start())

            def plug(*devices):
                bus.devices = list(devices)
                runner.run(look(service))

            try:
                yield service, plug, runner
            finally:
                runner.run(service.close())

    async def look(service):
        service.devices_changed()
        if service.found._task is not None:
            await service.found._task

    return running


def shown(service):
    return {
        name: (
            service.device_uris[name],
            type(printer.driver).name,
            printer.profile,
            printer.identity.info,
        )
        for name, printer in service.printers.items()
    }


EPSON = ("usb://04b8:0202/J4QF01", "escpos", "tm-t88", "EPSON TM-T88V")


def test_a_printer_that_is_plugged_in_is_one(run):
    with run() as (service, plug, _):
        plug()
        assert shown(service) == {}
        plug(RECEIPT)
        assert shown(service) == {"epson-tm-t88v": EPSON}
        assert service.default_printer is service.printers["epson-tm-t88v"]
        plug(RECEIPT, LASERJET)
        assert shown(service) == {
            "epson-tm-t88v": EPSON,
            "hp-laserjet-4050-series": (
                "usb://03f0:1234/LJ1",
                "pcl",
                "laserjet-4",
                "HP LaserJet 4050 Series",
            ),
        }


def test_it_stays_when_it_is_unplugged_and_over_restarts_and_is_the_same_again(run):
    with run() as (service, plug, runner):
        plug(RECEIPT)
        printer = service.printers["epson-tm-t88v"]
        number = printer.printer_id
        runner.run(service.set_attributes.set(printer, [Attribute.text("printer-info", "Bar")]))
        plug()
        plug(RECEIPT)
        assert service.printers["epson-tm-t88v"] is printer
    with run() as (service, plug, _):
        assert shown(service) == {"epson-tm-t88v": (*EPSON[:3], "Bar")}
        plug()
        plug(RECEIPT)
        plug(RECEIPT, LASERJET)
        assert shown(service)["epson-tm-t88v"] == (*EPSON[:3], "Bar")
        assert service.printers["epson-tm-t88v"].printer_id == number
        assert service.found.is_found("epson-tm-t88v")


def test_one_whose_language_is_not_spoken_here_is_said_once(run, caplog):
    with run() as (service, plug, _), caplog.at_level(logging.WARNING):
        host_based = device("usb://03f0:2b17/X", HOST_BASED, "X")
        for _ in range(3):
            plug(host_based)
        assert shown(service) == {}
        said = [record.message for record in caplog.records if "1020" in record.message]
        assert len(said) == 1
        assert "ACL" in said[0]
        assert "not supported" in said[0]
        (remark,) = service.found.remarks
        assert "HP LaserJet 1020" in remark
        assert "ACL" in remark
        plug()
        plug(host_based)
        assert len([record for record in caplog.records if "1020" in record.message]) == 2


def test_one_that_we_may_not_open_is_taken_as_soon_as_we_may(run, caplog):
    forbidden = DiscoveredDevice("usb://04b8:0202?port=1-1", "USB printer at port 1-1", problem="we may not")
    with run() as (service, plug, _):
        plug(forbidden)
        assert shown(service) == {}
        assert "we may not" in caplog.text
        plug(RECEIPT)
        assert list(shown(service)) == ["epson-tm-t88v"]


def test_one_that_has_just_been_switched_on_is_asked_again(run, caplog):
    mute = DiscoveredDevice("usb://04b8:0202/J4QF01", "EPSON TM", DeviceIdentity(make="EPSON", model="TM"))
    with run() as (service, plug, runner), caplog.at_level(logging.WARNING):
        plug(mute)
        pauses = []
        while service.found._timer is not None:
            assert "says nothing" not in caplog.text
            pauses.append(service.found._timer.when() - service.found._timer._loop.time())
            runner.run(look_again(service))
        assert pauses == [pytest.approx(each, abs=0.5) for each in (1, 2, 4, 8)]
        assert service.found._timer is None
        assert "says nothing of itself" in caplog.text
        plug(RECEIPT)
        assert list(shown(service)) == ["epson-tm-t88v"]


@pytest.mark.parametrize(
    ("mode", "configured", "makes"),
    [
        ("unless-configured", False, True),
        ("unless-configured", True, False),
        ("always", True, True),
        ("never", False, False),
    ],
)
def test_when_they_appear(run, tmp_path, mode, configured, makes):
    laser = PrinterSettings(name="laser", device=f"file://{tmp_path}/x/", driver="pcl")
    with run(mode, *([laser] if configured else [])) as (service, plug, _):
        plug(RECEIPT)
        assert ("epson-tm-t88v" in shown(service)) is makes


@pytest.mark.parametrize("uri", ["usb://04b8:0202/J4QF01", "usb://04B8:0202", "usb://epson/TM-T88V"])
def test_a_device_that_has_a_printer_gets_no_other(run, uri):
    mine = PrinterSettings(name="mine", device=uri, driver="escpos", profile="tm-t88")
    with run("always", mine) as (service, plug, _):
        plug(RECEIPT, LASERJET)
        assert set(shown(service)) == {"mine", "hp-laserjet-4050-series"}


def test_two_equal_ones_have_names_of_their_own(run):
    ports = [device(f"usb://04b8:0202?port=1-1.{port}", TM) for port in (2, 3)]
    with run() as (service, plug, _):
        plug(*ports)
        assert {name: each[0] for name, each in shown(service).items()} == {
            "epson-tm-t88v": "usb://04b8:0202?port=1-1.2",
            "epson-tm-t88v-2": "usb://04b8:0202?port=1-1.3",
        }
        assert service.printers["epson-tm-t88v-2"].identity.info == "EPSON TM-T88V 2"


def test_one_without_a_serial_number_may_be_plugged_in_elsewhere(run):
    at = {port: device(f"usb://04b8:0202?port=1-1.{port}", TM) for port in (2, 3, 4, 5)}
    with run() as (service, plug, _):
        plug(at[2])
        printer = service.printers["epson-tm-t88v"]
        job = service.jobs.new_job(printer, name="x", user="u", language="en", template=b"")
        job.state = JobState.PROCESSING_STOPPED
        plug()
        plug(at[4])
        assert shown(service) == {"epson-tm-t88v": ("usb://04b8:0202?port=1-1.4", *EPSON[1:])}
        plug(at[4], at[2])  # another one
        assert {name: each[0][-1] for name, each in shown(service).items()} == {
            "epson-tm-t88v": "4",
            "epson-tm-t88v-2": "2",
        }
        plug(at[2])
        plug(at[2], at[3])  # the first is back, elsewhere
        plug()
        plug(at[5])  # which of the two it is, nobody can say
        assert {name: each[0][-1] for name, each in shown(service).items()} == {
            "epson-tm-t88v": "3",
            "epson-tm-t88v-2": "2",
            "epson-tm-t88v-3": "5",
        }
    with run() as (service, _, _):
        assert shown(service)["epson-tm-t88v"][0] == "usb://04b8:0202?port=1-1.3"


def test_a_job_that_waits_for_its_printer_goes_on_where_that_is_plugged_in(run):
    with run() as (service, plug, _):
        plug(device("usb://04b8:0202?port=1-1.2", TM))
        printer = service.printers["epson-tm-t88v"]
        job = service.jobs.new_job(printer, name="x", user="u", language="en", template=b"")
        printer.add(job)
        job.move(JobState.PROCESSING, now=1, date=1)
        job.move(JobState.PROCESSING_STOPPED, now=1, date=1, reasons=("printer-stopped",))
        printer.device_stopped(("connecting-to-device",), "it is not plugged in")
        plug()
        plug(device("usb://04b8:0202?port=1-1.4", TM))
        assert job.state is JobState.PENDING
        assert printer.reasons == ("none",)


def test_one_that_is_removed_stays_away_until_it_is_plugged_in_anew(run):
    with run() as (service, plug, runner):
        plug(RECEIPT, LASERJET)
        runner.run(service.remove_printer(service.printers["epson-tm-t88v"]))
        plug(RECEIPT, LASERJET)
        assert list(shown(service)) == ["hp-laserjet-4050-series"]
    with run() as (service, plug, _):
        plug(RECEIPT, LASERJET)
        assert list(shown(service)) == ["hp-laserjet-4050-series"]
        plug(LASERJET)
        plug(RECEIPT, LASERJET)
        assert set(shown(service)) == {"hp-laserjet-4050-series", "epson-tm-t88v"}


def test_a_look_that_fails_forgets_nothing(run, bus):
    with run() as (service, plug, runner):
        plug(RECEIPT)
        runner.run(service.remove_printer(service.printers["epson-tm-t88v"]))
        bus.error = OSError("no bus")
        plug()
        bus.error = None
        plug(RECEIPT)
        assert shown(service) == {}


def test_one_that_made_itself_makes_room_for_one_that_somebody_made(run):
    mine = PrinterSettings(name="bar", device="usb://04b8:0202", driver="auto")
    with run() as (service, plug, runner):
        plug(RECEIPT)
        runner.run(service.add_printer(mine))
        assert set(shown(service)) == {"epson-tm-t88v", "bar"}
        assert service.printers["bar"].profile == "tm-t88", "it was asked while it was held"
        printer = service.printers["epson-tm-t88v"]
        job = service.jobs.new_job(printer, name="x", user="u", language="en", template=b"")
        printer.add(job)
        plug(RECEIPT)
        assert set(shown(service)) == {"epson-tm-t88v", "bar"}, "it has a job"
        runner.run(cancel(service, printer, job))
        plug(RECEIPT)
        assert set(shown(service)) == {"bar"}
        runner.run(service.remove_printer(service.printers["bar"]))
        plug()
        plug(RECEIPT)
        assert set(shown(service)) == {"epson-tm-t88v"}


async def look_again(service):
    service.found._cancel_timer()
    service.found._look_again()
    await service.found._task


async def cancel(service, printer, job):
    service.jobs.cancel(printer, job)


# --- printers of the configuration whose driver the device says ------------------------------------------------------------

AUTO = PrinterSettings(name="receipt", device="usb://04b8:0202/J4QF01", driver="auto")


def test_a_printer_that_waits_has_its_name(run):
    file = PrinterSettings(name="receipt", device="file:///dev/null", driver="escpos", profile="generic-80mm")
    with run("never", AUTO) as (service, plug, runner):
        with pytest.raises(PrinterExistsError, match="appears when its device does"):
            runner.run(service.add_printer(file))
        plug(RECEIPT)
        with pytest.raises(PrinterExistsError, match="already"):
            runner.run(service.add_printer(file))


def test_one_that_says_nothing_is_not_opened_again_and_again(run, bus):
    """That takes it from the kernel's driver and gives it back, which looks like a printer that comes."""
    bus.devices = [device(AUTO.device, b"", "J4QF01")]
    with run("never", AUTO) as (service, plug, runner):
        plug(*bus.devices)
        pauses = []
        for _ in range(6):
            pauses.append(service.found._timer.when() - service.found._timer._loop.time())
            runner.run(look_again(service))
        assert pauses == [pytest.approx(each, abs=0.5) for each in (1, 2, 4, 8, 30, 30)]
        assert bus.opened == 0
        plug(replace(bus.devices[0], problem="another program has it"))
        assert bus.opened == 0
        plug(RECEIPT)
        assert set(shown(service)) == {"receipt"}


@pytest.mark.parametrize("error", [None, DevicePermissionError("we may not")])
def test_a_printer_that_was_never_there_waits_and_appears(run, bus, caplog, error):
    bus.error = error
    with run("unless-configured", AUTO) as (service, plug, _):
        assert shown(service) == {}
        assert "printer receipt appears when its device does" in caplog.text
        assert service.found.remarks == ["The printer receipt appears when its device is there."]
        plug()
        assert shown(service) == {}
        bus.error = None
        plug(LASERJET)
        assert shown(service) == {}
        plug(LASERJET, RECEIPT)
        assert shown(service) == {"receipt": ("usb://04b8:0202/J4QF01", "escpos", "tm-t88", "receipt")}
        assert service.default_printer is service.printers["receipt"]
        assert service.found.remarks == []


@pytest.mark.parametrize("uri", [AUTO.device, "usb://04b8:0202"])
def test_what_keeps_a_printer_from_being_made_is_said_once_and_for_as_long_as_it_is_so(run, caplog, uri):
    with run("always", replace(AUTO, device=uri)) as (service, plug, _):
        wrong = device(AUTO.device, HOST_BASED, "J4QF01", also=("usb://04b8:0202",))
        plug(wrong)
        plug(wrong)
        assert caplog.text.count("printer receipt cannot be made: ") == 1
        assert any("cannot be made" in remark for remark in service.found.remarks)
        plug()
        assert service.found.remarks == ["The printer receipt appears when its device is there."]
        plug(wrong)
        plug(RECEIPT)
        assert list(service.printers) == ["receipt"]
        assert service.found.remarks == []


def test_a_printer_that_was_there_once_is_there_from_the_start(run, bus):
    with run("never", AUTO) as (service, plug, _):
        plug(RECEIPT)
        number = service.printers["receipt"].printer_id
        plug()
    bus.devices = []
    with run("never", AUTO) as (service, _, _):
        assert shown(service) == {"receipt": ("usb://04b8:0202/J4QF01", "escpos", "tm-t88", "receipt")}
        assert service.printers["receipt"].printer_id == number
    with run("never", replace(AUTO, device="usb://04b8:0202/OTHER")) as (service, _, _):
        assert shown(service) == {}, "it was another device"


UNREAD = replace(
    device("usb://04b8:0202?port=1-1", TM, also=("usb://04b8:0202",), problem="cannot be read"), settles=True
)
"""One whose serial number cannot be read."""


def test_one_whose_serial_number_cannot_be_read_yet_is_asked_again(run):
    """The event of its coming is the only one: nobody else would look."""
    with run() as (service, plug, _):
        plug(UNREAD)
        assert shown(service) == {}
        assert len(service.found.remarks) == 1
        assert service.found._timer is not None
        plug(RECEIPT)
        assert shown(service) == {"epson-tm-t88v": EPSON}
        assert service.found.remarks == []


def test_one_whose_serial_number_cannot_be_read_at_all_is_known_by_its_port(run):
    with run() as (service, plug, runner):
        plug(UNREAD)
        for _ in range(4):
            assert shown(service) == {}
            runner.run(look_again(service))
        assert shown(service) == {"epson-tm-t88v": (UNREAD.device_uri, *EPSON[1:])}
        assert service.found.remarks == []
        plug(UNREAD)
        assert len(service.printers) == 1


def test_one_whose_serial_number_cannot_be_read_may_be_one_that_is_away(run):
    with run() as (service, plug, runner):
        plug(RECEIPT)
        plug()
        plug(UNREAD)
        for _ in range(5):
            with contextlib.suppress(AttributeError):
                runner.run(look_again(service))
        assert shown(service) == {"epson-tm-t88v": EPSON}
        assert len(service.found.remarks) == 1


def test_one_whose_serial_number_cannot_be_read_may_be_somebody_s_own_that_is_away(run):
    own = PrinterSettings(name="mine", device=RECEIPT.device_uri, driver="escpos", profile="tm-t88")
    with run("always", own) as (service, plug, runner):
        plug(UNREAD)
        for _ in range(5):
            with contextlib.suppress(AttributeError):
                runner.run(look_again(service))
        assert set(service.printers) == {"mine"}


def test_one_that_is_known_by_its_port_for_want_of_a_serial_number_may_be_plugged_in_elsewhere(run):
    elsewhere = replace(UNREAD, device_uri="usb://04b8:0202?port=1-4")
    with run() as (service, plug, runner):
        for there in (UNREAD, elsewhere):
            plug()
            plug(there)
            for _ in range(4):
                runner.run(look_again(service))
        assert shown(service) == {"epson-tm-t88v": (elsewhere.device_uri, *EPSON[1:])}


def test_who_waits_for_no_usb_printer_does_not_look_for_one(run, monkeypatch):
    serial = PrinterSettings(name="serial", device="serial:///dev/ttyNONE", driver="auto")
    with run("never", serial) as (service, _, runner):
        tried = []

        async def seen(printer):
            tried.append(printer.name)

        monkeypatch.setattr(service.found, "_try", seen)
        monkeypatch.setattr(registry, "discover_printers", lambda: 1 / 0)
        runner.run(service.found.look())
        assert tried == ["serial"]


def test_one_whose_serial_number_cannot_be_read_has_the_driver_that_it_asks_for(run, bus):
    bus.devices = [UNREAD]
    with run("never", replace(AUTO, device="usb://04b8:0202")) as (service, _, _):
        assert shown(service)["receipt"][1:3] == ("escpos", "tm-t88")
        assert bus.opened == 0


def test_what_our_own_trying_brings_about_is_no_reason_to_try_again(run, bus, monkeypatch):
    """A URI that names no device in the words of the list: it has to be opened, which shows as a device that goes and comes."""
    told = []

    def close(_transport):
        bus.closed += 1
        for tell in told:
            loop.call_soon_threadsafe(tell)

    monkeypatch.setattr(bus, "closed", 0, raising=False)
    monkeypatch.setattr(bus, "close", close)
    bus.devices = [RECEIPT]
    waiting = replace(AUTO, device="usb://04b8:0202/J4QF01?port=1-1")
    with run("never", waiting) as (service, plug, runner):
        loop = runner.get_loop()
        told.append(service.devices_changed)
        before = bus.closed
        plug(RECEIPT)
        runner.run(asyncio.sleep(0.3))
        assert bus.closed == before + 1
        plug(RECEIPT, LASERJET)
        runner.run(asyncio.sleep(0.3))
        assert bus.closed == before + 2


@pytest.fixture
def spooled(run, bus, tmp_path):
    """A job that waits and one that is done, with their documents, and who has subscribed to the printer and to the first; then it is off."""
    bus.devices = [RECEIPT]
    with run("never", AUTO) as (service, _, runner):
        printer = service.printers["receipt"]
        jobs = []
        for name in ("waiting", "done"):
            job = service.jobs.new_job(printer, name=name, user="u", language="en", template=b"")
            document = Document(0, "application/vnd.escpos")
            intake = service.jobs.begin_document(printer, job, document, last=True)
            runner.run(receive(intake, bytes(INLINE_BYTES + 1)))
            jobs.append(job)
        waiting, done = jobs
        done.move(JobState.PROCESSING, now=1, date=1)
        service.jobs.end(printer, done, JobState.COMPLETED, ("job-completed-successfully",), "")
        subscribed = [
            Subscription(printer="receipt", job_id=job_id, uri="", user="u", events=("job-completed",))
            for job_id in (0, waiting.job_id)
        ]
        for subscription in subscribed:
            service.subscriptions.subscribe(subscription)
        runner.run(service.subscriptions.keep(subscribed))
        assert len(list((tmp_path / "state/spool").glob("0*-*"))) == 2
    bus.devices = []
    return [each.subscription_id for each in subscribed]


OTHER = device("usb://04b8:0202/OTHER", TM, "OTHER")


async def receive(intake, data):
    await intake.write(data)
    await intake.finish()


@pytest.mark.parametrize("comes_after_s", [0, 10_000])
def test_jobs_of_a_printer_that_waits_for_its_device_wait_with_it(
    run, spooled, tmp_path, monkeypatch, comes_after_s
):
    """Its device was changed in the configuration, and is away when the service starts."""
    with run("never", replace(AUTO, device=OTHER.device_uri)) as (service, plug, _):
        assert shown(service) == {}
        assert service.jobs.last_job_id >= 2
        assert service.jobs.documents.budget.used == 2 * (INLINE_BYTES + 1)
        up_time = service.clock.up_time
        monkeypatch.setattr(service.clock, "up_time", lambda: up_time() + comes_after_s)
        plug(OTHER)
        printer = service.printers["receipt"]
        assert [job.name for job in printer.active.values()] == ["waiting"]
        assert {job.name: job.state for job in printer.jobs.values()} == {
            "waiting": JobState.PENDING,
            "done": JobState.COMPLETED,
        }
        kept = 1 if comes_after_s else 2
        assert service.jobs.documents.budget.used == kept * (INLINE_BYTES + 1)
        assert len(list((tmp_path / "state/spool").glob("0*-*"))) == kept
        of_printer, of_job = (service.subscriptions.get(each, "receipt") for each in spooled)
        assert service.subscriptions.is_there(of_printer)
        assert service.subscriptions.is_there(of_job)


def test_what_is_subscribed_to_a_printer_that_is_no_more_ends(run, spooled):
    with run("never") as (service, _, _):
        assert [service.subscriptions.get(each, "receipt") for each in spooled] == [None, None]


def test_one_that_says_nothing_yet_keeps_no_other_from_printing(run, bus):
    """As a laser that is still warming up when the machine has started."""
    mute = device(AUTO.device, b"", "J4QF01")
    file = PrinterSettings(name="file", device="file:///dev/null", driver="escpos", profile="generic-80mm")
    bus.devices = [mute]
    with run("never", AUTO, file) as (service, plug, _):
        assert list(shown(service)) == ["file"]
        plug(RECEIPT)
        assert set(shown(service)) == {"file", "receipt"}
    bus.devices = [mute]
    with run("never", AUTO, file) as (service, _, _):
        assert shown(service)["receipt"][2] == "tm-t88", "it said so once"


def test_what_was_said_of_a_device_is_not_said_once_somebody_has_given_it_a_printer(run):
    with run("always") as (service, plug, runner):
        unknown = device("usb://1234:0001/X1", b"MFG:No;MDL:Name;CMD:NOTHING;", "X1")
        plug(unknown)
        assert len(service.found.remarks) == 1
        mine = PrinterSettings(
            name="bar", device="usb://1234:0001/X1", driver="escpos", profile="generic-80mm"
        )
        runner.run(service.add_printer(mine))
        plug(unknown)
        assert service.found.remarks == []


def twin(port, uri):
    """One of two whose maker forgot to count: both say the same of themselves, and only the port tells them apart."""
    also = ("usb://04b8:0202", "usb://04b8:0202/J4QF01", f"usb://04b8:0202?port={port}")
    return device(uri, TM, "J4QF01", also=also)


ALONE = twin("1-2", "usb://04b8:0202/J4QF01")
BOTH = [twin("1-1", "usb://04b8:0202?port=1-1"), twin("1-2", "usb://04b8:0202?port=1-2")]


@pytest.mark.parametrize("comes", ["beside it", "while the service is off", "when both are switched on"])
def test_one_that_comes_with_the_serial_number_of_another_is_a_printer_of_its_own(run, comes):
    with run() as (service, plug, _):
        plug(ALONE)
        number = service.printers["epson-tm-t88v"].printer_id
        if comes == "when both are switched on":
            plug()
        if comes != "while the service is off":
            plug(*BOTH)
    for _ in range(2):
        with run() as (service, plug, _):
            plug(*BOTH)
            assert {name: uri for name, (uri, *_) in shown(service).items()} == {
                "epson-tm-t88v": "usb://04b8:0202?port=1-2",
                "epson-tm-t88v-2": "usb://04b8:0202?port=1-1",
            }
            assert service.printers["epson-tm-t88v"].printer_id == number
            plug(BOTH[1])


def test_one_that_was_plugged_in_elsewhere_before_its_twin_came_is_the_one_there(run):
    with run() as (service, plug, _):
        plug(ALONE)
        plug()
        plug(twin("1-1", ALONE.device_uri))
        plug(*BOTH)
        assert shown(service)["epson-tm-t88v"][0] == "usb://04b8:0202?port=1-1"


@pytest.mark.parametrize("canceled", [True, False])
def test_a_job_in_print_whose_printer_moves_goes_on_and_a_canceled_one_has_ended(run, canceled):
    with run() as (service, plug, runner):
        plug(ALONE)
        printer = service.printers["epson-tm-t88v"]
        job = service.jobs.new_job(printer, name="x", user="u", language="en", template=b"")
        printer.add(job)
        printer.begins(job, "")
        job.move(JobState.PROCESSING, now=1, date=1)
        if canceled:
            runner.run(cancel(service, printer, job))
            assert job.state is JobState.PROCESSING, "the queue ends it"
        plug(*BOTH)
        assert service.device_uris["epson-tm-t88v"].endswith("1-2")
        assert job.state is (JobState.CANCELED if canceled else JobState.PENDING)


async def arriving(service):
    """A job that prints while it arrives: it, and what receives it."""
    printer = service.printers["epson-tm-t88v"]
    job = service.jobs.new_job(printer, name="x", user="u", language="en", template=b"")
    intake = service.jobs.begin_document(printer, job, Document(0, "application/vnd.escpos"), last=True)
    await intake.write(b"one")
    intake._takes_long()  # as after some time
    await intake._streaming
    printer.begins(job, "")
    job.move(JobState.PROCESSING, now=1, date=1)
    return job, intake


def test_a_job_that_arrives_while_its_printer_moves_prints_once_it_is_there(run):
    with run() as (service, plug, runner):
        plug(ALONE)
        job, intake = runner.run(arriving(service))
        plug(*BOTH)
        assert job.state is JobState.PENDING_HELD
        runner.run(intake.finish())
        assert (job.state, job.reasons) == (JobState.PENDING, ())
        (feed,) = runner.run(service.jobs.open_documents(job))
        assert feed.size == 3
        feed.close()


def test_a_job_that_broke_off_while_its_printer_was_away_ends(run):
    with run() as (service, plug, runner):
        plug(ALONE)
        job, intake = runner.run(arriving(service))
        intake.abort(ConnectionError())
        assert job.state is JobState.PROCESSING, "its queue ends it"
        service.printers["epson-tm-t88v"].ends()  # as the queue that is closed
        plug(*BOTH)
        assert job.state is JobState.ABORTED
        assert "job-data-insufficient" in job.reasons


def test_what_is_subscribed_to_a_job_that_arrives_stays_when_another_printer_appears(run):
    file = PrinterSettings(name="file", device="file:///dev/null", driver="escpos", profile="generic-80mm")
    with run("never", AUTO, file) as (service, plug, _):
        job = service.jobs.new_job(service.printers["file"], name="x", user="u", language="en", template=b"")
        mine = Subscription(printer="file", job_id=job.job_id, uri="", user="u", events=("job-completed",))
        service.subscriptions.subscribe(mine)
        plug(RECEIPT)
        assert set(service.printers) == {"file", "receipt"}
        kept = service.subscriptions.get(mine.subscription_id, "file")
        assert kept is not None
        assert service.subscriptions.is_there(kept)


def test_a_printer_that_is_removed_while_it_moves_is_not_one_that_was_found(run):
    with run() as (service, plug, runner):
        plug(ALONE)
        printer = service.printers["epson-tm-t88v"]

        async def both():
            async with service._adding:
                removal = asyncio.create_task(service.remove_printer(printer))
                await asyncio.sleep(0)
                moving = asyncio.create_task(service.found._move("epson-tm-t88v", BOTH[1]))
                await asyncio.sleep(0)
            await asyncio.gather(removal, moving)

        runner.run(both())
        assert not service.found.is_found("epson-tm-t88v")
        assert not service.printers


def test_a_look_that_fails_for_a_reason_of_ours_is_not_the_last(run, monkeypatch):
    with run("never", AUTO) as (service, _, runner):
        monkeypatch.setattr(service.found, "_try", lambda _printer: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            runner.run(service.found.look())
        assert service.found._timer is not None


def test_a_name_is_not_given_anew_before_the_printer_that_had_it_is_gone(run, monkeypatch):
    with run("never") as (service, _, runner):
        first = PrinterSettings(
            name="bar", device="file:///dev/null", driver="escpos", profile="generic-80mm"
        )
        runner.run(service.add_printer(first))
        letting_go = asyncio.Event()

        async def close(_queue):
            await letting_go.wait()

        async def both():
            monkeypatch.setattr(StillQueue, "close", close)
            removal = asyncio.create_task(service.remove_printer(service.printers["bar"]))
            await asyncio.sleep(0)
            making = asyncio.create_task(service.add_printer(first))
            await asyncio.sleep(0.05)
            letting_go.set()
            await asyncio.gather(removal, making)

        runner.run(both())
        assert set(service.printers) == set(service._queues) == set(service.device_uris) == {"bar"}


def test_a_device_that_no_driver_knows_is_a_mistake_of_the_configuration(run, bus):
    bus.devices = [device(AUTO.device, HOST_BASED, "J4QF01")]
    with pytest.raises(ConfigError, match="no driver knows"), run("never", AUTO):
        pass


@pytest.mark.parametrize(
    "device_id",
    [
        b"MFG:" + b"E" * 4000 + b";CMD:ESC/POS;MDL:" + b"T" * 4000 + b";",
        b"MFG:\xff\xfe;CMD:ESC/POS;MDL:\x1b[2J;",
        b"MFG:../../etc;CMD:ESC/POS;MDL:%s%n;",
        b"CMD:ESC/POS;MDL:;MFG:;",
    ],
)
def test_a_device_may_say_anything_of_itself(run, device_id):
    with run() as (service, plug, _):
        plug(device("usb://dead:beef?port=1-1", device_id), RECEIPT)
        assert len(service.printers) == 2
        for printer in service.printers.values():
            assert printer.identity.info.isprintable()
            assert len(printer.identity.info.encode()) <= 127


# --- names --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "model", "info", "name"),
    [
        ("EPSON", "TM-T88V", "EPSON TM-T88V", "epson-tm-t88v"),
        ("Hewlett-Packard", "HP LaserJet 4050 Series ", "HP LaserJet 4050 Series", "hp-laserjet-4050-series"),
        ("HP", "HP LaserJet 1320", "HP LaserJet 1320", "hp-laserjet-1320"),
        ("", "POS-80", "POS-80", "pos-80"),
        ("Брат", "", "Брат", "printer"),
        ("A" * 60, "B", f"{'A' * 60} B", "a" * 40),
        ("--", "/../", "-- /../", "printer"),
        ("Ü" * 500, "T" * 70_000, "Ü" * 50, "printer"),
    ],
)
def test_what_it_is_called(make, model, info, name):
    assert make_and_model(DeviceIdentity(make=make, model=model)) == info
    assert slug(info) == name
