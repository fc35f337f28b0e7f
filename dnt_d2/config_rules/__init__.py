"""What a config must not say: one function per topic, which yields a sentence for everything it finds wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from detectron2.config import CfgNode


class Run(NamedTuple):
    """What a config is checked for.

    Attributes:
        world_size: how many processes share a batch.
        training: whether it is to be trained; False is testing alone.
    """

    world_size: int = 1
    training: bool = True


Rule = Callable[[CfgNode, Run], Iterator[str]]
"""Yields, for each contradiction, one sentence with the keys, their values and the remedy."""


def is_rpn_alone(cfg: CfgNode) -> bool:
    """Whether the network is Detectron2's ProposalNetwork: neither R-FCN nor a track head is built."""
    return cfg.MODEL.META_ARCHITECTURE == "ProposalNetwork"


def has_track_head(cfg: CfgNode) -> bool:
    """Whether the network is D&T; without a track head it is D, or the RPN alone."""
    return cfg.MODEL.TRACK_HEAD.NAME != ""


def out_of_range(cfg: CfgNode, limits: dict[str, tuple[float, float]]) -> Iterator[str]:
    """A sentence for every number outside of its closed interval.

    Args:
        cfg: the config.
        limits: keys with dots, such as "TUBES.TOP_K", to (least, largest); infinity is no limit.
    """
    for key, (least, largest) in limits.items():
        node = cfg
        for name in key.split("."):
            node = node[name]
        if not least <= node <= largest:
            allowed = f"at least {least:g}" if largest == float("inf") else f"in [{least:g}, {largest:g}]"
            yield f"{key} is {node}: it must be {allowed}"
