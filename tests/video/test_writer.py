"""Reading and writing video: what goes in comes out, and nothing half-written is left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from dnt_d2.video import DEFAULT_FPS, Frame, VideoInfo, VideoWriter, probe, read_frames

COLORS = np.array([[200, 40, 30], [40, 180, 60], [30, 60, 210], [128, 128, 128]], np.uint8)


def plain_frames(height: int, width: int) -> Iterator[Frame]:
    for color in COLORS:
        yield np.full((height, width, 3), color, np.uint8)


def write_video(path: Path, height: int = 48, width: int = 64, fps: float = 12.5) -> Path:
    with VideoWriter(path, fps) as writer:
        for frame in plain_frames(height, width):
            writer.write(frame)
    return path


def write_images(folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), np.full((20, 30, 3), 10 * index, np.uint8))


def test_no_frame_leaves_no_file_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out\.mp4: no frame"), VideoWriter(tmp_path / "out.mp4", 25):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(48, 64), (720, 1280)])
def test_round_trip_keeps_count_size_rate_and_colours(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "new" / "clip.mp4", *size)
    assert probe(path) == VideoInfo(12.5, size[1], size[0], len(COLORS))
    frames = list(read_frames(path))
    assert [frame.shape for frame in frames] == [(*size, 3)] * len(COLORS)
    assert all(frame.dtype == np.uint8 for frame in frames)
    np.testing.assert_allclose([frame.mean((0, 1)) for frame in frames], COLORS, atol=4)
    assert [entry.name for entry in path.parent.iterdir()] == ["clip.mp4"]


def test_the_file_is_h264_in_a_browser_s_pixel_format(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(write_video(tmp_path / "clip.mp4"))) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_odd_sizes_are_padded_with_the_last_row_and_column(tmp_path: Path) -> None:
    path = write_video(tmp_path / "odd.mp4", 47, 63)
    assert (probe(path).height, probe(path).width) == (48, 64)
    last = list(read_frames(path))[-1]
    np.testing.assert_allclose(last[-1].mean(0), COLORS[-1], atol=4)


@pytest.mark.parametrize("fps", [30000 / 1001, 5.0, 0.5])
def test_rates_survive(tmp_path: Path, fps: float) -> None:
    assert probe(write_video(tmp_path / "clip.mp4", fps=fps)).fps == pytest.approx(fps)


def write_and_raise(path: Path, second: Frame | BaseException) -> None:
    with VideoWriter(path, 25) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
        if isinstance(second, BaseException):
            raise second
        writer.write(second)


def test_a_change_of_size_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out\.mp4: the frames were 64x48, this one is 32x48"):
        write_and_raise(tmp_path / "out.mp4", np.zeros((48, 32, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_older_file_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(path, KeyboardInterrupt())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


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
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="already closed"):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    assert probe(tmp_path / "out.mp4").num_frames == 1


def test_a_missing_encoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av")

    def refuse(name: str, mode: str) -> None:
        raise ValueError(f"no codec {name}")

    monkeypatch.setattr(av.codec, "Codec", refuse)
    with pytest.raises(RuntimeError, match="no x264 encoder; install"):
        VideoWriter(tmp_path / "out.mp4", 25)


def test_a_folder_is_read_in_natural_order_and_other_files_are_left_out(tmp_path: Path) -> None:
    write_images(tmp_path / "f", ("1.png", "2.PNG", "10.png"))
    (tmp_path / "f" / "notes.txt").write_text("no image")
    (tmp_path / "f" / "._1.png").write_bytes(b"a Mac's")
    assert [int(frame[0, 0, 0]) for frame in read_frames(tmp_path / "f")] == [0, 10, 20]
    assert probe(tmp_path / "f") == VideoInfo(DEFAULT_FPS, 30, 20, 3)


def test_a_glob_and_a_single_image(tmp_path: Path) -> None:
    write_images(tmp_path, ("a1.png", "a11.png", "b1.png", "a2.png"))
    assert [int(frame[0, 0, 0]) for frame in read_frames(str(tmp_path / "a*.png"))] == [0, 30, 10]
    assert [int(frame[0, 0, 0]) for frame in read_frames(tmp_path / "b1.png")] == [20]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    assert len(list(read_frames(write_video(tmp_path / "clip[1].mp4")))) == len(COLORS)


def test_missing_and_empty_sources_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, message in (("nothing.mp4", "no such file"), ("empty", "no image is there"), ("*.jpg", "no image is")):
        with pytest.raises(FileNotFoundError, match=message) as caught:
            read_frames(tmp_path / source)
        assert str(tmp_path / source) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"this is not a video" * 100])
def test_what_is_no_video_and_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    for name in ("bad.mp4", "bad.jpg"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            next(read_frames(tmp_path / name))


def write_noise(path: Path) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (30, 120, 160, 3), np.uint8)
    with VideoWriter(path, 25) as writer:
        for frame in noise:
            writer.write(frame)
    return path.read_bytes()


def test_a_video_that_is_damaged_is_named_with_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    data = write_noise(path)
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(middle // 4) + data[middle + middle // 4 :])
    with pytest.raises(ValueError, match=r"clip\.mp4: broken after frame \d+"):
        list(read_frames(path))


def test_a_video_that_breaks_off_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "clip.mp4"
    data = write_noise(path)
    path.write_bytes(data[: len(data) // 2])  # the index lies in front and promises more
    try:  # it depends on PyAV whether a missing end is an error
        assert 0 < len(list(read_frames(path))) < 30
        notice = caplog.text
    except ValueError as error:
        notice = str(error)
    assert "clip.mp4: " in notice


def test_a_phone_s_rotation_is_applied(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:, :32] = 255  # the left half is white
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV can't write a rotation")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode())
    (shown,) = read_frames(path)
    expected = cv2.VideoCapture(str(path)).read()[1]
    assert (probe(path).height, probe(path).width) == shown.shape[:2] == (64, 48)
    np.testing.assert_allclose(shown.mean((1, 2)), expected.mean((1, 2)), atol=4)


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="camera:97: it can.t be opened"):
        next(read_frames("camera:97"))


def test_importing_loads_neither_pyav_nor_torch_and_its_absence_is_explained(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"any")
    script = (
        "import sys; sys.modules['av'] = None\n"
        "import dnt_d2.video as video, dnt_d2.visualize, dnt_d2.timeline\n"
        "assert not {'torch', 'detectron2', 'matplotlib'} & set(sys.modules)\n"
        "for make in (video.read_frames, lambda path: video.VideoWriter(path, 25)):\n"
        "    try: make(sys.argv[1])\n"
        "    except ModuleNotFoundError as error: assert \"pip install 'dnt_d2[video]'\" in str(error)\n"
        "    else: raise AssertionError\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "clip.mp4")], check=True)
