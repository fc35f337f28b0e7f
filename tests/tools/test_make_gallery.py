"""tools/make_gallery.py on two tiny videos: pictures, numbers and page belong together."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, Instances
from PIL import Image

from dnt_d2.frame_result import FrameResult
from dnt_d2.video import VideoWriter

FRAMES, BOX = 6, [10.0, 10, 49, 39]


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "tools"))
    import make_gallery

    return make_gallery


def instances(here: bool) -> Instances:
    """One sure box, or none."""
    found = Instances((48, 64))
    found.pred_boxes = Boxes(torch.tensor([BOX] * here).reshape(-1, 4))
    found.scores, found.pred_classes = torch.tensor([0.9] * here), torch.tensor([1] * here, dtype=torch.int64)
    found.raw_scores, found.track_ids = torch.tensor([0.8] * here), torch.tensor([4] * here, dtype=torch.int64)
    return found


class Predictor:
    """Stands in for the network: tubes find the object always, single frames every second time; in "blind" never."""

    stream_model = SimpleNamespace(model=None)

    def __init__(self, *_: Any) -> None: ...

    def stream(self, frames: Any) -> Any:
        for i, frame in enumerate(frames):
            sees = bool(frame.mean() > 50)
            yield FrameResult(i, instances(sees), instances(sees and i % 2 == 0))


@pytest.fixture
def world(gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Two videos of one dog, one in the dark; a demo that gives grey frames; a real clip. The options of each demo."""
    videos = []
    for name, grey in (("bright", 120), ("dark", 10)):
        (tmp_path / name).mkdir()
        files = [str(tmp_path / name / f"{i:06d}.png") for i in range(FRAMES)]
        for i, file in enumerate(files):
            cv2.imwrite(file, np.full((48, 64, 3), grey + i, np.uint8))
        things = [{"bbox": BOX, "category_id": 1, "instance_id": 3, "occluded": 0}]
        videos.append([{"file_name": f, "frame_index": i, "annotations": things} for i, f in enumerate(files)])
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "bikes.mp4").touch()
    (tmp_path / "model.pth").write_bytes(b"weights")
    asked: list[list[str]] = []

    def demo(args: Any, source: Path, output: Path, *more: str, score: float, keys: Any = ()) -> None:
        asked.append([source.name, *more, str(score), *keys])
        with VideoWriter(output, 10) as writer:
            for i in range(FRAMES):
                writer.write(np.full((128, 96, 3), 20 * i, np.uint8))
        if "--tracks" in more:
            with open(more[more.index("--tracks") + 1], "w", newline="") as file:
                csv.writer(file).writerows(
                    [["frame", "class", "score"], [2, "dog", 0.2], [4, "dog", 0.4], [3, "car", 0.1]]
                )

    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    monkeypatch.setattr(gallery, "VideoPredictor", Predictor)
    names = SimpleNamespace(thing_classes=["car", "dog"])
    monkeypatch.setattr(gallery, "MetadataCatalog", SimpleNamespace(get=lambda _: names))
    monkeypatch.setattr(gallery, "videos_of", lambda _: videos)
    monkeypatch.setattr(gallery, "run_demo", demo)
    monkeypatch.setattr(gallery, "fetch_clips", lambda _: None)
    monkeypatch.setattr(gallery, "make_correlation", lambda *_: None)
    (tmp_path / "config.yaml").write_text("VERSION: 2\n")
    (tmp_path / "README.md").write_text("above\n<!-- gallery:begin -->\nold\n<!-- gallery:end -->\nbelow\n")
    return asked


def run(gallery: Any, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    options = ["--config-file", "config.yaml", "--weights", "model.pth", "--clips", str(tmp_path / "clips")]
    assert (
        gallery.main([*options, "--output", str(tmp_path / "docs/pictures"), "--page", str(tmp_path / "docs/a.md")])
        == 0
    )
    return (tmp_path / "docs/a.md").read_text(), json.loads((tmp_path / "docs/pictures/gallery.json").read_text())


def test_pictures_numbers_and_page_belong_together(gallery: Any, world: list[list[str]], tmp_path: Path) -> None:
    page, facts = run(gallery, tmp_path)
    (stretch,) = facts["stretches"]  # the dark video has nothing to carry
    assert (stretch["video"], stretch["first frame"], stretch["frames"], stretch["more boxes"]) == ("bright", 0, 6, 3)
    assert (stretch["boxes"], stretch["single"], stretch["tubes"]) == (6, {"found": 3, "nothing": 3}, {"found": 6})
    assert "of 6 boxes in these 6 frames, single frames find 3, tubes 6." in page
    assert "of 12 boxes in 2 videos, single frames find\n25%, tubes 50%" in page
    assert (facts["worst"]["video"], facts["worst"]["tubes"], facts["worst"]["frame"]) == ("dark", {"nothing": 6}, 3)
    assert "tubes\n0; of the others, tubes say nothing of 6. Mostly nothing at all" in page
    (clip,) = facts["clips"]
    assert (clip["frame"], clip["boxes"], clip["sure"]) == (4, {"dog": 2}, 1)
    assert "In 6 frames, **1** boxes of tubes" in page
    assert "of at least 0.15, there\nare: 2 of dog." in page
    shown = re.findall(r"(?:\(|src=\")(pictures/[^)\"]+)", page)
    assert sorted(shown) == sorted(f"pictures/{path.name}" for path in (tmp_path / "docs/pictures").iterdir())
    assert all(alt for alt in re.findall(r"!\[(.*?)\]|alt=\"(.*?)\"", page))
    assert "correlation layers" not in page, "no object moves"
    assert not re.search(r"[{}]", page), "everything is filled in"
    readme = (tmp_path / "README.md").read_text()
    assert '<img src="docs/pictures/carried-1.webp" width="98%" alt="Animation, dog: ' in readme
    assert "[The gallery](docs/a.md)" in readme
    assert readme.startswith("above\n")
    assert readme.endswith("below\n")


def test_frames_are_those_of_the_demo(gallery: Any, world: list[list[str]], tmp_path: Path) -> None:
    run(gallery, tmp_path)
    assert [options[0] for options in world] == ["bright", "dark", "bikes.mp4"]
    assert world[2][-5:] == ["--max-frames", "250", "0.15", "TUBES.TRIM_SCORE", "0.15"]
    pictures = tmp_path / "docs/pictures"
    with Image.open(pictures / "carried-1.webp") as file:
        assert (file.n_frames, file.size) == (6, (96, 128))
    for name, level in (("worst.jpg", 60), ("bikes.jpg", 80)):
        image = cv2.imread(str(pictures / name))
        assert image is not None
        assert abs(image.mean() - level) < 6, name


def test_without_clips_there_is_a_gallery(
    gallery: Any, world: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clips" / "bikes.mp4").unlink()
    page, facts = run(gallery, tmp_path)
    assert facts["clips"] == []
    assert "Real clips" not in page
    assert "## How it was made" in page
    assert "bikes.mp4 is not there" in capsys.readouterr().out


def test_without_a_model_it_says_what_to_do(gallery: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert gallery.main(["--weights", str(tmp_path / "none.pth")]) == 1
    assert "none.pth is not there: train first (make demo)" in capsys.readouterr().err


def test_words(gallery: Any) -> None:
    from gallery_page import listed, percent

    assert listed(["red_panda"]) == "red panda"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (percent(0, 0), percent(1, 3)) == ("0%", "33%")


def test_the_demo_command_is_one_that_runs(gallery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dnt_d2.demo.options import get_parser

    commands: list[list[str]] = []
    monkeypatch.setattr(gallery.subprocess, "run", lambda command, **_: commands.append(command))
    args = gallery.parse_arguments([])
    gallery.run_demo(
        args,
        Path("clip.mp4"),
        Path("out.mp4"),
        "--scale",
        "2",
        "--tracks",
        "a.csv",
        "--max-frames",
        "9",
        score=0.4,
        keys=["TUBES.TRIM_SCORE", "0.2"],
    )
    parsed = get_parser().parse_args(commands[0][3:])
    assert (parsed.input, parsed.output, parsed.score, parsed.compare) == ("clip.mp4", "out.mp4", 0.4, True)
    assert parsed.opts == ["MODEL.WEIGHTS", args.weights, "TUBES.TRIM_SCORE", "0.2"]
