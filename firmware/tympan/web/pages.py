"""Answers HTTP requests that are not IPP: the page at ``/``, and the configuration page as a PDF.

It reads the service and never changes it, but for the buttons of a simulated panel. Jinja2 is loaded with the first page that somebody looks at, so that a
headless printer does not pay for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING

from aiohttp import web

from tympan import __version__
from tympan.ipp.enums import JobState, PrinterState
from tympan.model.job import TERMINAL, Job
from tympan.service.access import Requester
from tympan.service.configuration_page import configuration_page
from tympan.service.holding import (
    HELD_FOR_REVIEW,
    HELD_ON_CREATE,
    HOLD_UNTIL_SPECIFIED,
    PASSWORD_WAIT,
    hold_reasons,
    is_held,
)
from tympan.service.job_attributes import in_order_of_printing
from tympan.service.printer import Printer
from tympan.service.service import Service
from tympan.web.files import static_file
from tympan.web.panel_page import PanelFront, PanelPage

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN_JOBS = 20
"""How many jobs of a printer the page lists: unfinished ones first, then the latest."""

CONFIGURATION_PATH = "/configuration/"
"""Where the configuration pages are: ``/configuration/NAME.pdf``."""

_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": f"tympan/{__version__} IPP/2.0",
}

_FILE_HEADERS = {**_SECURITY_HEADERS, "Cache-Control": "public, max-age=86400"}
"""For what is the same until the next version: icons and message catalogues."""

_METHODS = "GET, HEAD, OPTIONS, POST"

_PRINTER_STATES = {
    PrinterState.IDLE: "ready",
    PrinterState.PROCESSING: "printing",
    PrinterState.STOPPED: "stopped",
}

_JOB_STATES = {
    JobState.PENDING: "waiting",
    JobState.PENDING_HELD: "held",
    JobState.PROCESSING: "printing",
    JobState.PROCESSING_STOPPED: "stopped",
    JobState.CANCELED: "canceled",
    JobState.ABORTED: "failed",
    JobState.COMPLETED: "printed",
}


_COLUMNS = ("name", "user", "pages")
"""What of a job the page leaves out where nothing of it may be shown of any job, or none has it."""


class Pages:
    """The pages of one service.

    Args:
        service: The service.
        panel: The panel of a simulation; None: there is none to be shown.
    """

    def __init__(self, service: Service, panel: PanelFront | None = None) -> None:
        self._service = service
        self._panel = PanelPage(panel, _SECURITY_HEADERS) if panel is not None else None
        self._template: Template | None = None

    async def answer(self, request: web.BaseRequest, requester: Requester) -> web.StreamResponse:
        """Answer any request that is not an IPP message."""
        if request.method == "OPTIONS":
            return web.Response(headers={**_SECURITY_HEADERS, "Allow": _METHODS})
        if self._panel is not None:
            answered = await self._panel.answer(request)
            if answered is not None:
                return answered
        if request.method not in {"GET", "HEAD"}:
            return _plain(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "IPP is POST of application/ipp; pages are GET.",
                {"Allow": _METHODS},
            )
        return self._file(request) or self._page(request, requester)

    def _file(self, request: web.BaseRequest) -> web.Response | None:
        """What is the same for everybody: icons, catalogues, the script, configuration pages."""
        file = static_file(request.path)
        if file is not None:
            return web.Response(
                body=file.data, content_type=file.media_type, charset=file.charset, headers=_FILE_HEADERS
            )
        printer = self._printer_of(request.path)
        if printer is None:
            return None
        page = configuration_page(self._service, printer, public=True)
        return web.Response(body=page, content_type="application/pdf", headers=_SECURITY_HEADERS)

    def _page(self, request: web.BaseRequest, requester: Requester) -> web.Response:
        if request.path == "/":
            return web.Response(
                text=self._overview(request.host, requester),
                content_type="text/html",
                headers=_SECURITY_HEADERS,
            )
        if request.path.startswith("/ipp"):
            return _plain(
                HTTPStatus.SEE_OTHER,
                "This is where printing goes; the page for people is at /.",
                {"Location": "/"},
            )
        return _plain(HTTPStatus.NOT_FOUND, "There is no such page.", {})

    def close(self) -> None:
        """The service stops: end what would go on for ever."""
        if self._panel is not None:
            self._panel.close()

    def _printer_of(self, path: str) -> Printer | None:
        """The printer whose configuration page is at `path`."""
        name = path.removeprefix(CONFIGURATION_PATH).removesuffix(".pdf")
        return self._service.printers.get(name) if path == f"{CONFIGURATION_PATH}{name}.pdf" else None

    def _overview(self, host: str, requester: Requester) -> str:
        if self._template is None:
            from jinja2 import Environment, PackageLoader  # noqa: PLC0415 — not paid for before somebody looks

            environment = Environment(
                loader=PackageLoader("tympan.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True
            )
            self._template = environment.get_template("overview.html")
        return self._template.render(
            host=host,
            version=__version__,
            panel=self._panel.state() if self._panel is not None else None,
            printers=[self._printer(printer, requester) for printer in self._service.printers.values()],
            appear=self._service.found.makes_printers,
            remarks=self._service.found.remarks,
        )

    def _printer(self, printer: Printer, requester: Requester) -> Mapping[str, object]:
        finished = printer.ended.newest_first(TERMINAL)
        active = list(islice(in_order_of_printing(printer), SHOWN_JOBS))
        jobs = [self._job(job, requester) for job in (*active, *islice(finished, SHOWN_JOBS - len(active)))]
        return {
            "name": printer.name,
            "info": printer.identity.info or printer.name,
            "location": printer.identity.location,
            "model": printer.capabilities.make_and_model,
            "state": _PRINTER_STATES[printer.state],
            "reasons": [reason for reason in printer.reasons if reason != "none"],
            "message": printer.message,
            "told": printer.control.message,
            "default": printer.is_default,
            "waiting": len(printer.active),
            "jobs": jobs,
            # A column in which there would be nothing is left out; one line says why.
            "columns": {name for name in _COLUMNS if any(job[name] for job in jobs)},
            "private": bool(jobs) and not any(job["sees_name"] for job in jobs),
        }

    def _job(self, job: Job, requester: Requester) -> Mapping[str, object]:
        privacy = self._service.privacy
        sees = privacy.sees(requester, "", job)

        def shown(name: str, value: str) -> str:
            return value if sees or not privacy.is_private(name) else ""

        return {
            "id": job.job_id,
            "sees_name": sees or not privacy.is_private("job-name"),
            "name": shown("job-name", job.name),
            "user": shown("job-originating-user-name", job.user),
            "state": _state(job),
            "why": _held_for(job, shown("job-hold-until", _until(job))),
            "message": shown("job-state-message", job.message),
            "size": shown("job-k-octets", str(job.k_octets)),
            "pages": shown("job-impressions-completed", _pages(job)),
            "created": datetime.fromtimestamp(job.created_date, UTC).isoformat(timespec="seconds"),
            "created_short": datetime.fromtimestamp(job.created_date).astimezone().strftime("%H:%M"),
        }


def _state(job: Job) -> str:
    """The state of a job in a word: held by somebody's wish, or only because its documents are not here yet."""
    is_receiving = job.state == JobState.PENDING_HELD and not is_held(job)
    return "receiving" if is_receiving else _JOB_STATES[job.state]


def _until(job: Job) -> str:
    """What a job that is held is held until, in words."""
    if job.hold_until_date:
        moment = datetime.fromtimestamp(job.hold_until_date).astimezone()
        today = moment.date() == datetime.now(UTC).astimezone().date()
        return f"until {moment.strftime('%H:%M' if today else '%Y-%m-%d %H:%M')}"
    if job.hold_until == "indefinite":
        return "until it is released"
    return f"until {job.hold_until.replace('-', ' ')}" if job.hold_until else ""


def _held_for(job: Job, until: str) -> str:
    """Why a job is held, one reason after another; `until` is what may be said of the time. Empty: it is not."""
    words = {
        HOLD_UNTIL_SPECIFIED: until or "for later",
        HELD_ON_CREATE: "the printer holds new jobs",
        PASSWORD_WAIT: "waits for its password",
        HELD_FOR_REVIEW: "the proof copy is to be looked at",
    }
    if job.state != JobState.PENDING_HELD:
        return ""
    return "; ".join(words[reason] for reason in hold_reasons(job) if reason in words)


def _pages(job: Job) -> str:
    """How much of a job is printed."""
    if job.impressions:
        return f"{job.impressions_completed} of {job.impressions}"
    return str(job.impressions_completed or "")


def _plain(status: HTTPStatus, text: str, headers: Mapping[str, str]) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers={**_SECURITY_HEADERS, **headers})
