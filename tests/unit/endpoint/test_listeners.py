"""Which sockets are listened on: `server.listen` and what was passed make sense together."""

from __future__ import annotations

import contextlib
import logging
import socket

import pytest

from tympan.endpoint.listeners import listeners
from tympan.errors import ListenError


def made(host, port=0, *, only_v6=False):
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if ":" in host:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_v6))
    listener.bind((host, port))
    listener.listen()
    return listener


@pytest.fixture
def opened():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def listen(opened, wanted, passed, *, is_wanted=True):
    found = listeners(wanted, passed, is_wanted=is_wanted)
    for each in found:
        opened(each.socket)
    return found


def admits(listener, host):
    """Whether a connection to this address of ours, at the listener's port, is served."""
    port = listener.socket.getsockname()[1]
    listener.socket.settimeout(5)
    with (
        socket.create_connection((host, port), timeout=5),
        contextlib.closing(listener.socket.accept()[0]) as accepted,
    ):
        return listener.admits(accepted)


def test_without_sockets_of_others_the_addresses_are_bound(opened):
    (found,) = listen(opened, [("127.0.0.1", 0)], [], is_wanted=False)
    found.socket.listen()
    assert found.addresses == (found.socket.getsockname(),)
    assert found.addresses[0][0] == "127.0.0.1"
    assert admits(found, "127.0.0.1")


def test_a_name_may_be_several_addresses_and_every_address_is_one_socket(opened):
    found = listen(opened, [("localhost", 0), ("::", 0)], [])
    hosts = [each.addresses[0][0] for each in found]
    assert set(hosts[:-1]) <= {"127.0.0.1", "::1"}
    assert hosts[-1] == "::"
    found[-1].socket.listen()
    assert admits(found[-1], "127.0.0.1")
    assert admits(found[-1], "::1")


def test_what_was_passed_goes_before_the_default(opened):
    passed = opened(made("127.0.0.1"))
    (found,) = listen(opened, [("::", 631)], [passed], is_wanted=False)
    assert found.addresses == (passed.getsockname(),)
    assert found.socket.fileno() != passed.fileno()  # it is there for the next reload as well
    assert not found.socket.get_inheritable()
    assert admits(found, "127.0.0.1")


def test_what_is_asked_for_and_was_passed_is_used_and_the_rest_is_bound(opened):
    passed = opened(made("::"))
    port = passed.getsockname()[1]
    first, second = listen(opened, [("::", port), ("127.0.0.1", 0)], [passed])
    assert first.addresses == (("::", port),)
    assert admits(first, "127.0.0.1")
    assert second.addresses[0] == ("127.0.0.1", second.socket.getsockname()[1])
    assert second.socket.getsockname()[1] != port


@pytest.mark.parametrize(
    ("host", "yes", "no"),
    [("127.0.0.1", "127.0.0.1", "127.0.0.2"), ("127.0.0.1", "127.0.0.1", "::1"), ("::1", "::1", "127.0.0.1"), ("0.0.0.0", "127.0.0.2", "::1")],
)  # fmt: skip
def test_a_socket_for_every_address_serves_those_that_are_asked_for_alone(opened, host, yes, no):
    passed = opened(made("::"))
    (found,) = listen(opened, [(host, passed.getsockname()[1])], [passed])
    assert found.addresses == ((host, passed.getsockname()[1]),)
    assert admits(found, yes)
    assert not admits(found, no)


def test_a_socket_that_nobody_asked_for_turns_everybody_away_and_says_so(opened, caplog):
    passed = opened(made("127.0.0.1"))
    with caplog.at_level(logging.WARNING):
        refusing, other = listen(opened, [("127.0.0.1", 0)], [passed])
    assert refusing.addresses == ()
    assert not admits(refusing, "127.0.0.1")
    assert other.addresses
    assert (
        f"a socket unit opens 127.0.0.1:{passed.getsockname()[1]}, which server.listen does not name"
        in caplog.text
    )


def test_sockets_of_one_family_do_not_cover_the_other(opened):
    passed = opened(made("::", only_v6=True))
    port = passed.getsockname()[1]
    first, second = listen(opened, [("::1", port), ("127.0.0.1", port)], [passed])
    assert [first.addresses, second.addresses] == [(("::1", port),), (("127.0.0.1", port),)]


def test_a_unix_socket_needs_no_address(opened, tmp_path):
    passed = opened(socket.socket(socket.AF_UNIX))
    passed.bind(str(tmp_path / "s"))
    passed.listen()
    local, network = listen(opened, [("127.0.0.1", 0)], [passed], is_wanted=False)
    assert local.socket.family == socket.AF_UNIX
    assert local.addresses == ()
    assert network.addresses


def test_an_address_that_cannot_be_had_leaves_nothing_open(opened):
    taken = opened(made("127.0.0.1"))
    with pytest.raises(ListenError, match="Address already in use"):
        listeners([("127.0.0.1", 0), taken.getsockname()], [], is_wanted=True)
    with pytest.raises(ListenError, match=r"cannot listen on .*nowhere0"):
        listeners([("fe80::1%nowhere0", 0)], [], is_wanted=True)
