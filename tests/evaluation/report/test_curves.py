"""Precision-recall curves: the mean's area is the mean AP, and a class without objects takes no part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnt_d2.evaluation.report.curves import GRID, class_svg, mean_curve, mean_svg

pytest.importorskip("matplotlib")
Content = dict[str, Any]


def test_without_objects_there_is_no_mean(bare_content: Content) -> None:
    assert np.isnan(mean_curve(bare_content, "frame")).all()
    assert "single frames –" in mean_svg(bare_content)
    assert class_svg(bare_content, 0).startswith("<svg")


def test_the_mean_is_over_classes_with_objects_and_zero_past_the_end_of_each() -> None:
    curves = [
        {"recall": [0.0, 0.01, 0.02], "precision": [1.0, 0.5, 0.25]},
        {"recall": [], "precision": []},  # nothing was found
        {"recall": [0.0], "precision": [1.0]},  # no objects: counts for nothing
    ]
    content = {"AP50": {"frame": {"per_class": [1.0, 0.0, None]}}, "curves": {"frame": curves}}
    mean = mean_curve(content, "frame")
    assert mean[:4] == pytest.approx([0.5, 0.25, 0.125, 0])
    assert not mean[3:].any()


def test_the_end_of_every_curve_is_kept() -> None:
    for last in range(101):
        recall = np.linspace(0, 1, 101)[: last + 1].round(2)
        curve = {"recall": recall.tolist(), "precision": [1.0] * (last + 1)}
        content = {"AP50": {"frame": {"per_class": [50.0]}}, "curves": {"frame": [curve]}}
        assert int(mean_curve(content, "frame").sum()) == last + 1
    assert len(GRID) == 101


def test_every_kind_with_curves_is_drawn(content: Content) -> None:
    svg = mean_svg(content)
    assert 'class="kind-0"' in svg
    assert 'class="kind-1"' in svg
    assert 'class="kind-2"' not in svg  # the content has two kinds of curves
    assert f"tubes {content['AP50']['tube']['mean']:.1f}" in svg
    assert "Precision-recall curves of airplane" in class_svg(content, 0)
