"""The status codes of IPP: every status-code of the IANA registry.

Owns the numbers, their keywords and their classes. Never decides which one an answer gets.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class StatusCode(IntEnum):
    """Status codes, RFC 8011 Appendix B and the specification named at each block."""

    # Successful: RFC 8011
    SUCCESSFUL_OK = 0x0000
    SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES = 0x0001
    SUCCESSFUL_OK_CONFLICTING_ATTRIBUTES = 0x0002
    # RFC 3995, RFC 3996
    SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS = 0x0003
    SUCCESSFUL_OK_TOO_MANY_EVENTS = 0x0005
    SUCCESSFUL_OK_EVENTS_COMPLETE = 0x0007
    # Client error: RFC 8011
    CLIENT_ERROR_BAD_REQUEST = 0x0400
    CLIENT_ERROR_FORBIDDEN = 0x0401
    CLIENT_ERROR_NOT_AUTHENTICATED = 0x0402
    CLIENT_ERROR_NOT_AUTHORIZED = 0x0403
    CLIENT_ERROR_NOT_POSSIBLE = 0x0404
    CLIENT_ERROR_TIMEOUT = 0x0405
    CLIENT_ERROR_NOT_FOUND = 0x0406
    CLIENT_ERROR_GONE = 0x0407
    CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE = 0x0408
    CLIENT_ERROR_REQUEST_VALUE_TOO_LONG = 0x0409
    CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED = 0x040A
    CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED = 0x040B
    CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED = 0x040C
    CLIENT_ERROR_CHARSET_NOT_SUPPORTED = 0x040D
    CLIENT_ERROR_CONFLICTING_ATTRIBUTES = 0x040E
    CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED = 0x040F
    CLIENT_ERROR_COMPRESSION_ERROR = 0x0410
    CLIENT_ERROR_DOCUMENT_FORMAT_ERROR = 0x0411
    CLIENT_ERROR_DOCUMENT_ACCESS_ERROR = 0x0412
    # RFC 3380
    CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE = 0x0413
    # RFC 3995
    CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS = 0x0414
    CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS = 0x0415
    # PWG 5100.13
    CLIENT_ERROR_DOCUMENT_PASSWORD_ERROR = 0x0418
    CLIENT_ERROR_DOCUMENT_PERMISSION_ERROR = 0x0419
    CLIENT_ERROR_DOCUMENT_SECURITY_ERROR = 0x041A
    CLIENT_ERROR_DOCUMENT_UNPRINTABLE_ERROR = 0x041B
    # PWG 5100.16
    CLIENT_ERROR_ACCOUNT_INFO_NEEDED = 0x041C
    CLIENT_ERROR_ACCOUNT_CLOSED = 0x041D
    CLIENT_ERROR_ACCOUNT_LIMIT_REACHED = 0x041E
    CLIENT_ERROR_ACCOUNT_AUTHORIZATION_FAILED = 0x041F
    # PWG 5100.18
    CLIENT_ERROR_NOT_FETCHABLE = 0x0420
    # Server error: RFC 8011
    SERVER_ERROR_INTERNAL_ERROR = 0x0500
    SERVER_ERROR_OPERATION_NOT_SUPPORTED = 0x0501
    SERVER_ERROR_SERVICE_UNAVAILABLE = 0x0502
    SERVER_ERROR_VERSION_NOT_SUPPORTED = 0x0503
    SERVER_ERROR_DEVICE_ERROR = 0x0504
    SERVER_ERROR_TEMPORARY_ERROR = 0x0505
    SERVER_ERROR_NOT_ACCEPTING_JOBS = 0x0506
    SERVER_ERROR_BUSY = 0x0507
    SERVER_ERROR_JOB_CANCELED = 0x0508
    SERVER_ERROR_MULTIPLE_DOCUMENT_JOBS_NOT_SUPPORTED = 0x0509
    # RFC 3998
    SERVER_ERROR_PRINTER_IS_DEACTIVATED = 0x050A
    # PWG 5100.7
    SERVER_ERROR_TOO_MANY_JOBS = 0x050B
    SERVER_ERROR_TOO_MANY_DOCUMENTS = 0x050C

    @property
    def keyword(self) -> str:
        """The registered keyword, such as ``client-error-not-found``."""
        return _KEYWORDS[self]

    @property
    def ok(self) -> bool:
        """Whether the operation was carried out, perhaps with attributes ignored or substituted."""
        return self < 0x0100

    @property
    def client_error(self) -> bool:
        """Whether the request is to blame."""
        return 0x0400 <= self < 0x0500

    @property
    def server_error(self) -> bool:
        """Whether the printer is to blame."""
        return 0x0500 <= self < 0x0600


_KEYWORDS = {status: status.name.lower().replace("_", "-") for status in StatusCode}


def status_keyword(code: int) -> str:
    """The registered keyword of a status code; ``0x0280`` for one that is not registered."""
    known = _KEYWORDS.get(code)  # type: ignore[call-overload]  # an int finds the IntEnum that equals it
    return known if known is not None else f"0x{code:04x}"
