"""Hand a document to a printer and see it through: what ``print``, ``test-page`` and the welcome share."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tympan.cli.client import IppClient, RequestFailedError
from tympan.cli.follow import JobView, follow, job_of
from tympan.cli.job_options import in_words
from tympan.cli.output import as_json, attributes_as_json, size
from tympan.cli.printers import attributes_of_printer
from tympan.cli.progress import Progress
from tympan.errors import TympanError
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState

PIECE_BYTES = 64 * 1024

SENSED = "application/octet-stream"
"""``document-format`` that leaves it to the printer to find out."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A job to be made.

    Attributes:
        name: ``job-name`` and ``document-name``.
        document_format: ``document-format``.
        job_attributes: The job attributes group.
        password: ``job-password``, for which the job waits, PWG 5100.11; empty: it waits for none.
    """

    name: str
    document_format: str
    job_attributes: Sequence[Attribute] = ()
    password: str = ""

    def operation_attributes(self) -> list[Attribute]:
        """What Validate-Job and Print-Job carry."""
        attributes = [
            Attribute.name_string("job-name", self.name),
            Attribute.name_string("document-name", self.name),
            Attribute.mime("document-format", self.document_format),
        ]
        if self.job_attributes:  # who asks for something wants it, or to be told
            attributes.append(Attribute.boolean("ipp-attribute-fidelity", True))
        if self.password:
            attributes += [
                Attribute.octets("job-password", self.password.encode()),
                Attribute.keyword("job-password-encryption", "none"),
            ]
        return attributes


class NotSupportedError(TympanError):
    """The printer cannot do what the job asks for; the message says what it can."""


def validate(client: IppClient, submission: Submission) -> None:
    """Ask whether the printer would take such a job, before anything is sent.

    Raises:
        UnreachableError: No answer.
        NotSupportedError: It lacks something the job asks for.
        RequestFailedError: It would refuse the job for another reason.
    """
    try:
        answer = client.call(
            Operation.VALIDATE_JOB,
            *submission.operation_attributes(),
            job_attributes=submission.job_attributes,
        )
    except RequestFailedError as error:
        raise _explained(client, error) from error
    if submission.password and answer.group(GroupTag.UNSUPPORTED).get("job-password") is not None:
        raise NotSupportedError("the printer lets no job wait for a password: it would print at once")


def submit(client: IppClient, submission: Submission, document: Iterable[bytes]) -> JobView:
    """Print-Job: send the document; returns when the printer has accepted it.

    Raises:
        UnreachableError: No answer, or the connection broke off.
        NotSupportedError: It lacks something the job asks for.
        RequestFailedError: It refused the job.
    """
    try:
        answer = client.call(
            Operation.PRINT_JOB,
            *submission.operation_attributes(),
            job_attributes=submission.job_attributes,
            document=document,
        )
    except RequestFailedError as error:
        raise _explained(client, error) from error
    return JobView(answer.group(GroupTag.JOB))


def pieces(file: BinaryIO, progress: Progress, name: str, total_bytes: int) -> Iterator[bytes]:
    """A file in pieces, with the progress of sending it. `total_bytes` is 0 where nobody knows."""
    sent = 0
    while piece := file.read(PIECE_BYTES):
        yield piece
        sent += len(piece)
        of = f" of {size(total_bytes)}" if total_bytes else ""
        if sent > 16 * PIECE_BYTES:  # what is sent at once needs no words
            progress.update(f"sending {name}, {size(sent)}{of}", sent / total_bytes if total_bytes else None)


def see_through(
    client: IppClient, accepted: JobView, progress: Progress, *, wait: bool, as_json_text: bool
) -> int:
    """Follow an accepted job to its end where `wait` says so, say how it ended, and return the exit status."""
    job_id = accepted.attributes.integer("job-id") or 0
    try:
        job = follow(client, job_id, progress) if wait else job_of(client, job_id)
    except KeyboardInterrupt:
        progress.end()
        print(f"\njob {job_id} goes on; `tympan cancel {job_id}` stops it", file=sys.stderr)
        raise
    finally:
        progress.end()
    if as_json_text:
        print(as_json(attributes_as_json(job.attributes)))
    elif wait:
        print(
            f"job {job_id}: {job.sentence()}",
            file=sys.stdout if job.state == JobState.COMPLETED or job.is_held else sys.stderr,
        )
    else:
        print(f"job {job_id} accepted")
    return 1 if job.state in {JobState.ABORTED, JobState.CANCELED} else 0


def _explained(client: IppClient, error: RequestFailedError) -> TympanError:
    """A refusal with what the printer does support in place of what was asked for."""
    if error.status == StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED:
        wrong = [Attribute.mime("document-format", SENSED)]
    elif error.unsupported:
        wrong = list(error.unsupported)
    else:
        return error
    supported = attributes_of_printer(client, *[f"{each.name}-supported" for each in wrong])
    sentences = []
    for each in wrong:
        can = supported.get(f"{each.name}-supported")
        asked = "" if each.out_of_band or each.name == "document-format" else f" {in_words(each)}"
        if can is None:
            sentences.append(f"the printer has no {each.name}")
        else:
            sentences.append(f"{each.name}{asked} is not supported; there is: {in_words(can)}")
    return NotSupportedError(f"{error.problem}\n  " + "\n  ".join(sentences))
