"""The pins by gpiozero's mock factory; and what is said where there are none."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from gpiozero.pins.mock import MockFactory

from tympan.config import PanelSettings
from tympan.panel import gpio
from tympan.panel.gpio import PanelError, Wires, missing, open_factory
from tympan.panel.machine import Outputs

SETTINGS = PanelSettings(ready_led=17, rgb=(5, 6, 13), buzzer=18, button=22, paper_near_end=25)


@pytest.fixture
def bind():
    made = []

    def wires(settings=SETTINGS, edges=None):
        factory = MockFactory()
        told = edges if edges is not None else []
        wired = Wires(
            settings, factory, lambda line, active, at: told.append((line, active, at)), clock=lambda: 7.5
        )
        made.append(wired)
        return wired, factory

    yield wires
    for wired in made:
        wired.close()


def levels(factory, *pins):
    return [bool(factory.pin(pin).state) for pin in pins]


def test_lights_are_off_at_first_and_at_the_end(bind):
    wired, factory = bind()
    assert levels(factory, 17, 18, 5, 6, 13) == [False] * 5
    wired.write(Outputs(ready=True, colour="yellow", buzzer=True))
    assert levels(factory, 17, 18, 5, 6, 13) == [True, True, True, True, False]
    states = factory.pin(17).states
    wired.write(Outputs(ready=True, colour="blue"))
    assert levels(factory, 17, 18, 5, 6, 13) == [True, False, False, False, True]
    assert len(states) == len(factory.pin(17).states), "what is the same is not written again"
    wired.close()
    assert [state.state for state in states][-1:] != [True] or not factory.pin(17).state


def test_a_light_between_the_supply_and_the_pin(bind):
    wired, factory = bind(replace(SETTINGS, active_low=("ready_led", "rgb", "button", "paper_near_end")))
    assert levels(factory, 17, 5, 6, 13) == [True] * 4
    wired.write(Outputs(ready=True, colour="red"))
    assert levels(factory, 17, 5, 6, 13) == [False, False, True, True]
    assert wired.is_active("ready_led")


def test_a_button_to_ground_with_the_chips_resistor(bind):
    edges = []
    _, factory = bind(edges=edges)
    assert factory.pin(22).pull == "up"
    factory.pin(22).drive_low()
    factory.pin(22).drive_high()
    assert edges == [("button", True, 7.5), ("button", False, 7.5)]


def test_a_button_to_the_supply(bind):
    edges = []
    _, factory = bind(replace(SETTINGS, active_low=()), edges)
    assert factory.pin(22).pull == "down"
    factory.pin(22).drive_high()
    assert edges == [("button", True, 7.5)]


def test_resistors_outside(bind):
    edges = []
    _, factory = bind(replace(SETTINGS, pull="none"), edges)
    assert factory.pin(22).pull == "floating"
    factory.pin(22).drive_high()
    factory.pin(22).drive_low()
    assert edges[-1] == ("button", True, 7.5)


def test_nothing_is_told_after_the_end(bind):
    edges = []
    wired, factory = bind(edges=edges)
    pin = factory.pin(22)
    wired.close()
    pin.drive_low()
    wired.close()
    assert edges == []


class Busy(MockFactory):
    """A chip one of whose pins the kernel has, in lgpio's words."""

    def pin(self, name, pin_class=None):
        if name == 22:
            raise RuntimeError("'GPIO busy'")
        return super().pin(name, pin_class)


def test_a_pin_that_somebody_else_has():
    with pytest.raises(PanelError, match=r"GPIO 22, panel\.button: another program or the kernel has it"):
        Wires(SETTINGS, Busy(), lambda *_: None)


def test_a_pin_that_cannot_be_written_any_more(bind):
    wired, factory = bind()
    factory.pin(17)._set_state = lambda _value: (_ for _ in ()).throw(RuntimeError("I/O error"))
    with pytest.raises(PanelError, match=r"panel\.ready_led cannot be switched"):
        wired.write(Outputs(ready=True))


# --- what is missing --------------------------------------------------------------------------------------------------


def test_without_lgpio(monkeypatch):
    monkeypatch.setattr(gpio.importlib.util, "find_spec", lambda _name: None)
    assert "python3-lgpio" in missing(SETTINGS)


@pytest.fixture
def devices(monkeypatch, tmp_path):
    monkeypatch.setattr(gpio.importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(gpio, "DEVICES", tmp_path)
    return tmp_path


def test_without_a_chip(devices):
    assert devices.exists()
    assert missing(SETTINGS) == "this machine has no GPIO: there is no /dev/gpiochip0"
    assert missing(replace(SETTINGS, chip=3)).startswith("there is no /dev/gpiochip3")


def test_without_rights(devices, monkeypatch):
    (devices / "gpiochip0").touch()
    assert missing(SETTINGS) is None
    monkeypatch.setattr(gpio.os, "access", lambda *_: False)
    assert "in the group gpio (sudo usermod -aG gpio " in missing(SETTINGS)


def test_the_simulation_has_mock_pins():
    factory = open_factory(SETTINGS, simulated=True)
    assert type(factory) is MockFactory
    factory.close()


# --- lgpio itself, in a process of its own: it starts a thread and leaves a pipe where it is loaded ---------------------


def in_a_process(code, cwd):
    prologue = """
        import sys
        from pathlib import Path
        from tympan.config import PanelSettings
        from tympan.panel import gpio
    """
    script = textwrap.dedent(prologue) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


needs_lgpio = pytest.mark.skipif(
    gpio.importlib.util.find_spec("lgpio") is None, reason="lgpio has no wheel for this Python"
)


@needs_lgpio
def test_lgpio_leaves_no_file_and_the_process_where_it_was(tmp_path):
    here, runtime = tmp_path / "here", tmp_path / "runtime"
    here.mkdir()
    runtime.mkdir()
    printed = in_a_process(
        """
        gpio.load_lgpio(Path("../runtime").resolve())
        import os, lgpio
        print(os.getcwd(), "LG_WD" in os.environ, bool(lgpio.get_module_version()))
        """,
        here,
    )
    assert printed == [f"{here} False True"]
    assert not list(here.iterdir())
    assert not list(runtime.iterdir())


@needs_lgpio
def test_lgpio_on_a_machine_that_is_no_raspberry_pi(tmp_path):
    printed = in_a_process(
        """
        gpio.load_lgpio(Path.cwd())
        for chip in (-1, 60):
            try:
                gpio.open_factory(PanelSettings(button=4, chip=chip), simulated=False)
            except gpio.PanelError as error:
                print(error)
        """,
        tmp_path,
    )
    assert "panel.chip names the GPIO chip" in printed[0] or "cannot be opened" in printed[0]
    assert printed[1].startswith("the GPIO chip cannot be opened: ")
    assert not list(tmp_path.iterdir())


@needs_lgpio
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (b"Raspberry Pi 3 Model B\0", "the GPIO chip cannot be opened: "),
        (b"Radxa ROCK 4\0", "this is no Raspberry Pi: "),
    ],
)
def test_a_raspberry_pi_is_known_by_its_name_where_it_tells_no_revision(tmp_path, model, said):
    (tmp_path / "model").write_bytes(model)
    printed = in_a_process(
        """
        import lgpio
        gpio.load_lgpio(Path.cwd())
        gpio.MODEL = Path("model")
        def no_chip(_number):
            raise OSError("no chip here")
        lgpio.gpiochip_open = no_chip
        try:
            gpio.open_factory(PanelSettings(button=4), simulated=False)
        except gpio.PanelError as error:
            print(error)
        """,
        tmp_path,
    )
    assert printed[0].startswith(said)


def test_no_module_of_the_service_loads_gpiozero():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, tympan.app; print([m for m in sys.modules if 'gpio' in m])"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
