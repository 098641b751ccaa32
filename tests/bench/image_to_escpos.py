"""A grey picture in memory to ESC/POS, by the halftone and the encoder that the render worker uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tympan.driver.registry import find_driver
from tympan.driver.ticket import JobTicket
from tympan.render.halftone import Halftone, Method

_DRIVER = find_driver("escpos")
_TICKET = JobTicket(job_id=1, media=_DRIVER.capabilities("generic-80mm").media[0])


def image_to_escpos(grey: NDArray[np.uint8], method: Method) -> bytes:
    """The whole job's bytes; `grey` is 576 pixels wide, 0 is black."""
    encoder = _DRIVER.encoder("generic-80mm", _TICKET)
    halftone = Halftone(grey.shape[1], method)
    parts = [encoder.begin_job(), encoder.begin_page(1)]
    for rows in (halftone.push(grey), halftone.flush()):
        if rows.shape[0]:
            parts.append(encoder.band(rows))
    return b"".join([*parts, encoder.end_page(), encoder.end_job()])
