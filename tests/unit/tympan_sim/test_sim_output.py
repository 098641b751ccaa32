"""The files a simulated printer writes, and the order of jobs."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tympan_sim.control import execute
from tympan_sim.decoder import Action, Sheet
from tympan_sim.models import MODELS, adapted
from tympan_sim.output import OutputDirectory
from tympan_sim.simulation import Simulation


def names(directory) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def sheet(**changes) -> Sheet:
    return Sheet(Image.new("1", (8, 8), 1), (203, 203), **changes)


def test_a_job_s_files(tmp_path):
    output = OutputDirectory(tmp_path / "deep" / "receipt")
    files = output.begin(7)
    files.data(b"abc")
    files.data(memoryview(b"def"))
    files.sheet(sheet(notes=("clipped 3 dots right",), cut="full", origin=(32, 96)))
    files.sheet(sheet(side="back", copies=3))
    files.action(Action("drawer", {"pin": 2}))
    files.action(Action("unknown", {"bytes": b"\x1bz"}))
    directory = tmp_path / "deep" / "receipt"
    assert names(directory) == [".7.bin.part", "7-1.png", "7-2.png", "7-3.png", "7-4.png"]
    files.end()
    assert names(directory) == ["7-1.png", "7-2.png", "7-3.png", "7-4.png", "7.bin", "7.json"]
    assert (directory / "7.bin").read_bytes() == b"abcdef"
    with Image.open(directory / "7-1.png") as picture:
        assert picture.text["cut"] == "full"
        assert picture.text["origin"] == "32,96"
        assert picture.info["dpi"] == pytest.approx((203, 203), abs=0.1)
    told = json.loads((directory / "7.json").read_text())
    assert told["actions"] == [{"name": "drawer", "pin": 2}, {"name": "unknown", "bytes": "1b 7a"}]
    assert [entry["page"] for entry in told["sheets"]] == [1, 2, 3, 4]


def test_history_is_bounded_over_restarts(tmp_path):
    (tmp_path / "keep.txt").write_text("mine")
    output = OutputDirectory(tmp_path, history=3)
    for job in range(1, 6):
        files = output.begin(job)
        files.sheet(sheet())
        files.end()
    assert {name.split(".")[0].split("-")[0] for name in names(tmp_path)} == {"3", "4", "5", "keep"}
    again = OutputDirectory(tmp_path, history=2)
    assert again.next_job_id() == 6
    again.begin(6).end()
    assert {name.split(".")[0].split("-")[0] for name in names(tmp_path)} == {"5", "6", "keep"}


def test_a_job_number_of_an_earlier_life_starts_anew(tmp_path):
    first = OutputDirectory(tmp_path).begin(1)
    first.data(b"old")
    first.sheet(sheet())
    first.sheet(sheet())
    first.end()
    second = OutputDirectory(tmp_path).begin(1)
    second.data(b"new")
    second.end()
    assert names(tmp_path) == ["1.bin", "1.json"]
    assert (tmp_path / "1.bin").read_bytes() == b"new"


def test_an_unfinished_job_is_taken_up_and_its_pages_counted_on(tmp_path):
    first = OutputDirectory(tmp_path).begin(4)
    first.data(b"half")
    first.sheet(sheet())
    first.abandon()
    output = OutputDirectory(tmp_path)
    assert output.next_job_id() == 5
    second = output.begin(4)
    second.data(b" rest")
    second.sheet(sheet())
    second.end()
    assert names(tmp_path) == ["4-1.png", "4-2.png", "4.bin", "4.json"]
    assert (tmp_path / "4.bin").read_bytes() == b"half rest"


@pytest.fixture
def simulate(tmp_path):
    made = []

    def make(**changes) -> Simulation:
        made.append(Simulation(MODELS["escpos-80mm"], tmp_path, **changes))
        return made[-1]

    yield make
    for simulated in made:
        simulated.close(1e6)


def test_jobs_follow_one_another_while_the_first_still_prints(simulate, tmp_path):
    simulated = simulate()
    for job in (1, 2):
        simulated.begin_job(job, 0.0)
        simulated.write(b"A\n" * 20 * job + b"\x1dVA\0", 0.0)
    simulated.end_job(0.0)
    assert simulated.advance(0.1) == []
    assert simulated.advance(0.9) == [1]
    assert simulated.advance(9.0) == [2]
    assert names(tmp_path) == ["1-1.png", "1.bin", "1.json", "2-1.png", "2.bin", "2.json"]
    # The first piece starts at the cutter, as each does: 96 rows before what was printed.
    for page, height in (("1-1.png", 600), ("2-1.png", 1200)):
        with Image.open(tmp_path / page) as picture:
            assert picture.height == 96 + height


def test_a_job_without_a_start_gets_the_next_number(simulate):
    simulated = simulate(speed=0)
    for text in (b"one\n", b"two\n"):
        assert simulated.write(text, 0.0) == 4
        simulated.end_job(0.0)
    assert simulated.advance(0.0) == [1, 2]


def test_a_job_sent_again_while_its_first_attempt_waits(simulate, tmp_path):
    simulated = simulate(speed=0)
    simulated.begin_job(5, 0.0)
    simulated.write(b"A\n", 0.0)
    simulated.printer.fault("power-off", 1, 0.0)
    simulated.begin_job(5, 1.0)
    simulated.printer.fault("power-off", 0, 2.0)
    simulated.write(b"A\nB\n", 2.0)
    simulated.end_job(2.0)
    assert simulated.advance(3.0) == [5, 5]
    assert names(tmp_path) == ["5-1.png", "5-2.png", "5.bin", "5.json"]
    assert (tmp_path / "5.bin").read_bytes() == b"A\nA\nB\n"


def test_when_the_host_goes_away_the_paper_comes_out(simulate, tmp_path):
    simulated = simulate()
    simulated.begin_job(1, 0.0)
    simulated.write(b"A\n" * 50, 0.0)
    simulated.close(0.0)
    assert names(tmp_path) == [".1.bin.part", "1-1.png"]


def test_control_commands(simulate):
    simulated = simulate()
    printer = simulated.printer
    assert execute(simulated, "cover on\n", 0.0) == "ok"
    assert json.loads(execute(simulated, "status", 0.0).removeprefix("ok "))["cover_open"] is True
    assert execute(simulated, "cover off", 0.0) == "ok"
    assert execute(simulated, "slow 0.1", 0.0) == "ok"
    assert printer.describe(0.0)["faults"] == {"slow": 0.1}
    assert execute(simulated, "slow off", 0.0) == "ok"
    assert printer.describe(0.0)["faults"] == {}
    assert execute(simulated, "unplug", 0.0) == "ok"
    assert not printer.connected
    assert execute(simulated, "unplug off", 0.0) == "ok"
    simulated.write(b"abc", 0.0)
    assert execute(simulated, "at +2 stall on", 0.0) == "ok"
    assert simulated.write(b"abc", 0.0) == 2
    assert printer.stalled


@pytest.mark.parametrize(
    "line", ["", "fire on", "slow 0", "cover maybe", "at x cover on", "at 5 fire", "a b c d e"]
)
def test_control_refuses_what_is_no_command(simulate, line):
    assert execute(simulate(), line, 0.0).startswith("error ")


def test_models_can_get_another_head():
    wide = adapted(MODELS["escpos-80mm"], width_dots=832, dpi=300)
    assert (wide.escpos.print_width_dots, wide.escpos.paper_width_dots, wide.dpi) == (832, 896, (300, 300))
    for changes in ({"width_dots": 7}, {"width_dots": 9999}, {"dpi": 10}):
        with pytest.raises(ValueError, match=r"must be"):
            adapted(MODELS["escpos-80mm"], **changes)
    with pytest.raises(ValueError, match="width"):
        adapted(MODELS["pcl-laser"], width_dots=600)
