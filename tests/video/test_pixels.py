"""Colours come out as they went in, whatever a file stores; the arbiters are the formulas of the standards."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from dnt_d2.video.pixels import ITU601, ITU709, from_bgr, to_bgr

BT2020 = 9
# kr, kb: what red and blue add to the brightness.
WEIGHTS = {ITU601: (0.299, 0.114), ITU709: (0.2126, 0.0722), BT2020: (0.2627, 0.0593)}
COLORS = np.array([[200, 40, 30], [40, 180, 60], [30, 60, 210], [128, 128, 128], [0, 0, 0], [255, 255, 255]])


def encoded(bgr: np.ndarray, space: int, full: bool) -> tuple[int, int, int]:
    """Y, Cb and Cr of a colour in 8 bits, by the standard."""
    kr, kb = WEIGHTS[space]
    b, g, r = bgr / 255
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)
    if full:
        return round(255 * y), round(128 + 255 * cb), round(128 + 255 * cr)
    return round(16 + 219 * y), round(128 + 224 * cb), round(128 + 224 * cr)


def flat_frame(values: tuple[int, ...], pixels: str, height: int = 32, width: int = 32) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, pixels)
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


@pytest.mark.parametrize("space", [ITU601, ITU709, BT2020])
@pytest.mark.parametrize("full", [False, True])
def test_every_standard_and_both_ranges(space: int, full: bool) -> None:
    for color in COLORS:
        frame = flat_frame(encoded(color, space, full), "yuv444p")
        frame.colorspace, frame.color_range = space, 2 if full else 1
        image = to_bgr(frame)
        assert (image.shape, image.dtype) == ((32, 32, 3), np.uint8)
        np.testing.assert_allclose(image[0, 0], color, atol=3)


def test_without_a_standard_a_large_picture_counts_as_709_and_a_small_one_as_601() -> None:
    for height, width, space in ((576, 720, ITU601), (720, 1280, ITU709), (1080, 608, ITU709)):
        frame = flat_frame(encoded(COLORS[1], space, False), "yuv420p", height, width)
        np.testing.assert_allclose(to_bgr(frame)[0, 0], COLORS[1], atol=3)


def test_grey_and_ten_bits() -> None:
    for full in (False, True):
        frame = flat_frame(encoded(COLORS[3], ITU601, full)[:1], "gray")
        frame.color_range = 2 if full else 1
        np.testing.assert_allclose(to_bgr(frame), 128, atol=2)
    array = np.full((32, 32, 3), 500 * 64, np.uint16)
    frame = av.VideoFrame.from_ndarray(array, format="rgb48le").reformat(format="yuv420p10le")
    np.testing.assert_allclose(to_bgr(frame), 500 / 4, atol=2)


@pytest.mark.parametrize(("height", "width"), [(2, 2), (47, 63), (1, 1), (48, 63)])
def test_odd_sizes_are_padded_with_the_last_row_and_column(height: int, width: int) -> None:
    image = np.full((height, width, 3), 60, np.uint8)
    image[-1] = image[:, -1] = 200
    frame = from_bgr(image, av)
    assert (frame.height, frame.width, frame.format.name) == (height + height % 2, width + width % 2, "yuv420p")
    back = frame.to_ndarray(format="gray")
    np.testing.assert_allclose(back[-1], back[height - 1])
    np.testing.assert_allclose(back[:, -1], back[:, width - 1])


def test_what_the_encoder_gets_is_709() -> None:
    for color in COLORS:
        frame = from_bgr(np.full((32, 32, 3), color, np.uint8), av)
        assert frame.colorspace == ITU709
        values = [np.frombuffer(plane, np.uint8)[0] for plane in frame.planes]
        np.testing.assert_allclose(values, encoded(color, ITU709, False), atol=2)


def test_a_file_s_standard_is_found(tmp_path: Path, make_clip) -> None:  # type: ignore[no-untyped-def]
    for space in (ITU601, ITU709):
        image = np.full((48, 64, 3), COLORS[0], np.uint8)
        path = make_clip(tmp_path / "clip.mp4", range(1), space=space, images=[image])
        with av.open(str(path)) as container:
            np.testing.assert_allclose(to_bgr(next(container.decode(video=0))).mean((0, 1)), COLORS[0], atol=4)
