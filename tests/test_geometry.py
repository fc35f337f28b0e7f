"""Box arithmetic against closed forms and against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from dnt_d2.geometry import box_iou


def plain_iou(a: np.ndarray, b: np.ndarray, extra: float) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + extra)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + extra)
    areas = [(box[2] - box[0] + extra) * (box[3] - box[1] + extra) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("inclusive", [False, True])
def test_no_boxes(inclusive: bool) -> None:
    none, two = np.zeros((0, 4)), np.array([[0.0, 0, 4, 4], [1, 1, 2, 2]])
    assert box_iou(none, none, inclusive=inclusive).shape == (0, 0)
    assert box_iou(none, two, inclusive=inclusive).shape == (0, 2)
    assert box_iou(two, none, inclusive=inclusive).shape == (2, 0)


def test_closed_forms() -> None:
    a = np.array([[0.0, 0, 9, 9]])
    b = np.array([[0.0, 0, 9, 9], [5, 0, 14, 9], [10, 0, 19, 9], [9, 9, 18, 18]])
    np.testing.assert_allclose(box_iou(a, b, inclusive=True)[0], [1, 50 / 150, 0, 1 / 199])
    np.testing.assert_allclose(box_iou(a, b, inclusive=False)[0], [1, 36 / 126, 0, 0])


@pytest.mark.parametrize("inclusive", [False, True])
def test_agrees_with_a_plain_loop_and_is_symmetric(inclusive: bool) -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 50, (40, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 40, (40, 2))], axis=1)
    a, b = boxes[:15], boxes[15:]
    ious = box_iou(a, b, inclusive=inclusive)
    np.testing.assert_allclose(ious, [[plain_iou(x, y, float(inclusive)) for y in b] for x in a], rtol=1e-12)
    np.testing.assert_array_equal(ious, box_iou(b, a, inclusive=inclusive).T)
    assert (ious > 0).any()
    assert (ious == 0).any()


def test_boxes_without_area() -> None:
    flat = np.array([[5.0, 5, 5, 9], [5, 5, 5, 5], [8, 8, 2, 2]])
    np.testing.assert_array_equal(box_iou(flat, flat, inclusive=False), np.zeros((3, 3)))
    # A pixel is a box of area 1 where corners belong to the box.
    assert box_iou(flat[1:2], flat[1:2], inclusive=True)[0, 0] == 1


def test_precision_of_the_input_is_kept() -> None:
    boxes = np.array([[0.0, 0, 69, 49], [30, 0, 99, 49]])
    assert box_iou(boxes, boxes, inclusive=True).dtype == np.float64
    single = boxes.astype(np.float32)
    ious = box_iou(single, single, inclusive=True)
    assert ious.dtype == np.float32
    assert ious[0, 1] == np.float32(0.4)
