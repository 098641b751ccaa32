"""A printer's job language: the lines that begin with ``@PJL``.

Owns the print environments (factory, user default, current), the variables that can be asked for, and the exact form of
the replies, after Hewlett-Packard's *Printer Job Language Technical Reference Manual*: chapters 5 (JOB, EOJ), 6
(environment), 7 (status readback), 8 (device attendance) and appendix D (status codes). Knows nothing of pages; the
interpreter tells it what was printed.

Not there: the file system, PASSWORD, and USTATUS TIMED beyond accepting it, because an interpreter has no clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tympan_sim.decoder import Action, Reply
from tympan_sim.pcl_media import PJL_MEDIA_CODE, PJL_PAPER

COPIES_MAX = 999
NAME_MAX = 80
ECHO_MAX = 160
PAGES_MAX = 2_147_483_647
_END = "\r\n\f"

ON_OFF = ("OFF", "ON")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        default: From the factory.
        values: What it may be; empty where it is a number.
        lowest: Of a number.
        highest: Of a number.
        read_only: It can be asked for, not set.
    """

    default: str
    values: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    read_only: bool = False

    def accepts(self, value: str) -> bool:
        """Whether it may take this value."""
        if self.read_only:
            return False
        if self.values:
            return value in self.values
        return (
            value.isascii()
            and value.isdigit()
            and len(value) <= 10
            and self.lowest <= int(value) <= self.highest
        )

    def listing(self, name: str, value: str) -> str:
        """Return its lines of ``INFO VARIABLES``."""
        read_only = " READONLY" if self.read_only else ""
        if self.values:
            lines = [
                f"{name}={value} [{len(self.values)} ENUMERATED{read_only}]",
                *("\t" + v for v in self.values),
            ]
        else:
            lines = [f"{name}={value} [2 RANGE{read_only}]", f"\t{self.lowest}", f"\t{self.highest}"]
        return "\r\n".join(lines) + "\r\n"


VARIABLES: Mapping[str, Variable] = {
    "COPIES": Variable("1", lowest=1, highest=COPIES_MAX),
    "QTY": Variable("1", lowest=1, highest=COPIES_MAX),
    "PAPER": Variable("LETTER", tuple(PJL_PAPER)),
    "ORIENTATION": Variable("PORTRAIT", ("PORTRAIT", "LANDSCAPE")),
    "FORMLINES": Variable("60", lowest=5, highest=128),
    "MANUALFEED": Variable("OFF", ON_OFF),
    "DUPLEX": Variable("OFF", ON_OFF),
    "BINDING": Variable("LONGEDGE", ("LONGEDGE", "SHORTEDGE")),
    "RESOLUTION": Variable("600", ("300", "600", "1200")),
    "ECONOMODE": Variable("OFF", ON_OFF),
    "DENSITY": Variable("3", lowest=1, highest=5),
    "RET": Variable("MEDIUM", ("OFF", "LIGHT", "MEDIUM", "DARK", "ON")),
    "BITSPERPIXEL": Variable("1", ("1", "2", "4")),
    "PAGEPROTECT": Variable("AUTO", ("OFF", "ON", "AUTO", "LETTER", "LEGAL", "A4")),
    "RENDERMODE": Variable("GRAYSCALE", ("GRAYSCALE", "COLOR")),
    "MEDIATYPE": Variable(
        "PLAIN", ("PLAIN", "TRANSPARENCY", "LABELS", "BOND", "ENVELOPE", "CARDSTOCK", "HEAVY")
    ),
    "MEDIASOURCE": Variable("TRAY2", ("TRAY1", "TRAY2", "TRAY3", "TRAY4", "MANUALFEED", "ENVFEED")),
    "OUTBIN": Variable("UPPER", ("UPPER", "LOWER")),
    "JOBID": Variable("OFF", ON_OFF),
    "JOBIDVALUE": Variable("0", lowest=0, highest=32_767, read_only=True),
    "TIMEOUT": Variable("15", lowest=5, highest=300),
    "PERSONALITY": Variable("AUTO", ("AUTO", "PCL")),
    "POWERSAVE": Variable("ON", ON_OFF),
    "CLEARABLEWARNINGS": Variable("ON", ("ON", "JOB")),
    "AUTOCONT": Variable("OFF", ON_OFF),
    "LANG": Variable("ENGLISH", ("ENGLISH",)),
    "SERVICEMODE": Variable("OFF", ("OFF",), read_only=True),
}
"""Environment variables that belong to no language."""

PCL_VARIABLES: Mapping[str, Variable] = {
    "FONTSOURCE": Variable("I", ("I",)),
    "FONTNUMBER": Variable("0", lowest=0, highest=999),
    "PITCH": Variable("10.00", ("10.00",)),
    "PTSIZE": Variable("12.00", ("12.00",)),
    "SYMSET": Variable("ROMAN8", ("ROMAN8", "PC8", "PC850", "WIN30", "WINL1", "ISOL1")),
}
"""Those of ``LPARM : PCL``."""

USTATUS: Mapping[str, Variable] = {
    "DEVICE": Variable("OFF", ("OFF", "ON", "VERBOSE")),
    "JOB": Variable("OFF", ON_OFF),
    "PAGE": Variable("OFF", ON_OFF),
    "TIMED": Variable("0", lowest=5, highest=300),
}

READY = (10001, "00 READY", True)
OFFLINE = (10002, "00 OFFLINE", False)
PROCESSING = (10023, "02 PROCESSING JOB", True)
COVER_OPEN = (40021, "12 PRINTER OPEN", False)
SYNTAX_ERROR = (20001, "", True)
UNSUPPORTED_COMMAND = (20002, "", True)

_STATUS_SOURCE = 2
"""The tray a paper-out message names: the cassette."""


@dataclass(frozen=True, slots=True)
class JobBegin:
    """``@PJL JOB``: everything before belongs to another job; the environment is the default again.

    Attributes:
        name: ``NAME``, or empty.
        display: ``DISPLAY``, or empty.
        first: ``START``: pages before it are not printed.
        last: ``END``: pages after it are not printed.
    """

    name: str
    display: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class JobEnd:
    """``@PJL EOJ``.

    Attributes:
        name: ``NAME``, or that of the job's begin, or empty.
    """

    name: str


@dataclass(frozen=True, slots=True)
class EnterLanguage:
    """``@PJL ENTER LANGUAGE``: what follows the line is in this language."""

    name: str


PjlEvent = Reply | Action | JobBegin | JobEnd | EnterLanguage

_LINE = re.compile(r"@PJL(?:[ \t]+([A-Za-z]+)?[ \t]*(.*))?$", re.DOTALL)
_OPTION = re.compile(r'([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(?:"([^"]*)"|([^ \t"]+))[ \t]*')
_SETTING = re.compile(
    r'(?:([LI]PARM)[ \t]*:[ \t]*([A-Za-z0-9]+)[ \t]+)?([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*"?([^"]*?)"?[ \t]*$'
)
_QUESTION = re.compile(r"(?:([LI]PARM)[ \t]*:[ \t]*([A-Za-z0-9]+)[ \t]+)?([A-Za-z][A-Za-z0-9]*)[ \t]*$")


@dataclass(slots=True)
class _Job:
    name: str
    identity: int
    pages: int = 0
    within: int = 0


@dataclass(slots=True)
class Pjl:
    """The job language's state.

    Args:
        identity: What ``INFO ID`` answers.
        resolution: Of the print engine, dots an inch: the default of ``RESOLUTION``.
        paper: The default of ``PAPER``.
        media: What lies in the tray, a PWG 5101.1 name: for the paper-out message.
        readback: It answers at all; without, questions are obeyed in silence.
    """

    identity: str
    resolution: int
    paper: str
    media: str
    readback: bool = True
    page_count: int = 0
    busy: bool = False
    user_defaults: dict[str, str] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    pcl: dict[str, str] = field(default_factory=dict)
    unsolicited: dict[str, str] = field(default_factory=dict)
    status: dict[str, bool] = field(default_factory=dict)
    _ready_message: str = ""
    _job: _Job | None = None
    _jobs: int = 0
    _since: int = 0  # pages since the last JOB or EOJ
    _commands: dict[str, Callable[[str], Iterator[PjlEvent]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Power up."""
        self._commands = {
            "COMMENT": self._comment,
            "JOB": self._begin,
            "EOJ": self._end,
            "ENTER": self._enter,
            "SET": self._set,
            "DEFAULT": self._default,
            "INITIALIZE": self._initialize_all,
            "RESET": self._reset_environment,
            "RDYMSG": self._ready,
            "OPMSG": self._operator,
            "STMSG": self._operator,
            "ECHO": self._echo,
            "INFO": self._info,
            "INQUIRE": self._inquire,
            "DINQUIRE": self._inquire_default,
            "USTATUS": self._ustatus,
            "USTATUSOFF": self._ustatus_off,
        }
        self._initialize()
        self.unsolicited = {name: variable.default for name, variable in USTATUS.items()}

    def timed_out(self) -> None:
        """The host is silent, or another port has its turn: jobs that were begun are not counted on."""
        self._job = None
        self.reset()

    def reset(self) -> None:
        """Every end of a language and of a job: the current environment is the user's default again."""
        self.current = dict(self.user_defaults)
        self.pcl = {name: variable.default for name, variable in PCL_VARIABLES.items()}

    def _initialize(self) -> None:
        self.user_defaults = {name: variable.default for name, variable in VARIABLES.items()}
        self.user_defaults["RESOLUTION"] = str(self.resolution)
        self.user_defaults["PAPER"] = self.paper
        self.reset()

    # --- lines -------------------------------------------------------------------------------------------------------

    def line(self, line: bytes) -> Iterator[PjlEvent]:
        """Execute one line that begins with ``@PJL``, without its line feed."""
        found = _LINE.match(line.decode("latin-1").removesuffix("\r"))
        if found is None:
            yield from self._error(SYNTAX_ERROR)
            return
        command, rest = (found[1] or "").upper(), (found[2] or "").rstrip(" \t")
        if not command:
            if rest:
                yield from self._error(SYNTAX_ERROR)
            return
        handler = self._commands.get(command)
        if handler is not None:
            for event in handler(rest):
                if self.readback or not isinstance(event, Reply):
                    yield event
            return
        yield Action("unknown", {"language": "PJL", "command": command})
        yield from self._error(UNSUPPORTED_COMMAND)

    def _comment(self, _rest: str) -> Iterator[PjlEvent]:
        yield from ()

    def _default(self, rest: str) -> Iterator[PjlEvent]:
        return self._set(rest, default=True)

    def _initialize_all(self, _rest: str) -> Iterator[PjlEvent]:
        self._initialize()
        yield Action("initialize", {"language": "PJL"})

    def _reset_environment(self, _rest: str) -> Iterator[PjlEvent]:
        self.reset()
        yield Action("reset", {"language": "PJL"})

    def _ready(self, rest: str) -> Iterator[PjlEvent]:
        self._ready_message = _options(rest).get("DISPLAY", "")
        yield Action("message", {"command": "RDYMSG", "display": self._ready_message})

    def _operator(self, rest: str) -> Iterator[PjlEvent]:
        yield Action("message", {"command": "OPMSG", "display": _options(rest).get("DISPLAY", "")})

    def _echo(self, rest: str) -> Iterator[PjlEvent]:
        yield _reply(f"@PJL ECHO {rest[:ECHO_MAX]}{_END}")

    def _inquire_default(self, rest: str) -> Iterator[PjlEvent]:
        return self._inquire(rest, command="DINQUIRE")

    def _ustatus_off(self, _rest: str) -> Iterator[PjlEvent]:
        self.unsolicited = {name: variable.default for name, variable in USTATUS.items()}
        yield from ()

    def _begin(self, rest: str) -> Iterator[PjlEvent]:
        """JOB: one within a job is counted, so that its end is not taken for the job's (LaserJet 5200, chapter 6)."""
        options = _options(rest)
        name = options.get("NAME", "")[:NAME_MAX]
        self.reset()
        if self._job is not None:
            self._job.within += 1
            return
        self._jobs = (self._jobs + 1) % 32_768
        self._job = _Job(name, self._jobs)
        self._since = 0
        first = _number(options.get("START"), 1)
        last = _number(options.get("END"), PAGES_MAX)
        yield JobBegin(name, options.get("DISPLAY", ""), first, last)
        if self.unsolicited["JOB"] == "ON":
            yield _reply(f"@PJL USTATUS JOB\r\nSTART\r\n{self._job_lines(self._job, name)}\f")

    def _end(self, rest: str) -> Iterator[PjlEvent]:
        """EOJ: of a job within one only its end is noted; without any job it is ignored.

        The unsolicited status has a name where the EOJ command had one (chapter 5, "EOJ command").
        """
        name = _options(rest).get("NAME", "")[:NAME_MAX]
        job = self._job
        if job is not None and job.within:
            job.within -= 1
            self.reset()
            return
        self._job = None
        self._since = 0
        yield JobEnd(name or (job.name if job is not None else ""))
        if job is not None and self.unsolicited["JOB"] == "ON":
            lines = self._job_lines(job, name)
            yield _reply(f"@PJL USTATUS JOB\r\nEND\r\n{lines}PAGES={job.pages}\r\n\f")
        self.reset()

    def _job_lines(self, job: _Job, name: str) -> str:
        lines = f'NAME="{name}"\r\n' if name else ""
        return lines + (f"ID={job.identity}\r\n" if self.current["JOBID"] == "ON" else "")

    def _enter(self, rest: str) -> Iterator[PjlEvent]:
        language = _options(rest).get("LANGUAGE", "").upper()
        if language:
            yield EnterLanguage(language)
        else:
            yield from self._error(SYNTAX_ERROR)

    def _set(self, rest: str, *, default: bool = False) -> Iterator[PjlEvent]:
        found = _SETTING.match(rest)
        if found is None:
            yield from self._error(SYNTAX_ERROR)
            return
        name, value = found[3].upper(), found[4].upper()
        table, environment = (PCL_VARIABLES, self.pcl) if found[1] else (VARIABLES, self.current)
        if name == "RESOLUTION" and value.isdigit() and int(value) > self.resolution:
            value = ""
        variable = table.get(name)
        if variable is None or not variable.accepts(value):
            yield Action("unknown", {"language": "PJL", "variable": name, "value": found[4]})
            return
        if default and not found[1]:
            self.user_defaults[name] = value
        else:
            environment[name] = value

    # --- readback ----------------------------------------------------------------------------------------------------

    def condition(self) -> tuple[int, str, bool]:
        """Return the printer's status code, what its display says, and whether it is online."""
        if self.status.get("cover_open"):
            return COVER_OPEN
        if self.status.get("paper_out"):
            code = 41_000 + 100 * _STATUS_SOURCE + PJL_MEDIA_CODE.get(self.media, 15)
            return code, f"11 PC LOAD {self.paper}", False
        if self.status.get("offline"):
            return OFFLINE
        if self.busy:
            return PROCESSING
        return READY[0], self._ready_message or READY[1], READY[2]

    def status_changed(self, status: Mapping[str, bool]) -> Iterator[Reply]:
        """The sensors changed: tells of it where ``USTATUS DEVICE`` is on."""
        before = self.condition()
        self.status = dict(status)
        after = self.condition()
        if self.readback and before != after and self.unsolicited["DEVICE"] != "OFF":
            yield _reply(f"@PJL USTATUS DEVICE\r\n{_condition_lines(after)}\f")

    def page_printed(self, sides: int = 1) -> Iterator[Reply]:
        """A sheet reached the output tray: one message, whose count goes up by two where both sides were printed.

        Chapter 7, "PAGE variable": the count is of the pages since the last JOB or EOJ, also those that were processed
        without being printed (``JOB START``), while the ``PAGES`` of the job's end are those printed.
        """
        self.page_count += sides
        if self._job is not None:
            self._job.pages += sides
        self._since += sides
        if self.readback and self.unsolicited["PAGE"] == "ON":
            yield _reply(f"@PJL USTATUS PAGE\r\n{self._since}{_END}")

    def page_passed_over(self, sides: int = 1) -> None:
        """A page was processed in non-printing mode."""
        self._since += sides

    def _info(self, rest: str) -> Iterator[PjlEvent]:
        category = rest.upper()
        body = self._info_body(category)
        if body is None:
            yield from self._error(UNSUPPORTED_COMMAND)
            body = '"?"\r\n'
        yield _reply(f"@PJL INFO {category}\r\n{body}\f")

    def _info_body(self, category: str) -> str | None:
        match category:
            case "STATUS":
                body = _condition_lines(self.condition())
            case "ID":
                body = f'"{self.identity}"\r\n'
            case "PAGECOUNT":
                body = f"PAGECOUNT={self.page_count}\r\n"
            case "MEMORY":
                body = "TOTAL=16777216\r\nLARGEST=12582912\r\n"
            case "VARIABLES":
                body = "".join(VARIABLES[name].listing(name, value) for name, value in self.current.items())
            case "USTATUS":
                body = "".join(USTATUS[name].listing(name, value) for name, value in self.unsolicited.items())
            case "CONFIG":
                body = _CONFIG
            case _:
                return None
        return body

    def _inquire(self, rest: str, *, command: str = "INQUIRE") -> Iterator[PjlEvent]:
        found = _QUESTION.match(rest)
        value: str | None = None
        if found is not None:
            name = found[3].upper()
            if found[1]:
                value = self.pcl.get(name)
            else:
                value = (self.user_defaults if command == "DINQUIRE" else self.current).get(name)
        answer = '"?"' if value is None else value
        yield _reply(f"@PJL {command} {rest}\r\n{answer}{_END}")

    def _ustatus(self, rest: str) -> Iterator[PjlEvent]:
        for name, value in _options(rest.upper()).items():
            variable = USTATUS.get(name)
            if variable is None or not (variable.accepts(value) or (name == "TIMED" and value == "0")):
                yield from self._error(SYNTAX_ERROR)
                continue
            self.unsolicited[name] = value

    def _error(self, condition: tuple[int, str, bool]) -> Iterator[Reply]:
        if self.readback and self.unsolicited["DEVICE"] == "VERBOSE":
            code = condition[0]
            _, display, online = self.condition()
            yield _reply(f"@PJL USTATUS DEVICE\r\n{_condition_lines((code, display, online))}\f")


_CONFIG = (
    "IN TRAYS [2 ENUMERATED]\r\n\tINTRAY1 MP\r\n\tINTRAY2 PC\r\nDUPLEX\r\n"
    f"PAPERS [{len(PJL_PAPER)} ENUMERATED]\r\n"
    + "".join(f"\t{name}\r\n" for name in PJL_PAPER)
    + f"LANGUAGES [1 ENUMERATED]\r\n\tPCL\r\nUSTATUS [{len(USTATUS)} ENUMERATED]\r\n"
    + "".join(f"\t{name}\r\n" for name in USTATUS)
    + "MEMORY=16777216\r\nDISPLAY LINES=1\r\nDISPLAY CHARACTER SIZE=16\r\n"
)


def _condition_lines(condition: tuple[int, str, bool]) -> str:
    code, display, online = condition
    return f'CODE={code}\r\nDISPLAY="{display}"\r\nONLINE={"TRUE" if online else "FALSE"}\r\n'


def _reply(text: str) -> Reply:
    return Reply(text.encode("latin-1", "replace"))


def _options(rest: str) -> dict[str, str]:
    return {name.upper(): quoted or plain for name, quoted, plain in _OPTION.findall(rest)}


def _number(value: str | None, default: int) -> int:
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 10):
        return default
    return min(max(int(value), 1), PAGES_MAX)
