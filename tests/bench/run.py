"""`make bench`: measures the service and its peers in one run and prints a table."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "support")]

import bench_documents  # noqa: E402 — the paths come first
import bench_jobs  # noqa: E402
import bench_link  # noqa: E402
import bench_notifications  # noqa: E402
import bench_requests  # noqa: E402
import bench_usb  # noqa: E402
from table import Table  # noqa: E402


def main() -> int:
    """Measure all, or the parts that are named: ``requests``, ``documents``, ``jobs``, ``notifications``, ``usb``."""
    parts = {
        "requests": bench_requests.measure,
        "documents": bench_documents.measure,
        "jobs": bench_jobs.measure,
        "link": bench_link.measure,
        "notifications": bench_notifications.measure,
        "usb": bench_usb.measure,
    }
    wanted = sys.argv[1:] or list(parts)
    table = Table()
    for name in wanted:
        parts[name](table)
    print()
    print(table.show())
    return 1 if any(row[4] == "MISSED" for row in table.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
