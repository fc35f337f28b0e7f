"""From a network's output, Detectron2's ``Instances``, to the tables of a :class:`.video_record.VideoRecord`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Tables = dict[str, dict[str, NDArray[Any]]]


def frame_tables(
    output: Mapping[str, Any], class_names: Sequence[str], dataset: str
) -> tuple[Tables, NDArray[Any] | None]:
    """What a record keeps of one frame.

    Args:
        output: with ``instances``, and for video ``link_candidates``, ``tracklets``, perhaps ``proposals`` and
            ``revised_candidates``, as :class:`dnt_d2.modeling.VideoStream` gives them.
        class_names: of the data set.
        dataset: its name, for messages.

    Returns:
        The tables, and the revised scores of the frame before, if there are any.

    Raises:
        ValueError: the network has other classes than the data set.
    """
    instances = output["instances"]
    classes = to_numpy(instances.pred_classes)
    if len(classes) and classes.max() >= len(class_names):
        raise ValueError(f"the network found class {classes.max()}, but {dataset} has {len(class_names)}")
    scores, boxes = to_numpy(instances.scores), to_numpy(instances.pred_boxes.tensor)
    tables: Tables = {"detections": {"boxes": boxes, "scores": scores, "classes": classes}}
    if "link_candidates" not in output:
        return tables, None
    linked = link_arrays(output)
    if linked.scores.shape[1] != len(class_names):
        raise ValueError(f"the network has {linked.scores.shape[1]} classes, but {dataset} has {len(class_names)}")
    tables["candidates"] = {"boxes": linked.boxes, "scores": linked.scores}
    tables["tracklets"] = {"boxes": linked.tracklets}
    if "proposals" in output:
        tables["proposals"] = {"boxes": to_numpy(output["proposals"].proposal_boxes.tensor)}
    return tables, linked.revised


def place_of(frame: Mapping[str, Any]) -> tuple[int, int]:
    """Video id and frame index of an item of a loader.

    Raises:
        ValueError: it lacks them.
    """
    if "video_id" not in frame or "frame_index" not in frame:
        raise ValueError("the loader must hand on video_id and frame_index of each frame")
    return int(frame["video_id"]), int(frame["frame_index"])


class LinkArrays(NamedTuple):
    """What linking needs of a frame, as :meth:`dnt_d2.tubes.collector.VideoCollector.add` takes it.

    Attributes:
        boxes: (N, 4) candidates.
        scores: (N, C) of all classes.
        tracklets: (M, 8) that end here.
        revised: (N', C) new scores of the frame before, from score averaging; None without.
    """

    boxes: NDArray[Any]
    scores: NDArray[Any]
    tracklets: NDArray[Any]
    revised: NDArray[Any] | None


def link_arrays(output: Mapping[str, Any]) -> LinkArrays:
    """Candidates and tracklets of a frame of a video, as :class:`dnt_d2.modeling.VideoStream` gives them."""
    candidates, moves = output["link_candidates"], output["tracklets"]
    ends = [to_numpy(moves.start_boxes.tensor), to_numpy(moves.end_boxes.tensor)]
    return LinkArrays(
        to_numpy(candidates.pred_boxes.tensor),
        to_numpy(candidates.class_scores),
        np.concatenate(ends, axis=1),
        to_numpy(output["revised_candidates"].class_scores) if "revised_candidates" in output else None,
    )


def to_numpy(tensor: Any) -> NDArray[Any]:
    """A tensor of any device as an array."""
    return tensor.detach().cpu().numpy()
