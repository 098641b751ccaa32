"""TLS' certificate while the service runs: kept over restarts, renewed, read again; without a socket."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from tympan.config import TlsSettings
from tympan.endpoint import certificate, tls_context
from tympan.endpoint.tls_context import TlsContext
from tympan.errors import ConfigError

NOW = certificate.EARLIEST_NOW + 1000.0


class Machine:
    """What the certificate depends on."""

    def __init__(self):
        self.names = ("shop.local", "192.0.2.7")
        self.now = NOW


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(tls_context, "LOOK_S", 0.01)


def tls(machine, folder, **settings):
    return TlsContext(TlsSettings(**settings), folder, lambda: machine.names, lambda: machine.now)


async def once(context):
    """Start it, wait until it has a certificate, and stop it again."""
    await context.start()
    try:
        return await context.get()
    finally:
        await context.close()


async def another(context, before):
    """Wait until it has another certificate."""
    async with asyncio.timeout(20):
        while await context.get() is before:  # noqa: ASYNC110 — nobody is told of it
            await asyncio.sleep(0.01)


async def test_it_is_made_at_the_start_and_stays_the_same_after_a_restart(machine, tmp_path):
    made = await once(tls(machine, tmp_path))
    assert isinstance(made, ssl.SSLContext)
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2
    first = (tmp_path / "tls.pem").read_bytes()
    machine.now = 3600.0  # the next start is without a clock
    assert await once(tls(machine, tmp_path)) is not None
    assert (tmp_path / "tls.pem").read_bytes() == first


@pytest.mark.parametrize("change", ["names", "end", "damage"])
async def test_what_makes_a_new_one_at_the_start(machine, tmp_path, change):
    path = tmp_path / "tls.pem"
    await once(tls(machine, tmp_path))
    first = path.read_bytes()
    match change:
        case "names":
            machine.names = (*machine.names, "192.0.2.8")
        case "end":
            machine.now = float(certificate.facts_of(first).not_after) - 86_400  # type: ignore[union-attr]
        case _:
            path.write_bytes(first[:-300])
    assert await once(tls(machine, tmp_path)) is not None
    assert path.read_bytes() != first


@pytest.mark.usefixtures("quick")
async def test_a_new_address_while_it_runs(machine, tmp_path):
    context = tls(machine, tmp_path)
    await context.start()
    before = await context.get()
    machine.names = ("shop.local", "198.51.100.3")
    await another(context, before)
    await context.close()
    facts = certificate.facts_of((tmp_path / "tls.pem").read_bytes())
    assert facts is not None
    assert "198.51.100.3" in facts.names


async def test_without_tls_nothing_is_made(machine, tmp_path):
    assert await once(tls(machine, tmp_path, mode="off")) is None
    assert list(tmp_path.iterdir()) == []


async def test_where_nothing_can_be_written_the_service_goes_on_without(machine, tmp_path, caplog):
    assert await once(tls(machine, tmp_path / "nowhere")) is None
    assert "TLS:" in caplog.text


def own(folder, name="own.pem"):
    path = folder / name
    path.write_bytes(certificate.self_signed(("printer.example",), NOW))
    return path


@pytest.mark.usefixtures("quick")
async def test_ones_own_certificate_is_used_and_read_again_when_it_changes(machine, tmp_path):
    path = own(tmp_path)
    context = tls(machine, tmp_path, certificate=str(path))
    await context.start()
    before = await context.get()
    own(tmp_path, "new.pem").replace(path)
    await another(context, before)
    path.write_bytes(b"half of")  # a copy that is not complete yet: what runs goes on
    await asyncio.sleep(0.1)
    assert await context.get() is not None
    await context.close()
    assert not (tmp_path / "tls.pem").exists()


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n"])
async def test_ones_own_certificate_that_cannot_be_used_is_a_mistake(machine, tmp_path, content):
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        await tls(machine, tmp_path, certificate=str(path)).start()
    assert caught.value.key == "tls.certificate"
    assert str(path) in caught.value.problem
