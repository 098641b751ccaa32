"""What operators tell a printer: what follows from it, and that it is kept."""

from __future__ import annotations

import pytest

from tympan.model.printer_control import PrinterControl, decode_control, encode_control

# RFC 3998 §9.1 and RFC 8011 §5.4.12: the wish, whether jobs are taken, whether they print, the reason
TABLE = [
    ({}, True, True, ()),
    ({"accepting": False}, False, True, ()),
    ({"paused": True}, True, False, ("paused",)),
    ({"pausing": True}, True, False, ("moving-to-paused",)),
    ({"holding_new_jobs": True}, True, True, ("hold-new-jobs",)),
    ({"deactivated": True}, False, False, ("deactivated",)),
    ({"shut_down": True}, False, False, ("shutdown",)),
]


@pytest.mark.parametrize(("wish", "takes", "prints", "reasons"), TABLE)
def test_what_follows_from_a_wish(wish, takes, prints, reasons):
    control = PrinterControl(**wish)
    assert (control.takes_jobs, control.prints, control.reasons()) == (takes, prints, reasons)
    assert decode_control(encode_control(control)) == control


def test_a_record_that_is_none_of_ours_is_said_to_be_so():
    with pytest.raises(ValueError, match="cannot be read"):
        decode_control(b"\xc1")
