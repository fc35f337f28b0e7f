"""docs/notebook.md: its cells run in their order, and give what the page says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from detectron2.structures import Instances
from PIL import Image

from dnt_d2.frame_result import Tracked
from dnt_d2.modeling import DetectAndTrack
from dnt_d2.video import VideoWriter, read_frames

PAGE = (Path(__file__).parents[1] / "docs" / "notebook.md").read_text()
CELLS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
FRAMES, MOST = 5, 12

pytestmark = pytest.mark.usefixtures("loggers_as_before")


@pytest.fixture(scope="module")
def place(small_cfg: Callable[..., Any], small_model: Callable[..., DetectAndTrack], tmp_path_factory: Any) -> Path:
    """A folder with a clip, and the page's config and weights, which are those of the small network."""
    folder = tmp_path_factory.mktemp("notebook")
    config = folder / "configs/minivid/DnT_EfficientNet_Lite0.yaml"
    weights = folder / "output/minivid/DnT_EfficientNet_Lite0/model_final.pth"
    for path in (config, weights):
        path.parent.mkdir(parents=True)
    cfg = small_cfg()
    config.write_text(cfg.dump())
    torch.save({"model": small_model(cfg, lively=True).state_dict()}, weights)
    with VideoWriter(folder / "clip.mp4", 25) as writer:
        for t in range(FRAMES):
            frame = np.full((64, 96, 3), 120, np.uint8)
            frame[20:44, 10 + 4 * t : 40 + 4 * t] = (30, 60, 250)
            writer.write(frame)
    return folder


@pytest.fixture(scope="module")
def cells(place: Path) -> Iterator[list[tuple[Any, dict[str, Any]]]]:
    """For each cell of the page the value of its last line, None if it has none, and the names that it knew then."""
    names: dict[str, Any] = {"__name__": "notebook"}
    outcome = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(torch.cuda, "is_available", lambda: False)
        matplotlib.use("agg")
        for number, cell in enumerate(CELLS):
            *body, last = cell.rstrip().splitlines()
            try:
                value = compile(last, f"cell {number}", "eval")
            except SyntaxError:
                body, value = [*body, last], compile("None", "nothing", "eval")
            exec(compile("\n".join(body), f"cell {number}", "exec"), names)
            outcome.append((eval(value, names), dict(names)))
            if "results" in names and "SCORE" not in names:
                names["results"] = [strongest(result) for result in names["results"]]
    yield outcome
    matplotlib.pyplot.close("all")


def strongest(result: Any) -> Any:
    """An untrained network finds far more than anybody would draw."""
    order = result.instances.scores.argsort(descending=True)[:MOST]
    object.__setattr__(result, "instances", result.instances[order])
    return result


def values(cells: list[tuple[Any, dict[str, Any]]], word: str) -> tuple[Any, dict[str, Any]]:
    """What the first cell with this word gave."""
    return next(outcome for cell, outcome in zip(CELLS, cells, strict=True) if word in cell)


def test_pictures_are_shown(cells: list[tuple[Any, dict[str, Any]]]) -> None:
    shown = [value for value, _ in cells if isinstance(value, Image.Image)]
    assert len(shown) == sum("Image.fromarray" in cell for cell in CELLS) == 4
    for picture in shown:
        assert picture.size == (96, 64)
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 50


def test_the_drawn_video(cells: list[tuple[Any, dict[str, Any]]], place: Path) -> None:
    pictures = values(cells, "TrackDrawer")[1]["pictures"]
    written = list(read_frames(place / "drawn.mp4"))
    assert len(written) == len(pictures) == FRAMES
    assert np.abs(written[2].astype(int) - pictures[2]).mean() < 20


def test_supervision_has_what_instances_have(cells: list[tuple[Any, dict[str, Any]]]) -> None:
    names = values(cells, "detections.xyxy = ")[1]
    found, detections = names["tracked"][-1], names["to_detections"](names["tracked"][-1])
    assert len(detections) == len(found) > 0
    np.testing.assert_array_equal(detections.xyxy, found.pred_boxes.tensor)
    np.testing.assert_array_equal(detections.tracker_id, found.track_ids)
    np.testing.assert_array_equal(detections.confidence, found.scores)
    np.testing.assert_array_equal(detections.class_id, found.pred_classes)
    assert list(detections.data["class_name"]) == [names["names"][c] for c in found.pred_classes]
    best = detections[detections.confidence > 0.9 * detections.confidence.max()]
    assert 0 < len(best) == len(best.tracker_id)
    outer = names["detections"]
    width = found.pred_boxes.tensor[:, 2] - found.pred_boxes.tensor[:, 0] + 1  # unchanged by the cell
    np.testing.assert_allclose(outer.xyxy[:, 2] - outer.xyxy[:, 0], width, rtol=1e-6)


def test_a_frame_without_tracks_is_converted(cells: list[tuple[Any, dict[str, Any]]]) -> None:
    names = cells[-1][1]
    empty: Instances = Tracked((), (), (), (), ()).to_instances((64, 96))
    detections = names["to_detections"](empty)
    assert len(detections) == 0
    drawn = names["visualizer"].draw_instance_predictions(names["frames"][0][:, :, ::-1], empty).get_image()
    np.testing.assert_array_equal(drawn, names["frames"][0][:, :, ::-1])


def test_video_visualizer_keeps_colours_by_id(cells: list[tuple[Any, dict[str, Any]]]) -> None:
    names = cells[-1][1]
    visualizer, found = names["visualizer"], names["tracked"][0][:3]
    first = visualizer._assign_colors_by_id(found)
    again = visualizer._assign_colors_by_id(found[torch.tensor([2, 0])])
    np.testing.assert_array_equal(again, [first[2], first[0]])


def test_tables(cells: list[tuple[Any, dict[str, Any]]]) -> None:
    table, tracks = cells[-2][1]["table"], cells[-1][0]
    results = cells[-1][1]["results"]
    assert isinstance(tracks, pd.DataFrame)
    assert len(table) == sum(len(result.instances) for result in results)
    assert tracks.frames.sum() == len(table)
    row = table[table.frame == 2].iloc[0]
    found = results[2].instances
    np.testing.assert_allclose(row[["x1", "y1", "x2", "y2"]].astype(float), found.pred_boxes.tensor[0])
    assert (row.track_ids, row["class"]) == (int(found.track_ids[0]), cells[-1][1]["names"][found.pred_classes[0]])
    assert (tracks["first"] <= tracks["last"]).all()
