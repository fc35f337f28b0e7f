"""dnt_d2/data/images.py: reading, and keeping in memory."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from detectron2.data.detection_utils import read_image as detectron2_read_image

from dnt_d2.data.images import ImageReader, read_image


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8), (120, 90))
    cv2.imwrite(str(tmp_path / "a.JPEG"), image)
    return tmp_path / "a.JPEG"


@pytest.mark.parametrize("image_format", ["BGR", "RGB"])
def test_pixels_are_those_of_detectron2(jpeg: Path, image_format: str) -> None:
    expected = detectron2_read_image(str(jpeg), image_format).astype(int)
    assert np.abs(read_image(str(jpeg), image_format) - expected).max() <= 1


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_a_cut_off_jpeg_is_named(jpeg: Path, share: float) -> None:
    data = jpeg.read_bytes()
    jpeg.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError, match=r"a\.JPEG: broken or cut-off image .* unpack the archive again"):
        read_image(str(jpeg))


def test_what_is_no_image_and_what_is_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "page.JPEG").write_bytes(b"<html>not found</html>")
    with pytest.raises(ValueError, match=r"page\.JPEG"):
        read_image(str(tmp_path / "page.JPEG"))
    with pytest.raises(FileNotFoundError, match=r"gone\.JPEG: this image is missing"):
        read_image(str(tmp_path / "gone.JPEG"))


def test_bytes_after_the_end_and_other_formats_are_fine(jpeg: Path) -> None:
    whole = read_image(str(jpeg))
    jpeg.write_bytes(jpeg.read_bytes() + b"\0\0trailing")
    assert np.array_equal(read_image(str(jpeg)), whole)
    # ImageNet has PNGs that are called .JPEG.
    jpeg.write_bytes(cv2.imencode(".png", whole)[1].tobytes())
    assert np.array_equal(read_image(str(jpeg)), whole)


def test_no_memory_by_default(jpeg: Path) -> None:
    reader = ImageReader()
    assert reader(str(jpeg)) is not reader(str(jpeg))
    assert reader.used == 0


def test_memory_keeps_to_its_bound_and_drops_the_oldest(tmp_path: Path) -> None:
    images = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(images):
        cv2.imwrite(str(path), np.full((64, 128, 3), i, np.uint8))
    size = 64 * 128 * 3
    reader = ImageReader("BGR", cache_mb=2.5 * size / 2**20)
    first, second = reader(str(images[0])), reader(str(images[1]))
    assert reader(str(images[0])) is first
    reader(str(images[2]))  # drops the second, which was not used for longest
    assert reader.used == 2 * size
    assert reader(str(images[0])) is first
    assert reader(str(images[1])) is not second
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0
    tiny = ImageReader("BGR", cache_mb=0.5 * size / 2**20)
    tiny(str(images[0]))
    assert tiny.used == 0


def test_other_formats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"INPUT\.FORMAT is 'L'"):
        ImageReader("L")


def test_more_pixels_than_anybody_has_are_refused_by_name(jpeg: Path) -> None:
    data = bytearray(jpeg.read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xdc" * 2
    jpeg.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.JPEG: it has 65500 x 65500 pixels, more than 64 megapixels"):
        read_image(str(jpeg))
