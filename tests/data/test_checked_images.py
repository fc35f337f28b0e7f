"""dnt_d2/data/checked_images.py: each fault of an image by its kind."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from detectron2.data.detection_utils import SizeMismatchError

from dnt_d2.data.checked_images import BrokenImage, MissingImage, Unreadable, WrongSize, read_checked
from dnt_d2.data.images import ImageReader


@pytest.fixture
def frame(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "a.JPEG"
    cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8))
    return {"file_name": str(path), "height": 20, "width": 30}


def test_a_whole_image_is_read(frame: dict[str, Any]) -> None:
    assert read_checked(ImageReader(), frame).shape == (20, 30, 3)
    assert read_checked(ImageReader(), {"file_name": frame["file_name"]}).shape == (20, 30, 3)


@pytest.mark.parametrize("size", [0, 2, 100])
def test_an_empty_or_cut_off_one_is_broken(frame: dict[str, Any], size: int) -> None:
    path = Path(frame["file_name"])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(BrokenImage, match=r"a\.JPEG: broken or cut-off image") as caught:
        read_checked(ImageReader(), frame)
    assert isinstance(caught.value, ValueError)
    assert (caught.value.path, caught.value.what) == (str(path), "broken image")


def test_a_missing_one(frame: dict[str, Any]) -> None:
    Path(frame["file_name"]).unlink()
    with pytest.raises(MissingImage, match=r"a\.JPEG: this image is missing") as caught:
        read_checked(ImageReader(), frame)
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.path == frame["file_name"]


def test_one_of_another_size(frame: dict[str, Any]) -> None:
    with pytest.raises(WrongSize, match="30 x 20 pixels, but its annotation says 31 x 20") as caught:
        read_checked(ImageReader(), frame | {"width": 31})
    assert isinstance(caught.value, SizeMismatchError)
    assert caught.value.path == frame["file_name"]


def _failing(number: int) -> Any:
    def read(file_name: str) -> Any:
        raise OSError(number, "oh", file_name)

    return read


@pytest.mark.parametrize("number", [errno.EIO, errno.ELOOP])
def test_what_the_disk_cant_give_is_broken(frame: dict[str, Any], number: int) -> None:
    with pytest.raises(BrokenImage, match=r"a\.JPEG: can't be read \(oh\)"):
        read_checked(_failing(number), frame)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EACCES])
def test_troubles_of_the_system_are_no_faults_of_a_file(frame: dict[str, Any], number: int) -> None:
    with pytest.raises(OSError, match="oh") as caught:
        read_checked(_failing(number), frame)
    assert not isinstance(caught.value, Unreadable)
    if number == errno.EACCES:
        assert "no right to read it" in str(caught.value)


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(BrokenImage, match="can't be read"):
        read_checked(ImageReader(), {"file_name": str(tmp_path)})


def test_errors_travel_between_processes() -> None:
    for kind in (BrokenImage, MissingImage, WrongSize):
        assert str(pickle.loads(pickle.dumps(kind("a: gone", "a")))) == "a: gone"
