"""Lists of jobs: what it costs to be given 50 of them, among as many as 10,000 that are kept. In process, without sockets."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path

from desk import CHARSET, LANGUAGE, RECEIPT, Desk, open_desk
from table import Table

from tympan.ipp import Attribute, GroupTag, Message, Operation, decode, encode
from tympan.ipp.enums import JobState
from tympan.model.document import Document

LISTED, KEPT = 50, 10_000
ROUNDS = 100
MOST_TIMES = 1.5

ANN = Attribute.name_string("requesting-user-name", "ann")

QUESTIONS = {
    "completed": (Attribute.keyword("which-jobs", "completed"),),
    "canceled": (Attribute.keyword("which-jobs", "canceled"),),
    "mine": (Attribute.keyword("which-jobs", "completed"), Attribute.boolean("my-jobs", True), ANN),
    "all": (Attribute.keyword("which-jobs", "all"),),
}


def measure(table: Table) -> None:
    """Ask for 50 jobs where there are 50, and where there are 10,000."""
    costs = {count: _costs(count) for count in (LISTED, KEPT)}
    for question in QUESTIONS:
        few, many = costs[LISTED][question], costs[KEPT][question]
        table.add(
            f"Get-Jobs, {question}: 50 among 10,000 kept jobs",
            many / few,
            "times",
            peer=f"{many:.0f} µs, among 50 {few:.0f} µs",
            budget=MOST_TIMES,
        )


def _costs(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, open_desk(Path(folder), history_jobs=2 * KEPT) as desk:
        _fill(desk, count)
        return {question: _cost(desk, attributes) for question, attributes in QUESTIONS.items()}


def _fill(desk: Desk, count: int) -> None:
    """Finished jobs; every so many is ann's, and was canceled, so that there are 50 of these."""
    printer = desk.service.printers["receipt"]
    for number in range(count):
        chosen = number % (count // LISTED) == 0
        user = "ann" if chosen else f"user {number % 200}"
        job = desk.service.jobs.new_job(printer, name=f"Job {number}", user=user, language="en", template=b"")
        job.documents.append(Document(number=1, format="text/plain", size=1000))
        job.move(JobState.PROCESSING, now=1, date=1_800_000_000)
        job.move(JobState.CANCELED if chosen else JobState.COMPLETED, now=2, date=1_800_000_001)
        printer.add(job)


def _cost(desk: Desk, attributes: tuple[Attribute, ...]) -> float:
    """Processor time of one request, in µs: the least of many, since others use the machine too."""
    target = (CHARSET, LANGUAGE, Attribute.uri("printer-uri", RECEIPT))
    operation = (GroupTag.OPERATION, (*target, Attribute.integer("limit", LISTED), *attributes))
    request = encode(Message.of((2, 0), Operation.GET_JOBS, 1, operation))
    assert len(decode(desk.raw(request))[0].groups_of(GroupTag.JOB)) == LISTED
    gc.collect()
    least = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        desk.raw(request)
        least = min(least, time.process_time() - began)
    return least * 1e6
