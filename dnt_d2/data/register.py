"""Data sets that are described in the config: DATASETS.REGISTER."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog

from ..faults import Leniency, current_leniency
from ..vid_classes import VID_CLASSES
from .imagenet_vid import load_det, load_vid
from .layout import expand_root
from .own_videos import load_coco_vid, load_mot

Dicts = Sequence[dict[str, Any]]
Entry = dict[str, Any]

# For each format: the keys that it needs, and those that it may have, with their defaults.
_NEEDED: dict[str, tuple[str, ...]] = {
    "coco_vid": ("JSON", "CLASSES"),
    "mot": ("ROOT", "CLASSES"),
    "ilsvrc_vid": ("ROOT", "LISTS"),
    "ilsvrc_det": ("ROOT", "LISTS"),
}
_OPTIONAL: dict[str, Entry] = {
    "coco_vid": {"IMAGES": None, "KIND": "video", "KEEP_EMPTY": False},
    "mot": {"LISTS": []},
    "ilsvrc_vid": {"CLASSES": list(VID_CLASSES)},
    "ilsvrc_det": {"CLASSES": list(VID_CLASSES), "MAX_PER_CLASS": 0, "KEEP_EMPTY": False},
}
_LOADERS: dict[str, Callable[[Entry, Leniency | None], Dicts]] = {
    "coco_vid": lambda e, lenient: load_coco_vid(
        e["JSON"], e["CLASSES"], e["IMAGES"], kind=e["KIND"], keep_empty=e["KEEP_EMPTY"], lenient=lenient
    ),
    "mot": lambda e, lenient: load_mot(e["ROOT"], e["CLASSES"], e["LISTS"], lenient=lenient),
    "ilsvrc_vid": lambda e, lenient: load_vid(e["ROOT"], e["LISTS"], e["CLASSES"], lenient=lenient),
    "ilsvrc_det": lambda e, lenient: load_det(
        *(e["ROOT"], e["LISTS"], e["CLASSES"]),
        max_per_class=e["MAX_PER_CLASS"],
        keep_empty=e["KEEP_EMPTY"],
        lenient=lenient,
    ),
}


def register_from_config(cfg: CfgNode) -> list[str]:
    """Register the data sets of DATASETS.REGISTER, so that DATASETS.TRAIN and DATASETS.TEST can name them.

    Nothing is read before a data set is used. To register the same description again does nothing.

    Args:
        cfg: with the keys of :func:`dnt_d2.add_dnt_config`; each entry of the list is a dict with

            - NAME, and FORMAT: "coco_vid", "mot", "ilsvrc_vid" or "ilsvrc_det";
            - CLASSES: the class names, in the order of their ids; ILSVRC has the 30 of ImageNet VID by default;
            - coco_vid: JSON; IMAGES, the folder that its file names are relative to (default: that of the JSON);
              KIND, "video" or "still"; KEEP_EMPTY. See :func:`.own_videos.load_coco_vid`;
            - mot: ROOT; LISTS, names in ``seqmaps`` (default: all sequences). See :func:`.own_videos.load_mot`;
            - ilsvrc_vid and ilsvrc_det: ROOT, LISTS; the latter also MAX_PER_CLASS and KEEP_EMPTY. See
              :func:`.imagenet_vid.load_vid`, :func:`.imagenet_vid.load_det`.

            Paths may begin with "$DETECTRON2_DATASETS", another variable or "~".

    Returns:
        The names of the entries.

    Raises:
        ValueError: an entry is wrong, its name is taken, or MODEL.ROI_HEADS.NUM_CLASSES is not the number of classes
            of a data set that the config trains or tests on. The message says which entry, and what to do.
    """
    entries = [_checked(place, entry) for place, entry in enumerate(cfg.DATASETS.REGISTER)]
    names = [entry["NAME"] for entry in entries]
    for entry in entries:
        if names.count(entry["NAME"]) > 1:
            raise ValueError(f"DATASETS.REGISTER has two entries named {entry['NAME']!r}; rename one")
        _check_name(entry)
        _check_num_classes(cfg, entry)
    for entry in entries:
        if entry["NAME"] not in DatasetCatalog.list():
            _register(entry)
    return names


def _register(entry: Entry) -> None:
    load = _LOADERS[entry["FORMAT"]]
    DatasetCatalog.register(entry["NAME"], lambda: load(entry, current_leniency()))
    still = entry["FORMAT"] == "ilsvrc_det" or entry.get("KIND") == "still"
    MetadataCatalog.get(entry["NAME"]).set(
        thing_classes=list(entry["CLASSES"]),
        evaluator_type="vid",
        kind="still" if still else "video",
        dirname=expand_root(entry.get("ROOT") or entry["JSON"]),
        registered_as=entry,
    )


def _checked(place: int, entry: Any) -> Entry:
    """The entry with its defaults, when its keys and values are right."""
    where = f"DATASETS.REGISTER[{place}]"
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} is {entry!r}, not a dict; write {{NAME: ..., FORMAT: ..., ...}}")
    name, kind = entry.get("NAME"), entry.get("FORMAT")
    if not (isinstance(name, str) and name):
        raise ValueError(f"{where}: NAME is {name!r}; give the data set a name")
    where = f"{where} ({name})"
    if not isinstance(kind, str) or kind not in _NEEDED:
        raise ValueError(f"{where}: FORMAT is {kind!r}; dnt_d2 reads {', '.join(_NEEDED)}")
    keys = {"NAME", "FORMAT", *_NEEDED[kind], *_OPTIONAL[kind]}
    if unknown := sorted(map(str, entry.keys() - keys)):
        raise ValueError(f"{where}: {kind} has no key {unknown[0]}; it has {', '.join(sorted(keys))}")
    if missing := [key for key in _NEEDED[kind] if not entry.get(key)]:
        raise ValueError(f"{where}: {kind} needs {missing[0]}; write it into the entry")
    full = _OPTIONAL[kind] | dict(entry)
    _check_values(full, where)
    return full


def _check_values(entry: Entry, where: str) -> None:
    for key in ("JSON", "ROOT", "IMAGES"):
        if not isinstance(entry.get(key, ""), str | None):
            raise ValueError(f"{where}: {key} is {entry[key]!r}; write a path")
    for key in ("LISTS", "CLASSES"):
        if key == "LISTS" and isinstance(entry.get(key), str):
            entry[key] = [entry[key]]
        value = entry.get(key, [])
        if not (isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)):
            raise ValueError(
                f"{where}: {key} is {value!r}; write a list of names, in quotes where they look like "
                "numbers or yes and no"
            )
        if key in entry:
            entry[key] = list(value)
    if len(set(entry["CLASSES"])) < max(len(entry["CLASSES"]), 1):
        raise ValueError(f"{where}: CLASSES is empty or has a name twice; give each class a name of its own")
    if entry.get("KIND", "video") not in ("video", "still"):
        raise ValueError(f"{where}: KIND is {entry['KIND']!r}; write video or still")
    if type(entry.get("KEEP_EMPTY", False)) is not bool:
        raise ValueError(f"{where}: KEEP_EMPTY is {entry['KEEP_EMPTY']!r}; write True or False")
    limit = entry.get("MAX_PER_CLASS", 0)
    if type(limit) is not int or limit < 0:
        raise ValueError(f"{where}: MAX_PER_CLASS is {limit!r}; write a number of images, or 0 for all")


def _check_name(entry: Entry) -> None:
    name = entry["NAME"]
    if name not in DatasetCatalog.list():
        return
    before = MetadataCatalog.get(name).get("registered_as")
    if before is None:
        raise ValueError(
            f"DATASETS.REGISTER: the name {name!r} is that of a data set which is registered elsewhere; choose another"
        )
    if different := [key for key in sorted(before.keys() | entry.keys()) if before.get(key) != entry.get(key)]:
        raise ValueError(
            f"DATASETS.REGISTER: {name!r} is registered already, with another {different[0]}; choose another name"
        )


def _check_num_classes(cfg: CfgNode, entry: Entry) -> None:
    used = entry["NAME"] in (*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST)
    # The RPN alone knows no classes.
    if not used or cfg.MODEL.META_ARCHITECTURE == "ProposalNetwork":
        return
    count, expected = len(entry["CLASSES"]), cfg.MODEL.ROI_HEADS.NUM_CLASSES
    if count != expected:
        raise ValueError(
            f"MODEL.ROI_HEADS.NUM_CLASSES is {expected}, but the data set {entry['NAME']!r} has {count} "
            f"classes; set MODEL.ROI_HEADS.NUM_CLASSES to {count}"
        )
