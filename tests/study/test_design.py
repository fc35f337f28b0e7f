"""The study as data: what differs between its trainings is what it says, and every config can be run."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from dnt_d2.command_config import config_of
from dnt_d2.config_check import check_config
from dnt_d2.study import design
from dnt_d2.study.design import (
    ABLATIONS,
    CONFIGS,
    DATA,
    HEAVY,
    SEEDS,
    Training,
    core,
    deeper,
    heavier,
    of_far_pairs,
    recipes,
    retrained,
    said_by,
    trainings,
)

ROOT = Path(__file__).resolve().parents[2]


def config(training: Training, *test: object) -> argparse.Namespace:
    opts = [str(word) for word in (*training.changes, *test)]
    return argparse.Namespace(config_file=str(ROOT / CONFIGS / training.config), opts=opts)


def test_each_training_comes_after_the_one_that_it_goes_on_from() -> None:
    names = list(trainings(ROOT))
    assert len(names) == 4 * len(SEEDS) + 3 + len(ABLATIONS)
    for place, training in enumerate(trainings(ROOT).values()):
        assert not training.start or training.start in names[:place]


def test_the_tracking_loss_is_all_that_d_longer_lacks() -> None:
    d, longer, dnt = core(2)
    assert d.seed == longer.seed == dnt.seed == 2
    assert longer.start == dnt.start == d.name
    one, other = config_of(config(longer)), config_of(config(dnt))
    assert (one.MODEL.TRACK_HEAD.LOSS_WEIGHT, other.MODEL.TRACK_HEAD.LOSS_WEIGHT) == (0.0, 1.0)
    one.defrost()
    one.MODEL.TRACK_HEAD.LOSS_WEIGHT = 1.0
    assert one.dump() == other.dump()
    assert [training.tracks for training in (d, longer, dnt)] == [False, False, True]


def test_d_sees_as_many_frames_of_an_update_as_d_and_t() -> None:
    d, _, dnt = core(1)
    assert config_of(config(d)).SOLVER.IMS_PER_BATCH == 2 * config_of(config(dnt)).SOLVER.IMS_PER_BATCH


def test_a_heavier_loss_is_d_and_t_with_another_weight() -> None:
    one, other = (config_of(config(x)) for x in (core(3)[2], heavier(3)))
    assert (other.MODEL.TRACK_HEAD.LOSS_WEIGHT, heavier(3).tracks) == (HEAVY, True)
    other.defrost()
    other.MODEL.TRACK_HEAD.LOSS_WEIGHT = 1.0
    assert one.dump() == other.dump()


def test_deeper_networks_differ_in_their_loss_alone() -> None:
    longer, dnt = deeper(1)
    one, other = config_of(config(longer)), config_of(config(dnt))
    assert (longer.start, longer.tracks, dnt.start, dnt.tracks) == ("seed1_D", False, "seed1_D", True)
    assert (one.MODEL.TRACK_HEAD.LOSS_WEIGHT, one.MODEL.TIMM.FREEZE_UP_TO) == (0.0, "")
    one.defrost()
    one.MODEL.TRACK_HEAD.LOSS_WEIGHT = 1.0
    assert one.dump() == other.dump()


def test_far_pairs_are_in_every_video() -> None:
    far = of_far_pairs(1)
    one, other = config_of(config(core(1)[2])), config_of(config(far))
    assert (far.start, far.tracks, other.INPUT.PAIR_STRIDE) == ("seed1_D", True, DATA.train_frames - 1)
    other.defrost()
    other.INPUT.PAIR_STRIDE = 1
    assert one.dump() == other.dump()


# Seeds differ in their seed alone.
@pytest.mark.parametrize("name", [name for name, training in trainings(ROOT).items() if training.seed == SEEDS[0]])
def test_every_config_can_be_trained_and_tested(name: str) -> None:
    training = trainings(ROOT)[name]
    cfg = config_of(config(training))
    check_config(cfg)
    check_config(config_of(config(training, *training.test)) if training.test else cfg, training=False)


def test_ablations_take_half_of_the_schedule_and_change_something() -> None:
    whole = said_by(ROOT, "DnT_EfficientNet_Lite0.yaml")["SOLVER"]["MAX_ITER"]
    base = config_of(config(core(1)[2]))
    dumps = set()
    for ablation in ABLATIONS:
        cfg = config_of(config(retrained(ablation, whole)))
        assert whole // 2 == cfg.SOLVER.MAX_ITER
        cfg.defrost()
        cfg.SOLVER.MAX_ITER = whole
        assert (cfg.dump() == base.dump()) == (ablation.name == "base")
        dumps.add(cfg.dump())
    assert len(dumps) == len(ABLATIONS)


def test_recipes_follow_everything_that_decides_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    known = trainings(ROOT)
    d, _, dnt = core(1)
    before = recipes(ROOT, known)
    assert recipes(ROOT, {}) == {}
    assert before[core(2)[2].name] != before[dnt.name]
    another = recipes(ROOT, {**known, d.name: Training(d.name, d.config, d.seed, changes=("SEED", 9))})
    changed = {name for name, of in before.items() if of != another[name]}
    assert dnt.name in changed
    assert changed == {name for name, training in known.items() if d.name in (name, training.start)}
    monkeypatch.setattr(design, "said_by", lambda *_: {"SOLVER": {"MAX_ITER": 1}})
    assert recipes(ROOT, known)[dnt.name]["said"] != before[dnt.name]["said"]
