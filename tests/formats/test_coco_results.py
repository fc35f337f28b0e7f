"""dnt_d2/formats/coco_results.py: results as COCO has them, also as pycocotools reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dnt_d2.formats import (
    Detections,
    FrameList,
    VideoSet,
    read_category_ids,
    read_coco_results,
    read_coco_vid,
    result_rows,
    write_coco_results,
    write_coco_vid,
)

Make = Callable[..., FrameList]
MakeResults = Callable[..., Detections]
Same = Callable[[Detections, Detections], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.json"


def entry(**changes: Any) -> dict[str, Any]:
    return {"image_id": 900, "category_id": 1, "bbox": [1, 2, 3, 4.5], "score": 0.5, "track_id": 7} | changes


def test_nothing(make_frame_list: Make, path: Path) -> None:
    for frames in (make_frame_list(), FrameList.of([], [], [])):
        write_coco_results(path, Detections.of([], [], [], []), frames)
        assert json.loads(path.read_text()) == []
        assert len(read_coco_results(path, frames)) == 0


def test_the_entries(make_frame_list: Make, path: Path) -> None:
    boxes = [[0, 0, 9.5, 4], [0.1, -2, 0.3, -2]]
    made = Detections.of([0, 4], [2, 0], boxes, [0.875, 1e-7], [-1, 12])
    write_coco_results(path, made, make_frame_list())
    assert path.read_text().splitlines() == [
        "[",
        '{"image_id": 900, "category_id": 3, "bbox": [0.0, 0.0, 9.5, 4.0], "score": 0.875},',
        '{"image_id": 881, "category_id": 1, "bbox": [0.1, -2.0, 0.2, 0.0], "score": 1e-07, "track_id": 12}',
        "]",
    ]
    write_coco_results(path, made, make_frame_list(), [30, 0, 2])
    assert [found["category_id"] for found in json.loads(path.read_text())] == [2, 30]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_comes_back(
    make_frame_list: Make,
    random_detections: MakeResults,
    assert_same: Same,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    dtype: type,
) -> None:
    monkeypatch.setattr(result_rows, "CHUNK", 37)
    frames = make_frame_list(num_classes=40)
    made = random_detections(frames, seed, dtype=dtype)
    made = replace(made, tracks=np.where(made.classes % 2, made.tracks, -1))
    categories = np.random.default_rng(seed).permutation(100)[:40].tolist()
    for ids in (None, categories):
        write_coco_results(path, made, frames, ids)
        assert_same(read_coco_results(path, frames, ids), made)
    plain = [found["bbox"] for found in json.loads(path.read_text())]
    np.testing.assert_allclose(plain, made.boxes - np.pad(made.boxes[:, :2], ((0, 0), (2, 0))), rtol=1e-6, atol=1e-3)


def test_entries_of_others(make_frame_list: Make, assert_same: Same, path: Path) -> None:
    mask = {"counts": "abc", "size": [48, 64]}
    entries = [
        entry(image_id=881, segmentation=mask, track_id=None, area=3),
        entry(category_id=3, bbox=[0, 0, 0, 0], score=1, video_id=3, more=[{}]),
        entry(category_id=2, track_id=-1),
    ]
    path.write_text(json.dumps(entries), encoding="utf-8-sig")
    boxes = [[0, 0, 0, 0], [1, 2, 4, 6.5], [1, 2, 4, 6.5]]
    expected = Detections.of([0, 0, 4], [2, 1, 0], boxes, [1, 0.5, 0.5], [7, -1, -1])
    assert_same(read_coco_results(path, make_frame_list()), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_id": 1}, "'image_id' 1 is no image of the data set"),
        ({"image_id": "900"}, "'image_id' is \"900\", not a whole number"),
        ({"image_id": True}, "'image_id' is true, not a whole number"),
        ({"image_id": 2**63}, "'image_id' is 9223372036854775808, not a whole number"),
        ({"category_id": 0}, "'category_id' 0 is not one of 1, 2, 3; "),
        ({"category_id": 1.5}, "'category_id' is 1.5, not a whole number"),
        ({"track_id": "a"}, "'track_id' is \"a\", not a whole number"),
        ({"track_id": -2}, "the track is -2"),
        ({"track_id": 8}, "track 8 is in this frame already"),
        ({"score": None}, "'score' is missing"),
        ({"score": float("nan")}, "'score' is NaN"),
        ({"score": 10**400}, "its numbers are too large"),
        ({"bbox": None}, "'bbox' is missing"),
        ({"bbox": [1, 2, 3]}, r"'bbox' is \[1, 2, 3\], not"),
        ({"bbox": [1.5, 2, float("inf"), 4]}, r"'bbox' is \[1.5, 2, Infinity, 4\], not"),
        ({"bbox": [1, 2, 3, "4"]}, "'bbox' is .*, not"),
        ({"bbox": [1, 2, 3, entry()]}, "'bbox' is .*, not"),
        ({"bbox": [1, 2, -0.5, 4]}, "negative size"),
    ],
)
def test_wrong_entries_are_named(make_frame_list: Make, path: Path, changes: dict[str, Any], message: str) -> None:
    path.write_text(json.dumps([entry(image_id=901), entry(track_id=8), entry(**changes)]))
    with pytest.raises(ValueError, match=rf"results\.json: entry 2, counted from 0: .*{message}"):
        read_coco_results(path, make_frame_list())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "broken JSON"),
        ("[", "broken JSON"),
        ('[{"score": 1e99999999999999999999}]', "broken JSON"),
        ("{}", "this is no list of entries"),
        (json.dumps(entry()), "this is no list of entries"),
        ("[null]", "entry 0, counted from 0: it is no object"),
        (f"[[{json.dumps(entry())}]]", "entry 0, counted from 0: it is no object"),
        ("[{}]", "entry 0, counted from 0: 'image_id' is missing"),
        (json.dumps([entry(), entry(bbox={}), {}]), "entry 1, counted from 0: 'bbox' is {}"),
        (json.dumps([{}, entry(bbox={}), entry()]), "entry 0, counted from 0: 'image_id' is missing"),
        (json.dumps([entry(inner=entry(image_id=901))]), "there are entries inside of entries"),
        (json.dumps([entry(score=0.0)]).replace("0.0", "1e400"), "entry 0, counted from 0: the score is inf"),
    ],
)
def test_files_that_are_no_results(make_frame_list: Make, path: Path, text: str, message: str) -> None:
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"results\.json: {message}"):
        read_coco_results(path, make_frame_list())


def test_other_errors(make_frame_list: Make, path: Path) -> None:
    frames = make_frame_list()
    with pytest.raises(FileNotFoundError, match=r"results\.json: there is no such file"):
        read_coco_results(path, frames)
    path.write_bytes(b'[{"image_id": "\xe4"}]')
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        read_coco_results(path, frames)
    for ids in ([1, 2], [1, 2, 2]):
        with pytest.raises(ValueError, match="are not 3 different ones"):
            read_coco_results(path, frames, ids)
        with pytest.raises(ValueError, match="are not 3 different ones"):
            write_coco_results(path, Detections.of([], [], [], []), frames, ids)
    with pytest.raises(ValueError, match=r"detection 0 .*: the score is inf"):
        write_coco_results(path, Detections.of([0], [0], [[0, 0, 1, 1]], [np.inf]), frames)
    assert path.read_bytes().startswith(b'[{"image_id": "\xe4')


def test_category_ids_are_in_the_order_of_classes(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    categories = [{"id": 40, "name": "fox"}, {"id": 7, "name": "dog"}]
    path.write_text(json.dumps({"images": [], "annotations": [], "categories": categories}))
    assert read_category_ids(path) == [7, 40]
    assert read_coco_vid(path).class_names == ["dog", "fox"]
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        read_category_ids(tmp_path / "none.json")


def test_pycocotools_reads_them(make_videos: Callable[..., VideoSet], tmp_path: Path, path: Path) -> None:
    videos = make_videos()
    truth = tmp_path / "truth.json"
    write_coco_vid(videos, truth, tmp_path)
    frames = FrameList.of(videos.frames, videos.video_names, videos.class_names)
    notes = [(number, note) for number, frame in enumerate(videos.frames) for note in frame["annotations"]]
    made = Detections.of(
        [number for number, _ in notes],
        [note["category_id"] for _, note in notes],
        [note["bbox"] for _, note in notes],
        np.linspace(0.5, 1, len(notes)),
        [note["instance_id"] for _, note in notes],
    )

    def average_precision(detections: Detections) -> float:
        write_coco_results(path, detections, frames, read_category_ids(truth))
        evaluation = COCOeval(coco, coco.loadRes(str(path)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        return float(evaluation.eval["precision"][:, :, :, 0, -1].mean())

    coco = COCO(str(truth))
    # A box of one pixel, which COCO takes for one of no size, can't be found by its rules.
    visible = (made.boxes[:, 2] > made.boxes[:, 0]) & (made.boxes[:, 3] > made.boxes[:, 1])
    for key, note in enumerate(note for frame in coco.dataset["images"] for note in coco.imgToAnns[frame["id"]]):
        note["ignore"] = note["iscrowd"] = int(not visible[key])
    assert average_precision(made.where(visible)) == pytest.approx(1)
    assert average_precision(replace(made, boxes=made.boxes + 1000)) == 0
    assert [found["track_id"] for found in json.loads(path.read_text())] == made.tracks.tolist()
