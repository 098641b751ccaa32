"""The device link: one per printer, one thread: keeps the device open and brings jobs to it."""

from tympan.link.attempt import Wish
from tympan.link.device_link import DeviceLink
from tympan.link.outcome import Ending, PrintOutcome, PrintProgress
from tympan.link.raw_source import RawSource

__all__ = ["DeviceLink", "Ending", "PrintOutcome", "PrintProgress", "RawSource", "Wish"]
