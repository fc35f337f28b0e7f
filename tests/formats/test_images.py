"""dnt_d2/formats/images.py: images linked, copied, measured; files that are not free."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.formats.images import claim, image_size, place_image


@pytest.mark.parametrize("way", ["link", "copy"])
def test_placing(tmp_path: Path, way: str) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b/c/d.jpg"
    source.write_bytes(b"picture")
    place_image(source, target, way)
    assert target.read_bytes() == b"picture"
    assert target.is_symlink() == (way == "link")
    source.write_bytes(b"another")
    place_image(source, target, way)  # what is there is replaced
    assert target.read_bytes() == b"another"
    assert [p.name for p in target.parent.iterdir()] == ["d.jpg"]


def test_links_lead_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    place_image(tmp_path / "a.jpg", tmp_path / "b.jpg")
    place_image(tmp_path / "b.jpg", tmp_path / "c.jpg")
    (tmp_path / "b.jpg").unlink()
    assert (tmp_path / "c.jpg").read_bytes() == b"picture"


@pytest.mark.parametrize("way", ["link", "copy"])
def test_an_image_on_itself(tmp_path: Path, way: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    place_image(tmp_path / "a.jpg", tmp_path / "a.jpg", way)
    assert (tmp_path / "a.jpg").read_bytes() == b"picture"
    assert not (tmp_path / "a.jpg").is_symlink()


def test_where_no_links_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as of a FAT file system

    monkeypatch.setattr("os.symlink", refuse)
    (tmp_path / "a.jpg").write_bytes(b"picture")
    with pytest.raises(
        PermissionError, match=r"b\.jpg: no link .* \(Operation not permitted\); copy the images \(--copy"
    ):
        place_image(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_wrong_sources_and_ways(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.jpg: this image is missing"):
        place_image(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with pytest.raises(ValueError, match="link or copy, not by 'move'"):
        place_image(tmp_path / "a.jpg", tmp_path / "b.jpg", "move")


def test_claims(tmp_path: Path) -> None:
    claim([], overwrite=False)
    claim([tmp_path / "new/a"], overwrite=False)
    assert not (tmp_path / "new").exists()
    (tmp_path / "a").touch()
    claim([tmp_path / "b"], overwrite=False)  # another file beside is no matter
    with pytest.raises(FileExistsError, match="a is there already"):
        claim([tmp_path / "b", tmp_path / "a"], overwrite=False)
    claim([tmp_path / "b", tmp_path / "a"], overwrite=True)
    (tmp_path / "c").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="c is there already"):
        claim([tmp_path / "c"], overwrite=False)


def test_folders_of_new_files_alone(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / ".hidden").touch()
    claim([tmp_path / "a"], overwrite=False, alone=True)
    (tmp_path / "c").touch()
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="c would stay among new files; choose another folder, or remove"):
            claim([tmp_path / "a"], overwrite=overwrite, alone=True)
    claim([tmp_path / "a", tmp_path / "c"], overwrite=True, alone=True)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".bmp"])
def test_sizes(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    cv2.imwrite(str(path), np.zeros((30, 41, 3), np.uint8))
    assert image_size(path) == (41, 30)


def test_sizes_of_no_images(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a\.jpg: this is not an image"):
        image_size(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError):
        image_size(tmp_path / "b.jpg")
