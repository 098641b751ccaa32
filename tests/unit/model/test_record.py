"""Records: what is kept comes back, what is damaged is told."""

from __future__ import annotations

import msgspec
import pytest

from tympan.model.record import RecordCodec


class Earlier(msgspec.Struct):
    name: str


class Later(msgspec.Struct):
    name: str
    copies: int = 1


def test_what_an_earlier_version_did_not_know_has_its_default():
    record = RecordCodec(Earlier, "a thing").encode(Earlier("label"))
    assert RecordCodec(Later, "a thing").decode(record) == Later("label", 1)


@pytest.mark.parametrize("record", [b"", b"\xc1", b"\x81\xa4name\x07", b"\x81\xa4na"])
def test_what_is_no_record_is_said_to_be_none(record):
    with pytest.raises(ValueError, match="the record of a thing cannot be read"):
        RecordCodec(Later, "a thing").decode(record)
