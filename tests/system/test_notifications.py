"""Notifications with real clients, real sockets and a real restart (RFC 3995, RFC 3996)."""

from __future__ import annotations

import subprocess
import threading
import time

import ipp_bytes
import pytest
from ipp_client import ask, print_bytes, printed
from processes import RECEIPT_AND_LASER, SERVER, Tympan

GET_NOTIFICATIONS, CREATE_PRINTER_SUBSCRIPTIONS, CREATE_SYSTEM_SUBSCRIPTIONS = 0x1C, 0x16, 0x58
SUBSCRIPTION, OCTETS = 6, 0x30
EVENTS_COMPLETE = 0x0007

WAIT_FOR_A_JOB = """
{
    NAME "Print-Job with a subscription"
    OPERATION Print-Job
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR mimeMediaType document-format text/plain
    GROUP subscription-attributes-tag
    ATTR keyword notify-pull-method ippget
    ATTR keyword notify-events job-completed
    FILE page.txt
    STATUS successful-ok
    EXPECT job-id OF-TYPE integer IN-GROUP job-attributes-tag
    EXPECT notify-subscription-id OF-TYPE integer IN-GROUP subscription-attributes-tag WITH-VALUE >0
    EXPECT !notify-status-code
}
{
    NAME "Get-Notifications until the job is completed"
    OPERATION Get-Notifications
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-ids $notify-subscription-id
    ATTR boolean notify-wait true
    STATUS successful-ok-events-complete
    EXPECT notify-subscribed-event OF-TYPE keyword IN-GROUP event-notification-attributes-tag COUNT 1 WITH-VALUE job-completed
    EXPECT notify-sequence-number OF-TYPE integer IN-GROUP event-notification-attributes-tag WITH-VALUE 1
    EXPECT notify-text OF-TYPE text IN-GROUP event-notification-attributes-tag
    EXPECT job-state OF-TYPE enum IN-GROUP event-notification-attributes-tag WITH-VALUE 9
    EXPECT printer-up-time OF-TYPE integer IN-GROUP operation-attributes-tag
    EXPECT !notify-get-interval
}
"""

LIFE_OF_A_SUBSCRIPTION = """
{
    NAME "Create-Printer-Subscriptions"
    OPERATION Create-Printer-Subscriptions
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    GROUP subscription-attributes-tag
    ATTR keyword notify-pull-method ippget
    ATTR keyword notify-events printer-config-changed,printer-state-changed
    ATTR integer notify-lease-duration 100
    STATUS successful-ok
    EXPECT notify-subscription-id OF-TYPE integer IN-GROUP subscription-attributes-tag WITH-VALUE >0
    EXPECT notify-lease-duration OF-TYPE integer IN-GROUP subscription-attributes-tag WITH-VALUE 100
}
{
    NAME "Get-Subscription-Attributes"
    OPERATION Get-Subscription-Attributes
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-id $notify-subscription-id
    STATUS successful-ok
    EXPECT notify-events OF-TYPE keyword COUNT 2
    EXPECT notify-lease-expiration-time OF-TYPE integer
    EXPECT notify-printer-up-time OF-TYPE integer
    EXPECT notify-sequence-number OF-TYPE integer WITH-VALUE 0
    EXPECT notify-subscriber-user-name OF-TYPE name WITH-VALUE $user
}
{
    NAME "Get-Subscriptions"
    OPERATION Get-Subscriptions
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR boolean my-subscriptions true
    STATUS successful-ok
    EXPECT notify-subscription-id OF-TYPE integer IN-GROUP subscription-attributes-tag WITH-VALUE $notify-subscription-id
}
{
    NAME "Renew-Subscription"
    OPERATION Renew-Subscription
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-id $notify-subscription-id
    GROUP subscription-attributes-tag
    ATTR integer notify-lease-duration 300
    STATUS successful-ok
    EXPECT notify-lease-duration OF-TYPE integer IN-GROUP subscription-attributes-tag WITH-VALUE 300
}
{
    NAME "Get-Notifications, nothing has happened"
    OPERATION Get-Notifications
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-ids $notify-subscription-id
    STATUS successful-ok
    EXPECT notify-get-interval OF-TYPE integer IN-GROUP operation-attributes-tag WITH-VALUE >0
    EXPECT printer-up-time OF-TYPE integer IN-GROUP operation-attributes-tag
    EXPECT !notify-subscribed-event
}
{
    NAME "Cancel-Subscription"
    OPERATION Cancel-Subscription
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-id $notify-subscription-id
    STATUS successful-ok
}
{
    NAME "Cancel-Subscription again"
    OPERATION Cancel-Subscription
    GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8
    ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri
    ATTR name requesting-user-name $user
    ATTR integer notify-subscription-id $notify-subscription-id
    STATUS client-error-not-found
}
"""


def ipptool(folder, uri, test):
    (folder / "own.test").write_text(test)
    (folder / "page.txt").write_text("A page.\n")
    return subprocess.run(
        ["ipptool", "-tI", "-T", "30", uri, "own.test"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("test", [LIFE_OF_A_SUBSCRIPTION, WAIT_FOR_A_JOB], ids=["life", "wait"])
@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_ipptool(service, tmp_path, printer, test):
    done = ipptool(tmp_path, service.uri(printer), test)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("[PASS]") == test.count("NAME ")


def test_cups_own_tests_of_subscriptions(service):
    """get-notifications.test is left out: it expects ``notify-event``, which no specification has."""
    for name in ("create-printer-subscription.test", "get-subscriptions.test"):
        done = subprocess.run(
            ["ipptool", "-t", service.uri(), name], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def user():
    return ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", "tester")


def subscribe(service, *events, printer="receipt"):
    """Subscribe to a printer; returns the subscription's number."""
    wish = ipp_bytes.attribute(ipp_bytes.KEYWORD, "notify-pull-method", "ippget") + ipp_bytes.attribute(
        ipp_bytes.KEYWORD, "notify-events", *events
    )
    body = ipp_bytes.request(CREATE_PRINTER_SUBSCRIPTIONS, service.uri(printer), user())
    answer = ask(service, body[:-1] + bytes((SUBSCRIPTION,)) + wish + body[-1:])
    assert ipp_bytes.status_of(answer) == 0, ipp_bytes.values_of(answer)
    return ipp_bytes.integer_of(answer, "notify-subscription-id")


def fetch(service, number, *, printer="receipt", first=1, wait=False):
    """Get-Notifications: the status, and number and event of each."""
    body = ipp_bytes.request(
        GET_NOTIFICATIONS, service.uri(printer), user(),
        ipp_bytes.attribute(ipp_bytes.INTEGER, "notify-subscription-ids", number),
        ipp_bytes.attribute(ipp_bytes.INTEGER, "notify-sequence-numbers", first),
        ipp_bytes.attribute(ipp_bytes.BOOLEAN, "notify-wait", wait),
    )  # fmt: skip
    answer = ask(service, body)
    numbers = [
        int.from_bytes(octets, "big")
        for _, name, _, octets in ipp_bytes.values_of(answer)
        if name == "notify-sequence-number"
    ]
    events = ipp_bytes.strings_of(answer, "notify-subscribed-event")
    return ipp_bytes.status_of(answer), list(zip(numbers, events, strict=True))


def test_a_client_that_waits_hears_at_once(service):
    number = subscribe(service, "job-created", "job-completed")
    heard = {}

    def wait():
        heard["told"] = fetch(service, number, wait=True)
        heard["at"] = time.monotonic()

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert waiting.is_alive()
    began = time.monotonic()
    job_id = print_bytes(service, "receipt", b"Hello.\n", "text/plain")
    waiting.join(10)
    assert heard["told"][0] == 0
    assert heard["told"][1][0] == (1, "job-created")
    assert heard["at"] - began < 2
    printed(service, "receipt", job_id)
    assert [event for _, event in fetch(service, number)[1]] == ["job-created", "job-completed"]


def test_a_client_that_waits_does_not_hold_up_the_stop(tmp_path):
    with Tympan(tmp_path, SERVER + RECEIPT_AND_LASER) as service:
        number = subscribe(service, "printer-state-changed")
        heard = []
        waiting = threading.Thread(target=lambda: heard.append(fetch(service, number, wait=True)))
        waiting.start()
        time.sleep(0.3)
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 4, "the time that running requests get is 5 s"
        waiting.join(5)
        assert heard == [(0, [(1, "printer-state-changed")])]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_loses_no_subscription_and_repeats_no_number(tmp_path, end):
    service = Tympan(tmp_path, SERVER + RECEIPT_AND_LASER)
    service.start()
    try:
        number = subscribe(service, "job-created", "printer-restarted")
        for _ in range(3):
            print_bytes(service, "receipt", b"Hello.\n", "text/plain")
        before = [given for given, _ in fetch(service, number)[1]]
        assert before == [1, 2, 3]
        getattr(service, end)()
        service.start()
        status, after = fetch(service, number)
        assert status == 0
        assert [event for _, event in after] == ["printer-restarted"]
        assert after[0][0] == 4 if end == "stop" else after[0][0] > 3
        print_bytes(service, "receipt", b"Hello.\n", "text/plain")
        status, after = fetch(service, number)
        assert [event for _, event in after] == ["printer-restarted", "job-created"]
        assert after[1][0] == after[0][0] + 1
        assert subscribe(service, "job-created") > number
    finally:
        service.stop()
    assert "Traceback" not in service.log.read_text()
