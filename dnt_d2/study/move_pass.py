"""How well a trained track head regresses motion on data sets, measured by a process of its own.

python -m dnt_d2.study.move_pass --config-file configs/minivid/study/DnT_EfficientNet_Lite0.yaml --output moves.json \\
    MODEL.WEIGHTS output/study/seed1_DnT/model_final.pth DATASETS.TEST "('minivid_val_novel',)"
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ..evaluation.tables import write_json
from ..modeling import DetectAndTrack
from .commands import Workshop
from .design import Training
from .move_measurement import correlation_reach, measure_moves
from .move_summary import summarise_by_tau
from .own_process import ask_apart, get_parser, load_network

TAUS = (1, 10)
"""Frames between t and t + tau."""

EVERY = 5
"""Which frames are a t: a fifth of the frames, and those a tau later, take half a minute a data set."""


def moves_of(shop: Workshop, training: Training, datasets: Sequence[str], *, every: int = EVERY) -> dict[str, Any]:
    """Move the true boxes of data sets by the head of a finished training.

    Args:
        shop: where.
        training: of a network with a track head.
        datasets: names.
        every: see :func:`.move_measurement.measure_moves`.

    Returns:
        What :func:`measure` does.

    Raises:
        RuntimeError: it failed; what it printed says why.
    """
    words = ("--every", every, "DATASETS.TEST", tuple(datasets))
    return ask_apart(shop, "move_pass", training, words)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """What the command does, but for writing it down.

    Returns:
        Plain data::

            moves               {data set: {tau: summary}}, see :func:`.move_summary.summarise_moves`
            reach_px            {correlated map: how far it looks}, {} without correlation
            template_reach_px   how far template matching looks
            every               every so-many-th frame of a video is a t

    Raises:
        ValueError: the network has no track head, or the config contradicts itself.
    """
    cfg, model = load_network(args, training=False)
    reach, template = correlation_reach(model), template_reach(model)
    moves = {}
    for dataset in cfg.DATASETS.TEST:
        found = measure_moves(cfg, model, dataset, reach=template, taus=TAUS, every=args.every)
        moves[dataset] = summarise_by_tau(found)
    return {"moves": moves, "reach_px": reach, "template_reach_px": template, "every": args.every}


def template_reach(model: DetectAndTrack) -> int:
    """As far as the map that looks farthest; for a head that correlates nothing, d cells of the coarsest map."""
    head = model.track_head
    if head is None:
        raise ValueError("the network has no track head (D), so it moves nothing: give a D&T config")
    coarsest = max(shape.stride for shape in model.backbone.output_shape().values())
    return max(correlation_reach(model).values(), default=head.max_displacement * coarsest)


def move_parser() -> argparse.ArgumentParser:
    """Of the command."""
    parser = get_parser(__doc__)
    parser.add_argument(
        "--every", type=int, default=EVERY, help="every so-many-th frame of a video is a t (default: %(default)s)"
    )
    return parser


if __name__ == "__main__":
    arguments = move_parser().parse_args()
    write_json(arguments.output, measure(arguments))
