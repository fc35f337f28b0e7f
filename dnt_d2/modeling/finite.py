"""What may not be NaN or infinite: boxes that come in, and scores and boxes that go out.

Detectron2 leaves such rows out in testing: a network whose weights are NaN finds nothing, and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .frames import Candidates, FrameMaps

_LARGEST = 1e9  # pixels


def check_given(boxes: Tensor, item: dict[str, Any], what: str) -> None:
    """Look at boxes that come with a picture; they should still be on the CPU, where looking costs nothing.

    Args:
        boxes: (N, 4) corners.
        item: of which picture; ``file_name`` is for the message.
        what: they are, for the message.

    Raises:
        FloatingPointError: one has a number that is not finite, or so large that areas overflow.
    """
    bad = ~(boxes.abs() <= _LARGEST).all(dim=1)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise FloatingPointError(
            f"{_name(item)}: row {row} of {what} is {boxes[row].tolist()}, which is not finite, or no picture is as "
            "large: correct the file that it comes from, or leave the row out"
        )


@contextmanager
def rpn_named() -> Iterator[None]:
    """In training Detectron2's RPN stops at boxes and scores that are not finite, before it gives its losses.

    Raises:
        FloatingPointError: the same, with the names of those losses.
    """
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(
            f"the RPN's boxes or scores are not finite (loss_rpn_cls, loss_rpn_loc): {error}"
        ) from error


def check_found(
    found: Sequence[Candidates], maps: FrameMaps, rpn: nn.Module | None, items: Sequence[dict[str, Any]]
) -> None:
    """Look at the boxes and scores of frames: one look at all of them, since a GPU has to be waited for.

    Args:
        found: of each frame.
        maps: that they come from.
        rpn: that proposed them, if there is one.
        items: the input dicts, for the message.

    Raises:
        FloatingPointError: boxes or scores of a frame are not finite; or it has none, because nothing is finite.
    """
    for item, fine in zip(items, _each_finite([(c.boxes, c.probs) for c in found]), strict=True):
        if not fine:
            raise _not_finite(item, "boxes or scores")
    for i, (item, own) in enumerate(zip(items, found, strict=True)):
        # The RPN leaves out what is not finite. Was nothing there, or is it that?
        weights = () if rpn is None else (p for p in rpn.parameters())
        if not len(own.boxes) and not all(_each_finite([(maps.cls_maps[i], *weights)])):
            raise _not_finite(item, "proposals")


def check_tracks(ends: Sequence[Tensor], items: Sequence[dict[str, Any]]) -> None:
    """Look at where boxes go.

    Args:
        ends: (M, 4) corners, for each frame.
        items: the input dicts of these frames, for the message.

    Raises:
        FloatingPointError: one has a number that is not finite.
    """
    for item, fine in zip(items, _each_finite([(x,) for x in ends]), strict=True):
        if not fine:
            raise _not_finite(item, "tracks")


def _each_finite(values: Sequence[tuple[Tensor, ...]]) -> list[bool]:
    """Of each entry, whether all of its tensors are finite."""
    if not values:
        return []
    return torch.stack([torch.stack([x.isfinite().all() for x in own]).all() for own in values]).tolist()


def _not_finite(item: dict[str, Any], what: str) -> FloatingPointError:
    return FloatingPointError(
        f"{_name(item)}: the network's {what} are not finite. Either its weights are not (a training that diverged), "
        'or half precision overflows: then set TEST.PRECISION to "bfloat16" or "float32"'
    )


def _name(item: dict[str, Any]) -> str:
    if "file_name" in item:
        return str(item["file_name"])
    return f"frame {item['frame_index']}" if "frame_index" in item else "a picture"
