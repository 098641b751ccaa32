"""The protocol examples of RFC 8010 Appendix A, octet by octet, in both directions."""

from __future__ import annotations

import pytest

from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    Message,
    Operation,
    StatusCode,
    Value,
    ValueTag,
    decode,
    encode,
)

CHARSET = b"\x47\x00\x12attributes-charset\x00\x05utf-8"
LANGUAGE = b"\x48\x00\x1battributes-natural-language\x00\x05en-us"
PRINTER_URI = b"\x45\x00\x0bprinter-uri\x00\x2cipp://printer.example.com/ipp/print/pinetree"
OPERATION_ATTRIBUTES = [
    Attribute.charset("attributes-charset", "utf-8"),
    Attribute.language("attributes-natural-language", "en-us"),
]
URI = Attribute.uri("printer-uri", "ipp://printer.example.com/ipp/print/pinetree")

EXAMPLES = {
    # A.1 Print-Job Request
    "print-job request": (
        b"\x01\x01\x00\x02\x00\x00\x00\x01"
        b"\x01" + CHARSET + LANGUAGE + PRINTER_URI + b"\x42\x00\x08job-name\x00\x06foobar"
        b"\x22\x00\x16ipp-attribute-fidelity\x00\x01\x01"
        b"\x02\x21\x00\x06copies\x00\x04\x00\x00\x00\x14\x44\x00\x05sides\x00\x13two-sided-long-edge"
        b"\x03",
        Message.of(
            (1, 1),
            Operation.PRINT_JOB,
            1,
            (
                GroupTag.OPERATION,
                [
                    *OPERATION_ATTRIBUTES,
                    URI,
                    Attribute.name_string("job-name", "foobar"),
                    Attribute.boolean("ipp-attribute-fidelity", True),
                ],
            ),
            (
                GroupTag.JOB,
                [Attribute.integer("copies", 20), Attribute.keyword("sides", "two-sided-long-edge")],
            ),
        ),
    ),
    # A.2 Print-Job Response (Successful)
    "print-job response": (
        b"\x01\x01\x00\x00\x00\x00\x00\x01"
        b"\x01" + CHARSET + LANGUAGE + b"\x41\x00\x0estatus-message\x00\x0dsuccessful-ok"
        b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x93"
        b"\x45\x00\x07job-uri\x00\x30ipp://printer.example.com/ipp/print/pinetree/147"
        b"\x23\x00\x09job-state\x00\x04\x00\x00\x00\x03"
        b"\x03",
        Message.of(
            (1, 1),
            StatusCode.SUCCESSFUL_OK,
            1,
            (GroupTag.OPERATION, [*OPERATION_ATTRIBUTES, Attribute.text("status-message", "successful-ok")]),
            (
                GroupTag.JOB,
                [
                    Attribute.integer("job-id", 147),
                    Attribute.uri("job-uri", "ipp://printer.example.com/ipp/print/pinetree/147"),
                    Attribute.enum("job-state", 3),
                ],
            ),
        ),
    ),
    # A.3 Print-Job Response (Failure): an unsupported value, and an attribute that is not supported at all
    "print-job failure": (
        b"\x01\x01\x04\x0b\x00\x00\x00\x01"
        b"\x01"
        + CHARSET
        + LANGUAGE
        + b"\x41\x00\x0estatus-message\x00\x2fclient-error-attributes-or-values-not-supported"
        b"\x05\x21\x00\x06copies\x00\x04\x00\x00\x00\x14\x10\x00\x05sides\x00\x00"
        b"\x03",
        Message.of(
            (1, 1),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            1,
            (
                GroupTag.OPERATION,
                [
                    *OPERATION_ATTRIBUTES,
                    Attribute.text("status-message", "client-error-attributes-or-values-not-supported"),
                ],
            ),
            (GroupTag.UNSUPPORTED, [Attribute.integer("copies", 20), Attribute.unsupported("sides")]),
        ),
    ),
    # A.7 Create-Job Request with collection attributes: media-col of two collections deep
    "create-job request": (
        b"\x01\x01\x00\x05\x00\x00\x00\x01"
        b"\x01" + CHARSET + LANGUAGE + PRINTER_URI + b"\x02"
        b"\x34\x00\x09media-col\x00\x00"
        b"\x4a\x00\x00\x00\x0amedia-size"
        b"\x34\x00\x00\x00\x00"
        b"\x4a\x00\x00\x00\x0bx-dimension\x21\x00\x00\x00\x04\x00\x00\x52\x08"
        b"\x4a\x00\x00\x00\x0by-dimension\x21\x00\x00\x00\x04\x00\x00\x74\x04"
        b"\x37\x00\x00\x00\x00"
        b"\x4a\x00\x00\x00\x0amedia-type\x44\x00\x00\x00\x0astationery"
        b"\x37\x00\x00\x00\x00"
        b"\x03",
        Message.of(
            (1, 1),
            Operation.CREATE_JOB,
            1,
            (GroupTag.OPERATION, [*OPERATION_ATTRIBUTES, URI]),
            (
                GroupTag.JOB,
                [
                    Attribute.collection(
                        "media-col",
                        [
                            Attribute.collection(
                                "media-size",
                                [
                                    Attribute.integer("x-dimension", 21000),
                                    Attribute.integer("y-dimension", 29700),
                                ],
                            ),
                            Attribute.keyword("media-type", "stationery"),
                        ],
                    )
                ],
            ),
        ),
    ),
    # A.8 Get-Jobs Request: an additional value has no name
    "get-jobs request": (
        b"\x01\x01\x00\x0a\x00\x00\x00\x7b"
        b"\x01" + CHARSET + LANGUAGE + PRINTER_URI + b"\x21\x00\x05limit\x00\x04\x00\x00\x00\x32"
        b"\x44\x00\x14requested-attributes\x00\x06job-id"
        b"\x44\x00\x00\x00\x08job-name"
        b"\x44\x00\x00\x00\x0fdocument-format"
        b"\x03",
        Message.of(
            (1, 1),
            Operation.GET_JOBS,
            123,
            (
                GroupTag.OPERATION,
                [
                    *OPERATION_ATTRIBUTES,
                    URI,
                    Attribute.integer("limit", 50),
                    Attribute.keyword("requested-attributes", "job-id", "job-name", "document-format"),
                ],
            ),
        ),
    ),
    # A.9 Get-Jobs Response: a group for each job, an empty one too; a name with its own language
    "get-jobs response": (
        b"\x01\x01\x00\x00\x00\x00\x00\x7b"
        b"\x01" + CHARSET + LANGUAGE + b"\x41\x00\x0estatus-message\x00\x0dsuccessful-ok"
        b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x93\x36\x00\x08job-name\x00\x0c\x00\x05fr-ca\x00\x03fou"
        b"\x02"
        b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x94\x36\x00\x08job-name\x00\x12\x00\x05de-CH\x00\x09isch guet"
        b"\x03",
        None,
    ),
}


@pytest.mark.parametrize("name", [name for name, (_, message) in EXAMPLES.items() if message is not None])
def test_example_decodes(name):
    octets, message = EXAMPLES[name]
    assert decode(octets) == (message, len(octets))


@pytest.mark.parametrize("name", [name for name, (_, message) in EXAMPLES.items() if message is not None])
def test_example_encodes(name):
    octets, message = EXAMPLES[name]
    assert encode(message) == octets


def test_document_data_begins_behind_the_message():
    octets = EXAMPLES["print-job request"][0]
    message, end = decode(octets + b"%!PDF...")
    assert end == len(octets)
    assert message.operation_attributes.string("job-name") == "foobar"


def test_each_job_has_its_group_and_names_keep_their_language():
    octets, _ = EXAMPLES["get-jobs response"]
    message, end = decode(octets)
    assert end == len(octets)
    jobs = message.groups_of(GroupTag.JOB)
    assert [job.integer("job-id") for job in jobs] == [147, None, 148]
    assert [job.string("job-name") for job in jobs] == ["fou", None, "isch guet"]
    first = jobs[0].get("job-name").values[0]
    assert first.tag is ValueTag.NAME_WITH_LANGUAGE
    assert (first.value.language, first.value.string) == ("fr-ca", "fou")
    assert encode(message) == octets


@pytest.mark.parametrize("name", EXAMPLES)
def test_cups_reads_the_examples_as_we_do(cups, name):
    octets, _ = EXAMPLES[name]
    theirs = cups.read(octets)
    assert theirs is not None
    ours, _ = decode(octets)
    flat = [(group.tag, attribute.tag, attribute.name) for group in ours.groups for attribute in group]
    assert [entry[:3] for entry in cups.attributes(theirs)] == flat


def test_collection_of_two_values():
    """RFC 8010 §3.1.6: each value of a 1setOf collection is a collection of its own."""
    octets = (
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x01\x04"
        b"\x34\x00\x14media-size-supported\x00\x00"
        b"\x4a\x00\x00\x00\x0bx-dimension\x21\x00\x00\x00\x04\x00\x00\x00\x06"
        b"\x37\x00\x00\x00\x00"
        b"\x34\x00\x00\x00\x00"
        b"\x4a\x00\x00\x00\x0bx-dimension\x33\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x09"
        b"\x37\x00\x00\x00\x00"
        b"\x13\x00\x0bmedia-ready\x00\x00"
        b"\x03"
    )
    message, _ = decode(octets)
    sizes = message.group(GroupTag.PRINTER).get("media-size-supported")
    assert [value.tag for value in sizes.values] == [ValueTag.BEG_COLLECTION] * 2
    first, second = sizes.collections()
    assert first == Collection((Attribute.integer("x-dimension", 6),))
    assert second.get("x-dimension").first.upper == 9
    ready = message.group(GroupTag.PRINTER).get("media-ready")
    assert ready.values == (Value(ValueTag.NO_VALUE, None),)
    assert ready.out_of_band
    assert encode(message) == octets
