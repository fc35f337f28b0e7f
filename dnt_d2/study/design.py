"""The study as data: what is trained, from what, for how long, and how it is tested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode

from ..minivid import MiniVIDSettings

SEEDS = (1, 2, 3)
NOVEL, SEEN = "minivid_val_novel", "minivid_val_seen"
SETS = (NOVEL, SEEN)
"""The headline, whose cut-outs no training has seen; and training cut-outs on new backgrounds, with new motion."""

CONFIGS = "configs/minivid/study"
_D, _DNT = "D_EfficientNet_Lite0.yaml", "DnT_EfficientNet_Lite0.yaml"
CLASSES = ("antelope", "bear", "bird", "car", "rabbit", "sheep")
"""Those that have photographs for the headline set, too, but for cattle: three photographs of them teach nobody what
sets a zebu apart from an antelope, and what a network never recognises no tube can recover."""
EXCHANGED = ("antelope-mountaingoat", "antelope-gnu-stand")
"""So that training sees a goat, too: its other antelopes are gnus and a blackbuck."""
DATA = MiniVIDSettings(
    classes=CLASSES, exchanged=EXCHANGED, train_videos=600, train_frames=4, val_novel_videos=28, repaint=0.8
)
"""The data set of the study, from photographs. Training has many short videos: pairs need no long ones."""

FAR_PAIRS_APART = DATA.train_frames - 1
"""Frames from t to t + tau, of training pairs as far apart as its short videos allow."""

PULLS_AT = ("model_0000299", "model_final")
"""When the gradients of D&T are measured: after a third of stage 2, and at its end. At its beginning the track head's
weights are too small to pass anything on."""
PULL_BATCHES = 50
"""Of training pairs, for which they are."""

NO_TRACKING = ("MODEL.TRACK_HEAD.NAME", "")
HEAVY = 4.0
"""A weight of the tracking loss that it would hardly be given."""
CONV4_TOO = ("MODEL.TIMM.FREEZE_UP_TO", "")
"""Frozen up to conv3, the third stage: conv4 is trained, and shared, as well as conv5."""


@dataclass(frozen=True)
class Training:
    """One network to train.

    Attributes:
        name: unique in the study, and of its folder.
        config: file in :data:`CONFIGS`.
        seed: of the items and of every random choice.
        start: name of the training that it goes on from; "" starts from the packaged trunk.
        changes: config keys and values over those of the file.
        test: keys and values in testing alone.
    """

    name: str
    config: str
    seed: int
    start: str = ""
    changes: tuple[Any, ...] = ()
    test: tuple[Any, ...] = ()

    @property
    def tracks(self) -> bool:
        """Whether its network regresses motion in testing."""
        return self.config != _D and not self.test


@dataclass(frozen=True)
class Ablation:
    """D&T with one thing changed.

    Attributes:
        name: of its part.
        what: in words, for a table.
        changes: config keys and values.
    """

    name: str
    what: str
    changes: tuple[Any, ...]


def _correlating(*names: str, strides: tuple[int, ...] | None = None, d: int = 4) -> tuple[Any, ...]:
    """The keys that make the track head correlate these maps."""
    head = "MODEL.TRACK_HEAD"
    steps = [2 if name == "res3" else 1 for name in names]
    shifts = list(strides or (1,) * len(names))
    return (
        *(f"{head}.IN_FEATURES", list(names), f"{head}.STRIDES", steps, f"{head}.DISPLACEMENT_STRIDES", shifts),
        *(f"{head}.MAX_DISPLACEMENT", d),
    )


_PAPERS_HEAD = (
    *("MODEL.TRACK_HEAD.COSINE", False, "MODEL.TRACK_HEAD.NORM", "none", "MODEL.TRACK_HEAD.INIT_STD", 0.01),
    *("MODEL.TRACK_HEAD.MOVE_UNIT", 0.0, "MODEL.TRACK_HEAD.SMOOTH_L1_BETA", 1.0),
    *("MODEL.TRACK_HEAD.BOTH_DIRECTIONS", False, "MODEL.TRACK_HEAD.MAX_DISPLACEMENT", 8),
)
_ALL = ("res5", "res3", "res4")
ABLATIONS = (
    Ablation("base", "D&T as it is, half the schedule", ()),
    Ablation("no_correlation", "correlation off: box maps alone", _correlating()),
    Ablation("no_box_maps", "box maps off: correlation alone", ("MODEL.TRACK_HEAD.USE_BOX_MAPS", False)),
    Ablation("norm_none", "correlation as it is (no scale)", ("MODEL.TRACK_HEAD.NORM", "none")),
    Ablation("norm_std", "correlation standardised over each stack", ("MODEL.TRACK_HEAD.NORM", "std")),
    Ablation("conv3", "conv3 alone", _correlating("res3")),
    Ablation("conv4", "conv4 alone", _correlating("res4")),
    Ablation("conv5", "conv5 alone", _correlating("res5")),
    Ablation("conv3_stride_2", "conv3 in displacements of 2 cells", _correlating(*_ALL, strides=(1, 2, 1))),
    Ablation("d_8", "d = 8 cells", _correlating(*_ALL, d=8)),
    Ablation("dot_products", "dot products (the paper) instead of cosines", ("MODEL.TRACK_HEAD.COSINE", False)),
    Ablation("papers_head", "the whole track head of the paper, trained one way", _PAPERS_HEAD),
    Ablation("no_ohem", "OHEM off", ("MODEL.RFCN.OHEM_ROIS", 0)),
)
"""Retrained from the D of the first seed, for half of D&T's schedule."""


def core(seed: int) -> tuple[Training, Training, Training]:
    """D, D longer and D&T of one seed.

    D longer goes on from D on the very pairs that D&T sees, for as long, with the same detection losses: the one
    difference is that its tracking loss weighs nothing.
    """
    d = Training(f"seed{seed}_D", _D, seed)
    return d, _weighing_nothing(f"seed{seed}_D_longer", d), Training(f"seed{seed}_DnT", _DNT, seed, d.name)


def heavier(seed: int) -> Training:
    """D&T of one seed with a tracking loss that weighs :data:`HEAVY`."""
    return Training(f"seed{seed}_heavier", _DNT, seed, core(seed)[0].name, ("MODEL.TRACK_HEAD.LOSS_WEIGHT", HEAVY))


def deeper(seed: int) -> tuple[Training, Training]:
    """D longer and D&T of one seed, from the same D, that train conv4 as well."""
    d = core(seed)[0]
    longer = _weighing_nothing(f"seed{seed}_deeper_D_longer", d, CONV4_TOO)
    return longer, Training(f"seed{seed}_deeper_DnT", _DNT, seed, d.name, CONV4_TOO)


def reason_trainings() -> list[Training]:
    """Those that ask what a tracking loss can do for single frames."""
    return [*(heavier(seed) for seed in SEEDS), *deeper(SEEDS[0])]


def of_far_pairs(seed: int) -> Training:
    """D&T of one seed that learns moves over several frames."""
    return Training(f"seed{seed}_far_pairs", _DNT, seed, core(seed)[0].name, ("INPUT.PAIR_STRIDE", FAR_PAIRS_APART))


def _weighing_nothing(name: str, d: Training, changes: tuple[Any, ...] = ()) -> Training:
    """D longer, going on from D."""
    weight = ("MODEL.TRACK_HEAD.LOSS_WEIGHT", 0.0)
    return Training(name, _DNT, d.seed, d.name, (*weight, *changes), NO_TRACKING)


def retrained(ablation: Ablation, iterations: int) -> Training:
    """The training of an ablation: that of D&T, half as long."""
    schedule = ("SOLVER.MAX_ITER", iterations // 2)
    seed = SEEDS[0]
    return Training(f"ablation_{ablation.name}", _DNT, seed, core(seed)[0].name, (*schedule, *ablation.changes))


def trainings(root: Path) -> dict[str, Training]:
    """All of them, by name."""
    iterations = said_by(root, _DNT)["SOLVER"]["MAX_ITER"]
    every = [training for seed in SEEDS for training in core(seed)]
    every += [*reason_trainings(), of_far_pairs(SEEDS[0])]
    every += [retrained(ablation, iterations) for ablation in ABLATIONS]
    return {training.name: training for training in every}


def said_by(root: Path, config: str) -> dict[str, Any]:
    """What a config file and its bases say, as plain data."""
    return CfgNode.load_yaml_with_base(str(root / CONFIGS / config))


def recipes(root: Path, known: Mapping[str, Training]) -> dict[str, dict[str, Any]]:
    """All that decides the weights of each training, and what is asked of them.

    Args:
        root: of the repository.
        known: the trainings by name, each after the one that it goes on from.
    """
    said = {config: _digest_of(root, config) for config in {training.config for training in known.values()}}
    data = digest(asdict(DATA))
    found: dict[str, dict[str, Any]] = {}
    for name, training in known.items():
        found[name] = {
            "config": f"{CONFIGS}/{training.config}",
            "said": said[training.config],
            "changes": list(training.changes),
            "test": list(training.test),
            "seed": training.seed,
            "start": {"name": training.start, "recipe": digest(found[training.start])} if training.start else None,
            "data": data,
        }
    return found


def _digest_of(root: Path, config: str) -> str:
    """Of what a config says, but for where its output goes."""
    said = said_by(root, config)
    said.pop("OUTPUT_DIR", None)
    return digest(said)


def digest(content: Any) -> str:
    """A short name for plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
