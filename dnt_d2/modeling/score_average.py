"""Score averaging (sec. 5.3, "D&T, average"): a box's class scores, averaged with those where it is tracked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from .frames import Candidates, FrameMaps
from .post_processing import clip_to_frame

if TYPE_CHECKING:
    from .meta_arch import DetectAndTrack

SCORE_AVERAGES = ("none", "next", "both")


class Glance(NamedTuple):
    """What the boxes of a frame are in a neighbouring one.

    Attributes:
        boxes: (N, 4) where they go, in input pixels, not clipped.
        probs: (N, C + 1) what they are there, inside the frame.
    """

    boxes: Tensor
    probs: Tensor


def look(model: DetectAndTrack, here: FrameMaps, there: FrameMaps, candidates: list[Candidates]) -> list[Glance]:
    """Track every candidate of P frames into a neighbouring frame, and classify it there.

    The track starts from the refined box, and the neighbour's class maps are pooled where it ends. Looking back is
    the same with the frames in the other order: the correlation is computed anew, from ``here`` to ``there``.

    Args:
        model: with a track head.
        here, there: P frames, and the neighbour of each.
        candidates: of the frames ``here``.
    """
    assert model.track_head is not None, "without a track head there is no neighbour to look at"
    with model.autocast():
        ends = model.track_head.track(here, there, [c.boxes for c in candidates])
    clipped = [clip_to_frame(end, c.image_size) for end, c in zip(ends, candidates, strict=True)]
    return [Glance(*both) for both in zip(ends, model.roi_heads.classify(there.cls_maps, clipped), strict=True)]


def look_back(
    model: DetectAndTrack, now: FrameMaps, earlier: FrameMaps, candidates: list[Candidates]
) -> list[Candidates]:
    """The candidates ``now``, their scores averaged with those in the earlier frame; as they are unless "both"."""
    if model.score_average != "both":
        return candidates
    return [c.looked_again(g.probs) for c, g in zip(candidates, look(model, now, earlier, candidates), strict=True)]


def look_ahead(
    model: DetectAndTrack, now: FrameMaps, later: FrameMaps, candidates: list[Candidates]
) -> tuple[list[Candidates], list[tuple[Tensor, Tensor]]]:
    """Average the scores of P frames with those in the frames after them.

    Args:
        model: with ``score_average`` "next" or "both".
        now, later: frames t and t + tau of each pair.
        candidates: of the frames t, after :func:`look_back`.

    Returns:
        The candidates with their final scores; and the tracklets of those whose score is above the threshold, as
        :meth:`DetectAndTrack.track` gives them.
    """
    glances = look(model, now, later, candidates)
    final = [c.looked_again(g.probs) for c, g in zip(candidates, glances, strict=True)]
    kept = [model.is_tracked(c) for c in final]
    return final, [(c.boxes[k], g.boxes[k]) for c, g, k in zip(final, glances, kept, strict=True)]
