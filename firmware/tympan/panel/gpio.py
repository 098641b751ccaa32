"""The pins: gpiozero on lgpio, or on its mock factory in the simulation. What is above this file knows no pins.

Nothing of this is imported where no panel is configured: gpiozero takes 0.14 s.

* The pin factory is lgpio, and chosen explicitly: gpiozero falls back to others with a warning only (gpiozero#1136), and they do not
  work on a Raspberry Pi 5.
* Edges come on a thread of lgpio's. They are handed on with the time they were seen at; whoever gets them changes threads.
* Lights are written by the caller: one ioctl, which never waits. gpiozero's own blinking, which has threads, is not used.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tympan.config import PanelSettings
from tympan.config.tables.panel import COLOURS, INPUTS
from tympan.errors import TympanError
from tympan.panel.machine import Outputs

if TYPE_CHECKING:
    from gpiozero import DigitalInputDevice, DigitalOutputDevice
    from gpiozero.pins.pi import PiFactory

DEVICES: Final = Path("/dev")

MODEL: Final = Path("/proc/device-tree/model")
"""What board this is; booted by other firmware than its own (UEFI, U-Boot, QEMU), a Raspberry Pi tells this and no revision."""

_ASSUMED_REVISION: Final = 0xC03114
"""The header of a board that tells no revision is taken for that of a Raspberry Pi 4B: GPIO 0 to 27."""

Edge = Callable[[str, bool, float], None]
"""Called on any thread with the line, whether it is active now, and when, in seconds that only go forward."""


class PanelError(TympanError):
    """The panel cannot be used; the message says what is missing and what to do."""


def missing(settings: PanelSettings) -> str | None:
    """What the pins need and is not there, with what to do about it; None: nothing. It opens nothing and loads nothing."""
    if importlib.util.find_spec("lgpio") is None:
        wheels = (
            "; in a virtual environment of your own: pip install 'tympan[gpio]'"
            if sys.version_info < (3, 13)
            else ""
        )
        return f"lgpio is missing: install the package python3-lgpio of Raspberry Pi OS, then run `sudo make install` again{wheels}"
    wanted = "gpiochip*" if settings.chip < 0 else f"gpiochip{settings.chip}"
    there = sorted(DEVICES.glob(wanted))
    if not there:
        return (
            "this machine has no GPIO: there is no /dev/gpiochip0"
            if settings.chip < 0
            else f"there is no /dev/gpiochip{settings.chip}; gpiodetect lists the chips that there are"
        )
    if not any(os.access(chip, os.R_OK | os.W_OK) for chip in there):
        return (
            f"{there[0]} may not be opened: the service's user has to be in the group gpio "
            f"(sudo usermod -aG gpio {_user()}), or needs a udev rule"
        )
    return None


def _user() -> str:
    import pwd  # noqa: PLC0415 — only what is missing needs it

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def load_lgpio(folder: Path) -> None:
    """Load lgpio where it can write; the process's working directory is another one for that moment.

    While it loads it makes a pipe ``.lgd-nfyN`` in its working directory (``LG_WD``) and opens it in the process's: both are a
    folder of their own here, which is gone afterwards. Call it while no other thread minds where the process is.

    Raises:
        PanelError: It cannot be loaded.
    """
    if "lgpio" in sys.modules:
        return
    try:
        with _working_in(folder):
            import lgpio  # noqa: F401, PLC0415
    except (ImportError, OSError) as error:
        raise PanelError(f"lgpio cannot be loaded: {error}") from error


@contextlib.contextmanager
def _working_in(parent: Path) -> Iterator[None]:
    before = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    own = tempfile.mkdtemp(prefix="lgpio-", dir=parent)
    earlier = os.environ.get("LG_WD")
    os.environ["LG_WD"] = own
    try:
        os.chdir(own)
        yield
    finally:
        os.fchdir(before)
        os.close(before)
        if earlier is None:
            del os.environ["LG_WD"]
        else:
            os.environ["LG_WD"] = earlier
        shutil.rmtree(own, ignore_errors=True)


def runtime_folder(state_dir: Path) -> Path:
    """Where files of the moment may be: what systemd gives the service, else its state directory."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given and os.access(given, os.W_OK) else state_dir


def is_raspberry_pi() -> bool:
    """Whether the device tree names the board so."""
    try:
        return MODEL.read_bytes().startswith(b"Raspberry Pi")
    except OSError:
        return False


def open_factory(settings: PanelSettings, *, simulated: bool) -> PiFactory:
    """The pin factory; blocks while gpiozero is loaded.

    Raises:
        PanelError: The chip cannot be opened.
    """
    if simulated:
        from gpiozero.pins.mock import MockFactory  # noqa: PLC0415 — 0.14 s, only where there is a panel

        return MockFactory()
    from gpiozero.exc import PinUnknownPi  # noqa: PLC0415
    from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415

    chip = settings.chip if settings.chip >= 0 else None

    class Factory(LGPIOFactory):  # type: ignore[misc]  # gpiozero has no types
        """lgpio, also on boards that tell no revision, where they are a Raspberry Pi by their name or the chip is named."""

        def _get_revision(self) -> int:
            try:
                return int(super()._get_revision())
            except PinUnknownPi:
                if chip is None and not is_raspberry_pi():
                    raise
                return _ASSUMED_REVISION

    try:
        return Factory(chip=chip)
    except PinUnknownPi as error:
        raise PanelError(
            "this is no Raspberry Pi: panel.chip names the GPIO chip, N of /dev/gpiochipN (gpiodetect lists them)"
        ) from error
    except Exception as error:  # lgpio has one class of error for everything
        raise PanelError(f"the GPIO chip cannot be opened: {error}") from error


class Wires:
    """The pins of a panel.

    Args:
        settings: Which they are.
        factory: Who has them; closed with this.
        on_edge: Is told when an input changes, on any thread.
        clock: What time it is told with.

    Raises:
        PanelError: A pin cannot be had.
    """

    def __init__(
        self,
        settings: PanelSettings,
        factory: PiFactory,
        on_edge: Edge,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._factory = factory
        self._on_edge = on_edge
        self._clock = clock
        self._closed = False
        self.inputs: dict[str, DigitalInputDevice] = {}
        self.outputs: dict[str, DigitalOutputDevice] = {}
        self._written: dict[str, bool] = {}
        try:
            for line, pin in settings.lines.items():
                self._bind(line, pin)
        except BaseException:
            self.close()
            raise

    def _bind(self, line: str, pin: int) -> None:
        try:
            if line in INPUTS:
                self.inputs[line] = self._input(line, pin)
            else:
                self.outputs[line] = self._output(line, pin)
        except Exception as error:
            problem = str(error)
            if "busy" in problem.lower():
                problem = "another program or the kernel has it (gpioinfo says who)"
            raise PanelError(f"GPIO {pin}, panel.{line}: {problem}") from error

    def _input(self, line: str, pin: int) -> DigitalInputDevice:
        from gpiozero import DigitalInputDevice  # noqa: PLC0415

        low = line in self._settings.active_low
        pull: dict[str, Any] = {"pull_up": low}
        if self._settings.pull == "none":
            pull = {"pull_up": None, "active_state": not low}
        device = DigitalInputDevice(pin, **pull, pin_factory=self._factory)
        device.when_activated = lambda: self._changed(line, active=True)
        device.when_deactivated = lambda: self._changed(line, active=False)
        return device

    def _output(self, line: str, pin: int) -> DigitalOutputDevice:
        from gpiozero import DigitalOutputDevice  # noqa: PLC0415

        high = line.partition("[")[0] not in self._settings.active_low
        return DigitalOutputDevice(pin, active_high=high, initial_value=False, pin_factory=self._factory)

    def _changed(self, line: str, *, active: bool) -> None:
        if not self._closed:
            self._on_edge(line, active, self._clock())

    def is_active(self, line: str) -> bool:
        """Whether a line is on, as its pin is."""
        device = self.inputs.get(line) or self.outputs[line]
        return bool(device.value)

    def pretend(self, line: str, *, active: bool) -> None:
        """Drive an input of the mock factory from outside, as a switch would."""
        pin = self.inputs[line].pin
        low = line in self._settings.active_low
        if active == low:
            pin.drive_low()
        else:
            pin.drive_high()

    def write(self, outputs: Outputs) -> None:
        """Make lights and buzzer so; only what has changed is written.

        Raises:
            PanelError: The chip does not do it.
        """
        colours = COLOURS.get(outputs.colour, (False, False, False))
        wanted = {"ready_led": outputs.ready, "error_led": outputs.error, "buzzer": outputs.buzzer}
        wanted |= {f"rgb[{place}]": on for place, on in enumerate(colours)}
        for line, device in self.outputs.items():
            if self._written.get(line) == wanted[line]:
                continue
            try:
                device.value = wanted[line]
            except Exception as error:
                raise PanelError(f"panel.{line} cannot be switched: {error}") from error
            self._written[line] = wanted[line]

    def close(self) -> None:
        """Switch everything off and give the pins back. Never raises; may be called twice."""
        self._closed = True
        with contextlib.suppress(PanelError):
            self.write(Outputs())
        for device in (*self.inputs.values(), *self.outputs.values()):
            with contextlib.suppress(Exception):
                device.close()
        with contextlib.suppress(Exception):
            self._factory.close()
