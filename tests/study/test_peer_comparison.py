"""dnt_d2/study/peer_comparison.py: thresholds come from one run, numbers from the other."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study.measure import linkings_of, plan_of
from dnt_d2.study.peer_comparison import compare_peers
from dnt_d2.study.peers import hota_curve, measure

pytest.importorskip("trackeval", reason="needs pip install 'dnt_d2[tracking]'")

METHODS = ("frame", "seq_nms", "tube")
THRESHOLDS = (0.6, 0.3)


def test_no_videos_no_choice(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    empty, whole = make_run(tmp_path / "a", videos=()), make_run(tmp_path / "b", dataset="other", videos=(6,))
    with pytest.raises(ValueError, match="on at least one finished video"):
        compare_peers(chosen_on=empty, judged_on=whole, methods=METHODS, thresholds=THRESHOLDS)
    found = compare_peers(chosen_on=whole, judged_on=empty, methods=METHODS, thresholds=(0.3,))
    assert [row["method"] for row in found["rows"]] == list(METHODS)
    assert all(math.isnan(row["ap50"]) for row in found["rows"])


def test_chosen_here_judged_there(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    here = make_run(tmp_path / "here", videos=(6,))
    there = make_run(tmp_path / "there", dataset="there", videos=(3,))
    found = compare_peers(chosen_on=here, judged_on=there, methods=METHODS, thresholds=THRESHOLDS)
    assert (found["chosen_on"], found["judged_on"]) == ("drawn", "there")
    assert json.loads(json.dumps(found)) == found
    plans = [plan_of(run, linkings_of(run)) for run in (here, there)]
    frame, *linked = found["rows"]
    assert (frame["threshold"], frame["class_averaged"]) == (None, None)
    assert list(found["hota"]) == [row["method"] for row in linked] == ["seq_nms", "tube"]
    for row in linked:
        method = row["method"]
        on_here, on_there = (hota_curve(r, p, method, THRESHOLDS) for r, p in zip((here, there), plans, strict=True))
        curves = found["hota"][method]
        assert curves["chosen_on"] == {"0.3": round(on_here[0.3], 3), "0.6": round(on_here[0.6], 3)}
        assert curves["judged_on"] == {"0.3": round(on_there[0.3], 3), "0.6": round(on_there[0.6], 3)}
        assert curves["chosen_on"] != curves["judged_on"]
        assert row["threshold"] == max(on_here, key=lambda t: on_here[t])
        expected = measure(there, plans[1], method, row["threshold"])
        assert row["ap50"] == round(expected.ap50 or 0, 3)
        assert expected.class_averaged is not None
        assert row["class_averaged"] == {name: round(value, 3) for name, value in expected.class_averaged.items()}
        assert row["title"] == expected.title


def test_workers_change_nothing(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    here = make_run(tmp_path / "here", videos=(6,))
    there = make_run(tmp_path / "there", dataset="there", videos=(3,))
    one, two = (
        compare_peers(chosen_on=here, judged_on=there, methods=METHODS, thresholds=(0.3,), workers=n) for n in (1, 2)
    )
    assert one == two


def test_a_threshold_is_not_chosen_where_it_is_judged(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    run = make_run(tmp_path)
    with pytest.raises(ValueError, match="thresholds chosen on drawn flatter what is measured there"):
        compare_peers(chosen_on=run, judged_on=run)
