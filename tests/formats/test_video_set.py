"""dnt_d2/formats/video_set.py: what all formats read and write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dnt_d2.formats import VideoSet, video_set
from dnt_d2.formats.video_set import check_path, check_whole_videos, plain_number, sequence_names

Make = Callable[..., VideoSet]


def test_nothing() -> None:
    assert list(VideoSet().videos()) == []
    check_whole_videos(VideoSet(), "a file")


def test_videos_and_their_frames(make_videos: Make) -> None:
    videos = make_videos()
    assert [(name, len(frames)) for name, frames in videos.videos()] == [("train/one", 3), ("two", 1)]
    check_whole_videos(videos, "a file")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_video_that_lacks_a_frame(make_videos: Make, place: int) -> None:
    videos = make_videos()
    del videos.frames[place]
    with pytest.raises(ValueError, match=r"train/one: there are 2 of the video's 3 frames, but a file holds whole"):
        check_whole_videos(videos, "a file")


def test_paths() -> None:
    assert check_path("a/b//c.d") == "a/b/c.d"
    for name in ("", ".", "/a", "a/../b", "..", "a b", "a\tb", " a"):
        with pytest.raises(ValueError, match="can't be a path"):
            check_path(name)


def test_paths_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ("a\\b", "a/b?", "con", "a/NUL.x", "a./b", "a|b")
    assert [check_path(name) for name in bad] == list(bad)
    monkeypatch.setattr(video_set.os, "name", "nt")
    for name in bad:
        with pytest.raises(ValueError, match="can't be a path on Windows"):
            check_path(name)
    assert check_path("console/a.b/com") == "console/a.b/com"


def test_names_that_differ_in_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sequence_names(["a/B", "a/b"], "the file {}") == ["a_B", "a_b"]
    monkeypatch.setattr(video_set.sys, "platform", "darwin")
    with pytest.raises(ValueError, match="Two videos would become the file a_b; give each its own name"):
        sequence_names(["a/B", "a/b"], "the file {}")


def test_numbers_as_people_write_them() -> None:
    assert [str(plain_number(value)) for value in (8.0, 8, -0.5, 1e3)] == ["8", "8", "-0.5", "1000"]
