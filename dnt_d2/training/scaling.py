"""A config made for some number of processes, run by another: the linear scaling rule, once, with clear errors."""

from __future__ import annotations

from detectron2.config import CfgNode
from detectron2.engine import DefaultTrainer


def scale_to_ranks(cfg: CfgNode, ranks: int) -> CfgNode:
    """The config for so many processes, by ``SOLVER.REFERENCE_WORLD_SIZE``, the number that it was made for.

    Each process keeps its share of the batch: batch and learning rate grow with the processes; iterations, their
    steps, the warm-up, and the periods of checkpoints and evaluations shrink. The result names ``ranks`` as its
    reference, so that to scale it again changes nothing. A reference of 0 scales nothing.

    Args:
        cfg: not changed.
        ranks: at least 1.

    Raises:
        ValueError: the batch can't be shared by the processes of the reference, or a number of iterations would become
            0: no checkpoint, no evaluation, or nothing at all would happen.
    """
    reference, total = cfg.SOLVER.REFERENCE_WORLD_SIZE, cfg.SOLVER.IMS_PER_BATCH
    if reference < 0:
        raise ValueError(f"SOLVER.REFERENCE_WORLD_SIZE is {reference}: it must be 0 (off) or a number of processes")
    if reference > 0 and total % reference:
        raise ValueError(
            f"SOLVER.IMS_PER_BATCH is {total}, not a positive multiple of the {reference} processes of "
            "SOLVER.REFERENCE_WORLD_SIZE: change one"
        )
    scaled = DefaultTrainer.auto_scale_workers(cfg, ranks)
    for key in ("SOLVER.MAX_ITER", "SOLVER.CHECKPOINT_PERIOD", "TEST.EVAL_PERIOD"):
        section, name = key.split(".")
        before, after = cfg[section][name], scaled[section][name]
        if before > 0 and after == 0:
            raise ValueError(
                f"{key} is {before} for {reference} processes (SOLVER.REFERENCE_WORLD_SIZE), which is half an "
                f"iteration or less for {ranks}: make it at least {-(-ranks // reference)}"
            )
    return scaled
