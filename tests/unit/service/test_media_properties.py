"""What paper is besides its size: said by the configuration, asked for by jobs, matched against what is loaded (PWG 5100.7 §6.3.1)."""

from __future__ import annotations

import pytest

from tympan.driver.contract import Capabilities
from tympan.driver.ticket import MediaSpec
from tympan.errors import ConfigError
from tympan.ipp import Attribute, Collection, RangeOfInteger
from tympan.service.media import media_attributes, media_choices

A4, LETTER = "iso_a4_210x297mm", "na_letter_8.5x11in"
LOADED = {
    "auto": A4,
    "tray-1": f"{A4} media-color=blue media-weight-metric=160 media-key=letterhead",
    "tray-2": f"{LETTER} media-type=labels",
}


def choices(loaded):
    """The paper of a printer with three trays."""
    sizes = ((A4, 21_000, 29_700), (LETTER, 21_590, 27_940), ("om_small-photo_100x150mm", 10_000, 15_000))
    capabilities = Capabilities(
        make_and_model="Test",
        device_id="",
        native_formats=(),
        extension="bin",
        resolutions_dpi=((600, 600),),
        media=tuple(MediaSpec(*size, 400, 400, 300, 300, "auto", "stationery") for size in sizes),
        media_ready={"tray-1": A4},
        media_sources=("auto", "tray-1", "tray-2"),
        media_types=("stationery", "labels"),
    )
    return media_choices(capabilities, loaded, "", "test")


def media_col(**members):
    return Collection(
        tuple(
            (Attribute.integer if isinstance(value, int) else Attribute.keyword)(
                name.replace("_", "-"), value
            )
            for name, value in members.items()
        )
    )


@pytest.fixture
def paper():
    return choices(LOADED)


def told(paper):
    return {attribute.name: attribute for attribute in media_attributes(paper)}


def test_what_is_offered_is_what_plain_paper_is_and_what_is_loaded(paper):
    said = told(paper)
    assert said["media-color-supported"].strings() == ("white", "blue")
    assert said["media-key-supported"].strings() == ("letterhead",)
    assert said["media-weight-metric-supported"].all() == (RangeOfInteger(160, 160),)
    assert said["media-hole-count-supported"].all() == (RangeOfInteger(0, 0),)
    named = set(said["media-col-supported"].strings())
    assert {"media-color", "media-key", "media-weight-metric", "media-pre-printed"} <= named
    assert not {"media-thickness", "media-tooth", "media-info"} & named
    for name in named - {"media-size-name"}:
        assert f"{name}-supported" in said, name
    assert Attribute.keyword("media-color", "blue") in said["media-col-ready"].collections()[1].members


@pytest.mark.parametrize(
    ("asked", "source", "size"),
    [
        (media_col(media_color="blue"), "tray-1", A4),
        (media_col(media_size_name=A4, media_color="blue"), "tray-1", A4),
        (media_col(media_size_name=A4, media_color="white"), "auto", A4),
        (media_col(media_weight_metric=160), "tray-1", A4),
        (media_col(media_key="letterhead"), "tray-1", A4),
        (media_col(media_type="labels"), "tray-2", LETTER),
        (media_col(media_color="blue", media_hole_count=0), "tray-1", A4),
    ],
)
def test_a_job_gets_the_tray_that_has_it(paper, asked, source, size):
    spec, bad = paper.from_media_col(asked)
    assert not bad
    assert (spec.source, spec.name) == (source, size)
    assert not paper.needs_loading(spec)


@pytest.mark.parametrize(
    "asked",
    [
        media_col(media_size_name=LETTER, media_color="blue"),
        media_col(media_size_name=A4, media_type="labels"),
        media_col(media_size_name="om_small-photo_100x150mm", media_color="white"),
    ],
)
def test_what_no_tray_has_needs_to_be_loaded(paper, asked):
    spec, bad = paper.from_media_col(asked)
    assert not bad
    assert paper.needs_loading(spec)


def test_a_source_that_is_asked_for_is_taken(paper):
    spec, bad = paper.from_media_col(media_col(media_size_name=A4, media_color="blue", media_source="auto"))
    assert (spec.source, bad) == ("auto", ())


@pytest.mark.parametrize(
    "bad",
    [
        {"media_color": "red"},
        {"media_weight_metric": 80},
        {"media_hole_count": 2},
        {"media_order_count": 5},
        {"media_pre_printed": "letter-head"},
        {"media_key": "other"},
        {"media_thickness": 100},
        {"media_color": 3},
        {"media_weight_metric": "heavy"},
    ],
)
def test_what_nothing_is_comes_back(paper, bad):
    spec, names = paper.from_media_col(media_col(media_size_name=A4, **bad))
    assert spec is not None
    assert names == tuple(name.replace("_", "-") for name in bad)


def test_what_is_being_loaded_may_be_anything(paper):
    asked = media_col(media_size_name=A4, media_color="pink", media_thickness=12)
    spec, bad = paper.from_media_col(asked, loading=True)
    assert not bad
    assert spec.properties == (("media-color", "pink"), ("media-thickness", 12))
    assert paper.from_media_col(media_col(media_size_name=A4, media_weight_metric=-4), loading=True)[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{A4} blue", "'blue' is no property"),
        (f"{A4} media-color", "media-color cannot be"),
        (f"{A4} media-weight-metric=heavy", "media-weight-metric cannot be 'heavy'"),
        (f"{A4} media-type=gold", "knows no type 'gold'"),
        ("", "does not take ''"),
    ],
)
def test_mistakes_of_the_configuration(text, said):
    with pytest.raises(ConfigError, match=said) as mistake:
        choices({"tray-1": text})
    assert mistake.value.key == "printers.test.media_ready.tray-1"
