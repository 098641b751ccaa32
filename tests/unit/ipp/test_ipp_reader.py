"""The reader for streams: pieces, early errors, bounds, and no quadratic work."""

from __future__ import annotations

import time

import pytest

from tympan.ipp import (
    Attribute,
    GroupTag,
    IppDecodeError,
    IppTruncatedError,
    Limits,
    Message,
    MessageReader,
    StatusCode,
    encode,
)

MESSAGE = Message.of(
    (2, 0),
    0x0002,
    5,
    (
        GroupTag.OPERATION,
        [Attribute.charset("attributes-charset", "utf-8"), Attribute.name_string("job-name", "x")],
    ),
    (GroupTag.JOB, [Attribute.collection("media-col", [Attribute.keyword("media-type", "labels")])]),
)
OCTETS = encode(MESSAGE)


def feed_all(reader: MessageReader, octets: bytes, size: int) -> None:
    for start in range(0, len(octets), size):
        reader.feed(octets[start : start + size])


def test_message_in_one_piece_with_document_data_behind_it():
    assert MessageReader().feed(OCTETS + b"%PDF-1.7") == (MESSAGE, b"%PDF-1.7")


def test_message_alone():
    assert MessageReader().feed(memoryview(OCTETS)) == (MESSAGE, b"")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_message_in_pieces(size):
    reader = MessageReader()
    stream = OCTETS + b"document"
    for start in range(0, len(stream), size):
        answer = reader.feed(stream[start : start + size])
        if answer is not None:
            message, left_over = answer
            assert message == MESSAGE
            assert left_over + stream[start + size :] == b"document"
            assert start < len(OCTETS) <= start + size
            return
    pytest.fail("the reader never gave the message")


@pytest.mark.parametrize("cut", range(len(OCTETS)))
def test_split_anywhere(cut):
    reader = MessageReader()
    assert reader.feed(OCTETS[:cut]) is None
    assert reader.feed(OCTETS[cut:] + b"tail") == (MESSAGE, b"tail")


def test_empty_pieces_do_nothing():
    reader = MessageReader()
    assert reader.feed(b"") is None
    assert reader.feed(OCTETS[:20]) is None
    assert reader.feed(b"") is None
    assert reader.feed(OCTETS[20:]) == (MESSAGE, b"")


@pytest.mark.parametrize("cut", [0, 5, 8, 30])
def test_close_before_the_end(cut):
    reader = MessageReader()
    assert reader.feed(OCTETS[:cut]) is None
    with pytest.raises(IppTruncatedError) as caught:
        reader.close()
    assert caught.value.request_id == (5 if cut >= 8 else 0)
    assert caught.value.offset == cut


def test_limit_on_the_message_is_inclusive():
    limits = Limits(max_message_octets=len(OCTETS))
    for size in (1, 10, len(OCTETS)):
        reader = MessageReader(limits)
        answers = [reader.feed(OCTETS[start : start + size]) for start in range(0, len(OCTETS), size)]
        assert answers[-1] == (MESSAGE, b"")


@pytest.mark.parametrize("size", [1, 10, 10_000])
def test_message_that_is_too_long_is_refused_when_the_limit_is_reached(size):
    # The end has not come yet; what has come fills the limit, so the message must be longer.
    limits = Limits(max_message_octets=len(OCTETS) - 1)
    with pytest.raises(IppDecodeError) as caught:
        feed_all(MessageReader(limits), OCTETS[:-1], size)
    assert caught.value.status is StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
    assert caught.value.request_id == 5


def test_endless_message_is_never_kept():
    reader = MessageReader(Limits(max_message_octets=10_000))
    endless = OCTETS[:-1] + b"\x44\x00\x01k\x00\x01x" + b"\x44\x00\x00\x00\x01x" * 10_000
    with pytest.raises(IppDecodeError) as caught:
        feed_all(reader, endless, 600)
    assert len(reader._buffer) <= 10_600
    assert caught.value.status is StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        (b"\x02\x00\x00\x02\x00\x00\x00\x05\x00", 8),
        (b"\x02\x00\x00\x02\x00\x00\x00\x05\x01\x44\xff\xff", 9),
        (b"\x02\x00\x00\x02\x00\x00\x00\x05\x01\x44\x00\x01a\x80\x00", 9),
    ],
)
def test_wrong_framing_is_refused_before_the_end_comes(octets, offset):
    """However the pieces fall: the error comes when its last octet has come, or a few octets later."""
    for size in (1, 4, 100):
        with pytest.raises(IppDecodeError) as caught:
            feed_all(MessageReader(), octets + bytes(8), size)
        assert caught.value.offset == offset
        assert not isinstance(caught.value, IppTruncatedError)


def test_octet_by_octet_costs_no_more_than_linear():
    def seconds(values: int) -> float:
        big = encode(
            Message.of((2, 0), 2, 1, (GroupTag.OPERATION, [Attribute.keyword("k", *["value"] * values)]))
        )
        best = float("inf")
        for _ in range(3):
            reader = MessageReader()
            start = time.perf_counter()
            for place in range(len(big)):
                reader.feed(big[place : place + 1])
            best = min(best, time.perf_counter() - start)
        return best

    # Ten times the length: 10 times the time if linear, 100 times if quadratic.
    assert seconds(5000) < 40 * seconds(500)
