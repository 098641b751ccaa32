"""Set-Printer-Attributes, Get-Printer-Supported-Values (RFC 3380 §4.1, §4.3) and Get-User-Printer-Attributes.

What may be set is read from the printer's own answer; each of it is set, read back, and seen in what the next job gets.
"""

from __future__ import annotations

import pytest
from desk import ADMINISTRATOR, EVERYBODY, LASER, OPERATOR, RECEIPT, open_desk, settings, status, unsupported

from tympan.config import PrinterSettings
from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    Message,
    Operation,
    RangeOfInteger,
    Resolution,
    StatusCode,
    Value,
    ValueTag,
    decode,
    encode,
)
from tympan.service.access import Role
from tympan.service.job_attributes import template_of

OK = StatusCode.SUCCESSFUL_OK
NOT_SETTABLE = StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
NOT_SUPPORTED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
CONFLICT = StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST

TEXTS = (
    "printer-info",
    "printer-location",
    "printer-organization",
    "printer-organizational-unit",
    "printer-message-from-operator",
)


def deletion(name):
    return Attribute(name, (Value(ValueTag.DELETE_ATTRIBUTE, None),))


def put(desk, *attributes, uri=LASER, operation=()):
    """Ask to set printer attributes."""
    head = (
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", "en"),
        Attribute.uri("printer-uri", uri),
        *operation,
    )
    groups = [(GroupTag.OPERATION, head), *([(GroupTag.PRINTER, attributes)] if attributes else [])]
    answer, _ = decode(desk.raw(encode(Message.of((2, 0), Operation.SET_PRINTER_ATTRIBUTES, 1, *groups))))
    return answer


def shown(desk, *names, uri=LASER):
    requested = (Attribute.keyword("requested-attributes", *names),) if names else ()
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri, *requested)
    return {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}


def settable(desk, uri=LASER):
    (names,) = shown(desk, "printer-settable-attributes-supported", uri=uri).values()
    return set(names.strings())


def ticket(desk, uri=LASER):
    """What the next job that asks for nothing is printed by."""
    job = desk.job(desk.printed(uri))
    printer = desk.service.printers[uri.rpartition("/")[2]]
    return printer.template.ticket(job.job_id, job.name, job.user, template_of(job))


def echoed(desk, uri=LASER):
    """The job template attributes of the next job that asks for nothing."""
    job_id = desk.printed(uri)
    asked = (Attribute.integer("job-id", job_id), Attribute.keyword("requested-attributes", "job-template"))
    answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, uri, *asked)
    return {attribute.name: attribute for attribute in answer.group(GroupTag.JOB)}


@pytest.fixture
def admin(empty_desk):
    """A desk that an administrator asks; afterwards the printers are as they are configured."""
    empty_desk.requester = ADMINISTRATOR
    yield empty_desk
    empty_desk.requester = ADMINISTRATOR
    for uri in (LASER, RECEIPT):
        assert status(put(empty_desk, *map(deletion, sorted(settable(empty_desk, uri))), uri=uri)) == OK


@pytest.fixture(params=[RECEIPT, LASER], ids=["receipt", "laser"])
def uri(request):
    return request.param


# --- what can be set ----------------------------------------------------------------------------------------------------


def test_what_is_settable(admin, uri):
    names = settable(admin, uri)
    assert {*TEXTS, "printer-geo-location", "media-default", "media-ready", "media-col-ready"} <= names
    everything = shown(admin, uri=uri)
    assert names <= everything.keys()
    defaults = {name for name in everything if name.endswith("-default")}
    fixed = {"document-format-default", "identify-actions-default"}
    assert {name for name in names if name.endswith("-default")} <= defaults - fixed


@pytest.mark.parametrize("name", TEXTS)
def test_each_text(admin, uri, name):
    text = f"Über {name}"
    assert status(put(admin, Attribute.text(name, text), uri=uri)) == OK
    assert shown(admin, name, uri=uri)[name].first == text
    other = LASER if uri == RECEIPT else RECEIPT
    assert shown(admin, name, uri=other)[name].first != text


def test_geo_location(admin):
    place = Attribute.uri("printer-geo-location", "geo:48.2010,16.3695")
    assert status(put(admin, place)) == OK
    assert shown(admin, "printer-geo-location") == {"printer-geo-location": place}
    unknown = Attribute.unknown("printer-geo-location")
    assert status(put(admin, unknown)) == OK
    assert shown(admin, "printer-geo-location") == {"printer-geo-location": unknown}
    wrong = Attribute.uri("printer-geo-location", "http://here/")
    answer = put(admin, place, wrong)
    assert status(answer) == BAD  # given twice
    answer = put(admin, wrong)
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer) == {"printer-geo-location": wrong}


def values_of(attribute):
    """What a ``-supported`` attribute offers, both ends of ranges."""
    for tag, value in attribute.values:
        if isinstance(value, RangeOfInteger):
            yield Value(ValueTag.INTEGER, value.lower)
            yield Value(ValueTag.INTEGER, value.upper)
        else:
            yield Value(tag, value)


TICKET = {
    "copies": "copies",
    "number-up": "number_up",
    "orientation-requested": "orientation_requested",
    "output-bin": "output_bin",
    "print-color-mode": "print_color_mode",
    "print-content-optimize": "print_content_optimize",
    "print-quality": "print_quality",
    "print-scaling": "print_scaling",
    "sides": "sides",
}
"""Attributes that a ticket carries as they are."""


def test_each_value_of_each_default_is_obeyed_by_the_next_job(admin, uri):
    tried = 0
    everything = shown(admin, uri=uri)
    for name in sorted(settable(admin, uri)):
        base = name.removesuffix("-default")
        if not name.endswith("-default") or name in {"media-default", "media-col-default"}:
            continue
        for value in values_of(everything[f"{base}-supported"]):
            tried += 1
            assert status(put(admin, Attribute(name, (value,)), uri=uri)) == OK, (name, value)
            assert shown(admin, name, uri=uri) == {name: Attribute(name, (value,))}
            got = ticket(admin, uri)
            assert echoed(admin, uri)[base] == Attribute(base, (value,)), (name, value)
            if base in TICKET:
                assert getattr(got, TICKET[base]) == value.value, (name, value)
            elif base == "finishings":
                # A receipt without finishings of its own is cut off as a whole: job-finishings.
                whole = everything.get("job-finishings-default")
                expected = whole if whole is not None and value.value == 3 else Attribute(base, (value,))
                assert got.finishings == expected.integers()
            elif base == "job-finishings":
                assert got.finishings == (value.value,)
            elif base == "printer-resolution":
                assert got.resolution_dpi == (value.value.cross_feed, value.value.feed)
            elif base == "multiple-document-handling":
                assert got.collated == (value.value != "separate-documents-uncollated-copies")
            admin.empty()
            admin.requester = ADMINISTRATOR
        assert status(put(admin, deletion(name), uri=uri)) == OK
        assert shown(admin, name, uri=uri) == {name: everything[name]}
    assert tried > 20


def test_a_job_that_asks_for_something_gets_that(admin):
    assert status(put(admin, Attribute.integer("copies-default", 3))) == OK
    job = admin.job(admin.printed(LASER, job=(Attribute.integer("copies", 2),)))
    template = admin.service.printers["laser"].template
    assert template.ticket(1, "", "", template_of(job)).copies == 2


def test_a_default_that_there_was_none_of_can_be_taken_away_again(admin):
    assert status(put(admin, Attribute.enum("orientation-requested-default", 4))) == OK
    assert ticket(admin).orientation_requested == 4
    assert status(put(admin, Attribute.no_value("orientation-requested-default"))) == OK
    assert ticket(admin).orientation_requested == 0
    assert status(put(admin, Attribute.no_value("sides-default"))) == NOT_SUPPORTED


# --- paper --------------------------------------------------------------------------------------------------------------


def test_each_size_as_the_default(admin, uri):
    for name in shown(admin, uri=uri)["media-supported"].strings():
        assert status(put(admin, Attribute.keyword("media-default", name), uri=uri)) == OK
        assert shown(admin, "media-default", uri=uri)["media-default"].first in name.replace(
            "min", ""
        ).replace("max", "") or name.startswith("custom")
        assert ticket(admin, uri).media.name == shown(admin, "media-default", uri=uri)["media-default"].first
        admin.empty()
        admin.requester = ADMINISTRATOR


def test_a_default_of_many_members(admin):
    wanted = shown(admin, "media-col-database")["media-col-database"].collections()[2]
    assert status(put(admin, Attribute.collection("media-col-default", wanted))) == OK
    size = wanted.get("media-size-name").first
    after = shown(admin, "media-default", "media-col-default")
    assert after["media-default"].first == size
    assert after["media-col-default"].first.get("media-size") == wanted.get("media-size")
    assert ticket(admin).media.name == size
    assert status(put(admin, Attribute.keyword("media-default", "iso_a4_210x297mm"))) == OK
    assert ticket(admin).media.name == "iso_a4_210x297mm"  # the later word for the same thing holds


def test_what_is_loaded(admin):
    """Clients offer what is in media-ready; a job on something else waits for a person."""
    template = admin.service.printers["laser"].template
    letter = Attribute.keyword("media-ready", "na_letter_8.5x11in")
    assert status(put(admin, letter)) == OK
    after = shown(admin, "media-ready", "media-col-ready", "media-default")
    assert after["media-ready"].strings() == ("na_letter_8.5x11in",)
    (column,) = after["media-col-ready"].collections()
    assert column.get("media-size-name").first == "na_letter_8.5x11in"
    assert column.get("media-source").first == template.media.sources[0]
    assert after["media-default"].first == "na_letter_8.5x11in"  # what is loaded is what a job gets
    template = admin.service.printers["laser"].template
    assert not template.media.needs_loading(template.media.by_name("na_letter_8.5x11in"))
    assert template.media.needs_loading(template.media.by_name("iso_a4_210x297mm"))
    assert ticket(admin).media.name == "na_letter_8.5x11in"
    assert status(put(admin, Attribute.no_value("media-ready"))) == OK
    assert shown(admin, "media-ready")["media-ready"].tag == ValueTag.NO_VALUE


def paper(source, name, **more):
    return Collection(
        (
            Attribute.keyword("media-size-name", name),
            Attribute.keyword("media-source", source),
            *(Attribute.keyword(key.replace("_", "-"), value) for key, value in more.items()),
        )
    )


def test_what_is_loaded_no_more_is_not_offered_any_more(admin):
    """``media-weight-metric-supported`` is there as long as paper of a known weight is."""
    before = shown(admin).keys()
    assert "media-weight-metric-supported" not in before
    heavy = [*paper("main", "iso_a4_210x297mm"), Attribute.integer("media-weight-metric", 160)]
    assert status(put(admin, Attribute.collection("media-col-ready", heavy))) == OK
    assert shown(admin).keys() - before == {"media-weight-metric-supported"}
    assert status(put(admin, deletion("media-col-ready"))) == OK
    assert shown(admin).keys() == before


def test_what_is_loaded_in_each_source(admin):
    sources = admin.service.printers["laser"].template.media.sources
    types = shown(admin)["media-type-supported"].strings()
    assert len(sources) > 1
    columns = [
        paper(source, name, media_type=types[-1])
        for source, name in zip(reversed(sources[:2]), ("iso_a5_148x210mm", "iso_a4_210x297mm"), strict=True)
    ]
    assert status(put(admin, Attribute.collection("media-col-ready", *columns))) == OK
    after = shown(admin, "media-ready", "media-col-ready")
    assert after["media-ready"].strings() == ("iso_a4_210x297mm", "iso_a5_148x210mm")
    found = [
        (each.get("media-source").first, each.get("media-size-name").first, each.get("media-type").first)
        for each in after["media-col-ready"].collections()
    ]
    assert found == [
        (sources[0], "iso_a4_210x297mm", types[-1]),
        (sources[1], "iso_a5_148x210mm", types[-1]),
    ]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([Attribute.keyword("media-ready", "iso_a0_841x1189mm")], NOT_SUPPORTED),
        ([Attribute.keyword("media-ready", *["iso_a4_210x297mm"] * 9)], NOT_SUPPORTED),
        ([Attribute.keyword("media-default", "nonsense")], NOT_SUPPORTED),
        ([Attribute.collection("media-col-ready", paper("tray-77", "iso_a4_210x297mm"))], NOT_SUPPORTED),
        (
            [Attribute.collection("media-col-ready", [Attribute.keyword("media-source", "main")])],
            NOT_SUPPORTED,
        ),
        ([Attribute.collection("media-col-default", paper("main", "iso_a0_841x1189mm"))], NOT_SUPPORTED),
        (
            [
                Attribute.collection(
                    "media-col-ready", *[paper("main", "iso_a4_210x297mm"), paper("main", "iso_a5_148x210mm")]
                )
            ],
            CONFLICT,
        ),
        (
            [
                Attribute.keyword("media-default", "iso_a4_210x297mm"),
                Attribute.collection("media-col-default", paper("main", "iso_a5_148x210mm")),
            ],
            CONFLICT,
        ),
    ],
)
def test_paper_that_cannot_be(admin, attributes, expected):
    if "main" not in admin.service.printers["laser"].template.media.sources:
        pytest.fail("the test needs the source main")
    before = shown(admin)
    answer = put(admin, *attributes)
    assert status(answer) == expected
    assert set(unsupported(answer)) == {attributes[-1].name}
    after = shown(admin)
    assert all(after[name] == before[name] for name in before if name.startswith("media"))


# --- refusals -----------------------------------------------------------------------------------------------------------


def test_only_an_administrator_may(admin):
    for requester in (EVERYBODY, OPERATOR):
        admin.requester = requester
        assert status(put(admin, Attribute.text("printer-info", "Mine"))) in {
            StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
            StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED,
        }
        assert shown(admin, "printer-info")["printer-info"].first == "laser"


def test_every_other_attribute_cannot_be_set(admin, uri):
    """RFC 3380 §4.1.2 and §8.1: given back with the value not-settable."""
    everything = shown(admin, uri=uri)
    others = [each for each in everything.values() if each.name not in settable(admin, uri)]
    assert len(others) > 40
    for attribute in others:
        answer = put(admin, attribute, uri=uri)
        assert status(answer) == NOT_SETTABLE, attribute.name
        (given_back,) = unsupported(answer).values()
        assert (given_back.name, given_back.tag) == (attribute.name, ValueTag.NOT_SETTABLE)


def test_one_that_cannot_be_set_and_nothing_is(admin):
    good = Attribute.text("printer-info", "Hall")
    bad = Attribute.keyword("sides-default", "two-sided-sometimes")
    missing = Attribute.keyword("no-such-thing", "x")
    fixed = Attribute.boolean("color-supported", True)
    generation = admin.service.printers["laser"].generation
    answer = put(admin, good, bad, missing, fixed)
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer) == {
        "sides-default": bad,
        "no-such-thing": Attribute.unsupported("no-such-thing"),
        "color-supported": Attribute("color-supported", (Value(ValueTag.NOT_SETTABLE, None),)),
    }
    assert shown(admin, "printer-info")["printer-info"].first == "laser"
    assert admin.service.printers["laser"].generation == generation
    assert status(put(admin, good, fixed)) == NOT_SETTABLE
    assert shown(admin, "printer-info")["printer-info"].first == "laser"


def test_wrong_syntax_is_a_value_that_is_not_supported(admin):
    for name in sorted(settable(admin)):
        for value in (
            Value(ValueTag.OCTET_STRING, b"x"),
            Value(ValueTag.BOOLEAN, True),
            Value(ValueTag.UNSUPPORTED, None),
        ):
            asked = Attribute(name, (value,))
            answer = put(admin, asked)
            assert status(answer) == NOT_SUPPORTED, (name, value)
            assert unsupported(answer) == {name: asked}
    for name in TEXTS:
        for asked in (Attribute.text(name, "a" * 1024), Attribute.text(name, "a", "b")):
            assert status(put(admin, asked)) == NOT_SUPPORTED
    assert status(put(admin, Attribute.text("printer-info", "two\nlines"))) == NOT_SUPPORTED


def test_two_values_where_one_is_allowed(admin):
    for asked in (
        Attribute.keyword("sides-default", "one-sided", "two-sided-long-edge"),
        Attribute.keyword("media-default", "iso_a4_210x297mm", "iso_a5_148x210mm"),
        Attribute.resolution("printer-resolution-default", Resolution(600, 600), Resolution(300, 300)),
    ):
        assert status(put(admin, asked)) == NOT_SUPPORTED


def test_nothing_to_set_and_formats(admin):
    assert status(put(admin)) == BAD
    info = Attribute.text("printer-info", "Hall")
    pdf = Attribute.mime("document-format", "application/pdf")
    answer = put(admin, info, operation=(pdf,))
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer) == {"document-format": pdf}
    word = Attribute.mime("document-format", "application/msword")
    assert status(put(admin, info, operation=(word,))) == (
        StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED
    )
    every = Attribute.mime("document-format", "application/octet-stream")
    assert status(put(admin, info, operation=(every,))) == OK


# --- told, and kept -----------------------------------------------------------------------------------------------------


def test_the_change_is_told(admin):
    heard = []
    stop = admin.service.events.listen(lambda event: heard.append((event.keyword, event.printer.name)))
    before = shown(admin, "printer-config-change-time")["printer-config-change-time"].first
    admin.service.clock._base += 50
    put(admin, Attribute.text("printer-info", "Hall"))
    assert heard == [("printer-config-changed", "laser")]
    put(admin, Attribute.keyword("media-ready", "na_letter_8.5x11in"))
    assert heard[1:] == [("printer-media-changed", "laser")]
    put(admin, Attribute.keyword("sides-default", "nonsense"))
    assert len(heard) == 2
    stop()
    after = shown(admin, "printer-config-change-time", "printer-config-change-date-time")
    assert after["printer-config-change-time"].first >= before + 50


SET = (
    Attribute.text("printer-info", "Hall"),
    Attribute.text("printer-message-from-operator", "Ask Adam."),
    Attribute.uri("printer-geo-location", "geo:48.2010,16.3695"),
    Attribute.keyword("sides-default", "two-sided-long-edge"),
    Attribute.keyword("media-ready", "na_letter_8.5x11in"),
    Attribute.integer("copies-default", 2),
)


@pytest.fixture
def configured(monkeypatch):
    """Change what the configuration of the laser says."""

    def change(**values):
        def made(folder, **limits):
            base = settings(folder, **limits)
            receipt, laser = base.printers
            changed = PrinterSettings(**{**vars(laser), **values})
            return type(base)(**{**vars(base), "printers": (receipt, changed)})

        monkeypatch.setattr("desk.settings", made)

    return change


def test_a_restart_loses_nothing(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert status(put(desk, *SET)) == OK
        before = shown(desk)
    with open_desk(tmp_path) as desk:
        after = shown(desk)
        assert {each.name: after[each.name] for each in SET} == {each.name: each for each in SET}
        for name in ("media-col-ready", "media-default", "printer-settable-attributes-supported"):
            assert after[name] == before[name]
        assert (ticket(desk).sides, ticket(desk).copies) == ("two-sided-long-edge", 2)
        desk.requester = ADMINISTRATOR
        assert status(put(desk, Attribute.integer("copies-default", 3))) == OK
    with open_desk(tmp_path) as desk:
        assert (ticket(desk).sides, ticket(desk).copies) == ("two-sided-long-edge", 3)


def test_the_configuration_wins_where_it_has_changed(tmp_path, configured):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert status(put(desk, *SET)) == OK
    configured(info="Cellar", defaults={"sides": "two-sided-short-edge"})
    for _ in range(2):
        with open_desk(tmp_path) as desk:
            after = shown(desk)
            assert after["printer-info"].first == "Cellar"
            assert after["sides-default"].first == "two-sided-short-edge"
            assert after["copies-default"].first == 2
            assert after["media-ready"].first == "na_letter_8.5x11in"
            assert after["printer-message-from-operator"].first == "Ask Adam."
    configured(media_ready={"main": "iso_a5_148x210mm"})
    with open_desk(tmp_path) as desk:
        assert shown(desk)["media-ready"].strings() == ("iso_a5_148x210mm",)


def test_what_another_driver_does_not_know_is_dropped(tmp_path, configured):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert status(put(desk, *SET)) == OK
    configured(driver="escpos", profile="generic-80mm")
    with open_desk(tmp_path) as desk:
        after = shown(desk)
        assert after["sides-default"].first == "one-sided"
        assert after["printer-info"].first == "Hall"
        assert after["copies-default"].first == 2


# --- what can be set to what --------------------------------------------------------------------------------------------


def test_supported_values_can_all_be_set(admin, uri):
    answer = admin.ask(Operation.GET_PRINTER_SUPPORTED_VALUES, uri)
    assert status(answer) == OK
    found = {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}
    assert found.keys() == settable(admin, uri)
    assert all(found[name].tag == ValueTag.ADMIN_DEFINE for name in (*TEXTS, "printer-geo-location"))
    for name, attribute in found.items():
        if attribute.tag == ValueTag.ADMIN_DEFINE:
            continue
        for value in values_of(attribute):
            assert status(put(admin, Attribute(name, (value,)), uri=uri)) == OK, (name, value)
        assert status(put(admin, deletion(name), uri=uri)) == OK


def test_supported_values_by_name(admin):
    requested = Attribute.keyword("requested-attributes", "sides-default", "printer-state", "nonsense")
    answer = admin.ask(Operation.GET_PRINTER_SUPPORTED_VALUES, LASER, requested)
    assert status(answer) == StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert unsupported(answer) == {
        "requested-attributes": Attribute.keyword("requested-attributes", "printer-state", "nonsense")
    }
    sides = shown(admin, "sides-supported")["sides-supported"]
    assert answer.group(GroupTag.PRINTER).attributes == (Attribute("sides-default", sides.values),)


# --- for the requester --------------------------------------------------------------------------------------------------


def test_what_the_requester_may_do(admin):
    from tympan.endpoint.dispatch import OPERATIONS

    everything = set(shown(admin, "operations-supported")["operations-supported"].integers())
    for requester in (EVERYBODY, OPERATOR, ADMINISTRATOR):
        admin.requester = requester
        answer = admin.ask(Operation.GET_USER_PRINTER_ATTRIBUTES, LASER)
        assert status(answer) == OK
        found = {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}
        allowed = set(found["operations-supported"].integers())
        assert allowed == {code for code in everything if OPERATIONS[code].role <= requester.role}
        assert (Operation.PAUSE_PRINTER in allowed) == (requester.role >= Role.OPERATOR)
        assert (Operation.SET_PRINTER_ATTRIBUTES in allowed) == (requester.role >= Role.ADMINISTRATOR)
        set_names = found["printer-settable-attributes-supported"].strings()
        assert ("printer-info" in set_names) == (requester.role >= Role.ADMINISTRATOR)
        assert found.keys() == shown(admin).keys()
    requested = Attribute.keyword("requested-attributes", "printer-name", "nonsense")
    answer = admin.ask(Operation.GET_USER_PRINTER_ATTRIBUTES, LASER, requested)
    assert [attribute.name for attribute in answer.group(GroupTag.PRINTER)] == ["printer-name"]
    assert unsupported(answer) == {
        "requested-attributes": Attribute.keyword("requested-attributes", "nonsense")
    }


def test_strings_are_in_the_requesters_language(admin):
    head = (
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", "de"),
    )
    answer = admin.ask(Operation.GET_USER_PRINTER_ATTRIBUTES, LASER, head=head)
    assert answer.group(GroupTag.PRINTER).string("printer-strings-uri").endswith("/de.strings")
