"""``kill -9`` at random moments of a stream of jobs: what was accepted is there after the restart."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time

import ipp_bytes
import pytest
from ipp_load import http_post, read_answer
from processes import Tympan

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[limits]
history_jobs = 100000

[[printers]]
name = "receipt"
device = "file://{state}/out/"
driver = "escpos"
profile = "generic-80mm"
default = true
"""

KILLS = int(os.environ.get("TYMPAN_TEST_KILLS", "12"))
"""How many power cuts: a dozen in the suite, a hundred for the record."""


async def stream_jobs(port, uri, accepted, connections=4):
    """Print small jobs, and some that are files in the spool, until the service is gone."""
    numbers = iter(range(1, 100_000))

    async def one():
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for number in numbers:
                size = 200_000 if number % 17 == 0 else 300
                body = ipp_bytes.request(
                    ipp_bytes.PRINT_JOB, uri,
                    ipp_bytes.attribute(ipp_bytes.NAME, "job-name", f"job {number}"),
                    ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "application/vnd.escpos"),
                    document=b"\x1b@" + b"receipt %d\n" % number + b"x" * size,
                )  # fmt: skip
                writer.write(http_post("/ipp/print", port, body))
                answer = await read_answer(reader)
                if ipp_bytes.status_of(answer) == 0:
                    accepted.add(ipp_bytes.integer_of(answer, "job-id"))
        except (OSError, EOFError):
            return
        finally:
            if writer is not None:
                writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


def known_jobs(service):
    """The ids of all jobs the service knows."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    body = ipp_bytes.request(
        ipp_bytes.GET_JOBS,
        service.uri("receipt"),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "which-jobs", "all"),
    )
    connection.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp"})
    answer = connection.getresponse().read()
    connection.close()
    return {
        int.from_bytes(octets, "big")
        for _, name, _, octets in ipp_bytes.values_of(answer)
        if name == "job-id"
    }


@pytest.mark.timeout(60 + 20 * KILLS)
def test_accepted_jobs_survive(tmp_path):
    service = Tympan(tmp_path, CONFIG)
    (tmp_path / "state" / "out").mkdir(parents=True)
    accepted: set[int] = set()
    chance = random.Random(20)
    for _ in range(KILLS):
        service.start()
        killer = threading.Timer(chance.uniform(0.02, 0.8), service.kill)
        killer.start()
        asyncio.run(stream_jobs(service.port, service.uri("receipt"), accepted))
        killer.join()
    service.start()
    try:
        missing = accepted - known_jobs(service)
        assert not missing
        print(f"{len(accepted)} jobs accepted over {KILLS} power cuts, {len(missing)} lost")
        assert len(accepted) > KILLS
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if {int(path.stem) for path in (service.state / "out").glob("*.*")} >= accepted:
                break
            time.sleep(0.2)
        printed = {int(path.stem) for path in (service.state / "out").glob("*.*")}
        assert accepted <= printed, f"accepted and never printed: {sorted(accepted - printed)[:20]}"
    finally:
        service.stop()
