"""The panel on the event loop: edges from the pins into the machine, its outputs onto the pins, its orders to the service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tympan.config import Settings
from tympan.config.tables.panel import BUTTONS
from tympan.panel import gpio
from tympan.panel.actions import PanelActions
from tympan.panel.front import Front
from tympan.panel.gpio import PanelError, Wires
from tympan.panel.machine import Order, Outputs, PanelMachine
from tympan.panel.situation import PrinterView, Situation, situation_of
from tympan.service.description import IDENTIFY_FLASH, IDENTIFY_SOUND
from tympan.service.events import Event
from tympan.service.printer import Printer

if TYPE_CHECKING:
    from tympan.service.service import Service

NEAR_END: Final = "media-low-warning"
"""What the switch for paper that runs low says."""

_UNSEEN: Final = frozenset({"job-progress"})
"""Events after which nothing is to be shown otherwise."""

_log = logging.getLogger(__name__)


class Panel:
    """The panel of a service.

    Args:
        service: The service; the panel is opened before it starts, and attached to it afterwards.
        settings: The configuration.
        clock: Seconds that only go forward; those of `time.monotonic`.

    Attributes:
        simulated: The pins are gpiozero's mock ones, for a page to show and to press.
        problem: Why there is no panel although one is configured; empty: there is.
        on_outputs: Called after lights and buzzer were looked at.
        front: What a page shows and presses, in a simulation.
    """

    def __init__(
        self, service: Service, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._clock = clock
        self._settings = settings.panel
        self._state_dir = Path(settings.server.state_dir)
        self._loop = asyncio.get_running_loop()
        self._machine = PanelMachine(settings.panel, clock())
        self._actions = PanelActions(service, settings.panel.printer)
        self._views: tuple[PrinterView, ...] = ()
        self._low = False
        self._told_low: Printer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._look_again: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._binding: asyncio.Task[None] | None = None
        self._now_s = 0.0
        self._orders: asyncio.Queue[Order] = asyncio.Queue()
        self._stop_listening: Callable[[], None] | None = None
        self.simulated = settings.simulated
        self.wires: Wires | None = None
        self.problem = ""
        self.on_outputs: Callable[[Outputs], None] = lambda _outputs: None
        self.front = Front(self) if self.simulated else None

    # --- from the start to the end ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin to take the pins; gpiozero is loaded while the service starts.

        Where that cannot be done it says so, and the service runs without. Nothing else may run yet: see `gpio.load_lgpio`.
        """
        try:
            if not self.simulated:
                problem = gpio.missing(self._settings)
                if problem is not None:
                    raise PanelError(problem)  # noqa: TRY301 — told as the others are
                self._state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
                gpio.load_lgpio(gpio.runtime_folder(self._state_dir))
        except (PanelError, OSError) as error:
            self._fail(str(error))
            return
        self._binding = self._loop.create_task(self._take_pins())

    async def _take_pins(self) -> None:
        try:
            self.wires = await asyncio.to_thread(self._bind)
        except PanelError as error:
            self._fail(str(error))
            return
        except Exception as error:  # noqa: BLE001 — a panel is not worth the service
            _log.debug("the panel", exc_info=True)
            self._fail(f"{type(error).__name__}: {error}")
            return
        lines = ", ".join(f"{line} {pin}" for line, pin in self._settings.lines.items())
        _log.info("panel: %s%s", lines, " (simulated)" if self.simulated else "")
        self.turn()

    def _bind(self) -> Wires:
        factory = gpio.open_factory(self._settings, simulated=self.simulated)
        return Wires(self._settings, factory, self._edge_on_a_thread, self._clock)

    async def attach(self) -> None:
        """The service has started: show it, and do what is pressed."""
        if self._binding is not None:
            await self._binding
        if self._settings.printer and not self._actions.printers:
            _log.warning("panel: there is no printer %s", self._settings.printer)
        if self.wires is None:
            self._tell_problem()
        else:
            self._service.signal_by(self)
            for line in self.wires.inputs:
                if self.wires.is_active(line):
                    self._edge(line, active=True, at_s=self._clock())
        self._stop_listening = self._service.events.listen(self._happened)
        task = self._loop.create_task(self._work())
        self._tasks.add(task)
        self._look(jobs=True)

    async def close(self) -> None:
        """Lights off; the pins are given back."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        for handle in (self._timer, self._look_again):
            if handle is not None:
                handle.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._binding is not None:  # a thread cannot be told to stop
            await asyncio.gather(self._binding, return_exceptions=True)
        if self.front is not None:
            self.front.close()
        self._release()

    def _release(self) -> None:
        wires, self.wires = self.wires, None
        if wires is not None:
            wires.close()

    def _fail(self, problem: str) -> None:
        self.problem = problem
        _log.error("there is no panel: %s", problem)
        self._release()

    def _tell_problem(self) -> None:
        for printer in self._actions.printers:
            printer.notice(f"The panel does not work: {self.problem}." if self.problem else "")

    @property
    def lines(self) -> dict[str, int]:
        """The pins by the name of what is wired to them."""
        return self._settings.lines

    @property
    def codes(self) -> Mapping[str, int]:
        """Numbers of blinks that are not the ordinary ones."""
        return self._settings.codes

    @property
    def situation(self) -> Situation:
        """What is shown."""
        return self._machine.situation

    # --- what it shows ----------------------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        """Something is to be seen, soon: several events at once are one look."""
        if event.keyword in _UNSEEN or self._look_again is not None:
            return
        jobs = event.job is not None and sum(len(each.active) for each in self._actions.printers) <= MANY_JOBS
        self._look_again = self._loop.call_soon(self._look_soon, jobs)

    def _look_soon(self, jobs: bool) -> None:
        self._look_again = None
        self._look(jobs=jobs)

    def _look(self, *, jobs: bool) -> None:
        if self.problem:
            self._tell_problem()  # a printer may be new
        self._tell_low()
        views = self._actions.views(jobs=jobs, before=self._views)
        if views != self._views or not views:
            self._views = views
            self._machine.see(situation_of(views), self._now())
        self.turn()

    def _now(self) -> float:
        """The time; it never goes back, although edges bring their own."""
        self._now_s = max(self._now_s, self._clock())
        return self._now_s

    def turn(self) -> None:
        """Let the machine come up to the present: its orders, its outputs, and when to come again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.wires is None:
            return
        now_s = self._now()
        for order in self._machine.step(now_s):
            self._orders.put_nowait(order)
        outputs = self._machine.outputs(now_s)
        try:
            self.wires.write(outputs)
        except PanelError as error:
            self._fail(str(error))
            self._tell_problem()
            self._service.signal_by(self)  # there is no light any more
            return
        self.on_outputs(outputs)
        due_s = self._machine.due_s(now_s)
        if due_s is not None:
            self._timer = self._loop.call_later(max(due_s - self._clock(), 0.001), self.turn)

    # --- what is pressed --------------------------------------------------------------------------------------------

    def _edge_on_a_thread(self, line: str, active: bool, at_s: float) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._edge, line, active, at_s)

    def _edge(self, line: str, active: bool, at_s: float) -> None:
        if self.wires is None:
            return
        if line not in BUTTONS:
            self._low = active
            self._tell_low()
            return
        if active:
            self._look(jobs=True)  # what a tap means follows from the jobs that wait
        self._now_s = max(self._now_s, at_s)
        self._machine.edge(line, self._now_s, down=active)
        self.turn()

    def _tell_low(self) -> None:
        """The switch at the paper speaks of the printer that is the first now, which may have come later than its paper ran low."""
        printer = self._actions.main if self._low else None
        if self._told_low is not None and self._told_low is not printer:
            self._told_low.sensor_reports(())
        if printer is not None:
            printer.sensor_reports((NEAR_END,))
        self._told_low = printer

    async def _work(self) -> None:
        """Carry out orders, one after the other."""
        while True:
            order = await self._orders.get()
            try:
                well = await self._actions.carry_out(order)
            except Exception:  # noqa: BLE001 — the next button works
                _log.exception("panel: %s failed", order.action.value)
                well = False
            self._machine.done(self._now(), well=well)
            self.turn()

    # --- Identify-Printer -------------------------------------------------------------------------------------------

    def actions(self, printer: Printer) -> Sequence[str]:
        """What of ``flash`` and ``sound`` there is for `printer`."""
        if not self._actions.concerns(printer) or self.wires is None:
            return ()
        light = (IDENTIFY_FLASH,) if self._settings.has_light else ()
        return (*light, IDENTIFY_SOUND) if "buzzer" in self._settings.lines else light

    def identify(self, printer: Printer, actions: Sequence[str]) -> None:
        """Flash and sound for `printer`."""
        if not self._actions.concerns(printer) or self.wires is None:
            return
        can = self.actions(printer)
        flash, sound = (each in actions and each in can for each in (IDENTIFY_FLASH, IDENTIFY_SOUND))
        self._machine.identify(self._now(), flash=flash, sound=sound)
        self.turn()


MANY_JOBS: Final = 200
"""With more jobs than this, those that wait to be released are counted when a button is pressed, not after each event."""
