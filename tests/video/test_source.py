"""A source is opened once, read once, and closed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from dnt_d2.pipeline import ahead
from dnt_d2.video import VideoSource, VideoWriter, probe


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_video_without_a_frame_is_an_error(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(ValueError, match=name):
        VideoSource(tmp_path / name)


def test_it_is_gone_through_once_and_goes_on_where_one_stopped(tmp_path: Path, make_clip: Any) -> None:
    with VideoSource(make_clip(tmp_path / "clip.mp4")) as source:
        assert float(next(iter(source)).time or 0) == 0
        assert [float((time or 0) * 25) for _, time in source] == [1, 2, 3, 4, 5]
        assert list(source) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the number of open files is Linux's")
def test_whoever_stops_frees_the_file(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    before = open_files()
    source = VideoSource(path)
    assert open_files() > before
    source.close()
    source.close()
    assert open_files() == before
    assert list(source) == []
    with VideoSource(path) as source:
        frames = ahead(source, depth=1)  # reads in a thread of its own
        next(frames)
        frames.close()
        assert open_files() == before
    probe(path)
    with pytest.raises(RuntimeError, match="drawing"), VideoSource(path) as source:
        raise RuntimeError("drawing")
    assert open_files() == before


def test_no_frame_is_held_longer_than_its_reader_wants(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((20, 30, 3), np.uint8))
    with VideoSource(tmp_path) as source:
        frames = iter(source)
        image = weakref.ref(next(frames).image)
        next(frames)
        gc.collect()
        assert image() is None


def test_importing_loads_neither_pyav_nor_torch_and_its_absence_is_explained(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"any")
    script = (
        "import sys; sys.modules['av'] = None\n"
        "import dnt_d2.video as video, dnt_d2.visualize, dnt_d2.timeline\n"
        "assert not {'torch', 'detectron2', 'matplotlib'} & set(sys.modules)\n"
        "for make in (video.read_frames, video.VideoSource, lambda path: video.VideoWriter(path, 25)):\n"
        "    try: make(sys.argv[1])\n"
        "    except ModuleNotFoundError as error: assert \"pip install 'dnt_d2[video]'\" in str(error)\n"
        "    else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "clip.mp4")], check=True)


def test_a_pyav_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"any")
    monkeypatch.setattr(av, "__version__", "16.1.0")
    for make in (VideoSource, lambda path: VideoWriter(path, 25)):
        with pytest.raises(ImportError, match=r"clip\.mp4: PyAV 16\.1\.0 is too old: pip install 'av>=17'"):
            make(tmp_path / "clip.mp4")
