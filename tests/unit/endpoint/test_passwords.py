"""HTTP Basic: who is believed, who is slowed down; with a clock of its own."""

from __future__ import annotations

import asyncio
import base64

import pytest

from tympan.config import LimitSettings, UserSettings
from tympan.endpoint import passwords as module
from tympan.endpoint.passwords import Passwords, TooManyPasswordsError
from tympan.service.access import Requester, Role

LIMITS = LimitSettings(
    max_wrong_passwords_per_address=3, max_wrong_passwords_per_user=5, wrong_password_window_s=100
)
RIGHT = {"anna": "häuser: 7", "olga": "correct horse", "adam": "staple"}
ROLES = {"anna": "user", "olga": "operator", "adam": "administrator"}
HERE = "192.0.2.1"


class Desk:
    """Passwords, with a clock that stands still, and checks that are counted instead of computed."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        self.checked: list[str] = []
        monkeypatch.setattr(module, "is_password", self._is_password)
        monkeypatch.setattr(module, "hash_password", lambda _: "nobody's")
        users = [UserSettings(name, f"hash of {name}", ROLES[name]) for name in RIGHT]
        self.passwords = Passwords(users, LIMITS, lambda: self.now)

    def _is_password(self, password, password_hash):
        self.checked.append(password_hash)
        return RIGHT.get(password_hash.removeprefix("hash of ")) == password

    def ask(self, name, password, address=HERE):
        encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
        return asyncio.run(self.passwords.requester(f"Basic {encoded}", address))


@pytest.fixture
def desk(monkeypatch):
    return Desk(monkeypatch)


@pytest.mark.parametrize(
    ("name", "role"), [("anna", Role.USER), ("olga", Role.OPERATOR), ("adam", Role.ADMINISTRATOR)]
)
def test_the_right_password_proves_name_and_role(desk, name, role):
    assert desk.ask(name, RIGHT[name]) == Requester(role, name, can_prove=True)


@pytest.mark.parametrize(
    ("name", "password"),
    [("olga", "staple"), ("olga", ""), ("nobody", "correct horse"), ("Olga", "correct horse")],
)
def test_anything_else_proves_nothing(desk, name, password):
    assert desk.ask(name, password) is None


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(desk):
    desk.ask("nobody", "x")
    assert desk.checked == ["nobody's"]


def test_a_right_password_is_remembered_for_a_while(desk):
    for _ in range(5):
        assert desk.ask("olga", "correct horse") is not None
    assert len(desk.checked) == 1
    desk.now += module.REMEMBERED_S
    assert desk.ask("olga", "correct horse") is not None
    assert len(desk.checked) == 2


def test_after_too_many_wrong_ones_nothing_is_tried_for_that_address(desk):
    for _ in range(3):
        assert desk.ask("olga", "wrong") is None
    checked = len(desk.checked)
    with pytest.raises(TooManyPasswordsError) as caught:
        desk.ask("adam", "staple")
    assert caught.value.retry_after_s == 100
    assert len(desk.checked) == checked
    assert desk.ask("anna", RIGHT["anna"], "192.0.2.2") is not None  # others are not meant
    desk.now += 99
    with pytest.raises(TooManyPasswordsError):
        desk.ask("adam", "staple")
    desk.now += 1
    assert desk.ask("olga", "wrong") is None


def test_after_too_many_wrong_ones_from_everywhere_nothing_is_tried_for_that_user(desk):
    for number in range(5):
        assert desk.ask("olga", "wrong", f"192.0.2.{number}") is None
    with pytest.raises(TooManyPasswordsError):
        desk.ask("olga", "correct horse", "192.0.2.99")
    assert desk.ask("adam", "staple", "192.0.2.99") is not None


def test_who_is_known_already_is_not_locked_out_by_others(desk):
    assert desk.ask("olga", "correct horse") is not None
    for number in range(5):
        desk.ask("olga", "wrong", f"192.0.2.{number}")
    assert desk.ask("olga", "correct horse") is not None


def test_right_passwords_do_not_count(desk):
    for _ in range(20):
        desk.now += module.REMEMBERED_S
        assert desk.ask("olga", "correct horse") is not None


def test_the_attempts_of_a_whole_network_are_not_kept_for_ever(desk, monkeypatch):
    monkeypatch.setattr(module, "MAX_WATCHED", 10)
    for number in range(30):
        desk.ask(f"user {number}", "x", f"192.0.2.{number}")
    assert len(desk.passwords._of_address._counted) == 10
    assert len(desk.passwords._of_user._counted) == 10


def test_many_at_once_do_not_wait_for_ever(desk, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 2)

    async def many():
        asked = [
            desk.passwords.requester("Basic " + base64.b64encode(b"olga:x").decode(), f"192.0.2.{n}")
            for n in range(4)
        ]
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(many())
    assert answers[:2] == [None, None]
    assert all(isinstance(each, TooManyPasswordsError) for each in answers[2:])
