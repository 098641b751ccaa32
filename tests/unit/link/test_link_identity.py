"""What a device is: by its transport, and by what it says of itself in its language."""

from __future__ import annotations

from tympan.driver.contract import DeviceIdentity
from tympan.link import device_link

USB = DeviceIdentity("MFG:EPSON;MDL:TM-T88V;", "EPSON", "TM-T88V", "4A3646303132", ("ESC/POS",))
SAID = DeviceIdentity(make="EPSON", model="TM-T88V", serial_number="J6F012", firmware="30.33 ESC/POS")


def test_it_stays_the_same_device_when_it_is_opened_again():
    completed = device_link._completed(USB, SAID)
    assert completed.firmware == "30.33 ESC/POS"
    assert not device_link._is_another(USB, completed)
    laser = DeviceIdentity("MFG:HP;MDL:HP LaserJet 4050 Series;", "HP", "HP LaserJet 4050 Series")
    assert not device_link._is_another(
        laser, device_link._completed(laser, DeviceIdentity(model="LASERJET 4050"))
    )


def test_a_line_that_says_nothing_is_completed_by_the_device():
    completed = device_link._completed(DeviceIdentity(), SAID)
    assert completed == SAID
    assert device_link._described(completed) == "EPSON TM-T88V, serial number J6F012, firmware 30.33 ESC/POS"
    assert device_link._described(DeviceIdentity(model="LASERJET 4")) == "LASERJET 4"
