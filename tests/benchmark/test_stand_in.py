"""The network that computes nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from dnt_d2.benchmark.stand_in import StandIn


def test_its_outputs_are_those_of_a_video() -> None:
    video = StandIn(40, 6, sure=3)
    items = [{"frame_index": t, "height": 90, "width": 160} for t in range(5)]
    outputs = video(items)
    assert [len(x["tracklets"]) for x in outputs] == [0, 40, 40, 40, 40]
    for before, now in pairwise(outputs):
        assert torch.equal(now["tracklets"].start_boxes.tensor, before["link_candidates"].pred_boxes.tensor)
        assert torch.equal(now["tracklets"].end_boxes.tensor, now["link_candidates"].pred_boxes.tensor)
    assert outputs[0]["link_candidates"].class_scores.shape == (40, 6)
    assert ((outputs[3]["instances"].scores > 0.3).nonzero()[:, 0] == torch.arange(3)).all()
    video.reset()
    np.testing.assert_array_equal(video(items)[4]["instances"].scores, outputs[4]["instances"].scores)
