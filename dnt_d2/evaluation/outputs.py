"""From a network's output, Detectron2's ``Instances``, to the tables of a :class:`.video_record.VideoRecord`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    candidates, tracklets = output["link_candidates"], output["tracklets"]
    class_scores = to_numpy(candidates.class_scores)
    if class_scores.shape[1] != len(class_names):
        raise ValueError(f"the network has {class_scores.shape[1]} classes, but {dataset} has {len(class_names)}")
    ends = [to_numpy(tracklets.start_boxes.tensor), to_numpy(tracklets.end_boxes.tensor)]
    tables["candidates"] = {"boxes": to_numpy(candidates.pred_boxes.tensor), "scores": class_scores}
    tables["tracklets"] = {"boxes": np.concatenate(ends, axis=1)}
    if "proposals" in output:
        tables["proposals"] = {"boxes": to_numpy(output["proposals"].proposal_boxes.tensor)}
    revised = to_numpy(output["revised_candidates"].class_scores) if "revised_candidates" in output else None
    return tables, revised


def to_numpy(tensor: Any) -> NDArray[Any]:
    """A tensor of any device as an array."""
    return tensor.detach().cpu().numpy()
