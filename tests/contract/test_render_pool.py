"""Render workers as real processes: what they may not do, how they end, and that nothing of them stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
import zlib
from pathlib import Path

import msgspec
import pdf_samples
import pytest
import pytest_asyncio
import samples

from tympan.driver.registry import find_driver
from tympan.driver.ticket import JobTicket
from tympan.render.document import DocumentFeed
from tympan.render.frames import FrameKind
from tympan.render.pool import RenderLimits, RenderPool
from tympan.render.request import DocumentSpec, RenderRequest, encode_request

LIMITS = RenderLimits(memory_mib=200, stall_cpu_s=30, stall_wall_s=60, max_pages=50)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_pool():
    made = RenderPool(LIMITS)
    await made.start_zygote()
    yield made
    await made.close()


@pytest.fixture
def pool(one_pool):
    """One for all tests, as it is for all jobs; whatever a test does to it, the next finds it working."""
    one_pool.limits = LIMITS
    return one_pool


def request_for(document_format, size, *, profile="generic-pcl5-300", limits=LIMITS, **ticket):
    capabilities = find_driver("pcl").capabilities(profile)
    return RenderRequest(
        driver="pcl",
        profile=profile,
        ticket=JobTicket(1, capabilities.media[0], resolution_dpi=capabilities.resolutions_dpi[0], **ticket),
        documents=(DocumentSpec(document_format, size),),
        stall_cpu_s=limits.stall_cpu_s,
        max_pages=limits.max_pages,
    )


async def start(pool, document_format, content, **options):
    feed = DocumentFeed.of_bytes(content)
    try:
        return await pool.start(request_for(document_format, len(content), **options), [feed])
    finally:
        feed.let_go()


def take(job, timeout_s=20.0):
    """Every frame up to the last."""
    frames, end = [], time.monotonic() + timeout_s
    while not frames or frames[-1].kind not in {FrameKind.END, FrameKind.FAILED}:
        assert time.monotonic() < end, "no last frame"
        frame = job.next_frame(0.2)
        if frame is not None:
            frames.append(frame)
    return frames


async def rendered(pool, document_format, content, **options):
    job = await start(pool, document_format, content, **options)
    try:
        return await asyncio.to_thread(take, job)
    finally:
        job.close()


def failure(frames):
    assert frames[-1].kind == FrameKind.FAILED
    said = json.loads(bytes(frames[-1].payload))
    return said["reason"], said["problem"]


def children(pid):
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def stat_of(pid):
    """The fields of proc(5) stat behind the name: the first is the state, 11 and 12 the processor time."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def oom_score(pid):
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def exists(pid):
    return Path(f"/proc/{pid}").exists()


def open_files(pid):
    return sorted(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir())


async def test_a_document_becomes_pages(pool):
    frames = await rendered(pool, "application/pdf", samples.pdf(pages=2))
    assert [frame.kind for frame in frames if frame.kind not in {FrameKind.DATA, FrameKind.NOTE}] == [
        FrameKind.PAGES, FrameKind.PAGE_BEGIN, FrameKind.PAGE_END, FrameKind.PAGE_BEGIN, FrameKind.PAGE_END, FrameKind.END,
    ]  # fmt: skip


async def test_where_memory_is_short_workers_go_before_the_service(pool):
    """proc(5): of those that have equally much the one with the higher score is ended."""
    await rendered(pool, "text/plain", b"One\n")
    for pid in (pool.zygote_pid, *children(pool.zygote_pid)):
        assert oom_score(pid) > oom_score("self")


@pytest.mark.parametrize(
    ("document_format", "make", "reason", "word"),
    [
        ("application/pdf", samples.broken_pdf, "document-format-error", "damaged"),
        ("application/pdf", samples.pdf_without_pages, "document-format-error", "no pages"),
        ("application/pdf", lambda: samples.pdf(password="x"), "document-password-error", "password"),
        ("application/pdf", lambda: b"", "document-format-error", "empty"),
        ("image/png", lambda: b"\x89PNG\r\n\x1a\n and no more", "document-format-error", "damaged"),
        (
            "application/x-unknown",
            lambda: b"something",
            "unsupported-document-format",
            "application/x-unknown",
        ),
        ("text/plain", lambda: b"\f" * 200, "document-unprintable-error", "more than 50 pages"),
    ],
)
async def test_what_cannot_be_printed_is_told_and_the_next_is_printed(
    pool, document_format, make, reason, word
):
    told = failure(await rendered(pool, document_format, make()))
    assert told[0] == reason
    assert word in told[1]
    assert (await rendered(pool, "text/plain", b"Next\n"))[-1].kind == FrameKind.END


@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGKILL, "memory"), (signal.SIGABRT, "memory"), (signal.SIGSEGV, "crash")]
)
async def test_a_worker_that_is_killed_ends_its_job_only(pool, number, word):
    job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
    first = await asyncio.to_thread(job.next_frame, 10)
    assert first is not None
    os.kill(job._pid, number)
    told = failure(await asyncio.to_thread(take, job))
    job.close()
    assert told[0] == "document-unprintable-error"
    assert word in told[1]
    assert (await rendered(pool, "text/plain", b"Next\n"))[-1].kind == FrameKind.END


def form(content, number=0):
    resources = b"/Resources<</XObject<</X %d 0 R>>>>" % number if number else b""
    return pdf_samples.stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 300 300]" + resources)


def drawing(content, *objects):
    """A page that draws `content`, in which X is the first of `objects`."""
    return pdf_samples.pdf([
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
        pdf_samples.stream(content),
        *objects,
    ])  # fmt: skip


def long_drawing():
    """A picture of 4000 by 4000, ten thousand times."""
    picture = b"/Type/XObject/Subtype/Image/Width 4000/Height 4000/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode"
    place = b"q 300 0 0 300 0 0 cm /X Do Q\n"
    return drawing(place * 10_000, pdf_samples.stream(zlib.compress(bytes(4000 * 4000)), picture))


def nested_forms():
    """A form of eighty forms of eighty forms …: forty million lines."""
    return drawing(
        b"/X Do", *(form(b"/X Do " * 80, number) for number in range(6, 10)), form(b"0 0 m 9 9 l S")
    )


@pytest.mark.parametrize(("make", "word"), [(long_drawing, "seconds of work"), (nested_forms, "memory")])
async def test_a_document_that_takes_too_much_is_given_up(pool, make, word):
    pool.limits = RenderLimits(stall_cpu_s=1, stall_wall_s=100)
    told = failure(await rendered(pool, "application/pdf", make(), limits=pool.limits))
    assert told[0] == "document-unprintable-error"
    assert word in told[1]
    assert (await rendered(pool, "text/plain", b"Next\n"))[-1].kind == FrameKind.END


async def test_a_worker_that_hangs_is_given_up(pool):
    pool.limits = RenderLimits(stall_wall_s=1)
    job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
    assert await asyncio.to_thread(job.next_frame, 10)
    os.kill(job._pid, signal.SIGSTOP)
    began = time.monotonic()
    told = failure(await asyncio.to_thread(take, job))
    assert 0.9 < time.monotonic() - began < 4
    assert "1 seconds" in told[1]
    job.close()


async def test_the_workers_parent_comes_back(pool):
    job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
    assert await asyncio.to_thread(job.next_frame, 10)
    os.kill(pool.zygote_pid, signal.SIGKILL)
    told = failure(await asyncio.to_thread(take, job))
    job.close()
    assert told[0] == "aborted-by-system", "it is not the document's fault"
    assert "again" in told[1]
    assert (await rendered(pool, "text/plain", b"Two\n"))[-1].kind == FrameKind.END


async def test_a_request_finds_the_workers_parent_gone(pool, monkeypatch):
    """It ended a moment ago, and its end has not been noticed."""
    await rendered(pool, "text/plain", b"One\n")
    workers = children(pool.zygote_pid)
    os.kill(pool.zygote_pid, signal.SIGKILL)
    async with asyncio.timeout(5):
        while stat_of(pool.zygote_pid)[0] != "Z" or any(map(exists, workers)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    answers = [None]
    poll = subprocess.Popen.poll
    monkeypatch.setattr(subprocess.Popen, "poll", lambda process: answers.pop() if answers else poll(process))
    assert (await rendered(pool, "text/plain", b"Two\n"))[-1].kind == FrameKind.END


async def test_requests_wait_for_workers_and_the_loop_for_nobody(pool):
    """The workers' parent stands still, and more is asked of it than its socket holds."""
    ranges = tuple((number, number) for number in range(1, 12_000, 2))
    content = b"One\n"
    feeds = [DocumentFeed.of_bytes(content) for _ in range(16)]
    request = request_for("text/plain", len(content), page_ranges=ranges)
    assert 100_000 > len(encode_request(request)) > 60_000
    await rendered(pool, "text/plain", content)
    await until_alone(pool)
    longest = 0.0
    async with standing_still(pool):
        starting = asyncio.gather(*(pool.start(request, [feed]) for feed in feeds))
        for _ in range(10):
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)
        assert not starting.done(), "its socket holds more than this test asks"
    jobs = await asyncio.wait_for(starting, 20)
    assert longest < 0.5
    for job, feed in zip(jobs, feeds, strict=True):
        assert (await asyncio.to_thread(take, job))[-1].kind == FrameKind.END
        job.close()
        feed.close()


async def test_the_number_of_a_worker_that_has_ended_is_not_believed(pool):
    """The device was away for hours: the number is another process' by now, which must not be killed."""
    job = await start(pool, "text/plain", b"Short\n")
    await until_alone(pool)
    assert job.next_frame(1) is not None
    assert job._pid
    assert job._pidfd < 0
    assert take(job)[-1].kind == FrameKind.END
    job.close()


async def test_a_job_is_closed_by_another_thread_while_it_is_read(pool):
    before = len(open_files("self"))
    for _ in range(3):
        job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
        assert await asyncio.to_thread(job.next_frame, 10)
        os.kill(job._pid, signal.SIGSTOP)
        while job.next_frame(0.05) is not None:  # what is in the pipe yet
            pass
        reading = asyncio.create_task(asyncio.to_thread(job.next_frame, 5))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        job.close()
        assert (await reading).kind == FrameKind.FAILED
        assert time.monotonic() - began < 2
        assert job.next_frame(1).kind == FrameKind.FAILED
    assert len(open_files("self")) == before


@contextlib.asynccontextmanager
async def standing_still(pool):
    """The workers' parent stands still, and then the workers: none of them is taken away before the parent goes on."""
    zygote = pool.zygote_pid
    stopped = [zygote]
    os.kill(zygote, signal.SIGSTOP)
    try:
        async with asyncio.timeout(5):
            while stat_of(zygote)[0] != "T":  # noqa: ASYNC110 — another process
                await asyncio.sleep(0.001)
        for pid in children(zygote):
            os.kill(pid, signal.SIGSTOP)
            stopped.insert(0, pid)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


async def until_alone(pool):
    """Until there is no worker but the spare."""
    async with asyncio.timeout(10):
        while len(children(pool.zygote_pid)) != 1:  # noqa: ASYNC110 — other processes
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)


async def test_a_job_that_is_not_wanted_any_more_leaves_nothing(pool):
    for _ in range(5):
        job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
        await asyncio.to_thread(job.next_frame, 10)
        job.close()
        job.close()
    await until_alone(pool)


async def test_a_worker_waits_for_its_reader(pool):
    job = await start(pool, "application/pdf", samples.pdf(pages=30), profile="generic-pcl5e")
    await asyncio.to_thread(job.next_frame, 10)
    await asyncio.sleep(0.6)
    fields = stat_of(job._pid)
    await asyncio.sleep(0.3)
    later = stat_of(job._pid)
    assert later[11:13] == fields[11:13], "it works on though nobody reads"
    job.close()


async def test_more_jobs_than_workers_at_once(pool):
    found = await asyncio.gather(
        *(rendered(pool, "text/plain", b"Number %d\n" % number) for number in range(12))
    )
    assert all(frames[-1].kind == FrameKind.END for frames in found)


async def test_nothing_is_left_open_or_undead_after_many_jobs(pool):
    await rendered(pool, "text/plain", b"Warm\n")
    before = len(open_files("self")), open_files(pool.zygote_pid)
    for number in range(50):
        await rendered(pool, "text/plain", b"%d\n" % number)
    await until_alone(pool)
    assert (len(open_files("self")), open_files(pool.zygote_pid)) == before
    states = [stat_of(child)[0] for child in children(pool.zygote_pid)]
    assert len(states) == 1
    assert "Z" not in states


async def test_a_worker_that_wants_too_much_memory_is_told_so():
    small = RenderPool(RenderLimits(memory_mib=1, stall_cpu_s=3, stall_wall_s=5, max_pages=50))
    await small.start_zygote()
    try:
        for _ in range(2):
            told = failure(await rendered(small, "application/pdf", samples.pdf(), profile="generic-pcl5e"))
            assert told == (
                "document-unprintable-error",
                "The document needs more memory than a job may take.",
            )
    finally:
        await small.close()


async def test_a_fault_of_ours_is_no_crash_of_the_document_and_is_complained_of(capfd):
    """Standard error is a file here: a worker may add a little to it."""
    pool = RenderPool(LIMITS)
    content = b"text\n"
    feed = DocumentFeed.of_bytes(content)
    request = msgspec.structs.replace(request_for("text/plain", len(content)), driver="no-such-driver")
    job = await pool.start(request, [feed])
    feed.close()
    told = failure(await asyncio.to_thread(take, job))
    await until_alone(pool)
    job.close()
    await pool.close()
    assert told == ("document-format-error", "The document could not be rendered.")
    assert "KeyError: 'no-such-driver'" in capfd.readouterr().err


async def test_short_jobs_are_not_slowed_by_their_own_end(pool):
    """A worker may have ended before its parent looks whether it took its job: that is no reason to pause."""
    await rendered(pool, "text/plain", b"Warm\n")
    await until_alone(pool)
    os.kill(pool.zygote_pid, signal.SIGSTOP)
    try:
        job = await start(pool, "text/plain", b"Short\n")
        (worker,) = children(pool.zygote_pid)
        async with asyncio.timeout(5):
            while stat_of(worker)[0] != "Z":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        os.kill(pool.zygote_pid, signal.SIGCONT)
    began = time.monotonic()
    assert (await rendered(pool, "text/plain", b"Next\n"))[-1].kind == FrameKind.END
    assert time.monotonic() - began < 0.7
    await until_alone(pool)
    assert take(job)[-1].kind == FrameKind.END
    job.close()
