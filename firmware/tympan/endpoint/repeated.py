"""Answers to questions that are asked again and again: the same bytes but for the request-id.

Clients poll Get-Printer-Attributes with the same request. As long as the printer has not changed and the second is the
same, the answer is too; then only the request-id is put in. Bounded, and never wrong: an answer is kept with the
generation of the printer and the second it was made in.
"""

from __future__ import annotations

from tympan.endpoint.dispatch import resolve
from tympan.ipp import Message, Operation
from tympan.service.printer import Printer
from tympan.service.service import Service

MAX_ANSWERS = 128
"""How many different questions are remembered."""

MAX_QUESTION_BYTES = 4096

_GET_PRINTER_ATTRIBUTES = Operation.GET_PRINTER_ATTRIBUTES.to_bytes(2, "big")


class RepeatedAnswers:
    """Remembers answers to Get-Printer-Attributes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._answers: dict[tuple[str, bytes, bytes], tuple[Printer, int, int, bytes, bytes]] = {}

    def get(self, data: bytes, base_uri: str) -> bytes | None:
        """The answer to a whole request, if it is remembered and still true."""
        entry = self._answers.get((base_uri, data[:4], data[8:]))
        if entry is None:
            return None
        printer, generation, second, head, tail = entry
        if printer.generation != generation or self._service.clock.up_time() != second:
            return None
        request_id = data[4:8]
        return head + request_id + tail if request_id > b"\0\0\0\0" and request_id < b"\x80" else None

    def keep(self, data: bytes, base_uri: str, message: Message, answer: bytes) -> None:
        """Remember an answer that was just made to `data`, which is the whole request."""
        if data[2:4] != _GET_PRINTER_ATTRIBUTES or len(data) > MAX_QUESTION_BYTES or answer[2:4] >= b"\x04":
            return
        target = message.groups[0].get("printer-uri")
        printer = resolve(self._service, str(target.first))[0] if target is not None else None
        if printer is None:
            return
        key, second = (base_uri, data[:4], data[8:]), self._service.clock.up_time()
        if len(self._answers) >= MAX_ANSWERS and key not in self._answers:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = (printer, printer.generation, second, answer[:4], answer[8:])
