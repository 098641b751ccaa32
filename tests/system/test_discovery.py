"""Printers are found: by avahi, by zeroconf, by CUPS, in a local network of namespaces that this test makes itself."""

from __future__ import annotations

import http.client
import json
import re
import sys
import time

import pytest
from mdns import Ear, announcement, ask_alone
from network import Lan, wait_until, why_not
from processes import Cupsd, Tympan
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tympan.ipp import Attribute, AttributeGroup, GroupTag, Message, Operation, decode, encode

REASON = why_not()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

PORT = 8631

CONFIG = """
[server]
listen = ["{listen}"]
state_dir = "{{state}}"
location = "Shop floor"

{discovery}

[[printers]]
name = "receipt"
info = "Counter receipts"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
default = true

[[printers]]
name = "laser"
info = "Büro 2.OG"
device = "sim://laser?speed=max"
driver = "pcl"
profile = "generic-pcl5e-duplex"
"""

TYPES = ("_printer._tcp", "_ipp._tcp", "_ipps._tcp", "_http._tcp")
SUBTYPES = tuple(
    f"{sub}._sub.{kind}" for sub in ("_print", "_universal") for kind in ("_ipp._tcp", "_ipps._tcp")
)
NAMES = {"receipt": "Counter receipts", "laser": "Büro 2 OG"}


class Shop(Tympan):
    """A service on a host of the network."""

    def __init__(self, host, folder, listen=f"[::]:{PORT}", discovery=""):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, CONFIG.format(listen=listen, discovery=discovery))
        self.host = host
        self.port = PORT

    def start(self):
        self.state.mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._text.replace("{state}", str(self.state)))
        before = self.said()
        self.process = self.host.start(
            sys.executable, "-m", "tympan.cli.main", "serve", "--config", str(self._config), log=self.log
        )
        taken = wait_until(lambda: self.host.listens(PORT), what="the service")
        self._said_before = len(before)
        return taken

    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    def announced(self, timeout_s=15):
        return wait_until(lambda: "announced on" in self.said()[self._said_before :], timeout_s, "announced")

    def ask(self, printer, host=""):
        """The printer's attributes, by IPP over HTTP; `host` is what the client calls this one."""
        host = host or f"{self.host.name}.local"
        with self.host.socket(kind=1) as tcp:
            tcp.settimeout(10)
            tcp.connect(("127.0.0.1", PORT))
            connection = http.client.HTTPConnection(host, PORT)
            connection.sock = tcp
            request = Message(
                version=(2, 0),
                code=Operation.GET_PRINTER_ATTRIBUTES,
                request_id=1,
                groups=[
                    AttributeGroup(
                        GroupTag.OPERATION,
                        [
                            Attribute.charset("attributes-charset", "utf-8"),
                            Attribute.language("attributes-natural-language", "en"),
                            Attribute.uri("printer-uri", f"ipp://{host}:{PORT}/ipp/print/{printer}"),
                        ],
                    )
                ],
            )
            connection.request("POST", "/ipp/print", encode(request), {"Content-Type": "application/ipp"})
            answer, _ = decode(connection.getresponse().read())
            return {each.name: each for each in answer.group(GroupTag.PRINTER)}


@pytest.fixture(scope="module")
def lan():
    with Lan() as made:
        yield made


@pytest.fixture(scope="module")
def desk(lan, tmp_path_factory):
    """A client with avahi."""
    host = lan.host("desk")
    host.start_avahi(tmp_path_factory.mktemp("desk"))
    return host


@pytest.fixture(scope="module")
def counter(lan):
    """The host that services run on, one after the other."""
    return lan.host("shop")


@pytest.fixture
def ear(desk):
    made = Ear(desk.socket(), desk.ipv4)
    yield made
    made.close()


@pytest.fixture
def shop(counter, tmp_path):
    with Shop(counter, tmp_path / "shop") as running:
        running.announced()
        yield running
    assert "Traceback" not in running.said(), running.said()[-4000:]


def browse(host, kind):
    """What avahi sees of a type: instance to host, address, port and TXT strings; IPv4 only, to see each once.

    It waits for ever for a service that goes while it looks it up: what it has seen by then is what there is.
    """
    found = {}
    for line in host.run("timeout", "15", "avahi-browse", "-rpt", kind, check=False).splitlines():
        fields = line.split(";", 9)
        if fields[0] == "=" and fields[2] == "IPv4":
            instance = re.sub(rb"\\(\d{3})", lambda code: bytes([int(code[1])]), fields[3].encode()).decode()
            txt = dict(each.split("=", 1) for each in re.findall(r'"([^"]*)"', fields[9]))
            found[instance] = (fields[6], fields[7], int(fields[8]), txt)
    return found


def instances(host, kind="_ipp._tcp"):
    return set(browse(host, kind))


@pytest.mark.usefixtures("shop")
def test_avahi_sees_every_service(counter, desk):
    for kind in TYPES:
        found = browse(desk, kind)
        assert set(found) == set(NAMES.values()), kind
        for host, address, port, _ in found.values():
            assert (host, address, port) == (
                "shop.local",
                counter.ipv4,
                0 if kind == "_printer._tcp" else PORT,
            )
    for kind in SUBTYPES:
        assert instances(desk, kind) == set(NAMES.values())


@pytest.mark.parametrize("printer", NAMES)
def test_avahi_reads_the_txt_record_that_ipp_says(shop, desk, printer):
    found = shop.ask(printer)
    txt = browse(desk, "_ipp._tcp")[NAMES[printer]][3]
    assert found["printer-dns-sd-name"].first == NAMES[printer]
    assert txt["rp"] == f"ipp/print/{printer}"
    assert txt["UUID"] == found["printer-uuid"].first.removeprefix("urn:uuid:")
    assert txt["ty"] == found["printer-make-and-model"].first
    assert txt["note"] == found["printer-location"].first == "Shop floor"
    assert txt["URF"].split(",") == list(found["urf-supported"].strings())
    assert set(txt["pdl"].split(",")) == set(found["document-format-supported"].strings()) - {
        "application/octet-stream"
    }
    assert txt["adminurl"] == found["printer-more-info"].first
    assert ("TLS" in txt) == ("tls" in found["uri-security-supported"].strings())


BROWSER = """
import json, sys, time
from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf
class Seen:
    def __init__(self): self.names = set()
    def add_service(self, zc, kind, name): self.names.add((kind, name))
    update_service = remove_service = lambda *_: None
with_zeroconf, seen = Zeroconf(interfaces=[sys.argv[1]]), Seen()
browser = ServiceBrowser(with_zeroconf, [f"{each}.local." for each in sys.argv[2:]], seen)
time.sleep(2)
found = []
for kind, name in sorted(seen.names):
    info = ServiceInfo(kind, name)
    assert info.request(with_zeroconf, 3000), name
    found.append([kind, name, info.server, info.port, info.parsed_addresses(), info.decoded_properties])
browser.cancel()
with_zeroconf.close()
print(json.dumps(found))
"""


@pytest.mark.usefixtures("shop")
def test_zeroconf_sees_every_service(counter, desk):
    found = json.loads(desk.run(sys.executable, "-c", BROWSER, desk.ipv4, *TYPES))
    assert {(kind, name) for kind, name, *_ in found} == {
        (f"{kind}.local.", f"{name}.{kind}.local.") for kind in TYPES for name in NAMES.values()
    }
    for kind, _, server, port, addresses, txt in found:
        assert (server, port) == ("shop.local.", 0 if kind.startswith("_printer") else PORT)
        assert set(addresses) == {counter.ipv4, counter.ipv6}
        assert ("rp" in txt) == kind.startswith("_ipp")


def test_without_encryption_there_is_no_ipps(counter, desk, tmp_path):
    with Shop(counter, tmp_path / "shop", discovery='[tls]\nmode = "off"') as plain:
        plain.announced()
        assert instances(desk) == set(NAMES.values())
        assert not instances(desk, "_ipps._tcp")
        assert not any("TLS" in txt for *_, txt in browse(desk, "_ipp._tcp").values())


# --- raw queries ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shop")
def test_raw_queries(counter, ear):
    time.sleep(3.5)  # until it has been announced for the last time
    for kind in SUBTYPES:
        name = f"{kind}.local"
        full = {f"{instance}.{kind.partition('._sub.')[2]}.local" for instance in NAMES.values()}
        records = ear.ask(name, "PTR")
        assert {each.data for each in records if (each.name, each.type) == (name, "PTR")} == full
        assert {each.name for each in records if each.type == "SRV"} == full  # RFC 6763 §12.1
        assert {each.data for each in records if each.type in {"A", "AAAA"}} == {counter.ipv4, counter.ipv6}
    types = [each.data for each in ear.ask("_services._dns-sd._udp.local", "PTR") if each.type == "PTR"]
    assert sorted(set(types)) == sorted(f"{each}.local" for each in TYPES)  # and no sub-type among them
    for name in full:
        (srv,) = {each.data for each in ear.ask(name, "SRV") if (each.name, each.type) == (name, "SRV")}
        assert srv == (PORT, "shop.local")
        assert {each.type for each in ear.ask(name, "ANY") if each.name == name} == {"SRV", "TXT"}
    (empty,) = {
        tuple(each.data)
        for each in ear.ask(f"{NAMES['laser']}._printer._tcp.local", "TXT")
        if each.type == "TXT"
    }
    assert empty == ("",)  # RFC 6763 §6.1: at least one octet


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_name_that_is_taken_becomes_another_and_stays_so(shop, lan, desk, tmp_path):
    other = next((each for each in lan.hosts if each.name == "branch"), None) or lan.host("branch")
    with Shop(other, tmp_path / "branch") as second:
        second.announced()
        names = {name: f"{text} (2)" for name, text in NAMES.items()}
        for kind in TYPES:  # all in step
            assert instances(desk, kind) == {*NAMES.values(), *names.values()}
        for printer, name in names.items():
            assert second.ask(printer)["printer-dns-sd-name"].first == name
            assert shop.ask(printer)["printer-dns-sd-name"].first == NAMES[printer]
        uuids = {name: second.ask(name)["printer-uuid"].first for name in names}
    shop.stop()
    wait_until(lambda: not instances(desk), what="both have taken leave")
    with second:
        second.announced()
        assert instances(desk) == set(names.values())
        assert uuids == {name: second.ask(name)["printer-uuid"].first for name in names}


def test_another_programs_name_is_left_to_it(counter, desk, tmp_path):
    rival = desk.start("avahi-publish", "-s", "Counter receipts", "_ipp._tcp", "631")
    try:
        wait_until(lambda: instances(desk), what="the rival")
        with Shop(counter, tmp_path / "shop") as late:
            late.announced()
            assert instances(desk) == {"Counter receipts", "Counter receipts (2)", NAMES["laser"]}
            assert instances(desk, "_printer._tcp") == {"Counter receipts (2)", NAMES["laser"]}
    finally:
        rival.terminate()
        rival.wait(10)


def test_a_rival_that_comes_later(shop, ear, desk):
    """RFC 6762 §9: the lexicographically later data keeps the name, and here the port comes first in it."""
    name = "Counter receipts._ipp._tcp.local"
    ear.say(announcement(name, port=1, host="weak.local"))
    defended = [
        record
        for message in ear.hear(1)
        for record in message.records
        if message.is_answer and (record.name, record.type) == (name, "SRV")
    ]
    assert {each.data for each in defended} == {(PORT, "shop.local")}
    assert shop.ask("receipt")["printer-dns-sd-name"].first == "Counter receipts"
    ear.say(announcement(name, port=60000, host="strong.local"))
    wait_until(
        lambda: shop.ask("receipt")["printer-dns-sd-name"].first == "Counter receipts (2)",
        what="it gives way",
    )
    wait_until(lambda: "Counter receipts (2)" in instances(desk, "_printer._tcp"))
    wait_until(lambda: "Counter receipts" not in instances(desk, "_printer._tcp"))
    assert "another printer here is called 'Counter receipts'" in shop.said()


def test_a_hosts_name_that_is_taken_becomes_another(lan, desk, counter, tmp_path):
    twin = next((each for each in lan.hosts if each.number == 77), None) or lan.host("shop", 77)
    with Shop(twin, tmp_path / "twin") as first, Shop(counter, tmp_path / "shop") as second:
        first.announced()
        second.announced()
        wait_until(lambda: len(instances(desk)) == 4)
        found = browse(desk, "_ipp._tcp")
        assert len({host for host, *_ in found.values()}) == 2
        for host, address, _, txt in found.values():
            assert host in {"shop.local", "shop-2.local"}
            assert txt["adminurl"].startswith(f"http://{host}:{PORT}/")
            assert address in {twin.ipv4, counter.ipv4}
        assert len({(host, address) for host, address, *_ in found.values()}) == 2


# --- links and addresses ----------------------------------------------------------------------------------------------


def addresses_said(ear, name="shop.local"):
    """The addresses that are answered; what was said in the last second is said again only after it (RFC 6762 §6)."""
    records = ear.ask(name, "A", 1.6)
    return {each.data for each in records if each.name == name and each.type == "A" and each.ttl}


@pytest.mark.usefixtures("shop")
def test_an_address_that_changes_is_followed(counter, ear, desk):
    assert addresses_said(ear) == {counter.ipv4}
    counter.run("ip", "address", "add", "10.99.0.200/24", "dev", "eth0")
    try:
        wait_until(lambda: addresses_said(ear) == {counter.ipv4, "10.99.0.200"}, what="both addresses")
        counter.run("ip", "address", "del", f"{counter.ipv4}/24", "dev", "eth0")
        wait_until(lambda: addresses_said(ear) == {"10.99.0.200"}, what="the new address alone")
        wait_until(
            lambda: {each[1] for each in browse(desk, "_ipp._tcp").values()} == {"10.99.0.200"},
            what="avahi has the new address",
        )
    finally:
        counter.run("ip", "address", "replace", f"{counter.ipv4}/24", "dev", "eth0")
        counter.run("ip", "address", "del", "10.99.0.200/24", "dev", "eth0")
    wait_until(lambda: addresses_said(ear) == {counter.ipv4}, what="as it was")


def test_a_cable_that_is_pulled_and_put_in_again(shop, counter, lan, ear, desk):
    lan.run("ip", "link", "set", counter.port, "down")
    wait_until(lambda: "not announced: no network" in shop.said())
    lan.run("ip", "link", "set", counter.port, "up")
    wait_until(lambda: addresses_said(ear) == {counter.ipv4}, what="announced again")
    wait_until(lambda: instances(desk) == set(NAMES.values()))


def test_no_network_at_the_start_is_no_reason_not_to_start(counter, ear, tmp_path):
    counter.run("ip", "link", "set", "eth0", "down")
    try:
        with Shop(counter, tmp_path / "shop") as running:
            assert not ear.hear(2)
            counter.run("ip", "link", "set", "eth0", "up")
            counter.run("ip", "address", "replace", f"{counter.ipv6}/64", "dev", "eth0", "nodad")
            running.announced()
            assert addresses_said(ear) == {counter.ipv4}
    finally:
        counter.run("ip", "link", "set", "eth0", "up")
        counter.run("ip", "address", "replace", f"{counter.ipv6}/64", "dev", "eth0", "nodad")


def test_each_link_hears_its_own_addresses_only(shop, counter, ear, desk):
    """A second network, a second link into the first one, and a virtual one that is left out."""
    with Lan(98) as elsewhere:
        far = elsewhere.host("far")
        elsewhere.plug(counter, "wlan0")
        elsewhere.plug(counter, "docker0")
        counter.run("ip", "address", "add", "10.98.0.150/24", "dev", "wlan0")
        counter.run("ip", "address", "add", "172.17.0.1/16", "dev", "docker0")
        counter.run("ip", "link", "set", "wlan0", "up")
        counter.run("ip", "link", "set", "docker0", "up")
        far_ear = Ear(far.socket(), far.ipv4)
        try:
            wait_until(lambda: "announced on eth0, wlan0" in shop.said(), what="both links")
            assert "docker0" not in shop.said()
            assert addresses_said(far_ear) == {"10.98.0.150"}
            assert addresses_said(ear) == {counter.ipv4}
            time.sleep(3)
            assert addresses_said(far_ear) == {"10.98.0.150"}
            assert addresses_said(ear) == {counter.ipv4}
            for host, address in ((far, "10.98.0.150"), (desk, counter.ipv4)):
                with host.socket() as alone:
                    records = ask_alone(alone, host.ipv4, "_ipp._tcp.local", "PTR")
                assert {each.data for each in records if each.type == "A"} == {address}
            assert shop.ask("receipt")["printer-dns-sd-name"].first == "Counter receipts"
        finally:
            far_ear.close()
            counter.run("ip", "link", "del", "wlan0")
            counter.run("ip", "link", "del", "docker0")
    wait_until(lambda: re.findall(r"announced on (.*?):", shop.said())[-1] == "eth0")


def test_two_links_into_one_network_are_no_rivals(counter, lan, desk, tmp_path):
    lan.plug(counter, "wlan0")
    counter.run("ip", "address", "add", "10.99.0.151/24", "dev", "wlan0")
    counter.run("ip", "link", "set", "wlan0", "up")
    try:
        with Shop(counter, tmp_path / "shop") as running:
            running.announced()
            time.sleep(4)
            assert instances(desk) == set(NAMES.values())
            assert "another" not in running.said()
    finally:
        counter.run("ip", "link", "del", "wlan0")


# --- beside avahi -----------------------------------------------------------------------------------------------------


def test_beside_avahi_the_host_is_avahis(shop, counter, ear, desk, tmp_path):
    log = tmp_path / "avahi-shop.log"
    counter.start_avahi(tmp_path)
    try:
        wait_until(
            lambda: "another program here announces this host, as shop.local" in shop.said(),
            what="it is seen",
        )
        time.sleep(5)
        assert "Host name conflict" not in log.read_text()
        assert addresses_said(ear) == {counter.ipv4}
        found = browse(desk, "_ipp._tcp")
        assert set(found) == set(NAMES.values())
        assert {(host, address) for host, address, *_ in found.values()} == {("shop.local", counter.ipv4)}
        assert addresses_said(ear) == {counter.ipv4}
    finally:
        counter.stop_avahi()
    wait_until(lambda: addresses_said(ear) == {counter.ipv4}, what="the host is announced again")
    assert {each[1] for each in browse(desk, "_ipp._tcp").values()} == {counter.ipv4}


def test_avahis_name_of_the_host_is_used(counter, desk, tmp_path):
    counter.run("hostname", "till")
    try:
        counter.start_avahi(tmp_path, "till")
        counter.run("hostname", "shop")
        with Shop(counter, tmp_path / "shop") as running:
            running.announced()
            found = browse(desk, "_ipp._tcp")
            assert {(host, address) for host, address, *_ in found.values()} == {("till.local", counter.ipv4)}
            assert all(txt["adminurl"].startswith(f"http://till.local:{PORT}/") for *_, txt in found.values())
            told = running.ask("laser", "till.local")  # and is no stranger's in requests
            assert told["printer-uri-supported"].first == f"ipp://till.local:{PORT}/ipp/print/laser"
    finally:
        counter.stop_avahi()
        counter.run("hostname", "shop")


# --- not at all, and the end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listen", "discovery"),
    [
        (f"127.0.0.1:{PORT}", ""),
        (f"[::]:{PORT}", "[discovery]\nenabled = false"),
        (f"[::]:{PORT}", '[discovery]\ninterfaces = ["wlan*"]'),
    ],
)
def test_where_nothing_is_announced(counter, ear, tmp_path, listen, discovery):
    with Shop(counter, tmp_path / "shop", listen, discovery):
        heard = ear.hear(3)
    assert [each for each in heard + ear.hear(0.5) if each.sender == counter.ipv4] == []


def test_at_the_end_it_takes_leave(counter, ear, desk, tmp_path):
    shop = Shop(counter, tmp_path / "shop")
    shop.start()
    shop.announced()
    assert instances(desk) == set(NAMES.values())
    ear.hear(0.1)
    began = time.monotonic()
    assert shop.stop() == 0
    assert time.monotonic() - began < 3.0
    said = [
        record for message in ear.hear(0.5) if message.sender == counter.ipv4 for record in message.records
    ]
    assert {record.ttl for record in said} == {0}
    for kind in (*TYPES, *SUBTYPES):
        assert {each.data for each in said if (each.name, each.type) == (f"{kind}.local", "PTR")} == {
            f"{name}.{'.'.join(kind.split('.')[-2:])}.local" for name in NAMES.values()
        }
    wait_until(lambda: not instances(desk), 5, "avahi has forgotten them")


# --- CUPS -------------------------------------------------------------------------------------------------------------


def test_cups_finds_and_prints(shop, desk, tmp_path):
    """What a Linux desktop does: nobody has told it an address."""
    page = tmp_path / "page.pdf"
    canvas = Canvas(str(page), pagesize=A4)
    canvas.rect(72, 100, 200, 200, stroke=0, fill=1)
    canvas.save()
    printed = shop.state / "simulated"
    with Cupsd(desk) as cups:
        listed = cups.command("lpstat", "-e").stdout.split()
        assert "Counter_receipts" in listed
        assert any(each.endswith("2_OG") for each in listed)  # how it writes the letters is its own affair
        done = cups.command("lp", "-d", "Counter_receipts", str(page))
        assert done.returncode == 0, done.stderr
        wait_until(lambda: list((printed / "receipt").glob("*-1.png")), 90, cups.errors() or "a receipt")

        uuid = shop.ask("laser")["printer-uuid"].first
        uri = f"dnssd://B%C3%BCro%202%20OG._ipp._tcp.local/?uuid={uuid.removeprefix('urn:uuid:')}"
        done = cups.command("lpadmin", "-p", "office", "-E", "-v", uri, "-m", "everywhere")
        assert done.returncode == 0, done.stderr
        done = cups.command("lp", "-d", "office", str(page))
        assert done.returncode == 0, done.stderr
        wait_until(lambda: list((printed / "laser").glob("*-1.png")), 90, "a page")
        wait_until(lambda: "idle" in cups.command("lpstat", "-p", "office").stdout, 30, "idle")
        held = cups.command("lp", "-H", "hold", "-d", "office", str(page)).stdout
        job = re.search(r"office-\d+", held).group()
        assert job in cups.command("lpstat", "-o").stdout
        assert cups.command("cancel", job).returncode == 0
        assert job not in cups.command("lpstat", "-o").stdout
