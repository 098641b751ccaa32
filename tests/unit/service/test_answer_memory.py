"""Which devices are remembered to have answered: over restarts, and not of another device or profile."""

from __future__ import annotations

import asyncio

import pytest

from tympan.service.answer_memory import RECORD, AnsweringDevice, AnswerMemory
from tympan.spool.store import SaveRecord, Store

DEVICE = AnsweringDevice("serial:///dev/ttyUSB0?baud=38400", "tm-t88")


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "tympan.db", "relaxed")
    made.open()
    yield made
    made.close()


def kept(store):
    asyncio.run(store.commit())
    memory = AnswerMemory(store)
    memory.bring_back()
    return memory


def test_who_has_answered_is_known_after_a_restart(store):
    memory = AnswerMemory(store)
    assert not memory.recall("counter", DEVICE)
    memory.remember("counter", DEVICE, answers=True)
    assert kept(store).recall("counter", DEVICE)
    assert not kept(store).recall("kitchen", DEVICE)


@pytest.mark.parametrize(
    "other", [AnsweringDevice("serial:///dev/ttyUSB1?baud=38400", "tm-t88"), AnsweringDevice(DEVICE.device, "zijiang")]
)  # fmt: skip
def test_another_device_has_not_answered(store, other):
    AnswerMemory(store).remember("counter", DEVICE, answers=True)
    assert not kept(store).recall("counter", other)


def test_what_is_no_longer_so_is_forgotten(store):
    memory = AnswerMemory(store)
    memory.remember("counter", DEVICE, answers=True)
    memory.remember("kitchen", DEVICE, answers=True)
    memory.remember("counter", DEVICE, answers=False)
    memory.forget("kitchen")
    memory.forget("nobody")
    again = kept(store)
    assert not any(again.recall(name, DEVICE) for name in ("counter", "kitchen"))
    assert list(store.records(RECORD)) == []


def test_a_record_that_cannot_be_read_is_as_if_there_were_none(store):
    store.post(SaveRecord(RECORD, "counter", b"nonsense"))
    assert not kept(store).recall("counter", DEVICE)
