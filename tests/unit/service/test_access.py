"""Roles: who may change which job."""

from __future__ import annotations

import pytest

from tympan.model.job import Job
from tympan.service.access import EVERYBODY, Requester, Role


@pytest.mark.parametrize(
    ("requester", "claimed", "allowed"),
    [
        (EVERYBODY, "anna", True),
        (EVERYBODY, "bert", False),
        (EVERYBODY, "", False),
        (Requester(Role.USER, "bert", can_prove=True), "anna", False),  # what is proved counts
        (Requester(Role.USER, "anna", can_prove=True), "bert", True),
        (Requester(Role.OPERATOR, "olga", can_prove=True), "olga", True),
        (Requester(Role.ADMINISTRATOR, "adam", can_prove=True), "", True),
    ],
)
def test_a_job_is_its_owners_and_operators(requester, claimed, allowed):
    job = Job(job_id=1, printer="receipt", uuid="0", user="anna")
    assert requester.may_change(job, claimed) is allowed


def test_who_names_nobody_is_anonymous():
    assert EVERYBODY.user_name("") == "anonymous"
