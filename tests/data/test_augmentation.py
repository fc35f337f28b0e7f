"""dnt_d2/data/augmentation.py: resizing and mirroring."""

from __future__ import annotations

import numpy as np
import torch
from detectron2.data import transforms as T

from dnt_d2.data.augmentation import flip_boxes, flip_image, input_shape, resize, to_tensor


def test_no_boxes_flip_to_no_boxes() -> None:
    assert flip_boxes(np.zeros((0, 4)), 50).shape == (0, 4)


def test_flipped_boxes_hold_the_flipped_pixels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        width, height = rng.integers(2, 40, 2)
        x1, x2 = np.sort(rng.integers(0, width, 2))
        y1, y2 = np.sort(rng.integers(0, height, 2))
        image = np.zeros((height, width, 3), np.uint8)
        image[y1 : y2 + 1, x1 : x2 + 1] = 255
        flipped = flip_image(image)
        a, b, c, d = flip_boxes(np.array([[x1, y1, x2, y2]], float), width)[0].astype(int)
        expected = np.zeros_like(image)
        expected[b : d + 1, a : c + 1] = 255
        assert np.array_equal(flipped, expected)


def test_flipping_twice_changes_nothing() -> None:
    boxes = np.random.default_rng(1).uniform(0, 90, (7, 4))
    assert np.allclose(flip_boxes(flip_boxes(boxes, 97), 97), boxes)


def test_sizes_and_pixels_are_those_of_detectron2() -> None:
    rng = np.random.default_rng(2)
    for height, width, shorter, longest in [
        (72, 128, 60, 100),
        (128, 72, 60, 100),
        (50, 50, 80, 1000),
        (30, 40, 30, 40),
    ]:
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        shape = input_shape(height, width, shorter, longest)
        expected = T.ResizeShortestEdge([shorter, shorter], longest).get_transform(image).apply_image(image)
        assert shape == expected.shape[:2]
        assert np.array_equal(resize(image, shape), expected)


def test_zero_leaves_the_size() -> None:
    assert input_shape(30, 40, 0, 10) == (30, 40)
    image = np.zeros((30, 40, 3), np.uint8)
    assert resize(image, (30, 40)) is image


def test_no_side_vanishes() -> None:
    assert input_shape(5000, 1, 600, 1000) == (1000, 1)
    assert input_shape(1, 5000, 600, 1000) == (1, 1000)
    assert resize(np.full((5000, 1, 3), 7, np.uint8), (1000, 1)).shape == (1000, 1, 3)


def test_tensors_are_copies() -> None:
    for shape in [(4, 5, 3), (1, 1, 3), (4, 1, 3)]:
        image = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        image.flags.writeable = False
        tensor = to_tensor(image)
        assert tensor.is_contiguous()
        assert torch.equal(tensor, torch.tensor(image.tolist(), dtype=torch.uint8).permute(2, 0, 1))
        tensor += 1
        assert image.flat[0] == 0
