"""Counted transfers through libusb itself, whose function is played here: the pointers are the real ones."""

from __future__ import annotations

import ctypes
import errno
import inspect
from types import SimpleNamespace

import pytest

from tympan_drivers.usb_transfer import Sent, bulk_out

CODES = {
    -1: errno.EIO,
    -4: errno.ENODEV,
    -8: errno.EOVERFLOW,
    -9: errno.EPIPE,
    -99: errno.EIO,
}
"""libusb.h, ``enum libusb_error``."""


class Libusb:
    """``libusb_bulk_transfer`` of a device that takes some bytes and then ends with a code."""

    def __init__(self, takes, code):
        self.takes, self.code = takes, code
        self.got = b""

    def libusb_bulk_transfer(self, handle, endpoint, buffer, length, transferred, timeout):
        assert (handle, endpoint, timeout) == ("handle", 0x01, 50)
        count = min(self.takes, length)
        self.got += ctypes.string_at(buffer, count)
        ctypes.cast(transferred, ctypes.POINTER(ctypes.c_int))[0] = count
        return self.code

    def device(self):
        backend = SimpleNamespace(lib=self)
        return SimpleNamespace(_ctx=SimpleNamespace(backend=backend, handle=SimpleNamespace(handle="handle")))


def test_all_of_it():
    lib = Libusb(100, 0)
    data = bytes(range(100))
    assert bulk_out(lib.device(), 0x01, 0, data, 50) == Sent(100)
    assert lib.got == data, "zeros too"


@pytest.mark.parametrize("takes", [0, 7])
def test_running_out_of_time_is_no_error(takes):
    assert bulk_out(Libusb(takes, -7).device(), 0x01, 0, b"0123456789", 50) == Sent(takes)


@pytest.mark.parametrize(("code", "number"), CODES.items())
@pytest.mark.parametrize("takes", [0, 512])
def test_what_was_taken_before_an_error_is_counted(takes, code, number):
    sent = bulk_out(Libusb(takes, code).device(), 0x01, 0, bytes(2000), 50)
    assert sent == Sent(takes, number, counted=True)


def test_pyusb_s_backend_has_what_is_called():
    """Past pyusb: if a new version keeps its handle or its library elsewhere, this fails and not the first job."""
    import usb.backend.libusb1

    backend = usb.backend.libusb1.get_backend()
    if backend is None:
        pytest.skip("there is no libusb")
    assert backend.lib.libusb_bulk_transfer.argtypes[2] is ctypes.POINTER(ctypes.c_ubyte)
    assert "handle" in inspect.getsource(usb.backend.libusb1._DeviceHandle.__init__)
