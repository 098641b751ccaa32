"""The fault matrix: every fault at random points of jobs, on every printer, judged by the paper.

One run: a job of coded pages is sent, the simulation makes the fault at a byte or at a moment that was drawn, and ends it after a while;
then the job has to end by itself. What came out is read by `coded_pages`. Targets: no page lost, nothing printed twice without a mark, no
job stuck, a fault is said within 2 s, and 3 s after its end the printer goes on.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import coded_pages
from fault_lanes import KINDS, LANES, TRANSPORTS, Lane, Piece, pieces_of
from fault_service import FaultService

from tympan.ipp.enums import JobState

PAGES, STRIPS = 4, 10
REASON_TARGET_S, RESUME_TARGET_S = 2.0, 3.0
STUCK_S = 45.0
"""A job that takes longer than this, after the fault's end, is stuck."""

TAKEN_BACK_S = 5.0
"""What is said of a fault may stand so long when all is well again and the printer rests: one that was away is looked for every 2 s."""

TELL_RUNS = 500
"""How often it is told how far it is."""

DRAWS = 4
"""A fault whose moment came when the job was over is drawn again, so often."""

ENOUGH_MM = 10_000
"""What a run needs of paper at most, and of it no printer says yet that there is little."""

BEGUN_BYTES = 1000
"""A job of which the printer has more than so many bytes has begun."""

FINAL = (JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED)


@dataclass(frozen=True)
class Case:
    """A fault as the matrix makes it.

    Attributes:
        order: What the simulation is told, without when and for how long.
        lasts_s: Shortest and longest time it lasts; None: it ends by itself.
        reasons: What `printer-state-reasons` say of it, without suffix; any of them; empty: nothing has to be said.
        spoils: It changes what is printed, and nobody can know.
        loses: It may take what was on its way with it.
        only: Transports that have it; empty: all.
        receipts: Only receipt printers have it.
        asked: It is known by the silence of a printer that is asked, also in the middle of a job: of receipt printers.
        again: Two of them come, each at a point of its own.
        said_by_all: Also printers that say nothing of themselves are known to have it.
    """

    order: Callable[[random.Random], str]
    lasts_s: tuple[float, float] | None = (0.3, 3.0)
    reasons: tuple[str, ...] = ()
    spoils: bool = False
    loses: bool = False
    only: tuple[str, ...] = ()
    receipts: bool = False
    asked: bool = False
    said_by_all: bool = False
    again: bool = False


def _plain(name: str) -> Callable[[random.Random], str]:
    return lambda _: name


GONE = (
    "connecting-to-device",
    "subunit-offline",
    "shutdown",
    "power-down",
    "timed-out",
    "other",
    "stopped-partly",
)
"""What may be said of a printer that is not there or does not answer."""

OFF_S = (2.2, 4.0)
"""No printer is switched off, started and ready again in less than two seconds."""

REST_S = 0.2
"""A printer that reads nothing for so long, and has nothing to do, has come to rest; longer than one step of a slow machine."""

STOPPING = ("paper-out", "cover", "offline", "power-off", "unplug", "stall", "half-open")
"""Of which ``two`` come to the same job, one after the other or both at once."""

CASES: dict[str, Case] = {
    "paper-out": Case(_plain("paper-out"), reasons=("media-empty",)),
    "paper-near-end": Case(_plain("paper-near-end"), reasons=("media-low",), receipts=True),
    "cover": Case(_plain("cover"), reasons=("cover-open", "door-open", "interlock-open")),
    "offline": Case(_plain("offline"), reasons=("subunit-offline", "other", "offline", "paused", *GONE)),
    "cutter": Case(
        _plain("cutter"), reasons=("trimmer-jam", "cutter-jam", "media-jam", "other"), receipts=True
    ),
    "overheat": Case(
        _plain("overheat"),
        reasons=("subunit-over-temperature", "fuser-over-temp", "marker-over-temp", "subunit-offline"),
    ),
    "power-off": Case(_plain("power-off"), lasts_s=OFF_S, reasons=GONE, loses=True, said_by_all=True),
    "unplug": Case(_plain("unplug"), reasons=GONE, loses=True, said_by_all=True),
    "stall": Case(_plain("stall"), reasons=GONE, asked=True),
    "halt": Case(_plain("halt"), lasts_s=None, only=("usb",)),
    "half-open": Case(_plain("half-open"), lasts_s=(1.0, 6.0), reasons=GONE, loses=True, asked=True),
    "slow": Case(_plain("slow 0.2")),
    "lost": Case(lambda chance: f"lost {chance.randint(1, 400)}", lasts_s=None, spoils=True),
    "noise": Case(lambda chance: f"noise {chance.randint(1, 100)}", lasts_s=None, spoils=True),
    "short-writes": Case(lambda chance: f"short-writes {chance.randint(200, 2000)}"),
    "short-reads": Case(_plain("short-reads 1")),
    "garbage": Case(lambda chance: f"garbage {chance.randint(1, 64)}", lasts_s=None),
    "wrong": Case(_plain("wrong")),
    "silence": Case(_plain("silence")),
    "late": Case(lambda chance: f"late {chance.uniform(0.3, 2.0):.1f}"),
    "two": Case(lambda chance: chance.choice(STOPPING), loses=True, again=True),
}


@dataclass
class Run:
    """One run and what came of it. Times are seconds."""

    lane: str
    kind: str
    transport: str
    fault: str
    order: str
    ended: str = ""
    message: str = ""
    happened: bool = False
    had_begun: bool = False
    lost: tuple[int, ...] = ()
    excused: tuple[int, ...] = ()
    damaged: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    marked: int = 0
    disordered: int = 0
    strangers: int = 0
    stray_rows: int = 0
    stuck: bool = False
    premature: bool = False
    aftermath: str = ""
    spoiled_next: bool = False
    standing: str = ""
    reason_s: float | None = None
    unsaid: bool = False
    resume_s: float | None = None
    said: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def broken(self) -> list[str]:
        """What is wrong with it, in words, times apart."""
        wrong = [
            f"lost {self.lost}" if self.lost else "",
            f"doubled {self.doubled}" if self.doubled else "",
            "stuck" if self.stuck else "",
            "completed before it was printed" if self.premature else "",
            f"{self.strangers} strange pages" if self.strangers else "",
            f"{self.disordered} out of order" if self.disordered else "",
            f"afterwards: {self.aftermath}" if self.aftermath else "",
            f"still said: {self.standing}" if self.standing else "",
        ]
        return [word for word in wrong if word]

    @property
    def faults(self) -> list[str]:
        """What is wrong with it, in words."""
        late = [
            "not said" if self.unsaid else "",
            f"said after {self.reason_s:.1f} s" if (self.reason_s or 0) > REASON_TARGET_S else "",
            f"resumed after {self.resume_s:.1f} s" if (self.resume_s or 0) > RESUME_TARGET_S else "",
        ]
        return self.broken + [word for word in late if word]


@dataclass
class _Measure:
    """What a job without a fault is like on a lane."""

    bytes: int
    seconds: float


class Matrix:
    """The whole of it.

    Args:
        folder: For everything.
        seed: Of every draw.
        points: How often each fault is made on each printer.
        kinds: Of `KINDS`.
        transports: Of `TRANSPORTS`.
        faults: Of `CASES`.
        lanes: Printers of each kind behind each transport, which share the work.
        order: What the simulation is told in place of what is drawn: to see one run again.
        tell: Hears how far it is.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        points: int,
        kinds: Iterable[str] = KINDS,
        transports: Iterable[str] = TRANSPORTS,
        faults: Iterable[str] = CASES,
        lanes: int = 1,
        order: str = "",
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self._points = points
        self._faults = tuple(faults)
        self._order = order
        self._tell = tell
        self._documents = [
            coded_pages.document(number, PAGES, STRIPS) for number in range(coded_pages.DOCUMENTS)
        ]
        self._lanes = [
            LANES[transport](KINDS[kind], transport, folder, number)
            for transport in transports
            for kind in kinds
            for number in range(lanes)
        ]
        self._per_kind = lanes
        self._judges = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
        self.runs: list[Run] = []

    async def go(self) -> list[Run]:
        """Make all runs; returns `runs`, in no order."""
        (self._folder / "out").mkdir(parents=True, exist_ok=True)
        try:
            await asyncio.gather(*(lane.start() for lane in self._lanes))
            service = FaultService(self._folder, self._lanes)
            await service.start()
            try:
                await asyncio.gather(*(self._lane(service, lane, seed) for lane, seed in self._work()))
            finally:
                await service.close()
        finally:
            for lane in self._lanes:
                lane.stop()
            self._judges.shutdown()
        return self.runs

    def _work(self) -> list[tuple[Lane, list[tuple[str, int]]]]:
        """What each lane has to do: faults, and a seed for each run."""
        work: list[tuple[Lane, list[tuple[str, int]]]] = []
        for first in range(0, len(self._lanes), self._per_kind):
            lanes = self._lanes[first : first + self._per_kind]
            runs = [
                (name, self._chance.getrandbits(32))
                for name in self._faults
                if _has(lanes[0], CASES[name])
                for _ in range(self._points)
            ]
            self._chance.shuffle(runs)
            work += [(lane, runs[place :: self._per_kind]) for place, lane in enumerate(lanes)]
        return work

    async def _lane(self, service: FaultService, lane: Lane, runs: list[tuple[str, int]]) -> None:
        worker = _Worker(service, lane, self._documents, self._judges, self._order)
        problem = await worker.measure()
        if problem:
            self.runs.append(Run(lane.name, lane.kind.name, lane.transport, "none", "", aftermath=problem))
            self._tell(f"{lane.name}: without a fault: {problem}")
            return
        for fault, seed in runs:
            for attempt in range(DRAWS):
                run = await worker.run(fault, seed + attempt)
                if run.happened or run.faults:
                    break
                if run.excused:
                    await worker.clean_up()
            self.runs.append(run)
            if len(self.runs) % TELL_RUNS == 0:
                self._tell(f"{len(self.runs)} runs")
            wrong = ", ".join(run.faults)
            if wrong:
                self._tell(f"{lane.name}: {run.order}: {wrong} [{run.ended} {run.message}]")
            if wrong or run.excused or run.damaged:
                await worker.clean_up()


def _has(lane: Lane, case: Case) -> bool:
    return (not case.only or lane.transport in case.only) and (
        not case.receipts or lane.kind.language == "ESC/POS"
    )


class _Worker:
    """The runs of one lane."""

    def __init__(
        self,
        service: FaultService,
        lane: Lane,
        documents: Sequence[bytes],
        judges: Executor,
        order: str = "",
    ) -> None:
        self._judges = judges
        self._service = service
        self._lane = lane
        self._documents = documents
        self._given = order
        self._before = 0
        self._number = 0
        self._measure = _Measure(0, 0.0)

    async def measure(self) -> str:
        """Print a job without a fault, twice; what is wrong with it, or nothing."""
        for _ in range(2):
            before = await self._received()
            verdict, ended, seconds = await self._plain_job()
            self._measure = _Measure(await self._received() - before, seconds)
            if not verdict.perfect or ended != "completed":
                return f"{ended}: {verdict}"
        return ""

    async def _received(self) -> int:
        try:
            return int((await self._lane.status())["received"])
        except TimeoutError:
            return 0

    async def _plain_job(self) -> tuple[coded_pages.Verdict, str, float]:
        """What became of a job without a fault, how it ended, and how long it took."""
        number = self._next_document()
        began = time.monotonic()
        job_id = await self._service.submit(self._lane, self._documents[number])
        ended = await self._ends(job_id, STUCK_S)
        await self._comes_to_rest()
        seconds = time.monotonic() - began
        return await self._verdict(await self._lane.pieces(), number), ended, seconds

    async def _out_by_now(self) -> list[Piece] | None:
        """The paper of a printer that still works; None: it has nothing to do."""
        if (await self._lane.status())["idle"]:
            return None
        await self._lane.status()  # what it had just made is in its file now
        return await self._lane.pieces()

    async def _verdict(self, pieces: list[Piece], number: int) -> coded_pages.Verdict:
        """Judged in a process of its own: the service shall not wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._judges, _verdict, pieces, number)

    def _next_document(self) -> int:
        self._number = (self._number + 1) % len(self._documents)
        return self._number

    async def run(self, fault: str, seed: int) -> Run:
        """One fault at one point."""
        lane, case, chance = self._lane, CASES[fault], random.Random(seed)
        orders = [self._order(case, chance) for _ in range(1 + case.again)]
        run = Run(lane.name, lane.kind.name, lane.transport, fault, ", ".join(orders))
        number = self._next_document()
        await self._fill_up()
        self._before = await self._received()
        began = time.monotonic()
        for order in orders:
            await lane.order(order)
        job_id = await self._service.submit(lane, self._documents[number])
        await self._follow(run, job_id, began)
        completed_at = time.monotonic()
        by_then = await self._out_by_now() if run.ended == "completed" and lane.kind.confirms else None
        await self._comes_to_rest()
        status = await lane.status()
        records = [each for each in status["history"] if each["began"] >= began]
        run.history = [_since(each, began) for each in records]
        record = _last(records if case.again else [each for each in records if each["fault"] == fault])
        await lane.order("well")
        self._times(run, case, record, completed_at)
        pieces = await lane.pieces()
        verdict = await self._verdict((by_then or []) + pieces, number)
        if by_then is not None and pieces:
            run.premature = not {*(await self._verdict(by_then, number)).lost} <= {*verdict.lost}
        self._judge(run, case, verdict, record, completed_at)
        if case.spoils:
            await self._aftermath(run)
        run.standing = await self._still_said()
        run.took_s = time.monotonic() - began
        return run

    async def _fill_up(self) -> None:
        """A new roll or a full tray, before the paper runs out by itself."""
        if (await self._lane.status())["paper_left_mm"] < ENOUGH_MM:
            await self._lane.order("paper-out on")
            await self._lane.order("paper-out off")

    def _lasts_s(self, case: Case, order: str, chance: random.Random) -> float:
        """How long a fault lasts; 0: it ends by itself."""
        limits = OFF_S if order == "power-off" else case.lasts_s
        return chance.uniform(*limits) if limits else 0.0

    def _order(self, case: Case, chance: random.Random) -> str:
        """When, what, and for how long."""
        if self._given:
            return self._given
        if chance.random() < 0.5:
            when = f"at +{chance.randint(1, max(self._measure.bytes, 1))}"
        else:
            when = f"in {chance.uniform(0.05, max(self._measure.seconds, 0.1)):.2f}"
        order = case.order(chance)
        lasts_s = self._lasts_s(case, order, chance)
        return f"{when} {order}" + (f" for {lasts_s:.2f}" if lasts_s else "")

    async def _follow(self, run: Run, job_id: int, began: float) -> None:
        """Wait for the job's end."""
        run.ended = await self._ends(job_id, STUCK_S)
        _, run.message = self._service.state(self._lane, job_id)
        if not run.ended:
            run.stuck = True
            await self._lane.order("well")
            await self._service.cancel(self._lane, job_id)
            run.ended = f"stuck, then {await self._ends(job_id, 10.0)}"
        elif run.ended != "completed":
            run.stuck = True
        run.said = [
            (round(when - began, 2), reasons) for when, reasons in self._service.said(self._lane, began)
        ]

    async def _ends(self, job_id: int, limit_s: float) -> str:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            state, _ = self._service.state(self._lane, job_id)
            if state in FINAL:
                return state.name.lower()
            await asyncio.sleep(0.03)
        return ""

    async def _comes_to_rest(self) -> None:
        """Twice in a row it has nothing to do, and has read nothing between: the first time, bytes may be on the line."""
        end = time.monotonic() + 20.0
        rests_at = -1
        while time.monotonic() < end:
            status = await self._lane.status()
            rests = status["idle"] and not status["faults"]
            if rests and status["received"] == rests_at:
                break
            rests_at = status["received"] if rests else -1
            await asyncio.sleep(REST_S if rests else 0.05)

    def _times(self, run: Run, case: Case, record: dict[str, Any] | None, completed_at: float) -> None:
        """Fault to reason, repair to printing."""
        felt = record["felt"] if record else None
        run.happened = felt is not None and felt < completed_at
        # How long a job takes to begin is not how long it takes to go on.
        run.had_begun = record is not None and record["at_byte"] - self._before > BEGUN_BYTES
        if record is None or felt is None:
            return
        ended = record["ended"]
        lane = self._lane
        breaks = case.said_by_all and (lane.transport != "serial" or run.fault == "unplug")
        # What is in a network printer's buffers is acknowledged, and may wait there: its silence says nothing.
        asked = lane.kind.language == "ESC/POS" and (lane.transport != "socket" or not case.asked)
        asked = asked or not (case.asked or case.said_by_all)
        known = breaks or (lane.kind.answers and asked)
        # Nobody is connected to a network printer without a job, and a job may wait for its worker first.
        known = known and (run.had_begun or lane.transport != "socket")
        if case.reasons and known:
            over = min(ended or completed_at, completed_at)
            seen = [
                when
                for when, reasons in self._service.said(lane, felt)
                if any(reason.startswith(expected) for reason in reasons for expected in case.reasons)
            ]
            if seen and seen[0] < felt:
                pass  # of the fault before: when that was taken back, and this one said, was too quick to be seen
            elif seen:
                run.reason_s = seen[0] - felt
            elif over - felt > REASON_TARGET_S:
                run.unsaid = True
        if ended is not None and ended < completed_at and case.lasts_s and run.had_begun:
            again = record["taken"] if record["fault"] in {"unplug", "half-open"} else record["moved"]
            if again is not None and again < completed_at:
                run.resume_s = again - ended

    def _judge(
        self,
        run: Run,
        case: Case,
        verdict: coded_pages.Verdict,
        record: dict[str, Any] | None,
        completed_at: float,
    ) -> None:
        run.doubled, run.marked, run.disordered = verdict.doubled, verdict.marked, verdict.disordered
        run.strangers, run.stray_rows = 0 if case.spoils else verdict.strangers, verdict.stray_rows
        lost = verdict.lost
        # A receipt's pages are set up each by itself; a laser is set up once for the job.
        far = self._lane.kind.language == "PCL"
        if case.spoils and lost and (far or (len(lost) <= 2 and lost[-1] - lost[0] <= 1)):
            run.damaged, lost = lost, ()
        if lost and record and self._cannot_know(case, record, completed_at):
            run.excused, lost = lost, ()
        if run.ended == "completed" or run.stuck:
            run.lost = lost

    def _cannot_know(self, case: Case, record: dict[str, Any], completed_at: float) -> bool:
        """Whether nobody who only has the cable could have known that something was lost."""
        kind = self._lane.kind
        if kind.confirms or not case.loses:
            return False
        if self._lane.transport == "serial" and not kind.answers:
            return True
        return completed_at <= (record["ended"] or completed_at) + 1.0

    async def _still_said(self) -> str:
        """What is said of a printer that is well again, and not taken back in time."""
        end = time.monotonic() + TAKEN_BACK_S
        while (reasons := self._service.reasons(self._lane)) != ("none",):
            if time.monotonic() > end:
                return ", ".join(reasons)
            await asyncio.sleep(0.05)
        return ""

    async def clean_up(self) -> None:
        """Bring the printer to a state in which the next run is not judged for this one."""
        await self._lane.order("power-off for 0.2")
        await asyncio.sleep(0.5)
        await self._comes_to_rest()
        await self._plain_job()

    async def _aftermath(self, run: Run) -> None:
        """The next job after what nobody can know has to come out, beside what is left of the one before.

        A printer that says nothing takes its begin for the rest of what the cable has lost at the end.
        """
        verdict, ended, _ = await self._plain_job()
        if ended != "completed" or verdict.lost or verdict.doubled:
            run.spoiled_next = not self._lane.kind.answers and ended == "completed" and verdict.lost == (0,)
            run.aftermath = "" if run.spoiled_next else f"{ended}: {verdict}"


def _verdict(pieces: Sequence[Piece], number: int) -> coded_pages.Verdict:
    return coded_pages.judge(coded_pages.read(pieces_of(pieces)), number, PAGES, STRIPS)


def _last(records: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The fault that was over last: of two at once the printer goes on behind both."""
    never = float("inf")
    return max(records, key=lambda each: never if each["ended"] is None else each["ended"], default=None)


def _since(record: dict[str, Any], began: float) -> dict[str, Any]:
    """What the simulation knows of a fault, its times counted from the job's begin."""
    times = ("began", "felt", "ended", "moved", "taken")
    return record | {name: round(record[name] - began, 2) for name in times if record[name] is not None}


# --- what it comes to -------------------------------------------------------------------------------------------------


def as_json(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The runs as plain data."""
    return [{**asdict(run), "wrong": run.faults} for run in runs]


def table(runs: Sequence[Run]) -> str:
    """The matrix as Markdown: what went wrong by fault and printer, then the times."""
    kinds = list(dict.fromkeys(run.kind for run in runs))
    transports = list(dict.fromkeys(run.transport for run in runs))
    faults = [name for name in CASES if any(run.fault == name for run in runs)]
    lines = []
    for kind in kinds:
        lines += [
            f"### {kind}",
            "",
            f"| fault | {' | '.join(transports)} |",
            f"| --- |{' --- |' * len(transports)}",
        ]
        for fault in faults:
            cells = [
                _cell(
                    [run for run in runs if (run.kind, run.transport, run.fault) == (kind, transport, fault)]
                )
                for transport in transports
            ]
            if any(cells):
                lines.append(f"| {fault} | {' | '.join(cells)} |")
        lines.append("")
    lines += [
        "### Times",
        "",
        "| fault | fault to reason: median, most | repair to printing: median, most |",
        "| --- | --- | --- |",
    ]
    for fault in faults:
        said = [run.reason_s for run in runs if run.fault == fault and run.reason_s is not None]
        again = [run.resume_s for run in runs if run.fault == fault and run.resume_s is not None]
        if said or again:
            lines.append(f"| {fault} | {_spread(said)} | {_spread(again)} |")
    lines += ["", summary(runs)]
    return "\n".join(lines)


def _cell(runs: Sequence[Run]) -> str:
    if not runs:
        return ""
    counts = {
        "lost": sum(bool(run.lost) for run in runs),
        "doubled": sum(bool(run.doubled) for run in runs),
        "stuck": sum(run.stuck for run in runs),
        "early": sum(run.premature for run in runs),
        "strange": sum(bool(run.strangers or run.disordered) for run in runs),
        "not clean after": sum(bool(run.aftermath) for run in runs),
        "not taken back": sum(bool(run.standing) for run in runs),
        "unsaid": sum(run.unsaid for run in runs),
        "said late": sum((run.reason_s or 0) > REASON_TARGET_S for run in runs),
        "late again": sum((run.resume_s or 0) > RESUME_TARGET_S for run in runs),
    }
    notes = {
        "damaged": sum(bool(run.damaged) for run in runs),
        "unknowable": sum(bool(run.excused or run.spoiled_next) for run in runs),
    }
    bad = ", ".join(f"**{count} {word}**" for word, count in counts.items() if count)
    also = ", ".join(f"{count} {word}" for word, count in notes.items() if count)
    happened = sum(run.happened for run in runs)
    count = f"{happened}" if happened == len(runs) else f"{happened} of {len(runs)}"
    shown = f"{count} ok" if not bad else f"{count}: {bad}"
    return f"{shown} ({also})" if also else shown


def _spread(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.2f} s, {max(times):.2f} s ({len(times)})" if times else "-"


def summary(runs: Sequence[Run]) -> str:
    """One line."""
    said = [run.reason_s for run in runs if run.reason_s is not None]
    again = [run.resume_s for run in runs if run.resume_s is not None]
    parts = [
        f"{len(runs)} runs",
        f"{sum(bool(run.lost) for run in runs)} lost",
        f"{sum(bool(run.doubled) for run in runs)} printed twice without a mark",
        f"{sum(run.stuck for run in runs)} stuck",
        f"{sum(run.premature for run in runs)} completed too early",
        f"{sum(bool(run.aftermath or run.standing or run.strangers or run.disordered) for run in runs)} untidy",
        f"{sum(run.unsaid for run in runs)} faults not said",
        f"fault to reason {_spread(said)}",
        f"repair to printing {_spread(again)}",
        f"unknowable losses {sum(bool(run.excused or run.spoiled_next) for run in runs)}",
        f"pages with a mark {sum(run.marked for run in runs)}",
    ]
    return "; ".join(parts)
