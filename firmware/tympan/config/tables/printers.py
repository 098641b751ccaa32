"""``[[printers]]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tympan.config.checks import device_problem, printer_name_problem, text_problem
from tympan.config.option import option

MAX_PRINTERS = 64


@dataclass(frozen=True)
class PrinterSettings:
    """``[[printers]]``: one printer."""

    name: str = option("Its name in the URI, `/ipp/print/NAME`.", problem=printer_name_problem)
    device: str = option("Device URI; `tympan devices` lists what is connected.", problem=device_problem)
    driver: str = option("The driver, or `auto`: from the IEEE 1284 device id.", default="auto")
    profile: str = option(
        "The driver's profile for this model.", default="", default_note="the driver's own choice"
    )
    info: str = option(
        "`printer-info`: the name that people see.",
        default="",
        problem=text_problem(127),
        default_note="the name",
    )
    location: str = option(
        "`printer-location`.", default="", problem=text_problem(127), default_note="`server.location`"
    )
    default: bool = option(
        "The printer at `/ipp/print`. One printer at most.", default=False, default_note="the first printer"
    )
    start_up_page: bool = option(
        "Once after each start of the machine it prints what it is called and how it is reached, with a QR code.",
        default=False,
    )
    media_ready: Mapping[str, str] = option(
        'What is loaded: source to media size name, such as `{ main = "iso_a4_210x297mm" }`; behind the name may stand what else '
        "it is, as members of `media-col`: `media-type=labels media-color=blue media-weight-metric=160`.",
        default_factory=dict,
        default_note="what the profile says",
    )
    defaults: Mapping[str, object] = option(
        'What a job gets that asks for nothing else: IPP names to values, such as `{ sides = "two-sided-long-edge" }`.',
        default_factory=dict,
        default_note="what the profile says",
    )
    copy_mark: str = option(
        "What a page says on top that may have been printed before, when a job goes on after a fault; empty: nothing.",
        default="Copy: may have been printed before",
        problem=text_problem(80),
    )
