"""The registry's table against other transcriptions, and the checks and tags drawn from it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    IppEncodeError,
    MalformedValue,
    RangeOfInteger,
    Resolution,
    StatusCode,
    StringWithLanguage,
    Value,
    ValueTag,
)
from tympan.ipp import registry as registry_module
from tympan.ipp.registry import (
    SECTIONS,
    check_syntax,
    is_job_template,
    lookup,
    member_of,
    registrations,
    section,
    typed,
)
from tympan.ipp.syntax import Alternative, parse_syntax

# Sections that the registry has split or renamed since 2014.
LATER_SECTIONS = {
    "Job Description": ("Job Description", "Job Status"),
    "Document Description": ("Document Description", "Document Status"),
    "Printer Description": ("Printer Description", "Printer Status", "Subscription Template"),
    "Subscription Description": ("Subscription Status", "Subscription Template"),
    "Subscription Template": ("Subscription Template", "Printer Description"),
}

GONE_OR_VENDOR = {
    # never registered with IANA, or withdrawn since
    "document-overrides-actual", "job-attribute-fidelity", "job-collation-type-actual", "job-pages-completed-current-copy",
    "pages-completed-current-copy", "media-input-tray-check-default", "media-input-tray-check-supported",
    "multiple-operation-timeout-action", "subscription-uuid", "urf-supported", "printer-icc-profiles.xri-authentication",
    "marker-change-time", "marker-colors", "marker-high-levels", "marker-levels", "marker-low-levels", "marker-names",
    "marker-types",
    # no longer listed as attributes of documents
    "Document Description/current-page-order", "Document Description/date-time-at-creation",
    "Document Description/impressions-completed-current-copy", "Document Description/media-input-tray-check-actual",
    "Document Description/overrides-actual", "Document Template/media-input-tray-check", "Document Template/overrides",
}  # fmt: skip

CHANGED = {
    # a set since, or a single value since (PWG 5100.1, 5100.5, 5100.7, 5100.11)
    "Document Description/document-format-details", "Document Description/document-format-details-detected",
    "Document Template/finishings-col", "Job Template/finishings-col", "Job Template/job-finishings-col",
    "Job Description/job-copies-actual", "Job Description/job-cover-back-actual", "Job Description/job-cover-front-actual",
    "Printer Description/feed-orientation-supported", "Printer Description/job-finishings-col-default",
    "Printer Description/media-thickness-supported", "Printer Description/number-up-supported",
    "Printer Description/printer-resolution-supported",
    # another syntax since
    "Job Template/finishings-col.finishing-template", "Job Template/cover-back.cover-type",
    "Printer Description/finishings-col-ready.finishing-template", "Printer Description/job-hold-until-time-supported",
    "Job Template/media-col.media-size.x-dimension",
    "Job Template/media-col.media-size.y-dimension", "Operation/notify-subscription-ids", "Operation/notify-sequence-numbers",
    # other bounds since
    "Event Notifications/notify-sequence-number", "Operation/document-number", "Operation/printer-up-time",
    "Job Template/overrides.document-copies", "Job Template/overrides.document-numbers", "Job Template/overrides.pages",
    "Document Description/document-uuid", "Job Description/job-uuid", "Operation/output-device-uuid",
    "Printer Description/device-uuid", "Printer Description/printer-dns-sd-name", "Printer Description/printer-uuid",
}  # fmt: skip


def find(old_section: str, path: str):
    names = path.split(".")
    for place in LATER_SECTIONS.get(old_section, (old_section,)):
        found = section(place).get(names[0])
        for name in names[1:]:
            found = member_of(found, name) if found is not None else None
        if found is not None:
            return found
    return None


def written(alternative: Alternative) -> str:
    """As the facts write it."""
    if alternative.kind in ("integer", "rangeOfInteger"):
        lower = "MIN" if alternative.lower == -(2**31) else alternative.lower
        upper = "MAX" if alternative.upper == 2**31 - 1 else alternative.upper
        return f"{alternative.kind}({lower}:{upper})"
    most = {"name": 255, "text": 1023, "octetString": 1023, "uri": 1023}.get(alternative.kind)
    return (
        alternative.kind if most in (None, alternative.upper) else f"{alternative.kind}({alternative.upper})"
    )


def test_the_attributes_of_2014_have_the_syntaxes_that_another_transcription_gives(facts):
    compared = 0
    for old_section, path, multiple, syntaxes in facts("attributes-2014.tsv"):
        key = f"{old_section}/{path}"
        if path in GONE_OR_VENDOR or key in GONE_OR_VENDOR:
            continue
        found = find(old_section, path)
        assert found is not None, key
        if key in CHANGED:
            continue
        syntax = found.parsed()
        theirs = {word for word in syntaxes.split("|") if word not in ("no-value", "unknown")}
        assert ({written(each) for each in syntax.alternatives}, syntax.multiple) == (
            theirs,
            bool(multiple),
        ), key
        compared += 1
    assert compared > 650


def test_what_is_listed_as_changed_did_change(facts):
    """So that the lists of exceptions cannot hide a mistake."""
    old = {f"{row[0]}/{row[1]}": row for row in facts("attributes-2014.tsv")}
    for key in CHANGED:
        old_section, path, multiple, syntaxes = old[key]
        syntax = find(old_section, path).parsed()
        theirs = {word for word in syntaxes.split("|") if word not in ("no-value", "unknown")}
        assert ({written(each) for each in syntax.alternatives}, syntax.multiple) != (
            theirs,
            bool(multiple),
        ), key


IPPTOOL_FILES = Path("/usr/share/cups/ipptool")


@pytest.mark.skipif(
    not IPPTOOL_FILES.is_dir(), reason="ipptool's test files (cups-ipp-utils) are not installed"
)
def test_ipptool_expects_the_same_syntaxes():
    """The suites of ipptool say ``EXPECT name OF-TYPE a|b``: each of our syntaxes must be among theirs."""
    expectation = re.compile(r"EXPECT\s+[!?]?([a-z0-9-]+)\s+OF-TYPE\s+([\w|-]+)")
    compared = 0
    for path in sorted(IPPTOOL_FILES.glob("*.test")):
        for name, kinds in expectation.findall(path.read_text("utf-8", "replace")):
            ours = {each.kind for line in registrations(name) for each in line.parsed().alternatives}
            if name == "media-info-supported":  # ipptool says keyword|name; PWG 5100.7 and IANA say boolean
                continue
            assert ours <= set(kinds.split("|")), (path.name, name, kinds, ours)
            compared += bool(ours)
    assert compared > 700


def test_every_line_of_the_table_can_be_read():
    lines = [line for place in registry_module._table().values() for line in place.values()]
    assert len(lines) > 1500
    for line in lines:
        assert line.note in ("", "deprecated", "obsolete")
        if line.syntax.startswith("="):
            assert line.path.endswith(".*")
            collection = lookup(line.syntax[1:])
            assert line.syntax == "=<Job Template>" or "collection" in collection.syntax, line
        else:
            assert line.parsed().alternatives, line
        parent, _, _ = line.path.rpartition(".")
        if parent:
            assert "collection" in registry_module._table()[line.section][parent].syntax, line


def test_sections_and_groups_fit():
    named = {name for names in SECTIONS.values() for name in names}
    assert named == set(registry_module._table())
    assert set(SECTIONS) == set(GroupTag) - {GroupTag.END, GroupTag.UNSUPPORTED}


@pytest.mark.parametrize(
    ("text", "alternatives", "multiple", "out_of_band"),
    [
        ("type2 keyword", ["keyword"], False, set()),
        ("1setOf (type2 keyword | name(MAX))", ["keyword", "name"], True, set()),
        ("1setOf type3 keyword | name", ["keyword", "name"], True, set()),
        ("no-value | type2 enum", ["enum"], False, {ValueTag.NO_VALUE}),
        ("dateTime|unknown", ["dateTime"], False, {ValueTag.UNKNOWN}),
        ("1setOf (1setOf integer(1:MAX))", ["integer(1:MAX)"], True, set()),
        ("1setOf (integer(0: 67108863) | rangeOfInteger(0:67108863))",
         ["integer(0:67108863)", "rangeOfInteger(0:67108863)"], True, set()),
        ("text(255) | 'no-value'", ["text(255)"], False, {ValueTag.NO_VALUE}),
        ("integer(-273:MAX)", ["integer(-273:MAX)"], False, set()),
        ("integer", ["integer(MIN:MAX)"], False, set()),
        ("octetString(63)", ["octetString(63)"], False, set()),
    ],
)  # fmt: skip
def test_syntax_is_read_as_the_registry_writes_it(text, alternatives, multiple, out_of_band):
    syntax = parse_syntax(text)
    assert [written(each) for each in syntax.alternatives] == alternatives
    assert (syntax.multiple, syntax.out_of_band) == (multiple, out_of_band)


@pytest.mark.parametrize("text", ["float", "", "integer(a:b)", "1setOf"])
def test_syntax_that_is_none(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_syntax(text)


SIZE = [Attribute.integer("x-dimension", 21000), Attribute.integer("y-dimension", 29700)]

RIGHT = [
    (Attribute.integer("copies", 1), GroupTag.JOB),
    (Attribute.keyword("media", "iso_a4_210x297mm"), GroupTag.JOB),
    (Attribute.name_string("media", "My Paper"), GroupTag.JOB),
    (Attribute.name_string("media", StringWithLanguage("de", "Mein Papier")), GroupTag.JOB),
    (Attribute.keyword("requested-attributes", "all", "media-col-database"), GroupTag.OPERATION),
    (Attribute.enum("finishings", 3, 4), GroupTag.JOB),
    (Attribute.range("page-ranges", (1, 1), (3, 9)), GroupTag.JOB),
    (Attribute.dots_per_inch("printer-resolution", (600, 600)), GroupTag.JOB),
    (Attribute.no_value("media-default"), GroupTag.PRINTER),
    (Attribute.unknown("printer-geo-location"), GroupTag.PRINTER),
    (Attribute.collection("media-col", [Attribute.collection("media-size", SIZE)]), GroupTag.JOB),
    (Attribute.collection("media-col-default", [Attribute.collection("media-size", SIZE)]), GroupTag.PRINTER),
    (Attribute.collection("overrides", [Attribute.range("pages", (1, 2)), Attribute.keyword("sides", "one-sided")]), GroupTag.JOB),
    (Attribute.collection("media-col", [Attribute.octets("vendor-member", b"x")]), GroupTag.JOB),
    (Attribute.octets("job-password", b"\0" * 255), GroupTag.OPERATION),
    (Attribute.mime("document-format", 'text/plain; charset="utf-8"'), GroupTag.OPERATION),
    (Attribute.language("attributes-natural-language", "de-CH-1996"), GroupTag.OPERATION),
    (Attribute.charset("attributes-charset", "utf-8"), GroupTag.OPERATION),
    (Attribute.uri("printer-uri", "ipp://[::1]:631/ipp/print"), GroupTag.OPERATION),
    (Attribute.name_string("job-name", "x" * 255), GroupTag.OPERATION),
    (Attribute.integer("vendor-attribute-of-nobody", -1), GroupTag.JOB),
    (Attribute.keyword("copies-in-no-registry", "x"), None),
    # in a neighbouring group: job-sheets stands in the job group, job-name often too
    (Attribute.name_string("job-name", "x"), GroupTag.JOB),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "group"), RIGHT)
def test_right_syntax(attribute, group):
    assert check_syntax(attribute, group) is None
    assert check_syntax(attribute) is None


BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
TOO_LONG = StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
NOT_SUPPORTED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED

WRONG = [
    (Attribute.keyword("copies", "1"), GroupTag.JOB, BAD),
    (Attribute.integer("copies", 1, 2), GroupTag.JOB, BAD),
    (Attribute.integer("copies", 0), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.enum("copies", 1), GroupTag.JOB, BAD),
    (Attribute.integer("job-priority", 101), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.no_value("copies"), GroupTag.JOB, BAD),
    (Attribute("copies", (Value(ValueTag.INTEGER, MalformedValue(b"", "empty")),)), GroupTag.JOB, BAD),
    (Attribute("vendor-thing", (Value(ValueTag.INTEGER, MalformedValue(b"", "empty")),)), GroupTag.JOB, BAD),
    (Attribute("media-default", (Value(ValueTag.NO_VALUE, None), Value(ValueTag.KEYWORD, "x"))), GroupTag.PRINTER, BAD),
    (Attribute.text("media", "x"), GroupTag.JOB, BAD),
    (Attribute.keyword("media", "with space"), GroupTag.JOB, BAD),
    (Attribute.keyword("sides", ""), GroupTag.JOB, BAD),
    (Attribute.keyword("sides", "größe"), GroupTag.JOB, BAD),
    (Attribute.keyword("requested-attributes", "x" * 256), GroupTag.OPERATION, TOO_LONG),
    (Attribute.name_string("job-name", "x" * 256), GroupTag.OPERATION, TOO_LONG),
    (Attribute.name_string("job-name", "ä" * 128), GroupTag.OPERATION, TOO_LONG),
    (Attribute.text("message", "x" * 128), GroupTag.OPERATION, TOO_LONG),
    (Attribute.octets("job-password", b"\0" * 256), GroupTag.OPERATION, TOO_LONG),
    (Attribute.uri("printer-uri", "ipp://h/" + "x" * 1016), GroupTag.OPERATION, TOO_LONG),
    (Attribute.uri("printer-uri", "no scheme"), GroupTag.OPERATION, BAD),
    (Attribute.uri("printer-uri", "/ipp/print"), GroupTag.OPERATION, BAD),
    (Attribute.uri("printer-uri", ""), GroupTag.OPERATION, BAD),
    (Attribute.uri("printer-uri", "ipp://host/a b"), GroupTag.OPERATION, BAD),
    (Attribute.charset("attributes-charset", "x" * 64), GroupTag.OPERATION, TOO_LONG),
    (Attribute.charset("attributes-charset", ""), GroupTag.OPERATION, BAD),
    (Attribute.language("attributes-natural-language", "english_us"), GroupTag.OPERATION, BAD),
    (Attribute.language("attributes-natural-language", ""), GroupTag.OPERATION, BAD),
    (Attribute.mime("document-format", "pdf"), GroupTag.OPERATION, BAD),
    (Attribute.mime("document-format", "a/" + "x" * 254), GroupTag.OPERATION, TOO_LONG),
    (Attribute.uri_scheme("notify-schemes-supported", "ftp:"), GroupTag.PRINTER, BAD),
    (Attribute.range("page-ranges", (2, 1)), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.range("page-ranges", (0, 1)), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.resolution("printer-resolution", Resolution(600, 600, 5)), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.dots_per_inch("printer-resolution", (0, 600)), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.enum("print-quality", -1), GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.keyword("media-col", "x"), GroupTag.JOB, BAD),
    (Attribute.collection("media-col", [Attribute.keyword("media-size", "a4")]), GroupTag.JOB, BAD),
    (Attribute.collection("media-col", [Attribute.collection("media-size", [Attribute.integer("x-dimension", 0)])]),
     GroupTag.JOB, NOT_SUPPORTED),
    (Attribute.collection("cover-front", [Attribute.collection("media-col", [Attribute.integer("media-type", 1)])]),
     GroupTag.JOB, BAD),
    (Attribute.collection("media-col-database", [Attribute.integer("media-type", 1)]), GroupTag.PRINTER, BAD),
    (Attribute.collection("overrides", [Attribute.keyword("copies", "2")]), GroupTag.JOB, BAD),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "group", "status"), WRONG)
def test_wrong_syntax(attribute, group, status):
    problem = check_syntax(attribute, group)
    assert problem is not None
    assert problem.status is status, problem
    assert str(problem)


def test_problem_of_a_member_says_where():
    size = Attribute.collection("media-size", [Attribute.keyword("x-dimension", "wide")])
    problem = check_syntax(Attribute.collection("media-col", [size]), GroupTag.JOB)
    assert problem.problem.startswith("media-size: x-dimension: ")


def test_same_name_has_another_syntax_in_another_group():
    """job-state may be unknown in a job, not in an event notification."""
    unknown = Attribute.unknown("job-state")
    assert check_syntax(unknown, GroupTag.JOB) is None
    assert check_syntax(unknown, GroupTag.EVENT_NOTIFICATION) is not None


def test_look_up():
    assert lookup("copies").section == "Job Template"
    assert lookup("printer-state", GroupTag.PRINTER).section == "Printer Status"
    assert lookup("printer-state", GroupTag.EVENT_NOTIFICATION).section == "Event Notifications"
    assert lookup("printer-up-time", GroupTag.OPERATION).section == "Operation"
    assert lookup("no-such-attribute") is None
    assert [line.section for line in registrations("job-hold-until")] == ["Operation", "Job Template"]
    assert registrations("no-such-attribute") == ()
    assert lookup("job-cover-back").note == "obsolete"
    assert lookup("document-uri", GroupTag.OPERATION).note == "deprecated"
    with pytest.raises(KeyError):
        section("No Such Section")


@pytest.mark.parametrize(
    "name",
    [
        "copies",
        "copies-default",
        "media-supported",
        "media-col-ready",
        "media-col-database",
        "sides-supported",
    ],
)
def test_job_template_attributes(name):
    assert is_job_template(name)


@pytest.mark.parametrize(
    "name",
    [
        "printer-state",
        "printer-name",
        "operations-supported",
        "document-format-default",
        "job-name",
        "media-x",
    ],
)
def test_other_attributes(name):
    assert not is_job_template(name)


@pytest.mark.parametrize(
    ("name", "values", "tags"),
    [
        ("media", ("iso_a4_210x297mm",), [ValueTag.KEYWORD]),
        ("media", ("My Paper",), [ValueTag.NAME_WITHOUT_LANGUAGE]),
        (
            "media-supported",
            ("iso_a4_210x297mm", "My Paper"),
            [ValueTag.KEYWORD, ValueTag.NAME_WITHOUT_LANGUAGE],
        ),
        ("printer-info", (StringWithLanguage("de", "Bon"),), [ValueTag.TEXT_WITH_LANGUAGE]),
        ("printer-name", ("x",), [ValueTag.NAME_WITHOUT_LANGUAGE]),
        ("copies", (3,), [ValueTag.INTEGER]),
        ("print-quality", (4,), [ValueTag.ENUM]),
        ("color-supported", (True,), [ValueTag.BOOLEAN]),
        ("copies-supported", (RangeOfInteger(1, 99),), [ValueTag.RANGE_OF_INTEGER]),
        ("number-up-supported", (1, RangeOfInteger(2, 4)), [ValueTag.INTEGER, ValueTag.RANGE_OF_INTEGER]),
        ("printer-icons", ("https://h/i.png",), [ValueTag.URI]),
        ("charset-supported", ("utf-8", "us-ascii"), [ValueTag.CHARSET, ValueTag.CHARSET]),
        ("natural-language-configured", ("en",), [ValueTag.NATURAL_LANGUAGE]),
        ("document-format-supported", ("image/urf",), [ValueTag.MIME_MEDIA_TYPE]),
        ("reference-uri-schemes-supported", ("http",), [ValueTag.URI_SCHEME]),
        ("printer-resolution-supported", (Resolution(203, 203),), [ValueTag.RESOLUTION]),
        ("printer-supply", (b"x",), [ValueTag.OCTET_STRING]),
        ("media-col-default", (Collection(),), [ValueTag.BEG_COLLECTION]),
        ("media-default", (None,), [ValueTag.NO_VALUE]),
        ("printer-geo-location", (None,), [ValueTag.UNKNOWN]),
    ],
)
def test_the_registry_chooses_tags(name, values, tags):
    attribute = typed(name, *values)
    assert attribute.name == name
    assert [value.tag for value in attribute.values] == tags
    assert attribute.all() == values
    assert check_syntax(attribute) is None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("no-such-attribute", (1,)),
        ("copies", ()),
        ("copies", (1, 2)),
        ("copies", ("1",)),
        ("copies", (True,)),
        ("copies", (0,)),
        ("copies", (None,)),
        ("color-supported", (1,)),
        ("sides", ("with space",)),
    ],
)
def test_values_that_do_not_fit_get_no_tag(name, values):
    with pytest.raises(IppEncodeError) as caught:
        typed(name, *values)
    assert caught.value.attribute == name
