"""What goes in comes out; whatever breaks, nothing half-written takes the name, and nothing is lost."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnt_d2.video import Frame, VideoInfo, VideoSource, VideoWriter, probe, read_frames
from dnt_d2.video.boxes import top_boxes

COLORS = np.array([[200, 40, 30], [40, 180, 60], [30, 60, 210], [128, 128, 128]], np.uint8)
BLACK = np.zeros((48, 64, 3), np.uint8)
ReadBack = Callable[[Path], Any]
Limit = Callable[[int], AbstractContextManager[None]]


def plain_frames(height: int, width: int) -> Iterator[Frame]:
    for color in COLORS:
        yield np.full((height, width, 3), color, np.uint8)


def noise(count: int) -> Iterator[Frame]:
    """About 1.9 kB each, encoded."""
    yield from np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), np.uint8)


def write_video(path: Path, height: int = 48, width: int = 64, fps: float = 12.5) -> Path:
    with VideoWriter(path, fps) as writer:
        for frame in plain_frames(height, width):
            writer.write(frame)
    return path


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_no_frame_leaves_no_file_and_says_so(tmp_path: Path) -> None:
    for keep in (False, True):
        with (
            pytest.raises(ValueError, match=r"out\.mp4: no frame"),
            VideoWriter(tmp_path / "out.mp4", 25, keep_partial=keep),
        ):
            pass
        with pytest.raises(KeyError), VideoWriter(tmp_path / "out.mp4", 25, keep_partial=keep):
            raise KeyError
    VideoWriter(tmp_path / "out.mp4", 25)  # to see whether it would work
    assert names(tmp_path) == []


@pytest.mark.parametrize("size", [(48, 64), (720, 1280)])
def test_round_trip_keeps_count_size_rate_and_colours(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "new" / "clip.mp4", *size)
    assert probe(path) == VideoInfo(12.5, size[1], size[0], len(COLORS))
    frames = list(read_frames(path))
    assert [frame.shape for frame in frames] == [(*size, 3)] * len(COLORS)
    np.testing.assert_allclose([frame.mean((0, 1)) for frame in frames], COLORS, atol=4)
    assert names(path.parent) == ["clip.mp4"]
    assert [kind for kind, _, _ in top_boxes(path)][:2] == ["ftyp", "moov"]


def test_odd_sizes_are_padded(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mp4", 47, 63)
    assert (probe(path).height, probe(path).width) == (48, 64)


@pytest.mark.parametrize("fps", [30000 / 1001, 5.0, 0.5])
def test_rates_survive(tmp_path: Path, fps: float, read_back: ReadBack) -> None:
    path = write_video(tmp_path / "clip.mp4", fps=fps)
    assert probe(path).fps == pytest.approx(fps)
    np.testing.assert_allclose(read_back(path).times, np.arange(4) / fps, atol=1e-5)


def test_a_clip_is_copied_with_its_times_and_its_sound(tmp_path: Path, make_clip: Any, read_back: ReadBack) -> None:
    ticks = [3, 4, 5, 13, 30, 31, 40, 41]
    clip = make_clip(tmp_path / "clip.mkv", ticks, sound="aac", click=6, options={"bf": "0"})
    with VideoSource(clip) as source, VideoWriter(tmp_path / "out.mp4", source.info.fps, audio_from=clip) as writer:
        for image, time in source:
            writer.write(image, time)
    written, original = read_back(tmp_path / "out.mp4"), read_back(clip)
    np.testing.assert_allclose(written.times, np.subtract(ticks, 3) / 25, atol=0.0011)  # Matroska's milliseconds
    assert written.click == pytest.approx(original.click - original.times[0], abs=0.003)
    assert written.codec == "aac"


def test_bad_times_are_made_to_rise(tmp_path: Path, read_back: ReadBack) -> None:
    stamps = [5, 6, 6, 4, None, 9, None, -100, -99, 10**7, 10**7 + 1]
    with VideoWriter(tmp_path / "out.mp4", 25) as writer:
        for stamp in stamps:
            writer.write(BLACK, None if stamp is None else Fraction(stamp))
    times = read_back(tmp_path / "out.mp4").times
    assert len(times) == len(stamps)
    assert times[0] == 0
    assert (np.diff(times) > 0).all()
    assert times[-1] < 20


def test_bad_frames_names_and_rates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"uint8 \(H, W, 3\), got float64"):
        VideoWriter(tmp_path / "out.mp4", 25).write(np.zeros((48, 64, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"ends in \.mp4"):
        VideoWriter(tmp_path / "out.avi", 25)
    for fps in (0, -1, float("nan"), float("inf"), 1e-9, 1e5):
        with pytest.raises(ValueError, match="between 0 and 1000"):
            VideoWriter(tmp_path / "out.mp4", fps)


def test_writing_after_close_is_an_error_and_closing_twice_is_not(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "out.mp4", 25)
    writer.write(BLACK)
    writer.close()
    writer.close()
    writer.discard()
    with pytest.raises(ValueError, match="already closed"):
        writer.write(BLACK)
    assert probe(tmp_path / "out.mp4").num_frames == 1


def test_a_missing_encoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av")

    def refuse(name: str, mode: str) -> None:
        raise ValueError(f"no codec {name}")

    monkeypatch.setattr(av.codec, "Codec", refuse)
    with pytest.raises(RuntimeError, match="no x264 encoder; install"):
        VideoWriter(tmp_path / "out.mp4", 25)


def write_and_raise(path: Path, second: Frame | BaseException, keep: bool = False) -> None:
    with VideoWriter(path, 25, keep_partial=keep) as writer:
        writer.write(BLACK)
        if isinstance(second, BaseException):
            raise second
        writer.write(second)


def test_a_change_of_size_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out\.mp4: the frames were 64x48, this one is 32x48"):
        write_and_raise(tmp_path / "out.mp4", np.zeros((48, 32, 3), np.uint8))
    assert names(tmp_path) == []


def test_an_interrupted_write_leaves_the_older_file_alone_or_keeps_what_was_done(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(path, KeyboardInterrupt())
    assert path.read_bytes() == before
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(path, KeyboardInterrupt(), keep=True)
    assert probe(path) == VideoInfo(25.0, 64, 48, 1)
    assert names(tmp_path) == ["clip.mp4"]


def test_a_folder_that_can_t_be_written_is_an_error_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "new", Path("/proc/nowhere"), Path("/proc")):
        with pytest.raises(OSError, match=r"out\.mp4: it can't be written there \(.*\); choose another folder"):
            VideoWriter(folder / "out.mp4", 25)
    assert names(tmp_path) == ["file"]


def write_until_full(path: Path, keep: bool) -> tuple[int, OSError]:
    """How many frames went in, and the error."""
    count = 0
    try:
        with VideoWriter(path, 25, keep_partial=keep) as writer:
            for frame in noise(400):
                writer.write(frame)
                count += 1
    except OSError as error:
        return count, error
    raise AssertionError("the disk is too large")


def test_a_file_that_can_t_grow_keeps_its_frames_or_leaves_nothing(tmp_path: Path, largest_file: Limit) -> None:
    path = tmp_path / "out.mp4"
    for keep in (True, False):
        with largest_file(150_000):
            count, error = write_until_full(path, keep)
        assert error.errno == errno.EFBIG
        if keep:
            kept = re.search(r"\(File too large\); the first (\d+) of (\d+) frames are kept", str(error))
            assert kept
            assert int(kept[2]) == count
            assert 50 <= int(kept[1]) == len(list(read_frames(path))) < count
            path.unlink()
        else:
            assert f"(File too large); nothing is kept of {count} frames" in str(error)
        assert names(tmp_path) == []


def test_a_file_that_can_t_be_begun_leaves_nothing(tmp_path: Path, largest_file: Limit) -> None:
    with largest_file(500):
        _, error = write_until_full(tmp_path / "out.mp4", keep=True)
    assert "nothing is kept" in str(error)
    assert names(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a disk of 300 kB")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_the_fragments_as_they_are(
    small_disk: Path, caplog: pytest.LogCaptureFixture, read_back: ReadBack
) -> None:
    count, error = write_until_full(small_disk / "out.mp4", keep=True)
    assert error.errno == errno.ENOSPC
    kept = len(read_back(small_disk / "out.mp4").times)
    assert f"(No space left on device); the first {kept} of {count} frames are kept in it" in str(error)
    assert "its index can't be put in front" in caplog.text  # there is no room for a copy
    assert names(small_disk) == ["out.mp4"]
    (small_disk / "out.mp4").unlink()
    write_until_full(small_disk / "out.mp4", keep=False)
    assert names(small_disk) == []


def test_where_no_copy_can_be_made_the_file_is_there_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, read_back: ReadBack
) -> None:
    (tmp_path / f".out.{os.getpid()}.tmp.mp4").mkdir()  # in the place of the copy
    with VideoWriter(tmp_path / "out.mp4", 25) as writer:
        for frame in noise(60):
            writer.write(frame)
    assert read_back(tmp_path / "out.mp4").times == [i / 25 for i in range(60)]
    assert "its index can't be put in front" in caplog.text


def test_an_older_file_that_can_t_be_replaced_costs_nothing(tmp_path: Path) -> None:
    """As on Windows while a player shows it; here a folder has taken its place meanwhile."""
    writer = VideoWriter(tmp_path / "out.mp4", 25)
    for frame in noise(6):
        writer.write(frame)
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(OSError, match=r"out\.mp4: it can't be replaced \(.*\); the whole video is in .*") as caught:
        writer.close()
    (left,) = set(tmp_path.iterdir()) - {tmp_path / "out.mp4"}
    assert str(caught.value).endswith(str(left))
    assert len(list(read_frames(left))) == 6


_KILLED = """
import os, signal, sys
import numpy as np
from dnt_d2.video import VideoWriter
with VideoWriter(sys.argv[1], 25) as writer:
    for index in range(200):
        writer.write(np.random.default_rng(index).integers(0, 256, (48, 64, 3), np.uint8))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_leaves_what_can_be_played(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "out.mp4")], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"out\.unfinished-\d+\.mp4", left.name)
    assert 150 <= len(list(read_frames(left))) <= 200


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    used = psutil.Process().memory_info
    big = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    with VideoWriter(tmp_path / "out.mp4", 25, crf=40) as writer:
        for _ in range(60):
            writer.write(big)
        before = used().rss
        for _ in range(240):
            writer.write(big)
        assert used().rss - before < 20e6
