"""Template matching finds planted shifts, and stays where there is nothing to find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnt_d2.study.template_matching import match_templates


def noise(seed: int = 0, size: tuple[int, int] = (48, 64)) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def shifted(box: Any, x: int, y: int) -> list[list[float]]:
    return [[box[0] + x, box[1] + y, box[2] + x, box[3] + y]]


def test_no_boxes() -> None:
    assert match_templates(noise(), noise(), np.empty((0, 4)), 8).shape == (0, 4)


@pytest.mark.parametrize("shift", [(0, 0), (7, -5), (-8, 8)])
@pytest.mark.parametrize("box", [(20.0, 16.0, 35.0, 29.0), (20.4, 15.6, 35.3, 28.7)])
def test_a_planted_shift_is_found(box: Any, shift: tuple[int, int]) -> None:
    second = np.roll(noise(), (shift[1], shift[0]), axis=(0, 1))
    assert np.allclose(match_templates(noise(), second, np.array([box]), 8), shifted(box, *shift))


def test_it_is_found_at_the_border_and_with_another_light() -> None:
    first, second = noise(), noise(1)
    first[30:, 50:] //= 2
    second[28:46, 46:60] = first[30:, 50:] + 60
    box = (50.0, 30.0, 63.0, 47.0)
    assert match_templates(first, second, np.array([box]), 6).tolist() == shifted(box, -4, -2)
    outside = (50.0, 30.0, 90.0, 80.0)
    assert match_templates(first, second, np.array([outside]), 6).tolist() == shifted(outside, -4, -2)


def test_it_looks_no_farther_than_its_reach() -> None:
    second = np.roll(noise(), 5, axis=1)
    boxes = np.array([(20.0, 16.0, 35.0, 29.0)])
    assert match_templates(noise(), second, boxes, 5).tolist() == shifted(boxes[0], 5, 0)
    assert np.abs(match_templates(noise(), second, boxes, 4) - boxes).max() <= 4
    assert match_templates(noise(), second, boxes, 0).tolist() == boxes.tolist()


def test_what_shows_nothing_stays() -> None:
    first = noise()
    first[10:30, 10:30] = 90
    boxes = np.array(
        [(10, 10, 29, 29), (40, 20, 42, 40), (-20, -20, -5, -5), (63.6, 5, 70, 20), (80, 5, 90, 20)], float
    )
    assert match_templates(first, np.roll(first, 3, axis=0), boxes, 8).tolist() == boxes.tolist()


def test_it_is_the_highest_normalised_correlation() -> None:
    first, second, reach = noise(2, (14, 16)), noise(3, (14, 16)), 3
    patch = first[4:9, 5:11].astype(float)

    def correlation(x: int, y: int) -> float:
        other = second[4 + y : 9 + y, 5 + x : 11 + x].astype(float)
        a, b = patch - patch.mean(axis=(0, 1)), other - other.mean(axis=(0, 1))
        return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))

    shifts = [(x, y) for x in range(-reach, reach + 1) for y in range(-reach, reach + 1)]
    best = max(shifts, key=lambda shift: correlation(*shift))
    assert match_templates(first, second, np.array([(5.0, 4.0, 10.0, 8.0)]), reach).tolist() == shifted(
        (5, 4, 10, 8), *best
    )


def test_what_can_not_be_searched_is_said() -> None:
    with pytest.raises(ValueError, match=r"shapes differ: \(48, 64, 3\) and \(32, 64, 3\)"):
        match_templates(noise(), noise(size=(32, 64)), np.empty((0, 4)), 4)
    with pytest.raises(ValueError, match="reach is -1"):
        match_templates(noise(), noise(), np.empty((0, 4)), -1)
