"""A printer's state, its reasons and times, and what it says of its jobs (RFC 8011 §5.4)."""

from __future__ import annotations

import pytest

from tympan.ipp.enums import JobState, PrinterState
from tympan.model.job import Job
from tympan.service.job_attributes import attributes_of, which_jobs

URI = "ipp://printer.example/ipp/print/receipt"


@pytest.fixture
def receipt(printers):
    return printers["receipt"]


def job(number, state=JobState.PENDING, **more):
    return Job(job_id=number, printer="receipt", uuid="u", state=state, **more)


def shown(printer, uri=URI):
    return printer.attributes(uri, ["all"])


def test_states_change_their_time_only_when_they_change(receipt, clock):
    media = receipt.template.media.default
    assert shown(receipt)["printer-state"].first == PrinterState.IDLE
    clock.now = 200
    receipt.begins(job(1), media)
    assert shown(receipt)["printer-state-change-time"].first == 200
    clock.now = 300
    receipt.begins(job(2), media)
    assert shown(receipt)["printer-state-change-time"].first == 200
    receipt.device_stopped(("media-empty-error",), "Out of paper.")
    assert shown(receipt)["printer-state"].first == PrinterState.STOPPED
    assert shown(receipt)["printer-state-change-time"].first == 300
    assert shown(receipt)["printer-state-reasons"].strings() == ("media-empty-error",)
    receipt.ends()
    assert receipt.state == PrinterState.STOPPED
    receipt.device_running()
    assert (receipt.state, receipt.reasons, receipt.message) == (PrinterState.IDLE, ("none",), "")


def test_every_change_is_seen_by_those_who_remember_answers(receipt):
    media = receipt.template.media.default
    each = job(1)
    seen = {receipt.generation}
    for change in (
        lambda: receipt.add(each),
        lambda: receipt.begins(each, media),
        lambda: receipt.device_stopped(("media-empty-error",), "Out of paper."),
        receipt.device_running,
        receipt.ends,
        lambda: receipt.finished(each),
        lambda: receipt.announce("here"),
    ):
        change()
        assert receipt.generation not in seen
        seen.add(receipt.generation)


def test_an_announcement_covers_the_devices_message(receipt):
    receipt.device_stopped(("cover-open-error",), "The cover is open.")
    receipt.announce("over here")
    assert receipt.message == "over here"
    receipt.announce("")
    assert receipt.message == "The cover is open."


def test_uris(printers):
    receipt = shown(printers["receipt"])
    secure = [uri.replace("ipp:", "ipps:") for uri in (URI, "ipp://printer.example/ipp/print")]
    assert receipt["printer-uri-supported"].strings() == (URI, "ipp://printer.example/ipp/print", *secure)
    assert receipt["uri-security-supported"].strings() == ("none", "none", "tls", "tls")
    laser = shown(printers["laser"], "ipp://[2001:db8::1]:8631/ipp/print/laser")
    assert laser["printer-uri-supported"].strings() == tuple(
        f"{scheme}://[2001:db8::1]:8631/ipp/print/laser" for scheme in ("ipp", "ipps")
    )
    over_tls = shown(printers["laser"], "ipps://printer.example:443/ipp/print/laser")
    assert over_tls["printer-uri-supported"].strings()[0] == "ipps://printer.example:443/ipp/print/laser"
    assert over_tls["uri-security-supported"].strings() == ("tls", "none")
    assert over_tls["printer-more-info"].first == "https://printer.example:443/"
    assert laser["printer-more-info"].first == "http://[2001:db8::1]:8631/"
    for each in (receipt, laser):
        for name in ("uri-authentication-supported", "uri-security-supported"):
            assert len(each[name].values) == len(each["printer-uri-supported"].values)


# --- which jobs, RFC 8011 §4.2.6.2 ------------------------------------------------------------------------------------


@pytest.fixture
def busy(receipt):
    """A printer with a job in each state, added in the order of the states' numbers; the ended ones end in reverse."""
    jobs = {state: job(int(state), state=JobState.PENDING) for state in JobState}
    for each in jobs.values():
        receipt.add(each)
    for state, each in jobs.items():
        each.state = state
    for state in (JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED):
        receipt.finished(jobs[state])
    return receipt


@pytest.mark.parametrize(
    ("which", "states"),
    [
        ("not-completed", [3, 4, 5, 6]),
        ("completed", [7, 8, 9]),  # newest end first
        ("all", [3, 4, 5, 6, 7, 8, 9]),
        ("aborted", [8]),
        ("canceled", [7]),
        ("pending", [3]),
        ("pending-held", [4]),
        ("processing", [5]),
        ("processing-stopped", [6]),
    ],
)
def test_which_jobs(busy, which, states):
    assert [int(each.state) for each in which_jobs(busy, which)] == states


def test_other_jobs_there_are_none(busy):
    with pytest.raises(KeyError):
        which_jobs(busy, "saved")


def test_a_job_that_has_ended_shows_its_times(receipt):
    each = job(1, created_at=5, created_date=1_700_000_000)
    each.move(JobState.PROCESSING, now=7, date=1_700_000_002)
    each.move(JobState.COMPLETED, now=9, date=1_700_000_004)
    found = {a.name: a for a in attributes_of(each, receipt, URI, 20, ["all"])}
    assert [found[f"time-at-{name}"].first for name in ("creation", "processing", "completed")] == [5, 7, 9]
    assert found["date-time-at-completed"].first.timestamp() == 1_700_000_004
    assert found["job-printer-up-time"].first == 20
    assert found["job-state-reasons"].strings() == ("job-completed-successfully",)


def test_a_few_attributes_cost_no_template(receipt, monkeypatch):
    """10,000 jobs are listed by name and state."""
    monkeypatch.setattr(receipt.template, "echo", lambda _: pytest.fail("it was not asked for"))
    found = attributes_of(job(1), receipt, URI, 1, ["job-id", "job-name", "job-state"])
    assert {each.name for each in found} == {"job-id", "job-name", "job-state"}


def test_changes_of_configuration_are_counted(receipt, clock):
    assert shown(receipt)["printer-config-changes"].first == 0
    clock.now = 500
    receipt.configured()
    assert shown(receipt)["printer-config-changes"].first == 1
    assert shown(receipt)["printer-config-change-time"].first == 500
