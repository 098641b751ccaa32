"""The message catalogues have every keyword and enum that any printer of ours advertises, in every language."""

from __future__ import annotations

import re
import string

import pytest

from tympan.driver import registry
from tympan.ipp import ValueTag
from tympan.ipp.registry import _table, section
from tympan.model.media import standard_sizes
from tympan.service.condition import ALERTS
from tympan.service.media import media_attributes, media_choices
from tympan.service.strings import LANGUAGES, catalogue, localized, matching_language, strings_file
from tympan.service.template import Template

LABELLED = {ValueTag.KEYWORD, ValueTag.ENUM}

OF_MEMBERS = {"overrides", "proof-print"}
"""Their supported values are names of attributes, as those of collections are."""

JOB_STATE_REASONS = [
    "none",
    "job-incoming",
    "job-data-insufficient",
    "document-access-error",
    "submission-interrupted",
    "job-outgoing",
    "job-hold-until-specified",
    "resources-are-not-ready",
    "printer-stopped-partly",
    "printer-stopped",
    "job-interpreting",
    "job-queued",
    "job-transforming",
    "job-queued-for-marker",
    "job-printing",
    "job-canceled-by-user",
    "job-canceled-by-operator",
    "job-canceled-at-device",
    "aborted-by-system",
    "unsupported-compression",
    "compression-error",
    "unsupported-document-format",
    "document-format-error",
    "processing-to-stop-point",
    "service-off-line",
    "job-completed-successfully",
    "job-completed-with-warnings",
    "job-completed-with-errors",
    "job-restartable",
    "queued-in-device",
]
"""RFC 8011 §5.3.8."""


def every_template():
    for driver in registry.drivers().values():
        for profile in driver.profiles():
            capabilities = driver.capabilities(profile)
            yield Template(capabilities, media_choices(capabilities, {}, "", profile))


def advertised():
    """Keys of all that a client would show: names of job template attributes, their keywords and enums."""
    for template in every_template():
        yield from template.names()
        for attribute in [*template.printer_attributes(), *media_attributes(template.media)]:
            name = attribute.name.removesuffix("-supported")
            if name == attribute.name:
                continue
            for tag, value in attribute.values:
                if tag in LABELLED:
                    is_member = name.endswith("-col") or name in OF_MEMBERS
                    yield (
                        str(value) if is_member else f"{name}.{int(value) if tag == ValueTag.ENUM else value}"
                    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_keyword_advertised_has_a_text(language):
    keys, texts = set(advertised()), catalogue(language)
    assert len(keys) > 80
    assert {key for key in keys if not texts.get(key)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_standard_size_and_state_has_a_text(language):
    keys = {f"media.{size.name}" for size in standard_sizes()}
    keys |= {f"printer-state-reasons.{reason}" for reason in ALERTS}
    keys |= {f"printer-state-reasons.{reason}-error" for reason in ALERTS if reason != "none"}
    keys |= {f"job-state-reasons.{reason}" for reason in JOB_STATE_REASONS}
    keys |= {f"job-state.{state}" for state in range(3, 10)} | {
        f"printer-state.{state}" for state in range(3, 6)
    }
    texts = catalogue(language)
    assert {key for key in keys if not texts.get(key)} == set()


def test_languages_differ_where_they_should():
    """A column that was left out, or put in another's place, would show."""
    for language in LANGUAGES[1:]:
        same = [key for key, text in catalogue(language).items() if text == localized(key, "en")]
        assert len(same) < len(catalogue(language)) / 3
    japanese = [
        text for key, text in catalogue("ja").items() if key.startswith(("sides.", "printer-state-reasons."))
    ]
    assert all(not set(string.ascii_letters) >= set(text) for text in japanese)


def test_every_key_is_of_an_attribute_that_is_registered():
    known = {name for each in ("Job Template", "Operation", "Job Description", "Job Status", "Printer Status", "Printer Description") for name in section(each)}  # fmt: skip
    known |= {name.rpartition(".")[2] for name in _table()["Job Template"]}
    assert {key.partition(".")[0] for key in catalogue("en")} <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_what_clients_read(language):
    """Each line is a pair of quoted strings, as Apple's format has it, in UTF-8."""
    lines = strings_file(language).decode("utf-8").splitlines()
    pairs = [re.fullmatch(r'"((?:[^"\\]|\\.)+)" = "((?:[^"\\]|\\.)+)";', line) for line in lines]
    assert all(pairs)
    assert {pair[1]: pair[2] for pair in pairs} == dict(catalogue(language))


@pytest.mark.parametrize(
    ("asked", "given"), [("de-AT", "de"), ("DE", "de"), ("ja", "ja"), ("pt-BR", "en"), ("", "en"), ("en-GB", "en")]
)  # fmt: skip
def test_languages_are_matched_by_their_primary_part(asked, given):
    assert matching_language(asked) == given


def test_a_keyword_without_a_text_is_itself():
    assert localized("media-source.tray-of-somebody", "de") == "tray-of-somebody"
