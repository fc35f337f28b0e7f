"""dnt_d2/study/setting.py: what it says is what the configs and the data of the study are."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from dnt_d2.command_config import config_of
from dnt_d2.minivid import MiniVIDSettings
from dnt_d2.study.design import CONFIGS, DATA, core, said_by
from dnt_d2.study.setting import ITERATIONS, describe_setting, novel_photographs

ROOT = Path(__file__).resolve().parents[2]


def test_data_without_photographs_of_their_own() -> None:
    data = MiniVIDSettings(classes=("fox",))
    assert novel_photographs(data).total() == 0
    assert "made of 0 photographs" in describe_setting(data)


def test_photographs_are_counted_by_class() -> None:
    counts = novel_photographs(DATA)
    assert set(counts) == set(DATA.classes)
    everything = novel_photographs(MiniVIDSettings(classes=DATA.classes))
    assert {name: counts[name] - everything[name] for name in counts if counts[name] != everything[name]} == {}
    words = describe_setting()
    assert f"28 videos of 60 frames, made of {counts.total()} photographs" in words
    assert all(f"{count} of {name}" in words for name, count in counts.items())


def test_the_numbers_are_those_of_the_configs() -> None:
    d, _, dnt = core(1)
    said = {"D": said_by(ROOT, d.config), "D&T": said_by(ROOT, dnt.config)}
    assert {name: of["SOLVER"]["MAX_ITER"] for name, of in said.items()} == ITERATIONS
    assert [of["SOLVER"]["IMS_PER_BATCH"] for of in said.values()] == [8, 4]
    head, words = said["D&T"]["MODEL"]["TRACK_HEAD"], describe_setting()
    assert (head["MOVE_UNIT"], head["SMOOTH_L1_BETA"], head["MAX_DISPLACEMENT"]) == (16.0, 0.05, 4)
    assert (head["NORM"], head["COSINE"], head["BOTH_DIRECTIONS"]) == ("softmax", True, True)
    assert all(x in words for x in ("cosines, through a softmax, with d = 4", "16 px", "0.05", "both ways"))
    assert said["D&T"]["MODEL"]["TIMM"]["FREEZE_UP_TO"] == "blocks.3"
    cfg = config_of(Namespace(config_file=str(ROOT / CONFIGS / dnt.config), opts=[]))
    assert cfg.DATASETS.TRAIN == ("minivid_vid_train",)
    sizes = cfg.INPUT.MIN_SIZE_TRAIN
    assert f"frames {min(sizes)} to {max(sizes)} px high" in words
    assert (ROOT / CONFIGS).is_dir()
    assert f"(../{CONFIGS})" in words
