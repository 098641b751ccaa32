"""Calls of the kernel that may take seconds, made on a thread of their own so that nobody waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LimitedCall(Generic[T]):
    """One call at a time. While one hangs, the next are not made.

    Args:
        name: The thread's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def call(self, function: Callable[[], T], timeout_s: float, refused: Callable[[], None]) -> T | None:
        """What `function` returns; None where it does not return in time, or the last one has not yet.

        Args:
            function: Called on the thread, to its end, however long that takes. Must not raise.
            timeout_s: How long it is waited for.
            refused: Called where `function` will not be.
        """
        answers: list[T] = []
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                refused()
                return None
            thread = self._thread = threading.Thread(
                target=lambda: answers.append(function()), name=self._name, daemon=True
            )
            thread.start()
        thread.join(timeout_s)
        return answers[0] if answers else None
