"""Precomputed proposals, for networks without an RPN: Detectron2's files, its keys and its config.

MODEL.LOAD_PROPOSALS asks for them, DATASETS.PROPOSAL_FILES_TRAIN and _TEST name a file for each data set, and
DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TRAIN and _TEST say how many of each image are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.structures import Boxes, BoxMode, Instances

from ..bounded.pickles import load_data
from .augmentation import flip_boxes

Dicts = Sequence[dict[str, Any]]

_LISTS = ("ids", "boxes", "objectness_logits")
# Detectron's first version had other names for them.
_OLD_KEYS = {"indexes": "ids", "scores": "objectness_logits"}


def _box_mode(value: int) -> BoxMode:
    return BoxMode(value)


def read_proposals(path: str | Path) -> dict[str, Any]:
    """Read a file of Detectron2's form, without running code that it may carry.

    Returns:
        ``ids``, and for each of them in ``boxes`` an array (N, 4) and in ``objectness_logits`` one (N,);
        ``bbox_mode``, how boxes are written (XYXY_ABS where the file doesn't say).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such file, is broken, or would run code.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; DATASETS.PROPOSAL_FILES_TRAIN or _TEST names it")
    try:
        data = load_data(path, {("detectron2.structures.boxes", "BoxMode"): _box_mode})
    except Exception as error:  # a broken pickle may raise anything
        raise ValueError(f"{path}: no file of proposals, or a broken one ({error}); make it again") from error
    data = {_OLD_KEYS.get(key, key): value for key, value in data.items()} if isinstance(data, dict) else {}
    if missing := [key for key in _LISTS if not isinstance(data.get(key), list | tuple | np.ndarray)]:
        raise ValueError(f"{path}: no file of proposals: it lacks the lists {', '.join(missing)}")
    counts = {key: len(data[key]) for key in _LISTS}
    if len(set(counts.values())) > 1:
        raise ValueError(f"{path}: ids, boxes and logits are not of the same images: {counts}")
    mode = data.get("bbox_mode", BoxMode.XYXY_ABS)
    if mode not in (BoxMode.XYXY_ABS, BoxMode.XYWH_ABS):
        raise ValueError(f"{path}: bbox_mode is {mode!r}; boxes must be XYXY_ABS or XYWH_ABS, in pixels")
    return data | {"bbox_mode": BoxMode(mode)}


def add_proposals(dicts: Dicts, path: str | Path, top_k: int) -> Dicts:
    """Give each image its proposals, by ``image_id``.

    Args:
        dicts: dataset dicts; not changed.
        path: see :func:`read_proposals`.
        top_k: only the best are kept.

    Returns:
        new dicts with Detectron2's keys ``proposal_boxes`` (N, 4) float32, ``proposal_objectness_logits`` (N,) float32,
        best first, and ``proposal_bbox_mode``.

    Raises:
        FileNotFoundError, ValueError: the file can't be read, or lacks images; the message names it.
    """
    data = read_proposals(path)
    place = {str(image_id): i for i, image_id in enumerate(data["ids"])}
    if len(place) < len(data["ids"]):
        raise ValueError(f"{path}: {len(data['ids']) - len(place)} ids are there twice; make the file again")
    if missing := [d for d in dicts if str(d["image_id"]) not in place]:
        raise ValueError(
            f"{path}: has no proposals for {len(missing)} of {len(dicts)} images; the first has image_id "
            f"{missing[0]['image_id']} ({missing[0].get('file_name')}); it is of another data set, or was cut off"
        )
    return [d | _best(data, place[str(d["image_id"])], top_k, f"{path}: image_id {d['image_id']}") for d in dicts]


def _best(data: dict[str, Any], i: int, top_k: int, where: str) -> dict[str, Any]:
    try:
        boxes = np.asarray(data["boxes"][i], np.float32)
        logits = np.asarray(data["objectness_logits"][i], np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: boxes and logits must be arrays of numbers ({error})") from error
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.shape != (*logits.shape, 4) or logits.ndim != 1:
        raise ValueError(f"{where}: boxes {boxes.shape} and logits {logits.shape} must be (N, 4) and (N,)")
    if not (np.isfinite(boxes).all() and np.isfinite(logits).all()):
        raise ValueError(f"{where}: a box or a logit is not finite; make the file again")
    order = np.argsort(-logits, kind="stable")[:top_k]
    return {
        "proposal_boxes": boxes[order],
        "proposal_objectness_logits": logits[order],
        "proposal_bbox_mode": data["bbox_mode"],
    }


def with_proposals(cfg: CfgNode, part: str, name: str, dicts: Dicts) -> Dicts:
    """The dicts of a data set as the config wants them: with proposals, where MODEL.LOAD_PROPOSALS is on.

    Args:
        part: "TRAIN" or "TEST".
        name: of the data set, one of DATASETS.<part>.
        dicts: of the data set; not changed.

    Raises:
        FileNotFoundError, ValueError: there is not one file for each data set, or one can't be used.
    """
    if not cfg.MODEL.LOAD_PROPOSALS:
        return dicts
    names, files = list(cfg.DATASETS[part]), list(cfg.DATASETS[f"PROPOSAL_FILES_{part}"])
    if len(names) != len(files):
        raise ValueError(
            f"MODEL.LOAD_PROPOSALS is on, but DATASETS.{part} names {len(names)} data sets and "
            f"DATASETS.PROPOSAL_FILES_{part} {len(files)} files; name one file for each"
        )
    if name not in names:
        raise ValueError(
            f"MODEL.LOAD_PROPOSALS is on, but {name!r} is not in DATASETS.{part}, so there are no proposals for it"
        )
    return add_proposals(dicts, files[names.index(name)], cfg.DATASETS[f"PRECOMPUTED_PROPOSAL_TOPK_{part}"])


def proposal_topk(cfg: CfgNode, part: str) -> int | None:
    """How many proposals of an image are used in ``part`` ("TRAIN" or "TEST"); None where there are none to load."""
    return cfg.DATASETS[f"PRECOMPUTED_PROPOSAL_TOPK_{part}"] if cfg.MODEL.LOAD_PROPOSALS else None


def proposal_instances(
    frame: dict[str, Any], original: tuple[int, int], shape: tuple[int, int], *, top_k: int, flip: bool = False
) -> Instances:
    """The proposals of a frame as the network sees it: clipped, mirrored first, then scaled; those without area go.

    Args:
        frame: a dataset dict with Detectron2's three keys, best proposals first; not changed.
        original: (height, width) of the image.
        shape: (height, width) at the network's input.
        top_k: at most this many.
        flip: whether the frame is mirrored.

    Returns:
        ``proposal_boxes`` (N, 4) and ``objectness_logits`` (N,), for 0 <= N <= ``top_k``.

    Raises:
        ValueError: the frame has no proposals.
    """
    if "proposal_boxes" not in frame:
        raise ValueError(
            f"{frame['file_name']}: MODEL.LOAD_PROPOSALS is on, but there are no proposals for this image; "
            "name a file in DATASETS.PROPOSAL_FILES_TRAIN or _TEST"
        )
    height, width = original
    boxes = np.asarray(frame["proposal_boxes"], np.float64).reshape(-1, 4)
    boxes = BoxMode.convert(boxes, frame.get("proposal_bbox_mode", BoxMode.XYXY_ABS), BoxMode.XYXY_ABS)
    boxes = np.asarray(boxes).clip(0, [width - 1, height - 1] * 2)
    kept = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))[:top_k]
    boxes = flip_boxes(boxes[kept], width) if flip else boxes[kept]
    scale = np.array([shape[1] / width, shape[0] / height] * 2)
    instances = Instances(shape)
    instances.proposal_boxes = Boxes(torch.from_numpy((boxes * scale).astype(np.float32)))
    logits = np.asarray(frame["proposal_objectness_logits"], np.float32)[kept]
    instances.objectness_logits = torch.from_numpy(logits)
    return instances
