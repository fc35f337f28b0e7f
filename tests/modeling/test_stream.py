"""VideoStream: each frame's trunk runs once, and the results don't depend on how a video is cut into chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain, pairwise
from typing import Any

import pytest
import torch
from detectron2.evaluation import DatasetEvaluator, inference_on_dataset
from detectron2.structures import BoxMode, Instances
from torch import nn

from dnt_d2.evaluation import VIDEvaluator
from dnt_d2.modeling import DetectAndTrack, VideoStream

Make = Callable[..., Any]
Frames = list[dict[str, Any]]
Outputs = list[dict[str, Instances]]


@pytest.fixture(scope="module")
def model(small_model: Make) -> DetectAndTrack:
    return small_model(lively=True)


@pytest.fixture(scope="module")
def videos(make_video: Make) -> list[Frames]:
    """Of different sizes and lengths."""
    return [make_video(0, 7), make_video(1, 6, (112, 96))]


def run(model: DetectAndTrack, videos: list[Frames], chunk: int) -> Outputs:
    """Feed the videos back to back, in chunks as the test loader cuts them: within a video."""
    stream, outputs = VideoStream(model), []
    for frames in videos:
        for i in range(0, len(frames), chunk):
            outputs += stream(frames[i : i + chunk])
    return outputs


def assert_same(mine: Outputs, other: Outputs) -> None:
    for a, b in zip(mine, other, strict=True):
        assert a.keys() == b.keys()
        for kind in a:
            assert len(a[kind]) == len(b[kind])
            assert a[kind].image_size == b[kind].image_size
            for name, value in a[kind].get_fields().items():
                expected = b[kind].get(name)
                if name.endswith("boxes"):
                    assert torch.allclose(value.tensor, expected.tensor, rtol=0, atol=0.05), (kind, name)
                else:
                    assert torch.allclose(value, expected, rtol=0, atol=1e-4), (kind, name)


def test_no_frames(model: DetectAndTrack) -> None:
    assert VideoStream(model)([]) == []


def test_outputs_of_a_video(model: DetectAndTrack, videos: list[Frames]) -> None:
    outputs = run(model, videos, 1)
    for x, output in zip(list(chain(*videos)), outputs, strict=True):
        size = (x["height"], x["width"])
        assert set(output) == {"instances", "link_candidates", "tracklets", "proposals"}
        assert all(part.image_size == size for part in output.values())
        assert output["link_candidates"].class_scores.shape == (30, 3)
        assert len(output["proposals"].proposal_boxes) == 30
        ends = output["tracklets"]
        assert len(ends.start_boxes) == len(ends.end_boxes) == len(ends)
        assert (len(ends) == 0) == (x["frame_index"] == 0)
    # What starts in a frame are its candidates.
    for before, after in pairwise(outputs[:7]):
        assert torch.equal(before["link_candidates"].pred_boxes.tensor, after["tracklets"].start_boxes.tensor)
        assert not torch.equal(after["tracklets"].start_boxes.tensor, after["tracklets"].end_boxes.tensor)


@pytest.mark.parametrize("chunk", [2, 5, 100])
def test_chunks_do_not_matter(model: DetectAndTrack, videos: list[Frames], chunk: int) -> None:
    assert_same(run(model, videos, chunk), run(model, videos, 1))


def test_videos_in_one_chunk_do_not_matter_either(model: DetectAndTrack, videos: list[Frames]) -> None:
    assert_same(VideoStream(model)(list(chain(*videos))), run(model, videos, 1))


def test_average_precision_does_not_depend_on_chunks(model: DetectAndTrack, videos: list[Frames]) -> None:
    """Some of the network's own tubes serve as ground truth: an AP between 0 and 100, of frames and of tubes."""
    dicts: list[dict[str, Any]] = []
    for x, output in zip(list(chain(*videos)), run(model, videos, 1), strict=True):
        found = output["instances"][::4]
        annotations = [
            {"bbox": (box + 6).tolist(), "bbox_mode": BoxMode.XYXY_ABS, "category_id": int(c), "instance_id": i}
            for i, (box, c) in enumerate(zip(found.pred_boxes.tensor, found.pred_classes, strict=True))
        ]
        kept = {key: value for key, value in x.items() if key != "image"}
        dicts.append(kept | {"file_name": "drawn", "image_id": len(dicts), "annotations": annotations})
    results = []
    for chunk in (1, 2, 5):
        evaluator = VIDEvaluator((dicts, ["a", "b", "c"]), distributed=False)
        evaluator.process(list(chain(*videos)), run(model, videos, chunk))
        results.append({key: value["AP50"] for key, value in evaluator.evaluate().items() if "AP50" in value})
    assert 1 < results[0]["frame"] < 99
    assert 1 < results[0]["tube"] < 99
    for other in results[1:]:
        assert other == pytest.approx(results[0], abs=0.1)  # percent


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_the_trunk_reads_each_frame_once(model: DetectAndTrack, videos: list[Frames], chunk: int) -> None:
    counts: list[int] = []
    handle = model.backbone.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    run(model, videos, chunk)
    handle.remove()
    assert sum(counts) == 7 + 6
    assert len(counts) == -(-7 // chunk) + -(-6 // chunk)


@pytest.mark.parametrize("average", ["none", "both"])
@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_nothing_else_is_computed_twice(
    model: DetectAndTrack, videos: list[Frames], monkeypatch: pytest.MonkeyPatch, chunk: int, average: str
) -> None:
    """One RPN, one head for each frame, and one correlation of each pair; with averages one in each direction."""
    assert model.track_head is not None
    monkeypatch.setattr(model, "score_average", average)
    frames: Counter[str] = Counter()

    def count(owner: Any, name: str, frames_of: Callable[..., int]) -> None:
        function = getattr(owner, name)

        def counted(*args: Any) -> Any:
            frames[name] += frames_of(*args)
            return function(*args)

        monkeypatch.setattr(owner, name, counted)

    count(model.proposal_generator, "forward", lambda images, *_: len(images))
    count(model.roi_heads, "maps", lambda features: len(features["res5"]))
    count(model.roi_heads, "candidates", lambda maps, *_: len(maps))
    count(model.roi_heads, "frame_result", lambda *_: 1)
    count(model.track_head, "correlate", lambda now, later: len(now))
    run(model, videos, chunk)
    directions = {"none": 1, "both": 2}[average]
    assert frames == {
        **dict.fromkeys(("forward", "maps", "candidates", "frame_result"), 7 + 6),
        "correlate": directions * (6 + 5),
    }


def test_reset_begins_anew(model: DetectAndTrack, videos: list[Frames]) -> None:
    stream = VideoStream(model)
    stream(videos[0][:1])
    stream.reset()
    assert len(stream(videos[0][1:2])[0]["tracklets"]) == 0


class Keep(DatasetEvaluator):
    """Keeps the outputs."""

    def __init__(self) -> None:
        self.outputs: Outputs = []

    def process(self, inputs: Any, outputs: Any) -> None:
        self.outputs += outputs


def test_another_data_set_begins_anew(model: DetectAndTrack, videos: list[Frames]) -> None:
    """Its first video may have the number of the last one, and begin where that ended."""
    stream = VideoStream(model)
    for part in (videos[0][:2], videos[0][2:4]):
        keep = Keep()
        inference_on_dataset(stream, [part], keep)
        assert [len(output["tracklets"]) > 0 for output in keep.outputs] == [False, True]
        assert not model.training  # as it was before


def test_a_frame_that_does_not_come_after_the_last_begins_anew(model: DetectAndTrack, videos: list[Frames]) -> None:
    a, b, c = videos[0][:3]
    for frames, tracked in (
        ([a, c], [False, True]),  # a stride of two
        ([b, a], [False, False]),
        ([a, a], [False, False]),
        ([b, a, c], [False, False, True]),
        ([a, b | {"video_id": 7}, c], [False, False, False]),
    ):
        whole, stream = VideoStream(model)(frames), VideoStream(model)
        one_by_one = [stream([x])[0] for x in frames]
        assert [len(output["tracklets"]) > 0 for output in one_by_one] == tracked
        assert_same(whole, one_by_one)


def test_a_frame_of_another_size_begins_anew(model: DetectAndTrack, videos: list[Frames], make_video: Make) -> None:
    frames = [*videos[0][:2], *make_video(0, 4, (80, 112))[2:]]
    whole, stream = VideoStream(model)(frames), VideoStream(model)
    one_by_one = [stream([x])[0] for x in frames]
    assert [len(output["tracklets"]) > 0 for output in one_by_one] == [False, True, False, True]
    assert_same(whole, one_by_one)


def test_single_pictures_are_those_of_the_network(model: DetectAndTrack, videos: list[Frames]) -> None:
    a, b = videos[0][:2]
    picture = {key: a[key] for key in ("image", "height", "width")}
    stream = VideoStream(model)
    alone, first, again = stream([picture, a, picture])
    assert list(alone) == list(again) == ["instances"]
    assert_same([alone], model([picture]))
    assert "tracklets" in first
    # A picture between two frames of a video doesn't disturb it.
    assert len(stream([b])[0]["tracklets"]) > 0


def test_the_frame_result_is_that_of_the_single_picture(model: DetectAndTrack, videos: list[Frames]) -> None:
    for output, x in zip(run(model, videos[:1], 3), videos[0], strict=True):
        picture = {key: x[key] for key in ("image", "height", "width")}
        assert_same([{"instances": output["instances"]}], model([picture]))


def test_d_finds_the_same_without_tracks(
    model: DetectAndTrack, small_cfg: Make, small_model: Make, videos: list[Frames]
) -> None:
    d = small_model(small_cfg("MODEL.TRACK_HEAD.NAME", ""))
    missing = d.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("track_head")})
    assert missing.missing_keys == missing.unexpected_keys == []
    for chunk in (1, 3):
        for mine, other in zip(run(d, videos, chunk), run(model, videos, chunk), strict=True):
            assert len(mine["tracklets"]) == 0
            assert_same([{k: mine[k] for k in ("instances", "link_candidates")}],
                        [{k: other[k] for k in ("instances", "link_candidates")}])  # fmt: skip


def test_only_one_frame_is_kept(model: DetectAndTrack, videos: list[Frames]) -> None:
    def kept(stream: VideoStream) -> int:
        maps = stream._last.maps  # type: ignore[union-attr]
        return sum(x.untyped_storage().nbytes() for x in [*maps.features.values(), maps.cls_maps, maps.box_maps])

    long, short = VideoStream(model), VideoStream(model)
    long(videos[0][:5])
    short(videos[0][:1])
    assert kept(long) == kept(short)


def test_other_models_are_refused() -> None:
    with pytest.raises(TypeError, match="needs a DetectAndTrack model, not a Linear"):
        VideoStream(nn.Linear(1, 1))
