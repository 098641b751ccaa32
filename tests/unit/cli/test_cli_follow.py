"""How a job's life is told."""

from __future__ import annotations

import io

import pytest

from tympan.cli.follow import JobView, follow
from tympan.cli.output import as_json, attributes_as_json, shown, size, table
from tympan.cli.progress import Progress, bar
from tympan.ipp import Attribute, AttributeGroup, Collection, GroupTag, Operation


def view(*attributes: Attribute) -> JobView:
    return JobView(AttributeGroup(GroupTag.JOB, attributes))


@pytest.mark.parametrize(
    ("state", "reasons", "message", "pages", "done", "sentence"),
    [
        (3, ("none",), "", None, None, "pending"),
        (5, ("job-printing",), "", 3, 1, "processing, 1 of 3 pages"),
        (5, ("job-printing",), "", None, 2, "processing, 2 pages"),
        (6, ("printer-stopped",), "", 3, 1, "processing-stopped, 1 of 3 pages: printer-stopped"),
        (6, ("printer-stopped",), "the paper is out", None, None, "processing-stopped: the paper is out"),
        (9, ("job-completed-successfully",), "", 1, 1, "completed, 1 page"),
        (8, ("document-format-error",), "it is no PDF", None, None, "aborted: it is no PDF"),
        (7, ("job-canceled-by-user",), "", None, None, "canceled: job-canceled-by-user"),
        (99, (), "", None, None, "unknown"),
    ],
)
def test_a_job_in_a_sentence(state, reasons, message, pages, done, sentence):
    attributes = [Attribute.enum("job-state", state)]
    if reasons:
        attributes.append(Attribute.keyword("job-state-reasons", *reasons))
    if message:
        attributes.append(Attribute.text("job-state-message", message))
    if pages is not None:
        attributes.append(Attribute.integer("job-impressions", pages))
    if done is not None:
        attributes.append(Attribute.integer("job-impressions-completed", done))
    assert view(*attributes).sentence() == sentence


@pytest.mark.parametrize(
    ("state", "reasons", "held"),
    [
        (4, ("job-hold-until-specified",), True),
        (4, ("job-password-wait", "job-held-on-create"), True),
        (4, ("job-incoming",), False),
        (4, ("job-incoming", "job-hold-until-specified"), False),
        (4, ("none",), False),
        (3, ("none",), False),
        (6, ("job-suspended",), False),
    ],
)
def test_nobody_waits_for_a_job_that_is_held(state, reasons, held):
    attributes = (Attribute.enum("job-state", state), Attribute.keyword("job-state-reasons", *reasons))
    assert view(*attributes).is_held == held


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Client:
    """Gives the states of a job, one after the other."""

    def __init__(self, *states: tuple[int, int]) -> None:
        self.states = list(states)

    def call(self, operation: Operation, *_: Attribute) -> object:
        from tympan.ipp import Message

        assert operation is Operation.GET_JOB_ATTRIBUTES
        state, done = self.states.pop(0)
        attributes = (
            Attribute.enum("job-state", state),
            Attribute.integer("job-impressions", 4),
            Attribute.integer("job-impressions-completed", done),
        )
        return Message.of((2, 0), 0, 1, (GroupTag.JOB, attributes))


def test_it_is_followed_to_its_end_and_asks_ever_slower():
    waits: list[float] = []
    stream = io.StringIO()
    job = follow(Client((3, 0), (5, 0), (5, 2), (5, 2), (9, 4)), 7, Progress(stream), sleep=waits.append)
    assert job.state == 9
    assert waits == sorted(waits)
    assert waits[0] <= 0.1
    assert stream.getvalue().splitlines() == [
        "job 7: pending, 0 of 4 pages",
        "job 7: processing, 0 of 4 pages",
        "job 7: processing, 2 of 4 pages",
    ]


def test_the_wait_is_bounded():
    waits: list[float] = []
    follow(Client(*[(5, 1)] * 60, (9, 4)), 7, Progress(quiet=True), sleep=waits.append)
    assert max(waits) == 1.0


def test_on_a_terminal_the_line_is_drawn_over():
    stream = Terminal()
    progress = Progress(stream)
    progress.update("job 7: processing", 0.5, now=1.0)
    progress.update("job 7: processing", 0.6, now=1.01)
    progress.update("job 7: processing", 0.75, now=2.0)
    progress.end()
    drawn = stream.getvalue().split("\r\x1b[K")
    assert [part[:24].count("█") for part in drawn[1:-1]] == [12, 18]
    assert drawn[-1] == ""


def test_quiet_says_nothing():
    stream = Terminal()
    progress = Progress(stream, quiet=True)
    progress.update("x", 0.5)
    progress.end()
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("done", "drawn"), [(0, "    "), (1, "████"), (0.5, "██  "), (0.53125, "██▏ "), (2, "████"), (-1, "    ")]
)
def test_the_bar(done, drawn):
    assert bar(done, 4) == drawn


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 * 150, "150 MiB"),
        (1024**4 * 3, "3.0 TiB"),
    ],
)
def test_sizes(octets, words):
    assert size(octets) == words


def test_columns_of_numbers_stand_right():
    assert table(("id", "name"), [("7", "a"), ("123", "bc")]) == " id  name\n  7  a\n123  bc"


def test_attributes_as_json():
    attributes = [
        Attribute.integer("copies", 2),
        Attribute.keyword("sides-supported", "one-sided", "two-sided-long-edge"),
        Attribute.no_value("orientation-requested-default"),
        Attribute.collection("media-size", Collection((Attribute.integer("x-dimension", 21000),))),
        Attribute.dots_per_inch("printer-resolution", (600, 300)),
        Attribute.range("page-ranges", (1, 4)),
        Attribute.boolean("color-supported", False),
        Attribute.keyword("media-ready", "iso_a4_210x297mm"),
        Attribute.collection("media-col-ready", Collection((Attribute.keyword("media-color", "white"),))),
        Attribute.name_string("x-own", "a"),
    ]
    assert as_json(attributes_as_json(AttributeGroup(GroupTag.PRINTER, tuple(attributes)))) == (
        '{\n  "copies": 2,\n  "sides-supported": [\n    "one-sided",\n    "two-sided-long-edge"\n  ],\n'
        '  "orientation-requested-default": null,\n  "media-size": {\n    "x-dimension": 21000\n  },\n'
        '  "printer-resolution": "600x300dpi",\n  "page-ranges": [\n    "1-4"\n  ],\n  "color-supported": false,\n'
        '  "media-ready": [\n    "iso_a4_210x297mm"\n  ],\n  "media-col-ready": [\n    {\n      "media-color": "white"\n    }\n  ],\n'
        '  "x-own": "a"\n}'
    )
    assert shown(attributes[1]) == "one-sided, two-sided-long-edge"
    assert shown(attributes[3]) == "{x-dimension=21000}"
