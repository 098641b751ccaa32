"""Jobs of several documents at the real service: which documents come out, and how each of them."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import samples
from ipp_client import ask, printed, wait_for_job
from PIL import Image

from tympan.ipp import Attribute, GroupTag, Message, Operation, decode, encode

PDF = Attribute.mime("document-format", "application/pdf")
HEAD = (
    Attribute.charset("attributes-charset", "utf-8"),
    Attribute.language("attributes-natural-language", "en"),
)


def request(service, printer, operation, *attributes, job=(), document=(), data=b""):
    """The answer to a request about a job of ours."""
    uri = Attribute.uri("printer-uri", service.uri(printer))
    ours = Attribute.name_string("requesting-user-name", "tester")
    groups = [(GroupTag.OPERATION, (*HEAD, uri, ours, *attributes))]
    groups += [(GroupTag.JOB, job)] if job else []
    groups += [(GroupTag.DOCUMENT, document)] if document else []
    answer, _ = decode(ask(service, encode(Message.of((2, 0), operation, 1, *groups)) + data))
    assert answer.code == 0, answer
    return answer


def created(service, printer, *job):
    answer = request(service, printer, Operation.CREATE_JOB, job=job)
    return Attribute.integer("job-id", answer.group(GroupTag.JOB).integer("job-id"))


def send(service, printer, job_id, data, *, last=False, document=(), kind=PDF):
    last_document = Attribute.boolean("last-document", last)
    request(
        service, printer, Operation.SEND_DOCUMENT, job_id, last_document, kind, document=document, data=data
    )


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_a_canceled_document_does_not_come_out_and_the_others_do(service, printer):
    job_id = created(service, printer)
    documents = [f"document {letter}\n".encode() * 3 for letter in "abc"]
    text = Attribute.mime("document-format", "text/plain")
    for content in documents[:2]:
        send(service, printer, job_id, content, kind=text)
    request(service, printer, Operation.CANCEL_DOCUMENT, job_id, Attribute.integer("document-number", 1))
    send(service, printer, job_id, documents[2], last=True, kind=text)
    sheets = printed(service, printer, job_id.first)
    if printer == "laser":
        assert len(sheets) == 2
    else:
        sent = (service.state / "simulated" / printer / f"{job_id.first}.bin").read_bytes()
        assert b"document a" not in sent
        assert sent.index(b"document b") < sent.index(b"document c")
    asked = Attribute.keyword("requested-attributes", "document-number", "document-state")
    answer = request(service, printer, Operation.GET_DOCUMENTS, job_id, asked)
    found = [
        (group.integer("document-number"), group.integer("document-state"))
        for group in answer.groups_of(GroupTag.DOCUMENT)
    ]
    assert found == [(1, 7), (2, 9), (3, 9)]  # canceled, completed, completed: PWG 5100.5


def test_each_document_has_its_own_page_ranges_and_pages_on_a_side(service):
    job_id = created(service, "laser", Attribute.range("page-ranges", (1, 1)))
    document = samples.pdf("a4", pages=4, picture=samples.chart(288, 200, seed=3))
    send(service, "laser", job_id, document)
    send(service, "laser", job_id, document, document=(Attribute.range("page-ranges", (2, 4)),))
    everything = (Attribute.range("page-ranges", (1, 4)), Attribute.integer("number-up", 4))
    send(service, "laser", job_id, document, document=everything, last=True)
    wait_for_job(service, "laser", job_id.first, 60)
    folder = service.state / "simulated" / "laser"
    assert len(json.loads((folder / f"{job_id.first}.json").read_text())["sheets"]) == 1 + 3 + 1


@pytest.mark.parametrize(
    ("handling", "sides"),
    [
        ("separate-documents-collated-copies", ["front", "front", "back"]),
        ("single-document-new-sheet", ["front", "front", "back"]),
        ("single-document", ["front", "back", "front"]),
    ],
)
def test_documents_on_sheets_of_their_own_or_not(service, handling, sides):
    job = (
        Attribute.keyword("multiple-document-handling", handling),
        Attribute.keyword("sides", "two-sided-long-edge"),
    )
    job_id = created(service, "laser", *job)
    send(service, "laser", job_id, samples.pdf("a4"))
    send(service, "laser", job_id, samples.pdf("a4", pages=2), last=True)
    wait_for_job(service, "laser", job_id.first, 60)
    folder = service.state / "simulated" / "laser"
    found = json.loads((folder / f"{job_id.first}.json").read_text())["sheets"]
    assert [sheet["side"] for sheet in found] == sides


@pytest.mark.parametrize(("finishings", "pieces"), [(63, 1), (61, 4), (62, 2), (60, 6), (3, 1)])
def test_receipts_are_cut_after_documents_and_copies(service, finishings, pieces):
    job = (Attribute.enum("finishings", finishings), Attribute.integer("copies", 2))
    job_id = created(service, "receipt", *job)
    text = Attribute.mime("document-format", "text/plain")
    send(service, "receipt", job_id, b"Coffee\fTea\n", kind=text)
    send(service, "receipt", job_id, b"Cake\n", kind=text, last=True)
    assert len(printed(service, "receipt", job_id.first)) == pieces


# --- job template attributes that change what comes out ---------------------------------------------------------------


def sheets_of(service, printer, job_id):
    """What the simulated printer says of each sheet, and its picture, black as True."""
    wait_for_job(service, printer, job_id, 60)
    folder = service.state / "simulated" / printer
    described = json.loads((folder / f"{job_id}.json").read_text())["sheets"]
    pictures = []
    for number in range(1, len(described) + 1):
        with Image.open(folder / f"{job_id}-{number}.png") as image:
            pictures.append(~np.asarray(image.convert("1")))
    return described, pictures


def test_the_job_sheet_of_the_laser(service):
    job_id = created(
        service, "laser", Attribute.keyword("job-sheets", "standard"), Attribute.integer("copies", 2)
    )
    send(service, "laser", job_id, samples.pdf("a4"), last=True)
    described, pictures = sheets_of(service, "laser", job_id.first)
    assert len(described) == 3, "the sheet once, the document twice"
    plain = created(service, "laser")
    send(service, "laser", plain, samples.pdf("a4"), last=True)
    _, (page,) = sheets_of(service, "laser", plain.first)
    assert np.array_equal(pictures[1], page), "the document is as without the sheet"
    inked = np.flatnonzero(pictures[0].any(axis=1))
    assert 0 < pictures[0].mean() < 0.1
    assert inked[0] > 300


def test_the_job_sheet_of_a_receipt_is_a_piece_of_its_own(service):
    job_id = created(service, "receipt", Attribute.keyword("job-sheets", "standard"))
    text = Attribute.mime("document-format", "text/plain")
    send(service, "receipt", job_id, b"Coffee 2.40\n", kind=text, last=True)
    assert len(printed(service, "receipt", job_id.first)) == 2
    sent = (service.state / "simulated" / "receipt" / f"{job_id.first}.bin").read_bytes()
    assert sent.index(b"tester") < sent.index(f"Job {job_id.first}".encode()) < sent.index(b"Coffee")


def test_pages_of_one_job_on_other_paper_and_sides(service):
    """The cover on Letter, one-sided; the rest two-sided on A4; each as it would be in a job of its own."""
    cover = (
        Attribute.range("pages", (1, 1)),
        Attribute.keyword("media", "na_letter_8.5x11in"),
        Attribute.keyword("sides", "one-sided"),
    )
    job_id = created(
        service,
        "laser",
        Attribute.keyword("sides", "two-sided-long-edge"),
        Attribute.collection("overrides", cover),
    )
    document = samples.pdf("a4", pages=4, picture=samples.chart(288, 200, seed=3))
    send(service, "laser", job_id, document, last=True)
    described, pictures = sheets_of(service, "laser", job_id.first)
    assert [(sheet["media"], sheet["side"]) for sheet in described] == [
        ("na_letter_8.5x11in", "front"),
        ("iso_a4_210x297mm", "front"),
        ("iso_a4_210x297mm", "back"),
        ("iso_a4_210x297mm", "front"),
    ]
    letter = created(service, "laser", Attribute.keyword("media", "na_letter_8.5x11in"))
    send(service, "laser", letter, document, last=True)
    _, expected = sheets_of(service, "laser", letter.first)
    assert np.array_equal(pictures[0], expected[0])
    two_sided = created(service, "laser", Attribute.keyword("sides", "two-sided-long-edge"))
    send(service, "laser", two_sided, document, last=True)
    _, expected = sheets_of(service, "laser", two_sided.first)
    assert np.array_equal(pictures[1].sum(), expected[1].sum())


def test_documents_of_one_job_on_other_paper(service):
    job_id = created(service, "laser")
    send(service, "laser", job_id, samples.pdf("a4"))
    legal = (Attribute.keyword("media", "na_legal_8.5x14in"),)
    send(service, "laser", job_id, samples.pdf("a4"), document=legal)
    send(service, "laser", job_id, samples.pdf("a4"), last=True)
    described, _ = sheets_of(service, "laser", job_id.first)
    assert [sheet["media"] for sheet in described] == [
        "iso_a4_210x297mm",
        "na_legal_8.5x14in",
        "iso_a4_210x297mm",
    ]


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_a_proof_and_after_its_release_the_job(service, printer):
    proof = Attribute.collection("proof-print", [Attribute.integer("proof-print-copies", 1)])
    job_id = created(service, printer, proof, Attribute.integer("copies", 3), Attribute.enum("finishings", 3))
    send(service, printer, job_id, samples.pdf("a4"), last=True)
    asked = Attribute.keyword(
        "requested-attributes", "job-state", "job-state-reasons", "job-impressions-completed"
    )
    for _ in range(600):
        job = request(service, printer, Operation.GET_JOB_ATTRIBUTES, job_id, asked).group(GroupTag.JOB)
        if "job-held-for-review" in job.strings("job-state-reasons"):
            break
        time.sleep(0.05)
    assert job.integer("job-state") == 4
    assert job.integer("job-impressions-completed") == 1
    which = Attribute.keyword("which-jobs", "proof-print")
    listed = request(service, printer, Operation.GET_JOBS, which).groups_of(GroupTag.JOB)
    assert job_id.first in [group.integer("job-id") for group in listed]
    request(service, printer, Operation.RELEASE_JOB, job_id)
    wait_for_job(service, printer, job_id.first, 60)
    job = request(service, printer, Operation.GET_JOB_ATTRIBUTES, job_id, asked).group(GroupTag.JOB)
    assert job.integer("job-impressions-completed") == 4
