"""Linking (sec. 4, eq. 5-7): the detections of one class become tubes, along the tracks of the network.

Two boxes of neighbouring frames are joined by an edge of value s_i + s_j + psi, where psi is 1 if a tracklet leads
from the one to the other. A tube is the path through all frames with the largest sum, found by Viterbi's algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..geometry import FloatArray, box_iou
from .checks import as_rows, as_tracklets, check_fraction, check_unit
from .rescoring import rescore
from .tube import IntArray, Tube

PathFinder = Callable[[list[FloatArray], list[FloatArray], float], IntArray]


def link_tubes(
    detections: Sequence[ArrayLike],
    tracklets: Sequence[ArrayLike],
    *,
    link_iou: float = 0.5,
    top_fraction: float = 0.5,
) -> list[Tube]:
    """Link the detections of one class in one video.

    The best path is made a tube, its boxes (and no others) are taken away, and the next path is sought in what is
    left, until a frame has no box left. So there are as many tubes as the poorest frame has boxes, each has a box in
    every frame, and boxes left over elsewhere are in none. Frames without any box are removed first and their
    neighbours joined, by the tracklets of the earlier one. Of equal sums, the first box in the list wins. With a
    single frame there is no edge: tubes come in the order of the list.

    Args:
        detections: for each of T frames (N_f, 5): x1, y1, x2, y2, score; in any order, after NMS.
        tracklets: for each of T frames (M_f, 8): a box in this frame, and where it goes in the next one. The entry
            of the last frame is ignored.
        link_iou: in [0, 1]. psi is 1 when one tracklet has at least this IoU (without +1) with both boxes.
        top_fraction: in (0, 1], alpha of sec. 4, see :func:`dnt_d2.tubes.rescoring.rescore`.

    Returns:
        The tubes, in the order in which they were found; [] when no frame has a detection. ``frames`` are positions
        in ``detections``, ``indices`` are rows of ``detections[f]``.

    Raises:
        ValueError: a wrong shape, lists of different length, a detection that is not finite, or a threshold out of
            range.
    """
    return _check_and_link(detections, tracklets, link_iou, top_fraction, find_paths)


def link_tubes_numpy(
    detections: Sequence[ArrayLike],
    tracklets: Sequence[ArrayLike],
    *,
    link_iou: float = 0.5,
    top_fraction: float = 0.5,
) -> list[Tube]:
    """The same as :func:`link_tubes`, in NumPy alone: slower, and the one to read."""
    return _check_and_link(detections, tracklets, link_iou, top_fraction, find_paths_numpy)


def _check_and_link(
    detections: Sequence[ArrayLike],
    tracklets: Sequence[ArrayLike],
    link_iou: float,
    top_fraction: float,
    finder: PathFinder,
) -> list[Tube]:
    rows = [as_rows(frame, 5, f"detections[{f}]") for f, frame in enumerate(detections)]
    for f, frame in enumerate(rows):
        if not np.isfinite(frame).all():
            raise ValueError(f"detections[{f}] has a box or a score that is not finite; drop such rows before linking")
    tracks = as_tracklets(tracklets, len(rows))
    check_unit(link_iou, "link_iou")
    check_fraction(top_fraction)
    return make_tubes(rows, tracks, link_iou, top_fraction, finder)


def make_tubes(
    detections: list[FloatArray],
    tracklets: list[FloatArray],
    link_iou: float,
    top_fraction: float,
    finder: PathFinder,
) -> list[Tube]:
    """What :func:`link_tubes` does once its arguments are known to be good."""
    frames = np.array([f for f, rows in enumerate(detections) if len(rows)], dtype=np.int64)
    if len(frames) == 0:
        return []
    used = [detections[f] for f in frames]
    paths = finder(used, [tracklets[f] for f in frames], link_iou)
    starts = np.cumsum([0] + [len(rows) for rows in used[:-1]])
    chosen = np.concatenate(used)[starts + paths]  # (K, L, 5)
    rescored = rescore(chosen[..., 4], top_fraction)
    return [Tube(frames, paths[k], chosen[k, :, :4], chosen[k, :, 4], rescored[k]) for k in range(len(paths))]


def find_paths(detections: list[FloatArray], tracklets: list[FloatArray], link_iou: float) -> IntArray:
    """The paths (K, L) of all tubes, by compiled loops; the arguments are those of :func:`find_paths_numpy`."""
    from . import kernels  # here, not above: loading the compiler takes longer than the rest of the package

    starts = np.cumsum([0] + [len(rows) for rows in detections])
    tracklet_starts = np.cumsum([0] + [len(rows) for rows in tracklets])
    flat = np.concatenate(detections), starts, np.concatenate(tracklets), tracklet_starts
    return kernels.find_paths(*flat, float(link_iou)).astype(np.int64)


def find_paths_numpy(detections: list[FloatArray], tracklets: list[FloatArray], link_iou: float) -> IntArray:
    """The paths of all tubes, as rows of positions in each frame's detections.

    Args:
        detections: for each of L >= 1 frames (N_f, 5), none of them empty.
        tracklets: for each of L frames (M_f, 8); the last entry is ignored.
        link_iou: see :func:`link_tubes`.

    Returns:
        (K, L) int64, K the smallest N_f.
    """
    scores = [rows[:, 4].copy() for rows in detections]
    # psi does not depend on which boxes are taken: computed once per pair of frames, not once per tube.
    links = [
        tracks_link(detections[f], detections[f + 1], tracklets[f], link_iou).astype(np.float64)
        for f in range(len(detections) - 1)
    ]
    paths = []
    for _ in range(min(len(rows) for rows in detections)):
        paths.append(best_path(scores, links))
        for of_frame, box in zip(scores, paths[-1], strict=True):
            of_frame[box] = -np.inf  # it is taken
    return np.array(paths, dtype=np.int64)


def tracks_link(
    boxes: FloatArray, next_boxes: FloatArray, tracklets: FloatArray, link_iou: float = 0.5
) -> NDArray[np.bool_]:
    """Psi of eq. 6: which boxes of two neighbouring frames a tracklet joins.

    One and the same tracklet must match both boxes. A tracklet is not used up: it may join several pairs.

    Args:
        boxes: (N, 4 or more) corners in the first frame.
        next_boxes: (N', 4 or more) corners in the second frame.
        tracklets: (M, 8) from the first to the second frame.
        link_iou: the least IoU, without +1, at both ends. Boxes without area have IoU 0 with everything.

    Returns:
        (N, N') bool.
    """
    starts = box_iou(boxes[:, :4], tracklets[:, :4], inclusive=False) >= link_iou
    ends = box_iou(tracklets[:, 4:], next_boxes[:, :4], inclusive=False) >= link_iou
    return starts @ ends


def best_path(scores: list[FloatArray], links: list[FloatArray]) -> list[int]:
    """Viterbi's algorithm for eq. 5, backwards: one position per frame, of the path with the largest sum of edges.

    Args:
        scores: for each of L frames (N_f,), none empty; -inf takes a box out, and one at least must be left.
        links: for each of L - 1 frame pairs (N_f, N_f+1), psi.

    Returns:
        L positions. Of equal sums the first box wins, at the start and in every step.
    """
    to_go = np.where(np.isneginf(scores[-1]), -np.inf, 0.0)  # the best sum of the edges from here to the end
    steps: list[IntArray] = []
    for f in range(len(links) - 1, -1, -1):
        total = (scores[f + 1] + to_go)[None, :] + links[f]
        steps.append(total.argmax(axis=1))
        to_go = scores[f] + total.max(axis=1)
    path = [int(to_go.argmax())]
    for step in reversed(steps):
        path.append(int(step[path[-1]]))
    return path
