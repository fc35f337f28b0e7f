"""Whatever results there are: what is written comes back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnt_d2.formats import Detections, FrameList
from dnt_d2.formats.result_files import EXPORTS, read_results, write_results

_ENDINGS = {"ilsvrc": "a.txt", "mot": "folder", "coco": "a.json", "csv": "a.csv"}
_numbers = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e200, max_value=1e200)
# No control characters: lines and columns are made of them.
_names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12)


@st.composite
def _results(draw: st.DrawFn) -> tuple[Detections, FrameList]:
    lengths = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))
    videos = draw(st.lists(_names, min_size=len(lengths), max_size=len(lengths), unique=True))
    classes = draw(st.lists(_names, min_size=1, max_size=3, unique=True))
    dicts = [
        {"video_id": v, "frame_index": t, "image_id": 50 - 10 * v + t, "width": 9, "height": 9, "file_name": f"{v}-{t}"}
        for v, length in enumerate(lengths)
        for t in range(length)
    ]
    frames = FrameList.of(dicts, videos, classes)
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, max(0, len(dicts) - 1)), _numbers, *[_numbers] * 4), max_size=6 if dicts else 0
        )
    )
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for _, _, a, b, c, d in rows]
    labels = draw(st.lists(st.integers(0, len(classes) - 1), min_size=len(rows), max_size=len(rows)))
    tracks = draw(st.permutations(range(len(rows))))  # one in a frame once
    found = Detections.of([row[0] for row in rows], labels, boxes, [row[1] for row in rows], list(tracks))
    return found, frames


@pytest.mark.parametrize("name", [name for name in EXPORTS if name != "mot"])
def test_what_is_written_comes_back(name: str) -> None:
    _check(name, lambda folder: folder / _ENDINGS[name])


def _check(name: str, place: Callable[[Path], Path]) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(_results())
    def check(drawn: tuple[Detections, FrameList]) -> None:
        found, frames = drawn
        with tempfile.TemporaryDirectory() as folder:
            path = place(Path(folder))
            write_results(name, path, found, frames)
            back = read_results(path, frames)
        for key in ("frames", "classes", "boxes", "scores"):
            np.testing.assert_array_equal(getattr(back, key), getattr(found, key), key)
        if name != "ilsvrc":  # whose plain form has no tracks
            np.testing.assert_array_equal(back.tracks, found.tracks)

    check()
