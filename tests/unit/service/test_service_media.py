"""The paper a printer offers: names, sizes, what is loaded, and the attributes that say it (PWG 5100.7 §6.3)."""

from __future__ import annotations

import pytest

from tympan.driver.contract import Capabilities
from tympan.driver.ticket import MediaSpec
from tympan.errors import ConfigError
from tympan.ipp import Attribute, Collection, RangeOfInteger, Value, ValueTag
from tympan.service.media import media_attributes, media_choices, media_col_database

A4 = MediaSpec("iso_a4_210x297mm", 21_000, 29_700, 400, 400, 300, 300, "auto", "stationery")
LETTER = MediaSpec("na_letter_8.5x11in", 21_590, 27_940, 400, 400, 300, 300, "auto", "stationery")
PHOTO = MediaSpec("om_small-photo_100x150mm", 10_000, 15_000, 0, 0, 0, 0, "auto", "stationery")


def capabilities(**changes):
    return Capabilities(
        **{
            "make_and_model": "Test",
            "device_id": "MFG:T;",
            "native_formats": (),
            "extension": "bin",
            "resolutions_dpi": ((600, 600),),
            "media": (A4, LETTER, PHOTO),
            "media_ready": {"tray-1": A4.name},
            "media_sources": ("auto", "tray-1", "tray-2"),
            "media_types": ("stationery", "labels"),
            **changes,
        }
    )


def choices(loaded=None, default="", **changes):
    return media_choices(capabilities(**changes), loaded or {}, default, "test")


CUSTOM = {"media_custom_hmm": ((5_000, 5_000), (21_590, 35_560))}


def size(width, length):
    return Collection((Attribute.integer("x-dimension", width), Attribute.integer("y-dimension", length)))


def asked(paper, *members):
    return paper.from_media_col(Collection(members))


# --- names and sizes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iso_a4_210x297mm", A4.name),
        ("na_letter_8.5x11in", LETTER.name),
        ("iso-a4", A4.name),  # RFC 8011 Appendix C
        ("na-letter", LETTER.name),
        ("iso_a3_297x420mm", None),
        ("custom_any_100x100mm", None),
        ("", None),
        ("A4 or so", None),
    ],
)
def test_sizes_by_name(name, expected):
    spec = choices().by_name(name)
    assert (spec and spec.name) == expected


@pytest.mark.parametrize(
    ("width", "length", "expected"),
    [
        (21_000, 29_700, A4.name),
        (20_990, 29_704, A4.name),
        (21_100, 29_800, A4.name),
        (21_101, 29_700, None),
        (29_700, 21_000, None),
        (0, 0, None),
        (-21_000, 29_700, None),
    ],
)
def test_sizes_by_dimension(width, length, expected):
    spec = choices().by_size(width, length)
    assert (spec and spec.name) == expected


def test_the_nearest_of_two_sizes():
    near = MediaSpec("custom_near_210.5x297mm", 21_050, 29_700)
    assert choices(media=(near, A4)).by_size(21_010, 29_700).name == A4.name
    assert choices(media=(near, A4)).by_size(21_045, 29_700).name == near.name


@pytest.mark.parametrize(
    ("width", "length", "there"),
    [
        (5_000, 5_000, True),
        (21_590, 35_560, True),
        (12_345, 23_456, True),
        (4_999, 5_000, False),
        (5_000, 35_561, False),
    ],
)
def test_custom_sizes(width, length, there):
    spec = choices(**CUSTOM).by_size(width, length)
    assert (spec is not None) == there
    if spec is not None:
        assert (spec.width_hmm, spec.length_hmm) == (width, length)
        assert spec.left_margin_hmm == A4.left_margin_hmm
        again = choices(**CUSTOM).by_name(spec.name)
        assert (again.width_hmm, again.length_hmm) == (width, length)


def test_a_custom_size_that_is_a_size_with_a_name_is_that():
    assert choices(**CUSTOM).by_name("custom_mine_210x297mm").name == A4.name


def test_what_is_loaded_is_taken_from_its_source():
    paper = choices({"tray-2": LETTER.name})
    assert paper.by_name(LETTER.name).source == "tray-2"
    assert paper.by_name(A4.name).source == "auto"
    assert (paper.needs_loading(LETTER), paper.needs_loading(A4)) == (False, True)
    assert not choices({"tray-2": LETTER.name}, roll=True).needs_loading(A4)


# --- media-col --------------------------------------------------------------------------------------------------------


def test_members_alone_change_the_default():
    spec, bad = asked(
        choices(), Attribute.keyword("media-source", "tray-2"), Attribute.keyword("media-type", "labels")
    )
    assert (spec.name, spec.source, spec.type, bad) == (A4.name, "tray-2", "labels", ())


@pytest.mark.parametrize(
    ("margin", "used", "bad"),
    [
        (400, 400, ()),
        (423, 400, ()),  # 12 points: clients round
        (0, 400, ("media-left-margin",)),  # the photo's, but not what the hardware leaves on A4
        (1_000, 400, ("media-left-margin",)),
    ],
)
def test_margins(margin, used, bad):
    spec, wrong = asked(choices(), Attribute.integer("media-left-margin", margin))
    assert (spec.left_margin_hmm, wrong) == (used, bad)


def test_a_wider_margin_of_another_size_is_a_wish():
    spec, bad = asked(
        choices(),
        Attribute.collection("media-size", size(10_000, 15_000)),
        Attribute.integer("media-top-margin", 300),
    )
    assert (spec.name, spec.top_margin_hmm, spec.left_margin_hmm, bad) == (PHOTO.name, 300, 0, ())


@pytest.mark.parametrize(
    ("member", "name"),
    [
        (Attribute.keyword("media-color", "blue"), "media-color"),
        (Attribute.keyword("media-source", "tray-9"), "media-source"),
        (Attribute.keyword("media-type", "gold"), "media-type"),
        (Attribute.integer("media-type", 1), "media-type"),
        (Attribute.boolean("media-left-margin", True), "media-left-margin"),
    ],
)
def test_members_that_are_not_supported_leave_the_rest(member, name):
    spec, bad = asked(choices(), member, Attribute.keyword("media-size-name", LETTER.name))
    assert (spec.name, bad) == (LETTER.name, (name,))


def test_without_a_size_that_can_be_had_there_is_no_paper():
    assert asked(choices(), Attribute.collection("media-size", size(1, 1))) == (None, ("media-size",))
    assert asked(choices(), Attribute.keyword("media-size-name", "iso_a0_841x1189mm")) == (
        None,
        ("media-size-name",),
    )


# --- configuration ----------------------------------------------------------------------------------------------------


def test_the_default_is_what_is_loaded_first():
    assert choices().default.name == A4.name
    assert choices({"tray-2": LETTER.name}).default.source == "tray-2"
    assert choices({"tray-1": A4.name, "tray-2": LETTER.name}, LETTER.name).default.source == "tray-2"
    assert choices(default=PHOTO.name).default.name == PHOTO.name


@pytest.mark.parametrize(
    ("loaded", "default", "key"),
    [
        ({"tray-9": A4.name}, "", "media_ready.tray-9"),
        ({"tray-1": "iso_a0_841x1189mm"}, "", "media_ready.tray-1"),
        ({}, "iso_a0_841x1189mm", "defaults.media"),
    ],
)
def test_paper_that_the_printer_has_not(loaded, default, key):
    with pytest.raises(ConfigError) as caught:
        choices(loaded, default)
    assert caught.value.key == f"printers.test.{key}"


# --- attributes -------------------------------------------------------------------------------------------------------


def test_attributes():
    shown = {
        a.name: a for a in media_attributes(choices({"tray-1": A4.name, "tray-2": LETTER.name}, **CUSTOM))
    }
    assert shown["media-default"].first == A4.name
    assert shown["media-supported"].strings()[:3] == (A4.name, LETTER.name, PHOTO.name)
    assert [name.split("_")[:2] for name in shown["media-supported"].strings()[3:]] == [
        ["custom", "min"],
        ["custom", "max"],
    ]
    assert shown["media-ready"].strings() == (A4.name, LETTER.name)
    assert [each.get("media-source").first for each in shown["media-col-ready"].collections()] == [
        "tray-1",
        "tray-2",
    ]
    assert shown["media-left-margin-supported"].integers() == (0, 400)
    assert shown["media-top-margin-supported"].integers() == (0, 300)
    assert shown["media-size-supported"].collections()[-1] == Collection(
        (
            Attribute.range("x-dimension", RangeOfInteger(5_000, 21_590)),
            Attribute.range("y-dimension", RangeOfInteger(5_000, 35_560)),
        )
    )


def test_nothing_loaded_is_no_value():
    shown = {a.name: a for a in media_attributes(choices(media_ready={}))}
    assert shown["media-ready"].values == (Value(ValueTag.NO_VALUE, None),)
    assert shown["media-col-ready"].values == (Value(ValueTag.NO_VALUE, None),)


def test_the_database_has_every_size():
    columns = media_col_database(choices(**CUSTOM)).collections()
    assert [each.get("media-size").first for each in columns[:3]] == [
        size(21_000, 29_700), size(21_590, 27_940), size(10_000, 15_000)
    ]  # fmt: skip
    assert len(columns) == 4
    assert len(media_col_database(choices()).collections()) == 3


def test_a_roll_of_one_width_has_no_range_for_it():
    custom = ((8_000, 1_000), (8_000, 300_000))
    (column,) = media_col_database(choices(media_custom_hmm=custom)).collections()[3:]
    dimensions = column.get("media-size").first
    assert dimensions.get("x-dimension") == Attribute.integer("x-dimension", 8_000)
    assert dimensions.get("y-dimension").first == RangeOfInteger(1_000, 300_000)
