"""AP as bars and dots: the order of the classes, and the numbers that are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dnt_d2.evaluation.report.facts import as_text, gains, signed
from dnt_d2.evaluation.report.plots import class_order, classes_svg, groups_svg

pytest.importorskip("matplotlib")
Content = dict[str, Any]


def test_no_objects_and_no_classes(bare_content: Content, content_of: Callable[..., Content]) -> None:
    assert class_order(bare_content) == [0]
    assert ">no objects<" in classes_svg(bare_content)
    none = content_of(1, ("frame",)) | {"classes": [], "boxes_per_class": []}
    none["AP50"]["frame"]["per_class"] = []
    assert class_order(none) == []
    assert classes_svg(none).startswith("<svg")


def test_the_highest_gain_comes_first_and_the_unknown_last(content: Content) -> None:
    order, known = class_order(content), gains(content)
    assert sorted(order) == list(range(30))
    assert [known[i] for i in order[:-1]] == sorted((known[i] for i in order[:-1]), reverse=True)
    assert order[-1] == 29
    svg = classes_svg(content)
    assert all(f">{signed(known[i])}<" in svg for i in order[:-1])
    assert svg.index(">tiger<") < svg.index(">zebra<")


def test_one_kind_is_sorted_by_ap(content_of: Callable[..., Content]) -> None:
    content = content_of(6, ("frame",))
    values = content["AP50"]["frame"]["per_class"]
    order = class_order(content)
    assert [values[i] for i in order[:-1]] == sorted((values[i] for i in order[:-1]), reverse=True)
    assert f">{as_text(values[order[0]], 1)}<" in classes_svg(content)


@pytest.mark.parametrize("key", ["speed", "size"])
def test_bars_have_their_numbers(content: Content, key: str) -> None:
    last = list(content[key]["boxes"])[-1]
    content[key]["AP50"]["tube"][last]["mean"] = None
    svg = groups_svg(content, key)
    for kind, groups in content[key]["AP50"].items():
        assert content["titles"][kind] in svg
        for values in groups.values():
            assert f">{as_text(values['mean'], 1)}<" in svg


def test_of_many_kinds_those_against_each_other_are_drawn(content_of: Callable[..., Content]) -> None:
    svg = groups_svg(content_of(3, ("frame", "a", "b", "c", "tube")), "speed")
    assert "single frames" in svg
    assert "tubes" in svg
    assert ">b<" not in svg
