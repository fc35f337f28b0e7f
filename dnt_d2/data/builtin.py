"""The data sets that configs can name, registered under ``$DETECTRON2_DATASETS`` (default: "datasets").

Importing this module reads nothing: a data set that is not there is an error when it is used.
"""

from __future__ import annotations

from ..det_classes import DET_CLASSES
from .imagenet_vid import register_imagenet_det, register_imagenet_vid

_ILSVRC = "$DETECTRON2_DATASETS/ILSVRC2015"
_MINIVID = "$DETECTRON2_DATASETS/minivid"


def _register_all() -> None:
    # ILSVRC2015 lists the training videos by class.
    register_imagenet_vid("imagenet_vid_train", _ILSVRC, [f"train_{i}" for i in range(1, 31)])
    register_imagenet_vid("imagenet_vid_val", _ILSVRC, "val")
    # Sec. 5.2: at most 2000 images of each class.
    register_imagenet_det("imagenet_det_train_30classes", _ILSVRC, "train", max_per_class=2000)
    register_imagenet_det("imagenet_det_val_30classes", _ILSVRC, "val", keep_empty=True)
    # To train proposals on all classes first (sec. 5.2): every image that holds one of them.
    register_imagenet_det("imagenet_det_train_200classes", _ILSVRC, "train", DET_CLASSES)
    register_imagenet_det("imagenet_det_val_200classes", _ILSVRC, "val", DET_CLASSES, keep_empty=True)
    register_imagenet_vid("minivid_vid_train", _MINIVID, "train")
    register_imagenet_det("minivid_det_train", _MINIVID, "train")
    register_imagenet_vid("minivid_val_seen", _MINIVID, "val_seen")
    register_imagenet_vid("minivid_val_novel", _MINIVID, "val_novel")


_register_all()
