"""dnt_d2/study/loss_claims.py: each claim sets a network beside its own rival, in single frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.study.loss_claims import MODELS, frame_scores, loss_claims
from dnt_d2.study.measure import scores_of


def test_rivals_are_trained_from_one_d_on_the_same_pairs() -> None:
    for claim in loss_claims():
        ours, rivals = MODELS[claim.a.model], MODELS[claim.b.model]
        assert (claim.a.kind, claim.b.kind) == ("frame", "frame")
        assert [training.seed for training in ours] == [training.seed for training in rivals]
        if claim.b.model != "D":
            assert [x.start for x in ours] == [x.start for x in rivals]
            weight = "MODEL.TRACK_HEAD.LOSS_WEIGHT"
            assert all(weight in x.changes and x.changes[x.changes.index(weight) + 1] == 0 for x in rivals)


def test_conv4_is_trained_by_both_or_by_none() -> None:
    deeper = [name for name, of in MODELS.items() if any("MODEL.TIMM.FREEZE_UP_TO" in x.changes for x in of)]
    assert deeper == ["D longer, conv4 too", "D&T, conv4 too"]
    assert len({claim.name for claim in loss_claims()}) == 4


def test_single_frames_as_with_tubes(tmp_path: Path, make_run: Callable[..., SavedRun]) -> None:
    assert frame_scores(make_run(tmp_path / "none", videos=())) == []
    run = make_run(tmp_path / "run")
    found, expected = frame_scores(run, workers=1), scores_of(run, no_motion=False, workers=1)
    for a, b in zip(found, expected, strict=True):
        assert list(a.kinds) == ["frame"]
        np.testing.assert_array_equal(a.kinds["frame"].log.of_class(0).scores, b.kinds["frame"].log.of_class(0).scores)
