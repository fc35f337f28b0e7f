"""The best and the worst video of a saved run, for the report: their tubes over time, and pictures of their frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..timeline import TubeSpan
from .linking import trimmed, tube_boxes
from .plan import Plan
from .report import Story
from .saved_run import SavedRun

THUMBNAILS, THUMBNAIL_WIDTH = 8, 220
MAX_TUBES = 12


def best_and_worst(content: Mapping[str, Any], run: SavedRun, plan: Plan) -> list[Story]:
    """The video whose tubes have the highest AP of those with several objects, and the one with the lowest.

    Args:
        content: of the report.
        run: that it was made from.
        plan: that it was made by.

    Returns:
        Two stories, one where there is one video, none where nothing was linked.
    """
    kind = next((name for name in content["kinds"] if name != "frame"), None)
    there = set(run.finished)
    rows = [row for row in content["per_video"] if row["id"] in there]
    ranked = [row for row in rows if kind is not None and np.isfinite(row["AP50"][kind])]
    if kind is None or not ranked:
        return []
    ranked.sort(key=lambda row: -row["AP50"][kind])
    several = [row for row in ranked if _num_tracks(plan, row["id"]) > 1]
    best, worst = (several or ranked)[0], ranked[-1]
    told = {"best": best} if best is worst else {"best": best, "worst": worst}
    return [_story(title, row, kind, run, plan) for title, row in told.items()]


def _num_tracks(plan: Plan, video_id: int) -> int:
    return len(np.unique(plan.truth.tracks[plan.truth.rows(plan.truth.sampled_of(video_id, 1))]))


def _story(title: str, row: Mapping[str, Any], kind: str, run: SavedRun, plan: Plan) -> Story:
    truth, names, video_id = plan.truth, plan.frames.class_names, int(row["id"])
    numbers = truth.sampled_of(video_id, 1)
    linking = plan.linkings[kind]
    factor = plan.temporal_stride // run.facts.temporal_stride * linking.widen
    record = run.read(video_id).widened(factor, linking.settings.link_iou)
    found = tube_boxes(truth, video_id, record.collector(), linking)
    rows = trimmed(found.boxes, plan.trim_score)
    shown, own_scores = found.boxes.where(rows), found.own_scores[rows]
    parts = [np.flatnonzero(shown.tracks == track) for track in np.unique(shown.tracks)]
    parts.sort(key=lambda part: -float(shown.scores[part].sum()))  # the longest and surest first
    tubes = [
        TubeSpan(
            names[int(shown.classes[part[0]])],
            number,
            shown.frames[part] - numbers[0],
            shown.scores[part],
            own_scores[part],
        )
        for number, part in enumerate(parts[:MAX_TUBES], 1)
    ]
    return Story(
        title=title,
        video=row["name"],
        num_frames=len(numbers),
        ap=", ".join(f"{plan.titles.get(name, name)} {row['AP50'][name]:.1f}" for name in ("frame", kind)),
        tubes=tubes,
        ground_truth=_true_spans(plan, numbers),
        thumbnails=_thumbnails(plan, numbers),
    )


def _true_spans(plan: Plan, numbers: Any) -> list[TubeSpan]:
    truth, rows = plan.truth, plan.truth.rows(numbers)
    spans = []
    for track in np.unique(truth.tracks[rows]):
        mine = rows[truth.tracks[rows] == track]
        label = plan.frames.class_names[int(truth.classes[mine[0]])]
        spans.append(TubeSpan(label, int(track), truth.frames[mine] - numbers[0]))
    return spans


def _thumbnails(plan: Plan, numbers: Any) -> list[tuple[int, bytes]]:
    """Small JPEGs of frames at equal distances; those whose image is not there are left out."""
    import cv2

    from ..bounded.images import decode, read_bytes

    pictures = []
    for place in np.unique(np.linspace(0, len(numbers) - 1, THUMBNAILS).round().astype(int)):
        path = Path(plan.frames.file_names[int(numbers[place])])
        try:
            image = decode(read_bytes(path))
        except (OSError, ValueError):  # it is left out
            continue
        if image is None:
            continue
        height = max(1, round(image.shape[0] * THUMBNAIL_WIDTH / image.shape[1]))
        small = cv2.resize(image, (THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
        good, content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
        if good:
            pictures.append((int(place), content.tobytes()))
    return pictures
