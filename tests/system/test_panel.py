"""The panel of a running service in simulation: what happens to a printer is seen on the lights, what is pressed happens to it.

The lights are read from gpiozero's pins through ``/panel.json``; the printers are real processes with paper and covers.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time

import ipp_bytes
import pytest
from ipp_client import ask, ended, print_bytes, printed
from processes import Tympan

from tympan_sim import control

SETTINGS = {"TYMPAN_PANEL_BUZZER_REPEAT_S": "0"}

CANCELED = 7

IDENTIFY_PRINTER = 0x003C

OCTET_STRING = 0x30


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("panel"), environment=SETTINGS) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(autouse=True)
def all_is_well(service):
    yield
    for printer in ("receipt", "laser"):
        tell(service, printer, "well")
    for button in ("button", "release_button", "feed_button", "paper_near_end"):
        push(service, "release", button)
    wait_for(service, lambda state: state["says"] == "ready")


def tell(service, printer, command):
    """Tell a simulated printer something, once it is there."""
    socket = service.state / "simulated" / printer / "control.sock"
    end = time.monotonic() + 10
    while not socket.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    control.send(socket, command)


def get(service, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def state_of(service):
    status, body = get(service, "/panel.json")
    assert status == 200
    return json.loads(body)


def light(state, name):
    return next(each["colour"] for each in state["lights"] if each["name"] == name)


def push(service, what, button, **more):
    form = "&".join(f"{key}={value}" for key, value in {"button": button, **more}.items())
    status, _ = get(
        service, f"/panel/{what}", "POST", form, **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert status == 303


def wait_for(service, wanted, timeout_s=20.0):
    end = time.monotonic() + timeout_s
    while not wanted(state := state_of(service)):
        assert time.monotonic() < end, (state, service.log.read_text()[-3000:])
        time.sleep(0.02)
    return state


def blinks(service, name, seconds):
    """When a light goes on within so many seconds, as the events tell it."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=seconds + 20)
    times, before, began = [], True, time.monotonic()
    try:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        while (now := time.monotonic() - began) < seconds:
            line = answer.readline()
            if line.startswith(b"data: "):
                on = light(json.loads(line.removeprefix(b"data: ")), name) != "off"
                if on and not before:
                    times.append(now)
                before = on
    finally:
        connection.close()
    return times


def rounds(times):
    """Numbers of blinks between pauses, without the first and the last, which were not seen whole."""
    groups = [[times[0]]]
    for earlier, later in itertools.pairwise(times):
        if later - earlier > 1.0:
            groups.append([])
        groups[-1].append(later)
    return [len(group) for group in groups[1:-1]]


@pytest.mark.parametrize(
    ("fault", "count", "words"),
    [
        ("paper-out", 1, "paper is out or low"),
        ("cover", 2, "cover is open"),
        ("unplug", 4, "printer is away or off"),
    ],
)
def test_what_is_wrong_with_a_printer_is_blinked_and_ends_by_itself(service, fault, count, words):
    tell(service, "receipt", f"{fault} on")
    job = print_bytes(service, "receipt", b"Coffee   2.40\n" * 30, "text/plain")
    began = time.monotonic()
    state = wait_for(service, lambda state: "needs a person" in state["says"])
    assert time.monotonic() - began < 5
    times = f"{count} blink{'' if count == 1 else 's'}"
    if words not in state["says"]:
        state = wait_for(service, lambda state: words in state["says"], 5)
    assert state["says"] == f"receipt needs a person: {words} ({times})"
    seen = rounds(blinks(service, "error_led", 9))
    assert seen
    assert set(seen) == {count}
    tell(service, "receipt", "well")
    assert printed(service, "receipt", job)
    wait_for(service, lambda state: state["says"] == "ready" and light(state, "error_led") == "off")


def test_a_button_cancels_what_prints(service):
    tell(service, "laser", "slow 0.02")
    pages = b"\f".join(b"page %d" % number for number in range(30))
    job = print_bytes(service, "laser", pages, "text/plain")
    wait_for(service, lambda state: state["says"] == "printing")
    push(service, "hold", "button", seconds="tap")
    state, reasons, message, _ = ended(service, "laser", job)
    assert state == CANCELED
    assert reasons == ["job-canceled-at-device"]
    assert message == "The job was canceled at the printer."


def pictures(service):
    """What the receipt printer has printed."""
    return set((service.state / "simulated" / "receipt").glob("*.png"))


def test_three_seconds_print_the_configuration_page(service):
    before = pictures(service)
    push(service, "press", "button")
    time.sleep(3.2)
    assert pictures(service) == before
    push(service, "release", "button")
    end = time.monotonic() + 20
    while not (news := pictures(service) - before):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(news) == 1
    wait_for(service, lambda state: state["says"] == "ready")


def test_the_feed_button_feeds(service):
    folder = service.state / "simulated" / "receipt"
    before = set(folder.glob("*.bin"))
    push(service, "hold", "feed_button", seconds="tap")
    end = time.monotonic() + 10
    while not (news := set(folder.glob("*.bin")) - before):
        assert time.monotonic() < end
        time.sleep(0.02)
    wait_for(service, lambda state: state["says"] == "ready")
    assert b"\x1b@" in (data := news.pop().read_bytes())
    assert b"\x1bd\x04" in data


def test_a_pin_of_taps_lets_a_job_print(service):
    request = ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        service.uri("receipt"),
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
        ipp_bytes.attribute(OCTET_STRING, "job-password", "12"),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "job-password-encryption", "none"),
        document=b"For your eyes only.\n",
    )
    job = ipp_bytes.integer_of(ask(service, request), "job-id")
    time.sleep(0.3)
    for digit in (1, 2):
        for _ in range(digit):
            push(service, "press", "release_button")
            time.sleep(0.06)
            push(service, "release", "release_button")
            time.sleep(0.1)
        time.sleep(1.2)
    assert printed(service, "receipt", job)


def test_paper_that_runs_low(service):
    push(service, "press", "paper_near_end")
    state = wait_for(service, lambda state: "paper is out or low" in state["says"])
    assert state["says"].startswith("ready")
    assert light(state, "ready_led") == "green"
    request = ipp_bytes.request(ipp_bytes.GET_PRINTER_ATTRIBUTES, service.uri("receipt"))
    assert ipp_bytes.strings_of(ask(service, request), "printer-state-reasons") == ["media-low-warning"]


def test_identify_printer(service):
    request = ipp_bytes.request(
        IDENTIFY_PRINTER,
        service.uri("laser"),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "identify-actions", "flash", "sound"),
    )
    answer = ask(service, request)
    assert ipp_bytes.status_of(answer) == 0
    assert (
        9 <= len(blinks(service, "ready_led", 3)) <= 13
    )  # four times a second, on a machine that may be busy
    push(service, "hold", "button", seconds="tap")
    wait_for(service, lambda state: light(state, "ready_led") == "green" and not state["buzzer"]["on"])


def test_events_tell_each_change_and_end_with_the_service(tmp_path):
    with Tympan(tmp_path, environment=SETTINGS) as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "text/event-stream"
        lines = []

        def read():
            with contextlib.suppress(OSError, http.client.HTTPException):
                while line := answer.readline():
                    lines.append(line)

        reader = threading.Thread(target=read)
        reader.start()
        end = time.monotonic() + 40
        while not state_of(running)["buttons"]:  # the panel is loaded while the service starts
            assert time.monotonic() < end
            time.sleep(0.02)
        push(running, "hold", "button", seconds="0.5")
        end = time.monotonic() + 10
        while not any(b'"down":true' in line for line in lines):
            assert time.monotonic() < end
            time.sleep(0.02)
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 4, "a page that watches must not hold the service up"
        reader.join(10)
        assert not reader.is_alive()
        connection.close()
    assert lines[0] == b"event: panel\n"
    assert json.loads(lines[1].removeprefix(b"data: "))["says"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
def test_a_page_of_another_site_presses_nothing(service, headers, status):
    got, _ = get(service, "/panel/press", "POST", "button=paper_near_end", **headers)
    assert got == status
    down = next(each["down"] for each in state_of(service)["buttons"] if each["stays"])
    assert down == (status == 303)
