"""dnt_d2/weights/report.py: what matched."""

from __future__ import annotations

import numpy as np

from dnt_d2.weights import Report, compare


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def test_nothing_is_not_complete() -> None:
    report = compare({}, {})
    assert report == Report(matched=())
    assert not report.complete
    assert str(report) == "matched: 0 tensors"


def test_every_tensor_is_in_one_list() -> None:
    expected = {"a": (2, 3), "b": (4,), "c": (1,)}
    report = compare(expected, {"a": _zeros(2, 3), "b": _zeros(5), "d": _zeros(1)}, ["fc.weight"], ["se.weight"])
    assert report.matched == ("a",)
    assert report.mismatched == ("b (5,), the network has (4,)",)
    assert report.missing == ("c",)
    assert report.unexpected == ("se.weight", "d")
    assert report.left_over == ("fc.weight",)
    assert not report.complete


def test_a_classifier_alone_does_no_harm() -> None:
    assert compare({"a": (1,)}, {"a": _zeros(1)}, ["fc.weight"]).complete
    assert not compare({"a": (1,)}, {"a": _zeros(1)}, [], ["fc.weight"]).complete
    assert not compare({"a": (1,), "b": (1,)}, {"a": _zeros(1)}).complete
    assert not compare({"a": (2,)}, {"a": _zeros(1)}).complete


def test_long_lists_are_cut_but_counted() -> None:
    text = str(compare({f"x{i}": (1,) for i in range(11)}, {}))
    assert text.splitlines() == [
        "matched: 0 tensors",
        "MISSING in the file: 11: x0, x1, x2, x3, x4, x5, x6, x7, and 3 more",
    ]
