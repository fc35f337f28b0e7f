"""Names of classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.demo.classes import class_names, find_classes

Make = Callable[..., Any]
NAMES = ["giant_panda", "red panda", "car"]


def test_class_names_come_from_the_data(small_cfg: Make) -> None:
    assert class_names(small_cfg("DATASETS.TEST", ("minivid_val_seen",)))[0] == "airplane"
    assert class_names(small_cfg("DATASETS.TEST", (), "DATASETS.TRAIN", ())) == ["0", "1", "2"]


def test_no_choice() -> None:
    assert find_classes([], NAMES) == []


@pytest.mark.parametrize("wanted", [["Giant Panda", "car"], ["giant-panda", "2"], ["0", "CAR", "giant_panda"]])
def test_classes_by_name_and_number(wanted: list[str]) -> None:
    assert find_classes(wanted, NAMES) == [0, 2]


def test_a_name_goes_before_a_number() -> None:
    assert find_classes(["1"], ["1", "0"]) == [0]


@pytest.mark.parametrize("unknown", ["3", "-1", "lorry", ""])
def test_unknown_classes_are_named_with_the_known_ones(unknown: str) -> None:
    with pytest.raises(ValueError, match=f"there is no {unknown}; the network knows 0 giant_panda, 1 red panda, 2 car"):
        find_classes(["car", unknown], NAMES)
    with pytest.raises(ValueError, match=r"knows 0, 1$"):
        find_classes(["2"], ["0", "1"])
