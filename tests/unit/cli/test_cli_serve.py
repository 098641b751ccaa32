"""Which settings ``serve`` runs with, and what the welcome says."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest

from tympan.cli.errors import UsageError
from tympan.cli.verbs import serve
from tympan.cli.welcome import Welcome
from tympan.config import ConfigMistakesError
from tympan.ipp import Attribute, Operation, StatusCode


def settings_of(*words: str):
    parser = argparse.ArgumentParser()
    serve.configure(parser)
    return serve.settings_of(parser.parse_args(words))


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(serve, "DEFAULT_PATH", tmp_path / "none.toml")


def test_a_simulation_needs_nothing(tmp_path):
    settings = settings_of("--simulate")
    assert settings.server.addresses == (("::", 8631),)
    assert settings.server.state_dir == str(tmp_path / "state" / "tympan-simulation")
    assert [printer.name for printer in settings.printers] == ["receipt", "laser"]


def test_the_port_and_directory_of_the_command_line_win(tmp_path, monkeypatch):
    monkeypatch.setenv("TYMPAN_SERVER_LISTEN", "127.0.0.1:1")
    monkeypatch.setenv("TYMPAN_SERVER_STATE_DIR", "/elsewhere")
    monkeypatch.setenv("TYMPAN_LIMITS_MAX_JOBS", "9")
    monkeypatch.chdir(tmp_path)
    settings = settings_of("--simulate", "--port", "9000", "--state-dir", "here")
    assert settings.server.addresses == (("::", 9000),)
    assert settings.server.state_dir == str(tmp_path / "here")
    assert settings.limits.max_jobs == 9


def test_a_configuration_file(tmp_path):
    path = tmp_path / "tympan.toml"
    path.write_text("[server]\nlisten = ['[::]:631']\n[[printers]]\nname = 'a'\ndevice = 'file:///tmp/a'\n")
    settings = settings_of("--config", str(path), "--port", "0")
    assert settings.server.addresses == (("::", 0),)
    assert settings.server.state_dir == "/var/lib/tympan"
    assert settings.printers[0].device == "file:///tmp/a"


def test_no_configuration_tells_how_to_try_it(capsys):
    with pytest.raises(ConfigMistakesError, match="No such file"):
        settings_of()
    assert "tympan serve --simulate" in capsys.readouterr().err


def test_a_simulation_takes_no_file():
    with pytest.raises(UsageError):
        settings_of("--simulate", "--config", "x.toml")


async def test_the_welcome_prints_on_each_printer_and_says_where_to_look(service, tmp_path, capsys):
    service.job_states = [
        [Attribute.enum("job-state", 9), Attribute.keyword("job-state-reasons", "job-completed-successfully")]
    ]
    picture = tmp_path / "simulated" / "receipt" / "7-1.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    listening = SimpleNamespace(
        printers={name: f"{service.uri}/ipp/print/{name}" for name in ("receipt", "laser")},
        web=f"http://127.0.0.1:{service.port}/",
    )
    await Welcome(tmp_path, simulated=True)(listening)
    printed = [each for each in service.seen if each.operation is Operation.PRINT_JOB]
    assert [each.path for each in printed] == ["/ipp/print/receipt", "/ipp/print/laser"]
    assert all(each.document.startswith(b"%PDF-") for each in printed)
    said = capsys.readouterr().out
    assert f"{service.uri}/ipp/print/laser" in said
    assert str(picture) in said
    assert str(tmp_path / "simulated" / "laser") in said
    assert f"http://127.0.0.1:{service.port}/" in said


async def test_a_welcome_that_fails_says_so_and_goes_on(service, tmp_path, capsys):
    service.refuse(Operation.PRINT_JOB, StatusCode.SERVER_ERROR_BUSY, "too many jobs")
    await Welcome(Path(tmp_path), simulated=True)(
        SimpleNamespace(printers={"receipt": f"{service.uri}/ipp/print/receipt"}, web="http://x/")
    )
    said = capsys.readouterr().out
    assert "not printed: too many jobs (server-error-busy)" in said
    assert "Stop with Ctrl-C" in said
