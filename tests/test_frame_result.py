"""dnt_d2/frame_result.py: plain arrays become Detectron2's Instances, whose ids can be selected from."""

from __future__ import annotations

import numpy as np
import torch

from dnt_d2.frame_result import Tracked, TrackIDs


def tracked() -> Tracked:
    boxes = np.array([[0.0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
    return Tracked(boxes, np.array([0.9, 0.5, 0.7]), (0.8, 0.1, 0.3), [2, 0, 2], np.array([4, 1, 9]))


def test_a_frame_without_tracks() -> None:
    found = Tracked((), (), (), (), ()).to_instances((10, 20))
    assert len(found) == 0
    assert found.image_size == (10, 20)
    assert found.pred_boxes.tensor.shape == (0, 4)
    assert found.ID == []
    assert found.track_ids.dtype == found.pred_classes.dtype == torch.int64


def test_every_field_has_its_type() -> None:
    found = tracked().to_instances((10, 20))
    assert set(found.get_fields()) == {"pred_boxes", "scores", "raw_scores", "pred_classes", "track_ids", "ID"}
    assert found.pred_boxes.tensor.dtype == found.scores.dtype == found.raw_scores.dtype == torch.float32
    assert found.pred_boxes.tensor.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert torch.equal(found.scores, torch.tensor([0.9, 0.5, 0.7]))
    assert torch.equal(found.raw_scores, torch.tensor([0.8, 0.1, 0.3]))
    assert found.pred_classes.tolist() == [2, 0, 2]
    assert found.track_ids.tolist() == found.ID == [4, 1, 9]


def test_the_instances_share_no_memory_with_the_arrays() -> None:
    arrays = tracked()
    found = arrays.to_instances((10, 20))
    found.pred_boxes.scale(2, 2)
    found.scores[:] = 0
    again = arrays.to_instances((10, 20))
    assert again.pred_boxes.tensor[1].tolist() == [4, 5, 6, 7]
    assert again.scores[0] > 0


def test_ids_are_selected_like_tensors() -> None:
    ids = TrackIDs([4, 1, 9])
    assert ids[1] == 1
    assert ids[torch.tensor([True, False, True])] == [4, 9]
    assert ids[torch.tensor([2, 0])] == [9, 4]
    assert ids[torch.zeros(0, dtype=torch.int64)] == []
    assert ids[1:] == [1, 9]
    for chosen in (ids[1:], ids[torch.tensor([True, True, False])]):
        assert isinstance(chosen, TrackIDs)  # which can be selected from again
    found = tracked().to_instances((10, 20))
    assert found[found.scores > 0.6][1:].ID == [9]
