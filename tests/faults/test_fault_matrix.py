"""The fault matrix in small: every fault on printers of three kinds, at one point that is always the same. `make faults` is the large one."""

from __future__ import annotations

import asyncio
from collections import Counter

import fault_matrix
import pytest
from fault_matrix import Matrix

SEED = 20261
KINDS = ("escpos", "escpos-clone", "pcl")


@pytest.mark.timeout(600)
def test_no_fault_loses_or_doubles_a_page_or_stops_a_job(tmp_path):
    matrix = Matrix(tmp_path, seed=SEED, points=1, kinds=KINDS)
    runs = asyncio.run(matrix.go())
    wrong = [f"{run.lane}: {run.order}: {', '.join(run.broken)}; {run.message}" for run in runs if run.broken]
    text = "\n".join([f"seed {SEED}", *wrong, fault_matrix.summary(runs)])
    print(text)
    assert not wrong, text  # times are for `make faults` to judge, on a machine that does nothing else
    assert len(runs) > len(KINDS) * 4 * 15
    missed = Counter(run.fault for run in runs if not run.happened)
    assert missed.total() < len(runs) // 4, missed
