"""dnt_d2/study/rounding.py: floats are rounded wherever they are, and nothing else is touched."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from dnt_d2.study.rounding import round_numbers


@pytest.mark.parametrize("nothing", [{}, [], None, "", 0])
def test_nothing_stays_nothing(nothing: object) -> None:
    assert round_numbers(nothing) == nothing


def test_floats_are_rounded_wherever_they_are() -> None:
    content = {"a": 1.23456, "b": [0.00049, {"c": (2.0005001, "2.0005001")}], "d": True, "e": 7, "f": None}
    assert round_numbers(content) == {"a": 1.235, "b": [0.0, {"c": [2.001, "2.0005001"]}], "d": True, "e": 7, "f": None}
    assert round_numbers(content, 4)["b"][0] == 0.0005
    assert content["a"] == 1.23456
    assert round_numbers(content)["d"] is True


def test_numbers_of_numpy_and_those_that_are_none() -> None:
    found = round_numbers({"x": np.float64(1 / 3), "y": float("nan"), "z": float("-inf")})
    assert type(found["x"]) is float
    assert json.dumps(found["x"]) == "0.333"
    assert math.isnan(found["y"])
    assert found["z"] == -math.inf
