"""Operations on many jobs leave the event loop to others between them."""

from __future__ import annotations

import asyncio

import pytest
from desk import BASE, CHARSET, LANGUAGE, OPERATOR, RECEIPT, open_desk, pieces

from tympan.endpoint import dispatch
from tympan.endpoint.turns import AT_ONCE, in_turns
from tympan.ipp import Attribute, GroupTag, Message, Operation

MANY = 6 * AT_ONCE


@pytest.fixture
def full(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        for _ in range(MANY):
            desk.printed()
        yield desk


def others_turns(desk, operation, *attributes):
    """How often others ran while an operation was carried out, and what it answered."""
    head = (CHARSET, LANGUAGE, Attribute.uri("printer-uri", RECEIPT), *attributes)
    request = Message.of((2, 0), operation, 7, (GroupTag.OPERATION, head))

    async def run():
        asked = asyncio.ensure_future(dispatch.answer(desk.service, request, pieces(), BASE, OPERATOR))
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0)
        return turns, asked.result()

    return desk.runner.run(run())


@pytest.mark.parametrize("operation", [Operation.GET_JOBS, Operation.CANCEL_MY_JOBS, Operation.CANCEL_JOBS])
def test_others_get_their_turn(full, operation):
    turns, answer = others_turns(full, operation)
    assert answer[2:4] == b"\0\0"
    assert turns >= MANY // AT_ONCE


def test_what_is_added_or_removed_meanwhile_changes_nothing():
    items = list(range(3 * AT_ONCE))

    async def run():
        seen = []
        async for item in in_turns(items):
            seen.append(item)
            items.clear()
        return seen

    assert asyncio.run(run()) == list(range(3 * AT_ONCE))
