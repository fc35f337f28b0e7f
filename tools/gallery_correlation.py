"""The correlation picture of the gallery, and how often what it shows is right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.config import CfgNode
from gallery_choice import Dicts, most_diagonal, moves
from tqdm import tqdm

from dnt_d2.correlation_maps import CorrelationMaps, correlate_frames
from dnt_d2.correlation_picture import correlation_figure
from dnt_d2.data.images import read_image
from dnt_d2.modeling import DetectAndTrack

EVERY = 4  # correlation is measured at every so-many-th frame
_REACH = 0.8  # the picture's object goes no farther than this share of what every layer sees


def make_correlation(
    cfg: CfgNode, model: DetectAndTrack, videos: Sequence[Dicts], names: Sequence[str], output: Path
) -> dict[str, Any] | None:
    """Write correlation.png: figure 4 for the object that goes farthest in both directions.

    Args:
        cfg, model: a network with a track head.
        videos: the frames' dicts, in order.
        names: of the classes.
        output: a folder.

    Returns:
        The numbers; None where nothing moves, and nothing is written.
    """
    pairs = [pair for frames in videos for pair in pairwise(frames)]
    if not pairs:
        return None
    reach = min(layer.radius * layer.step for layer in _correlate(cfg, model, *pairs[0]))
    move = most_diagonal(videos, _REACH * reach)
    if move is None:
        return None
    box, way = move.box.tolist(), (float(move.move[0]), float(move.move[1]))
    layers = _correlate(cfg, model, move.first, move.second)
    numbers = f"frames {move.first['frame_index']} and {move.second['frame_index']}"
    place, what = f"{Path(move.first['file_name']).parent.name}, {numbers}", names[move.category_id]
    first, second = (read_image(frame["file_name"]) for frame in (move.first, move.second))
    figure = correlation_figure(cfg, model, first, second, box=box, move=way, title=f"{what.capitalize()}: {place}")
    figure.savefig(output / "correlation.png", dpi=110)
    return {
        "file": "correlation.png",
        "place": place,
        "class": what,
        "move": way,
        "answers": {layer.name: layer.peak(box) for layer in layers},
        "displacements": layers[0].values.shape[0] ** 2,
        "right": measure_correlation(cfg, model, videos),
    }


def measure_correlation(cfg: CfgNode, model: DetectAndTrack, videos: Sequence[Dicts]) -> dict[str, dict[str, float]]:
    """How often a layer's highest answer lies within a step of the truth, in both directions.

    Asked are the objects that nothing hides, and that go more than a step but no farther than the layer looks: "no
    displacement" is never right.

    Returns:
        By name of the layer, the number of ``objects`` and the ``share`` in [0, 1].
    """
    right: dict[str, list[bool]] = {}
    pairs = [pair for frames in videos for pair in list(pairwise(frames))[::EVERY]]
    for first, second in tqdm(pairs, desc="correlation", unit="pair"):
        here = moves(first, second)
        for layer in _correlate(cfg, model, first, second) if here else []:
            for move in here:
                if layer.step < np.abs(move.move).max() <= layer.radius * layer.step:
                    off = np.abs(np.array(layer.peak(move.box)) - move.move).max()
                    right.setdefault(layer.name, []).append(bool(off <= layer.step))
    return {name: {"objects": len(hits), "share": round(float(np.mean(hits)), 4)} for name, hits in right.items()}


def _correlate(
    cfg: CfgNode, model: DetectAndTrack, first: dict[str, Any], second: dict[str, Any]
) -> list[CorrelationMaps]:
    return correlate_frames(cfg, model, read_image(first["file_name"]), read_image(second["file_name"]))
