"""Proposals that come with the pictures, for networks without an RPN (the authors' released ones)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from detectron2.structures import Instances

from .finite import check_given


def given_proposals(items: Sequence[dict[str, Any]], device: torch.device, prefix: str = "") -> list[Instances]:
    """The proposals of input dicts.

    Args:
        items: each with ``proposals``, or ``next_proposals`` with the prefix "next_": Instances with
            ``proposal_boxes`` in pixels of the network's input, best first.
        device: where they are needed.
        prefix: "" or "next_".

    Raises:
        ValueError: an item has none.
        FloatingPointError: a box is not finite.
    """
    key = f"{prefix}proposals"
    if lacking := [x for x in items if key not in x]:
        raise ValueError(
            f"{lacking[0].get('file_name', 'an item')} has no {key!r}, and the network has no RPN "
            "(MODEL.PROPOSAL_GENERATOR.NAME): set MODEL.LOAD_PROPOSALS and DATASETS.PROPOSAL_FILES_TEST (or _TRAIN)"
        )
    for x in items:
        check_given(x[key].proposal_boxes.tensor, x, key)
    return [x[key].to(device) for x in items]
