"""dnt_d2/soak/hostile.py: a few files of each kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dnt_d2.soak.hostile import KINDS, run
from dnt_d2.soak.record import POINTS, Work

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")


def test_a_few_of_each_kind(tmp_path: Path) -> None:
    faults = list(run(Work(tmp_path, seed=1, amount=0.01)))
    assert [fault.what for fault in faults] == list(KINDS)
    for fault in faults:
        assert fault.point in POINTS
        assert fault.passed, fault.details
        assert fault.details["most_megabytes"] < 500


@pytest.mark.slow
def test_all(tmp_path: Path) -> None:
    for fault in run(Work(tmp_path)):
        assert fault.injected > 10
        assert fault.passed, fault.details
