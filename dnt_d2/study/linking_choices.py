"""Ablations that need no network: one saved run of D&T, linked in other ways, one thing changed at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluation.ground_truth import VideoTruth
from ..evaluation.linking import Linking, trim_tracks, tube_boxes
from ..evaluation.plan import Plan
from ..evaluation.run_scoring import score_run
from ..evaluation.saved_run import SavedRun
from ..evaluation.video_record import VideoRecord
from ..formats.results import Detections
from ..tubes.collector import TubeSettings
from .leftover_boxes import with_leftovers
from .mean_ap import ap50_of_boxes, ap50_of_kind
from .measure import SETTINGS, plan_of
from .rounding import round_numbers

AS_IT_IS, FRAMES = "as it is", "single frames"

ALPHAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
NMS = (0.3, 0.4, 0.5, 0.7)
TOP_K = (10, 25, 50)
TRIMS = (0.05, 0.1, 0.3)
ABSENT_SCORE = 0.02
"""The presence rule of `configs/test/presence.yaml`."""

OFF = 1.0
"""An IoU that two different boxes don't reach: as a threshold of NMS or of votes it is none."""

Maker = Callable[[VideoTruth, int, VideoRecord], Detections]


@dataclass(frozen=True)
class Choice:
    """One way to link, and where its number stands.

    Attributes:
        question: what is changed.
        answer: to what, in words.
        linking: the settings.
    """

    question: str
    answer: str
    linking: Linking


def linking_choices() -> list[Choice]:
    """All that settings can do. One answer to each question is how it is."""
    return [Choice(question, answer, linking) for question, answer, linking in _choices(SETTINGS)]


def _choices(base: TubeSettings) -> Iterator[tuple[str, str, Linking]]:
    # What shares its votes stands together: then they are counted once.
    yield "psi", "1 along tracklets", Linking(base)
    yield "psi", "0: tubes follow scores alone", Linking(base, use_tracks=False)
    for alpha in ALPHAS:
        yield "alpha", f"{alpha:g}", Linking(replace(base, top_fraction=alpha))
    yield "presence rule", "off", Linking(base)
    absent = replace(base, absent_score=ABSENT_SCORE)
    yield "presence rule", f"below {ABSENT_SCORE:g} for {absent.absent_frames} frames", Linking(absent)
    for iou in NMS:
        yield "NMS before linking", f"{iou:g}", Linking(replace(base, nms_iou=iou))
    yield "NMS before linking", "off", Linking(replace(base, nms_iou=OFF))
    yield "box voting", "on", Linking(base)
    yield "box voting", "off", Linking(replace(base, vote_iou=OFF))
    for count in TOP_K:
        yield "boxes of a class in a frame", f"{count}", Linking(replace(base, top_k=count))


def compare_linkings(run: SavedRun, *, workers: int | None = None) -> dict[str, Any]:
    """Mean AP50 of tubes of one run, linked in many ways.

    Args:
        run: of D&T, finished.
        workers: processes; None is one per core.

    Returns:
        Percent, to three digits; NaN without any object::

            single frames, as it is         numbers
            psi, alpha, presence rule,
            NMS before linking, box voting,
            boxes of a class in a frame,
            boxes of no tube,
            ends of tubes below             {answer: number}, that of how it is among them

    Raises:
        ValueError: a video was saved without candidates.
    """
    choices = linking_choices()
    names = {linking: str(i) for i, linking in enumerate(dict.fromkeys(choice.linking for choice in choices))}
    plan, seen, kinds = _judged(run, {name: linking for linking, name in names.items()}, workers)
    base = kinds[names[Linking(SETTINGS)]]
    found: dict[str, Any] = {FRAMES: kinds["frame"], AS_IT_IS: base}
    for choice in choices:
        found.setdefault(choice.question, {})[choice.answer] = kinds[names[choice.linking]]
    for question, (same, makers) in _makers().items():
        found[question] = {same: base}
        for answer, make in makers.items():
            boxes = (make(plan.truth, video_id, record) for video_id, record in run.videos())
            found[question][answer] = ap50_of_boxes(boxes, plan.truth, seen)
    return round_numbers(found)


def compare_alphas(run: SavedRun, *, workers: int | None = None) -> dict[str, Any]:
    """Mean AP50 of tubes of one run, by alpha.

    Args:
        run: of D&T, finished.
        workers: processes; None is one per core.

    Returns:
        Percent, to three digits; NaN without any object: "single frames", a number, and "alpha", {alpha: number}.

    Raises:
        ValueError: a video was saved without candidates.
    """
    linkings = {choice.answer: choice.linking for choice in linking_choices() if choice.question == "alpha"}
    _, _, kinds = _judged(run, linkings, workers)
    found: dict[str, Any] = round_numbers({FRAMES: kinds.pop("frame"), "alpha": kinds})
    return found


def _judged(
    run: SavedRun, linkings: Mapping[str, Linking], workers: int | None
) -> tuple[Plan, NDArray[np.bool_], dict[str, float]]:
    """The plan, the frames that the network saw, and mean AP50 of "frame" and of each way to link in those."""
    plan = plan_of(run, linkings)
    scores = score_run(run, plan, workers=workers)
    seen = plan.truth.marked(score.numbers for score in scores)
    return plan, seen, {kind: ap50_of_kind(scores, kind, plan.truth, seen) for kind in ("frame", *linkings)}


def _makers() -> dict[str, tuple[str, dict[str, Maker]]]:
    """What settings can't do: by question how it is, and by answer what makes the boxes of a video."""

    def trimmed(score: float) -> Maker:
        def make(truth: VideoTruth, video_id: int, record: VideoRecord) -> Detections:
            return trim_tracks(tube_boxes(truth, video_id, record.collector(), Linking(SETTINGS)).boxes, score)

        return make

    def kept(truth: VideoTruth, video_id: int, record: VideoRecord) -> Detections:
        return with_leftovers(truth, video_id, record, SETTINGS)

    return {
        "boxes of no tube": ("dropped", {"kept with half of their score": kept}),
        "ends of tubes below": ("kept", {f"{score:g} cut off": trimmed(score) for score in TRIMS}),
    }
