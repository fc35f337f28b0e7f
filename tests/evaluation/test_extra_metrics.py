"""dnt_d2/evaluation/extra_metrics.py: COCO AP and track metrics in a report, or the reason why they are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation import extra_metrics
from dnt_d2.evaluation.coco_ap import MAX_FRAMES, coco_ap
from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.extra_metrics import METRICS, boxes_of, default_metrics, join_boxes
from dnt_d2.evaluation.linking import standard_linkings, trim_tracks
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.scoring import VideoScore
from dnt_d2.evaluation.track_metrics import track_metrics
from dnt_d2.tubes.collector import TubeSettings


def plan(drawn: Any, *metrics: str) -> Plan:
    return Plan("drawn", drawn.truth, drawn.frames, standard_linkings(TubeSettings(), 1), metrics=metrics)


def score(asked: Plan, drawn: Any) -> list[VideoScore]:
    scorer = asked.scorer()
    return [scorer.score(video, drawn.record(video)) for video in drawn.truth.videos]


def test_nothing_is_joined() -> None:
    assert len(join_boxes([])) == 0
    assert boxes_of([], "frame") is None


def test_large_sets_are_not_measured_unasked() -> None:
    assert default_metrics(MAX_FRAMES) == METRICS
    assert default_metrics(MAX_FRAMES + 1) == ()


def test_coco_of_each_kind_but_psi0(drawn: Any) -> None:
    asked = plan(drawn, "coco")
    found = score(asked, drawn)
    block = build_content(asked, found, {})["coco"]
    assert set(block) == {"frame", "tube"}
    boxes = boxes_of(found, "tube")
    assert boxes is not None
    assert block["tube"] == pytest.approx(coco_ap(drawn.truth, boxes).summary(), nan_ok=True)


def test_tracks_are_those_of_the_trimmed_tubes(drawn: Any) -> None:
    asked = plan(drawn, "coco", "tracks")
    found = score(asked, drawn)
    block = build_content(asked, found, {})["tracks"]
    boxes = [trim_tracks(s.kinds["tube"].boxes, 0.3) for s in found if s.kinds["tube"].boxes is not None]
    expected = track_metrics(drawn.truth, join_boxes(boxes))
    assert block["class_averaged"] == expected.class_averaged
    assert list(block["per_class"]) == ["bear", "car", "fox"]
    assert block["trim_score"] == 0.3
    assert block["class_averaged"]["HOTA"] > 20


def test_reasons(drawn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = build_content(plan(drawn), score(plan(drawn), drawn), {})
    assert "--metrics coco" in content["coco"]["missing"]
    assert "--metrics tracks" in content["tracks"]["missing"]
    asked = plan(drawn, "tracks")
    found = score(asked, drawn)
    bare = replace(
        asked, truth=drawn.truth.__class__(num_classes=3, **drawn.truth.arrays() | {"tracks": _minus(drawn)})
    )
    assert "no track ids" in build_content(bare, found, {})["tracks"]["missing"]
    assert "no tracks" in build_content(asked, [replace(s, tracks=None) for s in found], {})["tracks"]["missing"]
    monkeypatch.setattr(extra_metrics.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'dnt_d2[tracking]'" in build_content(asked, found, {})["tracks"]["missing"]


def _minus(drawn: Any) -> np.ndarray:
    return np.full(len(drawn.truth.frames), -1)


def test_the_reason_names_the_memory_of_a_large_set(drawn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra_metrics, "MAX_FRAMES", 3)
    content = build_content(plan(drawn), score(plan(drawn), drawn), {})
    assert "22 frames are too many to do this unasked (pycocotools would need about 0 GB" in content["coco"]["missing"]
