"""Every key is documented, and everything documented is a key."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tympan.config.loader import LISTS, SECTIONS, options
from tympan.config.option import FROM_TOML, option_of
from tympan.config.reference import main, with_references
from tympan.config.settings import Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"

ALL = {**SECTIONS, **LISTS}


def documented() -> dict[str, dict[str, str]]:
    """Keys and defaults of each section as the document gives them."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## `\[+(\w+)\]+`", line):
            section = heading.group(1)
            found[section] = {}
        elif (row := re.match(r"\| `(\w+)` \| [^|]+ \| ([^|]+) \|", line)) and section:
            found[section][row.group(1)] = row.group(2)
    return found


@pytest.mark.parametrize("section", ALL)
def test_the_document_and_the_code_have_the_same_keys(section):
    assert documented()[section].keys() == {each.name for each in fields(ALL[section])}


def test_the_document_gives_the_defaults_of_the_code():
    limits = documented()["limits"]
    for each in fields(SECTIONS["limits"]):
        assert limits[each.name] == f"`{each.default}`"


def test_the_tables_are_as_the_code_makes_them(tmp_path):
    copy = tmp_path / "configuration.md"
    copy.write_bytes(DOCUMENT.read_bytes())
    main([str(copy)])
    assert copy.read_text(encoding="utf-8") == DOCUMENT.read_text(encoding="utf-8"), (
        "run: python -m tympan.config.reference docs/configuration.md"
    )
    assert with_references("<!-- reference: log -->\nold\n<!-- end -->").count("\n| `level` |") == 1


@pytest.mark.parametrize("section", ALL)
def test_every_key_has_a_type_the_loader_knows_and_a_sentence(section):
    for each in options(ALL[section]).values():
        rule = option_of(each)
        assert str(each.type) in FROM_TOML
        assert rule is not None
        assert rule.meaning.endswith(".")
        if str(each.type) == "int":
            assert rule.minimum is not None
            assert rule.maximum is not None
            assert rule.minimum <= each.default <= rule.maximum


def test_units_stand_in_the_names_of_limits():
    units = (
        "_bytes",
        "_s",
        "_mib",
        "_jobs",
        "_connections",
        "_attributes",
        "_ratio",
        "_per_job",
        "_per_address",
        "_per_user",
        "_copies",
        "_pages",
    )
    for section in ("limits", "render"):
        for each in options(SECTIONS[section]).values():
            if str(each.type) == "int":
                assert each.name.endswith(units), each.name


def test_settings_have_every_section():
    assert {each.name for each in fields(Settings)} == {*ALL, "places", "simulated"}
