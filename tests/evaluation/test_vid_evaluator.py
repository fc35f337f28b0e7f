"""The evaluator in Detectron2's clothes: against direct calls, over chunks, ranks, strides and faults."""

from __future__ import annotations

import json
import logging
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("detectron2")

import torch
from detectron2.config import get_cfg
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.structures import Boxes, BoxMode, Instances

from dnt_d2.config import add_dnt_config
from dnt_d2.evaluation import VIDEvaluator, evaluate_class
from dnt_d2.evaluation.linking import Linking, standard_linkings
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.tubes import link_candidates
from dnt_d2.tubes.collector import TubeSettings

ONLINE = TubeSettings(online=True)
CLASSES = ["bear", "car", "fox"]  # fox has no ground truth
LENGTHS = {3: 7, 5: 1, 8: 6}  # video id -> frames; video 5 is a still
SIZE = (120, 200)


def true_boxes(video: int, index: int) -> np.ndarray:
    """Two objects, one of each class, that move in opposite directions; the car is not in the first frame."""
    bear, car = [10 * index, 5, 10 * index + 40, 45], [120 - 10 * index, 60, 180 - 10 * index, 100 + video]
    return np.array([bear, car] if index or LENGTHS[video] == 1 else [bear], float)


def make_dicts() -> list[dict[str, Any]]:
    dicts = []
    for video, length in LENGTHS.items():
        for index in range(length):
            notes = [
                {"bbox": box.tolist(), "bbox_mode": BoxMode.XYXY_ABS, "category_id": c, "instance_id": c, "iscrowd": 0}
                for c, box in enumerate(true_boxes(video, index))
            ]
            base = {"file_name": f"{video}/{index}.JPEG", "image_id": 100 * video + index}
            place = {"video_id": video, "frame_index": index, "video_length": length}
            dicts.append({**base, **place, "height": SIZE[0], "width": SIZE[1], "annotations": notes})
    return dicts


def output(video: int, index: int, *, previous: int | None, noise: float, tubes: bool = True) -> dict[str, Instances]:
    """What a network might say: the true boxes and as many false ones, shaken, and the tracks of the true ones."""
    rng = np.random.default_rng([video, index])
    boxes = true_boxes(video, index)
    boxes = np.vstack(
        [boxes + rng.normal(0, 6 * noise, boxes.shape), rng.uniform((0, 0, 60, 60), (50, 50, 110, 110), (2, 4))]
    )
    scores = rng.uniform(0.02, 0.3 + 0.6 * noise, (len(boxes), 3))
    for c in range(len(boxes) - 2):
        scores[c, c] = 0.95 - 0.9 * noise * rng.random()
    if not noise:
        boxes, scores = boxes[:-2], np.eye(3)[: len(boxes) - 2] * 0.9
    rows, classes = np.nonzero(scores > 0.1)
    order = np.argsort(-scores[rows, classes], kind="stable")
    instances = Instances(SIZE)
    instances.pred_boxes = Boxes(torch.tensor(boxes[rows[order]], dtype=torch.float32))
    instances.scores = torch.tensor(scores[rows, classes][order], dtype=torch.float32)
    instances.pred_classes = torch.tensor(classes[order])
    if not tubes:
        return {"instances": instances}
    candidates, tracklets = Instances(SIZE), Instances(SIZE)
    candidates.pred_boxes = Boxes(torch.tensor(boxes, dtype=torch.float32))
    candidates.class_scores = torch.tensor(scores, dtype=torch.float32)
    here, there = np.zeros((0, 4)), np.zeros((0, 4))
    if previous is not None:
        start = true_boxes(video, previous)
        here, there = start, true_boxes(video, index)[: len(start)]
    tracklets.start_boxes = Boxes(torch.tensor(here, dtype=torch.float32))
    tracklets.end_boxes = Boxes(torch.tensor(there, dtype=torch.float32))
    return {"instances": instances, "link_candidates": candidates, "tracklets": tracklets}


Stream = list[tuple[dict[str, Any], dict[str, Instances]]]


def run_network(
    *, noise: float = 1.0, stride: int = 1, tubes: bool = True, videos: tuple[int, ...] = (3, 5, 8)
) -> Stream:
    pairs: Stream = []
    for video in videos:
        sampled = [i for i in range(LENGTHS[video]) if i % stride == 0 or i == LENGTHS[video] - 1]
        for previous, index in zip([None, *sampled[:-1]], sampled, strict=True):
            frame = {"video_id": video, "frame_index": index, "video_length": LENGTHS[video], "height": SIZE[0]}
            pairs.append((frame, output(video, index, previous=previous, noise=noise, tubes=tubes)))
    return pairs


KINDS = ["frame", "tube", "tube_psi0"]


def kinds(results: dict[str, Any]) -> list[str]:
    """The names of results that have AP per class; others tell of speed, size, recall."""
    return [name for name, values in results.items() if "AP50" in values and "AP50-bear" in values]


def feed(evaluator: VIDEvaluator, stream: Stream, chunk: int = 1) -> VIDEvaluator:
    """Chunks of one video, as the loader makes them."""
    for video in dict.fromkeys(frame["video_id"] for frame, _ in stream):
        pairs = [pair for pair in stream if pair[0]["video_id"] == video]
        for start in range(0, len(pairs), chunk):
            part = pairs[start : start + chunk]
            evaluator.process([frame for frame, _ in part], [out for _, out in part])
    return evaluator


def make(**options: Any) -> VIDEvaluator:
    return VIDEvaluator((make_dicts(), CLASSES), **options)


def test_nothing_processed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        results = make().evaluate()
    assert all(math.isnan(value) for part in results.values() for value in part.values())
    assert "14 frames of unnamed data set were not processed, frame 0 of video 3" in caplog.text
    assert "no detections" not in caplog.text


def test_no_detections_is_zero(caplog: pytest.LogCaptureFixture) -> None:
    stream = run_network()
    stream = [(f, {k: v[torch.zeros(len(v), dtype=torch.bool)] for k, v in out.items()}) for f, out in stream]
    with caplog.at_level(logging.WARNING):
        results = feed(make(), stream).evaluate()
    assert "no detections at all" in caplog.text
    for part in (results[name] for name in KINDS):
        assert part["AP50"] == part["AP50-bear"] == 0.0
        assert math.isnan(part["AP50-fox"])


def test_a_perfect_network_has_100() -> None:
    results = feed(make(), run_network(noise=0.0)).evaluate()
    assert kinds(results) == KINDS
    assert results["frame"]["AP50"] == 100.0
    assert results["frame"]["AP50-car"] == 100.0
    # The bear is in every frame, and its tube has all of them.
    assert results["tube"]["AP50-bear"] == results["tube_psi0"]["AP50-bear"] == 100.0


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_equals_direct_evaluation(noise: float) -> None:
    """Frames as they are; tubes by linking each video by hand."""
    stream = run_network(noise=noise)
    results = feed(make(), stream).evaluate()
    stream = [(frame, {kind: found.to("cpu") for kind, found in out.items()}) for frame, out in stream]
    number = {(v, i): 100 * v + i for v in LENGTHS for i in range(LENGTHS[v])}
    truth = [(number[v, i], c, *box) for v, i in number for c, box in enumerate(true_boxes(v, i))]
    gt = np.array(truth)
    rows: dict[str, list[np.ndarray]] = {"frame": [], "tube": [], "tube_psi0": []}
    for frame, out in stream:
        det = out["instances"]
        head = np.full((len(det), 1), number[frame["video_id"], frame["frame_index"]])
        parts = [head, det.pred_classes[:, None], det.scores[:, None], det.pred_boxes.tensor]
        rows["frame"].append(np.hstack([np.asarray(part, dtype=float) for part in parts]))
    for video in LENGTHS:
        outs = [out for frame, out in stream if frame["video_id"] == video]
        boxes = [out["link_candidates"].pred_boxes.tensor.numpy() for out in outs]
        scores = [out["link_candidates"].class_scores.numpy() for out in outs]
        ends = [np.hstack([o["tracklets"].start_boxes.tensor, o["tracklets"].end_boxes.tensor]) for o in outs]
        for name, tracklets in (("tube", [*ends[1:], ends[0]]), ("tube_psi0", [np.zeros((0, 8))] * len(outs))):
            for c, tubes in enumerate(link_candidates(boxes, scores, tracklets)):
                for tube in tubes:
                    head = np.stack([100 * video + tube.frames, 0 * tube.frames + c, tube.rescored / 2], axis=1)
                    rows[name].append(np.hstack([head, tube.boxes]))
    for name, parts in rows.items():
        det = np.vstack(parts)
        for c in range(2):
            d, g = det[det[:, 1] == c], gt[gt[:, 1] == c]
            expected = 100 * evaluate_class(d[:, 0], d[:, 3:], d[:, 2], g[:, 0], g[:, 2:]).ap
            assert results[name][f"AP50-{CLASSES[c]}"] == pytest.approx(expected, abs=1e-9)
        assert results[name]["AP50"] == pytest.approx((results[name]["AP50-bear"] + results[name]["AP50-car"]) / 2)
        assert math.isnan(results[name]["AP50-fox"])
    assert 0 < results["frame"]["AP50"] < 100
    assert len({results[name]["AP50"] for name in rows}) == 3


@pytest.mark.parametrize("chunk", [2, 5])
def test_chunks_do_not_matter(chunk: int) -> None:
    expected = feed(make(), run_network()).evaluate()
    np.testing.assert_equal(feed(make(), run_network(), chunk).evaluate(), expected)


def test_reset_forgets() -> None:
    evaluator = feed(make(), run_network())
    expected = evaluator.evaluate()
    evaluator.reset()
    np.testing.assert_equal(feed(evaluator, run_network()).evaluate(), expected)


def evaluate_as_ranks(monkeypatch: pytest.MonkeyPatch, evaluators: list[VIDEvaluator]) -> list[Any]:
    """Let each evaluator play a rank, the last one first, so that rank 0 finds what the others have sent."""
    sent: list[bytes] = []
    results: list[Any] = []
    for rank in reversed(range(len(evaluators))):

        def gather(data: Any, dst: int = 0, rank: int = rank) -> list[Any]:
            sent.insert(0, pickle.dumps(data))
            return [pickle.loads(part) for part in sent] if rank == dst else []

        monkeypatch.setattr("detectron2.utils.comm.gather", gather)
        monkeypatch.setattr("detectron2.utils.comm.is_main_process", lambda rank=rank: rank == 0)
        results.insert(0, evaluators[rank].evaluate())
    return results


@pytest.mark.parametrize("split", [((3,), (5, 8)), ((8,), (3, 5)), ((3, 5, 8), ()), ((), (8, 5, 3))])
def test_two_ranks_give_the_same(monkeypatch: pytest.MonkeyPatch, split: tuple[tuple[int, ...], ...]) -> None:
    expected = feed(make(), run_network()).evaluate()
    ranks = [feed(make(), run_network(videos=videos)) for videos in split]
    first, second = evaluate_as_ranks(monkeypatch, ranks)
    np.testing.assert_equal(first, expected)
    assert second == {}


def test_frames_alone_may_be_cut_between_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single-frame network gets whatever frames the sampler gives; there is nothing to link."""
    stream = run_network(tubes=False)
    expected = feed(make(), stream).evaluate()
    assert kinds(expected) == ["frame"]
    ranks = [feed(make(), stream[4:]), feed(make(), stream[:4][::-1])]
    np.testing.assert_equal(evaluate_as_ranks(monkeypatch, ranks)[0], expected)


def test_videos_must_not_be_cut_between_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = run_network()
    second = [(f, {**o, "tracklets": o["tracklets"][torch.zeros(len(o["tracklets"])) > 0]}) for f, o in stream[4:]]
    with pytest.raises(ValueError, match="video 3 was cut between ranks"):
        evaluate_as_ranks(monkeypatch, [feed(make(), stream[:4]), feed(make(), second)])


def test_ranks_must_not_share_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = [feed(make(), run_network(videos=videos)) for videos in ((3, 5), (5, 8))]
    with pytest.raises(ValueError, match="frame 0 of video 5 was processed by 2 ranks"):
        evaluate_as_ranks(monkeypatch, ranks)


def test_undistributed_does_not_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectron2.utils.comm.gather", None)
    monkeypatch.setattr("detectron2.utils.comm.is_main_process", lambda: False)
    assert feed(make(distributed=False), run_network()).evaluate()["frame"]["AP50"] > 0


def test_a_stride_restricts_the_ground_truth(caplog: pytest.LogCaptureFixture) -> None:
    stream = run_network(noise=0.0, stride=4)
    with caplog.at_level(logging.WARNING):
        results = feed(make(temporal_stride=4), stream).evaluate()
    assert results["frame"]["AP50"] == results["tube"]["AP50-bear"] == 100.0
    assert "not processed" not in caplog.text
    with caplog.at_level(logging.WARNING):
        assert feed(make(), stream).evaluate()["frame"]["AP50"] == 100.0
    assert "7 frames of unnamed data set were not processed, frame 1 of video 3 for one" in caplog.text


def test_with_a_stride_tubes_are_judged_in_all_frames_too() -> None:
    """The objects move evenly, so that interpolated boxes are right, and held ones are late."""
    stream = run_network(noise=0.0, stride=3)
    linkings = standard_linkings(TubeSettings(), 3) | {"held": Linking(ONLINE, every_frame=True)}
    results = feed(make(temporal_stride=3, linkings=linkings), stream).evaluate()
    assert kinds(results) == [*KINDS, "tube_all", "held"]
    assert results["tube"]["AP50-bear"] == results["tube_all"]["AP50-bear"] == 100.0
    assert 0 < results["held"]["AP50-bear"] < 100


def test_a_video_that_was_cut_short_counts_up_to_there() -> None:
    evaluator = feed(make(temporal_stride=3), run_network(noise=0.0, stride=3, videos=(3,))[:2])
    assert evaluator.evaluate()["tube_all"]["AP50-bear"] == 100.0


def test_other_linkings_of_the_same_output() -> None:
    """Each as if it had been asked for alone."""
    also = {"online": Linking(ONLINE), "one": Linking(TubeSettings(top_k=1), use_tracks=False)}
    results = feed(make(linkings=standard_linkings(TubeSettings(), 1) | also), run_network()).evaluate()
    assert kinds(results) == [*KINDS, "online", "one"]
    np.testing.assert_equal(results["online"], feed(make(tubes=ONLINE), run_network()).evaluate()["tube"])
    alone = feed(make(tubes=TubeSettings(top_k=1)), run_network()).evaluate()
    np.testing.assert_equal(results["one"], alone["tube_psi0"])
    assert len({results[name]["AP50"] for name in kinds(results)}) == 5


def test_a_linking_must_not_take_the_name_of_the_single_frames() -> None:
    with pytest.raises(ValueError, match="call the linking otherwise"):
        make(linkings={"frame": Linking(ONLINE)})


def test_averaged_scores_come_with_the_next_frame() -> None:
    stream = run_network()
    revised = []
    for frame, out in stream:
        late = dict(out)
        if frame["frame_index"]:
            before = stream[len(revised) - 1][1]["link_candidates"]
            late["revised_candidates"] = Instances(SIZE, class_scores=before.class_scores)
        candidates = Instances(SIZE, **out["link_candidates"].get_fields())
        if frame["frame_index"] < LENGTHS[frame["video_id"]] - 1:
            candidates.class_scores = torch.rand_like(candidates.class_scores)
        revised.append((frame, {**late, "link_candidates": candidates}))
    expected = feed(make(), stream).evaluate()
    np.testing.assert_equal(feed(make(), revised).evaluate(), expected)


def test_videos_are_linked_and_saved_when_they_end(tmp_path: Path) -> None:
    """Not before, and nothing of them has to be kept: another evaluator goes on from the disk."""
    evaluator = make(output_dir=str(tmp_path))
    assert evaluator.save_run("digest") == []
    stream = run_network()
    run = SavedRun(tmp_path)
    feed(evaluator, stream[: LENGTHS[3] - 1])
    assert run.finished == []
    feed(evaluator, stream[LENGTHS[3] - 1 : LENGTHS[3]])
    assert run.finished == [3]
    second = make(output_dir=str(tmp_path))
    assert second.save_run("digest") == [3]
    results = feed(second, stream[LENGTHS[3] :]).evaluate()
    expected = feed(make(), stream).evaluate()
    np.testing.assert_equal({name: results[name] for name in expected}, expected)
    assert {"frame_coco", "tube_coco", "tracks"} <= set(results)  # of a saved run all is told
    assert {"report.html", "report.json", "report.md", "vid_results.json"} <= {p.name for p in tmp_path.iterdir()}
    assert make(output_dir=str(tmp_path)).save_run("another") == []


def test_a_report_names_the_gpus_that_ran_the_network(tmp_path: Path) -> None:
    evaluator = make(output_dir=str(tmp_path))
    evaluator.save_run("digest", "2 x a fast one")
    feed(evaluator, run_network()).evaluate()
    assert SavedRun(tmp_path).facts.provenance["machine"].endswith("2 x a fast one")
    assert json.loads((tmp_path / "report.json").read_text())["provenance"]["machine"].endswith("2 x a fast one")


def test_a_part_of_a_video_is_not_saved(tmp_path: Path) -> None:
    evaluator = make(output_dir=str(tmp_path))
    evaluator.save_run("digest")
    feed(evaluator, run_network(videos=(3,))[:-1]).evaluate()
    assert SavedRun(tmp_path).finished == []


def test_without_a_folder_nothing_can_be_saved() -> None:
    with pytest.raises(ValueError, match="output_dir"):
        make().save_run("digest")


def test_an_interrupted_video_is_linked_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """Neither another video nor the end of the data waits for frames that do not come."""
    evaluator = feed(make(), run_network(videos=(3,))[:-1] + run_network(videos=(8,))[:-1])
    with caplog.at_level(logging.WARNING):
        results = evaluator.evaluate()
    assert results["tube"]["AP50"] > 0
    assert "3 frames of unnamed data set were not processed, frame 6 of video 3" in caplog.text


def test_mixed_outputs_have_no_tubes(caplog: pytest.LogCaptureFixture) -> None:
    stream = run_network(videos=(3,)) + run_network(videos=(5, 8), tubes=False)
    with caplog.at_level(logging.WARNING):
        assert kinds(feed(make(), stream).evaluate()) == ["frame"]
    assert "7 of 14 frames came without link_candidates" in caplog.text


def test_faults_are_named() -> None:
    stream = run_network(videos=(3,))
    with pytest.raises(ValueError, match="frame 2 of video 3 was processed twice"):
        feed(make(), [*stream[:3], stream[2]])
    with pytest.raises(ValueError, match="frame 1 after frame 2"):
        feed(make(), [stream[0], stream[2], stream[1]])
    with pytest.raises(ValueError, match="3 frames went into the network, but 2"):
        make().process([frame for frame, _ in stream[:3]], [out for _, out in stream[:2]])
    with pytest.raises(ValueError, match="no video 77"):
        make().process([{"video_id": 77, "frame_index": 0}], [stream[0][1]])
    with pytest.raises(ValueError, match="video_id and frame_index"):
        make().process([{"image_id": 77}], [stream[0][1]])
    other = run_network(videos=(8,))
    late = feed(make(), stream[:3] + other[:1])
    with pytest.raises(ValueError, match="frame 3 of video 3 came after the video was linked"):
        feed(late, stream[3:])
    two_classes = VIDEvaluator(([{**d, "annotations": []} for d in make_dicts()], CLASSES[:1]))
    with pytest.raises(ValueError, match="has 1"):
        feed(two_classes, stream)


def test_registered_data_sets_config_and_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    name = "test_vid_evaluator_small"
    DatasetCatalog.register(name, make_dicts)
    MetadataCatalog.get(name).thing_classes = CLASSES
    try:
        cfg = get_cfg()
        add_dnt_config(cfg)
        cfg.OUTPUT_DIR = str(tmp_path)
        cfg.TUBES.TOP_K = 1
        with caplog.at_level(logging.INFO):
            results = feed(VIDEvaluator(cfg, name), run_network()).evaluate()
    finally:
        DatasetCatalog.remove(name)
        MetadataCatalog.remove(name)
    expected = feed(make(tubes=TubeSettings(top_k=1)), run_network()).evaluate()
    np.testing.assert_equal(results, expected)
    assert "| fox" in caplog.text
    saved = json.loads((tmp_path / "inference" / name / "vid_results.json").read_text())
    assert saved["boxes"] == {"bear": 14, "car": 12, "fox": 0}
    assert saved["frames"] == 14
    assert saved["results"]["tube"]["AP50"] == results["tube"]["AP50"]
    assert saved["results"]["tube"]["AP50-fox"] is None
