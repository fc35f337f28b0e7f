"""Data: dataset dicts of videos and stills, pairs of frames to train on, whole videos to test on.

Importing ``dnt_d2.data.builtin`` registers the data sets that configs can name.
"""

from __future__ import annotations

from .imagenet_vid import load_det, load_vid, register_imagenet_det, register_imagenet_vid
from .loaders import build_pair_train_loader, build_video_test_loader
from .mapper import FrameMapper, PairMapper
from .own_videos import load_coco_vid, load_mot
from .pairs import PairDataset
from .register import register_from_config
from .samplers import PairSampler, VideoChunkSampler

__all__ = [
    "FrameMapper",
    "PairDataset",
    "PairMapper",
    "PairSampler",
    "VideoChunkSampler",
    "build_pair_train_loader",
    "build_video_test_loader",
    "load_coco_vid",
    "load_det",
    "load_mot",
    "load_vid",
    "register_from_config",
    "register_imagenet_det",
    "register_imagenet_vid",
]
