"""python -m dnt_d2.evaluation: a saved run with any setting, sweeps, exports, files of results; clear refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.__main__ import main
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.formats import VideoSet, write_coco_vid
from dnt_d2.formats.result_files import EXPORTS, read_results

Make = Callable[..., SavedRun]


@pytest.fixture(scope="module")
def run(make_run: Make, tmp_path_factory: pytest.TempPathFactory) -> SavedRun:
    return make_run(tmp_path_factory.mktemp("evaluation") / "runs" / "digest")


def report(run: SavedRun, tmp_path: Path, *options: str) -> dict[str, Any]:
    output = tmp_path / "report.json"
    assert main(["--run", str(run.folder), "--workers", "1", "--output", str(output), *options]) == 0
    return json.loads(output.read_text())


def test_an_empty_run(make_run: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = report(make_run(tmp_path / "run", videos=()), tmp_path)
    assert content["frames"] == 0
    assert content["AP50"]["frame"]["mean"] is None
    assert "22 frames of drawn were not processed" in capsys.readouterr().out


def test_all_faces_and_the_newest_run_of_a_folder(
    run: SavedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = [tmp_path / f"deep/report.{suffix}" for suffix in ("json", "md", "html", "txt")]
    above = str(run.folder.parent.parent)
    assert main(["--run", above, "--workers", "1", *(w for o in outputs for w in ("--output", str(o)))]) == 0
    content = json.loads(outputs[0].read_text())
    assert content["kinds"] == ["frame", "tube", "tube_psi0"]
    assert content["provenance"]["run"] == str(run.folder)
    assert "clip_7" in outputs[2].read_text()
    said = capsys.readouterr().out
    assert f"{content['AP50']['tube']['mean']:.2f}" in said
    for path in outputs:
        assert f"written: {path}" in said


def test_settings_change_tubes_and_nothing_else(run: SavedRun, tmp_path: Path) -> None:
    plain = report(run, tmp_path)
    other = report(run, tmp_path, "--set", "TUBES.TOP_FRACTION", "0.1", "TUBES.NMS_IOU", "0.7")
    assert (other["settings"]["TUBES.TOP_FRACTION"], other["settings"]["TUBES.NMS_IOU"]) == (0.1, 0.7)
    assert other["AP50"]["frame"] == plain["AP50"]["frame"]
    assert other["curves"]["tube"] != plain["curves"]["tube"]
    assert report(run, tmp_path, "--set", "TUBES.TOP_FRACTION", "0.5")["AP50"] == plain["AP50"]


def test_a_wider_stride_is_as_if_only_these_frames_had_been_seen(make_run: Make, run: SavedRun, tmp_path: Path) -> None:
    wide = report(run, tmp_path, "--set", "TEST.TEMPORAL_STRIDE", "4")
    seen = report(make_run(tmp_path / "strided", stride=4), tmp_path)
    assert wide["frames"] == seen["frames"] == 3 + 1 + 4  # every fourth of 9, 1 and 12 frames, and the last
    assert wide["kinds"] == seen["kinds"] == ["frame", "tube", "tube_psi0", "tube_all"]
    for kind in ("frame", "tube_psi0"):  # no tracklets in these: the rest must be equal
        assert wide["AP50"][kind] == seen["AP50"][kind]


def test_a_sweep_gives_what_each_setting_gives_alone(
    run: SavedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = ["0.1", "0.5", "1.0"]
    picture = tmp_path / "alpha.png"
    options = ["--sweep", "TUBES.TOP_FRACTION", *values, "--output", str(picture)]
    (sweep,) = report(run, tmp_path, *options)["sweeps"]
    assert sweep["key"] == "TUBES.TOP_FRACTION"
    alone = [report(run, tmp_path, "--set", "TUBES.TOP_FRACTION", value)["AP50"] for value in values]
    assert sweep["ap50"] == [ap["tube"]["mean"] for ap in alone]
    assert (sweep["base"], sweep["frame"]) == (alone[1]["tube"]["mean"], alone[1]["frame"]["mean"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "single frames" in capsys.readouterr().out


def test_a_stride_is_one_setting_among_others(run: SavedRun, tmp_path: Path) -> None:
    """Set or swept, alone or with another psi: the same tubes."""
    psi = "0.85"
    both = report(run, tmp_path, "--set", "TEST.TEMPORAL_STRIDE", "3", "TUBES.LINK_IOU", psi)
    wide = report(run, tmp_path, "--set", "TEST.TEMPORAL_STRIDE", "3", "--sweep", "TUBES.LINK_IOU", psi)
    tight = report(run, tmp_path, "--set", "TUBES.LINK_IOU", psi, "--sweep", "TEST.TEMPORAL_STRIDE", "3")
    expected = both["AP50"]["tube"]["mean"]
    assert wide["sweeps"][0]["ap50"] == tight["sweeps"][0]["ap50"] == [expected]


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_come_back(run: SavedRun, tmp_path: Path, name: str) -> None:
    suffix = {"ilsvrc": ".txt", "mot": "", "coco": ".json", "csv": ".csv"}[name]
    target = tmp_path / f"boxes{suffix}"
    content = report(run, tmp_path, "--export", name, str(target))
    _, frames = run.read_truth()
    found = read_results(target, frames)
    assert len(found) > 0
    assert np.all(np.diff(found.frames) >= 0)
    if name != "mot":
        histogram = content["scores"]["after"]
        assert len(found) == sum(histogram["right"]) + sum(histogram["wrong"])


@pytest.fixture
def ground_truth(drawn: Any, tmp_path: Path) -> Path:
    """The drawn data set as COCO-VID."""
    places = {video: place for place, video in enumerate(drawn.truth.videos)}
    frames = [
        {
            **frame,
            "video_id": places[frame["video_id"]],
            "annotations": [{"occluded": 0, "generated": 0, "iscrowd": 0, **note} for note in frame["annotations"]],
        }
        for frame in drawn.dicts
    ]
    path = tmp_path / "truth.json"
    write_coco_vid(VideoSet(frames, drawn.frames.video_names, drawn.frames.class_names), path, "data")
    return path


@pytest.mark.parametrize("name", ["coco", "csv", "ilsvrc"])
def test_files_of_results_get_the_same_numbers(run: SavedRun, ground_truth: Path, tmp_path: Path, name: str) -> None:
    suffixes = {"coco": "json", "csv": "csv", "ilsvrc": "txt"}
    target = tmp_path / f"boxes.{suffixes[name]}"
    plain = report(run, tmp_path, "--export", name, str(target))
    output = tmp_path / "again.json"
    source = ["--predictions", str(target), "--ground-truth", str(ground_truth), "--output", str(output)]
    assert main(source) == 0
    content = json.loads(output.read_text())
    assert content["titles"]["frame"] == "detections"
    assert content["AP50"]["frame"] == plain["AP50"]["tube"]
    assert content["speed"]["AP50"]["frame"] == plain["speed"]["AP50"]["tube"]
    assert content["coco"]["frame"] == plain["coco"]["tube"]


def test_ground_truth_without_track_ids(run: SavedRun, ground_truth: Path, tmp_path: Path) -> None:
    """AP is the same; of speed and tracks the report says why they are not there."""
    target, output = tmp_path / "boxes.json", tmp_path / "out.json"
    plain = report(run, tmp_path, "--export", "coco", str(target))
    content = json.loads(ground_truth.read_text())
    for note in content["annotations"]:
        del note["instance_id"]
    ground_truth.write_text(json.dumps(content))
    source = ["--predictions", str(target), "--ground-truth", str(ground_truth), "--output", str(output)]
    assert main(source) == 0
    found = json.loads(output.read_text())
    assert found["AP50"]["frame"] == plain["AP50"]["tube"]
    assert "no track id" in found["speed"]["missing"]
    assert "no track ids" in found["tracks"]["missing"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image_id": 4711}, "'image_id' 4711 is no image of the data set"),
        ({"category_id": 9}, "'category_id' 9 is not one of 1, 2, 3"),
        ({"score": float("nan")}, "'score' is NaN"),
        ({"bbox": [5, 5, -3, 4]}, "negative size"),
    ],
)
def test_broken_predictions_are_named(
    ground_truth: Path, tmp_path: Path, changes: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"image_id": 200, "category_id": 1, "bbox": [5, 5, 30, 30], "score": 0.5}
    path = tmp_path / "results.json"
    path.write_text(json.dumps([entry, entry | changes]))
    assert main(["--predictions", str(path), "--ground-truth", str(ground_truth)]) == 1
    said = capsys.readouterr().err
    assert f"error: {path}: entry 1, counted from 0: " in said
    assert sentence in said


def test_an_image_that_is_there_twice(ground_truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(ground_truth.read_text())
    content["images"].append(content["images"][3])
    ground_truth.write_text(json.dumps(content))
    (tmp_path / "none.json").write_text("[]")
    assert main(["--predictions", str(tmp_path / "none.json"), "--ground-truth", str(ground_truth)]) == 1
    assert "is there twice" in capsys.readouterr().err


def test_empty_predictions(ground_truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.json").write_text("[]")
    assert main(["--predictions", str(tmp_path / "none.json"), "--ground-truth", str(ground_truth)]) == 0
    said = capsys.readouterr().out
    assert "no detections at all" in said
    assert "0.00" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--set", "TUBES.NMS"], "'TUBES.NMS' has no value"),
        (["--set", "MODEL.RPN.NMS_THRESH", "0.7"], "can't be changed after the network has run"),
        (["--set", "TUBES.TOP_K", "many"], "TUBES.TOP_K is 'many', which is no int"),
        (["--set", "TUBES.NMS_IOU", "1.5"], "nms_iou"),
        (["--sweep", "TUBES.TOP_K"], "has no values"),
        (["--output", "report.doc"], "report.doc: give a file name that ends in"),
        (["--output", "alpha.png"], "alpha.png: a picture is made of one --sweep"),
        (["--export", "pickle", "x"], "the formats are ilsvrc, mot, coco, csv"),
        (["--run", "nowhere"], "nowhere is no saved run"),
    ],
)
def test_refusals(
    run: SavedRun, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--run", str(run.folder), "--workers", "1", *options]) == 1
    said = capsys.readouterr().err
    assert "error: " in said
    assert sentence in said


def test_a_stride_that_the_network_has_not_seen(
    make_run: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "strided", stride=4)
    assert main(["--run", str(run.folder), "--set", "TEST.TEMPORAL_STRIDE", "6"]) == 1
    assert "no multiple of 4" in capsys.readouterr().err


def test_half_a_request_is_refused_by_the_parser(run: SavedRun) -> None:
    for words in ([], ["--predictions", "x.json"], ["--run", str(run.folder), "--ground-truth", "x.json"]):
        with pytest.raises(SystemExit):
            main(words)


def test_it_runs_without_detectron2(run: SavedRun, tmp_path: Path) -> None:
    """Nor torch: a saved run can be evaluated on a machine that has neither."""
    code = (
        "import sys; sys.modules['detectron2'] = sys.modules['torch'] = None\n"
        "from dnt_d2.evaluation.__main__ import main\n"
        f"sys.exit(main(['--run', {str(run.folder)!r}, '--workers', '1', '--output', {str(tmp_path / 'r.html')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
