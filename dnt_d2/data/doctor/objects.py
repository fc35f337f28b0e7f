"""Checks of what annotations say: files, classes, boxes, tracks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ...det_classes import DET_WORDNET_IDS
from ..annotations import Repairs, read_annotation
from ..table_annotations import categories, clip_boxes, wrong_rows
from ..xml_table import NO_TRACK
from .content import Content
from .findings import ERROR, NOTE, WARNING, Finding, found


def check_objects(content: Content, classes: Mapping[str, int]) -> Iterator[Finding]:
    """All checks of this file, for one part of the tree.

    Args:
        content: what was read.
        classes: from :func:`dnt_d2.data.annotations.class_ids`.
    """
    yield from _broken_files(content, classes)
    yield from _unknown_classes(content, classes)
    yield from _boxes(content, classes)
    if not content.still:
        yield from _repeated_tracks(content)
        yield from _track_numbers(content)
        yield from _interrupted_tracks(content)


def _row(content: Content) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(content.table)), content.table.count)


def _broken_files(content: Content, classes: Mapping[str, int]) -> Iterator[Finding]:
    """Files that the loader refuses, but for those with an unknown class, which is a finding of its own."""
    suspects = wrong_rows(content.table, classes, still=content.still)
    if not content.still:
        suspects[_row(content)[_is_unknown(content, classes)]] = False
    reasons: list[str] = []
    for row in np.flatnonzero(suspects).tolist():
        try:
            read_annotation(content.path(row), classes, Repairs(), still=content.still)
        except (OSError, ValueError) as error:
            reasons.append(str(error))
    remedy = "correct these files, or unpack the archive again"
    yield from found(ERROR, f"{content.part}: annotations that can't be used", reasons, remedy)


def _is_unknown(content: Content, classes: Mapping[str, int]) -> NDArray[np.bool_]:
    return categories(content.table, classes) < 0


def _unknown_classes(content: Content, classes: Mapping[str, int]) -> Iterator[Finding]:
    unknown = _is_unknown(content, classes)
    if content.still:
        known = set(classes) | set(DET_WORDNET_IDS) | set(DET_WORDNET_IDS.values())
        unknown &= ~np.isin(content.table.name, [i for i, x in enumerate(content.table.names.tolist()) if x in known])
    places = np.flatnonzero(unknown)
    if not len(places):
        return
    names = ", ".join(repr(x) for x in content.table.names[np.unique(content.table.name[places])[:5]].tolist())
    example = f"{content.path(int(_row(content)[places[0]]))}: {names}"
    if content.still:
        what, remedy = "DET: objects of classes that DET doesn't have", "none: they are left out"
        yield Finding(NOTE, what, len(places), example, remedy)
    else:
        what = "VID: objects of unknown classes"
        remedy = "name your classes with --classes, and register the data set with them (datasets/README.md)"
        yield Finding(ERROR, what, len(places), example, remedy)


def _boxes(content: Content, classes: Mapping[str, int]) -> Iterator[Finding]:
    row = _row(content)
    places = np.flatnonzero((categories(content.table, classes) >= 0) & (content.table.width[row] > 0))
    boxes, inside = clip_boxes(content.table, places, row)
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    is_inside = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    for what, which, remedy in (
        ("boxes without area", ~has_area, "none needed: they are left out"),
        ("boxes outside of their image", has_area & ~is_inside, "none needed: they are left out; is <size> right?"),
        (
            "boxes that reach out of their image",
            is_inside & (boxes != inside).any(axis=1),
            "none needed: they end at its border; is <size> right?",
        ),
    ):
        cases = np.flatnonzero(which)
        if len(cases):
            example = f"{content.path(int(row[places[cases[0]]]))}: {boxes[cases[0]].astype(float).tolist()}"
            yield Finding(WARNING, f"{content.part}: {what}", len(cases), example, remedy)


def _tracks(content: Content) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, video and track of all objects that have one, sorted by video, track and row."""
    row = _row(content)
    there = content.table.track != NO_TRACK
    row, track = row[there], content.table.track[there]
    video = np.searchsorted(content.starts, row, side="right") - 1
    order = np.lexsort((row, track, video))
    return row[order], video[order], track[order]


def _repeated_tracks(content: Content) -> Iterator[Finding]:
    row, _, track = _tracks(content)
    again = np.flatnonzero((np.diff(row) == 0) & (np.diff(track) == 0))
    if len(again):
        example = f"{content.path(int(row[again[0]]))}: track {track[again[0]]}"
        remedy = "give each object of a video its own trackid; only the first of them is used"
        yield Finding(WARNING, "VID: tracks with several boxes in a frame", len(again), example, remedy)


def _track_numbers(content: Content) -> Iterator[Finding]:
    _, video, track = _tracks(content)
    pairs = np.unique(np.stack([video, track], axis=1), axis=0) if len(video) else np.zeros((0, 2), np.int64)
    videos, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    last = pairs[first + count - 1, 1] if len(pairs) else first
    odd = videos[(pairs[first, 1] != 0) | (last != count - 1)] if len(pairs) else videos
    examples = [f"{content.root}/Annotations/VID/{content.folders[v].path}" for v in odd.tolist()]
    yield from found(NOTE, "VID: videos whose tracks are not numbered 0, 1, 2, ...", examples, "none needed")


def _interrupted_tracks(content: Content) -> Iterator[Finding]:
    row, video, track = _tracks(content)
    same = (np.diff(video) == 0) & (np.diff(track) == 0)
    gaps = np.flatnonzero(same & (np.diff(row) > 1))
    examples = [
        f"{content.root}/Annotations/VID/{content.folders[video[i]].path}: track {track[i]}, "
        f"{row[i + 1] - row[i] - 1} frames without it"
        for i in gaps.tolist()
    ]
    yield from found(NOTE, "VID: interruptions of tracks", examples, "none needed, if the object is out of sight there")
