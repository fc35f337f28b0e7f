"""dnt_d2/study/motion_worth.py: the numbers are those of the report, and perfect motion is the best there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study.measure import measure_run
from dnt_d2.study.motion_worth import MOTIONS, compare_motions


def test_no_videos(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    found = compare_motions(make_run(tmp_path, videos=()))
    assert list(found) == list(MOTIONS)
    assert all(np.isnan(list(found.values())))


@pytest.mark.parametrize("stride", [1, 4])
def test_as_the_report_has_it(tmp_path: Path, make_run: Callable[..., SavedRun], stride: int) -> None:
    run = make_run(tmp_path, stride)
    found = compare_motions(run, workers=1)
    own, still = (measure_run(run, no_motion=no_motion, workers=1) for no_motion in (False, True))
    assert found["frame"] == own["frame"]["AP50"]
    assert found["psi_0"] == own["tube_psi0"]["AP50"]
    assert found["own"] == own["tube"]["AP50"]
    assert found["no_motion"] == still["tube"]["AP50"]


def test_motion_without_error_is_worth_the_most_where_things_are_fast(
    tmp_path: Path, make_run: Callable[..., SavedRun]
) -> None:
    found = compare_motions(make_run(tmp_path, 4), workers=1)
    assert found["true_motion"] > found["no_motion"]
