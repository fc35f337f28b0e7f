"""The data loaders of training and testing, built from a config."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.build import trivial_batch_collator
from detectron2.data.catalog import Metadata
from detectron2.utils import comm
from torch.utils.data import DataLoader, Sampler

from ..faults import leniency, tell
from .counting_loader import CountingLoader
from .frame_dicts import FrameDicts
from .joined_frames import JoinedFrames, pack_frames
from .mapper import FrameMapper, PairMapper
from .pairs import PairDataset
from .proposals import with_proposals
from .samplers import PairSampler, VideoChunkSampler
from .video_frames import VideoFrames, without_annotations
from .video_index import group_by_video
from .workers import SteadyLoader, init_worker

logger = logging.getLogger(__name__)

Dicts = Sequence[dict[str, Any]]


def build_pair_train_loader(
    cfg: CfgNode, mapper: Callable[..., dict[str, Any]] | None = None, sampler: Sampler[int] | None = None
) -> DataLoader:
    """The endless loader of training; a batch is a list of items, see :class:`PairMapper`.

    SOLVER.IMS_PER_BATCH counts items of all ranks: pairs, or single frames where no track head is built (D). Data sets
    in DATASETS.TRAIN are of videos or of stills, as their metadata say (``kind``). A negative SEED counts as 0: the
    order of the data is always that of a resumed run.

    To resume, before the first batch is taken: ``loader.sampler.seek(iteration, loader.batch_size)``.

    With DATASETS.ON_FAULT "skip" what is broken is left out, or drawn again (:class:`PairDataset`), and counted, see
    :class:`.counting_loader.CountingLoader`.

    Args:
        mapper: :class:`PairMapper` from the config by default.
        sampler: :class:`PairSampler` by default.

    Raises:
        ValueError: the config asks for what pairs can't have.
    """
    _check_train_config(cfg)
    with leniency(cfg.DATASETS.ON_FAULT, testing=False) as lenient:
        videos, stills = _train_dicts(cfg)
    tell(logger, lenient.tally, "left out of the training data")
    pairs = cfg.MODEL.TRACK_HEAD.NAME != ""
    seed = max(cfg.SEED, 0)
    dataset = PairDataset(
        videos,
        stills,
        PairMapper(cfg) if mapper is None else mapper,
        seed=seed,
        stride=cfg.INPUT.PAIR_STRIDE,
        frames_per_video=cfg.INPUT.FRAMES_PER_VIDEO,
        pairs=pairs,
        skip_faults=cfg.DATASETS.ON_FAULT == "skip",
    )
    logger.info(f"Training on {'pairs' if pairs else 'frames'} of {len(videos)} video frames and {len(stills)} stills")
    return CountingLoader(
        dataset,
        left_out=lenient.tally,
        batch_size=cfg.SOLVER.IMS_PER_BATCH // comm.get_world_size(),
        sampler=PairSampler() if sampler is None else sampler,
        num_workers=cfg.DATALOADER.NUM_WORKERS,
        collate_fn=trivial_batch_collator,
        worker_init_fn=init_worker,
        # A generator of its own: starting the workers must not move the random state that checkpoints keep.
        generator=torch.Generator().manual_seed(seed + comm.get_rank()),
    )


def build_video_test_loader(
    cfg: CfgNode, dataset_name: str, mapper: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> DataLoader:
    """The loader of testing: an item is a list of consecutive frames of one video, see :class:`FrameMapper`.

    Chunks have up to TEST.FRAMES_PER_BATCH frames, every TEST.TEMPORAL_STRIDE-th of a video and its last. Whole videos
    go to ranks. ``len()`` is the number of chunks of this rank. For DATASETS.ON_FAULT "skip" see :class:`.VideoFrames`.

    Args:
        dataset_name: a registered data set, of videos or of stills; with MODEL.LOAD_PROPOSALS one of DATASETS.TEST.
        mapper: :class:`FrameMapper` from the config by default.
    """
    skip = cfg.DATASETS.ON_FAULT == "skip"
    with leniency(cfg.DATASETS.ON_FAULT, testing=True):
        dicts = with_proposals(cfg, "TEST", dataset_name, _dicts(dataset_name))
    sampler = VideoChunkSampler(
        {place[1]: frames for place, frames in group_by_video(dicts).items()},
        frames_per_batch=cfg.TEST.FRAMES_PER_BATCH,
        temporal_stride=cfg.TEST.TEMPORAL_STRIDE,
    )
    # Training annotations are of no use here, and evaluators read them from the catalog.
    dicts = dicts if isinstance(dicts, FrameDicts) else pack_frames([without_annotations(d) for d in dicts])
    return SteadyLoader(
        VideoFrames(dicts, FrameMapper(cfg) if mapper is None else mapper, skip_faults=skip),
        batch_sampler=sampler,
        num_workers=cfg.DATALOADER.NUM_WORKERS,
        collate_fn=trivial_batch_collator,
        worker_init_fn=init_worker,
        generator=torch.Generator().manual_seed(max(cfg.SEED, 0)),
    )


def _check_train_config(cfg: CfgNode) -> None:
    if cfg.DATALOADER.FILTER_EMPTY_ANNOTATIONS:
        raise ValueError(
            "DATALOADER.FILTER_EMPTY_ANNOTATIONS must be False: it takes frames out of the middle of videos"
        )
    if cfg.DATALOADER.ASPECT_RATIO_GROUPING:
        raise ValueError("DATALOADER.ASPECT_RATIO_GROUPING must be False: it breaks the 1 : 1 of videos and stills")
    if not cfg.DATASETS.TRAIN:
        raise ValueError("DATASETS.TRAIN is empty: name at least one data set to train on")
    total, world = cfg.SOLVER.IMS_PER_BATCH, comm.get_world_size()
    if total < 1 or total % world:
        raise ValueError(
            f"SOLVER.IMS_PER_BATCH is {total}, not a positive multiple of the {world} processes; change one"
        )


def _train_dicts(cfg: CfgNode) -> tuple[Dicts, Dicts]:
    """The frames of all data sets of videos, and the images of all data sets of stills."""
    parts: dict[str, list[tuple[str, Dicts]]] = {"video": [], "still": []}
    names = cfg.DATASETS.TRAIN
    for name in names:
        dicts = with_proposals(cfg, "TRAIN", name, _dicts(name))
        metadata = MetadataCatalog.get(name)
        _check_classes(names[0], MetadataCatalog.get(names[0]), name, metadata)
        parts["video" if _kind(metadata, dicts) == "video" else "still"].append((name, dicts))
    return JoinedFrames(parts["video"]), JoinedFrames(parts["still"])


def _dicts(name: str) -> Dicts:
    dicts = DatasetCatalog.get(name)
    if not len(dicts):
        raise ValueError(f"The data set {name!r} is empty: check its lists and its classes")
    return dicts


def _kind(metadata: Metadata, dicts: Dicts) -> str:
    # A data set that someone else registered need not say: it is of videos if any of them has two frames.
    kind = metadata.get("kind")
    return kind or ("video" if any(d.get("video_length", 1) > 1 for d in dicts) else "still")


def _check_classes(first: str, first_metadata: Metadata, name: str, metadata: Metadata) -> None:
    classes, expected = metadata.get("thing_classes"), first_metadata.get("thing_classes")
    if classes is not None and expected is not None and list(classes) != list(expected):
        raise ValueError(f"The data sets {first!r} and {name!r} of DATASETS.TRAIN have different classes; train on one")
