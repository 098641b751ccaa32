"""Profiles: the ones shipped, which device gets which, and mistakes named by file and key."""

import subprocess
import sys

import pytest

from tympan.driver.contract import DeviceIdentity
from tympan.errors import DriverError
from tympan.model import media
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.pcl import PclDriver
from tympan_drivers.profile_store import PROFILE_DIR, device_id_fields

DRIVERS = {"escpos": EscPosDriver, "pcl": PclDriver}


def every_profile():
    return [(name, profile) for name, driver in DRIVERS.items() for profile in driver().profiles()]


def test_every_file_is_some_drivers_profile():
    names = [profile for _, profile in every_profile()]
    assert sorted(names) == sorted(path.stem for path in PROFILE_DIR.glob("*.toml"))
    assert {"generic-58mm", "generic-80mm", "tm-t88", "tm-m30", "zijiang", "tm-u220"} <= set(names)
    assert {"generic-pcl5e", "generic-pcl5e-duplex", "laserjet-4", "generic-pcl5-300"} <= set(names)


@pytest.mark.parametrize(("driver", "profile"), every_profile())
def test_capabilities_hold_together(driver, profile):
    capabilities = DRIVERS[driver]().capabilities(profile)
    names = [spec.name for spec in capabilities.media]
    assert len(set(names)) == len(names)
    for source, name in capabilities.media_ready.items():
        assert source in capabilities.media_sources
        assert name in names
    for spec in capabilities.media:
        size = media.find_size(spec.name)
        assert size is not None
        assert (spec.width_hmm, spec.length_hmm) == (size.width_hmm, size.length_hmm)
        assert spec.source in capabilities.media_sources
        assert spec.type in capabilities.media_types
        assert spec.roll == capabilities.roll
        assert spec.left_margin_hmm + spec.right_margin_hmm < spec.width_hmm
    assert 3 in capabilities.finishings
    assert set(capabilities.finishings_default) <= set(capabilities.finishings)
    assert capabilities.print_qualities == tuple(sorted(capabilities.print_qualities))
    assert not any(character.isdigit() for source in capabilities.media_sources for character in source), (
        "OpenPrinting/cups#859"
    )
    fields = device_id_fields(capabilities.device_id)
    assert capabilities.make_and_model == f"{fields['MFG']} {fields['MDL']}"
    # Whoever has no device id gets one that leads back to a profile of the same driver.
    assert DRIVERS[driver]().match(DeviceIdentity(device_id=capabilities.device_id)) is not None


def test_a_device_of_which_no_profile_is_named_is_of_no_particular_make():
    """The first of `profiles` is taken; in the order of names it would be one maker's model, as of the LaserJet III."""
    firsts = {name: next(iter(driver().profiles())) for name, driver in DRIVERS.items()}
    assert firsts == {"escpos": "generic-80mm", "pcl": "generic-pcl5e"}
    for name, profile in firsts.items():
        assert DRIVERS[name]().capabilities(profile).make_and_model.lower().startswith("generic")


def test_margins_are_what_the_head_does_not_reach():
    # 80 mm of paper, 576 dots at 203 an inch are 72.07 mm: 3.96 mm on either side.
    receipt = EscPosDriver().capabilities("generic-80mm").media[0]
    assert (receipt.name, receipt.left_margin_hmm, receipt.right_margin_hmm) == (
        "om_receipt_80x297mm",
        396,
        396,
    )
    # A4: the logical page begins 71/300 inch from the edge, 6.01 mm; a sixth of an inch at top and bottom, 4.23 mm.
    sheet = PclDriver().capabilities("generic-pcl5e").media[0]
    assert sheet.name == "iso_a4_210x297mm"
    assert (sheet.left_margin_hmm, sheet.right_margin_hmm, sheet.top_margin_hmm, sheet.bottom_margin_hmm) == (
        602,
        602,
        424,
        424,
    )


def test_the_service_reads_profiles_without_numpy():
    code = (
        "import sys; from tympan_drivers.escpos import EscPosDriver; from tympan_drivers.pcl import PclDriver\n"
        "for driver in (EscPosDriver(), PclDriver()):\n"
        "    for name in driver.profiles():\n"
        "        driver.capabilities(name), driver.raw_prologue(name), driver.raw_epilogue(name), driver.abandon(name)\n"
        "print('numpy' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("identity", "escpos", "pcl"),
    [
        (DeviceIdentity(device_id="MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V;CLS:PRINTER;DES:EPSON TM-T88V;"), "tm-t88", None),
        (DeviceIdentity(make="EPSON", model="TM-T88III"), "tm-t88iii", None),
        (DeviceIdentity(make="epson", model="tm-m30II-NT"), "tm-m30", None),
        (DeviceIdentity(make="EPSON", model="TM-U220B"), "tm-u220", None),
        (DeviceIdentity(make="Zijiang", model="ZJ-5870"), "zijiang", None),
        (DeviceIdentity(device_id="MFG:ZJ;MDL:POS-58;CMD:ESCPOS;"), "zijiang", None),
        (DeviceIdentity(device_id="MFG:STMicroelectronics;MDL:POS58 Printer USB;CLS:PRINTER;"), "generic-58mm", None),
        (DeviceIdentity(device_id="MFG:X;MDL:Y;CMD:ESCPOS;"), "generic-80mm", None),
        (DeviceIdentity(make="X", model="Y", commands=("ESC/POS",)), "generic-80mm", None),
        (DeviceIdentity(device_id="MFG:Hewlett-Packard;CMD:PJL,MLC,PCL,PCL5E;MDL:HP LaserJet 4050 Series ;"), None, "laserjet-4"),
        (DeviceIdentity(make="HP", model="HP LaserJet P2055dn", commands=("PJL", "PCL")), None, "generic-pcl5e-duplex"),
        (DeviceIdentity(make="HP", model="LaserJet III"), None, "generic-pcl5-300"),
        (DeviceIdentity(device_id="MFG:Brother;CMD:PJL,PCL,PCLXL;MDL:HL-5350DN series;CLS:PRINTER;"), None, "generic-pcl5e"),
        (DeviceIdentity(device_id="MFG:Q;COMMAND SET:PJL, pcl5e;MODEL:Z;"), None, "generic-pcl5e"),
        (DeviceIdentity(device_id="MFG:K;MDL:Z;CMD:PCLXL,POSTSCRIPT;"), None, None),
        (DeviceIdentity(device_id="MFG:Zebra;MDL:ZD420;CMD:ZPL;"), None, None),
        (DeviceIdentity(device_id="garbage;;:;MDL"), None, None),
        (DeviceIdentity(), None, None),
    ],
)  # fmt: skip
def test_the_right_profile_for_a_device(identity, escpos, pcl):
    assert EscPosDriver().match(identity) == escpos
    assert PclDriver().match(identity) == pcl


@pytest.mark.parametrize("name", ["", "nothing", "../profiles/generic-80mm", "generic-pcl5e", "/etc/passwd"])
def test_no_such_profile(name):
    with pytest.raises(DriverError, match="has no profile"):
        EscPosDriver().capabilities(name)


GOOD = {
    "escpos": (PROFILE_DIR / "tm-m30.toml").read_text(),
    "pcl": (PROFILE_DIR / "generic-pcl5e-duplex.toml").read_text(),
}


@pytest.mark.parametrize(
    ("driver", "line", "instead", "problem"),
    [
        ("escpos", "dpi_across = 203", "", "dpi_across: it is missing"),
        ("escpos", "dpi_across = 203", "dpi_across = 49", "dpi_across: it must be 50 to 600, not 49"),
        ("escpos", "dpi_across = 203", 'dpi_across = "203"', "dpi_across: it must be a whole number"),
        ("escpos", "dpi_across = 203", "dpi_across = true", "dpi_across: it must be a whole number"),
        ("escpos", "dpi_across = 203", "dpi_across = 203\nspeed = 3", "speed: there is no such key"),
        ("escpos", 'raster = "gs_8_l"', 'raster = "gs_9"', "raster: it must be one of gs_v_0, "),
        ("escpos", 'cut = "feed_partial"', 'cut = "rip"', "cut: it must be one of none, "),
        ("escpos", "raster_rows = 256", "raster_rows = 4096", "raster_rows: it must be 1 to 4095"),
        ("escpos", "print_width_dots = 576", "print_width_dots = 900", "print_width_dots: the head is wider than the paper"),
        ("escpos", "print_width_dots = 576", "print_width_dots = 500", "text.columns: the line is wider than the head"),
        ("escpos", "dot_gain = 0.15", "dot_gain = 1.1", "dot_gain: it must be a number from 0 to 1"),
        ("escpos", "dot_gain = 0.15", 'init = "1B 4"', "init: it must be bytes in hexadecimal"),
        ("escpos", "feed_units_per_dot = 1", "", "feed_gaps: the unit must be known"),
        ("escpos", "feed_units_per_dot = 1\nfeed_gaps = true", "", "text.columns: the line advance cannot be set"),
        ("escpos", "feed_units_per_dot = 1", "feed_units_per_dot = 1\nraster_rows_avoid = 1", "raster_rows_avoid"),
        ("escpos", "line_height_dots = 30", "line_height_dots = 255\ncolour = 1", "text.colour: there is no such key"),
        ("escpos", "feed_units_per_dot = 1", "feed_units_per_dot = 8", None),
        ("escpos", "cp437 = 0", "cp437 = 256", "text.code_pages.cp437: it must be a whole number from 0 to 255"),
        ("escpos", "cp437 = 0", "klingon = 0", "text.code_pages.klingon: there is no such codec"),
        ("escpos", "drawer = true", "drawer = 1", "features.drawer: it must be true or false"),
        ("escpos", 'raster = "gs_8_l"\nraster_rows = 256', 'raster = "gs_paren_l"\nraster_rows = 911', "GS ( L holds"),
        ("escpos", 'raster = "gs_8_l"', 'raster = "esc_star"\ncolumn_mode = 2', "column_mode: it must be one of 0, 1, 32, 33"),
        ("escpos", 'make = "EPSON"\nmodel = "TM-m30"', 'make = "EP;SON"\nmodel = "TM-m30"', "make: it stands in a device id"),
        ("escpos", '[[match]]\nmake = "EPSON"\nmodel = "TM-m30*"', '[[match]]\nmake = "EPSON"', "match[0].model: it is missing"),
        ("escpos", '[[match]]\nmake = "EPSON"\nmodel = "TM-m30*"', '[[match]]\nmodle = "T"\nmodel = "T"', "match[0].modle: there is no"),
        ("escpos", 'driver = "escpos"', 'driver = "escposs"', "driver: it must be one of escpos, pcl"),
        ("escpos", 'driver = "escpos"', "driver = ", "line 2"),
        ("pcl", "resolutions = [600, 300]", "resolutions = [400]", "resolutions: each must be one of 300, 600, 1200"),
        ("pcl", "resolutions = [600, 300]", "resolutions = []", "resolutions: each must be one of"),
        ("pcl", "resolutions = [600, 300]", "resolutions = [600, 600]", "resolutions: a number is given twice"),
        ("pcl", "resolutions = [600, 300]", "resolutions = [600.5]", "resolutions: each must be a whole number"),
        ("pcl", "resolutions = [600, 300]", "resolutions = [600]\nunit_of_measure = false", "unit_of_measure: without it"),
        ("pcl", "modes = [0, 2, 3]", "modes = [3]", "modes: it must be some of 0, 2 and 3"),
        ("pcl", "modes = [0, 2, 3]", "modes = [0, 1]", "modes: it must be some of 0, 2 and 3"),
        ("pcl", "auto = 7", "auto = 70", "sources.auto: it must be a whole number from 1 to 69"),
        ("pcl", "economode = true", "economode = true\npjl = false", "economode: it is asked for in PJL"),
        ("pcl", "economode = true", 'end_raster = "rD"', "end_raster: it must be one of rC, rB"),
        ("pcl", '"iso_a4_210x297mm",', '"iso_a9_37x52mm",', "media: PCL 5 has no code for 'iso_a9_37x52mm'"),
        ("pcl", '"iso_a4_210x297mm",', "7,", "media: each must be a string"),
        ("escpos", 'completion = "gs_h"', 'completion = "yes"', "status.completion: it must be one of none, gs_r, gs_h"),
        ("escpos", "buffer_bytes = 65_536", "", "status.buffer_bytes: it is missing"),
        ("escpos", "realtime = true", "realtime_status = true", "status.realtime_status: there is no such key"),
        ("escpos", "drawer = true", "realtime_status = true", "features.realtime_status: there is no such key"),
        ("pcl", "readback = true\n", "", "status.pages: a printer that does not answer does not count either"),
        ("pcl", "economode = true", "pjl = false", "status.readback: it is asked for in PJL"),
        ("pcl", "pages = true", "supplies = true", "status.supplies: there is no such key"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path, driver, line, instead, problem):
    assert line in GOOD[driver]
    path = tmp_path / "mine.toml"
    path.write_text(GOOD[driver].replace(line, instead, 1))
    if problem is None:
        DRIVERS[driver](tmp_path).capabilities("mine")
        return
    broken = DRIVERS[driver](tmp_path)
    for _ in range(2):  # the second time is no better
        with pytest.raises(DriverError) as caught:
            broken.capabilities("mine")
        assert str(path) in str(caught.value)
        assert problem in str(caught.value)


def test_an_empty_profile_has_no_trays_and_no_paper(tmp_path):
    head = 'driver = "pcl"\ninfo = "i"\nmake = "m"\nmodel = "o"\ncommands = "PCL"\nresolutions = [300]\n'
    end = "[status]\nbuffer_bytes = 0\n"
    for rest, problem in (
        ("media = []\n", "media: there must be"),
        ('media = ["iso_a4_210x297mm"]\n', "sources: there must be"),
    ):
        (tmp_path / "mine.toml").write_text(head + rest + end)
        with pytest.raises(DriverError, match=problem):
            PclDriver(tmp_path).capabilities("mine")
