"""Sizes grow with the picture."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.drawing.style import style_for

SIZES = [(1, 1), (240, 426), (480, 854), (720, 1280), (1080, 1920), (2160, 3840)]


def test_sizes_never_shrink_and_nothing_vanishes() -> None:
    styles = [style_for(*size) for size in SIZES]
    rows = np.array([(s.line, s.edge, s.text, s.pad) for s in styles])
    assert rows.min() >= 1
    assert (np.diff(rows, axis=0) >= 0).all()
    assert styles[0].text >= 11
    assert styles[-1].text / 2160 == pytest.approx(styles[3].text / 720, rel=0.15)


def test_portrait_is_as_landscape() -> None:
    assert style_for(1280, 720) == style_for(720, 1280)
