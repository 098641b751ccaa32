"""Subscriptions and their events over IPP; what is expected is from RFC 3995 §5.2, §5.3, §11 and RFC 3996 §5."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from desk import (
    BASE,
    CHARSET,
    LANGUAGE,
    LASER,
    OPERATOR,
    RECEIPT,
    SYSTEM,
    open_desk,
    pieces,
    status,
    unsupported,
)

from tympan.config import NotificationSettings
from tympan.endpoint import dispatch
from tympan.ipp import (
    Attribute,
    GroupTag,
    Message,
    Operation,
    StatusCode,
    StringWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
)
from tympan.ipp.enums import JobState
from tympan.ipp.registry import check_syntax
from tympan.service import subscriptions as subscriptions_module
from tympan.service.access import Requester

OK = StatusCode.SUCCESSFUL_OK
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
NOT_FOUND = StatusCode.CLIENT_ERROR_NOT_FOUND
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NONE_MADE = StatusCode.CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS
SOME_MADE = StatusCode.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
TOO_MANY = StatusCode.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS
VALUES = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
COMPLETE = StatusCode.SUCCESSFUL_OK_EVENTS_COMPLETE

PULL = Attribute.keyword("notify-pull-method", "ippget")
ANN, BOB = (Attribute.name_string("requesting-user-name", name) for name in ("ann", "bob"))

ALL_EVENTS = {
    "notify-subscription-id", "notify-printer-uri", "notify-subscribed-event", "printer-up-time",
    "printer-current-time", "notify-sequence-number", "notify-charset", "notify-natural-language",
    "notify-user-data", "notify-text",
}  # fmt: skip
"""RFC 3996 §5.2, table 3: what every event has."""
OF_JOBS = {"job-id", "job-state", "job-state-reasons"}
OF_PRINTERS = {"printer-state", "printer-state-reasons", "printer-is-accepting-jobs"}
"""Tables 4 and 6."""


def events(*keywords):
    return Attribute.keyword("notify-events", *keywords)


def target(uri):
    return Attribute.uri("system-uri" if uri == SYSTEM else "printer-uri", uri)


def request(operation, uri, attributes=(), groups=(), job=None):
    head = (CHARSET, LANGUAGE)
    given = [each for each in attributes if each.name == "attributes-charset"]
    if given:
        head = (given[0], LANGUAGE)
        attributes = [each for each in attributes if each not in given]
    parts = [(GroupTag.OPERATION, (*head, target(uri), *attributes))]
    if job is not None:
        parts.append((GroupTag.JOB, job))
    parts += [(GroupTag.SUBSCRIPTION, group) for group in groups]
    return Message.of((2, 0), operation, 7, *parts)


def ask(desk, operation, *attributes, uri=RECEIPT, groups=(), job=None, document=b""):
    data = encode(request(operation, uri, attributes, groups, job))
    answer, _ = decode(desk.raw(data, *([document] if document else [])))
    for group in answer.groups:
        if group.tag not in {GroupTag.UNSUPPORTED, GroupTag.SUBSCRIPTION}:
            assert not [each for each in group if not each.out_of_band and check_syntax(each, group.tag)]
        assert not group.duplicate_names
    return answer


CREATE = {
    RECEIPT: Operation.CREATE_PRINTER_SUBSCRIPTIONS,
    LASER: Operation.CREATE_PRINTER_SUBSCRIPTIONS,
    SYSTEM: Operation.CREATE_SYSTEM_SUBSCRIPTIONS,
}


def subscribe(desk, *wish, uri=RECEIPT, user=ANN):
    """The id of a subscription that was made as it was asked for."""
    answer = ask(desk, CREATE[uri], user, uri=uri, groups=[(PULL, *wish)])
    assert status(answer) == OK
    group = answer.group(GroupTag.SUBSCRIPTION)
    assert "notify-status-code" not in group
    return group.integer("notify-subscription-id")


def fetch(desk, *ids, user=ANN, uri=RECEIPT, first=(), wait=False):
    attributes = [Attribute.integer("notify-subscription-ids", *ids), user]
    if first:
        attributes.append(Attribute.integer("notify-sequence-numbers", *first))
    if wait:
        attributes.append(Attribute.boolean("notify-wait", True))
    return ask(desk, Operation.GET_NOTIFICATIONS, *attributes, uri=uri)


def told(answer):
    """The events of an answer: subscription, number, event."""
    return [
        tuple(
            group.get(name).first
            for name in ("notify-subscription-id", "notify-sequence-number", "notify-subscribed-event")
        )
        for group in answer.groups_of(GroupTag.EVENT_NOTIFICATION)
    ]


def ends(desk, job_id, state=JobState.COMPLETED):
    job = desk.job(job_id)
    job.move(JobState.PROCESSING, now=1, date=1, reasons=("job-printing",))
    job.document_printing = 1
    printer = desk.service.printers[job.printer]

    async def end():
        desk.service.jobs.job_changed(printer, job)
        job.move(state, now=1, date=1)
        desk.service.jobs.job_ended(printer, job)

    desk.runner.run(end())


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A service whose clock a test can move by `desk.later`."""
    with open_desk(tmp_path) as made:
        clock, offset = made.service.clock, [0]
        real = clock.up_time
        monkeypatch.setattr(clock, "up_time", lambda: real() + offset[0], raising=False)

        def later(seconds):
            offset[0] += seconds
            made.service.subscriptions._end_leases()

        made.later = lambda seconds: made.runner.run(_on_loop(later, seconds))
        yield made


async def _on_loop(function, *arguments):
    function(*arguments)


# --- subscribing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", [RECEIPT, SYSTEM])
def test_a_subscription_and_what_is_said_of_it(desk, uri):
    wish = (
        events("job-completed", "printer-state-changed"),
        Attribute.keyword("notify-attributes", "job-name", "printer-name"),
        Attribute.octets("notify-user-data", b"\0" * 63),
        Attribute.charset("notify-charset", "us-ascii"),
        Attribute.language("notify-natural-language", "en"),
        Attribute.integer("notify-lease-duration", 500),
        Attribute.integer("notify-time-interval", 9),
    )
    answer = ask(desk, CREATE[uri], ANN, uri=uri, groups=[(PULL, *wish)])
    assert status(answer) == OK
    group = answer.group(GroupTag.SUBSCRIPTION)
    assert {each.name for each in group} == {"notify-subscription-id", "notify-lease-duration"}
    number = group.get("notify-subscription-id")
    answer = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number, uri=uri)
    said = answer.group(GroupTag.SUBSCRIPTION)
    for each in (PULL, *wish, number):
        assert said.get(each.name) == each
    assert said.integer("notify-sequence-number") == 0
    assert said.string("notify-subscriber-user-name") == "ann"
    up_time = "notify-system-up-time" if uri == SYSTEM else "notify-printer-up-time"
    assert said.integer("notify-lease-expiration-time") - said.integer(up_time) == pytest.approx(500, abs=2)
    assert said.string("notify-system-uri" if uri == SYSTEM else "notify-printer-uri") == uri
    assert "notify-job-id" not in said


def test_what_is_not_asked_for_gets_its_default(desk):
    number = Attribute.integer("notify-subscription-id", subscribe(desk))
    said = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number).group(GroupTag.SUBSCRIPTION)
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).group(GroupTag.PRINTER)
    assert said.strings("notify-events") == printer.strings("notify-events-default")
    assert said.integer("notify-lease-duration") == printer.integer("notify-lease-duration-default")
    assert said.string("notify-charset") == "utf-8"
    assert said.string("notify-natural-language") == "en"


def test_the_charset_of_the_request_is_that_of_the_events(desk):
    head = Attribute.charset("attributes-charset", "us-ascii")
    answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, head, ANN, groups=[(PULL,)])
    number = answer.group(GroupTag.SUBSCRIPTION).get("notify-subscription-id")
    said = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number).group(GroupTag.SUBSCRIPTION)
    assert said.string("notify-charset") == "us-ascii"


SUBSTITUTES = [
    (events("job-completed", "no-such-event"), events("no-such-event"), SUBSTITUTED),
    (events("job-completed", "none"), events("none"), SUBSTITUTED),
    (events("job-completed", "printer-created"), events("printer-created"), SUBSTITUTED),
    (Attribute.keyword("notify-attributes", "job-name", "job-id"), Attribute.keyword("notify-attributes", "job-id"), SUBSTITUTED),
    (Attribute.octets("notify-user-data", b"x" * 64), Attribute.octets("notify-user-data", b"x" * 64), SUBSTITUTED),
    (Attribute.charset("notify-charset", "koi8-r"), Attribute.charset("notify-charset", "koi8-r"), SUBSTITUTED),
    (Attribute.language("notify-natural-language", "tlh"), Attribute.language("notify-natural-language", "tlh"), SUBSTITUTED),
    (Attribute.integer("notify-time-interval", -1), Attribute.integer("notify-time-interval", -1), SUBSTITUTED),
    (Attribute.keyword("notify-time-interval", "often"), Attribute.keyword("notify-time-interval", "often"), SUBSTITUTED),
    (Attribute.integer("notify-max-events-supported", 5), Attribute.unsupported("notify-max-events-supported"), SUBSTITUTED),
    (Attribute.integer("copies", 5), Attribute.unsupported("copies"), SUBSTITUTED),
]  # fmt: skip
"""What is asked for, what comes back as not supported, ``notify-status-code``; the subscription is made all the same."""


@pytest.mark.parametrize(
    ("asked", "back", "expected"), SUBSTITUTES, ids=lambda each: getattr(each, "name", None)
)
def test_what_is_not_supported_comes_back_in_its_group(desk, asked, back, expected):
    answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[(PULL, asked)])
    assert status(answer) == OK
    group = answer.group(GroupTag.SUBSCRIPTION)
    assert group.integer("notify-subscription-id")
    assert group.integer("notify-status-code") == expected
    assert group.get(back.name) == back
    assert not answer.groups_of(GroupTag.UNSUPPORTED)


def test_more_events_than_may_be(desk):
    most = (
        desk.ask(Operation.GET_PRINTER_ATTRIBUTES)
        .group(GroupTag.PRINTER)
        .integer("notify-max-events-supported")
    )
    many = [f"event-{number}" for number in range(most)]
    answer = ask(
        desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN,
        groups=[(PULL, events("job-created", *many, "job-completed"))],
    )  # fmt: skip
    group = answer.group(GroupTag.SUBSCRIPTION)
    assert group.integer("notify-status-code") == StatusCode.SUCCESSFUL_OK_TOO_MANY_EVENTS
    assert "job-completed" in group.strings("notify-events")
    number = group.get("notify-subscription-id")
    said = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number).group(GroupTag.SUBSCRIPTION)
    assert said.strings("notify-events") == ("job-created",)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ((Attribute.uri("notify-recipient-uri", "mailto:ann@example.org"),), StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
        ((PULL, Attribute.uri("notify-recipient-uri", "indp://a/")), StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED),
        ((Attribute.keyword("notify-pull-method", "carrier-pigeon"),), VALUES),
        ((Attribute.integer("notify-pull-method", 1),), VALUES),
        ((PULL, events("none")), VALUES),
        ((PULL, events("no-such-event")), VALUES),
        ((PULL, Attribute.integer("notify-events", 1)), VALUES),
    ],
)  # fmt: skip
def test_groups_that_give_no_subscription(desk, group, expected):
    answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[group])
    assert status(answer) == NONE_MADE
    said = answer.group(GroupTag.SUBSCRIPTION)
    assert said.integer("notify-status-code") == expected
    assert "notify-subscription-id" not in said
    assert "notify-lease-duration" not in said
    both = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[group, (PULL,), group])
    assert status(both) == SOME_MADE
    made = ["notify-subscription-id" in each for each in both.groups_of(GroupTag.SUBSCRIPTION)]
    assert made == [False, True, False]


@pytest.mark.parametrize(
    "groups", [[], [()], [(events("job-completed"),)], [(PULL,), (events("job-completed"),)]]
)
def test_a_group_without_a_method_is_a_bad_request(desk, groups):
    """RFC 3995 §5.2 rule 4: and no groups are answered, nothing is subscribed, no job is made."""
    answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=groups)
    assert status(answer) == BAD
    assert not answer.groups_of(GroupTag.SUBSCRIPTION)
    if groups:
        answer = ask(desk, Operation.PRINT_JOB, ANN, groups=groups, document=b"Hello.\n")
        assert status(answer) == BAD
    assert not desk.service.subscriptions.of_printer("receipt")
    assert not desk.service.printers["receipt"].jobs


@pytest.mark.parametrize(
    ("asked", "granted"),
    [(1, 1), (604_800, 604_800), (604_801, 604_800), (67_108_863, 604_800), (0, 604_800)],
)
def test_leases_are_granted_as_near_as_can_be(desk, asked, granted):
    wish = Attribute.integer("notify-lease-duration", asked)
    group = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[(PULL, wish)]).group(
        GroupTag.SUBSCRIPTION
    )
    assert group.integer("notify-lease-duration") == granted
    assert (group.integer("notify-status-code") == SUBSTITUTED) == (asked != granted)


def test_leases_without_end_where_they_are_allowed(tmp_path):
    allowed = NotificationSettings(max_lease_s=0)
    with open_desk(tmp_path, notifications=allowed) as desk:
        printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).group(GroupTag.PRINTER)
        assert 0 in printer.get("notify-lease-duration-supported").all()
        number = Attribute.integer(
            "notify-subscription-id", subscribe(desk, Attribute.integer("notify-lease-duration", 0))
        )
        said = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number).group(GroupTag.SUBSCRIPTION)
        assert said.integer("notify-lease-expiration-time") == 0


# --- subscribing to jobs ------------------------------------------------------------------------------------------------


def printed(desk, *groups, operation=Operation.PRINT_JOB, job=None, user=ANN):
    plain = Attribute.mime("document-format", "text/plain")
    document = b"Hello.\n" if operation == Operation.PRINT_JOB else b""
    formats = () if operation == Operation.CREATE_JOB else (plain,)
    return ask(desk, operation, user, *formats, groups=groups, job=job, document=document)


@pytest.mark.parametrize("operation", [Operation.PRINT_JOB, Operation.CREATE_JOB])
def test_a_job_with_subscriptions(desk, operation):
    answer = printed(
        desk, (PULL, events("job-state-changed")), (PULL, events("printer-stopped")), operation=operation
    )
    assert status(answer) == OK
    tags = [group.tag for group in answer.groups]
    assert tags == [GroupTag.OPERATION, GroupTag.JOB, GroupTag.SUBSCRIPTION, GroupTag.SUBSCRIPTION]
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    first, second = (
        group.integer("notify-subscription-id") for group in answer.groups_of(GroupTag.SUBSCRIPTION)
    )
    assert all("notify-lease-duration" not in group for group in answer.groups_of(GroupTag.SUBSCRIPTION))
    said = ask(
        desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, Attribute.integer("notify-subscription-id", first)
    )
    said = said.group(GroupTag.SUBSCRIPTION)
    assert said.integer("notify-job-id") == job_id
    absent = {"notify-lease-duration", "notify-lease-expiration-time", "notify-printer-up-time"}
    assert not absent & {each.name for each in said}
    assert told(fetch(desk, first)) == [(first, 1, "job-state-changed")], "job-created"
    printer = desk.service.printers["receipt"]
    printer.device_stopped(("media-empty",), "")
    assert told(fetch(desk, first, second))[1:] == [(second, 1, "printer-stopped")]
    other = desk.printed()
    assert [event for event in told(fetch(desk, first, second)) if event[0] == first] == [
        (first, 1, "job-state-changed")
    ]
    assert other != job_id


def test_a_job_is_made_whatever_becomes_of_its_subscriptions(desk):
    lease = Attribute.integer("notify-lease-duration", 60)
    answer = printed(desk, (PULL, events("none")), (PULL, lease))
    assert status(answer) == SOME_MADE
    refused, made = answer.groups_of(GroupTag.SUBSCRIPTION)
    assert refused.integer("notify-status-code") == VALUES
    assert made.get("notify-lease-duration") == Attribute.unsupported("notify-lease-duration")
    assert made.integer("notify-status-code") == SUBSTITUTED
    answer = printed(desk, (PULL, events("none")))
    assert status(answer) == SOME_MADE
    assert answer.group(GroupTag.JOB).integer("job-id")


def test_a_job_that_is_refused_leaves_no_subscriptions(desk):
    fidelity = Attribute.boolean("ipp-attribute-fidelity", True)
    answer = ask(
        desk,
        Operation.PRINT_JOB,
        ANN,
        fidelity,
        groups=[(PULL,)],
        job=(Attribute.integer("copies", -1),),
        document=b"x",
    )
    assert status(answer) == VALUES
    assert not answer.groups_of(GroupTag.SUBSCRIPTION)
    word = Attribute.mime("document-format", "application/msword")
    assert not status(ask(desk, Operation.PRINT_JOB, ANN, word, groups=[(PULL,)], document=b"x")).ok
    assert not status(ask(desk, Operation.PRINT_JOB, ANN, groups=[(PULL,)])).ok  # no document
    assert not desk.service.subscriptions._all


def test_validate_job_says_what_would_happen(desk):
    """RFC 3995 §11.2.2: no number, because nothing is subscribed."""
    bad = (PULL, events("none"))
    answer = printed(desk, (PULL,), bad, (PULL, events("job-created", "x")), operation=Operation.VALIDATE_JOB)
    assert status(answer) == SOME_MADE
    said = answer.groups_of(GroupTag.SUBSCRIPTION)
    assert not any("notify-subscription-id" in group for group in said)
    assert [group.integer("notify-status-code") for group in said] == [None, VALUES, SUBSTITUTED]
    assert not desk.service.subscriptions._all
    most = desk.service.subscriptions.settings.max_subscriptions_per_job
    answer = printed(desk, *[(PULL,)] * (most + 1), operation=Operation.VALIDATE_JOB)
    said = [group.integer("notify-status-code") for group in answer.groups_of(GroupTag.SUBSCRIPTION)]
    assert said == [None] * most + [TOO_MANY]


def test_create_job_subscriptions(desk):
    job_id = desk.printed(RECEIPT, ANN)
    number = Attribute.integer("notify-job-id", job_id)
    answer = ask(
        desk, Operation.CREATE_JOB_SUBSCRIPTIONS, ANN, number, groups=[(PULL, events("job-completed"))]
    )
    assert status(answer) == OK
    subscription_id = answer.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
    ends(desk, job_id)
    answer = fetch(desk, subscription_id)
    assert status(answer) == COMPLETE
    assert told(answer) == [(subscription_id, 1, "job-completed")]
    assert "notify-get-interval" not in answer.operation_attributes
    assert (
        status(ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, ANN, number, groups=[(PULL,)])) == NOT_POSSIBLE
    )
    missing = Attribute.integer("notify-job-id", 999)
    assert status(ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, ANN, missing, groups=[(PULL,)])) == NOT_FOUND
    assert (
        status(ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, ANN, number, uri=LASER, groups=[(PULL,)]))
        == NOT_FOUND
    )
    assert status(ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, ANN, groups=[(PULL,)])) == BAD
    mine = Attribute.integer("notify-job-id", desk.printed(RECEIPT, ANN))
    answer = ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, BOB, mine, groups=[(PULL,)])
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    desk.requester = OPERATOR
    assert status(ask(desk, Operation.CREATE_JOB_SUBSCRIPTIONS, mine, groups=[(PULL,)])) == OK


# --- asking, renewing, canceling ----------------------------------------------------------------------------------------


def test_get_subscriptions(desk):
    anns = [subscribe(desk), subscribe(desk)]
    bobs = [subscribe(desk, user=BOB)]
    laser, system = subscribe(desk, uri=LASER), subscribe(desk, uri=SYSTEM)
    job = printed(desk, (PULL,))
    jobs = [job.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")]

    def listed(*attributes, uri=RECEIPT):
        answer = ask(desk, Operation.GET_SUBSCRIPTIONS, *attributes, uri=uri)
        assert status(answer) == OK
        groups = answer.groups_of(GroupTag.SUBSCRIPTION)
        assert all({each.name for each in group} == {"notify-subscription-id"} for group in groups)
        return [group.integer("notify-subscription-id") for group in groups]

    of_job = Attribute.integer("notify-job-id", job.group(GroupTag.JOB).integer("job-id"))
    assert listed(ANN) == anns
    assert listed(BOB) == bobs
    assert listed() == []
    assert listed(ANN, Attribute.integer("limit", 1)) == anns[:1]
    assert listed(ANN, of_job) == jobs
    assert listed(BOB, of_job) == []
    assert listed(ANN, uri=LASER) == [laser]
    assert listed(ANN, uri=SYSTEM) == [system]
    desk.requester = replace(OPERATOR, name="")
    assert listed(ANN) == anns + bobs
    assert listed(ANN, Attribute.boolean("my-subscriptions", True)) == anns
    assert listed(BOB, of_job) == jobs
    assert status(ask(desk, Operation.GET_SUBSCRIPTIONS, Attribute.integer("notify-job-id", 99))) == NOT_FOUND


def test_groups_and_names_of_attributes(desk):
    number = Attribute.integer("notify-subscription-id", subscribe(desk))

    def names(*requested):
        wanted = Attribute.keyword("requested-attributes", *requested)
        answer = ask(desk, Operation.GET_SUBSCRIPTION_ATTRIBUTES, ANN, number, wanted)
        return {each.name for each in answer.group(GroupTag.SUBSCRIPTION)}, answer

    template, _ = names("subscription-template")
    description, _ = names("subscription-description")
    everything, _ = names("all")
    assert {"notify-events", "notify-pull-method", "notify-lease-duration"} <= template
    assert {"notify-subscription-id", "notify-sequence-number"} <= description
    assert template | description == everything
    assert not template & description
    some, answer = names("notify-events", "no-such-thing")
    assert some == {"notify-events"}
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer)["requested-attributes"].strings() == ("no-such-thing",)


def test_the_printer_says_what_can_be_subscribed_to(desk):
    """RFC 3995 §5.3 table 1, for a pull method alone, and §11.2.3."""
    wanted = Attribute.keyword("requested-attributes", "subscription-template")
    names = {
        each.name
        for each in desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT, wanted).group(GroupTag.PRINTER)
    }
    assert names == {
        "notify-attributes-supported", "notify-events-default", "notify-events-supported", "notify-lease-duration-default",
        "notify-lease-duration-supported", "notify-max-events-supported", "notify-pull-method-supported",
        "charset-supported", "generated-natural-language-supported",
    }  # fmt: skip


def test_each_event_that_is_offered_can_be_subscribed_to(desk):
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).group(GroupTag.PRINTER)
    offered = printer.strings("notify-events-supported")
    required = {
        "none",
        "printer-state-changed",
        "printer-stopped",
        "job-state-changed",
        "job-created",
        "job-completed",
    }
    assert required <= set(offered)
    for event in set(offered) - {"none"}:
        subscribe(desk, events(event))
    for name in printer.strings("notify-attributes-supported"):
        subscribe(desk, Attribute.keyword("notify-attributes", name))
    assert not {*ALL_EVENTS, *OF_JOBS, *OF_PRINTERS} & set(printer.strings("notify-attributes-supported"))


def test_renewing(desk):
    subscription_id = subscribe(desk, Attribute.integer("notify-lease-duration", 100))
    number = Attribute.integer("notify-subscription-id", subscription_id)
    desk.later(90)
    for group, expected, granted in (
        ([(Attribute.integer("notify-lease-duration", 50),)], OK, 50),
        ([(Attribute.integer("notify-lease-duration", 67_000_000),)], SUBSTITUTED, 604_800),
        ([(Attribute.integer("notify-lease-duration", 70), events("job-created"))], SUBSTITUTED, 70),
        ([(Attribute.keyword("notify-lease-duration", "long"),)], SUBSTITUTED, 86_400),
        ([], OK, 86_400),
        ([(Attribute.integer("notify-lease-duration", 60),)], OK, 60),
    ):
        answer = ask(desk, Operation.RENEW_SUBSCRIPTION, ANN, number, groups=group)
        assert status(answer) == expected, group
        assert answer.group(GroupTag.SUBSCRIPTION).get("notify-lease-duration").first == granted
    desk.later(58)
    assert status(fetch(desk, subscription_id)) == OK
    desk.later(3)
    assert status(fetch(desk, subscription_id)) == NOT_FOUND
    assert status(ask(desk, Operation.RENEW_SUBSCRIPTION, ANN, number)) == NOT_FOUND
    of_job = printed(desk, (PULL,)).group(GroupTag.SUBSCRIPTION).get("notify-subscription-id")
    assert status(ask(desk, Operation.RENEW_SUBSCRIPTION, ANN, of_job)) == NOT_POSSIBLE


ONE = [
    Operation.GET_SUBSCRIPTION_ATTRIBUTES,
    Operation.RENEW_SUBSCRIPTION,
    Operation.CANCEL_SUBSCRIPTION,
    Operation.GET_NOTIFICATIONS,
]
"""Operations on single subscriptions."""


def number_for(operation, *ids):
    plural = "s" if operation == Operation.GET_NOTIFICATIONS else ""
    return Attribute.integer(f"notify-subscription-id{plural}", *ids)


@pytest.mark.parametrize("operation", ONE, ids=lambda operation: operation.name.lower())
def test_whose_a_subscription_is(desk, operation):
    subscription_id = subscribe(desk)
    number = number_for(operation, subscription_id)
    assert status(ask(desk, operation, ANN)) == BAD
    assert status(ask(desk, operation, ANN, number_for(operation, 777))) == NOT_FOUND
    assert status(ask(desk, operation, ANN, number, uri=LASER)) == NOT_FOUND
    assert status(ask(desk, operation, ANN, number, uri=SYSTEM)) == NOT_FOUND
    assert status(ask(desk, operation, BOB, number)) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    desk.requester = Requester(can_prove=True)
    assert status(ask(desk, operation, BOB, number)) == StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED
    desk.requester = OPERATOR
    assert status(ask(desk, operation, BOB, number)) == OK


def test_canceling(desk):
    subscription_id = subscribe(desk)
    number = Attribute.integer("notify-subscription-id", subscription_id)
    assert status(ask(desk, Operation.CANCEL_SUBSCRIPTION, ANN, number)) == OK
    assert status(ask(desk, Operation.CANCEL_SUBSCRIPTION, ANN, number)) == NOT_FOUND
    assert status(fetch(desk, subscription_id)) == NOT_FOUND
    assert subscribe(desk) > subscription_id


WRONG = (
    Value(ValueTag.ENUM, 3),
    Value(ValueTag.KEYWORD, "all"),
    Value(ValueTag.NAME_WITHOUT_LANGUAGE, "x"),
    Value(ValueTag.NO_VALUE, None),
)
INTEGERS = [
    (Operation.GET_SUBSCRIPTION_ATTRIBUTES, "notify-subscription-id"),
    (Operation.RENEW_SUBSCRIPTION, "notify-subscription-id"),
    (Operation.CANCEL_SUBSCRIPTION, "notify-subscription-id"),
    (Operation.GET_SUBSCRIPTIONS, "notify-job-id"),
    (Operation.GET_SUBSCRIPTIONS, "limit"),
    (Operation.GET_NOTIFICATIONS, "notify-subscription-ids"),
    (Operation.GET_NOTIFICATIONS, "notify-sequence-numbers"),
    (Operation.CREATE_JOB_SUBSCRIPTIONS, "notify-job-id"),
]
"""Operation attributes that are integers from 1."""


@pytest.mark.parametrize(("operation", "name"), INTEGERS)
def test_operation_attributes_given_wrong(desk, operation, name):
    subscription_id = subscribe(desk)
    ids = Attribute.integer("notify-subscription-ids", subscription_id)
    others = (ids,) if name == "notify-sequence-numbers" else ()
    groups = [(PULL,)] if operation == Operation.CREATE_JOB_SUBSCRIPTIONS else ()
    for value in (*WRONG, Value(ValueTag.INTEGER, 0), Value(ValueTag.INTEGER, -5)):
        answer = ask(desk, operation, ANN, *others, Attribute(name, (value,)), groups=groups)
        assert status(answer) == BAD, value
    if not name.endswith("s"):
        twice = Attribute.integer(name, subscription_id, subscription_id)
        assert status(ask(desk, operation, ANN, twice, groups=groups)) == BAD
    for flag in ("notify-wait", "my-subscriptions"):
        wrong = Attribute.keyword(flag, "true")
        known = flag in dispatch.OPERATIONS[operation].attributes
        good = Attribute.integer("notify-subscription-ids", subscription_id) if flag == "notify-wait" else ANN
        if known:
            assert status(ask(desk, operation, *dict.fromkeys((ANN, good)), wrong)) == BAD


def test_operations_on_printers_or_the_system_need_one(desk):
    for operation in (*ONE, Operation.GET_SUBSCRIPTIONS):
        assert status(desk.ask(operation, None)) == BAD
    assert status(desk.ask(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, RECEIPT)) == BAD
    elsewhere = Attribute.uri("system-uri", f"{BASE}/ipp/elsewhere")
    assert status(desk.ask(Operation.GET_SUBSCRIPTIONS, None, elsewhere)) == NOT_FOUND


# --- limits -------------------------------------------------------------------------------------------------------------


def test_no_more_subscriptions_than_may_be(tmp_path):
    few = NotificationSettings(
        max_subscriptions=6, max_subscriptions_per_printer=3, max_subscriptions_per_job=2
    )
    with open_desk(tmp_path, notifications=few) as desk:
        answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[(PULL,)] * 5)
        assert status(answer) == SOME_MADE
        said = [group.integer("notify-status-code") for group in answer.groups_of(GroupTag.SUBSCRIPTION)]
        assert said == [None, None, None, TOO_MANY, TOO_MANY]
        answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[(PULL,)])
        assert status(answer) == NONE_MADE
        assert answer.group(GroupTag.SUBSCRIPTION).integer("notify-status-code") == TOO_MANY
        answer = printed(desk, (PULL,), (PULL,), (PULL,))
        assert status(answer) == SOME_MADE
        said = [group.integer("notify-status-code") for group in answer.groups_of(GroupTag.SUBSCRIPTION)]
        assert said == [None, None, TOO_MANY]
        assert subscribe(desk, uri=LASER) == 6
        assert (
            status(ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, uri=LASER, groups=[(PULL,)]))
            == NONE_MADE
        )
        gone = Attribute.integer("notify-subscription-id", 1)
        assert status(ask(desk, Operation.CANCEL_SUBSCRIPTION, ANN, gone)) == OK
        subscribe(desk)


def test_thousands_asked_for_at_once(desk):
    """As many as a request may have: those within the limit are made, the others refused one by one."""
    answer = ask(desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS, ANN, groups=[(PULL,)] * 4000)
    said = [group.integer("notify-status-code") for group in answer.groups_of(GroupTag.SUBSCRIPTION)]
    most = desk.service.subscriptions.settings.max_subscriptions_per_printer
    assert said == [None] * most + [TOO_MANY] * (4000 - most)


# --- events -------------------------------------------------------------------------------------------------------------


def test_what_an_event_of_a_job_says(desk):
    data = Attribute.octets("notify-user-data", b"\x01\x02")
    subscription_id = subscribe(desk, events("job-state-changed", "printer-state-changed"), data)
    job_id = desk.printed(RECEIPT, BOB)
    ends(desk, job_id)
    answer = fetch(desk, subscription_id)
    assert answer.operation_attributes.integer("notify-get-interval") >= 60
    assert answer.operation_attributes.integer("printer-up-time") >= 1
    created, printing, completed = answer.groups_of(GroupTag.EVENT_NOTIFICATION)
    for group in (created, printing, completed):
        assert {each.name for each in group} >= ALL_EVENTS | OF_JOBS
        assert group.string("notify-subscribed-event") == "job-state-changed"
        assert group.integer("job-id") == job_id
        assert group.get("notify-user-data").first == b"\x01\x02"
        assert group.string("notify-printer-uri") == RECEIPT
    states = [group.integer("job-state") for group in (created, printing, completed)]
    assert states == [JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED]
    counted = ["job-impressions-completed" in group for group in (created, printing, completed)]
    assert counted == [False, False, True], "RFC 3996 table 5"
    assert completed.string("notify-text") == f"Job {job_id} on receipt is completed."


def test_what_an_event_of_a_printer_says(desk):
    subscription_id = subscribe(desk, events("printer-state-changed", "printer-stopped"))
    printer = desk.service.printers["receipt"]
    printer.device_stopped(("media-empty",), "Paper is out.")
    printer.device_running()
    stopped, running = fetch(desk, subscription_id).groups_of(GroupTag.EVENT_NOTIFICATION)
    for group in (stopped, running):
        assert {each.name for each in group} >= ALL_EVENTS | OF_PRINTERS
        assert not OF_JOBS & {each.name for each in group}
        assert group.get("notify-user-data").first == b""
    assert stopped.string("notify-subscribed-event") == "printer-stopped"
    assert running.string("notify-subscribed-event") == "printer-state-changed"
    assert stopped.strings("printer-state-reasons") == ("media-empty",)
    assert stopped.string("notify-text") == "Printer receipt is stopped (media-empty). Paper is out."
    assert running.integer("printer-state") == 3


def test_what_an_event_of_a_document_says(desk):
    subscription_id = subscribe(desk, events("document-state-changed"))
    job_id = desk.printed()
    ends(desk, job_id, JobState.ABORTED)
    created, printing, aborted = fetch(desk, subscription_id).groups_of(GroupTag.EVENT_NOTIFICATION)
    for group in (created, printing, aborted):
        assert {each.name for each in group} >= ALL_EVENTS | OF_JOBS | {"document-state-reasons"}
        assert (group.integer("job-id"), group.integer("document-number")) == (job_id, 1)
    assert [group.integer("document-state") for group in (created, printing, aborted)] == [3, 5, 8]
    assert created.string("notify-text") == f"Document 1 of job {job_id} on receipt has arrived."
    assert aborted.string("notify-text") == f"Document 1 of job {job_id} on receipt was aborted."


def test_events_of_other_printers_and_jobs_are_not_told(desk):
    subscription_id = subscribe(desk, events("job-created", "printer-state-changed"), uri=LASER)
    desk.printed(RECEIPT)
    desk.service.printers["receipt"].device_stopped(("media-empty",), "")
    assert told(fetch(desk, subscription_id, uri=LASER)) == []


def test_the_system_hears_everything(desk):
    every = ("job-created", "printer-stopped", "system-stopped", "system-config-changed")
    subscription_id = subscribe(desk, events(*every), uri=SYSTEM)
    desk.printed(LASER)
    for printer in desk.service.printers.values():
        printer.device_stopped(("media-empty",), "")
    desk.service.news.system_configured()
    groups = fetch(desk, subscription_id, uri=SYSTEM).groups_of(GroupTag.EVENT_NOTIFICATION)
    said = [group.string("notify-subscribed-event") for group in groups]
    assert said == [
        "job-created",
        "printer-stopped",
        "printer-stopped",
        "system-stopped",
        "system-config-changed",
    ]
    assert [group.string("notify-printer-uri") for group in groups] == [LASER, RECEIPT, LASER, None, None]
    assert all(group.string("notify-system-uri") == SYSTEM for group in groups)
    assert groups[3].integer("system-state") == 5
    assert groups[3].strings("system-state-reasons") == ("media-empty",)
    assert all(group.string("notify-text") for group in groups)


def test_printers_that_come_and_go(desk):
    """PWG 5100.22: the system is told; who had subscribed to a printer that goes is told that nothing more will come."""
    system = subscribe(desk, events("printer-created", "printer-deleted"), uri=SYSTEM)
    gone = subscribe(desk, uri=LASER)
    laser = desk.service.printers["laser"]

    def happens():
        desk.service.printers.pop("laser")
        desk.service.news.printer_deleted(laser)

    assert status(waiting(desk, happens, gone, uri=LASER)) == COMPLETE
    desk.service.printers["laser"] = laser
    desk.service.news.printer_created(laser)
    assert [event for _, _, event in told(fetch(desk, system, uri=SYSTEM))] == [
        "printer-deleted",
        "printer-created",
    ]
    assert status(fetch(desk, gone, uri=LASER)) == NOT_FOUND
    laser.device_stopped(("media-empty",), "")
    number = subscribe(desk, events("printer-stopped"), uri=LASER)
    laser.device_running()
    laser.device_stopped(("media-empty",), "")
    assert told(fetch(desk, number, uri=LASER)) == [(number, 1, "printer-stopped")], (
        "a new printer is heard of"
    )


def test_numbers_that_are_known_are_left_out(desk):
    first, second = subscribe(desk, events("job-created")), subscribe(desk, events("job-created"))
    for _ in range(3):
        desk.printed()
    assert told(fetch(desk, first, second, first=(3,))) == [
        (first, 3, "job-created"), *[(second, number, "job-created") for number in (1, 2, 3)],
    ]  # fmt: skip
    assert told(fetch(desk, second, first, first=(4, 2, 9))) == [
        (first, number, "job-created") for number in (2, 3)
    ]
    assert told(fetch(desk, first, first, first=(3, 1))) == [(first, 3, "job-created")]
    answer = fetch(desk, 999, first)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer)["notify-subscription-ids"].integers() == (999,)
    assert len(told(answer)) == 3


def test_events_go_when_their_life_is_over(desk):
    """``ippget-event-life``: until then they can be fetched as often as one likes."""
    life = desk.ask(Operation.GET_PRINTER_ATTRIBUTES).group(GroupTag.PRINTER).integer("ippget-event-life")
    subscription_id = subscribe(desk, events("job-created"))
    desk.printed()
    desk.later(life - 1)
    assert len(told(fetch(desk, subscription_id))) == 1
    assert len(told(fetch(desk, subscription_id))) == 1
    desk.printed()
    desk.later(20)
    assert told(fetch(desk, subscription_id)) == [(subscription_id, 2, "job-created")]


def test_a_job_s_subscription_ends_with_the_life_of_its_last_event(desk):
    answer = printed(desk, (PULL, events("job-completed")))
    subscription_id = answer.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    desk.later(100_000)
    assert status(fetch(desk, subscription_id)) == OK
    ends(desk, job_id, JobState.ABORTED)
    desk.service.printers["receipt"].device_stopped(("media-empty",), "")
    desk.later(59)
    assert told(fetch(desk, subscription_id)) == [(subscription_id, 1, "job-completed")]
    desk.later(20)
    assert status(fetch(desk, subscription_id)) == NOT_FOUND


def test_attributes_that_are_asked_for(desk):
    wanted = (
        desk.ask(Operation.GET_PRINTER_ATTRIBUTES)
        .group(GroupTag.PRINTER)
        .strings("notify-attributes-supported")
    )
    wish = (events("job-created", "printer-state-changed"), Attribute.keyword("notify-attributes", *wanted))
    mine, system = subscribe(desk, *wish), subscribe(desk, *wish, uri=SYSTEM)
    own, foreign = (
        desk.printed(RECEIPT, ANN, Attribute.name_string("job-name", "letter")),
        desk.printed(RECEIPT, BOB),
    )
    first, second = fetch(desk, mine).groups_of(GroupTag.EVENT_NOTIFICATION)
    for group in (first, second):
        assert set(wanted) <= {each.name for each in group}
        assert group.integer("job-k-octets") == 1
        assert group.string("printer-name") == "receipt"
        assert group.string("notify-subscriber-user-name") == "ann"
        assert group.get("notify-job-id") == Attribute.no_value("notify-job-id")
    assert (first.integer("job-id"), second.integer("job-id")) == (own, foreign)
    assert first.string("job-name") == "letter"
    assert second.get("job-name") == Attribute.unknown("job-name"), "it is bob's"
    assert (first.integer("queued-job-count"), second.integer("queued-job-count")) == (1, 2)
    desk.service.printers["receipt"].device_stopped(("media-empty",), "Paper is out.")
    *_, third = fetch(desk, mine).groups_of(GroupTag.EVENT_NOTIFICATION)
    assert third.string("printer-state-message") == "Paper is out."
    assert third.get("job-k-octets") == Attribute.no_value("job-k-octets"), "nothing prints"
    assert len(fetch(desk, system, uri=SYSTEM).groups_of(GroupTag.EVENT_NOTIFICATION)) == 3


def test_an_operator_is_told_names(desk):
    desk.requester = OPERATOR
    answer = ask(
        desk, Operation.CREATE_PRINTER_SUBSCRIPTIONS,
        groups=[(PULL, events("job-created"), Attribute.keyword("notify-attributes", "job-originating-user-name"))],
    )  # fmt: skip
    subscription_id = answer.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
    desk.requester = Requester()
    desk.printed(RECEIPT, BOB)
    desk.requester = OPERATOR
    (group,) = fetch(desk, subscription_id).groups_of(GroupTag.EVENT_NOTIFICATION)
    assert group.string("job-originating-user-name") == "bob"


def test_the_answer_is_in_the_charset_of_the_subscription(desk):
    """RFC 3996 §5.2."""
    subscription_id = subscribe(
        desk, events("printer-stopped"), Attribute.charset("notify-charset", "us-ascii")
    )
    desk.service.printers["receipt"].device_stopped(("media-empty",), "Papier für Größe A4 fehlt.")
    answer = fetch(desk, subscription_id)
    assert answer.operation_attributes.string("attributes-charset") == "us-ascii"
    assert (
        answer.group(GroupTag.EVENT_NOTIFICATION).string("notify-text").endswith("Papier fur Gro?e A4 fehlt.")
    )


def test_text_has_no_other_language(desk):
    subscription_id = subscribe(desk, events("job-created"))
    desk.printed()
    (group,) = fetch(desk, subscription_id).groups_of(GroupTag.EVENT_NOTIFICATION)
    assert not isinstance(group.get("notify-text").first, StringWithLanguage)


# --- the wait -----------------------------------------------------------------------------------------------------------


async def _waits(desk, *ids, connected=lambda: True, uri=RECEIPT, first=()):
    attributes = [
        ANN,
        Attribute.integer("notify-subscription-ids", *ids),
        Attribute.boolean("notify-wait", True),
    ]
    if first:
        attributes.append(Attribute.integer("notify-sequence-numbers", *first))
    message, _ = decode(encode(request(Operation.GET_NOTIFICATIONS, uri, attributes)))
    data = await dispatch.answer(desk.service, message, pieces(), BASE, desk.requester, connected=connected)
    return decode(data)[0]


def waiting(desk, happens, *ids, **more):
    """What a client that waits is answered, when something happens while it waits."""

    async def both():
        task = asyncio.create_task(_waits(desk, *ids, **more))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        happens()
        return await asyncio.wait_for(task, 1)

    return desk.runner.run(both())


def test_who_waits_is_answered_when_something_happens(desk):
    subscription_id, other = (
        subscribe(desk, events("printer-stopped")),
        subscribe(desk, events("printer-stopped"), uri=LASER),
    )
    printer = desk.service.printers["receipt"]
    answer = waiting(desk, lambda: printer.device_stopped(("media-empty",), ""), subscription_id)
    assert status(answer) == OK
    assert told(answer) == [(subscription_id, 1, "printer-stopped")]
    assert answer.operation_attributes.integer("notify-get-interval") is not None
    assert told(fetch(desk, subscription_id, wait=True)) == told(answer), "what is there is given at once"
    printer.device_running()
    again = waiting(desk, lambda: printer.device_stopped(("media-empty",), ""), subscription_id, first=(2,))
    assert told(again) == [(subscription_id, 2, "printer-stopped")]
    assert not desk.service.subscriptions._waiters
    assert other


@pytest.mark.parametrize("how", ["cancel", "lease"])
def test_who_waits_for_what_ends_is_told_so(desk, how):
    subscription_id = subscribe(desk, Attribute.integer("notify-lease-duration", 50))
    subscriptions = desk.service.subscriptions
    kept = subscriptions.get(subscription_id, "receipt")

    def happens():
        if how == "cancel":
            subscriptions.forget([kept.subscription])
        else:
            kept.expires_at = 1
            subscriptions._end_leases()

    answer = waiting(desk, happens, subscription_id)
    assert status(answer) == COMPLETE
    assert told(answer) == []
    assert "notify-get-interval" not in answer.operation_attributes


def test_who_waits_for_a_job_that_ends_is_told_so(desk):
    made = printed(desk, (PULL, events("job-progress")))
    subscription_id = made.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
    job = desk.job(made.group(GroupTag.JOB).integer("job-id"))

    def happens():
        desk.service.jobs.cancel(desk.service.printers["receipt"], job)

    assert status(waiting(desk, happens, subscription_id)) == COMPLETE


def test_the_wait_ends(desk, monkeypatch):
    monkeypatch.setattr(subscriptions_module, "WAIT_S", 0.05)
    subscription_id = subscribe(desk)
    answer = desk.runner.run(_waits(desk, subscription_id))
    assert status(answer) == OK
    assert told(answer) == []
    assert answer.operation_attributes.integer("notify-get-interval") is not None


def test_a_client_that_left_is_not_waited_for(desk, monkeypatch):
    monkeypatch.setattr(subscriptions_module, "_LOOK_S", 0.01)
    there = iter([True, True, False, False])
    subscription_id = subscribe(desk)
    desk.runner.run(asyncio.wait_for(_waits(desk, subscription_id, connected=lambda: next(there)), 1))
    assert not desk.service.subscriptions._waiters
    assert desk.service.subscriptions._waiting == 0


def test_the_stop_of_the_service_is_told_and_nobody_is_left_waiting(desk):
    subscription_id = subscribe(desk, events("printer-state-changed"))
    deaf = subscribe(desk, events("job-created"))
    answer = waiting(desk, desk.service.stopping, subscription_id)
    assert told(answer) == [(subscription_id, 1, "printer-state-changed")]
    answer = desk.runner.run(asyncio.wait_for(_waits(desk, deaf), 1))
    assert told(answer) == []


def test_no_more_wait_than_may(tmp_path):
    with open_desk(tmp_path, notifications=NotificationSettings(max_waiting=1)) as desk:
        subscription_id = subscribe(desk)

        async def both():
            task = asyncio.create_task(_waits(desk, subscription_id))
            await asyncio.sleep(0.01)
            second = await asyncio.wait_for(_waits(desk, subscription_id), 1)
            desk.service.subscriptions.stop_waiting()
            await task
            return second

        answer = desk.runner.run(both())
        assert status(answer) == OK
        assert answer.operation_attributes.integer("notify-get-interval") is not None


# --- restarts -----------------------------------------------------------------------------------------------------------


def test_subscriptions_and_numbers_come_back(tmp_path):
    with open_desk(tmp_path) as desk:
        wish = (events("job-created", "printer-restarted"), Attribute.octets("notify-user-data", b"mine"))
        subscription_id = subscribe(desk, *wish)
        gone = subscribe(desk)
        assert (
            status(
                ask(
                    desk,
                    Operation.CANCEL_SUBSCRIPTION,
                    ANN,
                    Attribute.integer("notify-subscription-id", gone),
                )
            )
            == OK
        )
        desk.printed()
        made = printed(desk, (PULL, events("job-completed")))
        of_job = made.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
        job_id = made.group(GroupTag.JOB).integer("job-id")
        assert [number for _, number, _ in told(fetch(desk, subscription_id))] == [1, 2]
    with open_desk(tmp_path) as desk:
        (group,) = fetch(desk, subscription_id).groups_of(GroupTag.EVENT_NOTIFICATION)
        assert group.string("notify-subscribed-event") == "printer-restarted"
        assert group.integer("notify-sequence-number") == 3
        assert group.get("notify-user-data").first == b"mine"
        assert status(fetch(desk, gone)) == NOT_FOUND
        assert subscribe(desk) > of_job
        desk.job(job_id)
        desk.empty()
        assert told(fetch(desk, of_job)) == [(of_job, 1, "job-completed")]
    with open_desk(tmp_path) as desk:
        assert status(fetch(desk, of_job)) == NOT_FOUND


def test_no_number_comes_twice_after_a_power_cut(tmp_path):
    with open_desk(tmp_path) as desk:
        subscription_id = subscribe(desk, events("job-created"))
        for _ in range(3):
            desk.printed()
        (*_, (_, last, _)) = told(fetch(desk, subscription_id))
        newest = subscribe(desk)
        desk.service.subscriptions.close = lambda: None  # the power goes: nothing is put in order
    with open_desk(tmp_path) as desk:
        desk.printed()
        ((_, number, _),) = told(fetch(desk, subscription_id))
        assert number > last
        assert subscribe(desk) > newest


def test_what_happened_is_said_in_a_text_that_is_not_too_long(desk):
    """RFC 8011 §5.1.2: 1023 octets, also where what is quoted has as many by itself."""
    subscribed, job_id = subscribe(desk, events("job-completed")), desk.printed()
    printer, job = desk.service.printers["receipt"], desk.job(job_id)
    desk.service.jobs.end(printer, job, JobState.ABORTED, (), "\N{EURO SIGN}" * 341)
    (event,) = fetch(desk, subscribed).groups_of(GroupTag.EVENT_NOTIFICATION)  # `ask` checks the length
    assert 1000 < len(event.string("notify-text").encode()) <= 1023
