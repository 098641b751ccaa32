"""What Get-Printer-Attributes advertises is obeyed, and what it does not advertise is refused, RFC 8011 §5.2 and §5.4.

The printer's own answer is the list of what to try: each value of each ``-supported`` attribute is sent back in Validate-Job
with ``ipp-attribute-fidelity``, and values made up here that are not among them come back as unsupported.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from desk import LASER, RECEIPT, status, unsupported

from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    Operation,
    RangeOfInteger,
    Resolution,
    ResolutionUnits,
    StatusCode,
    Value,
    ValueTag,
)

FIDELITY = Attribute.boolean("ipp-attribute-fidelity", True)
REFUSED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES

TEMPLATE = (
    "copies",
    "finishings",
    "job-cancel-after",
    "job-hold-until",
    "job-priority",
    "job-retain-until",
    "job-sheets",
    "media",
    "multiple-document-handling",
    "number-up",
    "orientation-requested",
    "output-bin",
    "page-ranges",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "print-scaling",
    "printer-resolution",
    "sides",
)
"""The job template attributes of the issue and of IPP Everywhere, besides media-col."""

NOT_OFFERED = {
    "copies": [Value(ValueTag.INTEGER, 0), Value(ValueTag.INTEGER, -1), Value(ValueTag.INTEGER, 2**31 - 1)],
    "finishings": [Value(ValueTag.ENUM, 4), Value(ValueTag.ENUM, 99)],
    "job-cancel-after": [Value(ValueTag.INTEGER, -1)],
    "job-hold-until": [Value(ValueTag.KEYWORD, "nonsense"), Value(ValueTag.NAME_WITHOUT_LANGUAGE, "evening")],
    "job-priority": [Value(ValueTag.INTEGER, 0), Value(ValueTag.INTEGER, 101)],
    "job-retain-until": [Value(ValueTag.KEYWORD, "evening"), Value(ValueTag.NAME_WITHOUT_LANGUAGE, "none")],
    "job-sheets": [Value(ValueTag.KEYWORD, "job-both-sheet"), Value(ValueTag.KEYWORD, "no-such-sheet")],
    "media": [Value(ValueTag.KEYWORD, "iso_a0_841x1189mm"), Value(ValueTag.KEYWORD, "nonsense"), Value(ValueTag.KEYWORD, "custom_wide_900x900mm")],
    "multiple-document-handling": [Value(ValueTag.KEYWORD, "nonsense")],
    "number-up": [Value(ValueTag.INTEGER, 0), Value(ValueTag.INTEGER, 3), Value(ValueTag.INTEGER, 16)],
    "orientation-requested": [Value(ValueTag.ENUM, 2), Value(ValueTag.ENUM, 7)],
    "output-bin": [Value(ValueTag.KEYWORD, "mailbox-9")],
    "print-color-mode": [Value(ValueTag.KEYWORD, "highlight")],
    "print-content-optimize": [Value(ValueTag.KEYWORD, "nonsense")],
    "print-quality": [Value(ValueTag.ENUM, 2), Value(ValueTag.ENUM, 6)],
    "print-rendering-intent": [Value(ValueTag.KEYWORD, "perceptual")],
    "print-scaling": [Value(ValueTag.KEYWORD, "nonsense")],
    "printer-resolution": [Value(ValueTag.RESOLUTION, Resolution(72, 72)), Value(ValueTag.RESOLUTION, Resolution(600, 300))],
    "sides": [Value(ValueTag.KEYWORD, "two-sided")],
}  # fmt: skip
"""Values of the right syntax that no printer here has."""


@pytest.fixture(params=[RECEIPT, LASER], ids=["receipt", "laser"])
def uri(request):
    return request.param


@pytest.fixture
def advertised(desk, uri):
    """The printer's attributes by name, the database of media too."""
    answer = desk.ask(
        Operation.GET_PRINTER_ATTRIBUTES,
        uri,
        Attribute.keyword("requested-attributes", "all", "media-col-database"),
    )
    assert status(answer) == StatusCode.SUCCESSFUL_OK
    return {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}


def validated(desk, uri, *job, operation=(FIDELITY,)):
    return desk.ask(Operation.VALIDATE_JOB, uri, *operation, job=job)


def offered(supported):
    """Values to ask for, from a ``-supported`` attribute: each value, both ends of each range; page ranges where true."""
    for tag, value in supported.values:
        if isinstance(value, RangeOfInteger):
            yield Value(ValueTag.INTEGER, value.lower)
            yield Value(ValueTag.INTEGER, value.upper)
        elif value is True:
            yield Value(ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 1))
            yield Value(ValueTag.RANGE_OF_INTEGER, RangeOfInteger(2, 2**31 - 1))
        else:
            yield Value(tag, value)


def test_the_table_of_templates_is_what_the_printer_says(advertised):
    named = set(advertised["job-creation-attributes-supported"].strings())
    assert {*TEMPLATE, "media-col"} <= named
    for name in TEMPLATE:
        assert f"{name}-supported" in advertised
        if name != "page-ranges":  # RFC 8011 §5.2.7: it has no default
            assert f"{name}-default" in advertised


def test_each_value_offered_is_accepted(desk, uri, advertised):
    for name in TEMPLATE:
        for value in offered(advertised[f"{name}-supported"]):
            answer = validated(desk, uri, Attribute(name, (value,)))
            assert status(answer) == StatusCode.SUCCESSFUL_OK, (name, value)


def test_each_default_is_accepted(desk, uri, advertised):
    defaults = [
        Attribute(name, advertised[f"{name}-default"].values)
        for name in (*TEMPLATE, "media-col")
        if f"{name}-default" in advertised and not advertised[f"{name}-default"].out_of_band
    ]
    assert len(defaults) >= 12
    for default in defaults:
        assert status(validated(desk, uri, default)) == StatusCode.SUCCESSFUL_OK, default
    together = [each for each in defaults if each.name != "media-col"]
    assert status(validated(desk, uri, *together)) == StatusCode.SUCCESSFUL_OK


def test_each_value_not_offered_is_refused_with_itself(desk, uri, advertised):
    for name, values in NOT_OFFERED.items():
        for value in values:
            assert value not in list(offered(advertised[f"{name}-supported"]))
            asked = Attribute(name, (value,))
            answer = validated(desk, uri, asked)
            assert status(answer) == REFUSED, (name, value)
            assert unsupported(answer) == {name: asked}
            answer = validated(desk, uri, asked, operation=())
            assert status(answer) == SUBSTITUTED, (name, value)
            assert unsupported(answer) == {name: asked}


def test_each_attribute_of_a_wrong_syntax_is_given_back(desk, uri):
    wrong = [
        Value(ValueTag.TEXT_WITHOUT_LANGUAGE, "auto"),
        Value(ValueTag.BOOLEAN, True),
        Value(ValueTag.OCTET_STRING, b"1"),
    ]
    for name in (*TEMPLATE, "media-col"):
        for value in wrong:
            asked = Attribute(name, (value,))
            answer = validated(desk, uri, asked)
            assert status(answer) == REFUSED, (name, value)
            assert unsupported(answer) == {name: asked}


def test_two_values_where_one_is_allowed(desk, uri, advertised):
    for name in set(TEMPLATE) - {"finishings", "page-ranges"}:
        value = next(offered(advertised[f"{name}-supported"]))
        answer = validated(desk, uri, Attribute(name, (value, value)))
        assert status(answer) == REFUSED, name
        assert set(unsupported(answer)) == {name}


@pytest.mark.parametrize("name", ["job-hold-until-time", "job-retain-until-time"])
def test_times(desk, uri, advertised, name):
    """PWG 5100.7 and 5100.11: how many seconds ahead a time may lie."""
    seconds = advertised[f"{name}-supported"].first
    now = datetime.now(UTC)
    for moment in (now + timedelta(seconds=seconds.lower), now + timedelta(seconds=seconds.upper)):
        assert status(validated(desk, uri, Attribute.date_time(name, moment))) == StatusCode.SUCCESSFUL_OK
    wrong = Attribute.integer(name, 5)
    answer = validated(desk, uri, wrong)
    assert (status(answer), unsupported(answer)) == (REFUSED, {name: wrong})


@pytest.mark.parametrize(
    ("given", "loser"),
    [
        (("job-hold-until", "job-hold-until-time"), "job-hold-until"),
        (("job-retain-until", "job-retain-until-time"), "job-retain-until"),
        (("job-retain-until", "job-retain-until-interval"), "job-retain-until"),
    ],
)
def test_what_contradicts_itself(desk, uri, given, loser):
    """One of them is obeyed, the other given back; with fidelity the job is refused (RFC 8011 §4.1.7)."""
    values = {
        "job-hold-until": Attribute.keyword("job-hold-until", "evening"),
        "job-hold-until-time": Attribute.date_time("job-hold-until-time", datetime(2040, 1, 1, tzinfo=UTC)),
        "job-retain-until": Attribute.keyword("job-retain-until", "indefinite"),
        "job-retain-until-time": Attribute.date_time(
            "job-retain-until-time", datetime(2040, 1, 1, tzinfo=UTC)
        ),
        "job-retain-until-interval": Attribute.integer("job-retain-until-interval", 5),
    }
    asked = [values[name] for name in given]
    answer = validated(desk, uri, *asked)
    assert (status(answer), set(unsupported(answer))) == (
        StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
        {loser},
    )
    answer = validated(desk, uri, *asked, operation=())
    assert (status(answer), set(unsupported(answer))) == (SUBSTITUTED, {loser})


def test_of_several_values_only_those_not_supported_come_back(desk, uri):
    asked = Attribute.enum("finishings", 3, 4, 99)
    answer = validated(desk, uri, asked)
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"finishings": Attribute.enum("finishings", 4, 99)}


def test_template_attributes_that_are_not_there(desk, uri):
    asked = [
        Attribute.keyword("sheet-collate", "collated"),
        Attribute.keyword("job-account-type", "none"),
        Attribute.integer("no-such-thing", 1),
    ]
    answer = validated(desk, uri, *asked)
    assert status(answer) == REFUSED
    assert unsupported(answer) == {each.name: Attribute.unsupported(each.name) for each in asked}
    assert status(validated(desk, uri, *asked, operation=())) == SUBSTITUTED


@pytest.mark.parametrize("fidelity", [True, False])
@pytest.mark.parametrize(
    "ranges", [[(3, 4), (1, 2)], [(1, 5), (5, 6)], [(1, 5), (2, 3)], [(5, 4)], [(1, 1), (1, 1)]]
)
def test_page_ranges_out_of_order_are_a_bad_request(desk, uri, ranges, fidelity):
    """RFC 8011 §5.2.7: whatever the fidelity."""
    asked = Attribute.range("page-ranges", *ranges)
    answer = validated(desk, uri, asked, operation=(Attribute.boolean("ipp-attribute-fidelity", fidelity),))
    assert status(answer) == StatusCode.CLIENT_ERROR_BAD_REQUEST


@pytest.mark.parametrize("ranges", [[(1, 1)], [(1, 2), (3, 4)], [(1, 2), (9, 9)]])
def test_page_ranges_in_order(desk, uri, ranges):
    assert status(validated(desk, uri, Attribute.range("page-ranges", *ranges))) == StatusCode.SUCCESSFUL_OK


@pytest.mark.parametrize(
    ("dots", "expected"), [(236, StatusCode.SUCCESSFUL_OK), (118, StatusCode.SUCCESSFUL_OK), (600, REFUSED)]
)
def test_resolutions_may_be_given_in_dots_per_centimetre(desk, dots, expected):
    """600 dpi are 236 dots per centimetre, 300 are 118, rounded."""
    asked = Attribute.resolution(
        "printer-resolution", Resolution(dots, dots, ResolutionUnits.DOTS_PER_CENTIMETER)
    )
    assert status(validated(desk, LASER, asked)) == expected


# --- media-col, PWG 5100.7 §6.3 ---------------------------------------------------------------------------------------


def _member(name, value):
    if isinstance(value, int):
        return Attribute.integer(name, value)
    if isinstance(value, Collection):
        return Attribute.collection(name, value)
    return Attribute.keyword(name, value)


def media_col(**members):
    return Attribute.collection(
        "media-col",
        Collection(tuple(_member(name.replace("_", "-"), value) for name, value in members.items())),
    )


def size(width, length):
    return Collection((Attribute.integer("x-dimension", width), Attribute.integer("y-dimension", length)))


def test_each_media_col_offered_is_accepted(desk, uri, advertised):
    tried = 0
    for name in ("media-col-ready", "media-col-default", "media-col-database"):
        for collection in advertised[name].collections():
            dimensions = collection.get("media-size").first
            if any(isinstance(each.first, RangeOfInteger) for each in dimensions):
                continue  # the range of custom sizes is tried below
            tried += 1
            answer = validated(desk, uri, Attribute.collection("media-col", collection))
            assert status(answer) == StatusCode.SUCCESSFUL_OK, collection
    assert tried > 5


def test_each_member_offered_is_accepted(desk, uri, advertised):
    for name in ("media-source", "media-type"):
        for value in advertised[f"{name}-supported"].strings():
            answer = validated(desk, uri, Attribute.collection("media-col", [Attribute.keyword(name, value)]))
            assert status(answer) == StatusCode.SUCCESSFUL_OK, (name, value)
    for collection in advertised["media-size-supported"].collections():
        ends = [
            [each.first.lower, each.first.upper] if isinstance(each.first, RangeOfInteger) else [each.first]
            for each in collection
        ]
        for width in ends[0]:
            for length in ends[1]:
                answer = validated(desk, uri, media_col(media_size=size(width, length)))
                assert status(answer) == StatusCode.SUCCESSFUL_OK, (width, length)
    for value in advertised["media-supported"].strings():
        answer = validated(desk, uri, media_col(media_size_name=value))
        assert status(answer) == StatusCode.SUCCESSFUL_OK, value


def test_media_col_supported_names_the_members_that_are_obeyed(desk, uri, advertised):
    named = set(advertised["media-col-supported"].strings())
    for collection in advertised["media-col-ready"].collections():
        assert {member.name for member in collection} <= named
    answer = validated(
        desk, uri, media_col(media_color="blue", media_source=advertised["media-source-supported"].first)
    )
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"media-col": media_col(media_color="blue")}


@pytest.mark.parametrize(
    "members",
    [
        {"media_source": "tray-77"},
        {"media_source": 5},
        {"media_type": "gold-leaf"},
        {"media_left_margin": 0},
        {"media_top_margin": -1},
        {"media_bottom_margin": 100_000},
        {"media_right_margin": "wide"},
        {"media_size": size(1, 1)},
        {"media_size": size(84_100, 118_900)},
        {"media_size": Collection((Attribute.integer("x-dimension", 21_000),))},
        {"media_size_name": "iso_a0_841x1189mm"},
        {"media_size_name": "nonsense"},
    ],
)
def test_members_not_offered_come_back_alone(desk, uri, advertised, members):
    (name,) = members
    attribute = name.replace("_", "-")
    if members[name] in advertised.get(f"{attribute}-supported", Attribute.no_value("none")).all():
        pytest.skip("this printer has it")
    default = advertised["media-col-default"].first
    whole = Collection(
        tuple(member for member in default if member.name not in {attribute, "media-size-name"})
    )
    asked = Collection((*whole.members, *media_col(**members).first.members))
    answer = validated(desk, uri, Attribute.collection("media-col", asked))
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"media-col": media_col(**members)}
    assert status(validated(desk, uri, Attribute.collection("media-col", asked), operation=())) == SUBSTITUTED


def test_a_size_and_another_size_name(desk):
    asked = media_col(media_size=size(21_000, 29_700), media_size_name="na_letter_8.5x11in")
    answer = validated(desk, LASER, asked)
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"media-col": media_col(media_size_name="na_letter_8.5x11in")}


def test_sizes_and_margins_rounded_by_clients(desk, advertised, uri):
    """CUPS reckons in points: what it sends is up to half a millimetre off."""
    for collection in advertised["media-col-ready"].collections():
        rounded = Collection(
            tuple(
                replace(member, values=(Value(ValueTag.INTEGER, member.first + 17),))
                if member.name.endswith("-margin")
                else member
                for member in collection
            )
        )
        answer = validated(desk, uri, Attribute.collection("media-col", rounded))
        assert status(answer) == StatusCode.SUCCESSFUL_OK, rounded


# --- what is not job template -----------------------------------------------------------------------------------------


def test_formats_and_compressions(desk, uri, advertised):
    for name in ("document-format", "compression"):
        for value in advertised[f"{name}-supported"].values:
            answer = validated(desk, uri, operation=(FIDELITY, Attribute(name, (value,))))
            assert status(answer) == StatusCode.SUCCESSFUL_OK, value


def test_job_k_octets(desk, uri, advertised):
    limits = advertised["job-k-octets-supported"].first
    for number in (limits.lower, limits.upper):
        operation = (FIDELITY, Attribute.integer("job-k-octets", number))
        assert status(validated(desk, uri, operation=operation)) == StatusCode.SUCCESSFUL_OK
    operation = (Attribute.integer("job-k-octets", limits.upper + 1),)
    assert status(validated(desk, uri, operation=operation)) == REFUSED


def test_which_jobs_and_identify_actions(desk, uri, advertised):
    for value in advertised["which-jobs-supported"].strings():
        answer = desk.ask(Operation.GET_JOBS, uri, Attribute.keyword("which-jobs", value))
        assert status(answer) == StatusCode.SUCCESSFUL_OK
    for value in advertised["identify-actions-supported"].strings():
        answer = desk.ask(Operation.IDENTIFY_PRINTER, uri, Attribute.keyword("identify-actions", value))
        assert status(answer) == StatusCode.SUCCESSFUL_OK


def test_versions(desk, uri, advertised):
    for value in advertised["ipp-versions-supported"].strings():
        major, _, minor = value.partition(".")
        answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri, version=(int(major), int(minor)))
        assert status(answer) == StatusCode.SUCCESSFUL_OK


def test_every_printer_uri_is_the_printer(desk, advertised):
    uris = advertised["printer-uri-supported"].strings()
    for name in ("uri-authentication-supported", "uri-security-supported"):
        assert len(advertised[name].values) == len(uris)
    for each in uris:
        answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, each)
        assert answer.group(GroupTag.PRINTER).string("printer-uuid") == advertised["printer-uuid"].first


# --- collections whose members are judged one by one: overrides (PWG 5100.6), proof-print (PWG 5100.11) -------------------


def ranges(name, *pairs):
    return Attribute.range(name, *pairs)


def overrides(*values):
    return Attribute.collection("overrides", *(Collection(tuple(members)) for members in values))


PAGES = ranges("pages", (2, 3))


def test_every_override_that_is_offered_is_accepted(desk, uri, advertised):
    named = advertised["overrides-supported"].strings()
    assert {"pages", "document-numbers", "document-copies"} <= set(named)  # PWG 5100.6 and 5100.12 §6.4
    scaling = Attribute.keyword("print-scaling", "fit")
    for selector in ("pages", "document-numbers", "document-copies"):
        asked = overrides((ranges(selector, (1, 1), (3, 2**31 - 1)), scaling))
        assert status(validated(desk, uri, asked)) == StatusCode.SUCCESSFUL_OK
    tried = 0
    for name in set(named) - {"pages", "document-numbers", "document-copies"}:
        if name == "media-col":
            values = advertised["media-col-ready"].values
        else:
            values = list(offered(advertised[f"{name}-supported"]))
        for value in values:
            tried += 1
            asked = overrides((PAGES, Attribute(name, (value,))))
            assert status(validated(desk, uri, asked)) == StatusCode.SUCCESSFUL_OK, (name, value)
    assert tried > 20
    both = overrides((PAGES, scaling), (ranges("document-numbers", (1, 1)), scaling))
    assert status(validated(desk, uri, both)) == StatusCode.SUCCESSFUL_OK


@pytest.mark.parametrize(
    ("members", "given_back"),
    [
        (
            (PAGES, Attribute.keyword("print-scaling", "nonsense")),
            (Attribute.keyword("print-scaling", "nonsense"),),
        ),
        ((PAGES, Attribute.integer("copies", 2)), (Attribute.integer("copies", 2),)),
        ((PAGES, Attribute.enum("finishings", 3)), (Attribute.enum("finishings", 3),)),
        ((PAGES,), (PAGES,)),
        (
            (Attribute.integer("pages", 3), Attribute.keyword("print-scaling", "fit")),
            (Attribute.integer("pages", 3), Attribute.keyword("print-scaling", "fit")),
        ),
        (
            (ranges("pages", (0, 3)), Attribute.keyword("print-scaling", "fit")),
            (ranges("pages", (0, 3)), Attribute.keyword("print-scaling", "fit")),
        ),
    ],
)
def test_overrides_that_cannot_be_obeyed_come_back(desk, uri, members, given_back):
    good = (PAGES, Attribute.keyword("print-scaling", "fill"))
    answer = validated(desk, uri, overrides(good, members))
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"overrides": overrides(given_back)}
    assert status(validated(desk, uri, overrides(good, members), operation=())) == SUBSTITUTED


def proof(*members):
    return Attribute.collection("proof-print", Collection(members))


def copies(number):
    return Attribute.integer("proof-print-copies", number)


def test_proof_print(desk, uri, advertised):
    assert set(advertised["proof-print-supported"].strings()) == {"media", "media-col", "proof-print-copies"}
    assert advertised["proof-print-default"].out_of_band
    media = Attribute.keyword("media", advertised["media-supported"].first)
    media_col_ready = Attribute.collection("media-col", advertised["media-col-ready"].first)
    for members in ((copies(0),), (copies(1),), (copies(2), media), (copies(1), media_col_ready)):
        assert status(validated(desk, uri, proof(*members))) == StatusCode.SUCCESSFUL_OK, members


@pytest.mark.parametrize(
    ("members", "given_back"),
    [
        ((copies(-1),), (copies(-1),)),
        ((copies(2**31 - 1),), (copies(2**31 - 1),)),
        ((copies(1), Attribute.keyword("media", "nonsense")), (Attribute.keyword("media", "nonsense"),)),
        ((copies(1), Attribute.keyword("sides", "one-sided")), (Attribute.keyword("sides", "one-sided"),)),
        (
            (Attribute.keyword("media", "iso_a4_210x297mm"),),
            (Attribute.keyword("media", "iso_a4_210x297mm"),),
        ),
    ],
)
def test_proofs_that_cannot_be_printed_come_back(desk, uri, members, given_back):
    answer = validated(desk, uri, proof(*members))
    assert status(answer) == REFUSED
    assert unsupported(answer) == {"proof-print": proof(*given_back)}


@pytest.mark.parametrize("name", ["overrides", "proof-print"])
def test_what_is_no_collection_comes_back(desk, uri, name):
    for value in (Value(ValueTag.KEYWORD, "auto"), Value(ValueTag.NO_VALUE, None)):
        answer = validated(desk, uri, Attribute(name, (value,)))
        assert status(answer) == REFUSED
        assert unsupported(answer) == {name: Attribute(name, (value,))}


# --- finishings-col, PWG 5100.1 §5.2 ------------------------------------------------------------------------------------


@pytest.fixture
def cuts(desk):
    """What the receipt printer says of its cuts."""
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT)
    return {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}


def test_each_cut_that_is_offered_is_accepted_and_is_a_finishing(desk, cuts):
    tried = []
    for name in ("finishings-col-database", "finishings-col-ready"):
        for value in cuts[name].collections():
            assert status(validated(desk, RECEIPT, Attribute.collection("finishings-col", value))) == (
                StatusCode.SUCCESSFUL_OK
            )
            assert {member.name for member in value} <= set(cuts["finishings-col-supported"].strings())
            tried.append(value)
    assert len(tried) == 8
    for value in cuts["finishing-template-supported"].values:
        asked = Attribute.collection("finishings-col", [Attribute("finishing-template", (value,))])
        assert status(validated(desk, RECEIPT, asked)) == StatusCode.SUCCESSFUL_OK
    ticket = desk.service.printers["receipt"].template.ticket
    found = [
        ticket(1, "", "", {"finishings-col": Attribute.collection("finishings-col", value)}).finishings
        for value in cuts["finishings-col-database"].collections()
    ]
    assert found == [(60,), (61,), (62,), (63,)]  # PWG 5100.1 §6.1
    both = Attribute.collection("finishings-col", *cuts["finishings-col-database"].collections()[1:3])
    assert ticket(1, "", "", {"finishings-col": both}).finishings == (61, 62)


def trimming(*members):
    return Attribute.collection("trimming", members)


@pytest.mark.parametrize(
    ("members", "given_back"),
    [
        ((Attribute.keyword("finishing-template", "staple"),), None),
        ((trimming(Attribute.keyword("trimming-when", "after-lunch")),), None),
        (
            (
                trimming(
                    Attribute.keyword("trimming-when", "after-job"), Attribute.integer("trimming-offset", 500)
                ),
            ),
            None,
        ),
        ((trimming(Attribute.keyword("trimming-type", "partial")),), None),
        ((Attribute.collection("stitching", [Attribute.integer("stitching-offset", 1)]),), None),
        (
            (
                Attribute.keyword("finishing-template", "trim-after-job"),
                Attribute.keyword("imposition-template", "none"),
            ),
            (Attribute.keyword("imposition-template", "none"),),
        ),
    ],
)
def test_cuts_that_are_not_offered_come_back(desk, members, given_back):
    answer = validated(desk, RECEIPT, Attribute.collection("finishings-col", members))
    assert status(answer) == REFUSED
    assert unsupported(answer) == {
        "finishings-col": Attribute.collection("finishings-col", given_back or members)
    }


def test_cuts_said_twice_contradict_each_other(desk, cuts):
    """PWG 5100.1 §5.2: a client supplies one of the two."""
    by_parts = Attribute.collection("finishings-col", cuts["finishings-col-database"].first)
    number = Attribute.enum("finishings", 60)
    answer = validated(desk, RECEIPT, by_parts, number)
    assert status(answer) == StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES
    answer = validated(desk, RECEIPT, by_parts, number, operation=())
    assert (status(answer), unsupported(answer)) == (SUBSTITUTED, {"finishings": number})


@pytest.mark.parametrize(
    ("asked", "cut"),
    [
        ((), (63,)),
        ((Attribute.enum("finishings", 3),), (63,)),  # what CUPS says in every job nobody chose a cut for
        ((Attribute.enum("job-finishings", 3),), (3,)),
        ((Attribute.enum("finishings", 3), Attribute.enum("job-finishings", 3)), (3,)),
        ((Attribute.enum("finishings", 60),), (60,)),
        ((Attribute.enum("finishings", 60), Attribute.enum("job-finishings", 3)), (60,)),
    ],
)
def test_a_receipt_is_cut_off_unless_its_job_as_a_whole_is_not_to_be(desk, asked, cut):
    """``finishings`` are of documents and copies, ``job-finishings`` of the job (PWG 5100.7)."""
    assert status(validated(desk, RECEIPT, *asked)) == StatusCode.SUCCESSFUL_OK
    ticket = desk.service.printers["receipt"].template.ticket
    assert ticket(1, "", "", {each.name: each for each in asked}).finishings == cut


def test_a_printer_that_does_not_cut_has_no_such_thing(desk):
    asked = Attribute.collection(
        "finishings-col", [Attribute.keyword("finishing-template", "trim-after-job")]
    )
    answer = validated(desk, LASER, asked)
    assert unsupported(answer) == {"finishings-col": Attribute.unsupported("finishings-col")}
