"""Video files and streams: sound ones, odd ones, broken ones."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from dnt_d2.video import VideoInfo, VideoSource, probe, read_frames
from dnt_d2.video import container as container_module

GREYS = [0, 40, 80, 120, 160, 200]


def times_of(path: str | Path) -> list[float]:
    """In frames of 1 / 25 s."""
    with VideoSource(path) as source:
        return [float(time * 25) for _, time in source if time is not None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"this is no video\n" * 100, "not a video that FFmpeg can open .*export it again"),
        (bytes(5000), "not a video that FFmpeg can open"),
    ],
)
def test_what_is_no_video_is_refused_at_once(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    for opened in (VideoSource, read_frames, probe):
        with pytest.raises(ValueError, match=rf"clip\.mp4: {message}"):
            opened(path)


def test_frames_times_and_what_is_known(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    with VideoSource(path) as source:
        assert source.info == VideoInfo(25.0, 64, 48, 6)
        assert (source.name, source.live) == ("clip", False)
        frames = list(source)
    assert [frame.time for frame in frames] == [Fraction(i, 25) for i in range(6)]
    np.testing.assert_allclose([frame.image.mean() for frame in frames], GREYS, atol=4)
    assert all(frame.image.dtype == np.uint8 and frame.image.shape == (48, 64, 3) for frame in frames)


def test_a_file_of_sound_says_so_and_so_does_one_with_a_cover(tmp_path: Path) -> None:
    for name, cover in (("song.mp4", False), ("cover.mp4", True)):
        with av.open(str(tmp_path / name), "w") as output:
            stream = output.add_stream("aac", rate=44100)
            picture: Any = output.add_stream("png", rate=25) if cover else None
            if picture:
                picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
                picture.disposition = av.stream.Disposition.attached_pic.value
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.sample_rate = 44100
            output.mux(stream.encode(sound))
            output.mux(stream.encode())
            if picture:
                output.mux(picture.encode(av.VideoFrame(64, 48, "rgb24")))
        with pytest.raises(ValueError, match=rf"{name}: this file has no video stream, only sound"):
            read_frames(tmp_path / name)


def test_an_unknown_codec_is_named(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(ValueError, match=r"clip\.mp4: FFmpeg doesn't know the codec of its video; export it as H\.264"):
        VideoSource(path)


@pytest.mark.parametrize("height", [47, 48])
@pytest.mark.parametrize("width", [63, 64])
def test_odd_sizes(tmp_path: Path, make_clip: Any, height: int, width: int) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(2), size=(height, width), pixels="yuv444p")
    assert [frame.shape for frame in read_frames(path)] == [(height, width, 3)] * 2
    assert (probe(path).height, probe(path).width) == (height, width)


@pytest.mark.parametrize("pixels", ["yuv420p10le", "gray", "yuvj420p"])
def test_pixel_formats(tmp_path: Path, make_clip: Any, pixels: str) -> None:
    frames = list(read_frames(make_clip(tmp_path / "clip.mp4", pixels=pixels)))
    # A grey file that doesn't tell has 16 for black and 235 for white; here they were written as 0 and 255.
    expected = [max(0, (grey - 16) * 255 / 219) for grey in GREYS] if pixels == "gray" else GREYS
    np.testing.assert_allclose([frame.mean() for frame in frames], expected, atol=4)


def test_one_frame(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(1))
    assert probe(path) == VideoInfo(25.0, 64, 48, 1)
    assert times_of(path) == [0]


def test_a_variable_rate_keeps_its_times_and_tells_the_average(tmp_path: Path, make_clip: Any) -> None:
    ticks = [0, 1, 2, 10, 30, 31]
    path = make_clip(tmp_path / "clip.mkv", ticks, options={"bf": "0"})
    np.testing.assert_allclose(times_of(path), ticks, atol=0.03)  # Matroska counts milliseconds
    path = make_clip(tmp_path / "clip.mp4", ticks, options={"bf": "0"})
    assert times_of(path) == ticks
    assert probe(path).fps == pytest.approx(6 / 32 * 25)


def test_a_rate_that_no_video_has_is_not_believed(tmp_path: Path, make_clip: Any) -> None:
    path = make_clip(tmp_path / "clip.mp4", range(2), fps=Fraction(1, 7200), options={"bf": "0"})
    assert probe(path).fps == 25.0
    assert times_of(path) == [0, 1]


@pytest.mark.parametrize("start", [7, 1000])
def test_the_first_time_stamp_may_be_anything(tmp_path: Path, make_clip: Any, start: int) -> None:
    ticks = range(start, start + 6)
    for name in ("clip.mp4", "clip.ts", "clip.mkv"):
        np.testing.assert_allclose(times_of(make_clip(tmp_path / name, ticks)), range(6), atol=0.03)


def test_files_without_time_stamps_of_showing(tmp_path: Path, make_clip: Any) -> None:
    assert times_of(make_clip(tmp_path / "clip.avi", range(12))) == list(range(12))
    path = make_clip(tmp_path / "clip.h264", range(12))
    assert times_of(path) == list(range(12))
    assert probe(path).num_frames is None


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phone_s_rotation_is_applied(tmp_path: Path, make_clip: Any, degrees: int) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 255
    path = make_clip(tmp_path / "phone.mp4", range(1), images=[image], rotation=degrees)
    (shown,) = read_frames(path)
    expected = cv2.VideoCapture(str(path)).read()[1]
    assert shown.shape == expected.shape == ((48, 64, 3) if degrees == 180 else (64, 48, 3))
    assert (probe(path).height, probe(path).width) == shown.shape[:2]
    np.testing.assert_allclose(shown.astype(int), expected, atol=4)


def test_a_change_of_size_names_the_frame(tmp_path: Path, make_clip: Any) -> None:
    parts = [make_clip(tmp_path / f"{size[0]}.h264", size=size) for size in ((48, 64), (32, 48))]
    path = tmp_path / "clip.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = read_frames(path)
    assert len([next(frames) for _ in range(6)]) == 6
    with pytest.raises(ValueError, match=r"clip\.h264, frame 6: it is 48x32, but the frames before are 64x48"):
        next(frames)


def noise_clip(path: Path, make_clip: Any, options: dict[str, str] | None = None) -> bytes:
    images = list(np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), np.uint8))
    return make_clip(path, range(20), images=images, options=options).read_bytes()


def test_a_file_cut_short_gives_its_frames_and_then_says_so(
    tmp_path: Path, make_clip: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as output:  # the index in front promises more
        stream: Any = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 10**7
        for image in np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), np.uint8):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        output.mux(stream.encode())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    frames = []
    try:  # whether a missing end is an error depends on where it is, and on FFmpeg
        for frame in read_frames(path):
            frames.append(frame)
        notice = caplog.text
    except ValueError as error:
        notice = str(error)
    assert 5 < len(frames) < 15
    assert f"clip.mov: {'broken after frame ' if 'broken' in notice else ''}{len(frames)}" in notice


def test_a_file_without_its_index_says_so(tmp_path: Path, make_clip: Any) -> None:
    data = noise_clip(tmp_path / "clip.mp4", make_clip)
    (tmp_path / "clip.mp4").write_bytes(data[: len(data) // 2])  # the index is at the end
    with pytest.raises(ValueError, match=r"clip\.mp4: its index \(moov\) is missing: .* was cut short"):
        read_frames(tmp_path / "clip.mp4")


def test_damage_in_the_middle_names_the_frame(tmp_path: Path, make_clip: Any) -> None:
    path = tmp_path / "clip.mp4"
    data = noise_clip(path, make_clip)
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(middle // 4) + data[middle + middle // 4 :])
    with pytest.raises(ValueError, match=r"clip\.mp4: broken after frame \d+ \(.*\); cut it there"):
        list(read_frames(path))


def test_frames_that_an_edit_hides_are_not_missed(
    tmp_path: Path, make_clip: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make_clip(tmp_path / "whole.mp4", range(12), options={"bf": "0", "g": "100"})
    with av.open(str(tmp_path / "whole.mp4")) as source, av.open(str(tmp_path / "cut.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                shift = round(Fraction(4, 25) / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                target.mux(packet)
    assert probe(tmp_path / "cut.mp4").num_frames == 12
    assert times_of(tmp_path / "cut.mp4") == list(range(8))
    assert caplog.text == ""


def test_a_pipe_is_live(tmp_path: Path, make_clip: Any) -> None:
    data = make_clip(tmp_path / "clip.ts").read_bytes()
    os.mkfifo(tmp_path / "pipe.ts")
    feeder = threading.Thread(target=(tmp_path / "pipe.ts").write_bytes, args=(data,), daemon=True)
    feeder.start()
    with VideoSource(tmp_path / "pipe.ts") as source:
        assert (source.live, source.info.num_frames) == (True, None)
        assert len(list(source)) == 6


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the files in ``tmp_path``; what begins with /live/ has no length and no end."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/live/"):
                return super().do_GET()
            BaseHTTPRequestHandler.send_response(self, 200)
            self.end_headers()
            self.wfile.write((tmp_path / self.path.removeprefix("/live/")).read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_from_a_server_is_not_live(tmp_path: Path, make_clip: Any, serve: str) -> None:
    make_clip(tmp_path / "clip.mp4")
    with VideoSource(f"{serve}/clip.mp4") as source:
        assert (source.name, source.live, source.info) == ("clip", False, VideoInfo(25.0, 64, 48, 6))
        assert len(list(source)) == 6


def test_a_stream_without_an_end_is_live(tmp_path: Path, make_clip: Any, serve: str) -> None:
    make_clip(tmp_path / "clip.ts", options={"bf": "0"})
    with VideoSource(f"{serve}/live/clip.ts") as source:
        assert (source.live, source.info.num_frames) == (True, None)
        assert len(list(source)) == 6


def test_a_missing_address_and_a_silent_one_are_named_without_the_password(
    serve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectionError, match=r"http://127.*nothing\.mp4: no video comes from there \(.*404") as caught:
        VideoSource(f"{serve.replace('//', '//me:secret@')}/nothing.mp4?key=secret")
    assert "secret" not in str(caught.value)
    monkeypatch.setattr(container_module, "_OPEN_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ConnectionError, match="nothing came"):
        VideoSource(f"http://127.0.0.1:{silent.getsockname()[1]}/clip.mp4")


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(ConnectionError, match=r"gopher2://host/clip: no video comes from there \(.*rotocol"):
        VideoSource("gopher2://host/clip")


def test_pictures_of_too_many_pixels_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1200, 1000, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((1000, 1200, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode()])
    assert probe(path).width == 1200
    monkeypatch.setenv("DNT_D2_MEGAPIXELS", "1")
    with pytest.raises(ValueError, match=r"a\.avi: .* more than 1 megapixels"):
        probe(path)
