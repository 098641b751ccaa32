"""The bytes of jobs' documents: in the database where they are small, in files otherwise, counted in one budget.

It knows where a document's bytes are, and nothing of the life of its job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from tympan.errors import SpoolError
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.render.document import DocumentFeed
from tympan.spool.documents import DocumentFolder, DocumentWriter, SpoolBudget
from tympan.spool.store import Change, DeleteContents, SaveContent, Store


class JobDocuments:
    """The documents of a service's jobs.

    Args:
        store: Where small ones are.
        folder: Where the others are.
        max_document_bytes: The longest one.
    """

    def __init__(self, store: Store, folder: DocumentFolder, max_document_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_document_bytes = max_document_bytes

    @property
    def budget(self) -> SpoolBudget:
        """What all of them may take."""
        return self._folder.budget

    def writer(self, job: Job, document: Document) -> DocumentWriter:
        """Begin to receive a document."""
        return self._folder.writer(job.job_id, document.number, self._max_document_bytes)

    def count(self, job: Job) -> set[tuple[int, int]]:
        """Count the documents of a job of an earlier run; returns their keys, for `sweep`."""
        self.budget.used += sum(document.size for document in job.printable)
        return keys_of(job)

    def sweep(self, known: Iterable[tuple[int, int]]) -> int:
        """Remove files that belong to no known document; returns how many there were."""
        return self._folder.sweep(set(known))

    async def open(self, job: Job) -> list[DocumentFeed]:
        """The documents of `job` that print, ready to be read by a render worker.

        Raises:
            SpoolError: One cannot be opened.
        """
        feeds: list[DocumentFeed] = []
        try:
            for document in job.printable:
                if document.inline:
                    feeds.append(DocumentFeed.of_bytes(await self._content(job, document)))
                else:
                    feeds.append(DocumentFeed.of_file(self._folder.path(job.job_id, document.number)))
        except OSError as error:
            for feed in feeds:
                feed.close()
            raise SpoolError(f"a document of job {job.job_id} cannot be read: {error.strerror}") from error
        return feeds

    async def _content(self, job: Job, document: Document) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._store.read_content, job.job_id, document.number)

    async def copy(self, source: Job, job: Job) -> list[Change]:
        """Give `job` the documents of `source`; what fails is to be taken back with `remove`.

        Returns:
            What has to be kept in the same transaction as the job.

        Raises:
            SpoolError: There is no room.
        """
        changes: list[Change] = []
        for document in source.printable:
            copied = msgspec.structs.replace(
                document,
                created_at=job.created_at,
                created_date=job.created_date,
                processing_at=0,
                processing_date=0,
                completed_at=0,
                completed_date=0,
            )
            if document.inline:
                self.budget.take(document.size)
                job.documents.append(copied)
                changes.append(
                    SaveContent(job.job_id, document.number, await self._content(source, document))
                )
            else:
                await self._folder.duplicate(source.job_id, document.number, document.size, job.job_id)
                job.documents.append(copied)
        return changes

    def remove(self, job: Job) -> None:
        """Remove the documents of `job`."""
        if any(document.inline for document in job.printable):
            self._store.post(DeleteContents(job.job_id))
        for document in job.printable:
            self.remove_file(job, document)

    def remove_file(self, job: Job, document: Document) -> None:
        """Remove a document's file, if it has one, and give its bytes back; a small one's content is the caller's to delete."""
        if document.inline:
            self.budget.give_back(document.size)
        else:
            self._folder.remove(job.job_id, document.number, document.size)


def keys_of(job: Job) -> set[tuple[int, int]]:
    """The job's number and the document's, of every document of `job` that prints."""
    return {(job.job_id, document.number) for document in job.printable}
