"""Classes are spread evenly, twins come as often as they should, folders are those of ILSVRC."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from dnt_d2.minivid.plan import generator, pictures_of, plan_stream
from dnt_d2.minivid.settings import MiniVIDSettings

CLASSES = ["bird", "car", "dog", "fox", "zebra"]


def test_nothing_to_plan() -> None:
    assert plan_stream("train", CLASSES, MiniVIDSettings(train_videos=0)) == []
    assert plan_stream("train", [], MiniVIDSettings(train_videos=0)) == []
    with pytest.raises(ValueError, match="no cut-outs for train"):
        plan_stream("train", [], MiniVIDSettings(train_videos=1))


def test_one_class() -> None:
    plans = plan_stream("train", ["dog"], MiniVIDSettings(train_videos=6))
    assert {name for plan in plans for name in plan.classes} == {"dog"}


def test_first_objects_go_round_all_classes() -> None:
    plans = plan_stream("train", CLASSES, MiniVIDSettings(train_videos=50))
    assert set(Counter(plan.classes[0] for plan in plans).values()) == {10}
    everyone = Counter(name for plan in plans for name in plan.classes)
    assert max(everyone.values()) < 1.6 * min(everyone.values())
    assert {len(plan.classes) for plan in plans} == {1, 2, 3, 4}


def test_share_of_twins() -> None:
    plans = plan_stream("val_seen", CLASSES, MiniVIDSettings(val_seen_videos=100, twins_share=0.4))
    twins = [len(plan.classes) > 1 and plan.classes[0] == plan.classes[1] for plan in plans]
    assert 0.4 <= np.mean(twins) <= 0.6
    assert np.mean(twins[:50]) >= 0.4


def test_folders_are_unique_and_named_as_in_ilsvrc() -> None:
    settings = MiniVIDSettings(train_videos=2, stills=2, val_seen_videos=3, val_novel_videos=2)
    folders = {
        s: [plan.folder for plan in plan_stream(s, CLASSES, settings)] for s in ("train", "val_seen", "val_novel")
    }
    assert folders["train"][1] == "ILSVRC2015_VID_train_0000/ILSVRC2015_train_00000001"
    assert [*folders["val_seen"], *folders["val_novel"]] == [f"ILSVRC2015_val_{i:08d}" for i in range(5)]
    assert plan_stream("stills", CLASSES, settings)[1].folder == "ILSVRC2014_train_0000/ILSVRC2014_train_00000001"


def test_a_longer_plan_begins_with_the_shorter_one() -> None:
    short, long = (plan_stream("train", CLASSES, MiniVIDSettings(train_videos=n)) for n in (5, 9))
    assert long[:5] == short


def test_streams_have_their_own_chance_and_pictures() -> None:
    draws = {generator(0, stream, number).random() for stream in ("train", "val_seen", "stills") for number in range(4)}
    assert len(draws) == 12
    assert [pictures_of(s) for s in ("train", "stills", "val_seen", "val_novel")] == [
        "train",
        "train",
        "val_seen",
        "val_novel",
    ]
