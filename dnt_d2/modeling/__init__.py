"""The network of D&T; importing this package registers its parts with Detectron2."""

from .backbones import TimmBackbone, build_timm_backbone
from .frames import Candidates, FrameMaps
from .inception_v4 import InceptionV4, build_inception_v4_backbone
from .meta_arch import DetectAndTrack
from .rfcn import RFCNHeads
from .stream import VideoStream
from .track_head import TRACK_HEAD_REGISTRY, CorrelationTrackHead, build_track_head

__all__ = [
    "TRACK_HEAD_REGISTRY",
    "Candidates",
    "CorrelationTrackHead",
    "DetectAndTrack",
    "FrameMaps",
    "InceptionV4",
    "RFCNHeads",
    "TimmBackbone",
    "VideoStream",
    "build_inception_v4_backbone",
    "build_timm_backbone",
    "build_track_head",
]
