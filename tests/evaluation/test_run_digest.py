"""dnt_d2/evaluation/run_digest.py: any change gives another name, and what changes nothing gives the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dnt_d2.evaluation.ground_truth import VideoTruth
from dnt_d2.evaluation.run_digest import DIGITS, run_digest
from dnt_d2.formats.results import FrameList

if TYPE_CHECKING:
    from conftest import Drawn

WEIGHTS = {"stem.weight": np.arange(6, dtype=np.float32), "stem.bias": np.zeros(2, np.float32), "tick": np.zeros(0)}
CONFIG = "MODEL:\n  DEPTH: 50\n"
Weights = dict[str, np.ndarray]


def digest(drawn: Drawn, weights: Weights = WEIGHTS, config: str = CONFIG, **changes: Any) -> str:
    """Of ``drawn``; changes are dicts of other frames, or fields of other lists of frames."""
    dicts = changes.pop("dicts", drawn.dicts)
    truth, frames = VideoTruth.of(dicts, 3), replace(drawn.frames, **changes)
    return run_digest([(name, array.tobytes()) for name, array in weights.items()], config, truth, frames)


def test_nothing() -> None:
    name = run_digest([], "", VideoTruth.of([], 1), FrameList.of([], [], ["a"]))
    assert len(name) == DIGITS == 16
    assert set(name) <= set("0123456789abcdef")
    assert name != run_digest([], "", VideoTruth.of([], 1), FrameList.of([], [], ["b"]))


def test_the_same_is_the_same(drawn: Drawn) -> None:
    assert digest(drawn) == digest(drawn) == digest(drawn, dict(reversed(WEIGHTS.items())))
    views = [(name, array.view(np.uint8).data) for name, array in WEIGHTS.items()]
    assert run_digest(iter(views), CONFIG, drawn.truth, drawn.frames) == digest(drawn)
    # Frames in another order are the same data set.
    assert digest(drawn, dicts=drawn.dicts[::-1]) == digest(drawn)


def test_the_folder_of_the_data_does_not_matter(drawn: Drawn) -> None:
    """Another machine has it elsewhere."""
    for root in ("/mnt/big", "../.."):
        assert digest(drawn, file_names=[f"{root}/{name}" for name in drawn.frames.file_names]) == digest(drawn)
    moved = [name.replace("clip_2", "clip_3") for name in drawn.frames.file_names]
    assert digest(drawn, file_names=moved) != digest(drawn)


def weights_with(name: str, change: Any) -> Weights:
    changed = deepcopy(WEIGHTS)
    changed[name] = change(changed.pop(name))
    return changed


def one_bit(array: np.ndarray) -> np.ndarray:
    array.view(np.uint8)[-1] ^= 1
    return array


@pytest.mark.parametrize(
    "weights",
    [
        weights_with("stem.weight", one_bit),
        weights_with("stem.weight", lambda array: array[::-1]),
        weights_with("stem.bias", lambda array: np.append(array, array)),
        {**WEIGHTS, "more": np.zeros(0)},
        {name: array for name, array in WEIGHTS.items() if name != "tick"},
        {("stem.bia" if name == "stem.bias" else name): array for name, array in WEIGHTS.items()},
        {"stem.weight": WEIGHTS["stem.bias"], "stem.bias": WEIGHTS["stem.weight"], "tick": WEIGHTS["tick"]},
    ],
)
def test_other_weights(drawn: Drawn, weights: Weights) -> None:
    assert digest(drawn, weights) != digest(drawn)


def test_bytes_belong_to_their_array(drawn: Drawn) -> None:
    """Not even bytes that look like the beginning of another array are taken for one."""
    one = run_digest([("a", b"x\0b 1\0y")], CONFIG, drawn.truth, drawn.frames)
    assert one != run_digest([("a", b"x"), ("b", b"y")], CONFIG, drawn.truth, drawn.frames)


def test_another_config(drawn: Drawn) -> None:
    assert digest(drawn, config=CONFIG.replace("50", "51")) != digest(drawn)


@pytest.mark.parametrize(
    ("key", "value"), [("bbox", [2, 10, 47.0001, 60]), ("category_id", 2), ("instance_id", 9), ("iscrowd", 1)]
)
def test_another_object(drawn: Drawn, key: str, value: Any) -> None:
    dicts = deepcopy(drawn.dicts)
    dicts[3]["annotations"][0][key] = value
    assert digest(drawn, dicts=dicts) != digest(drawn)


def test_other_frames(drawn: Drawn) -> None:
    places = deepcopy(drawn.dicts)
    places[8]["frame_index"] = 30
    assert digest(drawn, dicts=places) != digest(drawn)
    videos = [{**frame, "video_id": 6 if frame["video_id"] == 5 else frame["video_id"]} for frame in drawn.dicts]
    assert digest(drawn, dicts=videos) != digest(drawn)
    sizes = drawn.frames.sizes.copy()
    sizes[4, 1] += 1
    assert digest(drawn, sizes=sizes) != digest(drawn)
    names = [*drawn.frames.file_names[:-1], "data/clip_7/last.JPEG"]
    assert digest(drawn, file_names=names) != digest(drawn)
    assert digest(drawn, class_names=["bear", "car", "wolf"]) != digest(drawn)
    assert digest(drawn, class_names=["car", "bear", "fox"]) != digest(drawn)
