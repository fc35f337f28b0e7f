"""The whole chain for one video: candidates and tracks of all classes in, tubes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..geometry import FloatArray
from .box_voting import check_voting, vote_frame
from .checks import as_rows, as_tracklets, check_fraction, check_length, check_unit
from .linking import find_paths, make_tubes
from .tube import Tube


def link_video(
    boxes: Sequence[ArrayLike],
    scores: Sequence[ArrayLike],
    tracked_boxes: Sequence[ArrayLike],
    *,
    nms_iou: float = 0.4,
    vote_iou: float = 0.5,
    top_k: int = 25,
    link_iou: float = 0.5,
    top_fraction: float = 0.5,
    tracklet_score: float = 0.01,
) -> list[list[Tube]]:
    """Link a video whose every candidate box has been tracked into the next frame.

    A box whose best score is above ``tracklet_score`` and the place where it was tracked to make a tracklet, which
    all classes share. The rest is :func:`link_candidates`.

    Args:
        boxes: for each of T frames (N_f, 4) candidates of all classes, before NMS and without a score threshold.
        scores: for each of T frames (N_f, C), in [0, 1], foreground classes only.
        tracked_boxes: for each of T frames (N_f, 4), where each box goes in the next one. The last entry is ignored.
        nms_iou: see :func:`dnt_d2.tubes.vote_boxes`.
        vote_iou: likewise.
        top_k: likewise.
        link_iou: see :func:`dnt_d2.tubes.link_tubes`.
        top_fraction: likewise.
        tracklet_score: in [0, 1].

    Returns:
        C lists of tubes, as :func:`link_candidates`.

    Raises:
        ValueError: a wrong shape, lists of different length, or a threshold out of range.
    """
    all_boxes, all_scores = _check_candidates(boxes, scores)
    check_length(tracked_boxes, len(all_boxes), "tracked_boxes")
    check_unit(tracklet_score, "tracklet_score")
    tracklets = []
    for f in range(len(all_boxes) - 1):
        tracked = as_rows(tracked_boxes[f], 4, f"tracked_boxes[{f}]")
        if len(tracked) != len(all_boxes[f]):
            raise ValueError(f"frame {f} has {len(all_boxes[f])} boxes, but {len(tracked)} tracked boxes")
        moving = (all_scores[f] > tracklet_score).any(axis=1)
        tracklets.append(np.concatenate([all_boxes[f][moving], tracked[moving]], axis=1))
    tracklets += [np.zeros((0, 8))] * (len(all_boxes) - len(tracklets))
    return link_candidates(
        all_boxes,
        all_scores,
        tracklets,
        nms_iou=nms_iou,
        vote_iou=vote_iou,
        top_k=top_k,
        link_iou=link_iou,
        top_fraction=top_fraction,
    )


def link_candidates(
    boxes: Sequence[ArrayLike],
    scores: Sequence[ArrayLike],
    tracklets: Sequence[ArrayLike],
    *,
    nms_iou: float = 0.4,
    vote_iou: float = 0.5,
    top_k: int = 25,
    link_iou: float = 0.5,
    top_fraction: float = 0.5,
) -> list[list[Tube]]:
    """Link the candidates of all classes of one video along ready tracklets.

    For each class, :func:`dnt_d2.tubes.vote_boxes` in every frame, then :func:`dnt_d2.tubes.link_tubes`.
    Without tracklets (psi = 0) tubes follow the scores alone.

    Args:
        boxes: for each of T frames (N_f, 4) candidates of all classes, before NMS and without a score threshold.
        scores: for each of T frames (N_f, C), in [0, 1], foreground classes only; an empty frame has (0, C). A box
            that is not finite is dropped, a score that is not finite in its class.
        tracklets: for each of T frames (M_f, 8): a box in this frame, and where it goes in the next one. The entry
            of the last frame is ignored.
        nms_iou: see :func:`dnt_d2.tubes.vote_boxes`.
        vote_iou: likewise.
        top_k: likewise.
        link_iou: see :func:`dnt_d2.tubes.link_tubes`.
        top_fraction: likewise.

    Returns:
        C lists of tubes ([] for T = 0, where C is not known). ``frames`` are positions in ``boxes``; ``indices`` are
        ranks, by descending score from 0, among what voting kept of that class in that frame.

    Raises:
        ValueError: a wrong shape, lists of different length, or a threshold out of range.
    """
    voted = vote_video(boxes, scores, nms_iou=nms_iou, vote_iou=vote_iou, top_k=top_k)
    return link_voted(voted, tracklets, link_iou=link_iou, top_fraction=top_fraction)


def vote_video(
    boxes: Sequence[ArrayLike], scores: Sequence[ArrayLike], *, nms_iou: float, vote_iou: float, top_k: int
) -> list[list[FloatArray]]:
    """The first half of :func:`link_candidates`, which several ways to link can share.

    Returns:
        For each of T frames the kept boxes of each class, C arrays (K, 5).
    """
    check_voting(nms_iou, vote_iou, top_k)
    all_boxes, all_scores = _check_candidates(boxes, scores)
    return [vote_frame(b, s, nms_iou, vote_iou, top_k) for b, s in zip(all_boxes, all_scores, strict=True)]


def link_voted(
    voted: Sequence[Sequence[FloatArray]], tracklets: Sequence[ArrayLike], *, link_iou: float, top_fraction: float
) -> list[list[Tube]]:
    """The second half of :func:`link_candidates`: from what :func:`vote_video` gave to tubes."""
    check_unit(link_iou, "link_iou")
    check_fraction(top_fraction)
    tracks = as_tracklets(tracklets, len(voted))
    return [make_tubes(list(frames), tracks, link_iou, top_fraction, find_paths) for frames in zip(*voted, strict=True)]


def _check_candidates(
    boxes: Sequence[ArrayLike], scores: Sequence[ArrayLike]
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Candidates as arrays (N_f, 4) and (N_f, C), with one C."""
    check_length(scores, len(boxes), "scores")
    all_boxes = [as_rows(frame, 4, f"boxes[{f}]") for f, frame in enumerate(boxes)]
    all_scores = [np.asarray(frame, dtype=np.float64) for frame in scores]
    for f, (box_rows, score_rows) in enumerate(zip(all_boxes, all_scores, strict=True)):
        num_classes = all_scores[0].shape[-1] if all_scores[0].ndim else 0
        if score_rows.shape != (len(box_rows), num_classes):
            raise ValueError(
                f"scores[{f}] must have shape (N, C) = ({len(box_rows)}, {num_classes}), got {score_rows.shape}; "
                f"C is that of the first frame, and an empty frame has (0, C)"
            )
    return all_boxes, all_scores
