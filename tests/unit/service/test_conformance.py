"""Versions and features follow the operations that are offered; CUPS' own suites say which each version needs."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from tympan.ipp import Operation
from tympan.service.conformance import (
    REQUIRED_OPERATIONS,
    REQUIRED_TEMPLATE,
    features_supported,
    versions_supported,
)

SUITES = Path("/usr/share/cups/ipptool")


def required_by(suite):
    text = (SUITES / suite).read_text()
    return {
        Operation(int(number, 16))
        for number in re.findall(r"EXPECT operations-supported (?:OF-TYPE \S+ IN-GROUP \S+ )?WITH-VALUE (0x\w+) #", text)
    }  # fmt: skip


@pytest.mark.skipif(not SUITES.exists(), reason="cups-ipp-utils is not installed")
@pytest.mark.parametrize("version", ["1.1", "2.1", "2.2"])
def test_a_version_needs_what_its_suite_expects(version):
    wanted = required_by(f"ipp-{version}.test")
    assert wanted
    assert wanted <= REQUIRED_OPERATIONS[version]


def test_each_version_needs_all_of_the_one_before():
    versions = list(REQUIRED_OPERATIONS.values())
    for older, newer in itertools.pairwise(versions):
        assert older < newer


EVERYTHING = [name for names in REQUIRED_TEMPLATE.values() for name in names]


def test_one_operation_missing_is_a_version_missing():
    assert versions_supported(list(Operation), EVERYTHING) == ("1.1", "2.0", "2.1", "2.2")
    assert versions_supported(set(Operation) - {Operation.PROMOTE_JOB}, EVERYTHING) == ("1.1", "2.0", "2.1")
    assert versions_supported(set(Operation) - {Operation.PURGE_JOBS}, EVERYTHING) == ("1.1", "2.0")
    assert versions_supported([Operation.PRINT_JOB], EVERYTHING) == ("1.1",)


@pytest.mark.parametrize(
    ("missing", "versions"),
    [("overrides", ("1.1", "2.0", "2.1")), ("job-sheets", ("1.1", "2.0")), ("sides", ("1.1",))],
)
def test_one_attribute_missing_is_a_version_missing(missing, versions):
    assert versions_supported(list(Operation), set(EVERYTHING) - {missing}) == versions


@pytest.mark.skipif(not SUITES.exists(), reason="cups-ipp-utils is not installed")
@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_a_version_needs_attributes_that_its_suite_expects(version):
    text = (SUITES / f"ipp-{version}.test").read_text()
    expected = set(re.findall(r"EXPECT ([a-z-]+)-supported", text))
    assert REQUIRED_TEMPLATE[version] <= expected


def test_features():
    assert features_supported([Operation.PRINT_JOB], []) == ("none",)
    everything = features_supported(list(Operation), ["copies", "overrides", "proof-print"])
    assert everything == (
        "ipp-everywhere",
        "document-object",
        "subscription-object",
        "page-overrides",
        "proof-print",
    )
    assert "ipp-everywhere" not in features_supported(set(Operation) - {Operation.IDENTIFY_PRINTER}, [])
