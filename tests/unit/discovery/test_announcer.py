"""When printers are announced, under which names, and that nothing of it stops the service."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import pytest
from desk import open_desk, settings

from tympan.config import DiscoverySettings
from tympan.discovery import announcer as module
from tympan.discovery import responder
from tympan.discovery.announcer import Announcer
from tympan.discovery.links import LinkTable
from tympan.discovery.netlink import AddressMessage, LinkMessage

EVERYWHERE = [("::", 631)]
UP = 0x1 | 0x40 | 0x1000


class Watch:
    """The links that a test says there are."""

    refused = False

    def __init__(self, on_change):
        self.on_change = on_change
        self.table = None
        Watch.last = self

    def start(self):
        if Watch.refused:
            raise PermissionError(1, "Operation not permitted")
        self.table = LinkTable()
        self.add("eth0", 2, "192.0.2.5")

    def add(self, name, index, *addresses):
        self.table.apply(LinkMessage(index, name, UP))
        for each in addresses:
            self.table.apply(AddressMessage(index, ip_address(each), 0, 0))
        self.on_change()

    def stop(self):
        pass


class Responder:
    """What a link's responder is told."""

    open_ones: ClassVar[list[Responder]] = []
    taken: ClassVar[set[str]] = set()
    broken: ClassVar[set[str]] = set()
    keepers: ClassVar[dict[str, str]] = {}

    def __init__(self, link, own, on_news):
        self.link, self.own, self.on_news = link, own, on_news
        self.lost, self.keeper, self.knows_keeper = set(), "", False
        self.published, self.rounds, self.probed, self.host = {}, 0, [], ""

    async def open(self):
        if self.link.name in Responder.broken:
            raise OSError(98, "Address already in use")
        Responder.open_ones.append(self)

    async def close(self, *, farewell):
        self.farewell = farewell
        Responder.open_ones.remove(self)

    async def find_keeper(self):
        self.keeper, self.knows_keeper = Responder.keepers.get(self.link.name, ""), True

    async def probe(self, publications, host):
        self.probed += [each.instance for each in publications]
        names = {host.lower()} | {
            f"{each.instance}.{service.type}.local".lower()
            for each in publications
            for service in each.services
        }
        self.lost |= names & Responder.taken

    def publish(self, publications, host):
        self.published, self.host = dict(publications), host
        self.rounds += 1


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    for name, value in (("open_ones", []), ("taken", set()), ("broken", set()), ("keepers", {})):
        monkeypatch.setattr(Responder, name, value)
    monkeypatch.setattr(Watch, "refused", False)
    monkeypatch.setattr(module, "LinkWatch", Watch)
    monkeypatch.setattr(responder, "LinkResponder", Responder)
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0)
    monkeypatch.setattr(module, "SETTLE_S", 0)
    monkeypatch.setattr(module, "PAUSE_S", 0)
    monkeypatch.setattr(module, "RETRY_S", (0.01,))


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


def names(service):
    return {printer.name: printer.dns_sd_name for printer in service.printers.values()}


def kept(service):
    """What the store has of the laser's name; it is written a little later."""
    return dict(service.store.records("dns-sd-name")).get("laser", b"")


async def until(true):
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 — what is waited for has no event
            await asyncio.sleep(0.001)


def announcing(desk, scenario, listening=EVERYWHERE, **discovery):
    """Run `scenario(announcer)` while printers are announced."""

    async def run():
        made = Announcer(desk.service, with_discovery(desk, **discovery), listening)
        made.start()
        try:
            await scenario(made)
        finally:
            await made.stop()

    desk.runner.run(run())


def with_discovery(desk, **discovery):
    state = Path(desk.service.store._path).parent.parent
    base = settings(state)
    return replace(
        base, server=replace(base.server, name="shop.local"), discovery=DiscoverySettings(**discovery)
    )


def published():
    return {name: each.instance for one in Responder.open_ones for name, each in one.published.items()}


def test_every_printer_is_announced_and_takes_leave(desk):
    seen = []

    async def scenario(_):
        await until(published)
        seen.append(published())
        seen.extend(Responder.open_ones)

    announcing(desk, scenario)
    assert seen[0] == names(desk.service) == {"receipt": "receipt @ shop", "laser": "laser @ shop"}
    assert seen[1].farewell
    assert Responder.open_ones == []


@pytest.mark.parametrize(
    ("listening", "discovery"),
    [([("127.0.0.1", 631)], {}), ([("::1", 631)], {}), (EVERYWHERE, {"enabled": False})],
)
def test_nothing_is_announced(desk, listening, discovery):
    before = names(desk.service)

    async def scenario(_):
        await asyncio.sleep(0.02)
        assert Responder.open_ones == []

    announcing(desk, scenario, listening, **discovery)
    assert names(desk.service) == before


def test_a_taken_name_becomes_another_in_all_its_services_and_is_kept(desk, caplog):
    Responder.taken = {"laser @ shop._http._tcp.local", "laser @ shop (2)._printer._tcp.local"}
    generation = desk.service.printers["laser"].generation

    async def scenario(_):
        await until(published)

    announcing(desk, scenario)
    assert names(desk.service) == {"receipt": "receipt @ shop", "laser": "laser @ shop (3)"}
    assert desk.service.printers["laser"].generation > generation
    assert "another printer here is called 'laser @ shop'" in caplog.text
    Responder.taken = set()
    desk.runner.run(until(lambda: b"(3)" in kept(desk.service)))
    desk.service.printers["laser"].announced_as("laser")
    announcing(desk, scenario)
    assert names(desk.service)["laser"] == "laser @ shop (3)"


def test_a_kept_name_goes_with_the_wish_it_came_from(desk):
    Responder.taken = {"laser @ shop._ipp._tcp.local"}

    async def scenario(_):
        await until(published)

    announcing(desk, scenario)
    laser = desk.service.printers["laser"]
    laser.identity = replace(laser.identity, info="Office")
    announcing(desk, scenario)
    assert laser.dns_sd_name == "Office"


def test_two_printers_of_one_name_are_told_apart(desk):
    for printer in desk.service.printers.values():
        printer.identity = replace(printer.identity, info="Twin")

    async def scenario(_):
        await until(published)

    announcing(desk, scenario)
    assert sorted(names(desk.service).values()) == ["Twin", "Twin (2)"]


def test_a_taken_host_name(desk):
    Responder.taken = {"shop.local"}
    hosts = []

    async def scenario(_):
        await until(published)
        hosts.extend(one.host for one in Responder.open_ones)
        (each,) = {
            service.txt["adminurl"]
            for one in Responder.open_ones
            for name, publication in one.published.items()
            for service in publication.services
            if "adminurl" in service.txt and name == "laser"
        }
        hosts.append(each.split("/")[2])

    announcing(desk, scenario)
    assert hosts == ["shop-2.local", "shop-2.local:631"]


def test_the_keepers_name_of_the_host_is_used(desk):
    Responder.keepers = {"eth0": "till.local"}
    hosts = []

    async def scenario(_):
        await until(published)
        hosts.extend(one.host for one in Responder.open_ones)

    announcing(desk, scenario)
    assert hosts == ["till.local"]


def test_links_come_and_go(desk):
    async def scenario(_):
        await until(published)
        first = Responder.open_ones[0]
        Watch.last.add("wlan0", 3, "198.51.100.7")
        await until(
            lambda: len(Responder.open_ones) == 2 and all(each.published for each in Responder.open_ones)
        )
        assert Responder.open_ones[0] is first  # what has not changed is left alone
        assert [each.link.name for each in Responder.open_ones] == ["eth0", "wlan0"]
        Watch.last.add("eth0", 2, "192.0.2.6")
        await until(lambda: first not in Responder.open_ones and len(Responder.open_ones) == 2)
        assert not first.farewell  # the printers are there still
        renewed = Responder.open_ones[-1]
        await until(lambda: renewed.published)
        assert renewed.probed == []  # it is the same link
        Watch.last.table.apply(LinkMessage(2, "eth0", UP, gone=True))
        Watch.last.on_change()
        await until(lambda: renewed not in Responder.open_ones)
        assert renewed.farewell

    announcing(desk, scenario)


def test_printers_come_and_go(desk):
    service = desk.service

    async def scenario(_):
        await until(published)
        laser = service.printers.pop("laser")
        service.events.emit("printer-deleted", laser)
        await until(lambda: set(published()) == {"receipt"})
        await until(lambda: [key for key, _ in service.store.records("dns-sd-name")] == ["receipt"])
        service.printers["laser"] = laser
        service.events.emit("printer-created", laser)
        await until(lambda: set(published()) == {"receipt", "laser"})

    announcing(desk, scenario)


def test_changes_of_a_printer_are_followed_and_jobs_are_not(desk):
    async def scenario(_):
        await until(published)
        await asyncio.sleep(0.01)
        one = Responder.open_ones[0]
        rounds = one.rounds
        desk.service.events.emit("job-created", desk.service.printers["laser"])
        await asyncio.sleep(0.01)
        assert one.rounds == rounds
        desk.service.events.emit("printer-config-changed", desk.service.printers["laser"])
        await until(lambda: one.rounds > rounds)

    announcing(desk, scenario)


def test_what_fails_is_said_once_and_tried_again(desk, caplog):
    caplog.set_level(logging.INFO)
    Responder.broken = {"eth0"}

    async def scenario(_):
        await asyncio.sleep(0.1)
        assert not published()
        Responder.broken = set()
        await until(published)

    announcing(desk, scenario)
    said = [record.message for record in caplog.records if "cannot be announced on eth0" in record.message]
    assert said == ["printers cannot be announced on eth0: Address already in use; it is tried again"]
    assert "announced on eth0: 'receipt @ shop', 'laser @ shop'" in caplog.text


def test_without_netlink_it_is_said_once_and_tried_again(desk, caplog):
    Watch.refused = True

    async def scenario(_):
        await asyncio.sleep(0.1)
        Watch.refused = False
        await until(published)

    announcing(desk, scenario)
    assert caplog.text.count("the network's links cannot be watched: Operation not permitted") == 1


def test_a_fault_of_its_own_is_no_end(desk, caplog, monkeypatch):
    faults = [RuntimeError("broken"), RuntimeError("broken")]
    publish = Responder.publish

    def faulty(self, *arguments):
        if faults:
            raise faults.pop()
        publish(self, *arguments)

    monkeypatch.setattr(Responder, "publish", faulty)

    async def scenario(_):
        await until(published)

    announcing(desk, scenario)
    assert caplog.text.count("printers cannot be announced: RuntimeError('broken')") == 1


def test_a_name_lost_later_is_replaced(desk):
    async def scenario(_):
        await until(published)
        (one,) = Responder.open_ones
        one.lost.add("laser @ shop._ipp._tcp.local")
        one.on_news()
        await until(lambda: published()["laser"] == "laser @ shop (2)")
        assert "laser @ shop (2)" in one.probed

    announcing(desk, scenario)
