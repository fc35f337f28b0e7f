"""The check of a config at start-up: what contradicts itself is refused before data are read or weights are loaded."""

from __future__ import annotations

from detectron2.config import CfgNode

from . import data, modeling  # noqa: F401 (register what configs name)
from .config_rules import Rule, Run
from .config_rules import data as data_rules
from .config_rules import heads as head_rules
from .config_rules import testing as testing_rules
from .config_rules import trunk as trunk_rules

# The maps of the trunk come last: they are the only ones that need a network to be built.
CHECKS: tuple[Rule, ...] = (*head_rules.RULES, *data_rules.RULES, *testing_rules.RULES, *trunk_rules.RULES)
"""All topics, in the order in which they are checked."""


def check_config(cfg: CfgNode, *, world_size: int = 1, training: bool = True) -> None:
    """Refuse a config that contradicts itself.

    Nothing is read or allocated: the trunk is built without storage, to know its maps. Data sets of
    ``DATASETS.REGISTER`` must have been registered (:func:`dnt_d2.data.register_from_config`).

    Args:
        cfg: with the keys of :func:`dnt_d2.add_dnt_config`; not changed.
        world_size: how many processes share a batch.
        training: False leaves out what only training reads.

    Raises:
        ValueError: for the first contradiction, one sentence that names the keys, their values and the remedy.
    """
    run = Run(world_size, training)
    for check in CHECKS:
        for problem in check(cfg, run):
            raise ValueError(problem)
