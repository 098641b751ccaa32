"""The checks every request gets, RFC 8011 §4.1 and RFC 3196 §3.1.2.1: what is answered to each mistake."""

from __future__ import annotations

import struct

import pytest
from desk import BASE, CHARSET, LANGUAGE, LASER, RECEIPT, SYSTEM, status, unsupported

from tympan.endpoint.exchange import Answer
from tympan.endpoint.repeated import RepeatedAnswers
from tympan.ipp import (
    Attribute,
    GroupTag,
    Message,
    Operation,
    StatusCode,
    StringWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
)

GET = Operation.GET_PRINTER_ATTRIBUTES
NAME = Attribute.keyword("requested-attributes", "printer-name")


def asked(desk, *groups, code=GET, version=(2, 0), request_id=7):
    """The answer to a request made of groups."""
    data = encode(Message.of(version, code, request_id, *groups))
    return decode(desk.raw(data))[0]


def operation(*attributes):
    return (GroupTag.OPERATION, attributes)


URI = Attribute.uri("printer-uri", RECEIPT)


# --- versions, RFC 8011 §4.1.8 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)])
def test_the_answer_has_the_version_of_the_request(desk, version):
    answer = desk.ask(GET, RECEIPT, NAME, version=version)
    assert status(answer) == StatusCode.SUCCESSFUL_OK
    assert answer.version == version


@pytest.mark.parametrize(("version", "nearest"), [((1, 2), (1, 1)), ((1, 9), (1, 1)), ((2, 3), (2, 2))])
def test_a_minor_version_to_come_is_answered_by_the_nearest(desk, version, nearest):
    answer = desk.ask(GET, RECEIPT, NAME, version=version)
    assert status(answer) == StatusCode.SUCCESSFUL_OK
    assert answer.version == nearest


@pytest.mark.parametrize(
    ("version", "nearest"), [((0, 0), (1, 0)), ((0, 9), (1, 0)), ((3, 0), (2, 2)), ((255, 0), (2, 2))]
)
def test_another_major_version_is_refused_with_the_nearest(desk, version, nearest):
    answer = desk.ask(GET, RECEIPT, NAME, version=version)
    assert status(answer) == StatusCode.SERVER_ERROR_VERSION_NOT_SUPPORTED
    assert answer.version == nearest


def test_the_version_comes_before_everything_else(desk):
    answer = asked(desk, operation(), code=0x3FFF, version=(9, 0), request_id=0)
    assert status(answer) == StatusCode.SERVER_ERROR_VERSION_NOT_SUPPORTED


# --- operation-id and request-id, RFC 8011 §4.1.2 ---------------------------------------------------------------------

SUPPORTED = {
    "Print-Job": 0x0002,
    "Validate-Job": 0x0004,
    "Create-Job": 0x0005,
    "Send-Document": 0x0006,
    "Cancel-Job": 0x0008,
    "Get-Job-Attributes": 0x0009,
    "Get-Jobs": 0x000A,
    "Get-Printer-Attributes": 0x000B,
    "Cancel-My-Jobs": 0x0039,
    "Close-Job": 0x003B,
    "Identify-Printer": 0x003C,
}
"""The operations of the issue that built them, with their numbers from the IANA registry."""


def test_operations_supported_names_what_is_answered(desk):
    answer = desk.ask(GET, RECEIPT, Attribute.keyword("requested-attributes", "operations-supported"))
    named = set(answer.group(GroupTag.PRINTER).get("operations-supported").integers())
    assert set(SUPPORTED.values()) <= named
    at_system = Message.of(
        (2, 0), 0x5B, 1, (GroupTag.OPERATION, (CHARSET, LANGUAGE, Attribute.uri("system-uri", SYSTEM)))
    )
    described, _ = decode(desk.raw(encode(at_system)))
    of_system = set(described.group(GroupTag.SYSTEM).get("operations-supported").integers())
    for code in range(0x70):
        got = status(asked(desk, operation(CHARSET, LANGUAGE), code=code))
        if code in named | of_system:
            assert got == StatusCode.CLIENT_ERROR_BAD_REQUEST, hex(code)  # no target
        else:
            assert got == StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED, hex(code)


@pytest.mark.parametrize("code", [0x0000, 0x0001, 0x000F, 0x4001, 0x7FFF])
def test_an_operation_that_is_not_there(desk, code):
    assert status(asked(desk, operation(CHARSET, LANGUAGE, URI), code=code)) == (
        StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED
    )


@pytest.mark.parametrize("request_id", [0, -1, -(2**31)])
def test_request_ids_out_of_range_are_refused_and_copied(desk, request_id):
    answer = desk.ask(GET, RECEIPT, NAME, request_id=request_id)
    assert status(answer) == StatusCode.CLIENT_ERROR_BAD_REQUEST


def test_the_largest_request_id(desk):
    assert status(desk.ask(GET, RECEIPT, NAME, request_id=2**31 - 1)) == StatusCode.SUCCESSFUL_OK


# --- charset and language, RFC 8011 §4.1.4 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        (),
        (CHARSET,),
        (LANGUAGE,),
        (CHARSET, URI),
        (LANGUAGE, CHARSET, URI),
        (URI, CHARSET, LANGUAGE),
        (CHARSET, URI, LANGUAGE),
        (LANGUAGE, URI),
        (Attribute.keyword("attributes-charset", "utf-8"), LANGUAGE, URI),
        (CHARSET, Attribute.keyword("attributes-natural-language", "en"), URI),
        (Attribute.charset("attributes-charset", "utf-8", "us-ascii"), LANGUAGE, URI),
        (CHARSET, Attribute.language("attributes-natural-language", "en", "de"), URI),
        (Attribute.no_value("attributes-charset"), LANGUAGE, URI),
    ],
)
def test_charset_and_language_come_first_and_right(desk, attributes):
    assert status(asked(desk, operation(*attributes))) == StatusCode.CLIENT_ERROR_BAD_REQUEST


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "utf8"])
def test_a_charset_that_is_not_supported_is_told_in_utf_8(desk, charset):
    answer = desk.ask(GET, RECEIPT, NAME, head=(Attribute.charset("attributes-charset", charset), LANGUAGE))
    assert status(answer) == StatusCode.CLIENT_ERROR_CHARSET_NOT_SUPPORTED
    assert answer.operation_attributes.string("attributes-charset") == "utf-8"


def test_every_charset_supported_is_answered_in_itself(desk):
    answer = desk.ask(GET, RECEIPT, Attribute.keyword("requested-attributes", "charset-supported"))
    charsets = answer.group(GroupTag.PRINTER).strings("charset-supported")
    assert charsets[0] == "utf-8"
    for charset in (*charsets, "UTF-8"):
        head = (Attribute.charset("attributes-charset", charset), LANGUAGE)
        answer = desk.ask(GET, RECEIPT, NAME, head=head)
        assert status(answer) == StatusCode.SUCCESSFUL_OK
        assert answer.operation_attributes.string("attributes-charset") == charset.lower()


def test_text_is_converted_into_us_ascii(empty_desk):
    job_id = empty_desk.printed(RECEIPT, Attribute.name_string("job-name", "Rechnung für Zoë 日本"))
    head = (Attribute.charset("attributes-charset", "us-ascii"), LANGUAGE)
    asked_for = (
        Attribute.integer("job-id", job_id),
        Attribute.keyword("requested-attributes", "job-name", "job-uri"),
    )
    plain = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, *asked_for)
    assert plain.group(GroupTag.JOB).string("job-name") == "Rechnung für Zoë 日本"
    answer = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, *asked_for, head=head)
    assert answer.group(GroupTag.JOB).string("job-name") == "Rechnung fur Zoe ??"
    assert answer.group(GroupTag.JOB).string("job-uri") == f"{RECEIPT}/{job_id}"


@pytest.mark.parametrize("language", ["de", "zh-hant-tw", "x-klingon"])
def test_any_natural_language_is_taken(desk, language):
    head = (CHARSET, Attribute.language("attributes-natural-language", language))
    answer = desk.ask(GET, RECEIPT, NAME, head=head)
    assert status(answer) == StatusCode.SUCCESSFUL_OK
    assert answer.operation_attributes.string("attributes-natural-language") == "en"


@pytest.mark.parametrize(
    ("request_language", "name", "language"),
    [
        ("de", "Brief", "de"),
        ("en", "Letter", None),
        ("en-us", "Letter", None),
        ("en", StringWithLanguage("fr", "Lettre"), "fr"),
    ],
)
def test_a_job_keeps_the_language_of_its_name(empty_desk, request_language, name, language):
    head = (CHARSET, Attribute.language("attributes-natural-language", request_language))
    job_id = empty_desk.printed(RECEIPT, Attribute.name_string("job-name", name), head=head)
    answer = empty_desk.ask(
        Operation.GET_JOB_ATTRIBUTES,
        RECEIPT,
        Attribute.integer("job-id", job_id),
        Attribute.keyword("requested-attributes", "job-name"),
    )
    given = answer.group(GroupTag.JOB).get("job-name").first
    assert str(given) == str(name)
    assert (given.language if isinstance(given, StringWithLanguage) else None) == language


# --- groups and attributes, RFC 8011 §4.1.3, RFC 3196 §3.1.2.1.4 ------------------------------------------------------

JOB_GROUP = (GroupTag.JOB, (Attribute.integer("copies", 1),))
FIRST = operation(CHARSET, LANGUAGE, URI)


@pytest.mark.parametrize(
    "groups",
    [
        (),
        (JOB_GROUP,),
        (JOB_GROUP, FIRST),
        (FIRST, FIRST),
        (FIRST, JOB_GROUP, JOB_GROUP),
        (FIRST, (0x0F, ()), JOB_GROUP),
        (FIRST, (GroupTag.UNSUPPORTED, ()), JOB_GROUP),
        ((GroupTag.PRINTER, ()), FIRST),
        (operation(CHARSET, LANGUAGE, URI, URI),),
        (operation(CHARSET, LANGUAGE, URI, NAME, NAME),),
        (operation(CHARSET, LANGUAGE, CHARSET, URI),),
        (FIRST, (GroupTag.JOB, (Attribute.integer("copies", 1), Attribute.integer("copies", 2)))),
    ],
)
def test_groups_out_of_order_and_names_given_twice(desk, groups):
    assert status(asked(desk, *groups, code=Operation.VALIDATE_JOB)) == StatusCode.CLIENT_ERROR_BAD_REQUEST


@pytest.mark.parametrize(
    "groups", [(FIRST,), (FIRST, (GroupTag.JOB, ())), (FIRST, JOB_GROUP), (FIRST, JOB_GROUP, (0x0F, ()))]
)
def test_groups_in_order(desk, groups):
    assert status(asked(desk, *groups, code=Operation.VALIDATE_JOB)) == StatusCode.SUCCESSFUL_OK


def test_an_attribute_nobody_knows_is_given_back_as_unsupported(desk):
    answer = desk.ask(GET, RECEIPT, NAME, Attribute.integer("no-such-attribute", 5))
    assert status(answer) == StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert unsupported(answer) == {"no-such-attribute": Attribute.unsupported("no-such-attribute")}
    assert answer.group(GroupTag.PRINTER).string("printer-name") == "receipt"
    assert [group.tag for group in answer.groups] == [
        GroupTag.OPERATION,
        GroupTag.UNSUPPORTED,
        GroupTag.PRINTER,
    ]


def test_a_refusal_for_values_names_unknown_attributes_too(desk):
    answer = desk.ask(
        Operation.GET_JOBS,
        RECEIPT,
        Attribute.keyword("which-jobs", "mine"),
        Attribute.integer("no-such-attribute", 5),
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    assert unsupported(answer).keys() == {"which-jobs", "no-such-attribute"}


def test_no_unsupported_group_where_all_is_supported(desk):
    answer = desk.ask(GET, RECEIPT, NAME)
    assert [group.tag for group in answer.groups] == [GroupTag.OPERATION, GroupTag.PRINTER]


def test_values_that_do_not_fit_their_tags(desk):
    """Their framing is right, so there is an answer to the request, not to a broken stream."""
    for tag, octets in (
        (0x21, b"\0\0\1"),
        (0x22, b"\2"),
        (0x33, b"\0" * 7),
        (0x31, b"\0"),
        (0x41, b"\xff\xfe"),
    ):
        head = encode(Message.of((2, 0), Operation.GET_JOBS, 7, operation(CHARSET, LANGUAGE, URI)))[:-1]
        bad = struct.pack(">BH", tag, 5) + b"limit" + struct.pack(">H", len(octets)) + octets
        answer, _ = decode(desk.raw(head + bad + b"\3"))
        assert status(answer) == StatusCode.CLIENT_ERROR_BAD_REQUEST, hex(tag)
        assert answer.request_id == 7


def test_every_truncation_of_a_request_is_a_bad_request(desk):
    whole = encode(Message.of((2, 0), GET, 7, operation(CHARSET, LANGUAGE, URI, NAME)))
    for length in range(len(whole)):
        answer, _ = decode(desk.raw(whole[:length]))
        assert status(answer) == StatusCode.CLIENT_ERROR_BAD_REQUEST, length
        assert answer.request_id == (7 if length >= 8 else 0)


def test_a_status_message_is_no_longer_than_255_octets():
    answer, _ = decode(Answer(StatusCode.CLIENT_ERROR_NOT_FOUND, "ü" * 300).encode((2, 0), 1))
    assert answer.operation_attributes.string("status-message") == "ü" * 127


# --- targets, RFC 8011 §4.1.5 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (f"{BASE}/ipp/print", "receipt"),
        (f"{BASE}/ipp/print/", "receipt"),
        (f"{BASE}/ipp", "receipt"),
        (BASE, "receipt"),
        (f"{BASE}/", "receipt"),
        (RECEIPT, "receipt"),
        (LASER, "laser"),
        (f"{LASER}/", "laser"),
        ("ipp://192.0.2.1/ipp/print/laser", "laser"),
        ("ipps://other.example/ipp/print/laser", "laser"),
        ("http://[2001:db8::1]:631/ipp/print/laser", "laser"),
        (f"{BASE}/ipp/print/%6caser", "laser"),
    ],
)
def test_printer_uris_that_name_a_printer(desk, uri, name):
    answer = desk.ask(GET, uri, NAME)
    assert status(answer) == StatusCode.SUCCESSFUL_OK
    assert answer.group(GroupTag.PRINTER).string("printer-name") == name


@pytest.mark.parametrize(
    "uri",
    [
        f"{BASE}/ipp/print/other",
        f"{BASE}/ipp/print/Laser",
        f"{BASE}/printers/laser",
        f"{BASE}/laser",
        f"{LASER}/1",
        f"{BASE}/ipp/print/1",
        f"{LASER}/x",
        f"{LASER}/1/2",
        f"{BASE}/ipp/print/%D9%A1",
        SYSTEM,
        "ipp://[::1/ipp/print",
        "ipp:",
    ],
)
def test_printer_uris_that_name_none(empty_desk, uri):
    empty_desk.printed(LASER)
    assert status(empty_desk.ask(GET, uri, NAME)) == StatusCode.CLIENT_ERROR_NOT_FOUND


@pytest.mark.parametrize(
    "target",
    [
        (),
        (Attribute.keyword("printer-uri", RECEIPT),),
        (Attribute.uri("printer-uri", RECEIPT, LASER),),
        (Attribute.no_value("printer-uri"),),
        (Attribute.uri("printer-uri", "/ipp/print"),),
        (Attribute.uri("printer-uri", "print"),),
        (Attribute.uri("job-uri", f"{RECEIPT}/1"),),
    ],
)
def test_a_target_that_is_missing_or_wrong(desk, target):
    assert status(desk.ask(GET, None, *target)) == StatusCode.CLIENT_ERROR_BAD_REQUEST


def test_both_ways_to_name_a_job(empty_desk):
    job_id = empty_desk.printed(LASER)
    number, state = Attribute.integer("job-id", job_id), Attribute.keyword("requested-attributes", "job-id")
    for uri, attributes in (
        (LASER, (number, state)),
        (None, (Attribute.uri("job-uri", f"{LASER}/{job_id}"), state)),
    ):
        answer = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, uri, *attributes)
        assert status(answer) == StatusCode.SUCCESSFUL_OK
        assert answer.group(GroupTag.JOB).integer("job-id") == job_id


def test_jobs_that_are_not_there(empty_desk):
    job_id = empty_desk.printed(LASER)
    for uri, attribute, expected in (
        (RECEIPT, Attribute.integer("job-id", job_id), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (LASER, Attribute.integer("job-id", job_id + 1000), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (LASER, Attribute.integer("job-id", 0), StatusCode.CLIENT_ERROR_BAD_REQUEST),
        (LASER, Attribute.integer("job-id", -1), StatusCode.CLIENT_ERROR_BAD_REQUEST),
        (LASER, Attribute.enum("job-id", job_id), StatusCode.CLIENT_ERROR_BAD_REQUEST),
        (LASER, Attribute.integer("job-id", job_id, job_id), StatusCode.CLIENT_ERROR_BAD_REQUEST),
        (LASER, Attribute.integer("limit", 1), StatusCode.CLIENT_ERROR_BAD_REQUEST),
        (f"{LASER}/{job_id}", Attribute.integer("job-id", job_id), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.uri("job-uri", f"{RECEIPT}/{job_id}"), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.uri("job-uri", LASER), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.uri("job-uri", f"{LASER}/0"), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.uri("job-uri", f"{LASER}/{job_id:010d}0"), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.uri("job-uri", f"{LASER}/9999999999"), StatusCode.CLIENT_ERROR_NOT_FOUND),
        (None, Attribute.keyword("job-uri", f"{LASER}/{job_id}"), StatusCode.CLIENT_ERROR_BAD_REQUEST),
    ):
        answer = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, uri, attribute)
        assert status(answer) == expected, (uri, attribute)


# --- what goes wrong inside -------------------------------------------------------------------------------------------


def test_a_fault_of_the_service_is_an_answer_too(desk, monkeypatch, caplog):
    def fails(*_):
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(desk.service.printers["receipt"], "answer", fails)
    assert status(desk.ask(GET, RECEIPT, NAME)) == StatusCode.SERVER_ERROR_INTERNAL_ERROR
    assert "a mistake of ours" in caplog.text


# --- answers that are remembered --------------------------------------------------------------------------------------


class _Clock:
    now = 5

    def up_time(self):
        return self.now


def test_remembered_answers_are_given_only_while_they_are_true(desk, monkeypatch):
    clock = _Clock()
    monkeypatch.setattr(desk.service, "clock", clock)
    remembered = RepeatedAnswers(desk.service)
    message = Message.of((2, 0), GET, 7, operation(CHARSET, LANGUAGE, URI))
    question, answer = encode(message), b"\2\0\0\0" + b"\0\0\0\7" + b"the rest"
    other = question[:4] + b"\0\0\1\0" + question[8:]
    remembered.keep(question, BASE, message, answer)
    assert remembered.get(other, BASE) == b"\2\0\0\0" + b"\0\0\1\0" + b"the rest"
    assert remembered.get(other, "ipp://another.example") is None
    assert remembered.get(question[:-1], BASE) is None
    for request_id in (b"\0\0\0\0", b"\x80\0\0\0", b"\xff\xff\xff\xff"):
        assert remembered.get(question[:4] + request_id + question[8:], BASE) is None
    desk.service.printers["receipt"].announce("changed")
    assert remembered.get(question, BASE) is None
    remembered.keep(question, BASE, message, answer)
    clock.now += 1
    assert remembered.get(question, BASE) is None


def test_only_good_answers_about_printers_are_remembered(desk):
    remembered = RepeatedAnswers(desk.service)
    for code, state in ((GET, b"\4\0"), (Operation.GET_JOBS, b"\0\0")):
        message = Message.of((2, 0), code, 7, operation(CHARSET, LANGUAGE, URI))
        remembered.keep(encode(message), BASE, message, b"\2\0" + state + b"\0\0\0\7")
        assert remembered.get(encode(message), BASE) is None


def test_what_is_remembered_is_bounded(desk):
    remembered = RepeatedAnswers(desk.service)
    message = Message.of((2, 0), GET, 7, operation(CHARSET, LANGUAGE, URI))
    for number in range(1000):
        remembered.keep(encode(message), f"ipp://host-{number}", message, b"\2\0\0\0\0\0\0\7")
    assert sum(remembered.get(encode(message), f"ipp://host-{n}") is not None for n in range(1000)) <= 128


def test_get_printers_of_the_system(desk):
    def system(*attributes, uri=SYSTEM):
        return desk.ask(Operation.GET_PRINTERS, None, Attribute.uri("system-uri", uri), *attributes)

    both = system(Attribute.keyword("requested-attributes", "printer-name"))
    assert [group.string("printer-name") for group in both.groups_of(GroupTag.PRINTER)] == [
        "receipt",
        "laser",
    ]
    assert len(system(Attribute.integer("limit", 1)).groups_of(GroupTag.PRINTER)) == 1
    assert status(system(Attribute.keyword("which-printers", "mine"))) == (
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    )
    assert status(system(uri=RECEIPT)) == StatusCode.CLIENT_ERROR_NOT_FOUND
    assert status(desk.ask(Operation.GET_PRINTERS, RECEIPT)) == StatusCode.CLIENT_ERROR_BAD_REQUEST


def test_out_of_band_values_are_no_values(desk):
    """An operation attribute that has no value is none that can be obeyed."""
    answer = desk.ask(Operation.GET_JOBS, RECEIPT, Attribute("limit", (Value(ValueTag.NO_VALUE, None),)))
    assert status(answer) == StatusCode.CLIENT_ERROR_BAD_REQUEST
