"""Every operation attribute of the system's operations, given wrong; the table is transcribed from PWG 5100.22 §6.

What each syntax forbids is from RFC 8011 §5.1, what is answered from RFC 3196 §3.1.2.1.
"""

from __future__ import annotations

import pytest
from desk import ADMINISTRATOR, CHARSET, LANGUAGE, SYSTEM, status, unsupported

from tympan.ipp import (
    Attribute,
    GroupTag,
    MalformedValue,
    Message,
    Operation,
    StatusCode,
    Value,
    ValueTag,
    decode,
    encode,
)

OK = StatusCode.SUCCESSFUL_OK
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
TOO_LONG = StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG

ANYONE = {"requesting-user-name": Attribute.name_string("requesting-user-name", "adam")}
MESSAGE = {"printer-message-from-operator": Attribute.text("printer-message-from-operator", "Back at noon.")}
REQUESTED = Attribute.keyword("requested-attributes", "all")

ON_ALL = (
    Operation.DISABLE_ALL_PRINTERS,
    Operation.ENABLE_ALL_PRINTERS,
    Operation.PAUSE_ALL_PRINTERS,
    Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB,
    Operation.RESUME_ALL_PRINTERS,
    Operation.SHUTDOWN_ALL_PRINTERS,
    Operation.STARTUP_ALL_PRINTERS,
)
ON_ONE = (Operation.SHUTDOWN_ONE_PRINTER, Operation.STARTUP_ONE_PRINTER, Operation.RESTART_ONE_PRINTER)

OPERATIONS = {
    Operation.GET_PRINTERS: {
        **ANYONE,
        "requested-attributes": Attribute.keyword("requested-attributes", "printer-name"),
        "which-printers": Attribute.keyword("which-printers", "all"),
        "limit": Attribute.integer("limit", 1),
        "first-index": Attribute.integer("first-index", 1),
        "document-format": Attribute.mime("document-format", "text/plain"),
        "printer-geo-location": Attribute.uri("printer-geo-location", "geo:48.2,16.3"),
        "printer-ids": Attribute.integer("printer-ids", 1),
        "printer-location": Attribute.text("printer-location", "Hall"),
        "printer-service-type": Attribute.keyword("printer-service-type", "print"),
    },
    Operation.GET_SYSTEM_ATTRIBUTES: {**ANYONE, "requested-attributes": REQUESTED},
    Operation.GET_SYSTEM_SUPPORTED_VALUES: {**ANYONE, "requested-attributes": REQUESTED},
    Operation.SET_SYSTEM_ATTRIBUTES: ANYONE,
    **{operation: {**ANYONE, **MESSAGE} for operation in (*ON_ALL, *ON_ONE)},
}
"""What a client may send with each operation, and a value that is fine."""

SETS = {"requested-attributes", "printer-ids", "printer-service-type"}
"""Attributes that may have several values."""

LONGEST = {
    ValueTag.NAME_WITHOUT_LANGUAGE: 255,
    ValueTag.TEXT_WITHOUT_LANGUAGE: 127,
    ValueTag.KEYWORD: 255,
    ValueTag.URI: 1023,
}
"""Octets; the texts here are text(127)."""

OTHERS = (
    Value(ValueTag.ENUM, 3),
    Value(ValueTag.INTEGER, 1),
    Value(ValueTag.BOOLEAN, True),
    Value(ValueTag.KEYWORD, "none"),
    Value(ValueTag.NAME_WITHOUT_LANGUAGE, "none"),
    Value(ValueTag.TEXT_WITHOUT_LANGUAGE, "none"),
    Value(ValueTag.URI, "geo:0,0"),
    Value(ValueTag.MIME_MEDIA_TYPE, "text/plain"),
    Value(ValueTag.OCTET_STRING, b"none"),
    Value(ValueTag.NO_VALUE, None),
)

NAMED = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.keyword)


@pytest.fixture(autouse=True)
def _administrator(empty_desk):
    empty_desk.requester = ADMINISTRATOR


def ask(desk, operation, *attributes, head=(CHARSET, LANGUAGE), target=True):
    one = desk.service.printers["laser"].printer_id
    wanted = (Attribute.uri("system-uri", SYSTEM),) if target else ()
    if operation in ON_ONE:
        wanted += (Attribute.integer("printer-id", one),)
    groups = [(GroupTag.OPERATION, (*head, *wanted, *attributes))]
    if operation == Operation.SET_SYSTEM_ATTRIBUTES:
        groups.append((GroupTag.SYSTEM, (Attribute.text("system-info", "The printers"),)))
    answer, _ = decode(desk.raw(encode(Message.of((2, 0), operation, 1, *groups))))
    return answer


def wrong(attribute):
    """Values that are wrong for an attribute, with the status for each."""
    name, tag = attribute.name, attribute.tag
    for value in OTHERS:
        if value.tag != tag:
            yield Attribute(name, (value,)), BAD
    if name not in SETS:
        yield Attribute(name, attribute.values * 2), BAD
    if tag in LONGEST:
        yield Attribute(name, (Value(tag, "a" * (LONGEST[tag] + 1)),)), TOO_LONG
    if tag == ValueTag.INTEGER:
        yield Attribute(name, (Value(tag, MalformedValue(b"\0\0\1", "made so")),)), BAD
        for number in (0, -1):
            yield Attribute.integer(name, number), BAD


@NAMED
def test_everything_and_nothing(empty_desk, operation):
    assert status(ask(empty_desk, operation, *OPERATIONS[operation].values())) == OK
    assert status(ask(empty_desk, operation)) == OK
    assert status(ask(empty_desk, operation, target=False)) == BAD
    for head in ((CHARSET,), (LANGUAGE,), (LANGUAGE, CHARSET)):
        assert status(ask(empty_desk, operation, head=head)) == BAD


@NAMED
def test_each_attribute_with_each_wrong_value(empty_desk, operation):
    mistakes = {}
    for good in OPERATIONS[operation].values():
        for attribute, expected in wrong(good):
            got = status(ask(empty_desk, operation, attribute))
            if got != expected:
                mistakes[attribute.name, str(attribute.values)[:80]] = (got.name, expected.name)
    assert not mistakes


@NAMED
def test_attributes_that_the_operation_does_not_know(empty_desk, operation):
    foreign = Attribute.keyword("which-jobs", "all")
    answer = ask(empty_desk, operation, foreign)
    assert status(answer) == StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert unsupported(answer) == {"which-jobs": Attribute.unsupported("which-jobs")}
