"""``[render]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option


@dataclass(frozen=True)
class RenderSettings:
    """``[render]``: how documents become pixels, and what a worker that does it may use."""

    memory_mib: int = option(
        "Memory of a render worker; one that wants more is ended and its job aborted.",
        default=384,
        minimum=96,
        maximum=65536,
    )
    stall_cpu_s: int = option(
        "Processor time a worker may use without giving any output.", default=120, minimum=1, maximum=86_400
    )
    stall_wall_s: int = option(
        "Time a worker may take without giving any output, not counting what it waits for a document or a printer.",
        default=600,
        minimum=1,
        maximum=86_400,
    )
    max_pages: int = option(
        "Most pages of a document; what comes after is an error.",
        default=10_000,
        minimum=1,
        maximum=1_000_000,
    )
