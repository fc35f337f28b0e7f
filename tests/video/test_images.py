"""Images as a video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dnt_d2.video import DEFAULT_FPS, VideoInfo, VideoSource, probe, read_frames
from dnt_d2.video.images import find_images, open_images


def write_images(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), np.full((20, 30, 3), 10 * index, np.uint8))


def test_no_images_are_no_frames() -> None:
    assert find_images([]) == []
    assert list(open_images([]).frames) == []


def test_a_folder_is_read_in_natural_order_and_other_files_are_left_out(tmp_path: Path) -> None:
    write_images(tmp_path / "f", "1.png", "2.PNG", "10.png")
    (tmp_path / "f" / "notes.txt").write_text("no image")
    (tmp_path / "f" / "._1.png").write_bytes(b"a Mac's")
    with VideoSource(tmp_path / "f") as source:
        assert (source.name, source.live) == ("f", False)
        assert source.info == probe(tmp_path / "f") == VideoInfo(DEFAULT_FPS, 30, 20, 3)
        assert [(int(image[0, 0, 0]), time) for image, time in source] == [(0, None), (10, None), (20, None)]


def test_a_glob_and_a_single_image(tmp_path: Path) -> None:
    write_images(tmp_path, "a1.png", "a11.png", "b1.png", "a2.png")
    assert [int(frame[0, 0, 0]) for frame in read_frames(str(tmp_path / "a*.png"))] == [0, 30, 10]
    assert [int(frame[0, 0, 0]) for frame in read_frames(tmp_path / "b1.png")] == [20]


def test_an_image_of_another_size_is_named(tmp_path: Path) -> None:
    write_images(tmp_path, "1.png", "2.png")
    cv2.imwrite(str(tmp_path / "3.png"), np.zeros((30, 20, 3), np.uint8))
    frames = read_frames(tmp_path)
    assert len([next(frames), next(frames)]) == 2
    with pytest.raises(ValueError, match=r"3\.png: it is 20x30, but the frames before are 30x20"):
        next(frames)


@pytest.mark.parametrize("content", [b"", b"this is not an image" * 100])
def test_what_can_t_be_decoded_is_named_when_its_turn_comes(tmp_path: Path, content: bytes) -> None:
    write_images(tmp_path, "1.png")
    (tmp_path / "2.jpg").write_bytes(content)
    frames = read_frames(tmp_path)
    next(frames)
    with pytest.raises(ValueError, match=rf"2\.jpg: this image can't be decoded \({len(content)} bytes\)"):
        next(frames)


def test_grey_and_deep_images_and_exif_rotation(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((20, 30), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((20, 30, 3), 77 * 257, np.uint16))
    for name in ("grey.png", "deep.png"):
        (frame,) = read_frames(tmp_path / name)
        assert frame.dtype == np.uint8
        assert (frame == 77).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.new("RGB", (30, 20)).save(tmp_path / "phone.jpg", exif=exif)
    assert next(read_frames(tmp_path / "phone.jpg")).shape == (30, 20, 3)
