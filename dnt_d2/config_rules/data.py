"""Data sets, items, and the batch."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog

from ..faults import POLICIES
from . import Run, has_track_head, is_rpn_alone, out_of_range


def data_sets(cfg: CfgNode, run: Run) -> Iterator[str]:
    """They are known, and have as many classes as the network."""
    if run.training and not cfg.DATASETS.TRAIN:
        yield "DATASETS.TRAIN is empty: name at least one data set to train on"
    named = [("TRAIN", name) for name in cfg.DATASETS.TRAIN if run.training]
    named += [("TEST", name) for name in cfg.DATASETS.TEST]
    known = DatasetCatalog.list()
    for part, name in named:
        if name not in known:
            yield (
                f"DATASETS.{part} names {name!r}, which is not registered: correct the name, or describe your own data "
                "set in DATASETS.REGISTER (docs/own_videos.md)"
            )
            continue
        classes = MetadataCatalog.get(name).get("thing_classes")
        # The RPN alone knows no classes.
        if classes is not None and not is_rpn_alone(cfg) and len(classes) != cfg.MODEL.ROI_HEADS.NUM_CLASSES:
            yield (
                f"MODEL.ROI_HEADS.NUM_CLASSES is {cfg.MODEL.ROI_HEADS.NUM_CLASSES}, but {name!r} of DATASETS.{part} "
                f"has {len(classes)} classes: set it to {len(classes)}, or use another data set"
            )
    if run.training:
        yield from _same_classes([name for name in cfg.DATASETS.TRAIN if name in known])


def _same_classes(names: list[str]) -> Iterator[str]:
    described = [(name, MetadataCatalog.get(name).get("thing_classes")) for name in names]
    described = [(name, list(classes)) for name, classes in described if classes is not None]
    for name, classes in described[1:]:
        if classes != described[0][1]:
            yield (
                f"The data sets {described[0][0]!r} and {name!r} of DATASETS.TRAIN have different classes, or another "
                "order of them: train on one"
            )


def faults(cfg: CfgNode, run: Run) -> Iterator[str]:
    """What is done about broken files; precomputed proposals go by the numbers of images, which skipping changes."""
    policy = cfg.DATASETS.ON_FAULT
    if policy not in POLICIES:
        yield f"DATASETS.ON_FAULT is {policy!r}: it must be one of {', '.join(POLICIES)}"
    elif run.training and policy == "skip" and cfg.MODEL.LOAD_PROPOSALS:
        yield (
            "DATASETS.ON_FAULT is 'skip', but MODEL.LOAD_PROPOSALS is on, and images that are left out change the "
            "numbers by which proposals are found: set it to error"
        )


def loader(cfg: CfgNode, run: Run) -> Iterator[str]:
    """What of Detectron2's loader would break pairs, or is without effect on ours."""
    loader = cfg.DATALOADER
    yield from out_of_range(cfg, {"DATALOADER.NUM_WORKERS": (0, inf)})
    if not run.training:
        return
    if loader.FILTER_EMPTY_ANNOTATIONS:
        yield "DATALOADER.FILTER_EMPTY_ANNOTATIONS must be False: it takes frames out of the middle of videos"
    if loader.ASPECT_RATIO_GROUPING:
        yield "DATALOADER.ASPECT_RATIO_GROUPING must be False: it breaks the 1 : 1 of videos and stills"
    if loader.SAMPLER_TRAIN != "TrainingSampler":
        yield (
            f"DATALOADER.SAMPLER_TRAIN is {loader.SAMPLER_TRAIN!r}, but videos and stills come in turn, uniformly over "
            "videos: leave it at TrainingSampler"
        )
    yield from out_of_range(cfg, {"DATALOADER.CACHE_MB": (0, inf)})


def pairs(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Which frames make an item."""
    if not run.training:
        return
    yield from out_of_range(cfg, {"INPUT.PAIR_STRIDE": (1, inf), "INPUT.FRAMES_PER_VIDEO": (0, inf)})
    if cfg.INPUT.PAIR_STRIDE > 1 and not has_track_head(cfg):
        yield (
            f'INPUT.PAIR_STRIDE is {cfg.INPUT.PAIR_STRIDE}, but with MODEL.TRACK_HEAD.NAME "" items are single frames: '
            "set it to 1, or name a track head"
        )


def pictures(cfg: CfgNode, run: Run) -> Iterator[str]:
    """Sizes at the network's input, and what is done to pictures."""
    if cfg.INPUT.MIN_SIZE_TEST > cfg.INPUT.MAX_SIZE_TEST or cfg.INPUT.MIN_SIZE_TEST < 0:
        yield (
            f"INPUT.MIN_SIZE_TEST is {cfg.INPUT.MIN_SIZE_TEST} and INPUT.MAX_SIZE_TEST {cfg.INPUT.MAX_SIZE_TEST}: the "
            "shorter side must be at least 0 (the picture's own) and at most as long as the longer one"
        )
    if not run.training:
        return
    sizes, sampling = tuple(cfg.INPUT.MIN_SIZE_TRAIN), cfg.INPUT.MIN_SIZE_TRAIN_SAMPLING
    if sampling not in ("choice", "range") or not sizes or (sampling == "range" and len(sizes) != 2):
        yield (
            f"INPUT.MIN_SIZE_TRAIN_SAMPLING is {sampling!r} and MIN_SIZE_TRAIN {sizes}: 'choice' needs at least one "
            "size, 'range' two"
        )
    elif min(sizes) < 0 or max(sizes) > cfg.INPUT.MAX_SIZE_TRAIN:
        yield (
            f"INPUT.MIN_SIZE_TRAIN is {sizes} and INPUT.MAX_SIZE_TRAIN {cfg.INPUT.MAX_SIZE_TRAIN}: the shorter side "
            "must be at least 0 (the picture's own) and at most as long as the longer one"
        )
    if cfg.INPUT.RANDOM_FLIP not in ("horizontal", "none"):
        yield f"INPUT.RANDOM_FLIP is {cfg.INPUT.RANDOM_FLIP!r}: a pair knows 'horizontal' and 'none'"
    if cfg.INPUT.CROP.ENABLED:
        yield "INPUT.CROP.ENABLED is on, but pairs are not cropped: turn it off"


def solver(cfg: CfgNode, run: Run) -> Iterator[str]:
    """The batch, and the optimiser."""
    if not run.training:
        return
    total, reference = cfg.SOLVER.IMS_PER_BATCH, cfg.SOLVER.REFERENCE_WORLD_SIZE
    # With a reference, Detectron2 scales the batch to the processes that there are.
    share = reference if reference > 0 else run.world_size
    if total < 1 or total % share:
        yield f"SOLVER.IMS_PER_BATCH is {total}, not a positive multiple of the {share} processes: change one"
    if cfg.SOLVER.OPTIMIZER not in ("SGD", "ADAMW"):
        yield f'SOLVER.OPTIMIZER is {cfg.SOLVER.OPTIMIZER!r}: it must be "SGD" or "ADAMW"'
    if cfg.SOLVER.AMP.ENABLED and cfg.MODEL.DEVICE == "cpu":
        yield "SOLVER.AMP.ENABLED is on, but MODEL.DEVICE is cpu, and Detectron2 has it on GPUs only: turn it off"
    yield from out_of_range(
        cfg,
        {
            "SOLVER.MAX_ITER": (0, inf),
            "SOLVER.BASE_LR": (0, inf),
            "SOLVER.BACKBONE_MULTIPLIER": (0, inf),
            "SOLVER.CHECKPOINT_PERIOD": (1, inf),
        },
    )


RULES = (data_sets, faults, loader, pairs, pictures, solver)
