"""Operations, status codes, tags and enums against the registry's facts and against CUPS."""

from __future__ import annotations

import pytest

from tympan.ipp import GroupTag, Operation, StatusCode, ValueTag, enums
from tympan.ipp.operations import operation_keyword
from tympan.ipp.status import status_keyword
from tympan.ipp.tags import group_tag_keyword, value_tag_keyword

ENUMS = {
    "job-state": enums.JobState,
    "printer-state": enums.PrinterState,
    "document-state": enums.DocumentState,
    "system-state": enums.SystemState,
    "resource-state": enums.ResourceState,
    "orientation-requested": enums.OrientationRequested,
    "print-quality": enums.PrintQuality,
    "finishings": enums.Finishings,
    "client-type": enums.ClientType,
    "transmission-status": enums.TransmissionStatus,
    "power-state": enums.PowerState,
}


def test_operations_are_the_registered_ones(facts):
    registered = {int(code, 16): name for code, name in facts("operations.tsv")}
    assert {int(operation): operation.keyword for operation in Operation} == registered


def test_status_codes_are_the_registered_ones(facts):
    registered = {int(code, 16): keyword for code, keyword in facts("status-codes.tsv")}
    assert {int(status): status.keyword for status in StatusCode} == registered


def test_enums_are_the_registered_ones(facts):
    rows = {row[0]: dict(reversed(pair.split(" ")) for pair in row[1:]) for row in facts("enums.tsv")}
    assert rows.keys() == ENUMS.keys()
    for attribute, keywords in rows.items():
        assert {member.keyword: str(int(member)) for member in ENUMS[attribute]} == keywords


def test_value_tags_are_those_of_rfc_8010():
    # RFC 8010 §3.5.2, tables 4 to 7; RFC 3380 §8 and §10 for 0x15 to 0x17.
    assert {int(tag): tag.keyword for tag in ValueTag} == {
        0x10: "unsupported",
        0x11: "default",
        0x12: "unknown",
        0x13: "no-value",
        0x15: "not-settable",
        0x16: "delete-attribute",
        0x17: "admin-define",
        0x21: "integer",
        0x22: "boolean",
        0x23: "enum",
        0x30: "octetString",
        0x31: "dateTime",
        0x32: "resolution",
        0x33: "rangeOfInteger",
        0x34: "collection",
        0x35: "textWithLanguage",
        0x36: "nameWithLanguage",
        0x37: "endCollection",
        0x41: "textWithoutLanguage",
        0x42: "nameWithoutLanguage",
        0x44: "keyword",
        0x45: "uri",
        0x46: "uriScheme",
        0x47: "charset",
        0x48: "naturalLanguage",
        0x49: "mimeMediaType",
        0x4A: "memberAttrName",
        0x7F: "extension",
    }


def test_group_tags_agree_with_cups(cups):
    for tag in GroupTag:
        assert tag.keyword == cups.library.ippTagString(int(tag)).decode()


def test_value_tags_agree_with_cups(cups):
    other_names = {ValueTag.BEG_COLLECTION: "collection", ValueTag.EXTENSION: None}
    for tag in ValueTag:
        expected = other_names.get(tag, tag.keyword)
        if expected is not None:
            assert cups.library.ippTagString(int(tag)).decode() == expected


def test_operations_agree_with_cups(cups):
    for operation in Operation:
        name = cups.library.ippOpString(int(operation)).decode()
        if not name.startswith("0x"):  # registered after this libcups
            assert operation.keyword == name
    assert cups.library.ippOpString(0x0064).decode() == "Startup-All-Printers"


def test_status_codes_agree_with_cups(cups):
    for status in StatusCode:
        name = cups.library.ippErrorString(int(status)).decode()
        # This libcups abbreviates or postdates none but what it prints as a number.
        if not name.startswith("0x"):
            assert status.keyword == name


@pytest.mark.parametrize(
    "attribute", ["job-state", "printer-state", "document-state", "orientation-requested"]
)
def test_states_agree_with_cups(cups, attribute):
    for member in ENUMS[attribute]:
        name = cups.library.ippEnumString(attribute.encode(), int(member)).decode()
        if not name.isdigit():
            assert member.keyword == name


@pytest.mark.parametrize("attribute", ["print-quality", "finishings", "resource-state", "system-state"])
def test_other_enums_agree_with_cups(cups, attribute):
    compared = 0
    for member in ENUMS[attribute]:
        name = cups.library.ippEnumString(attribute.encode(), int(member)).decode()
        if not name.isdigit() and not name.startswith("0x"):
            assert member.keyword == name
            compared += 1
    assert compared >= 3


def test_classes_of_status_codes():
    assert StatusCode.SUCCESSFUL_OK_EVENTS_COMPLETE.ok
    assert not StatusCode.CLIENT_ERROR_BAD_REQUEST.ok
    assert StatusCode.CLIENT_ERROR_NOT_FETCHABLE.client_error
    assert not StatusCode.CLIENT_ERROR_NOT_FETCHABLE.server_error
    assert StatusCode.SERVER_ERROR_BUSY.server_error
    assert not StatusCode.SERVER_ERROR_BUSY.client_error
    assert not StatusCode.SUCCESSFUL_OK.client_error


def test_numbers_that_are_not_registered_have_a_name_too():
    assert operation_keyword(0x0002) == "Print-Job"
    assert operation_keyword(0x4001) == "0x4001"
    assert status_keyword(0x0406) == "client-error-not-found"
    assert status_keyword(0x0280) == "0x0280"
    assert value_tag_keyword(0x44) == "keyword"
    assert value_tag_keyword(0x25) == "0x25"
    assert group_tag_keyword(0x04) == "printer-attributes-tag"
    assert group_tag_keyword(0x0B) == "0x0b"
