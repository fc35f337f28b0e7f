"""dnt_d2/evaluation/story_board.py: the best and the worst video, told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dnt_d2.evaluation.content import build_content
from dnt_d2.evaluation.linking import standard_linkings
from dnt_d2.evaluation.plan import Plan
from dnt_d2.evaluation.run_scoring import score_run
from dnt_d2.evaluation.saved_run import SavedRun
from dnt_d2.evaluation.story_board import THUMBNAIL_WIDTH, best_and_worst
from dnt_d2.tubes.collector import TubeSettings

Make = Callable[..., SavedRun]


def tell(run: SavedRun, **changes: Any) -> list[Any]:
    truth, frames = run.read_truth()
    plan = Plan("drawn", truth, frames, standard_linkings(TubeSettings(), 1))
    plan = replace(plan, **changes)
    return best_and_worst(build_content(plan, score_run(run, plan, workers=1), {}), run, plan)


def test_nothing_to_tell(make_run: Make, tmp_path: Path) -> None:
    assert tell(make_run(tmp_path / "none", videos=())) == []
    assert tell(make_run(tmp_path / "frames", tubes=False)) == []


def test_one_video_is_told_once(make_run: Make, tmp_path: Path) -> None:
    (story,) = tell(make_run(tmp_path / "one", videos=(7,)))
    assert (story.title, story.video, story.num_frames) == ("best", "clip_7", 12)
    assert story.thumbnails == []  # there are no such images


def test_spans_are_those_of_the_tubes_and_of_the_truth(make_run: Make, tmp_path: Path) -> None:
    stories = tell(make_run(tmp_path / "all"))
    assert [story.title for story in stories] == ["best", "worst"]
    for story in stories:
        for span in (*story.tubes, *story.ground_truth):
            assert 0 <= span.frames[0] <= span.frames[-1] < story.num_frames
            assert span.label in ("bear", "car", "fox")
        for tube in story.tubes:
            assert tube.scores[0] >= 0.3  # cut where they are weak
            assert tube.scores[-1] >= 0.3
            assert len(tube.raw_scores) == len(tube.scores)
        sums = [float(np.sum(tube.scores)) for tube in story.tubes]
        assert sums == sorted(sums, reverse=True)
    best = next(story for story in stories if story.num_frames > 1)
    assert {(span.label, len(span.frames)) for span in best.ground_truth} == {
        ("bear", best.num_frames),
        ("car", best.num_frames - 1),
    }


def test_pictures_of_images_that_are_there(make_run: Make, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", videos=(7,))
    _, frames = run.read_truth()
    names = [str(tmp_path / name) for name in frames.file_names]
    for name in names[::2]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(name, np.full((160, 240, 3), 90, np.uint8))
    (story,) = tell(run, frames=replace(frames, file_names=names))
    assert 0 < len(story.thumbnails) < 8
    index, content = story.thumbnails[0]
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == THUMBNAIL_WIDTH
    assert 0 <= index < 12
