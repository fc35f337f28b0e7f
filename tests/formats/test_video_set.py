"""dnt_d2/formats/video_set.py: what all formats read and write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dnt_d2.formats import VideoSet
from dnt_d2.formats.video_set import check_path, check_whole_videos, plain_number

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


def test_numbers_as_people_write_them() -> None:
    assert [str(plain_number(value)) for value in (8.0, 8, -0.5, 1e3)] == ["8", "8", "-0.5", "1000"]
