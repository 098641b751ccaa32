"""Every operation attribute of every operation, given wrong: the tables of RFC 8011 §4.2, §4.3 and RFC 3196 §3.1.2.1.

The tables below are transcribed from there; Close-Job and Cancel-My-Jobs from PWG 5100.7 §5, Identify-Printer from PWG
5100.13 §5, what operators tell printers from RFC 8011 §4.2.7 and RFC 3998 §3, what they do to jobs from RFC 3998 §4,
job-password from PWG 5100.11 §5, those on subscriptions from RFC 3995 §11.2 and RFC 3996 §5.1. What each syntax forbids is
from RFC 8011 §5.1.
"""

from __future__ import annotations

import pytest
from desk import ADMINISTRATOR, CHARSET, LANGUAGE, RECEIPT, status

from tympan.ipp import Attribute, GroupTag, MalformedValue, Operation, StatusCode, Value, ValueTag
from tympan.ipp.enums import JobState
from tympan.model.subscription import Subscription
from tympan.service.fetching import Fetcher

BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
TOO_LONG = StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
FINE = {StatusCode.SUCCESSFUL_OK}

NAME, TEXT, KEYWORD, KEYWORDS, BOOLEAN, MIME, LANGUAGE_TAG, FROM_0, FROM_1, SET_FROM_1, URI, OCTETS = (
    "name(MAX)",
    "text(127)",
    "keyword",
    "1setOf keyword",
    "boolean",
    "mimeMediaType",
    "naturalLanguage",
    "integer(0:MAX)",
    "integer(1:MAX)",
    "1setOf integer(1:MAX)",
    "uri",
    "octetString(255)",
)

ANYONE = {"requesting-user-name": (NAME, "ann")}
JOB_CREATION = {
    **ANYONE,
    "job-name": (NAME, "a job"),
    "ipp-attribute-fidelity": (BOOLEAN, True),
    "job-k-octets": (FROM_0, 1),
    "job-impressions": (FROM_0, 1),
    "job-media-sheets": (FROM_0, 1),
    "job-password": (OCTETS, b"4711"),
    "job-password-encryption": (KEYWORD, "none"),
}
CONTROL = {
    **ANYONE,
    "message": (TEXT, "why"),
    "job-message-from-operator": (TEXT, "Back at noon."),
}
DOCUMENT = {
    "document-name": (NAME, "a document"),
    "document-format": (MIME, "text/plain"),
    "document-natural-language": (LANGUAGE_TAG, "en"),
    "compression": (KEYWORD, "none"),
}
PRINTER, JOB = "printer-uri", "printer-uri and job-id, or job-uri"

OPERATIONS = {
    Operation.PRINT_JOB: (PRINTER, {**JOB_CREATION, **DOCUMENT}),
    Operation.VALIDATE_JOB: (PRINTER, {**JOB_CREATION, **DOCUMENT}),
    Operation.CREATE_JOB: (PRINTER, JOB_CREATION),
    Operation.SEND_DOCUMENT: (JOB, {**ANYONE, **DOCUMENT, "last-document": (BOOLEAN, False)}),
    Operation.CANCEL_JOB: (JOB, {**ANYONE, "message": (TEXT, "why")}),
    Operation.GET_JOB_ATTRIBUTES: (JOB, {**ANYONE, "requested-attributes": (KEYWORDS, "job-id")}),
    Operation.GET_JOBS: (
        PRINTER,
        {
            **ANYONE,
            "limit": (FROM_1, 1),
            "requested-attributes": (KEYWORDS, "job-id"),
            "which-jobs": (KEYWORD, "completed"),
            "my-jobs": (BOOLEAN, True),
        },
    ),
    Operation.GET_PRINTER_ATTRIBUTES: (
        PRINTER,
        {**ANYONE, "requested-attributes": (KEYWORDS, "printer-name"), "document-format": (MIME, "text/plain")},
    ),
    Operation.CANCEL_MY_JOBS: (PRINTER, {**ANYONE, "job-ids": (SET_FROM_1, None), "message": (TEXT, "why")}),
    Operation.CLOSE_JOB: (JOB, ANYONE),
    Operation.GET_DOCUMENTS: (
        JOB, {**ANYONE, "limit": (FROM_1, 1), "requested-attributes": (KEYWORDS, "document-number")},
    ),
    Operation.GET_DOCUMENT_ATTRIBUTES: (
        JOB, {**ANYONE, "document-number": (FROM_1, 1), "requested-attributes": (KEYWORDS, "document-number")},
    ),
    Operation.CANCEL_DOCUMENT: (JOB, {**ANYONE, "document-number": (FROM_1, 1)}),
    Operation.DELETE_DOCUMENT: (JOB, {**ANYONE, "document-number": (FROM_1, 1)}),
    Operation.SET_DOCUMENT_ATTRIBUTES: (JOB, {**ANYONE, "document-number": (FROM_1, 1)}),
    Operation.PRINT_URI: (PRINTER, {**JOB_CREATION, **DOCUMENT, "document-uri": (URI, "http://files.example/a")}),
    Operation.SEND_URI: (
        JOB,
        {**ANYONE, **DOCUMENT, "document-uri": (URI, "http://files.example/a"), "last-document": (BOOLEAN, False)},
    ),
    Operation.VALIDATE_DOCUMENT: (PRINTER, {**ANYONE, **DOCUMENT, "ipp-attribute-fidelity": (BOOLEAN, True)}),
    **{
        operation: (PRINTER, {**ANYONE, "printer-message-from-operator": (TEXT, "Back at noon.")})
        for operation in (
            Operation.PAUSE_PRINTER, Operation.RESUME_PRINTER, Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB,
            Operation.ENABLE_PRINTER, Operation.DISABLE_PRINTER, Operation.HOLD_NEW_JOBS,
            Operation.RELEASE_HELD_NEW_JOBS, Operation.DEACTIVATE_PRINTER, Operation.ACTIVATE_PRINTER,
            Operation.RESTART_PRINTER, Operation.SHUTDOWN_PRINTER, Operation.STARTUP_PRINTER,
        )
    },
    Operation.SET_PRINTER_ATTRIBUTES: (PRINTER, {**ANYONE, "document-format": (MIME, "application/octet-stream")}),
    Operation.GET_PRINTER_SUPPORTED_VALUES: (
        PRINTER, {**ANYONE, "requested-attributes": (KEYWORDS, "sides-default"), "document-format": (MIME, "text/plain")},
    ),
    Operation.GET_USER_PRINTER_ATTRIBUTES: (
        PRINTER, {**ANYONE, "requested-attributes": (KEYWORDS, "printer-name"), "document-format": (MIME, "text/plain")},
    ),
    Operation.HOLD_JOB: (JOB, CONTROL),
    Operation.RELEASE_JOB: (JOB, {**CONTROL, "job-password": (OCTETS, b"4711")}),
    Operation.RESTART_JOB: (JOB, CONTROL),
    Operation.REPROCESS_JOB: (JOB, {**CONTROL, "job-name": (NAME, "a job")}),
    Operation.RESUBMIT_JOB: (
        JOB, {**CONTROL, "job-name": (NAME, "a job"), "ipp-attribute-fidelity": (BOOLEAN, True)},
    ),
    Operation.PROMOTE_JOB: (JOB, CONTROL),
    Operation.SCHEDULE_JOB_AFTER: (JOB, {**CONTROL, "predecessor-job-id": (FROM_1, None)}),
    Operation.SUSPEND_CURRENT_JOB: (PRINTER, CONTROL),
    Operation.CANCEL_CURRENT_JOB: (PRINTER, CONTROL),
    Operation.RESUME_JOB: (JOB, CONTROL),
    Operation.CANCEL_JOBS: (PRINTER, {**CONTROL, "job-ids": (SET_FROM_1, None)}),
    Operation.PURGE_JOBS: (PRINTER, {**ANYONE, "message": (TEXT, "why")}),
    Operation.SET_JOB_ATTRIBUTES: (JOB, ANYONE),
    Operation.IDENTIFY_PRINTER: (PRINTER, {**ANYONE, "identify-actions": (KEYWORDS, "display"), "message": (TEXT, "here")}),
    Operation.GET_SUBSCRIPTIONS: (
        PRINTER,
        {
            **ANYONE,
            "limit": (FROM_1, 1),
            "my-subscriptions": (BOOLEAN, True),
            "notify-job-id": (FROM_1, None),
            "requested-attributes": (KEYWORDS, "notify-events"),
        },
    ),
    Operation.GET_SUBSCRIPTION_ATTRIBUTES: (PRINTER, {**ANYONE, "requested-attributes": (KEYWORDS, "notify-events")}),
    Operation.RENEW_SUBSCRIPTION: (PRINTER, ANYONE),
    Operation.GET_NOTIFICATIONS: (
        PRINTER,
        {**ANYONE, "notify-sequence-numbers": (SET_FROM_1, 1), "notify-wait": (BOOLEAN, False)},
    ),
}  # fmt: skip
"""What a client may send with each operation, and one value that is fine."""

REQUIRED = {
    Operation.SEND_DOCUMENT: {"last-document"},
    Operation.PRINT_URI: {"document-uri"},
    Operation.SEND_URI: {"document-uri", "last-document"},
    Operation.GET_DOCUMENT_ATTRIBUTES: {"document-number"},
    Operation.CANCEL_DOCUMENT: {"document-number"},
    Operation.DELETE_DOCUMENT: {"document-number"},
    Operation.SET_DOCUMENT_ATTRIBUTES: {"document-number"},
}
"""Operation attributes besides the target that a client MUST send."""

OWNERS_ONLY = {
    Operation.CANCEL_DOCUMENT,
    Operation.DELETE_DOCUMENT,
    Operation.SET_DOCUMENT_ATTRIBUTES,
    Operation.SEND_URI,
}
"""Operations that users may do to their own jobs only: they must say who they are, RFC 8011 §9.3."""

TAGS = {
    NAME: ValueTag.NAME_WITHOUT_LANGUAGE,
    TEXT: ValueTag.TEXT_WITHOUT_LANGUAGE,
    KEYWORD: ValueTag.KEYWORD,
    KEYWORDS: ValueTag.KEYWORD,
    BOOLEAN: ValueTag.BOOLEAN,
    MIME: ValueTag.MIME_MEDIA_TYPE,
    LANGUAGE_TAG: ValueTag.NATURAL_LANGUAGE,
    FROM_0: ValueTag.INTEGER,
    FROM_1: ValueTag.INTEGER,
    SET_FROM_1: ValueTag.INTEGER,
    URI: ValueTag.URI,
    OCTETS: ValueTag.OCTET_STRING,
}

LONGEST = {
    OCTETS: 255,
    URI: 1023,
    NAME: 255,
    TEXT: 127,
    KEYWORD: 255,
    KEYWORDS: 255,
    MIME: 255,
    LANGUAGE_TAG: 63,
}
"""Octets, RFC 8011 §5.1."""

OTHER_SYNTAXES = (
    Value(ValueTag.ENUM, 3),
    Value(ValueTag.INTEGER, 1),
    Value(ValueTag.BOOLEAN, True),
    Value(ValueTag.KEYWORD, "none"),
    Value(ValueTag.NAME_WITHOUT_LANGUAGE, "none"),
    Value(ValueTag.TEXT_WITHOUT_LANGUAGE, "none"),
    Value(ValueTag.URI, "ipp://none/"),
    Value(ValueTag.MIME_MEDIA_TYPE, "text/plain"),
    Value(ValueTag.NATURAL_LANGUAGE, "en"),
    Value(ValueTag.OCTET_STRING, b"none"),
    Value(ValueTag.NO_VALUE, None),
    Value(ValueTag.UNKNOWN, None),
)

MALFORMED = {
    ValueTag.INTEGER: b"\0\0\1",
    ValueTag.BOOLEAN: b"\2",
    ValueTag.NAME_WITHOUT_LANGUAGE: b"\xff\xfe",
    ValueTag.TEXT_WITHOUT_LANGUAGE: b"\xff\xfe",
}
"""Octets that a tag does not allow."""


@pytest.fixture(autouse=True)
def _administrator(empty_desk):
    """May ask for everything."""
    empty_desk.requester = ADMINISTRATOR


class Fetched:
    """A document that came from where its URI points, without any network."""

    content_type = "text/plain"
    content_encoding = "none"

    async def pieces(self):
        yield b"Hello.\n"

    async def close(self):
        pass

    def drop(self):
        pass


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    async def open_(_fetcher, _uri):
        return Fetched()

    monkeypatch.setattr(Fetcher, "open", open_)


def _wrong(name, syntax, good):
    """Values that are wrong for a syntax, with the status for each."""
    tag = TAGS[syntax]
    for value in OTHER_SYNTAXES:
        if value.tag != tag:
            yield Attribute(name, (value,)), BAD
    if not syntax.startswith("1setOf"):
        yield Attribute(name, (Value(tag, good), Value(tag, good))), BAD
    if tag in MALFORMED:
        yield Attribute(name, (Value(tag, MalformedValue(MALFORMED[tag], "made so")),)), BAD
    if syntax in LONGEST:
        long = "a" * (LONGEST[syntax] + 1)
        written = f"text/{long}" if syntax == MIME else long.encode() if syntax == OCTETS else long
        yield Attribute(name, (Value(tag, written),)), TOO_LONG
    if tag == ValueTag.INTEGER:
        for number in (-1, -(2**31), *((0,) if "(1:" in syntax else ())):
            yield Attribute.integer(name, number), BAD


_ON_SUBSCRIPTIONS = {
    Operation.GET_SUBSCRIPTION_ATTRIBUTES,
    Operation.RENEW_SUBSCRIPTION,
    Operation.GET_NOTIFICATIONS,
}


def _subscribed(desk):
    """A subscription; who asks here is an administrator, who may ask about all."""
    subscription = Subscription(printer="receipt", uri=RECEIPT, user="ann", events=("job-created",))
    desk.service.subscriptions.subscribe(subscription)
    return subscription.subscription_id


def _ready(desk, operation):
    """The attributes that name what an operation is about, on something it can be done to."""
    if operation in {Operation.SEND_DOCUMENT, Operation.SEND_URI, Operation.CLOSE_JOB}:
        answer = desk.ask(Operation.CREATE_JOB, RECEIPT, *_given(ANYONE))
        return (Attribute.integer("job-id", answer.group(GroupTag.JOB).integer("job-id")),)
    if operation in _ON_SUBSCRIPTIONS:
        name = (
            "notify-subscription-ids"
            if operation == Operation.GET_NOTIFICATIONS
            else "notify-subscription-id"
        )
        return (Attribute.integer(name, _subscribed(desk)),)
    if operation in PREPARED:
        return _prepared(desk, PREPARED[operation], OPERATIONS[operation][0])
    if OPERATIONS[operation][0] == JOB:
        return (Attribute.integer("job-id", desk.printed(RECEIPT, *_given(ANYONE))),)
    return ()


PREPARED = {
    Operation.SUSPEND_CURRENT_JOB: "printing",
    Operation.CANCEL_CURRENT_JOB: "printing",
    Operation.RESUME_JOB: "suspended",
    Operation.RESTART_JOB: "completed",
    Operation.REPROCESS_JOB: "completed",
    Operation.RESUBMIT_JOB: "completed",
}
"""What has to have become of a job before an operation can be done."""


def _prepared(desk, how, kind):
    job = desk.job(desk.printed(RECEIPT, *_given(ANYONE)))
    printer = desk.service.printers["receipt"]
    job.move(JobState.PROCESSING, now=1, date=1)
    if how == "completed":
        job.move(JobState.COMPLETED, now=desk.service.clock.up_time(), date=1)
        desk.service.jobs.job_ended(printer, job)
    elif how == "suspended":
        job.move(JobState.PROCESSING_STOPPED, now=1, date=1)
        job.suspended = True
    else:
        printer.current = job
    return (Attribute.integer("job-id", job.job_id),) if kind == JOB else ()


@pytest.fixture(autouse=True)
def _nothing_prints(empty_desk):
    yield
    empty_desk.service.printers["receipt"].current = None


def _given(table, *without):
    """The good values of a table."""
    return tuple(
        Attribute(name, (Value(TAGS[syntax], good),))
        for name, (syntax, good) in table.items()
        if good is not None and name not in without
    )


def _least(operation):
    """What has to be given for the operation to succeed."""
    _, table = OPERATIONS[operation]
    owner = ("requesting-user-name",) if operation in OWNERS_ONLY else ()
    return _given({name: table[name] for name in (*REQUIRED.get(operation, ()), *owner)})


def _ask(desk, operation, target, *attributes, uri=RECEIPT):
    document = b"Hello.\n" if operation in {Operation.PRINT_JOB, Operation.SEND_DOCUMENT} else b""
    more = BEHIND.get(operation, ())
    return desk.ask(operation, uri, *target, *attributes, document=document, more=more)


BEHIND = {
    Operation.SET_JOB_ATTRIBUTES: ((GroupTag.JOB, (Attribute.integer("copies", 2),)),),
    Operation.SET_PRINTER_ATTRIBUTES: ((GroupTag.PRINTER, (Attribute.text("printer-info", "A printer"),)),),
    Operation.SET_DOCUMENT_ATTRIBUTES: (
        (GroupTag.DOCUMENT, (Attribute.name_string("document-name", "another name"),)),
    ),
}
"""Groups that an operation must have besides its operation attributes."""


def _named(operations):
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.name.lower())


@_named(OPERATIONS)
def test_all_attributes_together(empty_desk, operation):
    _, table = OPERATIONS[operation]
    answer = _ask(empty_desk, operation, _ready(empty_desk, operation), *_given(table))
    assert status(answer) in FINE, answer


@_named(OPERATIONS)
def test_nothing_but_what_is_required(empty_desk, operation):
    answer = _ask(empty_desk, operation, _ready(empty_desk, operation), *_least(operation))
    assert status(answer) in FINE, answer


@_named(OPERATIONS)
def test_each_required_attribute_is_required(empty_desk, operation):
    kind, table = OPERATIONS[operation]
    target = _ready(empty_desk, operation)
    everything = _given(table)
    assert status(_ask(empty_desk, operation, target, *everything, uri=None)) == BAD
    if kind == JOB:
        assert status(_ask(empty_desk, operation, (), *everything)) == BAD
    for name in REQUIRED.get(operation, ()):
        assert status(_ask(empty_desk, operation, target, *_given(table, name))) == BAD, name
    for head in ((CHARSET,), (LANGUAGE,)):
        assert status_without_check(empty_desk, operation, head, target, everything) == BAD


def status_without_check(desk, operation, head, target, attributes):
    return status(desk.ask(operation, RECEIPT, *target, *attributes, head=head))


@_named(OPERATIONS)
def test_each_attribute_with_each_wrong_value(empty_desk, operation):
    _, table = OPERATIONS[operation]
    target = _ready(empty_desk, operation)
    jobs = {name: len(printer.jobs) for name, printer in empty_desk.service.printers.items()}
    wrong = {}
    for name, (syntax, good) in table.items():
        required = _given({other: table[other] for other in REQUIRED.get(operation, ()) if other != name})
        for attribute, expected in _wrong(name, syntax, good if good is not None else 1):
            got = status(_ask(empty_desk, operation, target, *required, attribute))
            if got != expected:
                wrong[name, str(attribute.values)[:80]] = (got.name, expected.name)
    assert not wrong
    assert jobs == {name: len(printer.jobs) for name, printer in empty_desk.service.printers.items()}


@_named([operation for operation, (kind, _) in OPERATIONS.items() if kind == JOB])
def test_job_uri_stands_for_printer_uri_and_job_id(empty_desk, operation):
    _, table = OPERATIONS[operation]
    (job_id,) = _ready(empty_desk, operation)
    target = (Attribute.uri("job-uri", f"{RECEIPT}/{job_id.first}"),)
    assert status(_ask(empty_desk, operation, target, *_given(table), uri=None)) in FINE


REFUSED_VALUES = (
    ({Operation.PRINT_URI, Operation.SEND_URI},
     Attribute.uri("document-uri", "ftp://files.example/a"),
     StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
    ({Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.SEND_DOCUMENT, Operation.GET_PRINTER_ATTRIBUTES},
     Attribute.mime("document-format", "application/msword"),
     StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED),
    ({Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.SEND_DOCUMENT, Operation.VALIDATE_DOCUMENT},
     Attribute.keyword("compression", "compress"),
     StatusCode.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED),
    ({Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.CREATE_JOB},
     Attribute.integer("job-k-octets", 2**31 - 1),
     StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED),
    ({Operation.GET_JOBS},
     Attribute.keyword("which-jobs", "saved"),
     StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED),
    ({Operation.IDENTIFY_PRINTER},
     Attribute.keyword("identify-actions", "speak"),
     StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES),
)  # fmt: skip
"""Values of the right syntax that are not supported, RFC 8011 §4.1.6.1 and the operations' own sections."""


@pytest.mark.parametrize(
    ("operations", "attribute", "expected"), REFUSED_VALUES, ids=lambda v: getattr(v, "name", None)
)
@pytest.mark.parametrize("fidelity", [None, False, True])
def test_values_that_are_not_supported(empty_desk, operations, attribute, expected, fidelity):
    """Whatever ``ipp-attribute-fidelity`` says: that is about the job template alone."""
    for operation in operations:
        wish = (
            (Attribute.boolean("ipp-attribute-fidelity", fidelity),)
            if fidelity is not None and "ipp-attribute-fidelity" in OPERATIONS[operation][1]
            else ()
        )
        target = _ready(empty_desk, operation)
        required = [each for each in _least(operation) if each.name != attribute.name]
        answer = _ask(empty_desk, operation, target, *required, *wish, attribute)
        assert status(answer) == expected, operation
        if expected == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED:
            assert answer.group(GroupTag.UNSUPPORTED).attributes == (attribute,)


@_named(OPERATIONS)
def test_attributes_of_other_operations_are_unsupported_here(empty_desk, operation):
    _, table = OPERATIONS[operation]
    everything = {name: entry for _, other in OPERATIONS.values() for name, entry in other.items()}
    ours = {*table, "job-id", *({"job-ids"} if operation == Operation.GET_JOBS else ())}
    foreign = {name: entry for name, entry in everything.items() if name not in ours and entry[1] is not None}
    target = _ready(empty_desk, operation)
    answer = _ask(empty_desk, operation, target, *_least(operation), *_given(foreign))
    assert status(answer) == StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert {each.name for each in answer.group(GroupTag.UNSUPPORTED)} == set(foreign)
    assert all(each.tag == ValueTag.UNSUPPORTED for each in answer.group(GroupTag.UNSUPPORTED))
