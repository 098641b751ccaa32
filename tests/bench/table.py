"""The table that `make bench` prints: what was measured, the peer beside it, the budget, and whether it is met."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of figures."""

    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, value: float, unit: str, *, peer: str = "", budget: float | None = None) -> None:
        """One figure; `budget` is the most it may be."""
        verdict = "" if budget is None else ("ok" if value <= budget else "MISSED")
        limit = "" if budget is None else f"{budget:.4g} {unit}"
        self.rows.append((what, f"{value:.4g} {unit}", peer, limit, verdict))
        print(f"  {what}: {value:.4g} {unit}  {peer}", flush=True)

    def show(self) -> str:
        """The table as text."""
        head = ("what", "tympan", "peers in this run", "at most", "")
        widths = [max(len(row[column]) for row in [head, *self.rows]) for column in range(5)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *self.rows]
        ]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
