"""VideoPredictor and Detectron2's DefaultPredictor: pictures in, results in the pictures' own pixels out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.engine import DefaultPredictor
from detectron2.structures import Instances
from numpy.typing import NDArray

from dnt_d2 import VideoPredictor
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.predictor import FrameResult

Make = Callable[..., Any]
Picture = NDArray[np.uint8]


def pictures(make_video: Make, video_id: int, length: int, size: tuple[int, int] = (96, 128)) -> list[Picture]:
    """BGR frames, (H, W, 3)."""
    return [np.ascontiguousarray(x["image"].permute(1, 2, 0).numpy()) for x in make_video(video_id, length, size)]


@pytest.fixture(scope="module")
def cfg(small_cfg: Make) -> CfgNode:
    """No tube is trimmed: the network is random, so its scores are low."""
    return small_cfg("TUBES.TRIM_SCORE", 0.0, "DATASETS.TEST", ())


@pytest.fixture(scope="module")
def model(small_model: Make) -> DetectAndTrack:
    return small_model(lively=True)


@pytest.fixture(scope="module")
def video(make_video: Make) -> list[Picture]:
    return pictures(make_video, 0, 7)


def run(
    cfg: CfgNode,
    model: DetectAndTrack,
    frames: Iterable[Picture],
    *,
    batch: int = 1,
    frames_ahead: int | None = None,
    **settings: Any,
) -> list[FrameResult]:
    cfg = cfg.clone()
    cfg.TEST.FRAMES_PER_BATCH = batch
    return list(VideoPredictor(cfg, model=model, **settings).stream(frames, frames_ahead=frames_ahead))


def assert_same(mine: Instances, other: Instances) -> None:
    assert len(mine) == len(other)
    assert mine.image_size == other.image_size
    assert torch.equal(mine.pred_classes, other.pred_classes)
    assert torch.allclose(mine.pred_boxes.tensor, other.pred_boxes.tensor, rtol=0, atol=0.05)
    assert torch.allclose(mine.scores, other.scores, rtol=0, atol=1e-4)
    if mine.has("track_ids"):
        assert torch.equal(mine.track_ids, other.track_ids)
        assert torch.allclose(mine.raw_scores, other.raw_scores, rtol=0, atol=1e-4)


def assert_all_same(mine: list[FrameResult], other: list[FrameResult]) -> None:
    for a, b in zip(mine, other, strict=True):
        assert a.frame_index == b.frame_index
        assert_same(a.instances, b.instances)
        assert (a.detections is None) == (b.detections is None)
        if a.detections is not None and b.detections is not None:
            assert_same(a.detections, b.detections)


# DefaultPredictor


def test_default_predictor_from_a_checkpoint(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], tmp_path: Path
) -> None:
    DetectionCheckpointer(model, str(tmp_path)).save("model")
    cfg = cfg.clone()
    cfg.MODEL.WEIGHTS = str(tmp_path / "model.pth")
    picture = np.concatenate([video[0], video[0]])[:150]  # resized for the network
    output = DefaultPredictor(cfg)(picture)
    assert list(output) == ["instances"]
    found = output["instances"].to("cpu")
    assert found.image_size == (150, 128)
    assert set(found.get_fields()) == {"pred_boxes", "scores", "pred_classes"}
    assert len(found) > 0
    assert (found.scores[:-1] >= found.scores[1:]).all()
    assert (found.pred_boxes.tensor >= 0).all()
    assert (found.pred_boxes.tensor <= torch.tensor([127.0, 149, 127, 149])).all()
    # VideoPredictor loads the same weights, and finds the same in a frame.
    (result,) = VideoPredictor(cfg).stream([picture])
    assert result.detections is not None
    assert_same(result.detections, found)


# VideoPredictor


def test_no_frames(cfg: CfgNode, model: DetectAndTrack) -> None:
    assert run(cfg, model, []) == []
    assert VideoPredictor(cfg, model=model).finish() == []


def test_one_frame(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    (result,) = run(cfg, model, video[:1])
    assert result.frame_index == 0
    assert len(result.instances) > 0


def test_nothing_found(cfg: CfgNode, small_model: Make, video: list[Picture]) -> None:
    cfg = cfg.clone()
    cfg.MODEL.RPN.POST_NMS_TOPK_TEST = 0
    results = run(cfg, small_model(cfg), video[:3])
    assert [r.frame_index for r in results] == [0, 1, 2]
    for r in results:
        assert r.instances.pred_boxes.tensor.shape == (0, 4)
        assert len(r.instances.scores) == len(r.instances.track_ids) == len(r.instances.ID) == 0


def test_what_a_result_holds(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    results = run(cfg, model, video)
    assert [r.frame_index for r in results] == list(range(7))
    for r in results:
        found = r.instances
        assert found.image_size == (96, 128)
        assert len(found) > 0
        assert found.scores.dtype == found.raw_scores.dtype == torch.float32
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert found.pred_classes.dtype == found.track_ids.dtype == torch.int64
        assert found.track_ids.tolist() == found.ID
        assert len(set(found.ID)) == len(found.ID)  # a track has one box in a frame
        assert min(found.ID) >= 1
        assert (found.pred_boxes.tensor >= 0).all()
        assert (found.pred_boxes.tensor <= torch.tensor([127.0, 95, 127, 95])).all()
    # An object keeps its class along its track, and tracks go through the video.
    classes = [dict(zip(r.instances.ID, r.instances.pred_classes.tolist(), strict=True)) for r in results]
    shared = set(classes[0]) & set(classes[6])
    assert shared
    assert all(classes[0][i] == classes[6][i] for i in shared)


def test_a_tubes_boxes_gain_the_mean_of_its_best_half(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture]
) -> None:
    """Also where a track goes from one tube to another: boxes of one tube have one gain."""
    gains: dict[float, list[float]] = {}
    for r in run(cfg, model, video):
        for raw, score in zip(r.instances.raw_scores.tolist(), r.instances.scores.tolist(), strict=True):
            known = next((g for g in gains if abs(g - (2 * score - raw)) < 1e-5), 2 * score - raw)
            gains.setdefault(known, []).append(raw)
    assert len(gains) > 10
    for gain, own in gains.items():
        assert len(own) == len(video)
        assert gain == pytest.approx(np.mean(sorted(own, reverse=True)[:4]), abs=1e-5)


@pytest.mark.parametrize("batch", [2, 5])
def test_batches_do_not_matter(cfg: CfgNode, model: DetectAndTrack, video: list[Picture], batch: int) -> None:
    assert_all_same(run(cfg, model, video, batch=batch), run(cfg, model, video))


def test_videos_back_to_back(cfg: CfgNode, model: DetectAndTrack, video: list[Picture], make_video: Make) -> None:
    other = pictures(make_video, 1, 5, (112, 96))
    predictor = VideoPredictor(cfg, model=model)
    first, second = list(predictor.stream(video)), list(predictor.stream(other))
    assert_all_same(first, run(cfg, model, video))
    assert_all_same(second, run(cfg, model, other))
    # Left in the middle, a video leaves nothing behind. Two predictors may share a model.
    predictor.step(other[0])
    third = VideoPredictor(cfg, model=model)
    third.step(other[0])
    predictor.reset()
    assert list(chain(*map(predictor.step, video))) == []
    assert_all_same(predictor.finish(), first)


def test_the_trunk_reads_each_frame_once(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    counts: list[int] = []
    handle = model.backbone.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    run(cfg, model, video, batch=3)
    handle.remove()
    assert counts == [3, 3, 1]


@pytest.mark.parametrize(
    ("length", "stride", "seen"), [(7, 3, [0, 3, 6]), (6, 3, [0, 3, 5]), (5, 10, [0, 4]), (1, 4, [0])]
)
def test_temporal_stride(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], length: int, stride: int, seen: list[int]
) -> None:
    results = run(cfg, model, video[:length], temporal_stride=stride)
    assert [r.frame_index for r in results] == list(range(length))
    assert [r.frame_index for r in results if r.detections is not None] == seen
    where = [r.instances.pred_boxes.tensor for r in results]
    for before, after in pairwise(seen):
        for frame in range(before + 1, after):
            # Every box lies on a straight line from one of the frame before to one of the frame after.
            share = (frame - before) / (after - before)
            lines = torch.lerp(where[before][:, None], where[after][None], share)
            far = (where[frame][:, None, None] - lines).abs().amax(dim=3).flatten(1)
            assert len(far) > 10
            assert (far.amin(dim=1) < 1e-3).all()


def test_weak_tubes_are_trimmed(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    everything = run(cfg, model, video)
    scores = torch.cat([r.instances.scores for r in everything])
    cfg = cfg.clone()
    cfg.TUBES.TRIM_SCORE = float(scores.quantile(0.9))
    strong = run(cfg, model, video)
    kept = sum(len(r.instances) for r in strong)
    assert 0 < kept < len(scores)
    assert torch.cat([r.instances.scores for r in strong]).max() == scores.max()


def test_rgb_networks_get_rgb(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    expected = run(cfg, model, video[:2])
    cfg = cfg.clone()
    cfg.INPUT.FORMAT = "RGB"
    # A view with negative strides, too.
    assert_all_same(run(cfg, model, [frame[:, :, ::-1] for frame in video[:2]]), expected)


def test_detectron2s_visualizer_takes_the_results(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    pytest.importorskip("matplotlib")
    from detectron2.data.catalog import Metadata
    from detectron2.utils.video_visualizer import VideoVisualizer

    visualizer = VideoVisualizer(Metadata(thing_classes=["a", "b", "c"]))
    for result in run(cfg, model, video[:2]):
        drawn = visualizer.draw_instance_predictions(video[0], result.instances[:3])
        assert drawn.get_image().shape[2] == 3


def test_a_mask_or_a_slice_selects_from_a_result(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    found = run(cfg, model, video[:3])[2].instances
    strong = found.scores > found.scores.median()
    for chosen, part in ((strong, found[strong]), (strong.nonzero()[:, 0], found[strong.nonzero()[:, 0]])):
        assert len(part) == int(strong.sum())
        assert part.track_ids.tolist() == found.track_ids[chosen].tolist() == list(part.ID)
    assert list(found[:2].ID) == found.ID[:2]


# Hand-overs, windows, several videos at once


def test_a_clip_cut_into_chunks_gives_identical_tracks(cfg: CfgNode, model: DetectAndTrack, make_video: Make) -> None:
    """Of 1, 7 and 64 frames: ids, classes and, but for the order of sums, boxes and scores."""
    long = pictures(make_video, 5, 65, (64, 64))
    whole = run(cfg, model, long)
    assert [r.frame_index for r in whole] == list(range(65))
    for chunk in (7, 64):
        assert_all_same(run(cfg, model, long, batch=chunk), whole)


@pytest.mark.parametrize("settings", [{}, {"mode": "online"}, {"window": 3}, {"temporal_stride": 3}])
def test_interleaved_videos_do_not_mix(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], make_video: Make, settings: dict[str, Any]
) -> None:
    videos = [video, pictures(make_video, 1, 7, (112, 96))]
    predictors = [VideoPredictor(cfg, model=model, **settings) for _ in videos]
    found: list[list[FrameResult]] = [[], []]
    for frames in zip(*videos, strict=True):
        for results, predictor, frame in zip(found, predictors, frames, strict=True):
            results += predictor.step(frame)
    for results, predictor, frames in zip(found, predictors, videos, strict=True):
        results += predictor.finish()
        assert_all_same(results, run(cfg, model, frames, **settings))


@pytest.mark.parametrize("settings", [{}, {"mode": "online"}, {"window": 3}, {"temporal_stride": 3}])
def test_after_reset_it_is_as_new(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], settings: dict[str, Any]
) -> None:
    predictor = VideoPredictor(cfg, model=model, **settings)
    for frame in video[2:6]:
        predictor.step(frame)
    predictor.reset()
    found = [*chain(*map(predictor.step, video)), *predictor.finish()]
    assert_all_same(found, run(cfg, model, video, **settings))


def test_results_are_drained_while_another_video_begins(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], make_video: Make
) -> None:
    predictor, other = VideoPredictor(cfg, model=model), pictures(make_video, 1, 4, (112, 96))
    for frame in video:
        predictor.step(frame)
    results = predictor.drain()
    first = [next(results)]
    for frame in other:
        predictor.step(frame)
    assert_all_same([*first, *results], run(cfg, model, video))
    assert_all_same(predictor.finish(), run(cfg, model, other))
    assert list(predictor.drain()) == []


def test_a_window_gives_its_results_while_the_video_goes_on(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture]
) -> None:
    predictor = VideoPredictor(cfg, model=model, window=3)
    arrived = [[r.frame_index for r in predictor.step(frame)] for frame in video]
    assert arrived == [[], [], [], [], [0, 1, 2], [], []]
    assert [r.frame_index for r in predictor.finish()] == [3, 4, 5, 6]
    for wrong in ({"window": 0}, {"window": 5, "mode": "online"}):
        with pytest.raises(ValueError, match="windows are linked offline, of at least 1 frame"):
            VideoPredictor(cfg, model=model, **wrong)


# Bad input


def test_bad_frames_are_named(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    predictor = VideoPredictor(cfg, model=model)
    predictor.step(video[0])
    bad: list[Any] = [video[0][:, :, 0], video[0].astype(np.float32), video[0][:, :, :2]]
    for frame in bad:
        with pytest.raises(ValueError, match=r"frame 1 is .* \(H, W, 3\) uint8, BGR, was expected"):
            predictor.step(frame)
    unread: Any = None  # what OpenCV gives for a file that isn't there
    with pytest.raises(ValueError, match=r"frame 1 is a NoneType: \(H, W, 3\) uint8, BGR, was expected"):
        predictor.step(unread)
    with pytest.raises(ValueError, match=r"frame 1 is 100x96, the video began with 128x96: call reset"):
        predictor.step(video[0][:, :100])
    predictor.step(video[1])  # and the video goes on
    assert len(predictor.finish()) == 2


def test_bad_settings_are_named(cfg: CfgNode, model: DetectAndTrack, small_model: Make) -> None:
    with pytest.raises(ValueError, match="mode is 'sideways'"):
        VideoPredictor(cfg, model=model, mode="sideways")
    with pytest.raises(ValueError, match="temporal_stride is 0"):
        VideoPredictor(cfg, model=model, temporal_stride=0)
    with pytest.raises(ValueError, match="min_frames is 0: it must be at least 1"):
        VideoPredictor(cfg, model=model, min_frames=0)
    with pytest.raises(TypeError, match="needs a DetectAndTrack model"):
        VideoPredictor(cfg, model=torch.nn.Identity())
    cfg = cfg.clone()
    cfg.MODEL.PROPOSAL_GENERATOR.NAME, cfg.MODEL.LOAD_PROPOSALS = "PrecomputedProposals", True
    with pytest.raises(ValueError, match="the network has no RPN, and a video comes without proposals"):
        VideoPredictor(cfg, model=small_model(cfg))
    cfg.INPUT.FORMAT = "YUV-BT.601"
    with pytest.raises(ValueError, match=r"INPUT\.FORMAT is 'YUV-BT\.601'; D&T reads BGR or RGB"):
        VideoPredictor(cfg, model=model)


def test_the_data_sets_of_the_config_need_not_be_known(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], tmp_path: Path
) -> None:
    DetectionCheckpointer(model, str(tmp_path)).save("weights")
    cfg = cfg.clone()
    cfg.MODEL.WEIGHTS, cfg.DATASETS.TEST = str(tmp_path / "weights.pth"), ("registered_elsewhere",)
    assert len(list(VideoPredictor(cfg).stream(video[:1]))) == 1
    cfg.TUBES.TOP_K = 0  # what matters for a video is checked all the same
    with pytest.raises(ValueError, match=r"TUBES\.TOP_K"):
        VideoPredictor(cfg)


# Online


@pytest.mark.parametrize("stride", [1, 3])
def test_online_results_are_final(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], make_video: Make, stride: int
) -> None:
    """They come with their frame, and are the same whether the video ends there, goes on, or goes on otherwise."""
    whole = run(cfg, model, video, mode="online", temporal_stride=stride)
    assert [r.frame_index for r in whole] == list(range(7))
    other = pictures(make_video, 1, 7)
    for t in range(7):
        predictor = VideoPredictor(cfg, model=model, mode="online", temporal_stride=stride)
        found = [result for frame in video[: t + 1] for result in predictor.step(frame)]
        assert_all_same(found, whole[: t + 1])
        predictor.step(other[t])
        assert predictor.finish() == []
        assert_all_same(list(predictor.stream(video[: t + 1])), whole[: t + 1])


def test_an_online_result_waits_for_no_later_frame(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    """A camera that has no next frame until somebody has seen the result of the last one."""
    seen = [threading.Event() for _ in video]

    def camera() -> Iterator[Picture]:
        for t, frame in enumerate(video):
            assert t == 0 or seen[t - 1].wait(timeout=10)
            yield frame

    for result in VideoPredictor(cfg, model=model, mode="online").stream(camera()):
        seen[result.frame_index].set()
    assert all(event.is_set() for event in seen)


# Frames that are read ahead


@pytest.mark.parametrize("settings", [{}, {"temporal_stride": 3}, {"mode": "online"}, {"batch": 3}])
@pytest.mark.parametrize("frames_ahead", [None, 1, 50])
def test_reading_ahead_changes_nothing(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], settings: dict[str, Any], frames_ahead: int | None
) -> None:
    """Also where all frames come in one array, as some cameras give them; one by one they are the reference."""

    def one_array() -> Iterator[Picture]:
        shared = np.empty_like(video[0])
        for frame in video:
            shared[:] = frame
            yield shared

    cfg = cfg.clone()
    cfg.TEST.FRAMES_PER_BATCH = settings.get("batch", 1)
    stepwise = VideoPredictor(cfg, model=model, **{k: v for k, v in settings.items() if k != "batch"})
    expected = [*chain(*map(stepwise.step, video)), *stepwise.finish()]
    for frames in (video, one_array()):
        assert_all_same(run(cfg, model, frames, frames_ahead=frames_ahead, **settings), expected)
    assert_all_same(run(cfg, model, video, frames_ahead=0, **settings), expected)


@pytest.mark.parametrize(("frames_ahead", "most"), [(0, 1), (1, 2), (3, 4), (None, 3)])
def test_so_many_frames_are_read_ahead(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], frames_ahead: int | None, most: int
) -> None:
    """The frame under way, and those that wait: memory is constant, however long the video is."""
    read: list[int] = []

    def camera() -> Iterator[Picture]:
        for t in range(20):
            read.append(t)
            yield video[t % 7]

    predictor = VideoPredictor(cfg, model=model, mode="online")
    for taken, _ in enumerate(predictor.stream(camera(), frames_ahead=frames_ahead), start=1):
        assert taken <= len(read) <= taken - 1 + most
    assert len(read) == 20


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_a_bad_frame_ahead_comes_in_its_place(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture], mode: str
) -> None:
    predictor, found = VideoPredictor(cfg, model=model, mode=mode), []
    with pytest.raises(ValueError, match=r"frame 2 is a NoneType"):  # noqa: PT012
        for result in predictor.stream([*video[:2], None, *video[2:]]):  # type: ignore[list-item]
            found.append(result.frame_index)
    assert found == ([0, 1] if mode == "online" else [])
    assert not any(thread.name == "ahead" for thread in threading.enumerate())
    with pytest.raises(ValueError, match="frames_ahead is -1: it must be at least 0"):
        next(predictor.stream(video, frames_ahead=-1))
    assert len(list(predictor.stream(video))) == 7  # it begins anew


def test_online_tracks(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    results = run(cfg, model, video, mode="online")
    first = results[0].instances
    assert torch.allclose(first.scores, first.raw_scores)  # alone, a box gains its own score
    ids = [set(r.instances.ID) for r in results]
    assert ids[0] == set(range(1, len(first) + 1))
    for before, after in pairwise(ids):
        assert before & after  # tracks go on
        assert all(new > max(before) for new in after - set().union(*ids[: ids.index(after)]))
    for r in results:
        assert len(set(r.instances.ID)) == len(r.instances)
        assert sorted(r.instances.ID) == r.instances.ID
        assert r.detections is not None


def test_online_boxes_stay_where_they_were_until_the_network_looks_again(
    cfg: CfgNode, model: DetectAndTrack, video: list[Picture]
) -> None:
    results = run(cfg, model, video, mode="online", temporal_stride=3)
    assert [r.frame_index for r in results if r.detections is not None] == [0, 3, 6]
    for r in results:
        assert_same(r.instances, results[r.frame_index - r.frame_index % 3].instances)
    # The network sees what it would have seen of a video of these frames alone.
    alone = run(cfg, model, video[::3], mode="online")
    for a, b in zip(alone, results[::3], strict=True):
        assert_same(a.instances, b.instances)
    # What is done to one result doesn't reach those after it.
    expected = results[1].instances.pred_boxes.tensor.clone()
    results[0].instances.pred_boxes.scale(2, 2)
    assert torch.equal(results[1].instances.pred_boxes.tensor, expected)


def test_online_trimming_hides_weak_boxes_alone(cfg: CfgNode, model: DetectAndTrack, video: list[Picture]) -> None:
    """A track is there from the threshold to half of it."""
    everything = run(cfg, model, video, mode="online")
    threshold = float(torch.cat([r.instances.scores for r in everything]).quantile(0.8)) + 1e-5
    cfg = cfg.clone()
    cfg.TUBES.TRIM_SCORE = threshold
    strong = run(cfg, model, video, mode="online")
    there: set[int] = set()
    for a, b in zip(strong, everything, strict=True):
        scores = dict(zip(b.instances.ID, b.instances.scores.tolist(), strict=True))
        for i, score in scores.items():
            if score < threshold / 2:
                there.discard(i)
            elif score >= threshold:
                there.add(i)
        kept = [score for i, score in scores.items() if i in there]
        assert sorted(a.instances.scores.tolist()) == pytest.approx(sorted(kept))
    shown = [i for r in strong for i in r.instances.ID]
    assert set(shown) == set(range(1, max(shown) + 1))  # numbered as they first appear


def test_online_refuses_what_needs_the_future(cfg: CfgNode, model: DetectAndTrack, small_model: Make) -> None:
    averaging = cfg.clone()
    averaging.TEST.SCORE_AVERAGE = "next"
    with pytest.raises(ValueError, match=r"TEST\.SCORE_AVERAGE needs the next frame"):
        VideoPredictor(averaging, model=small_model(averaging), mode="online")
    absent = cfg.clone()
    absent.TUBES.ABSENT_SCORE = 0.1
    with pytest.raises(ValueError, match=r"ABSENT_SCORE is 0\.1, but tubes are linked online"):
        VideoPredictor(absent, model=model, mode="online")
    VideoPredictor(absent, model=model)


def test_averaged_scores(cfg: CfgNode, small_model: Make, video: list[Picture]) -> None:
    """They reach the tubes: other scores than without, on the same boxes of the network."""
    averaging = cfg.clone()
    averaging.TEST.SCORE_AVERAGE = "both"
    model = small_model(averaging, lively=True)
    results = run(averaging, model, video)
    assert [r.frame_index for r in results] == list(range(7))
    assert_all_same(run(averaging, model, video, batch=3), results)
    model.score_average = "none"
    plain = run(cfg, model, video)
    assert not torch.equal(results[3].instances.raw_scores, plain[3].instances.raw_scores)
