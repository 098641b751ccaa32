"""The event bus: everybody hears, whatever the others do."""

from __future__ import annotations

import logging

from tympan.service.events import EventBus


def test_a_listener_that_fails_does_not_silence_the_others(caplog):
    bus, heard = EventBus(), []

    def broken(_event):
        raise RuntimeError("broken")

    bus.listen(broken)
    end = bus.listen(lambda event: heard.append(event.keyword))
    with caplog.at_level(logging.CRITICAL):
        bus.emit("job-created")
    end()
    bus.emit("job-completed")
    assert heard == ["job-created"]
