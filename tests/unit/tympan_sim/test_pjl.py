"""The job language: settings, and replies to the byte as HP's PJL Technical Reference Manual shows them."""

import pytest

from tympan_sim.decoder import Action, Motion, Reply, Sheet, StatusListener
from tympan_sim.pcl_decoder import PclDecoder

UEL = b"\x1b%-12345X"
RULE = b"\x1b*c8a5b0P"


class Host:
    """What a host sends and reads."""

    def __init__(self, **options):
        self.decoder = PclDecoder(**{"dpi": 300, "media": "iso_a6_105x148mm", **options})
        self.effects = []

    def send(self, data):
        new = list(self.decoder.feed(data))
        self.effects += new
        return b"".join(effect.data for effect in new if isinstance(effect, Reply))

    def line(self, *lines):
        return self.send(UEL + b"".join(line + b"\r\n" for line in lines) + UEL)

    def sheets(self):
        return [effect for effect in self.effects if isinstance(effect, Sheet)]

    def actions(self, name):
        return [
            effect.detail for effect in self.effects if isinstance(effect, Action) and effect.name == name
        ]


@pytest.fixture
def host():
    return Host()


# --- readback ----------------------------------------------------------------------------------------------------------


def test_status(host):
    assert (
        host.line(b"@PJL INFO STATUS")
        == b'@PJL INFO STATUS\r\nCODE=10001\r\nDISPLAY="00 READY"\r\nONLINE=TRUE\r\n\f'
    )


def test_ready_message_is_displayed(host):
    reply = host.line(b'@PJL RDYMSG DISPLAY="Hello there"', b"@PJL INFO STATUS")
    assert b'DISPLAY="Hello there"\r\n' in reply


def test_identity():
    assert Host(identity="LASERJET 4").line(b"@PJL INFO ID") == b'@PJL INFO ID\r\n"LASERJET 4"\r\n\f'


def test_echo_comment_and_empty_lines(host):
    assert (
        host.line(b"@PJL", b"@PJL COMMENT nothing", b"@PJL ECHO 12:30:45.6 06-01-92")
        == b"@PJL ECHO 12:30:45.6 06-01-92\r\n\f"
    )


def test_page_count(host):
    host.send(b"\f\f\f")
    assert host.line(b"@PJL INFO PAGECOUNT") == b"@PJL INFO PAGECOUNT\r\nPAGECOUNT=3\r\n\f"


def test_inquire(host):
    reply = host.line(
        b"@PJL SET COPIES = 7", b"@PJL INQUIRE COPIES", b"@PJL DINQUIRE COPIES", b"@PJL INQUIRE NONSENSE"
    )
    assert (
        reply
        == b'@PJL INQUIRE COPIES\r\n7\r\n\f@PJL DINQUIRE COPIES\r\n1\r\n\f@PJL INQUIRE NONSENSE\r\n"?"\r\n\f'
    )


def test_inquire_of_the_language(host):
    assert host.line(b"@PJL INQUIRE LPARM:PCL FONTNUMBER") == b"@PJL INQUIRE LPARM:PCL FONTNUMBER\r\n0\r\n\f"


def test_unsolicited_settings_are_listed_as_in_the_manual(host):
    expected = (
        "@PJL INFO USTATUS\nDEVICE=OFF [3 ENUMERATED]\n\tOFF\n\tON\n\tVERBOSE\nJOB=OFF [2 ENUMERATED]\n\tOFF\n\tON\n"
        "PAGE=OFF [2 ENUMERATED]\n\tOFF\n\tON\nTIMED=0 [2 RANGE]\n\t5\n\t300\n"
    )
    assert host.line(b"@PJL INFO USTATUS") == expected.replace("\n", "\r\n").encode() + b"\f"


def test_variables_are_listed(host):
    reply = host.line(b"@PJL INFO VARIABLES")
    assert b"COPIES=1 [2 RANGE]\r\n\t1\r\n\t999\r\n" in reply
    assert b"DUPLEX=OFF [2 ENUMERATED]\r\n\tOFF\r\n\tON\r\n" in reply
    assert b"PAPER=A6 [" in reply
    assert reply.endswith(b"\r\n\f")


@pytest.mark.parametrize("category", [b"CONFIG", b"MEMORY"])
def test_other_categories_are_answered(host, category):
    reply = host.line(b"@PJL INFO " + category)
    assert reply.startswith(b"@PJL INFO " + category + b"\r\n")
    assert reply.endswith(b"\r\n\f")


def test_a_category_that_is_not_there(host):
    assert host.line(b"@PJL INFO FLAVOUR") == b'@PJL INFO FLAVOUR\r\n"?"\r\n\f'


# --- unsolicited status ------------------------------------------------------------------------------------------------


def test_job_and_page_status_in_their_order(host):
    stream = (
        UEL
        + b'@PJL USTATUS JOB=ON\r\n@PJL USTATUS PAGE = ON\r\n@PJL JOB NAME = "two pages"\r\n@PJL ENTER LANGUAGE = PCL\r\n'
        b"\x1bE" + RULE + b"\f" + RULE + b"\f\x1bE" + UEL + b'@PJL EOJ NAME="two pages"\r\n' + UEL
    )
    assert host.send(stream) == (
        b'@PJL USTATUS JOB\r\nSTART\r\nNAME="two pages"\r\n\f'
        b"@PJL USTATUS PAGE\r\n1\r\n\f@PJL USTATUS PAGE\r\n2\r\n\f"
        b'@PJL USTATUS JOB\r\nEND\r\nNAME="two pages"\r\nPAGES=2\r\n\f'
    )
    kinds = [
        type(effect)
        for effect in host.effects
        if isinstance(effect, Reply | Sheet) or (isinstance(effect, Motion) and effect.length_um)
    ]
    assert kinds == [Reply, Motion, Sheet, Reply, Motion, Sheet, Reply, Reply]
    assert host.actions("job") == [{"name": "two pages", "display": ""}]
    assert host.actions("end-of-job") == [{"name": "two pages", "pages": 2}]


def test_job_without_a_name_and_the_name_at_the_end(host):
    reply = host.line(b"@PJL USTATUS JOB=ON", b"@PJL JOB", b'@PJL EOJ NAME="late"')
    assert reply == b'@PJL USTATUS JOB\r\nSTART\r\n\f@PJL USTATUS JOB\r\nEND\r\nNAME="late"\r\nPAGES=0\r\n\f'


def test_an_end_without_a_name_is_told_without_one(host):
    """Whatever the job was called: chapter 5, "EOJ command"."""
    host.line(b"@PJL USTATUS JOB=ON", b'@PJL JOB NAME="early"')
    assert host.line(b"@PJL EOJ") == b"@PJL USTATUS JOB\r\nEND\r\nPAGES=0\r\n\f"


def test_a_job_within_a_job_ends_with_the_outer_one(host):
    host.line(b"@PJL USTATUS JOB=ON", b'@PJL JOB NAME="outer"')
    assert host.line(b'@PJL JOB NAME="inner"', b'@PJL EOJ NAME="inner"') == b""
    assert host.line(b'@PJL EOJ NAME="outer"') == b'@PJL USTATUS JOB\r\nEND\r\nNAME="outer"\r\nPAGES=0\r\n\f'
    assert host.line(b'@PJL EOJ NAME="isolated"') == b""


def test_ustatus_off(host):
    assert (
        host.line(
            b"@PJL USTATUS JOB=ON", b"@PJL USTATUS PAGE=ON", b"@PJL USTATUSOFF", b"@PJL JOB", b"@PJL EOJ"
        )
        == b""
    )


def test_both_sides_of_a_sheet_are_pages(host):
    host.line(b"@PJL USTATUS PAGE=ON")
    assert host.send(b"\x1b&l1S\f") == b""
    # "The number of pages is incremented by one for each simplex page formatted, and by two for each duplex page."
    assert host.send(b"\f") == b"@PJL USTATUS PAGE\r\n2\r\n\f"


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        ({"cover_open": True}, b'CODE=40021\r\nDISPLAY="12 PRINTER OPEN"\r\nONLINE=FALSE\r\n'),
        ({"paper_out": True}, b'CODE=41204\r\nDISPLAY="11 PC LOAD A4"\r\nONLINE=FALSE\r\n'),
        ({"offline": True}, b'CODE=10002\r\nDISPLAY="00 OFFLINE"\r\nONLINE=FALSE\r\n'),
    ],
)
def test_device_status_as_it_changes(status, reply):
    host = Host(media="iso_a4_210x297mm")
    assert isinstance(host.decoder, StatusListener)
    assert list(host.decoder.status_changed(status)) == []
    assert list(host.decoder.status_changed({})) == []
    host.line(b"@PJL USTATUS DEVICE = ON")
    assert list(host.decoder.status_changed(status)) == [Reply(b"@PJL USTATUS DEVICE\r\n" + reply + b"\f")]
    assert list(host.decoder.status_changed(status)) == []
    assert host.line(b"@PJL INFO STATUS") == b"@PJL INFO STATUS\r\n" + reply + b"\f"
    (back,) = host.decoder.status_changed({})
    assert b"CODE=10001\r\n" in back.data


def test_errors_are_told_when_verbose(host):
    assert host.line(b"@PJL MAKE COFFEE") == b""
    assert b"CODE=20002\r\n" in host.line(b"@PJL USTATUS DEVICE=VERBOSE", b"@PJL MAKE COFFEE")
    assert b"CODE=20001\r\n" in host.line(b"@PJL SET COPIES")
    assert {"language": "PJL", "command": "MAKE"} in host.actions("unknown")


# --- settings ----------------------------------------------------------------------------------------------------------


def print_with(host, *settings, data=RULE + b"\f"):
    lines = b"".join(b"@PJL SET " + setting + b"\r\n" for setting in settings)
    host.send(UEL + lines + b"@PJL ENTER LANGUAGE=PCL\r\n" + data + UEL)
    return host.sheets()


def test_copies_and_sets(host):
    (sheet,) = print_with(host, b"COPIES=2", b"QTY=3")
    assert sheet.copies == 6
    assert "3 collated sets of the job" in sheet.notes


def test_the_language_overrides_copies(host):
    (sheet,) = print_with(host, b"COPIES=4", data=b"\x1b&l5X" + RULE)
    assert sheet.copies == 5


def test_duplex_and_binding(host):
    front, back = print_with(
        host, b"DUPLEX=ON", b"BINDING=SHORTEDGE", data=b"\x1b*p0x0Y" + RULE + b"\f" + b"\x1b*p0x0Y" + RULE
    )
    assert (front.side, back.side) == ("front", "back")
    assert back.image.transpose(3).tobytes() == front.image.tobytes()


def test_paper_and_manual_feed(host):
    (sheet,) = print_with(host, b"PAPER=LEGAL", b"MANUALFEED=ON")
    assert (sheet.media, sheet.source) == ("na_legal_8.5x14in", "2")


def test_resolution():
    (sheet,) = print_with(Host(dpi=600), b"RESOLUTION=300")
    assert (sheet.dpi, sheet.image.size) == ((300, 300), (1240, 1748))
    (sheet,) = print_with(Host(dpi=300), b"RESOLUTION=600")
    assert sheet.dpi == (300, 300)


def test_settings_end_with_the_language(host):
    """The table of chapter 6: after the universal exit the user's default is back."""
    print_with(host, b"COPIES=5")
    print_with(host)
    assert [sheet.copies for sheet in host.sheets()] == [5, 1]


def test_a_job_command_resets_what_was_set_before_it(host):
    host.send(
        UEL
        + b"@PJL SET COPIES=5\r\n@PJL JOB\r\n@PJL ENTER LANGUAGE=PCL\r\n"
        + RULE
        + UEL
        + b"@PJL EOJ\r\n"
        + UEL
    )
    assert [sheet.copies for sheet in host.sheets()] == [1]


def test_user_defaults_stay(host):
    host.line(b"@PJL DEFAULT COPIES=3")
    print_with(host)
    print_with(host)
    host.line(b"@PJL INITIALIZE")
    print_with(host)
    assert [sheet.copies for sheet in host.sheets()] == [3, 3, 1]


@pytest.mark.parametrize(
    "setting",
    [b"COPIES=0", b"COPIES=1000", b"COPIES=-1", b"COPIES=two", b"DUPLEX=MAYBE", b"SERVICEMODE=ON", b"X=1"],
)
def test_settings_that_are_refused(host, setting):
    (sheet,) = print_with(host, setting)
    assert (sheet.copies, sheet.side) == (1, "front")
    assert host.actions("unknown")


def test_page_range(host):
    pages = b"".join(b"\x1b*p%dx0Y" % (10 * number) + RULE + b"\f" for number in range(1, 6))
    host.send(
        UEL
        + b"@PJL JOB START=2 END=3\r\n@PJL ENTER LANGUAGE=PCL\r\n"
        + pages
        + UEL
        + b"@PJL EOJ\r\n"
        + UEL
        + RULE
        + b"\f"
    )
    assert len(host.sheets()) == 3


# --- where lines begin and end -----------------------------------------------------------------------------------------


def test_what_is_no_job_language_line_is_print_data(host):
    host.send(UEL + b"@PJL COMMENT one\r\n" + RULE + b"\f@PJL INFO STATUS\r\n\f")
    assert len(host.sheets()) == 2  # the second has the command as text
    assert not [effect for effect in host.effects if isinstance(effect, Reply)]


def test_a_blank_after_the_universal_exit_ends_the_job_language(host):
    assert host.send(UEL + b"\r\n@PJL INFO STATUS\r\n\f") == b""
    assert len(host.sheets()) == 1


def test_line_feeds_alone_end_lines(host):
    assert host.send(UEL + b"@PJL ECHO a\n@PJL ECHO b\n") == b"@PJL ECHO a\r\n\f@PJL ECHO b\r\n\f"


def test_commands_in_small_letters(host):
    assert host.line(b"@PJL echo Mixed Case") == b"@PJL ECHO Mixed Case\r\n\f"


def test_languages(host):
    host.send(
        UEL
        + b"@PJL ENTER LANGUAGE = PCLXL\r\nbinary\x1bE\f"
        + UEL
        + b"@PJL ENTER LANGUAGE=pcl\r\n"
        + RULE
        + UEL
    )
    assert host.actions("language") == [{"name": "PCLXL", "known": False}, {"name": "PCL", "known": True}]
    assert len(host.sheets()) == 1


def test_a_line_without_an_end_is_bounded(host):
    host.send(UEL + b"@PJL COMMENT " + b"x" * 100_000)
    assert len(host.decoder._buffer) < 10_000
    assert host.send(b"y" * 100_000 + b"\r\n@PJL ECHO still here\r\n") == b"@PJL ECHO still here\r\n\f"
    assert not host.sheets()


def test_universal_exit_prints_what_is_on_the_page(host):
    host.send(RULE + UEL)
    assert len(host.sheets()) == 1
