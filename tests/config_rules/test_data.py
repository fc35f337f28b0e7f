"""Data sets, items and batches: each contradiction has its sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

import dnt_d2.data  # noqa: F401 (registers the data sets)
from dnt_d2.config_rules.data import RULES

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def two_classes() -> Iterator[None]:
    """Data sets of two classes, in both orders, and one that says nothing of its classes; they can't be read."""
    names = {"rule_cats": ["cat", "dog"], "rule_dogs": ["dog", "cat"], "rule_silent": None}
    for name, classes in names.items():
        DatasetCatalog.register(name, lambda: pytest.fail("nothing must be read"))
        if classes is not None:
            MetadataCatalog.get(name).set(thing_classes=classes)
    yield
    for name in names:
        DatasetCatalog.remove(name)
        if name in MetadataCatalog.list():
            MetadataCatalog.remove(name)


@pytest.mark.parametrize("name", ["D_R_50.yaml", "DnT_R_50.yaml", "RPN200_R_50.yaml"])
def test_nothing_to_say(load_cfg: Make, sentences: Make, name: str) -> None:
    assert sentences(RULES, load_cfg(name), world_size=4) == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("DATASETS.ON_FAULT", "ignore"), "DATASETS.ON_FAULT is 'ignore': it must be one of error, skip"),
        (
            ("DATASETS.ON_FAULT", "skip", "MODEL.LOAD_PROPOSALS", True),
            "DATASETS.ON_FAULT is 'skip', but MODEL.LOAD_PROPOSALS is on",
        ),
        (["DATASETS.TRAIN", ()], "DATASETS.TRAIN is empty: name at least one data set to train on"),
        (
            ["DATASETS.TRAIN", ("imagenet",)],
            "DATASETS.TRAIN names 'imagenet', which is not registered: correct",
        ),
        (["DATASETS.TEST", ("imagenet",)], "DATASETS.TEST names 'imagenet', which is not registered"),
        (
            ["DATASETS.TRAIN", ("rule_cats",)],
            "MODEL.ROI_HEADS.NUM_CLASSES is 30, but 'rule_cats' of DATASETS.TRAIN has 2 classes: set it to 2, or use",
        ),
        (["MODEL.ROI_HEADS.NUM_CLASSES", 31], "is 31, but 'imagenet_vid_val' of DATASETS.TEST has 30 classes"),
        (
            ["DATASETS.TRAIN", ("rule_cats", "rule_silent", "rule_dogs")],
            "The data sets 'rule_cats' and 'rule_dogs' of DATASETS.TRAIN have different classes, or another order",
        ),
        (["DATALOADER.NUM_WORKERS", -1], "DATALOADER.NUM_WORKERS is -1: it must be at least 0"),
        (["DATALOADER.FILTER_EMPTY_ANNOTATIONS", True], "DATALOADER.FILTER_EMPTY_ANNOTATIONS must be False: it takes"),
        (["DATALOADER.ASPECT_RATIO_GROUPING", True], "DATALOADER.ASPECT_RATIO_GROUPING must be False: it breaks"),
        (["DATALOADER.SAMPLER_TRAIN", "RepeatFactorTrainingSampler"], "leave it at TrainingSampler"),
        (["DATALOADER.CACHE_MB", -5], "DATALOADER.CACHE_MB is -5: it must be at least 0"),
        (["INPUT.PAIR_STRIDE", 0], "INPUT.PAIR_STRIDE is 0: it must be at least 1"),
        (["INPUT.FRAMES_PER_VIDEO", -1], "INPUT.FRAMES_PER_VIDEO is -1: it must be at least 0"),
        (
            ["INPUT.PAIR_STRIDE", 10, "MODEL.TRACK_HEAD.NAME", ""],
            'INPUT.PAIR_STRIDE is 10, but with MODEL.TRACK_HEAD.NAME "" items are single frames: set it to 1, or name',
        ),
        (["INPUT.MIN_SIZE_TEST", 1200], "INPUT.MIN_SIZE_TEST is 1200 and INPUT.MAX_SIZE_TEST 1000: the shorter side"),
        (["INPUT.MIN_SIZE_TRAIN", (600, 1200)], "INPUT.MIN_SIZE_TRAIN is (600, 1200) and INPUT.MAX_SIZE_TRAIN 1000"),
        (["INPUT.MIN_SIZE_TRAIN", ()], "MIN_SIZE_TRAIN (): 'choice' needs at least one size, 'range' two"),
        (
            ["INPUT.MIN_SIZE_TRAIN_SAMPLING", "range"],
            "_SAMPLING is 'range' and MIN_SIZE_TRAIN (600,): 'choice'",
        ),
        (["INPUT.RANDOM_FLIP", "vertical"], "INPUT.RANDOM_FLIP is 'vertical': a pair knows 'horizontal' and 'none'"),
        (["INPUT.CROP.ENABLED", True], "INPUT.CROP.ENABLED is on, but pairs are not cropped: turn it off"),
        (
            ["SOLVER.IMS_PER_BATCH", 6],
            "IMS_PER_BATCH is 6, not a positive multiple of the 4 processes: change one",
        ),
        (["SOLVER.IMS_PER_BATCH", 0], "SOLVER.IMS_PER_BATCH is 0, not a positive multiple"),
        (["SOLVER.REFERENCE_WORLD_SIZE", 3], "SOLVER.IMS_PER_BATCH is 4, not a positive multiple of the 3 processes"),
        (["SOLVER.OPTIMIZER", "Adam"], 'SOLVER.OPTIMIZER is \'Adam\': it must be "SGD" or "ADAMW"'),
        (["SOLVER.AMP.ENABLED", True, "MODEL.DEVICE", "cpu"], "SOLVER.AMP.ENABLED is on, but MODEL.DEVICE is cpu"),
        (["SOLVER.BASE_LR", -0.1], "SOLVER.BASE_LR is -0.1: it must be at least 0"),
        (["SOLVER.CHECKPOINT_PERIOD", 0], "SOLVER.CHECKPOINT_PERIOD is 0: it must be at least 1"),
    ],
)
def test_contradictions(load_cfg: Make, sentences: Make, overrides: list[Any], sentence: str) -> None:
    found = sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides), world_size=4)
    assert [x for x in found if re.search(re.escape(sentence), x)], found


@pytest.mark.parametrize(
    "overrides",
    [
        ["DATASETS.TRAIN", ()],
        ["DATASETS.TRAIN", ("imagenet",)],
        ["DATALOADER.ASPECT_RATIO_GROUPING", True],
        ["SOLVER.IMS_PER_BATCH", 6],
        ["INPUT.PAIR_STRIDE", 0],
        ["INPUT.CROP.ENABLED", True],
    ],
)
def test_testing_reads_no_key_of_training(load_cfg: Make, sentences: Make, overrides: list[Any]) -> None:
    assert sentences(RULES, load_cfg("DnT_R_50.yaml", *overrides), world_size=4, training=False) == []


def test_classes_that_fit(load_cfg: Make, sentences: Make) -> None:
    two = ["MODEL.ROI_HEADS.NUM_CLASSES", 2, "DATASETS.TEST", ("rule_silent",)]
    assert sentences(RULES, load_cfg("D_R_50.yaml", "DATASETS.TRAIN", ("rule_cats", "rule_silent"), *two)) == []
    # The RPN alone knows no classes.
    assert sentences(RULES, load_cfg("RPN_R_50.yaml", "DATASETS.TRAIN", ("rule_cats",))) == []
