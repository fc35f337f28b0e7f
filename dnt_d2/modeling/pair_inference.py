"""Both frames of a pair at once, as the paper's network takes them. For videos VideoStream does half of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from detectron2.structures import Instances

from .finite import check_found, check_tracks
from .post_processing import link_candidates, original_size, tracklets
from .score_average import look_ahead, look_back

if TYPE_CHECKING:
    from .meta_arch import DetectAndTrack


def infer_pairs(model: DetectAndTrack, items: list[dict[str, Any]]) -> list[dict[str, Instances]]:
    """Detect in both frames of every pair, and track from the first to the second.

    A pair is taken at a time: padding to a batch's largest frame would change the features.

    Args:
        model: in evaluation mode.
        items: with ``image`` and ``next_image``.

    Returns:
        What :meth:`DetectAndTrack.forward` says of pairs.
    """
    return [_infer(model, x) for x in items]


def _infer(model: DetectAndTrack, item: dict[str, Any]) -> dict[str, Instances]:
    images = model.preprocess([item["image"], item["next_image"]])
    maps = model.encode(images)
    given = [p for kind in ("", "next_") for p in model.given_proposals([item], kind) or []]
    now, later = found = model.detect(images, maps, given or None)
    check_found(found, maps, model.proposal_generator, [item, item])
    size = original_size(item, now.image_size)
    results = [model.roi_heads.frame_result(c, size) for c in (now, later)]
    if model.score_average == "none":
        ((start, end),) = model.track(maps[:1], maps[1:], [now])
    else:
        (later,) = look_back(model, maps[1:], maps[:1], [later])
        (now,), ((start, end),) = look_ahead(model, maps[:1], maps[1:], [now])
    check_tracks([end], [item])
    return {
        "instances": results[0],
        "next_instances": results[1],
        "link_candidates": link_candidates(now, size),
        "next_link_candidates": link_candidates(later, size),
        "tracklets": tracklets(start, end, now.image_size, size),
    }
