"""What names stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnt_d2.video.locate import Located, locate


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of empty files, which is the current one."""
    for name in ("a/1.jpg", "a/2.PNG", "a/10.png", "a/._1.jpg", "a/notes.txt", "b/one.mov", "c/x.mp4", "c/y.mp4", "7"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "clip[1].mp4").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_and_no_image_is_an_error_that_names_it(files: Path) -> None:
    (files / "empty").mkdir()
    for source, message in (("nothing.mp4", "no such file"), ("empty", "no image is there"), ("*.jpg", "no image is")):
        with pytest.raises(FileNotFoundError, match=message) as caught:
            locate(files / source)
        assert str(files / source) in str(caught.value)


def test_folders_and_patterns_of_images_in_natural_order(files: Path) -> None:
    assert locate("a") == Located("a", images=(Path("a/1.jpg"), Path("a/2.PNG"), Path("a/10.png")))
    assert locate("a/*") == locate("a")
    assert locate("a/1*") == Located("a", images=(Path("a/1.jpg"), Path("a/10.png")))
    assert locate("a/../a/.").name == "a"


def test_files(files: Path) -> None:
    assert locate("a/1.jpg") == Located("1", images=(Path("a/1.jpg"),))
    assert locate("b/one.mov") == Located("one", video="b/one.mov")
    assert locate("clip[1].mp4") == Located("clip[1]", video="clip[1].mp4")


def test_a_pattern_may_stand_for_one_video_and_not_for_two(files: Path) -> None:
    assert locate("b/*") == Located("one", video="b/one.mov")
    with pytest.raises(ValueError, match=r"2 files that are no images \(x\.mp4, y\.mp4 \.\.\.\); give one video"):
        locate("c/*.mp4")


@pytest.mark.parametrize(
    ("source", "index"), [("camera", 0), ("camera:3", 3), ("0", 0), ("12", 12), ("/dev/video2", 2)]
)
def test_cameras(source: str, index: int) -> None:
    assert locate(source) == Located(f"camera-{index}", camera=index)


def test_a_file_whose_name_is_a_number_is_that_file(files: Path) -> None:
    assert locate("7") == Located("7", video="7")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://me:secret@host:554/yard", "yard"),
        ("http://host/a/clip.mp4?key=1", "clip"),
        ("udp://239.0.0.1:1234", "239.0.0.1"),
        ("udp://:1234", "udp"),
    ],
)
def test_addresses(address: str, name: str) -> None:
    assert locate(address) == Located(name, video=address)
