"""dnt_d2/benchmark/drawing.py: everybody draws the same objects, and the stage measures what it says."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.benchmark import drawing
from dnt_d2.benchmark.options import Options

SIZE = (72, 128)


def test_no_objects() -> None:
    frames = drawing.moving_tracks(SIZE, 0, np.random.default_rng(0))
    assert len(frames) == drawing.LENGTH
    assert not any(len(found) for found in frames)
    shown = drawing.Moving(drawing.ours(), SIZE, 0, 0)()
    assert shown.shape == (*SIZE, 3)


def test_objects_move_smoothly_and_come_round() -> None:
    frames = drawing.moving_tracks(SIZE, 5, np.random.default_rng(0))
    boxes = np.array([found.pred_boxes.tensor.numpy() for found in [*frames, frames[0]]])
    steps = np.abs(np.diff(boxes, axis=0))
    assert 0.1 < steps.max() < 2
    sizes = boxes[:, :, 2:] - boxes[:, :, :2]
    np.testing.assert_allclose(sizes, np.broadcast_to(sizes[0], sizes.shape), atol=1e-3)


@pytest.mark.parametrize("make", [drawing.ours, drawing.detectron2, drawing.supervision])
def test_all_draw_at_the_boxes(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "TRAIL", 3)
    clip = drawing.Moving(make(), (240, 320), 1, 3)  # type: ignore[operator]
    shown = np.asarray(clip())
    x1, y1, x2, y2 = clip._found[clip._next].pred_boxes.tensor[0].round().int().tolist()
    changed = (shown != clip._frame).any(axis=2)
    for side in (changed[y1, x1:x2], changed[y2, x1:x2], changed[y1:y2, x1], changed[y1:y2, x2]):
        assert side.mean() > 0.9
    assert changed.mean() < 0.5


def test_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> drawing.Draw:
        raise ModuleNotFoundError("No module named 'supervision'")

    monkeypatch.setattr(drawing, "supervision", missing)
    monkeypatch.setattr(drawing, "peak_extra_bytes", lambda call: 7)
    monkeypatch.setattr(drawing, "copy_rate", lambda: 1e9)
    monkeypatch.setattr(drawing, "SIZES", {"720p": SIZE, "4K": (90, 160)})
    monkeypatch.setattr(drawing, "TRAIL", 3)
    monkeypatch.setitem(drawing.take_turns.__kwdefaults__, "rounds", 1)  # type: ignore[arg-type]
    stage = drawing.measure_drawing(Options(scale=0.5))
    assert [figure.what for figure in stage.figures] == [
        f"draw {count} tracks on a frame of {size}" for size in ("36x64", "45x80") for count in (10, 30)
    ]
    assert stage.figures[0].floor == pytest.approx(3 * 36 * 64 / 1e9)
    assert [(c.before, c.after) for c in stage.comparisons] == [(drawing.DETECTRON2, drawing.OURS)]
    assert any("supervision was left out: No module" in note for note in stage.notes)
    (limit,) = stage.limits
    assert (limit.limit, limit.unit) == (5.0, "ms")
    (table,) = stage.tables
    assert [row[0] for row in table.rows] == [
        "trails",
        "boxes",
        "places of tags",
        "tags",
        "a copy, and the rest",
        "all",
    ]
    assert table.rows[-1][1] == pytest.approx(sum(row[1] for row in table.rows[:-1]))
    (scaling,) = stage.scaling
    assert scaling.sizes == (10, 20, 40)
