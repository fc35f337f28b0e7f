"""The linear scaling rule: every number of it, once only, and contradictions."""

from __future__ import annotations

from typing import Any

import pytest
from detectron2.config import CfgNode, get_cfg

from dnt_d2 import add_dnt_config
from dnt_d2.training.scaling import scale_to_ranks

MADE_FOR_TWO = {
    "SOLVER.REFERENCE_WORLD_SIZE": 2,
    "SOLVER.IMS_PER_BATCH": 4,
    "SOLVER.BASE_LR": 0.01,
    "SOLVER.MAX_ITER": 1200,
    "SOLVER.STEPS": (600, 900),
    "SOLVER.WARMUP_ITERS": 60,
    "SOLVER.CHECKPOINT_PERIOD": 300,
    "TEST.EVAL_PERIOD": 150,
}


def config(**changes: Any) -> CfgNode:
    cfg = get_cfg()
    add_dnt_config(cfg)
    values = MADE_FOR_TWO | {key.replace("__", "."): value for key, value in changes.items()}
    cfg.merge_from_list([part for pair in values.items() for part in pair])
    cfg.freeze()
    return cfg


def test_without_a_reference_nothing_is_scaled() -> None:
    cfg = config(SOLVER__REFERENCE_WORLD_SIZE=0)
    assert scale_to_ranks(cfg, 6) == cfg


def test_all_numbers_are_scaled_once() -> None:
    cfg = config()
    scaled = scale_to_ranks(cfg, 6)
    solver = scaled.SOLVER
    assert pytest.approx(0.03) == solver.BASE_LR
    assert (solver.IMS_PER_BATCH, solver.MAX_ITER) == (12, 400)
    assert (solver.STEPS, solver.WARMUP_ITERS, solver.CHECKPOINT_PERIOD) == ((200, 300), 20, 100)
    assert (scaled.TEST.EVAL_PERIOD, solver.REFERENCE_WORLD_SIZE) == (50, 6)
    assert scale_to_ranks(scaled, 6) == scaled
    assert cfg == config()


def test_fewer_processes_train_longer() -> None:
    scaled = scale_to_ranks(config(), 1)
    assert (scaled.SOLVER.IMS_PER_BATCH, scaled.SOLVER.MAX_ITER, scaled.SOLVER.BASE_LR) == (2, 2400, 0.005)


def test_no_evaluation_on_the_way_stays_none() -> None:
    assert scale_to_ranks(config(TEST__EVAL_PERIOD=0), 6).TEST.EVAL_PERIOD == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SOLVER__REFERENCE_WORLD_SIZE": -1}, "SOLVER.REFERENCE_WORLD_SIZE is -1: it must be 0"),
        ({"SOLVER__IMS_PER_BATCH": 5}, "SOLVER.IMS_PER_BATCH is 5, not a positive multiple of the 2 processes"),
        ({"TEST__EVAL_PERIOD": 1}, "TEST.EVAL_PERIOD is 1 for 2 processes .* for 6: make it at least 3"),
        ({"SOLVER__CHECKPOINT_PERIOD": 1}, "SOLVER.CHECKPOINT_PERIOD is 1"),
        ({"SOLVER__MAX_ITER": 1}, "SOLVER.MAX_ITER is 1"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scale_to_ranks(config(**changes), 6)
