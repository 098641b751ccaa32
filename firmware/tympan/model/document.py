"""The document object, PWG 5100.5: one document of a job.

It owns what a document is; what state it is in follows from its job (`tympan.model.job.Job.document_state`) and from whether
somebody canceled it. It has no clock and no input or output.
"""

from __future__ import annotations

import uuid

import msgspec


class Document(msgspec.Struct):
    """One document of a job. Times are seconds of ``printer-up-time``, dates are Unix time; 0 where it has not happened.

    Attributes:
        number: ``document-number``, from 1.
        format: ``document-format`` as given, or what ``application/octet-stream`` turned out to be.
        name: ``document-name``.
        size: Bytes in the spool, after decompression.
        inline: Its bytes are in the database, not in a file.
        compression: ``compression`` it arrived with.
        language: ``attributes-natural-language`` of the request that brought it.
        natural_language: ``document-natural-language``, or empty.
        uri: ``document-uri`` where it was fetched, or empty.
        template: The document template attributes that are obeyed for it alone, encoded like a job's.
        canceled: Somebody canceled it: it does not print, and its bytes are gone.
        created_at: ``time-at-creation``.
        processing_at: ``time-at-processing``.
        completed_at: ``time-at-completed``, where it did before its job.
        created_date: ``date-time-at-created``.
        processing_date: ``date-time-at-processing``.
        completed_date: ``date-time-at-completed``.
    """

    number: int
    format: str
    name: str = ""
    size: int = 0
    inline: bool = False
    compression: str = "none"
    language: str = "en"
    natural_language: str = ""
    uri: str = ""
    template: bytes = b""
    canceled: bool = False
    created_at: int = 0
    processing_at: int = 0
    completed_at: int = 0
    created_date: int = 0
    processing_date: int = 0
    completed_date: int = 0

    @property
    def k_octets(self) -> int:
        """``k-octets``: its size in units of 1024 octets, rounded up."""
        return (self.size + 1023) // 1024

    def uuid(self, job_uuid: str) -> str:
        """``document-uuid`` without its prefix; the same for ever."""
        return str(uuid.uuid5(uuid.UUID(job_uuid), f"document {self.number}"))
