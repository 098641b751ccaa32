"""Which settings ``serve`` runs with, and what the welcome says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tympan.cli import own_command
from tympan.cli.arguments import NoServiceError
from tympan.cli.errors import UsageError
from tympan.cli.verbs import serve
from tympan.cli.welcome import Welcome
from tympan.config import ConfigMistakesError, ServerSettings
from tympan.errors import ListenError, SpoolError
from tympan.ipp import Attribute, Operation, StatusCode


def settings_of(*words: str):
    parser = argparse.ArgumentParser()
    serve.configure(parser)
    return serve.settings_of(parser.parse_args(words))


def server_of(folder: Path) -> ServerSettings:
    return ServerSettings(state_dir=str(folder))


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


def test_the_addresses_of_the_command_line_win(monkeypatch):
    monkeypatch.setenv("TYMPAN_SERVER_LISTEN", "[::]:1")
    settings = settings_of("--simulate", "--listen", "127.0.0.1:8631", "--listen", "[::1]:8631")
    assert settings.server.addresses == (("127.0.0.1", 8631), ("::1", 8631))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--port", "abc"), "'abc' is no port: 0 to 65535"),
        (("--listen", "8631"), "is no address: it takes HOST:PORT"),
        (("--listen", "[::]:1", "--port", "1"), "not allowed with"),
    ],
)
def test_where_it_cannot_listen(words, sentence, capsys):
    with pytest.raises(SystemExit):
        settings_of("--simulate", *words)
    assert sentence in capsys.readouterr().err


def test_a_state_directory_is_new_while_there_is_nothing_in_it(tmp_path):
    assert not serve._has_state(tmp_path / "none")
    assert not serve._has_state(tmp_path)
    (tmp_path / "a").touch()
    assert serve._has_state(tmp_path)


def test_a_configuration_file(tmp_path):
    path = tmp_path / "tympan.toml"
    path.write_text("[server]\nlisten = ['[::]:631']\n[[printers]]\nname = 'a'\ndevice = 'file:///tmp/a'\n")
    settings = settings_of("--config", str(path), "--port", "0")
    assert settings.server.addresses == (("::", 0),)
    assert settings.server.state_dir == "/var/lib/tympan"
    assert settings.printers[0].device == "file:///tmp/a"


def test_no_configuration_is_one_too_and_conf_d_counts(tmp_path):
    assert settings_of().printers == ()
    assert settings_of().server.auto_printers == "unless-configured"
    assert settings_of().server == ServerSettings()
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.toml").write_text("[server]\nlocation = 'Shop'\n")
    assert settings_of().server.location == "Shop"


def test_a_configuration_that_is_named_has_to_be_there(tmp_path):
    with pytest.raises(ConfigMistakesError, match="No such file"):
        settings_of("--config", str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ListenError("::", 631, "Permission denied"),
            "to try it without configuration: tympan serve --simulate",
        ),
        (
            SpoolError("/var/lib/tympan cannot be made"),
            "to try it without configuration: tympan serve --simulate",
        ),
    ],
)
def test_where_nothing_is_installed_it_tells_how_to_try_it(monkeypatch, error, says):
    def run(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("tympan.app.run", run)
    parser = argparse.ArgumentParser()
    serve.configure(parser)
    with pytest.raises(serve.ServeError, match=says):
        serve.run(parser.parse_args([]))


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
        addresses=(("::", service.port),),
        web=f"http://127.0.0.1:{service.port}/",
    )
    await Welcome(server_of(tmp_path), simulated=True, pages=True)(listening)
    printed = [each for each in service.seen if each.operation is Operation.PRINT_JOB]
    assert [each.path for each in printed] == ["/ipp/print/receipt", "/ipp/print/laser"]
    assert all(each.document.startswith(b"%PDF-") for each in printed)
    said = capsys.readouterr().out
    assert f"{service.uri}/ipp/print/laser" in said
    assert str(picture) in said
    assert str(tmp_path / "simulated" / "laser") in said
    assert f"http://127.0.0.1:{service.port}/" in said
    assert "LISTEN=127.0.0.1:8631" in said


async def test_pages_of_an_earlier_start_are_not_printed_again(service, tmp_path, capsys):
    listening = SimpleNamespace(
        printers={"receipt": f"{service.uri}/ipp/print/receipt"},
        addresses=(("127.0.0.1", service.port),),
        web=f"http://127.0.0.1:{service.port}/",
    )
    await Welcome(server_of(tmp_path), simulated=True, pages=False)(listening)
    assert Operation.PRINT_JOB not in service.operations()
    said = capsys.readouterr().out
    assert str(tmp_path / "simulated" / "receipt") in said
    assert "LISTEN" not in said


@pytest.mark.parametrize(
    ("found", "option"),
    [
        ("/state/tympan.sock", ""),
        ("/elsewhere/tympan.sock", " --uri /state/tympan.sock"),
        (None, " --uri /state/tympan.sock"),
    ],
)
def test_the_lines_that_are_printed_name_the_service_where_it_is_not_found(monkeypatch, found, option):
    def local_uri() -> str:
        if found is None:
            raise NoServiceError
        return found

    monkeypatch.setattr(own_command, "local_uri", local_uri)
    assert own_command.option_for(Path("/state/tympan.sock"), "ipp://localhost:9000") == option


def test_without_a_socket_the_lines_name_the_port(monkeypatch):
    monkeypatch.setattr(own_command, "local_uri", lambda: "ipp://localhost:8631")
    assert own_command.option_for(None, "ipp://localhost:9000") == " --uri ipp://localhost:9000"
    assert own_command.option_for(None, "ipp://localhost:8631") == ""


@pytest.mark.parametrize(
    ("started_as", "in_path", "typed"),
    [
        ("venv/bin/tympan", False, "venv/bin/tympan"),
        ("venv/bin/tympan", True, "tympan"),
        ("../a b/tympan", False, "'{parent}/a b/tympan'"),
        ("venv/main.py", False, f"{sys.executable} -m tympan.cli.main"),
    ],
)
def test_how_the_command_is_typed_here(monkeypatch, tmp_path, started_as, in_path, typed):
    here = tmp_path / "here"
    path = here / started_as
    here.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    path.touch(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(path.parent) if in_path else "")
    monkeypatch.setattr(sys, "argv", [str(path)])
    assert own_command.own_command() == typed.format(parent=tmp_path)


async def test_a_welcome_that_fails_says_so_and_goes_on(service, tmp_path, capsys):
    service.refuse(Operation.PRINT_JOB, StatusCode.SERVER_ERROR_BUSY, "too many jobs")
    await Welcome(server_of(tmp_path), simulated=True, pages=True)(
        SimpleNamespace(
            printers={"receipt": f"{service.uri}/ipp/print/receipt"}, addresses=(), web="http://x/"
        )
    )
    said = capsys.readouterr().out
    assert "not printed: too many jobs (server-error-busy)" in said
    assert "Stop with Ctrl-C" in said
