"""How the spool keeps the objects of the model: each as one record of bytes."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class RecordCodec(Generic[T]):
    """Makes records of objects of one kind, and objects of records.

    Args:
        kind: The kind.
        what: What people call it, such as ``a job``.
    """

    def __init__(self, kind: type[T], what: str) -> None:
        self._what = what
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)

    def encode(self, value: T) -> bytes:
        """The record of an object."""
        return self._encoder.encode(value)

    def decode(self, record: bytes) -> T:
        """The object of a record; what an earlier version did not know has its default.

        Raises:
            ValueError: The record is not one of ours.
        """
        try:
            return self._decoder.decode(record)
        except msgspec.MsgspecError as error:
            raise ValueError(f"the record of {self._what} cannot be read: {error}") from error
