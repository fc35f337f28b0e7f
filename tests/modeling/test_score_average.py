"""dnt_d2/modeling/score_average.py: a box's scores, averaged with those where it is tracked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from detectron2.structures import Instances
from torch import Tensor

from dnt_d2.modeling import DetectAndTrack, VideoStream
from dnt_d2.modeling.post_processing import clip_to_frame

Make = Callable[..., Any]
Frames = list[dict[str, Any]]
Outputs = list[dict[str, Instances]]


@pytest.fixture(scope="module")
def model(small_model: Make) -> DetectAndTrack:
    return small_model(lively=True)


@pytest.fixture(scope="module")
def video(make_video: Make) -> Frames:
    return make_video(0, 6)


def run(model: DetectAndTrack, frames: Frames, average: str, chunk: int = 1) -> Outputs:
    model.score_average, stream = average, VideoStream(model)
    try:
        return [output for i in range(0, len(frames), chunk) for output in stream(frames[i : i + chunk])]
    finally:
        model.score_average = "none"


def final_scores(outputs: Outputs) -> list[Tensor]:
    """Of every frame, (N, C), as an evaluator that waits for the revised ones has them."""
    late = [output["revised_candidates"] for output in outputs[1:]]
    return [x.class_scores for x in (*late, outputs[-1]["link_candidates"])]


def by_hand(model: DetectAndTrack, here: dict[str, Any], there: dict[str, Any]) -> Tensor:
    """(N, C): what the boxes found in one frame are in the other, from the network's parts, a pair at a time."""
    with torch.no_grad():
        images = model.preprocess([here["image"], there["image"]])
        maps = model.encode(images)
        found = model.detect(images, maps)[0]
        assert model.track_head is not None
        (moved,) = model.track_head.track(maps[:1], maps[1:], [found.boxes])
        rois = torch.cat([torch.zeros(len(moved), 1), clip_to_frame(moved, found.image_size)], dim=1)
        logits, _ = model.roi_heads.predict(maps.cls_maps[1:], maps.box_maps[1:], rois)
    return logits.softmax(dim=1)[:, :-1]


def own_scores(model: DetectAndTrack, frames: Frames) -> list[Tensor]:
    return [output["link_candidates"].class_scores for output in run(model, frames, "none")]


@pytest.mark.parametrize("length", [1, 2, 6])
def test_the_next_frame(model: DetectAndTrack, video: Frames, length: int) -> None:
    frames = video[:length]
    own = own_scores(model, frames)
    expected = [(own[t] + by_hand(model, frames[t], frames[t + 1])) / 2 for t in range(length - 1)]
    for found, scores in zip(final_scores(run(model, frames, "next")), [*expected, own[-1]], strict=True):
        assert torch.allclose(found, scores, atol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_both_neighbours(model: DetectAndTrack, video: Frames, length: int) -> None:
    frames = video[:length]
    own = own_scores(model, frames)
    for t, found in enumerate(final_scores(run(model, frames, "both"))):
        looks = [own[t], *(by_hand(model, frames[t], frames[s]) for s in (t - 1, t + 1) if 0 <= s < length)]
        assert torch.allclose(found, torch.stack(looks).mean(dim=0), atol=1e-5)


def test_both_neighbours_are_the_next_ones_of_the_video_and_of_its_reverse(
    model: DetectAndTrack, video: Frames
) -> None:
    """Swap the frames: what was before is next. The average over both is made of the two averages with the next."""
    reverse = [x | {"frame_index": i} for i, x in enumerate(video[::-1])]
    own = own_scores(model, video)
    ahead = final_scores(run(model, video, "next"))
    back = final_scores(run(model, reverse, "next"))[::-1]
    both = final_scores(run(model, video, "both"))
    for t in range(1, len(video) - 1):
        # own + next = 2 ahead, own + before = 2 back
        assert torch.allclose(both[t], (2 * ahead[t] + 2 * back[t] - own[t]) / 3, atol=1e-5)
    assert torch.allclose(both[0], ahead[0], atol=1e-5)
    assert torch.allclose(both[-1], back[-1], atol=1e-5)
    swapped = final_scores(run(model, reverse, "both"))[::-1]
    for a, b in zip(both, swapped, strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("average", ["next", "both"])
@pytest.mark.parametrize("chunk", [2, 4, 100])
def test_chunks_do_not_matter(model: DetectAndTrack, video: Frames, average: str, chunk: int) -> None:
    for mine, other in zip(run(model, video, average, chunk), run(model, video, average), strict=True):
        assert mine.keys() == other.keys()
        for kind in ("link_candidates", "revised_candidates"):
            if kind in mine:
                assert torch.allclose(mine[kind].class_scores, other[kind].class_scores, atol=1e-4)
        assert len(mine["tracklets"]) == len(other["tracklets"])


@pytest.mark.parametrize("average", ["next", "both"])
def test_boxes_tracks_and_single_frames_stay_what_they_are(model: DetectAndTrack, video: Frames, average: str) -> None:
    plain, averaged = run(model, video, "none"), run(model, video, average)
    for t, (a, b) in enumerate(zip(averaged, plain, strict=True)):
        assert ("revised_candidates" in a) == (t > 0)
        assert torch.equal(a["instances"].scores, b["instances"].scores)
        assert torch.equal(a["link_candidates"].pred_boxes.tensor, b["link_candidates"].pred_boxes.tensor)
        if t:
            before = averaged[t - 1]["link_candidates"]
            assert torch.equal(a["revised_candidates"].pred_boxes.tensor, before.pred_boxes.tensor)
        for side in ("start_boxes", "end_boxes"):
            assert torch.allclose(a["tracklets"].get(side).tensor, b["tracklets"].get(side).tensor, atol=1e-3)


def test_tracklets_are_chosen_by_the_averaged_scores(model: DetectAndTrack, video: Frames) -> None:
    scores = final_scores(run(model, video, "next"))
    threshold, model.track_score_thresh = model.track_score_thresh, float(scores[0].amax(dim=1).median())
    try:
        outputs = run(model, video, "next")
    finally:
        model.track_score_thresh = threshold
    for found, output in zip(scores[:-1], outputs[1:], strict=True):
        assert len(output["tracklets"]) == int((found > float(scores[0].amax(dim=1).median())).any(dim=1).sum())


def test_frames_without_proposals(small_cfg: Make, small_model: Make, video: Frames) -> None:
    cfg = small_cfg("MODEL.RPN.POST_NMS_TOPK_TEST", 0)
    outputs = run(small_model(cfg, lively=True), video[:3], "both")
    assert [len(output["link_candidates"]) for output in outputs] == [0, 0, 0]
    assert [len(output["revised_candidates"]) for output in outputs[1:]] == [0, 0]


def test_a_pair_says_what_a_video_of_two_frames_says(model: DetectAndTrack, video: Frames) -> None:
    first, second = video[:2]
    for average in ("none", "next", "both"):
        expected = run(model, [first, second], average)
        model.score_average = average
        try:
            with torch.no_grad():
                (found,) = model([{**first, "next_image": second["image"]}])
        finally:
            model.score_average = "none"
        late = expected[1].get("revised_candidates", expected[0]["link_candidates"])
        assert torch.allclose(found["link_candidates"].class_scores, late.class_scores, atol=1e-5)
        last = expected[1]["link_candidates"]
        assert torch.allclose(found["next_link_candidates"].class_scores, last.class_scores, atol=1e-5)
        assert len(found["tracklets"]) == len(expected[1]["tracklets"])


def test_settings_that_can_not_be(small_cfg: Make, small_model: Make) -> None:
    with pytest.raises(ValueError, match=r"TEST\.SCORE_AVERAGE is 'last': it must be one of none, next, both"):
        small_model(small_cfg("TEST.SCORE_AVERAGE", "last"))
    with pytest.raises(ValueError, match="D tracks nothing"):
        small_model(small_cfg("TEST.SCORE_AVERAGE", "next", "MODEL.TRACK_HEAD.NAME", ""))
