"""IEEE 1284 device ids taken apart: ``MFG:EPSON;MDL:TM-T88V;CMD:ESC/POS;``.

They come from the device and are believed no further than that: bounded, with what is not understood left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tympan.driver.contract import DeviceIdentity

MAX_DEVICE_ID_BYTES = 0xFFFF
"""The longest id looked at: more cannot be said in its two bytes of length. The longest seen has some 800."""

_LENGTH_BYTES = 2
_MIN_LENGTH = 14
"""An id that says it is shorter has the bytes of its length swapped."""

_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "MFG": "make",
        "MANUFACTURER": "make",
        "MDL": "model",
        "MODEL": "model",
        "SN": "serial_number",
        "SERN": "serial_number",
        "SERIALNUMBER": "serial_number",
        "CMD": "commands",
        "COMMAND SET": "commands",
    }
)
"""The keys of IEEE 1284-2000 §7.6, short and long, and those that printers use for the serial number."""


def announced_length(answer: bytes, room: int) -> int:
    """How long a device id with its two bytes of length in front says it is.

    Args:
        answer: What the device answered, at least the length.
        room: How much was asked for: a longer one is not believed.

    Returns:
        The length with its own two bytes, 0 where neither order of the bytes makes sense.
    """
    head = answer[:_LENGTH_BYTES]
    lengths = (int.from_bytes(head, "big"), int.from_bytes(head, "little"))
    return next((length for length in lengths if _MIN_LENGTH <= length <= room), 0)


def parse_device_id(answer: bytes) -> DeviceIdentity:
    """Take a device id apart.

    Args:
        answer: As GET_DEVICE_ID gives it, with the length in front; one without is understood too.

    Returns:
        What it says; empty where it says nothing that can be understood. Never raises.
    """
    data = answer[:MAX_DEVICE_ID_BYTES]
    length = announced_length(data, len(data))
    if length:
        # Some printers do not count the two bytes of the length.
        end = length + _LENGTH_BYTES if len(data) == length + _LENGTH_BYTES else length
        data = data[_LENGTH_BYTES:end]
    elif data[:1] < b" ":
        data = data[_LENGTH_BYTES:]  # a length that is wrong in both orders
    text = _printable(data)
    fields: dict[str, str] = {}
    for part in text.split(";"):
        key, colon, value = part.partition(":")
        name = _KEYS.get(key.strip().upper())
        if colon and name is not None and value.strip():
            fields.setdefault(name, value.strip())
    if not fields:
        return DeviceIdentity()
    commands = tuple(
        dict.fromkeys(
            command.strip().upper() for command in fields.pop("commands", "").split(",") if command.strip()
        )
    )
    return DeviceIdentity(device_id=text.strip(), commands=commands, **fields)


def _printable(data: bytes) -> str:
    """Up to the first NUL, without what no terminal should see."""
    text = data.partition(b"\x00")[0].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)
