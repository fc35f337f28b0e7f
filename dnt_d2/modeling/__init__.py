"""The network of D&T; importing this package registers its parts with Detectron2."""

from .backbones import TimmBackbone, build_timm_backbone
from .caffe_heads import CaffeRFCNHeads, CaffeTrackHead, InclusiveBoxTransform
from .caffe_resnet import CaffeStem, build_caffe_resnet_backbone
from .folding import folded
from .frames import Candidates, FrameMaps
from .inception_v4 import InceptionV4, build_inception_v4_backbone
from .meta_arch import DetectAndTrack
from .proposals import PyramidProposalNetwork, pyramid_proposals, with_proposal_scales
from .rfcn import RFCNHeads
from .stream import VideoStream
from .track_head import TRACK_HEAD_REGISTRY, CorrelationTrackHead, build_track_head

__all__ = [
    "TRACK_HEAD_REGISTRY",
    "CaffeRFCNHeads",
    "CaffeStem",
    "CaffeTrackHead",
    "Candidates",
    "CorrelationTrackHead",
    "DetectAndTrack",
    "FrameMaps",
    "InceptionV4",
    "InclusiveBoxTransform",
    "PyramidProposalNetwork",
    "RFCNHeads",
    "TimmBackbone",
    "VideoStream",
    "build_caffe_resnet_backbone",
    "build_inception_v4_backbone",
    "build_timm_backbone",
    "build_track_head",
    "folded",
    "pyramid_proposals",
    "with_proposal_scales",
]
