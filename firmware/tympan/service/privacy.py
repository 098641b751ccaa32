"""Privacy: which attributes of others' jobs, documents and subscriptions are withheld, and from whom (RFC 8011 §8.4, IPP Privacy Attributes v1.0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tympan.ipp import Attribute
from tympan.ipp.registry import is_job_template
from tympan.model.job import Job
from tympan.service.access import Requester, Role

JOB_DEFAULT: Final = ("document-name-supplied", "job-name", "job-originating-user-name")
"""``default``: who prints, and what they call it."""

DOCUMENT_DEFAULT: Final = ("document-name", "document-uri")

OPEN: Final = frozenset(
    {
        "attributes-charset",
        "attributes-natural-language",
        "job-id",
        "job-printer-up-time",
        "job-printer-uri",
        "job-state",
        "job-state-reasons",
        "job-uri",
        "job-uuid",
    }
)
"""What stays visible whatever is configured: that there is a job, and how far it is."""

GROUPS: Final = ("all", "default", "job-description", "job-template", "none")
"""The keywords of ``job-privacy-attributes`` that stand for several attributes, or for none."""

SCOPES: Final = ("all", "default", "none", "owner")
"""``job-privacy-scope``: who sees what is private: everybody; the owner and operators; nobody; the owner."""


class Privacy:
    """What is private.

    Args:
        attributes: ``access.job_privacy_attributes``.
        scope: ``access.job_privacy_scope``.
    """

    def __init__(self, attributes: Sequence[str], scope: str) -> None:
        self._names = frozenset(attributes) | (
            frozenset(JOB_DEFAULT) if "default" in attributes else frozenset()
        )
        self._scope = scope

    def sees(self, requester: Requester, claimed: str, job: Job) -> bool:
        """Whether the requester sees everything of `job`.

        Args:
            requester: Who asks.
            claimed: The name they say, ``requesting-user-name``.
            job: The job.
        """
        if self._scope in {"all", "none"}:
            return self._scope == "all"
        is_operator = requester.role >= Role.OPERATOR and self._scope == "default"
        return is_operator or requester.owns(job, claimed)

    def is_private(self, name: str) -> bool:
        """Whether the job attribute of this name is withheld from who does not see everything."""
        if name in OPEN:
            return False
        group = "job-template" if is_job_template(name) else "job-description"
        return name in self._names or group in self._names or "all" in self._names

    def is_private_of_document(self, name: str) -> bool:
        """The same for attributes of documents: they follow what the job says of its document's name."""
        return name in DOCUMENT_DEFAULT and self.is_private("document-name-supplied")

    def printer_attributes(self) -> list[Attribute]:
        """What a printer says of it. Subscriptions of others are shown to operators only, and whole."""
        names = sorted(self._names - {"default", "none"}) or ["none"]
        documents = [name for name in DOCUMENT_DEFAULT if self.is_private_of_document(name)] or ["none"]
        return [
            Attribute.keyword("job-privacy-attributes", *names),
            Attribute.keyword("job-privacy-scope", self._scope),
            Attribute.keyword("document-privacy-attributes", *documents),
            Attribute.keyword("document-privacy-scope", self._scope),
            Attribute.keyword("subscription-privacy-attributes", "all"),
            Attribute.keyword("subscription-privacy-scope", "default"),
        ]
