"""Scoring what is on disk: a saved run, or a file of results, with all processor cores."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..formats.results import Detections
from .extra_metrics import boxes_of
from .ground_truth import VideoTruth
from .plan import Plan
from .saved_run import SavedRun
from .scoring import Scorer, VideoScore
from .video_record import Rows, VideoRecord

logger = logging.getLogger(__name__)

_EARLY_END = (
    "Was there too little memory (then --workers 1), or does your script, which such processes import, start its work "
    "without if __name__ == '__main__'?"
)


def score_run(
    run: SavedRun, plan: Plan, *, widen: int = 1, workers: int | None = None, progress: bool = False
) -> list[VideoScore]:
    """Score the finished videos of a run.

    Args:
        run: to be read.
        plan: of its data set.
        widen: take every so-many-th of the saved frames, see :meth:`.video_record.VideoRecord.widened`.
        workers: processes; None is one per core. One video is in the memory of each.
        progress: show a bar.

    Returns:
        The scores in the order of the videos, whatever the number of workers.
    """
    videos = run.finished
    count = min(len(videos), (os.cpu_count() or 1) if workers is None else workers)
    if count <= 1:
        scorer = plan.scorer()
        return [_score(scorer, run, v, widen) for v in tqdm(videos, unit="video", disable=not progress)]
    sizes = {v: run.path(v).stat().st_size for v in videos}
    longest_first = sorted(videos, key=lambda v: -sizes[v])
    # Processes are spawned, not forked: those of a program that has threads or a GPU can't be forked safely.
    context = multiprocessing.get_context("spawn")
    scores: dict[int, VideoScore] = {}
    with tqdm(total=len(videos), unit="video", disable=not progress) as bar:
        try:
            with ProcessPoolExecutor(count, context, _start_worker, (run.folder, plan, widen)) as pool:
                for job in as_completed([pool.submit(_work, v) for v in longest_first]):
                    score = job.result()
                    scores[score.video_id] = score
                    bar.update()
        except BrokenProcessPool:
            logger.warning(f"The processes that score videos have ended early; this one goes on alone. {_EARLY_END}")
            scorer = plan.scorer()
            for v in (v for v in longest_first if v not in scores):
                scores[v] = _score(scorer, run, v, widen)
                bar.update()
    return [scores[v] for v in sorted(scores)]


def score_detections(plan: Plan, detections: Detections) -> list[VideoScore]:
    """Score results that came from elsewhere, of all frames of the data set."""
    scorer = plan.scorer()
    return [scorer.score(video_id, record) for video_id, record in records_of(plan.truth, detections)]


def records_of(truth: VideoTruth, detections: Detections) -> Iterator[tuple[int, VideoRecord]]:
    """Detections video by video, as records without candidates."""
    for video_id in truth.videos:
        numbers = truth.sampled_of(video_id, 1)
        part = detections.of_frames(int(numbers[0]), int(numbers[-1]) + 1)
        counts = np.bincount(part.frames - numbers[0], minlength=len(numbers))
        columns = {"boxes": part.boxes, "scores": part.scores, "classes": part.classes, "tracks": part.tracks}
        yield video_id, VideoRecord(truth.frame_indices[numbers], Rows(counts, columns))


_worker: list[tuple[Scorer, SavedRun, int]] = []  # of a worker process: what is the same for all of its videos


def _start_worker(folder: Path, plan: Plan, widen: int) -> None:
    _worker[:] = [(plan.scorer(), SavedRun(folder), widen)]


def _work(video_id: int) -> VideoScore:
    ((scorer, run, widen),) = _worker
    return _score(scorer, run, video_id, widen)


def _score(scorer: Scorer, run: SavedRun, video_id: int, widen: int) -> VideoScore:
    record = run.read(video_id)
    try:
        return scorer.score(video_id, record, widen)
    except ValueError as error:
        raise ValueError(f"{run.path(video_id)}: {error}") from None


def all_boxes(scores: Sequence[VideoScore], kind: str) -> Detections:
    """The kept boxes of one kind, of all videos.

    Raises:
        ValueError: they were not kept, or there is no such kind.
    """
    boxes = boxes_of(scores, kind)
    if boxes is None:
        raise ValueError(f"there are no boxes of {kind!r}")
    return boxes
