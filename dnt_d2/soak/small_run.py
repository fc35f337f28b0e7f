"""A training that takes seconds: drawn videos, a small network, and the commands that train and evaluate it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode, get_cfg

from .. import add_dnt_config
from ..minivid import MiniVIDSettings, write_dataset

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "Base-DnT.yaml"
CLASSES = ("bird", "car", "rabbit", "zebra")

# ResNet-50 an eighth as wide, with all of its layers.
_SMALL: tuple[Any, ...] = (
    *("MODEL.DEVICE", "cpu"),
    *("MODEL.WEIGHTS", ""),
    *("MODEL.BACKBONE.FREEZE_AT", 0),
    *("MODEL.RESNETS.DEPTH", 50),
    *("MODEL.RESNETS.STEM_OUT_CHANNELS", 8),
    *("MODEL.RESNETS.WIDTH_PER_GROUP", 8),
    *("MODEL.RESNETS.RES2_OUT_CHANNELS", 16),
    *("MODEL.PIXEL_STD", [60.0, 60.0, 60.0]),
    *("MODEL.ANCHOR_GENERATOR.SIZES", [[16.0, 32.0, 56.0]]),
    *("MODEL.RPN.CONV_DIMS", [16]),
    *("MODEL.RPN.PRE_NMS_TOPK_TRAIN", 200),
    *("MODEL.RPN.PRE_NMS_TOPK_TEST", 200),
    *("MODEL.RPN.POST_NMS_TOPK_TRAIN", 30),
    *("MODEL.RPN.POST_NMS_TOPK_TEST", 30),
    *("MODEL.ROI_HEADS.NUM_CLASSES", 30),
    *("MODEL.RFCN.REDUCTION_CHANNELS", 16),
    *("MODEL.RFCN.REDUCTION_DILATION", 1),
    *("MODEL.RFCN.GRID_SIZE", 3),
    *("MODEL.RFCN.OHEM_ROIS", 16),
    *("MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 2),
    *("INPUT.MIN_SIZE_TRAIN", (64,)),
    *("INPUT.MAX_SIZE_TRAIN", 128),
    *("INPUT.MIN_SIZE_TEST", 64),
    *("INPUT.MAX_SIZE_TEST", 128),
    *("DATASETS.TRAIN", ("minivid_vid_train", "minivid_det_train")),
    *("DATASETS.TEST", ("minivid_val_seen",)),
    *("DATALOADER.NUM_WORKERS", 0),
    *("DATALOADER.CACHE_MB", 0),
    *("SOLVER.IMS_PER_BATCH", 2),
    *("SOLVER.BASE_LR", 0.002),
    *("SOLVER.CHECKPOINT_PERIOD", 5),
    *("SOLVER.MAX_ITER", 20),
    *("SOLVER.STEPS", ()),
    *("SEED", 3),
)


def small_config(*overrides: Any) -> CfgNode:
    """A network of which a step takes a tenth of a second, on the data of :class:`SmallRun`.

    Args:
        overrides: keys and values in turn.
    """
    cfg = get_cfg()
    add_dnt_config(cfg)
    cfg.merge_from_file(str(CONFIG))
    cfg.merge_from_list([*_SMALL, *overrides])
    return cfg


@dataclass(frozen=True)
class SmallRun:
    """Data and config in one folder, so that ``train_net.py`` can be run, killed and run again there.

    Attributes:
        folder: has ``datasets/minivid``, ``small.yaml``, and whatever the runs write.
    """

    folder: Path

    @classmethod
    def make(
        cls,
        folder: Path,
        *overrides: Any,
        seed: int = 0,
        workers: int = 1,
        frame_sizes: tuple[tuple[int, int], ...] = ((160, 120), (176, 120)),
    ) -> SmallRun:
        """Draw the videos and write the config.

        Args:
            folder: must exist.
            overrides: keys and values in turn, over :func:`small_config`.
            seed: of the videos.
            workers: processes that draw.
            frame_sizes: (width, height) of the videos and stills, in turn.
        """
        settings = MiniVIDSettings(
            seed=seed,
            train_videos=6,
            train_frames=6,
            stills=12,
            val_seen_videos=4,
            val_novel_videos=1,
            val_frames=8,
            frame_sizes=frame_sizes,
            classes=CLASSES,
        )
        write_dataset(folder / "datasets" / "minivid", settings, "drawn", workers=workers, progress=False)
        (folder / "small.yaml").write_text(small_config(*overrides).dump(), encoding="utf-8")
        return cls(folder)

    @property
    def data(self) -> Path:
        """The root of the data set: ``Data, Annotations, ImageSets`` in the layout of ILSVRC."""
        return self.folder / "datasets" / "minivid"

    def command(self, output: str, *options: str, **keys: Any) -> list[str]:
        """The command line of a training, or of whatever the options make of it.

        Args:
            output: name of the run's folder, below ``folder``.
            options: of ``train_net.py``.
            keys: of the config, with two underscores for each dot.
        """
        pairs = [str(part) for key, value in keys.items() for part in (key.replace("__", "."), value)]
        config = ["--config-file", str(self.folder / "small.yaml")]
        tail = ["OUTPUT_DIR", str(self.folder / output), *pairs]
        return [sys.executable, str(ROOT / "train_net.py"), *config, *options, *tail]

    def environment(self) -> dict[str, str]:
        """Variables for the command: where the data are, and one thread a process."""
        return {**os.environ, "DETECTRON2_DATASETS": str(self.folder / "datasets"), "OMP_NUM_THREADS": "1"}

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Run a command in the background, in a process group of its own; both outputs go to the end of ``log``."""
        with log.open("ab") as sink:
            return subprocess.Popen(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
