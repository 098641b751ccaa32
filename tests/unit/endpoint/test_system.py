"""The system service of PWG 5100.22: what it says, what can be set, printers that come and go, operations on all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk import (
    ADMINISTRATOR,
    BASE,
    CHARSET,
    EVERYBODY,
    LANGUAGE,
    LASER,
    OPERATOR,
    RECEIPT,
    SYSTEM,
    open_desk,
    settings,
    status,
    unsupported,
)

from tympan.config import MAX_PRINTERS, Place, PrinterSettings
from tympan.ipp import Attribute, GroupTag, Message, Operation, StatusCode, Value, ValueTag, decode, encode
from tympan.ipp.enums import JobState, PrinterState
from tympan.ipp.registry import check_syntax

OK = StatusCode.SUCCESSFUL_OK
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
NOT_FOUND = StatusCode.CLIENT_ERROR_NOT_FOUND
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NOT_SUPPORTED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
NOT_SETTABLE = StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES

ALL_OPERATIONS = {
    Operation.PAUSE_ALL_PRINTERS: (PrinterState.STOPPED, {"paused"}, True),
    Operation.RESUME_ALL_PRINTERS: (PrinterState.IDLE, {"none"}, True),
    Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB: (PrinterState.STOPPED, {"paused"}, True),
    Operation.DISABLE_ALL_PRINTERS: (PrinterState.IDLE, {"none"}, False),
    Operation.ENABLE_ALL_PRINTERS: (PrinterState.IDLE, {"none"}, True),
    Operation.SHUTDOWN_ALL_PRINTERS: (PrinterState.STOPPED, {"paused", "shutdown"}, False),
    Operation.STARTUP_ALL_PRINTERS: (PrinterState.IDLE, {"none"}, True),
}

REQUIRED = {
    "charset-configured", "charset-supported", "generated-natural-language-supported", "ipp-features-supported",
    "ipp-versions-supported", "natural-language-configured", "operations-supported",
    "printer-creation-attributes-supported", "system-config-change-date-time", "system-config-change-time",
    "system-config-changes", "system-configured-printers", "system-current-time", "system-default-printer-id",
    "system-geo-location", "system-info", "system-location", "system-make-and-model",
    "system-mandatory-printer-attributes", "system-name", "system-settable-attributes-supported", "system-state",
    "system-state-change-date-time", "system-state-change-time", "system-state-message", "system-state-reasons",
    "system-up-time", "system-uuid", "system-xri-supported", "xri-authentication-supported", "xri-security-supported",
    "xri-uri-scheme-supported", "notify-events-supported", "notify-lease-duration-supported",
}  # fmt: skip
"""PWG 5100.22 §7.2 and §7.3, without power and resources."""


def ask(desk, operation, *attributes, uri=SYSTEM, groups=()):
    head = (CHARSET, LANGUAGE, *((Attribute.uri("system-uri", uri),) if uri else ()), *attributes)
    message = Message.of((2, 0), operation, 1, (GroupTag.OPERATION, head), *groups)
    answer, _ = decode(desk.raw(encode(message)))
    return answer


def system(desk, *names):
    requested = (Attribute.keyword("requested-attributes", *names),) if names else ()
    answer = ask(desk, Operation.GET_SYSTEM_ATTRIBUTES, *requested)
    assert status(answer) == OK, answer
    return {attribute.name: attribute for attribute in answer.group(GroupTag.SYSTEM)}


def put(desk, *attributes):
    groups = [(GroupTag.SYSTEM, attributes)] if attributes else []
    return ask(desk, Operation.SET_SYSTEM_ATTRIBUTES, groups=groups)


def number(printer_id):
    return Attribute.integer("printer-id", printer_id)


def printers(desk, *attributes):
    answer = ask(desk, Operation.GET_PRINTERS, *attributes)
    assert status(answer) == OK, answer
    return [group.string("printer-name") for group in answer.groups_of(GroupTag.PRINTER)]


def create(
    desk, name="label", device=None, driver="escpos.generic-58mm", *more, service_type="print", head=()
):
    """Create-Printer; the device is a file of the desk's folder."""
    device = device or f"file://{desk.service._settings.server.state_dir}/devices/{name}/"
    operation = (
        *((Attribute.keyword("printer-service-type", service_type),) if service_type else ()),
        Attribute.uri("smi55357-device-uri", device),
        Attribute.keyword("smi55357-driver", driver),
        *head,
    )
    groups = [(GroupTag.PRINTER, (Attribute.name_string("printer-name", name), *more))]
    return ask(desk, Operation.CREATE_PRINTER, *operation, groups=groups)


def delete(desk, name):
    printer = desk.service.printers[name]
    return ask(desk, Operation.DELETE_PRINTER, number(printer.printer_id))


@pytest.fixture
def admin(empty_desk):
    """A desk that an administrator asks; printers that were made go again."""
    empty_desk.requester = ADMINISTRATOR
    yield empty_desk
    empty_desk.empty()
    empty_desk.requester = ADMINISTRATOR
    for name in sorted(empty_desk.service.printers.keys() - {"receipt", "laser"}):
        assert status(delete(empty_desk, name)) == OK
    names = system(empty_desk, "system-settable-attributes-supported")
    deletions = [
        Attribute(name, (Value(ValueTag.DELETE_ATTRIBUTE, None),))
        for name in names["system-settable-attributes-supported"].strings()
    ]
    assert status(put(empty_desk, *deletions)) == OK


# --- what the system says -----------------------------------------------------------------------------------------------


def test_the_attributes_of_the_system(admin):
    found = system(admin)
    assert found.keys() >= REQUIRED
    for attribute in found.values():
        assert check_syntax(attribute, GroupTag.SYSTEM) is None, attribute
    assert found["system-uuid"].first.startswith("urn:uuid:")
    assert found["ipp-features-supported"].strings() == ("system-service",)
    ways = found["system-xri-supported"].collections()
    assert ways[0].get("xri-uri").first == SYSTEM
    schemes = [way.get("xri-uri").first.partition(":")[0] for way in ways]
    assert found["xri-uri-scheme-supported"].strings() == tuple(dict.fromkeys(schemes))
    assert all(way.get("xri-uri").first.endswith("/ipp/system") for way in ways)
    assert found["system-up-time"].first >= 1
    assert found["system-configured-printers"].collections()
    assert (found["system-state"].first, found["system-state-reasons"].strings()) == (3, ("none",))


def test_groups_and_names(admin):
    everything = system(admin).keys()
    description, condition = system(admin, "system-description"), system(admin, "system-status")
    assert {"system-name", "operations-supported", "system-default-printer-id"} <= description.keys()
    assert {"system-state", "system-uuid", "system-configured-printers"} <= condition.keys()
    assert description.keys() | condition.keys() == everything
    assert not description.keys() & condition.keys()
    assert system(admin, "system-name", "system-state").keys() == {"system-name", "system-state"}
    answer = ask(
        admin,
        Operation.GET_SYSTEM_ATTRIBUTES,
        Attribute.keyword("requested-attributes", "system-name", "nonsense"),
    )
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {
        "requested-attributes": Attribute.keyword("requested-attributes", "nonsense")
    }


def test_the_printers_of_the_system(admin):
    columns = system(admin, "system-configured-printers")["system-configured-printers"].collections()
    assert [column.get("printer-name").first for column in columns] == ["receipt", "laser"]
    assert len({column.get("printer-id").first for column in columns}) == 2
    for column in columns:
        name = column.get("printer-name").first
        assert column.get("printer-service-type").first == "print"
        assert column.get("printer-state").first == PrinterState.IDLE
        assert column.get("printer-xri-supported").first.get("xri-uri").first == f"{BASE}/ipp/print/{name}"


def test_the_state_is_that_of_all_printers(admin):
    for operation, expected in (
        (Operation.PAUSE_PRINTER, (PrinterState.IDLE, {"paused"})),  # one of two
        (Operation.PAUSE_ALL_PRINTERS, (PrinterState.STOPPED, {"paused"})),
        (Operation.RESUME_ALL_PRINTERS, (PrinterState.IDLE, {"none"})),
    ):
        if operation == Operation.PAUSE_PRINTER:
            admin.ask(operation, LASER)
        else:
            ask(admin, operation)
        found = system(admin, "system-state", "system-state-reasons")
        assert (found["system-state"].first, set(found["system-state-reasons"].strings())) == expected


def test_a_printer_by_its_number(admin):
    for name, uri in (("receipt", RECEIPT), ("laser", LASER)):
        direct = admin.ask(Operation.GET_PRINTER_ATTRIBUTES, uri).group(GroupTag.PRINTER)
        answer = ask(admin, Operation.GET_PRINTER_ATTRIBUTES, number(direct.integer("printer-id")))
        assert status(answer) == OK
        assert answer.group(GroupTag.PRINTER).string("printer-name") == name
    answer = ask(admin, Operation.GET_PRINTER_ATTRIBUTES)  # PWG 5100.22 §6.1: the default printer
    assert answer.group(GroupTag.PRINTER).string("printer-name") == "receipt"
    assert status(ask(admin, Operation.GET_PRINTER_ATTRIBUTES, number(60_000))) == NOT_FOUND
    assert status(ask(admin, Operation.GET_PRINTER_ATTRIBUTES, number(0))) == BAD
    assert status(ask(admin, Operation.GET_PRINTER_ATTRIBUTES, uri=f"{BASE}/ipp/sys")) == NOT_FOUND


# --- Get-Printers -------------------------------------------------------------------------------------------------------


def test_which_printers(admin):
    def which(keyword):
        return printers(admin, Attribute.keyword("which-printers", keyword))

    admin.ask(Operation.DISABLE_PRINTER, LASER)
    job = admin.job(admin.printed(RECEIPT))
    receipt = admin.service.printers["receipt"]
    job.state = JobState.PROCESSING
    receipt.begins(job, receipt.template.media.default)
    assert which("all") == ["receipt", "laser"]
    assert (which("accepting"), which("not-accepting")) == (["receipt"], ["laser"])
    assert (which("processing"), which("idle"), which("stopped")) == (["receipt"], ["laser"], [])
    admin.ask(Operation.SHUTDOWN_PRINTER, LASER)
    assert (which("shutdown"), which("stopped")) == (["laser"], ["laser"])
    answer = ask(admin, Operation.GET_PRINTERS, Attribute.keyword("which-printers", "testing"))
    assert status(answer) == NOT_SUPPORTED
    receipt.current = None


def test_printers_by_what_they_are(admin):
    laser = admin.service.printers["laser"].printer_id
    place = Attribute.uri("printer-geo-location", "geo:48.2010,16.3695")
    location = Attribute.text("printer-location", "Hall")
    admin.ask(Operation.SET_PRINTER_ATTRIBUTES, LASER, more=((GroupTag.PRINTER, (place, location)),))
    for attribute, expected in (
        (Attribute.integer("printer-ids", laser, 60_000), ["laser"]),
        (location, ["laser"]),
        (Attribute.text("printer-location", "Cellar"), []),
        (place, ["laser"]),
        (Attribute.uri("printer-geo-location", "geo:48.2015,16.3695"), ["laser"]),  # 56 m north
        (Attribute.uri("printer-geo-location", "geo:48.2110,16.3695"), []),  # 1.1 km north
        (Attribute.uri("printer-geo-location", "geo:48.2110,16.3695;u=2000"), ["laser"]),
        (Attribute.keyword("printer-service-type", "print"), ["receipt", "laser"]),
        (Attribute.keyword("printer-service-type", "scan", "faxout"), []),
        (Attribute.mime("document-format", "application/vnd.hp-pcl"), ["laser"]),
        (Attribute.mime("document-format", "application/pdf"), ["receipt", "laser"]),
        (Attribute.integer("limit", 1), ["receipt"]),
        (Attribute.integer("first-index", 2), ["laser"]),
    ):
        assert printers(admin, attribute) == expected, attribute
    names = ("printer-location", "printer-geo-location")
    gone = tuple(Attribute(name, (Value(ValueTag.DELETE_ATTRIBUTE, None),)) for name in names)
    admin.ask(Operation.SET_PRINTER_ATTRIBUTES, LASER, more=((GroupTag.PRINTER, gone),))


# --- Set-System-Attributes ----------------------------------------------------------------------------------------------

SET = (
    Attribute.name_string("system-name", "Office"),
    Attribute.text("system-info", "All that prints here"),
    Attribute.text("system-location", "Vienna"),
    Attribute.text("system-message-from-operator", "Ask Adam."),
    Attribute.uri("system-geo-location", "geo:48.2010,16.3695"),
)


def test_each_attribute_can_be_set(admin):
    names = system(admin, "system-settable-attributes-supported")["system-settable-attributes-supported"]
    assert set(names.strings()) == {each.name for each in SET} | {"system-default-printer-id"}
    before = system(admin, "system-config-changes")["system-config-changes"].first
    heard = []
    stop = admin.service.events.listen(lambda event: heard.append(event.keyword))
    for attribute in SET:
        assert status(put(admin, attribute)) == OK
        assert system(admin, attribute.name) == {attribute.name: attribute}
    stop()
    assert heard == ["system-config-changed"] * len(SET)
    assert system(admin, "system-config-changes")["system-config-changes"].first == before + len(SET)


def test_the_default_printer_can_be_set(admin):
    laser = admin.service.printers["laser"].printer_id
    default = Attribute.integer("system-default-printer-id", laser)
    assert status(put(admin, default)) == OK
    assert system(admin, "system-default-printer-id") == {default.name: default}
    assert printers(admin) == ["laser", "receipt"]
    answer = admin.ask(Operation.GET_PRINTER_ATTRIBUTES, f"{BASE}/ipp/print")
    group = answer.group(GroupTag.PRINTER)
    assert group.string("printer-name") == "laser"
    assert f"{BASE}/ipp/print" in group.strings("printer-uri-supported")
    receipt = admin.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT).group(GroupTag.PRINTER)
    assert f"{BASE}/ipp/print" not in receipt.strings("printer-uri-supported")
    bad = Attribute.integer("system-default-printer-id", 60_000)
    answer = put(admin, bad)
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer) == {bad.name: bad}
    answer = ask(admin, Operation.GET_SYSTEM_SUPPORTED_VALUES)
    values = {attribute.name: attribute for attribute in answer.group(GroupTag.SYSTEM)}
    assert set(values["system-default-printer-id"].integers()) == {
        printer.printer_id for printer in admin.service.printers.values()
    }
    assert values["system-name"].tag == ValueTag.ADMIN_DEFINE


def test_all_or_none(admin):
    fixed = Attribute.integer("system-up-time", 1)
    missing = Attribute.keyword("no-such-thing", "x")
    wrong = Attribute.uri("system-geo-location", "http://here/")
    answer = put(admin, SET[0], fixed)
    assert status(answer) == NOT_SETTABLE
    assert unsupported(answer)["system-up-time"].tag == ValueTag.NOT_SETTABLE
    answer = put(admin, SET[0], fixed, missing, wrong)
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer).keys() == {"system-up-time", "no-such-thing", "system-geo-location"}
    assert system(admin, "system-name")["system-name"].first != "Office"
    assert status(put(admin)) == BAD
    for name, value in (
        ("system-name", Value(ValueTag.NAME_WITHOUT_LANGUAGE, "a" * 128)),
        ("system-info", Value(ValueTag.TEXT_WITHOUT_LANGUAGE, "two\nlines")),
        ("system-location", Value(ValueTag.INTEGER, 1)),
    ):
        assert status(put(admin, Attribute(name, (value,)))) == NOT_SUPPORTED


@pytest.mark.parametrize(
    "operation",
    [
        *ALL_OPERATIONS,
        Operation.SHUTDOWN_ONE_PRINTER,
        Operation.STARTUP_ONE_PRINTER,
        Operation.RESTART_ONE_PRINTER,
        Operation.CREATE_PRINTER,
        Operation.DELETE_PRINTER,
        Operation.SET_SYSTEM_ATTRIBUTES,
        Operation.RESTART_SYSTEM,
    ],
    ids=lambda operation: operation.keyword,
)
def test_who_may(admin, operation):
    administrators_only = operation in {
        Operation.CREATE_PRINTER,
        Operation.DELETE_PRINTER,
        Operation.SET_SYSTEM_ATTRIBUTES,
        Operation.RESTART_SYSTEM,
    }
    target = (
        (number(admin.service.printers["laser"].printer_id),)
        if "ONE" in operation.name or operation == Operation.DELETE_PRINTER
        else ()
    )
    for requester in (EVERYBODY, *((OPERATOR,) if administrators_only else ())):
        admin.requester = requester
        assert status(ask(admin, operation, *target)) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    assert status(ask(admin, operation, *target, uri=RECEIPT)) == NOT_FOUND
    assert status(ask(admin, operation, *target, uri=None)) == BAD
    assert admin.service.printers.keys() == {"receipt", "laser"}


# --- operations on all, and on one --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=lambda operation: operation.keyword)
def test_operations_on_all_printers(admin, operation):
    message = Attribute.text("printer-message-from-operator", "Inventory.")
    assert status(ask(admin, operation, message)) == OK
    for uri in (RECEIPT, LASER):
        group = admin.ask(Operation.GET_PRINTER_ATTRIBUTES, uri).group(GroupTag.PRINTER)
        assert (
            group.integer("printer-state"),
            set(group.strings("printer-state-reasons")),
            group.boolean("printer-is-accepting-jobs"),
        ) == ALL_OPERATIONS[operation]
        assert group.string("printer-message-from-operator") == "Inventory."


def test_operations_on_one_printer(admin):
    laser, receipt = admin.service.printers["laser"], admin.service.printers["receipt"]
    one = number(laser.printer_id)
    assert status(ask(admin, Operation.SHUTDOWN_ONE_PRINTER, one)) == OK
    assert laser.control.shut_down
    assert not receipt.control.shut_down
    assert status(ask(admin, Operation.STARTUP_ONE_PRINTER, one)) == OK
    assert not laser.control.shut_down
    admin.ask(Operation.PAUSE_PRINTER, LASER)
    assert status(ask(admin, Operation.RESTART_ONE_PRINTER, one)) == OK
    assert laser.state == PrinterState.IDLE
    for operation in (
        Operation.SHUTDOWN_ONE_PRINTER,
        Operation.STARTUP_ONE_PRINTER,
        Operation.RESTART_ONE_PRINTER,
        Operation.DELETE_PRINTER,
    ):
        assert status(ask(admin, operation)) == BAD
        assert status(ask(admin, operation, number(60_000))) == NOT_FOUND
        assert status(ask(admin, operation, Attribute.keyword("printer-id", "laser"))) == BAD


def test_restart_of_the_system(admin):
    assert status(ask(admin, Operation.RESTART_SYSTEM)) == NOT_POSSIBLE  # nobody runs this service
    asked = []
    admin.service.on_restart = lambda: asked.append(True)
    answer = ask(admin, Operation.RESTART_SYSTEM)
    admin.service.on_restart = None
    assert (status(answer), asked) == (OK, [True])
    assert answer.operation_attributes.integer("restart-get-interval") >= 1
    assert answer.group(GroupTag.SYSTEM).integer("system-state") == PrinterState.IDLE


# --- printers that come and go ------------------------------------------------------------------------------------------


def test_a_printer_is_made_and_prints(admin):
    heard = []
    stop = admin.service.events.listen(
        lambda event: heard.append((event.keyword, event.printer and event.printer.name))
    )
    answer = create(
        admin,
        "label",
        None,
        "escpos.generic-58mm",
        Attribute.text("printer-info", "Labels"),
        Attribute.integer("copies-default", 2),
    )
    assert status(answer) == OK, answer
    assert [group.tag for group in answer.groups] == [GroupTag.OPERATION, GroupTag.PRINTER, GroupTag.SYSTEM]
    made = answer.group(GroupTag.PRINTER)
    assert {attribute.name for attribute in made} == {
        "printer-id", "printer-is-accepting-jobs", "printer-state", "printer-state-reasons", "printer-uuid",
        "printer-xri-supported",
    }  # fmt: skip
    assert made.integer("printer-state") == PrinterState.IDLE
    uri = f"{BASE}/ipp/print/label"
    assert made.get("printer-xri-supported").first.get("xri-uri").first == uri
    assert ("printer-created", "label") in heard
    shown = admin.ask(Operation.GET_PRINTER_ATTRIBUTES, uri).group(GroupTag.PRINTER)
    assert shown.integer("printer-id") == made.integer("printer-id")
    assert (shown.string("printer-info"), shown.integer("copies-default")) == ("Labels", 2)
    job_id = admin.printed(uri)
    assert admin.job(job_id).printer == "label"
    assert admin.service._queues["label"].woken
    assert printers(admin) == ["receipt", "laser", "label"]
    stop()


def test_attributes_may_stand_in_either_group(admin):
    operation = (Attribute.keyword("printer-service-type", "print"),)
    group = (
        Attribute.name_string("printer-name", "other"),
        Attribute.uri("smi55357-device-uri", f"file://{admin.service._settings.server.state_dir}/other"),
        Attribute.keyword("smi55357-driver", "pcl"),
    )
    answer = ask(admin, Operation.CREATE_PRINTER, *operation, groups=[(GroupTag.PRINTER, group)])
    assert status(answer) == OK
    assert admin.service.printers["other"].driver is admin.service.printers["laser"].driver


@pytest.mark.parametrize(
    ("arguments", "expected", "blamed"),
    [
        ({"service_type": None}, BAD, set()),
        ({"service_type": "scan"}, NOT_SUPPORTED, {"printer-service-type"}),
        ({"name": "receipt"}, NOT_POSSIBLE, {"printer-name"}),
        ({"name": "Big Printer"}, NOT_SUPPORTED, {"printer-name"}),
        ({"name": "a/b"}, NOT_SUPPORTED, {"printer-name"}),
        ({"name": "x" * 128}, NOT_SUPPORTED, {"printer-name"}),
        ({"driver": "nonsense"}, NOT_SUPPORTED, {"smi55357-driver"}),
        ({"driver": "escpos.nonsense"}, NOT_SUPPORTED, {"smi55357-driver"}),
        (
            {"device": "gopher://there"},
            StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED,
            {"smi55357-device-uri"},
        ),
        ({"device": "serial:///dev/ttyUSB0?baud=fast"}, NOT_SUPPORTED, {"smi55357-device-uri"}),
        ({"device": "nonsense"}, NOT_SUPPORTED, {"smi55357-device-uri"}),
    ],
)
def test_printers_that_cannot_be_made(admin, arguments, expected, blamed):
    answer = create(admin, **arguments)
    assert status(answer) == expected, answer
    assert unsupported(answer).keys() == blamed
    assert answer.operation_attributes.string("status-message")
    assert admin.service.printers.keys() == {"receipt", "laser"}


def test_a_printer_whose_attributes_cannot_be_set_is_not_made(admin):
    wrong = Attribute.keyword("sides-default", "two-sided-long-edge")  # a receipt printer has one side
    answer = create(admin, "label", None, "escpos", Attribute.text("printer-info", "Labels"), wrong)
    assert status(answer) == NOT_SUPPORTED
    assert unsupported(answer) == {"sides-default": wrong}
    assert "label" not in admin.service.printers
    answer = create(admin, "label", None, "escpos", Attribute.enum("printer-state", 3))
    assert status(answer) == NOT_SETTABLE
    assert status(create(admin, "label")) == OK


def test_what_is_missing(admin):
    everything = {
        "printer-service-type": Attribute.keyword("printer-service-type", "print"),
        "smi55357-device-uri": Attribute.uri("smi55357-device-uri", "file:///tmp/never"),
        "smi55357-driver": Attribute.keyword("smi55357-driver", "pcl"),
    }
    name = [(GroupTag.PRINTER, (Attribute.name_string("printer-name", "label"),))]
    for left_out in everything:
        given = [attribute for each, attribute in everything.items() if each != left_out]
        assert status(ask(admin, Operation.CREATE_PRINTER, *given, groups=name)) == BAD, left_out
    assert status(ask(admin, Operation.CREATE_PRINTER, *everything.values())) == BAD
    for wrong in (
        Attribute.text("smi55357-device-uri", "file:///tmp/never"),
        Attribute.uri("smi55357-device-uri", "file:///tmp/never", "file:///tmp/either"),
        Attribute.integer("smi55357-driver", 1),
    ):
        given = [attribute for each, attribute in everything.items() if each != wrong.name]
        assert status(ask(admin, Operation.CREATE_PRINTER, *given, wrong, groups=name)) == NOT_SUPPORTED
    assert "label" not in admin.service.printers


def test_there_is_an_end_to_it(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        for count in range(MAX_PRINTERS - 2):
            assert status(create(desk, f"p{count}")) == OK
        assert status(create(desk, "one-more")) == NOT_POSSIBLE
        assert status(delete(desk, "p7")) == OK
        assert status(create(desk, "one-more")) == OK


def test_a_printer_goes_with_its_jobs(admin):
    create(admin, "label")
    uri = f"{BASE}/ipp/print/label"
    done, waiting, printing = (admin.printed(uri) for _ in range(3))
    admin.ask(Operation.CANCEL_JOB, uri, Attribute.integer("job-id", done))
    jobs = [admin.job(job_id) for job_id in (waiting, printing)]
    label = admin.service.printers["label"]
    jobs[1].state, label.current = JobState.PROCESSING, jobs[1]
    heard = []
    stop = admin.service.events.listen(
        lambda event: heard.append((event.keyword, event.job and event.job.job_id))
    )
    assert status(delete(admin, "label")) == OK
    stop()
    assert [job.state for job in jobs] == [JobState.CANCELED] * 2
    assert {("job-completed", waiting), ("job-completed", printing), ("printer-deleted", None)} <= set(heard)
    assert heard[-1] == ("printer-deleted", None)
    assert status(admin.ask(Operation.GET_PRINTER_ATTRIBUTES, uri)) == NOT_FOUND
    assert status(admin.ask(Operation.PRINT_JOB, uri, document=b"x\n")) == NOT_FOUND
    assert printers(admin) == ["receipt", "laser"]
    assert not {waiting, printing, done} & admin.service.jobs._finished.keys()
    assert admin.service.jobs._active_count == sum(
        len(each.active) for each in admin.service.printers.values()
    )


@pytest.mark.parametrize(
    ("places", "why"),
    [
        (
            {"printers.laser": Place("/etc/tympan/config.toml", 7)},
            "the configuration file /etc/tympan/config.toml",
        ),
        ({}, "belongs to the simulation"),
    ],
    ids=["file", "simulation"],
)
def test_a_printer_of_the_file_stays(admin, monkeypatch, places, why):
    settings = admin.service.registry._settings
    monkeypatch.setattr(admin.service.registry, "_settings", replace(settings, places=places))
    answer = delete(admin, "laser")
    assert status(answer) == NOT_POSSIBLE
    assert why in answer.operation_attributes.string("status-message")
    assert "laser" in admin.service.printers


def test_an_upload_to_a_printer_that_is_deleted_meanwhile(admin):
    from tympan.endpoint import dispatch

    create(admin, "label")
    uri = f"{BASE}/ipp/print/label"

    async def slow():
        yield b"half\n"
        await admin.service.remove_printer(admin.service.printers["label"])
        yield b"and half\n"

    head = (
        CHARSET,
        LANGUAGE,
        Attribute.uri("printer-uri", uri),
        Attribute.mime("document-format", "text/plain"),
    )
    message = Message.of((2, 0), Operation.PRINT_JOB, 1, (GroupTag.OPERATION, head))
    answer, _ = decode(admin.runner.run(dispatch.answer(admin.service, message, slow(), BASE, ADMINISTRATOR)))
    assert status(answer) == StatusCode.SERVER_ERROR_TEMPORARY_ERROR
    assert "label" not in admin.service.printers


def test_the_default_printer_that_is_deleted(admin):
    create(admin, "label")
    label = admin.service.printers["label"].printer_id
    assert status(put(admin, Attribute.integer("system-default-printer-id", label))) == OK
    assert admin.service.default_printer.name == "label"
    assert status(delete(admin, "label")) == OK
    assert admin.service.default_printer.name == "receipt"
    assert system(admin, "system-default-printer-id")["system-default-printer-id"].first != label


# --- a restart ----------------------------------------------------------------------------------------------------------


def test_a_restart_forgets_nothing(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert status(put(desk, *SET)) == OK
        answer = create(desk, "label", None, "escpos.generic-58mm", Attribute.text("printer-info", "Labels"))
        made = answer.group(GroupTag.PRINTER)
        uri = f"{BASE}/ipp/print/label"
        job_id = desk.printed(uri)
        assert (
            status(put(desk, Attribute.integer("system-default-printer-id", made.integer("printer-id"))))
            == OK
        )
        desk.ask(Operation.PAUSE_PRINTER, uri)
        before = system(desk)
    for _ in range(2):
        with open_desk(tmp_path) as desk:
            after = system(desk)
            for name in (
                "system-uuid", "system-config-changes", "system-default-printer-id", "system-configured-printers",
                *(each.name for each in SET),
            ):  # fmt: skip
                assert after[name] == before[name], name
            shown = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri).group(GroupTag.PRINTER)
            assert shown.string("printer-info") == "Labels"
            assert shown.string("printer-uuid") == made.string("printer-uuid")
            assert shown.strings("printer-state-reasons") == ("paused",)
            assert desk.job(job_id).printer == "label"
            assert desk.service.default_printer.name == "label"


def test_numbers_are_never_given_twice(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        first = create(desk, "label").group(GroupTag.PRINTER).integer("printer-id")
        assert status(delete(desk, "label")) == OK
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert "label" not in desk.service.printers
        assert create(desk, "label").group(GroupTag.PRINTER).integer("printer-id") > first
        assert desk.service.printers["label"].control.prints


def test_nothing_of_a_deleted_printer_comes_back(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        create(desk, "label", None, "escpos", Attribute.text("printer-info", "Labels"))
        desk.ask(Operation.PAUSE_PRINTER, f"{BASE}/ipp/print/label")
        delete(desk, "label")
        create(desk, "label")
        info = desk.service.printers["label"].identity.info
        assert (info, desk.service.printers["label"].control.paused) == ("label", False)
    with open_desk(tmp_path) as desk:
        assert desk.service.printers["label"].identity.info == "label"
        assert not desk.service.printers["label"].control.paused


def test_the_configuration_file_stands_in_front(tmp_path, monkeypatch):
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        create(desk, "label", None, "escpos")

    def with_label(folder, **limits):
        made = settings(folder, **limits)
        label = PrinterSettings(
            name="label", device=f"file://{folder}/label", driver="pcl", profile="generic-pcl5e"
        )
        return type(made)(**{**vars(made), "printers": (*made.printers, label)})

    monkeypatch.setattr("desk.settings", with_label)
    with open_desk(tmp_path) as desk:
        desk.requester = ADMINISTRATOR
        assert type(desk.service.printers["label"].driver).name == "pcl"
        assert status(delete(desk, "label")) == NOT_POSSIBLE


@pytest.mark.parametrize("scheme", ["file", "lp", "FILE"])
def test_paths_of_the_machine_are_for_its_own_users(admin, scheme):
    admin.requester = replace(ADMINISTRATOR, is_local=False)
    answer = create(admin, device=f"{scheme}:///etc/passwd")
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    assert "label" not in admin.service.printers
