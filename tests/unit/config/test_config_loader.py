"""Every mistake names file, line and key; everything right arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tympan.config import ConfigMistakesError, apply_environment, load, read, simulation_settings
from tympan.errors import ConfigError

GOOD = """\
[server]
listen = ["[::]:631", "127.0.0.1:8631"]
state_dir = "/srv/tympan"
location = "Shop"

[limits]
max_jobs = 5_000

[[printers]]
name = "receipt"
info = "Counter receipts"
device = "serial:///dev/ttyUSB0?baud=38400&flow=rtscts"
driver = "escpos"
profile = "generic-80mm"

[[printers]]
name = "laser"
location = "Office"
device = "usb://HP/LaserJet"
driver = "pcl"
default = true
media_ready = { "tray-1" = "iso_a4_210x297mm" }

[printers.defaults]
sides = "two-sided-long-edge"
print-quality = 4
finishings = [3, 11]
"""


def configuration(tmp_path: Path, text: str | bytes, name: str = "config.toml") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_everything_right_arrives(tmp_path):
    settings = load(configuration(tmp_path, GOOD), {})

    assert settings.server.listen == ("[::]:631", "127.0.0.1:8631")
    assert settings.server.addresses == (("::", 631), ("127.0.0.1", 8631))
    assert settings.server.state_dir == "/srv/tympan"
    assert settings.limits.max_jobs == 5000
    receipt, laser = settings.printers
    assert receipt.name == "receipt"
    assert receipt.device == "serial:///dev/ttyUSB0?baud=38400&flow=rtscts"
    assert (receipt.location, laser.location) == ("Shop", "Office")
    assert settings.default_printer is laser
    assert laser.media_ready == {"tray-1": "iso_a4_210x297mm"}
    assert laser.defaults == {"sides": "two-sided-long-edge", "print-quality": 4, "finishings": (3, 11)}


def test_the_first_printer_is_the_default_where_none_says_so(tmp_path):
    settings = load(configuration(tmp_path, GOOD.replace("default = true\n", "")), {})
    assert settings.default_printer is not None
    assert settings.default_printer.name == "receipt"


def test_settings_know_where_they_were_set(tmp_path):
    path = configuration(tmp_path, GOOD)
    settings = load(path, {})
    assert settings.place("limits.max_jobs") == (str(path), 7)
    assert settings.place("printers.receipt.profile") == (str(path), 14)
    assert settings.place("printers.laser.defaults.sides") == (str(path), 25)
    assert settings.place("printers.receipt.media_ready.main") == (str(path), 9)
    assert settings.place("limits.max_copies") == ("", 0)


HASH = "$scrypt$ln=10,r=8,p=1$c2FsdCBmb3IgdGVzdHMgQQ$c2FsdCBmb3IgdGVzdHMgQXNhbHQgZm9yIHRlc3RzIEE"

MISTAKES = [
    # text, line, key, part of the sentence
    ("[server]\ndurabilty = 'full'\n", 2, "server.durabilty", "did you mean 'durability'"),
    ("[server]\n\ndurability = 'fully'\n", 3, "server.durability", "did you mean 'full'"),
    ("[server]\nlisten = '[::]:631'\n", 2, "server.listen", "a list of texts"),
    ("[server]\nlisten = []\n", 2, "server.listen", "at least one"),
    ("[server]\nlisten = ['[::]:99999']\n", 2, "server.listen", "'99999' is no port"),
    ("[server]\nlisten = ['::1:631']\n", 2, "server.listen", "brackets"),
    ("[server]\nlisten = ['631']\n", 2, "server.listen", "HOST:PORT"),
    ("[server]\nlisten = ['[::]:1', '[::]:1']\n", 2, "server.listen", "twice"),
    ("[server]\nstate_dir = 'state'\n", 2, "server.state_dir", "absolute"),
    ("[server]\nname = 'my printer'\n", 2, "server.name", "host name"),
    ("[server]\nname = '-x'\n", 2, "server.name", "host name"),
    ("[server]\ngeo_location = '48,16'\n", 2, "server.geo_location", "geo:"),
    ("[server]\nlocation = '" + "x" * 128 + "'\n", 2, "server.location", "at most 127"),
    ('[server]\nlocation = "a\\nb"\n', 2, "server.location", "control characters"),
    ("[limits]\nmax_jobs = 'many'\n", 2, "limits.max_jobs", "a whole number"),
    ("[limits]\nmax_jobs = true\n", 2, "limits.max_jobs", "a whole number, not true"),
    ("[limits]\nmax_jobs = 1.5\n", 2, "limits.max_jobs", "a whole number"),
    ("[limits]\nmax_jobs = 0\n", 2, "limits.max_jobs", "at least 1"),
    ("[limits]\nmax_jobs = 1000001\n", 2, "limits.max_jobs", "at most 1000000"),
    ("[limits]\nmax_jobs = 2024-01-01\n", 2, "limits.max_jobs", "a whole number"),
    ("limits = 4\n", 1, "limits", "[limits]"),
    ("[servers]\n", 1, "servers", "did you mean 'server'"),
    ('[access]\nprint = "users"\n', 2, "access.print", "there are no [[users]]"),
    ('[tls]\nkey = "/etc/ssl/own.key"\n', 2, "tls.key", "tls.certificate"),
    ('[tls]\ncertificate = "own.pem"\n', 2, "tls.certificate", "no absolute path"),
    ('[access]\njob_privacy_attributes = ["Job Name"]\n', 2, "access.job_privacy_attributes", "no keyword"),
    (
        '[access]\njob_privacy_attributes = ["none", "job-name"]\n',
        2,
        "access.job_privacy_attributes",
        "stands alone",
    ),
    ("[access]\njob_privacy_attributes = []\n", 2, "access.job_privacy_attributes", "at least one"),
    ('[server]\nhost_names = ["a b"]\n', 2, "server.host_names", "no host name"),
    ("users = 1\n", 1, "users", "write [[users]]"),
    ('[[users]]\nname = "anna"\n', 1, "users[0].password_hash", "a user needs 'password_hash'"),
    ('[[users]]\nname = "anna"\npassword_hash = "secret"\n', 3, "users[0].password_hash", "tympan passwd"),
    (f'[[users]]\nname = "an:na"\npassword_hash = "{HASH}"\n', 2, "users[0].name", "':'"),
    (
        f'[[users]]\nname = "anna"\nrole = "boss"\npassword_hash = "{HASH}"\n',
        3,
        "users[0].role",
        "none of the choices",
    ),
    (
        f'[[users]]\nname = "anna"\npassword_hash = "{HASH}"\n[[users]]\nname = "anna"\npassword_hash = "{HASH}"\n',
        5,
        "users[1].name",
        "already",
    ),
    (
        f'[tls]\nmode = "off"\n[access]\nprint = "users"\n[[users]]\nname = "anna"\npassword_hash = "{HASH}"\n',
        4,
        "access.print",
        "TLS only",
    ),
    ("[zzz]\n", 1, "zzz", "there are: "),
    ("x = 1\n[server]\n", 1, "x", "no table"),
    ("[printers]\nname = 'x'\n", 1, "printers", "[[printers]]"),
    ("printers = [1]\n", 1, "printers", "[[printers]]"),
    ("\n[[printers]]\ndevice = 'file:///x'\n", 2, "printers[0].name", "needs 'name'"),
    ("\n[[printers]]\nname = 'x'\n", 2, "printers[0].device", "needs 'device'"),
    ("[[printers]]\nname = 'Receipt'\ndevice = 'file:///x'\n", 2, "printers[0].name", "'info'"),
    ("[[printers]]\nname = ''\ndevice = 'file:///x'\n", 2, "printers[0].name", "1 to 63"),
    (f"[[printers]]\nname = '{'x' * 64}'\ndevice = 'file:///x'\n", 2, "printers[0].name", "1 to 63"),
    ("[[printers]]\nname = '-P'\ndevice = 'file:///x'\n", 2, "printers[0].name", "1 to 63"),
    ("[[printers]]\nname = 'ä'\ndevice = 'file:///x'\n", 2, "printers[0].name", "1 to 63"),
    ("[[printers]]\nname = 'x'\ndevice = '/dev/usb/lp0'\n", 3, "printers[0].device", "scheme"),
    (
        "[[printers]]\nname = 'x'\ndevice = 'file:///x'\ndefaults = 'x'\n",
        4,
        "printers[0].defaults",
        "a table",
    ),
    (
        "[[printers]]\nname = 'x'\ndevice = 'file:///x'\ndefaults = { a = 1.5 }\n",
        4,
        "printers[0].defaults",
        "'a' is none",
    ),
    (
        "[[printers]]\nname = 'x'\ndevice = 'file:///x'\nmedia_ready = { main = 4 }\n",
        4,
        "printers[0].media_ready",
        "texts",
    ),
    (
        "[[printers]]\nname = 'x'\ndevice = 'file:///x'\n\n[[printers]]\nname = 'x'\ndevice = 'file:///y'\n",
        6,
        "printers[1].name",
        "already",
    ),
    (
        (
            "[[printers]]\nname = 'x'\ndevice = 'file:///x'\ndefault = true\n\n"
            "[[printers]]\nname = 'y'\ndevice = 'file:///y'\ndefault = true\n"
        ),
        9,
        "printers[1].default",
        "'x' is the default already",
    ),
    ("[server]\nlisten = [\n", 3, "", "not TOML"),
    ("[server]\nname = 'a'\nname = 'b'\n", 3, "", "not TOML"),
    ("[server]\n= 3\n", 2, "", "not TOML"),
    (b"[server]\nname = '\xff'\n", 2, "", "UTF-8"),
    ("x = " + "[" * 5000 + "]" * 5000, 0, "", "nested too deep"),
    ("#" * (1024 * 1024 + 1), 0, "", "longer than"),
]


@pytest.mark.parametrize(("text", "line", "key", "sentence"), MISTAKES, ids=range(len(MISTAKES)))
def test_one_mistake(tmp_path, text, line, key, sentence):
    path = configuration(tmp_path, text)
    with pytest.raises(ConfigMistakesError) as caught:
        load(path, {})
    (mistake,) = caught.value.mistakes
    assert mistake.path == str(path)
    assert mistake.line == line
    assert mistake.key == key
    assert sentence in mistake.problem
    place = f"{path}:{line}" if line else str(path)
    assert str(caught.value).startswith(f"{place}: {key}: " if key else f"{place}: ")


def test_all_mistakes_come_at_once_in_the_order_of_lines(tmp_path):
    path = configuration(
        tmp_path,
        "[limits]\nmax_jobs = 0\n[[printers]]\nname = 'x'\ndevice = 'nothing'\ncolour = 1\n[servr]\n",
    )
    settings, mistakes = read(path, {"TYMPAN_LIMITS_MAX_COPIES": "x"})
    assert [(mistake.path, mistake.line, mistake.key) for mistake in mistakes] == [
        (str(path), 2, "limits.max_jobs"),
        (str(path), 5, "printers[0].device"),
        (str(path), 6, "printers[0].colour"),
        (str(path), 7, "servr"),
        ("TYMPAN_LIMITS_MAX_COPIES", 0, "limits.max_copies"),
    ]
    assert settings.printers == ()


def test_a_mistake_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="no_such_key"):
        load(configuration(tmp_path, "[log]\nno_such_key = 1\n"), {})


def test_later_files_win_and_printers_add_up(tmp_path):
    path = configuration(tmp_path, GOOD)
    configuration(tmp_path, "[limits]\nmax_jobs = 2\n", "conf.d/20-b.toml")
    configuration(
        tmp_path,
        "[limits]\nmax_jobs = 1\nmax_copies = 3\n[[printers]]\nname = 'third'\ndevice = 'file:///x'\n",
        "conf.d/10-a.toml",
    )
    configuration(tmp_path, "not toml at all", "conf.d/30-c.toml.dpkg-old")
    settings = load(path, {})
    assert settings.limits.max_jobs == 2
    assert settings.limits.max_copies == 3
    assert [printer.name for printer in settings.printers] == ["receipt", "laser", "third"]


def test_a_printer_twice_over_two_files_names_the_first(tmp_path):
    path = configuration(tmp_path, GOOD)
    second = configuration(tmp_path, "[[printers]]\nname = 'laser'\ndevice = 'file:///x'\n", "conf.d/a.toml")
    with pytest.raises(ConfigMistakesError) as caught:
        load(path, {})
    (mistake,) = caught.value.mistakes
    assert (mistake.path, mistake.line) == (str(second), 2)
    assert f"{path}:16" in mistake.problem


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigMistakesError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml", {})


def test_what_is_no_file(tmp_path):
    with pytest.raises(ConfigMistakesError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


# --- the environment ----------------------------------------------------------------------------------------------------


def test_the_environment_wins(tmp_path):
    environ = {
        "TYMPAN_SERVER_LISTEN": "[::]:8631, 127.0.0.1:9000",
        "TYMPAN_SERVER_STATE_DIR": "/tmp/tympan",
        "TYMPAN_LIMITS_MAX_JOBS": "1_000",
        "TYMPAN_URI": "ipp://elsewhere",
        "PATH": "/bin",
    }
    settings = load(configuration(tmp_path, GOOD), environ)
    assert settings.server.listen == ("[::]:8631", "127.0.0.1:9000")
    assert settings.server.state_dir == "/tmp/tympan"
    assert settings.limits.max_jobs == 1000
    assert settings.place("limits.max_jobs") == ("TYMPAN_LIMITS_MAX_JOBS", 0)


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("TYMPAN_LIMITS_MAX_JOB", "3", "did you mean TYMPAN_LIMITS_MAX_JOBS?"),
        ("TYMPAN_LIMITS_MAX_JOBS", "three", "a whole number"),
        ("TYMPAN_LIMITS_MAX_JOBS", "٣", "a whole number"),
        ("TYMPAN_LIMITS_MAX_JOBS", "", "a whole number"),
        ("TYMPAN_LIMITS_MAX_JOBS", "-3", "at least 1"),
        ("TYMPAN_SERVER_LISTEN", "", "at least one address"),
        ("TYMPAN_LOG_LEVEL", "loud", "none of the choices"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(variable, text, sentence):
    with pytest.raises(ConfigMistakesError) as caught:
        apply_environment(simulation_settings("/tmp/state"), {variable: text})
    (mistake,) = caught.value.mistakes
    assert mistake.path == variable
    assert sentence in mistake.problem


def test_the_environment_applies_to_the_simulation_too():
    settings = apply_environment(simulation_settings("/tmp/state"), {"TYMPAN_LIMITS_MAX_JOBS": "7"})
    assert settings.limits.max_jobs == 7
    assert settings.server.state_dir == "/tmp/state"


# --- the simulation -----------------------------------------------------------------------------------------------------


def test_the_simulation_has_the_two_printers_of_the_contract():
    settings = simulation_settings("/tmp/state", 9000)
    assert settings.server.addresses == (("::", 9000),)
    assert {
        printer.name: (printer.device, printer.driver, printer.profile) for printer in settings.printers
    } == {
        "receipt": ("sim://receipt", "escpos", "generic-80mm"),
        "laser": ("sim://laser", "pcl", "generic-pcl5e-duplex"),
    }
    assert settings.default_printer is not None
    assert settings.default_printer.name == "receipt"


def test_a_simulation_shows_whose_jobs_there_are():
    assert simulation_settings("/tmp/state").access.job_privacy_attributes == ("none",)
