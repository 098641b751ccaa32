"""What can be wrong with an IPP message.

The IPP branch of the tree in `tympan.errors`::

    IppError (TympanError)
    ├── IppDecodeError (ValueError)     the octets break RFC 8010 or a limit: offset, status, what the header said
    │   └── IppTruncatedError           the octets end before the message does
    └── IppEncodeError (ValueError)     a value that its tag cannot carry

Each class lists the situations that it stands for. Any other exception that leaves `tympan.ipp` is a bug.
"""

from __future__ import annotations

from tympan.errors import TympanError
from tympan.ipp.status import StatusCode


class IppError(TympanError):
    """Something is wrong with an IPP message."""


class IppDecodeError(IppError, ValueError):
    """The octets are no IPP message, or more of one than the limits allow.

    Situations: a length above 32767, an attribute before the first group, an additional value without an attribute,
    an unbalanced collection, a reserved delimiter, groups out of order, an attribute name that is no US-ASCII or longer
    than 255 octets, any limit of `Limits`. The octets after the offset cannot be trusted.

    Attributes:
        problem: What is wrong, as a sentence.
        offset: Where, in octets from the start of the message: the first octet of the attribute, value or delimiter.
        status: The status code to answer with, RFC 8011 Appendix B.
        version: Version of the message, ``(0, 0)`` where its header could not be read.
        code: Operation or status code of the message, 0 where its header could not be read.
        request_id: To be echoed in the answer; 0 where the header could not be read.
    """

    def __init__(
        self, problem: str, *, offset: int, status: StatusCode = StatusCode.CLIENT_ERROR_BAD_REQUEST
    ) -> None:
        self.problem = problem
        self.offset = offset
        self.status = status
        self.version = (0, 0)
        self.code = 0
        self.request_id = 0
        super().__init__(f"octet {offset}: {problem}")


class IppTruncatedError(IppDecodeError):
    """The octets end in the middle of the message: the client left, or Content-Length lies."""


class IppEncodeError(IppError, ValueError):
    """A value cannot be carried by its tag: wrong type, out of range, longer than 32767 octets.

    It is a mistake of the caller, never of the peer.

    Attributes:
        attribute: Name of the attribute, empty where the fault is not in one.
        problem: What is wrong, as a sentence.
    """

    def __init__(self, problem: str, *, attribute: str = "") -> None:
        self.attribute = attribute
        self.problem = problem
        super().__init__(f"{attribute}: {problem}" if attribute else problem)
